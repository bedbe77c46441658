//! Use cases of group buys. Locks are taken in one order: payment, order, group, seat, the user's turn, quota, budget.
//! Opening a group takes the turn first, which is the same: nobody else can hold a group that is only being made.

mod books;
mod desk;
mod ending;
mod joining;
mod late;
mod looking;
mod membership;
mod planning;
mod settling;

pub use books::differences;

pub(super) use desk::{AtDesk, export, force_expire, group_file, groups_for_staff};
pub(super) use ending::settle_group;
pub(super) use joining::{Asked, price, reserve, terms};
pub(super) use looking::{
    CampaignLook, GroupLook, Member, OwnLook, PageOf, WallLook, campaigns_of_product, card, group_page, own_groups,
    running_campaigns, wall,
};
pub(super) use membership::{closed, gave_up, paid, refunded};
pub(super) use planning::{create, figures, look, problems, replace};
pub(super) use settling::{settle_kept, settle_refund_due};

use super::error::GroupBuyError;
use super::events::MemberDid;
use super::model::{Group, Rules, Seat, SeatState};
use super::rules::{self, SeatEvent};
use super::store::{self, Stamps};
use crate::campaign::CampaignError;
use crate::kernel::id::CampaignId;
use crate::kernel::time::MINUTE_MS;
use crate::order::Orders;
use crate::platform::db::{DbError, DbResult, FromDb, Tx};
use crate::platform::events::{self, NewEvent};

/// The kind of offer, of ship gate and of claim.
pub const GROUP_BUY: &str = "group_buy";
/// What taking part is called among the turns of a user.
pub(super) const JOIN: &str = "join";

/// What group buys are set up with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupBuySettings {
    /// How long an order for a group may stay unpaid, in milliseconds; never past the group's end.
    pub pay_within_ms: i64,
}

impl Default for GroupBuySettings {
    fn default() -> Self {
        Self { pay_within_ms: 15 * MINUTE_MS }
    }
}

/// What background work on group buys needs.
#[derive(Clone, Debug)]
pub struct GroupBuys {
    /// Orders, whose money goes back.
    pub orders: Orders,
}

fn rules_of(tx: &mut Tx<'_>, campaign: CampaignId) -> Result<Rules, GroupBuyError> {
    Ok(store::rules(tx, campaign)?.ok_or(CampaignError::NotFound)?)
}

/// The rules of a group's campaign, which must be there.
fn own_rules(tx: &mut Tx<'_>, group: &Group) -> DbResult<Rules> {
    store::rules(tx, group.campaign_id)?.ok_or_else(|| odd(group, "has no rules"))
}

fn odd(group: &Group, what: &str) -> DbError {
    DbError::Defect(format!("group {} {what}", group.id))
}

/// Under which reference a campaign's budget knows an order.
fn grant_of(seat: &Seat) -> String {
    seat.order_id.map(|order| format!("order:{order}")).unwrap_or_default()
}

/// Moves a seat: the rule, the stamp of the new state, the guarded change.
fn advance(tx: &mut Tx<'_>, seat: &mut Seat, event: SeatEvent, reason: Option<&str>) -> DbResult<()> {
    let from = seat.state;
    let to = rules::next(from, event)
        .map_err(|refused| DbError::Defect(format!("seat {}: {refused:?} is not allowed", seat.id)))?;
    let now = Some(tx.now());
    seat.state = to;
    match to {
        SeatState::Paid => seat.paid_at = now,
        SeatState::RefundDue => seat.refund_due_at = now,
        SeatState::Released => seat.released_at = now,
        SeatState::Kept => seat.kept_at = now,
        SeatState::Held => {}
    }
    if let Some(reason) = reason {
        seat.reason = Some(reason.to_owned());
    }
    store::advance(tx, from, seat)
}

/// Moves every seat of a group that stands in a state: what is due for its order from then on is settled by a sweep.
fn advance_all(
    tx: &mut Tx<'_>,
    group: &Group,
    from: SeatState,
    event: SeatEvent,
    reason: Option<&str>,
) -> DbResult<usize> {
    let to = rules::next(from, event).map_err(|refused| odd(group, &format!("moves its seats: {refused:?}")))?;
    let now = tx.now();
    let when = |state: SeatState| (to == state).then_some(now);
    let stamps = Stamps {
        state: to,
        kept_at: when(SeatState::Kept),
        refund_due_at: when(SeatState::RefundDue),
        released_at: when(SeatState::Released),
        reason: reason.map(str::to_owned),
        settle_at: when(SeatState::Kept).or(when(SeatState::RefundDue)),
    };
    store::advance_all(tx, group.id, from, &stamps)
}

fn record<P: serde::Serialize>(
    tx: &mut Tx<'_>,
    name: &'static str,
    user: Option<crate::kernel::id::UserId>,
    payload: &P,
) -> DbResult<()> {
    events::record(tx, &NewEvent { name, version: 1, user, payload }).map(|_| ())
}

/// Records what the buyer of a seat did; nothing for a seat that the shop filled.
fn record_member(tx: &mut Tx<'_>, name: &'static str, group: &Group, seat: &Seat) -> DbResult<()> {
    match seat.user_id {
        Some(user) => record(tx, name, Some(user), &MemberDid::of(group, seat)),
        None => Ok(()),
    }
}

/// For what runs where nothing can be refused: a database failure stays what it is, anything else is a defect.
fn into_db(error: impl FromDb + std::fmt::Display) -> DbError {
    error.db_error().cloned().unwrap_or_else(|| DbError::Defect(error.to_string()))
}
