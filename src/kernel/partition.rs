//! Splitting an amount into pieces by chance that can be repeated: the cuts of a bargain, the portions of a packet.
//!
//! Everything random comes from a recorded seed through [`Draws`], a stream of numbers defined here to the last bit
//! (SHA-256 over a name, the seed and a counter), so that any result can be derived again years later, by other
//! versions and in other languages. It must therefore never change: a golden vector in the tests pins it.

use aws_lc_rs::digest::{SHA256, digest};

use crate::kernel::money::{Fen, prorate};

/// Most pieces of one partition.
pub const MAX_PIECES: usize = 100_000;

/// How an amount is spread over its pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// Pieces that differ by a fen at the most, the larger ones first.
    Equal,
    /// Pieces of any size, none likelier to be large than another.
    Random,
    /// Large pieces first and small ones last, as a trend; neighbours still differ by chance.
    FrontLoaded,
}

/// Splits `total` into `pieces`, each at least `minimum`, summing to it exactly. The same arguments always give the
/// same answer; `seed` has no effect on [`Shape::Equal`].
///
/// Returns `None` when it cannot be done: a negative amount, more than [`MAX_PIECES`], or too little for all of them.
pub fn partition(total: Fen, pieces: usize, minimum: Fen, shape: Shape, seed: u64) -> Option<Vec<Fen>> {
    if minimum < Fen::ZERO || pieces > MAX_PIECES {
        return None;
    }
    let count = i64::try_from(pieces).ok()?;
    let spare = total.minus(minimum.times(count)?)?;
    if spare < Fen::ZERO {
        return None;
    }
    let weights = weights(count, shape, seed)?;
    prorate(spare, &weights)?.into_iter().map(|part| part.plus(minimum)).collect()
}

/// How much of what is to be spread each piece attracts.
fn weights(count: i64, shape: Shape, seed: u64) -> Option<Vec<Fen>> {
    let mut draws = Draws::new("partition/1", seed);
    let weight = |place: i64| match shape {
        Shape::Equal => Some(1),
        Shape::Random => Some(draws.between(1, 1_000)),
        Shape::FrontLoaded => {
            let left = count.checked_sub(place)?;
            left.checked_mul(left)?.checked_mul(draws.between(40, 160))
        }
    };
    (0..count).map(weight).map(|weight| weight.map(Fen::new)).collect()
}

/// A stream of numbers that a purpose and a seed determine.
#[derive(Clone, Debug)]
pub struct Draws {
    purpose: &'static str,
    seed: u64,
    counter: u64,
}

impl Draws {
    /// The stream of this seed for this purpose; streams for different purposes have nothing to do with each other.
    pub const fn new(purpose: &'static str, seed: u64) -> Self {
        Self { purpose, seed, counter: 0 }
    }

    /// The next number of the stream, each from `low` to `high` equally likely; `low` when the range is empty.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        // From i64::MIN to i64::MAX there are 2^64 numbers, one more than a u64 holds.
        let Some(span) = u64::try_from(i128::from(high) - i128::from(low)).ok().and_then(|last| last.checked_add(1))
        else {
            return low;
        };
        // Numbers above the last whole multiple of the span would favour the lower results.
        let fair = u64::MAX - u64::MAX % span;
        let drawn = std::iter::repeat_with(|| self.next()).find(|number| *number < fair).unwrap_or(0);
        i64::try_from(i128::from(low) + i128::from(drawn % span)).unwrap_or(low)
    }

    /// The first eight bytes of SHA-256 over the purpose, a zero byte, the seed and the counter, all big-endian.
    fn next(&mut self) -> u64 {
        let counter = self.counter;
        self.counter = self.counter.wrapping_add(1);
        let mut message = self.purpose.as_bytes().to_vec();
        message.push(0);
        message.extend_from_slice(&self.seed.to_be_bytes());
        message.extend_from_slice(&counter.to_be_bytes());
        let hash = digest(&SHA256, &message);
        hash.as_ref().first_chunk::<8>().map_or(0, |head| u64::from_be_bytes(*head))
    }
}

