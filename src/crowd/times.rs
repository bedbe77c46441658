//! Where the time of a crowd went.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// How often each kind of request was made, and how long was waited for its answers.
#[derive(Debug, Default)]
pub(super) struct Times(Mutex<BTreeMap<String, (u32, Duration)>>);

impl Times {
    /// Notes one request.
    pub(super) fn note(&self, kind: &str, took: Duration) {
        let mut times = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !times.contains_key(kind) {
            times.insert(kind.to_owned(), (0, Duration::ZERO));
        }
        if let Some((count, sum)) = times.get_mut(kind) {
            *count = count.saturating_add(1);
            *sum = sum.saturating_add(took);
        }
    }
}

impl fmt::Display for Times {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let times = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let whole = times.values().fold(Duration::ZERO, |sum, (_, took)| sum.saturating_add(*took));
        let mut kinds: Vec<_> = times.iter().collect();
        kinds.sort_by_key(|(_, (_, took))| std::cmp::Reverse(*took));
        for (kind, (count, took)) in kinds {
            let mean = took.checked_div(*count).unwrap_or_default().as_micros();
            let permille = took.as_micros().saturating_mul(1_000).checked_div(whole.as_micros()).unwrap_or(0);
            writeln!(out, "{permille:>5} ‰  {count:>10} × {mean:>8} µs  {kind}")?;
        }
        Ok(())
    }
}

/// Processor time that a process of this machine has spent so far; `self` is this one. Nothing where Linux does not tell.
pub(super) fn processor_time(process: &str) -> Option<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name stands in brackets and may hold spaces. User and system time are the 12th and 13th fields after it, in
    // ticks, of which Linux shows a hundred a second on every architecture.
    let fields: Vec<u64> =
        stat.rsplit_once(')')?.1.split_whitespace().skip(11).take(2).map_while(|field| field.parse().ok()).collect();
    let ticks = fields.iter().fold(0_u64, |sum, ticks| sum.saturating_add(*ticks));
    Some(Duration::from_millis(ticks.saturating_mul(10)))
}
