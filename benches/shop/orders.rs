//! Placing orders over HTTP, beside the same statements run bare.

use std::time::Duration;

use serde_json::{Value, json};

use super::fixture::{self, Fixture};
use super::load::{Connection, Report, drive, request};
use super::process::Process;
use super::{Run, bare, ms, purchase};

const BUYERS: usize = 64;

struct Buyer {
    headers: String,
    address_id: String,
    user_id: String,
}

/// Places orders over many SKUs, then all on one, and runs the same statements bare, turn and turn about, so that a
/// moment of noise and the growing tables hit both.
pub fn measure(run: &Run, url: &str, service: &Process, simulator: &Process, fixture: &Fixture) {
    let settings = fixture::settings(url);
    let buyers: Vec<Buyer> = (0..BUYERS).map(|_| come_in(service, simulator)).collect();
    let spread: Vec<&str> = fixture.skus.iter().take(BUYERS).map(String::as_str).collect();
    let one = vec![spread[0]; BUYERS];
    for (name, skus) in [("many SKUs", spread), ("one SKU", one)] {
        let subjects: Vec<bare::Subject> = buyers.iter().zip(&skus).map(|(buyer, sku)| subject(buyer, sku)).collect();
        let (mut ours, mut bare) = (Vec::new(), Vec::new());
        for _ in 0..2 {
            ours.push(place(run, service, &buyers, &skus));
            bare.push(bare::drive(&settings, &subjects, run.each / 2));
        }
        let rate = ours.iter().map(|report| report.rate).sum::<f64>() / 2.0;
        let bare = bare.iter().sum::<f64>() / 2.0;
        let worst = |time: fn(&Report) -> Duration| ours.iter().map(|report| ms(time(report))).fold(0.0, f64::max);
        println!(
            "placing an order, {BUYERS} buyers, {name}: {rate:.0}/s, p50 {:.1} ms, p99 {:.1} ms; the same statements bare: {bare:.0}/s; ratio {:.2}",
            worst(|report| report.p50),
            worst(|report| report.p99),
            rate / bare
        );
    }
}

fn subject(buyer: &Buyer, sku: &str) -> bare::Subject {
    let id = |text: &str| text.parse().expect("an id");
    bare::Subject { user_id: id(&buyer.user_id), address_id: id(&buyer.address_id), sku_id: id(sku) }
}

fn place(run: &Run, service: &Process, buyers: &[Buyer], skus: &[&str]) -> Report {
    let bodies: Vec<Value> = buyers.iter().zip(skus).map(|(buyer, sku)| wish(service, buyer, sku)).collect();
    let open = async |number| (number, Connection::open(service.address).await);
    drive(buyers.len(), run.each / 2, open, async |(number, connection): &mut (usize, Connection), _| {
        let headers = format!("{}idempotency-key: {:032x}\r\n", buyers[*number].headers, rand::random::<u128>());
        let answer = connection.send(&request("POST", "/api/v1/orders", &headers, Some(&bodies[*number]))).await;
        assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.body));
    })
}

fn wish(service: &Process, buyer: &Buyer, sku: &str) -> Value {
    let lines = json!([{"sku_id": sku, "quantity": 1}]);
    let basket = json!({"lines": lines, "province_code": "44"});
    let (status, quote) = service.ask("POST", "/api/v1/quotes", &buyer.headers, Some(&basket));
    assert_eq!(status, 200, "{quote}");
    let expected = json!({"total_fen": quote["total_fen"], "digest": quote["digest"]});
    json!({"lines": lines, "address_id": buyer.address_id, "expected": expected})
}

fn come_in(service: &Process, simulator: &Process) -> Buyer {
    let login = simulator.ask("POST", "/_sim/login", "", Some(&json!({}))).1;
    let session =
        service.ask("POST", "/api/v1/sessions/wechat-mini", "", Some(&json!({"js_code": login["js_code"]}))).1;
    let headers = format!("authorization: Bearer {}\r\n", session["access_token"].as_str().expect("a token"));
    let (status, address) = service.ask("POST", "/api/v1/addresses", &headers, Some(&purchase::address()));
    assert_eq!(status, 201, "{address}");
    Buyer {
        headers,
        address_id: address["address_id"].as_str().expect("an id").to_owned(),
        user_id: session["user"]["user_id"].as_str().expect("an id").to_owned(),
    }
}
