//! Who is who, kept by whoever asks again and again, and read anew only where it changed.
//!
//! Every change of a subject takes a number of the counter of subjects, in the transaction that changes it. The counter's
//! row is locked until that transaction ends, so that whoever sees a number sees all that are lower. Only log-ins that
//! claim a device number nothing, so that they wait for nobody; such changes are read again until they are numbered.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use diesel::prelude::*;

use super::store;
use crate::analytics::model::Flags;
use crate::identity;
use crate::kernel::id::UserId;
use crate::platform::db::schema::analytics_subjects as subjects;
use crate::platform::db::{DbResult, Tx};

/// Longest chain of users that became one.
const LONGEST_CHAIN: usize = 64;
/// The revision of a change that has no number yet.
pub(super) const UNNUMBERED: i64 = 0;
/// The counter of subjects that were forgotten, which no revision tells of.
pub(super) const ERASURES: &str = "erasures";

/// A subject by its number; nobody's, where there is none.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    user: Option<UserId>,
    joined_to: Option<u32>,
    marks: Flags,
}

/// Who is who, by the numbers of subjects.
#[derive(Clone, Debug, Default)]
pub struct Roll {
    entries: Vec<Entry>,
    part_of: HashMap<UserId, UserId>,
    revision: i64,
    erasures: i64,
    persons: Vec<u32>,
    marks: Vec<Flags>,
}

impl Roll {
    /// Who is who now, from the beginning.
    ///
    /// # Errors
    /// The database's.
    pub fn read(tx: &mut Tx<'_>) -> DbResult<Arc<Self>> {
        Self::renewed(tx, &Arc::default())
    }

    /// Who is who now, of which an earlier answer is known; the same when nothing changed.
    ///
    /// # Errors
    /// The database's.
    pub fn renewed(tx: &mut Tx<'_>, known: &Arc<Self>) -> DbResult<Arc<Self>> {
        type Row = (i64, i64, Option<UserId>, Option<i64>, Flags);
        let part_of: HashMap<UserId, UserId> = identity::merged_users(tx)?.into_iter().collect();
        let erasures = store::counted(tx, ERASURES)?;
        let same = known.erasures == erasures && known.part_of == part_of;
        let since = if same { known.revision } else { 0 };
        let kept = (subjects::number, subjects::revision, subjects::user_id, subjects::joined_to, subjects::marks);
        let wanted = subjects::revision.gt(since).or(subjects::revision.eq(UNNUMBERED));
        let changed = subjects::table.filter(wanted).select(kept);
        let changed: Vec<Row> = changed.load(tx.conn()?)?;
        if same && changed.is_empty() {
            return Ok(Arc::clone(known));
        }
        let mut roll = if same { Self::clone(known) } else { Self { part_of, erasures, ..Self::default() } };
        for (number, revision, user, joined_to, marks) in changed {
            roll.revision = roll.revision.max(revision);
            let joined_to = joined_to.and_then(|older| u32::try_from(older).ok());
            roll.put(number, Entry { user, joined_to, marks });
        }
        roll.reckon();
        Ok(Arc::new(roll))
    }

    fn put(&mut self, number: i64, entry: Entry) {
        let Ok(place) = usize::try_from(number) else { return };
        if self.entries.len() <= place {
            self.entries.resize(place.saturating_add(1), Entry::default());
        }
        if let Some(slot) = self.entries.get_mut(place) {
            *slot = entry;
        }
    }

    /// Finds the person of each subject, and what is known about that person.
    fn reckon(&mut self) {
        let mut first_of: HashMap<UserId, u32> = HashMap::new();
        self.persons = Vec::with_capacity(self.entries.len());
        self.marks = vec![Flags::NONE; self.entries.len()];
        for (own, entry) in (0..).zip(&self.entries) {
            // Whoever a subject joined is older, so that their person is known already.
            let joined = entry.joined_to.and_then(|older| usize::try_from(older).ok());
            let joined = joined.and_then(|older| self.persons.get(older).copied()).unwrap_or(own);
            let person = match entry.user {
                Some(user) => *first_of.entry(whole(user, &self.part_of)).or_insert(joined),
                None => joined,
            };
            self.persons.push(person);
            if let Some(slot) = usize::try_from(person).ok().and_then(|person| self.marks.get_mut(person)) {
                *slot = slot.with(entry.marks);
            }
        }
    }

