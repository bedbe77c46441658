//! Whatever is sent: fields nobody asked for, broken bodies, hostile words, wrong pictures, too much of everything.

use std::collections::BTreeSet;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::support::Shop;
use crate::support::buyer::Buyer;
use crate::support::document::{Document, Operation};
use crate::support::shop::text;

/// Fields that only the shop itself may set.
const FORBIDDEN: [&str; 8] = ["id", "user_id", "role", "price", "status", "paid_at", "balance", "created_at"];

/// Words that would do harm where somebody pastes them into something.
const HOSTILE: [&str; 7] = [
    "' OR '1'='1' --",
    "1; DROP TABLE orders; --",
    "<script>alert(1)</script>",
    "${jndi:ldap://127.0.0.1/a}{{7*7}}",
    "nul\u{0}byte",
    "../../../../etc/passwd",
    "\u{202e}\u{fffd}😀%00%s\\",
];

/// Operations whose passwords are hashed, which takes long on purpose; each hostile word in one field is enough.
fn is_slow(operation: &Operation) -> bool {
    operation.body().is_some_and(|body| body.to_string().contains("password"))
}

/// Who may ask for this.
fn token_for<'a>(shop: &'a Shop, buyer: &'a Buyer<'_>, operation: &Operation) -> Option<&'a str> {
    match operation.schemes().first() {
        Some(&"staff") => Some(&shop.owner),
        Some(_) => Some(&buyer.token),
        None => None,
    }
}

async fn send(shop: &Shop, operation: &Operation, token: Option<&str>, kind: &str, body: Vec<u8>) -> (u16, Value) {
    let method = operation.method.parse().unwrap();
    let mut request = shop.http.request(method, format!("{}{}", shop.base, operation.path_with("1")));
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    if operation.takes_key() {
        request = request.header("idempotency-key", format!("{:032x}", rand::random::<u128>()));
    }
    let answer = request.header("content-type", kind).body(body).send().await.unwrap();
    let status = answer.status().as_u16();
    (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or(Value::Null))
}

fn is_refusal(answer: &Value, code: &str) -> bool {
    let said = |language: &str| answer["message"][language].as_str().is_some_and(|words| !words.is_empty());
    answer["code"] == code && said("zh") && said("en")
}

/// What other people's services write into the bodies of their hooks is their own affair.
fn with_bodies(document: &Document) -> Vec<Operation> {
    document
        .operations
        .iter()
        .filter(|operation| !operation.path.starts_with("/hooks/"))
        .filter(|operation| operation.body().is_some_and(|body| body.is_object()))
        .cloned()
        .collect()
}

/// Every text in a value, as pointers.
fn texts(value: &Value, place: &str, found: &mut Vec<String>) {
    match value {
        Value::String(_) => found.push(place.to_owned()),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(at, item)| texts(item, &format!("{place}/{at}"), found))
        }
        Value::Object(fields) => {
            fields.iter().for_each(|(name, field)| texts(field, &format!("{place}/{name}"), found))
        }
        _ => {}
    }
}

