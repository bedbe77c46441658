//! What campaigns do by themselves.

use std::time::Duration;

use tokio::sync::watch;

use super::kinds::CampaignKinds;
use super::{service, store};
use crate::kernel::id::CampaignId;
use crate::platform::db::{Db, DbResult, Tx};
use crate::platform::jobs::Sweep;

/// Campaigns looked over in one round.
const BATCH: i64 = 100;

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

/// Looks over campaigns in which something happens: rules that watch them warn staff or pause them.
#[derive(Clone, Debug)]
pub struct WatchRisks(pub CampaignKinds);

impl Sweep for WatchRisks {
    fn name(&self) -> &'static str {
        "campaign.watch_risks"
    }

    fn due(&self, tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<i64>> {
        store::due_to_watch(tx, limit)
    }

    fn settle(&self, tx: &mut Tx<'_>, id: i64) -> DbResult<()> {
        service::look_over(tx, &self.0, CampaignId::new(id))
    }
}

impl WatchRisks {
    /// Looks over campaigns every `pause` until `stop` turns true. Beside the runner, whose rounds grow long in just the
    /// rush that these rules are for: nothing may be due there for seconds while events of the rush are delivered.
    pub async fn keep_watch(self, db: Db, pause: Duration, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            if let Err(error) = self.round(&db).await {
                tracing::warn!(%error, "campaigns could not be looked over; the next round tries again");
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = stop.changed() => {}
            }
        }
    }

    async fn round(&self, db: &Db) -> DbResult<()> {
        let due = db.read("campaign.watch_due", |tx| store::due_to_watch(tx, BATCH)).await?;
        for id in due {
            let kinds = self.0.clone();
            let looking = db.write("campaign.watch", move |tx| service::look_over(tx, &kinds, CampaignId::new(id)));
            looking.await?;
        }
        Ok(())
    }
}
