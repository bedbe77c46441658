//! Codes that people read, type and say: how they are made, printed and read back.

use std::fmt::Write as _;

use super::secrets::{SecretError, random_bytes};

/// 32 letters and digits, without those that are taken for each other (0 and O, 1 and I).
const ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
/// Most bytes that are looked at of what somebody typed.
const MAX_TYPED: usize = 64;

/// A new code of `N` letters: five random bits each.
///
/// # Errors
/// When the machine gives no randomness.
pub fn random<const N: usize>() -> Result<String, SecretError> {
    let bytes = random_bytes::<N>()?;
    // 256 is a multiple of 32, so every letter is as likely as any other.
    let letter = |byte: &u8| ALPHABET.get(usize::from(byte & 31)).copied().map_or('2', char::from);
    Ok(bytes.iter().map(letter).collect())
}

/// A code as it is printed: in groups of four.
pub fn printed(code: &str) -> String {
    let mut text = String::with_capacity(code.len().saturating_add(2));
    for (place, letter) in code.chars().enumerate() {
        let dash = if place > 0 && place.is_multiple_of(4) { "-" } else { "" };
        // Writing to a string cannot fail.
        let _written = write!(text, "{dash}{letter}");
    }
    text
}

/// A code of at most `most` letters as somebody typed it, without dashes and spaces, in capitals; `None` when it cannot
/// be one.
pub fn normalised(typed: &str, most: usize) -> Option<String> {
    if typed.len() > MAX_TYPED {
        return None;
    }
    let meant: String = typed.chars().filter(|letter| !letter.is_whitespace() && *letter != '-').collect();
    let code = meant.to_ascii_uppercase();
    let fits = (1..=most).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_alphanumeric());
    fits.then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_back_however_it_was_typed() {
        let code = random::<12>().unwrap();
        assert!(code.len() == 12 && code.bytes().all(|letter| ALPHABET.contains(&letter)), "{code}");
        assert_ne!(code, random::<12>().unwrap());
        let printed = printed(&code);
        assert_eq!(printed.len(), 14);
        for typed in [printed.clone(), printed.to_lowercase(), format!(" {code}"), printed.replace('-', " ")] {
            assert_eq!(normalised(&typed, 12).as_ref(), Some(&code), "{typed}");
        }
    }

    #[test]
    fn what_cannot_be_a_code_is_none() {
        for typed in ["", "ABCDEFGHJKLMN", "ABC’", "中文", &"A ".repeat(40)] {
            assert_eq!(normalised(typed, 12), None, "{typed}");
        }
    }
}
