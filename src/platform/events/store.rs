//! SQL on the outbox.

use diesel::prelude::*;

use super::{FailureState, MAX_ATTEMPTS, RecordedEvent, UndeliveredEvent};
use crate::kernel::id::UserId;
use crate::kernel::page::Cursor;
use crate::kernel::retry::pause_after;
use crate::kernel::time::Timestamp;
use crate::platform::db::dialect::Prepared;
use crate::platform::db::schema::{
    outbox_deliveries as deliveries, outbox_events as events, outbox_failures as failures,
};
use crate::platform::db::{DbResult, Tx, columns};

/// A delivery that failed before.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = failures)]
pub(super) struct Failure {
    pub(super) event_id: i64,
    pub(super) subscriber: String,
    pub(super) state: FailureState,
    pub(super) attempts: i64,
    pub(super) try_at: Timestamp,
}

/// Events that some subscriber may not have had yet, with the deliveries of them that failed before.
#[derive(Debug, Default)]
pub(super) struct Pending {
    pub(super) events: Vec<RecordedEvent>,
    pub(super) failures: Vec<Failure>,
}

pub(super) fn insert(
    tx: &mut Tx<'_>,
    name: &'static str,
    version: i64,
    user: Option<UserId>,
    payload: String,
) -> DbResult<i64> {
    let (id, now) = (tx.next_id(), tx.now());
    let row = (
        events::id.eq(id),
        events::name.eq(name),
        events::version.eq(version),
        events::user_id.eq(user),
        events::payload.eq(payload),
        events::recorded_at.eq(now),
    );
    tx.write_row(diesel::insert_into(events::table).values(row))?;
    Ok(id)
}

/// Events with ids above `after` that some subscriber may not have had yet, oldest first.
///
/// # Errors
/// When the database fails.
pub(super) fn pending(tx: &mut Tx<'_>, after: i64, limit: i64) -> DbResult<Pending> {
    let rows = events::table
        .filter(events::delivered_at.is_null())
        .filter(events::id.gt(after))
        .order(events::id)
        .limit(limit)
        .select((events::id, events::name, events::version, events::user_id, events::payload, events::recorded_at))
        .load::<(i64, String, i64, Option<UserId>, String, Timestamp)>(tx.conn()?)?;
    if rows.is_empty() {
        return Ok(Pending::default());
    }
    let event = |(id, name, version, user, payload, recorded_at)| RecordedEvent {
        id,
        name,
        version,
        user,
        payload,
        recorded_at,
    };
    let events: Vec<RecordedEvent> = rows.into_iter().map(event).collect();
    let ids: Vec<i64> = events.iter().map(|event| event.id).collect();
    let failed = failures::table.filter(failures::event_id.eq_any(ids)).select(columns::<Failure>());
    let failures = failed.load(tx.conn()?)?;
    Ok(Pending { events, failures })
}

/// Notes a delivery; false when it was noted before.
pub(super) fn note_delivery(tx: &mut Tx<'_>, event: i64, subscriber: &str) -> DbResult<bool> {
    let now = tx.now();
    let row = (deliveries::event_id.eq(event), deliveries::subscriber.eq(subscriber), deliveries::delivered_at.eq(now));
    let noted = crate::on_backend!(tx.conn()?, conn => {
        Prepared(diesel::insert_into(deliveries::table).values(row).on_conflict_do_nothing()).execute(conn)
    })?;
    Ok(noted == 1)
}

/// Forgets that a delivery failed before; it has succeeded now.
pub(super) fn forget_failure(tx: &mut Tx<'_>, event: i64, subscriber: &str) -> DbResult<()> {
    let failed = failures::table.filter(failures::event_id.eq(event)).filter(failures::subscriber.eq(subscriber));
    diesel::delete(failed).execute(tx.conn()?)?;
    Ok(())
}

