//! Login codes and session keys.

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde_json::json;

use super::{OpenAnswer, OpenRefusal, Parameters, admit, answer, check_app, given};
use crate::wechat_simulator::apps::{AppKind, OpenApp};
use crate::wechat_simulator::crypto::session_signature;
use crate::wechat_simulator::people::CodeTrouble;
use crate::wechat_simulator::state::{World, locked};

/// `GET /sns/jscode2session`. The reply is JSON under the content type of plain text, as the real one is.
pub(super) async fn code_to_session(world: Data<World>, query: Parameters) -> OpenAnswer {
    let app = check_app(&world, given(&query, "appid"), given(&query, "secret"))?;
    if app.kind != AppKind::Mini {
        return Err(OpenRefusal::new(48001, "api unauthorized"));
    }
    if given(&query, "grant_type") != Some("authorization_code") {
        return Err(OpenRefusal::new(40002, "invalid grant_type"));
    }
    let code = given(&query, "js_code").ok_or_else(|| OpenRefusal::new(41008, "missing code"))?;
    let user = locked(&world.people).redeem_login_code(&app, code, world.now()).map_err(|trouble| match trouble {
        CodeTrouble::Used => OpenRefusal::new(40163, "code been used,"),
        CodeTrouble::Invalid | CodeTrouble::OtherUser | CodeTrouble::OtherApp => {
            OpenRefusal::new(40029, "invalid code,")
        }
    })?;
    let mut body = json!({ "openid": user.openid, "session_key": user.session_key });
    if let (Some(unionid), Some(fields)) = (user.unionid, body.as_object_mut()) {
        fields.insert("unionid".to_owned(), unionid.into());
    }
    Ok(HttpResponse::Ok().content_type("text/plain").body(body.to_string()))
}

/// `GET /wxa/checksession`.
pub(super) async fn check_session(world: Data<World>, query: Parameters) -> OpenAnswer {
    let app = admit(&world, &query, AppKind::Mini)?;
    check_session_signature(&world, &app, &query)?;
    Ok(super::done())
}

/// `GET /wxa/resetusersessionkey`.
pub(super) async fn reset_session_key(world: Data<World>, query: Parameters) -> OpenAnswer {
    let app = admit(&world, &query, AppKind::Mini)?;
    let openid = check_session_signature(&world, &app, &query)?;
    let user = locked(&world.people).reset_session_key(&app, openid, &world.dice);
    let user = user.ok_or_else(|| OpenRefusal::new(40003, "invalid openid"))?;
    Ok(answer(&json!({ "errcode": 0, "errmsg": "ok", "openid": user.openid, "session_key": user.session_key })))
}

fn check_session_signature<'a>(world: &World, app: &OpenApp, query: &'a Parameters) -> Result<&'a str, OpenRefusal> {
    let openid = given(query, "openid").ok_or_else(|| OpenRefusal::new(40003, "invalid openid"))?;
    if given(query, "sig_method") != Some("hmac_sha256") {
        return Err(OpenRefusal::new(87008, "invalid sig_method"));
    }
    let user = locked(&world.people).known(app, openid).ok_or_else(|| OpenRefusal::new(40003, "invalid openid"))?;
    if given(query, "signature") != Some(session_signature(&user.session_key).as_str()) {
        return Err(OpenRefusal::new(87009, "invalid signature"));
    }
    Ok(openid)
}
