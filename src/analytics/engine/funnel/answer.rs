//! From ways to figures.

use std::collections::BTreeMap;

use serde::Serialize;

use super::run::{Way, Ways};
use super::{Funnel, FunnelFigure};
use crate::analytics::engine::analysis::{Table, Tabular, cell};
use crate::analytics::engine::calendar::Period;
use crate::analytics::engine::calendar::write_moment;
use crate::analytics::engine::dataset::Dataset;
use crate::analytics::engine::figures::{mean, median, ratio};
use crate::analytics::engine::people::PersonSet;

/// The figures of one step.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = funnel::StepFigures)]
pub struct StepFigures {
    /// The step, from 1.
    pub step: usize,
    /// The event.
    pub event: String,
    /// What staff want it to be shown as; none when that is its name.
    pub label: Option<String>,
    /// How many took it.
    pub reached: u64,
    /// Of those who took the step before.
    pub step_rate: Option<f64>,
    /// Of those who took the first.
    pub overall_rate: Option<f64>,
    /// Median time since the step before, in milliseconds.
    pub median_ms: Option<f64>,
    /// Mean time since the step before, in milliseconds.
    pub mean_ms: Option<f64>,
}

/// Those whose first step was on one day.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = funnel::DayRow)]
pub struct DayRow {
    /// The day.
    pub day: String,
    /// How many took each step; none while the day lasts.
    pub reached: Option<Vec<u64>>,
    /// Whether the day has not fully passed.
    pub incomplete: bool,
    /// Whether the window of some has not fully passed, so that later steps may still rise.
    pub open: bool,
}

/// Those of one value of the breakdown.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = funnel::Group)]
pub struct Group {
    /// The value; `(none)` and `other` for those without and those beyond the top.
    pub value: String,
    /// How many took each step.
    pub reached: Vec<u64>,
}

/// What a funnel answers.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = funnel::FunnelAnswer)]
pub struct FunnelAnswer {
    /// The steps.
    pub steps: Vec<StepFigures>,
    /// Units whose best way an excluded event crossed; they are in no other figure.
    pub left_out: u64,
    /// By day of the first step, when it was asked for.
    pub by_day: Vec<DayRow>,
    /// By value, when a breakdown was asked for; the largest first.
    pub groups: Vec<Group>,
    /// Until when figures can no longer change by late events.
    #[serde(serialize_with = "write_moment")]
    #[schema(value_type = String, format = DateTime, example = "2026-03-01T00:00:00Z")]
    pub settled_until: i64,
}

impl Tabular for FunnelAnswer {
    fn table(&self) -> Table {
        let mut table =
            Table::new(&["breakdown", "step", "event", "reached", "step_rate", "overall_rate", "median_ms", "mean_ms"]);
        for step in &self.steps {
            let times = [cell(step.step_rate), cell(step.overall_rate), cell(step.median_ms), cell(step.mean_ms)];
            let head = [String::new(), step.step.to_string(), step.event.clone(), step.reached.to_string()];
            table.row(head.into_iter().chain(times));
        }
        let days = self.by_day.iter().map(|row| (&row.day, row.reached.clone()));
        let parts = self.groups.iter().map(|group| (&group.value, Some(group.reached.clone()))).chain(days);
        for (name, reached) in parts {
            for (at, step) in self.steps.iter().enumerate() {
                let of = |at: usize| reached.as_ref().and_then(|reached| reached.get(at)).copied();
                let rate = |whole: Option<u64>| of(at).zip(whole).and_then(|(part, whole)| ratio(part, whole));
                let before = at.checked_sub(1).and_then(of);
                let cells = [cell(of(at)), cell(rate(before)), cell(rate(of(0))), String::new(), String::new()];
                table.row([name.clone(), step.step.to_string(), step.event.clone()].into_iter().chain(cells));
            }
        }
        table
    }
}

