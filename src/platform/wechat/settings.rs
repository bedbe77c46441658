//! What the client must be told, and the refusal to start with a setting that cannot work.

use secrecy::{ExposeSecret, SecretString};

/// The settings of one mini-program and, when the shop is paid through WeChat, of its merchant.
#[derive(Debug, Clone)]
pub struct WechatSettings {
    /// Where `api.weixin.qq.com` is, without a slash at the end; a simulator in development.
    pub api_url: String,
    /// Where `api.mch.weixin.qq.com` is, without a slash at the end.
    pub pay_url: String,
    /// The app id of the mini-program.
    pub app_id: String,
    /// The app secret of the mini-program.
    pub app_secret: SecretString,
    /// The app id of the merchant's mobile application; `None` when people cannot pay inside one.
    pub mobile_app_id: Option<String>,
    /// The merchant; `None` leaves WeChat Pay out.
    pub pay: Option<PaySettings>,
    /// The longest a call may take from connecting to the last byte of its answer, in milliseconds.
    pub request_timeout_ms: u64,
}

/// The settings of a WeChat Pay v3 merchant.
#[derive(Debug, Clone)]
pub struct PaySettings {
    /// The merchant number: digits.
    pub mch_id: String,
    /// The serial number of the merchant certificate, in hexadecimal.
    pub merchant_serial: String,
    /// The merchant's RSA private key, PKCS#8 or PKCS#1, as PEM.
    pub merchant_private_key_pem: SecretString,
    /// The APIv3 key: 32 ASCII characters.
    pub api_v3_key: SecretString,
    /// The keys WeChat Pay signs with. May be empty for a merchant that uses platform certificates: they are
    /// downloaded by [`super::pay::PayClient::download_certificates`].
    pub platform_keys: Vec<PlatformKeySource>,
    /// Which key WeChat Pay shall sign replies with; sent as `Wechatpay-Serial`. `None` leaves it to WeChat.
    pub reply_key_id: Option<String>,
    /// The public address notices are sent to, without a slash at the end and without a query.
    pub notify_base_url: String,
}

/// One key of WeChat Pay.
#[derive(Debug, Clone)]
pub enum PlatformKeySource {
    /// A WeChat Pay public key, downloaded from the merchant site.
    PublicKey {
        /// Its id, `PUB_KEY_ID_` and digits.
        id: String,
        /// The key as PEM (`BEGIN PUBLIC KEY`).
        pem: String,
    },
    /// A platform certificate; its id is its serial number.
    Certificate {
        /// The certificate as PEM (`BEGIN CERTIFICATE`).
        pem: String,
    },
}

/// A setting with which the client cannot work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("setting {setting}: {reason}")]
pub struct WechatSetupError {
    /// The path of the setting, such as `wechat.pay.api_v3_key`.
    pub setting: &'static str,
    /// What is wrong with it; never the value.
    pub reason: String,
}

impl WechatSetupError {
    /// A complaint about `setting`.
    pub(super) fn new(setting: &'static str, reason: impl Into<String>) -> Self {
        Self { setting, reason: reason.into() }
    }
}

impl WechatSettings {
    /// Checks everything that can be checked without the keys being parsed.
    pub(super) fn check(&self) -> Result<(), WechatSetupError> {
        check_url("wechat.api_url", &self.api_url)?;
        check_filled("wechat.app_id", &self.app_id)?;
        check_filled("wechat.app_secret", self.app_secret.expose_secret())?;
        if let Some(app_id) = &self.mobile_app_id {
            check_filled("wechat.mobile_app_id", app_id)?;
        }
        if self.request_timeout_ms == 0 {
            return Err(WechatSetupError::new("wechat.request_timeout_ms", "must be above zero"));
        }
        if let Some(pay) = &self.pay {
            check_url("wechat.pay_url", &self.pay_url)?;
            pay.check()?;
        }
        Ok(())
    }
}

impl PaySettings {
    fn check(&self) -> Result<(), WechatSetupError> {
        if self.mch_id.is_empty() || !self.mch_id.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(WechatSetupError::new("wechat.pay.mch_id", "must be digits"));
        }
        if self.merchant_serial.is_empty() || !self.merchant_serial.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(WechatSetupError::new("wechat.pay.merchant_serial", "must be hexadecimal digits"));
        }
        if self.api_v3_key.expose_secret().len() != 32 {
            return Err(WechatSetupError::new("wechat.pay.api_v3_key", "must be exactly 32 bytes"));
        }
        if let Some(id) = &self.reply_key_id
            && (id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
        {
            return Err(WechatSetupError::new("wechat.pay.reply_key_id", "must be the id of a key"));
        }
        check_url("wechat.pay.notify_base_url", &self.notify_base_url)
    }
}

fn check_filled(setting: &'static str, value: &str) -> Result<(), WechatSetupError> {
    if value.trim().is_empty() { Err(WechatSetupError::new(setting, "must not be empty")) } else { Ok(()) }
}

fn check_url(setting: &'static str, value: &str) -> Result<(), WechatSetupError> {
    let url = reqwest::Url::parse(value).map_err(|error| WechatSetupError::new(setting, error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(WechatSetupError::new(setting, "must be an http or https address"));
    }
    if url.query().is_some() || url.fragment().is_some() || value.ends_with('/') {
        return Err(WechatSetupError::new(setting, "must have no query, no fragment and no slash at the end"));
    }
    Ok(())
}
