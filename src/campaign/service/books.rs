//! The books of campaigns: what was given away adds up and passes no limit (G5), and every change log tells an allowed
//! story without gaps (G8).

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
    for wrong in store::wrong_sums(tx, NAMED)? {
        let (id, rule) = (wrong.campaign_id, wrong.rule);
        found.push(format!("G5 campaign {id}: {rule}: {} against {}", wrong.recorded, wrong.counted));
    }
    for moved in store::moves(tx)? {
        if !rules::is_recordable(moved.from_state, moved.to_state) {
            let from = moved.from_state.map_or("nothing", |state| state.as_str());
            found
                .push(format!("G8 campaigns: {} moves from {from} to {} are not allowed", moved.times, moved.to_state));
        }
    }
    for at in store::log_breaks(tx, NAMED)? {
        let (found_state, expected) = (at.found.unwrap_or_default(), at.expected.unwrap_or_default());
        found.push(format!(
            "G8 campaign {}: at version {} stands '{found_state}' where its log says '{expected}'",
            at.campaign_id, at.version
        ));
    }
    Ok(found)
}
