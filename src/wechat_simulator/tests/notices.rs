//! Notices: schedule, loss, copies, distortions, forgeries.

use serde_json::{Value, json};

use super::merchant::Stage;

fn state(stage_notices: &Value, index: usize) -> String {
    stage_notices["notices"][index]["state"].as_str().unwrap().to_owned()
}

impl Stage {
    async fn notices(&self) -> Value {
        self.told("GET", "/notices", json!({})).await
    }
}

#[actix_web::test]
async fn a_refused_notice_comes_again_by_the_clock_until_it_is_accepted() {
    let stage = Stage::open().await;
    stage.shop.answers(500);
    stage.paid("order-0001", 100).await;
    let tried = stage.flush().await;
    assert_eq!(tried[0]["answers"][0]["status"], 500);
    let tries = stage.shop.received().len();
    stage.told("POST", "/clock/advance", json!({ "seconds": 14 })).await;
    assert_eq!(stage.shop.received().len(), tries);

    stage.shop.answers(204);
    stage.told("POST", "/clock/advance", json!({ "seconds": 1 })).await;
    // The advance began the delivery; a flush also waits for one that is under way.
    stage.flush().await;
    assert_eq!(stage.shop.received().len(), tries + 1);
    assert_eq!(state(&stage.notices().await, 0), "delivered");
    assert!(stage.flush().await.is_empty());
    let bodies = stage.shop.received();
    let id = |index: usize| serde_json::from_str::<Value>(&bodies[index].body).unwrap()["id"].clone();
    assert_eq!(id(0), id(tries), "the id of a notice stays the same over its tries");
    stage.close().await;
}

#[actix_web::test]
async fn notices_can_be_lost_withheld_late_and_doubled() {
    let stage = Stage::open().await;
    stage.told("PUT", "/knobs", json!({ "notices": { "lose": true } })).await;
    stage.paid("order-0001", 100).await;
    assert!(stage.flush().await.is_empty());
    assert_eq!(state(&stage.notices().await, 0), "lost");

    stage.told("PUT", "/knobs", json!({ "notices": { "duplicate": 2, "delay_ms": 60_000 } })).await;
    stage.paid("order-0002", 100).await;
    assert!(stage.shop.received().is_empty());
    stage.flush().await;
    assert_eq!(stage.shop.received().len(), 3);
    assert!(stage.shop.received().iter().all(|notice| stage.notice_signed(notice)));

    stage.told("PUT", "/knobs", json!({})).await;
    let openid = stage.user().await;
    let prepay_id = stage.prepay(stage.order("order-0003", 100, &openid)).await;
    let paid = stage.told("POST", "/pay", json!({ "prepay_id": prepay_id, "notify": false })).await;
    assert!(stage.flush().await.is_empty());
    let id = paid["notice_id"].as_str().unwrap();
    let sent = stage.told("POST", &format!("/notices/{id}/send"), json!({ "times": 2 })).await;
    assert_eq!(sent["answers"].as_array().unwrap().len(), 2);
    assert_eq!(stage.shop.received().len(), 5);
    stage.close().await;
}

#[actix_web::test]
async fn a_test_signature_goes_ahead_of_the_right_one() {
    let stage = Stage::open().await;
    stage.told("PUT", "/knobs", json!({ "notices": { "signtest_first": true, "mode": "certificate" } })).await;
    stage.paid("order-0001", 100).await;
    stage.flush().await;
    let received = stage.shop.received();
    assert_eq!(received.len(), 2);
    assert!(received[0].header("wechatpay-signature").starts_with("WECHATPAY/SIGNTEST/"));
    assert!(!stage.notice_signed(&received[0]));
    assert!(stage.notice_signed(&received[1]));
    assert_eq!(received[1].header("wechatpay-serial"), stage.credentials.platform_certificate_serial);
    stage.close().await;
}

#[actix_web::test]
async fn every_distortion_breaks_exactly_what_it_says() {
    let stage = Stage::open().await;
    stage.paid("order-0001", 100).await;
    stage.flush().await;
    let id = stage.notices().await["notices"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/notices/{id}/send");
    for (twist, signed) in [
        (json!({ "corrupt_body": true }), false),
        (json!({ "signtest": true }), false),
        (json!({ "wrong_key": true }), false),
        (json!({ "other_signature": true }), false),
        (json!({ "serial": "PUB_KEY_ID_unknown" }), false),
        (json!({ "timestamp_offset_seconds": -301 }), true),
        (json!({ "mode": "certificate" }), true),
        (json!({}), true),
    ] {
        stage.told("POST", &path, twist.clone()).await;
        let last = stage.shop.received().last().unwrap().clone();
        assert_eq!(stage.notice_signed(&last), signed, "{twist}");
    }
    let old = stage.shop.received()[6].header("wechatpay-timestamp").parse::<i64>().unwrap();
    assert_eq!(old, stage.clock.now().seconds() - 301);
    assert_eq!(stage.sim("POST", "/notices/EV-0/send", json!({})).await.0, 404);
    stage.close().await;
}

#[actix_web::test]
async fn a_forged_notice_is_well_signed_and_unknown_to_the_book() {
    let stage = Stage::open().await;
    let openid = stage.user().await;
    stage.prepay(stage.order("order-0001", 100, &openid)).await;
    let forge = json!({
        "out_trade_no": "order-0001",
        "fields": { "amount": { "total": 1, "payer_total": 1 }, "payer": { "openid": openid }, "bank_type": null },
    });
    let sent = stage.told("POST", "/notices/forge", forge).await;
    assert_eq!(sent["answers"][0]["status"], 200);
    let received = stage.shop.received();
    assert!(stage.notice_signed(&received[0]));
    let told = stage.opened(&received[0]);
    assert_eq!((told["amount"]["total"].as_i64(), told["amount"]["currency"].as_str()), (Some(1), Some("CNY")));
    assert_eq!((told["trade_state"].as_str(), told.get("bank_type")), (Some("SUCCESS"), None));
    assert_eq!(stage.book().await["totals"]["paid_fen"], 0);

    let nowhere = json!({ "out_trade_no": "order-9999", "notify_url": stage.shop.url });
    stage.told("POST", "/notices/forge", nowhere).await;
    assert_eq!(stage.opened(&stage.shop.received()[1])["out_trade_no"], "order-9999");
    assert_eq!(stage.sim("POST", "/notices/forge", json!({})).await.0, 400);
    stage.close().await;
}
