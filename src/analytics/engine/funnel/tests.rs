//! The fixtures to the letter, and agreement with a slow, obvious reference.

use std::collections::BTreeMap;

use super::*;
use crate::analytics::engine::analysis::Tabular as _;
use crate::analytics::engine::event::{Event, Value};
use crate::analytics::engine::filter::Op;
use crate::analytics::engine::testing::{DAY, MONDAY, Recipe, check_random, days, event, history};

fn funnel(steps: &str, window: i64) -> Funnel {
    Funnel {
        range: days(5),
        steps: steps.chars().map(|step| Pick::named(&step.to_string())).collect(),
        window_ms: window,
        order: Order::Ordered,
        exclusions: Vec::new(),
        same: None,
        unit: Unit::Users,
        by_day: false,
        breakdown: None,
    }
}

/// `A0 B5` is A at 0 and B at 5.
fn told(story: &str) -> Dataset {
    let event = |word: &str| event(1, &word[..1], MONDAY + word[1..].parse::<i64>().unwrap());
    history(story.split([' ', ',']).map(event).collect())
}

/// How far one person got: the highest step reached by somebody.
fn depth(funnel: &Funnel, data: &Dataset) -> usize {
    funnel.answer(data).unwrap().steps.iter().filter(|step| step.reached > 0).count()
}

#[test]
fn the_fixtures_of_the_definition_hold() {
    assert_eq!(depth(&funnel("ABC", 10), &told("A0 B5 A8 C12")), 2);
    assert_eq!(depth(&funnel("ABC", 10), &told("A0 B5 A8 B9 C12")), 3);
    assert_eq!(depth(&funnel("ABC", 10), &told("A0 B10")), 2);
    assert_eq!(depth(&funnel("ABC", 10), &told("A0 B11")), 1);
    assert_eq!(depth(&funnel("AAB", 10), &told("A0")), 1);
    assert_eq!(depth(&funnel("AAB", 10), &told("A0 A1 B2")), 3);
    assert_eq!(depth(&funnel("AB", 10), &told("A5,B5")), 2);
    assert_eq!(depth(&funnel("AB", 10), &told("B5,A5")), 2);
    let without = Funnel { exclusions: vec![Exclusion { event: Pick::named("X"), after: 1 }], ..funnel("AB", 10) };
    let answer = without.answer(&told("A0 X1 B2")).unwrap();
    assert_eq!((answer.left_out, answer.steps[0].reached, answer.steps[1].reached), (1, 0, 0));
    let answer = without.answer(&told("A0 X1 B2 A3 B4")).unwrap();
    assert_eq!((answer.left_out, answer.steps[1].reached), (0, 1));
}

#[test]
fn strictness_ends_with_any_other_event_and_ties_are_free() {
    let strict = Funnel { order: Order::Strict, ..funnel("ABC", 100) };
    assert_eq!(depth(&strict, &told("A0 B5 C8")), 3);
    assert_eq!(depth(&strict, &told("A0 X1 B5 C8")), 1);
    assert_eq!(depth(&strict, &told("A0 B5 X6 C8")), 2);
    assert_eq!(depth(&strict, &told("A0 B5,X5 C8")), 3);
}

#[test]
fn any_order_fills_each_step_once() {
    let any = |steps| Funnel { order: Order::Any, ..funnel(steps, 10) };
    assert_eq!(depth(&any("ABC"), &told("C0 A4 B9")), 3);
    assert_eq!(depth(&any("ABC"), &told("C0 A4 B11")), 2);
    assert_eq!(depth(&any("AAB"), &told("B0 A4")), 2);
    assert_eq!(depth(&any("AAB"), &told("A0 B0 A4")), 3);
}

#[test]
fn steps_can_be_made_to_agree_on_a_property() {
    let same = Funnel { same: Some("product".into()), ..funnel("AB", 10) };
    let of = |name, at, product: &str| event(1, name, MONDAY + at).with("product", product);
    assert_eq!(depth(&same, &history(vec![of("A", 0, "mug"), of("B", 1, "cup")])), 1);
    assert_eq!(depth(&same, &history(vec![of("A", 0, "mug"), of("A", 1, "cup"), of("B", 2, "mug")])), 2);
    assert_eq!(depth(&same, &history(vec![event(1, "A", MONDAY), event(1, "B", MONDAY + 1)])), 0);
}

