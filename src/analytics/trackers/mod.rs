//! Trackers of other makers: clients that carry one report to this shop when they are given its address and its project
//! key, and are not changed otherwise.
//!
//! [`sensors`] reads the wire format of the Sensors Analytics SDKs, [`posthog`] that of PostHog's. Both become the same
//! events. What such a client says is taken piece by piece, since none of them sends again what was refused; an event
//! under one of the shop's own names is told under `app_` and that name, so that no client speaks for the shop.

mod body;
mod posthog;
mod sensors;
#[cfg(test)]
mod tests;

use actix_web::{HttpRequest, HttpResponse, get, post, web};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;

use super::api::Sender;
use super::error::AnalyticsError;
use super::events;
use super::intake::Intake;
use super::model::{Accepted, Admission, Batch, Incoming, MAX_BATCH, MAX_PROPERTIES};
use crate::platform::http::{ApiError, ApiResult, Json, Query, RequestError};

/// Most bytes of a tracker's body, before it is unpacked.
const MAX_BODY: usize = 1_024 * 1_024;
/// What stands before one of the shop's own names when a client speaks of it.
const OF_AN_APP: &str = "app_";

/// The key that trackers report under; without one none is let in.
#[derive(Clone, Debug)]
pub struct ProjectKey(pub Option<SecretString>);

impl ProjectKey {
    fn admits(&self, presented: &str) -> Result<(), AnalyticsError> {
        let key = self.0.as_ref().ok_or(AnalyticsError::ProjectKeyInvalid)?;
        let same = verify_slices_are_equal(key.expose_secret().as_bytes(), presented.as_bytes());
        same.map_err(|_| AnalyticsError::ProjectKeyInvalid)
    }
}

/// What stands in the address that a Sensors Analytics SDK reports to.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SensorsQuery {
    /// The project; any word, since there is one.
    #[param(example = "default")]
    #[allow(dead_code, reason = "part of every SDK's address, and says nothing here")]
    project: Option<String>,
    /// The project key.
    #[param(example = "not-the-key")]
    token: Option<String>,
    /// One event, in Base64, when it is not in the body.
    data: Option<String>,
}

/// Takes in what a Sensors Analytics SDK reports
///
/// Point `server_url` at this path with `?project=default&token=` and the project key. Bodies are `data_list=` or `data=`,
/// Base64 of JSON or of gzip of JSON, as the SDKs of that family write them.
#[utoipa::path(
    tag = "analytics", security(()), params(SensorsQuery),
    request_body(content = String, content_type = "text/plain", description = "`data_list=` or `data=`, and perhaps `&gzip=1`.",
        example = "data_list=W10%3D"),
    responses(
        (status = 200, description = "What became of the events.", body = Accepted)
    )
)]
#[post("/hooks/sensors/sa")]
pub async fn receive_sensors_events(
    intake: web::Data<Intake>,
    key: web::Data<ProjectKey>,
    request: HttpRequest,
    query: Query<SensorsQuery>,
    body: web::Payload,
) -> ApiResult<Json<Accepted>> {
    key.admits(query.0.token.as_deref().unwrap_or_default())?;
    let received = intake.now();
    let body = whole(body).await?;
    let _room = intake.room_for(body.len())?;
    let text = str::from_utf8(&body).map_err(|_| AnalyticsError::BodyUnreadable)?;
    let objects = body::sensors_objects(text).ok_or(AnalyticsError::BodyUnreadable)?;
    let events = objects.iter().map(sensors::incoming).collect();
    Ok(Json(take_in(&intake, &Sender::of(&request), received, events).await?))
}

/// Takes in one event that a Sensors Analytics SDK reports in its address
#[utoipa::path(
    tag = "analytics", security(()), params(SensorsQuery),
    responses(
        (status = 200, description = "What became of the event.", body = Accepted),
        (status = 400, description = "The event cannot be read.", body = serde_json::Value,
            example = json!({"code": "analytics.body_unreadable", "message": {"zh": "无法解析上报内容", "en": "The body cannot be read."}, "details": null})),
        (status = 401, description = "The project key is not the shop's, or trackers are off.", body = serde_json::Value,
            example = json!({"code": "analytics.project_key_invalid", "message": {"zh": "项目密钥无效", "en": "The project key is not valid."}, "details": null}))
    )
)]
#[get("/hooks/sensors/sa")]
pub async fn receive_sensors_event(
    intake: web::Data<Intake>,
    key: web::Data<ProjectKey>,
    request: HttpRequest,
    query: Query<SensorsQuery>,
) -> ApiResult<Json<Accepted>> {
    key.admits(query.0.token.as_deref().unwrap_or_default())?;
    let received = intake.now();
    let packed = query.0.data.as_deref().unwrap_or_default();
    let _room = intake.room_for(packed.len())?;
    let objects = body::packed_objects(packed).ok_or(AnalyticsError::BodyUnreadable)?;
    let events = objects.iter().map(sensors::incoming).collect();
    Ok(Json(take_in(&intake, &Sender::of(&request), received, events).await?))
}