pub(super) fn answer(funnel: &Funnel, data: &Dataset, ways: Ways) -> FunnelAnswer {
    let reached = ways.reached(funnel.steps.len(), |_| true);
    let first = reached.first().copied().unwrap_or(0);
    let mut before = None;
    let mut steps = Vec::new();
    for (at, ((pick, count), gaps)) in funnel.steps.iter().zip(&reached).zip(&ways.gaps).enumerate() {
        steps.push(StepFigures {
            step: at + 1,
            event: pick.event.clone(),
            label: data.label(&pick.event),
            reached: *count,
            step_rate: before.and_then(|before| ratio(*count, before)),
            overall_rate: ratio(*count, first),
            median_ms: median(gaps),
            mean_ms: mean(gaps),
        });
        before = Some(*count);
    }
    FunnelAnswer {
        steps,
        left_out: ways.left_out(),
        by_day: if funnel.by_day { by_day(funnel, data, &ways) } else { Vec::new() },
        groups: groups(funnel, &ways),
        settled_until: data.settled_until(),
    }
}

fn by_day(funnel: &Funnel, data: &Dataset, ways: &Ways) -> Vec<DayRow> {
    let days = data.zone.buckets(funnel.range, Period::Day);
    let mut reached = vec![vec![0; funnel.steps.len()]; days.len()];
    for way in ways.ways.iter().filter(|way| !way.tainted) {
        if let Some(day) = days.of(way.start).and_then(|day| reached.get_mut(day)) {
            day.iter_mut().take(way.depth).for_each(|count| *count += 1);
        }
    }
    let row = |(at, (start, reached)): (usize, (&i64, Vec<u64>))| {
        let end = days.end_of(at);
        let incomplete = end > data.now;
        DayRow {
            day: data.zone.name(*start, Period::Day),
            reached: (!incomplete).then_some(reached),
            incomplete,
            open: end.saturating_add(funnel.window_ms) > data.now,
        }
    };
    days.starts().iter().zip(reached).enumerate().map(row).collect()
}

/// The values that are shown, the largest first, by code; all others are `other`.
fn shown(funnel: &Funnel, ways: &Ways) -> Vec<u32> {
    let Some(breakdown) = &funnel.breakdown else { return Vec::new() };
    let mut sizes: BTreeMap<u32, u64> = BTreeMap::new();
    for way in ways.ways.iter().filter(|way| !way.tainted) {
        if let Some(code) = way.group.filter(|code| *code != 0) {
            *sizes.entry(code).or_default() += 1;
        }
    }
    let mut ranked: Vec<(u32, u64)> = sizes.into_iter().collect();
    ranked.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| ways.name(one.0).cmp(ways.name(other.0))));
    ranked.into_iter().take(breakdown.top).map(|(code, _)| code).collect()
}

fn groups(funnel: &Funnel, ways: &Ways) -> Vec<Group> {
    let shown = shown(funnel, ways);
    let steps = funnel.steps.len();
    if funnel.breakdown.is_none() {
        return Vec::new();
    }
    let mut groups = Vec::new();
    for code in &shown {
        let reached = ways.reached(steps, |way| way.group == Some(*code));
        groups.push(Group { value: ways.name(*code).to_owned(), reached });
    }
    let beyond = |way: &Way| way.group.is_some_and(|code| code != 0 && !shown.contains(&code));
    groups.push(Group { value: "other".to_owned(), reached: ways.reached(steps, beyond) });
    groups.push(Group { value: "(none)".to_owned(), reached: ways.reached(steps, |way| way.group == Some(0)) });
    groups.retain(|group| group.reached.first().is_some_and(|first| *first > 0));
    groups
}

pub(super) fn people(funnel: &Funnel, data: &Dataset, ways: &Ways, figure: &FunnelFigure) -> PersonSet {
    let shown = shown(funnel, ways);
    let of_group = |way: &Way| match figure.group.as_deref() {
        None => true,
        Some("other") => way.group.is_some_and(|code| code != 0 && !shown.contains(&code)),
        Some(name) => way.group.is_some_and(|code| ways.name(code) == name),
    };
    let of_day = |way: &Way| {
        let name = || data.zone.name(data.zone.floor(way.start, Period::Day), Period::Day);
        figure.day.as_ref().is_none_or(|day| *day == name())
    };
    let of_step = |way: &Way| match figure.dropped {
        true => way.depth + 1 == figure.step,
        false => way.depth >= figure.step,
    };
    let meant = |way: &&Way| !way.tainted && of_step(way) && of_group(way) && of_day(way);
    ways.ways.iter().filter(meant).map(|way| way.person).collect()
}
