//! A database that is cut off, killed, locked, full, read-only or too slow: shoppers are told to try again and never kept
//! hanging, nothing that was promised is lost, and everything goes on by itself afterwards.

use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, PgConnection, SqliteConnection};
use futures_util::future::{join, join_all};
use hourglass::platform::db::{Backend, DbError, DbResult, Tx};
use serde_json::{Value, json};

use crate::support::Shop;
use crate::support::buyer::basket;
use crate::support::crowd::at_once;
use crate::support::postgres::{Cluster, postgres};
use crate::support::proxy::Proxy;
use crate::support::shop::text;
use crate::support::town::{Ask, Told, Town, until};

/// How many shoppers order at once.
const SHOPPERS: usize = 12;
/// How long the wire is cut.
const CUT: Duration = Duration::from_secs(5);
/// Longest anybody may wait for any answer with [`PATIENCE`], on a busy machine.
const BOUND: Duration = Duration::from_secs(10);
/// Settings under which the service loses its patience soon.
const PATIENCE: [(&str, &str); 2] =
    [("HOURGLASS_DATABASE_WAIT_MS", "1000"), ("HOURGLASS_DATABASE_STATEMENT_TIMEOUT_MS", "1000")];

/// What shoppers who order and look without a pause were told.
#[derive(Default)]
struct Log {
    over: AtomicBool,
    /// Orders that were acknowledged: whose they are, and their ids.
    promised: Mutex<Vec<(usize, String)>>,
    /// When each shopper was last told to try again, and when something they asked for was last done.
    refused: Mutex<[Option<Instant>; SHOPPERS]>,
    written: Mutex<[Option<Instant>; SHOPPERS]>,
    read: Mutex<[Option<Instant>; SHOPPERS]>,
}

/// Everybody's mark is younger than this moment.
fn all_since(marks: &Mutex<[Option<Instant>; SHOPPERS]>, moment: Instant) -> Option<()> {
    marks.lock().unwrap().iter().all(|mark| mark.is_some_and(|mark| mark > moment)).then_some(())
}

/// Somebody's mark is younger than this moment.
fn any_since(marks: &Mutex<[Option<Instant>; SHOPPERS]>, moment: Instant) -> bool {
    marks.lock().unwrap().iter().any(|mark| mark.is_some_and(|mark| mark > moment))
}

impl Log {
    /// Looks at one answer; says whether it was given in earnest, or to try again.
    fn take(&self, shopper: usize, what: &str, told: Option<Told>) -> Option<Told> {
        let told = told.unwrap_or_else(|| panic!("{what}: nobody answers"));
        assert!(told.took < BOUND, "{what} took {:?}: {told:?}", told.took);
        if told.status != 503 {
            assert!([200, 201].contains(&told.status), "{what}: {told:?}");
            return Some(told);
        }
        let body: Value = serde_json::from_str(&told.body).unwrap_or_else(|_| panic!("{what}: {told:?}"));
        assert!(["service.unavailable", "service.outcome_unknown"].iter().any(|code| body["code"] == *code), "{body}");
        assert_eq!(body["details"], Value::Null, "{body}");
        self.refused.lock().unwrap()[shopper] = Some(Instant::now());
        None
    }

    /// Orders, looks at the order, and again, until it is over.
    async fn shops(&self, town: &Town, shopper: usize, (token, address): &(String, String), sku: &str, quote: &Value) {
        let expected = json!({"total_fen": quote["total_fen"], "digest": quote["digest"]});
        let body = json!({"lines": basket(&[(sku, 1)]), "address_id": address, "expected": expected});
        while !self.over.load(Ordering::Relaxed) {
            let key = format!("{:032x}", rand::random::<u128>());
            let order = until("an order is taken", async || {
                let ask = Ask { key: Some(&key), ..Ask::post("/api/v1/orders", body.clone()).by(token) };
                self.take(shopper, "an order", town.told(&ask).await)
            })
            .await;
            let id = text(&serde_json::from_str::<Value>(&order.body).unwrap()["order_id"]);
            self.promised.lock().unwrap().push((shopper, id.clone()));
            self.written.lock().unwrap()[shopper] = Some(Instant::now());
            let path = format!("/api/v1/orders/{id}");
            until("an order is shown", async || {
                self.take(shopper, "a look at an order", town.told(&Ask::get(&path).by(token)).await)
            })
            .await;
            self.read.lock().unwrap()[shopper] = Some(Instant::now());
        }
    }
}

