//! Groups.

use diesel::dsl::{exists, not};
use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::catalog::ProductId;
use crate::group_buy::model::{Group, GroupFilter, GroupId, GroupState, SeatState};
use crate::kernel::id::{CampaignId, UserId};
use crate::kernel::page::Cursor;
use crate::platform::db::dialect::Prepared;
use crate::platform::db::schema::{buy_groups as groups, group_buy_rules as rules, group_seats as seats};
use crate::platform::db::{Constraint, DbError, DbResult, Tx, columns};

/// The groups that one user leads at once have numbers of their own.
const LEADING: Constraint = Constraint {
    index: "buy_groups_leading",
    columns: "buy_groups.campaign_id, buy_groups.leader_id, buy_groups.lead_no",
};

/// Writes a new group. Losing its number among the leader's groups to a parallel one is a conflict: the transaction is
/// tried again with the next number.
pub(in crate::group_buy) fn insert_group(tx: &mut Tx<'_>, group: &Group) -> DbResult<()> {
    let insert = Prepared(diesel::insert_into(groups::table).values(group));
    let written = insert.execute(tx.conn()?).map_err(DbError::from);
    match written {
        Err(error) if error.violates(LEADING) => Err(DbError::Conflict(error.to_string())),
        Err(error) => Err(error),
        Ok(_) => Ok(()),
    }
}

pub(in crate::group_buy) fn find(tx: &mut Tx<'_>, id: GroupId) -> DbResult<Option<Group>> {
    Ok(Prepared(groups::table.find(id).select(columns::<Group>())).get_result(tx.conn()?).optional()?)
}

/// Reads a group and keeps everybody else from changing it until the end of the transaction, by changing its version.
pub(in crate::group_buy) fn lock(tx: &mut Tx<'_>, id: GroupId) -> DbResult<Option<Group>> {
    let locking = diesel::update(groups::table.find(id))
        .set(groups::version.eq(groups::version + 1))
        .returning(columns::<Group>());
    Ok(Prepared(locking).get_result(tx.conn()?).optional()?)
}

/// Takes one of the free seats of an open group whose time is not over, and locks the group; nothing when there is none.
pub(in crate::group_buy) fn take_seat(tx: &mut Tx<'_>, id: GroupId) -> DbResult<Option<Group>> {
    let now = tx.now();
    let open = groups::table
        .find(id)
        .filter(groups::state.eq(GroupState::Open))
        .filter(groups::visible_at.is_not_null())
        .filter(groups::deadline.gt(now))
        .filter(groups::free.gt(0));
    let taking = diesel::update(open)
        .set((groups::free.eq(groups::free - 1), groups::version.eq(groups::version + 1)))
        .returning(columns::<Group>());
    Ok(Prepared(taking).get_result(tx.conn()?).optional()?)
}

/// Writes a group that this transaction has locked.
pub(in crate::group_buy) fn save(tx: &mut Tx<'_>, group: &mut Group) -> DbResult<()> {
    let seen = group.version;
    group.version = seen.saturating_add(1);
    let saving = diesel::update(groups::table.find(group.id).filter(groups::version.eq(seen))).set((
        (groups::leader_id.eq(group.leader_id), groups::lead_no.eq(group.lead_no), groups::state.eq(group.state)),
        (groups::free.eq(group.free), groups::paid.eq(group.paid), groups::filled.eq(group.filled)),
        (groups::step.eq(group.step), groups::listed.eq(group.listed), groups::deadline.eq(group.deadline)),
        (groups::settle_at.eq(group.settle_at), groups::visible_at.eq(group.visible_at)),
        (groups::ended_at.eq(group.ended_at), groups::end_reason.eq(group.end_reason)),
        groups::version.eq(group.version),
    ));
    match Prepared(saving).execute(tx.conn()?)? {
        1 => Ok(()),
        _ => Err(DbError::Defect(format!("group {} changed under its lock", group.id))),
    }
}

/// Numbers of the groups that a user leads in a campaign now.
pub(in crate::group_buy) fn lead_numbers(tx: &mut Tx<'_>, campaign: CampaignId, leader: UserId) -> DbResult<Vec<i64>> {
    let led = groups::table
        .filter(groups::campaign_id.eq(campaign).and(groups::leader_id.eq(leader)))
        .filter(groups::state.eq(GroupState::Open))
        .filter(groups::lead_no.is_not_null())
        .select(groups::lead_no.assume_not_null());
    Ok(led.load(tx.conn()?)?)
}

