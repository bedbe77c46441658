//! Campaigns for shoppers.

use actix_web::{get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::model::{CampaignFacts, CampaignKind, Card};
use super::service;
use super::views::ActionView;
use crate::kernel::id::CampaignId;
use crate::kernel::time::Timestamp;
use crate::platform::db::{Db, DbError};
use crate::platform::http::{ApiResult, Json, MaybeShopper, Path, Query};

/// The endpoints for shoppers.
#[derive(utoipa::OpenApi)]
#[openapi(paths(list_campaigns, show_campaign))]
pub struct ShopperApi;

/// Registers the endpoints for shoppers.
pub fn shopper_routes(config: &mut web::ServiceConfig) {
    config.service(list_campaigns).service(show_campaign);
}

/// Which campaigns to list.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CampaignsQuery {
    /// Only of this kind.
    kind: Option<CampaignKind>,
}

/// Campaigns that this viewer may know of.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CampaignsView {
    /// The shop's own clock, for countdowns.
    pub server_time: Timestamp,
    /// Those that run and those to come, by their beginning.
    pub items: Vec<ShownCampaignView>,
}

/// A campaign as shoppers see it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ShownCampaignView {
    /// The campaign.
    pub campaign_id: CampaignId,
    /// What kind.
    pub kind: CampaignKind,
    /// How it is called.
    #[schema(example = "夏日樱桃拼团")]
    pub name: String,
    /// What it tells shoppers.
    #[schema(example = "三人拼团，每箱立减 20 元。")]
    pub intro: String,
    /// How it looks when it is passed on.
    pub card: Card,
    /// When it begins.
    pub starts_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
    /// Whether it has begun; otherwise it is to come.
    pub begun: bool,
}

impl ShownCampaignView {
    fn of(facts: CampaignFacts, now: Timestamp) -> Self {
        Self {
            campaign_id: facts.id,
            kind: facts.kind,
            name: facts.name,
            intro: facts.intro,
            card: Card { title: facts.card_title, picture: facts.card_picture, path: facts.card_path },
            starts_at: facts.starts_at,
            ends_at: facts.ends_at,
            begun: facts.starts_at <= now,
        }
    }
}

/// One campaign's own page.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CampaignPageView {
    /// The shop's own clock, for countdowns.
    pub server_time: Timestamp,
    /// The campaign.
    pub campaign: ShownCampaignView,
    /// What this viewer could do, and whether they may: `take_part`.
    pub actions: Vec<ActionView>,
}

/// Campaigns that run or are to come
///
/// Only those meant for whoever asks; before log-in, those for everybody and for newcomers.
#[utoipa::path(
    tag = "campaign",
    security((), ("shopper" = [])),
    params(CampaignsQuery),
    responses((status = 200, description = "The campaigns.", body = CampaignsView))
)]
#[get("/campaigns")]
pub async fn list_campaigns(
    db: web::Data<Db>,
    shopper: MaybeShopper,
    query: Query<CampaignsQuery>,
) -> ApiResult<Json<CampaignsView>> {
    let (user, kind) = (shopper.0.map(|shopper| shopper.user_id), query.0.kind);
    let listing = db.read("list_campaigns", move |tx| {
        let (found, now) = (service::shown(tx, user, kind)?, tx.now());
        let items = found.into_iter().map(|facts| ShownCampaignView::of(facts, now)).collect();
        Ok::<_, DbError>(CampaignsView { server_time: now, items })
    });
    Ok(Json(listing.await?))
}

/// One campaign's own page
#[utoipa::path(
    tag = "campaign",
    security((), ("shopper" = [])),
    params(("campaign_id" = CampaignId, Path, description = "The campaign.")),
    responses((status = 200, description = "The page.", body = CampaignPageView))
)]
#[get("/campaigns/{campaign_id}")]
pub async fn show_campaign(
    db: web::Data<Db>,
    shopper: MaybeShopper,
    path: Path<CampaignId>,
) -> ApiResult<Json<CampaignPageView>> {
    let (user, Path(id)) = (shopper.0.map(|shopper| shopper.user_id), path);
    let showing = db.read("show_campaign", move |tx| {
        let (shown, now) = (service::show(tx, user, id)?, tx.now());
        let actions = vec![ActionView::of("take_part", shown.hindrance)];
        let campaign = ShownCampaignView::of(shown.facts, now);
        Ok::<_, super::CampaignError>(CampaignPageView { server_time: now, campaign, actions })
    });
    Ok(Json(showing.await?))
}
