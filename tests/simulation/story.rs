//! One story: a seed decides who does what and when, and after every step the model is compared with the tables.

use std::sync::{Arc, Mutex};

use hourglass::kernel::time::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

use super::model::Model;
use super::snapshot::Snapshot;
use super::stage::Stage;
use crate::support::Shop;
use crate::support::buyer::Buyer;
use crate::support::shop::{PASSWORD, text};

/// Most shoppers in one story.
const SHOPPERS: usize = 5;

/// What was done so far, line by line; outlives a story that fails.
#[derive(Clone, Default)]
pub struct Tale(Arc<Mutex<Vec<String>>>);

impl Tale {
    /// Adds a line.
    pub fn tell(&self, line: String) {
        self.0.lock().expect("nobody panics while telling").push(line);
    }

    /// Adds to the last line what came of it.
    pub fn came_of_it(&self, what: &str) {
        if let Some(last) = self.0.lock().expect("nobody panics while telling").last_mut() {
            last.push_str(" → ");
            last.push_str(what);
        }
    }

    /// Every line.
    pub fn lines(&self) -> Vec<String> {
        self.0.lock().expect("nobody panics while telling").clone()
    }
}

/// What somebody may do next, and how often that is chosen.
#[derive(Debug, Clone, Copy)]
enum Deed {
    ComeIn,
    Browse,
    Share,
    OpenShare,
    FillCart,
    Order,
    OrderAgain,
    BeginToPay,
    Pay,
    PayTwice,
    PayOld,
    Cancel,
    AskRefund,
    ConfirmReceipt,
    OpenBargain,
    Cut,
    ClaimPortion,
    ClaimOwn,
    TakeCoupon,
    Ship,
    StaffRefund,
    StaffClose,
    Reprice,
    TurnSale,
    ReceiveStock,
    GrantCoupon,
    StepCampaign,
    EndGroup,
    Jump,
    Work,
    Trouble,
}

const DEEDS: &[(Deed, u32)] = &[
    (Deed::ComeIn, 3),
    (Deed::Browse, 2),
    (Deed::Share, 3),
    (Deed::OpenShare, 3),
    (Deed::FillCart, 2),
    (Deed::Order, 24),
    (Deed::OrderAgain, 3),
    (Deed::BeginToPay, 3),
    (Deed::Pay, 20),
    (Deed::PayTwice, 3),
    (Deed::PayOld, 5),
    (Deed::Cancel, 4),
    (Deed::AskRefund, 5),
    (Deed::ConfirmReceipt, 3),
    (Deed::OpenBargain, 4),
    (Deed::Cut, 7),
    (Deed::ClaimPortion, 6),
    (Deed::ClaimOwn, 3),
    (Deed::TakeCoupon, 5),
    (Deed::Ship, 5),
    (Deed::StaffRefund, 2),
    (Deed::StaffClose, 1),
    (Deed::Reprice, 2),
    (Deed::TurnSale, 2),
    (Deed::ReceiveStock, 2),
    (Deed::GrantCoupon, 2),
    (Deed::StepCampaign, 5),
    (Deed::EndGroup, 2),
    (Deed::Jump, 11),
    (Deed::Work, 9),
    (Deed::Trouble, 5),
];

/// Somebody's order as it was sent, to be sent again.
pub struct Sent {
    pub buyer: usize,
    pub key: String,
    pub body: Value,
    pub order: i64,
}

/// A story under way.
pub struct Story<'a> {
    pub stage: &'a Stage,
    pub shop: &'a Shop,
    pub buyers: Vec<Buyer<'a>>,
    pub model: Model,
    pub dice: StdRng,
    /// The tables after the step before.
    pub seen: Snapshot,
    pub tale: Tale,
    pub sent: Vec<Sent>,
    staff: (String, String),
    keys: u64,
}

impl<'a> Story<'a> {
    /// Begins one.
    pub async fn begins(stage: &'a Stage, shop: &'a Shop, seed: u64, tale: Tale) -> Self {
        Self {
            stage,
            shop,
            buyers: Vec::new(),
            model: Model::new(stage),
            dice: StdRng::seed_from_u64(seed),
            seen: Snapshot::of(shop).await,
            tale,
            sent: Vec::new(),
            staff: (stage.owner.clone(), stage.refresh.clone()),
            keys: seed << 20,
        }
    }

    /// Tells it to its end.
    pub async fn is_told(&mut self) {
        self.opens().await;
        for _ in 0..self.dice.random_range(40..80) {
            let deed = self.draws();
            self.does(deed).await;
            self.compares().await;
        }
        self.ends().await;
    }

    /// The first shoppers come, and some campaigns begin.
    async fn opens(&mut self) {
        self.makes_trouble(json!({})).await;
        for _ in 0..3 {
            self.comes_in().await;
        }
        let drafts: Vec<i64> = self.model.campaigns.keys().copied().collect();
        for campaign in drafts {
            if self.dice.random_ratio(3, 4) {
                self.steps(campaign, "schedule").await;
            }
        }
        self.works().await;
        self.compares().await;
    }

