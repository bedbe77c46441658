//! What handlers of analytics ask for by type, built once and shared by all threads.

use actix_web::web;

use super::config::Config;
use crate::analytics::{Intake, Overviews, ProjectKey, Reports};
use crate::platform::db::Db;
use crate::platform::storage::Archive;

/// Everything there is to ask for.
#[derive(Clone)]
pub(super) struct Figures {
    intake: web::Data<Intake>,
    reports: web::Data<Reports>,
    overviews: web::Data<Overviews>,
    project_key: web::Data<ProjectKey>,
}

impl Figures {
    /// About this database and the files in this archive.
    pub(super) fn of(config: &Config, db: &Db, archive: Archive) -> Self {
        let reports = Reports::new(db.clone(), archive, config.analytics.reports);
        Self {
            intake: web::Data::new(Intake::new(db.clone(), config.analytics.intake)),
            overviews: web::Data::new(Overviews::new(reports.clone())),
            reports: web::Data::new(reports),
            project_key: web::Data::new(ProjectKey(config.analytics.project_key.clone())),
        }
    }

    /// Whoever answers questions.
    pub(super) fn reports(&self) -> &Reports {
        &self.reports
    }

    /// Gives it to handlers.
    pub(super) fn mount(self, cfg: &mut web::ServiceConfig) {
        cfg.app_data(self.intake).app_data(self.reports).app_data(self.overviews).app_data(self.project_key);
    }
}
