//! Answers that are given without a person.

use actix_web::{delete, get, post, put, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{desk, service_account};
use crate::entrance::{EntranceId, Entrances};
use crate::kernel::time::Timestamp;
use crate::platform::db::{Db, Tx};
use crate::platform::http::{ApiResult, Created, Json, NoContent, Path, Query, Staff};
use crate::service_account::model::{Matching, Occasion, ReplyContent, ReplyDraft, ReplyId, ReplyRow};
use crate::service_account::service;
use crate::staff::permission::{ServiceAccountRead, ServiceAccountWrite};

/// A new answer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateServiceReply {
    /// Of which service account.
    pub entrance_id: EntranceId,
    /// When it is given.
    pub occasion: Occasion,
    /// How words are looked for; for keywords, and null otherwise.
    #[serde(default)]
    pub matching: Option<Matching>,
    /// Which words, or which menu's key, 1–60 characters; null otherwise.
    #[serde(default)]
    #[schema(example = "发货", min_length = 1, max_length = 60)]
    pub words: Option<String>,
    /// What is answered.
    pub content: ReplyContent,
    /// Whether it is given at all.
    #[schema(example = true)]
    pub enabled: bool,
}

/// What is written about an answer, in place of what was read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeServiceReply {
    /// The version that was read; if it has changed since, nothing is replaced.
    #[schema(example = 1)]
    pub version: i64,
    /// When it is given.
    pub occasion: Occasion,
    /// How words are looked for; for keywords, and null otherwise.
    #[serde(default)]
    pub matching: Option<Matching>,
    /// Which words, or which menu's key, 1–60 characters; null otherwise.
    #[serde(default)]
    #[schema(example = "发货", min_length = 1, max_length = 60)]
    pub words: Option<String>,
    /// What is answered.
    pub content: ReplyContent,
    /// Whether it is given at all.
    #[schema(example = true)]
    pub enabled: bool,
}

/// The order of answers.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OrderServiceReplies {
    /// Of which service account.
    pub entrance_id: EntranceId,
    /// Every answer of it, once.
    #[schema(max_items = 500)]
    pub reply_ids: Vec<ReplyId>,
}

/// An answer.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ServiceReplyView {
    /// The answer.
    pub reply_id: ReplyId,
    /// Of which service account.
    pub entrance_id: EntranceId,
    /// When it is given.
    pub occasion: Occasion,
    /// How words are looked for.
    pub matching: Option<Matching>,
    /// Which words, or which menu's key.
    #[schema(example = "发货")]
    pub words: Option<String>,
    /// What is answered.
    pub content: ReplyContent,
    /// Which of several that fit is given: the lowest.
    #[schema(example = 1)]
    pub position: i64,
    /// Whether it is given at all.
    pub enabled: bool,
    /// Rises with every change.
    #[schema(example = 1)]
    pub version: i64,
    /// When it was written.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl From<(ReplyRow, ReplyContent)> for ServiceReplyView {
    fn from((row, content): (ReplyRow, ReplyContent)) -> Self {
        Self {
            reply_id: row.id,
            entrance_id: row.entrance_id,
            occasion: row.occasion,
            matching: row.matching,
            words: row.words,
            content,
            position: row.position,
            enabled: row.enabled,
            version: row.version,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// The answers of a service account.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ServiceRepliesView {
    /// In their order.
    pub items: Vec<ServiceReplyView>,
}

impl From<Vec<(ReplyRow, ReplyContent)>> for ServiceRepliesView {
    fn from(rows: Vec<(ReplyRow, ReplyContent)>) -> Self {
        Self { items: rows.into_iter().map(ServiceReplyView::from).collect() }
    }
}

/// Which answers to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ServiceReplyQuery {
    /// Of which service account.
    entrance_id: EntranceId,
}

/// Lists the answers of a service account
///
/// In their order, at most 500.
#[utoipa::path(
    tag = "service_account",
    security(("staff" = [])),
    extensions(("x-permission" = json!("service_account.read"))),
    params(ServiceReplyQuery),
    responses((status = 200, description = "The answers.", body = ServiceRepliesView))
)]
#[get("/service-replies")]
pub async fn list_service_replies(
    db: web::Data<Db>,
    _staff: Staff<ServiceAccountRead>,
    query: Query<ServiceReplyQuery>,
) -> ApiResult<Json<ServiceRepliesView>> {
    let entrance = query.0.entrance_id;
    let found = db.read("list_service_replies", move |tx| service::replies(tx, entrance)).await?;
    Ok(Json(found.into()))
}

