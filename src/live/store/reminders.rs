//! Who wants to be told when a room starts.

use diesel::prelude::*;

use crate::kernel::id::UserId;
use crate::live::model::{Reminder, ReminderId, ReminderState, RoomId, RoomState};
use crate::on_backend;
use crate::platform::db::schema::{live_reminders, live_rooms};
use crate::platform::db::{DbResult, Tx, columns};

/// Remembers a wish; once is enough.
pub(in crate::live) fn insert(tx: &mut Tx<'_>, reminder: &Reminder) -> DbResult<bool> {
    let rows = on_backend!(tx.conn()?, conn => {
        diesel::insert_into(live_reminders::table).values(reminder).on_conflict_do_nothing().execute(conn)
    })?;
    Ok(rows == 1)
}

/// Forgets a wish again, unless it was acted on; false when there was none.
pub(in crate::live) fn delete(tx: &mut Tx<'_>, room: RoomId, user: UserId) -> DbResult<bool> {
    let wish = live_reminders::room_id
        .eq(room)
        .and(live_reminders::user_id.eq(user))
        .and(live_reminders::state.eq(ReminderState::Waiting));
    Ok(diesel::delete(live_reminders::table.filter(wish)).execute(tx.conn()?)? == 1)
}

/// The wish of a user.
pub(in crate::live) fn of_user(tx: &mut Tx<'_>, room: RoomId, user: UserId) -> DbResult<Option<Reminder>> {
    let query = live_reminders::table
        .filter(live_reminders::room_id.eq(room).and(live_reminders::user_id.eq(user)))
        .select(columns::<Reminder>());
    Ok(query.first(tx.conn()?).optional()?)
}

/// One wish.
pub(in crate::live) fn reminder(tx: &mut Tx<'_>, id: ReminderId) -> DbResult<Option<Reminder>> {
    let query = live_reminders::table.find(id).select(columns::<Reminder>());
    Ok(query.first(tx.conn()?).optional()?)
}

/// Moves a wish from one state to another; false when it was elsewhere.
pub(in crate::live) fn advance(
    tx: &mut Tx<'_>,
    id: ReminderId,
    from: ReminderState,
    to: ReminderState,
    refusal: Option<&str>,
) -> DbResult<bool> {
    let now = tx.now();
    let update = diesel::update(live_reminders::table.find(id)).filter(live_reminders::state.eq(from));
    let moved = match to {
        ReminderState::Sent => {
            update.set((live_reminders::state.eq(to), live_reminders::sent_at.eq(now))).execute(tx.conn()?)?
        }
        ReminderState::Due => {
            update.set((live_reminders::state.eq(to), live_reminders::due_at.eq(now))).execute(tx.conn()?)?
        }
        ReminderState::Waiting | ReminderState::Refused => update
            .set((live_reminders::state.eq(to), live_reminders::refusal.eq(refusal.map(str::to_owned))))
            .execute(tx.conn()?)?,
    };
    Ok(moved == 1)
}

/// How many wishes a room has in each state.
pub(in crate::live) fn counts(tx: &mut Tx<'_>, room: RoomId) -> DbResult<Vec<(ReminderState, i64)>> {
    Ok(live_reminders::table
        .filter(live_reminders::room_id.eq(room))
        .group_by(live_reminders::state)
        .select((live_reminders::state, diesel::dsl::count_star()))
        .load(tx.conn()?)?)
}

/// Wishes that wait although their room is on the air, the earliest first.
pub(in crate::live) fn due(tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<ReminderId>> {
    Ok(live_reminders::table
        .inner_join(live_rooms::table)
        .filter(live_reminders::state.eq(ReminderState::Waiting))
        .filter(live_rooms::state.eq(RoomState::Live))
        .order(live_reminders::id)
        .limit(limit)
        .select(live_reminders::id)
        .load(tx.conn()?)?)
}
