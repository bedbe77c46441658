//! Virtual goods for their buyers.

use actix_web::{get, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::model::{AccessDelivery, Code};
use super::service::{self, Delivered, DigitalKeys};
use crate::catalog::SkuId;
use crate::kernel::id::OrderId;
use crate::kernel::time::Timestamp;
use crate::order::{OrderLineId, OrderState};
use crate::platform::db::Db;
use crate::platform::http::{ApiResult, Json, Path, Shopper};

/// The endpoints for shoppers.
#[derive(utoipa::OpenApi)]
#[openapi(paths(show_virtual_goods))]
pub struct ShopperApi;

/// Registers the endpoints for shoppers.
pub fn shopper_routes(config: &mut web::ServiceConfig) {
    config.service(show_virtual_goods);
}

/// One code.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DeliveredCodeView {
    /// The line of the order.
    pub line_id: OrderLineId,
    /// The SKU.
    pub sku_id: SkuId,
    /// Which piece of the line, from 1.
    #[schema(example = 1)]
    pub unit: i64,
    /// The code: whole for its buyer, its end for staff.
    #[schema(example = "ABCD-EFGH-1234")]
    pub code: String,
    /// When it was delivered.
    pub delivered_at: Option<Timestamp>,
}

impl From<(Code, String)> for DeliveredCodeView {
    fn from((row, code): (Code, String)) -> Self {
        Self {
            line_id: row.line_id.unwrap_or(OrderLineId::new(0)),
            sku_id: row.sku_id,
            unit: row.unit.unwrap_or(0),
            code,
            delivered_at: row.delivered_at,
        }
    }
}

/// Access that was granted.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DeliveredAccessView {
    /// The line of the order.
    pub line_id: OrderLineId,
    /// The SKU.
    pub sku_id: SkuId,
    /// What it is called.
    #[schema(example = "会员专享课程")]
    pub name: String,
    /// What to do with it.
    #[schema(example = "打开链接，用下单手机号登录即可观看。")]
    pub instructions: String,
    /// Where it leads; null when words are enough.
    #[schema(example = "https://shop.example/course")]
    pub link: Option<String>,
    /// When it was delivered.
    pub delivered_at: Timestamp,
}

impl From<AccessDelivery> for DeliveredAccessView {
    fn from(delivery: AccessDelivery) -> Self {
        Self {
            line_id: delivery.line_id,
            sku_id: delivery.sku_id,
            name: delivery.name,
            instructions: delivery.instructions,
            link: delivery.link,
            delivered_at: delivery.delivered_at,
        }
    }
}

/// The virtual goods of an order.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct VirtualGoodsView {
    /// The order.
    pub order_id: OrderId,
    /// Where it stands.
    pub state: OrderState,
    /// Codes, by line and piece; empty until they were delivered.
    pub codes: Vec<DeliveredCodeView>,
    /// Access, by line; empty until it was granted.
    pub access: Vec<DeliveredAccessView>,
}

impl From<Delivered> for VirtualGoodsView {
    fn from(delivered: Delivered) -> Self {
        Self {
            order_id: delivered.order.id,
            state: delivered.order.state,
            codes: delivered.codes.into_iter().map(Into::into).collect(),
            access: delivered.access.into_iter().map(Into::into).collect(),
        }
    }
}

/// Shows the virtual goods of one of the viewer's orders
///
/// They are delivered within moments of the payment, or when the campaign that holds the order back lets it go.
#[utoipa::path(
    tag = "digital",
    security(("shopper" = [])),
    params(("order_id" = OrderId, Path, description = "The order.")),
    responses((status = 200, description = "What was delivered.", body = VirtualGoodsView))
)]
#[get("/orders/{order_id}/virtual-goods")]
pub async fn show_virtual_goods(
    db: web::Data<Db>,
    keys: web::Data<DigitalKeys>,
    shopper: Shopper,
    path: Path<OrderId>,
) -> ApiResult<Json<VirtualGoodsView>> {
    let (Path(id), keys) = (path, DigitalKeys::clone(&keys));
    let showing = db.read("show_virtual_goods", move |tx| service::delivered_to(tx, &keys, id, shopper.user_id));
    Ok(Json(showing.await?.into()))
}
