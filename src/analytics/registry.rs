//! The registry as staff see it: names of events and properties, what is written about them, how many came.

use diesel::prelude::*;
use serde_json::{Value, json};

use super::error::AnalyticsError;
use super::intake;
use super::model::{Flags, PropertyKind};
use super::rules;
use crate::identity;
use crate::kernel::day::Day;
use crate::kernel::id::{StaffId, UserId};
use crate::kernel::page::{Cursor, Page};
use crate::kernel::time::Timestamp;
use crate::platform::db::schema::{
    analytics_event_days as days, analytics_event_names as events, analytics_property_names as properties,
};
use crate::platform::db::{DbResult, Tx, columns};
use crate::platform::http::Origin;
use crate::staff::audit::{self, AuditEntry};

/// Most characters of what is written about a name.
const MAX_DESCRIPTION: usize = 200;
/// Days of volume that are told.
const DAYS_TOLD: i64 = 90;

crate::typed_id! {
    /// A name of an event.
    EventNameId,
    /// A name of a property.
    PropertyNameId,
}

/// A name of an event.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = events)]
pub(super) struct EventName {
    pub(super) id: EventNameId,
    pub(super) name: String,
    pub(super) description: String,
    pub(super) shown_as: Option<String>,
    pub(super) blocked_at: Option<Timestamp>,
    pub(super) conflicts: i64,
    pub(super) first_seen_at: Timestamp,
}

/// A name of a property.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = properties)]
pub(super) struct PropertyName {
    pub(super) id: PropertyNameId,
    pub(super) name: String,
    pub(super) kind: PropertyKind,
    pub(super) description: String,
    pub(super) shown_as: Option<String>,
    pub(super) blocked_at: Option<Timestamp>,
    pub(super) mixed: i64,
    pub(super) first_seen_at: Timestamp,
}

/// How many events of a name came on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Queryable)]
pub(super) struct DayVolume {
    pub(super) day: Day,
    pub(super) events: i64,
    pub(super) dropped: i64,
}

/// What staff write about a name; what is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct NameEdit {
    pub(super) description: Option<String>,
    /// Empty shows the name as it is.
    pub(super) shown_as: Option<String>,
    pub(super) blocked: Option<bool>,
}

/// Who of the staff does something, and from where.
#[derive(Clone, Debug)]
pub(super) struct Actor {
    pub(super) staff_id: StaffId,
    pub(super) origin: Origin,
}

impl NameEdit {
    fn checked(self) -> Result<Self, AnalyticsError> {
        let wrong = |field: &str| Err(AnalyticsError::NameEditInvalid(json!({ "field": field })));
        if self == Self::default() {
            return wrong("");
        }
        let length = |text: &Option<String>| text.as_ref().map_or(0, |text| text.chars().count());
        if length(&self.description) > MAX_DESCRIPTION || self.description.iter().any(|text| text.contains('\0')) {
            return wrong("description");
        }
        if self.shown_as.iter().any(|text| !text.is_empty() && !rules::is_foreign_name(text)) {
            return wrong("shown_as");
        }
        Ok(self)
    }

    fn shown_as(&self, before: Option<String>) -> Option<String> {
        match &self.shown_as {
            None => before,
            Some(name) => Some(name.clone()).filter(|name| !name.is_empty()),
        }
    }

    fn blocked_at(&self, before: Option<Timestamp>, now: Timestamp) -> Option<Timestamp> {
        match self.blocked {
            None => before,
            Some(true) => before.or(Some(now)),
            Some(false) => None,
        }
    }
}

