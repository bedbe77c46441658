//! The runner: sets sweeps, jobs and the relay going until it is told to stop.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::{Notify, watch};

use super::{ClaimedJob, JobFailure, JobHandler, Sweep, store};
use crate::kernel::time::MINUTE_MS;
use crate::platform::db::{Db, DbError, DbResult};
use crate::platform::events::Relay;

/// Jobs done at once.
const AT_ONCE: i64 = 16;
/// Rows of one sweep listed in one round.
const SWEEP_BATCH: i64 = 200;
/// How much shorter the pause is while there is something to do. There is one all the same: what comes up meanwhile is
/// done together in the next round, and a shop under load does not spend its time on looking.
const BUSY_FACTOR: u32 = 20;
/// How long a lease holds, in milliseconds; longer than any call to the outside may take.
const LEASE_MS: i64 = 2 * MINUTE_MS;

/// What is to be done in the background.
pub struct Work {
    /// Rows whose time comes.
    pub sweeps: Vec<Arc<dyn Sweep>>,
    /// Calls to the outside.
    pub handlers: Vec<Arc<dyn JobHandler>>,
    /// Events.
    pub relay: Relay,
}

/// Does background work. Cloning shares it.
#[derive(Clone)]
pub struct Runner(Arc<Inner>);

struct Inner {
    db: Db,
    sweeps: Vec<Arc<dyn Sweep>>,
    handlers: HashMap<&'static str, Arc<dyn JobHandler>>,
    relay: Relay,
    holder: String,
    poke: Arc<Notify>,
}

impl Runner {
    /// A runner of this work. `poke` wakes it before its timer does.
    pub fn new(db: Db, work: Work, poke: Arc<Notify>) -> Self {
        let handlers = work.handlers.into_iter().map(|handler| (handler.kind(), handler)).collect();
        let holder = format!("{:032x}", rand::random::<u128>());
        Self(Arc::new(Inner { db, sweeps: work.sweeps, handlers, relay: work.relay, holder, poke }))
    }

    /// What is looked for at each round.
    #[cfg(test)]
    pub(crate) fn sweeps(&self) -> Vec<Arc<dyn Sweep>> {
        self.0.sweeps.clone()
    }

    /// Works until `stop` turns true, looking every `pause` and whenever poked; then gives its leases back.
    pub async fn run(&self, pause: Duration, mut stop: watch::Receiver<bool>) {
        loop {
            let done = self.round().await.unwrap_or_else(|error| {
                tracing::warn!(%error, "a round of background work failed; the next one tries again");
                0
            });
            if *stop.borrow() {
                break;
            }
            let rest = if done == 0 { pause } else { pause / BUSY_FACTOR };
            tokio::select! {
                () = tokio::time::sleep(rest) => {}
                () = self.0.poke.notified() => {}
                _ = stop.changed() => break,
            }
        }
        let holder = self.0.holder.clone();
        if let Err(error) = self.0.db.write("jobs.give_back", move |tx| store::give_back(tx, &holder)).await {
            tracing::warn!(%error, "leases could not be given back; they run out by themselves");
        }
    }

    /// Works until nothing more is due. For tests and for the end of a demo.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn work_until_idle(&self) -> DbResult<()> {
        while self.round().await? > 0 {}
        Ok(())
    }

    /// One round of everything; says how much was done.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn round(&self) -> DbResult<usize> {
        // At once, so that many events hold up neither what is due nor calls to the outside.
        let due = async {
            let mut done = 0;
            for sweep in &self.0.sweeps {
                done += self.sweep(sweep).await?;
            }
            Ok::<_, DbError>(done + self.jobs().await?)
        };
        let (delivered, done) = tokio::join!(self.0.relay.round(), due);
        Ok(delivered? + done?)
    }

    async fn sweep(&self, sweep: &Arc<dyn Sweep>) -> DbResult<usize> {
        let listing = Arc::clone(sweep);
        let due = self.0.db.read("sweep.due", move |tx| listing.due(tx, SWEEP_BATCH)).await?;
        let mut settled = 0;
        for id in due {
            let settling = Arc::clone(sweep);
            match self.0.db.write(sweep.name(), move |tx| settling.settle(tx, id)).await {
                Ok(()) => settled += 1,
                // One stuck row must not hold up the others.
                Err(error) => tracing::warn!(sweep = sweep.name(), id, %error, "a row could not be settled"),
            }
        }
        Ok(settled)
    }

    async fn jobs(&self) -> DbResult<usize> {
        if !self.0.db.read("jobs.any_due", store::any_due).await? {
            return Ok(0);
        }
        let holder = self.0.holder.clone();
        let claim = move |tx: &mut crate::platform::db::Tx<'_>| {
            let until = tx.now().plus_millis(LEASE_MS);
            store::claim(tx, &holder, until, AT_ONCE)
        };
        let claimed = self.0.db.write("jobs.claim", claim).await?;
        let results = join_all(claimed.into_iter().map(|job| self.do_one(job))).await;
        let count = results.len();
        results.into_iter().collect::<DbResult<Vec<()>>>()?;
        Ok(count)
    }

    async fn do_one(&self, job: ClaimedJob) -> DbResult<()> {
        let result = match self.0.handlers.get(job.kind.as_str()) {
            Some(handler) => handler.run(&job).await,
            None => Err(JobFailure::Dead("nobody knows how to do this kind of job".to_owned())),
        };
        let (holder, kind, id) = (self.0.holder.clone(), job.kind.clone(), job.id);
        if let Err(JobFailure::Retry(why) | JobFailure::Dead(why)) = &result {
            tracing::warn!(job = id, kind, attempt = job.attempts, why, "a job failed");
        }
        let conclude = move |tx: &mut crate::platform::db::Tx<'_>| store::conclude(tx, &job, &holder, &result);
        if self.0.db.write("jobs.conclude", conclude).await? {
            metrics::counter!("hourglass_jobs_dead_total", "kind" => kind.clone()).increment(1);
            tracing::error!(job = id, kind, "a job is dead; staff must look at it");
        }
        Ok(())
    }
}
