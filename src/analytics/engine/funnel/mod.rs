//! Funnels (definitions §3): how far people get on a way of several steps, and where they leave it.
//!
//! Only events of the range count. The way that a person is counted by is the first one that got as far as they ever
//! got; its first step names the day, and its events name the value of a breakdown.

mod answer;
mod machine;
mod run;
mod unordered;

use serde::{Deserialize, Serialize};

pub use self::answer::{DayRow, FunnelAnswer, Group, StepFigures};
use super::analysis::Analysis;
use super::calendar::{Period, Range};
use super::dataset::Dataset;
use super::filter::{Pick, check_name};
use super::flaw::{Flaw, Result, expect};
use super::people::PersonSet;

/// Most steps of a funnel.
pub const MAX_STEPS: usize = 12;
/// Most exclusions of a funnel.
pub const MAX_EXCLUSIONS: usize = 8;
/// The usual window: 14 days.
const USUAL_WINDOW_MS: i64 = 14 * 86_400_000;
/// The longest window: a year.
const MAX_WINDOW_MS: i64 = 366 * 86_400_000;

/// In which order the steps must be taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = funnel::Order)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// In this order; other events may come between.
    #[default]
    Ordered,
    /// In this order, with no other event between.
    Strict,
    /// In any order.
    Any,
}

/// What is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = funnel::Unit)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// People.
    #[default]
    Users,
    /// Sessions, split as in the analysis of sessions.
    Sessions,
}

/// An event that must not happen between two steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = funnel::Exclusion)]
#[serde(deny_unknown_fields)]
pub struct Exclusion {
    /// The event.
    pub event: Pick,
    /// The step after which it must not happen, and before the next one; the first step is 1.
    pub after: usize,
}

/// Which event of the way names the value that it is broken down by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = funnel::Touch)]
#[serde(rename_all = "snake_case")]
pub enum Touch {
    /// The first one that has the property.
    First,
    /// The last one that has the property.
    Last,
    /// The one of that step (from 1); who did not get there is left out of the breakdown.
    Step(usize),
}

/// A breakdown by a property of events.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = funnel::Breakdown)]
#[serde(deny_unknown_fields)]
pub struct Breakdown {
    /// The property.
    pub property: String,
    /// Which event names its value.
    pub touch: Touch,
    /// How many values are shown; the rest is `other`.
    #[serde(default = "usual_top")]
    pub top: usize,
}

fn usual_top() -> usize {
    10
}

fn usual_window() -> i64 {
    USUAL_WINDOW_MS
}

/// A funnel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = funnel::Funnel)]
#[serde(deny_unknown_fields)]
pub struct Funnel {
    /// The time of the events that count.
    pub range: Range,
    /// The steps.
    pub steps: Vec<Pick>,
    /// The time from the first step within which the last must happen, that moment included, in milliseconds.
    #[serde(default = "usual_window")]
    pub window_ms: i64,
    /// In which order.
    #[serde(default)]
    pub order: Order,
    /// What must not happen between steps.
    #[serde(default)]
    pub exclusions: Vec<Exclusion>,
    /// A property on which all steps must agree.
    #[serde(default)]
    pub same: Option<String>,
    /// What is counted.
    #[serde(default)]
    pub unit: Unit,
    /// Whether to count by the day of the first step too.
    #[serde(default)]
    pub by_day: bool,
    /// A breakdown.
    #[serde(default)]
    pub breakdown: Option<Breakdown>,
}

/// Which people of a funnel are meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = funnel::FunnelFigure)]
#[serde(deny_unknown_fields)]
pub struct FunnelFigure {
    /// The step, from 1.
    pub step: usize,
    /// Those who took the step before it and not this one, instead of those who took it.
    #[serde(default)]
    pub dropped: bool,
    /// Only those whose first step was on this day, such as `2026-01-31`.
    #[serde(default)]
    pub day: Option<String>,
    /// Only those of this value of the breakdown; `(none)` for those without.
    #[serde(default)]
    pub group: Option<String>,
}

impl Analysis for Funnel {
    type Answer = FunnelAnswer;
    type Figure = FunnelFigure;

    fn validate(&self) -> Result<(), Flaw> {
        self.range.check(Period::Day)?;
        expect(!self.steps.is_empty(), "steps", "too_few_steps")?;
        expect(self.steps.len() <= MAX_STEPS, "steps", "too_many_steps")?;
        for (at, step) in self.steps.iter().enumerate() {
            step.validate(&format!("steps[{at}]"))?;
        }
        expect(self.window_ms > 0, "window_ms", "window_zero")?;
        expect(self.window_ms <= MAX_WINDOW_MS, "window_ms", "window_too_long")?;
        expect(self.exclusions.len() <= MAX_EXCLUSIONS, "exclusions", "too_many_exclusions")?;
        expect(self.exclusions.is_empty() || self.order != Order::Any, "exclusions", "exclusions_need_order")?;
        for (at, exclusion) in self.exclusions.iter().enumerate() {
            exclusion.event.validate(&format!("exclusions[{at}].event"))?;
            let between = (1..self.steps.len()).contains(&exclusion.after);
            expect(between, format!("exclusions[{at}].after"), "no_such_step")?;
        }
        if let Some(same) = &self.same {
            check_name(same, "same")?;
        }
        if let Some(breakdown) = &self.breakdown {
            check_name(&breakdown.property, "breakdown.property")?;
            expect((1..=100).contains(&breakdown.top), "breakdown.top", "out_of_range")?;
            if let Touch::Step(step) = breakdown.touch {
                expect((1..=self.steps.len()).contains(&step), "breakdown.touch", "no_such_step")?;
            }
        }
        Ok(())
    }

    fn answer(&self, data: &Dataset) -> Result<FunnelAnswer> {
        self.validate()?;
        Ok(answer::answer(self, data, run::ways(self, data)?))
    }

    fn people(&self, data: &Dataset, figure: &FunnelFigure) -> Result<PersonSet> {
        self.validate()?;
        expect((1..=self.steps.len()).contains(&figure.step), "figure.step", "no_such_figure")?;
        Ok(answer::people(self, data, &run::ways(self, data)?, figure))
    }
}

#[cfg(test)]
mod tests;
