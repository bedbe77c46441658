//! The client of `api.mch.weixin.qq.com`: signs every request, believes no reply that is not signed.

use std::sync::Arc;

use reqwest::{Method, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::kernel::time::Clock;
use crate::platform::wechat::error::{WechatError, WechatErrorKind};
use crate::platform::wechat::pay::keys::PlatformKeys;
use crate::platform::wechat::pay::notice::{NoticeHeaders, NoticeRefusal, NoticeVerifier};
use crate::platform::wechat::pay::refund::{REFUND, RefundQuery, RefundRequest, RefundState, is_refund_number};
use crate::platform::wechat::pay::trade::{PREPAY, Prepay, PrepayReply, PrepayRequest, Trade, TradeQuery};
use crate::platform::wechat::pay::{is_trade_number, path_segment};
use crate::platform::wechat::settings::{PaySettings, WechatSettings, WechatSetupError};
use crate::platform::wechat::signing::{MerchantKey, SCHEME, client_message, fresh_nonce, request_message};
use crate::platform::wechat::transport::{Reply, Transport};

/// The client of WeChat Pay for one merchant. Cloning is cheap.
#[derive(Debug, Clone)]
pub struct PayClient(Arc<Inner>);

#[derive(Debug, Clone)]
struct Inner {
    app_id: String,
    mch_id: String,
    merchant_serial: String,
    merchant_key: Arc<MerchantKey>,
    api_v3_key: SecretString,
    reply_key_id: Option<String>,
    notify_base_url: String,
    pay_url: String,
    keys: PlatformKeys,
    notices: NoticeVerifier,
    transport: Transport,
    clock: Clock,
}

/// What `wx.requestPayment` needs, under the names it has there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JsapiParams {
    /// The app id; needed by pages inside WeChat, ignored by mini-programs.
    pub app_id: String,
    /// Seconds, as text.
    pub time_stamp: String,
    /// The nonce.
    pub nonce_str: String,
    /// `prepay_id=…`.
    pub package: String,
    /// Always `RSA`.
    pub sign_type: String,
    /// The signature.
    pub pay_sign: String,
}

/// What the payment call of a native app needs, under the names it has there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AppParams {
    /// The app id.
    pub app_id: String,
    /// The merchant number.
    pub partner_id: String,
    /// The prepay id.
    pub prepay_id: String,
    /// Always `Sign=WXPay`.
    pub package_value: String,
    /// Seconds, as text.
    pub time_stamp: String,
    /// The nonce.
    pub nonce_str: String,
    /// The signature.
    pub sign: String,
}

/// What became of a request to close a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    /// It can no longer be paid.
    Closed,
    /// It was paid before: query it.
    AlreadyPaid,
    /// WeChat has never heard of it: no prepay succeeded.
    NotFound,
}

#[derive(Serialize)]
struct CloseBody<'a> {
    mchid: &'a str,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Failure {
    code: String,
    message: String,
}

impl PayClient {
    /// Parses the keys; sends nothing.
    pub(in crate::platform::wechat) fn new(
        settings: &WechatSettings,
        pay: &PaySettings,
        transport: Transport,
        clock: Clock,
    ) -> Result<Self, WechatSetupError> {
        let merchant_key = MerchantKey::from_pem(pay.merchant_private_key_pem.expose_secret())
            .map_err(|error| WechatSetupError::new("wechat.pay.merchant_private_key_pem", error.to_string()))?;
        let keys = PlatformKeys::new(pay)?;
        Ok(Self(Arc::new(Inner {
            app_id: settings.app_id.clone(),
            mch_id: pay.mch_id.clone(),
            merchant_serial: pay.merchant_serial.clone(),
            merchant_key: Arc::new(merchant_key),
            api_v3_key: pay.api_v3_key.clone(),
            reply_key_id: pay.reply_key_id.clone(),
            notify_base_url: pay.notify_base_url.clone(),
            pay_url: settings.pay_url.clone(),
            notices: NoticeVerifier::new(keys.clone(), pay.api_v3_key.clone()),
            keys,
            transport,
            clock,
        })))
    }

