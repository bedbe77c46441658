//! One shopper's visit, from the share they open to the share they pass on.

use std::sync::Arc;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

use super::board::{Board, Lure, Post};
use super::client::{Answer, Phone, World};
use super::tally::Tally;
use super::{CrowdError, Story};

/// How often somebody looks for what their payment brings.
const LOOKS: usize = 5;
/// How long they wait in between.
const LOOK_AGAIN: Duration = Duration::from_millis(300);

/// How likely a shopper does something, in per cent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Odds {
    /// Comes through somebody's share rather than by themselves.
    comes_through_share: u32,
    /// Takes a coupon that is on offer.
    takes_coupon: u32,
    /// Looks at goods.
    browses: u32,
    /// Leads a group of their own.
    leads_group: u32,
    /// Joins the group they were led to, or one from the wall.
    joins_group: u32,
    /// Opens a bargain of their own.
    opens_bargain: u32,
    /// Buys what a flash sale offers.
    buys_flash: u32,
    /// Buys something at its usual price.
    buys: u32,
    /// Pays for what they ordered.
    pays: u32,
    /// Passes on what they liked.
    shares: u32,
}

impl Odds {
    /// What shoppers of this story are like.
    pub(super) const fn of(story: Story) -> Self {
        match story {
            Story::OrdinaryDay => Self {
                comes_through_share: 60,
                takes_coupon: 50,
                browses: 90,
                leads_group: 15,
                joins_group: 60,
                opens_bargain: 15,
                buys_flash: 15,
                buys: 35,
                pays: 90,
                shares: 50,
            },
            // Conversion of the field: about one in six who hold a portion goes on to buy.
            Story::DoubleSeventh => Self {
                comes_through_share: 97,
                takes_coupon: 10,
                browses: 80,
                leads_group: 1,
                joins_group: 12,
                opens_bargain: 1,
                buys_flash: 1,
                buys: 4,
                pays: 92,
                shares: 6,
            },
        }
    }
}

/// One shopper.
pub(super) struct Life {
    world: World,
    board: Arc<Board>,
    odds: Odds,
    dice: StdRng,
    tally: Tally,
}

/// What somebody wants to order.
struct Wish {
    sku: String,
    claims: Value,
    lure: Option<Lure>,
}

impl Life {
    /// Shopper `number` of the crowd drawn from `seed`.
    pub(super) fn new(world: World, board: Arc<Board>, odds: Odds, seed: u64, number: u64) -> Self {
        // One stream of chance for each shopper, so that one's decisions do not depend on another's.
        let dice = StdRng::seed_from_u64(seed.rotate_left(32) ^ number);
        Self { world, board, odds, dice, tally: Tally::default() }
    }

    /// Lives through the visit; answers what was done.
    pub(super) async fn live(mut self) -> Tally {
        if let Err(error) = self.visit().await {
            self.tally.failed(&error.to_string());
        }
        self.tally
    }

    fn feels_like(&mut self, percent: u32) -> bool {
        self.dice.random_range(0..100) < percent
    }

    async fn visit(&mut self) -> Result<(), CrowdError> {
        let found =
            if self.feels_like(self.odds.comes_through_share) { self.board.glance(&mut self.dice) } else { None };
        let phone = self.world.newcomer().await?;
        self.tally.did("came");
        let mut wish = None;
        if let Some(post) = found {
            let opened = phone.post("/share-opens", &json!({ "token": post.token })).await?;
            self.note("opened a share", &opened);
            wish = self.follow(&phone, post.lure).await?;
        }
        if self.feels_like(self.odds.takes_coupon) {
            self.take_coupon(&phone).await?;
        }
        let product = if self.feels_like(self.odds.browses) { self.browse(&phone).await? } else { None };
        if self.feels_like(self.odds.opens_bargain) {
            self.open_bargain(&phone).await?;
        }
        if wish.is_none() {
            wish = self.choose(&phone, product.as_deref()).await?;
        }
        if let Some(wish) = wish {
            self.order(&phone, wish).await?;
        } else if let Some(product) = product.filter(|_| self.feels_like(self.odds.shares)) {
            self.share(&phone, "product", product.clone(), Lure::Product(product)).await?;
        }
        Ok(())
    }

    /// Counts what came of a deed; says whether it was done.
    fn note(&mut self, deed: &'static str, answer: &Answer) -> bool {
        let done = answer.status.is_success();
        if done {
            self.tally.did(deed);
        } else {
            self.tally.refused(answer.code());
        }
        done
    }

