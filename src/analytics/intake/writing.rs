//! One batch, one transaction.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde_json::json;

use super::names::{self, KnownEvent, KnownProperty, Volume};
use super::store::{self, InboxRow, SeenRow};
use super::subjects;
use crate::analytics::error::AnalyticsError;
use crate::analytics::model::{
    Accepted, Admission, Batch, Flags, Incoming, MAX_EVENT_NAMES, MAX_PROPERTY_NAMES, Properties, PropertyKind,
    SubjectKey,
};
use crate::analytics::rules;
use crate::kernel::time::Timestamp;
use crate::platform::db::{DbError, DbResult, Tx};

/// The counters of names.
const EVENT_NAMES: &str = "event_names";
const PROPERTY_NAMES: &str = "property_names";

/// What a transaction has learnt about the names and subjects of its batch.
struct Desk {
    events: HashMap<String, KnownEvent>,
    properties: HashMap<String, KnownProperty>,
    subjects: HashMap<SubjectKey, (i64, Flags)>,
    volumes: BTreeMap<i64, Volume>,
    mixed: BTreeMap<i64, i64>,
}

/// An event with what was worked out of it before its transaction began, since others wait for that one to end.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    event: Incoming,
    id: String,
    digest: i64,
}

/// Works out what can be before the transaction begins.
pub fn prepared(batch: Batch) -> ToldBatch {
    let told = |event: Incoming| Told { id: event.event_id.to_string(), digest: rules::digest(&event), event };
    let Batch { received, admission, events } = batch;
    ToldBatch { received, admission, events: events.into_iter().map(told).collect() }
}

/// A batch that is ready to be written.
#[derive(Clone, Debug, PartialEq)]
pub struct ToldBatch {
    received: Timestamp,
    admission: Admission,
    events: Vec<Told>,
}

/// Keeps what is new in a batch, and counts the rest.
///
/// # Errors
/// [`AnalyticsError::TooManyNames`] unless the batch is taken piecemeal, or the database's.
pub fn accept(tx: &mut Tx<'_>, batch: &ToldBatch) -> Result<Accepted, AnalyticsError> {
    let mut taken = Accepted::default();
    let first = first_of_each(&batch.events, &mut taken);
    let known = learn_events(tx, batch, &first)?;
    let mut desk = Desk {
        events: known,
        properties: HashMap::new(),
        subjects: HashMap::new(),
        volumes: BTreeMap::new(),
        mixed: BTreeMap::new(),
    };
    let named = desk.admitted(first, &mut taken);
    desk.properties = learn_properties(tx, batch, &named)?;
    desk.learn_subjects(tx, &named)?;
    let fresh = desk.unseen(tx, batch, named, &mut taken)?;
    let rows = fresh.iter().map(|(event, seq)| desk.row(batch, event, *seq)).collect::<DbResult<Vec<_>>>()?;
    store::insert(tx, &rows)?;
    taken.accepted = rows.len();
    join_all(tx, fresh.iter().map(|(told, _)| &told.event))?;
    let today = tx.zone().day_of(batch.received);
    names::count_mixed(tx, &desk.mixed)?;
    names::count(tx, today, &desk.volumes)?;
    Ok(taken)
}

/// The first event of each id; the others of the batch are counted.
fn first_of_each<'b>(events: &'b [Told], taken: &mut Accepted) -> Vec<&'b Told> {
    let mut digests = HashMap::with_capacity(events.len());
    let mut first = Vec::with_capacity(events.len());
    for event in events {
        match digests.get(event.id.as_str()) {
            None => {
                digests.insert(event.id.as_str(), event.digest);
                first.push(event);
            }
            Some(before) if *before == event.digest => taken.duplicates += 1,
            Some(_) => taken.conflicts += 1,
        }
    }
    first
}

