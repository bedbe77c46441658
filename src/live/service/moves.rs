//! How rooms move from state to state: the only door.

use serde_json::json;

use super::signal;
use crate::catalog::ProductId;
use crate::live::error::LiveError;
use crate::live::events;
use crate::live::model::{Actor, ChangeId, Mark, MarkId, Room, RoomChange, RoomId, RoomState, SignalKind};
use crate::live::rules::{self, RoomEvent};
use crate::live::store;
use crate::platform::db::{DbError, DbResult, Tx};

/// Who moves a room, and why.
#[derive(Clone, Copy, Debug)]
pub(in crate::live) struct Cause<'a> {
    /// Who.
    pub(in crate::live) actor: Actor,
    /// Why: a short word, or what staff wrote.
    pub(in crate::live) reason: &'a str,
}

/// Moves a room; answers the room as it is now.
///
/// # Errors
/// [`LiveError::WrongState`] when its state forbids it, also when somebody else was quicker.
pub(in crate::live) fn advance(
    tx: &mut Tx<'_>,
    id: RoomId,
    event: RoomEvent,
    cause: Cause<'_>,
) -> Result<Room, LiveError> {
    let room = super::room(tx, id)?;
    let to = rules::next(room.state, event)?;
    let moved = rules::moved(&room, to, tx.now());
    if !store::rooms::advance(tx, room.state, &moved)? {
        let state = super::room(tx, id)?.state;
        return Err(LiveError::WrongState(json!({ "state": state })));
    }
    note(tx, &moved, Some(room.state), cause)?;
    if let Some(product) = moved.explaining_id.filter(|_| room.went_live_at.is_none() && to == RoomState::Live) {
        // A product that was chosen before the show is explained from its first moment.
        mark(tx, &moved, product)?;
    }
    events::record_room(tx, event_name(room.state, to), &moved)?;
    signal(tx, id, SignalKind::State, &json!({ "state": to, "at": tx.now() }))?;
    Ok(moved)
}

/// Writes down how a room came to be where it is.
pub(in crate::live) fn note(tx: &mut Tx<'_>, room: &Room, from: Option<RoomState>, cause: Cause<'_>) -> DbResult<()> {
    let change = RoomChange {
        id: ChangeId::new(tx.next_id()),
        room_id: room.id,
        from_state: from,
        to_state: room.state,
        actor: cause.actor.kind(),
        staff_id: cause.actor.staff(),
        reason: cause.reason.to_owned(),
        at: tx.now(),
    };
    store::rooms::insert_change(tx, &change)
}

/// Marks that a product is explained from this moment of the show on.
///
/// # Errors
/// When the database fails.
pub(in crate::live) fn mark(tx: &mut Tx<'_>, room: &Room, product: ProductId) -> DbResult<()> {
    let Some(began) = room.went_live_at.filter(|_| room.state.on_air()) else { return Ok(()) };
    let at = tx.now();
    let offset_ms = at.millis_since(began).max(0);
    let mark = Mark { id: MarkId::new(tx.next_id()), room_id: room.id, product_id: product, at, offset_ms };
    store::rooms::insert_mark(tx, &mark)
}

fn event_name(from: RoomState, to: RoomState) -> &'static str {
    match (from, to) {
        (RoomState::Paused, RoomState::Live) => events::ROOM_RESUMED,
        (_, RoomState::Live) => events::ROOM_STARTED,
        (_, RoomState::Paused) => events::ROOM_PAUSED,
        (RoomState::Replay, _) => events::REPLAY_HIDDEN,
        (_, RoomState::Ended) => events::ROOM_ENDED,
        (_, RoomState::Replay) => events::REPLAY_SHOWN,
        (_, RoomState::Cancelled) => events::ROOM_CANCELLED,
        (_, RoomState::Planned) => events::ROOM_PLANNED,
    }
}

/// A picture comes: whatever can go on the air does. A room that is live already only ceases to be silent.
///
/// # Errors
/// [`LiveError::WrongState`] when the room is over.
pub(in crate::live) fn picture_comes(tx: &mut Tx<'_>, id: RoomId, reason: &str) -> Result<Room, LiveError> {
    let room = super::room(tx, id)?;
    if room.state == RoomState::Live {
        store::rooms::set_silent_since(tx, id, None)?;
        return super::room(tx, id);
    }
    advance(tx, id, RoomEvent::GoLive, Cause { actor: Actor::Engine, reason })
}

/// The picture ceased: a live room counts as silent from now on, and is paused after the time of grace.
///
/// # Errors
/// When the database fails.
pub(in crate::live) fn picture_ceases(tx: &mut Tx<'_>, id: RoomId) -> DbResult<()> {
    let Some(room) = store::rooms::room(tx, id)? else { return Ok(()) };
    if room.state == RoomState::Live && room.silent_since.is_none() {
        let now = tx.now();
        store::rooms::set_silent_since(tx, id, Some(now))?;
    }
    Ok(())
}

/// Pauses a room that has been silent for so long; nothing when its picture came back.
///
/// # Errors
/// When the database fails.
pub(in crate::live) fn pause_silent(tx: &mut Tx<'_>, id: RoomId, grace_ms: i64) -> DbResult<()> {
    let Some(room) = store::rooms::room(tx, id)? else { return Ok(()) };
    let due = room.silent_since.is_some_and(|since| since.plus_millis(grace_ms) <= tx.now());
    if room.state != RoomState::Live || !due {
        return Ok(());
    }
    let cause = Cause { actor: Actor::System, reason: "silent" };
    settled(advance(tx, id, RoomEvent::Pause, cause))
}

/// Cancels a room that never started although its time is over.
///
/// # Errors
/// When the database fails.
pub(in crate::live) fn cancel_missed(tx: &mut Tx<'_>, id: RoomId) -> DbResult<()> {
    let Some(room) = store::rooms::room(tx, id)? else { return Ok(()) };
    if room.state != RoomState::Planned || tx.now() < room.ends_at {
        return Ok(());
    }
    let cause = Cause { actor: Actor::System, reason: "never_started" };
    settled(advance(tx, id, RoomEvent::Cancel, cause))
}

/// For sweeps: whoever was quicker settled it.
fn settled(outcome: Result<Room, LiveError>) -> DbResult<()> {
    match outcome {
        Ok(_) | Err(LiveError::WrongState(_) | LiveError::NotFound) => Ok(()),
        Err(LiveError::Db(error)) => Err(error),
        Err(other) => Err(DbError::Defect(other.to_string())),
    }
}
