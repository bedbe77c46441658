//! WeChat's own live rooms, for staff.

use actix_web::{delete, get, post, put, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::desk::{Hand, OfficialDesk, Wish};
use super::store;
use super::views::{OfficialGoodsView, OfficialRoomView};
use crate::catalog::ProductId;
use crate::entrance::EntranceId;
use crate::kernel::page::{Cursor, Page};
use crate::live::model::RoomId;
use crate::live::rules as live_rules;
use crate::platform::http::auth::Staff;
use crate::platform::http::{ApiResult, Json, NoContent, PageQuery, Path, Query};
use crate::platform::wechat::live::LiveSwitches;
use crate::staff::permission::{LiveRead, LiveRun, LiveWrite};

/// The endpoints for staff.
#[derive(utoipa::OpenApi)]
#[openapi(paths(
    show_official_room,
    submit_official_room,
    remove_official_room,
    fill_official_shelf,
    explain_official_goods,
    sell_official_goods,
    tell_official_followers,
    list_official_goods,
    submit_official_goods,
    withdraw_official_review,
    remove_official_goods
))]
pub struct StaffApi;

/// Registers the endpoints for staff.
pub fn staff_routes(config: &mut web::ServiceConfig) {
    config
        .service(show_official_room)
        .service(submit_official_room)
        .service(remove_official_room)
        .service(fill_official_shelf)
        .service(explain_official_goods)
        .service(sell_official_goods)
        .service(tell_official_followers)
        .service(list_official_goods)
        .service(submit_official_goods)
        .service(withdraw_official_review)
        .service(remove_official_goods);
}

/// What viewers at WeChat may not do, and staff do without.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct OfficialSwitches {
    /// Nobody likes.
    #[schema(example = false)]
    pub likes_closed: bool,
    /// The shelf is not shown.
    #[schema(example = false)]
    pub goods_closed: bool,
    /// Nobody comments.
    #[schema(example = false)]
    pub comments_closed: bool,
    /// The show is not recorded.
    #[schema(example = false)]
    pub replay_closed: bool,
    /// The room is not handed on.
    #[schema(example = false)]
    pub share_closed: bool,
    /// Customer service is not shown.
    #[schema(example = true)]
    pub service_closed: bool,
}

/// A room as WeChat is to have it. Title, picture, anchor and times are the room's own; WeChat asks for 3 to 17 Chinese
/// characters of title, for a start at least ten minutes ahead, and for half an hour at least.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SubmitOfficialRoom {
    /// In which mini-program; the configuration's when absent. It stays what it was at first.
    #[serde(default)]
    #[schema(example = json!(null))]
    pub entrance_id: Option<EntranceId>,
    /// The anchor's WeChat number, 1 to 40 letters, digits, `_` and `-`.
    #[schema(example = "tea-anchor", pattern = "^[A-Za-z0-9_-]{1,40}$")]
    pub anchor_wechat: String,
    /// Whether the picture is published by a broadcasting program; otherwise the anchor's phone shows it.
    #[serde(default)]
    #[schema(example = true)]
    pub published: bool,
    /// Whether WeChat's own lists may show it.
    #[serde(default)]
    #[schema(example = false)]
    pub feeds_public: bool,
    /// What is switched off.
    #[serde(default)]
    pub switches: OfficialSwitches,
}

impl SubmitOfficialRoom {
    fn wish(self) -> Result<Wish, crate::live::LiveError> {
        let of_number = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if !(1..=40).contains(&self.anchor_wechat.len()) || !self.anchor_wechat.bytes().all(of_number) {
            return Err(live_rules::invalid("anchor_wechat"));
        }
        let switches = LiveSwitches {
            likes_closed: self.switches.likes_closed,
            goods_closed: self.switches.goods_closed,
            comments_closed: self.switches.comments_closed,
            replay_closed: self.switches.replay_closed,
            share_closed: self.switches.share_closed,
            service_closed: self.switches.service_closed,
        };
        Ok(Wish {
            entrance_id: self.entrance_id,
            anchor_wechat: self.anchor_wechat,
            published: self.published,
            feeds_public: self.feeds_public,
            switches,
        })
    }
}

fn hand<P>(staff: &Staff<P>) -> Hand {
    Hand { staff_id: staff.staff_id, origin: staff.origin.clone() }
}

/// Shows what mirrors a room
#[utoipa::path(
    tag = "live",
    security(("staff" = [])),
    extensions(("x-permission" = json!("live.read"))),
    params(("id" = RoomId, Path, description = "The room.")),
    responses(
        (status = 200, description = "WeChat's room.", body = OfficialRoomView),
        (status = 409, description = "The room mirrors none of WeChat's.", body = serde_json::Value,
            example = json!({"code": "live.not_mirrored", "message": {"zh": "该直播间不是微信官方直播间", "en": "The room does not mirror one of WeChat's."}, "details": null}))
    )
)]
#[get("/live-rooms/{id}/official")]
pub async fn show_official_room(
    desk: web::Data<OfficialDesk>,
    _staff: Staff<LiveRead>,
    id: Path<RoomId>,
) -> ApiResult<Json<OfficialRoomView>> {
    Ok(Json(desk.look(id.0).await?.into()))
}

