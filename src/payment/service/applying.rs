//! What becomes of money and of refunds: one way for notices and for answers to our own questions.
//!
//! A report that fits is acted on wherever it comes from. One that does not fit is never believed on the word of a
//! notice alone: it opens a case, and the provider is asked, whose answer then says whether money really came.

use serde_json::json;

use crate::kernel::money::Fen;
use crate::payment::model::{
    Account, Attempt, AttemptState, Payment, PostingKind, Refund, RefundCause, RefundState, ReviewKind,
};
use crate::payment::payable::{PaidOutcome, Payable};
use crate::payment::provider::{MoneyReport, RefundReport, RefundStanding};
use crate::payment::service::ledger::{Posting, post};
use crate::payment::service::{refunds, reviews};
use crate::payment::store::attempts::Success;
use crate::payment::store::refunds::Step;
use crate::payment::{PaymentError, events, rules, store};
use crate::platform::db::{DbError, DbResult, Tx};

/// Where a report comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The provider sent it.
    Notice,
    /// The provider answered a question.
    Answer,
}

/// What a report did; its word is kept with the notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// The money pays the order.
    Kept,
    /// The money is given back.
    Returned(RefundCause),
    /// A refund moved on.
    RefundMoved,
    /// It was known already.
    Known,
    /// It does not fit; the provider is being asked.
    Asking,
    /// It does not fit and waits for a person.
    UnderReview,
    /// It is of no interest.
    Ignored,
    /// Its content is not what its kind promises; it waits for a person.
    Unreadable,
}

impl Applied {
    /// The stored word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Returned(_) => "returned",
            Self::RefundMoved => "refund_moved",
            Self::Known => "known",
            Self::Asking => "asking",
            Self::UnderReview => "under_review",
            Self::Ignored => "ignored",
            Self::Unreadable => "unreadable",
        }
    }
}

/// Applies a report of money.
///
/// # Errors
/// When the database fails; then nothing happened.
pub fn apply_money(
    tx: &mut Tx<'_>,
    payable: &dyn Payable,
    provider: &str,
    report: &MoneyReport,
    source: Source,
) -> DbResult<Applied> {
    let Some(seen) = store::attempts::by_number(tx, provider, &report.out_trade_no)? else {
        reviews::open(tx, ReviewKind::UnknownTrade, &report.transaction_id, &money_facts(report, &[]))?;
        return Ok(Applied::UnderReview);
    };
    let payment = store::payments::lock(tx, seen.payment_id)?.ok_or_else(|| super::missing("a payment"))?;
    let attempt = store::attempts::by_id(tx, seen.id)?.ok_or_else(|| super::missing("an attempt"))?;
    if attempt.transaction_id.as_ref() == Some(&report.transaction_id) {
        return known(tx, &attempt, report);
    }
    let holder = store::attempts::holder_of(tx, &report.transaction_id)?;
    if attempt.state == AttemptState::Succeeded || holder.is_some() {
        reviews::open(tx, ReviewKind::SecondTransaction, &report.transaction_id, &money_facts(report, &[]))?;
        return Ok(Applied::UnderReview);
    }
    let odd = rules::mismatches(&attempt, report);
    if odd.is_empty() {
        return settle(tx, payable, &payment, &attempt, report);
    }
    reviews::open(tx, ReviewKind::TradeMismatch, &report.transaction_id, &money_facts(report, &odd))?;
    match source {
        Source::Notice => {
            store::attempts::ask_about(tx, attempt.id)?;
            Ok(Applied::Asking)
        }
        Source::Answer if rules::refundable_by_itself(&attempt, report) => {
            give_back(tx, &payment, &attempt, report, RefundCause::Mismatch)
        }
        Source::Answer => {
            // Money that is not ours to give back: nothing more will be learned by asking.
            store::attempts::close(tx, attempt.id)?;
            Ok(Applied::UnderReview)
        }
    }
}

/// A transaction that is known: nothing to do, unless it now tells another story.
fn known(tx: &mut Tx<'_>, attempt: &Attempt, report: &MoneyReport) -> DbResult<Applied> {
    if attempt.paid == report.amount {
        return Ok(Applied::Known);
    }
    reviews::open(tx, ReviewKind::TradeMismatch, &report.transaction_id, &money_facts(report, &["amount"]))?;
    Ok(Applied::UnderReview)
}

