//! The endpoints of segments of people.

use actix_web::{HttpResponse, delete, get, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::store::SegmentRow;
use super::{SegmentId, SegmentKind};
use crate::analytics::error::AnalyticsError;
use crate::kernel::page::Page;
use crate::kernel::time::Timestamp;
use crate::platform::db::Db;
use crate::platform::http::{ApiResult, Json, NoContent, PageQuery, Path, Query, Staff, Table};
use crate::staff::permission::{AnalyticsPeople, AnalyticsRead};

/// The endpoints for staff.
#[derive(utoipa::OpenApi)]
#[openapi(paths(list_segments, show_segment, export_segment, remove_segment))]
pub struct SegmentApi;

/// Registers the endpoints for staff.
pub fn segment_routes(config: &mut web::ServiceConfig) {
    config.service(list_segments).service(export_segment).service(show_segment).service(remove_segment);
}

/// A segment of people.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct SegmentView {
    /// The segment.
    pub segment_id: SegmentId,
    /// How it is called.
    #[schema(example = "下单未付款")]
    pub name: String,
    /// How it knows its people.
    pub kind: SegmentKind,
    /// How many persons it had when they were last counted, with those who never logged in.
    #[schema(example = 128)]
    pub people: i64,
    /// When that was.
    pub counted_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
}

impl From<SegmentRow> for SegmentView {
    fn from(row: SegmentRow) -> Self {
        Self {
            segment_id: row.id,
            name: row.name,
            kind: row.kind,
            people: row.people,
            counted_at: row.counted_at,
            created_at: row.created_at,
        }
    }
}

/// Lists segments of people
///
/// Newest first.
#[utoipa::path(
    tag = "analytics", security(("staff" = [])), extensions(("x-permission" = json!("analytics.read"))),
    params(PageQuery),
    responses((status = 200, description = "A page of segments.", body = Page<SegmentView>))
)]
#[get("/analytics/segments")]
pub async fn list_segments(
    db: web::Data<Db>,
    _staff: Staff<AnalyticsRead>,
    query: Query<PageQuery>,
) -> ApiResult<Json<Page<SegmentView>>> {
    let (after, limit) = (query.0.cursor()?, query.0.limit()?);
    Ok(Json(db.read("analytics.segments", move |tx| super::page(tx, after, limit)).await?))
}

/// Shows a segment of people
#[utoipa::path(
    tag = "analytics", security(("staff" = [])), extensions(("x-permission" = json!("analytics.read"))),
    params(("segment_id" = SegmentId, Path, description = "The segment.")),
    responses((status = 200, description = "The segment.", body = SegmentView))
)]
#[get("/analytics/segments/{segment_id}")]
pub async fn show_segment(
    db: web::Data<Db>,
    _staff: Staff<AnalyticsRead>,
    path: Path<SegmentId>,
) -> ApiResult<Json<SegmentView>> {
    let Path(id) = path;
    Ok(Json(db.read("analytics.segment", move |tx| super::find(tx, id)).await?.into()))
}

/// Exports a segment of people
///
/// A table for spreadsheets with the ids of those who logged in.
#[utoipa::path(
    tag = "analytics", security(("staff" = [])), extensions(("x-permission" = json!("analytics.people"))),
    params(("segment_id" = SegmentId, Path, description = "The segment.")),
    responses((status = 200, description = "The table.", body = String, content_type = "text/csv"))
)]
#[get("/analytics/segments/{segment_id}/export")]
pub async fn export_segment(
    db: web::Data<Db>,
    _staff: Staff<AnalyticsPeople>,
    path: Path<SegmentId>,
) -> ApiResult<HttpResponse> {
    let Path(id) = path;
    let users = db.read("analytics.segment_users", move |tx| super::users(tx, id)).await?;
    let table = Table::of(["user_id"], users.into_iter().map(|user| [user.to_string()]));
    Ok(table.map_err(AnalyticsError::from)?.download(&format!("segment-{id}.csv")))
}

/// Removes a segment of people
#[utoipa::path(
    tag = "analytics", security(("staff" = [])), extensions(("x-permission" = json!("analytics.people"))),
    params(("segment_id" = SegmentId, Path, description = "The segment.")),
    responses((status = 204, description = "It is gone."))
)]
#[delete("/analytics/segments/{segment_id}")]
pub async fn remove_segment(
    db: web::Data<Db>,
    staff: Staff<AnalyticsPeople>,
    path: Path<SegmentId>,
) -> ApiResult<NoContent> {
    let Path(id) = path;
    db.write("analytics.remove_segment", move |tx| super::remove(tx, &staff, id)).await?;
    Ok(NoContent)
}
