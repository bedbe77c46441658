//! Signatures and sealing of pushed messages.
//!
//! A message is sealed with AES-256-CBC under the 43-character key, whose first sixteen bytes are also the initial vector.
//! Inside: sixteen random bytes, the length in four bytes (big-endian), the message, the app id; padded to 32 bytes.

use aws_lc_rs::cipher::{
    AES_256, DecryptingKey, DecryptionContext, EncryptingKey, EncryptionContext, UnboundCipherKey,
};
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use aws_lc_rs::iv::FixedLength;
use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD as BASE64};

/// Messages are padded to whole blocks of this size, although the cipher's own are half as long.
const BLOCK: usize = 32;
const RANDOM: usize = 16;

/// The signature over some texts: sorted, joined, SHA-1, hexadecimal.
pub(in crate::wechat_simulator) fn signature(parts: &[&str]) -> String {
    let mut parts = parts.to_vec();
    parts.sort_unstable();
    hex::encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, parts.concat().as_bytes()))
}

/// The key that messages are sealed with.
pub(in crate::wechat_simulator) struct MessageKey([u8; 32]);

impl MessageKey {
    /// Reads 43 characters. Any letters and digits are a key: the two bits too many are dropped, as WeChat does.
    pub(in crate::wechat_simulator) fn read(text: &str) -> Option<Self> {
        let lenient =
            GeneralPurpose::new(&alphabet::STANDARD, GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true));
        let bytes = lenient.decode(format!("{text}=")).ok().filter(|_| text.len() == 43)?;
        bytes.try_into().ok().map(Self)
    }

    fn iv(&self) -> FixedLength<16> {
        let mut iv = [0_u8; 16];
        for (to, from) in iv.iter_mut().zip(&self.0) {
            *to = *from;
        }
        FixedLength::from(iv)
    }

    /// Seals a message for an application; base64.
    pub(in crate::wechat_simulator) fn seal(
        &self,
        random: [u8; RANDOM],
        message: &str,
        app_id: &str,
    ) -> Option<String> {
        let length = u32::try_from(message.len()).ok()?;
        let mut plain = random.to_vec();
        plain.extend_from_slice(&length.to_be_bytes());
        plain.extend_from_slice(message.as_bytes());
        plain.extend_from_slice(app_id.as_bytes());
        let padding = BLOCK.checked_sub(plain.len() % BLOCK)?;
        plain.resize(plain.len().checked_add(padding)?, u8::try_from(padding).ok()?);
        let key = EncryptingKey::cbc(UnboundCipherKey::new(&AES_256, &self.0).ok()?).ok()?;
        key.less_safe_encrypt(&mut plain, EncryptionContext::Iv128(self.iv())).ok()?;
        Some(BASE64.encode(plain))
    }

    /// Opens a sealed message: the message and the app id it is for.
    pub(in crate::wechat_simulator) fn open(&self, sealed: &str) -> Option<(String, String)> {
        let mut plain = BASE64.decode(sealed).ok().filter(|bytes| !bytes.is_empty() && bytes.len() % BLOCK == 0)?;
        let key = DecryptingKey::cbc(UnboundCipherKey::new(&AES_256, &self.0).ok()?).ok()?;
        key.decrypt(&mut plain, DecryptionContext::Iv128(self.iv())).ok()?;
        let padding = usize::from(*plain.last()?);
        let kept = plain.len().checked_sub(padding).filter(|_| (1..=BLOCK).contains(&padding))?;
        let (content, padded) = plain.split_at_checked(kept)?;
        if padded.iter().any(|byte| usize::from(*byte) != padding) {
            return None;
        }
        let (_, content) = content.split_at_checked(RANDOM)?;
        let (length, content) = content.split_first_chunk::<4>()?;
        let (message, app_id) = content.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        Some((String::from_utf8(message.to_vec()).ok()?, String::from_utf8(app_id.to_vec()).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn vectors() -> Value {
        serde_json::from_str(include_str!("../../../tests/fixtures/wechat-test-vectors.json")).unwrap()
    }

    fn text<'a>(vector: &'a Value, name: &str) -> &'a str {
        vector[name].as_str().unwrap()
    }

    #[test]
    fn the_published_signatures_are_reproduced() {
        let all = vectors();
        for name in ["push_url_verify", "push_plain", "push_encrypted"] {
            let case = &all[name];
            let parts = [text(case, "token"), text(case, "timestamp"), text(case, "nonce")];
            assert_eq!(signature(&parts), text(case, "signature"), "{name}");
        }
        let token = text(&all["push_encrypted"], "token");
        for name in ["push_encrypted", "push_reply"] {
            let case = &all[name];
            let parts = [token, text(case, "timestamp"), text(case, "nonce"), text(case, "encrypt")];
            assert_eq!(signature(&parts), text(case, "msg_signature"), "{name}");
        }
    }

    #[test]
    fn the_published_messages_are_sealed_alike_and_opened() {
        let all = vectors();
        let app_id = text(&all["push_encrypted"], "appid");
        let key = MessageKey::read(text(&all["push_encrypted"], "encoding_aes_key")).unwrap();
        for name in ["push_encrypted", "push_reply"] {
            let case = &all[name];
            let random: [u8; 16] = text(case, "random16").as_bytes().try_into().unwrap();
            assert_eq!(key.seal(random, text(case, "msg"), app_id).unwrap(), text(case, "encrypt"), "{name}");
            let opened = key.open(text(case, "encrypt")).unwrap();
            assert_eq!(opened, (text(case, "msg").to_owned(), app_id.to_owned()), "{name}");
        }
    }

    #[test]
    fn every_length_survives_and_every_spoilt_text_is_refused() {
        let key = MessageKey::read(&"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRST"[..43]).unwrap();
        for length in 0..70 {
            let message = "茶".repeat(length);
            let sealed = key.seal([7; 16], &message, "wxA").unwrap();
            assert_eq!(key.open(&sealed).unwrap(), (message, "wxA".to_owned()));
        }
        let other = MessageKey::read(&"b".repeat(43)).unwrap();
        let sealed = other.seal([7; 16], "hello", "wxA").unwrap();
        for spoilt in [sealed.as_str(), "", "AAAA", "not base64!"] {
            assert!(key.open(spoilt).is_none(), "{spoilt}");
        }
        assert!(MessageKey::read("short").is_none() && MessageKey::read(&"-".repeat(43)).is_none());
    }
}
