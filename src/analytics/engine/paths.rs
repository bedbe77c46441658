//! Paths (definitions §6): where people go from a start, or on their way to an end.
//!
//! A session (or a stretch without a gap of so many minutes) is a row of nodes, equal neighbours taken as one. Of it,
//! five nodes are looked at: from the first start, up to the first end, or both: from the first start on, ending with
//! the first end after it.

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::analysis::{Analysis, Table, Tabular, cell};
use super::calendar::{Period, Range, write_moment};
use super::dataset::Dataset;
use super::event::{CAMPAIGN, PAGE, SHARE};
use super::figures::{quotient, real, real_signed};
use super::filter::{MAX_NAME, check_name};
use super::flaw::{Flaw, Result, expect};
use super::people::{Person, PersonSet};
use super::scan::{Ask, Full, History, Key};
use super::sessions::{GAP_MS, Rule, lengths};

/// Longest way that is looked at.
const MAX_LENGTH: usize = 10;

/// What a node is named by, beside its position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = paths::Node)]
#[serde(rename_all = "snake_case")]
pub enum Node {
    /// The event.
    #[default]
    Event,
    /// The page that the event happened on; events without a page are passed over.
    Page,
}

fn five() -> usize {
    5
}

fn fifty() -> usize {
    50
}

fn usual_gap() -> i64 {
    GAP_MS
}

/// A question for paths.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = paths::Paths)]
#[serde(deny_unknown_fields)]
pub struct Paths {
    /// The time of the events that count.
    pub range: Range,
    /// What names a node.
    #[serde(default)]
    pub node: Node,
    /// The events that are looked at; all when there are none.
    #[serde(default)]
    pub events: Vec<String>,
    /// Where ways begin; without, at the first node of the session.
    #[serde(default)]
    pub start: Option<String>,
    /// Where ways end.
    #[serde(default)]
    pub end: Option<String>,
    /// A longer silence ends a way, in milliseconds; at least 30 minutes.
    #[serde(default = "usual_gap")]
    pub gap_ms: i64,
    /// Whether a new share token or campaign code begins a session.
    #[serde(default)]
    pub split_on_arrival: bool,
    /// How many nodes of a way are looked at.
    #[serde(default = "five")]
    pub length: usize,
    /// How many edges are shown; the rest is `other`.
    #[serde(default = "fifty")]
    pub top: usize,
}

/// From one node to the next.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = paths::Edge)]
pub struct Edge {
    /// The position of the node it leaves, from 1.
    pub position: usize,
    /// The node it leaves.
    pub from: String,
    /// The node it leads to, at the next position.
    pub to: String,
    /// How often.
    pub times: u64,
    /// The mean time between, in milliseconds.
    pub mean_ms: Option<f64>,
}

/// One node at one position. What comes in goes out or ends: `into = out + ends`, and ways that begin here come in.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = paths::NodeFigures)]
pub struct NodeFigures {
    /// The position, from 1.
    pub position: usize,
    /// The page or event.
    pub name: String,
    /// How many ways come in, or begin.
    pub into: u64,
    /// How many go on.
    pub out: u64,
    /// How many end here.
    pub ends: u64,
}

/// The edges that are not shown.
#[derive(Clone, Debug, Default, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = paths::Others)]
pub struct Others {
    /// How many different ones.
    pub edges: u64,
    /// How often they were taken.
    pub times: u64,
    /// The mean time between, in milliseconds.
    pub mean_ms: Option<f64>,
}

/// What paths answer.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
#[schema(as = paths::PathAnswer)]
pub struct PathAnswer {
    /// How many ways.
    pub ways: u64,
    /// The commonest edges, the most taken first.
    pub edges: Vec<Edge>,
    /// All others.
    pub other: Others,
    /// Every node, by position, the commonest first; at most 1000.
    pub nodes: Vec<NodeFigures>,
    /// Until when figures can no longer change by late events.
    #[serde(serialize_with = "write_moment")]
    #[schema(value_type = String, format = DateTime, example = "2026-03-01T00:00:00Z")]
    pub settled_until: i64,
}

impl Tabular for PathAnswer {
    fn table(&self) -> Table {
        let mut table = Table::new(&["position", "from", "to", "times", "mean_ms"]);
        for edge in &self.edges {
            let names = [edge.position.to_string(), edge.from.clone(), edge.to.clone()];
            table.row(names.into_iter().chain([edge.times.to_string(), cell(edge.mean_ms)]));
        }
        let other = [String::new(), "other".to_owned(), "other".to_owned()];
        table.row(other.into_iter().chain([self.other.times.to_string(), cell(self.other.mean_ms)]));
        table
    }
}

