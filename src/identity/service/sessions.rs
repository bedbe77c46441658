//! Log-ins that go on and end.

use super::login::Login;
use super::refresh_expiry;
use crate::identity::error::IdentityError;
use crate::identity::model::UserState;
use crate::identity::store;
use crate::kernel::id::{SessionId, UserId};
use crate::kernel::time::Timestamp;
use crate::platform::db::{DbResult, Tx};
use crate::platform::http::Revocations;
use crate::platform::secrets::{RandomToken, token_hash};

/// What became of a refresh token.
#[derive(Debug)]
pub enum Refreshed {
    /// The log-in goes on, with a new refresh token.
    Renewed(Login),
    /// The token had been used before: somebody has a copy, so the log-in has ended. This is committed, and only then
    /// answered as a refusal.
    Reused,
}

/// Prolongs a log-in. A refresh token works once. Whoever presents it again, be it a thief or a client that raced
/// itself, ends the log-in: there is no period of grace, because nobody could tell the two apart.
///
/// # Errors
/// [`IdentityError::RefreshTokenInvalid`], [`IdentityError::SessionEnded`], [`IdentityError::UserBlocked`], or the
/// database's.
pub fn refresh(tx: &mut Tx<'_>, revocations: &Revocations, presented: &str) -> Result<Refreshed, IdentityError> {
    let hash = token_hash(presented);
    let (session_id, expires_at) = store::refresh_token(tx, &hash)?.ok_or(IdentityError::RefreshTokenInvalid)?;
    if expires_at <= tx.now() {
        return Err(IdentityError::RefreshTokenInvalid);
    }
    let session = store::session(tx, session_id)?.ok_or(IdentityError::RefreshTokenInvalid)?;
    if session.revoked_at.is_some() {
        return Err(IdentityError::SessionEnded);
    }
    if !store::rotate(tx, &hash)? {
        end(tx, revocations, session_id, "refresh_token_reused")?;
        return Ok(Refreshed::Reused);
    }
    let user = store::user(tx, session.user_id)?.ok_or(IdentityError::UserNotFound)?;
    if user.state == UserState::Blocked {
        return Err(IdentityError::UserBlocked);
    }
    let refresh = RandomToken::generate()?;
    let refresh_expires_at = refresh_expiry(tx);
    store::insert_refresh_token(tx, &refresh.stored_hash(), session_id, refresh_expires_at)?;
    let login =
        Login { user, session: session_id, device: session.device_id, refresh, refresh_expires_at, at: tx.now() };
    Ok(Refreshed::Renewed(login))
}

/// Ends one log-in; ending it again changes nothing.
///
/// # Errors
/// The database's.
pub fn log_out(tx: &mut Tx<'_>, revocations: &Revocations, session: SessionId) -> DbResult<()> {
    end(tx, revocations, session, "logged_out")
}

/// Ends every log-in of a user.
///
/// # Errors
/// The database's.
pub fn log_out_everywhere(tx: &mut Tx<'_>, revocations: &Revocations, user: UserId) -> DbResult<()> {
    end_all(tx, revocations, user, "logged_out_everywhere")
}

/// Log-ins that ended at `since` or later, for the memory of every process. The moment is that of the transaction, which
/// may have committed a little later: ask for some seconds more than have passed.
///
/// # Errors
/// The database's.
pub fn recent_revocations(tx: &mut Tx<'_>, since: Timestamp) -> DbResult<Vec<(SessionId, Timestamp)>> {
    store::revoked_since(tx, since)
}

fn end(tx: &mut Tx<'_>, revocations: &Revocations, session: SessionId, reason: &str) -> DbResult<()> {
    store::revoke_session(tx, session, reason)?;
    announce(tx, revocations, vec![session]);
    Ok(())
}

/// Ends every log-in of a user for a reason.
pub(super) fn end_all(tx: &mut Tx<'_>, revocations: &Revocations, user: UserId, reason: &str) -> DbResult<()> {
    let ended = store::revoke_sessions_of(tx, user, reason)?;
    announce(tx, revocations, ended);
    Ok(())
}

/// Once committed, this process refuses their access tokens at once; the others within a second.
fn announce(tx: &mut Tx<'_>, revocations: &Revocations, sessions: Vec<SessionId>) {
    let (revocations, at) = (revocations.clone(), tx.now());
    tx.after_commit(move || sessions.into_iter().for_each(|session| revocations.revoke(session, at)));
}
