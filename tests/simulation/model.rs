//! What must be true, kept in plain maps by what was done and what was answered, without a line of the shop's code.

use std::collections::{BTreeMap, BTreeSet};

use hourglass::kernel::time::MINUTE_MS;

use super::campaigning::NOT_RUNNING;
use super::snapshot::Snapshot;
use super::stage::{BARGAIN_QUOTA, COUPON, COUPONS, FLASH, LEADS, Stage};

/// What an order is bought with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// Nothing but money.
    Plain,
    /// A coupon of the shop's own.
    Coupon(i64),
    /// A portion of a packet.
    Portion(i64),
    /// A group of one's own in this campaign.
    Opens(i64),
    /// A seat in this group of this campaign.
    Joins(i64, i64),
    /// A bargain.
    Bargain(i64),
    /// The flash price.
    Flash,
}

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    Pending,
    Closed,
    Paid,
    Shipped,
    Received,
    Completed,
    Refunded,
}

impl State {
    /// The state by its stored word.
    pub fn of(word: &str) -> Self {
        match word {
            "pending_payment" => Self::Pending,
            "closed" => Self::Closed,
            "paid" => Self::Paid,
            "shipped" => Self::Shipped,
            "received" => Self::Received,
            "completed" => Self::Completed,
            "refunded" => Self::Refunded,
            other => panic!("no order is {other}"),
        }
    }

    /// Whether the buyer has the goods or will have them.
    pub const fn is_sold(self) -> bool {
        matches!(self, Self::Paid | Self::Shipped | Self::Received | Self::Completed)
    }

    /// Whether what it was bought with is still in it.
    pub const fn is_live(self) -> bool {
        self.is_sold() || matches!(self, Self::Pending)
    }
}

/// An order as the model knows it.
#[derive(Debug, Clone)]
pub struct Order {
    pub buyer: usize,
    pub claim: Claim,
    pub sku: i64,
    pub quantity: i64,
    pub total: i64,
    pub state: State,
    /// The earliest moment at which time may close it.
    pub deadline: i64,
    /// Payments that WeChat took, by number.
    pub taken: BTreeMap<String, i64>,
    /// Somebody was told that it is closed.
    pub close_agreed: bool,
    /// Somebody was told that its money comes back.
    pub refund_agreed: bool,
    /// The parcel left.
    pub ship_agreed: bool,
    /// The buyer said that it arrived.
    pub receipt_agreed: bool,
    /// When the parcel left, and when it arrived.
    pub shipped_at: i64,
    pub received_at: i64,
    /// Prepay ids that were handed out.
    pub prepays: Vec<String>,
}

/// Somebody's bargain.
#[derive(Debug, Clone, Default)]
pub struct Bargain {
    pub owner: usize,
    /// Who cut how much.
    pub cuts: BTreeMap<usize, i64>,
    /// An order of it has been paid.
    pub bought: bool,
}

/// Where a campaign stands by what staff were told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Run {
    Draft,
    Scheduled,
    Running,
    Paused,
    Ended,
}

/// Who has which coupon, until when.
#[derive(Debug, Clone, Copy)]
pub struct Coupon {
    pub owner: usize,
    pub until: i64,
    pub amount: i64,
    /// Out of a packet rather than of the shop's own.
    pub portion: bool,
}

/// Everything that must be true.
#[derive(Debug)]
pub struct Model {
    /// Users by number of the shopper.
    pub users: Vec<i64>,
    pub orders: BTreeMap<i64, Order>,
    /// Pieces that came in, by SKU.
    pub received: BTreeMap<i64, i64>,
    /// Products that are not on sale.
    pub off_sale: BTreeSet<i64>,
    pub campaigns: BTreeMap<i64, Run>,
    pub bargains: BTreeMap<i64, Bargain>,
    pub coupons: BTreeMap<i64, Coupon>,
    /// Who claimed how much of which packet.
    pub portions: BTreeMap<(i64, usize), i64>,
    /// Groups that staff ended.
    pub ended_groups: BTreeSet<i64>,
    /// Share tokens, with who handed them out.
    pub shares: Vec<(usize, String)>,
    /// Requests that reached WeChat may have failed since the last quiet moment.
    pub troubled: bool,
    /// Whether trouble with WeChat's answers may fail a request now.
    pub failing: bool,
}

