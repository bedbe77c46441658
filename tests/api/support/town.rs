//! A shop whose server is a process of its own, on the machine's clock.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use hourglass::kernel::time::{Clock, DAY_MS};
use hourglass::platform::db::faults::Faults;
use hourglass::platform::db::{Db, DbSettings};
use hourglass::wechat_simulator::{self, Simulator, SimulatorSettings};
use serde_json::{Value, json};

use super::buyer::basket;
use super::postgres::{TestDatabase, postgres};
use super::shop::{PASSWORD, text};

/// How long anything expected may take on a busy machine.
pub const LONGEST: Duration = Duration::from_secs(60);

/// A shop whose server is a process of its own.
pub struct Town {
    /// Where its files are.
    pub folder: PathBuf,
    /// Its database.
    pub url: String,
    /// The WeChat beside it.
    pub simulator: Simulator,
    http: reqwest::Client,
    /// One of the servers; requests go here.
    pub base: String,
    /// Settings of its own.
    settings: Vec<(String, String)>,
    _database: Option<TestDatabase>,
}

/// A running server; ends with this value.
pub struct Server(pub Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _ended = self.0.wait();
    }
}

impl Drop for Town {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.folder);
    }
}

/// An answer to the letter.
#[derive(Debug)]
pub struct Told {
    /// Its status.
    pub status: u16,
    /// Its body.
    pub body: String,
    /// How long it took to come.
    pub took: Duration,
}

/// Where a town keeps its files.
fn folder() -> PathBuf {
    std::env::temp_dir().join(format!("hourglass-town-{:032x}", rand::random::<u128>()))
}

