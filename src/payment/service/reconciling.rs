//! Asking the provider: how attempts and refunds stand, at moments that a column names.
//!
//! A sweep finds the question whose turn it is, notes the next one, and lets a job be born that asks. A provider that
//! does not answer is simply asked again at the next moment, so no outage leaves anything behind.

use crate::kernel::time::Timestamp;
use crate::payment::model::{Attempt, AttemptId, AttemptState, Payment, Refund, RefundId, RefundState};
use crate::payment::provider::{Closing, MoneyReport, Outcome, Provider, RefundCall, RefundReport, TradeStanding};
use crate::payment::service::Cashier;
use crate::payment::service::applying::{Source, apply_money, apply_refund, refuse_refund};
use crate::payment::service::refunds::{REFUND_JOB, send};
use crate::payment::{rules, store};
use crate::platform::db::{DbError, DbResult, Tx};
use crate::platform::jobs::{NewJob, enqueue};

/// The kind of job that asks about an attempt.
pub const ATTEMPT_JOB: &str = "payment.query";

/// Payload of [`ATTEMPT_JOB`].
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub struct AttemptJob {
    /// Which attempt.
    pub attempt_id: AttemptId,
}

/// What a question about an attempt is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// To learn how it stands, and to close it if its money could no longer be kept.
    Standing,
    /// To close it, unless money came.
    Closed,
}

/// Lets the question about an attempt be asked, if it is still its turn.
pub fn ask_due_attempt(tx: &mut Tx<'_>, id: AttemptId) -> DbResult<()> {
    let Some(attempt) = store::attempts::by_id(tx, id)? else { return Ok(()) };
    let payment = store::payments::by_id(tx, attempt.payment_id)?.ok_or_else(|| super::missing("a payment"))?;
    let now = tx.now();
    let asked = attempt.queries.saturating_add(1);
    let next = attempt.state.is_open().then(|| rules::next_query_at(now, asked, payment.expires_at));
    if !store::attempts::note_asked(tx, &attempt, next)? {
        return Ok(());
    }
    let dedup_key = Some(format!("{ATTEMPT_JOB}:{id}:{asked}"));
    enqueue(tx, &NewJob { kind: ATTEMPT_JOB, dedup_key, payload: &AttemptJob { attempt_id: id }, run_at: now })
}

/// Lets a refund be sent again or asked about, if it is still its turn.
pub fn ask_due_refund(tx: &mut Tx<'_>, id: RefundId) -> DbResult<()> {
    let Some(refund) = store::refunds::by_id(tx, id)? else { return Ok(()) };
    let asked = refund.queries.saturating_add(1);
    let going = matches!(refund.state, RefundState::Pending | RefundState::Processing);
    let next: Option<Timestamp> = going.then(|| rules::next_refund_query_at(tx.now(), asked));
    if store::refunds::note_asked(tx, &refund, next)? {
        send(tx, id, format!("{REFUND_JOB}:{id}:{asked}"))
    } else {
        Ok(())
    }
}

impl Cashier {
    fn provider(&self, name: &str) -> DbResult<&dyn Provider> {
        let found = self.providers.named(name);
        found.map(AsRef::as_ref).ok_or_else(|| DbError::Defect(format!("payment: no provider {name} any more")))
    }

    /// Asks how an attempt stands and acts on the answer.
    ///
    /// # Errors
    /// When the database fails. Silence of the provider is no error: it is asked again.
    pub async fn settle_attempt(&self, id: AttemptId, wanted: Wanted) -> DbResult<()> {
        let Some((attempt, payment)) = self.db.read("payment.attempt", move |tx| attempt_with_payment(tx, id)).await?
        else {
            return Ok(());
        };
        if attempt.state == AttemptState::Succeeded {
            return Ok(());
        }
        let provider = self.provider(&attempt.provider)?;
        let close = wanted == Wanted::Closed || rules::should_close(&payment, &attempt, self.db.clock().now());
        match provider.query(&attempt).await {
            Outcome::Done(TradeStanding::Paid(report)) => self.take_money(&attempt, report).await,
            Outcome::Done(TradeStanding::Closed) => self.note_closed(id).await,
            Outcome::Done(TradeStanding::Absent) if close => self.note_closed(id).await,
            Outcome::Done(TradeStanding::NotPaid) if close => self.close_at_provider(provider, &attempt).await,
            Outcome::Done(TradeStanding::NotPaid | TradeStanding::Absent) => Ok(()),
            other => {
                warn_silence("query", id, &other);
                Ok(())
            }
        }
    }

    async fn close_at_provider(&self, provider: &dyn Provider, attempt: &Attempt) -> DbResult<()> {
        match provider.close(attempt).await {
            Outcome::Done(Closing::Closed) => self.note_closed(attempt.id).await,
            // Somebody paid between the question and the closing.
            Outcome::Done(Closing::AlreadyPaid) => match provider.query(attempt).await {
                Outcome::Done(TradeStanding::Paid(report)) => self.take_money(attempt, report).await,
                other => {
                    warn_silence("query", attempt.id, &other);
                    Ok(())
                }
            },
            other => {
                warn_silence("close", attempt.id, &other);
                Ok(())
            }
        }
    }

