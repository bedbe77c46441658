//! Baidu's `jscode2sessionkey`. Which numbers its refusals of keys and codes carry is not published; these are made up, and
//! the words beside them are OAuth's.

use std::collections::HashMap;

use actix_web::HttpResponse;
use actix_web::web::{Data, Form};
use serde_json::{Value, json};

use super::{Platform, redeem};
use crate::wechat_simulator::state::World;

/// `POST /oauth/jscode2sessionkey`.
pub(super) async fn code_to_session_key(world: Data<World>, form: Form<HashMap<String, String>>) -> HttpResponse {
    HttpResponse::Ok().json(session(&world, &form).unwrap_or_else(
        |(errno, error, description)| json!({ "errno": errno, "error": error, "error_description": description }),
    ))
}

fn session(world: &World, form: &HashMap<String, String>) -> Result<Value, (i64, &'static str, &'static str)> {
    let given = |name: &str| form.get(name).filter(|value| !value.is_empty());
    let (Some(code), Some(client), Some(secret)) = (given("code"), given("client_id"), given("sk")) else {
        return Err((10_010_100, "parameter is invalid", "Field validation failed on the 'required' tag"));
    };
    let keys = world.keys.elsewhere(Platform::Baidu);
    if *client != keys.app_id || *secret != keys.app_secret {
        return Err((10_010_101, "invalid_client", "unknown client id or secret"));
    }
    let known = redeem(world, Platform::Baidu, code);
    let known = known.map_err(|_| (10_010_102, "invalid_grant", "Invalid authorization code"))?;
    Ok(json!({ "openid": known.openid, "session_key": known.session_key }))
}
