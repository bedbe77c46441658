//! The two spaces of access tokens.

use actix_web::web::{Bytes, Data};
use serde_json::{Value, json};

use super::{OpenAnswer, OpenRefusal, Parameters, answer, check_app, given, read_body};
use crate::wechat_simulator::apps::{AppKind, OpenApp};
use crate::wechat_simulator::state::{World, locked};
use crate::wechat_simulator::tokens::Grant;

const GRANT_TYPE: &str = "client_credential";

/// `GET /cgi-bin/token`.
pub(super) async fn get_token(world: Data<World>, query: Parameters) -> OpenAnswer {
    if given(&query, "grant_type") != Some(GRANT_TYPE) {
        return Err(OpenRefusal::new(40002, "invalid grant_type"));
    }
    let app = check_app(&world, given(&query, "appid"), given(&query, "secret"))?;
    may_call(&app)?;
    let grant = locked(&world.tokens).plain(&app.app_id, world.now(), &world.dice);
    Ok(answer(&granted(&grant)))
}

/// `POST /cgi-bin/stable_token`.
pub(super) async fn get_stable_token(world: Data<World>, body: Bytes) -> OpenAnswer {
    let body = read_body(&body)?;
    let text = |name: &str| body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    if text("grant_type") != Some(GRANT_TYPE) {
        return Err(OpenRefusal::new(40002, "invalid grant_type"));
    }
    let app = check_app(&world, text("appid"), text("secret"))?;
    may_call(&app)?;
    let force = match body.get("force_refresh") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(force)) => *force,
        Some(_) => return Err(OpenRefusal::new(47001, "data format error")),
    };
    let grant = locked(&world.tokens).stable(&app.app_id, force, world.now(), &world.dice);
    let grant = grant.ok_or_else(|| OpenRefusal::new(45009, "reach max api daily quota limit"))?;
    Ok(answer(&granted(&grant)))
}

/// Applications on phones and websites have no access token of their own.
fn may_call(app: &OpenApp) -> Result<(), OpenRefusal> {
    if matches!(app.kind, AppKind::Mini | AppKind::Service) {
        Ok(())
    } else {
        Err(OpenRefusal::new(48001, "api unauthorized"))
    }
}

fn granted(grant: &Grant) -> Value {
    json!({ "access_token": grant.access_token, "expires_in": grant.expires_in })
}
