//! Shoppers spread the word: shares, bargains, packets, coupons, carts.

use rand::RngExt as _;
use serde_json::{Value, json};

use super::model::{Bargain, Coupon, Run, State};
use super::stage::{BARGAIN_QUOTA, CUTS, number};
use super::story::Story;
use crate::support::shop::text;

/// A campaign that does not run: not begun, paused, over, or known to nobody yet.
pub const NOT_RUNNING: &[&str] = &["campaign.not_running", "campaign.not_found"];

impl Story<'_> {
    /// Somebody looks around.
    pub async fn browses(&mut self) {
        let who = self.somebody();
        let product = self.picks(&self.stage.goods.clone()).expect("goods").product;
        let pages = [
            format!("/products/{product}"),
            "/search?q=lyq".to_owned(),
            "/group-buys".to_owned(),
            "/bargain-campaigns".to_owned(),
            "/flash-sales/slots".to_owned(),
            "/orders".to_owned(),
            "/coupons".to_owned(),
            "/packets".to_owned(),
            "/cart".to_owned(),
            "/campaigns".to_owned(),
        ];
        let page = self.picks(&pages).expect("pages");
        self.tell(format!("shopper {who} looks at {page}"));
        let (status, answer) = self.asks(who, "GET", &page, None).await;
        let gone = self.model.off_sale.contains(&product) && page.starts_with("/products");
        assert!(status == 200 || (gone && status == 404), "{page}: {status} {answer}");
    }

    /// Somebody hands a page on.
    pub async fn shares(&mut self) {
        let who = self.somebody();
        self.tell(format!("shopper {who} shares a page"));
        let page = json!({"subject": {"kind": "page", "reference": "pages/index/index"}, "channel": "friend"});
        let answer = self.asks(who, "POST", "/shares", Some(page)).await;
        self.judges("a share", &answer, &[]);
        self.model.shares.push((who, text(&answer.1["token"])));
    }

    /// Somebody comes through a share.
    pub async fn opens_share(&mut self) {
        let who = self.somebody();
        let Some((by, token)) = self.picks(&self.model.shares.clone()) else { return };
        self.tell(format!("shopper {who} opens what shopper {by} shared"));
        let answer = self.asks(who, "POST", "/share-opens", Some(json!({"token": token}))).await;
        self.judges("opening a share", &answer, &[]);
        assert_eq!(by == who, answer.1["counted"] == "own_share", "nobody brings themselves: {}", answer.1);
    }

    /// Somebody puts something into the cart.
    pub async fn fills_cart(&mut self) {
        let who = self.somebody();
        let goods = self.stage.goods[self.dice.random_range(0..2)].clone();
        self.tell(format!("shopper {who} puts SKU {} into the cart", goods.sku));
        let line = json!({"sku_id": goods.sku.to_string(), "quantity": 1});
        let (status, answer) = self.asks(who, "POST", "/cart/lines", Some(line)).await;
        let (off, left) = (self.model.off_sale.contains(&goods.product), self.model.available(goods.sku));
        assert!(status == 201 || off || left < 1, "it can be bought: {status} {answer}");
        let answer = self.asks(who, "DELETE", "/cart", None).await;
        self.judges("an empty cart", &answer, &[]);
    }

    /// Somebody begins a bargain.
    pub async fn opens_bargain(&mut self) {
        let who = self.somebody();
        self.tell(format!("shopper {who} opens a bargain"));
        let mut reasons = Vec::new();
        if self.model.campaigns[&self.stage.bargain] != Run::Running {
            reasons.extend_from_slice(NOT_RUNNING);
        }
        let (user, now) = (self.model.users[who], self.now());
        if self.seen.bargains.iter().any(|row| row.user_id == user && row.state == "running" && now < row.expires_at) {
            reasons.push("bargain.already_open");
        }
        let is_bargain = |order: &super::model::Order| matches!(order.claim, super::model::Claim::Bargain(_));
        if self.model.count(|order| is_bargain(order) && order.state.is_live()) >= BARGAIN_QUOTA {
            reasons.push("bargain.sold_out");
        }
        let goods = &self.stage.goods[4];
        if self.model.off_sale.contains(&goods.product) {
            reasons.extend_from_slice(&["bargain.not_found", "pricing.not_sellable", "bargain.line_missing"]);
        }
        let campaign = json!({"campaign_id": self.stage.bargain.to_string()});
        let answer = self.asks(who, "POST", "/bargains", Some(campaign)).await;
        if self.judges("a bargain", &answer, &reasons) {
            let bargain = Bargain { owner: who, ..Bargain::default() };
            self.model.bargains.insert(number(&answer.1["bargain_id"]), bargain);
        }
    }

    /// Somebody cuts a price.
    pub async fn cuts(&mut self) {
        let all: Vec<i64> = self.model.bargains.keys().copied().collect();
        let Some(id) = self.picks(&all) else { return };
        let who = self.somebody();
        self.tell(format!("shopper {who} helps bargain {id}"));
        let reasons = self.cut_refusals(who, id);
        let answer = self.asks(who, "POST", &format!("/bargains/{id}/cuts"), None).await;
        if self.judges("a cut", &answer, &reasons) {
            let amount = number(&answer.1["amount_fen"]);
            assert!(amount > 0, "{}", answer.1);
            self.model.bargains.get_mut(&id).expect("a bargain").cuts.insert(who, amount);
        }
    }

    fn cut_refusals(&self, who: usize, id: i64) -> Vec<&'static str> {
        let (bargain, now) = (&self.model.bargains[&id], self.now());
        let row = self.seen.bargains.iter().find(|row| row.id == id).expect("a bargain");
        let mut reasons = Vec::new();
        if self.model.campaigns[&self.stage.bargain] != Run::Running {
            reasons.extend_from_slice(NOT_RUNNING);
        }
        let held = self
            .model
            .orders
            .values()
            .any(|order| order.claim == super::model::Claim::Bargain(id) && order.state == State::Pending);
        let cuts = i64::try_from(bargain.cuts.len()).expect("few");
        let checks = [
            (bargain.owner == who, "bargain.own_bargain"),
            (bargain.cuts.contains_key(&who), "bargain.already_helped"),
            (bargain.bought, "bargain.bought"),
            (held, "bargain.being_bought"),
            (now >= row.expires_at || row.state == "expired", "bargain.expired"),
            (cuts >= CUTS, "bargain.floor_reached"),
        ];
        reasons.extend(checks.into_iter().filter(|(holds, _)| *holds).map(|(_, code)| code));
        reasons
    }

    /// Somebody claims a portion of a friend's packet.
    pub async fn claims_portion(&mut self) {
        let Some(packet) = self.picks(&self.seen.packets.clone()) else { return };
        let who = self.somebody();
        self.tell(format!("shopper {who} claims from packet {}", packet.id));
        let (user, now) = (self.model.users[who], self.now());
        let mut reasons = Vec::new();
        if self.model.campaigns[&self.stage.packets] == Run::Paused {
            reasons.extend_from_slice(NOT_RUNNING);
        }
        let by_friends = self
            .model
            .portions
            .keys()
            .filter(|(of, friend)| *of == packet.id && self.model.users[*friend] != packet.user_id);
        let friends = i64::try_from(by_friends.count()).expect("few");
        let checks = [
            (packet.user_id == user, "social_coupon.own_packet"),
            (now >= packet.expires_at || packet.state == "expired", "social_coupon.expired"),
            (packet.state == "void", "social_coupon.void"),
            (friends >= packet.portions - 1, "social_coupon.exhausted"),
            (self.is_ancestor(&packet, user), "social_coupon.loop"),
        ];
        reasons.extend(checks.into_iter().filter(|(holds, _)| *holds).map(|(_, code)| code));
        let answer = self.asks(who, "POST", &format!("/packets/{}/claims", packet.code), None).await;
        if self.model.portions.contains_key(&(packet.id, who)) {
            self.has_already(packet.id, who, &answer);
        } else if self.judges("a portion", &answer, &reasons) {
            self.has_portion(packet.id, who, &answer.1);
        }
    }

    fn is_ancestor(&self, packet: &super::snapshot::PacketRow, user: i64) -> bool {
        let mut above = packet.parent_id;
        while let Some(row) = above.and_then(|id| self.seen.packets.iter().find(|row| row.id == id)) {
            if row.user_id == user {
                return true;
            }
            above = row.parent_id;
        }
        false
    }

    fn has_already(&self, packet: i64, who: usize, answer: &(u16, Value)) {
        if answer.0 == 200 {
            let amount = self.model.portions[&(packet, who)];
            assert_eq!(answer.1["mine"]["amount_fen"], amount, "claiming again answers the same: {}", answer.1);
        } else {
            assert_eq!(answer.0, 409, "{}", answer.1);
        }
    }

    fn has_portion(&mut self, packet: i64, who: usize, answer: &Value) {
        let (coupon, amount) = (number(&answer["mine"]["coupon_id"]), number(&answer["mine"]["amount_fen"]));
        assert!(amount >= 100, "{answer}");
        self.model.portions.insert((packet, who), amount);
        let had = self.model.coupons.insert(coupon, Coupon { owner: who, until: i64::MAX, amount, portion: true });
        assert!(had.is_none(), "a portion became a coupon twice: {answer}");
    }

    /// Whoever paid claims their own portion, once the packet is shared.
    pub async fn claims_own(&mut self) {
        let Some(packet) = self.picks(&self.seen.packets.clone()) else { return };
        let who = self.model.shopper(packet.user_id);
        self.tell(format!("shopper {who} shares packet {} and claims their own portion", packet.id));
        let share = json!({"subject": {"kind": "packet", "reference": packet.code}, "channel": "friend"});
        let shared = self.asks(who, "POST", "/shares", Some(share)).await.0 < 300;
        let answer = self.asks(who, "POST", &format!("/packets/{}/own-claims", packet.code), None).await;
        if self.model.portions.contains_key(&(packet.id, who)) {
            self.has_already(packet.id, who, &answer);
            return;
        }
        let over = packet.state != "open" || self.now() >= packet.expires_at;
        let runs = self.model.campaigns[&self.stage.packets] != Run::Paused;
        if over || !runs || !shared {
            assert!(!(200..300).contains(&answer.0) || !over, "the packet is over: {}", answer.1);
        } else {
            self.judges("the payer's own portion", &answer, &[]);
        }
        if answer.0 == 200 {
            self.has_portion(packet.id, who, &answer.1);
        }
    }

    /// Somebody takes a coupon that is on offer.
    pub async fn takes_coupon(&mut self) {
        let who = self.somebody();
        self.tell(format!("shopper {who} takes a coupon"));
        let reasons = self.model.coupon_refusals(who);
        let key = self.key();
        let headers = [("idempotency-key", key.as_str())];
        let wish = Some(json!({"template_id": self.stage.coupon.to_string()}));
        let answer = self.asks_with(who, "POST", "/coupons/claims", &headers, wish).await;
        if self.judges("a coupon", &answer, &reasons) {
            self.has_coupon(who, number(&answer.1["coupon_id"]));
        }
    }

    /// Somebody has a coupon of the template from now on.
    pub fn has_coupon(&mut self, who: usize, id: i64) {
        let until = self.now() + 2 * hourglass::kernel::time::DAY_MS;
        let amount = super::stage::COUPON.1;
        let had = self.model.coupons.insert(id, Coupon { owner: who, until, amount, portion: false });
        assert!(had.is_none(), "coupon {id} was given before");
    }
}
