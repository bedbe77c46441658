//! Rooms: planned, on the air, over, to be watched again.

use actix_web::{get, post, put, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::desk;
use crate::catalog::{ProductId, SkuId};
use crate::coupon::CouponTemplateId;
use crate::kernel::id::StaffId;
use crate::kernel::money::Fen;
use crate::kernel::page::{Cursor, Page};
use crate::kernel::time::Timestamp;
use crate::live::error::LiveError;
use crate::live::model::{
    Actor, ActorKind, DropId, DropKind, DropState, Price, PriceId, Room, RoomChange, RoomDrop, RoomId, RoomSource,
    RoomState, ShelfItem,
};
use crate::live::rules::{self, RoomEvent};
use crate::live::service;
use crate::live::service::moves::{self, Cause};
use crate::live::service::planning::{self, RoomDraft};
use crate::live::store;
use crate::live::views::{LiveReplayView, LiveRoomView};
use crate::platform::db::{Db, Tx};
use crate::platform::http::{ApiResult, Created, Json, PageQuery, Path, Query, Staff};
use crate::staff::permission::{LiveRead, LiveRun, LiveWrite};

/// A room that is to be announced.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanLiveRoom {
    /// What it is called, 1–40 characters.
    #[schema(example = "七夕新品首发", min_length = 1, max_length = 40)]
    pub title: String,
    /// Path of its picture; empty for none.
    #[serde(default)]
    #[schema(example = "", max_length = 200)]
    pub cover: String,
    /// Who presents, 1–20 characters.
    #[schema(example = "小麦", min_length = 1, max_length = 20)]
    pub anchor_name: String,
    /// Path of their picture; empty for none.
    #[serde(default)]
    #[schema(example = "", max_length = 200)]
    pub anchor_picture: String,
    /// What they say of themselves, at most 500 characters.
    #[serde(default)]
    #[schema(example = "十年买手，只挑自己会穿的。", max_length = 500)]
    pub anchor_introduction: String,
    /// When it is to start, at most half a year ahead.
    pub starts_at: Timestamp,
    /// When it is to be over: 5 minutes to 24 hours later.
    pub ends_at: Timestamp,
}

/// What is written about a room, in place of what was read.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditLiveRoom {
    /// The version that was read; if it has changed since, nothing is replaced.
    #[schema(example = 1)]
    pub version: i64,
    /// What it is called, 1–40 characters.
    #[schema(example = "七夕新品首发", min_length = 1, max_length = 40)]
    pub title: String,
    /// Path of its picture; empty for none.
    #[serde(default)]
    #[schema(example = "", max_length = 200)]
    pub cover: String,
    /// Who presents, 1–20 characters.
    #[schema(example = "小麦", min_length = 1, max_length = 20)]
    pub anchor_name: String,
    /// Path of their picture; empty for none.
    #[serde(default)]
    #[schema(example = "", max_length = 200)]
    pub anchor_picture: String,
    /// What they say of themselves, at most 500 characters.
    #[serde(default)]
    #[schema(example = "十年买手，只挑自己会穿的。", max_length = 500)]
    pub anchor_introduction: String,
    /// When it is to start; that of a room that has started stays as it was.
    pub starts_at: Timestamp,
    /// When it is to be over: 5 minutes to 24 hours later; that of a room that has started stays as it was.
    pub ends_at: Timestamp,
}

impl From<PlanLiveRoom> for RoomDraft {
    fn from(body: PlanLiveRoom) -> Self {
        Self {
            title: body.title,
            cover: body.cover,
            anchor_name: body.anchor_name,
            anchor_picture: body.anchor_picture,
            anchor_introduction: body.anchor_introduction,
            starts_at: body.starts_at,
            ends_at: body.ends_at,
        }
    }
}

impl EditLiveRoom {
    fn parts(self) -> (i64, RoomDraft) {
        let draft = RoomDraft {
            title: self.title,
            cover: self.cover,
            anchor_name: self.anchor_name,
            anchor_picture: self.anchor_picture,
            anchor_introduction: self.anchor_introduction,
            starts_at: self.starts_at,
            ends_at: self.ends_at,
        };
        (self.version, draft)
    }
}

