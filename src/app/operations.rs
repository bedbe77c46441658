//! What operators and browsers ask of the service itself: probes, figures, the document and its reader, files.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::{HttpRequest, HttpResponse, get, web};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};

use super::telemetry;
use crate::platform::db::{Db, DbError, DbResult, missing_migrations};
use crate::platform::http::{ApiError, ApiResult, Json, Origin, RequestError};
use crate::platform::storage::{Storage, StorageError};

/// How long a probe waits for the database.
const PATIENCE: Duration = Duration::from_secs(1);
/// Names of files are random and never used twice, so a file never changes.
const FOREVER: &str = "public, max-age=31536000, immutable";
/// The reader of the document loads nothing from elsewhere; its own styles are written into its elements.
const READER_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// A file is looked at and never run.
const FILE_POLICY: &str = "default-src 'none'; sandbox";

/// What a probe answers.
#[derive(Debug, Serialize, ToSchema)]
pub struct HealthView {
    /// `ok`; anything else comes with 503.
    #[schema(example = "ok")]
    pub status: &'static str,
}

/// Whether the service can serve, remembered where that is enough.
#[derive(Debug, Default)]
pub struct Readiness {
    migrated: AtomicBool,
}

impl Readiness {
    /// Whether the database answers in time and knows every table. Tables are looked for until they were found once.
    async fn look(self: Arc<Self>, db: &Db) -> DbResult<()> {
        let look = move |tx: &mut crate::platform::db::Tx<'_>| {
            use diesel::connection::SimpleConnection as _;
            if self.migrated.load(Ordering::Relaxed) {
                return Ok(tx.conn()?.batch_execute("SELECT 1")?);
            }
            match missing_migrations(tx)? {
                0 => {
                    self.migrated.store(true, Ordering::Relaxed);
                    Ok(())
                }
                missing => Err(DbError::Unavailable(format!("{missing} migrations are missing"))),
            }
        };
        let late = |_| Err(DbError::Unavailable("the database did not answer in time".to_owned()));
        tokio::time::timeout(PATIENCE, db.read("health.ready", look)).await.unwrap_or_else(late)
    }
}

/// Whether the process runs.
#[utoipa::path(tag = "operations", security(()), responses((status = 200, description = "It runs.", body = HealthView)))]
#[get("/health/live")]
pub async fn show_liveness() -> Json<HealthView> {
    Json(HealthView { status: "ok" })
}

/// Whether the service can serve: the database answers and its tables are those of this program.
#[utoipa::path(tag = "operations", security(()), responses((status = 200, description = "It can.", body = HealthView)))]
#[get("/health/ready")]
pub async fn show_readiness(db: web::Data<Db>, readiness: web::Data<Readiness>) -> ApiResult<Json<HealthView>> {
    readiness.into_inner().look(&db).await.map_err(|error| {
        tracing::warn!(%error, "the service is not ready");
        ApiError::new(RequestError::UNAVAILABLE)
    })?;
    Ok(Json(HealthView { status: "ok" }))
}

/// Who may read the figures.
#[derive(Debug)]
pub struct MetricsGate(pub Option<SecretString>);

/// Figures for Prometheus.
#[utoipa::path(
    tag = "operations", security(()),
    responses((status = 200, description = "The figures.", body = String, content_type = "text/plain"))
)]
#[get("/metrics")]
pub async fn show_metrics(request: HttpRequest, gate: web::Data<MetricsGate>) -> ApiResult<HttpResponse> {
    let allowed = match &gate.0 {
        Some(token) => {
            let header = request.headers().get("authorization").and_then(|value| value.to_str().ok());
            let given = header.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
            verify_slices_are_equal(given.as_bytes(), token.expose_secret().as_bytes()).is_ok()
        }
        None => Origin::of(&request).address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback()),
    };
    if !allowed {
        return Err(ApiError::new(RequestError::NOT_FOUND));
    }
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4").body(telemetry::figures().render()))
}

/// The OpenAPI document, as bytes ready to be sent.
#[derive(Debug)]
pub struct Documents(pub web::Bytes);

#[get("/openapi.json")]
async fn show_document(documents: web::Data<Documents>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .insert_header((CACHE_CONTROL, "no-cache"))
        .body(documents.0.clone())
}

#[get("/docs")]
async fn lead_to_reader() -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((LOCATION, "/docs/")).finish()
}

#[get("/docs/{file:.*}")]
async fn show_reader(file: web::Path<String>) -> ApiResult<HttpResponse> {
    let config = utoipa_swagger_ui::Config::from("/openapi.json").validator_url("none");
    let found = utoipa_swagger_ui::serve(&file, Arc::new(config)).map_err(|error| {
        tracing::error!(%error, "the reader of the document is broken");
        ApiError::new(RequestError::DEFECT)
    })?;
    let Some(found) = found else { return Err(ApiError::new(RequestError::NOT_FOUND)) };
    let mut answer = HttpResponse::Ok();
    answer.insert_header((CONTENT_TYPE, found.content_type)).insert_header((CONTENT_SECURITY_POLICY, READER_POLICY));
    answer.insert_header((CACHE_CONTROL, "public, max-age=3600"));
    if found.gzpipped {
        answer.insert_header((CONTENT_ENCODING, "gzip"));
    }
    Ok(answer.body(found.bytes.into_owned()))
}

/// A picture that was uploaded.
#[utoipa::path(
    tag = "operations", security(()), params(("key" = String, Path, description = "Its name, as answered when it was put away.")),
    responses((status = 200, description = "The picture.", body = Vec<u8>, content_type = "image/png"))
)]
#[get("/files/{key:.*}")]
pub async fn show_file(key: web::Path<String>, storage: web::Data<Storage>) -> ApiResult<HttpResponse> {
    let found = storage.get(&key).await.map_err(|error| {
        match error {
            StorageError::Unavailable(text) => tracing::warn!(text, "a file could not be fetched"),
            StorageError::Refused(_) => tracing::error!("a stored file was refused"),
        }
        ApiError::new(RequestError::UNAVAILABLE)
    })?;
    let Some((bytes, content_type)) = found else { return Err(ApiError::new(RequestError::NOT_FOUND)) };
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, content_type))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((CONTENT_SECURITY_POLICY, FILE_POLICY))
        .insert_header((CACHE_CONTROL, FOREVER))
        .body(bytes))
}

/// What is documented of these.
#[derive(OpenApi)]
#[openapi(paths(show_liveness, show_readiness, show_metrics, show_file))]
pub struct OperationsApi;

/// Mounts these at the root.
pub fn operation_routes(cfg: &mut web::ServiceConfig) {
    cfg.service(show_liveness)
        .service(show_readiness)
        .service(show_metrics)
        .service(show_document)
        .service(lead_to_reader)
        .service(show_reader)
        .service(show_file);
}
