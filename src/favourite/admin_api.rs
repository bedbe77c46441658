//! What staff ask about favourites.

use actix_web::{get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::service;
use crate::catalog::ProductId;
use crate::kernel::page::Page;
use crate::platform::db::Db;
use crate::platform::http::{ApiResult, Json, PageQuery, Query, Staff};
use crate::staff::permission::CatalogRead;

/// The endpoints for staff.
#[derive(utoipa::OpenApi)]
#[openapi(paths(list_liked_products))]
pub struct AdminApi;

/// Registers the endpoints for staff.
pub fn admin_routes(config: &mut web::ServiceConfig) {
    config.service(list_liked_products);
}

/// Which products to count.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LikedProductsQuery {
    /// Only this one; it is absent from the answer when nobody likes it.
    product_id: Option<ProductId>,
    /// The `next_cursor` of the page before; absent for the first page.
    cursor: Option<String>,
    /// Items wanted, 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
}

/// How many like a product.
#[derive(Debug, Serialize, ToSchema)]
pub struct LikedProductView {
    /// The product.
    pub product_id: ProductId,
    /// Its title.
    #[schema(example = "法式碎花连衣裙")]
    pub title: String,
    /// How many users have it among their favourites.
    #[schema(example = 318)]
    pub favourites: i64,
}

/// Counts favourites
///
/// How many users have each product among their favourites, the most liked first.
#[utoipa::path(
    tag = "favourite",
    security(("staff" = [])),
    extensions(("x-permission" = json!("catalog.read"))),
    params(LikedProductsQuery),
    responses((status = 200, description = "A page of products.", body = Page<LikedProductView>))
)]
#[get("/favourites")]
pub async fn list_liked_products(
    db: web::Data<Db>,
    _staff: Staff<CatalogRead>,
    query: Query<LikedProductsQuery>,
) -> ApiResult<Json<Page<LikedProductView>>> {
    let Query(LikedProductsQuery { product_id, cursor, limit }) = query;
    let page = PageQuery { cursor, limit };
    let (after, limit) = (page.cursor()?, page.limit()?);
    let found = db.read("list_liked_products", move |tx| service::liked(tx, product_id, after, limit)).await?;
    let view = |(liked, title): (super::store::Liked, String)| LikedProductView {
        product_id: liked.product_id,
        title,
        favourites: liked.users,
    };
    Ok(Json(found.map(view)))
}
