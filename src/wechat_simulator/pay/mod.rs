//! The merchant host, `api.mch.weixin.qq.com`: authentication by signature, refusals, and the calls.

mod arguments;
mod orders;
mod refunding;
pub(super) mod render;

use std::borrow::Cow;
use std::fmt;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;
use actix_web::middleware::from_fn;
use actix_web::web::{Bytes, Data};
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, HttpResponse, ResponseError, web};
use futures_util::future::LocalBoxFuture;
use serde_json::{Value, json};

use super::crypto::{seal, signed_lines};
use super::gate::{Authenticated, SCHEME, merchant_gate};
use super::state::World;

/// A signed request may be this far from the platform's clock.
const CLOCK_TOLERANCE_SECONDS: i64 = 300;
/// The content type of all replies.
const JSON_TYPE: &str = "application/json; charset=utf-8";

/// A refusal of the merchant host.
#[derive(Debug)]
pub(in crate::wechat_simulator) struct PayRefusal {
    status: u16,
    code: Cow<'static, str>,
    message: Cow<'static, str>,
    detail: Option<Value>,
}

impl PayRefusal {
    /// A refusal with a documented code.
    pub(in crate::wechat_simulator) fn new(status: u16, code: &'static str, message: &'static str) -> Self {
        Self { status, code: code.into(), message: message.into(), detail: None }
    }

    /// A refusal with a code chosen by a tester.
    pub(in crate::wechat_simulator) fn with_code(status: u16, code: String, message: &'static str) -> Self {
        Self { status, code: code.into(), message: message.into(), detail: None }
    }

    /// A wrong argument: where it is, what it was, what is wrong with it.
    pub(in crate::wechat_simulator) fn argument(
        location: &str,
        field: &str,
        value: Option<&Value>,
        issue: &str,
    ) -> Self {
        let detail = json!({ "location": location, "field": field, "value": value, "issue": issue });
        Self { status: 400, code: "PARAM_ERROR".into(), message: "参数错误".into(), detail: Some(detail) }
    }

    /// The code.
    #[cfg(test)]
    pub(in crate::wechat_simulator) fn code(&self) -> &str {
        &self.code
    }

    fn signature(message: &'static str) -> Self {
        Self::new(401, "SIGN_ERROR", message)
    }
}

impl fmt::Display for PayRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.code, self.message)
    }
}

impl ResponseError for PayRefusal {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse {
        let mut body = json!({ "code": self.code, "message": self.message });
        if let (Some(detail), Some(fields)) = (&self.detail, body.as_object_mut()) {
            fields.insert("detail".to_owned(), detail.clone());
        }
        HttpResponse::build(self.status_code()).content_type(JSON_TYPE).body(body.to_string())
    }
}

/// The result of every call.
type PayAnswer = Result<HttpResponse, PayRefusal>;

/// A request whose signature was found to be the merchant's over exactly these bytes.
pub(in crate::wechat_simulator) struct Authentic {
    /// The raw body.
    body: Bytes,
    /// The state.
    world: Data<World>,
}

impl FromRequest for Authentic {
    type Error = actix_web::Error;
    type Future = LocalBoxFuture<'static, Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let body = Bytes::from_request(request, payload);
        let world = Data::<World>::extract(request);
        let request = request.clone();
        Box::pin(async move {
            let (body, world) = (body.await?, world.await?);
            check_headers(&request)?;
            check_signature(&world, &request, &body)?;
            request.extensions_mut().insert(Authenticated);
            Ok(Self { body, world })
        })
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok()).filter(|value| !value.is_empty())
}

/// Certificates and refunds insist on both headers, before looking at the signature; the trade calls do not.
fn check_headers(request: &HttpRequest) -> Result<(), PayRefusal> {
    let strict = !request.path().starts_with("/v3/pay/");
    let headers = request.headers();
    if strict && (header(headers, "accept").is_none() || header(headers, "user-agent").is_none()) {
        return Err(PayRefusal::new(400, "INVALID_REQUEST", "Http头缺少Accept或User-Agent"));
    }
    Ok(())
}

