//! Lifecycle, stickiness and churn (definitions §5): who is new, who stays, who returns and who is about to be lost.
#![allow(clippy::float_arithmetic, reason = "means and deviations of times between visits")]

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::analysis::{Analysis, Table, Tabular, cell};
use super::calendar::{Buckets, Period, Range, read_moment, write_moment};
use super::dataset::Dataset;
use super::figures::{count, percentile, ratio, real_signed, spread};
use super::filter::Pick;
use super::flaw::{Flaw, Result, expect};
use super::people::{Person, PersonSet};
use super::scan::{Ask, History, Step};
use crate::kernel::id::UserId;

/// The periods, from the first of a range on, in which somebody was active, in order; and whether they were before.
struct Active {
    before: bool,
    periods: Vec<usize>,
}

fn active(buckets: &Buckets, rows: &[Step]) -> Active {
    let first = buckets.starts().first().copied().unwrap_or(i64::MAX);
    let mut periods: Vec<usize> = Vec::new();
    let mut hint = 0;
    for row in rows {
        if let Some(bucket) = buckets.near(row.at, hint) {
            hint = bucket;
            if periods.last() != Some(&bucket) {
                periods.push(bucket);
            }
        }
    }
    Active { before: rows.first().is_some_and(|row| row.at < first), periods }
}

/// Who is new, stays, comes back or falls asleep.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = activity::Lifecycle)]
#[serde(deny_unknown_fields)]
pub struct Lifecycle {
    /// The periods that are shown; those that it cuts are shown whole.
    pub range: Range,
    /// What makes one active.
    pub event: Pick,
    /// Day, week or month.
    pub period: Period,
}

/// The figures of one period.
#[derive(Clone, Debug, Default, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = activity::Turnover)]
pub struct Turnover {
    /// First seen in it.
    pub new: u64,
    /// Active in it and in the one before.
    pub returning: u64,
    /// Active in it, not in the one before, and not new.
    pub resurrecting: u64,
    /// Active in the one before and not in it; negative.
    pub dormant: i64,
    /// Active in it.
    pub active: u64,
}

/// One period.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = activity::LifecycleRow)]
pub struct LifecycleRow {
    /// The period.
    pub period: String,
    /// Its figures; none while it lasts.
    pub figures: Option<Turnover>,
    /// Whether it has not fully passed.
    pub incomplete: bool,
}

/// What the analysis of the lifecycle answers.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = activity::LifecycleAnswer)]
pub struct LifecycleAnswer {
    /// The periods in order.
    pub rows: Vec<LifecycleRow>,
    /// Until when figures can no longer change by late events.
    #[serde(serialize_with = "write_moment")]
    #[schema(value_type = String, format = DateTime, example = "2026-03-01T00:00:00Z")]
    pub settled_until: i64,
}

/// A stage of the lifecycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = activity::Stage)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// First seen.
    New,
    /// Active again and again.
    Returning,
    /// Active again after a pause.
    Resurrecting,
    /// No longer active.
    Dormant,
}

/// Which people of the answer are meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = activity::LifecycleFigure)]
#[serde(deny_unknown_fields)]
pub struct LifecycleFigure {
    /// The period, such as `2026-01-31`.
    pub period: String,
    /// The stage.
    pub stage: Stage,
}

impl Tabular for LifecycleAnswer {
    fn table(&self) -> Table {
        let mut table = Table::new(&["period", "new", "returning", "resurrecting", "dormant", "active"]);
        for row in &self.rows {
            let part = |of: fn(&Turnover) -> i64| cell(row.figures.as_ref().map(of));
            let signed = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
            let figures = row.figures.as_ref().map(|figures| {
                [
                    signed(figures.new),
                    signed(figures.returning),
                    signed(figures.resurrecting),
                    figures.dormant,
                    signed(figures.active),
                ]
            });
            let cells =
                figures.map_or_else(|| vec![part(|_| 0); 5], |cells| cells.map(|cell| cell.to_string()).to_vec());
            table.row(std::iter::once(row.period.clone()).chain(cells));
        }
        table
    }
}

impl Lifecycle {
    /// Everything is read from the first event ever, since whoever was seen before is not new.
    fn read(&self, data: &Dataset) -> Result<(History, Buckets)> {
        let from = data.zone.floor(self.range.from, self.period);
        let before = data.zone.floor(from - 1, self.period);
        let buckets = data.zone.buckets(Range { from: before, to: self.range.to }, self.period);
        let to = buckets.end_of(buckets.len().saturating_sub(1));
        let range = Range { from: data.first_at().min(before), to };
        Ok((History::read(data, &Ask::by_day(range, vec![self.event.clone()]))?, buckets))
    }
}

