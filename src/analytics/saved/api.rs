//! The endpoints of saved questions.

use actix_web::{HttpResponse, delete, get, post, put, web};
use serde::Deserialize;
use utoipa::IntoParams;

use super::SavedQuestionId;
use super::asking::Answered;
use super::kept::{self, Wish};
use super::store::{self, SavedRow};
use super::views::{SavedAnswerView, SavedQuestionBody, SavedQuestionView};
use crate::analytics::error::AnalyticsError;
use crate::analytics::reports::{AnswerFormat, Reports};
use crate::kernel::page::Page;
use crate::platform::db::{Db, Tx};
use crate::platform::http::{ApiResult, Created, Json, NoContent, PageQuery, Path, Query, Staff, Table};
use crate::staff::permission::AnalyticsRead;

/// The endpoints for staff.
#[derive(utoipa::OpenApi)]
#[openapi(paths(
    list_saved_questions,
    save_question,
    show_saved_question,
    change_saved_question,
    remove_saved_question,
    show_saved_answer,
    answer_saved_question
))]
pub struct SavedApi;

/// Registers the endpoints for staff.
pub fn saved_routes(config: &mut web::ServiceConfig) {
    config
        .service(list_saved_questions)
        .service(save_question)
        .service(show_saved_answer)
        .service(answer_saved_question)
        .service(show_saved_question)
        .service(change_saved_question)
        .service(remove_saved_question);
}

/// How an answer is wanted.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SavedAnswerQuery {
    /// How the answer is wanted.
    #[serde(default)]
    #[param(inline)]
    format: AnswerFormat,
}

/// Lists saved questions
///
/// Newest first.
#[utoipa::path(
    tag = "analytics", security(("staff" = [])), extensions(("x-permission" = json!("analytics.read"))),
    params(PageQuery),
    responses((status = 200, description = "A page of questions.", body = Page<SavedQuestionView>))
)]
#[get("/analytics/saved-questions")]
pub async fn list_saved_questions(
    db: web::Data<Db>,
    _staff: Staff<AnalyticsRead>,
    query: Query<PageQuery>,
) -> ApiResult<Json<Page<SavedQuestionView>>> {
    let (after, limit) = (query.0.cursor()?, query.0.limit()?);
    let Page { items, next_cursor } =
        db.read("analytics.saved_questions", move |tx| store::page(tx, after, limit)).await?;
    let items = items.into_iter().map(SavedQuestionView::of).collect::<Result<_, AnalyticsError>>()?;
    Ok(Json(Page { items, next_cursor }))
}

/// Keeps a question
///
/// It is checked as if it were asked. With `every_minutes` it is answered in the background from now on.
#[utoipa::path(
    tag = "analytics", security(("staff" = [])), extensions(("x-permission" = json!("analytics.read"))),
    request_body = SavedQuestionBody,
    responses((status = 201, description = "The question.", body = SavedQuestionView))
)]
#[post("/analytics/saved-questions")]
pub async fn save_question(
    db: web::Data<Db>,
    staff: Staff<AnalyticsRead>,
    body: Json<SavedQuestionBody>,
) -> ApiResult<Created<SavedQuestionView>> {
    let wish = Wish::from(body.0);
    let row = db.write("analytics.save_question", move |tx| kept::keep(tx, &staff, &wish)).await?;
    Ok(Created(SavedQuestionView::of(row)?))
}

/// Shows a saved question
#[utoipa::path(
    tag = "analytics", security(("staff" = [])), extensions(("x-permission" = json!("analytics.read"))),
    params(("saved_question_id" = SavedQuestionId, Path, description = "The question.")),
    responses((status = 200, description = "The question.", body = SavedQuestionView))
)]
#[get("/analytics/saved-questions/{saved_question_id}")]
pub async fn show_saved_question(
    db: web::Data<Db>,
    _staff: Staff<AnalyticsRead>,
    path: Path<SavedQuestionId>,
) -> ApiResult<Json<SavedQuestionView>> {
    let Path(id) = path;
    let row = db.read("analytics.saved_question", move |tx| kept::find(tx, id)).await?;
    Ok(Json(SavedQuestionView::of(row)?))
}

