//! Claims about the whole service, built as it is served.

use std::path::{Path, PathBuf};

use actix_web::http::{Method, StatusCode};
use actix_web::middleware::from_fn;
use actix_web::test::{self, TestRequest};
use serde_json::Value;

use super::config::{Config, Values};
use super::wiring::App;
use crate::kernel::time::Clock;
use crate::platform::db::faults::Faults;
use crate::platform::db::{Tx, scratch};
use crate::platform::http::edge::edge;

struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let path = std::env::temp_dir().join(format!("hourglass-app-{:032x}", rand::random::<u128>()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn config(&self, more: &[(&str, &str)]) -> Config {
        let dir = self.0.to_str().unwrap();
        let pairs = [("HOURGLASS_MODE", "development"), ("HOURGLASS_DATA_DIR", dir)];
        let pairs = pairs.iter().chain(more).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::of(&Values::read(Some(Path::new("/dev/null")), pairs).unwrap()).unwrap()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.0);
    }
}

async fn started(folder: &Folder, more: &[(&str, &str)]) -> App {
    App::start(folder.config(more), Clock::wall(), Faults::none()).await.unwrap()
}

macro_rules! site {
    ($app:expr) => {
        test::init_service(actix_web::App::new().wrap(from_fn(edge)).configure($app.configure())).await
    };
}

macro_rules! ask {
    ($site:expr, $method:expr, $path:expr) => {{
        let request = TestRequest::default().method($method).uri($path).peer_addr("127.0.0.1:9".parse().unwrap());
        let answer = test::call_service($site, request.to_request()).await;
        (answer.status(), answer)
    }};
}

#[actix_web::test]
async fn probes_figures_and_the_document_answer() {
    let folder = Folder::new();
    let app = started(&folder, &[]).await;
    let site = site!(app);
    for path in ["/health/live", "/health/ready", "/metrics", "/openapi.json", "/docs/", "/docs/swagger-ui.css"] {
        let (status, answer) = ask!(&site, Method::GET, path);
        assert_eq!(status, StatusCode::OK, "{path}");
        assert!(answer.headers().contains_key("x-request-id"), "{path}");
        assert_eq!(answer.headers().get("x-content-type-options").unwrap(), "nosniff", "{path}");
    }
    let (_, answer) = ask!(&site, Method::GET, "/docs/");
    let policy = answer.headers().get("content-security-policy").unwrap().to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'") && !policy.contains("http"), "{policy}");
    let page = String::from_utf8(test::read_body(answer).await.to_vec()).unwrap();
    assert!(!page.contains("https://") && !page.contains("http://"), "the reader loads nothing from elsewhere");
}

#[actix_web::test]
async fn what_is_not_there_and_what_may_not_be_done_are_told_apart() {
    let folder = Folder::new();
    let app = started(&folder, &[]).await;
    let site = site!(app);
    for path in ["/", "/nothing", "/api/v1/nothing", "/admin/v1/nothing", "/files/pictures/00/00.png", "/docs/x"] {
        let (status, answer) = ask!(&site, Method::GET, path);
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        let body: Value = test::read_body_json(answer).await;
        assert_eq!(body["code"], "request.not_found", "{path}");
    }
    for (method, path, allowed) in [
        (Method::DELETE, "/api/v1/categories", "GET"),
        (Method::POST, "/health/live", "GET"),
        (Method::PATCH, "/api/v1/products/7", "GET"),
    ] {
        let (status, answer) = ask!(&site, method, path);
        assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
        assert_eq!(answer.headers().get("allow").unwrap(), allowed, "{path}");
        let body: Value = test::read_body_json(answer).await;
        assert_eq!(body["code"], "request.method_not_allowed", "{path}");
    }
}

