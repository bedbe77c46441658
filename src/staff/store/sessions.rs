//! SQL on the log-ins of staff.

use diesel::prelude::*;

use crate::kernel::id::{SessionId, StaffId};
use crate::kernel::time::Timestamp;
use crate::platform::db::schema::{staff_refresh_tokens as tokens, staff_sessions as sessions};
use crate::platform::db::{DbResult, Tx};
use crate::staff::model::StaffSession;

pub(in crate::staff) fn insert(tx: &mut Tx<'_>, session: &StaffSession) -> DbResult<()> {
    diesel::insert_into(sessions::table).values(session).execute(tx.conn()?)?;
    Ok(())
}

pub(in crate::staff) fn find(tx: &mut Tx<'_>, id: SessionId) -> DbResult<Option<StaffSession>> {
    Ok(sessions::table.find(id).select(StaffSession::as_select()).first(tx.conn()?).optional()?)
}

/// Ends one log-in; false when it had ended.
pub(in crate::staff) fn revoke(tx: &mut Tx<'_>, id: SessionId, reason: &str) -> DbResult<bool> {
    let now = tx.now();
    let rows = diesel::update(sessions::table.find(id).filter(sessions::revoked_at.is_null()))
        .set((sessions::revoked_at.eq(Some(now)), sessions::revoke_reason.eq(Some(reason))))
        .execute(tx.conn()?)?;
    Ok(rows == 1)
}

/// Ends the log-ins of these accounts, all but `spared`; answers which.
pub(in crate::staff) fn revoke_all(
    tx: &mut Tx<'_>,
    staff: &[StaffId],
    spared: Option<SessionId>,
    reason: &str,
) -> DbResult<Vec<SessionId>> {
    let now = tx.now();
    // No session has the id 0, so sparing it spares none.
    let spared = spared.unwrap_or(SessionId::new(0));
    let open = sessions::table
        .filter(sessions::staff_id.eq_any(staff))
        .filter(sessions::revoked_at.is_null())
        .filter(sessions::id.ne(spared));
    let ended = diesel::update(open)
        .set((sessions::revoked_at.eq(Some(now)), sessions::revoke_reason.eq(Some(reason))))
        .returning(sessions::id)
        .get_results(tx.conn()?)?;
    Ok(ended)
}

/// Log-ins ended at `since` or later.
pub(in crate::staff) fn revoked_since(tx: &mut Tx<'_>, since: Timestamp) -> DbResult<Vec<(SessionId, Timestamp)>> {
    let rows = sessions::table
        .filter(sessions::revoked_at.is_not_null())
        .filter(sessions::revoked_at.ge(since))
        .select((sessions::id, sessions::revoked_at))
        .load::<(SessionId, Option<Timestamp>)>(tx.conn()?)?;
    Ok(rows.into_iter().filter_map(|(id, at)| at.map(|at| (id, at))).collect())
}

pub(in crate::staff) fn insert_token(
    tx: &mut Tx<'_>,
    hash: &str,
    session: SessionId,
    expires_at: Timestamp,
) -> DbResult<()> {
    let now = tx.now();
    diesel::insert_into(tokens::table)
        .values((
            tokens::token_hash.eq(hash),
            tokens::session_id.eq(session),
            tokens::issued_at.eq(now),
            tokens::expires_at.eq(expires_at),
        ))
        .execute(tx.conn()?)?;
    Ok(())
}

/// Whose token this is and until when it could be used.
pub(in crate::staff) fn token(tx: &mut Tx<'_>, hash: &str) -> DbResult<Option<(SessionId, Timestamp)>> {
    Ok(tokens::table.find(hash).select((tokens::session_id, tokens::expires_at)).first(tx.conn()?).optional()?)
}

/// Uses a refresh token up; false when it was used before.
pub(in crate::staff) fn rotate(tx: &mut Tx<'_>, hash: &str) -> DbResult<bool> {
    let now = tx.now();
    let rows = diesel::update(tokens::table.find(hash).filter(tokens::rotated_at.is_null()))
        .set(tokens::rotated_at.eq(Some(now)))
        .execute(tx.conn()?)?;
    Ok(rows == 1)
}

/// Log-ins that still carry expired refresh tokens.
pub(in crate::staff) fn with_expired_tokens(tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<i64>> {
    let now = tx.now();
    let ids = tokens::table.filter(tokens::expires_at.le(now)).select(tokens::session_id).distinct().limit(limit);
    Ok(ids.load(tx.conn()?)?)
}

pub(in crate::staff) fn forget_expired_tokens(tx: &mut Tx<'_>, session: SessionId) -> DbResult<()> {
    let now = tx.now();
    let expired = tokens::table.filter(tokens::session_id.eq(session)).filter(tokens::expires_at.le(now));
    diesel::delete(expired).execute(tx.conn()?)?;
    Ok(())
}
