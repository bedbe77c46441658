//! What orders look like on the wire, for their buyers.

use serde::Serialize;
use utoipa::ToSchema;

use super::collecting::PickUpView;
use crate::catalog::{GoodsKind, ProductId, SkuId};
use crate::kernel::id::OrderId;
use crate::kernel::money::Fen;
use crate::kernel::time::{SECOND_MS, Timestamp};
use crate::order::model::{
    ActorKind, Delivery, Order, OrderAdjustment, OrderFile, OrderLine, OrderLineId, OrderRefund, OrderState,
    OrderWithLines, Parcel, RefundKind, ShipGate, ShipmentId, ShipmentKind, TrackingEvent,
};
use crate::order::rules::{self, Denial};
use crate::order::service::Placed;

/// One line of an order. `payable = goods − discount + freight`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OrderLineView {
    /// The line.
    pub line_id: OrderLineId,
    /// The product.
    pub product_id: ProductId,
    /// The SKU.
    pub sku_id: SkuId,
    /// What its buyer gets.
    pub kind: GoodsKind,
    /// The product's title when it was bought.
    #[schema(example = "亚麻连衣裙")]
    pub title: String,
    /// The option values when it was bought.
    #[schema(example = "米白 M")]
    pub option_text: String,
    /// The picture when it was bought.
    #[schema(example = "/files/2026/01/dress.jpg")]
    pub picture: String,
    /// The base price of one piece.
    pub unit_price_fen: Fen,
    /// How many pieces.
    #[schema(example = 2)]
    pub quantity: i64,
    /// Base price times quantity.
    pub goods_fen: Fen,
    /// What was taken off this line.
    #[schema(example = 0)]
    pub discount_fen: Fen,
    /// The line's share of the freight.
    #[schema(example = 0)]
    pub freight_fen: Fen,
    /// What is paid for this line.
    pub payable_fen: Fen,
    /// Pieces sent.
    #[schema(example = 0)]
    pub shipped_quantity: i64,
    /// Pieces refunded.
    #[schema(example = 0)]
    pub refunded_quantity: i64,
    /// Money refunded for this line.
    #[schema(example = 0)]
    pub refunded_fen: Fen,
}

impl From<OrderLine> for OrderLineView {
    fn from(line: OrderLine) -> Self {
        Self {
            line_id: line.id,
            product_id: line.product_id,
            sku_id: line.sku_id,
            kind: line.kind,
            title: line.title,
            option_text: line.option_text,
            picture: line.picture,
            unit_price_fen: line.unit_price,
            quantity: line.quantity,
            goods_fen: line.goods,
            discount_fen: line.discount,
            freight_fen: line.freight,
            payable_fen: line.payable,
            shipped_quantity: line.shipped_quantity,
            refunded_quantity: line.refunded_quantity,
            refunded_fen: line.refunded,
        }
    }
}

/// One change of an order's price.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OrderAdjustmentView {
    /// The kind of offer, or `staff`.
    #[schema(example = "group_buy")]
    pub source: String,
    /// Which one of that kind.
    #[schema(example = "184467440737095516")]
    pub source_ref: String,
    /// How people read it.
    #[schema(example = "拼团优惠")]
    pub title: String,
    /// The line it belongs to; null when it was spread over several.
    pub line_id: Option<OrderLineId>,
    /// Whether it was taken off the freight instead of the goods.
    pub on_freight: bool,
    /// How much; negative is cheaper.
    #[schema(example = -1000)]
    pub amount_fen: Fen,
}

impl From<OrderAdjustment> for OrderAdjustmentView {
    fn from(made: OrderAdjustment) -> Self {
        Self {
            source: made.source,
            source_ref: made.source_ref,
            title: made.title,
            line_id: made.line_id,
            on_freight: made.on_freight,
            amount_fen: made.amount,
        }
    }
}

/// What holds an order back from shipping.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ShipGateView {
    /// The kind of campaign.
    #[schema(example = "group_buy")]
    pub source: String,
    /// Which one of that kind.
    #[schema(example = "184467440737095516")]
    pub source_ref: String,
    /// When it opened; null while it holds.
    pub opened_at: Option<Timestamp>,
}

impl From<ShipGate> for ShipGateView {
    fn from(gate: ShipGate) -> Self {
        Self { source: gate.source, source_ref: gate.source_ref, opened_at: gate.opened_at }
    }
}

