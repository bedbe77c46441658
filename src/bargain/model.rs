//! The words of bargains: rules, states, rows.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::catalog::SkuId;
use crate::coupon::{CouponId, CouponTemplateId};
use crate::kernel::id::{CampaignId, DeviceId, OrderId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::time::{MINUTE_MS, Timestamp};
use crate::platform::db::schema;

crate::typed_id! {
    /// One user's attempt to lower a price.
    BargainId,
    /// One prize of a ranking and whose it is.
    AwardId,
}

/// Most pieces of one bargain.
pub const MAX_CUTS: i64 = 1_000;
/// Shortest and longest life of a bargain, in minutes.
pub const LIFETIME_MINUTES: std::ops::RangeInclusive<i64> = 15..=30 * 24 * 60;
/// Highest limit on anything a user may do.
pub const MAX_PER_USER: i64 = 10_000;
/// Most orders of one campaign.
pub const MAX_QUOTA: i64 = 1_000_000;
/// Most prizes of different worth.
pub const MAX_PRIZES: usize = 10;
/// Last place that may win a prize.
pub const MAX_PRIZED_RANK: i64 = 100;
/// Most rows of one export.
pub const MAX_EXPORTED: i64 = 20_000;
/// Cuts shown on a bargain's own page.
pub const LADDER_SHOWN: i64 = 20;
/// Places shown of a ranking.
pub const RANKING_SHOWN: i64 = 50;
/// Campaigns shown on the wall.
pub const WALL_SHOWN: i64 = 50;

crate::stored_enum! {
    /// Where a bargain stands. That the floor was reached is not a state but a fact.
    pub enum BargainState {
        /// Friends can help, or an order holds it.
        Running = "running",
        /// It was redeemed and paid for. Final.
        Bought = "bought",
        /// Its time is over. Final.
        Expired = "expired",
    }
}

crate::stored_enum! {
    /// Who helps how much.
    pub enum HelperRule {
        /// Everybody takes the next piece.
        Anyone = "anyone",
        /// Who never paid for an order takes the largest piece left.
        NewcomersCutMore = "newcomers_cut_more",
    }
}

crate::stored_enum! {
    /// When the owner may buy.
    pub enum BuyRule {
        /// At whatever price has been reached.
        AnyPrice = "any_price",
        /// Once the floor is reached.
        AtFloor = "at_floor",
    }
}

crate::stored_enum! {
    /// What became of a helper's reward.
    pub enum HelpReward {
        /// None was promised.
        None = "none",
        /// The helper has the coupon.
        Granted = "granted",
        /// The coupon could not be had: all given, the budget used up, the helper's own limit reached.
        Refused = "refused",
        /// The owner helped the helper before, directly or around a circle of friends.
        HelpingLoop = "helping_loop",
        /// The bargain was opened on the helper's own device.
        SameDevice = "same_device",
        /// The owner came to the shop through the helper, directly or over others.
        Inviter = "inviter",
    }
}

impl HelpReward {
    /// Whether a help with this outcome counts in the ranking: those that are suspected of going in circles do not.
    pub const fn counts(self) -> bool {
        matches!(self, Self::None | Self::Granted | Self::Refused)
    }
}

crate::stored_enum! {
    /// What became of an order that redeemed a bargain.
    pub enum RedemptionState {
        /// It waits for its payment.
        Held = "held",
        /// It was paid.
        Bought = "bought",
        /// It was closed unpaid.
        PutBack = "put_back",
        /// All of it was refunded.
        Refunded = "refunded",
    }
}

crate::stored_enum! {
    /// Whether the winner of a prize has it.
    pub enum AwardState {
        /// Not yet.
        Due = "due",
        /// The winner has the coupon.
        Paid = "paid",
        /// It could not be given, however often it was tried; waits for staff.
        Failed = "failed",
    }
}

/// What the owners with most helpers win.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = BargainPrize)]
#[serde(deny_unknown_fields)]
pub struct Prize {
    /// The first place that wins it.
    #[schema(example = 1, minimum = 1, maximum = 100)]
    pub from_rank: i64,
    /// The last place that wins it.
    #[schema(example = 3, minimum = 1, maximum = 100)]
    pub to_rank: i64,
    /// The coupon each of them gets.
    pub template_id: CouponTemplateId,
}

/// What a bargain campaign promises. Fixed once the campaign is scheduled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = BargainRules)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// What can be had cheaper.
    pub sku_id: SkuId,
    /// Where bargaining starts; absent for what the SKU costs when a bargain is opened. Never more than that.
    #[serde(default)]
    pub start_fen: Option<Fen>,
    /// The lowest price.
    #[schema(example = 4900)]
    pub floor_fen: Fen,
    /// Fewest cuts from the start to the floor, 1–1000.
    #[schema(example = 18, minimum = 1, maximum = 1000)]
    pub cuts_min: i64,
    /// Most cuts from the start to the floor; each bargain draws its own number.
    #[schema(example = 25, minimum = 1, maximum = 1000)]
    pub cuts_max: i64,
    /// How long a bargain lives, in minutes: 15 minutes to 30 days, and never past the end of the campaign.
    #[schema(example = 1440, minimum = 15, maximum = 43200)]
    pub lifetime_minutes: i64,
    /// Who helps how much.
    pub helpers: HelperRule,
    /// How often a user may help on one day; absent for as often as they like.
    #[serde(default)]
    #[schema(example = 5, minimum = 1, maximum = 10000)]
    pub helps_per_day: Option<i64>,
    /// How often a user may help in the whole campaign; absent for as often as they like.
    #[serde(default)]
    #[schema(example = 20, minimum = 1, maximum = 10000)]
    pub helps_per_campaign: Option<i64>,
    /// How many bargains a user may open in the whole campaign, one at a time; absent for as many as they like.
    #[serde(default)]
    #[schema(example = 3, minimum = 1, maximum = 10000)]
    pub bargains_per_user: Option<i64>,
    /// When the owner may buy.
    pub buy_when: BuyRule,
    /// Whether the owner makes the first cut by opening.
    pub owner_cuts_first: bool,
    /// The coupon that helpers get; absent for none.
    #[serde(default)]
    pub reward_template_id: Option<CouponTemplateId>,
    /// How many orders may be placed at a bargained price, 1–1,000,000.
    #[schema(example = 500, minimum = 1, maximum = 1_000_000)]
    pub quota: i64,
    /// What the owners with most helpers win, from the first place on without a gap.
    #[serde(default)]
    pub prizes: Vec<Prize>,
}

