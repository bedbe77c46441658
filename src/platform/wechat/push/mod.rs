//! Message push: what WeChat tells the shop of by itself, of followers, scans, taps and words, and what it is answered.
//!
//! * **Who speaks** is proven by a SHA-1 over the token and what WeChat drew at random; in secure mode also over the
//!   sealed message, which is opened with the AES key and must end in our own app id. Signatures are compared in
//!   constant time, and one that is older than five minutes proves nothing any more.
//! * An account with an AES key takes **sealed messages only**: the signature of plain mode covers no word of the
//!   message, so whoever has seen one address could write what they like under it for five minutes.
//! * **What is said** is XML or JSON within narrow bounds: no document types, no entities of its own, little depth.
//!   Numbers arrive as numbers or as text, so every field is read as text.
//! * **Answers** are `success`, or a message back, sealed when the message was.

mod message;
mod reply;

pub use message::{PushFormat, PushMessage};
pub use reply::{NewsCard, PassiveReply};

use aws_lc_rs::cipher::{AES_256, AES_CBC_IV_LEN, DecryptingKey, EncryptingKey, UnboundCipherKey};
use aws_lc_rs::cipher::{DecryptionContext, EncryptionContext};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use aws_lc_rs::iv::FixedLength;
use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};

use crate::kernel::time::{MINUTE_MS, SECOND_MS, Timestamp};
use crate::platform::secrets::random_bytes;

/// Characters of an AES key as the console shows it.
pub const AES_KEY_LENGTH: usize = 43;
/// What WeChat takes for "received, nothing to say".
pub const RECEIVED: &str = "success";

/// How far WeChat's moment may be from ours.
const MAX_SKEW_MS: i64 = 5 * MINUTE_MS;
/// Longest nonce and moment that are looked at; WeChat's have ten characters.
const MAX_QUERY_TEXT: usize = 64;
/// Random bytes before a sealed message.
const PREFIX: usize = 16;
/// Bytes that say how long a sealed message is.
const LENGTH: usize = 4;
/// What sealed messages are padded to. The cipher's own blocks are half as long, so the padding is done here.
const PADDED_TO: usize = 32;

/// The console draws keys from the whole alphabet, so the last character may carry bits that stand for nothing.
const AES_KEY_TEXT: GeneralPurpose =
    GeneralPurpose::new(&alphabet::STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));

/// Why a message is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PushRefusal {
    /// The signature is not that of the token over what was sent.
    #[error("bad_signature")]
    BadSignature,
    /// It was signed more than five minutes away from now.
    #[error("stale")]
    Stale,
    /// It is plain, and this account takes sealed ones only; or sealed, and there is no key to open it.
    #[error("wrong_mode")]
    WrongMode,
    /// It does not open with this account's key.
    #[error("undecipherable")]
    Undecipherable,
    /// It was sealed for another account.
    #[error("foreign_app")]
    ForeignApp,
    /// It is no message.
    #[error("malformed")]
    Malformed,
}

/// A token or a key with which nothing can be proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PushSetupError {
    /// There is no token.
    #[error("the token of the message push is empty")]
    Token,
    /// The AES key is not 43 characters of base64.
    #[error("the AES key of the message push must be 43 letters and digits")]
    AesKey,
}

/// What the address carries that WeChat calls.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(default)]
pub struct PushQuery {
    /// Over token, moment and nonce.
    pub signature: String,
    /// Seconds since 1970.
    pub timestamp: String,
    /// Drawn at random.
    pub nonce: String,
    /// What an address that is being checked must answer.
    pub echostr: String,
    /// `aes` when the message is sealed.
    pub encrypt_type: String,
    /// Over token, moment, nonce and the sealed message.
    pub msg_signature: String,
}

/// A message that is proven to be WeChat's.
#[derive(Debug, Clone, PartialEq)]
pub struct Pushed {
    /// What it says.
    pub message: PushMessage,
    /// How it was written, and is to be answered.
    pub format: PushFormat,
    /// Whether it was sealed, and its answer must be.
    pub sealed: bool,
}

/// What proves the messages of one account.
pub struct PushKeys {
    app_id: String,
    token: SecretString,
    aes_key: Option<SecretSlice<u8>>,
}

