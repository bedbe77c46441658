//! Single coupons for staff.

use actix_web::{get, post, web};
use serde::Deserialize;
use utoipa::IntoParams;

use super::views::{StaffCouponDetailView, StaffCouponView};
use super::{CouponReason, desk};
use crate::coupon::model::{CouponId, CouponSource, CouponState, CouponTemplateId};
use crate::coupon::service;
use crate::coupon::store::CouponFilter;
use crate::kernel::id::{OrderId, UserId};
use crate::kernel::page::Page;
use crate::platform::db::Db;
use crate::platform::http::{ApiResult, Json, PageQuery, Path, Query, Staff};
use crate::staff::permission::{CouponGrant, CouponRead};

/// Which coupons to find; every condition given must hold.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CouponSearchQuery {
    /// Of this template.
    pub template_id: Option<CouponTemplateId>,
    /// Of this user.
    pub user_id: Option<UserId>,
    /// Reserved for or used in this order.
    pub order_id: Option<OrderId>,
    /// In this state.
    pub state: Option<CouponState>,
    /// From this source.
    pub source: Option<CouponSource>,
    /// The `next_cursor` of the page before; absent for the first page.
    pub cursor: Option<String>,
    /// Items wanted, 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<i64>,
}

/// Finds coupons, latest first
#[utoipa::path(
    tag = "coupon",
    security(("staff" = [])),
    extensions(("x-permission" = json!("coupon.read"))),
    params(CouponSearchQuery),
    responses((status = 200, description = "One page of coupons.", body = Page<StaffCouponView>))
)]
#[get("/coupons")]
pub async fn search_coupons(
    db: web::Data<Db>,
    _staff: Staff<CouponRead>,
    query: Query<CouponSearchQuery>,
) -> ApiResult<Json<Page<StaffCouponView>>> {
    let CouponSearchQuery { template_id, user_id, order_id, state, source, cursor, limit } = query.0;
    let page = PageQuery { cursor, limit };
    let (after, limit) = (page.cursor()?, page.limit()?);
    let filter = CouponFilter { template: template_id, user: user_id, order: order_id, state, source };
    let (page, now) = db.read("search_coupons", move |tx| service::page_for_staff(tx, filter, after, limit)).await?;
    Ok(Json(page.map(|held| StaffCouponView::at(&held, now))))
}

/// Shows a coupon with its uses and its history
#[utoipa::path(
    tag = "coupon",
    security(("staff" = [])),
    extensions(("x-permission" = json!("coupon.read"))),
    params(("coupon_id" = CouponId, Path, description = "The coupon.")),
    responses((status = 200, description = "The coupon.", body = StaffCouponDetailView))
)]
#[get("/coupons/{coupon_id}")]
pub async fn show_coupon_to_staff(
    db: web::Data<Db>,
    _staff: Staff<CouponRead>,
    path: Path<CouponId>,
) -> ApiResult<Json<StaffCouponDetailView>> {
    let id = path.0;
    let file = db.read("show_coupon_to_staff", move |tx| service::file_for_staff(tx, id)).await?;
    Ok(Json(file.into()))
}

/// Takes a coupon back
///
/// Only one that is in its user's hands: what is reserved belongs to an order.
#[utoipa::path(
    tag = "coupon",
    security(("staff" = [])),
    extensions(("x-permission" = json!("coupon.grant"))),
    params(("coupon_id" = CouponId, Path, description = "The coupon.")),
    request_body = CouponReason,
    responses((status = 200, description = "The coupon.", body = StaffCouponDetailView))
)]
#[post("/coupons/{coupon_id}/revoke")]
pub async fn revoke_coupon(
    db: web::Data<Db>,
    staff: Staff<CouponGrant>,
    path: Path<CouponId>,
    body: Json<CouponReason>,
) -> ApiResult<Json<StaffCouponDetailView>> {
    let (desk, id) = (desk(&staff), path.0);
    let file = db.write("revoke_coupon", move |tx| service::revoke_by_staff(tx, &desk, id, &body.reason)).await?;
    Ok(Json(file.into()))
}
