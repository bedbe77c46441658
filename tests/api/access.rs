//! Who may do what: everything of somebody's, as everybody else; everything of the back office, in every role; and every
//! token that should not work.

use std::collections::BTreeSet;
use std::process::Command;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::support::Shop;
use crate::support::buyer::Buyer;
use crate::support::document::{Document, Operation};
use crate::support::shop::{PASSWORD, text};

const MINUTE_MS: i64 = 60_000;

fn admin(document: &Document) -> Vec<Operation> {
    document.operations.iter().filter(|operation| operation.path.starts_with("/admin/")).cloned().collect()
}

async fn ask(
    shop: &Shop,
    operation: &Operation,
    path: &str,
    token: Option<&str>,
    device: Option<&str>,
) -> (u16, Value) {
    let key = format!("{:032x}", rand::random::<u128>());
    let mut headers = Vec::new();
    if operation.takes_key() {
        headers.push(("idempotency-key", key.as_str()));
    }
    headers.extend(device.map(|device| ("x-device-token", device)));
    shop.call_with(&operation.method, path, token, &headers, operation.body()).await
}

/// Pages of campaigns are there to be shown to friends, and things to be done on them are for whoever comes.
fn is_everybodys(path: &str) -> bool {
    ["/flash-sales/", "/group-buys/", "/bargains/", "/bargain-campaigns/", "/packets/", "/live-rooms/"]
        .iter()
        .any(|room| path.contains(room))
}

