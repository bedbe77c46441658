//! Packets for shoppers.

use actix_web::{get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::error::SocialCouponError;
use super::model::{OWN_PORTION, Packet, PacketId, PacketState, Portion};
use super::service::{self, Claimed, Claimer, PacketPage};
use super::store;
use crate::campaign::ActionView;
use crate::coupon::CouponId;
use crate::identity;
use crate::kernel::id::{CampaignId, OrderId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::page::{Cursor, Page};
use crate::kernel::time::Timestamp;
use crate::platform::db::{Db, DbResult, Tx};
use crate::platform::http::{ApiResult, Json, MaybeShopper, Origin, PageQuery, Path, Query, Shopper};

/// The endpoints for shoppers.
#[derive(utoipa::OpenApi)]
#[openapi(paths(show_packet, claim_portion, claim_own_portion, list_my_packets, show_packet_of_order))]
pub struct ShopperApi;

/// Registers the endpoints for shoppers.
pub fn shopper_routes(config: &mut web::ServiceConfig) {
    config
        .service(list_my_packets)
        .service(show_packet)
        .service(claim_portion)
        .service(claim_own_portion)
        .service(show_packet_of_order);
}

/// A packet.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PacketView {
    /// The packet.
    pub id: PacketId,
    /// What is passed on: the reference of a share of kind `packet`.
    #[schema(example = "k7m2q9x4w8h3n5tb")]
    pub code: String,
    /// Its campaign.
    pub campaign_id: CampaignId,
    /// Where it stands.
    pub state: PacketState,
    /// What it is worth.
    #[schema(example = 2000)]
    pub face_fen: Fen,
    /// In how many portions, the payer's own included.
    #[schema(example = 5)]
    pub portions: i64,
    /// Portions that friends can still claim.
    #[schema(example = 3)]
    pub left: i64,
    /// Whether the payer has their own.
    pub own_claimed: bool,
    /// When it was made.
    pub opened_at: Timestamp,
    /// Until when portions can be claimed.
    pub expires_at: Timestamp,
}

impl From<&Packet> for PacketView {
    fn from(packet: &Packet) -> Self {
        Self {
            id: packet.id,
            code: packet.code.clone(),
            campaign_id: packet.campaign_id,
            state: packet.state,
            face_fen: packet.face,
            portions: packet.portions,
            left: packet.left(),
            own_claimed: packet.own_claimed,
            opened_at: packet.opened_at,
            expires_at: packet.expires_at,
        }
    }
}

/// A portion that somebody has.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ClaimedPortionView {
    /// What they are called, masked.
    #[schema(example = "小**")]
    pub name: String,
    /// Their picture.
    #[schema(example = json!(null))]
    pub avatar: Option<String>,
    /// What it is worth.
    #[schema(example = 400)]
    pub amount_fen: Fen,
    /// Whether it is the payer's own.
    pub own: bool,
    /// Since when they have it.
    pub claimed_at: Timestamp,
}

/// What this viewer has of a packet.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct MyPortionView {
    /// What it is worth.
    #[schema(example = 400)]
    pub amount_fen: Fen,
    /// The coupon it became, ready to be used.
    pub coupon_id: CouponId,
    /// Since when.
    pub claimed_at: Timestamp,
}

/// A packet as one viewer sees it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PacketPageView {
    /// The server's clock, for countdowns.
    pub server_time: Timestamp,
    /// The packet.
    pub packet: PacketView,
    /// The campaign's name.
    #[schema(example = "七夕分享立减金")]
    pub campaign: String,
    /// What the payer is called, masked.
    #[schema(example = "小**")]
    pub payer_name: String,
    /// The payer's picture.
    #[schema(example = json!(null))]
    pub payer_avatar: Option<String>,
    /// Who has what, in the order of their claims.
    pub claimed: Vec<ClaimedPortionView>,
    /// What this viewer has of it; null for nothing.
    pub mine: Option<MyPortionView>,
    /// What this viewer may do now, and why not: `claim`, `claim_own`.
    pub actions: Vec<ActionView>,
}

/// A portion just claimed.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ClaimView {
    /// The server's clock.
    pub server_time: Timestamp,
    /// The packet as it is now.
    pub packet: PacketView,
    /// What this viewer has of it.
    pub mine: MyPortionView,
}

fn mine(portion: &Portion) -> Option<MyPortionView> {
    let (coupon_id, claimed_at) = (portion.coupon_id?, portion.claimed_at?);
    Some(MyPortionView { amount_fen: portion.amount, coupon_id, claimed_at })
}

fn claim_view(tx: &Tx<'_>, claimed: &Claimed) -> Result<ClaimView, SocialCouponError> {
    let mine = mine(&claimed.portion).ok_or(SocialCouponError::NotFound)?;
    Ok(ClaimView { server_time: tx.now(), packet: PacketView::from(&claimed.packet), mine })
}

