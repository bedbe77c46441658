//! The tables of flash sales: `flash_sales`, `flash_sale_slots`, `flash_sale_items`, `flash_sale_buyers`,
//! `flash_sale_takings`, `flash_sale_reminders`.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use super::model::{FlashSale, Item, ItemId, Reminder, ReminderId, Slot, SlotId, Taking, TakingState};
use crate::catalog::SkuId;
use crate::kernel::id::{CampaignId, OrderId, UserId};
use crate::kernel::page::Cursor;
use crate::kernel::time::Timestamp;
use crate::on_backend;
use crate::platform::db::dialect::Prepared;
use crate::platform::db::schema::{
    flash_sale_buyers, flash_sale_items, flash_sale_reminders, flash_sale_slots, flash_sale_takings, flash_sales,
};
use crate::platform::db::{DbResult, Tx, columns};

#[derive(Insertable)]
#[diesel(table_name = flash_sale_buyers, treat_none_as_default_value = false)]
struct BuyerRow {
    item_id: ItemId,
    user_id: UserId,
    quantity: i64,
    per_user_limit: i64,
}

/// Writes a flash sale with its slots and items.
pub(super) fn insert(tx: &mut Tx<'_>, sale: &FlashSale, slots: &[Slot], items: &[Item]) -> DbResult<()> {
    diesel::insert_into(flash_sales::table).values(sale).execute(tx.conn()?)?;
    on_backend!(tx.conn()?, conn => diesel::insert_into(flash_sale_slots::table).values(slots).execute(conn))?;
    on_backend!(tx.conn()?, conn => diesel::insert_into(flash_sale_items::table).values(items).execute(conn))?;
    Ok(())
}

/// Takes the rules of a draft away, of which nobody can have bought anything yet.
pub(super) fn delete(tx: &mut Tx<'_>, campaign: CampaignId) -> DbResult<()> {
    let slots = slots_of(tx, &[campaign])?.into_iter().map(|slot| slot.id).collect::<Vec<_>>();
    diesel::delete(flash_sale_items::table.filter(flash_sale_items::slot_id.eq_any(slots))).execute(tx.conn()?)?;
    diesel::delete(flash_sale_slots::table.filter(flash_sale_slots::campaign_id.eq(campaign))).execute(tx.conn()?)?;
    diesel::delete(flash_sales::table.find(campaign)).execute(tx.conn()?)?;
    Ok(())
}

/// A flash sale.
pub(super) fn sale(tx: &mut Tx<'_>, campaign: CampaignId) -> DbResult<Option<FlashSale>> {
    let query = flash_sales::table.find(campaign).select(columns::<FlashSale>());
    Ok(query.first(tx.conn()?).optional()?)
}

/// The slots of these flash sales, by their start.
pub(super) fn slots_of(tx: &mut Tx<'_>, campaigns: &[CampaignId]) -> DbResult<Vec<Slot>> {
    Ok(flash_sale_slots::table
        .filter(flash_sale_slots::campaign_id.eq_any(campaigns.to_vec()))
        .order((flash_sale_slots::starts_at, flash_sale_slots::id))
        .select(columns::<Slot>())
        .load(tx.conn()?)?)
}

/// One slot.
pub(super) fn slot(tx: &mut Tx<'_>, id: SlotId) -> DbResult<Option<Slot>> {
    let query = flash_sale_slots::table.find(id).select(columns::<Slot>());
    Ok(query.first(tx.conn()?).optional()?)
}

/// What is sold in these slots, in its order.
pub(super) fn items_of(tx: &mut Tx<'_>, slots: &[SlotId]) -> DbResult<Vec<Item>> {
    Ok(flash_sale_items::table
        .filter(flash_sale_items::slot_id.eq_any(slots.to_vec()))
        .order((flash_sale_items::slot_id, flash_sale_items::position))
        .select(columns::<Item>())
        .load(tx.conn()?)?)
}

