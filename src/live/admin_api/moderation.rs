//! Order in rooms: how viewers may talk, which comments are seen, who may not talk or not watch.

use actix_web::{delete, get, post, put, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::desk;
use super::rooms::{StaffLiveRoomView, view};
use crate::kernel::id::{StaffId, UserId};
use crate::kernel::page::{Cursor, Page};
use crate::kernel::time::Timestamp;
use crate::live::error::LiveError;
use crate::live::model::{Comment, CommentState, RoomId, Sanction, SanctionId, SanctionKind};
use crate::live::rules;
use crate::live::service;
use crate::live::service::planning::{self, TalkRules};
use crate::live::service::talking::{self, Verdict};
use crate::live::store;
use crate::platform::db::{Db, Tx};
use crate::platform::http::{ApiResult, Created, Json, NoContent, PageQuery, Path, Query, Staff};
use crate::staff::permission::{LiveModerate, LiveRead};

/// How viewers may talk.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetLiveTalk {
    /// Seconds between two comments of one viewer; 0 for none.
    #[schema(example = 5, minimum = 0, maximum = 600)]
    pub slow_mode_seconds: i64,
    /// Whether viewers may comment at all.
    #[schema(example = true)]
    pub comments_open: bool,
    /// Words that no comment may contain, however spaced or capitalised: at most 500, of 1–40 letters or digits each.
    #[schema(example = json!(["加微信"]), max_items = 500)]
    pub blocked_words: Vec<String>,
}

/// Says how viewers may talk in a room
#[utoipa::path(
    tag = "live",
    security(("staff" = [])),
    extensions(("x-permission" = json!("live.moderate"))),
    params(("id" = RoomId, Path, description = "The room.")),
    request_body = SetLiveTalk,
    responses((status = 200, description = "The room.", body = StaffLiveRoomView))
)]
#[put("/live-rooms/{id}/talk")]
pub async fn set_live_talk(
    db: web::Data<Db>,
    staff: Staff<LiveModerate>,
    id: Path<RoomId>,
    body: Json<SetLiveTalk>,
) -> ApiResult<Json<StaffLiveRoomView>> {
    let SetLiveTalk { slow_mode_seconds, comments_open, blocked_words } = body.0;
    let (id, talk, desk) = (id.0, TalkRules { slow_mode_seconds, comments_open, blocked_words }, desk(staff));
    let set = move |tx: &mut Tx<'_>| {
        planning::set_talk(tx, id, &talk, &desk)?;
        view(tx, id)
    };
    Ok(Json(db.write("set_live_talk", set).await?))
}

/// A comment, as staff see it.
#[derive(Debug, Serialize, ToSchema)]
pub struct StaffLiveCommentView {
    /// Its number in the room.
    #[schema(example = 42)]
    pub sequence: i64,
    /// Who said it.
    pub user_id: UserId,
    /// What.
    #[schema(example = "这条裙子有黑色吗？")]
    pub words: String,
    /// Whether it is seen.
    pub state: CommentState,
    /// When it was said.
    pub at: Timestamp,
    /// Who hid it.
    pub hidden_by: Option<StaffId>,
    /// When it was hidden.
    pub hidden_at: Option<Timestamp>,
}

impl From<Comment> for StaffLiveCommentView {
    fn from(comment: Comment) -> Self {
        Self {
            sequence: comment.sequence,
            user_id: comment.user_id,
            words: comment.words,
            state: comment.state,
            at: comment.at,
            hidden_by: comment.hidden_by,
            hidden_at: comment.hidden_at,
        }
    }
}

/// Comments, as staff see them.
#[derive(Debug, Serialize, ToSchema)]
pub struct StaffLiveCommentsView {
    /// The newest first.
    pub items: Vec<StaffLiveCommentView>,
}

/// Which comments to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StaffLiveCommentsQuery {
    /// Only comments before this number; the newest otherwise.
    #[param(minimum = 1)]
    pub before: Option<i64>,
    /// Items wanted, 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<i64>,
}

/// Lists comments of a room, hidden ones too, the newest first
#[utoipa::path(
    tag = "live",
    security(("staff" = [])),
    extensions(("x-permission" = json!("live.read"))),
    params(("id" = RoomId, Path, description = "The room."), StaffLiveCommentsQuery),
    responses((status = 200, description = "The comments.", body = StaffLiveCommentsView))
)]
#[get("/live-rooms/{id}/comments")]
pub async fn list_staff_live_comments(
    db: web::Data<Db>,
    _staff: Staff<LiveRead>,
    id: Path<RoomId>,
    query: Query<StaffLiveCommentsQuery>,
) -> ApiResult<Json<StaffLiveCommentsView>> {
    let StaffLiveCommentsQuery { before, limit } = query.0;
    let limit = PageQuery { cursor: None, limit }.limit()?;
    let (id, before) = (id.0, before.unwrap_or(i64::MAX));
    let look = move |tx: &mut Tx<'_>| {
        if before < 1 {
            return Err(rules::invalid("before"));
        }
        service::room(tx, id)?;
        let comments = store::comments::before(tx, id, before, true, limit)?;
        Ok(StaffLiveCommentsView { items: comments.into_iter().map(StaffLiveCommentView::from).collect() })
    };
    Ok(Json(db.read("list_staff_live_comments", look).await?))
}

