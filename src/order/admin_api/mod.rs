//! The endpoints of orders for staff.

mod handing_out;
mod search;

use actix_web::{get, post, put, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::api::staff_views::StaffOrderDetailView;
use super::model::{OrderLineId, ShipmentId};
use super::rules::LineQuantity;
use super::service::{self, AtDesk, NewParcel, Orders, PushedEvent, RefundDecision};
use super::store::OrderSort;
use crate::kernel::id::OrderId;
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;
use crate::platform::db::Db;
use crate::platform::http::{ApiResult, Created, Json, NoContent, Path, Staff};
use crate::staff::permission;

/// The endpoints for staff.
#[derive(utoipa::OpenApi)]
#[openapi(
    paths(
        search::search_orders,
        search::export_orders,
        show_order_to_staff,
        write_order_note,
        reprice_order,
        close_order,
        ship_order,
        refund_order_by_staff,
        change_shipment_tracking,
        push_tracking_events,
        handing_out::look_up_pick_up,
        handing_out::hand_out_pick_up
    ),
    components(schemas(OrderSort))
)]
pub struct AdminApi;

/// Registers the endpoints for staff.
pub fn admin_routes(config: &mut web::ServiceConfig) {
    config
        .service(search::search_orders)
        .service(search::export_orders)
        .service(show_order_to_staff)
        .service(write_order_note)
        .service(reprice_order)
        .service(close_order)
        .service(ship_order)
        .service(refund_order_by_staff)
        .service(change_shipment_tracking)
        .service(push_tracking_events)
        .service(handing_out::look_up_pick_up)
        .service(handing_out::hand_out_pick_up);
}

/// A note that only staff see.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WriteOrderNote {
    /// The note, at most 200 characters; empty to remove it.
    #[schema(example = "已电话确认", max_length = 200)]
    pub note: String,
}

/// Another price for an unpaid order.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RepriceOrder {
    /// What is to be paid in all: at least 1 fen and the freight, at most the base price and the freight.
    pub total_fen: Fen,
    /// The freight in it; absent when it stays.
    #[serde(default)]
    pub freight_fen: Option<Fen>,
    /// Why, 1–200 characters.
    #[schema(example = "老顾客优惠", min_length = 1, max_length = 200)]
    pub reason: String,
}

/// A reason in staff's words.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StaffReason {
    /// Why, 1–200 characters.
    #[schema(example = "顾客来电取消", min_length = 1, max_length = 200)]
    pub reason: String,
}

/// So many pieces of one line.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShipLine {
    /// The line.
    pub line_id: OrderLineId,
    /// Pieces, at least one and at most what is left to send.
    #[schema(example = 1, minimum = 1, maximum = 999)]
    pub quantity: i64,
}

/// A parcel about to leave.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ShipOrder {
    /// WeChat's code of the carrier, 1–32 visible ASCII characters.
    #[schema(example = "SF", min_length = 1, max_length = 32)]
    pub carrier_code: String,
    /// The carrier's number, 1–64 visible ASCII characters.
    #[schema(example = "SF1234567890123", min_length = 1, max_length = 64)]
    pub tracking_no: String,
    /// What lies in it; absent for everything that is left to send.
    #[serde(default)]
    pub lines: Option<Vec<ShipLine>>,
}

/// A parcel that left.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ShippedView {
    /// The parcel.
    pub shipment_id: ShipmentId,
}

/// Another carrier or number for a parcel.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeTracking {
    /// WeChat's code of the carrier, 1–32 visible ASCII characters.
    #[schema(example = "SF", min_length = 1, max_length = 32)]
    pub carrier_code: String,
    /// The carrier's number, 1–64 visible ASCII characters.
    #[schema(example = "SF1234567890123", min_length = 1, max_length = 64)]
    pub tracking_no: String,
}

/// Something a carrier says happened to a parcel.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PushedTrackingEvent {
    /// When.
    pub happened_at: Timestamp,
    /// Where, at most 200 characters.
    #[serde(default)]
    #[schema(example = "深圳转运中心", max_length = 200)]
    pub place: String,
    /// What, 1–200 characters.
    #[schema(example = "快件已发出", min_length = 1, max_length = 200)]
    pub description: String,
}

/// What a carrier says happened to a parcel.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PushTrackingEvents {
    /// 1–100 events; those known already are passed over.
    pub events: Vec<PushedTrackingEvent>,
}

