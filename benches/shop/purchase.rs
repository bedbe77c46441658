//! The whole purchase: a new shopper logs in, looks, fills the cart, gets a quote, places the order, prepays, pays, and
//! sees WeChat's notice turn the order to paid. The simulated WeChat shares the cores and its work is included.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::fixture::Fixture;
use super::load::{Connection, drive, request};
use super::process::{self, Process};
use super::{Run, ms};

const BUYERS: usize = 64;
/// How long a buyer's phone waits before it asks again whether the notice has come; no phone is as impatient.
const ASKS_AGAIN: Duration = Duration::from_millis(50);

const STEPS: [&str; 8] = ["log in", "look", "address", "cart", "quote", "place", "prepay", "pay and notice"];

/// Time spent per step, and how often buyers asked for their payment.
#[derive(Default)]
struct Tally {
    steps: [Duration; STEPS.len()],
    asked: u32,
    purchases: u32,
}

/// A phone: its connections to the shop and to WeChat.
struct Phone {
    number: usize,
    shop: Connection,
    wechat: Connection,
}

/// Measures purchases.
pub fn measure(run: &Run, service: &Process, simulator: &Process, fixture: &Fixture) {
    let tally = RefCell::new(Tally::default());
    let open = async |number| Phone {
        number,
        shop: Connection::open(service.address).await,
        wechat: Connection::open(simulator.address).await,
    };
    let spent = || [service.processor_time(), simulator.processor_time(), process::processor_time("self")];
    let before = spent();
    let report = drive(BUYERS, run.each, open, async |phone: &mut Phone, count| {
        let at = (phone.number * 97 + count) % fixture.skus.len();
        Purchase { phone, tally: &tally, product: &fixture.products[at], sku: &fixture.skus[at] }.run().await;
    });
    let tally = tally.into_inner();
    println!(
        "the whole purchase, {BUYERS} buyers, simulator included: {:.0}/s, p50 {:.0} ms, p99 {:.0} ms",
        report.rate,
        ms(report.p50),
        ms(report.p99)
    );
    let purchases = tally.purchases.max(1);
    let steps = STEPS.iter().zip(tally.steps).map(|(name, time)| format!("{name} {:.1}", ms(time / purchases)));
    println!(
        "  milliseconds on average: {}; asked {:.1} times for the payment",
        steps.collect::<Vec<_>>().join(", "),
        f64::from(tally.asked) / f64::from(purchases)
    );
    let after = spent();
    let each: Vec<f64> = before.iter().zip(after).map(|(before, after)| ms((after - *before) / purchases)).collect();
    println!(
        "  processor time a purchase: server {:.2} ms, simulator {:.2} ms, buyers {:.2} ms",
        each[0], each[1], each[2]
    );
}

struct Purchase<'a> {
    phone: &'a mut Phone,
    tally: &'a RefCell<Tally>,
    product: &'a str,
    sku: &'a str,
}

impl Purchase<'_> {
    async fn run(mut self) {
        let mut clock = Instant::now();
        let mut step = 0;
        let mut done = |tally: &RefCell<Tally>| {
            tally.borrow_mut().steps[step] += clock.elapsed();
            clock = Instant::now();
            step += 1;
        };
        let headers = self.log_in().await;
        done(self.tally);
        self.shop("GET", &format!("/api/v1/products/{}", self.product), &headers, None, 200).await;
        done(self.tally);
        let address = self.shop("POST", "/api/v1/addresses", &headers, Some(&address()), 201).await;
        done(self.tally);
        let line = json!({"sku_id": self.sku, "quantity": 1});
        self.shop("POST", "/api/v1/cart/lines", &headers, Some(&line), 201).await;
        done(self.tally);
        let basket = json!({"lines": [line], "province_code": "44"});
        let quote = self.shop("POST", "/api/v1/quotes", &headers, Some(&basket), 200).await;
        done(self.tally);
        let wish = json!({
            "from_cart": true, "address_id": address["address_id"],
            "expected": {"total_fen": quote["total_fen"], "digest": quote["digest"]}
        });
        let keyed = format!("{headers}idempotency-key: {:032x}\r\n", rand::random::<u128>());
        let order = self.shop("POST", "/api/v1/orders", &keyed, Some(&wish), 201).await;
        let order = order["order_id"].as_str().expect("an order");
        done(self.tally);
        let path = format!("/api/v1/orders/{order}/payments");
        let handover = self.shop("POST", &path, &headers, Some(&json!({"trade_type": "jsapi"})), 201).await;
        done(self.tally);
        let package = handover["params"]["package"].as_str().expect("a package");
        self.wechat("/_sim/pay", &json!({"prepay_id": package.trim_start_matches("prepay_id=")})).await;
        self.wait_until_paid(order, &headers).await;
        done(self.tally);
        self.tally.borrow_mut().purchases += 1;
    }

    async fn log_in(&mut self) -> String {
        let login = self.wechat("/_sim/login", &json!({})).await;
        let code = json!({"js_code": login["js_code"]});
        let session = self.shop("POST", "/api/v1/sessions/wechat-mini", "", Some(&code), 201).await;
        format!("authorization: Bearer {}\r\n", session["access_token"].as_str().expect("a token"))
    }

    async fn wait_until_paid(&mut self, order: &str, headers: &str) {
        let path = format!("/api/v1/orders/{order}/payment");
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(10) {
            self.tally.borrow_mut().asked += 1;
            if self.shop("GET", &path, headers, None, 200).await["state"] == "paid" {
                return;
            }
            tokio::time::sleep(ASKS_AGAIN).await;
        }
        panic!("the notice never came");
    }

    async fn shop(&mut self, method: &str, path: &str, headers: &str, body: Option<&Value>, status: u16) -> Value {
        self.phone.shop.send(&request(method, path, headers, body)).await.json(status)
    }

    async fn wechat(&mut self, path: &str, body: &Value) -> Value {
        self.phone.wechat.send(&request("POST", path, "", Some(body))).await.json(200)
    }
}

/// Where things are sent.
pub fn address() -> Value {
    json!({
        "receiver_name": "张三", "receiver_phone": "13800001234", "province_code": "44", "city": "深圳市",
        "district": "南山区", "detail": "科技园 1 号", "is_default": true
    })
}
