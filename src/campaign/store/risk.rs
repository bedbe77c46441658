//! Rules that watch, what they see, and when they fired.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::campaign::model::{RiskAlert, RiskAlertId, RiskEffect, RiskKind, RiskRule, Watch};
use crate::campaign::rules::Busiest;
use crate::kernel::id::CampaignId;
use crate::kernel::money::Fen;
use crate::kernel::time::{MINUTE_MS, Timestamp};
use crate::on_backend;
use crate::platform::db::dialect::Prepared;
use crate::platform::db::schema::{
    campaign_risk_alerts as alerts, campaign_risk_rules as rules, campaign_watches as watches,
};
use crate::platform::db::{DbResult, Tx, columns};

/// For how long the actions of one look are counted again at each round, to see whether there are more.
const COUNTED_FOR_MS: i64 = 5 * MINUTE_MS;

#[derive(Insertable)]
#[diesel(table_name = rules, treat_none_as_default_value = false)]
struct RuleRow {
    campaign_id: CampaignId,
    rule: RiskKind,
    threshold: i64,
    window_seconds: i64,
    least: i64,
    effect: RiskEffect,
}

/// The rules of a campaign, each kind at most once.
pub(in crate::campaign) fn risk_rules(tx: &mut Tx<'_>, id: CampaignId) -> DbResult<Vec<RiskRule>> {
    let query = rules::table.filter(rules::campaign_id.eq(id)).order(rules::rule);
    Ok(query.select(columns::<RiskRule>()).load(tx.conn()?)?)
}

/// Puts these rules in the place of those a campaign has.
pub(in crate::campaign) fn replace_risk_rules(tx: &mut Tx<'_>, id: CampaignId, wanted: &[RiskRule]) -> DbResult<()> {
    diesel::delete(rules::table.filter(rules::campaign_id.eq(id))).execute(tx.conn()?)?;
    if wanted.is_empty() {
        return Ok(());
    }
    let row = |rule: &RiskRule| RuleRow {
        campaign_id: id,
        rule: rule.rule,
        threshold: rule.threshold,
        window_seconds: rule.window_seconds,
        least: rule.least,
        effect: rule.effect,
    };
    let rows: Vec<RuleRow> = wanted.iter().map(row).collect();
    on_backend!(tx.conn()?, conn => diesel::insert_into(rules::table).values(&rows).execute(conn))?;
    Ok(())
}

/// Begins to watch a campaign, or begins anew: what happened so far does not count any more.
pub(in crate::campaign) fn watch_anew(tx: &mut Tx<'_>, id: CampaignId) -> DbResult<()> {
    let (now, last) = (tx.now(), tx.next_id());
    let row = Watch { campaign_id: id, since: now, since_id: last, checked_at: now, checked_actions: 0 };
    let update = diesel::update(watches::table.find(id)).set((
        watches::since.eq(now),
        watches::since_id.eq(last),
        watches::checked_at.eq(now),
        watches::checked_actions.eq(0_i64),
    ));
    if update.execute(tx.conn()?)? == 0 {
        diesel::insert_into(watches::table).values(&row).execute(tx.conn()?)?;
    }
    Ok(())
}

/// Where watching a campaign stands.
pub(in crate::campaign) fn watch(tx: &mut Tx<'_>, id: CampaignId) -> DbResult<Option<Watch>> {
    Ok(watches::table.find(id).select(columns::<Watch>()).first(tx.conn()?).optional()?)
}

