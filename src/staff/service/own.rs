//! What members of staff do to their own accounts. Each first proves that it is still them, by their password.

use super::accounts::Deed;
use super::{StaffKeys, sessions};
use crate::kernel::id::SessionId;
use crate::platform::db::{DbResult, Tx};
use crate::platform::http::Revocations;
use crate::staff::audit::{self, AuditEntry};
use crate::staff::error::StaffError;
use crate::staff::passwords::{HashedPassword, Verified};
use crate::staff::store;
use crate::staff::totp::{self, Enrolment};

/// Makes a secret for the second factor; it counts once its first code is confirmed.
///
/// # Errors
/// [`StaffError::InvalidCredentials`], [`StaffError::TotpAlreadyOn`], or the database's.
pub fn start_totp(tx: &mut Tx<'_>, keys: &StaffKeys, verified: &Verified) -> Result<Enrolment, StaffError> {
    let account = sessions::accept(tx, verified)?;
    let enrolment = totp::enrol(&keys.seal, account.id, &account.username)?;
    if !store::accounts::await_totp(tx, account.id, &enrolment.sealed)? {
        return Err(StaffError::TotpAlreadyOn);
    }
    Ok(enrolment)
}

/// Turns the second factor on with the first code of the secret that waits.
///
/// # Errors
/// [`StaffError::TotpNotOn`], [`StaffError::TotpInvalid`], [`StaffError::TotpAlreadyOn`], or the database's.
pub fn confirm_totp(tx: &mut Tx<'_>, keys: &StaffKeys, deed: &Deed, code: &str) -> Result<(), StaffError> {
    let account = store::accounts::find(tx, deed.staff)?.ok_or(StaffError::AccountNotFound)?;
    if account.sealed_totp.is_some() {
        return Err(StaffError::TotpAlreadyOn);
    }
    let sealed = account.pending_totp.ok_or(StaffError::TotpNotOn)?;
    let step = totp::step_of(&keys.seal, account.id, &sealed, code, tx.now())?.ok_or(StaffError::TotpInvalid)?;
    if !store::accounts::turn_totp_on(tx, account.id, &sealed, step)? {
        return Err(StaffError::TotpAlreadyOn);
    }
    Ok(record(tx, deed, "staff.totp_on")?)
}

/// Turns the second factor off; needs both factors.
///
/// # Errors
/// [`StaffError::InvalidCredentials`], [`StaffError::TotpNotOn`], [`StaffError::TotpInvalid`], or the database's.
pub fn disable_totp(
    tx: &mut Tx<'_>,
    keys: &StaffKeys,
    deed: &Deed,
    verified: &Verified,
    code: &str,
) -> Result<(), StaffError> {
    let account = sessions::accept(tx, verified)?;
    if account.sealed_totp.is_none() {
        return Err(StaffError::TotpNotOn);
    }
    sessions::demand_totp(tx, keys, &account, Some(code))?;
    if !store::accounts::turn_totp_off(tx, account.id)? {
        return Err(StaffError::TotpNotOn);
    }
    Ok(record(tx, deed, "staff.totp_off")?)
}

/// Sets a new password; every other log-in of the account ends.
///
/// # Errors
/// [`StaffError::InvalidCredentials`], [`StaffError::AccountDisabled`], or the database's.
pub fn change_own_password(
    tx: &mut Tx<'_>,
    revocations: &Revocations,
    deed: &Deed,
    verified: &Verified,
    current: SessionId,
    new: &HashedPassword,
) -> Result<(), StaffError> {
    let account = sessions::accept(tx, verified)?;
    if !store::accounts::set_password(tx, account.id, new.as_str())? {
        return Err(StaffError::AccountNotFound);
    }
    sessions::end_all(tx, revocations, &[account.id], Some(current), "password_changed")?;
    Ok(record(tx, deed, "staff.change_own_password")?)
}

fn record(tx: &mut Tx<'_>, deed: &Deed, action: &str) -> DbResult<()> {
    audit::record(
        tx,
        &AuditEntry {
            staff_id: deed.staff,
            action,
            subject_kind: "staff",
            subject_id: Some(deed.staff.get()),
            reason: None,
            before: None,
            after: None,
            origin: &deed.origin,
        },
    )
}
