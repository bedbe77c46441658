//! Alipay: `alipay.system.oauth.token` at `https://openapi.alipay.com/gateway.do`.
//!
//! A form of `app_id, method, format, charset, sign_type=RSA2, timestamp, version, grant_type, code` and `sign`: RSA with
//! SHA-256 (PKCS#1 v1.5) over all other parameters that are not empty, sorted by name, joined as `name=value` with `&`,
//! before they are encoded. `timestamp` is Beijing time. The answer holds `alipay_system_oauth_token_response` with
//! `open_id` (new applications) or `user_id` (older ones), and `union_id` once the application is in a group of
//! applications; or `error_response` with `code`, `sub_code`. Its `sign` is Alipay's, over the text of that value exactly
//! as it stands; it is checked when the entrance holds Alipay's public key, and otherwise TLS alone vouches for Alipay.
//!
//! `isv.code-invalid` is the documented complaint about a code; codes `40001` and `40002` with `isv.invalid-signature`,
//! `isv.invalid-app-id` and their like are about the keys; `20000` and `aop.…` are Alipay's own trouble.

use secrecy::ExposeSecret as _;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::error::{SignInErrorKind, body_of};
use super::{AppKeys, Outcome, signed_in};
use crate::kernel::time::Timestamp;
use crate::platform::outbound::{Outbound, form_encoded};
use crate::platform::wechat::signing::{MerchantKey, PlatformKey};

/// Where Alipay's public key begins in the text of the secret.
const PUBLIC_KEY: &str = "-----BEGIN PUBLIC KEY-----";

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow, rename = "alipay_system_oauth_token_response")]
    token: Option<&'a RawValue>,
    #[serde(borrow)]
    error_response: Option<&'a RawValue>,
    sign: Option<String>,
}

#[derive(Deserialize)]
struct Token {
    open_id: Option<String>,
    user_id: Option<String>,
    union_id: Option<String>,
    // Some gateways of Alipay put refusals under the name of the call.
    code: Option<String>,
    sub_code: Option<String>,
}

/// Exchanges a code.
pub(super) async fn exchange(outbound: &Outbound, url: &str, app: &AppKeys, code: &str) -> Outcome {
    let secret = app.secret.expose_secret();
    let (own, theirs) = secret.find(PUBLIC_KEY).map_or((secret, None), |at| {
        let (before, after) = secret.split_at(at);
        // The bundle may name Alipay's key first.
        let (theirs, rest) = after.split_once("-----END PUBLIC KEY-----").unwrap_or((after, ""));
        let own = if before.trim().is_empty() { rest.trim_start() } else { before };
        (own, Some(format!("{theirs}-----END PUBLIC KEY-----\n")))
    });
    let unusable = |what: &str| SignInErrorKind::KeysRefused { code: what.to_owned() };
    let key = MerchantKey::from_pem(own).map_err(|_| unusable("unusable private key"))?;
    let theirs = theirs.map(|pem| PlatformKey::from_public_key_pem(&pem)).transpose();
    let theirs = theirs.map_err(|_| unusable("unusable public key"))?;

    let timestamp = beijing_time(outbound.clock().now());
    let mut parameters = parameters(&app.app_id, &timestamp, code);
    let sign = key.sign(signed_text(&mut parameters).as_bytes()).ok_or_else(|| unusable("no randomness"))?;
    let mut pairs: Vec<(&str, &str)> = parameters.to_vec();
    pairs.push(("sign", &sign));
    let request = outbound
        .http()
        .post(url)
        .query(&[("charset", "utf-8")])
        .header("content-type", "application/x-www-form-urlencoded;charset=utf-8")
        .body(form_encoded(&pairs));
    let reply = outbound.exchange("alipay.system.oauth.token", request).await?;
    read(body_of(&reply)?, theirs.as_ref())
}

const fn parameters<'a>(app_id: &'a str, timestamp: &'a str, code: &'a str) -> [(&'a str, &'a str); 9] {
    [
        ("app_id", app_id),
        ("method", "alipay.system.oauth.token"),
        ("format", "JSON"),
        ("charset", "utf-8"),
        ("sign_type", "RSA2"),
        ("timestamp", timestamp),
        ("version", "1.0"),
        ("grant_type", "authorization_code"),
        ("code", code),
    ]
}

