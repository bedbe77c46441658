//! Secrets at rest and random tokens.
//!
//! * [`SealKey`] seals a short text with AES-256-GCM. The sealed text is bound to a place (a table, column and row), so
//!   that it cannot be moved to another row of the database and opened there.
//! * [`HashKey`] turns a value into a keyed hash that finds it again without storing it. Without the key nobody can try
//!   all eleven-digit phone numbers.
//! * [`RandomToken`] is 256 random bits for a client, of which the database keeps only the hash.
//!
//! Neither key has a default, and none of the types prints its content.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::{digest, hmac, rand};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use secrecy::{ExposeSecret as _, SecretString};

/// The first characters of every sealed text: which way of sealing it is.
const VERSION: &str = "v1.";
/// Fewest bytes of a hash key.
const HASH_KEY_MIN: usize = 32;
/// Bytes of a random token.
const TOKEN_BYTES: usize = 32;

/// What can go wrong with a secret. None of it is the client's fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// A key has the wrong length.
    #[error("a key has the wrong length")]
    KeyLength,
    /// The machine gave no randomness, or the cipher failed.
    #[error("the cipher or the source of randomness failed")]
    Cipher,
    /// A sealed text was changed, belongs to another place, or was sealed with another key.
    #[error("a sealed text cannot be opened here with this key")]
    Foreign,
}

/// Seals texts and opens them again. Cloning shares the key.
#[derive(Clone)]
pub struct SealKey(Arc<RandomizedNonceKey>);

impl SealKey {
    /// A key of exactly 32 bytes.
    ///
    /// # Errors
    /// [`SecretError::KeyLength`].
    pub fn new(bytes: &[u8]) -> Result<Self, SecretError> {
        let key = RandomizedNonceKey::new(&AES_256_GCM, bytes).map_err(|_| SecretError::KeyLength)?;
        Ok(Self(Arc::new(key)))
    }

    /// Seals `text` for `place`, such as `identities.sealed/42`.
    ///
    /// # Errors
    /// [`SecretError::Cipher`].
    pub fn seal(&self, place: &str, text: &str) -> Result<String, SecretError> {
        let mut sealed = text.as_bytes().to_vec();
        let nonce = self.0.seal_in_place_append_tag(Aad::from(place.as_bytes()), &mut sealed);
        let nonce = nonce.map_err(|_| SecretError::Cipher)?;
        let mut whole = nonce.as_ref().to_vec();
        whole.extend_from_slice(&sealed);
        Ok(format!("{VERSION}{}", STANDARD_NO_PAD.encode(whole)))
    }

    /// Opens what was sealed for the same `place`.
    ///
    /// # Errors
    /// [`SecretError::Foreign`].
    pub fn open(&self, place: &str, sealed: &str) -> Result<SecretString, SecretError> {
        let encoded = sealed.strip_prefix(VERSION).ok_or(SecretError::Foreign)?;
        let whole = STANDARD_NO_PAD.decode(encoded).map_err(|_| SecretError::Foreign)?;
        let (nonce, body) = whole.split_at_checked(NONCE_LEN).ok_or(SecretError::Foreign)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SecretError::Foreign)?;
        let mut body = body.to_vec();
        let text = self.0.open_in_place(nonce, Aad::from(place.as_bytes()), &mut body);
        let text = text.map_err(|_| SecretError::Foreign)?;
        std::str::from_utf8(text).map(SecretString::from).map_err(|_| SecretError::Foreign)
    }
}

impl fmt::Debug for SealKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("SealKey(…)")
    }
}

/// Makes keyed hashes (HMAC-SHA256). Cloning shares the key.
#[derive(Clone)]
pub struct HashKey(Arc<hmac::Key>);

impl HashKey {
    /// A key of at least 32 bytes.
    ///
    /// # Errors
    /// [`SecretError::KeyLength`].
    pub fn new(bytes: &[u8]) -> Result<Self, SecretError> {
        if bytes.len() < HASH_KEY_MIN {
            return Err(SecretError::KeyLength);
        }
        Ok(Self(Arc::new(hmac::Key::new(hmac::HMAC_SHA256, bytes))))
    }