/// What lies in a parcel.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ParcelLineView {
    /// The line.
    pub line_id: OrderLineId,
    /// How many pieces of it.
    #[schema(example = 1)]
    pub quantity: i64,
}

/// One thing that happened to a parcel on its way.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct TrackingEventView {
    /// When, by the carrier's clock.
    pub happened_at: Timestamp,
    /// Where.
    #[schema(example = "深圳转运中心")]
    pub place: String,
    /// What.
    #[schema(example = "快件已发出")]
    pub description: String,
}

impl From<TrackingEvent> for TrackingEventView {
    fn from(event: TrackingEvent) -> Self {
        Self { happened_at: event.happened_at, place: event.place, description: event.description }
    }
}

/// Something that left the shop: a parcel, what was handed out at a store, or virtual goods.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ShipmentView {
    /// The parcel.
    pub shipment_id: ShipmentId,
    /// How it left.
    pub kind: ShipmentKind,
    /// WeChat's code of the carrier; null when nobody carried it.
    #[schema(example = "SF")]
    pub carrier_code: Option<String>,
    /// The carrier's number; null when nobody carried it.
    #[schema(example = "SF1234567890123")]
    pub tracking_no: Option<String>,
    /// When it left.
    pub shipped_at: Timestamp,
    /// What lies in it.
    pub lines: Vec<ParcelLineView>,
    /// What happened to it, latest first.
    pub tracking: Vec<TrackingEventView>,
}

impl From<Parcel> for ShipmentView {
    fn from(parcel: Parcel) -> Self {
        let line = |line: &crate::order::model::ShipmentLine| ParcelLineView {
            line_id: line.line_id,
            quantity: line.quantity,
        };
        let written = |text: String| Some(text).filter(|text| !text.is_empty());
        Self {
            shipment_id: parcel.shipment.id,
            kind: parcel.shipment.kind,
            carrier_code: written(parcel.shipment.carrier_code),
            tracking_no: written(parcel.shipment.tracking_no),
            shipped_at: parcel.shipment.shipped_at,
            lines: parcel.lines.iter().map(line).collect(),
            tracking: parcel.tracking.into_iter().map(Into::into).collect(),
        }
    }
}

/// Money asked back of an order.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OrderRefundView {
    /// What it is for.
    pub kind: RefundKind,
    /// How much.
    #[schema(example = 1000)]
    pub amount_fen: Fen,
    /// What the payer reads.
    #[schema(example = "拼团达到更低价，退还差价")]
    pub reason: String,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// When it reached the payer; null while it is on its way.
    pub arrived_at: Option<Timestamp>,
}

impl From<OrderRefund> for OrderRefundView {
    fn from(refund: OrderRefund) -> Self {
        Self {
            kind: refund.kind,
            amount_fen: refund.amount,
            reason: refund.reason,
            asked_at: refund.asked_at,
            arrived_at: refund.arrived_at,
        }
    }
}

/// One step of an order, as its buyer sees it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StepView {
    /// The state it reached.
    pub state: OrderState,
    /// Who caused it.
    pub by: ActorKind,
    /// When.
    pub at: Timestamp,
}

/// What happens by itself at a deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeadlineKind {
    /// The order is closed unless it is paid.
    Close,
    /// The order counts as received.
    Receive,
    /// The order is completed; no after-sale any more.
    Complete,
}

/// A deadline, with the time left by the server's clock.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DeadlineView {
    /// What happens then.
    pub kind: DeadlineKind,
    /// When.
    pub at: Timestamp,
    /// Whole seconds until then, never below zero.
    #[schema(example = 1799)]
    pub seconds_left: i64,
}

/// The deadline that an order is under.
pub(in crate::order) fn deadline_of(order: &Order, now: Timestamp) -> Option<DeadlineView> {
    let (kind, at) = match order.state {
        OrderState::PendingPayment => (DeadlineKind::Close, order.pay_deadline),
        OrderState::Shipped => (DeadlineKind::Receive, order.receive_due_at?),
        OrderState::Received => (DeadlineKind::Complete, order.complete_due_at?),
        OrderState::Paid | OrderState::Completed | OrderState::Closed | OrderState::Refunded => return None,
    };
    let seconds_left = at.millis_since(now).max(0).div_euclid(SECOND_MS);
    Some(DeadlineView { kind, at, seconds_left })
}

