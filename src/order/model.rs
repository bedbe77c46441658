//! The words of orders: ids, states, rows.

use diesel::prelude::*;

use crate::catalog::{GoodsKind, ProductId, SkuId};
use crate::kernel::id::{OrderId, StaffId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::time::{DAY_MS, MINUTE_MS, Timestamp};
use crate::payment::RefundId;
use crate::pick_up::{Store, StoreId};
use crate::platform::db::schema;

crate::typed_id! {
    /// One line of an order: so many pieces of one SKU at one price.
    OrderLineId,
    /// One parcel on its way.
    ShipmentId,
    /// One change of an order's price.
    OrderAdjustmentId,
    /// One row of an order's history.
    OrderHistoryId,
    /// One thing that happened to a parcel on its way.
    TrackingEventId,
}

/// Most characters of a shopper's remark, a staff note, or a reason.
pub const MAX_TEXT_CHARS: usize = 200;
/// Most parcels of one order; WeChat takes no more for one payment.
pub const MAX_PARCELS: usize = 15;
/// Most tracking events pushed at once.
pub const MAX_TRACKING_EVENTS: usize = 100;
/// Letters of a pick-up code.
pub const PICK_UP_CODE_LENGTH: usize = 12;
/// Most orders of one export.
pub const MAX_EXPORTED: i64 = 5_000;

crate::stored_enum! {
    /// Where an order stands. Waiting for a group is not a state but a ship gate; split shipment and partial refund
    /// are facts about lines.
    pub enum OrderState {
        /// Placed; stock, seats and coupons are set aside until the deadline.
        PendingPayment = "pending_payment",
        /// Paid; to be shipped.
        Paid = "paid",
        /// Everything that is to be sent is on its way.
        Shipped = "shipped",
        /// The buyer has it, by their word or by the passing of time.
        Received = "received",
        /// Over; no after-sale any more. Final.
        Completed = "completed",
        /// Never paid. Final.
        Closed = "closed",
        /// All of it was refunded. Final.
        Refunded = "refunded",
    }
}

impl OrderState {
    /// Whether nothing can happen any more.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Completed | Self::Closed | Self::Refunded)
    }
}

crate::stored_enum! {
    /// How an order reaches its buyer.
    pub enum Delivery {
        /// It is sent to an address.
        Parcel = "parcel",
        /// The buyer collects it at a store.
        PickUp = "pick_up",
        /// There is nothing to carry.
        Virtual = "virtual",
    }
}

crate::stored_enum! {
    /// How some pieces of an order left the shop.
    pub enum ShipmentKind {
        /// With a carrier.
        Parcel = "parcel",
        /// They were handed out at a store.
        PickUp = "pick_up",
        /// They are codes or access, and were delivered as such.
        Virtual = "virtual",
    }
}

crate::stored_enum! {
    /// Who caused a change.
    pub enum ActorKind {
        /// The buyer.
        Shopper = "shopper",
        /// A member of staff.
        Staff = "staff",
        /// A rule, a deadline, a campaign, or money that came.
        System = "system",
    }
}

/// Who caused a change, and which one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// The buyer.
    Shopper(UserId),
    /// A member of staff.
    Staff(StaffId),
    /// A rule, a deadline, a campaign, or money that came.
    System,
}

impl Actor {
    /// What kind it is.
    pub const fn kind(self) -> ActorKind {
        match self {
            Self::Shopper(_) => ActorKind::Shopper,
            Self::Staff(_) => ActorKind::Staff,
            Self::System => ActorKind::System,
        }
    }

    /// Which one.
    pub const fn id(self) -> Option<i64> {
        match self {
            Self::Shopper(user) => Some(user.get()),
            Self::Staff(staff) => Some(staff.get()),
            Self::System => None,
        }
    }

    /// The member of staff, if it is one.
    pub const fn staff(self) -> Option<StaffId> {
        if let Self::Staff(staff) = self { Some(staff) } else { None }
    }
}

