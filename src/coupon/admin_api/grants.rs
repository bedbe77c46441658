//! Coupons given by staff.

use actix_web::{get, post, web};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::desk;
use super::views::{CouponGrantView, StaffCouponView};
use crate::coupon::error::CouponError;
use crate::coupon::model::{CouponSettings, CouponTemplateId, GrantRunId};
use crate::coupon::service::{self, NewRun};
use crate::kernel::id::UserId;
use crate::kernel::page::Page;
use crate::platform::db::Db;
use crate::platform::http::{ApiResult, Created, IdempotencyKey, Json, PageQuery, Path, Query, Staff};
use crate::staff::permission::{CouponGrant, CouponRead};

/// Whom to give a coupon.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GrantCoupon {
    /// The user.
    pub user_id: UserId,
    /// Why, 1–200 characters.
    #[schema(example = "发货延迟补偿", min_length = 1, max_length = 200)]
    pub reason: String,
}

/// Gives one user a coupon
///
/// Within the limits of the template, and of what one member of staff may give away alone in a day; above those, make it
/// a gift to many, which waits for a second one. Repeating the request under its key answers the same coupon.
#[utoipa::path(
    tag = "coupon",
    security(("staff" = [])),
    extensions(("x-permission" = json!("coupon.grant"))),
    params(
        ("template_id" = CouponTemplateId, Path, description = "The template."),
        ("Idempotency-Key" = String, Header, description = "8 to 64 visible characters.")
    ),
    request_body = GrantCoupon,
    responses((status = 201, description = "The coupon.", body = StaffCouponView))
)]
#[post("/coupon-templates/{template_id}/coupons")]
pub async fn grant_coupon(
    db: web::Data<Db>,
    settings: web::Data<CouponSettings>,
    staff: Staff<CouponGrant>,
    path: Path<CouponTemplateId>,
    key: IdempotencyKey,
    body: Json<GrantCoupon>,
) -> ApiResult<Created<StaffCouponView>> {
    let (desk, id) = (desk(&staff), path.0);
    let granting = db.write("grant_coupon", move |tx| {
        let (whom, why) = ((id, body.user_id), (body.reason.as_str(), key.as_str()));
        let held = service::grant_by_staff(tx, &settings, &desk, whom, why)?;
        Ok::<_, CouponError>(StaffCouponView::at(&held, tx.now()))
    });
    Ok(Created(granting.await?))
}

/// Whom to give a coupon each.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GrantCouponToMany {
    /// 1 to 5000 users.
    pub user_ids: Vec<UserId>,
    /// Why, 1–200 characters.
    #[schema(example = "会员日回馈", min_length = 1, max_length = 200)]
    pub reason: String,
}

/// Gives many users a coupon each
///
/// Done in the background; look at the gift to see how far it got. A gift above the limits, by itself or with
/// what the same member of staff gave away alone that day, begins once a second one agrees. Repeating the request under its key answers the same gift.
#[utoipa::path(
    tag = "coupon",
    security(("staff" = [])),
    extensions(("x-permission" = json!("coupon.grant"))),
    params(
        ("template_id" = CouponTemplateId, Path, description = "The template."),
        ("Idempotency-Key" = String, Header, description = "8 to 64 visible characters.")
    ),
    request_body = GrantCouponToMany,
    responses((status = 201, description = "The gift.", body = CouponGrantView))
)]
#[post("/coupon-templates/{template_id}/grants")]
pub async fn grant_coupon_to_many(
    db: web::Data<Db>,
    settings: web::Data<CouponSettings>,
    staff: Staff<CouponGrant>,
    path: Path<CouponTemplateId>,
    key: IdempotencyKey,
    body: Json<GrantCouponToMany>,
) -> ApiResult<Created<CouponGrantView>> {
    let desk = desk(&staff);
    let GrantCouponToMany { user_ids, reason } = body.0;
    let new = NewRun { template: path.0, users: user_ids, reason, key: key.as_str().to_owned() };
    let file = db.write("grant_coupon_to_many", move |tx| service::ask_run(tx, &settings, &desk, &new)).await?;
    Ok(Created(file.into()))
}

/// Which gifts to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CouponGrantsQuery {
    /// Of this template.
    pub template_id: Option<CouponTemplateId>,
    /// The `next_cursor` of the page before; absent for the first page.
    pub cursor: Option<String>,
    /// Items wanted, 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<i64>,
}

/// Lists gifts to many users, newest first
#[utoipa::path(
    tag = "coupon",
    security(("staff" = [])),
    extensions(("x-permission" = json!("coupon.read"))),
    params(CouponGrantsQuery),
    responses((status = 200, description = "One page of gifts.", body = Page<CouponGrantView>))
)]
#[get("/coupon-grants")]
pub async fn list_coupon_grants(
    db: web::Data<Db>,
    _staff: Staff<CouponRead>,
    query: Query<CouponGrantsQuery>,
) -> ApiResult<Json<Page<CouponGrantView>>> {
    let CouponGrantsQuery { template_id, cursor, limit } = query.0;
    let page = PageQuery { cursor, limit };
    let (after, limit) = (page.cursor()?, page.limit()?);
    let page = db.read("list_coupon_grants", move |tx| service::page_of_runs(tx, template_id, after, limit)).await?;
    Ok(Json(page.map(Into::into)))
}

/// Shows a gift to many users
#[utoipa::path(
    tag = "coupon",
    security(("staff" = [])),
    extensions(("x-permission" = json!("coupon.read"))),
    params(("run_id" = GrantRunId, Path, description = "The gift.")),
    responses((status = 200, description = "The gift.", body = CouponGrantView))
)]
#[get("/coupon-grants/{run_id}")]
pub async fn show_coupon_grant(
    db: web::Data<Db>,
    _staff: Staff<CouponRead>,
    path: Path<GrantRunId>,
) -> ApiResult<Json<CouponGrantView>> {
    let id = path.0;
    let file = db.read("show_coupon_grant", move |tx| service::file_of_run(tx, id)).await?;
    Ok(Json(file.into()))
}
