//! Users act: they appear, log in, share their phone number. And the shop's credentials.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{ControlAnswer, ControlRefusal, read};
use crate::wechat_simulator::people::{NewUser, User};
use crate::wechat_simulator::state::{World, locked};

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct CreateUser {
    nickname: Option<String>,
    phone: Option<String>,
    without_unionid: bool,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct LogIn {
    openid: Option<String>,
    nickname: Option<String>,
    phone: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SharePhone {
    openid: String,
    phone: Option<String>,
}

fn shown(user: &User) -> Value {
    json!({ "openid": user.openid, "unionid": user.unionid, "nickname": user.nickname, "phone": user.phone })
}

/// `GET /_sim/credentials`: what the development shop must be configured with.
pub(super) async fn show_credentials(world: Data<World>) -> HttpResponse {
    HttpResponse::Ok().json(&world.keys.credentials)
}

/// `GET /_sim/users`.
pub(super) async fn list_users(world: Data<World>) -> HttpResponse {
    let users: Vec<Value> = locked(&world.people).users().map(shown).collect();
    HttpResponse::Ok().json(json!({ "users": users }))
}

/// `POST /_sim/users`.
pub(super) async fn create_user(world: Data<World>, body: Bytes) -> ControlAnswer {
    let ask: CreateUser = read(&body)?;
    let new = NewUser { nickname: ask.nickname, phone: ask.phone, without_unionid: ask.without_unionid };
    let user = locked(&world.people).create(new, &world.dice);
    Ok(HttpResponse::Ok().json(shown(&user)))
}

/// `POST /_sim/login`: what `wx.login` gives the page. Without an openid a new user appears.
pub(super) async fn log_in(world: Data<World>, body: Bytes) -> ControlAnswer {
    let ask: LogIn = read(&body)?;
    let now = world.now();
    let mut people = locked(&world.people);
    let openid = match ask.openid {
        Some(openid) if people.user(&openid).is_some() => openid,
        Some(_) => return Err(ControlRefusal::unknown("user")),
        None => {
            let new = NewUser { nickname: ask.nickname, phone: ask.phone.clone(), without_unionid: false };
            people.create(new, &world.dice).openid
        }
    };
    let js_code = people.issue_login_code(&openid, now, &world.dice);
    let phone_code = ask.phone.map(|phone| {
        people.bind_phone(&openid, phone.clone());
        people.issue_phone_code(&openid, phone, now, &world.dice)
    });
    Ok(HttpResponse::Ok().json(json!({ "js_code": js_code, "openid": openid, "phone_code": phone_code })))
}

/// `POST /_sim/phone`: what the phone button gives the page. Without a number, the user's own or a made-up one.
pub(super) async fn share_phone(world: Data<World>, body: Bytes) -> ControlAnswer {
    let ask: SharePhone = read(&body)?;
    let mut people = locked(&world.people);
    let user = people.user(&ask.openid).ok_or_else(|| ControlRefusal::unknown("user"))?;
    let phone = ask.phone.or_else(|| user.phone.clone()).unwrap_or_else(|| format!("138{}", world.dice.digits(8)));
    people.bind_phone(&ask.openid, phone.clone());
    let code = people.issue_phone_code(&ask.openid, phone.clone(), world.now(), &world.dice);
    Ok(HttpResponse::Ok().json(json!({ "code": code, "phone": phone })))
}