on_both_databases! {
    async fn a_field_nobody_asked_for_is_refused_and_nothing_changes(shop: &Shop) {
        let document = Document::of(shop).await;
        let buyer = shop.buyer().await;
        let operations = with_bodies(&document);
        assert!(operations.len() > 35, "{}", operations.len());
        let before = shop.holdings();
        for operation in &operations {
            let known = document.resolved(operation.body_schema().unwrap())["properties"].as_object().cloned().unwrap_or_default();
            for field in FORBIDDEN.into_iter().filter(|field| !known.contains_key(*field)) {
                let mut body = operation.body().unwrap();
                body[field] = json!(1);
                let token = token_for(shop, &buyer, operation);
                let (status, answer) = send(shop, operation, token, "application/json", body.to_string().into()).await;
                assert!(status == 422 && is_refusal(&answer, "request.invalid"), "{} with {field}: {status} {answer}", operation.id);
                assert!(answer["details"].to_string().contains(field), "{} does not name {field}: {answer}", operation.id);
            }
        }
        assert_eq!(shop.holdings(), before);
    }

    async fn hostile_words_are_only_words(shop: &Shop) {
        let document = Document::of(shop).await;
        let buyer = shop.buyer().await;
        let orders = buyer.orders(&[(&shop.sku(5_000, 5).await, 1)]).await;
        for operation in with_bodies(&document) {
            let example = operation.body().unwrap();
            let mut places = Vec::new();
            texts(&example, "", &mut places);
            if is_slow(&operation) {
                places.truncate(1);
            }
            for place in places {
                for words in HOSTILE {
                    let mut body = example.clone();
                    *body.pointer_mut(&place).unwrap() = json!(words);
                    let token = token_for(shop, &buyer, &operation);
                    let (status, answer) = send(shop, &operation, token, "application/json", body.to_string().into()).await;
                    assert!(status < 500, "{} {place} {words:?}: {status} {answer}", operation.id);
                    let leaks = ["sqlite", "postgres", "syntax error", "SELECT "];
                    assert!(!leaks.iter().any(|leak| answer.to_string().contains(leak)), "{}: {answer}", operation.id);
                }
            }
        }
        for operation in document.operations.iter().filter(|operation| operation.method == "GET") {
            for parameter in operation.parameters("query") {
                for words in HOSTILE {
                    let path = format!("{}?{}={}", operation.path_with("1"), parameter["name"].as_str().unwrap(), percent(words));
                    let (status, answer) = shop.call("GET", &path, token_for(shop, &buyer, operation), None).await;
                    assert!(status < 500, "{path}: {status} {answer}");
                }
            }
            for words in HOSTILE.into_iter().filter(|_| operation.path.contains('{')) {
                let path = operation.path_with(&percent(words));
                let (status, answer) = shop.call("GET", &path, token_for(shop, &buyer, operation), None).await;
                assert_eq!(status, 404, "{path}: {answer}");
            }
        }
        assert_eq!(buyer.order(&orders).await["state"], "pending_payment");
        for words in HOSTILE.into_iter().filter(|words| words.is_ascii() && !words.contains('\0')) {
            let address = json!({
                "receiver_name": "张三", "receiver_phone": "13800001234", "province_code": "44", "city": "深圳市",
                "district": "南山区", "detail": words, "is_default": false
            });
            let (status, kept) = buyer.call("POST", "/addresses", Some(address)).await;
            if status == 201 {
                let id = text(&kept["address_id"]);
                let kept = buyer.does("GET", &format!("/addresses/{id}"), None).await;
                assert_eq!(kept["detail"], words, "it is kept as it was written");
                buyer.does("DELETE", &format!("/addresses/{id}"), None).await;
            }
        }
    }
}

fn percent(words: &str) -> String {
    words.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[actix_web::test]
async fn broken_bodies_are_refused_each_in_its_way() {
    let shop = Shop::on_sqlite().await;
    let document = Document::of(&shop).await;
    let buyer = shop.buyer().await;
    for operation in with_bodies(&document) {
        let token = token_for(&shop, &buyer, &operation);
        let good = operation.body().unwrap().to_string();
        let first = operation.body().unwrap().as_object().unwrap().keys().next().unwrap().clone();
        let twice = format!("{{\"{first}\": 1, \"{first}\": 1}}");
        let cases: Vec<(&str, &str, Vec<u8>, u16, &str)> = vec![
            (
                "half a body",
                "application/json",
                good.as_bytes()[..good.len() - 1].to_vec(),
                400,
                "request.malformed_json",
            ),
            ("nothing", "application/json", Vec::new(), 400, "request.malformed_json"),
            ("no JSON", "application/json", b"a=1&b=2".to_vec(), 400, "request.malformed_json"),
            ("two bodies", "application/json", format!("{good}{good}").into(), 400, "request.malformed_json"),
            ("no UTF-8", "application/json", b"{\"\xff\": 1}".to_vec(), 400, "request.malformed_json"),
            ("a text", "application/json", b"\"text\"".to_vec(), 422, "request.invalid"),
            ("a number", "application/json", b"7".to_vec(), 422, "request.invalid"),
            ("null", "application/json", b"null".to_vec(), 422, "request.invalid"),
            (
                "a wrong type",
                "application/json",
                format!("{{\"{first}\": {{\"a\": []}}}}").into(),
                422,
                "request.invalid",
            ),
            ("a field twice", "application/json", twice.into(), 422, "request.invalid"),
            ("a form", "application/x-www-form-urlencoded", good.clone().into(), 415, "request.unsupported_media"),
            ("plain text", "text/plain", good.clone().into(), 415, "request.unsupported_media"),
            ("too much", "application/json", vec![b' '; 300_000], 413, "request.too_large"),
        ];
        for (what, kind, body, expected, code) in cases {
            let (status, answer) = send(&shop, &operation, token, kind, body).await;
            assert!(status == expected && is_refusal(&answer, code), "{} with {what}: {status} {answer}", operation.id);
        }
        let (status, _) = send(&shop, &operation, token, "application/json", vec![b'['; 100_000]).await;
        assert!([400, 422].contains(&status), "{} with a deep body: {status}", operation.id);
    }
}

#[actix_web::test]
async fn unknown_paths_and_methods_are_refused_in_the_usual_form() {
    let shop = Shop::on_sqlite().await;
    let document = Document::of(&shop).await;
    for path in
        ["/nothing", "/api/v1/nothing", "/admin/v1/nothing", "/api/v2/orders", "/api/v1/orders/1/nothing", "/API/V1/me"]
    {
        let (status, answer) = shop.call("GET", path, None, None).await;
        assert!(status == 404 && is_refusal(&answer, "request.not_found"), "{path}: {status} {answer}");
    }
    let paths: BTreeSet<String> = document.operations.iter().map(|operation| operation.path_with("1")).collect();
    for path in paths {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            if document.reached(method, &path).is_some() {
                continue;
            }
            let (status, answer) = shop.call(method, &path, Some(&shop.owner), None).await;
            assert!(
                status == 405 && is_refusal(&answer, "request.method_not_allowed"),
                "{method} {path}: {status} {answer}"
            );
        }
    }
}

