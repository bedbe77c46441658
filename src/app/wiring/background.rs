//! What goes on beside requests.

use std::time::Duration;

use tokio::sync::watch;

use super::{App, telemetry};
use crate::analytics::{AnalyticsError, KeepAnswersFresh, SealingError, StreamError};
use crate::campaign::WatchRisks;
use crate::kernel::time::MINUTE_MS;
use crate::platform::db::{DbError, DbResult, Tx};
use crate::platform::http::auth::ACCESS_TTL_MS;
use crate::{identity, staff};

/// How often ended log-ins are fetched from the database.
const REVOCATIONS_EVERY: Duration = Duration::from_secs(1);
/// How often the catalogue looks for changes made by other processes; its own are told at once.
const CATALOG_EVERY: Duration = Duration::from_millis(500);
/// How often the entrances are looked at for changes made by other processes; its own are in force at once.
const ENTRANCES_EVERY: Duration = Duration::from_secs(1);
/// How often it is looked whether events should be sealed.
const SEAL_EVERY: Duration = Duration::from_secs(2);
/// How often it is looked whether a saved question is to be asked anew.
const ASK_ANEW_EVERY: Duration = Duration::from_secs(5);
/// How often figures and rate limits are tidied.
const TIDY_EVERY: Duration = Duration::from_secs(5);

impl App {
    /// Looks over the campaigns in which something happened, as goes on beside requests; says how many there were.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn watch_campaigns(&self) -> DbResult<usize> {
        WatchRisks(self.0.shared.campaigns.kinds.clone()).round(&self.0.db).await
    }

    /// Seals what waits of events, as goes on by itself in the background; says how many that were.
    ///
    /// # Errors
    /// The database or the disk.
    pub async fn seal_events(&self) -> Result<usize, SealingError> {
        self.0.sealer.seal().await
    }

    /// Asks saved questions anew whose time has come, as goes on by itself in the background; says how many there were.
    ///
    /// # Errors
    /// The database.
    pub async fn answer_saved_questions(&self) -> Result<usize, AnalyticsError> {
        self.saved_answers().round().await
    }

    /// Sends sealed events to ClickHouse, as goes on by itself in the background where there is one; says how many.
    ///
    /// # Errors
    /// The database, or whatever ClickHouse said.
    pub async fn stream_events(&self) -> Result<u64, StreamError> {
        self.0.shared.figures.stream().await
    }

    fn saved_answers(&self) -> KeepAnswersFresh {
        KeepAnswersFresh(self.0.shared.figures.reports().clone())
    }

    /// Does what goes on beside requests until `stop` turns true: what keeps this process fresh, and, when `working`,
    /// the shop's background work.
    pub async fn work_in_background(self, working: bool, stop: watch::Receiver<bool>) {
        let pause = self.0.config.worker.pause;
        let watch_risks = WatchRisks(self.0.shared.campaigns.kinds.clone());
        let works = async {
            if working {
                let watching = watch_risks.keep_watch(self.0.db.clone(), pause, stop.clone());
                let sealing = self.0.sealer.clone().keep_sealing(SEAL_EVERY, stop.clone());
                let asking = self.saved_answers().keep_asking(ASK_ANEW_EVERY, stop.clone());
                let streaming = self.0.shared.figures.clone().keep_streaming(stop.clone());
                tokio::join!(self.0.runner.run(pause, stop.clone()), watching, sealing, asking, streaming);
            }
        };
        tokio::join!(
            works,
            self.0.catalog.keep_fresh(CATALOG_EVERY, stop.clone()),
            self.0.entrances.keep_fresh(ENTRANCES_EVERY, stop.clone()),
            self.keep_revocations_fresh(stop.clone()),
            self.tidy(stop.clone()),
        );
    }

    async fn keep_revocations_fresh(&self, mut stop: watch::Receiver<bool>) {
        while rests(REVOCATIONS_EVERY, &mut stop).await {
            if let Err(error) = self.renew_revocations().await {
                tracing::warn!(%error, "ended log-ins could not be fetched; those known stay refused");
            }
        }
    }

    /// Fetches the log-ins that were ended, here or in another process, while their access tokens may still live.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn renew_revocations(&self) -> DbResult<()> {
        let fetch = |tx: &mut Tx<'_>| {
            let since = tx.now().plus_millis(-ACCESS_TTL_MS - MINUTE_MS);
            let mut ended = identity::recent_revocations(tx, since)?;
            ended.extend(staff::recent_revocations(tx, since)?);
            Ok::<_, DbError>((ended, tx.now()))
        };
        let (ended, now) = self.0.db.read("revocations", fetch).await?;
        self.0.revocations.renew(&ended, now);
        Ok(())
    }

    async fn tidy(&self, mut stop: watch::Receiver<bool>) {
        while rests(TIDY_EVERY, &mut stop).await {
            telemetry::figures().run_upkeep();
            self.0.shared.edge.limits.forget_idle();
        }
    }
}

/// Waits; says whether to go on.
async fn rests(pause: Duration, stop: &mut watch::Receiver<bool>) -> bool {
    tokio::select! {
        () = tokio::time::sleep(pause) => true,
        _ = stop.changed() => false,
    }
}
