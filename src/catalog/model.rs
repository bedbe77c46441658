//! The words of the catalogue.

use crate::kernel::money::Fen;

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

/// What a basket needs to know of a SKU, read from the transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkuFacts {
    /// The SKU.
    pub sku_id: SkuId,
    /// Its product.
    pub product_id: ProductId,
    /// The product's category.
    pub category_id: CategoryId,
    /// How the product's freight is worked out.
    pub freight_template_id: FreightTemplateId,
    /// The product's title.
    pub title: String,
    /// The option values, as people read them.
    pub option_text: String,
    /// The SKU's own picture, or the product's cover.
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
