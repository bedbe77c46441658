//! Seats.

use diesel::prelude::*;

use crate::group_buy::model::{Group, GroupId, Seat, SeatId, SeatState};
use crate::kernel::id::{CampaignId, OrderId, UserId};
use crate::kernel::page::Cursor;
use crate::kernel::time::Timestamp;
use crate::platform::db::dialect::Prepared;
use crate::platform::db::schema::{buy_groups as groups, group_seats as seats};
use crate::platform::db::{Constraint, DbError, DbResult, FromDb, Tx, columns};

/// A user has one seat in a group.
const USER_ONCE: Constraint =
    Constraint { index: "group_seats_user_once", columns: "group_seats.group_id, group_seats.user_id" };

/// The user has a seat in the group already, or the database failed.
#[derive(Debug)]
pub(in crate::group_buy) enum SeatTaken {
    /// They have.
    ByThemselves,
    /// The database failed.
    Db(DbError),
}

impl From<DbError> for SeatTaken {
    fn from(error: DbError) -> Self {
        if error.violates(USER_ONCE) { Self::ByThemselves } else { Self::Db(error) }
    }
}

impl FromDb for SeatTaken {
    fn db_error(&self) -> Option<&DbError> {
        if let Self::Db(error) = self { Some(error) } else { None }
    }
}

/// Writes a seat. When the user has one in this group already, the transaction must be given up.
pub(in crate::group_buy) fn insert_seat(tx: &mut Tx<'_>, seat: &Seat) -> Result<(), SeatTaken> {
    Prepared(diesel::insert_into(seats::table).values(seat)).execute(tx.conn()?).map_err(DbError::from)?;
    Ok(())
}

/// Writes the seat of somebody who has none in this group, as was seen under its lock.
pub(in crate::group_buy) fn insert_first_seat(tx: &mut Tx<'_>, seat: Seat) -> DbResult<()> {
    tx.write_row(diesel::insert_into(seats::table).values(seat))
}

/// Writes seats that the shop fills.
pub(in crate::group_buy) fn fill_seats(tx: &mut Tx<'_>, filled: &[Seat]) -> DbResult<()> {
    if !filled.is_empty() {
        crate::on_backend!(tx.conn()?, conn => diesel::insert_into(seats::table).values(filled).execute(conn))?;
    }
    Ok(())
}

pub(in crate::group_buy) fn seat(tx: &mut Tx<'_>, id: SeatId) -> DbResult<Option<Seat>> {
    Ok(seats::table.find(id).select(columns::<Seat>()).first(tx.conn()?).optional()?)
}

/// The seats of a group that occupy a place, by number.
pub(in crate::group_buy) fn live_seats(tx: &mut Tx<'_>, group: GroupId) -> DbResult<Vec<Seat>> {
    let live = seats::table.filter(seats::group_id.eq(group)).filter(seats::state.eq_any(SeatState::LIVE));
    Ok(Prepared(live.order(seats::seat_no).select(columns::<Seat>())).load(tx.conn()?)?)
}

/// A place in a group that somebody occupies.
#[derive(Clone, Copy, Debug, Queryable, Selectable)]
#[diesel(table_name = seats)]
pub(in crate::group_buy) struct TakenPlace {
    pub(in crate::group_buy) seat_no: i64,
    pub(in crate::group_buy) user_id: Option<UserId>,
    pub(in crate::group_buy) order_id: Option<OrderId>,
}

/// The places of a group that are occupied. Whoever joins asks this while everybody else waits for the group, so it
/// reads no more than they need.
pub(in crate::group_buy) fn taken_places(tx: &mut Tx<'_>, group: GroupId) -> DbResult<Vec<TakenPlace>> {
    let live = seats::table.filter(seats::group_id.eq(group)).filter(seats::state.eq_any(SeatState::LIVE));
    Ok(Prepared(live.select(columns::<TakenPlace>())).load(tx.conn()?)?)
}

/// Every seat that ever was in a group, in the order in which they were taken.
pub(in crate::group_buy) fn of_group(tx: &mut Tx<'_>, group: GroupId) -> DbResult<Vec<Seat>> {
    let all = seats::table.filter(seats::group_id.eq(group)).order(seats::id);
    Ok(all.select(columns::<Seat>()).load(tx.conn()?)?)
}

/// The seat that a user occupies in a group.
pub(in crate::group_buy) fn live_of_user(tx: &mut Tx<'_>, group: GroupId, user: UserId) -> DbResult<Option<Seat>> {
    let own = seats::table
        .filter(seats::group_id.eq(group).and(seats::user_id.eq(user)))
        .filter(seats::state.eq_any(SeatState::LIVE));
    Ok(Prepared(own.select(columns::<Seat>())).get_result(tx.conn()?).optional()?)
}

/// The latest seat that a user had in a group.
pub(in crate::group_buy) fn latest_of_user(tx: &mut Tx<'_>, group: GroupId, user: UserId) -> DbResult<Option<Seat>> {
    let own = seats::table.filter(seats::group_id.eq(group).and(seats::user_id.eq(user)));
    Ok(own.order(seats::id.desc()).select(columns::<Seat>()).first(tx.conn()?).optional()?)
}

/// The latest seat of an order; absent when it has nothing to do with group buys.
pub(in crate::group_buy) fn of_order(tx: &mut Tx<'_>, order: OrderId) -> DbResult<Option<Seat>> {
    let latest = seats::table.filter(seats::order_id.eq(order)).order(seats::id.desc()).select(columns::<Seat>());
    Ok(latest.first(tx.conn()?).optional()?)
}

