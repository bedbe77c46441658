//! Builds everything once: what each capability needs from outside is handed to it here and nowhere else.

mod background;

use std::sync::Arc;

use actix_web::web;
use aws_lc_rs::hmac;
use secrecy::ExposeSecret as _;
use tokio::sync::Notify;

use super::accounts::accounts;
use super::books::with_nights;
use super::config::Config;
use super::figures::Figures;
use super::openapi::{self, OpenApiError};
use super::operations::{Documents, MetricsGate, Readiness};
use super::{promotions, routes, telemetry};
use crate::analytics::{ClaimDevice, ForgetEventIds, RecordServerEvents, Sealer};
use crate::campaign::{self, BudgetApproval, CampaignKinds, CampaignPages, Campaigns};
use crate::cart::BringDeviceCart;
use crate::catalog::{self, Catalog};
use crate::coupon::{self, CouponApproval, CouponSettings, WelcomeCoupons};
use crate::digital::{DeliverVirtualGoods, DigitalKeys};
use crate::entrance::{self, ConfiguredEntrance, EntranceKeys, Entrances, WechatClients};
use crate::favourite::BringDeviceFootprints;
use crate::guidance::{ForgetEndedLinks, Guide, GuideSettings};
use crate::identity::{self, Accounts, CodeExchange, IdentityKeys, LogInDesk, LoginListeners, SendSmsCode};
use crate::kernel::time::{Clock, DAY_MS, MINUTE_MS};
use crate::live::{self, Audience, LosePublishers, OfficialDesk, PauseSilent, SendReminder, StreamDesk};
use crate::order::{self, OrderPayable, OrderSettings, Orders, RefundApproval};
use crate::payment::{self, Cashier, Providers, WechatProvider};
use crate::platform::db::faults::Faults;
use crate::platform::db::{Db, DbError, DbResult, migrate_up};
use crate::platform::events::{Relay, Subscriber};
use crate::platform::http::auth::{Access, AccessTokens, Revocations};
use crate::platform::http::edge::Edge;
use crate::platform::http::rate_limit::Limits;
use crate::platform::http::{KeptPages, KnownPaths};
use crate::platform::jobs::{Runner, Sweep, Work};
use crate::platform::secrets::SecretError;
use crate::platform::sign_in::SignInClient;
use crate::platform::sms::SmsSender;
use crate::platform::storage::{Archive, Storage, StorageSetupError};
use crate::platform::wechat::{WechatClient, WechatSetupError};
use crate::pricing::Offers;
use crate::service_account::{self, CodeDesk, JoinFollowings, ServiceAccountSettings};
use crate::share::{Pages, Products, RecogniseVisitor, Studio, StudioSettings, SubjectSource, SubjectSources};
use crate::staff::approval::ApprovalHandlers;
use crate::staff::{self, Passwords, StaffKeys};

