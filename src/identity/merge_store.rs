//! All SQL on merges of users, what they did to which row, and what they brought to light.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable};

use super::model::{Conflict, ConflictDecision, ConflictId, Merge, MergeFlag, MergeId, MergeRow};
use crate::kernel::id::{StaffId, UserId};
use crate::kernel::page::Cursor;
use crate::kernel::time::Timestamp;
use crate::on_backend;
use crate::platform::db::dialect::{Prepared, for_update};
use crate::platform::db::schema::{
    account_merge_flags as flags, account_merge_rows as rows, account_merges as merges, accounts_apart as apart,
    identity_conflicts as conflicts, users,
};
use crate::platform::db::{DbResult, Tx};

#[derive(QueryableByName)]
struct Held {
    #[diesel(sql_type = Nullable<BigInt>)]
    merged_into: Option<UserId>,
}

/// Holds two users until the end of the transaction, so that nothing is written for either meanwhile that refers to
/// them; false when one of them is not there or is part of another already.
pub(super) fn hold_both(tx: &mut Tx<'_>, one: UserId, other: UserId) -> DbResult<bool> {
    let conn = tx.conn()?;
    let sql = format!("SELECT merged_into FROM users WHERE id = $1 OR id = $2 ORDER BY id{}", for_update(conn));
    let held: Vec<Held> = diesel::sql_query(sql).bind::<BigInt, _>(one).bind::<BigInt, _>(other).load(conn)?;
    Ok(held.len() == 2 && held.iter().all(|user| user.merged_into.is_none()))
}

/// Says into whom a user was merged, or that they are themselves again.
pub(super) fn set_merged_into(tx: &mut Tx<'_>, user: UserId, into: Option<UserId>) -> DbResult<()> {
    let now = tx.now();
    diesel::update(users::table.find(user))
        .set((users::merged_into.eq(into), users::updated_at.eq(now)))
        .execute(tx.conn()?)?;
    Ok(())
}

/// Into whom a user was merged.
pub(super) fn merged_into(tx: &mut Tx<'_>, user: UserId) -> DbResult<Option<UserId>> {
    let found: Option<Option<UserId>> =
        users::table.find(user).select(users::merged_into).first(tx.conn()?).optional()?;
    Ok(found.flatten())
}

/// Every user who is part of another, with that other.
pub(super) fn all_merged(tx: &mut Tx<'_>) -> DbResult<Vec<(UserId, UserId)>> {
    let part = users::table.filter(users::merged_into.is_not_null()).select((users::id, users::merged_into));
    let found: Vec<(UserId, Option<UserId>)> = part.load(tx.conn()?)?;
    Ok(found.into_iter().filter_map(|(user, into)| Some((user, into?))).collect())
}

pub(super) fn insert(tx: &mut Tx<'_>, merge: &Merge) -> DbResult<()> {
    diesel::insert_into(merges::table).values(merge).execute(tx.conn()?)?;
    Ok(())
}

pub(super) fn find(tx: &mut Tx<'_>, id: MergeId) -> DbResult<Option<Merge>> {
    Ok(merges::table.find(id).select(Merge::as_select()).first(tx.conn()?).optional()?)
}

/// Merges, newest first.
pub(super) fn list(
    tx: &mut Tx<'_>,
    user: Option<UserId>,
    flagged: bool,
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<Vec<Merge>> {
    let mut query = merges::table.select(Merge::as_select()).into_boxed();
    if let Some(user) = user {
        query = query.filter(merges::kept_user_id.eq(user).or(merges::merged_user_id.eq(user)));
    }
    if flagged {
        let open = flags::table.filter(flags::settled_at.is_null()).select(flags::merge_id);
        query = query.filter(merges::id.eq_any(open));
    }
    if let Some(cursor) = after {
        query = query.filter(merges::id.lt(cursor.id));
    }
    Ok(query.order(merges::id.desc()).limit(limit.saturating_add(1)).load(tx.conn()?)?)
}

/// What is said of a merge that is taken back.
pub(super) struct Undoing<'a> {
    pub(super) staff: StaffId,
    pub(super) reason: &'a str,
    pub(super) left_alone: i64,
}

/// Says that a merge was taken back; false when it had been.
pub(super) fn set_undone(tx: &mut Tx<'_>, id: MergeId, undoing: &Undoing<'_>) -> DbResult<bool> {
    let now = tx.now();
    let standing = merges::table.find(id).filter(merges::undone_at.is_null());
    let changed = diesel::update(standing)
        .set((
            merges::undone_at.eq(Some(now)),
            merges::undone_by.eq(Some(undoing.staff)),
            merges::undo_reason.eq(Some(undoing.reason)),
            merges::left_alone.eq(Some(undoing.left_alone)),
            merges::follow_at.eq(None::<Timestamp>),
        ))
        .execute(tx.conn()?)?;
    Ok(changed == 1)
}

