//! Social coupons as orders, campaigns and shares know them.

use serde_json::Value;

use super::model::Packet;
use super::rules;
use super::service::{self, Payment};
use super::staff_service;
use super::store;
use crate::campaign::{self, CampaignKind, CampaignState, KindRules, Problem};
use crate::kernel::id::CampaignId;
use crate::order::events::{OrderPaid, OrderRefunded, PAID, REFUNDED};
use crate::platform::db::{DbError, DbResult, Tx};
use crate::platform::events::{RecordedEvent, Subscriber};
use crate::share::{SubjectCard, SubjectKind, SubjectSource};

/// Makes packets of paid orders, and voids those of refunded ones.
#[derive(Clone, Copy, Debug, Default)]
pub struct PacketsOfOrders;

impl Subscriber for PacketsOfOrders {
    fn name(&self) -> &'static str {
        "social_coupon.packets"
    }

    fn wants(&self, event_name: &str) -> bool {
        matches!(event_name, PAID | REFUNDED)
    }

    fn deliver(&self, tx: &mut Tx<'_>, event: &RecordedEvent) -> DbResult<()> {
        let unreadable = |error: serde_json::Error| DbError::Defect(error.to_string());
        if event.name == REFUNDED {
            let refunded: OrderRefunded = serde_json::from_str(&event.payload).map_err(unreadable)?;
            return if refunded.whole { service::refunded(tx, refunded.order.order_id) } else { Ok(()) };
        }
        let paid: OrderPaid = serde_json::from_str(&event.payload).map_err(unreadable)?;
        let OrderPaid { order, paid_at } = paid;
        service::paid(tx, Payment { order: order.order_id, user: order.user_id, total: order.total_fen, paid_at })
    }
}

/// What the campaigns' base asks of social coupons.
#[derive(Clone, Copy, Debug, Default)]
pub struct SocialCouponKind;

impl KindRules for SocialCouponKind {
    fn kind(&self) -> CampaignKind {
        CampaignKind::SocialCoupon
    }

    fn problems(&self, tx: &mut Tx<'_>, campaign: CampaignId) -> DbResult<Vec<Problem>> {
        if store::rules(tx, campaign)?.is_some() {
            return Ok(Vec::new());
        }
        let message = "The social coupon has no rules.".to_owned();
        Ok(vec![Problem { code: "social_coupon.no_rules", message }])
    }

    fn on_state(&self, tx: &mut Tx<'_>, campaign: CampaignId, state: CampaignState) -> DbResult<()> {
        // Packets live by their own clock: what was promised when a campaign ends is still to be had.
        if state == CampaignState::Running { staff_service::start(tx, campaign) } else { Ok(()) }
    }

    fn figures(&self, tx: &mut Tx<'_>, campaign: CampaignId) -> DbResult<Value> {
        let report = staff_service::generations(tx, campaign)?;
        serde_json::to_value(report).map_err(|error| DbError::Defect(error.to_string()))
    }
}

/// Packets as something to share.
#[derive(Clone, Copy, Debug, Default)]
pub struct PacketSubjects;

impl SubjectSource for PacketSubjects {
    fn kind(&self) -> SubjectKind {
        SubjectKind::Packet
    }

    fn describe(&self, tx: &mut Tx<'_>, reference: &str) -> DbResult<Option<SubjectCard>> {
        let now = tx.now();
        let open = |packet: &Packet| rules::claimable(packet, now).is_ok();
        let Some(packet) = service::by_code(tx, reference)?.filter(open) else { return Ok(None) };
        let Ok(facts) = campaign::facts(tx, packet.campaign_id) else { return Ok(None) };
        Ok(Some(SubjectCard {
            title: facts.card_title,
            picture: facts.card_picture,
            price: None,
            market_price: None,
            path: format!("pages/packet/index?code={}", packet.code),
            campaign: Some(packet.campaign_id),
        }))
    }
}
