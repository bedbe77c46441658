//! The books: whether everything that must agree does, now and last night; and background jobs that gave up.

mod night;
mod store;

pub use night::{NightStage, with_nights};

use actix_web::{get, post, web};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, OpenApi, ToSchema};

use crate::kernel::day::Day;
use crate::kernel::page::{Cursor, Page};
use crate::kernel::time::Timestamp;
use crate::platform::db::{Db, DbError, DbResult, Tx};
use crate::platform::events;
use crate::platform::http::{ApiError, ApiResult, Json, NoContent, PageQuery, Path, Query, RequestError, Staff};
use crate::platform::jobs::{self, JobRow, JobState};
use crate::refusals;
use crate::staff::audit::{self, AuditEntry};
use crate::staff::permission::{BooksRead, JobRead, JobRetry};
use crate::{
    bargain, campaign, coupon, digital, flash_sale, group_buy, live, order, payment, share, social_coupon, stock,
};

refusals! {
    /// Why nothing is done about a job.
    pub enum BooksError: "job" {
        /// It is not dead, or there is no such job.
        NotDead => CONFLICT "not_dead" "该任务不处于失败状态" "The job is not dead.",
    }
}

/// Looks for what does not agree; each line says where.
type Check = fn(&mut Tx<'_>) -> DbResult<Vec<String>>;

/// Every check by its name, in the order in which they are shown.
const CHECKS: &[(&str, Check)] = &[
    ("stock", stock::differences),
    ("orders", order::differences),
    ("virtual_goods", digital::differences),
    ("payments", payment::differences),
    ("shares", share::differences),
    ("campaigns", campaign::differences),
    ("flash_sales", flash_sale::differences),
    ("bargains", bargain::differences),
    ("packets", social_coupon::differences),
    ("groups", group_buy::differences),
    ("live_rooms", live::differences),
    ("coupons", coupon::differences),
    ("jobs", dead_jobs),
    ("events", dead_events),
];

fn dead_jobs(tx: &mut Tx<'_>) -> DbResult<Vec<String>> {
    let dead = jobs::count_dead(tx)?;
    Ok(if dead == 0 { Vec::new() } else { vec![format!("{dead} jobs are dead and wait for staff")] })
}

fn dead_events(tx: &mut Tx<'_>) -> DbResult<Vec<String>> {
    let dead = events::count_undeliverable(tx)?;
    Ok(if dead == 0 {
        Vec::new()
    } else {
        vec![format!("{dead} deliveries of events were given up and wait for staff")]
    })
}

/// Most differences shown of one page of nights.
const SHOWN: i64 = 500;

/// Whether everything agrees.
#[derive(Debug, Serialize, ToSchema)]
pub struct BooksView {
    /// Whether no check found a difference.
    pub balanced: bool,
    /// The moment the books were looked at; all of them at once.
    pub checked_at: Timestamp,
    /// What was looked at.
    pub checks: Vec<CheckView>,
    /// The latest nightly look, which also compares with the provider's book; null before the first.
    pub last_night: Option<NightView>,
}

/// One check.
#[derive(Debug, Serialize, ToSchema)]
pub struct CheckView {
    /// Its name.
    #[schema(example = "stock")]
    pub name: &'static str,
    /// What does not agree, a line each; empty when everything does.
    #[schema(example = json!([]))]
    pub differences: Vec<String>,
}

/// One nightly look at the books.
#[derive(Debug, Serialize, ToSchema)]
pub struct NightView {
    /// The date it began on, in the shop's zone.
    pub day: Day,
    /// How far it came.
    pub stage: NightStage,
    /// The money it compares with the provider's book came or went at this moment or later.
    pub covers_from: Timestamp,
    /// And before this moment.
    pub covers_until: Timestamp,
    /// Attempts and refunds that were compared with the provider's book.
    #[schema(example = 318)]
    pub compared: i64,
    /// How many differences there are; not all of very many are shown.
    #[schema(example = 0)]
    pub differences_found: i64,
    /// What does not agree.
    #[schema(example = json!([]))]
    pub differences: Vec<DifferenceView>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended; null while it goes on.
    pub finished_at: Option<Timestamp>,
}

/// Something that does not agree.
#[derive(Debug, Serialize, ToSchema)]
pub struct DifferenceView {
    /// The check that says so; `provider` for the comparison with the provider's book.
    #[schema(example = "stock")]
    pub check: String,
    /// What.
    #[schema(example = "SKU 184467440737095516: held = sum of live holds: 3 against 2")]
    pub difference: String,
}

/// Runs every check in one view of the database.
///
/// # Errors
/// When the database fails.
pub fn look(tx: &mut Tx<'_>) -> DbResult<Vec<CheckView>> {
    CHECKS.iter().map(|(name, check)| Ok(CheckView { name, differences: check(tx)? })).collect()
}

fn nights(tx: &mut Tx<'_>, after: Option<Cursor>, limit: i64) -> DbResult<Page<NightView>> {
    let page =
        Page::cut(store::list(tx, after, limit.saturating_add(1))?, limit, |night| Cursor { key: 0, id: night.id });
    let ids: Vec<i64> = page.items.iter().map(|night| night.id).collect();
    let found = store::differences_of(tx, &ids, SHOWN)?;
    Ok(page.map(|night| {
        let own = found.iter().filter(|(of, ..)| *of == night.id);
        let line = |(_, check, difference): &(i64, String, String)| DifferenceView {
            check: check.clone(),
            difference: difference.clone(),
        };
        NightView {
            stage: night.stage,
            covers_from: night.covers_from,
            covers_until: night.covers_until,
            compared: night.compared,
            differences_found: night.differences,
            differences: own.map(line).collect(),
            started_at: night.started_at,
            finished_at: night.finished_at,
            day: night.day,
        }
    }))
}

/// Whether stock, orders, payments and the ledger agree with each other and with themselves.
#[utoipa::path(
    tag = "operations", security(("staff" = [])), extensions(("x-permission" = json!("books.read"))),
    responses((status = 200, description = "What was found.", body = BooksView))
)]
#[get("/books")]
pub async fn check_books(db: web::Data<Db>, _staff: Staff<BooksRead>) -> ApiResult<Json<BooksView>> {
    let looking = db.survey("books.look", |tx| {
        let checks = look(tx)?;
        let balanced = checks.iter().all(|check| check.differences.is_empty());
        let last_night = nights(tx, None, 1)?.items.pop();
        Ok::<_, DbError>(BooksView { balanced, checked_at: tx.now(), checks, last_night })
    });
    Ok(Json(looking.await?))
}

