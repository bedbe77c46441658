//! Payments: what is asked for, and what WeChat says of them.

use serde::{Deserialize, Serialize};

use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;
use crate::platform::wechat::error::WechatError;
use crate::platform::wechat::pay::{filled, filled_time, is_trade_number, wire_words};

pub(super) const PREPAY: &str = "pay.prepay";
/// WeChat's bound is 127 without saying of what; cutting at bytes satisfies every reading.
const MAX_DESCRIPTION_BYTES: usize = 127;
const MAX_ATTACH_BYTES: usize = 128;
const MAX_NOTIFY_URL_BYTES: usize = 255;

wire_words! {
    /// Where a payment is made.
    TradeType {
        /// Mini-program and pages inside WeChat.
        Jsapi = "JSAPI",
        /// A code scanned by the buyer.
        Native = "NATIVE",
        /// A native app.
        App = "APP",
        /// A page outside WeChat.
        H5 = "MWEB",
        /// A code scanned by the merchant.
        Micropay = "MICROPAY",
        /// Payment by face.
        Facepay = "FACEPAY",
    }
}

wire_words! {
    /// The state of a payment.
    TradeState {
        /// Paid.
        Success = "SUCCESS",
        /// Paid, and at least one refund was made or begun.
        Refund = "REFUND",
        /// Not paid yet; failed attempts stay here.
        NotPay = "NOTPAY",
        /// Closed unpaid; final.
        Closed = "CLOSED",
        /// Revoked; only for codes scanned by the merchant.
        Revoked = "REVOKED",
        /// The user is entering the password; only for codes scanned by the merchant.
        UserPaying = "USERPAYING",
        /// Failed; only for codes scanned by the merchant.
        PayError = "PAYERROR",
    }
}

/// A payment to be prepared. Asking again with identical values returns a fresh handle on the same payment; with
/// different ones WeChat refuses.
#[derive(Debug, Clone)]
pub struct PrepayRequest {
    /// Where it will be paid: JSAPI, App, H5 or Native.
    pub trade_type: TradeType,
    /// Our number: 6–32 digits, letters and `_-|*`.
    pub out_trade_no: String,
    /// What the buyer reads. Commas are replaced, because WeChat's bills do not quote them, and it is cut to 127
    /// bytes.
    pub description: String,
    /// The amount: at least one fen.
    pub amount_fen: Fen,
    /// The payer within this mini-program; required for JSAPI.
    pub openid: Option<String>,
    /// Until when it can be paid.
    pub time_expire: Timestamp,
    /// Where WeChat sends the notice: no query, at most 255 bytes.
    pub notify_url: String,
    /// The address of the payer; required for H5.
    pub payer_client_ip: Option<String>,
    /// Given back in queries and notices; at most 128 bytes without commas.
    pub attach: Option<String>,
}

/// The handle of a prepared payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Prepay {
    /// For JSAPI and App: to be signed into client parameters; lives two hours.
    PrepayId(String),
    /// For H5: where to send the browser; lives five minutes.
    H5Url(String),
    /// For Native: what to show as a QR code; lives two hours.
    CodeUrl(String),
}

/// The answer to a query for a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TradeQuery {
    /// WeChat knows the payment.
    Found(Box<Trade>),
    /// WeChat has never heard of it: no prepay succeeded.
    NotFound,
}

/// A payment as WeChat sees it, in queries and in notices.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Trade {
    /// The app it was made for.
    #[serde(rename = "appid", default)]
    pub app_id: String,
    /// The merchant it was made for.
    #[serde(rename = "mchid")]
    pub mch_id: String,
    /// Our number.
    pub out_trade_no: String,
    /// WeChat's number; only once paid.
    #[serde(default, deserialize_with = "filled")]
    pub transaction_id: Option<String>,
    /// Where it was paid; only once paid.
    #[serde(default, deserialize_with = "filled")]
    pub trade_type: Option<TradeType>,
    /// The state.
    pub trade_state: TradeState,
    /// The state in words, for people.
    #[serde(default, deserialize_with = "filled")]
    pub trade_state_desc: Option<String>,
    /// The bank, in WeChat's code.
    #[serde(default, deserialize_with = "filled")]
    pub bank_type: Option<String>,
    /// What was attached to the prepay.
    #[serde(default, deserialize_with = "filled")]
    pub attach: Option<String>,
    /// When it was paid.
    #[serde(default, deserialize_with = "filled_time")]
    pub success_time: Option<Timestamp>,
    /// Who paid.
    #[serde(default)]
    payer: Option<Payer>,
    /// The amount.
    #[serde(default)]
    pub amount: Option<TradeAmount>,
}

