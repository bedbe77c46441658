//! Social coupons for staff. Scheduling, pausing, ending, the report and its export are every campaign's.

use actix_web::{HttpResponse, get, post, put, web};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;

use super::api::PacketView;
use super::error::SocialCouponError;
use super::model::{PacketId, PacketState, SocialCoupon, SocialCouponRules};
use super::staff_service::{self, Branch, GenerationsView};
use super::store::{self, PacketFilter};
use crate::campaign::{CampaignKind, NewCampaign, Plan};
use crate::coupon::CouponTemplateId;
use crate::kernel::id::{CampaignId, OrderId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::page::Page;
use crate::platform::db::{Db, Tx};
use crate::platform::http::{ApiResult, Created, Json, PageQuery, Path, Query, Staff};
use crate::staff::permission::{CampaignRead, CampaignWrite};

/// The endpoints for staff.
#[derive(utoipa::OpenApi)]
#[openapi(paths(
    create_social_coupon,
    change_social_coupon_rules,
    show_social_coupon,
    show_packet_generations,
    list_packets,
    export_portions
))]
pub struct AdminApi;

/// Registers the endpoints for staff.
pub fn admin_routes(config: &mut web::ServiceConfig) {
    config
        .service(create_social_coupon)
        .service(change_social_coupon_rules)
        .service(show_social_coupon)
        .service(show_packet_generations)
        .service(list_packets)
        .service(export_portions);
}

/// A new social coupon.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateSocialCoupon {
    /// What every campaign has.
    pub plan: Plan,
    /// What only social coupons have.
    pub rules: SocialCouponRules,
}

/// A social coupon as staff wrote it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct SocialCouponView {
    /// Its campaign.
    pub campaign_id: CampaignId,
    /// The template of the coupons that portions become; null before the campaign first runs.
    pub template_id: Option<CouponTemplateId>,
    /// What staff wrote.
    pub rules: SocialCouponRules,
}

impl From<SocialCoupon> for SocialCouponView {
    fn from(written: SocialCoupon) -> Self {
        let rules = SocialCouponRules::from(&written);
        Self { campaign_id: written.campaign_id, template_id: written.template_id, rules }
    }
}

/// A packet in the tree.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct StaffPacketView {
    /// The packet.
    pub packet: PacketView,
    /// Who paid.
    pub payer_id: UserId,
    /// For which order.
    pub order_id: OrderId,
    /// The packet that brought the payer; null for none.
    pub parent_id: Option<PacketId>,
    /// How far down the tree it is, from 1.
    #[schema(example = 1)]
    pub generation: i64,
    /// How many packets descend from it directly.
    #[schema(example = 2)]
    pub children: i64,
    /// What its claimed portions are worth.
    #[schema(example = 800)]
    pub claimed_fen: Fen,
    /// What went back to the budget.
    #[schema(example = 0)]
    pub returned_fen: Fen,
}

impl From<Branch> for StaffPacketView {
    fn from(Branch { packet, children }: Branch) -> Self {
        Self {
            packet: PacketView::from(&packet),
            payer_id: packet.user_id,
            order_id: packet.order_id,
            parent_id: packet.parent_id,
            generation: packet.generation,
            children,
            claimed_fen: packet.claimed_fen,
            returned_fen: packet.returned_fen,
        }
    }
}

fn view(tx: &mut Tx<'_>, campaign: CampaignId) -> Result<SocialCouponView, SocialCouponError> {
    Ok(store::rules(tx, campaign)?.ok_or(SocialCouponError::NotFound)?.into())
}

/// Creates a social coupon
///
/// As a draft: the campaign's plan and how packets are made, split and used.
#[utoipa::path(
    tag = "social_coupon",
    security(("staff" = [])),
    extensions(("x-permission" = json!("campaign.write"))),
    request_body = CreateSocialCoupon,
    responses((status = 201, description = "The draft.", body = SocialCouponView))
)]
#[post("/social-coupons")]
pub async fn create_social_coupon(
    db: web::Data<Db>,
    staff: Staff<CampaignWrite>,
    body: Json<CreateSocialCoupon>,
) -> ApiResult<Created<SocialCouponView>> {
    let CreateSocialCoupon { plan, rules } = body.0;
    let create = move |tx: &mut Tx<'_>| {
        let kind = CampaignKind::SocialCoupon;
        let new = NewCampaign { kind, plan: &plan, staff: staff.staff_id, origin: &staff.origin };
        let campaign = staff_service::create(tx, &new, &rules)?;
        view(tx, campaign)
    };
    Ok(Created(db.write("create_social_coupon", create).await?))
}

