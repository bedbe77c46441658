//! The books of groups (G6): no group holds more than its seats, formed groups keep every seat, and whoever paid is in an
//! open or a formed group or gets their money back.

use std::collections::HashMap;

use super::super::model::{Seat, SeatState};
use super::super::store;
use super::GROUP_BUY;
use crate::kernel::id::OrderId;
use crate::order::{self, GatedOrder, OrderState};
use crate::platform::db::{DbResult, Tx};

/// Most differences of one kind that are named.
const NAMED: i64 = 100;
/// Orders looked at together.
const BATCH: i64 = 500;

/// What does not add up, one line each; empty when all is well.
///
/// # Errors
/// When the database fails.
pub fn differences(tx: &mut Tx<'_>) -> DbResult<Vec<String>> {
    let mut found = Vec::new();
    for group in store::counters_wrong(tx, NAMED)? {
        found.push(format!("G6 group {group}: its counters are not what its seats say"));
    }
    for group in store::endings_wrong(tx, NAMED)? {
        found.push(format!("G6 group {group}: its seats do not fit how it ended"));
    }
    for (campaign, sku) in store::quotas_wrong(tx, NAMED)? {
        found.push(format!("G6 campaign {campaign}: SKU {sku} counts other pieces than its seats took"));
    }
    let mut after = None;
    loop {
        let orders = order::gated(tx, GROUP_BUY, after, BATCH)?;
        let Some(last) = orders.last() else { return Ok(found) };
        after = Some(last.order_id);
        let ids: Vec<OrderId> = orders.iter().map(|order| order.order_id).collect();
        // Seats come in the order in which they were taken, so that the latest of an order wins.
        let seats: HashMap<Option<OrderId>, Seat> =
            store::of_orders(tx, &ids)?.into_iter().map(|seat| (seat.order_id, seat)).collect();
        for order in &orders {
            let seat = seats.get(&Some(order.order_id));
            if !seat.is_some_and(|seat| fits(order, seat)) {
                let stands = seat.map_or("gone", |seat| seat.state.as_str());
                found.push(format!("G6 order {} is {} and its seat is {stands}", order.order_id, order.state));
            }
        }
    }
}

/// Whether an order and its seat can stand where they do.
const fn fits(order: &GatedOrder, seat: &Seat) -> bool {
    match (order.state, seat.state) {
        (OrderState::PendingPayment, SeatState::Held)
        | (OrderState::PendingPayment | OrderState::Closed | OrderState::Refunded, SeatState::Released)
        | (OrderState::Refunded, SeatState::Kept) => true,
        (OrderState::Paid, SeatState::Paid) => !order.refunding && !order.opened,
        // Its money is on its way back, or is about to be asked for.
        (OrderState::Paid, SeatState::RefundDue) => order.refunding || seat.settle_at.is_some(),
        // What is kept may be sent, and its gate is open unless that is still to be done.
        (OrderState::Paid, SeatState::Kept) => order.opened || seat.settle_at.is_some(),
        (OrderState::Shipped | OrderState::Received | OrderState::Completed, SeatState::Kept) => order.opened,
        _ => false,
    }
}