/// Why the service does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database.
    #[error("HOURGLASS_DATABASE_URL (database.url): {0}")]
    Db(#[from] DbError),
    /// The store of files.
    #[error("HOURGLASS_STORAGE_…: {0}")]
    Storage(#[from] StorageSetupError),
    /// WeChat.
    #[error("HOURGLASS_WECHAT_…: {0}")]
    Wechat(#[from] WechatSetupError),
    /// The client of other services, which only this machine's certificates can spoil.
    #[error("HOURGLASS_SIGN_IN_… or HOURGLASS_SMS_…: no HTTP client: {0}")]
    Outbound(#[from] reqwest::Error),
    /// A secret.
    #[error("{0}")]
    Secret(String),
    /// The document, which is a defect.
    #[error(transparent)]
    OpenApi(#[from] OpenApiError),
}

/// The whole service, built and not yet serving. Cloning shares it.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    config: Config,
    db: Db,
    catalog: Catalog,
    entrances: Entrances,
    revocations: Revocations,
    shared: Shared,
    runner: Runner,
    sealer: Sealer,
}

/// What handlers ask for by type. Each thread that serves gets a clone, which shares it all.
#[derive(Clone)]
struct Shared {
    edge: web::Data<Edge>,
    db: web::Data<Db>,
    access: web::Data<Access>,
    storage: web::Data<Storage>,
    wechat: web::Data<WechatClient>,
    log_in_desk: web::Data<LogInDesk>,
    wechat_clients: web::Data<WechatClients>,
    entrances: web::Data<Entrances>,
    entrance_keys: web::Data<EntranceKeys>,
    identity_keys: web::Data<IdentityKeys>,
    digital_keys: web::Data<DigitalKeys>,
    accounts: web::Data<Accounts>,
    staff_keys: web::Data<StaffKeys>,
    passwords: web::Data<Passwords>,
    approval_handlers: web::Data<ApprovalHandlers>,
    offers: web::Data<Offers>,
    orders: web::Data<Orders>,
    campaigns: web::Data<Campaigns>,
    coupon_settings: web::Data<CouponSettings>,
    cashier: web::Data<Cashier>,
    catalog: web::Data<Catalog>,
    subjects: web::Data<SubjectSources>,
    studio: web::Data<Studio>,
    code_desk: web::Data<CodeDesk>,
    service_account_settings: web::Data<ServiceAccountSettings>,
    guide: web::Data<Guide>,
    audience: web::Data<Audience>,
    stream_desk: web::Data<StreamDesk>,
    official_desk: web::Data<OfficialDesk>,
    kept_pages: web::Data<KeptPages>,
    documents: web::Data<Documents>,
    known_paths: web::Data<KnownPaths>,
    readiness: web::Data<Readiness>,
    metrics_gate: web::Data<MetricsGate>,
    figures: Figures,
    body_limit: web::PayloadConfig,
}

impl App {
    /// Builds everything: opens the database (and migrates it, unless told not to), reads the catalogue, prepares the
    /// clients. Nothing is served and no background work is done yet.
    ///
    /// # Errors
    /// One line that names the setting in question.
    pub async fn start(config: Config, clock: Clock, faults: Faults) -> Result<Self, StartError> {
        telemetry::figures();
        let db = open_database(&config, &clock, faults).await?;
        let revocations = Revocations::default();
        let access = open_access(&config, &revocations)?;
        let storage = Storage::open(&config.storage)?;
        let archive = Archive::open(&config.storage, config.data_dir.join("archive"))?;
        let sealer = Sealer::new(db.clone(), archive.clone(), config.analytics.sealing);
        let wechat = WechatClient::new(config.wechat.clone(), clock.clone())?;
        let keys = Keys::of(&config)?;
        let catalog = Catalog::open(db.clone()).await?;
        catalog.renew().await?;
        let entrances = open_entrances(&config, &db, &keys.entrance).await?;
        let orders = Orders { offers: promotions::offers(&config), settings: order_settings(&config) };
        let cashier = Cashier::new(db.clone(), providers(&wechat), Arc::new(OrderPayable(orders.clone())));
        let subjects = subjects(&config);
        let document = openapi::document()?;
        let campaigns = promotions::campaigns(&config);
        let mut work = work(&config, (&db, &wechat, &entrances), &orders, &cashier, &campaigns.kinds);
        let wechat_clients = WechatClients::new(wechat.clone());
        let accounts = accounts(&revocations);
        keep_company(&mut work, &db, (&entrances, &wechat_clients), &keys.identity, &accounts);
        let official_desk = mirror(&mut work, &config, &db, (&entrances, &wechat_clients), &storage);
        let mut work = with_nights(work, config.books_hour, &db, &cashier);
        let sms = SmsSender::new(config.sms.clone(), clock.clone())?;
        work.handlers.push(Arc::new(SendSmsCode::new(db.clone(), keys.identity.clone(), sms.clone())));
        let runner = Runner::new(db.clone(), work, Arc::new(Notify::new()));
        let exchange = code_exchange(&config, &clock, (&entrances, &wechat_clients))?;
        let log_in_desk = log_in_desk(&config, (&db, &access), &keys.identity, &accounts, (exchange, &entrances), &sms);
        let shared = Shared {
            edge: web::Data::new(edge(&config, &access, &clock)),
            db: web::Data::new(db.clone()),
            audience: web::Data::new(Audience::new(db.clone(), access.clone())),
            access: web::Data::new(access),
            studio: web::Data::new(studio(&config, &db, &storage, &wechat, &subjects)),
            storage: web::Data::new(storage),
            code_desk: web::Data::new(code_desk(&db, &entrances, &wechat_clients, &subjects)),
            service_account_settings: web::Data::new(service_account_settings(&config)),
            guide: web::Data::new(guide(&config, &db, &entrances, &wechat_clients, &subjects)),
            stream_desk: web::Data::new(stream_desk(&config)),
            official_desk: web::Data::new(official_desk),
            wechat_clients: web::Data::new(wechat_clients),
            wechat: web::Data::new(wechat),
            log_in_desk: web::Data::new(log_in_desk),
            entrances: web::Data::new(entrances.clone()),
            entrance_keys: web::Data::new(keys.entrance),
            identity_keys: web::Data::new(keys.identity),
            digital_keys: web::Data::new(keys.digital),
            accounts: web::Data::new(accounts),
            staff_keys: web::Data::new(keys.staff),
            passwords: web::Data::new(Passwords::new().map_err(|error| StartError::Secret(error.to_string()))?),
            approval_handlers: web::Data::new(approval_handlers(&orders, &campaigns)),
            offers: web::Data::new(orders.offers.clone()),
            orders: web::Data::new(orders),
            campaigns: web::Data::new(campaigns),
            coupon_settings: web::Data::new(promotions::coupons(&config)),
            cashier: web::Data::new(cashier),
            catalog: web::Data::new(catalog.clone()),
            subjects: web::Data::new(subjects),
            kept_pages: web::Data::new(KeptPages::new(config.server.pages_fresh_ms)),
            documents: web::Data::new(Documents(document.to_string().into())),
            known_paths: web::Data::new(KnownPaths::of(&document)),
            readiness: web::Data::default(),
            metrics_gate: web::Data::new(MetricsGate(config.server.metrics_token.clone())),
            figures: Figures::of(&config, &db, archive, &clock)?,
            body_limit: web::PayloadConfig::new(config.server.max_body_bytes),
        };
        let app = Self(Arc::new(Inner { config, db, catalog, entrances, revocations, shared, runner, sealer }));
        app.renew_revocations().await?;
        Ok(app)
    }

    /// What it was told.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// The database.
    pub fn db(&self) -> &Db {
        &self.0.db
    }

    /// The catalogue in memory.
    pub fn catalog(&self) -> &Catalog {
        &self.0.catalog
    }

    /// Who owns rows of users.
    pub fn accounts(&self) -> &Accounts {
        &self.0.shared.accounts
    }

    /// The entrances in memory.
    pub fn entrances(&self) -> &Entrances {
        &self.0.entrances
    }

    /// Whoever watches live rooms through this process.
    pub fn audience(&self) -> &Audience {
        &self.0.shared.audience
    }

    /// The store of files.
    pub fn storage(&self) -> &Storage {
        &self.0.shared.storage
    }

    /// Background work, for tests and the demonstration to drive by hand.
    pub fn runner(&self) -> &Runner {
        &self.0.runner
    }

    /// Mounts everything; the edge is wrapped around it by whoever builds the site.
    pub fn configure(&self) -> impl Fn(&mut web::ServiceConfig) + Clone + Send + 'static {
        let shared = self.0.shared.clone();
        move |cfg| {
            let shared = shared.clone();
            cfg.app_data(shared.edge)
                .app_data(shared.db)
                .app_data(shared.access)
                .app_data(shared.storage)
                .app_data(shared.wechat)
                .app_data(shared.log_in_desk)
                .app_data(shared.wechat_clients)
                .app_data(shared.entrances)
                .app_data(shared.entrance_keys)
                .app_data(shared.identity_keys)
                .app_data(shared.digital_keys)
                .app_data(shared.accounts)
                .app_data(shared.staff_keys)
                .app_data(shared.passwords)
                .app_data(shared.approval_handlers)
                .app_data(shared.offers)
                .app_data(shared.orders)
                .app_data(shared.campaigns)
                .app_data(shared.coupon_settings)
                .app_data(shared.cashier)
                .app_data(shared.catalog)
                .app_data(shared.subjects)
                .app_data(shared.studio)
                .app_data(shared.code_desk)
                .app_data(shared.service_account_settings)
                .app_data(shared.guide)
                .app_data(shared.audience)
                .app_data(shared.stream_desk)
                .app_data(shared.official_desk)
                .app_data(shared.kept_pages)
                .app_data(shared.documents)
                .app_data(shared.known_paths)
                .app_data(shared.readiness)
                .app_data(shared.metrics_gate)
                .app_data(shared.body_limit);
            shared.figures.mount(cfg);
            routes::mount(cfg);
        }
    }

    /// What moves events into files.
    pub fn sealer(&self) -> &Sealer {
        &self.0.sealer
    }
}

async fn open_database(config: &Config, clock: &Clock, faults: Faults) -> Result<Db, StartError> {
    let settings = config.database.clone();
    if config.migrate {
        let migrating = settings.clone();
        let migrated = tokio::task::spawn_blocking(move || migrate_up(&migrating)).await;
        let applied = migrated.unwrap_or_else(|error| Err(DbError::Defect(error.to_string())))?;
        if applied > 0 {
            tracing::info!(applied, "migrations were applied");
        }
    }
    let db = Db::open(settings, clock.clone(), config.node, faults)?;
    db.write("staff.built_in_roles", staff::ensure_built_in_roles).await?;
    Ok(db)
}

/// Everybody who carries out what a second member of staff approved.
fn approval_handlers(orders: &Orders, campaigns: &Campaigns) -> ApprovalHandlers {
    ApprovalHandlers::new(vec![
        Arc::new(RefundApproval(orders.clone())),
        Arc::new(BudgetApproval(campaigns.clone())),
        Arc::new(CouponApproval::Grant),
        Arc::new(CouponApproval::Codes),
    ])
}

/// Who is asking, by tokens and what ended them.
fn open_access(config: &Config, revocations: &Revocations) -> Result<Access, StartError> {
    let tokens = AccessTokens::new(&config.secrets.token).map_err(StartError::Secret)?;
    Ok(Access { tokens: Arc::new(tokens), revocations: revocations.clone() })
}

/// Whoever asks platforms about the codes that people bring.
fn code_exchange(
    config: &Config,
    clock: &Clock,
    (entrances, clients): (&Entrances, &WechatClients),
) -> Result<CodeExchange, StartError> {
    let sign_in = SignInClient::new(config.sign_in.clone(), clock.clone())?;
    Ok(CodeExchange::new(entrances.clone(), clients.clone(), sign_in))
}

/// Whatever logging in needs.
fn log_in_desk(
    config: &Config,
    (db, access): (&Db, &Access),
    keys: &IdentityKeys,
    accounts: &Accounts,
    (exchange, entrances): (CodeExchange, &Entrances),
    sms: &SmsSender,
) -> LogInDesk {
    LogInDesk {
        db: db.clone(),
        access: access.clone(),
        keys: keys.clone(),
        listeners: login_listeners(entrances, accounts),
        exchange,
        oauth: config.oauth.clone(),
        sends_sms: sms.is_on(),
    }
}

/// The entrances, that of the configuration among them.
async fn open_entrances(config: &Config, db: &Db, keys: &EntranceKeys) -> DbResult<Entrances> {
    let configured =
        ConfiguredEntrance { app_id: config.wechat.app_id.clone(), secret: config.wechat.app_secret.clone() };
    let named = configured.clone();
    db.write("entrance.configured", move |tx| entrance::ensure_configured(tx, &named)).await?;
    Entrances::open(db.clone(), keys.clone(), configured).await
}

/// Keys for what is stored, all drawn from one secret.
struct Keys {
    entrance: EntranceKeys,
    identity: IdentityKeys,
    digital: DigitalKeys,
    staff: StaffKeys,
}

impl Keys {
    fn of(config: &Config) -> Result<Self, StartError> {
        let seal = config.secrets.seal_key.expose_secret();
        // Finding a phone number again takes a key of its own; one secret is enough to keep.
        let hash = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, seal), b"hourglass/phone-hash/1");
        let codes = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, seal), b"hourglass/digital-code-hash/1");
        let refused = |error: SecretError| StartError::Secret(error.to_string());
        Ok(Self {
            entrance: EntranceKeys::new(seal).map_err(refused)?,
            identity: IdentityKeys::new(seal, hash.as_ref()).map_err(refused)?,
            digital: DigitalKeys::new(seal, codes.as_ref()).map_err(refused)?,
            staff: StaffKeys::new(seal).map_err(refused)?,
        })
    }
}