/// Which people of the answer are meant: those who passed a node, or took an edge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[schema(as = paths::PathFigure)]
#[serde(deny_unknown_fields)]
pub struct PathFigure {
    /// The position of the node, from 1.
    pub position: usize,
    /// The node.
    pub name: String,
    /// The node after it, for an edge.
    #[serde(default)]
    pub to: Option<String>,
}

/// What is done with each way: its nodes and their times.
type Visit<'a> = dyn FnMut(&[(u32, i64)]) + 'a;

/// Position, node and next node (0 where it ends).
type Hop = (usize, u32, u32);

/// One thread's work.
#[derive(Default)]
struct Work {
    hops: FxHashMap<Hop, (u64, i64)>,
    ways: u64,
    nodes: Vec<(u32, i64)>,
}

const NODE: usize = 0;

impl Paths {
    fn read(&self, data: &Dataset) -> Result<History> {
        let picks = self.events.iter().map(|event| super::filter::Pick::named(event)).collect();
        let mut ask = Ask::new(self.range, picks);
        ask.all = self.events.is_empty();
        let node = match self.node {
            Node::Event => Key::Name,
            Node::Page => Key::property(PAGE),
        };
        let mut keys = vec![node];
        if self.split_on_arrival {
            keys.extend([Key::property(SHARE), Key::property(CAMPAIGN)]);
        }
        History::read(data, &ask.keys(keys))
    }

    /// Shows every way of a person to `visit`, as nodes with their times.
    fn walk(&self, ends: [Option<u32>; 2], rows: &[Full], nodes: &mut Vec<(u32, i64)>, visit: &mut Visit<'_>) {
        let mut rest = rows;
        let mut cut = |length: usize, nodes: &mut Vec<(u32, i64)>| {
            let Some((session, others)) = rest.split_at_checked(length) else { return };
            rest = others;
            nodes.clear();
            for row in session {
                let node = row.keys[NODE];
                if node != 0 && nodes.last().is_none_or(|(last, _)| *last != node) {
                    nodes.push((node, row.step.at));
                }
            }
            if let Some(way) = self.way(ends, nodes) {
                visit(way);
            }
        };
        if self.split_on_arrival {
            let arrivals: Vec<Full> = rows
                .iter()
                .map(|row| {
                    let [_, share, campaign] = row.keys;
                    Full { keys: [share, campaign, 0], ..*row }
                })
                .collect();
            let rule = Rule { gap_ms: self.gap_ms, arrivals: true };
            lengths(rule, &arrivals).into_iter().for_each(|length| cut(length, nodes));
            return;
        }
        let mut length = 0;
        let mut last: Option<i64> = None;
        for row in rows {
            if last.is_some_and(|last| row.step.at - last > self.gap_ms) {
                cut(length, nodes);
                length = 0;
            }
            length += 1;
            last = Some(row.step.at);
        }
        cut(length, nodes);
    }

    /// The part of a session's nodes that is looked at.
    fn way<'a>(&self, [start, end]: [Option<u32>; 2], nodes: &'a [(u32, i64)]) -> Option<&'a [(u32, i64)]> {
        let is = |wanted: Option<u32>| move |(node, _): &(u32, i64)| Some(*node) == wanted;
        let from = match self.start {
            Some(_) => nodes.get(nodes.iter().position(is(start))?..)?,
            None => nodes,
        };
        let upto = match self.end {
            Some(_) => from.get(..=from.iter().position(is(end))?)?,
            None => from,
        };
        let spare = upto.len().saturating_sub(self.length);
        // With an end alone the last nodes before it are of interest; otherwise the first after the start.
        let way =
            if self.end.is_some() && self.start.is_none() { upto.get(spare..) } else { upto.get(..upto.len() - spare) };
        way.filter(|way| !way.is_empty())
    }

    fn ends(&self, history: &History) -> [Option<u32>; 2] {
        [&self.start, &self.end].map(|name| name.as_ref().map(|name| history.lexicon.code(name)))
    }
}

impl Work {
    fn count(&mut self, way: &[(u32, i64)]) {
        self.ways += 1;
        let nexts = way.iter().skip(1).map(|(node, at)| (*node, *at)).chain([(0, 0)]);
        for (position, ((node, at), (next, then))) in way.iter().zip(nexts).enumerate() {
            let hop = self.hops.entry((position + 1, *node, next)).or_default();
            *hop = (hop.0 + 1, hop.1 + if next == 0 { 0 } else { then - at });
        }
    }
}

impl Analysis for Paths {
    type Answer = PathAnswer;
    type Figure = PathFigure;

