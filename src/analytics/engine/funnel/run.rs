//! Running a funnel over everybody.

use super::machine::{Machine, seen, seen_among};
use super::unordered::{Gathering, row_of};
use super::{Funnel, Order, Touch, Unit};
use crate::analytics::engine::dataset::Dataset;
use crate::analytics::engine::event::{CAMPAIGN, SHARE};
use crate::analytics::engine::figures::{number, place, real_signed};
use crate::analytics::engine::flaw::Result;
use crate::analytics::engine::people::Person;
use crate::analytics::engine::scan::{Ask, Full, History, Key, Row, Step};
use crate::analytics::engine::sessions;

/// A row that has a time and kinds.
pub(crate) trait Stepped: Row {
    /// Time and kinds.
    fn step(&self) -> &Step;
}

impl Stepped for Step {
    fn step(&self) -> &Step {
        self
    }
}

impl Stepped for Full {
    fn step(&self) -> &Step {
        &self.step
    }
}

/// How far one person, or one session, got.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Way {
    pub(super) person: Person,
    pub(super) depth: usize,
    pub(super) start: i64,
    /// The value of the breakdown, 0 for none; nothing when the way has no place in the breakdown.
    pub(super) group: Option<u32>,
    /// Left out by an exclusion.
    pub(super) tainted: bool,
}

/// The ways of everybody who took the first step at least, and the times between their steps.
#[derive(Debug, Default)]
pub(super) struct Ways {
    pub(super) ways: Vec<Way>,
    /// For each step from the second, the milliseconds since the one before.
    pub(super) gaps: Vec<Vec<f64>>,
    /// The names of the values of the breakdown, by code less one.
    pub(super) names: Vec<String>,
}

/// One thread's work.
struct Work {
    machine: Machine,
    gathering: Gathering,
    ways: Vec<Way>,
    gaps: Vec<Vec<f64>>,
    groups: Vec<(u32, u32)>,
    among: Vec<u32>,
    best: Vec<u32>,
}

/// Where the funnel's own columns stand among the keys of a row.
const SAME: usize = 0;
const GROUP: usize = 1;

pub(super) fn ways(funnel: &Funnel, data: &Dataset) -> Result<Ways> {
    let exclusions = funnel.exclusions.iter().map(|exclusion| exclusion.event.clone());
    let mut ask = Ask::new(funnel.range, funnel.steps.iter().cloned().chain(exclusions).collect());
    ask.all = funnel.order == Order::Strict || funnel.unit == Unit::Sessions;
    if funnel.unit == Unit::Sessions {
        return sessions_ways(funnel, data, ask);
    }
    let property = |name: Option<&String>| name.map_or(Key::Session, |name| Key::property(name));
    let breakdown = funnel.breakdown.as_ref().map(|breakdown| &breakdown.property);
    if funnel.same.is_none() && breakdown.is_none() {
        let history = History::read(data, &ask)?;
        let done = history.fold(|| Work::new(funnel), |work, person, rows: &[Step]| work.whole(funnel, person, rows));
        return Ok(gather(funnel, done, &history));
    }
    let history = History::read(data, &ask.keys(vec![property(funnel.same.as_ref()), property(breakdown)]))?;
    let done = history.fold(
        || Work::new(funnel),
        |work, person, rows: &[Full]| match funnel.same {
            Some(_) => work.by_value(funnel, person, rows, SAME),
            None => work.whole(funnel, person, rows),
        },
    );
    Ok(gather(funnel, done, &history))
}

/// The same, session by session. Sessions are split by all events, so all are read.
fn sessions_ways(funnel: &Funnel, data: &Dataset, ask: Ask) -> Result<Ways> {
    let keys = vec![Key::property(SHARE), Key::property(CAMPAIGN)];
    let splits = History::read(data, &ask.clone().keys(keys))?;
    let property = |name: Option<&String>| name.map_or(Key::Session, |name| Key::property(name));
    let breakdown = funnel.breakdown.as_ref().map(|breakdown| &breakdown.property);
    let history = History::read(data, &ask.keys(vec![property(funnel.same.as_ref()), property(breakdown)]))?;
    let begins = sessions::begins(&splits);
    let done = history.fold(
        || Work::new(funnel),
        |work, person, rows: &[Full]| {
            let mut rest = rows;
            for length in begins.lengths(person) {
                let Some((session, others)) = rest.split_at_checked(length) else { return };
                rest = others;
                match funnel.same {
                    Some(_) => work.by_value(funnel, person, session, SAME),
                    None => work.whole(funnel, person, session),
                }
            }
        },
    );
    Ok(gather(funnel, done, &history))
}

fn gather(funnel: &Funnel, done: Vec<Work>, history: &History) -> Ways {
    let mut all = Ways { gaps: vec![Vec::new(); funnel.steps.len()], ..Ways::default() };
    for work in done {
        all.ways.extend(work.ways);
        all.gaps.iter_mut().zip(work.gaps).for_each(|(all, mine)| all.extend(mine));
    }
    all.ways.sort_by_key(|way| (way.person, way.start));
    all.gaps.iter_mut().for_each(|gaps| gaps.sort_unstable_by(f64::total_cmp));
    all.names = (1..).map_while(|code| history.lexicon.text(code)).collect();
    all
}

