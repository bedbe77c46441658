//! The picture of a room: addresses to publish it to and to play it, and what engines ask and tell.
//!
//! Staff are given an address to publish to, viewers addresses to play; both are signed, end, and say for whom they are. An
//! engine asks before it lets anybody publish or play, and is refused for a wrong or expired address, for a room that is
//! unknown or over, and for viewers who are banned. A stream that begins turns a planned room live, when its time has
//! come, and lets a paused one go on; a stream that ceases makes the room silent, and a silent room is paused after a
//! time of grace ([`PauseSilent`]).
//!
//! `live_publishings` says which connection of which engine publishes: the newest one counts. A connection that ends after
//! another took its place ends nothing. An engine that reports while a stream comes (nginx does, with `on_update`) is
//! believed when it says which connection that is, and missed when it falls silent ([`LosePublishers`]); one that does not
//! report is trusted to tell the end.
//!
//! The pass of a room (`publish_secret`) is part of its address to publish to. A new one makes every earlier address
//! worthless, and an engine that reports is told to cut whoever uses one.

mod admin_api;
mod api;
mod hook_api;
mod jobs;
mod model;
mod rules;
mod service;
mod store;

pub use admin_api::{StaffApi, staff_routes};
pub use api::{ViewerApi, viewer_routes};
pub use hook_api::{HookApi, hook_routes};
pub use jobs::{LosePublishers, PauseSilent};
pub use model::StreamDesk;
