//! Arithmetic of figures: ratios, means, quantiles, intervals and exact shares of money.
#![allow(clippy::float_arithmetic, reason = "statistics about people and times; money is split in whole fen")]

use rustc_hash::FxHashMap;

/// 97.5 % quantile of the normal distribution, for intervals of 95 %.
const Z95: f64 = 1.959_963_984_540_054;

/// Milliseconds in a day of 24 hours.
pub const DAY_MS: i64 = 86_400_000;

/// A count as a number.
pub fn real(count: u64) -> f64 {
    let low = u32::try_from(count & 0xffff_ffff).unwrap_or(u32::MAX);
    let high = u32::try_from(count >> 32).unwrap_or(u32::MAX);
    f64::from(high) * 4_294_967_296.0 + f64::from(low)
}

/// A signed whole number as a number; exact below 2^53.
pub fn real_signed(whole: i64) -> f64 {
    let size = real(whole.unsigned_abs());
    if whole < 0 { -size } else { size }
}

/// The whole number nearest to `number`, when it is finite and below 2^53 in size.
pub fn whole(number: f64) -> Option<i64> {
    let rounded = number.round();
    if !rounded.is_finite() || rounded.abs() >= 9_007_199_254_740_992.0 {
        return None;
    }
    let bits = rounded.abs().to_bits();
    let exponent = i64::try_from(bits >> 52).ok()? - 1075;
    let mantissa = (bits & ((1 << 52) - 1)) | (1 << 52);
    let size = match u32::try_from(-exponent) {
        Ok(shift) => mantissa.checked_shr(shift).unwrap_or(0),
        Err(_) => mantissa.checked_shl(u32::try_from(exponent).ok()?)?,
    };
    let size = i64::try_from(size).ok()?;
    Some(if number < 0.0 { -size } else { size })
}

/// A list position as a count.
pub fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// A 32-bit number as a position in a list.
pub fn place(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// A position in a list as a 32-bit number; the largest when it is beyond.
pub fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

/// `part / whole`; none when the whole is 0.
pub fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| real(part) / real(whole))
}

/// `part / whole` of numbers; none when the whole is 0.
pub fn quotient(part: f64, whole: f64) -> Option<f64> {
    (whole != 0.0).then(|| part / whole)
}

/// The mean; none of nothing.
pub fn mean(values: &[f64]) -> Option<f64> {
    quotient(values.iter().sum(), real(count(values.len())))
}

/// The median of sorted values: the middle one, or the mean of the two middle ones; none of nothing.
pub fn median(sorted: &[f64]) -> Option<f64> {
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = *sorted.get(middle.checked_sub(1)?)?;
    Some(lower + (upper - lower) / 2.0)
}

