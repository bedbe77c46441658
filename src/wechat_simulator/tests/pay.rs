//! The merchant host: ordering, paying, asking, closing, refunding, and who is let in.

use serde_json::{Value, json};

use super::merchant::{Stage, open};

#[actix_web::test]
async fn a_purchase_runs_from_prepay_to_refund_and_the_book_knows_it() {
    let stage = Stage::open().await;
    let openid = stage.user().await;
    let mut order = stage.order("order-0001", 1_990, &openid);
    order["attach"] = json!("cart 7");
    let prepay_id = stage.prepay(order).await;
    assert_eq!(stage.query("order-0001").await.json()["trade_state"], "NOTPAY");

    let paid = stage.told("POST", "/pay", json!({ "prepay_id": prepay_id, "openid": openid })).await;
    let transaction = paid["transaction"].clone();
    stage.flush().await;
    let notices = stage.shop.received();
    assert_eq!(notices.len(), 1);
    assert!(stage.notice_signed(&notices[0]));
    let told = stage.opened(&notices[0]);
    assert_eq!(told, transaction);
    assert_eq!(told["amount"]["payer_total"], 1_990);
    assert_eq!(told["payer"]["openid"], openid.as_str());
    assert_eq!(told["attach"], "cart 7");

    let asked = stage.query("order-0001").await.json();
    assert_eq!(asked, transaction);
    let id = asked["transaction_id"].as_str().unwrap();
    let by_id = format!("/v3/pay/transactions/id/{id}?mchid={}", stage.credentials.mch_id);
    assert_eq!(stage.pay("GET", &by_id, Value::Null).await.json(), transaction);

    let refund = stage.refund("order-0001", "refund-1", 990, 1_990).await.json();
    assert_eq!((refund["status"].as_str(), refund["amount"]["refund"].as_i64()), (Some("PROCESSING"), Some(990)));
    stage.flush().await;
    let told = stage.opened(stage.shop.received().last().unwrap());
    assert_eq!(told["refund_status"], "SUCCESS");
    assert_eq!(told["refund_id"], refund["refund_id"]);
    let settled = stage.pay("GET", "/v3/refund/domestic/refunds/refund-1", Value::Null).await.json();
    assert_eq!(settled["status"], "SUCCESS");
    assert_eq!(stage.query("order-0001").await.json()["trade_state"], "REFUND");

    let book = stage.book().await;
    let entry = &book["payments"]["order-0001"];
    assert_eq!((entry["paid_fen"].as_i64(), entry["refunded_fen"].as_i64()), (Some(1_990), Some(990)));
    assert_eq!(book["totals"]["net_fen"], 1_000);
    stage.close().await;
}

#[actix_web::test]
async fn only_the_merchants_signature_over_the_exact_bytes_is_let_in() {
    let stage = Stage::open().await;
    let openid = stage.user().await;
    let target = "/v3/pay/transactions/jsapi";
    let body = stage.order("order-0001", 100, &openid).to_string();
    let good = stage.authorization("POST", target, &body);

    let altered = body.replace("\"total\":100", "\"total\":101");
    let reply = stage.send_raw("POST", target, &altered, &[("authorization", &good)]).await.unwrap();
    assert_eq!((reply.status, reply.code().as_str()), (401, "SIGN_ERROR"));
    assert!(!stage.signed(&reply), "a failed authentication is answered without a signature");

    let spaced = body.replace("\":", "\": ");
    assert_eq!(stage.send_raw("POST", target, &spaced, &[("authorization", &good)]).await.unwrap().status, 401);
    let own = stage.authorization("POST", target, &spaced);
    assert_eq!(stage.send_raw("POST", target, &spaced, &[("authorization", &own)]).await.unwrap().status, 200);

    assert_eq!(stage.send_raw("POST", target, &body, &[]).await.unwrap().status, 401);
    let other = good.replace(&stage.credentials.mch_id, "1900000000");
    assert_eq!(stage.send_raw("POST", target, &body, &[("authorization", &other)]).await.unwrap().status, 401);
    stage.clock.advance(300_000);
    assert_eq!(stage.send_raw("POST", target, &body, &[("authorization", &good)]).await.unwrap().status, 200);
    stage.clock.advance(1_000);
    let late = stage.send_raw("POST", target, &body, &[("authorization", &good)]).await.unwrap();
    assert_eq!((late.status, late.code().as_str()), (401, "SIGN_ERROR"));

    let missing = stage.send_raw("GET", "/v3/pay/nowhere", "", &[]).await.unwrap();
    assert_eq!((missing.status, missing.body.as_str()), (404, ""));
    let wrong_method = stage.send_raw("GET", target, "", &[]).await.unwrap();
    assert_eq!((wrong_method.status, wrong_method.body.as_str()), (405, ""));
    stage.close().await;
}

