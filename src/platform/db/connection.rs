//! Connections: which database a URL names, and a pool for either.

use std::path::PathBuf;
use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, PgConnection, SqliteConnection};

use super::error::{DbError, DbResult};
use crate::kernel::day::Zone;

/// A connection to whichever database the shop runs on.
#[derive(diesel::MultiConnection)]
pub enum Conn {
    /// PostgreSQL.
    Pg(PgConnection),
    /// The embedded file.
    Sqlite(SqliteConnection),
}

/// The backend of [`Conn`].
pub type AnyBackend = <Conn as diesel::Connection>::Backend;

/// The columns a row type is read from, for `select`: what `as_select` is on a plain connection.
pub fn columns<T: diesel::Selectable<AnyBackend>>() -> T::SelectExpression {
    T::construct_selection()
}

/// Which database a URL names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Backend {
    /// PostgreSQL, with its URL.
    Postgres(String),
    /// An SQLite file.
    Sqlite(PathBuf),
}

/// How to reach the database and how much of it to use.
#[derive(Debug, Clone)]
pub struct DbSettings {
    /// Which one.
    pub backend: Backend,
    /// Connections for reading, and on PostgreSQL as many for writing.
    pub pool_size: u32,
    /// How long a request waits for a connection before it is answered with 503.
    pub wait: Duration,
    /// How long PostgreSQL may work on one statement.
    pub statement_timeout: Duration,
    /// The same for a survey, which looks at everything.
    pub survey_timeout: Duration,
    /// How many requests may wait for a connection or the writer at once.
    pub max_waiting: usize,
    /// The shop's zone: what transactions mean by a day.
    pub zone: Zone,
}

impl DbSettings {
    /// The usual settings for the database that `url` names: `sqlite://path/to/file.db` or `postgres://…`.
    ///
    /// # Errors
    /// One line that says what is wrong with the URL.
    pub fn for_url(url: &str) -> Result<Self, String> {
        let backend = match url.split_once("://") {
            Some(("sqlite", path)) if !path.is_empty() => Backend::Sqlite(PathBuf::from(path)),
            Some(("postgres" | "postgresql", rest)) if !rest.is_empty() => Backend::Postgres(url.to_owned()),
            _ => return Err("expected sqlite://FILE or postgres://…".to_owned()),
        };
        Ok(Self {
            backend,
            pool_size: 8,
            wait: Duration::from_secs(3),
            statement_timeout: Duration::from_secs(5),
            survey_timeout: Duration::from_mins(5),
            max_waiting: 4_096,
            zone: Zone::default(),
        })
    }
}

/// What a connection is for; the database itself enforces it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Read,
    Write,
}

/// Opens one connection.
pub(super) fn establish(settings: &DbSettings, purpose: Purpose) -> DbResult<Conn> {
    match &settings.backend {
        Backend::Postgres(url) => establish_postgres(url, settings, purpose).map(Conn::Pg),
        Backend::Sqlite(path) => establish_sqlite(path, settings, purpose).map(Conn::Sqlite),
    }
}

fn establish_postgres(url: &str, settings: &DbSettings, purpose: Purpose) -> DbResult<PgConnection> {
    let url = with_patience(url, settings.wait);
    let mut conn = PgConnection::establish(&url).map_err(|error| DbError::Unavailable(error.to_string()))?;
    // A connection for writing keeps to what the server says, so that an operator can make a database read-only there.
    let read_only = if purpose == Purpose::Read { "SET default_transaction_read_only = on; " } else { "" };
    let timeout = settings.statement_timeout.as_millis();
    conn.batch_execute(&format!(
        "{read_only}SET statement_timeout = {timeout}; SET lock_timeout = {timeout}; \
         SET idle_in_transaction_session_timeout = {timeout}; SET client_min_messages = warning"
    ))?;
    Ok(conn)
}

/// The URL with bounds on how long a network that swallows everything is waited for: until a connection is there, and
/// until one that says nothing any more is taken for dead. The client library takes the last of two equal settings, so
/// whatever the URL itself says wins.
fn with_patience(url: &str, wait: Duration) -> String {
    // Below two seconds the library takes two.
    let connect = wait.as_secs().max(2);
    let bounds = format!(
        "connect_timeout={connect}&keepalives_idle=5&keepalives_interval=2&keepalives_count=3&tcp_user_timeout=10000"
    );
    let host = url.rfind('@').unwrap_or_default();
    match url.get(host..).and_then(|rest| rest.find('?')).and_then(|at| url.split_at_checked(host.saturating_add(at))) {
        Some((place, own)) => format!("{place}?{bounds}&{}", own.trim_start_matches('?')),
        None => format!("{url}?{bounds}"),
    }
}

fn establish_sqlite(path: &std::path::Path, settings: &DbSettings, purpose: Purpose) -> DbResult<SqliteConnection> {
    let url = path.to_str().ok_or_else(|| DbError::Unavailable("the path of the database is not UTF-8".to_owned()))?;
    let mut conn = SqliteConnection::establish(url).map_err(|error| DbError::Unavailable(error.to_string()))?;
    let busy = settings.wait.as_millis();
    conn.batch_execute(&format!(
        "PRAGMA busy_timeout = {busy}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; \
         PRAGMA cache_size = -2000; PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 4000; \
         PRAGMA journal_size_limit = 67108864"
    ))?;
    if purpose == Purpose::Read {
        conn.batch_execute("PRAGMA query_only = ON")?;
    }
    Ok(conn)
}

/// A connection on loan from the pool, with the knowledge whether it still works.
pub(super) struct Pooled {
    pub(super) conn: Conn,
    pub(super) broken: bool,
}

/// Makes connections for r2d2. An own manager, because the derived `establish` tries each database in turn and hides
/// the real error.
pub(super) struct Manager {
    settings: DbSettings,
    purpose: Purpose,
}

impl r2d2::ManageConnection for Manager {
    type Connection = Pooled;
    type Error = DbError;

    fn connect(&self) -> DbResult<Pooled> {
        Ok(Pooled { conn: establish(&self.settings, self.purpose)?, broken: false })
    }

    fn is_valid(&self, pooled: &mut Pooled) -> DbResult<()> {
        Ok(pooled.conn.batch_execute("SELECT 1")?)
    }

    fn has_broken(&self, pooled: &mut Pooled) -> bool {
        pooled.broken
    }
}

/// A pool that opens connections when they are first needed.
pub(super) fn pool(settings: &DbSettings, purpose: Purpose) -> r2d2::Pool<Manager> {
    r2d2::Pool::builder()
        .max_size(settings.pool_size)
        .min_idle(Some(0))
        .connection_timeout(settings.wait)
        .test_on_check_out(false)
        .build_unchecked(Manager { settings: settings.clone(), purpose })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_url_says_of_patience_wins() {
        let wait = Duration::from_millis(400);
        let plain = with_patience("postgres://a:b@h:1/db", wait);
        assert!(plain.starts_with("postgres://a:b@h:1/db?connect_timeout=2&"), "{plain}");
        let own = with_patience("postgres://a:b@h:1/db?connect_timeout=9&options=-cx", wait);
        assert!(own.starts_with("postgres://a:b@h:1/db?connect_timeout=2&"), "{own}");
        assert!(own.ends_with("&connect_timeout=9&options=-cx"), "{own}");
    }
}
