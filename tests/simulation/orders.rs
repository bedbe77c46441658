//! Shoppers order, pay, and change their minds.

use hourglass::kernel::time::MINUTE_MS;
use rand::RngExt as _;
use serde_json::{Value, json};

use super::model::{Claim, Order, State, Wanted};
use super::stage::number;
use super::story::{Sent, Story};
use crate::support::shop::text;

impl Story<'_> {
    /// Somebody wants something: goods, a seat, a bargain, a flash price.
    fn wants(&mut self) -> Option<Wanted> {
        let buyer = self.somebody();
        let stage = self.stage;
        let quantity = self.dice.random_range(1..=2);
        let of = |claim: Claim, at: usize, quantity: i64| Wanted { buyer, sku: stage.goods[at].sku, quantity, claim };
        let wanted = match self.dice.random_range(0..12) {
            0..3 => of(Claim::Plain, self.dice.random_range(0..2), quantity),
            3..5 => {
                let own = self.model.coupons.iter().filter(|(_, coupon)| coupon.owner == buyer);
                let claims: Vec<Claim> = own
                    .map(|(id, coupon)| if coupon.portion { Claim::Portion(*id) } else { Claim::Coupon(*id) })
                    .collect();
                let claim = self.picks(&claims)?;
                of(claim, self.dice.random_range(0..2), quantity)
            }
            5 => of(Claim::Opens(stage.pair), 2, 1),
            6 => of(Claim::Opens(stage.ladder), 3, 1),
            7..9 => {
                let groups: Vec<i64> = self.seen.groups.iter().map(|group| group.id).collect();
                let open: Vec<i64> =
                    self.seen.groups.iter().filter(|group| group.state == "open").map(|group| group.id).collect();
                let any = open.is_empty() || self.dice.random_ratio(1, 6);
                let group = if any { self.picks(&groups)? } else { self.picks(&open)? };
                let campaign = self.seen.group(group)?.campaign_id;
                of(Claim::Joins(campaign, group), if campaign == stage.pair { 2 } else { 3 }, 1)
            }
            9..11 => {
                let own: Vec<i64> = self
                    .model
                    .bargains
                    .iter()
                    .filter(|(_, bargain)| bargain.owner == buyer)
                    .map(|(id, _)| *id)
                    .collect();
                of(Claim::Bargain(self.picks(&own)?), 4, 1)
            }
            _ => of(Claim::Flash, 5, quantity),
        };
        Some(wanted)
    }

    fn claims(&self, claim: Claim) -> Value {
        let (kind, reference) = match claim {
            Claim::Plain => return json!([]),
            Claim::Coupon(id) => ("coupon", id.to_string()),
            Claim::Portion(id) => ("social_coupon", id.to_string()),
            Claim::Opens(campaign) => ("group_buy", format!("new:{campaign}")),
            Claim::Joins(_, group) => ("group_buy", group.to_string()),
            Claim::Bargain(id) => ("bargain", id.to_string()),
            Claim::Flash => ("flash_sale", self.stage.flash_item.to_string()),
        };
        json!([{"kind": kind, "reference": reference}])
    }

    /// Somebody looks at a price and orders, now and then after a while.
    pub async fn orders(&mut self) {
        let Some(wish) = self.wants() else { return };
        self.tell(format!("shopper {} orders {} of SKU {} with {:?}", wish.buyer, wish.quantity, wish.sku, wish.claim));
        let lines = json!([{"sku_id": wish.sku.to_string(), "quantity": wish.quantity}]);
        let claims = self.claims(wish.claim);
        let reasons = self.model.refusals(self.stage, &self.seen, &wish, self.now());
        let asked = json!({"lines": lines, "province_code": "44", "claims": claims});
        let (status, quote) = self.asks(wish.buyer, "POST", "/quotes", Some(asked)).await;
        if status != 200 {
            assert!(!reasons.is_empty(), "a price must be told: {status} {quote}");
            self.judges("a price", &(status, quote), &reasons);
            return;
        }
        let expected = json!({"total_fen": quote["total_fen"], "digest": quote["digest"]});
        let address = self.buyers[wish.buyer].address_id.clone();
        let body = json!({"lines": lines, "address_id": address, "expected": expected, "claims": claims});
        let key = self.key();
        let headers = [("idempotency-key", key.as_str())];
        let answer = self.asks_with(wish.buyer, "POST", "/orders", &headers, Some(body.clone())).await;
        if self.judges("an order", &answer, &reasons) {
            let order = self.writes_down(&wish, &answer.1);
            self.sent.push(Sent { buyer: wish.buyer, key, body, order });
        }
    }

    fn writes_down(&mut self, wish: &Wanted, placed: &Value) -> i64 {
        let id = number(&placed["order_id"]);
        let total = self.model.price(self.stage, &self.seen, wish.claim, wish.sku, wish.quantity);
        assert_eq!(placed["price"]["total_fen"], total, "{placed}");
        let at = |field: &str| {
            let moment = placed[field].as_str().and_then(hourglass::kernel::time::Timestamp::parse_rfc3339);
            moment.expect("a moment").millis()
        };
        let deadline = at("pay_deadline");
        let within = if matches!(wish.claim, Claim::Plain | Claim::Coupon(_) | Claim::Portion(_)) { 30 } else { 15 };
        assert!(deadline <= self.now() + within * MINUTE_MS, "{placed}");
        let order = Order {
            buyer: wish.buyer,
            claim: wish.claim,
            sku: wish.sku,
            quantity: wish.quantity,
            total,
            state: State::Pending,
            deadline,
            taken: std::collections::BTreeMap::new(),
            close_agreed: false,
            refund_agreed: false,
            ship_agreed: false,
            receipt_agreed: false,
            shipped_at: 0,
            received_at: 0,
            prepays: Vec::new(),
        };
        let old = self.model.orders.insert(id, order);
        assert!(old.is_none(), "order {id} was placed before");
        self.tale.came_of_it(&format!("order {id}"));
        id
    }

    /// The same request once more has the same answer and does nothing.
    pub async fn orders_again(&mut self) {
        if self.sent.is_empty() {
            return;
        }
        let at = self.dice.random_range(0..self.sent.len());
        let Sent { buyer, key, body, order } = &self.sent[at];
        let (buyer, key, body, order) = (*buyer, key.clone(), body.clone(), *order);
        self.tell(format!("shopper {buyer} sends order {order} again"));
        let (status, answer) =
            self.asks_with(buyer, "POST", "/orders", &[("idempotency-key", key.as_str())], Some(body.clone())).await;
        let kept = self.seen.orders.iter().any(|row| row.id == order);
        assert!(kept, "order {order} is gone");
        // What is remembered of a request is forgotten after a while; then it is a new one, at an old price.
        if status == 201 && number(&answer["order_id"]) != order {
            panic!("order {order} was placed twice: {answer}");
        }
    }

    /// Somebody begins to pay; answers the order and its prepay id.
    pub async fn begins_to_pay(&mut self) -> Option<(i64, String)> {
        if !self.model.orders.values().any(|order| order.state == State::Pending) {
            self.orders().await;
        }
        let id = self.some_order(|order| order.state == State::Pending)?;
        self.begins_to_pay_in(id, "jsapi").await
    }

    async fn begins_to_pay_in(&mut self, id: i64, trade_type: &str) -> Option<(i64, String)> {
        let order = self.model.orders[&id].clone();
        self.tell(format!("shopper {} begins to pay order {id} by {trade_type}", order.buyer));
        let path = format!("/orders/{id}/payments");
        let answer = self.asks(order.buyer, "POST", &path, Some(json!({"trade_type": trade_type}))).await;
        let granted = answer.0 == 201;
        if order.state != State::Pending || self.now() >= order.deadline {
            assert!(!granted, "order {id} cannot be paid any more: {}", answer.1);
        } else if order.taken.is_empty() && !self.model.failing {
            assert!(granted, "order {id} can be paid: {} {}", answer.0, answer.1);
        }
        let package = answer.1["params"]["package"].as_str()?;
        let prepay = package.trim_start_matches("prepay_id=").to_owned();
        let order = self.model.orders.get_mut(&id)?;
        if !order.prepays.contains(&prepay) {
            order.prepays.push(prepay.clone());
        }
        Some((id, prepay))
    }

    /// Somebody pays what they ordered.
    pub async fn pays(&mut self) {
        let Some((id, prepay)) = self.begins_to_pay().await else { return };
        self.takes_money(id, json!({"prepay_id": prepay})).await;
        if self.dice.random_ratio(3, 4) {
            self.shop.wechat("POST", "/notices/flush", None).await;
        }
    }

    /// The same order is paid in two ways.
    pub async fn pays_twice(&mut self) {
        let Some((id, prepay)) = self.begins_to_pay().await else { return };
        self.begins_to_pay_in(id, "h5").await;
        let numbers = super::snapshot::Snapshot::of(self.shop).await;
        let numbers =
            numbers.attempts.into_iter().filter(|attempt| attempt.order_id == id).map(|attempt| attempt.out_trade_no);
        for number in numbers.collect::<Vec<_>>() {
            self.takes_money(id, json!({"out_trade_no": number})).await;
        }
        self.takes_money(id, json!({"prepay_id": prepay, "times": 2})).await;
        self.shop.wechat("POST", "/notices/flush", None).await;
    }

    /// Somebody pays by what they were given earlier, whatever has become of the order.
    pub async fn pays_old(&mut self) {
        let all =
            self.model.orders.iter().flat_map(|(id, order)| order.prepays.iter().map(|prepay| (*id, prepay.clone())));
        let all: Vec<(i64, String)> = all.collect();
        let Some((id, prepay)) = self.picks(&all) else { return };
        let told = self.dice.random_ratio(1, 2);
        self.takes_money(id, json!({"prepay_id": prepay, "notify": told})).await;
    }

    async fn takes_money(&mut self, id: i64, pay: Value) {
        self.tell(format!("WeChat is told to take the money for order {id}: {pay}"));
        let (status, paid) = self.shop.wechat_try("POST", "/pay", Some(pay)).await;
        self.tale.came_of_it(&format!("{status} {}", paid["code"].as_str().unwrap_or_default()));
        if status == 200 {
            let amount = number(&paid["transaction"]["amount"]["total"]);
            let order = self.model.orders.get_mut(&id).expect("an order");
            let again = order.taken.insert(text(&paid["transaction"]["out_trade_no"]), amount);
            assert!(again.is_none(), "WeChat took the money twice under one number");
        }
    }

    /// Somebody does not want an order any more.
    pub async fn cancels(&mut self) {
        let Some(id) = self.some_order(|order| order.state == State::Pending) else { return };
        let order = self.model.orders[&id].clone();
        self.tell(format!("shopper {} cancels order {id}", order.buyer));
        let why = Some(json!({"reason": "不想要了"}));
        let (status, answer) = self.asks(order.buyer, "POST", &format!("/orders/{id}/cancel"), why).await;
        self.closed(id, &order, status, &answer);
    }

    /// What an attempt at closing an order must have come to.
    pub fn closed(&mut self, id: i64, order: &Order, status: u16, answer: &Value) {
        let granted = (200..300).contains(&status);
        // Money that is under way and not known of yet comes back later.
        assert_eq!(granted, order.state == State::Pending, "order {id} is {:?}: {status} {answer}", order.state);
        if granted {
            self.model.orders.get_mut(&id).expect("an order").close_agreed = true;
        }
    }

    /// Somebody wants their money back before anything was sent.
    pub async fn asks_refund(&mut self) {
        let Some(id) = self.some_order(|order| order.state == State::Paid) else { return };
        let order = self.model.orders[&id].clone();
        self.tell(format!("shopper {} asks their money back for order {id}", order.buyer));
        let why = Some(json!({"reason": "不想要了"}));
        let (status, answer) = self.asks(order.buyer, "POST", &format!("/orders/{id}/refund"), why).await;
        self.refunded(id, &order, status, &answer);
    }

    /// What a wish for a refund must have come to.
    pub fn refunded(&mut self, id: i64, order: &Order, status: u16, answer: &Value) {
        let granted = (200..300).contains(&status);
        let running = self.seen.orders.iter().any(|row| row.id == id && row.refunding_fen > 0);
        if order.state != State::Paid || order.refund_agreed {
            assert!(!granted, "order {id} is {:?}: {answer}", order.state);
        } else if !running {
            assert!(granted, "order {id} is paid and nothing was sent: {status} {answer}");
        }
        if granted {
            self.model.orders.get_mut(&id).expect("an order").refund_agreed = true;
        }
    }

    /// Somebody says that their parcel arrived.
    pub async fn confirms_receipt(&mut self) {
        let Some(id) = self.some_order(|order| order.state == State::Shipped) else { return };
        let order = self.model.orders[&id].clone();
        self.tell(format!("shopper {} has got order {id}", order.buyer));
        let answer = self.asks(order.buyer, "POST", &format!("/orders/{id}/receipt"), None).await;
        let granted = (200..300).contains(&answer.0);
        assert_eq!(granted, order.state == State::Shipped, "order {id} is {:?}: {}", order.state, answer.1);
        if granted {
            self.model.orders.get_mut(&id).expect("an order").receipt_agreed = true;
        }
    }
}
