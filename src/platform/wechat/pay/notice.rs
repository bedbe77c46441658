//! Notices: what WeChat Pay posts to us, believed only after its signature was checked.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use crate::kernel::time::Timestamp;
use crate::platform::wechat::pay::keys::PlatformKeys;
use crate::platform::wechat::pay::refund::RefundNotice;
use crate::platform::wechat::pay::trade::Trade;
use crate::platform::wechat::signing::open_resource;

pub(super) const CIPHER: &str = "AEAD_AES_256_GCM";

/// The headers a signature comes with.
#[derive(Debug, Clone, Copy)]
pub struct NoticeHeaders<'a> {
    /// `Wechatpay-Timestamp`: seconds.
    pub timestamp: &'a str,
    /// `Wechatpay-Nonce`.
    pub nonce: &'a str,
    /// `Wechatpay-Signature`: base64.
    pub signature: &'a str,
    /// `Wechatpay-Serial`: the id of the key.
    pub serial: &'a str,
    /// `Wechatpay-Signature-Type`; older gateways leave it out.
    pub signature_type: Option<&'a str>,
}

/// Why a notice (or a reply) is not believed. Nothing may be changed because of it; the answer to WeChat is 4xx.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.reason())]
pub enum NoticeRefusal {
    /// A header of the signature is missing.
    MissingHeader,
    /// The scheme of the signature is not the one in use.
    UnknownScheme,
    /// The time of the signature is not a number.
    BadTimestamp,
    /// The time of the signature is more than five minutes away: a replay, or a wrong clock.
    Stale,
    /// WeChat's own probe: a wrong signature sent on purpose.
    Probe,
    /// No key is known by this serial. When it names a certificate, downloading certificates may help.
    UnknownKey,
    /// The signature does not fit the body.
    WrongSignature,
    /// The body is not a notice, or its content is not what its kind promises.
    Malformed,
    /// The content cannot be opened with our APIv3 key.
    Undecryptable,
}

impl NoticeRefusal {
    /// The stable word for this refusal, for logs and counters.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::MissingHeader => "missing_header",
            Self::UnknownScheme => "unknown_scheme",
            Self::BadTimestamp => "bad_timestamp",
            Self::Stale => "stale",
            Self::Probe => "probe",
            Self::UnknownKey => "unknown_key",
            Self::WrongSignature => "wrong_signature",
            Self::Malformed => "malformed",
            Self::Undecryptable => "undecryptable",
        }
    }
}

/// A notice that is proven to come from WeChat Pay. Whether it fits our order (merchant, app, amount, currency,
/// payer) is for the caller to check.
#[derive(Debug, Clone)]
pub struct Notice {
    /// The id of the delivery; repeated deliveries of one event may have different ids.
    pub id: String,
    /// What happened, such as `TRANSACTION.SUCCESS`.
    pub event_type: String,
    /// The content.
    pub resource: NoticeResource,
    /// The content as WeChat wrote it, for the record.
    pub plaintext: String,
}

/// The content of a notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoticeResource {
    /// A payment.
    Transaction(Box<Trade>),
    /// A refund.
    Refund(Box<RefundNotice>),
    /// Something this shop does not use; answer success, or WeChat repeats it for a day.
    Other {
        /// What happened.
        event_type: String,
    },
}

/// Verifies and opens notices. Cloning shares the keys.
#[derive(Debug, Clone)]
pub struct NoticeVerifier {
    keys: PlatformKeys,
    api_v3_key: SecretString,
}

#[derive(Deserialize)]
struct Envelope {
    id: String,
    event_type: String,
    resource: SealedResource,
}

/// An encrypted part of a notice or of the list of certificates.
#[derive(Deserialize)]
pub(super) struct SealedResource {
    algorithm: String,
    ciphertext: String,
    #[serde(default)]
    associated_data: Option<String>,
    nonce: String,
}

impl SealedResource {
    /// The text inside; `None` when our key does not open it.
    pub(super) fn open(&self, api_v3_key: &SecretString) -> Option<String> {
        if self.algorithm != CIPHER {
            return None;
        }
        let associated_data = self.associated_data.as_deref().unwrap_or_default();
        let key = api_v3_key.expose_secret().as_bytes();
        String::from_utf8(open_resource(key, &self.nonce, associated_data, &self.ciphertext)?).ok()
    }
}

impl NoticeVerifier {
    /// A verifier over shared keys.
    pub(super) fn new(keys: PlatformKeys, api_v3_key: SecretString) -> Self {
        Self { keys, api_v3_key }
    }

    /// Verifies the signature over the raw `body`, opens the content and reads it.
    pub fn verify(&self, headers: NoticeHeaders<'_>, body: &[u8], now: Timestamp) -> Result<Notice, NoticeRefusal> {
        self.keys.verify(&headers, body, now)?;
        let envelope: Envelope = serde_json::from_slice(body).map_err(|_| NoticeRefusal::Malformed)?;
        let plaintext = envelope.resource.open(&self.api_v3_key).ok_or(NoticeRefusal::Undecryptable)?;
        let malformed = |_| NoticeRefusal::Malformed;
        let resource = if envelope.event_type.starts_with("TRANSACTION.") {
            NoticeResource::Transaction(serde_json::from_str(&plaintext).map_err(malformed)?)
        } else if envelope.event_type.starts_with("REFUND.") {
            NoticeResource::Refund(serde_json::from_str(&plaintext).map_err(malformed)?)
        } else {
            NoticeResource::Other { event_type: envelope.event_type.clone() }
        };
        Ok(Notice { id: envelope.id, event_type: envelope.event_type, resource, plaintext })
    }
}

#[cfg(test)]
#[path = "notice_tests.rs"]
mod tests;
