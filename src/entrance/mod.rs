//! Entrances: the client applications through which people come, each under its platform and app id.
//!
//! Owns `entrances`.
//!
//! An entrance is enabled or disabled; a disabled one lets nobody in and takes no messages, while what came through it
//! before stays. Entrances are never deleted, because identities name their app ids.
//!
//! * The **configuration's** mini-program is an entrance too. Every start writes it down under its app id, and its secret
//!   stays in the configuration: staff can name it and give it message keys, but neither its secret nor its state. When
//!   the configuration names another mini-program, the former one becomes a disabled one of the staff's.
//! * **Open platform**: the account of WeChat's Open Platform that an entrance is bound to. Unionids hold within one such
//!   account, so two entrances recognise one person by unionid only when they carry the same text here. A shop with one
//!   account leaves it empty everywhere.
//! * **Secrets** are written once and never shown again: sealed at rest under their own row, audited only as changed.
//!   What seals them is the shop's seal key; under another one they do not open, and the entrance stays shut until its
//!   secrets are written anew.
//! * The **front door** ([`Entrances`]) holds the enabled ones open in memory, so that a log-in asks no table for them.
//!   A write by staff is in force in its own process when it is answered, and in others within a second.
//!
//! Deliberately absent: what a platform is told (which pages, which domains), which belongs to its own console.

mod admin_api;
mod clients;
mod door;
mod error;
mod model;
mod rules;
mod service;
mod store;
#[cfg(test)]
mod tests;

pub use admin_api::{AdminApi, admin_routes};
pub use clients::WechatClients;
pub use door::{Entrances, OpenEntrance};
pub use error::EntranceError;
pub use model::{Entrance, EntranceId, EntranceOrigin, EntranceState, Platform};
pub use service::{ConfiguredEntrance, EntranceKeys, ensure_configured};
