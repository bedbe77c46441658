//! What WeChat hands to the page encrypted for the server: AES-128-CBC under the session key, with a watermark that
//! says for which app and when.

use aws_lc_rs::cipher::{AES_128, AES_CBC_IV_LEN, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;

use crate::kernel::time::{MINUTE_MS, SECOND_MS, Timestamp};

/// Longest text that is looked at; WeChat's are a few hundred characters.
const MAX_LENGTH: usize = 4_096;
/// How old what WeChat made may be. Pages send it on at once.
const MAX_AGE_MS: i64 = 30 * MINUTE_MS;
/// How far WeChat's clock may be ahead of ours.
const MAX_AHEAD_MS: i64 = 5 * MINUTE_MS;

/// What the page got from WeChat.
#[derive(Debug, Clone, Copy)]
pub struct Sealed<'a> {
    /// `encryptedData`, base64.
    pub data: &'a str,
    /// `iv`, base64 of 16 bytes.
    pub iv: &'a str,
}

/// Why it is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenDataRefusal {
    /// It is no base64 of the right length.
    #[error("malformed")]
    Malformed,
    /// It does not open with this session key: made under an older one, or not by WeChat.
    #[error("undecipherable")]
    Undecipherable,
    /// It was made for another app.
    #[error("foreign_app")]
    ForeignApp,
    /// It was made too long ago, or in the future.
    #[error("stale")]
    Stale,
    /// It says nothing of what was asked for.
    #[error("absent")]
    Absent,
}

#[derive(Deserialize)]
struct Watermark {
    appid: String,
    timestamp: i64,
}

impl Sealed<'_> {
    /// Opens it with the user's session key, and checks for which app and when it was made.
    ///
    /// # Errors
    /// When it is not proven to be WeChat's word to this app, now.
    pub fn open(&self, key: &SecretString, app_id: &str, now: Timestamp) -> Result<Value, OpenDataRefusal> {
        let plain = decrypt(key, self)?;
        let value: Value = serde_json::from_slice(&plain).map_err(|_| OpenDataRefusal::Undecipherable)?;
        let watermark = value.get("watermark").cloned().unwrap_or_default();
        let watermark: Watermark = serde_json::from_value(watermark).map_err(|_| OpenDataRefusal::Undecipherable)?;
        if watermark.appid != app_id {
            return Err(OpenDataRefusal::ForeignApp);
        }
        let age = now.millis().saturating_sub(watermark.timestamp.saturating_mul(SECOND_MS));
        if (-MAX_AHEAD_MS..=MAX_AGE_MS).contains(&age) { Ok(value) } else { Err(OpenDataRefusal::Stale) }
    }
}

/// WeChat's id of a group chat in opened data. The older call spells it differently from the newer one.
///
/// # Errors
/// [`OpenDataRefusal::Absent`].
pub fn group_id(opened: &Value) -> Result<String, OpenDataRefusal> {
    let found = ["opengid", "openGId"].into_iter().find_map(|name| opened.get(name)).and_then(Value::as_str);
    let usable = found.filter(|id| (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic()));
    usable.map(str::to_owned).ok_or(OpenDataRefusal::Absent)
}

fn decrypt(key: &SecretString, sealed: &Sealed<'_>) -> Result<Vec<u8>, OpenDataRefusal> {
    if sealed.data.len() > MAX_LENGTH || sealed.iv.len() > MAX_LENGTH {
        return Err(OpenDataRefusal::Malformed);
    }
    let decoded = |text: &str| STANDARD.decode(text).map_err(|_| OpenDataRefusal::Malformed);
    let (mut data, iv) = (decoded(sealed.data)?, decoded(sealed.iv)?);
    let iv: FixedLength<AES_CBC_IV_LEN> = iv.as_slice().try_into().map_err(|_| OpenDataRefusal::Malformed)?;
    let opaque = |_| OpenDataRefusal::Undecipherable;
    let key = STANDARD.decode(key.expose_secret()).map_err(|_| OpenDataRefusal::Undecipherable)?;
    let key = UnboundCipherKey::new(&AES_128, &key).map_err(opaque)?;
    let key = PaddedBlockDecryptingKey::cbc_pkcs7(key).map_err(opaque)?;
    let plain = key.decrypt(&mut data, DecryptionContext::Iv128(iv)).map_err(opaque)?;
    Ok(plain.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Vector {
        key: SecretString,
        iv: String,
        data: String,
        plain: Value,
    }

    fn vector() -> Vector {
        let all: Value =
            serde_json::from_str(include_str!("../../../tests/fixtures/wechat-test-vectors.json")).unwrap();
        let case = &all["encrypted_data"];
        let text = |name: &str| case[name].as_str().unwrap().to_owned();
        Vector {
            key: text("session_key_b64").into(),
            iv: text("iv_b64"),
            data: text("encryptedData"),
            plain: case["plaintext"].clone(),
        }
    }

    const APP: &str = "wx0000000000000001";
    const MADE: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    #[test]
    fn the_vector_opens_and_names_its_group() {
        let vector = vector();
        let sealed = Sealed { data: &vector.data, iv: &vector.iv };
        let opened = sealed.open(&vector.key, APP, MADE).unwrap();
        assert_eq!(opened, vector.plain);
        assert_eq!(group_id(&opened).unwrap(), "GTest000000000000000001");
        assert_eq!(group_id(&serde_json::json!({"openGId": "G1"})).unwrap(), "G1");
        assert_eq!(group_id(&serde_json::json!({"opengid": ""})), Err(OpenDataRefusal::Absent));
    }

    #[test]
    fn what_is_not_wechats_word_to_this_app_now_is_refused() {
        let vector = vector();
        let open = |data: &str, iv: &str, key: &str, app: &str, now: Timestamp| {
            Sealed { data, iv }.open(&key.to_owned().into(), app, now).unwrap_err()
        };
        let key = vector.key.expose_secret();
        let (data, iv) = (vector.data.as_str(), vector.iv.as_str());
        assert_eq!(open(data, iv, key, "wx0000000000000002", MADE), OpenDataRefusal::ForeignApp);
        let late = MADE.plus_millis(MAX_AGE_MS + 1);
        assert_eq!(open(data, iv, key, APP, late), OpenDataRefusal::Stale);
        assert_eq!(open(data, iv, key, APP, MADE.plus_millis(-MAX_AHEAD_MS - 1)), OpenDataRefusal::Stale);
        let other = "AAECAwQFBgcICQoLDA0ODg==";
        assert_eq!(open(data, iv, other, APP, MADE), OpenDataRefusal::Undecipherable);
        assert_eq!(open(data, "AAAA", key, APP, MADE), OpenDataRefusal::Malformed);
        assert_eq!(open("%%%", iv, key, APP, MADE), OpenDataRefusal::Malformed);
        assert_eq!(open("", iv, key, APP, MADE), OpenDataRefusal::Undecipherable);
        assert_eq!(open("AAAA", iv, key, APP, MADE), OpenDataRefusal::Undecipherable);
        assert_eq!(open(&"A".repeat(5_000), iv, key, APP, MADE), OpenDataRefusal::Malformed);
    }
}
