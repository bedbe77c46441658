//! The endpoints of coupons for shoppers.

pub(super) mod views;

use actix_web::{get, post, web};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use self::views::{BestCouponsView, ClaimableCouponsView, CouponDetailView, CouponSummaryView, CouponView};
use super::model::{CouponId, CouponTemplateId};
use super::service::{self, OfferedTo, Redemption, Trace};
use super::store::Shelf;
use crate::catalog::ProductId;
use crate::kernel::id::CampaignId;
use crate::kernel::page::Page;
use crate::platform::db::Db;
use crate::platform::http::{
    ApiResult, Created, IdempotencyKey, Json, MaybeShopper, Origin, PageQuery, Path, Query, Shopper,
};
use crate::pricing::{BasketLine, OfferClaim, Offers, QuoteRequest};

/// The endpoints for shoppers.
#[derive(utoipa::OpenApi)]
#[openapi(
    paths(
        list_own_coupons,
        count_own_coupons,
        list_claimable_coupons,
        claim_coupon,
        redeem_coupon_code,
        compare_coupons,
        show_own_coupon
    ),
    components(schemas(CouponShelf))
)]
pub struct ShopperApi;

/// Registers the endpoints for shoppers.
pub fn shopper_routes(config: &mut web::ServiceConfig) {
    config
        .service(list_own_coupons)
        .service(count_own_coupons)
        .service(list_claimable_coupons)
        .service(claim_coupon)
        .service(redeem_coupon_code)
        .service(compare_coupons)
        .service(show_own_coupon);
}

/// A part of a wallet.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CouponShelf {
    /// What can still be used or is in an unpaid order, by when it ends.
    #[default]
    Held,
    /// What was used, latest first.
    Used,
    /// What is over or was taken back, latest first.
    Over,
}

impl From<CouponShelf> for Shelf {
    fn from(shelf: CouponShelf) -> Self {
        match shelf {
            CouponShelf::Held => Self::Held,
            CouponShelf::Used => Self::Used,
            CouponShelf::Over => Self::Over,
        }
    }
}

/// Which coupons to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OwnCouponsQuery {
    /// Which part of the wallet; what is held when absent.
    #[serde(default)]
    #[param(inline)]
    pub shelf: CouponShelf,
    /// The `next_cursor` of the page before; absent for the first page.
    pub cursor: Option<String>,
    /// Items wanted, 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<i64>,
}

/// Lists one's own coupons
#[utoipa::path(
    tag = "coupon",
    security(("shopper" = [])),
    params(OwnCouponsQuery),
    responses((status = 200, description = "One page of coupons.", body = Page<CouponView>))
)]
#[get("/coupons")]
pub async fn list_own_coupons(
    db: web::Data<Db>,
    shopper: Shopper,
    query: Query<OwnCouponsQuery>,
) -> ApiResult<Json<Page<CouponView>>> {
    let OwnCouponsQuery { shelf, cursor, limit } = query.0;
    let page = PageQuery { cursor, limit };
    let (after, limit) = (page.cursor()?, page.limit()?);
    let user = shopper.user_id;
    let looking =
        db.read("list_own_coupons", move |tx| service::page_of_user(tx, user, shelf.into(), after, limit)).await?;
    let (page, now) = looking;
    Ok(Json(page.map(|held| CouponView::at(&held, now))))
}

/// Counts one's own coupons
#[utoipa::path(
    tag = "coupon",
    security(("shopper" = [])),
    responses((status = 200, description = "How many there are.", body = CouponSummaryView))
)]
#[get("/coupons/summary")]
pub async fn count_own_coupons(db: web::Data<Db>, shopper: Shopper) -> ApiResult<Json<CouponSummaryView>> {
    let counts = db.read("count_own_coupons", move |tx| service::summary(tx, shopper.user_id)).await?;
    Ok(Json(counts.into()))
}

/// Where offers are shown.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ClaimableCouponsQuery {
    /// Only coupons that are for this product.
    pub product_id: Option<ProductId>,
    /// Only coupons of this campaign.
    pub campaign_id: Option<CampaignId>,
}

/// Lists coupons to take
///
/// Everything shoppers may take themselves now or soon, with why this shopper may not. Before log-in it says what anybody
/// may.
#[utoipa::path(
    tag = "coupon",
    security((), ("shopper" = [])),
    params(ClaimableCouponsQuery),
    responses((status = 200, description = "What is on offer.", body = ClaimableCouponsView))
)]
#[get("/coupons/claimable")]
pub async fn list_claimable_coupons(
    db: web::Data<Db>,
    shopper: MaybeShopper,
    query: Query<ClaimableCouponsQuery>,
) -> ApiResult<Json<ClaimableCouponsView>> {
    let ClaimableCouponsQuery { product_id, campaign_id } = query.0;
    let user = shopper.0.map(|shopper| shopper.user_id);
    let viewer = OfferedTo { user, product: product_id, campaign: campaign_id };
    let (offered, now) = db.read("list_claimable_coupons", move |tx| service::claimable(tx, viewer)).await?;
    let items = offered.into_iter().map(Into::into).collect();
    Ok(Json(ClaimableCouponsView { server_time: now, items }))
}

