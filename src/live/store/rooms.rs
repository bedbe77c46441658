//! Rooms, their moves, recordings and marks.

use diesel::prelude::*;

use crate::catalog::ProductId;
use crate::kernel::page::Cursor;
use crate::kernel::time::Timestamp;
use crate::live::model::{Mark, Replay, ReplayId, Room, RoomChange, RoomId, RoomState};
use crate::on_backend;
use crate::platform::db::dialect::Prepared;
use crate::platform::db::schema::{live_marks, live_replays, live_room_changes, live_rooms};
use crate::platform::db::{DbResult, Tx, columns};

/// Writes a new room.
pub(in crate::live) fn insert(tx: &mut Tx<'_>, room: &Room) -> DbResult<()> {
    diesel::insert_into(live_rooms::table).values(room).execute(tx.conn()?)?;
    Ok(())
}

/// A room.
pub(in crate::live) fn room(tx: &mut Tx<'_>, id: RoomId) -> DbResult<Option<Room>> {
    let query = live_rooms::table.find(id).select(columns::<Room>());
    Ok(query.first(tx.conn()?).optional()?)
}

/// The room of a stream.
pub(in crate::live) fn room_of_stream(tx: &mut Tx<'_>, stream: &str) -> DbResult<Option<Room>> {
    let query = live_rooms::table.filter(live_rooms::stream_name.eq(stream.to_owned())).select(columns::<Room>());
    Ok(query.first(tx.conn()?).optional()?)
}

/// Rooms in these states, the latest schedule first, one more than `limit`.
pub(in crate::live) fn list(
    tx: &mut Tx<'_>,
    states: &[RoomState],
    before: Option<Cursor>,
    limit: i64,
) -> DbResult<Vec<Room>> {
    let (at, id) = before.map_or((i64::MAX, i64::MAX), |cursor| (cursor.key, cursor.id));
    let (at, id) = (Timestamp::from_millis(at), RoomId::new(id));
    let earlier = live_rooms::starts_at.lt(at).or(live_rooms::starts_at.eq(at).and(live_rooms::id.lt(id)));
    Ok(live_rooms::table
        .filter(live_rooms::state.eq_any(states.to_vec()).and(earlier))
        .order((live_rooms::starts_at.desc(), live_rooms::id.desc()))
        .limit(limit.saturating_add(1))
        .select(columns::<Room>())
        .load(tx.conn()?)?)
}

/// Writes what staff may change of a room, if nobody else did since; false when somebody had.
pub(in crate::live) fn rewrite(tx: &mut Tx<'_>, room: &Room) -> DbResult<bool> {
    let update = diesel::update(live_rooms::table.find(room.id))
        .filter(live_rooms::version.eq(room.version).and(live_rooms::state.eq(room.state)))
        .set((
            live_rooms::title.eq(&room.title),
            live_rooms::cover.eq(&room.cover),
            live_rooms::anchor_name.eq(&room.anchor_name),
            live_rooms::anchor_picture.eq(&room.anchor_picture),
            live_rooms::anchor_introduction.eq(&room.anchor_introduction),
            live_rooms::starts_at.eq(room.starts_at),
            live_rooms::ends_at.eq(room.ends_at),
            live_rooms::slow_mode_seconds.eq(room.slow_mode_seconds),
            live_rooms::comments_open.eq(room.comments_open),
            live_rooms::blocked_words.eq(&room.blocked_words),
            live_rooms::version.eq(live_rooms::version + 1),
        ));
    Ok(update.execute(tx.conn()?)? == 1)
}

/// Moves a room from one state to another, with what the move leaves behind; false when it was elsewhere.
pub(in crate::live) fn advance(tx: &mut Tx<'_>, from: RoomState, moved: &Room) -> DbResult<bool> {
    let update = diesel::update(live_rooms::table.find(moved.id)).filter(live_rooms::state.eq(from)).set((
        live_rooms::state.eq(moved.state),
        live_rooms::went_live_at.eq(moved.went_live_at),
        live_rooms::ended_at.eq(moved.ended_at),
        live_rooms::silent_since.eq(moved.silent_since),
        live_rooms::explaining_id.eq(moved.explaining_id),
        live_rooms::explaining_since.eq(moved.explaining_since),
    ));
    Ok(update.execute(tx.conn()?)? == 1)
}

/// Gives a room a new publishing secret.
pub(in crate::live) fn set_publish_secret(tx: &mut Tx<'_>, id: RoomId, secret: &str) -> DbResult<()> {
    diesel::update(live_rooms::table.find(id))
        .set(live_rooms::publish_secret.eq(secret.to_owned()))
        .execute(tx.conn()?)?;
    Ok(())
}

/// Notes since when a live room is silent, or that it is not.
pub(in crate::live) fn set_silent_since(tx: &mut Tx<'_>, id: RoomId, since: Option<Timestamp>) -> DbResult<()> {
    diesel::update(live_rooms::table.find(id)).set(live_rooms::silent_since.eq(since)).execute(tx.conn()?)?;
    Ok(())
}

/// Live rooms that have been silent since before this moment, the longest first.
pub(in crate::live) fn silent(tx: &mut Tx<'_>, before: Timestamp, limit: i64) -> DbResult<Vec<RoomId>> {
    Ok(live_rooms::table
        .filter(live_rooms::silent_since.le(before).and(live_rooms::state.eq(RoomState::Live)))
        .order(live_rooms::silent_since)
        .limit(limit)
        .select(live_rooms::id)
        .load(tx.conn()?)?)
}