    /// Does what the page asks for; answers what it makes them want to order.
    async fn follow(&mut self, phone: &Phone, lure: Lure) -> Result<Option<Wish>, CrowdError> {
        match &lure {
            Lure::Product(id) => {
                let answer = phone.get(&format!("/products/{id}")).await?;
                self.note("looked at a product", &answer);
                Ok(None)
            }
            Lure::Bargain(id) => {
                let helped = phone.post(&format!("/bargains/{id}/cuts"), &json!({})).await?;
                if !self.note("helped a bargain", &helped) {
                    self.board.forget(&lure);
                }
                Ok(None)
            }
            Lure::Packet(code) => {
                let claimed = phone.post(&format!("/packets/{code}/claims"), &json!({})).await?;
                if !self.note("claimed a portion", &claimed) {
                    self.board.forget(&lure);
                }
                Ok(None)
            }
            Lure::Group(id) => {
                let page = phone.get(&format!("/group-buys/groups/{id}")).await?;
                if !self.note("looked at a group", &page) || page.number("/free").unwrap_or(0) == 0 {
                    self.board.forget(&lure);
                    return Ok(None);
                }
                Ok(self.feels_like(self.odds.joins_group).then(|| joining(&page, id)).flatten())
            }
        }
    }

    async fn take_coupon(&mut self, phone: &Phone) -> Result<(), CrowdError> {
        let offered = phone.get("/coupons/claimable").await?;
        let claimable: Vec<String> = offered
            .list("/items")
            .iter()
            .filter(|item| item.get("claimable") == Some(&Value::Bool(true)))
            .filter_map(|item| text(item, "/template_id"))
            .collect();
        if let Some(template) = self.one_of(&claimable) {
            let claimed = phone.post("/coupons/claims", &json!({ "template_id": template })).await?;
            self.note("took a coupon", &claimed);
        }
        Ok(())
    }

    fn one_of<T: Clone>(&mut self, all: &[T]) -> Option<T> {
        if all.is_empty() { None } else { all.get(self.dice.random_range(0..all.len())).cloned() }
    }

    /// Looks at a list and one of its products; answers which.
    async fn browse(&mut self, phone: &Phone) -> Result<Option<String>, CrowdError> {
        let list = phone.get("/products?limit=50").await?;
        let ids: Vec<String> = list.list("/items").iter().filter_map(|item| text(item, "/id")).collect();
        let Some(id) = self.one_of(&ids) else { return Ok(None) };
        let answer = phone.get(&format!("/products/{id}")).await?;
        Ok(self.note("looked at a product", &answer).then_some(id))
    }

    async fn open_bargain(&mut self, phone: &Phone) -> Result<(), CrowdError> {
        let campaigns = phone.get("/bargain-campaigns").await?;
        let ids: Vec<String> = campaigns.list("/items").iter().filter_map(|item| text(item, "/campaign_id")).collect();
        let Some(campaign) = self.one_of(&ids) else { return Ok(()) };
        let opened = phone.post("/bargains", &json!({ "campaign_id": campaign })).await?;
        if self.note("opened a bargain", &opened)
            && let Some(id) = opened.text("/bargain_id")
        {
            self.share(phone, "bargain", id.clone(), Lure::Bargain(id)).await?;
        }
        Ok(())
    }

    /// What they want to order, if anything: a group to lead, a flash price, or what they looked at.
    async fn choose(&mut self, phone: &Phone, product: Option<&str>) -> Result<Option<Wish>, CrowdError> {
        if self.feels_like(self.odds.leads_group) {
            let offers = phone.get("/group-buys").await?;
            let all: Vec<Value> = offers.list("").to_vec();
            return Ok(self.one_of(&all).and_then(|offer| leading(&offer)));
        }
        if self.feels_like(self.odds.buys_flash) {
            let slots = phone.get("/flash-sales/slots").await?;
            let items: Vec<Value> = slots
                .list("/slots")
                .iter()
                .filter(|slot| slot.get("open") == Some(&Value::Bool(true)))
                .flat_map(|slot| slot.get("items").and_then(Value::as_array).cloned().unwrap_or_default())
                .filter(|item| item.pointer("/actions/0/allowed") == Some(&Value::Bool(true)))
                .collect();
            return Ok(self.one_of(&items).and_then(|item| at_flash_price(&item)));
        }
        let Some(product) = product.filter(|_| self.feels_like(self.odds.buys)) else { return Ok(None) };
        let detail = phone.get(&format!("/products/{product}")).await?;
        let skus: Vec<String> = detail.list("/skus").iter().filter_map(|sku| text(sku, "/id")).collect();
        Ok(self.one_of(&skus).map(|sku| Wish { sku, claims: json!([]), lure: None }))
    }

    /// Orders one piece, pays for it, and passes on what comes of it.
    async fn order(&mut self, phone: &Phone, wish: Wish) -> Result<(), CrowdError> {
        let Some(address) = self.address(phone).await? else { return Ok(()) };
        let lines = json!([{ "sku_id": wish.sku, "quantity": 1 }]);
        let asked = json!({ "lines": lines, "claims": wish.claims, "province_code": "44" });
        let quote = phone.post("/quotes", &asked).await?;
        if !self.note("asked a price", &quote) {
            if let Some(lure) = &wish.lure {
                self.board.forget(lure);
            }
            return Ok(());
        }
        let expected = json!({ "total_fen": quote.number("/total_fen"), "digest": quote.text("/digest") });
        let body = json!({ "lines": lines, "claims": wish.claims, "address_id": address, "expected": expected });
        let order = phone.post("/orders", &body).await?;
        if !self.note("ordered", &order) {
            return Ok(());
        }
        let Some(id) = order.text("/order_id") else { return Ok(()) };
        if !self.feels_like(self.odds.pays) {
            return Ok(());
        }
        if order.text("/state").as_deref() == Some("pending_payment") {
            self.pay(phone, &id).await?;
        }
        self.share_group(phone, &wish, &order).await?;
        self.share_packet(phone, &id).await
    }

