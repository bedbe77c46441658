//! What of a user's is kept with orders.

use crate::identity::{AccountAsset, Erasure, UserRows};

/// The orders of a user.
#[derive(Clone, Copy, Debug, Default)]
pub struct OrderAsset;

const ROWS: &[UserRows] = &[UserRows {
    table: "orders",
    moments: &[
        ("created_at", "order.placed"),
        ("paid_at", "order.paid"),
        ("shipped_at", "order.shipped"),
        ("received_at", "order.received"),
        ("completed_at", "order.completed"),
        ("closed_at", "order.closed"),
    ],
    parts: &[
        ("order_lines", "order_id"),
        ("order_adjustments", "order_id"),
        ("order_history", "order_id"),
        ("shipments", "order_id"),
        ("pick_ups", "order_id"),
    ],
    // What staff noted for themselves is not the buyer's.
    withheld: &["staff_note"],
    // Goods and money stay, as the books and the tax office ask; who received them does not.
    erasure: Erasure::Blank(&[
        ("receiver_name", ""),
        ("receiver_phone", ""),
        ("receiver_address", ""),
        ("remark", ""),
        ("staff_note", ""),
    ]),
    unfinished: Some(("state", &["pending_payment", "paid", "shipped"])),
    ..UserRows::PLAIN
}];

impl AccountAsset for OrderAsset {
    fn rows(&self) -> &'static [UserRows] {
        ROWS
    }
}
