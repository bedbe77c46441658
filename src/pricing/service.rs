//! The one function that computes prices.

use std::collections::BTreeMap;

use super::error::PricingError;
use super::freight;
use super::model::{OfferClaim, Quote, QuoteRequest};
use super::offer::{Offer, OfferFacts, Offers, Stage};
use super::rules::{self, Basket};
use crate::catalog::{self, SkuId};
use crate::kernel::region::Province;
use crate::platform::db::Tx;

/// Prices a basket: base prices, then the offers stage by stage, then freight. Everything is read from the transaction;
/// nothing is written, so it also serves in a read.
///
/// # Errors
/// Why the basket cannot be bought like this; or the database.
pub fn quote(tx: &mut Tx<'_>, offers: &Offers, request: &QuoteRequest) -> Result<Quote, PricingError> {
    let wanted = rules::merged(&request.lines)?;
    let code = request.province_code.as_deref();
    let province = code.map(|code| Province::parse(code).ok_or(PricingError::UnknownProvince)).transpose()?;
    let claims = rules::claims(&request.claims, |kind| offers.find(kind).is_some(), &wanted)?;
    let mut basket = base_prices(tx, &wanted)?;
    let (for_freight, for_goods): (Vec<&dyn Offer>, Vec<&dyn Offer>) =
        offers.iter().partition(|offer| offer.stage() == Stage::Freight);
    for offer in for_goods {
        adjust(tx, offer, request, &claims, &mut basket)?;
    }
    if let Some(province) = province {
        let templates = freight::templates(tx, &basket.freight_templates())?;
        basket.charge_freight(&templates, province)?;
    }
    basket.reduce_freight()?;
    for offer in for_freight {
        adjust(tx, offer, request, &claims, &mut basket)?;
        basket.reduce_freight()?;
    }
    basket.quote(&request.lines)
}

fn base_prices(tx: &mut Tx<'_>, wanted: &BTreeMap<SkuId, i64>) -> Result<Basket, PricingError> {
    let skus: Vec<SkuId> = wanted.keys().copied().collect();
    Basket::new(wanted, catalog::sku_facts(tx, &skus)?)
}

fn adjust(
    tx: &mut Tx<'_>,
    offer: &dyn Offer,
    request: &QuoteRequest,
    claims: &[OfferClaim],
    basket: &mut Basket,
) -> Result<(), PricingError> {
    let own: Vec<OfferClaim> = claims.iter().filter(|claim| claim.kind == offer.kind()).cloned().collect();
    let now = tx.now();
    let facts =
        OfferFacts { user: request.user, lines: basket.lines(), claims: &own, earlier: basket.adjustments(), now };
    let reductions = offer.adjust(tx, &facts)?;
    reductions.into_iter().try_for_each(|reduction| basket.apply(offer.kind(), offer.stage(), reduction))
}