/// The rules as they are stored, without quota and prizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = schema::bargain_rules, treat_none_as_default_value = false, treat_none_as_null = true)]
pub(super) struct RulesRow {
    pub(super) campaign_id: CampaignId,
    pub(super) sku_id: SkuId,
    #[diesel(column_name = start_fen)]
    pub(super) start: Option<Fen>,
    #[diesel(column_name = floor_fen)]
    pub(super) floor: Fen,
    pub(super) cuts_min: i64,
    pub(super) cuts_max: i64,
    pub(super) lifetime_ms: i64,
    pub(super) helpers: HelperRule,
    pub(super) helps_per_day: Option<i64>,
    pub(super) helps_per_campaign: Option<i64>,
    pub(super) bargains_per_user: Option<i64>,
    pub(super) buy_when: BuyRule,
    pub(super) owner_cuts_first: bool,
    pub(super) reward_template_id: Option<CouponTemplateId>,
    pub(super) ended_at: Option<Timestamp>,
    pub(super) ranked_at: Option<Timestamp>,
}

impl RulesRow {
    /// The row of these rules.
    pub(super) const fn of(campaign_id: CampaignId, rules: &Rules) -> Self {
        Self {
            campaign_id,
            sku_id: rules.sku_id,
            start: rules.start_fen,
            floor: rules.floor_fen,
            cuts_min: rules.cuts_min,
            cuts_max: rules.cuts_max,
            lifetime_ms: rules.lifetime_minutes.saturating_mul(MINUTE_MS),
            helpers: rules.helpers,
            helps_per_day: rules.helps_per_day,
            helps_per_campaign: rules.helps_per_campaign,
            bargains_per_user: rules.bargains_per_user,
            buy_when: rules.buy_when,
            owner_cuts_first: rules.owner_cuts_first,
            reward_template_id: rules.reward_template_id,
            ended_at: None,
            ranked_at: None,
        }
    }

    /// The rules of this row.
    pub(super) const fn rules(&self, quota: i64, prizes: Vec<Prize>) -> Rules {
        Rules {
            sku_id: self.sku_id,
            start_fen: self.start,
            floor_fen: self.floor,
            cuts_min: self.cuts_min,
            cuts_max: self.cuts_max,
            lifetime_minutes: self.lifetime_ms / MINUTE_MS,
            helpers: self.helpers,
            helps_per_day: self.helps_per_day,
            helps_per_campaign: self.helps_per_campaign,
            bargains_per_user: self.bargains_per_user,
            buy_when: self.buy_when,
            owner_cuts_first: self.owner_cuts_first,
            reward_template_id: self.reward_template_id,
            quota,
            prizes,
        }
    }
}

/// How many orders a campaign may have and has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = schema::bargain_quotas, treat_none_as_default_value = false)]
pub(super) struct Quota {
    pub(super) campaign_id: CampaignId,
    pub(super) quota: i64,
    pub(super) sold: i64,
}

