//! What staff do with campaigns.

use actix_web::{patch, post, put, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::desk;
use super::views::{CampaignCheckView, CampaignDecisionView, CampaignProblemView, CampaignRiskView, CampaignView};
use crate::campaign::error::CampaignError;
use crate::campaign::model::RiskRule;
use crate::campaign::rules::{PlanChanges, Step};
use crate::campaign::service::{self, AtDesk, AudienceChange, Campaigns};
use crate::kernel::id::{CampaignId, UserId};
use crate::platform::db::{Db, Tx};
use crate::platform::http::{ApiResult, Json, Path, Staff};
use crate::staff::permission;

/// Changes of a plan.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditCampaign {
    /// The version of the campaign that the changes are based on.
    #[schema(example = 3)]
    pub version: i64,
    /// What changes.
    pub plan: PlanChanges,
    /// Why, 1–200 characters.
    #[schema(example = "追加预算", min_length = 1, max_length = 200)]
    pub reason: String,
}

/// Why a step is taken.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CampaignReason {
    /// Why, 1–200 characters.
    #[schema(example = "按计划上线", min_length = 1, max_length = 200)]
    pub reason: String,
}

/// What staff make of a campaign.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewCampaign {
    /// In words, 1–5000 characters.
    #[schema(example = "拉新成本低于预期，晚间成团率最高；下次提高阶梯人数。", min_length = 1, max_length = 5000)]
    pub conclusions: String,
}

/// Users to put on the list of a campaign and to take off it: 1–5000 in all.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeCampaignAudience {
    /// To put on.
    #[serde(default)]
    #[schema(max_items = 5000)]
    pub add: Vec<UserId>,
    /// To take off.
    #[serde(default)]
    #[schema(max_items = 5000, example = json!([]))]
    pub remove: Vec<UserId>,
    /// Why, 1–200 characters.
    #[schema(example = "老客回访名单", min_length = 1, max_length = 200)]
    pub reason: String,
}

/// How long the list of a campaign is.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct CampaignAudienceView {
    /// Users on it.
    #[schema(example = 1200)]
    pub listed_users: i64,
}

/// Rules that are to watch a campaign.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeCampaignRiskRules {
    /// All of them, each kind at most once; none to watch nothing.
    #[schema(max_items = 6)]
    pub rules: Vec<RiskRule>,
    /// Why, 1–200 characters.
    #[schema(example = "收紧单设备占比", min_length = 1, max_length = 200)]
    pub reason: String,
}

fn full_view(tx: &mut Tx<'_>, id: CampaignId) -> Result<CampaignView, CampaignError> {
    Ok(CampaignView::of(service::campaign(tx, id)?))
}

/// Changes the plan of a campaign
///
/// Only what the body names. While it runs or is paused, its beginning, audience, hold-out and expectations are fixed. A
/// budget that is raised above the limit waits for a second member of staff; everything else changes at once.
#[utoipa::path(
    tag = "campaign",
    security(("staff" = [])),
    extensions(("x-permission" = json!("campaign.write"))),
    params(("campaign_id" = CampaignId, Path, description = "The campaign.")),
    request_body = EditCampaign,
    responses((status = 200, description = "What became of it.", body = CampaignDecisionView))
)]
#[patch("/campaigns/{campaign_id}")]
pub async fn edit_campaign(
    db: web::Data<Db>,
    campaigns: web::Data<Campaigns>,
    staff: Staff<permission::CampaignWrite>,
    path: Path<CampaignId>,
    body: Json<EditCampaign>,
) -> ApiResult<Json<CampaignDecisionView>> {
    let (Path(id), Json(body), desk) = (path, body, desk(&staff));
    let editing = db.write("edit_campaign", move |tx| {
        let EditCampaign { version, plan, reason } = body.clone();
        let decided = service::edit(tx, &campaigns, &desk, (id, version), plan, &reason)?;
        let campaign = full_view(tx, id)?;
        Ok::<_, CampaignError>(CampaignDecisionView { campaign, waits_for_approval: decided.waits_for_approval })
    });
    Ok(Json(editing.await?))
}

