//! Orders as a table for a spreadsheet: one row for each line.

use super::super::model::{Order, OrderLine, OrderWithLines};
use super::super::rules::defused_cell;
use crate::kernel::time::Timestamp;
use crate::platform::db::{DbError, DbResult};

/// The heads of the columns.
const HEADS: [&str; 22] = [
    "order_id",
    "state",
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

/// The table as CSV in UTF-8 with a byte order mark, which spreadsheets need to recognise Chinese. Cells that a
/// spreadsheet would take for a formula are defused.
///
/// # Errors
/// When the table cannot be written, which memory alone could cause.
pub(in crate::order) fn table(orders: &[OrderWithLines]) -> DbResult<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(vec![0xEF, 0xBB, 0xBF]);
    let failed = |error: csv::Error| DbError::Defect(error.to_string());
    writer.write_record(HEADS).map_err(failed)?;
    for OrderWithLines { order, lines } in orders {
        for line in lines {
            writer.write_record(row(order, line).map(|cell| defused_cell(&cell))).map_err(failed)?;
        }
    }
    writer.into_inner().map_err(|error| DbError::Defect(error.to_string()))
}

fn row(order: &Order, line: &OrderLine) -> [String; 22] {
    let moment = |at: Option<Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
    [
        order.id.to_string(),
        order.state.to_string(),
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