impl PushKeys {
    /// The keys of the account `app_id`: its token and, in secure mode, its AES key as the console shows it.
    ///
    /// # Errors
    /// When one of them cannot be a key.
    pub fn new(app_id: &str, token: &SecretString, aes_key: Option<&SecretString>) -> Result<Self, PushSetupError> {
        if token.expose_secret().is_empty() {
            return Err(PushSetupError::Token);
        }
        let aes_key = aes_key.map(|key| read_aes_key(key.expose_secret())).transpose()?;
        Ok(Self { app_id: app_id.to_owned(), token: token.clone(), aes_key })
    }

    /// Whether the check of an address comes from WeChat; it is then answered with its `echostr` and nothing else.
    ///
    /// # Errors
    /// [`PushRefusal::BadSignature`], [`PushRefusal::Stale`].
    pub fn check_address(&self, query: &PushQuery, now: Timestamp) -> Result<(), PushRefusal> {
        check_moment(query, now)?;
        self.check(&query.signature, query, None)
    }

    /// Opens what WeChat sent.
    ///
    /// # Errors
    /// When it is not proven to be WeChat's word to this account, now, or is no message.
    pub fn open(&self, query: &PushQuery, body: &[u8], now: Timestamp) -> Result<Pushed, PushRefusal> {
        check_moment(query, now)?;
        let is_sealed = query.encrypt_type == "aes";
        match &self.aes_key {
            Some(key) if is_sealed => {
                let (envelope, format) = PushMessage::read(body)?;
                let sealed = envelope.text("Encrypt").ok_or(PushRefusal::Malformed)?;
                self.check(&query.msg_signature, query, Some(&sealed))?;
                let plain = open_sealed(key, &self.app_id, &sealed)?;
                let (message, _) = PushMessage::read(&plain)?;
                Ok(Pushed { message, format, sealed: true })
            }
            None if !is_sealed => {
                self.check(&query.signature, query, None)?;
                let (message, format) = PushMessage::read(body)?;
                Ok(Pushed { message, format, sealed: false })
            }
            _ => Err(PushRefusal::WrongMode),
        }
    }

    /// Seals an answer to a sealed message, under the nonce of that message.
    ///
    /// # Errors
    /// [`PushRefusal::WrongMode`] without an AES key, [`PushRefusal::Undecipherable`] when the machine has no
    /// randomness.
    pub fn seal(&self, reply: &str, format: PushFormat, nonce: &str, now: Timestamp) -> Result<String, PushRefusal> {
        let prefix = random_bytes::<PREFIX>().map_err(|_| PushRefusal::Undecipherable)?;
        let timestamp = now.seconds().to_string();
        let (sealed, signature) = self.sealed_with(&prefix, reply, &timestamp, nonce)?;
        Ok(format.envelope(&sealed, &signature, &timestamp, nonce))
    }

    fn sealed_with(
        &self,
        prefix: &[u8; PREFIX],
        reply: &str,
        timestamp: &str,
        nonce: &str,
    ) -> Result<(String, String), PushRefusal> {
        let key = self.aes_key.as_ref().ok_or(PushRefusal::WrongMode)?;
        let sealed = seal_message(key, prefix, reply.as_bytes(), &self.app_id)?;
        let signature = signature_over(&mut [self.token.expose_secret(), timestamp, nonce, &sealed]);
        Ok((sealed, signature))
    }

    fn check(&self, claimed: &str, query: &PushQuery, sealed: Option<&str>) -> Result<(), PushRefusal> {
        let mut parts = vec![self.token.expose_secret(), query.timestamp.as_str(), query.nonce.as_str()];
        parts.extend(sealed);
        let right = signature_over(&mut parts);
        verify_slices_are_equal(right.as_bytes(), claimed.as_bytes()).map_err(|_| PushRefusal::BadSignature)
    }
}

impl std::fmt::Debug for PushKeys {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_struct("PushKeys").field("app_id", &self.app_id).finish_non_exhaustive()
    }
}

fn check_moment(query: &PushQuery, now: Timestamp) -> Result<(), PushRefusal> {
    if query.timestamp.len() > MAX_QUERY_TEXT || query.nonce.len() > MAX_QUERY_TEXT {
        return Err(PushRefusal::Malformed);
    }
    let seconds: i64 = query.timestamp.parse().map_err(|_| PushRefusal::Stale)?;
    let away = now.millis().saturating_sub(seconds.saturating_mul(SECOND_MS));
    if (-MAX_SKEW_MS..=MAX_SKEW_MS).contains(&away) { Ok(()) } else { Err(PushRefusal::Stale) }
}

