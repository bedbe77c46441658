//! Bargains for staff. Scheduling, pausing, reports and budgets are the same for all campaigns and live there.

mod views;

use actix_web::{HttpResponse, get, post, put, web};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use self::views::{BargainCampaignFileView, BargainFileView, PrizesRetriedView, StaffBargainView};
use super::error::BargainError;
use super::model::{BargainId, BargainState, Rules};
use super::service::{self, AtDesk, Wanted};
use crate::campaign::{self, Plan};
use crate::kernel::id::{CampaignId, UserId};
use crate::kernel::page::Page;
use crate::platform::db::{Db, DbResult, Tx};
use crate::platform::http::{ApiResult, Created, Json, PageQuery, Path, Query, Staff};
use crate::staff::permission::{CampaignRead, CampaignWrite};

/// The endpoints for staff.
#[derive(utoipa::OpenApi)]
#[openapi(paths(
    plan_bargain_campaign,
    change_bargain_rules,
    show_bargain_campaign_to_staff,
    list_bargains_of_campaign,
    show_bargain_to_staff,
    export_bargains,
    export_bargain_cuts,
    retry_bargain_prizes
))]
pub struct AdminApi;

/// Registers the endpoints for staff.
pub fn admin_routes(config: &mut web::ServiceConfig) {
    config
        .service(plan_bargain_campaign)
        .service(change_bargain_rules)
        .service(export_bargains)
        .service(export_bargain_cuts)
        .service(retry_bargain_prizes)
        .service(list_bargains_of_campaign)
        .service(show_bargain_campaign_to_staff)
        .service(show_bargain_to_staff);
}

/// A campaign of bargains to be planned.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanBargainCampaign {
    /// What every campaign has.
    pub plan: Plan,
    /// What this kind promises.
    pub rules: Rules,
}

fn desk<P>(staff: Staff<P>) -> AtDesk {
    AtDesk { staff_id: staff.staff_id, origin: staff.origin }
}

fn file(tx: &mut Tx<'_>, id: CampaignId) -> Result<BargainCampaignFileView, BargainError> {
    service::campaign_file(tx, id).map(BargainCampaignFileView::from)
}

/// Plans a campaign of bargains
///
/// Writes down a draft. It is checked and scheduled like every campaign.
#[utoipa::path(
    tag = "bargain",
    security(("staff" = [])),
    extensions(("x-permission" = json!("campaign.write"))),
    request_body = PlanBargainCampaign,
    responses((status = 201, description = "The draft.", body = BargainCampaignFileView))
)]
#[post("/bargain-campaigns")]
pub async fn plan_bargain_campaign(
    db: web::Data<Db>,
    staff: Staff<CampaignWrite>,
    body: Json<PlanBargainCampaign>,
) -> ApiResult<Created<BargainCampaignFileView>> {
    let (desk, body) = (desk(staff), body.0);
    let planning = db.write("plan_bargain_campaign", move |tx| {
        let id = service::plan(tx, &desk, &body.plan, &body.rules)?;
        file(tx, id)
    });
    Ok(Created(planning.await?))
}

/// Changes the rules of a draft
#[utoipa::path(
    tag = "bargain",
    security(("staff" = [])),
    extensions(("x-permission" = json!("campaign.write"))),
    params(("id" = CampaignId, Path, description = "The campaign.")),
    request_body = Rules,
    responses((status = 200, description = "The draft with its new rules.", body = BargainCampaignFileView))
)]
#[put("/bargain-campaigns/{id}/rules")]
pub async fn change_bargain_rules(
    db: web::Data<Db>,
    staff: Staff<CampaignWrite>,
    id: Path<CampaignId>,
    body: Json<Rules>,
) -> ApiResult<Json<BargainCampaignFileView>> {
    let (desk, id, rules) = (desk(staff), id.0, body.0);
    let changing = db.write("change_bargain_rules", move |tx| {
        service::change_rules(tx, &desk, id, &rules)?;
        file(tx, id)
    });
    Ok(Json(changing.await?))
}

/// A campaign of bargains: its rules, the ranking, and who won what
#[utoipa::path(
    tag = "bargain",
    security(("staff" = [])),
    extensions(("x-permission" = json!("campaign.read"))),
    params(("id" = CampaignId, Path, description = "The campaign.")),
    responses((status = 200, description = "The campaign.", body = BargainCampaignFileView))
)]
#[get("/bargain-campaigns/{id}")]
pub async fn show_bargain_campaign_to_staff(
    db: web::Data<Db>,
    _staff: Staff<CampaignRead>,
    id: Path<CampaignId>,
) -> ApiResult<Json<BargainCampaignFileView>> {
    let id = id.0;
    Ok(Json(db.read("bargain.campaign_file", move |tx| file(tx, id)).await?))
}

/// Which bargains to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct BargainsOfCampaignQuery {
    /// Only those in this state.
    pub state: Option<BargainState>,
    /// Only those of this user.
    pub user_id: Option<UserId>,
    /// The `next_cursor` of the page before; absent for the first page.
    pub cursor: Option<String>,
    /// Items wanted, 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<i64>,
}

