//! One person as staff see them: what they did, what is kept about them, and forgetting them.

use actix_web::{get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{UserActBody, act};
use crate::identity::assets::Accounts;
use crate::identity::service::{self, IdentityKeys, Moment};
use crate::kernel::id::UserId;
use crate::kernel::time::Timestamp;
use crate::platform::db::{Db, Tx};
use crate::platform::http::{ApiResult, Json, NoContent, PageQuery, Path, Query, Staff};
use crate::staff::permission;

/// Which part of a timeline.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TimelineQuery {
    /// Only what happened before this moment: the `at` of the last item of the page before. Absent for the latest.
    before: Option<Timestamp>,
    /// Items wanted, 1 to 100; 20 when absent.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
}

/// Something a person did, or that happened to them.
#[derive(Debug, Serialize, ToSchema)]
pub struct MomentView {
    /// When.
    pub at: Timestamp,
    /// What.
    #[schema(example = "order.paid")]
    pub what: String,
    /// The kind of thing concerned: the name of its table.
    #[schema(example = "orders")]
    pub subject_kind: String,
    /// Which one: what names it there; empty when it is the user themselves.
    #[schema(example = "188234567890123")]
    pub subject: String,
}

impl From<Moment> for MomentView {
    fn from(moment: Moment) -> Self {
        Self {
            at: moment.at,
            what: moment.what.to_owned(),
            subject_kind: moment.subject_kind.to_owned(),
            subject: moment.subject,
        }
    }
}

/// What a person did, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct TimelineView {
    /// Moments.
    pub items: Vec<MomentView>,
}

/// Everything kept about a person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(value_type = Object)]
#[serde(transparent)]
pub struct PersonDataView(pub serde_json::Value);

/// Shows what a person did: orders, campaigns, shares, log-ins.
#[utoipa::path(tag = "identity", security(("staff" = [])),
    params(("user_id" = UserId, Path, description = "Which user."), TimelineQuery),
    extensions(("x-permission" = json!("user.read"))),
    responses((status = 200, description = "The latest moments before the one asked for.", body = TimelineView)))]
#[get("/users/{user_id}/timeline")]
pub async fn show_user_timeline(
    db: web::Data<Db>,
    accounts: web::Data<Accounts>,
    _staff: Staff<permission::UserRead>,
    path: Path<UserId>,
    query: Query<TimelineQuery>,
) -> ApiResult<Json<TimelineView>> {
    let limit = PageQuery { cursor: None, limit: query.0.limit }.limit()?;
    let before = query.0.before.unwrap_or(Timestamp::from_millis(i64::MAX));
    let moments = db.read("show_timeline", move |tx| service::timeline(tx, &accounts, path.0, before, limit)).await?;
    Ok(Json(TimelineView { items: moments.into_iter().map(MomentView::from).collect() }))
}

/// Hands out everything kept about a user, for their request; the look is kept in the audit log.
#[utoipa::path(tag = "identity", security(("staff" = [])), params(("user_id" = UserId, Path, description = "Which user.")),
    request_body = UserActBody, extensions(("x-permission" = json!("user.privacy"))),
    responses((status = 200, description = "A profile, and rows by table.", body = PersonDataView)))]
#[post("/users/{user_id}/export")]
pub async fn export_user(
    db: web::Data<Db>,
    accounts: web::Data<Accounts>,
    keys: web::Data<IdentityKeys>,
    staff: Staff<permission::UserPrivacy>,
    path: Path<UserId>,
    body: Json<UserActBody>,
) -> ApiResult<Json<PersonDataView>> {
    let act = act(staff.staff_id, staff.origin, body);
    let work = move |tx: &mut Tx<'_>| service::export_by_staff(tx, &accounts, &keys, path.0, &act);
    Ok(Json(PersonDataView(db.write("export_user", work).await?)))
}

/// Forgets a user on their behalf: what tells who they are goes, what the books need stays and is nobody's.
#[utoipa::path(tag = "identity", security(("staff" = [])), params(("user_id" = UserId, Path, description = "Which user.")),
    request_body = UserActBody, extensions(("x-permission" = json!("user.privacy"))),
    responses((status = 204, description = "Forgotten.")))]
#[post("/users/{user_id}/erase")]
pub async fn erase_user(
    db: web::Data<Db>,
    accounts: web::Data<Accounts>,
    staff: Staff<permission::UserPrivacy>,
    path: Path<UserId>,
    body: Json<UserActBody>,
) -> ApiResult<NoContent> {
    let act = act(staff.staff_id, staff.origin, body);
    db.write("erase_user", move |tx| service::erase(tx, &accounts, path.0, Some(&act))).await?;
    Ok(NoContent)
}