/// Says whether a campaign can be scheduled
#[utoipa::path(
    tag = "campaign",
    security(("staff" = [])),
    extensions(("x-permission" = json!("campaign.write"))),
    params(("campaign_id" = CampaignId, Path, description = "The campaign.")),
    responses((status = 200, description = "What is missing.", body = CampaignCheckView))
)]
#[post("/campaigns/{campaign_id}/check")]
pub async fn check_campaign(
    db: web::Data<Db>,
    campaigns: web::Data<Campaigns>,
    _staff: Staff<permission::CampaignWrite>,
    path: Path<CampaignId>,
) -> ApiResult<Json<CampaignCheckView>> {
    let Path(id) = path;
    let problems = db.read("check_campaign", move |tx| service::check(tx, &campaigns, id)).await?;
    let view = |problem: crate::campaign::Problem| CampaignProblemView { code: problem.code, message: problem.message };
    Ok(Json(CampaignCheckView { ready: problems.is_empty(), problems: problems.into_iter().map(view).collect() }))
}

/// Schedules a campaign
///
/// It starts by itself when its time comes. A budget above the limit waits for a second member of staff.
#[utoipa::path(
    tag = "campaign",
    security(("staff" = [])),
    extensions(("x-permission" = json!("campaign.run"))),
    params(("campaign_id" = CampaignId, Path, description = "The campaign.")),
    request_body = CampaignReason,
    responses((status = 200, description = "What became of it.", body = CampaignDecisionView))
)]
#[post("/campaigns/{campaign_id}/schedule")]
pub async fn schedule_campaign(
    db: web::Data<Db>,
    campaigns: web::Data<Campaigns>,
    staff: Staff<permission::CampaignRun>,
    path: Path<CampaignId>,
    body: Json<CampaignReason>,
) -> ApiResult<Json<CampaignDecisionView>> {
    let (Path(id), Json(body), desk) = (path, body, desk(&staff));
    let scheduling = db.write("schedule_campaign", move |tx| {
        let decided = service::schedule(tx, &campaigns, &desk, id, &body.reason)?;
        let campaign = full_view(tx, id)?;
        Ok::<_, CampaignError>(CampaignDecisionView { campaign, waits_for_approval: decided.waits_for_approval })
    });
    Ok(Json(scheduling.await?))
}

/// Takes one step and shows the campaign after it.
async fn take(
    db: &Db,
    campaigns: web::Data<Campaigns>,
    desk: AtDesk,
    id: CampaignId,
    (step, reason): (Step, String),
) -> ApiResult<Json<CampaignView>> {
    let taking = db.write("campaign.step", move |tx| {
        service::step(tx, &campaigns, &desk, id, step, &reason)?;
        full_view(tx, id)
    });
    Ok(Json(taking.await?))
}

/// Takes a scheduled campaign back to be changed
#[utoipa::path(
    tag = "campaign",
    security(("staff" = [])),
    extensions(("x-permission" = json!("campaign.run"))),
    params(("campaign_id" = CampaignId, Path, description = "The campaign.")),
    request_body = CampaignReason,
    responses((status = 200, description = "It is a draft again.", body = CampaignView))
)]
#[post("/campaigns/{campaign_id}/withdraw")]
pub async fn withdraw_campaign(
    db: web::Data<Db>,
    campaigns: web::Data<Campaigns>,
    staff: Staff<permission::CampaignRun>,
    path: Path<CampaignId>,
    body: Json<CampaignReason>,
) -> ApiResult<Json<CampaignView>> {
    take(&db, campaigns, desk(&staff), path.0, (Step::Withdraw, body.0.reason)).await
}

/// Pauses a campaign
///
/// From the moment this is answered, nobody takes part and nothing is given away.
#[utoipa::path(
    tag = "campaign",
    security(("staff" = [])),
    extensions(("x-permission" = json!("campaign.run"))),
    params(("campaign_id" = CampaignId, Path, description = "The campaign.")),
    request_body = CampaignReason,
    responses((status = 200, description = "It is paused.", body = CampaignView))
)]
#[post("/campaigns/{campaign_id}/pause")]
pub async fn pause_campaign(
    db: web::Data<Db>,
    campaigns: web::Data<Campaigns>,
    staff: Staff<permission::CampaignRun>,
    path: Path<CampaignId>,
    body: Json<CampaignReason>,
) -> ApiResult<Json<CampaignView>> {
    take(&db, campaigns, desk(&staff), path.0, (Step::Pause, body.0.reason)).await
}

/// Lets a paused campaign go on
///
/// The rules that watch it begin anew: what happened before does not count any more.
#[utoipa::path(
    tag = "campaign",
    security(("staff" = [])),
    extensions(("x-permission" = json!("campaign.run"))),
    params(("campaign_id" = CampaignId, Path, description = "The campaign.")),
    request_body = CampaignReason,
    responses((status = 200, description = "It runs.", body = CampaignView))
)]
#[post("/campaigns/{campaign_id}/resume")]
pub async fn resume_campaign(
    db: web::Data<Db>,
    campaigns: web::Data<Campaigns>,
    staff: Staff<permission::CampaignRun>,
    path: Path<CampaignId>,
    body: Json<CampaignReason>,
) -> ApiResult<Json<CampaignView>> {
    take(&db, campaigns, desk(&staff), path.0, (Step::Resume, body.0.reason)).await
}

