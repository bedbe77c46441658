//! Sums for the report of a campaign.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Nullable, Text};

use crate::kernel::day::Day;
use crate::kernel::id::CampaignId;
use crate::kernel::money::Fen;
use crate::platform::db::schema::campaign_days as days;
use crate::platform::db::{DbResult, Tx};
use crate::share::Channel;

/// Orders of one day that came by one channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, QueryableByName)]
pub(in crate::campaign) struct OrderSum {
    /// The day they were placed on.
    #[diesel(sql_type = BigInt)]
    pub(in crate::campaign) day: Day,
    #[diesel(sql_type = Nullable<Text>)]
    pub(in crate::campaign) channel: Option<Channel>,
    #[diesel(sql_type = BigInt)]
    pub(in crate::campaign) placed: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::campaign) paid: i64,
    /// Paid ones of users who had never paid before.
    #[diesel(sql_type = BigInt)]
    pub(in crate::campaign) newcomers: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::campaign) revenue: Fen,
    #[diesel(sql_type = BigInt)]
    pub(in crate::campaign) refunded: Fen,
    /// What the campaign gave away on those that are paid and stand.
    #[diesel(sql_type = BigInt)]
    pub(in crate::campaign) cost: Fen,
}

/// Orders by day and channel.
pub(in crate::campaign) fn order_sums(tx: &mut Tx<'_>, id: CampaignId) -> DbResult<Vec<OrderSum>> {
    const SQL: &str = "SELECT day, channel, COUNT(*) AS placed, \
        CAST(COALESCE(SUM(CASE WHEN paid_at IS NOT NULL THEN 1 ELSE 0 END), 0) AS BIGINT) AS paid, \
        CAST(COALESCE(SUM(CASE WHEN paid_at IS NOT NULL AND newcomer THEN 1 ELSE 0 END), 0) AS BIGINT) AS newcomers, \
        CAST(COALESCE(SUM(CASE WHEN paid_at IS NOT NULL THEN total_fen ELSE 0 END), 0) AS BIGINT) AS revenue, \
        CAST(COALESCE(SUM(CASE WHEN paid_at IS NOT NULL THEN refunded_fen ELSE 0 END), 0) AS BIGINT) AS refunded, \
        CAST(COALESCE(SUM(CASE WHEN paid_at IS NOT NULL AND refunded_at IS NULL THEN cost_fen ELSE 0 END), 0) AS BIGINT) \
        AS cost FROM campaign_orders WHERE campaign_id = $1 GROUP BY day, channel ORDER BY day, channel";
    Ok(diesel::sql_query(SQL).bind::<BigInt, _>(id).load(tx.conn()?)?)
}

/// Who bought: how many, and how many of them had never paid before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, QueryableByName)]
pub(in crate::campaign) struct Buyers {
    #[diesel(sql_type = BigInt)]
    pub(in crate::campaign) all: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::campaign) newcomers: i64,
}

/// Users with a paid order that carries the campaign and was not refunded whole.
pub(in crate::campaign) fn buyers(tx: &mut Tx<'_>, id: CampaignId) -> DbResult<Buyers> {
    const SQL: &str = "SELECT COUNT(DISTINCT user_id) AS \"all\", \
        COUNT(DISTINCT CASE WHEN newcomer THEN user_id END) AS newcomers \
        FROM campaign_orders WHERE campaign_id = $1 AND paid_at IS NOT NULL AND refunded_at IS NULL";
    Ok(diesel::sql_query(SQL).bind::<BigInt, _>(id).get_result(tx.conn()?)?)
}

/// Participants of one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, QueryableByName)]
pub(in crate::campaign) struct ParticipantSum {
    #[diesel(sql_type = BigInt)]
    pub(in crate::campaign) day: Day,
    #[diesel(sql_type = BigInt)]
    pub(in crate::campaign) users: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::campaign) newcomers: i64,
}

/// Participants by the day they first did something.
pub(in crate::campaign) fn participant_sums(tx: &mut Tx<'_>, id: CampaignId) -> DbResult<Vec<ParticipantSum>> {
    const SQL: &str = "SELECT day, COUNT(*) AS users, \
        CAST(COALESCE(SUM(CASE WHEN newcomer THEN 1 ELSE 0 END), 0) AS BIGINT) AS newcomers \
        FROM campaign_participants WHERE campaign_id = $1 GROUP BY day ORDER BY day";
    Ok(diesel::sql_query(SQL).bind::<BigInt, _>(id).load(tx.conn()?)?)
}

/// What was spent on each day and did not come back.
pub(in crate::campaign) fn spent_by_day(tx: &mut Tx<'_>, id: CampaignId) -> DbResult<Vec<(Day, Fen)>> {
    let query = days::table.filter(days::campaign_id.eq(id)).order(days::day);
    Ok(query.select((days::day, days::spent_fen)).load(tx.conn()?)?)
}

/// What one side of a comparison bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, QueryableByName)]
pub(in crate::campaign) struct OutcomeSum {
    #[diesel(sql_type = Bool)]
    pub(in crate::campaign) held_out: bool,
    /// Users with an order that was not refunded whole.
    #[diesel(sql_type = BigInt)]
    pub(in crate::campaign) buyers: i64,
    /// What their orders brought, less what went back.
    #[diesel(sql_type = BigInt)]
    pub(in crate::campaign) net_revenue: Fen,
}

/// What the treated and the held out bought while the campaign was on, whatever it was.
pub(in crate::campaign) fn outcome_sums(tx: &mut Tx<'_>, id: CampaignId) -> DbResult<Vec<OutcomeSum>> {
    const SQL: &str = "SELECT held_out, \
        COUNT(DISTINCT CASE WHEN total_fen = 0 OR refunded_fen < total_fen THEN user_id END) AS buyers, \
        CAST(COALESCE(SUM(total_fen - refunded_fen), 0) AS BIGINT) AS net_revenue \
        FROM campaign_outcomes WHERE campaign_id = $1 GROUP BY held_out ORDER BY held_out";
    Ok(diesel::sql_query(SQL).bind::<BigInt, _>(id).load(tx.conn()?)?)
}