fn order_settings(config: &Config) -> OrderSettings {
    OrderSettings {
        pay_within_ms: config.orders.pay_within_minutes.saturating_mul(MINUTE_MS),
        receive_after_ms: config.orders.receive_after_days.saturating_mul(DAY_MS),
        complete_after_ms: config.orders.complete_after_days.saturating_mul(DAY_MS),
        refund_approval_above: config.payments.refund_approval_above,
    }
}

/// Whatever can be handed on, each kind described by its owner.
fn subjects(config: &Config) -> SubjectSources {
    let mut sources: Vec<Arc<dyn SubjectSource>> = vec![
        Arc::new(Products { page: config.share.product_page.clone() }),
        Arc::new(Pages { title: config.share.shop_name.clone() }),
        Arc::new(CampaignPages { page: config.campaigns.page.clone() }),
    ];
    sources.extend(promotions::subjects(config));
    SubjectSources::new(sources)
}

/// Whatever shares travel on.
fn studio(config: &Config, db: &Db, storage: &Storage, wechat: &WechatClient, subjects: &SubjectSources) -> Studio {
    let settings = StudioSettings {
        shop_name: config.share.shop_name.clone(),
        web_address: config.share.web_url.clone(),
        env_version: config.share.code_version,
    };
    Studio::new(db.clone(), storage.clone(), wechat.clone(), subjects.clone(), settings)
}

