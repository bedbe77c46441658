//! How groups end: facts only. What follows for the orders is settled seat by seat.

use super::super::events::{EXPIRED, FORMED, GroupEnded, GroupFacts};
use super::super::model::{EndReason, Group, GroupId, GroupState, Rules, Seat, SeatId, SeatState};
use super::super::rules::{self, Ending, HELD_GRACE_MS, LOOK_AGAIN_MS, SeatEvent};
use super::super::store;
use super::{advance_all, odd, own_rules, record};
use crate::kernel::money::Fen;
use crate::platform::db::{DbResult, Tx};

/// Forms a group whose last seat has just been paid.
pub(in crate::group_buy) fn form_if_full(tx: &mut Tx<'_>, group: &mut Group, rules: &Rules) -> DbResult<()> {
    if group.paid < group.seats {
        return Ok(());
    }
    let step = rules::step_reached(&rules.sizes, group.paid).ok_or_else(|| odd(group, "is full below every size"))?;
    form(tx, group, rules, step, 0, EndReason::Full)
}

/// Ends a group whose time is over. While orders placed in time are still waiting for their money, or for the provider's
/// word on it, it looks again a little later, but not for ever.
pub(in crate::group_buy) fn settle_group(tx: &mut Tx<'_>, id: GroupId) -> DbResult<()> {
    let Some(mut group) = store::lock(tx, id)?.filter(|group| group.state == GroupState::Open) else { return Ok(()) };
    let rules = own_rules(tx, &group)?;
    let now = tx.now();
    if let Some(ended_at) = rules.ended_at.filter(|ended_at| *ended_at < group.deadline) {
        group.deadline = ended_at;
        group.settle_at = group.settle_at.min(ended_at);
        group.listed = false;
    }
    if now < group.deadline {
        group.settle_at = group.deadline;
        return store::save(tx, &mut group);
    }
    if group.held() > 0 && now < group.deadline.plus_millis(HELD_GRACE_MS) {
        group.settle_at = now.plus_millis(LOOK_AGAIN_MS);
        return store::save(tx, &mut group);
    }
    match rules::ending(&rules, group.paid) {
        Ending::Forms { step, fill, reason } => form(tx, &mut group, &rules, step, fill, reason),
        Ending::Expires => expire(tx, &mut group, EndReason::Deadline),
    }
}

/// Everybody who paid gets their goods, at the price of this step of the ladder.
fn form(tx: &mut Tx<'_>, group: &mut Group, rules: &Rules, step: usize, fill: i64, reason: EndReason) -> DbResult<()> {
    release_held(tx, group, "group_formed")?;
    fill_up(tx, group, fill)?;
    let kept = advance_all(tx, group, SeatState::Paid, SeatEvent::Keep, None)?;
    if i64::try_from(kept) != Ok(group.paid) {
        return Err(odd(group, "miscounts its paid seats"));
    }
    group.state = GroupState::Formed;
    group.step = i64::try_from(step).ok();
    end(tx, group, reason)?;
    let size = rules.sizes.get(step).copied();
    record(tx, FORMED, None, &ended(group, reason, size))
}

/// The shop takes the seats that are left up to the smallest size. Nobody sits on them, and nobody pays.
fn fill_up(tx: &mut Tx<'_>, group: &mut Group, fill: i64) -> DbResult<()> {
    let live = store::live_seats(tx, group.id)?;
    let mut numbers: Vec<i64> = live.iter().map(|seat| seat.seat_no).collect();
    let mut filled = Vec::new();
    for _ in 0..fill {
        let number = rules::free_number(&numbers, group.seats).ok_or_else(|| odd(group, "has no seat to fill"))?;
        numbers.push(number);
        filled.push(empty_seat(tx, group, number));
    }
    store::fill_seats(tx, &filled)?;
    group.filled = fill;
    group.free = group.free.saturating_sub(fill);
    Ok(())
}

fn empty_seat(tx: &Tx<'_>, group: &Group, seat_no: i64) -> Seat {
    let now = tx.now();
    Seat {
        id: SeatId::new(tx.next_id()),
        group_id: group.id,
        campaign_id: group.campaign_id,
        seat_no,
        of_seats: group.seats,
        user_id: None,
        order_id: None,
        sku_id: None,
        quantity: 0,
        price: Fen::ZERO,
        least_price: Fen::ZERO,
        newcomer: false,
        state: SeatState::Kept,
        held_at: now,
        paid_at: None,
        kept_at: Some(now),
        refund_due_at: None,
        released_at: None,
        reason: Some("filled".to_owned()),
        settle_at: None,
        tries: 0,
        failure: None,
        given_back_at: None,
        moved_to: None,
    }
}

/// Nobody gets anything: unpaid seats are released, and the money for the others is due to go back.
pub(super) fn expire(tx: &mut Tx<'_>, group: &mut Group, reason: EndReason) -> DbResult<()> {
    release_held(tx, group, "group_expired")?;
    let due = advance_all(tx, group, SeatState::Paid, SeatEvent::GiveUp, Some("group_expired"))?;
    if i64::try_from(due) != Ok(group.paid) {
        return Err(odd(group, "miscounts its paid seats"));
    }
    group.state = GroupState::Expired;
    group.free = group.seats;
    group.paid = 0;
    end(tx, group, reason)?;
    record(tx, EXPIRED, None, &ended(group, reason, None))
}

fn release_held(tx: &mut Tx<'_>, group: &mut Group, reason: &str) -> DbResult<()> {
    if group.held() > 0 {
        let released = advance_all(tx, group, SeatState::Held, SeatEvent::GiveUp, Some(reason))?;
        if i64::try_from(released) != Ok(group.held()) {
            return Err(odd(group, "miscounts its held seats"));
        }
        group.free = group.free.saturating_add(group.held());
    }
    Ok(())
}

fn end(tx: &mut Tx<'_>, group: &mut Group, reason: EndReason) -> DbResult<()> {
    group.listed = false;
    group.ended_at = Some(tx.now());
    group.end_reason = Some(reason);
    store::save(tx, group)
}

fn ended(group: &Group, reason: EndReason, size: Option<i64>) -> GroupEnded {
    GroupEnded { group: GroupFacts::of(group), reason, filled: group.filled, size, visible_at: group.visible_at }
}