/// The stages of one person, by bucket; the bucket 0 is the one before those that are shown.
fn stages(active: &Active, buckets: usize, mut mark: impl FnMut(usize, Stage)) {
    for (at, bucket) in active.periods.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| active.periods.get(at));
        let stage = match before {
            Some(before) if before + 1 == *bucket => Stage::Returning,
            None if !active.before => Stage::New,
            _ => Stage::Resurrecting,
        };
        mark(*bucket, stage);
        if bucket + 1 < buckets && active.periods.get(at + 1) != Some(&(bucket + 1)) {
            mark(bucket + 1, Stage::Dormant);
        }
    }
}

impl Analysis for Lifecycle {
    type Answer = LifecycleAnswer;
    type Figure = LifecycleFigure;

    fn validate(&self) -> Result<(), Flaw> {
        self.range.check(self.period)?;
        self.event.validate("event")?;
        expect(self.period.of_days(), "period", "period_too_short")
    }

    fn answer(&self, data: &Dataset) -> Result<LifecycleAnswer> {
        self.validate()?;
        let (history, buckets) = self.read(data)?;
        let parts = history.fold(
            || vec![Turnover::default(); buckets.len()],
            |all, _, rows: &[Step]| {
                stages(&active(&buckets, rows), buckets.len(), |bucket, stage| {
                    if let Some(figures) = all.get_mut(bucket) {
                        match stage {
                            Stage::New => figures.new += 1,
                            Stage::Returning => figures.returning += 1,
                            Stage::Resurrecting => figures.resurrecting += 1,
                            Stage::Dormant => figures.dormant -= 1,
                        }
                        figures.active += u64::from(stage != Stage::Dormant);
                    }
                });
            },
        );
        let sum = |at: usize| {
            parts.iter().filter_map(|part| part.get(at)).fold(Turnover::default(), |sum, more| Turnover {
                new: sum.new + more.new,
                returning: sum.returning + more.returning,
                resurrecting: sum.resurrecting + more.resurrecting,
                dormant: sum.dormant + more.dormant,
                active: sum.active + more.active,
            })
        };
        let row = |(at, start): (usize, &i64)| {
            let incomplete = buckets.end_of(at) > data.now;
            let figures = (!incomplete).then(|| sum(at));
            LifecycleRow { period: data.zone.name(*start, self.period), figures, incomplete }
        };
        let rows = buckets.starts().iter().enumerate().skip(1).map(row).collect();
        Ok(LifecycleAnswer { rows, settled_until: data.settled_until() })
    }

    fn people(&self, data: &Dataset, figure: &LifecycleFigure) -> Result<PersonSet> {
        self.validate()?;
        let (history, buckets) = self.read(data)?;
        let wanted = buckets.starts().iter().position(|start| data.zone.name(*start, self.period) == figure.period);
        expect(wanted.is_some_and(|at| at > 0), "figure.period", "no_such_figure")?;
        let parts = history.fold(Vec::new, |found: &mut Vec<Person>, person, rows: &[Step]| {
            stages(&active(&buckets, rows), buckets.len(), |bucket, stage| {
                if Some(bucket) == wanted && stage == figure.stage {
                    found.push(person);
                }
            });
        });
        Ok(parts.into_iter().flatten().collect())
    }
}

/// How many periods people are active in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = activity::Stickiness)]
#[serde(deny_unknown_fields)]
pub struct Stickiness {
    /// The time that is looked at.
    pub range: Range,
    /// What makes one active.
    pub event: Pick,
    /// Day, week or month.
    pub period: Period,
}

/// What the analysis of stickiness answers.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = activity::StickinessAnswer)]
pub struct StickinessAnswer {
    /// How many people were active in one period, in two, and so on.
    pub people: Vec<u64>,
    /// For each day that has fully passed: active on it, and in the 30 days up to it.
    #[schema(value_type = Vec<Vec<serde_json::Value>>, example = json!([["2026-03-01", 120, 900]]))]
    pub days: Vec<(String, u64, u64)>,
    /// The mean over those days of the former by the latter.
    pub dau_mau: Option<f64>,
    /// Until when figures can no longer change by late events.
    #[serde(serialize_with = "write_moment")]
    #[schema(value_type = String, format = DateTime, example = "2026-03-01T00:00:00Z")]
    pub settled_until: i64,
}