    fn validate(&self) -> Result<(), Flaw> {
        self.range.check(Period::Day)?;
        expect(self.events.len() <= 32, "events", "too_many_events")?;
        for (at, event) in self.events.iter().enumerate() {
            check_name(event, &format!("events[{at}]"))?;
        }
        let short =
            |name: &Option<String>| name.as_ref().is_none_or(|name| !name.is_empty() && name.len() <= 4 * MAX_NAME);
        expect(short(&self.start), "start", "name_too_long")?;
        expect(short(&self.end), "end", "name_too_long")?;
        expect((GAP_MS..=86_400_000).contains(&self.gap_ms), "gap_ms", "out_of_range")?;
        expect((2..=MAX_LENGTH).contains(&self.length), "length", "out_of_range")?;
        expect((1..=1_000).contains(&self.top), "top", "out_of_range")
    }

    fn answer(&self, data: &Dataset) -> Result<PathAnswer> {
        self.validate()?;
        let history = self.read(data)?;
        let ends = self.ends(&history);
        let parts = history.fold(Work::default, |work, _: Person, rows: &[Full]| {
            let mut nodes = std::mem::take(&mut work.nodes);
            self.walk(ends, rows, &mut nodes, &mut |way| work.count(way));
            work.nodes = nodes;
        });
        let mut all = Work::default();
        for part in parts {
            all.ways += part.ways;
            for (hop, (times, time)) in part.hops {
                let sum = all.hops.entry(hop).or_default();
                *sum = (sum.0 + times, sum.1 + time);
            }
        }
        let name = |code: u32| history.lexicon.text(code).unwrap_or_default();
        let mean = |times: u64, time: i64| quotient(real_signed(time), real(times));
        let mut edges: Vec<(Edge, i64)> = Vec::new();
        for ((position, from, to), (times, time)) in all.hops.iter().filter(|(hop, _)| hop.2 != 0) {
            let mean_ms = mean(*times, *time);
            edges.push((Edge { position: *position, from: name(*from), to: name(*to), times: *times, mean_ms }, *time));
        }
        let key = |edge: &Edge| (std::cmp::Reverse(edge.times), edge.position, edge.from.clone(), edge.to.clone());
        edges.sort_by_cached_key(|(edge, _)| key(edge));
        let rest = edges.split_off(self.top.min(edges.len()));
        let (times, time) = rest.iter().fold((0, 0), |(times, sum), (edge, time)| (times + edge.times, sum + time));
        Ok(PathAnswer {
            ways: all.ways,
            edges: edges.into_iter().map(|(edge, _)| edge).collect(),
            other: Others { edges: super::figures::count(rest.len()), times, mean_ms: mean(times, time) },
            nodes: nodes(&all, name),
            settled_until: data.settled_until(),
        })
    }

    fn people(&self, data: &Dataset, figure: &PathFigure) -> Result<PersonSet> {
        self.validate()?;
        let history = self.read(data)?;
        let ends = self.ends(&history);
        let at = figure.position.checked_sub(1).ok_or_else(|| Flaw::new("figure.position", "no_such_figure"))?;
        let node = history.lexicon.code(&figure.name);
        let to = figure.to.as_ref().map(|to| history.lexicon.code(to));
        let parts = history.fold(Vec::new, |found: &mut Vec<Person>, person, rows: &[Full]| {
            let mut passed = false;
            self.walk(ends, rows, &mut Vec::new(), &mut |way| {
                let is = |at: usize, node: u32| way.get(at).is_some_and(|(name, _)| *name == node);
                passed |= is(at, node) && to.is_none_or(|to| is(at + 1, to));
            });
            if passed {
                found.push(person);
            }
        });
        Ok(parts.into_iter().flatten().collect())
    }
}

