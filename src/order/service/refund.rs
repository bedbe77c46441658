//! Money that goes back: all of it before shipping, or a difference of price; and what happens when it has arrived.

use super::super::error::OrderError;
use super::super::events::{OrderRefunded, REFUNDED};
use super::super::model::{Actor, Order, OrderRefund, RefundKind};
use super::super::rules::{self, Step};
use super::super::store;
use super::{Cause, Orders, checked_text, facts_of, moves, note_fact, record};
use crate::kernel::id::{OrderId, UserId};
use crate::kernel::money::Fen;
use crate::payment::{self, RefundId, RefundRequest};
use crate::platform::db::{DbError, DbResult, Tx};
use crate::pricing::OrderEvent;

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
    if amount == Fen::ZERO && order.refunding > Fen::ZERO {
        return Err(OrderError::RefundRunning);
    }
    orders.offers.on_order(tx, id, OrderEvent::RefundAsked)?;
    let cause = Cause { actor, reason };
    if amount == Fen::ZERO {
        return refund_free(tx, orders, &order, cause);
    }
    let refunding = ask_back(tx, id, RefundKind::Whole, amount, cause)?;
    note_fact(tx, &refunding, Cause { actor, reason: &format!("refund_requested: {reason}") })?;
    Ok(refunding)
}

/// Gives a difference of price back: part of what was paid, while the order goes on as it is. It is spread over the lines
/// by largest remainder when it has arrived. A whole refund later returns only the rest.
///
/// # Errors
/// 404 when there is none; 409 when it is not paid or over, when all that is left is on its way back already, when less
/// than `amount` is left, or at the 51st refund; 422 when `amount` is not above zero.
pub fn refund_difference(tx: &mut Tx<'_>, id: OrderId, amount: Fen, reason: &str) -> Result<Order, OrderError> {
    let reason = checked_text("reason", reason, 1)?;
    store::find(tx, id)?.ok_or(OrderError::NotFound)?;
    payment::lock(tx, id)?;
    let order = store::lock(tx, id)?.ok_or(OrderError::NotFound)?;
    rules::may_refund_difference(&order)?;
    let refunding = ask_back(tx, id, RefundKind::Difference, amount, Cause { actor: Actor::System, reason })?;
    let reason = format!("difference_refund_requested: {} fen: {reason}", amount.get());
    note_fact(tx, &refunding, Cause { actor: Actor::System, reason: &reason })?;
    Ok(refunding)
}

/// Lets payment carry money back and writes it down; the order is locked.
fn ask_back(
    tx: &mut Tx<'_>,
    id: OrderId,
    kind: RefundKind,
    amount: Fen,
    cause: Cause<'_>,
) -> Result<Order, OrderError> {
    let request =
        RefundRequest { order_id: id, amount, reason: cause.reason.to_owned(), staff_id: cause.actor.staff() };
    let refund = payment::request_refund(tx, request)?;
    let refunding = store::add_refunding(tx, id, kind, amount)?.ok_or_else(OrderError::lost_race)?;
    let (reason, asked_at) = (cause.reason.to_owned(), tx.now());
    let row = OrderRefund { id: refund, order_id: id, kind, amount, reason, asked_at, arrived_at: None };
    store::insert_refund(tx, &row)?;
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

/// A refund reached the payer. The order is refunded when all of it has come back and was meant to.
pub(in crate::order) fn refunded(
    tx: &mut Tx<'_>,
    orders: &Orders,
    id: OrderId,
    refund: RefundId,
    amount: Fen,
) -> DbResult<()> {
    let odd = |what: &str| DbError::Defect(format!("order {id}: {what}"));
    let arrived = store::arrive(tx, id, refund)?.filter(|arrived| arrived.amount == amount);
    let arrived = arrived.ok_or_else(|| odd("a refund arrived that was not on its way"))?;
    let order = store::settle_refund(tx, &arrived)?.ok_or_else(|| odd("more came back than was asked for"))?;
    let given_up = arrived.kind == RefundKind::Whole || store::whole_was_asked(tx, id)?;
    let whole = given_up && order.refunded == order.total;
    let cause = Cause { actor: Actor::System, reason: "refunded" };
    let order = if whole && rules::next(order.state, Step::RefundAll).is_ok() {
        moves::advance(tx, orders, &order, Step::RefundAll, cause).map_err(OrderError::into_db)?
    } else {
        spread(tx, &order, amount)?;
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

/// Counts money that came back over the lines, in proportion to what is left of each.
fn spread(tx: &mut Tx<'_>, order: &Order, amount: Fen) -> DbResult<()> {
    let lines = store::lines_of(tx, order.id)?;
    let odd = || DbError::Defect(format!("order {}: a refund cannot be spread over its lines", order.id));
    let parts = rules::spread_refund(&lines, amount).ok_or_else(odd)?;
    for (line, part) in lines.iter().zip(parts) {
        if part > Fen::ZERO {
            store::refund_line(tx, line.id, part)?;
        }
    }
    Ok(())
}
