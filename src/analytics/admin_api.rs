//! What staff do with the names of events and properties, and whom figures leave out.

use actix_web::{get, patch, put, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::model::{Flags, PropertyKind};
use super::registry::{self, Actor, DayVolume, EventName, EventNameId, NameEdit, PropertyName, PropertyNameId};
use crate::kernel::day::Day;
use crate::kernel::id::UserId;
use crate::kernel::page::Page;
use crate::kernel::time::Timestamp;
use crate::platform::db::Db;
use crate::platform::http::{ApiResult, Json, PageQuery, Path, Query, Staff};
use crate::staff::permission::{AnalyticsRead, AnalyticsWrite};

/// The endpoints for staff.
#[derive(utoipa::OpenApi)]
#[openapi(paths(
    list_event_names,
    show_event_name,
    edit_event_name,
    list_property_names,
    edit_property_name,
    mark_analytics_user
))]
pub struct AdminApi;

/// Registers the endpoints for staff.
pub fn admin_routes(config: &mut web::ServiceConfig) {
    config
        .service(list_event_names)
        .service(show_event_name)
        .service(edit_event_name)
        .service(list_property_names)
        .service(edit_property_name)
        .service(mark_analytics_user);
}

/// How many events of a name came on a day of the shop's.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct DayVolumeView {
    /// The day.
    pub day: Day,
    /// Events that were kept.
    #[schema(example = 1280)]
    pub events: i64,
    /// Events that were dropped because staff blocked their name.
    #[schema(example = 0)]
    pub dropped: i64,
}

impl From<DayVolume> for DayVolumeView {
    fn from(volume: DayVolume) -> Self {
        Self { day: volume.day, events: volume.events, dropped: volume.dropped }
    }
}

/// A name of an event.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EventNameView {
    /// Its id.
    pub id: EventNameId,
    /// How events call it.
    #[schema(example = "page_viewed")]
    pub name: String,
    /// Whether the shop itself makes these events.
    #[schema(example = false)]
    pub is_the_shops: bool,
    /// What staff wrote about it.
    #[schema(example = "看了一个页面")]
    pub description: String,
    /// What it is shown as; null shows it as it is.
    #[schema(example = "浏览页面")]
    pub shown_as: Option<String>,
    /// Since when events of this name are dropped, and left out of answers unless they are the shop's; null when not.
    pub blocked_at: Option<Timestamp>,
    /// How many events came under an id that had come with other content.
    #[schema(example = 0)]
    pub conflicts: i64,
    /// When the first one came.
    pub first_seen_at: Timestamp,
    /// Today.
    pub today: DayVolumeView,
}

fn event_view((name, today): (EventName, DayVolume)) -> EventNameView {
    EventNameView {
        id: name.id,
        is_the_shops: super::events::is_the_shops(&name.name),
        name: name.name,
        description: name.description,
        shown_as: name.shown_as,
        blocked_at: name.blocked_at,
        conflicts: name.conflicts,
        first_seen_at: name.first_seen_at,
        today: today.into(),
    }
}

/// A name of an event with its volume by day.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EventNameCard {
    /// Its id.
    pub id: EventNameId,
    /// How events call it.
    #[schema(example = "page_viewed")]
    pub name: String,
    /// What staff wrote about it.
    #[schema(example = "看了一个页面")]
    pub description: String,
    /// What it is shown as; null shows it as it is.
    #[schema(example = "浏览页面")]
    pub shown_as: Option<String>,
    /// Since when events of this name are dropped; null when they are not.
    pub blocked_at: Option<Timestamp>,
    /// How many events came under an id that had come with other content.
    #[schema(example = 0)]
    pub conflicts: i64,
    /// When the first one came.
    pub first_seen_at: Timestamp,
    /// The last 90 days on which any came, latest first.
    pub days: Vec<DayVolumeView>,
}

fn card((name, days): (EventName, Vec<DayVolume>)) -> EventNameCard {
    EventNameCard {
        id: name.id,
        name: name.name,
        description: name.description,
        shown_as: name.shown_as,
        blocked_at: name.blocked_at,
        conflicts: name.conflicts,
        first_seen_at: name.first_seen_at,
        days: days.into_iter().map(Into::into).collect(),
    }
}

