//! The shop under test: server, simulator, clock, owner.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use actix_web::middleware::from_fn;
use actix_web::{App as Site, HttpServer};
use hourglass::analytics::intake::Roll;
use hourglass::app::App;
use hourglass::app::config::{Config, Values};
use hourglass::kernel::time::{Clock, Timestamp};
use hourglass::platform::db::copy::copy_shop;
use hourglass::platform::db::faults::Faults;
use hourglass::platform::db::{DbSettings, migrate_up};
use hourglass::platform::http::edge::edge;
use hourglass::staff::{NewOwner, create_owner, hash_password};
use hourglass::wechat_simulator::{self, Simulator, SimulatorSettings};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::buyer::Buyer;
use super::postgres::{TestDatabase, postgres};

/// When every test begins: 2026-03-01T02:00:00Z, ten in the morning in Shanghai.
pub const BEGIN: Timestamp = Timestamp::from_millis(1_772_330_400_000);

/// The owner's password in every test.
pub const PASSWORD: &str = "correct horse battery staple";

/// A running shop.
pub struct Shop {
    /// The service, for what has no endpoint.
    pub app: App,
    /// Stands still until moved.
    pub clock: Clock,
    /// Database faults to plant.
    pub faults: Faults,
    /// Where it answers.
    pub base: String,
    /// The WeChat beside it.
    pub simulator: Simulator,
    /// The HTTP client.
    pub http: reqwest::Client,
    /// The owner's access token.
    pub owner: String,
    /// A category to hang products in.
    pub category_id: String,
    /// A freight template: one yuan for the first piece, one for each further, free from 10,000 yuan.
    pub freight_template_id: String,
    /// Who is who as last asked.
    pub roll: Mutex<Arc<Roll>>,
    /// What was answered, once somebody listens.
    heard: Mutex<Option<Vec<Heard>>>,
    server: actix_web::dev::ServerHandle,
    counter: AtomicU64,
    _place: Place,
}

/// One answer of the shop.
#[derive(Debug, Clone)]
pub struct Heard {
    /// In capitals.
    pub method: String,
    /// With the query.
    pub path: String,
    /// Its status.
    pub status: u16,
    /// Its body; null when it is no JSON.
    pub body: Value,
}

/// What must outlive the shop.
struct Place {
    folder: PathBuf,
    _database: Option<TestDatabase>,
}

impl Drop for Place {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.folder);
    }
}

impl Shop {
    /// A shop on the embedded database.
    pub async fn on_sqlite() -> Self {
        Self::on_sqlite_with(&[]).await
    }

    /// A shop on the embedded database with settings of its own.
    pub async fn on_sqlite_with(settings: &[(&str, &str)]) -> Self {
        let folder = folder();
        let url = format!("sqlite://{}/hourglass.db", folder.display());
        Self::open(url, folder, None, settings).await
    }

    /// A shop on PostgreSQL; `None` when there is none, which was said aloud.
    pub async fn on_postgres() -> Option<Self> {
        Self::on_postgres_with(&[]).await
    }

    /// A shop on PostgreSQL with settings of its own.
    pub async fn on_postgres_with(settings: &[(&str, &str)]) -> Option<Self> {
        let database = postgres()?.create_database_from("migrated", |url| {
            migrate_up(&DbSettings::for_url(url).expect("a URL")).expect("migrations apply");
        });
        Some(Self::open(database.url().to_owned(), folder(), Some(database), settings).await)
    }

    async fn open(url: String, folder: PathBuf, database: Option<TestDatabase>, settings: &[(&str, &str)]) -> Self {
        let mut shop = Self::stand(url, folder, database, settings, Clock::manual(BEGIN)).await;
        shop.furnish().await;
        shop
    }

    /// A shop on a copy of another one's database, which `owner` is logged in to; `folder` goes when the shop does.
    #[allow(dead_code, reason = "only the simulation begins with a copy")]
    pub async fn on_copy(url: String, folder: PathBuf, database: Option<TestDatabase>, owner: String) -> Self {
        // Ids follow the clock, so that a copy at the same moment would make those again that it holds already.
        let clock = Clock::manual(BEGIN.plus_millis(1_000));
        let mut shop = Self::stand(url, folder, database, &[], clock).await;
        shop.owner = owner;
        shop
    }

