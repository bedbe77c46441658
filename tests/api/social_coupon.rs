//! Social coupons: a paid order becomes a packet, friends claim its portions, and nothing is given twice.

use serde_json::{Value, json};

use crate::support::Shop;
use crate::support::buyer::Buyer;
use crate::support::crowd::at_once;
use crate::support::shop::text;

const HOUR: i64 = 3_600_000;

/// A social coupon that runs: an order from 100.00 yuan on makes a packet of 20.00 in five portions.
struct Promotion {
    campaign: String,
    sku: String,
}

impl Promotion {
    async fn runs(shop: &Shop, changes: &Value) -> Self {
        let sku = shop.sku(10_000, 10_000).await;
        let mut rules = json!({
            "qualifying_fen": 10_000, "face_fen": 2_000, "portions": 5, "minimum_fen": 100, "shape": "random",
            "newcomers_larger": true, "open_hours": 48, "use_threshold_fen": 1_000, "use_within_hours": 72,
            "stackable": true, "packets_per_user": 100, "claims_per_day": 100
        });
        let mut plan = shop.plan(&json!({"budget_fen": 1_000_000}));
        for (name, value) in changes.as_object().expect("an object") {
            let part = if name == "budget_fen" { &mut plan } else { &mut rules };
            part[name] = value.clone();
        }
        let draft = json!({"plan": plan, "rules": rules});
        let campaign = text(&shop.staff_post("/social-coupons", draft).await["campaign_id"]);
        shop.starts(&campaign).await;
        Self { campaign, sku }
    }

    /// Somebody buys and gets a packet; answers the order and the packet's code.
    async fn packet_of(&self, shop: &Shop, buyer: &Buyer<'_>) -> (String, String) {
        let order = buyer.buys(&[(&self.sku, 1)]).await;
        shop.settle().await;
        let packet = buyer.does("GET", &format!("/orders/{order}/packet"), None).await;
        (order, text(&packet["code"]))
    }

    async fn spent(&self, shop: &Shop) -> Value {
        shop.staff("GET", &format!("/campaigns/{}", self.campaign), None).await["money"]["spent_fen"].clone()
    }
}

impl Buyer<'_> {
    async fn claims_portion(&self, code: &str) -> (u16, Value) {
        self.call("POST", &format!("/packets/{code}/claims"), None).await
    }

    async fn claims_own(&self, code: &str) -> (u16, Value) {
        self.call("POST", &format!("/packets/{code}/own-claims"), None).await
    }
}

