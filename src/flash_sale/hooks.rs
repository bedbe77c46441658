//! Flash prices as pricing, orders and campaigns know them.

use serde_json::Value;

use super::error::FlashSaleError;
use super::model::{ItemId, KIND, TakingState};
use super::rules;
use super::service;
use super::staff_service;
use crate::campaign::{CampaignKind, CampaignState, KindRules, Problem};
use crate::kernel::id::{self, CampaignId, OrderId};
use crate::platform::db::{DbResult, Tx};
use crate::pricing::{
    Offer, OfferClaim, OfferFacts, OrderEvent, PlacedOrder, PricingError, Reach, Reduction, Stage, Terms,
};

/// The prices of flash sales. A claim names the item: `{"kind": "flash_sale", "reference": "<item id>"}`.
#[derive(Clone, Copy, Debug)]
pub struct FlashSaleOffer {
    /// How long a buyer has to pay, in milliseconds.
    pub pay_within_ms: i64,
}

impl FlashSaleOffer {
    fn reduction(tx: &mut Tx<'_>, facts: &OfferFacts<'_>, claim: &OfferClaim) -> Result<Reduction, FlashSaleError> {
        let user = facts.user.ok_or(FlashSaleError::NotFound)?;
        let line_of = |sku| facts.lines.iter().find(|line| line.sku.sku_id == sku);
        let claimed = service::claim(tx, item_of(claim)?, user, |sku| line_of(sku).map(|line| line.quantity))?;
        let line = line_of(claimed.item.sku_id).ok_or(FlashSaleError::NotFound)?;
        let amount = rules::discount(line.sku.price, claimed.item.price, line.quantity);
        let amount = amount.ok_or(PricingError::AmountTooLarge)?;
        let reach = Reach::Line(claimed.item.sku_id);
        let reduction = Reduction::new(claim.reference.clone(), claimed.campaign.name, reach, amount);
        Ok(if claimed.sale.coupons_allowed { reduction } else { reduction.without_coupons() })
    }
}

fn item_of(claim: &OfferClaim) -> Result<ItemId, FlashSaleError> {
    id::parse(&claim.reference).map(ItemId::new).map_err(|_| FlashSaleError::NotFound)
}

impl Offer for FlashSaleOffer {
    fn kind(&self) -> &'static str {
        KIND
    }

    fn stage(&self) -> Stage {
        Stage::PriceSetting
    }

    fn adjust(&self, tx: &mut Tx<'_>, facts: &OfferFacts<'_>) -> Result<Vec<Reduction>, PricingError> {
        let one = |claim: &OfferClaim| Self::reduction(tx, facts, claim).map_err(PricingError::refused_by);
        facts.claims.iter().map(one).collect()
    }

    fn terms(&self, _tx: &mut Tx<'_>, _order: &PlacedOrder<'_>) -> Result<Terms, PricingError> {
        Ok(Terms { ship_gate: None, pay_within_ms: Some(self.pay_within_ms) })
    }

    fn reserve(&self, tx: &mut Tx<'_>, order: &PlacedOrder<'_>) -> Result<(), PricingError> {
        let items = order.claims.iter().map(item_of).collect::<Result<_, _>>().map_err(PricingError::refused_by)?;
        service::take(tx, order, items).map_err(PricingError::refused_by)
    }

    fn on_order(&self, tx: &mut Tx<'_>, order_id: OrderId, event: OrderEvent) -> DbResult<()> {
        match event {
            OrderEvent::Paid => service::sell(tx, order_id),
            OrderEvent::Closed => service::give_back(tx, order_id, TakingState::Held),
            OrderEvent::Refunded => service::give_back(tx, order_id, TakingState::Sold),
            // Pieces go back when the money has.
            OrderEvent::RefundAsked => Ok(()),
        }
    }
}

/// What the campaigns' base asks of flash sales.
#[derive(Clone, Copy, Debug, Default)]
pub struct FlashSaleKind;

impl KindRules for FlashSaleKind {
    fn kind(&self) -> CampaignKind {
        CampaignKind::FlashSale
    }

    fn problems(&self, tx: &mut Tx<'_>, campaign: CampaignId) -> DbResult<Vec<Problem>> {
        staff_service::problems(tx, campaign)
    }

    fn on_state(&self, _tx: &mut Tx<'_>, _campaign: CampaignId, _state: CampaignState) -> DbResult<()> {
        // Slots open and close by the clock, and a price asks the campaign each time: there is nothing to prepare.
        Ok(())
    }

    fn figures(&self, tx: &mut Tx<'_>, campaign: CampaignId) -> DbResult<Value> {
        staff_service::figures(tx, campaign)
    }
}
