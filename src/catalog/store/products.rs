//! Products and SKUs.

use std::collections::HashMap;

use diesel::prelude::*;

use crate::catalog::model::{
    CategoryId, FreightTemplateId, GoodsKind, Product, ProductDraft, ProductFacts, ProductId, ProductRow, ProductState,
    Schedule, SkuDraft, SkuFacts, SkuId, SkuRow, Unavailable, picture_path,
};
use crate::catalog::rules;
use crate::kernel::money::Fen;
use crate::kernel::page::Cursor;
use crate::kernel::time::Timestamp;
use crate::platform::db::dialect::Prepared;
use crate::platform::db::schema::{products, skus};
use crate::platform::db::{DbResult, Tx, columns};

#[derive(Queryable)]
struct FactsRow {
    sku_id: SkuId,
    product_id: ProductId,
    category_id: CategoryId,
    kind: GoodsKind,
    freight_template_id: FreightTemplateId,
    title: String,
    option_values: String,
    picture: Option<String>,
    cover: String,
    price: Fen,
    market_price: Option<Fen>,
    weight_grams: i64,
    volume_cm3: i64,
    tags: String,
    sellable: bool,
    state: ProductState,
    on_sale_at: Option<Timestamp>,
    off_sale_at: Option<Timestamp>,
}

/// The present facts of these SKUs, in the order asked for; those that do not exist are absent. Read from the
/// transaction, never from a snapshot: prices at placement come from here.
///
/// # Errors
/// When the database fails.
pub fn sku_facts(tx: &mut Tx<'_>, ids: &[SkuId]) -> DbResult<Vec<SkuFacts>> {
    let now = tx.now();
    let query = skus::table.inner_join(products::table).select((
        skus::id,
        products::id,
        products::category_id,
        products::kind,
        products::freight_template_id,
        products::title,
        skus::option_values,
        skus::picture,
        products::cover,
        skus::price_fen,
        skus::market_price_fen,
        skus::weight_grams,
        skus::volume_cm3,
        products::tags,
        skus::sellable,
        products::state,
        products::on_sale_at,
        products::off_sale_at,
    ));
    let rows: Vec<FactsRow> = match ids {
        // One SKU is the usual basket, and a statement with a single bind stays prepared.
        [only] => Prepared(query.filter(skus::id.eq(*only))).load(tx.conn()?)?,
        many => query.filter(skus::id.eq_any(many.to_vec())).load(tx.conn()?)?,
    };
    let mut found: HashMap<SkuId, SkuFacts> = rows.into_iter().map(|row| (row.sku_id, row.facts(now))).collect();
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

/// The present facts of a product; `None` when there is none.
///
/// # Errors
/// When the database fails.
pub fn product_facts(tx: &mut Tx<'_>, id: ProductId) -> DbResult<Option<ProductFacts>> {
    Ok(product_facts_of(tx, &[id])?.pop())
}

/// The present facts of these products, each once, by id; those that do not exist are absent.
///
/// # Errors
/// When the database fails.
pub fn product_facts_of(tx: &mut Tx<'_>, ids: &[ProductId]) -> DbResult<Vec<ProductFacts>> {
    let now = tx.now();
    Ok(listed_products(tx, Some(ids))?.into_iter().map(|product| facts_of(product, now)).collect())
}

fn facts_of(product: Product, now: Timestamp) -> ProductFacts {
    let price = rules::lowest_price(&product);
    let sellable = || product.skus.iter().filter(|sku| sku.sellable);
    ProductFacts {
        product_id: product.row.id,
        market_price: sellable().find(|sku| Some(sku.price_fen) == price).and_then(|sku| sku.market_price_fen),
        on_sale: rules::is_on_sale(product.row.state, product.row.on_sale_at, product.row.off_sale_at, now),
        sellable: sellable().map(|sku| sku.id).collect(),
        picture: picture_path(&product.row.cover),
        price,
        title: product.row.title,
    }
}

impl FactsRow {
    fn facts(self, now: Timestamp) -> SkuFacts {
        let on_sale = rules::is_on_sale(self.state, self.on_sale_at, self.off_sale_at, now);
        let unavailable = match (on_sale, self.sellable) {
            (false, _) => Some(Unavailable::OffSale),
            (true, false) => Some(Unavailable::SkuDisabled),
            (true, true) => None,
        };
        SkuFacts {
            sku_id: self.sku_id,
            product_id: self.product_id,
            category_id: self.category_id,
            kind: self.kind,
            freight_template_id: self.freight_template_id,
            title: self.title,
            option_text: option_text(&self.option_values),
            picture: picture_path(&self.picture.unwrap_or(self.cover)),
            price: self.price,
            market_price: self.market_price,
            weight_grams: self.weight_grams,
            volume_cm3: self.volume_cm3,
            tags: serde_json::from_str(&self.tags).unwrap_or_default(),
            unavailable,
        }
    }
}

/// Option values as people read them: `米白 / M`.
pub(in crate::catalog) fn option_text(stored: &str) -> String {
    serde_json::from_str::<Vec<String>>(stored).unwrap_or_default().join(" / ")
}

fn stored_list<T: serde::Serialize>(list: &[T]) -> String {
    serde_json::to_string(list).unwrap_or_else(|_| "[]".to_owned())
}

#[derive(AsChangeset)]
#[diesel(table_name = products, treat_none_as_null = true)]
struct DraftColumns<'a> {
    category_id: CategoryId,
    freight_template_id: FreightTemplateId,
    title: &'a str,
    subtitle: &'a str,
    brand: &'a str,
    tags: String,
    cover: &'a str,
    gallery: String,
    video: Option<&'a str>,
    description: &'a str,
    options: String,
    updated_at: Timestamp,
}

