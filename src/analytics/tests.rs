//! Rules of events, tried at their edges.

use serde_json::json;
use uuid::Uuid;

use super::model::{Flags, Incoming, MAX_LIST, MAX_PROPERTIES, MAX_TEXT_BYTES, Properties, PropertyValue, SubjectKey};
use super::rules::{EARLIEST_MS, LATEST_MS, check, derived_id, digest, effective, fitting, foreign_value, is_machine};
use crate::kernel::time::{HOUR_MS, MINUTE_MS, Timestamp};

const NOW: Timestamp = Timestamp::from_millis(1_772_330_400_000);

fn properties(pairs: &[(&str, serde_json::Value)]) -> Properties {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), serde_json::from_value(value.clone()).unwrap())).collect()
}

#[test]
fn a_wrong_clock_is_taken_off_as_long_as_the_moment_can_be_believed() {
    let at = |ago: i64, off: i64| {
        let sent = NOW.plus_millis(off);
        effective(NOW, Some(sent.plus_millis(-ago)), Some(sent))
    };
    for off in [0, -3 * HOUR_MS, 400 * 24 * HOUR_MS] {
        assert_eq!(at(5 * MINUTE_MS, off), (NOW.plus_millis(-5 * MINUTE_MS), Flags::NONE), "a clock off by {off}");
        assert_eq!(at(LATEST_MS, off), (NOW.plus_millis(-LATEST_MS), Flags::NONE), "as late as may be");
        assert_eq!(at(LATEST_MS + 1, off), (NOW, Flags::CLOCK), "later than may be");
        assert_eq!(at(-EARLIEST_MS, off), (NOW.plus_millis(EARLIEST_MS), Flags::NONE), "as early as may be");
        assert_eq!(at(-EARLIEST_MS - 1, off), (NOW, Flags::CLOCK), "earlier than may be");
    }
    assert_eq!(effective(NOW, None, Some(NOW)), (NOW, Flags::NONE), "no moment is that of receipt");
    let earlier = NOW.plus_millis(-HOUR_MS);
    assert_eq!(
        effective(NOW, Some(earlier), None),
        (earlier, Flags::NONE),
        "a clock that says nothing of itself is right"
    );
    for end in [i64::MIN, i64::MAX] {
        let end = Timestamp::from_millis(end);
        assert_eq!(effective(NOW, Some(end), Some(NOW)), (NOW, Flags::CLOCK));
        assert_eq!(effective(NOW, Some(NOW), Some(end)), (NOW, Flags::CLOCK));
    }
}

#[test]
fn what_our_clients_say_is_held_to_its_bounds() {
    let good = properties(&[
        ("product_id", json!("1")),
        ("price", json!(9_007_199_254_740_992_i64)),
        ("ratio", json!(0.5)),
        ("first", json!(true)),
        ("tags", json!(["a", "b"])),
    ]);
    assert_eq!(check("page_viewed", &good), Ok(()));
    for name in ["", "_x", "1x", "a b", "$MPLaunch", "é", "a-b", &"x".repeat(65)] {
        assert!(check(name, &good).is_err(), "{name:?} is no name");
        assert!(check("ok", &properties(&[(name, json!(1))])).is_err(), "{name:?} is no property");
    }
    for (what, value) in [
        ("a text too long", json!("x".repeat(MAX_TEXT_BYTES + 1))),
        ("a number too large", json!(9_007_199_254_740_993_i64)),
        ("a number larger still", json!(u64::MAX)),
        ("a list too long", json!(vec!["x"; MAX_LIST + 1])),
        ("a text in a list too long", json!(["x".repeat(MAX_TEXT_BYTES + 1)])),
        ("a text with a nul", json!("a\u{0}b")),
    ] {
        assert!(check("ok", &properties(&[("x", value)])).is_err(), "{what}");
    }
    assert_eq!(check("ok", &properties(&[("x", json!("x".repeat(MAX_TEXT_BYTES)))])), Ok(()));
    let many = |count: usize| (0..count).map(|place| (format!("p{place}"), PropertyValue::Flag(true))).collect();
    assert_eq!(check("ok", &many(MAX_PROPERTIES)), Ok(()));
    assert!(check("ok", &many(MAX_PROPERTIES + 1)).is_err());
    for nested in [json!({"a": 1}), json!([1, 2]), json!([["a"]]), json!(null)] {
        assert!(serde_json::from_value::<PropertyValue>(nested.clone()).is_err(), "{nested} is nested");
    }
}

#[test]
fn foreign_values_are_kept_as_far_as_they_fit() {
    assert_eq!(foreign_value(&json!(null)), None);
    assert_eq!(foreign_value(&json!({"a": [1]})), Some(PropertyValue::from("{\"a\":[1]}")));
    assert_eq!(foreign_value(&json!({"a": "x".repeat(MAX_TEXT_BYTES)})), None);
    assert_eq!(foreign_value(&json!(u64::MAX)), Some(PropertyValue::Text(u64::MAX.to_string())));
    assert_eq!(fitting(&"好".repeat(500)).len(), 1_023, "cut between two characters");
    assert_eq!(fitting("a\u{0}b"), "ab");
}

#[test]
fn equal_content_has_one_digest_whoever_sent_it_and_when() {
    let event = Incoming {
        event_id: Uuid::nil(),
        name: "page_viewed".to_owned(),
        subject: SubjectKey::Shop,
        same_as: Vec::new(),
        session: Some("s".to_owned()),
        at: Some(NOW),
        sent_at: Some(NOW),
        flags: Flags::NONE,
        properties: properties(&[("a", json!(1)), ("$network", json!("10.0.0.0/24"))]),
    };
    let mut again = event.clone();
    again.sent_at = None;
    again.subject = SubjectKey::Tracker("x".to_owned());
    again.properties.insert("$network".to_owned(), PropertyValue::from("10.0.1.0/24"));
    assert_eq!(digest(&event), digest(&again));
    type Change = fn(&mut Incoming);
    let changes: [Change; 4] = [
        |event| event.name.push('x'),
        |event| event.session = None,
        |event| event.at = Some(NOW.plus_millis(1)),
        |event| drop(event.properties.insert("a".to_owned(), PropertyValue::from("1"))),
    ];
    for change in changes {
        let mut other = event.clone();
        change(&mut other);
        assert_ne!(digest(&event), digest(&other), "{other:?}");
    }
}

#[test]
fn derived_ids_do_not_run_into_one_another() {
    assert_eq!(derived_id(&[b"a", b"bc"]), derived_id(&[b"a", b"bc"]));
    assert_ne!(derived_id(&[b"a", b"bc"]), derived_id(&[b"ab", b"c"]));
}

#[test]
fn machines_are_known_by_what_they_call_themselves() {
    assert!(is_machine("Mozilla/5.0 (compatible; Googlebot/2.1)"));
    assert!(!is_machine("Mozilla/5.0 (iPhone) MicroMessenger/8.0.50"));
}

#[test]
fn flags_are_bits_of_their_own() {
    let both = Flags::STAFF.with(Flags::CLOCK);
    assert!(both.contains(Flags::STAFF) && both.contains(Flags::CLOCK) && !both.contains(Flags::TEST));
    assert_eq!(both.without(Flags::STAFF), Flags::CLOCK);
    assert_eq!(Flags::NONE.bits(), 0);
}