/// Those who were active in so many periods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = activity::StickinessFigure)]
#[serde(deny_unknown_fields)]
pub struct StickinessFigure {
    /// How many periods.
    pub periods: usize,
}

impl Tabular for StickinessAnswer {
    fn table(&self) -> Table {
        let mut table = Table::new(&["periods", "people"]);
        for (at, people) in self.people.iter().enumerate() {
            table.row([(at + 1).to_string(), people.to_string()]);
        }
        table
    }
}

impl Analysis for Stickiness {
    type Answer = StickinessAnswer;
    type Figure = StickinessFigure;

    fn validate(&self) -> Result<(), Flaw> {
        self.range.check(self.period)?;
        self.event.validate("event")?;
        expect(self.period.of_days(), "period", "period_too_short")
    }

    fn answer(&self, data: &Dataset) -> Result<StickinessAnswer> {
        self.validate()?;
        let buckets = data.zone.buckets(self.range, self.period);
        let days = data.zone.buckets(self.range, Period::Day);
        let first_day = data.zone.day_of(self.range.from);
        let wide = Range { from: data.zone.start_of(first_day - 29), to: self.range.to };
        let wide_days = data.zone.buckets(wide, Period::Day);
        let history = History::read(data, &Ask::by_day(wide, vec![self.event.clone()]))?;
        let begin = || (vec![0_u64; buckets.len()], vec![(0_u64, 0_i64); days.len() + 1]);
        let parts = history.fold(begin, |(people, daily), _, rows: &[Step]| {
            let inside: Vec<Step> = rows.iter().filter(|row| self.range.contains(row.at)).copied().collect();
            let periods = active(&buckets, &inside).periods.len();
            if let Some(people) = periods.checked_sub(1).and_then(|at| people.get_mut(at)) {
                *people += 1;
            }
            count_days(&active(&wide_days, rows).periods, daily);
        });
        let (mut people, mut daily) = begin();
        for (some_people, some_days) in parts {
            people.iter_mut().zip(some_people).for_each(|(sum, more)| *sum += more);
            daily.iter_mut().zip(some_days).for_each(|(sum, more)| *sum = (sum.0 + more.0, sum.1 + more.1));
        }
        let mut monthly = 0;
        let mut told = Vec::new();
        for ((at, start), (active, change)) in days.starts().iter().enumerate().zip(daily) {
            monthly += change;
            if days.end_of(at) <= data.now {
                told.push((data.zone.name(*start, Period::Day), active, monthly.unsigned_abs()));
            }
        }
        let rates: Vec<f64> = told.iter().filter_map(|(_, daily, monthly)| ratio(*daily, *monthly)).collect();
        let dau_mau = super::figures::mean(&rates);
        Ok(StickinessAnswer { people, days: told, dau_mau, settled_until: data.settled_until() })
    }

    fn people(&self, data: &Dataset, figure: &StickinessFigure) -> Result<PersonSet> {
        self.validate()?;
        let buckets = data.zone.buckets(self.range, self.period);
        let history = History::read(data, &Ask::by_day(self.range, vec![self.event.clone()]))?;
        let parts = history.fold(Vec::new, |found: &mut Vec<Person>, person, rows: &[Step]| {
            if active(&buckets, rows).periods.len() == figure.periods {
                found.push(person);
            }
        });
        Ok(parts.into_iter().flatten().collect())
    }
}

/// Adds one person, who was active on these days (from 29 before the first that is shown), to the counts of each day:
/// active on it, and by how much the number of those active within 30 days changes on it.
fn count_days(active: &[usize], daily: &mut [(u64, i64)]) {
    let mut until: Option<usize> = None;
    for day in active {
        if let Some(cell) = day.checked_sub(29).and_then(|day| daily.get_mut(day)) {
            cell.0 += 1;
        }
        // Active on a day, one counts on it and on the 29 days after; overlapping stretches count once.
        let from = until.map_or(*day, |until| until.max(*day));
        let to = day + 30;
        for (at, change) in [(from, 1), (to, -1)] {
            if let Some(cell) = daily.get_mut(at.saturating_sub(29)) {
                cell.1 += change;
            }
        }
        until = Some(to);
    }
}

/// Who is silent for longer than is their habit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = activity::Churn)]
#[serde(deny_unknown_fields)]
pub struct Churn {
    /// The time that habits are learned from; silence is measured up to `as_of`.
    pub range: Range,
    /// What ends a silence.
    pub event: Pick,
    /// The moment at which silence is measured.
    #[serde(serialize_with = "write_moment", deserialize_with = "read_moment")]
    #[schema(value_type = String, format = DateTime, example = "2026-03-01T00:00:00Z")]
    pub as_of: i64,
}