/// Money of the right amount from the right payer: kept, unless the order is paid or gone.
fn settle(
    tx: &mut Tx<'_>,
    payable: &dyn Payable,
    payment: &Payment,
    attempt: &Attempt,
    report: &MoneyReport,
) -> DbResult<Applied> {
    if let Some(cause) = rules::not_kept(payment, attempt) {
        return give_back(tx, payment, attempt, report, cause);
    }
    match payable.on_paid(tx, payment.order_id, report.paid_at)? {
        PaidOutcome::Kept => keep(tx, payment, attempt, report),
        PaidOutcome::TooLate => give_back(tx, payment, attempt, report, RefundCause::Late),
    }
}

fn keep(tx: &mut Tx<'_>, payment: &Payment, attempt: &Attempt, report: &MoneyReport) -> DbResult<Applied> {
    take_in(tx, payment, attempt, report, true)?;
    if !store::payments::mark_paid(tx, payment.id, report.paid_at)? {
        return Err(DbError::Defect("payment: a locked payment was not open any more".to_owned()));
    }
    // The other attempts are closed at the provider before somebody pays by them.
    store::attempts::ask_about_open(tx, payment.id)?;
    events::paid(tx, payment, Some(attempt), report.paid_at)?;
    Ok(Applied::Kept)
}

fn give_back(
    tx: &mut Tx<'_>,
    payment: &Payment,
    attempt: &Attempt,
    report: &MoneyReport,
    cause: RefundCause,
) -> DbResult<Applied> {
    take_in(tx, payment, attempt, report, false)?;
    let opening =
        refunds::Opening { attempt, amount: report.amount, cause, reason: rules::reason_of(cause), staff_id: None };
    refunds::open_refund(tx, &opening).map_err(|error| match error {
        PaymentError::Db(error) => error,
        other => DbError::Defect(format!("payment: money just come cannot be given back: {other}")),
    })?;
    events::unexpected_money(tx, payment, attempt, report.amount, cause)?;
    tracing::warn!(order = %payment.order_id, attempt = %attempt.id, %cause, "unexpected money is given back");
    Ok(Applied::Returned(cause))
}

/// Notes the money on the attempt and in the ledger.
fn take_in(tx: &mut Tx<'_>, payment: &Payment, attempt: &Attempt, report: &MoneyReport, kept: bool) -> DbResult<()> {
    let success =
        Success { kept, transaction_id: &report.transaction_id, paid: report.amount, paid_at: report.paid_at };
    if !store::attempts::succeed(tx, attempt.id, &success)? {
        return Err(DbError::Defect("payment: an attempt succeeded twice under its lock".to_owned()));
    }
    let credit = if kept { Account::Orders } else { Account::Unexpected };
    let posting = Posting {
        kind: PostingKind::Payment,
        debit: Account::Provider,
        credit,
        amount: report.amount,
        order_id: payment.order_id,
        reference: &attempt.out_trade_no,
        reason: credit.as_str(),
    };
    post(tx, &posting)
}

/// Applies a report of a refund.
///
/// # Errors
/// When the database fails; then nothing happened.
pub fn apply_refund(
    tx: &mut Tx<'_>,
    payable: &dyn Payable,
    provider: &str,
    report: &RefundReport,
    source: Source,
) -> DbResult<Applied> {
    let Some(seen) = store::refunds::by_number(tx, &report.out_refund_no)? else {
        reviews::open(tx, ReviewKind::UnknownRefund, &report.out_refund_no, &refund_facts(report))?;
        return Ok(Applied::UnderReview);
    };
    let payment = store::payments::lock(tx, seen.payment_id)?.ok_or_else(|| super::missing("a payment"))?;
    let refund = store::refunds::by_id(tx, seen.id)?.ok_or_else(|| super::missing("a refund"))?;
    let attempt = store::attempts::by_id(tx, refund.attempt_id)?.ok_or_else(|| super::missing("an attempt"))?;
    // A round begun meanwhile has another number: this report is about the one before.
    if refund.out_refund_no != report.out_refund_no
        || attempt.provider != provider
        || !rules::refund_fits(refund.amount, &attempt, report)
    {
        return misfit(tx, &refund, report, source);
    }
    match report.standing {
        _ if refund.state == RefundState::Succeeded => Ok(Applied::Known),
        RefundStanding::Succeeded => reached_payer(tx, payable, &payment, &refund, report),
        RefundStanding::Processing => under_way(tx, &refund, report),
        RefundStanding::Abnormal => went_wrong(tx, &refund, report, RefundState::Abnormal),
        RefundStanding::Closed => went_wrong(tx, &refund, report, RefundState::Closed),
    }
}

