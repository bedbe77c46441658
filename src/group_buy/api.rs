//! The endpoints of group buys for shoppers. Opening and joining a group is placing an order with a claim.

use actix_web::{HttpRequest, HttpResponse, get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::model::GroupId;
use super::service::{self, PageOf};
use super::views::{GroupBuyView, GroupPageView, OpenGroupView, OwnGroupView};
use crate::catalog::ProductId;
use crate::kernel::id::UserId;
use crate::kernel::page::Page;
use crate::platform::db::{Db, Tx};
use crate::platform::http::{
    ApiError, ApiResult, Json, KeptPages, MaybeShopper, PageQuery, Path, Query, Shopper, at_most, own_page,
};

/// The endpoints for shoppers.
#[derive(utoipa::OpenApi)]
#[openapi(paths(list_group_buys, list_open_groups, list_own_groups, show_group, show_group_buys_of_product))]
pub struct ShopperApi;

/// Registers the endpoints for shoppers.
pub fn shopper_routes(config: &mut web::ServiceConfig) {
    config
        .service(list_group_buys)
        .service(list_open_groups)
        .service(list_own_groups)
        .service(show_group)
        .service(show_group_buys_of_product);
}

/// Open groups shown with a product.
const GROUPS_OF_PRODUCT: i64 = 5;

/// Which open groups to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct WallQuery {
    /// Only those for this product.
    product_id: Option<ProductId>,
    /// The `next_cursor` of the page before; absent for the first page.
    cursor: Option<String>,
    /// Items wanted, 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
}

/// A page of a list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OwnGroupsQuery {
    /// The `next_cursor` of the page before; absent for the first page.
    cursor: Option<String>,
    /// Items wanted, 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
}

/// Most characters of a share's token.
const MAX_TOKEN_CHARS: usize = 32;

/// How the viewer came.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct GroupQuery {
    /// The token of the share that brought them; needed for a group that takes invited people only.
    #[param(max_length = 32)]
    share: Option<String>,
}

/// The page that a query names.
pub(super) fn page_of(cursor: Option<String>, limit: Option<i64>) -> Result<PageOf, ApiError> {
    let query = PageQuery { cursor, limit };
    Ok(PageOf { after: query.cursor()?, limit: query.limit()? })
}

fn user_of(viewer: MaybeShopper) -> Option<UserId> {
    viewer.0.map(|shopper| shopper.user_id)
}

/// Group buys that run now
///
/// Those that are for the viewer, the one that ends first first.
#[utoipa::path(
    tag = "group_buy",
    security((), ("shopper" = [])),
    responses((status = 200, description = "Group buys.", body = Vec<GroupBuyView>))
)]
#[get("/group-buys")]
pub async fn list_group_buys(db: web::Data<Db>, viewer: MaybeShopper) -> ApiResult<Json<Vec<GroupBuyView>>> {
    let user = user_of(viewer);
    let looking = db.read("list_group_buys", move |tx: &mut Tx<'_>| service::running_campaigns(tx, user));
    let (looks, now) = (looking.await?, db.clock().now());
    Ok(Json(looks.into_iter().map(|look| GroupBuyView::of(look, now)).collect()))
}

/// The wall of open groups
///
/// Groups that everybody sees and that have a seat free, nearly full ones first. Before log-in the list may be a moment
/// old, a quarter of a second unless set otherwise.
#[utoipa::path(
    tag = "group_buy",
    security((), ("shopper" = [])),
    params(WallQuery),
    responses((status = 200, description = "A page of groups.", body = Page<OpenGroupView>))
)]
#[get("/group-buys/groups")]
pub async fn list_open_groups(
    db: web::Data<Db>,
    kept: web::Data<KeptPages>,
    viewer: MaybeShopper,
    request: HttpRequest,
    query: Query<WallQuery>,
) -> ApiResult<HttpResponse> {
    let (user, asked_at, Query(query)) = (user_of(viewer), db.clock().now(), query);
    let name = (user.is_none() && query.cursor.is_none()).then(|| request.uri().to_string());
    if let Some(page) = name.as_deref().and_then(|name| kept.find(name, asked_at)) {
        return Ok(page);
    }
    let (product, page) = (query.product_id, page_of(query.cursor, query.limit)?);
    let found = db.read("list_open_groups", move |tx| service::wall(tx, user, product, page)).await?;
    let now = db.clock().now();
    let wall = found.map(|look| OpenGroupView::of(look, now));
    match name {
        Some(name) => kept.keep(name, &wall, asked_at),
        None => own_page(&wall),
    }
}

