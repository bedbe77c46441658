//! What can be done with virtual goods.

use std::collections::HashMap;

use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::error::DigitalError;
use super::events::{DELIVERED, DeliveredLine, GoodsDelivered};
use super::model::{AccessDelivery, Code, CodeId, CodeState, Grant, Load, LoadId, MAX_LOAD, NewGrant};
use super::rules::{self, BadRow, ListedCode, RowProblem};
use super::store::{self, ONCE};
use crate::catalog::{self, GoodsKind, SkuId};
use crate::kernel::id::{OrderId, StaffId, UserId};
use crate::kernel::page::{Cursor, Page};
use crate::order::{self, Order, OrderError, OrderLine, OrderLineId, OrderState, Orders};
use crate::platform::db::{DbError, DbResult, Tx};
use crate::platform::events::{self, NewEvent};
use crate::platform::http::Origin;
use crate::platform::secrets::{HashKey, SealKey, SecretError};
use crate::staff::audit::{self, AuditEntry};
use crate::stock;

/// The keys that keep codes secret at rest. They come from the configuration and have no default.
#[derive(Debug, Clone)]
pub struct DigitalKeys {
    seal: SealKey,
    hash: HashKey,
}

impl DigitalKeys {
    /// Keys of exactly 32 bytes for sealing and at least 32 for hashing. Changing the second lets codes be loaded again.
    ///
    /// # Errors
    /// When a key has the wrong length.
    pub fn new(seal_key: &[u8], hash_key: &[u8]) -> Result<Self, SecretError> {
        Ok(Self { seal: SealKey::new(seal_key)?, hash: HashKey::new(hash_key)? })
    }

    fn fingerprint(&self, code: &str) -> String {
        self.hash.hash("digital_code", code)
    }

    fn seal(&self, id: CodeId, code: &str) -> DbResult<String> {
        self.seal.seal(&place_of(id), code).map_err(|error| DbError::Defect(error.to_string()))
    }

    fn open(&self, code: &Code) -> DbResult<String> {
        let opened = self.seal.open(&place_of(code.id), &code.sealed);
        let opened = opened.map_err(|error| DbError::Defect(format!("code {}: {error}", code.id)))?;
        Ok(opened.expose_secret().to_owned())
    }
}

/// Where a sealed code belongs, so that it opens in its own row alone.
fn place_of(id: CodeId) -> String {
    format!("digital_codes.sealed/{id}")
}

/// A member of staff at work, and from where.
#[derive(Debug, Clone)]
pub(super) struct AtDesk {
    pub(super) staff_id: StaffId,
    pub(super) origin: Origin,
}

/// Codes for a pool.
#[derive(Debug, Clone)]
pub struct NewCodes {
    /// The pool.
    pub sku_id: SkuId,
    /// One code a row, or CSV whose first column is the code.
    pub text: String,
    /// Where they come from, in words.
    pub reason: String,
    /// Who loads them; absent when the shop itself does, as in a demonstration.
    pub staff_id: Option<StaffId>,
}

/// What a list of codes comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Checked {
    pub(super) good: Vec<ListedCode>,
    pub(super) bad: Vec<BadRow>,
}

/// Says what a list would come to; nothing changes.
pub(super) fn check(tx: &mut Tx<'_>, keys: &DigitalKeys, sku: SkuId, text: &str) -> Result<Checked, DigitalError> {
    require_kind(tx, sku, GoodsKind::VirtualCode)?;
    let list = rules::read(text);
    if list.codes.len().saturating_add(list.bad.len()) > MAX_LOAD || (list.codes.is_empty() && list.bad.is_empty()) {
        return Err(DigitalError::RowsOutOfRange);
    }
    let prints: Vec<String> = list.codes.iter().map(|listed| keys.fingerprint(&listed.code)).collect();
    let asked: Vec<&str> = prints.iter().map(String::as_str).collect();
    let known = store::known(tx, &asked)?;
    let mut checked = Checked { good: Vec::with_capacity(list.codes.len()), bad: list.bad };
    for (listed, print) in list.codes.into_iter().zip(&prints) {
        match known.get(print) {
            Some(pool) if *pool == sku => {
                checked.bad.push(BadRow { row: listed.row, problem: RowProblem::DuplicateInPool });
            }
            Some(_) => checked.bad.push(BadRow { row: listed.row, problem: RowProblem::DuplicateInOtherPool }),
            None => checked.good.push(listed),
        }
    }
    checked.bad.sort_by_key(|bad| bad.row);
    Ok(checked)
}