#[test]
fn a_session_funnel_counts_sessions() {
    let by_session = Funnel { unit: Unit::Sessions, ..funnel("AB", DAY) };
    let hour = 3_600_000;
    let answer = by_session.answer(&told(&format!("A0 B{hour} A{} B{}", 2 * hour, 2 * hour + 5))).unwrap();
    assert_eq!(answer.steps.iter().map(|step| step.reached).collect::<Vec<_>>(), vec![2, 1]);
}

#[test]
fn times_days_breakdown_and_droppers_follow_the_chosen_way() {
    let all = vec![
        event(1, "A", MONDAY).with("from", "friend"),
        event(1, "B", MONDAY + 4).with("from", "ad"),
        event(2, "A", MONDAY + DAY).with("from", "ad"),
        event(2, "B", MONDAY + DAY + 8),
        event(3, "A", MONDAY + DAY),
    ];
    let breakdown = |touch| Some(Breakdown { property: "from".into(), touch, top: 1 });
    let asked = Funnel { by_day: true, breakdown: breakdown(Touch::First), ..funnel("AB", 10) };
    let data = history(all);
    let answer = asked.answer(&data).unwrap();
    assert_eq!((answer.steps[1].median_ms, answer.steps[1].mean_ms), (Some(6.0), Some(6.0)));
    assert_eq!(answer.steps[1].overall_rate, Some(2.0 / 3.0));
    assert_eq!(answer.by_day[1].reached, Some(vec![2, 1]));
    let groups: Vec<_> = answer.groups.iter().map(|group| (group.value.as_str(), group.reached.clone())).collect();
    assert_eq!(groups, vec![("ad", vec![1, 1]), ("other", vec![1, 1]), ("(none)", vec![1, 0])]);
    let figure = |step, dropped, day: Option<&str>, group: Option<&str>| FunnelFigure {
        step,
        dropped,
        day: day.map(str::to_owned),
        group: group.map(str::to_owned),
    };
    let people = |asked: &Funnel, figure| asked.people(&data, &figure).unwrap().iter().collect::<Vec<_>>();
    assert_eq!(people(&asked, figure(2, true, None, None)), vec![3]);
    assert_eq!(people(&asked, figure(1, false, Some("2026-01-06"), None)), vec![2, 3]);
    assert_eq!(people(&asked, figure(2, false, None, Some("other"))), vec![1]);
    let last = Funnel { breakdown: breakdown(Touch::Last), ..asked.clone() };
    assert_eq!(people(&last, figure(1, false, None, Some("ad"))), vec![1, 2]);
    let second = Funnel { breakdown: breakdown(Touch::Step(2)), ..asked };
    assert_eq!(people(&second, figure(1, false, None, Some("(none)"))), vec![2]);
    assert_eq!(answer.table().rows.len(), 2 + 3 * 2 + 5 * 2);
}

#[test]
fn a_day_that_has_not_passed_has_no_figures_yet() {
    let data = Dataset { now: MONDAY + DAY + 5, ..told("A0 A1 B2") };
    let answer = Funnel { by_day: true, ..funnel("AB", 10) }.answer(&data).unwrap();
    assert_eq!(answer.by_day[0].reached, Some(vec![1, 1]));
    assert!(answer.by_day[1].incomplete && answer.by_day[1].reached.is_none());
    assert_eq!(answer.settled_until, MONDAY - 6 * DAY + 5);
}

