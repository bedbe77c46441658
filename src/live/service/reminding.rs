//! Telling those who asked that a room has started.

use serde::{Deserialize, Serialize};

use super::talking::may_enter;
use crate::identity;
use crate::kernel::id::UserId;
use crate::live::error::LiveError;
use crate::live::events::{self, ViewerFacts};
use crate::live::jobs::TELL_OF_START;
use crate::live::model::{Reminder, ReminderId, ReminderState, Room, RoomId, RoomState, Viewer};
use crate::live::store;
use crate::platform::db::{DbResult, Tx};
use crate::platform::jobs::{self, NewJob};

/// Remembers that somebody wants to be told when a room starts. Asking twice is asking once.
///
/// # Errors
/// 404 for a room this person may not see; 409 when it has started.
pub(in crate::live) fn ask(tx: &mut Tx<'_>, id: RoomId, user: UserId) -> Result<(), LiveError> {
    let room = may_enter(tx, id, Some(Viewer::User(user, None)))?;
    if room.state != RoomState::Planned {
        return Err(LiveError::AlreadyStarted);
    }
    let reminder = Reminder {
        id: ReminderId::new(tx.next_id()),
        room_id: id,
        user_id: user,
        asked_at: tx.now(),
        state: ReminderState::Waiting,
        due_at: None,
        sent_at: None,
        refusal: None,
    };
    if store::reminders::insert(tx, &reminder)? {
        record(tx, events::REMINDER_ASKED, &room, user)?;
    }
    Ok(())
}

/// Forgets such a wish, unless it was acted on.
///
/// # Errors
/// When the database fails.
pub(in crate::live) fn forget(tx: &mut Tx<'_>, id: RoomId, user: UserId) -> DbResult<()> {
    store::reminders::delete(tx, id, user).map(|_| ())
}

fn record(tx: &mut Tx<'_>, name: &'static str, room: &Room, user: UserId) -> DbResult<()> {
    let facts = ViewerFacts { room_id: room.id, state: room.state, visit_id: None, watched_ms: None };
    events::record(tx, name, Some(user), &facts)
}

/// What the job that tells somebody works with.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(in crate::live) struct TellOfStart {
    /// Whose wish.
    pub(in crate::live) reminder_id: ReminderId,
}

/// The room of a wish has started: a job is born that tells, once.
///
/// # Errors
/// When the database fails.
pub(in crate::live) fn fall_due(tx: &mut Tx<'_>, id: ReminderId) -> DbResult<()> {
    if !store::reminders::advance(tx, id, ReminderState::Waiting, ReminderState::Due, None)? {
        return Ok(());
    }
    let payload = &TellOfStart { reminder_id: id };
    let run_at = tx.now();
    let dedup_key = Some(format!("{TELL_OF_START}:{id}"));
    jobs::enqueue(tx, &NewJob { kind: TELL_OF_START, dedup_key, payload, run_at }).map(|_| ())
}

/// Whom to tell of what; `None` when it was done, or nobody knows their openid there.
///
/// # Errors
/// When the database fails.
pub(in crate::live) fn to_tell(
    tx: &mut Tx<'_>,
    id: ReminderId,
    app_id: &str,
) -> DbResult<Option<(Room, Option<String>)>> {
    let Some(reminder) = store::reminders::reminder(tx, id)? else { return Ok(None) };
    if reminder.state != ReminderState::Due {
        return Ok(None);
    }
    let Some(room) = store::rooms::room(tx, reminder.room_id)? else { return Ok(None) };
    let openid = identity::wechat_openid(tx, reminder.user_id, app_id)?;
    Ok(Some((room, openid)))
}

/// Writes down that WeChat took the message, or why it cannot be sent.
///
/// # Errors
/// When the database fails.
pub(in crate::live) fn note_told(tx: &mut Tx<'_>, id: ReminderId, refusal: Option<&str>) -> DbResult<()> {
    let to = if refusal.is_none() { ReminderState::Sent } else { ReminderState::Refused };
    if !store::reminders::advance(tx, id, ReminderState::Due, to, refusal)? || refusal.is_some() {
        return Ok(());
    }
    let Some(reminder) = store::reminders::reminder(tx, id)? else { return Ok(()) };
    match store::rooms::room(tx, reminder.room_id)? {
        Some(room) => record(tx, events::REMINDER_SENT, &room, reminder.user_id),
        None => Ok(()),
    }
}
