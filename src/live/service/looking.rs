//! What a viewer sees of a room the moment they enter.

use super::talking::{comments_before, may_enter};
use crate::kernel::time::{MINUTE_MS, Timestamp};
use crate::live::error::LiveError;
use crate::live::model::{DropState, Price, Room, RoomDrop, RoomId, ShelfItem, Signal, SignalKind, Viewer};
use crate::live::store;
use crate::live::views::CommentView;
use crate::platform::db::{DbResult, Tx};

/// Most comments of the last minute that somebody who enters is shown.
const RECENT_COMMENTS: i64 = 100;

/// A room as it is at one moment. Signals with a higher number than `room.signal_sequence` tell what happened since.
#[derive(Clone, Debug)]
pub(in crate::live) struct Snapshot {
    /// The room.
    pub(in crate::live) room: Room,
    /// The moment.
    pub(in crate::live) at: Timestamp,
    /// How many different viewers it has.
    pub(in crate::live) viewers: i64,
    /// What is on its shelf, in its order.
    pub(in crate::live) shelf: Vec<ShelfItem>,
    /// Its live prices.
    pub(in crate::live) prices: Vec<Price>,
    /// What rains.
    pub(in crate::live) drops: Vec<RoomDrop>,
    /// What was said in the last minute, the oldest first.
    pub(in crate::live) comments: Vec<CommentView>,
    /// The comment that stays on top.
    pub(in crate::live) pinned: Option<CommentView>,
}

/// A room as this viewer sees it now.
///
/// # Errors
/// 404 for a room that is not shown; 403 for the banned.
pub(in crate::live) fn snapshot(tx: &mut Tx<'_>, id: RoomId, viewer: Option<Viewer>) -> Result<Snapshot, LiveError> {
    let room = may_enter(tx, id, viewer)?;
    let comments = recent(tx, id)?;
    let pinned = match room.pinned_sequence {
        Some(sequence) => comments_before(tx, id, sequence.saturating_add(1), 1)?.pop(),
        None => None,
    };
    Ok(Snapshot {
        at: tx.now(),
        viewers: store::visits::online(tx, id)?,
        shelf: store::shelf::items(tx, id, false)?,
        prices: store::prices::of_room(tx, id, false)?,
        drops: store::drops::of_room(tx, id, &[DropState::Open])?,
        pinned: pinned.filter(|comment| Some(comment.sequence) == room.pinned_sequence),
        comments,
        room,
    })
}

fn recent(tx: &mut Tx<'_>, id: RoomId) -> DbResult<Vec<CommentView>> {
    let since = tx.now().plus_millis(-MINUTE_MS);
    let mut comments = comments_before(tx, id, i64::MAX, RECENT_COMMENTS)?;
    comments.retain(|comment| comment.at >= since);
    comments.reverse();
    Ok(comments)
}

/// Most signals that are answered at once.
const NEWS_AT_ONCE: i64 = 200;

/// What is new in a room after a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::live) struct News {
    /// Whether nothing is missing after the number.
    pub(in crate::live) complete: bool,
    /// What viewers are told, in its order.
    pub(in crate::live) signals: Vec<Signal>,
    /// The number to go on from.
    pub(in crate::live) sequence: i64,
}

/// What is new in a room after a number that a viewer knows. What is for servers only is left out, though it has a number.
///
/// # Errors
/// 404 for a room that is not shown; 403 for the banned.
pub(in crate::live) fn news(
    tx: &mut Tx<'_>,
    id: RoomId,
    after: i64,
    viewer: Option<Viewer>,
) -> Result<News, LiveError> {
    let room = may_enter(tx, id, viewer)?;
    let oldest = store::signals::oldest(tx, id)?;
    let first_kept = oldest.unwrap_or_else(|| room.signal_sequence.saturating_add(1));
    let complete = after <= room.signal_sequence && first_kept <= after.saturating_add(1);
    let mut signals = store::signals::after(tx, id, after, NEWS_AT_ONCE)?;
    let sequence = signals.last().map_or(after.min(room.signal_sequence), |signal| signal.sequence);
    signals.retain(|signal| signal.kind != SignalKind::Sanction);
    Ok(News { complete, signals, sequence })
}
