//! Somebody pays after staff ended their group: the campaign's rule decides.

use serde_json::{Value, json};

use crate::support::Shop;
use crate::support::buyer::Buyer;
use crate::support::groups::GroupBuy;

/// A group that staff end while its second member is about to pay: the order and how to pay for it.
async fn about_to_pay(shop: &Shop, buy: &GroupBuy, member: &Buyer<'_>) -> (String, String) {
    let leader = shop.buyer().await;
    let (first, group) = leader.opens_group(buy).await;
    let (order, _) = member.takes_seat(&buy.sku, &group).await;
    let prepay = member.begins_to_pay(&order).await;
    assert_eq!(shop.ends_group(&group).await, 204);
    shop.settle().await;
    assert_eq!(leader.order_state(&first).await, "refunded");
    assert_eq!(member.order_state(&order).await, "pending_payment");
    let file = shop.group(&group).await;
    assert_eq!(
        (&file["group"]["end_reason"], &file["seats"][1]["state"]),
        (&json!("staff"), &json!("released")),
        "{file}"
    );
    (order, prepay)
}

/// The group that an order is held back by now.
async fn group_of(buyer: &Buyer<'_>, order: &str) -> String {
    crate::support::shop::text(&buyer.order(order).await["gates"][0]["source_ref"])
}

on_both_databases! {
    async fn a_late_payer_gets_their_money_back(shop: &Shop) {
        let buy = shop.group_buy(json!({"late_payer": "refund"})).await;
        let open = shop.buyer().await.opens_group(&buy).await.1;
        let member = shop.buyer().await;
        let (order, prepay) = about_to_pay(shop, &buy, &member).await;
        shop.pay(&prepay).await;
        shop.settle().await;
        assert_eq!(member.order_state(&order).await, "refunded");
        assert_eq!(shop.group(&open).await["group"]["free"], 2, "the open group is left alone");
        assert_eq!(shop.budget_spent(&buy.campaign).await, 2_000, "only the open group's leader");
    }

    async fn a_late_payer_leads_a_group_of_their_own(shop: &Shop) {
        let buy = shop.group_buy(json!({"sizes": [2], "late_payer": "new_group"})).await;
        let member = shop.buyer().await;
        let (order, prepay) = about_to_pay(shop, &buy, &member).await;
        shop.pay(&prepay).await;
        let group = group_of(&member, &order).await;
        let page = member.sees_group(&group).await;
        assert_eq!((&page["state"], &page["own"]["leads"], &page["own"]["state"]), (&json!("open"), &json!(true), &json!("paid")), "{page}");
        assert_eq!(page["seconds_left"], 3_600);
        shop.buyer().await.joins_group(&buy, &group).await;
        shop.settle().await;
        assert_eq!(shop.group(&group).await["group"]["state"], "formed");
        assert!(member.order(&order).await["gates"][0]["opened_at"].is_string());
        assert_eq!(shop.events("group_buy.moved").await, 1);
        let own = member.does("GET", "/group-buys/own-groups", None).await;
        assert_eq!(own["items"].as_array().map(Vec::len), Some(1), "the seat that was lost is not shown: {own}");
    }

    async fn a_late_payer_gets_the_seat_that_completes_the_fullest_group(shop: &Shop) {
        let buy = shop.group_buy(json!({"sizes": [3]})).await;
        let emptier = shop.buyer().await.opens_group(&buy).await.1;
        let fuller = shop.buyer().await.opens_group(&buy).await.1;
        shop.buyer().await.joins_group(&buy, &fuller).await;
        let member = shop.buyer().await;
        let (order, prepay) = about_to_pay(shop, &buy, &member).await;
        shop.pay(&prepay).await;
        shop.settle().await;
        assert_eq!(group_of(&member, &order).await, fuller);
        assert_eq!(shop.group(&fuller).await["group"]["state"], "formed");
        assert_eq!(shop.group(&emptier).await["group"]["free"], 2);
        assert!(member.order(&order).await["gates"][0]["opened_at"].is_string());
    }

    async fn a_late_payer_for_whom_there_is_no_seat_gets_their_money_back(shop: &Shop) {
        let buy = shop.group_buy(json!({"sizes": [2]})).await;
        let member = shop.buyer().await;
        let (order, prepay) = about_to_pay(shop, &buy, &member).await;
        let full = shop.buyer().await.opens_group(&buy).await.1;
        shop.buyer().await.takes_seat(&buy.sku, &full).await;
        shop.pay(&prepay).await;
        shop.settle().await;
        assert_eq!(member.order_state(&order).await, "refunded");
    }

    async fn two_late_payers_and_one_seat(shop: &Shop) {
        let buy = shop.group_buy(json!({"sizes": [2]})).await;
        for _ in 0..6 {
            let (one, other) = (shop.buyer().await, shop.buyer().await);
            let (first, pays_first) = about_to_pay(shop, &buy, &one).await;
            let (second, pays_second) = about_to_pay(shop, &buy, &other).await;
            let waiting = shop.buyer().await.opens_group(&buy).await.1;
            futures_util::future::join(shop.pay(&pays_first), shop.pay(&pays_second)).await;
            shop.settle().await;
            let mut ends = [one.order_state(&first).await, other.order_state(&second).await];
            ends.sort();
            assert_eq!(ends, ["paid", "refunded"]);
            assert_eq!(shop.group(&waiting).await["group"]["state"], "formed");
        }
    }

    async fn an_order_that_was_closed_is_never_revived(shop: &Shop) {
        let buy = shop.group_buy(json!({"sizes": [2]})).await;
        let member = shop.buyer().await;
        let (order, prepay) = about_to_pay(shop, &buy, &member).await;
        let open = shop.buyer().await.opens_group(&buy).await.1;
        member.does("POST", &format!("/orders/{order}/cancel"), Some(json!({"reason": "不买了"}))).await;
        let _paid: (u16, Value) = shop.wechat_try("POST", "/pay", Some(json!({"prepay_id": prepay}))).await;
        shop.settle().await;
        assert_eq!(member.order_state(&order).await, "closed");
        assert_eq!(shop.group(&open).await["group"]["free"], 1);
    }

    async fn the_end_of_a_campaign_ends_its_groups(shop: &Shop) {
        let buy = shop.group_buy(json!({"sizes": [2], "lifetime_minutes": 4320})).await;
        shop.clock.advance(5 * 24 * 60 * 60_000);
        let leader = shop.buyer().await;
        let (order, group) = leader.opens_group(&buy).await;
        let page = leader.sees_group(&group).await;
        assert_eq!(page["seconds_left"], 2 * 24 * 60 * 60, "a group never lives past its campaign: {page}");
        shop.clock.advance(2 * 24 * 60 * 60_000 - 29 * 60_000);
        let late = shop.buyer().await;
        let refused = late.tries_seat(&buy.sku, &format!("new:{}", buy.campaign)).await;
        assert_eq!((refused.0, &refused.1["code"]), (409, &json!("group_buy.ends_too_soon")));
        shop.later(29 * 60_000).await;
        assert_eq!(shop.group(&group).await["group"]["state"], "expired");
        assert_eq!(shop.staff_at_any_time(&format!("/orders/{order}")).await["state"], "refunded");
    }
}