/// A name of a property.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PropertyNameView {
    /// Its id.
    pub id: PropertyNameId,
    /// How events call it.
    #[schema(example = "product_id")]
    pub name: String,
    /// What kind of value its first one was.
    pub kind: PropertyKind,
    /// What staff wrote about it.
    #[schema(example = "商品")]
    pub description: String,
    /// What it is shown as; null shows it as it is.
    #[schema(example = "商品编号")]
    pub shown_as: Option<String>,
    /// Since when it is left out of events; null when it is not.
    pub blocked_at: Option<Timestamp>,
    /// How many values were of another kind.
    #[schema(example = 0)]
    pub mixed: i64,
    /// When the first one came.
    pub first_seen_at: Timestamp,
}

impl From<PropertyName> for PropertyNameView {
    fn from(name: PropertyName) -> Self {
        Self {
            id: name.id,
            name: name.name,
            kind: name.kind,
            description: name.description,
            shown_as: name.shown_as,
            blocked_at: name.blocked_at,
            mixed: name.mixed,
            first_seen_at: name.first_seen_at,
        }
    }
}

/// What to write about a name; what is absent stays, and something must be there.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditName {
    /// What it means.
    #[serde(default)]
    #[schema(max_length = 200, example = "看了一个页面")]
    description: Option<String>,
    /// What it is shown as; an empty text shows it as it is.
    #[serde(default)]
    #[schema(max_length = 64, example = "浏览页面")]
    shown_as: Option<String>,
    /// Whether what comes under it is dropped from now on; events under a name of a client's are left out of answers too.
    #[serde(default)]
    #[schema(example = false)]
    blocked: Option<bool>,
}

impl From<EditName> for NameEdit {
    fn from(edit: EditName) -> Self {
        Self { description: edit.description, shown_as: edit.shown_as, blocked: edit.blocked }
    }
}

/// Whether figures leave a user out.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserMarks {
    /// They are a member of staff.
    #[schema(example = false)]
    staff: bool,
    /// It is a test account.
    #[schema(example = true)]
    test: bool,
}

fn actor<P>(staff: Staff<P>) -> Actor {
    Actor { staff_id: staff.staff_id, origin: staff.origin }
}

/// Lists names of events
///
/// Oldest first, with how many came today.
#[utoipa::path(
    tag = "analytics", security(("staff" = [])), extensions(("x-permission" = json!("analytics.read"))),
    params(PageQuery),
    responses((status = 200, description = "A page of names.", body = Page<EventNameView>))
)]
#[get("/analytics/event-names")]
pub async fn list_event_names(
    db: web::Data<Db>,
    _staff: Staff<AnalyticsRead>,
    query: Query<PageQuery>,
) -> ApiResult<Json<Page<EventNameView>>> {
    let (after, limit) = (query.0.cursor()?, query.0.limit()?);
    let page = db.read("analytics.event_names", move |tx| registry::list_events(tx, after, limit)).await?;
    Ok(Json(page.map(event_view)))
}

/// Shows a name of an event with its volume by day
#[utoipa::path(
    tag = "analytics", security(("staff" = [])), extensions(("x-permission" = json!("analytics.read"))),
    params(("event_name_id" = EventNameId, Path, description = "The name.")),
    responses((status = 200, description = "The name.", body = EventNameCard))
)]
#[get("/analytics/event-names/{event_name_id}")]
pub async fn show_event_name(
    db: web::Data<Db>,
    _staff: Staff<AnalyticsRead>,
    path: Path<EventNameId>,
) -> ApiResult<Json<EventNameCard>> {
    let Path(id) = path;
    Ok(Json(card(db.read("analytics.event_name", move |tx| registry::show_event(tx, id)).await?)))
}

