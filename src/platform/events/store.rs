//! SQL on the outbox.

use diesel::prelude::*;

use super::RecordedEvent;
use crate::kernel::id::UserId;
use crate::platform::db::schema::{outbox_deliveries as deliveries, outbox_events as events};
use crate::platform::db::{DbResult, Tx};

pub(super) fn insert(tx: &mut Tx<'_>, name: &str, version: i64, user: Option<UserId>, payload: &str) -> DbResult<i64> {
    let (id, now) = (tx.next_id(), tx.now());
    diesel::insert_into(events::table)
        .values((
            events::id.eq(id),
            events::name.eq(name),
            events::version.eq(version),
            events::user_id.eq(user),
            events::payload.eq(payload),
            events::recorded_at.eq(now),
        ))
        .execute(tx.conn()?)?;
    Ok(id)
}

/// Events with ids above `after` that some subscriber may not have had yet, oldest first.
///
/// # Errors
/// When the database fails.
pub(super) fn pending(tx: &mut Tx<'_>, after: i64, limit: i64) -> DbResult<Vec<RecordedEvent>> {
    let rows = events::table
        .filter(events::delivered_at.is_null())
        .filter(events::id.gt(after))
        .order(events::id)
        .limit(limit)
        .select((events::id, events::name, events::version, events::user_id, events::payload, events::recorded_at))
        .load::<(i64, String, i64, Option<UserId>, String, crate::kernel::time::Timestamp)>(tx.conn()?)?;
    let event = |(id, name, version, user, payload, recorded_at)| RecordedEvent {
        id,
        name,
        version,
        user,
        payload,
        recorded_at,
    };
    Ok(rows.into_iter().map(event).collect())
}

/// Notes a delivery; false when it was noted before.
pub(super) fn note_delivery(tx: &mut Tx<'_>, event: i64, subscriber: &str) -> DbResult<bool> {
    let now = tx.now();
    let row = (deliveries::event_id.eq(event), deliveries::subscriber.eq(subscriber), deliveries::delivered_at.eq(now));
    let noted = crate::on_backend!(tx.conn()?, conn => {
        diesel::insert_into(deliveries::table).values(row).on_conflict_do_nothing().execute(conn)
    })?;
    Ok(noted == 1)
}

pub(super) fn finish(tx: &mut Tx<'_>, ids: &[i64]) -> DbResult<()> {
    let now = tx.now();
    diesel::update(events::table.filter(events::id.eq_any(ids)).filter(events::delivered_at.is_null()))
        .set(events::delivered_at.eq(Some(now)))
        .execute(tx.conn()?)?;
    Ok(())
}
