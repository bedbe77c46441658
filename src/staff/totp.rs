//! The second factor: time-based codes (RFC 6238, SHA-1, six digits, thirty seconds, one step of tolerance), which every
//! authenticator app knows. The secret is sealed; each code is accepted once, which the caller sees to by its step.

use secrecy::{ExposeSecret as _, SecretString};
use totp_rs::{Builder, Secret};

use crate::kernel::id::StaffId;
use crate::kernel::time::Timestamp;
use crate::platform::secrets::{SealKey, SecretError, random_bytes};

/// Bytes of a secret, as RFC 4226 recommends.
const SECRET_BYTES: usize = 20;
/// The name the authenticator app shows beside the username.
const ISSUER: &str = "Hourglass";
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// A new secret, for the authenticator app and for the database.
#[derive(Debug)]
pub struct Enrolment {
    /// What the app scans: an `otpauth` address.
    pub url: SecretString,
    /// What people type who cannot scan.
    pub secret: SecretString,
    /// What the database keeps.
    pub sealed: String,
}

/// Makes a secret for an account.
///
/// # Errors
/// When the machine gives no randomness.
pub fn enrol(key: &SealKey, staff: StaffId, username: &str) -> Result<Enrolment, SecretError> {
    let bytes = random_bytes::<SECRET_BYTES>()?;
    let secret = base32(&bytes);
    let url =
        format!("otpauth://totp/{ISSUER}:{username}?secret={secret}&issuer={ISSUER}&algorithm=SHA1&digits=6&period=30");
    Ok(Enrolment { url: url.into(), secret: secret.into(), sealed: key.seal(&place(staff), &hex::encode(bytes))? })
}

/// The time step that `code` belongs to, when it is a code of this secret at about this moment.
///
/// # Errors
/// When the secret cannot be opened.
pub fn step_of(
    key: &SealKey,
    staff: StaffId,
    sealed: &str,
    code: &str,
    now: Timestamp,
) -> Result<Option<i64>, SecretError> {
    let opened = key.open(&place(staff), sealed)?;
    let bytes = hex::decode(opened.expose_secret()).map_err(|_| SecretError::Foreign)?;
    let bytes: [u8; SECRET_BYTES] = bytes.try_into().map_err(|_| SecretError::Foreign)?;
    let totp = Builder::new().with_secret(Secret::new_stack(bytes)).build().map_err(|_| SecretError::Cipher)?;
    let seconds = u64::try_from(now.seconds()).unwrap_or_default();
    let step = totp.check(code, seconds);
    Ok(step.and_then(|step| i64::try_from(step).ok()))
}

fn place(staff: StaffId) -> String {
    format!("staff_accounts.totp/{staff}")
}

/// RFC 4648 base 32 of a multiple of five bytes, which needs no padding.
fn base32(bytes: &[u8]) -> String {
    let mut text = String::new();
    for group in bytes.chunks(5) {
        let bits = group.iter().fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte));
        for shift in [35, 30, 25, 20, 15, 10, 5, 0] {
            let index = usize::try_from((bits >> shift) & 31).unwrap_or_default();
            text.extend(BASE32.get(index).map(|byte| char::from(*byte)));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_32_is_that_of_the_standard() {
        assert_eq!(base32(b"fooba"), "MZXW6YTB");
        assert_eq!(base32(b"12345678901234567890"), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }

    #[test]
    fn a_code_of_the_standard_is_accepted_for_one_step_around_its_time() {
        let key = SealKey::new(&[7; 32]).unwrap();
        let staff = StaffId::new(5);
        let sealed = key.seal(&place(staff), &hex::encode(b"12345678901234567890")).unwrap();
        let at =
            |seconds: i64| step_of(&key, staff, &sealed, "287082", Timestamp::from_millis(seconds * 1_000)).unwrap();
        // RFC 6238, appendix B: at second 59 the eight digits are 94287082.
        assert_eq!(at(59), Some(1));
        assert_eq!(at(89), Some(1));
        assert_eq!(at(120), None);
        assert_eq!(step_of(&key, staff, &sealed, "287083", Timestamp::from_millis(59_000)), Ok(None));
        assert_eq!(step_of(&key, staff, &sealed, "abc", Timestamp::from_millis(59_000)), Ok(None));
        assert!(step_of(&key, StaffId::new(6), &sealed, "287082", Timestamp::from_millis(59_000)).is_err());
    }

    #[test]
    fn an_enrolment_is_sealed_for_its_account() {
        let key = SealKey::new(&[7; 32]).unwrap();
        let enrolment = enrol(&key, StaffId::new(5), "alice").unwrap();
        assert_eq!(enrolment.secret.expose_secret().len(), 32);
        assert!(enrolment.url.expose_secret().starts_with("otpauth://totp/Hourglass:alice?secret="));
        assert!(!enrolment.sealed.contains(enrolment.secret.expose_secret()));
    }
}
