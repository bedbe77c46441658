//! What flash sales decide without a database.

use std::collections::BTreeSet;

use serde_json::json;

use super::error::FlashSaleError;
use super::model::{
    FlashSaleRules, Item, ItemRules, MAX_ITEMS, MAX_QUOTA, MAX_SLOT_MS, MAX_SLOTS, MIN_SLOT_MS, Slot, SlotRules,
};
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;

/// Whether staff's rules can be meant at all. What depends on the campaign and the catalogue is looked at when the
/// campaign is checked.
///
/// # Errors
/// [`FlashSaleError::InvalidRules`] with the path of the field in question.
pub fn valid(rules: &FlashSaleRules) -> Result<(), FlashSaleError> {
    if !(1..=MAX_SLOTS).contains(&rules.slots.len()) {
        return Err(invalid("slots"));
    }
    for (at, slot) in rules.slots.iter().enumerate() {
        valid_slot(at, slot)?;
    }
    let mut times: Vec<(Timestamp, Timestamp)> =
        rules.slots.iter().map(|slot| (slot.starts_at, slot.ends_at)).collect();
    times.sort_unstable();
    let overlap = times.iter().zip(times.iter().skip(1)).any(|(one, next)| next.0 < one.1);
    if overlap { Err(invalid("slots")) } else { Ok(()) }
}

fn invalid(field: &str) -> FlashSaleError {
    FlashSaleError::InvalidRules(json!({ "field": field }))
}

fn valid_slot(at: usize, slot: &SlotRules) -> Result<(), FlashSaleError> {
    let length = slot.ends_at.millis_since(slot.starts_at);
    if !(MIN_SLOT_MS..=MAX_SLOT_MS).contains(&length) {
        return Err(invalid(&format!("slots[{at}].ends_at")));
    }
    let distinct: BTreeSet<_> = slot.items.iter().map(|item| item.sku_id).collect();
    if !(1..=MAX_ITEMS).contains(&slot.items.len()) || distinct.len() != slot.items.len() {
        return Err(invalid(&format!("slots[{at}].items")));
    }
    slot.items.iter().enumerate().try_for_each(|(position, item)| {
        let field = wrong_field(item);
        field.map_or(Ok(()), |field| Err(invalid(&format!("slots[{at}].items[{position}].{field}"))))
    })
}

fn wrong_field(item: &ItemRules) -> Option<&'static str> {
    if item.price_fen <= Fen::ZERO {
        Some("price_fen")
    } else if !(1..=MAX_QUOTA).contains(&item.quota) {
        Some("quota")
    } else if !(1..=999).contains(&item.per_user_limit) {
        Some("per_user_limit")
    } else {
        None
    }
}

/// Where a slot stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// It starts later.
    Coming,
    /// Its prices hold.
    Open,
    /// It is over.
    Over,
}

/// Where a slot stands at this moment.
pub fn phase(slot: &Slot, now: Timestamp) -> Phase {
    if now < slot.starts_at {
        Phase::Coming
    } else if now < slot.ends_at {
        Phase::Open
    } else {
        Phase::Over
    }
}

/// Whether a buyer who has `bought` pieces may have `quantity` more of an item now.
///
/// # Errors
/// Why not: the slot is not open, the quota is used up, or the buyer's limit is reached.
pub fn may_take(slot: &Slot, item: &Item, bought: i64, quantity: i64, now: Timestamp) -> Result<(), FlashSaleError> {
    match phase(slot, now) {
        Phase::Coming => return Err(FlashSaleError::NotStarted(json!({ "starts_at": slot.starts_at }))),
        Phase::Over => return Err(FlashSaleError::Over(json!({ "ended_at": slot.ends_at }))),
        Phase::Open => {}
    }
    if item.left() < quantity {
        return Err(sold_out(item));
    }
    if bought.saturating_add(quantity) > item.per_user_limit {
        return Err(limit_reached(item, bought));
    }
    Ok(())
}

