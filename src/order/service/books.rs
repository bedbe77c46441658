//! The books of orders (G8): every recorded move is an allowed one, history has no gaps and ends where the order
//! stands, and sums add up.

use super::super::rules;
use super::super::store;
use crate::platform::db::{DbResult, Tx};

/// Most differences of one kind that are named.
const NAMED: i64 = 100;

/// What does not add up, one line each; empty when all is well.
///
/// # Errors
/// When the database fails.
pub fn differences(tx: &mut Tx<'_>) -> DbResult<Vec<String>> {
    let mut found = Vec::new();
    for (from, to, count) in store::moves(tx)? {
        if !rules::is_recordable(from, to) {
            let from = from.map_or("nothing", |state| state.as_str());
            found.push(format!("G8 orders: {count} recorded moves from {from} to {to} are not allowed"));
        }
    }
    for at in store::chain_breaks(tx, NAMED)? {
        let (state, expected) = (at.found.unwrap_or_default(), at.expected.unwrap_or_default());
        found.push(format!(
            "G8 order {}: at version {} stands '{state}' where its history says '{expected}'",
            at.id, at.version
        ));
    }
    for order in store::totals_wrong(tx, NAMED)? {
        found.push(format!("G8 order {order}: its lines, parcels, refunds and totals do not add up"));
    }
    for order in store::pick_ups_wrong(tx, NAMED)? {
        found.push(format!("G8 order {order}: its pick-up does not fit what became of it"));
    }
    Ok(found)
}
