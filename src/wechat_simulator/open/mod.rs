//! The account host, `api.weixin.qq.com`: refusals as HTTP 200 with an errcode, admission by access token, the
//! calls. The pages of `open.weixin.qq.com` where people agree to log in are here too.

mod codes;
pub(super) mod links;
pub(super) mod live;
mod login;
pub(super) mod messages;
pub(super) mod oauth;
mod phone;
pub(super) mod service;
pub(super) mod shipping;
mod tokens;

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::middleware::from_fn;
use actix_web::web::{Bytes, Data, Query};
use actix_web::{HttpResponse, ResponseError, web};
use serde_json::{Value, json};

use super::apps::{AppKind, OpenApp};
use super::gate::account_gate;
use super::state::{World, locked};
use super::tokens::TokenState;

/// The content type of most replies.
const JSON_TYPE: &str = "application/json; encoding=utf-8";

/// The query of a call.
type Parameters = Query<HashMap<String, String>>;
/// The result of every call.
type OpenAnswer = Result<HttpResponse, OpenRefusal>;

/// A refusal of the account host.
#[derive(Debug)]
pub(in crate::wechat_simulator) struct OpenRefusal {
    errcode: i64,
    errmsg: Cow<'static, str>,
    status: u16,
}

impl OpenRefusal {
    /// A refusal with a documented code.
    pub(in crate::wechat_simulator) fn new(errcode: i64, errmsg: &'static str) -> Self {
        Self { errcode, errmsg: errmsg.into(), status: 200 }
    }

    /// The same with another status than 200, for trouble on demand.
    pub(in crate::wechat_simulator) fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// The code.
    #[cfg(test)]
    pub(in crate::wechat_simulator) fn errcode(&self) -> i64 {
        self.errcode
    }
}

impl fmt::Display for OpenRefusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.errcode, self.errmsg)
    }
}

impl ResponseError for OpenRefusal {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK)
    }

    fn error_response(&self) -> HttpResponse {
        // The trace id of real failures; it identifies nothing here, so it needs no seed.
        let rid = format!("{:08x}-{:08x}-{:08x}", rand::random::<u32>(), rand::random::<u32>(), rand::random::<u32>());
        let body = json!({ "errcode": self.errcode, "errmsg": format!("{} rid: {rid}", self.errmsg) });
        HttpResponse::build(self.status_code()).content_type(JSON_TYPE).body(body.to_string())
    }
}

fn answer(body: &Value) -> HttpResponse {
    HttpResponse::Ok().content_type(JSON_TYPE).body(body.to_string())
}

fn done() -> HttpResponse {
    answer(&json!({ "errcode": 0, "errmsg": "ok" }))
}

fn given<'a>(query: &'a Parameters, name: &str) -> Option<&'a str> {
    query.get(name).map(String::as_str).filter(|value| !value.is_empty())
}

/// Lets a call with a good access token of an application of this kind pass.
fn admit(world: &World, query: &Parameters, kind: AppKind) -> Result<Arc<OpenApp>, OpenRefusal> {
    let token = given(query, "access_token").ok_or_else(|| OpenRefusal::new(41001, "access_token missing"))?;
    let state = locked(&world.tokens).state(token, world.now());
    let app_id = match state {
        TokenState::Good(app_id) => app_id,
        TokenState::Expired => return Err(OpenRefusal::new(42001, "access_token expired")),
        TokenState::Invalid => {
            return Err(OpenRefusal::new(40001, "invalid credential, access_token is invalid or not latest,"));
        }
    };
    world.app(&app_id).filter(|app| app.kind == kind).ok_or_else(|| OpenRefusal::new(48001, "api unauthorized"))
}

/// Checks the app's own credentials.
fn check_app(world: &World, app_id: Option<&str>, secret: Option<&str>) -> Result<Arc<OpenApp>, OpenRefusal> {
    let app_id = app_id.ok_or_else(|| OpenRefusal::new(41002, "appid missing"))?;
    let app = world.app(app_id).ok_or_else(|| OpenRefusal::new(40013, "invalid appid"))?;
    let secret = secret.ok_or_else(|| OpenRefusal::new(41004, "appsecret missing"))?;
    if secret != app.secret {
        return Err(OpenRefusal::new(40125, "invalid appsecret"));
    }
    Ok(app)
}

