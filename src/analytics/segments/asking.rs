//! Asking who is in a segment now.

use std::sync::Arc;

use super::shelf::Shelf;
use super::store::{self, SegmentRow};
use super::{SegmentId, SegmentKind};
use crate::analytics::engine::audience::{Condition, compare};
use crate::analytics::engine::people::PersonSet;
use crate::analytics::error::AnalyticsError;
use crate::analytics::reports::{Reports, View};
use crate::kernel::id::UserId;
use crate::kernel::time::Timestamp;
use crate::platform::db::Tx;

/// Conditions may be about anything that is known of people.
const VIEW: View = View { show_all: false, with_known: true, with_users: false, only: None };

/// The people of a segment as of a moment.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) row: SegmentRow,
    pub(super) as_of: Timestamp,
    pub(super) people: u64,
    pub(super) users: Vec<UserId>,
}

/// Who fulfils a condition now.
///
/// # Errors
/// What is wrong with it, [`AnalyticsError::TooBusy`], or the database's.
pub(super) async fn fulfilling(reports: &Reports, condition: Condition) -> Result<PersonSet, AnalyticsError> {
    super::check(&condition)?;
    let asked = condition.clone();
    let shelf = reports.db().read("analytics.shelf", move |tx| Shelf::of(tx, &condition)).await?;
    reports.work(VIEW, move |data| shelf.fulfilling(data, asked)).await
}

/// The persons of a segment that figures are narrowed to; none when they are not.
///
/// # Errors
/// [`AnalyticsError::SegmentNotFound`], [`AnalyticsError::TooBusy`], or the database's.
pub(in crate::analytics) async fn narrowed(
    reports: &Reports,
    segment: Option<SegmentId>,
) -> Result<Option<Arc<PersonSet>>, AnalyticsError> {
    let Some(id) = segment else { return Ok(None) };
    let reading = move |tx: &mut Tx<'_>| {
        super::find(tx, id)?;
        Ok::<_, AnalyticsError>(Shelf::with(tx, id)?)
    };
    let shelf = reports.db().read("analytics.segment", reading).await?;
    Ok(Some(Arc::new(reports.work(VIEW, move |data| shelf.members(data, id)).await?)))
}

/// Who is in a segment now. How many those are is kept of a living one.
///
/// # Errors
/// [`AnalyticsError::SegmentNotFound`], [`AnalyticsError::TooBusy`], or the database's.
pub(super) async fn people(reports: &Reports, id: SegmentId) -> Result<Asked, AnalyticsError> {
    let reading = move |tx: &mut Tx<'_>| Ok::<_, AnalyticsError>((super::find(tx, id)?, Shelf::with(tx, id)?));
    let (row, shelf) = reports.db().read("analytics.segment", reading).await?;
    let work = move |data: &_| Ok((now(data), shelf.members(data, id)?));
    let (as_of, persons) = reports.work(VIEW, work).await?;
    let users = reports.roll().await?.users_of(|person| persons.contains(person));
    let telling = move |tx: &mut Tx<'_>| {
        let mut row = row.clone();
        if row.kind == SegmentKind::Living {
            row.people = i64::try_from(persons.len()).unwrap_or(i64::MAX);
            row.counted_at = as_of;
            store::count_anew(tx, &row)?;
        }
        Ok::<_, AnalyticsError>(Asked { row, as_of, people: persons.len(), users: users.clone() })
    };
    reports.db().write("analytics.segment_people", telling).await
}

/// How two segments overlap now: only the one, both, only the other.
///
/// # Errors
/// [`AnalyticsError::SegmentNotFound`], [`AnalyticsError::TooBusy`], or the database's.
pub(super) async fn overlap(
    reports: &Reports,
    one: SegmentId,
    other: SegmentId,
) -> Result<(Timestamp, (u64, u64, u64)), AnalyticsError> {
    let reading = move |tx: &mut Tx<'_>| {
        super::find(tx, one)?;
        super::find(tx, other)?;
        Ok::<_, AnalyticsError>((Shelf::with(tx, one)?, Shelf::with(tx, other)?))
    };
    let shelves = reports.db().read("analytics.segments", reading).await?;
    let work = move |data: &_| {
        let (one, other) = (shelves.0.members(data, one)?, shelves.1.members(data, other)?);
        Ok((now(data), compare(&one, &other)))
    };
    reports.work(VIEW, work).await
}

fn now(data: &crate::analytics::engine::dataset::Dataset) -> Timestamp {
    Timestamp::from_millis(data.now)
}
