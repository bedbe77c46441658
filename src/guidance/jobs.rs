//! Housekeeping of links.

use super::model::GuideLinkId;
use super::store;
use crate::platform::db::{DbResult, Tx};
use crate::platform::jobs::Sweep;

/// Forgets links that have ended.
#[derive(Clone, Copy, Debug)]
pub struct ForgetEndedLinks;

impl Sweep for ForgetEndedLinks {
    fn name(&self) -> &'static str {
        "guidance.forget_ended_links"
    }

    fn due(&self, tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<i64>> {
        Ok(store::ended(tx, limit)?.into_iter().map(GuideLinkId::get).collect())
    }

    fn settle(&self, tx: &mut Tx<'_>, id: i64) -> DbResult<()> {
        let now = tx.now();
        store::forget(tx, GuideLinkId::new(id), now)
    }
}
