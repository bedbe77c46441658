//! The words of a quote.

use serde::{Deserialize, Serialize};

use crate::catalog::{GoodsKind, ProductId, SkuId};
use crate::kernel::id::UserId;
use crate::kernel::money::Fen;

/// Most lines of a basket, as of a cart.
pub const MAX_LINES: usize = 120;
/// Most pieces of one SKU.
pub const MAX_QUANTITY: i64 = 999;
/// Most offers claimed at once.
pub const MAX_CLAIMS: usize = 20;
/// Most characters of a claim's reference.
pub const MAX_REFERENCE: usize = 64;

/// An offer the buyer chose: a group to join, a bargain to redeem, a coupon to use.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OfferClaim {
    /// Which kind of offer.
    #[schema(example = "group_buy", max_length = 32)]
    pub kind: String,
    /// Which one of that kind.
    #[schema(example = "184467440737095516", max_length = 64)]
    pub reference: String,
    /// The line it is for; absent when it is for the whole basket.
    #[serde(default)]
    pub sku_id: Option<SkuId>,
}

/// So many pieces of one SKU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BasketLine {
    /// What.
    pub sku_id: SkuId,
    /// How many, 1–999.
    #[schema(example = 2, minimum = 1, maximum = 999)]
    pub quantity: i64,
}

/// What is to be priced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuoteRequest {
    /// Who buys; absent before log-in.
    pub user: Option<UserId>,
    /// The province it is sent to; without one the freight stays open.
    pub province_code: Option<String>,
    /// Whether the buyer collects it, so that nothing is sent and there is no freight.
    pub picked_up: bool,
    /// The basket.
    pub lines: Vec<BasketLine>,
    /// The offers chosen.
    pub claims: Vec<OfferClaim>,
}

/// What one source changed in a price.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Adjustment {
    /// The kind of offer.
    #[schema(example = "coupon")]
    pub source: String,
    /// Which one of that kind.
    #[schema(example = "184467440737095516")]
    pub source_ref: String,
    /// How people read it.
    #[schema(example = "满100减10")]
    pub title: String,
    /// The line it belongs to; null when it was spread over several lines or taken off the freight.
    pub sku_id: Option<SkuId>,
    /// Whether it was taken off the freight instead of the goods.
    pub on_freight: bool,
    /// How much, in fen; negative is cheaper, never above zero.
    #[serde(rename = "amount_fen")]
    #[schema(example = -1000)]
    pub amount: Fen,
}

/// One line with its price. `payable = goods − discount + freight`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct QuotedLine {
    /// The SKU.
    pub sku_id: SkuId,
    /// Its product.
    pub product_id: ProductId,
    /// What its buyer gets.
    pub kind: GoodsKind,
    /// The product's title.
    #[schema(example = "亚麻连衣裙")]
    pub title: String,
    /// The option values, as people read them.
    #[schema(example = "米白 M")]
    pub option_text: String,
    /// The picture to show.
    #[schema(example = "/files/2026/01/dress.jpg")]
    pub picture: String,
    /// The base price of one piece.
    #[serde(rename = "unit_price_fen")]
    pub unit_price: Fen,
    /// How many pieces.
    #[schema(example = 2)]
    pub quantity: i64,
    /// Base price times quantity.
    #[serde(rename = "goods_fen")]
    pub goods: Fen,
    /// What all reductions took off this line, at least zero.
    #[serde(rename = "discount_fen")]
    #[schema(example = 0)]
    pub discount: Fen,
    /// The line's share of the freight.
    #[serde(rename = "freight_fen")]
    #[schema(example = 0)]
    pub freight: Fen,
    /// What is to be paid for this line.
    #[serde(rename = "payable_fen")]
    pub payable: Fen,
}

/// The price of a basket. Sums of the lines equal the totals to the fen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quote {
    /// The lines, in the order of the request.
    pub lines: Vec<QuotedLine>,
    /// Every change of price in the order of application.
    pub adjustments: Vec<Adjustment>,
    /// Sum of the base prices.
    pub goods: Fen,
    /// What all reductions took off the goods.
    pub discount: Fen,
    /// The freight after reductions; zero while it is open.
    pub freight: Fen,
    /// Whether the freight is still open because no province was given. Such a quote cannot be ordered.
    pub freight_pending: bool,
    /// What is to be paid: goods − discount + freight.
    pub total: Fen,
    /// A fingerprint of everything that makes the price: two quotes with one digest cost the same for the same reasons.
    pub digest: String,
}
