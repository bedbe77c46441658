//! What can be done with favourites and footprints.

use std::collections::HashMap;

use super::error::FavouriteError;
use super::events::{ADDED, FavouriteChanged, ProductsViewed, REMOVED, VIEWED, ViewedProduct};
use super::model::{Availability, Footprint, Glance, Kept, MAX_FAVOURITES, Walker};
use super::store::{self, Liked};
use crate::catalog::{self, ProductFacts, ProductId, SkuId};
use crate::identity;
use crate::kernel::id::{DeviceId, UserId};
use crate::kernel::page::{Cursor, Page};
use crate::kernel::time::{DAY_MS, Timestamp};
use crate::platform::db::{DbResult, Tx};
use crate::platform::events::{self, NewEvent};
use crate::stock;

/// How long ago a footprint may have been made that is told only now.
const OLDEST_MS: i64 = 30 * DAY_MS;
/// Most footprints of one request.
const MOST_AT_ONCE: usize = 100;

/// A product that was looked at, as the front end tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// Which.
    pub(super) product_id: ProductId,
    /// When; just now when absent.
    pub(super) at: Option<Timestamp>,
}

/// Marks a product as a favourite. Marking it again changes nothing.
pub(super) fn add(tx: &mut Tx<'_>, user: UserId, product: ProductId) -> Result<Kept, FavouriteError> {
    let facts = catalog::product_facts_of(tx, &[product])?;
    if !facts.iter().any(|facts| facts.on_sale) {
        return Err(FavouriteError::ProductNotFound);
    }
    if store::marked_at(tx, user, product)?.is_none() {
        // Without the lock two at the same moment would each count without the other. Whoever waited for it looks again:
        // the other may have marked this very product.
        identity::lock_user(tx, user)?;
        if store::marked_at(tx, user, product)?.is_none() && store::count_of(tx, user)? >= MAX_FAVOURITES {
            return Err(FavouriteError::TooMany);
        }
        if store::insert(tx, user, product)? {
            record(tx, ADDED, user, product)?;
        }
    }
    show(tx, user, product)
}

/// Takes the mark off a product.
pub(super) fn remove(tx: &mut Tx<'_>, user: UserId, product: ProductId) -> Result<(), FavouriteError> {
    if !store::delete(tx, user, product)? {
        return Err(FavouriteError::NotFound);
    }
    Ok(record(tx, REMOVED, user, product)?)
}

fn record(tx: &mut Tx<'_>, name: &'static str, user: UserId, product_id: ProductId) -> DbResult<()> {
    let payload = FavouriteChanged { product_id };
    events::record(tx, &NewEvent { name, version: 1, user: Some(user), payload: &payload }).map(|_| ())
}

/// One favourite.
pub(super) fn show(tx: &mut Tx<'_>, user: UserId, product: ProductId) -> Result<Kept, FavouriteError> {
    let at = store::marked_at(tx, user, product)?.ok_or(FavouriteError::NotFound)?;
    kept(tx, &[(product, at)])?.pop().ok_or(FavouriteError::NotFound)
}

/// A user's favourites as they are now, latest first.
pub(super) fn page(tx: &mut Tx<'_>, user: UserId, after: Option<Cursor>, limit: i64) -> DbResult<Page<Kept>> {
    let rows = store::page(tx, user, after, limit.saturating_add(1))?;
    shown(tx, rows, limit)
}

/// Footprints with the products as they are now, latest first.
pub(super) fn footprints(tx: &mut Tx<'_>, walker: Walker, after: Option<Cursor>, limit: i64) -> DbResult<Page<Kept>> {
    let rows = store::steps(tx, walker, after, limit.saturating_add(1))?;
    shown(tx, rows.into_iter().map(|step| (step.product_id, step.seen_at)).collect(), limit)
}

fn shown(tx: &mut Tx<'_>, rows: Vec<(ProductId, Timestamp)>, limit: i64) -> DbResult<Page<Kept>> {
    let page = Page::cut(rows, limit, |(product, at)| Cursor { key: at.millis(), id: product.get() });
    Ok(Page { items: kept(tx, &page.items)?, next_cursor: page.next_cursor })
}

fn kept(tx: &mut Tx<'_>, rows: &[(ProductId, Timestamp)]) -> DbResult<Vec<Kept>> {
    let ids: Vec<ProductId> = rows.iter().map(|(product, _)| *product).collect();
    let mut glances = glances(tx, &ids)?;
    let kept = |(product, at): &(ProductId, Timestamp)| Some(Kept { product: glances.remove(product)?, at: *at });
    Ok(rows.iter().filter_map(kept).collect())
}

