//! What a coupon takes off a basket.

use std::collections::HashMap;

use rust_decimal::Decimal;
use serde_json::json;

use super::listed;
use crate::catalog::{CategoryId, ProductId, SkuId};
use crate::coupon::error::CouponError;
use crate::coupon::model::{
    CouponBenefit, CouponFamily, CouponScope, CouponState, CouponTemplate, Goods, MAX_FEN, Worth,
};
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;
use crate::pricing::{PricedLine, Reach};

/// The way to each category from the top of the tree, itself included.
pub(in crate::coupon) type CategoryPaths = HashMap<CategoryId, Vec<CategoryId>>;

/// What matters of a coupon when a basket is priced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::coupon) struct Terms {
    pub(in crate::coupon) family: CouponFamily,
    pub(in crate::coupon) worth: Worth,
    pub(in crate::coupon) threshold: Fen,
    pub(in crate::coupon) goods: Goods,
    pub(in crate::coupon) stackable: bool,
}

impl Terms {
    /// The terms of a template's coupon with this worth of its own. What a template lacks against its constraints makes
    /// a coupon that takes nothing off.
    pub(in crate::coupon) fn of(template: &CouponTemplate, own: Option<Fen>) -> Self {
        let worth = match template.benefit {
            CouponBenefit::AmountOff => Worth::Amount(own.or(template.amount).unwrap_or(Fen::ZERO)),
            CouponBenefit::PercentOff => Worth::Share {
                permille: template.off_permille.unwrap_or_default(),
                cap: template.cap.unwrap_or(Fen::ZERO),
            },
            CouponBenefit::Shipping => Worth::Freight(own.or(template.amount)),
        };
        let excluded = || listed(&template.excluded_product_ids);
        let goods = match template.scope {
            CouponScope::All => Goods::AllBut(excluded()),
            CouponScope::Categories => Goods::In(listed(&template.category_ids), excluded()),
            CouponScope::Products => Goods::Only(listed(&template.product_ids)),
        };
        let (family, threshold, stackable) = (template.family, template.threshold, template.stackable);
        Self { family, worth, threshold, goods, stackable }
    }

    /// Whether the tree of categories matters for it.
    pub(in crate::coupon) const fn asks_tree(&self) -> bool {
        matches!(self.goods, Goods::In(..))
    }
}

/// Whether a product that hangs at `path` is what a coupon is for.
pub(in crate::coupon) fn fits_product(goods: &Goods, product: ProductId, path: &[CategoryId]) -> bool {
    match goods {
        Goods::AllBut(excluded) => !excluded.contains(&product),
        Goods::In(categories, excluded) => {
            !excluded.contains(&product) && path.iter().any(|category| categories.contains(category))
        }
        Goods::Only(products) => products.contains(&product),
    }
}

/// Why a coupon cannot be used for a basket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::coupon) enum Hindrance {
    /// It is in this state.
    NotHeld(CouponState),
    /// It can be used from this moment on.
    NotYetValid(Timestamp),
    /// Its time is over.
    Expired,
    /// Nothing in the basket is what it is for.
    OutOfScope,
    /// The campaign prices of what it is for allow no coupons.
    NotWithCampaign,
    /// What it is for costs this much and should cost that much.
    BelowThreshold(Fen, Fen),
    /// It would take nothing off.
    SavesNothing,
}

impl From<Hindrance> for CouponError {
    fn from(hindrance: Hindrance) -> Self {
        match hindrance {
            Hindrance::NotHeld(state) => Self::NotHeld(json!({ "state": state })),
            Hindrance::NotYetValid(from) => Self::NotYetValid(json!({ "valid_from": from })),
            Hindrance::Expired => Self::Expired,
            Hindrance::OutOfScope => Self::OutOfScope,
            Hindrance::NotWithCampaign => Self::NotWithCampaign,
            Hindrance::BelowThreshold(goods, threshold) => Self::BelowThreshold(json!({
                "threshold_fen": threshold,
                "goods_fen": goods,
                "missing_fen": threshold.minus(goods).unwrap_or(Fen::ZERO),
            })),
            Hindrance::SavesNothing => Self::SavesNothing,
        }
    }
}

/// What a coupon takes off, and from what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::coupon) struct TakenOff {
    pub(in crate::coupon) reach: Reach,
    pub(in crate::coupon) amount: Fen,
}

/// What a coupon takes off these lines as they are priced so far. Its threshold is measured by what is left to pay for
/// the goods it is for; a line whose campaign price allows no coupons counts for nothing.
pub(in crate::coupon) fn take_off(
    terms: &Terms,
    lines: &[PricedLine],
    paths: &CategoryPaths,
) -> Result<TakenOff, Hindrance> {
    let path = |line: &PricedLine| paths.get(&line.sku.category_id).map(Vec::as_slice).unwrap_or_default();
    let in_scope = |line: &&PricedLine| fits_product(&terms.goods, line.sku.product_id, path(line));
    let meant: Vec<&PricedLine> = lines.iter().filter(in_scope).collect();
    let open: Vec<&PricedLine> = meant.iter().copied().filter(|line| line.coupons_allowed).collect();
    if meant.is_empty() {
        return Err(Hindrance::OutOfScope);
    }
    if open.is_empty() {
        return Err(Hindrance::NotWithCampaign);
    }
    // Pricing refuses baskets whose sum leaves the range of money long before a coupon sees them.
    let left = Fen::sum(open.iter().map(|line| line.payable)).unwrap_or(MAX_FEN);
    if left < terms.threshold {
        return Err(Hindrance::BelowThreshold(left, terms.threshold));
    }
    let amount = match terms.worth {
        Worth::Freight(most) => {
            return Ok(TakenOff { reach: Reach::Freight, amount: most.unwrap_or(MAX_FEN) });
        }
        Worth::Amount(amount) => amount.min(left),
        Worth::Share { permille, cap } => left.at_rate(Decimal::new(permille, 3)).unwrap_or(cap).min(cap).min(left),
    };
    if amount <= Fen::ZERO {
        return Err(Hindrance::SavesNothing);
    }
    let skus: Vec<SkuId> = open.iter().map(|line| line.sku.sku_id).collect();
    Ok(TakenOff { reach: Reach::Lines(skus), amount })
}