/// Counts a failed delivery that had failed `before` times; says whether it is given up now. Another process that counted
/// the same one, or delivered it, has the last word.
pub(super) fn note_failure(tx: &mut Tx<'_>, event: i64, subscriber: &str, before: i64, error: &str) -> DbResult<bool> {
    let now = tx.now();
    let had = deliveries::table.find((event, subscriber)).select(deliveries::event_id);
    if had.first::<i64>(tx.conn()?).optional()?.is_some() {
        return Ok(false);
    }
    let id = tx.next_id();
    let row = (
        failures::id.eq(id),
        failures::event_id.eq(event),
        failures::subscriber.eq(subscriber),
        failures::state.eq(FailureState::Waiting),
        failures::attempts.eq(0_i64),
        failures::try_at.eq(now),
        failures::last_error.eq(error),
        failures::created_at.eq(now),
    );
    crate::on_backend!(tx.conn()?, conn => {
        diesel::insert_into(failures::table).values(row).on_conflict_do_nothing().execute(conn)
    })?;
    let attempts = before.saturating_add(1);
    let dead = attempts >= MAX_ATTEMPTS;
    let counted = failures::table
        .filter(failures::event_id.eq(event))
        .filter(failures::subscriber.eq(subscriber))
        .filter(failures::state.eq(FailureState::Waiting))
        .filter(failures::attempts.eq(before));
    let changed = diesel::update(counted)
        .set((
            failures::attempts.eq(attempts),
            failures::state.eq(if dead { FailureState::Dead } else { FailureState::Waiting }),
            failures::try_at.eq(now.plus_millis(pause_after(attempts))),
            failures::last_error.eq(error),
            failures::died_at.eq(dead.then_some(now)),
        ))
        .execute(tx.conn()?)?;
    Ok(dead && changed == 1)
}

/// Marks events as settled for everybody, unless staff have just had one of their deliveries tried again.
pub(super) fn finish(tx: &mut Tx<'_>, ids: &[i64]) -> DbResult<()> {
    let now = tx.now();
    let waiting = failures::table.filter(failures::state.eq(FailureState::Waiting)).select(failures::event_id);
    let settled = events::table
        .filter(events::id.eq_any(ids))
        .filter(events::delivered_at.is_null())
        .filter(events::id.ne_all(waiting));
    Prepared(diesel::update(settled).set(events::delivered_at.eq(Some(now)))).execute(tx.conn()?)?;
    Ok(())
}

/// Deliveries that failed, newest first.
///
/// # Errors
/// When the database fails.
pub fn undelivered(
    tx: &mut Tx<'_>,
    state: Option<FailureState>,
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<Vec<UndeliveredEvent>> {
    let mut query = failures::table
        .inner_join(events::table)
        .select((
            failures::id,
            failures::event_id,
            events::name,
            failures::subscriber,
            failures::state,
            failures::attempts,
            failures::try_at,
            failures::last_error,
            events::recorded_at,
            failures::died_at,
        ))
        .order(failures::id.desc())
        .limit(limit)
        .into_boxed();
    if let Some(state) = state {
        query = query.filter(failures::state.eq(state));
    }
    if let Some(cursor) = after {
        query = query.filter(failures::id.lt(cursor.id));
    }
    Ok(query.load(tx.conn()?)?)
}

/// Lets a delivery that was given up be tried again; false when it was not.
///
/// # Errors
/// When the database fails.
pub fn retry_undelivered(tx: &mut Tx<'_>, id: i64) -> DbResult<bool> {
    let now = tx.now();
    let dead = failures::table.filter(failures::id.eq(id)).filter(failures::state.eq(FailureState::Dead));
    let revived = diesel::update(dead)
        .set((
            failures::state.eq(FailureState::Waiting),
            failures::attempts.eq(0_i64),
            failures::try_at.eq(now),
            failures::died_at.eq(None::<Timestamp>),
        ))
        .returning(failures::event_id);
    let Some(event) = revived.get_result::<i64>(tx.conn()?).optional()? else { return Ok(false) };
    diesel::update(events::table.find(event)).set(events::delivered_at.eq(None::<Timestamp>)).execute(tx.conn()?)?;
    Ok(true)
}

/// How many deliveries were given up.
///
/// # Errors
/// When the database fails.
pub fn count_undeliverable(tx: &mut Tx<'_>) -> DbResult<i64> {
    Ok(failures::table.filter(failures::state.eq(FailureState::Dead)).count().get_result(tx.conn()?)?)
}