#[test]
fn funnels_that_make_no_sense_are_refused() {
    let reason = |funnel: Funnel| funnel.validate().map_err(|flaw| (flaw.field, flaw.reason)).unwrap_err();
    assert_eq!(reason(funnel("", 10)), ("steps".into(), "too_few_steps"));
    assert_eq!(reason(funnel("AAAAAAAAAAAAA", 10)), ("steps".into(), "too_many_steps"));
    assert_eq!(reason(funnel("AB", 0)), ("window_ms".into(), "window_zero"));
    assert_eq!(
        reason(Funnel { range: Range { from: 2, to: 1 }, ..funnel("A", 1) }),
        ("range".into(), "range_backwards")
    );
    let exclusions = vec![Exclusion { event: Pick::named("X"), after: 2 }];
    let wrong = Funnel { exclusions, ..funnel("AB", 10) };
    assert_eq!(reason(wrong), ("exclusions[0].after".into(), "no_such_step"));
    assert!(serde_json::from_str::<Funnel>(r#"{"steps":[],"surprise":1}"#).is_err());
}

/// The definition read aloud: every path there ever was is kept, and the newest of each depth is looked up.
fn reference(funnel: &Funnel, events: &[&Event]) -> Option<(usize, bool)> {
    type Path = (i64, Vec<usize>, bool);
    let n = funnel.steps.len();
    let fits = |pick: &Pick, event: &Event| pick.names(&event.name) && pick.fits(&event.properties);
    // Whatever is neither a step nor an exclusion concerns strict funnels only.
    let matters = |event: &&&Event| {
        let exclusions = funnel.exclusions.iter().map(|exclusion| &exclusion.event);
        funnel.order == Order::Strict || funnel.steps.iter().chain(exclusions).any(|pick| fits(pick, event))
    };
    let events: Vec<&Event> = events.iter().filter(matters).copied().collect();
    let mut slots: BTreeMap<usize, Path> = BTreeMap::new();
    let mut best: Option<Path> = None;
    let reach = |slots: &mut BTreeMap<usize, Path>, best: &mut Option<Path>, k: usize, id: usize, at: i64| {
        let previous = if k == 1 { Some((at, vec![], false)) } else { slots.get(&(k - 1)).cloned() };
        let Some((start, mut rows, tainted)) = previous else { return };
        let again = k > 1 && slots.get(&k).is_some_and(|slot| slot.0 == start);
        if at - start > funnel.window_ms || again {
            return;
        }
        rows.push(id);
        slots.insert(k, (start, rows.clone(), tainted));
        if best.as_ref().is_none_or(|best| k > best.1.len() || (k == best.1.len() && best.2 && !tainted)) {
            *best = Some((start, rows, tainted));
        }
    };
    for tie in (0..events.len()).collect::<Vec<_>>().chunk_by(|a, b| events[*a].at == events[*b].at) {
        if best.as_ref().is_some_and(|best| best.1.len() == n && !best.2) {
            break;
        }
        let at = events[tie[0]].at;
        if tie.len() == 1 {
            let id = tie[0];
            for exclusion in funnel.exclusions.iter().filter(|exclusion| fits(&exclusion.event, events[id])) {
                if let Some(slot) = slots.get_mut(&exclusion.after)
                    && at - slot.0 <= funnel.window_ms
                {
                    slot.2 = true;
                    best.iter_mut().filter(|best| best.1 == slot.1).for_each(|best| best.2 = true);
                }
            }
            for k in (1..=n).rev().filter(|k| fits(&funnel.steps[k - 1], events[id])) {
                reach(&mut slots, &mut best, k, id, at);
            }
            if funnel.order == Order::Strict {
                slots.retain(|k, _| fits(&funnel.steps[k - 1], events[id]));
            }
        } else {
            let steps = |id: &usize| (1..=n).filter(|k| fits(&funnel.steps[k - 1], events[*id])).collect::<Vec<_>>();
            let mut order: Vec<usize> = tie.iter().copied().filter(|id| !steps(id).is_empty()).collect();
            order.sort_by_key(|id| (steps(id)[0], *steps(id).last().unwrap(), *id));
            for id in order {
                for k in (1..=n).rev().filter(|k| fits(&funnel.steps[k - 1], events[id])) {
                    reach(&mut slots, &mut best, k, id, at);
                }
            }
        }
    }
    best.map(|best| (best.1.len(), best.2))
}

/// The most steps that any assignment of one event to one step fills within a window.
fn reference_any(funnel: &Funnel, events: &[&Event], from: usize, filled: u32) -> usize {
    (from..events.len())
        .flat_map(|at| (0..funnel.steps.len()).map(move |step| (at, step)))
        .filter(|(at, step)| filled >> step & 1 == 0 && funnel.steps[*step].names(&events[*at].name))
        .map(|(at, step)| {
            let near = events.iter().take_while(|event| event.at - events[at].at <= funnel.window_ms).count();
            let end = if filled == 0 { near } else { events.len() };
            1 + reference_any(funnel, &events[..end], at + 1, filled | 1 << step)
        })
        .max()
        .unwrap_or(0)
}

fn compare(funnel: &Funnel, data: &Dataset, people: &BTreeMap<u32, Vec<Event>>, seed: &str) {
    let mut reached = vec![0; funnel.steps.len()];
    let mut left_out = 0;
    for events in people.values() {
        let mut best: Option<(usize, bool)> = None;
        let values: Vec<Option<&Value>> = match &funnel.same {
            None => vec![None],
            Some(same) => events.iter().filter_map(|event| event.properties.get(same)).map(Some).collect(),
        };
        for value in values {
            let same = |event: &&Event| {
                value.is_none_or(|value| event.properties.get(funnel.same.as_ref().unwrap()) == Some(value))
            };
            let mine: Vec<&Event> =
                events.iter().filter(same).filter(|event| funnel.range.contains(event.at)).collect();
            let found = match funnel.order {
                Order::Any => Some((reference_any(funnel, &mine, 0, 0), false)).filter(|found| found.0 > 0),
                _ => reference(funnel, &mine),
            };
            best = best.into_iter().chain(found).max_by_key(|(depth, tainted)| (*depth, !*tainted));
        }
        match best {
            Some((_, true)) => left_out += 1,
            Some((depth, false)) => reached.iter_mut().take(depth).for_each(|count| *count += 1),
            None => {}
        }
    }
    let answer = funnel.answer(data).unwrap();
    let found: Vec<u64> = answer.steps.iter().map(|step| step.reached).collect();
    assert_eq!((found, answer.left_out), (reached, left_out), "{seed} {funnel:?}");
    for step in 1..=funnel.steps.len() {
        let figure = |dropped| FunnelFigure { step, dropped, day: None, group: None };
        let took = funnel.people(data, &figure(false)).unwrap().len();
        assert_eq!(took, answer.steps[step - 1].reached, "{seed}");
        let before = if step == 1 { took } else { answer.steps[step - 2].reached };
        assert_eq!(funnel.people(data, &figure(true)).unwrap().len(), before - took, "{seed}");
    }
}

const RECIPE: Recipe = Recipe {
    people: 5,
    events: 40,
    names: &["A", "A", "B", "C", "X"],
    days: 5,
    grain: DAY / 8,
    properties: &[("product", &["mug", "cup"])],
};

#[test]
fn every_kind_of_funnel_agrees_with_the_reference() {
    check_random(&RECIPE, 600, |data, people, seed| {
        let exclusions = vec![Exclusion { event: Pick::named("X"), after: 1 }];
        for steps in ["AB", "AAB", "ABC"] {
            let base = Funnel { range: Range { to: MONDAY + 4 * DAY, ..days(5) }, ..funnel(steps, DAY) };
            compare(&base, data, people, seed);
            compare(&Funnel { order: Order::Strict, ..base.clone() }, data, people, seed);
            compare(&Funnel { exclusions: exclusions.clone(), ..base.clone() }, data, people, seed);
            let strict = Funnel { order: Order::Strict, exclusions: exclusions.clone(), ..base.clone() };
            compare(&strict, data, people, seed);
            let same = Funnel { same: Some("product".into()), ..base.clone() };
            compare(&same, data, people, seed);
            compare(&Funnel { exclusions: exclusions.clone(), ..same }, data, people, seed);
        }
        let mut filtered = funnel("AAB", DAY);
        filtered.steps[1] = Pick::named("A").and("product", Op::Eq, vec!["mug".into()]);
        filtered.steps[2] = Pick::any().and("product", Op::Ne, vec!["mug".into()]);
        compare(&filtered, data, people, seed);
    });
}

#[test]
fn any_order_agrees_with_trying_everything() {
    check_random(&Recipe { people: 6, events: 30, ..RECIPE }, 400, |data, people, seed| {
        for steps in ["AB", "AAB", "ABC"] {
            compare(&Funnel { order: Order::Any, ..funnel(steps, DAY) }, data, people, seed);
        }
    });
}
