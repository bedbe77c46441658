//! Codes: how they are made, printed and read back.

use std::fmt::Write as _;

use crate::coupon::model::ONE_TIME_CODE_LENGTH;
use crate::platform::secrets::{SecretError, random_bytes, token_hash};

/// 32 letters and digits, without those that are taken for each other (0 and O, 1 and I).
const ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";

/// A new one-time code: 60 random bits.
///
/// # Errors
/// When the machine gives no randomness.
pub(in crate::coupon) fn random_code() -> Result<String, SecretError> {
    let bytes = random_bytes::<ONE_TIME_CODE_LENGTH>()?;
    // 256 is a multiple of 32, so every letter is as likely as any other.
    let letter = |byte: &u8| ALPHABET.get(usize::from(byte & 31)).copied().map_or('2', char::from);
    Ok(bytes.iter().map(letter).collect())
}

/// A code as it is printed: in groups of four.
pub(in crate::coupon) fn printed(code: &str) -> String {
    let mut text = String::with_capacity(code.len().saturating_add(2));
    for (place, letter) in code.chars().enumerate() {
        let dash = if place > 0 && place.is_multiple_of(4) { "-" } else { "" };
        // Writing to a string cannot fail.
        let _written = write!(text, "{dash}{letter}");
    }
    text
}

/// A code as somebody typed it, without dashes and spaces, in capitals; `None` when it cannot be one.
pub(in crate::coupon) fn normalised(typed: &str) -> Option<String> {
    if typed.len() > 64 {
        return None;
    }
    let meant: String = typed.chars().filter(|letter| !letter.is_whitespace() && *letter != '-').collect();
    let code = meant.to_ascii_uppercase();
    let fits =
        (1..=ONE_TIME_CODE_LENGTH).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    fits.then_some(code)
}

/// What the database keeps of a one-time code. 60 random bits behind a guarded door need no slow hash.
pub(in crate::coupon) fn hashed(code: &str) -> String {
    token_hash(&format!("coupon-code/1/{code}"))
}
