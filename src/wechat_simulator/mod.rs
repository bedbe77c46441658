//! The development WeChat: an HTTP service of its own that speaks like `api.weixin.qq.com` and `api.mch.weixin.qq.com`.
//!
//! A shop that is pointed at its address cannot tell it from WeChat: tokens expire, login codes work once, every
//! WeChat Pay request must be signed by the merchant's key over the raw body, every reply and notice is signed with a
//! real RSA key, and notice resources are sealed with AES-256-GCM. It shares no code with the platform's WeChat client,
//! so agreement between the two is agreement about the wire and not about a common mistake.
//!
//! The tester's side lives under `/_sim`: people log in and pay there, notices are lost, doubled, delayed or forged,
//! replies are refused or swallowed, and `/_sim/book` is the outside truth about money.
//!
//! * `crypto`, `keys`, `dice`: signatures and ciphers, the key sets, chance.
//! * `apps`, `people`, `tokens`, `oauth`, `ledger`, `outbox`, `knobs`: what WeChat remembers; `journal` keeps it over a restart.
//! * `open`: the account host (tokens, log-ins, phone, shipping). `pay`: the merchant host. `delivery`: notices.
//! * `push`: what people do with a service account, on its way to the shop.
//! * `elsewhere`: other people's hosts: mini-programs of other platforms, text messages.
//! * `control`: the endpoints under `/_sim`. `gate`: trouble on the way in and out, and the signing of replies.
//!
//! One owner has a mini-program, a service account, a mobile application and a website; people have an openid in each and
//! one unionid. The tester may register more, also of other owners.
//!
//! Deliberate limits: one merchant, who is paid in the first mini-program and the mobile application, no promotions, no
//! combined orders, no profit sharing, no transfers. Failed authentication is answered without signature headers, as observed on the real
//! service; every other reply of the merchant host is signed.

mod apps;
mod control;
mod crypto;
mod delivery;
mod dice;
mod elsewhere;
mod gate;
mod journal;
mod keys;
mod knobs;
mod ledger;
mod oauth;
mod open;
mod outbox;
mod pay;
mod people;
mod push;
mod refunds;
mod state;
#[cfg(test)]
mod tests;
mod tokens;

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer, web};
use serde::Serialize;
use tokio::task::JoinHandle;

use self::state::World;
use crate::kernel::time::Clock;

/// How often due notice retries are looked for. Real time; whether one is due is decided by the injected clock.
const TICK: Duration = Duration::from_millis(20);

/// How long an idle connection is kept: as usual at gateways, and longer than clients of WeChat keep theirs, so that no
/// request is lost on a connection that is just being closed.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// What a simulator is started with. [`SimulatorSettings::default`] is an in-memory one on a free loopback port.
#[derive(Clone)]
pub struct SimulatorSettings {
    /// `host:port`; port 0 takes a free one.
    pub listen: String,
    /// Where keys and the journal are kept; `None` forgets everything at the end.
    pub data_dir: Option<PathBuf>,
    /// The clock that expires tokens, codes and orders and that drives notice retries.
    pub clock: Clock,
    /// The mini-program's app id.
    pub app_id: String,
    /// The app id of the merchant's mobile application.
    pub mobile_app_id: String,
    /// The app id of the owner's service account.
    pub service_app_id: String,
    /// The app id of the owner's website.
    pub website_app_id: String,
    /// The mini-program's secret; made when absent.
    pub app_secret: Option<String>,
    /// The merchant's number.
    pub mch_id: String,
    /// The APIv3 key (32 bytes); made when absent.
    pub api_v3_key: Option<String>,
    /// The merchant's private key as PKCS#8 PEM; made when absent.
    pub merchant_private_key_pem: Option<String>,
    /// Fixes all chance; unpredictable when absent.
    pub seed: Option<u64>,
    /// Number of server threads.
    pub workers: usize,
}

impl Default for SimulatorSettings {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:0".to_owned(),
            data_dir: None,
            clock: Clock::wall(),
            app_id: "wx0123456789abcdef".to_owned(),
            mobile_app_id: "wxfedcba9876543210".to_owned(),
            service_app_id: "wx5e41ce0acc0a0000".to_owned(),
            website_app_id: "wx3eb517e000000000".to_owned(),
            app_secret: None,
            mch_id: "1900000109".to_owned(),
            api_v3_key: None,
            merchant_private_key_pem: None,
            seed: None,
            workers: 1,
        }
    }
}

/// What the shop must know about another application of the same owner.
#[derive(Clone, Serialize)]
pub struct AppCredentials {
    /// Its app id.
    pub app_id: String,
    /// Its secret.
    pub app_secret: String,
    /// The name by which pushes call it, `gh_…`.
    pub original_id: String,
    /// What pushes are signed with.
    pub message_token: String,
    /// What pushes are sealed with: 43 characters.
    pub message_aes_key: String,
}

/// What the shop must know about its application at another platform.
#[derive(Clone, Serialize)]
pub struct PlatformCredentials {
    /// Its app id; at Baidu the AppKey.
    pub app_id: String,
    /// Its secret; at Alipay its private key followed by Alipay's public key, both PEM.
    pub app_secret: String,
}

/// What the shop must know to send text messages.
#[derive(Clone, Serialize)]
pub struct SmsCredentials {
    /// The id of the access key.
    pub access_key_id: String,
    /// The secret of the access key.
    pub access_key_secret: String,
    /// The approved name.
    pub sign_name: String,
    /// The approved template of codes.
    pub code_template: String,
}

