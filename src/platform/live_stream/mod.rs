//! Live streams as engines know them: signed addresses, and the hooks by which an engine asks who may publish and play.
//!
//! * [`StreamSettings`] signs push and play addresses in the form of Tencent Cloud CSS (RTMP, FLV, HLS, WebRTC) and proves
//!   them again when an engine asks ([`StreamSettings::authorise`]). MD5 is what CSS and its kin ask for, hence the crate
//!   `md-5` of RustCrypto; SHA-256 may be chosen, as there.
//! * [`adapters`] read what SRS, nginx with its RTMP module and the callbacks of CSS say into one [`StreamEvent`].
//! * [`HookGate`] keeps everybody else away from the addresses that engines call.
//!
//! An address carries its end (`txTime`) and a digest over key, stream and end (`txSecret`). Running streams are not cut at
//! the end; only new connections are refused. Publishing and playing have keys of their own, each with a second one that
//! is also believed, so that a key can be changed while addresses under the old one are still about.
//!
//! An address to play also says who watches, under a seal of its own: CSS and other engines pass what they do not know
//! through, and the service can refuse one viewer without changing the addresses of the others.
//!
//! Nothing here knows what a room is.

pub mod adapters;
mod addresses;
mod authorise;
mod event;
mod gate;
mod settings;
mod signing;
#[cfg(test)]
mod tests;

pub use addresses::{PlayAddress, PlayFormat, PushAddress};
pub use authorise::{Intent, Pass, StreamRefusal};
pub use event::{Params, StreamDeed, StreamEvent};
pub use gate::HookGate;
pub use settings::{Keys, StreamSettings};
pub use signing::UrlHash;
