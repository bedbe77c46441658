//! Orders of the merchant as WeChat Pay remembers them: ordering, paying, closing.
//!
//! States: NOTPAY → SUCCESS → REFUND, NOTPAY → CLOSED. An order is closed by the merchant or by its own end of time;
//! nothing reopens it. One order takes one successful payment. Refunds are in `super::refunds`.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::dice::Dice;
use super::journal::{FactRef, Journal};
use super::open::shipping::Shipping;
use super::pay::PayRefusal;
use super::refunds::Refund;
use crate::kernel::time::{DAY_MS, HOUR_MS, MINUTE_MS, Timestamp};

/// A prepay id lives two hours.
const PREPAY_MS: i64 = 2 * HOUR_MS;
/// The address of an H5 cashier lives five minutes.
const H5_MS: i64 = 5 * MINUTE_MS;
/// An order without its own end closes itself after seven days.
const DEFAULT_LIFE_MS: i64 = 7 * DAY_MS;
/// A given end is raised to this much from now …
const SHORTEST_LIFE_MS: i64 = MINUTE_MS;
/// … and lowered to this much.
const LONGEST_LIFE_MS: i64 = 90 * DAY_MS;

/// From where the buyer pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum TradeKind {
    /// Mini-program or page inside WeChat.
    Jsapi,
    /// The merchant's own app.
    App,
    /// A browser outside WeChat.
    H5,
    /// A code that is scanned.
    Native,
}

impl TradeKind {
    /// The `trade_type` of replies.
    pub(super) const fn trade_type(self) -> &'static str {
        match self {
            Self::Jsapi => "JSAPI",
            Self::App => "APP",
            Self::H5 => "MWEB",
            Self::Native => "NATIVE",
        }
    }

    const fn prepay_life_ms(self) -> i64 {
        match self {
            Self::H5 => H5_MS,
            Self::Jsapi | Self::App | Self::Native => PREPAY_MS,
        }
    }
}

/// `trade_state` of replies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TradeState {
    /// Not paid yet.
    NotPay,
    /// Paid.
    Success,
    /// Paid, and at least one refund was created.
    Refund,
    /// Closed unpaid.
    Closed,
}

impl TradeState {
    /// The word on the wire.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::NotPay => "NOTPAY",
            Self::Success => "SUCCESS",
            Self::Refund => "REFUND",
            Self::Closed => "CLOSED",
        }
    }

    /// The sentence beside it.
    pub(super) const fn description(self) -> &'static str {
        match self {
            Self::NotPay => "订单未支付",
            Self::Success => "支付成功",
            Self::Refund => "订单发生过退款",
            Self::Closed => "订单已关闭",
        }
    }
}

/// One answer to a prepay call.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Prepay {
    /// The id the buyer's client pays with.
    pub(super) prepay_id: String,
    /// When it was issued.
    pub(super) issued_at: Timestamp,
}

/// A successful payment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Payment {
    /// WeChat's number.
    pub(super) transaction_id: String,
    /// What left the buyer's account. Differs from the order only when the tester asked for it.
    pub(super) paid_fen: i64,
    /// Who paid.
    pub(super) openid: String,
    /// When.
    pub(super) success_time: Timestamp,
}

/// An order.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Trade {
    /// The merchant's number.
    pub(super) out_trade_no: String,
    /// From where it is paid.
    pub(super) kind: TradeKind,
    /// The first prepay body, which every later one must equal.
    pub(super) request: Value,
    /// What is bought.
    pub(super) description: String,
    /// The merchant's own data, handed back.
    pub(super) attach: String,
    /// Where the payment notice goes.
    pub(super) notify_url: String,
    /// The price.
    pub(super) total_fen: i64,
    /// The only user who may pay it; absent outside mini-programs and WeChat pages.
    pub(super) payer_openid: Option<String>,
    /// When it was ordered.
    pub(super) created_at: Timestamp,
    /// When it closes itself.
    pub(super) expires_at: Timestamp,
    /// All prepay ids.
    pub(super) prepays: Vec<Prepay>,
    /// When the merchant closed it.
    pub(super) closed_at: Option<Timestamp>,
    /// The one payment.
    pub(super) payment: Option<Payment>,
    /// Tries of the buyer that failed.
    pub(super) failed_attempts: u32,
    /// Refunds, oldest first.
    pub(super) refunds: Vec<Refund>,
    /// What the shop reported about shipping.
    pub(super) shipping: Option<Shipping>,
}

