//! Segments of people: named sets that figures are narrowed to and that campaigns, coupons and messages are meant for.
//!
//! A **fixed** segment names those who were behind a figure once; subjects stand in it by number, and who that is today is
//! asked when it is read, so it follows merges.
//!
//! Owns `analytics_segments`, `analytics_segment_people`.

mod api;
mod store;

pub use api::{SegmentApi, SegmentView, segment_routes};

use self::store::SegmentRow;
use super::engine::people::PersonSet;
use super::error::AnalyticsError;
use super::intake;
use crate::kernel::id::UserId;
use crate::kernel::page::{Cursor, Page};
use crate::platform::db::{DbResult, Tx};
use crate::platform::http::Staff;
use crate::staff::audit::{self, AuditEntry};

/// Most characters of a segment's name.
pub(in crate::analytics) const MAX_SEGMENT_NAME: usize = 60;
/// Most segments of a shop.
const MAX_SEGMENTS: i64 = 1_000;

crate::typed_id! {
    /// A segment.
    SegmentId,
}

crate::stored_enum! {
    /// How a segment knows its people.
    pub enum SegmentKind {
        /// They were named once.
        Fixed = "fixed",
    }
}

/// Keeps persons as a fixed segment.
///
/// # Errors
/// [`AnalyticsError::SegmentNameInvalid`], [`AnalyticsError::SegmentNameTaken`], [`AnalyticsError::TooManySegments`], or the
/// database's.
pub(in crate::analytics) fn keep<P>(
    tx: &mut Tx<'_>,
    staff: &Staff<P>,
    name: &str,
    definition: &str,
    persons: &PersonSet,
) -> Result<SegmentView, AnalyticsError> {
    let name = name.trim();
    if !(1..=MAX_SEGMENT_NAME).contains(&name.chars().count()) || name.chars().any(char::is_control) {
        return Err(AnalyticsError::SegmentNameInvalid);
    }
    if store::count(tx)? >= MAX_SEGMENTS {
        return Err(AnalyticsError::TooManySegments);
    }
    let now = tx.now();
    let row = SegmentRow {
        id: SegmentId::new(tx.next_id()),
        name: name.to_owned(),
        kind: SegmentKind::Fixed,
        definition: definition.to_owned(),
        as_of: Some(now),
        people: i64::try_from(persons.len()).unwrap_or(i64::MAX),
        counted_at: now,
        created_by: staff.staff_id,
        created_at: now,
        updated_at: now,
    };
    if !store::insert(tx, &row)? {
        return Err(AnalyticsError::SegmentNameTaken);
    }
    store::insert_people(tx, row.id, persons.iter().map(i64::from))?;
    note(tx, staff, "analytics.keep_segment", &row)?;
    Ok(row.into())
}

fn note<P>(tx: &mut Tx<'_>, staff: &Staff<P>, action: &str, row: &SegmentRow) -> DbResult<()> {
    let entry = AuditEntry {
        staff_id: staff.staff_id,
        action,
        subject_kind: "segment",
        subject_id: Some(row.id.get()),
        reason: None,
        before: None,
        after: Some(serde_json::json!({ "name": row.name, "people": row.people })),
        origin: &staff.origin,
    };
    audit::record(tx, &entry)
}

fn page(tx: &mut Tx<'_>, after: Option<Cursor>, limit: i64) -> DbResult<Page<SegmentView>> {
    Ok(store::page(tx, after, limit)?.map(SegmentView::from))
}

fn find(tx: &mut Tx<'_>, id: SegmentId) -> Result<SegmentRow, AnalyticsError> {
    store::find(tx, id)?.ok_or(AnalyticsError::SegmentNotFound)
}

/// The users of a segment, in the order of their ids.
fn users(tx: &mut Tx<'_>, id: SegmentId) -> Result<Vec<UserId>, AnalyticsError> {
    find(tx, id)?;
    let (subjects, people) = (store::people(tx, id)?, intake::people(tx)?);
    let persons: Vec<u32> = subjects.into_iter().map(|subject| people.person_of(subject)).collect();
    Ok(intake::users_of(tx, &persons)?)
}

fn remove<P>(tx: &mut Tx<'_>, staff: &Staff<P>, id: SegmentId) -> Result<(), AnalyticsError> {
    let row = find(tx, id)?;
    store::remove(tx, id)?;
    Ok(note(tx, staff, "analytics.remove_segment", &row)?)
}
