//! Money that goes back: all of it before shipping, at once; and what happens when it has arrived.

use super::super::error::OrderError;
use super::super::events::{OrderRefunded, REFUNDED};
use super::super::model::{Actor, Order};
use super::super::rules::{self, Step};
use super::super::store;
use super::{Cause, Orders, checked_text, facts_of, moves, note_fact, record};
use crate::kernel::id::{OrderId, UserId};
use crate::kernel::money::Fen;
use crate::payment::{self, RefundRequest};
use crate::platform::db::{DbError, DbResult, Tx};

/// Gives all the money of a paid order back before anything is sent. From then on nothing can be sent; the order is
/// refunded when the money has arrived, or at once when nothing was paid.
///
/// # Errors
/// 404 when there is none; 409 when it is not paid, partly sent, or money is on its way back already.
pub fn refund_unshipped(
    tx: &mut Tx<'_>,
    orders: &Orders,
    id: OrderId,
    actor: Actor,
    reason: &str,
) -> Result<Order, OrderError> {
    store::find(tx, id)?.ok_or(OrderError::NotFound)?;
    payment::lock(tx, id)?;
    let order = store::lock(tx, id)?.ok_or(OrderError::NotFound)?;
    rules::may_refund_unshipped(&order, &store::lines_of(tx, id)?)?;
    let amount = order.refundable();
    if amount == Fen::ZERO {
        return refund_free(tx, orders, &order, Cause { actor, reason });
    }
    let request = RefundRequest { order_id: id, amount, reason: reason.to_owned(), staff_id: actor.staff() };
    payment::request_refund(tx, request)?;
    let refunding = store::add_refunding(tx, id, amount)?.ok_or_else(OrderError::lost_race)?;
    note_fact(tx, &refunding, Cause { actor, reason: &format!("refund_requested: {reason}") })?;
    Ok(refunding)
}

/// Nothing was paid, so nothing has to come back first.
fn refund_free(tx: &mut Tx<'_>, orders: &Orders, order: &Order, cause: Cause<'_>) -> Result<Order, OrderError> {
    let refunded = moves::advance(tx, orders, order, Step::RefundAll, cause)?;
    let event = OrderRefunded { order: facts_of(tx, &refunded)?, amount_fen: Fen::ZERO, whole: true };
    record(tx, REFUNDED, &refunded, &event)?;
    Ok(refunded)
}

/// The buyer wants the money back before anything is sent.
pub(in crate::order) fn refund_own(
    tx: &mut Tx<'_>,
    orders: &Orders,
    id: OrderId,
    user: UserId,
    reason: &str,
) -> Result<(), OrderError> {
    let reason = checked_text("reason", reason, 1)?;
    moves::own(tx, id, user)?;
    refund_unshipped(tx, orders, id, Actor::Shopper(user), reason).map(|_| ())
}

/// A refund reached the payer.
pub(in crate::order) fn refunded(tx: &mut Tx<'_>, orders: &Orders, id: OrderId, amount: Fen) -> DbResult<()> {
    let settled = store::settle_refund(tx, id, amount)?;
    let order = settled.ok_or_else(|| DbError::Defect(format!("order {id}: more came back than was paid")))?;
    let whole = order.refunded == order.total;
    let cause = Cause { actor: Actor::System, reason: "refunded" };
    let order = if whole && rules::next(order.state, Step::RefundAll).is_ok() {
        moves::advance(tx, orders, &order, Step::RefundAll, cause).map_err(OrderError::into_db)?
    } else {
        note_fact(
            tx,
            &order,
            Cause { reason: &format!("refund_arrived: {amount} fen", amount = amount.get()), ..cause },
        )?;
        order
    };
    let event = OrderRefunded { order: facts_of(tx, &order)?, amount_fen: amount, whole };
    record(tx, REFUNDED, &order, &event)
}
