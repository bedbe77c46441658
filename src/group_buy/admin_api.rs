//! The endpoints of group buys for staff. Scheduling, pausing, ending and the report are those of every campaign.

use actix_web::{HttpResponse, get, post, put, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::api::page_of;
use super::error::GroupBuyError;
use super::model::{EndReason, Group, GroupFilter, GroupId, GroupState, Seat, SeatId, SeatState};
use super::rules::RulesDraft;
use super::service::{self, AtDesk};
use crate::campaign::{self, CampaignState, Plan};
use crate::catalog::{ProductId, SkuId};
use crate::kernel::id::{CampaignId, OrderId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::page::Page;
use crate::kernel::time::Timestamp;
use crate::platform::db::{Db, Tx};
use crate::platform::http::{ApiResult, Created, Json, NoContent, Path, Permission, Query, Staff};
use crate::staff::permission;

/// The endpoints for staff.
#[derive(utoipa::OpenApi)]
#[openapi(paths(
    create_group_buy,
    search_groups,
    show_group_for_staff,
    expire_group,
    show_group_buy,
    change_group_buy_rules,
    export_group_buy_participants
))]
pub struct AdminApi;

/// Registers the endpoints for staff.
pub fn admin_routes(config: &mut web::ServiceConfig) {
    config
        .service(create_group_buy)
        .service(search_groups)
        .service(show_group_for_staff)
        .service(expire_group)
        .service(show_group_buy)
        .service(change_group_buy_rules)
        .service(export_group_buy_participants);
}

fn desk<P: Permission>(staff: &Staff<P>) -> AtDesk {
    AtDesk { staff_id: staff.staff_id, origin: staff.origin.clone() }
}

/// A group buy to plan.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateGroupBuy {
    /// What every campaign has.
    pub plan: Plan,
    /// The rules of the group buy.
    pub rules: RulesDraft,
}

/// A group buy as staff planned it.
#[derive(Debug, Serialize, ToSchema)]
pub struct StaffGroupBuyView {
    /// The campaign.
    pub campaign_id: CampaignId,
    /// How it is called.
    #[schema(example = "夏日樱桃拼团")]
    pub name: String,
    /// Where it stands.
    pub state: CampaignState,
    /// When it begins.
    pub starts_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
    /// Its rules.
    pub rules: RulesDraft,
}

fn planned(tx: &mut Tx<'_>, id: CampaignId) -> Result<StaffGroupBuyView, GroupBuyError> {
    let (facts, rules) = service::look(tx, id)?;
    Ok(StaffGroupBuyView {
        campaign_id: facts.id,
        name: facts.name,
        state: facts.state,
        starts_at: facts.starts_at,
        ends_at: facts.ends_at,
        rules,
    })
}

/// Plans a group buy
///
/// A draft: it is scheduled by `POST /admin/v1/campaigns/{id}/schedule`.
#[utoipa::path(
    tag = "group_buy",
    security(("staff" = [])),
    extensions(("x-permission" = json!("campaign.write"))),
    request_body = CreateGroupBuy,
    responses((status = 201, description = "The draft.", body = StaffGroupBuyView))
)]
#[post("/group-buys")]
pub async fn create_group_buy(
    db: web::Data<Db>,
    staff: Staff<permission::CampaignWrite>,
    body: Json<CreateGroupBuy>,
) -> ApiResult<Created<StaffGroupBuyView>> {
    let (desk, body) = (desk(&staff), body.0);
    let creating = db.write("create_group_buy", move |tx| {
        let id = service::create(tx, &desk, &body.plan, &body.rules)?;
        planned(tx, id)
    });
    Ok(Created(creating.await?))
}

/// A group buy
#[utoipa::path(
    tag = "group_buy",
    security(("staff" = [])),
    extensions(("x-permission" = json!("campaign.read"))),
    params(("id" = CampaignId, Path, description = "The campaign.")),
    responses((status = 200, description = "The group buy.", body = StaffGroupBuyView))
)]
#[get("/group-buys/{id}")]
pub async fn show_group_buy(
    db: web::Data<Db>,
    _staff: Staff<permission::CampaignRead>,
    id: Path<CampaignId>,
) -> ApiResult<Json<StaffGroupBuyView>> {
    let id = id.0;
    Ok(Json(db.read("show_group_buy", move |tx| planned(tx, id)).await?))
}