/// Every seat of these orders, in the order in which they were taken.
pub(in crate::group_buy) fn of_orders(tx: &mut Tx<'_>, orders: &[OrderId]) -> DbResult<Vec<Seat>> {
    if orders.is_empty() {
        return Ok(Vec::new());
    }
    let all = seats::table.filter(seats::order_id.eq_any(orders)).order(seats::id);
    Ok(all.select(columns::<Seat>()).load(tx.conn()?)?)
}

/// Seats of a user with their groups, latest first; those that moved on are left out.
pub(in crate::group_buy) fn of_user(
    tx: &mut Tx<'_>,
    user: UserId,
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<Vec<(Seat, Group)>> {
    let mut query = seats::table
        .inner_join(groups::table)
        .filter(seats::user_id.eq(user))
        .filter(seats::moved_to.is_null())
        .order(seats::id.desc())
        .limit(limit)
        .select((columns::<Seat>(), columns::<Group>()))
        .into_boxed();
    if let Some(cursor) = after {
        query = query.filter(seats::id.lt(SeatId::new(cursor.id)));
    }
    Ok(query.load(tx.conn()?)?)
}

/// Seats of a campaign with their groups, group by group.
pub(in crate::group_buy) fn of_campaign(
    tx: &mut Tx<'_>,
    campaign: CampaignId,
    limit: i64,
) -> DbResult<Vec<(Seat, Group)>> {
    let all = seats::table
        .inner_join(groups::table)
        .filter(seats::campaign_id.eq(campaign))
        .order((seats::group_id, seats::id))
        .limit(limit)
        .select((columns::<Seat>(), columns::<Group>()));
    Ok(all.load(tx.conn()?)?)
}

/// Writes where a seat stands now, if it still stands where it was seen.
pub(in crate::group_buy) fn advance(tx: &mut Tx<'_>, from: SeatState, seat: &Seat) -> DbResult<()> {
    let still = seats::table.find(seat.id).filter(seats::state.eq(from));
    let moving = diesel::update(still).set((
        seats::state.eq(seat.state),
        seats::paid_at.eq(seat.paid_at),
        seats::refund_due_at.eq(seat.refund_due_at),
        seats::released_at.eq(seat.released_at),
        seats::reason.eq(&seat.reason),
        seats::settle_at.eq(seat.settle_at),
    ));
    match Prepared(moving).execute(tx.conn()?)? {
        1 => Ok(()),
        _ => Err(DbError::Conflict(format!("seat {} is {from} no longer", seat.id))),
    }
}

/// What a move stamps onto every seat of a group that stood in one state; absent stamps stay as they are.
#[derive(Clone, Debug, AsChangeset)]
#[diesel(table_name = seats)]
pub(in crate::group_buy) struct Stamps {
    pub(in crate::group_buy) state: SeatState,
    pub(in crate::group_buy) kept_at: Option<Timestamp>,
    pub(in crate::group_buy) refund_due_at: Option<Timestamp>,
    pub(in crate::group_buy) released_at: Option<Timestamp>,
    pub(in crate::group_buy) reason: Option<String>,
    pub(in crate::group_buy) settle_at: Option<Timestamp>,
}

/// Moves every seat of a group that stands in a state; answers how many.
pub(in crate::group_buy) fn advance_all(
    tx: &mut Tx<'_>,
    group: GroupId,
    from: SeatState,
    stamps: &Stamps,
) -> DbResult<usize> {
    let standing = seats::table.filter(seats::group_id.eq(group)).filter(seats::state.eq(from));
    Ok(diesel::update(standing).set(stamps).execute(tx.conn()?)?)
}

/// Notes which seat an order moved to.
pub(in crate::group_buy) fn set_moved_to(tx: &mut Tx<'_>, from: SeatId, to: SeatId) -> DbResult<()> {
    diesel::update(seats::table.find(from)).set(seats::moved_to.eq(Some(to))).execute(tx.conn()?)?;
    Ok(())
}

/// Notes that what was set aside for a seat goes back; false when it did before.
pub(in crate::group_buy) fn mark_given_back(tx: &mut Tx<'_>, id: SeatId) -> DbResult<bool> {
    let now = tx.now();
    let marking = diesel::update(seats::table.find(id).filter(seats::given_back_at.is_null()))
        .set(seats::given_back_at.eq(Some(now)));
    Ok(Prepared(marking).execute(tx.conn()?)? == 1)
}

/// Seats about whose orders something is to be done, the longest due first.
pub(in crate::group_buy) fn due_seats(tx: &mut Tx<'_>, state: SeatState, limit: i64) -> DbResult<Vec<i64>> {
    let now = tx.now();
    let due = seats::table
        .filter(seats::settle_at.le(now))
        .filter(seats::state.eq(state))
        .order(seats::settle_at)
        .limit(limit)
        .select(seats::id);
    Ok(due.load(tx.conn()?)?)
}

/// Notes that nothing more is to be done about the order of a seat.
pub(in crate::group_buy) fn settle_done(tx: &mut Tx<'_>, id: SeatId) -> DbResult<()> {
    diesel::update(seats::table.find(id))
        .set((seats::settle_at.eq(None::<Timestamp>), seats::failure.eq(None::<String>)))
        .execute(tx.conn()?)?;
    Ok(())
}

/// Notes that something could not be done about the order of a seat, and when it is tried again.
pub(in crate::group_buy) fn postpone(tx: &mut Tx<'_>, id: SeatId, until: Timestamp, failure: &str) -> DbResult<()> {
    diesel::update(seats::table.find(id))
        .set((seats::settle_at.eq(Some(until)), seats::tries.eq(seats::tries + 1), seats::failure.eq(Some(failure))))
        .execute(tx.conn()?)?;
    Ok(())
}
