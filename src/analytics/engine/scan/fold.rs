//! From batches to persons.

use std::panic::resume_unwind;
use std::thread;

use super::batch::{Batch, Reading};
use super::{Ask, Lexicon};
use crate::analytics::engine::dataset::Dataset;
use crate::analytics::engine::figures::{number, place};
use crate::analytics::engine::flaw::{Result, expect};
use crate::analytics::engine::people::Person;

/// So many persons are brought together at a time; their rows fit into a processor's own memory.
const CHUNK: u32 = 1_024;

/// What a question sees of one event.
pub trait Row: Copy + Default + Send {
    /// The row at `place` of a batch.
    fn of(batch: &Batch, place: usize) -> Self;
    /// What rows of one person are ordered by.
    fn order(&self) -> (i64, i64);
}

/// Time and kind alone.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Step {
    /// When.
    pub at: i64,
    /// Order of intake, where it is needed to tell events of one time apart; otherwise 0.
    pub seq: i64,
    /// The kinds that it is of.
    pub mask: u32,
}

impl Row for Step {
    fn of(batch: &Batch, place: usize) -> Self {
        Self {
            at: batch.at.get(place).copied().unwrap_or(batch.day),
            seq: batch.seq.get(place).copied().unwrap_or(0),
            mask: batch.mask.get(place).copied().unwrap_or(0),
        }
    }

    fn order(&self) -> (i64, i64) {
        (self.at, self.seq)
    }
}

/// Everything that was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Full {
    /// Time and kind.
    pub step: Step,
    /// The codes of the columns to compare.
    pub keys: [u32; 3],
    /// The number to count with; NaN where there is none.
    pub number: f64,
}

impl Row for Full {
    fn of(batch: &Batch, place: usize) -> Self {
        let key = |key: usize| batch.keys.get(key).and_then(|codes| codes.get(place)).copied().unwrap_or(0);
        Self {
            step: Step::of(batch, place),
            keys: [key(0), key(1), key(2)],
            number: batch.number.get(place).copied().unwrap_or(f64::NAN),
        }
    }

    fn order(&self) -> (i64, i64) {
        self.step.order()
    }
}

/// The events that were asked for, ready to be walked through.
#[derive(Debug)]
pub struct History {
    batches: Vec<Batch>,
    workers: usize,
    /// The texts behind the codes of the columns to compare.
    pub lexicon: Lexicon,
}

impl History {
    /// Reads what a question needs.
    ///
    /// # Errors
    /// What the disk says; `too_many_events` for more than 32 kinds.
    pub fn read(data: &Dataset, ask: &Ask) -> Result<Self> {
        expect(ask.picks.len() <= 32, "picks", "too_many_events")?;
        let lexicon = Lexicon::default();
        let reading = Reading { data, ask, lexicon: &lexicon };
        let ordered = ordered(data);
        let mut sources: Vec<_> = data.segments.iter().zip(ordered).collect();
        sources.sort_by_key(|(segment, _)| (segment.facts().first_at, segment.facts().first_seq));
        let workers = data.workers.max(1);
        let parts = share_out(workers, |worker| {
            let mine = sources.iter().enumerate().skip(worker).step_by(workers);
            mine.map(|(place, (segment, ordered))| Ok((place, reading.segment(segment, *ordered)?))).collect()
        });
        let mut found = Vec::new();
        for part in parts {
            let part: Result<Vec<(usize, Option<Batch>)>> = part;
            found.extend(part?);
        }
        found.sort_by_key(|(place, _)| *place);
        let mut batches: Vec<Batch> = found.into_iter().filter_map(|(_, batch)| batch).collect();
        if !data.tail.is_empty() {
            batches.push(reading.tail()?);
        }
        batches.retain(|batch| !batch.person.is_empty());
        Ok(Self { batches, workers, lexicon })
    }

