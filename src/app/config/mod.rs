//! What the service is told before it starts: a TOML file and environment variables, which win.
//!
//! Every setting stands in one table ([`catalogue`]), from which `hourglass config` prints its help. Something missing,
//! malformed or unknown stops the start with one line that names it. Secrets have their own type and are never printed.

mod analytics;
pub mod catalogue;
mod live;
mod outside;
mod streams;
#[cfg(test)]
mod tests;
mod values;

use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretBox, SecretString};

pub use self::analytics::AnalyticsConfig;
use self::catalogue as known;
pub use self::live::LiveConfig;
use self::outside::{oauth, sign_in, sms, wechat};
pub use self::streams::StreamConfig;
use self::streams::streams;
pub use self::values::{ConfigError, Values};
use self::values::{complaint, malformed, missing};
use crate::identity::OauthSettings;
use crate::kernel::day::Zone;
use crate::kernel::money::Fen;
use crate::platform::db::DbSettings;
use crate::platform::http::auth::MIN_SECRET_BYTES;
use crate::platform::http::rate_limit::LimitSettings;
use crate::platform::sign_in::SignInSettings;
use crate::platform::sms::SmsSettings;
use crate::platform::storage::StorageSettings;
use crate::platform::wechat::{EnvVersion, WechatSettings};

/// Signs tokens in development when nothing else is set; refused in production.
const DEVELOPMENT_TOKEN_SECRET: &str = "hourglass-development-token-secret-not-for-production";
/// Seals in development when nothing else is set; refused in production.
const DEVELOPMENT_SEAL_KEY: &str = "686f7572676c6173732d646576656c6f706d656e742d7365616c2d6b65792121";
/// Secrets that stand in tutorials and examples; whoever looks for a way in tries them first.
const WELL_KNOWN: [&str; 8] =
    ["secret", "changeme", "change-me", "change_me", "password", "your-secret", "your_secret", "hourglass"];

/// How strict the service is with itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Everything must be set.
    Production,
    /// Secrets may be missing.
    Development,
}

/// The HTTP side.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where WeChat reaches this service; absent when nothing was said.
    pub public_url: Option<String>,
    /// Threads that serve; `None` takes one for each processor.
    pub workers: Option<usize>,
    /// Proxies that are believed.
    pub trusted_proxies: Vec<IpAddr>,
    /// Longest JSON body.
    pub max_body_bytes: usize,
    /// How old a page may be that everybody sees alike, in milliseconds; 0 keeps none.
    pub pages_fresh_ms: i64,
    /// How long idle connections are kept.
    pub keep_alive: Duration,
    /// How long a client may take to send a request's head.
    pub request_timeout: Duration,
    /// How long, in seconds, requests in flight may take to finish at shutdown.
    pub shutdown_seconds: u64,
    /// What `/metrics` asks for.
    pub metrics_token: Option<SecretString>,
}

/// What only this service may know.
#[derive(Debug)]
pub struct Secrets {
    /// Signs access tokens.
    pub token: SecretString,
    /// Seals what is stored.
    pub seal_key: SecretBox<[u8; 32]>,
}

/// Periods of orders.
#[derive(Debug, Clone, Copy)]
pub struct OrderConfig {
    /// How long an order may stay unpaid, in minutes.
    pub pay_within_minutes: i64,
    /// How long an order with a campaign price may stay unpaid.
    pub campaign_pay_within_minutes: i64,
    /// Days from shipping to receipt by itself.
    pub receive_after_days: i64,
    /// Days from receipt to completion.
    pub complete_after_days: i64,
}

/// Limits on money.
#[derive(Debug, Clone, Copy)]
pub struct PaymentConfig {
    /// Refunds above this need a second member of staff.
    pub refund_approval_above: Fen,
}

