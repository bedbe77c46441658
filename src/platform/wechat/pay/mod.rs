//! WeChat Pay v3: prepay, query, close, refund, client parameters, platform certificates and notices.
//!
//! Two facts govern every caller. A call that ends without a usable answer may have been carried out
//! ([`super::WechatError::outcome_unknown`]); repeating it under the **same** number is safe, under a new one it is a
//! second payment or refund. And a client that says "paid" proves nothing: only a verified notice or a query does.

mod certificates;
mod client;
mod keys;
mod notice;
mod refund;
mod trade;

pub use client::{AppParams, Closing, JsapiParams, PayClient};
pub use notice::{Notice, NoticeHeaders, NoticeRefusal, NoticeResource, NoticeVerifier};
pub use refund::{RefundAmount, RefundNotice, RefundQuery, RefundRequest, RefundState, RefundStatus, RefundedPayment};
pub use trade::{Prepay, PrepayRequest, Trade, TradeAmount, TradeQuery, TradeState, TradeType};

use serde::{Deserialize, Deserializer};

/// Declares an enum of WeChat's words that keeps a word it does not know.
macro_rules! wire_words {
    ($(#[$doc:meta])* $name:ident { $($(#[$arm_doc:meta])* $arm:ident = $word:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum $name {
            $($(#[$arm_doc])* $arm,)+
            /// A word WeChat has added since.
            Other(String),
        }

        impl $name {
            /// WeChat's word.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$arm => $word,)+
                    Self::Other(word) => word,
                }
            }
        }

        impl From<String> for $name {
            fn from(word: String) -> Self {
                match word.as_str() {
                    $($word => Self::$arm,)+
                    _ => Self::Other(word),
                }
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer).map(Self::from)
            }
        }
    };
}
use wire_words;

/// Reads an optional field that WeChat leaves out, sends as null or sends empty when there is nothing to say.
fn filled<'de, D: Deserializer<'de>, T: From<String>>(deserializer: D) -> Result<Option<T>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.filter(|text| !text.is_empty()).map(T::from))
}

/// Reads an optional time in the same lenient way.
fn filled_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<crate::kernel::time::Timestamp>, D::Error> {
    let Some(text) = filled::<D, String>(deserializer)? else {
        return Ok(None);
    };
    let moment = crate::kernel::time::Timestamp::parse_rfc3339(&text);
    moment.map(Some).ok_or_else(|| serde::de::Error::custom("expected a time in RFC 3339"))
}

/// Whether `text` is a payment number WeChat accepts: 6–32 digits, letters and `_-|*`.
fn is_trade_number(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-|*".contains(&byte);
    (6..=32).contains(&text.len()) && text.bytes().all(allowed)
}

/// Writes `text` as one segment of a path, everything but unreserved characters escaped.
fn path_segment(text: &str) -> String {
    use std::fmt::Write as _;
    let mut segment = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            segment.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(segment, "%{byte:02X}");
        }
    }
    segment
}
