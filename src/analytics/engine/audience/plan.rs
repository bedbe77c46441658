//! How an audience is found: references are resolved, all questions about events are asked at once, and sets are joined.

use std::collections::BTreeMap;

use super::{Compare, Condition, Found, Lookup, MAX_DEPTH, check};
use crate::analytics::engine::calendar::{Period, Range};
use crate::analytics::engine::dataset::Dataset;
use crate::analytics::engine::event::Value;
use crate::analytics::engine::figures::{count, whole};
use crate::analytics::engine::filter::{Filter, Of, Op, Pick};
use crate::analytics::engine::flaw::{Flaw, Result, expect};
use crate::analytics::engine::people::{Person, PersonSet, REGISTERED, TAGS};
use crate::analytics::engine::rfm;
use crate::analytics::engine::scan::{Ask, History, Step};
use crate::analytics::engine::shares::Forest;

/// A condition of which references are resolved and events numbered.
enum Node {
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
    /// The people whom the question found for the leaf of that number.
    Events(usize),
    /// Everybody first seen before then whom the leaf did not find.
    Unless(usize, i64),
    Seen(Range),
    Known(PersonSet),
}

/// A question about one person's events.
enum Leaf {
    Times { bit: u32, range: Range, compare: Compare, times: u64 },
    First { bit: u32, range: Range },
    Sequence { bits: (u32, u32), within: i64, range: Range },
    Parts { bit: u32, with: Vec<Range>, without: Range },
    Regularly { bit: u32, periods: Vec<Range>, least: usize },
    Soon { bit: u32, within: i64 },
}

/// The work of resolving.
pub(super) struct Plan<'a> {
    data: &'a Dataset,
    lookup: &'a dyn Lookup,
    as_of: i64,
    picks: Vec<Pick>,
    leaves: Vec<Leaf>,
    path: Vec<String>,
    seen: Option<Vec<(Person, i64)>>,
}

impl<'a> Plan<'a> {
    pub(super) fn new(data: &'a Dataset, lookup: &'a dyn Lookup, as_of: i64) -> Self {
        Self { data, lookup, as_of, picks: Vec::new(), leaves: Vec::new(), path: Vec::new(), seen: None }
    }

    /// Who fulfils a condition.
    pub(super) fn members(&mut self, condition: &Condition) -> Result<PersonSet> {
        let node = self.node(condition, 0)?;
        let found = self.ask()?;
        self.people(&node, &found)
    }

    fn bit(&mut self, pick: &Pick) -> Result<u32, Flaw> {
        let known = self.picks.iter().position(|known| known == pick);
        let at = known.unwrap_or(self.picks.len());
        if known.is_none() {
            self.picks.push(pick.clone());
        }
        expect(at < 32, "condition", "too_many_conditions")?;
        Ok(1 << at)
    }

    fn leaf(&mut self, leaf: Leaf) -> Node {
        self.leaves.push(leaf);
        Node::Events(self.leaves.len() - 1)
    }

    fn node(&mut self, condition: &Condition, depth: usize) -> Result<Node> {
        expect(depth < MAX_DEPTH, "condition", "too_deep")?;
        let as_of = self.as_of;
        let nodes = |plan: &mut Self, parts: &[Condition]| {
            parts.iter().map(|part| plan.node(part, depth + 1)).collect::<Result<Vec<Node>>>()
        };
        Ok(match condition {
            Condition::And(parts) => Node::And(nodes(self, parts)?),
            Condition::Or(parts) => Node::Or(nodes(self, parts)?),
            Condition::Not(part) => Node::Not(Box::new(self.node(part, depth + 1)?)),
            Condition::Did { event, compare, times, window } => {
                self.did(event, *compare, *times, window.range(as_of))?
            }
            Condition::DidNot { event, window } => self.did(event, Compare::Eq, 0, window.range(as_of))?,
            Condition::ActiveIn { window } => self.did(&Pick::any(), Compare::Gt, 0, window.range(as_of))?,
            Condition::NewIn { window } => Node::Seen(window.range(as_of)),
            Condition::Attribute(filter) => Node::Known(self.known(filter)?),
            Condition::Tag(tag) => {
                let op = Op::Eq;
                let values = vec![Value::Text(tag.clone())];
                Node::Known(self.known(&Filter { of: Of::User, property: TAGS.to_owned(), op, values })?)
            }
            Condition::Rfm(class) => Node::Known(rfm::of_class(self.data, as_of, class)),
            Condition::ShareDepth { compare, depth } => {
                let forest = Forest::of(self.data, as_of);
                let base = self.base(as_of)?;
                Node::Known(base.iter().filter(|who| compare.holds(forest.depth(*who), *depth)).collect())
            }
            Condition::Audience(id) => self.audience(id, depth)?,
            _ => self.events(condition)?,
        })
    }

