//! What coupons record, version 1 of each. Amounts are fen.

use serde::{Deserialize, Serialize};

use super::model::{Coupon, CouponFamily, CouponId, CouponSource, CouponTemplate, CouponTemplateId};
use crate::kernel::id::{CampaignId, OrderId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;
use crate::platform::db::{DbResult, Tx};
use crate::platform::events::{self, NewEvent};

/// `coupon.issued`
pub const ISSUED: &str = "coupon.issued";
/// `coupon.reserved`
pub const RESERVED: &str = "coupon.reserved";
/// `coupon.used`
pub const USED: &str = "coupon.used";
/// `coupon.returned`: its order was closed or refunded while it could still be used.
pub const RETURNED: &str = "coupon.returned";
/// `coupon.expired`
pub const EXPIRED: &str = "coupon.expired";
/// `coupon.revoked`
pub const REVOKED: &str = "coupon.revoked";

/// A coupon, as subscribers need it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CouponFacts {
    /// The coupon.
    pub coupon_id: CouponId,
    /// What kind it is.
    pub template_id: CouponTemplateId,
    /// Whose coupons these are.
    pub family: CouponFamily,
    /// The campaign it belongs to.
    pub campaign_id: Option<CampaignId>,
    /// Its user.
    pub user_id: UserId,
    /// How people read it.
    pub title: String,
    /// What it came from.
    pub source: CouponSource,
    /// Which one of that kind.
    pub source_ref: String,
    /// What it takes off at the most; absent when only the freight limits it.
    pub face_fen: Option<Fen>,
    /// First moment at which it can no longer be used.
    pub valid_until: Timestamp,
}

impl CouponFacts {
    /// The facts of this coupon.
    pub fn of(coupon: &Coupon, template: &CouponTemplate) -> Self {
        Self {
            coupon_id: coupon.id,
            template_id: template.id,
            family: template.family,
            campaign_id: template.campaign_id,
            user_id: coupon.user_id,
            title: template.title.clone(),
            source: coupon.source,
            // A code or key that somebody typed is nobody else's business.
            source_ref: match coupon.source {
                CouponSource::Packet | CouponSource::Reward => coupon.source_ref.clone(),
                _ => String::new(),
            },
            face_fen: coupon.amount.or(template.amount).or(template.cap),
            valid_until: coupon.valid_until,
        }
    }
}

/// Version 1 of `coupon.issued`, `coupon.expired` and `coupon.revoked`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CouponEvent {
    /// The coupon.
    pub coupon: CouponFacts,
    /// Why, in words.
    pub reason: String,
}

/// Version 1 of `coupon.reserved`, `coupon.used` and `coupon.returned`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CouponInOrder {
    /// The coupon.
    pub coupon: CouponFacts,
    /// The order.
    pub order_id: OrderId,
    /// What it took off.
    pub amount_fen: Fen,
    /// Why, in words.
    pub reason: String,
}

/// Records what happened to a coupon.
pub(super) fn record<P: Serialize>(tx: &mut Tx<'_>, name: &'static str, user: UserId, payload: &P) -> DbResult<()> {
    events::record(tx, &NewEvent { name, version: 1, user: Some(user), payload }).map(drop)
}
