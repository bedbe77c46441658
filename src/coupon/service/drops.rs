//! Coupon drops: campaigns that give coupons to whoever comes.

use serde_json::{Value, json};

use super::desk::AtDesk;
use super::templates::{
    NewTemplate, TemplateFile, activate_template, audited, create_template, end_template, file_of_template,
    pause_template,
};
use crate::campaign::{
    self, CampaignError, CampaignFacts, CampaignKind, CampaignState, NewCampaign, Plan, Problem, RulesChange,
};
use crate::coupon::draft::CouponTemplateDraft;
use crate::coupon::error::CouponError;
use crate::coupon::model::{CouponFamily, CouponTemplate, CouponTemplateState};
use crate::coupon::store;
use crate::kernel::id::CampaignId;
use crate::kernel::money::Fen;
use crate::platform::db::{DbError, DbResult, FromDb as _, Tx};

/// Most kinds of coupons of one drop.
pub(in crate::coupon) const MAX_TEMPLATES: usize = 20;

/// A coupon drop with its coupons.
#[derive(Clone, Debug)]
pub(in crate::coupon) struct DropFile {
    /// The campaign.
    pub(in crate::coupon) campaign: CampaignFacts,
    /// Its kinds of coupons.
    pub(in crate::coupon) templates: Vec<TemplateFile>,
}

/// Plans a coupon drop, as a draft.
///
/// # Errors
/// When the plan or one of its coupons does not fit.
pub(in crate::coupon) fn plan_drop(
    tx: &mut Tx<'_>,
    desk: &AtDesk,
    plan: &Plan,
    drafts: &[CouponTemplateDraft],
) -> Result<DropFile, CouponError> {
    if !(1..=MAX_TEMPLATES).contains(&drafts.len()) {
        return Err(CouponError::TemplatesOutOfRange);
    }
    let new = NewCampaign { kind: CampaignKind::CouponDrop, plan, staff: desk.staff_id, origin: &desk.origin };
    let id = campaign::create(tx, &new)?;
    for draft in drafts {
        add_template(tx, desk, id, draft)?;
    }
    file_of_drop(tx, id)
}

fn add_template(
    tx: &mut Tx<'_>,
    desk: &AtDesk,
    campaign: CampaignId,
    draft: &CouponTemplateDraft,
) -> Result<(), CouponError> {
    let new = NewTemplate {
        family: CouponFamily::Shop,
        campaign: Some(campaign),
        created_by: Some(desk.staff_id),
        draft: draft.clone(),
    };
    create_template(tx, &new).map(drop)
}

/// Adds a kind of coupon to a drop that is still being planned.
///
/// # Errors
/// When it is no draft, has enough, or the coupon does not fit.
pub(in crate::coupon) fn extend_drop(
    tx: &mut Tx<'_>,
    desk: &AtDesk,
    id: CampaignId,
    draft: &CouponTemplateDraft,
) -> Result<DropFile, CouponError> {
    let before = file_of_drop(tx, id)?;
    if before.templates.len() >= MAX_TEMPLATES {
        return Err(CouponError::TemplatesOutOfRange);
    }
    add_template(tx, desk, id, draft)?;
    let after = file_of_drop(tx, id)?;
    note_rules(tx, desk, id, (written(&before), written(&after)))?;
    Ok(after)
}

fn written(file: &DropFile) -> Value {
    file.templates.iter().map(|file| audited(&file.template, &file.allotment)).collect()
}

/// Writes into the campaign's log that its coupons changed, which only a draft allows.
pub(super) fn note_rules(
    tx: &mut Tx<'_>,
    desk: &AtDesk,
    campaign: CampaignId,
    (before, after): (Value, Value),
) -> Result<(), CouponError> {
    let (kind, staff, origin) = (CampaignKind::CouponDrop, desk.staff_id, &desk.origin);
    campaign::change_rules(tx, &RulesChange { campaign, kind, staff, origin, before, after })?;
    Ok(())
}