/// Whether the viewer may do something, and why not.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ActionView {
    /// Whether they may.
    pub allowed: bool,
    /// Why not; null when they may.
    pub why_not: Option<Denial>,
}

impl From<Result<(), Denial>> for ActionView {
    fn from(decision: Result<(), Denial>) -> Self {
        Self { allowed: decision.is_ok(), why_not: decision.err() }
    }
}

/// What a buyer may do with an order.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct BuyerActionsView {
    /// Pay it.
    pub pay: ActionView,
    /// Cancel it unpaid.
    pub cancel: ActionView,
    /// Have all the money back before shipping.
    pub refund: ActionView,
    /// Say that it arrived.
    pub confirm_receipt: ActionView,
    /// Hide it from the list.
    pub hide: ActionView,
}

impl BuyerActionsView {
    fn of(order: &Order, lines: &[OrderLine], now: Timestamp) -> Self {
        Self {
            pay: rules::may_pay(order, now).into(),
            cancel: rules::may_close(order).into(),
            refund: rules::may_refund_unshipped(order, lines).into(),
            confirm_receipt: rules::may_receive(order).into(),
            hide: rules::may_hide(order).into(),
        }
    }
}

/// An order in its buyer's list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OrderRowView {
    /// The order.
    pub order_id: OrderId,
    /// Where it stands.
    pub state: OrderState,
    /// How it reaches its buyer.
    pub delivery: Delivery,
    /// What is paid for it.
    pub total_fen: Fen,
    /// What went back.
    #[schema(example = 0)]
    pub refunded_fen: Fen,
    /// Whether money is on its way back.
    pub refunding: bool,
    /// When it was placed.
    pub created_at: Timestamp,
    /// What happens by itself, and when; null when nothing does.
    pub deadline: Option<DeadlineView>,
    /// Its lines.
    pub lines: Vec<OrderLineView>,
    /// What the buyer may do.
    pub may: BuyerActionsView,
}

impl OrderRowView {
    /// The order as its buyer sees it at `now`.
    pub(in crate::order) fn of(found: OrderWithLines, now: Timestamp) -> Self {
        let OrderWithLines { order, lines } = found;
        Self {
            order_id: order.id,
            state: order.state,
            delivery: order.delivery,
            total_fen: order.total,
            refunded_fen: order.refunded,
            refunding: order.refunding > Fen::ZERO,
            created_at: order.created_at,
            deadline: deadline_of(&order, now),
            may: BuyerActionsView::of(&order, &lines, now),
            lines: lines.into_iter().map(Into::into).collect(),
        }
    }
}

/// Where an order is sent, or who collects it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReceiverView {
    /// To whom.
    #[schema(example = "李雷")]
    pub name: String,
    /// Their phone.
    #[schema(example = "13800001234")]
    pub phone: String,
    /// The code of the province; null when it is collected.
    #[schema(example = "44")]
    pub province_code: Option<String>,
    /// The address in one line; the store's, as it was then, when it is collected.
    #[schema(example = "广东省深圳市南山区科技园1号")]
    pub address: String,
}

/// What an order costs. `total = goods − discount + freight`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OrderPriceView {
    /// Sum of the base prices.
    pub goods_fen: Fen,
    /// What was taken off the goods.
    #[schema(example = 0)]
    pub discount_fen: Fen,
    /// The freight.
    #[schema(example = 0)]
    pub freight_fen: Fen,
    /// What is paid for it.
    pub total_fen: Fen,
    /// What went back.
    #[schema(example = 0)]
    pub refunded_fen: Fen,
    /// What is on its way back.
    #[schema(example = 0)]
    pub refunding_fen: Fen,
    /// What made the price.
    pub adjustments: Vec<OrderAdjustmentView>,
}

impl OrderPriceView {
    pub(super) fn of(order: &Order, adjustments: Vec<OrderAdjustment>) -> Self {
        Self {
            goods_fen: order.goods,
            discount_fen: order.discount,
            freight_fen: order.freight,
            total_fen: order.total,
            refunded_fen: order.refunded,
            refunding_fen: order.refunding,
            adjustments: adjustments.into_iter().map(Into::into).collect(),
        }
    }
}

