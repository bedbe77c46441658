//! What must be known to sign addresses and to believe an engine.

use secrecy::SecretString;

use super::addresses::PlayFormat;
use super::gate::HookGate;
use super::signing::UrlHash;

/// A key and, while it is being changed, the one beside it.
#[derive(Debug, Clone)]
pub struct Keys {
    /// Signs and is believed.
    pub main: SecretString,
    /// Is believed as well.
    pub backup: Option<SecretString>,
}

impl Keys {
    /// Both, the one that signs first.
    pub(super) fn all(&self) -> impl Iterator<Item = &SecretString> {
        std::iter::once(&self.main).chain(&self.backup)
    }
}

/// Where streams go and come from, and what signs their addresses.
#[derive(Debug, Clone)]
pub struct StreamSettings {
    /// The host that is published to, with a port where it is unusual.
    pub push_host: String,
    /// The host that RTMP and WebRTC are played from, with a port where it is unusual.
    pub play_host: String,
    /// Where FLV and HLS are played from: an http or https address without a slash at the end.
    pub play_url: String,
    /// The application of the engine; `live` as a rule.
    pub app: String,
    /// The digest of addresses.
    pub hash: UrlHash,
    /// Keys of addresses to publish to.
    pub push_keys: Keys,
    /// Keys of addresses to play.
    pub play_keys: Keys,
    /// How long an address to publish to is good for, in milliseconds.
    pub push_life_ms: i64,
    /// How long an address to play is good for, in milliseconds.
    pub play_life_ms: i64,
    /// How long after its written end an address to play is still taken, in milliseconds; CSS calls it the validity of the
    /// domain.
    pub play_validity_ms: i64,
    /// In which forms the engine can be played.
    pub formats: Vec<PlayFormat>,
    /// Who may call the hooks.
    pub hooks: HookGate,
    /// Signs the callbacks of CSS; without it none is believed.
    pub callback_key: Option<SecretString>,
}
