//! Event analysis (definitions §2): how often, by how many, and how much.

use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

use super::analysis::{Analysis, Table, Tabular, cell};
use super::calendar::{Buckets, Period, Range, write_moment};
use super::dataset::Dataset;
use super::event::Flags;
use super::figures::{count, mean, median, percentile, ratio};
use super::filter::{Pick, check_name};
use super::flaw::{Flaw, Result, expect};
use super::people::{Person, PersonSet};
use super::scan::{Ask, Full, History, Key};

/// A breakdown by the value of a property at the time of the event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = counts::By)]
#[serde(deny_unknown_fields)]
pub struct By {
    /// The property.
    pub property: String,
    /// How many values are shown; the rest is `other`.
    pub top: usize,
}

/// A question for counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = counts::Counts)]
#[serde(deny_unknown_fields)]
pub struct Counts {
    /// The time of the events that count.
    pub range: Range,
    /// The events.
    pub event: Pick,
    /// What they are counted by.
    pub bucket: Period,
    /// A number property to sum.
    #[serde(default)]
    pub number: Option<String>,
    /// A breakdown.
    #[serde(default)]
    pub by: Option<By>,
}

/// Figures of a bucket or of the whole range.
#[derive(Clone, Debug, Default, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = counts::Figures)]
pub struct Figures {
    /// How many events.
    pub total: u64,
    /// How many different people.
    pub uniques: u64,
    /// Events of one of them on average.
    pub per_user: Option<f64>,
    /// Sum of the number.
    pub sum: Option<f64>,
    /// Mean of the number.
    pub mean: Option<f64>,
    /// Median of the number.
    pub median: Option<f64>,
    /// 95th percentile of the number, by nearest rank.
    pub p95: Option<f64>,
}

/// One bucket.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = counts::Bucket)]
pub struct Bucket {
    /// Its name.
    pub bucket: String,
    /// Its figures; none while it lasts.
    pub figures: Option<Figures>,
    /// Whether it has not fully passed.
    pub incomplete: bool,
}

/// The figures of one value of the breakdown, or of everything.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = counts::Series)]
pub struct Series {
    /// The value; `(none)` and `other` for events without it and for values beyond the top; none for everything.
    pub value: Option<String>,
    /// Over the whole range; people are counted once.
    pub whole: Figures,
    /// By bucket.
    pub buckets: Vec<Bucket>,
}

/// What event analysis answers.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = counts::CountAnswer)]
pub struct CountAnswer {
    /// Everything, and then each value of the breakdown, the largest first.
    pub series: Vec<Series>,
    /// Until when figures can no longer change by late events.
    #[serde(serialize_with = "write_moment")]
    #[schema(value_type = String, format = DateTime, example = "2026-03-01T00:00:00Z")]
    pub settled_until: i64,
}

/// Which people of the answer are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = counts::CountFigure)]
#[serde(deny_unknown_fields)]
pub struct CountFigure {
    /// Only those of this bucket.
    #[serde(default)]
    pub bucket: Option<String>,
    /// Only those of this value of the breakdown.
    #[serde(default)]
    pub value: Option<String>,
}

impl Tabular for CountAnswer {
    fn table(&self) -> Table {
        let mut table =
            Table::new(&["value", "bucket", "total", "uniques", "per_user", "sum", "mean", "median", "p95"]);
        for series in &self.series {
            let whole = [("total", Some(&series.whole))];
            let buckets = series.buckets.iter().map(|bucket| (bucket.bucket.as_str(), bucket.figures.as_ref()));
            for (bucket, figures) in buckets.chain(whole) {
                let cells = figures.map_or_else(|| vec![String::new(); 7], Figures::cells);
                table.row([cell(series.value.clone()), bucket.to_owned()].into_iter().chain(cells));
            }
        }
        table
    }
}

impl Figures {
    fn cells(&self) -> Vec<String> {
        let numbers = [self.per_user, self.sum, self.mean, self.median, self.p95];
        [self.total.to_string(), self.uniques.to_string()].into_iter().chain(numbers.map(cell)).collect()
    }
}

/// What is being gathered for one cell.
#[derive(Clone, Debug, Default)]
struct Tally {
    total: u64,
    uniques: u64,
    last: Option<Person>,
    numbers: Vec<f64>,
}

impl Tally {
    fn take(&mut self, person: Person, number: f64) {
        self.total += 1;
        if self.last != Some(person) {
            self.uniques += 1;
            self.last = Some(person);
        }
        if !number.is_nan() {
            self.numbers.push(number);
        }
    }

