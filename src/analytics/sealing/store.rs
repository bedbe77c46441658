//! SQL on the files of sealed events.

use diesel::prelude::*;

use crate::kernel::day::Day;
use crate::kernel::time::Timestamp;
use crate::platform::db::schema::analytics_files as files;
use crate::platform::db::{DbResult, Tx, columns};

/// A file of sealed events.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = files, treat_none_as_default_value = false)]
pub(in crate::analytics) struct FileRow {
    pub(in crate::analytics) id: i64,
    pub(in crate::analytics) day: Day,
    pub(in crate::analytics) key: String,
    pub(in crate::analytics) events: i64,
    pub(in crate::analytics) bytes: i64,
    pub(in crate::analytics) sha256: String,
    pub(in crate::analytics) sealed_at: Timestamp,
    pub(in crate::analytics) replaced_at: Option<Timestamp>,
}

pub(super) fn insert(tx: &mut Tx<'_>, file: &FileRow) -> DbResult<()> {
    diesel::insert_into(files::table).values(file).execute(tx.conn()?)?;
    Ok(())
}

/// The files that hold what is sealed, day by day.
pub(super) fn live(tx: &mut Tx<'_>) -> DbResult<Vec<FileRow>> {
    let live = files::table.filter(files::replaced_at.is_null()).order((files::day, files::id));
    Ok(live.select(columns::<FileRow>()).load(tx.conn()?)?)
}

/// Marks files as replaced; says how many of them were not before.
pub(super) fn replace(tx: &mut Tx<'_>, ids: &[i64]) -> DbResult<usize> {
    let now = tx.now();
    let update = diesel::update(files::table)
        .filter(files::id.eq_any(ids.to_vec()).and(files::replaced_at.is_null()))
        .set(files::replaced_at.eq(now));
    Ok(update.execute(tx.conn()?)?)
}

/// Files that were replaced before a moment.
pub(super) fn replaced_before(tx: &mut Tx<'_>, before: Timestamp, limit: i64) -> DbResult<Vec<FileRow>> {
    let replaced = files::table.filter(files::replaced_at.lt(before)).order(files::id).limit(limit);
    Ok(replaced.select(columns::<FileRow>()).load(tx.conn()?)?)
}

pub(super) fn forget(tx: &mut Tx<'_>, id: i64) -> DbResult<()> {
    diesel::delete(files::table.find(id)).execute(tx.conn()?)?;
    Ok(())
}
