//! SQL on the nightly look at the books.

use diesel::prelude::*;

use super::night::{Night, NightStage};
use crate::kernel::day::Day;
use crate::kernel::page::Cursor;
use crate::kernel::time::Timestamp;
use crate::platform::db::schema::{books_differences as differences, books_nights as nights};
use crate::platform::db::{DbResult, Tx, columns};

/// What one step of a night found.
#[derive(Debug, Clone, Default)]
pub(super) struct Findings {
    /// Rows that were compared.
    pub(super) compared: i64,
    /// What does not agree, with the check that says so.
    pub(super) differences: Vec<(&'static str, String)>,
}

/// Begins a night; false when that day has one.
pub(super) fn begin(tx: &mut Tx<'_>, night: &Night) -> DbResult<bool> {
    let begun = crate::on_backend!(tx.conn()?, conn => {
        diesel::insert_into(nights::table).values(night).on_conflict_do_nothing().execute(conn)
    })?;
    Ok(begun == 1)
}

pub(super) fn has_night(tx: &mut Tx<'_>, day: Day) -> DbResult<bool> {
    let found = nights::table.filter(nights::day.eq(day)).select(nights::id);
    Ok(found.first::<i64>(tx.conn()?).optional()?.is_some())
}

pub(super) fn night(tx: &mut Tx<'_>, id: i64) -> DbResult<Option<Night>> {
    Ok(nights::table.find(id).select(columns::<Night>()).first(tx.conn()?).optional()?)
}

/// Until when the latest night reached, whether it ended or not.
pub(super) fn covered_until(tx: &mut Tx<'_>) -> DbResult<Option<Timestamp>> {
    let latest = nights::table.order(nights::id.desc()).select(nights::covers_until);
    Ok(latest.first(tx.conn()?).optional()?)
}

/// Nights, latest first.
pub(super) fn list(tx: &mut Tx<'_>, after: Option<Cursor>, limit: i64) -> DbResult<Vec<Night>> {
    let mut query = nights::table.select(columns::<Night>()).order(nights::id.desc()).limit(limit).into_boxed();
    if let Some(cursor) = after {
        query = query.filter(nights::id.lt(cursor.id));
    }
    Ok(query.load(tx.conn()?)?)
}

/// What these nights found, at most `limit` lines of all of them together, in the order in which it was found.
pub(super) fn differences_of(tx: &mut Tx<'_>, ids: &[i64], limit: i64) -> DbResult<Vec<(i64, String, String)>> {
    let found = differences::table.filter(differences::night_id.eq_any(ids)).order(differences::id).limit(limit);
    let lines = found.select((differences::night_id, differences::check_name, differences::difference));
    Ok(lines.load(tx.conn()?)?)
}

/// Takes a night one step further, if it still stands where it was seen, and writes down what the step found.
pub(super) fn advance(
    tx: &mut Tx<'_>,
    seen: &Night,
    stage: NightStage,
    position: i64,
    findings: &Findings,
) -> DbResult<bool> {
    let now = tx.now();
    let found = i64::try_from(findings.differences.len()).unwrap_or(i64::MAX);
    let still = nights::table
        .filter(nights::id.eq(seen.id))
        .filter(nights::stage.eq(seen.stage))
        .filter(nights::position.eq(seen.position));
    let moved = diesel::update(still)
        .set((
            nights::stage.eq(stage),
            nights::position.eq(position),
            nights::compared.eq(nights::compared + findings.compared),
            nights::differences.eq(nights::differences + found),
            nights::finished_at.eq((stage == NightStage::Finished).then_some(now)),
        ))
        .execute(tx.conn()?)?;
    if moved == 1 {
        for (check, difference) in &findings.differences {
            let line = (
                differences::id.eq(tx.next_id()),
                differences::night_id.eq(seen.id),
                differences::check_name.eq(check),
                differences::difference.eq(difference),
            );
            diesel::insert_into(differences::table).values(line).execute(tx.conn()?)?;
        }
    }
    Ok(moved == 1)
}
