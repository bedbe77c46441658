//! Ship gates, parcels and what happened to them.

use diesel::prelude::*;

use crate::kernel::id::OrderId;
use crate::kernel::time::Timestamp;
use crate::order::model::{Order, Parcel, ShipGate, Shipment, ShipmentId, ShipmentKind, ShipmentLine, TrackingEvent};
use crate::platform::db::dialect::Prepared;
use crate::platform::db::schema::{
    orders, ship_gates as gates, shipment_lines, shipments, tracking_events as tracking,
};
use crate::platform::db::{Constraint, DbError, DbResult, FromDb, Tx, columns};

/// One parcel of an order is known by its carrier and number.
const PARCEL: Constraint = Constraint {
    index: "shipments_parcel",
    columns: "shipments.order_id, shipments.kind, shipments.carrier_code, shipments.tracking_no",
};

/// The order has a parcel with this carrier and number already, or the database failed.
#[derive(Debug)]
pub(in crate::order) enum ParcelTaken {
    /// It has.
    Taken,
    /// The database failed.
    Db(DbError),
}

impl From<DbError> for ParcelTaken {
    fn from(error: DbError) -> Self {
        if error.violates(PARCEL) { Self::Taken } else { Self::Db(error) }
    }
}

impl From<diesel::result::Error> for ParcelTaken {
    fn from(error: diesel::result::Error) -> Self {
        Self::from(DbError::from(error))
    }
}

impl FromDb for ParcelTaken {
    fn db_error(&self) -> Option<&DbError> {
        if let Self::Db(error) = self { Some(error) } else { None }
    }
}

pub(in crate::order) fn insert_gate(tx: &mut Tx<'_>, gate: &ShipGate) -> DbResult<()> {
    tx.write_row(diesel::insert_into(gates::table).values(gate.clone()))
}

/// Opens a gate that still holds; false when it was open or is none.
pub(in crate::order) fn open_gate(tx: &mut Tx<'_>, order: OrderId, source: &str) -> DbResult<bool> {
    let now = tx.now();
    let closed = gates::table.find((order, source)).filter(gates::opened_at.is_null());
    Ok(Prepared(diesel::update(closed).set(gates::opened_at.eq(Some(now)))).execute(tx.conn()?)? == 1)
}

/// Changes what a gate that still holds refers to; false when it is open or is none.
pub(in crate::order) fn move_gate(tx: &mut Tx<'_>, order: OrderId, source: &str, to: &str) -> DbResult<bool> {
    let closed = gates::table.find((order, source)).filter(gates::opened_at.is_null());
    Ok(diesel::update(closed).set(gates::source_ref.eq(to)).execute(tx.conn()?)? == 1)
}

/// Orders with the gate that `source` set, by id.
pub(in crate::order) fn gated(
    tx: &mut Tx<'_>,
    source: &str,
    after: Option<OrderId>,
    limit: i64,
) -> DbResult<Vec<(Order, ShipGate)>> {
    let after = after.unwrap_or(OrderId::new(0));
    let found = orders::table
        .inner_join(gates::table)
        .filter(gates::source.eq(source).and(orders::id.gt(after)))
        .order(orders::id)
        .limit(limit)
        .select((columns::<Order>(), columns::<ShipGate>()));
    Ok(found.load(tx.conn()?)?)
}

pub(in crate::order) fn gates_of(tx: &mut Tx<'_>, order: OrderId) -> DbResult<Vec<ShipGate>> {
    let found = gates::table.filter(gates::order_id.eq(order)).order(gates::source);
    Ok(found.select(columns::<ShipGate>()).load(tx.conn()?)?)
}

pub(in crate::order) fn count_parcels(tx: &mut Tx<'_>, order: OrderId) -> DbResult<i64> {
    let parcels =
        shipments::table.filter(shipments::order_id.eq(order)).filter(shipments::kind.eq(ShipmentKind::Parcel));
    Ok(parcels.count().get_result(tx.conn()?)?)
}

