//! The benchmark of the shop: `cargo bench --bench shop` (add `-- quick` for a short run).
//!
//! Everything runs in one go on the machine at hand, load generator included, and every figure stands beside a
//! reference measured in the same run, because machines differ. Where PostgreSQL is wanted, name an empty database in
//! `BENCH_POSTGRES_URL`; its tables are dropped.

#![allow(missing_docs, clippy::print_stdout, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::indexing_slicing, clippy::as_conversions, clippy::float_arithmetic)]

mod bare;
mod fixture;
mod load;
mod process;

use std::path::PathBuf;
use std::time::Duration;

use load::{Connection, drive, request};
use process::Process;
use serde_json::{Value, json};

const PRODUCTS: usize = 10_000;
const BUYERS: usize = 64;

struct Run {
    folder: PathBuf,
    each: Duration,
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, flag, file, address] = arguments.as_slice()
        && flag == "--bare"
    {
        return process::serve_bare(file, address);
    }
    let quick = arguments.iter().any(|argument| argument == "quick");
    let folder = std::env::temp_dir().join(format!("hourglass-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let run = Run { folder: folder.clone(), each: Duration::from_secs(if quick { 3 } else { 10 }) };
    let file = format!("sqlite://{}/hourglass.db", folder.display());
    println!("# the embedded database, {PRODUCTS} products");
    run.shop(&file, true);
    match std::env::var("BENCH_POSTGRES_URL") {
        Ok(url) => {
            println!("\n# PostgreSQL, {PRODUCTS} products");
            run.shop(&url, false);
        }
        Err(_) => println!("\nBENCH_POSTGRES_URL is not set: PostgreSQL was left out"),
    }
    let _gone = std::fs::remove_dir_all(&folder);
}

struct Buyer {
    headers: String,
    address_id: String,
    user_id: String,
}

impl Run {
    fn shop(&self, url: &str, pages: bool) {
        let settings = fixture::settings(url);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let fixture = runtime.block_on(fixture::fill(&settings, PRODUCTS));
        let simulator = process::simulator(&self.folder);
        let service = process::service(&self.folder, url, &simulator);
        println!("first answer after start: {:.0} ms", service.first_answer.as_secs_f64() * 1e3);
        wait_for_search(&service);
        println!("memory at rest: {:.0} MiB", service.memory_mib());
        if pages {
            self.page("product detail", &service, &format!("/api/v1/products/{}", fixture.products[77]));
            self.page("product list, 20 items", &service, "/api/v1/products?limit=20");
            self.search(&service);
        }
        let buyers: Vec<Buyer> = (0..BUYERS).map(|_| come_in(&service, &simulator)).collect();
        let spread: Vec<&str> = fixture.skus.iter().take(BUYERS).map(String::as_str).collect();
        let one: Vec<&str> = spread.iter().map(|_| spread[0]).collect();
        let placed = [("spread", spread), ("all on one SKU", one)].map(|(name, skus)| {
            let rate = self.place(&service, &buyers, &skus);
            (name, skus, rate)
        });
        self.purchase(&service, &simulator, &fixture.skus);
        println!("memory after it all: {:.0} MiB", service.memory_mib());
        drop(service);
        for (name, skus, report) in placed {
            let subjects: Vec<bare::Subject> = buyers
                .iter()
                .zip(&skus)
                .map(|(buyer, sku)| bare::Subject {
                    user_id: buyer.user_id.parse().expect("an id"),
                    address_id: buyer.address_id.parse().expect("an id"),
                    sku_id: sku.parse().expect("an id"),
                })
                .collect();
            let bare = bare::drive(&settings, &subjects, self.each);
            println!(
                "place an order, {name}: {:.0}/s over HTTP, p50 {:.1} ms, p99 {:.1} ms; the same statements bare: {bare:.0}/s; ratio {:.2}",
                report.rate,
                ms(report.p50),
                ms(report.p99),
                report.rate / bare
            );
        }
    }

    fn page(&self, name: &str, service: &Process, path: &str) {
        let wanted = request("GET", path, "", None);
        let body = get(service, &wanted);
        let file = self.folder.join("body.json");
        std::fs::write(&file, &body).expect("a file");
        let bare = process::bare(&file);
        let plain = request("GET", "/", "", None);
        let (mut ours, mut reference) = (Vec::new(), Vec::new());
        // Turn and turn about, so that a moment of noise hits both.
        for _ in 0..2 {
            reference.push(drive(bare.address, 32, self.each / 2, async |connection: &mut Connection, _, _| {
                assert_eq!(connection.send(&plain).await.status, 200);
            }));
            ours.push(drive(service.address, 32, self.each / 2, async |connection: &mut Connection, _, _| {
                assert_eq!(connection.send(&wanted).await.status, 200);
            }));
        }
        let mean =
            |reports: &[load::Report]| reports.iter().map(|report| report.rate).sum::<f64>() / reports.len() as f64;
        let worst = ours.iter().map(|report| ms(report.p99)).fold(0.0, f64::max);
        println!(
            "{name} ({} bytes): {:.0}/s, p99 {worst:.2} ms; a bare handler with the same bytes: {:.0}/s; ratio {:.2}",
            body.len(),
            mean(&ours),
            mean(&reference),
            mean(&ours) / mean(&reference)
        );
    }

    fn search(&self, service: &Process) {
        let words = [
            "%E8%BF%9E%E8%A1%A3%E8%A3%99",
            "lyq",
            "lianyiqun",
            "%E4%BF%9D%E6%B8%A9%E6%9D%AF",
            "%E5%8F%B0%E7%81%AF",
            "zp",
            "%E6%B3%95%E5%BC%8F%E8%A1%AC%E8%A1%AB",
            "shafa",
        ];
        let wanted: Vec<Vec<u8>> =
            words.iter().map(|word| request("GET", &format!("/api/v1/search?q={word}"), "", None)).collect();
        let report = drive(service.address, 16, self.each, async |connection: &mut Connection, number, count| {
            assert_eq!(connection.send(&wanted[(number + count) % wanted.len()]).await.status, 200);
        });
        println!(
            "search, 16 connections: {:.0}/s, p50 {:.2} ms, p99 {:.2} ms",
            report.rate,
            ms(report.p50),
            ms(report.p99)
        );
    }

    fn place(&self, service: &Process, buyers: &[Buyer], skus: &[&str]) -> load::Report {
        let bodies: Vec<Value> = buyers
            .iter()
            .zip(skus)
            .map(|(buyer, sku)| {
                let lines = json!([{"sku_id": sku, "quantity": 1}]);
                let (status, quote) = service.ask(
                    "POST",
                    "/api/v1/quotes",
                    &buyer.headers,
                    Some(&json!({"lines": lines, "province_code": "44"})),
                );
                assert_eq!(status, 200, "{quote}");
                let expected = json!({"total_fen": quote["total_fen"], "digest": quote["digest"]});
                json!({"lines": lines, "address_id": buyer.address_id, "expected": expected})
            })
            .collect();
        drive(service.address, buyers.len(), self.each, async |connection: &mut Connection, number, _| {
            let headers = format!("{}idempotency-key: {:032x}\r\n", buyers[number].headers, rand::random::<u128>());
            let answer = connection.send(&request("POST", "/api/v1/orders", &headers, Some(&bodies[number]))).await;
            assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.body));
        })
    }

    /// Log in, look, put into the cart, quote, place, prepay, pay, and see the notice turn the order to paid.
    fn purchase(&self, service: &Process, simulator: &Process, skus: &[String]) {
        let wechat = simulator.address;
        let report = drive(service.address, 16, self.each, async |shop: &mut Connection, number, count| {
            let mut wechat = Connection::open(wechat).await;
            let sku = &skus[(number * 97 + count) % skus.len()];
            buy(shop, &mut wechat, sku).await;
        });
        println!(
            "the whole purchase, simulator included: {:.0}/s, p50 {:.0} ms, p99 {:.0} ms",
            report.rate,
            ms(report.p50),
            ms(report.p99)
        );
    }
}

