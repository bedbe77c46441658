//! The endpoints of effect.

use actix_web::{HttpResponse, post, web};
use serde::Deserialize;
use utoipa::ToSchema;

use super::campaigns::{EffectAnswer, EffectFigure, EffectQuestion};
use crate::analytics::engine::audience;
use crate::analytics::engine::quality::{Quality, QualityAnswer, QualityFigure};
use crate::analytics::error::AnalyticsError;
use crate::analytics::reports::{AskQuery, FigurePeople, PeopleQuery, Reports, View, rendered, told};
use crate::analytics::segments::{self, SegmentId, Shelf};
use crate::campaign;
use crate::kernel::id::CampaignId;
use crate::platform::http::{ApiResult, Json, Path, Query, Staff};
use crate::staff::permission::{AnalyticsPeople, AnalyticsRead};

/// The endpoints for staff.
#[derive(utoipa::OpenApi)]
#[openapi(
    paths(ask_quality, list_quality_people, ask_campaign_effect, list_campaign_effect_people),
    components(schemas(audience::Window, audience::Compare))
)]
pub struct EffectApi;

/// Registers the endpoints for staff.
pub fn effect_routes(config: &mut web::ServiceConfig) {
    config
        .service(ask_quality)
        .service(list_quality_people)
        .service(ask_campaign_effect)
        .service(list_campaign_effect_people);
}

/// Which of the new users are meant.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QualityPeopleBody {
    /// The question.
    pub question: Quality,
    /// The figure of its answer.
    pub figure: QualityFigure,
    /// Keep these persons as a fixed segment of this name.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 60, example = "优质新客")]
    pub keep_as: Option<String>,
}

/// Which people of a campaign's effect are meant.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EffectPeopleBody {
    /// The question.
    pub question: EffectQuestion,
    /// The figure of its answer.
    pub figure: EffectFigure,
    /// Keep these persons as a fixed segment of this name.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 60, example = "活动带来的新客")]
    pub keep_as: Option<String>,
}

async fn view(
    reports: &Reports,
    (show_all, segment): (bool, Option<SegmentId>),
    with_known: bool,
) -> Result<View, AnalyticsError> {
    let only = segments::narrowed(reports, segment).await?;
    Ok(View { show_all, with_known, with_users: false, only })
}

/// The segments that a question asks for.
async fn shelf_of(reports: &Reports, question: &Quality) -> Result<Shelf, AnalyticsError> {
    question.validate()?;
    let condition = question.quality.condition.clone();
    Ok(reports.db().read("analytics.shelf", move |tx| Shelf::of(tx, &condition)).await?)
}

/// Where high-quality users come from, and what they did at first
///
/// New users of a time that has passed, by origin: how many, how many of them of high quality, with Wilson's interval of
/// 95 %, and the lift over all; behaviours of their first three days of at least 30 people, by lift. Associations, not
/// causes. With `format=csv` the origins are a table for spreadsheets.
#[utoipa::path(
    tag = "analytics", security(("staff" = [])), extensions(("x-permission" = json!("analytics.read"))),
    params(AskQuery), request_body = Quality,
    responses((status = 200, description = "The answer.", content(
        (QualityAnswer = "application/json"), (String = "text/csv")
    )))
)]
#[post("/analytics/quality")]
pub async fn ask_quality(
    reports: web::Data<Reports>,
    _staff: Staff<AnalyticsRead>,
    query: Query<AskQuery>,
    question: Json<Quality>,
) -> ApiResult<HttpResponse> {
    let question = question.0;
    let shelf = shelf_of(&reports, &question).await?;
    let work = move |data: &_| question.answer(data, &shelf.for_data(data));
    let answer = reports.work(view(&reports, (query.0.show_all, query.0.segment_id), true).await?, work).await?;
    Ok(rendered(query.0.format, "quality", &answer)?)
}

