//! Keys and secrets: what WeChat holds, and what it hands to the merchant.
//!
//! Five RSA keys: the merchant's (WeChat keeps only the public half; the simulator makes the pair and hands it to the
//! development shop), the WeChat Pay public key's, the platform certificate's, and at Alipay the application's and
//! Alipay's own. With a data directory they are made once and kept in `wechat_simulator.json`, so that a shop configured
//! with them keeps working after a restart. Without one, all simulators of a process share one set, because generating RSA
//! keys is slow.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::apps::{AppKind, OWNER, OpenApp};
use super::crypto::{CryptoError, Signer, Verifier};
use super::dice::Dice;
use super::elsewhere::Platform;
use super::state::locked;
use super::{
    AppCredentials, PlatformCredentials, SimulatorCredentials, SimulatorError, SimulatorSettings, SmsCredentials,
};
use crate::kernel::time::{DAY_MS, Timestamp};

const FILE: &str = "wechat_simulator.json";
/// WeChat's platform certificates live five years.
const CERTIFICATE_DAYS: i64 = 5 * 365;

/// Which of the two platform keys signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum KeyKind {
    /// The WeChat Pay public key, named `PUB_KEY_ID_…`.
    PublicKey,
    /// The platform certificate, named by its serial number.
    Certificate,
}

#[derive(Clone, Serialize, Deserialize)]
struct StoredKeys {
    app_secret: String,
    api_v3_key: String,
    merchant_serial: String,
    merchant_private_key_pem: String,
    platform_public_key_id: String,
    platform_private_key_pem: String,
    certificate_private_key_pem: String,
    certificate_pem: String,
    certificate_serial: String,
    certificate_effective: Timestamp,
    certificate_expires: Timestamp,
    /// Secrets that were added later, by name; each is made when it is first asked for.
    #[serde(default)]
    secrets: BTreeMap<String, String>,
}

impl StoredKeys {
    fn secret(&mut self, name: String, make: impl FnOnce() -> String) -> String {
        self.secrets.entry(name).or_insert_with(make).clone()
    }

    fn elsewhere(&mut self, platform: Platform, dice: &Dice) -> PlatformCredentials {
        let name = platform.name();
        PlatformCredentials {
            app_id: self.secret(format!("{name}.app_id"), || format!("{name}{}", dice.digits(12))),
            app_secret: self.secret(format!("{name}.app_secret"), || dice.hex(32)),
        }
    }

    fn sms(&mut self, dice: &Dice) -> SmsCredentials {
        SmsCredentials {
            access_key_id: self.secret("sms.access_key_id".to_owned(), || format!("LTAI{}", dice.letters(20))),
            access_key_secret: self.secret("sms.access_key_secret".to_owned(), || dice.letters(30)),
            sign_name: "沙漏小店".to_owned(),
            code_template: "SMS_154950909".to_owned(),
        }
    }

    fn app(&mut self, name: &str, app_id: &str, dice: &Dice) -> AppCredentials {
        AppCredentials {
            app_id: app_id.to_owned(),
            app_secret: self.secret(format!("{name}.app_secret"), || dice.hex(32)),
            original_id: self.secret(format!("{name}.original_id"), || format!("gh_{}", dice.hex(12))),
            message_token: self.secret(format!("{name}.message_token"), || dice.letters(24)),
            message_aes_key: self.secret(format!("{name}.message_aes_key"), || dice.letters(43)),
        }
    }
}

/// Under which names Alipay's keys are kept.
const ALIPAY_APP: &str = "alipay.app_key";
const ALIPAY_PLATFORM: &str = "alipay.platform_key";

/// The platform certificate as `GET /v3/certificates` describes it.
pub(super) struct PlatformCertificate {
    /// Upper-case hexadecimal serial number.
    pub(super) serial: String,
    /// The certificate itself.
    pub(super) pem: String,
    /// Start of validity.
    pub(super) effective: Timestamp,
    /// End of validity.
    pub(super) expires: Timestamp,
}

