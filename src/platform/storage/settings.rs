//! Where files are kept.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::{ClientOptions, ObjectStore, RetryConfig};
use secrecy::{ExposeSecret, SecretString};

const MAX_RETRIES: usize = 3;
const RETRY_TIMEOUT: Duration = Duration::from_secs(20);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(15);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Where files are kept.
#[derive(Debug, Clone)]
pub enum StorageSettings {
    /// A folder of this machine; it is created when it is missing.
    Local {
        /// The folder.
        dir: PathBuf,
    },
    /// A bucket of an S3-compatible service, addressed by path.
    S3 {
        /// The address of the service, such as `https://cos.ap-guangzhou.myqcloud.com`.
        endpoint: String,
        /// The bucket.
        bucket: String,
        /// The region the signature names.
        region: String,
        /// The id of the access key.
        access_key: String,
        /// The secret of the access key.
        secret_key: SecretString,
    },
}

/// A setting with which files cannot be kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("setting {setting}: {reason}")]
pub struct StorageSetupError {
    /// The path of the setting, such as `storage.dir`.
    pub setting: &'static str,
    /// What is wrong with it; never a secret.
    pub reason: String,
}

impl StorageSettings {
    /// Opens the store. The local one makes a file durable before it answers; the remote one gives up after a few
    /// tries, because somebody waits for the answer.
    pub(super) fn open(&self) -> Result<Arc<dyn ObjectStore>, StorageSetupError> {
        match self {
            Self::Local { dir } => {
                let refused = |reason: String| StorageSetupError { setting: "storage.dir", reason };
                std::fs::create_dir_all(dir).map_err(|error| refused(error.to_string()))?;
                let store = LocalFileSystem::new_with_prefix(dir).map_err(|error| refused(error.to_string()))?;
                Ok(Arc::new(store.with_fsync(true)))
            }
            Self::S3 { endpoint, bucket, region, access_key, secret_key } => {
                let named = [
                    ("storage.endpoint", endpoint.as_str()),
                    ("storage.bucket", bucket),
                    ("storage.region", region),
                    ("storage.access_key", access_key),
                    ("storage.secret_key", secret_key.expose_secret()),
                ];
                if let Some((setting, _)) = named.into_iter().find(|(_, value)| value.trim().is_empty()) {
                    return Err(StorageSetupError { setting, reason: "must not be empty".to_owned() });
                }
                if !endpoint.starts_with("https://") && !endpoint.starts_with("http://") {
                    let reason = "must be an http or https address".to_owned();
                    return Err(StorageSetupError { setting: "storage.endpoint", reason });
                }
                let client = ClientOptions::new()
                    .with_allow_http(endpoint.starts_with("http://"))
                    .with_timeout(REQUEST_TIMEOUT)
                    .with_connect_timeout(CONNECT_TIMEOUT);
                let retry =
                    RetryConfig { max_retries: MAX_RETRIES, retry_timeout: RETRY_TIMEOUT, ..RetryConfig::default() };
                let store = AmazonS3Builder::new()
                    .with_client_options(client)
                    .with_retry(retry)
                    .with_endpoint(endpoint)
                    .with_bucket_name(bucket)
                    .with_region(region)
                    .with_access_key_id(access_key)
                    .with_secret_access_key(secret_key.expose_secret())
                    .build()
                    .map_err(|error| StorageSetupError { setting: "storage", reason: error.to_string() })?;
                Ok(Arc::new(store))
            }
        }
    }
}
