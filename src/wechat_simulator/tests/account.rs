//! The account host: tokens, login, phone numbers, shipping.

use serde_json::{Value, json};

use super::merchant::Stage;
use crate::wechat_simulator::crypto::session_signature;

impl Stage {
    async fn token(&self) -> String {
        let grant = self.account("GET", &self.token_path(), None).await;
        assert_eq!(grant["expires_in"], 7_200);
        grant["access_token"].as_str().unwrap().to_owned()
    }

    fn token_path(&self) -> String {
        let app = &self.credentials;
        format!("/cgi-bin/token?grant_type=client_credential&appid={}&secret={}", app.app_id, app.app_secret)
    }

    async fn stable(&self, force: bool) -> Value {
        let app = &self.credentials;
        let body = json!({
            "grant_type": "client_credential", "appid": app.app_id, "secret": app.app_secret, "force_refresh": force,
        });
        self.account("POST", "/cgi-bin/stable_token", Some(body)).await
    }

    async fn session(&self, code: &str) -> Value {
        let app = &self.credentials;
        let path = format!(
            "/sns/jscode2session?appid={}&secret={}&js_code={code}&grant_type=authorization_code",
            app.app_id, app.app_secret
        );
        self.account("GET", &path, None).await
    }

    async fn carriers(&self, token: &str) -> Value {
        let path = format!("/cgi-bin/express/delivery/open_msg/get_delivery_list?access_token={token}");
        self.account("POST", &path, Some(json!({}))).await
    }
}

#[actix_web::test]
async fn the_two_token_spaces_do_not_disturb_each_other_and_end_by_the_clock() {
    let stage = Stage::open().await;
    let old = stage.token().await;
    let stable = stage.stable(false).await["access_token"].as_str().unwrap().to_owned();
    let new = stage.token().await;
    assert_ne!(old, new);
    for token in [&old, &new, &stable] {
        assert_eq!(stage.carriers(token).await["errcode"], 0);
    }
    stage.clock.advance(300_000);
    let refused = stage.carriers(&old).await;
    assert_eq!(refused["errcode"], 40001);
    assert!(refused["errmsg"].as_str().unwrap().contains(" rid: "));
    assert_eq!(stage.carriers(&stable).await["errcode"], 0);
    assert_eq!(stage.stable(false).await["expires_in"], 6_900);

    let forced = stage.stable(true).await["access_token"].as_str().unwrap().to_owned();
    assert_eq!(stage.carriers(&stable).await["errcode"], 40001);
    assert_eq!(stage.stable(true).await["access_token"], forced.as_str());
    stage.clock.advance(7_200_000);
    assert_eq!(stage.carriers(&forced).await["errcode"], 42001);
    assert_eq!(stage.account("POST", "/wxa/sec/order/get_order", Some(json!({}))).await["errcode"], 41001);
    stage.close().await;
}

#[actix_web::test]
async fn wrong_credentials_methods_and_paths_have_their_codes() {
    let stage = Stage::open().await;
    let wrong = stage.token_path().replace(&stage.credentials.app_secret, "nonsense");
    assert_eq!(stage.account("GET", &wrong, None).await["errcode"], 40125);
    let wrong = stage.token_path().replace(&stage.credentials.app_id, "wx0");
    assert_eq!(stage.account("GET", &wrong, None).await["errcode"], 40013);
    assert_eq!(stage.account("GET", "/cgi-bin/stable_token", None).await["errcode"], 43002);
    assert_eq!(stage.account("POST", "/cgi-bin/stable_token", None).await["errcode"], 44002);
    assert_eq!(stage.account("POST", "/cgi-bin/stable_token", Some(json!(1))).await["errcode"], 47001);
    assert_eq!(stage.account("GET", "/cgi-bin/nowhere", None).await["errcode"], 40066);
    stage.close().await;
}

