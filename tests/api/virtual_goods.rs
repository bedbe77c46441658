//! Orders of codes and access instead of parcels.

use std::collections::BTreeSet;

use diesel::RunQueryDsl as _;
use hourglass::platform::db::{DbError, Tx};
use serde_json::{Value, json};

use crate::support::Shop;
use crate::support::shop::text;

fn code_of(answer: &(u16, Value)) -> (u16, String) {
    (answer.0, answer.1["code"].as_str().unwrap_or_default().to_owned())
}

fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[derive(diesel::QueryableByName)]
struct Stored {
    #[diesel(sql_type = diesel::sql_types::Text)]
    sealed: String,
    #[diesel(sql_type = diesel::sql_types::Text)]
    fingerprint: String,
}

on_both_databases! {
    async fn codes_are_delivered_on_payment_to_their_buyer_alone(shop: &Shop) {
        let sku = shop.code_sku(5).await;
        let buyer = shop.buyer().await;
        let quote = buyer.does("POST", "/quotes", Some(json!({"lines": [{"sku_id": sku, "quantity": 2}]}))).await;
        assert_eq!((&quote["freight_fen"], &quote["freight_pending"], &quote["lines"][0]["kind"]), (&json!(0), &json!(false), &json!("virtual_code")), "{quote}");
        let order_id = buyer.buys_virtual(&[(&sku, 2)]).await;
        assert_eq!(buyer.codes(&order_id).await, Vec::<String>::new(), "delivery is work of its own");
        shop.settle().await;
        let order = buyer.order(&order_id).await;
        let steps: Vec<&Value> = order["steps"].as_array().unwrap().iter().map(|step| &step["state"]).collect();
        assert_eq!(steps, ["pending_payment", "paid", "shipped", "received"], "{order}");
        assert_eq!((&order["delivery"], &order["receiver"], &order["shipments"][0]["kind"]), (&json!("virtual"), &Value::Null, &json!("virtual")), "{order}");
        let codes = buyer.codes(&order_id).await;
        assert_eq!(codes, [format!("CODE-{sku}-0001"), format!("CODE-{sku}-0002")], "the oldest first");
        let stock = shop.stock(&sku).await;
        assert_eq!((&stock["on_hand"], &stock["sold"], &stock["held"]), (&json!(3), &json!(2), &json!(0)), "{stock}");

        let seen = shop.staff("GET", &format!("/orders/{order_id}/virtual-goods"), None).await;
        assert_eq!(seen["codes"][0]["code"], "****0001", "{seen}");
        let listed = shop.staff("GET", &format!("/skus/{sku}/codes?state=delivered"), None).await;
        assert_eq!((listed["items"].as_array().map(Vec::len), &listed["items"][0]["order_id"]), (Some(2), &json!(order_id)), "{listed}");
        let stored = |tx: &mut Tx<'_>| Ok::<_, DbError>(diesel::sql_query("SELECT sealed, fingerprint FROM digital_codes").load::<Stored>(tx.conn()?)?);
        for row in shop.app.db().read("stored", stored).await.unwrap() {
            assert!(!row.sealed.contains("CODE") && !row.fingerprint.contains("CODE"), "codes are sealed at rest");
        }
        assert_eq!((shop.events("order.virtual_ready").await, shop.events("digital.delivered").await), (1, 1));
        let told = shop.wechat("GET", "/shipping", None).await["orders"][0]["shipping"].clone();
        assert_eq!((&told["logistics_type"], &told["delivery_mode"], &told["finished"]), (&json!(3), &json!(1), &json!(true)), "{told}");
        let refund = buyer.call("POST", &format!("/orders/{order_id}/refund"), Some(json!({"reason": "不想要了"}))).await;
        assert_eq!(code_of(&refund), refused(409, "order.already_shipped"), "what was delivered was seen");
    }

    async fn of_twenty_buyers_ten_get_the_ten_codes(shop: &Shop) {
        let sku = shop.code_sku(10).await;
        let mut buyers = Vec::new();
        for _ in 0..20 {
            buyers.push(shop.buyer().await);
        }
        let mut wishes = Vec::new();
        for buyer in &buyers {
            wishes.push(buyer.wishes_virtual(&[(&sku, 1)]).await);
        }
        let placed = futures_util::future::join_all(buyers.iter().zip(&wishes).map(|(buyer, wish)| buyer.sends(wish))).await;
        let lucky: Vec<_> = buyers.iter().zip(&placed).filter(|(_, (status, _))| *status == 201).collect();
        assert_eq!(lucky.len(), 10, "{placed:?}");
        assert!(placed.iter().filter(|(status, _)| *status != 201).all(|answer| code_of(answer) == refused(409, "stock.insufficient")), "{placed:?}");
        let paying = lucky.iter().map(|(buyer, (_, order))| async move {
            let order_id = text(&order["order_id"]);
            let prepay_id = buyer.begins_to_pay(&order_id).await;
            shop.pay(&prepay_id).await;
            order_id
        });
        let orders = futures_util::future::join_all(paying).await;
        shop.settle().await;
        let mut given = BTreeSet::new();
        for ((buyer, _), order_id) in lucky.iter().zip(&orders) {
            let codes = buyer.codes(order_id).await;
            assert_eq!(codes.len(), 1, "order {order_id}");
            assert!(given.insert(codes[0].clone()), "{codes:?} was given twice");
        }
        assert_eq!(given.len(), 10);
        let stock = shop.stock(&sku).await;
        assert_eq!((&stock["on_hand"], &stock["sold"]), (&json!(0), &json!(10)), "{stock}");
    }

    async fn loads_are_checked_first_and_loaded_whole(shop: &Shop) {
        let sku = shop.code_sku(0).await;
        shop.loads(&sku, "code,value\nAAA-1,50\nBBB-2,50").await;
        let bad = "CCC-3\nAAA-1\nCCC-3\n,50\nDDD-4";
        let path = format!("/skus/{sku}/codes");
        let checked = shop.staff_post(&format!("{path}/check"), json!({"text": bad})).await;
        assert_eq!(checked, json!({"good": 2, "bad": [
            {"row": 2, "problem": "duplicate_in_pool"}, {"row": 3, "problem": "duplicate_in_list"}, {"row": 4, "problem": "empty"}
        ]}));
        let load = |text: &str| {
            let (path, body) = (format!("/admin/v1{path}"), json!({"text": text, "reason": "第二批"}));
            async move { shop.call("POST", &path, Some(&shop.owner), Some(body)).await }
        };
        let refusal = load(bad).await;
        assert_eq!((code_of(&refusal), &refusal.1["details"]["rows"]), (refused(422, "digital.bad_rows"), &checked["bad"]));
        assert_eq!(shop.stock(&sku).await["on_hand"], 2, "nothing was loaded");
        assert_eq!(code_of(&load("").await), refused(422, "digital.rows_out_of_range"));
        let many: Vec<String> = (0..5_001).map(|number| format!("M{number}")).collect();
        assert_eq!(code_of(&load(&many.join("\n")).await), refused(422, "digital.rows_out_of_range"));
        let both = futures_util::future::join(load("EEE-5\nFFF-6"), load("FFF-6\nEEE-5")).await;
        let mut statuses = [both.0.0, both.1.0];
        statuses.sort_unstable();
        assert!(statuses[0] == 201 && [409, 422].contains(&statuses[1]), "{both:?}");
        assert_eq!(shop.stock(&sku).await["on_hand"], 4);
        let audit = shop.staff("GET", "/audit?action=digital.load", None).await;
        assert_eq!(audit["items"].as_array().map(Vec::len), Some(2));
        assert!(!audit.to_string().contains("AAA-1"), "the log holds no code: {audit}");

        let physical = shop.sku(1_000, 1).await;
        let wrong = shop.call("POST", &format!("/admin/v1/skus/{physical}/codes"), Some(&shop.owner), Some(json!({"text": "A", "reason": "错"}))).await;
        assert_eq!(code_of(&wrong), refused(404, "digital.sku_not_found"));
        let by_hand = json!({"lines": [{"sku_id": sku, "quantity": 1}], "reason": "到货"});
        let by_hand = shop.call("POST", "/admin/v1/stock/receipts", Some(&shop.owner), Some(by_hand)).await;
        assert_eq!(code_of(&by_hand), refused(422, "stock.counted_by_codes"));
        let corrected = json!({"change": 1, "reason": "盘点"});
        let corrected = shop.call("POST", &format!("/admin/v1/stock/items/{sku}/corrections"), Some(&shop.owner), Some(corrected)).await;
        assert_eq!(code_of(&corrected), refused(422, "stock.counted_by_codes"));
    }

    async fn a_free_code_can_be_withdrawn_unless_orders_were_promised_all(shop: &Shop) {
        let sku = shop.code_sku(2).await;
        let buyer = shop.buyer().await;
        let order_id = text(&buyer.sends(&buyer.wishes_virtual(&[(&sku, 1)]).await).await.1["order_id"]);
        let codes = shop.staff("GET", &format!("/skus/{sku}/codes"), None).await;
        let withdraw = |code: &Value| {
            let path = format!("/admin/v1/codes/{}/withdraw", text(&code["code_id"]));
            async move { shop.call("POST", &path, Some(&shop.owner), Some(json!({"reason": "失效"}))).await }
        };
        let (status, withdrawn) = withdraw(&codes["items"][1]).await;
        assert_eq!((status, &withdrawn["state"]), (200, &json!("withdrawn")), "{withdrawn}");
        assert_eq!(code_of(&withdraw(&codes["items"][1]).await), refused(409, "digital.code_not_free"));
        assert_eq!(code_of(&withdraw(&codes["items"][0]).await), refused(409, "stock.below_held"), "an order was promised it");
        let prepay_id = buyer.begins_to_pay(&order_id).await;
        shop.pay(&prepay_id).await;
        shop.settle().await;
        assert_eq!(buyer.codes(&order_id).await, [format!("CODE-{sku}-0002")]);
        assert_eq!(code_of(&withdraw(&codes["items"][0]).await), refused(409, "digital.code_not_free"));
    }

    async fn access_is_granted_as_it_was_when_it_was_bought(shop: &Shop) {
        let sku = shop.access_sku(5).await;
        let buyer = shop.buyer().await;
        let two = buyer.call("POST", "/quotes", Some(json!({"lines": [{"sku_id": sku, "quantity": 2}]}))).await;
        assert_eq!(code_of(&two), refused(422, "pricing.access_once"), "a buyer has access or has not");
        let order_id = buyer.buys_virtual(&[(&sku, 1)]).await;
        shop.settle().await;
        let path = format!("/skus/{sku}/access-grant");
        shop.staff("PUT", &path, Some(json!({"name": "新课", "instructions": "找客服"}))).await;
        let goods = buyer.does("GET", &format!("/orders/{order_id}/virtual-goods"), None).await;
        assert_eq!((&goods["state"], goods["access"].as_array().map(Vec::len)), (&json!("received"), Some(1)), "{goods}");
        assert_eq!((&goods["access"][0]["name"], &goods["access"][0]["link"]), (&json!("音频课"), &json!("https://shop.example/course")), "{goods}");
        let later = buyer.buys_virtual(&[(&sku, 1)]).await;
        shop.settle().await;
        let goods = buyer.does("GET", &format!("/orders/{later}/virtual-goods"), None).await;
        assert_eq!((&goods["access"][0]["name"], &goods["access"][0]["link"]), (&json!("新课"), &Value::Null), "{goods}");
        let odd = json!({"name": "新课", "instructions": "找客服", "link": "http://shop.example"});
        let odd = shop.call("PUT", &format!("/admin/v1{path}"), Some(&shop.owner), Some(odd)).await;
        assert_eq!(code_of(&odd), refused(422, "digital.invalid_field"));
    }

    async fn whoever_paid_before_access_was_described_gets_it_when_it_is(shop: &Shop) {
        let sku = shop.virtual_sku("virtual_access").await;
        shop.receive(&sku, 2).await;
        let buyer = shop.buyer().await;
        let order_id = buyer.buys_virtual(&[(&sku, 1)]).await;
        shop.settle().await;
        assert_eq!(buyer.order(&order_id).await["state"], "paid", "there is nothing to hand over yet");
        let grant = json!({"name": "音频课", "instructions": "打开链接收听"});
        shop.staff("PUT", &format!("/skus/{sku}/access-grant"), Some(grant)).await;
        shop.settle().await;
        let goods = buyer.does("GET", &format!("/orders/{order_id}/virtual-goods"), None).await;
        assert_eq!((&goods["state"], &goods["access"][0]["name"]), (&json!("received"), &json!("音频课")), "{goods}");
    }

    async fn no_code_is_sold_twice_in_whichever_pool(shop: &Shop) {
        let (wrong, right) = (shop.code_sku(0).await, shop.code_sku(0).await);
        shop.loads(&wrong, "SAME-1\nSAME-2").await;
        let path = format!("/skus/{right}/codes");
        let checked = shop.staff_post(&format!("{path}/check"), json!({"text": "SAME-1\nOTHER-1"})).await;
        assert_eq!(checked, json!({"good": 1, "bad": [{"row": 1, "problem": "duplicate_in_other_pool"}]}));
        let body = json!({"text": "SAME-1", "reason": "放错了规格"});
        let refusal = shop.call("POST", &format!("/admin/v1{path}"), Some(&shop.owner), Some(body)).await;
        assert_eq!(code_of(&refusal), refused(422, "digital.bad_rows"));
        let codes = shop.staff("GET", &format!("/skus/{wrong}/codes"), None).await;
        for code in codes["items"].as_array().unwrap() {
            shop.staff_post(&format!("/codes/{}/withdraw", text(&code["code_id"])), json!({"reason": "放错了规格"})).await;
        }
        shop.loads(&right, "SAME-1\nSAME-2").await;
        assert_eq!((&shop.stock(&wrong).await["on_hand"], &shop.stock(&right).await["on_hand"]), (&json!(0), &json!(2)));
    }

    async fn a_refund_before_delivery_returns_everything_and_delivers_nothing(shop: &Shop) {
        let sku = shop.code_sku(1).await;
        let buyer = shop.buyer().await;
        let order_id = buyer.buys_virtual(&[(&sku, 1)]).await;
        buyer.does("POST", &format!("/orders/{order_id}/refund"), Some(json!({"reason": "不想要了"}))).await;
        shop.settle().await;
        assert_eq!(buyer.order(&order_id).await["state"], "refunded");
        assert_eq!(buyer.codes(&order_id).await, Vec::<String>::new());
        let stock = shop.stock(&sku).await;
        assert_eq!((&stock["on_hand"], &stock["sold"]), (&json!(1), &json!(0)), "{stock}");
        let next = shop.buyer().await;
        let order_id = next.buys_virtual(&[(&sku, 1)]).await;
        shop.settle().await;
        assert_eq!(next.codes(&order_id).await, [format!("CODE-{sku}-0001")], "the next buyer gets it");
    }

    async fn a_mixed_basket_is_delivered_and_sent(shop: &Shop) {
        let (codes, goods) = (shop.code_sku(3).await, shop.sku(2_000, 5).await);
        let buyer = shop.buyer().await;
        let nowhere = buyer.wishes_virtual(&[(&codes, 1), (&goods, 1)]).await;
        assert_eq!(code_of(&buyer.sends(&nowhere).await), refused(422, "order.destination_unclear"));
        let quote = buyer.quote(&[(&codes, 2), (&goods, 1)]).await;
        assert_eq!((&quote["lines"][0]["freight_fen"], &quote["lines"][1]["freight_fen"]), (&json!(0), &json!(100)), "only what is carried pays freight: {quote}");
        let order_id = buyer.buys(&[(&codes, 2), (&goods, 1)]).await;
        shop.settle().await;
        assert_eq!(buyer.codes(&order_id).await.len(), 2);
        let order = buyer.order(&order_id).await;
        assert_eq!((&order["state"], &order["delivery"]), (&json!("paid"), &json!("parcel")), "{order}");
        let refund = buyer.call("POST", &format!("/orders/{order_id}/refund"), Some(json!({"reason": "不想要了"}))).await;
        assert_eq!(code_of(&refund), refused(409, "order.already_shipped"));
        let virtual_line = order["lines"].as_array().unwrap().iter().find(|line| line["kind"] == "virtual_code").unwrap();
        let odd = json!({"carrier_code": "SF", "tracking_no": "SF1", "lines": [{"line_id": virtual_line["line_id"], "quantity": 1}]});
        let odd = shop.call("POST", &format!("/admin/v1/orders/{order_id}/shipments"), Some(&shop.owner), Some(odd)).await;
        assert_eq!(code_of(&odd), refused(422, "order.virtual_line"));
        shop.staff_post(&format!("/orders/{order_id}/shipments"), json!({"carrier_code": "SF", "tracking_no": "SF1"})).await;
        shop.settle().await;
        assert_eq!(buyer.order(&order_id).await["state"], "shipped");
        let told = shop.wechat("GET", "/shipping", None).await["orders"][0]["shipping"].clone();
        assert_eq!((&told["logistics_type"], &told["delivery_mode"], &told["finished"]), (&json!(1), &json!(1), &json!(true)), "{told}");
        assert_eq!(told["parcels"].as_array().map(Vec::len), Some(1), "{told}");
    }

    async fn a_mixed_basket_can_be_collected(shop: &Shop) {
        let (codes, goods, store) = (shop.code_sku(1).await, shop.sku(2_000, 5).await, shop.store("南山旗舰店").await);
        let buyer = shop.buyer().await;
        let order_id = buyer.buys_to_collect(&store, &[(&codes, 1), (&goods, 1)]).await;
        let code = buyer.pick_up_code(&order_id).await;
        assert_eq!(shop.hands_out(&shop.owner, &store, &code).await.0, 200);
        assert_eq!(buyer.order(&order_id).await["state"], "paid", "its codes were not delivered yet");
        shop.settle().await;
        assert_eq!(buyer.order(&order_id).await["state"], "received");
        assert_eq!(buyer.codes(&order_id).await.len(), 1);
        let told = shop.wechat("GET", "/shipping", None).await["orders"][0]["shipping"].clone();
        assert_eq!((&told["logistics_type"], &told["finished"]), (&json!(4), &json!(true)), "{told}");
    }

    async fn a_campaign_holds_codes_back(shop: &Shop) {
        let sku = shop.code_sku(4).await;
        let product = shop.staff("GET", &format!("/skus/{sku}/codes"), None).await;
        assert_eq!(product["items"].as_array().map(Vec::len), Some(4));
        let found = shop.staff("GET", "/products", None).await;
        let product_id = text(&found["items"][0]["id"]);
        let draft = shop.group_buy_draft(&product_id, &sku, &json!({"sizes": [2], "sku": {"prices_fen": [800]}}));
        let campaign = text(&shop.staff_post("/group-buys", draft).await["campaign_id"]);
        shop.starts(&campaign).await;
        let (leader, friend) = (shop.buyer().await, shop.buyer().await);
        let (order_id, group) = leader.takes_seat(&sku, &format!("new:{campaign}")).await;
        leader.pays(&order_id).await;
        shop.settle().await;
        assert_eq!(leader.codes(&order_id).await, Vec::<String>::new(), "the group is not full");
        let (friends, _) = friend.takes_seat(&sku, &group).await;
        friend.pays(&friends).await;
        shop.settle().await;
        assert_eq!((leader.codes(&order_id).await.len(), friend.codes(&friends).await.len()), (1, 1));
    }

    async fn what_a_product_is_is_settled_when_it_is_made(shop: &Shop) {
        let product = shop.drafts(&json!({"kind": "virtual_code"})).await;
        assert_eq!(product["summary"]["kind"], "virtual_code");
        let id = text(&product["summary"]["id"]);
        let edit = shop.edit(&id, &json!({"kind": "physical"})).await;
        let refusal = shop.call("PUT", &format!("/admin/v1/products/{id}"), Some(&shop.owner), Some(edit)).await;
        assert_eq!(code_of(&refusal), refused(422, "catalog.kind_settled"));
        let kept = shop.edits(&id, &json!({"title": "点卡"})).await;
        assert_eq!((&kept["summary"]["kind"], &kept["summary"]["title"]), (&json!("virtual_code"), &json!("点卡")));
    }
}
