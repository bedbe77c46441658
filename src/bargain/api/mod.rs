//! Bargains for shoppers.

pub(super) mod views;

use actix_web::{get, post, web};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use self::views::{
    BargainCampaignView, BargainCutView, BargainPageView, BargainRankingView, BargainView, BargainWallView, HelpView,
    OwnBargainView,
};
use super::model::{BargainId, BargainState};
use super::service::{self, Comer};
use crate::kernel::id::{CampaignId, UserId};
use crate::kernel::page::Page;
use crate::platform::db::{Db, DbResult};
use crate::platform::http::{ApiResult, Created, Json, MaybeShopper, Origin, PageQuery, Path, Query, Shopper};

/// The endpoints for shoppers.
#[derive(utoipa::OpenApi)]
#[openapi(paths(
    list_bargain_campaigns,
    get_bargain_campaign,
    get_bargain_ranking,
    open_bargain,
    list_own_bargains,
    get_bargain,
    list_bargain_cuts,
    help_bargain
))]
pub struct ShopperApi;

/// Registers the endpoints for shoppers.
pub fn shopper_routes(config: &mut web::ServiceConfig) {
    config
        .service(list_bargain_campaigns)
        .service(get_bargain_campaign)
        .service(get_bargain_ranking)
        .service(open_bargain)
        .service(list_own_bargains)
        .service(get_bargain)
        .service(list_bargain_cuts)
        .service(help_bargain);
}

fn user(shopper: &MaybeShopper) -> Option<UserId> {
    shopper.0.as_ref().map(|shopper| shopper.user_id)
}

fn comer(shopper: &Shopper, origin: &Origin) -> Comer {
    Comer { user: shopper.user_id, device: shopper.device_id, address: origin.address.clone() }
}

/// The wall: what can be bargained over now
///
/// Only what is open to the viewer; the campaign that ends first first.
#[utoipa::path(
    tag = "bargain",
    security((), ("shopper" = [])),
    responses((status = 200, description = "The campaigns.", body = BargainWallView))
)]
#[get("/bargain-campaigns")]
pub async fn list_bargain_campaigns(db: web::Data<Db>, shopper: MaybeShopper) -> ApiResult<Json<BargainWallView>> {
    let user = user(&shopper);
    Ok(Json(db.read("bargain.wall", move |tx| service::wall(tx, user)).await?.into()))
}

/// One campaign of bargains
#[utoipa::path(
    tag = "bargain",
    security((), ("shopper" = [])),
    params(("id" = CampaignId, Path, description = "The campaign.")),
    responses((status = 200, description = "The campaign and what the viewer may do.", body = BargainCampaignView))
)]
#[get("/bargain-campaigns/{id}")]
pub async fn get_bargain_campaign(
    db: web::Data<Db>,
    shopper: MaybeShopper,
    id: Path<CampaignId>,
) -> ApiResult<Json<BargainCampaignView>> {
    let (id, user) = (id.0, user(&shopper));
    Ok(Json(db.read("bargain.campaign", move |tx| service::campaign_page(tx, id, user)).await?.into()))
}

/// The owners with most helpers
#[utoipa::path(
    tag = "bargain",
    security((), ("shopper" = [])),
    params(("id" = CampaignId, Path, description = "The campaign.")),
    responses((status = 200, description = "The first places, and the viewer's own.", body = BargainRankingView))
)]
#[get("/bargain-campaigns/{id}/ranking")]
pub async fn get_bargain_ranking(
    db: web::Data<Db>,
    shopper: MaybeShopper,
    id: Path<CampaignId>,
) -> ApiResult<Json<BargainRankingView>> {
    let (id, user) = (id.0, user(&shopper));
    Ok(Json(db.read("bargain.ranking", move |tx| service::ranking(tx, id, user)).await?.into()))
}

/// What to bargain over.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenBargain {
    /// The campaign.
    pub campaign_id: CampaignId,
}