/// Names of events, oldest first, each with how many of it came today.
pub(super) fn list_events(
    tx: &mut Tx<'_>,
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<Page<(EventName, DayVolume)>> {
    let mut query =
        events::table.select(columns::<EventName>()).order(events::id).limit(limit.saturating_add(1)).into_boxed();
    if let Some(cursor) = after {
        query = query.filter(events::id.gt(cursor.id));
    }
    let page = Page::cut(query.load::<EventName>(tx.conn()?)?, limit, |name| Cursor { key: 0, id: name.id.get() });
    let ids: Vec<EventNameId> = page.items.iter().map(|name| name.id).collect();
    let today = tx.today();
    let counted = days::table.filter(days::name_id.eq_any(ids)).filter(days::day.eq(today));
    let counted: Vec<(EventNameId, i64, i64)> =
        counted.select((days::name_id, days::events, days::dropped)).load(tx.conn()?)?;
    let with_volume = |name: EventName| {
        let volume = counted.iter().find(|(id, ..)| *id == name.id);
        let (events, dropped) = volume.map_or((0, 0), |(_, events, dropped)| (*events, *dropped));
        (name, DayVolume { day: today, events, dropped })
    };
    Ok(page.map(with_volume))
}

fn event(tx: &mut Tx<'_>, id: EventNameId) -> Result<EventName, AnalyticsError> {
    let found = events::table.find(id).select(columns::<EventName>()).first(tx.conn()?).optional();
    found.map_err(crate::platform::db::DbError::from)?.ok_or(AnalyticsError::NameNotFound)
}

/// A name of an event with its volume of the last days, latest first.
pub(super) fn show_event(tx: &mut Tx<'_>, id: EventNameId) -> Result<(EventName, Vec<DayVolume>), AnalyticsError> {
    let name = event(tx, id)?;
    let since = tx.today().plus(-DAYS_TOLD);
    let told = days::table.filter(days::name_id.eq(id)).filter(days::day.gt(since)).order(days::day.desc());
    let told = told.select((days::day, days::events, days::dropped)).load(tx.conn()?);
    Ok((name, told.map_err(crate::platform::db::DbError::from)?))
}

/// Writes about a name of an event.
pub(super) fn edit_event(
    tx: &mut Tx<'_>,
    id: EventNameId,
    edit: NameEdit,
    actor: &Actor,
) -> Result<EventName, AnalyticsError> {
    let (edit, before, now) = (edit.checked()?, event(tx, id)?, tx.now());
    let after = EventName {
        description: edit.description.clone().unwrap_or_else(|| before.description.clone()),
        shown_as: edit.shown_as(before.shown_as.clone()),
        blocked_at: edit.blocked_at(before.blocked_at, now),
        ..before.clone()
    };
    diesel::update(events::table.find(id))
        .set((
            events::description.eq(&after.description),
            events::shown_as.eq(&after.shown_as),
            events::blocked_at.eq(after.blocked_at),
        ))
        .execute(tx.conn()?)?;
    let told = |name: &EventName| told(&name.description, name.shown_as.as_deref(), name.blocked_at);
    note(tx, actor, ("analytics.edit_event_name", "event_name", id.get()), told(&before), told(&after))?;
    Ok(after)
}

/// Names of properties, oldest first.
pub(super) fn list_properties(tx: &mut Tx<'_>, after: Option<Cursor>, limit: i64) -> DbResult<Page<PropertyName>> {
    let limited = properties::table.order(properties::id).limit(limit.saturating_add(1));
    let mut query = limited.select(columns::<PropertyName>()).into_boxed();
    if let Some(cursor) = after {
        query = query.filter(properties::id.gt(cursor.id));
    }
    Ok(Page::cut(query.load::<PropertyName>(tx.conn()?)?, limit, |name| Cursor { key: 0, id: name.id.get() }))
}

/// Writes about a name of a property.
pub(super) fn edit_property(
    tx: &mut Tx<'_>,
    id: PropertyNameId,
    edit: NameEdit,
    actor: &Actor,
) -> Result<PropertyName, AnalyticsError> {
    let (edit, now) = (edit.checked()?, tx.now());
    let found = properties::table.find(id).select(columns::<PropertyName>()).first(tx.conn()?).optional();
    let before: PropertyName =
        found.map_err(crate::platform::db::DbError::from)?.ok_or(AnalyticsError::NameNotFound)?;
    let after = PropertyName {
        description: edit.description.clone().unwrap_or_else(|| before.description.clone()),
        shown_as: edit.shown_as(before.shown_as.clone()),
        blocked_at: edit.blocked_at(before.blocked_at, now),
        ..before.clone()
    };
    diesel::update(properties::table.find(id))
        .set((
            properties::description.eq(&after.description),
            properties::shown_as.eq(&after.shown_as),
            properties::blocked_at.eq(after.blocked_at),
        ))
        .execute(tx.conn()?)?;
    let told = |name: &PropertyName| told(&name.description, name.shown_as.as_deref(), name.blocked_at);
    note(tx, actor, ("analytics.edit_property_name", "property_name", id.get()), told(&before), told(&after))?;
    Ok(after)
}

fn told(description: &str, shown_as: Option<&str>, blocked_at: Option<Timestamp>) -> Value {
    json!({ "description": description, "shown_as": shown_as, "blocked_at": blocked_at })
}

fn note(
    tx: &mut Tx<'_>,
    actor: &Actor,
    (action, kind, id): (&str, &str, i64),
    before: Value,
    after: Value,
) -> DbResult<()> {
    let entry = AuditEntry {
        staff_id: actor.staff_id,
        action,
        subject_kind: kind,
        subject_id: Some(id),
        reason: None,
        before: Some(before),
        after: Some(after),
        origin: &actor.origin,
    };
    audit::record(tx, &entry)
}

/// Says of a user whether figures leave them out, as a member of staff or as a test account.
pub(super) fn mark_user(tx: &mut Tx<'_>, user: UserId, marked: Flags, actor: &Actor) -> Result<Flags, AnalyticsError> {
    if identity::known_users(tx, &[user])?.is_empty() {
        return Err(AnalyticsError::UserNotFound);
    }
    let marks = intake::mark(tx, user, marked, Flags::STAFF.with(Flags::TEST))?;
    let after = json!({ "staff": marked.contains(Flags::STAFF), "test": marked.contains(Flags::TEST) });
    note(tx, actor, ("analytics.mark_user", "user", user.get()), Value::Null, after)?;
    Ok(marks)
}
