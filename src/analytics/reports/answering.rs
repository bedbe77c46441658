//! The endpoints, the same for every analysis.

use actix_web::{HttpResponse, guard, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::desk::{Reports, View};
use super::questions::{Called, Question, Visitor, every};
use crate::analytics::engine::analysis::Tabular;
use crate::analytics::engine::people::PersonSet;
use crate::analytics::error::AnalyticsError;
use crate::analytics::segments::{self, SegmentId, SegmentView};
use crate::kernel::id::UserId;
use crate::platform::db::Tx;
use crate::platform::http::{ApiResult, Json, Query, Staff, Table};
use crate::staff::permission::{AnalyticsPeople, AnalyticsRead};

/// Most persons that an answer names; a segment holds all.
pub(in crate::analytics) const MOST_TOLD: usize = 1_000;

/// How an answer is wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AnswerFormat {
    /// JSON.
    #[default]
    Json,
    /// A table for spreadsheets.
    Csv,
}

/// How a question is asked.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AskQuery {
    /// How the answer is wanted.
    #[serde(default)]
    #[param(inline)]
    pub(in crate::analytics) format: AnswerFormat,
    /// Whether machines, staff, test accounts, locked-out users and seats the shop filled count too.
    #[serde(default)]
    #[param(example = false)]
    pub(in crate::analytics) show_all: bool,
    /// The segment whose people alone count; without, everybody does.
    #[serde(default)]
    pub(in crate::analytics) segment_id: Option<SegmentId>,
}

/// Whose events count.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PeopleQuery {
    /// Whether machines, staff, test accounts, locked-out users and seats the shop filled count too.
    #[serde(default)]
    #[param(example = false)]
    pub(in crate::analytics) show_all: bool,
    /// The segment whose people alone count; without, everybody does.
    #[serde(default)]
    pub(in crate::analytics) segment_id: Option<SegmentId>,
}

/// A question and the figure of its answer that is meant. In the document it is written out for each analysis.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, bound = "A: Question")]
struct FigureQuestion<A: Question> {
    question: A,
    figure: A::Figure,
    #[serde(default)]
    keep_as: Option<String>,
}

/// The persons behind a figure.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct FigurePeople {
    /// How many persons there are, with those who never logged in.
    #[schema(example = 128)]
    pub people: u64,
    /// How many of them ever logged in.
    #[schema(example = 96)]
    pub users: usize,
    /// The first thousand of those who logged in.
    pub user_ids: Vec<UserId>,
    /// The segment they are kept as; null when they are only told.
    pub segment: Option<SegmentView>,
}

/// Registers a pair of endpoints for every analysis.
pub fn report_routes(config: &mut web::ServiceConfig) {
    every(&mut Routes(config));
}

impl Called {
    async fn view(
        self,
        reports: &Reports,
        (show_all, segment): (bool, Option<SegmentId>),
        with_users: bool,
    ) -> Result<View, AnalyticsError> {
        let only = segments::narrowed(reports, segment).await?;
        Ok(View { show_all, with_known: self.needs_known, with_users, only })
    }
}

struct Routes<'a>(&'a mut web::ServiceConfig);

impl Visitor for Routes<'_> {
    fn visit<A: Question>(&mut self, called: Called) {
        let asking = move |reports, staff, query, question| ask::<A>(called, reports, staff, query, question);
        let listing = move |reports, staff, query, question| list_people::<A>(called, reports, staff, query, question);
        // Guarded as a whole, so that other methods are refused in the usual form.
        let resource = |path: String| web::resource(path).guard(guard::Post());
        self.0
            .service(resource(format!("/analytics/{}", called.path)).to(asking))
            .service(resource(format!("/analytics/{}/people", called.path)).to(listing));
    }
}

async fn ask<A: Question>(
    called: Called,
    reports: web::Data<Reports>,
    (_staff, names_users): (Staff<AnalyticsRead>, Option<Staff<AnalyticsPeople>>),
    query: Query<AskQuery>,
    question: Json<A>,
) -> ApiResult<HttpResponse> {
    let view = called.view(&reports, (query.0.show_all, query.0.segment_id), names_users.is_some()).await?;
    let answer = reports.ask(question.0, view).await?;
    Ok(rendered(query.0.format, called.path, &answer)?)
}

/// An answer as it is wanted; a table is a file of that name.
///
/// # Errors
/// When the table cannot be written.
pub(in crate::analytics) fn rendered(
    format: AnswerFormat,
    name: &str,
    answer: &impl Tabular,
) -> Result<HttpResponse, AnalyticsError> {
    Ok(match format {
        AnswerFormat::Json => HttpResponse::Ok().json(answer),
        AnswerFormat::Csv => {
            let table = answer.table();
            Table::of_width(&table.headers, table.rows)?.download(&format!("{name}.csv"))
        }
    })
}

async fn list_people<A: Question>(
    called: Called,
    reports: web::Data<Reports>,
    staff: Staff<AnalyticsPeople>,
    query: Query<PeopleQuery>,
    question: Json<FigureQuestion<A>>,
) -> ApiResult<Json<FigurePeople>> {
    let FigureQuestion { question, figure, keep_as } = question.0;
    let definition = serde_json::json!({ "analysis": question, "figure": figure }).to_string();
    let view = called.view(&reports, (query.0.show_all, query.0.segment_id), true).await?;
    let persons = reports.people(question, figure, view).await?;
    Ok(Json(told(&reports, staff, persons, keep_as.map(|name| (name, definition))).await?))
}

/// Tells who some persons are, and keeps them as a segment of a name, with what they are, if that is wanted.
///
/// # Errors
/// What a segment's name deserves, or the database's.
pub(in crate::analytics) async fn told(
    reports: &Reports,
    staff: Staff<AnalyticsPeople>,
    persons: PersonSet,
    keep_as: Option<(String, String)>,
) -> Result<FigurePeople, AnalyticsError> {
    let people = persons.len();
    let mut user_ids = reports.roll().await?.users_of(|person| persons.contains(person));
    let telling = move |tx: &mut Tx<'_>| {
        let segment = match &keep_as {
            Some((name, definition)) => Some(segments::keep(tx, &staff, name, definition, &persons)?),
            None => None,
        };
        Ok::<_, AnalyticsError>(segment)
    };
    let segment = reports.db().write("analytics.people", telling).await?;
    let users = user_ids.len();
    user_ids.truncate(MOST_TOLD);
    Ok(FigurePeople { people, users, user_ids, segment })
}