async fn buy(shop: &mut Connection, wechat: &mut Connection, sku: &str) {
    let login = wechat.send(&request("POST", "/_sim/login", "", Some(&json!({})))).await.json(200);
    let session = shop
        .send(&request("POST", "/api/v1/sessions/wechat-mini", "", Some(&json!({"js_code": login["js_code"]}))))
        .await
        .json(201);
    let headers = format!("authorization: Bearer {}\r\n", session["access_token"].as_str().expect("a token"));
    let listed = shop.send(&request("GET", "/api/v1/products?limit=1", "", None)).await.json(200);
    let product = listed["items"][0]["id"].as_str().expect("a product");
    shop.send(&request("GET", &format!("/api/v1/products/{product}"), &headers, None)).await.json(200);
    let address = shop.send(&request("POST", "/api/v1/addresses", &headers, Some(&address()))).await.json(201);
    let line = json!({"sku_id": sku, "quantity": 1});
    let added = shop.send(&request("POST", "/api/v1/cart/lines", &headers, Some(&line))).await;
    assert!(added.status < 300, "{}", String::from_utf8_lossy(&added.body));
    let quote = shop
        .send(&request("POST", "/api/v1/quotes", &headers, Some(&json!({"lines": [line], "province_code": "44"}))))
        .await
        .json(200);
    let order = json!({
        "from_cart": true, "address_id": address["address_id"],
        "expected": {"total_fen": quote["total_fen"], "digest": quote["digest"]}
    });
    let keyed = format!("{headers}idempotency-key: {:032x}\r\n", rand::random::<u128>());
    let order = shop.send(&request("POST", "/api/v1/orders", &keyed, Some(&order))).await.json(201);
    let order_id = order["order_id"].as_str().expect("an order");
    let path = format!("/api/v1/orders/{order_id}/payments");
    let handover = shop.send(&request("POST", &path, &headers, Some(&json!({"trade_type": "jsapi"})))).await;
    let handover: Value = serde_json::from_slice(&handover.body).expect("JSON");
    let package = handover["params"]["package"].as_str().expect("a package");
    let prepay_id = package.trim_start_matches("prepay_id=");
    wechat.send(&request("POST", "/_sim/pay", "", Some(&json!({"prepay_id": prepay_id})))).await;
    for _ in 0..2_000 {
        let payment =
            shop.send(&request("GET", &format!("/api/v1/orders/{order_id}/payment"), &headers, None)).await.json(200);
        if payment["state"] == "paid" {
            return;
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("the notice never came");
}

fn address() -> Value {
    json!({
        "receiver_name": "张三", "receiver_phone": "13800001234", "province_code": "44", "city": "深圳市",
        "district": "南山区", "detail": "科技园 1 号", "is_default": true
    })
}

fn come_in(service: &Process, simulator: &Process) -> Buyer {
    let login = simulator.ask("POST", "/_sim/login", "", Some(&json!({}))).1;
    let session =
        service.ask("POST", "/api/v1/sessions/wechat-mini", "", Some(&json!({"js_code": login["js_code"]}))).1;
    let headers = format!("authorization: Bearer {}\r\n", session["access_token"].as_str().expect("a token"));
    let (status, address) = service.ask("POST", "/api/v1/addresses", &headers, Some(&address()));
    assert_eq!(status, 201, "{address}");
    Buyer {
        headers,
        address_id: address["address_id"].as_str().expect("an id").to_owned(),
        user_id: session["user"]["user_id"].as_str().expect("an id").to_owned(),
    }
}

fn wait_for_search(service: &Process) {
    let started = std::time::Instant::now();
    while service.ask("GET", "/api/v1/search?q=lyq", "", None).0 != 200 {
        assert!(started.elapsed() < Duration::from_secs(60), "search never came up");
        std::thread::sleep(Duration::from_millis(20));
    }
    println!("search ready: {:.1} s later", started.elapsed().as_secs_f64());
}

fn get(service: &Process, wanted: &[u8]) -> Vec<u8> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let answer = Connection::open(service.address).await.send(wanted).await;
        assert_eq!(answer.status, 200);
        answer.body
    })
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
