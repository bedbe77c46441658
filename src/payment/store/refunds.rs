//! SQL on refunds.

use diesel::prelude::*;

use super::columns;
use crate::kernel::id::OrderId;
use crate::kernel::page::Cursor;
use crate::kernel::time::{Timestamp, Window};
use crate::payment::model::{NewRefund, PaymentId, Refund, RefundCause, RefundId, RefundState};
use crate::platform::db::schema::{payment_attempts, payments, refunds};
use crate::platform::db::{DbResult, Tx};

/// Where a refund goes and what is noted with it.
pub(in crate::payment) struct Step<'a> {
    pub to: RefundState,
    pub provider_refund_id: Option<&'a str>,
    pub failure: Option<&'a str>,
    pub settled_at: Option<Timestamp>,
    pub next_query_at: Option<Timestamp>,
}

/// Which refunds staff want to see.
#[derive(Debug, Clone, Copy, Default)]
pub struct RefundFilter {
    /// In this state.
    pub state: Option<RefundState>,
    /// For this cause.
    pub cause: Option<RefundCause>,
}

pub(in crate::payment) fn insert(tx: &mut Tx<'_>, refund: &NewRefund) -> DbResult<()> {
    diesel::insert_into(refunds::table).values(refund).execute(tx.conn()?)?;
    Ok(())
}

pub(in crate::payment) fn by_id(tx: &mut Tx<'_>, id: RefundId) -> DbResult<Option<Refund>> {
    Ok(refunds::table.filter(refunds::id.eq(id)).select(columns::<Refund>()).first(tx.conn()?).optional()?)
}

/// Refunds with ids above `after` that were settled within `span`, with the provider of each, in the order of their ids.
pub(in crate::payment) fn settled_within(
    tx: &mut Tx<'_>,
    span: Window,
    after: i64,
    limit: i64,
) -> DbResult<Vec<(Refund, String)>> {
    let (from, to) = (span.from.unwrap_or_default(), span.to.unwrap_or(Timestamp::from_millis(i64::MAX)));
    let settled = refunds::table
        .inner_join(payment_attempts::table)
        .filter(refunds::settled_at.ge(from))
        .filter(refunds::settled_at.lt(to))
        .filter(refunds::id.gt(RefundId::new(after)))
        .order(refunds::id)
        .limit(limit);
    Ok(settled.select((columns::<Refund>(), payment_attempts::provider)).load(tx.conn()?)?)
}

pub(in crate::payment) fn by_number(tx: &mut Tx<'_>, out_refund_no: &str) -> DbResult<Option<Refund>> {
    let found = refunds::table.filter(refunds::out_refund_no.eq(out_refund_no));
    Ok(found.select(columns::<Refund>()).first(tx.conn()?).optional()?)
}

/// Every refund of a payment, oldest first.
pub(in crate::payment) fn of_payment(tx: &mut Tx<'_>, payment: PaymentId) -> DbResult<Vec<Refund>> {
    let found = refunds::table.filter(refunds::payment_id.eq(payment)).order(refunds::id);
    Ok(found.select(columns::<Refund>()).load(tx.conn()?)?)
}

/// Refunds with their orders, newest first.
pub(in crate::payment) fn list(
    tx: &mut Tx<'_>,
    filter: RefundFilter,
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<Vec<(Refund, OrderId)>> {
    let mut query = refunds::table
        .inner_join(payments::table)
        .select((columns::<Refund>(), payments::subject_id))
        .order(refunds::id.desc())
        .limit(limit)
        .into_boxed();
    if let Some(state) = filter.state {
        query = query.filter(refunds::state.eq(state));
    }
    if let Some(cause) = filter.cause {
        query = query.filter(refunds::cause.eq(cause));
    }
    if let Some(cursor) = after {
        query = query.filter(refunds::id.lt(cursor.id));
    }
    Ok(query.load(tx.conn()?)?)
}

pub(in crate::payment) fn due(tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<i64>> {
    let now = tx.now();
    let due = refunds::table.filter(refunds::next_query_at.le(now)).order(refunds::next_query_at).limit(limit);
    Ok(due.select(refunds::id).load(tx.conn()?)?)
}

/// Notes that the provider is being asked, and when it is asked next; false when another process was faster.
pub(in crate::payment) fn note_asked(tx: &mut Tx<'_>, refund: &Refund, next: Option<Timestamp>) -> DbResult<bool> {
    let now = tx.now();
    let mine = refunds::table
        .filter(refunds::id.eq(refund.id))
        .filter(refunds::queries.eq(refund.queries))
        .filter(refunds::next_query_at.le(now));
    let set = (refunds::queries.eq(refunds::queries + 1), refunds::next_query_at.eq(next));
    Ok(diesel::update(mine).set(set).execute(tx.conn()?)? == 1)
}

/// Makes the question about a refund due now, unless it has succeeded.
pub(in crate::payment) fn ask_about(tx: &mut Tx<'_>, id: RefundId) -> DbResult<()> {
    let now = tx.now();
    let unsettled = refunds::table.filter(refunds::id.eq(id)).filter(refunds::state.ne(RefundState::Succeeded));
    diesel::update(unsettled).set(refunds::next_query_at.eq(Some(now))).execute(tx.conn()?)?;
    Ok(())
}

/// Moves a refund on from the state it was seen in; false when it was no longer there.
pub(in crate::payment) fn advance(tx: &mut Tx<'_>, seen: &Refund, step: &Step<'_>) -> DbResult<bool> {
    let still = refunds::table.filter(refunds::id.eq(seen.id)).filter(refunds::state.eq(seen.state));
    let set = (
        refunds::state.eq(step.to),
        refunds::provider_refund_id.eq(step.provider_refund_id.or(seen.provider_refund_id.as_deref())),
        refunds::failure.eq(step.failure),
        refunds::settled_at.eq(step.settled_at),
        refunds::next_query_at.eq(step.next_query_at),
    );
    Ok(diesel::update(still).set(set).execute(tx.conn()?)? == 1)
}

/// Notes what went wrong without moving the refund.
pub(in crate::payment) fn note_failure(tx: &mut Tx<'_>, id: RefundId, failure: &str) -> DbResult<()> {
    let unsettled = refunds::table.filter(refunds::id.eq(id)).filter(refunds::state.ne(RefundState::Succeeded));
    diesel::update(unsettled).set(refunds::failure.eq(Some(failure))).execute(tx.conn()?)?;
    Ok(())
}

/// Begins a refund anew under a number of its own round; false when it was not in the state it was seen in.
pub(in crate::payment) fn restart(tx: &mut Tx<'_>, seen: &Refund, out_refund_no: &str, round: i64) -> DbResult<bool> {
    let now = tx.now();
    let still = refunds::table
        .filter(refunds::id.eq(seen.id))
        .filter(refunds::state.eq(seen.state))
        .filter(refunds::rounds.eq(seen.rounds));
    let set = (
        refunds::state.eq(RefundState::Pending),
        refunds::out_refund_no.eq(out_refund_no),
        refunds::rounds.eq(round),
        refunds::settled_at.eq(None::<Timestamp>),
        refunds::next_query_at.eq(Some(now)),
    );
    Ok(diesel::update(still).set(set).execute(tx.conn()?)? == 1)
}
