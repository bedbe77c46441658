//! Money and time: deadlines, cancelling while paying, paying twice, a provider that answers late, wrongly or never.

use futures_util::future::{join, join_all};
use serde_json::{Value, json};

use crate::support::Shop;
use crate::support::buyer::Buyer;
use crate::support::crowd::at_once;
use crate::support::shop::text;

const MINUTE_MS: i64 = 60_000;
/// How long after its deadline an order waits for a silent WeChat.
const CLOSING_GRACE_MS: i64 = 10 * MINUTE_MS;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// An order of one piece that a shopper is about to pay.
struct Due<'a> {
    buyer: Buyer<'a>,
    order_id: String,
    prepay_id: String,
}

async fn due<'a>(shop: &'a Shop, sku: &str) -> Due<'a> {
    let buyer = shop.buyer().await;
    let order_id = buyer.orders(&[(sku, 1)]).await;
    let prepay_id = buyer.begins_to_pay(&order_id).await;
    Due { buyer, order_id, prepay_id }
}

/// The buyer pays and WeChat keeps the notice back; answers the notice's id.
async fn pays_unheard(shop: &Shop, prepay_id: &str) -> String {
    let paid = shop.wechat("POST", "/pay", Some(json!({"prepay_id": prepay_id, "notify": false}))).await;
    text(&paid["notice_id"])
}

async fn send(shop: &Shop, notice_id: &str) -> Value {
    shop.wechat("POST", &format!("/notices/{notice_id}/send"), Some(json!({}))).await
}

async fn attempts(shop: &Shop, order_id: &str) -> Vec<Value> {
    shop.payment(order_id).await["attempts"].as_array().expect("attempts").clone()
}

/// What WeChat's book says about an order that was tried to be paid once.
async fn only_booking(shop: &Shop, order_id: &str) -> Value {
    let attempts = attempts(shop, order_id).await;
    assert_eq!(attempts.len(), 1, "one number only: {attempts:?}");
    shop.booked(&text(&attempts[0]["out_trade_no"])).await
}

fn count(list: &Value) -> usize {
    list.as_array().map_or(0, Vec::len)
}

/// How a payment met the deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Arrival {
    /// The notice comes before anybody has looked.
    NoticeFirst,
    /// The background work of that moment is done before the notice comes.
    WorkFirst,
    /// WeChat answers no question until the notice comes.
    Silence,
}

/// Pays within the last second, which is as fine as WeChat's deadlines are, and lets the notice come `after` the
/// deadline; answers the order's state.
async fn pays_at_the_last_moment(shop: &Shop, sku: &str, after: i64, arrival: Arrival) -> String {
    let before = shop.stock(sku).await;
    let due = due(shop, sku).await;
    shop.clock.advance(30 * MINUTE_MS - 1_000);
    let notice = pays_unheard(shop, &due.prepay_id).await;
    if arrival == Arrival::Silence {
        shop.trouble(json!({"rules": [{"path_prefix": "/v3/pay", "method": "GET", "action": "lose"}]})).await;
    }
    shop.clock.advance(1_000 + after);
    if arrival != Arrival::NoticeFirst {
        shop.settle().await;
    }
    if arrival == Arrival::Silence && after >= CLOSING_GRACE_MS {
        // The last question is waited for before the order is closed.
        shop.later(MINUTE_MS).await;
    }
    let sent = send(shop, &notice).await;
    assert_eq!(sent["answers"][0]["status"], 200, "{after} {arrival:?}: {sent}");
    shop.trouble(json!({})).await;
    shop.settle().await;
    let order = shop.order(&due.order_id).await;
    let booked = only_booking(shop, &due.order_id).await;
    let state = text(&order["state"]);
    let stock = shop.stock(sku).await;
    let taken = before["on_hand"].as_i64().unwrap() - stock["on_hand"].as_i64().unwrap();
    assert_eq!(stock["held"], before["held"], "{after} {arrival:?}: {stock}");
    let expected = if state == "paid" { (1, 0) } else { (0, 1) };
    assert_eq!((taken, count(&booked["refunds"])), expected, "{after} {arrival:?}: kept or refunded: {order} {booked}");
    assert_eq!(booked["refunded_fen"] == booked["paid_fen"], state != "paid", "{after} {arrival:?}: {booked}");
    state
}

