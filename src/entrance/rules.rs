//! Pure decisions about entrances: what may be written about them.

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use super::model::{EntranceDraft, NewEntrance, NewSecrets, Platform};

const NAME_MAX: usize = 60;
const APP_ID_MAX: usize = 64;
const OPEN_PLATFORM_MAX: usize = 64;
const ORIGINAL_ID_MAX: usize = 32;
const SECRET_MIN: usize = 8;
const SECRET_MAX: usize = 256;
/// Alipay's secret is an RSA private key, whose PEM has a few thousand characters.
const PRIVATE_KEY_MAX: usize = 8_192;
const MESSAGE_TOKEN: std::ops::RangeInclusive<usize> = 3..=32;
/// WeChat's message keys are 32 bytes in base64 without the sign at the end.
const MESSAGE_AES_KEY: usize = 43;

fn flaw(field: &str, rule: &str) -> Value {
    json!({ "field": field, "rule": rule })
}

/// A new entrance, cleaned up.
///
/// # Errors
/// The details of the refusal.
pub fn checked_new(new: &NewEntrance) -> Result<NewEntrance, Value> {
    let app_id = new.app_id.trim();
    let of_app_id = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if app_id.is_empty() || app_id.len() > APP_ID_MAX || !app_id.bytes().all(of_app_id) {
        return Err(flaw("app_id", "1 to 64 letters, digits, hyphens or underscores"));
    }
    if new.secrets.secret.is_none() {
        return Err(flaw("secret", "must be given"));
    }
    check_secrets(new.platform, &new.secrets)?;
    let draft = checked(&new.draft)?;
    Ok(NewEntrance { app_id: app_id.to_owned(), draft, ..new.clone() })
}

/// What is written about an entrance, cleaned up.
///
/// # Errors
/// The details of the refusal.
pub fn checked(draft: &EntranceDraft) -> Result<EntranceDraft, Value> {
    let name = draft.name.trim();
    if name.is_empty() || name.chars().count() > NAME_MAX || name.chars().any(char::is_control) {
        return Err(flaw("name", "1 to 60 characters"));
    }
    let open_platform = draft.open_platform.trim();
    let of_account = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if open_platform.len() > OPEN_PLATFORM_MAX || !open_platform.bytes().all(of_account) {
        return Err(flaw("open_platform", "at most 64 letters, digits, hyphens, underscores or points"));
    }
    let original_id = draft.original_id.as_deref().map(str::trim).filter(|id| !id.is_empty());
    if let Some(id) = original_id {
        let rest = id.strip_prefix("gh_").unwrap_or_default();
        if rest.is_empty() || id.len() > ORIGINAL_ID_MAX || !rest.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(flaw("original_id", "gh_ and letters or digits, at most 32 characters"));
        }
    }
    Ok(EntranceDraft {
        name: name.to_owned(),
        open_platform: open_platform.to_owned(),
        original_id: original_id.map(str::to_owned),
    })
}

/// Whether these secrets may be those of an application on `platform`.
///
/// # Errors
/// The details of the refusal, which never repeat a secret.
pub fn check_secrets(platform: Platform, secrets: &NewSecrets) -> Result<(), Value> {
    if let Some(secret) = &secrets.secret {
        check_secret(platform, secret)?;
    }
    for (field, given) in [("message_token", &secrets.message_token), ("message_aes_key", &secrets.message_aes_key)] {
        if matches!(given, Some(Some(_))) && !platform.takes_messages() {
            return Err(flaw(field, "only mini-programs and service accounts of WeChat take messages"));
        }
    }
    let alphanumeric = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if let Some(Some(token)) = &secrets.message_token {
        let token = token.expose_secret();
        if !MESSAGE_TOKEN.contains(&token.len()) || !alphanumeric(token) {
            return Err(flaw("message_token", "3 to 32 letters or digits"));
        }
    }
    if let Some(Some(key)) = &secrets.message_aes_key {
        let key = key.expose_secret();
        if key.len() != MESSAGE_AES_KEY || !alphanumeric(key) {
            return Err(flaw("message_aes_key", "exactly 43 letters or digits"));
        }
    }
    Ok(())
}