#[actix_web::test]
async fn the_reply_is_signed_by_the_kind_of_key_the_request_names() {
    let stage = Stage::open().await;
    let body = stage.order("order-0001", 100, &stage.user().await).to_string();
    let authorization = stage.authorization("POST", "/v3/pay/transactions/jsapi", &body);
    let plain = [("authorization", authorization.as_str())];
    let reply = stage.send_raw("POST", "/v3/pay/transactions/jsapi", &body, &plain).await.unwrap();
    assert_eq!(reply.serial(), stage.credentials.platform_certificate_serial);
    assert!(stage.signed(&reply));

    let named = stage.query("order-0001").await;
    assert_eq!(named.serial(), stage.credentials.platform_public_key_id);
    stage.told("PUT", "/knobs", json!({ "replies": { "mode": "certificate" } })).await;
    let forced = stage.query("order-0001").await;
    assert_eq!(forced.serial(), stage.credentials.platform_certificate_serial);
    stage.close().await;
}

#[actix_web::test]
async fn the_published_certificate_is_the_one_replies_are_signed_with() {
    let stage = Stage::open().await;
    let listed = stage.pay("GET", "/v3/certificates", Value::Null).await.json();
    let entry = &listed["data"][0];
    assert_eq!(entry["serial_no"], stage.credentials.platform_certificate_serial.as_str());
    let pem = open(&stage.credentials, &entry["encrypt_certificate"]);
    assert_eq!(pem, stage.credentials.platform_certificate_pem);
    stage.close().await;
}

#[actix_web::test]
async fn every_wrong_argument_is_named() {
    let stage = Stage::open().await;
    let openid = stage.user().await;
    let good = || stage.order("order-0001", 100, &openid);
    let cases: [(&str, Value); 13] = [
        ("/appid", Value::Null),
        ("/description", json!("")),
        ("/description", json!("字".repeat(128))),
        ("/out_trade_no", json!("short")),
        ("/out_trade_no", json!("with space")),
        ("/notify_url", json!("https://shop.example/notify?x=1")),
        ("/amount/total", json!(0)),
        ("/amount/total", json!("100")),
        ("/amount/currency", json!("XYZ")),
        ("/payer/openid", json!("oNobody")),
        ("/time_expire", json!("tomorrow")),
        ("/attach", json!("字".repeat(129))),
        ("/limit_pay", json!(["no_money"])),
    ];
    for (pointer, value) in cases {
        let mut order = good();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        order.pointer_mut(parent).unwrap()[name] = value;
        let reply = stage.pay("POST", "/v3/pay/transactions/jsapi", order).await;
        let body = reply.json();
        assert_eq!((reply.status, body["code"].as_str()), (400, Some("PARAM_ERROR")), "{pointer}");
        assert_eq!(
            (body["detail"]["field"].as_str(), body["detail"]["location"].as_str()),
            (Some(pointer), Some("body"))
        );
    }
    let mut foreign = good();
    foreign["appid"] = json!("wx0000000000000000");
    assert_eq!(stage.pay("POST", "/v3/pay/transactions/jsapi", foreign).await.code(), "APPID_MCHID_NOT_MATCH");
    let mut foreign = good();
    foreign["mchid"] = json!("1900000000");
    assert_eq!(stage.pay("POST", "/v3/pay/transactions/jsapi", foreign).await.code(), "MCH_NOT_EXISTS");
    let reply = stage.pay("GET", "/v3/pay/transactions/out-trade-no/order-0001", Value::Null).await.json();
    assert_eq!(reply["detail"]["location"], "query");
    assert_eq!(stage.query("order-0001").await.code(), "ORDER_NOT_EXIST");
    stage.close().await;
}

