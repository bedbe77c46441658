//! Handing orders out at a store.

use actix_web::{post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::desk;
use crate::kernel::id::OrderId;
use crate::kernel::time::Timestamp;
use crate::order::api::views::OrderLineView;
use crate::order::model::OrderState;
use crate::order::service::{self, Collected, Orders};
use crate::pick_up::StoreId;
use crate::platform::db::Db;
use crate::platform::http::{ApiResult, Json, Staff};
use crate::staff::permission::OrderHandOut;

/// What a buyer shows, and where.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShownPickUpCode {
    /// The store where it is shown.
    pub store_id: StoreId,
    /// The code, scanned or typed; dashes, spaces and lower case do not matter.
    #[schema(example = "7KQM-3FHD-W2XA", max_length = 64)]
    pub code: String,
}

/// What waits to be handed out, or was.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct HandOutView {
    /// The order.
    pub order_id: OrderId,
    /// Where it stands.
    pub state: OrderState,
    /// Where it is collected.
    pub store_id: StoreId,
    /// Who comes.
    #[schema(example = "李雷")]
    pub contact_name: String,
    /// Their phone.
    #[schema(example = "13800001234")]
    pub contact_phone: String,
    /// What the buyer wrote.
    #[schema(example = "周末来取")]
    pub remark: String,
    /// When it was handed out; null while it was not.
    pub picked_up_at: Option<Timestamp>,
    /// Its lines.
    pub lines: Vec<OrderLineView>,
}

impl From<Collected> for HandOutView {
    fn from(collected: Collected) -> Self {
        let Collected { order, lines, file } = collected;
        Self {
            order_id: order.id,
            state: order.state,
            store_id: file.store.id,
            contact_name: order.receiver_name,
            contact_phone: order.receiver_phone,
            remark: order.remark,
            picked_up_at: file.pick_up.verified_at,
            lines: lines.into_iter().map(Into::into).collect(),
        }
    }
}

/// Looks up what waits under a pick-up code
///
/// Nothing changes. The code travels in the body, since addresses of requests are written down in logs.
#[utoipa::path(
    tag = "order",
    security(("staff" = [])),
    extensions(("x-permission" = json!("order.handout"))),
    request_body = ShownPickUpCode,
    responses((status = 200, description = "What is to be handed out.", body = HandOutView))
)]
#[post("/pick-ups/look-up")]
pub async fn look_up_pick_up(
    db: web::Data<Db>,
    staff: Staff<OrderHandOut>,
    body: Json<ShownPickUpCode>,
) -> ApiResult<Json<HandOutView>> {
    let (Json(body), desk) = (body, desk(&staff));
    let found = db.read("look_up_pick_up", move |tx| service::look_up(tx, &desk, body.store_id, &body.code)).await?;
    Ok(Json(found.into()))
}

/// Hands an order out against its pick-up code
///
/// Works once, at the order's own store, for staff who belong to it or to no store. The order is shipped and received in
/// one go; WeChat is told of it when it was paid through WeChat.
#[utoipa::path(
    tag = "order",
    security(("staff" = [])),
    extensions(("x-permission" = json!("order.handout"))),
    request_body = ShownPickUpCode,
    responses((status = 200, description = "What was handed out.", body = HandOutView))
)]
#[post("/pick-ups/hand-out")]
pub async fn hand_out_pick_up(
    db: web::Data<Db>,
    orders: web::Data<Orders>,
    staff: Staff<OrderHandOut>,
    body: Json<ShownPickUpCode>,
) -> ApiResult<Json<HandOutView>> {
    let (Json(body), desk, orders) = (body, desk(&staff), Orders::clone(&orders));
    let handing =
        db.write("hand_out_pick_up", move |tx| service::hand_out(tx, &orders, &desk, body.store_id, &body.code));
    Ok(Json(handing.await?.into()))
}
