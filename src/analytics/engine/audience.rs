//! Segments of people (definitions §8): conditions on what people did and are, and their algebra.
//!
//! They are called audiences here, because a [`segment`](super::segment) is a file. Everybody of an audience was first
//! seen before its `as_of`: that is the base, and a condition and its opposite always add up to it.

mod plan;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use self::plan::Plan;
pub use self::plan::first_seen;
use super::calendar::{Period, Range, read_moment, write_moment};
use super::dataset::Dataset;
use super::filter::{Filter, Pick, check_name};
use super::flaw::{Flaw, Result, expect};
use super::people::PersonSet;

/// Deepest nesting, references included.
const MAX_DEPTH: usize = 12;
/// Most conditions on events of one audience.
const MAX_CONDITIONS: usize = 16;
/// Most that a number of times or of shares is compared with.
const MAX_COUNT: u64 = 1_000_000;
/// Longest relative window in days.
const MAX_DAYS: i64 = 3_650;
const DAY_MS: i64 = 86_400_000;

/// When something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = audience::Window)]
#[serde(rename_all = "snake_case")]
pub enum Window {
    /// In this time.
    Fixed(Range),
    /// From so many days (of 24 hours) before `as_of` up to so many days before it.
    Ago {
        /// The begin.
        from_days: i64,
        /// The end; 0 is `as_of` itself.
        to_days: i64,
    },
    /// At any time before `as_of`.
    Ever,
}

/// How a number is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = audience::Compare)]
#[serde(rename_all = "snake_case")]
pub enum Compare {
    /// Equal.
    Eq,
    /// Greater.
    Gt,
    /// Not less.
    Gte,
    /// Less.
    Lt,
    /// Not greater.
    Lte,
}

impl Compare {
    fn holds(self, found: u64, wanted: u64) -> bool {
        match self {
            Self::Eq => found == wanted,
            Self::Gt => found > wanted,
            Self::Gte => found >= wanted,
            Self::Lt => found < wanted,
            Self::Lte => found <= wanted,
        }
    }
}

/// A condition on people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(
    as = audience::Condition,
    no_recursion,
    example = json!({"did": {
        "event": {"event": "order_paid", "filters": []}, "compare": "gte", "times": 2,
        "window": {"ago": {"from_days": 30, "to_days": 0}}
    }})
)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Condition {
    /// All of them.
    And(Vec<Condition>),
    /// Any of them.
    Or(Vec<Condition>),
    /// Everybody of the base for whom it does not hold.
    Not(Box<Condition>),
    /// Did something so often.
    Did {
        /// What.
        event: Pick,
        /// How the count is compared.
        compare: Compare,
        /// With what.
        #[schema(maximum = 1_000_000)]
        times: u64,
        /// When.
        window: Window,
    },
    /// Did not do something, though first seen before the window ended.
    DidNot {
        /// What.
        event: Pick,
        /// When.
        window: Window,
    },
    /// Did something for the first time ever.
    FirstDid {
        /// What.
        event: Pick,
        /// When.
        window: Window,
    },
    /// Did one thing and then another, later and within a time.
    Sequence {
        /// The one.
        first: Pick,
        /// The other.
        then: Pick,
        /// The longest time between, in milliseconds.
        within_ms: i64,
        /// When both happened.
        window: Window,
    },
    /// Did something, and then no longer.
    Stopped {
        /// What.
        event: Pick,
        /// When it was done.
        active: Window,
        /// When it was not.
        silent: Window,
    },
    /// Did something, paused, and did it again.
    Restarted {
        /// What.
        event: Pick,
        /// When it was done.
        active: Window,
        /// When it was not.
        silent: Window,
        /// When it was done again.
        again: Window,
    },
    /// Did something in at least so many of the last periods; the last one ends with the one that `as_of` lies in.
    Regularly {
        /// What.
        event: Pick,
        /// Day, week or month.
        period: Period,
        /// In how many.
        least: usize,
        /// Of how many.
        of: usize,
    },
    /// Did anything at all.
    ActiveIn {
        /// When.
        window: Window,
    },
    /// Was first seen.
    NewIn {
        /// When.
        window: Window,
    },
    /// Did something within a time after being first seen.
    Soon {
        /// What.
        event: Pick,
        /// The time, in milliseconds.
        within_ms: i64,
    },
    /// Something that is known about them.
    Attribute(Filter),
    /// Has a tag.
    Tag(String),
    /// Is of a class of RFM, such as `111`, at `as_of`.
    Rfm(String),
    /// Came by shares over so many people; 0 for those who came by themselves.
    ShareDepth {
        /// How the depth is compared.
        compare: Compare,
        /// With what.
        #[schema(maximum = 1_000_000)]
        depth: u64,
    },
    /// Is in another audience, evaluated at the same moment.
    Audience(String),
}

impl Condition {
    /// The other audiences that it refers to itself.
    pub fn references(&self) -> BTreeSet<String> {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().flat_map(Self::references).collect(),
            Self::Not(part) => part.references(),
            Self::Audience(id) => BTreeSet::from([id.clone()]),
            _ => BTreeSet::new(),
        }
    }
}

/// An audience: a condition at a moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = audience::Audience)]
#[serde(deny_unknown_fields)]
pub struct Audience {
    /// The moment that relative windows hang on.
    #[serde(serialize_with = "write_moment", deserialize_with = "read_moment")]
    #[schema(value_type = String, format = DateTime, example = "2026-03-01T00:00:00Z")]
    pub as_of: i64,
    /// The condition.
    pub condition: Condition,
}