/// A free port of this machine.
pub fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Looks again and again until something is there.
pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(begun.elapsed() < LONGEST, "{what}: not within {LONGEST:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

impl Town {
    /// On the embedded database.
    pub async fn on_sqlite() -> Self {
        Self::on_sqlite_with(&[]).await
    }

    /// On the embedded database with settings of its own.
    pub async fn on_sqlite_with(settings: &[(&str, &str)]) -> Self {
        let folder = folder();
        let url = format!("sqlite://{}/hourglass.db", folder.display());
        Self::found(folder, url, None, settings).await
    }

    /// On PostgreSQL; `None` when there is none, which was said aloud.
    pub async fn on_postgres() -> Option<Self> {
        Self::on_postgres_with(&[]).await
    }

    /// On PostgreSQL with settings of its own.
    pub async fn on_postgres_with(settings: &[(&str, &str)]) -> Option<Self> {
        let database = postgres()?.create_database();
        Some(Self::found(folder(), database.url().to_owned(), Some(database), settings).await)
    }

    /// On an empty database that somebody else looks after.
    pub async fn on(url: String, settings: &[(&str, &str)]) -> Self {
        Self::found(folder(), url, None, settings).await
    }

    async fn found(folder: PathBuf, url: String, database: Option<TestDatabase>, settings: &[(&str, &str)]) -> Self {
        std::fs::create_dir_all(&folder).unwrap();
        let simulator = wechat_simulator::start(SimulatorSettings::default()).await.unwrap();
        // A connection left over from a killed server, or idle for too long, must not be taken for a failure.
        let http = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0);
        let http = http.timeout(Duration::from_secs(20)).build().unwrap();
        let base = format!("http://127.0.0.1:{}", free_port());
        let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let town = Self { folder, url, simulator, http, base, settings, _database: database };
        let mut owner = town.program("0", &town.base);
        owner.args(["staff", "create-owner", "--username", "owner"]).env("HOURGLASS_OWNER_PASSWORD", PASSWORD);
        assert!(owner.status().unwrap().success(), "an owner is created");
        town
    }

    /// The program with its settings, listening at `base`.
    fn program(&self, node: &str, base: &str) -> Command {
        let (wechat, keys) = (self.simulator.base_url(), &self.simulator.credentials);
        let mut command = Command::new(env!("CARGO_BIN_EXE_hourglass"));
        command.env_clear().current_dir(&self.folder);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.envs([
            ("HOURGLASS_MODE", "development"),
            ("HOURGLASS_LOG", "error"),
            ("HOURGLASS_NODE", node),
            ("HOURGLASS_DATA_DIR", &self.folder.to_string_lossy()),
            ("HOURGLASS_DATABASE_URL", &self.url),
            ("HOURGLASS_LISTEN", base.trim_start_matches("http://")),
            ("HOURGLASS_PUBLIC_URL", base),
            ("HOURGLASS_WORKER_PAUSE_MS", "50"),
            ("HOURGLASS_WECHAT_API_URL", &wechat),
            ("HOURGLASS_WECHAT_PAY_URL", &wechat),
            ("HOURGLASS_WECHAT_APP_ID", &keys.app_id),
            ("HOURGLASS_WECHAT_APP_SECRET", &keys.app_secret),
            ("HOURGLASS_WECHAT_MCH_ID", &keys.mch_id),
            ("HOURGLASS_WECHAT_MCH_SERIAL", &keys.merchant_serial),
            ("HOURGLASS_WECHAT_MCH_KEY", &keys.merchant_private_key_pem),
            ("HOURGLASS_WECHAT_API_V3_KEY", &keys.api_v3_key),
            ("HOURGLASS_WECHAT_PAY_PUBLIC_KEY_ID", &keys.platform_public_key_id),
            ("HOURGLASS_WECHAT_PAY_PUBLIC_KEY", &keys.platform_public_key_pem),
            ("HOURGLASS_LIMIT_LOGIN", "1000000"),
            ("HOURGLASS_LIMIT_WRITE", "1000000"),
            ("HOURGLASS_LIMIT_READ", "1000000"),
            ("HOURGLASS_LIMIT_EVENTS", "1000000"),
        ]);
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Starts a server and waits until it answers.
    pub async fn serve(&self, node: &str, base: &str) -> Server {
        self.answering(self.program(node, base).arg("serve"), base).await
    }

    /// Starts a server that outlives the signal of a file grown too large, and waits until it answers.
    pub async fn serve_within_limits(&self) -> Server {
        let plain = self.program("0", &self.base);
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' XFSZ; exec \"$0\" serve"]).arg(plain.get_program());
        command.env_clear().envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.current_dir(&self.folder).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.answering(&mut command, &self.base).await
    }

    async fn answering(&self, command: &mut Command, base: &str) -> Server {
        let server = Server(command.spawn().unwrap());
        until("the server answers", async || {
            let answer = self.http.get(format!("{base}/health/ready")).send().await.ok()?;
            answer.status().is_success().then_some(())
        })
        .await;
        server
    }

    /// A request; `None` when nobody answers or the server says to try again.
    pub async fn ask(&self, ask: &Ask<'_>) -> Option<(u16, Value)> {
        let Told { status, body, .. } = self.told(ask).await?;
        assert!(status != 500, "{} {}: {body}", ask.method, ask.path);
        (status != 503).then(|| (status, serde_json::from_str(&body).unwrap_or(Value::Null)))
    }

    /// A request and whatever was answered; `None` when nobody answers within twenty seconds.
    pub async fn told(&self, ask: &Ask<'_>) -> Option<Told> {
        let method = ask.method.parse().unwrap();
        let mut request = self.http.request(method, format!("{}{}", self.base, ask.path)).json(&ask.body);
        if let Some(token) = ask.token {
            request = request.bearer_auth(token);
        }
        if let Some(key) = ask.key {
            request = request.header("idempotency-key", key);
        }
        let begun = Instant::now();
        let answer = request.send().await.ok()?;
        let status = answer.status().as_u16();
        let body = answer.text().await.ok()?;
        Some(Told { status, body, took: begun.elapsed() })
    }

    /// The same, repeated until it is answered.
    pub async fn insist(&self, ask: Ask<'_>) -> Value {
        let (status, body) = until(ask.path, async || self.ask(&ask).await).await;
        assert!((200..300).contains(&status), "{} {}: {status} {body}", ask.method, ask.path);
        body
    }

    /// A request to the simulator's own endpoints that must succeed.
    pub async fn wechat(&self, method: &str, path: &str, body: Value) -> Value {
        let url = format!("{}/_sim{path}", self.simulator.base_url());
        let answer = self.http.request(method.parse().unwrap(), url).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.unwrap()
    }

    /// The owner's access token.
    pub async fn owner(&self) -> String {
        let body = json!({"username": "owner", "password": PASSWORD});
        text(&self.insist(Ask::post("/admin/v1/sessions", body)).await["access_token"])
    }

    /// Puts one product on sale; answers its id and its SKU's.
    pub async fn product(&self, owner: &str, stock: i64) -> (String, String) {
        let post = async |path: &str, body: Value| self.insist(Ask::post(path, body).by(owner)).await;
        let category = json!({"parent_id": null, "name": "女装", "icon": null, "position": 1, "shown": true});
        let category = post("/admin/v1/categories", category).await;
        let tariff = json!({"provinces": [], "deliverable": true, "first_units": 1, "first_fee_fen": 100,
            "next_units": 1, "next_fee_fen": 100, "free_from_fen": null});
        let freight = json!({"name": "一元一件", "measure": "piece", "tariffs": [tariff]});
        let freight = post("/admin/v1/freight-templates", freight).await;
        let draft = json!({
            "category_id": category["id"], "freight_template_id": freight["id"], "title": "连衣裙",
            "cover": "pictures/ab/0123.png", "skus": [{"code": "SKU-1", "price_fen": 1_000, "weight_grams": 300}]
        });
        let product = post("/admin/v1/products", draft).await;
        let (id, sku) = (text(&product["summary"]["id"]), text(&product["skus"][0]["id"]));
        post(&format!("/admin/v1/products/{id}/on-sale"), json!({})).await;
        let receipt = json!({"lines": [{"sku_id": sku, "quantity": stock}], "reason": "到货"});
        post("/admin/v1/stock/receipts", receipt).await;
        (id, sku)
    }

    /// A new shopper; answers their token and address.
    pub async fn shopper(&self) -> (String, String) {
        let session = until("a log-in", async || {
            // A code works once, so a lost answer needs a new one.
            let login = self.wechat("POST", "/login", json!({})).await;
            let code = json!({"js_code": login["js_code"]});
            let (status, session) = self.ask(&Ask::post("/api/v1/sessions/wechat-mini", code)).await?;
            (status == 201).then_some(session)
        })
        .await;
        let token = text(&session["access_token"]);
        let address = json!({
            "receiver_name": "张三", "receiver_phone": "13800001234", "province_code": "44", "city": "深圳市",
            "district": "南山区", "detail": "科技园 1 号", "is_default": true
        });
        let address = self.insist(Ask::post("/api/v1/addresses", address).by(&token)).await;
        (token, text(&address["address_id"]))
    }

    /// A group buy for two that runs, at 90 % of the price of the SKU; answers the campaign's id.
    pub async fn group_buy(&self, owner: &str, product: &str, sku: &str) -> String {
        let now = Clock::wall().now();
        let plan = json!({
            "name": "两人团", "occasion_kind": "own_event", "audience": "everyone", "budget_fen": 1_000_000,
            "starts_at": now, "ends_at": now.plus_millis(7 * DAY_MS), "card": {"title": "两人团"}
        });
        let rules = json!({
            "product_id": product, "sizes": [2], "lifetime_minutes": 1_440, "per_user": 1_000,
            "skus": [{"sku_id": sku, "prices_fen": [900]}]
        });
        let planned =
            self.insist(Ask::post("/admin/v1/group-buys", json!({"plan": plan, "rules": rules})).by(owner)).await;
        let campaign = text(&planned["campaign_id"]);
        let path = format!("/admin/v1/campaigns/{campaign}");
        self.insist(Ask::post(&format!("{path}/schedule"), json!({"reason": "按计划上线"})).by(owner)).await;
        until("the campaign runs", async || {
            let (_, file) = self.ask(&Ask::get(&path).by(owner)).await?;
            (file["state"] == "running").then_some(())
        })
        .await;
        campaign
    }

    /// Orders one piece and pays for it; answers the order's id. Every request is repeated until it is answered.
    pub async fn buy(&self, shopper: &(String, String), sku: &str) -> String {
        text(&self.buys_with(shopper, sku, json!([])).await["order_id"])
    }

    /// The same with a seat in a group; answers the order.
    pub async fn buys_in_group(&self, shopper: &(String, String), sku: &str, reference: &str) -> Value {
        self.buys_with(shopper, sku, json!([{"kind": "group_buy", "reference": reference}])).await
    }

    async fn buys_with(&self, (token, address): &(String, String), sku: &str, claims: Value) -> Value {
        let lines = basket(&[(sku, 1)]);
        let quote = json!({"lines": lines, "province_code": "44", "claims": claims});
        let quote = self.insist(Ask::post("/api/v1/quotes", quote).by(token)).await;
        let expected = json!({"total_fen": quote["total_fen"], "digest": quote["digest"]});
        let body = json!({"lines": lines, "address_id": address, "expected": expected, "claims": claims});
        let key = format!("{:032x}", rand::random::<u128>());
        let order = self.insist(Ask { key: Some(&key), ..Ask::post("/api/v1/orders", body).by(token) }).await;
        let path = format!("/api/v1/orders/{}/payments", text(&order["order_id"]));
        let handover = self.insist(Ask::post(&path, json!({"trade_type": "jsapi"})).by(token)).await;
        let prepay_id = text(&handover["params"]["package"]).trim_start_matches("prepay_id=").to_owned();
        self.wechat("POST", "/pay", json!({"prepay_id": prepay_id})).await;
        order
    }

    /// Waits until an order is in a state.
    pub async fn comes_to(&self, token: &str, order_id: &str, state: &str) {
        let (payment, order) = (format!("/api/v1/orders/{order_id}/payment"), format!("/api/v1/orders/{order_id}"));
        until(&format!("order {order_id} is {state}"), async || {
            // Looking makes a server ask WeChat about what its dead predecessor never heard.
            self.ask(&Ask::get(&payment).by(token)).await?;
            let (_, order) = self.ask(&Ask::get(&order).by(token)).await?;
            (order["state"] == state).then_some(())
        })
        .await;
    }

    /// The books balance, and WeChat's book says the same as ours about every number.
    pub async fn the_books_balance(&self, owner: &str) {
        until("the books", async || {
            let (_, books) = self.ask(&Ask::get("/admin/v1/books").by(owner)).await?;
            (books["balanced"] == true).then_some(())
        })
        .await;
        let settings = DbSettings::for_url(&self.url).unwrap();
        let db = Db::open(settings, Clock::wall(), 255, Faults::none()).unwrap();
        let ours = db.read("provider_book", hourglass::payment::provider_book).await.unwrap();
        let book = self.wechat("GET", "/book", json!(null)).await;
        let theirs = book["payments"].as_object().unwrap();
        let mut paid = 0;
        for (number, entry) in theirs.iter().filter(|(_, entry)| entry["paid_fen"] != 0) {
            let mine = ours.iter().find(|mine| mine.out_trade_no == *number);
            let mine = mine.map(|mine| (mine.paid_fen.get(), mine.refunded_fen.get()));
            let said = entry["paid_fen"].as_i64().zip(entry["refunded_fen"].as_i64());
            assert_eq!(mine, said, "WeChat's book and ours differ about {number}");
            paid += 1;
        }
        assert_eq!(ours.len(), paid, "nothing is paid here that is not paid at WeChat");
    }
}

/// A request.
pub struct Ask<'a> {
    /// In capitals.
    pub method: &'a str,
    /// With the query.
    pub path: &'a str,
    /// Whose request it is.
    pub token: Option<&'a str>,
    /// The `Idempotency-Key`.
    pub key: Option<&'a str>,
    /// The JSON body.
    pub body: Value,
}

impl<'a> Ask<'a> {
    /// A POST.
    pub fn post(path: &'a str, body: Value) -> Self {
        Self { method: "POST", path, token: None, key: None, body }
    }

    /// A GET.
    pub fn get(path: &'a str) -> Self {
        Self { method: "GET", path, token: None, key: None, body: Value::Null }
    }

    /// The same by somebody.
    pub fn by(self, token: &'a str) -> Self {
        Self { token: Some(token), ..self }
    }
}