/// One item with its slot.
pub(super) fn item(tx: &mut Tx<'_>, id: ItemId) -> DbResult<Option<(Item, Slot)>> {
    let query = flash_sale_items::table
        .inner_join(flash_sale_slots::table)
        .filter(flash_sale_items::id.eq(id))
        .select((columns::<Item>(), columns::<Slot>()));
    Ok(query.first(tx.conn()?).optional()?)
}

/// How many pieces of an item a buyer has.
pub(super) fn bought(tx: &mut Tx<'_>, item: ItemId, user: UserId) -> DbResult<i64> {
    let query = flash_sale_buyers::table.find((item, user)).select(flash_sale_buyers::quantity);
    Ok(query.first(tx.conn()?).optional()?.unwrap_or(0))
}

/// How many pieces of each of these items a buyer has; those without any are absent.
pub(super) fn bought_of(tx: &mut Tx<'_>, items: &[ItemId], user: UserId) -> DbResult<Vec<(ItemId, i64)>> {
    Ok(flash_sale_buyers::table
        .filter(flash_sale_buyers::user_id.eq(user).and(flash_sale_buyers::item_id.eq_any(items.to_vec())))
        .select((flash_sale_buyers::item_id, flash_sale_buyers::quantity))
        .load(tx.conn()?)?)
}

/// Adds pieces to what a buyer has, within the limit; false when it would be passed.
pub(super) fn count_buyer(tx: &mut Tx<'_>, item: &Item, user: UserId, quantity: i64) -> DbResult<bool> {
    let row = BuyerRow { item_id: item.id, user_id: user, quantity: 0, per_user_limit: item.per_user_limit };
    on_backend!(tx.conn()?, conn => {
        diesel::insert_into(flash_sale_buyers::table).values(&row).on_conflict_do_nothing().execute(conn)
    })?;
    let after = flash_sale_buyers::quantity + quantity;
    let update = diesel::update(flash_sale_buyers::table.find((item.id, user)))
        .filter(after.le(flash_sale_buyers::per_user_limit))
        .set(flash_sale_buyers::quantity.eq(after));
    Ok(Prepared(update).execute(tx.conn()?)? == 1)
}

/// Takes pieces off what a buyer has.
pub(super) fn uncount_buyer(tx: &mut Tx<'_>, item: ItemId, user: UserId, quantity: i64) -> DbResult<()> {
    let update = diesel::update(flash_sale_buyers::table.find((item, user)))
        .set(flash_sale_buyers::quantity.eq(flash_sale_buyers::quantity - quantity));
    Prepared(update).execute(tx.conn()?)?;
    Ok(())
}

/// Takes pieces from an item's quota; false when too few are left.
pub(super) fn take(tx: &mut Tx<'_>, item: ItemId, quantity: i64) -> DbResult<bool> {
    let after = flash_sale_items::taken + quantity;
    let update = diesel::update(flash_sale_items::table.find(item))
        .filter(after.le(flash_sale_items::quota))
        .set(flash_sale_items::taken.eq(after));
    Ok(Prepared(update).execute(tx.conn()?)? == 1)
}

/// Gives pieces back to an item's quota.
pub(super) fn untake(tx: &mut Tx<'_>, item: ItemId, quantity: i64) -> DbResult<()> {
    let update = diesel::update(flash_sale_items::table.find(item))
        .set(flash_sale_items::taken.eq(flash_sale_items::taken - quantity));
    Prepared(update).execute(tx.conn()?)?;
    Ok(())
}

/// Writes what an order took.
pub(super) fn insert_taking(tx: &mut Tx<'_>, taking: &Taking) -> DbResult<()> {
    Prepared(diesel::insert_into(flash_sale_takings::table).values(taking)).execute(tx.conn()?)?;
    Ok(())
}

