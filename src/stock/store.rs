//! Stock's tables: `stock_items`, `stock_movements`, `stock_holds`.

use std::collections::HashMap;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::model::{DEFAULT_LOW_AT, HoldState, MAX_COUNT, Movement, MovementId, MovementKind, StockItem, StockLine};
use crate::catalog::SkuId;
use crate::kernel::id::{OrderId, StaffId};
use crate::kernel::page::Cursor;
use crate::kernel::time::Timestamp;
use crate::on_backend;
use crate::platform::db::dialect::Prepared;
use crate::platform::db::schema::{stock_holds, stock_items, stock_movements};
use crate::platform::db::{DbError, DbResult, Tx};

/// What is free of one SKU after a change, and below which number the shop wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, diesel::Queryable)]
pub(super) struct Level {
    pub(super) available: i64,
    pub(super) low_at: i64,
}

/// A change to be written to the ledger.
#[derive(Clone, Debug)]
pub(super) struct NewMovement {
    pub(super) sku_id: SkuId,
    pub(super) kind: MovementKind,
    pub(super) on_hand_change: i64,
    pub(super) held_change: i64,
    pub(super) order_id: Option<OrderId>,
    pub(super) reason: String,
    pub(super) staff_id: Option<StaffId>,
}

#[derive(Clone, Insertable)]
#[diesel(table_name = stock_movements, treat_none_as_default_value = false)]
struct MovementRow {
    id: MovementId,
    sku_id: SkuId,
    kind: MovementKind,
    on_hand_change: i64,
    held_change: i64,
    order_id: Option<OrderId>,
    reason: String,
    staff_id: Option<StaffId>,
    at: Timestamp,
}

#[derive(Clone, Insertable)]
#[diesel(table_name = stock_holds, treat_none_as_default_value = false)]
struct HoldRow {
    order_id: OrderId,
    sku_id: SkuId,
    quantity: i64,
    state: HoldState,
}

#[derive(Insertable)]
#[diesel(table_name = stock_items, treat_none_as_default_value = false)]
struct ItemRow {
    sku_id: SkuId,
    on_hand: i64,
    held: i64,
    sold: i64,
    received: i64,
    removed: i64,
    low_at: i64,
}

/// Writes movements in one statement.
pub(super) fn insert_movements(tx: &mut Tx<'_>, movements: Vec<NewMovement>) -> DbResult<()> {
    if movements.is_empty() {
        return Ok(());
    }
    let at = tx.now();
    let rows: Vec<MovementRow> = movements
        .into_iter()
        .map(|movement| MovementRow {
            id: MovementId::new(tx.next_id()),
            sku_id: movement.sku_id,
            kind: movement.kind,
            on_hand_change: movement.on_hand_change,
            held_change: movement.held_change,
            order_id: movement.order_id,
            reason: movement.reason,
            staff_id: movement.staff_id,
            at,
        })
        .collect();
    crate::write_rows!(tx, stock_movements::table, rows.as_slice())
}

/// Writes what an order sets aside in one statement.
pub(super) fn insert_holds(tx: &mut Tx<'_>, order_id: OrderId, lines: &[StockLine]) -> DbResult<()> {
    let rows: Vec<HoldRow> = lines
        .iter()
        .map(|line| HoldRow { order_id, sku_id: line.sku_id, quantity: line.quantity, state: HoldState::Live })
        .collect();
    crate::write_rows!(tx, stock_holds::table, rows.as_slice())
}

/// Sets aside what is free; `None` when too little is.
pub(super) fn take_hold(tx: &mut Tx<'_>, line: StockLine) -> DbResult<Option<Level>> {
    let free = stock_items::on_hand - stock_items::held;
    let update = diesel::update(stock_items::table)
        .filter(stock_items::sku_id.eq(line.sku_id).and(free.ge(line.quantity)))
        .set(stock_items::held.eq(stock_items::held + line.quantity))
        .returning((free, stock_items::low_at));
    Ok(Prepared(update).get_result(tx.conn()?).optional()?)
}

/// Moves every hold of an order from one state to another; answers what they held, by SKU id.
pub(super) fn move_holds(
    tx: &mut Tx<'_>,
    order_id: OrderId,
    from: HoldState,
    to: HoldState,
) -> DbResult<Vec<StockLine>> {
    let update = diesel::update(stock_holds::table)
        .filter(stock_holds::order_id.eq(order_id).and(stock_holds::state.eq(from)))
        .set(stock_holds::state.eq(to))
        .returning((stock_holds::sku_id, stock_holds::quantity));
    let moved: Vec<(SkuId, i64)> = Prepared(update).load(tx.conn()?)?;
    let mut lines: Vec<StockLine> =
        moved.into_iter().map(|(sku_id, quantity)| StockLine { sku_id, quantity }).collect();
    lines.sort_by_key(|line| line.sku_id);
    Ok(lines)
}

