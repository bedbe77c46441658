//! SQL on payments.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::columns;
use crate::kernel::id::{OrderId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;
use crate::payment::model::{ORDER, Payment, PaymentId, PaymentState};
use crate::platform::db::dialect::{self, Prepared};
use crate::platform::db::schema::payments;
use crate::platform::db::{DbResult, Tx};

/// What a new payment is made of.
pub(in crate::payment) struct NewPayment {
    pub order_id: OrderId,
    pub user_id: UserId,
    pub description: String,
    pub amount: Fen,
    pub expires_at: Timestamp,
}

pub(in crate::payment) fn insert(tx: &mut Tx<'_>, new: NewPayment) -> DbResult<PaymentId> {
    let (id, now) = (PaymentId::new(tx.next_id()), tx.now());
    tx.write_row(diesel::insert_into(payments::table).values((
        payments::id.eq(id),
        payments::subject_kind.eq(ORDER),
        payments::subject_id.eq(new.order_id),
        payments::user_id.eq(new.user_id),
        payments::description.eq(new.description),
        payments::amount_fen.eq(new.amount),
        payments::state.eq(PaymentState::Open),
        payments::expires_at.eq(new.expires_at),
        payments::created_at.eq(now),
    )))?;
    Ok(id)
}

pub(in crate::payment) fn of_order(tx: &mut Tx<'_>, order: OrderId) -> DbResult<Option<Payment>> {
    let query = payments::table.filter(payments::subject_kind.eq(ORDER)).filter(payments::subject_id.eq(order));
    Ok(query.select(columns::<Payment>()).first(tx.conn()?).optional()?)
}

pub(in crate::payment) fn by_id(tx: &mut Tx<'_>, id: PaymentId) -> DbResult<Option<Payment>> {
    Ok(payments::table.filter(payments::id.eq(id)).select(columns::<Payment>()).first(tx.conn()?).optional()?)
}

#[derive(QueryableByName)]
struct LockedRow {
    #[diesel(sql_type = BigInt)]
    #[allow(dead_code, reason = "the row is read for its lock")]
    id: PaymentId,
}

/// Locks the row until the end of the transaction, the first lock of all, and answers it as it is then.
pub(in crate::payment) fn lock(tx: &mut Tx<'_>, id: PaymentId) -> DbResult<Option<Payment>> {
    let conn = tx.conn()?;
    let clause = dialect::for_update(conn);
    if !clause.is_empty() {
        let locking = diesel::sql_query(format!("SELECT id FROM payments WHERE id = $1{clause}"));
        let _locked: Vec<LockedRow> = Prepared(locking.bind::<BigInt, _>(id)).load(conn)?;
    }
    by_id(tx, id)
}

pub(in crate::payment) fn mark_paid(tx: &mut Tx<'_>, id: PaymentId, paid_at: Timestamp) -> DbResult<bool> {
    let open = payments::table.filter(payments::id.eq(id)).filter(payments::state.eq(PaymentState::Open));
    let set = (payments::state.eq(PaymentState::Paid), payments::paid_at.eq(Some(paid_at)));
    Ok(Prepared(diesel::update(open).set(set)).execute(tx.conn()?)? == 1)
}

pub(in crate::payment) fn close(tx: &mut Tx<'_>, id: PaymentId) -> DbResult<bool> {
    let open = payments::table.filter(payments::id.eq(id)).filter(payments::state.eq(PaymentState::Open));
    Ok(Prepared(diesel::update(open).set(payments::state.eq(PaymentState::Closed))).execute(tx.conn()?)? == 1)
}

pub(in crate::payment) fn set_amount(tx: &mut Tx<'_>, id: PaymentId, amount: Fen) -> DbResult<bool> {
    let open = payments::table.filter(payments::id.eq(id)).filter(payments::state.eq(PaymentState::Open));
    Ok(Prepared(diesel::update(open).set(payments::amount_fen.eq(amount))).execute(tx.conn()?)? == 1)
}