on_both_databases! {
    async fn what_is_somebodys_is_nobody_elses(shop: &Shop) {
        let document = Document::of(shop).await;
        let product = shop.product(5_000, 20).await;
        let (product_id, sku) = (text(&product["summary"]["id"]), text(&product["skus"][0]["id"]));
        let victim = shop.buyer().await;
        victim.does("POST", "/favourites", Some(json!({"product_id": product_id}))).await;
        victim.does("POST", "/cart/lines", Some(json!({"sku_id": sku, "quantity": 1}))).await;
        let order_id = victim.orders(&[(&sku, 1)]).await;
        let stranger = shop.buyer().await;
        let (_, device) = shop.call("POST", "/api/v1/devices", None, None).await;
        let device = text(&device["device_token"]);
        let share = victim.shares().await;
        let coupon = victim.claims(&shop.coupon_template(json!({})).await).await;
        let service_code = a_code_of(shop, &victim, &share).await;
        let before = shop.holdings();

        let mut seen = BTreeSet::new();
        for operation in document.operations.iter().filter(|operation| operation.path.starts_with("/api/") && operation.path.contains('{')) {
            let (path, name) = (&operation.path, operation.path.split(['{', '}']).nth(1).unwrap_or_default());
            if operation.is_open() {
                let open = [("get_product", "id"), ("show_campaign", "campaign_id")];
                let shown = open.contains(&(operation.id.as_str(), name)) || is_everybodys(path);
                assert!(shown, "{path} is open to everybody");
                continue;
            }
            if is_everybodys(path) {
                let (status, answer) = ask(shop, operation, &operation.path_with("1"), None, None).await;
                assert_eq!(status, 401, "{} as nobody: {answer}", operation.id);
                continue;
            }
            let (real, missing) = match () {
                () if path.contains("/orders/") => (order_id.as_str(), "1"),
                () if path.contains("/addresses/") => (victim.address_id.as_str(), "1"),
                () if path.contains("/cart/lines/") => (sku.as_str(), "1"),
                () if path.contains("/shares/") => (share.as_str(), "1"),
                () if path.contains("/coupons/") => (coupon.as_str(), "1"),
                () if path.contains("/favourites/") => (product_id.as_str(), "1"),
                () if path.contains("/service-codes/") => (service_code.as_str(), "1"),
                () => panic!("{path} names a thing that this claim does not know; teach it"),
            };
            seen.insert(operation.id.clone());
            let path = operation.path_with(real);
            let (status, answer) = ask(shop, operation, &path, None, None).await;
            assert_eq!(status, 401, "{} as nobody: {answer}", operation.id);
            let schemes = operation.schemes();
            let (status, answer) = ask(shop, operation, &path, None, Some(&device)).await;
            let expected = if schemes.contains(&"device") { 404 } else { 401 };
            assert_eq!(status, expected, "{} as a device: {answer}", operation.id);
            let (status, answer) = ask(shop, operation, &path, Some(&shop.owner), None).await;
            assert_eq!(status, 401, "{} as staff: {answer}", operation.id);
            let found = ask(shop, operation, &path, Some(&stranger.token), None).await;
            let none = ask(shop, operation, &operation.path_with(missing), Some(&stranger.token), None).await;
            assert_eq!(found.0, 404, "{} as another user: {}", operation.id, found.1);
            assert_eq!(found, none, "{} tells that it exists", operation.id);
            for secret in ["13800001234", "张三", "科技园"] {
                assert!(!found.1.to_string().contains(secret), "{} reveals {secret}", operation.id);
            }
        }
        assert!(seen.len() >= 12, "too few operations were found: {seen:?}");
        assert_eq!(shop.holdings(), before, "refused requests changed something");
        assert_eq!(victim.order(&order_id).await["state"], "pending_payment");
        assert_eq!(stranger.does("GET", "/orders", None).await["items"], json!([]));
    }

    async fn each_role_does_what_its_permissions_say_and_nothing_else(shop: &Shop) {
        let document = Document::of(shop).await;
        let known = shop.staff("GET", "/permissions", None).await;
        let known: BTreeSet<String> = known["items"].as_array().unwrap().iter().map(|item| text(&item["name"])).collect();
        let mut operations = admin(&document);
        // One's own log-in ends last.
        operations.sort_by_key(|operation| operation.id == "log_out_staff");
        let mut used = BTreeSet::new();
        for operation in &operations {
            let declared = operation.written.get("x-permission");
            let permission = declared.unwrap_or_else(|| panic!("{} declares no permission", operation.id));
            assert_eq!(permission.is_null(), operation.is_open(), "{}", operation.id);
            if let Some(name) = permission.as_str().filter(|name| *name != "any") {
                assert!(known.contains(name), "{} asks for {name}, which nobody can hold", operation.id);
                used.insert(name.to_owned());
            }
        }
        // Asked for by the approval of a refund, beside the permission to decide approvals at all.
        used.insert("order.refund.approve".to_owned());
        // And by that of a budget.
        used.insert("campaign.budget.approve".to_owned());
        // And by that of coupons for many.
        used.insert("coupon.grant.approve".to_owned());
        assert_eq!(used, known, "permissions that no operation asks for are of no use");

        let buyer = shop.buyer().await;
        for operation in operations.iter().filter(|operation| !operation.is_open()) {
            for (who, token) in [("nobody", None), ("a shopper", Some(buyer.token.as_str()))] {
                let (status, answer) = ask(shop, operation, &operation.path_with("1"), token, None).await;
                assert_eq!(status, 401, "{} as {who}: {answer}", operation.id);
            }
        }
        let roles = shop.staff("GET", "/roles", None).await;
        let roles: Vec<Value> = roles["items"].as_array().unwrap().iter().filter(|role| role["built_in"] == true).cloned().collect();
        assert!(roles.len() >= 5, "{roles:?}");
        for role in roles {
            let name = text(&role["name"]);
            let held: BTreeSet<&str> = role["permissions"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
            let (_, token) = shop.colleague(&format!("c.{}", name.replace('_', "-")), &[role["role_id"].as_str().unwrap()]).await;
            for operation in operations.iter().filter(|operation| !operation.is_open()) {
                let permission = operation.written["x-permission"].as_str().unwrap_or_default();
                let (status, answer) = ask(shop, operation, &operation.path_with("1"), Some(&token), None).await;
                let told = format!("{} as {name}: {status} {answer}", operation.id);
                assert!(status < 500, "{told}");
                if permission == "any" || held.contains(permission) {
                    assert_ne!(answer["code"], "request.forbidden", "{told}");
                    assert_ne!(answer["code"], "request.unauthenticated", "{told}");
                } else {
                    assert_eq!((status, &answer["code"]), (403, &json!("request.forbidden")), "{told}");
                }
            }
        }
    }

    async fn a_token_ends_with_its_log_in(shop: &Shop) {
        let buyer = shop.buyer().await;
        buyer.does("DELETE", "/sessions/current", None).await;
        assert_eq!(buyer.call("GET", "/me", None).await.0, 401, "after logging out");
        assert_eq!(refresh(shop, "/api/v1", &buyer.refresh_token).await.0, 401, "after logging out");

        let everywhere = shop.buyer().await;
        everywhere.does("DELETE", "/sessions", None).await;
        assert_eq!(everywhere.call("GET", "/me", None).await.0, 401, "after logging out everywhere");

        let blocked = shop.buyer().await;
        let user_id = text(&blocked.does("GET", "/me", None).await["user_id"]);
        shop.staff_post(&format!("/users/{user_id}/block"), json!({"reason": "刷单"})).await;
        assert!([401, 403].contains(&blocked.call("GET", "/me", None).await.0), "after being blocked");
        assert!([401, 403].contains(&refresh(shop, "/api/v1", &blocked.refresh_token).await.0), "after being blocked");

        let expired = shop.buyer().await;
        shop.clock.advance(15 * MINUTE_MS - 1_000);
        assert_eq!(expired.call("GET", "/me", None).await.0, 200, "a second before its end");
        shop.clock.advance(1_000);
        assert_eq!(expired.call("GET", "/me", None).await.0, 401, "at its end");
    }

    async fn a_refresh_token_used_twice_ends_the_log_in(shop: &Shop) {
        let buyer = shop.buyer().await;
        let (status, renewed) = refresh(shop, "/api/v1", &buyer.refresh_token).await;
        assert_eq!(status, 200, "{renewed}");
        let (access, next) = (text(&renewed["access_token"]), text(&renewed["refresh_token"]));
        assert_eq!(shop.call("GET", "/api/v1/me", Some(&access), None).await.0, 200);
        assert_eq!(refresh(shop, "/api/v1", &buyer.refresh_token).await.0, 401, "the old one again");
        assert_eq!(refresh(shop, "/api/v1", &next).await.0, 401, "the one that took its place");
        assert_eq!(shop.call("GET", "/api/v1/me", Some(&access), None).await.0, 401, "the access token");

        let login = json!({"username": "owner", "password": PASSWORD});
        let (_, login) = shop.call("POST", "/admin/v1/sessions", None, Some(login)).await;
        let (status, renewed) = refresh(shop, "/admin/v1", login["refresh_token"].as_str().unwrap()).await;
        assert_eq!(status, 200, "{renewed}");
        assert_eq!(refresh(shop, "/admin/v1", login["refresh_token"].as_str().unwrap()).await.0, 401);
        let token = text(&renewed["access_token"]);
        assert_eq!(shop.call("GET", "/admin/v1/me", Some(&token), None).await.0, 401);
    }

    async fn what_a_colleague_may_do_changes_at_once(shop: &Shop) {
        let roles = shop.staff("GET", "/roles", None).await;
        let role = |name: &str| {
            let found = roles["items"].as_array().unwrap().iter().find(|role| role["name"] == name);
            text(&found.unwrap_or_else(|| panic!("no role {name}"))["role_id"])
        };
        let (staff_id, token) = shop.colleague("xiaowang", &[&role("operations")]).await;
        assert_eq!(shop.call("GET", "/admin/v1/stock/items", Some(&token), None).await.0, 200);
        shop.staff("PUT", &format!("/staff/{staff_id}/roles"), Some(json!({"roles": [role("content")]}))).await;
        let (status, answer) = shop.call("GET", "/admin/v1/stock/items", Some(&token), None).await;
        assert!([401, 403].contains(&status), "an old token keeps what the roles had: {status} {answer}");
        let token = shop.log_in_staff("xiaowang", PASSWORD).await;
        assert_eq!(shop.call("GET", "/admin/v1/stock/items", Some(&token), None).await.0, 403);
        assert_eq!(shop.call("GET", "/admin/v1/products", Some(&token), None).await.0, 200);
        shop.staff("POST", &format!("/staff/{staff_id}/disable"), Some(json!({"reason": "已离职"}))).await;
        assert!([401, 403].contains(&shop.call("GET", "/admin/v1/products", Some(&token), None).await.0));
    }
}

/// A code of somebody's share. What makes codes at WeChat's has claims of its own; here it is written down as made.
async fn a_code_of(shop: &Shop, buyer: &Buyer<'_>, share: &str) -> String {
    let entrance = json!({"platform": "wechat_service", "app_id": "wxservice0000001", "name": "服务号", "secret": "5f3c9a1b7d2e4068"});
    let entrance: i64 = text(&shop.staff_post("/entrances", entrance).await["entrance_id"]).parse().unwrap();
    let (user, token): (i64, String) = (buyer.user_id().await.parse().unwrap(), share.to_owned());
    let write = move |tx: &mut hourglass::platform::db::Tx<'_>| {
        let (id, now) = (tx.next_id(), tx.now().millis());
        let sql = format!(
            "INSERT INTO service_codes (id, entrance_id, scene, name, kind, share_token, user_id, ticket, url, expires_at, \
             created_at, made_at) VALUES ({id}, {entrance}, '{token}', '', 'temporary', '{token}', {user}, 'T', \
             'http://weixin.qq.com/q/1', {now}, {now}, {now})"
        );
        diesel::RunQueryDsl::execute(diesel::sql_query(sql), tx.conn()?)?;
        Ok::<_, hourglass::platform::db::DbError>(id)
    };
    shop.app.db().write("test", write).await.unwrap().to_string()
}

