//! Live prices, what orders took at them, and which lines of orders came from rooms.

use diesel::prelude::*;

use crate::catalog::SkuId;
use crate::kernel::id::{OrderId, UserId};
use crate::live::model::{LineState, Price, PriceId, RoomId, RoomLine, Taking, TakingState};
use crate::on_backend;
use crate::platform::db::dialect::Prepared;
use crate::platform::db::schema::{live_order_lines, live_price_buyers, live_price_takings, live_prices};
use crate::platform::db::{DbResult, Tx, columns};

#[derive(Insertable)]
#[diesel(table_name = live_price_buyers, treat_none_as_default_value = false)]
struct BuyerRow {
    price_id: PriceId,
    user_id: UserId,
    quantity: i64,
    per_user_limit: i64,
}

/// Writes a price; false when the SKU has one in the room.
pub(in crate::live) fn insert(tx: &mut Tx<'_>, price: &Price) -> DbResult<bool> {
    let rows = on_backend!(tx.conn()?, conn => {
        diesel::insert_into(live_prices::table).values(price).on_conflict_do_nothing().execute(conn)
    })?;
    Ok(rows == 1)
}

/// A price.
pub(in crate::live) fn price(tx: &mut Tx<'_>, id: PriceId) -> DbResult<Option<Price>> {
    let query = live_prices::table.find(id).select(columns::<Price>());
    Ok(Prepared(query).load(tx.conn()?)?.pop())
}

/// The prices of a room, in the order they were made; those taken back only when asked for.
pub(in crate::live) fn of_room(tx: &mut Tx<'_>, room: RoomId, withdrawn_too: bool) -> DbResult<Vec<Price>> {
    let mut prices: Vec<Price> = live_prices::table
        .filter(live_prices::room_id.eq(room))
        .order(live_prices::id)
        .select(columns::<Price>())
        .load(tx.conn()?)?;
    prices.retain(|price| withdrawn_too || price.withdrawn_at.is_none());
    Ok(prices)
}

/// Takes a price back; false when it was.
pub(in crate::live) fn withdraw(tx: &mut Tx<'_>, id: PriceId) -> DbResult<bool> {
    let now = tx.now();
    let update = diesel::update(live_prices::table.find(id))
        .filter(live_prices::withdrawn_at.is_null())
        .set(live_prices::withdrawn_at.eq(now));
    Ok(update.execute(tx.conn()?)? == 1)
}

/// Changes a price's terms, as long as no more was taken than the new quota; false otherwise.
pub(in crate::live) fn rewrite(tx: &mut Tx<'_>, price: &Price) -> DbResult<bool> {
    let update = diesel::update(live_prices::table.find(price.id))
        .filter(live_prices::withdrawn_at.is_null().and(live_prices::taken.le(price.quota)))
        .set((
            live_prices::price_fen.eq(price.price),
            live_prices::quota.eq(price.quota),
            live_prices::per_user_limit.eq(price.per_user_limit),
            live_prices::coupons_allowed.eq(price.coupons_allowed),
            live_prices::starts_at.eq(price.starts_at),
            live_prices::ends_at.eq(price.ends_at),
        ));
    Ok(update.execute(tx.conn()?)? == 1)
}

/// How many pieces a buyer has at a price.
pub(in crate::live) fn bought(tx: &mut Tx<'_>, price: PriceId, user: UserId) -> DbResult<i64> {
    let query = live_price_buyers::table.find((price, user)).select(live_price_buyers::quantity);
    Ok(Prepared(query).load(tx.conn()?)?.pop().unwrap_or(0))
}

/// How many pieces a buyer has at each of these prices; those without any are absent.
pub(in crate::live) fn bought_of(tx: &mut Tx<'_>, prices: &[PriceId], user: UserId) -> DbResult<Vec<(PriceId, i64)>> {
    Ok(live_price_buyers::table
        .filter(live_price_buyers::user_id.eq(user).and(live_price_buyers::price_id.eq_any(prices.to_vec())))
        .select((live_price_buyers::price_id, live_price_buyers::quantity))
        .load(tx.conn()?)?)
}

/// Adds pieces to what a buyer has, within the limit that holds now; false when it would be passed. The limit beside
/// the count follows the price's and never falls below what the buyer has.
pub(in crate::live) fn count_buyer(tx: &mut Tx<'_>, price: &Price, user: UserId, quantity: i64) -> DbResult<bool> {
    let row = BuyerRow { price_id: price.id, user_id: user, quantity: 0, per_user_limit: price.per_user_limit };
    on_backend!(tx.conn()?, conn => {
        diesel::insert_into(live_price_buyers::table).values(&row).on_conflict_do_nothing().execute(conn)
    })?;
    let after = live_price_buyers::quantity + quantity;
    let update = diesel::update(live_price_buyers::table.find((price.id, user)))
        .filter(after.le(price.per_user_limit))
        .set((live_price_buyers::quantity.eq(after), live_price_buyers::per_user_limit.eq(price.per_user_limit)));
    Ok(Prepared(update).execute(tx.conn()?)? == 1)
}

