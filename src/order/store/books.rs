//! What does not add up.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use crate::kernel::id::OrderId;
use crate::order::model::OrderState;
use crate::platform::db::schema::order_history as history;
use crate::platform::db::{DbResult, Tx};

#[derive(QueryableByName)]
struct Wrong {
    #[diesel(sql_type = BigInt)]
    id: OrderId,
}

/// A place where an order's history does not hang together.
#[derive(QueryableByName)]
pub(in crate::order) struct Break {
    #[diesel(sql_type = BigInt)]
    pub(in crate::order) id: OrderId,
    #[diesel(sql_type = BigInt)]
    pub(in crate::order) version: i64,
    #[diesel(sql_type = Nullable<Text>)]
    pub(in crate::order) found: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(in crate::order) expected: Option<String>,
}

/// Orders whose lines do not sum to their totals, whose parcels hold something else than was counted as sent, or that
/// are refunded without their whole total.
pub(in crate::order) fn totals_wrong(tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<OrderId>> {
    let wrong: Vec<Wrong> = diesel::sql_query(
        "SELECT o.id FROM orders o LEFT JOIN (SELECT order_id, SUM(goods_fen) AS goods, SUM(discount_fen) AS discount, \
         SUM(freight_fen) AS freight, SUM(payable_fen) AS payable, SUM(shipped_quantity) AS shipped, SUM(refunded_fen) AS refunded \
         FROM order_lines GROUP BY order_id) l ON l.order_id = o.id \
         LEFT JOIN (SELECT s.order_id, SUM(p.quantity) AS pieces FROM shipments s \
         JOIN shipment_lines p ON p.shipment_id = s.id GROUP BY s.order_id) sent ON sent.order_id = o.id \
         LEFT JOIN (SELECT order_id, SUM(amount_fen) AS asked, \
         SUM(CASE WHEN arrived_at IS NULL THEN 0 ELSE amount_fen END) AS arrived \
         FROM order_refunds GROUP BY order_id) back ON back.order_id = o.id \
         WHERE l.order_id IS NULL OR l.goods <> o.goods_fen OR l.discount <> o.discount_fen OR l.freight <> o.freight_fen \
         OR l.payable <> o.total_fen OR l.refunded <> o.refunded_fen OR l.shipped <> COALESCE(sent.pieces, 0) \
         OR o.refunded_fen <> COALESCE(back.arrived, 0) OR o.refunded_fen + o.refunding_fen <> COALESCE(back.asked, 0) \
         OR (o.state = 'refunded' AND o.refunded_fen <> o.total_fen) \
         OR (o.state IN ('pending_payment', 'closed') AND (o.refunded_fen <> 0 OR l.shipped <> 0)) \
         ORDER BY o.id LIMIT $1",
    )
    .bind::<BigInt, _>(limit)
    .load(tx.conn()?)?;
    Ok(wrong.into_iter().map(|row| row.id).collect())
}

/// Every kind of row that history holds: from which state to which.
pub(in crate::order) fn moves(tx: &mut Tx<'_>) -> DbResult<Vec<(Option<OrderState>, OrderState, i64)>> {
    Ok(history::table
        .group_by((history::from_state, history::to_state))
        .select((history::from_state, history::to_state, diesel::dsl::count_star()))
        .load(tx.conn()?)?)
}

/// Rows of history that do not go on where the row before ended, and orders that do not stand where their history ends.
pub(in crate::order) fn chain_breaks(tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<Break>> {
    Ok(diesel::sql_query(
        "SELECT chained.id, chained.version, chained.found, chained.expected FROM (\
         SELECT order_id AS id, version, from_state AS found, \
         LAG(to_state) OVER (PARTITION BY order_id ORDER BY version) AS expected FROM order_history \
         UNION ALL \
         SELECT o.id, o.version, o.state AS found, (SELECT h.to_state FROM order_history h WHERE h.order_id = o.id \
         ORDER BY h.version DESC LIMIT 1) AS expected FROM orders o) AS chained \
         WHERE COALESCE(chained.found, '') <> COALESCE(chained.expected, '') ORDER BY chained.id, chained.version LIMIT $1",
    )
    .bind::<BigInt, _>(limit)
    .load(tx.conn()?)?)
}
