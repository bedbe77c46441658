//! Parcels: what leaves, under which number, what happens to it on its way, and what WeChat must know of it.

use serde_json::json;

use super::super::error::OrderError;
use super::super::events::{OrderFacts, OrderShipped, SHIPPED};
use super::super::jobs::{SHIPPING_UPLOAD, ShippingUpload};
use super::super::model::{
    Actor, Delivery, MAX_PARCELS, MAX_TRACKING_EVENTS, Order, OrderLine, OrderState, Parcel, Shipment, ShipmentId,
    ShipmentKind, ShipmentLine, TrackingEvent, TrackingEventId,
};
use super::super::rules::{self, LineQuantity, Step};
use super::super::store::{self, ParcelTaken};
use super::{Cause, Orders, checked_code, checked_text, moves, note_fact, record};
use crate::kernel::id::{OrderId, StaffId};
use crate::kernel::time::Timestamp;
use crate::payment::{self, WechatTransaction};
use crate::platform::db::{DbResult, Tx};
use crate::platform::jobs::{self, NewJob};

/// Most characters of a carrier's code.
const MAX_CARRIER_CHARS: usize = 32;
/// Most characters of a tracking number.
const MAX_TRACKING_CHARS: usize = 64;

/// A parcel about to leave.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::order) struct NewParcel {
    /// WeChat's code of the carrier.
    pub(in crate::order) carrier_code: String,
    /// The carrier's number.
    pub(in crate::order) tracking_no: String,
    /// What lies in it; everything that is left when absent.
    pub(in crate::order) lines: Option<Vec<LineQuantity>>,
}

/// Something a carrier says happened to a parcel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::order) struct PushedEvent {
    /// When.
    pub(in crate::order) happened_at: Timestamp,
    /// Where.
    pub(in crate::order) place: String,
    /// What.
    pub(in crate::order) description: String,
}

/// What WeChat is to be told of an order's parcels.
#[derive(Debug, Clone)]
pub(in crate::order) struct UploadFacts {
    /// The order.
    pub(in crate::order) order: Order,
    /// Its lines.
    pub(in crate::order) lines: Vec<OrderLine>,
    /// All of its parcels.
    pub(in crate::order) parcels: Vec<Parcel>,
    /// The payment it is about.
    pub(in crate::order) transaction: WechatTransaction,
    /// Who paid it.
    pub(in crate::order) payer_openid: String,
}

impl From<ParcelTaken> for OrderError {
    fn from(taken: ParcelTaken) -> Self {
        match taken {
            ParcelTaken::Taken => Self::ParcelExists,
            ParcelTaken::Db(error) => Self::Db(error),
        }
    }
}

/// Sends a parcel. When it is the last one the order is shipped; until then it stays paid.
pub(super) fn send_parcel(
    tx: &mut Tx<'_>,
    orders: &Orders,
    id: OrderId,
    staff: StaffId,
    parcel: &NewParcel,
) -> Result<Shipment, OrderError> {
    checked_code("carrier_code", &parcel.carrier_code, MAX_CARRIER_CHARS)?;
    checked_code("tracking_no", &parcel.tracking_no, MAX_TRACKING_CHARS)?;
    let order = store::lock(tx, id)?.ok_or(OrderError::NotFound)?;
    rules::may_ship(&order, &store::gates_of(tx, id)?)?;
    let lines = store::lines_of(tx, id)?;
    let content = rules::fill_parcel(&lines, parcel.lines.as_deref())?;
    if store::count_parcels(tx, id)? >= i64::try_from(MAX_PARCELS).unwrap_or(i64::MAX) {
        return Err(OrderError::TooManyParcels);
    }
    let shipment = Shipment {
        id: ShipmentId::new(tx.next_id()),
        order_id: id,
        kind: ShipmentKind::Parcel,
        carrier_code: parcel.carrier_code.clone(),
        tracking_no: parcel.tracking_no.clone(),
        shipped_by: Some(staff),
        shipped_at: tx.now(),
        uploaded_at: None,
    };
    let reason = format!("parcel_sent: {} {}", parcel.carrier_code, parcel.tracking_no);
    let cause = Cause { actor: Actor::Staff(staff), reason: &reason };
    leave(tx, orders, &order, &shipment, (&lines, &content), cause)?;
    Ok(shipment)
}

/// Lets pieces of a locked order leave the shop, in whatever way: counts them, moves the order when nothing is left, and
/// tells whoever must know. Answers the order as it is then.
pub(super) fn leave(
    tx: &mut Tx<'_>,
    orders: &Orders,
    order: &Order,
    shipment: &Shipment,
    (lines, content): (&[OrderLine], &[LineQuantity]),
    cause: Cause<'_>,
) -> Result<Order, OrderError> {
    write_parcel(tx, shipment, content)?;
    let all_shipped = rules::completes(lines, content);
    let order = if all_shipped {
        moves::advance(tx, orders, order, Step::ShipAll, cause)?
    } else {
        note_fact(tx, order, cause)?;
        order.clone()
    };
    record_shipped(tx, &order, lines, shipment, all_shipped)?;
    queue_upload(tx, &order)?;
    Ok(order)
}

fn write_parcel(tx: &mut Tx<'_>, shipment: &Shipment, content: &[LineQuantity]) -> Result<(), OrderError> {
    let line =
        |part: &LineQuantity| ShipmentLine { shipment_id: shipment.id, line_id: part.line_id, quantity: part.quantity };
    let lines: Vec<ShipmentLine> = content.iter().map(line).collect();
    tx.attempt(|tx| store::insert_parcel(tx, shipment, &lines))?;
    for part in content {
        if !store::ship_line(tx, part.line_id, part.quantity)? {
            return Err(OrderError::ShipQuantity(json!({ "line_id": part.line_id })));
        }
    }
    Ok(())
}