/// What shared pages look like.
#[derive(Debug, Clone)]
pub struct ShareConfig {
    /// What cards of pages say.
    pub shop_name: String,
    /// The page of the mini-program that shows a product.
    pub product_page: String,
    /// The page that opens when a link says no other.
    pub home_page: String,
    /// Where pages open outside WeChat.
    pub web_url: Option<String>,
    /// Which version of the mini-program codes open.
    pub code_version: EnvVersion,
}

/// Limits on campaigns.
#[derive(Debug, Clone)]
pub struct CampaignConfig {
    /// Budgets above this need a second member of staff.
    pub budget_approval_above: Fen,
    /// For how many days single deeds are kept.
    pub keep_actions_days: i64,
    /// The page of the mini-program that shows a campaign.
    pub page: String,
}

/// Limits on coupons that staff give.
#[derive(Debug, Clone, Copy)]
pub struct CouponConfig {
    /// Coupons worth more together need a second member of staff.
    pub approval_above: Fen,
    /// So do more coupons than this.
    pub approval_above_count: i64,
}

/// Background work.
#[derive(Debug, Clone, Copy)]
pub struct WorkerConfig {
    /// Whether `serve` does it too.
    pub enabled: bool,
    /// How long it rests when nothing is due.
    pub pause: Duration,
}

/// What the log says, and how.
#[derive(Debug, Clone)]
pub struct LogConfig {
    /// Which lines.
    pub filter: String,
    /// Readable text instead of JSON.
    pub readable: bool,
}

/// The demonstration and the simulator.
#[derive(Debug, Clone)]
pub struct DemoConfig {
    /// Where the simulator listens.
    pub simulator_listen: String,
}

/// Everything the service is told before it starts.
#[derive(Debug)]
pub struct Config {
    /// How strict it is.
    pub mode: Mode,
    /// Where its own files are.
    pub data_dir: PathBuf,
    /// Tells processes on one database apart.
    pub node: u8,
    /// The HTTP side.
    pub server: ServerConfig,
    /// The database.
    pub database: DbSettings,
    /// Whether a start applies missing migrations.
    pub migrate: bool,
    /// The mini-program and its merchant.
    pub wechat: WechatSettings,
    /// How people are sent to WeChat and back.
    pub oauth: OauthSettings,
    /// Log-ins from mini-programs of other platforms.
    pub sign_in: SignInSettings,
    /// Text messages.
    pub sms: SmsSettings,
    /// Secrets.
    pub secrets: Secrets,
    /// Files.
    pub storage: StorageSettings,
    /// Rate limits.
    pub limits: LimitSettings,
    /// Orders.
    pub orders: OrderConfig,
    /// Payments.
    pub payments: PaymentConfig,
    /// Sharing.
    pub share: ShareConfig,
    /// Campaigns.
    pub campaigns: CampaignConfig,
    /// Coupons.
    pub coupons: CouponConfig,
    /// Live rooms.
    pub live: LiveConfig,
    /// What comes into analytics.
    pub analytics: AnalyticsConfig,
    /// Live streams.
    pub streams: StreamConfig,
    /// The hour of the shop's day at which the books are looked at.
    pub books_hour: i64,
    /// Background work.
    pub worker: WorkerConfig,
    /// The demonstration.
    pub demo: DemoConfig,
}

