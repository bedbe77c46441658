//! SQL on segments of people.

use diesel::prelude::*;

use super::{SegmentId, SegmentKind};
use crate::kernel::id::StaffId;
use crate::kernel::page::{Cursor, Page};
use crate::kernel::time::Timestamp;
use crate::platform::db::schema::{
    analytics_segment_people as people, analytics_segment_uses as uses, analytics_segments as segments,
};
use crate::platform::db::{Constraint, DbResult, Tx, columns, dialect};

/// One segment of a name.
pub(super) const ONE_NAME: Constraint =
    Constraint { index: "analytics_segments_name", columns: "analytics_segments.name" };

/// Rows written by one statement.
const AT_ONCE: usize = 1_000;

#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = segments, treat_none_as_default_value = false)]
pub(super) struct SegmentRow {
    pub(super) id: SegmentId,
    pub(super) name: String,
    pub(super) kind: SegmentKind,
    pub(super) definition: String,
    pub(super) as_of: Option<Timestamp>,
    pub(super) people: i64,
    pub(super) counted_at: Timestamp,
    pub(super) created_by: StaffId,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

/// Writes a segment, unless its name is taken.
pub(super) fn insert(tx: &mut Tx<'_>, row: &SegmentRow) -> DbResult<bool> {
    let written = crate::on_backend!(tx.conn()?, conn => {
        diesel::insert_into(segments::table).values(row).on_conflict(segments::name).do_nothing().execute(conn)
    })?;
    Ok(written == 1)
}

pub(super) fn insert_people(tx: &mut Tx<'_>, id: SegmentId, subjects: impl Iterator<Item = i64>) -> DbResult<()> {
    let rows: Vec<_> = subjects.map(|subject| (people::segment_id.eq(id), people::subject.eq(subject))).collect();
    for some in rows.chunks(AT_ONCE) {
        crate::insert_rows!(tx.conn()?, people::table, some)?;
    }
    Ok(())
}

/// Keeps the references between segments as they are until the end of the transaction, so that no two changes close a
/// circle together. There are few segments and they rarely change.
pub(super) fn lock(tx: &mut Tx<'_>) -> DbResult<()> {
    let conn = tx.conn()?;
    let sql = format!("SELECT id FROM analytics_segments ORDER BY id{}", dialect::for_update(conn));
    diesel::sql_query(sql).execute(conn)?;
    Ok(())
}

/// Writes what of a living segment may change.
pub(super) fn change(tx: &mut Tx<'_>, row: &SegmentRow) -> DbResult<()> {
    let update = diesel::update(segments::table.find(row.id)).set((
        segments::name.eq(&row.name),
        segments::definition.eq(&row.definition),
        segments::people.eq(row.people),
        segments::counted_at.eq(row.counted_at),
        segments::updated_at.eq(row.updated_at),
    ));
    update.execute(tx.conn()?)?;
    Ok(())
}

/// Notes how many people a segment has now, unless its condition was changed meanwhile or it was counted later.
pub(super) fn count_anew(tx: &mut Tx<'_>, row: &SegmentRow) -> DbResult<()> {
    let same = segments::table
        .find(row.id)
        .filter(segments::updated_at.eq(row.updated_at))
        .filter(segments::counted_at.le(row.counted_at));
    diesel::update(same)
        .set((segments::people.eq(row.people), segments::counted_at.eq(row.counted_at)))
        .execute(tx.conn()?)?;
    Ok(())
}

pub(super) fn insert_uses(tx: &mut Tx<'_>, id: SegmentId, used: &[SegmentId]) -> DbResult<()> {
    for used in used {
        let row = (uses::segment_id.eq(id), uses::used_id.eq(*used));
        diesel::insert_into(uses::table).values(row).execute(tx.conn()?)?;
    }
    Ok(())
}

pub(super) fn remove_uses(tx: &mut Tx<'_>, id: SegmentId) -> DbResult<()> {
    diesel::delete(uses::table.filter(uses::segment_id.eq(id))).execute(tx.conn()?)?;
    Ok(())
}

/// The segments that one asks for itself.
pub(super) fn uses_of(tx: &mut Tx<'_>, id: SegmentId) -> DbResult<Vec<SegmentId>> {
    Ok(uses::table.filter(uses::segment_id.eq(id)).select(uses::used_id).load(tx.conn()?)?)
}

/// Whether another segment asks for one.
pub(super) fn is_used(tx: &mut Tx<'_>, id: SegmentId) -> DbResult<bool> {
    let first = uses::table.filter(uses::used_id.eq(id)).select(uses::segment_id).limit(1);
    Ok(first.get_result::<SegmentId>(tx.conn()?).optional()?.is_some())
}

pub(super) fn count(tx: &mut Tx<'_>) -> DbResult<i64> {
    Ok(segments::table.count().get_result(tx.conn()?)?)
}

pub(super) fn find(tx: &mut Tx<'_>, id: SegmentId) -> DbResult<Option<SegmentRow>> {
    Ok(segments::table.find(id).select(columns::<SegmentRow>()).first(tx.conn()?).optional()?)
}

/// Segments, newest first.
pub(super) fn page(tx: &mut Tx<'_>, after: Option<Cursor>, limit: i64) -> DbResult<Page<SegmentRow>> {
    let mut rows = segments::table.into_boxed();
    if let Some(Cursor { id, .. }) = after {
        rows = rows.filter(segments::id.lt(id));
    }
    let rows = rows.order(segments::id.desc()).limit(limit.saturating_add(1)).select(columns::<SegmentRow>());
    Ok(Page::cut(rows.load(tx.conn()?)?, limit, |row| Cursor { key: 0, id: row.id.get() }))
}

/// The numbers of a fixed segment's subjects.
pub(super) fn people(tx: &mut Tx<'_>, id: SegmentId) -> DbResult<Vec<u32>> {
    let rows: Vec<i64> = people::table.filter(people::segment_id.eq(id)).select(people::subject).load(tx.conn()?)?;
    Ok(rows.into_iter().filter_map(|subject| u32::try_from(subject).ok()).collect())
}

pub(super) fn remove(tx: &mut Tx<'_>, id: SegmentId) -> DbResult<()> {
    diesel::delete(people::table.filter(people::segment_id.eq(id))).execute(tx.conn()?)?;
    remove_uses(tx, id)?;
    diesel::delete(segments::table.find(id)).execute(tx.conn()?)?;
    Ok(())
}
