//! The words of campaigns: states, plans, rows.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kernel::day::Day;
use crate::kernel::id::{CampaignId, DeviceId, OrderId, StaffId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;
use crate::platform::db::schema;
use crate::share::Channel;

crate::typed_id! {
    /// One row of a campaign's change log.
    CampaignChangeId,
    /// One thing somebody did in a campaign.
    CampaignActionId,
    /// One time a rule that watches a campaign fired.
    RiskAlertId,
}

/// Highest budget of a campaign: ten million yuan.
pub const MAX_BUDGET: Fen = Fen::new(1_000_000_000);
/// Most thousandths of the audience that a hold-out may take.
pub const MAX_HOLDOUT_PERMILLE: i64 = 500;
/// Longest campaign, in milliseconds.
pub const MAX_LENGTH_MS: i64 = 366 * crate::kernel::time::DAY_MS;
/// Most characters of a reference under which something is granted.
pub const MAX_REFERENCE: usize = 80;
/// Most characters of a reason.
pub const MAX_REASON: usize = 200;

crate::stored_enum! {
    /// What kind of promotion it is; each kind keeps rules of its own.
    pub enum CampaignKind {
        /// Several buy together for less.
        GroupBuy = "group_buy",
        /// Friends cut a price down.
        Bargain = "bargain",
        /// A paid order becomes a packet of portions for friends.
        SocialCoupon = "social_coupon",
        /// Few pieces, a short time, a low price.
        FlashSale = "flash_sale",
        /// Coupons for whoever comes.
        CouponDrop = "coupon_drop",
        /// A promotion in a live room.
        Live = "live",
    }
}

crate::stored_enum! {
    /// Where a campaign stands.
    pub enum CampaignState {
        /// Being planned.
        Draft = "draft",
        /// Waits for its time.
        Scheduled = "scheduled",
        /// On.
        Running = "running",
        /// Stopped by staff or by a rule; nothing can be done in it.
        Paused = "paused",
        /// Over.
        Ended = "ended",
        /// Over, and staff wrote down what they make of it. Final.
        Reviewed = "reviewed",
    }
}

crate::stored_enum! {
    /// What gives rise to a campaign.
    pub enum OccasionKind {
        /// A season or a festival.
        Season = "season",
        /// A product.
        Product = "product",
        /// Something everybody talks about.
        HotTopic = "hot_topic",
        /// The shop's own day.
        OwnEvent = "own_event",
    }
}

crate::stored_enum! {
    /// Whom a campaign is for.
    pub enum Audience {
        /// Whoever comes.
        Everyone = "everyone",
        /// Who never paid for an order.
        Newcomers = "newcomers",
        /// Who has.
        Customers = "customers",
        /// Users that staff named.
        List = "list",
    }
}

crate::stored_enum! {
    /// What a rule that watches a campaign looks at.
    pub enum RiskKind {
        /// Actions a minute.
        ActionsPerMinute = "actions_per_minute",
        /// Thousandths of the actions that come from one device.
        DeviceShare = "device_share",
        /// Thousandths of the actions that come from one network: a /24 of IPv4 or a /64 of IPv6.
        NetworkShare = "network_share",
        /// Thousandths of the actions of users whom one sharer brought.
        InviterShare = "inviter_share",
        /// Thousandths of the actions of accounts less than a day old.
        FreshShare = "fresh_share",
        /// What is given away, in thousandths of what spending the budget evenly would have given away.
        SpendRate = "spend_rate",
    }
}

crate::stored_enum! {
    /// What a rule does when it fires.
    pub enum RiskEffect {
        /// Tells staff.
        Warn = "warn",
        /// Tells staff and pauses the campaign.
        Pause = "pause",
    }
}

/// A rule that watches a campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Queryable, Selectable, Serialize, Deserialize, ToSchema)]
#[diesel(table_name = schema::campaign_risk_rules)]
#[serde(deny_unknown_fields)]
pub struct RiskRule {
    /// What it looks at; each at most once for a campaign.
    pub rule: RiskKind,
    /// It fires when its figure lies above this: actions a minute, or thousandths.
    #[schema(example = 300, minimum = 1, maximum = 1000000)]
    pub threshold: i64,
    /// The time it looks back, in seconds, 60–86400.
    #[schema(example = 600, minimum = 60, maximum = 86400)]
    pub window_seconds: i64,
    /// With fewer actions than this in that time it says nothing.
    #[schema(example = 30, minimum = 1, maximum = 1000000)]
    pub least: i64,
    /// What it does when it fires.
    pub effect: RiskEffect,
}

/// One time a rule fired.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, Serialize, ToSchema)]
#[diesel(table_name = schema::campaign_risk_alerts, treat_none_as_default_value = false)]
#[schema(as = CampaignRiskAlert)]
pub struct RiskAlert {
    /// Its id.
    pub id: RiskAlertId,
    /// The campaign.
    pub campaign_id: CampaignId,
    /// Which rule.
    pub rule: RiskKind,
    /// What it did.
    pub effect: RiskEffect,
    /// The figure at which it fired.
    #[schema(example = 640)]
    pub figure: i64,
    /// The threshold then.
    #[schema(example = 300)]
    pub threshold: i64,
    /// The device, network or inviter behind it; null when the rule names none.
    #[schema(example = "203.0.113.0/24")]
    pub culprit: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// Where watching a campaign stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = schema::campaign_watches, treat_none_as_default_value = false)]
pub struct Watch {
    /// The campaign.
    pub campaign_id: CampaignId,
    /// What happened before this moment does not count.
    pub since: Timestamp,
    /// Nor do actions up to this one.
    pub since_id: i64,
    /// Nothing that happened before this moment can still come.
    pub checked_at: Timestamp,
    /// How many actions from then on were looked at.
    pub checked_actions: i64,
}

/// The picture and words of a campaign when it is passed on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// What the card says, 1–60 characters.
    #[schema(example = "三人成团，樱桃立减 20 元", min_length = 1, max_length = 60)]
    pub title: String,
    /// The address of its picture, at most 500 characters; empty for the shop's own.
    #[serde(default)]
    #[schema(example = "/files/cherry.png", max_length = 500)]
    pub picture: String,
    /// The page of the mini-program it opens, at most 200 characters; empty for the campaign's own page.
    #[serde(default)]
    #[schema(example = "pages/campaign/index", max_length = 200)]
    pub path: String,
}

/// What staff expect of a campaign; the report holds it against what came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// What it will cost.
    #[serde(default)]
    pub cost_fen: Fen,
    /// How many new users it will bring.
    #[serde(default)]
    #[schema(example = 500, minimum = 0)]
    pub new_users: i64,
    /// What its orders will bring.
    #[serde(default)]
    pub revenue_fen: Fen,
}