on_both_databases! {
    async fn a_friend_claims_and_buys_with_it_at_once_and_makes_a_packet_of_the_next_generation(shop: &Shop) {
        let promotion = Promotion::runs(shop, &json!({})).await;
        let (payer, friend) = (shop.buyer().await, shop.buyer().await);
        let (_, code) = promotion.packet_of(shop, &payer).await;
        assert_eq!(promotion.spent(shop).await, 2_000, "the whole face is set aside when the packet is made");

        let (status, claimed) = friend.claims_portion(&code).await;
        assert_eq!(status, 200, "{claimed}");
        let (coupon, amount) = (text(&claimed["mine"]["coupon_id"]), claimed["mine"]["amount_fen"].as_i64().unwrap());
        assert_eq!(friend.claims_portion(&code).await.1["mine"], claimed["mine"], "claiming again answers the same");

        let claims = json!([{"kind": "social_coupon", "reference": coupon}]);
        let asked = json!({"lines": [{"sku_id": promotion.sku, "quantity": 2}], "province_code": "44", "claims": claims});
        let quote = friend.does("POST", "/quotes", Some(asked)).await;
        assert_eq!(quote["discount_fen"], amount, "{quote}");
        let mut wish = friend.wishes_at(&[(&promotion.sku, 2)], &quote);
        wish.body["claims"] = claims;
        let (status, order) = friend.sends(&wish).await;
        assert_eq!(status, 201, "{order}");
        let id = text(&order["order_id"]);
        shop.pay(&friend.begins_to_pay(&id).await).await;
        shop.settle().await;
        friend.does("GET", &format!("/orders/{id}/packet"), None).await;

        let report = shop.staff("GET", &format!("/social-coupons/{}/generations", promotion.campaign), None).await;
        let generations = report["generations"].as_array().unwrap();
        assert_eq!(generations.len(), 2, "{report}");
        assert_eq!((&generations[0]["claims"], &generations[0]["orders"]), (&json!(1), &json!(1)), "{report}");
        assert_eq!(generations[0]["newcomers"], 1, "{report}");
        assert_eq!(report["conversion_permille"], 1_000, "{report}");
        assert_eq!(report["field_acquisition_permille"], json!([300, 500]));
        let packets = shop.staff("GET", &format!("/social-coupons/{}/packets?generation=1", promotion.campaign), None).await;
        assert_eq!(packets["items"][0]["children"], 1, "{packets}");
    }

    async fn of_a_crowd_each_gets_one_portion_until_there_are_none(shop: &Shop) {
        let promotion = Promotion::runs(shop, &json!({"portions": 11, "face_fen": 5_000})).await;
        let payer = shop.buyer().await;
        let (_, code) = promotion.packet_of(shop, &payer).await;
        let friends = at_once(16, (0..60).map(|_| shop.buyer())).await;
        // Everybody taps twice.
        let taps = friends.iter().chain(&friends).map(|friend| friend.claims_portion(&code));
        let answers = at_once(120, taps).await;
        let winners = friends.iter().enumerate().filter(|(place, _)| answers[*place].0 == 200 || answers[place + 60].0 == 200);
        assert_eq!(winners.count(), 10);
        for (status, answer) in answers.iter().filter(|(status, _)| *status != 200) {
            let code = answer["code"].as_str().unwrap();
            assert!(*status == 409 && ["social_coupon.exhausted", "social_coupon.claimed_already"].contains(&code), "{answer}");
        }
        let page = payer.does("GET", &format!("/packets/{code}"), None).await;
        assert_eq!((&page["packet"]["left"], &page["packet"]["state"]), (&json!(0), &json!("open")), "{page}");
        assert_eq!(page["claimed"].as_array().unwrap().len(), 10);
        assert!(!page.to_string().contains(&payer.openid), "nobody is named to strangers");

        assert_eq!(payer.claims_own(&code).await.1["code"], "social_coupon.not_shared");
        payer.shares_thing("packet", &code, "friend").await;
        assert_eq!(payer.claims_own(&code).await.0, 200);
        let page = payer.does("GET", &format!("/packets/{code}"), None).await;
        assert_eq!(page["packet"]["state"], "exhausted", "the own portion stayed the payer's: {page}");
        let sum: i64 = page["claimed"].as_array().unwrap().iter().map(|portion| portion["amount_fen"].as_i64().unwrap()).sum();
        assert_eq!(sum, 5_000);
    }

    async fn nobody_earns_from_their_own_packet_or_from_one_that_descends_from_it(shop: &Shop) {
        let promotion = Promotion::runs(shop, &json!({})).await;
        let (first, second) = (shop.buyer().await, shop.buyer().await);
        let (_, code) = promotion.packet_of(shop, &first).await;
        let (status, answer) = first.claims_portion(&code).await;
        assert_eq!((status, &answer["code"]), (409, &json!("social_coupon.own_packet")));
        assert_eq!(second.claims_portion(&code).await.0, 200);
        let (_, child) = promotion.packet_of(shop, &second).await;
        let (status, answer) = first.claims_portion(&child).await;
        assert_eq!((status, &answer["code"]), (409, &json!("social_coupon.loop")), "{answer}");
        assert_eq!(shop.events("packet.claim_refused").await, 1, "the reason is recorded");
        assert_eq!(second.claims_own(&code).await.1["code"], "social_coupon.not_yours");
    }

    async fn what_nobody_claimed_goes_back_to_the_budget_once(shop: &Shop) {
        let promotion = Promotion::runs(shop, &json!({"shape": "equal"})).await;
        let (payer, mut friend) = (shop.buyer().await, shop.buyer().await);
        let (_, code) = promotion.packet_of(shop, &payer).await;
        assert_eq!(friend.claims_portion(&code).await.0, 200);
        shop.later(48 * HOUR).await;
        shop.settle().await;
        shop.settle().await;
        assert_eq!(promotion.spent(shop).await, 400);
        friend.comes_again().await;
        let late = shop.buyer().await;
        assert_eq!(late.claims_portion(&code).await.1["code"], "social_coupon.expired");
    }

    async fn a_refund_voids_the_packet_and_lets_claimed_portions_stand(shop: &Shop) {
        let promotion = Promotion::runs(shop, &json!({"shape": "equal"})).await;
        let (payer, friend) = (shop.buyer().await, shop.buyer().await);
        let (order, code) = promotion.packet_of(shop, &payer).await;
        let coupon = text(&friend.claims_portion(&code).await.1["mine"]["coupon_id"]);
        payer.does("POST", &format!("/orders/{order}/refund"), Some(json!({"reason": "不想要了"}))).await;
        shop.settle().await;
        shop.settle().await;
        assert_eq!(shop.buyer().await.claims_portion(&code).await.1["code"], "social_coupon.void");
        assert_eq!(promotion.spent(shop).await, 400);
        assert_eq!(friend.does("GET", &format!("/coupons/{coupon}"), None).await["coupon"]["state"], "held");
    }

    async fn with_the_rule_for_it_a_refund_takes_unused_portions_back(shop: &Shop) {
        let promotion = Promotion::runs(shop, &json!({"revoke_on_refund": true})).await;
        let (payer, friend) = (shop.buyer().await, shop.buyer().await);
        let (order, code) = promotion.packet_of(shop, &payer).await;
        let coupon = text(&friend.claims_portion(&code).await.1["mine"]["coupon_id"]);
        payer.does("POST", &format!("/orders/{order}/refund"), Some(json!({"reason": "不想要了"}))).await;
        shop.settle().await;
        shop.settle().await;
        assert_eq!(friend.does("GET", &format!("/coupons/{coupon}"), None).await["coupon"]["state"], "revoked");
    }

    async fn claims_that_race_the_refund_leave_every_fen_accounted_for(shop: &Shop) {
        let promotion = Promotion::runs(shop, &json!({"portions": 20, "face_fen": 4_000, "shape": "equal"})).await;
        let payer = shop.buyer().await;
        let friends = at_once(16, (0..19).map(|_| shop.buyer())).await;
        let (order, code) = promotion.packet_of(shop, &payer).await;
        payer.does("POST", &format!("/orders/{order}/refund"), Some(json!({"reason": "不想要了"}))).await;
        let claiming = at_once(19, friends.iter().map(|friend| friend.claims_portion(&code)));
        let ((), answers) = tokio::join!(shop.settle(), claiming);
        shop.settle().await;
        let won = answers.iter().filter(|(status, _)| *status == 200).count();
        assert!(answers.iter().all(|(status, _)| [200, 409].contains(status)), "{answers:?}");
        assert_eq!(promotion.spent(shop).await, i64::try_from(won).unwrap() * 200);
    }

    async fn a_budget_that_is_used_up_keeps_no_money_from_being_taken(shop: &Shop) {
        let promotion = Promotion::runs(shop, &json!({"budget_fen": 3_000})).await;
        let (first, second) = (shop.buyer().await, shop.buyer().await);
        promotion.packet_of(shop, &first).await;
        let order = second.buys(&[(&promotion.sku, 1)]).await;
        shop.settle().await;
        assert_eq!(second.order(&order).await["state"], "paid");
        assert_eq!(second.call("GET", &format!("/orders/{order}/packet"), None).await.0, 404);
        assert_eq!(shop.events("packet.refused").await, 1);
        assert_eq!(promotion.spent(shop).await, 2_000);
    }

    async fn while_the_campaign_is_paused_nothing_is_claimed(shop: &Shop) {
        let promotion = Promotion::runs(shop, &json!({})).await;
        let (payer, friend) = (shop.buyer().await, shop.buyer().await);
        let (_, code) = promotion.packet_of(shop, &payer).await;
        let steps = format!("/campaigns/{}", promotion.campaign);
        shop.staff_post(&format!("{steps}/pause"), json!({"reason": "检查"})).await;
        assert_eq!(friend.claims_portion(&code).await.1["code"], "campaign.not_running");
        shop.staff_post(&format!("{steps}/resume"), json!({"reason": "没有问题"})).await;
        assert_eq!(friend.claims_portion(&code).await.0, 200);
    }

    async fn rules_that_cannot_be_meant_are_refused(shop: &Shop) {
        let owner = shop.owner_again().await;
        let good = json!({
            "qualifying_fen": 0, "face_fen": 500, "portions": 5, "minimum_fen": 100, "shape": "equal", "open_hours": 24,
            "use_threshold_fen": 0, "use_within_hours": 24, "packets_per_user": 1, "claims_per_day": 1
        });
        for (field, value) in [("face_fen", 499), ("portions", 1), ("minimum_fen", 0), ("open_hours", 23), ("use_within_hours", 73), ("claims_per_day", 0)] {
            let mut rules = good.clone();
            rules[field] = json!(value);
            let draft = json!({"plan": shop.plan(&json!({"budget_fen": 1_000_000})), "rules": rules});
            let (status, answer) = shop.call("POST", "/admin/v1/social-coupons", Some(&owner), Some(draft)).await;
            assert_eq!((status, &answer["code"]), (422, &json!("social_coupon.invalid_rules")), "{field}: {answer}");
        }
    }
}