pub(in crate::order) fn insert_parcel(
    tx: &mut Tx<'_>,
    shipment: &Shipment,
    lines: &[ShipmentLine],
) -> Result<(), ParcelTaken> {
    diesel::insert_into(shipments::table).values(shipment).execute(tx.conn()?)?;
    crate::on_backend!(tx.conn()?, conn => diesel::insert_into(shipment_lines::table).values(lines).execute(conn))?;
    Ok(())
}

/// A parcel that somebody carries.
pub(in crate::order) fn find_parcel(tx: &mut Tx<'_>, id: ShipmentId) -> DbResult<Option<Shipment>> {
    let carried = shipments::table.find(id).filter(shipments::kind.eq(ShipmentKind::Parcel));
    Ok(carried.select(columns::<Shipment>()).first(tx.conn()?).optional()?)
}

pub(in crate::order) fn change_tracking(
    tx: &mut Tx<'_>,
    id: ShipmentId,
    carrier_code: &str,
    tracking_no: &str,
) -> Result<(), ParcelTaken> {
    diesel::update(shipments::table.find(id))
        .set((shipments::carrier_code.eq(carrier_code), shipments::tracking_no.eq(tracking_no)))
        .execute(tx.conn()?)?;
    Ok(())
}

/// Lets WeChat be told of all parcels of an order anew.
pub(in crate::order) fn forget_uploads(tx: &mut Tx<'_>, order: OrderId) -> DbResult<()> {
    diesel::update(shipments::table.filter(shipments::order_id.eq(order)))
        .set(shipments::uploaded_at.eq(None::<Timestamp>))
        .execute(tx.conn()?)?;
    Ok(())
}

/// Notes that WeChat was told of a parcel, as it was then.
pub(in crate::order) fn mark_uploaded(tx: &mut Tx<'_>, told: &Shipment) -> DbResult<()> {
    let now = tx.now();
    let unchanged = shipments::table
        .find(told.id)
        .filter(shipments::carrier_code.eq(&told.carrier_code))
        .filter(shipments::tracking_no.eq(&told.tracking_no));
    diesel::update(unchanged).set(shipments::uploaded_at.eq(Some(now))).execute(tx.conn()?)?;
    Ok(())
}

/// The parcels of an order with what lies in them and what happened to them.
pub(in crate::order) fn parcels_of(tx: &mut Tx<'_>, order: OrderId) -> DbResult<Vec<Parcel>> {
    let found = shipments::table.filter(shipments::order_id.eq(order)).order(shipments::id);
    let found: Vec<Shipment> = found.select(columns::<Shipment>()).load(tx.conn()?)?;
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<ShipmentId> = found.iter().map(|shipment| shipment.id).collect();
    let lines = shipment_lines::table.filter(shipment_lines::shipment_id.eq_any(&ids)).order(shipment_lines::line_id);
    let lines: Vec<ShipmentLine> = lines.select(columns::<ShipmentLine>()).load(tx.conn()?)?;
    let events = tracking::table
        .filter(tracking::shipment_id.eq_any(&ids))
        .order((tracking::happened_at.desc(), tracking::id.desc()));
    let events: Vec<TrackingEvent> = events.select(columns::<TrackingEvent>()).load(tx.conn()?)?;
    let parcel = |shipment: Shipment| {
        let id = shipment.id;
        let lines = lines.iter().filter(|line| line.shipment_id == id).copied().collect();
        let tracking = events.iter().filter(|event| event.shipment_id == id).cloned().collect();
        Parcel { shipment, lines, tracking }
    };
    Ok(found.into_iter().map(parcel).collect())
}

/// Adds tracking events; those known already are left alone. Answers how many are new.
pub(in crate::order) fn insert_tracking(tx: &mut Tx<'_>, events: &[TrackingEvent]) -> DbResult<usize> {
    Ok(crate::on_backend!(tx.conn()?, conn => {
        diesel::insert_into(tracking::table).values(events).on_conflict_do_nothing().execute(conn)
    })?)
}
