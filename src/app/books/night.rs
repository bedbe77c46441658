//! The nightly look at the books: our own checks, then the provider's book, some rows at a time.
//!
//! A night begins by itself at an hour of the shop's zone, once a day, and at most a few hours late: it reads everything,
//! which a shop should not have to bear by day. It covers the money of the days since the night before. What it finds is
//! stored, written to the log as an error and counted, so that somebody is told.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};

use super::store::{self, Findings};
use super::{CheckView, look};
use crate::kernel::day::Day;
use crate::kernel::time::{DAY_MS, Timestamp, Window};
use crate::payment::{Cashier, Compared};
use crate::platform::db::{Db, DbResult, Tx, schema};
use crate::platform::jobs::{self, ClaimedJob, JobFailure, JobHandler, NewJob, Sweep, Work};

/// The kind of job that does one step of a night.
const NIGHT_JOB: &str = "books.night";
/// For how many hours after its own a night may still begin.
const HOURS_LATE: i64 = 4;
/// The longest span one night covers, when nights were missed.
const LONGEST_SPAN_MS: i64 = 7 * DAY_MS;
/// Rows compared in one step; a step must end before its lease does, even when the provider is slow.
const STEP: i64 = 50;
/// After so many tries a silent provider is written down as such.
const PATIENCE: i64 = 5;

crate::stored_enum! {
    /// How far a night has come.
    pub enum NightStage {
        /// The shop's own checks.
        Own = "own",
        /// The provider is asked about attempts.
        Attempts = "attempts",
        /// The provider is asked about refunds.
        Refunds = "refunds",
        /// Over.
        Finished = "finished",
    }
}

/// One nightly look at the books.
#[derive(Debug, Clone, PartialEq, Eq, diesel::Queryable, diesel::Selectable, diesel::Insertable)]
#[diesel(table_name = schema::books_nights, treat_none_as_default_value = false)]
pub(super) struct Night {
    pub(super) id: i64,
    pub(super) day: Day,
    pub(super) stage: NightStage,
    pub(super) position: i64,
    pub(super) covers_from: Timestamp,
    pub(super) covers_until: Timestamp,
    pub(super) compared: i64,
    pub(super) differences: i64,
    pub(super) started_at: Timestamp,
    pub(super) finished_at: Option<Timestamp>,
}

/// The same background work and the nights, which begin at this hour of the shop's day, 0 to 23.
pub fn with_nights(mut work: Work, hour: i64, db: &Db, cashier: &Cashier) -> Work {
    work.sweeps.push(Arc::new(BeginNight(hour)));
    work.handlers.push(Arc::new(TakeNightStep { db: db.clone(), cashier: cashier.clone() }));
    work
}

/// Begins a night when its hour has come.
#[derive(Debug, Clone, Copy)]
struct BeginNight(i64);

impl BeginNight {
    /// The day whose night should be under way now.
    fn due_day(self, tx: &Tx<'_>) -> Option<Day> {
        let late = tx.zone().hour_of(tx.now()).checked_sub(self.0)?;
        (0..HOURS_LATE).contains(&late).then(|| tx.today())
    }
}

impl Sweep for BeginNight {
    fn name(&self) -> &'static str {
        "books.begin_night"
    }

    fn due(&self, tx: &mut Tx<'_>, _limit: i64) -> DbResult<Vec<i64>> {
        let now = tx.now();
        match self.due_day(tx) {
            Some(day) if !store::has_night(tx, day)? => Ok(vec![now.millis()]),
            _ => Ok(Vec::new()),
        }
    }

    fn settle(&self, tx: &mut Tx<'_>, _id: i64) -> DbResult<()> {
        let now = tx.now();
        let Some(day) = self.due_day(tx) else { return Ok(()) };
        let covers_until = tx.zone().start_of(day);
        let before = store::covered_until(tx)?.unwrap_or(covers_until.plus_millis(-DAY_MS));
        let covers_from = before.max(covers_until.plus_millis(-LONGEST_SPAN_MS));
        let night = Night {
            id: tx.next_id(),
            day,
            stage: NightStage::Own,
            position: 0,
            covers_from,
            covers_until,
            compared: 0,
            differences: 0,
            started_at: now,
            finished_at: None,
        };
        if store::begin(tx, &night)? { let_step_follow(tx, &night) } else { Ok(()) }
    }
}

