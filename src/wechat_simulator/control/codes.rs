//! What the page gets from WeChat about group chats, and which codes were drawn.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{ControlAnswer, ControlRefusal, read};
use crate::kernel::time::SECOND_MS;
use crate::wechat_simulator::crypto::seal_open_data;
use crate::wechat_simulator::state::{World, locked};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EnterGroup {
    openid: String,
    group: String,
    #[serde(default)]
    older_spelling: bool,
    #[serde(default)]
    app_id: Option<String>,
    #[serde(default)]
    age_seconds: i64,
}

/// `POST /_sim/group`: what `wx.getGroupEnterInfo` gives the page, or with `older_spelling` what `wx.getShareInfo` did.
/// An `app_id` and `age_seconds` make it somebody else's or old.
pub(super) async fn enter_group(world: Data<World>, body: Bytes) -> ControlAnswer {
    let ask: EnterGroup = read(&body)?;
    let known = {
        let people = locked(&world.people);
        let app = people.owner_of(&ask.openid).and_then(|(app_id, _)| world.app(&app_id));
        app.and_then(|app| people.known(&app, &ask.openid)).ok_or_else(|| ControlRefusal::unknown("user"))?
    };
    let made_at = world.now().plus_millis(ask.age_seconds.saturating_mul(-SECOND_MS));
    let app_id = ask.app_id.unwrap_or(known.app_id);
    let watermark = json!({ "timestamp": made_at.seconds(), "appid": app_id });
    let plain = if ask.older_spelling {
        json!({ "openGId": ask.group, "watermark": watermark })
    } else {
        json!({ "opengid": ask.group, "chat_type": 3, "watermark": watermark })
    };
    let iv = world.dice.sixteen_bytes();
    let sealed = seal_open_data(&known.session_key, iv, plain.to_string().as_bytes());
    let (data, iv) = sealed.map_err(|error| ControlRefusal::bad(error.to_string()))?;
    Ok(HttpResponse::Ok().json(json!({ "encryptedData": data, "iv": iv })))
}

/// `GET /_sim/codes`: the codes that were drawn, each as often as it was.
pub(super) async fn list_codes(world: Data<World>) -> HttpResponse {
    let codes: Vec<Value> =
        locked(&world.codes).iter().map(|code| json!({ "scene": code.scene, "page": code.page })).collect();
    HttpResponse::Ok().json(json!({ "codes": codes }))
}
