//! Algebra, references and agreement with reading each condition aloud.

use std::collections::{BTreeMap, BTreeSet};

use super::*;
use crate::analytics::engine::event::Event;
use crate::analytics::engine::event::Value;
use crate::analytics::engine::people::{REGISTERED, TAGS};
use crate::analytics::engine::testing::{DAY, MONDAY, Recipe, check_random, event, history};

const AS_OF: i64 = MONDAY + 10 * DAY;
const RECIPE: Recipe =
    Recipe { people: 6, events: 60, names: &["A", "B", "C"], days: 12, grain: DAY / 4, properties: &[] };

fn leaves() -> Vec<Condition> {
    let event = || Pick::named("A");
    let ago = |from_days, to_days| Window::Ago { from_days, to_days };
    let did = |compare, times, window| Condition::Did { event: event(), compare, times, window };
    vec![
        did(Compare::Gte, 2, ago(5, 0)),
        did(Compare::Eq, 0, ago(5, 2)),
        did(Compare::Lte, 1, Window::Ever),
        did(Compare::Lt, 2, ago(7, 3)),
        did(Compare::Gt, 1, ago(7, 3)),
        Condition::DidNot { event: event(), window: ago(6, 4) },
        Condition::FirstDid { event: event(), window: ago(6, 0) },
        Condition::Sequence { first: event(), then: Pick::named("B"), within_ms: DAY, window: ago(9, 0) },
        Condition::Stopped { event: event(), active: ago(9, 4), silent: ago(4, 0) },
        Condition::Restarted { event: event(), active: ago(9, 6), silent: ago(6, 4), again: ago(4, 0) },
        Condition::Regularly { event: event(), period: Period::Day, least: 3, of: 6 },
        Condition::ActiveIn { window: ago(2, 0) },
        Condition::NewIn { window: ago(9, 3) },
        Condition::Soon { event: Pick::named("B"), within_ms: 2 * DAY },
    ]
}

fn aloud(condition: &Condition, events: &[Event]) -> bool {
    let events: Vec<&Event> = events.iter().filter(|event| event.at < AS_OF).collect();
    let Some(seen) = events.first().map(|event| event.at) else { return false };
    let range = |window: &Window| match window {
        Window::Ago { from_days, to_days } => AS_OF - from_days * DAY..AS_OF - to_days * DAY,
        _ => i64::MIN..AS_OF,
    };
    let times = |pick: &Pick, window: &Window| {
        events.iter().filter(|event| pick.names(&event.name) && range(window).contains(&event.at)).count() as u64
    };
    match condition {
        Condition::Did { event, compare, times: wanted, window } => {
            let found = times(event, window);
            (found > 0 || seen < range(window).end)
                && match compare {
                    Compare::Eq => found == *wanted,
                    Compare::Gt => found > *wanted,
                    Compare::Gte => found >= *wanted,
                    Compare::Lt => found < *wanted,
                    Compare::Lte => found <= *wanted,
                }
        }
        Condition::DidNot { event, window } => seen < range(window).end && times(event, window) == 0,
        Condition::FirstDid { event, window } => {
            events.iter().find(|found| event.names(&found.name)).is_some_and(|found| range(window).contains(&found.at))
        }
        Condition::Sequence { first, then, within_ms, window } => events.iter().enumerate().any(|(at, one)| {
            let follows = |other: &&Event| -> bool {
                then.names(&other.name) && range(window).contains(&other.at) && other.at - one.at <= *within_ms
            };
            first.names(&one.name) && range(window).contains(&one.at) && events[at + 1..].iter().any(&follows)
        }),
        Condition::Stopped { event, active, silent } => times(event, active) > 0 && times(event, silent) == 0,
        Condition::Restarted { event, active, silent, again } => {
            times(event, active) > 0 && times(event, silent) == 0 && times(event, again) > 0
        }
        Condition::Regularly { event, least, of, .. } => {
            let day = |day: i64| times(event, &Window::Ago { from_days: day + 1, to_days: day }) > 0;
            (0..*of as i64).filter(|at| day(*at)).count() >= *least
        }
        Condition::ActiveIn { window } => times(&Pick::any(), window) > 0,
        Condition::NewIn { window } => range(window).contains(&seen),
        Condition::Soon { event, within_ms } => {
            events.iter().any(|found| event.names(&found.name) && found.at - seen <= *within_ms)
        }
        Condition::And(parts) => {
            parts.iter().all(|part| aloud(part, &events.iter().map(|event| (*event).clone()).collect::<Vec<_>>()))
        }
        Condition::Or(parts) => {
            parts.iter().any(|part| aloud(part, &events.iter().map(|event| (*event).clone()).collect::<Vec<_>>()))
        }
        Condition::Not(part) => !aloud(part, &events.iter().map(|event| (*event).clone()).collect::<Vec<_>>()),
        _ => unreachable!(),
    }
}