/// SHA-1 in lower-case hexadecimal over the parts in the order of their bytes.
fn signature_over(parts: &mut [&str]) -> String {
    parts.sort_unstable();
    hex::encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, parts.concat().as_bytes()))
}

fn read_aes_key(text: &str) -> Result<SecretSlice<u8>, PushSetupError> {
    if text.len() != AES_KEY_LENGTH {
        return Err(PushSetupError::AesKey);
    }
    let bytes = AES_KEY_TEXT.decode(format!("{text}=")).map_err(|_| PushSetupError::AesKey)?;
    if bytes.len() == PADDED_TO { Ok(bytes.into()) } else { Err(PushSetupError::AesKey) }
}

/// The cipher's start is the first half of its key: WeChat's way, not ours.
fn iv_of(key: &SecretSlice<u8>) -> Result<FixedLength<AES_CBC_IV_LEN>, PushRefusal> {
    let start = key.expose_secret().get(..AES_CBC_IV_LEN).ok_or(PushRefusal::Undecipherable)?;
    start.try_into().map_err(|_| PushRefusal::Undecipherable)
}

fn cipher_of(key: &SecretSlice<u8>) -> Result<UnboundCipherKey, PushRefusal> {
    UnboundCipherKey::new(&AES_256, key.expose_secret()).map_err(|_| PushRefusal::Undecipherable)
}

/// Opens a sealed message: 16 random bytes, its length, itself, the app id, and padding to whole 32 bytes.
fn open_sealed(key: &SecretSlice<u8>, app_id: &str, sealed: &str) -> Result<Vec<u8>, PushRefusal> {
    let opaque = |_| PushRefusal::Undecipherable;
    let mut bytes = STANDARD.decode(sealed).map_err(|_| PushRefusal::Undecipherable)?;
    let cipher = DecryptingKey::cbc(cipher_of(key)?).map_err(opaque)?;
    let plain = cipher.decrypt(&mut bytes, DecryptionContext::Iv128(iv_of(key)?)).map_err(opaque)?;
    let content = without_padding(plain).ok_or(PushRefusal::Undecipherable)?;
    let body = content.get(PREFIX..).ok_or(PushRefusal::Undecipherable)?;
    let (length, rest) = body.split_first_chunk::<LENGTH>().ok_or(PushRefusal::Undecipherable)?;
    let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| PushRefusal::Undecipherable)?;
    let (message, owner) = rest.split_at_checked(length).ok_or(PushRefusal::Undecipherable)?;
    if owner == app_id.as_bytes() { Ok(message.to_vec()) } else { Err(PushRefusal::ForeignApp) }
}

fn without_padding(plain: &[u8]) -> Option<&[u8]> {
    let count = usize::from(*plain.last()?);
    if !(1..=PADDED_TO).contains(&count) {
        return None;
    }
    let (content, padding) = plain.split_at_checked(plain.len().checked_sub(count)?)?;
    padding.iter().all(|byte| usize::from(*byte) == count).then_some(content)
}

fn seal_message(
    key: &SecretSlice<u8>,
    prefix: &[u8; PREFIX],
    message: &[u8],
    app_id: &str,
) -> Result<String, PushRefusal> {
    let opaque = |_| PushRefusal::Undecipherable;
    let length = u32::try_from(message.len()).map_err(|_| PushRefusal::Malformed)?;
    let mut bytes = prefix.to_vec();
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(message);
    bytes.extend_from_slice(app_id.as_bytes());
    // One to thirty-two bytes, each of them saying how many they are.
    let count = PADDED_TO.saturating_sub(bytes.len() % PADDED_TO);
    let padding = u8::try_from(count).map_err(|_| PushRefusal::Malformed)?;
    bytes.resize(bytes.len().saturating_add(count), padding);
    let cipher = EncryptingKey::cbc(cipher_of(key)?).map_err(opaque)?;
    cipher.less_safe_encrypt(&mut bytes, EncryptionContext::Iv128(iv_of(key)?)).map_err(opaque)?;
    Ok(STANDARD.encode(bytes))
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