/// Lets shoppers order without a pause while `trouble` happens, then lets everybody order once more, and looks whether
/// every order that was promised exists, once, and nothing else.
async fn goes_on(town: &Town, trouble: impl AsyncFnOnce(&Log)) {
    let owner = town.owner().await;
    let (_, sku) = town.product(&owner, 1_000_000).await;
    let shoppers = join_all((0..SHOPPERS).map(|_| town.shopper())).await;
    let asked = json!({"lines": basket(&[(&sku, 1)]), "province_code": "44"});
    let quote = town.insist(Ask::post("/api/v1/quotes", asked).by(&shoppers[0].0)).await;
    let log = Log::default();
    let shopping =
        join_all(shoppers.iter().enumerate().map(|(place, shopper)| log.shops(town, place, shopper, &sku, &quote)));
    let troubled = async {
        let begun = Instant::now();
        until("everybody orders", async || all_since(&log.written, begun)).await;
        trouble(&log).await;
        let mended = Instant::now();
        until("everybody orders again", async || all_since(&log.written, mended)).await;
        until("everybody looks again", async || all_since(&log.read, mended)).await;
        let calm = Instant::now();
        until("everybody goes on ordering", async || all_since(&log.written, calm)).await;
        log.over.store(true, Ordering::Relaxed);
        calm
    };
    let (_, calm) = join(shopping, troubled).await;
    assert!(!any_since(&log.refused, calm), "somebody is still told to try again");
    let promised = log.promised.into_inner().unwrap();
    for (shopper, order_id) in &promised {
        let (token, _) = &shoppers[*shopper];
        let order = town.insist(Ask::get(&format!("/api/v1/orders/{order_id}")).by(token)).await;
        assert_eq!(order["state"], "pending_payment", "{order}");
    }
    let stock = town.insist(Ask::get(&format!("/admin/v1/stock/items/{sku}")).by(&owner)).await;
    assert_eq!(stock["held"], promised.len(), "orders that nobody was told of, or fewer than were promised: {stock}");
    town.the_books_balance(&owner).await;
}

/// Everybody is told to try again while this lasts.
async fn everybody_is_refused(log: &Log) {
    let begun = Instant::now();
    until("everybody is told to try again", async || all_since(&log.refused, begun)).await;
}

#[actix_web::test]
async fn a_database_cut_off_under_load_is_missed_and_found_again() {
    let Some(server) = postgres() else { return };
    let database = server.create_database();
    let wire = Proxy::to(database.url());
    let town = Town::on(wire.url(database.url()), &PATIENCE).await;
    let _server = town.serve("0", &town.base).await;
    goes_on(&town, async |log| {
        let begun = Instant::now();
        wire.is_cut();
        everybody_is_refused(log).await;
        until("five seconds have passed", async || (begun.elapsed() > CUT).then_some(())).await;
        assert!(!any_since(&log.written, begun + CUT / 2), "something was written through a wire that was cut");
        wire.is_mended();
    })
    .await;
}

#[actix_web::test]
async fn a_database_that_no_longer_says_a_word_keeps_nobody_hanging() {
    let Some(server) = postgres() else { return };
    let database = server.create_database();
    let wire = Proxy::to(database.url());
    let town = Town::on(wire.url(database.url()), &PATIENCE).await;
    let _server = town.serve("0", &town.base).await;
    goes_on(&town, async |log| {
        wire.is_stalled();
        everybody_is_refused(log).await;
        everybody_is_refused(log).await;
        let live = town.told(&Ask::get("/health/live")).await.expect("an answer");
        assert_eq!(live.status, 200, "{live:?}");
        let ready = town.told(&Ask::get("/health/ready")).await.expect("an answer");
        assert_eq!(ready.status, 503, "{ready:?}");
        wire.is_mended();
    })
    .await;
}

