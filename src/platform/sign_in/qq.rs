//! QQ: `GET https://api.q.qq.com/sns/jscode2session`, the wire of WeChat's call of the same name.
//!
//! `appid`, `secret`, `js_code`, `grant_type=authorization_code` in the query; answers `openid`, `session_key`, `unionid`
//! (only for accounts bound to an owner), or `errcode` and `errmsg`. Documented codes: -1 busy, 40029 code not valid,
//! 45011 too often. That 40163 (used), 40013 and 40125 (app id, secret) mean what they mean at WeChat is an assumption.

use secrecy::ExposeSecret as _;
use serde::Deserialize;

use super::error::{SignInErrorKind, body_of};
use super::{AppKeys, Outcome, signed_in};
use crate::platform::outbound::Outbound;

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    errcode: i64,
    openid: Option<String>,
    session_key: Option<String>,
    unionid: Option<String>,
}

/// Exchanges a code.
pub(super) async fn exchange(outbound: &Outbound, url: &str, app: &AppKeys, code: &str) -> Outcome {
    let request = outbound.http().get(url).query(&[
        ("appid", app.app_id.as_str()),
        ("secret", app.secret.expose_secret()),
        ("js_code", code),
        ("grant_type", "authorization_code"),
    ]);
    let reply = outbound.exchange("qq jscode2session", request).await?;
    let answer: Answer = serde_json::from_slice(body_of(&reply)?)
        .map_err(|_| SignInErrorKind::BadReply { reason: "not the documented JSON" })?;
    let code = answer.errcode.to_string();
    match answer.errcode {
        0 => signed_in(answer.openid, answer.unionid, answer.session_key),
        -1 => Err(SignInErrorKind::Busy { code }),
        40029 | 40163 => Err(SignInErrorKind::CodeRefused { code }),
        40013 | 40125 => Err(SignInErrorKind::KeysRefused { code }),
        45011 => Err(SignInErrorKind::Throttled { code }),
        _ => Err(SignInErrorKind::Refused { code }),
    }
}
