//! Refunds of an order: asking, settling, and how much is left.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::dice::Dice;
use super::ledger::{Ledger, Payment, Trade};
use super::pay::PayRefusal;
use crate::kernel::time::{DAY_MS, SECOND_MS, Timestamp};

/// Refunds an order may have.
const MOST_REFUNDS: usize = 50;
/// A payment can be refunded for a year.
const REFUNDABLE_MS: i64 = 365 * DAY_MS;

/// `status` of a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum RefundStatus {
    /// Accepted; the money is on its way.
    Processing,
    /// The buyer has the money.
    Success,
    /// Given up; the money stays with the merchant.
    Closed,
    /// The buyer's account did not take it.
    Abnormal,
}

impl RefundStatus {
    /// The word on the wire.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Processing => "PROCESSING",
            Self::Success => "SUCCESS",
            Self::Closed => "CLOSED",
            Self::Abnormal => "ABNORMAL",
        }
    }
}

/// A refund.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Refund {
    /// WeChat's number.
    pub(super) refund_id: String,
    /// The merchant's number, the key of idempotency.
    pub(super) out_refund_no: String,
    /// What is given back.
    pub(super) refund_fen: i64,
    /// The sources of the money, as asked.
    pub(super) from: Option<Value>,
    /// Which of the merchant's accounts pays.
    pub(super) funds_account: String,
    /// Where the outcome is told.
    pub(super) notify_url: Option<String>,
    /// When it was accepted.
    pub(super) created_at: Timestamp,
    /// When the buyer had the money.
    pub(super) success_time: Option<Timestamp>,
    /// How far it is.
    pub(super) status: RefundStatus,
}

/// A refund call after its arguments were checked.
pub(super) struct RefundAsk {
    /// WeChat's number of the payment.
    pub(super) transaction_id: Option<String>,
    /// The merchant's number of the order.
    pub(super) out_trade_no: Option<String>,
    /// The merchant's number of the refund.
    pub(super) out_refund_no: String,
    /// What is to be given back.
    pub(super) refund_fen: i64,
    /// What the order cost, as the merchant believes.
    pub(super) total_fen: i64,
    /// The sources of the money.
    pub(super) from: Option<Value>,
    /// Which of the merchant's accounts pays.
    pub(super) funds_account: Option<String>,
    /// Where the outcome is to be told.
    pub(super) notify_url: Option<String>,
}

/// How the simulator treats refunds; set by knobs.
#[derive(Clone, Copy, Debug)]
pub(super) struct RefundTreatment {
    /// What becomes of a new refund at once; `None` leaves it in process until the tester settles it.
    pub(super) settles: Option<RefundStatus>,
    /// Seconds that must lie between two refunds of one order.
    pub(super) gap_seconds: i64,
}

/// A refund that was just accepted, or was accepted before.
pub(super) struct Accepted {
    /// The order afterwards.
    pub(super) trade: Trade,
    /// The refund.
    pub(super) refund: Refund,
    /// Whether this call created it.
    pub(super) new: bool,
}

impl Trade {
    /// What can still be refunded: everything paid minus what was given back or is on its way.
    pub(super) fn refundable_fen(&self) -> i64 {
        let paid = self.payment.as_ref().map_or(0, |payment| payment.paid_fen);
        paid.saturating_sub(self.refunded_fen(|status| status != RefundStatus::Closed))
    }

    /// The sum of refunds in the given states.
    pub(super) fn refunded_fen(&self, counts: impl Fn(RefundStatus) -> bool) -> i64 {
        self.refunds.iter().filter(|refund| counts(refund.status)).map(|refund| refund.refund_fen).sum()
    }
}

impl Ledger {
    /// Accepts a refund; the same number with the same amounts is answered with what it already is.
    pub(super) fn refund(
        &mut self,
        ask: RefundAsk,
        treatment: RefundTreatment,
        now: Timestamp,
        dice: &Dice,
    ) -> Result<Accepted, PayRefusal> {
        let (number, payment) = self.paid_order(&ask)?;
        if let Some(owner) = self.by_refund.get(&ask.out_refund_no) {
            return self.refund_again(owner, &number, &ask);
        }
        let refund_id = self.fresh_refund_id(now, dice);
        let trade = self.trades.get_mut(&number).ok_or_else(missing_order)?;
        may_refund(trade, &payment, &ask, treatment, now)?;
        let refund = Refund {
            refund_id,
            out_refund_no: ask.out_refund_no.clone(),
            refund_fen: ask.refund_fen,
            from: ask.from,
            funds_account: ask.funds_account.unwrap_or_else(|| "UNSETTLED".to_owned()),
            notify_url: ask.notify_url,
            created_at: now,
            success_time: (treatment.settles == Some(RefundStatus::Success)).then_some(now),
            status: treatment.settles.unwrap_or(RefundStatus::Processing),
        };
        trade.refunds.push(refund.clone());
        let trade = trade.clone();
        self.by_refund.insert(ask.out_refund_no, number.clone());
        self.keep(&number);
        Ok(Accepted { trade, refund, new: true })
    }

