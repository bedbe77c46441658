//! The fixture of the definition, and the forest against climbing it by hand.

use std::sync::Arc;

use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};

use super::*;
use crate::analytics::engine::analysis::Analysis as _;
use crate::analytics::engine::calendar::Range;
use crate::analytics::engine::dataset::Dataset;
use crate::analytics::engine::event::Value;
use crate::analytics::engine::people::{Attributes, People, REGISTERED};
use crate::analytics::engine::testing::{DAY, MONDAY, history};
use crate::kernel::id::UserId;

const NAMES: [&str; 4] = ["A", "B", "C", "D"];

fn who(name: &str) -> u32 {
    u32::try_from(NAMES.iter().position(|known| *known == name).unwrap()).unwrap()
}

fn user(person: u32) -> UserId {
    UserId::new(900 + i64::from(person))
}

fn share(token: &str, sharer: &str, at: i64) -> Share {
    Share { token: token.into(), sharer: who(sharer), at: MONDAY + at, page: "goods".into(), topic: "mug".into() }
}

fn open(token: &str, viewer: &str, at: i64) -> Open {
    Open { token: token.into(), viewer: who(viewer), at: MONDAY + at }
}

/// S1: A is old and shares s1, B and C new open s1, A opens s1; B shares s2: D new opens it, C opens it; D shares s3: A opens.
fn fixture() -> Dataset {
    let first = |name: &str, at: i64| (who(name), MONDAY + at);
    let shares = Shares {
        shares: vec![share("s1", "A", 1), share("s2", "B", 10), share("s3", "D", 20)],
        opens: vec![
            open("s1", "B", 2),
            open("s1", "C", 3),
            open("s1", "A", 4),
            open("s2", "D", 11),
            open("s2", "C", 12),
            open("s3", "A", 21),
        ],
        orders: vec![Order { buyer: who("D"), at: MONDAY + 30, net_fen: 900, token: Some("s2".into()) }],
        first_seen: vec![first("A", -DAY), first("B", 2), first("C", 3), first("D", 11)],
    };
    let mut attributes = Attributes::default();
    for (person, at) in &shares.first_seen {
        attributes.set(*person, REGISTERED, Value::Number(*at as f64));
    }
    let users = Arc::new((0..4).map(|person| (person, user(person))).collect());
    Dataset { shares: Arc::new(shares), attributes: Arc::new(attributes), users, ..history(Vec::new()) }
}

#[test]
fn the_fixture_of_the_definition_holds() {
    let data = fixture();
    let forest = Forest::of(&data, MONDAY + DAY);
    let pairs = |acquired: bool| -> Vec<(&str, &str)> {
        let edges = forest.edges.iter().filter(|edge| edge.acquired == acquired);
        edges.map(|edge| (NAMES[edge.sharer as usize], NAMES[edge.viewer as usize])).collect()
    };
    assert_eq!(pairs(true), vec![("A", "B"), ("A", "C"), ("B", "D")]);
    assert_eq!(pairs(false), vec![("B", "C"), ("D", "A")]);
    assert_eq!(["A", "B", "C", "D"].map(|name| forest.depth(who(name))), [0, 1, 1, 2]);
    let tree = ShareTree { as_of: MONDAY + DAY, topic: None, top: 10 };
    let answer = tree.answer(&data).unwrap();
    assert_eq!((answer.sharers, answer.acquired, answer.spread), (3, 3, 2));
    assert_eq!(answer.by_depth, vec![1, 2, 1]);
    let top = &answer.top[0];
    assert_eq!((top.person, top.direct, top.descendants, top.revenue_fen, top.opens), (who("A"), 2, 3, 900, 2));
    assert_eq!(top.breadth, vec![2, 1]);
    let list = |figure| tree.people(&data, &figure).unwrap().iter().collect::<Vec<_>>();
    assert_eq!(list(ShareFigure::Descendants(user(who("A")))), vec![1, 2, 3]);
    assert_eq!(list(ShareFigure::Direct(user(who("B")))), vec![3]);
    assert_eq!((list(ShareFigure::Sharers), list(ShareFigure::Acquired)), (vec![0, 1, 3], vec![1, 2, 3]));
    let other = ShareTree { topic: Some("cup".into()), ..tree };
    assert_eq!(other.answer(&data).unwrap().acquired, 0);
}

#[test]
fn opens_of_oneself_do_not_count_after_a_merge() {
    let data = Dataset { people: Arc::new(People::new([(who("D"), who("B"))])), ..fixture() };
    let forest = Forest::of(&data, MONDAY + DAY);
    assert!(forest.edges.iter().all(|edge| edge.viewer != edge.sharer));
    assert_eq!(forest.edges.iter().filter(|edge| edge.acquired).count(), 2);
}

