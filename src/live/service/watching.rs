//! Who comes, stays and goes.

use super::talking::may_enter;
use crate::kernel::time::Timestamp;
use crate::live::error::LiveError;
use crate::live::events::{self, ViewerFacts};
use crate::live::model::{GONE_AFTER_MS, Room, RoomId, Viewer, Visit, VisitId};
use crate::live::store;
use crate::live::store::visits::Counted;
use crate::platform::db::{DbResult, Tx};

/// How somebody comes.
#[derive(Clone, Debug)]
pub(in crate::live) struct Arrival<'a> {
    /// Who.
    pub(in crate::live) viewer: Viewer,
    /// The stay that a break interrupted; only the viewer's own in this room goes on.
    pub(in crate::live) visit: Option<VisitId>,
    /// The share through which they came.
    pub(in crate::live) share_token: Option<&'a str>,
    /// Which server process looks after them from now on.
    pub(in crate::live) process: &'a str,
}

/// Somebody comes, or comes back after a break; answers their stay and how many viewers there are now.
///
/// # Errors
/// 404 for a room that is not shown; 403 for the banned.
pub(in crate::live) fn enter(
    tx: &mut Tx<'_>,
    id: RoomId,
    arrival: &Arrival<'_>,
) -> Result<(Room, Visit, i64), LiveError> {
    let room = may_enter(tx, id, Some(arrival.viewer))?;
    let now = tx.now();
    let (visit, joined) = match known(tx, id, arrival)? {
        Some(visit) => {
            store::visits::go_on(tx, visit.id, arrival.process)?;
            (Visit { left_at: None, last_seen_at: now, process: arrival.process.to_owned(), ..visit }, 0)
        }
        None => (begin(tx, &room, arrival)?, 1),
    };
    let viewers = store::visits::online(tx, id)?;
    if room.state.on_air() {
        store::visits::count(tx, id, now, Counted { joined, viewers, ..Counted::default() })?;
        store::rooms::raise_peak(tx, id, viewers)?;
    }
    Ok((room, visit, viewers))
}

fn known(tx: &mut Tx<'_>, room: RoomId, arrival: &Arrival<'_>) -> DbResult<Option<Visit>> {
    let Some(id) = arrival.visit else { return Ok(None) };
    let found = store::visits::visit(tx, id)?;
    Ok(found.filter(|visit| visit.room_id == room && visit.visitor == arrival.viewer.name()))
}

fn begin(tx: &mut Tx<'_>, room: &Room, arrival: &Arrival<'_>) -> DbResult<Visit> {
    let now = tx.now();
    let user = arrival.viewer.user();
    let visit = Visit {
        id: VisitId::new(tx.next_id()),
        room_id: room.id,
        visitor: arrival.viewer.name(),
        user_id: user,
        device_id: arrival.viewer.device(),
        process: arrival.process.to_owned(),
        share_token: arrival.share_token.map(str::to_owned),
        joined_at: now,
        last_seen_at: now,
        left_at: None,
        watched_ms: 0,
    };
    store::visits::insert(tx, &visit)?;
    let facts = ViewerFacts { room_id: room.id, state: room.state, visit_id: Some(visit.id), watched_ms: None };
    events::record(tx, events::ROOM_ENTERED, user, &facts)?;
    Ok(visit)
}

/// Somebody leaves now.
///
/// # Errors
/// When the database fails.
pub(in crate::live) fn leave(tx: &mut Tx<'_>, id: VisitId) -> DbResult<()> {
    let now = tx.now();
    end(tx, id, now)
}

/// Somebody was not heard of for so long that they must have left when they were last heard of.
///
/// # Errors
/// When the database fails.
pub(in crate::live) fn leave_lost(tx: &mut Tx<'_>, id: VisitId) -> DbResult<()> {
    let Some(visit) = store::visits::visit(tx, id)? else { return Ok(()) };
    if visit.last_seen_at.plus_millis(GONE_AFTER_MS) > tx.now() {
        return Ok(());
    }
    end(tx, id, visit.last_seen_at)
}

fn end(tx: &mut Tx<'_>, id: VisitId, at: Timestamp) -> DbResult<()> {
    if !store::visits::end(tx, id, at)? {
        return Ok(());
    }
    let Some(visit) = store::visits::visit(tx, id)? else { return Ok(()) };
    let Some(room) = store::rooms::room(tx, visit.room_id)? else { return Ok(()) };
    let watched_ms = Some(visit.watched_ms);
    let facts = ViewerFacts { room_id: room.id, state: room.state, visit_id: Some(id), watched_ms };
    events::record(tx, events::ROOM_LEFT, visit.user_id, &facts)
}

/// Everybody whom this process looks after is still there. Call it more often than every two minutes.
///
/// # Errors
/// When the database fails.
pub(in crate::live) fn heard_of_all(tx: &mut Tx<'_>, process: &str) -> DbResult<()> {
    store::visits::heard_of_all(tx, process).map(|_| ())
}

/// A viewer without a connection says that they are still there.
///
/// # Errors
/// 404 for a stay that is over or not theirs; 403 when they were banned since.
pub(in crate::live) fn stay(tx: &mut Tx<'_>, room: RoomId, id: VisitId, viewer: Viewer) -> Result<(), LiveError> {
    may_enter(tx, room, Some(viewer))?;
    own(tx, room, id, viewer)?;
    if store::visits::heard_of(tx, id)? { Ok(()) } else { Err(LiveError::VisitNotFound) }
}

/// A viewer leaves by themselves. Leaving twice is leaving once.
///
/// # Errors
/// 404 for a stay that is not theirs.
pub(in crate::live) fn leave_own(tx: &mut Tx<'_>, room: RoomId, id: VisitId, viewer: Viewer) -> Result<(), LiveError> {
    own(tx, room, id, viewer)?;
    Ok(leave(tx, id)?)
}

fn own(tx: &mut Tx<'_>, room: RoomId, id: VisitId, viewer: Viewer) -> Result<Visit, LiveError> {
    let found = store::visits::visit(tx, id)?;
    let theirs = found.filter(|visit| visit.room_id == room && visit.visitor == viewer.name());
    theirs.ok_or(LiveError::VisitNotFound)
}
