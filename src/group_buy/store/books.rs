//! What does not add up; every query lists what should not exist.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::catalog::SkuId;
use crate::group_buy::model::GroupId;
use crate::kernel::id::CampaignId;
use crate::platform::db::{DbResult, Tx};

#[derive(QueryableByName)]
struct Wrong {
    #[diesel(sql_type = BigInt)]
    id: GroupId,
}

#[derive(QueryableByName)]
struct WrongQuota {
    #[diesel(sql_type = BigInt)]
    campaign_id: CampaignId,
    #[diesel(sql_type = BigInt)]
    sku_id: SkuId,
}

/// Groups whose counters are not what their seats say, or with more seats kept than they have.
pub(in crate::group_buy) fn counters_wrong(tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<GroupId>> {
    let sql = "SELECT g.id FROM buy_groups g LEFT JOIN (SELECT group_id, \
         SUM(CASE WHEN state IN ('held', 'paid', 'kept') THEN 1 ELSE 0 END) AS live, \
         SUM(CASE WHEN state IN ('paid', 'kept') AND user_id IS NOT NULL THEN 1 ELSE 0 END) AS paid, \
         SUM(CASE WHEN state = 'kept' AND user_id IS NULL THEN 1 ELSE 0 END) AS filled \
         FROM group_seats GROUP BY group_id) s ON s.group_id = g.id \
         WHERE g.free <> g.seats - COALESCE(s.live, 0) OR g.paid <> COALESCE(s.paid, 0) \
         OR g.filled <> COALESCE(s.filled, 0) ORDER BY g.id LIMIT $1";
    listed(tx, sql, limit)
}

/// Groups that formed with a seat that is not kept or with fewer than two, or that keep a seat without having formed, or
/// that expired with somebody still in them; and open ones that are led by nobody in them.
pub(in crate::group_buy) fn endings_wrong(tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<GroupId>> {
    let sql = "SELECT g.id FROM buy_groups g LEFT JOIN (SELECT group_id, \
         SUM(CASE WHEN state IN ('held', 'paid') THEN 1 ELSE 0 END) AS waiting, \
         SUM(CASE WHEN state = 'kept' THEN 1 ELSE 0 END) AS kept FROM group_seats GROUP BY group_id) s ON s.group_id = g.id \
         WHERE (g.state = 'formed' AND (COALESCE(s.waiting, 0) > 0 OR COALESCE(s.kept, 0) < 2)) \
         OR (g.state <> 'formed' AND COALESCE(s.kept, 0) > 0) \
         OR (g.state = 'expired' AND COALESCE(s.waiting, 0) > 0) \
         OR (g.state = 'open' AND NOT EXISTS (SELECT 1 FROM group_seats l WHERE l.group_id = g.id \
         AND l.user_id = g.leader_id AND l.state IN ('held', 'paid'))) ORDER BY g.id LIMIT $1";
    listed(tx, sql, limit)
}

fn listed(tx: &mut Tx<'_>, sql: &str, limit: i64) -> DbResult<Vec<GroupId>> {
    let wrong: Vec<Wrong> = diesel::sql_query(sql).bind::<BigInt, _>(limit).load(tx.conn()?)?;
    Ok(wrong.into_iter().map(|row| row.id).collect())
}

/// SKUs of campaigns that count other pieces as taken than their seats took.
pub(in crate::group_buy) fn quotas_wrong(tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<(CampaignId, SkuId)>> {
    let sql = "SELECT q.campaign_id, q.sku_id FROM group_buy_skus q LEFT JOIN (SELECT campaign_id, sku_id, \
         SUM(quantity) AS pieces FROM group_seats WHERE given_back_at IS NULL AND moved_to IS NULL AND sku_id IS NOT NULL \
         GROUP BY campaign_id, sku_id) s ON s.campaign_id = q.campaign_id AND s.sku_id = q.sku_id \
         WHERE q.quota IS NOT NULL AND q.taken <> COALESCE(s.pieces, 0) ORDER BY q.campaign_id, q.sku_id LIMIT $1";
    let wrong: Vec<WrongQuota> = diesel::sql_query(sql).bind::<BigInt, _>(limit).load(tx.conn()?)?;
    Ok(wrong.into_iter().map(|row| (row.campaign_id, row.sku_id)).collect())
}
