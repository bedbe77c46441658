//! Orders and their history.

use diesel::prelude::*;

use crate::kernel::id::{OrderId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;
use crate::order::model::{HistoryRow, Order, OrderState};
use crate::platform::db::dialect::Prepared;
use crate::platform::db::schema::{order_history as history, orders};
use crate::platform::db::{DbResult, Tx, columns};

/// What a move stamps onto an order; absent stamps stay as they are.
#[derive(Clone, Debug, AsChangeset)]
#[diesel(table_name = orders)]
pub(in crate::order) struct NewStamps {
    pub(in crate::order) state: OrderState,
    pub(in crate::order) paid_at: Option<Timestamp>,
    pub(in crate::order) shipped_at: Option<Timestamp>,
    pub(in crate::order) receive_due_at: Option<Timestamp>,
    pub(in crate::order) received_at: Option<Timestamp>,
    pub(in crate::order) complete_due_at: Option<Timestamp>,
    pub(in crate::order) completed_at: Option<Timestamp>,
    pub(in crate::order) closed_at: Option<Timestamp>,
    pub(in crate::order) close_reason: Option<String>,
}

pub(in crate::order) fn insert(tx: &mut Tx<'_>, order: &Order) -> DbResult<()> {
    tx.write_row(diesel::insert_into(orders::table).values(order.clone()))
}

pub(in crate::order) fn find(tx: &mut Tx<'_>, id: OrderId) -> DbResult<Option<Order>> {
    Ok(orders::table.find(id).select(columns::<Order>()).first(tx.conn()?).optional()?)
}

/// Where each of these orders stands.
pub(in crate::order) fn states(tx: &mut Tx<'_>, ids: &[OrderId]) -> DbResult<Vec<(OrderId, OrderState)>> {
    let wanted = orders::table.filter(orders::id.eq_any(ids.to_vec()));
    Ok(wanted.select((orders::id, orders::state)).load(tx.conn()?)?)
}

/// Reads an order and keeps everybody else from changing it until the end of the transaction, by changing its version:
/// one statement that means the same on both databases.
pub(in crate::order) fn lock(tx: &mut Tx<'_>, id: OrderId) -> DbResult<Option<Order>> {
    let locking = diesel::update(orders::table.find(id))
        .set(orders::version.eq(orders::version + 1))
        .returning(columns::<Order>());
    Ok(Prepared(locking).get_result(tx.conn()?).optional()?)
}

/// Moves an order if it still stands where the caller saw it; answers it as it is then.
pub(in crate::order) fn transition(
    tx: &mut Tx<'_>,
    id: OrderId,
    from: OrderState,
    stamps: &NewStamps,
) -> DbResult<Option<Order>> {
    let moving = diesel::update(orders::table.find(id).filter(orders::state.eq(from)))
        .set((stamps, orders::version.eq(orders::version + 1)))
        .returning(columns::<Order>());
    Ok(Prepared(moving).get_result(tx.conn()?).optional()?)
}

/// Whether any order of this user was ever paid.
pub(in crate::order) fn has_paid(tx: &mut Tx<'_>, user: UserId) -> DbResult<bool> {
    let paid = orders::table.filter(orders::user_id.eq(user)).filter(orders::paid_at.is_not_null()).select(orders::id);
    Ok(!Prepared(paid.limit(1)).load::<OrderId>(tx.conn()?)?.is_empty())
}

/// Whether any order of this user but this one was ever paid.
pub(in crate::order) fn has_paid_another(tx: &mut Tx<'_>, user: UserId, order: OrderId) -> DbResult<bool> {
    let paid = orders::table
        .filter(orders::user_id.eq(user).and(orders::id.ne(order)).and(orders::paid_at.is_not_null()))
        .select(orders::id);
    Ok(paid.first::<OrderId>(tx.conn()?).optional()?.is_some())
}

/// Puts off closing an unpaid order; its deadline stays.
pub(in crate::order) fn defer_close(tx: &mut Tx<'_>, id: OrderId, until: Timestamp) -> DbResult<()> {
    Prepared(
        diesel::update(orders::table.find(id).filter(orders::state.eq(OrderState::PendingPayment)))
            .set(orders::close_due_at.eq(until)),
    )
    .execute(tx.conn()?)?;
    Ok(())
}

pub(in crate::order) fn set_note(tx: &mut Tx<'_>, id: OrderId, note: &str) -> DbResult<()> {
    Prepared(diesel::update(orders::table.find(id)).set(orders::staff_note.eq(note))).execute(tx.conn()?)?;
    Ok(())
}

/// Hides an order of that user from their list; false when it was hidden already.
pub(in crate::order) fn set_hidden(tx: &mut Tx<'_>, id: OrderId, user: UserId) -> DbResult<bool> {
    let now = tx.now();
    let visible = orders::table.find(id).filter(orders::user_id.eq(user)).filter(orders::hidden_at.is_null());
    Ok(Prepared(diesel::update(visible).set(orders::hidden_at.eq(Some(now)))).execute(tx.conn()?)? == 1)
}

/// Writes a new price onto an order that still waits for payment; false when it no longer does.
pub(in crate::order) fn set_price(
    tx: &mut Tx<'_>,
    id: OrderId,
    discount: Fen,
    freight: Fen,
    total: Fen,
) -> DbResult<bool> {
    let pending = orders::table.find(id).filter(orders::state.eq(OrderState::PendingPayment));
    let changed = Prepared(diesel::update(pending).set((
        orders::discount_fen.eq(discount),
        orders::freight_fen.eq(freight),
        orders::total_fen.eq(total),
    )))
    .execute(tx.conn()?)?;
    Ok(changed == 1)
}

pub(in crate::order) fn insert_history(tx: &mut Tx<'_>, row: HistoryRow) -> DbResult<()> {
    tx.write_row(diesel::insert_into(history::table).values(row))
}

pub(in crate::order) fn history_of(tx: &mut Tx<'_>, id: OrderId) -> DbResult<Vec<HistoryRow>> {
    let rows = history::table.filter(history::order_id.eq(id)).order(history::version);
    Ok(rows.select(columns::<HistoryRow>()).load(tx.conn()?)?)
}
