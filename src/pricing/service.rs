//! The one function that computes prices.

use std::collections::BTreeMap;

use super::error::PricingError;
use super::freight::{self, Template};
use super::model::{OfferClaim, Quote, QuoteRequest};
use super::offer::{Offer, OfferFacts, Offers, PricedLine, Reduction, Stage};
use super::rules::{self, Basket, Mark};
use crate::catalog::{self, SkuId};
use crate::kernel::money::Fen;
use crate::kernel::region::Province;
use crate::platform::db::Tx;

/// Prices a basket: base prices, then the offers stage by stage, then freight. Everything is read from the transaction;
/// nothing is written, so it also serves in a read.
///
/// # Errors
/// Why the basket cannot be bought like this; or the database.
pub fn quote(tx: &mut Tx<'_>, offers: &Offers, request: &QuoteRequest) -> Result<Quote, PricingError> {
    let mut run = Run::begin(tx, offers, request)?;
    run.stages(tx, offers, |stage| stage < Stage::Freight)?;
    run.freight(tx, offers)?;
    run.basket.quote(&request.lines)
}

/// Prices a basket as far as the coupons, so that several of them can be tried out on it: everything before them is
/// worked out once, and what a trial needs from the database is read once. Coupons among the claims are left out.
///
/// # Errors
/// Why the basket cannot be bought like this; or the database.
pub fn crossing(tx: &mut Tx<'_>, offers: &Offers, request: &QuoteRequest) -> Result<Crossing, PricingError> {
    let mut run = Run::begin(tx, offers, request)?;
    run.stages(tx, offers, |stage| stage < Stage::ShopCoupon)?;
    let start = run.basket.mark();
    Ok(Crossing { run, start })
}

/// A basket as it is before coupons, and ways on from there. Every trial ends where the crossing began.
pub struct Crossing {
    run: Run,
    start: Mark,
}

impl Crossing {
    /// The lines as priced so far, by SKU id.
    pub fn lines(&self) -> &[PricedLine] {
        self.run.basket.lines()
    }

    /// Takes a coupon's reduction off, as it would be in a quote.
    ///
    /// # Errors
    /// Why it cannot be used here, or beside the coupons applied before.
    pub fn apply(&mut self, kind: &'static str, stage: Stage, reduction: Reduction) -> Result<(), PricingError> {
        self.run.basket.apply(kind, stage, reduction)
    }

    /// What is to be paid for the basket with the coupons applied so far: the stages after them, freight included.
    ///
    /// # Errors
    /// Why the basket cannot be bought like this; or the database.
    pub fn total(&mut self, tx: &mut Tx<'_>, offers: &Offers) -> Result<Fen, PricingError> {
        self.run.stages(tx, offers, |stage| stage > Stage::SocialCoupon && stage < Stage::Freight)?;
        self.run.freight(tx, offers)?;
        self.run.basket.total()
    }

    /// Takes everything back that was tried.
    pub fn turn_back(&mut self) {
        self.run.basket.rewind(&self.start);
    }
}

/// A basket on its way through the stages.
struct Run {
    request: QuoteRequest,
    claims: Vec<OfferClaim>,
    basket: Basket,
    freight: Option<(Province, Vec<Template>)>,
}

impl Run {
    fn begin(tx: &mut Tx<'_>, offers: &Offers, request: &QuoteRequest) -> Result<Self, PricingError> {
        let wanted = rules::merged(&request.lines)?;
        let code = request.province_code.as_deref();
        let province = code.map(|code| Province::parse(code).ok_or(PricingError::UnknownProvince)).transpose()?;
        let claims = rules::claims(&request.claims, |kind| offers.find(kind).is_some(), &wanted)?;
        let basket = base_prices(tx, &wanted)?;
        let freight = match province.filter(|_| !request.picked_up) {
            Some(province) => Some((province, freight::templates(tx, &basket.freight_templates())?)),
            None => None,
        };
        Ok(Self { request: request.clone(), claims, basket, freight })
    }

    /// Lets every offer of these stages take off what it does, in the order of application.
    fn stages(&mut self, tx: &mut Tx<'_>, offers: &Offers, wanted: impl Fn(Stage) -> bool) -> Result<(), PricingError> {
        offers.iter().filter(|offer| wanted(offer.stage())).try_for_each(|offer| self.adjust(tx, offer))
    }

    /// Adds the freight and lets every offer of its stage take something off it.
    fn freight(&mut self, tx: &mut Tx<'_>, offers: &Offers) -> Result<(), PricingError> {
        if self.request.picked_up || self.basket.is_virtual() {
            self.basket.charge_no_freight();
        } else if let Some((province, templates)) = &self.freight {
            self.basket.charge_freight(templates, *province)?;
        }
        self.basket.reduce_freight()?;
        for offer in offers.iter().filter(|offer| offer.stage() == Stage::Freight) {
            self.adjust(tx, offer)?;
            self.basket.reduce_freight()?;
        }
        Ok(())
    }

    fn adjust(&mut self, tx: &mut Tx<'_>, offer: &dyn Offer) -> Result<(), PricingError> {
        let own: Vec<OfferClaim> = self.claims.iter().filter(|claim| claim.kind == offer.kind()).cloned().collect();
        let now = tx.now();
        let (lines, earlier) = (self.basket.lines(), self.basket.adjustments());
        let facts = OfferFacts { user: self.request.user, lines, claims: &own, earlier, now };
        let reductions = offer.adjust(tx, &facts)?;
        reductions.into_iter().try_for_each(|reduction| self.basket.apply(offer.kind(), offer.stage(), reduction))
    }
}

fn base_prices(tx: &mut Tx<'_>, wanted: &BTreeMap<SkuId, i64>) -> Result<Basket, PricingError> {
    let skus: Vec<SkuId> = wanted.keys().copied().collect();
    Basket::new(wanted, catalog::sku_facts(tx, &skus)?)
}
