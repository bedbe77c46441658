//! Pure decisions of payment: numbers, schedules, and what becomes of money.

use crate::kernel::money::Fen;
use crate::kernel::time::{HOUR_MS, MINUTE_MS, SECOND_MS, Timestamp};
use crate::payment::model::{
    Attempt, AttemptId, AttemptState, Payment, PaymentState, RefundCause, RefundId, TradeType,
};
use crate::payment::provider::{MoneyReport, RefundReport};

/// Attempts allowed for one order.
pub const MAX_ATTEMPTS: usize = 10;
/// Refunds that WeChat Pay allows for one payment.
pub const MAX_REFUNDS: i64 = 50;
/// How long an order past its deadline waits for a provider that cannot be reached. Money found later is given back.
pub const CLOSING_GRACE_MS: i64 = 10 * MINUTE_MS;
/// How long the answer to the last question before closing is waited for; longer than any call to a provider may take.
const ANSWER_WITHIN_MS: i64 = MINUTE_MS;
/// A shopper who asks how a payment stands makes the provider be asked at most this often.
pub const POKE_PAUSE_MS: i64 = 5 * SECOND_MS;
/// A prepared payment is handed out again only while it works for at least this long.
const PREPAY_MARGIN_MS: i64 = MINUTE_MS;
/// Longest reason of a refund, in characters; the provider may show less.
pub const MAX_REASON_CHARS: usize = 80;
/// The only currency.
pub const CURRENCY: &str = "CNY";

const QUERY_PAUSES_MS: [i64; 6] =
    [15 * SECOND_MS, 15 * SECOND_MS, 30 * SECOND_MS, MINUTE_MS, 3 * MINUTE_MS, 10 * MINUTE_MS];
const REFUND_PAUSES_MS: [i64; 7] =
    [15 * SECOND_MS, 30 * SECOND_MS, MINUTE_MS, 5 * MINUTE_MS, 15 * MINUTE_MS, 30 * MINUTE_MS, HOUR_MS];

/// Our number of an attempt at the provider: 6–32 letters and digits.
pub fn out_trade_no(attempt: AttemptId) -> String {
    format!("P{attempt:0>6}")
}

/// Our number of a refund. It stays the same at every retry, since a new number is a second refund; only a refund the
/// provider has closed begins a new round under a new number.
pub fn out_refund_no(refund: RefundId, round: i64) -> String {
    if round == 0 { format!("R{refund}") } else { format!("R{refund}-{round}") }
}

/// When the provider is next asked about an attempt after `queries` times: soon at first, then ever more rarely, always
/// at the deadline, and after it in steps that grow with the time the provider stays silent.
pub fn next_query_at(now: Timestamp, queries: i64, expires_at: Timestamp) -> Timestamp {
    let overdue = now.millis_since(expires_at);
    if overdue >= 0 {
        return now.plus_millis(overdue.clamp(15 * SECOND_MS, HOUR_MS));
    }
    now.plus_millis(pause(&QUERY_PAUSES_MS, queries)).min(expires_at)
}

/// When the provider is next asked about a refund after `queries` times.
pub fn next_refund_query_at(now: Timestamp, queries: i64) -> Timestamp {
    now.plus_millis(pause(&REFUND_PAUSES_MS, queries))
}

fn pause(pauses: &[i64], count: i64) -> i64 {
    let index = usize::try_from(count).unwrap_or(0);
    pauses.get(index).or(pauses.last()).copied().unwrap_or(HOUR_MS)
}

/// Whether a new attempt or a new handle may be given out.
pub fn can_be_paid(payment: &Payment, now: Timestamp) -> bool {
    payment.state == PaymentState::Open && now < payment.expires_at
}

/// Whether money by this attempt could no longer be kept, so that the provider should be told to close it.
pub fn should_close(payment: &Payment, attempt: &Attempt, now: Timestamp) -> bool {
    !can_be_paid(payment, now) || attempt.amount != payment.amount
}

/// Whether nothing more is expected of a provider that keeps silent about an attempt: its time is over, and so is that
/// of a question put to it after the deadline. Were that question not waited for, a shop that was itself down over the
/// deadline would close orders that were paid in time.
pub fn given_up_on(payment: &Payment, attempt: &Attempt, now: Timestamp) -> bool {
    let asked_in_vain = |asked| asked >= payment.expires_at && asked <= now.plus_millis(-ANSWER_WITHIN_MS);
    now >= payment.expires_at.plus_millis(CLOSING_GRACE_MS) && attempt.asked_at.is_some_and(asked_in_vain)
}

