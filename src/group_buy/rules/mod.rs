//! Pure decisions about group buys: who may open and join, which seat is next, how a group ends, what is owed back.

mod draft;
#[cfg(test)]
mod tests;

pub use draft::{Flaw, RulesDraft, SkuDraft, checked};

use super::model::{
    EndReason, Group, GroupState, Joiners, LIFETIMES, Rules, SIZES, Seat, SeatState, SkuOffer, Visibility, Wish,
};
use crate::kernel::id::{OrderId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::time::{HOUR_MS, MINUTE_MS, SECOND_MS, Timestamp};

/// How long before its campaign's end a group may still be opened, in milliseconds: its leader pays within a quarter of
/// an hour, and then it lives for the shortest life at least.
pub const OPEN_BEFORE_END_MS: i64 = 30 * MINUTE_MS;
/// How often a group whose time is over looks again while money may be under way, in milliseconds.
pub const LOOK_AGAIN_MS: i64 = 5 * SECOND_MS;
/// How long after its deadline a group waits for orders that were placed in time, in milliseconds. Their own deadline is
/// not later than the group's; what passes is the time in which the payment provider is asked.
pub const HELD_GRACE_MS: i64 = 30 * MINUTE_MS;
/// The longest pause before money is asked back once more, in milliseconds.
const LONGEST_PAUSE_MS: i64 = HOUR_MS;

/// What happens to a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeatEvent {
    /// Its money came while the group was open.
    Pay,
    /// Its group formed.
    Keep,
    /// Its buyer left or its group expired.
    GiveUp,
    /// Its money went back.
    MoneyBack,
}

/// A step that a state does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IllegalMove {
    /// The state.
    pub from: SeatState,
    /// What was to happen.
    pub event: SeatEvent,
}

/// The state that an event leads a seat to.
///
/// # Errors
/// When the state does not allow it.
pub const fn next(from: SeatState, event: SeatEvent) -> Result<SeatState, IllegalMove> {
    use SeatState::{Held, Kept, Paid, RefundDue, Released};
    match (from, event) {
        (Held, SeatEvent::Pay) => Ok(Paid),
        (Held, SeatEvent::GiveUp) | (RefundDue, SeatEvent::MoneyBack) => Ok(Released),
        (Paid, SeatEvent::Keep) => Ok(Kept),
        (Paid, SeatEvent::GiveUp) => Ok(RefundDue),
        (Held, SeatEvent::Keep | SeatEvent::MoneyBack)
        | (Paid, SeatEvent::Pay | SeatEvent::MoneyBack)
        | (RefundDue, SeatEvent::Pay | SeatEvent::Keep | SeatEvent::GiveUp)
        | (Kept | Released, _) => Err(IllegalMove { from, event }),
    }
}

/// Why somebody may not take a seat. Pure; the capability's refusals are made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Nobody but its leader knows of it yet, or they were not invited.
    Hidden,
    /// It ended.
    Over(GroupState),
    /// Its time is over.
    TimeOver,
    /// Every seat is taken.
    Full,
    /// They have a seat, by this order.
    AlreadyIn(Option<OrderId>),
    /// It takes people who never bought here.
    NewcomersOnly,
    /// The campaign ends before a group could live.
    EndsTooSoon,
    /// Fewer pieces are left than wanted.
    SoldOut {
        /// How many.
        left: i64,
    },
    /// More pieces than an order may hold.
    TooManyPieces {
        /// How many it may.
        limit: i64,
    },
}

/// Somebody who wants a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Joiner {
    /// Who; absent before log-in.
    pub user: Option<UserId>,
    /// Whether they never paid for an order.
    pub newcomer: bool,
    /// Whether a member's share brought them.
    pub invited: bool,
}

/// Whether somebody may take a seat in a group now. `own` is their live seat in it, if they have one.
///
/// # Errors
/// Why not.
pub fn may_join(
    group: &Group,
    rules: &Rules,
    own: Option<&Seat>,
    joiner: &Joiner,
    now: Timestamp,
) -> Result<(), Refusal> {
    let hidden = group.visible_at.is_none() || (rules.visibility == Visibility::Invitation && !joiner.invited);
    refuse(hidden && own.is_none(), Refusal::Hidden)?;
    refuse(group.state != GroupState::Open, Refusal::Over(group.state))?;
    if let Some(seat) = own {
        return Err(Refusal::AlreadyIn(seat.order_id));
    }
    refuse(now >= group.deadline, Refusal::TimeOver)?;
    refuse(group.free == 0, Refusal::Full)?;
    refuse(rules.joiners == Joiners::Newcomers && !joiner.newcomer, Refusal::NewcomersOnly)
}

/// Whether a group may be opened in a campaign that ends at `ends_at`.
///
/// # Errors
/// Why not.
pub fn may_open(ends_at: Timestamp, now: Timestamp) -> Result<(), Refusal> {
    refuse(ends_at.millis_since(now) < OPEN_BEFORE_END_MS, Refusal::EndsTooSoon)
}

