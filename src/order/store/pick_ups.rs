//! Orders that are collected at a store.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::kernel::id::{OrderId, StaffId};
use crate::order::model::PickUp;
use crate::pick_up::StoreId;
use crate::platform::db::schema::pick_ups;
use crate::platform::db::{DbResult, Tx, columns};

pub(in crate::order) fn insert_pick_up(tx: &mut Tx<'_>, pick_up: &PickUp) -> DbResult<()> {
    diesel::insert_into(pick_ups::table).values(pick_up).execute(tx.conn()?)?;
    Ok(())
}

pub(in crate::order) fn pick_up_of(tx: &mut Tx<'_>, order: OrderId) -> DbResult<Option<PickUp>> {
    Ok(pick_ups::table.find(order).select(columns::<PickUp>()).first(tx.conn()?).optional()?)
}

pub(in crate::order) fn pick_up_by_code(tx: &mut Tx<'_>, code: &str) -> DbResult<Option<PickUp>> {
    let found = pick_ups::table.filter(pick_ups::code.eq(code));
    Ok(found.select(columns::<PickUp>()).first(tx.conn()?).optional()?)
}

/// Gives an order its code; answers the store, or nothing when it has one already.
pub(in crate::order) fn issue_pick_up_code(tx: &mut Tx<'_>, order: OrderId, code: &str) -> DbResult<Option<StoreId>> {
    let now = tx.now();
    let without = pick_ups::table.find(order).filter(pick_ups::code.is_null());
    let issuing = diesel::update(without)
        .set((pick_ups::code.eq(Some(code)), pick_ups::issued_at.eq(Some(now))))
        .returning(pick_ups::store_id);
    Ok(issuing.get_result(tx.conn()?).optional()?)
}

/// Notes that an order was handed out; false when it was before.
pub(in crate::order) fn verify_pick_up(tx: &mut Tx<'_>, order: OrderId, by: StaffId) -> DbResult<bool> {
    let now = tx.now();
    let waiting = pick_ups::table.find(order).filter(pick_ups::verified_at.is_null());
    let verified =
        diesel::update(waiting).set((pick_ups::verified_at.eq(Some(now)), pick_ups::verified_by.eq(Some(by))));
    Ok(verified.execute(tx.conn()?)? == 1)
}

#[derive(QueryableByName)]
struct Wrong {
    #[diesel(sql_type = BigInt)]
    id: OrderId,
}

/// Orders to be collected that have no pick-up, or a pick-up that does not fit what became of them: handed out without
/// having left the shop or left without having been handed out, a code before payment, or none although one is due.
pub(in crate::order) fn pick_ups_wrong(tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<OrderId>> {
    let wrong: Vec<Wrong> = diesel::sql_query(
        "SELECT o.id FROM orders o LEFT JOIN pick_ups p ON p.order_id = o.id \
         LEFT JOIN (SELECT order_id, COUNT(*) AS times FROM shipments WHERE kind = 'pick_up' GROUP BY order_id) h \
         ON h.order_id = o.id \
         LEFT JOIN (SELECT order_id, COUNT(*) AS held FROM ship_gates WHERE opened_at IS NULL GROUP BY order_id) g \
         ON g.order_id = o.id \
         WHERE (o.delivery = 'pick_up' OR p.order_id IS NOT NULL OR h.order_id IS NOT NULL) AND (\
         o.delivery <> 'pick_up' OR p.order_id IS NULL \
         OR COALESCE(h.times, 0) <> CASE WHEN p.verified_at IS NULL THEN 0 ELSE 1 END \
         OR (p.code IS NOT NULL AND (o.paid_at IS NULL OR g.held IS NOT NULL)) \
         OR (p.code IS NULL AND o.state = 'paid' AND g.held IS NULL AND o.refunding_fen <= o.refunding_difference_fen) \
         OR (p.verified_at IS NOT NULL AND o.state IN ('pending_payment', 'closed'))) \
         ORDER BY o.id LIMIT $1",
    )
    .bind::<BigInt, _>(limit)
    .load(tx.conn()?)?;
    Ok(wrong.into_iter().map(|row| row.id).collect())
}