#[actix_web::test]
async fn a_database_cut_off_while_nobody_asks_is_not_missed() {
    let Some(server) = postgres() else { return };
    let database = server.create_database();
    let wire = Proxy::to(database.url());
    let town = Town::on(wire.url(database.url()), &[("HOURGLASS_WORKER", "false")]).await;
    let _server = town.serve("0", &town.base).await;
    let owner = town.owner().await;
    let (_, sku) = town.product(&owner, 1_000).await;
    let shoppers = join_all((0..SHOPPERS).map(|_| town.shopper())).await;
    join_all(shoppers.iter().map(|shopper| town.buy(shopper, &sku))).await;
    // Connections for reading and for writing lie idle now, and none of them works any more.
    wire.is_cut();
    wire.is_mended();
    let looks = async |(token, _): &(String, String)| {
        let addresses = Ask::get("/api/v1/addresses").by(token);
        let renames = Ask { method: "PATCH", ..Ask::post("/api/v1/me", json!({"nickname": "小王"})).by(token) };
        (town.told(&addresses).await, town.told(&renames).await)
    };
    for (looked, renamed) in join_all(shoppers.iter().map(looks)).await {
        for told in [looked, renamed] {
            let told = told.expect("an answer");
            assert!([200, 204].contains(&told.status), "{told:?}");
        }
    }
}

#[actix_web::test]
async fn a_database_killed_under_load_keeps_what_it_acknowledged() {
    const KILLS: usize = 3;
    let Some(mut cluster) = Cluster::of_ones_own() else { return };
    let town = Town::on(cluster.url().to_owned(), &PATIENCE).await;
    let _server = town.serve("0", &town.base).await;
    goes_on(&town, async |log| {
        for _ in 0..KILLS {
            cluster.is_killed();
            everybody_is_refused(log).await;
            cluster.starts_again();
            let back = Instant::now();
            until("everybody orders again", async || all_since(&log.written, back)).await;
        }
    })
    .await;
}

#[actix_web::test]
async fn a_database_made_read_only_is_read_and_not_written() {
    let Some(server) = postgres() else { return };
    let database = server.create_database();
    let town = Town::on(database.url().to_owned(), &PATIENCE).await;
    let _server = town.serve("0", &town.base).await;
    let mut operator = PgConnection::establish(database.url()).unwrap();
    // What an operator does to freeze a database: new connections may not write, and there are only new ones.
    let mut freeze = move |setting: &str| {
        let freeze = format!(
            "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I {setting}', current_database()); END $$; \
             SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid()"
        );
        operator.batch_execute("SET default_transaction_read_only = off").unwrap();
        operator.batch_execute(&freeze).unwrap();
    };
    goes_on(&town, async |log| {
        freeze("SET default_transaction_read_only = on");
        reads_and_does_not_write(&town, log).await;
        freeze("RESET default_transaction_read_only");
    })
    .await;
}

/// From a moment on nothing is written, and what is only looked at is still shown.
async fn reads_and_does_not_write(town: &Town, log: &Log) {
    everybody_is_refused(log).await;
    let begun = Instant::now();
    everybody_is_refused(log).await;
    let shopper = log.promised.lock().unwrap()[0].clone();
    assert!(!any_since(&log.written, begun), "something was written by order of {shopper:?}");
    for path in ["/api/v1/products", "/health/live", "/health/ready"] {
        let told = town.told(&Ask::get(path)).await.expect("an answer");
        assert_eq!(told.status, 200, "{path}: {told:?}");
    }
}

/// Where the town's embedded database is.
fn file_of(town: &Town) -> String {
    town.url.trim_start_matches("sqlite://").to_owned()
}