impl Work {
    fn new(funnel: &Funnel) -> Self {
        let taints: Vec<usize> = funnel.exclusions.iter().map(|exclusion| exclusion.after).collect();
        let steps = funnel.steps.len();
        Self {
            machine: Machine::new(steps, funnel.window_ms, funnel.order == Order::Strict, &taints),
            gathering: Gathering::new(steps, funnel.window_ms),
            ways: Vec::new(),
            gaps: vec![Vec::new(); steps],
            groups: Vec::new(),
            among: Vec::new(),
            best: Vec::new(),
        }
    }

    /// Follows one unit through all its rows.
    fn whole<R: Stepped + Grouped>(&mut self, funnel: &Funnel, person: Person, rows: &[R]) {
        let reached = match funnel.order {
            Order::Any => self.gathering.run(seen(rows)).map(|rows| (rows, false)),
            _ => self.machine.run(seen(rows)).map(|reached| (reached.rows, reached.tainted)),
        };
        if let Some((way, tainted)) = reached {
            self.best.clear();
            self.best.extend_from_slice(way);
            self.record(funnel, person, rows, tainted);
        }
    }

    /// Follows one unit through the rows of each value of the property on which steps must agree; the best one counts.
    fn by_value(&mut self, funnel: &Funnel, person: Person, rows: &[Full], key: usize) {
        let value = |row: &Full| row.keys.get(key).copied().unwrap_or(0);
        let mut groups = std::mem::take(&mut self.groups);
        groups.clear();
        groups.extend((0_u32..).zip(rows).map(|(at, row)| (value(row), at)).filter(|(value, _)| *value != 0));
        groups.sort_unstable();
        let mut best: Option<(usize, bool, i64)> = None;
        for group in groups.chunk_by(|one, other| one.0 == other.0) {
            self.among.clear();
            self.among.extend(group.iter().map(|(_, at)| *at));
            let reached = match funnel.order {
                Order::Any => self.gathering.run(seen_among(rows, &self.among)).map(|rows| (rows, false)),
                _ => self.machine.run(seen_among(rows, &self.among)).map(|reached| (reached.rows, reached.tainted)),
            };
            let Some((way, tainted)) = reached else { continue };
            let start = way.first().and_then(|row| row_of(rows, *row)).map_or(0, |row| row.step.at);
            let rank = (way.len(), !tainted, -start);
            if best.is_none_or(|best| rank > best) {
                best = Some(rank);
                self.best.clear();
                self.best.extend_from_slice(way);
            }
        }
        self.groups = groups;
        if let Some((_, clean, _)) = best {
            self.record(funnel, person, rows, !clean);
        }
    }

    fn record<R: Stepped + Grouped>(&mut self, funnel: &Funnel, person: Person, rows: &[R], tainted: bool) {
        let way: Vec<&R> = self.best.iter().filter_map(|row| row_of(rows, *row)).collect();
        let Some(first) = way.first() else { return };
        if !tainted {
            for (pair, gaps) in way.windows(2).zip(self.gaps.iter_mut().skip(1)) {
                if let [before, after] = pair {
                    gaps.push(real_signed(after.step().at - before.step().at));
                }
            }
        }
        let group = funnel.breakdown.as_ref().map_or(Some(0), |breakdown| match breakdown.touch {
            Touch::First => Some(way.iter().map(|row| row.group()).find(|code| *code != 0).unwrap_or(0)),
            Touch::Last => Some(way.iter().rev().map(|row| row.group()).find(|code| *code != 0).unwrap_or(0)),
            Touch::Step(step) => way.get(step.saturating_sub(1)).map(|row| row.group()),
        });
        self.ways.push(Way { person, depth: way.len(), start: first.step().at, group, tainted });
    }
}

/// A row that may have a value to be broken down by.
trait Grouped {
    fn group(&self) -> u32;
}

impl Grouped for Step {
    fn group(&self) -> u32 {
        0
    }
}

impl Grouped for Full {
    fn group(&self) -> u32 {
        self.keys.get(GROUP).copied().unwrap_or(0)
    }
}

impl Ways {
    /// The name of a value of the breakdown.
    pub(super) fn name(&self, code: u32) -> &str {
        let name = place(code).checked_sub(1).and_then(|code| self.names.get(code));
        name.map_or("(none)", String::as_str)
    }

    /// How many ways got to each step, of those that `counts`.
    pub(super) fn reached(&self, steps: usize, counts: impl Fn(&Way) -> bool) -> Vec<u64> {
        let mut reached = vec![0; steps];
        for way in self.ways.iter().filter(|way| !way.tainted && counts(way)) {
            reached.iter_mut().take(way.depth).for_each(|count| *count += 1);
        }
        reached
    }

    /// How many were left out.
    pub(super) fn left_out(&self) -> u64 {
        u64::from(number(self.ways.iter().filter(|way| way.tainted).count()))
    }
}
