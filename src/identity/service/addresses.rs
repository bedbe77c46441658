//! Delivery addresses. A user who has any has exactly one default: the first becomes it by itself, another takes its
//! place when asked for, and when it is removed the newest one follows.

use crate::identity::address_store;
use crate::identity::error::IdentityError;
use crate::identity::model::{Address, AddressId};
use crate::identity::rules::{AddressDraft, MAX_ADDRESSES, check_address};
use crate::identity::store;
use crate::kernel::id::UserId;
use crate::platform::db::{DbResult, Tx};

/// A user's addresses: the default one first, then the newest.
///
/// # Errors
/// The database's.
pub fn list_addresses(tx: &mut Tx<'_>, user: UserId) -> DbResult<Vec<Address>> {
    address_store::list(tx, user)
}

/// One address, if the user has it.
///
/// # Errors
/// The database's.
pub fn address(tx: &mut Tx<'_>, user: UserId, id: AddressId) -> DbResult<Option<Address>> {
    address_store::find(tx, user, id)
}

/// Adds an address.
///
/// # Errors
/// [`IdentityError::AddressInvalid`], [`IdentityError::TooManyAddresses`], [`IdentityError::UserBlocked`], or the
/// database's.
pub fn add_address(tx: &mut Tx<'_>, user: UserId, draft: &AddressDraft) -> Result<Address, IdentityError> {
    let (draft, province) = check_address(draft).map_err(IdentityError::AddressInvalid)?;
    lock(tx, user)?;
    let count = address_store::count(tx, user)?;
    if count >= MAX_ADDRESSES {
        return Err(IdentityError::TooManyAddresses);
    }
    let is_default = draft.is_default || count == 0;
    if is_default {
        address_store::clear_default(tx, user)?;
    }
    let address = Address {
        id: AddressId::new(tx.next_id()),
        user_id: user,
        receiver_name: draft.receiver_name,
        receiver_phone: draft.receiver_phone,
        province_code: draft.province_code,
        province: province.to_owned(),
        city: draft.city,
        district: draft.district,
        detail: draft.detail,
        is_default,
        created_at: tx.now(),
        updated_at: tx.now(),
        removed_at: None,
    };
    address_store::insert(tx, &address)?;
    Ok(address)
}

/// Replaces what an address says. The default stays the default until another takes its place.
///
/// # Errors
/// [`IdentityError::AddressInvalid`], [`IdentityError::AddressNotFound`], [`IdentityError::UserBlocked`], or the
/// database's.
pub fn change_address(
    tx: &mut Tx<'_>,
    user: UserId,
    id: AddressId,
    draft: &AddressDraft,
) -> Result<Address, IdentityError> {
    let (draft, province) = check_address(draft).map_err(IdentityError::AddressInvalid)?;
    lock(tx, user)?;
    let old = address_store::find(tx, user, id)?.ok_or(IdentityError::AddressNotFound)?;
    let is_default = draft.is_default || old.is_default;
    if is_default && !old.is_default {
        address_store::clear_default(tx, user)?;
    }
    let address = Address {
        receiver_name: draft.receiver_name,
        receiver_phone: draft.receiver_phone,
        province_code: draft.province_code,
        province: province.to_owned(),
        city: draft.city,
        district: draft.district,
        detail: draft.detail,
        is_default,
        updated_at: tx.now(),
        ..old
    };
    if !address_store::update(tx, &address)? {
        return Err(IdentityError::AddressNotFound);
    }
    Ok(address)
}

/// Removes an address. Orders keep their own copy.
///
/// # Errors
/// [`IdentityError::AddressNotFound`], [`IdentityError::UserBlocked`], or the database's.
pub fn remove_address(tx: &mut Tx<'_>, user: UserId, id: AddressId) -> Result<(), IdentityError> {
    lock(tx, user)?;
    let old = address_store::find(tx, user, id)?.ok_or(IdentityError::AddressNotFound)?;
    if !address_store::remove(tx, user, id)? {
        return Err(IdentityError::AddressNotFound);
    }
    if old.is_default
        && let Some(newest) = address_store::list(tx, user)?.first()
    {
        address_store::make_default(tx, newest.id)?;
    }
    Ok(())
}

/// One transaction at a time may count and crown the addresses of a user.
fn lock(tx: &mut Tx<'_>, user: UserId) -> Result<(), IdentityError> {
    store::lock_active_user(tx, user)?.map(drop).ok_or(IdentityError::UserBlocked)
}