    /// The same shop on another database that holds all of it already, with a WeChat of its own.
    pub async fn reopened_on(&self, url: &str) -> Self {
        let mut shop = Self::stand(url.to_owned(), folder(), None, &[], self.clock.clone()).await;
        shop.owner = shop.log_in_staff("owner", PASSWORD).await;
        shop.category_id.clone_from(&self.category_id);
        shop.freight_template_id.clone_from(&self.freight_template_id);
        shop
    }

    async fn stand(
        url: String,
        folder: PathBuf,
        database: Option<TestDatabase>,
        settings: &[(&str, &str)],
        clock: Clock,
    ) -> Self {
        let faults = Faults::plantable();
        let simulator = SimulatorSettings { clock: clock.clone(), ..SimulatorSettings::default() };
        let simulator = wechat_simulator::start(simulator).await.expect("the simulator starts");
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let config = config(&url, &folder, &base, &simulator, settings);
        let app = App::start(config, clock.clone(), faults.clone()).await.expect("the shop starts");
        let configure = app.configure();
        let server = HttpServer::new(move || Site::new().wrap(from_fn(edge)).configure(configure.clone()))
            .workers(2)
            .disable_signals()
            .shutdown_timeout(1)
            .listen(listener)
            .expect("the listener works")
            .run();
        let handle = server.handle();
        actix_web::rt::spawn(server);
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        Self {
            app,
            clock,
            faults,
            base,
            simulator,
            http,
            owner: String::new(),
            category_id: String::new(),
            freight_template_id: String::new(),
            roll: Mutex::default(),
            heard: Mutex::default(),
            server: handle,
            counter: AtomicU64::new(1),
            _place: Place { folder, _database: database },
        }
    }

