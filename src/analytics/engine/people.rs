//! Who is who: subjects and the persons behind them, sets of persons, and what is known about a person.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::event::Value;
use super::figures::{count, number, place};
use crate::kernel::id::UserId;

/// A person, named by the number of one of their subjects (the host picks one and keeps to it).
pub type Person = u32;

/// When the person registered, UTC milliseconds, as a number.
pub const REGISTERED: &str = "$registered";
/// The channel through which the person registered.
pub const REGISTRATION_CHANNEL: &str = "$registration_channel";
/// The tags that staff put on the person.
pub const TAGS: &str = "$tags";

/// Which person each subject belongs to today. Applied when reading, so a merge rewrites nothing and can be taken back.
#[derive(Clone, Debug, Default)]
pub struct People {
    persons: Vec<Person>,
    merged: bool,
}

impl People {
    /// Everybody is themselves.
    pub fn apart() -> Self {
        Self::default()
    }

    /// Takes pairs of subject and person; a subject without a pair is a person of its own.
    pub fn new(pairs: impl IntoIterator<Item = (u32, Person)>) -> Self {
        let mut people = Self::default();
        for (subject, person) in pairs {
            while people.persons.len() <= place(subject) {
                people.persons.push(number(people.persons.len()));
            }
            if let Some(slot) = people.persons.get_mut(place(subject)) {
                *slot = person;
            }
            people.merged |= subject != person;
        }
        people
    }

    /// The person behind a subject.
    pub fn of(&self, subject: u32) -> Person {
        self.persons.get(place(subject)).copied().unwrap_or(subject)
    }

    /// Whether anybody is not simply themselves.
    pub fn merged(&self) -> bool {
        self.merged
    }
}

/// Which user each person is, of those who ever logged in; empty when whoever asks may not know.
#[derive(Clone, Debug, Default)]
pub struct Users {
    users: FxHashMap<Person, UserId>,
    persons: FxHashMap<UserId, Person>,
}

impl Users {
    /// The user that a person is.
    pub fn of(&self, person: Person) -> Option<UserId> {
        self.users.get(&person).copied()
    }

    /// The person that a user is.
    pub fn person(&self, user: UserId) -> Option<Person> {
        self.persons.get(&user).copied()
    }
}

impl FromIterator<(Person, UserId)> for Users {
    fn from_iter<I: IntoIterator<Item = (Person, UserId)>>(pairs: I) -> Self {
        let users: FxHashMap<Person, UserId> = pairs.into_iter().collect();
        let persons = users.iter().map(|(person, user)| (*user, *person)).collect();
        Self { users, persons }
    }
}

/// A set of persons.
#[derive(Clone, Debug, Default)]
pub struct PersonSet {
    words: Vec<u64>,
}

impl PersonSet {
    /// Nobody.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a person.
    pub fn insert(&mut self, person: Person) {
        let word = place(person / 64);
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        if let Some(word) = self.words.get_mut(word) {
            *word |= 1 << (person % 64);
        }
    }

    /// Whether the person is inside.
    pub fn contains(&self, person: Person) -> bool {
        self.words.get(place(person / 64)).is_some_and(|word| word >> (person % 64) & 1 == 1)
    }

    /// How many there are.
    pub fn len(&self) -> u64 {
        self.words.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    /// Whether nobody is inside.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// Everybody of either.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        self.combine(other, |mine, theirs| mine | theirs)
    }

    /// Everybody of both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        self.combine(other, |mine, theirs| mine & theirs)
    }

    /// Everybody of these who is not among those.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        self.combine(other, |mine, theirs| mine & !theirs)
    }

    fn combine(&self, other: &Self, join: impl Fn(u64, u64) -> u64) -> Self {
        let length = self.words.len().max(other.words.len());
        let word = |of: &Self, at: usize| of.words.get(at).copied().unwrap_or(0);
        Self { words: (0..length).map(|at| join(word(self, at), word(other, at))).collect() }
    }

    /// The persons in rising order.
    pub fn iter(&self) -> impl Iterator<Item = Person> {
        self.words.iter().enumerate().flat_map(|(at, word)| {
            let base = number(at) * 64;
            (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| base + bit)
        })
    }
}

impl PartialEq for PersonSet {
    fn eq(&self, other: &Self) -> bool {
        self.without(other).is_empty() && other.without(self).is_empty()
    }
}

impl FromIterator<Person> for PersonSet {
    fn from_iter<I: IntoIterator<Item = Person>>(persons: I) -> Self {
        let mut set = Self::new();
        persons.into_iter().for_each(|person| set.insert(person));
        set
    }
}

/// What is known about persons beside what they did: registration, tags and whatever else the host gives.
#[derive(Clone, Debug, Default)]
pub struct Attributes {
    columns: BTreeMap<String, FxHashMap<Person, Value>>,
}

impl Attributes {
    /// Says what `name` is for a person.
    pub fn set(&mut self, person: Person, name: &str, value: Value) {
        if let Some(column) = self.columns.get_mut(name) {
            column.insert(person, value);
        } else {
            self.columns.insert(name.to_owned(), FxHashMap::from_iter([(person, value)]));
        }
    }

    /// What `name` is for a person.
    pub fn get(&self, person: Person, name: &str) -> Option<&Value> {
        self.columns.get(name)?.get(&person)
    }

    /// Everybody for whom `name` is known, in no order.
    pub fn with(&self, name: &str) -> impl Iterator<Item = (Person, &Value)> {
        self.columns.get(name).into_iter().flatten().map(|(person, value)| (*person, value))
    }

    /// How many values there are.
    pub fn len(&self) -> u64 {
        self.columns.values().map(|column| count(column.len())).sum()
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_of_persons_obey_algebra() {
        let low: PersonSet = [1, 63, 64, 200].into_iter().collect();
        let high: PersonSet = [64, 200, 5_000].into_iter().collect();
        assert_eq!(low.or(&high).iter().collect::<Vec<_>>(), vec![1, 63, 64, 200, 5_000]);
        assert_eq!(low.and(&high).iter().collect::<Vec<_>>(), vec![64, 200]);
        assert_eq!(low.without(&high).iter().collect::<Vec<_>>(), vec![1, 63]);
        assert_eq!(low.or(&high).len(), 5);
        assert!(!low.contains(9_999_999));
    }

    #[test]
    fn a_merge_can_be_taken_back() {
        let merged = People::new([(7, 2)]);
        assert_eq!((merged.of(7), merged.of(2), merged.of(900)), (2, 2, 900));
        assert!(merged.merged());
        assert!(!People::apart().merged());
    }
}