/// The shopper's own groups
///
/// Every group they have or had a seat in, latest first.
#[utoipa::path(
    tag = "group_buy",
    security(("shopper" = [])),
    params(OwnGroupsQuery),
    responses((status = 200, description = "A page of groups.", body = Page<OwnGroupView>))
)]
#[get("/group-buys/own-groups")]
pub async fn list_own_groups(
    db: web::Data<Db>,
    shopper: Shopper,
    query: Query<OwnGroupsQuery>,
) -> ApiResult<Json<Page<OwnGroupView>>> {
    let (user, Query(query)) = (shopper.user_id, query);
    let page = page_of(query.cursor, query.limit)?;
    let found = db.read("list_own_groups", move |tx| service::own_groups(tx, user, page)).await?;
    let now = db.clock().now();
    Ok(Json(found.map(|look| OwnGroupView::of(look, now))))
}

/// A group's page
///
/// Who is in, how many seats and how much time are left by the server's clock, what it costs at each size, and what the
/// viewer may do and why not. A group whose leader has not paid exists for its leader only. Before log-in the page may be
/// a moment old, a quarter of a second unless set otherwise.
#[utoipa::path(
    tag = "group_buy",
    security((), ("shopper" = [])),
    params(("id" = GroupId, Path, description = "The group."), GroupQuery),
    responses((status = 200, description = "The group.", body = GroupPageView))
)]
#[get("/group-buys/groups/{id}")]
pub async fn show_group(
    db: web::Data<Db>,
    kept: web::Data<KeptPages>,
    viewer: MaybeShopper,
    request: HttpRequest,
    id: Path<GroupId>,
    query: Query<GroupQuery>,
) -> ApiResult<HttpResponse> {
    let (user, asked_at) = (user_of(viewer), db.clock().now());
    let name = user.is_none().then(|| request.uri().to_string());
    if let Some(page) = name.as_deref().and_then(|name| kept.find(name, asked_at)) {
        return Ok(page);
    }
    at_most("share", query.0.share.as_deref(), MAX_TOKEN_CHARS)?;
    let (id, token) = (id.0, query.0.share);
    let look = db.read("show_group", move |tx| service::group_page(tx, id, user, token.as_deref())).await?;
    let now = db.clock().now();
    let page = GroupPageView::of(look, user, now);
    match name {
        Some(name) => kept.keep(name, &page, asked_at),
        None => own_page(&page),
    }
}

/// The group buys of a product, with open groups to join.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProductGroupBuysView {
    /// Group buys that run or will, latest first.
    pub group_buys: Vec<GroupBuyView>,
    /// Open groups, nearly full ones first; at most 5.
    pub groups: Vec<OpenGroupView>,
}

/// The group buys of a product
///
/// Those that run or are announced, and some open groups to join.
#[utoipa::path(
    tag = "group_buy",
    security((), ("shopper" = [])),
    params(("product_id" = ProductId, Path, description = "The product.")),
    responses((status = 200, description = "Group buys and groups; both may be empty.", body = ProductGroupBuysView))
)]
#[get("/group-buys/products/{product_id}")]
pub async fn show_group_buys_of_product(
    db: web::Data<Db>,
    viewer: MaybeShopper,
    product: Path<ProductId>,
) -> ApiResult<Json<ProductGroupBuysView>> {
    let (user, product) = (user_of(viewer), product.0);
    let page = PageOf { after: None, limit: GROUPS_OF_PRODUCT };
    let looking = db.read("show_group_buys_of_product", move |tx: &mut Tx<'_>| {
        let campaigns = service::campaigns_of_product(tx, product, user)?;
        Ok::<_, super::error::GroupBuyError>((campaigns, service::wall(tx, user, Some(product), page)?))
    });
    let ((campaigns, groups), now) = (looking.await?, db.clock().now());
    Ok(Json(ProductGroupBuysView {
        group_buys: campaigns.into_iter().map(|look| GroupBuyView::of(look, now)).collect(),
        groups: groups.items.into_iter().map(|look| OpenGroupView::of(look, now)).collect(),
    }))
}
