//! What staff decide about proofs that could not be brought together, and about two users of whom they know.

use serde_json::json;

use super::merge::{Cause, Joining, merge};
use super::{StaffAct, login};
use crate::identity::assets::Accounts;
use crate::identity::error::IdentityError;
use crate::identity::merge_store as merges;
use crate::identity::model::{Conflict, ConflictDecision, ConflictId, MergeId, Provider};
use crate::identity::{rules, store};
use crate::kernel::id::UserId;
use crate::platform::db::Tx;
use crate::staff::audit::{self, AuditEntry};

/// Makes two users one because staff know them to be one person.
///
/// # Errors
/// [`IdentityError::ReasonInvalid`], [`IdentityError::UserNotFound`], [`IdentityError::AlreadyMerged`],
/// [`IdentityError::TwoValues`] when the result would hold two values of a key that has one, or the database's.
pub fn merge_by_staff(
    tx: &mut Tx<'_>,
    accounts: &Accounts,
    (into, from): (UserId, UserId),
    act: &StaffAct,
) -> Result<MergeId, IdentityError> {
    let reason = rules::check_reason(&act.reason).ok_or(IdentityError::ReasonInvalid)?;
    for user in [into, from] {
        store::user(tx, user)?.ok_or(IdentityError::UserNotFound)?;
    }
    if into == from {
        return Err(IdentityError::AlreadyMerged);
    }
    if rules::would_clash(&login::owner(tx, into)?, &login::owner(tx, from)?) {
        return Err(IdentityError::TwoValues);
    }
    merges::bring_near(tx, into, from)?;
    let id = merge(tx, accounts, &Joining { into, from, cause: Cause::Staff(act.staff, reason.clone()) })?;
    record(tx, act, &reason, ("user.merge", into), json!({ "merge_id": id, "merged_user_id": from }))?;
    Ok(id)
}

/// Decides a conflict. Merging makes the two users one; keeping apart declares them two persons; handing over says that a
/// phone number has a new owner: it goes from whichever of the two holds it to the other, who has none.
///
/// # Errors
/// [`IdentityError::ReasonInvalid`], [`IdentityError::ConflictNotFound`], [`IdentityError::ConflictDecided`],
/// [`IdentityError::NothingToDecide`] when there is no second user, or no number of one to give to the other, what merging refuses, or
/// the database's.
pub fn decide_conflict(
    tx: &mut Tx<'_>,
    accounts: &Accounts,
    id: ConflictId,
    decision: ConflictDecision,
    act: &StaffAct,
) -> Result<Conflict, IdentityError> {
    let reason = rules::check_reason(&act.reason).ok_or(IdentityError::ReasonInvalid)?;
    let conflict = merges::conflict(tx, id)?.ok_or(IdentityError::ConflictNotFound)?;
    if !merges::decide_conflict(tx, id, decision, act.staff)? {
        return Err(IdentityError::ConflictDecided);
    }
    let kept = conflict.kept_user_id;
    let other = conflict.other_user_id.filter(|other| *other != kept);
    match decision {
        ConflictDecision::Merged => {
            merge_by_staff(tx, accounts, (kept, other.ok_or(IdentityError::NothingToDecide)?), act)?;
        }
        ConflictDecision::KeptApart => {
            let other = other.ok_or(IdentityError::NothingToDecide)?;
            merges::keep_apart(tx, (kept, other), act.staff, &reason)?;
        }
        ConflictDecision::HandedOver => hand_over(tx, kept, other.ok_or(IdentityError::NothingToDecide)?)?,
    }
    let after = json!({ "decision": decision, "other_user_id": other });
    record(tx, act, &reason, ("user.conflict_decide", kept), after)?;
    merges::conflict(tx, id)?.ok_or(IdentityError::ConflictNotFound)
}

/// The number that one of the two holds goes to the other, whose it is by now.
fn hand_over(tx: &mut Tx<'_>, kept: UserId, other: UserId) -> Result<(), IdentityError> {
    let held = |tx: &mut Tx<'_>, user| store::identity_of(tx, user, Provider::Phone, "");
    match (held(tx, kept)?, held(tx, other)?) {
        (Some(phone), None) => store::give_identity(tx, phone.id, other)?,
        (None, Some(phone)) => store::give_identity(tx, phone.id, kept)?,
        _ => return Err(IdentityError::NothingToDecide),
    }
    Ok(())
}

/// Says what was done about something a merge brought to light.
///
/// # Errors
/// [`IdentityError::ReasonInvalid`] for a note that is missing or too long, [`IdentityError::MergeNotFound`],
/// [`IdentityError::FlagSettled`] when it is settled or not there, or the database's.
pub fn settle_flag(tx: &mut Tx<'_>, (merge, number): (MergeId, i64), act: &StaffAct) -> Result<(), IdentityError> {
    let note = rules::check_reason(&act.reason).ok_or(IdentityError::ReasonInvalid)?;
    let found = merges::find(tx, merge)?.ok_or(IdentityError::MergeNotFound)?;
    if !merges::settle_flag(tx, (merge, number), act.staff, &note)? {
        return Err(IdentityError::FlagSettled);
    }
    let after = json!({ "merge_id": merge, "flag": number });
    record(tx, act, &note, ("user.merge_flag_settle", found.kept_user_id), after)
}

fn record(
    tx: &mut Tx<'_>,
    act: &StaffAct,
    reason: &str,
    (action, user): (&str, UserId),
    after: serde_json::Value,
) -> Result<(), IdentityError> {
    let entry = AuditEntry {
        staff_id: act.staff,
        action,
        subject_kind: "user",
        subject_id: Some(user.get()),
        reason: Some(reason),
        before: None,
        after: Some(after),
        origin: &act.origin,
    };
    audit::record(tx, &entry)?;
    Ok(())
}
