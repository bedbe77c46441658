//! The endpoints of favourites and footprints for shoppers.

use actix_web::{delete, get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::model::{Availability, Glance, Kept, Walker};
use super::service::{self, Seen};
use crate::catalog::ProductId;
use crate::kernel::money::Fen;
use crate::kernel::page::Page;
use crate::kernel::time::Timestamp;
use crate::platform::db::Db;
use crate::platform::http::{ApiResult, Created, Json, NoContent, PageQuery, Path, Query, Shopper, Visitor};

/// The endpoints for shoppers.
#[derive(utoipa::OpenApi)]
#[openapi(paths(
    add_favourite,
    list_favourites,
    show_favourite,
    remove_favourite,
    record_footprints,
    list_footprints,
    clear_footprints
))]
pub struct ShopperApi;

/// Registers the endpoints for shoppers.
pub fn shopper_routes(config: &mut web::ServiceConfig) {
    config
        .service(add_favourite)
        .service(list_favourites)
        .service(show_favourite)
        .service(remove_favourite)
        .service(record_footprints)
        .service(list_footprints)
        .service(clear_footprints);
}

/// A product as it is now.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct GlanceView {
    /// The product.
    pub product_id: ProductId,
    /// Its title.
    #[schema(example = "法式碎花连衣裙")]
    pub title: String,
    /// Path of its cover.
    #[schema(example = "/files/pictures/ab/0123456789abcdef.png")]
    pub cover: String,
    /// The lowest price among what can be bought of it; null when nothing can.
    pub price_fen: Option<Fen>,
    /// The price to strike through beside it.
    pub market_price_fen: Option<Fen>,
    /// Whether it can be bought.
    pub availability: Availability,
}

impl From<Glance> for GlanceView {
    fn from(glance: Glance) -> Self {
        Self {
            product_id: glance.product_id,
            title: glance.title,
            cover: glance.picture,
            price_fen: glance.price,
            market_price_fen: glance.market_price,
            availability: glance.availability,
        }
    }
}

/// A favourite.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FavouriteView {
    /// The product as it is now.
    pub product: GlanceView,
    /// When it was marked.
    pub favourited_at: Timestamp,
}

impl From<Kept> for FavouriteView {
    fn from(kept: Kept) -> Self {
        Self { product: kept.product.into(), favourited_at: kept.at }
    }
}

/// A product that was looked at.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FootprintView {
    /// The product as it is now.
    pub product: GlanceView,
    /// When it was looked at last.
    pub seen_at: Timestamp,
}

impl From<Kept> for FootprintView {
    fn from(kept: Kept) -> Self {
        Self { product: kept.product.into(), seen_at: kept.at }
    }
}

/// What to mark.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddFavourite {
    /// A product on sale.
    pub product_id: ProductId,
}

/// Somebody looked at a product.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SeenProduct {
    /// Which product.
    pub product_id: ProductId,
    /// When, by the shop's clock; just now when absent. A moment ahead of the clock counts as now.
    #[serde(default)]
    pub seen_at: Option<Timestamp>,
}

/// What was looked at.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordFootprints {
    /// 1 to 100 products, the earliest seen first.
    pub products: Vec<SeenProduct>,
}

const fn walker(visitor: &Visitor) -> Walker {
    match visitor {
        Visitor::User(shopper) => Walker::User(shopper.user_id),
        Visitor::Device(device) => Walker::Device(*device),
    }
}

/// Marks a product as a favourite
///
/// Marking it again changes nothing.
#[utoipa::path(
    tag = "favourite",
    security(("shopper" = [])),
    request_body = AddFavourite,
    responses((status = 201, description = "The favourite.", body = FavouriteView))
)]
#[post("/favourites")]
pub async fn add_favourite(
    db: web::Data<Db>,
    shopper: Shopper,
    body: Json<AddFavourite>,
) -> ApiResult<Created<FavouriteView>> {
    let product = body.0.product_id;
    let added = db.write("add_favourite", move |tx| service::add(tx, shopper.user_id, product)).await?;
    Ok(Created(added.into()))
}

