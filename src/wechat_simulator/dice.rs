//! Chance: every identifier, nonce and coin toss of the simulator comes from one generator that a seed can fix.

use std::sync::Mutex;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::state::locked;
use crate::kernel::time::Timestamp;

const HEX: &str = "0123456789abcdef";
const DIGITS: &str = "0123456789";
const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const OPENID_LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

/// The generator. Shared by all threads behind a short lock.
pub(super) struct Dice(Mutex<StdRng>);

impl Dice {
    /// With a seed the sequence follows from the seed and the starting moment (so that a restart over the same
    /// journal does not repeat identifiers); without one it is unpredictable.
    pub(super) fn new(seed: Option<u64>, started_at: Timestamp) -> Self {
        let generator = match seed {
            Some(seed) => StdRng::seed_from_u64(seed ^ started_at.millis().unsigned_abs()),
            None => rand::make_rng(),
        };
        Self(Mutex::new(generator))
    }

    /// `length` lower-case hexadecimal digits.
    pub(super) fn hex(&self, length: usize) -> String {
        self.text(HEX, length)
    }

    /// `length` decimal digits.
    pub(super) fn digits(&self, length: usize) -> String {
        self.text(DIGITS, length)
    }

    /// `length` letters and digits, the form of nonces and tokens.
    pub(super) fn letters(&self, length: usize) -> String {
        self.text(LETTERS, length)
    }

    /// `length` characters of the alphabet of openids.
    pub(super) fn openid_letters(&self, length: usize) -> String {
        self.text(OPENID_LETTERS, length)
    }

    /// Sixteen random bytes, the raw form of a session key.
    pub(super) fn sixteen_bytes(&self) -> [u8; 16] {
        locked(&self.0).random()
    }

    /// Whether something of the given probability happens now. Values outside 0–1 count as the nearest end.
    pub(super) fn happens(&self, probability: f64) -> bool {
        if probability >= 1.0 {
            return true;
        }
        // The comparison is also false for NaN, which random_bool would refuse with a panic.
        probability > 0.0 && locked(&self.0).random_bool(probability)
    }

    /// A number from 0 up to but not including `bound` (0 when the bound is 0).
    pub(super) fn below(&self, bound: i64) -> i64 {
        if bound <= 0 { 0 } else { locked(&self.0).random_range(0..bound) }
    }

    /// Puts a list into random order.
    pub(super) fn shuffle<T>(&self, items: &mut [T]) {
        use rand::seq::SliceRandom as _;
        items.shuffle(&mut *locked(&self.0));
    }

    fn text(&self, alphabet: &str, length: usize) -> String {
        let letters = alphabet.as_bytes();
        let mut generator = locked(&self.0);
        (0..length)
            .filter_map(|_| letters.get(generator.random_range(0..letters.len())).copied().map(char::from))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_fixes_the_sequence_and_another_start_changes_it() {
        let at = Timestamp::from_millis(7);
        let first = Dice::new(Some(1), at).letters(20);
        assert_eq!(first, Dice::new(Some(1), at).letters(20));
        assert_ne!(first, Dice::new(Some(1), Timestamp::from_millis(8)).letters(20));
    }

    #[test]
    fn certain_and_impossible_things_need_no_luck() {
        let dice = Dice::new(None, Timestamp::from_millis(0));
        assert!(dice.happens(1.0));
        assert!(!dice.happens(0.0));
        assert!(!dice.happens(f64::NAN));
        assert_eq!(dice.below(0), 0);
    }
}