/// Changes the rules of a group buy
///
/// While it is a draft.
#[utoipa::path(
    tag = "group_buy",
    security(("staff" = [])),
    extensions(("x-permission" = json!("campaign.write"))),
    params(("id" = CampaignId, Path, description = "The campaign.")),
    request_body = RulesDraft,
    responses((status = 200, description = "The group buy with its new rules.", body = StaffGroupBuyView))
)]
#[put("/group-buys/{id}/rules")]
pub async fn change_group_buy_rules(
    db: web::Data<Db>,
    staff: Staff<permission::CampaignWrite>,
    id: Path<CampaignId>,
    body: Json<RulesDraft>,
) -> ApiResult<Json<StaffGroupBuyView>> {
    let (desk, id, draft) = (desk(&staff), id.0, body.0);
    let changing = db.write("change_group_buy_rules", move |tx| {
        service::replace(tx, &desk, id, &draft)?;
        planned(tx, id)
    });
    Ok(Json(changing.await?))
}

/// Which groups to find; every condition given must hold.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct GroupSearchQuery {
    /// Of this campaign.
    campaign_id: Option<CampaignId>,
    /// In this state.
    state: Option<GroupState>,
    /// Led by this user.
    leader_id: Option<UserId>,
    /// Whether the shop filled seats of them.
    filled: Option<bool>,
    /// Whether they have a seat whose money could not be given back yet.
    stuck: Option<bool>,
    /// The `next_cursor` of the page before; absent for the first page.
    cursor: Option<String>,
    /// Items wanted, 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
}

/// A group as staff see it.
#[derive(Debug, Serialize, ToSchema)]
pub struct StaffGroupView {
    /// The group.
    pub group_id: GroupId,
    /// Its campaign.
    pub campaign_id: CampaignId,
    /// What is bought together.
    pub product_id: ProductId,
    /// Who leads it.
    pub leader_id: UserId,
    /// Where it stands.
    pub state: GroupState,
    /// Why it ended; null while it is open.
    pub end_reason: Option<EndReason>,
    /// How many seats it has.
    #[schema(example = 3)]
    pub seats: i64,
    /// How many are free.
    #[schema(example = 0)]
    pub free: i64,
    /// How many wait for their money.
    #[schema(example = 0)]
    pub held: i64,
    /// How many are paid.
    #[schema(example = 3)]
    pub paid: i64,
    /// How many the shop filled: nobody sits there and nobody paid.
    #[schema(example = 0)]
    pub filled: i64,
    /// When its leader ordered.
    pub created_at: Timestamp,
    /// When its leader paid; null before.
    pub visible_at: Option<Timestamp>,
    /// When it ends.
    pub deadline: Timestamp,
    /// When it ended; null while it is open.
    pub ended_at: Option<Timestamp>,
}

impl From<Group> for StaffGroupView {
    fn from(group: Group) -> Self {
        Self {
            held: group.held(),
            group_id: group.id,
            campaign_id: group.campaign_id,
            product_id: group.product_id,
            leader_id: group.leader_id,
            state: group.state,
            end_reason: group.end_reason,
            seats: group.seats,
            free: group.free,
            paid: group.paid,
            filled: group.filled,
            created_at: group.created_at,
            visible_at: group.visible_at,
            deadline: group.deadline,
            ended_at: group.ended_at,
        }
    }
}

/// A seat as staff see it.
#[derive(Debug, Serialize, ToSchema)]
pub struct StaffSeatView {
    /// The seat.
    pub seat_id: SeatId,
    /// Its number.
    #[schema(example = 1)]
    pub seat_no: i64,
    /// Where it stands.
    pub state: SeatState,
    /// Whether the shop filled it.
    pub filled_by_the_shop: bool,
    /// Whose it is; null when the shop filled it.
    pub user_id: Option<UserId>,
    /// Their order.
    pub order_id: Option<OrderId>,
    /// What they bought.
    pub sku_id: Option<SkuId>,
    /// How many pieces.
    #[schema(example = 1)]
    pub quantity: i64,
    /// What a piece cost them when they joined.
    #[schema(example = 9000)]
    pub price_fen: Fen,
    /// Whether they never paid for an order before.
    pub newcomer: bool,
    /// When it was taken.
    pub held_at: Timestamp,
    /// When its money came.
    pub paid_at: Option<Timestamp>,
    /// When its group formed.
    pub kept_at: Option<Timestamp>,
    /// When its money was due to go back.
    pub refund_due_at: Option<Timestamp>,
    /// When it was given up for good.
    pub released_at: Option<Timestamp>,
    /// Why it was given up.
    #[schema(example = "group_expired")]
    pub reason: Option<String>,
    /// What kept its money from being given back last; null when nothing does.
    #[schema(example = json!(null))]
    pub failure: Option<String>,
    /// The seat in another group that its order moved to.
    pub moved_to: Option<SeatId>,
}

