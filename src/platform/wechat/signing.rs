//! The signatures and the cipher of WeChat Pay v3, as pure functions of their inputs.
//!
//! Every signature is RSASSA-PKCS1-v1_5 with SHA-256 over lines that each end in a line feed, the last included.
//! Every cipher text is AES-256-GCM under the APIv3 key, with the tag appended.

use std::io::Cursor;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, PublicKey};
use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use x509_parser::pem::Pem;

/// The only scheme in use, as it stands in `Authorization` and in `Wechatpay-Signature-Type`.
pub const SCHEME: &str = "WECHATPAY2-SHA256-RSA2048";

/// What is signed to send a request: the method, the path with its query as sent, the time in seconds, the nonce
/// and the body (empty for GET).
pub fn request_message(method: &str, path_and_query: &str, timestamp: i64, nonce: &str, body: &[u8]) -> Vec<u8> {
    let mut message = format!("{method}\n{path_and_query}\n{timestamp}\n{nonce}\n").into_bytes();
    message.extend_from_slice(body);
    message.push(b'\n');
    message
}

/// What WeChat Pay signs in a reply or a notice: the two headers as received and the raw body.
pub fn reply_message(timestamp: &str, nonce: &str, body: &[u8]) -> Vec<u8> {
    let mut message = format!("{timestamp}\n{nonce}\n").into_bytes();
    message.extend_from_slice(body);
    message.push(b'\n');
    message
}

/// What is signed for the payment call on the phone. The last line is `prepay_id=…` in a mini-program and the bare
/// id in an app.
pub fn client_message(app_id: &str, timestamp: i64, nonce: &str, last_line: &str) -> Vec<u8> {
    format!("{app_id}\n{timestamp}\n{nonce}\n{last_line}\n").into_bytes()
}

/// A key or a certificate that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UnusableKey(&'static str);

/// The merchant's private key.
#[derive(Debug)]
pub struct MerchantKey(KeyPair);

impl MerchantKey {
    /// Reads an RSA private key of at least 2048 bits from PEM, PKCS#8 or PKCS#1.
    pub fn from_pem(pem: &str) -> Result<Self, UnusableKey> {
        let pem = read_pem(pem)?;
        let key = match pem.label.as_str() {
            "PRIVATE KEY" => KeyPair::from_pkcs8(&pem.contents),
            "RSA PRIVATE KEY" => KeyPair::from_der(&pem.contents),
            _ => return Err(UnusableKey("the PEM does not hold a private key")),
        };
        key.map(Self).map_err(|_| UnusableKey("not an RSA private key of at least 2048 bits"))
    }

    /// Signs `message`; base64. `None` only when the machine has no randomness.
    pub fn sign(&self, message: &[u8]) -> Option<String> {
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature).ok()?;
        Some(STANDARD.encode(signature))
    }
}

/// A key WeChat Pay signs with.
#[derive(Debug, Clone)]
pub struct PlatformKey(ParsedPublicKey);

impl PlatformKey {
    /// Reads a public key from PEM.
    pub fn from_public_key_pem(pem: &str) -> Result<Self, UnusableKey> {
        let pem = read_pem(pem)?;
        match pem.label.as_str() {
            "PUBLIC KEY" | "RSA PUBLIC KEY" => Self::from_der(&pem.contents),
            _ => Err(UnusableKey("the PEM does not hold a public key")),
        }
    }

    /// Reads a certificate from PEM: its serial number in upper-case hexadecimal, and its key.
    pub fn from_certificate_pem(pem: &str) -> Result<(String, Self), UnusableKey> {
        let pem = read_pem(pem)?;
        if pem.label != "CERTIFICATE" {
            return Err(UnusableKey("the PEM does not hold a certificate"));
        }
        let certificate = pem.parse_x509().map_err(|_| UnusableKey("not an X.509 certificate"))?;
        let key = Self::from_der(certificate.public_key().raw)?;
        Ok((hex::encode_upper(certificate.raw_serial()), key))
    }

    fn from_der(der: &[u8]) -> Result<Self, UnusableKey> {
        let refused = |_| UnusableKey("not an RSA public key");
        let key = PublicKey::from_der(der).map_err(refused)?;
        ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key.as_ref()).map(Self).map_err(refused)
    }

    /// Whether `signature` (base64) is this key's signature of `message`.
    pub fn verifies(&self, message: &[u8], signature: &str) -> bool {
        STANDARD.decode(signature).is_ok_and(|signature| self.0.verify_sig(message, &signature).is_ok())
    }
}

