//! Templates for staff.

use actix_web::{HttpResponse, get, post, put, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::desk;
use super::views::{CouponFiguresView, CouponTemplateView};
use crate::coupon::draft::CouponTemplateDraft;
use crate::coupon::error::CouponError;
use crate::coupon::model::{CouponFamily, CouponTemplateId, CouponTemplateState, CouponWay};
use crate::coupon::rules::TemplateStep;
use crate::coupon::service::{self, OfferChange};
use crate::coupon::store::TemplateFilter;
use crate::kernel::id::{CampaignId, UserId};
use crate::kernel::page::Page;
use crate::kernel::time::Timestamp;
use crate::platform::db::Db;
use crate::platform::http::{ApiResult, Created, Json, PageQuery, Path, Query, Staff};
use crate::staff::permission::{CouponRead, CouponWrite};

/// Writes a kind of coupon
///
/// As a draft: nobody can have one before it is activated.
#[utoipa::path(
    tag = "coupon",
    security(("staff" = [])),
    extensions(("x-permission" = json!("coupon.write"))),
    request_body = CouponTemplateDraft,
    responses((status = 201, description = "The template.", body = CouponTemplateView))
)]
#[post("/coupon-templates")]
pub async fn create_coupon_template(
    db: web::Data<Db>,
    staff: Staff<CouponWrite>,
    body: Json<CouponTemplateDraft>,
) -> ApiResult<Created<CouponTemplateView>> {
    let desk = desk(&staff);
    let file = db.write("create_coupon_template", move |tx| service::write_draft(tx, &desk, &body)).await?;
    Ok(Created(file.into()))
}

/// Which templates to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CouponTemplatesQuery {
    /// Of this family.
    pub family: Option<CouponFamily>,
    /// In this state.
    pub state: Option<CouponTemplateState>,
    /// Had in this way.
    pub way: Option<CouponWay>,
    /// Of this campaign.
    pub campaign_id: Option<CampaignId>,
    /// The `next_cursor` of the page before; absent for the first page.
    pub cursor: Option<String>,
    /// Items wanted, 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<i64>,
}

/// Lists kinds of coupons, newest first
#[utoipa::path(
    tag = "coupon",
    security(("staff" = [])),
    extensions(("x-permission" = json!("coupon.read"))),
    params(CouponTemplatesQuery),
    responses((status = 200, description = "One page of templates.", body = Page<CouponTemplateView>))
)]
#[get("/coupon-templates")]
pub async fn list_coupon_templates(
    db: web::Data<Db>,
    _staff: Staff<CouponRead>,
    query: Query<CouponTemplatesQuery>,
) -> ApiResult<Json<Page<CouponTemplateView>>> {
    let CouponTemplatesQuery { family, state, way, campaign_id, cursor, limit } = query.0;
    let page = PageQuery { cursor, limit };
    let (after, limit) = (page.cursor()?, page.limit()?);
    let filter = TemplateFilter { family, state, way, campaign: campaign_id };
    let page = db.read("list_coupon_templates", move |tx| service::list(tx, filter, after, limit)).await?;
    Ok(Json(page.map(Into::into)))
}

/// Shows a kind of coupon
#[utoipa::path(
    tag = "coupon",
    security(("staff" = [])),
    extensions(("x-permission" = json!("coupon.read"))),
    params(("template_id" = CouponTemplateId, Path, description = "The template.")),
    responses((status = 200, description = "The template.", body = CouponTemplateView))
)]
#[get("/coupon-templates/{template_id}")]
pub async fn show_coupon_template(
    db: web::Data<Db>,
    _staff: Staff<CouponRead>,
    path: Path<CouponTemplateId>,
) -> ApiResult<Json<CouponTemplateView>> {
    let id = path.0;
    let file = db.read("show_coupon_template", move |tx| service::file_of_template(tx, id)).await?;
    Ok(Json(file.into()))
}

/// A draft written anew.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RewriteCouponTemplate {
    /// The version it was when it was read.
    #[schema(example = 1)]
    pub version: i64,
    /// What it says now.
    pub template: CouponTemplateDraft,
}

