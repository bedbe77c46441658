//! Keeping questions and what was answered.

use serde_json::Value;

use super::SavedQuestionId;
use super::asking::{AnalysisName, Answered, Keepable};
use super::store::{self, AnswerRow, SavedRow};
use crate::analytics::error::AnalyticsError;
use crate::analytics::rules::is_title;
use crate::analytics::translated;
use crate::kernel::time::{MINUTE_MS, Timestamp};
use crate::platform::db::{DbError, DbResult, Tx};
use crate::platform::http::Staff;
use crate::staff::audit::{self, AuditEntry};

/// Most saved questions of a shop.
const MAX_SAVED: i64 = 500;
/// The shortest pause between two answers in the background, in minutes.
pub(super) const LEAST_MINUTES: i64 = 5;
/// The longest, in minutes: a day.
pub(super) const MOST_MINUTES: i64 = 1_440;
/// How long whoever asks has before another may: longer than any question takes.
const LEASE_MS: i64 = 10 * MINUTE_MS;
/// When a question that found no turn is tried again.
const BUSY_MS: i64 = MINUTE_MS;

/// What staff say about a question.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    pub(super) name: String,
    pub(super) question: Keepable,
    pub(super) every_minutes: Option<i64>,
}

impl SavedRow {
    /// The question as it is asked.
    ///
    /// # Errors
    /// When what is stored is no JSON, which is a defect.
    pub(super) fn question(&self) -> Result<Keepable, AnalyticsError> {
        Ok(Keepable {
            analysis: AnalysisName(self.analysis.clone()),
            definition: read(&self.definition)?,
            show_all: self.show_all,
            last_days: self.last_days,
        })
    }
}

fn read(text: &str) -> DbResult<Value> {
    serde_json::from_str(text).map_err(|error| DbError::Defect(format!("a saved question is no JSON: {error}")))
}

/// Checks a wish; answers its name and definition as they are kept.
fn checked(tx: &Tx<'_>, wish: &Wish) -> Result<(String, String), AnalyticsError> {
    let name = wish.name.trim().to_owned();
    if !is_title(&name) {
        return Err(AnalyticsError::SavedQuestionNameInvalid);
    }
    let paced = wish.every_minutes.is_none_or(|minutes| (LEAST_MINUTES..=MOST_MINUTES).contains(&minutes));
    crate::analytics::engine::flaw::expect(paced, "every_minutes", "out_of_range")?;
    wish.question.check(tx.now(), &translated::zone(tx.zone()))?;
    let mut definition = wish.question.definition.clone();
    if let (Some(_), Some(fields)) = (wish.question.last_days, definition.as_object_mut()) {
        // They are set whenever it is asked, so what was sent means nothing.
        fields.remove("range");
        fields.remove("as_of");
    }
    Ok((name, definition.to_string()))
}

/// Keeps a new question.
///
/// # Errors
/// What is wrong with it, [`AnalyticsError::SavedQuestionNameTaken`], [`AnalyticsError::TooManySavedQuestions`], or the
/// database's.
pub(super) fn keep<P>(tx: &mut Tx<'_>, staff: &Staff<P>, wish: &Wish) -> Result<SavedRow, AnalyticsError> {
    let (name, definition) = checked(tx, wish)?;
    if store::count(tx)? >= MAX_SAVED {
        return Err(AnalyticsError::TooManySavedQuestions);
    }
    let now = tx.now();
    let row = SavedRow {
        id: SavedQuestionId::new(tx.next_id()),
        name,
        analysis: wish.question.analysis.0.clone(),
        definition,
        show_all: wish.question.show_all,
        last_days: wish.question.last_days,
        every_minutes: wish.every_minutes,
        revision: 1,
        due_at: wish.every_minutes.map(|_| now),
        computed_at: None,
        failed_at: None,
        last_error: None,
        created_by: staff.staff_id,
        created_at: now,
        updated_at: now,
    };
    if !store::insert(tx, &row)? {
        return Err(AnalyticsError::SavedQuestionNameTaken);
    }
    note(tx, staff, "analytics.save_question", None, Some(&row))?;
    Ok(row)
}

/// Puts another question in the place of one; its answer stays when the same is asked.
///
/// # Errors
/// As [`keep`], and [`AnalyticsError::SavedQuestionNotFound`].
pub(super) fn change<P>(
    tx: &mut Tx<'_>,
    staff: &Staff<P>,
    id: SavedQuestionId,
    wish: &Wish,
) -> Result<SavedRow, AnalyticsError> {
    let before = find(tx, id)?;
    let (name, definition) = checked(tx, wish)?;
    let now = tx.now();
    let row = SavedRow {
        name,
        analysis: wish.question.analysis.0.clone(),
        definition,
        show_all: wish.question.show_all,
        last_days: wish.question.last_days,
        every_minutes: wish.every_minutes,
        due_at: wish.every_minutes.map(|_| now),
        updated_at: now,
        ..before.clone()
    };
    let taken = |error: DbError| match error {
        error if error.violates(store::ONE_NAME) => AnalyticsError::SavedQuestionNameTaken,
        error => error.into(),
    };
    if !store::change(tx, &row).map_err(taken)? {
        return Err(AnalyticsError::SavedQuestionNotFound);
    }
    if before.question()? != row.question()? {
        store::forget_answer(tx, id)?;
    }
    note(tx, staff, "analytics.change_question", Some(&before), Some(&row))?;
    find(tx, id)
}

