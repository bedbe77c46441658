//! Segments of people: named sets that figures are narrowed to and that campaigns, coupons and messages are meant for.
//!
//! A **fixed** segment names those who were behind a figure, or fulfilled a condition, once; subjects stand in it by
//! number, and who that is today is asked when it is read, so it follows merges. A **living** segment is a condition that
//! is asked anew whenever it is read. Its condition may ask for other segments, by their ids, but never for itself, by
//! way of however many others; one that is asked for stays.
//!
//! Owns `analytics_segments`, `analytics_segment_people`, `analytics_segment_uses`.

mod api;
mod asking;
mod shelf;
mod store;
mod views;

pub use api::{SegmentApi, segment_routes};
pub use views::SegmentView;

pub(in crate::analytics) use self::asking::narrowed;
pub(in crate::analytics) use self::shelf::Shelf;
use self::shelf::{Definition, condition_of};
use self::store::SegmentRow;
use super::engine::audience::{Audience, Condition};
use super::engine::flaw::Flaw;
use super::engine::people::PersonSet;
use super::error::AnalyticsError;
use super::rules::is_title;
use crate::platform::db::{DbError, DbResult, Tx};
use crate::platform::http::Staff;
use crate::staff::audit::{self, AuditEntry};

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
        /// They fulfil a condition whenever it is asked.
        Living = "living",
    }
}

/// A segment on its way in.
struct NewSegment<'a> {
    name: &'a str,
    kind: SegmentKind,
    definition: String,
    people: u64,
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
    let definition = definition.to_owned();
    let new = NewSegment { name, kind: SegmentKind::Fixed, definition, people: persons.len() };
    let row = insert(tx, staff, &new)?;
    store::insert_people(tx, row.id, persons.iter().map(i64::from))?;
    Ok(row.into())
}

/// Keeps a condition as a living segment, which `people` fulfil now.
///
/// # Errors
/// As [`keep`], and [`AnalyticsError::SegmentNotFound`] when it asks for one that is gone.
fn keep_living<P>(
    tx: &mut Tx<'_>,
    staff: &Staff<P>,
    name: &str,
    condition: &Condition,
    people: u64,
) -> Result<SegmentView, AnalyticsError> {
    store::lock(tx)?;
    let used = used_by(tx, condition)?;
    let definition = written(condition)?;
    let row = insert(tx, staff, &NewSegment { name, kind: SegmentKind::Living, definition, people })?;
    store::insert_uses(tx, row.id, &used)?;
    Ok(row.into())
}

fn insert<P>(tx: &mut Tx<'_>, staff: &Staff<P>, new: &NewSegment<'_>) -> Result<SegmentRow, AnalyticsError> {
    if store::count(tx)? >= MAX_SEGMENTS {
        return Err(AnalyticsError::TooManySegments);
    }
    let now = tx.now();
    let row = SegmentRow {
        id: SegmentId::new(tx.next_id()),
        name: title(new.name)?,
        kind: new.kind,
        definition: new.definition.clone(),
        as_of: (new.kind == SegmentKind::Fixed).then_some(now),
        people: i64::try_from(new.people).unwrap_or(i64::MAX),
        counted_at: now,
        created_by: staff.staff_id,
        created_at: now,
        updated_at: now,
    };
    if !store::insert(tx, &row)? {
        return Err(AnalyticsError::SegmentNameTaken);
    }
    note(tx, staff, "analytics.keep_segment", &row)?;
    Ok(row)
}

/// Gives a living segment another name and condition, which `people` fulfil now.
///
/// # Errors
/// As [`keep_living`], [`AnalyticsError::SegmentFixed`], and [`AnalyticsError::SegmentCycle`].
fn change<P>(
    tx: &mut Tx<'_>,
    staff: &Staff<P>,
    id: SegmentId,
    name: &str,
    (condition, people): (&Condition, u64),
) -> Result<SegmentView, AnalyticsError> {
    store::lock(tx)?;
    let before = changeable(tx, id, condition)?;
    let used = used_by(tx, condition)?;
    let now = tx.now();
    let row = SegmentRow {
        name: title(name)?,
        definition: written(condition)?,
        people: i64::try_from(people).unwrap_or(i64::MAX),
        counted_at: now,
        updated_at: now,
        ..before
    };
    let taken = |error: DbError| match error {
        error if error.violates(store::ONE_NAME) => AnalyticsError::SegmentNameTaken,
        error => error.into(),
    };
    store::change(tx, &row).map_err(taken)?;
    store::remove_uses(tx, id)?;
    store::insert_uses(tx, id, &used)?;
    note(tx, staff, "analytics.change_segment", &row)?;
    Ok(row.into())
}

/// The living segment, if it may have that condition.
fn changeable(tx: &mut Tx<'_>, id: SegmentId, condition: &Condition) -> Result<SegmentRow, AnalyticsError> {
    let row = find(tx, id)?;
    if row.kind == SegmentKind::Fixed {
        return Err(AnalyticsError::SegmentFixed);
    }
    let mut next: Vec<SegmentId> = used_by(tx, condition)?;
    let mut seen = std::collections::BTreeSet::new();
    while let Some(used) = next.pop() {
        if used == id {
            return Err(AnalyticsError::SegmentCycle);
        }
        if seen.insert(used) {
            next.extend(store::uses_of(tx, used)?);
        }
    }
    Ok(row)
}

fn title(name: &str) -> Result<String, AnalyticsError> {
    let name = name.trim();
    if is_title(name) { Ok(name.to_owned()) } else { Err(AnalyticsError::SegmentNameInvalid) }
}

fn written(condition: &Condition) -> DbResult<String> {
    let definition = Definition { condition: condition.clone() };
    serde_json::to_string(&definition).map_err(|error| DbError::Defect(error.to_string()))
}

/// Checks a condition but for the segments that it asks for.
fn check(condition: &Condition) -> Result<(), Flaw> {
    Audience { as_of: 0, condition: condition.clone() }.validate()
}

/// The segments that a condition asks for itself, all of which there are.
fn used_by(tx: &mut Tx<'_>, condition: &Condition) -> Result<Vec<SegmentId>, AnalyticsError> {
    let unknown = || Flaw::new("condition", "audience_unknown");
    let mut used = Vec::new();
    for name in condition.references() {
        let id: SegmentId = name.parse().map_err(|_| unknown())?;
        store::find(tx, id)?.ok_or_else(unknown)?;
        used.push(id);
    }
    Ok(used)
}

fn note<P>(tx: &mut Tx<'_>, staff: &Staff<P>, action: &str, row: &SegmentRow) -> DbResult<()> {
    let entry = AuditEntry {
        staff_id: staff.staff_id,
        action,
        subject_kind: "segment",
        subject_id: Some(row.id.get()),
        reason: None,
        before: None,
        after: Some(serde_json::json!({ "name": row.name, "kind": row.kind, "people": row.people })),
        origin: &staff.origin,
    };
    audit::record(tx, &entry)
}

fn find(tx: &mut Tx<'_>, id: SegmentId) -> Result<SegmentRow, AnalyticsError> {
    store::find(tx, id)?.ok_or(AnalyticsError::SegmentNotFound)
}

fn remove<P>(tx: &mut Tx<'_>, staff: &Staff<P>, id: SegmentId) -> Result<(), AnalyticsError> {
    store::lock(tx)?;
    let row = find(tx, id)?;
    if store::is_used(tx, id)? {
        return Err(AnalyticsError::SegmentInUse);
    }
    store::remove(tx, id)?;
    Ok(note(tx, staff, "analytics.remove_segment", &row)?)
}
