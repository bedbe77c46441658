//! The endpoints.

use actix_web::{HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::catalogue::{self, Asked, Ready};
use crate::analytics::engine::analysis::Tabular as _;
use crate::analytics::engine::calendar::Range;
use crate::analytics::engine::funnel::{Funnel, FunnelAnswer};
use crate::analytics::engine::hourglass::{Hourglass, HourglassAnswer};
use crate::analytics::error::AnalyticsError;
use crate::analytics::intake::{self, ShownNames};
use crate::analytics::reports::{AnswerFormat, Reports, View};
use crate::kernel::time::{DAY_MS, Timestamp};
use crate::platform::http::{ApiResult, Json, Path, Query, Staff, Table};
use crate::staff::permission::AnalyticsRead;

/// The time that is asked about when none is named: 30 days.
const USUAL_MS: i64 = 30 * DAY_MS;

/// The endpoints for staff.
#[derive(utoipa::OpenApi)]
#[openapi(paths(list_ready_made, answer_ready_made))]
pub struct ReadyMadeApi;

/// Registers the endpoints for staff.
pub fn ready_made_routes(config: &mut web::ServiceConfig) {
    config.service(list_ready_made).service(answer_ready_made);
}

/// The definition of a ready-made question.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(example = json!({
    "range": {"from": "2026-03-01T00:00:00.000Z", "to": "2026-03-31T00:00:00.000Z"},
    "steps": [{"event": "product_viewed", "filters": []}, {"event": "order_paid", "filters": []}],
    "window_ms": 1_209_600_000, "order": "ordered", "exclusions": [], "same": null, "unit": "users", "by_day": true,
    "breakdown": null
}))]
pub enum ReadyDefinition {
    /// A funnel.
    Funnel(Funnel),
    /// An hourglass.
    Hourglass(Hourglass),
}

/// What a ready-made question answers.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(untagged)]
pub enum ReadyAnswer {
    /// A funnel's answer.
    Funnel(FunnelAnswer),
    /// An hourglass's answer.
    Hourglass(HourglassAnswer),
}

/// An event that a question speaks of.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SpokenOf {
    /// How events call it.
    #[schema(example = "order_paid")]
    pub event: String,
    /// What staff want it to be shown as; null shows it as it is.
    #[schema(example = "支付订单")]
    pub shown_as: Option<String>,
}

/// A ready-made question.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReadyMade {
    /// Its name.
    #[schema(example = "purchase")]
    pub name: String,
    /// Its title in Chinese.
    #[schema(example = "购买漏斗")]
    pub title_zh: String,
    /// Its title in English.
    #[schema(example = "From looking to paying")]
    pub title_en: String,
    /// Where such questions are asked with a definition of one's own: `POST /admin/v1/analytics/` and this.
    #[schema(example = "funnels")]
    pub asked_at: String,
    /// The whole definition.
    pub definition: ReadyDefinition,
    /// The events it speaks of, in its order.
    pub events: Vec<SpokenOf>,
}

/// Every ready-made question.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReadyMadeList {
    /// The questions.
    pub items: Vec<ReadyMade>,
}

/// A ready-made question with its answer.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ReadyMadeAnswer {
    /// The question.
    pub question: ReadyMade,
    /// The answer.
    pub answer: ReadyAnswer,
}

/// About which time a ready-made question is asked.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ReadyMadeQuery {
    /// The first moment; 30 days before the last when absent.
    #[serde(default)]
    from: Option<Timestamp>,
    /// The first moment no longer asked about; now when absent.
    #[serde(default)]
    to: Option<Timestamp>,
    /// How the answer is wanted.
    #[serde(default)]
    #[param(inline)]
    format: AnswerFormat,
}

/// The time that is asked about.
fn range(now: Timestamp, from: Option<Timestamp>, to: Option<Timestamp>) -> Range {
    let to = to.unwrap_or(now);
    Range { from: from.unwrap_or(to.plus_millis(-USUAL_MS)).millis(), to: to.millis() }
}

fn view(ready: Ready, asked: &Asked, shown: &ShownNames) -> ReadyMade {
    let definition = match asked.clone() {
        Asked::Funnel(funnel) => ReadyDefinition::Funnel(funnel),
        Asked::Hourglass(hourglass) => ReadyDefinition::Hourglass(hourglass),
    };
    let spoken_of = |event: &str| SpokenOf { event: event.to_owned(), shown_as: shown.events.get(event).cloned() };
    ReadyMade {
        name: ready.name.to_owned(),
        title_zh: ready.title_zh.to_owned(),
        title_en: ready.title_en.to_owned(),
        asked_at: asked.path().to_owned(),
        definition,
        events: asked.events().into_iter().map(spoken_of).collect(),
    }
}

/// Lists ready-made questions
///
/// With their complete definitions about the last 30 days, to be asked as they are, or changed and asked where such
/// questions are asked.
#[utoipa::path(
    tag = "analytics", security(("staff" = [])), extensions(("x-permission" = json!("analytics.read"))),
    responses((status = 200, description = "The questions.", body = ReadyMadeList))
)]
#[get("/analytics/ready-made")]
pub async fn list_ready_made(
    reports: web::Data<Reports>,
    _staff: Staff<AnalyticsRead>,
) -> ApiResult<Json<ReadyMadeList>> {
    let shown = reports.db().read("analytics.shown_names", intake::shown_names).await?;
    let range = range(reports.db().clock().now(), None, None);
    let items = catalogue::EVERY.iter().map(|ready| view(*ready, &ready.about(range), &shown)).collect();
    Ok(Json(ReadyMadeList { items }))
}

/// Answers a ready-made question
///
/// With `format=csv` the answer is a table for spreadsheets.
#[utoipa::path(
    tag = "analytics", security(("staff" = [])), extensions(("x-permission" = json!("analytics.read"))),
    params(("name" = String, Path, description = "The question's name.", example = "purchase", max_length = 40), ReadyMadeQuery),
    responses((status = 200, description = "The question and its answer.",
        content((ReadyMadeAnswer = "application/json"), (String = "text/csv"))))
)]
#[get("/analytics/ready-made/{name}")]
pub async fn answer_ready_made(
    reports: web::Data<Reports>,
    _staff: Staff<AnalyticsRead>,
    path: Path<String>,
    query: Query<ReadyMadeQuery>,
) -> ApiResult<HttpResponse> {
    let Path(name) = path;
    let ready = catalogue::find(&name).ok_or(AnalyticsError::ReadyMadeNotFound)?;
    let asked = ready.about(range(reports.db().clock().now(), query.0.from, query.0.to));
    let shown = reports.db().read("analytics.shown_names", intake::shown_names).await?;
    let question = view(ready, &asked, &shown);
    let (answer, table) = match asked {
        Asked::Funnel(funnel) => {
            let answer = reports.ask(funnel, View::default()).await?;
            let table = answer.table();
            (ReadyAnswer::Funnel(answer), table)
        }
        Asked::Hourglass(hourglass) => {
            let answer = reports.ask(hourglass, View { with_known: true, ..View::default() }).await?;
            let table = answer.table();
            (ReadyAnswer::Hourglass(answer), table)
        }
    };
    Ok(match query.0.format {
        AnswerFormat::Json => HttpResponse::Ok().json(ReadyMadeAnswer { question, answer }),
        AnswerFormat::Csv => {
            let table = Table::of_width(&table.headers, table.rows).map_err(AnalyticsError::from)?;
            table.download(&format!("{}.csv", ready.name))
        }
    })
}
