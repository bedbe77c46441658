//! Passwords: argon2id, always on a blocking thread, never inside a transaction, and only so many at a time, since each
//! takes tens of milliseconds and megabytes.

use std::fmt;
use std::sync::Arc;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher as _, PasswordVerifier as _};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Semaphore;

use super::error::StaffError;
use super::rules;
use crate::kernel::id::StaffId;
use crate::platform::db::DbError;
use crate::platform::secrets::RandomToken;

/// Passwords worked on at once.
const AT_ONCE: usize = 2;
/// Passwords that may wait; whoever comes later is asked to try again.
const WAITING: usize = 64;
/// Longest password worth checking, in bytes; none that is longer was ever accepted.
const LONGEST: usize = 512;

/// A password as it is stored: a PHC string. It can only be made by hashing one that keeps the rules.
#[derive(Clone)]
pub struct HashedPassword(String);

impl HashedPassword {
    /// The PHC string.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for HashedPassword {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("HashedPassword(…)")
    }
}

/// A log-in attempt that has been counted and waits for its password to be checked.
#[derive(Debug, Clone)]
pub enum Attempt {
    /// Nobody has that username. The password is checked all the same, against a decoy, so that the time taken tells
    /// nothing.
    Unknown,
    /// This account's password decides.
    Counted {
        /// Whose.
        staff: StaffId,
        /// Their password.
        stored: HashedPassword,
    },
}

/// The proof that somebody gave the password of an account.
#[derive(Debug, Clone)]
pub struct Verified {
    pub(super) staff: StaffId,
    /// The password that was checked. If it has changed since, the proof is void.
    pub(super) stored: HashedPassword,
}

/// Hashes and checks passwords. Cloning shares the queue.
#[derive(Debug, Clone)]
pub struct Passwords {
    permits: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    decoy: HashedPassword,
}

impl Passwords {
    /// Prepares the queue and the decoy.
    ///
    /// # Errors
    /// When the machine gives no randomness.
    pub fn new() -> Result<Self, StaffError> {
        let decoy = hash(RandomToken::generate()?.expose())?;
        let semaphore = |permits| Arc::new(Semaphore::new(permits));
        Ok(Self { permits: semaphore(AT_ONCE), waiting: semaphore(WAITING), decoy })
    }

    /// Hashes a new password of `username`.
    ///
    /// # Errors
    /// [`StaffError::PasswordWeak`], [`StaffError::Busy`].
    pub async fn hash(&self, password: SecretString, username: &str) -> Result<HashedPassword, StaffError> {
        rules::check_password(password.expose_secret(), username).map_err(StaffError::PasswordWeak)?;
        self.queue(move || hash(password.expose_secret())).await
    }

    /// Checks the password of an attempt.
    ///
    /// # Errors
    /// [`StaffError::InvalidCredentials`], [`StaffError::Busy`].
    pub async fn check(&self, attempt: Attempt, password: SecretString) -> Result<Verified, StaffError> {
        if password.expose_secret().len() > LONGEST {
            return Err(StaffError::InvalidCredentials);
        }
        let (staff, stored) = match attempt {
            Attempt::Unknown => (None, self.decoy.clone()),
            Attempt::Counted { staff, stored } => (Some(staff), stored),
        };
        let checked = stored.clone();
        let matches = self.queue(move || Ok(verify(password.expose_secret(), &checked))).await?;
        match staff {
            Some(staff) if matches => Ok(Verified { staff, stored }),
            _ => Err(StaffError::InvalidCredentials),
        }
    }

    async fn queue<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, StaffError> + Send + 'static,
    ) -> Result<T, StaffError> {
        let _place = self.waiting.try_acquire().map_err(|_| StaffError::Busy)?;
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(|_| StaffError::Busy)?;
        let done = tokio::task::spawn_blocking(move || {
            let result = work();
            drop(permit);
            result
        });
        done.await.unwrap_or_else(|panicked| Err(DbError::Defect(panicked.to_string()).into()))
    }
}

/// Hashes a new password on this very thread: for the command line, where nobody waits.
///
/// # Errors
/// [`StaffError::PasswordWeak`].
pub fn hash_password(password: &SecretString, username: &str) -> Result<HashedPassword, StaffError> {
    rules::check_password(password.expose_secret(), username).map_err(StaffError::PasswordWeak)?;
    hash(password.expose_secret())
}

/// Reads a password from a body straight into a type that never prints it.
pub(super) fn secret<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    <String as serde::Deserialize>::deserialize(deserializer).map(SecretString::from)
}

/// A stored password, as read from the database.
pub(super) fn stored(text: String) -> HashedPassword {
    HashedPassword(text)
}

fn hash(password: &str) -> Result<HashedPassword, StaffError> {
    let hashed = Argon2::default().hash_password(password.as_bytes());
    let hashed = hashed.map_err(|error| DbError::Defect(format!("a password could not be hashed: {error}")))?;
    Ok(HashedPassword(hashed.to_string()))
}

fn verify(password: &str, stored: &HashedPassword) -> bool {
    let parsed = PasswordHash::new(stored.as_str());
    parsed.is_ok_and(|parsed| Argon2::default().verify_password(password.as_bytes(), &parsed).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> SecretString {
        text.to_owned().into()
    }

    #[test]
    fn a_password_is_stored_as_argon2id_and_never_printed() {
        let hashed = hash_password(&secret("correct horse"), "alice").unwrap();
        assert!(hashed.as_str().starts_with("$argon2id$"));
        assert!(verify("correct horse", &hashed));
        assert!(!verify("correct horsf", &hashed));
        assert_eq!(format!("{hashed:?}"), "HashedPassword(…)");
        assert!(matches!(hash_password(&secret("short"), "alice"), Err(StaffError::PasswordWeak(_))));
    }

    #[tokio::test]
    async fn an_unknown_username_is_refused_like_a_wrong_password() {
        let passwords = Passwords::new().unwrap();
        let stored = passwords.hash(secret("correct horse"), "alice").await.unwrap();
        let attempt = Attempt::Counted { staff: StaffId::new(1), stored };
        assert!(passwords.check(attempt.clone(), secret("correct horse")).await.is_ok());
        for (attempt, password) in [(attempt, "wrong horse 1"), (Attempt::Unknown, "correct horse")] {
            let refusal = passwords.check(attempt, secret(password)).await.unwrap_err();
            assert!(matches!(refusal, StaffError::InvalidCredentials));
        }
    }

    #[test]
    fn a_stored_text_that_is_no_hash_matches_nothing() {
        assert!(!verify("", &stored(String::new())));
        assert!(!verify("x", &stored("x".to_owned())));
    }
}