/// Writes a draft anew
#[utoipa::path(
    tag = "coupon",
    security(("staff" = [])),
    extensions(("x-permission" = json!("coupon.write"))),
    params(("template_id" = CouponTemplateId, Path, description = "The template.")),
    request_body = RewriteCouponTemplate,
    responses((status = 200, description = "The template.", body = CouponTemplateView))
)]
#[put("/coupon-templates/{template_id}")]
pub async fn rewrite_coupon_template(
    db: web::Data<Db>,
    staff: Staff<CouponWrite>,
    path: Path<CouponTemplateId>,
    body: Json<RewriteCouponTemplate>,
) -> ApiResult<Json<CouponTemplateView>> {
    let (desk, id) = (desk(&staff), path.0);
    let file = db.write("rewrite_coupon_template", move |tx| {
        service::rewrite_draft(tx, &desk, id, (body.version, &body.template))
    });
    Ok(Json(file.await?.into()))
}

/// What may change while coupons can be had. What is left out has no limit.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeCouponOffer {
    /// The version it was when it was read.
    #[schema(example = 2)]
    pub version: i64,
    /// How people read it, 1–30 characters.
    #[schema(example = "满100减10", min_length = 1, max_length = 30)]
    pub title: String,
    /// The small print, at most 500 characters.
    #[serde(default)]
    #[schema(example = "全场通用", max_length = 500)]
    pub description: String,
    /// First moment at which it can no longer be had.
    #[serde(default)]
    #[schema(example = json!(null))]
    pub claims_until: Option<Timestamp>,
    /// Most there may ever be; not below what was issued.
    #[serde(default)]
    #[schema(example = 2000, minimum = 1, maximum = 1_000_000_000)]
    pub total_limit: Option<i64>,
    /// Most there may be in one day of the shop; not below what was issued today.
    #[serde(default)]
    #[schema(example = json!(null), minimum = 1, maximum = 1_000_000_000)]
    pub daily_limit: Option<i64>,
}

/// Changes what may change of a kind of coupon while it can be had
///
/// Its words, its end and how many there may be; never what it is worth.
#[utoipa::path(
    tag = "coupon",
    security(("staff" = [])),
    extensions(("x-permission" = json!("coupon.write"))),
    params(("template_id" = CouponTemplateId, Path, description = "The template.")),
    request_body = ChangeCouponOffer,
    responses((status = 200, description = "The template.", body = CouponTemplateView))
)]
#[put("/coupon-templates/{template_id}/offer")]
pub async fn change_coupon_offer(
    db: web::Data<Db>,
    staff: Staff<CouponWrite>,
    path: Path<CouponTemplateId>,
    body: Json<ChangeCouponOffer>,
) -> ApiResult<Json<CouponTemplateView>> {
    let (desk, id) = (desk(&staff), path.0);
    let ChangeCouponOffer { version, title, description, claims_until, total_limit, daily_limit } = body.0;
    let change = OfferChange { title, description, claims_until, total_limit, daily_limit };
    let file =
        db.write("change_coupon_offer", move |tx| service::change_offer(tx, &desk, id, (version, &change))).await?;
    Ok(Json(file.into()))
}

async fn step(
    db: &Db,
    staff: &Staff<CouponWrite>,
    id: CouponTemplateId,
    step: TemplateStep,
) -> ApiResult<Json<CouponTemplateView>> {
    let desk = desk(staff);
    let file = db.write("move_coupon_template", move |tx| service::audited_move(tx, &desk, id, step)).await?;
    Ok(Json(file.into()))
}

/// Lets coupons of this kind be had
#[utoipa::path(
    tag = "coupon",
    security(("staff" = [])),
    extensions(("x-permission" = json!("coupon.write"))),
    params(("template_id" = CouponTemplateId, Path, description = "The template.")),
    responses((status = 200, description = "The template.", body = CouponTemplateView))
)]
#[post("/coupon-templates/{template_id}/activate")]
pub async fn activate_coupon_template(
    db: web::Data<Db>,
    staff: Staff<CouponWrite>,
    path: Path<CouponTemplateId>,
) -> ApiResult<Json<CouponTemplateView>> {
    step(&db, &staff, path.0, TemplateStep::Activate).await
}

