//! What staff do with orders: each change with its audit row, in one transaction.

use serde_json::{Value, json};

use super::super::error::OrderError;
use super::super::model::{Actor, Order, Shipment, ShipmentId};
use super::super::rules;
use super::super::store;
use super::reprice::{AgreedPrice, change_price};
use super::ship::{NewParcel, PushedEvent, add_tracking, correct_tracking, send_parcel};
use super::{Cause, Orders, approval, checked_text, moves, note_fact, refund_unshipped};
use crate::kernel::id::{OrderId, StaffId};
use crate::kernel::money::Fen;
use crate::pick_up::StoreId;
use crate::platform::db::{DbResult, Tx};
use crate::platform::http::Origin;
use crate::staff::audit::{self, AuditEntry};

/// A member of staff at work, and from where.
#[derive(Debug, Clone)]
pub(in crate::order) struct AtDesk {
    /// Who.
    pub(in crate::order) staff_id: StaffId,
    /// From where.
    pub(in crate::order) origin: Origin,
}

/// What became of staff's wish to refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::order) enum RefundDecision {
    /// The money is on its way.
    Requested,
    /// A second person must approve.
    WaitingForApproval,
}

/// One change for the audit log.
struct Change<'a> {
    action: &'static str,
    order: OrderId,
    reason: Option<&'a str>,
    before: Value,
    after: Value,
}

fn audit(tx: &mut Tx<'_>, desk: &AtDesk, change: Change<'_>) -> DbResult<()> {
    audit::record(
        tx,
        &AuditEntry {
            staff_id: desk.staff_id,
            action: change.action,
            subject_kind: "order",
            subject_id: Some(change.order.get()),
            reason: change.reason,
            before: Some(change.before),
            after: Some(change.after),
            origin: &desk.origin,
        },
    )
}

/// Writes a note that only staff see.
pub(in crate::order) fn write_note(tx: &mut Tx<'_>, desk: &AtDesk, id: OrderId, note: &str) -> Result<(), OrderError> {
    let note = checked_text("note", note, 0)?;
    let order = store::lock(tx, id)?.ok_or(OrderError::NotFound)?;
    store::set_note(tx, id, note)?;
    let (before, after) = (json!({ "note": order.staff_note }), json!({ "note": note }));
    Ok(audit(tx, desk, Change { action: "order.note", order: id, reason: None, before, after })?)
}

/// Changes what an unpaid order costs.
pub(in crate::order) fn reprice(
    tx: &mut Tx<'_>,
    desk: &AtDesk,
    id: OrderId,
    total: Fen,
    freight: Option<Fen>,
    reason: &str,
) -> Result<(), OrderError> {
    let reason = checked_text("reason", reason, 1)?;
    let agreed = AgreedPrice { total, freight, reason: reason.to_owned() };
    let (old, new) = change_price(tx, id, desk.staff_id, &agreed)?;
    let price = |order: &Order| json!({ "discount_fen": order.discount, "freight_fen": order.freight, "total_fen": order.total });
    let (before, after) = (price(&old), price(&new));
    Ok(audit(tx, desk, Change { action: "order.reprice", order: id, reason: Some(reason), before, after })?)
}

/// Closes an unpaid order.
pub(in crate::order) fn close_by_staff(
    tx: &mut Tx<'_>,
    orders: &Orders,
    desk: &AtDesk,
    id: OrderId,
    reason: &str,
) -> Result<(), OrderError> {
    let reason = checked_text("reason", reason, 1)?;
    let closed = moves::close_unpaid(tx, orders, id, Actor::Staff(desk.staff_id), reason)?;
    let (before, after) = (json!({ "state": "pending_payment" }), json!({ "state": closed.state }));
    Ok(audit(tx, desk, Change { action: "order.close", order: id, reason: Some(reason), before, after })?)
}

/// Sends a parcel.
pub(in crate::order) fn ship(
    tx: &mut Tx<'_>,
    orders: &Orders,
    desk: &AtDesk,
    id: OrderId,
    parcel: &NewParcel,
) -> Result<ShipmentId, OrderError> {
    let sent = send_parcel(tx, orders, id, desk.staff_id, parcel)?;
    let after = json!({ "shipment_id": sent.id, "carrier_code": sent.carrier_code, "tracking_no": sent.tracking_no });
    audit(tx, desk, Change { action: "order.ship", order: id, reason: None, before: Value::Null, after })?;
    Ok(sent.id)
}