/// Opens a bargain
///
/// Draws how the price falls. One is open at a time in a campaign; a second request answers 409 with the first one's id.
#[utoipa::path(
    tag = "bargain",
    security(("shopper" = [])),
    request_body = OpenBargain,
    responses((status = 201, description = "The bargain.", body = BargainView))
)]
#[post("/bargains")]
pub async fn open_bargain(
    db: web::Data<Db>,
    shopper: Shopper,
    origin: Origin,
    body: Json<OpenBargain>,
) -> ApiResult<Created<BargainView>> {
    let (campaign, who) = (body.campaign_id, comer(&shopper, &origin));
    let opening = db.write("open_bargain", move |tx| {
        service::open(tx, campaign, &who).map(|bargain| BargainView::of(&bargain, tx.now()))
    });
    Ok(Created(opening.await?))
}

/// Which of one's own bargains to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OwnBargainsQuery {
    /// Only those in this state.
    pub state: Option<BargainState>,
    /// The `next_cursor` of the page before; absent for the first page.
    pub cursor: Option<String>,
    /// Items wanted, 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<i64>,
}

/// One's own bargains, latest first
#[utoipa::path(
    tag = "bargain",
    security(("shopper" = [])),
    params(OwnBargainsQuery),
    responses((status = 200, description = "A page of bargains.", body = Page<OwnBargainView>))
)]
#[get("/bargains")]
pub async fn list_own_bargains(
    db: web::Data<Db>,
    shopper: Shopper,
    query: Query<OwnBargainsQuery>,
) -> ApiResult<Json<Page<OwnBargainView>>> {
    let OwnBargainsQuery { state, cursor, limit } = query.0;
    let page = PageQuery { cursor, limit };
    let (after, limit) = (page.cursor()?, page.limit()?);
    let page = db.read("bargain.own", move |tx| -> DbResult<_> {
        let now = tx.now();
        Ok(service::mine(tx, shopper.user_id, state, after, limit)?.map(|mine| OwnBargainView::of(mine, now)))
    });
    Ok(Json(page.await?))
}

/// A bargain's own page
///
/// For anybody who has its link: the price now, who helped, what the viewer may do and why not.
#[utoipa::path(
    tag = "bargain",
    security((), ("shopper" = [])),
    params(("id" = BargainId, Path, description = "The bargain.")),
    responses((status = 200, description = "The bargain.", body = BargainPageView))
)]
#[get("/bargains/{id}")]
pub async fn get_bargain(
    db: web::Data<Db>,
    shopper: MaybeShopper,
    id: Path<BargainId>,
) -> ApiResult<Json<BargainPageView>> {
    let (id, user) = (id.0, user(&shopper));
    Ok(Json(db.read("bargain.page", move |tx| service::page(tx, id, user)).await?.into()))
}

/// Who helped, latest first
#[utoipa::path(
    tag = "bargain",
    security((), ("shopper" = [])),
    params(("id" = BargainId, Path, description = "The bargain."), PageQuery),
    responses((status = 200, description = "A page of cuts.", body = Page<BargainCutView>))
)]
#[get("/bargains/{id}/cuts")]
pub async fn list_bargain_cuts(
    db: web::Data<Db>,
    _shopper: MaybeShopper,
    id: Path<BargainId>,
    page: Query<PageQuery>,
) -> ApiResult<Json<Page<BargainCutView>>> {
    let (id, after, limit) = (id.0, page.0.cursor()?, page.0.limit()?);
    let ladder = db.read("bargain.ladder", move |tx| service::ladder(tx, id, after, limit)).await?;
    Ok(Json(ladder.map(BargainCutView::from)))
}

/// Helps a friend
///
/// Cuts a piece off the price, once for each user and bargain, and says how much.
#[utoipa::path(
    tag = "bargain",
    security(("shopper" = [])),
    params(("id" = BargainId, Path, description = "The bargain.")),
    responses((status = 201, description = "What was cut off.", body = HelpView))
)]
#[post("/bargains/{id}/cuts")]
pub async fn help_bargain(
    db: web::Data<Db>,
    shopper: Shopper,
    origin: Origin,
    id: Path<BargainId>,
) -> ApiResult<Created<HelpView>> {
    let (id, who) = (id.0, comer(&shopper, &origin));
    let helping =
        db.write("help_bargain", move |tx| service::help(tx, id, &who).map(|helped| HelpView::of(&helped, tx.now())));
    Ok(Created(helping.await?))
}
