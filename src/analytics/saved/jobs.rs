//! Asking saved questions anew when their time has come.

use std::time::Duration;

use tokio::sync::watch;

use super::kept;
use crate::analytics::error::AnalyticsError;
use crate::analytics::reports::Reports;
use crate::platform::db::DbError;

/// Most questions of one round, so that it ends however many are due.
const AT_MOST: usize = 100;

/// Asks saved questions anew, one after the other. Beside the runner of background work, which must not wait for it.
#[derive(Clone)]
pub struct KeepAnswersFresh(pub Reports);

impl KeepAnswersFresh {
    /// Asks every `pause` what is due, until `stop` turns true.
    pub async fn keep_asking(self, pause: Duration, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            if let Err(error) = self.round().await {
                tracing::warn!(%error, "saved questions could not be asked; the next round tries again");
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = stop.changed() => {}
            }
        }
    }

    /// Asks what is due; says how many that were.
    ///
    /// # Errors
    /// The database's. A question that cannot be answered is no error: its row says why.
    pub async fn round(&self) -> Result<usize, AnalyticsError> {
        let Self(reports) = self;
        for asked in 0..AT_MOST {
            let Some((row, until)) = reports.db().write("analytics.take_due_question", kept::take_due).await? else {
                return Ok(asked);
            };
            let result = match row.question() {
                Ok(question) => question.ask(reports).await,
                Err(error) => Err(error),
            };
            if let Err(AnalyticsError::Db(error)) = &result {
                tracing::warn!(question = %row.id, %error, "a saved question was not answered");
            }
            let ending = move |tx: &mut crate::platform::db::Tx<'_>| {
                kept::end_turn(tx, &row, until, &result)?;
                Ok::<_, DbError>(())
            };
            reports.db().write("analytics.end_question", ending).await?;
        }
        Ok(AT_MOST)
    }
}
