//! Platform certificates: downloaded, opened with the APIv3 key, and only then trusted.

use serde::Deserialize;

use crate::platform::wechat::error::WechatError;
use crate::platform::wechat::pay::client::{PayClient, unauthentic};
use crate::platform::wechat::pay::notice::SealedResource;
use crate::platform::wechat::signing::PlatformKey;

const CALL: &str = "pay.certificates";

#[derive(Deserialize)]
struct CertificateList {
    data: Vec<CertificateEntry>,
}

#[derive(Deserialize)]
struct CertificateEntry {
    serial_no: String,
    encrypt_certificate: SealedResource,
}

impl PayClient {
    /// Downloads the platform certificates and replaces those downloaded before; answers how many keys are known
    /// then. To be called at the start and about twice a day when the merchant uses platform certificates.
    ///
    /// The first download is signed with a key that is not known yet. Its content is sealed with the APIv3 key,
    /// which only WeChat and we hold, so the keys inside may vouch for the reply that carried them.
    pub async fn download_certificates(&self) -> Result<usize, WechatError> {
        let reply = self.exchange(CALL, reqwest::Method::GET, "/v3/certificates", Vec::new()).await?;
        if reply.status != 200 {
            return Err(self.failure(CALL, &reply));
        }
        let list: CertificateList =
            serde_json::from_slice(&reply.body).map_err(|_| WechatError::bad_reply(CALL, "not a list"))?;
        let mut downloaded = Vec::with_capacity(list.data.len());
        for entry in list.data {
            let pem = entry.encrypt_certificate.open(self.api_v3_key());
            let pem = pem.ok_or_else(|| WechatError::bad_reply(CALL, "a certificate does not open"))?;
            match PlatformKey::from_certificate_pem(&pem) {
                Ok(named) => downloaded.push(named),
                Err(error) => tracing::error!(serial = entry.serial_no, %error, "WeChat sent an unusable certificate"),
            }
        }
        let candidate = self.keys().with_downloaded(downloaded);
        self.verify_with(&candidate, &reply).map_err(|refusal| unauthentic(CALL, refusal))?;
        self.keys().adopt(&candidate);
        Ok(candidate.count())
    }
}
