//! Who follows, and which user that is.

use serde::{Deserialize, Serialize};

use crate::entrance::{Entrance, EntranceId, Entrances, Platform};
use crate::identity::{self, Accounts, Identity, IdentityError, IdentityKeys, Proof, Provider};
use crate::kernel::id::UserId;
use crate::kernel::time::Timestamp;
use crate::platform::db::{DbError, DbResult, Tx};
use crate::platform::events::{self, NewEvent};
use crate::platform::jobs::{self, NewJob};
use crate::platform::wechat::Follower;
use crate::service_account::error::ServiceAccountError;
use crate::service_account::events::{FOLLOWED, FOLLOWER_KNOWN, FollowerKnown, FollowingChanged, UNFOLLOWED};
use crate::service_account::jobs::ASK_ABOUT_FOLLOWER;
use crate::service_account::model::{CodeId, Following, FollowingChange, FollowingId, FollowingState};
use crate::service_account::rules::Said;
use crate::service_account::store::{self, Word};
use crate::share::{self, Comer, Opening, ShareError};

/// Most scans that one log-in brings along; the next one takes the rest.
const AT_ONCE: i64 = 100;

/// A following after a message was heard.
pub(super) struct Told {
    pub(super) following: Following,
    /// Whether the message changed anything about it.
    pub(super) changed: bool,
}

/// About whom WeChat is to be asked, and as of which word.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(in crate::service_account) struct FollowerQuestion {
    /// Whom.
    pub(in crate::service_account) following_id: FollowingId,
    /// WeChat's moment of the word that made the shop ask; a newer one makes it ask anew.
    pub(in crate::service_account) told_at: Timestamp,
}

/// Hears that somebody follows, or ceased to. What is older than the last word changes nothing.
pub(super) fn hear(
    tx: &mut Tx<'_>,
    entrance: &Entrance,
    said: &Said,
    change: FollowingChange,
    code: Option<CodeId>,
) -> DbResult<Told> {
    let (mut following, is_new) = known(tx, entrance, said, change, code)?;
    let word = Word { id: following.id, change, code, at: said.sent_at };
    let changed = is_new || store::move_following(tx, word)?;
    if changed {
        if !is_new {
            following = store::following_by_id(tx, following.id)?.ok_or_else(lost)?;
        }
        note_change(tx, &following, word)?;
    }
    Ok(Told { following, changed })
}

fn lost() -> DbError {
    DbError::Defect("a following vanished while it was written".to_owned())
}

/// Finds a person or writes them down; says whether they are new.
fn known(
    tx: &mut Tx<'_>,
    entrance: &Entrance,
    said: &Said,
    change: FollowingChange,
    code: Option<CodeId>,
) -> DbResult<(Following, bool)> {
    if let Some(found) = store::following(tx, entrance.id, &said.openid)? {
        return Ok((found, false));
    }
    let at = said.sent_at;
    let (state, followed_at, unfollowed_at) = match change {
        FollowingChange::Followed => (FollowingState::Following, Some(at), None),
        FollowingChange::Unfollowed => (FollowingState::Left, None, Some(at)),
    };
    let new = Following {
        id: FollowingId::new(tx.next_id()),
        entrance_id: entrance.id,
        openid: said.openid.clone(),
        unionid: None,
        user_id: identity::holder_of(tx, &openid_proof(&entrance.app_id, &said.openid))?,
        state,
        followed_at,
        unfollowed_at,
        scene: None,
        code_id: code,
        told_at: at,
        created_at: tx.now(),
        updated_at: tx.now(),
    };
    if store::insert_following(tx, &new)? {
        return Ok((new, true));
    }
    let twin = store::following(tx, entrance.id, &said.openid)?.ok_or_else(lost)?;
    Ok((twin, false))
}

fn openid_proof(app_id: &str, openid: &str) -> Proof {
    Proof { provider: Provider::WechatService, app_id: app_id.to_owned(), subject: openid.to_owned() }
}

fn note_change(tx: &mut Tx<'_>, following: &Following, word: Word) -> DbResult<()> {
    store::insert_change(tx, word)?;
    let (id, user) = (following.id, following.user_id);
    let payload =
        FollowingChanged { following_id: id, entrance_id: following.entrance_id, user, code_id: following.code_id };
    let name = match word.change {
        FollowingChange::Followed => FOLLOWED,
        FollowingChange::Unfollowed => UNFOLLOWED,
    };
    events::record(tx, &NewEvent { name, version: 1, user, payload: &payload })?;
    if word.change == FollowingChange::Followed {
        let question = FollowerQuestion { following_id: id, told_at: following.told_at };
        let dedup_key = Some(format!("{ASK_ABOUT_FOLLOWER}:{id}:{}", following.told_at.millis()));
        jobs::enqueue(tx, &NewJob { kind: ASK_ABOUT_FOLLOWER, dedup_key, payload: &question, run_at: tx.now() })?;
    }
    Ok(())
}

