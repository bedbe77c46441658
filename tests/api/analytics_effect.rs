//! Effect over HTTP: where high-quality users come from, and what a campaign cost and brought.

use hourglass::campaign::CampaignKind;
use hourglass::kernel::id::UserId;
use hourglass::kernel::time::{DAY_MS, MINUTE_MS};
use serde_json::{Value, json};

use crate::campaigns::{attributed, somebody};
use crate::support::Shop;
use crate::support::shop::text;

impl Shop {
    async fn asks_whenever(&self, path: &str, body: Value) -> Value {
        let owner = self.owner_again().await;
        let (status, answer) =
            self.call("POST", &format!("/admin/v1/analytics/{path}"), Some(&owner), Some(body)).await;
        assert_eq!(status, 200, "{path}: {answer}");
        answer
    }

    async fn counts(&self, path: &str, body: Value) -> (u64, Value) {
        let people = self.asks_whenever(path, body).await;
        (people["people"].as_u64().expect("a count"), people["user_ids"].clone())
    }
}

on_both_databases! {
    async fn high_quality_users_are_told_by_where_they_come_from(shop: &Shop) {
        let began = shop.clock.now();
        let mut good = Vec::new();
        for steps in [&["page_seen"][..], &["page_seen", "cart_filled"], &["page_seen", "cart_filled"]] {
            let user = shop.goes(steps, began).await;
            if steps.len() == 2 {
                good.push(user);
            }
        }
        shop.settle().await;
        shop.clock.advance(DAY_MS);
        let owner = shop.owner_again().await;
        let did = json!({"did": {"event": {"event": "cart_filled"}, "compare": "gte", "times": 1, "window": "ever"}});
        let (status, segment) = shop
            .call("POST", "/admin/v1/analytics/segments", Some(&owner), Some(json!({"name": "优质", "condition": did})))
            .await;
        assert_eq!(status, 201, "{segment}");
        let question = json!({
            "range": {"from": began.plus_millis(-60 * MINUTE_MS), "to": began.plus_millis(60 * MINUTE_MS)},
            "quality": {"as_of": shop.clock.now(), "condition": {"audience": segment["segment_id"]}},
        });
        let answer = shop.asks_whenever("quality", question.clone()).await;
        assert_eq!(answer["hits"], 2, "{answer}");
        let origins = answer["origins"].as_array().expect("origins");
        let sum = |field: &str| origins.iter().map(|origin| origin[field].as_u64().expect("a count")).sum::<u64>();
        assert_eq!((sum("hits"), Some(sum("new"))), (2, answer["new"].as_u64()));
        let hits = json!({"question": question, "figure": {"hits": true}, "keep_as": "优质新客"});
        assert_eq!(shop.counts("quality/people", hits).await, (2, json!(good)));
        let all = json!({"question": question, "figure": {"hits": false}});
        assert_eq!(Some(shop.counts("quality/people", all).await.0), answer["new"].as_u64());
        let mut early = question;
        early["range"]["to"] = json!(shop.clock.now().plus_millis(DAY_MS));
        let owner = shop.owner_again().await;
        let (status, refused) = shop.call("POST", "/admin/v1/analytics/quality", Some(&owner), Some(early)).await;
        assert_eq!((status, &refused["details"]["reason"]), (422, &json!("range_not_passed")), "{refused}");
    }

    async fn a_campaigns_money_is_counted_once_and_against_its_hold_out(shop: &Shop) {
        let sku = shop.sku(10_000, 50).await;
        let plan = json!({"holdout_permille": 500, "margin_permille": 400});
        let id = shop.running_campaign(CampaignKind::Live, &plan).await;
        let (sharer, sharer_id) = somebody(shop, id, 500, false).await;
        shop.later(MINUTE_MS).await;
        let token = sharer.shares_thing("campaign", &id.to_string(), "group_chat").await;
        let device = shop.device().await;
        device.opens(&token).await;
        let mut friend = device.logs_in(None).await;
        shop.settle().await;

        let kept = sharer.orders(&[(&sku, 2)]).await;
        shop.spends(id, &format!("order:{kept}"), 1_000).await.expect("within the budget");
        attributed(shop, id, &kept, (sharer_id, true), 1_000).await;
        shop.pay(&sharer.begins_to_pay(&kept).await).await;
        let address = json!({
            "receiver_name": "李四", "receiver_phone": "13800004321", "province_code": "44", "city": "深圳市",
            "district": "南山区", "detail": "科技园 2 号", "is_default": true
        });
        friend.address_id = text(&friend.does("POST", "/addresses", Some(address)).await["address_id"]);
        let own = friend.buys(&[(&sku, 1)]).await;
        let (held, _) = somebody(shop, id, 500, true).await;
        held.buys(&[(&sku, 1)]).await;
        shop.settle().await;

        let total = |order: &Value| order["price"]["total_fen"].as_i64().expect("money");
        let (direct, indirect) = (total(&shop.order(&kept).await), total(&shop.order(&own).await));
        let path = format!("campaigns/{id}/effect");
        let question = json!({"days": 7});
        let effect = shop.asks_whenever(&path, question.clone()).await;
        assert_eq!((&effect["brought"], &effect["direct_orders"], &effect["indirect_orders"]), (&json!(1), &json!(1), &json!(1)), "{effect}");
        assert_eq!((&effect["direct_fen"], &effect["indirect_fen"]), (&json!(direct), &json!(indirect)), "{effect}");
        assert_eq!((&effect["cost"]["discounts_fen"], &effect["cost"]["total_fen"]), (&json!(1_000), &json!(1_000)));
        assert_eq!(effect["gross_margin_fen"], json!((direct + 1_000) * 2 / 5));
        assert_eq!((direct, &effect["roi"]), (20_200, &json!(7.48)), "{effect}");
        // Which side the friend is on is a matter of their id.
        let sides = &effect["hold_out"];
        let bought = |side: &str| sides[side].as_u64().expect("a count");
        assert!(bought("treated_bought") >= 1 && bought("held_out_bought") >= 1, "{effect}");
        assert_eq!((bought("treated_bought") + bought("held_out_bought"), sides["uplift"].is_f64()), (3, true), "{effect}");
        let dearer = shop.asks_whenever(&path, json!({"days": 7, "ads_fen": 500, "messages_fen": 20})).await;
        assert_eq!(dearer["cost"]["total_fen"], 1_520);

        let people = format!("{path}/people");
        let figure = |figure: &str| json!({"question": question, "figure": figure});
        let friend_id: UserId = friend.user_id().await.parse().expect("an id");
        assert_eq!(shop.counts(&people, figure("brought")).await, (1, json!([friend_id])));
        assert_eq!(shop.counts(&people, figure("direct_buyers")).await, (1, json!([sharer_id])));
        assert_eq!(shop.counts(&people, figure("indirect_buyers")).await, (1, json!([friend_id])));
        let table = shop.spreadsheet("POST", &format!("/admin/v1/analytics/{path}?format=csv"), Some(question)).await;
        assert!(table.contains(&format!("direct_fen,{direct}\n")), "{table}");
        for (body, expected) in [(json!({"days": 0}), 422), (json!({"days": 7, "ads_fen": -1}), 422)] {
            let (status, refused) = shop.call("POST", &format!("/admin/v1/analytics/{path}"), Some(&shop.owner), Some(body)).await;
            assert_eq!((status, text(&refused["code"])), (expected, "analytics.question_invalid".to_owned()));
        }
        let (status, _) = shop.call("POST", "/admin/v1/analytics/campaigns/1/effect", Some(&shop.owner), Some(json!({"days": 7}))).await;
        assert_eq!(status, 404);
    }
}
