//! The books of coupons (G5, and G8 for their history).

use crate::coupon::model::{CouponId, CouponState, UseState};
use crate::coupon::rules;
use crate::coupon::store;
use crate::kernel::id::OrderId;
use crate::order::{self, OrderState};
use crate::platform::db::{DbResult, Tx};

/// Most differences of one kind that are named.
const NAMED: i64 = 100;
/// Uses looked at together.
const AT_ONCE: i64 = 1_000;

/// What does not add up, one line each; empty when all is well.
///
/// # Errors
/// When the database fails.
pub fn differences(tx: &mut Tx<'_>) -> DbResult<Vec<String>> {
    let mut found = Vec::new();
    for template in store::counts_wrong(tx, NAMED)? {
        found.push(format!(
            "G5 coupon template {template}: what was counted as issued is not what there is, or too much"
        ));
    }
    for template in store::over_own_limit(tx, NAMED)? {
        found.push(format!("G5 coupon template {template}: some user has more coupons than one may have"));
    }
    for coupon in store::uses_wrong(tx, NAMED)? {
        found.push(format!("G5 coupon {coupon}: its state and its uses in orders disagree"));
    }
    found.extend(uses_of_wrong_orders(tx)?);
    for (from, to, count) in store::moves(tx)? {
        let known = |word: &str| CouponState::ALL.iter().copied().find(|state| state.as_str() == word);
        let allowed = known(&from).zip(known(&to)).is_some_and(|(from, to)| rules::is_recordable(from, to));
        if !allowed {
            found.push(format!("G8 coupons: {count} recorded moves from {from} to {to} are not allowed"));
        }
    }
    for at in store::chain_breaks(tx, NAMED)? {
        let (id, state, expected) = (at.id, at.found, at.expected.unwrap_or_default());
        found.push(format!("G8 coupon {id}: stands '{state}' where its history says '{expected}'"));
    }
    Ok(found)
}

/// Coupons that are reserved for orders that do not wait for payment, or used in orders that were not paid or were
/// wholly refunded.
fn uses_of_wrong_orders(tx: &mut Tx<'_>) -> DbResult<Vec<String>> {
    let mut found = Vec::new();
    let mut last = CouponId::new(0);
    loop {
        let uses = store::live_uses(tx, last, AT_ONCE)?;
        let Some((coupon, ..)) = uses.last() else { return Ok(found) };
        last = *coupon;
        let orders: Vec<OrderId> = uses.iter().map(|(_, order, _)| *order).collect();
        let states = order::states(tx, &orders)?;
        for (coupon, order, state) in uses {
            let stands = states.get(&order).copied();
            if !stands.is_some_and(|order| is_live(state, order)) {
                let stands = stands.map_or("nowhere", |state| state.as_str());
                found.push(format!("G5 coupon {coupon}: {state} in order {order}, which stands {stands}"));
            }
        }
    }
}

const fn is_live(state: UseState, order: OrderState) -> bool {
    match state {
        UseState::Reserved => matches!(order, OrderState::PendingPayment),
        UseState::Used => {
            matches!(order, OrderState::Paid | OrderState::Shipped | OrderState::Received | OrderState::Completed)
        }
        UseState::Returned => true,
    }
}
