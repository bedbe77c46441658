//! A tiny HTTP server for the tests of this client, the published vectors, and keys made for one test run.

use std::sync::{Arc, Mutex, OnceLock};

use actix_web::http::StatusCode;
use actix_web::web::Bytes;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::kernel::time::{Clock, Timestamp};
use crate::platform::wechat::signing::{MerchantKey, SCHEME, reply_message};
use crate::platform::wechat::{PaySettings, PlatformKeySource, WechatSettings};

/// The moment all tests begin at: 2024-01-01T04:00:00Z.
pub const START: Timestamp = Timestamp::from_millis(1_704_081_600_000);
pub const APP_ID: &str = "wxd678efh567hg6787";
pub const MCH_ID: &str = "1900007291";
pub const API_V3_KEY: &str = "0123456789abcdef0123456789abcdef";
pub const KEY_ID: &str = "PUB_KEY_ID_0119000072912024010100000000000001";

/// Headers of an answer.
pub type Headers = Vec<(&'static str, String)>;

/// What the server received.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: String,
    pub path_and_query: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// What the server does with a request.
pub enum Answer {
    /// Answers.
    Reply { status: u16, headers: Headers, body: String },
    /// Never answers.
    Hang,
    /// Breaks the connection in the middle of the answer.
    Cut,
}

impl Answer {
    pub fn json(body: serde_json::Value) -> Self {
        Self::Reply { status: 200, headers: Vec::new(), body: body.to_string() }
    }
}

/// A running server and what it has seen.
pub struct TestServer {
    pub url: String,
    pub seen: Arc<Mutex<Vec<Seen>>>,
}

impl TestServer {
    /// Starts a server that answers by `answer`; it ends with the test's runtime.
    pub fn start(answer: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let answer: Arc<dyn Fn(&Seen) -> Answer + Send + Sync> = Arc::new(answer);
        let log = Arc::clone(&seen);
        let server = HttpServer::new(move || {
            let (answer, log) = (Arc::clone(&answer), Arc::clone(&log));
            App::new().default_service(web::to(move |request: HttpRequest, body: Bytes| {
                let (answer, log) = (Arc::clone(&answer), Arc::clone(&log));
                async move {
                    let seen = read(&request, &body);
                    log.lock().unwrap().push(seen.clone());
                    carry_out(answer(&seen)).await
                }
            }))
        })
        .workers(1)
        .disable_signals()
        .bind(("127.0.0.1", 0))
        .unwrap();
        let url = format!("http://{}", server.addrs()[0]);
        actix_web::rt::spawn(server.run());
        Self { url, seen }
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

fn read(request: &HttpRequest, body: &Bytes) -> Seen {
    let text = |value: &actix_web::http::header::HeaderValue| value.to_str().unwrap().to_owned();
    Seen {
        method: request.method().to_string(),
        path_and_query: request.uri().path_and_query().unwrap().to_string(),
        headers: request.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        body: String::from_utf8(body.to_vec()).unwrap(),
    }
}

async fn carry_out(answer: Answer) -> HttpResponse {
    match answer {
        Answer::Reply { status, headers, body } => {
            let mut response = HttpResponse::build(StatusCode::from_u16(status).unwrap());
            for header in headers {
                response.insert_header(header);
            }
            response.body(body)
        }
        Answer::Hang => std::future::pending().await,
        Answer::Cut => {
            let cut = std::io::Error::other("cut");
            let pieces = [Ok(Bytes::from_static(b"{\"prepay")), Err(cut)];
            HttpResponse::Ok().streaming(futures_util::stream::iter(pieces))
        }
    }
}

/// The published and derived vectors.
pub fn vectors() -> &'static serde_json::Value {
    static VECTORS: OnceLock<serde_json::Value> = OnceLock::new();
    VECTORS
        .get_or_init(|| serde_json::from_str(include_str!("../../../tests/fixtures/wechat-test-vectors.json")).unwrap())
}

/// The published sample key of a merchant.
pub fn sample_key_pem() -> &'static str {
    vectors()["pay_sample_private_key_pem"]["pem"].as_str().unwrap()
}

/// The public half of the published sample key.
pub fn public_pem_of_sample_key() -> String {
    let der = STANDARD.decode(sample_key_pem().lines().filter(|line| !line.starts_with('-')).collect::<String>());
    public_pem(&KeyPair::from_pkcs8(&der.unwrap()).unwrap())
}

/// The private key the pretended WeChat Pay signs with, as PEM, made anew in each run.
pub fn platform_private_pem() -> &'static str {
    static PEM: OnceLock<String> = OnceLock::new();
    PEM.get_or_init(|| {
        let key = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let der: Pkcs8V1Der<'static> = key.as_der().unwrap();
        pem("PRIVATE KEY", der.as_ref())
    })
}

