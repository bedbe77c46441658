//! Settings of other people's services: WeChat and its merchant, other platforms' log-ins, text messages.

use secrecy::ExposeSecret as _;

use super::catalogue as known;
use super::values::{ConfigError, Values, complaint, malformed, missing};
use super::{Mode, ServerConfig};
use crate::identity::OauthSettings;
use crate::identity::rules::RedirectRules;
use crate::platform::sign_in::SignInSettings;
use crate::platform::sms::{AliyunSettings, SmsSettings};
use crate::platform::wechat::{PaySettings, PlatformKeySource, WechatSettings};

/// The mini-program and its merchant.
pub(super) fn wechat(values: &Values, mode: Mode, server: &ServerConfig) -> Result<WechatSettings, ConfigError> {
    let in_development = |text: Option<&str>, setting, stand_in: &str| match (text, mode) {
        (Some(text), _) => Ok(text.to_owned()),
        (None, Mode::Development) => Ok(stand_in.to_owned()),
        (None, Mode::Production) => Err(missing(setting)),
    };
    let app_secret = in_development(values.text(known::WECHAT_APP_SECRET), known::WECHAT_APP_SECRET, "development")?;
    let pay_url = values.address(known::PAY_URL)?.ok_or_else(|| missing(known::PAY_URL))?;
    Ok(WechatSettings {
        api_url: values.address(known::WECHAT_API_URL)?.ok_or_else(|| missing(known::WECHAT_API_URL))?,
        pay_url,
        app_id: in_development(values.text(known::WECHAT_APP_ID), known::WECHAT_APP_ID, "wx0123456789abcdef")?,
        app_secret: app_secret.into(),
        mobile_app_id: values.maybe(known::WECHAT_MOBILE_APP_ID)?,
        pay: pay(values, mode, server)?,
        request_timeout_ms: values.number(known::WECHAT_TIMEOUT_MS, 100, 60_000)?,
    })
}

/// Where WeChat asks people, and where it may send them back to.
pub(super) fn oauth(values: &Values, mode: Mode) -> Result<OauthSettings, ConfigError> {
    let hosts = values.text(known::OAUTH_REDIRECT_HOSTS).unwrap_or_default().split(',').map(str::trim);
    let hosts: Vec<String> = hosts.filter(|host| !host.is_empty()).map(str::to_owned).collect();
    let of_host = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':');
    if !hosts.iter().all(|host| host.bytes().all(of_host)) {
        return Err(malformed(known::OAUTH_REDIRECT_HOSTS));
    }
    Ok(OauthSettings {
        open_url: values.address(known::WECHAT_OPEN_URL)?.ok_or_else(|| missing(known::WECHAT_OPEN_URL))?,
        redirects: RedirectRules { hosts, without_tls: mode == Mode::Development },
    })
}

/// Other platforms' log-ins.
pub(super) fn sign_in(values: &Values) -> Result<SignInSettings, ConfigError> {
    let address = |setting| values.address(setting)?.ok_or_else(|| missing(setting));
    Ok(SignInSettings {
        alipay_url: address(known::SIGN_IN_ALIPAY_URL)?,
        douyin_url: address(known::SIGN_IN_DOUYIN_URL)?,
        baidu_url: address(known::SIGN_IN_BAIDU_URL)?,
        qq_url: address(known::SIGN_IN_QQ_URL)?,
        timeout_ms: values.number(known::SIGN_IN_TIMEOUT_MS, 100, 60_000)?,
    })
}

/// Text messages.
pub(super) fn sms(values: &Values, mode: Mode) -> Result<SmsSettings, ConfigError> {
    match (values.text(known::SMS_PROVIDER), mode) {
        (Some("off"), _) | (None, Mode::Production) => Ok(SmsSettings::Off),
        (Some("console") | None, Mode::Development) => Ok(SmsSettings::Console),
        (Some("console"), Mode::Production) => Err(complaint(known::SMS_PROVIDER, "sends nothing to anybody")),
        (Some("aliyun"), _) => Ok(SmsSettings::Aliyun(AliyunSettings {
            url: values.address(known::SMS_URL)?.ok_or_else(|| missing(known::SMS_URL))?,
            access_key_id: values.required(known::SMS_KEY_ID)?,
            access_key_secret: values.secret(known::SMS_KEY_SECRET).ok_or_else(|| missing(known::SMS_KEY_SECRET))?,
            sign_name: values.required(known::SMS_SIGN_NAME)?,
            code_template: values.required(known::SMS_CODE_TEMPLATE)?,
            timeout_ms: values.number(known::SMS_TIMEOUT_MS, 100, 60_000)?,
        })),
        (Some(_), _) => Err(malformed(known::SMS_PROVIDER)),
    }
}

/// The merchant: all of it, or in development nothing of it.
fn pay(values: &Values, mode: Mode, server: &ServerConfig) -> Result<Option<PaySettings>, ConfigError> {
    let named = [known::PAY_MCH_ID, known::PAY_SERIAL, known::PAY_KEY, known::PAY_KEY_FILE, known::PAY_API_KEY];
    if mode == Mode::Development && named.iter().all(|setting| values.text(setting).is_none()) {
        return Ok(None);
    }
    let merchant_key = values.text_or_file(known::PAY_KEY, known::PAY_KEY_FILE)?;
    let api_v3_key = values.secret(known::PAY_API_KEY).ok_or_else(|| missing(known::PAY_API_KEY))?;
    if api_v3_key.expose_secret().len() != 32 {
        return Err(malformed(known::PAY_API_KEY));
    }
    let reply_key_id: Option<String> = values.maybe(known::PAY_PUBLIC_KEY_ID)?;
    Ok(Some(PaySettings {
        mch_id: values.required(known::PAY_MCH_ID)?,
        merchant_serial: values.required(known::PAY_SERIAL)?,
        merchant_private_key_pem: merchant_key.ok_or_else(|| missing(known::PAY_KEY_FILE))?.into(),
        api_v3_key,
        platform_keys: platform_keys(values, reply_key_id.as_deref())?,
        reply_key_id,
        notify_base_url: server.public_url.clone().ok_or_else(|| missing(known::PUBLIC_URL))?,
    }))
}

fn platform_keys(values: &Values, key_id: Option<&str>) -> Result<Vec<PlatformKeySource>, ConfigError> {
    let mut keys = Vec::new();
    let public_key = values.text_or_file(known::PAY_PUBLIC_KEY, known::PAY_PUBLIC_KEY_FILE)?;
    match (key_id, public_key) {
        (Some(id), Some(pem)) => keys.push(PlatformKeySource::PublicKey { id: id.to_owned(), pem }),
        (Some(_), None) => return Err(missing(known::PAY_PUBLIC_KEY_FILE)),
        (None, Some(_)) => return Err(missing(known::PAY_PUBLIC_KEY_ID)),
        (None, None) => {}
    }
    if let Some(path) = values.text(known::PAY_CERTIFICATE_FILE) {
        let pem = std::fs::read_to_string(path)
            .map_err(|error| complaint(known::PAY_CERTIFICATE_FILE, &format!("{path} cannot be read: {error}")))?;
        keys.push(PlatformKeySource::Certificate { pem });
    }
    Ok(keys)
}
