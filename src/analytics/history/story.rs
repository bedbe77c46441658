//! Who comes when, and what they do.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use uuid::Uuid;

use super::HistoryPlan;
use super::channels::{self, CHANNELS};
use super::truth::{DayCount, Person, STEPS, Truth};
use crate::analytics::engine::event::{CAMPAIGN, ENTRANCE, Event, Flags, PAGE, SCENE, SHARE, Value};
use crate::kernel::day::{Day, Zone};

/// How much of a day's coming falls on each of its hours.
const HOURS: [u32; 24] = [14, 8, 5, 3, 3, 5, 10, 22, 34, 42, 46, 50, 58, 48, 40, 40, 42, 46, 56, 74, 92, 98, 72, 36];
/// An hour, in milliseconds.
const HOUR: i64 = 3_600_000;
/// No visit lasts longer, so that none reaches into another day: at most 22 things, two minutes apart.
const LONGEST: i64 = 46 * 60_000;
/// Of a thousand newcomers so many share what they saw, at the end of their first visit.
const SHARE_PERMILLE: u32 = 220;
/// Products there are to look at.
const PRODUCTS: u32 = 600;
/// What people search for.
const WORDS: [&str; 6] = ["茶", "咖啡", "坚果", "抹茶", "礼盒", "杯子"];
/// What the campaign is called.
const THE_CAMPAIGN: &str = "made-up-festival";
/// The order of things told before any event came in by itself.
const BEFORE_ALL: i64 = -1_000_000_000_000;

/// A story, and a day of it.
pub(super) struct Told {
    pub(super) story: Story,
    pub(super) events: Vec<Event>,
}

/// A history while it is told.
pub(super) struct Story {
    plan: HistoryPlan,
    begin: Day,
    zone: Zone,
    /// The number of the first person among subjects.
    first: u32,
    dice: StdRng,
    /// Those who have come so far, in the order of their numbers.
    persons: Vec<Person>,
    /// Those of them who shared something before today.
    sharers: Vec<usize>,
    told: i64,
    counts: Vec<DayCount>,
    names: BTreeMap<&'static str, u64>,
}

/// A visit while it is told.
struct Visit {
    subject: u32,
    at: i64,
    session: String,
    channel: u8,
    campaign: bool,
    events: Vec<Event>,
}

impl Story {
    pub(super) fn begin(plan: HistoryPlan, begin: Day, zone: Zone, first: u32) -> Self {
        let dice = StdRng::seed_from_u64(plan.seed);
        let (counts, names) = (Vec::new(), BTreeMap::new());
        Self {
            plan,
            begin,
            zone,
            first,
            dice,
            persons: Vec::new(),
            sharers: Vec::new(),
            told: BEFORE_ALL,
            counts,
            names,
        }
    }

    /// What is true of what was told.
    pub(super) fn truth(&self) -> Truth {
        let end = Day::new(self.begin.get() + i64::from(self.plan.days));
        let span = (self.zone.start_of(self.begin), self.zone.start_of(end));
        Truth::of(self.plan, self.begin, span, &self.persons, (&self.counts, &self.names))
    }

    /// Tells a day: newcomers first, then whoever returns, until enough has happened.
    pub(super) fn day(&mut self, place: u16) -> Vec<Event> {
        let weights = |until: u16| (0..until).map(|place| self.weight(place)).sum::<u64>();
        let (until, all) = (weights(place + 1), weights(self.plan.days).max(1));
        let share = |whole: u64, weight: u64| whole.saturating_mul(weight) / all;
        let come = usize::try_from(share(u64::from(self.plan.people), until)).unwrap_or_default();
        let budget = share(self.plan.events, self.weight(place));
        let campaign = self.campaign(place);
        let mut events = Vec::new();
        while self.persons.len() < come {
            let channel = channels::drawn(&mut self.dice, campaign);
            let brought_by = if self.channel(channel).shared { self.sharers.choose(&mut self.dice) } else { None };
            let brought_by = brought_by.copied();
            self.persons.push(Person { channel, first_day: place, brought_by, ..Person::default() });
            let newest = self.persons.len() - 1;
            events.append(&mut self.visit(place, newest));
        }
        while u64::try_from(events.len()).unwrap_or(u64::MAX) < budget && !self.persons.is_empty() {
            let place_of = |dice: &mut StdRng| dice.random_range(0..self.persons.len());
            // Some come far more often than others: those who came early, mostly.
            let who = place_of(&mut self.dice).min(place_of(&mut self.dice));
            let returns = self.persons.get(who).map_or(0, |person| self.channel(person.channel).returns);
            if self.dice.random_range(0..1_000) < returns {
                events.append(&mut self.visit(place, who));
            }
        }
        let today = self.persons.iter().enumerate().filter(|(_, person)| person.first_day == place && person.shared);
        self.sharers.extend(today.map(|(who, _)| who));
        events.sort_by_key(|event| event.at);
        for event in &mut events {
            event.seq = self.told;
            self.told += 1;
        }
        self.count(&events);
        events
    }

    fn count(&mut self, events: &[Event]) {
        let mut count = DayCount::default();
        for event in events {
            count.events += 1;
            if event.name == STEPS[3] {
                count.orders += 1;
                count.revenue_fen += event.properties.get("total_fen").and_then(fen).unwrap_or_default();
            }
        }
        self.counts.push(count);
    }

    /// How much of everything falls on a day: more at weekends, more and more from week to week, most in the campaign.
    fn weight(&self, place: u16) -> u64 {
        // 1970-01-01 was a Thursday.
        let weekend = matches!((self.begin.get() + i64::from(place)).rem_euclid(7), 2 | 3);
        let weight = if weekend { 1_300 } else { 1_000 } + u64::from(place) * 8;
        if self.campaign(place) { weight * 2 } else { weight }
    }