async fn refresh(shop: &Shop, area: &str, token: &str) -> (u16, Value) {
    let body = json!({"refresh_token": token});
    shop.call("POST", &format!("{area}/sessions/refresh"), None, Some(body)).await
}

const SECRET: &str = "k7Q2v9Xw4Zt1Lr8Bn5Mc3Hd6Jf0Gs-Yp";

fn encoded(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn signed(header: &Value, claims: &Value, algorithm: hmac::Algorithm, key: &[u8]) -> String {
    let body = format!("{}.{}", encoded(header), encoded(claims));
    let signature = hmac::sign(&hmac::Key::new(algorithm, key), body.as_bytes());
    format!("{body}.{}", URL_SAFE_NO_PAD.encode(signature))
}

fn claims_of(token: &str) -> Value {
    let body = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body).unwrap()).unwrap()
}

#[actix_web::test]
async fn forged_tokens_name_nobody() {
    let shop = Shop::on_sqlite_with(&[("HOURGLASS_TOKEN_SECRET", SECRET)]).await;
    let buyer = shop.buyer().await;
    let hs256 = json!({"alg": "HS256", "typ": "JWT"});
    let (shopper, staff) = (claims_of(&buyer.token), claims_of(&shop.owner));
    let right = |claims: &Value| signed(&hs256, claims, hmac::HMAC_SHA256, SECRET.as_bytes());
    let places = [("/api/v1/me", &shopper), ("/admin/v1/me", &staff)];
    for (path, claims) in places {
        let good = right(claims);
        assert_eq!(shop.call("GET", path, Some(&good), None).await.0, 200, "the forger knows how");
        let (head, rest) = good.split_once('.').unwrap();
        let (body, signature) = rest.split_once('.').unwrap();
        let with = |field: &str, value: Value| {
            let mut changed = claims.clone();
            changed[field] = value;
            changed
        };
        let mut elsewhere = Vec::new();
        for audience in ["hourglass/device", "hourglass/other", "", "hourglass"] {
            elsewhere.push(("another audience", right(&with("aud", json!(audience)))));
        }
        let mut forged = vec![
            ("no algorithm", format!("{}.{body}.", encoded(&json!({"alg": "none", "typ": "JWT"})))),
            ("no algorithm, with a signature", format!("{}.{body}.{signature}", encoded(&json!({"alg": "None"})))),
            ("no signature", format!("{head}.{body}.")),
            ("another key", signed(&hs256, claims, hmac::HMAC_SHA256, b"another secret of thirty-two bytes")),
            ("an empty key", signed(&hs256, claims, hmac::HMAC_SHA256, b"")),
            (
                "another algorithm's name",
                signed(&json!({"alg": "RS256"}), claims, hmac::HMAC_SHA256, SECRET.as_bytes()),
            ),
            ("a longer hash", signed(&json!({"alg": "HS512"}), claims, hmac::HMAC_SHA512, SECRET.as_bytes())),
            ("changed claims", format!("{head}.{}.{signature}", encoded(&with("sub", json!("1"))))),
            ("no end", right(&with("exp", Value::Null))),
            ("an end in the past", right(&with("exp", json!(1)))),
            ("no log-in", right(&with("sid", Value::Null))),
            ("nonsense", "a.b.c".to_owned()),
            ("nothing", String::new()),
        ];
        forged.append(&mut elsewhere);
        for (what, token) in forged {
            let (status, answer) = shop.call("GET", path, Some(&token), None).await;
            assert_eq!((status, &answer["code"]), (401, &json!("request.unauthenticated")), "{path}: {what}: {answer}");
        }
    }
    let (_, device) = shop.call("POST", "/api/v1/devices", None, None).await;
    let device = text(&device["device_token"]);
    for (path, token) in [
        ("/api/v1/me", &shop.owner),
        ("/admin/v1/me", &buyer.token),
        ("/api/v1/me", &device),
        ("/admin/v1/me", &device),
    ] {
        assert_eq!(shop.call("GET", path, Some(token), None).await.0, 401, "{path} with a token for elsewhere");
    }
    for token in [&buyer.token, &shop.owner] {
        let headers = [("x-device-token", token.as_str())];
        assert_eq!(shop.call_with("GET", "/api/v1/cart", None, &headers, None).await.0, 401, "no token of a device");
    }
    assert_eq!(shop.call_with("GET", "/api/v1/cart", None, &[("x-device-token", &device)], None).await.0, 200);
}

