//! Group buys as orders, campaigns and shares know them.

use serde_json::Value;

use super::error::GroupBuyError;
use super::service::{self, Asked, GROUP_BUY, GroupBuySettings};
use super::store;
use crate::campaign::{CampaignKind, CampaignState, KindRules, Problem};
use crate::kernel::id::{CampaignId, OrderId};
use crate::kernel::money::Fen;
use crate::platform::db::{DbResult, Tx};
use crate::pricing::{
    Offer, OfferFacts, OrderEvent, PlacedOrder, PricedLine, PricingError, Reach, Reduction, Stage, Terms,
};
use crate::share::{SubjectCard, SubjectKind, SubjectSource};

/// The price of a group, for whoever opens or joins one.
#[derive(Clone, Copy, Debug, Default)]
pub struct GroupBuyOffer(pub GroupBuySettings);

impl Offer for GroupBuyOffer {
    fn kind(&self) -> &'static str {
        GROUP_BUY
    }

    fn stage(&self) -> Stage {
        Stage::PriceSetting
    }

    fn adjust(&self, tx: &mut Tx<'_>, facts: &OfferFacts<'_>) -> Result<Vec<Reduction>, PricingError> {
        let Some(claim) = facts.claims.first() else { return Ok(Vec::new()) };
        let only = if let [line] = facts.lines { Some(line) } else { None };
        let asked =
            Asked { user: facts.user, claims: facts.claims, line: only.map(|line| (line.sku.sku_id, line.quantity)) };
        let seating = service::price(tx, &asked)?;
        let line = only.ok_or(GroupBuyError::OneSkuOnly)?;
        let title = if seating.leads && seating.offer.leader_price.is_some() {
            "团长价".to_owned()
        } else {
            format!("{}人团", seating.rules.least())
        };
        let off = reduction_of(line, seating.price())?;
        let reduction = Reduction::new(claim.reference.clone(), title, Reach::Line(line.sku.sku_id), off);
        Ok(vec![if seating.rules.coupons_allowed { reduction } else { reduction.without_coupons() }])
    }

    fn terms(&self, tx: &mut Tx<'_>, order: &PlacedOrder<'_>) -> Result<Terms, PricingError> {
        Ok(service::terms(tx, &self.0, order)?)
    }

    fn reserve(&self, tx: &mut Tx<'_>, order: &PlacedOrder<'_>) -> Result<(), PricingError> {
        Ok(service::reserve(tx, order)?)
    }

    fn on_order(&self, tx: &mut Tx<'_>, order_id: OrderId, event: OrderEvent) -> DbResult<()> {
        match event {
            OrderEvent::Paid => service::paid(tx, order_id),
            OrderEvent::Closed => service::closed(tx, order_id),
            OrderEvent::RefundAsked => service::gave_up(tx, order_id),
            OrderEvent::Refunded => service::refunded(tx, order_id),
        }
    }
}

/// What the campaign takes off a line; nothing when it would cost more than alone.
fn reduction_of(line: &PricedLine, price: Fen) -> Result<Fen, PricingError> {
    let wanted = price.times(line.quantity).and_then(|wanted| line.goods.minus(wanted));
    wanted.map(|off| off.max(Fen::ZERO)).ok_or(PricingError::AmountTooLarge)
}

/// The rules of group buys, as campaigns know them.
#[derive(Clone, Copy, Debug, Default)]
pub struct GroupBuyRules;

impl KindRules for GroupBuyRules {
    fn kind(&self) -> CampaignKind {
        CampaignKind::GroupBuy
    }

    fn problems(&self, tx: &mut Tx<'_>, id: CampaignId) -> DbResult<Vec<Problem>> {
        service::problems(tx, id)
    }

    fn on_state(&self, tx: &mut Tx<'_>, id: CampaignId, state: CampaignState) -> DbResult<()> {
        // The groups themselves are ended one by one: a transaction that holds the campaign's money must not wait for
        // groups, since those who join hold theirs and wait for the money.
        if state == CampaignState::Ended { store::end_campaign(tx, id) } else { Ok(()) }
    }

    fn figures(&self, tx: &mut Tx<'_>, id: CampaignId) -> DbResult<Value> {
        service::figures(tx, id)
    }
}

/// Groups that are passed on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Groups;

impl SubjectSource for Groups {
    fn kind(&self) -> SubjectKind {
        SubjectKind::Group
    }

    fn describe(&self, tx: &mut Tx<'_>, reference: &str) -> DbResult<Option<SubjectCard>> {
        let Ok(id) = reference.parse() else { return Ok(None) };
        service::card(tx, id)
    }
}
