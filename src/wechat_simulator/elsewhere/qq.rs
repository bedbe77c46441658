//! QQ's `jscode2session`.

use std::collections::HashMap;

use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use serde_json::{Value, json};

use super::{Platform, redeem};
use crate::wechat_simulator::people::CodeTrouble;
use crate::wechat_simulator::state::World;

/// `GET /sns/jscode2session`.
pub(super) async fn code_to_session(world: Data<World>, query: Query<HashMap<String, String>>) -> HttpResponse {
    HttpResponse::Ok().json(
        session(&world, &query).unwrap_or_else(|(errcode, errmsg)| json!({ "errcode": errcode, "errmsg": errmsg })),
    )
}

fn session(world: &World, query: &HashMap<String, String>) -> Result<Value, (i64, &'static str)> {
    let given = |name: &str| query.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let keys = world.keys.elsewhere(Platform::Qq);
    if given("appid") != Some(&keys.app_id) {
        return Err((40013, "invalid appid"));
    }
    if given("secret") != Some(&keys.app_secret) {
        return Err((40125, "invalid appsecret"));
    }
    if given("grant_type") != Some("authorization_code") {
        return Err((40002, "invalid grant_type"));
    }
    let known = redeem(world, Platform::Qq, given("js_code").unwrap_or_default());
    let known = known.map_err(|trouble| match trouble {
        CodeTrouble::Used => (40163, "code been used"),
        CodeTrouble::Invalid | CodeTrouble::OtherUser | CodeTrouble::OtherApp => (40029, "invalid code"),
    })?;
    Ok(json!({
        "errcode": 0, "errmsg": "", "openid": known.openid, "session_key": known.session_key, "unionid": known.unionid,
    }))
}
