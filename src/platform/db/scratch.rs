//! An empty database for one test: an SQLite file of its own, or, when `HOURGLASS_TEST_POSTGRES` names a server, a
//! PostgreSQL database of its own.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use diesel::connection::{Instrumentation, InstrumentationEvent, SimpleConnection as _};
use diesel::{Connection as _, PgConnection, QueryableByName, RunQueryDsl as _};
use futures_util::{StreamExt as _, stream};

use super::faults::Faults;
use super::{Conn, Db, DbResult, DbSettings, Tx, migrate_up};
use crate::kernel::time::{Clock, Timestamp};

/// The moment at which every test begins.
pub(crate) const START: Timestamp = Timestamp::from_millis(1_800_000_000_000);

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A migrated database with a clock that moves only when told.
pub(crate) fn open() -> (Db, Clock) {
    let name = format!("hourglass_scratch_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::SeqCst));
    let url = match std::env::var("HOURGLASS_TEST_POSTGRES") {
        Ok(server) => {
            let mut conn = PgConnection::establish(&format!("{server}/postgres")).expect("the server can be reached");
            conn.batch_execute(&format!("CREATE DATABASE {name}")).expect("the database can be created");
            format!("{server}/{name}")
        }
        Err(_) => {
            let path = std::env::temp_dir().join(&name);
            for suffix in ["", "-wal", "-shm"] {
                // What an earlier process of the same number left behind.
                let _absent = std::fs::remove_file(format!("{}{suffix}", path.display()));
            }
            format!("sqlite://{}", path.display())
        }
    };
    let settings = DbSettings::for_url(&url).expect("the URL is one of ours");
    migrate_up(&settings).expect("the migrations apply");
    let clock = Clock::manual(START);
    let db = Db::open(settings, clock.clone(), 1, Faults::default()).expect("the database opens");
    (db, clock)
}

/// Does all of this at once, though not so much of it that a slow machine would refuse the last in line.
pub(crate) async fn together<W: Future>(work: impl IntoIterator<Item = W>) -> Vec<W::Output> {
    stream::iter(work).buffer_unordered(64).collect().await
}

#[derive(QueryableByName)]
struct PlanStep {
    #[diesel(sql_type = diesel::sql_types::Text)]
    detail: String,
}

/// How SQLite goes about each statement of this work, every plan with its statement; nothing on PostgreSQL, whose plans
/// depend on how much there is. What is bound to a statement does not change its plan.
pub(crate) fn plans_of<T>(tx: &mut Tx<'_>, work: impl FnOnce(&mut Tx<'_>) -> DbResult<T>) -> DbResult<Vec<String>> {
    let statements: Arc<Mutex<Vec<String>>> = Arc::default();
    let noted = Arc::clone(&statements);
    tx.conn()?.set_instrumentation(move |event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::StartQuery { query, .. } = event {
            noted.lock().unwrap().push(query.to_string());
        }
    });
    work(tx)?;
    tx.conn()?.set_instrumentation(None::<Box<dyn Instrumentation>>);
    let mut plans = Vec::new();
    let statements = std::mem::take(&mut *statements.lock().unwrap());
    for statement in statements {
        let Conn::Sqlite(conn) = tx.conn()? else { return Ok(Vec::new()) };
        let steps: Vec<PlanStep> = diesel::sql_query(format!("EXPLAIN QUERY PLAN {statement}")).load(conn)?;
        let steps: Vec<String> = steps.into_iter().map(|step| step.detail).collect();
        plans.push(format!("{}: {statement}", steps.join("; ")));
    }
    Ok(plans)
}

/// Whether the scratch databases are PostgreSQL's.
pub(crate) fn on_postgres() -> bool {
    std::env::var_os("HOURGLASS_TEST_POSTGRES").is_some()
}