    fn draws(&mut self) -> Deed {
        let all: u32 = DEEDS.iter().map(|(_, weight)| weight).sum();
        let mut left = self.dice.random_range(0..all);
        for (deed, weight) in DEEDS {
            if left < *weight {
                return *deed;
            }
            left -= weight;
        }
        unreachable!("the weights add up")
    }

    async fn does(&mut self, deed: Deed) {
        match deed {
            Deed::ComeIn => self.comes_in().await,
            Deed::Browse => self.browses().await,
            Deed::Share => self.shares().await,
            Deed::OpenShare => self.opens_share().await,
            Deed::FillCart => self.fills_cart().await,
            Deed::Order => self.orders().await,
            Deed::OrderAgain => self.orders_again().await,
            Deed::BeginToPay => drop(self.begins_to_pay().await),
            Deed::Pay => self.pays().await,
            Deed::PayTwice => self.pays_twice().await,
            Deed::PayOld => self.pays_old().await,
            Deed::Cancel => self.cancels().await,
            Deed::AskRefund => self.asks_refund().await,
            Deed::ConfirmReceipt => self.confirms_receipt().await,
            Deed::OpenBargain => self.opens_bargain().await,
            Deed::Cut => self.cuts().await,
            Deed::ClaimPortion => self.claims_portion().await,
            Deed::ClaimOwn => self.claims_own().await,
            Deed::TakeCoupon => self.takes_coupon().await,
            Deed::Ship => self.ships().await,
            Deed::StaffRefund => self.staff_refunds().await,
            Deed::StaffClose => self.staff_closes().await,
            Deed::Reprice => self.reprices().await,
            Deed::TurnSale => self.turns_sale().await,
            Deed::ReceiveStock => self.receives_stock().await,
            Deed::GrantCoupon => self.grants_coupon().await,
            Deed::StepCampaign => self.steps_campaign().await,
            Deed::EndGroup => self.ends_group().await,
            Deed::Jump => self.jumps().await,
            Deed::Work => self.works_a_little().await,
            Deed::Trouble => self.troubles().await,
        }
    }

    /// Adds a line to the tale.
    pub fn tell(&self, line: String) {
        self.tale.tell(line);
    }

    /// The present moment in milliseconds.
    pub fn now(&self) -> i64 {
        self.shop.clock.now().millis()
    }

