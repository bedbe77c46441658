//! Why social coupons refuse.

use crate::campaign::CampaignError;
use crate::coupon::CouponError;

crate::refusals! {
    /// Why social coupons refuse.
    pub enum SocialCouponError: "social_coupon" {
        /// There is no such packet.
        NotFound => NOT_FOUND "not_found" "红包不存在" "There is no such packet.",
        /// Every portion is claimed.
        Exhausted => CONFLICT "exhausted" "来晚了，红包已被领完" "Every portion is claimed.",
        /// Its time is over.
        Expired => CONFLICT "expired" "红包已过期" "The packet has expired.",
        /// The order it came from was refunded.
        Void => CONFLICT "void" "红包已失效" "The packet is void.",
        /// The payer's own portion is all they get of it.
        OwnPacket => CONFLICT "own_packet" "不能领取自己发出的红包" "Nobody claims from their own packet beyond the own portion.",
        /// The chain of packets leads back to whoever wants to claim.
        Loop => CONFLICT "loop" "红包来自你的分享，不能再次领取" "This packet descends from one of yours and earns you nothing.",
        /// Somebody else paid for this packet.
        NotYours => CONFLICT "not_yours" "这不是你的红包" "This portion belongs to whoever paid for the packet.",
        /// The own portion unlocks by sharing.
        NotShared => CONFLICT "not_shared" "分享给好友后即可领取" "Share the packet to unlock your own portion.",
        /// This request ran beside its twin, which claimed the portion.
        ClaimedAlready => CONFLICT "claimed_already" "你已经领取过这个红包" "You have claimed a portion of this packet.",
        /// A rule that cannot be meant; details name the field.
        InvalidRules(details) => UNPROCESSABLE_ENTITY "invalid_rules" "社交立减金规则有误" "A rule of this social coupon is invalid.",
        /// More rows than one table may have.
        ExportTooLarge => UNPROCESSABLE_ENTITY "export_too_large" "导出数据过多" "The table would have too many rows.",
    }
    passing { Campaign(CampaignError), Coupon(CouponError) }
}
