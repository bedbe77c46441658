//! Flash sales: low prices for a short time, and never more pieces than promised.

use rand::RngExt as _;
use serde_json::{Value, json};

use crate::support::Shop;
use crate::support::buyer::{Buyer, Wish, basket};
use crate::support::crowd::{at_once, dice};
use crate::support::shop::text;

const MINUTE: i64 = 60_000;

/// A flash sale of one SKU: 100.00 yuan usually, 60.00 in its slot, which is open for an hour from now on.
struct Sale {
    campaign: String,
    sku: String,
    slot: String,
    item: String,
}

impl Sale {
    async fn opens(shop: &Shop, quota: i64, per_user_limit: i64) -> Self {
        Self::opens_with(shop, quota, per_user_limit, 0, &json!({})).await
    }

    async fn opens_with(shop: &Shop, quota: i64, per_user_limit: i64, wait: i64, changes: &Value) -> Self {
        let sku = shop.sku(10_000, 1_000).await;
        let now = shop.clock.now();
        let item = json!({"sku_id": sku, "price_fen": 6_000, "quota": quota, "per_user_limit": per_user_limit});
        let slot = json!({"starts_at": now.plus_millis(wait), "ends_at": now.plus_millis(wait + 60 * MINUTE), "items": [item]});
        let mut draft = json!({"plan": shop.plan(&json!({"budget_fen": 1_000_000})), "rules": {"slots": [slot]}});
        for (name, value) in changes.as_object().expect("an object") {
            draft["plan"][name] = value.clone();
        }
        let written = shop.staff_post("/flash-sales", draft).await;
        let campaign = text(&written["campaign_id"]);
        shop.starts(&campaign).await;
        let (slot, item) = (text(&written["slots"][0]["id"]), text(&written["slots"][0]["items"][0]["id"]));
        Self { campaign, sku, slot, item }
    }

    async fn taken(&self, shop: &Shop) -> Value {
        shop.staff("GET", &format!("/flash-sales/{}", self.campaign), None).await["slots"][0]["items"][0]["taken"]
            .clone()
    }
}

impl Buyer<'_> {
    async fn wishes_flash(&self, sale: &Sale, quantity: i64) -> Result<Wish, (u16, Value)> {
        let claims = json!([{"kind": "flash_sale", "reference": sale.item}]);
        let asked = json!({"lines": basket(&[(&sale.sku, quantity)]), "province_code": "44", "claims": claims});
        let (status, quote) = self.call("POST", "/quotes", Some(asked)).await;
        if status != 200 {
            return Err((status, quote));
        }
        let mut wish = self.wishes_at(&[(&sale.sku, quantity)], &quote);
        wish.body["claims"] = claims;
        Ok(wish)
    }

    async fn orders_flash(&self, sale: &Sale, quantity: i64) -> (u16, Value) {
        match self.wishes_flash(sale, quantity).await {
            Ok(wish) => self.sends(&wish).await,
            Err(refusal) => refusal,
        }
    }
}

