//! What shoppers do in live rooms, for clients that poll; whoever keeps a connection does the same through it.

use actix_web::{delete, post, put, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::viewer;
use crate::catalog::ProductId;
use crate::live::error::LiveError;
use crate::live::model::{DropId, RoomId, VisitId};
use crate::live::rules;
use crate::live::service::watching::{self, Arrival};
use crate::live::service::{dropping, reporting, talking};
use crate::live::views::{CommentView, LiveCatchView};
use crate::platform::db::{Db, Tx};
use crate::platform::http::{ApiResult, Created, Json, NoContent, Path, Shopper, Visitor};

/// Who looks after viewers without a connection: nobody, so they must say themselves that they are still there.
const POLLING: &str = "polling";

/// How somebody enters.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EnterLiveRoom {
    /// The stay that a break interrupted, to go on with it.
    #[serde(default)]
    #[schema(example = json!(null))]
    pub visit_id: Option<VisitId>,
    /// The token of the share through which they came, at most 32 letters and digits.
    #[serde(default)]
    #[schema(example = json!(null), max_length = 32)]
    pub share: Option<String>,
}

/// A stay in a room.
#[derive(Debug, Serialize, ToSchema)]
pub struct LiveVisitView {
    /// The stay.
    pub visit_id: VisitId,
    /// How many different viewers the room has now.
    #[schema(example = 1024)]
    pub viewers: i64,
}

/// Enters a room
///
/// For clients without a connection. Whoever does not say for two minutes that they are still there has left.
#[utoipa::path(
    tag = "live",
    security(("shopper" = []), ("device" = [])),
    params(("id" = RoomId, Path, description = "The room.")),
    request_body = EnterLiveRoom,
    responses((status = 201, description = "The stay.", body = LiveVisitView))
)]
#[post("/live-rooms/{id}/visits")]
pub async fn enter_live_room(
    db: web::Data<Db>,
    visitor: Visitor,
    id: Path<RoomId>,
    body: Json<EnterLiveRoom>,
) -> ApiResult<Created<LiveVisitView>> {
    let (viewer, id) = (viewer(&visitor), id.0);
    let EnterLiveRoom { visit_id, share } = body.0;
    let enter = move |tx: &mut Tx<'_>| {
        let token = share.as_deref();
        if token.is_some_and(|token| !(1..=32).contains(&token.len()) || !token.bytes().all(|b| b.is_ascii_graphic())) {
            return Err(rules::invalid("share"));
        }
        let arrival = Arrival { viewer, visit: visit_id, share_token: token, process: POLLING };
        let (_, visit, viewers) = watching::enter(tx, id, &arrival)?;
        Ok(LiveVisitView { visit_id: visit.id, viewers })
    };
    Ok(Created(db.write("enter_live_room", enter).await?))
}

/// Is still there
#[utoipa::path(
    tag = "live",
    security(("shopper" = []), ("device" = [])),
    params(
        ("id" = RoomId, Path, description = "The room."),
        ("visit_id" = VisitId, Path, description = "The stay.")
    ),
    responses((status = 204, description = "It goes on."))
)]
#[put("/live-rooms/{id}/visits/{visit_id}")]
pub async fn stay_in_live_room(
    db: web::Data<Db>,
    visitor: Visitor,
    path: Path<(RoomId, VisitId)>,
) -> ApiResult<NoContent> {
    let (viewer, (room, visit)) = (viewer(&visitor), path.0);
    db.write("stay_in_live_room", move |tx| watching::stay(tx, room, visit, viewer)).await?;
    Ok(NoContent)
}

/// Leaves a room
#[utoipa::path(
    tag = "live",
    security(("shopper" = []), ("device" = [])),
    params(
        ("id" = RoomId, Path, description = "The room."),
        ("visit_id" = VisitId, Path, description = "The stay.")
    ),
    responses((status = 204, description = "It is over."))
)]
#[delete("/live-rooms/{id}/visits/{visit_id}")]
pub async fn leave_live_room(
    db: web::Data<Db>,
    visitor: Visitor,
    path: Path<(RoomId, VisitId)>,
) -> ApiResult<NoContent> {
    let (viewer, (room, visit)) = (viewer(&visitor), path.0);
    db.write("leave_live_room", move |tx| watching::leave_own(tx, room, visit, viewer)).await?;
    Ok(NoContent)
}