/// Takes pieces off what a buyer has.
pub(in crate::live) fn uncount_buyer(tx: &mut Tx<'_>, price: PriceId, user: UserId, quantity: i64) -> DbResult<()> {
    let update = diesel::update(live_price_buyers::table.find((price, user)))
        .set(live_price_buyers::quantity.eq(live_price_buyers::quantity - quantity));
    Prepared(update).execute(tx.conn()?)?;
    Ok(())
}

/// Takes pieces from a price's quota; false when too few are left or the price was taken back.
pub(in crate::live) fn take(tx: &mut Tx<'_>, price: PriceId, quantity: i64) -> DbResult<bool> {
    let after = live_prices::taken + quantity;
    let update = diesel::update(live_prices::table.find(price))
        .filter(after.le(live_prices::quota).and(live_prices::withdrawn_at.is_null()))
        .set(live_prices::taken.eq(after));
    Ok(Prepared(update).execute(tx.conn()?)? == 1)
}

/// Gives pieces back to a price's quota.
pub(in crate::live) fn untake(tx: &mut Tx<'_>, price: PriceId, quantity: i64) -> DbResult<()> {
    let update =
        diesel::update(live_prices::table.find(price)).set(live_prices::taken.eq(live_prices::taken - quantity));
    Prepared(update).execute(tx.conn()?)?;
    Ok(())
}

/// Writes what an order took.
pub(in crate::live) fn insert_taking(tx: &mut Tx<'_>, taking: &Taking) -> DbResult<()> {
    Prepared(diesel::insert_into(live_price_takings::table).values(taking)).execute(tx.conn()?)?;
    Ok(())
}

/// Moves what an order took from one state to another; answers what moved, by price.
pub(in crate::live) fn move_takings(
    tx: &mut Tx<'_>,
    order: OrderId,
    from: TakingState,
    to: TakingState,
) -> DbResult<Vec<Taking>> {
    let update = diesel::update(live_price_takings::table)
        .filter(live_price_takings::order_id.eq(order).and(live_price_takings::state.eq(from)))
        .set(live_price_takings::state.eq(to))
        .returning(columns::<Taking>());
    let mut moved: Vec<Taking> = Prepared(update).load(tx.conn()?)?;
    moved.sort_by_key(|taking| taking.price_id);
    Ok(moved)
}

/// Writes that a line came from a room.
pub(in crate::live) fn insert_line(tx: &mut Tx<'_>, line: &RoomLine) -> DbResult<()> {
    Prepared(diesel::insert_into(live_order_lines::table).values(line)).execute(tx.conn()?)?;
    Ok(())
}

/// Moves an order's lines from rooms from one state to another; answers what moved.
pub(in crate::live) fn move_lines(
    tx: &mut Tx<'_>,
    order: OrderId,
    from: LineState,
    to: LineState,
) -> DbResult<Vec<RoomLine>> {
    let update = diesel::update(live_order_lines::table)
        .filter(live_order_lines::order_id.eq(order).and(live_order_lines::state.eq(from)))
        .set(live_order_lines::state.eq(to))
        .returning(columns::<RoomLine>());
    Ok(Prepared(update).load(tx.conn()?)?)
}

/// Notes when an order's lines were paid.
pub(in crate::live) fn note_paid(tx: &mut Tx<'_>, order: OrderId) -> DbResult<()> {
    let now = tx.now();
    let update = diesel::update(live_order_lines::table)
        .filter(live_order_lines::order_id.eq(order))
        .set(live_order_lines::paid_at.eq(now));
    Prepared(update).execute(tx.conn()?)?;
    Ok(())
}

/// The price of a SKU in a room that was not taken back.
pub(in crate::live) fn of_sku(tx: &mut Tx<'_>, room: RoomId, sku: SkuId) -> DbResult<Option<Price>> {
    let query = live_prices::table
        .filter(live_prices::room_id.eq(room))
        .filter(live_prices::sku_id.eq(sku))
        .filter(live_prices::withdrawn_at.is_null())
        .select(columns::<Price>());
    Ok(Prepared(query).load(tx.conn()?)?.pop())
}
