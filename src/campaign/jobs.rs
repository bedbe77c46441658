//! What campaigns do by themselves.

use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::kinds::CampaignKinds;
use super::{service, store};
use crate::kernel::id::CampaignId;
use crate::kernel::time::{DAY_MS, Timestamp};
use crate::platform::db::{Db, DbResult, Tx};
use crate::platform::jobs::Sweep;

/// Campaigns looked over in one round.
const BATCH: i64 = 100;
/// How many times as long as it looked a watch rests.
const RESTS: u32 = 10;
/// How long it rests at the most: in a rush, when looking takes long, there is most to be seen.
const LONGEST_REST: Duration = Duration::from_secs(5);
/// Deeds forgotten in one transaction: few enough that nobody waits long for it.
const FORGOTTEN_AT_ONCE: i64 = 500;

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

/// Looks over campaigns in which something happens: rules that watch them warn staff or pause them. No sweep of the
/// runner: a sweep looks while it writes, and in a rush there is too much to look at for that.
#[derive(Clone, Debug)]
pub struct WatchRisks(pub CampaignKinds);

impl WatchRisks {
    /// Looks over campaigns every `pause` until `stop` turns true. Beside the runner, whose rounds grow long in just the
    /// rush that these rules are for: nothing may be due there for seconds while events of the rush are delivered.
    pub async fn keep_watch(self, db: Db, pause: Duration, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            let begun = Instant::now();
            if let Err(error) = self.round(&db).await {
                tracing::warn!(%error, "campaigns could not be looked over; the next round tries again");
            }
            // Looking takes its share of the machine and hardly more, however much there is to count.
            let rest = pause.max(begun.elapsed().saturating_mul(RESTS).min(LONGEST_REST));
            tokio::select! {
                () = tokio::time::sleep(rest) => {}
                _ = stop.changed() => {}
            }
        }
    }

    /// Looks over every campaign in which something happened since the last time; says how many there were. One that
    /// cannot be looked over keeps nobody from the others.
    ///
    /// # Errors
    /// When the database cannot even say which they are.
    pub async fn round(&self, db: &Db) -> DbResult<usize> {
        let due = db.read("campaign.watch_due", |tx| store::due_to_watch(tx, BATCH)).await?;
        let count = due.len();
        for id in due.into_iter().map(CampaignId::new) {
            if let Err(error) = self.look_over(db, id).await {
                tracing::warn!(%error, campaign_id = %id, "a campaign could not be looked over; the next round tries again");
            }
        }
        Ok(count)
    }

    async fn look_over(&self, db: &Db, id: CampaignId) -> DbResult<()> {
        let found = db.read("campaign.watch_look", move |tx| service::look(tx, id)).await?;
        let Some(finding) = found else { return Ok(()) };
        let kinds = self.0.clone();
        let noting = db.write("campaign.watch", move |tx| {
            // What fires is judged once more where nothing can change meanwhile.
            if finding.alarming { service::look_over(tx, &kinds, id) } else { service::found_nothing(tx, id, finding) }
        });
        noting.await
    }
}

/// Forgets what was done in campaigns so many days ago. Only the rules that watch read single deeds, and they look back
/// a day at most; the rest is kept for staff who look into a warning.
#[derive(Clone, Copy, Debug)]
pub struct ForgetActions {
    /// For how many days deeds are kept.
    pub keep_days: i64,
}

impl ForgetActions {
    fn before(self, tx: &Tx<'_>) -> Timestamp {
        tx.now().plus_millis(self.keep_days.saturating_mul(-DAY_MS))
    }
}

impl Sweep for ForgetActions {
    fn name(&self) -> &'static str {
        "campaign.forget_actions"
    }

    fn due(&self, tx: &mut Tx<'_>, _limit: i64) -> DbResult<Vec<i64>> {
        let before = self.before(tx);
        // The oldest are settled together, whatever their ids.
        Ok(if store::oldest_action(tx)?.is_some_and(|at| at < before) { vec![0] } else { Vec::new() })
    }

    fn settle(&self, tx: &mut Tx<'_>, _id: i64) -> DbResult<()> {
        let before = self.before(tx);
        store::forget_actions(tx, before, FORGOTTEN_AT_ONCE)
    }
}