fn page_view(tx: &mut Tx<'_>, page: PacketPage, viewer: Option<UserId>) -> DbResult<PacketPageView> {
    let mut people: Vec<UserId> = page.portions.iter().filter_map(|portion| portion.claimed_by).collect();
    people.push(page.packet.user_id);
    let faces = identity::faces(tx, &people)?;
    let name = |user: UserId| faces.get(&user).map(|face| face.masked_name.clone()).unwrap_or_default();
    let avatar = |user: UserId| faces.get(&user).and_then(|face| face.avatar.clone());
    let claimed = |portion: &Portion| {
        let (user, claimed_at) = (portion.claimed_by?, portion.claimed_at?);
        let own = portion.no == OWN_PORTION;
        Some(ClaimedPortionView { name: name(user), avatar: avatar(user), amount_fen: portion.amount, own, claimed_at })
    };
    let mut all: Vec<ClaimedPortionView> = page.portions.iter().filter_map(claimed).collect();
    all.sort_by_key(|portion| portion.claimed_at);
    let own = page.portions.iter().find(|portion| portion.claimed_by.is_some() && portion.claimed_by == viewer);
    Ok(PacketPageView {
        server_time: tx.now(),
        packet: PacketView::from(&page.packet),
        campaign: page.campaign.name,
        payer_name: name(page.packet.user_id),
        payer_avatar: avatar(page.packet.user_id),
        claimed: all,
        mine: own.and_then(mine),
        actions: vec![ActionView::of("claim", page.may_claim), ActionView::of("claim_own", page.may_claim_own)],
    })
}

/// Shows a packet
///
/// Who has what, what is left, how long it lasts, and what this viewer may do.
#[utoipa::path(
    tag = "social_coupon",
    security((), ("shopper" = [])),
    params(("code" = String, Path, description = "The packet's code.")),
    responses((status = 200, description = "The packet.", body = PacketPageView))
)]
#[get("/packets/{code}")]
pub async fn show_packet(
    db: web::Data<Db>,
    shopper: MaybeShopper,
    code: Path<String>,
) -> ApiResult<Json<PacketPageView>> {
    let (user, code) = (shopper.0.map(|shopper| shopper.user_id), code.0);
    let look = move |tx: &mut Tx<'_>| {
        let page = service::page(tx, &code, user)?;
        Ok::<_, SocialCouponError>(page_view(tx, page, user)?)
    };
    Ok(Json(db.read("show_packet", look).await?))
}

/// Claims a portion of a friend's packet
///
/// The portion is a coupon at once. Claiming again answers the same portion.
#[utoipa::path(
    tag = "social_coupon",
    security(("shopper" = [])),
    params(("code" = String, Path, description = "The packet's code.")),
    responses((status = 200, description = "The portion.", body = ClaimView))
)]
#[post("/packets/{code}/claims")]
pub async fn claim_portion(
    db: web::Data<Db>,
    shopper: Shopper,
    origin: Origin,
    code: Path<String>,
) -> ApiResult<Json<ClaimView>> {
    let code = code.0;
    let claimer = Claimer { user: shopper.user_id, device: shopper.device_id, address: origin.address };
    let (wanted, user) = (code.clone(), claimer.user);
    let claim = move |tx: &mut Tx<'_>| {
        let claimed = service::claim(tx, &wanted, &claimer)?;
        claim_view(tx, &claimed)
    };
    let claimed = db.write("claim_portion", claim).await;
    if matches!(claimed, Err(SocialCouponError::Loop)) {
        db.write("claim_portion.note_loop", move |tx| service::note_loop(tx, &code, user)).await?;
    }
    Ok(Json(claimed?))
}

/// Claims the payer's own portion
///
/// It unlocks once the packet was shared. Claiming again answers the same portion.
#[utoipa::path(
    tag = "social_coupon",
    security(("shopper" = [])),
    params(("code" = String, Path, description = "The packet's code.")),
    responses((status = 200, description = "The portion.", body = ClaimView))
)]
#[post("/packets/{code}/own-claims")]
pub async fn claim_own_portion(db: web::Data<Db>, shopper: Shopper, code: Path<String>) -> ApiResult<Json<ClaimView>> {
    let (code, user) = (code.0, shopper.user_id);
    let claim = move |tx: &mut Tx<'_>| {
        let claimed = service::claim_own(tx, &code, user)?;
        claim_view(tx, &claimed)
    };
    Ok(Json(db.write("claim_own_portion", claim).await?))
}

/// Which page of packets.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MyPacketsQuery {
    /// The `next_cursor` of the page before; absent for the first page.
    pub cursor: Option<String>,
    /// Items wanted, 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<i64>,
}

/// Lists the viewer's own packets, newest first
#[utoipa::path(
    tag = "social_coupon",
    security(("shopper" = [])),
    params(MyPacketsQuery),
    responses((status = 200, description = "A page of packets.", body = Page<PacketView>))
)]
#[get("/packets")]
pub async fn list_my_packets(
    db: web::Data<Db>,
    shopper: Shopper,
    query: Query<MyPacketsQuery>,
) -> ApiResult<Json<Page<PacketView>>> {
    let MyPacketsQuery { cursor, limit } = query.0;
    let page = PageQuery { cursor, limit };
    let (user, before, limit) = (shopper.user_id, page.cursor()?, page.limit()?);
    let rows = db.read("list_my_packets", move |tx| store::of_user(tx, user, before, limit)).await?;
    let page = Page::cut(rows, limit, |packet| Cursor { key: 0, id: packet.id.get() });
    Ok(Json(page.map(|packet| PacketView::from(&packet))))
}

/// Shows the packet an order made
///
/// A moment after the payment; 404 until then, and for orders that make none.
#[utoipa::path(
    tag = "social_coupon",
    security(("shopper" = [])),
    params(("id" = OrderId, Path, description = "The order.")),
    responses((status = 200, description = "The packet.", body = PacketView))
)]
#[get("/orders/{id}/packet")]
pub async fn show_packet_of_order(
    db: web::Data<Db>,
    shopper: Shopper,
    id: Path<OrderId>,
) -> ApiResult<Json<PacketView>> {
    let (order, user) = (id.0, shopper.user_id);
    let packet = db.read("show_packet_of_order", move |tx| service::of_order(tx, order, user)).await?;
    Ok(Json(PacketView::from(&packet)))
}
