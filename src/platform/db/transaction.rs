//! Transactions: the only doors to the database.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use diesel::pg::Pg;
use diesel::query_builder::{QueryFragment, QueryId};
use diesel::sqlite::Sqlite;
use rand::RngExt as _;
use tokio::sync::{Semaphore, broadcast, oneshot};
use tokio::task::{JoinError, JoinHandle};

use super::connection::{Backend, Conn, DbSettings, Manager, Purpose, pool};
use super::dialect::{Prepared, Together};
use super::error::{DbError, DbResult, FromDb};
use super::faults::Faults;
use super::wakes::{Wake, Wakes, notify};
use super::writer::{Turn, Writer};
use crate::kernel::day::{Day, Zone};
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
    surveyors: Lane,
    writers: Writers,
    wakes: Wakes,
}

enum Writers {
    Grouped(Writer),
    Pooled(Lane),
}

/// A pool and as many permits as it has connections, so that blocking threads never wait for one.
struct Lane {
    purpose: Purpose,
    wait: Duration,
    statement_timeout: Duration,
    pool: r2d2::Pool<Manager>,
    permits: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

/// How many statements a transaction has begun: one that begins none for too long has met a database that says nothing.
#[derive(Default)]
struct Progress(AtomicU32);

/// What a transaction runs on.
struct Desk<'a> {
    inner: &'a Inner,
    pool: &'a r2d2::Pool<Manager>,
    progress: &'a Progress,
}

/// An open transaction: a connection, the moment it began, and what to do once it is committed.
pub struct Tx<'a> {
    conn: &'a mut Conn,
    now: Timestamp,
    zone: &'a Zone,
    ids: &'a IdMaker,
    faults: &'a Faults,
    wakes: &'a Wakes,
    progress: Option<&'a Progress>,
    rows: Vec<Box<dyn QueryFragment<Pg>>>,
    after_commit: Vec<Box<dyn FnOnce() + Send>>,
    left: Vec<Box<dyn Any>>,
}

impl<'a> Tx<'a> {
    fn new(conn: &'a mut Conn, inner: &'a Inner, progress: Option<&'a Progress>) -> Self {
        let (now, zone, ids, faults) = (inner.clock.now(), &inner.settings.zone, &inner.ids, &inner.faults);
        let wakes = &inner.wakes;
        let (rows, after_commit, left) = (Vec::new(), Vec::new(), Vec::new());
        Self { conn, now, zone, ids, faults, wakes, progress, rows, after_commit, left }
    }

    /// The connection, for the next statement.
    ///
    /// # Errors
    /// When a row handed to [`Self::write_row`] is refused, or a test planted a fault here.
    pub fn conn(&mut self) -> DbResult<&mut Conn> {
        self.write_waiting_rows()?;
        self.begin_statement()?;
        Ok(self.conn)
    }

    /// Writes a row by an `INSERT` that answers nothing. On PostgreSQL, where every statement costs a way to the server
    /// and back, it waits for the next statement or the end of the transaction, and those that wait are written by one
    /// statement; a refusal is heard there, so this is not for rows whose refusal means something. What comes after it
    /// finds it written, always.
    ///
    /// # Errors
    /// The database's.
    pub fn write_row<I>(&mut self, insert: I) -> DbResult<()>
    where
        I: QueryFragment<Pg> + QueryFragment<Sqlite> + QueryId + 'static,
    {
        self.begin_statement()?;
        match &mut *self.conn {
            Conn::Pg(_) => self.rows.push(Box::new(insert)),
            Conn::Sqlite(native) => Prepared(insert).run(native)?,
        }
        Ok(())
    }

    fn write_waiting_rows(&mut self) -> DbResult<()> {
        if let Conn::Pg(native) = &mut *self.conn
            && !self.rows.is_empty()
        {
            Prepared(Together(std::mem::take(&mut self.rows))).run(native)?;
        }
        Ok(())
    }