/// Has WeChat make a room, or change the one it has
///
/// For a planned room; from then on its picture is WeChat's, and it moves as WeChat's room does. When the anchor has not proven who they are, the answer has a code for
/// them and no number: submit again once they have.
#[utoipa::path(
    tag = "live",
    security(("staff" = [])),
    extensions(("x-permission" = json!("live.write"))),
    params(("id" = RoomId, Path, description = "The room.")),
    request_body = SubmitOfficialRoom,
    responses((status = 200, description = "WeChat's room.", body = OfficialRoomView))
)]
#[put("/live-rooms/{id}/official")]
pub async fn submit_official_room(
    desk: web::Data<OfficialDesk>,
    staff: Staff<LiveWrite>,
    id: Path<RoomId>,
    body: Json<SubmitOfficialRoom>,
) -> ApiResult<Json<OfficialRoomView>> {
    let wish = body.0.wish()?;
    Ok(Json(desk.submit(id.0, wish, hand(&staff)).await?.into()))
}

/// Has WeChat remove its room, and mirrors it no more
#[utoipa::path(
    tag = "live",
    security(("staff" = [])),
    extensions(("x-permission" = json!("live.write"))),
    params(("id" = RoomId, Path, description = "The room.")),
    responses((status = 204, description = "It is gone."))
)]
#[delete("/live-rooms/{id}/official")]
pub async fn remove_official_room(
    desk: web::Data<OfficialDesk>,
    staff: Staff<LiveWrite>,
    id: Path<RoomId>,
) -> ApiResult<NoContent> {
    desk.remove(id.0, hand(&staff)).await?;
    Ok(NoContent)
}

/// Makes WeChat's shelf what the room's own is
///
/// With the products that passed the review, in the same order; the others come onto it when this is asked again after
/// they passed.
#[utoipa::path(
    tag = "live",
    security(("staff" = [])),
    extensions(("x-permission" = json!("live.write"))),
    params(("id" = RoomId, Path, description = "The room.")),
    responses((status = 200, description = "WeChat's room.", body = OfficialRoomView))
)]
#[put("/live-rooms/{id}/official/shelf")]
pub async fn fill_official_shelf(
    desk: web::Data<OfficialDesk>,
    staff: Staff<LiveWrite>,
    id: Path<RoomId>,
) -> ApiResult<Json<OfficialRoomView>> {
    Ok(Json(desk.fill_shelf(id.0, hand(&staff)).await?.into()))
}

/// Which product of which room.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub struct ShownProduct {
    /// The room.
    id: RoomId,
    /// The product.
    product_id: ProductId,
}

/// Shows a product to those who watch at WeChat, as the one being explained
#[utoipa::path(
    tag = "live",
    security(("staff" = [])),
    extensions(("x-permission" = json!("live.run"))),
    params(ShownProduct),
    responses((status = 200, description = "WeChat's room.", body = OfficialRoomView))
)]
#[post("/live-rooms/{id}/official/shelf/{product_id}/explain")]
pub async fn explain_official_goods(
    desk: web::Data<OfficialDesk>,
    _staff: Staff<LiveRun>,
    place: Path<ShownProduct>,
) -> ApiResult<Json<OfficialRoomView>> {
    Ok(Json(desk.explain(place.0.id, place.0.product_id).await?.into()))
}

/// Whether a product can be bought.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SellOfficialGoods {
    /// Whether it can.
    #[schema(example = true)]
    pub on_sale: bool,
}

/// Puts a product of WeChat's shelf on sale there, or takes it off
#[utoipa::path(
    tag = "live",
    security(("staff" = [])),
    extensions(("x-permission" = json!("live.run"))),
    params(ShownProduct),
    request_body = SellOfficialGoods,
    responses((status = 200, description = "WeChat's room.", body = OfficialRoomView))
)]
#[put("/live-rooms/{id}/official/shelf/{product_id}")]
pub async fn sell_official_goods(
    desk: web::Data<OfficialDesk>,
    _staff: Staff<LiveRun>,
    place: Path<ShownProduct>,
    body: Json<SellOfficialGoods>,
) -> ApiResult<Json<OfficialRoomView>> {
    Ok(Json(desk.sell(place.0.id, place.0.product_id, body.on_sale).await?.into()))
}

/// How many were told.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct ToldFollowers {
    /// Followers that WeChat was given.
    #[schema(example = 420)]
    pub told: usize,
}