    async fn furnish(&mut self) {
        let hash = hash_password(&SecretString::from(PASSWORD), "owner").expect("a good password");
        let owner = move |tx: &mut hourglass::platform::db::Tx<'_>| {
            create_owner(
                tx,
                &NewOwner { username: "owner".into(), display_name: "店主".into(), password: hash.clone() },
            )
        };
        self.app.db().write("create_owner", owner).await.expect("an owner");
        self.owner = self.log_in_staff("owner", PASSWORD).await;
        let category = self
            .staff_post(
                "/categories",
                json!({"parent_id": null, "name": "女装", "icon": null, "position": 1, "shown": true}),
            )
            .await;
        self.category_id = text(&category["id"]);
        let freight = json!({
            "name": "一元一件", "measure": "piece",
            "tariffs": [
                {"provinces": [], "deliverable": true, "first_units": 1, "first_fee_fen": 100, "next_units": 1, "next_fee_fen": 100, "free_from_fen": 1_000_000},
                {"provinces": ["54"], "deliverable": false, "first_units": 1, "first_fee_fen": 0, "next_units": 1, "next_fee_fen": 0, "free_from_fen": null}
            ]
        });
        let freight = self.staff_post("/freight-templates", freight).await;
        self.freight_template_id = text(&freight["id"]);
    }

    /// Where the server listens.
    pub fn address(&self) -> SocketAddr {
        self.base.trim_start_matches("http://").parse().expect("an address")
    }

    /// A number that no other call in this test got.
    pub fn number(&self) -> u64 {
        self.counter.fetch_add(1, Ordering::Relaxed)
    }

    /// Logs a member of staff in; answers the access token.
    pub async fn log_in_staff(&self, username: &str, password: &str) -> String {
        let (status, body) = self
            .call("POST", "/admin/v1/sessions", None, Some(json!({"username": username, "password": password})))
            .await;
        assert_eq!(status, 201, "{body}");
        text(&body["access_token"])
    }

    /// Any request, with a bearer token or without.
    pub async fn call(&self, method: &str, path: &str, token: Option<&str>, body: Option<Value>) -> (u16, Value) {
        self.call_with(method, path, token, &[], body).await
    }

    /// Any request with headers of its own.
    pub async fn call_with(
        &self,
        method: &str,
        path: &str,
        token: Option<&str>,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> (u16, Value) {
        let spoken = method;
        let method = method.parse().expect("a method");
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.expect("an answer");
        let status = answer.status().as_u16();
        let bytes = answer.bytes().await.expect("a body");
        let answer: Value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        if let Some(heard) = self.heard.lock().expect("nobody panicked").as_mut() {
            let (method, path) = (spoken.to_owned(), path.to_owned());
            heard.push(Heard { method, path, status, body: answer.clone() });
        }
        (status, answer)
    }

    /// From now on every answer is kept.
    pub fn listens(&self) {
        *self.heard.lock().expect("nobody panicked") = Some(Vec::new());
    }

    /// What was answered since somebody listens.
    pub fn heard(&self) -> Vec<Heard> {
        self.heard.lock().expect("nobody panicked").take().unwrap_or_default()
    }

    /// What every table holds: rows and a checksum by name, without what moves by itself.
    pub fn holdings(&self) -> BTreeMap<String, (u64, String)> {
        let scratch = folder();
        let copy = DbSettings::for_url(&format!("sqlite://{}/copy.db", scratch.display())).expect("a URL");
        migrate_up(&copy).expect("migrations apply");
        let copied = copy_shop(&self.app.config().database, &copy).expect("the shop can be read");
        let _gone = std::fs::remove_dir_all(&scratch);
        let tables = copied.into_iter().filter(|table| table.name != "leases");
        tables.map(|table| (table.name, (table.rows, table.checksum))).collect()
    }

    /// A colleague with these roles; answers who and their access token.
    pub async fn colleague(&self, username: &str, role_ids: &[&str]) -> (String, String) {
        let account = json!({"username": username, "display_name": "同事", "password": PASSWORD, "roles": role_ids});
        let account = self.staff_post("/staff", account).await;
        (text(&account["staff_id"]), self.log_in_staff(username, PASSWORD).await)
    }

    /// A request of the owner's that must succeed.
    pub async fn staff(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let at = format!("/admin/v1{path}");
        let (mut status, mut answer) = self.call(method, &at, Some(&self.owner), body.clone()).await;
        if status == 401 {
            // The clock has moved past the end of the first log-in.
            (status, answer) = self.call(method, &at, Some(&self.owner_again().await), body).await;
        }
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        answer
    }

    /// A POST of the owner's that must succeed.
    pub async fn staff_post(&self, path: &str, body: Value) -> Value {
        self.staff("POST", path, Some(body)).await
    }

    /// A product on sale with one SKU at this price and this many pieces; answers the SKU's id.
    pub async fn sku(&self, price_fen: i64, stock: i64) -> String {
        let product = self.product(price_fen, stock).await;
        text(&product["skus"][0]["id"])
    }

    /// A product on sale with one SKU; answers its record.
    pub async fn product(&self, price_fen: i64, stock: i64) -> Value {
        let number = self.number();
        let draft = json!({
            "category_id": self.category_id, "freight_template_id": self.freight_template_id,
            "title": format!("连衣裙 {number}"), "cover": "pictures/ab/0123.png",
            "skus": [{"code": format!("SKU-{number}"), "price_fen": price_fen, "weight_grams": 300}]
        });
        let product = self.staff_post("/products", draft).await;
        let id = text(&product["summary"]["id"]);
        self.staff("POST", &format!("/products/{id}/on-sale"), None).await;
        if stock > 0 {
            self.receive(&text(&product["skus"][0]["id"]), stock).await;
        }
        product
    }

    /// Takes in pieces of a SKU.
    pub async fn receive(&self, sku_id: &str, quantity: i64) {
        self.staff_post(
            "/stock/receipts",
            json!({"lines": [{"sku_id": sku_id, "quantity": quantity}], "reason": "到货"}),
        )
        .await;
    }

    /// How a SKU's stock stands.
    pub async fn stock(&self, sku_id: &str) -> Value {
        self.staff("GET", &format!("/stock/items/{sku_id}"), None).await
    }

    /// A shopper who has just come in through the mini-program, with an address in Guangdong.
    pub async fn buyer(&self) -> Buyer<'_> {
        Buyer::come_in(self).await
    }

    /// A request to the simulator's own endpoints that must succeed.
    pub async fn wechat(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let (status, answer) = self.wechat_try(method, path, body).await;
        assert!((200..300).contains(&status), "{method} /_sim{path}: {status} {answer}");
        answer
    }

    /// A request to the simulator's own endpoints.
    pub async fn wechat_try(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let method = method.parse().expect("a method");
        let mut request = self.http.request(method, format!("{}/_sim{path}", self.simulator.base_url()));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.expect("an answer");
        (answer.status().as_u16(), answer.json().await.unwrap_or(Value::Null))
    }

    /// Pays with WeChat and waits until the shop has answered the notice.
    pub async fn pay(&self, prepay_id: &str) -> Value {
        let paid = self.wechat("POST", "/pay", Some(json!({"prepay_id": prepay_id}))).await;
        self.wechat("POST", "/notices/flush", None).await;
        paid
    }

    /// Does all background work, here and at WeChat's, until nothing more is due.
    pub async fn settle(&self) {
        for _ in 0..4 {
            self.app.runner().work_until_idle().await.expect("background work");
            self.wechat("POST", "/notices/flush", None).await;
        }
        self.app.watch_campaigns().await.expect("a look at the campaigns");
        self.app.runner().work_until_idle().await.expect("background work");
    }

    /// Sets WeChat's trouble; `{}` is none.
    pub async fn trouble(&self, knobs: Value) {
        self.wechat("PUT", "/knobs", Some(knobs)).await;
    }

    /// How staff see the payment of an order.
    pub async fn payment(&self, order_id: &str) -> Value {
        self.staff("GET", &format!("/orders/{order_id}/payment"), None).await
    }

    /// What WeChat's book says about one of our payment numbers.
    pub async fn booked(&self, out_trade_no: &str) -> Value {
        let book = self.wechat("GET", &format!("/book?out_trade_no={out_trade_no}"), None).await;
        book["payments"][out_trade_no].clone()
    }

    /// The figures for Prometheus, with their status.
    pub async fn figures(&self) -> (u16, String) {
        let answer = self.http.get(format!("{}/metrics", self.base)).send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("a text"))
    }

    /// Moves the clock and does what became due.
    pub async fn later(&self, millis: i64) {
        self.clock.advance(millis);
        self.settle().await;
    }

    /// Takes whatever changed in the catalogue into memory.
    pub async fn renew_catalog(&self) {
        self.app.catalog().renew().await.expect("the catalogue");
    }

    /// An order as staff see it.
    pub async fn order(&self, id: &str) -> Value {
        self.staff("GET", &format!("/orders/{id}"), None).await
    }

    /// Checks the books, and that WeChat's book says the same.
    pub async fn the_books_balance(&self) {
        self.owner_again().await;
        self.settle().await;
        let (_, books) = self.call("GET", "/admin/v1/books", Some(&self.owner_again().await), None).await;
        assert_eq!(books["balanced"], true, "the books: {books}");
        let ours = self.app.db().read("provider_book", hourglass::payment::provider_book).await.expect("our book");
        let theirs = self.wechat("GET", "/book", None).await;
        let theirs = theirs["payments"].as_object().expect("WeChat's book");
        for (number, entry) in theirs.iter().filter(|(_, entry)| entry["paid_fen"] != 0) {
            let mine = ours.iter().find(|mine| mine.out_trade_no == *number);
            let mine = mine.map(|mine| (mine.paid_fen.get(), mine.refunded_fen.get()));
            let said = entry["paid_fen"].as_i64().zip(entry["refunded_fen"].as_i64());
            assert_eq!(mine, said, "WeChat's book and ours differ about {number}");
        }
        for mine in ours.iter().filter(|mine| mine.paid_fen.get() != 0) {
            assert!(theirs.contains_key(&mine.out_trade_no), "WeChat knows nothing of {}", mine.out_trade_no);
        }
    }

    /// The owner's token, or a new one when the clock has moved past its end.
    pub async fn owner_again(&self) -> String {
        let (status, _) = self.call("GET", "/admin/v1/me", Some(&self.owner), None).await;
        if status == 200 { self.owner.clone() } else { self.log_in_staff("owner", PASSWORD).await }
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        let stopping = self.server.stop(false);
        actix_web::rt::spawn(stopping);
    }
}