/// What every campaign has, whatever its kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = CampaignPlan)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// How it is called, 1–60 characters.
    #[schema(example = "夏日樱桃拼团", min_length = 1, max_length = 60)]
    pub name: String,
    /// What gives rise to it.
    pub occasion_kind: OccasionKind,
    /// The season, product, topic or event, at most 100 characters.
    #[serde(default)]
    #[schema(example = "樱桃季", max_length = 100)]
    pub occasion: String,
    /// Whom it is for.
    pub audience: Audience,
    /// When it begins.
    pub starts_at: Timestamp,
    /// When it ends: within 366 days of its beginning.
    pub ends_at: Timestamp,
    /// How much it may give away: at most 10,000,000 yuan.
    pub budget_fen: Fen,
    /// How much of that on one day of the shop's zone; absent for no cap.
    #[serde(default)]
    pub daily_cap_fen: Option<Fen>,
    /// What staff expect of it.
    #[serde(default)]
    pub expected: Expected,
    /// Thousandths of the list price that are gross margin, 0–1000: needed to work out a return on what was spent.
    #[serde(default)]
    #[schema(example = 400, minimum = 0, maximum = 1000)]
    pub margin_permille: Option<i64>,
    /// Thousandths of the users who never see it, 0–500, so that its effect can be measured.
    #[serde(default)]
    #[schema(example = 50, minimum = 0, maximum = 500)]
    pub holdout_permille: i64,
    /// What it tells shoppers, at most 2000 characters.
    #[serde(default)]
    #[schema(example = "三人拼团，每箱立减 20 元，48 小时内成团发货。", max_length = 2000)]
    pub intro: String,
    /// How it looks when it is passed on.
    pub card: Card,
}

