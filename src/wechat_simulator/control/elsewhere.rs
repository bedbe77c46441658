//! People at the other platforms, and the book of text messages.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data};
use serde::Deserialize;
use serde_json::json;

use super::{ControlAnswer, ControlRefusal, read};
use crate::wechat_simulator::elsewhere::{self, Platform};
use crate::wechat_simulator::state::{World, locked};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Open {
    platform: Platform,
    /// Any openid of the person, at WeChat or elsewhere; somebody new when absent.
    openid: Option<String>,
}

/// `POST /_sim/elsewhere/code`: a person opens the mini-program at another platform, which hands its page a code.
pub(super) async fn give_code(world: Data<World>, body: Bytes) -> ControlAnswer {
    let ask: Open = read(&body)?;
    let issued = elsewhere::issue(&world, ask.platform, ask.openid.as_deref());
    let (code, known) = issued.ok_or_else(|| ControlRefusal::unknown("user"))?;
    Ok(HttpResponse::Ok().json(json!({ "code": code, "openid": known.openid, "unionid": known.unionid })))
}

/// `GET /_sim/sms`: every text message, oldest first.
pub(super) async fn list_sms(world: Data<World>) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "messages": locked(&world.sms).book }))
}