impl From<Seat> for StaffSeatView {
    fn from(seat: Seat) -> Self {
        Self {
            seat_id: seat.id,
            seat_no: seat.seat_no,
            state: seat.state,
            filled_by_the_shop: seat.user_id.is_none(),
            user_id: seat.user_id,
            order_id: seat.order_id,
            sku_id: seat.sku_id,
            quantity: seat.quantity,
            price_fen: seat.price,
            newcomer: seat.newcomer,
            held_at: seat.held_at,
            paid_at: seat.paid_at,
            kept_at: seat.kept_at,
            refund_due_at: seat.refund_due_at,
            released_at: seat.released_at,
            reason: seat.reason,
            failure: seat.failure,
            moved_to: seat.moved_to,
        }
    }
}

/// A group with every seat that ever was in it.
#[derive(Debug, Serialize, ToSchema)]
pub struct StaffGroupFileView {
    /// The group.
    pub group: StaffGroupView,
    /// Its seats, in the order in which they were taken.
    pub seats: Vec<StaffSeatView>,
}

/// Groups
///
/// Latest first.
#[utoipa::path(
    tag = "group_buy",
    security(("staff" = [])),
    extensions(("x-permission" = json!("campaign.read"))),
    params(GroupSearchQuery),
    responses((status = 200, description = "A page of groups.", body = Page<StaffGroupView>))
)]
#[get("/group-buys/groups")]
pub async fn search_groups(
    db: web::Data<Db>,
    _staff: Staff<permission::CampaignRead>,
    query: Query<GroupSearchQuery>,
) -> ApiResult<Json<Page<StaffGroupView>>> {
    let Query(query) = query;
    let filter = GroupFilter {
        campaign: query.campaign_id,
        state: query.state,
        leader: query.leader_id,
        filled: query.filled,
        stuck: query.stuck,
    };
    let page = page_of(query.cursor, query.limit)?;
    let searching = db.read("search_groups", move |tx| service::groups_for_staff(tx, &filter, page.after, page.limit));
    Ok(Json(searching.await?.map(Into::into)))
}

/// A group
#[utoipa::path(
    tag = "group_buy",
    security(("staff" = [])),
    extensions(("x-permission" = json!("campaign.read"))),
    params(("id" = GroupId, Path, description = "The group.")),
    responses((status = 200, description = "The group with its seats.", body = StaffGroupFileView))
)]
#[get("/group-buys/groups/{id}")]
pub async fn show_group_for_staff(
    db: web::Data<Db>,
    _staff: Staff<permission::CampaignRead>,
    id: Path<GroupId>,
) -> ApiResult<Json<StaffGroupFileView>> {
    let id = id.0;
    let (group, seats) = db.read("show_group_for_staff", move |tx| service::group_file(tx, id)).await?;
    Ok(Json(StaffGroupFileView { group: group.into(), seats: seats.into_iter().map(Into::into).collect() }))
}

/// Why staff end a group.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpireGroup {
    /// Why, 1–200 characters.
    #[schema(example = "商品质量问题，暂停发货", min_length = 1, max_length = 200)]
    pub reason: String,
}

/// Ends an open group at once
///
/// Nobody gets anything: the money of those who paid goes back by itself; whoever pays later is treated as the campaign's
/// rules say.
#[utoipa::path(
    tag = "group_buy",
    security(("staff" = [])),
    extensions(("x-permission" = json!("campaign.run"))),
    params(("id" = GroupId, Path, description = "The group.")),
    request_body = ExpireGroup,
    responses((status = 204, description = "It is over."))
)]
#[post("/group-buys/groups/{id}/expire")]
pub async fn expire_group(
    db: web::Data<Db>,
    staff: Staff<permission::CampaignRun>,
    id: Path<GroupId>,
    body: Json<ExpireGroup>,
) -> ApiResult<NoContent> {
    let (desk, id, reason) = (desk(&staff), id.0, body.0.reason);
    db.write("expire_group", move |tx| service::force_expire(tx, &desk, id, &reason)).await?;
    Ok(NoContent)
}

/// Exports everybody who took part
///
/// A table with one row for each seat, as CSV in UTF-8, group by group; at most 100,000 seats. Who exported how much is
/// written down.
#[utoipa::path(
    tag = "group_buy",
    security(("staff" = [])),
    extensions(("x-permission" = json!("campaign.read"))),
    params(("id" = CampaignId, Path, description = "The campaign.")),
    responses((status = 200, description = "The table.", content_type = "text/csv", body = String))
)]
#[get("/group-buys/{id}/participants/export")]
pub async fn export_group_buy_participants(
    db: web::Data<Db>,
    staff: Staff<permission::CampaignRead>,
    id: Path<CampaignId>,
) -> ApiResult<HttpResponse> {
    let (desk, id) = (desk(&staff), id.0);
    let (count, table) = db.read("export_group_buy", move |tx| service::export(tx, id)).await?;
    let noting = db.write("export_group_buy.note", move |tx| {
        campaign::note_export(tx, id, (desk.staff_id, &desk.origin), ("seats", count))
    });
    noting.await?;
    Ok(table.download("group-buy.csv"))
}
