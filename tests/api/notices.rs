//! WeChat's notices: repeated, forged, about the wrong thing, out of order.

use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use actix_web::{App as Site, HttpRequest, HttpResponse, HttpServer, web};
use serde_json::{Value, json};

use crate::support::Shop;
use crate::support::buyer::Buyer;
use crate::support::shop::text;

/// An order that was paid at WeChat, whose notice WeChat keeps back.
struct Unheard<'a> {
    buyer: Buyer<'a>,
    order_id: String,
    notice_id: String,
    out_trade_no: String,
}

async fn unheard<'a>(shop: &'a Shop, sku: &str) -> Unheard<'a> {
    unheard_with(shop, sku, json!({})).await
}

/// The same, paid in an odd way.
async fn unheard_with<'a>(shop: &'a Shop, sku: &str, odd: Value) -> Unheard<'a> {
    let buyer = shop.buyer().await;
    let order_id = buyer.orders(&[(sku, 1)]).await;
    let mut pay = json!({"prepay_id": buyer.begins_to_pay(&order_id).await, "notify": false});
    pay.as_object_mut().unwrap().extend(odd.as_object().unwrap().clone());
    let paid = shop.wechat("POST", "/pay", Some(pay)).await;
    let (notice_id, out_trade_no) = (text(&paid["notice_id"]), text(&paid["transaction"]["out_trade_no"]));
    Unheard { buyer, order_id, notice_id, out_trade_no }
}

/// Sends a notice and answers the statuses the shop gave.
async fn statuses(shop: &Shop, notice_id: &str, twist: Value) -> Vec<u64> {
    let sent = shop.wechat("POST", &format!("/notices/{notice_id}/send"), Some(twist)).await;
    sent["answers"].as_array().unwrap().iter().map(|answer| answer["status"].as_u64().unwrap_or(0)).collect()
}

/// Everything a notice could change, and nothing that depends on when one looks.
async fn facts(shop: &Shop, order_id: &str) -> Value {
    let (order, payment) = (shop.order(order_id).await, shop.payment(order_id).await);
    let notices = shop.staff("GET", "/payment-notices?limit=100", None).await;
    let ledger = shop.staff("GET", "/ledger?limit=100", None).await;
    let reviews = shop.staff("GET", "/payment-reviews", None).await;
    json!([order["state"], order["history"], payment, notices, ledger, reviews])
}

async fn reviews(shop: &Shop, kind: &str) -> usize {
    let reviews = shop.staff("GET", "/payment-reviews?state=open&limit=100", None).await;
    reviews["items"].as_array().unwrap().iter().filter(|review| review["kind"] == kind).count()
}

/// What came over the wire.
#[derive(Clone, Default)]
struct Recorder(Arc<Mutex<Vec<Recorded>>>);

/// A request as it came: its headers and its body.
type Recorded = (Vec<(String, String)>, Vec<u8>);

async fn record(recorder: web::Data<Recorder>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let headers = request.headers().iter().filter(|(name, _)| name.as_str().starts_with("wechatpay-"));
    let headers = headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    recorder.0.lock().unwrap().push((headers, body.to_vec()));
    HttpResponse::Ok().finish()
}

/// Somebody who listens on the wire and keeps a copy of a notice; answers a request that repeats it byte for byte.
async fn overheard(shop: &Shop, out_trade_no: &str) -> impl Fn() -> reqwest::RequestBuilder {
    let recorder = Recorder::default();
    let (listener, kept) = (TcpListener::bind("127.0.0.1:0").unwrap(), web::Data::new(recorder.clone()));
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let ear = HttpServer::new(move || Site::new().app_data(kept.clone()).default_service(web::to(record)));
    let ear = ear.workers(1).disable_signals().listen(listener).unwrap().run();
    let handle = ear.handle();
    actix_web::rt::spawn(ear);
    shop.wechat("POST", "/notices/forge", Some(json!({"out_trade_no": out_trade_no, "notify_url": url}))).await;
    handle.stop(false).await;
    let (headers, body) = recorder.0.lock().unwrap().pop().expect("a notice was overheard");
    let (http, to) = (shop.http.clone(), format!("{}/hooks/wechat/pay", shop.base));
    move || {
        let request = http.post(&to).header("content-type", "application/json").body(body.clone());
        headers.iter().fold(request, |request, (name, value)| request.header(name, value))
    }
}

