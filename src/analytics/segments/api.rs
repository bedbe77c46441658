//! The endpoints of segments of people.

use actix_web::{HttpResponse, delete, get, post, put, web};

use super::asking::{self, Asked};
use super::views::{NewSegmentBody, SegmentBody, SegmentOverlap, SegmentPair, SegmentPeople, SegmentView};
use super::{SegmentId, store};
use crate::analytics::engine::audience;
use crate::analytics::error::AnalyticsError;
use crate::analytics::reports::{MOST_TOLD, Reports};
use crate::kernel::page::Page;
use crate::platform::db::{Db, Tx};
use crate::platform::http::{ApiResult, Created, Json, NoContent, PageQuery, Path, Query, Staff, Table};
use crate::staff::permission::{AnalyticsPeople, AnalyticsRead};

/// The endpoints for staff.
#[derive(utoipa::OpenApi)]
#[openapi(
    paths(
        list_segments,
        make_segment,
        compare_segments,
        show_segment,
        change_segment,
        list_segment_people,
        export_segment,
        remove_segment
    ),
    components(schemas(audience::Window, audience::Compare))
)]
pub struct SegmentApi;

/// Registers the endpoints for staff.
pub fn segment_routes(config: &mut web::ServiceConfig) {
    config
        .service(list_segments)
        .service(make_segment)
        .service(compare_segments)
        .service(export_segment)
        .service(list_segment_people)
        .service(show_segment)
        .service(change_segment)
        .service(remove_segment);
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
    Ok(Json(db.read("analytics.segments", move |tx| store::page(tx, after, limit)).await?.map(SegmentView::from)))
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
    reports: web::Data<Reports>,
    _staff: Staff<AnalyticsPeople>,
    path: Path<SegmentId>,
) -> ApiResult<HttpResponse> {
    let Path(id) = path;
    let Asked { users, .. } = asking::people(&reports, id).await?;
    let table = Table::of(["user_id"], users.into_iter().map(|user| [user.to_string()]));
    Ok(table.map_err(AnalyticsError::from)?.download(&format!("segment-{id}.csv")))
}

/// Names the people of a segment now
///
/// The first thousand who logged in, and how many there are; the export has all.
#[utoipa::path(
    tag = "analytics", security(("staff" = [])), extensions(("x-permission" = json!("analytics.people"))),
    params(("segment_id" = SegmentId, Path, description = "The segment.")),
    responses((status = 200, description = "The people.", body = SegmentPeople))
)]
#[post("/analytics/segments/{segment_id}/people")]
pub async fn list_segment_people(
    reports: web::Data<Reports>,
    _staff: Staff<AnalyticsPeople>,
    path: Path<SegmentId>,
) -> ApiResult<Json<SegmentPeople>> {
    let Path(id) = path;
    let Asked { row, as_of, people, users } = asking::people(&reports, id).await?;
    let (users, user_ids) = (users.len(), users.into_iter().take(MOST_TOLD).collect());
    Ok(Json(SegmentPeople { segment: row.into(), as_of, people, users, user_ids }))
}

/// Keeps a condition as a segment of people
///
/// It is asked anew whenever the segment is read; with `fixed` those who fulfil it now are kept instead.
#[utoipa::path(
    tag = "analytics", security(("staff" = [])), extensions(("x-permission" = json!("analytics.people"))),
    request_body = NewSegmentBody,
    responses((status = 201, description = "The segment.", body = SegmentView))
)]
#[post("/analytics/segments")]
pub async fn make_segment(
    reports: web::Data<Reports>,
    staff: Staff<AnalyticsPeople>,
    body: Json<NewSegmentBody>,
) -> ApiResult<Created<SegmentView>> {
    let NewSegmentBody { name, condition, fixed } = body.0;
    let persons = asking::fulfilling(&reports, condition.clone()).await?;
    let making = move |tx: &mut Tx<'_>| {
        if fixed {
            let definition = super::written(&condition)?;
            super::keep(tx, &staff, &name, &definition, &persons)
        } else {
            super::keep_living(tx, &staff, &name, &condition, persons.len())
        }
    };
    Ok(Created(reports.db().write("analytics.make_segment", making).await?))
}

/// Changes a living segment of people
///
/// Its name and its condition. A segment cannot ask for itself, by way of however many others.
#[utoipa::path(
    tag = "analytics", security(("staff" = [])), extensions(("x-permission" = json!("analytics.people"))),
    params(("segment_id" = SegmentId, Path, description = "The segment.")),
    request_body = SegmentBody,
    responses((status = 200, description = "The segment.", body = SegmentView))
)]
#[put("/analytics/segments/{segment_id}")]
pub async fn change_segment(
    reports: web::Data<Reports>,
    staff: Staff<AnalyticsPeople>,
    path: Path<SegmentId>,
    body: Json<SegmentBody>,
) -> ApiResult<Json<SegmentView>> {
    let (Path(id), SegmentBody { name, condition }) = (path, body.0);
    let wanted = condition.clone();
    // Looked at before the question is asked too, which would not know which segment is at fault.
    let looking = move |tx: &mut Tx<'_>| super::changeable(tx, id, &wanted);
    reports.db().read("analytics.changeable_segment", looking).await?;
    let people = asking::fulfilling(&reports, condition.clone()).await?.len();
    let changing = move |tx: &mut Tx<'_>| super::change(tx, &staff, id, &name, (&condition, people));
    Ok(Json(reports.db().write("analytics.change_segment", changing).await?))
}

/// Compares two segments of people
///
/// How many are in the one alone, in both, and in the other alone, now.
#[utoipa::path(
    tag = "analytics", security(("staff" = [])), extensions(("x-permission" = json!("analytics.read"))),
    request_body = SegmentPair,
    responses((status = 200, description = "The overlap.", body = SegmentOverlap))
)]
#[post("/analytics/segments/compare")]
pub async fn compare_segments(
    reports: web::Data<Reports>,
    _staff: Staff<AnalyticsRead>,
    body: Json<SegmentPair>,
) -> ApiResult<Json<SegmentOverlap>> {
    let SegmentPair { one, other } = body.0;
    let (as_of, (only_one, both, only_other)) = asking::overlap(&reports, one, other).await?;
    Ok(Json(SegmentOverlap { as_of, only_one, both, only_other }))
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
