//! The catalogue's tables.

use std::collections::HashMap;

use diesel::prelude::*;

use super::model::{CategoryId, FreightTemplateId, ProductId, SkuFacts, SkuId, Unavailable};
use crate::kernel::money::Fen;
use crate::platform::db::schema::{products, skus};
use crate::platform::db::{DbResult, Tx};

#[derive(Queryable)]
struct FactsRow {
    sku_id: SkuId,
    product_id: ProductId,
    category_id: CategoryId,
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
    state: String,
}

/// The present facts of these SKUs, in the order asked for; those that do not exist are absent.
///
/// # Errors
/// When the database fails.
pub fn sku_facts(tx: &mut Tx<'_>, ids: &[SkuId]) -> DbResult<Vec<SkuFacts>> {
    let rows: Vec<FactsRow> = skus::table
        .inner_join(products::table)
        .filter(skus::id.eq_any(ids.to_vec()))
        .select((
            skus::id,
            products::id,
            products::category_id,
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
        ))
        .load(tx.conn()?)?;
    let mut found: HashMap<SkuId, SkuFacts> = rows.into_iter().map(|row| (row.sku_id, row.into())).collect();
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

impl From<FactsRow> for SkuFacts {
    fn from(row: FactsRow) -> Self {
        let unavailable = match (row.state.as_str(), row.sellable) {
            ("on_sale", true) => None,
            ("on_sale", false) => Some(Unavailable::SkuDisabled),
            _ => Some(Unavailable::OffSale),
        };
        let values: Vec<String> = serde_json::from_str(&row.option_values).unwrap_or_default();
        Self {
            sku_id: row.sku_id,
            product_id: row.product_id,
            category_id: row.category_id,
            freight_template_id: row.freight_template_id,
            title: row.title,
            option_text: values.join(" "),
            picture: row.picture.unwrap_or(row.cover),
            price: row.price,
            market_price: row.market_price,
            weight_grams: row.weight_grams,
            volume_cm3: row.volume_cm3,
            tags: serde_json::from_str(&row.tags).unwrap_or_default(),
            unavailable,
        }
    }
}