/// Moves what an order took from one state to another; answers what moved, by item.
pub(super) fn move_takings(
    tx: &mut Tx<'_>,
    order: OrderId,
    from: TakingState,
    to: TakingState,
) -> DbResult<Vec<Taking>> {
    let update = diesel::update(flash_sale_takings::table)
        .filter(flash_sale_takings::order_id.eq(order).and(flash_sale_takings::state.eq(from)))
        .set(flash_sale_takings::state.eq(to))
        .returning(columns::<Taking>());
    let mut moved: Vec<Taking> = Prepared(update).load(tx.conn()?)?;
    moved.sort_by_key(|taking| taking.item_id);
    Ok(moved)
}

/// What orders took of these items, newest order first, one more than `limit`.
pub(super) fn takings(tx: &mut Tx<'_>, items: &[ItemId], before: Option<Cursor>, limit: i64) -> DbResult<Vec<Taking>> {
    let (order, item) = before.map_or((i64::MAX, i64::MAX), |cursor| (cursor.key, cursor.id));
    let (order, item) = (OrderId::new(order), ItemId::new(item));
    let earlier = flash_sale_takings::order_id
        .lt(order)
        .or(flash_sale_takings::order_id.eq(order).and(flash_sale_takings::item_id.lt(item)));
    Ok(flash_sale_takings::table
        .filter(flash_sale_takings::item_id.eq_any(items.to_vec()).and(earlier))
        .order((flash_sale_takings::order_id.desc(), flash_sale_takings::item_id.desc()))
        .limit(limit.saturating_add(1))
        .select(columns::<Taking>())
        .load(tx.conn()?)?)
}

/// Remembers that somebody wants to be told; once is enough.
pub(super) fn insert_reminder(tx: &mut Tx<'_>, reminder: &Reminder) -> DbResult<bool> {
    let rows = on_backend!(tx.conn()?, conn => {
        diesel::insert_into(flash_sale_reminders::table).values(reminder).on_conflict_do_nothing().execute(conn)
    })?;
    Ok(rows == 1)
}

/// Forgets it again, unless it was told.
pub(super) fn delete_reminder(tx: &mut Tx<'_>, slot: SlotId, user: UserId) -> DbResult<()> {
    let wish = flash_sale_reminders::slot_id
        .eq(slot)
        .and(flash_sale_reminders::user_id.eq(user))
        .and(flash_sale_reminders::told_at.is_null());
    diesel::delete(flash_sale_reminders::table.filter(wish)).execute(tx.conn()?)?;
    Ok(())
}

/// Of which of these slots this person wants to be told.
pub(super) fn reminded_of(tx: &mut Tx<'_>, slots: &[SlotId], user: UserId) -> DbResult<Vec<SlotId>> {
    Ok(flash_sale_reminders::table
        .filter(flash_sale_reminders::user_id.eq(user).and(flash_sale_reminders::slot_id.eq_any(slots.to_vec())))
        .select(flash_sale_reminders::slot_id)
        .load(tx.conn()?)?)
}

/// Wishes whose time has come, earliest first.
pub(super) fn due_reminders(tx: &mut Tx<'_>, now: Timestamp, limit: i64) -> DbResult<Vec<ReminderId>> {
    Ok(flash_sale_reminders::table
        .filter(flash_sale_reminders::told_at.is_null().and(flash_sale_reminders::remind_at.le(now)))
        .order(flash_sale_reminders::remind_at)
        .limit(limit)
        .select(flash_sale_reminders::id)
        .load(tx.conn()?)?)
}

/// Marks a wish as told; `None` when it was, or is gone.
pub(super) fn tell_reminder(tx: &mut Tx<'_>, id: ReminderId, now: Timestamp) -> DbResult<Option<Reminder>> {
    let update = diesel::update(flash_sale_reminders::table.find(id))
        .filter(flash_sale_reminders::told_at.is_null())
        .set(flash_sale_reminders::told_at.eq(now))
        .returning(columns::<Reminder>());
    Ok(update.get_result(tx.conn()?).optional()?)
}

