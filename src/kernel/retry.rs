//! Trying again: how long to wait first.

use crate::kernel::time::{HOUR_MS, SECOND_MS};

/// Milliseconds to wait after the `attempts`th failure: 2 s, 4 s, 8 s … at most an hour.
pub fn pause_after(attempts: i64) -> i64 {
    let doublings = u32::try_from(attempts.clamp(1, 12)).unwrap_or(1);
    SECOND_MS.saturating_mul(2_i64.saturating_pow(doublings)).min(HOUR_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_an_hour() {
        assert_eq!([1, 2, 3].map(pause_after), [2_000, 4_000, 8_000]);
        assert_eq!([12, 13, i64::MAX].map(pause_after), [HOUR_MS; 3]);
        assert_eq!(pause_after(0), 2_000);
    }
}
