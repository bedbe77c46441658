//! Money that goes back.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::kernel::id::OrderId;
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;
use crate::order::model::{Order, OrderRefund, RefundKind};
use crate::order::store::find;
use crate::payment::RefundId;
use crate::platform::db::schema::{order_refunds as refunds, orders};
use crate::platform::db::{DbResult, Tx, columns};

/// Notes that money is on its way back, if that much is left; answers the order as it is then. Once all that is left
/// goes back, differences still on their way are waited for as well.
pub(in crate::order) fn add_refunding(
    tx: &mut Tx<'_>,
    id: OrderId,
    kind: RefundKind,
    amount: Fen,
) -> DbResult<Option<Order>> {
    let asked = orders::refunded_fen + orders::refunding_fen + amount;
    let enough = orders::table.find(id).filter(asked.le(orders::total_fen));
    let refunding = orders::refunding_fen.eq(orders::refunding_fen + amount);
    let (difference, version) = (orders::refunding_difference_fen, orders::version.eq(orders::version + 1));
    Ok(match kind {
        RefundKind::Whole => {
            let set = (refunding, difference.eq(Fen::ZERO), version);
            diesel::update(enough).set(set).returning(columns::<Order>()).get_result(tx.conn()?).optional()?
        }
        RefundKind::Difference => {
            let set = (refunding, difference.eq(difference + amount), version);
            diesel::update(enough).set(set).returning(columns::<Order>()).get_result(tx.conn()?).optional()?
        }
    })
}

pub(in crate::order) fn insert_refund(tx: &mut Tx<'_>, refund: &OrderRefund) -> DbResult<()> {
    diesel::insert_into(refunds::table).values(refund).execute(tx.conn()?)?;
    Ok(())
}

/// Everything asked back of an order, oldest first.
pub(in crate::order) fn refunds_of(tx: &mut Tx<'_>, order: OrderId) -> DbResult<Vec<OrderRefund>> {
    let found = refunds::table.filter(refunds::order_id.eq(order)).order(refunds::id);
    Ok(found.select(columns::<OrderRefund>()).load(tx.conn()?)?)
}

/// Notes that a refund reached the payer; nothing when it was noted before or is unknown.
pub(in crate::order) fn arrive(tx: &mut Tx<'_>, order: OrderId, id: RefundId) -> DbResult<Option<OrderRefund>> {
    let now = tx.now();
    let on_its_way = refunds::table.find(id).filter(refunds::order_id.eq(order)).filter(refunds::arrived_at.is_null());
    let arriving =
        diesel::update(on_its_way).set(refunds::arrived_at.eq(Some(now))).returning(columns::<OrderRefund>());
    Ok(arriving.get_result(tx.conn()?).optional()?)
}

/// Whether all the money of an order was ever asked back.
pub(in crate::order) fn whole_was_asked(tx: &mut Tx<'_>, order: OrderId) -> DbResult<bool> {
    let whole = refunds::table.filter(refunds::order_id.eq(order)).filter(refunds::kind.eq(RefundKind::Whole));
    Ok(whole.select(refunds::arrived_at).first::<Option<Timestamp>>(tx.conn()?).optional()?.is_some())
}

/// Counts a refund that reached the payer; answers the order as it is then, or nothing when more came back than was
/// asked for.
pub(in crate::order) fn settle_refund(tx: &mut Tx<'_>, refund: &OrderRefund) -> DbResult<Option<Order>> {
    let difference = if refund.kind == RefundKind::Difference { refund.amount } else { Fen::ZERO };
    let settled = diesel::sql_query(
        "UPDATE orders SET refunded_fen = refunded_fen + $1, refunding_fen = refunding_fen - $2, \
         refunding_difference_fen = CASE WHEN refunding_difference_fen > $3 THEN refunding_difference_fen - $4 ELSE 0 END, \
         version = version + 1 WHERE id = $5 AND refunding_fen >= $6",
    )
    .bind::<BigInt, _>(refund.amount)
    .bind::<BigInt, _>(refund.amount)
    .bind::<BigInt, _>(difference)
    .bind::<BigInt, _>(difference)
    .bind::<BigInt, _>(refund.order_id)
    .bind::<BigInt, _>(refund.amount)
    .execute(tx.conn()?)?;
    if settled == 1 { find(tx, refund.order_id) } else { Ok(None) }
}