/// Why a room is moved.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MoveLiveRoom {
    /// In words, 1–200 characters.
    #[schema(example = "主播到位", min_length = 1, max_length = 200)]
    pub reason: String,
}

/// A move of a room.
#[derive(Debug, Serialize, ToSchema)]
pub struct LiveRoomChangeView {
    /// From where; null for the beginning.
    pub from: Option<RoomState>,
    /// To where.
    pub to: RoomState,
    /// Who did it.
    pub actor: ActorKind,
    /// Which member of staff.
    pub staff_id: Option<StaffId>,
    /// Why.
    #[schema(example = "started")]
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

impl From<RoomChange> for LiveRoomChangeView {
    fn from(change: RoomChange) -> Self {
        Self {
            from: change.from_state,
            to: change.to_state,
            actor: change.actor,
            staff_id: change.staff_id,
            reason: change.reason,
            at: change.at,
        }
    }
}

/// A product of a room, as staff see it.
#[derive(Debug, Serialize, ToSchema)]
pub struct StaffLiveProductView {
    /// The product.
    pub product_id: ProductId,
    /// How often viewers looked at it.
    #[schema(example = 12)]
    pub clicks: i64,
    /// When it was last explained.
    pub explained_at: Option<Timestamp>,
    /// When it was taken off the shelf; null while it is there.
    pub removed_at: Option<Timestamp>,
}

impl From<ShelfItem> for StaffLiveProductView {
    fn from(item: ShelfItem) -> Self {
        Self {
            product_id: item.product_id,
            clicks: item.clicks,
            explained_at: item.explained_at,
            removed_at: item.removed_at,
        }
    }
}

/// A live price, as staff see it.
#[derive(Debug, Serialize, ToSchema)]
pub struct StaffLivePriceView {
    /// The price.
    pub id: PriceId,
    /// Of what.
    pub sku_id: SkuId,
    /// What one piece costs.
    #[schema(example = 9900)]
    pub price_fen: Fen,
    /// Pieces that may be sold at it.
    #[schema(example = 100)]
    pub quota: i64,
    /// Pieces that orders took, paid or not.
    #[schema(example = 58)]
    pub taken: i64,
    /// Pieces one buyer may have.
    #[schema(example = 2)]
    pub per_user_limit: i64,
    /// Whether coupons may be used with it.
    pub coupons_allowed: bool,
    /// From when on; null for the beginning of the show.
    pub starts_at: Option<Timestamp>,
    /// Until when; null for the end of the show.
    pub ends_at: Option<Timestamp>,
    /// When it was taken back; null while it was not.
    pub withdrawn_at: Option<Timestamp>,
}

impl From<Price> for StaffLivePriceView {
    fn from(price: Price) -> Self {
        Self {
            id: price.id,
            sku_id: price.sku_id,
            price_fen: price.price,
            quota: price.quota,
            taken: price.taken,
            per_user_limit: price.per_user_limit,
            coupons_allowed: price.coupons_allowed,
            starts_at: price.starts_at,
            ends_at: price.ends_at,
            withdrawn_at: price.withdrawn_at,
        }
    }
}

/// A drop, as staff see it.
#[derive(Debug, Serialize, ToSchema)]
pub struct StaffLiveDropView {
    /// The drop.
    pub id: DropId,
    /// What rains.
    pub kind: DropKind,
    /// What it is called.
    #[schema(example = "整点红包雨")]
    pub title: String,
    /// The template of the coupons.
    pub template_id: CouponTemplateId,
    /// How many can be caught.
    #[schema(example = 100)]
    pub quantity: i64,
    /// How many were.
    #[schema(example = 63)]
    pub claimed: i64,
    /// What all portions of a packet are worth together.
    #[schema(example = 20_000)]
    pub face_fen: Option<Fen>,
    /// Where it stands.
    pub state: DropState,
    /// How long it rains, in seconds.
    #[schema(example = 60)]
    pub open_seconds: i64,
    /// When it began.
    pub opened_at: Option<Timestamp>,
    /// When it was over.
    pub closed_at: Option<Timestamp>,
}

impl From<RoomDrop> for StaffLiveDropView {
    fn from(drop: RoomDrop) -> Self {
        Self {
            id: drop.id,
            kind: drop.kind,
            title: drop.title,
            template_id: drop.template_id,
            quantity: drop.quantity,
            claimed: drop.claimed,
            face_fen: drop.face,
            state: drop.state,
            open_seconds: drop.open_seconds,
            opened_at: drop.opened_at,
            closed_at: drop.closed_at,
        }
    }
}

/// A room, as staff see it.
#[derive(Debug, Serialize, ToSchema)]
pub struct StaffLiveRoomView {
    /// What shoppers see.
    pub room: LiveRoomView,
    /// The name of its stream.
    #[schema(example = "5f1d7a84db00d2fce00b31a7fc73224f")]
    pub stream_name: String,
    /// Whether viewers may comment.
    pub comments_open: bool,
    /// Seconds between two comments of one viewer.
    #[schema(example = 0)]
    pub slow_mode_seconds: i64,
    /// Words that no comment may contain.
    #[schema(example = json!(["加微信"]))]
    pub blocked_words: Vec<String>,
    /// The number of the comment that stays on top.
    #[schema(example = json!(null))]
    pub pinned_sequence: Option<i64>,
    /// The product that is explained now.
    pub explaining_id: Option<ProductId>,
    /// Since when no picture comes, while it counts as live.
    pub silent_since: Option<Timestamp>,
    /// Most viewers at one time so far.
    #[schema(example = 1024)]
    pub peak_viewers: i64,
    /// Rises with every change.
    #[schema(example = 1)]
    pub version: i64,
    /// Its shelf, in its order; what was taken off comes last.
    pub shelf: Vec<StaffLiveProductView>,
    /// Its live prices.
    pub prices: Vec<StaffLivePriceView>,
    /// What rains, rained or is to rain.
    pub drops: Vec<StaffLiveDropView>,
    /// Its recordings.
    pub replays: Vec<LiveReplayView>,
    /// Every move, in their order.
    pub changes: Vec<LiveRoomChangeView>,
}

/// The room as staff see it.
pub(super) fn view(tx: &mut Tx<'_>, id: RoomId) -> Result<StaffLiveRoomView, LiveError> {
    let room = service::room(tx, id)?;
    let marks = store::rooms::marks(tx, id)?;
    let replays = store::rooms::replays(tx, id)?;
    Ok(StaffLiveRoomView {
        stream_name: room.stream_name.clone(),
        comments_open: room.comments_open,
        slow_mode_seconds: room.slow_mode_seconds,
        blocked_words: rules::listed(&room.blocked_words),
        pinned_sequence: room.pinned_sequence,
        explaining_id: room.explaining_id,
        silent_since: room.silent_since,
        peak_viewers: room.peak_viewers,
        version: room.version,
        shelf: store::shelf::items(tx, id, true)?.into_iter().map(StaffLiveProductView::from).collect(),
        prices: store::prices::of_room(tx, id, true)?.into_iter().map(StaffLivePriceView::from).collect(),
        drops: store::drops::of_room(tx, id, DropState::ALL)?.into_iter().map(StaffLiveDropView::from).collect(),
        replays: replays.iter().map(|replay| LiveReplayView::of(replay, &marks)).collect(),
        changes: store::rooms::changes(tx, id)?.into_iter().map(LiveRoomChangeView::from).collect(),
        room: LiveRoomView::from(&room),
    })
}

/// Which rooms to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StaffLiveRoomsQuery {
    /// Only rooms in this state.
    pub state: Option<RoomState>,
    /// The `next_cursor` of the page before; absent for the first page.
    pub cursor: Option<String>,
    /// Items wanted, 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<i64>,
}