/// Who is behind a figure: where high-quality users come from
///
/// The first thousand who logged in, and how many there are; with `keep_as` all are kept.
#[utoipa::path(
    tag = "analytics", security(("staff" = [])), extensions(("x-permission" = json!("analytics.people"))),
    params(PeopleQuery), request_body = QualityPeopleBody,
    responses((status = 200, description = "The people.", body = FigurePeople))
)]
#[post("/analytics/quality/people")]
pub async fn list_quality_people(
    reports: web::Data<Reports>,
    staff: Staff<AnalyticsPeople>,
    query: Query<PeopleQuery>,
    body: Json<QualityPeopleBody>,
) -> ApiResult<Json<FigurePeople>> {
    let QualityPeopleBody { question, figure, keep_as } = body.0;
    let definition = serde_json::json!({ "analysis": question, "figure": figure }).to_string();
    let shelf = shelf_of(&reports, &question).await?;
    let work = move |data: &_| question.people(data, &shelf.for_data(data), &figure);
    let persons = reports.work(view(&reports, (query.0.show_all, query.0.segment_id), true).await?, work).await?;
    Ok(Json(told(&reports, staff, persons, keep_as.map(|name| (name, definition))).await?))
}

/// What a campaign cost and brought
///
/// Cost by kind, revenue of the orders that carry it, revenue of the other orders of people whom it brought, return, and
/// what its hold-out says. With `format=csv` the figures are a table for spreadsheets.
#[utoipa::path(
    tag = "analytics", security(("staff" = [])), extensions(("x-permission" = json!("analytics.read"))),
    params(("campaign_id" = CampaignId, Path, description = "The campaign."), AskQuery), request_body = EffectQuestion,
    responses((status = 200, description = "The effect.", content(
        (EffectAnswer = "application/json"), (String = "text/csv")
    )))
)]
#[post("/analytics/campaigns/{campaign_id}/effect")]
pub async fn ask_campaign_effect(
    reports: web::Data<Reports>,
    _staff: Staff<AnalyticsRead>,
    path: Path<CampaignId>,
    query: Query<AskQuery>,
    question: Json<EffectQuestion>,
) -> ApiResult<HttpResponse> {
    let (Path(id), question) = (path, question.0);
    question.validate().map_err(AnalyticsError::from)?;
    let books = reports.db().read("analytics.campaign_outcome", move |tx| campaign::outcome(tx, id)).await?;
    let work = move |data: &_| question.answer(data, id, &books);
    let answer = reports.work(view(&reports, (query.0.show_all, query.0.segment_id), false).await?, work).await?;
    Ok(rendered(query.0.format, &format!("campaign-{id}-effect"), &answer)?)
}

/// Who is behind a figure: what a campaign brought
///
/// The first thousand who logged in, and how many there are; with `keep_as` all are kept.
#[utoipa::path(
    tag = "analytics", security(("staff" = [])), extensions(("x-permission" = json!("analytics.people"))),
    params(("campaign_id" = CampaignId, Path, description = "The campaign."), PeopleQuery),
    request_body = EffectPeopleBody,
    responses((status = 200, description = "The people.", body = FigurePeople))
)]
#[post("/analytics/campaigns/{campaign_id}/effect/people")]
pub async fn list_campaign_effect_people(
    reports: web::Data<Reports>,
    staff: Staff<AnalyticsPeople>,
    path: Path<CampaignId>,
    query: Query<PeopleQuery>,
    body: Json<EffectPeopleBody>,
) -> ApiResult<Json<FigurePeople>> {
    let (Path(id), EffectPeopleBody { question, figure, keep_as }) = (path, body.0);
    question.validate().map_err(AnalyticsError::from)?;
    reports.db().read("analytics.campaign", move |tx| campaign::facts(tx, id)).await?;
    let definition = serde_json::json!({
        "analysis": question, "campaign_id": id, "figure": figure
    })
    .to_string();
    let work = move |data: &_| question.people(data, id, figure);
    let persons = reports.work(view(&reports, (query.0.show_all, query.0.segment_id), false).await?, work).await?;
    Ok(Json(told(&reports, staff, persons, keep_as.map(|name| (name, definition))).await?))
}
