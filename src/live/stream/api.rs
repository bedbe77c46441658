//! The picture for viewers.

use actix_web::{get, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::model::StreamDesk;
use super::service;
use crate::kernel::time::Timestamp;
use crate::live::model::{RoomId, Viewer};
use crate::platform::db::{Db, Tx};
use crate::platform::http::{ApiResult, Json, Path, Visitor};
use crate::platform::live_stream::PlayFormat;

/// The endpoint for viewers.
#[derive(utoipa::OpenApi)]
#[openapi(paths(show_play_addresses))]
pub struct ViewerApi;

/// Registers the endpoint for viewers.
pub fn viewer_routes(config: &mut web::ServiceConfig) {
    config.service(show_play_addresses);
}

/// Where to play, in one form.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlayAddressView {
    /// The form: `rtmp` and `flv` for the player of live mini-programs, `hls` for the ordinary one, `webrtc` for browsers.
    pub format: PlayFormat,
    /// The address. It is this viewer's alone.
    #[schema(example = "https://play.example.com/live/Xk2vR8.m3u8?txSecret=0f8b&txTime=6A1B2C3D&viewer=u7-9c1d")]
    pub url: String,
    /// Until when playing may begin; whoever plays by then plays on.
    pub ends_at: Timestamp,
}

/// Where to play a room.
#[derive(Debug, Serialize, ToSchema)]
pub struct PlayAddressesView {
    /// One for each form that the shop's engine serves.
    pub items: Vec<PlayAddressView>,
}

/// Shows where this viewer plays a room's picture
///
/// While the show is on the air. Ask again when an address is over, and after a pause that was longer than its life.
#[utoipa::path(
    tag = "live",
    security(("shopper" = []), ("device" = [])),
    params(("id" = RoomId, Path, description = "The room.")),
    responses(
        (status = 200, description = "The addresses.", body = PlayAddressesView),
        (status = 403, description = "The viewer may not enter.", body = serde_json::Value,
            example = json!({"code": "live.banned", "message": {"zh": "您已被移出直播间", "en": "You may not enter this room."}, "details": {"ends_at": null}})),
        (status = 409, description = "The show is not on the air, or its picture is not the shop's.", body = serde_json::Value,
            example = json!({"code": "live.not_on_air", "message": {"zh": "直播尚未开始或已结束", "en": "The show is not on the air."}, "details": {"state": "planned"}}))
    )
)]
#[get("/live-rooms/{id}/play-addresses")]
pub async fn show_play_addresses(
    db: web::Data<Db>,
    desk: web::Data<StreamDesk>,
    visitor: Visitor,
    id: Path<RoomId>,
) -> ApiResult<Json<PlayAddressesView>> {
    let id = id.0;
    let viewer = match visitor {
        Visitor::User(shopper) => Viewer::User(shopper.user_id, shopper.device_id),
        Visitor::Device(device) => Viewer::Device(device),
    };
    let look = move |tx: &mut Tx<'_>| service::play_addresses(tx, &desk, id, viewer);
    let addresses = db.read("show_play_addresses", look).await?;
    let view = |address: crate::platform::live_stream::PlayAddress| PlayAddressView {
        format: address.format,
        url: address.url,
        ends_at: address.ends_at,
    };
    Ok(Json(PlayAddressesView { items: addresses.into_iter().map(view).collect() }))
}
