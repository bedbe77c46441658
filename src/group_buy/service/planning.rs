//! Planning a group buy, changing its rules while it is a draft, and what keeps it from being scheduled.

use serde_json::{Value, json};

use super::super::error::GroupBuyError;
use super::super::model::Rules;
use super::super::rules::{self, Flaw, OPEN_BEFORE_END_MS, RulesDraft, SkuDraft};
use super::super::store;
use super::desk::AtDesk;
use super::rules_of;
use crate::campaign::{self, CampaignError, CampaignFacts, CampaignKind, NewCampaign, Plan, Problem, RulesChange};
use crate::catalog::{self, SkuFacts, SkuId};
use crate::kernel::id::CampaignId;
use crate::platform::db::{DbError, DbResult, Tx};

/// Writes down a new group buy, as a draft.
pub(in crate::group_buy) fn create(
    tx: &mut Tx<'_>,
    desk: &AtDesk,
    plan: &Plan,
    draft: &RulesDraft,
) -> Result<CampaignId, GroupBuyError> {
    check(tx, draft)?;
    let new = NewCampaign { kind: CampaignKind::GroupBuy, plan, staff: desk.staff_id, origin: &desk.origin };
    let id = campaign::create(tx, &new)?;
    store::insert_rules(tx, id, draft)?;
    note_rules(tx, desk, id, Value::Null, draft)?;
    Ok(id)
}

/// Puts other rules in the place of a draft's.
pub(in crate::group_buy) fn replace(
    tx: &mut Tx<'_>,
    desk: &AtDesk,
    id: CampaignId,
    draft: &RulesDraft,
) -> Result<(), GroupBuyError> {
    let (_, before) = look(tx, id)?;
    check(tx, draft)?;
    note_rules(tx, desk, id, json!(before), draft)?;
    Ok(store::replace_rules(tx, id, draft)?)
}

fn note_rules(
    tx: &mut Tx<'_>,
    desk: &AtDesk,
    campaign: CampaignId,
    before: Value,
    draft: &RulesDraft,
) -> Result<CampaignFacts, CampaignError> {
    let change = RulesChange {
        campaign,
        kind: CampaignKind::GroupBuy,
        staff: desk.staff_id,
        origin: &desk.origin,
        before,
        after: json!(draft),
    };
    campaign::change_rules(tx, &change)
}

/// The rules keep their rules, and the SKUs are the product's.
fn check(tx: &mut Tx<'_>, draft: &RulesDraft) -> Result<(), GroupBuyError> {
    let invalid = |flaws: Vec<Flaw>| GroupBuyError::InvalidRules(json!({ "flaws": flaws }));
    rules::checked(draft).map_err(invalid)?;
    let ids: Vec<SkuId> = draft.skus.iter().map(|sku| sku.sku_id).collect();
    let known = catalog::sku_facts(tx, &ids)?;
    let belongs = |sku: &SkuId| known.iter().any(|facts| facts.sku_id == *sku && facts.product_id == draft.product_id);
    if ids.iter().all(belongs) {
        return Ok(());
    }
    Err(invalid(vec![Flaw { field: "skus.sku_id", rule: "an SKU of the product" }]))
}

/// A group buy as staff planned it.
pub(in crate::group_buy) fn look(
    tx: &mut Tx<'_>,
    id: CampaignId,
) -> Result<(CampaignFacts, RulesDraft), GroupBuyError> {
    let facts = campaign::facts(tx, id)?;
    let rules = rules_of(tx, id)?;
    Ok((facts, drafted(tx, rules)?))
}

/// Rules in the form in which staff write them.
fn drafted(tx: &mut Tx<'_>, rules: Rules) -> DbResult<RulesDraft> {
    let offers = store::offers(tx, rules.campaign_id)?;
    let skus = offers.into_iter().map(|offer| SkuDraft {
        sku_id: offer.sku_id,
        prices_fen: offer.prices,
        leader_price_fen: offer.leader_price,
        quota: offer.quota,
    });
    Ok(RulesDraft {
        product_id: rules.product_id,
        sizes: rules.sizes,
        lifetime_minutes: rules.lifetime_minutes,
        per_user: rules.per_user,
        per_order: rules.per_order,
        leads_at_once: rules.leads_at_once,
        joiners: rules.joiners,
        fill_percent: rules.fill_percent,
        visibility: rules.visibility,
        coupons_allowed: rules.coupons_allowed,
        late_payer: rules.late_payer,
        skus: skus.collect(),
    })
}

/// What keeps a group buy from being scheduled.
pub(in crate::group_buy) fn problems(tx: &mut Tx<'_>, id: CampaignId) -> DbResult<Vec<Problem>> {
    let Some(rules) = store::rules(tx, id)? else {
        return Ok(vec![problem("group_buy.no_rules", "it has no rules".to_owned())]);
    };
    let facts = campaign::facts(tx, id).map_err(|error| DbError::Defect(error.to_string()))?;
    let mut found = Vec::new();
    if facts.ends_at.millis_since(facts.starts_at) < OPEN_BEFORE_END_MS {
        found.push(problem("group_buy.too_short", "no group could be opened within its time".to_owned()));
    }
    let offers = store::offers(tx, id)?;
    let ids: Vec<SkuId> = offers.iter().map(|offer| offer.sku_id).collect();
    let known = catalog::sku_facts(tx, &ids)?;
    for offer in &offers {
        let sku = known.iter().find(|sku| sku.sku_id == offer.sku_id && sku.product_id == rules.product_id);
        match sku {
            None => found.push(problem("group_buy.sku_unknown", format!("SKU {} is gone", offer.sku_id))),
            Some(SkuFacts { unavailable: Some(_), .. }) => {
                found.push(problem("group_buy.sku_unavailable", format!("SKU {} is not on sale", offer.sku_id)));
            }
            Some(sku) if sku.price <= offer.member_price() => {
                let why = format!("SKU {} costs {} alone", offer.sku_id, sku.price.to_yuan());
                found.push(problem("group_buy.not_cheaper", why));
            }
            Some(_) => {}
        }
    }
    Ok(found)
}

const fn problem(code: &'static str, message: String) -> Problem {
    Problem { code, message }
}

/// A group buy's own part of its campaign's report.
pub(in crate::group_buy) fn figures(tx: &mut Tx<'_>, id: CampaignId) -> DbResult<Value> {
    let figures = store::campaign_figures(tx, id)?;
    let ended = figures.formed.saturating_add(figures.expired);
    let formed_permille = figures.formed.saturating_mul(1_000).checked_div(ended);
    Ok(json!({
        "groups_open": figures.open,
        "groups_formed": figures.formed,
        "groups_expired": figures.expired,
        "groups_never_paid_by_their_leader": figures.never_visible,
        "groups_filled_by_the_shop": figures.filled_groups,
        "formed_permille": formed_permille,
        "seats_paid": figures.paid_seats,
        "seats_kept": figures.kept_seats,
        "seats_filled_by_the_shop": figures.filled_seats,
        "newcomers_kept": figures.newcomers_kept,
    }))
}