#[actix_web::test]
async fn the_other_three_ways_of_paying_have_their_own_answers() {
    let stage = Stage::open().await;
    let mut order = stage.order("order-app-1", 100, "");
    order.as_object_mut().unwrap().remove("payer");
    let mini_program = order["appid"].clone();
    let reply = stage.pay("POST", "/v3/pay/transactions/app", order.clone()).await;
    assert_eq!(reply.code(), "APPID_MCHID_NOT_MATCH", "nobody pays inside the mini-program's app id from a phone app");
    order["appid"] = json!(stage.credentials.mobile_app_id);
    let reply = stage.pay("POST", "/v3/pay/transactions/app", order.clone()).await.json();
    assert!(reply["prepay_id"].as_str().unwrap().starts_with("wx"));
    order["appid"] = mini_program;
    order["out_trade_no"] = json!("order-native-1");
    let reply = stage.pay("POST", "/v3/pay/transactions/native", order.clone()).await.json();
    assert!(reply["code_url"].as_str().unwrap().starts_with("weixin://wxpay/bizpayurl?pr="));
    order["out_trade_no"] = json!("order-h5-1");
    assert_eq!(stage.pay("POST", "/v3/pay/transactions/h5", order.clone()).await.code(), "PARAM_ERROR");
    order["scene_info"] = json!({ "payer_client_ip": "127.0.0.1", "h5_info": { "type": "Wap" } });
    let reply = stage.pay("POST", "/v3/pay/transactions/h5", order).await.json();
    assert!(reply["h5_url"].as_str().unwrap().starts_with("https://wx.tenpay.com/"));

    let paid = stage.told("POST", "/pay", json!({ "out_trade_no": "order-native-1" })).await;
    assert_eq!(paid["transaction"]["trade_type"], "NATIVE");
    let (status, late) = {
        stage.clock.advance(300_000);
        stage.sim("POST", "/pay", json!({ "out_trade_no": "order-h5-1" })).await
    };
    assert_eq!((status, late["code"].as_str()), (409, Some("PREPAY_EXPIRED")));
    stage.close().await;
}

#[actix_web::test]
async fn one_number_is_one_order_and_is_charged_once() {
    let stage = Stage::open().await;
    let openid = stage.user().await;
    let first = stage.prepay(stage.order("order-0001", 100, &openid)).await;
    let again = stage.prepay(stage.order("order-0001", 100, &openid)).await;
    assert_ne!(first, again);
    let other = stage.pay("POST", "/v3/pay/transactions/jsapi", stage.order("order-0001", 99, &openid)).await;
    assert_eq!((other.status, other.code().as_str()), (403, "OUT_TRADE_NO_USED"));

    let paid = stage.told("POST", "/pay", json!({ "prepay_id": first, "times": 2 })).await;
    assert_eq!(paid["attempts"][0]["outcome"], "paid");
    assert_eq!(paid["attempts"][1]["code"], "ORDER_PAID");
    let (status, refused) = stage.sim("POST", "/pay", json!({ "prepay_id": again })).await;
    assert_eq!((status, refused["code"].as_str()), (409, Some("ORDER_PAID")));

    let second = stage.prepay(stage.order("order-0002", 100, &openid)).await;
    stage.told("POST", "/pay", json!({ "prepay_id": second })).await;
    assert_eq!(stage.book().await["totals"]["transactions"], 2);
    stage.close().await;
}

#[actix_web::test]
async fn a_closed_order_cannot_be_paid_and_a_paid_one_cannot_be_closed() {
    let stage = Stage::open().await;
    let openid = stage.user().await;
    let mchid = json!({ "mchid": stage.credentials.mch_id });
    let prepay_id = stage.prepay(stage.order("order-0001", 100, &openid)).await;
    let close = "/v3/pay/transactions/out-trade-no/order-0001/close";
    for _ in 0..2 {
        let reply = stage.pay("POST", close, mchid.clone()).await;
        assert_eq!((reply.status, reply.body.as_str()), (204, ""));
    }
    let (status, refused) = stage.sim("POST", "/pay", json!({ "prepay_id": prepay_id })).await;
    assert_eq!((status, refused["code"].as_str()), (409, Some("ORDER_CLOSED")));
    assert_eq!(stage.query("order-0001").await.json()["trade_state"], "CLOSED");

    stage.paid("order-0002", 100).await;
    let reply = stage.pay("POST", "/v3/pay/transactions/out-trade-no/order-0002/close", mchid).await;
    assert_eq!((reply.status, reply.code().as_str()), (400, "ORDER_PAID"));
    stage.close().await;
}

