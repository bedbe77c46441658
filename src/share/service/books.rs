//! The books of shares: the acquisition forest hangs together, and nothing counts twice or for oneself.

use crate::platform::db::{DbResult, Tx};
use crate::share::store;

/// Most differences of one kind that are named.
const NAMED: i64 = 100;

/// What does not add up, one line each; empty when all is well.
///
/// # Errors
/// When the database fails.
pub fn differences(tx: &mut Tx<'_>) -> DbResult<Vec<String>> {
    Ok(store::wrong(tx, NAMED)?.into_iter().map(|wrong| format!("shares: {}: {}", wrong.what, wrong.id)).collect())
}