/// The account and the openid to ask WeChat about; nothing when a newer word has come, which made the shop ask anew, or
/// they follow no more.
pub(in crate::service_account) fn follower_to_ask(
    tx: &mut Tx<'_>,
    question: FollowerQuestion,
) -> DbResult<Option<(EntranceId, String)>> {
    let found = store::following_by_id(tx, question.following_id)?;
    let current = found.filter(|found| found.told_at == question.told_at && found.state == FollowingState::Following);
    Ok(current.map(|found| (found.entrance_id, found.openid)))
}

/// Notes what WeChat knew of a follower, and which user that makes them.
///
/// # Errors
/// The database's, and identity's when two users are one person and cannot be brought together now.
pub(in crate::service_account) fn note_follower(
    tx: &mut Tx<'_>,
    with: (&IdentityKeys, &Accounts),
    entrance: &Entrance,
    question: FollowerQuestion,
    follower: &Follower,
) -> Result<(), ServiceAccountError> {
    if follower_to_ask(tx, question)?.is_none() {
        return Ok(());
    }
    let id = question.following_id;
    if !follower.follows {
        let word = Word { id, change: FollowingChange::Unfollowed, code: None, at: tx.now() };
        if store::move_following(tx, word)? {
            let following = store::following_by_id(tx, id)?.ok_or_else(lost)?;
            note_change(tx, &following, word)?;
        }
        return Ok(());
    }
    store::describe_following(tx, id, follower.unionid.as_deref(), follower.scene.as_deref(), follower.since)?;
    let following = store::following_by_id(tx, id)?.ok_or_else(lost)?;
    let Some(unionid) = follower.unionid.clone() else { return Ok(()) };
    let unionid = Proof { provider: Provider::WechatUnionid, app_id: entrance.open_platform.clone(), subject: unionid };
    let openid = openid_proof(&entrance.app_id, &following.openid);
    match identity::link_known(tx, with, &openid, &unionid) {
        Ok(Some(user)) => join(tx, &following, user),
        // Whoever is locked out stays known as a follower alone.
        Ok(None) | Err(IdentityError::UserBlocked) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Lets what a user follows be theirs, now that they logged in: by the openids they hold, and by their unionids.
///
/// # Errors
/// The database's.
pub(in crate::service_account) fn join_user(tx: &mut Tx<'_>, entrances: &Entrances, user: UserId) -> DbResult<()> {
    let accounts: Vec<_> =
        entrances.all().into_iter().filter(|open| open.entrance.platform == Platform::WechatService).collect();
    if accounts.is_empty() {
        return Ok(());
    }
    for proof in identity::identities_of(tx, user)?.iter().map(Identity::proof) {
        let found = match proof.provider {
            Provider::WechatService => {
                let account = accounts.iter().find(|open| open.entrance.app_id == proof.app_id);
                let found = match account {
                    Some(open) => store::following(tx, open.entrance.id, &proof.subject)?,
                    None => None,
                };
                found.into_iter().collect()
            }
            Provider::WechatUnionid => {
                let bound = |id: EntranceId| {
                    accounts.iter().any(|open| open.entrance.id == id && open.entrance.open_platform == proof.app_id)
                };
                let mut found = store::unclaimed(tx, &proof.subject)?;
                found.retain(|following| bound(following.entrance_id));
                found
            }
            _ => Vec::new(),
        };
        for following in found {
            join(tx, &following, user).map_err(into_db)?;
        }
    }
    Ok(())
}

fn into_db(error: ServiceAccountError) -> DbError {
    match error {
        ServiceAccountError::Db(error) => error,
        other => DbError::Defect(other.to_string()),
    }
}

fn join(tx: &mut Tx<'_>, following: &Following, user: UserId) -> Result<(), ServiceAccountError> {
    if following.user_id != Some(user) {
        store::give_following(tx, following.id, user)?;
        let payload = FollowerKnown { following_id: following.id, entrance_id: following.entrance_id, user };
        events::record(tx, &NewEvent { name: FOLLOWER_KNOWN, version: 1, user: Some(user), payload: &payload })?;
    }
    open_waiting(tx, following.id, user)
}

/// Tells the scans of a follower as opens of the shares that the codes carry.
pub(super) fn open_waiting(tx: &mut Tx<'_>, following: FollowingId, user: UserId) -> Result<(), ServiceAccountError> {
    for (scan, token) in store::waiting_scans(tx, following, AT_ONCE)? {
        if !store::scan_opened(tx, scan)? {
            continue;
        }
        let Some(token) = token else { continue };
        let opening = Opening { token, comer: Comer::User(user, None), scene: None, group_id: None };
        match share::open(tx, &opening) {
            Ok(_) | Err(ShareError::TokenNotFound) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
