//! What orders record, version 1 of each. Amounts are fen.

use serde::{Deserialize, Serialize};

use super::model::{ActorKind, Order, OrderLine, OrderLineId, ShipmentId, ShipmentKind};
use crate::catalog::{ProductId, SkuId};
use crate::kernel::id::{OrderId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;
use crate::pick_up::StoreId;

/// `order.placed`
pub const PLACED: &str = "order.placed";
/// `order.paid`
pub const PAID: &str = "order.paid";
/// `order.closed`
pub const CLOSED: &str = "order.closed";
/// `order.pick_up_ready`
pub const PICK_UP_READY: &str = "order.pick_up_ready";
/// `order.virtual_ready`, when there is something virtual to deliver
pub const VIRTUAL_READY: &str = "order.virtual_ready";
/// `order.shipped`, once for each parcel, and once for what was handed out at a store or delivered as virtual goods
pub const SHIPPED: &str = "order.shipped";
/// `order.received`
pub const RECEIVED: &str = "order.received";
/// `order.completed`
pub const COMPLETED: &str = "order.completed";
/// `order.refunded`, once for each refund that arrived
pub const REFUNDED: &str = "order.refunded";
/// `order.price_changed`
pub const PRICE_CHANGED: &str = "order.price_changed";

/// One line, as subscribers need it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineFacts {
    /// The line.
    pub line_id: OrderLineId,
    /// What.
    pub sku_id: SkuId,
    /// Of which product.
    pub product_id: ProductId,
    /// How many pieces.
    pub quantity: i64,
    /// What is paid for them.
    pub payable_fen: Fen,
}

/// An order, as subscribers need it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderFacts {
    /// The order.
    pub order_id: OrderId,
    /// Whose it is.
    pub user_id: UserId,
    /// What is paid for it.
    pub total_fen: Fen,
    /// What went back so far.
    pub refunded_fen: Fen,
    /// Its lines.
    pub lines: Vec<LineFacts>,
}

impl OrderFacts {
    /// The facts of this order.
    pub fn of(order: &Order, lines: &[OrderLine]) -> Self {
        let line = |line: &OrderLine| LineFacts {
            line_id: line.id,
            sku_id: line.sku_id,
            product_id: line.product_id,
            quantity: line.quantity,
            payable_fen: line.payable,
        };
        Self {
            order_id: order.id,
            user_id: order.user_id,
            total_fen: order.total,
            refunded_fen: order.refunded,
            lines: lines.iter().map(line).collect(),
        }
    }
}

/// An order was placed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderPlaced {
    /// Which.
    pub order: OrderFacts,
    /// Until when it is to be paid.
    pub pay_deadline: Timestamp,
}

/// An order was paid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderPaid {
    /// Which.
    pub order: OrderFacts,
    /// When, by the provider's clock.
    pub paid_at: Timestamp,
}

/// An order was closed unpaid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderClosed {
    /// Which.
    pub order: OrderFacts,
    /// By whom.
    pub by: ActorKind,
    /// Why.
    pub reason: String,
}

/// An order can be collected at its store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderPickUpReady {
    /// Which.
    pub order: OrderFacts,
    /// Where.
    pub store_id: StoreId,
}

/// The virtual lines of an order can be delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderVirtualReady {
    /// Which.
    pub order: OrderFacts,
}

/// Something of an order has left the shop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderShipped {
    /// Which order.
    pub order: OrderFacts,
    /// Which parcel.
    pub shipment_id: ShipmentId,
    /// How it left.
    pub kind: ShipmentKind,
    /// WeChat's code of the carrier; empty when nobody carried it.
    pub carrier_code: String,
    /// The carrier's number; empty when nobody carried it.
    pub tracking_no: String,
    /// Whether nothing is left to send.
    pub all_shipped: bool,
}

/// An order was received.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderReceived {
    /// Which.
    pub order: OrderFacts,
    /// Whether the buyer said so or time did.
    pub by: ActorKind,
}

/// An order is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderCompleted {
    /// Which.
    pub order: OrderFacts,
}

/// Money of an order arrived at the payer again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRefunded {
    /// Which.
    pub order: OrderFacts,
    /// How much this time.
    pub amount_fen: Fen,
    /// Whether all of it is refunded now.
    pub whole: bool,
}

/// Staff changed what an unpaid order costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderPriceChanged {
    /// Which, with its new price.
    pub order: OrderFacts,
    /// What it cost before.
    pub old_total_fen: Fen,
}
