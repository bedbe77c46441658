//! Words searched for: counted in memory and written down every few moments, so that a search writes nothing itself.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::events::{SEARCHED, WordSearched};
use super::store;
use crate::kernel::id::UserId;
use crate::kernel::time::{DAY_MS, Timestamp};
use crate::platform::db::{DbResult, Tx};
use crate::platform::events::{self, NewEvent};

/// Different words held at the most; further ones are not counted until these are written down.
const MOST_WORDS: usize = 10_000;
/// Words shown as hot.
const HOT_WORDS: i64 = 10;
/// Searches remembered per shopper and shown.
const REMEMBERED: i64 = 20;

/// Searches not yet written down.
#[derive(Debug, Default)]
pub(super) struct SearchTally(Mutex<HashMap<String, Searched>>);

/// Searches for one word.
#[derive(Debug, Clone)]
pub(super) struct Searched {
    searches: i64,
    empty: i64,
    at: Timestamp,
    users: Vec<UserId>,
}

impl SearchTally {
    /// Counts one search for `word`, which found something or nothing.
    pub(super) fn count(&self, word: &str, found: bool, user: Option<UserId>, at: Timestamp) {
        let mut words = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if words.len() >= MOST_WORDS && !words.contains_key(word) {
            return;
        }
        let entry =
            words.entry(word.to_owned()).or_insert_with(|| Searched { searches: 0, empty: 0, at, users: Vec::new() });
        entry.searches += 1;
        entry.empty += i64::from(!found);
        entry.at = at;
        entry.users.extend(user.filter(|user| !entry.users.contains(user)));
    }

    /// Takes what was counted.
    pub(super) fn take(&self) -> HashMap<String, Searched> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Adds counted searches to the tables.
pub(super) fn write_down(tx: &mut Tx<'_>, counted: &HashMap<String, Searched>) -> DbResult<()> {
    let mut words: Vec<_> = counted.iter().collect();
    // One order for all processes, so that two that write at once cannot wait for each other in a circle.
    words.sort_by(|left, right| left.0.cmp(right.0));
    for (word, searched) in words {
        store::count_word(tx, word, searched.searches, searched.empty, searched.at)?;
        for user in &searched.users {
            store::remember_search(tx, *user, word, searched.at)?;
            let payload = WordSearched { word: word.clone(), found: searched.empty < searched.searches };
            events::record(tx, &NewEvent { name: SEARCHED, version: 1, user: Some(*user), payload: &payload })?;
        }
    }
    Ok(())
}

/// Words that many searched for in the last thirty days.
pub(super) fn hot(tx: &mut Tx<'_>) -> DbResult<Vec<String>> {
    let since = tx.now().plus_millis(-30 * DAY_MS);
    store::hot_words(tx, since, HOT_WORDS)
}

/// What a shopper searched for, last first.
pub(super) fn history(tx: &mut Tx<'_>, user: UserId) -> DbResult<Vec<String>> {
    store::searches_of(tx, user, REMEMBERED)
}

/// Forgets what a shopper searched for.
pub(super) fn forget(tx: &mut Tx<'_>, user: UserId) -> DbResult<()> {
    store::forget_searches(tx, user).map(|_| ())
}