/// Which night a job takes a step of.
#[derive(Debug, Serialize, Deserialize)]
struct NightJob {
    night_id: i64,
}

fn let_step_follow(tx: &mut Tx<'_>, night: &Night) -> DbResult<()> {
    let dedup_key = Some(format!("{NIGHT_JOB}:{}:{}:{}", night.id, night.stage, night.position));
    let run_at = tx.now();
    jobs::enqueue(tx, &NewJob { kind: NIGHT_JOB, dedup_key, payload: &NightJob { night_id: night.id }, run_at })
}

/// Takes one step of a night.
struct TakeNightStep {
    db: Db,
    cashier: Cashier,
}

impl TakeNightStep {
    async fn step(&self, job: &ClaimedJob) -> Result<(), JobFailure> {
        let wanted: NightJob =
            serde_json::from_str(&job.payload).map_err(|error| JobFailure::Dead(error.to_string()))?;
        let found = self.db.read("books.night", move |tx| store::night(tx, wanted.night_id)).await?;
        let Some(night) = found else { return Ok(()) };
        let span = Window { from: Some(night.covers_from), to: Some(night.covers_until) };
        let (stage, position, findings) = match night.stage {
            NightStage::Own => {
                let checked = self.db.survey("books.look", look).await?;
                (NightStage::Attempts, 0, own_findings(checked))
            }
            NightStage::Attempts => {
                let compared = self.cashier.compare_attempts(span, night.position, STEP).await?;
                after(compared, job.attempts, NightStage::Attempts, NightStage::Refunds)?
            }
            NightStage::Refunds => {
                let compared = self.cashier.compare_refunds(span, night.position, STEP).await?;
                after(compared, job.attempts, NightStage::Refunds, NightStage::Finished)?
            }
            NightStage::Finished => return Ok(()),
        };
        let advance = move |tx: &mut Tx<'_>| {
            if store::advance(tx, &night, stage, position, &findings)? && stage != NightStage::Finished {
                let_step_follow(tx, &Night { stage, position, ..night.clone() })?;
            }
            store::night(tx, night.id)
        };
        let after = self.db.write("books.night_step", advance).await?;
        if let Some(night) = after.filter(|night| night.stage == NightStage::Finished) {
            tell(&night);
        }
        Ok(())
    }
}

impl JobHandler for TakeNightStep {
    fn kind(&self) -> &'static str {
        NIGHT_JOB
    }

    fn run<'a>(&'a self, job: &'a ClaimedJob) -> BoxFuture<'a, Result<(), JobFailure>> {
        Box::pin(self.step(job))
    }
}

fn own_findings(checks: Vec<CheckView>) -> Findings {
    let line = |check: CheckView| check.differences.into_iter().map(move |difference| (check.name, difference));
    Findings { compared: 0, differences: checks.into_iter().flat_map(line).collect() }
}

/// Where a night goes from what the provider answered: on in the same stage while there are rows, else to the next.
fn after(
    compared: Compared,
    tries: i64,
    stage: NightStage,
    next: NightStage,
) -> Result<(NightStage, i64, Findings), JobFailure> {
    if !compared.unanswered.is_empty() && tries < PATIENCE {
        return Err(JobFailure::Retry(compared.unanswered.join("; ")));
    }
    let silent = compared.unanswered.into_iter().map(|line| format!("G3 the provider gave no answer about {line}"));
    let lines = compared.differences.into_iter().chain(silent).map(|line| ("provider", line));
    let findings = Findings { compared: compared.asked, differences: lines.collect() };
    let (stage, position) = compared.last.map_or((next, 0), |last| (stage, last));
    Ok((stage, position, findings))
}

/// Says aloud how a night ended.
fn tell(night: &Night) {
    let balanced = night.differences == 0;
    metrics::counter!("hourglass_books_nights_total", "balanced" => balanced.to_string()).increment(1);
    if balanced {
        tracing::info!(day = %night.day, compared = night.compared, "the books balance");
    } else {
        let found = u64::try_from(night.differences).unwrap_or_default();
        metrics::counter!("hourglass_books_differences_total").increment(found);
        tracing::error!(
            day = %night.day,
            differences = night.differences,
            "the books do not balance; GET /admin/v1/books"
        );
    }
}
