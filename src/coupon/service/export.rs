//! Coupons as a table for a spreadsheet.

use super::desk::{AtDesk, Deed, exported};
use crate::coupon::error::CouponError;
use crate::coupon::model::{Coupon, CouponTemplateId};
use crate::platform::db::{DbResult, Tx};
use crate::platform::http::Table;

/// The heads of the columns.
const HEADS: [&str; 9] =
    ["coupon_id", "user_id", "state", "source", "amount_yuan", "issued_at", "valid_from", "valid_until", "order_id"];

/// A template's coupons as a table, and how many they are.
///
/// # Errors
/// When there are too many, or no such template.
pub(in crate::coupon) fn table(tx: &mut Tx<'_>, template: CouponTemplateId) -> Result<(Table, usize), CouponError> {
    let coupons = exported(tx, template)?;
    Ok((Table::of(HEADS, coupons.iter().map(row))?, coupons.len()))
}

/// Writes down who exported how much.
pub(in crate::coupon) fn note_export(
    tx: &mut Tx<'_>,
    desk: &AtDesk,
    template: CouponTemplateId,
    coupons: usize,
) -> DbResult<()> {
    desk.note(
        tx,
        Deed {
            action: "coupon.export",
            subject: ("coupon_template", template.get()),
            reason: None,
            before: None,
            after: Some(serde_json::json!({ "coupons": coupons })),
        },
    )
}

fn row(coupon: &Coupon) -> [String; 9] {
    [
        coupon.id.to_string(),
        coupon.user_id.to_string(),
        coupon.state.to_string(),
        coupon.source.to_string(),
        coupon.amount.map(|amount| amount.to_yuan()).unwrap_or_default(),
        coupon.created_at.to_string(),
        coupon.valid_from.to_string(),
        coupon.valid_until.to_string(),
        coupon.order_id.map(|order| order.to_string()).unwrap_or_default(),
    ]
}
