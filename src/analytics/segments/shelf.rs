//! Segments as the engine finds them, gathered before it is asked.

use std::collections::{BTreeMap, BTreeSet};

use super::store::{self, SegmentRow};
use super::{SegmentId, SegmentKind};
use crate::analytics::engine::audience::{Audience, Condition, Found, Lookup};
use crate::analytics::engine::dataset::Dataset;
use crate::analytics::engine::flaw::Result;
use crate::analytics::engine::people::PersonSet;
use crate::platform::db::{DbError, DbResult, Tx};

/// What a living segment's definition is, stored as JSON.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct Definition {
    pub(super) condition: Condition,
}

/// What a segment stands for.
#[derive(Clone, Debug)]
enum Kept {
    /// Subjects, by number.
    Fixed(Vec<u32>),
    /// A condition.
    Living(Condition),
}

/// Segments by what conditions call them.
#[derive(Clone, Debug, Default)]
pub(in crate::analytics) struct Shelf(BTreeMap<String, Kept>);

impl Shelf {
    /// Everything that a condition asks for, directly or by way of others.
    ///
    /// # Errors
    /// The database's.
    pub(in crate::analytics) fn of(tx: &mut Tx<'_>, condition: &Condition) -> DbResult<Self> {
        let mut shelf = Self::default();
        shelf.gather(tx, condition.references())?;
        Ok(shelf)
    }

    /// A segment and everything that it asks for.
    pub(super) fn with(tx: &mut Tx<'_>, id: SegmentId) -> DbResult<Self> {
        let mut shelf = Self::default();
        shelf.gather(tx, BTreeSet::from([id.to_string()]))?;
        Ok(shelf)
    }

    /// Those that there are not are left out: the engine says so.
    fn gather(&mut self, tx: &mut Tx<'_>, mut wanted: BTreeSet<String>) -> DbResult<()> {
        while let Some(name) = wanted.pop_first() {
            let Some(id) = name.parse::<SegmentId>().ok().filter(|_| !self.0.contains_key(&name)) else { continue };
            let Some(row) = store::find(tx, id)? else { continue };
            let kept = match row.kind {
                SegmentKind::Fixed => Kept::Fixed(store::people(tx, id)?),
                SegmentKind::Living => {
                    let condition = condition_of(&row)?;
                    wanted.extend(condition.references());
                    Kept::Living(condition)
                }
            };
            self.0.insert(name, kept);
        }
        Ok(())
    }

    /// Who fulfils a condition now.
    pub(super) fn fulfilling(&self, data: &Dataset, condition: Condition) -> Result<PersonSet> {
        Audience { as_of: data.now, condition }.members(data, &self.for_data(data))
    }

    /// Who is in a segment of the shelf now.
    pub(super) fn members(&self, data: &Dataset, id: SegmentId) -> Result<PersonSet> {
        match self.0.get(&id.to_string()) {
            Some(Kept::Living(condition)) => self.fulfilling(data, condition.clone()),
            Some(Kept::Fixed(subjects)) => Ok(persons(data, subjects)),
            None => Ok(PersonSet::new()),
        }
    }

    /// The shelf as the engine asks it about this data.
    pub(in crate::analytics) fn for_data<'a>(&'a self, data: &'a Dataset) -> impl Lookup + 'a {
        ForData { shelf: self, data }
    }
}

fn persons(data: &Dataset, subjects: &[u32]) -> PersonSet {
    subjects.iter().map(|subject| data.people.of(*subject)).collect()
}

/// The condition of a living segment.
pub(super) fn condition_of(row: &SegmentRow) -> DbResult<Condition> {
    let read = serde_json::from_str(&row.definition).map(|Definition { condition }| condition);
    read.map_err(|error| DbError::Defect(format!("a segment's condition cannot be read: {error}")))
}

struct ForData<'a> {
    shelf: &'a Shelf,
    data: &'a Dataset,
}

impl Lookup for ForData<'_> {
    fn find(&self, id: &str) -> Option<Found> {
        Some(match self.shelf.0.get(id)? {
            Kept::Fixed(subjects) => Found::Members(persons(self.data, subjects)),
            Kept::Living(condition) => Found::Condition(condition.clone()),
        })
    }
}
