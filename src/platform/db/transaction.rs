//! Transactions: the only doors to the database.

use std::sync::Arc;
use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use rand::RngExt as _;
use tokio::sync::{Semaphore, oneshot};

use super::connection::{Backend, Conn, DbSettings, Manager, Purpose, pool};
use super::error::{DbError, DbResult, FromDb};
use super::faults::Faults;
use super::writer::Writer;
use crate::kernel::id::IdMaker;
use crate::kernel::time::{Clock, Timestamp};

/// How often a transaction that lost against a parallel one is tried again before its caller hears of it.
const ATTEMPTS: u32 = 8;

/// The database. Cloning shares it.
#[derive(Clone)]
pub struct Db(Arc<Inner>);

struct Inner {
    settings: DbSettings,
    clock: Clock,
    ids: IdMaker,
    faults: Faults,
    readers: Lane,
    writers: Writers,
}

enum Writers {
    Grouped(Writer),
    Pooled(Lane),
}

/// A pool and as many permits as it has connections, so that blocking threads never wait for one.
struct Lane {
    pool: r2d2::Pool<Manager>,
    permits: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

/// An open transaction: a connection, the moment it began, and what to do once it is committed.
pub struct Tx<'a> {
    conn: &'a mut Conn,
    now: Timestamp,
    ids: &'a IdMaker,
    faults: &'a Faults,
    after_commit: Vec<Box<dyn FnOnce() + Send>>,
}

impl<'a> Tx<'a> {
    fn new(conn: &'a mut Conn, inner: &'a Inner) -> Self {
        Self { conn, now: inner.clock.now(), ids: &inner.ids, faults: &inner.faults, after_commit: Vec::new() }
    }

    /// The connection, for the next statement.
    ///
    /// # Errors
    /// When a test planted a fault here.
    pub fn conn(&mut self) -> DbResult<&mut Conn> {
        self.faults.at_statement()?;
        Ok(self.conn)
    }

    /// The moment this transaction began; the same for all of it.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// A new id.
    pub fn next_id(&self) -> i64 {
        self.ids.next()
    }

    /// Runs `action` once this transaction is committed, and never otherwise. For waking those who wait; it must not
    /// block or fail.
    pub fn after_commit(&mut self, action: impl FnOnce() + Send + 'static) {
        self.after_commit.push(Box::new(action));
    }

    /// Runs `work` so that its failure takes back only its own changes. Needed around a statement whose failure is
    /// expected: PostgreSQL otherwise refuses everything that follows it.
    ///
    /// # Errors
    /// Whatever `work` answers, or the database.
    pub fn attempt<T, E: FromDb>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, E>) -> Result<T, E> {
        self.control("SAVEPOINT attempt")?;
        let result = work(self);
        let end = if result.is_ok() {
            "RELEASE SAVEPOINT attempt"
        } else {
            "ROLLBACK TO SAVEPOINT attempt; RELEASE SAVEPOINT attempt"
        };
        self.control(end)?;
        result
    }

    fn control(&mut self, sql: &str) -> DbResult<()> {
        Ok(self.conn.batch_execute(sql)?)
    }
}

impl Db {
    /// Opens the database that the settings name. `node` (0–255) tells processes on one database apart in ids.
    ///
    /// # Errors
    /// When an SQLite file cannot be opened; PostgreSQL is reached at the first use.
    pub fn open(settings: DbSettings, clock: Clock, node: u8, faults: Faults) -> DbResult<Self> {
        let writers = match &settings.backend {
            Backend::Sqlite(_) => Writers::Grouped(Writer::start(settings.clone(), faults.clone())?),
            Backend::Postgres(_) => Writers::Pooled(Lane::new(&settings, Purpose::Write)),
        };
        let readers = Lane::new(&settings, Purpose::Read);
        let ids = IdMaker::new(clock.clone(), node);
        Ok(Self(Arc::new(Inner { settings, clock, ids, faults, readers, writers })))
    }

    /// The settings it was opened with.
    pub fn settings(&self) -> &DbSettings {
        &self.0.settings
    }

    /// The clock that transactions read.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// A new id, for what is named before its transaction begins.
    pub fn next_id(&self) -> i64 {
        self.0.ids.next()
    }

    /// Runs `work` in a write transaction and answers once it is durably committed. `name` tells transactions apart in
    /// metrics. `work` may run more than once when it loses against parallel transactions, so it must change nothing
    /// but the database.
    ///
    /// # Errors
    /// Whatever `work` answers, after taking back what it changed; or the database.
    pub async fn write<T, E, F>(&self, name: &'static str, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: FromDb + Send + 'static,
        F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        match &self.0.writers {
            Writers::Grouped(writer) => self.write_grouped(writer, work).await,
            Writers::Pooled(lane) => {
                let inner = Arc::clone(&self.0);
                lane.run(&self.0, move |pool| write_retrying(name, &inner, pool, work)).await
            }
        }
    }

    /// Runs `work` against one consistent view of the database, without the right to change anything.
    ///
    /// # Errors
    /// Whatever `work` answers, or the database.
    pub async fn read<T, E, F>(&self, name: &'static str, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: FromDb + Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        let span = tracing::debug_span!("read", transaction = name);
        let inner = Arc::clone(&self.0);
        let read = move |pool: &r2d2::Pool<Manager>| {
            let _entered = span.entered();
            let begin = match inner.settings.backend {
                Backend::Postgres(_) => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
                Backend::Sqlite(_) => "BEGIN",
            };
            once(&inner, pool, begin, work).0
        };
        self.0.readers.run(&self.0, read).await
    }