/// How many tracking events were new.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TrackingPushedView {
    /// Events added.
    #[schema(example = 1)]
    pub added: usize,
}

/// What became of a refund.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RefundDecisionView {
    /// Whether a second member of staff must approve first; otherwise the money is on its way.
    pub waits_for_approval: bool,
}

fn desk<P>(staff: &Staff<P>) -> AtDesk {
    AtDesk { staff_id: staff.staff_id, origin: staff.origin.clone() }
}

/// Shows an order to staff
#[utoipa::path(
    tag = "order",
    security(("staff" = [])),
    extensions(("x-permission" = json!("order.read"))),
    params(("order_id" = OrderId, Path, description = "The order.")),
    responses((status = 200, description = "The order.", body = StaffOrderDetailView))
)]
#[get("/orders/{order_id}")]
pub async fn show_order_to_staff(
    db: web::Data<Db>,
    _staff: Staff<permission::OrderRead>,
    path: Path<OrderId>,
) -> ApiResult<Json<StaffOrderDetailView>> {
    let Path(id) = path;
    let showing = db.read("show_order_to_staff", move |tx| {
        let now = tx.now();
        service::file_for_staff(tx, id).map(|file| StaffOrderDetailView::of(file, now))
    });
    Ok(Json(showing.await?))
}

/// Writes a note on an order
#[utoipa::path(
    tag = "order",
    security(("staff" = [])),
    extensions(("x-permission" = json!("order.write"))),
    params(("order_id" = OrderId, Path, description = "The order.")),
    request_body = WriteOrderNote,
    responses((status = 204, description = "It is written."))
)]
#[put("/orders/{order_id}/note")]
pub async fn write_order_note(
    db: web::Data<Db>,
    staff: Staff<permission::OrderWrite>,
    path: Path<OrderId>,
    body: Json<WriteOrderNote>,
) -> ApiResult<NoContent> {
    let (Path(id), Json(body), desk) = (path, body, desk(&staff));
    db.write("write_order_note", move |tx| service::write_note(tx, &desk, id, &body.note)).await?;
    Ok(NoContent)
}

/// Changes the price of an unpaid order
///
/// The difference is spread over the lines and kept as an adjustment of source `staff`. What the buyer began to pay at
/// the old price can no longer be kept.
#[utoipa::path(
    tag = "order",
    security(("staff" = [])),
    extensions(("x-permission" = json!("order.reprice"))),
    params(("order_id" = OrderId, Path, description = "The order.")),
    request_body = RepriceOrder,
    responses((status = 204, description = "It has the new price."))
)]
#[post("/orders/{order_id}/price")]
pub async fn reprice_order(
    db: web::Data<Db>,
    staff: Staff<permission::OrderReprice>,
    path: Path<OrderId>,
    body: Json<RepriceOrder>,
) -> ApiResult<NoContent> {
    let (Path(id), Json(body), desk) = (path, body, desk(&staff));
    let repricing = db.write("reprice_order", move |tx| {
        service::reprice(tx, &desk, id, body.total_fen, body.freight_fen, &body.reason)
    });
    repricing.await?;
    Ok(NoContent)
}

/// Closes an unpaid order
#[utoipa::path(
    tag = "order",
    security(("staff" = [])),
    extensions(("x-permission" = json!("order.write"))),
    params(("order_id" = OrderId, Path, description = "The order.")),
    request_body = StaffReason,
    responses((status = 204, description = "It is closed."))
)]
#[post("/orders/{order_id}/close")]
pub async fn close_order(
    db: web::Data<Db>,
    orders: web::Data<Orders>,
    staff: Staff<permission::OrderWrite>,
    path: Path<OrderId>,
    body: Json<StaffReason>,
) -> ApiResult<NoContent> {
    let (Path(id), Json(body), desk, orders) = (path, body, desk(&staff), Orders::clone(&orders));
    db.write("close_order", move |tx| service::close_by_staff(tx, &orders, &desk, id, &body.reason)).await?;
    Ok(NoContent)
}

