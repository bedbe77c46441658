//! What bargains tell the rest of the shop.

use serde::{Deserialize, Serialize};

use super::model::{Bargain, BargainId, HelpReward, Redemption};
use crate::catalog::SkuId;
use crate::coupon::CouponId;
use crate::kernel::id::{CampaignId, OrderId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;

/// Somebody opened a bargain. The event's user is its owner.
pub const OPENED: &str = "bargain.opened";
/// A friend cut a price. The event's user is the helper.
pub const CUT: &str = "bargain.cut";
/// The lowest price is reached. The event's user is the owner.
pub const FLOOR_REACHED: &str = "bargain.floor_reached";
/// An order took hold of a bargain, at the price it had.
pub const ORDERED: &str = "bargain.ordered";
/// That order was paid.
pub const BOUGHT: &str = "bargain.bought";
/// That order was closed unpaid; the bargain is as it was before.
pub const PUT_BACK: &str = "bargain.put_back";
/// The time of a bargain is over.
pub const EXPIRED: &str = "bargain.expired";
/// A winner of the ranking has their prize.
pub const PRIZE_PAID: &str = "bargain.prize_paid";

/// [`OPENED`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BargainOpened {
    /// The bargain.
    pub bargain_id: BargainId,
    /// Its campaign.
    pub campaign_id: CampaignId,
    /// Its owner.
    pub owner_id: UserId,
    /// What is to be had cheaper.
    pub sku_id: SkuId,
    /// Where it starts.
    pub start_fen: Fen,
    /// The lowest price.
    pub floor_fen: Fen,
    /// The price after the owner's own cut, if there was one.
    pub price_fen: Fen,
    /// When its time is over.
    pub expires_at: Timestamp,
}

impl BargainOpened {
    pub(super) fn of(bargain: &Bargain) -> Self {
        Self {
            bargain_id: bargain.id,
            campaign_id: bargain.campaign_id,
            owner_id: bargain.user_id,
            sku_id: bargain.sku_id,
            start_fen: bargain.start,
            floor_fen: bargain.floor,
            price_fen: bargain.price(),
            expires_at: bargain.expires_at,
        }
    }
}

/// [`CUT`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BargainCut {
    /// The bargain.
    pub bargain_id: BargainId,
    /// Its campaign.
    pub campaign_id: CampaignId,
    /// Its owner.
    pub owner_id: UserId,
    /// Who helped.
    pub helper_id: UserId,
    /// What was cut off.
    pub amount_fen: Fen,
    /// The price after it.
    pub price_fen: Fen,
    /// What is left to the floor.
    pub left_fen: Fen,
    /// Whether the helper never paid for an order.
    pub newcomer: bool,
    /// Whether it counts in the ranking.
    pub counted: bool,
    /// What became of the helper's reward.
    pub reward: HelpReward,
}

/// [`FLOOR_REACHED`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BargainFloorReached {
    /// The bargain.
    pub bargain_id: BargainId,
    /// Its campaign.
    pub campaign_id: CampaignId,
    /// The lowest price.
    pub floor_fen: Fen,
    /// How many friends it took.
    pub helpers: i64,
    /// When its time is over.
    pub expires_at: Timestamp,
}

impl BargainFloorReached {
    pub(super) const fn of(bargain: &Bargain) -> Self {
        Self {
            bargain_id: bargain.id,
            campaign_id: bargain.campaign_id,
            floor_fen: bargain.floor,
            helpers: bargain.helpers,
            expires_at: bargain.expires_at,
        }
    }
}

/// [`ORDERED`], [`BOUGHT`], [`PUT_BACK`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BargainRedeemed {
    /// The bargain.
    pub bargain_id: BargainId,
    /// Its campaign.
    pub campaign_id: CampaignId,
    /// Its owner.
    pub owner_id: UserId,
    /// The order.
    pub order_id: OrderId,
    /// The price of the bargain, frozen when the order was placed.
    pub price_fen: Fen,
    /// What it took off the base price.
    pub given_fen: Fen,
}

impl BargainRedeemed {
    pub(super) const fn of(redemption: &Redemption, owner_id: UserId) -> Self {
        Self {
            bargain_id: redemption.bargain_id,
            campaign_id: redemption.campaign_id,
            owner_id,
            order_id: redemption.order_id,
            price_fen: redemption.price,
            given_fen: redemption.given,
        }
    }
}

/// [`EXPIRED`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BargainExpired {
    /// The bargain.
    pub bargain_id: BargainId,
    /// Its campaign.
    pub campaign_id: CampaignId,
    /// Its owner.
    pub owner_id: UserId,
    /// The price it had reached.
    pub price_fen: Fen,
    /// How many friends had helped.
    pub helpers: i64,
}

impl BargainExpired {
    pub(super) fn of(bargain: &Bargain) -> Self {
        Self {
            bargain_id: bargain.id,
            campaign_id: bargain.campaign_id,
            owner_id: bargain.user_id,
            price_fen: bargain.price(),
            helpers: bargain.helpers,
        }
    }
}

/// [`PRIZE_PAID`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BargainPrizePaid {
    /// The campaign.
    pub campaign_id: CampaignId,
    /// The winner's place.
    pub place: i64,
    /// How many helpers they had.
    pub helpers: i64,
    /// What they won.
    pub coupon_id: CouponId,
}
