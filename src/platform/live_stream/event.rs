//! What an engine says, in one form for all engines.

use actix_web::web::Query;

use crate::kernel::time::Timestamp;

/// What somebody does at an engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamDeed {
    /// Connects, before it is known to what.
    Connect,
    /// Begins to publish.
    Publish,
    /// Has stopped publishing.
    Unpublish,
    /// Is still publishing; the engine says so now and then.
    KeepPublishing,
    /// Begins to play.
    Play,
    /// Has stopped playing.
    Stop,
    /// Is still playing.
    KeepPlaying,
    /// A recording is complete.
    Recorded,
    /// Anything else an engine tells and nobody decides about.
    Other,
}

/// The arguments of an address, in the order in which they stand there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// Reads the query of an address, with or without its question mark.
    pub fn read(query: &str) -> Self {
        let query = query.strip_prefix('?').unwrap_or(query);
        Self(Query::<Vec<(String, String)>>::from_query(query).map(Query::into_inner).unwrap_or_default())
    }

    /// Takes the first argument of this name out.
    pub(super) fn take(&mut self, name: &str) -> Option<String> {
        let at = self.0.iter().position(|(known, _)| known == name)?;
        Some(self.0.remove(at).1)
    }

    /// The first argument of this name; later ones of the same name are nobody's.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// A recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recording {
    /// Where it is: a path of the engine's machine, or an address.
    pub file: String,
    /// How long it is, in milliseconds, when the engine says.
    pub duration_ms: Option<i64>,
    /// When it began, when the engine says.
    pub began_at: Option<Timestamp>,
}

/// What happened at an engine, or is about to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamEvent {
    /// What.
    pub deed: StreamDeed,
    /// In which application.
    pub app: String,
    /// With which stream; empty while connecting.
    pub stream: String,
    /// With which arguments in the address.
    pub params: Params,
    /// Who, as the engine counts connections; empty when it does not say.
    pub client: String,
    /// From which address; empty when it does not say.
    pub address: String,
    /// The recording, for [`StreamDeed::Recorded`].
    pub recording: Option<Recording>,
}
