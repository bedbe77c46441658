//! Retention (definitions §4): of those who did something, who came back to do something.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::analysis::{Analysis, Table, Tabular, cell};
use super::calendar::{Buckets, Period, Range, write_moment};
use super::dataset::Dataset;
use super::figures::ratio;
use super::filter::Pick;
use super::flaw::{Flaw, Result, expect};
use super::people::{Person, PersonSet};
use super::scan::{Ask, History, Step};

/// Most periods after the first that are looked at.
const MAX_AFTER: usize = 400;
/// Most cohorts of one answer.
const MAX_COHORTS: i64 = 400;
const DAY_MS: i64 = 86_400_000;

const START: u32 = 1;
const RETURN: u32 = 2;

/// What coming back means.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = retention::Kind)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// In the N-th period after.
    #[default]
    Exact,
    /// In the N-th period after, or later.
    Unbounded,
    /// Anywhere from the first to the last of the periods of each pair, both included.
    Brackets(Vec<(usize, usize)>),
    /// In the N-th 24 hours after the first start event of the cohort's period; the period must be a day.
    Rolling,
}

/// Who belongs to a cohort.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = retention::Cohorts)]
#[serde(rename_all = "snake_case")]
pub enum Cohorts {
    /// Everybody with a start event in the period, so that one may be in several.
    #[default]
    Recurring,
    /// Those whose first start event ever was in the period.
    FirstTime,
}

fn one() -> u64 {
    1
}

/// A table of retention.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = retention::Retention)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// The time of the cohorts and of the returns.
    pub range: Range,
    /// What makes one a member of a cohort.
    pub start: Pick,
    /// What counts as coming back.
    #[serde(rename = "return")]
    pub back: Pick,
    /// Day, week or month.
    pub period: Period,
    /// How many periods after the first are looked at.
    pub after: usize,
    /// What coming back means.
    #[serde(default)]
    pub kind: Kind,
    /// Who belongs to a cohort.
    #[serde(default)]
    pub cohorts: Cohorts,
    /// How often it must happen within a period to count.
    #[serde(default = "one")]
    pub least: u64,
}

/// One cohort.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = retention::Cohort)]
pub struct Cohort {
    /// The period.
    pub period: String,
    /// How many people; none while the period lasts.
    pub size: Option<u64>,
    /// Who came back, by period after (from 0) or by bracket; none where that has not fully passed.
    pub back: Vec<Option<u64>>,
    /// The same of the cohort's size.
    pub rates: Vec<Option<f64>>,
    /// Whether anything is missing because it has not fully passed.
    pub incomplete: bool,
}

/// What retention answers.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = retention::RetentionAnswer)]
pub struct RetentionAnswer {
    /// The names of the columns: `0`, `1`… or `1-3`.
    pub columns: Vec<String>,
    /// The cohorts in order of time.
    pub cohorts: Vec<Cohort>,
    /// Over the cohorts of which the column is known: those who came back of all.
    pub overall: Vec<Option<f64>>,
    /// Until when figures can no longer change by late events.
    #[serde(serialize_with = "write_moment")]
    #[schema(value_type = String, format = DateTime, example = "2026-03-01T00:00:00Z")]
    pub settled_until: i64,
}

/// Which people of the table are meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = retention::RetentionFigure)]
#[serde(deny_unknown_fields)]
pub struct RetentionFigure {
    /// The cohort's period, such as `2026-01-31`.
    pub period: String,
    /// The column that they came back in, from 0; none for the whole cohort.
    #[serde(default)]
    pub column: Option<usize>,
    /// Those who did not come back, instead of those who did.
    #[serde(default)]
    pub lost: bool,
}

impl Tabular for RetentionAnswer {
    fn table(&self) -> Table {
        let mut table = Table::new(&["period", "size"]);
        table.headers.extend(self.columns.iter().cloned());
        for cohort in &self.cohorts {
            let back = cohort.back.iter().map(|back| cell(*back));
            table.row([cohort.period.clone(), cell(cohort.size)].into_iter().chain(back));
        }
        table
    }
}

/// When one person did what: periods with enough start events, and with enough returns.
#[derive(Debug, Default)]
struct Presence {
    starts: Vec<usize>,
    returns: Vec<usize>,
}

/// Marks who came back into which columns of which cohort.
type Mark<'a> = dyn FnMut(usize, Option<usize>) + 'a;

impl Retention {
    fn columns(&self) -> Vec<(usize, usize)> {
        match &self.kind {
            Kind::Brackets(brackets) => brackets.clone(),
            Kind::Unbounded => (0..=self.after).map(|after| (after, usize::MAX)).collect(),
            Kind::Exact | Kind::Rolling => (0..=self.after).map(|after| (after, after)).collect(),
        }
    }