impl Config {
    /// Gives settings their types.
    ///
    /// # Errors
    /// One line that names the setting that is missing or malformed.
    pub fn of(values: &Values) -> Result<Self, ConfigError> {
        let mode = mode(values)?;
        let server = server(values)?;
        Ok(Self {
            mode,
            data_dir: values.required(known::DATA_DIR)?,
            node: values.required(known::NODE)?,
            database: database(values)?,
            migrate: values.required(known::DATABASE_MIGRATE)?,
            secrets: Secrets { token: token_secret(values, mode)?, seal_key: seal_key(values, mode)? },
            wechat: wechat(values, mode, &server)?,
            oauth: oauth(values, mode)?,
            sign_in: sign_in(values)?,
            sms: sms(values, mode)?,
            storage: storage(values)?,
            limits: limits(values)?,
            orders: OrderConfig {
                pay_within_minutes: values.number(known::ORDER_PAY_MINUTES, 1, 1_440)?,
                campaign_pay_within_minutes: values.number(known::ORDER_CAMPAIGN_PAY_MINUTES, 1, 1_440)?,
                receive_after_days: values.number(known::ORDER_RECEIVE_DAYS, 1, 365)?,
                complete_after_days: values.number(known::ORDER_COMPLETE_DAYS, 1, 365)?,
            },
            payments: PaymentConfig {
                refund_approval_above: Fen::new(values.number(known::PAYMENT_APPROVAL_FEN, 0, 1_000_000_000)?),
            },
            campaigns: CampaignConfig {
                budget_approval_above: Fen::new(values.number(known::CAMPAIGN_APPROVAL_FEN, 0, 100_000_000_000)?),
                keep_actions_days: values.number(known::CAMPAIGN_ACTION_DAYS, 2, 3_650)?,
                page: page(values, known::CAMPAIGN_PAGE)?,
            },
            coupons: CouponConfig {
                approval_above: Fen::new(values.number(known::COUPON_APPROVAL_FEN, 0, 100_000_000_000)?),
                approval_above_count: values.number(known::COUPON_APPROVAL_COUNT, 0, 1_000_000)?,
            },
            live: live::read(values)?,
            analytics: analytics::read(values)?,
            streams: streams(values)?,
            books_hour: values.number(known::BOOKS_HOUR, 0, 23)?,
            share: share(values, &server)?,
            worker: WorkerConfig {
                enabled: values.required(known::WORKER)?,
                pause: Duration::from_millis(values.number(known::WORKER_PAUSE_MS, 10, 60_000)?),
            },
            demo: demo(values)?,
            server,
        })
    }
}

/// The mode alone.
///
/// # Errors
/// When it is neither.
pub fn mode(values: &Values) -> Result<Mode, ConfigError> {
    match values.text(known::MODE) {
        Some("production") => Ok(Mode::Production),
        Some("development") => Ok(Mode::Development),
        _ => Err(malformed(known::MODE)),
    }
}

/// The log alone, which begins before anything else can fail.
///
/// # Errors
/// When the filter does not parse.
pub fn log(values: &Values) -> Result<LogConfig, ConfigError> {
    let filter: String = values.required(known::LOG)?;
    if tracing_subscriber::EnvFilter::try_new(&filter).is_err() {
        return Err(malformed(known::LOG));
    }
    Ok(LogConfig { filter, readable: mode(values)? == Mode::Development })
}

/// The demonstration alone.
///
/// # Errors
/// When an address is none.
pub fn demo(values: &Values) -> Result<DemoConfig, ConfigError> {
    let simulator_listen: String = values.required(known::SIMULATOR_LISTEN)?;
    if simulator_listen.to_socket_addrs().is_err() {
        return Err(malformed(known::SIMULATOR_LISTEN));
    }
    Ok(DemoConfig { simulator_listen })
}

/// The database alone, for commands that need nothing else. The folder of an embedded one is made when it is missing.
///
/// # Errors
/// One line that names the setting.
pub fn database(values: &Values) -> Result<DbSettings, ConfigError> {
    let settings = match values.text(known::DATABASE_URL) {
        Some(url) => DbSettings::for_url(url).map_err(|_| malformed(known::DATABASE_URL))?,
        None => {
            let dir: PathBuf = values.required(known::DATA_DIR)?;
            std::fs::create_dir_all(&dir)
                .map_err(|error| complaint(known::DATA_DIR, &format!("cannot be made: {error}")))?;
            let file = dir.join("hourglass.db");
            DbSettings::for_url(&format!("sqlite://{}", file.display())).map_err(|_| malformed(known::DATA_DIR))?
        }
    };
    Ok(DbSettings {
        pool_size: values.number(known::DATABASE_POOL, 1, 1_000)?,
        wait: Duration::from_millis(values.number(known::DATABASE_WAIT_MS, 1, 60_000)?),
        statement_timeout: Duration::from_millis(values.number(known::DATABASE_STATEMENT_MS, 1, 600_000)?),
        survey_timeout: Duration::from_millis(values.number(known::DATABASE_SURVEY_MS, 1, 3_600_000)?),
        max_waiting: values.number(known::DATABASE_MAX_WAITING, 1, 1_000_000)?,
        zone: Zone::named(values.text(known::ZONE).unwrap_or_default()).ok_or_else(|| malformed(known::ZONE))?,
        ..settings
    })
}