impl Trade {
    /// The state at a moment.
    pub(super) fn state(&self, now: Timestamp) -> TradeState {
        match (&self.payment, self.refunds.is_empty()) {
            (Some(_), true) => TradeState::Success,
            (Some(_), false) => TradeState::Refund,
            (None, _) if self.closed_at.is_some() || self.expires_at <= now => TradeState::Closed,
            (None, _) => TradeState::NotPay,
        }
    }
}

/// A prepay call after its arguments were checked.
pub(super) struct NewOrder {
    /// From where it is paid.
    pub(super) kind: TradeKind,
    /// The merchant's number.
    pub(super) out_trade_no: String,
    /// The whole body.
    pub(super) request: Value,
    /// What is bought.
    pub(super) description: String,
    /// The merchant's own data.
    pub(super) attach: String,
    /// Where the payment notice goes.
    pub(super) notify_url: String,
    /// The price.
    pub(super) total_fen: i64,
    /// The only user who may pay.
    pub(super) payer_openid: Option<String>,
    /// The end the merchant asked for.
    pub(super) time_expire: Option<Timestamp>,
}

/// What the buyer does.
pub(super) struct PayAttempt {
    /// Paying with this prepay id; otherwise with the newest one of the order.
    pub(super) prepay_id: Option<String>,
    /// The order, when no prepay id is given.
    pub(super) out_trade_no: Option<String>,
    /// Who pays; the order's payer when absent.
    pub(super) openid: Option<String>,
    /// Another amount than the order's.
    pub(super) amount_fen: Option<i64>,
    /// The moment of paying.
    pub(super) at: Timestamp,
    /// The payment does not go through.
    pub(super) fails: bool,
}

/// Why WeChat would not let the buyer pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PayTrouble {
    /// A word for programs.
    pub(super) code: &'static str,
    /// A sentence for people.
    pub(super) message: &'static str,
}

const fn trouble(code: &'static str, message: &'static str) -> PayTrouble {
    PayTrouble { code, message }
}

/// All orders, with the ways to find them.
pub(super) struct Ledger {
    pub(super) trades: HashMap<String, Trade>,
    burned: HashSet<String>,
    by_prepay: HashMap<String, String>,
    by_transaction: HashMap<String, String>,
    pub(super) by_refund: HashMap<String, String>,
    journal: Arc<Journal>,
}

impl Ledger {
    /// No orders yet.
    pub(super) fn new(journal: Arc<Journal>) -> Self {
        Self {
            trades: HashMap::new(),
            burned: HashSet::new(),
            by_prepay: HashMap::new(),
            by_transaction: HashMap::new(),
            by_refund: HashMap::new(),
            journal,
        }
    }

    /// Takes an order back from the journal.
    pub(super) fn recall(&mut self, trade: Trade) {
        let number = &trade.out_trade_no;
        for prepay in &trade.prepays {
            self.by_prepay.insert(prepay.prepay_id.clone(), number.clone());
        }
        if let Some(payment) = &trade.payment {
            self.by_transaction.insert(payment.transaction_id.clone(), number.clone());
        }
        for refund in &trade.refunds {
            self.by_refund.insert(refund.out_refund_no.clone(), number.clone());
        }
        self.trades.insert(number.clone(), trade);
    }

    /// Takes a burned number back from the journal.
    pub(super) fn recall_burned(&mut self, out_trade_no: String) {
        self.burned.insert(out_trade_no);
    }