/// Hides a comment from viewers
///
/// One that stays on top does so no more.
#[utoipa::path(
    tag = "live",
    security(("staff" = [])),
    extensions(("x-permission" = json!("live.moderate"))),
    params(
        ("id" = RoomId, Path, description = "The room."),
        ("sequence" = i64, Path, description = "The comment's number.", minimum = 1, example = 42)
    ),
    responses((status = 200, description = "The comment.", body = StaffLiveCommentView))
)]
#[post("/live-rooms/{id}/comments/{sequence}/hide")]
pub async fn hide_live_comment(
    db: web::Data<Db>,
    staff: Staff<LiveModerate>,
    path: Path<(RoomId, i64)>,
) -> ApiResult<Json<StaffLiveCommentView>> {
    let (id, sequence) = path.0;
    let by = Some(staff.staff_id);
    let hidden = db.write("hide_live_comment", move |tx| talking::hide_comment(tx, id, sequence, by)).await?;
    Ok(Json(StaffLiveCommentView::from(hidden)))
}

/// Shows a comment again that was hidden
#[utoipa::path(
    tag = "live",
    security(("staff" = [])),
    extensions(("x-permission" = json!("live.moderate"))),
    params(
        ("id" = RoomId, Path, description = "The room."),
        ("sequence" = i64, Path, description = "The comment's number.", minimum = 1, example = 42)
    ),
    responses((status = 200, description = "The comment.", body = StaffLiveCommentView))
)]
#[post("/live-rooms/{id}/comments/{sequence}/restore")]
pub async fn restore_live_comment(
    db: web::Data<Db>,
    _staff: Staff<LiveModerate>,
    path: Path<(RoomId, i64)>,
) -> ApiResult<Json<StaffLiveCommentView>> {
    let (id, sequence) = path.0;
    let shown = db.write("restore_live_comment", move |tx| talking::hide_comment(tx, id, sequence, None)).await?;
    Ok(Json(StaffLiveCommentView::from(shown)))
}

/// What stays on top.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PinLiveComment {
    /// The number of a comment that is seen; null for none.
    #[schema(example = 42, minimum = 1)]
    pub sequence: Option<i64>,
}

/// Keeps a comment on top, or none
#[utoipa::path(
    tag = "live",
    security(("staff" = [])),
    extensions(("x-permission" = json!("live.moderate"))),
    params(("id" = RoomId, Path, description = "The room.")),
    request_body = PinLiveComment,
    responses((status = 204, description = "It is so."))
)]
#[put("/live-rooms/{id}/pinned-comment")]
pub async fn pin_live_comment(
    db: web::Data<Db>,
    _staff: Staff<LiveModerate>,
    id: Path<RoomId>,
    body: Json<PinLiveComment>,
) -> ApiResult<NoContent> {
    let (id, sequence) = (id.0, body.0.sequence);
    let pin = move |tx: &mut Tx<'_>| {
        service::room(tx, id)?;
        talking::pin_comment(tx, id, sequence)
    };
    db.write("pin_live_comment", pin).await?;
    Ok(NoContent)
}

/// That somebody may not talk, or not watch.
#[derive(Debug, Serialize, ToSchema)]
pub struct LiveSanctionView {
    /// The sanction.
    pub id: SanctionId,
    /// In which room; null for all of them.
    pub room_id: Option<RoomId>,
    /// Who.
    pub user_id: UserId,
    /// What they may not do.
    pub kind: SanctionKind,
    /// Why.
    #[schema(example = "刷屏")]
    pub reason: String,
    /// Who decided it.
    pub created_by: StaffId,
    /// When.
    pub created_at: Timestamp,
    /// Until when; null for ever.
    pub ends_at: Option<Timestamp>,
    /// Who took it back.
    pub lifted_by: Option<StaffId>,
    /// When it was taken back.
    pub lifted_at: Option<Timestamp>,
}

