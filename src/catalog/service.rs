//! What staff do with the catalogue.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::error::CatalogError;
use super::events::{ProductChanged, ProductMoved};
use super::model::{
    CategoryDraft, CategoryId, CategoryRow, Product, ProductDraft, ProductId, ProductState, Schedule, SkuId,
};
use super::rules::{self, ProductMove};
use super::store::{self, ProductFilter};
use crate::kernel::page::{Cursor, Page};
use crate::platform::db::{Constraint, DbResult, Tx};
use crate::platform::events::{self, NewEvent};

const SKU_CODE: Constraint = Constraint { index: "skus_code", columns: "skus.code" };

/// Removes from a description whatever could run or reach out: only the tags and attributes that describe goods stay.
pub fn sanitised(mut draft: ProductDraft) -> ProductDraft {
    draft.description = ammonia::clean(&draft.description);
    draft
}

/// Adds a category.
///
/// # Errors
/// When a field does not fit or the parent does not exist.
pub fn add_category(tx: &mut Tx<'_>, draft: &CategoryDraft) -> Result<CategoryId, CatalogError> {
    rules::check_category(draft)?;
    rules::check_parent(None, draft.parent_id, &store::all_categories(tx)?)?;
    let id = store::insert_category(tx, draft)?;
    store::note_change(tx, None)?;
    Ok(id)
}

/// Changes a category; answers what it was.
///
/// # Errors
/// When a field does not fit, there is no such category, or it would hang below itself.
pub fn edit_category(tx: &mut Tx<'_>, id: CategoryId, draft: &CategoryDraft) -> Result<CategoryRow, CatalogError> {
    rules::check_category(draft)?;
    // Moves of categories take turns, since two of them together could make a circle that neither makes alone.
    store::note_change(tx, None)?;
    let mut all = store::all_categories(tx)?;
    rules::check_parent(Some(id), draft.parent_id, &all)?;
    let before = all.remove(&id).ok_or(CatalogError::CategoryNotFound)?;
    store::update_category(tx, id, draft)?;
    Ok(before)
}

/// Removes an empty category.
///
/// # Errors
/// When there is no such category or something hangs below it.
pub fn remove_category(tx: &mut Tx<'_>, id: CategoryId) -> Result<(), CatalogError> {
    if store::category_in_use(tx, id)? {
        return Err(CatalogError::CategoryInUse);
    }
    if !store::delete_category(tx, id)? {
        return Err(CatalogError::CategoryNotFound);
    }
    Ok(store::note_change(tx, None)?)
}

/// All categories.
///
/// # Errors
/// When the database fails.
pub fn categories(tx: &mut Tx<'_>) -> DbResult<HashMap<CategoryId, CategoryRow>> {
    store::all_categories(tx)
}

/// The way to each of these categories from the top of the tree, itself included. Those that do not exist are absent.
///
/// # Errors
/// When the database fails.
pub fn category_paths(tx: &mut Tx<'_>, ids: &[CategoryId]) -> DbResult<HashMap<CategoryId, Vec<CategoryId>>> {
    let parents = store::parents(tx)?;
    let known = ids.iter().filter(|id| parents.contains_key(id));
    Ok(known.map(|id| (*id, rules::path_through(*id, &parents))).collect())
}

/// Where each of these products hangs in the tree, whether it is on sale or not. Those that do not exist are absent.
///
/// # Errors
/// When the database fails.
pub fn product_categories(tx: &mut Tx<'_>, ids: &[ProductId]) -> DbResult<HashMap<ProductId, CategoryId>> {
    store::product_categories(tx, ids)
}

/// Adds a product as a draft. The description must be [`sanitised`].
///
/// # Errors
/// When a field does not fit or a SKU code is taken.
pub fn add_product(tx: &mut Tx<'_>, draft: &ProductDraft) -> Result<Product, CatalogError> {
    rules::check_product(draft)?;
    check_category_exists(tx, draft.category_id)?;
    let id = store::insert_product(tx, draft)?;
    write_skus(tx, id, draft)?;
    changed(tx, id)?;
    load(tx, id)
}

/// Changes a product that is still at `version`. The description must be [`sanitised`].
///
/// # Errors
/// When a field does not fit, a SKU code is taken, there is no such product, or somebody else was faster.
pub fn edit_product(
    tx: &mut Tx<'_>,
    id: ProductId,
    version: i64,
    draft: &ProductDraft,
) -> Result<(Product, Product), CatalogError> {
    rules::check_product(draft)?;
    check_category_exists(tx, draft.category_id)?;
    let before = load(tx, id)?;
    if draft.kind.is_some_and(|kind| kind != before.row.kind) {
        return Err(CatalogError::KindSettled);
    }
    if !store::update_product(tx, id, version, draft)? {
        return Err(CatalogError::Outdated);
    }
    write_skus(tx, id, draft)?;
    changed(tx, id)?;
    Ok((before, load(tx, id)?))
}

fn check_category_exists(tx: &mut Tx<'_>, id: CategoryId) -> Result<(), CatalogError> {
    if store::all_categories(tx)?.contains_key(&id) { Ok(()) } else { Err(CatalogError::UnknownCategory) }
}

