//! What viewers say and like, and how staff keep order.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::planning::Desk;
use super::signal;
use crate::identity::{self, Face};
use crate::kernel::id::{StaffId, UserId};
use crate::kernel::time::Timestamp;
use crate::live::error::LiveError;
use crate::live::events::{self, LikeFacts, ViewerFacts};
use crate::live::model::{
    Comment, CommentId, CommentState, MAX_LIKES_AT_ONCE, Room, RoomId, RoomState, Sanction, SanctionId, SanctionKind,
    SignalKind, Viewer,
};
use crate::live::rules;
use crate::live::store;
use crate::live::store::visits::Counted;
use crate::live::views::CommentView;
use crate::platform::db::{DbResult, Tx};

/// A room that this viewer may be in.
///
/// # Errors
/// 404 for a room that is cancelled or unknown; 403 for the banned.
pub(in crate::live) fn may_enter(tx: &mut Tx<'_>, id: RoomId, viewer: Option<Viewer>) -> Result<Room, LiveError> {
    let room = super::room(tx, id)?;
    if room.state == RoomState::Cancelled {
        return Err(LiveError::NotFound);
    }
    if let Some(user) = viewer.and_then(Viewer::user) {
        rules::may_enter(&store::sanctions::of_user(tx, id, user)?, tx.now())?;
    }
    Ok(room)
}

/// Somebody says something. The same words under the same name of the client's are said once, and answered as before.
///
/// # Errors
/// Why they may not.
pub(in crate::live) fn say(
    tx: &mut Tx<'_>,
    id: RoomId,
    user: UserId,
    words: &str,
    client_id: &str,
) -> Result<CommentView, LiveError> {
    let words = rules::comment_words(words, client_id)?;
    let room = super::room(tx, id)?;
    if let Some(said) = store::comments::by_client(tx, id, user, client_id)? {
        return seen(tx, &said);
    }
    let sanctions = store::sanctions::of_user(tx, id, user)?;
    let last_said = if room.slow_mode_seconds > 0 { store::comments::last_said(tx, id, user)? } else { None };
    let now = tx.now();
    rules::may_say(&room, &sanctions, words, last_said, now)?;
    let sequence = store::rooms::next_comment(tx, id)?.ok_or(LiveError::NotFound)?;
    // The room's row is locked from here on: what the same person said at the same moment is seen now or never.
    if let Some(said) = store::comments::by_client(tx, id, user, client_id)? {
        store::rooms::give_comment_back(tx, id)?;
        return seen(tx, &said);
    }
    let comment = Comment {
        id: CommentId::new(tx.next_id()),
        room_id: id,
        sequence,
        user_id: user,
        words: words.to_owned(),
        client_id: client_id.to_owned(),
        state: CommentState::Shown,
        at: now,
        hidden_by: None,
        hidden_at: None,
    };
    store::comments::insert(tx, &comment)?;
    store::visits::count(tx, id, now, Counted { comments: 1, ..Counted::default() })?;
    let facts = ViewerFacts { room_id: id, state: room.state, visit_id: None, watched_ms: None };
    events::record(tx, events::COMMENTED, Some(user), &facts)?;
    let view = seen(tx, &comment)?;
    signal(tx, id, SignalKind::Comment, &view)?;
    Ok(view)
}

/// A comment as viewers see it.
fn seen(tx: &mut Tx<'_>, comment: &Comment) -> Result<CommentView, LiveError> {
    let faces = identity::faces(tx, &[comment.user_id])?;
    Ok(CommentView::of(comment, faces.get(&comment.user_id)))
}

/// Comments before a number, the newest first, as viewers see them.
///
/// # Errors
/// When the database fails.
pub(in crate::live) fn comments_before(
    tx: &mut Tx<'_>,
    id: RoomId,
    sequence: i64,
    limit: i64,
) -> DbResult<Vec<CommentView>> {
    let comments = store::comments::before(tx, id, sequence, false, limit)?;
    let faces = faces_of(tx, &comments)?;
    Ok(comments.iter().map(|comment| CommentView::of(comment, faces.get(&comment.user_id))).collect())
}

/// The faces of those who said these.
pub(in crate::live) fn faces_of(tx: &mut Tx<'_>, comments: &[Comment]) -> DbResult<HashMap<UserId, Face>> {
    let mut users: Vec<UserId> = comments.iter().map(|comment| comment.user_id).collect();
    users.sort_unstable();
    users.dedup();
    identity::faces(tx, &users)
}

/// Somebody likes the room so often; answers how many likes it has now.
///
/// # Errors
/// 422 for a number out of range; 403 for the banned; 409 when nothing is on the air.
pub(in crate::live) fn like(tx: &mut Tx<'_>, id: RoomId, viewer: Option<Viewer>, likes: i64) -> Result<i64, LiveError> {
    if !(1..=MAX_LIKES_AT_ONCE).contains(&likes) {
        return Err(rules::invalid("likes"));
    }
    let room = may_enter(tx, id, viewer)?;
    if !room.state.on_air() {
        return Err(LiveError::NotOnAir(json!({ "state": room.state })));
    }
    events::record(tx, events::LIKED, viewer.and_then(Viewer::user), &LikeFacts { room_id: id, likes })?;
    add_likes(tx, id, likes)?.ok_or(LiveError::NotFound)
}

