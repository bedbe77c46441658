//! Saved questions on the wire.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::SavedQuestionId;
use super::asking::{AnalysisName, Answered, Keepable};
use super::kept::Wish;
use super::store::SavedRow;
use crate::analytics::error::AnalyticsError;
use crate::kernel::id::StaffId;
use crate::kernel::time::Timestamp;
use crate::platform::db::{DbError, DbResult};

/// A question to be kept.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SavedQuestionBody {
    /// How it is called.
    #[schema(min_length = 1, max_length = 60, example = "近七天下单漏斗")]
    pub name: String,
    /// Which analysis it is for.
    pub analysis: AnalysisName,
    /// What is asked, as that analysis takes it. Without `as_of` it is asked as of now each time.
    #[schema(
        value_type = Object,
        example = json!({
            "steps": [{"event": "product_viewed"}, {"event": "order_placed"}, {"event": "order_paid"}],
            "window_ms": 86_400_000
        })
    )]
    pub definition: Value,
    /// The `range` is so many whole days of the shop's zone up to today, each time it is asked; null takes the one of
    /// the definition.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 366, example = 7)]
    pub last_days: Option<i64>,
    /// It is asked anew every so many minutes; null for only when somebody asks.
    #[serde(default)]
    #[schema(minimum = 5, maximum = 1440, example = 60)]
    pub every_minutes: Option<i64>,
    /// Whether machines, staff, test accounts, locked-out users and seats the shop filled count too.
    #[serde(default)]
    #[schema(example = false)]
    pub show_all: bool,
}

impl From<SavedQuestionBody> for Wish {
    fn from(body: SavedQuestionBody) -> Self {
        let SavedQuestionBody { name, analysis, definition, last_days, every_minutes, show_all } = body;
        Self { name, question: Keepable { analysis, definition, show_all, last_days }, every_minutes }
    }
}

/// A saved question.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SavedQuestionView {
    /// The question.
    pub saved_question_id: SavedQuestionId,
    /// How it is called.
    #[schema(example = "近七天下单漏斗")]
    pub name: String,
    /// Which analysis it is for.
    pub analysis: AnalysisName,
    /// What is asked.
    #[schema(
        value_type = Object,
        example = json!({"steps": [{"event": "product_viewed"}, {"event": "order_paid"}], "window_ms": 86_400_000})
    )]
    pub definition: Value,
    /// How many days up to today it is about; null when the definition says so.
    #[schema(example = 7)]
    pub last_days: Option<i64>,
    /// After how many minutes it is asked anew; null for only when somebody asks.
    #[schema(example = 60)]
    pub every_minutes: Option<i64>,
    /// Whether what figures leave out counts too.
    #[schema(example = false)]
    pub show_all: bool,
    /// When it is asked next by itself.
    pub due_at: Option<Timestamp>,
    /// As of when the last answer is; null before the first.
    pub computed_at: Option<Timestamp>,
    /// When it last could not be answered, if no answer came since.
    pub failed_at: Option<Timestamp>,
    /// Why.
    #[schema(example = "analytics.too_busy")]
    pub last_error: Option<String>,
    /// Who made it.
    pub created_by: StaffId,
    /// When.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl SavedQuestionView {
    /// The question of a row.
    ///
    /// # Errors
    /// When what is stored is no JSON, which is a defect.
    pub(super) fn of(row: SavedRow) -> Result<Self, AnalyticsError> {
        let question = row.question()?;
        Ok(Self {
            saved_question_id: row.id,
            name: row.name,
            analysis: question.analysis,
            definition: question.definition,
            last_days: row.last_days,
            every_minutes: row.every_minutes,
            show_all: row.show_all,
            due_at: row.due_at,
            computed_at: row.computed_at,
            failed_at: row.failed_at,
            last_error: row.last_error,
            created_by: row.created_by,
            created_at: row.created_at,
            updated_at: row.updated_at,
        })
    }
}

/// What was answered to a saved question.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SavedAnswerView {
    /// The question.
    pub saved_question_id: SavedQuestionId,
    /// Which analysis it is for.
    pub analysis: AnalysisName,
    /// As of when.
    pub computed_at: Timestamp,
    /// What was asked, with everything filled in.
    #[schema(
        value_type = Object,
        example = json!({
            "range": {"from": "2026-01-24T16:00:00.000Z", "to": "2026-01-31T16:00:00.000Z"},
            "steps": [{"event": "product_viewed"}, {"event": "order_paid"}], "window_ms": 86_400_000
        })
    )]
    pub definition: Box<RawValue>,
    /// The answer, as that analysis gives it.
    #[schema(value_type = Object, example = json!({"steps": [{"event": "product_viewed", "reached": 128}]}))]
    pub answer: Box<RawValue>,
}

impl SavedAnswerView {
    /// The answer to a question.
    ///
    /// # Errors
    /// When what is stored is no JSON, which is a defect.
    pub(super) fn of(row: &SavedRow, answered: &Answered) -> DbResult<Self> {
        let raw =
            |text: &str| RawValue::from_string(text.to_owned()).map_err(|error| DbError::Defect(error.to_string()));
        Ok(Self {
            saved_question_id: row.id,
            analysis: AnalysisName(row.analysis.clone()),
            computed_at: answered.at,
            definition: raw(&answered.asked)?,
            answer: raw(&answered.answer)?,
        })
    }
}