fn record_shipped(
    tx: &mut Tx<'_>,
    order: &Order,
    lines: &[OrderLine],
    shipment: &Shipment,
    all_shipped: bool,
) -> DbResult<()> {
    let event = OrderShipped {
        order: OrderFacts::of(order, lines),
        shipment_id: shipment.id,
        kind: shipment.kind,
        carrier_code: shipment.carrier_code.clone(),
        tracking_no: shipment.tracking_no.clone(),
        all_shipped,
    };
    record(tx, SHIPPED, order, &event)
}

/// Lets WeChat be told, when it was paid through WeChat by somebody WeChat names: only then is the money paid out.
fn queue_upload(tx: &mut Tx<'_>, order: &Order) -> DbResult<()> {
    let payer = payment::wechat_transaction(tx, order.id)?.and_then(|transaction| transaction.openid);
    if payer.is_none() {
        return Ok(());
    }
    let dedup_key = Some(format!("{SHIPPING_UPLOAD}:{}:{}", order.id, order.version));
    let run_at = tx.now();
    jobs::enqueue(
        tx,
        &NewJob { kind: SHIPPING_UPLOAD, dedup_key, payload: &ShippingUpload { order_id: order.id }, run_at },
    )
}

/// Puts a wrong carrier or number right, while the parcel is on its way; answers it as it was and as it is.
pub(super) fn correct_tracking(
    tx: &mut Tx<'_>,
    id: ShipmentId,
    staff: StaffId,
    carrier_code: &str,
    tracking_no: &str,
) -> Result<(Shipment, Shipment), OrderError> {
    checked_code("carrier_code", carrier_code, MAX_CARRIER_CHARS)?;
    checked_code("tracking_no", tracking_no, MAX_TRACKING_CHARS)?;
    let old = store::find_parcel(tx, id)?.ok_or(OrderError::ShipmentNotFound)?;
    let order = store::lock(tx, old.order_id)?.ok_or(OrderError::ShipmentNotFound)?;
    if !matches!(order.state, OrderState::Paid | OrderState::Shipped) {
        return Err(OrderError::StateConflict(json!({ "state": order.state })));
    }
    tx.attempt(|tx| store::change_tracking(tx, id, carrier_code, tracking_no))?;
    let reason =
        format!("tracking_changed from {} {} to {carrier_code} {tracking_no}", old.carrier_code, old.tracking_no);
    note_fact(tx, &order, Cause { actor: Actor::Staff(staff), reason: &reason })?;
    store::forget_uploads(tx, order.id)?;
    queue_upload(tx, &order)?;
    let new = Shipment { carrier_code: carrier_code.to_owned(), tracking_no: tracking_no.to_owned(), ..old.clone() };
    Ok((old, new))
}

/// Adds what a carrier says happened to a parcel; what is known already is left alone. Answers how many were new.
pub(super) fn add_tracking(
    tx: &mut Tx<'_>,
    id: ShipmentId,
    pushed: &[PushedEvent],
) -> Result<(OrderId, usize), OrderError> {
    if pushed.is_empty() || pushed.len() > MAX_TRACKING_EVENTS {
        return Err(OrderError::InvalidField(
            json!({ "field": "events", "min_items": 1, "max_items": MAX_TRACKING_EVENTS }),
        ));
    }
    let shipment = store::find_parcel(tx, id)?.ok_or(OrderError::ShipmentNotFound)?;
    let mut events = Vec::with_capacity(pushed.len());
    for event in pushed {
        let place = checked_text("place", &event.place, 0)?.to_owned();
        let description = checked_text("description", &event.description, 1)?.to_owned();
        let id_of_event = TrackingEventId::new(tx.next_id());
        events.push(TrackingEvent {
            id: id_of_event,
            shipment_id: id,
            happened_at: event.happened_at,
            place,
            description,
        });
    }
    Ok((shipment.order_id, store::insert_tracking(tx, &events)?))
}

/// What WeChat is to be told now; nothing when it was told everything, or all the money went back.
pub(in crate::order) fn to_upload(tx: &mut Tx<'_>, id: OrderId) -> DbResult<Option<UploadFacts>> {
    let Some(order) = store::find(tx, id)? else { return Ok(None) };
    let Some(transaction) = payment::wechat_transaction(tx, id)? else { return Ok(None) };
    let Some(payer_openid) = transaction.openid.clone() else { return Ok(None) };
    // One payment is fulfilled in one way: virtual lines beside parcels are nothing that WeChat would take a word of.
    let kind = match order.delivery {
        Delivery::Parcel => ShipmentKind::Parcel,
        Delivery::PickUp => ShipmentKind::PickUp,
        Delivery::Virtual => ShipmentKind::Virtual,
    };
    let mut parcels = store::parcels_of(tx, id)?;
    parcels.retain(|parcel| parcel.shipment.kind == kind);
    let news = parcels.iter().any(|parcel| parcel.shipment.uploaded_at.is_none());
    if order.state == OrderState::Refunded || !news {
        return Ok(None);
    }
    let lines = store::lines_of(tx, id)?;
    Ok(Some(UploadFacts { order, lines, parcels, transaction, payer_openid }))
}

/// Notes that WeChat was told of these parcels.
pub(in crate::order) fn uploaded(tx: &mut Tx<'_>, told: &[Shipment]) -> DbResult<()> {
    told.iter().try_for_each(|shipment| store::mark_uploaded(tx, shipment))
}
