//! Money: whole fen (1/100 yuan), checked arithmetic, and exact ways to divide it.

use diesel::{AsExpression, FromSqlRow};
use rust_decimal::{Decimal, RoundingStrategy, prelude::ToPrimitive};
use serde::{Deserialize, Serialize};

/// An amount of money in fen. Every operation that could leave 64 bits answers `None` instead of wrapping.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, AsExpression, FromSqlRow,
)]
#[diesel(sql_type = diesel::sql_types::BigInt)]
#[serde(transparent)]
pub struct Fen(i64);

crate::stored_as_bigint!(Fen);

impl Fen {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Wraps an amount in fen.
    pub const fn new(fen: i64) -> Self {
        Self(fen)
    }

    /// The amount in fen.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The sum; `None` on overflow.
    pub const fn plus(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }

    /// The difference, which may be negative; `None` on overflow.
    pub const fn minus(self, other: Self) -> Option<Self> {
        match self.0.checked_sub(other.0) {
            Some(difference) => Some(Self(difference)),
            None => None,
        }
    }

    /// This amount `count` times; `None` on overflow.
    pub const fn times(self, count: i64) -> Option<Self> {
        match self.0.checked_mul(count) {
            Some(product) => Some(Self(product)),
            None => None,
        }
    }

    /// The opposite amount; `None` for the smallest number, which has no opposite.
    pub const fn negated(self) -> Option<Self> {
        match self.0.checked_neg() {
            Some(opposite) => Some(Self(opposite)),
            None => None,
        }
    }

    /// This amount times `rate`, rounded half up to a whole fen; `None` on overflow.
    pub fn at_rate(self, rate: Decimal) -> Option<Self> {
        let exact = Decimal::from(self.0).checked_mul(rate)?;
        exact.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero).to_i64().map(Self)
    }

    /// The sum of many amounts; `None` on overflow.
    pub fn sum(amounts: impl IntoIterator<Item = Self>) -> Option<Self> {
        amounts.into_iter().try_fold(Self::ZERO, Self::plus)
    }

    /// Yuan with two decimals, as people read it: `1234` is `12.34`.
    pub fn to_yuan(self) -> String {
        let sign = if self.0 < 0 { "-" } else { "" };
        let fen = self.0.unsigned_abs();
        format!("{sign}{}.{:02}", fen / 100, fen % 100)
    }
}

impl utoipa::PartialSchema for Fen {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
        let object = ObjectBuilder::new()
            .schema_type(Type::Integer)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
            .description(Some("Fen: 1/100 yuan."))
            .examples([serde_json::json!(9900)])
            .build();
        utoipa::openapi::RefOr::T(Schema::Object(object))
    }
}

impl utoipa::ToSchema for Fen {}

/// Spreads `amount` over parts in proportion to `weights` by largest remainder: the parts always sum to `amount`.
/// Ties go to the earlier part. With no weight at all, everything falls to the first part.
///
/// Returns `None` when a weight or the amount is negative, or when there are no parts for an amount above zero.
pub fn prorate(amount: Fen, weights: &[Fen]) -> Option<Vec<Fen>> {
    if amount.0 < 0 || weights.iter().any(|weight| weight.0 < 0) {
        return None;
    }
    if weights.is_empty() {
        return (amount.0 == 0).then(Vec::new);
    }
    let total: i128 = weights.iter().map(|weight| i128::from(weight.0)).sum();
    if total == 0 {
        let first = std::iter::once(amount);
        return Some(first.chain(std::iter::repeat(Fen::ZERO)).take(weights.len()).collect());
    }
    let mut parts = Vec::with_capacity(weights.len());
    let mut remainders = Vec::with_capacity(weights.len());
    let mut given = 0_i128;
    for (position, weight) in weights.iter().enumerate() {
        let exact = i128::from(amount.0).checked_mul(i128::from(weight.0))?;
        let whole = exact / total;
        given += whole;
        parts.push(i64::try_from(whole).ok()?);
        remainders.push((exact % total, position));
    }
    remainders.sort_by(|left, right| right.0.cmp(&left.0).then(left.1.cmp(&right.1)));
    let missing = usize::try_from(i128::from(amount.0) - given).ok()?;
    for (_, position) in remainders.into_iter().take(missing) {
        if let Some(part) = parts.get_mut(position) {
            *part += 1;
        }
    }
    Some(parts.into_iter().map(Fen).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_discount_is_spread_by_largest_remainder_and_sums_to_the_fen() {
        let parts = prorate(Fen(100), &[Fen(1), Fen(1), Fen(1)]);
        assert_eq!(parts, Some(vec![Fen(34), Fen(33), Fen(33)]));
        assert_eq!(prorate(Fen(5), &[Fen(0), Fen(0)]), Some(vec![Fen(5), Fen(0)]));
        assert_eq!(prorate(Fen(1), &[]), None);
    }

    #[test]
    fn a_rate_rounds_half_up() {
        assert_eq!(Fen(105).at_rate(Decimal::new(5, 1)), Some(Fen(53)));
        assert_eq!(Fen(i64::MAX).at_rate(Decimal::from(2)), None);
    }

    #[test]
    fn yuan_have_two_decimals() {
        assert_eq!(Fen(1234).to_yuan(), "12.34");
        assert_eq!(Fen(-5).to_yuan(), "-0.05");
    }

    proptest! {
        #[test]
        fn parts_sum_to_the_whole_and_none_exceeds_its_weight_when_the_amount_fits(
            weights in proptest::collection::vec(0_i64..10_000_000, 1..40), share in 0_i64..=1_000_000
        ) {
            let total: i64 = weights.iter().sum();
            let amount = i64::try_from(i128::from(total) * i128::from(share) / 1_000_000).unwrap_or(0);
            let weights: Vec<Fen> = weights.into_iter().map(Fen).collect();
            let parts = prorate(Fen(amount), &weights).unwrap_or_default();
            prop_assert_eq!(Fen::sum(parts.iter().copied()), Some(Fen(amount)));
            for (part, weight) in parts.iter().zip(&weights) {
                prop_assert!(part.0 >= 0 && part.0 <= weight.0);
            }
        }
    }
}
