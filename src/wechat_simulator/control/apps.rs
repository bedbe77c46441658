//! Applications, and people who agree to log in to them.

use std::collections::HashMap;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data};
use serde::Deserialize;
use serde_json::json;

use super::{ControlAnswer, ControlRefusal, read};
use crate::wechat_simulator::apps::{AppKind, OWNER, OpenApp};
use crate::wechat_simulator::oauth::Scope;
use crate::wechat_simulator::open::oauth::{Visitor, consent, visit};
use crate::wechat_simulator::state::{World, locked};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Register {
    kind: AppKind,
    app_id: Option<String>,
    /// Which account of the Open Platform it hangs on; the owner's when absent, none when empty.
    open_platform: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Agree {
    app_id: String,
    /// Any openid of the person; somebody new when absent.
    openid: Option<String>,
    scope: Option<String>,
    #[serde(default)]
    snapshot: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Authorize {
    /// The address that the shop sent the browser to, whatever its host.
    url: String,
    openid: Option<String>,
    #[serde(default)]
    refuse: bool,
    #[serde(default)]
    snapshot: bool,
}

/// `GET /_sim/apps`: all applications with their secrets.
pub(super) async fn list_apps(world: Data<World>) -> HttpResponse {
    let apps = locked(&world.apps);
    let apps: Vec<&OpenApp> = apps.all().iter().map(AsRef::as_ref).collect();
    HttpResponse::Ok().json(json!({ "apps": apps }))
}

/// `POST /_sim/apps`: one more application, which a restart forgets.
pub(super) async fn register_app(world: Data<World>, body: Bytes) -> ControlAnswer {
    let ask: Register = read(&body)?;
    let app_id = ask.app_id.unwrap_or_else(|| format!("wx{}", world.dice.hex(16)));
    let open_platform = ask.open_platform.unwrap_or_else(|| OWNER.to_owned());
    let app = OpenApp::new(ask.kind, app_id, open_platform, &world.dice);
    let shown = HttpResponse::Ok().json(&app);
    if locked(&world.apps).register(app) {
        Ok(shown)
    } else {
        Err(ControlRefusal::new(StatusCode::CONFLICT, "TAKEN", "the app id is taken"))
    }
}

/// `POST /_sim/oauth-code`: what the SDK on the phone, or the page of a website or service account, hands over when the
/// person agrees. Without a scope, the widest that the application may ask for.
pub(super) async fn give_oauth_code(world: Data<World>, body: Bytes) -> ControlAnswer {
    let ask: Agree = read(&body)?;
    let app = world.app(&ask.app_id).ok_or_else(|| ControlRefusal::unknown("application"))?;
    let widest = if app.kind == AppKind::Website { Scope::Login } else { Scope::UserInfo };
    let scope = match ask.scope.as_deref() {
        Some(word) => Scope::read(word).ok_or_else(|| ControlRefusal::bad("there is no such scope"))?,
        None => widest,
    };
    if !app.kind.may_ask(scope) {
        return Err(ControlRefusal::bad("an application of this kind may not ask for that"));
    }
    let visitor = Visitor { openid: ask.openid, refuses: false, snapshot: ask.snapshot };
    let agreed = consent(&world, &app, scope, &visitor);
    let (code, openid) = agreed.ok_or_else(|| ControlRefusal::unknown("user"))?;
    Ok(HttpResponse::Ok().json(json!({ "code": code, "openid": openid, "scope": scope.word() })))
}

/// `POST /_sim/authorize`: a browser inside WeChat opens the address of an authorisation page, and somebody agrees or does
/// not. Answers where the browser is sent.
pub(super) async fn open_authorize_page(world: Data<World>, body: Bytes) -> ControlAnswer {
    let ask: Authorize = read(&body)?;
    let url = reqwest::Url::parse(&ask.url).map_err(|error| ControlRefusal::bad(error.to_string()))?;
    let kind = match url.path() {
        path if path.ends_with("/connect/oauth2/authorize") => AppKind::Service,
        path if path.ends_with("/connect/qrconnect") => AppKind::Website,
        _ => return Err(ControlRefusal::unknown("authorisation page")),
    };
    let query: HashMap<String, String> = url.query_pairs().into_owned().collect();
    let visitor = Visitor { openid: ask.openid, refuses: ask.refuse, snapshot: ask.snapshot };
    let visit = visit(&world, kind, &query, &visitor)
        .map_err(|refusal| ControlRefusal::new(StatusCode::CONFLICT, "REFUSED", refusal.to_string()))?;
    let state = query.get("state").map(String::as_str).unwrap_or_default();
    Ok(HttpResponse::Ok().json(json!({
        "redirect": visit.redirect, "code": visit.code, "state": state, "openid": visit.openid,
    })))
}