/// Shows an answer
#[utoipa::path(
    tag = "service_account",
    security(("staff" = [])),
    extensions(("x-permission" = json!("service_account.read"))),
    params(("reply_id" = ReplyId, Path, description = "The answer.")),
    responses((status = 200, description = "The answer.", body = ServiceReplyView))
)]
#[get("/service-replies/{reply_id}")]
pub async fn show_service_reply(
    db: web::Data<Db>,
    _staff: Staff<ServiceAccountRead>,
    path: Path<ReplyId>,
) -> ApiResult<Json<ServiceReplyView>> {
    let Path(id) = path;
    let found = db.read("show_service_reply", move |tx| service::show_reply(tx, id)).await?;
    Ok(Json(found.into()))
}

/// Adds an answer at the end of the order
#[utoipa::path(
    tag = "service_account",
    security(("staff" = [])),
    extensions(("x-permission" = json!("service_account.write"))),
    request_body = CreateServiceReply,
    responses((status = 201, description = "The answer.", body = ServiceReplyView))
)]
#[post("/service-replies")]
pub async fn create_service_reply(
    db: web::Data<Db>,
    entrances: web::Data<Entrances>,
    staff: Staff<ServiceAccountWrite>,
    body: Json<CreateServiceReply>,
) -> ApiResult<Created<ServiceReplyView>> {
    let (Json(body), desk) = (body, desk(&staff));
    let entrance = service_account(&entrances, body.entrance_id)?;
    let CreateServiceReply { occasion, matching, words, content, enabled, .. } = body;
    let draft = ReplyDraft { occasion, matching, words, content, enabled };
    let work = move |tx: &mut Tx<'_>| service::add_reply(tx, &desk, entrance, &draft);
    Ok(Created(db.write("create_service_reply", work).await?.into()))
}

/// Changes an answer
#[utoipa::path(
    tag = "service_account",
    security(("staff" = [])),
    extensions(("x-permission" = json!("service_account.write"))),
    params(("reply_id" = ReplyId, Path, description = "The answer.")),
    request_body = ChangeServiceReply,
    responses((status = 200, description = "The answer after it.", body = ServiceReplyView))
)]
#[put("/service-replies/{reply_id}")]
pub async fn change_service_reply(
    db: web::Data<Db>,
    staff: Staff<ServiceAccountWrite>,
    path: Path<ReplyId>,
    body: Json<ChangeServiceReply>,
) -> ApiResult<Json<ServiceReplyView>> {
    let (Path(id), Json(body), desk) = (path, body, desk(&staff));
    let ChangeServiceReply { version, occasion, matching, words, content, enabled } = body;
    let draft = ReplyDraft { occasion, matching, words, content, enabled };
    let work = move |tx: &mut Tx<'_>| service::change_reply(tx, &desk, id, version, &draft);
    Ok(Json(db.write("change_service_reply", work).await?.into()))
}

/// Removes an answer
#[utoipa::path(
    tag = "service_account",
    security(("staff" = [])),
    extensions(("x-permission" = json!("service_account.write"))),
    params(("reply_id" = ReplyId, Path, description = "The answer.")),
    responses((status = 204, description = "It is gone."))
)]
#[delete("/service-replies/{reply_id}")]
pub async fn remove_service_reply(
    db: web::Data<Db>,
    staff: Staff<ServiceAccountWrite>,
    path: Path<ReplyId>,
) -> ApiResult<NoContent> {
    let (Path(id), desk) = (path, desk(&staff));
    db.write("remove_service_reply", move |tx| service::remove_reply(tx, &desk, id)).await?;
    Ok(NoContent)
}

/// Puts the answers of a service account into an order
///
/// Of several that fit, the first in this order is given.
#[utoipa::path(
    tag = "service_account",
    security(("staff" = [])),
    extensions(("x-permission" = json!("service_account.write"))),
    request_body = OrderServiceReplies,
    responses((status = 200, description = "The answers in their order.", body = ServiceRepliesView))
)]
#[post("/service-reply-orders")]
pub async fn order_service_replies(
    db: web::Data<Db>,
    entrances: web::Data<Entrances>,
    staff: Staff<ServiceAccountWrite>,
    body: Json<OrderServiceReplies>,
) -> ApiResult<Json<ServiceRepliesView>> {
    let (Json(body), desk) = (body, desk(&staff));
    let entrance = service_account(&entrances, body.entrance_id)?;
    let work = move |tx: &mut Tx<'_>| service::order_replies(tx, &desk, entrance, &body.reply_ids);
    Ok(Json(db.write("order_service_replies", work).await?.into()))
}
