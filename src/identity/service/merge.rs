//! Two users become one: everything follows, and is written down so that it can be taken back.

use serde_json::json;

use super::sessions;
use crate::identity::assets::Accounts;
use crate::identity::error::IdentityError;
use crate::identity::events::{USER_MERGED, UserMerged};
use crate::identity::handover::Handover;
use crate::identity::merge_store as store;
use crate::identity::model::{Merge, MergeCause, MergeId, Proof};
use crate::identity::rules;
use crate::kernel::id::{StaffId, UserId};
use crate::kernel::time::{DAY_MS, MINUTE_MS, Timestamp};
use crate::platform::db::rows::{self, Fields};
use crate::platform::db::{DbResult, Tx};
use crate::platform::events::{self, NewEvent};

/// How long a merge can be taken back.
const UNDOABLE_MS: i64 = 30 * DAY_MS;
/// When what was written for the merged user by a request under way is brought along: soon, and once more when no
/// access token of theirs can be good any more.
const FOLLOW_SOON_MS: i64 = MINUTE_MS;
/// The second time, after the merge.
const FOLLOW_LAST_MS: i64 = 16 * MINUTE_MS;
/// The table of users.
const USERS: &str = "users";

/// Two users who are to become one.
#[derive(Debug, Clone)]
pub struct Joining {
    /// Who stays.
    pub into: UserId,
    /// Who becomes part of them.
    pub from: UserId,
    /// Why.
    pub cause: Cause,
}

/// Why two users are to become one.
#[derive(Debug, Clone)]
pub enum Cause {
    /// A request proved ids of both; the one that brought it to light.
    Proof(Proof),
    /// Staff decided it, for this reason.
    Staff(StaffId, String),
}

/// Makes two users one, in this transaction. Every log-in of the merged user ends.
///
/// # Errors
/// [`IdentityError::AlreadyMerged`] when one of them is part of another user, or the database's.
pub fn merge(tx: &mut Tx<'_>, accounts: &Accounts, joining: &Joining) -> Result<MergeId, IdentityError> {
    if !store::hold_both(tx, joining.into, joining.from)? {
        return Err(IdentityError::AlreadyMerged);
    }
    let merge = new_merge(tx, joining);
    store::insert(tx, &merge)?;
    sessions::end_all(tx, &accounts.revocations, joining.from, "merged")?;
    let mut handover = Handover::of(tx, merge.clone())?;
    bring_profile(tx, &mut handover)?;
    for asset in accounts.assets() {
        handover.bring(tx, asset.as_ref())?;
    }
    store::set_merged_into(tx, joining.from, Some(joining.into))?;
    tell(tx, &merge, &handover)?;
    Ok(merge.id)
}

fn new_merge(tx: &Tx<'_>, joining: &Joining) -> Merge {
    let now = tx.now();
    let (cause, proof, staff) = match &joining.cause {
        Cause::Proof(proof) => (MergeCause::Proof, Some(proof), None),
        Cause::Staff(staff, reason) => (MergeCause::Staff, None, Some((*staff, reason.clone()))),
    };
    Merge {
        id: MergeId::new(tx.next_id()),
        kept_user_id: joining.into,
        merged_user_id: joining.from,
        cause,
        provider: proof.map(|proof| proof.provider),
        app_id: proof.map(|proof| proof.app_id.clone()),
        staff_id: staff.as_ref().map(|(staff, _)| *staff),
        reason: staff.map(|(_, reason)| reason),
        merged_at: now,
        undoable_until: now.plus_millis(UNDOABLE_MS),
        follow_at: Some(now.plus_millis(FOLLOW_SOON_MS)),
        undone_at: None,
        undone_by: None,
        undo_reason: None,
        left_alone: None,
    }
}

/// The earlier user's beginning wins; a name and a picture that somebody chose are kept.
fn bring_profile(tx: &mut Tx<'_>, handover: &mut Handover) -> DbResult<()> {
    let find = |tx: &mut Tx<'_>, user: UserId| -> DbResult<Option<Fields>> {
        Ok(rows::owned(tx, USERS, "id", user.get())?.into_iter().next())
    };
    let (Some(kept), Some(gone)) = (find(tx, handover.kept())?, find(tx, handover.merged())?) else {
        return Ok(());
    };
    let mut becomes = kept.clone();
    crate::identity::assets::keep_earlier(&mut becomes, &gone, "created_at");
    let text = |row: &Fields, name: &str| row.get(name).cloned().flatten();
    if text(&kept, "nickname").is_some_and(|nickname| rules::is_usual_nickname(&nickname)) {
        becomes.insert("nickname".to_owned(), text(&gone, "nickname"));
    }
    if text(&kept, "avatar").is_none() {
        becomes.insert("avatar".to_owned(), text(&gone, "avatar"));
    }
    handover.change(tx, USERS, &kept, &becomes)
}

fn tell(tx: &mut Tx<'_>, merge: &Merge, handover: &Handover) -> DbResult<()> {
    let (rows, flags) = handover.counted();
    let payload = UserMerged {
        merge_id: merge.id,
        kept_user_id: merge.kept_user_id,
        merged_user_id: merge.merged_user_id,
        cause: merge.cause,
        rows,
        flags,
    };
    let user = Some(merge.kept_user_id);
    events::record(tx, &NewEvent { name: USER_MERGED, version: 1, user, payload: &payload })?;
    tracing::info!(merge = %merge.id, details = %json!({ "rows": rows, "flags": flags }), "two users became one");
    Ok(())
}

/// Brings along what requests under way wrote for the merged user after the merge.
///
/// # Errors
/// The database's.
pub fn follow(tx: &mut Tx<'_>, accounts: &Accounts, id: MergeId) -> Result<(), IdentityError> {
    let Some(merge) = store::find(tx, id)?.filter(|merge| merge.undone_at.is_none()) else {
        return Ok(());
    };
    let last = merge.merged_at.plus_millis(FOLLOW_LAST_MS);
    let next: Option<Timestamp> = Some(last).filter(|last| merge.follow_at.is_some_and(|at| at < *last));
    if !store::set_follow_at(tx, id, merge.follow_at, next)? {
        return Ok(());
    }
    let mut handover = Handover::of(tx, merge)?;
    for asset in accounts.assets() {
        handover.bring(tx, asset.as_ref())?;
    }
    Ok(())
}

/// Who may be the same person as `user` without having been merged: a conflict between proofs speaks of both, and staff
/// have not declared them to be two.
///
/// # Errors
/// The database's.
pub fn perhaps_the_same(tx: &mut Tx<'_>, user: UserId) -> DbResult<Vec<UserId>> {
    store::perhaps_the_same(tx, user)
}

/// Every user who is part of another, with that other, which may itself be part of a third.
///
/// # Errors
/// The database's.
pub fn merged_users(tx: &mut Tx<'_>) -> DbResult<Vec<(UserId, UserId)>> {
    store::all_merged(tx)
}
