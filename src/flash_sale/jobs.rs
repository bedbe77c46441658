//! Telling those who asked that a slot is about to start.

use super::model::ReminderId;
use super::{service, store};
use crate::platform::db::{DbResult, Tx};
use crate::platform::jobs::Sweep;

/// Records, a little before a slot starts, that those who asked are to be told.
#[derive(Clone, Copy, Debug, Default)]
pub struct RemindOfSlots;

impl Sweep for RemindOfSlots {
    fn name(&self) -> &'static str {
        "flash_sale.remind"
    }

    fn due(&self, tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<i64>> {
        let now = tx.now();
        Ok(store::due_reminders(tx, now, limit)?.into_iter().map(ReminderId::get).collect())
    }

    fn settle(&self, tx: &mut Tx<'_>, id: i64) -> DbResult<()> {
        service::tell(tx, ReminderId::new(id))
    }
}
