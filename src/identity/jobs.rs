//! Housekeeping of log-ins.

use super::store;
use crate::kernel::id::SessionId;
use crate::platform::db::{DbResult, Tx};
use crate::platform::jobs::Sweep;

/// Forgets refresh tokens that expired, log-in by log-in: every quarter of an hour leaves one behind per active user.
/// A token that is forgotten is refused like one that never was.
#[derive(Debug, Clone, Copy)]
pub struct ForgetExpiredTokens;

impl Sweep for ForgetExpiredTokens {
    fn name(&self) -> &'static str {
        "identity.forget_expired_tokens"
    }

    fn due(&self, tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<i64>> {
        store::sessions_with_expired_tokens(tx, limit)
    }

    fn settle(&self, tx: &mut Tx<'_>, id: i64) -> DbResult<()> {
        store::forget_expired_tokens(tx, SessionId::new(id))
    }
}