    fn add(&mut self, other: Self) {
        self.total += other.total;
        self.uniques += other.uniques;
        self.numbers.extend(other.numbers);
    }

    fn figures(mut self, summing: bool) -> Figures {
        self.numbers.sort_unstable_by(f64::total_cmp);
        Figures {
            total: self.total,
            uniques: self.uniques,
            per_user: ratio(self.total, self.uniques),
            sum: summing.then(|| self.numbers.iter().sum()),
            mean: mean(&self.numbers),
            median: median(&self.numbers),
            p95: percentile(&self.numbers, 95),
        }
    }
}

/// Tallies by value and bucket; the first is the whole range.
type Tallies = FxHashMap<u32, Vec<Tally>>;

/// The key of everything together.
const ALL: u32 = u32::MAX;
/// The key of values beyond the top.
const OTHER: u32 = u32::MAX - 1;

impl Counts {
    fn read(&self, data: &Dataset) -> Result<History> {
        let mut ask = Ask::new(self.range, vec![self.event.clone()]);
        ask.time = !self.bucket.of_days();
        ask.number.clone_from(&self.number);
        let keys = self.by.iter().map(|by| Key::property(&by.property)).collect();
        History::read(data, &ask.keys(keys))
    }

    /// Counts again by group, when `group` says which value of the breakdown belongs to which.
    fn tally(&self, history: &History, buckets: &Buckets, group: impl Fn(u32) -> u32 + Sync) -> Tallies {
        let parts = history.fold(Tallies::default, |tallies, person, rows: &[Full]| {
            let mut hint = 0;
            for row in rows {
                let Some(bucket) = buckets.near(row.step.at, hint) else { continue };
                hint = bucket;
                let own = self.by.as_ref().map(|_| group(row.keys[0]));
                for key in own.into_iter().chain([ALL]) {
                    let cells = tallies.entry(key).or_insert_with(|| vec![Tally::default(); buckets.len() + 1]);
                    for at in [0, bucket + 1] {
                        if let Some(tally) = cells.get_mut(at) {
                            tally.take(person, row.number);
                        }
                    }
                }
            }
        });
        let mut all = Tallies::default();
        for (key, cells) in parts.into_iter().flatten() {
            let sums = all.entry(key).or_insert_with(|| vec![Tally::default(); buckets.len() + 1]);
            sums.iter_mut().zip(cells).for_each(|(sum, cell)| sum.add(cell));
        }
        all
    }

    /// The values that are shown, by code, the largest first.
    fn top(&self, history: &History) -> Vec<u32> {
        let Some(by) = &self.by else { return Vec::new() };
        let parts = history.fold(FxHashMap::default, |sizes: &mut FxHashMap<u32, u64>, _, rows: &[Full]| {
            rows.iter().for_each(|row| super::figures::add(sizes, row.keys[0], 1));
        });
        let mut sizes: FxHashMap<u32, u64> = FxHashMap::default();
        for (code, more) in parts.into_iter().flatten() {
            super::figures::add(&mut sizes, code, more);
        }
        sizes.remove(&0);
        let mut ranked: Vec<_> =
            sizes.into_iter().map(|(code, size)| (std::cmp::Reverse(size), history.lexicon.text(code), code)).collect();
        ranked.sort();
        ranked.into_iter().take(by.top).map(|(_, _, code)| code).collect()
    }

    fn series(&self, data: &Dataset, buckets: &Buckets, value: Option<String>, cells: Vec<Tally>) -> Series {
        let mut figures = cells.into_iter().map(|tally| tally.figures(self.number.is_some()));
        let whole = figures.next().unwrap_or_default();
        let bucket = |((at, start), figures): ((usize, &i64), Figures)| {
            let incomplete = buckets.end_of(at) > data.now;
            let figures = (!incomplete).then_some(figures);
            Bucket { bucket: data.zone.name(*start, self.bucket), figures, incomplete }
        };
        Series { value, whole, buckets: buckets.starts().iter().enumerate().zip(figures).map(bucket).collect() }
    }
}

impl Analysis for Counts {
    type Answer = CountAnswer;
    type Figure = CountFigure;

    fn validate(&self) -> Result<(), Flaw> {
        self.range.check(self.bucket)?;
        self.event.validate("event")?;
        if let Some(number) = &self.number {
            check_name(number, "number")?;
        }
        if let Some(by) = &self.by {
            check_name(&by.property, "by.property")?;
            expect((1..=100).contains(&by.top), "by.top", "out_of_range")?;
        }
        Ok(())
    }

