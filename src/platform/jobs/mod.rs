//! Background work.
//!
//! A **sweep** lists what is due by a column and settles one row per transaction after looking again. A **job** is a
//! row born in the transaction that causes it, for a call to the outside: claimed with a lease, called with no
//! transaction open, completed; tried again with growing pauses up to a ceiling, and then a visible dead letter. Timers
//! and pokes set both going; any number of processes may.
//!
//! Owns `jobs` and `leases`.

mod runner;
mod store;

pub use runner::{Runner, Work};
pub use store::{JobRow, JobState, count_dead, list, retry_dead};

use futures_util::future::BoxFuture;
use serde::Serialize;

use crate::kernel::time::Timestamp;
use crate::platform::db::{DbError, DbResult, Tx};

/// How often a job is tried before it is dead.
pub const MAX_ATTEMPTS: i64 = 15;

/// A job about to be born.
#[derive(Debug)]
pub struct NewJob<'a, P> {
    /// What is to be done, such as `payment.refund`.
    pub kind: &'static str,
    /// A job with the same key is born once only.
    pub dedup_key: Option<String>,
    /// What with.
    pub payload: &'a P,
    /// Not before this moment.
    pub run_at: Timestamp,
}

/// A job that this process holds the lease of.
#[derive(Debug, Clone)]
pub struct ClaimedJob {
    /// Its id.
    pub id: i64,
    /// What is to be done.
    pub kind: String,
    /// JSON.
    pub payload: String,
    /// Which attempt this is, from 1.
    pub attempts: i64,
}

/// Why a job did not succeed. The text is for staff and the log.
#[derive(Debug)]
pub enum JobFailure {
    /// Try again later.
    Retry(String),
    /// Trying again would not help.
    Dead(String),
}

impl From<DbError> for JobFailure {
    fn from(error: DbError) -> Self {
        Self::Retry(error.to_string())
    }
}

/// Does jobs of one kind.
pub trait JobHandler: Send + Sync {
    /// Which kind.
    fn kind(&self) -> &'static str;

    /// Does one. It may be done again after a crash, so it must be idempotent.
    fn run<'a>(&'a self, job: &'a ClaimedJob) -> BoxFuture<'a, Result<(), JobFailure>>;
}

/// Settles rows whose time has come.
pub trait Sweep: Send + Sync {
    /// For logs and metrics.
    fn name(&self) -> &'static str;

    /// Ids of rows that are due now, at most `limit`.
    ///
    /// # Errors
    /// The database's.
    fn due(&self, tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<i64>>;

    /// Settles one after looking again: another process may have been faster, and that is no error.
    ///
    /// # Errors
    /// The database's; the row is offered again.
    fn settle(&self, tx: &mut Tx<'_>, id: i64) -> DbResult<()>;
}

/// Lets a job be born with this transaction.
///
/// # Errors
/// When the payload is no JSON or the database fails.
pub fn enqueue<P: Serialize>(tx: &mut Tx<'_>, job: &NewJob<'_, P>) -> DbResult<()> {
    let payload = serde_json::to_string(job.payload).map_err(|error| DbError::Defect(error.to_string()))?;
    store::insert(tx, job.kind, job.dedup_key.as_deref(), &payload, job.run_at)
}
