//! SQL on saved questions.

use diesel::prelude::*;

use super::SavedQuestionId;
use crate::kernel::id::StaffId;
use crate::kernel::page::{Cursor, Page};
use crate::kernel::time::Timestamp;
use crate::platform::db::schema::analytics_saved_questions as saved;
use crate::platform::db::{Constraint, DbResult, Tx, columns};

/// One question of a name.
pub(super) const ONE_NAME: Constraint =
    Constraint { index: "analytics_saved_questions_name", columns: "analytics_saved_questions.name" };

/// A saved question without its answer, which may be large.
#[derive(Clone, Debug, Queryable, Selectable, Insertable)]
#[diesel(table_name = saved, treat_none_as_default_value = false)]
pub(super) struct SavedRow {
    pub(super) id: SavedQuestionId,
    pub(super) name: String,
    pub(super) analysis: String,
    pub(super) definition: String,
    pub(super) show_all: bool,
    pub(super) last_days: Option<i64>,
    pub(super) every_minutes: Option<i64>,
    /// Rises with every change of what is asked.
    pub(super) revision: i64,
    /// When it is asked next; whoever asks moves it.
    pub(super) due_at: Option<Timestamp>,
    pub(super) computed_at: Option<Timestamp>,
    pub(super) failed_at: Option<Timestamp>,
    pub(super) last_error: Option<String>,
    pub(super) created_by: StaffId,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

/// What was answered last.
#[derive(Clone, Debug, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = saved, treat_none_as_default_value = false, treat_none_as_null = true)]
pub(super) struct AnswerRow {
    pub(super) computed_at: Option<Timestamp>,
    pub(super) asked: Option<String>,
    pub(super) answer: Option<String>,
    pub(super) spreadsheet: Option<String>,
    pub(super) failed_at: Option<Timestamp>,
    pub(super) last_error: Option<String>,
}

/// No answer.
const NOTHING: AnswerRow =
    AnswerRow { computed_at: None, asked: None, answer: None, spreadsheet: None, failed_at: None, last_error: None };

/// Writes a question, unless its name is taken.
pub(super) fn insert(tx: &mut Tx<'_>, row: &SavedRow) -> DbResult<bool> {
    let written = crate::on_backend!(tx.conn()?, conn => {
        diesel::insert_into(saved::table).values(row).on_conflict(saved::name).do_nothing().execute(conn)
    })?;
    Ok(written == 1)
}

pub(super) fn count(tx: &mut Tx<'_>) -> DbResult<i64> {
    Ok(saved::table.count().get_result(tx.conn()?)?)
}

pub(super) fn find(tx: &mut Tx<'_>, id: SavedQuestionId) -> DbResult<Option<SavedRow>> {
    Ok(saved::table.find(id).select(columns::<SavedRow>()).first(tx.conn()?).optional()?)
}

/// Questions, newest first.
pub(super) fn page(tx: &mut Tx<'_>, after: Option<Cursor>, limit: i64) -> DbResult<Page<SavedRow>> {
    let mut rows = saved::table.into_boxed();
    if let Some(Cursor { id, .. }) = after {
        rows = rows.filter(saved::id.lt(id));
    }
    let rows = rows.order(saved::id.desc()).limit(limit.saturating_add(1)).select(columns::<SavedRow>());
    Ok(Page::cut(rows.load(tx.conn()?)?, limit, |row| Cursor { key: 0, id: row.id.get() }))
}

/// Writes what staff may change; says whether it is still there.
pub(super) fn change(tx: &mut Tx<'_>, row: &SavedRow) -> DbResult<bool> {
    let update = diesel::update(saved::table.find(row.id)).set((
        saved::name.eq(&row.name),
        saved::analysis.eq(&row.analysis),
        saved::definition.eq(&row.definition),
        saved::show_all.eq(row.show_all),
        saved::last_days.eq(row.last_days),
        saved::every_minutes.eq(row.every_minutes),
        saved::due_at.eq(row.due_at),
        saved::revision.eq(saved::revision + 1),
        saved::updated_at.eq(row.updated_at),
    ));
    Ok(update.execute(tx.conn()?)? == 1)
}

/// Forgets the answer to what was asked before.
pub(super) fn forget_answer(tx: &mut Tx<'_>, id: SavedQuestionId) -> DbResult<()> {
    diesel::update(saved::table.find(id)).set(NOTHING).execute(tx.conn()?)?;
    Ok(())
}

pub(super) fn remove(tx: &mut Tx<'_>, id: SavedQuestionId) -> DbResult<()> {
    diesel::delete(saved::table.find(id)).execute(tx.conn()?)?;
    Ok(())
}

pub(super) fn answer(tx: &mut Tx<'_>, id: SavedQuestionId) -> DbResult<Option<AnswerRow>> {
    Ok(saved::table.find(id).select(columns::<AnswerRow>()).first(tx.conn()?).optional()?)
}

/// Keeps an answer to a revision of a question, unless it was changed or has a later answer.
pub(super) fn keep(
    tx: &mut Tx<'_>,
    id: SavedQuestionId,
    revision: i64,
    at: Timestamp,
    answer: AnswerRow,
) -> DbResult<bool> {
    let wanted = saved::table
        .find(id)
        .filter(saved::revision.eq(revision))
        .filter(saved::computed_at.is_null().or(saved::computed_at.le(at)));
    Ok(diesel::update(wanted).set(answer).execute(tx.conn()?)? == 1)
}

/// Notes that a question could not be answered; the answer before it stays.
pub(super) fn note_failure(tx: &mut Tx<'_>, id: SavedQuestionId, revision: i64, why: &str) -> DbResult<()> {
    let now = tx.now();
    let wanted = saved::table.find(id).filter(saved::revision.eq(revision));
    diesel::update(wanted)
        .set((saved::failed_at.eq(Some(now)), saved::last_error.eq(Some(why))))
        .execute(tx.conn()?)?;
    Ok(())
}

/// The question that has been due for longest.
pub(super) fn first_due(tx: &mut Tx<'_>) -> DbResult<Option<SavedRow>> {
    let now = tx.now();
    let due = saved::table.filter(saved::due_at.le(Some(now))).order((saved::due_at, saved::id));
    Ok(due.select(columns::<SavedRow>()).first(tx.conn()?).optional()?)
}

/// Moves the moment at which a question is due, unless somebody else did.
pub(super) fn postpone(tx: &mut Tx<'_>, id: SavedQuestionId, from: Option<Timestamp>, to: Timestamp) -> DbResult<bool> {
    let mine = saved::table.find(id).filter(saved::due_at.eq(from));
    Ok(diesel::update(mine).set(saved::due_at.eq(Some(to))).execute(tx.conn()?)? == 1)
}
