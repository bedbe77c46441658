//! What is known about people, their shares and their orders, gathered from the shop's own events.
//!
//! Nothing is copied from other rooms: what they recorded is what counts, also for a history that came from elsewhere.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use crate::analytics::engine::audience::first_seen;
use crate::analytics::engine::calendar::Range;
use crate::analytics::engine::dataset::Dataset;
use crate::analytics::engine::event::{ENTRANCE, SHARE, Value};
use crate::analytics::engine::figures::{real_signed, whole};
use crate::analytics::engine::filter::Pick;
use crate::analytics::engine::flaw::Result;
use crate::analytics::engine::people::{Attributes, Person, REGISTERED, REGISTRATION_CHANNEL};
use crate::analytics::engine::scan::{Ask, Full, History, Key};
use crate::analytics::engine::shares::{Open, Order, Share, Shares};

/// The channel of those who came by a share.
const BY_SHARE: &str = "share";

/// The same with what is known.
pub(super) fn completed(mut data: Dataset) -> Result<Dataset> {
    data.attributes = Arc::new(attributes(&data)?);
    let first_seen = first_seen(&data, i64::MAX)?;
    let opens = opens(&data, &first_seen)?;
    let orders = paid(&data)?.into_iter().map(|paid| paid.order).collect();
    let shares = Shares { shares: shares(&data)?, opens, orders, first_seen };
    data.shares = Arc::new(shares);
    Ok(data)
}

/// An event with the texts it was asked for.
pub(in crate::analytics) struct Told {
    pub(in crate::analytics) person: Person,
    pub(in crate::analytics) at: i64,
    pub(in crate::analytics) texts: [Option<String>; 3],
    number: f64,
}

/// Every event of a name with up to three texts and a number of it, person by person, in order.
fn every(data: &Dataset, name: &str, texts: &[&str], number: Option<&str>) -> Result<Vec<Told>> {
    picked(data, Pick::named(name), texts, number)
}

/// Every event that is meant with up to three texts and a number of it, person by person, in order.
///
/// # Errors
/// What the disk says.
pub(in crate::analytics) fn picked(
    data: &Dataset,
    pick: Pick,
    texts: &[&str],
    number: Option<&str>,
) -> Result<Vec<Told>> {
    let range = Range { from: data.first_at(), to: i64::MAX };
    let mut ask = Ask::new(range, vec![pick]).keys(texts.iter().map(|text| Key::property(text)).collect());
    ask.number = number.map(str::to_owned);
    let history = History::read(data, &ask)?;
    let parts = history.fold(Vec::new, |found, person, rows: &[Full]| {
        found.extend(rows.iter().map(|row| (person, row.step.at, row.keys, row.number)));
    });
    let told = parts.into_iter().flatten().map(|(person, at, keys, number)| {
        let texts = keys.map(|key| history.lexicon.text(key));
        Told { person, at, texts, number }
    });
    Ok(told.collect())
}

/// When people registered and how they came: by a share, or else by the entrance that they first came in by.
fn attributes(data: &Dataset) -> Result<Attributes> {
    let mut attributes = Attributes::default();
    let mut registered: BTreeMap<Person, (i64, Option<String>)> = BTreeMap::new();
    for Told { person, at, texts: [entrance, ..], .. } in every(data, "user_registered", &[ENTRANCE], None)? {
        // Of two accounts that became one the earlier registration counts.
        let known = registered.entry(person).or_insert((at, entrance.clone()));
        if at < known.0 {
            *known = (at, entrance);
        }
    }
    for Told { person, .. } in every(data, "share_acquired", &[], None)? {
        if let Some((_, channel)) = registered.get_mut(&person) {
            *channel = Some(BY_SHARE.to_owned());
        }
    }
    for (person, (at, channel)) in registered {
        attributes.set(person, REGISTERED, Value::Number(real_signed(at)));
        if let Some(channel) = channel {
            attributes.set(person, REGISTRATION_CHANNEL, Value::Text(channel));
        }
    }
    Ok(attributes)
}

fn shares(data: &Dataset) -> Result<Vec<Share>> {
    let created = every(data, "share_created", &[SHARE, "subject_kind", "subject_ref"], None)?;
    let share = |told: Told| {
        let [token, page, topic] = told.texts;
        let (page, topic) = (page.unwrap_or_default(), topic.unwrap_or_default());
        Some(Share { token: token?, sharer: told.person, at: told.at, page, topic })
    };
    Ok(created.into_iter().filter_map(share).collect())
}

/// Opens. That by which the shop says somebody came for the first time belongs to their first session, which began
/// before it: by logging in, as a rule.
fn opens(data: &Dataset, first_seen: &[(Person, i64)]) -> Result<Vec<Open>> {
    let first_seen: HashMap<Person, i64> = first_seen.iter().copied().collect();
    let acquired = every(data, "share_acquired", &[SHARE], None)?;
    let brought: HashSet<(Person, Option<String>)> =
        acquired.into_iter().map(|Told { person, texts: [token, ..], .. }| (person, token)).collect();
    let opened = every(data, "share_opened", &[SHARE], None)?;
    let open = |Told { person, at, texts: [token, ..], .. }: Told| {
        let first = first_seen.get(&person).filter(|_| brought.contains(&(person, token.clone())));
        Some(Open { token: token?, viewer: person, at: first.copied().unwrap_or(at) })
    };
    Ok(opened.into_iter().filter_map(open).collect())
}

/// A paid order with its number.
pub(in crate::analytics) struct Paid {
    pub(in crate::analytics) order_id: Option<String>,
    pub(in crate::analytics) order: Order,
}

/// Paid orders less what was refunded of them; those that were refunded whole are none.
///
/// # Errors
/// What the disk says.
pub(in crate::analytics) fn paid(data: &Dataset) -> Result<Vec<Paid>> {
    let mut refunded: HashMap<String, i64> = HashMap::new();
    for told in every(data, "order_refunded", &["order_id"], Some("amount_fen"))? {
        let [order, ..] = told.texts;
        if let (Some(order), Some(amount)) = (order, whole(told.number)) {
            let sum = refunded.entry(order).or_default();
            *sum = sum.saturating_add(amount);
        }
    }
    let mut orders = Vec::new();
    for told in every(data, "order_paid", &["order_id", SHARE], Some("total_fen"))? {
        let [order_id, token, _] = told.texts;
        let Some(total) = whole(told.number) else { continue };
        let back = order_id.as_ref().and_then(|order| refunded.get(order)).copied().unwrap_or_default();
        if back == 0 || back < total {
            let net_fen = total.saturating_sub(back);
            orders.push(Paid { order_id, order: Order { buyer: told.person, at: told.at, net_fen, token } });
        }
    }
    Ok(orders)
}
