//! Baidu: `POST https://spapi.baidu.com/oauth/jscode2sessionkey` with a form of `code`, `client_id` (the AppKey, not the
//! app id) and `sk` (the AppSecret).
//!
//! Answers `openid` and `session_key`, or `errno`, `error`, `error_description`. Baidu also documents a newer call,
//! `/rest/2.0/smartapp/getsessionkey`, which asks for an access token of the app first; this one needs none and serves
//! the allied apps too. Its table of codes is published only in part (10010100, an argument is wrong), so what is known to
//! be about the keys is told apart and every other refusal counts as one of the code, which is what a page can do
//! something about. There is no id across apps in the answer: Baidu tells it by a call of its own (`getunionid`).

use secrecy::ExposeSecret as _;
use serde::Deserialize;

use super::error::{SignInErrorKind, body_of};
use super::{AppKeys, Outcome, signed_in};
use crate::platform::outbound::{Outbound, form_encoded};

#[derive(Deserialize)]
struct Answer {
    openid: Option<String>,
    session_key: Option<String>,
    errno: Option<i64>,
    error: Option<String>,
}

/// Exchanges a code.
pub(super) async fn exchange(outbound: &Outbound, url: &str, app: &AppKeys, code: &str) -> Outcome {
    let body = form_encoded(&[("code", code), ("client_id", &app.app_id), ("sk", app.secret.expose_secret())]);
    let request = outbound.http().post(url).header("content-type", "application/x-www-form-urlencoded").body(body);
    let reply = outbound.exchange("baidu jscode2sessionkey", request).await?;
    let answer: Answer = serde_json::from_slice(body_of(&reply)?)
        .map_err(|_| SignInErrorKind::BadReply { reason: "not the documented JSON" })?;
    let refused = answer.errno.filter(|number| *number != 0);
    match (refused, answer.error) {
        (None, None) => signed_in(answer.openid, None, answer.session_key),
        // The words of OAuth 2.0 (RFC 6749, 5.2), which this call speaks.
        (number, Some(word)) if matches!(word.as_str(), "invalid_client" | "unauthorized_client") => {
            Err(SignInErrorKind::KeysRefused { code: number.map_or(word, |number| number.to_string()) })
        }
        (Some(10_010_100), _) => Err(SignInErrorKind::Refused { code: "10010100".to_owned() }),
        (number, word) => {
            let code = number.map(|number| number.to_string()).or(word).unwrap_or_default();
            Err(SignInErrorKind::CodeRefused { code })
        }
    }
}