/// A coupon drop with its coupons.
///
/// # Errors
/// When there is none.
pub(in crate::coupon) fn file_of_drop(tx: &mut Tx<'_>, id: CampaignId) -> Result<DropFile, CouponError> {
    let campaign = campaign::facts(tx, id)?;
    if campaign.kind != CampaignKind::CouponDrop {
        return Err(CampaignError::NotFound.into());
    }
    let mut templates = Vec::new();
    for template in store::of_campaign(tx, id)? {
        templates.push(file_of_template(tx, template.id)?);
    }
    Ok(DropFile { campaign, templates })
}

/// What keeps a drop from being scheduled.
pub(in crate::coupon) fn problems_of_drop(tx: &mut Tx<'_>, id: CampaignId) -> DbResult<Vec<Problem>> {
    let problem = |code: &'static str, message: String| Problem { code, message };
    let facts = match campaign::facts(tx, id) {
        Ok(facts) => facts,
        Err(error) => return Err(error.db_error().cloned().unwrap_or_else(|| DbError::Defect(error.to_string()))),
    };
    let templates = store::of_campaign(tx, id)?;
    let living: Vec<&CouponTemplate> =
        templates.iter().filter(|template| template.state != CouponTemplateState::Ended).collect();
    if living.is_empty() {
        return Ok(vec![problem("coupon.no_templates", "活动没有可发放的优惠券".to_owned())]);
    }
    let never = |template: &&&CouponTemplate| {
        let over = |until: Option<crate::kernel::time::Timestamp>| until.is_some_and(|until| until <= facts.starts_at);
        let late = template.claims_from.is_some_and(|from| from >= facts.ends_at);
        over(template.claims_until) || over(template.valid_until) || late
    };
    let found = living.iter().filter(never);
    Ok(found
        .map(|template| problem("coupon.never_to_be_had", format!("「{}」在活动期间无法领取", template.title)))
        .collect())
}

/// Follows a drop: its coupons can be had while it runs.
pub(in crate::coupon) fn follow_drop(tx: &mut Tx<'_>, id: CampaignId, state: CampaignState) -> DbResult<()> {
    use CouponTemplateState::{Active, Ended};
    for CouponTemplate { id, state: stands, .. } in store::of_campaign(tx, id)? {
        let moved = match (state, stands) {
            (_, Ended) => Ok(()),
            (CampaignState::Running, _) => activate_template(tx, id),
            (CampaignState::Paused, Active) => pause_template(tx, id),
            (CampaignState::Ended | CampaignState::Reviewed, _) => end_template(tx, id),
            (CampaignState::Draft | CampaignState::Scheduled | CampaignState::Paused, _) => Ok(()),
        };
        if let Err(error) = moved {
            return Err(error
                .refusal()
                .map_or_else(|failure| failure, |refusal| DbError::Conflict(refusal.to_string())));
        }
    }
    Ok(())
}

/// What became of a drop's coupons, for the campaign's report.
pub(in crate::coupon) fn figures_of_drop(tx: &mut Tx<'_>, id: CampaignId) -> DbResult<Value> {
    let mut coupons = Vec::new();
    let (mut issued, mut used, mut cost, mut revenue) = (0_i64, 0_i64, Fen::ZERO, Fen::ZERO);
    for template in store::of_campaign(tx, id)? {
        let figures = store::figures_of(tx, template.id)?;
        issued = issued.saturating_add(figures.issued);
        used = used.saturating_add(figures.used);
        cost = cost.plus(figures.cost).unwrap_or(cost);
        revenue = revenue.plus(figures.revenue).unwrap_or(revenue);
        coupons.push(json!({
            "template_id": template.id, "title": template.title, "state": template.state,
            "issued": figures.issued, "users": figures.users, "used": figures.used, "expired": figures.expired,
            "revoked": figures.revoked, "cost_fen": figures.cost, "revenue_fen": figures.revenue,
        }));
    }
    Ok(json!({ "issued": issued, "used": used, "cost_fen": cost, "revenue_fen": revenue, "coupons": coupons }))
}
