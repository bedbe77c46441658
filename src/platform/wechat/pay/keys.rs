//! The keys WeChat Pay signs with, by their ids, and the check of a signature.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::kernel::time::Timestamp;
use crate::platform::wechat::pay::notice::{NoticeHeaders, NoticeRefusal};
use crate::platform::wechat::settings::{PaySettings, PlatformKeySource, WechatSetupError};
use crate::platform::wechat::signing::{PlatformKey, SCHEME, reply_message};

const SETTING: &str = "wechat.pay.platform_keys";
/// How far the time of a signature may be from ours, either way, in seconds.
const TOLERANCE_SECONDS: u64 = 300;
/// WeChat sends signatures with this beginning to see whether they are checked.
const PROBE: &str = "WECHATPAY/SIGNTEST/";

type KeyMap = HashMap<String, PlatformKey>;

/// The known keys of WeChat Pay. Cloning shares them, so a rotation reaches every holder.
#[derive(Debug, Clone)]
pub struct PlatformKeys {
    /// Keys from the settings; they stay whatever WeChat's list of certificates says.
    configured: Arc<KeyMap>,
    known: Arc<RwLock<Arc<KeyMap>>>,
}

impl PlatformKeys {
    /// Reads the keys of the settings.
    pub(super) fn new(settings: &PaySettings) -> Result<Self, WechatSetupError> {
        let mut configured = KeyMap::new();
        for source in &settings.platform_keys {
            let (id, key) = match source {
                PlatformKeySource::PublicKey { id, pem } => {
                    if id.trim().is_empty() {
                        return Err(WechatSetupError::new(SETTING, "a public key has no id"));
                    }
                    (id.clone(), PlatformKey::from_public_key_pem(pem).map_err(refused)?)
                }
                PlatformKeySource::Certificate { pem } => PlatformKey::from_certificate_pem(pem).map_err(refused)?,
            };
            configured.insert(same_id(&id), key);
        }
        if let Some(id) = &settings.reply_key_id
            && id.starts_with("PUB_KEY_ID_")
            && !configured.contains_key(&same_id(id))
        {
            return Err(WechatSetupError::new("wechat.pay.reply_key_id", "names no key of platform_keys"));
        }
        let configured = Arc::new(configured);
        let known = Arc::new(RwLock::new(Arc::clone(&configured)));
        Ok(Self { configured, known })
    }

    /// The same configured keys with `downloaded` instead of those downloaded before, not shared with anybody yet.
    pub(super) fn with_downloaded(&self, downloaded: Vec<(String, PlatformKey)>) -> Self {
        let mut known = self.configured.as_ref().clone();
        for (id, key) in downloaded {
            known.entry(same_id(&id)).or_insert(key);
        }
        Self { configured: Arc::clone(&self.configured), known: Arc::new(RwLock::new(Arc::new(known))) }
    }

    /// Takes over the keys of `other` for everybody who shares these.
    pub(super) fn adopt(&self, other: &Self) {
        let known = other.snapshot();
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = known;
    }

    /// How many keys are known.
    pub fn count(&self) -> usize {
        self.snapshot().len()
    }

    /// Checks that WeChat Pay signed `body` within five minutes of `now`.
    pub(super) fn verify(&self, headers: &NoticeHeaders<'_>, body: &[u8], now: Timestamp) -> Result<(), NoticeRefusal> {
        if headers.signature_type.is_some_and(|scheme| scheme != SCHEME) {
            return Err(NoticeRefusal::UnknownScheme);
        }
        let signed_at: i64 = headers.timestamp.parse().map_err(|_| NoticeRefusal::BadTimestamp)?;
        if now.seconds().abs_diff(signed_at) > TOLERANCE_SECONDS {
            return Err(NoticeRefusal::Stale);
        }
        if headers.signature.starts_with(PROBE) {
            return Err(NoticeRefusal::Probe);
        }
        let known = self.snapshot();
        let key = known.get(&same_id(headers.serial)).ok_or(NoticeRefusal::UnknownKey)?;
        let message = reply_message(headers.timestamp, headers.nonce, body);
        if key.verifies(&message, headers.signature) { Ok(()) } else { Err(NoticeRefusal::WrongSignature) }
    }

    fn snapshot(&self) -> Arc<KeyMap> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Serial numbers are numbers written in hexadecimal: leading zeros and case do not matter. Ids of public keys begin
/// with a letter and are not changed by this.
fn same_id(id: &str) -> String {
    id.trim_start_matches('0').to_ascii_uppercase()
}

fn refused(error: impl std::fmt::Display) -> WechatSetupError {
    WechatSetupError::new(SETTING, error.to_string())
}
