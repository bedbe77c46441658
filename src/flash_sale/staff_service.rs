//! What staff do with flash sales: write their rules, look whether they can start, and see what they sold.

use serde_json::{Value, json};

use super::error::FlashSaleError;
use super::model::{FlashSale, FlashSaleRules, Item, ItemId, ItemRules, Slot, SlotId, SlotRules, Taking};
use super::rules;
use super::store;
use crate::campaign::{self, CampaignKind, MAX_EXPORTED, NewCampaign, Problem, RulesChange};
use crate::catalog::{self, SkuFacts, SkuId};
use crate::kernel::id::{CampaignId, StaffId};
use crate::kernel::page::{Cursor, Page};
use crate::platform::db::{DbResult, Tx};
use crate::platform::http::{Origin, Table};

/// Plans a flash sale: the campaign as a draft, with its rules.
///
/// # Errors
/// 422 when the plan or the rules cannot be meant.
pub(super) fn create(
    tx: &mut Tx<'_>,
    new: &NewCampaign<'_>,
    wanted: &FlashSaleRules,
) -> Result<CampaignId, FlashSaleError> {
    let campaign = campaign::create(tx, new)?;
    write_rules(tx, campaign, wanted)?;
    Ok(campaign)
}

/// Writes the rules of a draft anew.
///
/// # Errors
/// 422 when they cannot be meant; 409 when the campaign is no draft; 404 when it is no flash sale.
pub(super) fn change_rules(
    tx: &mut Tx<'_>,
    campaign: CampaignId,
    wanted: &FlashSaleRules,
    (staff, origin): (StaffId, &Origin),
) -> Result<(), FlashSaleError> {
    let before = rules_of(&written(tx, campaign)?);
    let change = RulesChange {
        campaign,
        kind: CampaignKind::FlashSale,
        staff,
        origin,
        before: json!(before),
        after: json!(wanted),
    };
    campaign::change_rules(tx, &change)?;
    store::delete(tx, campaign)?;
    write_rules(tx, campaign, wanted)
}

fn write_rules(tx: &mut Tx<'_>, campaign: CampaignId, wanted: &FlashSaleRules) -> Result<(), FlashSaleError> {
    rules::valid(wanted)?;
    let skus: Vec<SkuId> = wanted.slots.iter().flat_map(|slot| &slot.items).map(|item| item.sku_id).collect();
    require_skus(tx, &skus)?;
    let (mut slots, mut items) = (Vec::new(), Vec::new());
    for slot in &wanted.slots {
        let slot_id = SlotId::new(tx.next_id());
        slots.push(Slot { id: slot_id, campaign_id: campaign, starts_at: slot.starts_at, ends_at: slot.ends_at });
        for (item, position) in slot.items.iter().zip(0..) {
            items.push(Item {
                id: ItemId::new(tx.next_id()),
                slot_id,
                sku_id: item.sku_id,
                position,
                price: item.price_fen,
                quota: item.quota,
                taken: 0,
                per_user_limit: item.per_user_limit,
            });
        }
    }
    let sale = FlashSale { campaign_id: campaign, coupons_allowed: wanted.coupons_allowed };
    Ok(store::insert(tx, &sale, &slots, &items)?)
}

/// The rules as staff wrote them.
fn rules_of(written: &Written) -> FlashSaleRules {
    let item = |item: &Item| ItemRules {
        sku_id: item.sku_id,
        price_fen: item.price,
        quota: item.quota,
        per_user_limit: item.per_user_limit,
    };
    let slot = |(slot, items): &(Slot, Vec<Item>)| SlotRules {
        starts_at: slot.starts_at,
        ends_at: slot.ends_at,
        items: items.iter().map(item).collect(),
    };
    let slots = written.slots.iter().map(slot).collect();
    FlashSaleRules { coupons_allowed: written.sale.coupons_allowed, slots }
}

fn require_skus(tx: &mut Tx<'_>, skus: &[SkuId]) -> Result<(), FlashSaleError> {
    let known = catalog::sku_facts(tx, skus)?;
    let unknown: Vec<&SkuId> = skus.iter().filter(|sku| !known.iter().any(|facts| facts.sku_id == **sku)).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    Err(FlashSaleError::InvalidRules(json!({ "field": "slots.items.sku_id", "sku_ids": unknown })))
}

/// A flash sale as staff wrote it, with what was taken so far.
#[derive(Clone, Debug)]
pub(super) struct Written {
    pub(super) sale: FlashSale,
    pub(super) slots: Vec<(Slot, Vec<Item>)>,
}

