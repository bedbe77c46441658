//! Moves from state to state: [`advance`] is the only door.
//!
//! Locks are always taken in one order: payment, the order, campaigns, stock.

use super::super::error::OrderError;
use super::super::events::{
    CLOSED, COMPLETED, OrderClosed, OrderCompleted, OrderFacts, OrderPaid, OrderReceived, PAID, RECEIVED,
};
use super::super::model::{Actor, Order, OrderState};
use super::super::rules::{self, Step};
use super::super::store::{self, NewStamps};
use super::{Cause, Orders, checked_text, deliver, facts_of, note_fact, note_row, record};
use crate::kernel::id::{OrderId, UserId};
use crate::kernel::time::{SECOND_MS, Timestamp};
use crate::payment::{self, MayClose, PaidOutcome};
use crate::platform::db::{DbResult, Tx};
use crate::pricing::OrderEvent;
use crate::stock;

/// How long closing waits for the payment provider's answer before it looks again, in milliseconds.
const ASK_AGAIN_MS: i64 = 5 * SECOND_MS;
/// What is written down when nobody paid in time.
const TIMED_OUT: &str = "payment_timeout";

/// Takes one step from the state the caller saw: the guarded change, the row of history, what follows for campaigns and
/// stock, and the event.
///
/// # Errors
/// 409 when the state does not allow the step, or the order has left that state meanwhile.
pub(super) fn advance(
    tx: &mut Tx<'_>,
    orders: &Orders,
    seen: &Order,
    step: Step,
    cause: Cause<'_>,
) -> Result<Order, OrderError> {
    let now = tx.now();
    advance_at(tx, orders, (seen.id, seen.state), step, cause, now)
}

fn advance_at(
    tx: &mut Tx<'_>,
    orders: &Orders,
    (id, from): (OrderId, OrderState),
    step: Step,
    cause: Cause<'_>,
    at: Timestamp,
) -> Result<Order, OrderError> {
    let to = rules::next(from, step)?;
    let stamps = stamps(orders, to, cause, at);
    let moved = store::transition(tx, id, from, &stamps)?.ok_or_else(OrderError::lost_race)?;
    note_row(tx, &moved, Some(from), cause)?;
    match step {
        Step::Pay => after_payment(tx, orders, &moved, at)?,
        Step::Close => after_closing(tx, orders, &moved, cause)?,
        Step::Receive => {
            let event = OrderReceived { order: facts_of(tx, &moved)?, by: cause.actor.kind() };
            record(tx, RECEIVED, &moved, &event)?;
        }
        Step::Complete => {
            let event = OrderCompleted { order: facts_of(tx, &moved)? };
            record(tx, COMPLETED, &moved, &event)?;
        }
        Step::RefundAll => after_whole_refund(tx, orders, &moved)?,
        // Each parcel has its own event, whether it is the last or not.
        Step::ShipAll => {}
    }
    Ok(moved)
}

fn stamps(orders: &Orders, to: OrderState, cause: Cause<'_>, at: Timestamp) -> NewStamps {
    let settings = &orders.settings;
    let when = |state: OrderState| (to == state).then_some(at);
    NewStamps {
        state: to,
        paid_at: when(OrderState::Paid),
        shipped_at: when(OrderState::Shipped),
        receive_due_at: when(OrderState::Shipped).map(|at| at.plus_millis(settings.receive_after_ms)),
        received_at: when(OrderState::Received),
        complete_due_at: when(OrderState::Received).map(|at| at.plus_millis(settings.complete_after_ms)),
        completed_at: when(OrderState::Completed),
        closed_at: when(OrderState::Closed),
        close_reason: (to == OrderState::Closed).then(|| cause.reason.to_owned()),
    }
}

fn after_payment(tx: &mut Tx<'_>, orders: &Orders, order: &Order, paid_at: Timestamp) -> Result<(), OrderError> {
    orders.offers.on_order(tx, order.id, OrderEvent::Paid)?;
    let lines = store::lines_of(tx, order.id)?;
    record(tx, PAID, order, &OrderPaid { order: OrderFacts::of(order, &lines), paid_at })?;
    deliver::go_on(tx, order, &lines)?;
    Ok(stock::sell(tx, order.id)?)
}