/// Planned rooms whose time was over before this moment, the oldest first.
pub(in crate::live) fn never_started(tx: &mut Tx<'_>, before: Timestamp, limit: i64) -> DbResult<Vec<RoomId>> {
    Ok(live_rooms::table
        .filter(live_rooms::state.eq(RoomState::Planned).and(live_rooms::ends_at.le(before)))
        .order(live_rooms::starts_at)
        .limit(limit)
        .select(live_rooms::id)
        .load(tx.conn()?)?)
}

/// Says which product is explained now, if any.
pub(in crate::live) fn set_explaining(tx: &mut Tx<'_>, id: RoomId, product: Option<ProductId>) -> DbResult<()> {
    let since = product.map(|_| tx.now());
    diesel::update(live_rooms::table.find(id))
        .set((live_rooms::explaining_id.eq(product), live_rooms::explaining_since.eq(since)))
        .execute(tx.conn()?)?;
    Ok(())
}

/// Says which comment stays on top, if any.
pub(in crate::live) fn set_pinned(tx: &mut Tx<'_>, id: RoomId, sequence: Option<i64>) -> DbResult<()> {
    diesel::update(live_rooms::table.find(id)).set(live_rooms::pinned_sequence.eq(sequence)).execute(tx.conn()?)?;
    Ok(())
}

/// Takes the next number for a comment; `None` when the room is gone.
pub(in crate::live) fn next_comment(tx: &mut Tx<'_>, id: RoomId) -> DbResult<Option<i64>> {
    let update = diesel::update(live_rooms::table.find(id))
        .set(live_rooms::comment_sequence.eq(live_rooms::comment_sequence + 1))
        .returning(live_rooms::comment_sequence);
    Ok(Prepared(update).load(tx.conn()?)?.pop())
}

/// Gives back the number just taken, which no comment bears; the row is locked since then, so nobody took the next.
pub(in crate::live) fn give_comment_back(tx: &mut Tx<'_>, id: RoomId) -> DbResult<()> {
    diesel::update(live_rooms::table.find(id))
        .set(live_rooms::comment_sequence.eq(live_rooms::comment_sequence - 1))
        .execute(tx.conn()?)?;
    Ok(())
}

/// Adds likes; answers how many there are now.
pub(in crate::live) fn add_likes(tx: &mut Tx<'_>, id: RoomId, likes: i64) -> DbResult<Option<i64>> {
    let update = diesel::update(live_rooms::table.find(id))
        .set(live_rooms::likes.eq(live_rooms::likes + likes))
        .returning(live_rooms::likes);
    Ok(Prepared(update).load(tx.conn()?)?.pop())
}

/// Remembers the most viewers at one time.
pub(in crate::live) fn raise_peak(tx: &mut Tx<'_>, id: RoomId, viewers: i64) -> DbResult<()> {
    let update = diesel::update(live_rooms::table.find(id))
        .filter(live_rooms::peak_viewers.lt(viewers))
        .set(live_rooms::peak_viewers.eq(viewers));
    Prepared(update).execute(tx.conn()?)?;
    Ok(())
}

/// Writes down a move.
pub(in crate::live) fn insert_change(tx: &mut Tx<'_>, change: &RoomChange) -> DbResult<()> {
    diesel::insert_into(live_room_changes::table).values(change).execute(tx.conn()?)?;
    Ok(())
}

/// All moves of a room, in their order.
pub(in crate::live) fn changes(tx: &mut Tx<'_>, room: RoomId) -> DbResult<Vec<RoomChange>> {
    Ok(live_room_changes::table
        .filter(live_room_changes::room_id.eq(room))
        .order(live_room_changes::id)
        .select(columns::<RoomChange>())
        .load(tx.conn()?)?)
}

/// Writes a recording; false when its address is known.
pub(in crate::live) fn insert_replay(tx: &mut Tx<'_>, replay: &Replay) -> DbResult<bool> {
    let rows = on_backend!(tx.conn()?, conn => {
        diesel::insert_into(live_replays::table).values(replay).on_conflict_do_nothing().execute(conn)
    })?;
    Ok(rows == 1)
}

/// The recordings of a room, in the order of the show.
pub(in crate::live) fn replays(tx: &mut Tx<'_>, room: RoomId) -> DbResult<Vec<Replay>> {
    Ok(live_replays::table
        .filter(live_replays::room_id.eq(room))
        .order((live_replays::began_at, live_replays::id))
        .select(columns::<Replay>())
        .load(tx.conn()?)?)
}

/// Takes a recording away; false when there was none.
pub(in crate::live) fn delete_replay(tx: &mut Tx<'_>, room: RoomId, id: ReplayId) -> DbResult<bool> {
    let of_room = live_replays::table.filter(live_replays::id.eq(id).and(live_replays::room_id.eq(room)));
    Ok(diesel::delete(of_room).execute(tx.conn()?)? == 1)
}

/// Writes when a product was explained.
pub(in crate::live) fn insert_mark(tx: &mut Tx<'_>, mark: &Mark) -> DbResult<()> {
    diesel::insert_into(live_marks::table).values(mark).execute(tx.conn()?)?;
    Ok(())
}

/// When which products were explained, in the order of the show.
pub(in crate::live) fn marks(tx: &mut Tx<'_>, room: RoomId) -> DbResult<Vec<Mark>> {
    Ok(live_marks::table
        .filter(live_marks::room_id.eq(room))
        .order((live_marks::at, live_marks::id))
        .select(columns::<Mark>())
        .load(tx.conn()?)?)
}
