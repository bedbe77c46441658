//! Looking at campaigns.

use actix_web::{get, web};
use serde::Deserialize;
use utoipa::IntoParams;

use super::views::{
    CalendarEntryView, CampaignCalendarView, CampaignChangeView, CampaignRiskView, CampaignRowView, CampaignView,
};
use crate::campaign::error::CampaignError;
use crate::campaign::model::{CampaignKind, CampaignState};
use crate::campaign::service;
use crate::campaign::store::CampaignFilter;
use crate::kernel::day::Day;
use crate::kernel::id::CampaignId;
use crate::kernel::page::Page;
use crate::platform::db::{Db, DbError};
use crate::platform::http::{ApiResult, Json, PageQuery, Path, Query, Staff};
use crate::staff::permission;

/// Most days of a calendar.
const MAX_DAYS: i64 = 92;
/// Most campaigns of a calendar.
const MAX_ENTRIES: i64 = 1_000;

/// Which campaigns to find; every condition given must hold.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CampaignSearchQuery {
    /// Of this kind.
    kind: Option<CampaignKind>,
    /// In this state.
    state: Option<CampaignState>,
    /// The `next_cursor` of the page before; absent for the first page.
    cursor: Option<String>,
    /// Items wanted, 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
}

/// Finds campaigns
///
/// Of every kind, the newest first.
#[utoipa::path(
    tag = "campaign",
    security(("staff" = [])),
    extensions(("x-permission" = json!("campaign.read"))),
    params(CampaignSearchQuery),
    responses((status = 200, description = "A page of campaigns.", body = Page<CampaignRowView>))
)]
#[get("/campaigns")]
pub async fn search_campaigns(
    db: web::Data<Db>,
    _staff: Staff<permission::CampaignRead>,
    query: Query<CampaignSearchQuery>,
) -> ApiResult<Json<Page<CampaignRowView>>> {
    let CampaignSearchQuery { kind, state, cursor, limit } = query.0;
    let page = PageQuery { cursor, limit };
    let (after, limit) = (page.cursor()?, page.limit()?);
    let filter = CampaignFilter { kind, state, ..CampaignFilter::default() };
    let found = db.read("search_campaigns", move |tx| service::page(tx, &filter, after, limit)).await?;
    Ok(Json(found.map(Into::into)))
}

/// Which days to show.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CampaignCalendarQuery {
    /// The first day.
    #[param(example = "2026-03-01")]
    from: Day,
    /// The first day no longer shown, at most 92 days later.
    #[param(example = "2026-04-01")]
    until: Day,
}

/// The calendar of campaigns
///
/// Every campaign with a day among those asked for, in the shop's zone, by its beginning; at most 1000.
#[utoipa::path(
    tag = "campaign",
    security(("staff" = [])),
    extensions(("x-permission" = json!("campaign.read"))),
    params(CampaignCalendarQuery),
    responses((status = 200, description = "The calendar.", body = CampaignCalendarView))
)]
#[get("/campaigns/calendar")]
pub async fn show_campaign_calendar(
    db: web::Data<Db>,
    _staff: Staff<permission::CampaignRead>,
    query: Query<CampaignCalendarQuery>,
) -> ApiResult<Json<CampaignCalendarView>> {
    let CampaignCalendarQuery { from, until } = query.0;
    let days = until.get().saturating_sub(from.get());
    if !(1..=MAX_DAYS).contains(&days) {
        return Err(CampaignError::field("until", "1 to 92 days after from").into());
    }
    let showing = db.read("show_campaign_calendar", move |tx| {
        let zone = tx.zone().clone();
        let (from_moment, until_moment) = (zone.start_of(from), zone.start_of(until));
        let filter = CampaignFilter { from: Some(from_moment), until: Some(until_moment), ..CampaignFilter::default() };
        let mut found = service::page(tx, &filter, None, MAX_ENTRIES)?.items;
        found.sort_by_key(|campaign| (campaign.row.starts_at, campaign.row.id));
        let items = found.into_iter().map(|campaign| CalendarEntryView::of(campaign, &zone)).collect();
        Ok::<_, DbError>(CampaignCalendarView { from, until, items })
    });
    Ok(Json(showing.await?))
}

/// Shows a campaign to staff
#[utoipa::path(
    tag = "campaign",
    security(("staff" = [])),
    extensions(("x-permission" = json!("campaign.read"))),
    params(("campaign_id" = CampaignId, Path, description = "The campaign.")),
    responses((status = 200, description = "The campaign.", body = CampaignView))
)]
#[get("/campaigns/{campaign_id}")]
pub async fn show_campaign_to_staff(
    db: web::Data<Db>,
    _staff: Staff<permission::CampaignRead>,
    path: Path<CampaignId>,
) -> ApiResult<Json<CampaignView>> {
    let Path(id) = path;
    Ok(Json(CampaignView::of(db.read("show_campaign_to_staff", move |tx| service::campaign(tx, id)).await?)))
}

/// A page of a list.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CampaignChangesQuery {
    /// The `next_cursor` of the page before; absent for the first page.
    cursor: Option<String>,
    /// Items wanted, 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
}

/// What was done with a campaign
///
/// By staff, by the clock and by rules, the latest first: who, why, before and after.
#[utoipa::path(
    tag = "campaign",
    security(("staff" = [])),
    extensions(("x-permission" = json!("campaign.read"))),
    params(("campaign_id" = CampaignId, Path, description = "The campaign."), CampaignChangesQuery),
    responses((status = 200, description = "A page of the change log.", body = Page<CampaignChangeView>))
)]
#[get("/campaigns/{campaign_id}/changes")]
pub async fn list_campaign_changes(
    db: web::Data<Db>,
    _staff: Staff<permission::CampaignRead>,
    path: Path<CampaignId>,
    query: Query<CampaignChangesQuery>,
) -> ApiResult<Json<Page<CampaignChangeView>>> {
    let (Path(id), CampaignChangesQuery { cursor, limit }) = (path, query.0);
    let page = PageQuery { cursor, limit };
    let (after, limit) = (page.cursor()?, page.limit()?);
    let found = db.read("list_campaign_changes", move |tx| service::changes(tx, id, after, limit)).await?;
    Ok(Json(found.map(Into::into)))
}

/// How a campaign is watched
///
/// Its rules, what each of them makes of this moment, and when rules fired.
#[utoipa::path(
    tag = "campaign",
    security(("staff" = [])),
    extensions(("x-permission" = json!("campaign.read"))),
    params(("campaign_id" = CampaignId, Path, description = "The campaign.")),
    responses((status = 200, description = "Rules and alerts.", body = CampaignRiskView))
)]
#[get("/campaigns/{campaign_id}/risk")]
pub async fn show_campaign_risk(
    db: web::Data<Db>,
    _staff: Staff<permission::CampaignRead>,
    path: Path<CampaignId>,
) -> ApiResult<Json<CampaignRiskView>> {
    let Path(id) = path;
    Ok(Json(db.read("show_campaign_risk", move |tx| service::risk_state(tx, id)).await?.into()))
}
