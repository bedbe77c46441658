//! The words of group buys: ids, states, rules, rows.

use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::catalog::{ProductId, SkuId};
use crate::kernel::id::{CampaignId, OrderId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::time::{MINUTE_MS, Timestamp};
use crate::platform::db::schema;

crate::typed_id! {
    /// A party of buyers who get a price together.
    GroupId,
    /// One place in it.
    SeatId,
}

/// Steps of the longest ladder.
pub const MAX_STEPS: usize = 5;
/// SKUs of one campaign.
pub const MAX_SKUS: usize = 200;
/// The smallest and the largest group.
pub const SIZES: std::ops::RangeInclusive<i64> = 2..=100;
/// The shortest and the longest life of a group, in minutes.
pub const LIFETIMES: std::ops::RangeInclusive<i64> = 15..=4_320;
/// Highest price of a piece in a group: one million yuan.
pub const MAX_PRICE: Fen = Fen::new(100_000_000);
/// How often a user may take part at most.
pub const MAX_PER_USER: i64 = 1_000;
/// Most pieces in one order.
pub const MAX_PER_ORDER: i64 = 999;
/// Most groups that a user may lead at once.
pub const MAX_LEADS: i64 = 100;
/// Most rows of an export.
pub const MAX_EXPORTED: i64 = 100_000;

crate::stored_enum! {
    /// Where a group stands.
    pub enum GroupState {
        /// Members may come and go.
        Open = "open",
        /// Complete: everybody in it gets their goods. Final.
        Formed = "formed",
        /// Not complete in time: everybody gets their money back. Final.
        Expired = "expired",
    }
}

crate::stored_enum! {
    /// Where a seat stands.
    pub enum SeatState {
        /// Taken by an order that is not paid yet.
        Held = "held",
        /// Its money came; the group is still open.
        Paid = "paid",
        /// Its group formed. Final.
        Kept = "kept",
        /// Given up after its money came, which goes back.
        RefundDue = "refund_due",
        /// Given up. Final.
        Released = "released",
    }
}

impl SeatState {
    /// The states that occupy a place.
    pub const LIVE: [Self; 3] = [Self::Held, Self::Paid, Self::Kept];

    /// Whether it occupies a place.
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Held | Self::Paid | Self::Kept)
    }
}

crate::stored_enum! {
    /// Why a group ended.
    pub enum EndReason {
        /// Its last seat was paid.
        Full = "full",
        /// Its time was over and enough had paid for a step of the ladder.
        StepReached = "step_reached",
        /// Its time was over and the shop filled the seats that were left.
        Filled = "filled",
        /// Its time was over.
        Deadline = "deadline",
        /// Its leader never paid.
        LeaderUnpaid = "leader_unpaid",
        /// Everybody left.
        Abandoned = "abandoned",
        /// Staff ended it.
        Staff = "staff",
    }
}

crate::stored_enum! {
    /// Who may join a group.
    pub enum Joiners {
        /// Whoever comes.
        Anyone = "anyone",
        /// Who never paid for an order: old customers bring new ones.
        Newcomers = "newcomers",
    }
}

crate::stored_enum! {
    /// Who sees a group.
    pub enum Visibility {
        /// Everybody, on the wall.
        Public = "public",
        /// Whom a member's share brought.
        Invitation = "invitation",
    }
}

crate::stored_enum! {
    /// What becomes of somebody who pays after their seat was lost.
    pub enum LatePayer {
        /// They lead a group of their own.
        NewGroup = "new_group",
        /// They get a seat in another open group that everybody sees; without one, their money goes back.
        OtherGroup = "other_group",
        /// Their money goes back.
        Refund = "refund",
    }
}

/// The rules of a group-buy campaign, but for its prices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The campaign.
    pub campaign_id: CampaignId,
    /// What is bought together.
    pub product_id: ProductId,
    /// The sizes of the ladder, smallest first; one size is a plain group.
    pub sizes: Vec<i64>,
    /// How long a group lives once its leader has paid, in minutes.
    pub lifetime_minutes: i64,
    /// How often a user may take part.
    pub per_user: i64,
    /// Most pieces in one order.
    pub per_order: i64,
    /// How many groups a user may lead at once.
    pub leads_at_once: i64,
    /// Who may join.
    pub joiners: Joiners,
    /// From which share of paid seats on the shop fills the rest when the time is over, in percent; absent for never.
    pub fill_percent: Option<i64>,
    /// Who sees a group.
    pub visibility: Visibility,
    /// Whether coupons may be used with the group's price.
    pub coupons_allowed: bool,
    /// What becomes of late payers.
    pub late_payer: LatePayer,
    /// When the campaign ended.
    pub ended_at: Option<Timestamp>,
}

impl Rules {
    /// The size at which a group is full.
    pub fn seats(&self) -> i64 {
        self.sizes.last().copied().unwrap_or(*SIZES.end())
    }

    /// The size from which a group forms.
    pub fn least(&self) -> i64 {
        self.sizes.first().copied().unwrap_or(*SIZES.end())
    }