impl<'a> DraftColumns<'a> {
    fn new(draft: &'a ProductDraft, now: Timestamp) -> Self {
        Self {
            category_id: draft.category_id,
            freight_template_id: draft.freight_template_id,
            title: &draft.title,
            subtitle: &draft.subtitle,
            brand: &draft.brand,
            tags: stored_list(&draft.tags),
            cover: &draft.cover,
            gallery: stored_list(&draft.gallery),
            video: draft.video.as_deref(),
            description: &draft.description,
            options: stored_list(&draft.options),
            updated_at: now,
        }
    }
}

pub(in crate::catalog) fn insert_product(tx: &mut Tx<'_>, draft: &ProductDraft) -> DbResult<ProductId> {
    let (id, now) = (ProductId::new(tx.next_id()), tx.now());
    let new = DraftColumns::new(draft, now);
    diesel::insert_into(products::table)
        .values((
            products::id.eq(id),
            products::category_id.eq(new.category_id),
            products::kind.eq(draft.kind.unwrap_or(GoodsKind::Physical)),
            products::freight_template_id.eq(new.freight_template_id),
            products::title.eq(new.title),
            products::subtitle.eq(new.subtitle),
            products::brand.eq(new.brand),
            products::tags.eq(new.tags),
            products::cover.eq(new.cover),
            products::gallery.eq(new.gallery),
            products::video.eq(new.video),
            products::description.eq(new.description),
            products::options.eq(new.options),
            products::state.eq(ProductState::Draft),
            products::sold.eq(0_i64),
            products::version.eq(1_i64),
            products::created_at.eq(now),
            products::updated_at.eq(now),
        ))
        .execute(tx.conn()?)?;
    Ok(id)
}

/// Writes a draft over a product that is still at `version`; false when somebody else was faster.
pub(in crate::catalog) fn update_product(
    tx: &mut Tx<'_>,
    id: ProductId,
    version: i64,
    draft: &ProductDraft,
) -> DbResult<bool> {
    let now = tx.now();
    let target = products::table.filter(products::id.eq(id)).filter(products::version.eq(version));
    let changed = diesel::update(target)
        .set((DraftColumns::new(draft, now), products::version.eq(products::version + 1)))
        .execute(tx.conn()?)?;
    Ok(changed == 1)
}