/// A seed nobody can guess, to be recorded beside what it decides.
pub fn fresh_seed() -> u64 {
    rand::random()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fen(parts: &[i64]) -> Option<Vec<Fen>> {
        Some(parts.iter().copied().map(Fen::new).collect())
    }

    #[test]
    fn the_same_seed_gives_the_same_pieces_in_every_version() {
        let pieces = |shape| partition(Fen::new(10_000), 8, Fen::new(1), shape, 20_261_122);
        assert_eq!(pieces(Shape::Equal), fen(&[1250; 8]));
        assert_eq!(pieces(Shape::Random), fen(&[1398, 477, 1718, 1098, 1043, 1702, 853, 1711]));
        assert_eq!(pieces(Shape::FrontLoaded), fen(&[3311, 2449, 1736, 1347, 829, 183, 94, 51]));
        let mut draws = Draws::new("golden", u64::MAX);
        let drawn: Vec<i64> = (0..6).map(|_| draws.between(-5, 994)).collect();
        assert_eq!(drawn, [195, 220, 776, 973, 138, 497]);
    }

    #[test]
    fn what_cannot_be_split_is_not() {
        assert_eq!(partition(Fen::new(9), 10, Fen::new(1), Shape::Random, 1), None);
        assert_eq!(partition(Fen::new(10), 10, Fen::new(1), Shape::Random, 1), fen(&[1; 10]));
        assert_eq!(partition(Fen::new(1), 0, Fen::ZERO, Shape::Equal, 1), None);
        assert_eq!(partition(Fen::ZERO, 0, Fen::ZERO, Shape::Equal, 1), fen(&[]));
        assert_eq!(partition(Fen::new(-1), 1, Fen::ZERO, Shape::Equal, 1), None);
        assert_eq!(partition(Fen::new(5), 1, Fen::new(-1), Shape::Equal, 1), None);
        assert_eq!(partition(Fen::new(i64::MAX), 2, Fen::new(i64::MAX), Shape::Equal, 1), None);
        assert_eq!(partition(Fen::new(i64::MAX), MAX_PIECES + 1, Fen::ZERO, Shape::Equal, 1), None);
    }

    #[test]
    fn the_front_gets_more_than_the_back() {
        for seed in 0..200 {
            let pieces = partition(Fen::new(9_000), 30, Fen::new(1), Shape::FrontLoaded, seed).unwrap();
            let third = |from: usize| Fen::sum(pieces.iter().skip(from).take(10).copied()).unwrap();
            assert!(third(0) > third(10) && third(10) > third(20), "seed {seed}: {pieces:?}");
        }
    }

    #[test]
    fn every_number_of_a_range_is_drawn_and_no_other() {
        let mut draws = Draws::new("test", 7);
        let mut seen: Vec<i64> = (0..400).map(|_| draws.between(3, 12)).collect();
        seen.sort_unstable();
        seen.dedup();
        assert_eq!(seen, (3..=12).collect::<Vec<_>>());
        assert_eq!(draws.between(5, 4), 5);
        assert_eq!(draws.between(9, 9), 9);
    }

    proptest! {
        #[test]
        fn pieces_sum_exactly_are_as_many_as_asked_for_and_none_is_below_the_minimum(
            spare in prop_oneof![0_i64..1_000, 0_i64..1_000_000_000_000], pieces in 1_usize..300, minimum in 0_i64..5_000,
            shape in prop_oneof![Just(Shape::Equal), Just(Shape::Random), Just(Shape::FrontLoaded)], seed in any::<u64>()
        ) {
            let total = Fen::new(spare + minimum * i64::try_from(pieces).unwrap());
            let parts = partition(total, pieces, Fen::new(minimum), shape, seed).unwrap();
            prop_assert_eq!(parts.len(), pieces);
            prop_assert_eq!(Fen::sum(parts.iter().copied()), Some(total));
            prop_assert!(parts.iter().all(|part| *part >= Fen::new(minimum)));
            prop_assert_eq!(partition(total, pieces, Fen::new(minimum), shape, seed), Some(parts.clone()));
            if shape == Shape::Equal {
                let (least, most) = (parts.iter().min().unwrap().get(), parts.iter().max().unwrap().get());
                prop_assert!(most - least <= 1);
            }
        }

        #[test]
        fn whatever_is_asked_the_answer_is_exact_or_none(
            total in any::<i64>(), pieces in 0_usize..200, minimum in any::<i64>(), seed in any::<u64>()
        ) {
            for shape in [Shape::Equal, Shape::Random, Shape::FrontLoaded] {
                if let Some(parts) = partition(Fen::new(total), pieces, Fen::new(minimum), shape, seed) {
                    prop_assert_eq!(Fen::sum(parts.iter().copied()), Some(Fen::new(total)));
                    prop_assert!(parts.iter().all(|part| part.get() >= minimum.max(0)));
                }
            }
        }
    }
}