    async fn address(&mut self, phone: &Phone) -> Result<Option<String>, CrowdError> {
        let number = self.dice.random_range(100..1000);
        let address = json!({
            "receiver_name": "张三", "receiver_phone": format!("13800001{number}"), "province_code": "44",
            "city": "深圳市", "district": "南山区", "detail": format!("科技园 {number} 号"),
        });
        let written = phone.post("/addresses", &address).await?;
        Ok(if self.note("wrote an address", &written) { written.text("/address_id") } else { None })
    }

    async fn pay(&mut self, phone: &Phone, order: &str) -> Result<(), CrowdError> {
        let prepaid = phone.post(&format!("/orders/{order}/payments"), &json!({ "trade_type": "jsapi" })).await?;
        if self.note("began to pay", &prepaid)
            && let Some(package) = prepaid.text("/params/package")
        {
            phone.pay(package.trim_start_matches("prepay_id=")).await?;
            self.tally.did("paid");
        }
        Ok(())
    }

    /// Whoever leads a group wants others to join it.
    async fn share_group(&mut self, phone: &Phone, wish: &Wish, order: &Answer) -> Result<(), CrowdError> {
        let Some(group) = order.text("/gates/0/source_ref").filter(|_| wish.claims != json!([])) else {
            return Ok(());
        };
        let path = format!("/group-buys/groups/{group}");
        let free = |page: &Answer| page.number("/free").filter(|_| page.text("/state").as_deref() == Some("open"));
        if patiently(phone, &path, free).await?.is_some_and(|free| free > 0) {
            self.share(phone, "group", group.clone(), Lure::Group(group)).await?;
        }
        Ok(())
    }

    /// Whoever got a packet passes it on, since that unlocks their own portion.
    async fn share_packet(&mut self, phone: &Phone, order: &str) -> Result<(), CrowdError> {
        let path = format!("/orders/{order}/packet");
        let Some(code) = patiently(phone, &path, |packet| packet.text("/code")).await? else { return Ok(()) };
        self.tally.did("got a packet");
        self.share(phone, "packet", code.clone(), Lure::Packet(code.clone())).await?;
        let own = phone.post(&format!("/packets/{code}/own-claims"), &json!({})).await?;
        self.note("unlocked the own portion", &own);
        Ok(())
    }

    async fn share(&mut self, phone: &Phone, kind: &str, reference: String, lure: Lure) -> Result<(), CrowdError> {
        let channels = ["friend", "group_chat", "timeline"];
        let channel = self.one_of(&channels);
        let body = json!({ "subject": { "kind": kind, "reference": reference }, "channel": channel });
        let shared = phone.post("/shares", &body).await?;
        if self.note("shared", &shared)
            && let Some(token) = shared.text("/token")
        {
            self.board.post(Post { token, lure });
        }
        Ok(())
    }
}

/// What somebody sees who waits for it a moment: money takes its way through WeChat's notice.
async fn patiently<T>(phone: &Phone, path: &str, see: impl Fn(&Answer) -> Option<T>) -> Result<Option<T>, CrowdError> {
    for _ in 0..LOOKS {
        let answer = phone.get(path).await?;
        if let Some(seen) = see(&answer).filter(|_| answer.status.is_success()) {
            return Ok(Some(seen));
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
    Ok(None)
}

fn text(value: &Value, pointer: &str) -> Option<String> {
    value.pointer(pointer)?.as_str().map(str::to_owned)
}

fn claim(kind: &str, reference: &str) -> Value {
    json!([{ "kind": kind, "reference": reference }])
}

/// A seat in the group on this page.
fn joining(page: &Answer, group: &str) -> Option<Wish> {
    let sku = page.text("/skus/0/sku_id")?;
    Some(Wish { sku, claims: claim("group_buy", group), lure: Some(Lure::Group(group.to_owned())) })
}

/// A new group of this group buy.
fn leading(offer: &Value) -> Option<Wish> {
    let (sku, campaign) = (text(offer, "/skus/0/sku_id")?, text(offer, "/campaign_id")?);
    Some(Wish { sku, claims: claim("group_buy", &format!("new:{campaign}")), lure: None })
}

fn at_flash_price(item: &Value) -> Option<Wish> {
    let (sku, id) = (text(item, "/sku_id")?, text(item, "/id")?);
    Some(Wish { sku, claims: claim("flash_sale", &id), lure: None })
}