/// Loads codes into a pool, all or none, and receives as many pieces of stock.
///
/// # Errors
/// 404 when the SKU is not sold by codes; 422 with the rows that are wrong, when there is none or too many, or without a
/// reason; 409 when somebody else loaded some of them at the same moment.
pub fn load(tx: &mut Tx<'_>, keys: &DigitalKeys, new: &NewCodes) -> Result<LoadId, DigitalError> {
    let reason = rules::checked_reason(&new.reason).map_err(DigitalError::InvalidField)?;
    let Checked { good, bad } = check(tx, keys, new.sku_id, &new.text)?;
    if !bad.is_empty() {
        return Err(DigitalError::BadRows(json!({ "rows": bad })));
    }
    let quantity = i64::try_from(good.len()).map_err(|_| DigitalError::RowsOutOfRange)?;
    let load = Load {
        id: LoadId::new(tx.next_id()),
        sku_id: new.sku_id,
        codes: quantity,
        reason: reason.clone(),
        staff_id: new.staff_id,
        loaded_at: tx.now(),
    };
    let mut rows = Vec::with_capacity(good.len());
    for listed in good {
        let id = CodeId::new(tx.next_id());
        rows.push(Code {
            id,
            sku_id: new.sku_id,
            load_id: load.id,
            fingerprint: keys.fingerprint(&listed.code),
            sealed: keys.seal(id, &listed.code)?,
            state: CodeState::Free,
            order_id: None,
            line_id: None,
            unit: None,
            delivered_at: None,
        });
    }
    tx.attempt(|tx| store::insert_load(tx, &load, &rows))
        .map_err(|error| if error.violates(ONCE) { DigitalError::LoadedMeanwhile } else { error.into() })?;
    stock::receive_codes(tx, new.sku_id, quantity, &reason, new.staff_id)?;
    Ok(load.id)
}

pub(super) fn load_by_staff(
    tx: &mut Tx<'_>,
    keys: &DigitalKeys,
    desk: &AtDesk,
    new: &NewCodes,
) -> Result<(LoadId, usize), DigitalError> {
    let load = load(tx, keys, new)?;
    let codes = rules::read(&new.text).codes.len();
    let after = json!({ "load_id": load, "codes": codes });
    write_down(tx, desk, ("digital.load", "sku", new.sku_id.get()), Some(&new.reason), (None, after))?;
    Ok((load, codes))
}

/// A code as staff see it.
#[derive(Debug, Clone)]
pub(super) struct MaskedCode {
    pub(super) code: Code,
    pub(super) masked: String,
}

pub(super) fn page(
    tx: &mut Tx<'_>,
    keys: &DigitalKeys,
    sku: SkuId,
    state: Option<CodeState>,
    (after, limit): (Option<Cursor>, i64),
) -> Result<Page<MaskedCode>, DigitalError> {
    require_kind(tx, sku, GoodsKind::VirtualCode)?;
    let rows = store::page(tx, sku, state, after, limit.saturating_add(1))?;
    let page = Page::cut(rows, limit, |code| Cursor { key: 0, id: code.id.get() });
    let items = page.items.into_iter().map(|code| mask(keys, code)).collect::<DbResult<_>>()?;
    Ok(Page { items, next_cursor: page.next_cursor })
}

fn mask(keys: &DigitalKeys, code: Code) -> DbResult<MaskedCode> {
    Ok(MaskedCode { masked: rules::masked(&keys.open(&code)?), code })
}

/// Takes a free code out of its pool, and a piece out of stock, unless orders were promised all there are.
pub(super) fn withdraw(
    tx: &mut Tx<'_>,
    keys: &DigitalKeys,
    desk: &AtDesk,
    id: CodeId,
    reason: &str,
) -> Result<MaskedCode, DigitalError> {
    let reason = rules::checked_reason(reason).map_err(DigitalError::InvalidField)?;
    let code = store::find(tx, id)?.ok_or(DigitalError::CodeNotFound)?;
    if !store::withdraw(tx, id)? {
        return Err(DigitalError::CodeNotFree);
    }
    stock::withdraw_code(tx, code.sku_id, &reason, desk.staff_id)?;
    let after = json!({ "state": CodeState::Withdrawn, "sku_id": code.sku_id });
    let before = json!({ "state": code.state });
    write_down(tx, desk, ("digital.withdraw", "digital_code", id.get()), Some(&reason), (Some(before), after))?;
    Ok(mask(keys, Code { state: CodeState::Withdrawn, ..code })?)
}

