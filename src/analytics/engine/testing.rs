//! Workshop of the tests: small histories by hand and by chance.

use std::collections::BTreeMap;
use std::sync::Arc;

use rand::rngs::SmallRng;
use rand::{Rng as _, RngExt as _, SeedableRng as _};
use tempfile::TempDir;
use uuid::Uuid;

use super::calendar::{Range, Zone};
use super::dataset::Dataset;
use super::event::{Event, Flags, Value};
use super::people::People;
use super::segment::{Sealing, Segment, write};

/// The first moment of the first day of every test, in Shanghai: 2026-01-05, a Monday.
pub const MONDAY: i64 = 1_767_542_400_000;
/// A day.
pub const DAY: i64 = 86_400_000;

/// One event by hand.
pub fn event(subject: u32, name: &str, at: i64) -> Event {
    Event {
        seq: 0,
        event_id: Uuid::nil(),
        name: name.to_owned(),
        subject,
        session: None,
        at,
        received: at,
        flags: Flags::NONE,
        properties: BTreeMap::new(),
    }
}

impl Event {
    /// The same with a property.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.properties.insert(name.to_owned(), value.into());
        self
    }
}

/// A history: events numbered in the order given, asked long after the last of them.
pub fn history(mut events: Vec<Event>) -> Dataset {
    for (seq, event) in (0..).zip(&mut events) {
        event.seq = seq;
        event.event_id = Uuid::from_u128(u128::try_from(seq).unwrap() + 1);
    }
    let now = events.iter().map(|event| event.at).max().unwrap_or(MONDAY) + 400 * DAY;
    Dataset { tail: Arc::new(events), ..Dataset::empty(Zone::default(), now) }
}

/// The days from the first on.
pub fn days(days: i64) -> Range {
    Range { from: MONDAY, to: MONDAY + days * DAY }
}

/// What a history by chance is made of.
#[derive(Clone, Debug)]
pub struct Recipe {
    pub people: u32,
    pub events: usize,
    pub names: &'static [&'static str],
    pub days: i64,
    /// Times are multiples of this, so that there are ties.
    pub grain: i64,
    /// Properties, each with its values.
    pub properties: &'static [(&'static str, &'static [&'static str])],
}

/// A small history by chance, whose events lie in the tail.
pub fn random_history(seed: u64, recipe: &Recipe) -> Dataset {
    let mut random = SmallRng::seed_from_u64(seed);
    let events = random.random_range(0..=recipe.events);
    let mut all = Vec::new();
    for _ in 0..events {
        let at = MONDAY + random.random_range(0..recipe.days * DAY / recipe.grain) * recipe.grain;
        let name = recipe.names[random.random_range(0..recipe.names.len())];
        let mut event = event(random.random_range(0..recipe.people), name, at);
        for (property, values) in recipe.properties {
            if let Some(value) = values.get(random.random_range(0..=values.len())) {
                event = event.with(property, value.parse::<f64>().map_or_else(|_| Value::from(*value), Value::Number));
            }
        }
        if random.random_range(0..20) == 0 {
            event.flags = Flags::BOT;
        }
        all.push(event);
    }
    history(all)
}

/// The same history with most events sealed, days in up to two segments, some subjects merged into others, and two
/// threads: whatever is asked, the answer must be that of [`flattened`].
pub fn sealed(seed: u64, data: &Dataset, folder: &TempDir) -> Dataset {
    let mut random = SmallRng::seed_from_u64(seed ^ 0x5ea1);
    let mut people = Vec::new();
    if random.random() {
        people.push((3, 1));
        people.push((4, 1));
    }
    let then = if random.random() { People::apart() } else { People::new(people.clone()) };
    let mut parts: BTreeMap<(i64, u32), Vec<Event>> = BTreeMap::new();
    let mut tail = Vec::new();
    let sealed_days = random.random_range(0..=4);
    for event in data.tail.iter() {
        let day = data.zone.day_of(event.at);
        if day - data.zone.day_of(MONDAY) < sealed_days && random.random_range(0..8) > 0 {
            parts.entry((day, u32::from(random.random_range(0..3) == 0))).or_default().push(event.clone());
        } else {
            tail.push(event.clone());
        }
    }
    let mut segments = Vec::new();
    for ((day, part), events) in parts {
        let path = folder.path().join(format!("{seed}-{day}-{part}-{}.parquet", random.next_u64()));
        write(&path, Sealing { day, zone: &data.zone, people: &then }, events).unwrap();
        segments.push(Segment::open(&path).unwrap());
    }
    Dataset { segments, tail: Arc::new(tail), people: Arc::new(People::new(people)), workers: 2, ..data.clone() }
}

/// The events that count, person by person, in order: what every reference begins with.
pub fn flattened(data: &Dataset, original: &Dataset) -> BTreeMap<u32, Vec<Event>> {
    let mut all: BTreeMap<u32, Vec<Event>> = BTreeMap::new();
    for event in original.tail.iter().filter(|event| !event.flags.any_of(data.hidden)) {
        all.entry(data.people.of(event.subject)).or_default().push(event.clone());
    }
    all.values_mut().for_each(|events| events.sort_by_key(|event| (event.at, event.seq)));
    all
}

/// Runs a check on many histories by chance, once as they are and once sealed.
pub fn check_random(recipe: &Recipe, cases: u64, check: impl Fn(&Dataset, &BTreeMap<u32, Vec<Event>>, &str)) {
    let folder = tempfile::tempdir().unwrap();
    let base: u64 = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random);
    for case in 0..cases {
        let seed = base.wrapping_add(case);
        let told = format!("SEED={seed}");
        let original = random_history(seed, recipe);
        check(&original, &flattened(&original, &original), &told);
        if case % 8 == 0 {
            let sealed = sealed(seed, &original, &folder);
            check(&sealed, &flattened(&sealed, &original), &told);
        }
    }
}
