//! The words of the catalogue.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;
use crate::platform::db::schema::{categories, products, skus};

crate::typed_id! {
    /// One product: what is shown.
    ProductId,
    /// One SKU: what is bought, one combination of option values.
    SkuId,
    /// One category of the tree.
    CategoryId,
    /// One freight template. It belongs to pricing, but every product names one.
    FreightTemplateId,
}

/// Why a SKU that exists cannot be bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unavailable {
    /// Its product is not on sale.
    OffSale,
    /// The SKU itself is switched off.
    SkuDisabled,
}

crate::stored_enum! {
    /// What the buyers of a product get.
    pub enum GoodsKind {
        /// Something that is sent, or collected at a store.
        Physical = "physical",
        /// A code of their own for each piece.
        VirtualCode = "virtual_code",
        /// The same text or link for every buyer.
        VirtualAccess = "virtual_access",
    }
}

impl GoodsKind {
    /// Whether there is nothing to carry.
    pub const fn is_virtual(self) -> bool {
        matches!(self, Self::VirtualCode | Self::VirtualAccess)
    }
}

/// What a basket needs to know of a SKU, read from the transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkuFacts {
    /// The SKU.
    pub sku_id: SkuId,
    /// Its product.
    pub product_id: ProductId,
    /// The product's category.
    pub category_id: CategoryId,
    /// What its buyers get.
    pub kind: GoodsKind,
    /// How the product's freight is worked out.
    pub freight_template_id: FreightTemplateId,
    /// The product's title.
    pub title: String,
    /// The option values, as people read them.
    pub option_text: String,
    /// Path of the SKU's own picture, or of the product's cover.
    pub picture: String,
    /// Its price.
    pub price: Fen,
    /// The price to strike through, if one is shown.
    pub market_price: Option<Fen>,
    /// Weight of one piece in grams.
    pub weight_grams: i64,
    /// Volume of one piece in cubic centimetres.
    pub volume_cm3: i64,
    /// The product's tags.
    pub tags: Vec<String>,
    /// Why it cannot be bought now; absent when it can.
    pub unavailable: Option<Unavailable>,
}

/// What a card of a product needs to know, read from the transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProductFacts {
    /// The product.
    pub product_id: ProductId,
    /// Its title.
    pub title: String,
    /// Path of its cover.
    pub picture: String,
    /// The lowest price among what can be bought of it; absent when nothing can.
    pub price: Option<Fen>,
    /// The price to strike through beside it.
    pub market_price: Option<Fen>,
    /// Whether it is shown and sold now.
    pub on_sale: bool,
    /// What can be bought of it, as far as staff say.
    pub sellable: Vec<SkuId>,
}

crate::stored_enum! {
    /// Where a product stands.
    pub enum ProductState {
        /// Being written; nobody but staff sees it.
        Draft = "draft",
        /// Shown and sold.
        OnSale = "on_sale",
        /// Taken off; orders of it go on.
        OffSale = "off_sale",
    }
}

/// One option of a product, such as 颜色 with its values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProductOption {
    /// What the option is called.
    #[schema(example = "颜色")]
    pub name: String,
    /// What it can be.
    #[schema(example = json!(["米白", "雾蓝"]))]
    pub values: Vec<String>,
}

/// A category as stored.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = categories)]
pub struct CategoryRow {
    /// Its id.
    pub id: CategoryId,
    /// The category above, if any.
    pub parent_id: Option<CategoryId>,
    /// What it is called.
    pub name: String,
    /// Key of its picture.
    pub icon: Option<String>,
    /// Its place among its siblings.
    pub position: i64,
    /// Whether shoppers see it.
    pub shown: bool,
}

/// A product as stored.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = products)]
pub struct ProductRow {
    /// Its id.
    pub id: ProductId,
    /// Where it hangs in the tree.
    pub category_id: CategoryId,
    /// What its buyers get.
    pub kind: GoodsKind,
    /// How its freight is worked out.
    pub freight_template_id: FreightTemplateId,
    /// What it is called.
    pub title: String,
    /// One line more.
    pub subtitle: String,
    /// Who makes it.
    pub brand: String,
    /// JSON array of words.
    pub tags: String,
    /// Key of the first picture.
    pub cover: String,
    /// JSON array of picture keys.
    pub gallery: String,
    /// Address of a video.
    pub video: Option<String>,
    /// Sanitised HTML.
    pub description: String,
    /// JSON array of [`ProductOption`].
    pub options: String,
    /// Where it stands.
    pub state: ProductState,
    /// When it goes on sale by itself.
    pub on_sale_at: Option<Timestamp>,
    /// When it goes off sale by itself.
    pub off_sale_at: Option<Timestamp>,
    /// Pieces sold and paid for.
    pub sold: i64,
    /// When it first went on sale.
    pub listed_at: Option<Timestamp>,
    /// Rises with every edit.
    pub version: i64,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was edited last.
    pub updated_at: Timestamp,
}