impl Quota {
    /// Orders that may still be placed.
    pub(super) const fn left(&self) -> i64 {
        self.quota.saturating_sub(self.sold)
    }
}

/// A prize as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = schema::bargain_prizes, treat_none_as_default_value = false)]
pub(super) struct PrizeRow {
    pub(super) campaign_id: CampaignId,
    pub(super) from_rank: i64,
    pub(super) to_rank: i64,
    pub(super) template_id: CouponTemplateId,
}

/// One user's attempt to lower a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = schema::bargains, treat_none_as_default_value = false)]
pub struct Bargain {
    /// The bargain.
    pub id: BargainId,
    /// Its campaign.
    pub campaign_id: CampaignId,
    /// Its owner.
    pub user_id: UserId,
    /// What is to be had cheaper.
    pub sku_id: SkuId,
    /// Where it stands.
    pub state: BargainState,
    /// Where it started.
    #[diesel(column_name = start_fen)]
    pub start: Fen,
    /// The lowest price.
    #[diesel(column_name = floor_fen)]
    pub floor: Fen,
    /// What the number of pieces and the pieces were drawn from: the bits of an unsigned number.
    pub seed: i64,
    /// How many cuts lead to the floor.
    pub pieces: i64,
    /// How many of them were made.
    pub taken: i64,
    /// How many of those by friends.
    pub helpers: i64,
    /// What was cut off so far.
    #[diesel(column_name = cut_fen)]
    pub cut: Fen,
    /// The device it was opened on.
    pub device_id: Option<DeviceId>,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When its time is over.
    pub expires_at: Timestamp,
    /// When the floor was reached.
    pub floor_at: Option<Timestamp>,
    /// The order that holds it, or bought it.
    pub order_id: Option<OrderId>,
    /// When it was bought or expired.
    pub ended_at: Option<Timestamp>,
}

impl Bargain {
    /// The price now.
    pub fn price(&self) -> Fen {
        self.start.minus(self.cut).unwrap_or(self.start)
    }

    /// What is left to the floor.
    pub fn left(&self) -> Fen {
        self.price().minus(self.floor).unwrap_or(Fen::ZERO)
    }

    /// Whether nothing is left to cut.
    pub fn is_at_floor(&self) -> bool {
        self.left() == Fen::ZERO
    }

    /// Where it stands at `now`: its time may be over before that is written down.
    pub fn state_at(&self, now: Timestamp) -> BargainState {
        let over = self.state == BargainState::Running && self.order_id.is_none() && self.expires_at <= now;
        if over { BargainState::Expired } else { self.state }
    }
}

/// One piece of a bargain's difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = schema::bargain_pieces, treat_none_as_default_value = false)]
pub(super) struct Piece {
    pub(super) bargain_id: BargainId,
    /// Its place in the partition, from 1.
    pub(super) number: i64,
    #[diesel(column_name = amount_fen)]
    pub(super) amount: Fen,
    pub(super) helper_id: Option<UserId>,
    pub(super) taken_at: Option<Timestamp>,
    pub(super) by_owner: bool,
    pub(super) newcomer: bool,
    pub(super) counted: bool,
    pub(super) reward: Option<HelpReward>,
}

/// An order that redeemed a bargain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = schema::bargain_orders, treat_none_as_default_value = false)]
pub(super) struct Redemption {
    pub(super) order_id: OrderId,
    pub(super) bargain_id: BargainId,
    pub(super) campaign_id: CampaignId,
    /// The price of the bargain, frozen at placement.
    #[diesel(column_name = price_fen)]
    pub(super) price: Fen,
    /// What the bargain took off the base price.
    #[diesel(column_name = given_fen)]
    pub(super) given: Fen,
    pub(super) state: RedemptionState,
    pub(super) placed_at: Timestamp,
    pub(super) settled_at: Option<Timestamp>,
}

/// How many helpers count for an owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = schema::bargain_ranks, treat_none_as_default_value = false)]
pub(super) struct Rank {
    pub(super) campaign_id: CampaignId,
    pub(super) user_id: UserId,
    pub(super) helpers: i64,
    /// A number ordered by time: who got to this many helpers first has the smaller one.
    pub(super) reached: i64,
}

/// A prize and whose it is.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = schema::bargain_awards, treat_none_as_default_value = false)]
pub(super) struct Award {
    pub(super) id: AwardId,
    pub(super) campaign_id: CampaignId,
    pub(super) place: i64,
    pub(super) user_id: UserId,
    pub(super) helpers: i64,
    pub(super) template_id: CouponTemplateId,
    pub(super) state: AwardState,
    pub(super) coupon_id: Option<CouponId>,
    pub(super) attempts: i64,
    pub(super) next_try_at: Timestamp,
    pub(super) trouble: Option<String>,
    pub(super) settled_at: Option<Timestamp>,
}
