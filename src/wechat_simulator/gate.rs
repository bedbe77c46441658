//! The gate before both hosts: applies the knobs' rules, and signs what the merchant host replies.

use std::io;
use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody, to_bytes};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::{Bytes, Data};
use actix_web::{Error, HttpMessage as _, HttpResponse, ResponseError as _};
use futures_util::stream;

use super::crypto::signed_lines;
use super::keys::KeyKind;
use super::knobs::{Afterwards, Instead, Spoilt, Verdict};
use super::open::OpenRefusal;
use super::pay::PayRefusal;
use super::state::{World, locked};

/// What WeChat's deliberately wrong signatures begin with.
pub(super) const SIGNTEST: &str = "WECHATPAY/SIGNTEST/";
/// The only signature scheme.
pub(super) const SCHEME: &str = "WECHATPAY2-SHA256-RSA2048";

/// Left in a request's extensions once the merchant's signature was found good; only then the reply is signed.
pub(super) struct Authenticated;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Host {
    Account,
    Merchant,
}

/// The gate of `api.weixin.qq.com`.
pub(super) async fn account_gate<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    pass(Host::Account, request, next).await
}

/// The gate of `api.mch.weixin.qq.com`.
pub(super) async fn merchant_gate<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    pass(Host::Merchant, request, next).await
}

async fn pass<B: MessageBody + 'static>(
    host: Host,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(world) = request.app_data::<Data<World>>().cloned() else {
        return Err(actix_web::error::ErrorInternalServerError("the simulator's state is missing"));
    };
    let verdict = locked(&world.knobs).draw(request.method().as_str(), request.path(), &world.dice);
    if verdict.delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(verdict.delay_ms)).await;
    }
    let kind = reply_key(&world, request.headers());
    let reply = match &verdict.instead {
        Some(Instead::Lose) => return Ok(request.into_response(cut())),
        Some(Instead::Refuse(status, code)) => {
            let refusal = refused(host, *status, code.clone());
            request.extensions_mut().insert(Authenticated);
            request.into_response(refusal)
        }
        None => next.call(request).await?.map_into_boxed_body(),
    };
    let reply = match verdict.afterwards {
        Some(Afterwards::Lose) => return Ok(reply.into_response(cut())),
        Some(afterwards) => reply.into_response(spoiled_answer(host, afterwards)),
        None => reply,
    };
    match host {
        Host::Account => Ok(reply),
        Host::Merchant => sign(&world, kind, reply, &verdict).await,
    }
}

fn reply_key(world: &World, headers: &HeaderMap) -> KeyKind {
    let named = headers.get("wechatpay-serial").and_then(|serial| serial.to_str().ok());
    let public_key_named = named.is_some_and(|serial| serial.starts_with("PUB_KEY_ID_"));
    locked(&world.knobs).settings().replies.mode.kind(public_key_named)
}

/// A response whose body fails before its first byte: the server then drops the connection with nothing written.
fn cut() -> HttpResponse {
    HttpResponse::Ok().streaming(stream::iter([Err::<Bytes, io::Error>(io::Error::other("cut by a knob"))]))
}

fn refused(host: Host, status: Option<u16>, code: Option<String>) -> HttpResponse {
    match host {
        Host::Merchant => {
            let code = code.unwrap_or_else(|| "FREQUENCY_LIMITED".to_owned());
            PayRefusal::with_code(status.unwrap_or(429), code, "系统按测试要求拒绝了本次请求").error_response()
        }
        Host::Account => {
            let errcode = code.and_then(|code| code.parse().ok()).unwrap_or(-1);
            OpenRefusal::new(errcode, "refused on demand").with_status(status.unwrap_or(200)).error_response()
        }
    }
}

fn spoiled_answer(host: Host, afterwards: Afterwards) -> HttpResponse {
    match (host, afterwards) {
        (Host::Merchant, Afterwards::TooMany) => PayRefusal::new(429, "FREQUENCY_LIMITED", "频率超限").error_response(),
        (Host::Merchant, _) => PayRefusal::new(500, "SYSTEM_ERROR", "系统异常，请稍后重试").error_response(),
        (Host::Account, Afterwards::TooMany) => {
            OpenRefusal::new(45011, "api minute-quota reach limit, must slower, retry next minute").error_response()
        }
        (Host::Account, _) => OpenRefusal::new(-1, "system error").error_response(),
    }
}

async fn sign(
    world: &World,
    kind: KeyKind,
    reply: ServiceResponse<BoxBody>,
    verdict: &Verdict,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if !reply.request().extensions().contains::<Authenticated>() {
        return Ok(reply);
    }
    let (request, response) = reply.into_parts();
    let (mut response, body) = response.into_parts();
    let body = to_bytes(body).await.map_err(actix_web::error::ErrorInternalServerError)?;
    let timestamp = world.now().seconds().to_string();
    let nonce = world.dice.letters(32);
    let mut message = signed_lines(&[timestamp.as_bytes(), nonce.as_bytes(), &body]);
    if verdict.spoilt == Some(Spoilt::Signature) {
        message.push(b'!');
    }
    let mut signature = world.keys.sign(kind, &message).map_err(actix_web::error::ErrorInternalServerError)?;
    if verdict.spoilt == Some(Spoilt::Signtest) {
        signature = format!("{SIGNTEST}{signature}");
    }
    let outcome =
        if response.status().is_success() { "0".to_owned() } else { format!("2684354{}", world.dice.digits(2)) };
    let headers = [
        ("wechatpay-timestamp", timestamp),
        ("wechatpay-nonce", nonce),
        ("wechatpay-signature", signature),
        ("wechatpay-signature-type", SCHEME.to_owned()),
        ("wechatpay-serial", world.keys.serial(kind).to_owned()),
        ("request-id", format!("08{}-{outcome}", world.dice.hex(34).to_uppercase())),
    ];
    for (name, value) in headers {
        let value = HeaderValue::from_str(&value).map_err(actix_web::error::ErrorInternalServerError)?;
        response.headers_mut().insert(HeaderName::from_static(name), value);
    }
    let body = if verdict.spoilt == Some(Spoilt::Body) { altered(&body) } else { body };
    // 204 must not carry a body, not even an empty one with a length.
    let response =
        if body.is_empty() { response.set_body(BoxBody::new(())) } else { response.set_body(BoxBody::new(body)) };
    Ok(ServiceResponse::new(request, response))
}

/// The same bytes with one of them changed.
pub(super) fn altered(body: &[u8]) -> Bytes {
    let mut bytes = body.to_vec();
    let middle = bytes.len() / 2;
    if let Some(byte) = bytes.get_mut(middle) {
        *byte ^= 1;
    }
    bytes.into()
}
