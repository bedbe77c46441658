//! What happens by itself once an order may leave the shop: the code of a pick-up, and the delivery of virtual lines.

use super::super::error::OrderError;
use super::super::events::{OrderFacts, OrderVirtualReady, VIRTUAL_READY};
use super::super::model::{
    Actor, Delivery, Order, OrderLine, OrderState, Shipment, ShipmentId, ShipmentKind, VirtualLine,
};
use super::super::rules::{self, Step};
use super::super::store;
use super::{Cause, Orders, collect, moves, record, ship};
use crate::catalog::SkuId;
use crate::kernel::id::OrderId;
use crate::platform::db::{DbResult, Tx};

/// Lets an order that was paid, or whose gate opened, go on by itself as far as it can. Most have to be sent by hand, and
/// nothing happens here.
pub(super) fn go_on(tx: &mut Tx<'_>, order: &Order, lines: &[OrderLine]) -> DbResult<()> {
    let (collected, delivered) = (order.delivery == Delivery::PickUp, !rules::undelivered(lines).is_empty());
    if !collected && !delivered {
        return Ok(());
    }
    if rules::may_leave(order, &store::gates_of(tx, order.id)?).is_err() {
        return Ok(());
    }
    if collected {
        collect::issue_code(tx, order, lines)?;
    }
    if delivered {
        record(tx, VIRTUAL_READY, order, &OrderVirtualReady { order: OrderFacts::of(order, lines) })?;
    }
    Ok(())
}

/// Delivers the virtual lines of an order that were not delivered yet: `hand_over` gives the buyer what they are, in the
/// same transaction. An order without parcels is shipped and received by that, since its buyer has it. False when there is
/// nothing to deliver, or when it may not leave: then a refund runs, or a campaign holds it back.
///
/// # Errors
/// The database's, or those of `hand_over`; nothing is delivered then.
pub fn deliver_virtual(
    tx: &mut Tx<'_>,
    orders: &Orders,
    id: OrderId,
    hand_over: impl FnOnce(&mut Tx<'_>, &Order, &[OrderLine]) -> DbResult<()>,
) -> DbResult<bool> {
    let Some(order) = store::lock(tx, id)? else { return Ok(false) };
    if rules::may_leave(&order, &store::gates_of(tx, id)?).is_err() {
        return Ok(false);
    }
    let lines = store::lines_of(tx, id)?;
    let content = rules::undelivered(&lines);
    if content.is_empty() {
        return Ok(false);
    }
    let wanted: Vec<OrderLine> =
        lines.iter().filter(|line| content.iter().any(|part| part.line_id == line.id)).cloned().collect();
    hand_over(tx, &order, &wanted)?;
    let shipment = Shipment {
        id: ShipmentId::new(tx.next_id()),
        order_id: id,
        kind: ShipmentKind::Virtual,
        carrier_code: String::new(),
        tracking_no: String::new(),
        shipped_by: None,
        shipped_at: tx.now(),
        uploaded_at: None,
    };
    let cause = Cause { actor: Actor::System, reason: "virtual_delivered" };
    let order = ship::leave(tx, orders, &order, &shipment, (&lines, &content), cause).map_err(OrderError::into_db)?;
    // The last that was missing of an order that was collected before, or of one without parcels, is with its buyer now.
    if order.state == OrderState::Shipped && order.delivery != Delivery::Parcel {
        moves::advance(tx, orders, &order, Step::Receive, cause).map_err(OrderError::into_db)?;
    }
    Ok(true)
}

/// Says again of paid orders with undelivered pieces of a SKU that they are ready, the oldest 1,000: for whoever delivers
/// and could not before. One that may not leave yet says so itself when it may.
///
/// # Errors
/// When the database fails.
pub fn announce_undelivered(tx: &mut Tx<'_>, sku: SkuId) -> DbResult<()> {
    for order in store::undelivered_of_sku(tx, sku, 1_000)? {
        if rules::may_leave(&order, &store::gates_of(tx, order.id)?).is_ok() {
            let lines = store::lines_of(tx, order.id)?;
            record(tx, VIRTUAL_READY, &order, &OrderVirtualReady { order: OrderFacts::of(&order, &lines) })?;
        }
    }
    Ok(())
}

/// Every virtual line there is, for the books of whoever delivers.
///
/// # Errors
/// When the database fails.
pub fn virtual_lines(tx: &mut Tx<'_>) -> DbResult<Vec<VirtualLine>> {
    store::virtual_lines(tx)
}
