//! Digests over addresses.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use md5::{Digest as _, Md5};
use secrecy::{ExposeSecret as _, SecretString};

use crate::kernel::time::{SECOND_MS, Timestamp};

/// Longest `txTime` believed: sixteen hexadecimal digits.
const MAX_END: usize = 16;
/// Bytes of a viewer's seal.
const SEAL_BYTES: usize = 16;

/// By which digest addresses are signed; CSS lets a domain choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UrlHash {
    /// MD5, the usual one.
    Md5,
    /// SHA-256.
    Sha256,
}

impl UrlHash {
    /// Lower-case hexadecimal digest over key, stream and end. The end is hashed as the text that stands in the address.
    pub(super) fn secret(self, key: &SecretString, stream: &str, end: &str) -> String {
        let text = format!("{}{stream}{end}", key.expose_secret());
        match self {
            Self::Md5 => md5_hex(text.as_bytes()),
            Self::Sha256 => hex::encode(digest(&SHA256, text.as_bytes())),
        }
    }
}

/// Lower-case hexadecimal MD5.
pub(super) fn md5_hex(bytes: &[u8]) -> String {
    hex::encode(Md5::digest(bytes))
}

/// Whether two texts are the same, in a time that says nothing of where they differ.
pub(super) fn same(one: &str, other: &str) -> bool {
    verify_slices_are_equal(one.as_bytes(), other.as_bytes()).is_ok()
}

/// The text of an end: seconds since 1970 in upper-case hexadecimal digits, rounded down.
pub(super) fn end_text(end: Timestamp) -> String {
    format!("{:X}", end.seconds().max(0))
}

/// The moment that a text of hexadecimal digits names; `None` for any other text.
pub(super) fn end_of(text: &str) -> Option<Timestamp> {
    let digits = (1..=MAX_END).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let seconds = i64::from_str_radix(text, 16).ok().filter(|_| digits)?;
    Some(Timestamp::from_millis(seconds.saturating_mul(SECOND_MS)))
}

/// The seal that ties a viewer to one address: half of an HMAC over stream, end and viewer, in hexadecimal digits.
pub(super) fn viewer_seal(key: &SecretString, stream: &str, end: &str, viewer: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.expose_secret().as_bytes());
    let tag = hmac::sign(&key, format!("viewer\n{stream}\n{end}\n{viewer}").as_bytes());
    hex::encode(tag.as_ref().get(..SEAL_BYTES).unwrap_or_default())
}