#[actix_web::test]
async fn a_payment_can_be_placed_on_either_side_of_the_orders_end() {
    let stage = Stage::open().await;
    let openid = stage.user().await;
    let end = stage.clock.now().plus_millis(600_000);
    for (number, offset, works) in [("order-0001", -1, true), ("order-0002", 0, false)] {
        let mut order = stage.order(number, 100, &openid);
        order["time_expire"] = json!(end.rfc3339_at_offset(8));
        let prepay_id = stage.prepay(order).await;
        let body = json!({ "prepay_id": prepay_id, "at": end.plus_millis(offset), "notify": false });
        let (status, _) = stage.sim("POST", "/pay", body).await;
        assert_eq!(status == 200, works, "{number}");
    }
    let failed = stage.prepay(stage.order("order-0003", 100, &openid)).await;
    stage.told("POST", "/pay", json!({ "prepay_id": failed, "outcome": "fail" })).await;
    assert_eq!(stage.query("order-0003").await.json()["trade_state"], "NOTPAY");
    stage.close().await;
}

#[actix_web::test]
async fn refunds_are_idempotent_bounded_and_counted() {
    let stage = Stage::open().await;
    stage.paid("order-0001", 100).await;
    let missing = stage.refund("order-9999", "refund-0", 1, 1).await;
    assert_eq!((missing.status, missing.code().as_str()), (404, "RESOURCE_NOT_EXISTS"));

    let first = stage.refund("order-0001", "refund-1", 60, 100).await.json();
    let again = stage.refund("order-0001", "refund-1", 60, 100).await.json();
    assert_eq!(first["refund_id"], again["refund_id"]);
    assert_eq!(again["status"], "SUCCESS");
    assert_eq!(stage.refund("order-0001", "refund-1", 61, 100).await.code(), "INVALID_REQUEST");
    assert_eq!(stage.refund("order-0001", "refund-2", 40, 99).await.code(), "INVALID_REQUEST");
    let over = stage.refund("order-0001", "refund-2", 41, 100).await;
    assert_eq!((over.status, over.code().as_str()), (403, "NOT_ENOUGH"));
    assert_eq!(stage.refund("order-0001", "refund-2", 40, 100).await.status, 200);
    assert_eq!(stage.book().await["payments"]["order-0001"]["refunded_fen"], 100);
    let unknown = stage.pay("GET", "/v3/refund/domestic/refunds/refund-9", Value::Null).await;
    assert_eq!(unknown.code(), "RESOURCE_NOT_EXISTS");

    stage.paid("order-0002", 1_000).await;
    for nth in 0..50 {
        assert_eq!(stage.refund("order-0002", &format!("part-{nth}"), 1, 1_000).await.status, 200);
    }
    assert_eq!(stage.refund("order-0002", "part-50", 1, 1_000).await.code(), "INVALID_REQUEST");
    stage.close().await;
}

#[actix_web::test]
async fn a_held_refund_ends_as_the_tester_says() {
    let stage = Stage::open().await;
    stage.paid("order-0001", 100).await;
    stage.flush().await;
    stage.told("PUT", "/knobs", json!({ "refunds": { "end": "hold", "gap_seconds": 60 } })).await;
    stage.refund("order-0001", "refund-1", 60, 100).await;
    let frequent = stage.refund("order-0001", "refund-2", 10, 100).await;
    assert_eq!((frequent.status, frequent.code().as_str()), (429, "FREQUENCY_LIMITED"));
    let entry = stage.book().await["payments"]["order-0001"].clone();
    assert_eq!((entry["refunded_fen"].as_i64(), entry["refunding_fen"].as_i64()), (Some(0), Some(60)));

    for (status, event) in [("ABNORMAL", "REFUND.ABNORMAL"), ("CLOSED", "REFUND.CLOSED")] {
        stage.told("POST", "/refunds/refund-1/settle", json!({ "status": status })).await;
        stage.flush().await;
        let received = stage.shop.received();
        let body: Value = serde_json::from_str(&received.last().unwrap().body).unwrap();
        assert_eq!(body["event_type"], event);
        assert_eq!(stage.opened(received.last().unwrap())["refund_status"], status);
    }
    let (status, _) = stage.sim("POST", "/refunds/refund-1/settle", json!({ "status": "SUCCESS" })).await;
    assert_eq!(status, 404);
    stage.clock.advance(60_000);
    assert_eq!(stage.refund("order-0001", "refund-3", 100, 100).await.status, 200);
    stage.close().await;
}
