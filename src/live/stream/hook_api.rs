//! The addresses that media engines call.
//!
//! A refusal is answered 403 with the reason in its details, which every engine takes as no; what is let in is answered
//! 200 with `{"code": 0}`, as SRS wants it.

use actix_web::{post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::model::StreamDesk;
use super::service::{self, Told};
use crate::live::error::LiveError;
use crate::platform::db::{Db, Tx};
use crate::platform::http::{ApiError, ApiResult, Json, Origin, Query, RequestError};
use crate::platform::live_stream::adapters::{self, CssTrouble};
use crate::platform::live_stream::{StreamDeed, StreamEvent};

/// Longest message of an engine.
const MAX_BYTES: usize = 64 * 1_024;

/// Mounts the endpoints at the root of the service.
pub fn hook_routes(config: &mut web::ServiceConfig) {
    config.service(receive_srs_hook).service(receive_nginx_rtmp_hook).service(receive_css_callback);
}

/// The endpoints for the OpenAPI document; their paths are absolute.
#[derive(utoipa::OpenApi)]
#[openapi(paths(receive_srs_hook, receive_nginx_rtmp_hook, receive_css_callback))]
pub struct HookApi;

/// What stands in the address that an engine calls.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct HookQuery {
    /// The secret of the hooks, where one is set.
    #[param(example = "not-the-secret")]
    secret: Option<String>,
}

/// What an engine is told when there is nothing against it.
#[derive(Debug, Serialize, ToSchema)]
pub struct HookAnswer {
    /// Always 0.
    #[schema(example = 0)]
    pub code: i64,
}

/// What a hook was called with.
struct Call {
    query: HookQuery,
    origin: Origin,
    body: web::Payload,
}

impl Call {
    /// The body, once the caller is let in.
    async fn believed(self, desk: &StreamDesk) -> Result<web::Bytes, ApiError> {
        let gate = desk.engine.as_ref().map(|engine| &engine.hooks);
        if !gate.is_some_and(|gate| gate.admits(self.query.secret.as_deref(), &self.origin.address)) {
            return Err(LiveError::HookNotBelieved.into());
        }
        whole(self.body).await
    }
}

async fn whole(body: web::Payload) -> Result<web::Bytes, ApiError> {
    match body.to_bytes_limited(MAX_BYTES).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => Err(ApiError::new(RequestError::INCOMPLETE)),
        Err(_) => Err(ApiError::new(RequestError::TOO_LARGE)),
    }
}

async fn answer(db: &Db, desk: web::Data<StreamDesk>, told: Told) -> ApiResult<Json<HookAnswer>> {
    let (engine, deed) = (told.engine, told.event.deed);
    let hear = move |tx: &mut Tx<'_>| service::hear(tx, &desk, &told);
    // Many play at once; what changes nothing does not wait for the one who writes.
    let outcome = if service::changes(deed) {
        db.write("live.stream_changed", hear).await
    } else {
        db.read("live.stream_asked", hear).await
    };
    if let Err(LiveError::StreamRefused(details)) = &outcome {
        tracing::info!(engine, ?deed, %details, "a stream was refused");
    }
    outcome?;
    Ok(Json(HookAnswer { code: 0 }))
}

fn readable(event: Option<StreamEvent>) -> Result<StreamEvent, LiveError> {
    event.ok_or(LiveError::HookUnreadable)
}

/// Answers the hooks of SRS
///
/// `on_connect`, `on_publish`, `on_unpublish`, `on_play`, `on_stop` and `on_dvr`; others are let through. Publishing turns
/// the room live, and what ceases pauses it after a time of grace. `on_dvr` files a replay.
#[utoipa::path(
    tag = "live", security(()), params(HookQuery),
    request_body(content = serde_json::Value, description = "A hook as SRS writes it, whatever its content type.",
        example = json!({
            "action": "on_publish", "client_id": "9308h583", "ip": "192.168.1.10", "vhost": "__defaultVhost__",
            "app": "live", "stream": "Xk2vR8", "param": "?txSecret=0f8b&txTime=6A1B2C3D&pass=5f1e"
        })),
    responses((status = 200, description = "There is nothing against it.", body = HookAnswer))
)]
#[post("/hooks/live/srs")]
pub async fn receive_srs_hook(
    db: web::Data<Db>,
    desk: web::Data<StreamDesk>,
    origin: Origin,
    query: Query<HookQuery>,
    body: web::Payload,
) -> ApiResult<Json<HookAnswer>> {
    let body = Call { query: query.0, origin, body }.believed(&desk).await?;
    let event = readable(adapters::read_srs(&body))?;
    answer(&db, desk, Told { engine: "srs", event, decided: false }).await
}