#[actix_web::test]
async fn every_documented_operation_is_mounted() {
    let folder = Folder::new();
    let app = started(&folder, &[("HOURGLASS_LIMIT_WRITE", "1000000"), ("HOURGLASS_LIMIT_LOGIN", "1000000")]).await;
    let site = site!(app);
    let document = super::openapi::document().unwrap();
    for (path, item) in document["paths"].as_object().unwrap() {
        let path: String =
            path.split('/').map(|part| if part.starts_with('{') { "7" } else { part }).collect::<Vec<_>>().join("/");
        for (method, _) in item.as_object().unwrap() {
            let method: Method = method.to_uppercase().parse().unwrap();
            let (status, answer) = ask!(&site, method.clone(), &path);
            assert_ne!(status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
            assert!(!status.is_server_error(), "{method} {path}: {status}");
            if path.starts_with("/admin/v1/") && !path.contains("/sessions") {
                assert_eq!(status, StatusCode::UNAUTHORIZED, "{method} {path}");
            }
            if !status.is_success() && !status.is_redirection() {
                let body: Value = test::read_body_json(answer).await;
                assert!(body["code"].is_string(), "{method} {path}");
            }
        }
    }
}

#[actix_web::test]
async fn a_shop_starts_again_on_what_it_has() {
    let folder = Folder::new();
    drop(started(&folder, &[]).await);
    let app = started(&folder, &[]).await;
    let site = site!(app);
    assert_eq!(ask!(&site, Method::GET, "/health/ready").0, StatusCode::OK);
}

#[actix_web::test]
async fn figures_ask_for_their_token_when_one_is_set_and_for_this_machine_otherwise() {
    let folder = Folder::new();
    let app = started(&folder, &[("HOURGLASS_METRICS_TOKEN", "0123456789abcdef")]).await;
    let site = site!(app);
    assert_eq!(ask!(&site, Method::GET, "/metrics").0, StatusCode::NOT_FOUND);
    let with = TestRequest::get().uri("/metrics").insert_header(("authorization", "Bearer 0123456789abcdef"));
    assert_eq!(test::call_service(&site, with.to_request()).await.status(), StatusCode::OK);

    let open = Folder::new();
    let app = started(&open, &[]).await;
    let site = site!(app);
    let elsewhere = TestRequest::get().uri("/metrics").peer_addr("192.0.2.7:9".parse().unwrap());
    assert_eq!(test::call_service(&site, elsewhere.to_request()).await.status(), StatusCode::NOT_FOUND);
}

#[actix_web::test]
async fn a_body_above_the_limit_is_refused() {
    let folder = Folder::new();
    let app = started(&folder, &[("HOURGLASS_MAX_BODY_BYTES", "1024")]).await;
    let site = site!(app);
    let body = format!("{{\"code\":\"{}\"}}", "x".repeat(2_000));
    let request = TestRequest::post().uri("/admin/v1/sessions").insert_header(("content-type", "application/json"));
    let answer = test::call_service(&site, request.set_payload(body).to_request()).await;
    assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
}

/// The partial indexes by which sweeps find what is due among everything there ever was.
const FOUND_BY: [&str; 16] = [
    "payment_notices_unapplied",
    "payment_attempts_query_due",
    "refunds_query_due",
    "orders_close_due",
    "orders_receive_due",
    "orders_complete_due",
    "products_on_sale_due",
    "products_off_sale_due",
    "coupons_due",
    "buy_groups_due",
    "group_seats_settle",
    "bargain_rules_to_rank",
    "bargains_expiring",
    "bargain_awards_due",
    "packets_due",
    "flash_sale_reminders_due",
];

#[actix_web::test]
async fn what_is_due_is_found_by_indexes_of_what_can_be_due() {
    let folder = Folder::new();
    let app = started(&folder, &[]).await;
    let mut plans = Vec::new();
    for sweep in app.runner().sweeps() {
        let looking = move |tx: &mut Tx<'_>| scratch::plans_of(tx, |tx| sweep.due(tx, 100));
        plans.extend(app.db().read("plans", looking).await.unwrap());
    }
    let missing: Vec<&str> =
        FOUND_BY.into_iter().filter(|index| !plans.iter().any(|plan| plan.contains(index))).collect();
    assert_eq!(missing, Vec::<&str>::new(), "{plans:#?}");
}