/// Describes, renames or blocks a name of an event
///
/// A name is shown otherwise from the next look on, also for what came before. Events of a blocked name are dropped and
/// counted from the next batch on.
#[utoipa::path(
    tag = "analytics", security(("staff" = [])), extensions(("x-permission" = json!("analytics.write"))),
    params(("event_name_id" = EventNameId, Path, description = "The name.")),
    request_body = EditName,
    responses((status = 200, description = "The name as it is now.", body = EventNameCard))
)]
#[patch("/analytics/event-names/{event_name_id}")]
pub async fn edit_event_name(
    db: web::Data<Db>,
    staff: Staff<AnalyticsWrite>,
    path: Path<EventNameId>,
    body: Json<EditName>,
) -> ApiResult<Json<EventNameCard>> {
    let (Path(id), edit, actor) = (path, NameEdit::from(body.0), actor(staff));
    let editing = db.write("analytics.edit_event_name", move |tx| {
        registry::edit_event(tx, id, edit.clone(), &actor)?;
        registry::show_event(tx, id)
    });
    Ok(Json(card(editing.await?)))
}

/// Lists names of properties
///
/// Oldest first.
#[utoipa::path(
    tag = "analytics", security(("staff" = [])), extensions(("x-permission" = json!("analytics.read"))),
    params(PageQuery),
    responses((status = 200, description = "A page of names.", body = Page<PropertyNameView>))
)]
#[get("/analytics/property-names")]
pub async fn list_property_names(
    db: web::Data<Db>,
    _staff: Staff<AnalyticsRead>,
    query: Query<PageQuery>,
) -> ApiResult<Json<Page<PropertyNameView>>> {
    let (after, limit) = (query.0.cursor()?, query.0.limit()?);
    let page = db.read("analytics.property_names", move |tx| registry::list_properties(tx, after, limit)).await?;
    Ok(Json(page.map(Into::into)))
}

/// Describes, renames or blocks a name of a property
///
/// A blocked property is left out of events from the next batch on.
#[utoipa::path(
    tag = "analytics", security(("staff" = [])), extensions(("x-permission" = json!("analytics.write"))),
    params(("property_name_id" = PropertyNameId, Path, description = "The name.")),
    request_body = EditName,
    responses((status = 200, description = "The name as it is now.", body = PropertyNameView))
)]
#[patch("/analytics/property-names/{property_name_id}")]
pub async fn edit_property_name(
    db: web::Data<Db>,
    staff: Staff<AnalyticsWrite>,
    path: Path<PropertyNameId>,
    body: Json<EditName>,
) -> ApiResult<Json<PropertyNameView>> {
    let (Path(id), edit, actor) = (path, NameEdit::from(body.0), actor(staff));
    let editing =
        db.write("analytics.edit_property_name", move |tx| registry::edit_property(tx, id, edit.clone(), &actor));
    Ok(Json(editing.await?.into()))
}

/// Says whether figures leave a user out
///
/// Members of staff and test accounts are flagged in every figure, also for what they did before. Users whom staff locked
/// out are flagged by that.
#[utoipa::path(
    tag = "analytics", security(("staff" = [])), extensions(("x-permission" = json!("analytics.write"))),
    params(("user_id" = UserId, Path, description = "The user.")),
    request_body = UserMarks,
    responses((status = 200, description = "How they are marked now.", body = UserMarks))
)]
#[put("/analytics/marked-users/{user_id}")]
pub async fn mark_analytics_user(
    db: web::Data<Db>,
    staff: Staff<AnalyticsWrite>,
    path: Path<UserId>,
    body: Json<UserMarks>,
) -> ApiResult<Json<UserMarks>> {
    let (Path(user), UserMarks { staff: is_staff, test }, actor) = (path, body.0, actor(staff));
    let staff_mark = if is_staff { Flags::STAFF } else { Flags::NONE };
    let marked = staff_mark.with(if test { Flags::TEST } else { Flags::NONE });
    let marks = db.write("analytics.mark_user", move |tx| registry::mark_user(tx, user, marked, &actor)).await?;
    Ok(Json(UserMarks { staff: marks.contains(Flags::STAFF), test: marks.contains(Flags::TEST) }))
}
