//! What time does to streams.

use super::model::{PublishingId, REPORT_MS};
use super::{service, store};
use crate::live::model::RoomId;
use crate::live::service::moves;
use crate::live::store::rooms;
use crate::platform::db::{DbResult, Tx};
use crate::platform::jobs::Sweep;

/// Pauses live rooms that have been without a picture for too long.
#[derive(Clone, Copy, Debug)]
pub struct PauseSilent {
    /// How long a room may be without one, in milliseconds.
    pub grace_ms: i64,
}

impl Sweep for PauseSilent {
    fn name(&self) -> &'static str {
        "live.pause_silent"
    }

    fn due(&self, tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<i64>> {
        let before = tx.now().plus_millis(self.grace_ms.saturating_neg());
        Ok(rooms::silent(tx, before, limit)?.into_iter().map(RoomId::get).collect())
    }

    fn settle(&self, tx: &mut Tx<'_>, id: i64) -> DbResult<()> {
        moves::pause_silent(tx, RoomId::new(id), self.grace_ms)
    }
}

/// Notices that a reporting engine no longer speaks of a stream, as when it was killed.
#[derive(Clone, Copy, Debug, Default)]
pub struct LosePublishers;

impl Sweep for LosePublishers {
    fn name(&self) -> &'static str {
        "live.lose_publishers"
    }

    fn due(&self, tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<i64>> {
        let before = tx.now().plus_millis(-REPORT_MS);
        Ok(store::unheard(tx, before, limit)?.into_iter().map(PublishingId::get).collect())
    }

    fn settle(&self, tx: &mut Tx<'_>, id: i64) -> DbResult<()> {
        service::lose(tx, PublishingId::new(id))
    }
}