    /// Walks through every person who has rows, with the rows in order. Each thread has a state of its own, begun by
    /// `begin`; the states come back in the order of the threads.
    pub fn fold<R: Row, A: Send>(
        &self,
        begin: impl Fn() -> A + Sync,
        step: impl Fn(&mut A, Person, &[R]) + Sync,
    ) -> Vec<A> {
        let firsts = self.batches.iter().filter_map(|batch| batch.person.first());
        let lasts = self.batches.iter().filter_map(|batch| batch.person.last());
        let (Some(first), Some(last)) = (firsts.min(), lasts.max()) else { return vec![begin()] };
        let (first, last) = (first / CHUNK, last / CHUNK);
        share_out(self.workers, |worker| {
            let mut state = begin();
            let mut room = Room::default();
            for chunk in (first..=last).skip(worker).step_by(self.workers) {
                room.fill(&self.batches, chunk);
                room.walk(|person, rows| step(&mut state, person, rows));
            }
            state
        })
    }
}

/// Which segments need the order of intake: those whose time another segment or the tail shares, and all when subjects
/// were merged, since a file sorted for two persons may now belong to one.
fn ordered(data: &Dataset) -> Vec<bool> {
    let tail = data.tail.iter().map(|event| event.at);
    let tail = tail.clone().min().zip(tail.max());
    let mut spans: Vec<(i64, i64)> =
        data.segments.iter().map(|segment| (segment.facts().first_at, segment.facts().last_at)).chain(tail).collect();
    spans.sort_unstable();
    let mut shared = Vec::new();
    let mut reach: Option<(i64, i64)> = None;
    for (from, to) in spans {
        if let Some((start, end)) = reach
            && from <= end
        {
            shared.push((start, end.max(to)));
        }
        reach = Some(reach.filter(|(_, end)| from <= *end).map_or((from, to), |(start, end)| (start, end.max(to))));
    }
    let touches = |(from, to): (i64, i64)| shared.iter().any(|(start, end)| from <= *end && *start <= to);
    let facts = data.segments.iter().map(|segment| (segment.facts().first_at, segment.facts().last_at));
    facts.map(|span| data.people.merged() || touches(span)).collect()
}

/// Runs `work` for each number of a thread and brings the results back in their order.
fn share_out<T: Send>(workers: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    if workers <= 1 {
        return vec![work(0)];
    }
    thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> = (0..workers).map(|worker| scope.spawn(move || work(worker))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    })
}

/// Where the rows of some persons are brought together.
#[derive(Default)]
struct Room<R> {
    base: Person,
    ends: Vec<usize>,
    rows: Vec<R>,
}

impl<R: Row> Room<R> {
    fn fill(&mut self, batches: &[Batch], chunk: u32) {
        self.base = chunk * CHUNK;
        let last = self.base.saturating_add(CHUNK - 1);
        let span = |batch: &Batch| {
            let from = batch.person.partition_point(|person| *person < self.base);
            from..batch.person.partition_point(|person| *person <= last)
        };
        let slices: Vec<_> = batches.iter().map(|batch| (batch, span(batch))).collect();
        self.ends.clear();
        self.ends.resize(place(CHUNK), 0);
        for (batch, span) in &slices {
            for person in batch.person.get(span.clone()).unwrap_or_default() {
                if let Some(count) = self.ends.get_mut(place(person - self.base)) {
                    *count += 1;
                }
            }
        }
        let mut total = 0;
        for end in &mut self.ends {
            // Until its rows are placed, a person's end stands where they begin.
            total += std::mem::replace(end, total);
        }
        self.rows.clear();
        self.rows.resize(total, R::default());
        for (batch, span) in slices {
            for (from, person) in span.clone().zip(batch.person.get(span).unwrap_or_default()) {
                if let Some(end) = self.ends.get_mut(place(person - self.base))
                    && let Some(row) = self.rows.get_mut(*end)
                {
                    *row = R::of(batch, from);
                    *end += 1;
                }
            }
        }
    }

    fn walk(&mut self, mut step: impl FnMut(Person, &[R])) {
        let mut rest = self.rows.as_mut_slice();
        let mut begin = 0;
        for (offset, end) in self.ends.iter().enumerate() {
            let Some((rows, others)) = rest.split_at_mut_checked(end - begin) else { return };
            rest = others;
            begin = *end;
            if rows.is_empty() {
                continue;
            }
            if !rows.is_sorted_by_key(Row::order) {
                rows.sort_by_key(Row::order);
            }
            step(self.base + number(offset), rows);
        }
    }
}
