//! One person's way through steps in any order.

use std::collections::VecDeque;

use crate::analytics::engine::figures::place;

/// For each step the latest events that it could be; how many steps can be filled at once, one event filling one step,
/// is a matching between steps and events.
#[derive(Debug)]
pub(super) struct Gathering {
    window: i64,
    queues: Vec<VecDeque<(u32, i64)>>,
    best: Vec<u32>,
}

impl Gathering {
    pub(super) fn new(steps: usize, window: i64) -> Self {
        Self { window, queues: vec![VecDeque::new(); steps], best: Vec::new() }
    }

    /// Runs through a person's events, which are in order, and gives the rows of the best way in order of time.
    pub(super) fn run(&mut self, events: impl Iterator<Item = (u32, i64, u32)>) -> Option<&[u32]> {
        self.queues.iter_mut().for_each(VecDeque::clear);
        self.best.clear();
        let steps = self.queues.len();
        for (row, at, mask) in events {
            for (step, queue) in self.queues.iter_mut().enumerate() {
                while queue.front().is_some_and(|(_, then)| at - then > self.window) {
                    queue.pop_front();
                }
                if mask >> step & 1 == 1 {
                    queue.push_back((row, at));
                    // More events than steps never help one step: the other steps leave one of the latest free.
                    if queue.len() > steps {
                        queue.pop_front();
                    }
                }
            }
            let filled = self.queues.iter().filter(|queue| !queue.is_empty()).count();
            if filled > self.best.len() {
                let found = self.matching();
                if found.len() > self.best.len() {
                    self.best = found;
                }
            }
            if self.best.len() == steps {
                break;
            }
        }
        (!self.best.is_empty()).then_some(&self.best)
    }

    /// The rows of a largest matching, in order of time.
    fn matching(&self) -> Vec<u32> {
        let mut taken: Vec<Option<u32>> = vec![None; self.queues.len()];
        for step in 0..self.queues.len() {
            let mut visited = Vec::new();
            self.place(step, &mut taken, &mut visited);
        }
        let mut rows: Vec<u32> = taken.into_iter().flatten().collect();
        rows.sort_unstable();
        rows
    }

    /// Finds an event for a step, moving other steps to other events where that makes room.
    fn place(&self, step: usize, taken: &mut Vec<Option<u32>>, visited: &mut Vec<u32>) -> bool {
        for (row, _) in self.queues.get(step).into_iter().flatten() {
            if visited.contains(row) {
                continue;
            }
            visited.push(*row);
            let owner = taken.iter().position(|taken| *taken == Some(*row));
            if owner.is_none_or(|owner| self.place(owner, taken, visited)) {
                if let Some(slot) = taken.get_mut(step) {
                    *slot = Some(*row);
                }
                return true;
            }
        }
        false
    }
}

/// The time of a row among `rows` by its number.
pub(super) fn row_of<R>(rows: &[R], row: u32) -> Option<&R> {
    rows.get(place(row))
}