/// The bargains of a campaign, latest first
#[utoipa::path(
    tag = "bargain",
    security(("staff" = [])),
    extensions(("x-permission" = json!("campaign.read"))),
    params(("id" = CampaignId, Path, description = "The campaign."), BargainsOfCampaignQuery),
    responses((status = 200, description = "A page of bargains.", body = Page<StaffBargainView>))
)]
#[get("/bargain-campaigns/{id}/bargains")]
pub async fn list_bargains_of_campaign(
    db: web::Data<Db>,
    _staff: Staff<CampaignRead>,
    id: Path<CampaignId>,
    query: Query<BargainsOfCampaignQuery>,
) -> ApiResult<Json<Page<StaffBargainView>>> {
    let BargainsOfCampaignQuery { state, user_id, cursor, limit } = query.0;
    let page = PageQuery { cursor, limit };
    let (id, after, limit) = (id.0, page.cursor()?, page.limit()?);
    let wanted = Wanted { state, user: user_id };
    let list = db.read("bargain.list", move |tx| service::list(tx, id, wanted, after, limit)).await?;
    Ok(Json(list.map(|bargain| StaffBargainView::of(&bargain))))
}

/// One bargain with its pieces
///
/// Everything that happened to it, and whether the stored pieces are what its seed gives again.
#[utoipa::path(
    tag = "bargain",
    security(("staff" = [])),
    extensions(("x-permission" = json!("campaign.read"))),
    params(("id" = BargainId, Path, description = "The bargain.")),
    responses((status = 200, description = "The bargain.", body = BargainFileView))
)]
#[get("/bargains/{id}")]
pub async fn show_bargain_to_staff(
    db: web::Data<Db>,
    _staff: Staff<CampaignRead>,
    id: Path<BargainId>,
) -> ApiResult<Json<BargainFileView>> {
    let id = id.0;
    Ok(Json(db.read("bargain.file", move |tx| service::file(tx, id)).await?.into()))
}

/// Writes down which table staff took out of the shop, before they get it.
async fn note_export(db: &Db, desk: AtDesk, id: CampaignId, exported: (&'static str, usize)) -> DbResult<()> {
    let noting = db.write("export_bargains.note", move |tx| {
        campaign::note_export(tx, id, (desk.staff_id, &desk.origin), exported)
    });
    noting.await
}

/// A campaign's bargains as CSV
#[utoipa::path(
    tag = "bargain",
    security(("staff" = [])),
    extensions(("x-permission" = json!("campaign.read"))),
    params(("id" = CampaignId, Path, description = "The campaign.")),
    responses((status = 200, description = "One row for each bargain, at most 20,000.", body = String, content_type = "text/csv"))
)]
#[get("/bargain-campaigns/{id}/bargains/export")]
pub async fn export_bargains(
    db: web::Data<Db>,
    staff: Staff<CampaignRead>,
    id: Path<CampaignId>,
) -> ApiResult<HttpResponse> {
    let (desk, id) = (desk(staff), id.0);
    let (count, table) = db.read("export_bargains", move |tx| service::bargains_table(tx, id)).await?;
    note_export(&db, desk, id, ("bargains", count)).await?;
    Ok(table.download("bargains.csv"))
}

/// A campaign's cuts as CSV: who helped whom
#[utoipa::path(
    tag = "bargain",
    security(("staff" = [])),
    extensions(("x-permission" = json!("campaign.read"))),
    params(("id" = CampaignId, Path, description = "The campaign.")),
    responses((status = 200, description = "One row for each cut, at most 20,000.", body = String, content_type = "text/csv"))
)]
#[get("/bargain-campaigns/{id}/cuts/export")]
pub async fn export_bargain_cuts(
    db: web::Data<Db>,
    staff: Staff<CampaignRead>,
    id: Path<CampaignId>,
) -> ApiResult<HttpResponse> {
    let (desk, id) = (desk(staff), id.0);
    let (count, table) = db.read("export_bargain_cuts", move |tx| service::helps_table(tx, id)).await?;
    note_export(&db, desk, id, ("cuts", count)).await?;
    Ok(table.download("bargain-cuts.csv"))
}

/// Tries the prizes of a ranking again that could not be given
#[utoipa::path(
    tag = "bargain",
    security(("staff" = [])),
    extensions(("x-permission" = json!("campaign.write"))),
    params(("id" = CampaignId, Path, description = "The campaign.")),
    responses((status = 200, description = "How many are tried again.", body = PrizesRetriedView))
)]
#[post("/bargain-campaigns/{id}/prizes/retry")]
pub async fn retry_bargain_prizes(
    db: web::Data<Db>,
    staff: Staff<CampaignWrite>,
    id: Path<CampaignId>,
) -> ApiResult<Json<PrizesRetriedView>> {
    let (desk, id) = (desk(staff), id.0);
    let retried = db.write("retry_bargain_prizes", move |tx| service::retry_prizes(tx, &desk, id)).await?;
    Ok(Json(PrizesRetriedView { prizes: retried }))
}
