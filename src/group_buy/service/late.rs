//! Somebody pays after their seat was lost: the group ended while their order still waited for its money. The campaign's
//! rule says whether they get a seat elsewhere; when there is none, their money goes back.

use super::super::events::{MOVED, PAID};
use super::super::model::{Group, GroupId, LatePayer, Rules, Seat, SeatId, SeatState};
use super::super::rules;
use super::super::store;
use super::super::store::SeatTaken;
use super::ending::form_if_full;
use super::joining::open_group;
use super::membership::show;
use super::{GROUP_BUY, into_db, odd, own_rules, record_member};
use crate::campaign::{self, CampaignState};
use crate::kernel::id::UserId;
use crate::order;
use crate::platform::db::{DbError, DbResult, Tx};

/// Other groups that are tried before the money goes back.
const GROUPS_TRIED: i64 = 8;

/// Places a payer whose seat in `lost` was released.
pub(super) fn place(tx: &mut Tx<'_>, lost: &Group, seat: Seat) -> DbResult<()> {
    let rules = own_rules(tx, lost)?;
    let user = seat.user_id.ok_or_else(|| odd(lost, "has a payer who is nobody"))?;
    let found = match rules.late_payer {
        LatePayer::NewGroup => own_group(tx, &rules, user, &seat)?,
        LatePayer::OtherGroup => other_group(tx, &rules, user, &seat)?,
        LatePayer::Refund => None,
    };
    if found.is_some() {
        return Ok(());
    }
    // The money is asked back by a sweep: it is only just being taken in.
    let due = successor(tx, &seat, lost, seat.seat_no, SeatState::RefundDue);
    let reason = Some("paid_too_late".to_owned());
    follow(tx, &seat, &Seat { reason, ..due })
}

/// A group of their own, as long as the campaign lets groups be opened.
fn own_group(tx: &mut Tx<'_>, rules: &Rules, user: UserId, seat: &Seat) -> DbResult<Option<GroupId>> {
    let facts = campaign::facts(tx, rules.campaign_id).map_err(into_db)?;
    let now = tx.now();
    if facts.state != CampaignState::Running || rules::may_open(facts.ends_at, now).is_err() {
        return Ok(None);
    }
    let deadline = rules::deadline(rules, facts.ends_at, now);
    let mut group = Group { paid: 1, ..open_group(tx, rules, user, None, deadline) };
    store::insert_group(tx, &group)?;
    let moved = successor(tx, seat, &group, 1, SeatState::Paid);
    follow(tx, seat, &moved)?;
    show(tx, &mut group, rules)?;
    store::save(tx, &mut group)?;
    moved_to(tx, &group, &moved)?;
    Ok(Some(group.id))
}

/// A seat in the group that needs the fewest people, of those that everybody sees.
fn other_group(tx: &mut Tx<'_>, rules: &Rules, user: UserId, seat: &Seat) -> DbResult<Option<GroupId>> {
    for id in store::joinable(tx, rules.campaign_id, user, GROUPS_TRIED)? {
        let Some(mut group) = store::take_seat(tx, id)? else { continue };
        let taken: Vec<i64> = store::live_seats(tx, id)?.iter().map(|seat| seat.seat_no).collect();
        let number = rules::free_number(&taken, group.seats).ok_or_else(|| odd(&group, "miscounts its free seats"))?;
        let moved = successor(tx, seat, &group, number, SeatState::Paid);
        follow(tx, seat, &moved)?;
        group.paid = group.paid.saturating_add(1);
        store::save(tx, &mut group)?;
        moved_to(tx, &group, &moved)?;
        form_if_full(tx, &mut group, rules)?;
        return Ok(Some(id));
    }
    Ok(None)
}

/// The seat that an order has after this one.
fn successor(tx: &Tx<'_>, seat: &Seat, group: &Group, seat_no: i64, state: SeatState) -> Seat {
    let now = tx.now();
    let due = (state == SeatState::RefundDue).then_some(now);
    Seat {
        id: SeatId::new(tx.next_id()),
        group_id: group.id,
        seat_no,
        of_seats: group.seats,
        state,
        held_at: now,
        paid_at: Some(now),
        kept_at: None,
        refund_due_at: due,
        released_at: None,
        reason: None,
        settle_at: due,
        tries: 0,
        failure: None,
        given_back_at: None,
        moved_to: None,
        ..seat.clone()
    }
}

fn follow(tx: &mut Tx<'_>, seat: &Seat, successor: &Seat) -> DbResult<()> {
    store::insert_seat(tx, successor).map_err(|taken| match taken {
        // The user took a seat there at the same moment; the whole is tried again and finds another group.
        SeatTaken::ByThemselves => DbError::Conflict("a late payer has a seat in the other group".to_owned()),
        SeatTaken::Db(error) => error,
    })?;
    store::set_moved_to(tx, seat.id, successor.id)
}

fn moved_to(tx: &mut Tx<'_>, group: &Group, seat: &Seat) -> DbResult<()> {
    if let Some(order) = seat.order_id {
        order::move_gate(tx, order, GROUP_BUY, &group.id.to_string())?;
    }
    record_member(tx, PAID, group, seat)?;
    record_member(tx, MOVED, group, seat)
}
