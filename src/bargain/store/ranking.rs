//! Who has most helpers, and what that won.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::bargain::model::{Award, AwardId, AwardState, Rank};
use crate::coupon::CouponId;
use crate::kernel::id::{CampaignId, UserId};
use crate::kernel::time::Timestamp;
use crate::on_backend;
use crate::platform::db::schema::{bargain_awards as awards, bargain_ranks as ranks};
use crate::platform::db::{DbResult, Tx, columns};

/// Counts one more helper for an owner.
pub(in crate::bargain) fn count_helper(tx: &mut Tx<'_>, campaign_id: CampaignId, user_id: UserId) -> DbResult<()> {
    let reached = tx.next_id();
    let row = Rank { campaign_id, user_id, helpers: 1, reached };
    let count = diesel::insert_into(ranks::table)
        .values(row)
        .on_conflict((ranks::campaign_id, ranks::user_id))
        .do_update()
        .set((ranks::helpers.eq(ranks::helpers + 1), ranks::reached.eq(reached)));
    tx.write_row(count)
}

/// The first places: most helpers first, of equals who got there first.
pub(in crate::bargain) fn top(tx: &mut Tx<'_>, campaign: CampaignId, limit: i64) -> DbResult<Vec<Rank>> {
    Ok(ranks::table
        .filter(ranks::campaign_id.eq(campaign))
        .order((ranks::helpers.desc(), ranks::reached, ranks::user_id))
        .limit(limit)
        .select(columns::<Rank>())
        .load(tx.conn()?)?)
}

/// An owner's own line.
pub(in crate::bargain) fn of_user(tx: &mut Tx<'_>, campaign: CampaignId, user: UserId) -> DbResult<Option<Rank>> {
    Ok(ranks::table.find((campaign, user)).select(columns::<Rank>()).first(tx.conn()?).optional()?)
}

/// How many owners stand before this one.
pub(in crate::bargain) fn ahead_of(tx: &mut Tx<'_>, rank: &Rank) -> DbResult<i64> {
    let level = ranks::helpers.eq(rank.helpers);
    let earlier =
        ranks::reached.lt(rank.reached).or(ranks::reached.eq(rank.reached).and(ranks::user_id.lt(rank.user_id)));
    let ahead = ranks::table
        .filter(ranks::campaign_id.eq(rank.campaign_id))
        .filter(ranks::helpers.gt(rank.helpers).or(level.and(earlier)));
    Ok(ahead.count().get_result(tx.conn()?)?)
}

/// Writes down who won what.
pub(in crate::bargain) fn insert_awards(tx: &mut Tx<'_>, won: &[Award]) -> DbResult<()> {
    if won.is_empty() {
        return Ok(());
    }
    on_backend!(tx.conn()?, conn => diesel::insert_into(awards::table).values(won).execute(conn))?;
    Ok(())
}

/// The prizes of a campaign and whose they are, by place.
pub(in crate::bargain) fn awards(tx: &mut Tx<'_>, campaign: CampaignId) -> DbResult<Vec<Award>> {
    let all = awards::table.filter(awards::campaign_id.eq(campaign)).order(awards::place);
    Ok(all.select(columns::<Award>()).load(tx.conn()?)?)
}

pub(in crate::bargain) fn award(tx: &mut Tx<'_>, id: AwardId) -> DbResult<Option<Award>> {
    Ok(awards::table.find(id).select(columns::<Award>()).first(tx.conn()?).optional()?)
}

/// Prizes to be given now.
pub(in crate::bargain) fn due(tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<i64>> {
    let now = tx.now();
    let due = awards::table.filter(awards::state.eq(AwardState::Due.spelt_out())).filter(awards::next_try_at.le(now));
    Ok(due.order(awards::next_try_at).limit(limit).select(awards::id).load(tx.conn()?)?)
}

/// Takes a prize out of those that are due; false when another was faster.
pub(in crate::bargain) fn pay(tx: &mut Tx<'_>, id: AwardId, coupon: CouponId) -> DbResult<bool> {
    let now = tx.now();
    let due = awards::table.filter(awards::id.eq(id)).filter(awards::state.eq(AwardState::Due));
    let paid = (
        awards::state.eq(AwardState::Paid),
        awards::coupon_id.eq(Some(coupon)),
        awards::attempts.eq(awards::attempts + 1),
        awards::trouble.eq(None::<String>),
        awards::settled_at.eq(Some(now)),
    );
    Ok(diesel::update(due).set(paid).execute(tx.conn()?)? == 1)
}

/// What follows a try that failed.
#[derive(Clone, Copy, Debug)]
pub(in crate::bargain) struct Failure<'a> {
    pub(in crate::bargain) state: AwardState,
    pub(in crate::bargain) next_try_at: Timestamp,
    pub(in crate::bargain) trouble: &'a str,
}

/// Notes that a prize could not be given.
pub(in crate::bargain) fn fail(tx: &mut Tx<'_>, id: AwardId, failure: Failure<'_>) -> DbResult<()> {
    let due = awards::table.filter(awards::id.eq(id)).filter(awards::state.eq(AwardState::Due));
    let failed = (
        awards::state.eq(failure.state),
        awards::attempts.eq(awards::attempts + 1),
        awards::next_try_at.eq(failure.next_try_at),
        awards::trouble.eq(Some(failure.trouble)),
    );
    diesel::update(due).set(failed).execute(tx.conn()?)?;
    Ok(())
}

/// Lets every failed prize of a campaign be tried again; says how many there are.
pub(in crate::bargain) fn retry(tx: &mut Tx<'_>, campaign: CampaignId) -> DbResult<usize> {
    let now = tx.now();
    let failed = awards::table.filter(awards::campaign_id.eq(campaign)).filter(awards::state.eq(AwardState::Failed));
    let again = (awards::state.eq(AwardState::Due), awards::attempts.eq(0), awards::next_try_at.eq(now));
    Ok(diesel::update(failed).set(again).execute(tx.conn()?)?)
}

#[derive(QueryableByName)]
struct Counted {
    #[diesel(sql_type = BigInt)]
    campaign_id: CampaignId,
    #[diesel(sql_type = BigInt)]
    helpers: i64,
}

/// How many helpers count for an owner, by campaign, as the pieces say.
pub(in crate::bargain) fn counted(tx: &mut Tx<'_>, user: UserId) -> DbResult<Vec<(CampaignId, i64)>> {
    let counted: Vec<Counted> = diesel::sql_query(
        "SELECT b.campaign_id, COUNT(*) AS helpers FROM bargains b \
         JOIN bargain_pieces p ON p.bargain_id = b.id AND p.counted AND NOT p.by_owner \
         WHERE b.user_id = $1 GROUP BY b.campaign_id ORDER BY b.campaign_id",
    )
    .bind::<BigInt, _>(user)
    .load(tx.conn()?)?;
    Ok(counted.into_iter().map(|row| (row.campaign_id, row.helpers)).collect())
}

/// Brings the places of these users in line with the cuts that count for them: bargains went back to whose they were.
pub(in crate::bargain) fn recount(tx: &mut Tx<'_>, users: &[UserId]) -> DbResult<()> {
    for user in users {
        for (campaign, helpers) in counted(tx, *user)? {
            diesel::update(ranks::table.find((campaign, *user))).set(ranks::helpers.eq(helpers)).execute(tx.conn()?)?;
        }
    }
    Ok(())
}
