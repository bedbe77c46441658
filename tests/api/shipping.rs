//! What WeChat is told of parcels: in one or several, and put right.

use serde_json::{Value, json};

use crate::support::Shop;
use crate::support::shop::text;

/// What the shop has told WeChat about the only order there is.
async fn told(shop: &Shop) -> Value {
    let told = shop.wechat("GET", "/shipping", None).await;
    let orders = told["orders"].as_array().unwrap_or_else(|| panic!("a list: {told}"));
    assert!(orders.len() <= 1, "{told}");
    orders.first().map_or(Value::Null, |order| order["shipping"].clone())
}

fn numbers(shipping: &Value) -> Vec<String> {
    let parcels = shipping["parcels"].as_array().cloned().unwrap_or_default();
    parcels.iter().map(|parcel| text(&parcel["tracking_no"])).collect()
}

async fn ships(shop: &Shop, order_id: &str, number: &str, lines: Option<Value>) -> String {
    let mut parcel = json!({"carrier_code": "ZTO", "tracking_no": number});
    if let Some(lines) = lines {
        parcel["lines"] = lines;
    }
    let sent = shop.staff_post(&format!("/orders/{order_id}/shipments"), parcel).await;
    text(&sent["shipment_id"])
}

async fn puts_right(shop: &Shop, shipment_id: &str, number: &str) {
    let right = json!({"carrier_code": "SF", "tracking_no": number});
    shop.staff("PUT", &format!("/shipments/{shipment_id}/tracking"), Some(right)).await;
}

on_both_databases! {
    async fn each_parcel_is_told_when_it_leaves_and_the_last_one_ends_the_delivery(shop: &Shop) {
        let (first, second) = (shop.sku(1_000, 5).await, shop.sku(2_000, 5).await);
        let buyer = shop.buyer().await;
        let order_id = buyer.buys(&[(&first, 2), (&second, 1)]).await;
        let lines = buyer.order(&order_id).await["lines"].clone();
        ships(shop, &order_id, "ZTO0001", Some(json!([{"line_id": lines[0]["line_id"], "quantity": 1}]))).await;
        shop.settle().await;
        let shipping = told(shop).await;
        assert_eq!((&shipping["delivery_mode"], &shipping["finished"]), (&json!(2), &json!(false)), "{shipping}");
        assert_eq!(numbers(&shipping), ["ZTO0001"]);
        assert_eq!(buyer.order(&order_id).await["state"], "paid");

        // WeChat wants the moments of its reports to rise.
        shop.clock.advance(1_000);
        ships(shop, &order_id, "ZTO0002", Some(json!([{"line_id": lines[0]["line_id"], "quantity": 1}]))).await;
        shop.settle().await;
        shop.clock.advance(1_000);
        ships(shop, &order_id, "ZTO0003", None).await;
        shop.settle().await;
        let shipping = told(shop).await;
        assert_eq!((&shipping["finished"], &shipping["finished_count"]), (&json!(true), &json!(1)), "{shipping}");
        assert_eq!(numbers(&shipping), ["ZTO0001", "ZTO0002", "ZTO0003"]);
        assert_eq!(shipping["logistics_type"], 1, "{shipping}");
        assert_eq!(buyer.order(&order_id).await["state"], "shipped");
    }

    async fn parcels_that_leave_before_wechat_was_told_are_told_together(shop: &Shop) {
        let sku = shop.sku(1_000, 5).await;
        let buyer = shop.buyer().await;
        let order_id = buyer.buys(&[(&sku, 2)]).await;
        let line = buyer.order(&order_id).await["lines"][0]["line_id"].clone();
        ships(shop, &order_id, "ZTO0001", Some(json!([{"line_id": line, "quantity": 1}]))).await;
        ships(shop, &order_id, "ZTO0002", None).await;
        shop.settle().await;
        let shipping = told(shop).await;
        assert_eq!((&shipping["delivery_mode"], &shipping["finished"]), (&json!(2), &json!(true)), "{shipping}");
        assert_eq!(numbers(&shipping), ["ZTO0001", "ZTO0002"]);
    }

    async fn a_number_put_right_is_told_again(shop: &Shop) {
        let sku = shop.sku(1_000, 5).await;
        let buyer = shop.buyer().await;
        let order_id = buyer.buys(&[(&sku, 1)]).await;
        let shipment = ships(shop, &order_id, "ZTO0001", None).await;
        shop.settle().await;
        assert_eq!(numbers(&told(shop).await), ["ZTO0001"]);
        shop.clock.advance(1_000);
        puts_right(shop, &shipment, "SF0009").await;
        shop.settle().await;
        let shipping = told(shop).await;
        assert_eq!((numbers(&shipping), &shipping["finished_count"]), (vec!["SF0009".to_owned()], &json!(2)), "{shipping}");
        assert_eq!(shipping["delivery_mode"], 1, "still in one: {shipping}");
    }

    async fn a_number_of_one_of_several_parcels_put_right_tells_all_of_them_again(shop: &Shop) {
        let sku = shop.sku(1_000, 5).await;
        let buyer = shop.buyer().await;
        let order_id = buyer.buys(&[(&sku, 2)]).await;
        let line = buyer.order(&order_id).await["lines"][0]["line_id"].clone();
        let shipment = ships(shop, &order_id, "ZTO0001", Some(json!([{"line_id": line, "quantity": 1}]))).await;
        shop.settle().await;
        shop.clock.advance(1_000);
        ships(shop, &order_id, "ZTO0002", None).await;
        shop.settle().await;
        shop.clock.advance(1_000);
        puts_right(shop, &shipment, "SF0009").await;
        shop.settle().await;
        let shipping = told(shop).await;
        assert_eq!((numbers(&shipping), &shipping["finished"]), (vec!["SF0009".to_owned(), "ZTO0002".to_owned()], &json!(true)), "{shipping}");
    }

    async fn what_was_refunded_before_wechat_was_told_is_not_told(shop: &Shop) {
        let sku = shop.sku(1_000, 5).await;
        let buyer = shop.buyer().await;
        let order_id = buyer.buys(&[(&sku, 1)]).await;
        buyer.does("POST", &format!("/orders/{order_id}/refund"), Some(json!({"reason": "不想要了"}))).await;
        shop.settle().await;
        assert_eq!(told(shop).await, Value::Null);
    }
}
