//! What the configuration says about analytics.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};

use super::known;
use super::values::{ConfigError, Values, malformed};
use crate::analytics::{IntakeSettings, ReportSettings, SealingSettings, StreamSettings};
use crate::kernel::time::MINUTE_MS;

/// How long a question about figures waits for its turn.
const QUESTION_WAIT: Duration = Duration::from_secs(20);

/// What comes into analytics.
#[derive(Debug, Clone)]
pub struct AnalyticsConfig {
    /// How much may wait at the door.
    pub intake: IntakeSettings,
    /// When events are sealed.
    pub sealing: SealingSettings,
    /// How questions are answered.
    pub reports: ReportSettings,
    /// What trackers of other makers report under; without one none is let in.
    pub project_key: Option<SecretString>,
    /// Where sealed events are sent; nowhere without.
    pub stream: Option<StreamSettings>,
}

/// Reads it.
pub(super) fn read(values: &Values) -> Result<AnalyticsConfig, ConfigError> {
    let project_key = values.secret(known::ANALYTICS_PROJECT_KEY);
    let length = project_key.as_ref().map(|key| key.expose_secret().len());
    if length.is_some_and(|length| !(16..=128).contains(&length)) {
        return Err(malformed(known::ANALYTICS_PROJECT_KEY));
    }
    Ok(AnalyticsConfig {
        intake: IntakeSettings {
            waiting_events: values.number(known::ANALYTICS_WAITING_EVENTS, 100, 1_000_000)?,
            waiting_kib: values.number(known::ANALYTICS_WAITING_KIB, 1_024, 1_048_576)?,
            writers: values.number(known::ANALYTICS_WRITERS, 1, 64)?,
            wait: Duration::from_millis(values.number(known::DATABASE_WAIT_MS, 1, 60_000)?),
        },
        sealing: SealingSettings {
            events: values.number(known::ANALYTICS_SEAL_EVENTS, 1, 1_000_000)?,
            wait_ms: values.number::<i64>(known::ANALYTICS_SEAL_MINUTES, 1, 1_440)?.saturating_mul(MINUTE_MS),
        },
        reports: ReportSettings {
            at_once: values.number(known::ANALYTICS_QUESTIONS, 1, 64)?,
            workers: values.number(known::ANALYTICS_THREADS, 1, 64)?,
            wait: QUESTION_WAIT,
        },
        project_key,
        stream: stream(values)?,
    })
}

/// Where sealed events are sent.
fn stream(values: &Values) -> Result<Option<StreamSettings>, ConfigError> {
    let Some(url) = values.address(known::ANALYTICS_CLICKHOUSE_URL)? else { return Ok(None) };
    let user = values.text(known::ANALYTICS_CLICKHOUSE_USER).map(str::to_owned);
    if user.as_ref().is_some_and(|user| user.len() > 128 || user.chars().any(char::is_control)) {
        return Err(malformed(known::ANALYTICS_CLICKHOUSE_USER));
    }
    let table: String = values.required(known::ANALYTICS_CLICKHOUSE_TABLE)?;
    let is_name = |part: &str| {
        let plain = part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        plain && (1..=64).contains(&part.len()) && !part.starts_with(|first: char| first.is_ascii_digit())
    };
    if table.split('.').count() > 2 || !table.split('.').all(is_name) {
        return Err(malformed(known::ANALYTICS_CLICKHOUSE_TABLE));
    }
    let password = values.secret(known::ANALYTICS_CLICKHOUSE_PASSWORD);
    Ok(Some(StreamSettings { url, user, password, table }))
}
