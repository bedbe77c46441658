//! The cart: before and after log-in, and as goods come and go.

use serde_json::{Value, json};

use crate::support::Shop;
use crate::support::shop::text;

/// The line of a SKU.
fn line<'a>(cart: &'a Value, sku: &str) -> &'a Value {
    let lines = cart["lines"].as_array().expect("lines");
    lines.iter().find(|line| line["sku_id"] == json!(sku)).unwrap_or_else(|| panic!("{sku} is not in {cart}"))
}

on_both_databases! {
    async fn what_a_device_gathered_joins_the_cart_at_login(shop: &Shop) {
        let (both, new) = (shop.sku(1_000, 2_000).await, shop.sku(2_000, 10).await);
        let buyer = shop.buyer().await;
        buyer.does("POST", "/cart/lines", Some(json!({"sku_id": both, "quantity": 500}))).await;
        let (_, device) = shop.call("POST", "/api/v1/devices", None, None).await;
        let device = text(&device["device_token"]);
        let headers = [("x-device-token", device.as_str())];
        for (sku, quantity) in [(&both, 600), (&new, 2)] {
            let body = json!({"sku_id": sku, "quantity": quantity});
            let (status, body) = shop.call_with("POST", "/api/v1/cart/lines", None, &headers, Some(body)).await;
            assert_eq!(status, 201, "{body}");
        }
        for _ in 0..2 {
            let code = shop.wechat("POST", "/login", Some(json!({"openid": buyer.openid}))).await["js_code"].clone();
            let login = json!({"js_code": code});
            let (status, body) = shop.call_with("POST", "/api/v1/sessions/wechat-mini", None, &headers, Some(login)).await;
            assert_eq!(status, 201, "{body}");
            let cart = buyer.does("GET", "/cart", None).await;
            assert_eq!((&line(&cart, &both)["quantity"], &line(&cart, &new)["quantity"]), (&json!(999), &json!(2)), "{cart}");
        }
        let (_, emptied) = shop.call_with("GET", "/api/v1/cart", None, &headers, None).await;
        assert_eq!(emptied["lines"], json!([]), "{emptied}");
    }

    async fn quantities_add_up_to_999_and_no_further(shop: &Shop) {
        let sku = shop.sku(1_000, 10).await;
        let buyer = shop.buyer().await;
        let add = |quantity: i64| buyer.call("POST", "/cart/lines", Some(json!({"sku_id": sku, "quantity": quantity})));
        assert_eq!(add(998).await.0, 201);
        assert_eq!(add(1).await.0, 201);
        let (status, body) = add(1).await;
        assert_eq!((status, &body["code"]), (422, &json!("cart.quantity_out_of_range")), "{body}");
        let cart = buyer.does("GET", "/cart", None).await;
        let line = line(&cart, &sku);
        assert_eq!((&line["quantity"], &line["available"], &line["short_of_stock"]), (&json!(999), &json!(10), &json!(true)));
    }

    async fn lines_that_can_no_longer_be_bought_stay_with_the_reason(shop: &Shop) {
        let (off, disabled, sold_out) = (shop.product(1_000, 5).await, shop.product(2_000, 5).await, shop.sku(3_000, 1).await);
        let good = shop.sku(4_000, 5).await;
        let (off_sku, disabled_sku) = (text(&off["skus"][0]["id"]), text(&disabled["skus"][0]["id"]));
        let buyer = shop.buyer().await;
        for sku in [&off_sku, &disabled_sku, &sold_out, &good] {
            buyer.does("POST", "/cart/lines", Some(json!({"sku_id": sku, "quantity": 1}))).await;
        }
        shop.staff("POST", &format!("/products/{}/off-sale", text(&off["summary"]["id"])), None).await;
        let number = shop.number();
        let other = json!({"skus": [{"code": format!("OTHER-{number}"), "price_fen": 2_000, "weight_grams": 1}]});
        shop.edits(&text(&disabled["summary"]["id"]), &other).await;
        shop.buyer().await.orders(&[(&sold_out, 1)]).await;

        let cart = buyer.does("GET", "/cart", None).await;
        for (sku, reason) in [(&off_sku, json!("off_sale")), (&disabled_sku, json!("sku_disabled")), (&sold_out, json!("sold_out")), (&good, Value::Null)] {
            assert_eq!(line(&cart, sku)["unbuyable"], reason, "{cart}");
        }
        assert_eq!((&cart["pieces"], &cart["quote"]["total_fen"]), (&json!(1), &json!(4_000)), "{cart}");
        let (status, body) = buyer.call("POST", "/cart/lines", Some(json!({"sku_id": off_sku, "quantity": 1}))).await;
        assert_eq!((status, &body["code"]), (422, &json!("cart.not_sellable")), "{body}");
    }
}
