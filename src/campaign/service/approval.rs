//! Budgets above the limit: a second member of staff decides.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::super::error::CampaignError;
use super::super::model::{Campaign, CampaignState};
use super::super::rules::{self, Step};
use super::super::store;
use super::desk::{AtDesk, set_money};
use super::moving::{Cause, advance};
use super::{Campaigns, Change, log_and_audit};
use crate::kernel::id::CampaignId;
use crate::kernel::money::Fen;
use crate::platform::db::{DbError, Tx};
use crate::platform::http::Permission as _;
use crate::staff::approval::{self, ActionError, ApprovalHandler, Decider, NewApproval};
use crate::staff::{Approval, permission};

/// The action that waits.
const ACTION: &str = "campaign.budget";

/// What the budget is wanted for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Then {
    /// The draft is to be scheduled.
    Schedule,
    /// A campaign that is scheduled or on is to get more.
    Raise,
}

/// What was asked for, so that the second person agrees to exactly this.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct WantedBudget {
    pub(super) budget_fen: Fen,
    pub(super) daily_cap_fen: Option<Fen>,
    pub(super) then: Then,
}

/// Writes down that a second person must agree to a budget.
pub(super) fn ask(
    tx: &mut Tx<'_>,
    desk: &AtDesk,
    id: CampaignId,
    wanted: &WantedBudget,
    reason: &str,
) -> Result<(), CampaignError> {
    let approval = NewApproval {
        action: ACTION,
        subject_id: id.get(),
        payload: json!(wanted),
        reason,
        requested_by: desk.staff_id,
        origin: &desk.origin,
    };
    approval::request(tx, &approval)?;
    Ok(())
}

/// Carries out what a second person agreed to.
#[derive(Clone, Debug)]
pub struct BudgetApproval(pub Campaigns);

impl ApprovalHandler for BudgetApproval {
    fn action(&self) -> &'static str {
        ACTION
    }

    fn permission(&self) -> &'static str {
        permission::CampaignBudgetApprove::NAME
    }

    fn execute(&self, tx: &mut Tx<'_>, approval: &Approval, by: &Decider) -> Result<(), ActionError> {
        let wanted: WantedBudget =
            serde_json::from_str(&approval.payload).map_err(|error| DbError::Defect(error.to_string()))?;
        let desk = AtDesk { staff_id: by.staff_id, origin: by.origin.clone() };
        let id = CampaignId::new(approval.subject_id);
        let done = match wanted.then {
            Then::Schedule => schedule(tx, &self.0, &desk, id, &wanted, &approval.reason),
            Then::Raise => raise(tx, &desk, id, &wanted, &approval.reason),
        };
        done.map_err(ActionError::of)
    }
}

fn find(tx: &mut Tx<'_>, id: CampaignId) -> Result<Campaign, CampaignError> {
    store::find(tx, id)?.ok_or(CampaignError::NotFound)
}

/// Schedules the draft, if its budget is still what was agreed to.
fn schedule(
    tx: &mut Tx<'_>,
    campaigns: &Campaigns,
    desk: &AtDesk,
    id: CampaignId,
    wanted: &WantedBudget,
    reason: &str,
) -> Result<(), CampaignError> {
    let campaign = find(tx, id)?;
    rules::next(campaign.row.state, Step::Schedule)?;
    if campaign.budget.budget != wanted.budget_fen || campaign.budget.daily_cap != wanted.daily_cap_fen {
        return Err(CampaignError::lost_race());
    }
    let problems = super::desk::check(tx, campaigns, id)?;
    if !problems.is_empty() {
        return Err(CampaignError::NotReady(json!({ "problems": problems })));
    }
    store::approve_budget(tx, id, wanted.budget_fen)?;
    let cause = Cause { staff: Some((desk.staff_id, &desk.origin)), reason, conclusions: None };
    advance(tx, &campaigns.kinds, &campaign.row, Step::Schedule, &cause).map(|_| ())
}

/// Gives a campaign that is scheduled or on the budget that was agreed to.
fn raise(
    tx: &mut Tx<'_>,
    desk: &AtDesk,
    id: CampaignId,
    wanted: &WantedBudget,
    reason: &str,
) -> Result<(), CampaignError> {
    let campaign = find(tx, id)?;
    let state = campaign.row.state;
    if !matches!(state, CampaignState::Scheduled | CampaignState::Running | CampaignState::Paused) {
        return Err(CampaignError::StateConflict(json!({ "state": state })));
    }
    let row = store::touch(tx, &campaign.row)?.ok_or_else(CampaignError::lost_race)?;
    store::approve_budget(tx, id, wanted.budget_fen)?;
    set_money(tx, &campaign, &row, (wanted.budget_fen, wanted.daily_cap_fen))?;
    let money = |budget: Fen, cap: Option<Fen>| Some(json!({ "budget_fen": budget, "daily_cap_fen": cap }));
    let change = Change {
        action: "budget",
        from: Some(state),
        staff: Some(desk.staff_id),
        reason,
        before: money(campaign.budget.budget, campaign.budget.daily_cap),
        after: money(wanted.budget_fen, wanted.daily_cap_fen),
    };
    Ok(log_and_audit(tx, &row, change, &desk.origin)?)
}