/// Gives held pieces back to those that are free.
pub(super) fn drop_hold(tx: &mut Tx<'_>, line: StockLine) -> DbResult<()> {
    let update = diesel::update(stock_items::table)
        .filter(stock_items::sku_id.eq(line.sku_id))
        .set(stock_items::held.eq(stock_items::held - line.quantity));
    exactly_one(Prepared(update).execute(tx.conn()?)?)
}

/// Turns held pieces into sold ones.
pub(super) fn sell_held(tx: &mut Tx<'_>, line: StockLine) -> DbResult<()> {
    let update = diesel::update(stock_items::table).filter(stock_items::sku_id.eq(line.sku_id)).set((
        stock_items::on_hand.eq(stock_items::on_hand - line.quantity),
        stock_items::held.eq(stock_items::held - line.quantity),
        stock_items::sold.eq(stock_items::sold + line.quantity),
    ));
    exactly_one(Prepared(update).execute(tx.conn()?)?)
}

/// Puts sold pieces back.
pub(super) fn take_back(tx: &mut Tx<'_>, line: StockLine) -> DbResult<()> {
    let update = diesel::update(stock_items::table).filter(stock_items::sku_id.eq(line.sku_id)).set((
        stock_items::on_hand.eq(stock_items::on_hand + line.quantity),
        stock_items::sold.eq(stock_items::sold - line.quantity),
    ));
    exactly_one(Prepared(update).execute(tx.conn()?)?)
}

/// A hold names a row of `stock_items` that is never deleted, so anything else is a defect.
fn exactly_one(rows: usize) -> DbResult<()> {
    if rows == 1 { Ok(()) } else { Err(DbError::Defect(format!("expected one row of stock_items, changed {rows}"))) }
}

/// What is free of these SKUs; those without a row are absent.
pub(super) fn available(tx: &mut Tx<'_>, skus: &[SkuId]) -> DbResult<HashMap<SkuId, i64>> {
    let rows: Vec<(SkuId, i64)> = stock_items::table
        .filter(stock_items::sku_id.eq_any(skus.to_vec()))
        .select((stock_items::sku_id, stock_items::on_hand - stock_items::held))
        .load(tx.conn()?)?;
    Ok(rows.into_iter().collect())
}

/// Opens a row of zeros for every SKU that has none.
pub(super) fn open_items(tx: &mut Tx<'_>, skus: &[SkuId]) -> DbResult<()> {
    let zero = |sku_id: &SkuId| ItemRow {
        sku_id: *sku_id,
        on_hand: 0,
        held: 0,
        sold: 0,
        received: 0,
        removed: 0,
        low_at: DEFAULT_LOW_AT,
    };
    let rows: Vec<ItemRow> = skus.iter().map(zero).collect();
    on_backend!(tx.conn()?, conn => {
        diesel::insert_into(stock_items::table).values(&rows).on_conflict_do_nothing().execute(conn)
    })?;
    Ok(())
}

/// Adds pieces that came in; `None` when the count would leave its range.
pub(super) fn add(tx: &mut Tx<'_>, line: StockLine) -> DbResult<Option<StockItem>> {
    let update = diesel::update(stock_items::table)
        .filter(stock_items::sku_id.eq(line.sku_id).and((stock_items::received + line.quantity).le(MAX_COUNT)))
        .set((
            stock_items::on_hand.eq(stock_items::on_hand + line.quantity),
            stock_items::received.eq(stock_items::received + line.quantity),
        ))
        .returning(stock_items::all_columns);
    Ok(update.get_result(tx.conn()?).optional()?)
}

/// Takes pieces away that are not there or no good any more; `None` when more are held than would be left.
pub(super) fn remove(tx: &mut Tx<'_>, line: StockLine) -> DbResult<Option<StockItem>> {
    let free = stock_items::on_hand - stock_items::held;
    let update = diesel::update(stock_items::table)
        .filter(stock_items::sku_id.eq(line.sku_id).and(free.ge(line.quantity)))
        .set((
            stock_items::on_hand.eq(stock_items::on_hand - line.quantity),
            stock_items::removed.eq(stock_items::removed + line.quantity),
        ))
        .returning(stock_items::all_columns);
    Ok(update.get_result(tx.conn()?).optional()?)
}

/// Sets below which number of free pieces the shop wants to know; `None` when the SKU has no row.
pub(super) fn set_low_at(tx: &mut Tx<'_>, sku_id: SkuId, low_at: i64) -> DbResult<Option<StockItem>> {
    let update = diesel::update(stock_items::table.find(sku_id))
        .set(stock_items::low_at.eq(low_at))
        .returning(stock_items::all_columns);
    Ok(update.get_result(tx.conn()?).optional()?)
}

