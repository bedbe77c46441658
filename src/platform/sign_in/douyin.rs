//! Douyin: `POST https://developer.toutiao.com/api/apps/v2/jscode2session` with JSON `appid`, `secret`, `code`,
//! `anonymous_code`.
//!
//! Answers `err_no`, `err_tips` and `data{openid, session_key, unionid, anonymous_openid}`. Documented codes: -1 the
//! platform's own trouble, 40015 app id, 40017 secret, 40018 code, 40019 anonymous code. The unionid is told to one owner
//! and differs between the apps of the platform (Douyin, Toutiao), which is the platform's rule and not ours to mend. Only
//! people who are logged in there are taken: an anonymous openid is nobody's proof, so no anonymous code is sent.

use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde_json::json;

use super::error::{SignInErrorKind, body_of};
use super::{AppKeys, Outcome, signed_in};
use crate::platform::outbound::Outbound;

#[derive(Deserialize)]
struct Answer {
    err_no: i64,
    data: Option<User>,
}

#[derive(Deserialize)]
struct User {
    openid: Option<String>,
    session_key: Option<String>,
    unionid: Option<String>,
}

/// Exchanges a code.
pub(super) async fn exchange(outbound: &Outbound, url: &str, app: &AppKeys, code: &str) -> Outcome {
    let body = json!({
        "appid": app.app_id, "secret": app.secret.expose_secret(), "code": code, "anonymous_code": "",
    });
    let reply = outbound.exchange("douyin jscode2session", outbound.http().post(url).json(&body)).await?;
    let answer: Answer = serde_json::from_slice(body_of(&reply)?)
        .map_err(|_| SignInErrorKind::BadReply { reason: "not the documented JSON" })?;
    let code = answer.err_no.to_string();
    match (answer.err_no, answer.data) {
        (0, Some(user)) => signed_in(user.openid, user.unionid, user.session_key),
        (0, None) => Err(SignInErrorKind::BadReply { reason: "no data" }),
        (-1, _) => Err(SignInErrorKind::Busy { code }),
        (40015 | 40017, _) => Err(SignInErrorKind::KeysRefused { code }),
        (40018 | 40019, _) => Err(SignInErrorKind::CodeRefused { code }),
        _ => Err(SignInErrorKind::Refused { code }),
    }
}
