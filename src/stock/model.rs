//! The words of stock.

use crate::catalog::SkuId;
use crate::kernel::id::{OrderId, StaffId};
use crate::kernel::time::Timestamp;

crate::typed_id! {
    /// One change of stock.
    MovementId,
}

/// Most pieces one SKU may have received in all; keeps every count far from the ends of 64 bits.
pub const MAX_COUNT: i64 = 1_000_000_000_000;
/// Most pieces one movement may concern.
pub const MAX_CHANGE: i64 = 1_000_000_000;
/// Most lines of one receipt.
pub const MAX_RECEIPT_LINES: usize = 200;
/// Most characters of a reason.
pub const MAX_REASON: usize = 200;
/// Highest number below which the shop may want to know.
pub const MAX_LOW_AT: i64 = 1_000_000;
/// That number for a SKU for which staff set none.
pub const DEFAULT_LOW_AT: i64 = 10;

/// So many pieces of one SKU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StockLine {
    /// What.
    pub sku_id: SkuId,
    /// How many, at least one.
    pub quantity: i64,
}

crate::stored_enum! {
    /// Why stock changed.
    pub enum MovementKind {
        /// Goods came in.
        Purchase = "purchase",
        /// An order was placed and its pieces set aside.
        Hold = "hold",
        /// The order was closed unpaid.
        Release = "release",
        /// The order was paid.
        Sale = "sale",
        /// Sold pieces came back before shipping.
        Return = "return",
        /// Staff put a count right.
        Correction = "correction",
    }
}

crate::stored_enum! {
    /// What became of the pieces set aside for an order.
    pub enum HoldState {
        /// Set aside, waiting for payment.
        Live = "live",
        /// Given back unpaid.
        Released = "released",
        /// Paid for.
        Sold = "sold",
        /// Paid for and given back.
        Returned = "returned",
    }
}

/// The counts of one SKU. `received − removed = on_hand + sold` and `on_hand ≥ held ≥ 0` always.
#[derive(Clone, Copy, Debug, PartialEq, Eq, diesel::Queryable)]
pub struct StockItem {
    /// The SKU.
    pub sku_id: SkuId,
    /// Pieces in the warehouse, those held included.
    pub on_hand: i64,
    /// Pieces set aside for unpaid orders.
    pub held: i64,
    /// Pieces paid for.
    pub sold: i64,
    /// Pieces that ever came in.
    pub received: i64,
    /// Pieces that were lost or written off.
    pub removed: i64,
    /// Below this number of free pieces the shop wants to know.
    pub low_at: i64,
}

impl StockItem {
    /// A SKU of which nothing ever came in.
    pub const fn empty(sku_id: SkuId) -> Self {
        Self { sku_id, on_hand: 0, held: 0, sold: 0, received: 0, removed: 0, low_at: DEFAULT_LOW_AT }
    }

    /// Pieces that can still be ordered.
    pub const fn available(&self) -> i64 {
        self.on_hand.saturating_sub(self.held)
    }
}

/// One change of stock.
#[derive(Clone, Debug, PartialEq, Eq, diesel::Queryable)]
pub struct Movement {
    /// The change.
    pub id: MovementId,
    /// The SKU.
    pub sku_id: SkuId,
    /// Why.
    pub kind: MovementKind,
    /// What it added to the pieces in the warehouse.
    pub on_hand_change: i64,
    /// What it added to the pieces set aside.
    pub held_change: i64,
    /// The order that caused it.
    pub order_id: Option<OrderId>,
    /// Why, in words.
    pub reason: String,
    /// Who of the staff caused it.
    pub staff_id: Option<StaffId>,
    /// When.
    pub at: Timestamp,
}