    /// The number of the person that a subject is: the smallest of their numbers. A number that is not known is its own.
    pub fn person_of(&self, subject: u32) -> u32 {
        let place = usize::try_from(subject).unwrap_or(usize::MAX);
        self.persons.get(place).copied().unwrap_or(subject)
    }

    /// What is known about the person that a subject is.
    pub fn marks_of(&self, subject: u32) -> Flags {
        let place = usize::try_from(self.person_of(subject)).unwrap_or(usize::MAX);
        self.marks.get(place).copied().unwrap_or_default()
    }

    /// The person of each number, by the number itself; the first place stands for nobody.
    pub fn persons(&self) -> &[u32] {
        &self.persons
    }

    /// The user that each person is, of those who ever logged in; the whole user of those who became one.
    pub fn users(&self) -> impl Iterator<Item = (u32, UserId)> {
        let known = self.entries.iter().zip(&self.persons);
        known.filter_map(|(entry, person)| Some((*person, whole(entry.user?, &self.part_of))))
    }

    /// The users among persons, each named once, in the order of their ids.
    pub fn users_of(&self, wanted: impl Fn(u32) -> bool) -> Vec<UserId> {
        let theirs = self.users().filter(|(person, _)| wanted(*person)).map(|(_, user)| user);
        theirs.collect::<BTreeSet<_>>().into_iter().collect()
    }
}

/// The user whom `user` is part of.
fn whole(mut user: UserId, part_of: &HashMap<UserId, UserId>) -> UserId {
    for _ in 0..LONGEST_CHAIN {
        let Some(into) = part_of.get(&user) else { break };
        user = *into;
    }
    user
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rand::rngs::StdRng;
    use rand::{RngExt as _, SeedableRng as _};

    use super::super::subjects::{join, resolve};
    use super::*;
    use crate::analytics::model::SubjectKey;
    use crate::platform::db::scratch;

    /// Who is who by either way of reading, and what is known about them.
    fn told(roll: &Roll) -> (Vec<u32>, Vec<Flags>, Vec<(u32, UserId)>) {
        let subjects = 0..u32::try_from(roll.persons().len()).unwrap();
        let marks = subjects.map(|subject| roll.marks_of(subject)).collect();
        (roll.persons().to_vec(), marks, roll.users().collect())
    }

    #[actix_web::test]
    async fn what_is_read_anew_where_it_changed_is_what_is_read_from_the_beginning() {
        let seed: u64 = rand::random();
        let mut dice = StdRng::seed_from_u64(seed);
        let (db, _clock) = scratch::open();
        let mut known: Arc<Roll> = Arc::default();
        for step in 0..300 {
            let name = |dice: &mut StdRng| SubjectKey::Tracker(format!("t{}", dice.random_range(0..60)));
            let (joins, one, other) = (dice.random_bool(0.5), name(&mut dice), name(&mut dice));
            let work = move |tx: &mut Tx<'_>| match joins {
                true => join(tx, &one, &other).map(|_| ()),
                false => resolve(tx, &one).map(|_| ()),
            };
            db.write("change", work).await.unwrap();
            let before = Arc::clone(&known);
            let read = move |tx: &mut Tx<'_>| DbResult::Ok((Roll::renewed(tx, &before)?, Roll::read(tx)?));
            let (renewed, whole) = db.read("who", read).await.unwrap();
            assert_eq!(told(&renewed), told(&whole), "step {step} of seed {seed}");
            let again = Arc::clone(&renewed);
            let unchanged = db.read("who", move |tx| Roll::renewed(tx, &again)).await.unwrap();
            assert!(Arc::ptr_eq(&renewed, &unchanged), "nothing changed, so nothing is made anew");
            known = renewed;
        }
        assert!(known.persons().len() > 60, "joins took numbers too");
    }
}
