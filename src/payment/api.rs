//! Endpoints of payment for shoppers.

use actix_web::{get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kernel::id::OrderId;
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;
use crate::payment::model::{PaymentState, TradeType};
use crate::payment::provider::ClientParams;
use crate::payment::service::{Cashier, Handover, PayerRequest, Standing};
use crate::platform::http::{ApiResult, Created, Json, Origin, Path, Shopper};

/// How a shopper wants to pay.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StartPayment {
    /// Where they pay.
    pub trade_type: TradeType,
}

/// What the front end needs to let the shopper pay.
#[derive(Debug, Serialize, ToSchema)]
pub struct PaymentHandoverView {
    /// Arguments for WeChat's own client, under the names they have there.
    pub params: ClientParams,
    /// Until when the order can be paid.
    pub expires_at: Timestamp,
}

/// How the payment of an order stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct PaymentView {
    /// The order.
    pub order_id: OrderId,
    /// Where it stands. What WeChat's client tells the front end is no proof; this is.
    pub state: PaymentState,
    /// What is to be paid.
    pub amount_fen: Fen,
    /// What has reached the shopper again, of what paid the order.
    pub refunded_fen: Fen,
    /// Until when it can be paid.
    pub expires_at: Timestamp,
    /// When it was paid.
    pub paid_at: Option<Timestamp>,
}

impl From<Handover> for PaymentHandoverView {
    fn from(handover: Handover) -> Self {
        Self { params: handover.params, expires_at: handover.expires_at }
    }
}

impl From<Standing> for PaymentView {
    fn from(standing: Standing) -> Self {
        let refunded_fen = standing.refunded();
        let payment = standing.payment;
        Self {
            order_id: payment.order_id,
            state: payment.state,
            amount_fen: payment.amount,
            refunded_fen,
            expires_at: payment.expires_at,
            paid_at: payment.paid_at,
        }
    }
}

/// Begins to pay an order, or goes on where an earlier request left off. Asking twice never charges twice.
#[utoipa::path(
    tag = "payment", security(("shopper" = [])), request_body = StartPayment,
    params(("id" = OrderId, Path, description = "The order")),
    responses((status = 201, description = "What the front end passes on to WeChat's client.", body = PaymentHandoverView))
)]
#[post("/orders/{id}/payments")]
pub async fn start_payment(
    cashier: web::Data<Cashier>,
    shopper: Shopper,
    origin: Origin,
    order: Path<OrderId>,
    body: Json<StartPayment>,
) -> ApiResult<Created<PaymentHandoverView>> {
    let request = PayerRequest {
        user_id: shopper.user_id,
        order_id: order.0,
        trade_type: body.trade_type,
        client_address: origin.address,
    };
    Ok(Created(cashier.hand_over(request).await?.into()))
}

/// How the payment of an order stands. While the shopper may just have paid, asking makes WeChat be asked, too.
#[utoipa::path(
    tag = "payment", security(("shopper" = [])),
    params(("id" = OrderId, Path, description = "The order")),
    responses((status = 200, description = "How it stands now.", body = PaymentView))
)]
#[get("/orders/{id}/payment")]
pub async fn get_payment(
    cashier: web::Data<Cashier>,
    shopper: Shopper,
    order: Path<OrderId>,
) -> ApiResult<Json<PaymentView>> {
    Ok(Json(cashier.look(order.0, shopper.user_id).await?.into()))
}

/// Mounts the endpoints for shoppers.
pub fn shopper_routes(config: &mut web::ServiceConfig) {
    config.service(start_payment).service(get_payment);
}

/// The endpoints for shoppers, for the OpenAPI document.
#[derive(utoipa::OpenApi)]
#[openapi(paths(start_payment, get_payment))]
pub struct ShopperApi;
