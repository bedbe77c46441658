//! Log-ins of staff.
//!
//! An attempt is counted before its password is checked and forgiven when it succeeds, so that many attempts at once
//! cannot guess more often than attempts in a row. A code of the second factor that is wrong or missing is a failed
//! attempt too.

use serde_json::json;

use super::{StaffKeys, roles};
use crate::kernel::id::{SessionId, StaffId};
use crate::kernel::time::Timestamp;
use crate::platform::db::{DbResult, Tx};
use crate::platform::http::Revocations;
use crate::platform::secrets::{RandomToken, token_hash};
use crate::staff::error::StaffError;
use crate::staff::model::{Account, AccountState, StaffSession};
use crate::staff::passwords::{self, Attempt, Verified};
use crate::staff::rules::{self, LOCK_MS, MAX_FAILURES, REFRESH_TTL_MS};
use crate::staff::{store, totp};

/// A log-in of staff that began or went on.
#[derive(Debug, Clone)]
pub struct StaffLogin {
    /// Who.
    pub account: Account,
    /// The log-in.
    pub session: SessionId,
    /// What they may do.
    pub permissions: Vec<&'static str>,
    /// What prolongs it.
    pub refresh: RandomToken,
    /// Until when it can be prolonged.
    pub refresh_expires_at: Timestamp,
    /// The moment of this transaction, from which the access token counts.
    pub at: Timestamp,
}

/// What became of a refresh token.
#[derive(Debug)]
pub enum Refreshed {
    /// The log-in goes on, with a new refresh token and the permissions of this moment.
    Renewed(Box<StaffLogin>),
    /// The token had been used before, so the log-in has ended. This is committed, and only then answered as a refusal.
    Reused,
}

/// Counts an attempt to log in under a username.
///
/// # Errors
/// [`StaffError::Locked`], or the database's.
pub fn begin_login(tx: &mut Tx<'_>, username: &str) -> Result<Attempt, StaffError> {
    match store::accounts::find_by_username(tx, &rules::normal_username(username))? {
        Some(account) => count(tx, account),
        None => Ok(Attempt::Unknown),
    }
}

/// Counts an attempt of somebody logged in to prove that it is still them.
///
/// # Errors
/// [`StaffError::Locked`], [`StaffError::AccountNotFound`], or the database's.
pub fn begin_confirmation(tx: &mut Tx<'_>, staff: StaffId) -> Result<Attempt, StaffError> {
    let account = store::accounts::find(tx, staff)?.ok_or(StaffError::AccountNotFound)?;
    count(tx, account)
}

fn count(tx: &mut Tx<'_>, account: Account) -> Result<Attempt, StaffError> {
    store::accounts::lift_expired_lock(tx, account.id)?;
    if !store::accounts::count_attempt(tx, account.id, MAX_FAILURES)? {
        let until = store::accounts::find(tx, account.id)?.and_then(|account| account.locked_until);
        return Err(StaffError::Locked(json!({ "locked_until": until })));
    }
    let until = tx.now().plus_millis(LOCK_MS);
    store::accounts::lock_if_spent(tx, account.id, MAX_FAILURES, until)?;
    Ok(Attempt::Counted { staff: account.id, stored: passwords::stored(account.password_hash) })
}

/// Accepts a checked password: failures are forgotten, provided that the account is active and its password still the
/// one that was checked. Locks the account until the end of the transaction.
pub(super) fn accept(tx: &mut Tx<'_>, verified: &Verified) -> Result<Account, StaffError> {
    let accepted = store::accounts::succeed(tx, verified.staff, verified.stored.as_str())?;
    let account = store::accounts::find(tx, verified.staff)?.ok_or(StaffError::InvalidCredentials)?;
    match (accepted, account.state) {
        (true, _) => Ok(account),
        (false, AccountState::Disabled) => Err(StaffError::AccountDisabled),
        (false, AccountState::Active) => Err(StaffError::InvalidCredentials),
    }
}

/// Demands a fresh code of the second factor, when the account has one.
pub(super) fn demand_totp(
    tx: &mut Tx<'_>,
    keys: &StaffKeys,
    account: &Account,
    code: Option<&str>,
) -> Result<(), StaffError> {
    let Some(sealed) = &account.sealed_totp else {
        return Ok(());
    };
    let code = code.ok_or(StaffError::TotpRequired)?;
    let step = totp::step_of(&keys.seal, account.id, sealed, code, tx.now())?.ok_or(StaffError::TotpInvalid)?;
    if store::accounts::use_totp_step(tx, account.id, step)? { Ok(()) } else { Err(StaffError::TotpInvalid) }
}

