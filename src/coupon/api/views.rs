//! How shoppers see coupons.

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::catalog::{CategoryId, ProductId};
use crate::coupon::error::CouponError;
use crate::coupon::hooks::claim_kind;
use crate::coupon::model::{
    Coupon, CouponBenefit, CouponFamily, CouponId, CouponScope, CouponSource, CouponState, CouponTemplate,
    CouponTemplateId, CouponUse, CouponWithTemplate, UseState,
};
use crate::coupon::rules;
use crate::coupon::service::{Compared, Comparison, Offered, Pocket};
use crate::coupon::store::ShelfCounts;
use crate::kernel::id::OrderId;
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;
use crate::platform::http::ApiError;
use crate::pricing::{OfferClaim, QuoteView};

/// What a coupon is worth, and where.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CouponTermsView {
    /// Whose coupon it is.
    pub family: CouponFamily,
    /// How people read it.
    #[schema(example = "满100减10")]
    pub title: String,
    /// The small print.
    #[schema(example = "全场通用，特价商品除外")]
    pub description: String,
    /// What it does.
    pub benefit: CouponBenefit,
    /// What it takes off; of freight at the most, null for all of it.
    #[schema(example = 1000)]
    pub amount_fen: Option<Fen>,
    /// The share it takes off, in thousandths.
    #[schema(example = json!(null))]
    pub off_permille: Option<i64>,
    /// The most a share may come to.
    #[schema(example = json!(null))]
    pub cap_fen: Option<Fen>,
    /// What the goods it is for must cost at least.
    #[schema(example = 10_000)]
    pub threshold_fen: Fen,
    /// Which goods it is for.
    pub scope: CouponScope,
    /// The categories it is for, each with everything below it.
    #[schema(example = json!([]))]
    pub category_ids: Vec<CategoryId>,
    /// The products it is for.
    #[schema(example = json!([]))]
    pub product_ids: Vec<ProductId>,
    /// The products it is not for.
    #[schema(example = json!([]))]
    pub excluded_product_ids: Vec<ProductId>,
    /// Whether a coupon of the other family may be used beside it.
    #[schema(example = false)]
    pub stackable: bool,
}

impl CouponTermsView {
    /// The terms of a template's coupon with this worth of its own.
    pub(in crate::coupon) fn of(template: &CouponTemplate, own: Option<Fen>) -> Self {
        Self {
            family: template.family,
            title: template.title.clone(),
            description: template.description.clone(),
            benefit: template.benefit,
            amount_fen: own.or(template.amount),
            off_permille: template.off_permille,
            cap_fen: template.cap,
            threshold_fen: template.threshold,
            scope: template.scope,
            category_ids: rules::listed(&template.category_ids),
            product_ids: rules::listed(&template.product_ids),
            excluded_product_ids: rules::listed(&template.excluded_product_ids),
            stackable: template.stackable,
        }
    }
}

/// One coupon of a shopper's.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CouponView {
    /// The coupon.
    pub coupon_id: CouponId,
    /// What kind it is.
    pub template_id: CouponTemplateId,
    /// Where it stands.
    pub state: CouponState,
    /// What it is worth, and where.
    pub terms: CouponTermsView,
    /// What it came from.
    pub source: CouponSource,
    /// First moment at which it can be used.
    pub valid_from: Timestamp,
    /// First moment at which it no longer can.
    pub valid_until: Timestamp,
    /// The order that has it, while it is reserved or used.
    #[schema(example = json!(null))]
    pub order_id: Option<OrderId>,
    /// When its user had it.
    pub issued_at: Timestamp,
    /// What to send as a claim, with a quote or an order, to use it.
    pub claim: OfferClaim,
}

impl CouponView {
    /// A coupon as it is at this moment, whether or not a sweep has noticed that its time is over.
    pub(in crate::coupon) fn at(held: &CouponWithTemplate, now: Timestamp) -> Self {
        let CouponWithTemplate { coupon, template } = held;
        Self {
            coupon_id: coupon.id,
            template_id: coupon.template_id,
            state: shown_state(coupon, now),
            terms: CouponTermsView::of(template, coupon.amount),
            source: coupon.source,
            valid_from: coupon.valid_from,
            valid_until: coupon.valid_until,
            order_id: coupon.order_id,
            issued_at: coupon.created_at,
            claim: OfferClaim {
                kind: claim_kind(template.family).to_owned(),
                reference: coupon.id.to_string(),
                sku_id: None,
            },
        }
    }
}

