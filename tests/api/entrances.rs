//! Entrances in the back office: what staff may write, who may, and that secrets never come out again.

use serde_json::{Value, json};

use crate::support::Shop;
use crate::support::shop::text;

const SECRET: &str = "4ppS3cret-of-the-service-account";
const TOKEN: &str = "Mess4geToken";
const AES_KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";

fn service_account(app_id: &str) -> Value {
    json!({"platform": "wechat_service", "app_id": app_id, "name": "服务号", "secret": SECRET})
}

fn with(mut body: Value, field: &str, value: Value) -> Value {
    body[field] = value;
    body
}

async fn tries(shop: &Shop, method: &str, path: &str, body: Option<Value>) -> (u16, String, Value) {
    let (status, answer) = shop.call(method, &format!("/admin/v1{path}"), Some(&shop.owner), body).await;
    (status, answer["code"].as_str().unwrap_or_default().to_owned(), answer["details"].clone())
}

on_both_databases! {
    async fn the_mini_program_of_the_configuration_is_an_entrance_that_staff_cannot_shut(shop: &Shop) {
        let listed = shop.staff("GET", "/entrances", None).await;
        let own = &listed["items"][0];
        assert_eq!((&own["platform"], &own["origin"], &own["state"]), (&json!("wechat_mini"), &json!("configuration"), &json!("enabled")), "{listed}");
        assert_eq!((&own["app_id"], &own["secret_set_at"]), (&json!(shop.simulator.credentials.app_id), &Value::Null));
        assert_eq!(listed["items"].as_array().map(Vec::len), Some(1));
        let id = text(&own["entrance_id"]);
        for (method, path, body) in [
            ("POST", format!("/entrances/{id}/disable"), None),
            ("POST", format!("/entrances/{id}/enable"), None),
            ("PUT", format!("/entrances/{id}/secrets"), Some(json!({"secret": SECRET}))),
        ] {
            let (status, code, _) = tries(shop, method, &path, body).await;
            assert_eq!((status, code.as_str()), (409, "entrance.configured"), "{method} {path}");
        }
        let named = json!({"version": 1, "name": "小程序商城", "original_id": "gh_0123456789ab"});
        let named = shop.staff("PUT", &format!("/entrances/{id}"), Some(named)).await;
        assert_eq!((&named["name"], &named["version"]), (&json!("小程序商城"), &json!(2)));
        let keyed = json!({"message_token": TOKEN, "message_aes_key": AES_KEY});
        let keyed = shop.staff("PUT", &format!("/entrances/{id}/secrets"), Some(keyed)).await;
        assert!(keyed["message_token_set_at"].is_string() && keyed["message_aes_key_set_at"].is_string(), "{keyed}");
        shop.buyer().await;
    }

    async fn secrets_go_in_and_never_come_out(shop: &Shop) {
        let body = with(with(service_account("wxservice01"), "message_token", json!(TOKEN)), "message_aes_key", json!(AES_KEY));
        let added = shop.staff_post("/entrances", body).await;
        let id = text(&added["entrance_id"]);
        let rotated = shop.staff("PUT", &format!("/entrances/{id}/secrets"), Some(json!({"secret": format!("{SECRET}-2"), "message_token": null}))).await;
        assert_eq!((&rotated["message_token_set_at"], &rotated["version"]), (&Value::Null, &json!(2)), "{rotated}");
        assert!(rotated["message_aes_key_set_at"].is_string(), "what was not named stays: {rotated}");
        let shown = shop.staff("GET", &format!("/entrances/{id}"), None).await;
        let listed = shop.staff("GET", "/entrances?platform=wechat_service&state=enabled", None).await;
        assert_eq!(listed["items"], json!([shown]));
        let audit = shop.staff("GET", "/audit?subject_kind=entrance", None).await;
        assert_eq!(audit["items"].as_array().map(Vec::len), Some(2), "{audit}");
        let written = json!({"secret": "written", "message_token": "forgotten", "message_aes_key": "kept"});
        assert_eq!(audit["items"][0]["after"]["secrets_written"], written, "{audit}");
        for answer in [added, rotated, shown, listed, audit] {
            for secret in [SECRET, TOKEN, AES_KEY] {
                assert!(!answer.to_string().contains(secret), "{answer}");
            }
        }
        let open = shop.app.entrances().find(hourglass::entrance::Platform::WechatService, "wxservice01").expect("in force at once");
        assert_eq!(secrecy::ExposeSecret::expose_secret(&open.secret), format!("{SECRET}-2"));
        assert!(open.message_token.is_none());
    }

    async fn what_breaks_a_rule_is_refused_and_changes_nothing(shop: &Shop) {
        let added = shop.staff_post("/entrances", with(service_account("wxservice01"), "original_id", json!("gh_service01"))).await;
        let id = text(&added["entrance_id"]);
        let before = shop.holdings();
        let good = service_account("wxservice02");
        for (body, expected, field) in [
            (service_account("wxservice01"), "entrance.app_taken", ""),
            (with(good.clone(), "original_id", json!("gh_service01")), "entrance.original_taken", ""),
            (with(good.clone(), "app_id", json!("wx with spaces")), "entrance.invalid_field", "app_id"),
            (with(good.clone(), "name", json!(" ")), "entrance.invalid_field", "name"),
            (with(good.clone(), "open_platform", json!("a/b")), "entrance.invalid_field", "open_platform"),
            (with(good.clone(), "original_id", json!("wx0123")), "entrance.invalid_field", "original_id"),
            (with(good.clone(), "secret", json!("short")), "entrance.invalid_field", "secret"),
            (with(good.clone(), "message_token", json!("a b")), "entrance.invalid_field", "message_token"),
            (with(good.clone(), "message_aes_key", json!("short")), "entrance.invalid_field", "message_aes_key"),
            (with(with(good.clone(), "platform", json!("wechat_app")), "message_token", json!(TOKEN)), "entrance.invalid_field", "message_token"),
            (with(good.clone(), "platform", json!("alipay_mini")), "entrance.invalid_field", "secret"),
            (with(good.clone(), "platform", json!("myspace")), "request.invalid", "platform"),
            (with(good.clone(), "color", json!("red")), "request.invalid", "color"),
        ] {
            let (status, code, details) = tries(shop, "POST", "/entrances", Some(body.clone())).await;
            assert!((400..500).contains(&status), "{body}: {status}");
            assert_eq!(code, expected, "{body}: {details}");
            if !field.is_empty() {
                assert_eq!(details["field"], field, "{body}: {details}");
            }
            assert!(!details.to_string().contains("4ppS3cret"), "{details}");
        }
        let stale = json!({"version": 7, "name": "服务号", "original_id": null});
        let (status, code, details) = tries(shop, "PUT", &format!("/entrances/{id}"), Some(stale)).await;
        assert_eq!((status, code.as_str(), &details["version"]), (409, "entrance.changed", &json!(1)));
        for (method, path, body) in [
            ("GET", "/entrances/1", None),
            ("PUT", "/entrances/1", Some(json!({"version": 1, "name": "服务号"}))),
            ("PUT", "/entrances/1/secrets", Some(json!({"secret": SECRET}))),
            ("POST", "/entrances/1/disable", None),
        ] {
            let (status, code, _) = tries(shop, method, path, body).await;
            assert_eq!((status, code.as_str()), (404, "entrance.not_found"), "{method} {path}");
        }
        let (status, code, _) = tries(shop, "PUT", &format!("/entrances/{id}/secrets"), Some(json!({"secret": null}))).await;
        assert_eq!((status, code.as_str()), (422, "request.invalid"), "an application without a secret is none");
        assert_eq!(shop.holdings(), before);
    }

    async fn a_disabled_entrance_is_shut_until_it_is_enabled_again(shop: &Shop) {
        use hourglass::entrance::Platform;
        let added = shop.staff_post("/entrances", service_account("wxservice01")).await;
        let id = text(&added["entrance_id"]);
        let is_open = || shop.app.entrances().find(Platform::WechatService, "wxservice01").is_some();
        assert!(is_open());
        for _ in 0..2 {
            let shut = shop.staff("POST", &format!("/entrances/{id}/disable"), None).await;
            assert_eq!((&shut["state"], &shut["version"]), (&json!("disabled"), &json!(2)), "{shut}");
            assert!(!is_open());
        }
        shop.staff("POST", &format!("/entrances/{id}/enable"), None).await;
        assert!(is_open());
    }
}
