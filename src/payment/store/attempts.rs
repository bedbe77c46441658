//! SQL on payment attempts.

use diesel::prelude::*;

use super::columns;
use crate::kernel::id::first_at;
use crate::kernel::money::Fen;
use crate::kernel::time::{Timestamp, Window};
use crate::payment::model::{Attempt, AttemptId, AttemptState, NewAttempt, PaymentId};
use crate::payment::rules::MAX_REFUNDS;
use crate::platform::db::dialect::Prepared;
use crate::platform::db::schema::payment_attempts as attempts;
use crate::platform::db::{DbResult, Tx};

/// Money that came by an attempt.
pub(in crate::payment) struct Success<'a> {
    pub kept: bool,
    pub transaction_id: &'a str,
    pub paid: Fen,
    pub paid_at: Timestamp,
}

/// Writes an attempt; answers it as it is then.
pub(in crate::payment) fn insert(tx: &mut Tx<'_>, attempt: &NewAttempt) -> DbResult<Attempt> {
    let insert = diesel::insert_into(attempts::table).values(attempt).returning(columns::<Attempt>());
    Ok(Prepared(insert).get_result(tx.conn()?)?)
}

pub(in crate::payment) fn by_id(tx: &mut Tx<'_>, id: AttemptId) -> DbResult<Option<Attempt>> {
    Ok(attempts::table.filter(attempts::id.eq(id)).select(columns::<Attempt>()).first(tx.conn()?).optional()?)
}

pub(in crate::payment) fn by_number(tx: &mut Tx<'_>, provider: &str, out_trade_no: &str) -> DbResult<Option<Attempt>> {
    let found = attempts::table.filter(attempts::out_trade_no.eq(out_trade_no)).filter(attempts::provider.eq(provider));
    Ok(found.select(columns::<Attempt>()).first(tx.conn()?).optional()?)
}

/// Attempts with ids above `after` that began within `span`, in the order of their ids, which is that of time.
pub(in crate::payment) fn begun_within(
    tx: &mut Tx<'_>,
    span: Window,
    after: i64,
    limit: i64,
) -> DbResult<Vec<Attempt>> {
    let mut query = attempts::table
        .filter(attempts::id.gt(AttemptId::new(after)))
        .order(attempts::id)
        .limit(limit)
        .select(columns::<Attempt>())
        .into_boxed();
    if let Some(from) = span.from {
        // No id is older than its row, so that the key alone leads past all the years before.
        query = query.filter(attempts::id.ge(AttemptId::new(first_at(from)))).filter(attempts::created_at.ge(from));
    }
    if let Some(to) = span.to {
        query = query.filter(attempts::created_at.lt(to));
    }
    Ok(query.load(tx.conn()?)?)
}

/// Which attempt already holds this transaction.
pub(in crate::payment) fn holder_of(tx: &mut Tx<'_>, transaction_id: &str) -> DbResult<Option<AttemptId>> {
    let found = attempts::table.filter(attempts::transaction_id.eq(transaction_id)).select(attempts::id);
    Ok(found.first(tx.conn()?).optional()?)
}

/// Every attempt at a payment, oldest first.
pub(in crate::payment) fn of_payment(tx: &mut Tx<'_>, payment: PaymentId) -> DbResult<Vec<Attempt>> {
    let found = attempts::table.filter(attempts::payment_id.eq(payment)).order(attempts::id);
    Ok(found.select(columns::<Attempt>()).load(tx.conn()?)?)
}

/// The attempt whose money pays the order.
pub(in crate::payment) fn kept(tx: &mut Tx<'_>, payment: PaymentId) -> DbResult<Option<Attempt>> {
    let found = attempts::table.filter(attempts::payment_id.eq(payment)).filter(attempts::kept.eq(true));
    Ok(found.select(columns::<Attempt>()).first(tx.conn()?).optional()?)
}

/// Notes that the provider prepared it; false when it is no longer open.
pub(in crate::payment) fn store_prepay(
    tx: &mut Tx<'_>,
    id: AttemptId,
    prepay: &str,
    works_until: Timestamp,
) -> DbResult<bool> {
    let open = attempts::table.filter(attempts::id.eq(id)).filter(attempts::state.eq_any(AttemptState::OPEN));
    let set = (
        attempts::state.eq(AttemptState::Prepaid),
        attempts::prepay.eq(Some(prepay)),
        attempts::prepay_expires_at.eq(Some(works_until)),
    );
    Ok(Prepared(diesel::update(open).set(set)).execute(tx.conn()?)? == 1)
}

