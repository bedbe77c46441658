//! Users act: they appear, log in, share their phone number. And the shop's credentials.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{ControlAnswer, ControlRefusal, read};
use crate::wechat_simulator::apps::AppKind;
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
    /// Any openid of the person.
    openid: Option<String>,
    nickname: Option<String>,
    phone: Option<String>,
    /// Another mini-program than the one the simulator was started with.
    app_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SharePhone {
    openid: String,
    phone: Option<String>,
}

fn shown(user: &User) -> Value {
    let elsewhere: BTreeMap<&str, &str> =
        user.elsewhere.iter().map(|(app_id, membership)| (app_id.as_str(), membership.openid.as_str())).collect();
    json!({
        "openid": user.openid,
        "unionid": user.unionid,
        "nickname": user.nickname,
        "phone": user.phone,
        "elsewhere": elsewhere,
    })
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
    let app = world.app(ask.app_id.as_deref().unwrap_or(&world.app_id)).filter(|app| app.kind == AppKind::Mini);
    let app = app.ok_or_else(|| ControlRefusal::unknown("mini-program"))?;
    let mut people = locked(&world.people);
    let home = match ask.openid {
        Some(openid) => people.owner_of(&openid).ok_or_else(|| ControlRefusal::unknown("user"))?.1,
        None => {
            let new = NewUser { nickname: ask.nickname, phone: ask.phone.clone(), without_unionid: false };
            people.create(new, &world.dice).openid
        }
    };
    let known = people.meet(&home, &app, &world.dice).ok_or_else(|| ControlRefusal::unknown("user"))?;
    let phone_code = ask.phone.map(|phone| {
        people.bind_phone(&home, phone.clone());
        people.issue_phone_code(&known, phone, now, &world.dice)
    });
    let openid = known.openid.clone();
    let js_code = people.issue_login_code(known, now, &world.dice);
    Ok(HttpResponse::Ok().json(json!({ "js_code": js_code, "openid": openid, "phone_code": phone_code })))
}

/// `POST /_sim/phone`: what the phone button gives the page. Without a number, the user's own or a made-up one.
pub(super) async fn share_phone(world: Data<World>, body: Bytes) -> ControlAnswer {
    let ask: SharePhone = read(&body)?;
    let mut people = locked(&world.people);
    let app = people.owner_of(&ask.openid).and_then(|(app_id, _)| world.app(&app_id));
    let known = app.and_then(|app| people.known(&app, &ask.openid)).ok_or_else(|| ControlRefusal::unknown("user"))?;
    let bound = people.user(&known.home).and_then(|user| user.phone.clone());
    let phone = ask.phone.or(bound).unwrap_or_else(|| format!("138{}", world.dice.digits(8)));
    people.bind_phone(&known.home, phone.clone());
    let code = people.issue_phone_code(&known, phone.clone(), world.now(), &world.dice);
    Ok(HttpResponse::Ok().json(json!({ "code": code, "phone": phone })))
}
