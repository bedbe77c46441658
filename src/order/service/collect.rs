//! Collecting at a store: the code the buyer shows there, and handing out against it, once.

use serde_json::json;

use super::super::error::OrderError;
use super::super::events::{OrderFacts, OrderPickUpReady, PICK_UP_READY};
use super::super::model::{
    Actor, Order, OrderLine, OrderState, PICK_UP_CODE_LENGTH, PickUp, PickUpFile, Shipment, ShipmentId, ShipmentKind,
};
use super::super::rules::{self, Step};
use super::super::store;
use super::desk::{AtDesk, audit_pick_up};
use super::{Cause, Orders, moves, record, ship};
use crate::kernel::id::{OrderId, UserId};
use crate::pick_up::{self, StoreId};
use crate::platform::db::{DbError, DbResult, Tx};
use crate::platform::typed_code;

/// What a store hands out, or has handed out.
#[derive(Debug, Clone)]
pub(in crate::order) struct Collected {
    /// The order.
    pub(in crate::order) order: Order,
    /// Its lines.
    pub(in crate::order) lines: Vec<OrderLine>,
    /// Where it is collected.
    pub(in crate::order) file: PickUpFile,
}

/// Gives an order that is collected its code.
pub(super) fn issue_code(tx: &mut Tx<'_>, order: &Order, lines: &[OrderLine]) -> DbResult<()> {
    // 60 random bits: should two orders ever draw the same, the index refuses the second and its payment is applied anew.
    let code = typed_code::random::<PICK_UP_CODE_LENGTH>().map_err(|error| DbError::Defect(error.to_string()))?;
    let Some(store_id) = store::issue_pick_up_code(tx, order.id, &code)? else { return Ok(()) };
    record(tx, PICK_UP_READY, order, &OrderPickUpReady { order: OrderFacts::of(order, lines), store_id })
}

/// What waits under a code, so that staff know what to hand out. Nothing changes.
pub(in crate::order) fn look_up(
    tx: &mut Tx<'_>,
    desk: &AtDesk,
    store_id: StoreId,
    code: &str,
) -> Result<Collected, OrderError> {
    let pick_up = waiting_at(tx, desk, store_id, code)?;
    collected(tx, pick_up.order_id)
}

/// Hands an order out against its code: it is shipped and received in one go. Of two who try at the same moment one
/// does it, and the other hears that it is done.
pub(in crate::order) fn hand_out(
    tx: &mut Tx<'_>,
    orders: &Orders,
    desk: &AtDesk,
    store_id: StoreId,
    code: &str,
) -> Result<Collected, OrderError> {
    let id = waiting_at(tx, desk, store_id, code)?.order_id;
    let order = store::lock(tx, id)?.ok_or(OrderError::PickUpCodeNotFound)?;
    if !store::verify_pick_up(tx, id, desk.staff_id)? {
        let done = store::pick_up_of(tx, id)?.and_then(|pick_up| pick_up.verified_at);
        return Err(OrderError::AlreadyPickedUp(json!({ "picked_up_at": done })));
    }
    rules::may_leave(&order, &store::gates_of(tx, id)?)?;
    let lines = store::lines_of(tx, id)?;
    let content = rules::fill_parcel(&lines, None)?;
    let shipment = Shipment {
        id: ShipmentId::new(tx.next_id()),
        order_id: id,
        kind: ShipmentKind::PickUp,
        carrier_code: String::new(),
        tracking_no: String::new(),
        shipped_by: Some(desk.staff_id),
        shipped_at: tx.now(),
        uploaded_at: None,
    };
    let cause = Cause { actor: Actor::Staff(desk.staff_id), reason: "picked_up" };
    let shipped = ship::leave(tx, orders, &order, &shipment, (&lines, &content), cause)?;
    if shipped.state == OrderState::Shipped {
        moves::advance(tx, orders, &shipped, Step::Receive, cause)?;
    }
    audit_pick_up(tx, desk, id, store_id)?;
    collected(tx, id)
}

/// The pick-up of this code, if it is this store's and whoever asks may hand out there.
fn waiting_at(tx: &mut Tx<'_>, desk: &AtDesk, store_id: StoreId, code: &str) -> Result<PickUp, OrderError> {
    if !pick_up::may_hand_out_at(tx, desk.staff_id, store_id)? {
        return Err(OrderError::NotYourStore);
    }
    let code = typed_code::normalised(code, PICK_UP_CODE_LENGTH).ok_or(OrderError::PickUpCodeNotFound)?;
    let found = store::pick_up_by_code(tx, &code)?.ok_or(OrderError::PickUpCodeNotFound)?;
    if found.store_id == store_id {
        return Ok(found);
    }
    let name = pick_up::find(tx, found.store_id)?.map(|store| store.name);
    Err(OrderError::WrongStore(json!({ "store_id": found.store_id, "store_name": name })))
}

fn collected(tx: &mut Tx<'_>, id: OrderId) -> Result<Collected, OrderError> {
    let order = store::find(tx, id)?.ok_or(OrderError::PickUpCodeNotFound)?;
    let file = file_of(tx, id)?.ok_or(OrderError::PickUpCodeNotFound)?;
    Ok(Collected { lines: store::lines_of(tx, id)?, order, file })
}

/// Where an order is collected, if it is.
pub(super) fn file_of(tx: &mut Tx<'_>, id: OrderId) -> DbResult<Option<PickUpFile>> {
    let Some(pick_up) = store::pick_up_of(tx, id)? else { return Ok(None) };
    let store = pick_up::find(tx, pick_up.store_id)?;
    let store = store.ok_or_else(|| DbError::Defect(format!("order {id} is collected at a store that is gone")))?;
    Ok(Some(PickUpFile { pick_up, store }))
}

/// The code of a buyer's own order, while it can be used.
pub(in crate::order) fn code_of_user(tx: &mut Tx<'_>, id: OrderId, user: UserId) -> Result<String, OrderError> {
    let order = moves::own(tx, id, user)?;
    let pick_up = store::pick_up_of(tx, id)?.ok_or(OrderError::NoPickUpCode)?;
    rules::usable_code(&order, &pick_up).map(str::to_owned).ok_or(OrderError::NoPickUpCode)
}
