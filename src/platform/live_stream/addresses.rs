//! Addresses to publish to and to play.

use serde::Serialize;

use super::settings::StreamSettings;
use super::signing::{end_text, viewer_seal};
use crate::kernel::time::Timestamp;
use crate::platform::outbound::form_encoded;

/// A form in which a stream is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlayFormat {
    /// RTMP.
    Rtmp,
    /// FLV over HTTP.
    Flv,
    /// HLS: what the ordinary video component of a mini-program plays.
    Hls,
    /// WebRTC, with the least delay.
    Webrtc,
}

impl PlayFormat {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 4] = [Self::Rtmp, Self::Flv, Self::Hls, Self::Webrtc];

    /// The word for it in settings.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Rtmp => "rtmp",
            Self::Flv => "flv",
            Self::Hls => "hls",
            Self::Webrtc => "webrtc",
        }
    }
}

/// Where to publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushAddress {
    /// The server and application, which broadcasting programs ask for first.
    pub server: String,
    /// The stream with its signature, which they ask for second and call the key.
    pub key: String,
    /// Until when a connection may begin.
    pub ends_at: Timestamp,
}

impl PushAddress {
    /// Both in one.
    pub fn url(&self) -> String {
        format!("{}/{}", self.server, self.key)
    }
}

/// Where to play, in one form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlayAddress {
    /// The form.
    pub format: PlayFormat,
    /// The address.
    pub url: String,
    /// Until when playing may begin.
    pub ends_at: Timestamp,
}

impl StreamSettings {
    /// The address to publish a stream to, from now until its life is over. `pass` is a word of letters and digits that
    /// the engine hands on and the caller looks at, so that one address can be withdrawn before its end.
    pub fn push_address(&self, stream: &str, pass: &str, now: Timestamp) -> PushAddress {
        let ends_at = now.plus_millis(self.push_life_ms);
        let end = end_text(ends_at);
        let secret = self.hash.secret(&self.push_keys.main, stream, &end);
        PushAddress {
            server: format!("rtmp://{}/{}", self.push_host, self.app),
            key: format!("{stream}?{}", form_encoded(&[("txSecret", &secret), ("txTime", &end), ("pass", pass)])),
            ends_at,
        }
    }

    /// The addresses at which `viewer` plays a stream, from now until their life is over, one for each form. The viewer is
    /// a short word of letters and digits that the caller understands.
    pub fn play_addresses(&self, stream: &str, viewer: &str, now: Timestamp) -> Vec<PlayAddress> {
        let ends_at = now.plus_millis(self.play_life_ms);
        let end = end_text(ends_at);
        let secret = self.hash.secret(&self.play_keys.main, stream, &end);
        let seal = viewer_seal(&self.play_keys.main, stream, &end, viewer);
        let viewer = format!("{viewer}-{seal}");
        let query = form_encoded(&[("txSecret", &secret), ("txTime", &end), ("viewer", &viewer)]);
        let address = |format| PlayAddress { format, url: self.play_url_of(format, stream, &query), ends_at };
        self.formats.iter().copied().map(address).collect()
    }

    fn play_url_of(&self, format: PlayFormat, stream: &str, query: &str) -> String {
        let Self { play_host, play_url, app, .. } = self;
        match format {
            PlayFormat::Rtmp => format!("rtmp://{play_host}/{app}/{stream}?{query}"),
            PlayFormat::Flv => format!("{play_url}/{app}/{stream}.flv?{query}"),
            PlayFormat::Hls => format!("{play_url}/{app}/{stream}.m3u8?{query}"),
            PlayFormat::Webrtc => format!("webrtc://{play_host}/{app}/{stream}?{query}"),
        }
    }
}
