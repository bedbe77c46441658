//! What campaigns promise.

use diesel::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::catalog::{ProductId, SkuId};
use crate::group_buy::model::{Group, GroupId, Joiners, LatePayer, Rules, SkuOffer, Visibility};
use crate::group_buy::rules::RulesDraft;
use crate::kernel::id::CampaignId;
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;
use crate::platform::db::dialect::Prepared;
use crate::platform::db::schema::{buy_groups as groups, group_buy_rules as rules_table, group_buy_skus as skus};
use crate::platform::db::{DbError, DbResult, Tx, columns};

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = rules_table, treat_none_as_default_value = false, treat_none_as_null = true)]
struct RulesRow {
    campaign_id: CampaignId,
    product_id: ProductId,
    sizes: String,
    lifetime_minutes: i64,
    per_user: i64,
    per_order: i64,
    leads_at_once: i64,
    joiners: Joiners,
    fill_percent: Option<i64>,
    visibility: Visibility,
    coupons_allowed: bool,
    late_payer: LatePayer,
    ended_at: Option<Timestamp>,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = skus, treat_none_as_default_value = false)]
struct SkuRow {
    campaign_id: CampaignId,
    sku_id: SkuId,
    prices: String,
    leader_price_fen: Option<Fen>,
    quota: Option<i64>,
    taken: i64,
}

fn written<T: Serialize>(list: &T) -> DbResult<String> {
    serde_json::to_string(list).map_err(|error| DbError::Defect(error.to_string()))
}

fn read<T: DeserializeOwned>(text: &str) -> DbResult<Vec<T>> {
    serde_json::from_str(text).map_err(|error| DbError::Defect(format!("group buy: a stored list is none: {error}")))
}

impl RulesRow {
    fn of(campaign_id: CampaignId, draft: &RulesDraft) -> DbResult<Self> {
        Ok(Self {
            campaign_id,
            product_id: draft.product_id,
            sizes: written(&draft.sizes)?,
            lifetime_minutes: draft.lifetime_minutes,
            per_user: draft.per_user,
            per_order: draft.per_order,
            leads_at_once: draft.leads_at_once,
            joiners: draft.joiners,
            fill_percent: draft.fill_percent,
            visibility: draft.visibility,
            coupons_allowed: draft.coupons_allowed,
            late_payer: draft.late_payer,
            ended_at: None,
        })
    }

    fn into_rules(self) -> DbResult<Rules> {
        Ok(Rules {
            campaign_id: self.campaign_id,
            product_id: self.product_id,
            sizes: read(&self.sizes)?,
            lifetime_minutes: self.lifetime_minutes,
            per_user: self.per_user,
            per_order: self.per_order,
            leads_at_once: self.leads_at_once,
            joiners: self.joiners,
            fill_percent: self.fill_percent,
            visibility: self.visibility,
            coupons_allowed: self.coupons_allowed,
            late_payer: self.late_payer,
            ended_at: self.ended_at,
        })
    }
}

impl SkuRow {
    fn into_offer(self) -> DbResult<(CampaignId, SkuOffer)> {
        let offer = SkuOffer {
            sku_id: self.sku_id,
            prices: read(&self.prices)?,
            leader_price: self.leader_price_fen,
            quota: self.quota,
            taken: self.taken,
        };
        Ok((self.campaign_id, offer))
    }
}

pub(in crate::group_buy) fn insert_rules(tx: &mut Tx<'_>, id: CampaignId, draft: &RulesDraft) -> DbResult<()> {
    let row = RulesRow::of(id, draft)?;
    diesel::insert_into(rules_table::table).values(&row).execute(tx.conn()?)?;
    insert_skus(tx, id, draft)
}

fn insert_skus(tx: &mut Tx<'_>, campaign_id: CampaignId, draft: &RulesDraft) -> DbResult<()> {
    let mut rows = Vec::with_capacity(draft.skus.len());
    for sku in &draft.skus {
        rows.push(SkuRow {
            campaign_id,
            sku_id: sku.sku_id,
            prices: written(&sku.prices_fen)?,
            leader_price_fen: sku.leader_price_fen,
            quota: sku.quota,
            taken: 0,
        });
    }
    crate::on_backend!(tx.conn()?, conn => diesel::insert_into(skus::table).values(&rows).execute(conn))?;
    Ok(())
}

/// Writes other rules in the place of these; no group was ever opened under them.
pub(in crate::group_buy) fn replace_rules(tx: &mut Tx<'_>, id: CampaignId, draft: &RulesDraft) -> DbResult<()> {
    let row = RulesRow::of(id, draft)?;
    diesel::update(rules_table::table.find(id)).set(&row).execute(tx.conn()?)?;
    diesel::delete(skus::table.filter(skus::campaign_id.eq(id))).execute(tx.conn()?)?;
    insert_skus(tx, id, draft)
}

