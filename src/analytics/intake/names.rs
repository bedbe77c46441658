//! The registry of names: which events and properties there are, of what kind, how many came, and which staff block.

use std::collections::{BTreeMap, HashMap, HashSet};

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::store;
use crate::analytics::model::PropertyKind;
use crate::kernel::day::Day;
use crate::kernel::time::Timestamp;
use crate::platform::db::dialect::Prepared;
use crate::platform::db::schema::{analytics_event_names as events, analytics_property_names as properties};
use crate::platform::db::{DbError, DbResult, Tx};

/// A name of an event, as far as taking events goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KnownEvent {
    pub(super) id: i64,
    pub(super) blocked: bool,
}

/// A name of a property, as far as taking events goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KnownProperty {
    pub(super) id: i64,
    pub(super) kind: PropertyKind,
    pub(super) blocked: bool,
}

/// Which of these names of events are known.
pub(super) fn known_events(tx: &mut Tx<'_>, names: &[&str]) -> DbResult<HashMap<String, KnownEvent>> {
    let found = events::table.filter(events::name.eq_any(names)).select((events::name, events::id, events::blocked_at));
    let rows: Vec<(String, i64, Option<Timestamp>)> = found.load(tx.conn()?)?;
    Ok(rows.into_iter().map(|(name, id, blocked)| (name, KnownEvent { id, blocked: blocked.is_some() })).collect())
}

/// Which of these names of properties are known.
pub(super) fn known_properties(tx: &mut Tx<'_>, names: &[&str]) -> DbResult<HashMap<String, KnownProperty>> {
    let columns = (properties::name, properties::id, properties::kind, properties::blocked_at);
    let found = properties::table.filter(properties::name.eq_any(names)).select(columns);
    let rows: Vec<(String, i64, PropertyKind, Option<Timestamp>)> = found.load(tx.conn()?)?;
    let known = |(name, id, kind, blocked): (String, i64, PropertyKind, Option<Timestamp>)| {
        (name, KnownProperty { id, kind, blocked: blocked.is_some() })
    };
    Ok(rows.into_iter().map(known).collect())
}

/// Makes room for names under a bound; false when there is none.
pub(super) fn make_room(tx: &mut Tx<'_>, counter: &str, names: usize, most: i64) -> DbResult<bool> {
    let by = i64::try_from(names).unwrap_or(i64::MAX);
    Ok(store::count_up(tx, counter, by, most)?.is_some())
}

/// Writes a new name of an event down. A twin that was faster wrote the same.
pub(super) fn add_event(tx: &mut Tx<'_>, name: &str) -> DbResult<()> {
    let (id, now) = (tx.next_id(), tx.now());
    let row = (
        events::id.eq(id),
        events::name.eq(name),
        events::description.eq(""),
        events::shown_as.eq(None::<String>),
        events::blocked_at.eq(None::<Timestamp>),
        events::conflicts.eq(0_i64),
        events::first_seen_at.eq(now),
    );
    crate::on_backend!(tx.conn()?, conn => {
        diesel::insert_into(events::table).values(row).on_conflict_do_nothing().execute(conn)
    })?;
    Ok(())
}

/// Writes a new name of a property down, with the kind of its first value.
pub(super) fn add_property(tx: &mut Tx<'_>, name: &str, kind: PropertyKind) -> DbResult<()> {
    let (id, now) = (tx.next_id(), tx.now());
    let row = (
        properties::id.eq(id),
        properties::name.eq(name),
        properties::kind.eq(kind),
        properties::description.eq(""),
        properties::shown_as.eq(None::<String>),
        properties::blocked_at.eq(None::<Timestamp>),
        properties::mixed.eq(0_i64),
        properties::first_seen_at.eq(now),
    );
    crate::on_backend!(tx.conn()?, conn => {
        diesel::insert_into(properties::table).values(row).on_conflict_do_nothing().execute(conn)
    })?;
    Ok(())
}

/// What is to be counted under a name of an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Volume {
    pub(super) events: i64,
    pub(super) dropped: i64,
    pub(super) conflicts: i64,
}

/// Adds what came today to the registry, in the order of ids, so that two batches cannot wait for each other in a circle.
pub(super) fn count(tx: &mut Tx<'_>, day: Day, volumes: &BTreeMap<i64, Volume>) -> DbResult<()> {
    const SQL: &str = "INSERT INTO analytics_event_days (name_id, day, events, dropped) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (name_id, day) DO UPDATE SET events = analytics_event_days.events + excluded.events, \
        dropped = analytics_event_days.dropped + excluded.dropped";
    for (id, volume) in volumes {
        if volume.conflicts > 0 {
            diesel::update(events::table.find(id))
                .set(events::conflicts.eq(events::conflicts + volume.conflicts))
                .execute(tx.conn()?)?;
        }
        if volume.events > 0 || volume.dropped > 0 {
            let counting = diesel::sql_query(SQL)
                .bind::<BigInt, _>(*id)
                .bind::<BigInt, _>(day)
                .bind::<BigInt, _>(volume.events)
                .bind::<BigInt, _>(volume.dropped);
            Prepared(counting).execute(tx.conn()?)?;
        }
    }
    Ok(())
}

/// Counts values of another kind than a property's first, in the order of ids.
pub(super) fn count_mixed(tx: &mut Tx<'_>, mixed: &BTreeMap<i64, i64>) -> DbResult<()> {
    for (id, values) in mixed {
        diesel::update(properties::table.find(id))
            .set(properties::mixed.eq(properties::mixed + *values))
            .execute(tx.conn()?)?;
    }
    Ok(())
}

/// What staff want done with names when events are read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShownNames {
    /// Stored names of events with those they are shown as.
    pub events: HashMap<String, String>,
    /// The same of properties.
    pub properties: HashMap<String, String>,
    /// Names of events that staff blocked.
    pub blocked_events: HashSet<String>,
}

/// What staff want done with names.
///
/// # Errors
/// The database's.
pub fn shown_names(tx: &mut Tx<'_>) -> DbResult<ShownNames> {
    let pairs = |rows: Vec<(String, Option<String>)>| {
        rows.into_iter().filter_map(|(name, shown)| Some((name, shown?))).collect::<HashMap<_, _>>()
    };
    let of_events = events::table.filter(events::shown_as.is_not_null()).select((events::name, events::shown_as));
    let of_events: Vec<(String, Option<String>)> = of_events.load(tx.conn()?)?;
    let of_properties =
        properties::table.filter(properties::shown_as.is_not_null()).select((properties::name, properties::shown_as));
    let of_properties: Vec<(String, Option<String>)> = of_properties.load(tx.conn()?)?;
    let blocked: Vec<String> =
        events::table.filter(events::blocked_at.is_not_null()).select(events::name).load(tx.conn()?)?;
    let blocked_events = blocked.into_iter().collect();
    Ok(ShownNames { events: pairs(of_events), properties: pairs(of_properties), blocked_events })
}

/// The id of an event's name that has just been written.
pub(super) fn must_know(known: Option<KnownEvent>) -> DbResult<KnownEvent> {
    known.ok_or_else(|| DbError::Conflict("a name came and went".to_owned()))
}
