//! Placing orders: once per key, at the price seen, and nobody else's.

use serde_json::{Value, json};

use crate::support::Shop;
use crate::support::buyer::Wish;
use crate::support::crowd::at_once;
use crate::support::shop::text;

/// A key that was not used before.
fn new_key() -> String {
    format!("{:032x}", rand::random::<u128>())
}

on_both_databases! {
    async fn one_key_sent_a_hundred_times_at_once_is_one_order(shop: &Shop) {
        let sku = shop.sku(9_900, 500).await;
        let (buyer, other) = (shop.buyer().await, shop.buyer().await);
        let wish = buyer.wishes(&[(&sku, 2)]).await;
        let answers = at_once(100, (0..100).map(|_| buyer.sends(&wish))).await;
        for answer in &answers {
            assert_eq!(answer, &answers[0]);
        }
        assert_eq!(answers[0].0, 201, "{}", answers[0].1);
        assert_eq!(shop.stock(&sku).await["held"], 2);
        let mine = buyer.does("GET", "/orders", None).await;
        assert_eq!(mine["items"].as_array().map(Vec::len), Some(1), "{mine}");

        let different = Wish { body: buyer.wishes(&[(&sku, 3)]).await.body, ..wish.clone() };
        let (status, body) = buyer.sends(&different).await;
        assert_eq!((status, &body["code"]), (422, &json!("request.idempotency_key_reused")), "{body}");

        let theirs = Wish { body: other.wishes(&[(&sku, 2)]).await.body, ..wish.clone() };
        let (status, body) = other.sends(&theirs).await;
        assert_eq!(status, 201, "{body}");
        assert_ne!(body["order_id"], answers[0].1["order_id"]);
        assert_eq!(shop.stock(&sku).await["held"], 4);
    }

    async fn one_key_decides_even_when_twins_compete_for_the_last_piece(shop: &Shop) {
        let sku = shop.sku(9_900, 1).await;
        let buyer = shop.buyer().await;
        let wish = buyer.wishes(&[(&sku, 1)]).await;
        let answers = at_once(30, (0..30).map(|_| buyer.sends(&wish))).await;
        for (status, body) in &answers {
            assert_eq!((*status, &body["order_id"]), (201, &answers[0].1["order_id"]), "{body}");
        }
    }

    async fn a_changed_price_is_refused_with_a_quote_that_can_be_ordered(shop: &Shop) {
        let product = shop.product(9_900, 10).await;
        let (id, sku) = (text(&product["summary"]["id"]), text(&product["skus"][0]["id"]));
        let buyer = shop.buyer().await;
        let seen = buyer.wishes(&[(&sku, 2)]).await;
        shop.prices(&id, 8_800).await;
        let (status, refused) = buyer.sends(&seen).await;
        assert_eq!((status, &refused["code"]), (409, &json!("order.price_changed")), "{refused}");
        assert_eq!(refused["details"]["total_fen"], 2 * 8_800 + 200);
        assert_eq!(shop.stock(&sku).await["held"], 0);

        let agreed = buyer.wishes_at(&[(&sku, 2)], &refused["details"]);
        let (status, order) = buyer.sends(&agreed).await;
        assert_eq!((status, &order["price"]["total_fen"]), (201, &json!(2 * 8_800 + 200)), "{order}");
        shop.prices(&id, 1).await;
        assert_eq!(buyer.order(&text(&order["order_id"])).await["price"]["total_fen"], 2 * 8_800 + 200);
    }

    async fn what_was_taken_off_sale_meanwhile_is_refused_by_name(shop: &Shop) {
        let (gone, kept) = (shop.product(9_900, 10).await, shop.sku(1_000, 10).await);
        let sku = text(&gone["skus"][0]["id"]);
        let buyer = shop.buyer().await;
        let seen = buyer.wishes(&[(&sku, 1), (&kept, 1)]).await;
        shop.staff("POST", &format!("/products/{}/off-sale", text(&gone["summary"]["id"])), None).await;
        let (status, refused) = buyer.sends(&seen).await;
        assert_eq!((status, &refused["code"]), (409, &json!("order.basket_changed")), "{refused}");
        assert_eq!(refused["details"]["skus"], json!([{"sku_id": sku, "reason": "off_sale"}]));
        assert_eq!(refused["details"]["quote"]["total_fen"], 1_100, "what is left: {refused}");
        assert_eq!(shop.stock(&kept).await["held"], 0);
        let (status, order) = buyer.sends(&buyer.wishes_at(&[(&kept, 1)], &refused["details"]["quote"])).await;
        assert_eq!((status, &order["price"]["total_fen"]), (201, &json!(1_100)), "{order}");
    }

    async fn when_nothing_of_a_basket_is_left_there_is_no_quote(shop: &Shop) {
        let product = shop.product(9_900, 10).await;
        let sku = text(&product["skus"][0]["id"]);
        let buyer = shop.buyer().await;
        let seen = buyer.wishes(&[(&sku, 1)]).await;
        shop.staff("POST", &format!("/products/{}/off-sale", text(&product["summary"]["id"])), None).await;
        let (status, refused) = buyer.sends(&seen).await;
        assert_eq!((status, &refused["code"]), (409, &json!("order.basket_changed")), "{refused}");
        assert_eq!(refused["details"], json!({"skus": [{"sku_id": sku, "reason": "off_sale"}], "quote": null}));
    }

    async fn what_is_no_longer_delivered_there_is_refused_by_name(shop: &Shop) {
        let number = shop.number();
        let free = shop.free_freight().await;
        let draft = json!({"freight_template_id": free, "skus": [{"code": format!("FREE-{number}"), "price_fen": 500, "weight_grams": 1}]});
        let gone = shop.drafts(&draft).await;
        shop.puts_on_sale(&text(&gone["summary"]["id"])).await;
        let (sku, kept) = (text(&gone["skus"][0]["id"]), shop.sku(1_000, 10).await);
        shop.receive(&sku, 5).await;
        let buyer = shop.buyer().await;
        let seen = buyer.wishes(&[(&sku, 1), (&kept, 1)]).await;
        let nowhere = json!({"name": "停运", "measure": "piece", "tariffs": [{
            "provinces": [], "deliverable": false, "first_units": 1, "first_fee_fen": 0,
            "next_units": 1, "next_fee_fen": 0, "free_from_fen": null
        }]});
        let nowhere = text(&shop.staff_post("/freight-templates", nowhere).await["id"]);
        shop.edits(&text(&gone["summary"]["id"]), &json!({"freight_template_id": nowhere})).await;
        let (status, refused) = buyer.sends(&seen).await;
        assert_eq!((status, &refused["code"]), (409, &json!("order.basket_changed")), "{refused}");
        assert_eq!(refused["details"]["skus"], json!([{"sku_id": sku, "reason": "undeliverable"}]));
        assert_eq!(refused["details"]["quote"]["total_fen"], 1_100, "{refused}");
    }

    async fn what_never_existed_is_no_changed_basket(shop: &Shop) {
        let kept = shop.sku(1_000, 10).await;
        let buyer = shop.buyer().await;
        let mut wish = buyer.wishes(&[(&kept, 1)]).await;
        wish.body["lines"][0]["sku_id"] = json!("1");
        let (status, refused) = buyer.sends(&wish).await;
        assert_eq!((status, &refused["code"]), (422, &json!("pricing.not_sellable")), "{refused}");
    }

    async fn prices_sent_by_the_client_have_no_effect(shop: &Shop) {
        let sku = shop.sku(9_900, 10).await;
        let buyer = shop.buyer().await;
        let good = buyer.wishes(&[(&sku, 1)]).await;
        for field in ["price_fen", "total_fen", "discount_fen", "freight_fen", "user_id", "state", "paid_at", "created_at", "id"] {
            for place in ["", "/expected", "/lines/0"] {
                let mut wish = Wish { key: new_key(), ..good.clone() };
                let part = wish.body.pointer_mut(place).expect("a part of the body");
                if part.get(field).is_none() {
                    part[field] = json!(1);
                    let (status, body) = buyer.sends(&wish).await;
                    assert_eq!((status, &body["code"]), (422, &json!("request.invalid")), "{field} in {place}: {body}");
                }
            }
        }
        for (field, value) in [("total_fen", json!(1)), ("digest", json!("0".repeat(64)))] {
            let mut wish = Wish { key: new_key(), ..good.clone() };
            wish.body["expected"][field] = value;
            let (status, body) = buyer.sends(&wish).await;
            assert_eq!((status, &body["code"]), (409, &json!("order.price_changed")), "{body}");
        }
        assert_eq!(buyer.does("GET", "/orders", None).await["items"], json!([]));
        assert_eq!(shop.stock(&sku).await["held"], 0);
    }

    async fn other_peoples_orders_do_not_exist(shop: &Shop) {
        let sku = shop.sku(9_900, 10).await;
        let (buyer, stranger) = (shop.buyer().await, shop.buyer().await);
        let order = buyer.orders(&[(&sku, 1)]).await;
        let reason = json!({"reason": "不想要了"});
        let doors = [
            ("GET", "", None),
            ("POST", "/cancel", Some(reason.clone())),
            ("POST", "/receipt", None),
            ("POST", "/hide", None),
            ("POST", "/refund", Some(reason)),
            ("POST", "/payments", Some(json!({"trade_type": "jsapi"}))),
            ("GET", "/payment", None),
        ];
        for (method, door, body) in doors {
            let (status, theirs) = stranger.call(method, &format!("/orders/{order}{door}"), body.clone()).await;
            let (missing, nobodys) = stranger.call(method, &format!("/orders/1{door}"), body).await;
            assert_eq!((status, &theirs["code"]), (404, &nobodys["code"]), "{method} {door}: {theirs}");
            assert_eq!(missing, 404, "{method} {door}: {nobodys}");
        }
        assert_eq!(buyer.order(&order).await["state"], "pending_payment");
        assert_eq!(stranger.does("GET", "/orders", None).await["items"], json!([]));
        let mut theirs = stranger.wishes(&[(&sku, 1)]).await;
        theirs.body["address_id"] = json!(buyer.address_id);
        let (status, body) = stranger.sends(&theirs).await;
        assert_eq!((status, &body["code"]), (422, &json!("order.address_not_found")), "{body}");
    }

    async fn an_order_that_costs_nothing_is_paid_at_once_without_wechat(shop: &Shop) {
        let freight = shop.free_freight().await;
        let number = shop.number();
        let draft = json!({"freight_template_id": freight, "skus": [{"code": format!("GIFT-{number}"), "price_fen": 0, "weight_grams": 1}]});
        let product = shop.drafts(&draft).await;
        shop.puts_on_sale(&text(&product["summary"]["id"])).await;
        let sku = text(&product["skus"][0]["id"]);
        shop.receive(&sku, 5).await;
        let buyer = shop.buyer().await;
        let (status, order) = buyer.sends(&buyer.wishes(&[(&sku, 2)]).await).await;
        assert_eq!((status, &order["state"], &order["price"]["total_fen"]), (201, &json!("paid"), &json!(0)), "{order}");
        let id = text(&order["order_id"]);
        let (status, body) = buyer.call("POST", &format!("/orders/{id}/payments"), Some(json!({"trade_type": "jsapi"}))).await;
        assert_eq!(status, 409, "{body}");
        assert_eq!(shop.stock(&sku).await["sold"], 2);
        let book = shop.wechat("GET", "/book", None).await;
        assert_eq!(book["totals"]["orders"], 0, "{book}");

        buyer.does("POST", &format!("/orders/{id}/refund"), Some(json!({"reason": "不想要了"}))).await;
        assert_eq!(buyer.order(&id).await["state"], "refunded");
        assert_eq!(shop.stock(&sku).await["on_hand"], 5);
    }

    async fn what_is_ordered_from_the_cart_leaves_it(shop: &Shop) {
        let (bought, kept) = (shop.sku(1_000, 10).await, shop.sku(2_000, 10).await);
        let buyer = shop.buyer().await;
        for sku in [&bought, &kept] {
            buyer.does("POST", "/cart/lines", Some(json!({"sku_id": sku, "quantity": 2}))).await;
        }
        buyer.does("PUT", "/cart/selection", Some(json!({"selected": false, "sku_ids": [kept]}))).await;
        let mut wish = buyer.wishes(&[(&bought, 2)]).await;
        wish.body["from_cart"] = json!(true);
        let (status, body) = buyer.sends(&Wish { key: new_key(), ..wish.clone() }).await;
        assert_eq!((status, &body["code"]), (422, &json!("order.basket_unclear")), "{body}");
        wish.body.as_object_mut().expect("an object").remove("lines");
        let (status, body) = buyer.sends(&wish).await;
        assert_eq!(status, 201, "{body}");
        let left: Vec<Value> = buyer.does("GET", "/cart", None).await["lines"].as_array().expect("lines").clone();
        assert_eq!(left.iter().map(|line| text(&line["sku_id"])).collect::<Vec<_>>(), [kept]);
        let (status, body) = buyer.sends(&Wish { key: new_key(), ..wish }).await;
        assert_eq!((status, &body["code"]), (422, &json!("order.nothing_selected")), "{body}");
    }

    async fn staff_find_orders_by_how_they_reach_the_buyer(shop: &Shop) {
        let (sku, codes) = (shop.sku(9_900, 10).await, shop.code_sku(3).await);
        let store = shop.store("科技园店").await;
        let buyer = shop.buyer().await;
        let sent = buyer.orders(&[(&sku, 1)]).await;
        let collected = buyer.buys_to_collect(&store, &[(&sku, 1)]).await;
        let delivered = buyer.buys_virtual(&[(&codes, 1)]).await;
        let all = [("parcel", sent), ("pick_up", collected), ("virtual", delivered)];
        for (delivery, order) in &all {
            let found = shop.staff("GET", &format!("/orders?delivery={delivery}"), None).await;
            let ids: Vec<String> = found["items"].as_array().unwrap().iter().map(|row| text(&row["order_id"])).collect();
            assert_eq!(&ids, std::slice::from_ref(order), "{delivery}: {found}");
            let table = shop.table(&format!("/orders/export?delivery={delivery}")).await;
            for (other, id) in &all {
                assert_eq!(table.contains(id.as_str()), other == delivery, "{delivery}: {table}");
            }
        }
    }
}
