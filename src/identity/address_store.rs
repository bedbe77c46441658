//! All SQL on addresses. A removed address stays as a row, unseen.

use diesel::prelude::*;

use super::model::{Address, AddressId};
use crate::kernel::id::UserId;
use crate::platform::db::dialect::Prepared;
use crate::platform::db::schema::addresses;
use crate::platform::db::{DbResult, Tx, columns};

/// A user's addresses: the default one first, then the newest.
pub(super) fn list(tx: &mut Tx<'_>, user: UserId) -> DbResult<Vec<Address>> {
    let rows = addresses::table
        .filter(addresses::user_id.eq(user))
        .filter(addresses::removed_at.is_null())
        .order((addresses::is_default.desc(), addresses::id.desc()))
        .select(Address::as_select())
        .load(tx.conn()?)?;
    Ok(rows)
}

pub(super) fn count(tx: &mut Tx<'_>, user: UserId) -> DbResult<i64> {
    let live = addresses::table.filter(addresses::user_id.eq(user)).filter(addresses::removed_at.is_null());
    Ok(live.count().get_result(tx.conn()?)?)
}

pub(super) fn find(tx: &mut Tx<'_>, user: UserId, id: AddressId) -> DbResult<Option<Address>> {
    let own = addresses::table
        .find(id)
        .filter(addresses::user_id.eq(user))
        .filter(addresses::removed_at.is_null())
        .select(columns::<Address>());
    Ok(Prepared(own).get_result(tx.conn()?).optional()?)
}

pub(super) fn insert(tx: &mut Tx<'_>, address: &Address) -> DbResult<()> {
    Prepared(diesel::insert_into(addresses::table).values(address)).execute(tx.conn()?)?;
    Ok(())
}

/// Writes every field of an address but its owner and birth.
pub(super) fn update(tx: &mut Tx<'_>, address: &Address) -> DbResult<bool> {
    let live = addresses::table
        .find(address.id)
        .filter(addresses::user_id.eq(address.user_id))
        .filter(addresses::removed_at.is_null());
    let rows = Prepared(diesel::update(live).set((
        addresses::receiver_name.eq(&address.receiver_name),
        addresses::receiver_phone.eq(&address.receiver_phone),
        addresses::province_code.eq(&address.province_code),
        addresses::province.eq(&address.province),
        addresses::city.eq(&address.city),
        addresses::district.eq(&address.district),
        addresses::detail.eq(&address.detail),
        addresses::is_default.eq(address.is_default),
        addresses::updated_at.eq(address.updated_at),
    )))
    .execute(tx.conn()?)?;
    Ok(rows == 1)
}

pub(super) fn clear_default(tx: &mut Tx<'_>, user: UserId) -> DbResult<()> {
    let default = addresses::table
        .filter(addresses::user_id.eq(user))
        .filter(addresses::is_default.eq(true))
        .filter(addresses::removed_at.is_null());
    Prepared(diesel::update(default).set(addresses::is_default.eq(false))).execute(tx.conn()?)?;
    Ok(())
}

pub(super) fn make_default(tx: &mut Tx<'_>, id: AddressId) -> DbResult<()> {
    let now = tx.now();
    Prepared(
        diesel::update(addresses::table.find(id)).set((addresses::is_default.eq(true), addresses::updated_at.eq(now))),
    )
    .execute(tx.conn()?)?;
    Ok(())
}

pub(super) fn remove(tx: &mut Tx<'_>, user: UserId, id: AddressId) -> DbResult<bool> {
    let now = tx.now();
    let live = addresses::table.find(id).filter(addresses::user_id.eq(user)).filter(addresses::removed_at.is_null());
    let rows = Prepared(diesel::update(live).set((
        addresses::removed_at.eq(Some(now)),
        addresses::is_default.eq(false),
        addresses::updated_at.eq(now),
    )))
    .execute(tx.conn()?)?;
    Ok(rows == 1)
}
