//! The endpoints of coupons for staff.

mod codes;
mod coupons;
mod drops;
mod grants;
mod templates;
mod views;

use actix_web::web;
use serde::Deserialize;
use utoipa::ToSchema;

use super::service::AtDesk;
use crate::platform::http::Staff;

/// The endpoints for staff.
#[derive(utoipa::OpenApi)]
#[openapi(paths(
    templates::create_coupon_template,
    templates::list_coupon_templates,
    templates::show_coupon_template,
    templates::rewrite_coupon_template,
    templates::change_coupon_offer,
    templates::activate_coupon_template,
    templates::pause_coupon_template,
    templates::end_coupon_template,
    templates::list_users_of_coupon_template,
    templates::show_coupon_figures,
    templates::export_coupons,
    codes::make_coupon_codes,
    codes::list_coupon_code_batches,
    codes::void_coupon_codes,
    grants::grant_coupon,
    grants::grant_coupon_to_many,
    grants::list_coupon_grants,
    grants::show_coupon_grant,
    coupons::search_coupons,
    coupons::show_coupon_to_staff,
    coupons::revoke_coupon,
    drops::plan_coupon_drop,
    drops::show_coupon_drop,
    drops::extend_coupon_drop
))]
pub struct AdminApi;

/// Registers the endpoints for staff.
pub fn admin_routes(config: &mut web::ServiceConfig) {
    config
        .service(templates::create_coupon_template)
        .service(templates::list_coupon_templates)
        .service(templates::show_coupon_template)
        .service(templates::rewrite_coupon_template)
        .service(templates::change_coupon_offer)
        .service(templates::activate_coupon_template)
        .service(templates::pause_coupon_template)
        .service(templates::end_coupon_template)
        .service(templates::list_users_of_coupon_template)
        .service(templates::show_coupon_figures)
        .service(templates::export_coupons)
        .service(codes::make_coupon_codes)
        .service(codes::list_coupon_code_batches)
        .service(codes::void_coupon_codes)
        .service(grants::grant_coupon)
        .service(grants::grant_coupon_to_many)
        .service(grants::list_coupon_grants)
        .service(grants::show_coupon_grant)
        .service(coupons::search_coupons)
        .service(coupons::show_coupon_to_staff)
        .service(coupons::revoke_coupon)
        .service(drops::plan_coupon_drop)
        .service(drops::show_coupon_drop)
        .service(drops::extend_coupon_drop);
}

/// Why, in staff's words.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CouponReason {
    /// Why, 1–200 characters.
    #[schema(example = "发错活动", min_length = 1, max_length = 200)]
    pub reason: String,
}

fn desk<P>(staff: &Staff<P>) -> AtDesk {
    AtDesk { staff_id: staff.staff_id, origin: staff.origin.clone() }
}
