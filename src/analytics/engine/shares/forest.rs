//! Who was brought by whom.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::Share;
use crate::analytics::engine::dataset::Dataset;
use crate::analytics::engine::figures::count;
use crate::analytics::engine::people::Person;

/// An open that counts: somebody came by another's share.
#[derive(Clone, Copy, Debug)]
pub struct Edge<'a> {
    /// The share.
    pub share: &'a Share,
    /// Who shared.
    pub sharer: Person,
    /// Who came.
    pub viewer: Person,
    /// When.
    pub at: i64,
    /// Whether the viewer was new: their first session ever carried the share's token, and the sharer was there before.
    pub acquired: bool,
}

/// All opens up to a moment, without those of people by their own shares; the acquisitions among them are a forest.
#[derive(Clone, Debug, Default)]
pub struct Forest<'a> {
    /// The opens in order of time.
    pub edges: Vec<Edge<'a>>,
    parents: FxHashMap<Person, Person>,
    children: BTreeMap<Person, BTreeSet<Person>>,
}

impl<'a> Forest<'a> {
    /// The forest as it stood before a moment.
    pub fn of(data: &'a Dataset, before: i64) -> Self {
        let shares = &data.shares;
        let by_token: FxHashMap<&str, &Share> =
            shares.shares.iter().map(|share| (share.token.as_str(), share)).collect();
        let mut seen: FxHashMap<Person, i64> = FxHashMap::default();
        for (subject, at) in &shares.first_seen {
            seen.entry(data.people.of(*subject)).and_modify(|seen| *seen = at.min(seen).to_owned()).or_insert(*at);
        }
        let mut forest = Self::default();
        let mut opens: Vec<_> = shares.opens.iter().filter(|open| open.at < before).collect();
        opens.sort_by_key(|open| open.at);
        for open in opens {
            let Some(share) = by_token.get(open.token.as_str()) else { continue };
            let (sharer, viewer) = (data.people.of(share.sharer), data.people.of(open.viewer));
            if sharer == viewer {
                continue;
            }
            let first = seen.get(&viewer).is_none_or(|seen| open.at <= *seen);
            let known = seen.get(&sharer).is_some_and(|sharer| seen.get(&viewer).unwrap_or(&open.at) > sharer);
            let acquired = first && known && !forest.parents.contains_key(&viewer);
            if acquired {
                forest.parents.insert(viewer, sharer);
                forest.children.entry(sharer).or_default().insert(viewer);
            }
            forest.edges.push(Edge { share, sharer, viewer, at: open.at, acquired });
        }
        forest
    }

    /// The part that came by shares of one thing.
    #[must_use]
    pub fn about(self, topic: &str) -> Self {
        let mut part = Self::default();
        for edge in self.edges.into_iter().filter(|edge| edge.share.topic == topic) {
            if edge.acquired {
                part.parents.insert(edge.viewer, edge.sharer);
                part.children.entry(edge.sharer).or_default().insert(edge.viewer);
            }
            part.edges.push(edge);
        }
        part
    }

    /// Who brought somebody; none for those who came by themselves.
    pub fn parent(&self, person: Person) -> Option<Person> {
        self.parents.get(&person).copied()
    }

    /// Over how many people somebody came; 0 for those who came by themselves.
    pub fn depth(&self, person: Person) -> u64 {
        // A parent was first seen before its child, so that the way up ends.
        std::iter::successors(self.parent(person), |person| self.parent(*person)).fold(0, |depth, _| depth + 1)
    }

    /// Whom somebody brought themselves.
    pub fn direct(&self, person: Person) -> impl Iterator<Item = Person> {
        self.children.get(&person).into_iter().flatten().copied()
    }

    /// Everybody below somebody, generation by generation.
    pub fn generations(&self, person: Person) -> Vec<Vec<Person>> {
        let mut generations = Vec::new();
        let mut last: Vec<Person> = self.direct(person).collect();
        while !last.is_empty() {
            let next = last.iter().flat_map(|person| self.direct(*person)).collect();
            generations.push(std::mem::replace(&mut last, next));
        }
        generations
    }

    /// How many people somebody brought, directly and through others.
    pub fn descendants(&self, person: Person) -> u64 {
        self.generations(person).iter().map(|generation| count(generation.len())).sum()
    }
}