pub(super) fn receiver_of(order: &Order) -> Option<ReceiverView> {
    (order.delivery != Delivery::Virtual).then(|| ReceiverView {
        name: order.receiver_name.clone(),
        phone: order.receiver_phone.clone(),
        province_code: Some(order.province_code.clone()).filter(|code| !code.is_empty()),
        address: order.receiver_address.clone(),
    })
}

/// An order that has just been placed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PlacedOrderView {
    /// The order.
    pub order_id: OrderId,
    /// Where it stands: waiting for payment, or paid at once when it costs nothing.
    pub state: OrderState,
    /// What it costs.
    pub price: OrderPriceView,
    /// When it was placed.
    pub created_at: Timestamp,
    /// Until when it is to be paid.
    pub pay_deadline: Timestamp,
    /// What holds it back from shipping.
    pub gates: Vec<ShipGateView>,
    /// Its lines.
    pub lines: Vec<OrderLineView>,
}

impl From<Placed> for PlacedOrderView {
    fn from(placed: Placed) -> Self {
        Self {
            order_id: placed.order.id,
            state: placed.order.state,
            price: OrderPriceView::of(&placed.order, placed.adjustments),
            created_at: placed.order.created_at,
            pay_deadline: placed.order.pay_deadline,
            gates: placed.gates.into_iter().map(Into::into).collect(),
            lines: placed.lines.into_iter().map(Into::into).collect(),
        }
    }
}

/// Everything a buyer sees of their order.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OrderDetailView {
    /// The order.
    pub order_id: OrderId,
    /// Where it stands.
    pub state: OrderState,
    /// How it reaches its buyer.
    pub delivery: Delivery,
    /// What it costs.
    pub price: OrderPriceView,
    /// Where it is sent, or who collects it; null when there is nothing to carry.
    pub receiver: Option<ReceiverView>,
    /// Where it is collected and the code to show there; null when it is sent.
    pub pick_up: Option<PickUpView>,
    /// What the buyer wrote.
    #[schema(example = "请放在门口")]
    pub remark: String,
    /// When it was placed.
    pub created_at: Timestamp,
    /// When it was paid; null while it is not.
    pub paid_at: Option<Timestamp>,
    /// Why it was closed; null unless it was.
    #[schema(example = "payment_timeout")]
    pub close_reason: Option<String>,
    /// What happens by itself, and when; null when nothing does.
    pub deadline: Option<DeadlineView>,
    /// The server's clock.
    pub server_time: Timestamp,
    /// Its lines.
    pub lines: Vec<OrderLineView>,
    /// What holds it back from shipping.
    pub gates: Vec<ShipGateView>,
    /// Its parcels.
    pub shipments: Vec<ShipmentView>,
    /// What was asked back of it, first to last.
    pub refunds: Vec<OrderRefundView>,
    /// Its steps so far, first to last.
    pub steps: Vec<StepView>,
    /// What the buyer may do.
    pub may: BuyerActionsView,
}

impl OrderDetailView {
    /// The order as its buyer sees it at `now`.
    pub(in crate::order) fn of(file: OrderFile, now: Timestamp) -> Self {
        let OrderFile { order, lines, adjustments, gates, parcels, pick_up, refunds, history } = file;
        let moves = history.iter().filter(|row| row.from_state != Some(row.to_state));
        Self {
            order_id: order.id,
            state: order.state,
            delivery: order.delivery,
            pick_up: pick_up.map(|file| PickUpView::of(&order, file)),
            price: OrderPriceView::of(&order, adjustments),
            receiver: receiver_of(&order),
            deadline: deadline_of(&order, now),
            server_time: now,
            gates: gates.into_iter().map(Into::into).collect(),
            shipments: parcels.into_iter().map(Into::into).collect(),
            refunds: refunds.into_iter().map(Into::into).collect(),
            steps: moves.map(|row| StepView { state: row.to_state, by: row.actor_kind, at: row.at }).collect(),
            may: BuyerActionsView::of(&order, &lines, now),
            lines: lines.into_iter().map(Into::into).collect(),
            remark: order.remark,
            created_at: order.created_at,
            paid_at: order.paid_at,
            close_reason: order.close_reason,
        }
    }
}