/// A flash sale as staff wrote it.
///
/// # Errors
/// 404 when there is none.
pub(super) fn written(tx: &mut Tx<'_>, campaign: CampaignId) -> Result<Written, FlashSaleError> {
    let sale = store::sale(tx, campaign)?.ok_or(FlashSaleError::NotFound)?;
    let slots = store::slots_of(tx, &[campaign])?;
    let ids: Vec<SlotId> = slots.iter().map(|slot| slot.id).collect();
    let items = store::items_of(tx, &ids)?;
    let with_items = |slot: Slot| {
        let own = items.iter().filter(|item| item.slot_id == slot.id).copied().collect();
        (slot, own)
    };
    Ok(Written { sale, slots: slots.into_iter().map(with_items).collect() })
}

/// What keeps a flash sale from starting: no rules, a slot outside the campaign's window, a price that is not lower.
pub(super) fn problems(tx: &mut Tx<'_>, campaign: CampaignId) -> DbResult<Vec<Problem>> {
    let slots = store::slots_of(tx, &[campaign])?;
    if slots.is_empty() {
        return Ok(vec![problem("flash_sale.no_slots", "The flash sale has no slots.")]);
    }
    let mut problems = Vec::new();
    if let Ok(facts) = campaign::facts(tx, campaign) {
        let outside = |slot: &&Slot| slot.starts_at < facts.starts_at || slot.ends_at > facts.ends_at;
        problems.extend(slots.iter().filter(outside).map(|slot| {
            let message = format!("The slot at {} lies outside the campaign's window.", slot.starts_at);
            problem("flash_sale.slot_outside_window", message)
        }));
    }
    let ids: Vec<SlotId> = slots.iter().map(|slot| slot.id).collect();
    let items = store::items_of(tx, &ids)?;
    let skus: Vec<SkuId> = items.iter().map(|item| item.sku_id).collect();
    let facts = catalog::sku_facts(tx, &skus)?;
    problems.extend(items.iter().filter_map(|item| problem_of(item, &facts)));
    Ok(problems)
}

fn problem(code: &'static str, message: impl Into<String>) -> Problem {
    Problem { code, message: message.into() }
}

fn problem_of(item: &Item, facts: &[SkuFacts]) -> Option<Problem> {
    let sku = facts.iter().find(|sku| sku.sku_id == item.sku_id)?;
    if sku.unavailable.is_some() {
        let message = format!("SKU {} ({}) is not on sale.", sku.sku_id, sku.title);
        return Some(problem("flash_sale.sku_not_on_sale", message));
    }
    (item.price >= sku.price).then(|| {
        let message = format!("The price of SKU {} ({}) is not below its usual one.", sku.sku_id, sku.title);
        problem("flash_sale.price_not_lower", message)
    })
}

/// What every item sold, for the campaign's report.
pub(super) fn figures(tx: &mut Tx<'_>, campaign: CampaignId) -> DbResult<Value> {
    let items: Vec<Value> = store::sold(tx, campaign)?
        .into_iter()
        .map(|row| {
            json!({
                "item_id": row.item_id, "sku_id": row.sku_id, "quota": row.quota, "taken": row.taken,
                "sold": row.sold, "buyers": row.buyers, "given_away_fen": row.given_away_fen,
            })
        })
        .collect();
    Ok(json!({ "items": items }))
}

/// What orders took of a flash sale, newest first.
///
/// # Errors
/// 404 when there is no such flash sale.
pub(super) fn takings(
    tx: &mut Tx<'_>,
    campaign: CampaignId,
    before: Option<Cursor>,
    limit: i64,
) -> Result<Page<Taking>, FlashSaleError> {
    let items: Vec<ItemId> =
        written(tx, campaign)?.slots.into_iter().flat_map(|(_, items)| items).map(|item| item.id).collect();
    let rows = store::takings(tx, &items, before, limit)?;
    Ok(Page::cut(rows, limit, |taking| Cursor { key: taking.order_id.get(), id: taking.item_id.get() }))
}

/// Everybody who took part in a flash sale, the newest first, as a table; written down.
///
/// # Errors
/// 404 when there is no such flash sale; 422 when there are too many.
pub(super) fn export(
    tx: &mut Tx<'_>,
    campaign: CampaignId,
    (staff, origin): (StaffId, &Origin),
) -> Result<Table, FlashSaleError> {
    let takings = takings(tx, campaign, None, MAX_EXPORTED)?;
    if takings.next_cursor.is_some() {
        return Err(FlashSaleError::ExportTooLarge);
    }
    campaign::note_export(tx, campaign, (staff, origin), ("takings", takings.items.len()))?;
    let heads = ["order_id", "item_id", "user_id", "quantity", "discount_yuan", "state", "at"];
    let row = |taking: &Taking| {
        [
            taking.order_id.to_string(),
            taking.item_id.to_string(),
            taking.user_id.to_string(),
            taking.quantity.to_string(),
            taking.discount.to_yuan(),
            taking.state.to_string(),
            taking.at.to_string(),
        ]
    };
    Ok(Table::of(heads, takings.items.iter().map(row))?)
}