pub(in crate::group_buy) fn rules(tx: &mut Tx<'_>, id: CampaignId) -> DbResult<Option<Rules>> {
    let query = rules_table::table.find(id).select(columns::<RulesRow>());
    let found: Option<RulesRow> = Prepared(query).get_result(tx.conn()?).optional()?;
    found.map(RulesRow::into_rules).transpose()
}

/// A group with the rules of its campaign.
pub(in crate::group_buy) fn group_with_rules(tx: &mut Tx<'_>, id: GroupId) -> DbResult<Option<(Group, Rules)>> {
    let query = groups::table
        .inner_join(rules_table::table.on(rules_table::campaign_id.eq(groups::campaign_id)))
        .filter(groups::id.eq(id))
        .select((columns::<Group>(), columns::<RulesRow>()));
    let found: Option<(Group, RulesRow)> = Prepared(query).get_result(tx.conn()?).optional()?;
    found.map(|(group, rules)| Ok((group, rules.into_rules()?))).transpose()
}

/// The rules of these campaigns, in no order.
pub(in crate::group_buy) fn rules_of(tx: &mut Tx<'_>, ids: &[CampaignId]) -> DbResult<Vec<Rules>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let found = rules_table::table.filter(rules_table::campaign_id.eq_any(ids)).select(columns::<RulesRow>());
    found.load::<RulesRow>(tx.conn()?)?.into_iter().map(RulesRow::into_rules).collect()
}

/// Rules of campaigns for a product that were not ended, latest first.
pub(in crate::group_buy) fn products_rules(tx: &mut Tx<'_>, product: ProductId, limit: i64) -> DbResult<Vec<Rules>> {
    let found = rules_table::table
        .filter(rules_table::product_id.eq(product))
        .filter(rules_table::ended_at.is_null())
        .order(rules_table::campaign_id.desc())
        .limit(limit)
        .select(columns::<RulesRow>());
    found.load::<RulesRow>(tx.conn()?)?.into_iter().map(RulesRow::into_rules).collect()
}

/// Notes that a campaign is over, once.
pub(in crate::group_buy) fn end_campaign(tx: &mut Tx<'_>, id: CampaignId) -> DbResult<()> {
    let now = tx.now();
    diesel::update(rules_table::table.find(id).filter(rules_table::ended_at.is_null()))
        .set(rules_table::ended_at.eq(Some(now)))
        .execute(tx.conn()?)?;
    Ok(())
}

/// What one SKU costs.
pub(in crate::group_buy) fn offer(tx: &mut Tx<'_>, id: CampaignId, sku: SkuId) -> DbResult<Option<SkuOffer>> {
    let query = skus::table.find((id, sku)).select(columns::<SkuRow>());
    let found: Option<SkuRow> = Prepared(query).get_result(tx.conn()?).optional()?;
    Ok(found.map(SkuRow::into_offer).transpose()?.map(|(_, offer)| offer))
}

/// What every SKU of a campaign costs, by SKU id.
pub(in crate::group_buy) fn offers(tx: &mut Tx<'_>, id: CampaignId) -> DbResult<Vec<SkuOffer>> {
    Ok(offers_of(tx, &[id])?.into_iter().map(|(_, offer)| offer).collect())
}

/// What every SKU of these campaigns costs, by campaign and SKU id.
pub(in crate::group_buy) fn offers_of(tx: &mut Tx<'_>, ids: &[CampaignId]) -> DbResult<Vec<(CampaignId, SkuOffer)>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let found = skus::table.filter(skus::campaign_id.eq_any(ids)).order((skus::campaign_id, skus::sku_id));
    found.select(columns::<SkuRow>()).load::<SkuRow>(tx.conn()?)?.into_iter().map(SkuRow::into_offer).collect()
}

/// Takes pieces out of a quota, if that many are left; false otherwise, and when there is no quota.
pub(in crate::group_buy) fn take_quota(tx: &mut Tx<'_>, id: CampaignId, sku: SkuId, pieces: i64) -> DbResult<bool> {
    let enough = (skus::taken + pieces).nullable().le(skus::quota);
    let taking = diesel::update(skus::table)
        .filter(skus::campaign_id.eq(id).and(skus::sku_id.eq(sku)))
        .filter(enough)
        .set(skus::taken.eq(skus::taken + pieces));
    Ok(Prepared(taking).execute(tx.conn()?)? == 1)
}

/// Puts pieces back into a quota, if there is one.
pub(in crate::group_buy) fn give_quota(tx: &mut Tx<'_>, id: CampaignId, sku: SkuId, pieces: i64) -> DbResult<()> {
    let giving = diesel::update(skus::table)
        .filter(skus::campaign_id.eq(id).and(skus::sku_id.eq(sku)))
        .filter(skus::quota.is_not_null())
        .set(skus::taken.eq(skus::taken - pieces));
    Prepared(giving).execute(tx.conn()?)?;
    Ok(())
}