/// Has WeChat tell everybody who follows the mini-program's shows of a room
///
/// Of one room a day.
#[utoipa::path(
    tag = "live",
    security(("staff" = [])),
    extensions(("x-permission" = json!("live.run"))),
    params(("id" = RoomId, Path, description = "The room.")),
    responses((status = 200, description = "How many were told.", body = ToldFollowers))
)]
#[post("/live-rooms/{id}/official/tell-followers")]
pub async fn tell_official_followers(
    desk: web::Data<OfficialDesk>,
    _staff: Staff<LiveRun>,
    id: Path<RoomId>,
) -> ApiResult<Json<ToldFollowers>> {
    Ok(Json(ToldFollowers { told: desk.tell_followers(id.0).await? }))
}

/// Which page of goods.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OfficialGoodsQuery {
    /// The `next_cursor` of the page before; absent for the first page.
    pub cursor: Option<String>,
    /// Items wanted, 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<i64>,
}

/// Lists what the shop has in WeChat's library of live goods, newest first
#[utoipa::path(
    tag = "live",
    security(("staff" = [])),
    extensions(("x-permission" = json!("live.read"))),
    params(OfficialGoodsQuery),
    responses((status = 200, description = "A page of goods.", body = Page<OfficialGoodsView>))
)]
#[get("/live-goods")]
pub async fn list_official_goods(
    desk: web::Data<OfficialDesk>,
    _staff: Staff<LiveRead>,
    query: Query<OfficialGoodsQuery>,
) -> ApiResult<Json<Page<OfficialGoodsView>>> {
    let OfficialGoodsQuery { cursor, limit } = query.0;
    let page = PageQuery { cursor, limit };
    let (before, limit) = (page.cursor()?, page.limit()?);
    let rows = desk.db.read("list_official_goods", move |tx| store::library(tx, before, limit)).await?;
    let page = Page::cut(rows, limit, |goods| Cursor { key: 0, id: goods.id.get() });
    Ok(Json(page.map(|goods| OfficialGoodsView::from(&goods))))
}

/// In which mini-program goods are.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OfficialPlace {
    /// The mini-program; the configuration's when absent.
    pub entrance_id: Option<EntranceId>,
}

/// Hands a product in for WeChat's library of live goods
///
/// With its cover, the beginning of its title, and its price or prices. Asked again, a product whose review was refused or
/// withdrawn is reviewed anew, and of one that passed the price changes. While a review is under way nothing can change.
#[utoipa::path(
    tag = "live",
    security(("staff" = [])),
    extensions(("x-permission" = json!("live.write"))),
    params(("product_id" = ProductId, Path, description = "The product."), OfficialPlace),
    responses((status = 200, description = "What was handed in.", body = OfficialGoodsView))
)]
#[put("/live-goods/{product_id}")]
pub async fn submit_official_goods(
    desk: web::Data<OfficialDesk>,
    _staff: Staff<LiveWrite>,
    product: Path<ProductId>,
    place: Query<OfficialPlace>,
) -> ApiResult<Json<OfficialGoodsView>> {
    let goods = desk.submit_goods(place.0.entrance_id, product.0).await?;
    Ok(Json(OfficialGoodsView::from(&goods)))
}

/// Withdraws the review of a product that is under way
#[utoipa::path(
    tag = "live",
    security(("staff" = [])),
    extensions(("x-permission" = json!("live.write"))),
    params(("product_id" = ProductId, Path, description = "The product."), OfficialPlace),
    responses((status = 200, description = "The product in the library.", body = OfficialGoodsView))
)]
#[post("/live-goods/{product_id}/withdraw")]
pub async fn withdraw_official_review(
    desk: web::Data<OfficialDesk>,
    _staff: Staff<LiveWrite>,
    product: Path<ProductId>,
    place: Query<OfficialPlace>,
) -> ApiResult<Json<OfficialGoodsView>> {
    let goods = desk.withdraw_review(place.0.entrance_id, product.0).await?;
    Ok(Json(OfficialGoodsView::from(&goods)))
}

/// Takes a product out of WeChat's library, and off every shelf of WeChat's
#[utoipa::path(
    tag = "live",
    security(("staff" = [])),
    extensions(("x-permission" = json!("live.write"))),
    params(("product_id" = ProductId, Path, description = "The product."), OfficialPlace),
    responses((status = 204, description = "It is gone."))
)]
#[delete("/live-goods/{product_id}")]
pub async fn remove_official_goods(
    desk: web::Data<OfficialDesk>,
    _staff: Staff<LiveWrite>,
    product: Path<ProductId>,
    place: Query<OfficialPlace>,
) -> ApiResult<NoContent> {
    desk.remove_goods(place.0.entrance_id, product.0).await?;
    Ok(NoContent)
}
