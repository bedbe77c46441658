//! The tables, each a day of one kind of thing, and what of each event stands in which column.

use std::collections::{HashMap, HashSet};
use std::fs::File;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::rows::{each, is_left_out, number, properties, text, user};
use super::sheet::{Cell, Heads, Kind, Sheet};
use crate::analytics::engine::calendar::Range;
use crate::analytics::engine::dataset::Dataset;
use crate::analytics::engine::event::{CAMPAIGN, ENTRANCE, Event, Flags, SHARE};
use crate::analytics::engine::figures::whole;
use crate::analytics::engine::filter::Pick;
use crate::analytics::engine::flaw::Result;
use crate::analytics::engine::people::Person;
use crate::analytics::engine::scan::{Ask, Full, History, Key};

/// What is exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExportTable {
    /// Every event.
    Events,
    /// Orders that were placed, with what became of them since.
    Orders,
    /// Their lines.
    OrderLines,
    /// Users who registered, without personal data.
    Users,
    /// What was shared.
    Shares,
}

const EVENTS: Heads = &[
    ("event_id", Kind::Text),
    ("name", Kind::Text),
    ("at", Kind::Time),
    ("received", Kind::Time),
    ("user_id", Kind::Text),
    ("person", Kind::Number),
    ("session", Kind::Text),
    ("trusted", Kind::Flag),
    ("left_out", Kind::Flag),
    ("properties", Kind::Text),
];
const ORDERS: Heads = &[
    ("order_id", Kind::Text),
    ("user_id", Kind::Text),
    ("placed_at", Kind::Time),
    ("left_out", Kind::Flag),
    ("total_fen", Kind::Number),
    ("paid_at", Kind::Time),
    ("paid_fen", Kind::Number),
    ("refunded_fen", Kind::Number),
    ("closed_at", Kind::Time),
    ("campaign_id", Kind::Text),
    ("share_token", Kind::Text),
    ("entrance", Kind::Text),
];
const ORDER_LINES: Heads = &[
    ("line_id", Kind::Text),
    ("user_id", Kind::Text),
    ("placed_at", Kind::Time),
    ("left_out", Kind::Flag),
    ("order_id", Kind::Text),
    ("sku_id", Kind::Text),
    ("product_id", Kind::Text),
    ("quantity", Kind::Number),
    ("payable_fen", Kind::Number),
];
const USERS: Heads = &[
    ("user_id", Kind::Text),
    ("registered_at", Kind::Time),
    ("left_out", Kind::Flag),
    ("entrance", Kind::Text),
    ("sharer_id", Kind::Text),
];
const SHARES: Heads = &[
    ("share_id", Kind::Text),
    ("user_id", Kind::Text),
    ("shared_at", Kind::Time),
    ("left_out", Kind::Flag),
    ("subject_kind", Kind::Text),
    ("subject_ref", Kind::Text),
    ("channel", Kind::Text),
    ("campaign_id", Kind::Text),
    ("parent_id", Kind::Text),
    ("depth", Kind::Number),
];

impl ExportTable {
    /// In names of files, and of the table inside.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Orders => "orders",
            Self::OrderLines => "order_lines",
            Self::Users => "users",
            Self::Shares => "shares",
        }
    }

    const fn heads(self) -> Heads {
        match self {
            Self::Events => EVENTS,
            Self::Orders => ORDERS,
            Self::OrderLines => ORDER_LINES,
            Self::Users => USERS,
            Self::Shares => SHARES,
        }
    }

    /// The events that are its rows; all without.
    const fn event(self) -> Option<&'static str> {
        match self {
            Self::Events => None,
            Self::Orders => Some("order_placed"),
            Self::OrderLines => Some("order_line_placed"),
            Self::Users => Some("user_registered"),
            Self::Shares => Some("share_created"),
        }
    }
}

/// When something first happened to an order, and the sum of what was told of it.
type Happened = HashMap<String, (i64, i64)>;

/// What happened later to the things of the day.
#[derive(Default)]
struct Since {
    paid: Happened,
    refunded: Happened,
    closed: Happened,
    sharers: HashMap<Person, String>,
}

impl Since {
    fn of(data: &Dataset, table: ExportTable, day: Range) -> Result<Self> {
        let range = Range { from: day.from, to: i64::MAX };
        Ok(match table {
            ExportTable::Orders => {
                let mut orders = HashSet::new();
                each(data, day, table.event(), |event| {
                    orders.extend(text(event, "order_id").map(str::to_owned));
                    Ok(())
                })?;
                let happened = |name: &str, amount: &str| happened(data, range, (name, amount), &orders);
                Self {
                    paid: happened("order_paid", "total_fen")?,
                    refunded: happened("order_refunded", "amount_fen")?,
                    closed: happened("order_closed", "total_fen")?,
                    sharers: HashMap::new(),
                }
            }
            ExportTable::Users => Self { sharers: sharers(data, range)?, ..Self::default() },
            ExportTable::Events | ExportTable::OrderLines | ExportTable::Shares => Self::default(),
        })
    }
}