/// Changes a saved question
///
/// Everything is replaced. The last answer stays when the same is asked as before.
#[utoipa::path(
    tag = "analytics", security(("staff" = [])), extensions(("x-permission" = json!("analytics.read"))),
    params(("saved_question_id" = SavedQuestionId, Path, description = "The question.")),
    request_body = SavedQuestionBody,
    responses((status = 200, description = "The question.", body = SavedQuestionView))
)]
#[put("/analytics/saved-questions/{saved_question_id}")]
pub async fn change_saved_question(
    db: web::Data<Db>,
    staff: Staff<AnalyticsRead>,
    path: Path<SavedQuestionId>,
    body: Json<SavedQuestionBody>,
) -> ApiResult<Json<SavedQuestionView>> {
    let (Path(id), wish) = (path, Wish::from(body.0));
    let row = db.write("analytics.change_question", move |tx| kept::change(tx, &staff, id, &wish)).await?;
    Ok(Json(SavedQuestionView::of(row)?))
}

/// Removes a saved question
#[utoipa::path(
    tag = "analytics", security(("staff" = [])), extensions(("x-permission" = json!("analytics.read"))),
    params(("saved_question_id" = SavedQuestionId, Path, description = "The question.")),
    responses((status = 204, description = "It is gone."))
)]
#[delete("/analytics/saved-questions/{saved_question_id}")]
pub async fn remove_saved_question(
    db: web::Data<Db>,
    staff: Staff<AnalyticsRead>,
    path: Path<SavedQuestionId>,
) -> ApiResult<NoContent> {
    let Path(id) = path;
    db.write("analytics.remove_question", move |tx| kept::remove(tx, &staff, id)).await?;
    Ok(NoContent)
}

/// Shows the last answer to a saved question
///
/// Nothing is computed. With `format=csv` the answer is a table for spreadsheets.
#[utoipa::path(
    tag = "analytics", security(("staff" = [])), extensions(("x-permission" = json!("analytics.read"))),
    params(("saved_question_id" = SavedQuestionId, Path, description = "The question."), SavedAnswerQuery),
    responses((status = 200, description = "The answer.", content(
        (SavedAnswerView = "application/json"), (String = "text/csv")
    )))
)]
#[get("/analytics/saved-questions/{saved_question_id}/answer")]
pub async fn show_saved_answer(
    db: web::Data<Db>,
    _staff: Staff<AnalyticsRead>,
    path: Path<SavedQuestionId>,
    query: Query<SavedAnswerQuery>,
) -> ApiResult<HttpResponse> {
    let Path(id) = path;
    let (row, answered) = db.read("analytics.saved_answer", move |tx| kept::last_answer(tx, id)).await?;
    rendered(query.0.format, &row, &answered)
}

/// Answers a saved question now
///
/// The answer is kept as the last one. With `format=csv` it is a table for spreadsheets.
#[utoipa::path(
    tag = "analytics", security(("staff" = [])), extensions(("x-permission" = json!("analytics.read"))),
    params(("saved_question_id" = SavedQuestionId, Path, description = "The question."), SavedAnswerQuery),
    responses((status = 200, description = "The answer.", content(
        (SavedAnswerView = "application/json"), (String = "text/csv")
    )))
)]
#[post("/analytics/saved-questions/{saved_question_id}/answer")]
pub async fn answer_saved_question(
    reports: web::Data<Reports>,
    _staff: Staff<AnalyticsRead>,
    path: Path<SavedQuestionId>,
    query: Query<SavedAnswerQuery>,
) -> ApiResult<HttpResponse> {
    let Path(id) = path;
    let row = reports.db().read("analytics.saved_question", move |tx| kept::find(tx, id)).await?;
    let answered = row.question()?.ask(&reports).await?;
    let keeping = move |tx: &mut Tx<'_>| {
        kept::keep_answer(tx, &row, &answered)?;
        Ok::<_, AnalyticsError>((row.clone(), answered.clone()))
    };
    let (row, answered) = reports.db().write("analytics.keep_answer", keeping).await?;
    rendered(query.0.format, &row, &answered)
}

fn rendered(format: AnswerFormat, row: &SavedRow, answered: &Answered) -> ApiResult<HttpResponse> {
    Ok(match format {
        AnswerFormat::Json => {
            HttpResponse::Ok().json(SavedAnswerView::of(row, answered).map_err(AnalyticsError::from)?)
        }
        AnswerFormat::Csv => {
            let table = Table::of_width(&answered.table.headers, answered.table.rows.iter().cloned());
            table.map_err(AnalyticsError::from)?.download(&format!("{}.csv", row.analysis))
        }
    })
}
