//! Staff ship, refund, change prices, take things off sale, and steer campaigns.

use rand::RngExt as _;
use serde_json::{Value, json};

use super::model::{Claim, Run, State};
use super::stage::number;
use super::story::Story;

fn why() -> Option<Value> {
    Some(json!({"reason": "演练"}))
}

impl Story<'_> {
    /// Staff send a parcel.
    pub async fn ships(&mut self) {
        let Some(id) = self.some_order(|order| order.state == State::Paid) else { return };
        let order = self.model.orders[&id].clone();
        self.tell(format!("staff ship order {id}"));
        let parcel = json!({"carrier_code": "SF", "tracking_no": format!("SF{id}")});
        let answer = self.staff("POST", &format!("/orders/{id}/shipments"), Some(parcel)).await;
        let running = self.seen.orders.iter().any(|row| row.id == id && row.refunding_fen > 0);
        let free = self.seen.is_free_to_leave(id);
        let checks = [
            (order.state != State::Paid, "order.not_paid"),
            (order.state != State::Paid, "order.already_shipped"),
            (order.state != State::Paid, "order.nothing_to_ship"),
            (order.state != State::Paid, "order.state_conflict"),
            (order.refund_agreed || running, "order.refund_running"),
            (!free, "order.waiting_for_campaign"),
        ];
        let reasons: Vec<&str> = checks.into_iter().filter(|(holds, _)| *holds).map(|(_, code)| code).collect();
        if self.judges("a parcel", &answer, &reasons) {
            let now = self.now();
            let order = self.model.orders.get_mut(&id).expect("an order");
            (order.ship_agreed, order.shipped_at) = (true, now);
        }
    }

    /// Staff give the money for an order back.
    pub async fn staff_refunds(&mut self) {
        let Some(id) = self.some_order(|order| order.state == State::Paid) else { return };
        let order = self.model.orders[&id].clone();
        self.tell(format!("staff refund order {id}"));
        let (status, answer) = self.staff("POST", &format!("/orders/{id}/refund"), why()).await;
        assert_ne!(answer["waits_for_approval"], true, "it is a small amount: {answer}");
        self.refunded(id, &order, status, &answer);
    }

    /// Staff close an order that nobody pays.
    pub async fn staff_closes(&mut self) {
        let Some(id) = self.some_order(|order| order.state == State::Pending) else { return };
        let order = self.model.orders[&id].clone();
        self.tell(format!("staff close order {id}"));
        let (status, answer) = self.staff("POST", &format!("/orders/{id}/close"), why()).await;
        self.closed(id, &order, status, &answer);
    }

    /// Staff agree on another price.
    pub async fn reprices(&mut self) {
        let plain = |order: &super::model::Order| order.state == State::Pending && order.claim == Claim::Plain;
        let Some(id) = self.some_order(plain) else { return };
        let order = self.model.orders[&id].clone();
        if order.claim != Claim::Plain {
            return;
        }
        let total = order.total - 100;
        self.tell(format!("staff change the price of order {id} to {total}"));
        let body = Some(json!({"total_fen": total, "reason": "老顾客"}));
        let (status, answer) = self.staff("POST", &format!("/orders/{id}/price"), body).await;
        let granted = (200..300).contains(&status);
        if order.state != State::Pending {
            assert!(!granted, "order {id} is {:?}: {answer}", order.state);
        } else if order.taken.is_empty() {
            assert!(granted, "order {id} waits for payment: {status} {answer}");
        }
        if granted {
            self.model.orders.get_mut(&id).expect("an order").total = total;
        }
    }

    /// Staff take a product off sale, or put it back.
    pub async fn turns_sale(&mut self) {
        let mut away: Vec<i64> = self.model.off_sale.iter().copied().collect();
        away.extend(self.stage.goods.iter().map(|goods| goods.product).take(2));
        let product = self.picks(&away).expect("products");
        let back = self.model.off_sale.contains(&product);
        let word = if back { "on-sale" } else { "off-sale" };
        self.tell(format!("staff put product {product} {word}"));
        let answer = self.staff("POST", &format!("/products/{product}/{word}"), None).await;
        self.judges("sale", &answer, &[]);
        if back {
            self.model.off_sale.remove(&product);
        } else {
            self.model.off_sale.insert(product);
        }
        self.shop.renew_catalog().await;
    }

    /// Pieces come in.
    pub async fn receives_stock(&mut self) {
        let goods = self.picks(&self.stage.goods.clone()).expect("goods");
        let quantity = self.dice.random_range(1..4);
        self.tell(format!("{quantity} pieces of SKU {} come in", goods.sku));
        let lines = json!([{"sku_id": goods.sku.to_string(), "quantity": quantity}]);
        let receipt = Some(json!({"lines": lines, "reason": "到货"}));
        let answer = self.staff("POST", "/stock/receipts", receipt).await;
        self.judges("a receipt", &answer, &[]);
        *self.model.received.get_mut(&goods.sku).expect("a SKU") += quantity;
    }

    /// Staff give somebody a coupon.
    pub async fn grants_coupon(&mut self) {
        let who = self.somebody();
        self.tell(format!("staff give shopper {who} a coupon"));
        let reasons = self.model.coupon_refusals(who);
        let path = format!("/coupon-templates/{}/coupons", self.stage.coupon);
        let gift = json!({"user_id": self.model.users[who].to_string(), "reason": "会员日回馈"});
        let key = self.key();
        let answer = self.staff_with_key(&path, &key, gift).await;
        if self.judges("a gift", &answer, &reasons) {
            self.has_coupon(who, number(&answer.1["coupon"]["coupon_id"]));
        }
    }

    /// Staff begin, pause, resume or end a campaign.
    pub async fn steps_campaign(&mut self) {
        let all: Vec<i64> = self.model.campaigns.keys().copied().collect();
        let campaign = self.picks(&all).expect("campaigns");
        let usual = match self.model.campaigns[&campaign] {
            Run::Draft => "schedule",
            Run::Paused => "resume",
            Run::Running | Run::Scheduled | Run::Ended => "pause",
        };
        let words = [usual, usual, usual, "schedule", "pause", "resume", "end"];
        let word = self.picks(&words).expect("words");
        // An end is for good, so that it is rare.
        let word = if word == "end" && self.dice.random_ratio(1, 2) { usual } else { word };
        self.steps(campaign, word).await;
        if self.dice.random_ratio(1, 2) {
            self.works().await;
        }
    }

    /// One step of a campaign.
    pub async fn steps(&mut self, campaign: i64, word: &str) {
        let stands = self.model.campaigns[&campaign];
        self.tell(format!("staff {word} campaign {campaign}, which is {stands:?}"));
        let answer = self.staff("POST", &format!("/campaigns/{campaign}/{word}"), why()).await;
        let (may, then) = match word {
            "schedule" => (stands == Run::Draft, Run::Scheduled),
            "pause" => (stands == Run::Running, Run::Paused),
            "resume" => (stands == Run::Paused, Run::Running),
            _ => (stands != Run::Ended, Run::Ended),
        };
        let late = campaign == self.stage.flash && word == "schedule" && self.now() >= self.stage.flash_ends();
        let over = self.seen.campaigns.iter().any(|row| row.id == campaign && self.now() >= row.ends_at) || late;
        let granted = (200..300).contains(&answer.0);
        if !over {
            assert_eq!(granted, may, "{word} a campaign that is {stands:?}: {} {}", answer.0, answer.1);
        }
        if granted {
            self.model.campaigns.insert(campaign, then);
        }
    }

    /// Staff end a group early.
    pub async fn ends_group(&mut self) {
        let groups = self.seen.groups.clone();
        let Some(group) = self.picks(&groups) else { return };
        self.tell(format!("staff end group {}", group.id));
        let answer = self.staff("POST", &format!("/group-buys/groups/{}/expire", group.id), why()).await;
        let granted = (200..300).contains(&answer.0);
        assert!(granted == (group.state == "open"), "group {} is {}: {} {}", group.id, group.state, answer.0, answer.1);
        if granted {
            self.model.ended_groups.insert(group.id);
        }
    }
}
