//! Gifts of staff to many users at once.

use diesel::prelude::*;

use crate::coupon::model::{CouponTemplateId, GrantRun, GrantRunId, TargetState};
use crate::kernel::id::{StaffId, UserId};
use crate::kernel::page::Cursor;
use crate::on_backend;
use crate::platform::db::schema::{coupon_grant_runs as runs, coupon_grant_targets as targets};
use crate::platform::db::{DbResult, Tx, columns};

/// Targets written by one statement.
const AT_ONCE: usize = 1_000;

/// Writes a gift; false when the same request wrote it before.
pub(in crate::coupon) fn insert_run(tx: &mut Tx<'_>, run: &GrantRun) -> DbResult<bool> {
    let written = on_backend!(tx.conn()?, conn => {
        diesel::insert_into(runs::table).values(run).on_conflict_do_nothing().execute(conn)
    })?;
    Ok(written == 1)
}

/// The gift that a member of staff asked for under this key.
pub(in crate::coupon) fn run_under(tx: &mut Tx<'_>, staff: StaffId, key: &str) -> DbResult<Option<GrantRunId>> {
    let asked = runs::table.filter(runs::staff_id.eq(staff)).filter(runs::request_key.eq(key));
    Ok(asked.select(runs::id).first(tx.conn()?).optional()?)
}

#[derive(Insertable)]
#[diesel(table_name = targets, treat_none_as_default_value = false)]
struct TargetRow {
    run_id: GrantRunId,
    user_id: UserId,
    state: TargetState,
    refusal: Option<String>,
}

/// Writes whom a run is for.
pub(in crate::coupon) fn insert_targets(tx: &mut Tx<'_>, run: GrantRunId, users: &[UserId]) -> DbResult<()> {
    let row = |user: &UserId| TargetRow { run_id: run, user_id: *user, state: TargetState::Waiting, refusal: None };
    for part in users.chunks(AT_ONCE) {
        let rows: Vec<TargetRow> = part.iter().map(row).collect();
        on_backend!(tx.conn()?, conn => diesel::insert_into(targets::table).values(&rows).execute(conn))?;
    }
    Ok(())
}

pub(in crate::coupon) fn find_run(tx: &mut Tx<'_>, id: GrantRunId) -> DbResult<Option<GrantRun>> {
    Ok(runs::table.find(id).select(columns::<GrantRun>()).first(tx.conn()?).optional()?)
}

/// Lets a gift begin; false when it has begun already.
pub(in crate::coupon) fn agree_to_run(tx: &mut Tx<'_>, id: GrantRunId) -> DbResult<bool> {
    let now = tx.now();
    let waiting = runs::table.find(id).filter(runs::agreed_at.is_null());
    Ok(diesel::update(waiting).set(runs::agreed_at.eq(Some(now))).execute(tx.conn()?)? == 1)
}

/// Whom a run has not looked at yet, by id.
pub(in crate::coupon) fn waiting_targets(tx: &mut Tx<'_>, run: GrantRunId, limit: i64) -> DbResult<Vec<UserId>> {
    let waiting = targets::table.filter(targets::run_id.eq(run)).filter(targets::state.eq(TargetState::Waiting));
    Ok(waiting.order(targets::user_id).limit(limit).select(targets::user_id).load(tx.conn()?)?)
}

/// Notes what became of a target; false when that is known already.
pub(in crate::coupon) fn settle_target(
    tx: &mut Tx<'_>,
    run: GrantRunId,
    user: UserId,
    refusal: Option<&str>,
) -> DbResult<bool> {
    let state = if refusal.is_none() { TargetState::Granted } else { TargetState::Refused };
    let waiting = targets::table.find((run, user)).filter(targets::state.eq(TargetState::Waiting));
    let settling = diesel::update(waiting).set((targets::state.eq(state), targets::refusal.eq(refusal)));
    Ok(settling.execute(tx.conn()?)? == 1)
}

/// Notes that everybody was looked at.
pub(in crate::coupon) fn finish_run(tx: &mut Tx<'_>, id: GrantRunId) -> DbResult<()> {
    let now = tx.now();
    let unfinished = runs::table.find(id).filter(runs::finished_at.is_null());
    diesel::update(unfinished).set(runs::finished_at.eq(Some(now))).execute(tx.conn()?)?;
    Ok(())
}

/// How far a run got: how many are in each state, and why not by code.
#[derive(Clone, Debug, Default)]
pub(in crate::coupon) struct RunProgress {
    pub(in crate::coupon) waiting: i64,
    pub(in crate::coupon) granted: i64,
    pub(in crate::coupon) refused: Vec<(String, i64)>,
}

pub(in crate::coupon) fn progress_of(tx: &mut Tx<'_>, id: GrantRunId) -> DbResult<RunProgress> {
    let counted: Vec<(TargetState, Option<String>, i64)> = targets::table
        .filter(targets::run_id.eq(id))
        .group_by((targets::state, targets::refusal))
        .select((targets::state, targets::refusal, diesel::dsl::count_star()))
        .load(tx.conn()?)?;
    let mut progress = RunProgress::default();
    for (state, refusal, count) in counted {
        match state {
            TargetState::Waiting => progress.waiting = progress.waiting.saturating_add(count),
            TargetState::Granted => progress.granted = progress.granted.saturating_add(count),
            TargetState::Refused => progress.refused.push((refusal.unwrap_or_default(), count)),
        }
    }
    progress.refused.sort();
    Ok(progress)
}

/// Gifts of a template, or all, newest first.
pub(in crate::coupon) fn runs_of(
    tx: &mut Tx<'_>,
    template: Option<CouponTemplateId>,
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<Vec<GrantRun>> {
    let mut query = runs::table.select(columns::<GrantRun>()).order(runs::id.desc()).limit(limit).into_boxed();
    if let Some(template) = template {
        query = query.filter(runs::template_id.eq(template));
    }
    if let Some(cursor) = after {
        query = query.filter(runs::id.lt(cursor.id));
    }
    Ok(query.load(tx.conn()?)?)
}