#[test]
fn a_secret_that_others_know_stops_the_start() {
    let start = |settings: &[(&str, &str)]| {
        let folder = std::env::temp_dir();
        let mut command = Command::new(env!("CARGO_BIN_EXE_hourglass"));
        command.arg("serve").current_dir(&folder).env_clear().envs(settings.iter().copied());
        let output =
            command.env("HOURGLASS_DATABASE_URL", "sqlite:///dev/null/nowhere.db").output().expect("the program runs");
        assert_eq!(output.status.code(), Some(2), "it must not start: {output:?}");
        let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
        assert!(said.contains("HOURGLASS_TOKEN_SECRET"), "{said}");
        said
    };
    start(&[("HOURGLASS_MODE", "development"), ("HOURGLASS_TOKEN_SECRET", "short")]);
    let production = [
        ("HOURGLASS_MODE", "production"),
        ("HOURGLASS_PUBLIC_URL", "https://shop.example"),
        ("HOURGLASS_WECHAT_APP_ID", "wx0123456789abcdef"),
        ("HOURGLASS_WECHAT_APP_SECRET", "0123456789abcdef0123456789abcdef"),
        ("HOURGLASS_SEAL_KEY", "8f1d0b3c5a7e92641fd0b3c5a7e92648f1d0b3c5a7e92641fd0b3c5a7e926410"),
    ];
    for secret in ["hourglass-development-token-secret-not-for-production", "changemechangemechangemechangemechangeme"]
    {
        let said = start(&[production.as_slice(), &[("HOURGLASS_TOKEN_SECRET", secret)]].concat());
        assert!(!said.contains(secret), "the secret is not repeated");
    }
    start(&production);
}