    fn answer(&self, data: &Dataset) -> Result<CountAnswer> {
        self.validate()?;
        let history = self.read(data)?;
        let buckets = data.zone.buckets(self.range, self.bucket);
        let top = self.top(&history);
        let shown: FxHashSet<u32> = top.iter().copied().collect();
        let group = |code: u32| if code == 0 || shown.contains(&code) { code } else { OTHER };
        let mut tallies = self.tally(&history, &buckets, group);
        let empty = || vec![Tally::default(); buckets.len() + 1];
        let everything = tallies.remove(&ALL).unwrap_or_else(empty);
        let mut series = vec![self.series(data, &buckets, None, everything)];
        for code in top.into_iter().chain([OTHER, 0]) {
            let name = match code {
                OTHER => "other".to_owned(),
                code => history.lexicon.text(code).unwrap_or_else(|| "(none)".to_owned()),
            };
            if let Some(cells) = tallies.remove(&code) {
                series.push(self.series(data, &buckets, Some(name), cells));
            }
        }
        Ok(CountAnswer { series, settled_until: data.settled_until() })
    }

    fn people(&self, data: &Dataset, figure: &CountFigure) -> Result<PersonSet> {
        self.validate()?;
        let history = self.read(data)?;
        let buckets = data.zone.buckets(self.range, self.bucket);
        let named =
            |name: &String| buckets.starts().iter().position(|start| data.zone.name(*start, self.bucket) == *name);
        let bucket = figure.bucket.as_ref().map(named);
        expect(bucket != Some(None), "figure.bucket", "no_such_figure")?;
        let top = self.top(&history);
        let meant = |code: u32| match figure.value.as_deref() {
            None => true,
            Some("(none)") => code == 0,
            Some("other") => code != 0 && !top.contains(&code),
            Some(value) => history.lexicon.text(code).as_deref() == Some(value),
        };
        let parts = history.fold(Vec::new, |found: &mut Vec<Person>, person, rows: &[Full]| {
            let in_bucket = |row: &Full| bucket.is_none_or(|bucket| buckets.of(row.step.at) == bucket);
            if rows.iter().any(|row| in_bucket(row) && meant(row.keys[0])) {
                found.push(person);
            }
        });
        Ok(parts.into_iter().flatten().collect())
    }
}

/// How many events of each day there are, by name, without reading a row where a segment's own counts say it. None when
/// that cannot be told from counts: a set of persons is asked about, or some names are left out.
///
/// # Errors
/// What the disk says.
pub fn by_day(data: &Dataset, range: Range, event: &Pick) -> Result<Option<Vec<(String, u64)>>> {
    if data.only.is_some() || !event.filters.is_empty() || !data.blocked.is_empty() {
        return Ok(None);
    }
    let buckets = data.zone.buckets(range, Period::Day);
    let mut counts = vec![0_u64; buckets.len()];
    let mut rest = Dataset { segments: Vec::new(), ..data.clone() };
    for segment in &data.segments {
        let facts = segment.facts();
        let whole = range.from <= facts.first_at && facts.last_at < range.to;
        let day = buckets.of(facts.first_at).filter(|day| whole && buckets.of(facts.last_at) == Some(*day));
        let Some(sum) = day.and_then(|day| counts.get_mut(day)) else {
            rest.segments.push(segment.clone());
            continue;
        };
        let counted = |name: &&super::segment::NameCount| {
            event.names(&name.name) && !Flags::from_bits(name.flags).any_of(data.hidden)
        };
        *sum += facts.counts.iter().filter(counted).map(|name| name.count).sum::<u64>();
    }
    let history = History::read(&rest, &Ask::new(range, vec![event.clone()]))?;
    let parts = history.fold(
        || vec![0_u64; buckets.len()],
        |counts, _, rows: &[super::scan::Step]| {
            for row in rows {
                if let Some(sum) = buckets.of(row.at).and_then(|day| counts.get_mut(day)) {
                    *sum += 1;
                }
            }
        },
    );
    for part in parts {
        counts.iter_mut().zip(part).for_each(|(sum, more)| *sum += more);
    }
    Ok(Some(buckets.starts().iter().map(|start| data.zone.name(*start, Period::Day)).zip(counts).collect()))
}

/// How many events there are at all in sealed days and tail.
pub fn stored(data: &Dataset) -> u64 {
    data.segments.iter().map(|segment| segment.facts().rows).sum::<u64>() + count(data.tail.len())
}