/// What somebody says.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PostLiveComment {
    /// What, 1–200 characters on one line.
    #[schema(example = "这条裙子有黑色吗？", min_length = 1, max_length = 200)]
    pub words: String,
    /// The client's own name for it, 1–64 ASCII characters: sending it again says nothing twice.
    #[schema(example = "c-7f3a", min_length = 1, max_length = 64)]
    pub client_id: String,
}

/// Says something in a room
#[utoipa::path(
    tag = "live",
    security(("shopper" = [])),
    params(("id" = RoomId, Path, description = "The room.")),
    request_body = PostLiveComment,
    responses((status = 201, description = "The comment.", body = CommentView))
)]
#[post("/live-rooms/{id}/comments")]
pub async fn post_live_comment(
    db: web::Data<Db>,
    shopper: Shopper,
    id: Path<RoomId>,
    body: Json<PostLiveComment>,
) -> ApiResult<Created<CommentView>> {
    let (user, id) = (shopper.user_id, id.0);
    let PostLiveComment { words, client_id } = body.0;
    let say = move |tx: &mut Tx<'_>| talking::say(tx, id, user, &words, &client_id);
    Ok(Created(db.write("post_live_comment", say).await?))
}

/// Likes.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LikeLiveRoom {
    /// How often they tapped since they last said so, 1–100.
    #[schema(example = 5, minimum = 1, maximum = 100)]
    pub likes: i64,
}

/// The likes of a room.
#[derive(Debug, Serialize, ToSchema)]
pub struct LiveLikesView {
    /// All of them.
    #[schema(example = 5205)]
    pub likes: i64,
}

/// Likes a room
#[utoipa::path(
    tag = "live",
    security(("shopper" = []), ("device" = [])),
    params(("id" = RoomId, Path, description = "The room.")),
    request_body = LikeLiveRoom,
    responses((status = 200, description = "The likes.", body = LiveLikesView))
)]
#[post("/live-rooms/{id}/likes")]
pub async fn like_live_room(
    db: web::Data<Db>,
    visitor: Visitor,
    id: Path<RoomId>,
    body: Json<LikeLiveRoom>,
) -> ApiResult<Json<LiveLikesView>> {
    let (viewer, id, likes) = (viewer(&visitor), id.0, body.0.likes);
    let like = move |tx: &mut Tx<'_>| {
        let likes = talking::like(tx, id, Some(viewer), likes)?;
        Ok::<_, LiveError>(LiveLikesView { likes })
    };
    Ok(Json(db.write("like_live_room", like).await?))
}

/// Looks at a product of a room
///
/// Counts the look for the room's report; the product itself is shown by the catalogue.
#[utoipa::path(
    tag = "live",
    security(("shopper" = []), ("device" = [])),
    params(
        ("id" = RoomId, Path, description = "The room."),
        ("product_id" = ProductId, Path, description = "The product.")
    ),
    responses((status = 204, description = "It is counted."))
)]
#[post("/live-rooms/{id}/products/{product_id}/clicks")]
pub async fn click_live_product(
    db: web::Data<Db>,
    visitor: Visitor,
    path: Path<(RoomId, ProductId)>,
) -> ApiResult<NoContent> {
    let (viewer, (room, product)) = (viewer(&visitor), path.0);
    db.write("click_live_product", move |tx| reporting::click(tx, room, product, Some(viewer))).await?;
    Ok(NoContent)
}

/// Catches one of what rains
///
/// One for each viewer; asking again answers what they have.
#[utoipa::path(
    tag = "live",
    security(("shopper" = [])),
    params(
        ("id" = RoomId, Path, description = "The room."),
        ("drop_id" = DropId, Path, description = "The drop.")
    ),
    responses((status = 201, description = "What they caught.", body = LiveCatchView))
)]
#[post("/live-rooms/{id}/drops/{drop_id}/catch")]
pub async fn catch_live_drop(
    db: web::Data<Db>,
    shopper: Shopper,
    path: Path<(RoomId, DropId)>,
) -> ApiResult<Created<LiveCatchView>> {
    let (user, (room, drop)) = (shopper.user_id, path.0);
    let claim = db.write("catch_live_drop", move |tx| dropping::catch(tx, room, drop, user)).await?;
    Ok(Created(LiveCatchView::from(claim)))
}