impl Trade {
    /// The openid of the payer, once paid.
    pub fn payer_openid(&self) -> Option<&str> {
        self.payer.as_ref()?.openid.as_deref()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct Payer {
    #[serde(default, deserialize_with = "filled")]
    openid: Option<String>,
}

/// The amounts of a payment.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TradeAmount {
    /// What the order asked for.
    pub total: Fen,
    /// What the user paid after WeChat's own coupons.
    #[serde(default)]
    pub payer_total: Option<Fen>,
    /// The currency of `total`.
    #[serde(default, deserialize_with = "filled")]
    pub currency: Option<String>,
    /// The currency of `payer_total`.
    #[serde(default, deserialize_with = "filled")]
    pub payer_currency: Option<String>,
}

#[derive(Serialize)]
pub(super) struct PrepayBody<'a> {
    appid: &'a str,
    mchid: &'a str,
    description: String,
    out_trade_no: &'a str,
    time_expire: String,
    notify_url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    attach: Option<&'a str>,
    amount: AmountBody,
    #[serde(skip_serializing_if = "Option::is_none")]
    payer: Option<PayerBody<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scene_info: Option<SceneBody<'a>>,
}

#[derive(Serialize)]
struct AmountBody {
    total: Fen,
    currency: &'static str,
}

#[derive(Serialize)]
struct PayerBody<'a> {
    openid: &'a str,
}

#[derive(Serialize)]
struct SceneBody<'a> {
    payer_client_ip: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    h5_info: Option<H5Body>,
}

#[derive(Serialize)]
struct H5Body {
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Deserialize)]
pub(super) struct PrepayReply {
    #[serde(default, deserialize_with = "filled")]
    prepay_id: Option<String>,
    #[serde(default, deserialize_with = "filled")]
    h5_url: Option<String>,
    #[serde(default, deserialize_with = "filled")]
    code_url: Option<String>,
}

impl PrepayRequest {
    /// The path of the call for this kind of payment.
    pub(super) fn path(&self) -> Result<&'static str, WechatError> {
        match self.trade_type {
            TradeType::Jsapi => Ok("/v3/pay/transactions/jsapi"),
            TradeType::App => Ok("/v3/pay/transactions/app"),
            TradeType::H5 => Ok("/v3/pay/transactions/h5"),
            TradeType::Native => Ok("/v3/pay/transactions/native"),
            TradeType::Micropay | TradeType::Facepay | TradeType::Other(_) => {
                Err(WechatError::invalid(PREPAY, "trade_type"))
            }
        }
    }

    /// The body of the call, or the first field that breaks WeChat's rules.
    pub(super) fn body<'a>(&'a self, app_id: &'a str, mch_id: &'a str) -> Result<PrepayBody<'a>, WechatError> {
        let invalid = |field| Err(WechatError::invalid(PREPAY, field));
        if !is_trade_number(&self.out_trade_no) {
            return invalid("out_trade_no");
        }
        if self.amount_fen < Fen::new(1) {
            return invalid("amount_fen");
        }
        if self.description.trim().is_empty() {
            return invalid("description");
        }
        if self.notify_url.len() > MAX_NOTIFY_URL_BYTES || self.notify_url.contains(['?', '#']) {
            return invalid("notify_url");
        }
        if self.attach.as_ref().is_some_and(|attach| attach.len() > MAX_ATTACH_BYTES || attach.contains(',')) {
            return invalid("attach");
        }
        let h5 = self.trade_type == TradeType::H5;
        if h5 && self.payer_client_ip.is_none() {
            return invalid("payer_client_ip");
        }
        let payer = match (&self.trade_type, self.openid.as_deref()) {
            (TradeType::Jsapi, None | Some("")) => return invalid("openid"),
            (TradeType::Jsapi, Some(openid)) => Some(PayerBody { openid }),
            _ => None,
        };
        Ok(PrepayBody {
            appid: app_id,
            mchid: mch_id,
            description: description(&self.description),
            out_trade_no: &self.out_trade_no,
            time_expire: self.time_expire.rfc3339_at_offset(8),
            notify_url: &self.notify_url,
            attach: self.attach.as_deref(),
            amount: AmountBody { total: self.amount_fen, currency: "CNY" },
            payer,
            scene_info: self
                .payer_client_ip
                .as_deref()
                .map(|payer_client_ip| SceneBody { payer_client_ip, h5_info: h5.then_some(H5Body { kind: "Wap" }) }),
        })
    }

    /// Picks the handle that belongs to this kind of payment out of the reply.
    pub(super) fn handle(&self, reply: PrepayReply) -> Result<Prepay, WechatError> {
        let handle = match self.trade_type {
            TradeType::H5 => reply.h5_url.map(Prepay::H5Url),
            TradeType::Native => reply.code_url.map(Prepay::CodeUrl),
            _ => reply.prepay_id.map(Prepay::PrepayId),
        };
        handle.ok_or_else(|| WechatError::bad_reply(PREPAY, "no handle for this kind of payment"))
    }
}

