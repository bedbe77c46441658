//! What staff do with groups.

use serde_json::json;

use super::super::error::GroupBuyError;
use super::super::model::{EndReason, Group, GroupFilter, GroupId, GroupState, MAX_EXPORTED, Seat};
use super::super::store;
use super::ending::expire;
use super::rules_of;
use crate::kernel::id::{CampaignId, StaffId};
use crate::kernel::page::{Cursor, Page};
use crate::kernel::time::Timestamp;
use crate::platform::db::{DbResult, Tx};
use crate::platform::http::{Origin, Table};
use crate::staff::audit::{self, AuditEntry};

/// Most characters of a reason.
const MAX_REASON: usize = 200;

/// A member of staff at work, and from where.
#[derive(Debug, Clone)]
pub(in crate::group_buy) struct AtDesk {
    /// Who.
    pub(in crate::group_buy) staff_id: StaffId,
    /// From where.
    pub(in crate::group_buy) origin: Origin,
}

/// Groups that staff asked for, latest first.
pub(in crate::group_buy) fn groups_for_staff(
    tx: &mut Tx<'_>,
    filter: &GroupFilter,
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<Page<Group>> {
    let rows = store::search(tx, filter, after, limit.saturating_add(1))?;
    Ok(Page::cut(rows, limit, |group| Cursor { key: 0, id: group.id.get() }))
}

/// A group with every seat that ever was in it.
pub(in crate::group_buy) fn group_file(tx: &mut Tx<'_>, id: GroupId) -> Result<(Group, Vec<Seat>), GroupBuyError> {
    let group = store::find(tx, id)?.ok_or(GroupBuyError::NotFound)?;
    Ok((group, store::of_group(tx, id)?))
}

/// Ends an open group at once: everybody gets their money back.
pub(in crate::group_buy) fn force_expire(
    tx: &mut Tx<'_>,
    desk: &AtDesk,
    id: GroupId,
    reason: &str,
) -> Result<(), GroupBuyError> {
    let reason = reason.trim();
    if !(1..=MAX_REASON).contains(&reason.chars().count()) || reason.chars().any(char::is_control) {
        return Err(GroupBuyError::InvalidReason);
    }
    let mut group = store::lock(tx, id)?.ok_or(GroupBuyError::NotFound)?;
    if group.state != GroupState::Open {
        return Err(GroupBuyError::NotOpen(json!({ "state": group.state })));
    }
    let before = json!({ "state": group.state, "paid": group.paid, "held": group.held() });
    expire(tx, &mut group, EndReason::Staff)?;
    let entry = AuditEntry {
        staff_id: desk.staff_id,
        action: "group_buy.expire",
        subject_kind: "buy_group",
        subject_id: Some(id.get()),
        reason: Some(reason),
        before: Some(before),
        after: Some(json!({ "state": group.state })),
        origin: &desk.origin,
    };
    Ok(audit::record(tx, &entry)?)
}

/// The heads of the columns of an export.
const HEADS: [&str; 19] = [
    "group_id",
    "group_state",
    "group_ended_because",
    "seat_no",
    "leads",
    "user_id",
    "order_id",
    "sku_id",
    "quantity",
    "price_yuan",
    "newcomer",
    "seat_state",
    "filled_by_the_shop",
    "joined_at",
    "paid_at",
    "kept_at",
    "refund_due_at",
    "released_at",
    "reason",
];

/// Everybody who took part in a campaign, as a table; and how many rows it has.
pub(in crate::group_buy) fn export(tx: &mut Tx<'_>, id: CampaignId) -> Result<(usize, Table), GroupBuyError> {
    rules_of(tx, id)?;
    let rows = store::of_campaign(tx, id, MAX_EXPORTED.saturating_add(1))?;
    if i64::try_from(rows.len()).is_ok_and(|count| count > MAX_EXPORTED) {
        return Err(GroupBuyError::ExportTooLarge);
    }
    Ok((rows.len(), Table::of(HEADS, rows.iter().map(|(seat, group)| row(seat, group)))?))
}

fn row(seat: &Seat, group: &Group) -> [String; 19] {
    fn shown<T: ToString>(value: Option<T>) -> String {
        value.map(|value| value.to_string()).unwrap_or_default()
    }
    let moment = |at: Option<Timestamp>| shown(at);
    [
        group.id.to_string(),
        group.state.to_string(),
        shown(group.end_reason),
        seat.seat_no.to_string(),
        (seat.user_id == Some(group.leader_id)).to_string(),
        shown(seat.user_id),
        shown(seat.order_id),
        shown(seat.sku_id),
        seat.quantity.to_string(),
        seat.price.to_yuan(),
        seat.newcomer.to_string(),
        seat.state.to_string(),
        seat.user_id.is_none().to_string(),
        seat.held_at.to_string(),
        moment(seat.paid_at),
        moment(seat.kept_at),
        moment(seat.refund_due_at),
        moment(seat.released_at),
        seat.reason.clone().unwrap_or_default(),
    ]
}