    /// Everything worth keeping.
    pub(super) fn facts(&self) -> impl Iterator<Item = FactRef<'_>> {
        let burned = self.burned.iter().map(|number| FactRef::Burned(number));
        self.trades.values().map(FactRef::Trade).chain(burned)
    }

    /// Writes an order's present state to the journal.
    pub(super) fn keep(&self, out_trade_no: &str) {
        if let Some(trade) = self.trades.get(out_trade_no) {
            self.journal.record(&FactRef::Trade(trade));
        }
    }

    /// An order by the merchant's number.
    pub(super) fn trade(&self, out_trade_no: &str) -> Option<&Trade> {
        self.trades.get(out_trade_no)
    }

    /// An order by WeChat's number.
    pub(super) fn paid_as(&self, transaction_id: &str) -> Option<&Trade> {
        self.by_transaction.get(transaction_id).and_then(|number| self.trades.get(number))
    }

    /// Orders, or orders again with the very same parameters; each time a fresh prepay id.
    pub(super) fn prepay(&mut self, order: NewOrder, now: Timestamp, dice: &Dice) -> Result<String, PayRefusal> {
        let number = order.out_trade_no.clone();
        if self.burned.contains(&number) {
            return Err(PayRefusal::new(400, "INVALID_REQUEST", "请求重入时，参数与首次请求时不一致"));
        }
        if let Some(known) = self.trades.get(&number) {
            if known.payment.is_some() {
                return Err(PayRefusal::new(400, "ORDER_PAID", "该订单已支付"));
            }
            if known.kind != order.kind || known.request != order.request {
                return Err(PayRefusal::new(403, "OUT_TRADE_NO_USED", "商户订单号重复"));
            }
            if known.state(now) == TradeState::Closed {
                return Err(PayRefusal::new(400, "ORDER_CLOSED", "该订单已关闭"));
            }
        }
        let stamp: String = now.rfc3339_at_offset(8).chars().filter(char::is_ascii_digit).take(14).collect();
        let prepay_id = format!("wx{stamp}{}", dice.hex(20));
        let trade = self.trades.entry(number.clone()).or_insert_with(|| opened(order, now));
        trade.prepays.push(Prepay { prepay_id: prepay_id.clone(), issued_at: now });
        self.by_prepay.insert(prepay_id.clone(), number.clone());
        self.keep(&number);
        Ok(prepay_id)
    }

    /// Closes an unpaid order; repeatable. A number that was never ordered is accepted too and cannot be ordered
    /// afterwards, as the real service does it.
    pub(super) fn close(&mut self, out_trade_no: &str, now: Timestamp) -> Result<(), PayRefusal> {
        let Some(trade) = self.trades.get_mut(out_trade_no) else {
            if self.burned.insert(out_trade_no.to_owned()) {
                self.journal.record(&FactRef::Burned(out_trade_no));
            }
            return Ok(());
        };
        if trade.payment.is_some() {
            return Err(PayRefusal::new(400, "ORDER_PAID", "该订单已支付，不能关闭"));
        }
        if trade.closed_at.is_none() {
            trade.closed_at = Some(now);
            self.keep(out_trade_no);
        }
        Ok(())
    }

    /// The buyer pays, or fails to. Answers the order as it is afterwards.
    pub(super) fn pay(&mut self, attempt: &PayAttempt, dice: &Dice) -> Result<Trade, PayTrouble> {
        let number = match (&attempt.prepay_id, &attempt.out_trade_no) {
            (Some(prepay_id), _) => self.by_prepay.get(prepay_id),
            (None, Some(number)) => Some(number),
            (None, None) => None,
        };
        let number = number.cloned().ok_or(trouble("ORDER_NOT_EXIST", "no such order or prepay id"))?;
        let transaction_id = self.fresh_transaction_id(attempt.at, dice);
        let trade = self.trades.get_mut(&number).ok_or(trouble("ORDER_NOT_EXIST", "no such order or prepay id"))?;
        may_be_paid(trade, attempt)?;
        if attempt.fails {
            trade.failed_attempts = trade.failed_attempts.saturating_add(1);
        } else {
            let openid = attempt.openid.clone().or_else(|| trade.payer_openid.clone());
            trade.payment = Some(Payment {
                transaction_id: transaction_id.clone(),
                paid_fen: attempt.amount_fen.unwrap_or(trade.total_fen),
                openid: openid.unwrap_or_else(|| format!("o{}", dice.openid_letters(27))),
                success_time: attempt.at,
            });
            self.by_transaction.insert(transaction_id, number.clone());
        }
        let paid = trade.clone();
        self.keep(&number);
        Ok(paid)
    }

    fn fresh_transaction_id(&self, at: Timestamp, dice: &Dice) -> String {
        let day: String = at.rfc3339_at_offset(8).chars().filter(char::is_ascii_digit).take(8).collect();
        loop {
            let id = format!("4200002{}{day}{}", dice.digits(3), dice.digits(10));
            if !self.by_transaction.contains_key(&id) {
                return id;
            }
        }
    }
}

fn opened(order: NewOrder, now: Timestamp) -> Trade {
    let expires_at = match order.time_expire {
        Some(end) => end.clamp(now.plus_millis(SHORTEST_LIFE_MS), now.plus_millis(LONGEST_LIFE_MS)),
        None => now.plus_millis(DEFAULT_LIFE_MS),
    };
    Trade {
        out_trade_no: order.out_trade_no,
        kind: order.kind,
        request: order.request,
        description: order.description,
        attach: order.attach,
        notify_url: order.notify_url,
        total_fen: order.total_fen,
        payer_openid: order.payer_openid,
        created_at: now,
        expires_at,
        prepays: Vec::new(),
        closed_at: None,
        payment: None,
        failed_attempts: 0,
        refunds: Vec::new(),
        shipping: None,
    }
}