    fn read(&self, data: &Dataset) -> Result<History> {
        let from = match self.cohorts {
            // Whoever started before the range belongs to no cohort of it, so that has to be known.
            Cohorts::FirstTime => data.first_at().min(self.range.from),
            Cohorts::Recurring => self.range.from,
        };
        let range = Range { from, to: self.range.to };
        let mut ask = Ask::by_day(range, vec![self.start.clone(), self.back.clone()]);
        ask.time = self.kind == Kind::Rolling;
        ask.presence = self.least == 1 && !ask.time;
        History::read(data, &ask)
    }

    /// Tells of one person: `mark(cohort, None)` for being in a cohort, `mark(cohort, Some(column))` for coming back.
    fn judge(&self, buckets: &Buckets, columns: &[(usize, usize)], rows: &[Step], mark: &mut Mark<'_>) {
        if self.kind == Kind::Rolling {
            return self.judge_rolling(buckets, rows, mark);
        }
        let presence = self.presence(buckets, rows);
        for start in presence.starts {
            mark(start, None);
            let later = presence.returns.iter().filter_map(|back| back.checked_sub(start));
            let gaps: Vec<usize> = later.collect();
            for (column, (from, to)) in columns.iter().enumerate() {
                if gaps.iter().any(|gap| from <= gap && gap <= to) {
                    mark(start, Some(column));
                }
            }
        }
    }

    fn presence(&self, buckets: &Buckets, rows: &[Step]) -> Presence {
        let mut presence = Presence::default();
        let mut counted: [(Option<usize>, u64); 2] = [(None, 0); 2];
        let before = rows.first().is_some_and(|row| row.at < self.range.from);
        let disqualified = before && rows.iter().any(|row| row.mask & START != 0 && row.at < self.range.from);
        let mut hint = 0;
        for row in rows.iter().filter(|row| row.at >= self.range.from) {
            let Some(bucket) = buckets.near(row.at, hint) else { continue };
            hint = bucket;
            let kinds = [(START, &mut presence.starts), (RETURN, &mut presence.returns)];
            for ((bit, found), (last, times)) in kinds.into_iter().zip(&mut counted) {
                if row.mask & bit == 0 {
                    continue;
                }
                *times = if *last == Some(bucket) { *times + 1 } else { 1 };
                *last = Some(bucket);
                if *times == self.least {
                    found.push(bucket);
                }
            }
        }
        if self.cohorts == Cohorts::FirstTime {
            let first = rows.iter().find(|row| row.mask & START != 0 && row.at >= self.range.from);
            let first = first.and_then(|row| buckets.of(row.at));
            presence.starts.retain(|start| !disqualified && Some(*start) == first);
        }
        presence
    }

    fn judge_rolling(&self, buckets: &Buckets, rows: &[Step], mark: &mut Mark<'_>) {
        let mut last = None;
        for row in rows.iter().filter(|row| row.mask & START != 0) {
            let bucket = buckets.of(row.at).filter(|_| row.at >= self.range.from);
            let first_ever = last.is_none();
            let fresh = bucket.is_none() || last != Some(bucket);
            last = Some(bucket);
            let Some(cohort) = bucket.filter(|_| fresh && (first_ever || self.cohorts == Cohorts::Recurring)) else {
                continue;
            };
            mark(cohort, None);
            let mut times: BTreeMap<i64, u64> = BTreeMap::new();
            for back in rows.iter().filter(|back| back.mask & RETURN != 0 && back.at >= row.at) {
                *times.entry((back.at - row.at) / DAY_MS).or_default() += 1;
            }
            for (after, _) in times.into_iter().filter(|(_, times)| *times >= self.least) {
                if let Some(column) = usize::try_from(after).ok().filter(|after| *after <= self.after) {
                    mark(cohort, Some(column));
                }
            }
        }
    }

    /// The end of what a column of a cohort looks at.
    fn end_of(&self, data: &Dataset, buckets: &Buckets, cohort: usize, column: (usize, usize)) -> i64 {
        let after = if column.1 == usize::MAX { column.0 } else { column.1 };
        if self.kind == Kind::Rolling {
            let days = i64::try_from(after + 1).unwrap_or(i64::MAX);
            return buckets.end_of(cohort).saturating_add(days.saturating_mul(DAY_MS));
        }
        let mut end = buckets.end_of(cohort);
        for _ in 0..after {
            end = data.zone.next(end, self.period);
        }
        end
    }
}

impl Analysis for Retention {
    type Answer = RetentionAnswer;
    type Figure = RetentionFigure;