/// A campaign about to be planned.
#[derive(Debug)]
pub struct NewCampaign<'a> {
    /// What kind.
    pub kind: CampaignKind,
    /// The plan.
    pub plan: &'a Plan,
    /// Who plans it.
    pub staff: StaffId,
    /// From where.
    pub origin: &'a crate::platform::http::Origin,
}

/// A campaign's own row: everything but its money.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = schema::campaigns, treat_none_as_default_value = false)]
pub struct CampaignRow {
    /// The campaign.
    pub id: CampaignId,
    /// What kind.
    pub kind: CampaignKind,
    /// Where it stands.
    pub state: CampaignState,
    /// How it is called.
    pub name: String,
    /// What gives rise to it.
    pub occasion_kind: OccasionKind,
    /// The occasion in words.
    pub occasion: String,
    /// Whom it is for.
    pub audience: Audience,
    /// When it begins.
    pub starts_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
    /// What it tells shoppers.
    pub intro: String,
    /// What its card says.
    pub card_title: String,
    /// The card's picture.
    pub card_picture: String,
    /// The page the card opens.
    pub card_path: String,
    /// What staff expect it to cost.
    #[diesel(column_name = expected_cost_fen)]
    pub expected_cost: Fen,
    /// How many new users staff expect.
    pub expected_new_users: i64,
    /// What staff expect its orders to bring.
    #[diesel(column_name = expected_revenue_fen)]
    pub expected_revenue: Fen,
    /// Thousandths of the list price that are gross margin.
    pub margin_permille: Option<i64>,
    /// Thousandths of the users who never see it.
    pub holdout_permille: i64,
    /// Up to which budget a second person agreed.
    #[diesel(column_name = approved_budget_fen)]
    pub approved_budget: Fen,
    /// What staff make of it.
    pub conclusions: Option<String>,
    /// Who planned it.
    pub created_by: StaffId,
    /// When.
    pub created_at: Timestamp,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// When it was over.
    pub ended_at: Option<Timestamp>,
    /// When it was reviewed.
    pub reviewed_at: Option<Timestamp>,
    /// Rises with every change.
    pub version: i64,
}

/// A campaign's money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = schema::campaign_budgets, treat_none_as_default_value = false)]
pub struct Budget {
    /// The campaign.
    pub campaign_id: CampaignId,
    /// How much it may give away.
    #[diesel(column_name = budget_fen)]
    pub budget: Fen,
    /// How much of that on one day.
    #[diesel(column_name = daily_cap_fen)]
    pub daily_cap: Option<Fen>,
    /// How much it gave away and did not get back.
    #[diesel(column_name = spent_fen)]
    pub spent: Fen,
    /// Until when it may give; absent while it does not run.
    pub open_until: Option<Timestamp>,
    /// When a grant first left too little for another like it.
    pub exhausted_at: Option<Timestamp>,
}

/// A campaign with its money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Campaign {
    /// Everything but the money.
    pub row: CampaignRow,
    /// The money.
    pub budget: Budget,
}

impl Campaign {
    /// The plan as it stands.
    pub fn plan(&self) -> Plan {
        let row = &self.row;
        Plan {
            name: row.name.clone(),
            occasion_kind: row.occasion_kind,
            occasion: row.occasion.clone(),
            audience: row.audience,
            starts_at: row.starts_at,
            ends_at: row.ends_at,
            budget_fen: self.budget.budget,
            daily_cap_fen: self.budget.daily_cap,
            expected: Expected {
                cost_fen: row.expected_cost,
                new_users: row.expected_new_users,
                revenue_fen: row.expected_revenue,
            },
            margin_permille: row.margin_permille,
            holdout_permille: row.holdout_permille,
            intro: row.intro.clone(),
            card: Card {
                title: row.card_title.clone(),
                picture: row.card_picture.clone(),
                path: row.card_path.clone(),
            },
        }
    }
}

