//! The cart's endpoints.

use actix_web::{delete, get, patch, post, put, web};
use serde::{Deserialize, Serialize};

use super::error::CartError;
use super::model::{CartOwner, MAX_QUANTITY, Unbuyable};
use super::service::{self, Cart, CurrentLine, LineChange};
use crate::catalog::{ProductId, SkuId};
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;
use crate::platform::db::{Db, Tx};
use crate::platform::http::{ApiResult, Created, Json, NoContent, Path, Visitor};
use crate::pricing::{Offers, QuoteView};

/// The endpoints for shoppers.
#[derive(utoipa::OpenApi)]
#[openapi(paths(
    show_cart,
    add_cart_line,
    change_cart_line,
    select_cart_lines,
    remove_cart_line,
    remove_cart_lines,
    clear_cart
))]
pub struct ShopperApi;

/// Registers the endpoints for shoppers.
pub fn shopper_routes(config: &mut web::ServiceConfig) {
    config
        .service(show_cart)
        .service(add_cart_line)
        .service(change_cart_line)
        .service(select_cart_lines)
        .service(remove_cart_line)
        .service(remove_cart_lines)
        .service(clear_cart);
}

/// What to put in.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddCartLine {
    /// What.
    pub sku_id: SkuId,
    /// How many pieces, 1–999; they add up with those already in.
    #[schema(example = 1, minimum = 1, maximum = 999)]
    pub quantity: i64,
}

/// What to change of a line; at least one of both.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeCartLine {
    /// How many pieces from now on, 1–999.
    #[serde(default)]
    #[schema(example = 3, minimum = 1, maximum = 999)]
    pub quantity: Option<i64>,
    /// Whether it is to be ordered next.
    #[serde(default)]
    pub selected: Option<bool>,
}

/// Which lines to select.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SelectCartLines {
    /// Whether they are to be ordered next.
    pub selected: bool,
    /// Their SKUs; null for every line.
    #[serde(default)]
    pub sku_ids: Option<Vec<SkuId>>,
}

/// Which lines to take out.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RemoveCartLines {
    /// Their SKUs, 1–120.
    pub sku_ids: Vec<SkuId>,
}

/// One line with the present facts of its SKU.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct CartLineView {
    /// The SKU.
    pub sku_id: SkuId,
    /// Its product.
    pub product_id: ProductId,
    /// The product's title.
    #[schema(example = "亚麻连衣裙")]
    pub title: String,
    /// The option values, as people read them.
    #[schema(example = "米白 M")]
    pub option_text: String,
    /// The picture to show.
    #[schema(example = "/files/2026/01/dress.jpg")]
    pub picture: String,
    /// The price of one piece now.
    pub price_fen: Fen,
    /// The price to strike through.
    pub market_price_fen: Option<Fen>,
    /// How many pieces.
    #[schema(example = 2)]
    pub quantity: i64,
    /// Whether it is to be ordered next.
    pub selected: bool,
    /// Free pieces, as far as one line could use them: at most 999.
    #[schema(example = 50)]
    pub available: i64,
    /// Whether fewer pieces are free than the line has.
    pub short_of_stock: bool,
    /// Why it can no longer be bought; null when it can.
    pub unbuyable: Option<Unbuyable>,
    /// When it was put in.
    pub added_at: Timestamp,
}

/// A cart with present facts and the price of what is selected.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct CartView {
    /// The lines, newest first.
    pub lines: Vec<CartLineView>,
    /// Pieces on all lines that can be bought.
    #[schema(example = 3)]
    pub pieces: i64,
    /// The price of the selected lines that can be bought, without freight; null when there are none.
    pub quote: Option<QuoteView>,
}

impl From<CurrentLine> for CartLineView {
    fn from(current: CurrentLine) -> Self {
        let short_of_stock = current.short_of_stock();
        let CurrentLine { sku, line, available, unbuyable } = current;
        Self {
            sku_id: sku.sku_id,
            product_id: sku.product_id,
            title: sku.title,
            option_text: sku.option_text,
            picture: sku.picture,
            price_fen: sku.price,
            market_price_fen: sku.market_price,
            quantity: line.quantity,
            selected: line.selected,
            available: available.clamp(0, MAX_QUANTITY),
            short_of_stock,
            unbuyable,
            added_at: line.added_at,
        }
    }
}

impl From<Cart> for CartView {
    fn from(cart: Cart) -> Self {
        let buyable = cart.lines.iter().filter(|current| current.unbuyable.is_none());
        let pieces = buyable.map(|current| current.line.quantity).sum();
        Self {
            pieces,
            quote: cart.quote.map(QuoteView::from),
            lines: cart.lines.into_iter().map(CartLineView::from).collect(),
        }
    }
}

const fn owner(visitor: &Visitor) -> CartOwner {
    match visitor {
        Visitor::User(shopper) => CartOwner::User(shopper.user_id),
        Visitor::Device(device_id) => CartOwner::Device(*device_id),
    }
}