/// How long things may take and from where on two people decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrderSettings {
    /// How long an order may stay unpaid, in milliseconds; an offer may ask for less.
    pub pay_within_ms: i64,
    /// How long after the last shipment an order counts as received by itself, in milliseconds.
    pub receive_after_ms: i64,
    /// How long after receipt after-sale is possible, in milliseconds; then the order is completed.
    pub complete_after_ms: i64,
    /// Refunds above this amount need a second member of staff.
    pub refund_approval_above: Fen,
}

impl Default for OrderSettings {
    fn default() -> Self {
        Self {
            pay_within_ms: 30 * MINUTE_MS,
            receive_after_ms: 10 * DAY_MS,
            complete_after_ms: 7 * DAY_MS,
            refund_approval_above: Fen::new(50_000),
        }
    }
}

/// One order.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = schema::orders, treat_none_as_default_value = false)]
pub struct Order {
    /// The order.
    pub id: OrderId,
    /// Whose it is.
    pub user_id: UserId,
    /// Where it stands.
    pub state: OrderState,
    /// How it reaches its buyer.
    pub delivery: Delivery,
    /// Sum of the base prices.
    #[diesel(column_name = goods_fen)]
    pub goods: Fen,
    /// What was taken off the goods.
    #[diesel(column_name = discount_fen)]
    pub discount: Fen,
    /// The freight.
    #[diesel(column_name = freight_fen)]
    pub freight: Fen,
    /// What is to be paid: goods − discount + freight.
    #[diesel(column_name = total_fen)]
    pub total: Fen,
    /// What reached the payer again.
    #[diesel(column_name = refunded_fen)]
    pub refunded: Fen,
    /// What was asked back from the provider and has not arrived yet.
    #[diesel(column_name = refunding_fen)]
    pub refunding: Fen,
    /// What of that is only a difference of price.
    #[diesel(column_name = refunding_difference_fen)]
    pub refunding_difference: Fen,
    /// To whom it is sent, or who collects it.
    pub receiver_name: String,
    /// The receiver's phone. These are empty when there is nothing to carry.
    pub receiver_phone: String,
    /// The province it is sent to; empty when it is not sent.
    pub province_code: String,
    /// The address in one line; the store's when it is collected.
    pub receiver_address: String,
    /// What the buyer wrote.
    pub remark: String,
    /// What staff wrote for themselves.
    pub staff_note: String,
    /// Until when it can be paid.
    pub pay_deadline: Timestamp,
    /// When closing is tried next: the deadline, or later while the provider is being asked.
    pub close_due_at: Timestamp,
    /// When it was placed.
    pub created_at: Timestamp,
    /// When it was paid, by the provider's clock.
    pub paid_at: Option<Timestamp>,
    /// When the last parcel left.
    pub shipped_at: Option<Timestamp>,
    /// When it counts as received by itself.
    pub receive_due_at: Option<Timestamp>,
    /// When it was received.
    pub received_at: Option<Timestamp>,
    /// When it is completed by itself.
    pub complete_due_at: Option<Timestamp>,
    /// When it was completed.
    pub completed_at: Option<Timestamp>,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// Why it was closed.
    pub close_reason: Option<String>,
    /// When the buyer hid it from their list.
    pub hidden_at: Option<Timestamp>,
    /// Rises with every change.
    pub version: i64,
}

impl Order {
    /// What was paid and neither came back nor is on its way back.
    pub fn refundable(&self) -> Fen {
        let asked = self.refunded.plus(self.refunding);
        asked.and_then(|asked| self.total.minus(asked)).unwrap_or(Fen::ZERO)
    }

    /// Whether all that is left of its money is on its way back, so that nothing may be sent any more. A difference of
    /// price on its way holds nothing up.
    pub fn is_refunding(&self) -> bool {
        self.refunding > self.refunding_difference
    }
}

