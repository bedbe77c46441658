//! What can be done with stock. Every change takes the caller's transaction and writes the ledger.

use std::collections::{BTreeMap, HashMap};

use serde_json::json;

use super::error::StockError;
use super::events::{StockCorrected, StockLow, StockReceived};
use super::model::{HoldState, Movement, MovementKind, StockItem, StockLine};
use super::rules;
use super::store::{self, Level, NewMovement};
use crate::catalog::{self, GoodsKind, SkuFacts, SkuId};
use crate::kernel::id::{OrderId, StaffId};
use crate::kernel::page::{Cursor, Page};
use crate::platform::db::{DbResult, Tx};

/// What an order sets aside, written down but not yet taken.
#[derive(Clone, Debug)]
#[must_use]
pub struct Hold(Vec<StockLine>);

/// Writes down what an order sets aside, which nobody else waits for; [`take`] follows. Lines of one SKU are added up.
///
/// # Errors
/// When a line is out of range, or the database fails.
pub fn write_hold(tx: &mut Tx<'_>, order_id: OrderId, lines: &[StockLine]) -> Result<Hold, StockError> {
    let lines = rules::merged(lines)?;
    store::insert_holds(tx, order_id, &lines)?;
    store::insert_movements(tx, of_order(order_id, &lines, MovementKind::Hold))?;
    Ok(Hold(lines))
}

/// Takes what was written down out of what is free, all or none. SKUs are taken in the order of their ids so that two
/// orders never wait for each other. Call it last before the commit: these rows are contended.
///
/// # Errors
/// [`StockError::Insufficient`] with what is free of the SKUs that fall short; the transaction must then be given up.
pub fn take(tx: &mut Tx<'_>, Hold(lines): Hold) -> Result<(), StockError> {
    let mut low = Vec::new();
    for (position, line) in lines.iter().enumerate() {
        match store::take_hold(tx, *line)? {
            Some(level) if rules::fell_low(level.available, line.quantity, level.low_at) => {
                low.push((line.sku_id, level))
            }
            Some(_) => {}
            None => return Err(insufficient(tx, &lines, position)?),
        }
    }
    tell_low(tx, &low)?;
    Ok(())
}

/// Names every line that falls short. The lines before `failed` are set aside already, which counts as free here.
fn insufficient(tx: &mut Tx<'_>, lines: &[StockLine], failed: usize) -> DbResult<StockError> {
    let skus: Vec<SkuId> = lines.iter().map(|line| line.sku_id).collect();
    let free = store::available(tx, &skus)?;
    let short = lines.iter().skip(failed).filter_map(|line| {
        let available = free.get(&line.sku_id).copied().unwrap_or(0);
        let missing = available < line.quantity;
        missing.then(|| json!({ "sku_id": line.sku_id, "requested": line.quantity, "available": available }))
    });
    Ok(StockError::Insufficient(json!({ "skus": short.collect::<Vec<_>>() })))
}

/// Gives back what an order that was not paid had set aside. Does nothing the second time.
///
/// # Errors
/// When the database fails.
pub fn release(tx: &mut Tx<'_>, order_id: OrderId) -> DbResult<()> {
    let lines = store::move_holds(tx, order_id, HoldState::Live, HoldState::Released)?;
    store::insert_movements(tx, of_order(order_id, &lines, MovementKind::Release))?;
    lines.into_iter().try_for_each(|line| store::drop_hold(tx, line))
}

/// Turns what an order had set aside into sold pieces. Does nothing the second time.
///
/// # Errors
/// When the database fails.
pub fn sell(tx: &mut Tx<'_>, order_id: OrderId) -> DbResult<()> {
    let lines = store::move_holds(tx, order_id, HoldState::Live, HoldState::Sold)?;
    store::insert_movements(tx, of_order(order_id, &lines, MovementKind::Sale))?;
    lines.into_iter().try_for_each(|line| store::sell_held(tx, line))
}

/// Puts back what an order had bought, refunded before it was shipped. Does nothing the second time.
///
/// # Errors
/// When the database fails.
pub fn return_sold(tx: &mut Tx<'_>, order_id: OrderId) -> DbResult<()> {
    let lines = store::move_holds(tx, order_id, HoldState::Sold, HoldState::Returned)?;
    store::insert_movements(tx, of_order(order_id, &lines, MovementKind::Return))?;
    lines.into_iter().try_for_each(|line| store::take_back(tx, line))
}

fn of_order(order_id: OrderId, lines: &[StockLine], kind: MovementKind) -> Vec<NewMovement> {
    let movement = |line: &StockLine| {
        let (on_hand_change, held_change) = rules::changes(kind, line.quantity);
        NewMovement {
            sku_id: line.sku_id,
            kind,
            on_hand_change,
            held_change,
            order_id: Some(order_id),
            reason: String::new(),
            staff_id: None,
        }
    };
    lines.iter().map(movement).collect()
}

