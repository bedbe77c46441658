//! Taking a merge back: every row becomes what it was, as far as nobody changed it since.

use std::collections::HashMap;

use serde_json::json;

use super::StaffAct;
use crate::identity::assets::{Accounts, Clash, number, set_number};
use crate::identity::error::IdentityError;
use crate::identity::events::{USER_MERGE_UNDONE, UserMergeUndone};
use crate::identity::handover::fields_of;
use crate::identity::merge_store::{self as store, Undoing};
use crate::identity::model::{Merge, MergeId, MergeRow, RowDeed};
use crate::identity::rules;
use crate::kernel::id::UserId;
use crate::platform::db::rows::{self, Fields};
use crate::platform::db::{DbError, DbResult, Tx};
use crate::platform::events::{self, NewEvent};
use crate::staff::audit::{self, AuditEntry};

/// Takes a merge back. What came to the kept user since stays with them; the two count as two persons from now on, so
/// that the proofs that joined them do not join them again.
///
/// # Errors
/// [`IdentityError::ReasonInvalid`], [`IdentityError::MergeNotFound`], [`IdentityError::MergeUndone`],
/// [`IdentityError::MergeTooOld`], [`IdentityError::MergedFurther`], or the database's.
pub fn undo_merge(tx: &mut Tx<'_>, accounts: &Accounts, id: MergeId, act: &StaffAct) -> Result<(), IdentityError> {
    let reason = rules::check_reason(&act.reason).ok_or(IdentityError::ReasonInvalid)?;
    let merge = store::find(tx, id)?.ok_or(IdentityError::MergeNotFound)?;
    if merge.undone_at.is_some() {
        return Err(IdentityError::MergeUndone);
    }
    if merge.undoable_until <= tx.now() {
        return Err(IdentityError::MergeTooOld);
    }
    hold(tx, &merge)?;
    let sums = sums(accounts);
    let mut left_alone = 0_i64;
    for row in store::rows_backwards(tx, id)? {
        if !restore(tx, &row, &sums)? {
            left_alone = left_alone.saturating_add(1);
        }
    }
    if !store::set_undone(tx, id, &Undoing { staff: act.staff, reason: &reason, left_alone })? {
        return Err(IdentityError::MergeUndone);
    }
    for asset in accounts.assets() {
        asset.settle_undone(tx, &merge)?;
    }
    store::keep_apart(tx, (merge.kept_user_id, merge.merged_user_id), act.staff, &reason)?;
    tell(tx, &merge, act, &reason, left_alone)
}

/// Holds both; the merged one becomes a user of their own again.
fn hold(tx: &mut Tx<'_>, merge: &Merge) -> Result<(), IdentityError> {
    store::set_merged_into(tx, merge.merged_user_id, None)?;
    if store::hold_both(tx, merge.kept_user_id, merge.merged_user_id)? {
        Ok(())
    } else {
        Err(IdentityError::MergedFurther)
    }
}

/// Columns that were added up, by table.
fn sums(accounts: &Accounts) -> HashMap<&'static str, &'static [&'static str]> {
    let summed = |clash| match clash {
        Clash::Joins { sums, .. } => Some(sums),
        _ => None,
    };
    accounts.rows().filter_map(|list| Some((list.table, summed(list.clash)?))).collect()
}

/// Makes one row what it was; false when it had changed again, or its place was taken.
fn restore(tx: &mut Tx<'_>, done: &MergeRow, sums: &HashMap<&'static str, &'static [&'static str]>) -> DbResult<bool> {
    let table = done.table_name.as_str();
    let key = fields_of(&done.row_key)?;
    let before = done.before.as_deref().map(fields_of).transpose()?.unwrap_or_default();
    let after = done.after.as_deref().map(fields_of).transpose()?.unwrap_or_default();
    match done.deed {
        RowDeed::Added => Ok(rows::remove(tx, table, &key)? == 1),
        RowDeed::Removed => or_left_alone(tx.attempt(|tx| rows::put(tx, table, &before))),
        RowDeed::Changed => {
            let Some(now) = rows::matching(tx, table, &key)?.into_iter().next() else {
                return Ok(false);
            };
            let summed = sums.get(table).copied().unwrap_or_default();
            let (becomes, whole) = taken_back(&now, &before, &after, summed);
            if becomes.is_empty() {
                return Ok(whole);
            }
            Ok(or_left_alone(tx.attempt(|tx| rows::change(tx, table, &key, &becomes).map(|_| ())))? && whole)
        }
    }
}