    /// The same merchant, its keys shared, paid inside another application.
    pub(in crate::platform::wechat) fn for_app(&self, app_id: &str) -> Self {
        Self(Arc::new(Inner { app_id: app_id.to_owned(), ..Inner::clone(&self.0) }))
    }

    /// The merchant number, for comparing with what a notice says.
    pub fn mch_id(&self) -> &str {
        &self.0.mch_id
    }

    /// The app id payments are made for, for comparing with what a notice says.
    pub fn app_id(&self) -> &str {
        &self.0.app_id
    }

    /// The address for notices at `path`, which begins with a slash.
    pub fn notify_url(&self, path: &str) -> String {
        format!("{}{path}", self.0.notify_base_url)
    }

    /// The verifier of notices; it shares the keys of this client.
    pub fn notices(&self) -> &NoticeVerifier {
        &self.0.notices
    }

    /// Prepares a payment. Safe to repeat with identical values.
    pub async fn prepay(&self, request: &PrepayRequest) -> Result<Prepay, WechatError> {
        let path = request.path()?;
        let body = json(PREPAY, &request.body(&self.0.app_id, &self.0.mch_id)?)?;
        let reply = self.call(PREPAY, Method::POST, path, body).await?;
        request.handle(read::<PrepayReply>(PREPAY, &reply)?)
    }

    /// What WeChat knows of a payment, by our number: the only query that works before it is paid.
    pub async fn query_by_out_trade_no(&self, out_trade_no: &str) -> Result<TradeQuery, WechatError> {
        const CALL: &str = "pay.query";
        if !is_trade_number(out_trade_no) {
            return Err(WechatError::invalid(CALL, "out_trade_no"));
        }
        let number = path_segment(out_trade_no);
        let path = format!("/v3/pay/transactions/out-trade-no/{number}?mchid={}", self.0.mch_id);
        let reply = match self.call(CALL, Method::GET, &path, Vec::new()).await {
            Err(error) if matches!(error.code(), Some("ORDER_NOT_EXIST" | "ORDERNOTEXIST")) => {
                return Ok(TradeQuery::NotFound);
            }
            outcome => outcome?,
        };
        let trade: Box<Trade> = read(CALL, &reply)?;
        if trade.out_trade_no != out_trade_no || trade.mch_id != self.0.mch_id {
            return Err(WechatError::bad_reply(CALL, "about another payment"));
        }
        Ok(TradeQuery::Found(trade))
    }

    /// Closes an unpaid payment. Safe to repeat.
    pub async fn close(&self, out_trade_no: &str) -> Result<Closing, WechatError> {
        const CALL: &str = "pay.close";
        if !is_trade_number(out_trade_no) {
            return Err(WechatError::invalid(CALL, "out_trade_no"));
        }
        let path = format!("/v3/pay/transactions/out-trade-no/{}/close", path_segment(out_trade_no));
        let body = json(CALL, &CloseBody { mchid: &self.0.mch_id })?;
        match self.call(CALL, Method::POST, &path, body).await {
            Ok(_) => Ok(Closing::Closed),
            Err(error) => match error.code() {
                Some("ORDER_CLOSED" | "ORDERCLOSED") => Ok(Closing::Closed),
                Some("ORDER_PAID" | "ORDERPAID") => Ok(Closing::AlreadyPaid),
                Some("ORDER_NOT_EXIST" | "ORDERNOTEXIST") => Ok(Closing::NotFound),
                _ => Err(error),
            },
        }
    }

    /// Asks for a refund. Safe to repeat under the same number; the answer means accepted, not arrived.
    pub async fn refund(&self, request: &RefundRequest) -> Result<RefundState, WechatError> {
        let body = json(REFUND, &request.body()?)?;
        let reply = self.call(REFUND, Method::POST, "/v3/refund/domestic/refunds", body).await?;
        let state: RefundState = read(REFUND, &reply)?;
        if state.out_refund_no != request.out_refund_no {
            return Err(WechatError::bad_reply(REFUND, "about another refund"));
        }
        Ok(state)
    }