    /// Conditions on the order and regularity of events.
    fn events(&mut self, condition: &Condition) -> Result<Node> {
        let as_of = self.as_of;
        let leaf = match condition {
            Condition::FirstDid { event, window } => Leaf::First { bit: self.bit(event)?, range: window.range(as_of) },
            Condition::Sequence { first, then, within_ms, window } => {
                let bits = (self.bit(first)?, self.bit(then)?);
                Leaf::Sequence { bits, within: *within_ms, range: window.range(as_of) }
            }
            Condition::Stopped { event, active, silent } => {
                let with = vec![active.range(as_of)];
                Leaf::Parts { bit: self.bit(event)?, with, without: silent.range(as_of) }
            }
            Condition::Restarted { event, active, silent, again } => {
                let with = vec![active.range(as_of), again.range(as_of)];
                Leaf::Parts { bit: self.bit(event)?, with, without: silent.range(as_of) }
            }
            Condition::Regularly { event, period, least, of } => {
                Leaf::Regularly { bit: self.bit(event)?, periods: self.periods(*period, *of), least: *least }
            }
            Condition::Soon { event, within_ms } => {
                self.seen()?;
                Leaf::Soon { bit: self.bit(event)?, within: *within_ms }
            }
            _ => return Err(Flaw::new("condition", "no_such_condition").into()),
        };
        Ok(self.leaf(leaf))
    }

    fn periods(&self, period: Period, of: usize) -> Vec<Range> {
        let zone = &self.data.zone;
        let mut periods = Vec::new();
        let mut to = self.as_of;
        for _ in 0..of {
            let from = zone.floor(to - 1, period);
            periods.push(Range { from, to });
            to = from;
        }
        periods
    }

    fn did(&mut self, event: &Pick, compare: Compare, times: u64, range: Range) -> Result<Node> {
        let bit = self.bit(event)?;
        if compare.holds(0, times) {
            // Who never did it fulfils this too, so whoever breaks it is taken from those who were there.
            let breaks = match compare {
                Compare::Eq | Compare::Lte => (Compare::Gt, times),
                Compare::Lt => (Compare::Gte, times),
                Compare::Gt | Compare::Gte => (Compare::Lt, 0),
            };
            self.leaves.push(Leaf::Times { bit, range, compare: breaks.0, times: breaks.1 });
            return Ok(Node::Unless(self.leaves.len() - 1, range.to));
        }
        Ok(self.leaf(Leaf::Times { bit, range, compare, times }))
    }

    fn known(&mut self, filter: &Filter) -> Result<PersonSet> {
        let attributes = &self.data.attributes;
        if filter.holds(None) {
            let base = self.base(self.as_of)?;
            return Ok(base.iter().filter(|who| filter.holds(attributes.get(*who, &filter.property))).collect());
        }
        let fits = attributes.with(&filter.property).filter(|(_, value)| filter.holds(Some(value)));
        Ok(fits.map(|(person, _)| person).filter(|person| self.data.counts(*person)).collect())
    }