#[actix_web::test]
async fn a_file_locked_by_another_process_is_read_and_written_later() {
    let town = Town::on_sqlite_with(&PATIENCE).await;
    let _server = town.serve("0", &town.base).await;
    goes_on(&town, async |log| {
        let mut other = SqliteConnection::establish(&file_of(&town)).unwrap();
        other.batch_execute("PRAGMA busy_timeout = 60000; BEGIN EXCLUSIVE").unwrap();
        reads_and_does_not_write(&town, log).await;
        other.batch_execute("ROLLBACK").unwrap();
    })
    .await;
}

#[cfg(target_os = "linux")]
#[actix_web::test]
async fn a_disk_that_takes_no_more_is_read_and_written_later() {
    let town = Town::on_sqlite_with(&PATIENCE).await;
    let server = town.serve_within_limits().await;
    let limit = |size: &str| {
        let process = server.0.id().to_string();
        let told = Command::new("prlimit").args(["--pid", &process, &format!("--fsize={size}:unlimited")]).status();
        assert!(told.unwrap().success(), "prlimit of util-linux");
    };
    goes_on(&town, async |log| {
        // No file of the server's may grow, or be written beyond its first page.
        limit("4096");
        reads_and_does_not_write(&town, log).await;
        limit("unlimited");
    })
    .await;
}

/// Sends orders while the writer's own connection is made to fail; nobody may be told anything but to try again.
async fn orders_fail_cleanly(shop: &Shop, sku: &str, pragma: &'static str) -> usize {
    let buyers = at_once(8, (0..16).map(|_| shop.buyer())).await;
    let mut wishes = Vec::new();
    for buyer in &buyers {
        wishes.push(buyer.wishes(&[(sku, 1)]).await);
    }
    // A transaction on the writer's connection that sets what lasts as long as the connection.
    let set = move |tx: &mut Tx<'_>| -> DbResult<()> { Ok(tx.conn()?.batch_execute(pragma)?) };
    shop.app.db().write("test.pragma", set).await.unwrap();
    let mut refused = 0;
    let answers = at_once(16, buyers.iter().zip(&wishes).map(|(buyer, wish)| buyer.sends(wish))).await;
    for (status, body) in &answers {
        assert!(
            *status == 201 || (*status == 503 && body["code"] == "service.unavailable"),
            "{pragma}: {status} {body}"
        );
        refused += usize::from(*status == 503);
    }
    let again = at_once(16, buyers.iter().zip(&wishes).map(|(buyer, wish)| buyer.sends(wish))).await;
    for (status, body) in &again {
        assert_eq!(*status, 201, "{pragma}, later: {body}");
    }
    refused
}

#[actix_web::test]
async fn a_writer_that_finds_the_file_full_or_read_only_harms_nobody_beside() {
    let shop = Shop::on_sqlite().await;
    let sku = shop.sku(1_000, 1_000).await;
    let mut refused = 0;
    for _ in 0..5 {
        refused += orders_fail_cleanly(&shop, &sku, "PRAGMA max_page_count = 1").await;
        refused += orders_fail_cleanly(&shop, &sku, "PRAGMA query_only = ON").await;
    }
    assert!(refused >= 10, "only {refused} orders met the fault");
    assert_eq!(shop.stock(&sku).await["held"], 160);
    shop.the_books_balance().await;
}

