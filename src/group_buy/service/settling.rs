//! What the end of a group means for each of its orders, one transaction each: gates open, differences and whole payments
//! go back. One that is stuck is tried again with growing pauses and never holds up the others.

use super::super::events::SUCCEEDED;
use super::super::model::{Seat, SeatId, SeatState};
use super::super::rules;
use super::super::store;
use super::{GROUP_BUY, GroupBuys, grant_of, odd, record_member};
use crate::campaign;
use crate::kernel::id::OrderId;
use crate::kernel::money::Fen;
use crate::order::{self, Actor, OrderError, OrderState};
use crate::payment;
use crate::platform::db::{DbResult, FromDb as _, Tx};
use crate::platform::http::ApiError;

/// What the payer reads when a group did not form.
const NOT_FORMED: &str = "拼团未成功，原路退款";
/// What the payer reads when a group reached a cheaper step of its ladder.
const CHEAPER: &str = "拼团达到更低价，退还差价";

/// A seat in this state about whose order something is due, with the order's payment locked; nothing when somebody was
/// faster.
fn due(tx: &mut Tx<'_>, id: SeatId, state: SeatState) -> DbResult<Option<(Seat, OrderId)>> {
    let find = |tx: &mut Tx<'_>| -> DbResult<Option<Seat>> {
        let now = tx.now();
        let seat = store::seat(tx, id)?;
        Ok(seat.filter(|seat| seat.state == state && seat.settle_at.is_some_and(|at| at <= now)))
    };
    let Some(order) = find(tx)?.and_then(|seat| seat.order_id) else { return Ok(None) };
    payment::lock(tx, order)?;
    Ok(find(tx)?.map(|seat| (seat, order)))
}

/// Lets the order of a kept seat be sent, and gives back what its buyer paid more than the step that was reached.
pub(in crate::group_buy) fn settle_kept(tx: &mut Tx<'_>, id: SeatId) -> DbResult<()> {
    let Some((seat, order)) = due(tx, id, SeatState::Kept)? else { return Ok(()) };
    let Some(group) = store::find(tx, seat.group_id)? else { return Ok(()) };
    if order::open_gate(tx, order, GROUP_BUY)? {
        record_member(tx, SUCCEEDED, &group, &seat)?;
    }
    let sku = seat.sku_id.ok_or_else(|| odd(&group, "has a member who bought nothing"))?;
    let offer = store::offer(tx, seat.campaign_id, sku)?.ok_or_else(|| odd(&group, "has lost its prices"))?;
    let step = group.step.and_then(|step| usize::try_from(step).ok()).unwrap_or(0);
    let owed = owed(tx, order, rules::difference(&seat, &offer, step))?;
    if owed > Fen::ZERO {
        let refunded = tx.attempt(|tx| order::refund_difference(tx, order, owed, CHEAPER));
        if let Err(error) = refunded {
            return postpone(tx, &seat, error);
        }
    }
    let spared = rules::difference_at_most(&seat).minus(owed).unwrap_or(Fen::ZERO);
    if spared > Fen::ZERO && seat.given_back_at.is_none() {
        campaign::give_back(tx, seat.campaign_id, &grant_of(&seat), Some(spared))?;
    }
    store::settle_done(tx, seat.id)
}

/// What of a difference can be given back: with a coupon less was paid, and an order that is given up gets it all anyway.
fn owed(tx: &mut Tx<'_>, order: OrderId, difference: Fen) -> DbResult<Fen> {
    let Some(order) = order::find(tx, order)? else { return Ok(Fen::ZERO) };
    let goes_on = matches!(order.state, OrderState::Paid | OrderState::Shipped | OrderState::Received);
    Ok(if goes_on && !order.is_refunding() { difference.min(order.refundable()) } else { Fen::ZERO })
}

/// Asks the money of a seat back whose group did not form.
pub(in crate::group_buy) fn settle_refund_due(tx: &mut Tx<'_>, buys: &GroupBuys, id: SeatId) -> DbResult<()> {
    let Some((seat, order)) = due(tx, id, SeatState::RefundDue)? else { return Ok(()) };
    let refunded =
        tx.attempt(|tx| order::refund_unshipped(tx, &buys.orders, order, Actor::System, NOT_FORMED).map(|_| ()));
    match refunded {
        Ok(()) => store::settle_done(tx, seat.id),
        // The buyer or staff asked for it at the same time.
        Err(OrderError::RefundRunning) => store::settle_done(tx, seat.id),
        Err(error) => postpone(tx, &seat, error),
    }
}

/// Tries again later; staff see what is in the way.
fn postpone(tx: &mut Tx<'_>, seat: &Seat, error: OrderError) -> DbResult<()> {
    if let Some(failure) = error.db_error() {
        return Err(failure.clone());
    }
    let code = ApiError::from(error).refusal().code;
    tracing::error!(seat = %seat.id, order = ?seat.order_id, code, "the money of a group buy could not be asked back");
    metrics::counter!("hourglass_group_refunds_failed_total").increment(1);
    let until = tx.now().plus_millis(rules::pause_after(seat.tries));
    store::postpone(tx, seat.id, until, code)
}
