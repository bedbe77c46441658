//! Douyin's `jscode2session`.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data};
use serde_json::{Value, json};

use super::{Platform, redeem};
use crate::wechat_simulator::state::World;

/// `POST /api/apps/v2/jscode2session`.
pub(super) async fn code_to_session(world: Data<World>, body: Bytes) -> HttpResponse {
    let log_id = world.dice.hex(32);
    let answer = match session(&world, &body) {
        Ok(data) => json!({ "err_no": 0, "err_tips": "success", "log_id": log_id, "data": data }),
        Err((number, tips)) => json!({ "err_no": number, "err_tips": tips, "log_id": log_id, "data": null }),
    };
    HttpResponse::Ok().json(answer)
}

fn session(world: &World, body: &[u8]) -> Result<Value, (i64, &'static str)> {
    let body: Value = serde_json::from_slice(body).map_err(|_| (40014, "bad parameters"))?;
    let text = |name: &str| body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let keys = world.keys.elsewhere(Platform::Douyin);
    if text("appid") != Some(&keys.app_id) {
        return Err((40015, "bad appid"));
    }
    if text("secret") != Some(&keys.app_secret) {
        return Err((40017, "bad secret"));
    }
    let code = match (text("code"), text("anonymous_code")) {
        (Some(code), _) => code,
        (None, Some(_)) => return Err((40019, "bad anonymous code")),
        (None, None) => return Err((40014, "bad parameters")),
    };
    let known = redeem(world, Platform::Douyin, code).map_err(|_| (40018, "bad code"))?;
    Ok(json!({
        "session_key": known.session_key,
        "openid": known.openid,
        "anonymous_openid": "",
        "unionid": known.unionid.unwrap_or_default(),
    }))
}
