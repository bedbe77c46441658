//! A small merchant of the tests' own: signs requests, verifies replies, opens notices, and a shop that listens.

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use actix_web::dev::ServerHandle;
use actix_web::web::{self, Bytes, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};

use crate::kernel::time::{Clock, Timestamp};
use crate::wechat_simulator::{Simulator, SimulatorCredentials, SimulatorSettings, start};

/// The moment the tests' clock stands at in the beginning.
pub(super) const START: Timestamp = Timestamp::from_millis(1_790_000_000_000);

fn der(pem: &str) -> Vec<u8> {
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    BASE64.decode(body).unwrap()
}

/// An answer of the merchant host.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl Reply {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub(super) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap().to_owned()
    }

    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(super) fn serial(&self) -> &str {
        self.header("wechatpay-serial")
    }
}

/// A notice as the shop received it.
#[derive(Clone)]
pub(super) struct Received {
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
}

impl Received {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

/// Whether the platform signed this body: the key is chosen by the serial.
pub(super) fn platform_signed(credentials: &SimulatorCredentials, header: impl Fn(&str) -> String, body: &str) -> bool {
    let message = format!("{}\n{}\n{body}\n", header("wechatpay-timestamp"), header("wechatpay-nonce"));
    let Ok(signature) = BASE64.decode(header("wechatpay-signature")) else { return false };
    let serial = header("wechatpay-serial");
    let key = if serial == credentials.platform_public_key_id {
        der(&credentials.platform_public_key_pem)
    } else if serial == credentials.platform_certificate_serial {
        let (_, pem) = x509_parser::pem::parse_x509_pem(credentials.platform_certificate_pem.as_bytes()).unwrap();
        pem.parse_x509().unwrap().public_key().raw.to_vec()
    } else {
        return false;
    };
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key).verify(message.as_bytes(), &signature).is_ok()
}

/// Opens an encrypted resource.
pub(super) fn open(credentials: &SimulatorCredentials, resource: &Value) -> String {
    let key = UnboundKey::new(&AES_256_GCM, credentials.api_v3_key.as_bytes()).unwrap();
    let nonce = Nonce::try_assume_unique_for_key(resource["nonce"].as_str().unwrap().as_bytes()).unwrap();
    let mut sealed = BASE64.decode(resource["ciphertext"].as_str().unwrap()).unwrap();
    let associated = resource["associated_data"].as_str().unwrap().as_bytes();
    let plain = LessSafeKey::new(key).open_in_place(nonce, Aad::from(associated), &mut sealed).unwrap();
    String::from_utf8(plain.to_vec()).unwrap()
}

/// The shop that listens for notices.
pub(super) struct Shop {
    pub(super) url: String,
    received: Arc<Mutex<Vec<Received>>>,
    status: Arc<AtomicU16>,
    handle: ServerHandle,
}

#[derive(Clone)]
struct Inbox {
    received: Arc<Mutex<Vec<Received>>>,
    status: Arc<AtomicU16>,
}

async fn receive(request: HttpRequest, inbox: Data<Inbox>, body: Bytes) -> HttpResponse {
    let headers = request
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), value.to_str().unwrap().to_owned()))
        .collect();
    let body = String::from_utf8(body.to_vec()).unwrap();
    inbox.received.lock().unwrap().push(Received { headers, body });
    let status = inbox.status.load(Ordering::SeqCst);
    HttpResponse::build(status.try_into().unwrap()).json(json!({ "code": "SUCCESS", "message": "成功" }))
}

impl Shop {
    fn open() -> Self {
        let inbox = Inbox { received: Arc::default(), status: Arc::new(AtomicU16::new(200)) };
        let shared = Data::new(inbox.clone());
        let server = HttpServer::new(move || App::new().app_data(shared.clone()).default_service(web::to(receive)))
            .workers(1)
            .disable_signals()
            .bind("127.0.0.1:0")
            .unwrap();
        let url = format!("http://{}/notices", server.addrs()[0]);
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { url, received: inbox.received, status: inbox.status, handle }
    }

    pub(super) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    pub(super) fn answers(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }
}

/// A simulator, a merchant with its credentials, and a shop.
pub(super) struct Stage {
    pub(super) clock: Clock,
    pub(super) credentials: SimulatorCredentials,
    pub(super) shop: Shop,
    pub(super) base: String,
    key: RsaKeyPair,
    http: reqwest::Client,
    simulator: Simulator,
}

impl Stage {
    pub(super) async fn open() -> Self {
        Self::open_with(SimulatorSettings::default()).await
    }

    pub(super) async fn open_with(settings: SimulatorSettings) -> Self {
        let clock = Clock::manual(START);
        let simulator = start(SimulatorSettings { clock: clock.clone(), seed: Some(11), ..settings }).await.unwrap();
        let credentials = simulator.credentials.clone();
        let key = RsaKeyPair::from_pkcs8(&der(&credentials.merchant_private_key_pem)).unwrap();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { clock, credentials, shop: Shop::open(), base: simulator.base_url(), key, http, simulator }
    }

    pub(super) async fn close(self) {
        self.simulator.stop().await;
        self.shop.handle.stop(false).await;
    }

