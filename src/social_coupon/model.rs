//! The words of social coupons.

use serde::{Deserialize, Serialize};

use crate::coupon::{CouponId, CouponTemplateId};
use crate::kernel::id::{CampaignId, OrderId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::partition;
use crate::kernel::time::Timestamp;
use crate::platform::db::schema::{packet_portions, packets, social_coupons};

crate::typed_id! {
    /// What a payer may share after paying.
    PacketId,
}

/// Most portions of one packet.
pub const MAX_PORTIONS: i64 = 100;
/// The portion that is the payer's own.
pub const OWN_PORTION: i64 = 0;
/// Share of new users that social coupons bring elsewhere in the field, in per cent: from, to.
pub const FIELD_ACQUISITION_PERCENT: (i64, i64) = (30, 50);
/// Share of claimers who go on to buy elsewhere in the field, in per cent.
pub const FIELD_CONVERSION_PERCENT: i64 = 18;

crate::stored_enum! {
    /// How a packet's face is split.
    pub enum PortionShape {
        /// Portions that differ by a fen at the most.
        Equal = "equal",
        /// Portions of any size above the minimum.
        Random = "random",
    }
}

impl From<PortionShape> for partition::Shape {
    fn from(shape: PortionShape) -> Self {
        match shape {
            PortionShape::Equal => Self::Equal,
            PortionShape::Random => Self::Random,
        }
    }
}

crate::stored_enum! {
    /// Where a packet stands.
    pub enum PacketState {
        /// Portions can be claimed.
        Open = "open",
        /// Every portion is claimed.
        Exhausted = "exhausted",
        /// Its time is over; what was left went back to the budget.
        Expired = "expired",
        /// The order it came from was refunded; what was left went back to the budget.
        Void = "void",
    }
}

/// What a social coupon is besides a campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, diesel::Queryable, diesel::Selectable, diesel::Insertable)]
#[diesel(table_name = social_coupons, treat_none_as_default_value = false)]
pub struct SocialCoupon {
    /// The campaign.
    pub campaign_id: CampaignId,
    /// What portions become once claimed; written when the campaign first runs.
    pub template_id: Option<CouponTemplateId>,
    /// From which total on an order makes a packet.
    #[diesel(column_name = qualifying_fen)]
    pub qualifying: Fen,
    /// What a packet is worth.
    #[diesel(column_name = face_fen)]
    pub face: Fen,
    /// In how many portions.
    pub portions: i64,
    /// The least a portion is worth.
    #[diesel(column_name = minimum_fen)]
    pub minimum: Fen,
    /// How the face is split.
    pub shape: PortionShape,
    /// Whether newcomers get the largest portions left, and others the smallest.
    pub newcomers_larger: bool,
    /// For how many hours portions can be claimed.
    pub open_hours: i64,
    /// From which amount on a claimed portion can be used.
    #[diesel(column_name = use_threshold_fen)]
    pub use_threshold: Fen,
    /// For how many hours after the claim it can be used.
    pub use_within_hours: i64,
    /// Whether it can be used beside a coupon of the shop.
    pub stackable: bool,
    /// Whether claimed portions that nobody used are revoked when the order is refunded.
    pub revoke_on_refund: bool,
    /// How many packets one payer may make in this campaign.
    pub packets_per_user: i64,
    /// How many friends' portions one person may claim a day in this campaign.
    pub claims_per_day: i64,
}

/// A packet.
#[derive(Clone, Debug, PartialEq, Eq, diesel::Queryable, diesel::Selectable, diesel::Insertable)]
#[diesel(table_name = packets, treat_none_as_default_value = false)]
pub struct Packet {
    /// The packet.
    pub id: PacketId,
    /// What is passed on: random, so that nobody finds a packet by counting.
    pub code: String,
    /// Its campaign.
    pub campaign_id: CampaignId,
    /// The order that made it.
    pub order_id: OrderId,
    /// The payer.
    pub user_id: UserId,
    /// The packet that brought the payer.
    pub parent_id: Option<PacketId>,
    /// 1 for packets nobody's packet led to, otherwise one more than the parent's.
    pub generation: i64,
    /// Where it stands.
    pub state: PacketState,
    /// What it is worth.
    #[diesel(column_name = face_fen)]
    pub face: Fen,
    /// Its portions, the payer's own included.
    pub portions: i64,
    /// Portions that friends claimed.
    pub claimed: i64,
    /// Whether the payer has their own.
    pub own_claimed: bool,
    /// What the claimed portions are worth.
    pub claimed_fen: Fen,
    /// What went back to the budget.
    pub returned_fen: Fen,
    /// What its split was drawn from.
    pub seed: i64,
    /// When it was made.
    pub opened_at: Timestamp,
    /// Until when portions can be claimed.
    pub expires_at: Timestamp,
    /// When it left the open state.
    pub settled_at: Option<Timestamp>,
}

impl From<&SocialCoupon> for SocialCouponRules {
    fn from(written: &SocialCoupon) -> Self {
        Self {
            qualifying_fen: written.qualifying,
            face_fen: written.face,
            portions: written.portions,
            minimum_fen: written.minimum,
            shape: written.shape,
            newcomers_larger: written.newcomers_larger,
            open_hours: written.open_hours,
            use_threshold_fen: written.use_threshold,
            use_within_hours: written.use_within_hours,
            stackable: written.stackable,
            revoke_on_refund: written.revoke_on_refund,
            packets_per_user: written.packets_per_user,
            claims_per_day: written.claims_per_day,
        }
    }
}

impl Packet {
    /// Portions that friends can still claim.
    pub const fn left(&self) -> i64 {
        self.portions.saturating_sub(1).saturating_sub(self.claimed)
    }
}

/// A portion.
#[derive(Clone, Debug, PartialEq, Eq, diesel::Queryable, diesel::Selectable, diesel::Insertable)]
#[diesel(table_name = packet_portions, treat_none_as_default_value = false)]
pub struct Portion {
    /// Of which packet.
    pub packet_id: PacketId,
    /// Its number; 0 is the payer's own.
    pub no: i64,
    /// What it is worth.
    #[diesel(column_name = amount_fen)]
    pub amount: Fen,
    /// Who has it.
    pub claimed_by: Option<UserId>,
    /// Since when.
    pub claimed_at: Option<Timestamp>,
    /// As which coupon.
    pub coupon_id: Option<CouponId>,
    /// Whether whoever claimed it had never paid for anything.
    pub newcomer: Option<bool>,
    /// Whether whoever claimed it came to the shop through this campaign.
    pub acquired: Option<bool>,
    /// What they bought first afterwards.
    pub order_id: Option<OrderId>,
    /// What they paid for it.
    pub order_fen: Option<Fen>,
}

/// What staff say of a social coupon, besides the plan of its campaign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SocialCouponRules {
    /// From which total on an order makes a packet.
    #[schema(example = 9900, minimum = 0)]
    pub qualifying_fen: Fen,
    /// What a packet is worth; at least the minimum for every portion.
    #[schema(example = 2000, minimum = 2)]
    pub face_fen: Fen,
    /// In how many portions, the payer's own included: 2 to 100.
    #[schema(example = 5, minimum = 2, maximum = 100)]
    pub portions: i64,
    /// The least a portion is worth.
    #[schema(example = 100, minimum = 1)]
    pub minimum_fen: Fen,
    /// How the face is split.
    pub shape: PortionShape,
    /// Whether newcomers get the largest portions left, and others the smallest.
    #[serde(default)]
    #[schema(example = true)]
    pub newcomers_larger: bool,
    /// For how many hours portions can be claimed: 24 to 72.
    #[schema(example = 48, minimum = 24, maximum = 72)]
    pub open_hours: i64,
    /// From which amount on a claimed portion can be used.
    #[schema(example = 5000, minimum = 0)]
    pub use_threshold_fen: Fen,
    /// For how many hours after the claim it can be used: 24 to 72.
    #[schema(example = 72, minimum = 24, maximum = 72)]
    pub use_within_hours: i64,
    /// Whether it can be used beside a coupon of the shop.
    #[serde(default)]
    #[schema(example = true)]
    pub stackable: bool,
    /// Whether claimed portions that nobody used are revoked when the order that made the packet is refunded.
    #[serde(default)]
    #[schema(example = false)]
    pub revoke_on_refund: bool,
    /// How many packets one payer may make in this campaign.
    #[schema(example = 10, minimum = 1, maximum = 1000)]
    pub packets_per_user: i64,
    /// How many friends' portions one person may claim a day in this campaign.
    #[schema(example = 5, minimum = 1, maximum = 1000)]
    pub claims_per_day: i64,
}