/// These products as they are now.
fn glances(tx: &mut Tx<'_>, ids: &[ProductId]) -> DbResult<HashMap<ProductId, Glance>> {
    let facts = catalog::product_facts_of(tx, ids)?;
    let skus: Vec<SkuId> = facts.iter().flat_map(|facts| facts.sellable.iter().copied()).collect();
    let free = stock::available(tx, &skus)?;
    Ok(facts.into_iter().map(|facts| (facts.product_id, glance(facts, &free))).collect())
}

fn glance(facts: ProductFacts, free: &HashMap<SkuId, i64>) -> Glance {
    let in_stock = facts.sellable.iter().any(|sku| free.get(sku).is_some_and(|pieces| *pieces > 0));
    let availability = match (facts.on_sale && !facts.sellable.is_empty(), in_stock) {
        (false, _) => Availability::OffSale,
        (true, false) => Availability::SoldOut,
        (true, true) => Availability::Available,
    };
    Glance {
        product_id: facts.product_id,
        title: facts.title,
        picture: facts.picture,
        price: facts.price,
        market_price: facts.market_price,
        availability,
    }
}

/// Notes what was looked at, in this order. What is not on sale leaves no footprint; a product looked at again moves to
/// the front, and only the last hundred are kept.
pub(super) fn walk(tx: &mut Tx<'_>, walker: Walker, seen: &[Seen]) -> Result<(), FavouriteError> {
    if seen.is_empty() || seen.len() > MOST_AT_ONCE {
        return Err(FavouriteError::FootprintsOutOfRange);
    }
    let ids: Vec<ProductId> = seen.iter().map(|seen| seen.product_id).collect();
    let shown: Vec<ProductId> = catalog::product_facts_of(tx, &ids)?
        .iter()
        .filter(|facts| facts.on_sale)
        .map(|facts| facts.product_id)
        .collect();
    let now = tx.now();
    // Those without a moment were seen one after the other, the last one now.
    let order = (0_i64..).zip(seen.iter().rev());
    let moment = |(before, seen): (i64, &Seen)| Footprint {
        product_id: seen.product_id,
        seen_at: seen.at.unwrap_or(now.plus_millis(-before)).clamp(now.plus_millis(-OLDEST_MS), now),
    };
    let steps: Vec<Footprint> = order.map(moment).filter(|step| shown.contains(&step.product_id)).collect();
    record_views(tx, walker, &steps)?;
    Ok(leave(tx, walker, steps)?)
}

fn record_views(tx: &mut Tx<'_>, walker: Walker, steps: &[Footprint]) -> DbResult<()> {
    if steps.is_empty() {
        return Ok(());
    }
    let (user_id, device_id) = match walker {
        Walker::User(user) => (Some(user), None),
        Walker::Device(device) => (None, Some(device)),
    };
    // The steps come backwards, the last one first.
    let products = steps.iter().rev().map(|step| ViewedProduct { product_id: step.product_id }).collect();
    let payload = ProductsViewed { user_id, device_id, products };
    events::record(tx, &NewEvent { name: VIEWED, version: 1, user: user_id, payload: &payload }).map(|_| ())
}

fn leave(tx: &mut Tx<'_>, walker: Walker, mut steps: Vec<Footprint>) -> DbResult<()> {
    // One order of rows for all, so that two requests of one user cannot wait for each other in a circle.
    steps.sort_by_key(|step| step.product_id);
    for step in steps {
        store::step(tx, walker, step)?;
    }
    store::forget_old(tx, walker)
}

/// Forgets all footprints.
pub(super) fn forget(tx: &mut Tx<'_>, walker: Walker) -> DbResult<()> {
    store::take_all(tx, walker).map(|_| ())
}

/// Brings a device's footprints to the user who logged in on it.
pub(super) fn bring_along(tx: &mut Tx<'_>, device: DeviceId, user: UserId) -> DbResult<()> {
    let steps = store::take_all(tx, Walker::Device(device))?;
    if steps.is_empty() { Ok(()) } else { leave(tx, Walker::User(user), steps) }
}

/// How many like each product, the most liked first, with its title.
pub(super) fn liked(
    tx: &mut Tx<'_>,
    only: Option<ProductId>,
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<Page<(Liked, String)>> {
    let rows = store::liked(tx, only, after, limit.saturating_add(1))?;
    let page = Page::cut(rows, limit, |liked| Cursor { key: liked.users, id: liked.product_id.get() });
    let ids: Vec<ProductId> = page.items.iter().map(|liked| liked.product_id).collect();
    let mut titles: HashMap<ProductId, String> =
        catalog::product_facts_of(tx, &ids)?.into_iter().map(|facts| (facts.product_id, facts.title)).collect();
    Ok(page.map(|liked| (liked, titles.remove(&liked.product_id).unwrap_or_default())))
}
