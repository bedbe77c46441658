//! From log-in to receipt.

use serde_json::json;

use crate::support::Shop;
use crate::support::shop::text;

on_both_databases! {
    async fn a_shopper_finds_buys_and_receives_what_staff_ship(shop: &Shop) {
        let sku = shop.sku(9_900, 10).await;
        shop.renew_catalog().await;
        let buyer = shop.buyer().await;

        let found = buyer.does("GET", "/search?q=lyq", None).await;
        assert_eq!(found["items"].as_array().map(Vec::len), Some(1), "{found}");

        buyer.does("POST", "/cart/lines", Some(json!({"sku_id": sku, "quantity": 2}))).await;
        let quote = buyer.quote(&[(&sku, 2)]).await;
        assert_eq!(quote["total_fen"], 2 * 9_900 + 200);

        let order_id = buyer.orders(&[(&sku, 2)]).await;
        assert_eq!(shop.stock(&sku).await["held"], 2);
        let prepay_id = buyer.begins_to_pay(&order_id).await;
        shop.pay(&prepay_id).await;
        assert_eq!(buyer.order(&order_id).await["state"], "paid");
        let stock = shop.stock(&sku).await;
        assert_eq!((&stock["on_hand"], &stock["held"]), (&json!(8), &json!(0)), "{stock}");

        shop.staff_post(&format!("/orders/{order_id}/shipments"), json!({"carrier_code": "SF", "tracking_no": "SF1234567890123"})).await;
        assert_eq!(buyer.order(&order_id).await["state"], "shipped");
        shop.settle().await;
        let uploaded = shop.wechat("GET", "/shipping", None).await;
        assert!(uploaded.to_string().contains("SF1234567890123"), "WeChat was told of the parcel: {uploaded}");

        buyer.does("POST", &format!("/orders/{order_id}/receipt"), None).await;
        assert_eq!(buyer.order(&order_id).await["state"], "received");
        shop.later(8 * 24 * 3_600_000).await;
        shop.owner_again().await;
        let history = shop.call("GET", &format!("/admin/v1/orders/{order_id}"), Some(&shop.owner_again().await), None).await.1;
        assert_eq!(text(&history["state"]), "completed", "{history}");
    }

    async fn what_is_paid_for_is_counted_as_sold_once(shop: &Shop) {
        let product = shop.product(1_000, 5).await;
        let buyer = shop.buyer().await;
        buyer.buys(&[(&text(&product["skus"][0]["id"]), 2)]).await;
        shop.settle().await;
        shop.settle().await;
        let product = shop.staff("GET", &format!("/products/{}", text(&product["summary"]["id"])), None).await;
        assert_eq!(product["summary"]["sold"], 2, "{product}");
    }
}