/// Begins a log-in once the password has been checked.
///
/// # Errors
/// [`StaffError::InvalidCredentials`], [`StaffError::AccountDisabled`], [`StaffError::TotpRequired`],
/// [`StaffError::TotpInvalid`], or the database's.
pub fn finish_login(
    tx: &mut Tx<'_>,
    keys: &StaffKeys,
    verified: &Verified,
    code: Option<&str>,
) -> Result<StaffLogin, StaffError> {
    let account = accept(tx, verified)?;
    demand_totp(tx, keys, &account, code)?;
    let session = StaffSession {
        id: SessionId::new(tx.next_id()),
        staff_id: account.id,
        created_at: tx.now(),
        revoked_at: None,
        revoke_reason: None,
    };
    store::sessions::insert(tx, &session)?;
    go_on(tx, account, session.id)
}

/// Prolongs a log-in with the permissions of this moment. A refresh token works once; presenting it again ends the
/// log-in.
///
/// # Errors
/// [`StaffError::RefreshTokenInvalid`], [`StaffError::SessionEnded`], [`StaffError::AccountDisabled`], or the database's.
pub fn refresh(tx: &mut Tx<'_>, revocations: &Revocations, presented: &str) -> Result<Refreshed, StaffError> {
    let hash = token_hash(presented);
    let (session_id, expires_at) = store::sessions::token(tx, &hash)?.ok_or(StaffError::RefreshTokenInvalid)?;
    if expires_at <= tx.now() {
        return Err(StaffError::RefreshTokenInvalid);
    }
    let session = store::sessions::find(tx, session_id)?.ok_or(StaffError::RefreshTokenInvalid)?;
    if session.revoked_at.is_some() {
        return Err(StaffError::SessionEnded);
    }
    if !store::sessions::rotate(tx, &hash)? {
        store::sessions::revoke(tx, session_id, "refresh_token_reused")?;
        announce(tx, revocations, vec![session_id]);
        return Ok(Refreshed::Reused);
    }
    let account = store::accounts::find(tx, session.staff_id)?.ok_or(StaffError::AccountNotFound)?;
    if account.state == AccountState::Disabled {
        return Err(StaffError::AccountDisabled);
    }
    go_on(tx, account, session_id).map(|login| Refreshed::Renewed(Box::new(login)))
}

fn go_on(tx: &mut Tx<'_>, account: Account, session: SessionId) -> Result<StaffLogin, StaffError> {
    let permissions = roles::known_permissions_of(tx, account.id)?;
    let refresh = RandomToken::generate()?;
    let refresh_expires_at = tx.now().plus_millis(REFRESH_TTL_MS);
    store::sessions::insert_token(tx, &refresh.stored_hash(), session, refresh_expires_at)?;
    Ok(StaffLogin { account, session, permissions, refresh, refresh_expires_at, at: tx.now() })
}

/// Ends one log-in; ending it again changes nothing.
///
/// # Errors
/// The database's.
pub fn log_out(tx: &mut Tx<'_>, revocations: &Revocations, session: SessionId) -> DbResult<()> {
    store::sessions::revoke(tx, session, "logged_out")?;
    announce(tx, revocations, vec![session]);
    Ok(())
}

/// Log-ins that ended at `since` or later, for the memory of every process. The moment is that of the transaction, which
/// may have committed a little later: ask for some seconds more than have passed.
///
/// # Errors
/// The database's.
pub fn recent_revocations(tx: &mut Tx<'_>, since: Timestamp) -> DbResult<Vec<(SessionId, Timestamp)>> {
    store::sessions::revoked_since(tx, since)
}

/// Ends the log-ins of these accounts, all but `spared`, so that tokens with old permissions die.
pub(super) fn end_all(
    tx: &mut Tx<'_>,
    revocations: &Revocations,
    staff: &[StaffId],
    spared: Option<SessionId>,
    reason: &str,
) -> DbResult<()> {
    let ended = store::sessions::revoke_all(tx, staff, spared, reason)?;
    announce(tx, revocations, ended);
    Ok(())
}

/// Once committed, this process refuses their access tokens at once; the others within a second.
fn announce(tx: &mut Tx<'_>, revocations: &Revocations, sessions: Vec<SessionId>) {
    let (revocations, at) = (revocations.clone(), tx.now());
    tx.after_commit(move || sessions.into_iter().for_each(|session| revocations.revoke(session, at)));
}