fn description(text: &str) -> String {
    let mut cut = String::new();
    for character in text.trim().chars().map(|character| if character == ',' { '，' } else { character }) {
        if cut.len().saturating_add(character.len_utf8()) > MAX_DESCRIPTION_BYTES {
            break;
        }
        cut.push(character);
    }
    cut
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request() -> PrepayRequest {
        PrepayRequest {
            trade_type: TradeType::Jsapi,
            out_trade_no: "P_1-2|3*".to_owned(),
            description: "tea, 250 g".to_owned(),
            amount_fen: Fen::new(100),
            openid: Some("o1".to_owned()),
            time_expire: Timestamp::from_millis(1_704_081_600_000),
            notify_url: "https://shop.example/notices".to_owned(),
            payer_client_ip: None,
            attach: None,
        }
    }

    #[test]
    fn a_prepay_is_written_as_wechat_documents_it() {
        let request = request();
        let json = serde_json::to_value(request.body("wx1", "19").unwrap()).unwrap();
        let expected = serde_json::json!({
            "appid": "wx1", "mchid": "19", "description": "tea， 250 g", "out_trade_no": "P_1-2|3*",
            "time_expire": "2024-01-01T12:00:00+08:00", "notify_url": "https://shop.example/notices",
            "amount": {"total": 100, "currency": "CNY"}, "payer": {"openid": "o1"},
        });
        assert_eq!(json, expected);
    }

    #[test]
    fn a_page_outside_wechat_names_the_payers_address() {
        let request = PrepayRequest { trade_type: TradeType::H5, ..request() };
        assert!(request.body("wx1", "19").is_err());
        let request = PrepayRequest { payer_client_ip: Some("10.0.0.1".to_owned()), ..request };
        let json = serde_json::to_value(request.body("wx1", "19").unwrap()).unwrap();
        assert_eq!(json["scene_info"], serde_json::json!({"payer_client_ip": "10.0.0.1", "h5_info": {"type": "Wap"}}));
        assert!(json.get("payer").is_none());
    }

    #[test]
    fn a_prepay_that_wechat_would_refuse_is_not_sent() {
        let wrong = [
            PrepayRequest { out_trade_no: "short".to_owned(), ..request() },
            PrepayRequest { out_trade_no: "has space".to_owned(), ..request() },
            PrepayRequest { amount_fen: Fen::ZERO, ..request() },
            PrepayRequest { openid: None, ..request() },
            PrepayRequest { notify_url: "https://shop.example/n?x=1".to_owned(), ..request() },
            PrepayRequest { attach: Some("a,b".to_owned()), ..request() },
            PrepayRequest { description: " ".to_owned(), ..request() },
        ];
        for request in wrong {
            assert!(request.body("wx1", "19").is_err(), "{request:?}");
        }
        assert!(PrepayRequest { trade_type: TradeType::Facepay, ..request() }.path().is_err());
    }

    #[test]
    fn a_long_description_is_cut_between_characters() {
        let cut = description(&"茶".repeat(60));
        assert_eq!(cut, "茶".repeat(42));
    }

    #[test]
    fn an_unpaid_trade_with_empty_fields_and_unknown_words_is_read() {
        let trade: Trade = serde_json::from_str(
            r#"{"appid":"wx1","mchid":"19","out_trade_no":"P00001","transaction_id":"","trade_type":"",
                "trade_state":"SLEEPING","success_time":"","attach":null,"something":{"new":1}}"#,
        )
        .unwrap();
        assert_eq!(trade.trade_state, TradeState::Other("SLEEPING".to_owned()));
        assert_eq!(trade.trade_state.as_str(), "SLEEPING");
        assert_eq!((trade.transaction_id.as_ref(), trade.success_time, trade.payer_openid()), (None, None, None));
    }
}
