//! Builds everything once: what each capability needs from outside is handed to it here and nowhere else.

use std::sync::Arc;
use std::time::Duration;

use actix_web::web;
use tokio::sync::{Notify, watch};

use super::config::Config;
use super::known_paths::KnownPaths;
use super::openapi::{self, OpenApiError};
use super::operations::{Documents, MetricsGate, Readiness};
use super::{routes, telemetry};
use crate::kernel::time::{Clock, MINUTE_MS};
use crate::platform::db::faults::Faults;
use crate::platform::db::{Db, DbError, DbResult, Tx, migrate_up};
use crate::platform::events::Relay;
use crate::platform::http::auth::{ACCESS_TTL_MS, Access, AccessTokens, Revocations};
use crate::platform::http::edge::Edge;
use crate::platform::http::rate_limit::Limits;
use crate::platform::jobs::{Runner, Work};
use crate::platform::storage::{Storage, StorageSetupError};
use crate::platform::wechat::{WechatClient, WechatSetupError};

/// How often ended log-ins are fetched from the database.
const REVOCATIONS_EVERY: Duration = Duration::from_secs(1);
/// How often figures and rate limits are tidied.
const TIDY_EVERY: Duration = Duration::from_secs(5);

/// Why the service does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database.
    #[error("HOURGLASS_DATABASE_URL (database.url): {0}")]
    Db(#[from] DbError),
    /// The store of files.
    #[error("HOURGLASS_STORAGE_…: {0}")]
    Storage(#[from] StorageSetupError),
    /// WeChat.
    #[error("HOURGLASS_WECHAT_…: {0}")]
    Wechat(#[from] WechatSetupError),
    /// A secret.
    #[error("{0}")]
    Secret(String),
    /// The document, which is a defect.
    #[error(transparent)]
    OpenApi(#[from] OpenApiError),
}

/// The whole service, built and not yet serving. Cloning shares it.
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    config: Config,
    db: Db,
    revocations: Revocations,
    edge: web::Data<Edge>,
    storage: Storage,
    wechat: WechatClient,
    documents: web::Data<Documents>,
    known_paths: web::Data<KnownPaths>,
    readiness: web::Data<Readiness>,
    metrics_gate: web::Data<MetricsGate>,
    runner: Runner,
}