pub(in crate::catalog) fn insert_sku(
    tx: &mut Tx<'_>,
    product: ProductId,
    position: i64,
    sku: &SkuDraft,
) -> DbResult<SkuId> {
    let (id, now) = (SkuId::new(tx.next_id()), tx.now());
    diesel::insert_into(skus::table)
        .values((
            skus::id.eq(id),
            skus::product_id.eq(product),
            skus::code.eq(&sku.code),
            skus::option_values.eq(stored_list(&sku.option_values)),
            skus::price_fen.eq(sku.price_fen),
            skus::market_price_fen.eq(sku.market_price_fen),
            skus::cost_fen.eq(sku.cost_fen),
            skus::weight_grams.eq(sku.weight_grams),
            skus::volume_cm3.eq(sku.volume_cm3),
            skus::barcode.eq(&sku.barcode),
            skus::picture.eq(&sku.picture),
            skus::position.eq(position),
            skus::sellable.eq(sku.sellable),
            skus::version.eq(1_i64),
            skus::created_at.eq(now),
            skus::updated_at.eq(now),
        ))
        .execute(tx.conn()?)?;
    Ok(id)
}

pub(in crate::catalog) fn update_sku(tx: &mut Tx<'_>, id: SkuId, position: i64, sku: &SkuDraft) -> DbResult<()> {
    let now = tx.now();
    diesel::update(skus::table.find(id))
        .set((
            skus::option_values.eq(stored_list(&sku.option_values)),
            skus::price_fen.eq(sku.price_fen),
            skus::market_price_fen.eq(sku.market_price_fen),
            skus::cost_fen.eq(sku.cost_fen),
            skus::weight_grams.eq(sku.weight_grams),
            skus::volume_cm3.eq(sku.volume_cm3),
            skus::barcode.eq(&sku.barcode),
            skus::picture.eq(&sku.picture),
            skus::position.eq(position),
            skus::sellable.eq(sku.sellable),
            skus::version.eq(skus::version + 1),
            skus::updated_at.eq(now),
        ))
        .execute(tx.conn()?)?;
    Ok(())
}

/// Switches a SKU off and frees its option values for another, since both may not stand side by side.
pub(in crate::catalog) fn retire_sku(tx: &mut Tx<'_>, id: SkuId) -> DbResult<()> {
    let now = tx.now();
    diesel::update(skus::table.find(id))
        .set((
            skus::sellable.eq(false),
            skus::option_values.eq(format!("[\"{id}\"]")),
            skus::version.eq(skus::version + 1),
            skus::updated_at.eq(now),
        ))
        .execute(tx.conn()?)?;
    Ok(())
}

pub(in crate::catalog) fn skus_of(tx: &mut Tx<'_>, product: ProductId) -> DbResult<Vec<SkuRow>> {
    let query = skus::table.filter(skus::product_id.eq(product)).order((skus::position, skus::id));
    Ok(query.select(columns::<SkuRow>()).load(tx.conn()?)?)
}

pub(in crate::catalog) fn product_row(tx: &mut Tx<'_>, id: ProductId) -> DbResult<Option<ProductRow>> {
    Ok(products::table.find(id).select(columns::<ProductRow>()).first(tx.conn()?).optional()?)
}

pub(in crate::catalog) fn product(tx: &mut Tx<'_>, id: ProductId) -> DbResult<Option<Product>> {
    let Some(row) = product_row(tx, id)? else { return Ok(None) };
    Ok(Some(Product { row, skus: skus_of(tx, id)? }))
}

/// Products that are or will soon be on sale, or just these.
pub(in crate::catalog) fn listed_products(tx: &mut Tx<'_>, only: Option<&[ProductId]>) -> DbResult<Vec<Product>> {
    let mut rows = products::table.select(columns::<ProductRow>()).order(products::id).into_boxed();
    let mut parts =
        skus::table.select(columns::<SkuRow>()).order((skus::product_id, skus::position, skus::id)).into_boxed();
    if let Some(ids) = only {
        rows = rows.filter(products::id.eq_any(ids.to_vec()));
        parts = parts.filter(skus::product_id.eq_any(ids.to_vec()));
    } else {
        rows = rows.filter(products::state.eq(ProductState::OnSale));
    }
    let rows: Vec<ProductRow> = rows.load(tx.conn()?)?;
    let mut by_product: HashMap<ProductId, Vec<SkuRow>> = HashMap::with_capacity(rows.len());
    for sku in parts.load::<SkuRow>(tx.conn()?)? {
        by_product.entry(sku.product_id).or_default().push(sku);
    }
    let whole = |row: ProductRow| Product { skus: by_product.remove(&row.id).unwrap_or_default(), row };
    Ok(rows.into_iter().map(whole).collect())
}