on_both_databases! {
    async fn the_same_notice_a_hundred_times_at_once_pays_once(shop: &Shop) {
        let sku = shop.sku(1_000, 5).await;
        let paid = unheard(shop, &sku).await;
        let answers = statuses(shop, &paid.notice_id, json!({"times": 100})).await;
        assert_eq!(answers, vec![200; 100]);
        assert_eq!(paid.buyer.order(&paid.order_id).await["state"], "paid");
        let ledger = shop.staff("GET", &format!("/ledger?order_id={}", paid.order_id), None).await;
        assert_eq!(ledger["items"].as_array().map(Vec::len), Some(2), "one posting of two lines: {ledger}");
        assert_eq!(shop.stock(&sku).await["on_hand"], 4);
    }

    async fn a_notice_that_is_not_proven_changes_nothing(shop: &Shop) {
        let sku = shop.sku(1_000, 5).await;
        let paid = unheard(shop, &sku).await;
        let before = facts(shop, &paid.order_id).await;
        let forgeries = [
            json!({"wrong_key": true}), json!({"signtest": true}), json!({"corrupt_body": true}),
            json!({"other_signature": true}), json!({"serial": "PUB_KEY_ID_0000000000000000000000000000000"}),
            json!({"serial": "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"}), json!({"serial": ""}),
            json!({"timestamp_offset_seconds": 301}), json!({"timestamp_offset_seconds": -301}),
            json!({"mode": "certificate", "wrong_key": true}),
        ];
        for forgery in forgeries {
            let answers = statuses(shop, &paid.notice_id, forgery.clone()).await;
            assert!((400..500).contains(&answers[0]), "{forgery}: {answers:?}");
            shop.app.runner().work_until_idle().await.unwrap();
            assert_eq!(facts(shop, &paid.order_id).await, before, "{forgery}");
        }
        let bare = json!({"id": "EV-1", "event_type": "TRANSACTION.SUCCESS", "resource": {}});
        for body in [bare, json!({}), json!([]), json!("SUCCESS")] {
            let (status, answer) = shop.call("POST", "/hooks/wechat/pay", None, Some(body)).await;
            assert!((400..500).contains(&status), "{status} {answer}");
        }
        assert_eq!(facts(shop, &paid.order_id).await, before);
        for seconds in [-299, 299] {
            let answers = statuses(shop, &paid.notice_id, json!({"timestamp_offset_seconds": seconds})).await;
            assert_eq!(answers, [200], "{seconds}");
        }
        assert_eq!(paid.buyer.order(&paid.order_id).await["state"], "paid");
    }

    async fn a_notice_repeated_by_somebody_else_does_nothing_more_and_is_refused_when_old(shop: &Shop) {
        let sku = shop.sku(1_000, 5).await;
        let paid = unheard(shop, &sku).await;
        let repeats = overheard(shop, &paid.out_trade_no).await;
        assert_eq!(repeats().send().await.unwrap().status(), 200, "the first to come is WeChat's own words");
        let before = facts(shop, &paid.order_id).await;
        assert_eq!(before[0], "paid");
        for _ in 0..3 {
            assert_eq!(repeats().send().await.unwrap().status(), 200);
        }
        assert_eq!(facts(shop, &paid.order_id).await, before);
        shop.clock.advance(301_000);
        assert_eq!(repeats().send().await.unwrap().status(), 401);
        assert_eq!(facts(shop, &paid.order_id).await, before);
    }

    async fn a_false_report_by_wechat_itself_is_not_believed_but_asked_about(shop: &Shop) {
        let sku = shop.sku(1_000, 20).await;
        let lies = [
            json!({"amount": {"total": 1, "payer_total": 1}}), json!({"amount": {"currency": "USD"}}),
            json!({"appid": "wxffffffffffffffff"}), json!({"mchid": "1999999999"}),
            json!({"payer": {"openid": "oSomebodyElse000000000000000"}}),
        ];
        for lie in lies {
            let buyer = shop.buyer().await;
            let order_id = buyer.orders(&[(&sku, 1)]).await;
            buyer.begins_to_pay(&order_id).await;
            let number = text(&shop.payment(&order_id).await["attempts"][0]["out_trade_no"]);
            let before = reviews(shop, "trade_mismatch").await;
            let forge = json!({"out_trade_no": number, "fields": lie});
            let forged = shop.wechat("POST", "/notices/forge", Some(forge)).await;
            assert_eq!(forged["answers"][0]["status"], 200, "it is stored: {lie} {forged}");
            shop.settle().await;
            assert_eq!(buyer.order(&order_id).await["state"], "pending_payment", "{lie}");
            assert_eq!(reviews(shop, "trade_mismatch").await, before + 1, "{lie}");
            shop.later(30 * 60_000).await;
            // WeChat was asked once more at the deadline; the order closes when it looks again.
            shop.later(5_000).await;
            assert_eq!(shop.order(&order_id).await["state"], "closed", "{lie}");
        }
        assert_eq!(shop.stock(&sku).await["held"], 0);
    }

    async fn a_lie_about_money_that_came_does_not_keep_the_truth_away(shop: &Shop) {
        let sku = shop.sku(1_000, 5).await;
        let paid = unheard(shop, &sku).await;
        let forge = json!({"out_trade_no": paid.out_trade_no, "fields": {"amount": {"total": 1, "payer_total": 1}}});
        shop.wechat("POST", "/notices/forge", Some(forge)).await;
        shop.settle().await;
        assert_eq!(paid.buyer.order(&paid.order_id).await["state"], "paid", "WeChat was asked and told the truth");
    }

    async fn a_report_about_a_number_that_is_not_ours_waits_for_a_person(shop: &Shop) {
        let to = format!("{}/hooks/wechat/pay", shop.base);
        let forged = shop.wechat("POST", "/notices/forge", Some(json!({"notify_url": to}))).await;
        assert_eq!(forged["answers"][0]["status"], 200, "{forged}");
        assert_eq!(reviews(shop, "unknown_trade").await, 1);
    }

    async fn money_of_a_wrong_amount_is_given_back_and_shown_to_a_person(shop: &Shop) {
        let sku = shop.sku(1_000, 20).await;
        for odd in [1, 1_099, 1_101, 100_000] {
            let before = reviews(shop, "trade_mismatch").await;
            let paid = unheard_with(shop, &sku, json!({"amount_fen": odd})).await;
            assert_eq!(statuses(shop, &paid.notice_id, json!({})).await, [200], "{odd}");
            shop.settle().await;
            assert_eq!(paid.buyer.order(&paid.order_id).await["state"], "pending_payment", "{odd}");
            assert_eq!(reviews(shop, "trade_mismatch").await, before + 1, "{odd}");
            let booked = shop.booked(&paid.out_trade_no).await;
            assert_eq!((&booked["refunded_fen"], &booked["refunds"][1]), (&json!(odd), &Value::Null), "{booked}");
            shop.pay(&paid.buyer.begins_to_pay(&paid.order_id).await).await;
            assert_eq!(paid.buyer.order(&paid.order_id).await["state"], "paid", "the next one may be right");
        }
    }

    async fn notices_signed_with_the_public_key_and_with_a_certificate_are_both_believed(shop: &Shop) {
        let sku = shop.sku(1_000, 20).await;
        for mode in ["public_key", "certificate", "alternate"] {
            for replies in ["by_request", "public_key", "certificate"] {
                shop.trouble(json!({"notices": {"mode": mode}, "replies": {"mode": replies}})).await;
                let buyer = shop.buyer().await;
                let order_id = buyer.buys(&[(&sku, 1)]).await;
                assert_eq!(buyer.order(&order_id).await["state"], "paid", "{mode} {replies}");
                buyer.does("POST", &format!("/orders/{order_id}/refund"), Some(json!({"reason": "不想要了"}))).await;
                shop.settle().await;
                assert_eq!(buyer.order(&order_id).await["state"], "refunded", "{mode} {replies}");
            }
        }
    }

    async fn notices_that_are_doubled_delayed_lost_or_out_of_order_end_the_same(shop: &Shop) {
        let sku = shop.sku(1_000, 60).await;
        let troubles = [
            json!({"duplicate": 5}), json!({"delay_ms": 40_000}), json!({"reorder": true, "duplicate": 1}),
            json!({"signtest_first": true}), json!({"lose": true}),
            json!({"lose": 0.5, "duplicate": 2, "reorder": true, "signtest_first": 0.5, "mode": "alternate"}),
        ];
        for trouble in troubles {
            shop.trouble(json!({"notices": trouble})).await;
            let buyer = shop.buyer().await;
            let mut orders = Vec::new();
            for _ in 0..6 {
                let order_id = buyer.orders(&[(&sku, 1)]).await;
                let prepay_id = buyer.begins_to_pay(&order_id).await;
                shop.wechat("POST", "/pay", Some(json!({"prepay_id": prepay_id}))).await;
                orders.push(order_id);
            }
            shop.later(15_000).await;
            for (turn, order_id) in orders.iter().enumerate() {
                assert_eq!(buyer.order(order_id).await["state"], "paid", "{trouble}");
                if turn % 2 == 0 {
                    let why = Some(json!({"reason": "不想要了"}));
                    buyer.does("POST", &format!("/orders/{order_id}/refund"), why).await;
                }
            }
            for pause in [0, 15_000, 30_000, 60_000] {
                shop.later(pause).await;
            }
            for (turn, order_id) in orders.iter().enumerate() {
                let expected = if turn % 2 == 0 { "refunded" } else { "paid" };
                assert_eq!(buyer.order(order_id).await["state"], expected, "{trouble}");
            }
        }
        assert_eq!(shop.stock(&sku).await["on_hand"], 60 - 18);
    }
}