/// Notes that a campaign was looked at, and how many actions it had from a moment on.
pub(in crate::campaign) fn checked(tx: &mut Tx<'_>, id: CampaignId, from: Timestamp, actions: i64) -> DbResult<()> {
    let update = diesel::update(watches::table.find(id))
        .set((watches::checked_at.eq(from), watches::checked_actions.eq(actions)));
    Prepared(update).execute(tx.conn()?)?;
    Ok(())
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// Running campaigns in which something happened since they were looked at, those first that were looked at the longest
/// ago. What is committed late counts too. Where nothing happens any more they are looked at once more, so that the last
/// of a rush is not counted for ever.
pub(in crate::campaign) fn due_to_watch(tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<i64>> {
    const SQL: &str = "SELECT c.id AS id FROM campaigns c JOIN campaign_watches w ON w.campaign_id = c.id \
        WHERE c.state = 'running' AND ((w.checked_actions > 0 AND w.checked_at < $1) OR w.checked_actions <> \
        (SELECT COUNT(*) FROM campaign_actions a WHERE a.campaign_id = c.id AND a.at >= w.checked_at)) \
        ORDER BY w.checked_at, c.id LIMIT $2";
    let long_ago = tx.now().plus_millis(-COUNTED_FOR_MS);
    let rows: Vec<Id> = diesel::sql_query(SQL).bind::<BigInt, _>(long_ago).bind::<BigInt, _>(limit).load(tx.conn()?)?;
    Ok(rows.into_iter().map(|row| row.id).collect())
}

/// A stretch of a campaign's actions.
#[derive(Clone, Copy, Debug)]
pub(in crate::campaign) struct Stretch {
    pub(in crate::campaign) campaign: CampaignId,
    pub(in crate::campaign) from: Timestamp,
    /// Only actions with ids above this one.
    pub(in crate::campaign) after: i64,
}

/// How many actions a stretch holds, and how many of them of accounts less than a day old.
#[derive(Clone, Copy, Debug, PartialEq, Eq, QueryableByName)]
pub(in crate::campaign) struct Counted {
    #[diesel(sql_type = BigInt)]
    pub(in crate::campaign) actions: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::campaign) fresh: i64,
}

/// Counts a stretch.
pub(in crate::campaign) fn count_actions(tx: &mut Tx<'_>, stretch: &Stretch) -> DbResult<Counted> {
    const SQL: &str = "SELECT COUNT(*) AS actions, \
        CAST(COALESCE(SUM(CASE WHEN fresh THEN 1 ELSE 0 END), 0) AS BIGINT) AS fresh \
        FROM campaign_actions WHERE campaign_id = $1 AND at >= $2 AND id > $3";
    let query = diesel::sql_query(SQL)
        .bind::<BigInt, _>(stretch.campaign)
        .bind::<BigInt, _>(stretch.from)
        .bind::<BigInt, _>(stretch.after);
    Ok(Prepared(query).get_result(tx.conn()?)?)
}

#[derive(QueryableByName)]
struct BusiestRow {
    #[diesel(sql_type = Text)]
    who: String,
    #[diesel(sql_type = BigInt)]
    actions: i64,
}

/// Who is behind the most actions of a stretch, by the measure of this kind of rule.
pub(in crate::campaign) fn busiest(tx: &mut Tx<'_>, stretch: &Stretch, kind: RiskKind) -> DbResult<Option<Busiest>> {
    let column = match kind {
        RiskKind::DeviceShare => "device_id",
        RiskKind::NetworkShare => "network",
        RiskKind::InviterShare => "inviter_id",
        RiskKind::ActionsPerMinute | RiskKind::FreshShare | RiskKind::SpendRate => return Ok(None),
    };
    let sql = format!(
        "SELECT CAST({column} AS TEXT) AS who, COUNT(*) AS actions FROM campaign_actions \
         WHERE campaign_id = $1 AND at >= $2 AND id > $3 AND {column} IS NOT NULL \
         GROUP BY {column} ORDER BY COUNT(*) DESC, {column} LIMIT 1"
    );
    let query = diesel::sql_query(sql)
        .bind::<BigInt, _>(stretch.campaign)
        .bind::<BigInt, _>(stretch.from)
        .bind::<BigInt, _>(stretch.after);
    let row: Option<BusiestRow> = Prepared(query).get_result(tx.conn()?).optional()?;
    Ok(row.map(|row| Busiest { who: row.who, actions: row.actions }))
}

#[derive(QueryableByName)]
struct Amount {
    #[diesel(sql_type = BigInt)]
    amount: Fen,
}

/// What a campaign gave away since `from` and did not get back.
pub(in crate::campaign) fn granted_since(tx: &mut Tx<'_>, id: CampaignId, from: Timestamp) -> DbResult<Fen> {
    const SQL: &str = "SELECT CAST(COALESCE(SUM(amount_fen - returned_fen), 0) AS BIGINT) AS amount \
        FROM campaign_grants WHERE campaign_id = $1 AND at >= $2";
    let query = diesel::sql_query(SQL).bind::<BigInt, _>(id).bind::<BigInt, _>(from);
    Ok(Prepared(query).get_result::<Amount>(tx.conn()?)?.amount)
}

/// Writes down that a rule fired.
pub(in crate::campaign) fn insert_alert(tx: &mut Tx<'_>, alert: &RiskAlert) -> DbResult<()> {
    diesel::insert_into(alerts::table).values(alert).execute(tx.conn()?)?;
    Ok(())
}

/// Whether a rule fired at `from` or later, after the alert of that id.
pub(in crate::campaign) fn fired_since(
    tx: &mut Tx<'_>,
    id: CampaignId,
    rule: RiskKind,
    from: Timestamp,
    after: i64,
) -> DbResult<bool> {
    let since = alerts::at.ge(from).and(alerts::id.gt(RiskAlertId::new(after)));
    let query = alerts::table.filter(alerts::campaign_id.eq(id).and(alerts::rule.eq(rule)).and(since));
    Ok(query.select(alerts::id).first::<RiskAlertId>(tx.conn()?).optional()?.is_some())
}

/// The latest times that rules of a campaign fired.
pub(in crate::campaign) fn alerts(tx: &mut Tx<'_>, id: CampaignId, limit: i64) -> DbResult<Vec<RiskAlert>> {
    let query = alerts::table.filter(alerts::campaign_id.eq(id)).order(alerts::id.desc()).limit(limit);
    Ok(query.select(columns::<RiskAlert>()).load(tx.conn()?)?)
}
