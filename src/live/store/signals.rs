//! What viewers are to see next.
//!
//! A signal takes its number by an update of the room's row, which stays locked until the commit: numbers rise in the
//! order of commits and none is missing, so that whoever read up to one number reads on from there and loses nothing.

use diesel::prelude::*;

use crate::kernel::time::Timestamp;
use crate::live::model::{RoomId, Signal, SignalKind};
use crate::platform::db::dialect::Prepared;
use crate::platform::db::schema::{live_rooms, live_signals};
use crate::platform::db::{DbResult, Tx, columns};

/// Writes a signal under the room's next number, which it answers; `None` when the room is gone.
pub(in crate::live) fn write(
    tx: &mut Tx<'_>,
    room: RoomId,
    kind: SignalKind,
    payload: String,
) -> DbResult<Option<i64>> {
    let update = diesel::update(live_rooms::table.find(room))
        .set(live_rooms::signal_sequence.eq(live_rooms::signal_sequence + 1))
        .returning(live_rooms::signal_sequence);
    let Some(sequence) = Prepared(update).load::<i64>(tx.conn()?)?.pop() else { return Ok(None) };
    let signal = Signal { room_id: room, sequence, kind, payload, at: tx.now() };
    Prepared(diesel::insert_into(live_signals::table).values(&signal)).execute(tx.conn()?)?;
    Ok(Some(sequence))
}

/// The signals of a room after a number, in their order, at most `limit`.
pub(in crate::live) fn after(tx: &mut Tx<'_>, room: RoomId, sequence: i64, limit: i64) -> DbResult<Vec<Signal>> {
    let query = live_signals::table
        .filter(live_signals::room_id.eq(room).and(live_signals::sequence.gt(sequence)))
        .order(live_signals::sequence)
        .limit(limit)
        .select(columns::<Signal>());
    Ok(Prepared(query).load(tx.conn()?)?)
}

/// The signals of a room since a moment, in their order.
pub(in crate::live) fn since(tx: &mut Tx<'_>, room: RoomId, moment: Timestamp) -> DbResult<Vec<Signal>> {
    let query = live_signals::table
        .filter(live_signals::room_id.eq(room).and(live_signals::at.ge(moment)))
        .order(live_signals::sequence)
        .select(columns::<Signal>());
    Ok(Prepared(query).load(tx.conn()?)?)
}

/// The number of the oldest signal of a room that is kept.
pub(in crate::live) fn oldest(tx: &mut Tx<'_>, room: RoomId) -> DbResult<Option<i64>> {
    let query = live_signals::table
        .filter(live_signals::room_id.eq(room))
        .order(live_signals::sequence)
        .select(live_signals::sequence);
    Ok(query.first(tx.conn()?).optional()?)
}

/// Rooms that keep signals from before this moment.
pub(in crate::live) fn rooms_with_old(tx: &mut Tx<'_>, before: Timestamp, limit: i64) -> DbResult<Vec<RoomId>> {
    Ok(live_signals::table
        .filter(live_signals::at.lt(before))
        .select(live_signals::room_id)
        .distinct()
        .limit(limit)
        .load(tx.conn()?)?)
}

/// Forgets the signals of a room from before this moment.
pub(in crate::live) fn forget(tx: &mut Tx<'_>, room: RoomId, before: Timestamp) -> DbResult<()> {
    let old = live_signals::table.filter(live_signals::room_id.eq(room).and(live_signals::at.lt(before)));
    diesel::delete(old).execute(tx.conn()?)?;
    Ok(())
}
