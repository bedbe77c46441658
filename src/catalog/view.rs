//! What shoppers see of the catalogue: the wire shapes, made once per snapshot and kept serialised.

use serde::Serialize;
use utoipa::ToSchema;

use super::model::{
    CategoryId, CategoryRow, GoodsKind, Product, ProductId, ProductOption, SkuId, SkuRow, picture_path,
};
use super::rules;
use crate::kernel::money::Fen;

/// A category with those below it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CategoryView {
    /// Its id.
    pub id: CategoryId,
    /// What it is called.
    #[schema(example = "连衣裙")]
    pub name: String,
    /// Path of its picture.
    #[schema(example = json!(null))]
    pub icon: Option<String>,
    /// The categories below it, in order.
    #[schema(no_recursion, example = json!([]))]
    pub children: Vec<CategoryView>,
}

/// A product in a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ProductCard {
    /// Its id.
    pub id: ProductId,
    /// What it is called.
    #[schema(example = "法式碎花连衣裙")]
    pub title: String,
    /// One line more.
    #[schema(example = "轻盈雪纺，一条过夏天")]
    pub subtitle: String,
    /// Path of its first picture.
    #[schema(example = "/files/ab/0123456789abcdef.png")]
    pub cover: String,
    /// Words to show with it.
    #[schema(example = json!(["新品"]))]
    pub tags: Vec<String>,
    /// The lowest price among its SKUs.
    pub price_fen: Fen,
    /// The price to strike through beside it.
    pub market_price_fen: Option<Fen>,
    /// Pieces sold.
    #[schema(example = 1280)]
    pub sold: i64,
}

/// A product as its page shows it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ProductDetail {
    /// Its id.
    pub id: ProductId,
    /// Its categories from the top down.
    pub category_path: Vec<CategoryId>,
    /// What its buyers get.
    pub kind: GoodsKind,
    /// What it is called.
    #[schema(example = "法式碎花连衣裙")]
    pub title: String,
    /// One line more.
    #[schema(example = "轻盈雪纺，一条过夏天")]
    pub subtitle: String,
    /// Who makes it.
    #[schema(example = "云裳")]
    pub brand: String,
    /// Words to show with it.
    #[schema(example = json!(["新品"]))]
    pub tags: Vec<String>,
    /// Path of its first picture.
    #[schema(example = "/files/ab/0123456789abcdef.png")]
    pub cover: String,
    /// Paths of its other pictures.
    #[schema(example = json!([]))]
    pub gallery: Vec<String>,
    /// Address of a video.
    #[schema(example = json!(null))]
    pub video: Option<String>,
    /// Sanitised HTML.
    #[schema(example = "<p>轻盈雪纺面料。</p>")]
    pub description: String,
    /// What can be chosen.
    pub options: Vec<ProductOption>,
    /// What can be bought.
    pub skus: Vec<SkuView>,
    /// Pieces sold.
    #[schema(example = 1280)]
    pub sold: i64,
}

/// A SKU as its product's page shows it. Its stock is asked for apart, since it changes by the second.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct SkuView {
    /// Its id.
    pub id: SkuId,
    /// One value per option, in the order of the options.
    #[schema(example = json!(["米白", "M"]))]
    pub option_values: Vec<String>,
    /// Its price.
    pub price_fen: Fen,
    /// The price to strike through.
    pub market_price_fen: Option<Fen>,
    /// Path of its own picture.
    #[schema(example = json!(null))]
    pub picture: Option<String>,
    /// Grams a piece.
    #[schema(example = 300)]
    pub weight_grams: i64,
}

fn list<T: serde::de::DeserializeOwned>(stored: &str) -> Vec<T> {
    serde_json::from_str(stored).unwrap_or_default()
}

impl ProductCard {
    pub(super) fn of(product: &Product) -> Self {
        let price_fen = rules::lowest_price(product).unwrap_or_default();
        let cheapest = product.skus.iter().find(|sku| sku.sellable && sku.price_fen == price_fen);
        Self {
            id: product.row.id,
            title: product.row.title.clone(),
            subtitle: product.row.subtitle.clone(),
            cover: picture_path(&product.row.cover),
            tags: list(&product.row.tags),
            price_fen,
            market_price_fen: cheapest.and_then(|sku| sku.market_price_fen),
            sold: product.row.sold,
        }
    }
}

impl ProductDetail {
    pub(super) fn of(product: &Product, category_path: Vec<CategoryId>) -> Self {
        let row = &product.row;
        Self {
            id: row.id,
            category_path,
            kind: row.kind,
            title: row.title.clone(),
            subtitle: row.subtitle.clone(),
            brand: row.brand.clone(),
            tags: list(&row.tags),
            cover: picture_path(&row.cover),
            gallery: list::<String>(&row.gallery).iter().map(|key| picture_path(key)).collect(),
            video: row.video.clone(),
            description: row.description.clone(),
            options: list(&row.options),
            skus: product.skus.iter().filter(|sku| sku.sellable).map(SkuView::of).collect(),
            sold: row.sold,
        }
    }
}

impl SkuView {
    fn of(sku: &SkuRow) -> Self {
        Self {
            id: sku.id,
            option_values: list(&sku.option_values),
            price_fen: sku.price_fen,
            market_price_fen: sku.market_price_fen,
            picture: sku.picture.as_deref().map(picture_path),
            weight_grams: sku.weight_grams,
        }
    }
}

/// The tree that shoppers see: hidden categories are left out with all below them.
pub(super) fn shown_tree<'a>(rows: impl IntoIterator<Item = &'a CategoryRow>) -> Vec<CategoryView> {
    let mut shown: Vec<&CategoryRow> = rows.into_iter().filter(|row| row.shown).collect();
    shown.sort_by_key(|row| (row.position, row.id));
    children_of(None, &shown)
}

fn children_of(parent: Option<CategoryId>, rows: &[&CategoryRow]) -> Vec<CategoryView> {
    let below = rows.iter().filter(|row| row.parent_id == parent);
    let view = |row: &&CategoryRow| CategoryView {
        id: row.id,
        name: row.name.clone(),
        icon: row.icon.as_deref().map(picture_path),
        children: children_of(Some(row.id), rows),
    };
    below.map(view).collect()
}