impl Model {
    /// Before anything happened.
    pub fn new(stage: &Stage) -> Self {
        let drafts = [stage.pair, stage.ladder, stage.bargain, stage.flash, stage.packets];
        Self {
            users: Vec::new(),
            orders: BTreeMap::new(),
            received: stage.goods.iter().map(|goods| (goods.sku, goods.stock)).collect(),
            off_sale: BTreeSet::new(),
            campaigns: drafts.into_iter().map(|id| (id, Run::Draft)).collect(),
            bargains: BTreeMap::new(),
            coupons: BTreeMap::new(),
            portions: BTreeMap::new(),
            ended_groups: BTreeSet::new(),
            shares: Vec::new(),
            troubled: false,
            failing: false,
        }
    }

    /// The shopper with this user's id.
    pub fn shopper(&self, user: i64) -> usize {
        self.users.iter().position(|known| *known == user).unwrap_or_else(|| panic!("nobody knows user {user}"))
    }

    /// Orders whose claim and state are as asked.
    pub fn count(&self, holds: impl Fn(&Order) -> bool) -> i64 {
        self.orders.values().filter(|order| holds(order)).map(|order| order.quantity).sum()
    }

    /// Pieces that nobody holds.
    pub fn available(&self, sku: i64) -> i64 {
        self.received[&sku] - self.count(|order| order.sku == sku && order.state.is_live())
    }

    /// The live orders of a group: those whose buyers sit in it.
    pub fn seats<'a>(&'a self, seen: &'a Snapshot, group: i64) -> impl Iterator<Item = &'a Order> {
        let sits = move |(id, order): &(&i64, &Order)| {
            seen.group_of(**id) == Some(group) && order.state.is_live() && !order.refund_agreed
        };
        self.orders.iter().filter(sits).map(|(_, order)| order)
    }

    /// What an order with this claim must cost, freight included.
    pub fn price(&self, stage: &Stage, seen: &Snapshot, claim: Claim, sku: i64, quantity: i64) -> i64 {
        let usual = stage.goods.iter().find(|goods| goods.sku == sku).expect("a SKU of the stage").price;
        let piece = match claim {
            Claim::Opens(_) | Claim::Joins(..) => 8_000,
            Claim::Flash => 6_000,
            Claim::Bargain(id) => {
                let row = seen.bargains.iter().find(|row| row.id == id).expect("a bargain");
                row.start_fen - self.bargains[&id].cuts.values().sum::<i64>()
            }
            Claim::Plain | Claim::Coupon(_) | Claim::Portion(_) => usual,
        };
        let off = match claim {
            Claim::Coupon(id) | Claim::Portion(id) => self.coupons[&id].amount,
            _ => 0,
        };
        (piece + 100) * quantity - off
    }