/// Everything secret of one simulator, parsed and ready.
pub(super) struct Keys {
    /// What the development shop is configured with.
    pub(super) credentials: SimulatorCredentials,
    /// The published certificate.
    pub(super) certificate: PlatformCertificate,
    merchant: Verifier,
    public_key_signer: Signer,
    certificate_signer: Signer,
    stranger: OnceLock<Signer>,
    alipay_app: Verifier,
    alipay_signer: Signer,
}

impl Keys {
    /// Reads the keys of the data directory, or makes them (and writes them there when there is one).
    pub(super) fn load(settings: &SimulatorSettings, dice: &Dice) -> Result<Self, SimulatorError> {
        let now = settings.clock.now();
        let Some(dir) = settings.data_dir.as_deref() else {
            return Self::from_stored(&mut make(&process_keys()?, dice, now)?, settings, dice);
        };
        std::fs::create_dir_all(dir)?;
        let path = dir.join(FILE);
        let mut stored: StoredKeys = if path.exists() {
            serde_json::from_str(&std::fs::read_to_string(&path)?)
                .map_err(|source| SimulatorError::Stored { path: path.clone(), source })?
        } else {
            make(&RawKeys::generate()?, dice, now)?
        };
        let known = stored.secrets.len();
        let keys = Self::from_stored(&mut stored, settings, dice)?;
        if stored.secrets.len() == known {
            return Ok(keys);
        }
        write_private(&path, &serde_json::to_vec_pretty(&stored).map_err(std::io::Error::from)?)?;
        Ok(keys)
    }

    fn from_stored(stored: &mut StoredKeys, settings: &SimulatorSettings, dice: &Dice) -> Result<Self, SimulatorError> {
        let mut mini = stored.app("mini", &settings.app_id, dice);
        mini.app_secret = settings.app_secret.clone().unwrap_or_else(|| stored.app_secret.clone());
        let service = stored.app("service", &settings.service_app_id, dice);
        let mobile = stored.app("mobile", &settings.mobile_app_id, dice);
        let website = stored.app("website", &settings.website_app_id, dice);
        for name in [ALIPAY_APP, ALIPAY_PLATFORM] {
            if !stored.secrets.contains_key(name) {
                stored.secrets.insert(name.to_owned(), Signer::generate()?.private_key_pem()?);
            }
        }
        let alipay_key = stored.secret(ALIPAY_APP.to_owned(), String::new);
        let alipay_signer = Signer::from_pem(&stored.secret(ALIPAY_PLATFORM.to_owned(), String::new))?;
        let mut elsewhere = Platform::ALL.map(|platform| stored.elsewhere(platform, dice));
        let [alipay, ..] = &mut elsewhere;
        alipay.app_secret = format!("{alipay_key}{}", alipay_signer.public_key_pem()?);
        let [alipay, douyin, baidu, qq] = elsewhere;
        let sms = stored.sms(dice);
        let stored = stored.clone();
        let merchant_pem = settings.merchant_private_key_pem.clone().unwrap_or(stored.merchant_private_key_pem);
        let merchant = Signer::from_pem(&merchant_pem)?;
        let public_key_signer = Signer::from_pem(&stored.platform_private_key_pem)?;
        let certificate_signer = Signer::from_pem(&stored.certificate_private_key_pem)?;
        let api_v3_key = settings.api_v3_key.clone().unwrap_or(stored.api_v3_key);
        if api_v3_key.len() != 32 {
            return Err(CryptoError::BadCipherKey.into());
        }
        let credentials = SimulatorCredentials {
            app_id: settings.app_id.clone(),
            mobile_app_id: settings.mobile_app_id.clone(),
            app_secret: mini.app_secret.clone(),
            mch_id: settings.mch_id.clone(),
            merchant_serial: stored.merchant_serial,
            merchant_private_key_pem: merchant_pem,
            api_v3_key,
            platform_public_key_id: stored.platform_public_key_id,
            platform_public_key_pem: public_key_signer.public_key_pem()?,
            platform_certificate_serial: stored.certificate_serial.clone(),
            platform_certificate_pem: stored.certificate_pem.clone(),
            mini,
            service,
            mobile,
            website,
            alipay,
            douyin,
            baidu,
            qq,
            sms,
        };
        let certificate = PlatformCertificate {
            serial: stored.certificate_serial,
            pem: stored.certificate_pem,
            effective: stored.certificate_effective,
            expires: stored.certificate_expires,
        };
        Ok(Self {
            credentials,
            certificate,
            merchant: merchant.verifier()?,
            public_key_signer,
            certificate_signer,
            stranger: OnceLock::new(),
            alipay_app: Signer::from_pem(&alipay_key)?.verifier()?,
            alipay_signer,
        })
    }