/// A row whose place was taken meanwhile stays as it is.
fn or_left_alone(outcome: DbResult<()>) -> DbResult<bool> {
    match outcome {
        Ok(()) => Ok(true),
        Err(DbError::Unique(_) | DbError::Check(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// What the columns of a changed row become, and whether that is all of them: a column that still holds what the merge
/// left in it becomes what it was; of a sum that went on, what the merge added is taken off.
fn taken_back(now: &Fields, before: &Fields, after: &Fields, sums: &[&str]) -> (Fields, bool) {
    let mut becomes = Fields::new();
    let mut whole = true;
    for (name, left) in after {
        let was = before.get(name).cloned().flatten();
        if now.get(name) == Some(left) {
            becomes.insert(name.clone(), was);
            continue;
        }
        let numbers = (number(now, name), number(before, name), number(after, name));
        match numbers {
            (Some(is), Some(was), Some(became)) if sums.contains(&name.as_str()) => {
                let added = became.saturating_sub(was);
                set_number(&mut becomes, name, is.saturating_sub(added).max(0));
            }
            _ => whole = false,
        }
    }
    (becomes, whole)
}

fn tell(tx: &mut Tx<'_>, merge: &Merge, act: &StaffAct, reason: &str, left_alone: i64) -> Result<(), IdentityError> {
    let (kept, merged): (UserId, UserId) = (merge.kept_user_id, merge.merged_user_id);
    audit::record(
        tx,
        &AuditEntry {
            staff_id: act.staff,
            action: "user.merge_undo",
            subject_kind: "user",
            subject_id: Some(kept.get()),
            reason: Some(reason),
            before: Some(json!({ "merge_id": merge.id, "merged_user_id": merged })),
            after: Some(json!({ "left_alone": left_alone })),
            origin: &act.origin,
        },
    )?;
    let payload = UserMergeUndone { merge_id: merge.id, kept_user_id: kept, merged_user_id: merged, left_alone };
    events::record(tx, &NewEvent { name: USER_MERGE_UNDONE, version: 1, user: Some(kept), payload: &payload })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(pairs: &[(&str, &str)]) -> Fields {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), Some((*value).to_owned()))).collect()
    }

    #[test]
    fn a_column_nobody_touched_becomes_what_it_was() {
        let (before, after) = (fields(&[("user_id", "2")]), fields(&[("user_id", "1")]));
        assert_eq!(taken_back(&after, &before, &after, &[]), (before.clone(), true));
    }

    #[test]
    fn of_a_sum_that_went_on_only_what_was_added_is_taken_off() {
        let (before, after) = (fields(&[("quantity", "2")]), fields(&[("quantity", "5")]));
        let now = fields(&[("quantity", "6")]);
        assert_eq!(taken_back(&now, &before, &after, &["quantity"]), (fields(&[("quantity", "3")]), true));
        let now = fields(&[("quantity", "1")]);
        assert_eq!(taken_back(&now, &before, &after, &["quantity"]), (fields(&[("quantity", "0")]), true));
    }

    #[test]
    fn a_column_that_somebody_changed_stays_and_is_counted() {
        let (before, after) = (fields(&[("nickname", "甲")]), fields(&[("nickname", "乙")]));
        let now = fields(&[("nickname", "丙")]);
        assert_eq!(taken_back(&now, &before, &after, &[]), (Fields::new(), false));
    }
}
