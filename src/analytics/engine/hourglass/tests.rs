//! A small shop by hand: who counts in which half, and when.

use std::sync::Arc;

use super::*;
use crate::analytics::engine::shares::{Open, Share, Shares};
use crate::analytics::engine::testing::{DAY, MONDAY, days, event, history};

const WINDOW: i64 = 100;

fn hourglass() -> Hourglass {
    let pick = Pick::named;
    Hourglass { range: days(1), activate: pick("look"), buy: pick("pay"), share: pick("share"), window_ms: WINDOW }
}

/// 0 comes, looks, pays and shares, and brings 1 and 2; 1 looks and pays; 2 does nothing. 3 shares without paying, and
/// brings 4. 5 came before the range. 6 pays too late. 0's old share brings 7, after 0 shared again.
fn shop() -> Dataset {
    let at = |moment: i64| MONDAY + moment;
    let step = |who: u32, name: &str, moment: i64| event(who, name, at(moment));
    let events = vec![
        step(0, "look", 10),
        step(0, "pay", 20),
        step(0, "share", 30),
        step(1, "look", 45),
        step(1, "pay", 50),
        step(3, "look", 10),
        step(3, "share", 12),
        step(5, "look", 5),
        step(6, "look", 10),
        step(6, "pay", 10 + WINDOW),
    ];
    let share = |token: &str, sharer: u32, moment: i64| Share {
        token: token.into(),
        sharer,
        at: at(moment),
        page: "goods".into(),
        topic: "mug".into(),
    };
    let open = |token: &str, viewer: u32, moment: i64| Open { token: token.into(), viewer, at: at(moment) };
    let first = |who: u32, moment: i64| (who, at(moment));
    let shares = Shares {
        shares: vec![share("early", 0, 15), share("mine", 0, 30), share("theirs", 3, 12)],
        opens: vec![open("mine", 1, 40), open("mine", 2, 41), open("theirs", 4, 42), open("early", 7, 43)],
        orders: Vec::new(),
        first_seen: vec![
            first(0, 10),
            first(1, 40),
            first(2, 41),
            first(3, 10),
            first(4, 42),
            first(5, -DAY),
            first(6, 5),
            first(7, 43),
        ],
    };
    Dataset { shares: Arc::new(shares), ..history(events) }
}

fn counts(stages: &[StageFigures]) -> Vec<u64> {
    stages.iter().map(|stage| stage.people).collect()
}

#[test]
fn both_halves_follow_people_in_order_and_in_time() {
    let data = shop();
    let answer = hourglass().answer(&data).unwrap();
    assert_eq!(counts(&answer.upper), [7, 4, 2, 1], "the lower half's people are new in the range too");
    assert_eq!(counts(&answer.lower), [2, 1, 1, 0]);
    assert_eq!(answer.brought_per_sharer, Some(2.0));
    assert!(!answer.upper_open && !answer.lower_open);
    let people = |half, stage, dropped| {
        let figure = HourglassFigure { half, stage, dropped };
        hourglass().people(&data, &figure).unwrap().iter().collect::<Vec<_>>()
    };
    assert_eq!(people(Half::Upper, Stage::Bought, false), [0, 1]);
    assert_eq!(people(Half::Upper, Stage::Bought, true), [3, 6]);
    assert_eq!(people(Half::Lower, Stage::Acquired, false), [1, 2]);
    assert_eq!(people(Half::Lower, Stage::Activated, true), [2]);
}

#[test]
fn a_window_that_has_not_passed_leaves_its_half_open() {
    let data = shop();
    let asked_at = |now: i64| hourglass().answer(&Dataset { now, ..data.clone() }).unwrap();
    let end = MONDAY + DAY;
    let answer = asked_at(end + WINDOW - 1);
    assert!(answer.upper_open && answer.lower_open);
    let answer = asked_at(end + WINDOW);
    assert!(!answer.upper_open && answer.lower_open);
    assert!(!asked_at(end + 3 * WINDOW).lower_open);
}

#[test]
fn an_hourglass_that_makes_no_sense_is_refused() {
    let reason = |hourglass: Hourglass| hourglass.validate().map_err(|flaw| (flaw.field, flaw.reason));
    assert_eq!(reason(Hourglass { window_ms: 0, ..hourglass() }), Err(("window_ms".into(), "window_zero")));
    assert_eq!(reason(Hourglass { buy: Pick::named(""), ..hourglass() }), Err(("buy.event".into(), "name_empty")));
    assert_eq!(reason(hourglass()), Ok(()));
}
