//! When one member of staff alone may not give coupons away.

use crate::coupon::model::{CouponBenefit, CouponSettings, CouponTemplate};
use crate::kernel::money::Fen;

/// What so many coupons of a template may come to together; `None` when nobody can say, as for all of the freight.
pub(in crate::coupon) fn worth_together(template: &CouponTemplate, coupons: i64) -> Option<Fen> {
    let worth = match template.benefit {
        CouponBenefit::AmountOff | CouponBenefit::Shipping => template.amount,
        CouponBenefit::PercentOff => template.cap,
    };
    worth.map(|worth| worth.times(coupons).unwrap_or(Fen::new(i64::MAX)))
}

/// Whether a second member of staff must agree, as to whatever nobody can say the worth of. What a campaign's budget
/// pays for was agreed to with the budget.
pub(in crate::coupon) fn needs_second_person(
    settings: &CouponSettings,
    template: &CouponTemplate,
    coupons: i64,
) -> bool {
    let worth = worth_together(template, coupons);
    let too_many = coupons > settings.approval_above_count;
    template.campaign_id.is_none() && (too_many || worth.is_none_or(|worth| worth > settings.approval_above))
}