    /// A refund and its order by the merchant's number of the refund.
    pub(super) fn refund_by_number(&self, out_refund_no: &str) -> Option<(&Trade, &Refund)> {
        let trade = self.trades.get(self.by_refund.get(out_refund_no)?)?;
        let refund = trade.refunds.iter().find(|refund| refund.out_refund_no == out_refund_no)?;
        Some((trade, refund))
    }

    /// Ends a refund that is in process or abnormal. `None` when there is none such.
    pub(super) fn settle_refund(
        &mut self,
        out_refund_no: &str,
        status: RefundStatus,
        now: Timestamp,
    ) -> Option<(Trade, Refund)> {
        let number = self.by_refund.get(out_refund_no)?.clone();
        let trade = self.trades.get_mut(&number)?;
        let refund = trade.refunds.iter_mut().find(|refund| refund.out_refund_no == out_refund_no)?;
        if matches!(refund.status, RefundStatus::Success | RefundStatus::Closed) {
            return None;
        }
        refund.status = status;
        refund.success_time = (status == RefundStatus::Success).then_some(now);
        let settled = (refund.clone(), trade.clone());
        self.keep(&number);
        Some((settled.1, settled.0))
    }

    fn paid_order(&self, ask: &RefundAsk) -> Result<(String, Payment), PayRefusal> {
        let trade = match (&ask.transaction_id, &ask.out_trade_no) {
            (Some(id), _) => self.paid_as(id),
            (None, Some(number)) => self.trade(number),
            (None, None) => None,
        };
        let trade = trade.ok_or_else(missing_order)?;
        if ask.out_trade_no.as_ref().is_some_and(|number| *number != trade.out_trade_no) {
            return Err(PayRefusal::new(400, "INVALID_REQUEST", "您的请求参数与订单信息不一致"));
        }
        let payment = trade.payment.clone().ok_or_else(missing_order)?;
        Ok((trade.out_trade_no.clone(), payment))
    }

    fn refund_again(&self, owner: &str, number: &str, ask: &RefundAsk) -> Result<Accepted, PayRefusal> {
        let known = self.refund_by_number(&ask.out_refund_no).filter(|(trade, refund)| {
            owner == number && refund.refund_fen == ask.refund_fen && total_of(trade) == ask.total_fen
        });
        let Some((trade, refund)) = known else {
            return Err(PayRefusal::new(400, "INVALID_REQUEST", "订单金额或退款金额与之前请求不一致，请核实后再试"));
        };
        Ok(Accepted { trade: trade.clone(), refund: refund.clone(), new: false })
    }

    fn fresh_refund_id(&self, now: Timestamp, dice: &Dice) -> String {
        let day: String = now.rfc3339_at_offset(8).chars().filter(char::is_ascii_digit).take(8).collect();
        format!("5030{}{day}{}", dice.digits(6), dice.digits(10))
    }
}

fn total_of(trade: &Trade) -> i64 {
    trade.payment.as_ref().map_or(trade.total_fen, |payment| payment.paid_fen)
}

fn missing_order() -> PayRefusal {
    PayRefusal::new(404, "RESOURCE_NOT_EXISTS", "订单不存在或未支付")
}

fn may_refund(
    trade: &Trade,
    payment: &Payment,
    ask: &RefundAsk,
    treatment: RefundTreatment,
    now: Timestamp,
) -> Result<(), PayRefusal> {
    if ask.total_fen != total_of(trade) {
        return Err(PayRefusal::new(400, "INVALID_REQUEST", "您的请求参数与订单信息不一致：订单金额不一致"));
    }
    if now.millis_since(payment.success_time) > REFUNDABLE_MS {
        return Err(PayRefusal::new(403, "TRADE_OVERDUE", "订单已超过可退款的最大期限"));
    }
    if trade.refunds.len() >= MOST_REFUNDS {
        return Err(PayRefusal::new(400, "INVALID_REQUEST", "同一笔订单最多支持50次部分退款"));
    }
    let last = trade.refunds.last().map(|refund| refund.created_at);
    let gap_ms = treatment.gap_seconds.saturating_mul(SECOND_MS);
    if last.is_some_and(|last| now.millis_since(last) < gap_ms) {
        return Err(PayRefusal::new(429, "FREQUENCY_LIMITED", "同一笔订单退款过于频繁，请稍后再试"));
    }
    if ask.refund_fen > trade.refundable_fen() {
        return Err(PayRefusal::new(403, "NOT_ENOUGH", "可退金额不足，累计退款金额大于支付金额"));
    }
    Ok(())
}