/// Takes in a batch that a PostHog SDK reports
///
/// Point `host` at `/hooks/posthog` and give the project key as `api_key`. Bodies may be gzip.
#[utoipa::path(
    tag = "analytics", security(()),
    request_body(content = String, content_type = "application/octet-stream",
        description = "`{api_key, batch, sent_at}` as JSON, perhaps in gzip.", example = "(bytes)"),
    responses(
        (status = 200, description = "The events were taken in.", body = serde_json::Value, example = json!({"status": 1}))
    )
)]
#[post("/hooks/posthog/batch/")]
pub async fn receive_posthog_batch(
    intake: web::Data<Intake>,
    key: web::Data<ProjectKey>,
    request: HttpRequest,
    body: web::Payload,
) -> ApiResult<HttpResponse> {
    receive_posthog(&intake, &key, &request, body).await
}

/// Takes in one event that a PostHog SDK reports
#[utoipa::path(
    tag = "analytics", security(()),
    request_body(content = String, content_type = "application/octet-stream",
        description = "`{api_key, event, distinct_id, properties, timestamp}` as JSON, perhaps in gzip.", example = "(bytes)"),
    responses(
        (status = 200, description = "The event was taken in.", body = serde_json::Value, example = json!({"status": 1}))
    )
)]
#[post("/hooks/posthog/i/v0/e/")]
pub async fn receive_posthog_event(
    intake: web::Data<Intake>,
    key: web::Data<ProjectKey>,
    request: HttpRequest,
    body: web::Payload,
) -> ApiResult<HttpResponse> {
    receive_posthog(&intake, &key, &request, body).await
}

async fn receive_posthog(
    intake: &Intake,
    key: &ProjectKey,
    request: &HttpRequest,
    body: web::Payload,
) -> ApiResult<HttpResponse> {
    let received = intake.now();
    let body = whole(body).await?;
    let _room = intake.room_for(body.len())?;
    let told = body::posthog(&body).ok_or(AnalyticsError::BodyUnreadable)?;
    key.admits(&told.api_key)?;
    let events = told.events.iter().map(|event| posthog::incoming(event, told.sent_at)).collect();
    take_in(intake, &Sender::of(request), received, events).await?;
    Ok(HttpResponse::Ok().json(json!({ "status": 1 })))
}

/// Mounts the endpoints at the root of the service.
pub fn hook_routes(config: &mut web::ServiceConfig) {
    config
        .service(receive_sensors_events)
        .service(receive_sensors_event)
        .service(receive_posthog_batch)
        .service(receive_posthog_event);
}

/// The endpoints for the OpenAPI document; their paths are absolute.
#[derive(utoipa::OpenApi)]
#[openapi(paths(receive_sensors_events, receive_sensors_event, receive_posthog_batch, receive_posthog_event))]
pub struct HookApi;

async fn whole(body: web::Payload) -> Result<web::Bytes, ApiError> {
    match body.to_bytes_limited(MAX_BODY).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => Err(ApiError::new(RequestError::INCOMPLETE)),
        Err(_) => Err(ApiError::new(RequestError::TOO_LARGE)),
    }
}

/// Keeps what could be read; what could not is counted.
async fn take_in(
    intake: &Intake,
    sender: &Sender,
    received: crate::kernel::time::Timestamp,
    events: Vec<Option<Incoming>>,
) -> Result<Accepted, AnalyticsError> {
    let told = events.len();
    let mut readable: Vec<Incoming> = events.into_iter().flatten().collect();
    let mut whole = Accepted { refused: told.saturating_sub(readable.len()), ..Accepted::default() };
    if readable.is_empty() && told > 0 {
        return Err(AnalyticsError::BodyUnreadable);
    }
    for event in &mut readable {
        if events::is_the_shops(&event.name) {
            event.name.insert_str(0, OF_AN_APP);
        }
        sender.carry(&mut event.properties);
        event.flags = event.flags.with(sender.flags());
        while event.properties.len() > MAX_PROPERTIES {
            event.properties.pop_last();
        }
    }
    while !readable.is_empty() {
        let later = readable.split_off(readable.len().min(MAX_BATCH));
        let batch = Batch { received, admission: Admission::Piecemeal, events: readable };
        let part = intake.take_in(batch).await?;
        whole.accepted += part.accepted;
        whole.duplicates += part.duplicates;
        whole.conflicts += part.conflicts;
        whole.dropped += part.dropped;
        whole.refused += part.refused;
        readable = later;
    }
    Ok(whole)
}