/// The address to listen at alone.
///
/// # Errors
/// When it is no address of this machine's.
pub fn listen_address(values: &Values) -> Result<SocketAddr, ConfigError> {
    let listen: String = values.required(known::LISTEN)?;
    listen.to_socket_addrs().ok().and_then(|mut found| found.next()).ok_or_else(|| malformed(known::LISTEN))
}

fn server(values: &Values) -> Result<ServerConfig, ConfigError> {
    let workers: usize = values.number(known::WORKERS, 0, 1_024)?;
    let proxies = values.text(known::TRUSTED_PROXIES).unwrap_or_default().split(',').map(str::trim);
    let trusted_proxies = proxies.filter(|part| !part.is_empty()).map(str::parse).collect::<Result<_, _>>();
    let metrics_token = values.secret(known::METRICS_TOKEN);
    if metrics_token.as_ref().is_some_and(|token| token.expose_secret().len() < 16) {
        return Err(malformed(known::METRICS_TOKEN));
    }
    Ok(ServerConfig {
        listen: listen_address(values)?,
        public_url: values.address(known::PUBLIC_URL)?,
        workers: (workers > 0).then_some(workers),
        trusted_proxies: trusted_proxies.map_err(|_| malformed(known::TRUSTED_PROXIES))?,
        max_body_bytes: values.number(known::MAX_BODY_BYTES, 1_024, 67_108_864)?,
        pages_fresh_ms: values.number(known::PAGES_FRESH_MS, 0, 5_000)?,
        keep_alive: Duration::from_secs(values.number(known::KEEP_ALIVE_SECONDS, 1, 3_600)?),
        request_timeout: Duration::from_secs(values.number(known::REQUEST_SECONDS, 1, 300)?),
        shutdown_seconds: values.number(known::SHUTDOWN_SECONDS, 0, 3_600)?,
        metrics_token,
    })
}

fn token_secret(values: &Values, mode: Mode) -> Result<SecretString, ConfigError> {
    let secret = match (values.secret(known::TOKEN_SECRET), mode) {
        (Some(secret), _) => secret,
        (None, Mode::Development) => return Ok(DEVELOPMENT_TOKEN_SECRET.into()),
        (None, Mode::Production) => return Err(missing(known::TOKEN_SECRET)),
    };
    let text = secret.expose_secret();
    if text.len() < MIN_SECRET_BYTES {
        return Err(complaint(known::TOKEN_SECRET, "is too short"));
    }
    if mode == Mode::Production && (text == DEVELOPMENT_TOKEN_SECRET || is_guessable(text)) {
        return Err(complaint(known::TOKEN_SECRET, "is well known"));
    }
    Ok(secret)
}

fn seal_key(values: &Values, mode: Mode) -> Result<SecretBox<[u8; 32]>, ConfigError> {
    let text = match (values.text(known::SEAL_KEY), mode) {
        (Some(text), _) => text,
        (None, Mode::Development) => DEVELOPMENT_SEAL_KEY,
        (None, Mode::Production) => return Err(missing(known::SEAL_KEY)),
    };
    let mut key = Box::new([0_u8; 32]);
    hex::decode_to_slice(text.trim(), key.as_mut_slice()).map_err(|_| malformed(known::SEAL_KEY))?;
    if mode == Mode::Production && (text == DEVELOPMENT_SEAL_KEY || is_guessable(text)) {
        return Err(complaint(known::SEAL_KEY, "is well known"));
    }
    Ok(SecretBox::new(key))
}