/// What the development shop must be configured with to be served.
#[derive(Clone, Serialize)]
pub struct SimulatorCredentials {
    /// The mini-program's app id.
    pub app_id: String,
    /// The app id of the merchant's mobile application.
    pub mobile_app_id: String,
    /// The mini-program's secret.
    pub app_secret: String,
    /// The merchant's number.
    pub mch_id: String,
    /// Serial number of the merchant's certificate, sent in `Authorization`.
    pub merchant_serial: String,
    /// The merchant's private key, PKCS#8 PEM.
    pub merchant_private_key_pem: String,
    /// The APIv3 key, 32 ASCII bytes.
    pub api_v3_key: String,
    /// Name of the WeChat Pay public key, `PUB_KEY_ID_…`.
    pub platform_public_key_id: String,
    /// The WeChat Pay public key, PEM.
    pub platform_public_key_pem: String,
    /// Serial number of the platform certificate.
    pub platform_certificate_serial: String,
    /// The platform certificate, PEM (also served encrypted by `GET /v3/certificates`).
    pub platform_certificate_pem: String,
    /// The mini-program again, with what its pushes are signed and sealed with.
    pub mini: AppCredentials,
    /// The service account.
    pub service: AppCredentials,
    /// The mobile application.
    pub mobile: AppCredentials,
    /// The website.
    pub website: AppCredentials,
    /// The mini-program at Alipay.
    pub alipay: PlatformCredentials,
    /// The mini-program at Douyin.
    pub douyin: PlatformCredentials,
    /// The mini-program at Baidu.
    pub baidu: PlatformCredentials,
    /// The mini-program at QQ.
    pub qq: PlatformCredentials,
    /// Text messages.
    pub sms: SmsCredentials,
}

impl fmt::Debug for SimulatorCredentials {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("SimulatorCredentials")
            .field("app_id", &self.app_id)
            .field("mch_id", &self.mch_id)
            .field("merchant_serial", &self.merchant_serial)
            .finish_non_exhaustive()
    }
}

/// Why a simulator could not start.
#[derive(Debug, thiserror::Error)]
pub enum SimulatorError {
    /// The address could not be bound, or the data directory not used.
    #[error("the WeChat simulator could not use its address or directory: {0}")]
    Io(#[from] std::io::Error),
    /// A file in the data directory is damaged.
    #[error("{} does not hold what the WeChat simulator wrote: {source}", path.display())]
    Stored {
        /// The damaged file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A key was refused or could not be made.
    #[error("the WeChat simulator's keys are unusable: {0}")]
    Keys(String),
    /// The HTTP client for notices could not be made.
    #[error("the WeChat simulator's HTTP client could not be made: {0}")]
    Client(#[from] reqwest::Error),
}

impl From<crypto::CryptoError> for SimulatorError {
    fn from(error: crypto::CryptoError) -> Self {
        Self::Keys(error.to_string())
    }
}

impl From<rcgen::Error> for SimulatorError {
    fn from(error: rcgen::Error) -> Self {
        Self::Keys(error.to_string())
    }
}

/// A running simulator. Dropping it leaves the server running until the runtime ends; [`Simulator::stop`] ends it.
pub struct Simulator {
    /// The bound address.
    pub addr: SocketAddr,
    /// What the shop needs.
    pub credentials: SimulatorCredentials,
    handle: ServerHandle,
    server: JoinHandle<std::io::Result<()>>,
    ticker: JoinHandle<()>,
}

impl fmt::Debug for Simulator {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Simulator").field("addr", &self.addr).finish_non_exhaustive()
    }
}

impl Simulator {
    /// The base address a shop is pointed at, without a trailing slash.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Stops serving and waits until the port is free. What was journalled stays.
    pub async fn stop(self) {
        self.ticker.abort();
        self.handle.stop(false).await;
        if let Ok(Err(error)) = self.server.await {
            tracing::warn!(%error, "the WeChat simulator's server ended with an error");
        }
    }
}

/// Starts a simulator on the current runtime and returns once its port is bound.
pub async fn start(settings: SimulatorSettings) -> Result<Simulator, SimulatorError> {
    let world = web::Data::new(World::new(&settings)?);
    let credentials = world.keys.credentials.clone();
    let listener = std::net::TcpListener::bind(&settings.listen)?;
    let addr = listener.local_addr()?;
    let shared = world.clone();
    let server = HttpServer::new(move || App::new().app_data(shared.clone()).configure(routes))
        .workers(settings.workers.max(1))
        .keep_alive(KEEP_ALIVE)
        .shutdown_timeout(1)
        .disable_signals()
        .listen(listener)?
        .run();
    let handle = server.handle();
    let server = tokio::spawn(server);
    let ticker = tokio::spawn(async move {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
        loop {
            tick.tick().await;
            delivery::deliver_due(&world);
            push::deliver_due(&world);
        }
    });
    Ok(Simulator { addr, credentials, handle, server, ticker })
}

/// All endpoints. The application must carry the simulator's state, which only [`start`] makes.
pub fn routes(cfg: &mut web::ServiceConfig) {
    control::routes(cfg);
    pay::routes(cfg);
    elsewhere::routes(cfg);
    open::routes(cfg);
}
