//! One person's way through ordered steps.

use crate::analytics::engine::figures::{number, place};

/// An event as the machine sees it: its place among the person's rows, its time, the steps and exclusions it matches.
type Seen = (u32, i64, u32);

/// The slots of the definition. Slot k holds the newest path that reached step k: the time of its step 1, the rows it
/// consists of, and whether an excluded event taints it.
#[derive(Debug)]
pub(crate) struct Machine {
    steps: usize,
    window: i64,
    strict: bool,
    /// The slot that each exclusion taints.
    taints: Vec<usize>,
    slots: Vec<Slot>,
    best: Slot,
    depth: usize,
    tie: Vec<Seen>,
}

#[derive(Clone, Debug, Default)]
struct Slot {
    filled: bool,
    start: i64,
    tainted: bool,
    rows: Vec<u32>,
}

impl Slot {
    /// Becomes `before` and one more row, without giving its memory back.
    fn extend_from(&mut self, before: &Self, row: u32) {
        self.filled = true;
        self.start = before.start;
        self.tainted = before.tainted;
        self.rows.clear();
        self.rows.extend_from_slice(&before.rows);
        self.rows.push(row);
    }
}

/// How far somebody got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reached<'a> {
    /// The rows of the way, one for each step that was reached.
    pub(crate) rows: &'a [u32],
    /// Whether an excluded event happened on it.
    pub(crate) tainted: bool,
}

impl Machine {
    /// A machine for so many steps. `taints` names for each exclusion, in the order of its bits behind those of the
    /// steps, the step after which it must not happen (from 1).
    pub(crate) fn new(steps: usize, window: i64, strict: bool, taints: &[usize]) -> Self {
        Self {
            steps,
            window,
            strict,
            taints: taints.iter().map(|after| after.saturating_sub(1)).collect(),
            slots: vec![Slot::default(); steps],
            best: Slot::default(),
            depth: 0,
            tie: Vec::new(),
        }
    }

    /// Runs through a person's events, which are in order.
    pub(crate) fn run(&mut self, events: impl Iterator<Item = Seen>) -> Option<Reached<'_>> {
        self.slots.iter_mut().for_each(|slot| slot.filled = false);
        self.depth = 0;
        self.best.filled = false;
        self.tie.clear();
        let mut waiting: Option<Seen> = None;
        for event in events {
            if self.done() {
                break;
            }
            match waiting.replace(event) {
                Some(before) if before.1 == event.1 || !self.tie.is_empty() => {
                    self.tie.push(before);
                    if before.1 != event.1 {
                        self.take_tie();
                    }
                }
                Some(before) => self.take(before),
                None => {}
            }
        }
        if let Some(last) = waiting.filter(|_| !self.done()) {
            if self.tie.is_empty() {
                self.take(last);
            } else {
                self.tie.push(last);
                self.take_tie();
            }
        }
        (self.depth > 0).then_some(Reached { rows: &self.best.rows, tainted: self.best.tainted })
    }

    fn done(&self) -> bool {
        self.depth == self.steps && !self.best.tainted
    }

    /// Takes an event that happened alone.
    fn take(&mut self, event: Seen) {
        let (_, at, mask) = event;
        for (exclusion, slot) in self.taints.iter().enumerate() {
            if mask >> (self.steps + exclusion) & 1 == 1
                && let Some(slot) = self.slots.get_mut(*slot)
                && slot.filled
                && at - slot.start <= self.window
            {
                slot.tainted = true;
                if self.depth == slot.rows.len() && self.best.rows == slot.rows {
                    self.best.tainted = true;
                }
            }
        }
        for step in (0..self.steps).rev() {
            if mask >> step & 1 == 1 {
                self.fill(step, event);
            }
        }
        if self.strict {
            let unmatched = |(step, _): &(usize, &mut Slot)| mask >> step & 1 == 0;
            self.slots.iter_mut().enumerate().filter(unmatched).for_each(|(_, slot)| slot.filled = false);
        }
    }

    /// Takes events of one time: those of earlier steps first, so that one can follow the other.
    fn take_tie(&mut self) {
        let mut tie = std::mem::take(&mut self.tie);
        let steps = (1_u32 << self.steps) - 1;
        tie.retain(|event| event.2 & steps != 0);
        tie.sort_by_key(|(row, _, mask)| ((mask & steps).trailing_zeros(), (mask & steps).ilog2(), *row));
        for event in tie.drain(..) {
            for step in (0..self.steps).rev() {
                if event.2 >> step & 1 == 1 {
                    self.fill(step, event);
                }
            }
        }
        self.tie = tie;
    }

    fn fill(&mut self, step: usize, (row, at, _): Seen) {
        let Some((before, from)) = self.slots.split_at_mut_checked(step) else { return };
        let Some(slot) = from.first_mut() else { return };
        if step == 0 {
            *slot = Slot { filled: true, start: at, tainted: false, rows: std::mem::take(&mut slot.rows) };
            slot.rows.clear();
            slot.rows.push(row);
        } else {
            let Some(previous) = before.last().filter(|previous| previous.filled) else { return };
            if at - previous.start > self.window || (slot.filled && slot.start == previous.start) {
                return;
            }
            slot.extend_from(previous, row);
        }
        let deeper = step + 1 > self.depth;
        if deeper || (step + 1 == self.depth && self.best.tainted && !slot.tainted) {
            self.depth = step + 1;
            self.best.clone_from(slot);
        }
    }
}

/// The rows of a person as the machine sees them.
pub(crate) fn seen<'a, R: super::run::Stepped>(rows: &'a [R]) -> impl Iterator<Item = Seen> + 'a {
    rows.iter().enumerate().map(|(at, row)| (number(at), row.step().at, row.step().mask))
}

/// Some rows of a person as the machine sees them.
pub(crate) fn seen_among<'a, R: super::run::Stepped>(
    rows: &'a [R],
    among: &'a [u32],
) -> impl Iterator<Item = Seen> + 'a {
    among.iter().filter_map(|at| rows.get(place(*at)).map(|row| (*at, row.step().at, row.step().mask)))
}
