//! Giving money back: asked for by orders and staff, or decided by a rule.

use serde::{Deserialize, Serialize};

use crate::kernel::id::{OrderId, StaffId};
use crate::kernel::money::Fen;
use crate::kernel::page::{Cursor, Page};
use crate::payment::error::PaymentError;
use crate::payment::model::{Attempt, NewRefund, Refund, RefundCause, RefundId, RefundState};
use crate::payment::store::refunds::RefundFilter;
use crate::payment::{rules, store};
use crate::platform::db::{DbResult, Tx};
use crate::platform::http::Origin;
use crate::platform::jobs::{NewJob, enqueue};
use crate::staff::audit::{self, AuditEntry};

/// The kind of job that carries a refund to the provider.
pub const REFUND_JOB: &str = "payment.refund";

/// Money to give back of what was paid for an order.
#[derive(Debug, Clone)]
pub struct RefundRequest {
    /// The order.
    pub order_id: OrderId,
    /// How much, above zero.
    pub amount: Fen,
    /// What the payer reads; cut to what providers allow.
    pub reason: String,
    /// Who decided it; `None` when a rule did.
    pub staff_id: Option<StaffId>,
}

/// Payload of [`REFUND_JOB`].
#[derive(Debug, Serialize, Deserialize)]
pub struct RefundJob {
    /// Which refund.
    pub refund_id: RefundId,
}

/// A refund about to be opened, once the amount is promised.
pub(super) struct Opening<'a> {
    pub attempt: &'a Attempt,
    pub amount: Fen,
    pub cause: RefundCause,
    pub reason: &'a str,
    pub staff_id: Option<StaffId>,
}

/// Asks for money to be given back. The row and the job are written with the caller's transaction; the provider is
/// called after it.
///
/// # Errors
/// When nothing was paid, when all refunds together would exceed what was paid, at the 51st refund, or when the
/// database fails.
pub fn request_refund(tx: &mut Tx<'_>, request: RefundRequest) -> Result<RefundId, PaymentError> {
    if request.amount <= Fen::ZERO {
        return Err(PaymentError::RefundAmount);
    }
    let payment = store::payments::of_order(tx, request.order_id)?.ok_or(PaymentError::NotFound)?;
    let attempt = store::attempts::kept(tx, payment.id)?.ok_or(PaymentError::NotPaid)?;
    let reason: String = request.reason.chars().take(rules::MAX_REASON_CHARS).collect();
    let opening = Opening {
        attempt: &attempt,
        amount: request.amount,
        cause: RefundCause::Order,
        reason: &reason,
        staff_id: request.staff_id,
    };
    open_refund(tx, &opening)
}

/// Promises the amount, writes the refund and lets its job be born.
pub(super) fn open_refund(tx: &mut Tx<'_>, opening: &Opening<'_>) -> Result<RefundId, PaymentError> {
    if !store::attempts::promise_refund(tx, opening.attempt.id, opening.amount)? {
        return Err(why_not(tx, opening)?);
    }
    let (id, now) = (RefundId::new(tx.next_id()), tx.now());
    let refund = NewRefund {
        id,
        payment_id: opening.attempt.payment_id,
        attempt_id: opening.attempt.id,
        out_refund_no: rules::out_refund_no(id, 0),
        amount_fen: opening.amount,
        cause: opening.cause,
        reason: opening.reason.to_owned(),
        state: RefundState::Pending,
        rounds: 0,
        staff_id: opening.staff_id,
        created_at: now,
        next_query_at: Some(rules::next_refund_query_at(now, 0)),
        queries: 0,
    };
    store::refunds::insert(tx, &refund)?;
    send(tx, id, format!("{REFUND_JOB}:{id}"))?;
    Ok(id)
}

/// Lets a job be born that carries a refund to the provider, or asks about it.
pub(super) fn send(tx: &mut Tx<'_>, refund_id: RefundId, key: String) -> DbResult<()> {
    let now = tx.now();
    enqueue(tx, &NewJob { kind: REFUND_JOB, dedup_key: Some(key), payload: &RefundJob { refund_id }, run_at: now })
}

fn why_not(tx: &mut Tx<'_>, opening: &Opening<'_>) -> DbResult<PaymentError> {
    let attempt = store::attempts::by_id(tx, opening.attempt.id)?.ok_or_else(|| super::missing("an attempt"))?;
    if attempt.refunds >= rules::MAX_REFUNDS {
        return Ok(PaymentError::TooManyRefunds);
    }
    let left = attempt.paid.minus(attempt.refunded).unwrap_or_default();
    Ok(PaymentError::RefundExceedsPaid(serde_json::json!({ "paid_fen": attempt.paid, "refundable_fen": left })))
}

/// Refunds with their orders, newest first.
pub fn list(
    tx: &mut Tx<'_>,
    filter: RefundFilter,
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<Page<(Refund, OrderId)>> {
    let rows = store::refunds::list(tx, filter, after, limit.saturating_add(1))?;
    Ok(Page::cut(rows, limit, |(refund, _)| Cursor { key: 0, id: refund.id.get() }))
}

/// Who tries a refund again, and why.
pub struct Retry {
    /// The refund.
    pub refund_id: RefundId,
    /// Who.
    pub staff_id: StaffId,
    /// Why, for the audit log.
    pub reason: String,
    /// From where.
    pub origin: Origin,
}

/// Tries a refund again that went wrong. One the provider refused or could not deliver goes under its old number; one
/// the provider has closed, whose money is certain to have stayed, begins a new round under a new number.
///
/// # Errors
/// When there is no such refund, it did not go wrong, its payment has no refunds left, or the database fails.
pub fn retry(tx: &mut Tx<'_>, retry: &Retry) -> Result<(Refund, OrderId), PaymentError> {
    let refund = store::refunds::by_id(tx, retry.refund_id)?.ok_or(PaymentError::RefundNotFound)?;
    let payment = store::payments::lock(tx, refund.payment_id)?.ok_or_else(|| super::missing("a payment"))?;
    let round = match refund.state {
        RefundState::Abnormal | RefundState::Pending => refund.rounds,
        RefundState::Closed => {
            if !store::attempts::count_refund(tx, refund.attempt_id)? {
                return Err(PaymentError::TooManyRefunds);
            }
            refund.rounds.saturating_add(1)
        }
        RefundState::Processing | RefundState::Succeeded => return Err(not_retryable(&refund)),
    };
    let number = rules::out_refund_no(refund.id, round);
    if !store::refunds::restart(tx, &refund, &number, round)? {
        return Err(not_retryable(&refund));
    }
    let after = store::refunds::by_id(tx, refund.id)?.ok_or(PaymentError::RefundNotFound)?;
    let facts = |refund: &Refund| serde_json::json!({ "state": refund.state, "out_refund_no": refund.out_refund_no });
    audit::record(
        tx,
        &AuditEntry {
            staff_id: retry.staff_id,
            action: "refund.retry",
            subject_kind: "refund",
            subject_id: Some(refund.id.get()),
            reason: Some(retry.reason.as_str()),
            before: Some(facts(&refund)),
            after: Some(facts(&after)),
            origin: &retry.origin,
        },
    )?;
    Ok((after, payment.order_id))
}

fn not_retryable(refund: &Refund) -> PaymentError {
    PaymentError::RefundNotRetryable(serde_json::json!({ "state": refund.state }))
}
