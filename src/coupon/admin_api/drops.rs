//! Coupon drops for staff. What all campaigns share is with campaigns.

use actix_web::{get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::desk;
use super::views::CouponTemplateView;
use crate::campaign::{CampaignState, Plan};
use crate::coupon::draft::CouponTemplateDraft;
use crate::coupon::service::{self, DropFile};
use crate::kernel::id::CampaignId;
use crate::kernel::time::Timestamp;
use crate::platform::db::Db;
use crate::platform::http::{ApiResult, Created, Json, Path, Staff};
use crate::staff::permission::{CampaignRead, CampaignWrite};

/// A coupon drop to be planned.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanCouponDrop {
    /// What every campaign has.
    pub plan: Plan,
    /// 1 to 20 kinds of coupons.
    pub templates: Vec<CouponTemplateDraft>,
}

/// A coupon drop.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CouponDropView {
    /// The campaign.
    pub campaign_id: CampaignId,
    /// How it is called.
    #[schema(example = "夏日发券")]
    pub name: String,
    /// Where it stands.
    pub state: CampaignState,
    /// When it begins.
    pub starts_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
    /// Its kinds of coupons.
    pub templates: Vec<CouponTemplateView>,
}

impl From<DropFile> for CouponDropView {
    fn from(file: DropFile) -> Self {
        let DropFile { campaign, templates } = file;
        Self {
            campaign_id: campaign.id,
            name: campaign.name,
            state: campaign.state,
            starts_at: campaign.starts_at,
            ends_at: campaign.ends_at,
            templates: templates.into_iter().map(Into::into).collect(),
        }
    }
}

/// Plans a coupon drop
///
/// As a draft: schedule the campaign to let it begin at its time. Each coupon takes its face out of the campaign's budget
/// when it is issued.
#[utoipa::path(
    tag = "coupon",
    security(("staff" = [])),
    extensions(("x-permission" = json!("campaign.write"))),
    request_body = PlanCouponDrop,
    responses((status = 201, description = "The coupon drop.", body = CouponDropView))
)]
#[post("/coupon-drops")]
pub async fn plan_coupon_drop(
    db: web::Data<Db>,
    staff: Staff<CampaignWrite>,
    body: Json<PlanCouponDrop>,
) -> ApiResult<Created<CouponDropView>> {
    let desk = desk(&staff);
    let planning =
        db.write("plan_coupon_drop", move |tx| service::plan_drop(tx, &desk, &body.plan, &body.templates)).await?;
    Ok(Created(planning.into()))
}

/// Shows a coupon drop
#[utoipa::path(
    tag = "coupon",
    security(("staff" = [])),
    extensions(("x-permission" = json!("campaign.read"))),
    params(("campaign_id" = CampaignId, Path, description = "The campaign.")),
    responses((status = 200, description = "The coupon drop.", body = CouponDropView))
)]
#[get("/coupon-drops/{campaign_id}")]
pub async fn show_coupon_drop(
    db: web::Data<Db>,
    _staff: Staff<CampaignRead>,
    path: Path<CampaignId>,
) -> ApiResult<Json<CouponDropView>> {
    let id = path.0;
    let file = db.read("show_coupon_drop", move |tx| service::file_of_drop(tx, id)).await?;
    Ok(Json(file.into()))
}

/// Adds a kind of coupon to a coupon drop
///
/// While it is a draft. A kind that is there already is rewritten, or ended, like any other.
#[utoipa::path(
    tag = "coupon",
    security(("staff" = [])),
    extensions(("x-permission" = json!("campaign.write"))),
    params(("campaign_id" = CampaignId, Path, description = "The campaign.")),
    request_body = CouponTemplateDraft,
    responses((status = 201, description = "The coupon drop.", body = CouponDropView))
)]
#[post("/coupon-drops/{campaign_id}/templates")]
pub async fn extend_coupon_drop(
    db: web::Data<Db>,
    staff: Staff<CampaignWrite>,
    path: Path<CampaignId>,
    body: Json<CouponTemplateDraft>,
) -> ApiResult<Created<CouponDropView>> {
    let (desk, id) = (desk(&staff), path.0);
    let file = db.write("extend_coupon_drop", move |tx| service::extend_drop(tx, &desk, id, &body)).await?;
    Ok(Created(file.into()))
}