/// Notes that money came; false when that was known.
pub(in crate::payment) fn succeed(tx: &mut Tx<'_>, id: AttemptId, success: &Success<'_>) -> DbResult<bool> {
    let unpaid = attempts::table.filter(attempts::id.eq(id)).filter(attempts::state.ne(AttemptState::Succeeded));
    let set = (
        attempts::state.eq(AttemptState::Succeeded),
        attempts::kept.eq(success.kept),
        attempts::transaction_id.eq(Some(success.transaction_id)),
        attempts::paid_fen.eq(success.paid),
        attempts::succeeded_at.eq(Some(success.paid_at)),
        attempts::next_query_at.eq(None::<Timestamp>),
    );
    Ok(Prepared(diesel::update(unpaid).set(set)).execute(tx.conn()?)? == 1)
}

/// Notes that no money can come by it.
pub(in crate::payment) fn close(tx: &mut Tx<'_>, id: AttemptId) -> DbResult<bool> {
    let open = attempts::table.filter(attempts::id.eq(id)).filter(attempts::state.eq_any(AttemptState::OPEN));
    let set = (attempts::state.eq(AttemptState::Closed), attempts::next_query_at.eq(None::<Timestamp>));
    Ok(Prepared(diesel::update(open).set(set)).execute(tx.conn()?)? == 1)
}

/// Makes the question about every open attempt at a payment due now; says how many are open.
pub(in crate::payment) fn ask_about_open(tx: &mut Tx<'_>, payment: PaymentId) -> DbResult<usize> {
    let now = tx.now();
    let open =
        attempts::table.filter(attempts::payment_id.eq(payment)).filter(attempts::state.eq_any(AttemptState::OPEN));
    Ok(Prepared(diesel::update(open).set(attempts::next_query_at.eq(Some(now)))).execute(tx.conn()?)?)
}

/// Makes the question about one attempt due now, unless its money is known.
pub(in crate::payment) fn ask_about(tx: &mut Tx<'_>, id: AttemptId) -> DbResult<()> {
    let now = tx.now();
    let unpaid = attempts::table.filter(attempts::id.eq(id)).filter(attempts::state.ne(AttemptState::Succeeded));
    Prepared(diesel::update(unpaid).set(attempts::next_query_at.eq(Some(now)))).execute(tx.conn()?)?;
    Ok(())
}

/// Brings the question about the prepared attempts at a payment forward to now, except those begun or asked about after
/// `asked_before`.
pub(in crate::payment) fn poke(tx: &mut Tx<'_>, payment: PaymentId, asked_before: Timestamp) -> DbResult<usize> {
    let now = tx.now();
    let waiting = attempts::table
        .filter(attempts::payment_id.eq(payment))
        .filter(attempts::state.eq(AttemptState::Prepaid))
        .filter(attempts::next_query_at.gt(now))
        .filter(attempts::created_at.le(asked_before))
        .filter(attempts::asked_at.is_null().or(attempts::asked_at.le(asked_before)));
    Ok(Prepared(diesel::update(waiting).set(attempts::next_query_at.eq(Some(now)))).execute(tx.conn()?)?)
}

pub(in crate::payment) fn due(tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<i64>> {
    let now = tx.now();
    let due = attempts::table.filter(attempts::next_query_at.le(now)).order(attempts::next_query_at).limit(limit);
    Ok(due.select(attempts::id).load(tx.conn()?)?)
}

/// Notes that the question whose turn it was is being asked, and when the next one is; false when another process was
/// faster.
pub(in crate::payment) fn note_asked(tx: &mut Tx<'_>, attempt: &Attempt, next: Option<Timestamp>) -> DbResult<bool> {
    let now = tx.now();
    let mine = attempts::table
        .filter(attempts::id.eq(attempt.id))
        .filter(attempts::queries.eq(attempt.queries))
        .filter(attempts::next_query_at.le(now));
    let set = (
        attempts::queries.eq(attempts::queries + 1),
        attempts::asked_at.eq(Some(now)),
        attempts::next_query_at.eq(next),
    );
    Ok(Prepared(diesel::update(mine).set(set)).execute(tx.conn()?)? == 1)
}

/// Promises money of an attempt back; false when that is more than came, or one refund too many.
pub(in crate::payment) fn promise_refund(tx: &mut Tx<'_>, id: AttemptId, amount: Fen) -> DbResult<bool> {
    let enough = attempts::table
        .filter(attempts::id.eq(id))
        .filter((attempts::refunded_fen + amount).le(attempts::paid_fen))
        .filter(attempts::refunds.lt(MAX_REFUNDS));
    let set = (attempts::refunded_fen.eq(attempts::refunded_fen + amount), attempts::refunds.eq(attempts::refunds + 1));
    Ok(Prepared(diesel::update(enough).set(set)).execute(tx.conn()?)? == 1)
}

/// Counts one more refund for money already promised; false when it would be one too many.
pub(in crate::payment) fn count_refund(tx: &mut Tx<'_>, id: AttemptId) -> DbResult<bool> {
    let room = attempts::table.filter(attempts::id.eq(id)).filter(attempts::refunds.lt(MAX_REFUNDS));
    Ok(Prepared(diesel::update(room).set(attempts::refunds.eq(attempts::refunds + 1))).execute(tx.conn()?)? == 1)
}
