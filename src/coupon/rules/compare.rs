//! Which coupons save most.

use crate::coupon::model::CouponFamily;
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;

/// How many coupons of each family are tried together: those that save most alone.
const PARTNERS: usize = 12;

/// A coupon that applies to a basket, tried alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::coupon) struct Trial {
    /// Its place among the coupons compared.
    pub(in crate::coupon) place: usize,
    /// Its family.
    pub(in crate::coupon) family: CouponFamily,
    /// Whether another may be used beside it.
    pub(in crate::coupon) stackable: bool,
    /// What it saves alone.
    pub(in crate::coupon) saving: Fen,
    /// When it ends.
    pub(in crate::coupon) valid_until: Timestamp,
}

/// One coupon, or one of each family, with what they save together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::coupon) struct Choice {
    /// Their places among the coupons compared, the shop's own first.
    pub(in crate::coupon) places: Vec<usize>,
    /// What they save.
    pub(in crate::coupon) saving: Fen,
    /// When the first of them ends.
    pub(in crate::coupon) valid_until: Timestamp,
}

impl Trial {
    /// This coupon alone.
    pub(in crate::coupon) fn alone(&self) -> Choice {
        Choice { places: vec![self.place], saving: self.saving, valid_until: self.valid_until }
    }
}

/// Pairs worth trying: a coupon of the shop and a portion that allow each other, from those that save most alone.
pub(in crate::coupon) fn partners(trials: &[Trial]) -> Vec<(Trial, Trial)> {
    let of = |family: CouponFamily| {
        let mut own: Vec<Trial> =
            trials.iter().filter(|trial| trial.family == family && trial.stackable).copied().collect();
        own.sort_by(|left, right| right.saving.cmp(&left.saving).then(left.valid_until.cmp(&right.valid_until)));
        own.truncate(PARTNERS);
        own
    };
    let social = of(CouponFamily::Social);
    of(CouponFamily::Shop).into_iter().flat_map(|shop| social.iter().map(move |portion| (shop, *portion))).collect()
}

/// The choice that saves most; of equal ones the one with fewer coupons, then the one that ends first.
pub(in crate::coupon) fn best(choices: impl IntoIterator<Item = Choice>) -> Option<Choice> {
    choices.into_iter().filter(|choice| choice.saving > Fen::ZERO).min_by(|left, right| {
        let by_saving = right.saving.cmp(&left.saving);
        by_saving
            .then(left.places.len().cmp(&right.places.len()))
            .then(left.valid_until.cmp(&right.valid_until))
            .then(left.places.cmp(&right.places))
    })
}
