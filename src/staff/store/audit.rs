//! SQL on the audit log. There is no statement that changes or removes an entry.

use diesel::prelude::*;

use crate::kernel::id::StaffId;
use crate::kernel::page::Cursor;
use crate::kernel::time::Timestamp;
use crate::platform::db::schema::audit_entries as entries;
use crate::platform::db::{DbResult, Tx};
use crate::staff::model::AuditRow;

/// Which entries to list. Every filter given must fit.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// By whom.
    pub staff_id: Option<StaffId>,
    /// What was done.
    pub action: Option<String>,
    /// To what kind of thing.
    pub subject_kind: Option<String>,
    /// To which one.
    pub subject_id: Option<i64>,
    /// At this moment or later.
    pub from: Option<Timestamp>,
    /// Before this moment.
    pub to: Option<Timestamp>,
}

pub(in crate::staff) fn append(tx: &mut Tx<'_>, entry: &AuditRow) -> DbResult<()> {
    diesel::insert_into(entries::table).values(entry).execute(tx.conn()?)?;
    Ok(())
}

/// Entries, newest first.
pub(in crate::staff) fn list(
    tx: &mut Tx<'_>,
    filter: &AuditFilter,
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<Vec<AuditRow>> {
    let mut query = entries::table.select(AuditRow::as_select()).into_boxed();
    if let Some(staff) = filter.staff_id {
        query = query.filter(entries::staff_id.eq(staff));
    }
    if let Some(action) = &filter.action {
        query = query.filter(entries::action.eq(action.clone()));
    }
    if let Some(kind) = &filter.subject_kind {
        query = query.filter(entries::subject_kind.eq(kind.clone()));
    }
    if let Some(id) = filter.subject_id {
        query = query.filter(entries::subject_id.eq(id));
    }
    if let Some(from) = filter.from {
        query = query.filter(entries::at.ge(from));
    }
    if let Some(to) = filter.to {
        query = query.filter(entries::at.lt(to));
    }
    if let Some(cursor) = after {
        query = query.filter(entries::id.lt(cursor.id));
    }
    Ok(query.order(entries::id.desc()).limit(limit.saturating_add(1)).load(tx.conn()?)?)
}