#[cfg(test)]
#[allow(clippy::as_conversions, clippy::needless_range_loop, reason = "small numbers of the tests' own")]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::analytics::engine::event::{Event, Value};
    use crate::analytics::engine::testing::{DAY, MONDAY, Recipe, check_random, days, event, history};

    fn counts(bucket: Period) -> Counts {
        let by = Some(By { property: "size".into(), top: 1 });
        Counts { range: days(3), event: Pick::named("A"), bucket, number: Some("price".into()), by }
    }

    const RECIPE: Recipe = Recipe {
        people: 5,
        events: 50,
        names: &["A", "A", "B"],
        days: 4,
        grain: DAY / 7,
        properties: &[("size", &["s", "m"]), ("price", &["1", "2", "30"])],
    };

    #[test]
    fn counts_agree_with_the_reference() {
        check_random(&RECIPE, 400, |data, people, seed| {
            for bucket in [Period::Hour, Period::Day, Period::Week] {
                let asked = counts(bucket);
                let answer = asked.answer(data).unwrap();
                for series in &answer.series {
                    for (at, bucket) in series.buckets.iter().enumerate() {
                        let inside = |event: &Event| {
                            data.zone.name(data.zone.floor(event.at, asked.bucket), asked.bucket) == bucket.bucket
                        };
                        let label = |event: &Event| event.properties.get("size").map(Value::label);
                        let top = answer.series.get(1).and_then(|series| series.value.clone());
                        let meant = |event: &Event| match series.value.as_deref() {
                            None => true,
                            Some("(none)") => label(event).is_none(),
                            Some("other") => label(event).is_some() && label(event) != top,
                            value => label(event).as_deref() == value,
                        };
                        let all: Vec<(&u32, &Event)> = people
                            .iter()
                            .flat_map(|(person, events)| events.iter().map(move |event| (person, event)))
                            .filter(|(_, event)| event.name == "A" && asked.range.contains(event.at))
                            .filter(|(_, event)| inside(event) && meant(event))
                            .collect();
                        let figures = bucket.figures.as_ref().unwrap();
                        assert_eq!(figures.total, all.len() as u64, "{seed} {at}");
                        let persons: BTreeSet<u32> = all.iter().map(|(person, _)| **person).collect();
                        assert_eq!(figures.uniques, persons.len() as u64, "{seed}");
                        let mut prices: Vec<f64> =
                            all.iter().filter_map(|(_, event)| event.properties.get("price")?.number()).collect();
                        prices.sort_by(f64::total_cmp);
                        assert_eq!(figures.sum, Some(prices.iter().sum()), "{seed}");
                        assert_eq!((figures.mean, figures.median), (mean(&prices), median(&prices)), "{seed}");
                        let figure = CountFigure { bucket: Some(bucket.bucket.clone()), value: series.value.clone() };
                        let found: BTreeSet<u32> = asked.people(data, &figure).unwrap().iter().collect();
                        assert_eq!(found, persons, "{seed}");
                    }
                }
                let whole = &answer.series[0].whole;
                assert_eq!(
                    whole.total,
                    answer.series[1..].iter().map(|series| series.whole.total).sum::<u64>(),
                    "{seed}"
                );
            }
            let quick: BTreeMap<String, u64> =
                by_day(data, days(3), &Pick::named("A")).unwrap().unwrap().into_iter().collect();
            let slow = Counts { by: None, ..counts(Period::Day) }.answer(data).unwrap();
            for bucket in &slow.series[0].buckets {
                assert_eq!(quick[&bucket.bucket], bucket.figures.as_ref().unwrap().total, "{seed}");
            }
        });
    }

    #[test]
    fn people_are_counted_once_over_the_whole_range() {
        let data = history(vec![event(1, "A", MONDAY), event(1, "A", MONDAY + DAY), event(2, "A", MONDAY + DAY)]);
        let answer = Counts { by: None, number: None, ..counts(Period::Day) }.answer(&data).unwrap();
        let whole = &answer.series[0].whole;
        assert_eq!((whole.total, whole.uniques, whole.per_user, whole.sum), (3, 2, Some(1.5), None));
        assert_eq!(answer.table().rows.len(), 4);
        let now = Dataset { now: MONDAY + DAY + 7, ..data };
        assert!(counts(Period::Day).answer(&now).unwrap().series[0].buckets[1].figures.is_none());
        let endless = Counts { range: days(400), bucket: Period::Minute, ..counts(Period::Day) };
        assert_eq!(endless.validate().unwrap_err().reason, "range_too_long");
    }
}
