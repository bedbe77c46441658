//! The staff's price simulator: the same function that prices for shoppers.

use actix_web::{post, web};
use serde::Deserialize;

use super::api::QuoteView;
use super::model::{BasketLine, OfferClaim, QuoteRequest};
use super::offer::Offers;
use super::service;
use crate::kernel::id::UserId;
use crate::platform::db::Db;
use crate::platform::http::{ApiResult, Json, Staff};
use crate::staff::permission::CatalogRead;

/// The endpoints for staff.
#[derive(utoipa::OpenApi)]
#[openapi(paths(simulate_quote))]
pub struct AdminApi;

/// Registers the endpoints for staff.
pub fn admin_routes(config: &mut web::ServiceConfig) {
    config.service(simulate_quote);
}

/// What to price, and for whom.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SimulateQuote {
    /// The shopper to price for; null for somebody not logged in.
    #[serde(default)]
    pub user_id: Option<UserId>,
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

/// Prices a basket as a shopper would see it
#[utoipa::path(
    tag = "pricing",
    security(("staff" = [])),
    extensions(("x-permission" = json!("catalog.read"))),
    request_body = SimulateQuote,
    responses((status = 200, description = "The price of the basket.", body = QuoteView))
)]
#[post("/quotes")]
pub async fn simulate_quote(
    db: web::Data<Db>,
    offers: web::Data<Offers>,
    _staff: Staff<CatalogRead>,
    body: Json<SimulateQuote>,
) -> ApiResult<Json<QuoteView>> {
    let SimulateQuote { user_id, lines, claims, province_code, picked_up } = body.0;
    let request = QuoteRequest { user: user_id, province_code, picked_up, lines, claims };
    let offers = Offers::clone(&offers);
    let quote = db.read("simulate_quote", move |tx| service::quote(tx, &offers, &request)).await?;
    Ok(Json(quote.into()))
}
