//! What holds for codes sent by SMS: how long, how often, how they look.

use crate::kernel::time::{MINUTE_MS, SECOND_MS};

/// How long a code lives, in milliseconds.
pub const SMS_CODE_TTL_MS: i64 = 5 * MINUTE_MS;
/// Wrong tries after which a code is dead.
pub const SMS_CODE_TRIES: i64 = 5;
/// How long a number waits for its next code, in milliseconds.
pub const SMS_PAUSE_MS: i64 = 60 * SECOND_MS;
/// Most codes a number gets on one day of the shop.
pub const SMS_DAY_SENDS: i64 = 10;
/// Digits of a code.
const DIGITS: usize = 6;

/// The code that these random bytes make: six digits, each as likely as any other.
pub fn sms_code_of(random: [u8; 8]) -> String {
    // Of so many numbers, what the remainder prefers is one in ten million million.
    format!("{:06}", u64::from_be_bytes(random) % 1_000_000)
}

/// Whether a text may be such a code.
pub fn is_sms_code(text: &str) -> bool {
    text.len() == DIGITS && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_six_digits_whatever_the_chance() {
        assert_eq!(sms_code_of([0; 8]), "000000");
        assert_eq!(sms_code_of(1_234_567_u64.to_be_bytes()), "234567");
        for random in [[255; 8], [7; 8], [0, 0, 0, 0, 0, 0, 0, 9]] {
            assert!(is_sms_code(&sms_code_of(random)));
        }
        for bad in ["", "12345", "1234567", "12345a", "１２３４５６"] {
            assert!(!is_sms_code(bad), "{bad}");
        }
    }
}