/// Whether somebody who tries the usual words finds this: few different characters, or a usual word repeated or padded.
fn is_guessable(secret: &str) -> bool {
    let lowered = secret.to_ascii_lowercase();
    let different: std::collections::HashSet<char> = lowered.chars().collect();
    let without_words = WELL_KNOWN.iter().fold(lowered, |rest, word| rest.replace(word, ""));
    different.len() < 6 || without_words.chars().filter(char::is_ascii_alphanumeric).count() < 12
}

/// Where files are kept.
///
/// # Errors
/// What is missing or wrong.
pub fn storage(values: &Values) -> Result<StorageSettings, ConfigError> {
    if let Some(endpoint) = values.address(known::STORAGE_ENDPOINT)? {
        let secret_key = values.secret(known::STORAGE_SECRET_KEY).ok_or_else(|| missing(known::STORAGE_SECRET_KEY))?;
        return Ok(StorageSettings::S3 {
            endpoint,
            bucket: values.required(known::STORAGE_BUCKET)?,
            region: values.required(known::STORAGE_REGION)?,
            access_key: values.required(known::STORAGE_ACCESS_KEY)?,
            secret_key,
        });
    }
    let dir = match values.maybe::<PathBuf>(known::STORAGE_DIR)? {
        Some(dir) => dir,
        None => values.required::<PathBuf>(known::DATA_DIR)?.join("files"),
    };
    Ok(StorageSettings::Local { dir })
}

fn share(values: &Values, server: &ServerConfig) -> Result<ShareConfig, ConfigError> {
    let shop_name: String = values.required(known::SHARE_SHOP_NAME)?;
    if !(1..=30).contains(&shop_name.trim().chars().count()) {
        return Err(malformed(known::SHARE_SHOP_NAME));
    }
    let product_page = page(values, known::SHARE_PRODUCT_PAGE)?;
    let home_page = page(values, known::SHARE_HOME_PAGE)?;
    let code_version = match values.text(known::SHARE_CODE_VERSION) {
        Some("release") => EnvVersion::Release,
        Some("trial") => EnvVersion::Trial,
        Some("develop") => EnvVersion::Develop,
        _ => return Err(malformed(known::SHARE_CODE_VERSION)),
    };
    let web_url = values.address(known::SHARE_WEB_URL)?.or_else(|| server.public_url.clone());
    Ok(ShareConfig { shop_name: shop_name.trim().to_owned(), product_page, home_page, web_url, code_version })
}

/// A page of the mini-program, without a slash in front.
fn page(values: &Values, setting: &'static known::Setting) -> Result<String, ConfigError> {
    let page: String = values.required(setting)?;
    let of_page = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'_' | b'-');
    let good = !page.is_empty() && !page.starts_with('/') && page.bytes().all(of_page);
    if good { Ok(page) } else { Err(malformed(setting)) }
}

fn limits(values: &Values) -> Result<LimitSettings, ConfigError> {
    let limit = |setting, most| {
        let number: u32 = values.number(setting, 1, most)?;
        NonZeroU32::new(number).ok_or_else(|| malformed(setting))
    };
    Ok(LimitSettings {
        login: limit(known::LIMIT_LOGIN, 1_000_000_000)?,
        write: limit(known::LIMIT_WRITE, 1_000_000_000)?,
        read: limit(known::LIMIT_READ, 1_000_000_000)?,
        events: limit(known::LIMIT_EVENTS, 1_000_000_000)?,
        address_factor: limit(known::LIMIT_ADDRESS_FACTOR, 1_000_000)?,
    })
}