/// Lists live rooms of every state, the latest schedule first
#[utoipa::path(
    tag = "live",
    security(("staff" = [])),
    extensions(("x-permission" = json!("live.read"))),
    params(StaffLiveRoomsQuery),
    responses((status = 200, description = "A page of rooms.", body = Page<LiveRoomView>))
)]
#[get("/live-rooms")]
pub async fn list_staff_live_rooms(
    db: web::Data<Db>,
    _staff: Staff<LiveRead>,
    query: Query<StaffLiveRoomsQuery>,
) -> ApiResult<Json<Page<LiveRoomView>>> {
    let StaffLiveRoomsQuery { state, cursor, limit } = query.0;
    let page = PageQuery { cursor, limit };
    let (before, limit) = (page.cursor()?, page.limit()?);
    let states = state.map_or_else(|| RoomState::ALL.to_vec(), |one| vec![one]);
    let rows = db.read("list_staff_live_rooms", move |tx| store::rooms::list(tx, &states, before, limit)).await?;
    let page = Page::cut(rows, limit, |room: &Room| Cursor { key: room.starts_at.millis(), id: room.id.get() });
    Ok(Json(page.map(|room| LiveRoomView::from(&room))))
}

/// Announces a live room
#[utoipa::path(
    tag = "live",
    security(("staff" = [])),
    extensions(("x-permission" = json!("live.write"))),
    request_body = PlanLiveRoom,
    responses((status = 201, description = "The room.", body = StaffLiveRoomView))
)]
#[post("/live-rooms")]
pub async fn plan_live_room(
    db: web::Data<Db>,
    staff: Staff<LiveWrite>,
    body: Json<PlanLiveRoom>,
) -> ApiResult<Created<StaffLiveRoomView>> {
    let (draft, desk) = (RoomDraft::from(body.0), desk(staff));
    let plan = move |tx: &mut Tx<'_>| {
        let room = planning::plan(tx, draft.clone(), RoomSource::Own, &desk)?;
        view(tx, room.id)
    };
    Ok(Created(db.write("plan_live_room", plan).await?))
}

