//! Orders as a table for a spreadsheet: one row for each line.

use super::super::model::{Order, OrderLine, OrderWithLines};
use crate::kernel::time::Timestamp;
use crate::platform::db::DbResult;
use crate::platform::http::Table;

/// The heads of the columns.
const HEADS: [&str; 23] = [
    "order_id",
    "state",
    "delivery",
    "placed_at",
    "paid_at",
    "shipped_at",
    "user_id",
    "receiver_name",
    "receiver_phone",
    "receiver_address",
    "remark",
    "staff_note",
    "product_id",
    "sku_id",
    "title",
    "options",
    "quantity",
    "shipped_quantity",
    "line_payable_yuan",
    "order_discount_yuan",
    "order_freight_yuan",
    "order_total_yuan",
    "order_refunded_yuan",
];

/// The orders as a table.
///
/// # Errors
/// When it cannot be written, which memory alone could cause.
pub(in crate::order) fn table(orders: &[OrderWithLines]) -> DbResult<Table> {
    let rows = orders.iter().flat_map(|OrderWithLines { order, lines }| lines.iter().map(move |line| row(order, line)));
    Table::of(HEADS, rows)
}

fn row(order: &Order, line: &OrderLine) -> [String; 23] {
    let moment = |at: Option<Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
    [
        order.id.to_string(),
        order.state.to_string(),
        order.delivery.to_string(),
        order.created_at.to_string(),
        moment(order.paid_at),
        moment(order.shipped_at),
        order.user_id.to_string(),
        order.receiver_name.clone(),
        order.receiver_phone.clone(),
        order.receiver_address.clone(),
        order.remark.clone(),
        order.staff_note.clone(),
        line.product_id.to_string(),
        line.sku_id.to_string(),
        line.title.clone(),
        line.option_text.clone(),
        line.quantity.to_string(),
        line.shipped_quantity.to_string(),
        line.payable.to_yuan(),
        order.discount.to_yuan(),
        order.freight.to_yuan(),
        order.total.to_yuan(),
        order.refunded.to_yuan(),
    ]
}
