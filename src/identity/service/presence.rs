//! When somebody was first here, and on which devices.

use crate::identity::store;
use crate::kernel::id::{DeviceId, UserId};
use crate::kernel::time::Timestamp;
use crate::platform::db::{DbResult, Tx};

/// The first user of a device, held fast until the end of the transaction: a log-in that would make it somebody's waits.
/// `None` when nobody has logged in on it, or the shop does not know it.
///
/// # Errors
/// The database's.
pub fn hold_device(tx: &mut Tx<'_>, device: DeviceId) -> DbResult<Option<UserId>> {
    store::hold_device(tx, device)
}

/// Whether a user ever logged in on a device.
///
/// # Errors
/// The database's.
pub fn has_logged_in_on(tx: &mut Tx<'_>, user: UserId, device: DeviceId) -> DbResult<bool> {
    store::has_logged_in_on(tx, user, device)
}

/// Lets one transaction at a time keep a rule over all that is a user's; false when there is no such active user.
///
/// # Errors
/// The database's.
pub fn lock_user(tx: &mut Tx<'_>, user: UserId) -> DbResult<bool> {
    Ok(store::lock_active_user(tx, user)?.is_some())
}

/// When a user was first seen, as themselves or as the device that became theirs; `None` when there is no such user.
///
/// # Errors
/// The database's.
pub fn first_seen(tx: &mut Tx<'_>, user: UserId) -> DbResult<Option<Timestamp>> {
    store::first_seen(tx, user)
}

/// How many users were created in `[from, until)`.
///
/// # Errors
/// The database's.
pub fn count_created(tx: &mut Tx<'_>, from: Timestamp, until: Timestamp) -> DbResult<i64> {
    store::count_created(tx, from, until)
}
