//! The books of bargains (G7): the sum of cuts is the start less the current price, which never falls below the floor.

use super::super::store;
use crate::platform::db::{DbResult, Tx};

/// Most differences that are named.
const NAMED: i64 = 200;

/// What does not add up, one line each; empty when all is well.
///
/// # Errors
/// When the database fails.
pub fn differences(tx: &mut Tx<'_>) -> DbResult<Vec<String>> {
    let found = store::books::differences(tx, NAMED)?;
    let told = found
        .into_iter()
        .map(|wrong| format!("G7 bargain {}: {}: {} against {}", wrong.id, wrong.rule, wrong.recorded, wrong.counted));
    Ok(told.collect())
}
