//! SQL on how far events have been sent.

use diesel::prelude::*;

use crate::kernel::time::Timestamp;
use crate::platform::db::schema::analytics_streams as streams;
use crate::platform::db::{DbResult, Tx, columns};

/// How far events have been sent.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = streams, treat_none_as_default_value = false)]
pub(super) struct StreamRow {
    pub(super) name: String,
    /// Every event up to this number was sent.
    pub(super) position: i64,
    /// Those up to this number are on their way.
    pub(super) pending: Option<i64>,
    pub(super) sent: i64,
    pub(super) updated_at: Timestamp,
}

/// How far a stream is; at its beginning when nothing was sent yet.
pub(super) fn find(tx: &mut Tx<'_>, name: &str) -> DbResult<StreamRow> {
    let found = streams::table.find(name).select(columns::<StreamRow>()).first(tx.conn()?).optional()?;
    let now = tx.now();
    let beginning = || StreamRow { name: name.to_owned(), position: 0, pending: None, sent: 0, updated_at: now };
    Ok(found.unwrap_or_else(beginning))
}

/// Says up to which number a batch is on its way; false when another process was faster.
pub(super) fn begin(tx: &mut Tx<'_>, known: &StreamRow, to: i64) -> DbResult<bool> {
    let row = StreamRow { updated_at: tx.now(), ..known.clone() };
    crate::on_backend!(tx.conn()?, conn => {
        diesel::insert_into(streams::table).values(&row).on_conflict_do_nothing().execute(conn)
    })?;
    let unchanged = streams::table.find(&row.name).filter(streams::position.eq(row.position));
    let update = diesel::update(unchanged.filter(streams::pending.is_null()))
        .set((streams::pending.eq(Some(to)), streams::updated_at.eq(row.updated_at)));
    Ok(update.execute(tx.conn()?)? == 1)
}

/// Says that the batch up to this number arrived. When another process said so before, nothing changes.
pub(super) fn arrived(tx: &mut Tx<'_>, known: &StreamRow, to: i64, sent: i64) -> DbResult<()> {
    let now = tx.now();
    let unchanged = streams::table.find(&known.name).filter(streams::position.eq(known.position));
    let update = diesel::update(unchanged.filter(streams::pending.eq(Some(to)))).set((
        streams::position.eq(to),
        streams::pending.eq(None::<i64>),
        streams::sent.eq(streams::sent + sent),
        streams::updated_at.eq(now),
    ));
    update.execute(tx.conn()?)?;
    Ok(())
}
