//! What a room came to, and clicks on what it sells.

use std::collections::HashMap;

use serde_json::json;

use crate::catalog::{self, ProductId};
use crate::identity;
use crate::kernel::id::UserId;
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;
use crate::live::error::LiveError;
use crate::live::events::{self, ClickFacts};
use crate::live::model::{Minute, ReminderState, Room, RoomId, SignalKind, Viewer};
use crate::live::store;
use crate::live::store::figures::{ProductRow, Totals};
use crate::live::store::visits::Counted;
use crate::platform::db::{DbResult, Tx};
use crate::platform::http::Table;

/// What a room came to.
#[derive(Clone, Debug)]
pub(in crate::live) struct Report {
    /// The room.
    pub(in crate::live) room: Room,
    /// How many want or wanted to be told of its start, and how many were.
    pub(in crate::live) reminders: (i64, i64),
    /// The whole of it.
    pub(in crate::live) totals: Totals,
    /// Minute by minute.
    pub(in crate::live) minutes: Vec<Minute>,
    /// Product by product, with titles.
    pub(in crate::live) products: Vec<(ProductRow, String)>,
}

impl Report {
    /// Average time a viewer watched, in milliseconds.
    pub(in crate::live) fn average_watch_ms(&self) -> i64 {
        self.totals.watched_ms.checked_div(self.totals.viewers).unwrap_or(0)
    }

    /// Buyers among a thousand viewers.
    pub(in crate::live) fn conversion_permille(&self) -> i64 {
        self.totals.buyers.saturating_mul(1000).checked_div(self.totals.viewers).unwrap_or(0)
    }
}

/// What a room came to.
///
/// # Errors
/// 404 when there is none.
pub(in crate::live) fn report(tx: &mut Tx<'_>, id: RoomId) -> Result<Report, LiveError> {
    let room = super::room(tx, id)?;
    let totals = store::figures::totals(tx, id)?.ok_or(LiveError::NotFound)?;
    let rows = store::figures::products(tx, id)?;
    let ids: Vec<ProductId> = rows.iter().map(|row| row.product_id).collect();
    let facts = catalog::product_facts_of(tx, &ids)?;
    let title = |id: ProductId| facts.iter().find(|facts| facts.product_id == id).map(|facts| facts.title.clone());
    let products = rows.into_iter().map(|row| (row, title(row.product_id).unwrap_or_default())).collect();
    let counts = store::reminders::counts(tx, id)?;
    let asked = counts.iter().fold(0_i64, |sum, (_, count)| sum.saturating_add(*count));
    let sent = counts.iter().find(|(state, _)| *state == ReminderState::Sent).map_or(0, |(_, count)| *count);
    Ok(Report { minutes: store::visits::minutes(tx, id)?, reminders: (asked, sent), room, totals, products })
}

/// The minutes of a room as a table.
///
/// # Errors
/// 404 when there is none.
pub(in crate::live) fn minutes_table(tx: &mut Tx<'_>, id: RoomId) -> Result<Table, LiveError> {
    super::room(tx, id)?;
    let heads = ["minute", "joined", "peak", "comments", "likes", "shares", "clicks", "orders", "revenue_yuan"];
    let row = |minute: Minute| {
        [
            minute.minute.to_string(),
            minute.joined.to_string(),
            minute.peak.to_string(),
            minute.comments.to_string(),
            minute.likes.to_string(),
            minute.shares.to_string(),
            minute.clicks.to_string(),
            minute.orders.to_string(),
            Fen::new(minute.revenue_fen).to_yuan(),
        ]
    };
    Ok(Table::of(heads, store::visits::minutes(tx, id)?.into_iter().map(row))?)
}

/// The products of a room as a table.
///
/// # Errors
/// 404 when there is none.
pub(in crate::live) fn products_table(tx: &mut Tx<'_>, id: RoomId) -> Result<Table, LiveError> {
    let heads =
        ["product_id", "title", "clicks", "explained", "placed_orders", "orders", "buyers", "pieces", "revenue_yuan"];
    let row = |(row, title): (ProductRow, String)| {
        [
            row.product_id.to_string(),
            title,
            row.clicks.to_string(),
            row.explained.to_string(),
            row.placed_orders.to_string(),
            row.orders.to_string(),
            row.buyers.to_string(),
            row.pieces.to_string(),
            Fen::new(row.revenue_fen).to_yuan(),
        ]
    };
    Ok(Table::of(heads, report(tx, id)?.products.into_iter().map(row))?)
}

/// Somebody looks at a product of a room.
///
/// # Errors
/// 404 for a room that is not shown; 403 for the banned; 422 when the product was never on its shelf.
pub(in crate::live) fn click(
    tx: &mut Tx<'_>,
    id: RoomId,
    product: ProductId,
    viewer: Option<Viewer>,
) -> Result<(), LiveError> {
    super::talking::may_enter(tx, id, viewer)?;
    if !store::shelf::count_click(tx, id, product)? {
        return Err(LiveError::NotOnShelf(json!({ "product_id": product })));
    }
    let now = tx.now();
    store::visits::count(tx, id, now, Counted { clicks: 1, ..Counted::default() })?;
    let facts = ClickFacts { room_id: id, product_id: product };
    Ok(events::record(tx, events::PRODUCT_CLICKED, viewer.and_then(Viewer::user), &facts)?)
}

/// What was paid for a line counts in the minute it was paid in.
///
/// # Errors
/// When the database fails.
pub(in crate::live) fn count_paid(tx: &mut Tx<'_>, line: &events::LineFacts, at: Timestamp) -> DbResult<()> {
    let counted =
        Counted { orders: i64::from(line.counts_order), revenue_fen: line.revenue_fen.get(), ..Counted::default() };
    store::visits::count(tx, line.room_id, at, counted)
}

/// A share of a room counts in the minute it was made in.
///
/// # Errors
/// When the database fails.
pub(in crate::live) fn count_share(tx: &mut Tx<'_>, id: RoomId, at: Timestamp) -> DbResult<()> {
    if store::rooms::room(tx, id)?.is_none() {
        return Ok(());
    }
    store::visits::count(tx, id, at, Counted { shares: 1, ..Counted::default() })
}

/// Viewers see that somebody bought something; whom, only by the first character of their name.
///
/// # Errors
/// When the database fails.
pub(in crate::live) fn tell_bought(tx: &mut Tx<'_>, line: &events::LineFacts, buyer: Option<UserId>) -> DbResult<()> {
    let Some(room) = store::rooms::room(tx, line.room_id)?.filter(|room| room.state.on_air()) else { return Ok(()) };
    let faces = match buyer {
        Some(buyer) => identity::faces(tx, &[buyer])?,
        None => HashMap::new(),
    };
    let name = buyer.and_then(|buyer| faces.get(&buyer)).map(|face| face.masked_name.clone());
    let left = store::prices::of_sku(tx, room.id, line.sku_id)?.map(|price| price.left());
    let told = json!({
        "name": name, "product_id": line.product_id, "sku_id": line.sku_id, "quantity": line.quantity, "left": left,
    });
    super::signal(tx, room.id, SignalKind::Bought, &told)
}

/// Every place where quotas, drops and numbers disagree with what they count.
///
/// # Errors
/// When the database fails.
pub fn differences(tx: &mut Tx<'_>) -> DbResult<Vec<String>> {
    store::figures::differences(tx)
}
