//! Shelves and live prices.

use actix_web::{delete, post, put, web};
use serde::Deserialize;
use utoipa::ToSchema;

use super::desk;
use super::rooms::{StaffLivePriceView, StaffLiveRoomView, view};
use crate::catalog::{ProductId, SkuId};
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;
use crate::live::model::{PriceId, RoomId};
use crate::live::service::planning;
use crate::live::service::selling::{self, PriceDraft};
use crate::platform::db::{Db, Tx};
use crate::platform::http::{ApiResult, Created, Json, NoContent, Path, Staff};
use crate::staff::permission::{LiveRun, LiveWrite};

/// Products for a shelf.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LiveShelfProducts {
    /// Which, in this order; at most 200 on a shelf.
    #[schema(max_items = 200)]
    pub product_ids: Vec<ProductId>,
}

/// Puts products onto a shelf
///
/// After those that are there; what is there already stays where it is.
#[utoipa::path(
    tag = "live",
    security(("staff" = [])),
    extensions(("x-permission" = json!("live.write"))),
    params(("id" = RoomId, Path, description = "The room.")),
    request_body = LiveShelfProducts,
    responses((status = 200, description = "The room.", body = StaffLiveRoomView))
)]
#[post("/live-rooms/{id}/shelf")]
pub async fn shelve_live_products(
    db: web::Data<Db>,
    staff: Staff<LiveWrite>,
    id: Path<RoomId>,
    body: Json<LiveShelfProducts>,
) -> ApiResult<Json<StaffLiveRoomView>> {
    let (id, products, desk) = (id.0, body.0.product_ids, desk(staff));
    let shelve = move |tx: &mut Tx<'_>| {
        planning::shelve(tx, id, &products, &desk)?;
        view(tx, id)
    };
    Ok(Json(db.write("shelve_live_products", shelve).await?))
}

/// Takes a product off a shelf
///
/// Orders of it from the room go on.
#[utoipa::path(
    tag = "live",
    security(("staff" = [])),
    extensions(("x-permission" = json!("live.write"))),
    params(
        ("id" = RoomId, Path, description = "The room."),
        ("product_id" = ProductId, Path, description = "The product.")
    ),
    responses((status = 204, description = "It is off."))
)]
#[delete("/live-rooms/{id}/shelf/{product_id}")]
pub async fn unshelve_live_product(
    db: web::Data<Db>,
    staff: Staff<LiveWrite>,
    path: Path<(RoomId, ProductId)>,
) -> ApiResult<NoContent> {
    let ((id, product), desk) = (path.0, desk(staff));
    db.write("unshelve_live_product", move |tx| planning::unshelve(tx, id, product, &desk)).await?;
    Ok(NoContent)
}

/// Puts a shelf into an order
#[utoipa::path(
    tag = "live",
    security(("staff" = [])),
    extensions(("x-permission" = json!("live.write"))),
    params(("id" = RoomId, Path, description = "The room.")),
    request_body = LiveShelfProducts,
    responses((status = 200, description = "The room.", body = StaffLiveRoomView))
)]
#[put("/live-rooms/{id}/shelf")]
pub async fn order_live_shelf(
    db: web::Data<Db>,
    _staff: Staff<LiveWrite>,
    id: Path<RoomId>,
    body: Json<LiveShelfProducts>,
) -> ApiResult<Json<StaffLiveRoomView>> {
    let (id, products) = (id.0, body.0.product_ids);
    let order = move |tx: &mut Tx<'_>| {
        planning::order_shelf(tx, id, &products)?;
        view(tx, id)
    };
    Ok(Json(db.write("order_live_shelf", order).await?))
}

/// What is explained.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExplainLiveProduct {
    /// Which product of the shelf; null for none.
    pub product_id: Option<ProductId>,
}

/// Explains a product from now on
///
/// On the air, the moment is marked, so that a replay leads back to it.
#[utoipa::path(
    tag = "live",
    security(("staff" = [])),
    extensions(("x-permission" = json!("live.run"))),
    params(("id" = RoomId, Path, description = "The room.")),
    request_body = ExplainLiveProduct,
    responses((status = 200, description = "The room.", body = StaffLiveRoomView))
)]
#[put("/live-rooms/{id}/explaining")]
pub async fn explain_live_product(
    db: web::Data<Db>,
    _staff: Staff<LiveRun>,
    id: Path<RoomId>,
    body: Json<ExplainLiveProduct>,
) -> ApiResult<Json<StaffLiveRoomView>> {
    let (id, product) = (id.0, body.0.product_id);
    let explain = move |tx: &mut Tx<'_>| {
        planning::explain(tx, id, product)?;
        view(tx, id)
    };
    Ok(Json(db.write("explain_live_product", explain).await?))
}

