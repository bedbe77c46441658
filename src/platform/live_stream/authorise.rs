//! Whether an address lets somebody publish or play.

use super::event::Params;
use super::settings::StreamSettings;
use super::signing::{end_of, same, viewer_seal};
use crate::kernel::time::Timestamp;

/// What somebody wants to do with a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// Send it.
    Publish,
    /// Watch it.
    Play,
}

/// What an address proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pass {
    /// Who watches, as the address was made for; `None` when publishing.
    pub viewer: Option<String>,
}

/// Why an address lets nobody in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StreamRefusal {
    /// The application is another.
    #[error("another application")]
    WrongApp,
    /// It has no signature, or no end.
    #[error("not signed")]
    Unsigned,
    /// Its signature is none of ours.
    #[error("wrong signature")]
    WrongSignature,
    /// Its time is over.
    #[error("expired")]
    Expired,
    /// It does not say who watches, or says it without a seal of ours.
    #[error("no viewer")]
    NoViewer,
}

impl StreamSettings {
    /// Whether the arguments of an address let somebody publish or play this stream now.
    ///
    /// # Errors
    /// Why not. The end is looked at after the signature, so that only a true address is called expired.
    pub fn authorise(
        &self,
        intent: Intent,
        (app, stream): (&str, &str),
        params: &Params,
        now: Timestamp,
    ) -> Result<Pass, StreamRefusal> {
        let end = self.signed_end(intent, (app, stream), params)?;
        let late_ms = match intent {
            Intent::Publish => 0,
            Intent::Play => self.play_validity_ms,
        };
        let ends_at = end_of(end).ok_or(StreamRefusal::Unsigned)?.plus_millis(late_ms);
        if now >= ends_at {
            return Err(StreamRefusal::Expired);
        }
        self.pass(intent, (stream, end), params)
    }

    /// What an address proved when its connection began; its end no longer matters.
    ///
    /// # Errors
    /// Why it would never have let anybody in.
    pub fn recognise(
        &self,
        intent: Intent,
        (app, stream): (&str, &str),
        params: &Params,
    ) -> Result<Pass, StreamRefusal> {
        let end = self.signed_end(intent, (app, stream), params)?;
        self.pass(intent, (stream, end), params)
    }

    /// The end that the address states, once its signature is found good.
    fn signed_end<'a>(
        &self,
        intent: Intent,
        (app, stream): (&str, &str),
        params: &'a Params,
    ) -> Result<&'a str, StreamRefusal> {
        if app != self.app {
            return Err(StreamRefusal::WrongApp);
        }
        let signed = params.get("txSecret").zip(params.get("txTime"));
        let (secret, end) = signed.ok_or(StreamRefusal::Unsigned)?;
        let keys = match intent {
            Intent::Publish => &self.push_keys,
            Intent::Play => &self.play_keys,
        };
        let good = keys.all().any(|key| same(&self.hash.secret(key, stream, end), secret));
        if good { Ok(end) } else { Err(StreamRefusal::WrongSignature) }
    }

    fn pass(&self, intent: Intent, (stream, end): (&str, &str), params: &Params) -> Result<Pass, StreamRefusal> {
        if intent == Intent::Publish {
            return Ok(Pass { viewer: None });
        }
        let shown = params.get("viewer").and_then(|viewer| viewer.rsplit_once('-'));
        let (viewer, seal) = shown.ok_or(StreamRefusal::NoViewer)?;
        let good = self.play_keys.all().any(|key| same(&viewer_seal(key, stream, end, viewer), seal));
        if good { Ok(Pass { viewer: Some(viewer.to_owned()) }) } else { Err(StreamRefusal::NoViewer) }
    }
}