/// The text of a JSON string.
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("expected a string, found {value}")).to_owned()
}

/// A new, empty folder.
pub fn folder() -> PathBuf {
    let path = std::env::temp_dir().join(format!("hourglass-test-{:032x}", rand::random::<u128>()));
    std::fs::create_dir_all(&path).expect("a folder");
    path
}

fn config(url: &str, folder: &Path, base: &str, simulator: &Simulator, more: &[(&str, &str)]) -> Config {
    let wechat = simulator.base_url();
    let keys = &simulator.credentials;
    let folder = folder.to_string_lossy();
    let [alipay, douyin, baidu, qq, sms] = [
        "/alipay/gateway.do",
        "/douyin/api/apps/v2/jscode2session",
        "/baidu/oauth/jscode2sessionkey",
        "/qq/sns/jscode2session",
        "/aliyun-sms",
    ]
    .map(|path| format!("{wechat}{path}"));
    let settings: Vec<(&str, &str)> = vec![
        ("HOURGLASS_MODE", "development"),
        ("HOURGLASS_DATA_DIR", &folder),
        ("HOURGLASS_DATABASE_URL", url),
        ("HOURGLASS_PUBLIC_URL", base),
        ("HOURGLASS_WECHAT_API_URL", &wechat),
        ("HOURGLASS_WECHAT_PAY_URL", &wechat),
        ("HOURGLASS_WECHAT_APP_ID", &keys.app_id),
        ("HOURGLASS_WECHAT_APP_SECRET", &keys.app_secret),
        ("HOURGLASS_WECHAT_MOBILE_APP_ID", &keys.mobile_app_id),
        ("HOURGLASS_WECHAT_MCH_ID", &keys.mch_id),
        ("HOURGLASS_WECHAT_MCH_SERIAL", &keys.merchant_serial),
        ("HOURGLASS_WECHAT_MCH_KEY", &keys.merchant_private_key_pem),
        ("HOURGLASS_WECHAT_API_V3_KEY", &keys.api_v3_key),
        ("HOURGLASS_WECHAT_PAY_PUBLIC_KEY_ID", &keys.platform_public_key_id),
        ("HOURGLASS_WECHAT_PAY_PUBLIC_KEY", &keys.platform_public_key_pem),
        ("HOURGLASS_WECHAT_OPEN_URL", &wechat),
        ("HOURGLASS_OAUTH_REDIRECT_HOSTS", "shop.example"),
        ("HOURGLASS_SIGN_IN_ALIPAY_URL", &alipay),
        ("HOURGLASS_SIGN_IN_DOUYIN_URL", &douyin),
        ("HOURGLASS_SIGN_IN_BAIDU_URL", &baidu),
        ("HOURGLASS_SIGN_IN_QQ_URL", &qq),
        ("HOURGLASS_SMS_PROVIDER", "aliyun"),
        ("HOURGLASS_SMS_URL", &sms),
        ("HOURGLASS_SMS_ACCESS_KEY_ID", &keys.sms.access_key_id),
        ("HOURGLASS_SMS_ACCESS_KEY_SECRET", &keys.sms.access_key_secret),
        ("HOURGLASS_SMS_SIGN_NAME", &keys.sms.sign_name),
        ("HOURGLASS_SMS_CODE_TEMPLATE", &keys.sms.code_template),
        // A machine with other things to do must not make a test lose its patience.
        ("HOURGLASS_DATABASE_WAIT_MS", "20000"),
        // What one does another is to see at once, and the clock stands still between the two.
        ("HOURGLASS_PAGES_FRESH_MS", "0"),
        ("HOURGLASS_LIMIT_LOGIN", "1000000"),
        ("HOURGLASS_LIMIT_WRITE", "1000000"),
        ("HOURGLASS_LIMIT_READ", "1000000"),
        ("HOURGLASS_LIMIT_EVENTS", "1000000"),
    ];
    let pairs = settings.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let values = Values::read(Some(Path::new("/dev/null")), pairs).expect("settings");
    Config::of(&values).expect("settings")
}