    fn audience(&mut self, id: &str, depth: usize) -> Result<Node> {
        expect(!self.path.iter().any(|known| known == id), "condition", "audience_cycle")?;
        match self.lookup.find(id).ok_or_else(|| Flaw::new("condition", "audience_unknown"))? {
            Found::Members(members) => Ok(Node::Known(members)),
            Found::Condition(condition) => {
                check(&condition, "condition", 0)?;
                self.path.push(id.to_owned());
                let node = self.node(&condition, depth + 1)?;
                self.path.pop();
                Ok(node)
            }
        }
    }

    /// When everybody was first seen: by an event or by registering.
    fn seen(&mut self) -> Result<&[(Person, i64)]> {
        if self.seen.is_none() {
            self.seen = Some(first_seen(self.data, self.as_of)?);
        }
        Ok(self.seen.as_deref().unwrap_or_default())
    }

    pub(super) fn base(&mut self, before: i64) -> Result<PersonSet> {
        Ok(self.seen()?.iter().filter(|(_, at)| *at < before).map(|(person, _)| *person).collect())
    }

    /// Asks for all leaves at once.
    fn ask(&mut self) -> Result<Vec<PersonSet>> {
        if self.leaves.is_empty() {
            return Ok(Vec::new());
        }
        let first = self.data.first_at();
        let from = self.leaves.iter().map(Leaf::from).min().unwrap_or(first).max(first);
        if from >= self.as_of {
            return Ok(vec![PersonSet::new(); self.leaves.len()]);
        }
        let ask = Ask::new(Range { from, to: self.as_of }, self.picks.clone());
        let history = History::read(self.data, &ask)?;
        let seen = self.seen.as_deref().unwrap_or_default();
        let leaves = &self.leaves;
        let parts = history.fold(
            || vec![PersonSet::new(); leaves.len()],
            |found, person, rows: &[Step]| {
                for (leaf, set) in leaves.iter().zip(found) {
                    let since = || seen.binary_search_by_key(&person, |(person, _)| *person).ok();
                    if leaf.holds(rows, || since().and_then(|at| seen.get(at)).map(|(_, at)| *at)) {
                        set.insert(person);
                    }
                }
            },
        );
        let mut found = vec![PersonSet::new(); leaves.len()];
        for part in parts {
            found.iter_mut().zip(part).for_each(|(all, mine)| *all = all.or(&mine));
        }
        Ok(found)
    }

    fn people(&mut self, node: &Node, found: &[PersonSet]) -> Result<PersonSet> {
        Ok(match node {
            Node::Events(leaf) => found.get(*leaf).cloned().unwrap_or_default(),
            Node::Known(persons) => self.base_of(persons)?,
            Node::Unless(leaf, end) => {
                let base = self.base(*end)?;
                found.get(*leaf).map_or_else(PersonSet::new, |those| base.without(those))
            }
            Node::Seen(range) => {
                let inside = |(person, at): &(Person, i64)| range.contains(*at).then_some(*person);
                self.seen()?.iter().filter_map(inside).collect()
            }
            Node::Or(parts) => {
                let mut all = PersonSet::new();
                for part in parts {
                    all = all.or(&self.people(part, found)?);
                }
                all
            }
            Node::Not(part) => {
                let those = self.people(part, found)?;
                self.base(self.as_of)?.without(&those)
            }
            Node::And(parts) => self.all_of(parts, found)?,
        })
    }