/// Merges after which it is time to bring along what came late.
pub(super) fn due_to_follow(tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<MergeId>> {
    let now = tx.now();
    let due = merges::table.filter(merges::follow_at.is_not_null()).filter(merges::follow_at.le(now));
    Ok(due.order(merges::follow_at).limit(limit).select(merges::id).load(tx.conn()?)?)
}

/// Says when to bring along what came late next; false when another did so since `seen`.
pub(super) fn set_follow_at(
    tx: &mut Tx<'_>,
    id: MergeId,
    seen: Option<Timestamp>,
    next: Option<Timestamp>,
) -> DbResult<bool> {
    let standing = merges::table.find(id).filter(merges::undone_at.is_null()).filter(merges::follow_at.eq(seen));
    Ok(diesel::update(standing).set(merges::follow_at.eq(next)).execute(tx.conn()?)? == 1)
}

pub(super) fn insert_row(tx: &mut Tx<'_>, row: &MergeRow) -> DbResult<()> {
    Prepared(diesel::insert_into(rows::table).values(row)).execute(tx.conn()?)?;
    Ok(())
}

/// What a merge did, the last first.
pub(super) fn rows_backwards(tx: &mut Tx<'_>, merge: MergeId) -> DbResult<Vec<MergeRow>> {
    let query = rows::table.filter(rows::merge_id.eq(merge)).order(rows::number.desc());
    Ok(query.select(MergeRow::as_select()).load(tx.conn()?)?)
}

/// How many rows of each table a merge changed.
pub(super) fn counts_of(tx: &mut Tx<'_>, merge: MergeId) -> DbResult<Vec<(String, i64)>> {
    let query = rows::table.filter(rows::merge_id.eq(merge)).group_by(rows::table_name).order(rows::table_name);
    Ok(query.select((rows::table_name, diesel::dsl::count_star())).load(tx.conn()?)?)
}

pub(super) fn last_row(tx: &mut Tx<'_>, merge: MergeId) -> DbResult<i64> {
    let last: Option<i64> =
        rows::table.filter(rows::merge_id.eq(merge)).select(diesel::dsl::max(rows::number)).first(tx.conn()?)?;
    Ok(last.unwrap_or_default())
}

pub(super) fn last_flag(tx: &mut Tx<'_>, merge: MergeId) -> DbResult<i64> {
    let last: Option<i64> =
        flags::table.filter(flags::merge_id.eq(merge)).select(diesel::dsl::max(flags::number)).first(tx.conn()?)?;
    Ok(last.unwrap_or_default())
}

pub(super) fn insert_flag(tx: &mut Tx<'_>, flag: &MergeFlag) -> DbResult<()> {
    diesel::insert_into(flags::table).values(flag).execute(tx.conn()?)?;
    Ok(())
}

pub(super) fn has_flag(tx: &mut Tx<'_>, merge: MergeId, code: &str, table: &str, row_key: &str) -> DbResult<bool> {
    let same = flags::table
        .filter(flags::merge_id.eq(merge))
        .filter(flags::code.eq(code))
        .filter(flags::table_name.eq(table))
        .filter(flags::row_key.eq(row_key));
    Ok(same.select(flags::number).first::<i64>(tx.conn()?).optional()?.is_some())
}

pub(super) fn flags_of(tx: &mut Tx<'_>, merge: MergeId) -> DbResult<Vec<MergeFlag>> {
    let query = flags::table.filter(flags::merge_id.eq(merge)).order(flags::number);
    Ok(query.select(MergeFlag::as_select()).load(tx.conn()?)?)
}

/// Says what was done about a flag; false when it is settled or not there.
pub(super) fn settle_flag(
    tx: &mut Tx<'_>,
    (merge, number): (MergeId, i64),
    staff: StaffId,
    note: &str,
) -> DbResult<bool> {
    let now = tx.now();
    let open = flags::table.find((merge, number)).filter(flags::settled_at.is_null());
    let settled = diesel::update(open)
        .set((flags::settled_at.eq(Some(now)), flags::settled_by.eq(Some(staff)), flags::note.eq(Some(note))))
        .execute(tx.conn()?)?;
    Ok(settled == 1)
}

/// Declares two users to be two persons; saying so again changes nothing.
pub(super) fn keep_apart(
    tx: &mut Tx<'_>,
    (one, other): (UserId, UserId),
    staff: StaffId,
    reason: &str,
) -> DbResult<()> {
    let now = tx.now();
    let row = (
        apart::lower_user_id.eq(one.min(other)),
        apart::higher_user_id.eq(one.max(other)),
        apart::staff_id.eq(staff),
        apart::reason.eq(reason),
        apart::at.eq(now),
    );
    on_backend!(tx.conn()?, conn => {
        diesel::insert_into(apart::table).values(row).on_conflict_do_nothing().execute(conn)
    })?;
    Ok(())
}

/// Whether staff declared two users to be two persons.
pub(super) fn are_apart(tx: &mut Tx<'_>, one: UserId, other: UserId) -> DbResult<bool> {
    let found = apart::table.find((one.min(other), one.max(other))).select(apart::at);
    Ok(found.first::<Timestamp>(tx.conn()?).optional()?.is_some())
}

/// Takes back that two users are two persons.
pub(super) fn bring_near(tx: &mut Tx<'_>, one: UserId, other: UserId) -> DbResult<()> {
    diesel::delete(apart::table.find((one.min(other), one.max(other)))).execute(tx.conn()?)?;
    Ok(())
}

pub(super) fn conflict(tx: &mut Tx<'_>, id: ConflictId) -> DbResult<Option<Conflict>> {
    Ok(conflicts::table.find(id).select(Conflict::as_select()).first(tx.conn()?).optional()?)
}

/// Says what staff decided about a conflict; false when it was decided before.
pub(super) fn decide_conflict(
    tx: &mut Tx<'_>,
    id: ConflictId,
    decision: ConflictDecision,
    staff: StaffId,
) -> DbResult<bool> {
    let now = tx.now();
    let open = conflicts::table.find(id).filter(conflicts::decision.is_null());
    let decided = diesel::update(open)
        .set((
            conflicts::decision.eq(Some(decision)),
            conflicts::decided_at.eq(Some(now)),
            conflicts::decided_by.eq(Some(staff)),
        ))
        .execute(tx.conn()?)?;
    Ok(decided == 1)
}

/// Users who may be the same person as `user`: a conflict speaks of both, and staff did not declare them two.
pub(super) fn perhaps_the_same(tx: &mut Tx<'_>, user: UserId) -> DbResult<Vec<UserId>> {
    let of_both = conflicts::kept_user_id.eq(user).or(conflicts::other_user_id.eq(user));
    let undecided = conflicts::table.filter(of_both).filter(conflicts::decision.is_null());
    let pairs: Vec<(UserId, Option<UserId>)> =
        undecided.select((conflicts::kept_user_id, conflicts::other_user_id)).load(tx.conn()?)?;
    let mut found: Vec<UserId> =
        pairs.into_iter().flat_map(|(kept, other)| [Some(kept), other]).flatten().filter(|id| *id != user).collect();
    found.sort_unstable();
    found.dedup();
    let mut perhaps = Vec::with_capacity(found.len());
    for other in found {
        if !are_apart(tx, user, other)? {
            perhaps.push(other);
        }
    }
    Ok(perhaps)
}

/// Says that a user's person asked to be forgotten; false when they had been.
pub(super) fn set_erased(tx: &mut Tx<'_>, user: UserId, nickname: &str) -> DbResult<bool> {
    let now = tx.now();
    let there = users::table.find(user).filter(users::erased_at.is_null());
    let erased = diesel::update(there)
        .set((
            users::erased_at.eq(Some(now)),
            users::updated_at.eq(now),
            users::nickname.eq(nickname),
            users::avatar.eq(None::<String>),
            users::state.eq(super::model::UserState::Blocked),
        ))
        .execute(tx.conn()?)?;
    Ok(erased == 1)
}

/// Forgets what merges into or of a user wrote down, which tells who they were; they can no longer be taken back.
pub(super) fn forget_merges(tx: &mut Tx<'_>, user: UserId) -> DbResult<()> {
    let now = tx.now();
    let concerned = || merges::kept_user_id.eq(user).or(merges::merged_user_id.eq(user));
    let ids: Vec<MergeId> = merges::table.filter(concerned()).select(merges::id).load(tx.conn()?)?;
    diesel::delete(rows::table.filter(rows::merge_id.eq_any(ids))).execute(tx.conn()?)?;
    diesel::update(merges::table.filter(concerned())).set(merges::undoable_until.eq(now)).execute(tx.conn()?)?;
    Ok(())
}