impl From<Sanction> for LiveSanctionView {
    fn from(sanction: Sanction) -> Self {
        Self {
            id: sanction.id,
            room_id: sanction.room_id,
            user_id: sanction.user_id,
            kind: sanction.kind,
            reason: sanction.reason,
            created_by: sanction.created_by,
            created_at: sanction.created_at,
            ends_at: sanction.ends_at,
            lifted_by: sanction.lifted_by,
            lifted_at: sanction.lifted_at,
        }
    }
}

/// Which page of sanctions.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LiveSanctionsQuery {
    /// The `next_cursor` of the page before; absent for the first page.
    pub cursor: Option<String>,
    /// Items wanted, 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<i64>,
}

/// Lists whom staff muted or banned in a room or everywhere, the newest first
#[utoipa::path(
    tag = "live",
    security(("staff" = [])),
    extensions(("x-permission" = json!("live.read"))),
    params(("id" = RoomId, Path, description = "The room."), LiveSanctionsQuery),
    responses((status = 200, description = "A page of sanctions.", body = Page<LiveSanctionView>))
)]
#[get("/live-rooms/{id}/sanctions")]
pub async fn list_live_sanctions(
    db: web::Data<Db>,
    _staff: Staff<LiveRead>,
    id: Path<RoomId>,
    query: Query<LiveSanctionsQuery>,
) -> ApiResult<Json<Page<LiveSanctionView>>> {
    let LiveSanctionsQuery { cursor, limit } = query.0;
    let page = PageQuery { cursor, limit };
    let (id, before, limit) = (id.0, page.cursor()?, page.limit()?);
    let look = move |tx: &mut Tx<'_>| {
        service::room(tx, id)?;
        Ok::<_, LiveError>(store::sanctions::list(tx, id, before, limit)?)
    };
    let rows = db.read("list_live_sanctions", look).await?;
    let page = Page::cut(rows, limit, |row: &Sanction| Cursor { key: 0, id: row.id.get() });
    Ok(Json(page.map(LiveSanctionView::from)))
}

/// What is decided about a viewer.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SanctionLiveViewer {
    /// Who.
    pub user_id: UserId,
    /// What they may not do.
    pub kind: SanctionKind,
    /// Whether in all rooms, and not only in this one.
    #[serde(default)]
    #[schema(example = false)]
    pub everywhere: bool,
    /// Until when; null for ever.
    #[serde(default)]
    #[schema(example = json!(null))]
    pub ends_at: Option<Timestamp>,
    /// Why, 1–200 characters.
    #[schema(example = "刷屏", min_length = 1, max_length = 200)]
    pub reason: String,
}

/// Mutes or bans a viewer
///
/// In this room at once; in others, when it is for all of them, as soon as the viewer does something there.
#[utoipa::path(
    tag = "live",
    security(("staff" = [])),
    extensions(("x-permission" = json!("live.moderate"))),
    params(("id" = RoomId, Path, description = "The room.")),
    request_body = SanctionLiveViewer,
    responses((status = 201, description = "The sanction.", body = LiveSanctionView))
)]
#[post("/live-rooms/{id}/sanctions")]
pub async fn sanction_live_viewer(
    db: web::Data<Db>,
    staff: Staff<LiveModerate>,
    id: Path<RoomId>,
    body: Json<SanctionLiveViewer>,
) -> ApiResult<Created<LiveSanctionView>> {
    let (id, body, desk) = (id.0, body.0, desk(staff));
    let decide = move |tx: &mut Tx<'_>| {
        service::room(tx, id)?;
        let verdict = Verdict {
            room: if body.everywhere { None } else { Some(id) },
            user: body.user_id,
            kind: body.kind,
            ends_at: body.ends_at,
            reason: body.reason.clone(),
        };
        talking::sanction(tx, id, &verdict, &desk)
    };
    Ok(Created(LiveSanctionView::from(db.write("sanction_live_viewer", decide).await?)))
}

/// Takes a sanction back
#[utoipa::path(
    tag = "live",
    security(("staff" = [])),
    extensions(("x-permission" = json!("live.moderate"))),
    params(
        ("id" = RoomId, Path, description = "The room."),
        ("sanction_id" = SanctionId, Path, description = "The sanction.")
    ),
    responses((status = 200, description = "The sanction.", body = LiveSanctionView))
)]
#[delete("/live-rooms/{id}/sanctions/{sanction_id}")]
pub async fn lift_live_sanction(
    db: web::Data<Db>,
    staff: Staff<LiveModerate>,
    path: Path<(RoomId, SanctionId)>,
) -> ApiResult<Json<LiveSanctionView>> {
    let ((id, sanction), desk) = (path.0, desk(staff));
    let lifted = db.write("lift_live_sanction", move |tx| talking::lift(tx, id, sanction, &desk)).await?;
    Ok(Json(LiveSanctionView::from(lifted)))
}