fn shown_state(coupon: &Coupon, now: Timestamp) -> CouponState {
    if coupon.is_over(now) { CouponState::Expired } else { coupon.state }
}

/// A coupon's use in an order.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CouponUseView {
    /// The order.
    pub order_id: OrderId,
    /// Whether it stands.
    pub state: UseState,
    /// What the coupon took off.
    pub amount_fen: Fen,
    /// When the order was placed.
    pub reserved_at: Timestamp,
    /// When the order was paid.
    #[schema(example = json!(null))]
    pub used_at: Option<Timestamp>,
    /// When the coupon came back.
    #[schema(example = json!(null))]
    pub returned_at: Option<Timestamp>,
}

impl From<CouponUse> for CouponUseView {
    fn from(row: CouponUse) -> Self {
        Self {
            order_id: row.order_id,
            state: row.state,
            amount_fen: row.amount,
            reserved_at: row.reserved_at,
            used_at: row.used_at,
            returned_at: row.returned_at,
        }
    }
}

/// One coupon with the orders it was in.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CouponDetailView {
    /// The coupon.
    pub coupon: CouponView,
    /// The orders it was in, latest first.
    pub uses: Vec<CouponUseView>,
    /// The moment of this answer.
    pub server_time: Timestamp,
}

impl From<Pocket> for CouponDetailView {
    fn from(pocket: Pocket) -> Self {
        Self {
            coupon: CouponView::at(&pocket.held, pocket.at),
            uses: pocket.uses.into_iter().map(CouponUseView::from).collect(),
            server_time: pocket.at,
        }
    }
}

/// How many coupons a wallet has.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct CouponSummaryView {
    /// Those that can still be used, or are in an unpaid order.
    #[schema(example = 3)]
    pub held: i64,
    /// Of those, how many end within three days.
    #[schema(example = 1)]
    pub ending_soon: i64,
    /// Those that were used.
    #[schema(example = 2)]
    pub used: i64,
    /// Those that are over or were taken back.
    #[schema(example = 0)]
    pub over: i64,
}

impl From<ShelfCounts> for CouponSummaryView {
    fn from(counts: ShelfCounts) -> Self {
        Self { held: counts.held, ending_soon: counts.ending_soon, used: counts.used, over: counts.over }
    }
}

/// Why something cannot be done, as a refusal of it would say.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CouponRefusalView {
    /// Stable and meant for programs.
    #[schema(example = "coupon.below_threshold")]
    pub code: &'static str,
    /// Meant for people, in Chinese.
    #[schema(example = "未达到优惠券使用门槛")]
    pub message_zh: &'static str,
    /// Meant for people, in English.
    #[schema(example = "The goods this coupon is for cost too little.")]
    pub message_en: &'static str,
    /// More about it, in a shape that depends on the code.
    #[schema(value_type = Option<Object>, example = json!({"threshold_fen": 10_000, "goods_fen": 9_000, "missing_fen": 1_000}))]
    pub details: Value,
}

impl From<CouponError> for CouponRefusalView {
    fn from(error: CouponError) -> Self {
        let answer = ApiError::from(error);
        let refusal = answer.refusal();
        let details = answer.body().get("details").cloned().unwrap_or_default();
        Self { code: refusal.code, message_zh: refusal.zh, message_en: refusal.en, details }
    }
}

