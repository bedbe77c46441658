//! What is asked: sealed segments, the tail that is not sealed yet, and what the host knows about people.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::calendar::Zone;
use super::event::{Event, Flags};
use super::people::{Attributes, People, PersonSet, Users};
use super::segment::Segment;
use super::shares::Shares;

/// Events arrive up to so many milliseconds after they happened: seven days.
pub const LATENESS_MS: i64 = 7 * 86_400_000;

/// Everything that questions are asked of. Cheap to clone, so that a view of it can be narrowed.
///
/// Event ids are unique among segments and tail: intake refuses repetitions.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// The shop's zone.
    pub zone: Zone,
    /// The moment at which the question is asked, UTC milliseconds.
    pub now: i64,
    /// The sealed days, in any order; a day may have several.
    pub segments: Vec<Segment>,
    /// What is not sealed yet.
    pub tail: Arc<Vec<Event>>,
    /// Who is who.
    pub people: Arc<People>,
    /// Which user a person is.
    pub users: Arc<Users>,
    /// What names of events are shown as, where that is another.
    pub labels: Arc<HashMap<String, String>>,
    /// Events of these names are left out.
    pub blocked: Arc<HashSet<String>>,
    /// Events with any of these flags are left out.
    pub hidden: Flags,
    /// What is known about people.
    pub attributes: Arc<Attributes>,
    /// Who shared what, and who came by it.
    pub shares: Arc<Shares>,
    /// The only persons whose events count; none for everybody.
    pub only: Option<Arc<PersonSet>>,
    /// How many threads a question may use.
    pub workers: usize,
}

impl Dataset {
    /// A dataset without events, asked at `now`, with one thread.
    pub fn empty(zone: Zone, now: i64) -> Self {
        Self {
            zone,
            now,
            segments: Vec::new(),
            tail: Arc::default(),
            people: Arc::default(),
            users: Arc::default(),
            labels: Arc::default(),
            blocked: Arc::default(),
            hidden: Flags::HIDDEN,
            attributes: Arc::default(),
            shares: Arc::default(),
            only: None,
            workers: 1,
        }
    }

    /// The same with nobody's events left out.
    #[must_use]
    pub fn showing_all(mut self) -> Self {
        self.hidden = Flags::NONE;
        self
    }

    /// The same with the events of these persons only.
    #[must_use]
    pub fn only(mut self, persons: PersonSet) -> Self {
        self.only = Some(Arc::new(persons));
        self
    }

    /// Until when figures can no longer change by events that arrive late.
    pub fn settled_until(&self) -> i64 {
        self.now - LATENESS_MS
    }

    /// The earliest moment of which there is an event; `now` when there is none.
    pub fn first_at(&self) -> i64 {
        let sealed = self.segments.iter().map(|segment| segment.facts().first_at);
        sealed.chain(self.tail.iter().map(|event| event.at)).min().unwrap_or(self.now)
    }

    /// What a name of an event is shown as, where that is another.
    pub fn label(&self, event: &str) -> Option<String> {
        self.labels.get(event).cloned()
    }

    /// Whether the person counts at all.
    pub fn counts(&self, person: u32) -> bool {
        self.only.as_ref().is_none_or(|only| only.contains(person))
    }
}
