//! Schema migrations, embedded in the binary: one folder per database, kept equal by a test.

use diesel_migrations::{EmbeddedMigrations, MigrationHarness as _, embed_migrations};

use super::connection::{Conn, DbSettings, Purpose, establish};
use super::error::{DbError, DbResult};
use super::transaction::Tx;

const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
const POSTGRES: EmbeddedMigrations = embed_migrations!("migrations/postgres");

/// Applies every migration that is missing; answers how many were. Safe to call from several processes at once on
/// PostgreSQL: an advisory lock lets one after the other look.
///
/// # Errors
/// When the database cannot be reached or a migration fails; applied ones stay applied.
pub fn migrate_up(settings: &DbSettings) -> DbResult<usize> {
    with_lock(settings, |conn| match conn {
        Conn::Pg(conn) => conn.run_pending_migrations(POSTGRES).map(|done| done.len()).map_err(failed),
        Conn::Sqlite(conn) => conn.run_pending_migrations(SQLITE).map(|done| done.len()).map_err(failed),
    })
}

/// Takes every migration back, and with them every table; answers how many there were. For tests and for starting
/// over.
///
/// # Errors
/// When the database cannot be reached or a migration cannot be taken back.
pub fn migrate_down(settings: &DbSettings) -> DbResult<usize> {
    with_lock(settings, |conn| match conn {
        Conn::Pg(conn) => conn.revert_all_migrations(POSTGRES).map(|done| done.len()).map_err(failed),
        Conn::Sqlite(conn) => conn.revert_all_migrations(SQLITE).map(|done| done.len()).map_err(failed),
    })
}

/// How many migrations of this program the database lacks; for probes, so it changes nothing.
///
/// # Errors
/// When the database fails, also because nothing was ever migrated.
pub fn missing_migrations(tx: &mut Tx<'_>) -> DbResult<usize> {
    use diesel::migration::MigrationSource;
    use diesel::prelude::*;
    #[derive(QueryableByName)]
    struct Applied {
        #[diesel(sql_type = diesel::sql_types::Text)]
        version: String,
    }
    let applied: Vec<Applied> = diesel::sql_query("SELECT version FROM __diesel_schema_migrations").load(tx.conn()?)?;
    let ours: Vec<String> = match tx.conn()? {
        Conn::Pg(_) => versions(MigrationSource::<diesel::pg::Pg>::migrations(&POSTGRES).map_err(failed)?),
        Conn::Sqlite(_) => versions(MigrationSource::<diesel::sqlite::Sqlite>::migrations(&SQLITE).map_err(failed)?),
    };
    Ok(ours.into_iter().filter(|version| !applied.iter().any(|row| row.version == *version)).count())
}

fn versions<DB: diesel::backend::Backend>(migrations: Vec<Box<dyn diesel::migration::Migration<DB>>>) -> Vec<String> {
    migrations.iter().map(|migration| migration.name().version().to_string()).collect()
}

fn with_lock(settings: &DbSettings, work: impl FnOnce(&mut Conn) -> DbResult<usize>) -> DbResult<usize> {
    use diesel::connection::SimpleConnection as _;
    const LOCK: &str = "SELECT pg_advisory_lock(7201984)";
    const UNLOCK: &str = "SELECT pg_advisory_unlock(7201984)";
    let mut conn = establish(settings, Purpose::Write)?;
    let shared = matches!(conn, Conn::Pg(_));
    if shared {
        conn.batch_execute("SET statement_timeout = 0; SET lock_timeout = 0")?;
        conn.batch_execute(LOCK)?;
    }
    let result = work(&mut conn);
    if shared {
        conn.batch_execute(UNLOCK)?;
    }
    result
}

fn failed(error: impl std::fmt::Display) -> DbError {
    DbError::Defect(format!("migration: {error}"))
}
