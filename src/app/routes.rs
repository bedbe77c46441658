//! Where everything is mounted, and what of it is documented: the one list of capabilities with a face to the outside.

use actix_web::web;
use utoipa::OpenApi as _;
use utoipa::openapi::{ContactBuilder, Info, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, ServerBuilder};

use super::{books, openapi, operations, undelivered};
use crate::platform::http::Refusal;
use crate::platform::http::known_paths::answer_unknown;
use crate::{
    analytics, bargain, campaign, cart, catalog, coupon, digital, entrance, favourite, flash_sale, group_buy, guidance,
    identity, live, order, payment, pick_up, pricing, service_account, share, social_coupon, staff, stock,
};

const SHOPPERS: &str = "/api/v1";
const STAFF: &str = "/admin/v1";

/// Mounts every capability.
pub(super) fn mount(cfg: &mut web::ServiceConfig) {
    let shoppers = web::scope(SHOPPERS)
        .configure(catalog::shopper_routes)
        .configure(favourite::shopper_routes)
        .configure(cart::shopper_routes)
        .configure(pricing::shopper_routes)
        .configure(pick_up::shopper_routes)
        .configure(order::shopper_routes)
        .configure(digital::shopper_routes)
        .configure(coupon::shopper_routes)
        .configure(payment::shopper_routes)
        .configure(share::shopper_routes)
        .configure(campaign::shopper_routes)
        .configure(flash_sale::shopper_routes)
        .configure(group_buy::shopper_routes)
        .configure(bargain::shopper_routes)
        .configure(social_coupon::shopper_routes)
        .configure(live::shopper_routes)
        .configure(live::stream_viewer_routes)
        .configure(service_account::shopper_routes)
        .configure(guidance::shopper_routes)
        .configure(live::audience_routes)
        .configure(analytics::shopper_routes)
        .configure(identity::shopper_routes);
    let staff = web::scope(STAFF)
        .configure(staff::admin_routes)
        .configure(entrance::admin_routes)
        .configure(identity::admin_routes)
        .configure(catalog::admin_routes)
        .configure(favourite::admin_routes)
        .configure(stock::admin_routes)
        .configure(pricing::admin_routes)
        .configure(pricing::freight::admin_routes)
        .configure(pick_up::admin_routes)
        .configure(order::admin_routes)
        .configure(digital::admin_routes)
        .configure(coupon::admin_routes)
        .configure(payment::admin_routes)
        .configure(campaign::admin_routes)
        .configure(flash_sale::admin_routes)
        .configure(group_buy::admin_routes)
        .configure(bargain::admin_routes)
        .configure(social_coupon::admin_routes)
        .configure(live::admin_routes)
        .configure(live::stream_staff_routes)
        .configure(live::official_staff_routes)
        .configure(share::admin_routes)
        .configure(service_account::admin_routes)
        .configure(analytics::admin_routes)
        .configure(analytics::export_routes)
        .configure(analytics::overview_routes)
        .configure(analytics::ready_made_routes)
        .configure(analytics::report_routes)
        .configure(analytics::segment_routes)
        .configure(analytics::saved_routes)
        .configure(analytics::effect_routes)
        .configure(books::admin_routes)
        .configure(undelivered::admin_routes);
    cfg.service(shoppers)
        .service(staff)
        .configure(payment::hook_routes)
        .configure(service_account::hook_routes)
        .configure(live::hook_routes)
        .configure(analytics::hook_routes)
        .configure(operations::operation_routes)
        .default_service(web::to(answer_unknown));
}

/// What the document says of itself.
fn information() -> Info {
    InfoBuilder::new()
        .title("Hourglass")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "A social-commerce backend for WeChat mini-programs. Shoppers' endpoints are under `/api/v1`, the back \
             office's under `/admin/v1`. Money is in fen, ids are strings, times are RFC 3339 in UTC. Lists go on with \
             `next_cursor`. Every refusal is `{code, message, details}`; codes are stable.",
        ))
        .contact(Some(ContactBuilder::new().name(Some("Hourglass")).build()))
        .license(Some(LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build()))
        .build()
}

