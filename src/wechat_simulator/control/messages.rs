//! Subscribe messages: people agree to them, and the tester reads what was sent.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data};
use serde::Deserialize;
use serde_json::json;

use super::{ControlAnswer, read};
use crate::wechat_simulator::state::{World, locked};

/// What `wx.requestSubscribeMessage` is answered with.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Agree {
    openid: String,
    template_id: String,
    /// How many messages they agree to; once for each tap.
    #[serde(default = "once")]
    times: i64,
}

const fn once() -> i64 {
    1
}

/// `POST /_sim/messages/agree`: a person agrees to messages of a template.
pub(super) async fn agree(world: Data<World>, body: Bytes) -> ControlAnswer {
    let ask: Agree = read(&body)?;
    let left = locked(&world.subscriptions).agree(&ask.openid, &ask.template_id, ask.times.max(0));
    Ok(HttpResponse::Ok().json(json!({ "left": left })))
}

/// `GET /_sim/messages`: subscribe messages, the oldest first.
pub(super) async fn list_messages(world: Data<World>) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "messages": locked(&world.subscriptions).messages }))
}