fn members(condition: Condition, data: &Dataset) -> BTreeSet<u32> {
    Audience { as_of: AS_OF, condition }.members(data, &Alone).unwrap().iter().collect()
}

#[test]
fn every_condition_means_what_it_says_and_its_opposite_is_the_rest() {
    check_random(&RECIPE, 300, |data, people, seed| {
        let aloud_of = |condition: &Condition| -> BTreeSet<u32> {
            people.iter().filter(|(_, events)| aloud(condition, events)).map(|(person, _)| *person).collect()
        };
        let all = leaves();
        let base: BTreeSet<u32> =
            people.iter().filter(|(_, events)| events[0].at < AS_OF).map(|(person, _)| *person).collect();
        for (at, condition) in all.iter().enumerate() {
            let found = members(condition.clone(), data);
            assert_eq!(found, aloud_of(condition), "{seed} {condition:?}");
            let opposite = members(Condition::Not(Box::new(condition.clone())), data);
            assert_eq!(found.len() + opposite.len(), base.len(), "{seed} {condition:?}");
            let other = &all[(at + 5) % all.len()];
            for compound in [
                Condition::And(vec![condition.clone(), Condition::Not(Box::new(other.clone()))]),
                Condition::And(vec![condition.clone(), other.clone(), all[0].clone()]),
                Condition::Or(vec![condition.clone(), Condition::Not(Box::new(other.clone()))]),
                Condition::And(vec![
                    Condition::Not(Box::new(condition.clone())),
                    Condition::Not(Box::new(other.clone())),
                ]),
            ] {
                assert_eq!(members(compound.clone(), data), aloud_of(&compound), "{seed} {compound:?}");
            }
        }
    });
}

struct Shelf(BTreeMap<&'static str, Found>);

impl Lookup for Shelf {
    fn find(&self, id: &str) -> Option<Found> {
        self.0.get(id).cloned()
    }
}

#[test]
fn audiences_refer_to_each_other_but_never_in_a_circle() {
    let mut data = history(vec![event(1, "A", MONDAY), event(2, "B", MONDAY), event(3, "B", MONDAY)]);
    let mut attributes = crate::analytics::engine::people::Attributes::default();
    attributes.set(2, TAGS, Value::List(vec!["vip".into()]));
    attributes.set(9, REGISTERED, Value::Number(MONDAY as f64));
    data.attributes = std::sync::Arc::new(attributes);
    let refer = |id: &str| Condition::Audience(id.into());
    let shelf = Shelf(BTreeMap::from([
        ("one", Found::Condition(Condition::Or(vec![refer("two"), refer("static")]))),
        ("two", Found::Condition(Condition::Tag("vip".into()))),
        ("static", Found::Members([3].into_iter().collect())),
        ("circle", Found::Condition(Condition::Not(Box::new(refer("round"))))),
        ("round", Found::Condition(refer("circle"))),
    ]));
    let ask = |condition| Audience { as_of: AS_OF, condition }.members(&data, &shelf);
    assert_eq!(ask(refer("one")).unwrap().iter().collect::<Vec<_>>(), vec![2, 3]);
    let not = ask(Condition::Not(Box::new(refer("one")))).unwrap();
    assert_eq!(not.iter().collect::<Vec<_>>(), vec![1, 9], "who registered without an event was seen too");
    assert!(ask(refer("circle")).unwrap_err().to_string().contains("audience_cycle"));
    assert!(ask(refer("nowhere")).unwrap_err().to_string().contains("audience_unknown"));
    let deep = (0..20).fold(refer("one"), |inner, _| Condition::Not(Box::new(inner)));
    assert!(ask(deep).unwrap_err().to_string().contains("too_deep"));
    let backwards = Window::Ago { from_days: 1, to_days: 2 };
    assert!(ask(Condition::ActiveIn { window: backwards }).unwrap_err().to_string().contains("range_backwards"));
    assert_eq!(compare(&[1, 2].into_iter().collect(), &[2, 3, 4].into_iter().collect()), (1, 1, 2));
}