fn check_signature(world: &World, request: &HttpRequest, body: &[u8]) -> Result<(), PayRefusal> {
    let malformed = || PayRefusal::signature("Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》");
    let authorization = header(request.headers(), "authorization").and_then(Authorization::parse);
    let given = authorization.ok_or_else(malformed)?;
    let seconds: i64 = given.timestamp.parse().map_err(|_| malformed())?;
    if seconds.abs_diff(world.now().seconds()) > CLOCK_TOLERANCE_SECONDS.unsigned_abs() {
        return Err(PayRefusal::signature("Http头Authorization中的timestamp与发起请求的时间不得超过5分钟"));
    }
    if given.mchid != world.mch_id {
        return Err(PayRefusal::signature("商户号与商户证书序列号不匹配"));
    }
    if !given.serial_no.eq_ignore_ascii_case(&world.keys.credentials.merchant_serial) {
        return Err(PayRefusal::signature("商户证书序列号有误，请使用签名私钥匹配的证书序列号"));
    }
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let method = request.method().as_str();
    let message = signed_lines(&[
        method.as_bytes(),
        target.as_bytes(),
        given.timestamp.as_bytes(),
        given.nonce_str.as_bytes(),
        body,
    ]);
    if !world.keys.merchant_signed(&message, given.signature) {
        return Err(PayRefusal::signature("签名错误"));
    }
    Ok(())
}

struct Authorization<'a> {
    mchid: &'a str,
    nonce_str: &'a str,
    timestamp: &'a str,
    serial_no: &'a str,
    signature: &'a str,
}

impl<'a> Authorization<'a> {
    /// The five pairs may come in any order.
    fn parse(header: &'a str) -> Option<Self> {
        let pairs: Vec<(&str, &str)> = header
            .strip_prefix(SCHEME)?
            .split(',')
            .filter_map(|pair| pair.trim().split_once('='))
            .map(|(name, value)| (name, value.trim_matches('"')))
            .collect();
        let find = |wanted: &str| {
            pairs.iter().find(|(name, value)| *name == wanted && !value.is_empty()).map(|(_, value)| *value)
        };
        Some(Self {
            mchid: find("mchid")?,
            nonce_str: find("nonce_str")?,
            timestamp: find("timestamp")?,
            serial_no: find("serial_no")?,
            signature: find("signature")?,
        })
    }
}

fn answer(body: &Value) -> HttpResponse {
    HttpResponse::Ok().content_type(JSON_TYPE).body(body.to_string())
}

/// `GET /v3/certificates`.
async fn get_certificates(call: Authentic) -> PayAnswer {
    let certificate = &call.world.keys.certificate;
    let nonce = call.world.dice.letters(12);
    let api_v3_key = &call.world.keys.credentials.api_v3_key;
    let ciphertext = seal(api_v3_key, &nonce, "certificate", certificate.pem.as_bytes())
        .map_err(|_| PayRefusal::new(500, "SYSTEM_ERROR", "系统异常，请稍后重试"))?;
    Ok(answer(&json!({
        "data": [{
            "serial_no": certificate.serial,
            "effective_time": certificate.effective.rfc3339_at_offset(8),
            "expire_time": certificate.expires.rfc3339_at_offset(8),
            "encrypt_certificate": {
                "algorithm": "AEAD_AES_256_GCM",
                "nonce": nonce,
                "associated_data": "certificate",
                "ciphertext": ciphertext,
            },
        }],
    })))
}

/// The calls. Unknown paths answer 404 and wrong methods 405, both with an empty body and before authentication.
pub(in crate::wechat_simulator) fn routes(cfg: &mut web::ServiceConfig) {
    let trades = web::scope("/pay/transactions")
        .service(web::resource("/jsapi").route(web::post().to(orders::create_jsapi)))
        .service(web::resource("/app").route(web::post().to(orders::create_app)))
        .service(web::resource("/h5").route(web::post().to(orders::create_h5)))
        .service(web::resource("/native").route(web::post().to(orders::create_native)))
        .service(web::resource("/out-trade-no/{out_trade_no}").route(web::get().to(orders::query_by_out_trade_no)))
        .service(web::resource("/out-trade-no/{out_trade_no}/close").route(web::post().to(orders::close_order)))
        .service(web::resource("/id/{transaction_id}").route(web::get().to(orders::query_by_transaction_id)));
    let refunds = web::scope("/refund/domestic/refunds")
        .service(web::resource("").route(web::post().to(refunding::create_refund)))
        .service(web::resource("/{out_refund_no}").route(web::get().to(refunding::query_refund)));
    cfg.service(
        web::scope("/v3")
            .wrap(from_fn(merchant_gate))
            .service(trades)
            .service(refunds)
            .service(web::resource("/certificates").route(web::get().to(get_certificates)))
            .default_service(web::to(HttpResponse::NotFound)),
    );
}