    fn validate(&self) -> Result<(), Flaw> {
        self.range.check(self.period)?;
        self.start.validate("start")?;
        self.back.validate("return")?;
        expect(self.period.of_days(), "period", "period_too_short")?;
        expect(self.after <= MAX_AFTER, "after", "out_of_range")?;
        let cohorts = (self.range.to - self.range.from) / self.period.least_ms();
        expect(cohorts <= MAX_COHORTS, "range", "range_too_long")?;
        expect((1..=1_000_000).contains(&self.least), "least", "out_of_range")?;
        expect(self.kind != Kind::Rolling || self.period == Period::Day, "period", "rolling_needs_days")?;
        if let Kind::Brackets(brackets) = &self.kind {
            expect(!brackets.is_empty() && brackets.len() <= 50, "kind.brackets", "out_of_range")?;
            let sound = brackets.iter().all(|(from, to)| from <= to && *to <= MAX_AFTER);
            expect(sound, "kind.brackets", "range_backwards")?;
        }
        Ok(())
    }

    fn answer(&self, data: &Dataset) -> Result<RetentionAnswer> {
        self.validate()?;
        let columns = self.columns();
        let buckets = data.zone.buckets(self.range, self.period);
        let width = columns.len() + 1;
        let begin = || vec![0_u64; buckets.len() * width];
        let parts = self.read(data)?.fold(begin, |counts, _: Person, rows: &[Step]| {
            self.judge(&buckets, &columns, rows, &mut |cohort, column| {
                if let Some(count) = counts.get_mut(cohort * width + column.map_or(0, |column| column + 1)) {
                    *count += 1;
                }
            });
        });
        let mut counts = begin();
        for part in parts {
            counts.iter_mut().zip(part).for_each(|(all, mine)| *all += mine);
        }
        let cohorts = counts.chunks(width).enumerate().map(|(at, counts)| {
            let start = buckets.starts().get(at).copied().unwrap_or_default();
            let known = buckets.end_of(at) <= data.now;
            let size = counts.first().copied().filter(|_| known);
            let passed = |column| self.end_of(data, &buckets, at, column) <= data.now.min(self.last_end(data));
            let back: Vec<Option<u64>> = columns
                .iter()
                .zip(counts.iter().skip(1))
                .map(|(column, count)| passed(*column).then_some(*count))
                .collect();
            let rates = back.iter().map(|back| back.zip(size).and_then(|(back, size)| ratio(back, size))).collect();
            let incomplete = !known || back.iter().any(Option::is_none);
            Cohort { period: data.zone.name(start, self.period), size, back, rates, incomplete }
        });
        let cohorts: Vec<Cohort> = cohorts.collect();
        let name = |(from, to): &(usize, usize)| match self.kind {
            Kind::Brackets(_) => format!("{from}-{to}"),
            _ => from.to_string(),
        };
        Ok(RetentionAnswer {
            overall: (0..columns.len()).map(|column| overall(&cohorts, column)).collect(),
            columns: columns.iter().map(name).collect(),
            cohorts,
            settled_until: data.settled_until(),
        })
    }

    fn people(&self, data: &Dataset, figure: &RetentionFigure) -> Result<PersonSet> {
        self.validate()?;
        let columns = self.columns();
        let buckets = data.zone.buckets(self.range, self.period);
        let cohort = buckets.starts().iter().position(|start| data.zone.name(*start, self.period) == figure.period);
        expect(cohort.is_some(), "figure.period", "no_such_figure")?;
        expect(figure.column.is_none_or(|column| column < columns.len()), "figure.column", "no_such_figure")?;
        let parts = self.read(data)?.fold(Vec::new, |found: &mut Vec<Person>, person, rows: &[Step]| {
            let (mut member, mut back) = (false, false);
            self.judge(&buckets, &columns, rows, &mut |at, column| {
                member |= Some(at) == cohort && column.is_none();
                back |= Some(at) == cohort && column.is_some() && column == figure.column;
            });
            if member && (figure.column.is_none() || back != figure.lost) {
                found.push(person);
            }
        });
        Ok(parts.into_iter().flatten().collect())
    }
}

impl Retention {
    /// The end of the last period that the range touches: what is read reaches no further.
    fn last_end(&self, data: &Dataset) -> i64 {
        let last = data.zone.floor(self.range.to - 1, self.period);
        if self.kind == Kind::Rolling { self.range.to } else { data.zone.next(last, self.period) }
    }
}

fn overall(cohorts: &[Cohort], column: usize) -> Option<f64> {
    let known = cohorts.iter().filter_map(|cohort| (*cohort.back.get(column)?).zip(cohort.size));
    let (back, size) = known.fold((0, 0), |(back, size), (more, members)| (back + more, size + members));
    ratio(back, size)
}

#[cfg(test)]
#[allow(clippy::as_conversions, reason = "small numbers of the tests' own")]
mod tests;