/// What the capabilities declare, under the paths they are mounted at.
pub(super) fn declared() -> OpenApi {
    let here = ServerBuilder::new().url("/").build();
    let whole = OpenApiBuilder::new().info(information()).servers(Some([here])).build();
    let shoppers = [
        catalog::ShopperApi::openapi(),
        favourite::ShopperApi::openapi(),
        cart::ShopperApi::openapi(),
        pricing::ShopperApi::openapi(),
        pick_up::ShopperApi::openapi(),
        order::ShopperApi::openapi(),
        digital::ShopperApi::openapi(),
        coupon::ShopperApi::openapi(),
        payment::ShopperApi::openapi(),
        share::ShopperApi::openapi(),
        campaign::ShopperApi::openapi(),
        flash_sale::ShopperApi::openapi(),
        group_buy::ShopperApi::openapi(),
        bargain::ShopperApi::openapi(),
        social_coupon::ShopperApi::openapi(),
        live::ShopperApi::openapi(),
        live::StreamViewerApi::openapi(),
        service_account::ShopperApi::openapi(),
        guidance::ShopperApi::openapi(),
        live::AudienceApi::openapi(),
        analytics::ShopperApi::openapi(),
        identity::ShopperApi::openapi(),
    ];
    let staff = [
        staff::AdminApi::openapi(),
        entrance::AdminApi::openapi(),
        identity::AdminApi::openapi(),
        catalog::AdminApi::openapi(),
        favourite::AdminApi::openapi(),
        stock::AdminApi::openapi(),
        pricing::AdminApi::openapi(),
        pricing::freight::AdminApi::openapi(),
        pick_up::AdminApi::openapi(),
        order::AdminApi::openapi(),
        digital::AdminApi::openapi(),
        coupon::AdminApi::openapi(),
        payment::AdminApi::openapi(),
        campaign::AdminApi::openapi(),
        flash_sale::AdminApi::openapi(),
        share::AdminApi::openapi(),
        group_buy::AdminApi::openapi(),
        bargain::AdminApi::openapi(),
        social_coupon::AdminApi::openapi(),
        live::AdminApi::openapi(),
        live::StreamStaffApi::openapi(),
        live::OfficialStaffApi::openapi(),
        service_account::AdminApi::openapi(),
        analytics::AdminApi::openapi(),
        analytics::OverviewApi::openapi().merge_from(analytics::ReadyMadeApi::openapi()),
        analytics::ReportApi::openapi().merge_from(analytics::ExportApi::openapi()),
        analytics::SegmentApi::openapi(),
        analytics::SavedApi::openapi(),
        analytics::EffectApi::openapi(),
        books::AdminApi::openapi(),
        undelivered::AdminApi::openapi(),
    ];
    let whole = shoppers.into_iter().fold(whole, |whole, api| whole.nest(SHOPPERS, api));
    let whole = staff.into_iter().fold(whole, |whole, api| whole.nest(STAFF, api));
    whole
        .merge_from(payment::HookApi::openapi())
        .merge_from(service_account::HookApi::openapi())
        .merge_from(live::HookApi::openapi())
        .merge_from(analytics::HookApi::openapi())
        .merge_from(operations::OperationsApi::openapi())
}

/// Every refusal there is.
pub(super) fn refusals() -> Vec<&'static Refusal> {
    let catalogues = [
        catalog::CatalogError::CATALOGUE,
        favourite::FavouriteError::CATALOGUE,
        entrance::EntranceError::CATALOGUE,
        identity::IdentityError::CATALOGUE,
        staff::StaffError::CATALOGUE,
        stock::StockError::CATALOGUE,
        pricing::PricingError::CATALOGUE,
        pricing::freight::FreightError::CATALOGUE,
        cart::CartError::CATALOGUE,
        pick_up::PickUpError::CATALOGUE,
        order::OrderError::CATALOGUE,
        digital::DigitalError::CATALOGUE,
        coupon::CouponError::CATALOGUE,
        payment::PaymentError::CATALOGUE,
        share::ShareError::CATALOGUE,
        service_account::ServiceAccountError::CATALOGUE,
        guidance::GuidanceError::CATALOGUE,
        campaign::CampaignError::CATALOGUE,
        flash_sale::FlashSaleError::CATALOGUE,
        group_buy::GroupBuyError::CATALOGUE,
        bargain::BargainError::CATALOGUE,
        social_coupon::SocialCouponError::CATALOGUE,
        live::LiveError::CATALOGUE,
        analytics::AnalyticsError::CATALOGUE,
        books::BooksError::CATALOGUE,
        undelivered::UndeliveredError::CATALOGUE,
    ];
    openapi::general_refusals().chain(catalogues.into_iter().flatten()).collect()
}
