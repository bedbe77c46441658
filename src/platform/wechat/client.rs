//! The client of `api.weixin.qq.com`.

use std::sync::Arc;

use reqwest::{Client, RequestBuilder};
use secrecy::{ExposeSecret, SecretString};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::kernel::time::Clock;
use crate::platform::wechat::error::{WechatError, WechatErrorKind};
use crate::platform::wechat::pay::PayClient;
use crate::platform::wechat::settings::{WechatSettings, WechatSetupError};
use crate::platform::wechat::token::{HeldToken, TokenKeeper};
use crate::platform::wechat::transport::{Reply, Transport};

/// The client of WeChat. Cloning is cheap and shares connections, token and keys.
#[derive(Debug, Clone)]
pub struct WechatClient(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: WechatSettings,
    clock: Clock,
    transport: Transport,
    tokens: TokenKeeper,
    pay: Option<PayClient>,
    mobile_pay: Option<PayClient>,
}

/// What a login code proves.
#[derive(Debug, Clone)]
pub struct Session {
    /// The user within this mini-program.
    pub openid: String,
    /// The user within the Open Platform account; only when the mini-program is bound to one.
    pub unionid: Option<String>,
    /// The key of the session, base64. It never leaves the server.
    pub session_key: SecretString,
}

/// The phone number a user agreed to give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhoneInfo {
    /// The number, with the country prefix when it is foreign.
    pub phone_number: String,
    /// The number without the country prefix.
    pub pure_phone_number: String,
    /// The country prefix, such as `86`.
    pub country_code: String,
}

#[derive(Deserialize)]
struct SessionReply {
    openid: String,
    session_key: String,
    #[serde(default)]
    unionid: Option<String>,
}

#[derive(Serialize)]
struct PhoneRequest<'a> {
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    openid: Option<&'a str>,
}

#[derive(Deserialize)]
struct PhoneReply {
    phone_info: PhoneReplyInfo,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PhoneReplyInfo {
    phone_number: String,
    pure_phone_number: String,
    country_code: TextOrNumber,
    watermark: Watermark,
}

#[derive(Deserialize)]
struct Watermark {
    appid: String,
}

/// WeChat prints some numbers as text and some texts as numbers.
#[derive(Deserialize)]
#[serde(untagged)]
enum TextOrNumber {
    Text(String),
    Number(i64),
}

impl WechatClient {
    /// Checks the settings, parses the keys and prepares the connection pool. Nothing is sent.
    pub fn new(settings: WechatSettings, clock: Clock) -> Result<Self, WechatSetupError> {
        settings.check()?;
        let transport = Transport::new(&settings, clock.clone())?;
        let tokens = TokenKeeper::new(&settings, transport.clone(), clock.clone());
        let pay = match &settings.pay {
            Some(pay) => Some(PayClient::new(&settings, pay, transport.clone(), clock.clone())?),
            None => None,
        };
        let mobile_pay = pay.as_ref().zip(settings.mobile_app_id.as_deref()).map(|(pay, id)| pay.for_app(id));
        Ok(Self(Arc::new(Inner { settings, clock, transport, tokens, pay, mobile_pay })))
    }

    /// The client of another application of the same owner: it shares the connections, keeps an access token of its own
    /// and takes no money.
    pub fn for_app(&self, app_id: &str, app_secret: SecretString) -> Self {
        let settings = WechatSettings {
            app_id: app_id.to_owned(),
            app_secret,
            mobile_app_id: None,
            pay: None,
            ..self.0.settings.clone()
        };
        let (clock, transport) = (self.0.clock.clone(), self.0.transport.clone());
        let tokens = TokenKeeper::new(&settings, transport.clone(), clock.clone());
        Self(Arc::new(Inner { settings, clock, transport, tokens, pay: None, mobile_pay: None }))
    }

    /// The app id of the application it speaks for.
    pub fn app_id(&self) -> &str {
        &self.0.settings.app_id
    }

    /// The secret of that application.
    pub(super) fn app_secret(&self) -> &SecretString {
        &self.0.settings.app_secret
    }

    /// The client of WeChat Pay; an error of kind [`WechatErrorKind::PayNotConfigured`] when there is no merchant.
    pub fn pay(&self) -> Result<&PayClient, WechatError> {
        self.0.pay.as_ref().ok_or_else(|| WechatError::new("pay", WechatErrorKind::PayNotConfigured))
    }

    /// The client of WeChat Pay inside the merchant's mobile application; `None` when there is no merchant or no such
    /// application.
    pub fn mobile_pay(&self) -> Option<&PayClient> {
        self.0.mobile_pay.as_ref()
    }

    /// Exchanges the code of `wx.login` for the user's ids. A code works once and for five minutes.
    ///
    /// Refusals worth a branch: `40029` invalid code, `40163` used code, `40226` user blocked by WeChat.
    pub async fn code_to_session(&self, js_code: &str) -> Result<Session, WechatError> {
        const CALL: &str = "jscode2session";
        let settings = &self.0.settings;
        let request = self.0.transport.http().get(format!("{}/sns/jscode2session", settings.api_url)).query(&[
            ("appid", settings.app_id.as_str()),
            ("secret", settings.app_secret.expose_secret()),
            ("js_code", js_code),
            ("grant_type", "authorization_code"),
        ]);
        let reply = self.0.transport.exchange(CALL, request).await?;
        let session: SessionReply = read_api_reply(CALL, &reply)?;
        if session.openid.is_empty() || session.session_key.is_empty() {
            return Err(WechatError::bad_reply(CALL, "no openid or no session key"));
        }
        Ok(Session {
            openid: session.openid,
            unionid: session.unionid.filter(|unionid| !unionid.is_empty()),
            session_key: session.session_key.into(),
        })
    }