/// What is free of these SKUs; zero for those that never came in.
///
/// # Errors
/// When the database fails.
pub fn available(tx: &mut Tx<'_>, skus: &[SkuId]) -> DbResult<HashMap<SkuId, i64>> {
    let mut free = store::available(tx, skus)?;
    for sku in skus {
        free.entry(*sku).or_insert(0);
    }
    Ok(free)
}

/// Every place where counts, ledger and holds disagree; empty when the books of stock are right.
///
/// # Errors
/// When the database fails.
pub fn differences(tx: &mut Tx<'_>) -> DbResult<Vec<String>> {
    store::differences(tx)
}

/// Goods that came in.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// What and how many of each, every SKU once.
    pub lines: Vec<StockLine>,
    /// Why, such as the number of the delivery note.
    pub reason: String,
    /// Who received them; absent when the shop itself did, as in a demonstration.
    pub staff_id: Option<StaffId>,
}

/// Adds goods that came in; answers the counts after it, by SKU id.
///
/// # Errors
/// When a line names no SKU, a SKU twice or no sensible quantity; nothing is then received.
pub fn receive(tx: &mut Tx<'_>, receipt: &Receipt) -> Result<Vec<StockItem>, StockError> {
    let lines = rules::receivable(&receipt.lines)?;
    let skus: Vec<SkuId> = lines.iter().map(|line| line.sku_id).collect();
    for facts in require_skus(tx, &skus)? {
        counted_by_hand(&facts)?;
    }
    take_in(tx, receipt)
}

/// Adds codes that were loaded for a SKU; answers nothing, since the pool knows itself.
///
/// # Errors
/// When there is no such SKU or no sensible quantity.
pub fn receive_codes(
    tx: &mut Tx<'_>,
    sku_id: SkuId,
    quantity: i64,
    reason: &str,
    staff_id: Option<StaffId>,
) -> Result<(), StockError> {
    let lines = vec![StockLine { sku_id, quantity }];
    take_in(tx, &Receipt { lines, reason: reason.to_owned(), staff_id }).map(|_| ())
}

/// Takes away the piece of a code that was withdrawn.
///
/// # Errors
/// When orders were promised all the pieces there are.
pub fn withdraw_code(tx: &mut Tx<'_>, sku_id: SkuId, reason: &str, staff: StaffId) -> Result<(), StockError> {
    put_right(tx, &Correction { sku_id, change: -1, reason: reason.to_owned(), staff_id: Some(staff) }).map(|_| ())
}

/// The counts of a SKU; zeros when it never came in.
///
/// # Errors
/// When the database fails.
pub fn counts(tx: &mut Tx<'_>, sku_id: SkuId) -> DbResult<StockItem> {
    Ok(store::item(tx, sku_id)?.unwrap_or(StockItem::empty(sku_id)))
}

/// Pieces of a SKU sold by codes are its codes, which are loaded and withdrawn and not counted by hand.
fn counted_by_hand(facts: &SkuFacts) -> Result<(), StockError> {
    if facts.kind == GoodsKind::VirtualCode {
        return Err(StockError::CountedByCodes(json!({ "sku_id": facts.sku_id })));
    }
    Ok(())
}

fn take_in(tx: &mut Tx<'_>, receipt: &Receipt) -> Result<Vec<StockItem>, StockError> {
    let lines = rules::receivable(&receipt.lines)?;
    let reason = rules::reason(&receipt.reason)?;
    let skus: Vec<SkuId> = lines.iter().map(|line| line.sku_id).collect();
    store::open_items(tx, &skus)?;
    let movement = |line: &StockLine| NewMovement {
        sku_id: line.sku_id,
        kind: MovementKind::Purchase,
        on_hand_change: line.quantity,
        held_change: 0,
        order_id: None,
        reason: reason.to_owned(),
        staff_id: receipt.staff_id,
    };
    store::insert_movements(tx, lines.iter().map(movement).collect())?;
    let mut items = Vec::with_capacity(lines.len());
    for line in lines {
        let too_many = || StockError::QuantityOutOfRange(json!({ "sku_id": line.sku_id }));
        let item = store::add(tx, line)?.ok_or_else(too_many)?;
        StockReceived::of(&item, line.quantity).record(tx)?;
        items.push(item);
    }
    Ok(items)
}

fn require_skus(tx: &mut Tx<'_>, skus: &[SkuId]) -> Result<Vec<SkuFacts>, StockError> {
    let known = catalog::sku_facts(tx, skus)?;
    let unknown: Vec<SkuId> =
        skus.iter().filter(|sku| !known.iter().any(|facts| facts.sku_id == **sku)).copied().collect();
    if unknown.is_empty() { Ok(known) } else { Err(StockError::SkuNotFound(json!({ "sku_ids": unknown }))) }
}

/// A count that staff put right.
#[derive(Clone, Debug)]
pub struct Correction {
    /// The SKU.
    pub sku_id: SkuId,
    /// Pieces found (above zero) or missing (below zero).
    pub change: i64,
    /// Why.
    pub reason: String,
    /// Who says so.
    pub staff_id: Option<StaffId>,
}

