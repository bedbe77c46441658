//! What those who keep the audience up to date look at: what was signalled, how a room stands, who may stay.

use serde::Deserialize;

use super::looking::{self, Snapshot};
use super::watching;
use crate::kernel::id::UserId;
use crate::kernel::time::Timestamp;
use crate::live::error::LiveError;
use crate::live::model::{RoomId, Signal, SignalKind, VisitId};
use crate::live::rules;
use crate::live::service::watching::Arrival;
use crate::live::store;
use crate::live::views::LiveRoomPageView;
use crate::platform::db::{DbError, DbResult, Tx};

/// Signals read in one look.
const SIGNALS_AT_ONCE: i64 = 500;
/// Stays ended in one transaction.
const STAYS_AT_ONCE: i64 = 200;

/// The page of a room, as somebody sees it who is not logged in.
#[derive(Debug, Clone)]
pub(in crate::live) struct Page {
    /// JSON.
    pub(in crate::live) json: String,
    /// Whether the show goes on.
    pub(in crate::live) on_air: bool,
    /// The number of the room's last signal.
    pub(in crate::live) seq: i64,
}

/// What is counted of a room, not signalled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::live) struct Counts {
    /// Likes so far.
    pub(in crate::live) likes: i64,
    /// Different viewers now.
    pub(in crate::live) online: i64,
}

/// A room that nobody here has looked at yet.
#[derive(Debug)]
pub(in crate::live) struct FirstLook {
    /// What was signalled lately, in its order.
    pub(in crate::live) signals: Vec<Signal>,
    /// The page.
    pub(in crate::live) page: Page,
    /// The counts.
    pub(in crate::live) counts: Counts,
}

/// What is new in a room.
#[derive(Debug, Clone)]
pub(in crate::live) struct Look {
    /// What was signalled since the last look, in its order.
    pub(in crate::live) signals: Vec<Signal>,
    /// The page, when it was wanted or may have changed.
    pub(in crate::live) page: Option<Page>,
    /// The counts, when they were wanted.
    pub(in crate::live) counts: Option<Counts>,
}

/// What a look is to see beside signals.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::live) struct Wanted {
    /// The counts.
    pub(in crate::live) counts: bool,
    /// The page, even when no signal says that it changed.
    pub(in crate::live) page: bool,
}

/// The word by which transactions say that a room has news.
pub(in crate::live) fn word_of(room: RoomId) -> String {
    format!("live:{room}")
}

/// What a user may do in a room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::live) struct UserStanding {
    /// Whether they may not be there.
    pub(in crate::live) banned: bool,
    /// Whether they may not comment, and until when; an absent end is none.
    pub(in crate::live) muted: Option<Option<Timestamp>>,
}

/// Somebody has come in.
#[derive(Debug, Clone, Copy)]
pub(in crate::live) struct Entered {
    /// Their stay.
    pub(in crate::live) visit: VisitId,
    /// Whether they may not comment, and until when; an absent end is none.
    pub(in crate::live) muted: Option<Option<Timestamp>>,
}

/// A room with what was signalled in the last `known_ms` milliseconds.
///
/// # Errors
/// 404 for a room that is not shown.
pub(in crate::live) fn first_look(tx: &mut Tx<'_>, id: RoomId, known_ms: i64) -> Result<FirstLook, LiveError> {
    let since = tx.now().plus_millis(-known_ms);
    let signals = store::signals::since(tx, id, since)?;
    Ok(FirstLook { signals, page: page(tx, id)?, counts: counts(tx, id)? })
}

/// What is new in a room since the signal of this number.
///
/// # Errors
/// 404 for a room that is not shown any more.
pub(in crate::live) fn look(tx: &mut Tx<'_>, id: RoomId, read_to: i64, wanted: Wanted) -> Result<Look, LiveError> {
    let signals = store::signals::after(tx, id, read_to, SIGNALS_AT_ONCE)?;
    let changed = signals.iter().any(|signal| changes_page(signal.kind));
    let page = if changed || wanted.page { Some(page(tx, id)?) } else { None };
    let counts = if wanted.counts { Some(counts(tx, id)?) } else { None };
    Ok(Look { signals, page, counts })
}

/// Whether the page is another one after such a signal. Comments come by themselves.
const fn changes_page(kind: SignalKind) -> bool {
    !matches!(kind, SignalKind::Comment | SignalKind::CommentHidden | SignalKind::Bought | SignalKind::Sanction)
}

fn page(tx: &mut Tx<'_>, id: RoomId) -> Result<Page, LiveError> {
    // Comments are messages of their own, and nobody is to see one twice.
    let snapshot = Snapshot { comments: Vec::new(), ..looking::snapshot(tx, id, None)? };
    let (on_air, seq) = (snapshot.room.state.on_air(), snapshot.room.signal_sequence);
    let view = LiveRoomPageView::of(tx, snapshot, None)?;
    let json = serde_json::to_string(&view).map_err(|error| DbError::Defect(error.to_string()))?;
    Ok(Page { json, on_air, seq })
}

fn counts(tx: &mut Tx<'_>, id: RoomId) -> Result<Counts, LiveError> {
    let likes = super::room(tx, id)?.likes;
    Ok(Counts { likes, online: store::visits::online(tx, id)? })
}

#[derive(Deserialize)]
struct Concerned {
    user_id: UserId,
}

/// Whom a signal concerns about whom staff decided something.
pub(in crate::live) fn concerned(signal: &Signal) -> Option<UserId> {
    if signal.kind != SignalKind::Sanction {
        return None;
    }
    serde_json::from_str::<Concerned>(&signal.payload).ok().map(|concerned| concerned.user_id)
}

/// What a user may do in a room now.
///
/// # Errors
/// When the database fails.
pub(in crate::live) fn standing(tx: &mut Tx<'_>, id: RoomId, user: UserId) -> DbResult<UserStanding> {
    let (sanctions, now) = (store::sanctions::of_user(tx, id, user)?, tx.now());
    Ok(UserStanding { banned: rules::may_enter(&sanctions, now).is_err(), muted: rules::muted(&sanctions, now) })
}

/// Somebody comes in, or comes back after a break.
///
/// # Errors
/// 404 for a room that is not shown; 403 for the banned.
pub(in crate::live) fn enter(tx: &mut Tx<'_>, id: RoomId, arrival: &Arrival<'_>) -> Result<Entered, LiveError> {
    let (_, visit, _) = watching::enter(tx, id, arrival)?;
    let muted = match arrival.viewer.user() {
        Some(user) => standing(tx, id, user)?.muted,
        None => None,
    };
    Ok(Entered { visit: visit.id, muted })
}

/// Somebody leaves whom this process looks after; a stay that goes on at another process is left alone.
///
/// # Errors
/// When the database fails.
pub(in crate::live) fn leave(tx: &mut Tx<'_>, visit: VisitId, process: &str) -> DbResult<()> {
    if store::visits::hold(tx, visit, process)? { watching::leave(tx, visit) } else { Ok(()) }
}

/// Ends some of the stays that a process looks after, which stops; says how many there were.
///
/// # Errors
/// When the database fails.
pub(in crate::live) fn some_leave(tx: &mut Tx<'_>, process: &str) -> DbResult<usize> {
    let stays = store::visits::looked_after_by(tx, process, STAYS_AT_ONCE)?;
    for visit in &stays {
        watching::leave(tx, *visit)?;
    }
    Ok(stays.len())
}
