//! What a campaign promises, and how much of its quota is left.

use diesel::prelude::*;

use crate::bargain::model::{Prize, PrizeRow, Quota, Rules, RulesRow};
use crate::kernel::id::CampaignId;
use crate::kernel::time::Timestamp;
use crate::on_backend;
use crate::platform::db::dialect::Prepared;
use crate::platform::db::schema::{bargain_prizes as prizes, bargain_quotas as quotas, bargain_rules as rules};
use crate::platform::db::{DbResult, Tx, columns};

pub(in crate::bargain) fn insert(tx: &mut Tx<'_>, campaign: CampaignId, promised: &Rules) -> DbResult<()> {
    diesel::insert_into(rules::table).values(RulesRow::of(campaign, promised)).execute(tx.conn()?)?;
    let quota = Quota { campaign_id: campaign, quota: promised.quota, sold: 0 };
    diesel::insert_into(quotas::table).values(quota).execute(tx.conn()?)?;
    insert_prizes(tx, campaign, &promised.prizes)
}

pub(in crate::bargain) fn replace(tx: &mut Tx<'_>, campaign: CampaignId, promised: &Rules) -> DbResult<()> {
    diesel::update(rules::table.find(campaign)).set(RulesRow::of(campaign, promised)).execute(tx.conn()?)?;
    diesel::update(quotas::table.find(campaign)).set(quotas::quota.eq(promised.quota)).execute(tx.conn()?)?;
    diesel::delete(prizes::table.filter(prizes::campaign_id.eq(campaign))).execute(tx.conn()?)?;
    insert_prizes(tx, campaign, &promised.prizes)
}

fn insert_prizes(tx: &mut Tx<'_>, campaign_id: CampaignId, promised: &[Prize]) -> DbResult<()> {
    if promised.is_empty() {
        return Ok(());
    }
    let row = |prize: &Prize| PrizeRow {
        campaign_id,
        from_rank: prize.from_rank,
        to_rank: prize.to_rank,
        template_id: prize.template_id,
    };
    let rows: Vec<PrizeRow> = promised.iter().map(row).collect();
    on_backend!(tx.conn()?, conn => diesel::insert_into(prizes::table).values(&rows).execute(conn))?;
    Ok(())
}

pub(in crate::bargain) fn find(tx: &mut Tx<'_>, campaign: CampaignId) -> DbResult<Option<RulesRow>> {
    Ok(Prepared(rules::table.find(campaign).select(columns::<RulesRow>())).get_result(tx.conn()?).optional()?)
}

/// The rules of these campaigns with their quotas.
pub(in crate::bargain) fn of_campaigns(tx: &mut Tx<'_>, campaigns: &[CampaignId]) -> DbResult<Vec<(RulesRow, Quota)>> {
    Ok(rules::table
        .inner_join(quotas::table)
        .filter(rules::campaign_id.eq_any(campaigns.to_vec()))
        .select((columns::<RulesRow>(), columns::<Quota>()))
        .load(tx.conn()?)?)
}

pub(in crate::bargain) fn quota(tx: &mut Tx<'_>, campaign: CampaignId) -> DbResult<Option<Quota>> {
    Ok(quotas::table.find(campaign).select(columns::<Quota>()).first(tx.conn()?).optional()?)
}

/// The prizes of a campaign, the first places first.
pub(in crate::bargain) fn prizes(tx: &mut Tx<'_>, campaign: CampaignId) -> DbResult<Vec<Prize>> {
    let rows: Vec<PrizeRow> = prizes::table
        .filter(prizes::campaign_id.eq(campaign))
        .order(prizes::from_rank)
        .select(columns::<PrizeRow>())
        .load(tx.conn()?)?;
    let prize = |row: PrizeRow| Prize { from_rank: row.from_rank, to_rank: row.to_rank, template_id: row.template_id };
    Ok(rows.into_iter().map(prize).collect())
}

/// Whether the campaign has a prize.
pub(in crate::bargain) fn has_prizes(tx: &mut Tx<'_>, campaign: CampaignId) -> DbResult<bool> {
    let any = prizes::table.filter(prizes::campaign_id.eq(campaign)).select(prizes::from_rank);
    Ok(!Prepared(any.limit(1)).load::<i64>(tx.conn()?)?.is_empty())
}

/// Takes one of the orders the campaign may have; false when all are taken.
pub(in crate::bargain) fn take_quota(tx: &mut Tx<'_>, campaign: CampaignId) -> DbResult<bool> {
    let left = quotas::table.filter(quotas::campaign_id.eq(campaign)).filter(quotas::sold.lt(quotas::quota));
    let take = diesel::update(left).set(quotas::sold.eq(quotas::sold + 1));
    Ok(Prepared(take).execute(tx.conn()?)? == 1)
}

/// Gives one back.
pub(in crate::bargain) fn return_quota(tx: &mut Tx<'_>, campaign: CampaignId) -> DbResult<()> {
    let give =
        diesel::update(quotas::table.filter(quotas::campaign_id.eq(campaign))).set(quotas::sold.eq(quotas::sold - 1));
    Prepared(give).execute(tx.conn()?)?;
    Ok(())
}

/// Notes when a campaign ended, once.
pub(in crate::bargain) fn note_end(tx: &mut Tx<'_>, campaign: CampaignId) -> DbResult<()> {
    let now = tx.now();
    let open = rules::table.filter(rules::campaign_id.eq(campaign)).filter(rules::ended_at.is_null());
    diesel::update(open).set(rules::ended_at.eq(Some(now))).execute(tx.conn()?)?;
    Ok(())
}

/// Campaigns that ended before `moment` and whose ranking is not settled.
pub(in crate::bargain) fn to_rank(tx: &mut Tx<'_>, moment: Timestamp, limit: i64) -> DbResult<Vec<i64>> {
    let due = rules::table.filter(rules::ended_at.lt(moment)).filter(rules::ranked_at.is_null());
    Ok(due.order(rules::ended_at).limit(limit).select(rules::campaign_id).load(tx.conn()?)?)
}

/// Notes that the ranking is settled; false when it was.
pub(in crate::bargain) fn note_ranked(tx: &mut Tx<'_>, campaign: CampaignId) -> DbResult<bool> {
    let now = tx.now();
    let open = rules::table
        .filter(rules::campaign_id.eq(campaign))
        .filter(rules::ended_at.is_not_null())
        .filter(rules::ranked_at.is_null());
    Ok(diesel::update(open).set(rules::ranked_at.eq(Some(now))).execute(tx.conn()?)? == 1)
}
