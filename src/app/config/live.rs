//! What live rooms are told before they start.

use super::catalogue as known;
use super::page;
use super::values::{ConfigError, Values};

/// Live rooms.
#[derive(Debug, Clone)]
pub struct LiveConfig {
    /// The page of the mini-program that shows a room.
    pub page: String,
    /// The template of the message that tells of the start of a room.
    pub reminder_template: Option<String>,
}

/// The settings of live rooms.
///
/// # Errors
/// One line that names the setting that is malformed.
pub(super) fn read(values: &Values) -> Result<LiveConfig, ConfigError> {
    Ok(LiveConfig {
        page: page(values, known::LIVE_PAGE)?,
        reminder_template: values.text(known::LIVE_REMINDER_TEMPLATE).map(str::to_owned),
    })
}