/// Whoever acts when somebody logs in, in this order: what came through a device goes before what was scanned elsewhere.
fn login_listeners(entrances: &Entrances, accounts: &Accounts) -> LoginListeners {
    LoginListeners::new(
        vec![
            Arc::new(BringDeviceCart),
            Arc::new(RecogniseVisitor),
            Arc::new(JoinFollowings(entrances.clone())),
            Arc::new(BringDeviceFootprints),
            Arc::new(WelcomeCoupons),
            Arc::new(ClaimDevice),
        ],
        accounts.clone(),
    )
}

/// Where clients go that cannot open the mini-program; somewhere they must.
fn service_account_settings(config: &Config) -> ServiceAccountSettings {
    let web_address = config.share.web_url.clone().unwrap_or_else(|| "https://weixin.qq.com".to_owned());
    ServiceAccountSettings { web_address }
}

/// Whoever makes codes of service accounts.
fn code_desk(db: &Db, entrances: &Entrances, clients: &WechatClients, subjects: &SubjectSources) -> CodeDesk {
    CodeDesk::new(db.clone(), entrances.clone(), clients.clone(), subjects.clone())
}

/// Whoever shows people the way to other entrances.
fn guide(config: &Config, db: &Db, entrances: &Entrances, clients: &WechatClients, subjects: &SubjectSources) -> Guide {
    let (home_page, env_version) = (config.share.home_page.clone(), config.share.code_version);
    let settings = GuideSettings { home_page, env_version };
    Guide::new(db.clone(), entrances.clone(), clients.clone(), subjects.clone(), settings)
}

