//! The rows of one segment, or of the tail, that a question needs.

use super::{Ask, Key, Lexicon};
use crate::analytics::engine::calendar::Period;
use crate::analytics::engine::dataset::Dataset;
use crate::analytics::engine::event::{Event, Flags};
use crate::analytics::engine::figures::{number, place};
use crate::analytics::engine::filter::Of;
use crate::analytics::engine::flaw::Result;
use crate::analytics::engine::people::Person;
use crate::analytics::engine::segment::{Cells, Segment};

/// Rows sorted by person, a column each; a column that was not asked for is empty.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// A moment of the day, for rows without a time of their own.
    pub(super) day: i64,
    pub(super) person: Vec<Person>,
    pub(super) at: Vec<i64>,
    pub(super) seq: Vec<i64>,
    pub(super) mask: Vec<u32>,
    pub(super) keys: Vec<Vec<u32>>,
    pub(super) number: Vec<f64>,
}

/// One question being read.
#[derive(Clone, Copy)]
pub(super) struct Reading<'a> {
    pub(super) data: &'a Dataset,
    pub(super) ask: &'a Ask,
    pub(super) lexicon: &'a Lexicon,
}

impl Reading<'_> {
    /// The kinds that an event of this name may be of.
    fn kinds(&self, name: &str) -> u32 {
        if self.data.blocked.contains(name) {
            return 0;
        }
        let kinds = self.ask.picks.iter().enumerate().filter(|(_, pick)| pick.names(name));
        kinds.fold(0, |mask, (bit, _)| mask | 1 << bit)
    }

    /// What is needed of a segment; none when nothing is. `ordered` when rows must be told apart by order of intake.
    pub(super) fn segment(&self, segment: &Segment, ordered: bool) -> Result<Option<Batch>> {
        let facts = segment.facts();
        let range = self.ask.range;
        if facts.last_at < range.from || facts.first_at >= range.to {
            return Ok(None);
        }
        if !self.ask.all && facts.counts.iter().all(|name| self.kinds(&name.name) == 0) {
            return Ok(None);
        }
        let mut columns = segment.columns()?;
        let rows = columns.rows;
        let (codes, names) = columns.names()?;
        let kinds: Vec<u32> = names.iter().map(|name| self.kinds(name)).collect();
        let kind = |code: &u32| place(*code).checked_sub(1).and_then(|code| kinds.get(code)).copied().unwrap_or(0);
        let mut mask: Vec<u32> = codes.iter().map(kind).collect();
        let present = kinds.iter().fold(0, |all, kind| all | kind);
        self.filter(&mut mask, present, |property| columns.cells(property))?;

        let whole = range.from <= facts.first_at && facts.last_at < range.to;
        let zone = &self.data.zone;
        let one_day = zone.day_of(facts.first_at) == zone.day_of(facts.last_at);
        let at = if self.ask.time || !whole || !one_day { columns.longs("at")? } else { Vec::new() };
        let mut keep: Option<Vec<bool>> = None;
        if !self.ask.all {
            keep = Some(mask.iter().map(|mask| *mask != 0).collect());
        }
        if self.ask.all && names.iter().any(|name| self.data.blocked.contains(name)) {
            let blocked: Vec<bool> = names.iter().map(|name| self.data.blocked.contains(name)).collect();
            let is_blocked = |code: &u32| place(*code).checked_sub(1).and_then(|code| blocked.get(code)) == Some(&true);
            narrow(&mut keep, codes.iter().map(|code| !is_blocked(code)));
        }
        if Flags::from_bits(facts.flags).any_of(self.data.hidden) {
            let hidden = i32::from(self.data.hidden.bits());
            narrow(&mut keep, columns.ints("flags")?.iter().map(|flags| flags & hidden == 0));
        }
        if !whole {
            narrow(&mut keep, at.iter().map(|at| range.contains(*at)));
        }
        let people = &self.data.people;
        let subjects = columns.ints("subject")?;
        let person = match people.merged() {
            true => subjects.iter().map(|subject| people.of(subject.cast_unsigned())).collect(),
            false => subjects.into_iter().map(i32::cast_unsigned).collect(),
        };
        let seq = if ordered { columns.longs("seq")? } else { Vec::new() };
        let mut keys = Vec::new();
        for key in &self.ask.keys {
            keys.push(match key {
                Key::Name => {
                    let global: Vec<u32> = names.iter().map(|name| self.lexicon.code(name)).collect();
                    codes.iter().map(|code| global.get(place(*code).wrapping_sub(1)).copied().unwrap_or(0)).collect()
                }
                Key::Session => columns.sessions()?.labels(rows, |text| self.lexicon.code(text)),
                Key::Property(name) => columns.cells(name)?.labels(rows, |text| self.lexicon.code(text)),
            });
        }
        let number = match &self.ask.number {
            Some(name) => columns.cells(name)?.numbers(rows),
            None => Vec::new(),
        };
        let day = zone.floor(facts.first_at, Period::Day).max(range.from);
        Ok(Some(self.finish(Batch { day, person, at, seq, mask, keys, number }, keep)))
    }

    /// What is needed of the tail.
    pub(super) fn tail(&self) -> Result<Batch> {
        let hidden = self.data.hidden;
        let wanted = |event: &&Event| {
            let counts = !event.flags.any_of(hidden) && !self.data.blocked.contains(&event.name);
            counts && self.ask.range.contains(event.at)
        };
        let events: Vec<&Event> = self.data.tail.iter().filter(wanted).collect();
        let cells = |property: &str| Cells::of(events.iter().map(|event| event.properties.get(property).cloned()));
        let mut mask: Vec<u32> = events.iter().map(|event| self.kinds(&event.name)).collect();
        self.filter(&mut mask, u32::MAX, |property| Ok(cells(property)))?;
        let keep = (!self.ask.all).then(|| mask.iter().map(|mask| *mask != 0).collect());
        let code = |text: &str| self.lexicon.code(text);
        let keys = self.ask.keys.iter().map(|key| match key {
            Key::Name => events.iter().map(|event| code(&event.name)).collect(),
            Key::Session => events.iter().map(|event| event.session.as_deref().map_or(0, code)).collect(),
            Key::Property(name) => cells(name).labels(events.len(), code),
        });
        let batch = Batch {
            day: self.ask.range.from,
            person: events.iter().map(|event| self.data.people.of(event.subject)).collect(),
            at: events.iter().map(|event| event.at).collect(),
            seq: events.iter().map(|event| event.seq).collect(),
            mask,
            keys: keys.collect(),
            number: self.ask.number.as_deref().map_or_else(Vec::new, |name| cells(name).numbers(events.len())),
        };
        Ok(self.finish(batch, keep))
    }

    /// Takes the bit of a kind from every row that does not fulfil the kind's filters.
    fn filter(&self, mask: &mut [u32], present: u32, mut cells: impl FnMut(&str) -> Result<Cells>) -> Result<()> {
        for (bit, pick) in self.ask.picks.iter().enumerate().filter(|(bit, _)| present >> bit & 1 == 1) {
            for filter in pick.filters_of(Of::Event) {
                let verdicts = cells(&filter.property)?.test(mask.len(), |value| filter.holds(value));
                for (mask, holds) in mask.iter_mut().zip(verdicts) {
                    *mask &= !(u32::from(!holds) << bit);
                }
            }
        }
        Ok(())
    }

    fn finish(&self, mut batch: Batch, mut keep: Option<Vec<bool>>) -> Batch {
        if let Some(only) = &self.data.only {
            narrow(&mut keep, batch.person.iter().map(|person| only.contains(*person)));
        }
        if let Some(keep) = keep {
            batch.keep(&keep);
        }
        if !batch.person.is_sorted() {
            batch.sort();
        }
        if self.ask.picks.iter().any(|pick| pick.filters_of(Of::User).next().is_some()) {
            self.filter_users(&mut batch);
        }
        if self.ask.presence && self.ask.keys.is_empty() && batch.at.is_empty() {
            batch.collapse();
        }
        batch
    }

    /// Takes the bit of a kind from the rows of every person who does not fulfil the kind's filters on users.
    fn filter_users(&self, batch: &mut Batch) {
        let attributes = &self.data.attributes;
        let allowed = |person: Person| {
            let fits = |filter: &crate::analytics::engine::filter::Filter| {
                filter.holds(attributes.get(person, &filter.property))
            };
            let kinds = self.ask.picks.iter().enumerate().filter(|(_, pick)| pick.filters_of(Of::User).all(fits));
            kinds.fold(0, |mask, (bit, _)| mask | 1_u32 << bit)
        };
        let mut last = None;
        for (person, mask) in batch.person.iter().zip(&mut batch.mask) {
            let bits = match last {
                Some((same, bits)) if same == *person => bits,
                _ => allowed(*person),
            };
            last = Some((*person, bits));
            *mask &= bits;
        }
        if !self.ask.all {
            let keep: Vec<bool> = batch.mask.iter().map(|mask| *mask != 0).collect();
            batch.keep(&keep);
        }
    }
}

