//! Everybody who takes part: they log in, write down an address, buy and pay.

use std::cell::RefCell;
use std::time::Duration;

use serde_json::{Value, json};

use super::super::load::{Connection, request, work_off};
use super::super::process::Process;
use super::super::purchase;
use super::{WIDTH, fresh_key, text};

/// Long enough for whatever is done before a measurement.
const PATIENCE: Duration = Duration::from_secs(600);

/// Somebody who is logged in.
#[derive(Clone)]
pub struct Person {
    /// Their token, as a header.
    pub headers: String,
    /// Where things are sent.
    pub address_id: String,
}

/// Many of them.
pub struct Crew {
    /// In no order.
    pub people: Vec<Person>,
}

impl Crew {
    /// So many newcomers.
    pub fn come_in(service: &Process, simulator: &Process, count: usize) -> Self {
        let people = everybody(service, simulator, count, async |phone: &mut Phone, _| phone.newcomer().await);
        Self { people }
    }
}

/// A phone: its connections to the shop and to WeChat.
pub struct Phone {
    shop: Connection,
    wechat: Connection,
}

/// Lets many phones do one thing each, many at once; answers what came of it, in no order.
pub fn everybody<T>(
    service: &Process,
    simulator: &Process,
    count: usize,
    deed: impl AsyncFn(&mut Phone, usize) -> T,
) -> Vec<T> {
    let done = RefCell::new(Vec::with_capacity(count));
    let open = async |_| Phone {
        shop: Connection::open(service.address).await,
        wechat: Connection::open(simulator.address).await,
    };
    work_off(WIDTH, count, PATIENCE, open, async |phone: &mut Phone, number| {
        let one = deed(phone, number).await;
        done.borrow_mut().push(one);
    });
    done.into_inner()
}

impl Phone {
    /// A request to the shop that must be answered with `status`.
    pub async fn shop(&mut self, path: &str, headers: &str, body: Option<&Value>, status: u16) -> Value {
        let method = if body.is_some() { "POST" } else { "GET" };
        self.shop.send(&request(method, path, headers, body)).await.json(status)
    }

    /// What a path answers, if it answers well.
    pub async fn look(&mut self, path: &str, headers: &str) -> Option<Value> {
        let answer = self.shop.send(&request("GET", path, headers, None)).await;
        (answer.status == 200).then(|| answer.json(200))
    }

    async fn wechat(&mut self, path: &str, body: &Value) -> Value {
        self.wechat.send(&request("POST", path, "", Some(body))).await.json(200)
    }

    /// Somebody new, with an address.
    pub async fn newcomer(&mut self) -> Person {
        let login = self.wechat("/_sim/login", &json!({})).await;
        let code = json!({"js_code": login["js_code"]});
        let session = self.shop("/api/v1/sessions/wechat-mini", "", Some(&code), 201).await;
        let headers = format!("authorization: Bearer {}\r\n", text(&session, "/access_token"));
        let address = self.shop("/api/v1/addresses", &headers, Some(&purchase::address()), 201).await;
        Person { headers, address_id: text(&address, "/address_id") }
    }

    /// What a basket costs, as an order wants to hear it.
    pub async fn expected(&mut self, who: &Person, lines: &Value, claims: &Value) -> Value {
        let basket = json!({"lines": lines, "claims": claims, "province_code": "44"});
        let quote = self.shop("/api/v1/quotes", &who.headers, Some(&basket), 200).await;
        json!({"total_fen": quote["total_fen"], "digest": quote["digest"]})
    }

    /// Orders a basket.
    pub async fn order(&mut self, who: &Person, lines: &Value, claims: &Value) -> Value {
        let expected = self.expected(who, lines, claims).await;
        let wish = json!({"lines": lines, "claims": claims, "address_id": who.address_id, "expected": expected});
        self.shop("/api/v1/orders", &format!("{}{}", who.headers, fresh_key()), Some(&wish), 201).await
    }

    /// Pays for an order inside WeChat.
    pub async fn pay(&mut self, who: &Person, order: &str) {
        let path = format!("/api/v1/orders/{order}/payments");
        let handover = self.shop(&path, &who.headers, Some(&json!({"trade_type": "jsapi"})), 201).await;
        let package = text(&handover, "/params/package");
        self.wechat("/_sim/pay", &json!({"prepay_id": package.trim_start_matches("prepay_id=")})).await;
    }
}
