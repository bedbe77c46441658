//! What is true of a made-up history.

use std::collections::BTreeMap;

use serde::Serialize;

use super::HistoryPlan;
use super::channels::CHANNELS;
use crate::kernel::day::Day;
use crate::kernel::time::Timestamp;

/// The steps of the way that everybody goes as far as they do, always within one visit.
pub(super) const STEPS: [&str; 4] = ["product_viewed", "cart_line_added", "order_placed", "order_paid"];

/// What was decided about somebody.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Person {
    /// Through what they first came, by its place.
    pub(super) channel: u8,
    /// The day on which they first came, by its place.
    pub(super) first_day: u16,
    /// The days on which they came, a bit each.
    pub(super) came: u64,
    /// How many steps of the way they ever took within a visit.
    pub(super) steps: u8,
    /// Whose share they came by, by the place of that person, who is always earlier.
    pub(super) brought_by: Option<usize>,
    /// Whether they shared something.
    pub(super) shared: bool,
}

/// What is true of a history. Every figure is exact.
#[derive(Clone, Debug, Serialize)]
pub struct Truth {
    /// From when.
    pub from: Timestamp,
    /// Until when, exclusive.
    pub to: Timestamp,
    /// How many events there are.
    pub events: u64,
    /// How many of each name.
    pub names: BTreeMap<String, u64>,
    /// How many people looked at a product, filled the cart, placed an order and paid; each way lies within two hours.
    pub funnel: Vec<u64>,
    /// By day.
    pub days: Vec<DayTruth>,
    /// By the channel through which people came first.
    pub channels: Vec<ChannelTruth>,
    /// Who brought whom.
    pub shares: ShareTruth,
}

/// What is true of shares.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ShareTruth {
    /// People who shared; each did once.
    pub sharers: u64,
    /// People who came first by a share.
    pub acquired: u64,
    /// Both of them, by over how many people they came themselves.
    pub by_depth: Vec<u64>,
    /// The most whom one share brought.
    pub most_brought: u64,
}

/// What is true of one day.
#[derive(Clone, Debug, Serialize)]
pub struct DayTruth {
    /// The day.
    pub day: Day,
    /// Events of that day.
    pub events: u64,
    /// People who came.
    pub people: u64,
    /// People who came for the first time.
    pub newcomers: u64,
    /// How many of those newcomers came on that day, on the next, on the one after, and so on.
    pub back: Vec<u64>,
    /// Orders paid.
    pub orders: u64,
    /// What they paid, in fen.
    pub revenue_fen: u64,
}

/// What is true of one channel.
#[derive(Clone, Debug, Serialize)]
pub struct ChannelTruth {
    /// WeChat's number of the scene.
    pub scene: String,
    /// People who came through it first.
    pub people: u64,
    /// How many of them took each step.
    pub funnel: Vec<u64>,
}

/// What is counted while a day is told.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct DayCount {
    pub(super) events: u64,
    pub(super) orders: u64,
    pub(super) revenue_fen: u64,
}

impl Truth {
    pub(super) fn of(
        plan: HistoryPlan,
        begin: Day,
        span: (Timestamp, Timestamp),
        persons: &[Person],
        counted: (&[DayCount], &BTreeMap<&'static str, u64>),
    ) -> Self {
        let (counts, names) = counted;
        let days = (0..plan.days).zip(counts).map(|(place, count)| DayTruth {
            day: Day::new(begin.get() + i64::from(place)),
            events: count.events,
            people: how_many(persons, |person| came(person, place)),
            newcomers: how_many(persons, |person| person.first_day == place),
            back: (place..plan.days)
                .map(|later| how_many(persons, |person| person.first_day == place && came(person, later)))
                .collect(),
            orders: count.orders,
            revenue_fen: count.revenue_fen,
        });
        let channels = (0_u8..).zip(&CHANNELS).map(|(place, channel)| ChannelTruth {
            scene: channel.scene.to_owned(),
            people: how_many(persons, |person| person.channel == place),
            funnel: funnel(persons, |person| person.channel == place),
        });
        Self {
            from: span.0,
            to: span.1,
            events: counts.iter().map(|count| count.events).sum(),
            names: names.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect(),
            funnel: funnel(persons, |_| true),
            days: days.collect(),
            channels: channels.collect(),
            shares: ShareTruth::of(persons),
        }
    }
}

impl ShareTruth {
    fn of(persons: &[Person]) -> Self {
        let mut truth = Self {
            sharers: how_many(persons, |person| person.shared),
            acquired: how_many(persons, |person| person.brought_by.is_some()),
            ..Self::default()
        };
        let (mut depths, mut brought) = (Vec::with_capacity(persons.len()), BTreeMap::<usize, u64>::new());
        for person in persons {
            let above = person.brought_by.and_then(|place| depths.get(place).copied());
            let depth = above.map_or(0, |above: usize| above + 1);
            depths.push(depth);
            if let Some(sharer) = person.brought_by {
                *brought.entry(sharer).or_default() += 1;
            }
            if person.shared || person.brought_by.is_some() {
                truth.by_depth.resize(truth.by_depth.len().max(depth + 1), 0);
                truth.by_depth.iter_mut().skip(depth).take(1).for_each(|count| *count += 1);
            }
        }
        truth.most_brought = brought.into_values().max().unwrap_or_default();
        truth
    }
}

fn came(person: &Person, place: u16) -> bool {
    person.came >> place & 1 == 1
}

fn funnel(persons: &[Person], whose: impl Fn(&Person) -> bool) -> Vec<u64> {
    (1..).zip(STEPS).map(|(step, _)| how_many(persons, |person| whose(person) && person.steps >= step)).collect()
}

fn how_many(persons: &[Person], is: impl Fn(&Person) -> bool) -> u64 {
    persons.iter().filter(|person| is(person)).map(|_| 1_u64).sum()
}
