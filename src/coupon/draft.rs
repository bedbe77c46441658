//! A template as staff, or a campaign, write it.

use serde::Deserialize;
use utoipa::ToSchema;

use super::model::{CouponAudience, CouponBenefit, CouponScope, CouponWay};
use crate::catalog::{CategoryId, ProductId};
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;

/// A kind of coupon as it is written.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CouponTemplateDraft {
    /// How people read it, 1–30 characters.
    #[schema(example = "满100减10", min_length = 1, max_length = 30)]
    pub title: String,
    /// The small print, at most 500 characters.
    #[serde(default)]
    #[schema(example = "全场通用，特价商品除外", max_length = 500)]
    pub description: String,
    /// How it is had.
    pub way: CouponWay,
    /// What it does.
    pub benefit: CouponBenefit,
    /// What an `amount_off` takes off; the most a `shipping` takes off the freight, null for all of it.
    #[serde(default)]
    #[schema(example = 1000)]
    pub amount_fen: Option<Fen>,
    /// The share a `percent_off` takes off, in thousandths, 1–999: 150 for 85折. The reduction is rounded half up to a
    /// whole fen.
    #[serde(default)]
    #[schema(example = json!(null), minimum = 1, maximum = 999)]
    pub off_permille: Option<i64>,
    /// The most a `percent_off` may come to.
    #[serde(default)]
    #[schema(example = json!(null))]
    pub cap_fen: Option<Fen>,
    /// What the goods it is for must cost at least, after campaign prices and promotions; 0 for any.
    #[serde(default)]
    #[schema(example = 10_000)]
    pub threshold_fen: Fen,
    /// Which goods it is for. A `shipping` coupon is for all.
    #[serde(default = "all_goods")]
    pub scope: CouponScope,
    /// The categories of the scope `categories`, each with everything below it; at most 200.
    #[serde(default)]
    #[schema(example = json!([]))]
    pub category_ids: Vec<CategoryId>,
    /// The products of the scope `products`; at most 200.
    #[serde(default)]
    #[schema(example = json!([]))]
    pub product_ids: Vec<ProductId>,
    /// Products that the scopes `all` and `categories` leave out; at most 200.
    #[serde(default)]
    #[schema(example = json!([]))]
    pub excluded_product_ids: Vec<ProductId>,
    /// Whether a portion of a social coupon may be used beside it.
    #[serde(default)]
    #[schema(example = false)]
    pub stackable: bool,
    /// First moment at which it can be used; null for at once.
    #[serde(default)]
    #[schema(example = json!(null))]
    pub valid_from: Option<Timestamp>,
    /// First moment at which it no longer can. This or `valid_days` is needed.
    #[serde(default)]
    #[schema(example = json!(null))]
    pub valid_until: Option<Timestamp>,
    /// Days after receipt during which it can be used, 1–3660.
    #[serde(default)]
    #[schema(example = 30, minimum = 1, maximum = 3660)]
    pub valid_days: Option<i64>,
    /// First moment at which it can be had; null for at once.
    #[serde(default)]
    #[schema(example = json!(null))]
    pub claims_from: Option<Timestamp>,
    /// First moment at which it no longer can; null for as long as it is active.
    #[serde(default)]
    #[schema(example = json!(null))]
    pub claims_until: Option<Timestamp>,
    /// Whom it is for.
    #[serde(default = "everyone")]
    pub audience: CouponAudience,
    /// Most there may ever be, 1–1,000,000,000; null for no limit.
    #[serde(default)]
    #[schema(example = 1000, minimum = 1, maximum = 1_000_000_000)]
    pub total_limit: Option<i64>,
    /// Most there may be in one day of the shop; null for no limit.
    #[serde(default)]
    #[schema(example = json!(null), minimum = 1, maximum = 1_000_000_000)]
    pub daily_limit: Option<i64>,
    /// Most that one user may ever have, 1–1000.
    #[serde(default = "one")]
    #[schema(example = 1, minimum = 1, maximum = 1000)]
    pub per_user_limit: i64,
    /// Most that one user may have in one day of the shop; null for no limit.
    #[serde(default)]
    #[schema(example = json!(null), minimum = 1, maximum = 1000)]
    pub per_user_daily_limit: Option<i64>,
    /// The code of the way `shared_code`: 4–10 letters and digits.
    #[serde(default)]
    #[schema(example = json!(null), min_length = 4, max_length = 10)]
    pub shared_code: Option<String>,
}

const fn all_goods() -> CouponScope {
    CouponScope::All
}

const fn everyone() -> CouponAudience {
    CouponAudience::Everyone
}

const fn one() -> i64 {
    1
}
