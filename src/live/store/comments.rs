//! What viewers said.

use diesel::prelude::*;

use crate::kernel::id::{StaffId, UserId};
use crate::kernel::time::Timestamp;
use crate::live::model::{Comment, CommentState, RoomId};
use crate::platform::db::dialect::Prepared;
use crate::platform::db::schema::live_comments;
use crate::platform::db::{DbResult, Tx, columns};

/// Writes a comment.
pub(in crate::live) fn insert(tx: &mut Tx<'_>, comment: &Comment) -> DbResult<()> {
    Prepared(diesel::insert_into(live_comments::table).values(comment)).execute(tx.conn()?)?;
    Ok(())
}

/// The comment that a user's client calls by this name.
pub(in crate::live) fn by_client(
    tx: &mut Tx<'_>,
    room: RoomId,
    user: UserId,
    client_id: &str,
) -> DbResult<Option<Comment>> {
    let query = live_comments::table
        .filter(live_comments::room_id.eq(room))
        .filter(live_comments::user_id.eq(user))
        .filter(live_comments::client_id.eq(client_id.to_owned()))
        .select(columns::<Comment>());
    Ok(Prepared(query).load(tx.conn()?)?.pop())
}

/// When a user last said something in a room.
pub(in crate::live) fn last_said(tx: &mut Tx<'_>, room: RoomId, user: UserId) -> DbResult<Option<Timestamp>> {
    let query = live_comments::table
        .filter(live_comments::room_id.eq(room).and(live_comments::user_id.eq(user)))
        .order(live_comments::at.desc())
        .limit(1)
        .select(live_comments::at);
    Ok(Prepared(query).load(tx.conn()?)?.pop())
}

/// One comment.
pub(in crate::live) fn comment(tx: &mut Tx<'_>, room: RoomId, sequence: i64) -> DbResult<Option<Comment>> {
    let query = live_comments::table
        .filter(live_comments::room_id.eq(room).and(live_comments::sequence.eq(sequence)))
        .select(columns::<Comment>());
    Ok(query.first(tx.conn()?).optional()?)
}

/// Comments of a room before a number, the newest first, at most `limit`; hidden ones only when asked for.
pub(in crate::live) fn before(
    tx: &mut Tx<'_>,
    room: RoomId,
    sequence: i64,
    hidden_too: bool,
    limit: i64,
) -> DbResult<Vec<Comment>> {
    let states: &[CommentState] = if hidden_too { CommentState::ALL } else { &[CommentState::Shown] };
    Ok(live_comments::table
        .filter(live_comments::room_id.eq(room).and(live_comments::sequence.lt(sequence)))
        .filter(live_comments::state.eq_any(states.to_vec()))
        .order(live_comments::sequence.desc())
        .limit(limit)
        .select(columns::<Comment>())
        .load(tx.conn()?)?)
}

/// Hides a comment or shows it again; false when it was so.
pub(in crate::live) fn set_hidden(tx: &mut Tx<'_>, room: RoomId, sequence: i64, by: Option<StaffId>) -> DbResult<bool> {
    let (from, to) = match by {
        Some(_) => (CommentState::Shown, CommentState::Hidden),
        None => (CommentState::Hidden, CommentState::Shown),
    };
    let at = by.map(|_| tx.now());
    let update = diesel::update(live_comments::table)
        .filter(live_comments::room_id.eq(room).and(live_comments::sequence.eq(sequence)))
        .filter(live_comments::state.eq(from))
        .set((live_comments::state.eq(to), live_comments::hidden_by.eq(by), live_comments::hidden_at.eq(at)));
    Ok(update.execute(tx.conn()?)? == 1)
}
