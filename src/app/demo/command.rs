//! The demonstration: the whole shop and a WeChat of its own, in one process, with nothing to set up.
//!
//! What it makes up at its first start (secrets, the owner's password, goods, pictures, the simulator's keys) it finds
//! again at the next.

use std::path::PathBuf;

use super::campaigns;
use super::guide::Place;
use super::keepsake::{Keepsake, OWNER};
use super::rooms;
use super::stocking::{self, StockingError};
use crate::app::config::{self, Config, ConfigError, Values, catalogue as known};
use crate::app::{App, StartError, printing, server};
use crate::kernel::time::Clock;
use crate::platform::db::faults::Faults;
use crate::platform::db::{Backend, DbSettings};
use crate::staff::{self, NewOwner, StaffError};
use crate::wechat_simulator::{self, Simulator, SimulatorCredentials, SimulatorError, SimulatorSettings};

/// Why the demonstration does not open.
#[derive(Debug, thiserror::Error)]
pub enum DemoFailure {
    /// A setting.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The service.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The simulator.
    #[error(transparent)]
    Simulator(#[from] SimulatorError),
    /// The goods.
    #[error(transparent)]
    Stocking(#[from] StockingError),
    /// The owner's account.
    #[error("the owner's account was not created: {0}")]
    Staff(#[from] StaffError),
    /// The address or the data folder.
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

/// Opens the demonstration and serves until told to stop. Says where it is once it answers: to people, or as one line of
/// JSON.
///
/// # Errors
/// When something cannot be opened.
pub async fn run(mut values: Values, json: bool) -> Result<(), DemoFailure> {
    let data_dir: PathBuf = values.required(known::DATA_DIR)?;
    let keepsake = Keepsake::of(&data_dir)?;
    let listener = server::listen(config::listen_address(&values)?)?;
    let base_url = format!("http://{}", listener.local_addr()?);
    let simulator = start_simulator(&values, &data_dir).await?;
    settle(&mut values, &keepsake, &base_url, &simulator);

    let app = App::start(Config::of(&values)?, Clock::wall(), Faults::none()).await?;
    let added = stocking::stock_up(app.db(), app.storage()).await?;
    if added > 0 {
        tracing::info!(products = added, "the shelves were filled");
        app.catalog().renew().await.map_err(StartError::from)?;
    }
    open_owner(&app, &keepsake).await?;

    let place = Place {
        base_url,
        simulator_url: simulator.base_url(),
        database_url: url_of(&app.config().database),
        owner_password: keepsake.owner_password,
    };
    let now = app.db().clock().now();
    let ready = move || {
        // Campaigns are planned through the door, so the door has to be open first.
        actix_web::rt::spawn(async move {
            match campaigns::open(&place.base_url, &place.owner_password, now).await {
                Ok(0) => {}
                Ok(opened) => tracing::info!(campaigns = opened, "campaigns were planned"),
                Err(error) => tracing::error!(%error, "no campaigns were planned"),
            }
            match rooms::open(&place.base_url, &place.owner_password, now).await {
                Ok(0) => {}
                Ok(opened) => tracing::info!(rooms = opened, "live rooms were opened"),
                Err(error) => tracing::error!(%error, "no live rooms were opened"),
            }
            printing::line(&if json { place.json() } else { place.text() });
        });
    };
    server::serve(app, listener, ready).await?;
    simulator.stop().await;
    Ok(())
}

/// Runs the simulator alone until told to stop, and says what a shop must be told to use it.
///
/// # Errors
/// When it cannot start.
pub async fn simulate_wechat(values: &Values) -> Result<(), DemoFailure> {
    let data_dir: PathBuf = values.required(known::DATA_DIR)?;
    let told = server::told_to_stop()?;
    let simulator = start_simulator(values, &data_dir).await?;
    for (setting, value) in wechat_settings(&simulator.base_url(), &simulator.credentials) {
        printing::line(&format!("{}='{}'", setting.variable, value.trim_end().replace('\n', "\\n")));
    }
    told.await;
    simulator.stop().await;
    Ok(())
}

async fn start_simulator(values: &Values, data_dir: &std::path::Path) -> Result<Simulator, DemoFailure> {
    let listen = config::demo(values)?.simulator_listen;
    let data_dir = Some(data_dir.join("simulator"));
    Ok(wechat_simulator::start(SimulatorSettings { listen, data_dir, ..SimulatorSettings::default() }).await?)
}

/// What a shop must be told to use this simulator.
fn wechat_settings(url: &str, credentials: &SimulatorCredentials) -> [(&'static known::Setting, String); 22] {
    let elsewhere = |path: &str| format!("{url}{path}");
    [
        (known::WECHAT_API_URL, url.to_owned()),
        (known::WECHAT_OPEN_URL, url.to_owned()),
        (known::PAY_URL, url.to_owned()),
        (known::WECHAT_APP_ID, credentials.app_id.clone()),
        (known::WECHAT_APP_SECRET, credentials.app_secret.clone()),
        (known::WECHAT_MOBILE_APP_ID, credentials.mobile_app_id.clone()),
        (known::SIGN_IN_ALIPAY_URL, elsewhere("/alipay/gateway.do")),
        (known::SIGN_IN_DOUYIN_URL, elsewhere("/douyin/api/apps/v2/jscode2session")),
        (known::SIGN_IN_BAIDU_URL, elsewhere("/baidu/oauth/jscode2sessionkey")),
        (known::SIGN_IN_QQ_URL, elsewhere("/qq/sns/jscode2session")),
        (known::SMS_PROVIDER, "aliyun".to_owned()),
        (known::SMS_URL, elsewhere("/aliyun-sms")),
        (known::SMS_KEY_ID, credentials.sms.access_key_id.clone()),
        (known::SMS_KEY_SECRET, credentials.sms.access_key_secret.clone()),
        (known::SMS_SIGN_NAME, credentials.sms.sign_name.clone()),
        (known::SMS_CODE_TEMPLATE, credentials.sms.code_template.clone()),
        (known::PAY_MCH_ID, credentials.mch_id.clone()),
        (known::PAY_SERIAL, credentials.merchant_serial.clone()),
        (known::PAY_KEY, credentials.merchant_private_key_pem.clone()),
        (known::PAY_API_KEY, credentials.api_v3_key.clone()),
        (known::PAY_PUBLIC_KEY_ID, credentials.platform_public_key_id.clone()),
        (known::PAY_PUBLIC_KEY, credentials.platform_public_key_pem.clone()),
    ]
}

/// The demonstration decides whatever concerns WeChat; the rest may be set as for any shop.
fn settle(values: &mut Values, keepsake: &Keepsake, base_url: &str, simulator: &Simulator) {
    for (setting, value) in wechat_settings(&simulator.base_url(), &simulator.credentials) {
        values.decide(setting, value);
    }
    values.decide(known::PUBLIC_URL, base_url);
    values.suggest(known::TOKEN_SECRET, keepsake.token_secret.clone());
    // A crowd of simulated shoppers comes from one address.
    values.suggest(known::LIMIT_LOGIN, "1000000");
    values.suggest(known::SEAL_KEY, keepsake.seal_key.clone());
}

async fn open_owner(app: &App, keepsake: &Keepsake) -> Result<(), DemoFailure> {
    let password = keepsake.owner_password.clone().into();
    let hashed = tokio::task::spawn_blocking(move || staff::hash_password(&password, OWNER)).await;
    let password = hashed.map_err(std::io::Error::other)??;
    let owner = NewOwner { username: OWNER.to_owned(), display_name: "店主".to_owned(), password };
    match app.db().write("demo.owner", move |tx| staff::create_owner(tx, &owner)).await {
        Ok(_) | Err(StaffError::UsernameTaken) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn url_of(settings: &DbSettings) -> String {
    match &settings.backend {
        Backend::Sqlite(path) => format!("sqlite://{}", path.display()),
        Backend::Postgres(url) => url.clone(),
    }
}
