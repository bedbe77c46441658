//! What others and staff may ask about followers.

use crate::entrance::EntranceId;
use crate::identity;
use crate::kernel::id::UserId;
use crate::kernel::page::{Cursor, Page};
use crate::kernel::time::Timestamp;
use crate::platform::db::{DbResult, Tx};
use crate::service_account::error::ServiceAccountError;
use crate::service_account::model::{Following, FollowingChanged, FollowingId, FollowingState, Push, ReachChannel};
use crate::service_account::store;

/// Most changes shown of one follower.
const CHANGES_SHOWN: i64 = 100;

/// On what a user can be reached, or cannot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    /// By which channel.
    pub channel: ReachChannel,
    /// Through which account.
    pub entrance: Option<EntranceId>,
    /// Whether they can be reached now.
    pub reachable: bool,
    /// Since when it is so, where that is known.
    pub since: Option<Timestamp>,
}

/// A follower with how that changed.
pub(in crate::service_account) struct FollowerFile {
    pub(in crate::service_account) following: Following,
    pub(in crate::service_account) changes: Vec<FollowingChanged>,
}

/// The service accounts that a user follows now, the earliest first.
///
/// # Errors
/// The database's.
pub fn follows(tx: &mut Tx<'_>, user: UserId) -> DbResult<Vec<Following>> {
    let mut all = store::followings_of(tx, user)?;
    all.retain(|following| following.state == FollowingState::Following);
    Ok(all)
}

/// On what a user can be reached: template messages of each service account that they ever followed, and text messages.
///
/// # Errors
/// [`ServiceAccountError::UserNotFound`], or the database's.
pub fn reach_of(tx: &mut Tx<'_>, user: UserId) -> Result<Vec<Reach>, ServiceAccountError> {
    if identity::known_users(tx, &[user])?.is_empty() {
        return Err(ServiceAccountError::UserNotFound);
    }
    let of_following = |following: Following| {
        let reachable = following.state == FollowingState::Following;
        let since = if reachable { following.followed_at } else { following.unfollowed_at };
        Reach { channel: ReachChannel::ServiceTemplate, entrance: Some(following.entrance_id), reachable, since }
    };
    let mut reach: Vec<Reach> = store::followings_of(tx, user)?.into_iter().map(of_following).collect();
    let reachable = identity::has_phone(tx, user)?;
    reach.push(Reach { channel: ReachChannel::Sms, entrance: None, reachable, since: None });
    Ok(reach)
}

/// Followers, latest first.
pub(in crate::service_account) fn follower_page(
    tx: &mut Tx<'_>,
    filter: (Option<EntranceId>, Option<FollowingState>),
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<Page<Following>> {
    let rows = store::followers(tx, filter, after, limit.saturating_add(1))?;
    Ok(Page::cut(rows, limit, |row| Cursor { key: 0, id: row.id.get() }))
}

/// One follower.
pub(in crate::service_account) fn follower_file(
    tx: &mut Tx<'_>,
    id: FollowingId,
) -> Result<FollowerFile, ServiceAccountError> {
    let following = store::following_by_id(tx, id)?.ok_or(ServiceAccountError::FollowingNotFound)?;
    Ok(FollowerFile { changes: store::changes_of(tx, id, CHANGES_SHOWN)?, following })
}

/// What a follower said, latest first.
pub(in crate::service_account) fn messages_of(
    tx: &mut Tx<'_>,
    id: FollowingId,
    after: Option<Cursor>,
    limit: i64,
) -> Result<Page<Push>, ServiceAccountError> {
    let following = store::following_by_id(tx, id)?.ok_or(ServiceAccountError::FollowingNotFound)?;
    let person = (following.entrance_id, following.openid.as_str());
    let rows = store::pushes_of(tx, person, after, limit.saturating_add(1))?;
    Ok(Page::cut(rows, limit, |row| Cursor { key: 0, id: row.id.get() }))
}
