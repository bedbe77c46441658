//! What handlers of analytics ask for by type, built once and shared by all threads.

use std::time::Duration;

use actix_web::web;
use tokio::sync::watch;

use super::config::Config;
use crate::analytics::{Exports, Intake, Overviews, ProjectKey, Reports, StreamError, Streamer};
use crate::kernel::time::Clock;
use crate::platform::db::Db;
use crate::platform::storage::Archive;

/// How often it is looked whether ClickHouse lacks events.
const STREAM_EVERY: Duration = Duration::from_secs(15);

/// Everything there is to ask for.
#[derive(Clone)]
pub(super) struct Figures {
    intake: web::Data<Intake>,
    reports: web::Data<Reports>,
    overviews: web::Data<Overviews>,
    exports: web::Data<Exports>,
    project_key: web::Data<ProjectKey>,
    streamer: Option<Streamer>,
}

impl Figures {
    /// About this database and the files in this archive.
    ///
    /// # Errors
    /// When this machine's certificates cannot be used.
    pub(super) fn of(config: &Config, db: &Db, archive: Archive, clock: &Clock) -> Result<Self, reqwest::Error> {
        let reports = Reports::new(db.clone(), archive.clone(), config.analytics.reports);
        let stream = config.analytics.stream.clone();
        let streamer = stream.map(|to| Streamer::new(db.clone(), reports.clone(), to, clock.clone())).transpose()?;
        Ok(Self {
            intake: web::Data::new(Intake::new(db.clone(), config.analytics.intake)),
            overviews: web::Data::new(Overviews::new(reports.clone())),
            exports: web::Data::new(Exports::new(reports.clone(), archive)),
            reports: web::Data::new(reports),
            project_key: web::Data::new(ProjectKey(config.analytics.project_key.clone())),
            streamer,
        })
    }

    /// Whoever answers questions.
    pub(super) fn reports(&self) -> &Reports {
        &self.reports
    }

    /// Gives it to handlers.
    pub(super) fn mount(self, cfg: &mut web::ServiceConfig) {
        cfg.app_data(self.intake)
            .app_data(self.reports)
            .app_data(self.overviews)
            .app_data(self.exports)
            .app_data(self.project_key);
    }

    /// Sends events to ClickHouse, if there is one; says how many that were.
    ///
    /// # Errors
    /// The database, or whatever ClickHouse said.
    pub(super) async fn stream(&self) -> Result<u64, StreamError> {
        match &self.streamer {
            Some(streamer) => streamer.round().await,
            None => Ok(0),
        }
    }

    /// Sends events to ClickHouse, if there is one, until `stop` turns true.
    pub(super) async fn keep_streaming(self, stop: watch::Receiver<bool>) {
        if let Some(streamer) = self.streamer {
            streamer.keep_streaming(STREAM_EVERY, stop).await;
        }
    }
}
