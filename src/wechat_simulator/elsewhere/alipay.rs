//! Alipay's gateway, as far as log-ins need it.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::web::{Data, Form};
use serde_json::{Value, json};

use super::{Platform, redeem};
use crate::wechat_simulator::people::CodeTrouble;
use crate::wechat_simulator::state::World;

/// `POST /gateway.do` with `alipay.system.oauth.token`.
pub(super) async fn gateway(world: Data<World>, form: Form<BTreeMap<String, String>>) -> HttpResponse {
    let (name, body) = match token(&world, &form) {
        Ok(body) => ("alipay_system_oauth_token_response", body),
        Err((code, msg, sub_code)) => {
            ("error_response", json!({ "code": code, "msg": msg, "sub_code": sub_code, "sub_msg": "按文档拒绝" }))
        }
    };
    // The signature is over this text exactly, so it is put into the answer as it is.
    let text = body.to_string();
    let sign = world.keys.sign_as_alipay(text.as_bytes()).unwrap_or_default();
    let answer = format!("{{\"{name}\":{text},\"sign\":\"{sign}\"}}");
    HttpResponse::Ok().content_type("text/html;charset=utf-8").body(answer)
}

type Refusal = (&'static str, &'static str, &'static str);

fn token(world: &World, form: &BTreeMap<String, String>) -> Result<Value, Refusal> {
    let given = |name: &str| form.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let missing = |sub_code| ("40001", "Missing Required Arguments", sub_code);
    let invalid = |sub_code| ("40002", "Invalid Arguments", sub_code);
    let keys = world.keys.elsewhere(Platform::Alipay);
    if given("app_id").ok_or_else(|| missing("isv.missing-app-id"))? != keys.app_id {
        return Err(invalid("isv.invalid-app-id"));
    }
    let signature = given("sign").ok_or_else(|| missing("isv.missing-signature"))?;
    if given("sign_type") != Some("RSA2") {
        return Err(invalid("isv.invalid-signature-type"));
    }
    // The map is sorted by name, as the text that is signed must be.
    let signed: Vec<String> = form
        .iter()
        .filter(|(name, value)| *name != "sign" && !value.is_empty())
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    if !world.keys.alipay_app_signed(signed.join("&").as_bytes(), signature) {
        return Err(invalid("isv.invalid-signature"));
    }
    match given("method") {
        None => return Err(missing("isv.missing-method")),
        Some("alipay.system.oauth.token") => {}
        Some(_) => return Err(invalid("isv.invalid-method")),
    }
    if given("version") != Some("1.0") || given("charset").is_none() {
        return Err(invalid("isv.invalid-parameter"));
    }
    given("timestamp").filter(|time| time.len() == 19).ok_or_else(|| missing("isv.missing-timestamp"))?;
    if given("grant_type") != Some("authorization_code") {
        return Err(invalid("isv.grant-type-invalid"));
    }
    let code = given("code").ok_or_else(|| missing("isv.code-is-null"))?;
    let known = redeem(world, Platform::Alipay, code).map_err(|trouble| match trouble {
        CodeTrouble::Used | CodeTrouble::Invalid | CodeTrouble::OtherUser | CodeTrouble::OtherApp => {
            invalid("isv.code-invalid")
        }
    })?;
    Ok(json!({
        "access_token": format!("authusrB{}", world.dice.hex(24)),
        "auth_start": world.now().rfc3339_at_offset(8).replace('T', " ").chars().take(19).collect::<String>(),
        "expires_in": 1_296_000,
        "re_expires_in": 2_592_000,
        "refresh_token": format!("authusrB{}", world.dice.hex(24)),
        "open_id": known.openid,
        "union_id": known.unionid,
    }))
}
