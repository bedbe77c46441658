//! The hourglass: people are acquired, become active, buy and share, and whom they share with are acquired in turn.
//!
//! The upper half is a funnel of those who were first seen in the range. The lower half is the same funnel of those who
//! came by the shares of the upper half's sharers, by the edges of the forest of shares. A stage counts when it comes
//! after the stage before, one event one stage, and within the window of its half: from being first seen in the upper
//! half, from coming by the share in the lower. Shares count from the moment their sharer got to that stage, for a window.

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::analysis::{Analysis, Table, Tabular, cell};
use super::calendar::{Period, Range, write_moment};
use super::dataset::Dataset;
use super::figures::ratio;
use super::filter::Pick;
use super::flaw::{Flaw, Result, expect};
use super::people::{Person, PersonSet};
use super::scan::{Ask, History, Step};
use super::shares::Forest;

/// The usual window: 14 days.
const USUAL_WINDOW_MS: i64 = 14 * 86_400_000;
/// The longest window: a year.
const MAX_WINDOW_MS: i64 = 366 * 86_400_000;
/// Stages of a half.
const STAGES: usize = 4;

fn usual_window() -> i64 {
    USUAL_WINDOW_MS
}

/// An hourglass.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = hourglass::Hourglass)]
#[serde(deny_unknown_fields)]
pub struct Hourglass {
    /// The upper half is everybody who was first seen in this time.
    pub range: Range,
    /// What makes somebody active.
    pub activate: Pick,
    /// What a purchase is.
    pub buy: Pick,
    /// What sharing is.
    pub share: Pick,
    /// The time within which a half must be gone through, in milliseconds.
    #[serde(default = "usual_window")]
    pub window_ms: i64,
}

/// A stage of a half.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = hourglass::Stage)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// They came.
    Acquired,
    /// They became active.
    Activated,
    /// They bought.
    Bought,
    /// They shared.
    Shared,
}

const ALL: [Stage; STAGES] = [Stage::Acquired, Stage::Activated, Stage::Bought, Stage::Shared];

/// A half.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = hourglass::Half)]
#[serde(rename_all = "snake_case")]
pub enum Half {
    /// Those who were first seen in the range.
    Upper,
    /// Those whom the upper half's sharers brought.
    Lower,
}

/// How many people got to a stage.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = hourglass::StageFigures)]
pub struct StageFigures {
    /// The stage.
    pub stage: Stage,
    /// How many people.
    pub people: u64,
    /// Of those of the stage before.
    pub step_rate: Option<f64>,
    /// Of those who came.
    pub overall_rate: Option<f64>,
}

/// What the hourglass answers.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = hourglass::HourglassAnswer)]
pub struct HourglassAnswer {
    /// Those who were first seen in the range.
    pub upper: Vec<StageFigures>,
    /// Those whom the upper half's sharers brought.
    pub lower: Vec<StageFigures>,
    /// People brought by each sharer of the upper half on average.
    pub brought_per_sharer: Option<f64>,
    /// People brought for each person of the upper half: above 1 the shop grows by itself.
    pub brought_per_person: Option<f64>,
    /// Whether the window of some of the upper half has not passed, so that it may still rise.
    pub upper_open: bool,
    /// The same of the lower half.
    pub lower_open: bool,
    /// Until when figures can no longer change by late events.
    #[serde(serialize_with = "write_moment")]
    #[schema(value_type = String, format = DateTime, example = "2026-03-01T00:00:00Z")]
    pub settled_until: i64,
}

/// Which people of an hourglass are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = hourglass::HourglassFigure)]
#[serde(deny_unknown_fields)]
pub struct HourglassFigure {
    /// The half.
    pub half: Half,
    /// Those who got to this stage.
    pub stage: Stage,
    /// Those who got to the stage before and not to this one instead.
    #[serde(default)]
    pub dropped: bool,
}

impl Tabular for HourglassAnswer {
    fn table(&self) -> Table {
        let mut table = Table::new(&["half", "stage", "people", "step_rate", "overall_rate"]);
        for (half, stages) in [("upper", &self.upper), ("lower", &self.lower)] {
            for (name, stage) in ["acquired", "activated", "bought", "shared"].into_iter().zip(stages) {
                let rates = [cell(stage.step_rate), cell(stage.overall_rate)];
                let head = [half.to_owned(), name.to_owned(), stage.people.to_string()];
                table.row(head.into_iter().chain(rates));
            }
        }
        table
    }
}

/// How far somebody got: over how many stages, and when they came to the last of them.
#[derive(Clone, Copy, Debug)]
struct Reach {
    stages: usize,
    at: i64,
}

/// How far everybody of a half got.
type Reached = FxHashMap<Person, Reach>;

impl Hourglass {
    /// When those of the upper half came.
    fn newcomers(&self, data: &Dataset) -> FxHashMap<Person, i64> {
        let mut seen: FxHashMap<Person, i64> = FxHashMap::default();
        for (subject, at) in &data.shares.first_seen {
            seen.entry(data.people.of(*subject)).and_modify(|seen| *seen = at.min(seen).to_owned()).or_insert(*at);
        }
        seen.retain(|person, at| self.range.contains(*at) && data.counts(*person));
        seen
    }