    /// What WeChat knows of a refund.
    pub async fn query_refund(&self, out_refund_no: &str) -> Result<RefundQuery, WechatError> {
        const CALL: &str = "pay.query_refund";
        if !is_refund_number(out_refund_no) {
            return Err(WechatError::invalid(CALL, "out_refund_no"));
        }
        let path = format!("/v3/refund/domestic/refunds/{}", path_segment(out_refund_no));
        let reply = match self.call(CALL, Method::GET, &path, Vec::new()).await {
            Err(error) if error.code() == Some("RESOURCE_NOT_EXISTS") => return Ok(RefundQuery::NotFound),
            outcome => outcome?,
        };
        let state: Box<RefundState> = read(CALL, &reply)?;
        if state.out_refund_no != out_refund_no {
            return Err(WechatError::bad_reply(CALL, "about another refund"));
        }
        Ok(RefundQuery::Found(state))
    }

    /// Signs what `wx.requestPayment` and pages inside WeChat need to pay `prepay_id`.
    pub fn client_params_jsapi(&self, prepay_id: &str) -> Result<JsapiParams, WechatError> {
        let package = format!("prepay_id={prepay_id}");
        let (time_stamp, nonce_str, pay_sign) = self.sign_for_client("pay.client_params_jsapi", &package)?;
        let app_id = self.0.app_id.clone();
        Ok(JsapiParams { app_id, time_stamp, nonce_str, package, sign_type: "RSA".to_owned(), pay_sign })
    }

    /// Signs what a native app needs to pay `prepay_id`.
    pub fn client_params_app(&self, prepay_id: &str) -> Result<AppParams, WechatError> {
        let (time_stamp, nonce_str, sign) = self.sign_for_client("pay.client_params_app", prepay_id)?;
        Ok(AppParams {
            app_id: self.0.app_id.clone(),
            partner_id: self.0.mch_id.clone(),
            prepay_id: prepay_id.to_owned(),
            package_value: "Sign=WXPay".to_owned(),
            time_stamp,
            nonce_str,
            sign,
        })
    }

    fn sign_for_client(&self, call: &'static str, last_line: &str) -> Result<(String, String, String), WechatError> {
        let seconds = self.0.clock.now().seconds();
        let nonce = fresh_nonce().ok_or_else(|| WechatError::invalid(call, "nonce"))?;
        let message = client_message(&self.0.app_id, seconds, &nonce, last_line);
        let signature = self.0.merchant_key.sign(&message).ok_or_else(|| WechatError::invalid(call, "signature"))?;
        Ok((seconds.to_string(), nonce, signature))
    }

    /// Sends a signed request and returns a reply that is both authentic and successful. A reply signed with a
    /// certificate that is not known yet makes the certificates be downloaded once before it is given up.
    async fn call(&self, call: &'static str, method: Method, path: &str, body: Vec<u8>) -> Result<Reply, WechatError> {
        let reply = self.exchange(call, method, path, body).await?;
        let success = (200..300).contains(&reply.status);
        // Gateways in front of WeChat Pay answer some failures without a signature; those are failures all the same.
        if success || reply.headers.contains_key("wechatpay-signature") {
            let mut verdict = self.verify_with(&self.0.keys, &reply);
            if verdict == Err(NoticeRefusal::UnknownKey) && names_certificate(&reply) {
                self.download_certificates().await.map_err(|error| {
                    tracing::warn!(%error, "the certificate a reply was signed with could not be downloaded");
                    unauthentic(call, NoticeRefusal::UnknownKey)
                })?;
                verdict = self.verify_with(&self.0.keys, &reply);
            }
            verdict.map_err(|refusal| unauthentic(call, refusal))?;
        }
        if success { Ok(reply) } else { Err(self.failure(call, &reply)) }
    }

    /// Sends a signed request and returns whatever came back, unverified.
    pub(super) async fn exchange(
        &self,
        call: &'static str,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> Result<Reply, WechatError> {
        let url = Url::parse(&format!("{}{path}", self.0.pay_url)).map_err(|_| WechatError::invalid(call, "path"))?;
        let as_sent = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let authorization = self.authorization(call, method.as_str(), &as_sent, &body)?;
        let mut request = self
            .0
            .transport
            .http()
            .request(method, url)
            .header("Authorization", authorization)
            .header("Accept", "application/json")
            .header("Content-Type", "application/json");
        if let Some(id) = &self.0.reply_key_id {
            request = request.header("Wechatpay-Serial", id);
        }
        if !body.is_empty() {
            request = request.body(body);
        }
        self.0.transport.exchange(call, request).await
    }