fn may_be_paid(trade: &Trade, attempt: &PayAttempt) -> Result<(), PayTrouble> {
    if trade.payment.is_some() {
        return Err(trouble("ORDER_PAID", "the order is already paid; WeChat does not charge it twice"));
    }
    if trade.state(attempt.at) == TradeState::Closed {
        return Err(trouble("ORDER_CLOSED", "the order is closed"));
    }
    let prepay = match &attempt.prepay_id {
        Some(id) => trade.prepays.iter().find(|prepay| prepay.prepay_id == *id),
        None => trade.prepays.last(),
    };
    let prepay = prepay.ok_or(trouble("ORDER_NOT_EXIST", "no such order or prepay id"))?;
    if attempt.at.millis_since(prepay.issued_at) >= trade.kind.prepay_life_ms() {
        return Err(trouble("PREPAY_EXPIRED", "the prepay id is too old"));
    }
    match (&attempt.openid, &trade.payer_openid) {
        (Some(openid), Some(payer)) if openid != payer => {
            Err(trouble("PAYER_MISMATCH", "the order belongs to another user"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    fn order(total_fen: i64, time_expire: Option<Timestamp>) -> NewOrder {
        NewOrder {
            kind: TradeKind::Jsapi,
            out_trade_no: "order-1".to_owned(),
            request: json!({"amount": {"total": total_fen}}),
            description: "tea".to_owned(),
            attach: String::new(),
            notify_url: "http://localhost/notice".to_owned(),
            total_fen,
            payer_openid: Some("oA".to_owned()),
            time_expire,
        }
    }

    fn empty() -> (Ledger, Dice) {
        (Ledger::new(Arc::new(Journal::default())), Dice::new(Some(1), at(0)))
    }

    fn paying(prepay_id: &str, at: Timestamp) -> PayAttempt {
        PayAttempt {
            prepay_id: Some(prepay_id.to_owned()),
            out_trade_no: None,
            openid: None,
            amount_fen: None,
            at,
            fails: false,
        }
    }

    #[test]
    fn the_same_number_needs_the_same_parameters() {
        let (mut ledger, dice) = empty();
        let first = ledger.prepay(order(100, None), at(0), &dice).unwrap();
        let second = ledger.prepay(order(100, None), at(1), &dice).unwrap();
        assert_ne!(first, second);
        assert_eq!(first.len(), 36);
        assert_eq!(ledger.prepay(order(101, None), at(1), &dice).unwrap_err().code(), "OUT_TRADE_NO_USED");
        ledger.pay(&paying(&first, at(2)), &dice).unwrap();
        assert_eq!(ledger.prepay(order(100, None), at(3), &dice).unwrap_err().code(), "ORDER_PAID");
        assert_eq!(ledger.pay(&paying(&second, at(2)), &dice).unwrap_err().code, "ORDER_PAID");
        assert_eq!(ledger.close("order-1", at(4)).unwrap_err().code(), "ORDER_PAID");
    }

    #[test]
    fn a_prepay_id_lives_two_hours_and_an_order_until_its_end() {
        let (mut ledger, dice) = empty();
        let id = ledger.prepay(order(100, Some(at(30))), at(0), &dice).unwrap();
        assert_eq!(ledger.trade("order-1").unwrap().expires_at, at(60));
        assert_eq!(ledger.pay(&paying(&id, at(60)), &dice).unwrap_err().code, "ORDER_CLOSED");
        assert!(ledger.pay(&paying(&id, at(59)), &dice).is_ok());

        let (mut ledger, dice) = empty();
        let id = ledger.prepay(order(100, None), at(0), &dice).unwrap();
        assert_eq!(ledger.pay(&paying(&id, at(7_200)), &dice).unwrap_err().code, "PREPAY_EXPIRED");
        let other = PayAttempt { openid: Some("oB".to_owned()), ..paying(&id, at(1)) };
        assert_eq!(ledger.pay(&other, &dice).unwrap_err().code, "PAYER_MISMATCH");
        let failed = PayAttempt { fails: true, ..paying(&id, at(1)) };
        assert_eq!(ledger.pay(&failed, &dice).unwrap().state(at(1)), TradeState::NotPay);
    }

    #[test]
    fn closing_a_number_before_ordering_burns_it() {
        let (mut ledger, dice) = empty();
        ledger.close("order-1", at(0)).unwrap();
        ledger.close("order-1", at(0)).unwrap();
        assert_eq!(ledger.prepay(order(100, None), at(1), &dice).unwrap_err().code(), "INVALID_REQUEST");
    }
}
