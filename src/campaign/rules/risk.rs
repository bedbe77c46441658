//! Rules that watch a campaign: what they look at, and when they fire.

use crate::campaign::model::{RiskKind, RiskRule};
use crate::kernel::money::Fen;
use crate::kernel::time::SECOND_MS;

/// Somebody or something behind the most actions of a window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::campaign) struct Busiest {
    /// A device, a network, an inviter.
    pub(in crate::campaign) who: String,
    /// How many actions.
    pub(in crate::campaign) actions: i64,
}

/// What happened in a campaign within a rule's window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::campaign) struct Seen {
    /// Actions in all.
    pub(in crate::campaign) actions: i64,
    /// Those of accounts less than a day old.
    pub(in crate::campaign) fresh: i64,
    /// Who is behind the most of them, by the rule's own measure.
    pub(in crate::campaign) busiest: Option<Busiest>,
    /// What was given away and not given back.
    pub(in crate::campaign) granted: Fen,
}

/// How fast a plan expects to give money away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::campaign) struct Pace {
    /// The whole budget.
    pub(in crate::campaign) budget: Fen,
    /// The length of the campaign, in milliseconds.
    pub(in crate::campaign) length_ms: i64,
}

/// What a rule makes of what it saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::campaign) struct Figure {
    /// In the rule's own unit.
    pub(in crate::campaign) value: i64,
    /// Who is behind it, if the rule names somebody.
    pub(in crate::campaign) culprit: Option<String>,
}

/// The figure of a rule; `None` when too little happened to say anything.
pub(in crate::campaign) fn figure(rule: &RiskRule, seen: &Seen, pace: Pace) -> Option<Figure> {
    if seen.actions < rule.least {
        return None;
    }
    let plain = |value: i64| Some(Figure { value, culprit: None });
    match rule.rule {
        RiskKind::ActionsPerMinute => plain(part(seen.actions, rule.window_seconds, 60)?),
        RiskKind::DeviceShare | RiskKind::NetworkShare | RiskKind::InviterShare => {
            let busiest = seen.busiest.as_ref()?;
            let value = part(busiest.actions, seen.actions, 1_000)?;
            Some(Figure { value, culprit: Some(busiest.who.clone()) })
        }
        RiskKind::FreshShare => plain(part(seen.fresh, seen.actions, 1_000)?),
        RiskKind::SpendRate => {
            let window_ms = rule.window_seconds.checked_mul(SECOND_MS)?;
            let planned = i128::from(pace.budget.get()).checked_mul(i128::from(window_ms))?;
            let granted = i128::from(seen.granted.get()).checked_mul(i128::from(pace.length_ms))?;
            let value = granted.checked_mul(1_000)?.checked_div(planned)?;
            plain(i64::try_from(value).unwrap_or(i64::MAX))
        }
    }
}

/// Whether a rule fires at this figure: when it lies above the threshold.
pub(in crate::campaign) const fn fires(rule: &RiskRule, figure: &Figure) -> bool {
    figure.value > rule.threshold
}

fn part(of: i64, whole: i64, scale: i64) -> Option<i64> {
    of.checked_mul(scale)?.checked_div(whole)
}

/// What watches every new campaign until staff say otherwise: it warns and stops nothing.
pub(in crate::campaign) fn usual() -> Vec<RiskRule> {
    let warn = |rule, threshold, window_seconds, least| RiskRule {
        rule,
        threshold,
        window_seconds,
        least,
        effect: crate::campaign::model::RiskEffect::Warn,
    };
    vec![
        warn(RiskKind::ActionsPerMinute, 3_000, 60, 1),
        warn(RiskKind::DeviceShare, 200, 600, 30),
        warn(RiskKind::NetworkShare, 500, 600, 100),
        warn(RiskKind::InviterShare, 500, 600, 100),
        warn(RiskKind::FreshShare, 900, 600, 100),
        warn(RiskKind::SpendRate, 10_000, 3_600, 30),
    ]
}
