//! Analytics: what happened in the shop, told as events, and what follows from them.
//!
//! Owns `analytics_inbox` (events that were accepted and wait to be sealed), `analytics_seen` (ids of events that came
//! in the last days), `analytics_subjects` and `analytics_erased_subjects` (whoever events are about, by number),
//! `analytics_event_names`, `analytics_event_days` and `analytics_property_names` (the registry), `analytics_counters`;
//! `saved`, `sealing` and `segments` say what they own.
//!
//! * An **event** has an id, a name, a subject, a moment, flags and properties. The first of an id counts; the same id
//!   with other content is counted as a conflict. Its moment is that of receipt less what passed on the sender's clock
//!   since it happened; what lies outside 7 days before and 10 minutes after its receipt takes the moment of receipt.
//! * It **comes in** from the shop's own clients ([`shopper_routes`]), from trackers of other makers ([`hook_routes`]), and
//!   from what capabilities record in their transactions ([`events`]). Only the last are trusted, and only they make
//!   figures of money; the shop's names are theirs alone.
//! * The **door** ([`intake`]) is bounded: beyond what may wait the answer is 503, so that events never slow the shop.
//! * A **subject** is a user, a device or a tracker's name for somebody, by a number that never changes. Who is who is
//!   asked when events are read, so history follows the person through log-ins, merges and their undoing.
//! * The **registry** knows every name with its kind and volume; clients bring a bounded number. Staff describe, rename
//!   (when reading) and block (when writing) them.
//! * **Sealing** moves events into files of columns, the **engine** answers questions about them, **reports** ask it, what
//!   is asked again and again is **saved**, and whom a figure counts can be kept as a **segment** of people.
//! * The **overview** shows the shop while things happen; **ready-made** questions are those that every shop has.
//! * **Exports** give days as files to the merchant's own warehouse, and stream events to ClickHouse.
//! * **Flags** say what figures leave out: machines, staff, test accounts, locked-out users, seats the shop filled.
//!
//! Deliberately absent: state of people and things as trackers report it (`profile_*`, `$set`) beside the events that
//! tell of it.

mod account;
mod admin_api;
mod api;
mod effect;
pub mod engine;
mod error;
pub mod events;
mod export;
pub mod history;
mod hooks;
pub mod intake;
mod jobs;
pub mod model;
mod overview;
mod ready_made;
mod registry;
mod reports;
mod rules;
mod saved;
mod sealing;
mod segments;
#[cfg(test)]
mod tests;
mod trackers;
mod translated;

pub use account::AnalyticsAsset;
pub use admin_api::{AdminApi, admin_routes};
pub use api::{ShopperApi, shopper_routes};
pub use effect::{EffectApi, effect_routes};
pub use error::AnalyticsError;
pub use export::{ExportApi, Exports, StreamError, StreamSettings, Streamer, export_routes};
pub use hooks::{ClaimDevice, RecordServerEvents};
pub use intake::{Intake, IntakeSettings};
pub use jobs::ForgetEventIds;
pub use overview::{OverviewApi, Overviews, overview_routes};
pub use ready_made::{ReadyMadeApi, ready_made_routes};
pub use reports::{ReportApi, ReportSettings, Reports, report_routes};
pub use saved::{KeepAnswersFresh, SavedApi, saved_routes};
pub use sealing::{Sealer, SealingError, SealingSettings};
pub use segments::{SegmentApi, segment_routes};
pub use trackers::{HookApi, ProjectKey, hook_routes};
