//! What can be done with a cart.

use super::error::CartError;
use super::events::{LINE_ADDED, LINE_CHANGED, record_line, record_removal};
use super::model::{CartLine, CartOwner, MAX_LINES, MAX_QUANTITY, Unbuyable};
use super::{rules, store};
use crate::catalog::{self, SkuFacts, SkuId};
use crate::kernel::id::{DeviceId, UserId};
use crate::platform::db::{DbResult, Tx};
use crate::pricing::{self, BasketLine, Offers, Quote, QuoteRequest};
use crate::stock;

/// One line with the present facts of its SKU.
#[derive(Clone, Debug)]
pub struct CurrentLine {
    /// The SKU as it is now.
    pub sku: SkuFacts,
    /// The line.
    pub line: CartLine,
    /// Free pieces.
    pub available: i64,
    /// Why it can no longer be bought; absent when it can.
    pub unbuyable: Option<Unbuyable>,
}

impl CurrentLine {
    /// Whether fewer pieces are free than the line has.
    pub const fn short_of_stock(&self) -> bool {
        self.available < self.line.quantity
    }
}

/// A cart with present facts and the price of what is selected.
#[derive(Clone, Debug)]
pub struct Cart {
    /// The lines, newest first.
    pub lines: Vec<CurrentLine>,
    /// The price of the selected lines that can be bought; absent when there are none.
    pub quote: Option<Quote>,
}

/// The cart as it is now.
///
/// # Errors
/// When the selected lines cannot be priced together; or the database.
pub fn cart(tx: &mut Tx<'_>, offers: &Offers, owner: CartOwner) -> Result<Cart, CartError> {
    let stored = store::lines(tx, owner)?;
    let skus: Vec<SkuId> = stored.iter().map(|line| line.sku_id).collect();
    let facts = catalog::sku_facts(tx, &skus)?;
    let free = stock::available(tx, &skus)?;
    let mut lines = Vec::with_capacity(stored.len());
    for line in stored {
        // A line refers to a SKU by foreign key, so its facts are always there.
        if let Some(sku) = facts.iter().find(|sku| sku.sku_id == line.sku_id) {
            let available = free.get(&line.sku_id).copied().unwrap_or(0);
            let unbuyable = rules::unbuyable(sku, available);
            lines.push(CurrentLine { sku: sku.clone(), line, available, unbuyable });
        }
    }
    let quote = price_selected(tx, offers, owner, &lines)?;
    Ok(Cart { lines, quote })
}

fn price_selected(
    tx: &mut Tx<'_>,
    offers: &Offers,
    owner: CartOwner,
    lines: &[CurrentLine],
) -> Result<Option<Quote>, CartError> {
    let buyable = lines.iter().filter(|current| current.line.selected && current.unbuyable.is_none());
    let basket: Vec<BasketLine> =
        buyable.map(|current| BasketLine { sku_id: current.line.sku_id, quantity: current.line.quantity }).collect();
    if basket.is_empty() {
        return Ok(None);
    }
    let user = if let CartOwner::User(user_id) = owner { Some(user_id) } else { None };
    let request = QuoteRequest { user, province_code: None, picked_up: false, lines: basket, claims: Vec::new() };
    Ok(Some(pricing::quote(tx, offers, &request)?))
}

/// Puts pieces in; they add up with those of the same SKU that are in already.
///
/// # Errors
/// When the SKU cannot be bought, there would be too many pieces, or the cart is full.
pub fn add(tx: &mut Tx<'_>, owner: CartOwner, sku_id: SkuId, quantity: i64) -> Result<(), CartError> {
    rules::quantity(sku_id, quantity)?;
    rules::may_add(catalog::sku_facts(tx, &[sku_id])?.first())?;
    store::lock(tx, owner)?;
    let line = CartLine { sku_id, quantity, selected: true, added_at: tx.now() };
    if !store::add(tx, owner, &line)? {
        return Err(rules::too_many(sku_id, quantity));
    }
    if usize::try_from(store::count(tx, owner)?).is_ok_and(|count| count <= MAX_LINES) {
        Ok(record_line(tx, LINE_ADDED, owner, sku_id, quantity)?)
    } else {
        Err(rules::full())
    }
}

/// What to change of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineChange {
    /// The line's SKU.
    pub sku_id: SkuId,
    /// How many pieces from now on.
    pub quantity: Option<i64>,
    /// Whether it is to be ordered next.
    pub selected: Option<bool>,
}