    /// How long a group lives, in milliseconds.
    pub const fn lifetime_ms(&self) -> i64 {
        self.lifetime_minutes.saturating_mul(MINUTE_MS)
    }
}

/// What one SKU costs in a campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SkuOffer {
    /// The SKU.
    pub sku_id: SkuId,
    /// What a piece costs at each step of the ladder.
    pub prices: Vec<Fen>,
    /// What a piece costs the leader; absent for the price of a member.
    pub leader_price: Option<Fen>,
    /// Most pieces sold by the campaign; absent for no limit.
    pub quota: Option<i64>,
    /// Pieces set aside or sold.
    pub taken: i64,
}

impl SkuOffer {
    /// What a member pays at first: the price of the smallest group.
    pub fn member_price(&self) -> Fen {
        self.prices.first().copied().unwrap_or(MAX_PRICE)
    }

    /// The least it may come to.
    pub fn least_price(&self) -> Fen {
        self.prices.last().copied().unwrap_or(MAX_PRICE)
    }

    /// Pieces left; absent for no limit.
    pub fn left(&self) -> Option<i64> {
        self.quota.map(|quota| quota.saturating_sub(self.taken).max(0))
    }
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = schema::buy_groups, treat_none_as_default_value = false)]
pub struct Group {
    /// The group.
    pub id: GroupId,
    /// Its campaign.
    pub campaign_id: CampaignId,
    /// What is bought together.
    pub product_id: ProductId,
    /// Who leads it.
    pub leader_id: UserId,
    /// Which of the groups its leader leads at once.
    pub lead_no: Option<i64>,
    /// Where it stands.
    pub state: GroupState,
    /// How many seats it has.
    pub seats: i64,
    /// How many are free.
    pub free: i64,
    /// How many are paid.
    pub paid: i64,
    /// How many the shop filled.
    pub filled: i64,
    /// The place in the ladder that was reached, from 0.
    pub step: Option<i64>,
    /// Whether the wall shows it.
    pub listed: bool,
    /// When it ends.
    pub deadline: Timestamp,
    /// When its end is looked at next.
    pub settle_at: Timestamp,
    /// When its leader ordered.
    pub created_at: Timestamp,
    /// When its leader paid.
    pub visible_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// Why it ended.
    pub end_reason: Option<EndReason>,
    /// Rises with every change.
    pub version: i64,
}

impl Group {
    /// Seats taken by orders that are not paid yet.
    pub const fn held(&self) -> i64 {
        self.seats.saturating_sub(self.free).saturating_sub(self.paid).saturating_sub(self.filled)
    }
}

/// A seat.
#[derive(Clone, Debug, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = schema::group_seats, treat_none_as_default_value = false)]
pub struct Seat {
    /// The seat.
    pub id: SeatId,
    /// Its group.
    pub group_id: GroupId,
    /// Its campaign.
    pub campaign_id: CampaignId,
    /// Its number, from 1.
    pub seat_no: i64,
    /// How many seats the group has.
    pub of_seats: i64,
    /// Whose it is; absent when the shop filled it.
    pub user_id: Option<UserId>,
    /// The order it belongs to.
    pub order_id: Option<OrderId>,
    /// What was ordered.
    pub sku_id: Option<SkuId>,
    /// How many pieces.
    pub quantity: i64,
    /// What one piece costs by the campaign.
    #[diesel(column_name = price_fen)]
    pub price: Fen,
    /// The least one piece may come to.
    #[diesel(column_name = least_price_fen)]
    pub least_price: Fen,
    /// Whether its buyer never paid for an order before.
    pub newcomer: bool,
    /// Where it stands.
    pub state: SeatState,
    /// When it was taken.
    pub held_at: Timestamp,
    /// When its money came.
    pub paid_at: Option<Timestamp>,
    /// When its group formed.
    pub kept_at: Option<Timestamp>,
    /// When its money was due to go back.
    pub refund_due_at: Option<Timestamp>,
    /// When it was given up for good.
    pub released_at: Option<Timestamp>,
    /// Why it was given up.
    pub reason: Option<String>,
    /// When something is to be done about its order.
    pub settle_at: Option<Timestamp>,
    /// How often that failed.
    pub tries: i64,
    /// Why it failed last.
    pub failure: Option<String>,
    /// When budget, quota and turn went back.
    pub given_back_at: Option<Timestamp>,
    /// The seat in another group that its order moved to.
    pub moved_to: Option<SeatId>,
}

/// How a claim of an offer names what the buyer wants: a group to join, or a campaign to open one in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// `new:<campaign id>`
    Open(CampaignId),
    /// `<group id>`, or `<group id>:<share token>` for a group that takes invited people only.
    Join {
        /// The group.
        group: GroupId,
        /// The token of the share that invited.
        token: Option<String>,
    },
}

/// Which groups staff want to see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupFilter {
    /// Of this campaign.
    pub campaign: Option<CampaignId>,
    /// In this state.
    pub state: Option<GroupState>,
    /// Led by this user.
    pub leader: Option<UserId>,
    /// Only those with seats that the shop filled, or only those without.
    pub filled: Option<bool>,
    /// Only those with a seat whose money could not be asked back.
    pub stuck: Option<bool>,
}