/// The names of these events, those that are new written down as far as there is room.
fn learn_events(
    tx: &mut Tx<'_>,
    batch: &ToldBatch,
    events: &[&Told],
) -> Result<HashMap<String, KnownEvent>, AnalyticsError> {
    let wanted: BTreeSet<&str> = events.iter().map(|told| told.event.name.as_str()).collect();
    let wanted: Vec<&str> = wanted.into_iter().collect();
    let mut known = names::known_events(tx, &wanted)?;
    let new: Vec<&str> = wanted.into_iter().filter(|name| !known.contains_key(*name)).collect();
    if new.is_empty() || !has_room(tx, batch, EVENT_NAMES, new.len(), MAX_EVENT_NAMES)? {
        return Ok(known);
    }
    for name in &new {
        names::add_event(tx, name)?;
    }
    known.extend(names::known_events(tx, &new)?);
    Ok(known)
}

/// The names of these events' properties, those that are new written down as far as there is room.
fn learn_properties(
    tx: &mut Tx<'_>,
    batch: &ToldBatch,
    events: &[&Told],
) -> Result<HashMap<String, KnownProperty>, AnalyticsError> {
    let mut kinds: BTreeMap<&str, PropertyKind> = BTreeMap::new();
    for (name, value) in events.iter().flat_map(|told| &told.event.properties) {
        kinds.entry(name).or_insert(value.kind());
    }
    let wanted: Vec<&str> = kinds.keys().copied().collect();
    let mut known = names::known_properties(tx, &wanted)?;
    let new: Vec<&str> = wanted.into_iter().filter(|name| !known.contains_key(*name)).collect();
    if new.is_empty() || !has_room(tx, batch, PROPERTY_NAMES, new.len(), MAX_PROPERTY_NAMES)? {
        return Ok(known);
    }
    for name in &new {
        if let Some(kind) = kinds.get(name) {
            names::add_property(tx, name, *kind)?;
        }
    }
    known.extend(names::known_properties(tx, &new)?);
    Ok(known)
}

/// Whether there is room for so many new names. The shop's own always have it.
fn has_room(
    tx: &mut Tx<'_>,
    batch: &ToldBatch,
    counter: &'static str,
    count: usize,
    most: i64,
) -> Result<bool, AnalyticsError> {
    if batch.admission == Admission::Own || names::make_room(tx, counter, count, most)? {
        return Ok(true);
    }
    match batch.admission {
        Admission::Whole => Err(AnalyticsError::TooManyNames(json!({ "kind": counter, "most": most }))),
        Admission::Piecemeal | Admission::Own => Ok(false),
    }
}

/// Makes one of whom events call the same. Each pair is looked at once.
fn join_all<'b>(tx: &mut Tx<'_>, events: impl Iterator<Item = &'b Incoming>) -> DbResult<()> {
    let mut done = HashSet::new();
    for event in events {
        for other in &event.same_as {
            if done.insert((&event.subject, other)) && !subjects::join(tx, &event.subject, other)? {
                metrics::counter!("hourglass_analytics_join_conflicts_total").increment(1);
            }
        }
    }
    Ok(())
}