/// What a shopper wants to pay with; two attempts with the same values are one at the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wish<'a> {
    /// The provider's name.
    pub provider: &'a str,
    /// Where they pay.
    pub trade_type: TradeType,
    /// How much.
    pub amount: Fen,
    /// Who pays, where the provider binds that.
    pub payer: Option<&'a str>,
    /// The application at the provider.
    pub app_id: &'a str,
    /// The merchant at the provider.
    pub mch_id: &'a str,
}

/// Whether an open attempt is what the shopper wants, so that its number is used again instead of a new one.
pub fn reusable(attempt: &Attempt, wish: &Wish<'_>) -> bool {
    let held = Wish {
        provider: &attempt.provider,
        trade_type: attempt.trade_type,
        amount: attempt.amount,
        payer: attempt.payer.as_deref(),
        app_id: &attempt.app_id,
        mch_id: &attempt.mch_id,
    };
    attempt.state.is_open() && held == *wish
}

/// The handle of an attempt, while it works for long enough to be handed out.
pub fn live_prepay(attempt: &Attempt, now: Timestamp) -> Option<&str> {
    let works = attempt.prepay_expires_at.is_some_and(|until| now.plus_millis(PREPAY_MARGIN_MS) < until);
    attempt.prepay.as_deref().filter(|_| works && attempt.state.is_open())
}

/// Whether a shopper may just have paid by this attempt, and it was begun and last asked about before `asked_before`.
/// While it is younger nobody has had the time to pay by it, and if they have, the notice is on its way.
pub fn worth_asking(attempt: &Attempt, asked_before: Timestamp) -> bool {
    attempt.state == AttemptState::Prepaid && attempt.asked_at.unwrap_or(attempt.created_at) <= asked_before
}

/// What in a report of money does not fit the attempt; empty when all does.
pub fn mismatches(attempt: &Attempt, report: &MoneyReport) -> Vec<&'static str> {
    // A payer is bound only where the attempt names one, and a provider may keep silent about who paid.
    let payer_fits = match (&attempt.payer, &report.payer) {
        (Some(expected), Some(payer)) => expected == payer,
        _ => true,
    };
    let checks = [
        ("amount", attempt.amount == report.amount),
        ("currency", report.currency == CURRENCY),
        ("app_id", attempt.app_id == report.app_id),
        ("mch_id", attempt.mch_id == report.mch_id),
        ("payer", payer_fits),
    ];
    checks.into_iter().filter(|(_, fits)| !fits).map(|(name, _)| name).collect()
}

/// Whether money that does not fit is with this shop's merchant in fen, so that it can be given back by itself.
pub fn refundable_by_itself(attempt: &Attempt, report: &MoneyReport) -> bool {
    report.currency == CURRENCY && report.mch_id == attempt.mch_id && report.amount > Fen::ZERO
}

/// Whether a report of a refund fits the refund.
pub fn refund_fits(amount: Fen, attempt: &Attempt, report: &RefundReport) -> bool {
    report.amount == amount
        && report.out_trade_no.as_ref().is_none_or(|number| *number == attempt.out_trade_no)
        && report.mch_id.as_ref().is_none_or(|mch_id| *mch_id == attempt.mch_id)
}

/// Why money of the right amount is not kept, before the payable is even asked; `None` when it may be kept.
pub fn not_kept(payment: &Payment, attempt: &Attempt) -> Option<RefundCause> {
    match payment.state {
        PaymentState::Paid => Some(RefundCause::Duplicate),
        PaymentState::Closed => Some(RefundCause::Late),
        PaymentState::Open if attempt.amount != payment.amount => Some(RefundCause::Mismatch),
        PaymentState::Open => None,
    }
}

/// What the payer reads about money that is given back by a rule.
pub const fn reason_of(cause: RefundCause) -> &'static str {
    match cause {
        RefundCause::Order => "订单退款",
        RefundCause::Late => "订单已关闭，原路退回",
        RefundCause::Duplicate => "重复支付，原路退回",
        RefundCause::Mismatch => "支付信息与订单不符，原路退回",
    }
}

#[cfg(test)]
#[path = "rules_tests.rs"]
mod tests;
