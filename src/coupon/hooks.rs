//! Coupons as lower floors know them: offers to prices and orders, the rules of a kind of campaign, and somebody who acts
//! when a user comes.

use serde_json::Value;

use super::model::CouponFamily;
use super::service;
use crate::campaign::{CampaignKind, CampaignState, KindRules, Problem};
use crate::identity::LoginListener;
use crate::kernel::id::{CampaignId, DeviceId, OrderId, UserId};
use crate::platform::db::{DbResult, Tx};
use crate::pricing::{Offer, OfferFacts, OrderEvent, PlacedOrder, PricingError, Reduction, Stage};

/// The kind of claim and adjustment that coupons of a family carry.
pub const fn claim_kind(family: CouponFamily) -> &'static str {
    match family {
        CouponFamily::Shop => "coupon",
        CouponFamily::Social => "social_coupon",
    }
}

/// The shop's own coupons. It also follows what becomes of orders, for both families at once.
#[derive(Clone, Copy, Debug, Default)]
pub struct ShopCoupons;

const SHOP: (&str, CouponFamily) = (claim_kind(CouponFamily::Shop), CouponFamily::Shop);

impl Offer for ShopCoupons {
    fn kind(&self) -> &'static str {
        SHOP.0
    }

    fn stage(&self) -> Stage {
        Stage::ShopCoupon
    }

    fn adjust(&self, tx: &mut Tx<'_>, facts: &OfferFacts<'_>) -> Result<Vec<Reduction>, PricingError> {
        service::adjust(tx, SHOP, facts)
    }

    fn reserve(&self, tx: &mut Tx<'_>, order: &PlacedOrder<'_>) -> Result<(), PricingError> {
        service::reserve(tx, SHOP, order)
    }

    fn on_order(&self, tx: &mut Tx<'_>, order_id: OrderId, event: OrderEvent) -> DbResult<()> {
        service::on_order(tx, order_id, event)
    }
}

/// Portions of social coupons' packets.
#[derive(Clone, Copy, Debug, Default)]
pub struct SocialCoupons;

const SOCIAL: (&str, CouponFamily) = (claim_kind(CouponFamily::Social), CouponFamily::Social);

impl Offer for SocialCoupons {
    fn kind(&self) -> &'static str {
        SOCIAL.0
    }

    fn stage(&self) -> Stage {
        Stage::SocialCoupon
    }

    fn adjust(&self, tx: &mut Tx<'_>, facts: &OfferFacts<'_>) -> Result<Vec<Reduction>, PricingError> {
        service::adjust(tx, SOCIAL, facts)
    }

    fn reserve(&self, tx: &mut Tx<'_>, order: &PlacedOrder<'_>) -> Result<(), PricingError> {
        service::reserve(tx, SOCIAL, order)
    }

    fn on_order(&self, _tx: &mut Tx<'_>, _order_id: OrderId, _event: OrderEvent) -> DbResult<()> {
        // One look at an order's coupons serves both families; `ShopCoupons` takes it.
        Ok(())
    }
}

/// Gives whoever comes for the first time the coupons that are meant for them.
#[derive(Clone, Copy, Debug, Default)]
pub struct WelcomeCoupons;

impl LoginListener for WelcomeCoupons {
    fn on_login(&self, _tx: &mut Tx<'_>, _user: UserId, _device: Option<DeviceId>) -> DbResult<()> {
        Ok(())
    }

    fn on_registration(&self, tx: &mut Tx<'_>, user: UserId) -> DbResult<()> {
        service::welcome(tx, user)
    }
}

/// The rules of coupon drops: their coupons can be had while they run.
#[derive(Clone, Copy, Debug, Default)]
pub struct CouponDrops;

impl KindRules for CouponDrops {
    fn kind(&self) -> CampaignKind {
        CampaignKind::CouponDrop
    }

    fn problems(&self, tx: &mut Tx<'_>, id: CampaignId) -> DbResult<Vec<Problem>> {
        service::problems_of_drop(tx, id)
    }

    fn on_state(&self, tx: &mut Tx<'_>, id: CampaignId, state: CampaignState) -> DbResult<()> {
        service::follow_drop(tx, id, state)
    }

    fn figures(&self, tx: &mut Tx<'_>, id: CampaignId) -> DbResult<Value> {
        service::figures_of_drop(tx, id)
    }
}
