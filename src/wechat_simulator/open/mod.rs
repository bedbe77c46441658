//! The account host, `api.weixin.qq.com`: refusals as HTTP 200 with an errcode, admission by access token, the
//! calls. The pages of `open.weixin.qq.com` where people agree to log in are here too.

mod codes;
pub(super) mod links;
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
    let get = |path: &str, route| web::resource(path).route(route).default_service(refusing(needs_get));
    let post = |path: &str, route| web::resource(path).route(route).default_service(refusing(needs_post));
    cfg.service(
        web::scope("")
            .wrap(from_fn(account_gate))
            .service(get("/cgi-bin/token", web::get().to(tokens::get_token)))
            .service(post("/cgi-bin/stable_token", web::post().to(tokens::get_stable_token)))
            .service(get("/sns/jscode2session", web::get().to(login::code_to_session)))
            .service(get("/connect/oauth2/authorize", web::get().to(oauth::authorize)))
            .service(get("/connect/qrconnect", web::get().to(oauth::qrconnect)))
            .service(get("/sns/oauth2/access_token", web::get().to(oauth::get_access_token)))
            .service(get("/sns/oauth2/refresh_token", web::get().to(oauth::refresh_token)))
            .service(get("/sns/userinfo", web::get().to(oauth::get_user_info)))
            .service(get("/sns/auth", web::get().to(oauth::check_token)))
            .service(get("/wxa/checksession", web::get().to(login::check_session)))
            .service(get("/wxa/resetusersessionkey", web::get().to(login::reset_session_key)))
            .service(post("/wxa/business/getuserphonenumber", web::post().to(phone::get_phone_number)))
            .service(post("/wxa/getwxacodeunlimit", web::post().to(codes::draw_unlimited_code)))
            .service(post("/wxa/generate_urllink", web::post().to(links::generate_urllink)))
            .service(post("/wxa/generatescheme", web::post().to(links::generate_scheme)))
            .service(get("/cgi-bin/user/info", web::get().to(service::get_user)))
            .service(post("/cgi-bin/user/info/batchget", web::post().to(service::get_users)))
            .service(post("/cgi-bin/qrcode/create", web::post().to(service::create_qrcode)))
            .service(get("/cgi-bin/showqrcode", web::get().to(service::show_qrcode)))
            .service(post("/cgi-bin/message/template/send", web::post().to(service::send_template)))
            .service(post("/cgi-bin/message/subscribe/send", web::post().to(messages::send_subscribe)))
            .service(post("/wxa/sec/order/upload_shipping_info", web::post().to(shipping::upload_shipping_info)))
            .service(post("/wxa/sec/order/get_order", web::post().to(shipping::get_order)))
            .service(post("/cgi-bin/express/delivery/open_msg/get_delivery_list", web::post().to(get_delivery_list)))
            .default_service(refusing(unknown_path)),
    );
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
