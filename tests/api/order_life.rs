//! An order from deadline to deadline, and what staff do with it on the way.

use serde_json::{Value, json};

use crate::support::Shop;
use crate::support::shop::{BEGIN, PASSWORD, text};

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const DAY: i64 = 24 * 60 * MINUTE;

/// A call of the owner's, whose log-in the clock may have ended.
async fn staff(shop: &Shop, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
    shop.call(method, &format!("/admin/v1{path}"), Some(&shop.owner_again().await), body).await
}

/// An order as staff see it at any time.
async fn order(shop: &Shop, id: &str) -> Value {
    let (status, order) = staff(shop, "GET", &format!("/orders/{id}"), None).await;
    assert_eq!(status, 200, "{order}");
    order
}

async fn state(shop: &Shop, id: &str) -> String {
    text(&order(shop, id).await["state"])
}

async fn held(shop: &Shop, sku: &str) -> Value {
    staff(shop, "GET", &format!("/stock/items/{sku}"), None).await.1["held"].clone()
}

async fn ships(shop: &Shop, id: &str, body: Value) -> (u16, Value) {
    staff(shop, "POST", &format!("/orders/{id}/shipments"), Some(body)).await
}

fn parcel(number: &str) -> Value {
    json!({"carrier_code": "SF", "tracking_no": number})
}

/// How often an order reached a state.
fn times(order: &Value, reached: &str) -> usize {
    let history = order["history"].as_array().expect("a history");
    history.iter().filter(|row| row["to_state"] == json!(reached) && row["from_state"] != row["to_state"]).count()
}

fn seconds_left(order: &Value) -> i64 {
    order["deadline"]["seconds_left"].as_i64().unwrap_or_else(|| panic!("no deadline in {order}"))
}