/// Changes the cart and answers it as it is then.
async fn changed<F>(db: &Db, name: &'static str, offers: &Offers, owner: CartOwner, mut work: F) -> ApiResult<CartView>
where
    F: FnMut(&mut Tx<'_>) -> Result<(), CartError> + Send + 'static,
{
    let offers = offers.clone();
    let cart = db.write(name, move |tx| {
        work(tx)?;
        service::cart(tx, &offers, owner)
    });
    Ok(cart.await?.into())
}

/// Shows the cart
///
/// The lines with present prices and stock, newest first; lines that can no longer be bought stay, marked with the
/// reason.
#[utoipa::path(
    tag = "cart",
    security(("shopper" = []), ("device" = [])),
    responses((status = 200, description = "The cart.", body = CartView))
)]
#[get("/cart")]
pub async fn show_cart(db: web::Data<Db>, offers: web::Data<Offers>, visitor: Visitor) -> ApiResult<Json<CartView>> {
    let (owner, offers) = (owner(&visitor), Offers::clone(&offers));
    let cart = db.read("show_cart", move |tx| service::cart(tx, &offers, owner)).await?;
    Ok(Json(cart.into()))
}

/// Puts pieces of a SKU into the cart
///
/// They add up with the pieces of that SKU already in, to at most 999; a cart has at most 120 lines.
#[utoipa::path(
    tag = "cart",
    security(("shopper" = []), ("device" = [])),
    request_body = AddCartLine,
    responses((status = 201, description = "The cart after it.", body = CartView))
)]
#[post("/cart/lines")]
pub async fn add_cart_line(
    db: web::Data<Db>,
    offers: web::Data<Offers>,
    visitor: Visitor,
    body: Json<AddCartLine>,
) -> ApiResult<Created<CartView>> {
    let (owner, AddCartLine { sku_id, quantity }) = (owner(&visitor), body.0);
    let work = move |tx: &mut Tx<'_>| service::add(tx, owner, sku_id, quantity);
    Ok(Created(changed(&db, "add_cart_line", &offers, owner, work).await?))
}

/// Changes the quantity or the selection of a line
#[utoipa::path(
    tag = "cart",
    security(("shopper" = []), ("device" = [])),
    params(("sku_id" = SkuId, Path, description = "The line's SKU.")),
    request_body = ChangeCartLine,
    responses((status = 200, description = "The cart after it.", body = CartView))
)]
#[patch("/cart/lines/{sku_id}")]
pub async fn change_cart_line(
    db: web::Data<Db>,
    offers: web::Data<Offers>,
    visitor: Visitor,
    path: Path<SkuId>,
    body: Json<ChangeCartLine>,
) -> ApiResult<Json<CartView>> {
    let owner = owner(&visitor);
    let change = LineChange { sku_id: path.0, quantity: body.quantity, selected: body.selected };
    let work = move |tx: &mut Tx<'_>| service::change(tx, owner, change);
    Ok(Json(changed(&db, "change_cart_line", &offers, owner, work).await?))
}

/// Selects or unselects lines
#[utoipa::path(
    tag = "cart",
    security(("shopper" = []), ("device" = [])),
    request_body = SelectCartLines,
    responses((status = 200, description = "The cart after it.", body = CartView))
)]
#[put("/cart/selection")]
pub async fn select_cart_lines(
    db: web::Data<Db>,
    offers: web::Data<Offers>,
    visitor: Visitor,
    body: Json<SelectCartLines>,
) -> ApiResult<Json<CartView>> {
    let (owner, SelectCartLines { selected, sku_ids }) = (owner(&visitor), body.0);
    let work = move |tx: &mut Tx<'_>| service::select(tx, owner, sku_ids.as_deref(), selected);
    Ok(Json(changed(&db, "select_cart_lines", &offers, owner, work).await?))
}

/// Takes a line out of the cart
#[utoipa::path(
    tag = "cart",
    security(("shopper" = []), ("device" = [])),
    params(("sku_id" = SkuId, Path, description = "The line's SKU.")),
    responses((status = 200, description = "The cart after it.", body = CartView))
)]
#[delete("/cart/lines/{sku_id}")]
pub async fn remove_cart_line(
    db: web::Data<Db>,
    offers: web::Data<Offers>,
    visitor: Visitor,
    path: Path<SkuId>,
) -> ApiResult<Json<CartView>> {
    let (owner, sku_id) = (owner(&visitor), path.0);
    let work = move |tx: &mut Tx<'_>| service::remove(tx, owner, sku_id);
    Ok(Json(changed(&db, "remove_cart_line", &offers, owner, work).await?))
}

/// Takes several lines out of the cart
#[utoipa::path(
    tag = "cart",
    security(("shopper" = []), ("device" = [])),
    request_body = RemoveCartLines,
    responses((status = 200, description = "The cart after it.", body = CartView))
)]
#[post("/cart/removals")]
pub async fn remove_cart_lines(
    db: web::Data<Db>,
    offers: web::Data<Offers>,
    visitor: Visitor,
    body: Json<RemoveCartLines>,
) -> ApiResult<Json<CartView>> {
    let (owner, sku_ids) = (owner(&visitor), body.0.sku_ids);
    let work = move |tx: &mut Tx<'_>| service::remove_several(tx, owner, &sku_ids);
    Ok(Json(changed(&db, "remove_cart_lines", &offers, owner, work).await?))
}

/// Empties the cart
#[utoipa::path(
    tag = "cart",
    security(("shopper" = []), ("device" = [])),
    responses((status = 204, description = "The cart is empty."))
)]
#[delete("/cart")]
pub async fn clear_cart(db: web::Data<Db>, visitor: Visitor) -> ApiResult<NoContent> {
    let owner = owner(&visitor);
    db.write("clear_cart", move |tx| service::clear(tx, owner)).await?;
    Ok(NoContent)
}