    /// Whether the campaign runs: in the fourth fifth of the days.
    fn campaign(&self, place: u16) -> bool {
        let days = self.plan.days;
        (days * 3 / 5..days * 4 / 5).contains(&place)
    }

    fn channel(&self, place: u8) -> &'static channels::Channel {
        CHANNELS.get(usize::from(place)).unwrap_or(&CHANNELS[0])
    }

    /// A visit: some products are looked at, and the visitor goes as many steps of the way as they do.
    fn visit(&mut self, place: u16, who: usize) -> Vec<Event> {
        let Person { channel, came, brought_by, .. } = self.persons.get(who).copied().unwrap_or_default();
        let steps = self.steps(channel);
        let shares = came == 0 && self.dice.random_range(0..1_000) < SHARE_PERMILLE;
        if let Some(person) = self.persons.get_mut(who) {
            person.came |= 1 << place;
            person.steps = person.steps.max(steps);
            person.shared |= shares;
        }
        let start = self.zone.start_of(Day::new(self.begin.get() + i64::from(place))).millis();
        let subject = self.first.saturating_add(u32::try_from(who).unwrap_or(u32::MAX));
        let at = (start + self.moment()).min(start + 24 * HOUR - LONGEST);
        let session = format!("{:08x}", self.dice.random::<u32>());
        let mut visit =
            Visit { subject, at, session, channel, campaign: self.campaign(place), events: Vec::with_capacity(16) };
        self.tell(&mut visit, "app_opened", &[]);
        if let Some(sharer) = brought_by.filter(|_| came == 0) {
            let token = (SHARE, self.token(sharer));
            self.tell(&mut visit, "share_opened", std::slice::from_ref(&token));
            self.tell(&mut visit, "share_acquired", &[token]);
        }
        self.tell(&mut visit, "page_viewed", &[(PAGE, Value::from("pages/home/index"))]);
        if self.dice.random_range(0..1_000) < 240 {
            let word = WORDS.choose(&mut self.dice).copied().unwrap_or_default();
            self.tell(&mut visit, "word_searched", &[("word", Value::from(word)), ("found", Value::from(12.0))]);
        }
        let looks = if steps == 0 { 0 } else { self.dice.random_range(1..=6) };
        let mut product = 0;
        for _ in 0..looks {
            product = self.dice.random_range(0..PRODUCTS).min(self.dice.random_range(0..PRODUCTS));
            let page = (PAGE, Value::from("pages/product/detail"));
            self.tell(&mut visit, "page_viewed", &[page]);
            self.tell(&mut visit, STEPS[0], &[("product_id", Value::from(product.to_string().as_str()))]);
        }
        // Between 19.00 and 319.00 yuan, by the product.
        let price = f64::from(1_900 + product * 50);
        let product = ("product_id", Value::from(product.to_string().as_str()));
        for step in STEPS.iter().take(usize::from(steps)).skip(1) {
            let what = if *step == STEPS[1] { product.clone() } else { ("total_fen", Value::from(price)) };
            self.tell(&mut visit, step, &[what]);
        }
        if shares {
            let what = ("subject_kind", Value::from("product"));
            let token = self.token(who);
            self.tell(&mut visit, "share_created", &[(SHARE, token), what, ("subject_ref", Value::from("1"))]);
        }
        visit.events
    }

    /// The token of what somebody shared.
    fn token(&self, who: usize) -> Value {
        Value::from(format!("made-up-{}-{who}", self.plan.seed).as_str())
    }

    /// How many steps of the way a visit takes.
    fn steps(&mut self, channel: u8) -> u8 {
        if self.dice.random_range(0..1_000) < 120 {
            return 0;
        }
        let mut taken = 1;
        for chance in self.channel(channel).steps {
            if self.dice.random_range(0..1_000) >= chance {
                break;
            }
            taken += 1;
        }
        taken
    }

    /// A moment of the day, in milliseconds.
    fn moment(&mut self) -> i64 {
        let mut left = self.dice.random_range(0..HOURS.iter().sum::<u32>());
        let mut hour = 0;
        for weight in HOURS {
            if left < weight {
                break;
            }
            left -= weight;
            hour += 1;
        }
        hour * HOUR + self.dice.random_range(0..HOUR)
    }

    /// Tells one thing, and lets some seconds pass.
    fn tell(&mut self, visit: &mut Visit, name: &'static str, said: &[(&str, Value)]) {
        *self.names.entry(name).or_default() += 1;
        let scene = self.channel(visit.channel).scene;
        let mut properties: BTreeMap<String, Value> =
            said.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        properties.insert(SCENE.to_owned(), Value::from(scene));
        properties.insert(ENTRANCE.to_owned(), Value::from("mini"));
        if visit.campaign {
            properties.insert(CAMPAIGN.to_owned(), Value::from(THE_CAMPAIGN));
        }
        let trusted = STEPS.contains(&name) || name.starts_with("share_");
        visit.events.push(Event {
            seq: 0,
            event_id: Uuid::from_u128(self.dice.random()),
            name: name.to_owned(),
            subject: visit.subject,
            session: Some(visit.session.clone()),
            at: visit.at,
            received: visit.at + self.dice.random_range(20..4_000),
            flags: if trusted { Flags::TRUSTED } else { Flags::NONE },
            properties,
        });
        visit.at += self.dice.random_range(900..120_000);
    }
}

fn fen(value: &Value) -> Option<u64> {
    value.label().parse().ok()
}
