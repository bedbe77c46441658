//! What others may ask about shares.

use crate::kernel::id::{CampaignId, UserId};
use crate::kernel::time::Timestamp;
use crate::platform::db::{DbResult, Tx};
use crate::share::error::ShareError;
use crate::share::model::{Acquired, Acquisition, Share, Subject, SubjectKind, Touch};
use crate::share::{rules, store};

/// Most steps that are walked upwards. Real trees are a few dozen deep; whoever is further away than this has nothing
/// to do with the user any more.
const MAX_STEPS: i64 = 1_000;

/// What could be handed on, as it is stored.
///
/// # Errors
/// [`ShareError::SubjectInvalid`].
pub fn subject(kind: SubjectKind, reference: &str) -> Result<Subject, ShareError> {
    rules::subject(kind, reference)
}

/// A page's path with a token in its query.
pub fn path_with_token(path: &str, token: &str) -> String {
    rules::path_with_token(path, token)
}

/// The share of a token; nothing when there is none.
///
/// # Errors
/// The database's.
pub fn find(tx: &mut Tx<'_>, token: &str) -> DbResult<Option<Share>> {
    if rules::looks_like_token(token) { store::by_token(tx, token) } else { Ok(None) }
}

/// The share through which a user came last, at `since` or later.
///
/// # Errors
/// The database's.
pub fn last_touch(tx: &mut Tx<'_>, user: UserId, since: Timestamp) -> DbResult<Option<Touch>> {
    Ok(store::last_touch(tx, user, since)?.map(|(_, touch)| touch))
}

/// How a user was brought at their first arrival; `None` when they came by themselves. Once settled it never changes.
///
/// # Errors
/// The database's.
pub fn acquisition_of(tx: &mut Tx<'_>, user: UserId) -> DbResult<Option<Acquisition>> {
    store::acquisition(tx, user)
}

/// Whether `maybe` brought `of`, or brought somebody who did, and so on, up to 1,000 steps.
///
/// # Errors
/// The database's.
pub fn is_ancestor(tx: &mut Tx<'_>, of: UserId, maybe: UserId) -> DbResult<bool> {
    store::is_above(tx, of, maybe, MAX_STEPS)
}

/// Whether a user ever asked for a token of this.
///
/// # Errors
/// The database's.
pub fn has_shared(tx: &mut Tx<'_>, user: UserId, subject: &Subject) -> DbResult<bool> {
    store::has_shared(tx, user, subject)
}

/// Users whom a campaign's shares brought in `[from, until)`, by channel and hour, the earliest first.
///
/// # Errors
/// The database's.
pub fn acquired_through(
    tx: &mut Tx<'_>,
    campaign: CampaignId,
    from: Timestamp,
    until: Timestamp,
) -> DbResult<Vec<Acquired>> {
    store::acquired_through(tx, campaign, from, until)
}