fn after_closing(tx: &mut Tx<'_>, orders: &Orders, order: &Order, cause: Cause<'_>) -> Result<(), OrderError> {
    orders.offers.on_order(tx, order.id, OrderEvent::Closed)?;
    let reason = cause.reason.to_owned();
    let event = OrderClosed { order: facts_of(tx, order)?, by: cause.actor.kind(), reason };
    record(tx, CLOSED, order, &event)?;
    Ok(stock::release(tx, order.id)?)
}

/// Everything went back: campaigns hear of it, and what was never sent can be sold again.
fn after_whole_refund(tx: &mut Tx<'_>, orders: &Orders, order: &Order) -> Result<(), OrderError> {
    let unshipped = store::lines_of(tx, order.id)?.iter().all(|line| line.shipped_quantity == 0);
    store::refund_whole_lines(tx, order.id)?;
    orders.offers.on_order(tx, order.id, OrderEvent::Refunded)?;
    if unshipped {
        stock::return_sold(tx, order.id)?;
    }
    Ok(())
}

/// Marks an unpaid order as paid at `paid_at`.
pub(super) fn pay(tx: &mut Tx<'_>, orders: &Orders, id: OrderId, paid_at: Timestamp) -> Result<Order, OrderError> {
    let cause = Cause { actor: Actor::System, reason: "paid" };
    advance_at(tx, orders, (id, OrderState::PendingPayment), Step::Pay, cause, paid_at)
}

/// Money came for an order. It is kept while the order still waits for it, whatever the clock says; an order that was
/// closed stays closed.
pub(in crate::order) fn paid(
    tx: &mut Tx<'_>,
    orders: &Orders,
    id: OrderId,
    paid_at: Timestamp,
) -> DbResult<PaidOutcome> {
    let Some(order) = store::find(tx, id)? else { return Ok(PaidOutcome::TooLate) };
    if order.state != OrderState::PendingPayment {
        return Ok(PaidOutcome::TooLate);
    }
    pay(tx, orders, id, paid_at).map_err(OrderError::into_db)?;
    Ok(PaidOutcome::Kept)
}

/// Closes an unpaid order: nothing more can be paid, and everything set aside for it goes back, once.
///
/// # Errors
/// 404 when there is none; 409 when it no longer waits for payment.
pub fn close_unpaid(
    tx: &mut Tx<'_>,
    orders: &Orders,
    id: OrderId,
    actor: Actor,
    reason: &str,
) -> Result<Order, OrderError> {
    let order = store::find(tx, id)?.ok_or(OrderError::NotFound)?;
    rules::may_close(&order)?;
    payment::close(tx, id)?;
    advance(tx, orders, &order, Step::Close, Cause { actor, reason })
}

/// The buyer does not want to pay.
pub(in crate::order) fn cancel(
    tx: &mut Tx<'_>,
    orders: &Orders,
    id: OrderId,
    user: UserId,
    reason: &str,
) -> Result<(), OrderError> {
    let reason = checked_text("reason", reason, 1)?;
    own(tx, id, user)?;
    close_unpaid(tx, orders, id, Actor::Shopper(user), reason).map(|_| ())
}

/// The buyer has it.
pub(in crate::order) fn confirm_receipt(
    tx: &mut Tx<'_>,
    orders: &Orders,
    id: OrderId,
    user: UserId,
) -> Result<(), OrderError> {
    let order = own(tx, id, user)?;
    rules::may_receive(&order)?;
    let cause = Cause { actor: Actor::Shopper(user), reason: "received" };
    advance(tx, orders, &order, Step::Receive, cause).map(|_| ())
}

