//! What coupons owe the campaign they belong to: whether somebody may take part, money out of its budget and back, and
//! notes for its report.
//!
//! Portions of packets are paid for by the packet, so nothing is taken for them here; the orders they are used in count
//! for their campaign all the same.

use crate::campaign::{self, Action, CampaignKind, CampaignOrder, Grant, Viewer};
use crate::coupon::error::CouponError;
use crate::coupon::model::{Coupon, CouponSource, CouponTemplate};
use crate::coupon::rules;
use crate::kernel::id::{CampaignId, DeviceId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::time::DAY_MS;
use crate::order;
use crate::platform::db::{DbResult, Tx};
use crate::pricing::PlacedOrder;
use crate::share::{self, Touch};

/// How long a share counts for what its visitor does afterwards, in milliseconds.
const TOUCH_MS: i64 = 7 * DAY_MS;

/// From where somebody takes a coupon, for the rules that watch a campaign.
#[derive(Clone, Debug, Default)]
pub(in crate::coupon) struct Trace {
    /// On which device.
    pub(in crate::coupon) device: Option<DeviceId>,
    /// From which address.
    pub(in crate::coupon) address: Option<String>,
}

/// The campaign that pays for a coupon from this source.
fn payer(template: &CouponTemplate, source: CouponSource) -> Option<CampaignId> {
    template.campaign_id.filter(|_| source != CouponSource::Packet)
}

/// Whether the campaign lets this user have a coupon from this source now. What staff or another campaign's reward
/// gives asks for nobody's leave but the budget's.
pub(super) fn may_take_part(
    tx: &mut Tx<'_>,
    template: &CouponTemplate,
    user: UserId,
    source: CouponSource,
) -> Result<(), CouponError> {
    let own_doing = rules::asks_audience(source) || source == CouponSource::Registration;
    if let Some(campaign) = payer(template, source).filter(|_| own_doing) {
        let viewer = Viewer { user: Some(user), newcomer: order::is_newcomer(tx, user)? };
        campaign::open_for(tx, campaign, CampaignKind::CouponDrop, &viewer)?;
    }
    Ok(())
}

/// What the budget counts a coupon for: the most it may take off.
fn face(coupon: &Coupon, template: &CouponTemplate) -> Fen {
    coupon.amount.or(template.amount).or(template.cap).unwrap_or(Fen::ZERO)
}

fn reference(coupon: &Coupon) -> String {
    format!("coupon:{}", coupon.id)
}

/// Notes that somebody took a coupon by their own doing.
pub(super) fn note(tx: &mut Tx<'_>, template: &CouponTemplate, coupon: &Coupon, trace: &Trace) -> DbResult<()> {
    let own_doing = rules::asks_audience(coupon.source) || coupon.source == CouponSource::Registration;
    let Some(campaign) = payer(template, coupon.source).filter(|_| own_doing) else { return Ok(()) };
    let action = Action {
        campaign,
        user: coupon.user_id,
        what: "claim",
        newcomer: order::is_newcomer(tx, coupon.user_id)?,
        device: trace.device,
        network: trace.address.as_deref(),
        inviter: last_touch(tx, coupon.user_id)?.map(|touch| touch.sharer),
        amount: face(coupon, template),
    };
    campaign::note(tx, &action)
}

fn last_touch(tx: &mut Tx<'_>, user: UserId) -> DbResult<Option<Touch>> {
    let since = tx.now().plus_millis(-TOUCH_MS);
    share::last_touch(tx, user, since)
}

/// Takes what a coupon is worth out of its campaign's budget. Call it last before the commit: that row is contended.
pub(super) fn pay(tx: &mut Tx<'_>, template: &CouponTemplate, coupon: &Coupon) -> Result<(), CouponError> {
    let Some(campaign) = payer(template, coupon.source) else { return Ok(()) };
    let (reference, amount) = (reference(coupon), face(coupon, template));
    Ok(campaign::spend(tx, &Grant { campaign, reference: &reference, amount })?)
}

/// Puts what an unused coupon is worth back, once.
pub(super) fn put_back(tx: &mut Tx<'_>, template: &CouponTemplate, coupon: &Coupon) -> DbResult<()> {
    let Some(campaign) = payer(template, coupon.source) else { return Ok(()) };
    campaign::give_back(tx, campaign, &reference(coupon), None).map(drop)
}

/// Notes that an order carries a campaign's coupon.
pub(super) fn attribute(
    tx: &mut Tx<'_>,
    template: &CouponTemplate,
    order: &PlacedOrder<'_>,
    cost: Fen,
) -> DbResult<()> {
    let Some(campaign) = template.campaign_id else { return Ok(()) };
    let touch = last_touch(tx, order.user_id)?;
    let row = CampaignOrder {
        campaign,
        order_id: order.order_id,
        user: order.user_id,
        newcomer: order::is_newcomer(tx, order.user_id)?,
        channel: touch.as_ref().map(|touch| touch.channel),
        inviter: touch.map(|touch| touch.sharer),
        cost,
        total: order.total,
    };
    campaign::attribute(tx, &row)
}