#[test]
fn k_is_shares_per_member_times_new_users_per_share() {
    let data = fixture();
    let k = KFactor { range: Range { from: MONDAY - 2 * DAY, to: MONDAY + 1 }, days: 2 };
    let answer = k.answer(&data).unwrap();
    assert_eq!(
        (answer.cohort, answer.k, answer.shares_per_member, answer.new_per_share),
        (1, Some(2.0), Some(1.0), Some(2.0))
    );
    assert_eq!((answer.opens_per_share, answer.orders_per_open), (Some(2.0), Some(0.0)));
    let all = KFactor { range: Range { from: MONDAY - 2 * DAY, to: MONDAY + DAY }, days: 2 }.answer(&data).unwrap();
    assert_eq!((all.cohort, all.k, all.sharer_rate), (4, Some(0.75), Some(0.75)));
    assert_eq!(all.median_ms_to_open, Some(1.0));
    assert_eq!(k.people(&data, &KFigure::New).unwrap().iter().collect::<Vec<_>>(), vec![1, 2]);
    let early = Dataset { now: MONDAY + DAY, ..data };
    let early = KFactor { range: Range { from: MONDAY, to: MONDAY + DAY }, days: 2 }.answer(&early).unwrap();
    assert!(early.incomplete && early.k.is_none());
}

#[test]
fn the_page_table_counts_by_page_and_thing() {
    let data = fixture();
    let pages = SharePages { range: Range { from: MONDAY, to: MONDAY + DAY } };
    let answer = pages.answer(&data).unwrap();
    let page = &answer.pages[0];
    assert_eq!((page.shares, page.sharers, page.opens, page.new_users), (3, 3, 5, 3));
    assert_eq!((page.orders, page.revenue_fen), (1, 900));
    let figure = SharePageFigure { page: "goods".into(), topic: "mug".into() };
    assert_eq!(pages.people(&data, &figure).unwrap().len(), 3);
}

#[test]
fn acquisitions_are_always_a_forest_and_agree_with_the_definition() {
    let base: u64 = rand::random();
    for seed in base..base + 3_000 {
        let mut random = SmallRng::seed_from_u64(seed);
        let people = random.random_range(2..8_u32);
        let mut shares = Shares::default();
        for person in 0..people {
            shares.first_seen.push((person, MONDAY + random.random_range(0..20_i64)));
        }
        for token in 0..random.random_range(0..8) {
            let sharer = random.random_range(0..people);
            let at = MONDAY + random.random_range(0..30_i64);
            let topic = ["mug", "cup"][random.random_range(0..2)].to_owned();
            shares.shares.push(Share { token: token.to_string(), sharer, at, page: String::new(), topic });
        }
        for _ in 0..random.random_range(0..20) {
            let viewer = random.random_range(0..people);
            // Half of the opens are the first thing that somebody ever did.
            let first = shares.first_seen[viewer as usize].1;
            let at = if random.random() { first } else { first + random.random_range(0..30_i64) };
            shares.opens.push(Open { token: random.random_range(0..10).to_string(), viewer, at });
        }
        let data = Dataset { shares: Arc::new(shares.clone()), ..history(Vec::new()) };
        let forest = Forest::of(&data, i64::MAX);
        let mut parents = std::collections::BTreeMap::new();
        let mut opens: Vec<&Open> = shares.opens.iter().collect();
        opens.sort_by_key(|open| open.at);
        for open in opens {
            let Some(share) = shares.shares.iter().find(|share| share.token == open.token) else { continue };
            let seen = |person: u32| shares.first_seen[person as usize].1;
            let first = open.at == seen(open.viewer) && seen(share.sharer) < seen(open.viewer);
            if first && share.sharer != open.viewer {
                parents.entry(open.viewer).or_insert(share.sharer);
            }
        }
        for person in 0..people {
            assert_eq!(forest.parent(person), parents.get(&person).copied(), "seed {seed}");
            let mut depth = 0;
            let mut at = person;
            while let Some(parent) = parents.get(&at) {
                depth += 1;
                at = *parent;
                assert!(depth < 10, "a circle, seed {seed}");
            }
            assert_eq!(forest.depth(person), depth, "seed {seed}");
            let below = (0..people).filter(|other| {
                std::iter::successors(parents.get(other), |parent| parents.get(parent)).any(|parent| *parent == person)
            });
            assert_eq!(forest.descendants(person), below.count() as u64, "seed {seed}");
        }
    }
}
