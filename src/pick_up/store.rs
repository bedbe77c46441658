//! All SQL on stores and who belongs to them.

use diesel::prelude::*;

use super::model::{Store, StoreDraft, StoreId, StoreState};
use crate::kernel::id::StaffId;
use crate::kernel::page::Cursor;
use crate::platform::db::schema::{store_staff, stores};
use crate::platform::db::{DbResult, Tx, columns};

pub(super) fn insert(tx: &mut Tx<'_>, store: &Store) -> DbResult<()> {
    diesel::insert_into(stores::table).values(store).execute(tx.conn()?)?;
    Ok(())
}

pub(super) fn count(tx: &mut Tx<'_>) -> DbResult<i64> {
    Ok(stores::table.count().get_result(tx.conn()?)?)
}

pub(super) fn find(tx: &mut Tx<'_>, id: StoreId) -> DbResult<Option<Store>> {
    Ok(stores::table.find(id).select(columns::<Store>()).first(tx.conn()?).optional()?)
}

/// Stores by id: all of them, or those in one state.
pub(super) fn page(
    tx: &mut Tx<'_>,
    state: Option<StoreState>,
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<Vec<Store>> {
    let after = StoreId::new(after.map_or(0, |cursor| cursor.id));
    let mut query = stores::table
        .select(columns::<Store>())
        .filter(stores::id.gt(after))
        .order(stores::id)
        .limit(limit)
        .into_boxed();
    if let Some(state) = state {
        query = query.filter(stores::state.eq(state));
    }
    Ok(query.load(tx.conn()?)?)
}

/// Writes what staff changed, if the store still has this version; false when it has another.
pub(super) fn change(tx: &mut Tx<'_>, id: StoreId, version: i64, draft: &StoreDraft) -> DbResult<bool> {
    let now = tx.now();
    let seen = stores::table.find(id).filter(stores::version.eq(version));
    let changed = diesel::update(seen)
        .set((
            stores::name.eq(&draft.name),
            stores::address.eq(&draft.address),
            stores::phone.eq(&draft.phone),
            stores::opening_hours.eq(&draft.opening_hours),
            stores::latitude.eq(draft.location.map(|place| place.latitude)),
            stores::longitude.eq(draft.location.map(|place| place.longitude)),
            stores::version.eq(stores::version + 1),
            stores::updated_at.eq(now),
        ))
        .execute(tx.conn()?)?;
    Ok(changed == 1)
}

/// Opens or closes a store; false when it was so already.
pub(super) fn set_state(tx: &mut Tx<'_>, id: StoreId, state: StoreState) -> DbResult<bool> {
    let now = tx.now();
    let other = stores::table.find(id).filter(stores::state.ne(state));
    let changed = diesel::update(other)
        .set((stores::state.eq(state), stores::version.eq(stores::version + 1), stores::updated_at.eq(now)))
        .execute(tx.conn()?)?;
    Ok(changed == 1)
}

/// Who belongs to a store, by id.
pub(super) fn staff_of(tx: &mut Tx<'_>, id: StoreId) -> DbResult<Vec<StaffId>> {
    let found = store_staff::table.filter(store_staff::store_id.eq(id)).order(store_staff::staff_id);
    Ok(found.select(store_staff::staff_id).load(tx.conn()?)?)
}

/// To which stores somebody belongs.
pub(super) fn stores_of(tx: &mut Tx<'_>, staff: StaffId) -> DbResult<Vec<StoreId>> {
    let found = store_staff::table.filter(store_staff::staff_id.eq(staff));
    Ok(found.select(store_staff::store_id).load(tx.conn()?)?)
}

/// Keeps everybody else from changing a store until the end of the transaction, by changing its version.
pub(super) fn lock(tx: &mut Tx<'_>, id: StoreId) -> DbResult<bool> {
    let next = stores::version.eq(stores::version + 1);
    Ok(diesel::update(stores::table.find(id)).set(next).execute(tx.conn()?)? == 1)
}

/// Lets exactly these belong to a store.
pub(super) fn replace_staff(tx: &mut Tx<'_>, id: StoreId, staff: &[StaffId]) -> DbResult<()> {
    diesel::delete(store_staff::table.filter(store_staff::store_id.eq(id))).execute(tx.conn()?)?;
    for member in staff {
        let row = (store_staff::store_id.eq(id), store_staff::staff_id.eq(*member));
        diesel::insert_into(store_staff::table).values(row).execute(tx.conn()?)?;
    }
    Ok(())
}