/// The public half of [`platform_private_pem`].
pub fn platform_public_pem() -> String {
    let lines = platform_private_pem().lines().filter(|line| !line.starts_with('-')).collect::<String>();
    public_pem(&KeyPair::from_pkcs8(&STANDARD.decode(lines).unwrap()).unwrap())
}

fn public_pem(key: &KeyPair) -> String {
    let der: PublicKeyX509Der<'static> = key.public_key().as_der().unwrap();
    pem("PUBLIC KEY", der.as_ref())
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// A certificate for the platform key with this serial number.
pub fn platform_certificate_pem(serial: &[u8]) -> String {
    let key = rcgen::KeyPair::from_pem_and_sign_algo(platform_private_pem(), &rcgen::PKCS_RSA_SHA256).unwrap();
    let mut params = rcgen::CertificateParams::new(vec!["pay.example".to_owned()]).unwrap();
    params.serial_number = Some(rcgen::SerialNumber::from_slice(serial));
    params.self_signed(&key).unwrap().pem()
}

/// Headers by which the pretended WeChat Pay signs `body` at `seconds` under the key called `serial`.
pub fn signature_headers(serial: &str, seconds: i64, body: &str) -> Headers {
    let message = reply_message(&seconds.to_string(), "NONCE", body.as_bytes());
    let signature = MerchantKey::from_pem(platform_private_pem()).unwrap().sign(&message).unwrap();
    vec![
        ("Wechatpay-Timestamp", seconds.to_string()),
        ("Wechatpay-Nonce", "NONCE".to_owned()),
        ("Wechatpay-Signature", signature),
        ("Wechatpay-Serial", serial.to_owned()),
        ("Wechatpay-Signature-Type", SCHEME.to_owned()),
    ]
}

/// Seals `plaintext` as WeChat Pay does: base64 of cipher text and tag.
pub fn seal(nonce: &str, associated_data: &str, plaintext: &str) -> String {
    use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
    let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, API_V3_KEY.as_bytes()).unwrap());
    let nonce = Nonce::try_assume_unique_for_key(nonce.as_bytes()).unwrap();
    let mut sealed = plaintext.as_bytes().to_vec();
    key.seal_in_place_append_tag(nonce, Aad::from(associated_data.as_bytes()), &mut sealed).unwrap();
    STANDARD.encode(sealed)
}

/// Settings that lead to the server at `url`.
pub fn settings(url: &str) -> WechatSettings {
    WechatSettings {
        api_url: url.to_owned(),
        pay_url: url.to_owned(),
        app_id: APP_ID.to_owned(),
        app_secret: "app-secret".into(),
        mobile_app_id: None,
        pay: Some(PaySettings {
            mch_id: MCH_ID.to_owned(),
            merchant_serial: "5157F09EFDC096DE15EBE81A47057A7232F1B8E1".to_owned(),
            merchant_private_key_pem: sample_key_pem().into(),
            api_v3_key: API_V3_KEY.into(),
            platform_keys: vec![PlatformKeySource::PublicKey { id: KEY_ID.to_owned(), pem: platform_public_pem() }],
            reply_key_id: Some(KEY_ID.to_owned()),
            notify_base_url: "https://shop.example".to_owned(),
        }),
        request_timeout_ms: 2_000,
    }
}

/// A clock that stands at [`START`].
pub fn clock() -> Clock {
    Clock::manual(START)
}