/// Puts a count right; answers the counts before and after it.
///
/// # Errors
/// When the SKU does not exist, the change is out of range or would take away what orders were promised.
pub fn correct(tx: &mut Tx<'_>, correction: &Correction) -> Result<Corrected, StockError> {
    for facts in catalog::sku_facts(tx, &[correction.sku_id])? {
        counted_by_hand(&facts)?;
    }
    put_right(tx, correction)
}

fn put_right(tx: &mut Tx<'_>, correction: &Correction) -> Result<Corrected, StockError> {
    let line = rules::correctable(correction.sku_id, correction.change)?;
    let reason = rules::reason(&correction.reason)?;
    require_item(tx, correction.sku_id)?;
    store::insert_movements(
        tx,
        vec![NewMovement {
            sku_id: correction.sku_id,
            kind: MovementKind::Correction,
            on_hand_change: correction.change,
            held_change: 0,
            order_id: None,
            reason: reason.to_owned(),
            staff_id: correction.staff_id,
        }],
    )?;
    let after = if correction.change > 0 {
        let too_many = || StockError::QuantityOutOfRange(json!({ "sku_id": line.sku_id }));
        store::add(tx, line)?.ok_or_else(too_many)?
    } else {
        match store::remove(tx, line)? {
            Some(item) => item,
            None => return Err(below_held(tx, line)?),
        }
    };
    StockCorrected::of(&after, correction.change, reason).record(tx)?;
    let level = Level { available: after.available(), low_at: after.low_at };
    if correction.change < 0 && rules::fell_low(level.available, line.quantity, level.low_at) {
        tell_low(tx, &[(after.sku_id, level)])?;
    }
    Ok(Corrected { on_hand_before: after.on_hand.saturating_sub(correction.change), after })
}

/// The outcome of a correction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Corrected {
    /// Pieces in the warehouse before it.
    pub on_hand_before: i64,
    /// The counts after it.
    pub after: StockItem,
}

fn below_held(tx: &mut Tx<'_>, line: StockLine) -> DbResult<StockError> {
    let free = store::available(tx, &[line.sku_id])?.get(&line.sku_id).copied().unwrap_or(0);
    Ok(StockError::BelowHeld(json!({ "sku_id": line.sku_id, "available": free })))
}

/// Opens a row for a SKU that has none yet.
fn require_item(tx: &mut Tx<'_>, sku_id: SkuId) -> Result<(), StockError> {
    if catalog::sku_facts(tx, &[sku_id])?.is_empty() {
        return Err(StockError::ItemNotFound);
    }
    Ok(store::open_items(tx, &[sku_id])?)
}

/// Sets below which number of free pieces the shop wants to know; answers the number before and the item after.
///
/// # Errors
/// When the SKU does not exist or the number is out of range.
pub fn set_low_at(tx: &mut Tx<'_>, sku_id: SkuId, low_at: i64) -> Result<(i64, StockItem), StockError> {
    rules::threshold(low_at)?;
    require_item(tx, sku_id)?;
    let before = item(tx, sku_id)?.low_at;
    let after = store::set_low_at(tx, sku_id, low_at)?.ok_or(StockError::ItemNotFound)?;
    Ok((before, after))
}

/// One SKU's counts: zeros when it never came in.
///
/// # Errors
/// When the SKU does not exist.
pub fn item(tx: &mut Tx<'_>, sku_id: SkuId) -> Result<StockItem, StockError> {
    if let Some(item) = store::item(tx, sku_id)? {
        return Ok(item);
    }
    if catalog::sku_facts(tx, &[sku_id])?.is_empty() {
        return Err(StockError::ItemNotFound);
    }
    Ok(StockItem::empty(sku_id))
}

/// Counts by SKU id; with `low`, only those whose free pieces are fewer than the shop wants.
///
/// # Errors
/// When the database fails.
pub fn items(tx: &mut Tx<'_>, low: bool, after: Option<Cursor>, limit: i64) -> DbResult<Page<StockItem>> {
    let rows = store::items(tx, low, after, limit)?;
    Ok(Page::cut(rows, limit, |item| Cursor { key: 0, id: item.sku_id.get() }))
}

/// A SKU's changes, newest first.
///
/// # Errors
/// When the SKU does not exist.
pub fn movements(
    tx: &mut Tx<'_>,
    sku_id: SkuId,
    before: Option<Cursor>,
    limit: i64,
) -> Result<Page<Movement>, StockError> {
    item(tx, sku_id)?;
    let rows = store::movements(tx, sku_id, before, limit)?;
    Ok(Page::cut(rows, limit, |movement| Cursor { key: 0, id: movement.id.get() }))
}

fn tell_low(tx: &mut Tx<'_>, low: &[(SkuId, Level)]) -> DbResult<()> {
    let mut once = BTreeMap::new();
    for (sku_id, level) in low {
        once.insert(*sku_id, *level);
    }
    for (sku_id, level) in once {
        StockLow { sku_id, available: level.available, low_at: level.low_at }.record(tx)?;
    }
    Ok(())
}
