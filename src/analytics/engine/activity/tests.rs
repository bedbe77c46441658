//! Identities and references of lifecycle, stickiness and churn.

use std::collections::BTreeSet;

use super::*;
use crate::analytics::engine::testing::{DAY, MONDAY, Recipe, check_random, event, history};

const RECIPE: Recipe = Recipe { people: 6, events: 40, names: &["A", "B"], days: 45, grain: DAY / 3, properties: &[] };

fn range(from: i64, to: i64) -> Range {
    Range { from: MONDAY + from * DAY, to: MONDAY + to * DAY }
}

#[test]
fn the_identities_of_the_lifecycle_always_hold() {
    check_random(&RECIPE, 400, |data, people, seed| {
        for (period, step) in [(Period::Day, 1), (Period::Week, 7)] {
            let asked = Lifecycle { range: range(7, 42), event: Pick::named("A"), period };
            let answer = asked.answer(data).unwrap();
            let of = |at: i64| -> BTreeSet<u32> {
                let day = MONDAY + 7 * DAY + at * step * DAY;
                let inside = |events: &Vec<crate::analytics::engine::event::Event>| {
                    events.iter().any(|event| event.name == "A" && (day..day + step * DAY).contains(&event.at))
                };
                people.iter().filter(|(_, events)| inside(events)).map(|(person, _)| *person).collect()
            };
            for (at, row) in (0..).zip(&answer.rows) {
                let figures = row.figures.as_ref().unwrap();
                assert_eq!(figures.active, of(at).len() as u64, "{seed}");
                assert_eq!(figures.new + figures.returning + figures.resurrecting, figures.active, "{seed}");
                assert_eq!(figures.returning + figures.dormant.unsigned_abs(), of(at - 1).len() as u64, "{seed}");
                let list = |stage| {
                    let figure = LifecycleFigure { period: row.period.clone(), stage };
                    asked.people(data, &figure).unwrap().iter().collect::<BTreeSet<u32>>()
                };
                assert_eq!(list(Stage::Returning), &of(at) & &of(at - 1), "{seed}");
                assert_eq!(list(Stage::Dormant), &of(at - 1) - &of(at), "{seed}");
                let start = MONDAY + 7 * DAY + at * step * DAY;
                let first = |person: &u32| people[person].iter().find(|event| event.name == "A").unwrap().at >= start;
                assert_eq!(list(Stage::New), of(at).into_iter().filter(first).collect(), "{seed}");
            }
        }
    });
}

#[test]
fn stickiness_agrees_with_the_reference() {
    check_random(&RECIPE, 300, |data, people, seed| {
        let asked = Stickiness { range: range(10, 40), event: Pick::named("A"), period: Period::Day };
        let answer = asked.answer(data).unwrap();
        let active = |person: &u32, from: i64, to: i64| -> usize {
            let inside = |at: i64| (MONDAY + from * DAY..MONDAY + to * DAY).contains(&at);
            let events = people[person].iter().filter(|event| event.name == "A" && inside(event.at));
            events.map(|event| data.zone.day_of(event.at)).collect::<BTreeSet<_>>().len()
        };
        for periods in 1..=30 {
            let expected: BTreeSet<u32> =
                people.keys().copied().filter(|person| active(person, 10, 40) == periods).collect();
            assert_eq!(answer.people[periods - 1], expected.len() as u64, "{seed}");
            let found: BTreeSet<u32> = asked.people(data, &StickinessFigure { periods }).unwrap().iter().collect();
            assert_eq!(found, expected, "{seed}");
        }
        let mut rates = Vec::new();
        for (day, (_, daily, monthly)) in (10..).zip(&answer.days) {
            let within =
                |days: i64| people.keys().filter(|person| active(person, day + 1 - days, day + 1) > 0).count() as u64;
            assert_eq!((*daily, *monthly), (within(1), within(30)), "{seed} day {day}");
            rates.extend(ratio(*daily, *monthly));
        }
        assert_eq!(answer.dau_mau, crate::analytics::engine::figures::mean(&rates), "{seed}");
    });
}

#[test]
fn silence_is_measured_by_ones_own_habit_or_the_shops() {
    let mut events: Vec<_> = [0, 1, 2, 3].map(|day| event(1, "A", MONDAY + day * DAY)).to_vec();
    events.extend([0, 4, 8, 12].map(|day| event(2, "A", MONDAY + day * DAY)));
    events.push(event(3, "A", MONDAY + 12 * DAY));
    events.push(event(4, "A", MONDAY));
    let asked = Churn { range: range(0, 13), event: Pick::named("A"), as_of: MONDAY + 13 * DAY };
    let answer = asked.answer(&history(events)).unwrap();
    assert_eq!((answer.people, answer.usual_limit_ms), (4, Some(4.0 * DAY as f64)));
    let told: Vec<_> =
        answer.silent.iter().map(|silent| (silent.person, silent.silence_ms / DAY, silent.own)).collect();
    assert_eq!(told, vec![(1, 10, true), (4, 13, false)]);
    assert_eq!(answer.silent[0].limit_ms, DAY as f64, "gaps that never vary leave no room");
    assert_eq!(Churn { as_of: 0, ..asked }.validate().unwrap_err().reason, "out_of_range");
}

#[test]
fn the_current_period_is_not_told_yet() {
    let data = Dataset { now: MONDAY + 2 * DAY + 1, ..history(vec![event(1, "A", MONDAY + DAY)]) };
    let asked = Lifecycle { range: range(0, 3), event: Pick::named("A"), period: Period::Day };
    let answer = asked.answer(&data).unwrap();
    assert_eq!(answer.rows[1].figures.as_ref().unwrap().new, 1);
    assert_eq!((answer.rows[2].figures.clone(), answer.rows[2].incomplete), (None, true));
    assert_eq!(answer.table().rows[2][1], "");
}
