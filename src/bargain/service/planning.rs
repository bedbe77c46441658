//! Staff plan a campaign of bargains.

use super::super::error::BargainError;
use super::super::model::Rules;
use super::super::{rules, store};
use super::desk::AtDesk;
use super::json;
use crate::campaign::{self, CampaignError, CampaignKind, NewCampaign, Plan, Problem, RulesChange};
use crate::catalog::{self, SkuFacts};
use crate::coupon::{self, CouponTemplateId};
use crate::kernel::id::CampaignId;
use crate::platform::db::{DbResult, Tx};
use crate::stock;

/// Writes down a new campaign, as a draft, with its rules.
pub(in crate::bargain) fn plan(
    tx: &mut Tx<'_>,
    desk: &AtDesk,
    plan: &Plan,
    promised: &Rules,
) -> Result<CampaignId, BargainError> {
    check(tx, promised)?;
    let new = NewCampaign { kind: CampaignKind::Bargain, plan, staff: desk.staff_id, origin: &desk.origin };
    let campaign = campaign::create(tx, &new)?;
    store::rules::insert(tx, campaign, promised)?;
    Ok(campaign)
}

/// Gives a draft other rules.
pub(in crate::bargain) fn change_rules(
    tx: &mut Tx<'_>,
    desk: &AtDesk,
    campaign: CampaignId,
    promised: &Rules,
) -> Result<(), BargainError> {
    check(tx, promised)?;
    let before = current(tx, campaign)?.ok_or(CampaignError::NotFound)?;
    let change = RulesChange {
        campaign,
        kind: CampaignKind::Bargain,
        staff: desk.staff_id,
        origin: &desk.origin,
        before: json(&before)?,
        after: json(promised)?,
    };
    campaign::change_rules(tx, &change)?;
    Ok(store::rules::replace(tx, campaign, promised)?)
}

/// The rules of a campaign as staff wrote them.
pub(super) fn current(tx: &mut Tx<'_>, campaign: CampaignId) -> DbResult<Option<Rules>> {
    let Some(row) = store::rules::find(tx, campaign)? else { return Ok(None) };
    let quota = store::rules::quota(tx, campaign)?.map_or(0, |quota| quota.quota);
    Ok(Some(row.rules(quota, store::rules::prizes(tx, campaign)?)))
}

/// Refuses rules that are out of range or name what does not exist; whether they make sense is asked when the campaign is
/// to be scheduled.
fn check(tx: &mut Tx<'_>, promised: &Rules) -> Result<(), BargainError> {
    let mut flaws = rules::flaws(promised);
    if sku(tx, promised)?.is_none() {
        flaws.push(rules::Flaw { field: "sku_id", rule: "an existing SKU" });
    }
    for template in templates(promised) {
        if coupon::reward_facts(tx, template)?.is_none() {
            let field = if promised.reward_template_id == Some(template) { "reward_template_id" } else { "prizes" };
            flaws.push(rules::Flaw { field, rule: "an existing coupon" });
        }
    }
    if flaws.is_empty() { Ok(()) } else { Err(BargainError::flaws(&flaws)) }
}

fn sku(tx: &mut Tx<'_>, promised: &Rules) -> DbResult<Option<SkuFacts>> {
    Ok(catalog::sku_facts(tx, &[promised.sku_id])?.into_iter().next())
}

fn templates(promised: &Rules) -> Vec<CouponTemplateId> {
    let prizes = promised.prizes.iter().map(|prize| prize.template_id);
    let mut all: Vec<CouponTemplateId> = promised.reward_template_id.into_iter().chain(prizes).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// What keeps a campaign from being scheduled.
pub(in crate::bargain) fn problems(tx: &mut Tx<'_>, campaign: CampaignId) -> DbResult<Vec<Problem>> {
    let mut found = Vec::new();
    let mut problem = |code, message: &str| found.push(Problem { code, message: message.to_owned() });
    let Some(promised) = current(tx, campaign)? else {
        problem("bargain.no_rules", "没有砍价规则");
        return Ok(found);
    };
    match sku(tx, &promised)? {
        None => problem("bargain.sku_missing", "商品规格不存在"),
        Some(sku) => {
            if sku.unavailable.is_some() {
                problem("bargain.sku_unavailable", "商品未上架或规格已停用");
            }
            let start = rules::start_of(promised.start_fen, sku.price);
            let room = start.minus(promised.floor_fen).is_some_and(|room| room.get() >= promised.cuts_max);
            if !room {
                problem("bargain.no_room", "商品现价与底价之差不足以分成规定的刀数");
            }
            if promised.start_fen.is_some_and(|given| given > sku.price) {
                problem("bargain.start_above_price", "起始价高于商品现价");
            }
        }
    }
    if stock::available(tx, &[promised.sku_id])?.get(&promised.sku_id).is_none_or(|free| *free < 1) {
        problem("bargain.no_stock", "商品没有可售库存");
    }
    for template in templates(&promised) {
        match coupon::reward_facts(tx, template)? {
            Some(facts) if !facts.grantable => problem("bargain.coupon_not_grantable", "奖励优惠券未启用或不可发放"),
            // The budget of a campaign is closed once it has ended, and prizes are given after that.
            Some(facts)
                if facts.campaign == Some(campaign)
                    && promised.prizes.iter().any(|prize| prize.template_id == template) =>
            {
                problem("bargain.prize_of_campaign", "排行榜奖品不能使用本活动预算的优惠券");
            }
            Some(_) => {}
            None => problem("bargain.coupon_missing", "奖励优惠券不存在"),
        }
    }
    Ok(found)
}
