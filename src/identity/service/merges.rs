//! Merges as staff see them.

use crate::identity::error::IdentityError;
use crate::identity::merge_store as store;
use crate::identity::model::{Merge, MergeFlag, MergeId};
use crate::kernel::id::UserId;
use crate::kernel::page::Cursor;
use crate::platform::db::{DbResult, Tx};

/// A merge with what it did.
#[derive(Debug, Clone)]
pub struct MergeCard {
    /// The merge.
    pub merge: Merge,
    /// How many rows of each table changed.
    pub rows: Vec<(String, i64)>,
    /// What it brought to light.
    pub flags: Vec<MergeFlag>,
}

/// Merges, newest first; one more than `limit` when more follow. With `flagged` only those of which something waits for
/// staff.
///
/// # Errors
/// The database's.
pub fn list_merges(
    tx: &mut Tx<'_>,
    user: Option<UserId>,
    flagged: bool,
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<Vec<Merge>> {
    store::list(tx, user, flagged, after, limit)
}

/// One merge with what it did.
///
/// # Errors
/// [`IdentityError::MergeNotFound`], or the database's.
pub fn show_merge(tx: &mut Tx<'_>, id: MergeId) -> Result<MergeCard, IdentityError> {
    let merge = store::find(tx, id)?.ok_or(IdentityError::MergeNotFound)?;
    Ok(MergeCard { rows: store::counts_of(tx, id)?, flags: store::flags_of(tx, id)?, merge })
}

/// Merges after which it is time to bring along what came late.
///
/// # Errors
/// The database's.
pub fn due_to_follow(tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<MergeId>> {
    store::due_to_follow(tx, limit)
}