#[actix_web::test]
async fn a_word_of_one_path_is_no_id_of_another() {
    let shop = Shop::on_sqlite().await;
    let buyer = shop.buyer().await;
    for (method, path, token, allowed) in [
        ("GET", "/api/v1/coupons/best", &buyer.token, "POST"),
        ("PATCH", "/admin/v1/campaigns/calendar", &shop.owner, "GET"),
    ] {
        let request = shop.http.request(method.parse().unwrap(), format!("{}{path}", shop.base)).bearer_auth(token);
        let answer = request.json(&json!({})).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.headers()["allow"].to_str().unwrap()), (405, allowed), "{path}");
        assert!(is_refusal(&answer.json().await.unwrap(), "request.method_not_allowed"), "{path}");
    }
    let (status, answer) = shop.call("GET", "/api/v1/coupons/worst", Some(&buyer.token), None).await;
    assert!(status == 404 && is_refusal(&answer, "request.not_found"), "{status} {answer}");
}

#[actix_web::test]
async fn a_list_knows_what_it_can_be_asked() {
    let shop = Shop::on_sqlite().await;
    let document = Document::of(&shop).await;
    let buyer = shop.buyer().await;
    let lists = document
        .operations
        .iter()
        // What WeChat adds to the address of its hooks is its own affair.
        .filter(|operation| operation.method == "GET" && !operation.path.starts_with("/hooks/"))
        .filter(|operation| operation.parameters("query").next().is_some());
    let mut tried = 0;
    for operation in lists {
        let mut wrong = vec!["nonsense=1".to_owned(), "user_id[]=1&id=2".to_owned()];
        for parameter in operation.parameters("query") {
            let name = parameter["name"].as_str().unwrap();
            let schema = document.resolved(&parameter["schema"]);
            if let Some(most) = schema["maxLength"].as_u64() {
                wrong.push(format!("{name}={}", "x".repeat(most as usize + 1)));
            }
            match name {
                "limit" => wrong.extend(
                    ["0", "-1", "101", "many", "1e2", "99999999999999999999"].map(|value| format!("limit={value}")),
                ),
                "cursor" => wrong.extend(["x", "%27", "bm9uc2Vuc2U"].map(|value| format!("cursor={value}"))),
                _ if name == "sort" || schema.get("enum").is_some() => {
                    wrong.extend(
                        ["nonsense", "", "id;DROP", "id DESC"].map(|value| format!("{name}={}", percent(value))),
                    );
                }
                _ if name.ends_with("_id") || schema["type"] == "integer" || schema["type"] == "boolean" => {
                    wrong.extend(["x", "1.5", "-", "99999999999999999999"].map(|value| format!("{name}={value}")));
                }
                _ => {}
            }
        }
        for query in wrong {
            let path = format!("{}?{query}", operation.path_with("1"));
            let (status, answer) = shop.call("GET", &path, token_for(&shop, &buyer, operation), None).await;
            assert_eq!(status, 422, "{path}: {answer}");
            tried += 1;
        }
    }
    assert!(tried > 100, "{tried}");
}