/// What is signed. Puts the parameters into their order.
fn signed_text(parameters: &mut [(&str, &str)]) -> String {
    parameters.sort_unstable();
    let filled = parameters.iter().filter(|(_, value)| !value.is_empty());
    filled.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

/// `yyyy-MM-dd HH:mm:ss` in Beijing.
fn beijing_time(now: Timestamp) -> String {
    now.rfc3339_at_offset(8).chars().take(19).collect::<String>().replace('T', " ")
}

fn read(body: &[u8], theirs: Option<&PlatformKey>) -> Outcome {
    let unreadable = SignInErrorKind::BadReply { reason: "not the documented JSON" };
    let answer: Answer<'_> = serde_json::from_slice(body).map_err(|_| unreadable.clone())?;
    let told = answer.token.or(answer.error_response).ok_or_else(|| unreadable.clone())?;
    let token: Token = serde_json::from_str(told.get()).map_err(|_| unreadable)?;
    let refused = token.code.as_deref().is_some_and(|code| code != "10000");
    if refused {
        return Err(refusal(token.code.unwrap_or_default(), token.sub_code.unwrap_or_default()));
    }
    if answer.token.is_none() {
        return Err(SignInErrorKind::BadReply { reason: "a refusal without a code" });
    }
    let authentic = |key: &PlatformKey| key.verifies(told.get().as_bytes(), answer.sign.as_deref().unwrap_or_default());
    if theirs.is_some_and(|key| !authentic(key)) {
        return Err(SignInErrorKind::BadSignature);
    }
    signed_in(token.open_id.or(token.user_id), token.union_id, None)
}

fn refusal(code: String, sub_code: String) -> SignInErrorKind {
    let about_keys = ["isv.invalid-signature", "isv.invalid-app-id", "isv.missing-signature", "isv.invalid-cloud-app"];
    let named = if sub_code.is_empty() { code.clone() } else { sub_code.clone() };
    if sub_code == "isv.code-invalid" || sub_code == "isv.code-used" {
        SignInErrorKind::CodeRefused { code: named }
    } else if about_keys.contains(&sub_code.as_str()) {
        SignInErrorKind::KeysRefused { code: named }
    } else if code == "20000" || sub_code.starts_with("aop.") {
        SignInErrorKind::Busy { code: named }
    } else if sub_code == "isp.call-limited" || sub_code == "isv.app-call-limited" {
        SignInErrorKind::Throttled { code: named }
    } else {
        SignInErrorKind::Refused { code: named }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_signed_sorted_and_plain() {
        let mut sent = parameters("2021000000000001", "2026-03-01 10:00:00", "4b203fe6c11548bcabd8da5bb087a83b");
        assert_eq!(
            signed_text(&mut sent),
            "app_id=2021000000000001&charset=utf-8&code=4b203fe6c11548bcabd8da5bb087a83b&format=JSON\
             &grant_type=authorization_code&method=alipay.system.oauth.token&sign_type=RSA2\
             &timestamp=2026-03-01 10:00:00&version=1.0"
        );
        assert_eq!(signed_text(&mut [("b", ""), ("a", "茶")]), "a=茶");
        assert_eq!(beijing_time(Timestamp::from_millis(1_772_330_400_000)), "2026-03-01 10:00:00");
    }

    #[test]
    fn refusals_are_told_apart() {
        let of = |code: &str, sub: &str| refusal(code.to_owned(), sub.to_owned());
        assert_eq!(of("40002", "isv.code-invalid"), SignInErrorKind::CodeRefused { code: "isv.code-invalid".into() });
        assert_eq!(
            of("40002", "isv.invalid-signature"),
            SignInErrorKind::KeysRefused { code: "isv.invalid-signature".into() }
        );
        assert_eq!(of("20000", ""), SignInErrorKind::Busy { code: "20000".into() });
        assert_eq!(
            of("40006", "isv.insufficient-isv-permissions"),
            SignInErrorKind::Refused { code: "isv.insufficient-isv-permissions".into() }
        );
    }
}
