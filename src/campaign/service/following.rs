//! Following the orders that carry campaigns. An event is only a poke: what is written is what the order says now, so it
//! does not matter in which order events arrive, or how often.

use super::super::model::Audience;
use super::super::rules::is_held_out;
use super::super::store::{self, Became, Outcome};
use crate::kernel::id::OrderId;
use crate::order::{self, Order, OrderState};
use crate::platform::db::{DbResult, Tx};

/// Brings what campaigns know of an order up to date.
pub(in crate::campaign) fn follow(tx: &mut Tx<'_>, id: OrderId) -> DbResult<()> {
    let Some(order) = order::find(tx, id)? else { return Ok(()) };
    measure(tx, &order)?;
    let became = Became {
        order_id: order.id,
        version: order.version,
        total: order.total,
        refunded: order.refunded,
        paid_at: order.paid_at,
        closed_at: order.closed_at,
        refunded_at: (order.state == OrderState::Refunded).then(|| tx.now()),
    };
    store::follow_order(tx, &became)
}

/// Counts a paid order for every campaign with a hold-out that was on when it was paid, whether the order carries it or
/// not.
fn measure(tx: &mut Tx<'_>, order: &Order) -> DbResult<()> {
    let Some(paid_at) = order.paid_at else { return Ok(()) };
    for facts in store::measured_at(tx, paid_at)? {
        if facts.audience == Audience::List && !store::is_listed(tx, facts.id, order.user_id)? {
            continue;
        }
        let outcome = Outcome {
            order_id: order.id,
            campaign_id: facts.id,
            user_id: order.user_id,
            held_out: is_held_out(facts.id, order.user_id, facts.holdout_permille),
            total_fen: order.total,
            refunded_fen: order.refunded,
        };
        store::insert_outcome(tx, &outcome)?;
    }
    Ok(())
}
