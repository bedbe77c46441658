//! What virtual goods record, version 1 of each. Never a code.

use serde::{Deserialize, Serialize};

use crate::kernel::id::OrderId;
use crate::order::OrderLineId;

/// `digital.delivered`
pub const DELIVERED: &str = "digital.delivered";

/// The virtual lines of an order were delivered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoodsDelivered {
    /// The order.
    pub order_id: OrderId,
    /// The lines.
    pub lines: Vec<DeliveredLine>,
}

/// One line of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveredLine {
    /// The line.
    pub line_id: OrderLineId,
    /// How many pieces.
    pub quantity: i64,
}