    /// When those of the lower half came: by a share that its sharer made from when they got to that stage on.
    fn brought(&self, data: &Dataset, upper: &Reached) -> FxHashMap<Person, i64> {
        let forest = Forest::of(data, data.now.saturating_add(1));
        let mut brought = FxHashMap::default();
        for edge in forest.edges.iter().filter(|edge| edge.acquired) {
            let Some(sharer) = upper.get(&edge.sharer).filter(|reach| reach.stages == STAGES) else { continue };
            let in_time = |at: i64| (0..=self.window_ms).contains(&(at - sharer.at));
            if in_time(edge.share.at) && in_time(edge.at) {
                brought.entry(edge.viewer).or_insert(edge.at);
            }
        }
        brought
    }

    fn follow(&self, history: &History, came: &FxHashMap<Person, i64>) -> Reached {
        let parts = history.fold(Vec::new, |found: &mut Vec<(Person, Reach)>, person, rows: &[Step]| {
            let Some(begin) = came.get(&person) else { return };
            let mut reach = Reach { stages: 1, at: *begin };
            for row in rows.iter().filter(|row| (0..=self.window_ms).contains(&(row.at - begin))) {
                if reach.stages < STAGES && row.mask >> (reach.stages - 1) & 1 == 1 {
                    reach = Reach { stages: reach.stages + 1, at: row.at };
                }
            }
            found.push((person, reach));
        });
        // Who came and did none of it is in no row.
        let mut reached: Reached = came.iter().map(|(person, at)| (*person, Reach { stages: 1, at: *at })).collect();
        reached.extend(parts.into_iter().flatten());
        reached
    }

    fn halves(&self, data: &Dataset) -> Result<[Reached; 2]> {
        let picks = vec![self.activate.clone(), self.buy.clone(), self.share.clone()];
        let to = self.range.to.saturating_add(self.window_ms.saturating_mul(3)).saturating_add(1);
        let history = History::read(data, &Ask::new(Range { from: self.range.from, to }, picks))?;
        let upper = self.follow(&history, &self.newcomers(data));
        let lower = self.follow(&history, &self.brought(data, &upper));
        Ok([upper, lower])
    }
}

fn stages(reached: &Reached) -> Vec<StageFigures> {
    let people = |stages: usize| {
        let there = reached.values().filter(|reach| reach.stages >= stages);
        there.fold(0_u64, |people, _| people + 1)
    };
    let mut before = None;
    let mut told = Vec::new();
    for (at, stage) in (1..).zip(ALL) {
        let count = people(at);
        let step_rate = before.and_then(|before| ratio(count, before));
        told.push(StageFigures { stage, people: count, step_rate, overall_rate: ratio(count, people(1)) });
        before = Some(count);
    }
    told
}

impl Analysis for Hourglass {
    type Answer = HourglassAnswer;
    type Figure = HourglassFigure;

    fn validate(&self) -> Result<(), Flaw> {
        self.range.check(Period::Day)?;
        self.activate.validate("activate")?;
        self.buy.validate("buy")?;
        self.share.validate("share")?;
        expect(self.window_ms > 0, "window_ms", "window_zero")?;
        expect(self.window_ms <= MAX_WINDOW_MS, "window_ms", "window_too_long")
    }

    fn answer(&self, data: &Dataset) -> Result<HourglassAnswer> {
        self.validate()?;
        let [upper, lower] = self.halves(data)?.map(|reached| stages(&reached));
        let people = |half: &[StageFigures], stage: Stage| {
            half.iter().find(|figures| figures.stage == stage).map_or(0, |figures| figures.people)
        };
        let brought = people(&lower, Stage::Acquired);
        let open = |windows: i64| self.range.to.saturating_add(self.window_ms.saturating_mul(windows)) > data.now;
        Ok(HourglassAnswer {
            brought_per_sharer: ratio(brought, people(&upper, Stage::Shared)),
            brought_per_person: ratio(brought, people(&upper, Stage::Acquired)),
            upper,
            lower,
            upper_open: open(1),
            lower_open: open(3),
            settled_until: data.settled_until(),
        })
    }

    fn people(&self, data: &Dataset, figure: &HourglassFigure) -> Result<PersonSet> {
        self.validate()?;
        let [upper, lower] = self.halves(data)?;
        let reached = if figure.half == Half::Upper { upper } else { lower };
        let stage = ALL.iter().position(|stage| *stage == figure.stage).map_or(STAGES, |place| place + 1);
        let meant = |reach: &Reach| match figure.dropped {
            true => reach.stages + 1 == stage,
            false => reach.stages >= stage,
        };
        Ok(reached.into_iter().filter(|(_, reach)| meant(reach)).map(|(person, _)| person).collect())
    }
}

#[cfg(test)]
mod tests;
