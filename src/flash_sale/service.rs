//! What can be done with flash sales. Every change takes the caller's transaction.

use std::collections::{BTreeMap, HashMap};

use serde_json::json;

use super::error::FlashSaleError;
use super::events::{self, ReminderFacts};
use super::model::{
    FlashSale, Item, ItemId, KIND, REMIND_BEFORE_MS, Reminder, ReminderId, Slot, SlotId, Taking, TakingState,
};
use super::rules::{self, Phase};
use super::store;
use crate::campaign::{self, Action, CampaignFacts, CampaignKind, CampaignOrder, CampaignState, Grant, Viewer};
use crate::catalog::SkuId;
use crate::kernel::id::{CampaignId, OrderId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::time::DAY_MS;
use crate::order;
use crate::platform::db::{DbError, DbResult, Tx};
use crate::pricing::{PlacedOrder, PricingError};
use crate::share;

/// How far back a share counts as what brought a buyer, in milliseconds: seven days.
const TOUCH_MS: i64 = 7 * DAY_MS;

/// Who looks or buys, as campaigns judge them.
///
/// # Errors
/// When the database fails.
pub(super) fn viewer(tx: &mut Tx<'_>, user: Option<UserId>) -> DbResult<Viewer> {
    let newcomer = match user {
        Some(user) => order::is_newcomer(tx, user)?,
        None => true,
    };
    Ok(Viewer { user, newcomer })
}

/// An item that somebody claims, with all that its price depends on.
#[derive(Clone, Debug)]
pub(super) struct Claimed {
    pub(super) item: Item,
    pub(super) sale: FlashSale,
    pub(super) campaign: CampaignFacts,
    pub(super) newcomer: bool,
}

/// Looks whether `user` may have an item now, as many pieces as `quantity_of` says are bought of its SKU.
///
/// # Errors
/// Why not; or the database.
pub(super) fn claim(
    tx: &mut Tx<'_>,
    id: ItemId,
    user: UserId,
    quantity_of: impl Fn(SkuId) -> Option<i64>,
) -> Result<Claimed, FlashSaleError> {
    let (item, slot) = store::item(tx, id)?.ok_or(FlashSaleError::NotFound)?;
    let quantity = quantity_of(item.sku_id).ok_or_else(|| FlashSaleError::NotInBasket(json!({ "item_id": id })))?;
    let viewer = viewer(tx, Some(user))?;
    let campaign = campaign::open_for(tx, slot.campaign_id, CampaignKind::FlashSale, &viewer)?;
    let sale = store::sale(tx, slot.campaign_id)?.ok_or(FlashSaleError::NotFound)?;
    let bought = store::bought(tx, id, user)?;
    rules::may_take(&slot, &item, bought, quantity, tx.now())?;
    Ok(Claimed { item, sale, campaign, newcomer: viewer.newcomer })
}

/// Sets aside the pieces of these items that an order promises: quotas, the buyer's limits and the budget, or nothing.
/// Rows that many buyers want are taken in the order of their ids, so that orders never wait for each other in a circle.
///
/// # Errors
/// Why not; the transaction must then be given up.
pub(super) fn take(tx: &mut Tx<'_>, order: &PlacedOrder<'_>, mut items: Vec<ItemId>) -> Result<(), FlashSaleError> {
    items.sort_unstable();
    items.dedup();
    let mut taken: BTreeMap<CampaignId, Vec<Taking>> = BTreeMap::new();
    let mut newcomer = false;
    for id in items {
        let line_of = |sku: SkuId| order.lines.iter().find(|line| line.sku_id == sku);
        let claimed = claim(tx, id, order.user_id, |sku| line_of(sku).map(|line| line.quantity))?;
        let line = line_of(claimed.item.sku_id).ok_or(FlashSaleError::NotFound)?;
        let discount = rules::discount(line.unit_price, claimed.item.price, line.quantity);
        let taking = Taking {
            order_id: order.order_id,
            item_id: id,
            user_id: order.user_id,
            quantity: line.quantity,
            discount: discount.ok_or(PricingError::AmountTooLarge)?,
            state: TakingState::Held,
            at: tx.now(),
        };
        take_one(tx, &claimed.item, &taking)?;
        newcomer = claimed.newcomer;
        taken.entry(claimed.campaign.id).or_default().push(taking);
    }
    for (campaign, takings) in taken {
        tell_campaign(tx, campaign, &takings, newcomer, order.total)?;
    }
    Ok(())
}

fn take_one(tx: &mut Tx<'_>, item: &Item, taking: &Taking) -> Result<(), FlashSaleError> {
    store::insert_taking(tx, taking)?;
    if !store::count_buyer(tx, item, taking.user_id, taking.quantity)? {
        return Err(rules::limit_reached(item, store::bought(tx, item.id, taking.user_id)?));
    }
    if !store::take(tx, item.id, taking.quantity)? {
        let (now, _) = store::item(tx, item.id)?.ok_or(FlashSaleError::NotFound)?;
        return Err(rules::sold_out(&now));
    }
    Ok(())
}

/// Who brought the buyer and what it costs goes to the campaign's books; its contended counters come last.
fn tell_campaign(
    tx: &mut Tx<'_>,
    campaign: CampaignId,
    takings: &[Taking],
    newcomer: bool,
    total: Fen,
) -> Result<(), FlashSaleError> {
    let Some(first) = takings.first() else { return Ok(()) };
    let (user, order_id) = (first.user_id, first.order_id);
    let cost = Fen::sum(takings.iter().map(|taking| taking.discount)).ok_or(PricingError::AmountTooLarge)?;
    let since = tx.now().plus_millis(-TOUCH_MS);
    let touch = share::last_touch(tx, user, since)?;
    let inviter = touch.as_ref().map(|touch| touch.sharer);
    let channel = touch.map(|touch| touch.channel);
    campaign::attribute(tx, &CampaignOrder { campaign, order_id, user, newcomer, channel, inviter, cost, total })?;
    let what = "buy";
    let action = Action { campaign, user, what, newcomer, device: None, network: None, inviter, amount: cost };
    campaign::note(tx, &action)?;
    for taking in takings {
        events::record(tx, events::TAKEN, campaign, taking)?;
        let reference = reference(order_id, taking.item_id);
        campaign::spend(tx, &Grant { campaign, reference: &reference, amount: taking.discount })?;
    }
    Ok(())
}

/// Under which name the budget remembers what an order was given.
fn reference(order: OrderId, item: ItemId) -> String {
    format!("order:{order}:{item}")
}

/// The order was paid: what it took is sold.
pub(super) fn sell(tx: &mut Tx<'_>, order: OrderId) -> DbResult<()> {
    for taking in store::move_takings(tx, order, TakingState::Held, TakingState::Sold)? {
        let campaign = campaign_of(tx, taking.item_id)?;
        events::record(tx, events::SOLD, campaign, &taking)?;
    }
    Ok(())
}

/// The order was closed or refunded: what it took goes back, once.
pub(super) fn give_back(tx: &mut Tx<'_>, order: OrderId, from: TakingState) -> DbResult<()> {
    for taking in store::move_takings(tx, order, from, TakingState::GivenBack)? {
        let campaign = campaign_of(tx, taking.item_id)?;
        store::uncount_buyer(tx, taking.item_id, taking.user_id, taking.quantity)?;
        store::untake(tx, taking.item_id, taking.quantity)?;
        campaign::give_back(tx, campaign, &reference(order, taking.item_id), None)?;
        events::record(tx, events::GIVEN_BACK, campaign, &taking)?;
    }
    Ok(())
}

fn campaign_of(tx: &mut Tx<'_>, item: ItemId) -> DbResult<CampaignId> {
    let found = store::item(tx, item)?;
    found.map(|(_, slot)| slot.campaign_id).ok_or_else(|| DbError::Defect(format!("{KIND} item {item} is gone")))
}

/// A slot with what is sold in it.
#[derive(Clone, Debug)]
pub(super) struct SlotPage {
    pub(super) slot: Slot,
    pub(super) campaign: CampaignFacts,
    pub(super) items: Vec<Item>,
    pub(super) reminded: bool,
    /// How many pieces of each item this viewer has.
    pub(super) bought: HashMap<ItemId, i64>,
}

/// The slots that are open or still to come, of all flash sales this viewer may see, earliest first.
pub(super) fn slots_for(tx: &mut Tx<'_>, user: Option<UserId>) -> DbResult<Vec<SlotPage>> {
    let viewer = viewer(tx, user)?;
    let now = tx.now();
    let running = campaign::running(tx, CampaignKind::FlashSale, 50)?;
    let mut open: Vec<CampaignFacts> = Vec::new();
    for facts in running {
        if campaign::hindrance(tx, &facts, &viewer)?.is_none() {
            open.push(facts);
        }
    }
    let ids: Vec<CampaignId> = open.iter().map(|facts| facts.id).collect();
    let slots: Vec<Slot> =
        store::slots_of(tx, &ids)?.into_iter().filter(|slot| rules::phase(slot, now) != Phase::Over).collect();
    pages(tx, slots, &open, user)
}

/// One slot, as this viewer sees it.
pub(super) fn slot_for(tx: &mut Tx<'_>, id: SlotId, user: Option<UserId>) -> Result<SlotPage, FlashSaleError> {
    let slot = store::slot(tx, id)?.ok_or(FlashSaleError::NotFound)?;
    let viewer = viewer(tx, user)?;
    let facts = campaign::open_for(tx, slot.campaign_id, CampaignKind::FlashSale, &viewer)?;
    pages(tx, vec![slot], &[facts], user)?.pop().ok_or(FlashSaleError::NotFound)
}

fn pages(
    tx: &mut Tx<'_>,
    slots: Vec<Slot>,
    campaigns: &[CampaignFacts],
    user: Option<UserId>,
) -> DbResult<Vec<SlotPage>> {
    let slot_ids: Vec<SlotId> = slots.iter().map(|slot| slot.id).collect();
    let items = store::items_of(tx, &slot_ids)?;
    let item_ids: Vec<ItemId> = items.iter().map(|item| item.id).collect();
    let (reminded, bought) = match user {
        Some(user) => (store::reminded_of(tx, &slot_ids, user)?, store::bought_of(tx, &item_ids, user)?),
        None => (Vec::new(), Vec::new()),
    };
    let page = |slot: Slot| {
        let campaign = campaigns.iter().find(|facts| facts.id == slot.campaign_id)?.clone();
        let items: Vec<Item> = items.iter().filter(|item| item.slot_id == slot.id).copied().collect();
        let own = |(id, _): &&(ItemId, i64)| items.iter().any(|item| item.id == *id);
        let bought = bought.iter().filter(own).copied().collect();
        Some(SlotPage { reminded: reminded.contains(&slot.id), slot, campaign, items, bought })
    };
    Ok(slots.into_iter().filter_map(page).collect())
}

/// Remembers that somebody wants to be told before a slot starts. Asking twice is asking once.
///
/// # Errors
/// 404 for a slot this person may not see; 409 when it has started.
pub(super) fn ask_reminder(tx: &mut Tx<'_>, id: SlotId, user: UserId) -> Result<(), FlashSaleError> {
    let page = slot_for(tx, id, Some(user))?;
    let now = tx.now();
    match rules::phase(&page.slot, now) {
        Phase::Coming => {}
        Phase::Open | Phase::Over => return Err(FlashSaleError::AlreadyStarted),
    }
    let remind_at = page.slot.starts_at.plus_millis(-REMIND_BEFORE_MS);
    let reminder = Reminder { id: ReminderId::new(tx.next_id()), slot_id: id, user_id: user, remind_at, told_at: None };
    if store::insert_reminder(tx, &reminder)? {
        let facts = ReminderFacts { campaign_id: page.campaign.id, slot_id: id, user_id: user };
        events::record_reminder(tx, events::REMINDER_ASKED, &facts)?;
    }
    Ok(())
}

/// Forgets such a wish.
pub(super) fn cancel_reminder(tx: &mut Tx<'_>, id: SlotId, user: UserId) -> DbResult<()> {
    store::delete_reminder(tx, id, user)
}

/// It is time to tell somebody: records so, once. A slot whose campaign does not run is told of to nobody.
pub(super) fn tell(tx: &mut Tx<'_>, id: ReminderId) -> DbResult<()> {
    let now = tx.now();
    let Some(reminder) = store::tell_reminder(tx, id, now)? else { return Ok(()) };
    let Some(slot) = store::slot(tx, reminder.slot_id)? else { return Ok(()) };
    let running = match campaign::facts(tx, slot.campaign_id) {
        Ok(facts) => facts.state == CampaignState::Running,
        Err(error) => return Err(campaign_failure(error)),
    };
    if !running {
        return Ok(());
    }
    let facts = ReminderFacts { campaign_id: slot.campaign_id, slot_id: slot.id, user_id: reminder.user_id };
    events::record_reminder(tx, events::REMINDER_DUE, &facts)
}

fn campaign_failure(error: campaign::CampaignError) -> DbError {
    DbError::Defect(format!("a flash sale without its campaign: {error}"))
}

/// Every place where quotas, buyers' counts and what orders took disagree.
///
/// # Errors
/// When the database fails.
pub fn differences(tx: &mut Tx<'_>) -> DbResult<Vec<String>> {
    store::differences(tx)
}