/// Changes a line.
///
/// # Errors
/// When there is no such line, nothing to change, or the quantity is out of range.
pub fn change(tx: &mut Tx<'_>, owner: CartOwner, change: LineChange) -> Result<(), CartError> {
    let LineChange { sku_id, quantity, selected } = change;
    if quantity.is_none() && selected.is_none() {
        return Err(CartError::NothingToChange);
    }
    if let Some(quantity) = quantity {
        rules::quantity(sku_id, quantity)?;
    }
    if !store::change(tx, owner, sku_id, quantity, selected)? {
        return Err(CartError::LineNotFound);
    }
    Ok(quantity.map_or(Ok(()), |quantity| record_line(tx, LINE_CHANGED, owner, sku_id, quantity))?)
}

/// Selects or unselects lines: those named, or all. Names without a line are passed over.
///
/// # Errors
/// When more SKUs are named than a cart may have, or none.
pub fn select(tx: &mut Tx<'_>, owner: CartOwner, skus: Option<&[SkuId]>, selected: bool) -> Result<(), CartError> {
    skus.map_or(Ok(()), rules::skus)?;
    Ok(store::select(tx, owner, skus, selected)?)
}

/// Takes a line out.
///
/// # Errors
/// When there is no such line.
pub fn remove(tx: &mut Tx<'_>, owner: CartOwner, sku_id: SkuId) -> Result<(), CartError> {
    if store::remove(tx, owner, &[sku_id])? == 1 {
        Ok(record_removal(tx, owner, &[sku_id])?)
    } else {
        Err(CartError::LineNotFound)
    }
}

/// Takes several lines out. Names without a line are passed over.
///
/// # Errors
/// When more SKUs are named than a cart may have, or none.
pub fn remove_several(tx: &mut Tx<'_>, owner: CartOwner, skus: &[SkuId]) -> Result<(), CartError> {
    rules::skus(skus)?;
    if store::remove(tx, owner, skus)? > 0 {
        record_removal(tx, owner, skus)?;
    }
    Ok(())
}

/// Takes everything out.
///
/// # Errors
/// When the database fails.
pub fn clear(tx: &mut Tx<'_>, owner: CartOwner) -> DbResult<()> {
    let gone: Vec<SkuId> = store::take_all(tx, owner)?.iter().map(|line| line.sku_id).collect();
    record_removal(tx, owner, &gone)
}

/// What the shopper means to order next: the selected lines, whether or not they can still be bought.
///
/// # Errors
/// When the database fails.
pub fn selected_lines(tx: &mut Tx<'_>, user: UserId) -> DbResult<Vec<BasketLine>> {
    let lines = store::lines(tx, CartOwner::User(user))?;
    let selected = lines.into_iter().filter(|line| line.selected);
    Ok(selected.map(|line| BasketLine { sku_id: line.sku_id, quantity: line.quantity }).collect())
}

/// Takes out what a shopper has ordered.
///
/// # Errors
/// When the database fails.
pub fn remove_bought(tx: &mut Tx<'_>, user_id: UserId, skus: &[SkuId]) -> DbResult<()> {
    store::remove(tx, CartOwner::User(user_id), skus).map(drop)
}

/// Moves what a device gathered before log-in into the shopper's cart. Quantities of one SKU add up to the limit of a
/// line; lines for which the cart has no room are dropped, the oldest first. The device's cart is empty afterwards, so
/// doing it twice adds nothing.
///
/// # Errors
/// When the database fails.
pub fn merge_device_cart(tx: &mut Tx<'_>, device_id: DeviceId, user_id: UserId) -> DbResult<()> {
    let gathered = store::take_all(tx, CartOwner::Device(device_id))?;
    if gathered.is_empty() {
        return Ok(());
    }
    let owner = CartOwner::User(user_id);
    store::lock(tx, owner)?;
    let mut present: Vec<SkuId> = store::lines(tx, owner)?.into_iter().map(|line| line.sku_id).collect();
    // Newest first finds room first; rows are changed in the order of SKU ids, as everywhere.
    let mut moving = Vec::with_capacity(gathered.len());
    for line in gathered.into_iter().rev() {
        let known = present.contains(&line.sku_id);
        if known || present.len() < MAX_LINES {
            if !known {
                present.push(line.sku_id);
            }
            moving.push(line);
        }
    }
    moving.sort_by_key(|line| line.sku_id);
    for line in moving {
        if !store::add(tx, owner, &line)? {
            store::change(tx, owner, line.sku_id, Some(MAX_QUANTITY), Some(line.selected))?;
        }
    }
    Ok(())
}