/// One SKU's counts.
pub(super) fn item(tx: &mut Tx<'_>, sku_id: SkuId) -> DbResult<Option<StockItem>> {
    Ok(stock_items::table.find(sku_id).first(tx.conn()?).optional()?)
}

/// Counts by SKU id, one more than `limit`.
pub(super) fn items(tx: &mut Tx<'_>, low: bool, after: Option<Cursor>, limit: i64) -> DbResult<Vec<StockItem>> {
    let after = after.map_or(0, |cursor| cursor.id);
    let mut query =
        stock_items::table.filter(stock_items::sku_id.gt(SkuId::new(after))).order(stock_items::sku_id).into_boxed();
    if low {
        query = query.filter((stock_items::on_hand - stock_items::held).lt(stock_items::low_at));
    }
    Ok(query.limit(limit.saturating_add(1)).load(tx.conn()?)?)
}

/// A SKU's changes, newest first, one more than `limit`.
pub(super) fn movements(tx: &mut Tx<'_>, sku_id: SkuId, before: Option<Cursor>, limit: i64) -> DbResult<Vec<Movement>> {
    let before = before.map_or(i64::MAX, |cursor| cursor.id);
    Ok(stock_movements::table
        .filter(stock_movements::sku_id.eq(sku_id).and(stock_movements::id.lt(MovementId::new(before))))
        .order(stock_movements::id.desc())
        .limit(limit.saturating_add(1))
        .load(tx.conn()?)?)
}

#[derive(QueryableByName)]
struct DifferenceRow {
    #[diesel(sql_type = Text)]
    rule: String,
    #[diesel(sql_type = BigInt)]
    sku_id: SkuId,
    #[diesel(sql_type = BigInt)]
    recorded: i64,
    #[diesel(sql_type = BigInt)]
    counted: i64,
}

/// Every place where the counts, the ledger and the holds disagree, at most a thousand.
pub(super) fn differences(tx: &mut Tx<'_>) -> DbResult<Vec<String>> {
    const SQL: &str = "
        WITH ledger AS (
            SELECT sku_id, CAST(SUM(on_hand_change) AS BIGINT) AS on_hand, CAST(SUM(held_change) AS BIGINT) AS held
            FROM stock_movements GROUP BY sku_id
        ), holds AS (
            SELECT sku_id,
                   CAST(SUM(CASE WHEN state = 'live' THEN quantity ELSE 0 END) AS BIGINT) AS live,
                   CAST(SUM(CASE WHEN state = 'sold' THEN quantity ELSE 0 END) AS BIGINT) AS sold
            FROM stock_holds GROUP BY sku_id
        )
        SELECT rule, sku_id, recorded, counted FROM (
            SELECT 'received - removed = on_hand + sold' AS rule, sku_id, received - removed AS recorded,
                   on_hand + sold AS counted
            FROM stock_items
            UNION ALL
            SELECT 'on_hand = sum of movements', i.sku_id, i.on_hand, COALESCE(l.on_hand, 0)
            FROM stock_items i LEFT JOIN ledger l ON l.sku_id = i.sku_id
            UNION ALL
            SELECT 'held = sum of movements', i.sku_id, i.held, COALESCE(l.held, 0)
            FROM stock_items i LEFT JOIN ledger l ON l.sku_id = i.sku_id
            UNION ALL
            SELECT 'held = sum of live holds', i.sku_id, i.held, COALESCE(h.live, 0)
            FROM stock_items i LEFT JOIN holds h ON h.sku_id = i.sku_id
            UNION ALL
            SELECT 'sold = sum of sold holds', i.sku_id, i.sold, COALESCE(h.sold, 0)
            FROM stock_items i LEFT JOIN holds h ON h.sku_id = i.sku_id
            UNION ALL
            SELECT 'a hold has a stock item', h.sku_id, h.live + h.sold, 0
            FROM holds h LEFT JOIN stock_items i ON i.sku_id = h.sku_id WHERE i.sku_id IS NULL
            UNION ALL
            SELECT 'on_hand >= held >= 0', sku_id, on_hand, held FROM stock_items WHERE held < 0 OR on_hand < held
        ) AS checks
        WHERE recorded <> counted OR rule = 'on_hand >= held >= 0'
        ORDER BY sku_id, rule LIMIT 1000";
    let rows: Vec<DifferenceRow> = diesel::sql_query(SQL).load(tx.conn()?)?;
    let tell =
        |row: DifferenceRow| format!("SKU {}: {}: {} against {}", row.sku_id, row.rule, row.recorded, row.counted);
    Ok(rows.into_iter().map(tell).collect())
}
