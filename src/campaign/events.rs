//! What campaigns record, version 1 of each. Amounts are fen.

use serde::{Deserialize, Serialize};

use super::model::{CampaignKind, CampaignState, RiskEffect, RiskKind};
use crate::kernel::day::Day;
use crate::kernel::id::{CampaignId, StaffId};
use crate::kernel::money::Fen;

/// `campaign.planned`: staff wrote a new one down.
pub const PLANNED: &str = "campaign.planned";
/// `campaign.scheduled`
pub const SCHEDULED: &str = "campaign.scheduled";
/// `campaign.withdrawn`: back to being planned.
pub const WITHDRAWN: &str = "campaign.withdrawn";
/// `campaign.started`
pub const STARTED: &str = "campaign.started";
/// `campaign.paused`
pub const PAUSED: &str = "campaign.paused";
/// `campaign.resumed`
pub const RESUMED: &str = "campaign.resumed";
/// `campaign.ended`
pub const ENDED: &str = "campaign.ended";
/// `campaign.reviewed`
pub const REVIEWED: &str = "campaign.reviewed";
/// `campaign.budget_exhausted`: a grant left too little for another like it.
pub const BUDGET_EXHAUSTED: &str = "campaign.budget_exhausted";
/// `campaign.daily_cap_reached`: a grant left too little of the day's cap for another like it.
pub const DAILY_CAP_REACHED: &str = "campaign.daily_cap_reached";

/// A campaign was planned or took a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CampaignMoved {
    /// Which.
    pub campaign_id: CampaignId,
    /// What kind.
    pub kind: CampaignKind,
    /// How it is called.
    pub name: String,
    /// The state before; absent for a new one.
    pub from: Option<CampaignState>,
    /// The state after.
    pub to: CampaignState,
    /// Who of the staff; absent when the clock or a rule did it.
    pub staff_id: Option<StaffId>,
    /// Why.
    pub reason: String,
}

/// A campaign has nothing left to give, or nothing left today.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CampaignDry {
    /// Which.
    pub campaign_id: CampaignId,
    /// The shop's day.
    pub day: Day,
    /// What is left.
    pub left_fen: Fen,
}

/// `campaign.risk_fired`: a rule that watches a campaign fired.
pub const RISK_FIRED: &str = "campaign.risk_fired";

/// A rule that watches a campaign fired.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RiskFired {
    /// Which campaign.
    pub campaign_id: CampaignId,
    /// What kind.
    pub kind: CampaignKind,
    /// How it is called.
    pub name: String,
    /// Which rule.
    pub rule: RiskKind,
    /// What it did.
    pub effect: RiskEffect,
    /// The figure at which it fired.
    pub figure: i64,
    /// The threshold it lies above.
    pub threshold: i64,
    /// The device, network or inviter behind it.
    pub culprit: Option<String>,
}
