//! Who took part, how often, and what they did.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::campaign::model::CampaignActionId;
use crate::kernel::day::Day;
use crate::kernel::id::{CampaignId, DeviceId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;
use crate::platform::db::dialect::Prepared;
use crate::platform::db::schema::{
    campaign_actions as actions, campaign_participants as participants, campaign_uses as uses,
};
use crate::platform::db::{DbResult, Tx};

/// Something that is counted for one user.
#[derive(Clone, Copy, Debug)]
pub(in crate::campaign) struct Use<'a> {
    pub(in crate::campaign) campaign: CampaignId,
    pub(in crate::campaign) user: UserId,
    pub(in crate::campaign) what: &'a str,
    /// The shop's day, or day 0 for the whole campaign.
    pub(in crate::campaign) day: Day,
}

/// Counts one more, at most `limit` in all; false when there is no room for it.
pub(in crate::campaign) fn count_use(tx: &mut Tx<'_>, it: &Use<'_>, limit: i64) -> DbResult<bool> {
    const SQL: &str = "INSERT INTO campaign_uses (campaign_id, user_id, what, day, used, most) \
        VALUES ($1, $2, $3, $4, 1, $5) ON CONFLICT (campaign_id, user_id, what, day) DO UPDATE \
        SET used = campaign_uses.used + 1, most = excluded.most WHERE campaign_uses.used < excluded.most";
    let query = diesel::sql_query(SQL)
        .bind::<BigInt, _>(it.campaign)
        .bind::<BigInt, _>(it.user)
        .bind::<Text, _>(it.what)
        .bind::<BigInt, _>(it.day)
        .bind::<BigInt, _>(limit);
    Ok(Prepared(query).execute(tx.conn()?)? == 1)
}

/// Takes one back; false when there is none.
pub(in crate::campaign) fn uncount_use(tx: &mut Tx<'_>, it: &Use<'_>) -> DbResult<bool> {
    let update = diesel::update(uses::table.find((it.campaign, it.user, it.what, it.day)))
        .filter(uses::used.gt(0))
        .set(uses::used.eq(uses::used - 1));
    Ok(Prepared(update).execute(tx.conn()?)? == 1)
}

/// How often it was done.
pub(in crate::campaign) fn used(tx: &mut Tx<'_>, it: &Use<'_>) -> DbResult<i64> {
    let query = uses::table.find((it.campaign, it.user, it.what, it.day)).select(uses::used);
    Ok(Prepared(query).get_result(tx.conn()?).optional()?.unwrap_or(0))
}

/// Somebody's first deed in a campaign.
#[derive(Clone, Copy, Debug, Insertable)]
#[diesel(table_name = participants, treat_none_as_default_value = false)]
pub(in crate::campaign) struct Participant {
    pub(in crate::campaign) campaign_id: CampaignId,
    pub(in crate::campaign) user_id: UserId,
    pub(in crate::campaign) what: &'static str,
    pub(in crate::campaign) newcomer: bool,
    pub(in crate::campaign) day: Day,
    pub(in crate::campaign) at: Timestamp,
}

/// Writes a participant, unless they are one.
pub(in crate::campaign) fn insert_participant(tx: &mut Tx<'_>, participant: Participant) -> DbResult<()> {
    tx.write_row(diesel::insert_into(participants::table).values(participant).on_conflict_do_nothing())
}

/// One deed, for the rules that watch.
#[derive(Clone, Debug, Insertable)]
#[diesel(table_name = actions, treat_none_as_default_value = false)]
pub(in crate::campaign) struct ActionRow {
    pub(in crate::campaign) id: CampaignActionId,
    pub(in crate::campaign) campaign_id: CampaignId,
    pub(in crate::campaign) user_id: UserId,
    pub(in crate::campaign) what: &'static str,
    pub(in crate::campaign) newcomer: bool,
    pub(in crate::campaign) fresh: bool,
    pub(in crate::campaign) device_id: Option<DeviceId>,
    pub(in crate::campaign) network: Option<String>,
    pub(in crate::campaign) inviter_id: Option<UserId>,
    #[diesel(column_name = amount_fen)]
    pub(in crate::campaign) amount: Fen,
    pub(in crate::campaign) at: Timestamp,
}

/// When the oldest deed that is kept was done.
pub(in crate::campaign) fn oldest_action(tx: &mut Tx<'_>) -> DbResult<Option<Timestamp>> {
    // Ids grow with time, so the first one is found without an index of its own.
    Ok(actions::table.order(actions::id).select(actions::at).first(tx.conn()?).optional()?)
}

/// Forgets deeds from before this moment, the oldest first, at most so many.
pub(in crate::campaign) fn forget_actions(tx: &mut Tx<'_>, before: Timestamp, most: i64) -> DbResult<()> {
    let oldest = actions::table.order(actions::id).limit(most).select(actions::id);
    let oldest: Vec<CampaignActionId> = oldest.load(tx.conn()?)?;
    let old = actions::table.filter(actions::id.eq_any(oldest)).filter(actions::at.lt(before));
    diesel::delete(old).execute(tx.conn()?)?;
    Ok(())
}

/// Writes a deed.
pub(in crate::campaign) fn insert_action(tx: &mut Tx<'_>, action: ActionRow) -> DbResult<()> {
    tx.write_row(diesel::insert_into(actions::table).values(action))
}
