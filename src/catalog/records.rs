//! What staff see of the catalogue: the wire shapes of the back office.

use serde::Serialize;
use utoipa::ToSchema;

use super::model::{
    CategoryId, CategoryRow, FreightTemplateId, GoodsKind, Product, ProductId, ProductOption, ProductRow, ProductState,
    SkuId, SkuRow, picture_path,
};
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;

/// A category as staff see it.
#[derive(Debug, Serialize, ToSchema)]
pub struct CategoryRecord {
    /// Its id.
    pub id: CategoryId,
    /// The category above; null at the top.
    #[schema(example = json!(null))]
    pub parent_id: Option<CategoryId>,
    /// What it is called.
    #[schema(example = "连衣裙")]
    pub name: String,
    /// Key of its picture.
    #[schema(example = json!(null))]
    pub icon: Option<String>,
    /// Its place among its siblings.
    #[schema(example = 10)]
    pub position: i64,
    /// Whether shoppers see it.
    #[schema(example = true)]
    pub shown: bool,
}

/// All categories.
#[derive(Debug, Serialize, ToSchema)]
pub struct CategoryRecords {
    /// The categories, by place.
    pub items: Vec<CategoryRecord>,
}

/// A product as staff see it in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProductSummary {
    /// Its id.
    pub id: ProductId,
    /// Where it hangs in the tree.
    pub category_id: CategoryId,
    /// What its buyers get.
    pub kind: GoodsKind,
    /// What it is called.
    #[schema(example = "法式碎花连衣裙")]
    pub title: String,
    /// Path of its first picture.
    #[schema(example = "/files/pictures/ab/0123456789abcdef.png")]
    pub cover: String,
    /// Where it stands.
    pub state: ProductState,
    /// When it goes on sale by itself.
    #[schema(example = json!(null))]
    pub on_sale_at: Option<Timestamp>,
    /// When it goes off sale by itself.
    #[schema(example = json!(null))]
    pub off_sale_at: Option<Timestamp>,
    /// Pieces sold.
    #[schema(example = 1280)]
    pub sold: i64,
    /// Send it back with an edit.
    #[schema(example = 3)]
    pub version: i64,
    /// When it was edited last.
    pub updated_at: Timestamp,
}

/// A page of products.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProductSummaries {
    /// The products.
    pub items: Vec<ProductSummary>,
    /// What to send as `cursor` for the next page; null on the last.
    #[schema(example = json!(null))]
    pub next_cursor: Option<String>,
}

/// A product with everything staff may edit.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProductRecord {
    /// What lists show of it.
    pub summary: ProductSummary,
    /// How its freight is worked out.
    pub freight_template_id: FreightTemplateId,
    /// One line more.
    #[schema(example = "轻盈雪纺，一条过夏天")]
    pub subtitle: String,
    /// Who makes it.
    #[schema(example = "云裳")]
    pub brand: String,
    /// Words to show with it.
    #[schema(example = json!(["新品"]))]
    pub tags: Vec<String>,
    /// Key of its first picture.
    #[schema(example = "pictures/ab/0123456789abcdef.png")]
    pub cover: String,
    /// Keys of its other pictures.
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
    /// Its SKUs, those switched off included.
    pub skus: Vec<SkuRecord>,
}

/// A SKU as staff see it.
#[derive(Debug, Serialize, ToSchema)]
pub struct SkuRecord {
    /// Its id.
    pub id: SkuId,
    /// The merchant's own number for it.
    #[schema(example = "LYQ-001-WHITE-M")]
    pub code: String,
    /// One value per option.
    #[schema(example = json!(["米白", "M"]))]
    pub option_values: Vec<String>,
    /// Its price.
    pub price_fen: Fen,
    /// The price to strike through.
    pub market_price_fen: Option<Fen>,
    /// What it cost the merchant.
    pub cost_fen: Option<Fen>,
    /// Grams a piece.
    #[schema(example = 300)]
    pub weight_grams: i64,
    /// Cubic centimetres a piece.
    #[schema(example = 1500)]
    pub volume_cm3: i64,
    /// Barcode.
    #[schema(example = "6901234567892")]
    pub barcode: Option<String>,
    /// Key of its own picture.
    #[schema(example = json!(null))]
    pub picture: Option<String>,
    /// Whether it may be bought.
    #[schema(example = true)]
    pub sellable: bool,
}

/// Where a product stands now.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProductStanding {
    /// Its id.
    pub id: ProductId,
    /// Its state.
    pub state: ProductState,
}

/// A picture that was stored.
#[derive(Debug, Serialize, ToSchema)]
pub struct StoredPicture {
    /// What to put into `cover`, `gallery`, `picture` or `icon`.
    #[schema(example = "pictures/ab/0123456789abcdef.png")]
    pub key: String,
    /// Where it is served.
    #[schema(example = "/files/pictures/ab/0123456789abcdef.png")]
    pub path: String,
    /// Its size in bytes.
    #[schema(example = 24_310)]
    pub size: usize,
    /// Width in pixels.
    #[schema(example = 600)]
    pub width: u32,
    /// Height in pixels.
    #[schema(example = 600)]
    pub height: u32,
}

impl From<CategoryRow> for CategoryRecord {
    fn from(row: CategoryRow) -> Self {
        let CategoryRow { id, parent_id, name, icon, position, shown } = row;
        Self { id, parent_id, name, icon, position, shown }
    }
}

impl From<ProductRow> for ProductSummary {
    fn from(row: ProductRow) -> Self {
        Self {
            id: row.id,
            category_id: row.category_id,
            kind: row.kind,
            title: row.title,
            cover: picture_path(&row.cover),
            state: row.state,
            on_sale_at: row.on_sale_at,
            off_sale_at: row.off_sale_at,
            sold: row.sold,
            version: row.version,
            updated_at: row.updated_at,
        }
    }
}

impl From<SkuRow> for SkuRecord {
    fn from(row: SkuRow) -> Self {
        Self {
            id: row.id,
            code: row.code,
            option_values: serde_json::from_str(&row.option_values).unwrap_or_default(),
            price_fen: row.price_fen,
            market_price_fen: row.market_price_fen,
            cost_fen: row.cost_fen,
            weight_grams: row.weight_grams,
            volume_cm3: row.volume_cm3,
            barcode: row.barcode,
            picture: row.picture,
            sellable: row.sellable,
        }
    }
}

impl From<Product> for ProductRecord {
    fn from(product: Product) -> Self {
        let row = product.row;
        Self {
            freight_template_id: row.freight_template_id,
            subtitle: row.subtitle.clone(),
            brand: row.brand.clone(),
            tags: serde_json::from_str(&row.tags).unwrap_or_default(),
            cover: row.cover.clone(),
            gallery: serde_json::from_str(&row.gallery).unwrap_or_default(),
            video: row.video.clone(),
            description: row.description.clone(),
            options: serde_json::from_str(&row.options).unwrap_or_default(),
            skus: product.skus.into_iter().map(SkuRecord::from).collect(),
            summary: row.into(),
        }
    }
}
