//! Lines and adjustments.

use diesel::prelude::*;

use crate::catalog::{GoodsKind, SkuId};
use crate::kernel::id::OrderId;
use crate::kernel::money::Fen;
use crate::order::model::{Order, OrderAdjustment, OrderLine, OrderLineId, OrderState, VirtualLine};
use crate::order::rules::NewLinePrice;
use crate::platform::db::dialect::Prepared;
use crate::platform::db::schema::{order_adjustments as adjustments, order_lines as lines, orders};
use crate::platform::db::{DbResult, Tx, columns};

/// Writes lines.
pub(in crate::order) fn insert_lines(tx: &mut Tx<'_>, rows: &[OrderLine]) -> DbResult<()> {
    crate::write_rows!(tx, lines::table, rows)
}

pub(in crate::order) fn insert_adjustments(tx: &mut Tx<'_>, rows: &[OrderAdjustment]) -> DbResult<()> {
    crate::write_rows!(tx, adjustments::table, rows)
}

pub(in crate::order) fn lines_of(tx: &mut Tx<'_>, order: OrderId) -> DbResult<Vec<OrderLine>> {
    let found = lines::table.filter(lines::order_id.eq(order)).order(lines::id);
    Ok(found.select(columns::<OrderLine>()).load(tx.conn()?)?)
}

/// The lines of several orders, in one query.
pub(in crate::order) fn lines_of_all(tx: &mut Tx<'_>, orders: &[OrderId]) -> DbResult<Vec<OrderLine>> {
    if orders.is_empty() {
        return Ok(Vec::new());
    }
    let found = lines::table.filter(lines::order_id.eq_any(orders)).order((lines::order_id, lines::id));
    Ok(found.select(columns::<OrderLine>()).load(tx.conn()?)?)
}

pub(in crate::order) fn adjustments_of(tx: &mut Tx<'_>, order: OrderId) -> DbResult<Vec<OrderAdjustment>> {
    let found = adjustments::table.filter(adjustments::order_id.eq(order)).order(adjustments::id);
    Ok(found.select(columns::<OrderAdjustment>()).load(tx.conn()?)?)
}

/// Counts pieces of a line as sent, if that many are left to send; false otherwise.
pub(in crate::order) fn ship_line(tx: &mut Tx<'_>, line: OrderLineId, quantity: i64) -> DbResult<bool> {
    let sent = lines::shipped_quantity + lines::refunded_quantity + quantity;
    let changed = Prepared(
        diesel::update(lines::table.find(line).filter(sent.le(lines::quantity)))
            .set(lines::shipped_quantity.eq(lines::shipped_quantity + quantity)),
    )
    .execute(tx.conn()?)?;
    Ok(changed == 1)
}

pub(in crate::order) fn set_line_price(tx: &mut Tx<'_>, price: &NewLinePrice) -> DbResult<()> {
    Prepared(diesel::update(lines::table.find(price.line_id)).set((
        lines::discount_fen.eq(price.discount),
        lines::freight_fen.eq(price.freight),
        lines::payable_fen.eq(price.payable),
    )))
    .execute(tx.conn()?)?;
    Ok(())
}

/// Counts money as refunded for a line.
pub(in crate::order) fn refund_line(tx: &mut Tx<'_>, line: OrderLineId, amount: Fen) -> DbResult<()> {
    diesel::update(lines::table.find(line))
        .set(lines::refunded_fen.eq(lines::refunded_fen + amount))
        .execute(tx.conn()?)?;
    Ok(())
}

/// Counts every piece and every fen of an order's lines as refunded.
pub(in crate::order) fn refund_whole_lines(tx: &mut Tx<'_>, order: OrderId) -> DbResult<()> {
    Prepared(
        diesel::update(lines::table.filter(lines::order_id.eq(order)))
            .set((lines::refunded_quantity.eq(lines::quantity), lines::refunded_fen.eq(lines::payable_fen))),
    )
    .execute(tx.conn()?)?;
    Ok(())
}

/// Paid orders that wait for virtual pieces of a SKU, the oldest first.
pub(in crate::order) fn undelivered_of_sku(tx: &mut Tx<'_>, sku: SkuId, limit: i64) -> DbResult<Vec<Order>> {
    let waiting = lines::table
        .filter(lines::sku_id.eq(sku))
        .filter(lines::kind.ne(GoodsKind::Physical))
        .filter(lines::shipped_quantity.lt(lines::quantity))
        .select(lines::order_id);
    let paid = orders::table.filter(orders::state.eq(OrderState::Paid)).filter(orders::id.eq_any(waiting));
    Ok(paid.order(orders::id).limit(limit).select(columns::<Order>()).load(tx.conn()?)?)
}

/// Every virtual line with what was delivered of it.
pub(in crate::order) fn virtual_lines(tx: &mut Tx<'_>) -> DbResult<Vec<VirtualLine>> {
    let found = lines::table
        .inner_join(orders::table)
        .filter(lines::kind.ne(GoodsKind::Physical))
        .order(lines::id)
        .select((lines::id, orders::id, orders::state, lines::kind, lines::shipped_quantity));
    let rows: Vec<(OrderLineId, OrderId, OrderState, GoodsKind, i64)> = found.load(tx.conn()?)?;
    let line = |(line_id, order_id, state, kind, shipped_quantity)| VirtualLine {
        line_id,
        order_id,
        state,
        kind,
        shipped_quantity,
    };
    Ok(rows.into_iter().map(line).collect())
}
