//! Recordings of shows.

use actix_web::{delete, post, web};
use serde::Deserialize;
use utoipa::ToSchema;

use super::desk;
use super::rooms::{StaffLiveRoomView, view};
use crate::kernel::time::Timestamp;
use crate::live::model::{ReplayId, RoomId};
use crate::live::service::planning::{self, NewReplay};
use crate::platform::db::{Db, Tx};
use crate::platform::http::{ApiResult, Created, Json, NoContent, Path, Staff};
use crate::staff::permission::{LiveRun, LiveWrite};

/// A recording.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddLiveReplay {
    /// Where it can be fetched: `https://…`, `http://…` or a path of this service; at most 1,000 characters.
    #[schema(example = "https://vod.example.com/show.m3u8", max_length = 1000)]
    pub media_url: String,
    /// The moment of the show at its beginning; null for the beginning of the show.
    #[serde(default)]
    #[schema(example = json!(null))]
    pub began_at: Option<Timestamp>,
    /// How long it is, in milliseconds, when known.
    #[serde(default)]
    #[schema(example = 5_400_000, minimum = 1)]
    pub duration_ms: Option<i64>,
}

/// Adds a recording of a show
///
/// The same address is added once.
#[utoipa::path(
    tag = "live",
    security(("staff" = [])),
    extensions(("x-permission" = json!("live.write"))),
    params(("id" = RoomId, Path, description = "The room.")),
    request_body = AddLiveReplay,
    responses((status = 201, description = "The room.", body = StaffLiveRoomView))
)]
#[post("/live-rooms/{id}/replays")]
pub async fn add_live_replay(
    db: web::Data<Db>,
    staff: Staff<LiveWrite>,
    id: Path<RoomId>,
    body: Json<AddLiveReplay>,
) -> ApiResult<Created<StaffLiveRoomView>> {
    let AddLiveReplay { media_url, began_at, duration_ms } = body.0;
    let (id, new, desk) = (id.0, NewReplay { media_url, began_at, duration_ms }, desk(staff));
    let add = move |tx: &mut Tx<'_>| {
        planning::add_replay(tx, id, new.clone(), &desk)?;
        view(tx, id)
    };
    Ok(Created(db.write("add_live_replay", add).await?))
}

/// Takes a recording away
///
/// A replay without any recording is merely over again.
#[utoipa::path(
    tag = "live",
    security(("staff" = [])),
    extensions(("x-permission" = json!("live.write"))),
    params(
        ("id" = RoomId, Path, description = "The room."),
        ("replay_id" = ReplayId, Path, description = "The recording.")
    ),
    responses((status = 204, description = "It is gone."))
)]
#[delete("/live-rooms/{id}/replays/{replay_id}")]
pub async fn remove_live_replay(
    db: web::Data<Db>,
    staff: Staff<LiveWrite>,
    path: Path<(RoomId, ReplayId)>,
) -> ApiResult<NoContent> {
    let ((id, replay), desk) = (path.0, desk(staff));
    db.write("remove_live_replay", move |tx| planning::remove_replay(tx, id, replay, &desk)).await?;
    Ok(NoContent)
}

/// Lets a show that is over be watched again
#[utoipa::path(
    tag = "live",
    security(("staff" = [])),
    extensions(("x-permission" = json!("live.run"))),
    params(("id" = RoomId, Path, description = "The room.")),
    responses((status = 200, description = "The room.", body = StaffLiveRoomView))
)]
#[post("/live-rooms/{id}/show-replay")]
pub async fn show_live_replay(
    db: web::Data<Db>,
    staff: Staff<LiveRun>,
    id: Path<RoomId>,
) -> ApiResult<Json<StaffLiveRoomView>> {
    let (id, desk) = (id.0, desk(staff));
    let show = move |tx: &mut Tx<'_>| {
        planning::show_replay(tx, id, &desk)?;
        view(tx, id)
    };
    Ok(Json(db.write("show_live_replay", show).await?))
}