pub(super) fn grant(tx: &mut Tx<'_>, sku: SkuId) -> Result<Grant, DigitalError> {
    require_kind(tx, sku, GoodsKind::VirtualAccess)?;
    store::grant(tx, sku)?.ok_or(DigitalError::GrantNotFound)
}

/// Writes what buyers of a SKU get from now on; answers what they got before. Orders that were paid while nobody had
/// written anything are delivered then.
///
/// # Errors
/// 404 when the SKU grants no access; 422 when a field breaks its rule.
pub fn grant_access(tx: &mut Tx<'_>, sku: SkuId, new: &NewGrant) -> Result<Option<Grant>, DigitalError> {
    let NewGrant { name, instructions, link } = rules::checked_grant(new).map_err(DigitalError::InvalidField)?;
    require_kind(tx, sku, GoodsKind::VirtualAccess)?;
    let before = store::grant(tx, sku)?;
    store::put_grant(tx, &Grant { sku_id: sku, name, instructions, link, updated_at: tx.now() })?;
    if before.is_none() {
        order::announce_undelivered(tx, sku)?;
    }
    Ok(before)
}

pub(super) fn grant_by_staff(
    tx: &mut Tx<'_>,
    desk: &AtDesk,
    sku: SkuId,
    new: &NewGrant,
) -> Result<Grant, DigitalError> {
    let before = grant_access(tx, sku, new)?;
    let after = grant(tx, sku)?;
    let facts = |grant: &Grant| json!({ "name": grant.name, "instructions": grant.instructions, "link": grant.link });
    let change = (before.as_ref().map(facts), facts(&after));
    write_down(tx, desk, ("digital.grant", "sku", sku.get()), None, change)?;
    Ok(after)
}

fn require_kind(tx: &mut Tx<'_>, sku: SkuId, kind: GoodsKind) -> Result<(), DigitalError> {
    let known = catalog::sku_facts(tx, &[sku])?;
    if known.iter().any(|facts| facts.kind == kind) { Ok(()) } else { Err(DigitalError::SkuNotFound) }
}

/// Delivers whatever virtual lines of an order are ready and were not delivered yet. Does nothing the second time, and
/// nothing for an order whose money is on its way back.
pub(super) fn deliver(tx: &mut Tx<'_>, orders: &Orders, id: OrderId) -> DbResult<()> {
    order::deliver_virtual(tx, orders, id, hand_over).map(|_| ())
}

fn hand_over(tx: &mut Tx<'_>, order: &Order, lines: &[OrderLine]) -> DbResult<()> {
    for line in lines {
        match line.kind {
            GoodsKind::VirtualCode => give_codes(tx, line)?,
            GoodsKind::VirtualAccess => give_access(tx, line)?,
            GoodsKind::Physical => {}
        }
    }
    let lines = lines.iter().map(|line| DeliveredLine { line_id: line.id, quantity: line.quantity }).collect();
    let payload = GoodsDelivered { order_id: order.id, lines };
    events::record(tx, &NewEvent { name: DELIVERED, version: 1, user: Some(order.user_id), payload: &payload })?;
    Ok(())
}

/// One code for each piece. Stock promised them, so a pool that runs dry is a defect, or, on PostgreSQL, free codes that
/// others are just taking: then the whole delivery is taken back and tried again.
fn give_codes(tx: &mut Tx<'_>, line: &OrderLine) -> DbResult<()> {
    for unit in 1..=line.quantity {
        if !store::take(tx, line.sku_id, (line.order_id, line.id, unit))? {
            return Err(DbError::Conflict(format!("SKU {}: no free code for line {}", line.sku_id, line.id)));
        }
    }
    Ok(())
}

fn give_access(tx: &mut Tx<'_>, line: &OrderLine) -> DbResult<()> {
    let missing = || DbError::Defect(format!("SKU {}: nobody has written what its buyers get", line.sku_id));
    let Grant { name, instructions, link, .. } = store::grant(tx, line.sku_id)?.ok_or_else(missing)?;
    let delivered_at = tx.now();
    let (line_id, order_id, sku_id) = (line.id, line.order_id, line.sku_id);
    store::insert_access(tx, &AccessDelivery { line_id, order_id, sku_id, name, instructions, link, delivered_at })
}