    /// One of these.
    pub fn picks<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        if from.is_empty() { None } else { Some(from[self.dice.random_range(0..from.len())].clone()) }
    }

    /// One of the shoppers.
    pub fn somebody(&mut self) -> usize {
        self.dice.random_range(0..self.buyers.len())
    }

    /// A key that this story has not used.
    pub fn key(&mut self) -> String {
        self.keys += 1;
        format!("story-{:020}", self.keys)
    }

    /// An order for which this holds, or now and then any other.
    pub fn some_order(&mut self, holds: impl Fn(&super::model::Order) -> bool) -> Option<i64> {
        let fitting = self.model.orders.iter().filter(|(_, order)| holds(order)).map(|(id, _)| *id).collect::<Vec<_>>();
        let all: Vec<i64> = self.model.orders.keys().copied().collect();
        let any = fitting.is_empty() || self.dice.random_ratio(1, 8);
        if any { self.picks(&all) } else { self.picks(&fitting) }
    }

    /// A shopper's request; whoever was logged out meanwhile logs in again.
    pub async fn asks(&mut self, who: usize, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        self.asks_with(who, method, path, &[], body).await
    }

    /// The same with headers.
    pub async fn asks_with(
        &mut self,
        who: usize,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> (u16, Value) {
        let mut answer = self.buyers[who].call_with(method, path, headers, body.clone()).await;
        if answer.0 == 401 {
            self.buyers[who].comes_again().await;
            answer = self.buyers[who].call_with(method, path, headers, body).await;
        }
        self.heard(path, answer)
    }

    /// A request of the owner's.
    pub async fn staff(&mut self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let path = format!("/admin/v1{path}");
        let mut answer = self.shop.call(method, &path, Some(&self.staff.0), body.clone()).await;
        if answer.0 == 401 {
            self.logs_in_again().await;
            answer = self.shop.call(method, &path, Some(&self.staff.0), body).await;
        }
        self.heard(&path, answer)
    }

    /// A POST of the owner's under a key.
    pub async fn staff_with_key(&mut self, path: &str, key: &str, body: Value) -> (u16, Value) {
        let (path, headers) = (format!("/admin/v1{path}"), [("idempotency-key", key)]);
        let mut answer = self.shop.call_with("POST", &path, Some(&self.staff.0), &headers, Some(body.clone())).await;
        if answer.0 == 401 {
            self.logs_in_again().await;
            answer = self.shop.call_with("POST", &path, Some(&self.staff.0), &headers, Some(body)).await;
        }
        self.heard(&path, answer)
    }

    async fn logs_in_again(&mut self) {
        let refresh = json!({"refresh_token": self.staff.1});
        let (status, mut tokens) = self.shop.call("POST", "/admin/v1/sessions/refresh", None, Some(refresh)).await;
        if !(200..300).contains(&status) {
            let login = json!({"username": "owner", "password": PASSWORD});
            tokens = self.shop.call("POST", "/admin/v1/sessions", None, Some(login)).await.1;
        }
        self.staff = (text(&tokens["access_token"]), text(&tokens["refresh_token"]));
    }

    fn heard(&self, path: &str, (status, answer): (u16, Value)) -> (u16, Value) {
        let code = answer["code"].as_str().unwrap_or_default().to_owned();
        self.tale.came_of_it(&format!("{status} {code}"));
        let excused = status == 503 && self.model.failing;
        assert!(status < 500 || excused, "{path}: {status} {answer}");
        (status, answer)
    }

    /// Holds an answer against the reasons for a refusal; says whether it was granted.
    pub fn judges(&self, what: &str, (status, answer): &(u16, Value), reasons: &[&str]) -> bool {
        let granted = (200..300).contains(status);
        let code = answer["code"].as_str().unwrap_or_default();
        if reasons.is_empty() {
            assert!(granted, "{what} must be granted: {status} {answer}");
        } else {
            assert!(!granted, "{what} must be refused for {reasons:?}: {status} {answer}");
            assert!(reasons.contains(&code), "{what} must be refused for {reasons:?}, not {code}: {answer}");
        }
        granted
    }

    async fn comes_in(&mut self) {
        if self.buyers.len() == SHOPPERS {
            return;
        }
        self.tell(format!("shopper {} comes in", self.buyers.len()));
        let buyer = self.shop.buyer().await;
        self.model.users.push(buyer.user_id().await.parse().expect("an id"));
        self.buyers.push(buyer);
    }

    async fn jumps(&mut self) {
        let spans = [
            10 * SECOND_MS,
            MINUTE_MS,
            MINUTE_MS,
            6 * MINUTE_MS,
            6 * MINUTE_MS,
            16 * MINUTE_MS,
            16 * MINUTE_MS,
            31 * MINUTE_MS,
            61 * MINUTE_MS,
            3 * HOUR_MS,
            DAY_MS,
            2 * DAY_MS,
            11 * DAY_MS,
        ];
        // Long jumps end campaigns, so that they are rare.
        let most = if self.dice.random_ratio(1, 10) { spans.len() } else { spans.len() - 4 };
        let span = spans[self.dice.random_range(0..most)];
        self.tell(format!("{} s pass", span / SECOND_MS));
        self.shop.clock.advance(span);
        self.works().await;
    }

    /// Does the background work of this moment.
    pub async fn works(&mut self) {
        self.shop.app.runner().work_until_idle().await.expect("background work");
    }

    async fn works_a_little(&mut self) {
        match self.dice.random_range(0..4) {
            0 => {
                self.tell("one round of background work".to_owned());
                self.shop.app.runner().round().await.expect("background work");
            }
            1 => {
                self.tell("WeChat sends its notices".to_owned());
                self.shop.wechat("POST", "/notices/flush", None).await;
            }
            2 => {
                self.tell("background work".to_owned());
                self.works().await;
            }
            _ => {
                self.tell("everything settles".to_owned());
                self.works().await;
                self.shop.wechat("POST", "/notices/flush", None).await;
                self.works().await;
            }
        }
    }

    /// Orders trouble. Notices wait until a step lets them go, so that none arrives between two steps.
    pub async fn makes_trouble(&self, mut knobs: Value) {
        knobs["notices"]["delay_ms"] = json!(365 * DAY_MS);
        self.shop.trouble(knobs).await;
    }

    async fn troubles(&mut self) {
        let times = self.dice.random_range(1..4);
        let rule =
            |path: &str, action: &str| json!({"rules": [{"path_prefix": path, "action": action, "times": times}]});
        let troubles = [
            (json!({}), false),
            (json!({}), false),
            (json!({"notices": {"lose": true}}), false),
            (json!({"notices": {"duplicate": 2, "reorder": true}}), false),
            (json!({"notices": {"signtest_first": true}}), false),
            (rule("/v3/pay", "lose"), true),
            (rule("/v3/pay", "lose_answer"), true),
            (rule("/v3/pay", "error_after"), true),
            (rule("/v3/pay", "corrupt_reply_signature"), true),
            (rule("/v3/refund", "lose_answer"), true),
            (rule("/v3/refund", "refuse"), true),
            (rule("/v3/refund", "429_after"), true),
            (json!({"refunds": {"end": "abnormal"}}), true),
            (json!({"refunds": {"end": "hold"}}), true),
        ];
        let (knobs, failing) = troubles[self.dice.random_range(0..troubles.len())].clone();
        self.tell(format!("trouble with WeChat: {knobs}"));
        self.makes_trouble(knobs).await;
        self.model.failing = failing;
        self.model.troubled |= failing;
    }
}