/// How many people want to be told of a slot.
pub(super) fn count_reminders(tx: &mut Tx<'_>, slot: SlotId) -> DbResult<i64> {
    Ok(flash_sale_reminders::table.filter(flash_sale_reminders::slot_id.eq(slot)).count().get_result(tx.conn()?)?)
}

/// What one item sold.
#[derive(QueryableByName, Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SoldRow {
    #[diesel(sql_type = BigInt)]
    pub(super) item_id: ItemId,
    #[diesel(sql_type = BigInt)]
    pub(super) sku_id: SkuId,
    #[diesel(sql_type = BigInt)]
    pub(super) quota: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) taken: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) sold: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) buyers: i64,
    #[diesel(sql_type = BigInt)]
    pub(super) given_away_fen: i64,
}

/// What every item of a flash sale sold.
pub(super) fn sold(tx: &mut Tx<'_>, campaign: CampaignId) -> DbResult<Vec<SoldRow>> {
    const SQL: &str = "
        SELECT i.id AS item_id, i.sku_id, i.quota, i.taken,
               CAST(COALESCE(SUM(CASE WHEN t.state = 'sold' THEN t.quantity ELSE 0 END), 0) AS BIGINT) AS sold,
               COUNT(DISTINCT CASE WHEN t.state = 'sold' THEN t.user_id END) AS buyers,
               CAST(COALESCE(SUM(CASE WHEN t.state = 'sold' THEN t.discount_fen ELSE 0 END), 0) AS BIGINT)
                   AS given_away_fen
        FROM flash_sale_slots s
        JOIN flash_sale_items i ON i.slot_id = s.id
        LEFT JOIN flash_sale_takings t ON t.item_id = i.id
        WHERE s.campaign_id = $1
        GROUP BY i.id, i.sku_id, i.quota, i.taken, s.starts_at, i.position
        ORDER BY s.starts_at, i.position";
    Ok(diesel::sql_query(SQL).bind::<BigInt, _>(campaign).load(tx.conn()?)?)
}

#[derive(QueryableByName)]
struct DifferenceRow {
    #[diesel(sql_type = Text)]
    rule: String,
    #[diesel(sql_type = BigInt)]
    item_id: ItemId,
    #[diesel(sql_type = BigInt)]
    recorded: i64,
    #[diesel(sql_type = BigInt)]
    counted: i64,
}

/// Every place where quotas, buyers' counts and what orders took disagree, at most a thousand.
pub(super) fn differences(tx: &mut Tx<'_>) -> DbResult<Vec<String>> {
    const SQL: &str = "
        WITH live AS (
            SELECT item_id, user_id, CAST(SUM(quantity) AS BIGINT) AS quantity
            FROM flash_sale_takings WHERE state <> 'given_back' GROUP BY item_id, user_id
        )
        SELECT rule, item_id, recorded, counted FROM (
            SELECT 'taken = pieces of live takings' AS rule, i.id AS item_id, i.taken AS recorded,
                   CAST(COALESCE((SELECT SUM(l.quantity) FROM live l WHERE l.item_id = i.id), 0) AS BIGINT) AS counted
            FROM flash_sale_items i
            UNION ALL
            SELECT 'a buyer has what orders took', b.item_id, b.quantity, COALESCE(l.quantity, 0)
            FROM flash_sale_buyers b LEFT JOIN live l ON l.item_id = b.item_id AND l.user_id = b.user_id
        ) AS checks
        WHERE recorded <> counted ORDER BY item_id, rule LIMIT 1000";
    let rows: Vec<DifferenceRow> = diesel::sql_query(SQL).load(tx.conn()?)?;
    let tell = |row: DifferenceRow| {
        format!("flash sale item {}: {}: {} against {}", row.item_id, row.rule, row.recorded, row.counted)
    };
    Ok(rows.into_iter().map(tell).collect())
}