/// Where each of these products hangs in the tree.
pub(in crate::catalog) fn product_categories(
    tx: &mut Tx<'_>,
    ids: &[ProductId],
) -> DbResult<HashMap<ProductId, CategoryId>> {
    let wanted = products::table.filter(products::id.eq_any(ids.to_vec()));
    let rows: Vec<(ProductId, CategoryId)> = wanted.select((products::id, products::category_id)).load(tx.conn()?)?;
    Ok(rows.into_iter().collect())
}

/// What staff look for among products.
#[derive(Debug, Clone, Default)]
pub(in crate::catalog) struct ProductFilter {
    pub(in crate::catalog) state: Option<ProductState>,
    pub(in crate::catalog) category: Option<CategoryId>,
    pub(in crate::catalog) title: Option<String>,
}

pub(in crate::catalog) fn list_products(
    tx: &mut Tx<'_>,
    filter: &ProductFilter,
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<Vec<ProductRow>> {
    let mut query =
        products::table.select(columns::<ProductRow>()).order(products::id.desc()).limit(limit).into_boxed();
    if let Some(state) = filter.state {
        query = query.filter(products::state.eq(state));
    }
    if let Some(category) = filter.category {
        query = query.filter(products::category_id.eq(category));
    }
    if let Some(title) = &filter.title {
        let escaped = title.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        query = query.filter(products::title.like(format!("%{escaped}%")).escape('\\'));
    }
    if let Some(cursor) = after {
        query = query.filter(products::id.lt(cursor.id));
    }
    Ok(query.load(tx.conn()?)?)
}

/// Moves a product from one state to another, ending the plan that led there; false when it was not in `from`.
pub(in crate::catalog) fn move_product(
    tx: &mut Tx<'_>,
    id: ProductId,
    from: ProductState,
    to: ProductState,
) -> DbResult<bool> {
    let now = tx.now();
    let target = products::table.filter(products::id.eq(id)).filter(products::state.eq(from));
    let changed = diesel::update(target)
        .set((products::state.eq(to), products::version.eq(products::version + 1), products::updated_at.eq(now)))
        .execute(tx.conn()?)?;
    if changed == 1 && to == ProductState::OnSale {
        let fresh = products::table.filter(products::id.eq(id)).filter(products::listed_at.is_null());
        diesel::update(fresh).set(products::listed_at.eq(Some(now))).execute(tx.conn()?)?;
        diesel::update(products::table.find(id)).set(products::on_sale_at.eq(None::<Timestamp>)).execute(tx.conn()?)?;
    }
    if changed == 1 && to == ProductState::OffSale {
        diesel::update(products::table.find(id))
            .set(products::off_sale_at.eq(None::<Timestamp>))
            .execute(tx.conn()?)?;
    }
    Ok(changed == 1)
}

pub(in crate::catalog) fn set_schedule(tx: &mut Tx<'_>, id: ProductId, schedule: &Schedule) -> DbResult<bool> {
    let changed = diesel::update(products::table.find(id))
        .set((products::on_sale_at.eq(schedule.on_sale_at), products::off_sale_at.eq(schedule.off_sale_at)))
        .execute(tx.conn()?)?;
    Ok(changed == 1)
}

/// Products whose plan is due.
pub(in crate::catalog) fn due_products(tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<i64>> {
    let now = tx.now();
    let on = products::table.filter(products::on_sale_at.le(now)).select(products::id).limit(limit);
    let mut due: Vec<i64> = on.load(tx.conn()?)?;
    let off = products::table.filter(products::off_sale_at.le(now)).select(products::id).limit(limit);
    due.extend(off.load::<i64>(tx.conn()?)?);
    due.sort_unstable();
    due.dedup();
    Ok(due)
}

pub(in crate::catalog) fn add_sold(tx: &mut Tx<'_>, id: ProductId, quantity: i64) -> DbResult<()> {
    let counting = diesel::update(products::table.find(id)).set(products::sold.eq(products::sold + quantity));
    Prepared(counting).execute(tx.conn()?)?;
    Ok(())
}

/// How many pieces of each product on sale were sold.
pub(in crate::catalog) fn sold_counts(tx: &mut Tx<'_>) -> DbResult<Vec<(ProductId, i64)>> {
    let query = products::table.filter(products::state.eq(ProductState::OnSale)).select((products::id, products::sold));
    Ok(query.load(tx.conn()?)?)
}