/// The buyer does not want to see it any more.
pub(in crate::order) fn hide(tx: &mut Tx<'_>, id: OrderId, user: UserId) -> Result<(), OrderError> {
    let order = own(tx, id, user)?;
    rules::may_hide(&order)?;
    if store::set_hidden(tx, id, user)? { Ok(()) } else { Err(OrderError::lost_race()) }
}

/// The buyer's own order; somebody else's does not exist for them.
pub(super) fn own(tx: &mut Tx<'_>, id: OrderId, user: UserId) -> Result<Order, OrderError> {
    let order = store::find(tx, id)?.filter(|order| order.user_id == user);
    order.ok_or(OrderError::NotFound)
}

/// Closes an order whose time to pay is over, unless money may be under way: then the provider is asked first and
/// closing is tried again.
pub(in crate::order) fn close_overdue(tx: &mut Tx<'_>, orders: &Orders, id: OrderId) -> DbResult<()> {
    let now = tx.now();
    let Some(order) = store::find(tx, id)? else { return Ok(()) };
    if order.state != OrderState::PendingPayment || order.close_due_at > now {
        return Ok(());
    }
    if payment::may_close(tx, id)? == MayClose::AskingProvider {
        return store::defer_close(tx, id, now.plus_millis(ASK_AGAIN_MS));
    }
    close_unpaid(tx, orders, id, Actor::System, TIMED_OUT).map(|_| ()).map_err(OrderError::into_db)
}

/// Takes an order as received when its time has come.
pub(in crate::order) fn receive_overdue(tx: &mut Tx<'_>, orders: &Orders, id: OrderId) -> DbResult<()> {
    let now = tx.now();
    let due = |order: &Order| order.state == OrderState::Shipped && order.receive_due_at.is_some_and(|at| at <= now);
    let Some(order) = store::find(tx, id)?.filter(due) else { return Ok(()) };
    let cause = Cause { actor: Actor::System, reason: "receive_timeout" };
    advance(tx, orders, &order, Step::Receive, cause).map(|_| ()).map_err(OrderError::into_db)
}

/// Completes an order when the time for after-sale is over and no money is on its way back.
pub(in crate::order) fn complete_overdue(tx: &mut Tx<'_>, orders: &Orders, id: OrderId) -> DbResult<()> {
    let now = tx.now();
    let due = |order: &Order| order.state == OrderState::Received && order.complete_due_at.is_some_and(|at| at <= now);
    let Some(order) = store::find(tx, id)?.filter(due) else { return Ok(()) };
    if order.is_refunding() {
        return Ok(());
    }
    let cause = Cause { actor: Actor::System, reason: "complete_timeout" };
    let completed = advance(tx, orders, &order, Step::Complete, cause).map_err(OrderError::into_db)?;
    // A refund may have been asked for between looking and moving.
    if completed.is_refunding() { Err(OrderError::lost_race().into_db()) } else { Ok(()) }
}

/// Opens the gate that `source` set, so that the order may be shipped; false when it was open or never set.
///
/// # Errors
/// When the database fails.
pub fn open_gate(tx: &mut Tx<'_>, id: OrderId, source: &str) -> DbResult<bool> {
    let Some(order) = store::lock(tx, id)? else { return Ok(false) };
    let opened = store::open_gate(tx, id, source)?;
    if opened {
        note_fact(tx, &order, Cause { actor: Actor::System, reason: &format!("gate_opened: {source}") })?;
        let lines = store::lines_of(tx, id)?;
        deliver::go_on(tx, &order, &lines)?;
    }
    Ok(opened)
}

/// Lets the closed gate that `source` set name another one of its kind, such as the group the order was moved to.
///
/// # Errors
/// When the database fails.
pub fn move_gate(tx: &mut Tx<'_>, id: OrderId, source: &str, source_ref: &str) -> DbResult<()> {
    let Some(order) = store::lock(tx, id)? else { return Ok(()) };
    if store::move_gate(tx, id, source, source_ref)? {
        let reason = format!("gate_moved: {source} {source_ref}");
        note_fact(tx, &order, Cause { actor: Actor::System, reason: &reason })?;
    }
    Ok(())
}
