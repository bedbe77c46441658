//! What is left of a basket when some of it can no longer be bought.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::error::PricingError;
use super::freight;
use super::model::{OfferClaim, Quote, QuoteRequest};
use super::offer::Offers;
use super::{rules, service};
use crate::catalog::{self, FreightTemplateId, SkuFacts, SkuId};
use crate::kernel::region::Province;
use crate::platform::db::{DbResult, FromDb as _, Tx};

/// Why something cannot be bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Gone {
    /// There never was such a SKU.
    NotFound,
    /// Its product is not on sale.
    OffSale,
    /// The SKU itself is switched off.
    SkuDisabled,
    /// It is not delivered to that province.
    Undeliverable,
}

/// Something that cannot be bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct GoneLine {
    /// What.
    pub sku_id: SkuId,
    /// Why not.
    pub reason: Gone,
}

/// What is left of a basket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remainder {
    /// What cannot be bought.
    pub gone: Vec<GoneLine>,
    /// What the rest costs; absent when there is no rest, or the rest cannot be bought by itself.
    pub quote: Option<Quote>,
}

/// Finds what of a basket cannot be bought, and prices the rest: with the offers that do not belong to what is gone, or,
/// where those do not hold without it, without any.
///
/// # Errors
/// When the request itself makes no sense, or the database fails.
pub fn remainder(tx: &mut Tx<'_>, offers: &Offers, request: &QuoteRequest) -> Result<Remainder, PricingError> {
    let wanted = rules::merged(&request.lines)?;
    let skus: Vec<SkuId> = wanted.keys().copied().collect();
    let facts = catalog::sku_facts(tx, &skus)?;
    let mut gone = rules::unsellable(&wanted, &facts);
    if let Some(code) = request.province_code.as_deref().filter(|_| !request.picked_up) {
        let province = Province::parse(code).ok_or(PricingError::UnknownProvince)?;
        gone.extend(undeliverable(tx, &facts, province)?);
    }
    let is_gone = |sku: SkuId| gone.iter().any(|line| line.sku_id == sku);
    let rest = QuoteRequest {
        lines: request.lines.iter().filter(|line| !is_gone(line.sku_id)).copied().collect(),
        claims: request.claims.iter().filter(|claim| !claim.sku_id.is_some_and(is_gone)).cloned().collect(),
        ..request.clone()
    };
    let quote = price_of_rest(tx, offers, &rest)?;
    Ok(Remainder { gone, quote })
}

fn undeliverable(tx: &mut Tx<'_>, facts: &[SkuFacts], province: Province) -> DbResult<Vec<GoneLine>> {
    let mut by_template: BTreeMap<FreightTemplateId, Vec<SkuId>> = BTreeMap::new();
    for sku in facts.iter().filter(|sku| sku.unavailable.is_none() && !sku.kind.is_virtual()) {
        by_template.entry(sku.freight_template_id).or_default().push(sku.sku_id);
    }
    let ids: Vec<FreightTemplateId> = by_template.keys().copied().collect();
    let templates = freight::templates(tx, &ids)?;
    by_template.retain(|id, _| !templates.iter().any(|found| found.id == *id && freight::delivers(found, province)));
    let line = |sku_id: SkuId| GoneLine { sku_id, reason: Gone::Undeliverable };
    Ok(by_template.into_values().flatten().map(line).collect())
}

fn price_of_rest(tx: &mut Tx<'_>, offers: &Offers, rest: &QuoteRequest) -> Result<Option<Quote>, PricingError> {
    if rest.lines.is_empty() {
        return Ok(None);
    }
    let bare: Vec<OfferClaim> = Vec::new();
    for claims in [&rest.claims, &bare] {
        match service::quote(tx, offers, &QuoteRequest { claims: claims.clone(), ..rest.clone() }) {
            Ok(quote) => return Ok(Some(quote)),
            Err(error) if error.db_error().is_some() => return Err(error),
            Err(_) => {}
        }
    }
    Ok(None)
}