/// Shows a live room with all that belongs to it
#[utoipa::path(
    tag = "live",
    security(("staff" = [])),
    extensions(("x-permission" = json!("live.read"))),
    params(("id" = RoomId, Path, description = "The room.")),
    responses((status = 200, description = "The room.", body = StaffLiveRoomView))
)]
#[get("/live-rooms/{id}")]
pub async fn show_staff_live_room(
    db: web::Data<Db>,
    _staff: Staff<LiveRead>,
    id: Path<RoomId>,
) -> ApiResult<Json<StaffLiveRoomView>> {
    let id = id.0;
    Ok(Json(db.read("show_staff_live_room", move |tx| view(tx, id)).await?))
}

/// Writes a live room anew
///
/// One that is over stays as it was.
#[utoipa::path(
    tag = "live",
    security(("staff" = [])),
    extensions(("x-permission" = json!("live.write"))),
    params(("id" = RoomId, Path, description = "The room.")),
    request_body = EditLiveRoom,
    responses((status = 200, description = "The room.", body = StaffLiveRoomView))
)]
#[put("/live-rooms/{id}")]
pub async fn edit_live_room(
    db: web::Data<Db>,
    staff: Staff<LiveWrite>,
    id: Path<RoomId>,
    body: Json<EditLiveRoom>,
) -> ApiResult<Json<StaffLiveRoomView>> {
    let (id, (version, draft), desk) = (id.0, body.0.parts(), desk(staff));
    let edit = move |tx: &mut Tx<'_>| {
        planning::edit(tx, id, version, draft.clone(), &desk)?;
        view(tx, id)
    };
    Ok(Json(db.write("edit_live_room", edit).await?))
}

async fn advance(
    db: web::Data<Db>,
    staff: Staff<LiveRun>,
    id: RoomId,
    (event, body): (RoomEvent, MoveLiveRoom),
) -> ApiResult<Json<StaffLiveRoomView>> {
    let advance = move |tx: &mut Tx<'_>| {
        if !rules::fits(&body.reason, 1, 200) {
            return Err(rules::invalid("reason"));
        }
        let cause = Cause { actor: Actor::Staff(staff.staff_id), reason: &body.reason };
        moves::advance(tx, id, event, cause)?;
        view(tx, id)
    };
    Ok(Json(db.write("advance_live_room", advance).await?))
}