/// The terms of a live price.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LivePriceTerms {
    /// What one piece costs, below its usual price.
    #[schema(example = 9900, minimum = 1)]
    pub price_fen: Fen,
    /// Pieces that may be sold at it; never below what was taken.
    #[schema(example = 100, minimum = 1, maximum = 1_000_000)]
    pub quota: i64,
    /// Pieces one buyer may have.
    #[schema(example = 2, minimum = 1, maximum = 999)]
    pub per_user_limit: i64,
    /// Whether coupons may be used with it.
    #[serde(default = "allowed")]
    #[schema(example = true)]
    pub coupons_allowed: bool,
    /// From when on; null for the beginning of the show.
    #[serde(default)]
    #[schema(example = json!(null))]
    pub starts_at: Option<Timestamp>,
    /// Until when; null for the end of the show.
    #[serde(default)]
    #[schema(example = json!(null))]
    pub ends_at: Option<Timestamp>,
}

const fn allowed() -> bool {
    true
}

impl From<LivePriceTerms> for PriceDraft {
    fn from(terms: LivePriceTerms) -> Self {
        Self {
            price: terms.price_fen,
            quota: terms.quota,
            per_user_limit: terms.per_user_limit,
            coupons_allowed: terms.coupons_allowed,
            starts_at: terms.starts_at,
            ends_at: terms.ends_at,
        }
    }
}

/// A new live price.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetLivePrice {
    /// Of what; its product must be on the shelf.
    pub sku_id: SkuId,
    /// Its terms.
    pub terms: LivePriceTerms,
}

/// Sets a price that holds only in a room
///
/// While the room is live, for orders that claim the room, as long as its quota lasts.
#[utoipa::path(
    tag = "live",
    security(("staff" = [])),
    extensions(("x-permission" = json!("live.write"))),
    params(("id" = RoomId, Path, description = "The room.")),
    request_body = SetLivePrice,
    responses((status = 201, description = "The price.", body = StaffLivePriceView))
)]
#[post("/live-rooms/{id}/prices")]
pub async fn set_live_price(
    db: web::Data<Db>,
    staff: Staff<LiveWrite>,
    id: Path<RoomId>,
    body: Json<SetLivePrice>,
) -> ApiResult<Created<StaffLivePriceView>> {
    let (id, SetLivePrice { sku_id, terms }, desk) = (id.0, body.0, desk(staff));
    let set = move |tx: &mut Tx<'_>| selling::set_price(tx, id, sku_id, terms.into(), &desk);
    Ok(Created(StaffLivePriceView::from(db.write("set_live_price", set).await?)))
}

/// Changes a live price
#[utoipa::path(
    tag = "live",
    security(("staff" = [])),
    extensions(("x-permission" = json!("live.write"))),
    params(
        ("id" = RoomId, Path, description = "The room."),
        ("price_id" = PriceId, Path, description = "The price.")
    ),
    request_body = LivePriceTerms,
    responses((status = 200, description = "The price.", body = StaffLivePriceView))
)]
#[put("/live-rooms/{id}/prices/{price_id}")]
pub async fn change_live_price(
    db: web::Data<Db>,
    staff: Staff<LiveWrite>,
    path: Path<(RoomId, PriceId)>,
    body: Json<LivePriceTerms>,
) -> ApiResult<Json<StaffLivePriceView>> {
    let (path, terms, desk) = (path.0, body.0, desk(staff));
    let change = move |tx: &mut Tx<'_>| selling::change_price(tx, path, terms.into(), &desk);
    Ok(Json(StaffLivePriceView::from(db.write("change_live_price", change).await?)))
}

/// Takes a live price back
///
/// What was taken of it stays sold.
#[utoipa::path(
    tag = "live",
    security(("staff" = [])),
    extensions(("x-permission" = json!("live.write"))),
    params(
        ("id" = RoomId, Path, description = "The room."),
        ("price_id" = PriceId, Path, description = "The price.")
    ),
    responses((status = 204, description = "It holds no more."))
)]
#[delete("/live-rooms/{id}/prices/{price_id}")]
pub async fn withdraw_live_price(
    db: web::Data<Db>,
    staff: Staff<LiveWrite>,
    path: Path<(RoomId, PriceId)>,
) -> ApiResult<NoContent> {
    let (path, desk) = (path.0, desk(staff));
    db.write("withdraw_live_price", move |tx| selling::withdraw_price(tx, path, &desk)).await?;
    Ok(NoContent)
}
