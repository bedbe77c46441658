//! Signatures and ciphers as the two WeChat hosts use them, made from `aws-lc-rs` primitives.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{AES_128, EncryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::hmac;
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

/// A key or a text that the primitives refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum CryptoError {
    /// The PEM text is not a PKCS#8 RSA private key.
    #[error("not an RSA private key in PKCS#8 PEM")]
    BadPrivateKey,
    /// The public half could not be read back.
    #[error("not an RSA public key")]
    BadPublicKey,
    /// The key generator gave up.
    #[error("an RSA key could not be generated")]
    Generation,
    /// Signing failed inside the primitive.
    #[error("a message could not be signed")]
    Signing,
    /// The APIv3 key must have 32 bytes and the nonce 12.
    #[error("the APIv3 key must be 32 bytes and the nonce 12 bytes")]
    BadCipherKey,
    /// The session key is not sixteen bytes.
    #[error("the session key must be base64 of 16 bytes")]
    BadSessionKey,
}

/// An RSA private key that signs with PKCS#1 v1.5 and SHA-256.
pub(super) struct Signer {
    pair: KeyPair,
    random: SystemRandom,
}

impl Signer {
    /// Makes a new 2048-bit key.
    pub(super) fn generate() -> Result<Self, CryptoError> {
        let pair = KeyPair::generate(KeySize::Rsa2048).map_err(|_| CryptoError::Generation)?;
        Ok(Self { pair, random: SystemRandom::new() })
    }

    /// Reads a PKCS#8 PEM.
    pub(super) fn from_pem(pem: &str) -> Result<Self, CryptoError> {
        let der = read_pem(pem).ok_or(CryptoError::BadPrivateKey)?;
        let pair = KeyPair::from_pkcs8(&der).map_err(|_| CryptoError::BadPrivateKey)?;
        Ok(Self { pair, random: SystemRandom::new() })
    }

    /// The private key as PKCS#8 PEM.
    pub(super) fn private_key_pem(&self) -> Result<String, CryptoError> {
        let der: Pkcs8V1Der<'_> = self.pair.as_der().map_err(|_| CryptoError::BadPrivateKey)?;
        Ok(write_pem("PRIVATE KEY", der.as_ref()))
    }

    /// The public key as SubjectPublicKeyInfo PEM.
    pub(super) fn public_key_pem(&self) -> Result<String, CryptoError> {
        let der: PublicKeyX509Der<'_> = self.pair.public_key().as_der().map_err(|_| CryptoError::BadPublicKey)?;
        Ok(write_pem("PUBLIC KEY", der.as_ref()))
    }

    /// Signs and encodes as base64, the form of every WeChat Pay signature.
    pub(super) fn sign(&self, message: &[u8]) -> Result<String, CryptoError> {
        let mut signature = vec![0_u8; self.pair.public_modulus_len()];
        self.pair.sign(&RSA_PKCS1_SHA256, &self.random, message, &mut signature).map_err(|_| CryptoError::Signing)?;
        Ok(BASE64.encode(signature))
    }

    /// The public half, ready to verify.
    pub(super) fn verifier(&self) -> Result<Verifier, CryptoError> {
        let der: PublicKeyX509Der<'_> = self.pair.public_key().as_der().map_err(|_| CryptoError::BadPublicKey)?;
        ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der.as_ref())
            .map(Verifier)
            .map_err(|_| CryptoError::BadPublicKey)
    }
}

/// An RSA public key that checks PKCS#1 v1.5 signatures over SHA-256.
pub(super) struct Verifier(ParsedPublicKey);

impl Verifier {
    /// Whether `signature` (base64) was made over exactly `message`.
    pub(super) fn accepts(&self, message: &[u8], signature: &str) -> bool {
        BASE64.decode(signature).is_ok_and(|bytes| self.0.verify_sig(message, &bytes).is_ok())
    }
}

/// Encrypts with AES-256-GCM under the APIv3 key; the result is base64 of ciphertext and tag.
pub(super) fn seal(api_v3_key: &str, nonce: &str, associated: &str, plain: &[u8]) -> Result<String, CryptoError> {
    let key = UnboundKey::new(&AES_256_GCM, api_v3_key.as_bytes()).map_err(|_| CryptoError::BadCipherKey)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce.as_bytes()).map_err(|_| CryptoError::BadCipherKey)?;
    let mut sealed = plain.to_vec();
    LessSafeKey::new(key)
        .seal_in_place_append_tag(nonce, Aad::from(associated.as_bytes()), &mut sealed)
        .map_err(|_| CryptoError::BadCipherKey)?;
    Ok(BASE64.encode(sealed))
}

/// The signature of `checksession`: hex HMAC-SHA256 of the empty text under the session key as text.
pub(super) fn session_signature(session_key: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, session_key.as_bytes());
    hex::encode(hmac::sign(&key, b""))
}

