//! The endpoints of orders for shoppers.

mod collecting;
pub(super) mod staff_views;
pub(super) mod views;

use actix_web::{HttpResponse, get, post, web};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::error::OrderError;
use super::model::OrderState;
use super::service::{self, Basket, Destination, Expected, OrderPage, Orders, PickUpWish, PlaceOrder};
use crate::identity::AddressId;
use crate::kernel::id::OrderId;
use crate::kernel::money::Fen;
use crate::kernel::page::Page;
use crate::platform::db::{Db, DbError, Tx};
use crate::platform::http::idempotency::{self, Known, StoredAnswer};
use crate::platform::http::{
    ApiError, ApiResult, HashedJson, IdempotencyKey, Json, NoContent, PageQuery, Path, Query, RequestError, Shopper,
};
use crate::pricing::{BasketLine, OfferClaim};

use collecting::PickUpWishBody;
use views::{OrderDetailView, OrderRowView, PlacedOrderView};

/// The endpoints for shoppers.
#[derive(utoipa::OpenApi)]
#[openapi(paths(
    place_order,
    list_orders,
    show_order,
    cancel_order,
    confirm_order_receipt,
    hide_order,
    refund_order,
    collecting::show_pick_up_code
))]
pub struct ShopperApi;

/// Registers the endpoints for shoppers.
pub fn shopper_routes(config: &mut web::ServiceConfig) {
    config
        .service(place_order)
        .service(list_orders)
        .service(show_order)
        .service(collecting::show_pick_up_code)
        .service(cancel_order)
        .service(confirm_order_receipt)
        .service(hide_order)
        .service(refund_order);
}

/// The price the buyer saw.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpectedPrice {
    /// The total of the quote.
    pub total_fen: Fen,
    /// The digest of the quote.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", max_length = 128)]
    pub digest: String,
}

/// An order to place. Prices are not taken from here: they only have to be the ones the shop computes.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "lines": [{ "sku_id": "184467440737095516", "quantity": 2 }],
    "from_cart": false,
    "address_id": "184467440737095516",
    "claims": [],
    "expected": { "total_fen": 19_900, "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08" },
    "remark": "请放在门口",
}))]
pub struct PlaceOrderBody {
    /// What to buy, 1–120 lines; absent when it is taken from the cart.
    #[serde(default)]
    pub lines: Option<Vec<BasketLine>>,
    /// Whether to buy what is selected in the cart. It leaves the cart with the order.
    #[serde(default)]
    #[schema(example = false)]
    pub from_cart: bool,
    /// Where to send it; absent when it is collected at a store, or when there is nothing to carry.
    #[serde(default)]
    pub address_id: Option<AddressId>,
    /// Where it is collected and by whom; absent when it is sent, or when there is nothing to carry.
    #[serde(default)]
    pub pick_up: Option<PickUpWishBody>,
    /// The offers chosen, at most 20.
    #[serde(default)]
    pub claims: Vec<OfferClaim>,
    /// The price the buyer saw.
    pub expected: ExpectedPrice,
    /// A word to the shop, at most 200 characters.
    #[serde(default)]
    #[schema(example = "请放在门口", max_length = 200)]
    pub remark: String,
}

impl PlaceOrderBody {
    fn into_wish(self, shopper: &Shopper) -> Result<PlaceOrder, OrderError> {
        let basket = match (self.lines, self.from_cart) {
            (Some(lines), false) => Basket::Lines(lines),
            (None, true) => Basket::Cart,
            _ => return Err(OrderError::BasketUnclear),
        };
        let destination = match (self.address_id, self.pick_up) {
            (Some(address), None) => Destination::Address(address),
            (None, Some(wish)) => Destination::Store(PickUpWish {
                store_id: wish.store_id,
                contact_name: wish.contact_name,
                contact_phone: wish.contact_phone,
            }),
            (None, None) => Destination::Nowhere,
            (Some(_), Some(_)) => return Err(OrderError::DestinationUnclear),
        };
        Ok(PlaceOrder {
            user_id: shopper.user_id,
            basket,
            destination,
            claims: self.claims,
            expected: Expected { total: self.expected.total_fen, digest: self.expected.digest },
            remark: self.remark,
        })
    }
}