/// What was set about streams.
fn stream_desk(config: &Config) -> StreamDesk {
    let streams = &config.streams;
    StreamDesk { engine: streams.engine.clone(), record_url: streams.record_url.clone(), early_ms: streams.early_ms }
}

/// What is done in the background about rooms of WeChat's own; answers whoever has WeChat show them.
fn mirror(
    work: &mut Work,
    config: &Config,
    db: &Db,
    (entrances, clients): (&Entrances, &WechatClients),
    storage: &Storage,
) -> OfficialDesk {
    let wechat = (entrances.clone(), clients.clone());
    let desk = OfficialDesk::new(db.clone(), wechat, storage.clone(), &config.share.product_page);
    work.sweeps.push(Arc::new(live::RoomsToMirror));
    work.sweeps.push(Arc::new(live::GoodsToMirror));
    work.handlers.push(Arc::new(live::MirrorRoom(desk.clone())));
    work.handlers.push(Arc::new(live::MirrorGoods(desk.clone())));
    desk
}

/// What is done in the background about followers and ways.
fn keep_company(
    work: &mut Work,
    db: &Db,
    (entrances, clients): (&Entrances, &WechatClients),
    keys: &IdentityKeys,
    accounts: &Accounts,
) {
    work.sweeps.push(Arc::new(identity::FollowMerges(accounts.clone())));
    work.sweeps.push(Arc::new(service_account::ForgetOldPushes));
    work.sweeps.push(Arc::new(ForgetEndedLinks));
    let (entrances, clients, keys) = (entrances.clone(), clients.clone(), keys.clone());
    let asking = service_account::AskAboutFollower::new(db.clone(), entrances, clients, (keys, accounts.clone()));
    work.handlers.push(Arc::new(asking));
}