fn write_skus(tx: &mut Tx<'_>, product: ProductId, draft: &ProductDraft) -> Result<(), CatalogError> {
    let mut existing: HashMap<String, SkuId> =
        store::skus_of(tx, product)?.into_iter().map(|sku| (sku.code, sku.id)).collect();
    let named: Vec<Option<SkuId>> = draft.skus.iter().map(|sku| existing.remove(&sku.code)).collect();
    // Option values must differ at every moment, so those that will change make room first.
    for id in existing.values().chain(named.iter().flatten()) {
        store::retire_sku(tx, *id)?;
    }
    for ((position, sku), known) in (0_i64..).zip(&draft.skus).zip(named) {
        match known {
            Some(id) => store::update_sku(tx, id, position, sku)?,
            None => {
                tx.attempt(|tx| store::insert_sku(tx, product, position, sku))
                    .map_err(|error| if error.violates(SKU_CODE) { CatalogError::CodeTaken } else { error.into() })?;
            }
        }
    }
    Ok(())
}

/// One product with its SKUs.
///
/// # Errors
/// When there is no such product.
pub fn load(tx: &mut Tx<'_>, id: ProductId) -> Result<Product, CatalogError> {
    store::product(tx, id)?.ok_or(CatalogError::ProductNotFound)
}

/// Products for staff, newest first.
///
/// # Errors
/// When the database fails.
pub(super) fn list(
    tx: &mut Tx<'_>,
    filter: &ProductFilter,
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<Page<super::model::ProductRow>> {
    let rows = store::list_products(tx, filter, after, limit + 1)?;
    Ok(Page::cut(rows, limit, |row| Cursor { key: 0, id: row.id.get() }))
}

/// Puts a product on sale or takes it off; answers where it stands now.
///
/// # Errors
/// When there is no such product, it is not ready, or its state does not allow the move.
pub fn advance(tx: &mut Tx<'_>, id: ProductId, step: ProductMove) -> Result<ProductState, CatalogError> {
    let product = load(tx, id)?;
    let from = product.row.state;
    let to = rules::next(from, step)?;
    if to == ProductState::OnSale {
        rules::check_ready(&product.row, product.skus.iter().filter(|sku| sku.sellable).count())?;
    }
    if !store::move_product(tx, id, from, to)? {
        return Err(CatalogError::IllegalMove);
    }
    changed(tx, id)?;
    let payload = ProductMoved { product_id: id, from, to };
    events::record(tx, &NewEvent { name: "catalog.product_moved", version: 1, user: None, payload: &payload })?;
    Ok(to)
}

/// Plans when a product goes on and off sale by itself.
///
/// # Errors
/// When the plan does not fit, or there is no such product.
pub fn plan(tx: &mut Tx<'_>, id: ProductId, schedule: &Schedule) -> Result<(), CatalogError> {
    rules::check_schedule(schedule, tx.now())?;
    if !store::set_schedule(tx, id, schedule)? {
        return Err(CatalogError::ProductNotFound);
    }
    Ok(changed(tx, id)?)
}

/// Carries out a plan that is due; a product that is not ready, or not where the plan expected it, keeps its state and
/// loses the plan, so that it is not tried for ever.
///
/// # Errors
/// When the database fails.
pub(super) fn carry_out_plan(tx: &mut Tx<'_>, id: ProductId) -> DbResult<()> {
    let Some(row) = store::product_row(tx, id)? else { return Ok(()) };
    let due = |at: Option<crate::kernel::time::Timestamp>| at.is_some_and(|at| at <= tx.now());
    let (goes_on, goes_off) = (due(row.on_sale_at), due(row.off_sale_at));
    let step = if goes_off { ProductMove::TakeOffSale } else { ProductMove::PutOnSale };
    let moved = if goes_on || goes_off { advance(tx, id, step) } else { return Ok(()) };
    match moved {
        Err(CatalogError::Db(error)) => return Err(error),
        Err(refused) => tracing::warn!(product = %id, %refused, "a plan could not be carried out"),
        Ok(_) => {}
    }
    let left = Schedule {
        on_sale_at: row.on_sale_at.filter(|_| !goes_on),
        off_sale_at: row.off_sale_at.filter(|_| !goes_off),
    };
    store::set_schedule(tx, id, &left).map(|_| ())
}

fn changed(tx: &mut Tx<'_>, id: ProductId) -> DbResult<()> {
    store::note_change(tx, Some(id))?;
    let payload = ProductChanged { product_id: id };
    events::record(tx, &NewEvent { name: "catalog.product_changed", version: 1, user: None, payload: &payload })?;
    Ok(())
}

/// What the audit log keeps of a product: what decides about money and sale.
pub(super) fn audited(product: &Product) -> Value {
    #[derive(Serialize)]
    struct Audited<'a> {
        title: &'a str,
        state: ProductState,
        version: i64,
    }
    let row = &product.row;
    let skus: Vec<Value> = product
        .skus
        .iter()
        .map(|sku| json!({ "code": sku.code, "price_fen": sku.price_fen, "cost_fen": sku.cost_fen, "sellable": sku.sellable }))
        .collect();
    json!({ "product": Audited { title: &row.title, state: row.state, version: row.version }, "skus": skus })
}

/// Counts pieces that were sold before the shop kept its books here, as it is shown to shoppers; orders count by
/// themselves.
///
/// # Errors
/// When the database fails.
pub fn count_sold_before(tx: &mut Tx<'_>, id: ProductId, pieces: i64) -> DbResult<()> {
    store::add_sold(tx, id, pieces)
}