#[actix_web::test]
async fn a_login_code_opens_one_session_whose_key_can_be_checked_and_reset() {
    let stage = Stage::open().await;
    let login = stage.told("POST", "/login", json!({ "nickname": "小明" })).await;
    let code = login["js_code"].as_str().unwrap();
    let session = stage.session(code).await;
    assert_eq!(session["openid"], login["openid"]);
    assert!(session["unionid"].is_string());
    assert_eq!(stage.session(code).await["errcode"], 40163);
    assert_eq!(stage.session("nonsense").await["errcode"], 40029);
    let again = stage.told("POST", "/login", json!({ "openid": login["openid"] })).await;
    stage.clock.advance(300_000);
    assert_eq!(stage.session(again["js_code"].as_str().unwrap()).await["errcode"], 40029);

    let token = stage.token().await;
    let key = session["session_key"].as_str().unwrap();
    let path = |call: &str, key: &str| {
        let openid = session["openid"].as_str().unwrap();
        let signature = session_signature(key);
        format!("/wxa/{call}?access_token={token}&openid={openid}&signature={signature}&sig_method=hmac_sha256")
    };
    assert_eq!(stage.account("GET", &path("checksession", key), None).await["errcode"], 0);
    let reset = stage.account("GET", &path("resetusersessionkey", key), None).await;
    let fresh = reset["session_key"].as_str().unwrap();
    assert_ne!(fresh, key);
    assert_eq!(stage.account("GET", &path("checksession", key), None).await["errcode"], 87009);
    assert_eq!(stage.account("GET", &path("checksession", fresh), None).await["errcode"], 0);
    stage.close().await;
}

#[actix_web::test]
async fn a_phone_code_gives_the_number_once_to_its_user() {
    let stage = Stage::open().await;
    let openid = stage.user().await;
    let shared = stage.told("POST", "/phone", json!({ "openid": openid, "phone": "13912345678" })).await;
    let path = format!("/wxa/business/getuserphonenumber?access_token={}", stage.token().await);
    let ask = |openid: &str| json!({ "code": shared["code"], "openid": openid });
    assert_eq!(stage.account("POST", &path, Some(ask("oSomebodyElse"))).await["errcode"], 40003);
    let told = stage.account("POST", &path, Some(ask(&openid))).await;
    assert_eq!(told["phone_info"]["purePhoneNumber"], "13912345678");
    assert_eq!(told["phone_info"]["watermark"]["appid"], stage.credentials.app_id.as_str());
    assert_eq!(stage.account("POST", &path, Some(ask(&openid))).await["errcode"], 40029);
    stage.close().await;
}

#[actix_web::test]
async fn shipping_is_taken_for_paid_orders_and_shown() {
    let stage = Stage::open().await;
    let transaction = stage.paid("order-0001", 100).await;
    let token = stage.token().await;
    let upload = format!("/wxa/sec/order/upload_shipping_info?access_token={token}");
    let report = |number: &str, openid: &Value| {
        json!({
            "order_key": { "order_number_type": 1, "mchid": stage.credentials.mch_id, "out_trade_no": number },
            "logistics_type": 1, "delivery_mode": 1,
            "shipping_list": [{ "tracking_no": "SF1", "express_company": "SF", "item_desc": "茶",
                                "contact": { "receiver_contact": "139****5678" } }],
            "upload_time": "2026-10-01T10:00:00.000+08:00", "payer": { "openid": openid },
        })
    };
    let openid = &transaction["payer"]["openid"];
    assert_eq!(stage.account("POST", &upload, Some(report("order-9999", openid))).await["errcode"], 10060001);
    assert_eq!(stage.account("POST", &upload, Some(report("order-0001", &json!("oX")))).await["errcode"], 10060031);
    assert_eq!(stage.account("POST", &upload, Some(report("order-0001", openid))).await["errcode"], 0);
    assert_eq!(stage.account("POST", &upload, Some(report("order-0001", openid))).await["errcode"], 10060023);

    let ask = json!({ "transaction_id": transaction["transaction_id"] });
    let order = stage.account("POST", &format!("/wxa/sec/order/get_order?access_token={token}"), Some(ask)).await;
    assert_eq!(order["order"]["order_state"], 2);
    assert_eq!(order["order"]["paid_amount"], 100);
    let shown = stage.told("GET", "/shipping", json!({})).await;
    assert_eq!(shown["orders"][0]["shipping"]["parcels"][0]["tracking_no"], "SF1");
    stage.close().await;
}
