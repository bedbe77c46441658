//! Campaigns: what every promotion has in common, whatever its kind.
//!
//! Owns `campaigns`, `campaign_audience`, `campaign_changes`, `campaign_budgets`, `campaign_days`, `campaign_grants`,
//! `campaign_uses`, `campaign_participants`, `campaign_actions`, `campaign_risk_rules`, `campaign_watches`,
//! `campaign_risk_alerts`, `campaign_orders`, `campaign_outcomes`.
//!
//! ```text
//! draft ⇄ scheduled ──► running ⇄ paused
//!   └─────────┴────────────┴─────────┴──► ended ──► reviewed
//! ```
//!
//! A kind (group buy, bargain …) keeps its own rules in its own tables, brings them in through [`KindRules`] and asks
//! here for what all share: whether somebody may take part ([`open_for`]), money out of the budget ([`spend`]), limits
//! for each user ([`count_use`]), and a note of what was done ([`note`], [`attribute`]), from which the report and the
//! rules that watch live.
//!
//! * **Money.** A grant is one row of a ledger, once for each reference. The counters of the campaign and of the day
//!   change by guarded updates and are guarded again by constraints, so no parallelism passes a budget. They stand in
//!   narrow rows apart from the plan, because every grant changes them. Whether the campaign runs is part of the same
//!   guard: once a pause is committed, nothing is granted any more.
//! * **Watching.** Rules look at what is done in a campaign within seconds and warn staff or pause it; resuming is up to
//!   staff and begins the observation anew.
//! * **Orders** are followed by their events, each of which is only a poke: what is written is what the order says.
//! * **Hold-out.** Who never sees a campaign is worked out from the ids of both ([`is_held_out`]) and so never changes.
//! * **Days** are those of the shop's zone.

mod account;
mod admin_api;
mod api;
mod error;
pub mod events;
mod hooks;
mod jobs;
mod kinds;
mod model;
mod rules;
mod service;
#[cfg(test)]
pub(crate) mod stage;
mod store;
#[cfg(test)]
mod tests;
mod views;

pub use account::CampaignAsset;
pub use admin_api::{AdminApi, admin_routes};
pub use api::{ShopperApi, shopper_routes};
pub use error::CampaignError;
pub use hooks::{CampaignPages, FollowOrders};
pub use jobs::{ForgetActions, KeepTime, WatchRisks};
pub use kinds::{CampaignKinds, KindRules, Problem};
pub use model::{
    Action, Audience, CampaignFacts, CampaignKind, CampaignOrder, CampaignState, Card, Expected, Grant, NewCampaign,
    OccasionKind, Plan, Viewer,
};
pub use rules::is_held_out;
pub use service::{
    BudgetApproval, CampaignSettings, Campaigns, MAX_EXPORTED, Outcome, OutcomeSide, RulesChange, attribute,
    carried_by, change_rules, count_use, create, differences, facts, give_back, hindrance, note, note_export, open_for,
    outcome, running, spend, spend_anew, uncount_use, used,
};
pub use views::{ActionView, RefusalView};