on_both_databases! {
    async fn money_around_the_deadline_is_kept_with_stock_or_given_back_once(shop: &Shop) {
        let sku = shop.sku(9_900, 50).await;
        for after in [-1, 0, 1, HOUR_MS] {
            for arrival in [Arrival::NoticeFirst, Arrival::WorkFirst, Arrival::Silence] {
                let state = pays_at_the_last_moment(shop, &sku, after, arrival).await;
                let gone = arrival == Arrival::Silence && after == HOUR_MS;
                assert_eq!(state, if gone { "closed" } else { "paid" }, "{after} {arrival:?}");
            }
        }
    }

    async fn cancelling_while_paying_ends_in_a_paid_order_or_in_money_given_back(shop: &Shop) {
        const PAIRS: usize = 1_000;
        const AT_ONCE: usize = 24;
        let sku = shop.sku(1_000, PAIRS as i64).await;
        let buyers = at_once(8, (0..20).map(|_| shop.buyer())).await;
        let quote = buyers[0].quote(&[(&sku, 1)]).await;
        let race = |turn: usize| {
            let (buyer, wish) = (&buyers[turn % buyers.len()], buyers[turn % buyers.len()].wishes_at(&[(&sku, 1)], &quote));
            async move {
                let (status, order) = buyer.sends(&wish).await;
                assert_eq!(status, 201, "{order}");
                let order_id = text(&order["order_id"]);
                let prepay_id = buyer.begins_to_pay(&order_id).await;
                let path = format!("/orders/{order_id}/cancel");
                let cancel = buyer.call("POST", &path, Some(json!({"reason": "不想要了"})));
                let pay = shop.wechat_try("POST", "/pay", Some(json!({"prepay_id": prepay_id})));
                // Either may set off first.
                let (cancelled, body) = if turn.is_multiple_of(2) { join(cancel, pay).await.0 } else { join(pay, cancel).await.1 };
                assert!([204, 409].contains(&cancelled), "{cancelled} {body}");
                (order_id, cancelled)
            }
        };
        let races = at_once(AT_ONCE, (0..PAIRS).map(race)).await;
        shop.settle().await;
        let books = shop.wechat("GET", "/book", None).await;
        let outcomes = at_once(AT_ONCE, races.iter().map(|(order_id, _)| async move {
            (text(&shop.order(order_id).await["state"]), attempts(shop, order_id).await)
        }));
        let mut ends = std::collections::BTreeMap::new();
        for ((order_id, cancelled), (state, attempts)) in races.iter().zip(outcomes.await) {
            assert_eq!(attempts.len(), 1, "one number only: {attempts:?}");
            let promised = if *cancelled == 204 { "closed" } else { "paid" };
            assert_eq!(state, promised, "{order_id}: what the buyer was told");
            let booked = &books["payments"][attempts[0]["out_trade_no"].as_str().expect("a number")];
            let (paid, back) = (&booked["paid_fen"], &booked["refunded_fen"]);
            match state.as_str() {
                "paid" => assert_eq!((paid, back), (&json!(1_100), &json!(0)), "{order_id}: {booked}"),
                "closed" => assert_eq!((paid, count(&booked["refunds"])), (back, count(&booked["transactions"])), "{booked}"),
                other => panic!("order {order_id} is {other}"),
            }
            *ends.entry((state, *cancelled, paid.as_i64())).or_insert(0) += 1;
        }
        let paid: usize = ends.iter().filter(|((state, ..), _)| state == "paid").map(|(_, times)| times).sum();
        let stock = shop.stock(&sku).await;
        assert_eq!((&stock["on_hand"], &stock["held"]), (&json!(PAIRS - paid), &json!(0)), "{stock}");
        assert!(ends.len() >= 2, "nothing was ever in doubt: {ends:?}");
    }

    async fn a_payment_without_a_notice_is_found_by_asking(shop: &Shop) {
        let sku = shop.sku(1_000, 5).await;
        let due = due(shop, &sku).await;
        pays_unheard(shop, &due.prepay_id).await;
        shop.settle().await;
        assert_eq!(due.buyer.order(&due.order_id).await["state"], "pending_payment", "nobody has asked yet");
        shop.later(15_000).await;
        assert_eq!(due.buyer.order(&due.order_id).await["state"], "paid", "asked within fifteen seconds");
    }

    async fn a_shopper_who_looks_makes_wechat_be_asked_at_once(shop: &Shop) {
        let sku = shop.sku(1_000, 5).await;
        let due = due(shop, &sku).await;
        pays_unheard(shop, &due.prepay_id).await;
        let path = format!("/orders/{}/payment", due.order_id);
        shop.clock.advance(5_000);
        assert_eq!(due.buyer.does("GET", &path, None).await["state"], "open");
        shop.settle().await;
        assert_eq!(due.buyer.does("GET", &path, None).await["state"], "paid");
    }

    async fn a_notice_and_a_question_at_once_settle_once(shop: &Shop) {
        let sku = shop.sku(1_000, 20).await;
        for round in 1..=10 {
            let due = due(shop, &sku).await;
            let notice = pays_unheard(shop, &due.prepay_id).await;
            shop.clock.advance(5_000);
            due.buyer.does("GET", &format!("/orders/{}/payment", due.order_id), None).await;
            let (sent, ()) = join(send(shop, &notice), shop.settle()).await;
            assert_eq!(sent["answers"][0]["status"], 200, "{sent}");
            let ledger = shop.staff("GET", &format!("/ledger?order_id={}", due.order_id), None).await;
            assert_eq!(count(&ledger["items"]), 2, "one posting of two lines: {ledger}");
            assert_eq!(shop.stock(&sku).await["on_hand"], 20 - round);
        }
    }

    async fn of_two_payments_for_one_order_one_is_kept_and_the_other_given_back(shop: &Shop) {
        let sku = shop.sku(1_000, 5).await;
        let due = due(shop, &sku).await;
        let start = Some(json!({"trade_type": "h5"}));
        due.buyer.does("POST", &format!("/orders/{}/payments", due.order_id), start).await;
        let tried = attempts(shop, &due.order_id).await;
        assert_eq!(tried.len(), 2, "{tried:?}");
        let mut notices = Vec::new();
        for attempt in &tried {
            let pay = json!({"out_trade_no": attempt["out_trade_no"], "notify": false});
            notices.push(text(&shop.wechat("POST", "/pay", Some(pay)).await["notice_id"]));
        }
        join_all(notices.iter().map(|notice| send(shop, notice))).await;
        shop.settle().await;
        assert_eq!(due.buyer.order(&due.order_id).await["state"], "paid");
        let after = attempts(shop, &due.order_id).await;
        assert_eq!(after.iter().filter(|attempt| attempt["kept"] == true).count(), 1, "{after:?}");
        for attempt in &after {
            let booked = shop.booked(&text(&attempt["out_trade_no"])).await;
            let back = usize::from(attempt["kept"] == false);
            assert_eq!(count(&booked["refunds"]), back, "{booked}");
            assert_eq!(booked["refunded_fen"].as_i64(), Some(if back == 1 { 1_100 } else { 0 }), "{booked}");
        }
        assert_eq!(shop.stock(&sku).await["on_hand"], 4);
    }

    async fn paying_closes_the_other_way_of_paying_at_wechat(shop: &Shop) {
        let sku = shop.sku(1_000, 5).await;
        let due = due(shop, &sku).await;
        let start = Some(json!({"trade_type": "h5"}));
        due.buyer.does("POST", &format!("/orders/{}/payments", due.order_id), start).await;
        shop.pay(&due.prepay_id).await;
        shop.settle().await;
        let other = attempts(shop, &due.order_id).await.into_iter().find(|attempt| attempt["trade_type"] == "h5");
        let pay = json!({"out_trade_no": other.expect("the other attempt")["out_trade_no"]});
        let (status, refusal) = shop.wechat_try("POST", "/pay", Some(pay)).await;
        assert_eq!((status, &refusal["code"]), (409, &json!("ORDER_CLOSED")), "{refusal}");
    }

    async fn an_order_is_paid_inside_the_merchants_own_app(shop: &Shop) {
        let sku = shop.sku(1_000, 5).await;
        let buyer = shop.buyer().await;
        let order_id = buyer.orders(&[(&sku, 1)]).await;
        let start = Some(json!({"trade_type": "app"}));
        let handover = buyer.does("POST", &format!("/orders/{order_id}/payments"), start).await;
        let params = &handover["params"];
        let mobile = shop.simulator.credentials.mobile_app_id.as_str();
        assert_eq!((&params["trade_type"], &params["appId"]), (&json!("app"), &json!(mobile)), "{handover}");
        assert_eq!((&params["packageValue"], &params["partnerId"]), (&json!("Sign=WXPay"), &json!("1900000109")));
        assert!(params["sign"].as_str().is_some_and(|sign| sign.len() > 300), "{handover}");
        shop.pay(&text(&params["prepayId"])).await;
        assert_eq!(buyer.order(&order_id).await["state"], "paid");
        buyer.does("POST", &format!("/orders/{order_id}/refund"), Some(json!({"reason": "不想要了"}))).await;
        shop.settle().await;
        assert_eq!(buyer.order(&order_id).await["state"], "refunded");
    }

    with [("HOURGLASS_WECHAT_MOBILE_APP_ID", "")]
    async fn a_shop_without_an_app_of_its_own_says_so(shop: &Shop) {
        let sku = shop.sku(1_000, 5).await;
        let buyer = shop.buyer().await;
        let order_id = buyer.orders(&[(&sku, 1)]).await;
        let (status, refused) =
            buyer.call("POST", &format!("/orders/{order_id}/payments"), Some(json!({"trade_type": "app"}))).await;
        assert_eq!((status, &refused["code"]), (422, &json!("payment.trade_type_unavailable")), "{refused}");
    }

    with [("HOURGLASS_WECHAT_TIMEOUT_MS", "400")]
    async fn a_prepay_whose_answer_is_lost_late_or_wrong_is_repeated_under_its_number(shop: &Shop) {
        let sku = shop.sku(1_000, 20).await;
        let troubles = [
            json!({"action": "lose"}), json!({"action": "lose_answer"}), json!({"action": "error_after"}),
            json!({"action": "429_after"}), json!({"action": "refuse"}), json!({"action": "delay_ms", "delay_ms": 900}),
            json!({"action": "corrupt_reply_signature"}), json!({"action": "corrupt_reply_body"}),
            json!({"action": "signtest_reply"}),
        ];
        for mut rule in troubles {
            let buyer = shop.buyer().await;
            let order_id = buyer.orders(&[(&sku, 1)]).await;
            rule["path_prefix"] = json!("/v3/pay/transactions/jsapi");
            rule["times"] = json!(1);
            shop.trouble(json!({"rules": [rule]})).await;
            let path = format!("/orders/{order_id}/payments");
            let (status, refusal) = buyer.call("POST", &path, Some(json!({"trade_type": "jsapi"}))).await;
            assert_eq!((status, &refusal["code"]), (503, &json!("payment.provider_unavailable")), "{rule}: {refusal}");
            shop.pay(&buyer.begins_to_pay(&order_id).await).await;
            assert_eq!(buyer.order(&order_id).await["state"], "paid", "{rule}");
            let booked = only_booking(shop, &order_id).await;
            assert_eq!(count(&booked["transactions"]), 1, "{rule}: {booked}");
        }
    }

    async fn money_for_a_prepay_whose_answer_was_lost_is_kept(shop: &Shop) {
        let sku = shop.sku(1_000, 5).await;
        let buyer = shop.buyer().await;
        let order_id = buyer.orders(&[(&sku, 1)]).await;
        let rule = json!({"path_prefix": "/v3/pay/transactions/jsapi", "action": "lose_answer"});
        shop.trouble(json!({"rules": [rule]})).await;
        let path = format!("/orders/{order_id}/payments");
        assert_eq!(buyer.call("POST", &path, Some(json!({"trade_type": "jsapi"}))).await.0, 503);
        let number = attempts(shop, &order_id).await[0]["out_trade_no"].clone();
        shop.wechat("POST", "/pay", Some(json!({"out_trade_no": number}))).await;
        shop.settle().await;
        assert_eq!(buyer.order(&order_id).await["state"], "paid");
    }

    with [("HOURGLASS_WECHAT_TIMEOUT_MS", "400")]
    async fn a_refund_whose_answer_is_lost_late_or_wrong_is_repeated_under_its_number(shop: &Shop) {
        let sku = shop.sku(1_000, 20).await;
        let troubles = [
            json!({"action": "lose"}), json!({"action": "lose_answer"}), json!({"action": "error_after"}),
            json!({"action": "429_after"}), json!({"action": "refuse"}), json!({"action": "delay_ms", "delay_ms": 900}),
            json!({"action": "corrupt_reply_signature"}), json!({"action": "corrupt_reply_body"}),
        ];
        for mut rule in troubles {
            let buyer = shop.buyer().await;
            let order_id = buyer.buys(&[(&sku, 1)]).await;
            rule["path_prefix"] = json!("/v3/refund");
            rule["method"] = json!("POST");
            rule["times"] = json!(2);
            shop.trouble(json!({"rules": [rule], "notices": {"lose": true}})).await;
            buyer.does("POST", &format!("/orders/{order_id}/refund"), Some(json!({"reason": "不想要了"}))).await;
            for pause in [0, 15_000, 30_000, 60_000, 300_000] {
                shop.later(pause).await;
            }
            let order = shop.order(&order_id).await;
            assert_eq!(order["state"], "refunded", "{rule}: {order}");
            let booked = only_booking(shop, &order_id).await;
            assert_eq!((count(&booked["refunds"]), &booked["refunded_fen"]), (1, &json!(1_100)), "{rule}: {booked}");
            let known = shop.payment(&order_id).await["refunds"].clone();
            assert_eq!(count(&known), 1, "{known}");
            assert_eq!(known[0]["out_refund_no"], booked["refunds"][0]["out_refund_no"]);
            shop.trouble(json!({})).await;
        }
        assert_eq!(shop.stock(&sku).await["on_hand"], 20);
    }

    async fn refunds_in_process_abnormal_and_closed_end_under_the_rules_of_numbers(shop: &Shop) {
        let sku = shop.sku(1_000, 20).await;
        for (end, first, rounds) in [("hold", "processing", 0), ("abnormal", "abnormal", 0), ("closed", "closed", 1)] {
            let buyer = shop.buyer().await;
            let order_id = buyer.buys(&[(&sku, 1)]).await;
            shop.trouble(json!({"refunds": {"end": end, "answer": "settled"}})).await;
            buyer.does("POST", &format!("/orders/{order_id}/refund"), Some(json!({"reason": "不想要了"}))).await;
            shop.settle().await;
            let refund = shop.payment(&order_id).await["refunds"][0].clone();
            assert_eq!(refund["state"], first, "{refund}");
            assert_eq!(shop.order(&order_id).await["state"], "paid", "the money has not come back yet");
            shop.trouble(json!({"notices": {"lose": true}})).await;
            let number = text(&refund["out_refund_no"]);
            if end != "closed" {
                let settle = Some(json!({"status": "SUCCESS"}));
                shop.wechat("POST", &format!("/refunds/{number}/settle"), settle).await;
            }
            if end != "hold" {
                let again = json!({"reason": "用户已更换收款账户"});
                shop.staff_post(&format!("/refunds/{}/retry", text(&refund["id"])), again).await;
            }
            shop.later(15_000).await;
            shop.later(30_000).await;
            let refund = shop.payment(&order_id).await["refunds"][0].clone();
            assert_eq!(refund["state"], "succeeded", "{end}: {refund}");
            assert_eq!(text(&refund["out_refund_no"]) != number, rounds == 1, "{end}: {refund}");
            let booked = only_booking(shop, &order_id).await;
            assert_eq!((count(&booked["refunds"]), &booked["refunded_fen"]), (1 + rounds, &json!(1_100)), "{booked}");
            assert_eq!(shop.order(&order_id).await["state"], "refunded");
            shop.trouble(json!({})).await;
        }
    }
}
