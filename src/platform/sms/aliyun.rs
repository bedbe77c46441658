//! Alibaba Cloud's `SendSms` (version 2017-05-25), signed by its third signature method, ACS3-HMAC-SHA256.
//!
//! What is signed is checked against the sample that the provider publishes for that method. The parameters stand in the
//! query, as the provider's own SDKs send them, and the body is empty. Numbers of mainland China go without their prefix,
//! others as digits with it.

use aws_lc_rs::{digest, hmac};
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{AliyunSettings, SmsError, SmsErrorKind, SmsTemplate};
use crate::platform::outbound::{Outbound, OutboundTrouble, form_encoded};
use crate::platform::secrets::random_bytes;

const ALGORITHM: &str = "ACS3-HMAC-SHA256";
/// The prefix of mainland China, and how long its mobile numbers are.
const HOME_PREFIX: &str = "86";
const HOME_DIGITS: usize = 11;

/// The adapter.
#[derive(Debug)]
pub(super) struct Aliyun {
    settings: AliyunSettings,
    outbound: Outbound,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    code: String,
}

/// What a signature covers beside the key.
struct Signed<'a> {
    uri: &'a str,
    query: &'a str,
    /// Lower-case names, sorted.
    headers: &'a [(&'a str, &'a str)],
    body_hash: &'a str,
}

impl Aliyun {
    /// The adapter for an account.
    pub(super) fn new(settings: AliyunSettings, outbound: Outbound) -> Self {
        Self { settings, outbound }
    }

    /// Sends one message. `digits` is the number with its country prefix.
    pub(super) async fn send(
        &self,
        digits: &str,
        template: SmsTemplate,
        params: &[(&str, &str)],
    ) -> Result<(), SmsError> {
        let params: Map<String, Value> =
            params.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))).collect();
        let params = Value::Object(params).to_string();
        let query = form_encoded(&[
            ("PhoneNumbers", number(digits)),
            ("SignName", &self.settings.sign_name),
            ("TemplateCode", self.template_code(template)),
            ("TemplateParam", &params),
        ]);
        let request = self.signed(&query)?;
        let reply = self.outbound.exchange("aliyun SendSms", request).await.map_err(SmsErrorKind::Unanswered)?;
        let answer: Result<Answer, _> = serde_json::from_slice(&reply.body);
        match answer {
            Ok(answer) if reply.status == 200 && answer.code == "OK" => Ok(()),
            Ok(answer) => Err(refusal(answer.code, reply.status).into()),
            Err(_) if reply.status >= 500 => Err(SmsErrorKind::Busy { code: reply.status.to_string() }.into()),
            Err(_) => Err(SmsErrorKind::BadReply.into()),
        }
    }

    fn template_code(&self, template: SmsTemplate) -> &str {
        match template {
            SmsTemplate::Code => &self.settings.code_template,
        }
    }

    fn signed(&self, query: &str) -> Result<reqwest::RequestBuilder, SmsError> {
        let unsendable = || SmsErrorKind::Unanswered(OutboundTrouble::Unsendable);
        let url = reqwest::Url::parse(&format!("{}?{query}", self.settings.url)).map_err(|_| unsendable())?;
        let host = url.host_str().ok_or_else(unsendable)?;
        let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let now = self.outbound.clock().now().rfc3339_at_offset(0);
        let date = format!("{}Z", now.chars().take(19).collect::<String>());
        let nonce = hex::encode(random_bytes::<16>().map_err(|_| unsendable())?);
        let body_hash = sha256(b"");
        let headers = [
            ("host", host.as_str()),
            ("x-acs-action", "SendSms"),
            ("x-acs-content-sha256", body_hash.as_str()),
            ("x-acs-date", date.as_str()),
            ("x-acs-signature-nonce", nonce.as_str()),
            ("x-acs-version", "2017-05-25"),
        ];
        let signed = Signed { uri: url.path(), query, headers: &headers, body_hash: &body_hash };
        let authorization =
            signed.authorization(&self.settings.access_key_id, self.settings.access_key_secret.expose_secret());
        let request = self.outbound.http().post(url.clone()).header("authorization", authorization);
        // The client writes the host itself, from the same address.
        let own = headers.iter().filter(|(name, _)| *name != "host");
        Ok(own.fold(request, |request, (name, value)| request.header(*name, *value)))
    }
}

impl Signed<'_> {
    /// What is hashed and signed. The query must be sorted by name.
    fn canonical(&self) -> String {
        let headers: String = self.headers.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
        let Self { uri, query, body_hash, .. } = self;
        format!("POST\n{uri}\n{query}\n{headers}\n{}\n{body_hash}", self.names())
    }

    fn names(&self) -> String {
        self.headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";")
    }

    fn signature(&self, secret: &str) -> String {
        let text = format!("{ALGORITHM}\n{}", sha256(self.canonical().as_bytes()));
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        hex::encode(hmac::sign(&key, text.as_bytes()))
    }

    fn authorization(&self, id: &str, secret: &str) -> String {
        format!("{ALGORITHM} Credential={id},SignedHeaders={},Signature={}", self.names(), self.signature(secret))
    }
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, bytes))
}

fn number(digits: &str) -> &str {
    digits.strip_prefix(HOME_PREFIX).filter(|own| own.len() == HOME_DIGITS && own.starts_with('1')).unwrap_or(digits)
}

fn refusal(code: String, status: u16) -> SmsErrorKind {
    match code.as_str() {
        "isv.MOBILE_NUMBER_ILLEGAL" | "isv.BLACK_KEY_CONTROL_LIMIT" => SmsErrorKind::NumberRefused { code },
        "isv.BUSINESS_LIMIT_CONTROL" | "isv.DAY_LIMIT_CONTROL" | "isv.MONTH_LIMIT_CONTROL" => {
            SmsErrorKind::Throttled { code }
        }
        throttled if throttled.starts_with("Throttling") => SmsErrorKind::Throttled { code },
        "isp.SYSTEM_ERROR" | "ServiceUnavailable" | "InternalError" => SmsErrorKind::Busy { code },
        _ if status >= 500 => SmsErrorKind::Busy { code },
        _ => SmsErrorKind::AccountRefused { code },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_sample_is_signed_alike() {
        let body_hash = sha256(b"");
        let headers = [
            ("host", "ecs.cn-shanghai.aliyuncs.com"),
            ("x-acs-action", "RunInstances"),
            ("x-acs-content-sha256", body_hash.as_str()),
            ("x-acs-date", "2023-10-26T10:22:32Z"),
            ("x-acs-signature-nonce", "3156853299f313e23d1673dc12e1703d"),
            ("x-acs-version", "2014-05-26"),
        ];
        let query = form_encoded(&[
            ("ImageId", "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"),
            ("RegionId", "cn-shanghai"),
        ]);
        let signed = Signed { uri: "/", query: &query, headers: &headers, body_hash: &body_hash };
        let hash = sha256(signed.canonical().as_bytes());
        assert_eq!(hash, "7ea06492da5221eba5297e897ce16e55f964061054b7695beedaac1145b1e259");
        assert_eq!(
            signed.authorization("YourAccessKeyId", "YourAccessKeySecret"),
            "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;\
             x-acs-signature-nonce;x-acs-version,Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
        );
    }

    #[test]
    fn numbers_at_home_lose_their_prefix() {
        assert_eq!(number("8613800001234"), "13800001234");
        assert_eq!(number("85298765432"), "85298765432");
        assert_eq!(number("861012345678"), "861012345678");
    }
}
