//! Refunds: what is asked for, and what WeChat says of them.

use serde::{Deserialize, Serialize};

use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;
use crate::platform::wechat::error::WechatError;
use crate::platform::wechat::pay::{filled, filled_time, is_trade_number, wire_words};

pub(super) const REFUND: &str = "pay.refund";
const MAX_REASON_BYTES: usize = 80;

wire_words! {
    /// The state of a refund.
    RefundStatus {
        /// The money is back with the user.
        Success = "SUCCESS",
        /// Given up; the money stayed with the merchant.
        Closed = "CLOSED",
        /// Under way.
        Processing = "PROCESSING",
        /// The user's account cannot take it; somebody must act on the merchant site.
        Abnormal = "ABNORMAL",
    }
}

/// The payment a refund is taken from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundedPayment {
    /// By WeChat's number.
    TransactionId(String),
    /// By our number.
    OutTradeNo(String),
}

/// A refund to be made. Repeating it under the same `out_refund_no` is safe; a new number is a second refund.
#[derive(Debug, Clone)]
pub struct RefundRequest {
    /// The payment.
    pub payment: RefundedPayment,
    /// Our number of the refund: 1–64 digits, letters and `_-|*@`.
    pub out_refund_no: String,
    /// What the user reads; cut to 80 bytes.
    pub reason: Option<String>,
    /// What is given back: at least one fen, at most `total_fen`.
    pub refund_fen: Fen,
    /// The amount of the whole payment.
    pub total_fen: Fen,
    /// Where WeChat sends the notice; `None` sends it to the address set on the merchant site.
    pub notify_url: Option<String>,
}

/// The answer to a query for a refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundQuery {
    /// WeChat knows the refund.
    Found(Box<RefundState>),
    /// WeChat has never heard of it.
    NotFound,
}

/// A refund as WeChat sees it. A successful answer to a request means that it was accepted, not that it arrived.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RefundState {
    /// WeChat's number of the refund.
    pub refund_id: String,
    /// Our number of the refund.
    pub out_refund_no: String,
    /// WeChat's number of the payment.
    #[serde(default, deserialize_with = "filled")]
    pub transaction_id: Option<String>,
    /// Our number of the payment.
    #[serde(default, deserialize_with = "filled")]
    pub out_trade_no: Option<String>,
    /// Which way the money goes, such as `ORIGINAL`.
    #[serde(default, deserialize_with = "filled")]
    pub channel: Option<String>,
    /// Which account of the user gets it, in words.
    #[serde(default, deserialize_with = "filled")]
    pub user_received_account: Option<String>,
    /// When it arrived.
    #[serde(default, deserialize_with = "filled_time")]
    pub success_time: Option<Timestamp>,
    /// When it was accepted.
    #[serde(default, deserialize_with = "filled_time")]
    pub create_time: Option<Timestamp>,
    /// The state.
    pub status: RefundStatus,
    /// The amounts.
    pub amount: RefundAmount,
}

/// What a notice says of a refund.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RefundNotice {
    /// The merchant.
    #[serde(rename = "mchid")]
    pub mch_id: String,
    /// WeChat's number of the payment.
    pub transaction_id: String,
    /// Our number of the payment.
    pub out_trade_no: String,
    /// WeChat's number of the refund.
    pub refund_id: String,
    /// Our number of the refund.
    pub out_refund_no: String,
    /// The state.
    pub refund_status: RefundStatus,
    /// When it arrived.
    #[serde(default, deserialize_with = "filled_time")]
    pub success_time: Option<Timestamp>,
    /// Which account of the user got it, in words.
    #[serde(default, deserialize_with = "filled")]
    pub user_received_account: Option<String>,
    /// The amounts.
    pub amount: RefundAmount,
}

/// The amounts of a refund.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RefundAmount {
    /// The amount of the whole payment.
    pub total: Fen,
    /// What is given back.
    pub refund: Fen,
    /// What the user had paid after WeChat's own coupons.
    #[serde(default)]
    pub payer_total: Option<Fen>,
    /// What the user gets back after WeChat's own coupons.
    #[serde(default)]
    pub payer_refund: Option<Fen>,
    /// The currency; absent in notices.
    #[serde(default, deserialize_with = "filled")]
    pub currency: Option<String>,
}

#[derive(Serialize)]
pub(super) struct RefundBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    out_trade_no: Option<&'a str>,
    out_refund_no: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notify_url: Option<&'a str>,
    amount: AmountBody,
}

#[derive(Serialize)]
struct AmountBody {
    refund: Fen,
    total: Fen,
    currency: &'static str,
}

impl RefundRequest {
    /// The body of the call, or the first field that breaks WeChat's rules.
    pub(super) fn body(&self) -> Result<RefundBody<'_>, WechatError> {
        if !is_refund_number(&self.out_refund_no) {
            return Err(WechatError::invalid(REFUND, "out_refund_no"));
        }
        if self.refund_fen < Fen::new(1) || self.refund_fen > self.total_fen {
            return Err(WechatError::invalid(REFUND, "refund_fen"));
        }
        let (transaction_id, out_trade_no) = match &self.payment {
            RefundedPayment::TransactionId(id) if !id.is_empty() => (Some(id.as_str()), None),
            RefundedPayment::OutTradeNo(number) if is_trade_number(number) => (None, Some(number.as_str())),
            _ => return Err(WechatError::invalid(REFUND, "payment")),
        };
        Ok(RefundBody {
            transaction_id,
            out_trade_no,
            out_refund_no: &self.out_refund_no,
            reason: self.reason.as_deref().map(cut_reason).filter(|reason| !reason.is_empty()),
            notify_url: self.notify_url.as_deref(),
            amount: AmountBody { refund: self.refund_fen, total: self.total_fen, currency: "CNY" },
        })
    }
}

/// Whether `text` is a refund number WeChat accepts.
pub(super) fn is_refund_number(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-|*@".contains(&byte);
    (1..=64).contains(&text.len()) && text.bytes().all(allowed)
}

fn cut_reason(text: &str) -> String {
    let fits = |end: &usize| *end <= MAX_REASON_BYTES;
    let ends = text.char_indices().map(|(start, character)| start.saturating_add(character.len_utf8()));
    let end = ends.take_while(fits).last().unwrap_or_default();
    text.get(..end).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> RefundRequest {
        RefundRequest {
            payment: RefundedPayment::OutTradeNo("P00001".to_owned()),
            out_refund_no: "R@1".to_owned(),
            reason: Some("不想要了".to_owned()),
            refund_fen: Fen::new(30),
            total_fen: Fen::new(100),
            notify_url: None,
        }
    }

    #[test]
    fn a_refund_is_written_as_wechat_documents_it() {
        let json = serde_json::to_value(request().body().unwrap()).unwrap();
        let expected = serde_json::json!({
            "out_trade_no": "P00001", "out_refund_no": "R@1", "reason": "不想要了",
            "amount": {"refund": 30, "total": 100, "currency": "CNY"},
        });
        assert_eq!(json, expected);
    }

    #[test]
    fn a_refund_above_the_payment_or_of_nothing_is_not_sent() {
        for refund_fen in [Fen::ZERO, Fen::new(-1), Fen::new(101)] {
            assert!(RefundRequest { refund_fen, ..request() }.body().is_err());
        }
        assert!(RefundRequest { out_refund_no: "a/b".to_owned(), ..request() }.body().is_err());
    }

    #[test]
    fn a_long_reason_is_cut_between_characters() {
        assert_eq!(cut_reason(&"退".repeat(40)), "退".repeat(26));
    }
}