on_both_databases! {
    with [
        ("HOURGLASS_DATABASE_POOL_SIZE", "2"), ("HOURGLASS_DATABASE_WAIT_MS", "400"),
        ("HOURGLASS_DATABASE_MAX_WAITING", "12"),
    ]
    async fn slow_transactions_make_others_wait_only_so_long(shop: &Shop) {
        let sku = shop.sku(1_000, 1_000).await;
        shop.renew_catalog().await;
        let buyer = shop.buyer().await;
        let mut doors = Vec::new();
        let slow = (0..2).flat_map(|_| {
            let ((held, hold), (held_too, hold_too)) = (channel::<()>(), channel::<()>());
            doors.extend([held, held_too]);
            // They end when their door is dropped.
            let (reader, writer, hold_too) = (shop.app.db().clone(), shop.app.db().clone(), Mutex::new(hold_too));
            let read = async move { reader.read("test.slow", move |_| Ok::<_, DbError>(hold.recv().is_err())).await };
            let wait = move |_: &mut Tx<'_>| Ok::<_, DbError>(hold_too.lock().unwrap().recv().is_err());
            let write = async move { writer.write("test.slow", wait).await };
            [actix_web::rt::spawn(read), actix_web::rt::spawn(write)]
        });
        let slow: Vec<_> = slow.collect();
        // Everybody who holds a connection has it before the crowd comes.
        until("no connection is left", async || (buyer.call("GET", "/addresses", None).await.0 == 503).then_some(())).await;
        let asks = |round: usize| {
            let (buyer, shop) = (&buyer, shop);
            async move {
                let begun = Instant::now();
                let what = round % 4;
                let status = match what {
                    0 => buyer.call("GET", "/addresses", None).await.0,
                    1 => buyer.call("PATCH", "/me", Some(json!({"nickname": "小王"}))).await.0,
                    2 => shop.call("GET", "/api/v1/products", None, None).await.0,
                    _ => shop.call("GET", "/health/live", None, None).await.0,
                };
                (what, status, begun.elapsed())
            }
        };
        let answers = tokio::time::timeout(Duration::from_secs(30), at_once(80, (0..80).map(asks))).await;
        for (what, status, took) in answers.expect("everybody is answered") {
            assert_eq!(status, if what < 2 { 503 } else { 200 }, "{what} after {took:?}");
            assert!(took < Duration::from_secs(5), "{what}: {status} after {took:?}");
        }
        doors.clear();
        for ended in join_all(slow).await {
            // One that was not begun in time was not begun at all.
            let ended = ended.unwrap();
            assert!(matches!(ended, Ok(true) | Err(DbError::Unavailable(_))), "{ended:?}");
        }
        buyer.does("PATCH", "/me", Some(json!({"nickname": "小李"}))).await;
        assert_eq!(buyer.does("GET", "/me", None).await["nickname"], "小李");
        buyer.orders(&[(&sku, 1)]).await;
    }
}

#[actix_web::test]
async fn a_statement_that_takes_too_long_is_broken_off() {
    let settings = [("HOURGLASS_DATABASE_STATEMENT_TIMEOUT_MS", "300")];
    let Some(shop) = Shop::on_postgres_with(&settings).await else { return };
    let begun = Instant::now();
    let sleep = |tx: &mut Tx<'_>| -> DbResult<()> { Ok(tx.conn()?.batch_execute("SELECT pg_sleep(20)")?) };
    let (read, write) = join(shop.app.db().read("test.slow", sleep), shop.app.db().write("test.slow", sleep)).await;
    assert!(matches!(read, Err(DbError::Unavailable(_))), "{read:?}");
    assert!(matches!(write, Err(DbError::Unavailable(_))), "{write:?}");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[actix_web::test]
async fn the_books_may_take_longer_than_a_request_may() {
    let patience = [("HOURGLASS_DATABASE_STATEMENT_TIMEOUT_MS", "1000")];
    let Some(shop) = Shop::on_postgres_with(&patience).await else { return };
    let url = match &shop.app.config().database.backend {
        Backend::Postgres(url) => url.clone(),
        Backend::Sqlite(path) => panic!("{path:?}"),
    };
    // A table that lets nobody in makes the books slow, as one that grew large would.
    let mut other = PgConnection::establish(&url).unwrap();
    other.batch_execute("BEGIN; LOCK TABLE stock_items IN ACCESS EXCLUSIVE MODE").unwrap();
    let slow = std::thread::spawn(move || other.batch_execute("SELECT pg_sleep(2.5); COMMIT").unwrap());
    let begun = Instant::now();
    let (status, books) = shop.call("GET", "/admin/v1/books", Some(&shop.owner), None).await;
    assert_eq!((status, &books["balanced"]), (200, &json!(true)), "{books}");
    assert!(begun.elapsed() > Duration::from_millis(1_000), "the books had to wait");
    slow.join().unwrap();
}