fn png() -> Vec<u8> {
    use image::ImageEncoder as _;
    let mut bytes = Vec::new();
    let encoder = image::codecs::png::PngEncoder::new(&mut bytes);
    encoder.write_image(&[200; 4 * 4 * 3], 4, 4, image::ExtendedColorType::Rgb8).unwrap();
    bytes
}

async fn upload(shop: &Shop, bytes: Vec<u8>) -> (u16, Value) {
    let request = shop.http.post(format!("{}/admin/v1/pictures", shop.base)).bearer_auth(&shop.owner);
    let answer = request.header("content-type", "application/octet-stream").body(bytes).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap_or(Value::Null))
}

#[actix_web::test]
async fn only_pictures_are_kept_and_only_as_pictures() {
    let shop = Shop::on_sqlite().await;
    let good = png();
    let mut bomb = good.clone();
    // Width and height stand behind the signature and the first chunk's head.
    bomb[16..24].copy_from_slice(&[0x00, 0xff, 0xff, 0xff, 0x00, 0xff, 0xff, 0xff]);
    let cases: [(&str, Vec<u8>); 9] = [
        ("a page behind a picture", [good.as_slice(), b"<html><script>alert(1)</script></html>"].concat()),
        (
            "a drawing that can hold scripts",
            b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>".to_vec(),
        ),
        ("a page", b"<!doctype html><script>alert(1)</script>".to_vec()),
        ("a page that begins like a GIF", b"GIF89a/*<script>alert(1)</script>*/=1".to_vec()),
        ("half a picture", good[..good.len() / 2].to_vec()),
        ("a beginning", good[..8].to_vec()),
        ("a bomb", bomb),
        ("an archive", b"PK\x03\x04\x14\x00\x00\x00\x08\x00".to_vec()),
        ("nothing", Vec::new()),
    ];
    for (what, bytes) in cases {
        let (status, answer) = upload(&shop, bytes).await;
        assert!(status == 422 && is_refusal(&answer, "catalog.picture_refused"), "{what}: {status} {answer}");
    }
    let (status, answer) = upload(&shop, vec![0x89; 11 * 1024 * 1024]).await;
    assert!(status == 413 && is_refusal(&answer, "request.too_large"), "eleven megabytes: {status} {answer}");

    let (status, kept) = upload(&shop, good).await;
    assert_eq!(status, 201, "{kept}");
    let answer = shop.http.get(format!("{}/files/{}", shop.base, text(&kept["key"]))).send().await.unwrap();
    let header =
        |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    assert_eq!(header("content-type"), "image/png");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert!(header("content-security-policy").contains("sandbox"));
}

/// A request whose path nobody tidies on the way; answers the status.
fn raw_get(shop: &Shop, path: &str) -> u16 {
    let mut stream = TcpStream::connect(shop.address()).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: shop\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    let _ended = stream.read_to_end(&mut answer);
    let answer = String::from_utf8_lossy(&answer).into_owned();
    assert!(!answer.contains("root:") && !answer.contains("SQLite format"), "{path} shows a file of the machine");
    answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
}

#[actix_web::test]
async fn nobody_climbs_out_of_the_files() {
    let shop = Shop::on_sqlite().await;
    for path in [
        "/files/../hourglass.db",
        "/files/..%2fhourglass.db",
        "/files/%2e%2e/hourglass.db",
        "/files/%2e%2e%2fhourglass.db",
        "/files/..%5chourglass.db",
        "/files/....//hourglass.db",
        "/files//etc/passwd",
        "/files/%2fetc%2fpasswd",
        "/files/../../../../../../etc/passwd",
        "/files/ab/..%2f..%2f..%2fetc/passwd",
        "/files/%00",
        "/files/ab%00.png",
        "/files/.",
        "/files/",
        "/docs/../../etc/passwd",
        "/docs/%2e%2e%2f%2e%2e%2fetc/passwd",
    ] {
        assert_eq!(raw_get(&shop, path), 404, "{path}");
    }
}

