//! Events that a subscriber could not take: shown to staff, and tried anew when they say so.

use actix_web::{get, post, web};
use serde::Deserialize;
use serde_json::json;
use utoipa::{IntoParams, OpenApi};

use crate::kernel::page::{Cursor, Page};
use crate::platform::db::{Db, Tx};
use crate::platform::events::{self, FailureState, UndeliveredEvent};
use crate::platform::http::{ApiError, ApiResult, Json, NoContent, PageQuery, Path, Query, RequestError, Staff};
use crate::refusals;
use crate::staff::audit::{self, AuditEntry};
use crate::staff::permission::{JobRead, JobRetry};

refusals! {
    /// Why nothing is done about a delivery.
    pub enum UndeliveredError: "event" {
        /// It was not given up, or there is no such delivery.
        NotDead => CONFLICT "not_dead" "该事件投递不处于失败状态" "The delivery of this event was not given up.",
    }
}

/// Which failed deliveries to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UndeliveredQuery {
    /// Only those in this state.
    pub state: Option<FailureState>,
    /// The `next_cursor` of the page before; absent for the first page.
    pub cursor: Option<String>,
    /// Items wanted, 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<i64>,
}

/// Events that could not be delivered to somebody, newest first.
#[utoipa::path(
    tag = "operations", security(("staff" = [])), params(UndeliveredQuery),
    extensions(("x-permission" = json!("job.read"))),
    responses((status = 200, description = "A page of failed deliveries.", body = Page<UndeliveredEvent>))
)]
#[get("/undelivered-events")]
pub async fn list_undelivered_events(
    db: web::Data<Db>,
    _staff: Staff<JobRead>,
    query: Query<UndeliveredQuery>,
) -> ApiResult<Json<Page<UndeliveredEvent>>> {
    let UndeliveredQuery { state, cursor, limit } = query.0;
    let page = PageQuery { cursor, limit };
    let (after, limit) = (page.cursor()?, page.limit()?);
    let rows = db.read("events.undelivered", move |tx| events::undelivered(tx, state, after, limit + 1)).await?;
    Ok(Json(Page::cut(rows, limit, |row| Cursor { key: 0, id: row.id })))
}

/// Tries a delivery that was given up again from the beginning.
#[utoipa::path(
    tag = "operations", security(("staff" = [])), extensions(("x-permission" = json!("job.retry"))),
    params(("id" = String, Path, description = "The failed delivery.")),
    responses((status = 204, description = "It will be tried again."))
)]
#[post("/undelivered-events/{id}/retry")]
pub async fn retry_undelivered_event(
    db: web::Data<Db>,
    staff: Staff<JobRetry>,
    id: Path<String>,
) -> ApiResult<NoContent> {
    let id = crate::kernel::id::parse(&id.0).map_err(|_| ApiError::new(RequestError::NOT_FOUND))?;
    let retry = move |tx: &mut Tx<'_>| {
        if !events::retry_undelivered(tx, id)? {
            return Err(UndeliveredError::NotDead);
        }
        let deed = AuditEntry {
            staff_id: staff.staff_id,
            action: "event.retry",
            subject_kind: "event_delivery",
            subject_id: Some(id),
            reason: None,
            before: Some(json!({ "state": FailureState::Dead })),
            after: Some(json!({ "state": FailureState::Waiting })),
            origin: &staff.origin,
        };
        Ok(audit::record(tx, &deed)?)
    };
    db.write("events.retry", retry).await?;
    Ok(NoContent)
}

/// What is documented of these.
#[derive(OpenApi)]
#[openapi(paths(list_undelivered_events, retry_undelivered_event), components(schemas(FailureState)))]
pub struct AdminApi;

/// Mounts these under the back office.
pub fn admin_routes(cfg: &mut web::ServiceConfig) {
    cfg.service(list_undelivered_events).service(retry_undelivered_event);
}
