//! The picture for staff.

use actix_web::{get, post, web};
use serde::Serialize;
use utoipa::ToSchema;

use super::model::StreamDesk;
use super::service;
use crate::kernel::time::Timestamp;
use crate::live::model::RoomId;
use crate::platform::db::{Db, Tx};
use crate::platform::http::auth::Staff;
use crate::platform::http::{ApiResult, Json, Path};
use crate::platform::live_stream::PushAddress;
use crate::staff::permission::LiveRun;

/// The endpoints for staff.
#[derive(utoipa::OpenApi)]
#[openapi(paths(show_push_address, renew_push_address))]
pub struct StaffApi;

/// Registers the endpoints for staff.
pub fn staff_routes(config: &mut web::ServiceConfig) {
    config.service(show_push_address).service(renew_push_address);
}

/// Where a room's picture is published to.
#[derive(Debug, Serialize, ToSchema)]
pub struct PushAddressView {
    /// The server, which broadcasting programs ask for first.
    #[schema(example = "rtmp://push.example.com/live")]
    pub server: String,
    /// The stream, which they ask for second and call the key. Whoever knows it can publish.
    #[schema(example = "Xk2vR8?txSecret=0f8b&txTime=6A1B2C3D&pass=5f1e")]
    pub stream_key: String,
    /// Both in one.
    #[schema(example = "rtmp://push.example.com/live/Xk2vR8?txSecret=0f8b&txTime=6A1B2C3D&pass=5f1e")]
    pub url: String,
    /// Until when publishing may begin; what is being published by then goes on.
    pub ends_at: Timestamp,
}

impl From<PushAddress> for PushAddressView {
    fn from(address: PushAddress) -> Self {
        let url = address.url();
        Self { server: address.server, stream_key: address.key, url, ends_at: address.ends_at }
    }
}

/// Shows where a room's picture is published to
///
/// A new address each time; earlier ones stay good until their end.
#[utoipa::path(
    tag = "live",
    security(("staff" = [])),
    extensions(("x-permission" = json!("live.run"))),
    params(("id" = RoomId, Path, description = "The room.")),
    responses(
        (status = 200, description = "The address.", body = PushAddressView),
        (status = 409, description = "The room is over, shows WeChat's picture, or no engine is set up.", body = serde_json::Value,
            example = json!({"code": "live.stream_off", "message": {"zh": "未配置直播推流服务", "en": "No media engine is set up."}, "details": null}))
    )
)]
#[get("/live-rooms/{id}/push-address")]
pub async fn show_push_address(
    db: web::Data<Db>,
    desk: web::Data<StreamDesk>,
    _staff: Staff<LiveRun>,
    id: Path<RoomId>,
) -> ApiResult<Json<PushAddressView>> {
    let id = id.0;
    let look = move |tx: &mut Tx<'_>| service::push_address(tx, &desk, id);
    Ok(Json(db.read("show_push_address", look).await?.into()))
}

/// Withdraws every address to publish to that a room has, and makes a new one
///
/// For when one fell into wrong hands. An engine that reports cuts off whoever publishes with an earlier one.
#[utoipa::path(
    tag = "live",
    security(("staff" = [])),
    extensions(("x-permission" = json!("live.run"))),
    params(("id" = RoomId, Path, description = "The room.")),
    responses((status = 200, description = "The new address.", body = PushAddressView))
)]
#[post("/live-rooms/{id}/push-address/renew")]
pub async fn renew_push_address(
    db: web::Data<Db>,
    desk: web::Data<StreamDesk>,
    staff: Staff<LiveRun>,
    id: Path<RoomId>,
) -> ApiResult<Json<PushAddressView>> {
    let id = id.0;
    let renew = move |tx: &mut Tx<'_>| service::renew_push_address(tx, &desk, id, (staff.staff_id, &staff.origin));
    Ok(Json(db.write("renew_push_address", renew).await?.into()))
}