/// What of that name happened to these orders.
fn happened(data: &Dataset, range: Range, (name, amount): (&str, &str), orders: &HashSet<String>) -> Result<Happened> {
    let mut ask = Ask::new(range, vec![Pick::named(name)]).keys(vec![Key::property("order_id")]);
    ask.number = Some(amount.to_owned());
    let history = History::read(data, &ask)?;
    let parts = history.fold(Happened::new, |found, _, rows: &[Full]| {
        for row in rows {
            let order = history.lexicon.text(row.keys[0]).filter(|order| orders.contains(order));
            let Some(order) = order else { continue };
            let known = found.entry(order).or_insert((row.step.at, 0));
            known.1 = known.1.saturating_add(whole(row.number).unwrap_or(0));
        }
    });
    // All that happens to an order happens to one person.
    Ok(parts.into_iter().flatten().collect())
}

/// Whose share brought somebody.
fn sharers(data: &Dataset, range: Range) -> Result<HashMap<Person, String>> {
    let ask = Ask::new(range, vec![Pick::named("share_acquired")]).keys(vec![Key::property("sharer_id")]);
    let history = History::read(data, &ask)?;
    let parts = history.fold(Vec::new, |found: &mut Vec<(Person, String)>, person, rows: &[Full]| {
        let sharer = rows.first().and_then(|row| history.lexicon.text(row.keys[0]));
        found.extend(sharer.map(|sharer| (person, sharer)));
    });
    Ok(parts.into_iter().flatten().collect())
}

/// Writes a day of a table; says how many rows it has.
pub(super) fn write(data: &Dataset, table: ExportTable, day: i64, file: File) -> Result<u64> {
    let range = Range { from: data.zone.start_of(day), to: data.zone.start_of(day + 1) };
    let since = Since::of(data, table, range)?;
    let mut sheet = Sheet::begin(file, table.name(), table.heads())?;
    each(data, range, table.event(), |event| sheet.row(cells(data, table, &since, event)))?;
    sheet.finish()
}

fn cells(data: &Dataset, table: ExportTable, since: &Since, event: &Event) -> Vec<Cell> {
    let told = |name: &str| Cell::text(text(event, name));
    let counted = |name: &str| Cell::number(number(event, name));
    let user = Cell::text(user(data, event));
    let (at, left_out) = (Cell::Time(event.at), Cell::Flag(is_left_out(event)));
    match table {
        ExportTable::Events => vec![
            Cell::Text(event.event_id.to_string()),
            Cell::Text(event.name.clone()),
            at,
            Cell::Time(event.received),
            user,
            Cell::Number(data.people.of(event.subject).into()),
            Cell::text(event.session.as_deref()),
            Cell::Flag(event.flags.any_of(Flags::TRUSTED)),
            left_out,
            Cell::Text(properties(event)),
        ],
        ExportTable::Orders => {
            let order = text(event, "order_id").unwrap_or_default();
            let (paid, refunded) = (since.paid.get(order), since.refunded.get(order));
            vec![
                told("order_id"),
                user,
                at,
                left_out,
                counted("total_fen"),
                Cell::time(paid.map(|(at, _)| *at)),
                Cell::number(paid.map(|(_, fen)| *fen)),
                Cell::Number(refunded.map_or(0, |(_, fen)| *fen)),
                Cell::time(since.closed.get(order).map(|(at, _)| *at)),
                told(CAMPAIGN),
                told(SHARE),
                told(ENTRANCE),
            ]
        }
        ExportTable::OrderLines => vec![
            told("line_id"),
            user,
            at,
            left_out,
            told("order_id"),
            told("sku_id"),
            told("product_id"),
            counted("quantity"),
            counted("payable_fen"),
        ],
        ExportTable::Users => {
            let sharer = since.sharers.get(&data.people.of(event.subject));
            vec![user, at, left_out, told(ENTRANCE), Cell::text(sharer)]
        }
        ExportTable::Shares => vec![
            told("share_id"),
            user,
            at,
            left_out,
            told("subject_kind"),
            told("subject_ref"),
            told("channel"),
            told(CAMPAIGN),
            told("parent_id"),
            counted("depth"),
        ],
    }
}