/// Too few pieces are left.
pub fn sold_out(item: &Item) -> FlashSaleError {
    FlashSaleError::SoldOut(json!({ "item_id": item.id, "left": item.left() }))
}

/// The buyer has as many as one buyer may have.
pub fn limit_reached(item: &Item, bought: i64) -> FlashSaleError {
    FlashSaleError::LimitReached(json!({ "item_id": item.id, "limit": item.per_user_limit, "bought": bought }))
}

/// What the shop gives away with so many pieces: the usual price less the flash price, at least nothing; `None` when it
/// leaves the range of money.
pub fn discount(usual: Fen, flash: Fen, quantity: i64) -> Option<Fen> {
    if usual <= flash { Some(Fen::ZERO) } else { usual.minus(flash)?.times(quantity) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::SkuId;
    use crate::flash_sale::model::{ItemId, SlotId};
    use crate::kernel::id::CampaignId;
    use crate::kernel::time::HOUR_MS;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn slot() -> Slot {
        Slot { id: SlotId::new(1), campaign_id: CampaignId::new(1), starts_at: at(1000), ends_at: at(2000) }
    }

    fn item(taken: i64) -> Item {
        Item {
            id: ItemId::new(1),
            slot_id: SlotId::new(1),
            sku_id: SkuId::new(1),
            position: 0,
            price: Fen::new(100),
            quota: 5,
            taken,
            per_user_limit: 2,
        }
    }

    fn rules(starts: &[(i64, i64)]) -> FlashSaleRules {
        let item = ItemRules { sku_id: SkuId::new(1), price_fen: Fen::new(1), quota: 1, per_user_limit: 1 };
        let slots = starts
            .iter()
            .map(|(from, until)| SlotRules { starts_at: at(*from), ends_at: at(*until), items: vec![item] })
            .collect();
        FlashSaleRules { coupons_allowed: false, slots }
    }

    #[test]
    fn a_price_holds_from_the_first_moment_of_its_slot_until_just_before_the_last() {
        assert!(matches!(may_take(&slot(), &item(0), 0, 1, at(999)), Err(FlashSaleError::NotStarted(_))));
        assert!(may_take(&slot(), &item(0), 0, 1, at(1000)).is_ok());
        assert!(may_take(&slot(), &item(0), 0, 1, at(1999)).is_ok());
        assert!(matches!(may_take(&slot(), &item(0), 0, 1, at(2000)), Err(FlashSaleError::Over(_))));
    }

    #[test]
    fn neither_the_quota_nor_a_buyers_limit_is_passed() {
        assert!(may_take(&slot(), &item(3), 0, 2, at(1500)).is_ok());
        assert!(matches!(may_take(&slot(), &item(4), 0, 2, at(1500)), Err(FlashSaleError::SoldOut(_))));
        assert!(matches!(may_take(&slot(), &item(0), 1, 2, at(1500)), Err(FlashSaleError::LimitReached(_))));
        assert!(matches!(may_take(&slot(), &item(0), 0, i64::MAX, at(1500)), Err(FlashSaleError::SoldOut(_))));
    }

    #[test]
    fn slots_may_touch_and_not_overlap() {
        assert!(valid(&rules(&[(HOUR_MS, 2 * HOUR_MS), (0, HOUR_MS)])).is_ok());
        assert!(valid(&rules(&[(0, HOUR_MS + 1), (HOUR_MS, 2 * HOUR_MS)])).is_err());
        assert!(valid(&rules(&[])).is_err());
        assert!(valid(&rules(&[(HOUR_MS, 0)])).is_err());
    }

    #[test]
    fn a_flash_price_above_the_usual_one_takes_nothing_off() {
        assert_eq!(discount(Fen::new(500), Fen::new(300), 2), Some(Fen::new(400)));
        assert_eq!(discount(Fen::new(300), Fen::new(500), 2), Some(Fen::ZERO));
        assert_eq!(discount(Fen::new(i64::MAX), Fen::new(1), 999), None);
    }
}
