//! SQL on accounts.

use diesel::prelude::*;

use crate::kernel::id::StaffId;
use crate::kernel::page::Cursor;
use crate::kernel::time::Timestamp;
use crate::platform::db::schema::staff_accounts as accounts;
use crate::platform::db::{Constraint, DbResult, Tx};
use crate::staff::model::{Account, AccountState, NewAccount};

/// The rule that a username belongs to one account.
pub(in crate::staff) const USERNAME: Constraint =
    Constraint { index: "staff_accounts_username", columns: "staff_accounts.username" };

pub(in crate::staff) fn find(tx: &mut Tx<'_>, id: StaffId) -> DbResult<Option<Account>> {
    Ok(accounts::table.find(id).select(Account::as_select()).first(tx.conn()?).optional()?)
}

pub(in crate::staff) fn find_by_username(tx: &mut Tx<'_>, username: &str) -> DbResult<Option<Account>> {
    let named = accounts::table.filter(accounts::username.eq(username));
    Ok(named.select(Account::as_select()).first(tx.conn()?).optional()?)
}

/// Accounts, newest first.
pub(in crate::staff) fn list(tx: &mut Tx<'_>, after: Option<Cursor>, limit: i64) -> DbResult<Vec<Account>> {
    let mut query = accounts::table.select(Account::as_select()).into_boxed();
    if let Some(cursor) = after {
        query = query.filter(accounts::id.lt(cursor.id));
    }
    Ok(query.order(accounts::id.desc()).limit(limit.saturating_add(1)).load(tx.conn()?)?)
}

pub(in crate::staff) fn insert(tx: &mut Tx<'_>, account: &NewAccount<'_>) -> DbResult<()> {
    diesel::insert_into(accounts::table).values(account).execute(tx.conn()?)?;
    Ok(())
}

/// Marks accounts as changed, which also locks them until the end of the transaction: whoever changes what they may do
/// and whoever begins a log-in of theirs thereby take turns.
pub(in crate::staff) fn touch(tx: &mut Tx<'_>, ids: &[StaffId]) -> DbResult<usize> {
    let now = tx.now();
    Ok(diesel::update(accounts::table.filter(accounts::id.eq_any(ids)))
        .set(accounts::updated_at.eq(now))
        .execute(tx.conn()?)?)
}

/// Begins the count of failures anew when a lock has run out.
pub(in crate::staff) fn lift_expired_lock(tx: &mut Tx<'_>, id: StaffId) -> DbResult<()> {
    let now = tx.now();
    diesel::update(accounts::table.find(id).filter(accounts::locked_until.le(now)))
        .set((accounts::failed_logins.eq(0), accounts::locked_until.eq(None::<Timestamp>)))
        .execute(tx.conn()?)?;
    Ok(())
}

/// Counts an attempt; false when there have been `most` already.
pub(in crate::staff) fn count_attempt(tx: &mut Tx<'_>, id: StaffId, most: i64) -> DbResult<bool> {
    let rows = diesel::update(accounts::table.find(id).filter(accounts::failed_logins.lt(most)))
        .set(accounts::failed_logins.eq(accounts::failed_logins + 1))
        .execute(tx.conn()?)?;
    Ok(rows == 1)
}

/// Locks an account that has used its attempts up.
pub(in crate::staff) fn lock_if_spent(tx: &mut Tx<'_>, id: StaffId, most: i64, until: Timestamp) -> DbResult<()> {
    let spent =
        accounts::table.find(id).filter(accounts::failed_logins.ge(most)).filter(accounts::locked_until.is_null());
    diesel::update(spent).set(accounts::locked_until.eq(Some(until))).execute(tx.conn()?)?;
    Ok(())
}