    /// The owner's applications.
    pub(super) fn apps(&self) -> [OpenApp; 4] {
        let credentials = &self.credentials;
        [
            (AppKind::Mini, &credentials.mini),
            (AppKind::Service, &credentials.service),
            (AppKind::Mobile, &credentials.mobile),
            (AppKind::Website, &credentials.website),
        ]
        .map(|(kind, app)| OpenApp {
            kind,
            app_id: app.app_id.clone(),
            secret: app.app_secret.clone(),
            open_platform: OWNER.to_owned(),
            original_id: app.original_id.clone(),
            message_token: app.message_token.clone(),
            message_aes_key: app.message_aes_key.clone(),
        })
    }

    /// The shop's application at another platform.
    pub(super) const fn elsewhere(&self, platform: Platform) -> &PlatformCredentials {
        match platform {
            Platform::Alipay => &self.credentials.alipay,
            Platform::Douyin => &self.credentials.douyin,
            Platform::Baidu => &self.credentials.baidu,
            Platform::Qq => &self.credentials.qq,
        }
    }

    /// Whether the shop's application at Alipay signed exactly this message.
    pub(super) fn alipay_app_signed(&self, message: &[u8], signature: &str) -> bool {
        self.alipay_app.accepts(message, signature)
    }

    /// Signs as Alipay.
    pub(super) fn sign_as_alipay(&self, message: &[u8]) -> Result<String, CryptoError> {
        self.alipay_signer.sign(message)
    }

    /// Whether the merchant signed exactly this message.
    pub(super) fn merchant_signed(&self, message: &[u8], signature: &str) -> bool {
        self.merchant.accepts(message, signature)
    }

    /// The value of `Wechatpay-Serial` for a kind of key.
    pub(super) fn serial(&self, kind: KeyKind) -> &str {
        match kind {
            KeyKind::PublicKey => &self.credentials.platform_public_key_id,
            KeyKind::Certificate => &self.certificate.serial,
        }
    }

    /// Signs as the platform.
    pub(super) fn sign(&self, kind: KeyKind, message: &[u8]) -> Result<String, CryptoError> {
        match kind {
            KeyKind::PublicKey => self.public_key_signer.sign(message),
            KeyKind::Certificate => self.certificate_signer.sign(message),
        }
    }

    /// Signs with a key nobody was told about, for forged notices. Made at the first use.
    pub(super) fn sign_as_stranger(&self, message: &[u8]) -> Result<String, CryptoError> {
        if let Some(signer) = self.stranger.get() {
            return signer.sign(message);
        }
        let made = Signer::generate()?;
        self.stranger.get_or_init(|| made).sign(message)
    }
}

#[derive(Clone)]
struct RawKeys {
    merchant: String,
    public_key: String,
    certificate: String,
    alipay_app: String,
    alipay_platform: String,
}

impl RawKeys {
    fn generate() -> Result<Self, CryptoError> {
        Ok(Self {
            merchant: Signer::generate()?.private_key_pem()?,
            public_key: Signer::generate()?.private_key_pem()?,
            certificate: Signer::generate()?.private_key_pem()?,
            alipay_app: Signer::generate()?.private_key_pem()?,
            alipay_platform: Signer::generate()?.private_key_pem()?,
        })
    }
}

fn process_keys() -> Result<RawKeys, CryptoError> {
    static SHARED: Mutex<Option<RawKeys>> = Mutex::new(None);
    let mut shared = locked(&SHARED);
    if let Some(keys) = shared.as_ref() {
        return Ok(keys.clone());
    }
    let made = RawKeys::generate()?;
    *shared = Some(made.clone());
    Ok(made)
}