fn nodes(work: &Work, name: impl Fn(u32) -> String) -> Vec<NodeFigures> {
    let mut found: FxHashMap<(usize, u32), (u64, u64)> = FxHashMap::default();
    for ((position, node, next), (times, _)) in &work.hops {
        let figures = found.entry((*position, *node)).or_default();
        if *next == 0 {
            figures.1 += times;
        } else {
            figures.0 += times;
        }
    }
    let mut nodes: Vec<NodeFigures> = found
        .into_iter()
        .map(|((position, node), (out, ends))| NodeFigures { position, name: name(node), into: out + ends, out, ends })
        .collect();
    nodes.sort_by(|one, other| (one.position, other.into, &one.name).cmp(&(other.position, one.into, &other.name)));
    nodes.truncate(1_000);
    nodes
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::analytics::engine::testing::{DAY, MONDAY, Recipe, check_random, days, event, history};

    fn paths(start: Option<&str>, end: Option<&str>) -> Paths {
        let named = |name: Option<&str>| name.map(str::to_owned);
        Paths {
            range: days(3),
            node: Node::Event,
            events: Vec::new(),
            start: named(start),
            end: named(end),
            gap_ms: GAP_MS,
            split_on_arrival: false,
            length: 5,
            top: 3,
        }
    }

    const RECIPE: Recipe = Recipe {
        people: 3,
        events: 80,
        names: &["A", "B", "C"],
        days: 1,
        grain: 600_000,
        properties: &[("$page", &["x", "y"])],
    };

    #[test]
    fn paths_agree_with_the_reference_and_nothing_gets_lost_at_a_node() {
        check_random(&RECIPE, 400, |data, people, seed| {
            for (start, end) in [(None, None), (Some("A"), None), (None, Some("B")), (Some("A"), Some("C"))] {
                for node in [Node::Event, Node::Page] {
                    let name = |end: Option<&'static str>| match node {
                        Node::Event => end,
                        Node::Page => end.map(|end| if end == "A" { "x" } else { "y" }),
                    };
                    compare(&Paths { node, ..paths(name(start), name(end)) }, data, people, seed);
                }
            }
        });
    }

    fn compare(
        asked: &Paths,
        data: &Dataset,
        people: &BTreeMap<u32, Vec<crate::analytics::engine::event::Event>>,
        seed: &str,
    ) {
        let mut edges: BTreeMap<(usize, String, String), u64> = BTreeMap::new();
        let mut ways = 0;
        for events in people.values() {
            for session in events.chunk_by(|one, other| other.at - one.at <= asked.gap_ms) {
                let mut names: Vec<String> = session
                    .iter()
                    .filter_map(|event| match asked.node {
                        Node::Event => Some(event.name.clone()),
                        Node::Page => event.properties.get("$page").map(crate::analytics::engine::event::Value::label),
                    })
                    .collect();
                names.dedup();
                if let Some(start) = &asked.start {
                    names = names.into_iter().skip_while(|name| name != start).collect();
                }
                if let Some(end) = &asked.end {
                    let Some(at) = names.iter().position(|name| name == end) else { continue };
                    names.truncate(at + 1);
                }
                if asked.end.is_some() && asked.start.is_none() {
                    names = names.split_off(names.len().saturating_sub(5));
                }
                names.truncate(5);
                ways += u64::from(!names.is_empty());
                for (at, pair) in names.windows(2).enumerate() {
                    *edges.entry((at + 1, pair[0].clone(), pair[1].clone())).or_default() += 1;
                }
            }
        }
        let answer = Paths { top: 1_000, ..asked.clone() }.answer(data).unwrap();
        let key = |edge: &Edge| (edge.position, edge.from.clone(), edge.to.clone());
        let found: BTreeMap<_, _> = answer.edges.iter().map(|edge| (key(edge), edge.times)).collect();
        assert_eq!((found, answer.ways), (edges.clone(), ways), "{seed} {asked:?}");
        assert!(answer.nodes.iter().all(|node| node.into == node.out + node.ends));
        for node in answer.nodes.iter().filter(|node| node.position > 1) {
            let into = edges.iter().filter(|((at, _, to), _)| at + 1 == node.position && *to == node.name);
            assert_eq!(node.into, into.map(|(_, times)| times).sum::<u64>(), "{seed}");
        }
        let short = asked.answer(data).unwrap();
        let shown: u64 = short.edges.iter().map(|edge| edge.times).sum();
        assert_eq!(shown + short.other.times, edges.values().sum::<u64>(), "{seed}");
    }

    #[test]
    fn time_on_an_edge_is_its_mean_and_its_people_can_be_listed() {
        let data = history(vec![
            event(1, "A", MONDAY),
            event(1, "A", MONDAY + 10),
            event(1, "B", MONDAY + 40),
            event(2, "A", MONDAY + DAY),
            event(2, "B", MONDAY + DAY + 60),
            event(2, "A", MONDAY + DAY + GAP_MS + 61),
        ]);
        let asked = paths(Some("A"), None);
        let answer = asked.answer(&data).unwrap();
        assert_eq!((answer.ways, answer.edges.len()), (3, 1));
        assert_eq!((answer.edges[0].times, answer.edges[0].mean_ms), (2, Some(50.0)));
        let figure = PathFigure { position: 1, name: "A".into(), to: Some("B".into()) };
        assert_eq!(asked.people(&data, &figure).unwrap().iter().collect::<Vec<_>>(), vec![1, 2]);
        assert_eq!(answer.table().rows.len(), 2);
        assert_eq!(Paths { gap_ms: 5, ..asked }.validate().unwrap_err().reason, "out_of_range");
    }
}