/// Which nights to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct NightsQuery {
    /// The `next_cursor` of the page before; absent for the first page.
    pub cursor: Option<String>,
    /// Items wanted, 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<i64>,
}

/// Nightly looks at the books, latest first.
#[utoipa::path(
    tag = "operations", security(("staff" = [])), params(NightsQuery), extensions(("x-permission" = json!("books.read"))),
    responses((status = 200, description = "A page of nights.", body = Page<NightView>))
)]
#[get("/books/nights")]
pub async fn list_book_nights(
    db: web::Data<Db>,
    _staff: Staff<BooksRead>,
    query: Query<NightsQuery>,
) -> ApiResult<Json<Page<NightView>>> {
    let NightsQuery { cursor, limit } = query.0;
    let page = PageQuery { cursor, limit };
    let (after, limit) = (page.cursor()?, page.limit()?);
    Ok(Json(db.read("books.nights", move |tx| nights(tx, after, limit)).await?))
}

/// Which jobs to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct JobsQuery {
    /// Only jobs in this state.
    pub state: Option<JobState>,
    /// The `next_cursor` of the page before; absent for the first page.
    pub cursor: Option<String>,
    /// Items wanted, 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<i64>,
}

/// Background jobs, newest first.
#[utoipa::path(
    tag = "operations", security(("staff" = [])), params(JobsQuery), extensions(("x-permission" = json!("job.read"))),
    responses((status = 200, description = "A page of jobs.", body = Page<JobRow>))
)]
#[get("/jobs")]
pub async fn list_jobs(
    db: web::Data<Db>,
    _staff: Staff<JobRead>,
    query: Query<JobsQuery>,
) -> ApiResult<Json<Page<JobRow>>> {
    let JobsQuery { state, cursor, limit } = query.0;
    let page = PageQuery { cursor, limit };
    let (after, limit) = (page.cursor()?, page.limit()?);
    let rows = db.read("jobs.list", move |tx| jobs::list(tx, state, after, limit + 1)).await?;
    Ok(Json(Page::cut(rows, limit, |row| Cursor { key: 0, id: row.id })))
}

/// Tries a dead job again from the beginning.
#[utoipa::path(
    tag = "operations", security(("staff" = [])), extensions(("x-permission" = json!("job.retry"))),
    params(("id" = String, Path, description = "The job.", pattern = "^[0-9]{1,19}$", example = "191380899800023040")),
    responses((status = 204, description = "It will be tried again."))
)]
#[post("/jobs/{id}/retry")]
pub async fn retry_job(db: web::Data<Db>, staff: Staff<JobRetry>, id: Path<String>) -> ApiResult<NoContent> {
    let id = crate::kernel::id::parse(&id.0).map_err(|_| ApiError::new(RequestError::NOT_FOUND))?;
    let retry = move |tx: &mut Tx<'_>| {
        if !jobs::retry_dead(tx, id)? {
            return Err(BooksError::NotDead);
        }
        let deed = AuditEntry {
            staff_id: staff.staff_id,
            action: "job.retry",
            subject_kind: "job",
            subject_id: Some(id),
            reason: None,
            before: Some(json!({ "state": "dead" })),
            after: Some(json!({ "state": "ready" })),
            origin: &staff.origin,
        };
        Ok(audit::record(tx, &deed)?)
    };
    db.write("jobs.retry", retry).await?;
    Ok(NoContent)
}

/// What is documented of these.
#[derive(OpenApi)]
#[openapi(paths(check_books, list_book_nights, list_jobs, retry_job))]
pub struct AdminApi;

/// Mounts these under the back office.
pub fn admin_routes(cfg: &mut web::ServiceConfig) {
    cfg.service(check_books).service(list_book_nights).service(list_jobs).service(retry_job);
}