    /// Every reason why somebody's order must be refused now, as codes that may be answered; empty when it must be taken.
    pub fn refusals(&self, stage: &Stage, seen: &Snapshot, wish: &Wanted, now: i64) -> Vec<&'static str> {
        let mut reasons = Vec::new();
        let mut when = |hindered: bool, codes: &[&'static str]| {
            if hindered {
                reasons.extend_from_slice(codes);
            }
        };
        let goods = stage.goods.iter().find(|goods| goods.sku == wish.sku).expect("a SKU of the stage");
        when(self.available(wish.sku) < wish.quantity, &["stock.insufficient", "order.basket_changed"]);
        let off = self.off_sale.contains(&goods.product);
        when(off, &["pricing.not_sellable", "order.basket_changed", "bargain.line_missing"]);
        let runs = |campaign: i64| self.campaigns[&campaign] == Run::Running;
        match wish.claim {
            Claim::Plain => {}
            Claim::Coupon(id) | Claim::Portion(id) => {
                let coupon = self.coupons[&id];
                let used = self.orders.values().any(|order| order.claim == wish.claim && order.state.is_live());
                let own = seen.coupons.iter().find(|row| row.id == id).expect("a coupon");
                when(used || own.state != "held", &["coupon.not_held", "coupon.expired"]);
                when(now >= coupon.until, &["coupon.expired"]);
                let least = if coupon.portion { 1_000 } else { COUPON.0 };
                when(goods.price * wish.quantity < least, &["coupon.below_threshold"]);
            }
            Claim::Opens(campaign) => {
                when(!runs(campaign), NOT_RUNNING);
                let user = self.users[wish.buyer];
                let leads = seen.groups.iter().filter(|group| group.campaign_id == campaign && group.leader_id == user);
                let leads = leads.filter(|group| group.state == "open").count();
                when(leads >= LEADS, &["group_buy.leads_too_many"]);
                let ends = seen.campaigns.iter().find(|row| row.id == campaign).expect("a campaign").ends_at;
                when(ends - now < 30 * MINUTE_MS, &["group_buy.ends_too_soon", "campaign.not_running"]);
            }
            Claim::Joins(campaign, id) => {
                when(!runs(campaign), NOT_RUNNING);
                let group = seen.group(id).expect("a group");
                when(group.visible_at.is_none(), &["group_buy.not_found"]);
                when(group.state != "open", &["group_buy.not_open"]);
                when(now >= group.deadline, &["group_buy.time_over", "campaign.not_running"]);
                when(
                    self.seats(seen, id).any(|order| order.buyer == wish.buyer),
                    &["group_buy.already_in", "group_buy.not_found"],
                );
                let taken = i64::try_from(self.seats(seen, id).count()).expect("few seats");
                when(taken >= group.seats, &["group_buy.full"]);
            }
            Claim::Bargain(id) => {
                when(!runs(stage.bargain), NOT_RUNNING);
                let bargain = &self.bargains[&id];
                let row = seen.bargains.iter().find(|row| row.id == id).expect("a bargain");
                when(bargain.owner != wish.buyer, &["bargain.not_found"]);
                when(bargain.bought, &["bargain.bought"]);
                let held = self.orders.values().any(|order| order.claim == wish.claim && order.state == State::Pending);
                when(held, &["bargain.being_bought"]);
                when(now >= row.expires_at || row.state == "expired", &["bargain.expired"]);
                let sold = self.count(|order| matches!(order.claim, Claim::Bargain(_)) && order.state.is_live());
                when(sold >= BARGAIN_QUOTA, &["bargain.sold_out"]);
            }
            Claim::Flash => {
                when(!runs(stage.flash), NOT_RUNNING);
                when(!runs(stage.flash), &["flash_sale.not_found"]);
                when(now >= stage.flash_ends(), &["flash_sale.over"]);
                let taken = self.count(|order| order.claim == Claim::Flash && order.state.is_live());
                when(taken + wish.quantity > FLASH.0, &["flash_sale.sold_out"]);
                let of =
                    |order: &Order| order.buyer == wish.buyer && order.claim == Claim::Flash && order.state.is_live();
                when(self.count(of) + wish.quantity > FLASH.1, &["flash_sale.limit_reached"]);
            }
        }
        reasons
    }

    /// Why nobody may have a coupon of the template now.
    pub fn coupon_refusals(&self, shopper: usize) -> Vec<&'static str> {
        let own = |coupon: &&Coupon| !coupon.portion;
        let issued = self.coupons.values().filter(own).count();
        let had = self.coupons.values().filter(own).filter(|coupon| coupon.owner == shopper).count();
        let mut reasons = Vec::new();
        if i64::try_from(issued).expect("few") >= COUPONS.0 {
            reasons.push("coupon.sold_out");
        }
        if i64::try_from(had).expect("few") >= COUPONS.1 {
            reasons.push("coupon.limit_reached");
        }
        reasons
    }
}

/// What somebody wants to order.
#[derive(Debug, Clone)]
pub struct Wanted {
    pub buyer: usize,
    pub sku: i64,
    pub quantity: i64,
    pub claim: Claim,
}
