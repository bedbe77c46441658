//! A large basket: 20 lines, three flash prices, and a buyer who holds 30 coupons.

use std::time::Duration;

use hourglass::kernel::time::{Clock, DAY_MS};
use serde_json::{Value, json};

use super::super::load::{Connection, Report, drive, request};
use super::super::process::{self, Process};
use super::super::{Run, ms};
use super::crew::{Person, Phone, everybody};
use super::{Stage, fresh_key, text};

const LINES: usize = 20;
const FLASH_PRICES: usize = 3;
/// Coupons held; a drop has at most 20 kinds, so they come from two.
const COUPONS: usize = 30;

/// Measures the quote and the comparison of all coupons for it. What the server takes is what one connection sees,
/// less what a bare handler with the same bytes takes to answer it.
pub fn measure(stage: &Stage<'_>) {
    let claims = flash_prices(stage);
    let buyer = collector(stage);
    let lines: Vec<Value> =
        stage.fixture.skus[100..100 + LINES].iter().map(|sku| json!({"sku_id": sku, "quantity": 1})).collect();
    let basket = json!({"lines": lines, "claims": claims, "province_code": "44"});
    let (status, best) = stage.service.ask("POST", "/api/v1/coupons/best", &buyer.headers, Some(&basket));
    assert_eq!(status, 200, "{best}");
    assert_eq!(best["coupons"].as_array().map(Vec::len), Some(COUPONS), "{best}");
    let chosen = json!({"lines": lines, "claims": best["claims"], "province_code": "44"});
    let what = format!("{LINES} lines, {FLASH_PRICES} flash prices, {COUPONS} coupons held");
    one(stage, &format!("quote with a coupon; {what}"), ("/api/v1/quotes", &chosen), &buyer);
    one(stage, &format!("all coupons compared; {what}"), ("/api/v1/coupons/best", &basket), &buyer);
}

fn one(stage: &Stage<'_>, name: &str, (path, basket): (&str, &Value), buyer: &Person) {
    let asked = request("POST", path, &buyer.headers, Some(basket));
    let answer = stage.service.ask("POST", path, &buyer.headers, Some(basket)).1.to_string();
    let file = stage.run.file("quote.json");
    std::fs::write(&file, answer).expect("a file");
    let bare = process::bare(&file);
    let nothing = alone(stage.run, &bare, &request("GET", "/", "", None));
    let ours = alone(stage.run, stage.service, &asked);
    let server = |time: fn(&Report) -> Duration| ms(time(&ours).saturating_sub(time(&nothing)));
    println!(
        "{name}, one connection: server p50 {:.2} ms, p99 {:.2} ms (with the connection p50 {:.2} ms, p99 {:.2} ms)",
        server(|report| report.p50),
        server(|report| report.p99),
        ms(ours.p50),
        ms(ours.p99)
    );
}

fn alone(run: &Run, process: &Process, request: &[u8]) -> Report {
    let open = async |_| Connection::open(process.address).await;
    drive(1, run.each / 2, open, async |connection: &mut Connection, _| {
        assert_eq!(connection.send(request).await.status, 200);
    })
}

/// A flash sale of three of the basket's SKUs; answers the claims.
fn flash_prices(stage: &Stage<'_>) -> Vec<Value> {
    let now = Clock::wall().now();
    let skus = &stage.fixture.skus[100..100 + FLASH_PRICES];
    let item = |sku: &String| json!({"sku_id": sku, "price_fen": 8_000, "quota": 1_000, "per_user_limit": 5});
    let items: Vec<Value> = skus.iter().map(item).collect();
    let slot = json!({"starts_at": now, "ends_at": now.plus_millis(DAY_MS), "items": items});
    let rules = json!({"coupons_allowed": true, "slots": [slot]});
    stage.desk.runs(stage.service, "flash-sales", ("整点秒杀", json!({ "rules": rules })));
    let (status, slots) = stage.service.ask("GET", "/api/v1/flash-sales/slots", "", None);
    assert_eq!(status, 200, "{slots}");
    let items = slots["slots"][0]["items"].as_array().expect("items");
    items.iter().map(|item| json!({"kind": "flash_sale", "reference": text(item, "/id")})).collect()
}

/// Somebody who took every coupon of two drops.
fn collector(stage: &Stage<'_>) -> Person {
    let template = |number: usize| {
        json!({
            "title": format!("满减{number}"), "way": "claim", "benefit": "amount_off", "amount_fen": 500 + number,
            "threshold_fen": 9_900, "valid_days": 7, "per_user_limit": 1, "stackable": true,
        })
    };
    let half = COUPONS / 2;
    for drop in 0..2 {
        let templates: Vec<Value> = (0..half).map(|number| template(drop * half + number)).collect();
        stage.desk.runs(stage.service, "coupon-drops", ("领券", json!({ "templates": templates })));
    }
    let collected = everybody(stage.service, stage.simulator, 1, async |phone: &mut Phone, _| {
        let person = phone.newcomer().await;
        let offered = phone.shop("/api/v1/coupons/claimable", &person.headers, None, 200).await;
        for offer in offered["items"].as_array().expect("offers") {
            let headers = format!("{}{}", person.headers, fresh_key());
            let wanted = json!({"template_id": offer["template_id"]});
            phone.shop("/api/v1/coupons/claims", &headers, Some(&wanted), 201).await;
        }
        person
    });
    collected.into_iter().next().expect("somebody")
}