    /// The keyed hash of `value` among values of one `kind`, in hexadecimal.
    pub fn hash(&self, kind: &str, value: &str) -> String {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(kind.as_bytes());
        context.update(&[0]);
        context.update(value.as_bytes());
        hex::encode(context.sign())
    }
}

impl fmt::Debug for HashKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("HashKey(…)")
    }
}

/// A random token that its holder sends back to prove who they are.
#[derive(Debug, Clone)]
pub struct RandomToken(SecretString);

impl RandomToken {
    /// A new token of 256 random bits.
    ///
    /// # Errors
    /// [`SecretError::Cipher`] when the machine gives no randomness.
    pub fn generate() -> Result<Self, SecretError> {
        let bytes = random_bytes::<TOKEN_BYTES>()?;
        Ok(Self(URL_SAFE_NO_PAD.encode(bytes).into()))
    }

    /// The text for the client.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }

    /// What the database keeps instead of the token.
    pub fn stored_hash(&self) -> String {
        token_hash(self.expose())
    }
}

/// The stored form of a token: SHA-256 in hexadecimal. A token of 256 random bits needs no salt and no slow hash.
pub fn token_hash(token: &str) -> String {
    hex::encode(digest::digest(&digest::SHA256, token.as_bytes()))
}

/// `N` bytes that nobody can guess.
///
/// # Errors
/// [`SecretError::Cipher`] when the machine gives no randomness.
pub fn random_bytes<const N: usize>() -> Result<[u8; N], SecretError> {
    let mut bytes = [0_u8; N];
    rand::fill(&mut bytes).map_err(|_| SecretError::Cipher)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> SealKey {
        SealKey::new(&[byte; 32]).unwrap()
    }

    #[test]
    fn a_sealed_text_opens_only_in_its_place_and_with_its_key() {
        let sealed = key(1).seal("identities.sealed/7", "+8613800001234").unwrap();
        assert!(!sealed.contains("13800001234"));
        let opened = key(1).open("identities.sealed/7", &sealed).unwrap();
        assert_eq!(opened.expose_secret(), "+8613800001234");
        assert_eq!(key(1).open("identities.sealed/8", &sealed).err(), Some(SecretError::Foreign));
        assert_eq!(key(2).open("identities.sealed/7", &sealed).err(), Some(SecretError::Foreign));
    }

    #[test]
    fn the_same_text_never_seals_alike() {
        assert_ne!(key(1).seal("place", "text").unwrap(), key(1).seal("place", "text").unwrap());
    }

    #[test]
    fn a_changed_text_does_not_open() {
        let sealed = key(1).seal("place", "text").unwrap();
        for broken in [
            String::new(),
            "v1.".to_owned(),
            sealed.replace("v1.", "v2."),
            format!("{sealed}A"),
            sealed[..20].to_owned(),
        ] {
            assert_eq!(key(1).open("place", &broken).err(), Some(SecretError::Foreign), "{broken}");
        }
    }

    #[test]
    fn short_keys_are_refused() {
        assert_eq!(SealKey::new(&[0; 31]).err(), Some(SecretError::KeyLength));
        assert_eq!(SealKey::new(&[0; 33]).err(), Some(SecretError::KeyLength));
        assert_eq!(HashKey::new(&[0; 31]).err(), Some(SecretError::KeyLength));
    }

    #[test]
    fn a_keyed_hash_depends_on_key_kind_and_value() {
        let hash = |byte: u8, kind: &str, value: &str| HashKey::new(&[byte; 32]).unwrap().hash(kind, value);
        assert_eq!(hash(1, "phone", "1"), hash(1, "phone", "1"));
        assert_ne!(hash(1, "phone", "1"), hash(2, "phone", "1"));
        assert_ne!(hash(1, "phone", "1"), hash(1, "phones", "1"));
        assert_ne!(hash(1, "phone", "1"), hash(1, "phone", "2"));
    }

    #[test]
    fn tokens_differ_and_only_their_hash_is_stored() {
        let (first, second) = (RandomToken::generate().unwrap(), RandomToken::generate().unwrap());
        assert_ne!(first.expose(), second.expose());
        assert_eq!(first.stored_hash(), token_hash(first.expose()));
        assert_eq!(first.stored_hash().len(), 64);
        assert!(!format!("{first:?}").contains(first.expose()));
    }
}
