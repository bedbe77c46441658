//! Who owns rows of users, in the order in which transactions lock them. One list: a test finds columns that nobody claims.

use std::sync::Arc;

use crate::analytics::AnalyticsAsset;
use crate::bargain::BargainAsset;
use crate::campaign::CampaignAsset;
use crate::cart::CartAsset;
use crate::catalog::SearchAsset;
use crate::coupon::CouponAsset;
use crate::favourite::FavouriteAsset;
use crate::flash_sale::FlashSaleAsset;
use crate::group_buy::GroupBuyAsset;
use crate::identity::{Accounts, IdentityAsset};
use crate::live::LiveAsset;
use crate::order::OrderAsset;
use crate::payment::PaymentAsset;
use crate::platform::http::Revocations;
use crate::service_account::FollowingAsset;
use crate::share::ShareAsset;
use crate::social_coupon::PacketAsset;

/// Everybody who owns rows of users.
pub(super) fn accounts(revocations: &Revocations) -> Accounts {
    Accounts::new(
        vec![
            Arc::new(IdentityAsset),
            Arc::new(PaymentAsset),
            Arc::new(OrderAsset),
            Arc::new(CartAsset),
            Arc::new(FavouriteAsset),
            Arc::new(SearchAsset),
            Arc::new(ShareAsset),
            Arc::new(FollowingAsset),
            Arc::new(CampaignAsset),
            Arc::new(CouponAsset),
            Arc::new(FlashSaleAsset),
            Arc::new(BargainAsset),
            Arc::new(GroupBuyAsset),
            Arc::new(PacketAsset),
            Arc::new(LiveAsset),
            Arc::new(AnalyticsAsset),
        ],
        revocations.clone(),
    )
}