/// Ends a campaign
///
/// For good, whatever its plan says; a draft is thrown away by it.
#[utoipa::path(
    tag = "campaign",
    security(("staff" = [])),
    extensions(("x-permission" = json!("campaign.run"))),
    params(("campaign_id" = CampaignId, Path, description = "The campaign.")),
    request_body = CampaignReason,
    responses((status = 200, description = "It is over.", body = CampaignView))
)]
#[post("/campaigns/{campaign_id}/end")]
pub async fn end_campaign(
    db: web::Data<Db>,
    campaigns: web::Data<Campaigns>,
    staff: Staff<permission::CampaignRun>,
    path: Path<CampaignId>,
    body: Json<CampaignReason>,
) -> ApiResult<Json<CampaignView>> {
    take(&db, campaigns, desk(&staff), path.0, (Step::End, body.0.reason)).await
}

/// Writes down what staff make of a campaign that is over
#[utoipa::path(
    tag = "campaign",
    security(("staff" = [])),
    extensions(("x-permission" = json!("campaign.write"))),
    params(("campaign_id" = CampaignId, Path, description = "The campaign.")),
    request_body = ReviewCampaign,
    responses((status = 200, description = "It is reviewed.", body = CampaignView))
)]
#[post("/campaigns/{campaign_id}/review")]
pub async fn review_campaign(
    db: web::Data<Db>,
    campaigns: web::Data<Campaigns>,
    staff: Staff<permission::CampaignWrite>,
    path: Path<CampaignId>,
    body: Json<ReviewCampaign>,
) -> ApiResult<Json<CampaignView>> {
    let (Path(id), Json(body), desk) = (path, body, desk(&staff));
    let reviewing = db.write("review_campaign", move |tx| {
        service::review(tx, &campaigns, &desk, id, &body.conclusions)?;
        full_view(tx, id)
    });
    Ok(Json(reviewing.await?))
}

/// Names users for a campaign whose audience is a list
#[utoipa::path(
    tag = "campaign",
    security(("staff" = [])),
    extensions(("x-permission" = json!("campaign.write"))),
    params(("campaign_id" = CampaignId, Path, description = "The campaign.")),
    request_body = ChangeCampaignAudience,
    responses((status = 200, description = "How many are named.", body = CampaignAudienceView))
)]
#[post("/campaigns/{campaign_id}/audience")]
pub async fn change_campaign_audience(
    db: web::Data<Db>,
    staff: Staff<permission::CampaignWrite>,
    path: Path<CampaignId>,
    body: Json<ChangeCampaignAudience>,
) -> ApiResult<Json<CampaignAudienceView>> {
    let (Path(id), Json(body), desk) = (path, body, desk(&staff));
    let wanted = AudienceChange { add: body.add, remove: body.remove, reason: body.reason };
    let changing = db.write("change_campaign_audience", move |tx| service::change_audience(tx, &desk, id, &wanted));
    Ok(Json(CampaignAudienceView { listed_users: changing.await? }))
}

/// Sets the rules that watch a campaign
///
/// They look at what happens within seconds. One that fires warns staff or pauses the campaign, with its reason in the
/// change log; resuming is up to staff.
#[utoipa::path(
    tag = "campaign",
    security(("staff" = [])),
    extensions(("x-permission" = json!("campaign.run"))),
    params(("campaign_id" = CampaignId, Path, description = "The campaign.")),
    request_body = ChangeCampaignRiskRules,
    responses((status = 200, description = "The rules that watch it now.", body = CampaignRiskView))
)]
#[put("/campaigns/{campaign_id}/risk-rules")]
pub async fn change_campaign_risk_rules(
    db: web::Data<Db>,
    staff: Staff<permission::CampaignRun>,
    path: Path<CampaignId>,
    body: Json<ChangeCampaignRiskRules>,
) -> ApiResult<Json<CampaignRiskView>> {
    let (Path(id), Json(body), desk) = (path, body, desk(&staff));
    let changing = db.write("change_campaign_risk_rules", move |tx| {
        service::change_risk_rules(tx, &desk, id, &body.rules, &body.reason)?;
        service::risk_state(tx, id)
    });
    Ok(Json(changing.await?.into()))
}
