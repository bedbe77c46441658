//! Background work of payment: questions to the provider, refunds on their way, notices left behind.

use futures_util::future::BoxFuture;
use serde::de::DeserializeOwned;

use crate::payment::model::{AttemptId, NoticeId, RefundId};
use crate::payment::service::{
    ATTEMPT_JOB, AttemptJob, Cashier, REFUND_JOB, RefundJob, Wanted, apply_stored, ask_due_attempt, ask_due_refund,
};
use crate::payment::store;
use crate::platform::db::{DbResult, Tx};
use crate::platform::jobs::{ClaimedJob, JobFailure, JobHandler, Sweep};

/// Attempts whose turn it is to be asked about.
#[derive(Debug, Clone, Copy)]
pub struct AttemptsToAsk;

/// Refunds whose turn it is to be sent again or asked about.
#[derive(Debug, Clone, Copy)]
pub struct RefundsToAsk;

/// Notices that were received but could not be applied.
#[derive(Clone)]
pub struct NoticesToApply(pub Cashier);

/// Asks the provider how an attempt stands.
#[derive(Clone)]
pub struct AskAboutAttempt(pub Cashier);

/// Carries a refund to the provider, or asks about it.
#[derive(Clone)]
pub struct CarryRefund(pub Cashier);

impl Sweep for AttemptsToAsk {
    fn name(&self) -> &'static str {
        "payment.attempts_to_ask"
    }

    fn due(&self, tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<i64>> {
        store::attempts::due(tx, limit)
    }

    fn settle(&self, tx: &mut Tx<'_>, id: i64) -> DbResult<()> {
        ask_due_attempt(tx, AttemptId::new(id))
    }
}

impl Sweep for RefundsToAsk {
    fn name(&self) -> &'static str {
        "payment.refunds_to_ask"
    }

    fn due(&self, tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<i64>> {
        store::refunds::due(tx, limit)
    }

    fn settle(&self, tx: &mut Tx<'_>, id: i64) -> DbResult<()> {
        ask_due_refund(tx, RefundId::new(id))
    }
}

impl Sweep for NoticesToApply {
    fn name(&self) -> &'static str {
        "payment.notices_to_apply"
    }

    fn due(&self, tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<i64>> {
        store::notices::unapplied(tx, limit)
    }

    fn settle(&self, tx: &mut Tx<'_>, id: i64) -> DbResult<()> {
        apply_stored(tx, &self.0, NoticeId::new(id))
    }
}

impl JobHandler for AskAboutAttempt {
    fn kind(&self) -> &'static str {
        ATTEMPT_JOB
    }

    fn run<'a>(&'a self, job: &'a ClaimedJob) -> BoxFuture<'a, Result<(), JobFailure>> {
        Box::pin(async move {
            let job: AttemptJob = payload(job)?;
            Ok(self.0.settle_attempt(job.attempt_id, Wanted::Standing).await?)
        })
    }
}

impl JobHandler for CarryRefund {
    fn kind(&self) -> &'static str {
        REFUND_JOB
    }

    fn run<'a>(&'a self, job: &'a ClaimedJob) -> BoxFuture<'a, Result<(), JobFailure>> {
        Box::pin(async move {
            let job: RefundJob = payload(job)?;
            Ok(self.0.settle_refund(job.refund_id).await?)
        })
    }
}

fn payload<P: DeserializeOwned>(job: &ClaimedJob) -> Result<P, JobFailure> {
    serde_json::from_str(&job.payload).map_err(|error| JobFailure::Dead(error.to_string()))
}