/// What an order's buyer got.
#[derive(Debug, Clone)]
pub(super) struct Delivered {
    pub(super) order: Order,
    pub(super) codes: Vec<(Code, String)>,
    pub(super) access: Vec<AccessDelivery>,
}

/// What the buyer of an order got, with whole codes.
pub(super) fn delivered_to(
    tx: &mut Tx<'_>,
    keys: &DigitalKeys,
    id: OrderId,
    user: UserId,
) -> Result<Delivered, DigitalError> {
    let order = order::find(tx, id)?.filter(|order| order.user_id == user).ok_or(OrderError::NotFound)?;
    let codes = store::codes_of(tx, id)?;
    let codes = codes.into_iter().map(|code| Ok((keys.open(&code)?, code)).map(|(text, code)| (code, text)));
    Ok(Delivered { order, codes: codes.collect::<DbResult<_>>()?, access: store::access_of(tx, id)? })
}

/// The same for staff, who see the ends of codes.
pub(super) fn delivered_for_staff(tx: &mut Tx<'_>, keys: &DigitalKeys, id: OrderId) -> Result<Delivered, DigitalError> {
    let order = order::find(tx, id)?.ok_or(OrderError::NotFound)?;
    let codes = store::codes_of(tx, id)?.into_iter().map(|code| mask(keys, code));
    let codes = codes.map(|masked| masked.map(|found| (found.code, found.masked))).collect::<DbResult<_>>()?;
    Ok(Delivered { order, codes, access: store::access_of(tx, id)? })
}

/// Where pools, stock and orders disagree; empty when all is well.
///
/// # Errors
/// When the database fails.
pub fn differences(tx: &mut Tx<'_>) -> DbResult<Vec<String>> {
    let mut found = pool_differences(tx)?;
    let mut got: HashMap<OrderLineId, (OrderId, i64)> = HashMap::new();
    let mut kinds: HashMap<OrderLineId, String> = HashMap::new();
    for line in store::got(tx)? {
        got.insert(line.line_id, (line.order_id, line.pieces));
        kinds.insert(line.line_id, line.kind);
    }
    for line in order::virtual_lines(tx)? {
        let (order, pieces) = got.remove(&line.line_id).unwrap_or((line.order_id, 0));
        let expected = match line.kind {
            GoodsKind::VirtualAccess => i64::from(line.shipped_quantity > 0),
            GoodsKind::VirtualCode | GoodsKind::Physical => line.shipped_quantity,
        };
        let kind_fits = kinds.get(&line.line_id).is_none_or(|kind| kind == line.kind.as_str());
        if pieces != expected || order != line.order_id || !kind_fits {
            found.push(format!(
                "digital: line {} of order {} was counted {expected} times as delivered and got {pieces}",
                line.line_id, line.order_id
            ));
        }
        if pieces > 0 && matches!(line.state, OrderState::PendingPayment | OrderState::Closed) {
            found.push(format!("digital: order {} is {} and was delivered to", line.order_id, line.state));
        }
    }
    found.extend(got.keys().map(|line| format!("digital: line {line} is not virtual and got something")));
    Ok(found)
}

fn pool_differences(tx: &mut Tx<'_>) -> DbResult<Vec<String>> {
    let mut pools: HashMap<SkuId, i64> = HashMap::new();
    for (sku, state, count) in store::pools(tx)? {
        let live = if state == CodeState::Withdrawn { 0 } else { count };
        let sum = pools.entry(sku).or_insert(0);
        *sum = sum.saturating_add(live);
    }
    let mut found = Vec::new();
    for (sku, codes) in pools {
        let counts = stock::counts(tx, sku)?;
        let pieces = counts.on_hand.saturating_add(counts.sold);
        if pieces != codes {
            found.push(format!(
                "digital: SKU {sku}: {codes} codes in its pool or delivered, {pieces} pieces in stock or sold"
            ));
        }
    }
    Ok(found)
}

fn write_down(
    tx: &mut Tx<'_>,
    desk: &AtDesk,
    (action, subject_kind, subject): (&str, &str, i64),
    reason: Option<&str>,
    (before, after): (Option<Value>, Value),
) -> DbResult<()> {
    audit::record(
        tx,
        &AuditEntry {
            staff_id: desk.staff_id,
            action,
            subject_kind,
            subject_id: Some(subject),
            reason,
            before,
            after: Some(after),
            origin: &desk.origin,
        },
    )
}