/// One line of an order. `payable = goods − discount + freight`.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = schema::order_lines, treat_none_as_default_value = false)]
pub struct OrderLine {
    /// The line.
    pub id: OrderLineId,
    /// Its order.
    pub order_id: OrderId,
    /// The product, as it is now; the texts below are as they were.
    pub product_id: ProductId,
    /// The SKU.
    pub sku_id: SkuId,
    /// What its buyer gets.
    pub kind: GoodsKind,
    /// The product's title when it was bought.
    pub title: String,
    /// The option values when it was bought.
    pub option_text: String,
    /// The picture when it was bought.
    pub picture: String,
    /// The base price of one piece.
    #[diesel(column_name = unit_price_fen)]
    pub unit_price: Fen,
    /// How many pieces.
    pub quantity: i64,
    /// Base price times quantity.
    #[diesel(column_name = goods_fen)]
    pub goods: Fen,
    /// What was taken off this line.
    #[diesel(column_name = discount_fen)]
    pub discount: Fen,
    /// The line's share of the freight.
    #[diesel(column_name = freight_fen)]
    pub freight: Fen,
    /// What is paid for this line.
    #[diesel(column_name = payable_fen)]
    pub payable: Fen,
    /// Pieces on their way or arrived.
    pub shipped_quantity: i64,
    /// Pieces refunded.
    pub refunded_quantity: i64,
    /// Money refunded for this line.
    #[diesel(column_name = refunded_fen)]
    pub refunded: Fen,
}

impl OrderLine {
    /// Pieces still to be sent: bought, neither sent nor refunded.
    pub const fn to_ship(&self) -> i64 {
        let left = self.quantity.saturating_sub(self.shipped_quantity).saturating_sub(self.refunded_quantity);
        if left > 0 { left } else { 0 }
    }
}

/// One change of an order's price and where it came from.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = schema::order_adjustments, treat_none_as_default_value = false)]
pub struct OrderAdjustment {
    /// The change.
    pub id: OrderAdjustmentId,
    /// Its order.
    pub order_id: OrderId,
    /// The line it belongs to; absent when it was spread over several.
    pub line_id: Option<OrderLineId>,
    /// The kind of offer, or `staff`.
    pub source: String,
    /// Which one of that kind.
    pub source_ref: String,
    /// How people read it.
    pub title: String,
    /// Whether it was taken off the freight instead of the goods.
    pub on_freight: bool,
    /// How much; negative is cheaper.
    #[diesel(column_name = amount_fen)]
    pub amount: Fen,
}

/// One row of an order's history: a move from state to state, or a fact when both are the same.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = schema::order_history, treat_none_as_default_value = false)]
pub struct HistoryRow {
    /// The row.
    pub id: OrderHistoryId,
    /// Its order.
    pub order_id: OrderId,
    /// The version of the order that this row made: the true order of the rows.
    pub version: i64,
    /// The state before; absent for the first row.
    pub from_state: Option<OrderState>,
    /// The state after.
    pub to_state: OrderState,
    /// What kind of actor caused it.
    pub actor_kind: ActorKind,
    /// Which one.
    pub actor_id: Option<i64>,
    /// Why, or what happened.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

crate::stored_enum! {
    /// What a refund is for.
    pub enum RefundKind {
        /// All that is left: the order is given up.
        Whole = "whole",
        /// A difference of price: the order goes on.
        Difference = "difference",
    }
}

/// Money asked back of an order.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = schema::order_refunds, treat_none_as_default_value = false)]
pub struct OrderRefund {
    /// The refund, as payment knows it.
    pub id: RefundId,
    /// Its order.
    pub order_id: OrderId,
    /// What it is for.
    pub kind: RefundKind,
    /// How much.
    #[diesel(column_name = amount_fen)]
    pub amount: Fen,
    /// What the payer reads.
    pub reason: String,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// When it reached the payer; absent while it is on its way.
    pub arrived_at: Option<Timestamp>,
}

/// Holds a paid order back from shipping until its campaign opens it.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = schema::ship_gates, treat_none_as_default_value = false)]
pub struct ShipGate {
    /// The order held back.
    pub order_id: OrderId,
    /// The kind of campaign, such as `group_buy`.
    pub source: String,
    /// Which one of that kind.
    pub source_ref: String,
    /// When it was set.
    pub created_at: Timestamp,
    /// When it opened; absent while it holds.
    pub opened_at: Option<Timestamp>,
}

/// An order that a campaign held or holds back, for the campaign's books.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GatedOrder {
    /// The order.
    pub order_id: OrderId,
    /// Where it stands.
    pub state: OrderState,
    /// Whether all of its money is on its way back.
    pub refunding: bool,
    /// Whether the gate is open.
    pub opened: bool,
}

