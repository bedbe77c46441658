//! Bargains themselves. Every change of a price is one guarded update.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::bargain::model::{Bargain, BargainId, BargainState};
use crate::kernel::id::{CampaignId, OrderId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::page::Cursor;
use crate::platform::db::dialect::Prepared;
use crate::platform::db::schema::bargains;
use crate::platform::db::{Constraint, DbError, DbResult, Tx, columns};

/// Whether an insert failed because the user has a bargain open in the campaign.
pub(in crate::bargain) fn is_second_open(error: &DbError) -> bool {
    error.violates(Constraint { index: "bargains_one_running", columns: "bargains.campaign_id, bargains.user_id" })
}

pub(in crate::bargain) fn insert(tx: &mut Tx<'_>, bargain: &Bargain) -> DbResult<()> {
    diesel::insert_into(bargains::table).values(bargain).execute(tx.conn()?)?;
    Ok(())
}

pub(in crate::bargain) fn find(tx: &mut Tx<'_>, id: BargainId) -> DbResult<Option<Bargain>> {
    Ok(Prepared(bargains::table.find(id).select(columns::<Bargain>())).get_result(tx.conn()?).optional()?)
}

/// The bargain that a user has open in a campaign.
pub(in crate::bargain) fn running_of(tx: &mut Tx<'_>, campaign: CampaignId, user: UserId) -> DbResult<Option<Bargain>> {
    let open = bargains::table
        .filter(bargains::campaign_id.eq(campaign))
        .filter(bargains::user_id.eq(user))
        .filter(bargains::state.eq(BargainState::Running));
    Ok(open.select(columns::<Bargain>()).first(tx.conn()?).optional()?)
}

/// The bargains that a user has open in any campaign.
pub(in crate::bargain) fn all_running_of(tx: &mut Tx<'_>, user: UserId) -> DbResult<Vec<Bargain>> {
    let open = bargains::table.filter(bargains::user_id.eq(user)).filter(bargains::state.eq(BargainState::Running));
    Ok(open.select(columns::<Bargain>()).order(bargains::id.desc()).limit(100).load(tx.conn()?)?)
}

/// A user's bargains, newest first, one more than `limit`.
pub(in crate::bargain) fn of_user(
    tx: &mut Tx<'_>,
    user: UserId,
    state: Option<BargainState>,
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<Vec<Bargain>> {
    let before = after.map_or(i64::MAX, |cursor| cursor.id);
    let mut own = bargains::table
        .filter(bargains::user_id.eq(user))
        .filter(bargains::id.lt(BargainId::new(before)))
        .select(columns::<Bargain>())
        .order(bargains::id.desc())
        .limit(limit.saturating_add(1))
        .into_boxed();
    if let Some(state) = state {
        own = own.filter(bargains::state.eq(state));
    }
    Ok(own.load(tx.conn()?)?)
}

/// Which bargains of a campaign staff want to see.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::bargain) struct Wanted {
    pub(in crate::bargain) state: Option<BargainState>,
    pub(in crate::bargain) user: Option<UserId>,
}

/// A campaign's bargains, newest first, one more than `limit`.
pub(in crate::bargain) fn of_campaign(
    tx: &mut Tx<'_>,
    campaign: CampaignId,
    wanted: Wanted,
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<Vec<Bargain>> {
    let before = after.map_or(i64::MAX, |cursor| cursor.id);
    let mut found = bargains::table
        .filter(bargains::campaign_id.eq(campaign))
        .filter(bargains::id.lt(BargainId::new(before)))
        .select(columns::<Bargain>())
        .order(bargains::id.desc())
        .limit(limit.saturating_add(1))
        .into_boxed();
    if let Some(state) = wanted.state {
        found = found.filter(bargains::state.eq(state));
    }
    if let Some(user) = wanted.user {
        found = found.filter(bargains::user_id.eq(user));
    }
    Ok(found.load(tx.conn()?)?)
}

/// A piece that was taken from a bargain's difference.
#[derive(Clone, Copy, Debug)]
pub(in crate::bargain) struct Cut {
    pub(in crate::bargain) amount: Fen,
    pub(in crate::bargain) by_owner: bool,
}

/// Lowers the price by a piece, if the bargain still runs and no order holds it; answers what it is like then. This is
/// the row that all helpers of one bargain wait for, so it comes late in its transaction.
pub(in crate::bargain) fn cut(tx: &mut Tx<'_>, id: BargainId, cut: Cut) -> DbResult<Option<Bargain>> {
    let now = tx.now();
    let open = bargains::table
        .filter(bargains::id.eq(id))
        .filter(bargains::state.eq(BargainState::Running))
        .filter(bargains::order_id.is_null())
        .filter(bargains::expires_at.gt(now));
    let lower = diesel::update(open)
        .set((
            bargains::taken.eq(bargains::taken + 1),
            bargains::helpers.eq(bargains::helpers + i64::from(!cut.by_owner)),
            bargains::cut_fen.eq(bargains::cut_fen + cut.amount.get()),
        ))
        .returning(columns::<Bargain>());
    Ok(Prepared(lower).get_result(tx.conn()?).optional()?)
}

/// Writes down that the floor is reached.
pub(in crate::bargain) fn note_floor(tx: &mut Tx<'_>, id: BargainId) -> DbResult<()> {
    let now = tx.now();
    let reached = bargains::table.filter(bargains::id.eq(id)).filter(bargains::floor_at.is_null());
    diesel::update(reached).set(bargains::floor_at.eq(Some(now))).execute(tx.conn()?)?;
    Ok(())
}

/// Lets an order hold a bargain at the price that was seen; false when it is not as it was.
pub(in crate::bargain) fn hold(tx: &mut Tx<'_>, seen: &Bargain, order: OrderId) -> DbResult<bool> {
    let now = tx.now();
    let free = bargains::table
        .filter(bargains::id.eq(seen.id))
        .filter(bargains::state.eq(BargainState::Running))
        .filter(bargains::order_id.is_null())
        .filter(bargains::expires_at.gt(now))
        .filter(bargains::cut_fen.eq(seen.cut));
    let hold = diesel::update(free).set(bargains::order_id.eq(Some(order)));
    Ok(Prepared(hold).execute(tx.conn()?)? == 1)
}

/// Ends a bargain whose order was paid; false when that order does not hold it.
pub(in crate::bargain) fn buy(tx: &mut Tx<'_>, id: BargainId, order: OrderId) -> DbResult<bool> {
    let now = tx.now();
    let held = bargains::table
        .filter(bargains::id.eq(id))
        .filter(bargains::order_id.eq(order))
        .filter(bargains::state.eq(BargainState::Running));
    let buy = diesel::update(held).set((bargains::state.eq(BargainState::Bought), bargains::ended_at.eq(Some(now))));
    Ok(Prepared(buy).execute(tx.conn()?)? == 1)
}

/// Puts a bargain back as it was before an order held it; answers it, when that order did.
pub(in crate::bargain) fn put_back(tx: &mut Tx<'_>, id: BargainId, order: OrderId) -> DbResult<Option<Bargain>> {
    let held = bargains::table
        .filter(bargains::id.eq(id))
        .filter(bargains::order_id.eq(order))
        .filter(bargains::state.eq(BargainState::Running));
    let free = diesel::update(held).set(bargains::order_id.eq(None::<OrderId>)).returning(columns::<Bargain>());
    Ok(Prepared(free).get_result(tx.conn()?).optional()?)
}

/// Ends a bargain whose time is over; false when it runs on, is held, or has ended.
pub(in crate::bargain) fn expire(tx: &mut Tx<'_>, id: BargainId) -> DbResult<bool> {
    let now = tx.now();
    let over = bargains::table
        .filter(bargains::id.eq(id))
        .filter(bargains::state.eq(BargainState::Running))
        .filter(bargains::order_id.is_null())
        .filter(bargains::expires_at.le(now));
    let end = diesel::update(over).set((bargains::state.eq(BargainState::Expired), bargains::ended_at.eq(Some(now))));
    Ok(Prepared(end).execute(tx.conn()?)? == 1)
}

/// Bargains whose time is over, the longest first.
pub(in crate::bargain) fn overdue(tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<i64>> {
    let now = tx.now();
    let over = bargains::table
        .filter(bargains::state.eq(BargainState::Running.spelt_out()))
        .filter(bargains::order_id.is_null())
        .filter(bargains::expires_at.le(now));
    Ok(over.order(bargains::expires_at).limit(limit).select(bargains::id).load(tx.conn()?)?)
}

/// Lets the time of every bargain of a campaign be over now.
pub(in crate::bargain) fn cut_time_short(tx: &mut Tx<'_>, campaign: CampaignId) -> DbResult<()> {
    let now = tx.now();
    let running = bargains::table
        .filter(bargains::campaign_id.eq(campaign))
        .filter(bargains::state.eq(BargainState::Running))
        .filter(bargains::expires_at.gt(now));
    diesel::update(running).set(bargains::expires_at.eq(now)).execute(tx.conn()?)?;
    Ok(())
}

/// What became of the bargains of a campaign.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, QueryableByName)]
pub(in crate::bargain) struct Figures {
    #[diesel(sql_type = BigInt)]
    pub(in crate::bargain) opened: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::bargain) owners: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::bargain) bought: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::bargain) expired: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::bargain) at_floor: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::bargain) cuts: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::bargain) cut_fen: Fen,
}

/// Counts the bargains of a campaign.
pub(in crate::bargain) fn figures(tx: &mut Tx<'_>, campaign: CampaignId) -> DbResult<Figures> {
    Ok(diesel::sql_query(
        "SELECT COUNT(*) AS opened, COUNT(DISTINCT user_id) AS owners, \
         COUNT(CASE WHEN state = 'bought' THEN 1 END) AS bought, COUNT(CASE WHEN state = 'expired' THEN 1 END) AS expired, \
         COUNT(floor_at) AS at_floor, CAST(COALESCE(SUM(taken), 0) AS BIGINT) AS cuts, \
         CAST(COALESCE(SUM(cut_fen), 0) AS BIGINT) AS cut_fen FROM bargains WHERE campaign_id = $1",
    )
    .bind::<BigInt, _>(campaign)
    .get_result(tx.conn()?)?)
}