fn edge(config: &Config, access: &Access, clock: &Clock) -> Edge {
    Edge {
        access: access.clone(),
        clock: clock.clone(),
        limits: Limits::new(config.limits, clock),
        trusted_proxies: config.server.trusted_proxies.clone(),
    }
}

/// Whoever takes money: WeChat Pay, once there is a merchant.
fn providers(wechat: &WechatClient) -> Providers {
    match wechat.pay() {
        Ok(pay) => Providers::new(vec![Arc::new(WechatProvider::new(pay.clone(), wechat.mobile_pay().cloned()))]),
        Err(_) => {
            tracing::warn!("no merchant is set up; orders that cost something cannot be paid");
            Providers::new(Vec::new())
        }
    }
}

/// Everything that is done in the background.
fn work(
    config: &Config,
    (db, wechat, entrances): (&Db, &WechatClient, &Entrances),
    orders: &Orders,
    cashier: &Cashier,
    kinds: &CampaignKinds,
) -> Work {
    let mut sweeps: Vec<Arc<dyn Sweep>> = vec![
        Arc::new(payment::NoticesToApply(cashier.clone())),
        Arc::new(payment::AttemptsToAsk),
        Arc::new(payment::RefundsToAsk),
        Arc::new(order::CloseUnpaid(orders.clone())),
        Arc::new(order::ReceiveByItself(orders.clone())),
        Arc::new(order::Complete(orders.clone())),
        Arc::new(campaign::KeepTime(kinds.clone())),
        Arc::new(catalog::CarryOutPlans),
        Arc::new(ForgetEventIds),
        Arc::new(identity::ForgetExpiredTokens),
        Arc::new(identity::ForgetOauthStates),
        Arc::new(identity::ForgetSmsCodes),
        Arc::new(staff::ForgetExpiredTokens),
        Arc::new(LosePublishers),
        Arc::new(PauseSilent { grace_ms: config.streams.pause_after_ms }),
    ];
    sweeps.extend(promotions::sweeps(orders, config));
    let mut subscribers: Vec<Arc<dyn Subscriber>> = vec![
        Arc::new(catalog::CountSold),
        Arc::new(DeliverVirtualGoods(orders.clone())),
        Arc::new(JoinFollowings(entrances.clone())),
        Arc::new(RecordServerEvents),
    ];
    subscribers.extend(promotions::subscribers());
    Work {
        sweeps,
        handlers: vec![
            Arc::new(payment::AskAboutAttempt(cashier.clone())),
            Arc::new(payment::CarryRefund(cashier.clone())),
            Arc::new(order::UploadShipping::new(db.clone(), wechat.clone())),
            Arc::new(coupon::CarryOutGrants(db.clone())),
            Arc::new(SendReminder::new(db.clone(), wechat.clone(), promotions::room_reminders(config))),
        ],
        relay: Relay::new(db.clone(), subscribers),
    }
}
