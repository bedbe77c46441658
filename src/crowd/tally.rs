//! What a crowd did.

use std::collections::BTreeMap;
use std::fmt;

/// Different failures that are told apart; the others are counted together, so that a crowd of any size stays small.
const TOLD_APART: usize = 50;

/// How often everything was done or refused.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    deeds: BTreeMap<&'static str, u64>,
    refusals: BTreeMap<String, u64>,
    failures: BTreeMap<String, u64>,
}

impl Tally {
    /// Something was done.
    pub(super) fn did(&mut self, deed: &'static str) {
        let count = self.deeds.entry(deed).or_default();
        *count = count.saturating_add(1);
    }

    /// The shop refused something, with this code.
    pub(super) fn refused(&mut self, code: &str) {
        let count = self.refusals.entry(code.to_owned()).or_default();
        *count = count.saturating_add(1);
    }

    /// Somebody gave up because of a failure.
    pub(super) fn failed(&mut self, why: &str) {
        let why: String = why.chars().take(160).collect();
        add_to(&mut self.failures, why, 1);
    }

    /// Adds what somebody else did.
    pub(super) fn add(&mut self, other: &Self) {
        for (deed, count) in &other.deeds {
            let sum = self.deeds.entry(deed).or_default();
            *sum = sum.saturating_add(*count);
        }
        for (into, from) in [(&mut self.refusals, &other.refusals), (&mut self.failures, &other.failures)] {
            for (name, count) in from {
                add_to(into, name.clone(), *count);
            }
        }
    }

    /// How often this was done.
    pub fn count(&self, deed: &str) -> u64 {
        self.deeds.get(deed).copied().unwrap_or(0)
    }

    /// How many shoppers gave up because something failed.
    pub fn failures(&self) -> u64 {
        self.failures.values().fold(0, |sum, count| sum.saturating_add(*count))
    }
}

fn add_to(counts: &mut BTreeMap<String, u64>, name: String, count: u64) {
    let known = counts.contains_key(&name) || counts.len() < TOLD_APART;
    let sum = counts.entry(if known { name } else { "something else".to_owned() }).or_default();
    *sum = sum.saturating_add(count);
}

impl fmt::Display for Tally {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (deed, count) in &self.deeds {
            writeln!(out, "{count:>10}  {deed}")?;
        }
        for (code, count) in &self.refusals {
            writeln!(out, "{count:>10}  refused: {code}")?;
        }
        for (why, count) in &self.failures {
            writeln!(out, "{count:>10}  failed: {why}")?;
        }
        Ok(())
    }
}