/// Writes the rules of a draft anew
#[utoipa::path(
    tag = "social_coupon",
    security(("staff" = [])),
    extensions(("x-permission" = json!("campaign.write"))),
    params(("id" = CampaignId, Path, description = "The campaign.")),
    request_body = SocialCouponRules,
    responses((status = 200, description = "The draft.", body = SocialCouponView))
)]
#[put("/social-coupons/{id}/rules")]
pub async fn change_social_coupon_rules(
    db: web::Data<Db>,
    staff: Staff<CampaignWrite>,
    id: Path<CampaignId>,
    body: Json<SocialCouponRules>,
) -> ApiResult<Json<SocialCouponView>> {
    let (id, rules) = (id.0, body.0);
    let change = move |tx: &mut Tx<'_>| {
        staff_service::change_rules(tx, id, &rules, (staff.staff_id, &staff.origin))?;
        view(tx, id)
    };
    Ok(Json(db.write("change_social_coupon_rules", change).await?))
}

/// Shows a social coupon
#[utoipa::path(
    tag = "social_coupon",
    security(("staff" = [])),
    extensions(("x-permission" = json!("campaign.read"))),
    params(("id" = CampaignId, Path, description = "The campaign.")),
    responses((status = 200, description = "The social coupon.", body = SocialCouponView))
)]
#[get("/social-coupons/{id}")]
pub async fn show_social_coupon(
    db: web::Data<Db>,
    _staff: Staff<CampaignRead>,
    id: Path<CampaignId>,
) -> ApiResult<Json<SocialCouponView>> {
    let id = id.0;
    Ok(Json(db.read("show_social_coupon", move |tx| view(tx, id)).await?))
}

/// Shows what each generation of packets did
///
/// Packets, claims, new users, orders, revenue and cost by generation, next to the figures of the field: 30–50 % of
/// acquisition and 18 % paying conversion.
#[utoipa::path(
    tag = "social_coupon",
    security(("staff" = [])),
    extensions(("x-permission" = json!("campaign.read"))),
    params(("id" = CampaignId, Path, description = "The campaign.")),
    responses((status = 200, description = "The generations.", body = GenerationsView))
)]
#[get("/social-coupons/{id}/generations")]
pub async fn show_packet_generations(
    db: web::Data<Db>,
    _staff: Staff<CampaignRead>,
    id: Path<CampaignId>,
) -> ApiResult<Json<GenerationsView>> {
    let id = id.0;
    let look = move |tx: &mut Tx<'_>| {
        view(tx, id)?;
        Ok::<_, SocialCouponError>(staff_service::generations(tx, id)?)
    };
    Ok(Json(db.read("show_packet_generations", look).await?))
}

/// Which packets.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PacketsQuery {
    /// Only those that descend directly from this one.
    pub parent_id: Option<PacketId>,
    /// Only this generation.
    #[param(minimum = 1)]
    pub generation: Option<i64>,
    /// Only in this state.
    pub state: Option<PacketState>,
    /// The `next_cursor` of the page before; absent for the first page.
    pub cursor: Option<String>,
    /// Items wanted, 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<i64>,
}

/// Lists the packets of a social coupon, newest first
///
/// With `parent_id` the tree can be walked down, a level at a time.
#[utoipa::path(
    tag = "social_coupon",
    security(("staff" = [])),
    extensions(("x-permission" = json!("campaign.read"))),
    params(("id" = CampaignId, Path, description = "The campaign."), PacketsQuery),
    responses((status = 200, description = "A page of packets.", body = Page<StaffPacketView>))
)]
#[get("/social-coupons/{id}/packets")]
pub async fn list_packets(
    db: web::Data<Db>,
    _staff: Staff<CampaignRead>,
    id: Path<CampaignId>,
    query: Query<PacketsQuery>,
) -> ApiResult<Json<Page<StaffPacketView>>> {
    let PacketsQuery { parent_id, generation, state, cursor, limit } = query.0;
    let page = PageQuery { cursor, limit };
    let (before, limit) = (page.cursor()?, page.limit()?);
    let filter = PacketFilter { campaign: id.0, parent: parent_id, generation, state };
    let look = move |tx: &mut Tx<'_>| {
        view(tx, filter.campaign)?;
        Ok::<_, SocialCouponError>(staff_service::packets(tx, filter, before, limit)?)
    };
    Ok(Json(db.read("list_packets", look).await?.map(StaffPacketView::from)))
}

/// Exports who claimed portions of a social coupon
///
/// A table with one row for each claimed portion, packet by packet; at most 100,000 rows. Who exported how much is
/// written down.
#[utoipa::path(
    tag = "social_coupon",
    security(("staff" = [])),
    extensions(("x-permission" = json!("campaign.read"))),
    params(("id" = CampaignId, Path, description = "The campaign.")),
    responses((status = 200, description = "The table.", content_type = "text/csv", body = String))
)]
#[get("/social-coupons/{id}/portions/export")]
pub async fn export_portions(
    db: web::Data<Db>,
    staff: Staff<CampaignRead>,
    id: Path<CampaignId>,
) -> ApiResult<HttpResponse> {
    let id = id.0;
    let export = move |tx: &mut Tx<'_>| staff_service::export(tx, id, (staff.staff_id, &staff.origin));
    Ok(db.write("export_portions", export).await?.download("packets.csv"))
}