/// Reads a JSON object.
fn read_body(body: &Bytes) -> Result<Value, OpenRefusal> {
    if body.is_empty() {
        return Err(OpenRefusal::new(44002, "empty post data"));
    }
    match serde_json::from_slice(body) {
        Ok(value @ Value::Object(_)) => Ok(value),
        _ => Err(OpenRefusal::new(47001, "data format error")),
    }
}

/// `POST /cgi-bin/express/delivery/open_msg/get_delivery_list`.
async fn get_delivery_list(world: Data<World>, query: Parameters) -> OpenAnswer {
    admit(&world, &query, AppKind::Mini)?;
    let list: Vec<Value> =
        shipping::CARRIERS.iter().map(|(id, name)| json!({ "delivery_id": id, "delivery_name": name })).collect();
    Ok(answer(&json!({ "errcode": 0, "errmsg": "ok", "count": list.len(), "delivery_list": list })))
}

async fn needs_get() -> OpenRefusal {
    OpenRefusal::new(43001, "require GET method")
}

async fn needs_post() -> OpenRefusal {
    OpenRefusal::new(43002, "require POST method")
}

async fn unknown_path() -> OpenRefusal {
    OpenRefusal::new(40066, "invalid url")
}

/// The calls. Must be registered last: its empty prefix takes every path that nobody else took.
pub(in crate::wechat_simulator) fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::scope("")
            .wrap(from_fn(account_gate))
            .service(getting("/cgi-bin/token", tokens::get_token))
            .service(posting("/cgi-bin/stable_token", tokens::get_stable_token))
            .service(getting("/sns/jscode2session", login::code_to_session))
            .service(getting("/connect/oauth2/authorize", oauth::authorize))
            .service(getting("/connect/qrconnect", oauth::qrconnect))
            .service(getting("/sns/oauth2/access_token", oauth::get_access_token))
            .service(getting("/sns/oauth2/refresh_token", oauth::refresh_token))
            .service(getting("/sns/userinfo", oauth::get_user_info))
            .service(getting("/sns/auth", oauth::check_token))
            .service(getting("/wxa/checksession", login::check_session))
            .service(getting("/wxa/resetusersessionkey", login::reset_session_key))
            .service(posting("/wxa/business/getuserphonenumber", phone::get_phone_number))
            .service(posting("/wxa/getwxacodeunlimit", codes::draw_unlimited_code))
            .service(posting("/wxa/generate_urllink", links::generate_urllink))
            .service(posting("/wxa/generatescheme", links::generate_scheme))
            .service(getting("/cgi-bin/user/info", service::get_user))
            .service(posting("/cgi-bin/user/info/batchget", service::get_users))
            .service(posting("/cgi-bin/qrcode/create", service::create_qrcode))
            .service(getting("/cgi-bin/showqrcode", service::show_qrcode))
            .service(posting("/cgi-bin/message/template/send", service::send_template))
            .service(posting("/cgi-bin/message/subscribe/send", messages::send_subscribe))
            .service(posting("/wxa/sec/order/upload_shipping_info", shipping::upload_shipping_info))
            .service(posting("/wxa/sec/order/get_order", shipping::get_order))
            .service(posting("/cgi-bin/express/delivery/open_msg/get_delivery_list", get_delivery_list))
            .configure(live::routes)
            .default_service(refusing(unknown_path)),
    );
}

/// A call that is asked with GET and with nothing else.
fn getting<F, Args>(path: &str, handler: F) -> actix_web::Resource
where
    F: actix_web::Handler<Args>,
    Args: actix_web::FromRequest + 'static,
    F::Output: actix_web::Responder + 'static,
{
    web::resource(path).route(web::get().to(handler)).default_service(refusing(needs_get))
}

/// A call that is asked with POST and with nothing else.
fn posting<F, Args>(path: &str, handler: F) -> actix_web::Resource
where
    F: actix_web::Handler<Args>,
    Args: actix_web::FromRequest + 'static,
    F::Output: actix_web::Responder + 'static,
{
    web::resource(path).route(web::post().to(handler)).default_service(refusing(needs_post))
}

fn refusing<F, R>(handler: F) -> actix_web::Route
where
    F: Fn() -> R + Clone + 'static,
    R: Future<Output = OpenRefusal> + 'static,
{
    web::to(move || {
        let refusal = handler();
        async move { Err::<HttpResponse, _>(refusal.await) }
    })
}