/// A reason in the buyer's words.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BuyerReason {
    /// Why, 1–200 characters.
    #[schema(example = "不想要了", min_length = 1, max_length = 200)]
    pub reason: String,
}

/// Which orders to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OrderListQuery {
    /// Only those in this state.
    state: Option<OrderState>,
    /// The `next_cursor` of the page before; absent for the first page.
    cursor: Option<String>,
    /// Items wanted, 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
}

/// The page that a query names.
///
/// # Errors
/// 422 when cursor or limit are out of range.
pub(super) fn page_of(cursor: Option<String>, limit: Option<i64>) -> Result<OrderPage, ApiError> {
    let query = PageQuery { cursor, limit };
    Ok(OrderPage { after: query.cursor()?, limit: query.limit()? })
}

/// Places an order
///
/// One transaction: the basket is priced again and compared with the price the buyer saw, stock and offers are set
/// aside, the payment is opened. The same `Idempotency-Key` with the same body answers the same again; an order that
/// costs nothing is paid at once. When the price has changed, the answer is 409 `order.price_changed` with the new quote
/// in its details; when some of it can no longer be bought, 409 `order.basket_changed` with `{skus: [{sku_id, reason}],
/// quote}`, where `quote` is the price of the rest, or null when nothing is left.
#[utoipa::path(
    tag = "order",
    security(("shopper" = [])),
    params(("Idempotency-Key" = String, Header, description = "8 to 64 visible characters, new for each order.")),
    request_body = PlaceOrderBody,
    responses((status = 201, description = "The order, waiting for payment.", body = PlacedOrderView))
)]
#[post("/orders")]
pub async fn place_order(
    db: web::Data<Db>,
    orders: web::Data<Orders>,
    shopper: Shopper,
    key: IdempotencyKey,
    body: HashedJson<PlaceOrderBody>,
) -> ApiResult<HttpResponse> {
    let owner = format!("user:{}", shopper.user_id);
    let request = idempotency::Request { owner, key, operation: "place_order", body_hash: body.hash };
    let wish = body.value.into_wish(&shopper)?;
    let (asked, orders) = (request.clone(), Orders::clone(&orders));
    let placing = db.write("place_order", move |tx| place_once(tx, &orders, &asked, &wish)).await;
    let known = match placing {
        Ok(known) => known,
        Err(error) => answered_by_twin(&db, request, error).await?,
    };
    match known {
        Known::Answered(answer) => Ok(answer.replay()),
        Known::Fresh | Known::Reused => Err(ApiError::new(RequestError::IDEMPOTENCY_REUSED)),
    }
}

fn place_once(
    tx: &mut Tx<'_>,
    orders: &Orders,
    request: &idempotency::Request,
    wish: &PlaceOrder,
) -> Result<Known, OrderError> {
    let known = idempotency::lookup(tx, request)?;
    if known != Known::Fresh {
        return Ok(known);
    }
    service::place(tx, orders, wish, |tx, placed| {
        let view = PlacedOrderView::from(placed);
        let body = serde_json::to_string(&view).map_err(|error| DbError::Defect(error.to_string()))?;
        let answer = StoredAnswer { status: 201, body };
        idempotency::remember(tx, request, &answer)?;
        Ok(Known::Answered(answer))
    })
}

/// A twin of this request may have been faster: then it took the stock, the coupon or the cart that this one missed, or
/// the key itself, and its answer is the answer to both. The same when the commit's own answer was lost.
async fn answered_by_twin(db: &Db, request: idempotency::Request, error: OrderError) -> Result<Known, OrderError> {
    match db.read("place_order.twin", move |tx| idempotency::lookup(tx, &request)).await {
        Ok(Known::Fresh) | Err(_) => Err(error),
        Ok(known) => Ok(known),
    }
}

/// Lists the viewer's orders
///
/// Latest first, without hidden ones.
#[utoipa::path(
    tag = "order",
    security(("shopper" = [])),
    params(OrderListQuery),
    responses((status = 200, description = "A page of orders.", body = Page<OrderRowView>))
)]
#[get("/orders")]
pub async fn list_orders(
    db: web::Data<Db>,
    shopper: Shopper,
    query: Query<OrderListQuery>,
) -> ApiResult<Json<Page<OrderRowView>>> {
    let Query(OrderListQuery { state, cursor, limit }) = query;
    let page = page_of(cursor, limit)?;
    let listing = db.read("list_orders", move |tx| {
        let now = tx.now();
        Ok::<_, OrderError>(
            service::page_of_user(tx, shopper.user_id, state, page)?.map(|row| OrderRowView::of(row, now)),
        )
    });
    Ok(Json(listing.await?))
}

