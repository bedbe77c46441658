//! Codes: how they are made, printed and read back.

use crate::coupon::model::ONE_TIME_CODE_LENGTH;
use crate::platform::secrets::{SecretError, token_hash};
use crate::platform::typed_code;

/// A new one-time code: 60 random bits.
///
/// # Errors
/// When the machine gives no randomness.
pub(in crate::coupon) fn random_code() -> Result<String, SecretError> {
    typed_code::random::<ONE_TIME_CODE_LENGTH>()
}

/// A code as it is printed: in groups of four.
pub(in crate::coupon) fn printed(code: &str) -> String {
    typed_code::printed(code)
}

/// A code as somebody typed it, without dashes and spaces, in capitals; `None` when it cannot be one.
pub(in crate::coupon) fn normalised(typed: &str) -> Option<String> {
    typed_code::normalised(typed, ONE_TIME_CODE_LENGTH)
}

/// What the database keeps of a one-time code. 60 random bits behind a guarded door need no slow hash.
pub(in crate::coupon) fn hashed(code: &str) -> String {
    token_hash(&format!("coupon-code/1/{code}"))
}