pub(super) fn find(tx: &mut Tx<'_>, id: SavedQuestionId) -> Result<SavedRow, AnalyticsError> {
    store::find(tx, id)?.ok_or(AnalyticsError::SavedQuestionNotFound)
}

pub(super) fn remove<P>(tx: &mut Tx<'_>, staff: &Staff<P>, id: SavedQuestionId) -> Result<(), AnalyticsError> {
    let row = find(tx, id)?;
    store::remove(tx, id)?;
    Ok(note(tx, staff, "analytics.remove_question", Some(&row), None)?)
}

fn note<P>(
    tx: &mut Tx<'_>,
    staff: &Staff<P>,
    action: &str,
    before: Option<&SavedRow>,
    after: Option<&SavedRow>,
) -> DbResult<()> {
    let told = |row: &SavedRow| {
        serde_json::json!({
            "name": row.name, "analysis": row.analysis, "definition": row.definition, "show_all": row.show_all,
            "last_days": row.last_days, "every_minutes": row.every_minutes,
        })
    };
    let entry = AuditEntry {
        staff_id: staff.staff_id,
        action,
        subject_kind: "saved_question",
        subject_id: after.or(before).map(|row| row.id.get()),
        reason: None,
        before: before.map(told),
        after: after.map(told),
        origin: &staff.origin,
    };
    audit::record(tx, &entry)
}

/// The last answer.
///
/// # Errors
/// [`AnalyticsError::SavedQuestionNotFound`], [`AnalyticsError::NotAnsweredYet`], or the database's.
pub(super) fn last_answer(tx: &mut Tx<'_>, id: SavedQuestionId) -> Result<(SavedRow, Answered), AnalyticsError> {
    let row = find(tx, id)?;
    let kept = store::answer(tx, id)?.ok_or(AnalyticsError::SavedQuestionNotFound)?;
    let AnswerRow { computed_at: Some(at), asked: Some(asked), answer: Some(answer), spreadsheet: Some(table), .. } =
        kept
    else {
        return Err(AnalyticsError::NotAnsweredYet);
    };
    let table = serde_json::from_str(&table).map_err(|error| DbError::Defect(error.to_string()))?;
    Ok((row, Answered { at, asked, answer, table }))
}

/// Keeps what was answered to a question as it was then.
///
/// # Errors
/// The database's.
pub(super) fn keep_answer(tx: &mut Tx<'_>, question: &SavedRow, answered: &Answered) -> DbResult<()> {
    let table = serde_json::to_string(&answered.table).map_err(|error| DbError::Defect(error.to_string()))?;
    let row = AnswerRow {
        computed_at: Some(answered.at),
        asked: Some(answered.asked.clone()),
        answer: Some(answered.answer.clone()),
        spreadsheet: Some(table),
        failed_at: None,
        last_error: None,
    };
    store::keep(tx, question.id, question.revision, answered.at, row)?;
    Ok(())
}

/// Takes the turn of a question that is due, until when others leave it alone; `None` when none is due or another was
/// faster.
///
/// # Errors
/// The database's.
pub(super) fn take_due(tx: &mut Tx<'_>) -> DbResult<Option<(SavedRow, Timestamp)>> {
    let Some(row) = store::first_due(tx)? else { return Ok(None) };
    let until = tx.now().plus_millis(LEASE_MS);
    Ok(store::postpone(tx, row.id, row.due_at, until)?.then_some((row, until)))
}

/// Ends the turn that was taken until `until`: keeps the answer, or why there is none.
///
/// # Errors
/// The database's.
pub(super) fn end_turn(
    tx: &mut Tx<'_>,
    question: &SavedRow,
    until: Timestamp,
    result: &Result<Answered, AnalyticsError>,
) -> DbResult<()> {
    let pace = question.every_minutes.unwrap_or(MOST_MINUTES).saturating_mul(MINUTE_MS);
    let pause = if matches!(result, Err(AnalyticsError::TooBusy)) { BUSY_MS } else { pace };
    let next = tx.now().plus_millis(pause);
    match result {
        Ok(answered) => keep_answer(tx, question, answered)?,
        Err(why) => store::note_failure(tx, question.id, question.revision, &told(why))?,
    }
    // Whoever changed the question meanwhile said anew when it is due.
    store::postpone(tx, question.id, Some(until), next)?;
    Ok(())
}

/// Why there is no answer, for staff; what went wrong inside is for the log alone.
fn told(why: &AnalyticsError) -> String {
    match why {
        AnalyticsError::Db(_) => "internal".to_owned(),
        AnalyticsError::QuestionInvalid(details) => format!("{why} {details}"),
        _ => why.to_string(),
    }
}