fn narrow(keep: &mut Option<Vec<bool>>, holds: impl Iterator<Item = bool>) {
    match keep {
        Some(keep) => keep.iter_mut().zip(holds).for_each(|(keep, holds)| *keep &= holds),
        None => *keep = Some(holds.collect()),
    }
}

fn select<T: Copy>(values: &mut Vec<T>, keep: &[bool]) {
    let mut flags = keep.iter();
    values.retain(|_| flags.next().copied().unwrap_or(false));
}

fn permute<T: Copy>(values: &mut Vec<T>, order: &[u32]) {
    if !values.is_empty() {
        *values = order.iter().filter_map(|from| values.get(place(*from)).copied()).collect();
    }
}

impl Batch {
    fn keep(&mut self, keep: &[bool]) {
        if keep.iter().all(|keep| *keep) {
            return;
        }
        select(&mut self.person, keep);
        select(&mut self.at, keep);
        select(&mut self.seq, keep);
        select(&mut self.mask, keep);
        self.keys.iter_mut().for_each(|key| select(key, keep));
        select(&mut self.number, keep);
    }

    fn sort(&mut self) {
        let mut order: Vec<u32> = (0..number(self.person.len())).collect();
        order.sort_by_key(|row| self.person.get(place(*row)).copied());
        permute(&mut self.person, &order);
        permute(&mut self.at, &order);
        permute(&mut self.seq, &order);
        permute(&mut self.mask, &order);
        self.keys.iter_mut().for_each(|key| permute(key, &order));
        permute(&mut self.number, &order);
    }

    /// Makes one row of a person's rows of this day.
    fn collapse(&mut self) {
        let mut persons: Vec<Person> = Vec::with_capacity(self.person.len() / 2);
        let mut masks: Vec<u32> = Vec::with_capacity(self.person.len() / 2);
        for (person, mask) in self.person.iter().zip(&self.mask) {
            match masks.last_mut() {
                Some(last) if persons.last() == Some(person) => *last |= mask,
                _ => {
                    persons.push(*person);
                    masks.push(*mask);
                }
            }
        }
        self.person = persons;
        self.mask = masks;
        self.seq = Vec::new();
    }
}