/// Sends a parcel of an order
///
/// Refused while a campaign holds the order back or money is on its way back. When nothing is left to send the order is
/// shipped; until then it stays paid. WeChat is told of it when it was paid through WeChat.
#[utoipa::path(
    tag = "order",
    security(("staff" = [])),
    extensions(("x-permission" = json!("order.ship"))),
    params(("order_id" = OrderId, Path, description = "The order.")),
    request_body = ShipOrder,
    responses((status = 201, description = "The parcel.", body = ShippedView))
)]
#[post("/orders/{order_id}/shipments")]
pub async fn ship_order(
    db: web::Data<Db>,
    orders: web::Data<Orders>,
    staff: Staff<permission::OrderShip>,
    path: Path<OrderId>,
    body: Json<ShipOrder>,
) -> ApiResult<Created<ShippedView>> {
    let (Path(id), Json(body), desk, orders) = (path, body, desk(&staff), Orders::clone(&orders));
    let line = |line: ShipLine| LineQuantity { line_id: line.line_id, quantity: line.quantity };
    let lines = body.lines.map(|lines| lines.into_iter().map(line).collect());
    let parcel = NewParcel { carrier_code: body.carrier_code, tracking_no: body.tracking_no, lines };
    let shipment_id = db.write("ship_order", move |tx| service::ship(tx, &orders, &desk, id, &parcel)).await?;
    Ok(Created(ShippedView { shipment_id }))
}

/// Gives all the money of an order back before shipping
///
/// Above the limit of the shop's settings a second member of staff must approve first.
#[utoipa::path(
    tag = "order",
    security(("staff" = [])),
    extensions(("x-permission" = json!("order.refund"))),
    params(("order_id" = OrderId, Path, description = "The order.")),
    request_body = StaffReason,
    responses((status = 200, description = "What became of it.", body = RefundDecisionView))
)]
#[post("/orders/{order_id}/refund")]
pub async fn refund_order_by_staff(
    db: web::Data<Db>,
    orders: web::Data<Orders>,
    staff: Staff<permission::OrderRefund>,
    path: Path<OrderId>,
    body: Json<StaffReason>,
) -> ApiResult<Json<RefundDecisionView>> {
    let (Path(id), Json(body), desk, orders) = (path, body, desk(&staff), Orders::clone(&orders));
    let refunding =
        db.write("refund_order_by_staff", move |tx| service::refund_by_staff(tx, &orders, &desk, id, &body.reason));
    let waits_for_approval = refunding.await? == RefundDecision::WaitingForApproval;
    Ok(Json(RefundDecisionView { waits_for_approval }))
}

/// Puts the carrier or number of a parcel right
#[utoipa::path(
    tag = "order",
    security(("staff" = [])),
    extensions(("x-permission" = json!("order.ship"))),
    params(("shipment_id" = ShipmentId, Path, description = "The parcel.")),
    request_body = ChangeTracking,
    responses((status = 204, description = "It is changed."))
)]
#[put("/shipments/{shipment_id}/tracking")]
pub async fn change_shipment_tracking(
    db: web::Data<Db>,
    staff: Staff<permission::OrderShip>,
    path: Path<ShipmentId>,
    body: Json<ChangeTracking>,
) -> ApiResult<NoContent> {
    let (Path(id), Json(body), desk) = (path, body, desk(&staff));
    let changing = db.write("change_shipment_tracking", move |tx| {
        service::change_tracking(tx, &desk, id, &body.carrier_code, &body.tracking_no)
    });
    changing.await?;
    Ok(NoContent)
}

/// Adds what a carrier says happened to a parcel
#[utoipa::path(
    tag = "order",
    security(("staff" = [])),
    extensions(("x-permission" = json!("order.ship"))),
    params(("shipment_id" = ShipmentId, Path, description = "The parcel.")),
    request_body = PushTrackingEvents,
    responses((status = 200, description = "How many were new.", body = TrackingPushedView))
)]
#[post("/shipments/{shipment_id}/tracking-events")]
pub async fn push_tracking_events(
    db: web::Data<Db>,
    staff: Staff<permission::OrderShip>,
    path: Path<ShipmentId>,
    body: Json<PushTrackingEvents>,
) -> ApiResult<Json<TrackingPushedView>> {
    let (Path(id), Json(body), desk) = (path, body, desk(&staff));
    let event = |event: PushedTrackingEvent| PushedEvent {
        happened_at: event.happened_at,
        place: event.place,
        description: event.description,
    };
    let events: Vec<PushedEvent> = body.events.into_iter().map(event).collect();
    let added = db.write("push_tracking_events", move |tx| service::push_tracking(tx, &desk, id, &events)).await?;
    Ok(Json(TrackingPushedView { added }))
}
