//! SQL on jobs.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::{ClaimedJob, JobFailure, MAX_ATTEMPTS};
use crate::kernel::id::as_text;
use crate::kernel::page::Cursor;
use crate::kernel::retry::pause_after;
use crate::kernel::time::Timestamp;
use crate::platform::db::dialect::{self, Prepared};
use crate::platform::db::schema::jobs;
use crate::platform::db::{DbResult, Tx, columns};
use crate::stored_enum;

stored_enum! {
    /// Where a job stands.
    pub enum JobState {
        /// Waiting for its time.
        Ready = "ready",
        /// Somebody holds its lease.
        Running = "running",
        /// Succeeded.
        Done = "done",
        /// Given up; waits for staff.
        Dead = "dead",
    }
}

/// A job as staff see it.
#[derive(Debug, Clone, Queryable, Selectable, serde::Serialize, utoipa::ToSchema)]
#[diesel(table_name = jobs)]
pub struct JobRow {
    /// Its id.
    #[serde(serialize_with = "as_text")]
    #[schema(value_type = String, example = "184467440737095516")]
    pub id: i64,
    /// What is to be done.
    pub kind: String,
    /// Where it stands.
    pub state: JobState,
    /// How often it was tried.
    pub attempts: i64,
    /// When it is tried next.
    pub run_at: Timestamp,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// When it was born.
    pub created_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

pub(super) fn insert(
    tx: &mut Tx<'_>,
    kind: &str,
    dedup_key: Option<&str>,
    payload: &str,
    run_at: Timestamp,
) -> DbResult<()> {
    let (id, now) = (tx.next_id(), tx.now());
    let row = (
        jobs::id.eq(id),
        jobs::kind.eq(kind),
        jobs::dedup_key.eq(dedup_key),
        jobs::payload.eq(payload),
        jobs::state.eq(JobState::Ready),
        jobs::attempts.eq(0_i64),
        jobs::run_at.eq(run_at),
        jobs::created_at.eq(now),
    );
    crate::on_backend!(tx.conn()?, conn => {
        Prepared(diesel::insert_into(jobs::table).values(row).on_conflict_do_nothing()).execute(conn)
    })?;
    Ok(())
}

#[derive(QueryableByName)]
struct Claimed {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    payload: String,
    #[diesel(sql_type = BigInt)]
    attempts: i64,
}

/// Takes the lease of jobs that are due, and of those whose holder was heard of no more.
pub(super) fn claim(tx: &mut Tx<'_>, holder: &str, until: Timestamp, limit: i64) -> DbResult<Vec<ClaimedJob>> {
    let now = tx.now();
    let conn = tx.conn()?;
    let sql = format!(
        "UPDATE jobs SET state = 'running', attempts = attempts + 1, lease_owner = $1, lease_until = $2 WHERE id IN \
         (SELECT id FROM jobs WHERE (state = 'ready' AND run_at <= $3) OR (state = 'running' AND lease_until < $4) \
         ORDER BY run_at LIMIT $5{}) RETURNING id, kind, payload, attempts",
        dialect::skip_locked(conn)
    );
    let claimed: Vec<Claimed> = diesel::sql_query(sql)
        .bind::<Text, _>(holder)
        .bind::<BigInt, _>(until)
        .bind::<BigInt, _>(now)
        .bind::<BigInt, _>(now)
        .bind::<BigInt, _>(limit)
        .load(conn)?;
    let job = |row: Claimed| ClaimedJob { id: row.id, kind: row.kind, payload: row.payload, attempts: row.attempts };
    Ok(claimed.into_iter().map(job).collect())
}

/// Whether a job is due now; cheaper than claiming when there is none.
pub(super) fn any_due(tx: &mut Tx<'_>) -> DbResult<bool> {
    let now = tx.now();
    let of_state = |state: JobState| jobs::table.filter(jobs::state.eq(state.spelt_out())).select(jobs::id).limit(1);
    let ready = Prepared(of_state(JobState::Ready).filter(jobs::run_at.le(now)));
    if ready.get_result::<i64>(tx.conn()?).optional()?.is_some() {
        return Ok(true);
    }
    let lost = Prepared(of_state(JobState::Running).filter(jobs::lease_until.lt(now)));
    Ok(lost.get_result::<i64>(tx.conn()?).optional()?.is_some())
}

/// Notes how an attempt ended; says whether the job is dead now. Nothing happens when the lease went to somebody else.
pub(super) fn conclude(
    tx: &mut Tx<'_>,
    job: &ClaimedJob,
    holder: &str,
    result: &Result<(), JobFailure>,
) -> DbResult<bool> {
    let now = tx.now();
    let (state, error, run_at) = match result {
        Ok(()) => (JobState::Done, None, now),
        Err(JobFailure::Retry(why)) if job.attempts < MAX_ATTEMPTS => {
            (JobState::Ready, Some(why.as_str()), now.plus_millis(pause_after(job.attempts)))
        }
        Err(JobFailure::Retry(why) | JobFailure::Dead(why)) => (JobState::Dead, Some(why.as_str()), now),
    };
    let finished = (state != JobState::Ready).then_some(now);
    let mine = jobs::table
        .filter(jobs::id.eq(job.id))
        .filter(jobs::state.eq(JobState::Running))
        .filter(jobs::lease_owner.eq(holder));
    let changed = Prepared(diesel::update(mine).set((
        jobs::state.eq(state),
        jobs::last_error.eq(error),
        jobs::run_at.eq(run_at),
        jobs::finished_at.eq(finished),
        jobs::lease_owner.eq(None::<String>),
        jobs::lease_until.eq(None::<Timestamp>),
    )))
    .execute(tx.conn()?)?;
    Ok(changed == 1 && state == JobState::Dead)
}

/// Gives leases back at shutdown; the attempt does not count.
pub(super) fn give_back(tx: &mut Tx<'_>, holder: &str) -> DbResult<usize> {
    let mine = jobs::table.filter(jobs::state.eq(JobState::Running)).filter(jobs::lease_owner.eq(holder));
    Ok(Prepared(diesel::update(mine).set((
        jobs::state.eq(JobState::Ready),
        jobs::attempts.eq(jobs::attempts - 1),
        jobs::lease_owner.eq(None::<String>),
        jobs::lease_until.eq(None::<Timestamp>),
    )))
    .execute(tx.conn()?)?)
}

/// Jobs for staff to see, newest first.
///
/// # Errors
/// When the database fails.
pub fn list(tx: &mut Tx<'_>, state: Option<JobState>, after: Option<Cursor>, limit: i64) -> DbResult<Vec<JobRow>> {
    let mut query = jobs::table.select(columns::<JobRow>()).order(jobs::id.desc()).limit(limit).into_boxed();
    if let Some(state) = state {
        query = query.filter(jobs::state.eq(state));
    }
    if let Some(cursor) = after {
        query = query.filter(jobs::id.lt(cursor.id));
    }
    Ok(query.load(tx.conn()?)?)
}

/// Brings a dead job back to life; false when it was not dead.
///
/// # Errors
/// When the database fails.
pub fn retry_dead(tx: &mut Tx<'_>, id: i64) -> DbResult<bool> {
    let now = tx.now();
    let dead = jobs::table.filter(jobs::id.eq(id)).filter(jobs::state.eq(JobState::Dead));
    let changed = Prepared(diesel::update(dead).set((
        jobs::state.eq(JobState::Ready),
        jobs::attempts.eq(0_i64),
        jobs::run_at.eq(now),
        jobs::finished_at.eq(None::<Timestamp>),
    )))
    .execute(tx.conn()?)?;
    Ok(changed == 1)
}

/// How many jobs are dead.
///
/// # Errors
/// When the database fails.
pub fn count_dead(tx: &mut Tx<'_>) -> DbResult<i64> {
    Ok(jobs::table.filter(jobs::state.eq(JobState::Dead)).count().get_result(tx.conn()?)?)
}