/// Lists the viewer's favourites
///
/// Latest first, each with its present price and whether it can be bought.
#[utoipa::path(
    tag = "favourite",
    security(("shopper" = [])),
    params(PageQuery),
    responses((status = 200, description = "A page of favourites.", body = Page<FavouriteView>))
)]
#[get("/favourites")]
pub async fn list_favourites(
    db: web::Data<Db>,
    shopper: Shopper,
    query: Query<PageQuery>,
) -> ApiResult<Json<Page<FavouriteView>>> {
    let (after, limit) = (query.0.cursor()?, query.0.limit()?);
    let listing = db.read("list_favourites", move |tx| service::page(tx, shopper.user_id, after, limit));
    Ok(Json(listing.await?.map(Into::into)))
}

/// Shows one of the viewer's favourites
///
/// 404 when the product is not among them: so a product's page knows which heart to draw.
#[utoipa::path(
    tag = "favourite",
    security(("shopper" = [])),
    params(("product_id" = ProductId, Path, description = "The product.")),
    responses((status = 200, description = "The favourite.", body = FavouriteView))
)]
#[get("/favourites/{product_id}")]
pub async fn show_favourite(
    db: web::Data<Db>,
    shopper: Shopper,
    path: Path<ProductId>,
) -> ApiResult<Json<FavouriteView>> {
    let Path(product) = path;
    let showing = db.read("show_favourite", move |tx| service::show(tx, shopper.user_id, product)).await?;
    Ok(Json(showing.into()))
}

/// Takes a product from the viewer's favourites
#[utoipa::path(
    tag = "favourite",
    security(("shopper" = [])),
    params(("product_id" = ProductId, Path, description = "The product.")),
    responses((status = 204, description = "It is no favourite any more."))
)]
#[delete("/favourites/{product_id}")]
pub async fn remove_favourite(db: web::Data<Db>, shopper: Shopper, path: Path<ProductId>) -> ApiResult<NoContent> {
    let Path(product) = path;
    db.write("remove_favourite", move |tx| service::remove(tx, shopper.user_id, product)).await?;
    Ok(NoContent)
}

/// Tells what was looked at
///
/// A product looked at again moves to the front; the last hundred are kept, and what is not on sale is passed over. Before
/// a log-in they are the device's, and logging in brings them along.
#[utoipa::path(
    tag = "favourite",
    security(("shopper" = []), ("device" = [])),
    request_body = RecordFootprints,
    responses((status = 204, description = "They are noted."))
)]
#[post("/footprints")]
pub async fn record_footprints(
    db: web::Data<Db>,
    visitor: Visitor,
    body: Json<RecordFootprints>,
) -> ApiResult<NoContent> {
    let walker = walker(&visitor);
    let seen = |seen: SeenProduct| Seen { product_id: seen.product_id, at: seen.seen_at };
    let seen: Vec<Seen> = body.0.products.into_iter().map(seen).collect();
    db.write("record_footprints", move |tx| service::walk(tx, walker, &seen)).await?;
    Ok(NoContent)
}

/// Lists what was looked at
///
/// Latest first, each product with its present price and whether it can be bought.
#[utoipa::path(
    tag = "favourite",
    security(("shopper" = []), ("device" = [])),
    params(PageQuery),
    responses((status = 200, description = "A page of footprints.", body = Page<FootprintView>))
)]
#[get("/footprints")]
pub async fn list_footprints(
    db: web::Data<Db>,
    visitor: Visitor,
    query: Query<PageQuery>,
) -> ApiResult<Json<Page<FootprintView>>> {
    let (after, limit, walker) = (query.0.cursor()?, query.0.limit()?, walker(&visitor));
    let listing = db.read("list_footprints", move |tx| service::footprints(tx, walker, after, limit));
    Ok(Json(listing.await?.map(Into::into)))
}

/// Forgets what was looked at
#[utoipa::path(
    tag = "favourite",
    security(("shopper" = []), ("device" = [])),
    responses((status = 204, description = "They are forgotten."))
)]
#[delete("/footprints")]
pub async fn clear_footprints(db: web::Data<Db>, visitor: Visitor) -> ApiResult<NoContent> {
    let walker = walker(&visitor);
    db.write("clear_footprints", move |tx| service::forget(tx, walker)).await?;
    Ok(NoContent)
}