    async fn write_grouped<T, E, F>(&self, writer: &Writer, mut work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: FromDb + Send + 'static,
        F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let inner = Arc::clone(&self.0);
        let span = tracing::Span::current();
        writer.submit(Box::new(move |conn| {
            let _entered = span.entered();
            let mut tx = Tx::new(conn, &inner);
            let result = work(&mut tx);
            let after_commit = std::mem::take(&mut tx.after_commit);
            let keep = result.is_ok();
            let complete = move |committed: DbResult<()>| {
                let result = match committed {
                    Ok(()) => {
                        if keep {
                            after_commit.into_iter().for_each(|action| action());
                        }
                        result
                    }
                    // A refusal stands whatever became of the group; success does not.
                    Err(error) => result.and(Err(E::from(error))),
                };
                // The caller may have gone away; its change stands all the same.
                let _gone = answer.send(result);
            };
            (keep, Box::new(complete))
        }))?;
        let lost = || DbError::Unavailable("the writer dropped a transaction".to_owned());
        answered.await.unwrap_or_else(|_| Err(lost().into()))
    }
}

impl Lane {
    fn new(settings: &DbSettings, purpose: Purpose) -> Self {
        let permits = usize::try_from(settings.pool_size).unwrap_or(1);
        Self {
            pool: pool(settings, purpose),
            permits: Arc::new(Semaphore::new(permits)),
            waiting: Arc::new(Semaphore::new(settings.max_waiting)),
        }
    }

    async fn run<T, E, F>(&self, inner: &Inner, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: FromDb + Send + 'static,
        F: FnOnce(&r2d2::Pool<Manager>) -> Result<T, E> + Send + 'static,
    {
        let busy = |what: &str| DbError::Unavailable(what.to_owned());
        let _place = self.waiting.try_acquire().map_err(|_| busy("too many requests are waiting for a connection"))?;
        let permit = tokio::time::timeout(inner.settings.wait, Arc::clone(&self.permits).acquire_owned());
        let permit = permit.await.map_err(|_| busy("no connection became free in time"))?;
        let permit = permit.map_err(|_| busy("the pool is closed"))?;
        let pool = self.pool.clone();
        let span = tracing::Span::current();
        let done = tokio::task::spawn_blocking(move || {
            let _entered = span.entered();
            let result = work(&pool);
            drop(permit);
            result
        });
        done.await.unwrap_or_else(|panicked| Err(DbError::Defect(panicked.to_string()).into()))
    }
}

fn write_retrying<T, E, F>(name: &'static str, inner: &Inner, pool: &r2d2::Pool<Manager>, mut work: F) -> Result<T, E>
where
    E: FromDb,
    F: FnMut(&mut Tx<'_>) -> Result<T, E>,
{
    let mut attempt = 1;
    loop {
        let (result, after_commit) = once(inner, pool, "BEGIN", &mut work);
        match result {
            Err(error) if attempt < ATTEMPTS && error.db_error().is_some_and(DbError::is_conflict) => {
                metrics::counter!("hourglass_transaction_retries_total", "transaction" => name).increment(1);
                let most = 4_u64 << attempt;
                std::thread::sleep(Duration::from_millis(rand::rng().random_range(1..=most)));
                attempt += 1;
            }
            result => {
                after_commit.into_iter().for_each(|action| action());
                return result;
            }
        }
    }
}

type AfterCommit = Vec<Box<dyn FnOnce() + Send>>;

/// One try: begin, work, commit or roll back. Actions for after the commit come back only when it happened.
fn once<T, E: FromDb>(
    inner: &Inner,
    pool: &r2d2::Pool<Manager>,
    begin: &str,
    work: impl FnOnce(&mut Tx<'_>) -> Result<T, E>,
) -> (Result<T, E>, AfterCommit) {
    let mut pooled = match pool.get() {
        Ok(pooled) => pooled,
        Err(error) => return (Err(DbError::Unavailable(error.to_string()).into()), Vec::new()),
    };
    if let Err(error) = pooled.conn.batch_execute(begin) {
        // A connection that cannot begin is of no use to anybody, whatever the reason.
        pooled.broken = true;
        return (Err(unavailable(error).into()), Vec::new());
    }
    let mut tx = Tx::new(&mut pooled.conn, inner);
    let result = work(&mut tx);
    let after_commit = std::mem::take(&mut tx.after_commit);
    match result {
        Ok(value) => match commit(inner, &mut pooled.conn) {
            Ok(()) => (Ok(value), after_commit),
            Err(error) => {
                pooled.broken = true;
                (Err(error.into()), Vec::new())
            }
        },
        Err(error) => {
            let lost = error.db_error().is_some_and(DbError::breaks_connection);
            pooled.broken = lost || pooled.conn.batch_execute("ROLLBACK").is_err();
            (Err(error), Vec::new())
        }
    }
}

fn commit(inner: &Inner, conn: &mut Conn) -> DbResult<()> {
    inner.faults.at_commit()?;
    conn.batch_execute("COMMIT").map_err(|error| match DbError::from(error) {
        // The server may have committed before the connection broke.
        DbError::Unavailable(text) => DbError::OutcomeUnknown(text),
        other => other,
    })?;
    inner.faults.after_commit()
}

fn unavailable(error: diesel::result::Error) -> DbError {
    DbError::Unavailable(DbError::from(error).to_string())
}
