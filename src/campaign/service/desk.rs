//! What staff do with campaigns: change the plan, schedule, stop, let go on, end, review.

use serde_json::json;

use super::super::error::CampaignError;
use super::super::kinds::Problem;
use super::super::model::{Audience, Budget, Campaign, CampaignRow, CampaignState, Plan};
use super::super::rules::{self, PlanChanges, Step};
use super::super::store;
use super::approval::{self, Then, WantedBudget};
use super::moving::{Cause, advance};
use super::{Campaigns, Change, log_and_audit};
use crate::kernel::id::{CampaignId, StaffId};
use crate::kernel::money::Fen;
use crate::platform::db::{DbResult, Tx};
use crate::platform::http::Origin;

/// Most characters of what staff make of a campaign.
const MAX_CONCLUSIONS: usize = 5_000;

/// A member of staff at work.
#[derive(Clone, Debug)]
pub(in crate::campaign) struct AtDesk {
    /// Who.
    pub(in crate::campaign) staff_id: StaffId,
    /// From where.
    pub(in crate::campaign) origin: Origin,
}

/// What became of a wish of staff's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::campaign) struct Decided {
    /// The campaign as it is now.
    pub(in crate::campaign) campaign: Campaign,
    /// Whether a second person must agree first to the budget.
    pub(in crate::campaign) waits_for_approval: bool,
}

/// A reason of 1 to 200 characters.
pub(super) fn reason_of(text: &str) -> Result<&str, CampaignError> {
    rules::checked_reason(text).ok_or_else(|| CampaignError::field("reason", "1 to 200 characters"))
}

fn find(tx: &mut Tx<'_>, id: CampaignId) -> Result<Campaign, CampaignError> {
    store::find(tx, id)?.ok_or(CampaignError::NotFound)
}

/// What keeps a campaign from being scheduled.
pub(in crate::campaign) fn check(
    tx: &mut Tx<'_>,
    campaigns: &Campaigns,
    id: CampaignId,
) -> Result<Vec<Problem>, CampaignError> {
    let campaign = find(tx, id)?;
    Ok(problems(tx, campaigns, &campaign)?)
}

fn problems(tx: &mut Tx<'_>, campaigns: &Campaigns, campaign: &Campaign) -> DbResult<Vec<Problem>> {
    let row = &campaign.row;
    let mut problems = Vec::new();
    if row.ends_at <= tx.now() {
        problems.push(Problem { code: "campaign.over", message: "the window lies in the past".to_owned() });
    }
    if row.audience == Audience::List && store::count_listed(tx, row.id)? == 0 {
        problems.push(Problem { code: "campaign.nobody_listed", message: "the list of users is empty".to_owned() });
    }
    problems.extend(campaigns.kinds.problems(tx, row.kind, row.id)?);
    Ok(problems)
}

/// Schedules a draft, or asks for a second person when its budget lies above the limit.
pub(in crate::campaign) fn schedule(
    tx: &mut Tx<'_>,
    campaigns: &Campaigns,
    desk: &AtDesk,
    id: CampaignId,
    reason: &str,
) -> Result<Decided, CampaignError> {
    let (reason, campaign) = (reason_of(reason)?, find(tx, id)?);
    rules::next(campaign.row.state, Step::Schedule)?;
    let problems = problems(tx, campaigns, &campaign)?;
    if !problems.is_empty() {
        return Err(CampaignError::NotReady(json!({ "problems": problems })));
    }
    let Budget { budget, daily_cap, .. } = campaign.budget;
    if rules::needs_second_person(budget, campaigns.settings.budget_approval_above, campaign.row.approved_budget) {
        let wanted = WantedBudget { budget_fen: budget, daily_cap_fen: daily_cap, then: Then::Schedule };
        approval::ask(tx, desk, id, &wanted, reason)?;
        return Ok(Decided { campaign, waits_for_approval: true });
    }
    let cause = Cause { staff: Some((desk.staff_id, &desk.origin)), reason, conclusions: None };
    advance(tx, &campaigns.kinds, &campaign.row, Step::Schedule, &cause)?;
    Ok(Decided { campaign: find(tx, id)?, waits_for_approval: false })
}

/// Takes a step that needs a reason and nothing else.
pub(in crate::campaign) fn step(
    tx: &mut Tx<'_>,
    campaigns: &Campaigns,
    desk: &AtDesk,
    id: CampaignId,
    step: Step,
    reason: &str,
) -> Result<Campaign, CampaignError> {
    let (reason, campaign) = (reason_of(reason)?, find(tx, id)?);
    if step == Step::Resume && campaign.row.ends_at <= tx.now() {
        return Err(CampaignError::StateConflict(json!({ "reason": "its time is over" })));
    }
    let cause = Cause { staff: Some((desk.staff_id, &desk.origin)), reason, conclusions: None };
    advance(tx, &campaigns.kinds, &campaign.row, step, &cause)?;
    find(tx, id)
}

