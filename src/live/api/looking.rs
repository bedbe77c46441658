//! What shoppers see of live rooms.

use actix_web::{delete, get, put, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::looker;
use crate::kernel::page::{Cursor, Page};
use crate::kernel::time::Timestamp;
use crate::live::error::LiveError;
use crate::live::model::{Room, RoomId, RoomState, Signal, SignalKind, Viewer};
use crate::live::rules;
use crate::live::service::{looking, reminding, talking};
use crate::live::store;
use crate::live::views::{CommentView, LiveReplayView, LiveRoomPageView, LiveRoomView};
use crate::platform::db::{Db, Tx};
use crate::platform::http::{ApiResult, Json, MaybeShopper, NoContent, PageQuery, Path, Query, Shopper};

/// Which rooms to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LiveRoomsQuery {
    /// Only rooms in this state; all that are shown otherwise.
    pub state: Option<RoomState>,
    /// The `next_cursor` of the page before; absent for the first page.
    pub cursor: Option<String>,
    /// Items wanted, 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<i64>,
}

/// Lists live rooms, the latest schedule first
///
/// Those that are announced, on the air, over or to be watched again; what was cancelled is not shown.
#[utoipa::path(
    tag = "live",
    security((), ("shopper" = [])),
    params(LiveRoomsQuery),
    responses((status = 200, description = "A page of rooms.", body = Page<LiveRoomView>))
)]
#[get("/live-rooms")]
pub async fn list_live_rooms(
    db: web::Data<Db>,
    _shopper: MaybeShopper,
    query: Query<LiveRoomsQuery>,
) -> ApiResult<Json<Page<LiveRoomView>>> {
    let LiveRoomsQuery { state, cursor, limit } = query.0;
    let page = PageQuery { cursor, limit };
    let (before, limit) = (page.cursor()?, page.limit()?);
    let shown = |state: &RoomState| *state != RoomState::Cancelled;
    let states: Vec<RoomState> = match state {
        Some(one) => vec![one].into_iter().filter(shown).collect(),
        None => RoomState::ALL.iter().copied().filter(shown).collect(),
    };
    let rows = db.read("list_live_rooms", move |tx| store::rooms::list(tx, &states, before, limit)).await?;
    let page = Page::cut(rows, limit, |room: &Room| Cursor { key: room.starts_at.millis(), id: room.id.get() });
    Ok(Json(page.map(|room| LiveRoomView::from(&room))))
}

/// Shows a live room as somebody sees it who enters now
#[utoipa::path(
    tag = "live",
    security((), ("shopper" = [])),
    params(("id" = RoomId, Path, description = "The room.")),
    responses((status = 200, description = "The room.", body = LiveRoomPageView))
)]
#[get("/live-rooms/{id}")]
pub async fn show_live_room(
    db: web::Data<Db>,
    shopper: MaybeShopper,
    id: Path<RoomId>,
) -> ApiResult<Json<LiveRoomPageView>> {
    let (viewer, id) = (looker(&shopper), id.0);
    let look = move |tx: &mut Tx<'_>| {
        let snapshot = looking::snapshot(tx, id, viewer)?;
        Ok::<_, LiveError>(LiveRoomPageView::of(tx, snapshot, viewer.and_then(Viewer::user))?)
    };
    Ok(Json(db.read("show_live_room", look).await?))
}

/// The recordings of a show.
#[derive(Debug, Serialize, ToSchema)]
pub struct LiveReplaysView {
    /// In the order of the show.
    pub items: Vec<LiveReplayView>,
}

/// Lists the recordings of a show, with the moments at which products are explained
///
/// Only of a room in the state `replay`.
#[utoipa::path(
    tag = "live",
    security((), ("shopper" = [])),
    params(("id" = RoomId, Path, description = "The room.")),
    responses(
        (status = 200, description = "The recordings.", body = LiveReplaysView),
        (status = 409, description = "The show has no recording to show.", body = serde_json::Value,
            example = json!({"code": "live.no_replay", "message": {"zh": "暂无可用回放", "en": "The room has no recording to show."}, "details": null}))
    )
)]
#[get("/live-rooms/{id}/replays")]
pub async fn list_live_replays(
    db: web::Data<Db>,
    shopper: MaybeShopper,
    id: Path<RoomId>,
) -> ApiResult<Json<LiveReplaysView>> {
    let (viewer, id) = (looker(&shopper), id.0);
    let look = move |tx: &mut Tx<'_>| {
        let room = talking::may_enter(tx, id, viewer)?;
        if room.state != RoomState::Replay {
            return Err(LiveError::NoReplay);
        }
        let (now, marks) = (tx.now(), store::rooms::marks(tx, id)?);
        let replays = store::rooms::replays(tx, id)?;
        let kept = replays.iter().filter(|replay| replay.expires_at.is_none_or(|end| now < end));
        Ok(LiveReplaysView { items: kept.map(|replay| LiveReplayView::of(replay, &marks)).collect() })
    };
    Ok(Json(db.read("list_live_replays", look).await?))
}