/// Writes down that an order was handed out.
pub(super) fn audit_pick_up(tx: &mut Tx<'_>, desk: &AtDesk, order: OrderId, store: StoreId) -> DbResult<()> {
    let after = json!({ "store_id": store });
    audit(tx, desk, Change { action: "order.handout", order, reason: None, before: Value::Null, after })
}

/// Puts a parcel's carrier and number right.
pub(in crate::order) fn change_tracking(
    tx: &mut Tx<'_>,
    desk: &AtDesk,
    id: ShipmentId,
    carrier_code: &str,
    tracking_no: &str,
) -> Result<(), OrderError> {
    let (old, new) = correct_tracking(tx, id, desk.staff_id, carrier_code, tracking_no)?;
    let number = |parcel: &Shipment| json!({ "carrier_code": parcel.carrier_code, "tracking_no": parcel.tracking_no });
    let (order, before, after) = (old.order_id, number(&old), number(&new));
    Ok(audit(tx, desk, Change { action: "order.tracking", order, reason: None, before, after })?)
}

/// Adds what a carrier says happened to a parcel; what is known already is left alone. Answers how many were new.
pub(in crate::order) fn push_tracking(
    tx: &mut Tx<'_>,
    desk: &AtDesk,
    id: ShipmentId,
    pushed: &[PushedEvent],
) -> Result<usize, OrderError> {
    let (order, added) = add_tracking(tx, id, pushed)?;
    let after = json!({ "shipment_id": id, "events_added": added });
    audit(tx, desk, Change { action: "order.tracking_events", order, reason: None, before: Value::Null, after })?;
    Ok(added)
}

/// Gives all the money back before anything is sent: at once, or, above the limit, when a second person approves.
pub(in crate::order) fn refund_by_staff(
    tx: &mut Tx<'_>,
    orders: &Orders,
    desk: &AtDesk,
    id: OrderId,
    reason: &str,
) -> Result<RefundDecision, OrderError> {
    let reason = checked_text("reason", reason, 1)?;
    let order = store::find(tx, id)?.ok_or(OrderError::NotFound)?;
    rules::may_refund_unshipped(&order, &store::lines_of(tx, id)?)?;
    let amount = order.refundable();
    if amount > orders.settings.refund_approval_above {
        approval::ask(tx, desk, id, amount, reason)?;
        let locked = store::lock(tx, id)?.ok_or(OrderError::NotFound)?;
        let cause =
            Cause { actor: Actor::Staff(desk.staff_id), reason: &format!("refund_waits_for_approval: {reason}") };
        note_fact(tx, &locked, cause)?;
        let (before, after) = (Value::Null, json!({ "waiting_for_approval_fen": amount }));
        audit(tx, desk, Change { action: "order.refund.ask", order: id, reason: Some(reason), before, after })?;
        return Ok(RefundDecision::WaitingForApproval);
    }
    let refunding = refund_unshipped(tx, orders, id, Actor::Staff(desk.staff_id), reason)?;
    audit_refund(tx, desk, &order, &refunding, reason)?;
    Ok(RefundDecision::Requested)
}

/// Writes down that staff gave the money of an order back.
pub(super) fn audit_refund(tx: &mut Tx<'_>, desk: &AtDesk, old: &Order, new: &Order, reason: &str) -> DbResult<()> {
    let money = |order: &Order| json!({ "state": order.state, "refunded_fen": order.refunded, "refunding_fen": order.refunding });
    let change =
        Change { action: "order.refund", order: old.id, reason: Some(reason), before: money(old), after: money(new) };
    audit(tx, desk, change)
}

/// Writes down that staff took personal data out of the shop, and how much of it.
pub(in crate::order) fn note_export(tx: &mut Tx<'_>, desk: &AtDesk, filter: &str, orders: usize) -> DbResult<()> {
    audit::record(
        tx,
        &AuditEntry {
            staff_id: desk.staff_id,
            action: "order.export",
            subject_kind: "order",
            subject_id: None,
            reason: None,
            before: None,
            after: Some(json!({ "filter": filter, "orders": orders })),
            origin: &desk.origin,
        },
    )
}