/// Encrypts what a page hands to its server: AES-128-CBC under the session key. Answers data and iv, both base64.
pub(super) fn seal_open_data(session_key: &str, iv: [u8; 16], plain: &[u8]) -> Result<(String, String), CryptoError> {
    let key = BASE64.decode(session_key).map_err(|_| CryptoError::BadSessionKey)?;
    let key = UnboundCipherKey::new(&AES_128, &key).map_err(|_| CryptoError::BadSessionKey)?;
    let key = PaddedBlockEncryptingKey::cbc_pkcs7(key).map_err(|_| CryptoError::BadSessionKey)?;
    let mut data = plain.to_vec();
    key.less_safe_encrypt(&mut data, EncryptionContext::Iv128(FixedLength::from(iv)))
        .map_err(|_| CryptoError::BadSessionKey)?;
    Ok((BASE64.encode(data), BASE64.encode(iv)))
}

/// Lines joined the way WeChat signs them: each one, also the last, ended by a line feed.
pub(super) fn signed_lines(lines: &[&[u8]]) -> Vec<u8> {
    let mut message = Vec::with_capacity(lines.iter().map(|line| line.len().saturating_add(1)).sum());
    for line in lines {
        message.extend_from_slice(line);
        message.push(b'\n');
    }
    message
}

fn write_pem(label: &str, der: &[u8]) -> String {
    let encoded = BASE64.encode(der);
    let mut pem = format!("-----BEGIN {label}-----\n");
    for line in encoded.as_bytes().chunks(64) {
        pem.push_str(&String::from_utf8_lossy(line));
        pem.push('\n');
    }
    pem.push_str(&format!("-----END {label}-----\n"));
    pem
}

fn read_pem(pem: &str) -> Option<Vec<u8>> {
    let body: String = pem.lines().map(str::trim).filter(|line| !line.starts_with("-----")).collect();
    BASE64.decode(body).ok().filter(|der| !der.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn vectors() -> Value {
        serde_json::from_str(include_str!("../../tests/fixtures/wechat-test-vectors.json")).unwrap()
    }

    fn text<'a>(vector: &'a Value, name: &str) -> &'a str {
        vector[name].as_str().unwrap()
    }

    fn sample_key() -> Signer {
        Signer::from_pem(text(&vectors()["pay_sample_private_key_pem"], "pem")).unwrap()
    }

    #[test]
    fn the_published_request_signature_is_reproduced_and_accepted() {
        let all = vectors();
        let case = &all["pay_request_sign"];
        let message = signed_lines(&[
            text(case, "method").as_bytes(),
            text(case, "url").as_bytes(),
            text(case, "timestamp").as_bytes(),
            text(case, "nonce").as_bytes(),
            text(case, "body").as_bytes(),
        ]);
        assert_eq!(sample_key().sign(&message).unwrap(), text(case, "signature"));
        let verifier = sample_key().verifier().unwrap();
        assert!(verifier.accepts(&message, text(case, "signature")));
        let mut altered = message;
        altered[40] ^= 1;
        assert!(!verifier.accepts(&altered, text(case, "signature")));
        assert!(!verifier.accepts(b"", "not base64 at all"));
    }

    #[test]
    fn the_published_client_parameters_are_signed_alike() {
        let all = vectors();
        for (name, fourth, signature) in
            [("pay_client_sign_jsapi", "package", "paySign"), ("pay_client_sign_app", "prepay_id", "sign")]
        {
            let case = &all[name];
            let message = signed_lines(&[
                text(case, "appid").as_bytes(),
                text(case, "timestamp").as_bytes(),
                text(case, "nonce").as_bytes(),
                text(case, fourth).as_bytes(),
            ]);
            assert_eq!(sample_key().sign(&message).unwrap(), text(case, signature), "{name}");
        }
    }

    #[test]
    fn the_notice_resource_vector_is_reproduced() {
        let all = vectors();
        let case = &all["pay_notify_resource"];
        let sealed = seal(
            text(case, "apiv3_key"),
            text(case, "nonce"),
            text(case, "associated_data"),
            text(case, "plaintext").as_bytes(),
        );
        assert_eq!(sealed.unwrap(), text(case, "ciphertext"));
        assert_eq!(seal("short", "fdasflkja484", "", b""), Err(CryptoError::BadCipherKey));
    }

    #[test]
    fn the_open_data_vector_is_reproduced() {
        let all = vectors();
        let case = &all["encrypted_data"];
        let iv: [u8; 16] = BASE64.decode(text(case, "iv_b64")).unwrap().try_into().unwrap();
        // The vector's plain text in the order and spacing it was made with.
        let plain = br#"{"opengid":"GTest000000000000000001","chat_type":3,"watermark":{"timestamp":1700000000,"appid":"wx0000000000000001"}}"#;
        let (data, sent_iv) = seal_open_data(text(case, "session_key_b64"), iv, plain).unwrap();
        assert_eq!((data.as_str(), sent_iv.as_str()), (text(case, "encryptedData"), text(case, "iv_b64")));
        assert_eq!(seal_open_data("AAAA", iv, plain), Err(CryptoError::BadSessionKey));
    }

    #[test]
    fn keys_survive_their_own_pem() {
        let signer = Signer::generate().unwrap();
        let again = Signer::from_pem(&signer.private_key_pem().unwrap()).unwrap();
        let signature = again.sign(b"hello").unwrap();
        assert!(signer.verifier().unwrap().accepts(b"hello", &signature));
        assert_eq!(again.public_key_pem().unwrap(), signer.public_key_pem().unwrap());
        assert!(Signer::from_pem("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----").is_err());
    }
}