impl Desk {
    /// Events whose names may come in; the others are counted.
    fn admitted<'b>(&mut self, events: Vec<&'b Told>, taken: &mut Accepted) -> Vec<&'b Told> {
        let mut named = Vec::with_capacity(events.len());
        for event in events {
            match self.events.get(&event.event.name) {
                None => taken.refused += 1,
                Some(known) if known.blocked => {
                    taken.dropped += 1;
                    self.volumes.entry(known.id).or_default().dropped += 1;
                }
                Some(_) => named.push(event),
            }
        }
        named
    }

    fn learn_subjects(&mut self, tx: &mut Tx<'_>, events: &[&Told]) -> DbResult<()> {
        for event in events {
            let subject = &event.event.subject;
            if !self.subjects.contains_key(subject) {
                let row = subjects::resolve(tx, subject)?;
                self.subjects.insert(subject.clone(), (row.number, row.marks));
            }
        }
        Ok(())
    }

    /// Events that never came before, each with its number; the others are counted.
    fn unseen<'b>(
        &mut self,
        tx: &mut Tx<'_>,
        batch: &ToldBatch,
        events: Vec<&'b Told>,
        taken: &mut Accepted,
    ) -> DbResult<Vec<(&'b Told, i64)>> {
        let numbered: Vec<(&Told, i64)> = events.into_iter().map(|event| (event, tx.next_id())).collect();
        let seen_row = |(event, seq): &(&Told, i64)| SeenRow {
            event_id: event.id.clone(),
            seq: *seq,
            digest: event.digest,
            received_at: batch.received,
        };
        let mut rows: Vec<SeenRow> = numbered.iter().map(seen_row).collect();
        // One order for all, so that two that bring the same events cannot wait for each other in a circle.
        rows.sort_by(|one, other| one.event_id.cmp(&other.event_id));
        let fresh = if store::note_seen(tx, &rows)? == rows.len() {
            numbered
        } else {
            self.strangers(tx, &rows, numbered, taken)?
        };
        for (event, _) in &fresh {
            if let Some(known) = self.events.get(&event.event.name) {
                self.volumes.entry(known.id).or_default().events += 1;
            }
        }
        Ok(fresh)
    }

    /// Of events some of which came before, those that did not.
    fn strangers<'b>(
        &mut self,
        tx: &mut Tx<'_>,
        rows: &[SeenRow],
        numbered: Vec<(&'b Told, i64)>,
        taken: &mut Accepted,
    ) -> DbResult<Vec<(&'b Told, i64)>> {
        let ids: Vec<&str> = rows.iter().map(|row| row.event_id.as_str()).collect();
        let before: HashMap<String, (i64, i64)> =
            store::seen(tx, &ids)?.into_iter().map(|row| (row.event_id, (row.seq, row.digest))).collect();
        let mut fresh = Vec::with_capacity(numbered.len());
        for (event, seq) in numbered {
            match before.get(&event.id) {
                Some((theirs, _)) if *theirs == seq => fresh.push((event, seq)),
                Some((_, digest)) if *digest == event.digest => taken.duplicates += 1,
                Some(_) => {
                    taken.conflicts += 1;
                    let known = names::must_know(self.events.get(&event.event.name).copied())?;
                    self.volumes.entry(known.id).or_default().conflicts += 1;
                }
                None => return Err(DbError::Conflict("an event's id was forgotten meanwhile".to_owned())),
            }
        }
        Ok(fresh)
    }

    fn row(&mut self, batch: &ToldBatch, told: &Told, seq: i64) -> DbResult<InboxRow> {
        let event = &told.event;
        let (subject, marks) = self.subjects.get(&event.subject).copied().unwrap_or_default();
        let (at, clock) = rules::effective(batch.received, event.at, event.sent_at);
        let kept = self.kept(&event.properties);
        Ok(InboxRow {
            seq,
            event_id: told.id.clone(),
            name: event.name.clone(),
            subject,
            session: event.session.clone(),
            at,
            received_at: batch.received,
            flags: event.flags.with(marks).with(clock),
            properties: serde_json::to_string(&kept).map_err(|error| DbError::Defect(error.to_string()))?,
        })
    }

    /// The properties that are known and not blocked; values of another kind than the first are counted.
    fn kept<'e>(
        &mut self,
        properties: &'e Properties,
    ) -> BTreeMap<&'e str, &'e crate::analytics::model::PropertyValue> {
        let mut kept = BTreeMap::new();
        for (name, value) in properties {
            let Some(known) = self.properties.get(name) else { continue };
            if known.kind != value.kind() {
                let mixed = self.mixed.entry(known.id).or_default();
                *mixed = mixed.saturating_add(1);
            }
            if !known.blocked {
                kept.insert(name.as_str(), value);
            }
        }
        kept
    }
}
