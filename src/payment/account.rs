//! What of a user's is kept with payments.

use crate::identity::{AccountAsset, UserRows};

/// The payments of a user.
#[derive(Clone, Copy, Debug, Default)]
pub struct PaymentAsset;

const ROWS: &[UserRows] = &[UserRows {
    table: "payments",
    moments: &[("created_at", "payment.opened"), ("paid_at", "payment.paid")],
    parts: &[("payment_attempts", "payment_id"), ("refunds", "payment_id")],
    ..UserRows::PLAIN
}];

impl AccountAsset for PaymentAsset {
    fn rows(&self) -> &'static [UserRows] {
        ROWS
    }
}