/// Somebody who is silent for too long.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = activity::Silent)]
pub struct Silent {
    /// The user; null for somebody who never logged in, for staff who may not see who is behind figures, and in saved answers.
    pub user_id: Option<UserId>,
    /// Who, as the engine counts people.
    #[serde(skip)]
    pub person: Person,
    /// For how long, in milliseconds.
    pub silence_ms: i64,
    /// How long silence may be, in milliseconds.
    pub limit_ms: f64,
    /// Whether the limit is from their own habit; otherwise it is the shop's.
    pub own: bool,
}

/// What the warning says.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = activity::ChurnAnswer)]
pub struct ChurnAnswer {
    /// How many people were looked at.
    pub people: u64,
    /// The shop's 90th percentile of gaps, in milliseconds, for people with fewer than three.
    pub usual_limit_ms: Option<f64>,
    /// Those who are silent for too long, the longest beyond their limit first.
    pub silent: Vec<Silent>,
}

/// Those who are warned about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = activity::ChurnFigure)]
#[serde(deny_unknown_fields)]
pub struct ChurnFigure {}

impl Tabular for ChurnAnswer {
    fn table(&self) -> Table {
        let mut table = Table::new(&["user_id", "silence_ms", "limit_ms", "own"]);
        for silent in &self.silent {
            let figures = [silent.silence_ms.to_string(), silent.limit_ms.to_string(), silent.own.to_string()];
            table.row(std::iter::once(cell(silent.user_id)).chain(figures));
        }
        table
    }
}

impl Analysis for Churn {
    type Answer = ChurnAnswer;
    type Figure = ChurnFigure;

    fn validate(&self) -> Result<(), Flaw> {
        self.range.check(Period::Day)?;
        self.event.validate("event")?;
        expect(self.as_of >= self.range.to, "as_of", "out_of_range")
    }

    fn answer(&self, data: &Dataset) -> Result<ChurnAnswer> {
        self.validate()?;
        let history = History::read(data, &Ask::new(self.range, vec![self.event.clone()]))?;
        let parts = history.fold(Vec::new, |found: &mut Vec<(Person, i64, Vec<f64>)>, person, rows: &[Step]| {
            let gap = |pair: &[Step]| match pair {
                [before, after] => real_signed(after.at - before.at),
                _ => 0.0,
            };
            let last = rows.last().map_or(0, |row| row.at);
            // Several things done at one moment are one visit, not a habit of coming back at once.
            found.push((person, last, rows.windows(2).map(gap).filter(|gap| *gap > 0.0).collect()));
        });
        let all: FxHashMap<Person, (i64, Vec<f64>)> =
            parts.into_iter().flatten().map(|(person, last, gaps)| (person, (last, gaps))).collect();
        let mut gaps: Vec<f64> = all.values().flat_map(|(_, gaps)| gaps.iter().copied()).collect();
        gaps.sort_unstable_by(f64::total_cmp);
        let usual = percentile(&gaps, 90);
        let judge = |(person, (last, gaps)): (&Person, &(i64, Vec<f64>))| {
            let own = (gaps.len() >= 3).then(|| spread(gaps)).flatten().map(|(mean, deviation)| mean + 2.0 * deviation);
            let limit_ms = own.or(usual)?;
            let silence_ms = self.as_of - last;
            let user_id = data.users.of(*person);
            let silent = Silent { user_id, person: *person, silence_ms, limit_ms, own: own.is_some() };
            (real_signed(silence_ms) > limit_ms).then_some(silent)
        };
        let mut silent: Vec<Silent> = all.iter().filter_map(judge).collect();
        let excess = |silent: &Silent| real_signed(silent.silence_ms) - silent.limit_ms;
        silent.sort_by(|one, other| excess(other).total_cmp(&excess(one)).then(one.person.cmp(&other.person)));
        Ok(ChurnAnswer { people: count(all.len()), usual_limit_ms: usual, silent })
    }

    fn people(&self, data: &Dataset, _: &ChurnFigure) -> Result<PersonSet> {
        Ok(self.answer(data)?.silent.iter().map(|silent| silent.person).collect())
    }
}

#[cfg(test)]
#[allow(clippy::as_conversions, reason = "small numbers of the tests' own")]
mod tests;