fn misfit(tx: &mut Tx<'_>, refund: &Refund, report: &RefundReport, source: Source) -> DbResult<Applied> {
    reviews::open(tx, ReviewKind::RefundMismatch, &report.out_refund_no, &refund_facts(report))?;
    match source {
        Source::Notice => {
            store::refunds::ask_about(tx, refund.id)?;
            Ok(Applied::Asking)
        }
        Source::Answer => {
            store::refunds::note_failure(tx, refund.id, "the provider reports another refund under this number")?;
            Ok(Applied::UnderReview)
        }
    }
}

fn reached_payer(
    tx: &mut Tx<'_>,
    payable: &dyn Payable,
    payment: &Payment,
    refund: &Refund,
    report: &RefundReport,
) -> DbResult<Applied> {
    let step = Step {
        to: RefundState::Succeeded,
        provider_refund_id: Some(&report.provider_refund_id),
        failure: None,
        settled_at: Some(report.succeeded_at.unwrap_or_else(|| tx.now())),
        next_query_at: None,
    };
    if !store::refunds::advance(tx, refund, &step)? {
        return Err(DbError::Defect("payment: a refund moved under its lock".to_owned()));
    }
    let posting = Posting {
        kind: PostingKind::Refund,
        debit: if refund.cause == RefundCause::Order { Account::Orders } else { Account::Unexpected },
        credit: Account::Provider,
        amount: refund.amount,
        order_id: payment.order_id,
        reference: &refund.out_refund_no,
        reason: refund.cause.as_str(),
    };
    post(tx, &posting)?;
    events::refunded(tx, payment, refund)?;
    if refund.cause == RefundCause::Order {
        payable.on_refunded(tx, payment.order_id, refund.id, refund.amount)?;
    }
    Ok(Applied::RefundMoved)
}

fn under_way(tx: &mut Tx<'_>, refund: &Refund, report: &RefundReport) -> DbResult<Applied> {
    if refund.state != RefundState::Pending {
        return Ok(Applied::Known);
    }
    let next = rules::next_refund_query_at(tx.now(), refund.queries);
    let step = Step {
        to: RefundState::Processing,
        provider_refund_id: Some(&report.provider_refund_id),
        failure: None,
        settled_at: None,
        next_query_at: Some(next),
    };
    store::refunds::advance(tx, refund, &step)?;
    Ok(Applied::RefundMoved)
}

fn went_wrong(tx: &mut Tx<'_>, refund: &Refund, report: &RefundReport, to: RefundState) -> DbResult<Applied> {
    if !matches!(refund.state, RefundState::Pending | RefundState::Processing) {
        return Ok(Applied::Known);
    }
    let failure = match to {
        RefundState::Closed => "the provider closed it",
        _ => "the payer's account cannot take it",
    };
    refuse_refund(tx, refund, to, Some(&report.provider_refund_id), failure)?;
    Ok(Applied::RefundMoved)
}

/// Notes that a refund needs staff.
pub(super) fn refuse_refund(
    tx: &mut Tx<'_>,
    refund: &Refund,
    to: RefundState,
    provider_refund_id: Option<&str>,
    failure: &str,
) -> DbResult<()> {
    let settled_at = Some(tx.now());
    let step = Step { to, provider_refund_id, failure: Some(failure), settled_at, next_query_at: None };
    if store::refunds::advance(tx, refund, &step)? {
        tracing::error!(refund = %refund.id, state = %to, failure, "a refund needs staff");
        metrics::counter!("hourglass_refunds_failed_total", "state" => to.as_str()).increment(1);
    }
    Ok(())
}

fn money_facts(report: &MoneyReport, odd: &[&str]) -> serde_json::Value {
    json!({
        "mismatches": odd,
        "out_trade_no": report.out_trade_no,
        "transaction_id": report.transaction_id,
        "app_id": report.app_id,
        "mch_id": report.mch_id,
        "amount_fen": report.amount,
        "currency": report.currency,
        "paid_at": report.paid_at,
    })
}

fn refund_facts(report: &RefundReport) -> serde_json::Value {
    let amount: Fen = report.amount;
    json!({
        "out_refund_no": report.out_refund_no,
        "provider_refund_id": report.provider_refund_id,
        "out_trade_no": report.out_trade_no,
        "amount_fen": amount,
    })
}