/// A SKU as stored.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = skus)]
pub struct SkuRow {
    /// Its id.
    pub id: SkuId,
    /// Its product.
    pub product_id: ProductId,
    /// The merchant's own number for it.
    pub code: String,
    /// JSON array with one value per option, in the order of the options.
    pub option_values: String,
    /// Price.
    pub price_fen: Fen,
    /// Price to strike through.
    pub market_price_fen: Option<Fen>,
    /// What it cost the merchant.
    pub cost_fen: Option<Fen>,
    /// Grams a piece.
    pub weight_grams: i64,
    /// Cubic centimetres a piece.
    pub volume_cm3: i64,
    /// Barcode.
    pub barcode: Option<String>,
    /// Key of its own picture.
    pub picture: Option<String>,
    /// Its place among its siblings.
    pub position: i64,
    /// Whether it may be bought.
    pub sellable: bool,
}

/// A product with its SKUs.
#[derive(Clone, Debug)]
pub struct Product {
    /// The product.
    pub row: ProductRow,
    /// Its SKUs, in order.
    pub skus: Vec<SkuRow>,
}

/// A category as staff write it.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CategoryDraft {
    /// The category above; null at the top.
    pub parent_id: Option<CategoryId>,
    /// What it is called, 1 to 20 characters.
    #[schema(example = "连衣裙")]
    pub name: String,
    /// Key of its picture.
    #[schema(example = json!(null))]
    pub icon: Option<String>,
    /// Its place among its siblings, low first.
    #[schema(example = 10)]
    pub position: i64,
    /// Whether shoppers see it.
    #[schema(example = true)]
    pub shown: bool,
}

/// A product as staff write it. The description is sanitised before it is stored.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProductDraft {
    /// Where it hangs in the tree.
    pub category_id: CategoryId,
    /// What its buyers get; physical goods when absent. It is settled when the product is made.
    #[serde(default)]
    #[schema(example = "physical")]
    pub kind: Option<GoodsKind>,
    /// How its freight is worked out.
    pub freight_template_id: FreightTemplateId,
    /// What it is called, 1 to 60 characters.
    #[schema(example = "法式碎花连衣裙")]
    pub title: String,
    /// One line more, up to 100 characters.
    #[serde(default)]
    #[schema(example = "轻盈雪纺，一条过夏天")]
    pub subtitle: String,
    /// Who makes it, up to 40 characters.
    #[serde(default)]
    #[schema(example = "云裳")]
    pub brand: String,
    /// Up to 10 words of up to 12 characters.
    #[serde(default)]
    #[schema(example = json!(["新品", "夏季"]))]
    pub tags: Vec<String>,
    /// Key of the first picture; needed before it goes on sale.
    #[serde(default)]
    #[schema(example = "ab/0123456789abcdef.png")]
    pub cover: String,
    /// Keys of up to 10 more pictures.
    #[serde(default)]
    #[schema(example = json!([]))]
    pub gallery: Vec<String>,
    /// Address of a video, `https://…`.
    #[serde(default)]
    #[schema(example = json!(null))]
    pub video: Option<String>,
    /// HTML, up to 50,000 characters.
    #[serde(default)]
    #[schema(example = "<p>轻盈雪纺面料，宽松不挑身材。</p>")]
    pub description: String,
    /// Up to 4 options with up to 40 values each.
    #[serde(default)]
    pub options: Vec<ProductOption>,
    /// 1 to 200 SKUs, each with one value per option.
    pub skus: Vec<SkuDraft>,
}

/// A SKU as staff write it. One with a known code changes that SKU; one that is no longer named is switched off, since
/// orders still name it.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SkuDraft {
    /// The merchant's own number for it, unique in the shop, 1 to 40 characters.
    #[schema(example = "LYQ-001-WHITE-M")]
    pub code: String,
    /// One value per option, in the order of the options.
    #[serde(default)]
    #[schema(example = json!(["米白", "M"]))]
    pub option_values: Vec<String>,
    /// Price.
    pub price_fen: Fen,
    /// Price to strike through; not below the price.
    #[serde(default)]
    pub market_price_fen: Option<Fen>,
    /// What it cost the merchant; shoppers never see it.
    #[serde(default)]
    pub cost_fen: Option<Fen>,
    /// Grams a piece.
    #[schema(example = 300)]
    pub weight_grams: i64,
    /// Cubic centimetres a piece.
    #[serde(default)]
    #[schema(example = 1500)]
    pub volume_cm3: i64,
    /// Barcode, up to 20 characters.
    #[serde(default)]
    #[schema(example = "6901234567892")]
    pub barcode: Option<String>,
    /// Key of its own picture.
    #[serde(default)]
    #[schema(example = json!(null))]
    pub picture: Option<String>,
    /// Whether it may be bought.
    #[serde(default = "yes")]
    #[schema(example = true)]
    pub sellable: bool,
}

const fn yes() -> bool {
    true
}

/// When a product goes on and off sale by itself; null takes a plan back.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// Goes on sale at.
    pub on_sale_at: Option<Timestamp>,
    /// Goes off sale at; after `on_sale_at`.
    pub off_sale_at: Option<Timestamp>,
}

/// Where a picture with this key is served.
pub(in crate::catalog) fn picture_path(key: &str) -> String {
    if key.is_empty() { String::new() } else { format!("/files/{key}") }
}