on_both_databases! {
    async fn an_unpaid_order_is_closed_at_its_deadline_and_only_once(shop: &Shop) {
        let sku = shop.sku(9_900, 10).await;
        let buyer = shop.buyer().await;
        let id = buyer.orders(&[(&sku, 3)]).await;
        shop.later(30 * MINUTE - 1).await;
        let pending = order(shop, &id).await;
        assert_eq!((&pending["state"], seconds_left(&pending)), (&json!("pending_payment"), 0), "{pending}");
        assert_eq!(held(shop, &sku).await, 3);
        shop.later(1).await;
        let closed = order(shop, &id).await;
        assert_eq!((&closed["state"], &closed["close_reason"]), (&json!("closed"), &json!("payment_timeout")), "{closed}");
        assert_eq!(held(shop, &sku).await, 0);
        for jump in [-DAY, DAY, DAY, -2 * DAY, 30 * DAY] {
            shop.later(jump).await;
        }
        assert_eq!(times(&order(shop, &id).await, "closed"), 1);
        let (_, ledger) = staff(shop, "GET", &format!("/stock/items/{sku}/movements"), None).await;
        let releases = ledger["items"].as_array().expect("movements").iter().filter(|row| row["kind"] == "release").count();
        assert_eq!(releases, 1, "{ledger}");
    }

    async fn an_order_somebody_began_to_pay_is_closed_once_wechat_says_it_is_unpaid(shop: &Shop) {
        let sku = shop.sku(9_900, 10).await;
        let mut buyer = shop.buyer().await;
        let id = buyer.orders(&[(&sku, 3)]).await;
        let prepay = buyer.begins_to_pay(&id).await;
        shop.later(30 * MINUTE - 1).await;
        assert_eq!(state(shop, &id).await, "pending_payment");
        shop.clock.advance(1);
        buyer.comes_again().await;
        assert_eq!(seconds_left(&order(shop, &id).await), 0);
        let (status, refused) = buyer.call("POST", &format!("/orders/{id}/payments"), Some(json!({"trade_type": "jsapi"}))).await;
        assert_eq!(status, 409, "{refused}");
        for _ in 0..6 {
            shop.later(10 * SECOND).await;
        }
        let closed = order(shop, &id).await;
        assert_eq!((&closed["state"], times(&closed, "closed")), (&json!("closed"), 1), "{closed}");
        assert_eq!(held(shop, &sku).await, 0);
        let (status, body) = shop.wechat_try("POST", "/pay", Some(json!({"prepay_id": prepay}))).await;
        assert!((400..500).contains(&status), "a closed order was paid: {body}");
    }

    async fn goods_count_as_received_after_ten_days_and_the_order_is_over_after_seven_more(shop: &Shop) {
        let sku = shop.sku(9_900, 10).await;
        let buyer = shop.buyer().await;
        let id = buyer.buys(&[(&sku, 1)]).await;
        shop.later(3 * DAY).await;
        assert_eq!(state(shop, &id).await, "paid");
        assert_eq!(ships(shop, &id, parcel("SF1")).await.0, 201);
        shop.later(10 * DAY - 1).await;
        assert_eq!(state(shop, &id).await, "shipped");
        shop.later(1).await;
        assert_eq!(state(shop, &id).await, "received");
        shop.later(7 * DAY - 1).await;
        assert_eq!(state(shop, &id).await, "received");
        shop.later(1).await;
        assert_eq!(state(shop, &id).await, "completed");
        shop.later(400 * DAY).await;
        let over = order(shop, &id).await;
        for reached in ["paid", "shipped", "received", "completed"] {
            assert_eq!(times(&over, reached), 1, "{reached}: {over}");
        }
    }

    async fn deadlines_hold_over_leap_days_year_ends_and_clocks_that_jump(shop: &Shop) {
        let sku = shop.sku(9_900, 100).await;
        // The last minute of the year, the eve of the leap day, and the leap day itself, in Shanghai.
        for (moment, ten_days_on) in [
            ("2027-12-31T15:59:30Z", "2028-01-10T15:59:30Z"),
            ("2028-02-28T15:59:59Z", "2028-03-09T15:59:59Z"),
            ("2028-02-29T04:00:00Z", "2028-03-10T04:00:00Z"),
        ] {
            let at = |text: &str| hourglass::kernel::time::Timestamp::parse_rfc3339(text).expect("a moment");
            shop.later(at(moment).millis_since(shop.clock.now())).await;
            let buyer = shop.buyer().await;
            let (unpaid, sent) = (buyer.orders(&[(&sku, 1)]).await, buyer.buys(&[(&sku, 1)]).await);
            assert_eq!(ships(shop, &sent, parcel("SF1")).await.0, 201);
            let shipped = order(shop, &sent).await;
            assert_eq!(shipped["deadline"]["at"].as_str().and_then(hourglass::kernel::time::Timestamp::parse_rfc3339), Some(at(ten_days_on)), "{shipped}");
            assert_eq!(seconds_left(&shipped), 10 * DAY / SECOND);
            for jump in [-DAY, 60 * MINUTE, DAY - 31 * MINUTE] {
                shop.later(jump).await;
                assert_eq!(state(shop, &unpaid).await, "pending_payment");
            }
            shop.clock.advance(2 * DAY);
            assert_eq!(seconds_left(&order(shop, &unpaid).await), 0);
            shop.settle().await;
            assert_eq!(state(shop, &unpaid).await, "closed");
            shop.later(-DAY).await;
            shop.later(DAY).await;
            assert_eq!((times(&order(shop, &unpaid).await, "closed"), state(shop, &sent).await), (1, "shipped".to_owned()));
            shop.later(10 * DAY).await;
            assert_eq!(state(shop, &sent).await, "received");
        }
        assert!(shop.clock.now().millis_since(BEGIN) > 0);
    }

    async fn an_order_is_shipped_when_the_last_piece_has_left(shop: &Shop) {
        let (two, one) = (shop.sku(9_900, 10).await, shop.sku(100, 10).await);
        let buyer = shop.buyer().await;
        let id = buyer.buys(&[(&two, 2), (&one, 1)]).await;
        let lines = order(shop, &id).await["lines"].clone();
        let (first, second) = (&lines[0]["line_id"], &lines[1]["line_id"]);
        let holding = |number: &str, parts: Value| json!({"carrier_code": "SF", "tracking_no": number, "lines": parts});
        for (parts, code) in [
            (json!([{"line_id": first, "quantity": 3}]), "order.ship_quantity"),
            (json!([{"line_id": first, "quantity": 0}]), "order.ship_quantity"),
            (json!([{"line_id": first, "quantity": 1}, {"line_id": first, "quantity": 1}]), "order.ship_quantity"),
            (json!([{"line_id": "1", "quantity": 1}]), "order.line_not_found"),
            (json!([]), "order.nothing_to_ship"),
        ] {
            let (status, body) = ships(shop, &id, holding("SF0", parts)).await;
            assert_eq!((status, &body["code"]), (422, &json!(code)), "{body}");
        }
        let (status, body) = ships(shop, &id, holding("SF1", json!([{"line_id": first, "quantity": 1}]))).await;
        assert_eq!(status, 201, "{body}");
        let partly = order(shop, &id).await;
        assert_eq!((&partly["state"], &partly["lines"][0]["shipped_quantity"]), (&json!("paid"), &json!(1)), "{partly}");
        let (status, body) = buyer.call("POST", &format!("/orders/{id}/refund"), Some(json!({"reason": "不想要了"}))).await;
        assert_eq!((status, &body["code"]), (409, &json!("order.already_shipped")), "{body}");
        let (status, body) = ships(shop, &id, holding("SF1", json!([{"line_id": second, "quantity": 1}]))).await;
        assert_eq!((status, &body["code"]), (409, &json!("order.parcel_exists")), "{body}");
        assert_eq!(ships(shop, &id, parcel("SF2")).await.0, 201);
        let all = buyer.order(&id).await;
        assert_eq!((&all["state"], all["shipments"].as_array().map(Vec::len)), (&json!("shipped"), Some(2)), "{all}");
        let (status, body) = ships(shop, &id, parcel("SF3")).await;
        assert_eq!(status, 409, "{body}");
    }

    async fn what_is_not_paid_cannot_be_shipped_or_refunded(shop: &Shop) {
        let sku = shop.sku(9_900, 10).await;
        let buyer = shop.buyer().await;
        let id = buyer.orders(&[(&sku, 1)]).await;
        for closed in [false, true] {
            if closed {
                buyer.does("POST", &format!("/orders/{id}/cancel"), Some(json!({"reason": "不想要了"}))).await;
            }
            let (status, body) = ships(shop, &id, parcel("SF1")).await;
            assert_eq!((status, &body["code"]), (409, &json!("order.not_paid")), "{body}");
            let (status, body) = buyer.call("POST", &format!("/orders/{id}/refund"), Some(json!({"reason": "不想要了"}))).await;
            assert_eq!((status, &body["code"]), (409, &json!("order.not_paid")), "{body}");
            assert_eq!(buyer.call("POST", &format!("/orders/{id}/receipt"), None).await.0, 409);
        }
        assert_eq!(held(shop, &sku).await, 0);
    }

    async fn a_refund_before_shipping_gives_the_stock_back(shop: &Shop) {
        let sku = shop.sku(9_900, 10).await;
        let buyer = shop.buyer().await;
        let id = buyer.buys(&[(&sku, 4)]).await;
        buyer.does("POST", &format!("/orders/{id}/refund"), Some(json!({"reason": "不想要了"}))).await;
        let (status, body) = ships(shop, &id, parcel("SF1")).await;
        assert_eq!(status, 409, "{body}");
        shop.settle().await;
        let refunded = buyer.order(&id).await;
        assert_eq!((&refunded["state"], &refunded["price"]["refunded_fen"]), (&json!("refunded"), &refunded["price"]["total_fen"]), "{refunded}");
        let stock = shop.stock(&sku).await;
        assert_eq!((&stock["on_hand"], &stock["sold"], &stock["held"]), (&json!(10), &json!(0), &json!(0)), "{stock}");
        assert_eq!(buyer.call("POST", &format!("/orders/{id}/refund"), Some(json!({"reason": "再退"}))).await.0, 409);
    }

    async fn a_large_refund_takes_a_second_person(shop: &Shop) {
        let sku = shop.sku(60_000, 10).await;
        let buyer = shop.buyer().await;
        let roles = shop.staff("GET", "/roles", None).await;
        let owner = roles["items"].as_array().expect("roles").iter().find(|role| role["name"] == "owner").expect("the owner's role");
        let second = json!({"username": "second", "display_name": "二店主", "password": PASSWORD, "roles": [owner["role_id"]]});
        shop.staff_post("/staff", second).await;
        let second = shop.log_in_staff("second", PASSWORD).await;
        for approve in [false, true] {
            let id = buyer.buys(&[(&sku, 1)]).await;
            let asked = shop.staff_post(&format!("/orders/{id}/refund"), json!({"reason": "质量问题"})).await;
            assert_eq!(asked["waits_for_approval"], true);
            shop.settle().await;
            assert_eq!(buyer.order(&id).await["price"]["refunding_fen"], 0);
            let waiting = shop.staff("GET", "/approvals?state=waiting", None).await;
            let waiting = waiting["items"].as_array().expect("approvals").iter().find(|item| item["subject_id"] == json!(id)).expect("it waits").clone();
            let verdict = |word: &str| format!("/admin/v1/approvals/{}/{word}", text(&waiting["approval_id"]));
            let (status, own) = shop.call("POST", &verdict("approve"), Some(&shop.owner), None).await;
            assert_eq!((status, &own["code"]), (403, &json!("staff.approval_own")), "{own}");
            let (word, body) = if approve { ("approve", None) } else { ("reject", Some(json!({"reason": "凭证不足"}))) };
            let (status, decided) = shop.call("POST", &verdict(word), Some(&second), body).await;
            assert_eq!(status, 200, "{decided}");
            assert!(shop.call("POST", &verdict("approve"), Some(&second), None).await.0 >= 400, "decided twice");
            shop.settle().await;
            assert_eq!(buyer.order(&id).await["state"], if approve { "refunded" } else { "paid" });
        }
    }

    async fn a_new_price_agreed_with_staff_is_what_is_paid(shop: &Shop) {
        let sku = shop.sku(9_900, 10).await;
        let buyer = shop.buyer().await;
        let id = buyer.orders(&[(&sku, 1)]).await;
        let old = buyer.begins_to_pay(&id).await;
        let (status, body) = staff(shop, "POST", &format!("/orders/{id}/price"), Some(json!({"total_fen": 10_001, "reason": "多收"}))).await;
        assert_eq!((status, &body["code"]), (422, &json!("order.price_out_of_range")), "{body}");
        shop.staff_post(&format!("/orders/{id}/price"), json!({"total_fen": 8_000, "freight_fen": 0, "reason": "老顾客"})).await;
        let new = buyer.begins_to_pay(&id).await;
        assert_ne!(old, new);
        shop.wechat_try("POST", "/pay", Some(json!({"prepay_id": old}))).await;
        shop.settle().await;
        assert_eq!(buyer.order(&id).await["state"], "pending_payment");
        let new = buyer.begins_to_pay(&id).await;
        shop.pay(&new).await;
        shop.settle().await;
        let paid = buyer.order(&id).await;
        assert_eq!((&paid["state"], &paid["price"]["total_fen"]), (&json!("paid"), &json!(8_000)), "{paid}");
        assert_eq!(paid["lines"][0]["payable_fen"], 8_000);
    }
}