/// The `percent`-th percentile of sorted values by nearest rank; none of nothing.
pub fn percentile(sorted: &[f64], percent: usize) -> Option<f64> {
    let rank = sorted.len().saturating_mul(percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

/// Mean and standard deviation of the population of values; none of nothing.
pub fn spread(values: &[f64]) -> Option<(f64, f64)> {
    let middle = mean(values)?;
    let squares: Vec<f64> = values.iter().map(|value| (value - middle) * (value - middle)).collect();
    Some((middle, mean(&squares)?.sqrt()))
}

/// Wilson's interval of 95 % for `hits` of `trials`; none without trials.
pub fn wilson(hits: u64, trials: u64) -> Option<(f64, f64)> {
    let rate = ratio(hits, trials)?;
    let n = real(trials);
    let z2 = Z95 * Z95;
    let centre = (rate + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z95 / (1.0 + z2 / n) * (rate * (1.0 - rate) / n + z2 / (4.0 * n * n)).sqrt();
    Some(((centre - half).max(0.0), (centre + half).min(1.0)))
}

/// Difference of two rates, `treated − control`, with its interval of 95 % (Newcombe's, from Wilson's intervals, which
/// holds for small groups too); none when a group is empty.
pub fn uplift(treated: (u64, u64), control: (u64, u64)) -> Option<(f64, f64, f64)> {
    let (rate_t, rate_c) = (ratio(treated.0, treated.1)?, ratio(control.0, control.1)?);
    let (low_t, high_t) = wilson(treated.0, treated.1)?;
    let (low_c, high_c) = wilson(control.0, control.1)?;
    let difference = rate_t - rate_c;
    let below = ((rate_t - low_t).powi(2) + (high_c - rate_c).powi(2)).sqrt();
    let above = ((high_t - rate_t).powi(2) + (rate_c - low_c).powi(2)).sqrt();
    Some((difference, difference - below, difference + above))
}

/// Splits `total` fen by weights that are not negative, summing to it exactly: everybody gets the whole part of their
/// share, and what is left goes fen by fen to the largest remainders, the earlier first among equals. Without any
/// weight the first gets all.
pub fn split_fen(total: i64, weights: &[f64]) -> Vec<i64> {
    let sum: f64 = weights.iter().sum();
    let size = real_signed(total.saturating_abs());
    let shares: Vec<f64> = weights.iter().map(|weight| quotient(size * weight, sum).unwrap_or(0.0)).collect();
    let mut parts: Vec<i64> = shares.iter().map(|share| whole(share.floor()).unwrap_or(0)).collect();
    let mut order: Vec<usize> = (0..parts.len()).collect();
    let remainder = |place: &usize| shares.get(*place).map_or(0.0, |share| share - share.floor());
    // Remainders that differ by less than a billionth differ by rounding only, so they count as equal.
    let coarse = |place: &usize| whole(remainder(place) * 1e9).unwrap_or(0);
    order.sort_by_key(|place| std::cmp::Reverse(coarse(place)));
    let mut left = total.saturating_abs() - parts.iter().sum::<i64>();
    for place in order.iter().cycle().take(order.len().saturating_mul(2)) {
        if left <= 0 {
            break;
        }
        if let Some(part) = parts.get_mut(*place) {
            *part += 1;
            left -= 1;
        }
    }
    if left != 0
        && let Some(first) = parts.first_mut()
    {
        *first += left;
    }
    if total < 0 { parts.into_iter().map(|part| -part).collect() } else { parts }
}

/// Adds to a count kept by key.
pub fn add<K: Eq + std::hash::Hash>(counts: &mut FxHashMap<K, u64>, key: K, more: u64) {
    *counts.entry(key).or_default() += more;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_survive_the_way_through_numbers() {
        for number in [0, 1, -1, 2, 3, 1023, 1024, 12_345_678_901, -9_007_199_254_740_991, 4_294_967_296] {
            assert_eq!(whole(real_signed(number)), Some(number));
        }
        assert_eq!(whole(2.5), Some(3));
        assert_eq!(whole(-0.4), Some(0));
        assert_eq!(whole(f64::NAN), None);
        assert_eq!(whole(1e300), None);
    }

    #[test]
    fn fen_are_split_without_losing_any() {
        assert_eq!(split_fen(100, &[1.0, 1.0, 1.0]), vec![34, 33, 33]);
        assert_eq!(split_fen(-100, &[1.0, 1.0, 1.0]), vec![-34, -33, -33]);
        assert_eq!(split_fen(7, &[0.4, 0.2, 0.4]), vec![3, 1, 3]);
        assert_eq!(split_fen(5, &[0.0, 0.0]).iter().sum::<i64>(), 5);
        assert!(split_fen(5, &[]).is_empty());
    }

    #[test]
    fn the_median_of_an_even_number_is_the_mean_of_the_middle_two() {
        assert_eq!(median(&[1.0, 2.0, 4.0, 9.0]), Some(3.0));
        assert_eq!(median(&[1.0, 2.0, 4.0]), Some(2.0));
        assert_eq!(median(&[]), None);
        assert_eq!(percentile(&[1.0, 2.0, 3.0, 4.0], 50), Some(2.0));
        assert_eq!(percentile(&[1.0, 2.0, 3.0, 4.0], 95), Some(4.0));
    }

    #[test]
    fn wilson_agrees_with_the_textbook() {
        let (low, high) = wilson(8, 10).unwrap();
        assert!((low - 0.4902).abs() < 5e-5 && (high - 0.9433).abs() < 5e-5, "{low} {high}");
        assert_eq!(wilson(0, 0), None);
        assert_eq!(wilson(0, 5).unwrap().0, 0.0);
    }

    #[test]
    fn uplift_agrees_with_newcombe() {
        let (difference, low, high) = uplift((56, 70), (48, 80)).unwrap();
        assert!((difference - 0.2).abs() < 1e-12 && (low - 0.0524).abs() < 5e-5 && (high - 0.3339).abs() < 5e-5);
        assert_eq!(uplift((0, 0), (1, 2)), None);
    }
}
