//! Settings of live streams.

use std::net::IpAddr;

use secrecy::{ExposeSecret as _, SecretString};

use super::catalogue::{self as known, Setting};
use super::values::{ConfigError, Values, malformed, missing};
use crate::kernel::time::{MINUTE_MS, SECOND_MS};
use crate::platform::live_stream::{HookGate, Keys, PlayFormat, StreamSettings, UrlHash};

/// Where streams go, and what they do to rooms.
#[derive(Debug, Clone)]
pub struct StreamConfig {
    /// Where they go and come from; `None` when rooms have no stream.
    pub engine: Option<StreamSettings>,
    /// Where recordings are fetched from.
    pub record_url: Option<String>,
    /// How long before its time a planned room may be opened by publishing, in milliseconds.
    pub early_ms: i64,
    /// How long a room that is live may be without a stream, in milliseconds.
    pub pause_after_ms: i64,
}

/// Reads them.
pub(super) fn streams(values: &Values) -> Result<StreamConfig, ConfigError> {
    let early: i64 = values.number(known::LIVE_EARLY_MINUTES, 0, 1_440)?;
    let pause: i64 = values.number(known::LIVE_PAUSE_SECONDS, 0, 3_600)?;
    Ok(StreamConfig {
        engine: host(values, known::LIVE_PUSH_HOST)?.map(|host| engine(values, host)).transpose()?,
        record_url: values.address(known::LIVE_RECORD_URL)?,
        early_ms: early.saturating_mul(MINUTE_MS),
        pause_after_ms: pause.saturating_mul(SECOND_MS),
    })
}

fn engine(values: &Values, push_host: String) -> Result<StreamSettings, ConfigError> {
    let play_host = host(values, known::LIVE_PLAY_HOST)?.unwrap_or_else(|| push_host.clone());
    let name = play_host.split(':').next().unwrap_or_default();
    let play_url = values.address(known::LIVE_PLAY_URL)?.unwrap_or_else(|| format!("http://{name}"));
    let app: String = values.required(known::LIVE_APP)?;
    if !app.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(malformed(known::LIVE_APP));
    }
    let minutes = |setting, most: i64| Ok(values.number(setting, 1, most)?.saturating_mul(MINUTE_MS));
    let validity: i64 = values.number(known::LIVE_PLAY_VALIDITY_SECONDS, 0, 86_400)?;
    Ok(StreamSettings {
        push_host,
        play_host,
        play_url,
        app,
        hash: match values.text(known::LIVE_URL_HASH) {
            Some("md5") => UrlHash::Md5,
            Some("sha256") => UrlHash::Sha256,
            _ => return Err(malformed(known::LIVE_URL_HASH)),
        },
        push_keys: keys(values, known::LIVE_PUSH_KEY, known::LIVE_PUSH_KEY_BACKUP)?,
        play_keys: keys(values, known::LIVE_PLAY_KEY, known::LIVE_PLAY_KEY_BACKUP)?,
        push_life_ms: minutes(known::LIVE_PUSH_MINUTES, 10_080)?,
        play_life_ms: minutes(known::LIVE_PLAY_MINUTES, 1_440)?,
        play_validity_ms: validity.saturating_mul(SECOND_MS),
        formats: formats(values)?,
        hooks: HookGate { secret: secret(values, known::LIVE_HOOK_SECRET, 16)?, addresses: addresses(values)? },
        callback_key: secret(values, known::LIVE_CALLBACK_KEY, 8)?,
    })
}

fn host(values: &Values, setting: &'static Setting) -> Result<Option<String>, ConfigError> {
    let Some(text) = values.text(setting) else { return Ok(None) };
    let (name, port) = text.split_once(':').map_or((text, None), |(name, port)| (name, Some(port)));
    let of_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    let good = !name.is_empty() && name.bytes().all(of_name) && port.is_none_or(|port| port.parse::<u16>().is_ok());
    if good { Ok(Some(text.to_owned())) } else { Err(malformed(setting)) }
}

fn keys(values: &Values, main: &'static Setting, backup: &'static Setting) -> Result<Keys, ConfigError> {
    let signing = secret(values, main, 16)?.ok_or_else(|| missing(main))?;
    Ok(Keys { main: signing, backup: secret(values, backup, 16)? })
}

fn secret(values: &Values, setting: &'static Setting, least: usize) -> Result<Option<SecretString>, ConfigError> {
    let secret = values.secret(setting);
    let length = secret.as_ref().map(|secret| secret.expose_secret().len());
    if length.is_some_and(|length| !(least..=128).contains(&length)) { Err(malformed(setting)) } else { Ok(secret) }
}

fn formats(values: &Values) -> Result<Vec<PlayFormat>, ConfigError> {
    let words = values.text(known::LIVE_PLAY_FORMATS).unwrap_or_default().split(',').map(str::trim);
    let format = |word| PlayFormat::ALL.into_iter().find(|format| format.word() == word);
    let formats: Option<Vec<PlayFormat>> = words.map(format).collect();
    formats.ok_or_else(|| malformed(known::LIVE_PLAY_FORMATS))
}

fn addresses(values: &Values) -> Result<Vec<IpAddr>, ConfigError> {
    let words = values.text(known::LIVE_HOOK_ADDRESSES).unwrap_or_default().split(',').map(str::trim);
    let addresses = words.filter(|word| !word.is_empty()).map(str::parse).collect::<Result<_, _>>();
    addresses.map_err(|_| malformed(known::LIVE_HOOK_ADDRESSES))
}
