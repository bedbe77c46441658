//! What can be done with live rooms. Every change takes the caller's transaction.

pub(super) mod audience;
pub(super) mod dropping;
pub(super) mod looking;
pub(super) mod moves;
pub(super) mod planning;
pub(super) mod reminding;
pub mod reporting;
pub(super) mod selling;
pub(super) mod talking;
pub(super) mod watching;

use serde::Serialize;

use self::audience::word_of;
use super::error::LiveError;
use super::model::{Room, RoomId, SignalKind};
use super::store;
use crate::platform::db::{DbError, DbResult, Tx};

/// A room of any state.
///
/// # Errors
/// 404 when there is none.
pub(super) fn room(tx: &mut Tx<'_>, id: RoomId) -> Result<Room, LiveError> {
    store::rooms::room(tx, id)?.ok_or(LiveError::NotFound)
}

/// Tells those who watch, once this transaction is committed: the one way anything reaches viewers.
///
/// # Errors
/// When the database fails.
pub(super) fn signal<P: Serialize>(tx: &mut Tx<'_>, room: RoomId, kind: SignalKind, payload: &P) -> DbResult<()> {
    let payload = serde_json::to_string(payload).map_err(|error| DbError::Defect(error.to_string()))?;
    if store::signals::write(tx, room, kind, payload)?.is_some() {
        tx.wake(&word_of(room))?;
    }
    Ok(())
}
