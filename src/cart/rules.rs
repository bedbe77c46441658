//! What may be in a cart, decided without a database.

use serde_json::json;

use super::error::CartError;
use super::model::{MAX_LINES, MAX_QUANTITY, Unbuyable};
use crate::catalog::{SkuFacts, SkuId, Unavailable};

/// Whether so many pieces may be on one line.
pub(super) fn quantity(sku_id: SkuId, quantity: i64) -> Result<(), CartError> {
    if (1..=MAX_QUANTITY).contains(&quantity) { Ok(()) } else { Err(too_many(sku_id, quantity)) }
}

pub(super) fn too_many(sku_id: SkuId, quantity: i64) -> CartError {
    CartError::QuantityOutOfRange(json!({ "sku_id": sku_id, "quantity": quantity, "limit": MAX_QUANTITY }))
}

pub(super) fn full() -> CartError {
    CartError::Full(json!({ "limit": MAX_LINES }))
}

/// Whether a list of SKUs fits a cart.
pub(super) fn skus(skus: &[SkuId]) -> Result<(), CartError> {
    let fits = (1..=MAX_LINES).contains(&skus.len());
    if fits { Ok(()) } else { Err(CartError::TooManySkus(json!({ "limit": MAX_LINES }))) }
}

/// Whether a SKU may be put in. One that is sold out may: it waits for the next delivery.
pub(super) fn may_add(sku: Option<&SkuFacts>) -> Result<(), CartError> {
    let sku = sku.ok_or(CartError::SkuNotFound)?;
    match sku.unavailable {
        None => Ok(()),
        Some(reason) => Err(CartError::NotSellable(json!({ "sku_id": sku.sku_id, "reason": Unbuyable::from(reason) }))),
    }
}

impl From<Unavailable> for Unbuyable {
    fn from(reason: Unavailable) -> Self {
        match reason {
            Unavailable::OffSale => Self::OffSale,
            Unavailable::SkuDisabled => Self::SkuDisabled,
        }
    }
}

/// Why a line can no longer be bought, if so.
pub(super) fn unbuyable(sku: &SkuFacts, available: i64) -> Option<Unbuyable> {
    sku.unavailable.map(Unbuyable::from).or_else(|| (available <= 0).then_some(Unbuyable::SoldOut))
}
