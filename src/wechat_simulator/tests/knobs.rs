//! Trouble on the way in and out, and a buyer who pays another amount.

use serde_json::{Value, json};

use super::merchant::Stage;

const JSAPI: &str = "/v3/pay/transactions/jsapi";

impl Stage {
    async fn rule(&self, rule: Value) {
        self.told("PUT", "/knobs", json!({ "rules": [rule] })).await;
    }
}

#[actix_web::test]
async fn a_lost_request_does_nothing_and_a_lost_answer_has_done_it() {
    let stage = Stage::open().await;
    let openid = stage.user().await;
    stage.rule(json!({ "path_prefix": "/v3/pay", "action": "lose", "times": 1 })).await;
    assert!(stage.try_pay("POST", JSAPI, stage.order("order-0001", 100, &openid)).await.is_none());
    assert_eq!(stage.query("order-0001").await.code(), "ORDER_NOT_EXIST");

    stage.rule(json!({ "path_prefix": "/v3/pay", "method": "POST", "action": "lose_answer", "times": 1 })).await;
    assert!(stage.try_pay("POST", JSAPI, stage.order("order-0001", 100, &openid)).await.is_none());
    assert_eq!(stage.query("order-0001").await.json()["trade_state"], "NOTPAY");
    let knobs = stage.told("GET", "/knobs", json!({})).await;
    assert_eq!(knobs["fired"], json!([1]));
    stage.close().await;
}

#[actix_web::test]
async fn answers_after_the_deed_are_signed_errors() {
    let stage = Stage::open().await;
    stage.paid("order-0001", 100).await;
    let refunds = "/v3/refund";
    stage.rule(json!({ "path_prefix": refunds, "action": "429_after", "times": 1 })).await;
    let reply = stage.refund("order-0001", "refund-1", 10, 100).await;
    assert_eq!((reply.status, reply.code().as_str()), (429, "FREQUENCY_LIMITED"));
    stage.rule(json!({ "path_prefix": refunds, "action": "error_after", "times": 1 })).await;
    let reply = stage.refund("order-0001", "refund-2", 10, 100).await;
    assert_eq!((reply.status, reply.code().as_str()), (500, "SYSTEM_ERROR"));
    assert_eq!(stage.book().await["payments"]["order-0001"]["refunded_fen"], 20);

    stage.rule(json!({ "path_prefix": refunds, "action": "refuse", "status": 403, "code": "NOT_ENOUGH" })).await;
    let reply = stage.refund("order-0001", "refund-3", 10, 100).await;
    assert_eq!((reply.status, reply.code().as_str()), (403, "NOT_ENOUGH"));
    assert_eq!(stage.book().await["payments"]["order-0001"]["refunded_fen"], 20);
    stage.rule(json!({ "path_prefix": "/cgi-bin/token", "action": "refuse", "code": "45009" })).await;
    assert_eq!(stage.account("GET", "/cgi-bin/token", None).await["errcode"], 45009);
    stage.close().await;
}

#[actix_web::test]
async fn spoilt_replies_fail_verification() {
    let stage = Stage::open().await;
    stage.paid("order-0001", 100).await;
    let target = format!("/v3/pay/transactions/out-trade-no/order-0001?mchid={}", stage.credentials.mch_id);
    for action in ["corrupt_reply_signature", "corrupt_reply_body", "signtest_reply"] {
        stage.rule(json!({ "path_prefix": "/v3", "action": action, "times": 1 })).await;
        let reply = stage.try_pay("GET", &target, Value::Null).await.unwrap();
        assert!(!stage.signed(&reply), "{action}");
        assert!(stage.signed(&stage.try_pay("GET", &target, Value::Null).await.unwrap()));
    }
    stage.close().await;
}

#[actix_web::test]
async fn a_buyer_can_be_made_to_pay_another_amount() {
    let stage = Stage::open().await;
    let openid = stage.user().await;
    let prepay_id = stage.prepay(stage.order("order-0001", 100, &openid)).await;
    stage.told("POST", "/pay", json!({ "prepay_id": prepay_id, "amount_fen": 1 })).await;
    stage.flush().await;
    assert_eq!(stage.opened(&stage.shop.received()[0])["amount"]["total"], 1);
    let entry = stage.book().await["payments"]["order-0001"].clone();
    assert_eq!((entry["total_fen"].as_i64(), entry["paid_fen"].as_i64()), (Some(100), Some(1)));
    stage.close().await;
}