    fn authorization(
        &self,
        call: &'static str,
        method: &str,
        path_and_query: &str,
        body: &[u8],
    ) -> Result<String, WechatError> {
        let seconds = self.0.clock.now().seconds();
        let nonce = fresh_nonce().ok_or_else(|| WechatError::invalid(call, "nonce"))?;
        let message = request_message(method, path_and_query, seconds, &nonce, body);
        let signature = self.0.merchant_key.sign(&message).ok_or_else(|| WechatError::invalid(call, "signature"))?;
        Ok(format!(
            "{SCHEME} mchid=\"{}\",nonce_str=\"{nonce}\",signature=\"{signature}\",timestamp=\"{seconds}\",serial_no=\"{}\"",
            self.0.mch_id, self.0.merchant_serial
        ))
    }

    /// Checks the signature of a reply against `keys`.
    pub(super) fn verify_with(&self, keys: &PlatformKeys, reply: &Reply) -> Result<(), NoticeRefusal> {
        let required = |name| header(reply, name).ok_or(NoticeRefusal::MissingHeader);
        let headers = NoticeHeaders {
            timestamp: required("wechatpay-timestamp")?,
            nonce: required("wechatpay-nonce")?,
            signature: required("wechatpay-signature")?,
            serial: required("wechatpay-serial")?,
            signature_type: header(reply, "wechatpay-signature-type"),
        };
        keys.verify(&headers, &reply.body, self.0.clock.now())
    }

    /// The failure an answer with a status outside 200–299 stands for.
    pub(super) fn failure(&self, call: &'static str, reply: &Reply) -> WechatError {
        let failure: Failure = serde_json::from_slice(&reply.body).unwrap_or_default();
        let nameless = failure.code.is_empty();
        let code = if nameless { reply.status.to_string() } else { failure.code };
        match (reply.status, code.as_str()) {
            // A limit can strike after the work was done: only a query tells.
            (429, _) | (_, "FREQUENCY_LIMITED" | "FREQUENCY_LIMIT_EXCEED" | "RATELIMIT_EXCEEDED") => {
                WechatError::new(call, WechatErrorKind::Throttled { code }).of_unknown_outcome()
            }
            (500.., _) | (_, "SYSTEM_ERROR" | "SYSTEMERROR" | "BANKERROR" | "BANK_ERROR") => {
                WechatError::new(call, WechatErrorKind::Busy { code })
            }
            (400..500, _) if !nameless => {
                WechatError::new(call, WechatErrorKind::Refused { code, message: failure.message })
            }
            // Not in WeChat's words, so perhaps not from WeChat: it decides nothing.
            _ => WechatError::bad_reply(call, "unexpected HTTP status"),
        }
    }

    /// The known keys of WeChat Pay.
    pub(super) fn keys(&self) -> &PlatformKeys {
        &self.0.keys
    }

    /// The key that opens encrypted parts.
    pub(super) fn api_v3_key(&self) -> &SecretString {
        &self.0.api_v3_key
    }
}

/// The failure of a reply that is not proven to come from WeChat Pay.
pub(super) fn unauthentic(call: &'static str, refusal: NoticeRefusal) -> WechatError {
    WechatError::new(call, WechatErrorKind::BadSignature { reason: refusal.reason() })
}

fn names_certificate(reply: &Reply) -> bool {
    header(reply, "wechatpay-serial").is_some_and(|serial| serial.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn header<'a>(reply: &'a Reply, name: &str) -> Option<&'a str> {
    reply.headers.get(name)?.to_str().ok()
}

fn json(call: &'static str, body: &impl Serialize) -> Result<Vec<u8>, WechatError> {
    serde_json::to_vec(body).map_err(|_| WechatError::invalid(call, "body"))
}

fn read<T: DeserializeOwned>(call: &'static str, reply: &Reply) -> Result<T, WechatError> {
    serde_json::from_slice(&reply.body).map_err(|_| WechatError::bad_reply(call, "fields missing or of another type"))
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