/// What the kinds of campaigns need to know of one.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable)]
#[diesel(table_name = schema::campaigns)]
pub struct CampaignFacts {
    /// The campaign.
    pub id: CampaignId,
    /// What kind.
    pub kind: CampaignKind,
    /// Where it stands.
    pub state: CampaignState,
    /// How it is called.
    pub name: String,
    /// When it begins.
    pub starts_at: Timestamp,
    /// When it ends.
    pub ends_at: Timestamp,
    /// Whom it is for.
    pub audience: Audience,
    /// Thousandths of the users who never see it.
    pub holdout_permille: i64,
    /// What it tells shoppers.
    pub intro: String,
    /// What its card says.
    pub card_title: String,
    /// The card's picture; may be empty.
    pub card_picture: String,
    /// The page the card opens; may be empty.
    pub card_path: String,
}

/// Who looks at a campaign or wants to take part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Viewer {
    /// Who; absent before log-in.
    pub user: Option<UserId>,
    /// Whether they never paid for an order. True before log-in.
    pub newcomer: bool,
}

impl Viewer {
    /// Somebody of whom nothing is known.
    pub const STRANGER: Self = Self { user: None, newcomer: true };
}

/// Something given away out of a campaign's budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant<'a> {
    /// The campaign.
    pub campaign: CampaignId,
    /// What for, unique in the campaign, such as `order:123`; at most 80 characters.
    pub reference: &'a str,
    /// How much, at least zero.
    pub amount: Fen,
}

/// The ledger row of a grant.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = schema::campaign_grants, treat_none_as_default_value = false)]
pub struct GrantRow {
    /// The campaign.
    pub campaign_id: CampaignId,
    /// What for.
    pub reference: String,
    /// How much.
    #[diesel(column_name = amount_fen)]
    pub amount: Fen,
    /// How much of it came back.
    #[diesel(column_name = returned_fen)]
    pub returned: Fen,
    /// The shop's day on which it was given.
    pub day: Day,
    /// When.
    pub at: Timestamp,
}

/// Something somebody did in a campaign: joined, cut, claimed. Feeds participants, the report, and the rules that watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Action<'a> {
    /// The campaign.
    pub campaign: CampaignId,
    /// Who.
    pub user: UserId,
    /// Did what, such as `cut`.
    pub what: &'static str,
    /// Whether they never paid for an order.
    pub newcomer: bool,
    /// On which device.
    pub device: Option<DeviceId>,
    /// From where: the address of the request, of which only the network is kept.
    pub network: Option<&'a str>,
    /// Whose share brought them.
    pub inviter: Option<UserId>,
    /// What it gave them, in money.
    pub amount: Fen,
}

/// An order that carries a campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CampaignOrder {
    /// The campaign.
    pub campaign: CampaignId,
    /// The order.
    pub order_id: OrderId,
    /// Whose it is.
    pub user: UserId,
    /// Whether they never paid for an order before.
    pub newcomer: bool,
    /// By which channel they came.
    pub channel: Option<Channel>,
    /// Whose share brought them.
    pub inviter: Option<UserId>,
    /// What the campaign gives away on it.
    pub cost: Fen,
    /// What is to be paid for it.
    pub total: Fen,
}

/// One row of a campaign's change log.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = schema::campaign_changes, treat_none_as_default_value = false)]
pub struct ChangeRow {
    /// The row.
    pub id: CampaignChangeId,
    /// The campaign.
    pub campaign_id: CampaignId,
    /// The version of the campaign this row made.
    pub version: i64,
    /// What was done, such as `pause`.
    pub action: String,
    /// The state before; absent for the first row.
    pub from_state: Option<CampaignState>,
    /// The state after.
    pub to_state: CampaignState,
    /// Who of the staff; absent when the clock or a rule did it.
    pub staff_id: Option<StaffId>,
    /// Why.
    pub reason: String,
    /// What of it changed, as it was: JSON.
    pub before: Option<String>,
    /// What of it changed, as it is: JSON.
    pub after: Option<String>,
    /// When.
    pub at: Timestamp,
}