/// Which comments to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LiveCommentsQuery {
    /// Only comments before this number; the newest otherwise.
    #[param(minimum = 1)]
    pub before: Option<i64>,
    /// Items wanted, 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<i64>,
}

/// Comments of a room.
#[derive(Debug, Serialize, ToSchema)]
pub struct LiveCommentsView {
    /// The newest first.
    pub items: Vec<CommentView>,
}

/// Lists comments of a room, the newest first
#[utoipa::path(
    tag = "live",
    security((), ("shopper" = [])),
    params(("id" = RoomId, Path, description = "The room."), LiveCommentsQuery),
    responses((status = 200, description = "The comments.", body = LiveCommentsView))
)]
#[get("/live-rooms/{id}/comments")]
pub async fn list_live_comments(
    db: web::Data<Db>,
    shopper: MaybeShopper,
    id: Path<RoomId>,
    query: Query<LiveCommentsQuery>,
) -> ApiResult<Json<LiveCommentsView>> {
    let LiveCommentsQuery { before, limit } = query.0;
    let limit = PageQuery { cursor: None, limit }.limit()?;
    let before = before.unwrap_or(i64::MAX);
    let (viewer, id) = (looker(&shopper), id.0);
    let look = move |tx: &mut Tx<'_>| {
        if before < 1 {
            return Err(rules::invalid("before"));
        }
        talking::may_enter(tx, id, viewer)?;
        Ok(LiveCommentsView { items: talking::comments_before(tx, id, before, limit)? })
    };
    Ok(Json(db.read("list_live_comments", look).await?))
}

/// From where on news are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LiveNewsQuery {
    /// The number of the last thing that is known.
    #[param(minimum = 0, example = 0)]
    pub after: i64,
}

/// What is new in a room.
#[derive(Debug, Serialize, ToSchema)]
pub struct LiveNewsView {
    /// Whether nothing is missing between what is known and this; otherwise the room is to be shown anew.
    pub complete: bool,
    /// In their order, at most 200.
    pub items: Vec<LiveNewsItemView>,
    /// The number to go on from.
    #[schema(example = 816)]
    pub sequence: i64,
}

/// Something new.
#[derive(Debug, Serialize, ToSchema)]
pub struct LiveNewsItemView {
    /// Its number in the room; some numbers are not for viewers.
    #[schema(example = 816)]
    pub sequence: i64,
    /// What it is.
    pub kind: SignalKind,
    /// What it says, in a shape that depends on the kind.
    #[schema(value_type = Object, example = json!({"state": "live"}))]
    pub payload: serde_json::Value,
    /// When.
    pub at: Timestamp,
}

/// Lists what is new in a room, for clients that poll
#[utoipa::path(
    tag = "live",
    security((), ("shopper" = [])),
    params(("id" = RoomId, Path, description = "The room."), LiveNewsQuery),
    responses((status = 200, description = "What is new.", body = LiveNewsView))
)]
#[get("/live-rooms/{id}/news")]
pub async fn list_live_news(
    db: web::Data<Db>,
    shopper: MaybeShopper,
    id: Path<RoomId>,
    query: Query<LiveNewsQuery>,
) -> ApiResult<Json<LiveNewsView>> {
    let (viewer, id, after) = (looker(&shopper), id.0, query.0.after);
    let look = move |tx: &mut Tx<'_>| {
        if after < 0 {
            return Err(rules::invalid("after"));
        }
        let news = looking::news(tx, id, after, viewer)?;
        let view = |signal: Signal| LiveNewsItemView {
            sequence: signal.sequence,
            kind: signal.kind,
            payload: serde_json::from_str(&signal.payload).unwrap_or_default(),
            at: signal.at,
        };
        let items = news.signals.into_iter().map(view).collect();
        Ok(LiveNewsView { complete: news.complete, items, sequence: news.sequence })
    };
    Ok(Json(db.read("list_live_news", look).await?))
}

/// Asks to be told when a room starts
///
/// By a subscribe message of the mini-program, once. Asking twice is asking once.
#[utoipa::path(
    tag = "live",
    security(("shopper" = [])),
    params(("id" = RoomId, Path, description = "The room.")),
    responses((status = 204, description = "It is remembered."))
)]
#[put("/live-rooms/{id}/reminder")]
pub async fn ask_live_reminder(db: web::Data<Db>, shopper: Shopper, id: Path<RoomId>) -> ApiResult<NoContent> {
    let (user, id) = (shopper.user_id, id.0);
    db.write("ask_live_reminder", move |tx| reminding::ask(tx, id, user)).await?;
    Ok(NoContent)
}

/// Does not want to be told any more
#[utoipa::path(
    tag = "live",
    security(("shopper" = [])),
    params(("id" = RoomId, Path, description = "The room.")),
    responses((status = 204, description = "It is forgotten."))
)]
#[delete("/live-rooms/{id}/reminder")]
pub async fn cancel_live_reminder(db: web::Data<Db>, shopper: Shopper, id: Path<RoomId>) -> ApiResult<NoContent> {
    let (user, id) = (shopper.user_id, id.0);
    db.write("cancel_live_reminder", move |tx| reminding::forget(tx, id, user)).await?;
    Ok(NoContent)
}
