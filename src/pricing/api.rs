//! Quotes for shoppers.

use actix_web::{post, web};
use serde::{Deserialize, Serialize};

use super::model::{Adjustment, BasketLine, OfferClaim, Quote, QuoteRequest, QuotedLine};
use super::offer::Offers;
use super::service;
use crate::kernel::money::Fen;
use crate::platform::db::Db;
use crate::platform::http::{ApiResult, Json, MaybeShopper};

/// The endpoints for shoppers.
#[derive(utoipa::OpenApi)]
#[openapi(paths(quote_basket))]
pub struct ShopperApi;

/// Registers the endpoints for shoppers.
pub fn shopper_routes(config: &mut web::ServiceConfig) {
    config.service(quote_basket);
}

/// What to price.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuoteBasket {
    /// The basket, 1 to 120 lines.
    pub lines: Vec<BasketLine>,
    /// The offers chosen, at most 20.
    #[serde(default)]
    pub claims: Vec<OfferClaim>,
    /// The two digits of the province it is sent to (GB/T 2260); without it the freight stays open.
    #[serde(default)]
    #[schema(example = "44")]
    pub province_code: Option<String>,
    /// Whether it is to be collected at a store instead of sent: then there is no freight.
    #[serde(default)]
    #[schema(example = false)]
    pub picked_up: bool,
}

/// The price of a basket. Sums of the lines equal the totals to the fen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct QuoteView {
    /// The lines, in the order of the request.
    pub lines: Vec<QuotedLine>,
    /// Every change of price in the order of application.
    pub adjustments: Vec<Adjustment>,
    /// Sum of the base prices.
    pub goods_fen: Fen,
    /// What all reductions took off the goods.
    #[schema(example = 0)]
    pub discount_fen: Fen,
    /// The freight after reductions; zero while it is open.
    #[schema(example = 0)]
    pub freight_fen: Fen,
    /// Whether the freight is still open because no province was given. Such a quote cannot be ordered.
    pub freight_pending: bool,
    /// What is to be paid: goods − discount + freight.
    pub total_fen: Fen,
    /// A fingerprint of the price, to be sent with the order: if the price has changed meanwhile, the order is refused.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    pub digest: String,
}

impl From<Quote> for QuoteView {
    fn from(quote: Quote) -> Self {
        Self {
            lines: quote.lines,
            adjustments: quote.adjustments,
            goods_fen: quote.goods,
            discount_fen: quote.discount,
            freight_fen: quote.freight,
            freight_pending: quote.freight_pending,
            total_fen: quote.total,
            digest: quote.digest,
        }
    }
}

/// Prices a basket
///
/// Computes what a basket costs for whoever asks, with the offers chosen: every line, every adjustment, freight and the
/// total. Nothing is set aside. Placement computes the same again and compares the digest.
#[utoipa::path(
    tag = "pricing",
    security((), ("shopper" = [])),
    request_body = QuoteBasket,
    responses((status = 200, description = "The price of the basket.", body = QuoteView))
)]
#[post("/quotes")]
pub async fn quote_basket(
    db: web::Data<Db>,
    offers: web::Data<Offers>,
    shopper: MaybeShopper,
    body: Json<QuoteBasket>,
) -> ApiResult<Json<QuoteView>> {
    let QuoteBasket { lines, claims, province_code, picked_up } = body.0;
    let user = shopper.0.map(|shopper| shopper.user_id);
    let request = QuoteRequest { user, province_code, picked_up, lines, claims };
    let offers = Offers::clone(&offers);
    let quote = db.read("quote_basket", move |tx| service::quote(tx, &offers, &request)).await;
    Ok(Json(quote?.into()))
}