/// Keeps coupons of this kind from being had for a while
#[utoipa::path(
    tag = "coupon",
    security(("staff" = [])),
    extensions(("x-permission" = json!("coupon.write"))),
    params(("template_id" = CouponTemplateId, Path, description = "The template.")),
    responses((status = 200, description = "The template.", body = CouponTemplateView))
)]
#[post("/coupon-templates/{template_id}/pause")]
pub async fn pause_coupon_template(
    db: web::Data<Db>,
    staff: Staff<CouponWrite>,
    path: Path<CouponTemplateId>,
) -> ApiResult<Json<CouponTemplateView>> {
    step(&db, &staff, path.0, TemplateStep::Pause).await
}

/// Keeps coupons of this kind from ever being had again
///
/// Those that are out can still be used.
#[utoipa::path(
    tag = "coupon",
    security(("staff" = [])),
    extensions(("x-permission" = json!("coupon.write"))),
    params(("template_id" = CouponTemplateId, Path, description = "The template.")),
    responses((status = 200, description = "The template.", body = CouponTemplateView))
)]
#[post("/coupon-templates/{template_id}/end")]
pub async fn end_coupon_template(
    db: web::Data<Db>,
    staff: Staff<CouponWrite>,
    path: Path<CouponTemplateId>,
) -> ApiResult<Json<CouponTemplateView>> {
    step(&db, &staff, path.0, TemplateStep::End).await
}

/// Users for whom a template is.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ListUsers {
    /// 1 to 5000 users.
    pub user_ids: Vec<UserId>,
}

/// How many users are on a list.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct ListedUsersView {
    /// How many.
    #[schema(example = 120)]
    pub listed: i64,
}

/// Puts users on the list of a kind of coupon
///
/// For templates whose audience is `list`. Whoever is on it already stays on it.
#[utoipa::path(
    tag = "coupon",
    security(("staff" = [])),
    extensions(("x-permission" = json!("coupon.write"))),
    params(("template_id" = CouponTemplateId, Path, description = "The template.")),
    request_body = ListUsers,
    responses((status = 200, description = "How many are on the list.", body = ListedUsersView))
)]
#[post("/coupon-templates/{template_id}/users")]
pub async fn list_users_of_coupon_template(
    db: web::Data<Db>,
    staff: Staff<CouponWrite>,
    path: Path<CouponTemplateId>,
    body: Json<ListUsers>,
) -> ApiResult<Json<ListedUsersView>> {
    let (desk, id) = (desk(&staff), path.0);
    let listing =
        db.write("list_users_of_coupon_template", move |tx| service::add_to_list(tx, &desk, id, &body.user_ids));
    Ok(Json(ListedUsersView { listed: listing.await? }))
}

/// Shows what became of a kind of coupon
#[utoipa::path(
    tag = "coupon",
    security(("staff" = [])),
    extensions(("x-permission" = json!("coupon.read"))),
    params(("template_id" = CouponTemplateId, Path, description = "The template.")),
    responses((status = 200, description = "The figures.", body = CouponFiguresView))
)]
#[get("/coupon-templates/{template_id}/figures")]
pub async fn show_coupon_figures(
    db: web::Data<Db>,
    _staff: Staff<CouponRead>,
    path: Path<CouponTemplateId>,
) -> ApiResult<Json<CouponFiguresView>> {
    let id = path.0;
    let figures = db.read("show_coupon_figures", move |tx| service::figures(tx, id)).await?;
    Ok(Json(figures.into()))
}

/// Exports the coupons of a kind
///
/// A table with one row for each coupon, the earliest first, as CSV in UTF-8; at most 20000. Who exported how much is
/// written down.
#[utoipa::path(
    tag = "coupon",
    security(("staff" = [])),
    extensions(("x-permission" = json!("coupon.read"))),
    params(("template_id" = CouponTemplateId, Path, description = "The template.")),
    responses((status = 200, description = "The table.", content_type = "text/csv", body = String))
)]
#[get("/coupon-templates/{template_id}/coupons/export")]
pub async fn export_coupons(
    db: web::Data<Db>,
    staff: Staff<CouponRead>,
    path: Path<CouponTemplateId>,
) -> ApiResult<HttpResponse> {
    let (desk, id) = (desk(&staff), path.0);
    let (table, count) = db.read("export_coupons", move |tx| service::table(tx, id)).await?;
    let noting =
        db.write("export_coupons.note", move |tx| Ok::<_, CouponError>(service::note_export(tx, &desk, id, count)?));
    noting.await?;
    Ok(table.download("coupons.csv"))
}
