//! How much one socket may say: a bucket that fills with time.

use crate::kernel::time::{SECOND_MS, Timestamp};

/// Frames that may come at once.
const BURST: i64 = 30;
/// Frames a second in the long run.
const PER_SECOND: i64 = 10;

/// What is left of it.
#[derive(Debug)]
pub(super) struct Flood {
    /// Thousandths of a frame that may still come now.
    left: i64,
    since: Timestamp,
}

impl Flood {
    /// A full bucket.
    pub(super) const fn starting(now: Timestamp) -> Self {
        Self { left: BURST * SECOND_MS, since: now }
    }

    /// Counts one frame; whether it may still come. A clock that is set back fills nothing.
    pub(super) fn allows(&mut self, now: Timestamp) -> bool {
        let filled = now.millis_since(self.since).max(0).saturating_mul(PER_SECOND);
        self.left = self.left.saturating_add(filled).min(BURST * SECOND_MS);
        self.since = now;
        if self.left < SECOND_MS {
            return false;
        }
        self.left = self.left.saturating_sub(SECOND_MS);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_a_flood_does_not_and_time_heals() {
        let begin = Timestamp::from_millis(0);
        let mut flood = Flood::starting(begin);
        let passed = (0..100).filter(|_| flood.allows(begin)).count();
        assert_eq!(passed, 30);
        let later = begin.plus_millis(1_000);
        assert_eq!((0..100).filter(|_| flood.allows(later)).count(), 10);
        assert!(!flood.allows(begin));
        assert!(flood.allows(later.plus_millis(200)));
    }
}