    async fn take_money(&self, attempt: &Attempt, report: MoneyReport) -> DbResult<()> {
        let (payable, provider) = (self.payable.clone(), attempt.provider.clone());
        let apply = move |tx: &mut Tx<'_>| apply_money(tx, payable.as_ref(), &provider, &report, Source::Answer);
        self.db.write("payment.apply_money", apply).await.map(drop)
    }

    async fn note_closed(&self, id: AttemptId) -> DbResult<()> {
        self.db.write("payment.close_attempt", move |tx| store::attempts::close(tx, id)).await.map(drop)
    }

    /// Carries a refund to the provider, or asks about one that it has accepted.
    ///
    /// # Errors
    /// When the database fails. Silence of the provider is no error: it is asked again under the same number.
    pub async fn settle_refund(&self, id: RefundId) -> DbResult<()> {
        let Some((refund, attempt)) = self.db.read("payment.refund", move |tx| refund_with_attempt(tx, id)).await?
        else {
            return Ok(());
        };
        let provider = self.provider(&attempt.provider)?;
        if refund.state == RefundState::Succeeded {
            return Ok(());
        }
        if refund.state != RefundState::Pending {
            return match provider.query_refund(&refund.out_refund_no).await {
                Outcome::Done(Some(report)) => self.take_refund(&attempt, report).await,
                Outcome::Done(None) => self.note_failure(id, "the provider has never heard of it".to_owned()).await,
                Outcome::Refused { code, message } => self.note_failure(id, format!("{code}: {message}")).await,
                Outcome::Unknown(why) => self.note_failure(id, why).await,
            };
        }
        match provider.refund(&refund_call(&refund, &attempt)).await {
            Outcome::Done(report) => self.take_refund(&attempt, report).await,
            Outcome::Unknown(why) => self.note_failure(id, why).await,
            Outcome::Refused { code, message } => {
                self.refused_refund(provider, refund, &attempt, format!("{code}: {message}")).await
            }
        }
    }

    /// The provider said no. An earlier try whose answer was lost may have gone through all the same, so it is asked
    /// before anybody is told that the money stayed.
    async fn refused_refund(
        &self,
        provider: &dyn Provider,
        refund: Refund,
        attempt: &Attempt,
        failure: String,
    ) -> DbResult<()> {
        match provider.query_refund(&refund.out_refund_no).await {
            Outcome::Done(Some(report)) => self.take_refund(attempt, report).await,
            Outcome::Done(None) => {
                let refuse = move |tx: &mut Tx<'_>| refuse_refund(tx, &refund, RefundState::Abnormal, None, &failure);
                self.db.write("payment.refund_refused", refuse).await
            }
            Outcome::Refused { .. } | Outcome::Unknown(_) => self.note_failure(refund.id, failure).await,
        }
    }

    async fn take_refund(&self, attempt: &Attempt, report: RefundReport) -> DbResult<()> {
        let (payable, provider) = (self.payable.clone(), attempt.provider.clone());
        let apply = move |tx: &mut Tx<'_>| apply_refund(tx, payable.as_ref(), &provider, &report, Source::Answer);
        self.db.write("payment.apply_refund", apply).await.map(drop)
    }

    async fn note_failure(&self, id: RefundId, failure: String) -> DbResult<()> {
        tracing::warn!(refund = %id, failure, "a refund could not be settled; the provider is asked again");
        self.db.write("payment.refund_failure", move |tx| store::refunds::note_failure(tx, id, &failure)).await
    }
}

fn attempt_with_payment(tx: &mut Tx<'_>, id: AttemptId) -> DbResult<Option<(Attempt, Payment)>> {
    let Some(attempt) = store::attempts::by_id(tx, id)? else { return Ok(None) };
    let payment = store::payments::by_id(tx, attempt.payment_id)?;
    Ok(payment.map(|payment| (attempt, payment)))
}

fn refund_with_attempt(tx: &mut Tx<'_>, id: RefundId) -> DbResult<Option<(Refund, Attempt)>> {
    let Some(refund) = store::refunds::by_id(tx, id)? else { return Ok(None) };
    let attempt = store::attempts::by_id(tx, refund.attempt_id)?;
    Ok(attempt.map(|attempt| (refund, attempt)))
}

fn refund_call(refund: &Refund, attempt: &Attempt) -> RefundCall {
    RefundCall {
        transaction_id: attempt.transaction_id.clone().unwrap_or_default(),
        out_refund_no: refund.out_refund_no.clone(),
        reason: refund.reason.clone(),
        amount: refund.amount,
        total: attempt.paid,
    }
}

fn warn_silence<T>(call: &str, attempt: AttemptId, outcome: &Outcome<T>) {
    let why = match outcome {
        Outcome::Done(_) => "an answer that changes nothing",
        Outcome::Refused { code, .. } => code,
        Outcome::Unknown(why) => why,
    };
    tracing::warn!(call, %attempt, why, "an attempt could not be settled; the provider is asked again");
}
