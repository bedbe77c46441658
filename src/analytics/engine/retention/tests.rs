//! Retention against its definition.

use std::collections::BTreeSet;

use super::*;
use crate::analytics::engine::event::Event;
use crate::analytics::engine::testing::{DAY, MONDAY, Recipe, check_random, days, event, history};

fn retention(kind: Kind, cohorts: Cohorts, least: u64) -> Retention {
    Retention {
        range: Range { from: MONDAY + DAY, to: MONDAY + 6 * DAY },
        start: Pick::named("A"),
        back: Pick::named("B"),
        period: Period::Day,
        after: 4,
        kind,
        cohorts,
        least,
    }
}

fn members(
    people: &BTreeMap<u32, Vec<Event>>,
    asked: &Retention,
    day: i64,
    zone: &crate::analytics::engine::calendar::Zone,
) -> Vec<u32> {
    let of_day = |event: &&Event| zone.day_of(event.at) == day && asked.range.contains(event.at);
    let starts = |events: &[Event]| events.iter().filter(of_day).filter(|event| event.name == "A").count() as u64;
    let first = |events: &[Event]| events.iter().find(|event| event.name == "A").is_some_and(|event| of_day(&event));
    let belongs = |events: &[Event]| match (&asked.kind, asked.cohorts) {
        (Kind::Rolling, Cohorts::Recurring) => starts(events) > 0,
        (Kind::Rolling, Cohorts::FirstTime) => first(events),
        (_, Cohorts::Recurring) => starts(events) >= asked.least,
        (_, Cohorts::FirstTime) => starts(events) >= asked.least && first(events),
    };
    people.iter().filter(|(_, events)| belongs(events)).map(|(person, _)| *person).collect()
}

fn came_back(
    events: &[Event],
    asked: &Retention,
    day: i64,
    column: usize,
    zone: &crate::analytics::engine::calendar::Zone,
) -> bool {
    let returns: Vec<i64> = events
        .iter()
        .filter(|event| event.name == "B" && asked.range.contains(event.at))
        .map(|event| event.at)
        .collect();
    let enough = |wanted: &dyn Fn(i64) -> bool| returns.iter().filter(|at| wanted(**at)).count() as u64 >= asked.least;
    let n = column as i64;
    match &asked.kind {
        Kind::Exact => enough(&|at| zone.day_of(at) == day + n),
        Kind::Unbounded => (n..40).any(|n| enough(&|at| zone.day_of(at) == day + n)),
        Kind::Brackets(brackets) => {
            let (from, to) = brackets[column];
            (from..=to).any(|n| enough(&|at| zone.day_of(at) == day + n as i64))
        }
        Kind::Rolling => {
            let start = events
                .iter()
                .find(|event| event.name == "A" && zone.day_of(event.at) == day && asked.range.contains(event.at));
            let start = start.unwrap().at;
            enough(&|at| at >= start && (at - start) / DAY == n)
        }
    }
}

const RECIPE: Recipe =
    Recipe { people: 6, events: 60, names: &["A", "B", "B", "C"], days: 8, grain: DAY / 5, properties: &[] };

#[test]
fn every_kind_of_retention_agrees_with_the_reference() {
    check_random(&RECIPE, 400, |data, people, seed| {
        for kind in [Kind::Exact, Kind::Unbounded, Kind::Brackets(vec![(1, 3), (0, 0), (2, 4)]), Kind::Rolling] {
            for cohorts in [Cohorts::Recurring, Cohorts::FirstTime] {
                for least in [1, 2] {
                    compare(&retention(kind.clone(), cohorts, least), data, people, seed);
                }
            }
        }
    });
}

fn compare(asked: &Retention, data: &Dataset, people: &BTreeMap<u32, Vec<Event>>, seed: &str) {
    let answer = asked.answer(data).unwrap();
    assert_eq!(answer.cohorts.len(), 5);
    for (at, cohort) in answer.cohorts.iter().enumerate() {
        let day = data.zone.day_of(asked.range.from) + at as i64;
        let members = members(people, asked, day, &data.zone);
        assert_eq!(cohort.size, Some(members.len() as u64), "{seed} {asked:?}");
        for (column, back) in cohort.back.iter().enumerate() {
            let expected: BTreeSet<u32> = members
                .iter()
                .copied()
                .filter(|person| came_back(&people[person], asked, day, column, &data.zone))
                .collect();
            if let Some(back) = back {
                assert_eq!(*back, expected.len() as u64, "{seed} {asked:?} cohort {at} column {column}");
            }
            let figure = |lost| RetentionFigure { period: cohort.period.clone(), column: Some(column), lost };
            let found: BTreeSet<u32> = asked.people(data, &figure(false)).unwrap().iter().collect();
            assert_eq!(found, expected, "{seed} {asked:?}");
            assert_eq!(asked.people(data, &figure(true)).unwrap().len(), (members.len() - expected.len()) as u64);
        }
        if asked.kind == Kind::Unbounded {
            assert!(cohort.back.iter().flatten().is_sorted_by(|sooner, later| sooner >= later), "{seed}");
        }
    }
}

#[test]
fn cells_that_have_not_fully_passed_are_empty() {
    let events = vec![event(1, "A", MONDAY + DAY), event(1, "B", MONDAY + 2 * DAY)];
    let data = Dataset { now: MONDAY + 3 * DAY + 1, ..history(events) };
    let answer = Retention { after: 2, ..retention(Kind::Exact, Cohorts::Recurring, 1) }.answer(&data).unwrap();
    assert_eq!(answer.cohorts[0].back, vec![Some(0), Some(1), None]);
    assert_eq!(answer.cohorts[0].rates[1], Some(1.0));
    assert_eq!(answer.cohorts[1].rates[0], None, "a cohort of nobody has no rate");
    assert_eq!((answer.cohorts[2].size, answer.cohorts[2].incomplete), (None, true));
    assert_eq!(answer.overall[1], Some(1.0));
    assert_eq!(answer.table().headers, vec!["period", "size", "0", "1", "2"]);
}

#[test]
fn weeks_and_months_are_those_of_the_calendar() {
    let events = vec![event(1, "A", MONDAY + 6 * DAY), event(1, "B", MONDAY + 7 * DAY)];
    let weekly = Retention { period: Period::Week, range: days(21), ..retention(Kind::Exact, Cohorts::Recurring, 1) };
    let answer = weekly.answer(&history(events)).unwrap();
    assert_eq!(answer.cohorts[0].back[1], Some(1));
}

#[test]
fn retention_that_makes_no_sense_is_refused() {
    let base = retention(Kind::Exact, Cohorts::Recurring, 1);
    let reason = |asked: Retention| asked.validate().unwrap_err().reason;
    assert_eq!(reason(Retention { period: Period::Hour, ..base.clone() }), "period_too_short");
    assert_eq!(reason(Retention { after: 500, ..base.clone() }), "out_of_range");
    assert_eq!(reason(Retention { kind: Kind::Rolling, period: Period::Week, ..base.clone() }), "rolling_needs_days");
    assert_eq!(reason(Retention { kind: Kind::Brackets(vec![(3, 1)]), ..base }), "range_backwards");
}