/// How many of `times` equal requests are let through.
async fn let_through(
    shop: &Shop,
    times: usize,
    method: &str,
    path: &str,
    token: Option<&str>,
    headers: &[(&str, &str)],
) -> usize {
    let mut passed = 0;
    for _ in 0..times {
        let (status, answer) = shop.call_with(method, path, token, headers, None).await;
        if status == 429 {
            assert!(is_refusal(&answer, "request.rate_limited"), "{answer}");
        } else {
            passed += 1;
        }
    }
    passed
}

const MINUTE_MS: i64 = 60_000;

#[actix_web::test]
async fn each_user_and_device_has_a_count_of_its_own_in_each_group() {
    let limits = [
        ("HOURGLASS_LIMIT_LOGIN", "30"),
        ("HOURGLASS_LIMIT_WRITE", "6"),
        ("HOURGLASS_LIMIT_READ", "8"),
        ("HOURGLASS_LIMIT_ADDRESS_FACTOR", "100"),
    ];
    let shop = Shop::on_sqlite_with(&limits).await;
    let (one, other) = (shop.buyer().await, shop.buyer().await);
    let (_, device) = shop.call("POST", "/api/v1/devices", None, None).await;
    let device = text(&device["device_token"]);
    shop.clock.advance(MINUTE_MS);
    let (mine, theirs) = (Some(one.token.as_str()), Some(other.token.as_str()));
    assert_eq!(let_through(&shop, 12, "DELETE", "/api/v1/cart", mine, &[]).await, 6, "writes of one user");
    assert_eq!(let_through(&shop, 12, "DELETE", "/api/v1/cart", theirs, &[]).await, 6, "writes of another");
    assert_eq!(let_through(&shop, 12, "GET", "/api/v1/me", mine, &[]).await, 8, "reads are another group");
    let by_device = [("x-device-token", device.as_str())];
    assert_eq!(let_through(&shop, 12, "DELETE", "/api/v1/cart", None, &by_device).await, 6, "writes of a device");
    assert_eq!(let_through(&shop, 12, "GET", "/api/v1/cart", None, &by_device).await, 8, "reads of a device");
    assert_eq!(let_through(&shop, 12, "GET", "/admin/v1/me", Some(&shop.owner), &[]).await, 8, "reads of staff");
    shop.clock.advance(MINUTE_MS / 6);
    assert_eq!(let_through(&shop, 3, "DELETE", "/api/v1/cart", mine, &[]).await, 1, "a sixth of a minute later");
    shop.clock.advance(MINUTE_MS);
    assert_eq!(let_through(&shop, 12, "DELETE", "/api/v1/cart", mine, &[]).await, 6, "a minute later");
    assert_eq!(shop.call("GET", "/health/live", None, None).await.0, 200, "probes are never refused");
}

#[actix_web::test]
async fn an_address_is_believed_only_from_a_trusted_proxy() {
    let limits = [
        ("HOURGLASS_LIMIT_LOGIN", "5"),
        ("HOURGLASS_LIMIT_WRITE", "50"),
        ("HOURGLASS_LIMIT_READ", "7"),
        ("HOURGLASS_LIMIT_ADDRESS_FACTOR", "1"),
    ];
    let proxy = ("HOURGLASS_TRUSTED_PROXIES", "127.0.0.1");
    for trusted in [false, true] {
        let mut settings = limits.to_vec();
        settings.extend(trusted.then_some(proxy));
        let shop = Shop::on_sqlite_with(&settings).await;
        shop.clock.advance(MINUTE_MS);
        let mut passed = 0;
        for last in 0..20 {
            let claimed = format!("203.0.113.{last}");
            passed += let_through(&shop, 1, "GET", "/api/v1/categories", None, &[("x-forwarded-for", &claimed)]).await;
        }
        assert_eq!(passed, if trusted { 20 } else { 7 }, "reads from twenty claimed addresses, trusted: {trusted}");
        shop.clock.advance(MINUTE_MS);
        // What stands left of the proxy's own word was written by the client.
        let mut passed = 0;
        for last in 0..20 {
            let claimed = format!("203.0.113.{last}, 198.51.100.7");
            passed += let_through(&shop, 1, "GET", "/api/v1/categories", None, &[("x-forwarded-for", &claimed)]).await;
        }
        assert_eq!(passed, 7, "reads from one address that claims to be twenty, trusted: {trusted}");
        assert_eq!(let_through(&shop, 9, "POST", "/api/v1/devices", None, &[]).await, 5, "log-ins from one address");
    }
}
