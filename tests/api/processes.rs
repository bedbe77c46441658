//! The program itself, as processes of the operating system: killed without warning, two on one database, told to stop.
//!
//! Here the clock is the machine's. Nothing waits for a fixed time: what is expected is looked for until a deadline.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::{join, join_all};
use hourglass::kernel::time::Clock;
use hourglass::platform::db::faults::Faults;
use hourglass::platform::db::{Db, DbSettings};
use hourglass::wechat_simulator::{self, Simulator, SimulatorSettings};
use serde_json::{Value, json};

use crate::support::buyer::basket;
use crate::support::postgres::{TestDatabase, postgres};
use crate::support::shop::{PASSWORD, text};

/// How long anything expected may take on a busy machine.
const LONGEST: Duration = Duration::from_secs(60);
/// How often the server is killed.
const KILLS: usize = 12;
/// How many shoppers buy at once.
const SHOPPERS: usize = 8;

/// A shop whose server is a process of its own.
struct Town {
    folder: PathBuf,
    url: String,
    simulator: Simulator,
    http: reqwest::Client,
    /// One of the servers; requests go here.
    base: String,
    _database: Option<TestDatabase>,
}

/// A running server; ends with this value.
struct Server(Child);

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

/// A free port of this machine.
fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Looks again and again until something is there.
async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
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
    async fn on_sqlite() -> Self {
        let folder = std::env::temp_dir().join(format!("hourglass-town-{:032x}", rand::random::<u128>()));
        let url = format!("sqlite://{}/hourglass.db", folder.display());
        Self::found(folder, url, None).await
    }

    async fn on_postgres() -> Option<Self> {
        let database = postgres()?.create_database();
        let folder = std::env::temp_dir().join(format!("hourglass-town-{:032x}", rand::random::<u128>()));
        Some(Self::found(folder, database.url().to_owned(), Some(database)).await)
    }

    async fn found(folder: PathBuf, url: String, database: Option<TestDatabase>) -> Self {
        std::fs::create_dir_all(&folder).unwrap();
        let simulator = wechat_simulator::start(SimulatorSettings::default()).await.unwrap();
        // A connection left over from a killed server, or idle for too long, must not be taken for a failure.
        let http = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0);
        let http = http.timeout(Duration::from_secs(20)).build().unwrap();
        let base = format!("http://127.0.0.1:{}", free_port());
        let town = Self { folder, url, simulator, http, base, _database: database };
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
        ]);
        command
    }

    /// Starts a server and waits until it answers.
    async fn serve(&self, node: &str, base: &str) -> Server {
        let server = Server(self.program(node, base).arg("serve").spawn().unwrap());
        until("the server answers", async || {
            let answer = self.http.get(format!("{base}/health/ready")).send().await.ok()?;
            answer.status().is_success().then_some(())
        })
        .await;
        server
    }

    /// A request; `None` when nobody answers or the server says to try again.
    async fn ask(&self, ask: &Ask<'_>) -> Option<(u16, Value)> {
        let method = ask.method.parse().unwrap();
        let mut request = self.http.request(method, format!("{}{}", self.base, ask.path)).json(&ask.body);
        if let Some(token) = ask.token {
            request = request.bearer_auth(token);
        }
        if let Some(key) = ask.key {
            request = request.header("idempotency-key", key);
        }
        let answer = request.send().await.ok()?;
        let status = answer.status().as_u16();
        let body = answer.bytes().await.ok()?;
        assert!(status != 500, "{} {}: {}", ask.method, ask.path, String::from_utf8_lossy(&body));
        (status != 503).then(|| (status, serde_json::from_slice(&body).unwrap_or(Value::Null)))
    }

    /// The same, repeated until it is answered.
    async fn insist(&self, ask: Ask<'_>) -> Value {
        let (status, body) = until(ask.path, async || self.ask(&ask).await).await;
        assert!((200..300).contains(&status), "{} {}: {status} {body}", ask.method, ask.path);
        body
    }

    async fn wechat(&self, method: &str, path: &str, body: Value) -> Value {
        let url = format!("{}/_sim{path}", self.simulator.base_url());
        let answer = self.http.request(method.parse().unwrap(), url).json(&body).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.unwrap()
    }

    async fn owner(&self) -> String {
        let body = json!({"username": "owner", "password": PASSWORD});
        text(&self.insist(Ask::post("/admin/v1/sessions", body)).await["access_token"])
    }

    /// Puts one product on sale; answers its id and its SKU's.
    async fn product(&self, owner: &str, stock: i64) -> (String, String) {
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
    async fn shopper(&self) -> (String, String) {
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

    /// Orders one piece and pays for it; answers the order's id. Every request is repeated until it is answered.
    async fn buy(&self, (token, address): &(String, String), sku: &str) -> String {
        let lines = basket(&[(sku, 1)]);
        let quote = json!({"lines": lines, "province_code": "44"});
        let quote = self.insist(Ask::post("/api/v1/quotes", quote).by(token)).await;
        let expected = json!({"total_fen": quote["total_fen"], "digest": quote["digest"]});
        let body = json!({"lines": lines, "address_id": address, "expected": expected});
        let key = format!("{:032x}", rand::random::<u128>());
        let order = self.insist(Ask { key: Some(&key), ..Ask::post("/api/v1/orders", body).by(token) }).await;
        let order_id = text(&order["order_id"]);
        let path = format!("/api/v1/orders/{order_id}/payments");
        let handover = self.insist(Ask::post(&path, json!({"trade_type": "jsapi"})).by(token)).await;
        let prepay_id = text(&handover["params"]["package"]).trim_start_matches("prepay_id=").to_owned();
        self.wechat("POST", "/pay", json!({"prepay_id": prepay_id})).await;
        order_id
    }

    /// Waits until an order is in a state.
    async fn comes_to(&self, token: &str, order_id: &str, state: &str) {
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
    async fn the_books_balance(&self, owner: &str) {
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
struct Ask<'a> {
    method: &'a str,
    path: &'a str,
    token: Option<&'a str>,
    key: Option<&'a str>,
    body: Value,
}

impl<'a> Ask<'a> {
    fn post(path: &'a str, body: Value) -> Self {
        Self { method: "POST", path, token: None, key: None, body }
    }

    fn get(path: &'a str) -> Self {
        Self { method: "GET", path, token: None, key: None, body: Value::Null }
    }

    fn by(self, token: &'a str) -> Self {
        Self { token: Some(token), ..self }
    }
}

/// Kills the server again and again while shoppers buy, each time after they have come a little further.
async fn survives_being_killed(town: &Town) {
    let server = town.serve("0", &town.base).await;
    let owner = town.owner().await;
    let (_, sku) = town.product(&owner, 10_000).await;
    let shoppers = join_all((0..SHOPPERS).map(|_| town.shopper())).await;
    let (bought, over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let shopping = join_all(shoppers.iter().map(|shopper| {
        let (bought, over, sku) = (&bought, &over, &sku);
        async move {
            let mut orders = Vec::new();
            while !over.load(Ordering::Relaxed) {
                orders.push(town.buy(shopper, sku).await);
                bought.fetch_add(1, Ordering::Relaxed);
            }
            orders
        }
    }));
    let killing = async {
        let mut server = server;
        for _ in 0..KILLS {
            let before = bought.load(Ordering::Relaxed);
            let further = 2 + rand::random::<u8>() as usize % SHOPPERS;
            until("shoppers get on", async || (bought.load(Ordering::Relaxed) >= before + further).then_some(())).await;
            drop(server);
            server = town.serve("0", &town.base).await;
        }
        over.store(true, Ordering::Relaxed);
        server
    };
    let (orders, _server) = join(shopping, killing).await;
    let mut paid = 0;
    for ((token, _), orders) in shoppers.iter().zip(&orders) {
        for order_id in orders {
            town.comes_to(token, order_id, "paid").await;
            paid += 1;
        }
    }
    let owner = town.owner().await;
    town.the_books_balance(&owner).await;
    let stock = town.insist(Ask::get(&format!("/admin/v1/stock/items/{sku}")).by(&owner)).await;
    assert_eq!(stock["on_hand"], 10_000 - paid, "{stock}");
    // An order whose shopper gave no more orders is not lost either: nobody placed one twice.
    assert_eq!(stock["held"], 0, "{stock}");
}

#[actix_web::test]
async fn a_server_killed_again_and_again_loses_nothing_on_sqlite() {
    survives_being_killed(&Town::on_sqlite().await).await;
}

#[actix_web::test]
async fn a_server_killed_again_and_again_loses_nothing_on_postgres() {
    if let Some(town) = Town::on_postgres().await {
        survives_being_killed(&town).await;
    }
}

#[actix_web::test]
async fn two_servers_on_one_database_do_everything_once() {
    const ORDERS: usize = 24;
    let Some(town) = Town::on_postgres().await else { return };
    let other = format!("http://127.0.0.1:{}", free_port());
    let _servers = (town.serve("0", &town.base).await, town.serve("1", &other).await);
    let owner = town.owner().await;
    let (product, sku) = town.product(&owner, 1_000).await;
    // Every other payment is never told of, so that both servers go and ask; every refund is a job of either.
    town.wechat("PUT", "/knobs", json!({"notices": {"lose": 0.5, "duplicate": 1}})).await;
    let shoppers = join_all((0..ORDERS).map(|_| town.shopper())).await;
    let orders = join_all(shoppers.iter().map(|shopper| town.buy(shopper, &sku))).await;
    for ((token, _), order_id) in shoppers.iter().zip(&orders) {
        town.comes_to(token, order_id, "paid").await;
        let path = format!("/api/v1/orders/{order_id}/refund");
        town.insist(Ask::post(&path, json!({"reason": "不想要了"})).by(token)).await;
    }
    for ((token, _), order_id) in shoppers.iter().zip(&orders) {
        town.comes_to(token, order_id, "refunded").await;
    }
    town.the_books_balance(&owner).await;
    let book = town.wechat("GET", "/book?totals_only=true", json!(null)).await;
    let totals = &book["totals"];
    assert_eq!((&totals["transactions"], &totals["refunds"]), (&json!(ORDERS), &json!(ORDERS)), "{totals}");
    let path = format!("/admin/v1/products/{product}");
    until("each sale is counted", async || {
        let (_, product) = town.ask(&Ask::get(&path).by(&owner)).await?;
        let sold = product["summary"]["sold"].as_u64()?;
        assert!(sold <= ORDERS as u64, "a sale was counted twice: {product}");
        (sold == ORDERS as u64).then_some(())
    })
    .await;
}

#[actix_web::test]
async fn a_server_told_to_stop_finishes_what_it_has_begun() {
    let town = Town::on_sqlite().await;
    let mut server = town.serve("0", &town.base).await;
    let owner = town.owner().await;
    let (_, sku) = town.product(&owner, 10).await;
    let (token, address) = town.shopper().await;
    let lines = basket(&[(&sku, 1)]);
    let quote = json!({"lines": lines, "province_code": "44"});
    let quote = town.insist(Ask::post("/api/v1/quotes", quote).by(&token)).await;
    let expected = json!({"total_fen": quote["total_fen"], "digest": quote["digest"]});
    let body = json!({"lines": lines, "address_id": address, "expected": expected});
    let key = Some("0123456789abcdef0123456789abcdef");
    let order = town.insist(Ask { key, ..Ask::post("/api/v1/orders", body).by(&token) }).await;
    let rule = json!({"path_prefix": "/v3/pay/transactions/jsapi", "action": "delay_ms", "delay_ms": 1_500});
    town.wechat("PUT", "/knobs", json!({"rules": [rule]})).await;
    let path = format!("/api/v1/orders/{}/payments", text(&order["order_id"]));
    let begun = Ask::post(&path, json!({"trade_type": "jsapi"})).by(&token);
    let stopping = async {
        until("the request is under way", async || {
            let knobs = town.wechat("GET", "/knobs", json!(null)).await;
            (knobs["fired"][0] == 1).then_some(())
        })
        .await;
        let told = Command::new("kill").args(["-TERM", &server.0.id().to_string()]).status().unwrap();
        assert!(told.success());
        until("the server ends", async || server.0.try_wait().unwrap()).await
    };
    let (answer, ended) = join(town.ask(&begun), stopping).await;
    assert_eq!(answer.map(|(status, _)| status), Some(201), "the request in flight is answered");
    assert!(ended.success(), "it ends of itself, and well: {ended}");
    assert!(town.ask(&Ask::get("/health/ready")).await.is_none(), "nobody answers any more");
}