/// Writes down what staff make of a campaign that is over.
pub(in crate::campaign) fn review(
    tx: &mut Tx<'_>,
    campaigns: &Campaigns,
    desk: &AtDesk,
    id: CampaignId,
    conclusions: &str,
) -> Result<Campaign, CampaignError> {
    let conclusions = rules::checked_text(conclusions, MAX_CONCLUSIONS)
        .ok_or_else(|| CampaignError::field("conclusions", "1 to 5000 characters"))?;
    let campaign = find(tx, id)?;
    let cause =
        Cause { staff: Some((desk.staff_id, &desk.origin)), reason: "reviewed", conclusions: Some(conclusions) };
    advance(tx, &campaigns.kinds, &campaign.row, Step::Review, &cause)?;
    find(tx, id)
}

/// Changes a plan that is at this version. A budget above the limit waits for a second person; everything else changes
/// at once.
pub(in crate::campaign) fn edit(
    tx: &mut Tx<'_>,
    campaigns: &Campaigns,
    desk: &AtDesk,
    (id, version): (CampaignId, i64),
    changes: PlanChanges,
    reason: &str,
) -> Result<Decided, CampaignError> {
    let (reason, campaign) = (reason_of(reason)?, find(tx, id)?);
    let state = campaign.row.state;
    if matches!(state, CampaignState::Ended | CampaignState::Reviewed) {
        return Err(CampaignError::StateConflict(json!({ "state": state })));
    }
    if campaign.row.version != version {
        return Err(CampaignError::StateConflict(json!({ "version": campaign.row.version })));
    }
    let before = campaign.plan();
    let wanted = changes.applied_to(before.clone());
    let mut plan = rules::checked(&wanted, tx.now()).map_err(|flaws| CampaignError::flaws(&flaws))?;
    let fixed = rules::fixed(state, &before, &plan);
    if !fixed.is_empty() {
        return Err(CampaignError::Fixed(json!({ "fields": fixed })));
    }
    let waits_for_approval = hold_budget(tx, campaigns, desk, &campaign, &mut plan, reason)?;
    if plan != before {
        let row = store::rewrite(tx, &campaign.row, &plan)?.ok_or_else(CampaignError::lost_race)?;
        set_money(tx, &campaign, &row, (plan.budget_fen, plan.daily_cap_fen))?;
        let change = Change {
            action: "plan",
            from: Some(state),
            staff: Some(desk.staff_id),
            reason,
            before: Some(json!(before)),
            after: Some(json!(plan)),
        };
        log_and_audit(tx, &row, change, &desk.origin)?;
    }
    Ok(Decided { campaign: find(tx, id)?, waits_for_approval })
}

/// When the wanted budget needs a second person, asks for one and leaves the money of the plan as it is. A draft's budget
/// is asked about when it is scheduled.
fn hold_budget(
    tx: &mut Tx<'_>,
    campaigns: &Campaigns,
    desk: &AtDesk,
    campaign: &Campaign,
    plan: &mut Plan,
    reason: &str,
) -> Result<bool, CampaignError> {
    let (now, approved) = (campaign.budget, campaign.row.approved_budget);
    let raised = plan.budget_fen > now.budget && campaign.row.state != CampaignState::Draft;
    if !raised || !rules::needs_second_person(plan.budget_fen, campaigns.settings.budget_approval_above, approved) {
        return Ok(false);
    }
    let wanted = WantedBudget { budget_fen: plan.budget_fen, daily_cap_fen: plan.daily_cap_fen, then: Then::Raise };
    approval::ask(tx, desk, campaign.row.id, &wanted, reason)?;
    (plan.budget_fen, plan.daily_cap_fen) = (now.budget, now.daily_cap);
    Ok(true)
}

/// Sets the money of a campaign: never below what is spent, in all or today.
pub(super) fn set_money(
    tx: &mut Tx<'_>,
    before: &Campaign,
    row: &CampaignRow,
    (budget, daily_cap): (Fen, Option<Fen>),
) -> Result<(), CampaignError> {
    let today = tx.today();
    let wanted = Budget {
        budget,
        daily_cap,
        open_until: (row.state == CampaignState::Running).then_some(row.ends_at),
        exhausted_at: before.budget.exhausted_at.filter(|_| budget <= before.budget.budget),
        ..before.budget
    };
    if !store::set_budget(tx, &wanted)? {
        let spent = store::budget(tx, row.id)?.map(|budget| budget.spent);
        return Err(CampaignError::BelowSpent(json!({ "spent_fen": spent })));
    }
    if !store::set_cap(tx, row.id, today, daily_cap)? {
        let spent = store::spent_on(tx, row.id, today)?;
        return Err(CampaignError::BelowSpent(json!({ "spent_today_fen": spent })));
    }
    Ok(())
}