/// Which coupon to take.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ClaimCoupon {
    /// Of which kind.
    pub template_id: CouponTemplateId,
}

/// Takes a coupon
///
/// Repeating the request under its key answers the same coupon.
#[utoipa::path(
    tag = "coupon",
    security(("shopper" = [])),
    params(("Idempotency-Key" = String, Header, description = "8 to 64 visible characters.")),
    request_body = ClaimCoupon,
    responses((status = 201, description = "The coupon.", body = CouponView))
)]
#[post("/coupons/claims")]
pub async fn claim_coupon(
    db: web::Data<Db>,
    shopper: Shopper,
    origin: Origin,
    key: IdempotencyKey,
    body: Json<ClaimCoupon>,
) -> ApiResult<Created<CouponView>> {
    let (user, template) = (shopper.user_id, body.template_id);
    let trace = Trace { device: shopper.device_id, address: Some(origin.address) };
    let claiming = db.write("claim_coupon", move |tx| {
        let held = service::claim(tx, user, template, (key.as_str(), &trace))?;
        Ok::<_, super::error::CouponError>(CouponView::at(&held, tx.now()))
    });
    Ok(Created(claiming.await?))
}

/// A code that somebody has.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RedeemCouponCode {
    /// The code, in any case, with or without dashes and spaces.
    #[schema(example = "7K4M-9QXT-B2RW", min_length = 1, max_length = 64)]
    pub code: String,
}

/// Redeems a code
///
/// Ten wrong codes within an hour close this to a shopper until the hour is over. Repeating the request under its key
/// answers the same coupon.
#[utoipa::path(
    tag = "coupon",
    security(("shopper" = [])),
    params(("Idempotency-Key" = String, Header, description = "8 to 64 visible characters.")),
    request_body = RedeemCouponCode,
    responses((status = 201, description = "The coupon.", body = CouponView))
)]
#[post("/coupons/codes")]
pub async fn redeem_coupon_code(
    db: web::Data<Db>,
    shopper: Shopper,
    origin: Origin,
    key: IdempotencyKey,
    body: Json<RedeemCouponCode>,
) -> ApiResult<Created<CouponView>> {
    let wish = Redemption {
        user: shopper.user_id,
        code: body.0.code,
        key: key.as_str().to_owned(),
        address: origin.address,
        device: shopper.device_id,
    };
    let redeeming = db.write("redeem_coupon_code", move |tx| {
        let redeemed = service::redeem(tx, &wish)?;
        Ok::<_, crate::platform::db::DbError>(redeemed.map(|held| CouponView::at(&held, tx.now())))
    });
    Ok(Created(redeeming.await??))
}

/// A basket for which coupons are compared.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CompareCoupons {
    /// The basket, 1 to 120 lines.
    pub lines: Vec<BasketLine>,
    /// Other offers chosen, at most 20. Coupons among them are left out: those are what is chosen here.
    #[serde(default)]
    #[schema(example = json!([]))]
    pub claims: Vec<OfferClaim>,
    /// The two digits of the province it is sent to (GB/T 2260); without it the freight stays open.
    #[serde(default)]
    #[schema(example = "44")]
    pub province_code: Option<String>,
}

/// Compares one's own coupons for a basket
///
/// Says of every coupon held what it would save or why it cannot be used, and answers the quote with the choice that
/// saves most: one coupon, or one of the shop and one portion of a packet where both allow it. Nothing is set aside.
#[utoipa::path(
    tag = "coupon",
    security(("shopper" = [])),
    request_body = CompareCoupons,
    responses((status = 200, description = "The coupons compared.", body = BestCouponsView))
)]
#[post("/coupons/best")]
pub async fn compare_coupons(
    db: web::Data<Db>,
    offers: web::Data<Offers>,
    shopper: Shopper,
    body: Json<CompareCoupons>,
) -> ApiResult<Json<BestCouponsView>> {
    let CompareCoupons { lines, claims, province_code } = body.0;
    let request = QuoteRequest { user: Some(shopper.user_id), province_code, picked_up: false, lines, claims };
    let offers = Offers::clone(&offers);
    let comparing =
        db.read("compare_coupons", move |tx| service::compare(tx, &offers, shopper.user_id, request)).await?;
    Ok(Json(comparing.into()))
}

/// Shows one of one's own coupons
#[utoipa::path(
    tag = "coupon",
    security(("shopper" = [])),
    params(("coupon_id" = CouponId, Path, description = "The coupon.")),
    responses((status = 200, description = "The coupon.", body = CouponDetailView))
)]
#[get("/coupons/{coupon_id}")]
pub async fn show_own_coupon(
    db: web::Data<Db>,
    shopper: Shopper,
    path: Path<CouponId>,
) -> ApiResult<Json<CouponDetailView>> {
    let (user, id) = (shopper.user_id, path.0);
    let pocket = db.read("show_own_coupon", move |tx| service::file_of_user(tx, user, id)).await?;
    Ok(Json(pocket.into()))
}