on_both_databases! {
    async fn a_slot_sells_at_its_price_and_shows_what_is_left(shop: &Shop) {
        let sale = Sale::opens(shop, 5, 2).await;
        let buyer = shop.buyer().await;
        let page = buyer.does("GET", "/flash-sales/slots", None).await;
        let item = &page["slots"][0]["items"][0];
        assert_eq!((&item["price_fen"], &item["left"]), (&json!(6_000), &json!(5)), "{page}");
        assert_eq!(item["actions"][0], json!({"action": "buy", "allowed": true, "refusal": null}), "{page}");

        let (status, order) = buyer.orders_flash(&sale, 2).await;
        assert_eq!(status, 201, "{order}");
        let line = buyer.order(&text(&order["order_id"])).await["lines"][0].clone();
        assert_eq!((&line["goods_fen"], &line["discount_fen"]), (&json!(20_000), &json!(8_000)), "{line}");
        shop.pay(&buyer.begins_to_pay(&text(&order["order_id"])).await).await;

        let page = buyer.does("GET", &format!("/flash-sales/slots/{}", sale.slot), None).await;
        let item = &page["slot"]["items"][0];
        assert_eq!((&item["left"], &item["bought"]), (&json!(3), &json!(2)), "{page}");
        assert_eq!(item["actions"][0]["refusal"]["code"], "flash_sale.limit_reached", "{page}");
        let takings = shop.staff("GET", &format!("/flash-sales/{}/takings", sale.campaign), None).await;
        assert_eq!(takings["items"][0]["state"], "sold", "{takings}");
    }

    async fn of_a_crowd_exactly_as_many_as_the_quota_get_the_price(shop: &Shop) {
        let sale = Sale::opens(shop, 20, 1).await;
        let buyers = at_once(16, (0..80).map(|_| shop.buyer())).await;
        let answers = at_once(80, buyers.iter().map(|buyer| buyer.orders_flash(&sale, 1))).await;
        let placed = answers.iter().filter(|(status, _)| *status == 201).count();
        assert_eq!(placed, 20);
        for (status, answer) in answers.iter().filter(|(status, _)| *status != 201) {
            assert_eq!((*status, &answer["code"]), (409, &json!("flash_sale.sold_out")), "{answer}");
        }
        assert_eq!(sale.taken(shop).await, 20);
    }

    async fn one_buyer_never_passes_their_limit_however_many_orders_they_send_at_once(shop: &Shop) {
        let sale = Sale::opens(shop, 100, 3).await;
        let buyer = shop.buyer().await;
        let answers = at_once(30, (0..30).map(|_| buyer.orders_flash(&sale, 1))).await;
        assert_eq!(answers.iter().filter(|(status, _)| *status == 201).count(), 3);
        let refused = |(status, answer): &&(u16, Value)| {
            *status == 409 && answer["code"] == "flash_sale.limit_reached"
        };
        assert_eq!(answers.iter().filter(refused).count(), 27, "{answers:?}");
    }

    async fn what_is_not_paid_in_a_quarter_of_an_hour_can_be_had_by_others_again(shop: &Shop) {
        let sale = Sale::opens(shop, 1, 1).await;
        let (first, second) = (shop.buyer().await, shop.buyer().await);
        assert_eq!(first.orders_flash(&sale, 1).await.0, 201);
        assert_eq!(second.orders_flash(&sale, 1).await.1["code"], "flash_sale.sold_out");
        shop.later(15 * MINUTE + 1_000).await;
        shop.settle().await;
        let mut second = second;
        second.comes_again().await;
        assert_eq!(sale.taken(shop).await, 0);
        assert_eq!(second.orders_flash(&sale, 1).await.0, 201);
    }

    async fn a_whole_refund_gives_the_pieces_back_once(shop: &Shop) {
        let sale = Sale::opens(shop, 2, 2).await;
        let buyer = shop.buyer().await;
        let (_, order) = buyer.orders_flash(&sale, 2).await;
        let id = text(&order["order_id"]);
        shop.pay(&buyer.begins_to_pay(&id).await).await;
        buyer.does("POST", &format!("/orders/{id}/refund"), Some(json!({"reason": "不想要了"}))).await;
        shop.settle().await;
        shop.settle().await;
        assert_eq!(buyer.order(&id).await["state"], "refunded");
        assert_eq!(sale.taken(shop).await, 0);
    }

    async fn nothing_is_sold_before_the_slot_or_after_it(shop: &Shop) {
        let sale = Sale::opens_with(shop, 5, 1, 30 * MINUTE, &json!({})).await;
        let mut buyer = shop.buyer().await;
        let (status, answer) = buyer.orders_flash(&sale, 1).await;
        assert_eq!((status, &answer["code"]), (409, &json!("flash_sale.not_started")), "{answer}");
        shop.later(31 * MINUTE).await;
        buyer.comes_again().await;
        let wish = buyer.wishes_flash(&sale, 1).await.expect("the slot is open");
        shop.later(60 * MINUTE).await;
        buyer.comes_again().await;
        let (status, answer) = buyer.sends(&wish).await;
        assert_eq!((status, &answer["code"]), (409, &json!("flash_sale.over")), "a price seen in the slot does not outlive it: {answer}");
    }

    async fn a_paused_sale_sells_nothing_and_a_budget_is_never_passed(shop: &Shop) {
        let sale = Sale::opens_with(shop, 50, 1, 0, &json!({"budget_fen": 10_000})).await;
        let buyers = at_once(16, (0..10).map(|_| shop.buyer())).await;
        let answers = at_once(10, buyers.iter().map(|buyer| buyer.orders_flash(&sale, 1))).await;
        assert_eq!(answers.iter().filter(|(status, _)| *status == 201).count(), 2, "40.00 yuan are given away with each");
        assert!(answers.iter().any(|(_, answer)| answer["code"] == "campaign.budget_exhausted"));
        shop.staff_post(&format!("/campaigns/{}/pause", sale.campaign), json!({"reason": "检查"})).await;
        let (status, answer) = shop.buyer().await.orders_flash(&sale, 1).await;
        assert_eq!((status, &answer["code"]), (409, &json!("campaign.not_running")), "{answer}");
    }

    async fn whoever_asked_is_told_once_before_the_slot_starts(shop: &Shop) {
        let sale = Sale::opens_with(shop, 5, 1, 30 * MINUTE, &json!({})).await;
        let buyer = shop.buyer().await;
        let path = format!("/flash-sales/slots/{}/reminder", sale.slot);
        buyer.does("PUT", &path, None).await;
        buyer.does("PUT", &path, None).await;
        let slots = buyer.does("GET", "/flash-sales/slots", None).await;
        assert_eq!(slots["slots"][0]["reminded"], true, "{slots}");
        shop.later(25 * MINUTE + 1).await;
        shop.settle().await;
        shop.settle().await;
        assert_eq!(shop.events("flash_sale.reminder_due").await, 1);
    }

    async fn rules_that_cannot_be_meant_change_nothing(shop: &Shop) {
        let sku = shop.sku(10_000, 10).await;
        let now = shop.clock.now();
        let owner = shop.owner_again().await;
        let good = json!({"sku_id": sku, "price_fen": 6_000, "quota": 5, "per_user_limit": 1});
        let slot = |item: Value| {
            json!({"starts_at": now, "ends_at": now.plus_millis(60 * MINUTE), "items": [item]})
        };
        let with = |name: &str, value: Value| {
            let mut item = good.clone();
            item[name] = value;
            item
        };
        let wrong = [
            json!({"slots": []}),
            json!({"slots": [slot(with("price_fen", json!(0)))]}),
            json!({"slots": [slot(with("quota", json!(-1)))]}),
            json!({"slots": [slot(with("per_user_limit", json!(1_000)))]}),
            json!({"slots": [slot(with("sku_id", json!("1")))]}),
            json!({"slots": [slot(good.clone()), slot(good.clone())]}),
        ];
        for rules in wrong {
            let draft = json!({"plan": shop.plan(&json!({"budget_fen": 1_000_000})), "rules": rules});
            let (status, answer) = shop.call("POST", "/admin/v1/flash-sales", Some(&owner), Some(draft)).await;
            assert_eq!((status, &answer["code"]), (422, &json!("flash_sale.invalid_rules")), "{answer}");
        }
        let campaigns = shop.staff("GET", "/campaigns", None).await;
        assert_eq!(campaigns["items"], json!([]), "{campaigns}");
    }

    async fn orders_of_chance_never_oversell_a_quota(shop: &Shop) {
        let mut dice = dice("orders_of_chance_never_oversell_a_quota");
        let sale = Sale::opens(shop, 30, 4).await;
        let buyers = at_once(16, (0..20).map(|_| shop.buyer())).await;
        let wishes: Vec<(usize, i64)> = (0..60).map(|_| (dice.random_range(0..20), dice.random_range(1..=4))).collect();
        let answers = at_once(40, wishes.iter().map(|(who, many)| buyers[*who].orders_flash(&sale, *many))).await;
        let sold: i64 =
            wishes.iter().zip(&answers).filter(|(_, (status, _))| *status == 201).map(|((_, many), _)| *many).sum();
        assert!((20..=30).contains(&sold), "{sold}");
        assert_eq!(sale.taken(shop).await, sold);
        assert!(answers.iter().all(|(status, _)| [201, 409].contains(status)));
    }
}