/// Answers the notices of nginx with its RTMP module
///
/// `connect`, `publish`, `publish_done`, `play`, `play_done`, `update` and `record_done`; others are let through. With
/// `on_update` set, publishers and viewers who are no longer let in are cut off while they go on.
#[utoipa::path(
    tag = "live", security(()), params(HookQuery),
    request_body(content = String, content_type = "application/x-www-form-urlencoded",
        description = "A notice as the module writes it.",
        example = "app=live&addr=192.168.1.10&clientid=7&call=publish&name=Xk2vR8&type=live&txSecret=0f8b&txTime=6A1B2C3D"),
    responses((status = 200, description = "There is nothing against it.", body = HookAnswer))
)]
#[post("/hooks/live/nginx-rtmp")]
pub async fn receive_nginx_rtmp_hook(
    db: web::Data<Db>,
    desk: web::Data<StreamDesk>,
    origin: Origin,
    query: Query<HookQuery>,
    body: web::Payload,
) -> ApiResult<Json<HookAnswer>> {
    let body = Call { query: query.0, origin, body }.believed(&desk).await?;
    let event = readable(adapters::read_nginx_rtmp(&body))?;
    answer(&db, desk, Told { engine: "nginx-rtmp", event, decided: false }).await
}

/// Takes the callbacks of Tencent Cloud CSS
///
/// Pushing began (1) or ceased (0), a recording is complete (100); others are passed over. CSS refuses wrong and expired
/// addresses by itself and tells afterwards, so a callback about a room that is over changes nothing and is answered like
/// any other. What counts is the callback's own signature.
#[utoipa::path(
    tag = "live", security(()),
    request_body(content = serde_json::Value, description = "A callback as CSS writes it.",
        example = json!({
            "event_type": 1, "t": 1_790_000_600, "sign": "ca3e25e5dc17a6f9909a9ae7281e300d", "appname": "live",
            "stream_id": "Xk2vR8", "stream_param": "txSecret=0f8b&txTime=6A1B2C3D&pass=5f1e", "sequence": "667446"
        })),
    responses((status = 200, description = "It was taken.", body = HookAnswer))
)]
#[post("/hooks/live/css")]
pub async fn receive_css_callback(
    db: web::Data<Db>,
    desk: web::Data<StreamDesk>,
    body: web::Payload,
) -> ApiResult<Json<HookAnswer>> {
    let settings = desk.engine.as_ref().ok_or(LiveError::HookNotBelieved)?;
    let body = whole(body).await?;
    let event = adapters::read_css(settings, &body, db.clock().now()).map_err(|trouble| match trouble {
        CssTrouble::Malformed => LiveError::HookUnreadable,
        CssTrouble::NotBelieved => LiveError::HookNotBelieved,
    })?;
    if !matches!(event.deed, StreamDeed::Publish | StreamDeed::Unpublish | StreamDeed::Recorded) {
        return Ok(Json(HookAnswer { code: 0 }));
    }
    let told = Told { engine: "css", event, decided: true };
    let hear = move |tx: &mut Tx<'_>| service::hear(tx, &desk, &told);
    match db.write("live.stream_told", hear).await {
        // Nothing can be refused any more: it has happened.
        Ok(()) => {}
        Err(LiveError::StreamRefused(details)) => tracing::warn!(%details, "a stream comes that no room takes"),
        Err(error) => return Err(error.into()),
    }
    Ok(Json(HookAnswer { code: 0 }))
}