/// Adds likes that were gathered from many viewers, whose right to like was looked at when they came.
///
/// # Errors
/// When the database fails.
pub(in crate::live) fn add_likes(tx: &mut Tx<'_>, id: RoomId, likes: i64) -> DbResult<Option<i64>> {
    let now = tx.now();
    store::visits::count(tx, id, now, Counted { likes, ..Counted::default() })?;
    store::rooms::add_likes(tx, id, likes)
}

/// Hides a comment from viewers, or shows it again.
///
/// # Errors
/// 404 when there is none.
pub(in crate::live) fn hide_comment(
    tx: &mut Tx<'_>,
    id: RoomId,
    sequence: i64,
    by: Option<StaffId>,
) -> Result<Comment, LiveError> {
    let comment = store::comments::comment(tx, id, sequence)?.ok_or(LiveError::CommentNotFound)?;
    if !store::comments::set_hidden(tx, id, sequence, by)? {
        return Ok(comment);
    }
    if by.is_some() {
        if super::room(tx, id)?.pinned_sequence == Some(sequence) {
            pin_comment(tx, id, None)?;
        }
        signal(tx, id, SignalKind::CommentHidden, &json!({ "sequence": sequence }))?;
    } else {
        let view = seen(tx, &comment)?;
        signal(tx, id, SignalKind::Comment, &view)?;
    }
    store::comments::comment(tx, id, sequence)?.ok_or(LiveError::CommentNotFound)
}

/// Keeps a comment on top, or none.
///
/// # Errors
/// 404 when there is none that is seen.
pub(in crate::live) fn pin_comment(tx: &mut Tx<'_>, id: RoomId, sequence: Option<i64>) -> Result<(), LiveError> {
    let pinned = match sequence {
        Some(sequence) => {
            let found = store::comments::comment(tx, id, sequence)?;
            let shown = found.filter(|comment| comment.state == CommentState::Shown);
            let comment = shown.ok_or(LiveError::CommentNotFound)?;
            Some(seen(tx, &comment)?)
        }
        None => None,
    };
    store::rooms::set_pinned(tx, id, sequence)?;
    Ok(signal(tx, id, SignalKind::CommentPinned, &json!({ "comment": pinned }))?)
}

/// What staff decide about a viewer.
#[derive(Clone, Debug)]
pub(in crate::live) struct Verdict {
    /// In which room; absent for all.
    pub(in crate::live) room: Option<RoomId>,
    /// Who.
    pub(in crate::live) user: UserId,
    /// What they may not do.
    pub(in crate::live) kind: SanctionKind,
    /// Until when; absent for ever.
    pub(in crate::live) ends_at: Option<Timestamp>,
    /// Why.
    pub(in crate::live) reason: String,
}

/// Mutes or bans somebody. `here` is the room whose servers are told at once; a verdict about all rooms is heard in the
/// others when the viewer next does something.
///
/// # Errors
/// 422 for an end that is past or a reason that is none; 404 for an unknown user.
pub(in crate::live) fn sanction(
    tx: &mut Tx<'_>,
    here: RoomId,
    verdict: &Verdict,
    desk: &Desk,
) -> Result<Sanction, LiveError> {
    let now = tx.now();
    if verdict.ends_at.is_some_and(|end| end <= now) {
        return Err(rules::invalid("ends_at"));
    }
    if !rules::fits(&verdict.reason, 1, 200) {
        return Err(rules::invalid("reason"));
    }
    if !identity::faces(tx, &[verdict.user])?.contains_key(&verdict.user) {
        return Err(LiveError::UserNotFound);
    }
    let sanction = Sanction {
        id: SanctionId::new(tx.next_id()),
        room_id: verdict.room,
        user_id: verdict.user,
        kind: verdict.kind,
        reason: verdict.reason.clone(),
        created_by: desk.staff,
        created_at: now,
        ends_at: verdict.ends_at,
        lifted_by: None,
        lifted_at: None,
    };
    store::sanctions::insert(tx, &sanction)?;
    desk.note(tx, "live.sanction", here, (None, Some(described(&sanction))))?;
    tell_servers(tx, here, &sanction)?;
    Ok(sanction)
}

/// Takes a sanction back.
///
/// # Errors
/// 404 when there is none here that was not taken back.
pub(in crate::live) fn lift(tx: &mut Tx<'_>, here: RoomId, id: SanctionId, desk: &Desk) -> Result<Sanction, LiveError> {
    let sanction = store::sanctions::lift(tx, id, desk.staff)?.ok_or(LiveError::SanctionNotFound)?;
    if sanction.room_id.is_some_and(|room| room != here) {
        return Err(LiveError::SanctionNotFound);
    }
    desk.note(tx, "live.lift", here, (Some(described(&sanction)), None))?;
    tell_servers(tx, here, &sanction)?;
    Ok(sanction)
}

fn described(sanction: &Sanction) -> Value {
    json!({
        "sanction_id": sanction.id, "user_id": sanction.user_id, "kind": sanction.kind, "reason": sanction.reason,
        "everywhere": sanction.room_id.is_none(), "ends_at": sanction.ends_at,
    })
}

fn tell_servers(tx: &mut Tx<'_>, room: RoomId, sanction: &Sanction) -> DbResult<()> {
    let now = tx.now();
    let told = json!({
        "user_id": sanction.user_id, "kind": sanction.kind, "holds": sanction.holds(now), "ends_at": sanction.ends_at,
    });
    signal(tx, room, SignalKind::Sanction, &told)
}