/// What another audience's id stands for.
#[derive(Clone, Debug)]
pub enum Found {
    /// A snapshot.
    Members(PersonSet),
    /// A condition.
    Condition(Condition),
}

/// Where other audiences are found.
pub trait Lookup {
    /// The audience of that id; none when there is none.
    fn find(&self, id: &str) -> Option<Found>;
}

/// No other audiences.
#[derive(Clone, Copy, Debug)]
pub struct Alone;

impl Lookup for Alone {
    fn find(&self, _: &str) -> Option<Found> {
        None
    }
}

impl Audience {
    /// Checks the condition, without the audiences that it refers to.
    ///
    /// # Errors
    /// What is wrong, with the path to it.
    pub fn validate(&self) -> Result<(), Flaw> {
        check(&self.condition, "condition", 0)
    }

    /// Who is in it.
    ///
    /// # Errors
    /// What is wrong with it, `audience_cycle`, `audience_unknown`, or what the disk says.
    pub fn members(&self, data: &Dataset, lookup: &dyn Lookup) -> Result<PersonSet> {
        self.validate()?;
        Plan::new(data, lookup, self.as_of).members(&self.condition)
    }

    /// Everybody it could hold: those first seen before `as_of`.
    ///
    /// # Errors
    /// What the disk says.
    pub fn base(&self, data: &Dataset) -> Result<PersonSet> {
        Plan::new(data, &Alone, self.as_of).base(self.as_of)
    }
}

fn check(condition: &Condition, field: &str, depth: usize) -> Result<(), Flaw> {
    expect(depth < MAX_DEPTH, field, "too_deep")?;
    let at = |name: &str| format!("{field}.{name}");
    match condition {
        Condition::And(parts) | Condition::Or(parts) => {
            expect(!parts.is_empty(), field, "too_few_conditions")?;
            expect(parts.len() <= MAX_CONDITIONS, field, "too_many_conditions")?;
            let mut parts = parts.iter().enumerate();
            parts.try_for_each(|(place, part)| check(part, &format!("{field}[{place}]"), depth + 1))
        }
        Condition::Not(part) => check(part, &at("not"), depth + 1),
        Condition::Did { event, times, window, .. } => {
            expect(*times <= MAX_COUNT, at("times"), "out_of_range")?;
            event.validate(&at("event"))?;
            window.validate(&at("window"))
        }
        Condition::DidNot { event, window } | Condition::FirstDid { event, window } => {
            event.validate(&at("event"))?;
            window.validate(&at("window"))
        }
        Condition::Sequence { first, then, within_ms, window } => {
            first.validate(&at("first"))?;
            then.validate(&at("then"))?;
            expect(*within_ms > 0, at("within_ms"), "window_zero")?;
            window.validate(&at("window"))
        }
        Condition::Stopped { event, active, silent } => {
            event.validate(&at("event"))?;
            active.validate(&at("active"))?;
            silent.validate(&at("silent"))
        }
        Condition::Restarted { event, active, silent, again } => {
            event.validate(&at("event"))?;
            active.validate(&at("active"))?;
            silent.validate(&at("silent"))?;
            again.validate(&at("again"))
        }
        Condition::Regularly { event, period, least, of } => {
            event.validate(&at("event"))?;
            expect(period.of_days(), at("period"), "period_too_short")?;
            expect((1..=366).contains(of) && (1..=*of).contains(least), at("least"), "out_of_range")
        }
        Condition::Soon { event, within_ms } => {
            event.validate(&at("event"))?;
            expect(*within_ms > 0, at("within_ms"), "window_zero")
        }
        Condition::ActiveIn { window } | Condition::NewIn { window } => window.validate(&at("window")),
        Condition::Attribute(filter) => filter.validate(&at("attribute")),
        Condition::Tag(tag) => check_name(tag, &at("tag")),
        Condition::Rfm(class) => {
            let sound = class.len() == 3 && class.chars().all(|digit| digit == '0' || digit == '1');
            expect(sound, at("rfm"), "no_such_class")
        }
        Condition::ShareDepth { depth, .. } => expect(*depth <= MAX_COUNT, at("depth"), "out_of_range"),
        Condition::Audience(id) => check_name(id, &at("audience")),
    }
}

impl Window {
    fn validate(&self, field: &str) -> Result<(), Flaw> {
        match self {
            Self::Fixed(range) => expect(range.from < range.to, field, "range_backwards"),
            Self::Ago { from_days, to_days } => {
                expect(*from_days > *to_days && *to_days >= 0, field, "range_backwards")?;
                expect(*from_days <= MAX_DAYS, field, "range_too_long")
            }
            Self::Ever => Ok(()),
        }
    }

    /// The time that is meant; nothing after `as_of` counts.
    fn range(self, as_of: i64) -> Range {
        let range = match self {
            Self::Fixed(range) => range,
            Self::Ago { from_days, to_days } => {
                Range { from: as_of - from_days * DAY_MS, to: as_of - to_days * DAY_MS }
            }
            Self::Ever => Range { from: i64::MIN, to: as_of },
        };
        Range { to: range.to.min(as_of), ..range }
    }
}

/// How two audiences overlap: only the one, both, only the other.
pub fn compare(one: &PersonSet, other: &PersonSet) -> (u64, u64, u64) {
    (one.without(other).len(), one.and(other).len(), other.without(one).len())
}

#[cfg(test)]
#[allow(clippy::as_conversions, reason = "small numbers of the tests' own")]
mod tests;
