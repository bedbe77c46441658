//! What may be done with stock, decided without a database.

use std::collections::BTreeMap;

use serde_json::json;

use super::error::StockError;
use super::model::{MAX_CHANGE, MAX_LOW_AT, MAX_REASON, MAX_RECEIPT_LINES, MovementKind, StockLine};
use crate::catalog::SkuId;

fn out_of_range(sku_id: SkuId) -> StockError {
    StockError::QuantityOutOfRange(json!({ "sku_id": sku_id }))
}

/// The lines with each SKU once, by SKU id.
pub(super) fn merged(lines: &[StockLine]) -> Result<Vec<StockLine>, StockError> {
    let mut by_sku: BTreeMap<SkuId, i64> = BTreeMap::new();
    for line in lines {
        if !(1..=MAX_CHANGE).contains(&line.quantity) {
            return Err(out_of_range(line.sku_id));
        }
        let sum = by_sku.entry(line.sku_id).or_insert(0);
        *sum = sum.checked_add(line.quantity).ok_or_else(|| out_of_range(line.sku_id))?;
    }
    Ok(by_sku.into_iter().map(|(sku_id, quantity)| StockLine { sku_id, quantity }).collect())
}

/// The lines of a receipt by SKU id, if they are in order.
pub(super) fn receivable(lines: &[StockLine]) -> Result<Vec<StockLine>, StockError> {
    if lines.is_empty() || lines.len() > MAX_RECEIPT_LINES {
        return Err(StockError::LinesOutOfRange(json!({ "lines": lines.len() })));
    }
    let sorted = merged(lines)?;
    if sorted.len() == lines.len() {
        return Ok(sorted);
    }
    let twice = sorted.iter().find(|line| lines.iter().filter(|other| other.sku_id == line.sku_id).count() > 1);
    Err(StockError::DuplicateSku(json!({ "sku_id": twice.map(|line| line.sku_id) })))
}

/// How many pieces a correction concerns.
pub(super) fn correctable(sku_id: SkuId, change: i64) -> Result<StockLine, StockError> {
    let quantity = change.checked_abs().filter(|quantity| (1..=MAX_CHANGE).contains(quantity));
    quantity.map(|quantity| StockLine { sku_id, quantity }).ok_or_else(|| out_of_range(sku_id))
}

/// A reason without the spaces around it.
pub(super) fn reason(text: &str) -> Result<&str, StockError> {
    let text = text.trim();
    if (1..=MAX_REASON).contains(&text.chars().count()) { Ok(text) } else { Err(StockError::ReasonOutOfRange) }
}

/// Whether the shop may want to know below this number.
pub(super) fn threshold(low_at: i64) -> Result<(), StockError> {
    if (0..=MAX_LOW_AT).contains(&low_at) { Ok(()) } else { Err(StockError::ThresholdOutOfRange) }
}

/// Whether taking `taken` pieces, which left `available`, is what brought a SKU below its threshold.
pub(super) const fn fell_low(available: i64, taken: i64, low_at: i64) -> bool {
    available < low_at && available.saturating_add(taken) >= low_at
}

/// What `quantity` pieces moved in this way add to the pieces in the warehouse and to those set aside.
pub(super) const fn changes(kind: MovementKind, quantity: i64) -> (i64, i64) {
    match kind {
        MovementKind::Hold => (0, quantity),
        MovementKind::Release => (0, -quantity),
        MovementKind::Sale => (-quantity, -quantity),
        MovementKind::Purchase | MovementKind::Return | MovementKind::Correction => (quantity, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn line(sku: i64, quantity: i64) -> StockLine {
        StockLine { sku_id: SkuId::new(sku), quantity }
    }

    #[test]
    fn lines_of_one_sku_add_up_and_skus_come_in_the_order_of_their_ids() {
        let lines = merged(&[line(9, 1), line(3, 2), line(9, 4)]).ok();
        assert_eq!(lines, Some(vec![line(3, 2), line(9, 5)]));
    }

    #[test]
    fn a_quantity_that_is_none_is_refused() {
        for quantity in [0, -5, i64::MIN, i64::MAX, MAX_CHANGE + 1] {
            assert!(merged(&[line(1, quantity)]).is_err(), "{quantity}");
        }
        for change in [0, i64::MIN, MAX_CHANGE + 1, -MAX_CHANGE - 1] {
            assert!(correctable(SkuId::new(1), change).is_err(), "{change}");
        }
        assert_eq!(correctable(SkuId::new(1), -3).ok(), Some(line(1, 3)));
    }

    #[test]
    fn a_receipt_names_each_sku_once() {
        assert!(matches!(receivable(&[line(1, 1), line(1, 1)]), Err(StockError::DuplicateSku(_))));
        assert!(matches!(receivable(&[]), Err(StockError::LinesOutOfRange(_))));
    }

    #[test]
    fn a_reason_is_neither_empty_nor_endless() {
        assert_eq!(reason("  盘点 ").ok(), Some("盘点"));
        assert!(reason("   ").is_err());
        assert!(reason(&"长".repeat(MAX_REASON + 1)).is_err());
    }

    #[test]
    fn only_the_change_that_crosses_the_threshold_tells() {
        assert!(fell_low(9, 1, 10));
        assert!(!fell_low(8, 1, 10));
        assert!(!fell_low(10, 1, 10));
        assert!(fell_low(0, 50, 10));
    }
}
