//! Orders that are collected at a store.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::Shop;
use crate::support::shop::text;

fn code_of(answer: &(u16, Value)) -> (u16, String) {
    (answer.0, answer.1["code"].as_str().unwrap_or_default().to_owned())
}

fn refused(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

on_both_databases! {
    async fn an_order_is_collected_with_its_code_once(shop: &Shop) {
        let (sku, store) = (shop.sku(1_000, 5).await, shop.store("南山旗舰店").await);
        let buyer = shop.buyer().await;
        let offered = shop.call("GET", "/api/v1/stores", None, None).await.1;
        assert_eq!((&offered["items"][0]["store_id"], &offered["items"][0]["name"]), (&json!(store), &json!("南山旗舰店")), "{offered}");

        let wish = buyer.wishes_to_collect(&store, &[(&sku, 2)], json!([])).await;
        let (status, placed) = buyer.sends(&wish).await;
        assert_eq!((status, &placed["price"]["total_fen"]), (201, &json!(2_000)), "no freight: {placed}");
        let order_id = text(&placed["order_id"]);
        let before = buyer.order(&order_id).await;
        assert_eq!((&before["delivery"], &before["pick_up"]["code"]), (&json!("pick_up"), &Value::Null), "no code before payment: {before}");
        assert_eq!((&before["receiver"]["name"], &before["receiver"]["province_code"]), (&json!("李雷"), &Value::Null), "{before}");
        let picture = format!("/orders/{order_id}/pick-up-code");
        assert_eq!(code_of(&buyer.call("GET", &picture, None).await), refused(404, "order.no_pick_up_code"));

        let prepay_id = buyer.begins_to_pay(&order_id).await;
        shop.pay(&prepay_id).await;
        let code = buyer.pick_up_code(&order_id).await;
        assert_eq!(code.len(), 14, "twelve letters in groups of four: {code}");
        assert_eq!(buyer.call("GET", &picture, None).await.0, 200);
        assert!(!shop.order(&order_id).await.to_string().contains(&code), "staff do not see it");

        let parcel = json!({"carrier_code": "SF", "tracking_no": "SF1"});
        let sent = shop.call("POST", &format!("/admin/v1/orders/{order_id}/shipments"), Some(&shop.owner), Some(parcel)).await;
        assert_eq!(code_of(&sent), refused(409, "order.collected_at_store"));
        let unknown = shop.hands_out(&shop.owner, &store, "2345-6789-ABCD").await;
        assert_eq!(code_of(&unknown), refused(404, "order.pick_up_code_not_found"));

        let looked = shop.staff_post("/pick-ups/look-up", json!({"store_id": store, "code": code.to_lowercase()})).await;
        assert_eq!((&looked["order_id"], &looked["state"], &looked["lines"][0]["quantity"]), (&json!(order_id), &json!("paid"), &json!(2)), "{looked}");
        let (status, handed) = shop.hands_out(&shop.owner, &store, &code).await;
        assert_eq!((status, &handed["state"]), (200, &json!("received")), "{handed}");
        let again = shop.hands_out(&shop.owner, &store, &code).await;
        assert_eq!(code_of(&again), refused(409, "order.already_picked_up"));
        assert!(again.1["details"]["picked_up_at"].is_string(), "{}", again.1);

        let after = buyer.order(&order_id).await;
        let steps: Vec<&Value> = after["steps"].as_array().unwrap().iter().map(|step| &step["state"]).collect();
        assert_eq!(steps, ["pending_payment", "paid", "shipped", "received"], "{after}");
        assert_eq!((&after["pick_up"]["code"], &after["shipments"][0]["kind"], &after["shipments"][0]["tracking_no"]), (&Value::Null, &json!("pick_up"), &Value::Null), "{after}");
        let audit = shop.staff("GET", "/audit?action=order.handout", None).await;
        assert_eq!(audit["items"][0]["after"]["store_id"], json!(store), "{audit}");
        shop.settle().await;
        let told = shop.wechat("GET", "/shipping", None).await["orders"][0]["shipping"].clone();
        assert_eq!((&told["logistics_type"], &told["delivery_mode"], &told["finished"]), (&json!(4), &json!(1), &json!(true)), "{told}");
        let found = shop.staff("GET", &format!("/orders?store_id={store}"), None).await;
        assert_eq!(found["items"][0]["order_id"], json!(order_id), "{found}");
    }

    async fn of_all_who_verify_one_code_at_once_one_does(shop: &Shop) {
        let (sku, store) = (shop.sku(1_000, 50).await, shop.store("南山旗舰店").await);
        let buyer = shop.buyer().await;
        for _ in 0..5 {
            let order_id = buyer.buys_to_collect(&store, &[(&sku, 1)]).await;
            let code = buyer.pick_up_code(&order_id).await;
            let tries = (0..8).map(|_| shop.hands_out(&shop.owner, &store, &code));
            let answers = futures_util::future::join_all(tries).await;
            let done = answers.iter().filter(|(status, _)| *status == 200).count();
            let late = answers.iter().filter(|answer| code_of(answer) == refused(409, "order.already_picked_up")).count();
            assert_eq!((done, late), (1, 7), "{answers:?}");
            assert_eq!(shop.order(&order_id).await["shipments"].as_array().map(Vec::len), Some(1));
        }
    }

    async fn a_refund_kills_the_code_and_of_refund_and_collecting_one_wins(shop: &Shop) {
        let (sku, store) = (shop.sku(1_000, 50).await, shop.store("南山旗舰店").await);
        let buyer = shop.buyer().await;
        let reason = json!({"reason": "不想要了"});
        let order_id = buyer.buys_to_collect(&store, &[(&sku, 1)]).await;
        let code = buyer.pick_up_code(&order_id).await;
        buyer.does("POST", &format!("/orders/{order_id}/refund"), Some(reason.clone())).await;
        assert_eq!(buyer.order(&order_id).await["pick_up"]["code"], Value::Null, "dead from the moment it is asked for");
        assert_eq!(code_of(&shop.hands_out(&shop.owner, &store, &code).await), refused(409, "order.refund_running"));
        shop.settle().await;
        assert_eq!(code_of(&shop.hands_out(&shop.owner, &store, &code).await), refused(409, "order.not_paid"));
        assert_eq!(shop.stock(&sku).await["sold"], 0);

        let mut seen = BTreeSet::new();
        for _ in 0..12 {
            let order_id = buyer.buys_to_collect(&store, &[(&sku, 1)]).await;
            let code = buyer.pick_up_code(&order_id).await;
            let refund = format!("/orders/{order_id}/refund");
            let (handed, refunded) = futures_util::future::join(
                shop.hands_out(&shop.owner, &store, &code),
                buyer.call("POST", &refund, Some(reason.clone())),
            ).await;
            shop.settle().await;
            let state = text(&buyer.order(&order_id).await["state"]);
            let expected = if handed.0 == 200 { "received" } else { "refunded" };
            assert_eq!((state.as_str(), handed.0 == 200), (expected, refunded.0 != 204), "{handed:?} {refunded:?}");
            seen.insert(state);
        }
        assert!(!seen.is_empty(), "{seen:?}");
    }

    async fn codes_are_worth_something_at_their_own_store_and_to_its_staff_alone(shop: &Shop) {
        let (sku, here, there) = (shop.sku(1_000, 5).await, shop.store("南山旗舰店").await, shop.store("福田店").await);
        let roles = shop.staff("GET", "/roles", None).await;
        let clerk = roles["items"].as_array().unwrap().iter().find(|role| role["name"] == "store_clerk").unwrap();
        let (clerk_id, clerk) = shop.colleague("clerk.futian", &[clerk["role_id"].as_str().unwrap()]).await;
        let buyer = shop.buyer().await;
        let order_id = buyer.buys_to_collect(&here, &[(&sku, 1)]).await;
        let code = buyer.pick_up_code(&order_id).await;
        let elsewhere = shop.hands_out(&shop.owner, &there, &code).await;
        assert_eq!(code_of(&elsewhere), refused(409, "order.wrong_store"));
        assert_eq!(elsewhere.1["details"]["store_name"], "南山旗舰店");

        shop.staff("PUT", &format!("/stores/{there}/staff"), Some(json!({"staff_ids": [clerk_id]}))).await;
        assert_eq!(code_of(&shop.hands_out(&clerk, &here, &code).await), refused(403, "order.not_your_store"));
        assert_eq!(code_of(&shop.hands_out(&clerk, &there, &code).await), refused(409, "order.wrong_store"));
        let twice = json!({"staff_ids": [clerk_id, clerk_id]});
        let refusal = shop.call("PUT", &format!("/admin/v1/stores/{here}/staff"), Some(&shop.owner), Some(twice)).await;
        assert_eq!(code_of(&refusal), refused(422, "store.too_many_staff"));
        let nobody = json!({"staff_ids": ["1"]});
        let refusal = shop.call("PUT", &format!("/admin/v1/stores/{here}/staff"), Some(&shop.owner), Some(nobody)).await;
        assert_eq!(code_of(&refusal), refused(422, "store.staff_not_found"));
        shop.staff("PUT", &format!("/stores/{here}/staff"), Some(json!({"staff_ids": [clerk_id]}))).await;

        shop.staff("POST", &format!("/stores/{here}/close"), None).await;
        let offered = shop.call("GET", "/api/v1/stores", None, None).await.1;
        assert_eq!(offered["items"].as_array().map(Vec::len), Some(1), "{offered}");
        let wish = buyer.wishes_to_collect(&here, &[(&sku, 1)], json!([])).await;
        assert_eq!(code_of(&buyer.sends(&wish).await), refused(422, "order.store_not_found"));
        assert_eq!(shop.hands_out(&clerk, &here, &code).await.0, 200, "a closed store hands out what waits there");
    }

    async fn an_order_goes_to_an_address_or_to_a_store(shop: &Shop) {
        let (sku, store) = (shop.sku(1_000, 5).await, shop.store("南山旗舰店").await);
        let buyer = shop.buyer().await;
        let wish = buyer.wishes_to_collect(&store, &[(&sku, 1)], json!([])).await;
        let mut both = wish.clone();
        both.body["address_id"] = json!(buyer.address_id);
        assert_eq!(code_of(&buyer.sends(&both).await), refused(422, "order.destination_unclear"));
        let mut neither = wish.clone();
        neither.body.as_object_mut().unwrap().remove("pick_up");
        assert_eq!(code_of(&buyer.sends(&neither).await), refused(422, "order.destination_unclear"));
        for (field, bad) in [("contact_name", ""), ("contact_name", "李\n雷"), ("contact_phone", "12345"), ("contact_phone", "")] {
            let mut odd = wish.clone();
            odd.body["pick_up"][field] = json!(bad);
            let answer = buyer.sends(&odd).await;
            assert_eq!(code_of(&answer), refused(422, "order.invalid_field"), "{field} {bad:?}");
            assert_eq!(answer.1["details"]["field"], field);
        }
        let mut missing = wish.clone();
        missing.body["pick_up"]["store_id"] = json!("1");
        assert_eq!(code_of(&buyer.sends(&missing).await), refused(422, "order.store_not_found"));
        let sent = buyer.wishes(&[(&sku, 1)]).await;
        let mut dearer = wish.clone();
        dearer.body["expected"] = sent.body["expected"].clone();
        assert_eq!(code_of(&buyer.sends(&dearer).await), refused(409, "order.price_changed"), "freight was in that price");
    }

    async fn a_campaign_holds_the_code_back(shop: &Shop) {
        let buy = shop.group_buy(json!({"sizes": [2]})).await;
        let store = shop.store("南山旗舰店").await;
        let (leader, friend) = (shop.buyer().await, shop.buyer().await);
        let claim = json!([{"kind": "group_buy", "reference": format!("new:{}", buy.campaign)}]);
        let (status, placed) = leader.sends(&leader.wishes_to_collect(&store, &[(&buy.sku, 1)], claim).await).await;
        assert_eq!((status, &placed["price"]["total_fen"]), (201, &json!(8_000)), "{placed}");
        let order_id = text(&placed["order_id"]);
        leader.pays(&order_id).await;
        assert_eq!(leader.order(&order_id).await["pick_up"]["code"], Value::Null, "the group is not full");
        let group = text(&placed["gates"][0]["source_ref"]);
        friend.joins_group(&buy, &group).await;
        shop.settle().await;
        let code = leader.pick_up_code(&order_id).await;
        assert_eq!(shop.hands_out(&shop.owner, &store, &code).await.0, 200);
    }

    async fn stores_are_kept_by_staff(shop: &Shop) {
        let store = shop.store("南山旗舰店").await;
        let path = format!("/stores/{store}");
        let draft = json!({"name": "南山新店", "address": "深圳市南山区", "phone": "0755-12345678", "opening_hours": "9:00–21:00"});
        let mut change = draft.clone();
        change["version"] = json!(1);
        let changed = shop.staff("PUT", &path, Some(change.clone())).await;
        assert_eq!((&changed["store"]["name"], &changed["store"]["version"], &changed["store"]["location"]), (&json!("南山新店"), &json!(2), &Value::Null), "{changed}");
        let stale = shop.call("PUT", &format!("/admin/v1{path}"), Some(&shop.owner), Some(change)).await;
        assert_eq!(code_of(&stale), refused(409, "store.changed"));
        let mut odd = draft.clone();
        odd["location"] = json!({"latitude_microdegrees": 90_000_001, "longitude_microdegrees": 0});
        let odd = shop.call("POST", "/admin/v1/stores", Some(&shop.owner), Some(odd)).await;
        assert_eq!(code_of(&odd), refused(422, "store.invalid_field"));
        shop.staff("POST", &format!("{path}/close"), None).await;
        let closed = shop.staff("POST", &format!("{path}/close"), None).await;
        assert_eq!((&closed["store"]["state"], &closed["store"]["version"]), (&json!("closed"), &json!(3)), "the second time nothing happens");
        let listed = shop.staff("GET", "/stores?state=open", None).await;
        assert_eq!(listed["items"], json!([]));
        shop.staff("POST", &format!("{path}/open"), None).await;
        assert_eq!(shop.staff("GET", &path, None).await["store"]["state"], "open");
        assert_eq!(shop.call("GET", "/admin/v1/stores/1", Some(&shop.owner), None).await.0, 404);
        let audit = shop.staff("GET", "/audit?action=store.state", None).await;
        assert_eq!(audit["items"].as_array().map(Vec::len), Some(2), "{audit}");
    }
}
