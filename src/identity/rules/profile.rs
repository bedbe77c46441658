//! What may be written down about a user: names, pictures, phones; and how a proof is shown to people.

use serde_json::Value;

use super::{bounded, flaw};

/// Most characters of a nickname.
const NICKNAME_MAX: usize = 32;
/// Most bytes of a picture's address.
const AVATAR_MAX: usize = 512;
/// Most bytes of a code of WeChat.
const CODE_MAX: usize = 128;
/// Most characters of a reason.
const REASON_MAX: usize = 200;

/// A nickname: 1 to 32 characters without control characters.
///
/// # Errors
/// The details of the refusal.
pub fn check_nickname(text: &str) -> Result<String, Value> {
    bounded("nickname", text, NICKNAME_MAX)
}

/// A picture: an `https` address, or a path on this service; at most 512 visible ASCII characters.
///
/// # Errors
/// The details of the refusal.
pub fn check_avatar(text: &str) -> Result<String, Value> {
    let here = text.starts_with('/') && !text.starts_with("//");
    let visible = text.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'\\'));
    let elsewhere = text.strip_prefix("https://").is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'));
    if text.len() <= AVATAR_MAX && visible && (here || elsewhere) {
        Ok(text.to_owned())
    } else {
        Err(flaw("avatar", "an https address or a path on this service, at most 512 visible ASCII characters"))
    }
}

/// Whether a text may be a code of WeChat: 1 to 128 visible ASCII characters.
pub fn check_code(text: &str) -> bool {
    (1..=CODE_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// A reason of 1 to 200 characters, trimmed; `None` when it is neither.
pub fn check_reason(text: &str) -> Option<String> {
    bounded("reason", text, REASON_MAX).ok()
}

/// A phone number in the international form, `+8613800001234`.
#[derive(Clone, PartialEq, Eq)]
pub struct E164 {
    country: String,
    number: String,
}

impl E164 {
    /// The whole number with its country.
    pub fn full(&self) -> String {
        format!("+{}{}", self.country, self.number)
    }

    /// What may be shown: `138****1234`, and for other countries than China `+852-61****34`.
    pub fn masked(&self) -> String {
        let (head, tail) = if self.number.len() >= 11 { (3, 4) } else { (2, 2) };
        let start = self.number.get(..head).unwrap_or_default();
        let end = self.number.len().checked_sub(tail).and_then(|from| self.number.get(from..)).unwrap_or_default();
        if self.country == "86" { format!("{start}****{end}") } else { format!("+{}-{start}****{end}", self.country) }
    }
}

/// Reads a phone number as WeChat gives it: the country's digits and the number without them. A Chinese number must be a
/// mobile one. `None` when it is no phone number.
pub fn read_phone(country: &str, number: &str) -> Option<E164> {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let country = country.strip_prefix('+').unwrap_or(country);
    let plausible =
        (1..=4).contains(&country.len()) && digits(country) && (5..=14).contains(&number.len()) && digits(number);
    let chinese = country != "86" || is_mobile(number);
    (plausible && chinese).then(|| E164 { country: country.to_owned(), number: number.to_owned() })
}

/// Whether this is a mobile number of mainland China: 11 digits from 13 to 19.
pub(super) fn is_mobile(text: &str) -> bool {
    matches!(text.as_bytes(), [b'1', b'3'..=b'9', rest @ ..] if rest.len() == 9 && rest.iter().all(u8::is_ascii_digit))
}

/// A nickname of which strangers see the first character.
pub fn masked_name(nickname: &str) -> String {
    nickname.chars().take(1).chain("**".chars()).collect()
}

/// A subject as staff see it: enough to compare, not enough to use.
pub fn mask_subject(subject: &str) -> String {
    let count = subject.chars().count();
    if count <= 8 {
        return "****".to_owned();
    }
    let head: String = subject.chars().take(4).collect();
    let tail: String = subject.chars().skip(count.saturating_sub(4)).collect();
    format!("{head}****{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nickname_is_trimmed_and_bounded_in_characters() {
        assert_eq!(check_nickname("  小红 "), Ok("小红".to_owned()));
        assert!(check_nickname(&"字".repeat(32)).is_ok());
        for bad in ["", "   ", "a\u{0}b", "a\nb", &"字".repeat(33)] {
            assert!(check_nickname(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_picture_is_an_https_address_or_a_path_here() {
        assert!(check_avatar("https://thirdwx.qlogo.cn/mmopen/1").is_ok());
        assert!(check_avatar("/files/a.png").is_ok());
        for bad in ["http://a/b", "javascript:alert(1)", "//evil/a", "https://", "https:///a", "/a b", "/a\"b", ""] {
            assert!(check_avatar(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn phones_are_read_and_masked() {
        let phone = read_phone("86", "13800001234").unwrap();
        assert_eq!(phone.full(), "+8613800001234");
        assert_eq!(phone.masked(), "138****1234");
        assert_eq!(read_phone("+852", "61234534").unwrap().masked(), "+852-61****34");
        for (country, number) in [
            ("86", "12800001234"),
            ("86", "1380000123"),
            ("", "13800001234"),
            ("86", "1380000123a"),
            ("99999", "123456"),
        ] {
            assert!(read_phone(country, number).is_none(), "{country} {number}");
        }
    }

    #[test]
    fn a_mask_hides_short_subjects_whole() {
        assert_eq!(mask_subject("oABCDEFGHIJKLwxyz"), "oABC****wxyz");
        assert_eq!(mask_subject("12345678"), "****");
    }

    #[test]
    fn strangers_see_the_first_character_of_a_name() {
        assert_eq!(masked_name("张三丰"), "张**");
        assert_eq!(masked_name("A"), "A**");
        assert_eq!(masked_name(""), "**");
    }

    #[test]
    fn codes_and_reasons_are_bounded() {
        assert!(check_code("0a1B"));
        assert!(!check_code(""));
        assert!(!check_code("a b"));
        assert!(!check_code(&"a".repeat(129)));
        assert_eq!(check_reason(" 刷单 ").as_deref(), Some("刷单"));
        assert_eq!(check_reason("  "), None);
        assert_eq!(check_reason(&"字".repeat(201)), None);
    }
}
