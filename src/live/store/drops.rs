//! What rains during shows.

use diesel::prelude::*;

use crate::kernel::id::UserId;
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;
use crate::live::model::{DropClaim, DropId, DropPortion, DropState, RoomDrop, RoomId};
use crate::on_backend;
use crate::platform::db::dialect::Prepared;
use crate::platform::db::schema::{live_drop_claims, live_drop_portions, live_drops};
use crate::platform::db::{DbResult, Tx, columns};

/// Writes a drop with its portions.
pub(in crate::live) fn insert(tx: &mut Tx<'_>, drop: &RoomDrop, portions: &[DropPortion]) -> DbResult<()> {
    diesel::insert_into(live_drops::table).values(drop).execute(tx.conn()?)?;
    if !portions.is_empty() {
        on_backend!(tx.conn()?, conn => {
            diesel::insert_into(live_drop_portions::table).values(portions).execute(conn)
        })?;
    }
    Ok(())
}

/// A drop.
pub(in crate::live) fn one(tx: &mut Tx<'_>, id: DropId) -> DbResult<Option<RoomDrop>> {
    let query = live_drops::table.find(id).select(columns::<RoomDrop>());
    Ok(Prepared(query).load(tx.conn()?)?.pop())
}

/// The drops of a room in these states, in the order they were made.
pub(in crate::live) fn of_room(tx: &mut Tx<'_>, room: RoomId, states: &[DropState]) -> DbResult<Vec<RoomDrop>> {
    Ok(live_drops::table
        .filter(live_drops::room_id.eq(room).and(live_drops::state.eq_any(states.to_vec())))
        .order(live_drops::id)
        .select(columns::<RoomDrop>())
        .load(tx.conn()?)?)
}

/// Lets a drop rain until a moment; false when it did.
pub(in crate::live) fn open(tx: &mut Tx<'_>, id: DropId, closes_at: Timestamp) -> DbResult<bool> {
    let now = tx.now();
    let update = diesel::update(live_drops::table.find(id)).filter(live_drops::state.eq(DropState::Planned)).set((
        live_drops::state.eq(DropState::Open),
        live_drops::opened_at.eq(now),
        live_drops::closes_at.eq(closes_at),
    ));
    Ok(update.execute(tx.conn()?)? == 1)
}

/// Ends a drop; false when it is not open.
pub(in crate::live) fn close(tx: &mut Tx<'_>, id: DropId) -> DbResult<bool> {
    let now = tx.now();
    let update = diesel::update(live_drops::table.find(id))
        .filter(live_drops::state.eq(DropState::Open))
        .set((live_drops::state.eq(DropState::Closed), live_drops::closed_at.eq(now)));
    Ok(update.execute(tx.conn()?)? == 1)
}

/// Open drops whose time is over, the earliest first.
pub(in crate::live) fn due(tx: &mut Tx<'_>, now: Timestamp, limit: i64) -> DbResult<Vec<DropId>> {
    Ok(live_drops::table
        .filter(live_drops::state.eq(DropState::Open.spelt_out()).and(live_drops::closes_at.le(now)))
        .order(live_drops::closes_at)
        .limit(limit)
        .select(live_drops::id)
        .load(tx.conn()?)?)
}

/// Counts one more that is caught; its number, or `None` when nothing is left or the drop is over.
pub(in crate::live) fn count_claim(tx: &mut Tx<'_>, id: DropId) -> DbResult<Option<i64>> {
    let now = tx.now();
    let update = diesel::update(live_drops::table.find(id))
        .filter(live_drops::state.eq(DropState::Open).and(live_drops::closes_at.gt(now)))
        .filter(live_drops::claimed.lt(live_drops::quantity))
        .set(live_drops::claimed.eq(live_drops::claimed + 1))
        .returning(live_drops::claimed);
    Ok(Prepared(update).load(tx.conn()?)?.pop())
}

/// Takes back the count of one that was not caught after all, in the transaction that counted it.
pub(in crate::live) fn uncount_claim(tx: &mut Tx<'_>, id: DropId) -> DbResult<()> {
    let update = diesel::update(live_drops::table.find(id)).set(live_drops::claimed.eq(live_drops::claimed - 1));
    Prepared(update).execute(tx.conn()?)?;
    Ok(())
}

/// What one portion is worth.
pub(in crate::live) fn portion(tx: &mut Tx<'_>, id: DropId, no: i64) -> DbResult<Option<Fen>> {
    let query = live_drop_portions::table.find((id, no)).select(live_drop_portions::amount_fen);
    Ok(Prepared(query).load(tx.conn()?)?.pop())
}

/// Writes what somebody caught.
pub(in crate::live) fn insert_claim(tx: &mut Tx<'_>, claim: &DropClaim) -> DbResult<()> {
    Prepared(diesel::insert_into(live_drop_claims::table).values(claim)).execute(tx.conn()?)?;
    Ok(())
}

/// What somebody caught of a drop.
pub(in crate::live) fn claim_of(tx: &mut Tx<'_>, id: DropId, user: UserId) -> DbResult<Option<DropClaim>> {
    let query = live_drop_claims::table.find((id, user)).select(columns::<DropClaim>());
    Ok(Prepared(query).load(tx.conn()?)?.pop())
}