    /// Everybody of all parts. What is taken away is taken from those who are left, so that nobody else need be known.
    fn all_of(&mut self, parts: &[Node], found: &[PersonSet]) -> Result<PersonSet> {
        let as_of = self.as_of;
        let takes = |part: &Node| match part {
            Node::Not(_) => true,
            Node::Unless(_, end) => *end >= as_of,
            _ => false,
        };
        let mut all: Option<PersonSet> = None;
        for part in parts.iter().filter(|part| !takes(part)) {
            let those = self.people(part, found)?;
            all = Some(all.map_or(those.clone(), |all| all.and(&those)));
        }
        for part in parts.iter().filter(|part| takes(part)) {
            let those = match (part, &all) {
                (Node::Not(inner), Some(_)) => self.people(inner, found)?,
                (Node::Unless(leaf, _), Some(_)) => found.get(*leaf).cloned().unwrap_or_default(),
                _ => PersonSet::new(),
            };
            all = Some(match all {
                Some(all) => all.without(&those),
                None => self.people(part, found)?,
            });
        }
        Ok(all.unwrap_or_default())
    }

    fn base_of(&mut self, persons: &PersonSet) -> Result<PersonSet> {
        Ok(self.base(self.as_of)?.and(persons))
    }
}

/// When everybody was first seen, of those seen before `before`: by an event or by registering; in order of persons.
///
/// # Errors
/// What the disk says.
pub fn first_seen(data: &Dataset, before: i64) -> Result<Vec<(Person, i64)>> {
    let first = data.first_at();
    let mut seen: BTreeMap<Person, i64> = BTreeMap::new();
    if first < before {
        let mut ask = Ask::new(Range { from: first, to: before }, Vec::new());
        ask.all = true;
        let parts = History::read(data, &ask)?.fold(Vec::new, |found, person, rows: &[Step]| {
            found.extend(rows.first().map(|row| (person, row.at)));
        });
        seen.extend(parts.into_iter().flatten());
    }
    for (person, value) in data.attributes.with(REGISTERED).filter(|(person, _)| data.counts(*person)) {
        let at = value.number().and_then(whole).filter(|at| *at < before);
        if let Some(at) = at {
            seen.entry(person).and_modify(|seen| *seen = at.min(*seen)).or_insert(at);
        }
    }
    Ok(seen.into_iter().collect())
}

impl Leaf {
    /// Since when events matter.
    fn from(&self) -> i64 {
        match self {
            Self::Times { range, .. } | Self::Sequence { range, .. } => range.from,
            Self::First { .. } | Self::Soon { .. } => i64::MIN,
            Self::Parts { with, without, .. } => with.iter().map(|range| range.from).fold(without.from, i64::min),
            Self::Regularly { periods, .. } => periods.last().map_or(i64::MIN, |range| range.from),
        }
    }

    fn holds(&self, rows: &[Step], first_seen: impl FnOnce() -> Option<i64>) -> bool {
        let did = |bit: u32, range: &Range| rows.iter().any(|row| row.mask & bit != 0 && range.contains(row.at));
        match self {
            Self::Times { bit, range, compare, times } => {
                let found = rows.iter().filter(|row| row.mask & bit != 0 && range.contains(row.at)).count();
                compare.holds(count(found), *times)
            }
            Self::First { bit, range } => {
                rows.iter().find(|row| row.mask & bit != 0).is_some_and(|row| range.contains(row.at))
            }
            Self::Sequence { bits, within, range } => sequence(rows, *bits, *within, range),
            Self::Parts { bit, with, without } => with.iter().all(|range| did(*bit, range)) && !did(*bit, without),
            Self::Regularly { bit, periods, least } => {
                periods.iter().filter(|period| did(*bit, period)).count() >= *least
            }
            Self::Soon { bit, within } => first_seen().is_some_and(|seen| {
                rows.iter().any(|row| row.mask & bit != 0 && row.at >= seen && row.at - seen <= *within)
            }),
        }
    }
}

/// Whether the other thing happened after the one and within the time; the latest of the one decides.
fn sequence(rows: &[Step], bits: (u32, u32), within: i64, range: &Range) -> bool {
    let mut first: Option<i64> = None;
    for row in rows.iter().filter(|row| range.contains(row.at)) {
        if row.mask & bits.1 != 0 && first.is_some_and(|first| row.at - first <= within) {
            return true;
        }
        if row.mask & bits.0 != 0 {
            first = Some(row.at);
        }
    }
    false
}