/// Cancels a live room that has not started
#[utoipa::path(
    tag = "live",
    security(("staff" = [])),
    extensions(("x-permission" = json!("live.run"))),
    params(("id" = RoomId, Path, description = "The room.")),
    request_body = MoveLiveRoom,
    responses((status = 200, description = "The room.", body = StaffLiveRoomView))
)]
#[post("/live-rooms/{id}/cancel")]
pub async fn cancel_live_room(
    db: web::Data<Db>,
    staff: Staff<LiveRun>,
    id: Path<RoomId>,
    body: Json<MoveLiveRoom>,
) -> ApiResult<Json<StaffLiveRoomView>> {
    advance(db, staff, id.0, (RoomEvent::Cancel, body.0)).await
}

/// Puts a live room on the air
///
/// The media engine does so by itself when it takes the stream in.
#[utoipa::path(
    tag = "live",
    security(("staff" = [])),
    extensions(("x-permission" = json!("live.run"))),
    params(("id" = RoomId, Path, description = "The room.")),
    request_body = MoveLiveRoom,
    responses((status = 200, description = "The room.", body = StaffLiveRoomView))
)]
#[post("/live-rooms/{id}/start")]
pub async fn start_live_room(
    db: web::Data<Db>,
    staff: Staff<LiveRun>,
    id: Path<RoomId>,
    body: Json<MoveLiveRoom>,
) -> ApiResult<Json<StaffLiveRoomView>> {
    advance(db, staff, id.0, (RoomEvent::GoLive, body.0)).await
}

/// Interrupts a live room
#[utoipa::path(
    tag = "live",
    security(("staff" = [])),
    extensions(("x-permission" = json!("live.run"))),
    params(("id" = RoomId, Path, description = "The room.")),
    request_body = MoveLiveRoom,
    responses((status = 200, description = "The room.", body = StaffLiveRoomView))
)]
#[post("/live-rooms/{id}/pause")]
pub async fn pause_live_room(
    db: web::Data<Db>,
    staff: Staff<LiveRun>,
    id: Path<RoomId>,
    body: Json<MoveLiveRoom>,
) -> ApiResult<Json<StaffLiveRoomView>> {
    advance(db, staff, id.0, (RoomEvent::Pause, body.0)).await
}

/// Goes on with a live room that was interrupted
#[utoipa::path(
    tag = "live",
    security(("staff" = [])),
    extensions(("x-permission" = json!("live.run"))),
    params(("id" = RoomId, Path, description = "The room.")),
    request_body = MoveLiveRoom,
    responses((status = 200, description = "The room.", body = StaffLiveRoomView))
)]
#[post("/live-rooms/{id}/resume")]
pub async fn resume_live_room(
    db: web::Data<Db>,
    staff: Staff<LiveRun>,
    id: Path<RoomId>,
    body: Json<MoveLiveRoom>,
) -> ApiResult<Json<StaffLiveRoomView>> {
    advance(db, staff, id.0, (RoomEvent::Resume, body.0)).await
}

/// Ends the show of a live room
#[utoipa::path(
    tag = "live",
    security(("staff" = [])),
    extensions(("x-permission" = json!("live.run"))),
    params(("id" = RoomId, Path, description = "The room.")),
    request_body = MoveLiveRoom,
    responses((status = 200, description = "The room.", body = StaffLiveRoomView))
)]
#[post("/live-rooms/{id}/end")]
pub async fn end_live_room(
    db: web::Data<Db>,
    staff: Staff<LiveRun>,
    id: Path<RoomId>,
    body: Json<MoveLiveRoom>,
) -> ApiResult<Json<StaffLiveRoomView>> {
    advance(db, staff, id.0, (RoomEvent::End, body.0)).await
}