/// A coupon on offer.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ClaimableCouponView {
    /// What to claim.
    pub template_id: CouponTemplateId,
    /// What it is worth, and where.
    pub terms: CouponTermsView,
    /// First moment at which it can be used; null for at once.
    #[schema(example = json!(null))]
    pub valid_from: Option<Timestamp>,
    /// First moment at which it no longer can; null when only `valid_days` says.
    #[schema(example = json!(null))]
    pub valid_until: Option<Timestamp>,
    /// Days after receipt during which it can be used.
    #[schema(example = 30)]
    pub valid_days: Option<i64>,
    /// First moment at which it can be had; null for at once.
    #[schema(example = json!(null))]
    pub claims_from: Option<Timestamp>,
    /// First moment at which it no longer can.
    #[schema(example = json!(null))]
    pub claims_until: Option<Timestamp>,
    /// How many there may be; null for no limit.
    #[schema(example = 1000)]
    pub total: Option<i64>,
    /// How many are left of them; null for no limit.
    #[schema(example = 120)]
    pub left: Option<i64>,
    /// How many of them this shopper ever had.
    #[schema(example = 0)]
    pub had: i64,
    /// How many one may ever have.
    #[schema(example = 1)]
    pub per_user_limit: i64,
    /// Whether this shopper may take one now; before log-in, whether anybody may.
    #[schema(example = true)]
    pub claimable: bool,
    /// Why not.
    pub refusal: Option<CouponRefusalView>,
}

impl From<Offered> for ClaimableCouponView {
    fn from(offered: Offered) -> Self {
        let Offered { template, allotment, had, refusal } = offered;
        Self {
            template_id: template.id,
            terms: CouponTermsView::of(&template, None),
            valid_from: template.valid_from,
            valid_until: template.valid_until,
            valid_days: template.valid_days,
            claims_from: template.claims_from,
            claims_until: template.claims_until,
            total: allotment.total_limit,
            left: allotment.left(),
            had,
            per_user_limit: template.per_user_limit,
            claimable: refusal.is_none(),
            refusal: refusal.map(CouponRefusalView::from),
        }
    }
}

/// What is on offer.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ClaimableCouponsView {
    /// The moment of this answer, to count down from.
    pub server_time: Timestamp,
    /// What is on offer now or soon, newest first, at most 100.
    pub items: Vec<ClaimableCouponView>,
}

/// A held coupon and what it would do for a basket.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ComparedCouponView {
    /// The coupon.
    pub coupon: CouponView,
    /// Whether it can be used for this basket.
    #[schema(example = true)]
    pub applies: bool,
    /// What it would save alone, freight included; 0 when it cannot be used.
    #[schema(example = 1000)]
    pub saving_fen: Fen,
    /// Why it cannot be used.
    pub refusal: Option<CouponRefusalView>,
    /// Whether it belongs to the best choice.
    #[schema(example = true)]
    pub best: bool,
}

impl ComparedCouponView {
    fn of(compared: Compared, now: Timestamp) -> Self {
        let (saving, refusal) = match compared.outcome {
            Ok(saving) => (saving, None),
            Err(error) => (Fen::ZERO, Some(error.into())),
        };
        Self {
            coupon: CouponView::at(&compared.held, now),
            applies: refusal.is_none(),
            saving_fen: saving,
            refusal,
            best: compared.chosen,
        }
    }
}

/// The coupons of a shopper compared for a basket.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct BestCouponsView {
    /// The moment of this answer.
    pub server_time: Timestamp,
    /// What the basket costs without coupons.
    pub total_without_fen: Fen,
    /// What the best choice saves; 0 when no coupon saves anything.
    #[schema(example = 1000)]
    pub saving_fen: Fen,
    /// What to send with a quote or an order for the best choice: the claims of the request and its coupons.
    pub claims: Vec<OfferClaim>,
    /// The quote with those claims.
    pub quote: QuoteView,
    /// Every coupon held, at most 100, those that save most first.
    pub coupons: Vec<ComparedCouponView>,
}

impl From<Comparison> for BestCouponsView {
    fn from(comparison: Comparison) -> Self {
        let Comparison { total_without, quote, claims, coupons, at } = comparison;
        Self {
            server_time: at,
            total_without_fen: total_without,
            saving_fen: total_without.minus(quote.total).unwrap_or(Fen::ZERO),
            claims,
            quote: quote.into(),
            coupons: coupons.into_iter().map(|compared| ComparedCouponView::of(compared, at)).collect(),
        }
    }
}