    fn begin_statement(&self) -> DbResult<()> {
        self.faults.at_statement()?;
        if let Some(Progress(statements)) = self.progress {
            statements.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    /// The moment this transaction began; the same for all of it.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// The shop's zone.
    pub const fn zone(&self) -> &Zone {
        self.zone
    }

    /// The shop's day on which this transaction began.
    pub fn today(&self) -> Day {
        self.zone.day_of(self.now)
    }

    /// A new id.
    pub fn next_id(&self) -> i64 {
        self.ids.next()
    }

    /// Leaves something for whoever works on in this transaction, in the place of what was left of its kind: what one
    /// step has read, a later one need not read again.
    pub fn leave<T: Any>(&mut self, thing: T) {
        self.left.retain(|left| !left.is::<T>());
        self.left.push(Box::new(thing));
    }

    /// Takes what was left of a kind.
    pub fn take_left<T: Any>(&mut self) -> Option<T> {
        let place = self.left.iter().position(|left| left.is::<T>())?;
        self.left.swap_remove(place).downcast().ok().map(|thing| *thing)
    }

    /// Runs `action` once this transaction is committed, and never otherwise. For waking those who wait; it must not
    /// block or fail.
    pub fn after_commit(&mut self, action: impl FnOnce() + Send + 'static) {
        self.after_commit.push(Box::new(action));
    }

    /// Speaks a word that every process of the shop hears once this transaction is committed, and nobody otherwise. It
    /// says that looking is worth while; whoever waits for it must not rely on hearing each.
    ///
    /// # Errors
    /// The database's.
    pub fn wake(&mut self, word: &str) -> DbResult<()> {
        if let Conn::Pg(native) = self.conn()? {
            return notify(native, word);
        }
        let (wakes, word) = (self.wakes.clone(), word.to_owned());
        self.after_commit(move || wakes.ring(&word));
        Ok(())
    }

    /// Runs `work` so that its failure takes back only its own changes. Needed around a statement whose failure is
    /// expected: PostgreSQL otherwise refuses everything that follows it.
    ///
    /// # Errors
    /// Whatever `work` answers, or the database.
    pub fn attempt<T, E: FromDb>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, E>) -> Result<T, E> {
        self.write_waiting_rows()?;
        self.control("SAVEPOINT attempt")?;
        let result = work(self).and_then(|done| self.write_waiting_rows().map(|()| done).map_err(E::from));
        self.rows.clear();
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
        // One survey at a time, on a connection of its own: it may take long, and nobody else's request waits for it.
        let alone = DbSettings { pool_size: 1, statement_timeout: settings.survey_timeout, ..settings.clone() };
        let surveyors = Lane::new(&alone, Purpose::Read);
        let ids = IdMaker::new(clock.clone(), node);
        Ok(Self(Arc::new(Inner { settings, clock, ids, faults, readers, surveyors, writers, wakes: Wakes::default() })))
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

    /// Words spoken by transactions of any process of the shop, from now on (on PostgreSQL: from when it says, by
    /// [`Wake::Perhaps`], that it listens).
    pub fn wakes(&self) -> broadcast::Receiver<Wake> {
        self.0.wakes.wait(&self.0.settings)
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
                let write =
                    move |pool: &_, progress: &_| write_retrying(name, &Desk { inner: &inner, pool, progress }, work);
                lane.run(write).await
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
        self.look(&self.0.readers, name, work).await
    }

    /// The same for work that looks at everything and grows with the shop: its statements may take much longer, and one
    /// such look goes on at a time.
    ///
    /// # Errors
    /// Whatever `work` answers, or the database.
    pub async fn survey<T, E, F>(&self, name: &'static str, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: FromDb + Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        self.look(&self.0.surveyors, name, work).await
    }

    async fn look<T, E, F>(&self, lane: &Lane, name: &'static str, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: FromDb + Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        let span = tracing::debug_span!("read", transaction = name);
        let inner = Arc::clone(&self.0);
        let read = move |pool: &_, progress: &_| {
            let _entered = span.entered();
            let begin = match inner.settings.backend {
                Backend::Postgres(_) => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
                Backend::Sqlite(_) => "BEGIN",
            };
            once(&Desk { inner: &inner, pool, progress }, begin, work).0
        };
        lane.run(read).await
    }

    async fn write_grouped<T, E, F>(&self, writer: &Writer, mut work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: FromDb + Send + 'static,
        F: FnMut(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
    {
        let (answer, mut answered) = oneshot::channel();
        let inner = Arc::clone(&self.0);
        let span = tracing::Span::current();
        let turn = Turn::default();
        let begins = turn.clone();
        writer.submit(Box::new(move |conn| {
            if !begins.take() {
                return (false, Box::new(|_| ()));
            }
            let _entered = span.entered();
            let mut tx = Tx::new(conn, &inner, None);
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
        let unserved = |why: &str| DbError::Unavailable(why.to_owned());
        let in_time = tokio::time::timeout(self.0.settings.wait, &mut answered).await;
        if in_time.is_err() && turn.take() {
            return Err(unserved("the writer did not come to a transaction in time").into());
        }
        let answered = match in_time {
            Ok(answered) => answered,
            Err(_) => answered.await,
        };
        answered.unwrap_or_else(|_| Err(unserved("the writer dropped a transaction").into()))
    }
}

impl Lane {
    fn new(settings: &DbSettings, purpose: Purpose) -> Self {
        let permits = usize::try_from(settings.pool_size).unwrap_or(1);
        Self {
            purpose,
            wait: settings.wait,
            statement_timeout: settings.statement_timeout,
            pool: pool(settings, purpose),
            permits: Arc::new(Semaphore::new(permits)),
            waiting: Arc::new(Semaphore::new(settings.max_waiting)),
        }
    }

    async fn run<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: FromDb + Send + 'static,
        F: FnOnce(&r2d2::Pool<Manager>, &Progress) -> Result<T, E> + Send + 'static,
    {
        let busy = |what: &str| DbError::Unavailable(what.to_owned());
        let _place = self.waiting.try_acquire().map_err(|_| busy("too many requests are waiting for a connection"))?;
        let permit = tokio::time::timeout(self.wait, Arc::clone(&self.permits).acquire_owned());
        let permit = permit.await.map_err(|_| busy("no connection became free in time"))?;
        let permit = permit.map_err(|_| busy("the pool is closed"))?;
        let pool = self.pool.clone();
        let span = tracing::Span::current();
        let progress = Arc::new(Progress::default());
        let seen = Arc::clone(&progress);
        let done = tokio::task::spawn_blocking(move || {
            let _entered = span.entered();
            let result = work(&pool, &progress);
            drop(permit);
            result
        });
        let done = self.unless_silent(done, &seen).await?;
        done.unwrap_or_else(|panicked| Err(DbError::Defect(panicked.to_string()).into()))
    }

    /// Waits for a transaction as long as it gets on. A statement has its time-out at the server; a server, or a wire to
    /// it, that says nothing at all has none, so whoever asked is not kept waiting for it. The thread and its permit
    /// stay with the connection until that is found dead.
    async fn unless_silent<T>(
        &self,
        mut done: JoinHandle<T>,
        Progress(statements): &Progress,
    ) -> DbResult<Result<T, JoinError>> {
        let patience = self.statement_timeout.saturating_add(self.wait);
        let mut before = 0;
        loop {
            if let Ok(done) = tokio::time::timeout(patience, &mut done).await {
                return Ok(done);
            }
            let now = statements.load(Ordering::Relaxed);
            if now == before {
                let silent = "the database says nothing".to_owned();
                return Err(match self.purpose {
                    Purpose::Read => DbError::Unavailable(silent),
                    Purpose::Write => DbError::OutcomeUnknown(silent),
                });
            }
            before = now;
        }
    }
}

fn write_retrying<T, E, F>(name: &'static str, desk: &Desk<'_>, mut work: F) -> Result<T, E>
where
    E: FromDb,
    F: FnMut(&mut Tx<'_>) -> Result<T, E>,
{
    let mut attempt = 1;
    loop {
        let (result, after_commit) = once(desk, "BEGIN", &mut work);
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
    desk: &Desk<'_>,
    begin: &str,
    work: impl FnOnce(&mut Tx<'_>) -> Result<T, E>,
) -> (Result<T, E>, AfterCommit) {
    let inner = desk.inner;
    let mut pooled = match begun(desk.pool, begin) {
        Ok(pooled) => pooled,
        Err(error) => return (Err(error.into()), Vec::new()),
    };
    let mut tx = Tx::new(&mut pooled.conn, inner, Some(desk.progress));
    let result = work(&mut tx).and_then(|value| tx.write_waiting_rows().map(|()| value).map_err(E::from));
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

/// A connection with an open transaction. Connections that were cut while they lay idle, as all are when the database
/// was restarted, are thrown away here one after the other and never meet a request.
fn begun(pool: &r2d2::Pool<Manager>, begin: &str) -> DbResult<r2d2::PooledConnection<Manager>> {
    let mut left = pool.max_size();
    loop {
        let mut pooled = pool.get().map_err(|error| DbError::Unavailable(error.to_string()))?;
        let Err(error) = pooled.conn.batch_execute(begin) else { return Ok(pooled) };
        // A connection that cannot begin is of no use to anybody, whatever the reason.
        pooled.broken = true;
        if left == 0 {
            return Err(DbError::Unavailable(DbError::from(error).to_string()));
        }
        left = left.saturating_sub(1);
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
