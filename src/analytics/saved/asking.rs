//! Asking what was kept as JSON: its analysis is found by name, and what moves with time is filled in.

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::{Value, json};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};

use crate::analytics::engine::analysis::{Table, Tabular as _};
use crate::analytics::engine::calendar::{Range, Zone};
use crate::analytics::engine::dataset::Dataset;
use crate::analytics::engine::flaw::{EngineError, Flaw, expect};
use crate::analytics::error::AnalyticsError;
use crate::analytics::reports::{Called, Question, Reports, View, Visitor, every};
use crate::kernel::time::Timestamp;

/// Most days that a question may look back.
pub(super) const MAX_DAYS: i64 = 366;
/// Most bytes of a definition.
const MAX_DEFINITION: usize = 64 * 1_024;
/// Most bytes of an answer that is kept.
const MAX_ANSWER: usize = 8 * 1_024 * 1_024;

/// An analysis, called as in its path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AnalysisName(pub(super) String);

impl<'de> Deserialize<'de> for AnalysisName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = Self(String::deserialize(deserializer)?);
        if name.found().is_none() { Err(D::Error::custom("there is no such analysis")) } else { Ok(name) }
    }
}

impl utoipa::PartialSchema for AnalysisName {
    fn schema() -> RefOr<Schema> {
        let mut names = Names(Vec::new());
        every(&mut names);
        let schema = ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("An analysis, called as in its path."))
            .enum_values(Some(names.0))
            .examples([json!("funnels")]);
        RefOr::T(Schema::Object(schema.build()))
    }
}

impl utoipa::ToSchema for AnalysisName {}

impl AnalysisName {
    fn found(&self) -> Option<Found> {
        let mut finding = Finding { wanted: &self.0, found: None };
        every(&mut finding);
        finding.found
    }
}

struct Names(Vec<&'static str>);

impl Visitor for Names {
    fn visit<A: Question>(&mut self, called: Called) {
        self.0.push(called.path);
    }
}

struct Finding<'a> {
    wanted: &'a str,
    found: Option<Found>,
}

/// An analysis whose type is known to its functions only.
#[derive(Clone, Copy)]
struct Found {
    called: Called,
    check: fn(Value) -> Result<(), AnalyticsError>,
    answer: fn(Value, &Dataset) -> Result<Answered, EngineError>,
}

impl Visitor for Finding<'_> {
    fn visit<A: Question>(&mut self, called: Called) {
        if called.path == self.wanted {
            self.found = Some(Found { called, check: check::<A>, answer: answer::<A> });
        }
    }
}

fn check<A: Question>(definition: Value) -> Result<(), AnalyticsError> {
    let question: A = serde_json::from_value(definition).map_err(|problem| {
        let details = json!({ "field": "definition", "reason": "malformed", "problem": problem.to_string() });
        AnalyticsError::QuestionInvalid(details)
    })?;
    Ok(question.validate()?)
}

fn answer<A: Question>(definition: Value, data: &Dataset) -> Result<Answered, EngineError> {
    let malformed = |_| Flaw::new("definition", "malformed");
    let question: A = serde_json::from_value(definition).map_err(malformed)?;
    question.validate()?;
    let answer = question.answer(data)?;
    Ok(Answered {
        at: Timestamp::from_millis(data.now),
        asked: serde_json::to_string(&question).map_err(malformed)?,
        answer: serde_json::to_string(&answer).map_err(malformed)?,
        table: answer.table(),
    })
}

/// What was answered, and to what.
#[derive(Clone, Debug)]
pub(super) struct Answered {
    /// As of when.
    pub(super) at: Timestamp,
    /// The definition with everything filled in, as JSON.
    pub(super) asked: String,
    /// The answer, as JSON.
    pub(super) answer: String,
    /// The answer, as a table.
    pub(super) table: Table,
}

/// A question as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Keepable {
    /// Which analysis.
    pub(super) analysis: AnalysisName,
    /// Its definition.
    pub(super) definition: Value,
    /// Whether what figures leave out counts too.
    pub(super) show_all: bool,
    /// How many days up to today it is about; otherwise it says so itself.
    pub(super) last_days: Option<i64>,
}

impl Keepable {
    fn found(&self) -> Result<Found, AnalyticsError> {
        Ok(self.analysis.found().ok_or_else(|| Flaw::new("analysis", "no_such_analysis"))?)
    }

    /// Checks that it could be asked now.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn check(&self, now: Timestamp, zone: &Zone) -> Result<(), AnalyticsError> {
        let found = self.found()?;
        expect(self.definition.to_string().len() <= MAX_DEFINITION, "definition", "too_long")?;
        (found.check)(self.filled_in(found.called, now.millis(), zone)?)
    }

    /// The definition as it is asked now.
    fn filled_in(&self, called: Called, now: i64, zone: &Zone) -> Result<Value, Flaw> {
        let mut definition = self.definition.clone();
        let fields = definition.as_object_mut().ok_or_else(|| Flaw::new("definition", "malformed"))?;
        let moment = || json!(Timestamp::from_millis(now));
        if let Some(days) = self.last_days {
            expect(called.ranged, "last_days", "no_range")?;
            expect((1..=MAX_DAYS).contains(&days), "last_days", "out_of_range")?;
            let tomorrow = zone.day_of(now).saturating_add(1);
            // What is asked as of a moment knows nothing of what comes after it.
            let to = if called.at_moment { now } else { zone.start_of(tomorrow) };
            let range = Range { from: zone.start_of(tomorrow.saturating_sub(days)), to };
            fields.insert("range".to_owned(), json!(range));
        }
        if called.at_moment && (self.last_days.is_some() || !fields.contains_key("as_of")) {
            fields.insert("as_of".to_owned(), moment());
        }
        Ok(definition)
    }

    /// Asks it.
    ///
    /// # Errors
    /// What is wrong with it, [`AnalyticsError::TooBusy`], [`AnalyticsError::AnswerTooLarge`], or the database's.
    pub(super) async fn ask(self, reports: &Reports) -> Result<Answered, AnalyticsError> {
        let found = self.found()?;
        let view =
            View { show_all: self.show_all, with_known: found.called.needs_known, with_users: false, only: None };
        let view = view.for_question(&self.definition);
        let asking = move |data: &Dataset| {
            let definition = self.filled_in(found.called, data.now, &data.zone)?;
            (found.answer)(definition, data)
        };
        let answered = reports.work(view, asking).await?;
        if answered.answer.len() > MAX_ANSWER { Err(AnalyticsError::AnswerTooLarge) } else { Ok(answered) }
    }
}
