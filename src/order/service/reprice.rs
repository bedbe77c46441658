//! Another price for an order that is not paid yet, as staff agreed with the buyer.

use serde_json::json;

use super::super::error::OrderError;
use super::super::events::{OrderFacts, OrderPriceChanged, PRICE_CHANGED};
use super::super::model::{Actor, Order, OrderAdjustment, OrderAdjustmentId};
use super::super::rules::{self, NewPrice};
use super::super::store;
use super::{Cause, note_fact, record};
use crate::kernel::id::{OrderId, StaffId};
use crate::kernel::money::Fen;
use crate::payment;
use crate::platform::db::{DbResult, Tx};

/// The price that was agreed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::order) struct AgreedPrice {
    /// What is to be paid in all.
    pub(in crate::order) total: Fen,
    /// The freight in it; absent when it stays.
    pub(in crate::order) freight: Option<Fen>,
    /// Why.
    pub(in crate::order) reason: String,
}

/// Writes a new price onto order, lines and payment, with its source; answers the order before and after.
pub(super) fn change_price(
    tx: &mut Tx<'_>,
    id: OrderId,
    staff: StaffId,
    agreed: &AgreedPrice,
) -> Result<(Order, Order), OrderError> {
    store::find(tx, id)?.ok_or(OrderError::NotFound)?;
    payment::lock(tx, id)?;
    let locked = store::lock(tx, id)?.ok_or(OrderError::NotFound)?;
    rules::may_close(&locked)?;
    let lines = store::lines_of(tx, id)?;
    let price =
        rules::reprice(&locked, &lines, agreed.total, agreed.freight).ok_or_else(|| out_of_range(&locked, agreed))?;
    payment::change_amount(tx, id, price.total)?;
    if !store::set_price(tx, id, price.discount, price.freight, price.total)? {
        return Err(OrderError::lost_race());
    }
    for line in &price.lines {
        store::set_line_price(tx, line)?;
    }
    let adjustments = adjustments(tx, id, staff, &price);
    store::insert_adjustments(tx, &adjustments)?;
    let old_total = locked.total;
    let changed = Order { discount: price.discount, freight: price.freight, total: price.total, ..locked.clone() };
    note_change(tx, &changed, old_total, Cause { actor: Actor::Staff(staff), reason: &agreed.reason })?;
    Ok((locked, changed))
}

fn note_change(tx: &mut Tx<'_>, order: &Order, old_total_fen: Fen, cause: Cause<'_>) -> DbResult<()> {
    let reason = format!("price_changed from {} to {} fen: {}", old_total_fen.get(), order.total.get(), cause.reason);
    note_fact(tx, order, Cause { reason: &reason, ..cause })?;
    let lines = store::lines_of(tx, order.id)?;
    let event = OrderPriceChanged { order: OrderFacts::of(order, &lines), old_total_fen };
    record(tx, PRICE_CHANGED, order, &event)
}

fn adjustments(tx: &Tx<'_>, order_id: OrderId, staff: StaffId, price: &NewPrice) -> Vec<OrderAdjustment> {
    let changes = [(false, price.goods_change), (true, price.freight_change)];
    let changes = changes.into_iter().filter(|(_, amount)| *amount != Fen::ZERO);
    let adjustment = |(on_freight, amount)| OrderAdjustment {
        id: OrderAdjustmentId::new(tx.next_id()),
        order_id,
        line_id: None,
        source: "staff".to_owned(),
        source_ref: staff.to_string(),
        title: "商家改价".to_owned(),
        on_freight,
        amount,
    };
    changes.map(adjustment).collect()
}

fn out_of_range(order: &Order, agreed: &AgreedPrice) -> OrderError {
    let freight = agreed.freight.unwrap_or(order.freight);
    OrderError::PriceOutOfRange(json!({
        "least_fen": freight.max(Fen::new(1)),
        "most_fen": order.goods.plus(freight),
    }))
}