fn check_secret(platform: Platform, secret: &SecretString) -> Result<(), Value> {
    let text = secret.expose_secret();
    if platform == Platform::AlipayMini {
        let framed = text.trim().starts_with("-----BEGIN ") && text.trim().ends_with("-----");
        let printable = text.chars().all(|letter| letter.is_ascii_graphic() || matches!(letter, ' ' | '\n' | '\r'));
        return if framed && printable && text.len() <= PRIVATE_KEY_MAX {
            Ok(())
        } else {
            Err(flaw("secret", "the application's RSA private key as PEM"))
        };
    }
    let fits = (SECRET_MIN..=SECRET_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    if fits { Ok(()) } else { Err(flaw("secret", "8 to 256 visible characters")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(name: &str, open_platform: &str, original_id: Option<&str>) -> EntranceDraft {
        EntranceDraft {
            name: name.to_owned(),
            open_platform: open_platform.to_owned(),
            original_id: original_id.map(str::to_owned),
        }
    }

    #[test]
    fn what_is_written_is_trimmed_and_bounded() {
        let good = checked(&draft(" 公众号 ", " op-1 ", Some(" gh_0123abc "))).unwrap();
        assert_eq!(good, draft("公众号", "op-1", Some("gh_0123abc")));
        assert_eq!(checked(&draft("店", "", Some(" "))).unwrap().original_id, None);
        for (bad, field) in [
            (draft(" ", "", None), "name"),
            (draft(&"字".repeat(61), "", None), "name"),
            (draft("a\u{7}", "", None), "name"),
            (draft("店", "a b", None), "open_platform"),
            (draft("店", &"a".repeat(65), None), "open_platform"),
            (draft("店", "", Some("gh_")), "original_id"),
            (draft("店", "", Some("wx123")), "original_id"),
            (draft("店", "", Some("gh_0123456789012345678901234567890")), "original_id"),
        ] {
            assert_eq!(checked(&bad).unwrap_err()["field"], field, "{bad:?}");
        }
    }

    #[test]
    fn secrets_fit_their_platform() {
        let secret = |text: &str| NewSecrets { secret: Some(text.into()), ..NewSecrets::default() };
        let token = |text: &str| NewSecrets { message_token: Some(Some(text.into())), ..NewSecrets::default() };
        let key = |text: &str| NewSecrets { message_aes_key: Some(Some(text.into())), ..NewSecrets::default() };
        let pem = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n";
        assert!(check_secrets(Platform::WechatService, &secret("0123456789abcdef")).is_ok());
        assert!(check_secrets(Platform::AlipayMini, &secret(pem)).is_ok());
        assert!(check_secrets(Platform::WechatService, &token("abc")).is_ok());
        assert!(check_secrets(Platform::WechatMini, &key(&"a".repeat(43))).is_ok());
        assert!(check_secrets(Platform::WechatApp, &NewSecrets::default()).is_ok());
        for (platform, bad) in [
            (Platform::WechatService, secret("short")),
            (Platform::WechatService, secret("has a space in it")),
            (Platform::WechatService, secret(pem)),
            (Platform::AlipayMini, secret("0123456789abcdef")),
            (Platform::WechatService, token("ab")),
            (Platform::WechatService, token("a-b-c")),
            (Platform::WechatService, key(&"a".repeat(42))),
            (Platform::WechatService, key(&"=".repeat(43))),
            (Platform::WechatApp, token("abc")),
            (Platform::DouyinMini, key(&"a".repeat(43))),
        ] {
            assert!(check_secrets(platform, &bad).is_err(), "{platform} {bad:?}");
        }
    }
}