/// Whether an order may hold this many pieces.
///
/// # Errors
/// Why not.
pub fn may_take(rules: &Rules, offer: &SkuOffer, quantity: i64) -> Result<(), Refusal> {
    refuse(quantity > rules.per_order, Refusal::TooManyPieces { limit: rules.per_order })?;
    match offer.left() {
        Some(left) if left < quantity => Err(Refusal::SoldOut { left }),
        _ => Ok(()),
    }
}

fn refuse(when: bool, refusal: Refusal) -> Result<(), Refusal> {
    if when { Err(refusal) } else { Ok(()) }
}

/// Until when a group that begins to live now may be joined: never past its campaign.
pub fn deadline(rules: &Rules, ends_at: Timestamp, now: Timestamp) -> Timestamp {
    now.plus_millis(rules.lifetime_ms()).min(ends_at)
}

/// What the leader pays for a piece, or a member.
pub fn price_of(offer: &SkuOffer, leads: bool) -> Fen {
    let member = offer.member_price();
    if leads { offer.leader_price.unwrap_or(member) } else { member }
}

/// The lowest number that none of these seats has.
pub fn free_number(live: &[i64], seats: i64) -> Option<i64> {
    (1..=seats).find(|number| !live.contains(number))
}

/// The place in the ladder that so many paid seats reach.
pub fn step_reached(sizes: &[i64], paid: i64) -> Option<usize> {
    sizes.iter().rposition(|size| *size <= paid)
}

/// How a group ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It forms at this place of the ladder; the shop fills so many seats.
    Forms {
        /// The place, from 0.
        step: usize,
        /// Seats to fill.
        fill: i64,
        /// Why.
        reason: EndReason,
    },
    /// Everybody gets their money back.
    Expires,
}

/// How a group with so many paid seats ends when its time is over.
pub fn ending(rules: &Rules, paid: i64) -> Ending {
    if let Some(step) = step_reached(&rules.sizes, paid) {
        let reason = if paid >= rules.seats() { EndReason::Full } else { EndReason::StepReached };
        return Ending::Forms { step, fill: 0, reason };
    }
    let least = rules.least();
    let enough = |percent: i64| paid > 0 && paid.saturating_mul(100) >= percent.saturating_mul(least);
    if rules.fill_percent.is_some_and(enough) {
        return Ending::Forms { step: 0, fill: least.saturating_sub(paid), reason: EndReason::Filled };
    }
    Ending::Expires
}

/// Who leads a group when its leader has left: who paid first, or else who came first.
pub fn heir(live: &[Seat]) -> Option<&Seat> {
    let members = live.iter().filter(|seat| seat.user_id.is_some());
    members.min_by_key(|seat| (seat.state != SeatState::Paid, seat.paid_at, seat.held_at, seat.id))
}

/// What a buyer paid too much for their pieces when a group formed at this place of the ladder.
pub fn difference(seat: &Seat, offer: &SkuOffer, step: usize) -> Fen {
    let reached = offer.prices.get(step).copied().unwrap_or_else(|| offer.member_price());
    let piece = seat.price.minus(reached).unwrap_or(Fen::ZERO).max(Fen::ZERO);
    piece.times(seat.quantity).unwrap_or(Fen::ZERO)
}

/// What was set aside for the difference that might have been owed.
pub fn difference_at_most(seat: &Seat) -> Fen {
    let piece = seat.price.minus(seat.least_price).unwrap_or(Fen::ZERO).max(Fen::ZERO);
    piece.times(seat.quantity).unwrap_or(Fen::ZERO)
}

/// How long to wait before money is asked back once more, after so many tries.
pub fn pause_after(tries: i64) -> i64 {
    let doublings = u32::try_from(tries.clamp(0, 12)).unwrap_or(12);
    LOOK_AGAIN_MS.saturating_mul(2_i64.saturating_pow(doublings)).min(LONGEST_PAUSE_MS)
}

impl Wish {
    /// Reads the reference of a claim; `None` when it is none.
    pub fn parse(reference: &str) -> Option<Self> {
        if let Some(campaign) = reference.strip_prefix("new:") {
            return campaign.parse().ok().map(Self::Open);
        }
        let (group, token) = match reference.split_once(':') {
            Some((group, token)) => (group, Some(token.to_owned()).filter(|token| !token.is_empty())),
            None => (reference, None),
        };
        group.parse().ok().map(|group| Self::Join { group, token })
    }
}

/// Whether a size may be a step of a ladder.
fn fits(size: i64) -> bool {
    SIZES.contains(&size)
}

/// Whether a group may live so long.
fn lives(minutes: i64) -> bool {
    LIFETIMES.contains(&minutes)
}