/// Shows one of the viewer's orders
///
/// Lines, price, parcels, steps, what the viewer may do and why not, and the time left by the server's clock.
#[utoipa::path(
    tag = "order",
    security(("shopper" = [])),
    params(("order_id" = OrderId, Path, description = "The order.")),
    responses((status = 200, description = "The order.", body = OrderDetailView))
)]
#[get("/orders/{order_id}")]
pub async fn show_order(db: web::Data<Db>, shopper: Shopper, path: Path<OrderId>) -> ApiResult<Json<OrderDetailView>> {
    let Path(id) = path;
    let showing = db.read("show_order", move |tx| {
        let now = tx.now();
        service::file_of_user(tx, id, shopper.user_id).map(|file| OrderDetailView::of(file, now))
    });
    Ok(Json(showing.await?))
}

/// Cancels an unpaid order
///
/// Stock, seats, bargains and coupons go back. Money that arrives later is given back by itself.
#[utoipa::path(
    tag = "order",
    security(("shopper" = [])),
    params(("order_id" = OrderId, Path, description = "The order.")),
    request_body = BuyerReason,
    responses((status = 204, description = "It is closed."))
)]
#[post("/orders/{order_id}/cancel")]
pub async fn cancel_order(
    db: web::Data<Db>,
    orders: web::Data<Orders>,
    shopper: Shopper,
    path: Path<OrderId>,
    body: Json<BuyerReason>,
) -> ApiResult<NoContent> {
    let (Path(id), Json(body), orders) = (path, body, Orders::clone(&orders));
    db.write("cancel_order", move |tx| service::cancel(tx, &orders, id, shopper.user_id, &body.reason)).await?;
    Ok(NoContent)
}

/// Confirms that an order arrived
#[utoipa::path(
    tag = "order",
    security(("shopper" = [])),
    params(("order_id" = OrderId, Path, description = "The order.")),
    responses((status = 204, description = "It is received."))
)]
#[post("/orders/{order_id}/receipt")]
pub async fn confirm_order_receipt(
    db: web::Data<Db>,
    orders: web::Data<Orders>,
    shopper: Shopper,
    path: Path<OrderId>,
) -> ApiResult<NoContent> {
    let (Path(id), orders) = (path, Orders::clone(&orders));
    db.write("confirm_order_receipt", move |tx| service::confirm_receipt(tx, &orders, id, shopper.user_id)).await?;
    Ok(NoContent)
}

/// Hides a finished order
///
/// It leaves the viewer's list; the shop keeps it.
#[utoipa::path(
    tag = "order",
    security(("shopper" = [])),
    params(("order_id" = OrderId, Path, description = "The order.")),
    responses((status = 204, description = "It is hidden."))
)]
#[post("/orders/{order_id}/hide")]
pub async fn hide_order(db: web::Data<Db>, shopper: Shopper, path: Path<OrderId>) -> ApiResult<NoContent> {
    let Path(id) = path;
    db.write("hide_order", move |tx| service::hide(tx, id, shopper.user_id)).await?;
    Ok(NoContent)
}

/// Asks for all the money back before shipping
///
/// The money is asked back from the provider at once, and nothing can be sent any more. The order is refunded when the
/// money has arrived.
#[utoipa::path(
    tag = "order",
    security(("shopper" = [])),
    params(("order_id" = OrderId, Path, description = "The order.")),
    request_body = BuyerReason,
    responses((status = 204, description = "The money is on its way."))
)]
#[post("/orders/{order_id}/refund")]
pub async fn refund_order(
    db: web::Data<Db>,
    orders: web::Data<Orders>,
    shopper: Shopper,
    path: Path<OrderId>,
    body: Json<BuyerReason>,
) -> ApiResult<NoContent> {
    let (Path(id), Json(body), orders) = (path, body, Orders::clone(&orders));
    db.write("refund_order", move |tx| service::refund_own(tx, &orders, id, shopper.user_id, &body.reason)).await?;
    Ok(NoContent)
}