fn make(raw: &RawKeys, dice: &Dice, now: Timestamp) -> Result<StoredKeys, SimulatorError> {
    let effective = now.plus_millis(-DAY_MS);
    let expires = effective.plus_millis(CERTIFICATE_DAYS * DAY_MS);
    // A leading digit of 4 keeps the DER integer positive and at its full twenty bytes.
    let certificate_serial = format!("4{}", dice.hex(39)).to_uppercase();
    Ok(StoredKeys {
        app_secret: dice.hex(32),
        api_v3_key: dice.letters(32),
        merchant_serial: format!("5{}", dice.hex(39)).to_uppercase(),
        merchant_private_key_pem: raw.merchant.clone(),
        platform_public_key_id: format!("PUB_KEY_ID_01{}", dice.digits(28)),
        platform_private_key_pem: raw.public_key.clone(),
        certificate_private_key_pem: raw.certificate.clone(),
        certificate_pem: certificate(&raw.certificate, &certificate_serial, effective, expires)?,
        certificate_serial,
        certificate_effective: effective,
        certificate_expires: expires,
        secrets: BTreeMap::from([
            (ALIPAY_APP.to_owned(), raw.alipay_app.clone()),
            (ALIPAY_PLATFORM.to_owned(), raw.alipay_platform.clone()),
        ]),
    })
}

fn certificate(key_pem: &str, serial: &str, from: Timestamp, to: Timestamp) -> Result<String, SimulatorError> {
    let key = rcgen::KeyPair::from_pkcs8_pem_and_sign_algo(key_pem, &rcgen::PKCS_RSA_SHA256)?;
    let mut params = rcgen::CertificateParams::default();
    params.serial_number = Some(rcgen::SerialNumber::from_slice(&hex::decode(serial).unwrap_or_default()));
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    params.not_before = epoch + Duration::from_secs(from.seconds().unsigned_abs());
    params.not_after = epoch + Duration::from_secs(to.seconds().unsigned_abs());
    let mut name = rcgen::DistinguishedName::new();
    name.push(rcgen::DnType::CommonName, "Tenpay.com sign (development simulator)");
    name.push(rcgen::DnType::OrganizationName, "Hourglass WeChat simulator");
    name.push(rcgen::DnType::CountryName, "CN");
    params.distinguished_name = name;
    Ok(params.self_signed(&key)?.pem())
}

fn write_private(path: &Path, content: &[u8]) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_platform_certificate_carries_its_serial_key_and_dates() {
        let settings = SimulatorSettings::default();
        let keys = Keys::load(&settings, &Dice::new(Some(5), Timestamp::from_millis(0))).unwrap();
        let (_, pem) = x509_parser::pem::parse_x509_pem(keys.certificate.pem.as_bytes()).unwrap();
        let parsed = pem.parse_x509().unwrap();
        assert_eq!(hex::encode_upper(parsed.raw_serial()), keys.certificate.serial);
        assert_eq!(parsed.validity().not_after.timestamp(), keys.certificate.expires.seconds());
        assert_eq!(parsed.validity().not_before.timestamp(), keys.certificate.effective.seconds());
    }

    #[test]
    fn stored_keys_are_the_same_after_a_restart() {
        let dir = std::env::temp_dir().join(format!("hourglass-keys-{}", rand::random::<u64>()));
        let settings = SimulatorSettings { data_dir: Some(dir.clone()), ..SimulatorSettings::default() };
        let dice = Dice::new(None, Timestamp::from_millis(0));
        let first = Keys::load(&settings, &dice).unwrap();
        let second = Keys::load(&settings, &dice).unwrap();
        assert_eq!(first.credentials.merchant_private_key_pem, second.credentials.merchant_private_key_pem);
        assert_eq!(first.certificate.pem, second.certificate.pem);
        assert_eq!(first.credentials.api_v3_key, second.credentials.api_v3_key);
        std::fs::remove_dir_all(dir).unwrap();
    }
}
