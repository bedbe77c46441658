//! The shelves of rooms.

use diesel::prelude::*;

use crate::catalog::ProductId;
use crate::live::model::{RoomId, ShelfItem};
use crate::on_backend;
use crate::platform::db::dialect::Prepared;
use crate::platform::db::schema::live_shelf;
use crate::platform::db::{DbResult, Tx, columns};

/// What is on a room's shelf, in its order; what was taken off only when asked for, after it.
pub(in crate::live) fn items(tx: &mut Tx<'_>, room: RoomId, removed_too: bool) -> DbResult<Vec<ShelfItem>> {
    let mut items: Vec<ShelfItem> = live_shelf::table
        .filter(live_shelf::room_id.eq(room))
        .order((live_shelf::position, live_shelf::product_id))
        .select(columns::<ShelfItem>())
        .load(tx.conn()?)?;
    if removed_too {
        items.sort_by_key(|item| item.removed_at.is_some());
    } else {
        items.retain(|item| item.removed_at.is_none());
    }
    Ok(items)
}

/// One product of a room, taken off or not.
pub(in crate::live) fn item(tx: &mut Tx<'_>, room: RoomId, product: ProductId) -> DbResult<Option<ShelfItem>> {
    let query = live_shelf::table.find((room, product)).select(columns::<ShelfItem>());
    Ok(query.first(tx.conn()?).optional()?)
}

/// Puts a product on the shelf, or back onto it.
pub(in crate::live) fn put(tx: &mut Tx<'_>, item: &ShelfItem) -> DbResult<()> {
    let new = on_backend!(tx.conn()?, conn => {
        diesel::insert_into(live_shelf::table).values(item).on_conflict_do_nothing().execute(conn)
    })?;
    if new == 0 {
        diesel::update(live_shelf::table.find((item.room_id, item.product_id)))
            .set((live_shelf::position.eq(item.position), live_shelf::removed_at.eq(item.removed_at)))
            .execute(tx.conn()?)?;
    }
    Ok(())
}

/// Takes a product off; false when it was not there.
pub(in crate::live) fn remove(tx: &mut Tx<'_>, room: RoomId, product: ProductId) -> DbResult<bool> {
    let now = tx.now();
    let update = diesel::update(live_shelf::table.find((room, product)))
        .filter(live_shelf::removed_at.is_null())
        .set(live_shelf::removed_at.eq(now));
    Ok(update.execute(tx.conn()?)? == 1)
}

/// Gives a product its place.
pub(in crate::live) fn place(tx: &mut Tx<'_>, room: RoomId, product: ProductId, position: i64) -> DbResult<()> {
    diesel::update(live_shelf::table.find((room, product)))
        .set(live_shelf::position.eq(position))
        .execute(tx.conn()?)?;
    Ok(())
}

/// Notes that a product is explained now.
pub(in crate::live) fn note_explained(tx: &mut Tx<'_>, room: RoomId, product: ProductId) -> DbResult<()> {
    let now = tx.now();
    diesel::update(live_shelf::table.find((room, product)))
        .set(live_shelf::explained_at.eq(now))
        .execute(tx.conn()?)?;
    Ok(())
}

/// Counts that a viewer looked at a product.
pub(in crate::live) fn count_click(tx: &mut Tx<'_>, room: RoomId, product: ProductId) -> DbResult<bool> {
    let update =
        diesel::update(live_shelf::table.find((room, product))).set(live_shelf::clicks.eq(live_shelf::clicks + 1));
    Ok(Prepared(update).execute(tx.conn()?)? == 1)
}
