//! What campaigns plug into the rest of the shop: prices, background work, things to share. One list of each.

use std::sync::Arc;

use super::config::Config;
use crate::bargain;
use crate::campaign::{CampaignKinds, CampaignSettings, Campaigns, FollowOrders, ForgetActions};
use crate::coupon::{self, CouponDrops, CouponSettings, ShopCoupons, SocialCoupons};
use crate::flash_sale;
use crate::group_buy::{self, GroupBuyOffer, GroupBuyRules, GroupBuySettings, GroupBuys, Groups};
use crate::kernel::time::MINUTE_MS;
use crate::live;
use crate::order::Orders;
use crate::platform::events::Subscriber;
use crate::platform::jobs::Sweep;
use crate::pricing::Offers;
use crate::share::SubjectSource;
use crate::social_coupon;

/// Whatever takes part in prices.
pub(super) fn offers(config: &Config) -> Offers {
    let pay_within_ms = config.orders.campaign_pay_within_minutes.saturating_mul(MINUTE_MS);
    Offers::new(vec![
        Arc::new(ShopCoupons),
        Arc::new(SocialCoupons),
        Arc::new(flash_sale::FlashSaleOffer { pay_within_ms }),
        Arc::new(bargain::BargainOffer { pay_within_ms }),
        Arc::new(live::LiveOffer { pay_within_ms }),
        Arc::new(GroupBuyOffer(GroupBuySettings { pay_within_ms })),
    ])
}

/// What all campaigns have in common.
pub(super) fn campaigns(config: &Config) -> Campaigns {
    let settings = CampaignSettings {
        budget_approval_above: config.campaigns.budget_approval_above,
        page: config.campaigns.page.clone(),
    };
    Campaigns { kinds: kinds(), settings }
}

/// Above which limits two people give coupons away.
pub(super) fn coupons(config: &Config) -> CouponSettings {
    let limits = &config.coupons;
    CouponSettings { approval_above: limits.approval_above, approval_above_count: limits.approval_above_count }
}

/// What each kind of campaign adds to what all have.
fn kinds() -> CampaignKinds {
    CampaignKinds::new(vec![
        Arc::new(CouponDrops),
        Arc::new(flash_sale::FlashSaleKind),
        Arc::new(GroupBuyRules),
        Arc::new(bargain::BargainKind),
        Arc::new(social_coupon::SocialCouponKind),
    ])
}

/// What has to be done when its time has come.
pub(super) fn sweeps(orders: &Orders, config: &Config) -> Vec<Arc<dyn Sweep>> {
    vec![
        Arc::new(ForgetActions { keep_days: config.campaigns.keep_actions_days }),
        Arc::new(coupon::ExpireCoupons),
        Arc::new(coupon::ForgetWrongCodes),
        Arc::new(flash_sale::RemindOfSlots),
        Arc::new(bargain::ExpireBargains),
        Arc::new(bargain::SettleCampaigns),
        Arc::new(bargain::PayPrizes),
        Arc::new(social_coupon::ExpirePackets),
        Arc::new(live::RemindOfRooms),
        Arc::new(live::EndDrops),
        Arc::new(live::EndLostVisits),
        Arc::new(live::CancelMissed),
        Arc::new(live::ForgetSignals),
        Arc::new(group_buy::EndGroups),
        Arc::new(group_buy::OpenGates),
        Arc::new(group_buy::RefundSeats(GroupBuys { orders: orders.clone() })),
    ]
}

/// The message that tells of the start of a live room.
pub(super) fn room_reminders(config: &Config) -> live::ReminderSettings {
    live::ReminderSettings {
        template_id: config.live.reminder_template.clone(),
        page: config.live.page.clone(),
        env_version: config.share.code_version,
    }
}

/// What can be handed on.
pub(super) fn subjects(config: &Config) -> Vec<Arc<dyn SubjectSource>> {
    vec![
        Arc::new(Groups),
        Arc::new(bargain::Bargains { page: "pages/bargain/index".to_owned() }),
        Arc::new(social_coupon::PacketSubjects),
        Arc::new(live::Rooms { page: config.live.page.clone() }),
    ]
}

/// Who acts on what happens to orders.
pub(super) fn subscribers() -> Vec<Arc<dyn Subscriber>> {
    vec![Arc::new(FollowOrders), Arc::new(social_coupon::PacketsOfOrders), Arc::new(live::CountForRooms)]
}
