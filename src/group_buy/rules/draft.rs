//! What staff may promise.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{fits, lives};
use crate::catalog::{ProductId, SkuId};
use crate::group_buy::model::{
    Joiners, LatePayer, MAX_LEADS, MAX_PER_ORDER, MAX_PER_USER, MAX_PRICE, MAX_SKUS, MAX_STEPS, Visibility,
};
use crate::kernel::money::Fen;

/// What one SKU costs in a group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = GroupBuySku)]
#[serde(deny_unknown_fields)]
pub struct SkuDraft {
    /// The SKU, of the campaign's product.
    pub sku_id: SkuId,
    /// What a piece costs at each size, each cheaper than the one before; as many as there are sizes.
    #[schema(example = json!([9000, 8000]))]
    pub prices_fen: Vec<Fen>,
    /// What a piece costs the leader, at most the first price; 0 is free, null is the price of a member.
    #[serde(default)]
    #[schema(example = 0)]
    pub leader_price_fen: Option<Fen>,
    /// Most pieces that the campaign sells; null for no limit.
    #[serde(default)]
    #[schema(example = 500, minimum = 1)]
    pub quota: Option<i64>,
}

/// The rules of a group buy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = GroupBuyRules)]
#[serde(deny_unknown_fields)]
pub struct RulesDraft {
    /// What is bought together.
    pub product_id: ProductId,
    /// How many people make a group: 1 to 5 sizes from 2 to 100, smallest first. More than one is a ladder: the group
    /// stays open until its deadline or its largest size, everybody gets the price of the size reached, and what they
    /// paid too much goes back.
    #[schema(example = json!([3, 5]))]
    pub sizes: Vec<i64>,
    /// How long a group lives once its leader has paid, 15 to 4320 minutes; never past the campaign.
    #[serde(default = "a_day")]
    #[schema(example = 1440, minimum = 15, maximum = 4320)]
    pub lifetime_minutes: i64,
    /// How often a user may take part in the campaign, 1 to 1000.
    #[serde(default = "five")]
    #[schema(example = 5, minimum = 1, maximum = 1000)]
    pub per_user: i64,
    /// Most pieces in one order, 1 to 999.
    #[serde(default = "five")]
    #[schema(example = 5, minimum = 1, maximum = 999)]
    pub per_order: i64,
    /// How many groups a user may lead at once, 1 to 100.
    #[serde(default = "one")]
    #[schema(example = 1, minimum = 1, maximum = 100)]
    pub leads_at_once: i64,
    /// Who may join; anybody may open.
    #[serde(default = "anyone")]
    pub joiners: Joiners,
    /// When the time is over and this share of the smallest size has paid, in percent, the shop fills the seats that are
    /// left; null for never.
    #[serde(default)]
    #[schema(example = 60, minimum = 1, maximum = 100)]
    pub fill_percent: Option<i64>,
    /// Who sees a group.
    #[serde(default = "public")]
    pub visibility: Visibility,
    /// Whether coupons may be used with the group's price.
    #[serde(default = "yes")]
    #[schema(example = true)]
    pub coupons_allowed: bool,
    /// What becomes of somebody who pays after their seat was lost.
    #[serde(default = "other_group")]
    pub late_payer: LatePayer,
    /// What it costs, 1 to 200 SKUs of the product.
    pub skus: Vec<SkuDraft>,
}

const fn a_day() -> i64 {
    1_440
}

const fn five() -> i64 {
    5
}

const fn one() -> i64 {
    1
}

const fn yes() -> bool {
    true
}

const fn anyone() -> Joiners {
    Joiners::Anyone
}

const fn public() -> Visibility {
    Visibility::Public
}

const fn other_group() -> LatePayer {
    LatePayer::OtherGroup
}

/// A field that breaks its rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Flaw {
    /// Which field.
    pub field: &'static str,
    /// What it must be.
    pub rule: &'static str,
}

/// Whether rules keep their rules.
///
/// # Errors
/// Every field that breaks one.
pub fn checked(draft: &RulesDraft) -> Result<(), Vec<Flaw>> {
    let ids: BTreeSet<SkuId> = draft.skus.iter().map(|sku| sku.sku_id).collect();
    let every = |holds: fn(&SkuDraft) -> bool| draft.skus.iter().all(holds);
    let steps = draft.sizes.len();
    let rules = [
        (
            (1..=MAX_STEPS).contains(&steps) && draft.sizes.iter().all(|size| fits(*size)),
            "sizes",
            "1 to 5 sizes from 2 to 100",
        ),
        (draft.sizes.is_sorted_by(|smaller, larger| smaller < larger), "sizes", "each larger than the one before"),
        (lives(draft.lifetime_minutes), "lifetime_minutes", "15 to 4320"),
        ((1..=MAX_PER_USER).contains(&draft.per_user), "per_user", "1 to 1000"),
        ((1..=MAX_PER_ORDER).contains(&draft.per_order), "per_order", "1 to 999"),
        ((1..=MAX_LEADS).contains(&draft.leads_at_once), "leads_at_once", "1 to 100"),
        (draft.fill_percent.is_none_or(|percent| (1..=100).contains(&percent)), "fill_percent", "1 to 100, or null"),
        ((1..=MAX_SKUS).contains(&draft.skus.len()) && ids.len() == draft.skus.len(), "skus", "1 to 200, each once"),
        (draft.skus.iter().all(|sku| sku.prices_fen.len() == steps), "skus.prices_fen", "as many as there are sizes"),
        (every(|sku| sku.prices_fen.iter().all(|price| price_fits(*price))), "skus.prices_fen", "1 to 100000000"),
        (
            every(|sku| sku.prices_fen.is_sorted_by(|dearer, cheaper| dearer > cheaper)),
            "skus.prices_fen",
            "each cheaper than the one before",
        ),
        (every(leader_pays_no_more), "skus.leader_price_fen", "0 to the first price, or null"),
        (
            every(|sku| sku.quota.is_none_or(|quota| (1..=1_000_000_000).contains(&quota))),
            "skus.quota",
            "1 to 1000000000, or null",
        ),
    ];
    let flaws: Vec<Flaw> =
        rules.into_iter().filter(|(good, ..)| !good).map(|(_, field, rule)| Flaw { field, rule }).collect();
    if flaws.is_empty() { Ok(()) } else { Err(flaws) }
}

fn price_fits(price: Fen) -> bool {
    price > Fen::ZERO && price <= MAX_PRICE
}

fn leader_pays_no_more(sku: &SkuDraft) -> bool {
    let first = sku.prices_fen.first().copied().unwrap_or(Fen::ZERO);
    sku.leader_price_fen.is_none_or(|price| price >= Fen::ZERO && price <= first)
}
