//! What stock tells the rest of the shop.

use serde::Serialize;

use super::model::StockItem;
use crate::catalog::SkuId;
use crate::platform::db::{DbResult, Tx};
use crate::platform::events::{self, NewEvent};

/// `stock.received`: goods came in.
#[derive(Debug, Serialize)]
pub struct StockReceived {
    /// The SKU.
    pub sku_id: SkuId,
    /// How many pieces.
    pub quantity: i64,
    /// Free pieces after it.
    pub available: i64,
}

impl StockReceived {
    pub(super) const fn of(item: &StockItem, quantity: i64) -> Self {
        Self { sku_id: item.sku_id, quantity, available: item.available() }
    }

    pub(super) fn record(&self, tx: &mut Tx<'_>) -> DbResult<()> {
        record(tx, "stock.received", self)
    }
}

/// `stock.corrected`: staff put a count right.
#[derive(Debug, Serialize)]
pub struct StockCorrected {
    /// The SKU.
    pub sku_id: SkuId,
    /// Pieces found (above zero) or missing (below zero).
    pub change: i64,
    /// Why.
    pub reason: String,
    /// Free pieces after it.
    pub available: i64,
}

impl StockCorrected {
    pub(super) fn of(item: &StockItem, change: i64, reason: &str) -> Self {
        Self { sku_id: item.sku_id, change, reason: reason.to_owned(), available: item.available() }
    }

    pub(super) fn record(&self, tx: &mut Tx<'_>) -> DbResult<()> {
        record(tx, "stock.corrected", self)
    }
}

/// `stock.low`: fewer pieces are free than the shop wants; told once each time the number is crossed.
#[derive(Debug, Serialize)]
pub struct StockLow {
    /// The SKU.
    pub sku_id: SkuId,
    /// Free pieces.
    pub available: i64,
    /// The number the shop wants at least.
    pub low_at: i64,
}

impl StockLow {
    pub(super) fn record(&self, tx: &mut Tx<'_>) -> DbResult<()> {
        record(tx, "stock.low", self)
    }
}

fn record(tx: &mut Tx<'_>, name: &'static str, payload: &impl Serialize) -> DbResult<()> {
    events::record(tx, &NewEvent { name, version: 1, user: None, payload }).map(drop)
}
