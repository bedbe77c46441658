//! All SQL on virtual goods.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::model::{AccessDelivery, Code, CodeId, CodeState, Grant, Load};
use crate::catalog::SkuId;
use crate::kernel::id::OrderId;
use crate::kernel::page::Cursor;
use crate::order::OrderLineId;
use crate::platform::db::schema::{access_deliveries, access_grants, digital_codes as codes, digital_loads as loads};
use crate::platform::db::{Constraint, DbResult, Tx, columns, dialect};

/// The shop holds each code once, in whichever pool, until it is withdrawn.
pub(super) const ONCE: Constraint =
    Constraint { index: "digital_codes_fingerprint", columns: "digital_codes.fingerprint" };
/// Most values of one statement; both databases allow many more.
const AT_ONCE: usize = 500;

/// Which of these fingerprints the shop has, with the pool they are in.
pub(super) fn known(tx: &mut Tx<'_>, fingerprints: &[&str]) -> DbResult<HashMap<String, SkuId>> {
    let mut found = HashMap::new();
    for some in fingerprints.chunks(AT_ONCE) {
        let live = codes::table.filter(codes::state.ne(CodeState::Withdrawn.spelt_out()));
        let known = live.filter(codes::fingerprint.eq_any(some.to_vec()));
        found.extend(known.select((codes::fingerprint, codes::sku_id)).load::<(String, SkuId)>(tx.conn()?)?);
    }
    Ok(found)
}

pub(super) fn insert_load(tx: &mut Tx<'_>, load: &Load, rows: &[Code]) -> DbResult<()> {
    diesel::insert_into(loads::table).values(load).execute(tx.conn()?)?;
    for some in rows.chunks(AT_ONCE) {
        crate::on_backend!(tx.conn()?, conn => diesel::insert_into(codes::table).values(some).execute(conn))?;
    }
    Ok(())
}

/// Codes of a pool, latest first.
pub(super) fn page(
    tx: &mut Tx<'_>,
    sku: SkuId,
    state: Option<CodeState>,
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<Vec<Code>> {
    let mut query = codes::table
        .select(columns::<Code>())
        .filter(codes::sku_id.eq(sku))
        .order(codes::id.desc())
        .limit(limit)
        .into_boxed();
    if let Some(state) = state {
        query = query.filter(codes::state.eq(state));
    }
    if let Some(cursor) = after {
        query = query.filter(codes::id.lt(CodeId::new(cursor.id)));
    }
    Ok(query.load(tx.conn()?)?)
}

pub(super) fn find(tx: &mut Tx<'_>, id: CodeId) -> DbResult<Option<Code>> {
    Ok(codes::table.find(id).select(columns::<Code>()).first(tx.conn()?).optional()?)
}

/// Takes a free code out of its pool; false when it is not free.
pub(super) fn withdraw(tx: &mut Tx<'_>, id: CodeId) -> DbResult<bool> {
    let free = codes::table.find(id).filter(codes::state.eq(CodeState::Free));
    Ok(diesel::update(free).set(codes::state.eq(CodeState::Withdrawn)).execute(tx.conn()?)? == 1)
}

/// Gives the oldest free code of a pool to a piece of a line; false when none is free. On PostgreSQL a code that somebody
/// else is just taking is passed over, so that two buyers never wait for one row.
pub(super) fn take(tx: &mut Tx<'_>, sku: SkuId, (order, line, unit): (OrderId, OrderLineId, i64)) -> DbResult<bool> {
    let now = tx.now();
    let conn = tx.conn()?;
    let taking = diesel::sql_query(format!(
        "UPDATE digital_codes SET state = 'delivered', order_id = $1, line_id = $2, unit = $3, delivered_at = $4 \
         WHERE state = 'free' AND id = (SELECT c.id FROM digital_codes c WHERE c.sku_id = $5 AND c.state = 'free' \
         ORDER BY c.id LIMIT 1{})",
        dialect::skip_locked(conn)
    ));
    let taken = taking
        .bind::<BigInt, _>(order)
        .bind::<BigInt, _>(line)
        .bind::<BigInt, _>(unit)
        .bind::<BigInt, _>(now)
        .bind::<BigInt, _>(sku)
        .execute(conn)?;
    Ok(taken == 1)
}

/// The codes of an order, by line and piece.
pub(super) fn codes_of(tx: &mut Tx<'_>, order: OrderId) -> DbResult<Vec<Code>> {
    let found = codes::table.filter(codes::order_id.eq(order)).order((codes::line_id, codes::unit));
    Ok(found.select(columns::<Code>()).load(tx.conn()?)?)
}

pub(super) fn grant(tx: &mut Tx<'_>, sku: SkuId) -> DbResult<Option<Grant>> {
    Ok(access_grants::table.find(sku).select(columns::<Grant>()).first(tx.conn()?).optional()?)
}

/// Writes what buyers of a SKU are granted, in place of what they were.
pub(super) fn put_grant(tx: &mut Tx<'_>, grant: &Grant) -> DbResult<()> {
    let words = (
        access_grants::name.eq(&grant.name),
        access_grants::instructions.eq(&grant.instructions),
        access_grants::link.eq(&grant.link),
        access_grants::updated_at.eq(grant.updated_at),
    );
    crate::on_backend!(tx.conn()?, conn => {
        let first = diesel::insert_into(access_grants::table).values(grant);
        first.on_conflict(access_grants::sku_id).do_update().set(words).execute(conn)
    })?;
    Ok(())
}

pub(super) fn insert_access(tx: &mut Tx<'_>, delivery: &AccessDelivery) -> DbResult<()> {
    diesel::insert_into(access_deliveries::table).values(delivery).execute(tx.conn()?)?;
    Ok(())
}

/// What an order was granted, by line.
pub(super) fn access_of(tx: &mut Tx<'_>, order: OrderId) -> DbResult<Vec<AccessDelivery>> {
    let found = access_deliveries::table.filter(access_deliveries::order_id.eq(order));
    let found = found.order(access_deliveries::line_id).select(columns::<AccessDelivery>());
    Ok(found.load(tx.conn()?)?)
}

/// How many codes of each pool stand in each state.
pub(super) fn pools(tx: &mut Tx<'_>) -> DbResult<Vec<(SkuId, CodeState, i64)>> {
    Ok(codes::table
        .group_by((codes::sku_id, codes::state))
        .select((codes::sku_id, codes::state, diesel::dsl::count_star()))
        .load(tx.conn()?)?)
}

/// What lines got, for the books.
#[derive(QueryableByName)]
pub(super) struct LineGot {
    #[diesel(sql_type = BigInt)]
    pub(super) line_id: OrderLineId,
    #[diesel(sql_type = BigInt)]
    pub(super) order_id: OrderId,
    #[diesel(sql_type = BigInt)]
    pub(super) pieces: i64,
    #[diesel(sql_type = Text)]
    pub(super) kind: String,
}

/// Every line that got something, with how much of what.
pub(super) fn got(tx: &mut Tx<'_>) -> DbResult<Vec<LineGot>> {
    Ok(diesel::sql_query(
        "SELECT line_id, order_id, COUNT(*) AS pieces, 'virtual_code' AS kind FROM digital_codes \
         WHERE line_id IS NOT NULL AND order_id IS NOT NULL GROUP BY line_id, order_id \
         UNION ALL SELECT line_id, order_id, 1 AS pieces, 'virtual_access' AS kind FROM access_deliveries",
    )
    .load(tx.conn()?)?)
}
