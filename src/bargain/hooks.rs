//! Bargains as prices and orders, campaigns, and shares know them.

use serde_json::Value;

use super::service;
use crate::campaign::{CampaignKind, CampaignState, KindRules, Problem};
use crate::kernel::id::{CampaignId, OrderId};
use crate::platform::db::{DbResult, Tx};
use crate::pricing::{Offer, OfferFacts, OrderEvent, PlacedOrder, PricingError, Reduction, Stage, Terms};
use crate::share::{SubjectCard, SubjectKind, SubjectSource};

/// Sets the price of what was bargained over.
#[derive(Clone, Copy, Debug)]
pub struct BargainOffer {
    /// How long an order that redeems a bargain may stay unpaid, in milliseconds.
    pub pay_within_ms: i64,
}

impl Offer for BargainOffer {
    fn kind(&self) -> &'static str {
        service::KIND
    }

    fn stage(&self) -> Stage {
        Stage::PriceSetting
    }

    fn adjust(&self, tx: &mut Tx<'_>, facts: &OfferFacts<'_>) -> Result<Vec<Reduction>, PricingError> {
        service::adjust(tx, facts).map_err(PricingError::refused_by)
    }

    fn terms(&self, _tx: &mut Tx<'_>, order: &PlacedOrder<'_>) -> Result<Terms, PricingError> {
        let pay_within_ms = order.claims.first().map(|_| self.pay_within_ms);
        Ok(Terms { ship_gate: None, pay_within_ms })
    }

    fn reserve(&self, tx: &mut Tx<'_>, order: &PlacedOrder<'_>) -> Result<(), PricingError> {
        service::reserve(tx, order).map_err(PricingError::refused_by)
    }

    fn on_order(&self, tx: &mut Tx<'_>, order_id: OrderId, event: OrderEvent) -> DbResult<()> {
        service::on_order(tx, order_id, event)
    }
}

/// The rules of bargain campaigns.
#[derive(Clone, Copy, Debug, Default)]
pub struct BargainKind;

impl KindRules for BargainKind {
    fn kind(&self) -> CampaignKind {
        CampaignKind::Bargain
    }

    fn problems(&self, tx: &mut Tx<'_>, id: CampaignId) -> DbResult<Vec<Problem>> {
        service::problems(tx, id)
    }

    fn on_state(&self, tx: &mut Tx<'_>, id: CampaignId, state: CampaignState) -> DbResult<()> {
        service::on_state(tx, id, state)
    }

    fn figures(&self, tx: &mut Tx<'_>, id: CampaignId) -> DbResult<Value> {
        service::figures(tx, id)
    }
}

/// Bargains that are passed on.
#[derive(Clone, Debug)]
pub struct Bargains {
    /// The page of the mini-program that shows one.
    pub page: String,
}

impl SubjectSource for Bargains {
    fn kind(&self) -> SubjectKind {
        SubjectKind::Bargain
    }

    fn describe(&self, tx: &mut Tx<'_>, reference: &str) -> DbResult<Option<SubjectCard>> {
        let Ok(id) = reference.parse() else { return Ok(None) };
        service::card(tx, id, &self.page)
    }
}
