//! What engines say, each in its own words, as one [`StreamEvent`].
//!
//! Engines are read leniently: whatever is missing is empty, and what they tell beside is passed over. Whether to believe
//! what they say is for the caller to ask.

mod css;
mod nginx_rtmp;
mod srs;

pub use css::CssTrouble;

use super::event::{Params, StreamEvent};
use super::settings::StreamSettings;
use crate::kernel::time::Timestamp;

/// Reads a hook of SRS: a JSON object. `None` when it is none.
pub fn read_srs(body: &[u8]) -> Option<StreamEvent> {
    srs::read(body)
}

/// Reads a notice of nginx with its RTMP module: a form. `None` when it does not say what it is about.
pub fn read_nginx_rtmp(body: &[u8]) -> Option<StreamEvent> {
    nginx_rtmp::read(body)
}

/// Reads a callback of Tencent Cloud CSS: a JSON object, signed by the callback key.
///
/// # Errors
/// When it is none, or is not proven to be from CSS, now.
pub fn read_css(settings: &StreamSettings, body: &[u8], now: Timestamp) -> Result<StreamEvent, CssTrouble> {
    css::read(settings.callback_key.as_ref(), body, now)
}

/// The query of an address, wherever it begins.
fn query_of(address: &str) -> Params {
    Params::read(address.split_once('?').map_or("", |(_, query)| query))
}
