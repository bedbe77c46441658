//! SQL on the inbox, on what has been seen, and on counters.

use diesel::prelude::*;

use crate::analytics::model::Flags;
use crate::kernel::time::Timestamp;
use crate::platform::db::schema::{analytics_counters as counters, analytics_inbox as inbox, analytics_seen as seen};
use crate::platform::db::{DbError, DbResult, Tx, columns};

/// Rows named in one statement.
const AT_ONCE: usize = 500;

/// An accepted event as stored.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = inbox, treat_none_as_default_value = false)]
pub(super) struct InboxRow {
    pub(super) seq: i64,
    pub(super) event_id: String,
    pub(super) name: String,
    pub(super) subject: i64,
    pub(super) session: Option<String>,
    pub(super) at: Timestamp,
    pub(super) received_at: Timestamp,
    pub(super) flags: Flags,
    pub(super) properties: String,
}

/// An event that has come, as it is remembered after it was sealed.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = seen)]
pub(super) struct SeenRow {
    pub(super) event_id: String,
    pub(super) seq: i64,
    pub(super) digest: i64,
    pub(super) received_at: Timestamp,
}

/// Remembers events that have not come before; says how many those are.
pub(super) fn note_seen(tx: &mut Tx<'_>, rows: &[SeenRow]) -> DbResult<usize> {
    Ok(crate::insert_new_rows!(tx.conn()?, seen::table, rows)?)
}

/// What is remembered of these events.
pub(super) fn seen(tx: &mut Tx<'_>, ids: &[&str]) -> DbResult<Vec<SeenRow>> {
    let known = seen::table.filter(seen::event_id.eq_any(ids)).select(columns::<SeenRow>());
    Ok(known.load(tx.conn()?)?)
}

/// When the first event came that is still remembered.
pub(super) fn oldest_seen(tx: &mut Tx<'_>) -> DbResult<Option<Timestamp>> {
    let oldest = seen::table.order(seen::received_at).select(seen::received_at);
    Ok(oldest.first(tx.conn()?).optional()?)
}

/// Forgets some of the events that came before a moment.
pub(super) fn forget_seen(tx: &mut Tx<'_>, before: Timestamp, most: i64) -> DbResult<()> {
    let old = seen::table.filter(seen::received_at.lt(before)).order(seen::received_at).limit(most);
    let old: Vec<String> = old.select(seen::event_id).load(tx.conn()?)?;
    diesel::delete(seen::table.filter(seen::event_id.eq_any(old))).execute(tx.conn()?)?;
    Ok(())
}

/// Keeps accepted events.
pub(super) fn insert(tx: &mut Tx<'_>, rows: &[InboxRow]) -> DbResult<()> {
    let kept = crate::insert_new_rows!(tx.conn()?, inbox::table, rows)?;
    if kept == rows.len() { Ok(()) } else { Err(DbError::Defect("two events have one number".to_owned())) }
}

/// The first of the events that wait, in the order in which they came.
pub(super) fn first(tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<InboxRow>> {
    Ok(inbox::table.order(inbox::seq).limit(limit).select(columns::<InboxRow>()).load(tx.conn()?)?)
}

/// Takes events out; says how many were there.
pub(super) fn remove(tx: &mut Tx<'_>, seqs: &[i64]) -> DbResult<usize> {
    let mut gone = 0_usize;
    for some in seqs.chunks(AT_ONCE) {
        let there = inbox::table.filter(inbox::seq.eq_any(some));
        gone = gone.saturating_add(diesel::delete(there).execute(tx.conn()?)?);
    }
    Ok(gone)
}

/// Takes out what is about a subject.
pub(super) fn remove_of(tx: &mut Tx<'_>, subject: i64) -> DbResult<()> {
    diesel::delete(inbox::table.filter(inbox::subject.eq(subject))).execute(tx.conn()?)?;
    Ok(())
}

/// How many events wait.
pub(super) fn count(tx: &mut Tx<'_>) -> DbResult<i64> {
    Ok(inbox::table.count().get_result(tx.conn()?)?)
}

/// Adds to a counter unless it would pass `most`; says what it stands at then.
pub(super) fn count_up(tx: &mut Tx<'_>, counter: &str, by: i64, most: i64) -> DbResult<Option<i64>> {
    for tried in [false, true] {
        let fits = counters::table.find(counter).filter(counters::value.le(most.saturating_sub(by)));
        let raised = diesel::update(fits).set(counters::value.eq(counters::value + by)).returning(counters::value);
        if let Some(value) = raised.get_result::<i64>(tx.conn()?).optional()? {
            return Ok(Some(value));
        }
        if !tried {
            let row = (counters::name.eq(counter), counters::value.eq(0_i64));
            crate::on_backend!(tx.conn()?, conn => {
                diesel::insert_into(counters::table).values(row).on_conflict_do_nothing().execute(conn)
            })?;
        }
    }
    Ok(None)
}

/// What a counter stands at.
pub(super) fn counted(tx: &mut Tx<'_>, counter: &str) -> DbResult<i64> {
    let found: Option<i64> = counters::table.find(counter).select(counters::value).first(tx.conn()?).optional()?;
    Ok(found.unwrap_or(0))
}
