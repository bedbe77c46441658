//! The address that WeChat calls.

use actix_web::http::header::ContentType;
use actix_web::{HttpRequest, HttpResponse, get, post, web};

use super::error::ServiceAccountError;
use super::rules;
use super::service::{self, House, ServiceAccountSettings};
use crate::entrance::{EntranceId, Entrances, OpenEntrance, Platform};
use crate::platform::db::{Db, DbError, Tx};
use crate::platform::http::{ApiError, ApiResult, Path};
use crate::platform::wechat::push::{PushKeys, PushQuery, PushRefusal, Pushed, RECEIVED};
use crate::share::SubjectSources;

/// Longest message read; WeChat's are a few kilobytes.
pub const MAX_PUSH_BYTES: usize = 64 * 1_024;

/// Mounts the endpoints at the root of the service.
pub fn hook_routes(config: &mut web::ServiceConfig) {
    config.service(check_push_address).service(receive_push);
}

/// The endpoints for the OpenAPI document; their paths are absolute.
#[derive(utoipa::OpenApi)]
#[openapi(paths(check_push_address, receive_push))]
pub struct HookApi;

/// An entrance that takes messages, with what proves them.
fn opened(entrances: &Entrances, id: EntranceId) -> Result<(std::sync::Arc<OpenEntrance>, PushKeys), ApiError> {
    let found = entrances.by_id(id).filter(|open| open.entrance.platform.takes_messages());
    let open = found.ok_or(ServiceAccountError::EntranceNotFound)?;
    let token = open.message_token.as_ref().ok_or(ServiceAccountError::EntranceNotFound)?;
    let keys = PushKeys::new(&open.entrance.app_id, token, open.message_aes_key.as_ref());
    let keys = keys.map_err(|error| {
        tracing::error!(%error, entrance = %id, "messages cannot be proven; write the keys of the entrance anew");
        ServiceAccountError::EntranceNotFound
    })?;
    Ok((open, keys))
}

/// What the address carries; what it carries beside is WeChat's business.
fn query_of(request: &HttpRequest) -> Result<PushQuery, ServiceAccountError> {
    let read = web::Query::<PushQuery>::from_query(request.query_string());
    read.map(web::Query::into_inner).map_err(|_| ServiceAccountError::NotBelieved)
}

fn refused(entrance: EntranceId, refusal: PushRefusal) -> ServiceAccountError {
    tracing::warn!(%refusal, %entrance, "a message that is not proven to be WeChat's was refused");
    match refusal {
        PushRefusal::Malformed => ServiceAccountError::NoMessage,
        _ => ServiceAccountError::NotBelieved,
    }
}

fn said(words: String) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body(words)
}

/// Answers WeChat's check of the address
///
/// With `echostr`, when it is signed with the entrance's token and not older than five minutes.
#[utoipa::path(
    tag = "service_account",
    security(()),
    params(
        ("entrance_id" = EntranceId, Path, description = "The entrance."),
        ("signature" = String, Query, description = "Over token, moment and nonce."),
        ("timestamp" = String, Query, description = "Seconds since 1970."),
        ("nonce" = String, Query, description = "Drawn at random."),
        ("echostr" = String, Query, description = "What is answered.")
    ),
    responses(
        (status = 200, description = "`echostr`, and nothing else.", body = String, content_type = "text/plain"),
        (status = 403, description = "It is not proven to be WeChat's.", body = serde_json::Value)
    )
)]
#[get("/hooks/wechat/push/{entrance_id}")]
pub async fn check_push_address(
    db: web::Data<Db>,
    entrances: web::Data<Entrances>,
    path: Path<EntranceId>,
    request: HttpRequest,
) -> ApiResult<HttpResponse> {
    let (_, keys) = opened(&entrances, path.0)?;
    let query = query_of(&request)?;
    keys.check_address(&query, db.clock().now()).map_err(|refusal| refused(path.0, refusal))?;
    Ok(said(query.echostr))
}

/// Receives messages of WeChat's: followers, scans, taps and words
///
/// Plain or sealed, as XML or JSON. A message that comes again is answered as before. Where an entrance has an AES key,
/// sealed messages are taken and no others.
#[utoipa::path(
    tag = "service_account",
    security(()),
    params(
        ("entrance_id" = EntranceId, Path, description = "The entrance."),
        ("signature" = Option<String>, Query, description = "Over token, moment and nonce."),
        ("timestamp" = Option<String>, Query, description = "Seconds since 1970."),
        ("nonce" = Option<String>, Query, description = "Drawn at random."),
        ("encrypt_type" = Option<String>, Query, description = "`aes` when the message is sealed."),
        ("msg_signature" = Option<String>, Query, description = "Over token, moment, nonce and the sealed message.")
    ),
    request_body(content = String, content_type = "text/xml", description = "A message of WeChat's."),
    responses(
        (status = 200, description = "`success`, or an answer as XML, sealed when the message was.", body = String,
            content_type = "text/xml"),
        (status = 400, description = "It is no message.", body = serde_json::Value),
        (status = 403, description = "It is not proven to be WeChat's, now.", body = serde_json::Value)
    )
)]
#[post("/hooks/wechat/push/{entrance_id}")]
pub async fn receive_push(
    db: web::Data<Db>,
    entrances: web::Data<Entrances>,
    sources: web::Data<SubjectSources>,
    settings: web::Data<ServiceAccountSettings>,
    path: Path<EntranceId>,
    request: HttpRequest,
    body: web::Payload,
) -> ApiResult<HttpResponse> {
    let (open, keys) = opened(&entrances, path.0)?;
    let query = query_of(&request)?;
    let Ok(Ok(body)) = body.to_bytes_limited(MAX_PUSH_BYTES).await else {
        return Err(ServiceAccountError::NoMessage.into());
    };
    let now = db.clock().now();
    let Pushed { message, format, sealed } =
        keys.open(&query, &body, now).map_err(|refusal| refused(path.0, refusal))?;
    let heard = rules::read(&message).ok_or(ServiceAccountError::NoMessage)?;
    if open.entrance.original_id.as_ref().is_some_and(|known| *known != heard.to) {
        return Err(refused(path.0, PushRefusal::ForeignApp).into());
    }
    let mini_program = entrances.default_of(Platform::WechatMini).map(|mini| mini.entrance.app_id.clone());
    let house = House {
        entrance: open.entrance.clone(),
        sources: sources.get_ref().clone(),
        mini_program,
        web_address: settings.web_address.clone(),
    };
    let nonce_key = rules::nonce_key(&query);
    let work = move |tx: &mut Tx<'_>| service::receive(tx, &house, &heard, &nonce_key);
    let Some(reply) = db.write("receive_push", work).await? else { return Ok(said(RECEIVED.to_owned())) };
    let reply = if sealed { keys.seal(&reply, format, &query.nonce, now).map_err(unsealable)? } else { reply };
    Ok(HttpResponse::Ok().insert_header(ContentType::xml()).body(reply))
}

fn unsealable(refusal: PushRefusal) -> ServiceAccountError {
    ServiceAccountError::Db(DbError::Defect(format!("an answer could not be sealed: {refusal}")))
}