/// Forgets failures after a success of an active account whose password is still `password_hash`; false otherwise.
pub(in crate::staff) fn succeed(tx: &mut Tx<'_>, id: StaffId, password_hash: &str) -> DbResult<bool> {
    let held = accounts::table
        .find(id)
        .filter(accounts::state.eq(AccountState::Active))
        .filter(accounts::password_hash.eq(password_hash));
    let rows = diesel::update(held)
        .set((accounts::failed_logins.eq(0), accounts::locked_until.eq(None::<Timestamp>)))
        .execute(tx.conn()?)?;
    Ok(rows == 1)
}

/// Uses a time step of the second factor up; false when it, or a later one, was used before.
pub(in crate::staff) fn use_totp_step(tx: &mut Tx<'_>, id: StaffId, step: i64) -> DbResult<bool> {
    let fresh = accounts::table.find(id).filter(accounts::totp_step.is_null().or(accounts::totp_step.lt(step)));
    Ok(diesel::update(fresh).set(accounts::totp_step.eq(Some(step))).execute(tx.conn()?)? == 1)
}

/// Keeps a secret that waits for its first code; false when the second factor is on already.
pub(in crate::staff) fn await_totp(tx: &mut Tx<'_>, id: StaffId, sealed: &str) -> DbResult<bool> {
    let off = accounts::table.find(id).filter(accounts::sealed_totp.is_null());
    Ok(diesel::update(off).set(accounts::pending_totp.eq(Some(sealed))).execute(tx.conn()?)? == 1)
}

/// Turns the second factor on with the secret that waited; false when another one waits by now.
pub(in crate::staff) fn turn_totp_on(tx: &mut Tx<'_>, id: StaffId, sealed: &str, step: i64) -> DbResult<bool> {
    let now = tx.now();
    let waiting =
        accounts::table.find(id).filter(accounts::sealed_totp.is_null()).filter(accounts::pending_totp.eq(sealed));
    let rows = diesel::update(waiting)
        .set((
            accounts::sealed_totp.eq(Some(sealed)),
            accounts::pending_totp.eq(None::<String>),
            accounts::totp_step.eq(Some(step)),
            accounts::updated_at.eq(now),
        ))
        .execute(tx.conn()?)?;
    Ok(rows == 1)
}

/// Turns the second factor off; false when it was off.
pub(in crate::staff) fn turn_totp_off(tx: &mut Tx<'_>, id: StaffId) -> DbResult<bool> {
    let now = tx.now();
    let rows = diesel::update(accounts::table.find(id).filter(accounts::sealed_totp.is_not_null()))
        .set((
            accounts::sealed_totp.eq(None::<String>),
            accounts::pending_totp.eq(None::<String>),
            accounts::totp_step.eq(None::<i64>),
            accounts::updated_at.eq(now),
        ))
        .execute(tx.conn()?)?;
    Ok(rows == 1)
}

/// Sets a new password; earlier failures are forgotten.
pub(in crate::staff) fn set_password(tx: &mut Tx<'_>, id: StaffId, password_hash: &str) -> DbResult<bool> {
    let now = tx.now();
    let rows = diesel::update(accounts::table.find(id))
        .set((
            accounts::password_hash.eq(password_hash),
            accounts::failed_logins.eq(0),
            accounts::locked_until.eq(None::<Timestamp>),
            accounts::updated_at.eq(now),
        ))
        .execute(tx.conn()?)?;
    Ok(rows == 1)
}

pub(in crate::staff) fn rename(tx: &mut Tx<'_>, id: StaffId, display_name: &str) -> DbResult<bool> {
    let now = tx.now();
    let rows = diesel::update(accounts::table.find(id))
        .set((accounts::display_name.eq(display_name), accounts::updated_at.eq(now)))
        .execute(tx.conn()?)?;
    Ok(rows == 1)
}

pub(in crate::staff) fn move_state(
    tx: &mut Tx<'_>,
    id: StaffId,
    from: AccountState,
    to: AccountState,
) -> DbResult<bool> {
    let now = tx.now();
    let rows = diesel::update(accounts::table.find(id).filter(accounts::state.eq(from)))
        .set((accounts::state.eq(to), accounts::updated_at.eq(now)))
        .execute(tx.conn()?)?;
    Ok(rows == 1)
}