/// Opens a cipher text (base64, tag appended) under the APIv3 key. `None` when the key, the nonce, the associated
/// data or the cipher text do not belong together.
pub fn open_resource(api_v3_key: &[u8], nonce: &str, associated_data: &str, ciphertext: &str) -> Option<Vec<u8>> {
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, api_v3_key).ok()?);
    let nonce = Nonce::try_assume_unique_for_key(nonce.as_bytes()).ok()?;
    let mut sealed = STANDARD.decode(ciphertext).ok()?;
    let length = key.open_in_place(nonce, Aad::from(associated_data.as_bytes()), &mut sealed).ok()?.len();
    sealed.truncate(length);
    Some(sealed)
}

/// A fresh nonce of 32 hexadecimal characters. `None` only when the machine has no randomness.
pub fn fresh_nonce() -> Option<String> {
    let mut bytes = [0_u8; 16];
    aws_lc_rs::rand::fill(&mut bytes).ok()?;
    Some(hex::encode_upper(bytes))
}

fn read_pem(text: &str) -> Result<Pem, UnusableKey> {
    Pem::read(Cursor::new(text.as_bytes())).map(|(pem, _)| pem).map_err(|_| UnusableKey("not a PEM"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::wechat::test_server::{public_pem_of_sample_key, vectors};

    fn text<'a>(vector: &'a serde_json::Value, name: &str) -> &'a str {
        vector[name].as_str().unwrap()
    }

    fn sample_key() -> MerchantKey {
        MerchantKey::from_pem(text(&vectors()["pay_sample_private_key_pem"], "pem")).unwrap()
    }

    #[test]
    fn a_request_is_signed_as_the_published_sample() {
        let vector = &vectors()["pay_request_sign"];
        let message = request_message(
            text(vector, "method"),
            text(vector, "url"),
            text(vector, "timestamp").parse().unwrap(),
            text(vector, "nonce"),
            text(vector, "body").as_bytes(),
        );
        assert_eq!(sample_key().sign(&message).as_deref(), Some(text(vector, "signature")));
    }

    #[test]
    fn a_client_call_is_signed_as_the_published_samples() {
        let vectors = vectors();
        for (name, last_line, signature) in
            [("pay_client_sign_jsapi", "package", "paySign"), ("pay_client_sign_app", "prepay_id", "sign")]
        {
            let vector = &vectors[name];
            let message = client_message(
                text(vector, "appid"),
                text(vector, "timestamp").parse().unwrap(),
                text(vector, "nonce"),
                text(vector, last_line),
            );
            assert_eq!(sample_key().sign(&message).as_deref(), Some(text(vector, signature)), "{name}");
        }
    }

    #[test]
    fn a_signature_verifies_only_over_the_same_bytes() {
        let key = PlatformKey::from_public_key_pem(&public_pem_of_sample_key()).unwrap();
        let signature = sample_key().sign(&reply_message("1", "n", b"{}")).unwrap();
        assert!(key.verifies(&reply_message("1", "n", b"{}"), &signature));
        assert!(!key.verifies(&reply_message("1", "n", b"{ }"), &signature));
        assert!(!key.verifies(&reply_message("2", "n", b"{}"), &signature));
        assert!(!key.verifies(b"", "not base64"));
    }

    #[test]
    fn a_notice_resource_opens_and_an_altered_one_does_not() {
        let vector = &vectors()["pay_notify_resource"];
        let key = text(vector, "apiv3_key").as_bytes();
        let (nonce, data) = (text(vector, "nonce"), text(vector, "associated_data"));
        let ciphertext = text(vector, "ciphertext");
        let plain = open_resource(key, nonce, data, ciphertext).unwrap();
        assert_eq!(plain, text(vector, "plaintext").as_bytes());
        assert_eq!(open_resource(key, nonce, "refund", ciphertext), None);
        assert_eq!(open_resource(key, "fdasflkja485", data, ciphertext), None);
        assert_eq!(open_resource(key, "short", data, ciphertext), None);
        assert_eq!(open_resource(b"another key of thirty-two bytes!", nonce, data, ciphertext), None);
        assert_eq!(open_resource(key, nonce, data, &ciphertext.replacen('D', "E", 1)), None);
    }

    #[test]
    fn what_is_no_key_is_named_as_such() {
        assert_eq!(MerchantKey::from_pem("secret").unwrap_err(), UnusableKey("not a PEM"));
        assert!(MerchantKey::from_pem(&public_pem_of_sample_key()).is_err());
        let private = vectors()["pay_sample_private_key_pem"]["pem"].as_str().unwrap().to_owned();
        assert!(PlatformKey::from_public_key_pem(&private).is_err());
        assert!(PlatformKey::from_certificate_pem(&private).is_err());
    }
}