/// One parcel.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = schema::shipments, treat_none_as_default_value = false)]
pub struct Shipment {
    /// The parcel.
    pub id: ShipmentId,
    /// Its order.
    pub order_id: OrderId,
    /// How these pieces left.
    pub kind: ShipmentKind,
    /// WeChat's code of the carrier, such as `SF`; empty when nobody carried it.
    pub carrier_code: String,
    /// The carrier's number; empty when nobody carried it.
    pub tracking_no: String,
    /// Who of the staff sent it or handed it out.
    pub shipped_by: Option<StaffId>,
    /// When it left.
    pub shipped_at: Timestamp,
    /// When WeChat was told of it; absent while it was not, or need not be.
    pub uploaded_at: Option<Timestamp>,
}

/// What lies in a parcel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = schema::shipment_lines, treat_none_as_default_value = false)]
pub struct ShipmentLine {
    /// The parcel.
    pub shipment_id: ShipmentId,
    /// The line.
    pub line_id: OrderLineId,
    /// How many pieces of it.
    pub quantity: i64,
}

/// One thing that happened to a parcel on its way.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = schema::tracking_events, treat_none_as_default_value = false)]
pub struct TrackingEvent {
    /// The event.
    pub id: TrackingEventId,
    /// Its parcel.
    pub shipment_id: ShipmentId,
    /// When it happened, by the carrier's clock.
    pub happened_at: Timestamp,
    /// Where.
    pub place: String,
    /// What.
    pub description: String,
}

/// An order that is collected at a store.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = schema::pick_ups, treat_none_as_default_value = false)]
pub struct PickUp {
    /// The order.
    pub order_id: OrderId,
    /// The store.
    pub store_id: StoreId,
    /// What the buyer shows there; absent until the order is paid and no campaign holds it back.
    pub code: Option<String>,
    /// When the code was made.
    pub issued_at: Option<Timestamp>,
    /// When it was handed out.
    pub verified_at: Option<Timestamp>,
    /// Who handed it out.
    pub verified_by: Option<StaffId>,
}

/// What there is to know about collecting an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PickUpFile {
    /// The pick-up.
    pub pick_up: PickUp,
    /// The store as it is now.
    pub store: Store,
}

/// What was delivered of a virtual line, for the books of whoever delivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VirtualLine {
    /// The line.
    pub line_id: OrderLineId,
    /// Its order.
    pub order_id: OrderId,
    /// Where that stands.
    pub state: OrderState,
    /// What its buyer gets.
    pub kind: GoodsKind,
    /// Pieces counted as delivered.
    pub shipped_quantity: i64,
}

/// An order with its lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderWithLines {
    /// The order.
    pub order: Order,
    /// Its lines.
    pub lines: Vec<OrderLine>,
}

/// A parcel with what lies in it and what happened to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parcel {
    /// The parcel.
    pub shipment: Shipment,
    /// What lies in it.
    pub lines: Vec<ShipmentLine>,
    /// What happened to it, latest first.
    pub tracking: Vec<TrackingEvent>,
}

/// Everything there is to know about one order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderFile {
    /// The order.
    pub order: Order,
    /// Its lines.
    pub lines: Vec<OrderLine>,
    /// What made its price.
    pub adjustments: Vec<OrderAdjustment>,
    /// What holds it back from shipping.
    pub gates: Vec<ShipGate>,
    /// Its parcels.
    pub parcels: Vec<Parcel>,
    /// Where it is collected, if it is.
    pub pick_up: Option<PickUpFile>,
    /// What was asked back of it.
    pub refunds: Vec<OrderRefund>,
    /// What happened to it.
    pub history: Vec<HistoryRow>,
}
