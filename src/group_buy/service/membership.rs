//! What becomes of a seat when something becomes of its order. Runs inside the order's own transaction, so it never
//! touches another order: gates are opened and other members' money is asked back later, one by one.

use super::super::events::{LEADER_CHANGED, LEFT, OPENED, PAID};
use super::super::model::{EndReason, Group, GroupState, Rules, Seat, SeatState, Visibility};
use super::super::rules::{self, SeatEvent};
use super::super::store;
use super::ending::{expire, form_if_full};
use super::{JOIN, advance, grant_of, into_db, late, odd, own_rules, record_member};
use crate::campaign;
use crate::kernel::id::OrderId;
use crate::platform::db::{DbResult, Tx};

/// The seat of an order with its group, both locked; nothing when the order has no seat.
fn locked(tx: &mut Tx<'_>, order: OrderId) -> DbResult<Option<(Group, Seat)>> {
    let Some(seen) = store::of_order(tx, order)? else { return Ok(None) };
    let Some(group) = store::lock(tx, seen.group_id)? else { return Ok(None) };
    // The group may have ended between looking and locking.
    Ok(store::of_order(tx, order)?.map(|seat| (group, seat)))
}

/// The money for an order came.
pub(in crate::group_buy) fn paid(tx: &mut Tx<'_>, order: OrderId) -> DbResult<()> {
    let Some((mut group, mut seat)) = locked(tx, order)? else { return Ok(()) };
    match seat.state {
        SeatState::Held => {
            let rules = own_rules(tx, &group)?;
            advance(tx, &mut seat, SeatEvent::Pay, None)?;
            group.paid = group.paid.saturating_add(1);
            if group.visible_at.is_none() {
                show(tx, &mut group, &rules)?;
            }
            store::save(tx, &mut group)?;
            record_member(tx, PAID, &group, &seat)?;
            form_if_full(tx, &mut group, &rules)
        }
        SeatState::Released => late::place(tx, &group, seat),
        SeatState::Paid | SeatState::Kept | SeatState::RefundDue => Ok(()),
    }
}

/// The leader has paid: the group can be seen, and its life begins.
pub(super) fn show(tx: &mut Tx<'_>, group: &mut Group, rules: &Rules) -> DbResult<()> {
    let ends_at = campaign::facts(tx, group.campaign_id).map_err(into_db)?.ends_at;
    group.visible_at = Some(tx.now());
    group.deadline = rules::deadline(rules, ends_at, tx.now());
    group.settle_at = group.deadline;
    group.listed = rules.visibility == Visibility::Public;
    let leader = store::live_of_user(tx, group.id, group.leader_id)?.ok_or_else(|| odd(group, "has no leader"))?;
    record_member(tx, OPENED, group, &leader)
}

/// An order was closed unpaid.
pub(in crate::group_buy) fn closed(tx: &mut Tx<'_>, order: OrderId) -> DbResult<()> {
    let Some((group, mut seat)) = locked(tx, order)? else { return Ok(()) };
    if seat.state == SeatState::Held {
        advance(tx, &mut seat, SeatEvent::GiveUp, Some("order_closed"))?;
        leave(tx, group, &seat)?;
    }
    give_back(tx, &seat)
}

/// The buyer, or staff for them, want the money back: in an open group the seat is free from now on. Once the group has
/// formed, leaving it is an ordinary refund.
pub(in crate::group_buy) fn gave_up(tx: &mut Tx<'_>, order: OrderId) -> DbResult<()> {
    let Some((mut group, mut seat)) = locked(tx, order)? else { return Ok(()) };
    if seat.state != SeatState::Paid {
        return Ok(());
    }
    advance(tx, &mut seat, SeatEvent::GiveUp, Some("refund_asked"))?;
    group.paid = group.paid.saturating_sub(1);
    leave(tx, group, &seat)
}

/// All the money of an order is back with its buyer.
pub(in crate::group_buy) fn refunded(tx: &mut Tx<'_>, order: OrderId) -> DbResult<()> {
    // A refund that was not asked for before, or not of everything, leaves the seat only now.
    gave_up(tx, order)?;
    let Some(mut seat) = store::of_order(tx, order)? else { return Ok(()) };
    if seat.state == SeatState::RefundDue {
        seat.settle_at = None;
        advance(tx, &mut seat, SeatEvent::MoneyBack, None)?;
    }
    give_back(tx, &seat)
}

/// A seat of an open group was given up: it is free, the leader's is handed on, and a group without anybody is over.
fn leave(tx: &mut Tx<'_>, mut group: Group, seat: &Seat) -> DbResult<()> {
    if group.state != GroupState::Open {
        return Err(odd(&group, "lost a member after its end"));
    }
    group.free = group.free.saturating_add(1);
    let led = seat.user_id == Some(group.leader_id);
    record_member(tx, LEFT, &group, seat)?;
    if !led {
        return store::save(tx, &mut group);
    }
    let live = store::live_seats(tx, group.id)?;
    let heir = rules::heir(&live).and_then(|heir| heir.user_id.map(|user| (user, heir)));
    let Some((leader, heir)) = heir else {
        let reason = if group.visible_at.is_none() { EndReason::LeaderUnpaid } else { EndReason::Abandoned };
        return expire(tx, &mut group, reason);
    };
    group.leader_id = leader;
    group.lead_no = None;
    store::save(tx, &mut group)?;
    record_member(tx, LEADER_CHANGED, &group, heir)
}

/// Gives back what was set aside for an order that came to nothing: the user's turn, the quota, the budget; once.
fn give_back(tx: &mut Tx<'_>, seat: &Seat) -> DbResult<()> {
    let (Some(user), Some(sku)) = (seat.user_id, seat.sku_id) else { return Ok(()) };
    if !store::mark_given_back(tx, seat.id)? {
        return Ok(());
    }
    campaign::uncount_use(tx, seat.campaign_id, user, JOIN, None)?;
    store::give_quota(tx, seat.campaign_id, sku, seat.quantity)?;
    campaign::give_back(tx, seat.campaign_id, &grant_of(seat), None).map(|_| ())
}
