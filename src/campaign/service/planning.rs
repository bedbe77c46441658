//! Planning campaigns and changing their rules.

use serde_json::{Value, json};

use super::super::error::CampaignError;
use super::super::events::{CampaignMoved, PLANNED};
use super::super::model::{
    Budget, Campaign, CampaignFacts, CampaignKind, CampaignRow, CampaignState, NewCampaign, Plan,
};
use super::super::{rules, store};
use super::{Change, log_and_audit};
use crate::kernel::id::{CampaignId, StaffId};
use crate::kernel::money::Fen;
use crate::platform::db::Tx;
use crate::platform::events::{self, NewEvent};
use crate::platform::http::Origin;

/// Writes down a new campaign, as a draft. Its kind then writes its own rules in the same transaction.
///
/// # Errors
/// [`CampaignError::InvalidPlan`] with every field that breaks its rule, or the database's.
pub fn create(tx: &mut Tx<'_>, new: &NewCampaign<'_>) -> Result<CampaignId, CampaignError> {
    let plan = rules::checked(new.plan, tx.now()).map_err(|flaws| CampaignError::flaws(&flaws))?;
    let campaign = drafted(tx, new, plan);
    store::insert(tx, &campaign)?;
    store::replace_risk_rules(tx, campaign.row.id, &rules::usual())?;
    let change = Change {
        action: "create",
        from: None,
        staff: Some(new.staff),
        reason: "",
        before: None,
        after: Some(json!({ "kind": new.kind, "plan": campaign.plan() })),
    };
    log_and_audit(tx, &campaign.row, change, new.origin)?;
    let payload = CampaignMoved {
        campaign_id: campaign.row.id,
        kind: new.kind,
        name: campaign.row.name.clone(),
        from: None,
        to: CampaignState::Draft,
        staff_id: Some(new.staff),
        reason: String::new(),
    };
    events::record(tx, &NewEvent { name: PLANNED, version: 1, user: None, payload: &payload })?;
    Ok(campaign.row.id)
}

fn drafted(tx: &Tx<'_>, new: &NewCampaign<'_>, plan: Plan) -> Campaign {
    let id = CampaignId::new(tx.next_id());
    let budget = Budget {
        campaign_id: id,
        budget: plan.budget_fen,
        daily_cap: plan.daily_cap_fen,
        spent: Fen::ZERO,
        open_until: None,
        exhausted_at: None,
    };
    let row = CampaignRow {
        id,
        kind: new.kind,
        state: CampaignState::Draft,
        name: plan.name,
        occasion_kind: plan.occasion_kind,
        occasion: plan.occasion,
        audience: plan.audience,
        starts_at: plan.starts_at,
        ends_at: plan.ends_at,
        intro: plan.intro,
        card_title: plan.card.title,
        card_picture: plan.card.picture,
        card_path: plan.card.path,
        expected_cost: plan.expected.cost_fen,
        expected_new_users: plan.expected.new_users,
        expected_revenue: plan.expected.revenue_fen,
        margin_permille: plan.margin_permille,
        holdout_permille: plan.holdout_permille,
        approved_budget: Fen::ZERO,
        conclusions: None,
        created_by: new.staff,
        created_at: tx.now(),
        started_at: None,
        ended_at: None,
        reviewed_at: None,
        version: 1,
    };
    Campaign { row, budget }
}

/// A change of a kind's own rules.
#[derive(Debug)]
pub struct RulesChange<'a> {
    /// The campaign.
    pub campaign: CampaignId,
    /// Its kind.
    pub kind: CampaignKind,
    /// Who changes them.
    pub staff: StaffId,
    /// From where.
    pub origin: &'a Origin,
    /// The rules as they were.
    pub before: Value,
    /// The rules as they will be.
    pub after: Value,
}

/// Allows a kind to change its rules, in this transaction, while the campaign is a draft; writes the change down.
///
/// # Errors
/// [`CampaignError::NotFound`] when there is no such campaign of that kind; [`CampaignError::StateConflict`] when it is no
/// draft; or the database's.
pub fn change_rules(tx: &mut Tx<'_>, change: &RulesChange<'_>) -> Result<CampaignFacts, CampaignError> {
    let facts = store::facts(tx, change.campaign)?.filter(|facts| facts.kind == change.kind);
    let facts = facts.ok_or(CampaignError::NotFound)?;
    let seen = store::find(tx, change.campaign)?.ok_or(CampaignError::NotFound)?.row;
    if seen.state != CampaignState::Draft {
        return Err(CampaignError::StateConflict(json!({ "state": seen.state })));
    }
    let row = store::touch(tx, &seen)?.ok_or_else(CampaignError::lost_race)?;
    let logged = Change {
        action: "rules",
        from: Some(seen.state),
        staff: Some(change.staff),
        reason: "",
        before: Some(change.before.clone()),
        after: Some(change.after.clone()),
    };
    log_and_audit(tx, &row, logged, change.origin)?;
    Ok(facts)
}