    /// Exchanges the code of the phone number button for the number. With `openid`, WeChat checks that the code
    /// belongs to that user. A code works once and for five minutes.
    pub async fn phone_number(&self, code: &str, openid: Option<&str>) -> Result<PhoneInfo, WechatError> {
        const CALL: &str = "getuserphonenumber";
        let body = PhoneRequest { code, openid };
        let reply: PhoneReply = self.post(CALL, "/wxa/business/getuserphonenumber", &body).await?;
        let info = reply.phone_info;
        if info.watermark.appid != self.0.settings.app_id {
            return Err(WechatError::bad_reply(CALL, "the number was given to another app"));
        }
        if info.pure_phone_number.is_empty() {
            return Err(WechatError::bad_reply(CALL, "no number"));
        }
        let country_code = match info.country_code {
            TextOrNumber::Text(text) => text,
            TextOrNumber::Number(number) => number.to_string(),
        };
        Ok(PhoneInfo { phone_number: info.phone_number, pure_phone_number: info.pure_phone_number, country_code })
    }

    /// Asks without the access token: the fields themselves prove who may.
    pub(super) async fn get_openly<T: DeserializeOwned>(
        &self,
        call: &'static str,
        path: &'static str,
        fields: &[(&str, &str)],
    ) -> Result<T, WechatError> {
        let url = format!("{}{path}", self.0.settings.api_url);
        let request = self.0.transport.http().get(url).query(fields);
        read_api_reply(call, &self.0.transport.exchange(call, request).await?)
    }

    /// Posts JSON with the access token. When WeChat refuses the token, it is replaced and the call repeated, once.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        call: &'static str,
        path: &'static str,
        body: &impl Serialize,
    ) -> Result<T, WechatError> {
        self.post_for(call, path, body, read_api_reply).await
    }

    /// The same for a call whose answer `read` understands.
    pub(super) async fn post_for<T>(
        &self,
        call: &'static str,
        path: &'static str,
        body: &impl Serialize,
        read: fn(&'static str, &Reply) -> Result<T, WechatError>,
    ) -> Result<T, WechatError> {
        let body = serde_json::to_vec(body).map_err(|_| WechatError::invalid(call, "body"))?;
        let request = |client: &Client, url: String| {
            client.post(url).header("Content-Type", "application/json; charset=utf-8").body(body.clone())
        };
        self.ask(call, path, request, read).await
    }

    /// Asks with the access token and these fields in the address. When WeChat refuses the token, it is replaced and
    /// the call repeated, once.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        call: &'static str,
        path: &'static str,
        fields: &[(&str, &str)],
    ) -> Result<T, WechatError> {
        self.ask(call, path, |client: &Client, url: String| client.get(url).query(fields), read_api_reply).await
    }

    /// Asks by whatever `request` builds, with the access token, which is replaced once when it is refused.
    pub(super) async fn ask<T>(
        &self,
        call: &'static str,
        path: &'static str,
        request: impl Fn(&Client, String) -> RequestBuilder,
        read: fn(&'static str, &Reply) -> Result<T, WechatError>,
    ) -> Result<T, WechatError> {
        let with = |token: &HeldToken| {
            let url = format!("{}{path}", self.0.settings.api_url);
            request(self.0.transport.http(), url).query(&[("access_token", token.expose())])
        };
        let token = self.0.tokens.current().await?;
        let reply = self.0.transport.exchange(call, with(&token)).await?;
        match read(call, &reply) {
            Err(error) if *error.kind() == WechatErrorKind::TokenExpired => {
                let token = self.0.tokens.replace(&token).await?;
                read(call, &self.0.transport.exchange(call, with(&token)).await?)
            }
            outcome => outcome,
        }
    }
}

#[derive(Deserialize)]
struct Outcome {
    #[serde(default)]
    errcode: i64,
    #[serde(default)]
    errmsg: String,
}

/// Reads an answer of `api.weixin.qq.com`: a missing `errcode` and an `errcode` of zero both mean success.
pub(super) fn read_api_reply<T: DeserializeOwned>(call: &'static str, reply: &Reply) -> Result<T, WechatError> {
    if reply.status >= 500 {
        return Err(WechatError::new(call, WechatErrorKind::Busy { code: reply.status.to_string() }));
    }
    if reply.status == 429 {
        return Err(WechatError::new(call, WechatErrorKind::Throttled { code: reply.status.to_string() }));
    }
    let outcome: Outcome =
        serde_json::from_slice(&reply.body).map_err(|_| WechatError::bad_reply(call, "not a JSON object"))?;
    if outcome.errcode != 0 {
        return Err(refusal(call, outcome));
    }
    if reply.status >= 300 {
        return Err(WechatError::bad_reply(call, "unexpected HTTP status"));
    }
    serde_json::from_slice(&reply.body).map_err(|_| WechatError::bad_reply(call, "fields missing or of another type"))
}

fn refusal(call: &'static str, outcome: Outcome) -> WechatError {
    let code = outcome.errcode.to_string();
    let kind = match outcome.errcode {
        -1 => WechatErrorKind::Busy { code },
        40001 | 40014 | 42001 => WechatErrorKind::TokenExpired,
        44990 | 44991 | 44993 | 45009 | 45011 => WechatErrorKind::Throttled { code },
        _ => WechatErrorKind::Refused { code, message: outcome.errmsg },
    };
    WechatError::new(call, kind)
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
