//! Figures of the report, as analytics defines them.

use rust_decimal::prelude::ToPrimitive as _;
use rust_decimal::{Decimal, RoundingStrategy};

use crate::kernel::money::Fen;

/// Decimals of every figure.
const PLACES: u32 = 4;
/// Thousandths in a whole.
const PERMILLE: Decimal = Decimal::ONE_THOUSAND;
/// How many standard deviations lie within 95 % of a normal distribution: 1.96.
const WITHIN_95: Decimal = Decimal::from_parts(196, 0, 0, false, 2);

/// A part of a whole, to four places, rounded half up; `None` of nothing.
pub(in crate::campaign) fn ratio(part: i64, whole: i64) -> Option<Decimal> {
    Decimal::from(part).checked_div(Decimal::from(whole)).map(rounded)
}

fn rounded(value: Decimal) -> Decimal {
    let mut rounded = value.round_dp_with_strategy(PLACES, RoundingStrategy::MidpointAwayFromZero);
    // Zeros at the end are shown too.
    rounded.rescale(PLACES);
    rounded
}

/// Return on what a campaign gave away: (gross margin − cost) / cost. The gross margin is the margin rate on the list
/// value of its orders, which is what they brought plus what the campaign took off them. `None` without a margin or
/// without cost.
pub(in crate::campaign) fn roi(
    net_revenue: Fen,
    taken_off: Fen,
    cost: Fen,
    margin_permille: Option<i64>,
) -> Option<Decimal> {
    let listed = Decimal::from(net_revenue.plus(taken_off)?.get());
    let margin = listed.checked_mul(Decimal::from(margin_permille?))?.checked_div(PERMILLE)?;
    let cost = Decimal::from(cost.get());
    margin.checked_sub(cost)?.checked_div(cost).map(rounded)
}

/// One side of a comparison: how many there are, and how many of them bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::campaign) struct Side {
    pub(in crate::campaign) users: i64,
    pub(in crate::campaign) buyers: i64,
}

/// By how much more often the treated bought than the held out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::campaign) struct Uplift {
    /// Difference of the two rates.
    pub(in crate::campaign) difference: Decimal,
    /// Lower end of its 95 % interval.
    pub(in crate::campaign) low: Decimal,
    /// Upper end of its 95 % interval.
    pub(in crate::campaign) high: Decimal,
}

/// The difference of two rates with its 95 % interval (normal approximation, variances not pooled); `None` when a side
/// is empty.
pub(in crate::campaign) fn uplift(treated: Side, held_out: Side) -> Option<Uplift> {
    let (of_treated, of_held) = (rate(treated)?, rate(held_out)?);
    let difference = of_treated.checked_sub(of_held)?;
    let variance = variance(of_treated, treated.users)?.checked_add(variance(of_held, held_out.users)?)?;
    let reach = WITHIN_95.checked_mul(square_root(variance)?)?;
    Some(Uplift {
        difference: rounded(difference),
        low: rounded(difference.checked_sub(reach)?),
        high: rounded(difference.checked_add(reach)?),
    })
}

fn rate(side: Side) -> Option<Decimal> {
    Decimal::from(side.buyers).checked_div(Decimal::from(side.users))
}

fn variance(rate: Decimal, users: i64) -> Option<Decimal> {
    rate.checked_mul(Decimal::ONE.checked_sub(rate)?)?.checked_div(Decimal::from(users))
}

/// The square root of a number between 0 and 1, to eight places.
fn square_root(value: Decimal) -> Option<Decimal> {
    let scaled = value.checked_mul(Decimal::from(10_000_000_000_000_000_i64))?.to_u128()?;
    Decimal::from(u64::try_from(scaled.isqrt()).ok()?).checked_div(Decimal::from(100_000_000_i64))
}
