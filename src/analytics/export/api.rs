//! The endpoint.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _};

use actix_web::body::SizedStream;
use actix_web::{HttpResponse, get, web};
use bytes::Bytes;
use futures_util::stream;
use serde_json::json;

use super::tables::{self, ExportTable};
use crate::analytics::engine::flaw::EngineError;
use crate::analytics::error::AnalyticsError;
use crate::analytics::reports::{Reports, View};
use crate::kernel::day::Day;
use crate::platform::db::{Db, DbError, Tx};
use crate::platform::http::{ApiResult, Path, Staff};
use crate::platform::storage::{Archive, StorageError};
use crate::staff::audit::{self, AuditEntry};
use crate::staff::permission::AnalyticsPeople;

/// Bytes that are sent at a time.
const CHUNK_BYTES: usize = 64 * 1024;

/// The endpoint for staff.
#[derive(utoipa::OpenApi)]
#[openapi(paths(export_day))]
pub struct ExportApi;

/// Registers the endpoint for staff.
pub fn export_routes(config: &mut web::ServiceConfig) {
    config.service(export_day);
}

/// Whoever writes files for warehouses. Cloning shares it.
#[derive(Clone)]
pub struct Exports {
    reports: Reports,
    archive: Archive,
}

impl Exports {
    /// Exports of what these reports answer from; files are written beside the archive's.
    pub fn new(reports: Reports, archive: Archive) -> Self {
        Self { reports, archive }
    }

    fn db(&self) -> &Db {
        self.reports.db()
    }

    /// A day of a table, and how many rows it has.
    async fn file(&self, table: ExportTable, day: Day) -> Result<(File, u64), AnalyticsError> {
        let mut file = self.passing_file()?;
        let written = file.try_clone().map_err(EngineError::from)?;
        let view = View { show_all: true, with_users: true, ..View::default() };
        let rows = self.reports.work(view, move |data| tables::write(data, table, day.get(), written)).await?;
        file.rewind().map_err(EngineError::from)?;
        Ok((file, rows))
    }

    /// A file that goes when nobody holds it any more, whatever becomes of the process.
    fn passing_file(&self) -> Result<File, AnalyticsError> {
        let absent = |error: StorageError| AnalyticsError::from(DbError::Unavailable(error.to_string()));
        let path = self.archive.place(&format!("exports/{:032x}", rand::random::<u128>())).map_err(absent)?;
        let file = OpenOptions::new().read(true).write(true).create_new(true).open(&path);
        let file = file.map_err(EngineError::from)?;
        std::fs::remove_file(&path).map_err(EngineError::from)?;
        Ok(file)
    }
}

/// Exports a day for a warehouse
///
/// A Parquet file with users instead of numbers of persons and without personal data, made of the shop's events: every
/// event of the day; or orders that were placed on it, with what became of them since; their lines; users who registered
/// on it; what was shared on it. `left_out` marks what figures leave out. Written down in the audit log.
#[utoipa::path(
    tag = "analytics", security(("staff" = [])), extensions(("x-permission" = json!("analytics.people"))),
    params(
        ("table" = inline(ExportTable), Path, description = "What is exported.", example = "events"),
        ("day" = Day, Path, description = "The day of the shop.", example = "2026-01-31"),
    ),
    responses((status = 200, description = "The file.", body = Vec<u8>, content_type = "application/vnd.apache.parquet"))
)]
#[get("/analytics/exports/{table}/{day}")]
pub async fn export_day(
    exports: web::Data<Exports>,
    staff: Staff<AnalyticsPeople>,
    path: Path<(ExportTable, Day)>,
) -> ApiResult<HttpResponse> {
    let Path((table, day)) = path;
    let today = exports.db().read("analytics.today", |tx: &mut Tx<'_>| Ok::<_, DbError>(tx.today())).await?;
    if day > today {
        return Err(AnalyticsError::ExportDayNotBegun.into());
    }
    let (file, rows) = exports.file(table, day).await?;
    let note = move |tx: &mut Tx<'_>| {
        let entry = AuditEntry {
            staff_id: staff.staff_id,
            action: "analytics.export_day",
            subject_kind: "analytics_export",
            subject_id: None,
            reason: None,
            before: None,
            after: Some(json!({ "table": table, "day": day, "rows": rows })),
            origin: &staff.origin,
        };
        audit::record(tx, &entry)
    };
    exports.db().write("analytics.export_day", note).await?;
    let bytes = file.metadata().map_err(EngineError::from).map_err(AnalyticsError::from)?.len();
    let name = format!("{}-{day}.parquet", table.name());
    Ok(HttpResponse::Ok()
        .content_type("application/vnd.apache.parquet")
        .insert_header(("content-disposition", format!("attachment; filename=\"{name}\"")))
        .insert_header(("x-content-type-options", "nosniff"))
        .body(SizedStream::new(bytes, chunks(file))))
}

/// A file, some of it at a time, read by threads that may wait for the disk.
fn chunks(file: File) -> impl stream::Stream<Item = std::io::Result<Bytes>> {
    stream::try_unfold(file, |mut file| async move {
        let reading = move || {
            let mut buffer = vec![0; CHUNK_BYTES];
            let length = file.read(&mut buffer)?;
            buffer.truncate(length);
            Ok::<_, std::io::Error>((buffer, file))
        };
        let (buffer, file) = tokio::task::spawn_blocking(reading).await.map_err(std::io::Error::other)??;
        Ok((!buffer.is_empty()).then(|| (Bytes::from(buffer), file)))
    })
}
