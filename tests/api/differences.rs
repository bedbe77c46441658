//! Differences of price that go back, beside everything else that may happen to an order.

use hourglass::kernel::id::OrderId;
use hourglass::kernel::money::Fen;
use hourglass::order;
use serde_json::json;

use crate::support::Shop;
use crate::support::crowd::at_once;
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

on_both_databases! {
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