/// Open groups whose end is to be looked at: their time is over, or their campaign was ended before it.
pub(in crate::group_buy) fn due_groups(tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<i64>> {
    let now = tx.now();
    let open = || groups::table.filter(groups::state.eq(GroupState::Open.spelt_out()));
    let due = open().filter(groups::settle_at.le(now)).order(groups::settle_at).limit(limit).select(groups::id);
    let due: Vec<i64> = due.load(tx.conn()?)?;
    if !due.is_empty() {
        return Ok(due);
    }
    let cut_short = open()
        .inner_join(rules::table.on(rules::campaign_id.eq(groups::campaign_id)))
        .filter(rules::ended_at.is_not_null())
        .filter(rules::ended_at.lt(groups::deadline.nullable()))
        .order(groups::id)
        .limit(limit)
        .select(groups::id);
    Ok(cut_short.load(tx.conn()?)?)
}

/// Groups on the wall with a seat free, nearly full ones first.
pub(in crate::group_buy) fn listed_groups(
    tx: &mut Tx<'_>,
    campaigns: &[CampaignId],
    product: Option<ProductId>,
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<Vec<Group>> {
    if campaigns.is_empty() {
        return Ok(Vec::new());
    }
    let now = tx.now();
    let mut query = groups::table
        .filter(groups::listed)
        .filter(groups::free.gt(0))
        .filter(groups::deadline.gt(now))
        .filter(groups::campaign_id.eq_any(campaigns))
        .order((groups::free, groups::id))
        .limit(limit)
        .select(columns::<Group>())
        .into_boxed();
    if let Some(product) = product {
        query = query.filter(groups::product_id.eq(product));
    }
    if let Some(Cursor { key, id }) = after {
        query = query.filter(groups::free.gt(key).or(groups::free.eq(key).and(groups::id.gt(GroupId::new(id)))));
    }
    Ok(query.load(tx.conn()?)?)
}

/// Open groups of a campaign that everybody sees and in which this user has no seat, nearly full ones first.
pub(in crate::group_buy) fn joinable(
    tx: &mut Tx<'_>,
    campaign: CampaignId,
    user: UserId,
    limit: i64,
) -> DbResult<Vec<GroupId>> {
    let now = tx.now();
    let own = seats::table
        .filter(seats::group_id.eq(groups::id))
        .filter(seats::user_id.eq(user))
        .filter(seats::state.eq_any(SeatState::LIVE));
    let open = groups::table
        .filter(groups::listed)
        .filter(groups::campaign_id.eq(campaign))
        .filter(groups::free.gt(0))
        .filter(groups::deadline.gt(now))
        .filter(not(exists(own)))
        .order((groups::free, groups::id))
        .limit(limit)
        .select(groups::id);
    Ok(open.load(tx.conn()?)?)
}

/// Groups that staff asked for, latest first.
pub(in crate::group_buy) fn search(
    tx: &mut Tx<'_>,
    filter: &GroupFilter,
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<Vec<Group>> {
    let mut query = groups::table.order(groups::id.desc()).limit(limit).select(columns::<Group>()).into_boxed();
    if let Some(campaign) = filter.campaign {
        query = query.filter(groups::campaign_id.eq(campaign));
    }
    if let Some(state) = filter.state {
        query = query.filter(groups::state.eq(state));
    }
    if let Some(leader) = filter.leader {
        query = query.filter(groups::leader_id.eq(leader));
    }
    match filter.filled {
        Some(true) => query = query.filter(groups::filled.gt(0)),
        Some(false) => query = query.filter(groups::filled.eq(0)),
        None => {}
    }
    let stuck = seats::table.filter(seats::settle_at.is_not_null()).filter(seats::tries.gt(0)).select(seats::group_id);
    match filter.stuck {
        Some(true) => query = query.filter(groups::id.eq_any(stuck)),
        Some(false) => query = query.filter(not(groups::id.eq_any(stuck))),
        None => {}
    }
    if let Some(cursor) = after {
        query = query.filter(groups::id.lt(GroupId::new(cursor.id)));
    }
    Ok(query.load(tx.conn()?)?)
}

/// How a campaign's groups stand, for its report.
#[derive(Debug, Clone, Default, QueryableByName)]
pub(in crate::group_buy) struct Figures {
    #[diesel(sql_type = BigInt)]
    pub(in crate::group_buy) open: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::group_buy) formed: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::group_buy) expired: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::group_buy) never_visible: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::group_buy) filled_groups: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::group_buy) filled_seats: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::group_buy) paid_seats: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::group_buy) kept_seats: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::group_buy) newcomers_kept: i64,
}

/// Counts a campaign's groups and seats.
pub(in crate::group_buy) fn campaign_figures(tx: &mut Tx<'_>, campaign: CampaignId) -> DbResult<Figures> {
    let sql = "SELECT CAST(COALESCE(SUM(CASE WHEN g.state = 'open' AND g.visible_at IS NOT NULL THEN 1 ELSE 0 END), 0) AS BIGINT) AS open, \
         CAST(COALESCE(SUM(CASE WHEN g.state = 'formed' THEN 1 ELSE 0 END), 0) AS BIGINT) AS formed, \
         CAST(COALESCE(SUM(CASE WHEN g.state = 'expired' AND g.visible_at IS NOT NULL THEN 1 ELSE 0 END), 0) AS BIGINT) AS expired, \
         CAST(COALESCE(SUM(CASE WHEN g.visible_at IS NULL THEN 1 ELSE 0 END), 0) AS BIGINT) AS never_visible, \
         CAST(COALESCE(SUM(CASE WHEN g.filled > 0 THEN 1 ELSE 0 END), 0) AS BIGINT) AS filled_groups, \
         CAST(COALESCE(SUM(g.filled), 0) AS BIGINT) AS filled_seats, \
         CAST(COALESCE(SUM(s.paid), 0) AS BIGINT) AS paid_seats, \
         CAST(COALESCE(SUM(s.kept), 0) AS BIGINT) AS kept_seats, \
         CAST(COALESCE(SUM(s.newcomers), 0) AS BIGINT) AS newcomers_kept \
         FROM buy_groups g LEFT JOIN (SELECT group_id, \
         SUM(CASE WHEN paid_at IS NOT NULL THEN 1 ELSE 0 END) AS paid, \
         SUM(CASE WHEN state = 'kept' THEN 1 ELSE 0 END) AS kept, \
         SUM(CASE WHEN state = 'kept' AND newcomer THEN 1 ELSE 0 END) AS newcomers \
         FROM group_seats WHERE user_id IS NOT NULL GROUP BY group_id) s ON s.group_id = g.id \
         WHERE g.campaign_id = $1";
    Ok(diesel::sql_query(sql).bind::<BigInt, _>(campaign).get_result(tx.conn()?)?)
}
