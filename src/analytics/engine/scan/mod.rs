//! Reading: from columns on disk to each person's events in order.
//!
//! A question [`Ask`]s for events; the result is one [`Batch`] for every segment (and one for the tail) that holds only
//! the rows and columns that matter, sorted by person. [`History::fold`] then walks through the persons, a few hundred
//! at a time, with the rows of each brought together and in order. Segments, and then ranges of persons, are shared out
//! among the threads, always in the same way, so that the same question gives the same answer to the last bit.

mod batch;
mod fold;

use std::sync::{Mutex, PoisonError};

use rustc_hash::FxHashMap;

pub use self::batch::Batch;
pub use self::fold::{Full, History, Row, Step};
use super::calendar::Range;
use super::figures::{number, place};
use super::filter::Pick;

/// A column whose values a question compares but does not count with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// The name of the event.
    Name,
    /// The session that the client named.
    Session,
    /// A property of the event.
    Property(String),
}

impl Key {
    /// The property of that name.
    pub fn property(name: &str) -> Self {
        Self::Property(name.to_owned())
    }
}

/// Which events a question needs, and what of them.
#[derive(Clone, Debug)]
pub struct Ask {
    /// Events of this time.
    pub range: Range,
    /// The events that matter, at most 32 kinds; bit k of a row's mask says that it is of kind k.
    pub picks: Vec<Pick>,
    /// Whether events of no kind are wanted too.
    pub all: bool,
    /// Whether times within a day matter; without them a row's time is some moment of its day.
    pub time: bool,
    /// Whether it only matters that something happened on a day, not how often; rows of a day then may become one.
    pub presence: bool,
    /// Columns to compare, at most 3.
    pub keys: Vec<Key>,
    /// A property to count with.
    pub number: Option<String>,
}

impl Ask {
    /// The events of these kinds, with their times.
    pub fn new(range: Range, picks: Vec<Pick>) -> Self {
        Self { range, picks, all: false, time: true, presence: false, keys: Vec::new(), number: None }
    }

    /// Whether these kinds happened, day by day.
    pub fn by_day(range: Range, picks: Vec<Pick>) -> Self {
        Self { time: false, presence: true, ..Self::new(range, picks) }
    }

    /// The same with these columns to compare.
    #[must_use]
    pub fn keys(mut self, keys: Vec<Key>) -> Self {
        self.keys = keys;
        self
    }
}

/// Names given to texts in the course of one question: the code 0 is no text.
#[derive(Debug, Default)]
pub struct Lexicon {
    words: Mutex<Words>,
}

#[derive(Debug, Default)]
struct Words {
    codes: FxHashMap<String, u32>,
    texts: Vec<String>,
}

impl Lexicon {
    /// The code of a text, given to it now when it has none.
    pub fn code(&self, text: &str) -> u32 {
        let mut words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(code) = words.codes.get(text) {
            return *code;
        }
        words.texts.push(text.to_owned());
        let code = number(words.texts.len());
        words.codes.insert(text.to_owned(), code);
        code
    }

    /// The text of a code; none for 0.
    pub fn text(&self, code: u32) -> Option<String> {
        let words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        words.texts.get(place(code).checked_sub(1)?).cloned()
    }
}
