//! Differences of price that go back, beside everything else that may happen to an order.

use std::collections::BTreeSet;

use hourglass::kernel::id::OrderId;
use hourglass::kernel::money::Fen;
use hourglass::order;
use rand::RngExt as _;
use serde_json::{Value, json};

use crate::support::Shop;
use crate::support::crowd::{at_once, dice};
use crate::support::shop::text;

/// How often both meet.
const ROUNDS: usize = 15;

/// A campaign finds that the buyer paid this much too much; says whether the order took it.
async fn owes(shop: &Shop, order_id: &str, fen: i64) -> bool {
    let id: OrderId = order_id.parse().expect("an order");
    let refund =
        move |tx: &mut hourglass::platform::db::Tx<'_>| order::refund_difference(tx, id, Fen::new(fen), "退差价");
    shop.app.db().write("difference", refund).await.is_ok()
}

/// What staff may read of a refund whose answer from WeChat went wrong in so many ways: under which number it went.
fn numbers(payment: &Value) -> BTreeSet<String> {
    payment["refunds"].as_array().expect("refunds").iter().map(|refund| text(&refund["out_refund_no"])).collect()
}

on_both_databases! {
    with [("HOURGLASS_WECHAT_TIMEOUT_MS", "400")]
    async fn fifty_at_once_worth_twice_the_price_return_what_was_taken_once_each_however_wechat_falters(shop: &Shop) {
        let mut dice = dice("fifty_at_once_worth_twice_the_price_return_what_was_taken_once_each_however_wechat_falters");
        let skus = [shop.sku(9_900, 10).await, shop.sku(33, 10).await, shop.sku(1, 10).await];
        let buyer = shop.buyer().await;
        let lines: Vec<(&str, i64)> = skus.iter().map(|sku| (sku.as_str(), 1)).collect();
        let id = buyer.buys(&lines).await;
        let paid = buyer.order(&id).await["price"]["total_fen"].as_i64().expect("a price");
        let trouble = |action: &str, seed: u64| json!({
            "path_prefix": "/v3/refund", "action": action, "delay_ms": 900, "probability": 0.25, "seed": seed
        });
        let actions = ["lose", "lose_answer", "error_after", "429_after", "delay_ms", "corrupt_reply_signature"];
        let rules: Vec<Value> = actions.iter().map(|action| trouble(action, dice.random())).collect();
        shop.trouble(json!({"rules": rules, "notices": {"lose": 0.5, "duplicate": 1}})).await;
        let mut wishes: Vec<i64> = (0..50).map(|_| dice.random_range(1..=paid / 13)).collect();
        let short = 2 * paid - wishes.iter().sum::<i64>();
        wishes[0] += short.max(0);
        let taken = at_once(50, wishes.iter().map(|fen| owes(shop, &id, *fen))).await;
        let taken: Vec<i64> = taken.iter().zip(&wishes).filter(|(taken, _)| **taken).map(|(_, fen)| *fen).collect();
        let sum: i64 = taken.iter().sum();
        assert!(sum <= paid && taken.len() > 5, "{taken:?} of {wishes:?} for {paid}");
        let smallest = wishes.iter().filter(|fen| !taken.contains(fen)).min();
        assert!(smallest.is_none_or(|fen| sum + fen > paid), "{smallest:?} was refused although {sum} of {paid} were taken");
        let asked = numbers(&shop.payment(&id).await);
        for pause in [0, 15_000, 30_000, 60_000, 300_000] {
            shop.later(pause).await;
        }
        shop.trouble(json!({})).await;
        for pause in [600_000, 3_600_000, 3_600_000] {
            shop.later(pause).await;
        }
        let payment = shop.payment(&id).await;
        let order = shop.order(&id).await;
        assert_eq!(order["price"]["refunded_fen"], sum, "{payment}");
        assert_eq!(numbers(&payment), asked, "each went under the number it was given first");
        let booked = shop.booked(&text(&payment["attempts"][0]["out_trade_no"])).await;
        let at_wechat = booked["refunds"].as_array().expect("refunds");
        let known: BTreeSet<String> = at_wechat.iter().map(|refund| text(&refund["out_refund_no"])).collect();
        assert_eq!((at_wechat.len(), &booked["refunded_fen"], known), (taken.len(), &json!(sum), asked), "{booked}");
        let spread = order["lines"].as_array().expect("lines").iter().map(|line| line["refunded_fen"].as_i64().expect("fen"));
        assert_eq!(spread.sum::<i64>(), sum, "{order}");
    }

    async fn the_fifty_first_is_refused_whoever_asks(shop: &Shop) {
        let sku = shop.sku(9_900, 10).await;
        let buyer = shop.buyer().await;
        let id = buyer.buys(&[(&sku, 1)]).await;
        let taken = at_once(60, (0..60).map(|_| owes(shop, &id, 1))).await;
        assert_eq!(taken.into_iter().filter(|taken| *taken).count(), 50);
        let (status, refused) = buyer.call("POST", &format!("/orders/{id}/refund"), Some(json!({"reason": "不想要了"}))).await;
        assert_eq!((status, &refused["code"]), (409, &json!("payment.too_many_refunds")), "{refused}");
        shop.settle().await;
        let order = shop.order(&id).await;
        assert_eq!((&order["state"], &order["price"]["refunded_fen"]), (&json!("paid"), &json!(50)), "{order}");
    }

    async fn differences_reach_the_payer_and_are_seen_in_the_order(shop: &Shop) {
        let sku = shop.sku(9_900, 10).await;
        let buyer = shop.buyer().await;
        let id = buyer.buys(&[(&sku, 2)]).await;
        let asked = at_once(20, (0..20).map(|_| owes(shop, &id, 1_500))).await;
        assert_eq!(asked.into_iter().filter(|taken| *taken).count(), 13, "20,000 hold thirteen times 1,500");
        shop.settle().await;
        let order = buyer.order(&id).await;
        assert_eq!((&order["state"], &order["price"]["refunded_fen"]), (&json!("paid"), &json!(19_500)), "{order}");
        assert_eq!(order["refunds"].as_array().map(Vec::len), Some(13));
        assert!(order["refunds"][0]["arrived_at"].is_string() && order["refunds"][0]["kind"] == "difference");
        assert_eq!(order["lines"][0]["refunded_fen"], 19_500);
        assert_eq!(order["may"]["refund"]["allowed"], true);
        buyer.does("POST", &format!("/orders/{id}/refund"), Some(json!({"reason": "不想要了"}))).await;
        shop.settle().await;
        let order = shop.order(&id).await;
        assert_eq!((&order["state"], &order["price"]["refunded_fen"]), (&json!("refunded"), &json!(20_000)), "{order}");
        assert_eq!(order["refunds"][13]["amount_fen"], 500);
    }

    async fn a_difference_and_a_whole_refund_at_once_never_return_more_than_was_paid(shop: &Shop) {
        let sku = shop.sku(1_000, 1_000).await;
        let buyer = shop.buyer().await;
        for _ in 0..ROUNDS {
            let id = buyer.buys(&[(&sku, 1)]).await;
            let path = format!("/orders/{id}/refund");
            let whole = buyer.call("POST", &path, Some(json!({"reason": "不想要了"})));
            let (whole, first, second) = futures_util::join!(whole, owes(shop, &id, 300), owes(shop, &id, 300));
            assert_eq!(whole.0, 204, "{}", whole.1);
            shop.settle().await;
            let order = shop.order(&id).await;
            assert_eq!(text(&order["state"]), "refunded", "differences {first} {second}: {order}");
            assert_eq!(order["price"]["refunded_fen"], 1_100, "{order}");
        }
        assert_eq!(shop.stock(&sku).await["on_hand"], 1_000);
    }
}
