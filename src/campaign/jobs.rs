//! What campaigns do by themselves.

use super::kinds::CampaignKinds;
use super::{service, store};
use crate::kernel::id::CampaignId;
use crate::platform::db::{DbResult, Tx};
use crate::platform::jobs::Sweep;

/// Starts and ends campaigns by the clock.
#[derive(Clone, Debug)]
pub struct KeepTime(pub CampaignKinds);

impl Sweep for KeepTime {
    fn name(&self) -> &'static str {
        "campaign.keep_time"
    }

    fn due(&self, tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<i64>> {
        store::due_by_clock(tx, limit)
    }

    fn settle(&self, tx: &mut Tx<'_>, id: i64) -> DbResult<()> {
        service::keep_time(tx, &self.0, CampaignId::new(id))
    }
}