    /// A call of the tester's side.
    pub(super) async fn sim(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let request = self.http.request(method.parse().unwrap(), format!("{}/_sim{path}", self.base)).json(&body);
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    pub(super) async fn told(&self, method: &str, path: &str, body: Value) -> Value {
        let (status, answer) = self.sim(method, path, body).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    /// A call of the account host.
    pub(super) async fn account(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let mut request = self.http.request(method.parse().unwrap(), format!("{}{path}", self.base));
        if let Some(body) = body {
            request = request.body(body.to_string());
        }
        let text = request.send().await.unwrap().text().await.unwrap();
        serde_json::from_str(&text).unwrap()
    }

    pub(super) fn authorization(&self, method: &str, target: &str, body: &str) -> String {
        let timestamp = self.clock.now().seconds();
        let message = format!("{method}\n{target}\n{timestamp}\nnonce-of-the-test\n{body}\n");
        let mut signature = vec![0; self.key.public_modulus_len()];
        self.key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message.as_bytes(), &mut signature).unwrap();
        format!(
            "WECHATPAY2-SHA256-RSA2048 signature=\"{}\",timestamp=\"{timestamp}\",serial_no=\"{}\",mchid=\"{}\",nonce_str=\"nonce-of-the-test\"",
            BASE64.encode(signature),
            self.credentials.merchant_serial,
            self.credentials.mch_id,
        )
    }

    /// Sends exactly this, without signing it again. `None` when the connection was cut.
    pub(super) async fn send_raw(
        &self,
        method: &str,
        target: &str,
        body: &str,
        headers: &[(&str, &str)],
    ) -> Option<Reply> {
        let mut request = self
            .http
            .request(method.parse().unwrap(), format!("{}{target}", self.base))
            .header("accept", "application/json")
            .header("content-type", "application/json")
            .header("user-agent", "hourglass-tests");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.body(body.to_owned()).send().await.ok()?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Some(Reply { status, headers, body: response.text().await.unwrap() })
    }

    /// A signed call of the merchant host that may be cut.
    pub(super) async fn try_pay(&self, method: &str, target: &str, body: Value) -> Option<Reply> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let authorization = self.authorization(method, target, &body);
        let serial = self.credentials.platform_public_key_id.as_str();
        let headers = [("authorization", authorization.as_str()), ("wechatpay-serial", serial)];
        self.send_raw(method, target, &body, &headers).await
    }

    /// A signed call of the merchant host whose reply must be signed too.
    pub(super) async fn pay(&self, method: &str, target: &str, body: Value) -> Reply {
        let reply = self.try_pay(method, target, body).await.unwrap();
        assert!(self.signed(&reply), "{method} {target}: {}", reply.body);
        assert_eq!(reply.header("wechatpay-signature-type"), "WECHATPAY2-SHA256-RSA2048");
        assert!(reply.header("request-id").contains('-'));
        reply
    }

    pub(super) fn signed(&self, reply: &Reply) -> bool {
        platform_signed(&self.credentials, |name| reply.header(name).to_owned(), &reply.body)
    }

    pub(super) fn notice_signed(&self, notice: &Received) -> bool {
        platform_signed(&self.credentials, |name| notice.header(name).to_owned(), &notice.body)
    }

    pub(super) fn opened(&self, notice: &Received) -> Value {
        let body: Value = serde_json::from_str(&notice.body).unwrap();
        serde_json::from_str(&open(&self.credentials, &body["resource"])).unwrap()
    }

    pub(super) async fn user(&self) -> String {
        self.told("POST", "/users", json!({})).await["openid"].as_str().unwrap().to_owned()
    }

    pub(super) fn order(&self, number: &str, total: i64, openid: &str) -> Value {
        json!({
            "appid": self.credentials.app_id,
            "mchid": self.credentials.mch_id,
            "description": "龙井茶 250 克",
            "out_trade_no": number,
            "notify_url": self.shop.url,
            "amount": { "total": total, "currency": "CNY" },
            "payer": { "openid": openid },
        })
    }

    pub(super) async fn prepay(&self, order: Value) -> String {
        let reply = self.pay("POST", "/v3/pay/transactions/jsapi", order).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        reply.json()["prepay_id"].as_str().unwrap().to_owned()
    }

    /// Orders and pays.
    pub(super) async fn paid(&self, number: &str, total: i64) -> Value {
        let openid = self.user().await;
        let prepay_id = self.prepay(self.order(number, total, &openid)).await;
        self.told("POST", "/pay", json!({ "prepay_id": prepay_id })).await["transaction"].clone()
    }

    pub(super) async fn query(&self, number: &str) -> Reply {
        let mchid = &self.credentials.mch_id;
        self.pay("GET", &format!("/v3/pay/transactions/out-trade-no/{number}?mchid={mchid}"), Value::Null).await
    }

    pub(super) async fn refund(&self, number: &str, refund_number: &str, refund: i64, total: i64) -> Reply {
        let body = json!({
            "out_trade_no": number, "out_refund_no": refund_number, "notify_url": self.shop.url,
            "amount": { "refund": refund, "total": total, "currency": "CNY" },
        });
        self.pay("POST", "/v3/refund/domestic/refunds", body).await
    }

    pub(super) async fn flush(&self) -> Vec<Value> {
        self.told("POST", "/notices/flush", json!({})).await["notices"].as_array().unwrap().clone()
    }

    pub(super) async fn book(&self) -> Value {
        self.told("GET", "/book", json!({})).await
    }
}
