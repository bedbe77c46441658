//! The one place that tells the two databases apart.
//!
//! Most statements run on [`Conn`] as they are. What diesel's multi-connection cannot do (several rows in one insert,
//! `ON CONFLICT`) is compiled once per database by [`on_backend!`](crate::on_backend); row locks exist on PostgreSQL
//! only, since SQLite has a single writer.

use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::query_dsl::LoadQuery;
use diesel::sql_types::Integer;
use diesel::{Connection, PgConnection, QueryResult, RunQueryDsl, SqliteConnection};

use super::connection::Conn;

/// Evaluates one expression against the native connection of whichever database is in use, so that inserts of several
/// rows and `ON CONFLICT` clauses, which the multi-connection lacks, can be written once:
/// `on_backend!(tx.conn()?, conn => diesel::insert_into(t).values(&rows).on_conflict_do_nothing().execute(conn))`.
#[macro_export]
macro_rules! on_backend {
    ($conn:expr, $native:ident => $body:expr) => {
        match $conn {
            $crate::platform::db::Conn::Pg($native) => $body,
            $crate::platform::db::Conn::Sqlite($native) => $body,
        }
    };
}

/// An insert of so many rows stays prepared; every number of rows is a statement of its own.
pub const FEW_ROWS: usize = 4;

/// Inserts rows with statements that stay prepared: all in one on PostgreSQL, where a statement costs a round trip; row
/// by row on SQLite, where it costs nothing and diesel would parse a text anew for each row.
#[macro_export]
macro_rules! insert_rows {
    ($conn:expr, $table:expr, $rows:expr) => {
        match $conn {
            $crate::platform::db::Conn::Pg(native) => {
                let insert = diesel::insert_into($table).values($rows);
                if $rows.len() <= $crate::platform::db::dialect::FEW_ROWS {
                    $crate::platform::db::dialect::Prepared(insert).execute(native)
                } else {
                    insert.execute(native)
                }
            }
            $crate::platform::db::Conn::Sqlite(native) => $rows.iter().try_fold(0, |written, row| {
                let insert = $crate::platform::db::dialect::Prepared(diesel::insert_into($table).values(row));
                insert.execute(native).map(|one| written + one)
            }),
        }
    };
}

/// Writes rows about which nothing is asked afterwards: the usual one by [`Tx::write_row`](super::Tx::write_row), others
/// like [`insert_rows!`](crate::insert_rows).
#[macro_export]
macro_rules! write_rows {
    ($tx:expr, $table:expr, $rows:expr) => {
        match $rows {
            [] => Ok(()),
            [only] => $tx.write_row(diesel::insert_into($table).values(only.clone())),
            several => Ok($crate::insert_rows!($tx.conn()?, $table, several).map(drop)?),
        }
    };
}

/// Inserts those of many rows that break no unique key; says how many. All in one on PostgreSQL, not prepared, since
/// their number differs each time; row by row on SQLite, with a statement that stays prepared.
#[macro_export]
macro_rules! insert_new_rows {
    ($conn:expr, $table:expr, $rows:expr) => {
        match $conn {
            $crate::platform::db::Conn::Pg(native) => {
                diesel::insert_into($table).values($rows).on_conflict_do_nothing().execute(native)
            }
            $crate::platform::db::Conn::Sqlite(native) => $rows.iter().try_fold(0, |written, row| {
                let insert = diesel::insert_into($table).values(row).on_conflict_do_nothing();
                $crate::platform::db::dialect::Prepared(insert).execute(native).map(|one| written + one)
            }),
        }
    };
}

/// A statement worth keeping prepared: diesel parses updates, conflict clauses and `sql_query` anew each time
/// otherwise. Only for statements whose text takes few forms.
///
/// It runs on the native connection whichever one it is given, since the multi-connection spells every statement out
/// three times to run it once.
#[derive(Debug, Clone, Copy, QueryId)]
pub struct Prepared<Q>(pub Q);

impl<Q> Prepared<Q> {
    /// Runs a statement that answers no rows; says how many rows it changed.
    ///
    /// # Errors
    /// The database's.
    pub fn execute<'q>(self, conn: &mut impl Rows<'q, Counted<Q>, i32>) -> QueryResult<usize> {
        conn.rows(Prepared(Counted(self.0))).map(|changed| changed.len())
    }

    /// Runs a statement about which nothing is asked.
    ///
    /// # Errors
    /// The database's.
    pub fn run<'q>(self, conn: &mut impl Rows<'q, Silent<Q>, i32>) -> QueryResult<()> {
        conn.rows(Prepared(Silent(self.0))).map(drop)
    }

    /// Runs a statement; answers its rows.
    ///
    /// # Errors
    /// The database's.
    pub fn load<'q, U>(self, conn: &mut impl Rows<'q, Q, U>) -> QueryResult<Vec<U>> {
        conn.rows(self)
    }

    /// Runs a statement that answers one row at the most.
    ///
    /// # Errors
    /// [`diesel::NotFound`] without a row; the database's.
    pub fn get_result<'q, U>(self, conn: &mut impl Rows<'q, Q, U>) -> QueryResult<U> {
        conn.rows(self)?.into_iter().next().ok_or(diesel::NotFound)
    }
}

/// A connection that runs a prepared statement and reads its rows as `U`.
pub trait Rows<'q, Q, U> {
    /// Runs it.
    ///
    /// # Errors
    /// The database's.
    fn rows(&mut self, query: Prepared<Q>) -> QueryResult<Vec<U>>;
}

impl<'q, Q, U> Rows<'q, Q, U> for PgConnection
where
    Prepared<Q>: LoadQuery<'q, Self, U>,
{
    fn rows(&mut self, query: Prepared<Q>) -> QueryResult<Vec<U>> {
        RunQueryDsl::load(query, self)
    }
}

impl<'q, Q, U> Rows<'q, Q, U> for SqliteConnection
where
    Prepared<Q>: LoadQuery<'q, Self, U>,
{
    fn rows(&mut self, query: Prepared<Q>) -> QueryResult<Vec<U>> {
        RunQueryDsl::load(query, self)
    }
}

impl<'q, Q, U> Rows<'q, Q, U> for Conn
where
    PgConnection: Rows<'q, Q, U>,
    SqliteConnection: Rows<'q, Q, U>,
{
    fn rows(&mut self, query: Prepared<Q>) -> QueryResult<Vec<U>> {
        match self {
            Self::Pg(native) => native.rows(query),
            Self::Sqlite(native) => native.rows(query),
        }
    }
}

impl<Q, DB> QueryFragment<DB> for Prepared<Q>
where
    DB: diesel::backend::Backend,
    Q: QueryFragment<DB>,
{
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(out)
    }

    fn is_safe_to_cache_prepared(&self, _backend: &DB) -> QueryResult<bool> {
        Ok(true)
    }
}

impl<Q: Query> Query for Prepared<Q> {
    type SqlType = Q::SqlType;
}

impl<Q, C: Connection> RunQueryDsl<C> for Prepared<Q> {}

/// A statement that answers a row for each row it changes. diesel is only lent a statement whose changed rows it is to
/// count, and asks the loan, not the statement, whether it is worth keeping; one whose rows are read it gets as it is.
#[derive(Debug, Clone, Copy, QueryId)]
pub struct Counted<Q>(Q);

impl<Q, DB> QueryFragment<DB> for Counted<Q>
where
    DB: diesel::backend::Backend,
    Q: QueryFragment<DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(out.reborrow())?;
        out.push_sql(" RETURNING 1");
        Ok(())
    }
}

impl<Q> Query for Counted<Q> {
    type SqlType = Integer;
}

/// A statement that answers no rows, run as one that does, for the same reason as [`Counted`].
#[derive(Debug, Clone, Copy, QueryId)]
pub struct Silent<Q>(Q);

impl<Q, DB> QueryFragment<DB> for Silent<Q>
where
    DB: diesel::backend::Backend,
    Q: QueryFragment<DB>,
{
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        self.0.walk_ast(out)
    }
}

impl<Q> Query for Silent<Q> {
    type SqlType = Integer;
}

/// Inserts that PostgreSQL runs as one statement; keys that point from one row to another are looked at when all are
/// written.
pub(super) struct Together(pub(super) Vec<Box<dyn QueryFragment<Pg>>>);

impl QueryFragment<Pg> for Together {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        let Some((last, others)) = self.0.split_last() else { return Ok(()) };
        for (position, insert) in others.iter().enumerate() {
            out.push_sql(if position == 0 { "WITH w" } else { ", w" });
            out.push_sql(&position.to_string());
            out.push_sql(" AS (");
            insert.walk_ast(out.reborrow())?;
            out.push_sql(") ");
        }
        last.walk_ast(out)
    }
}

impl QueryId for Together {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

/// The clause that makes a claiming `SELECT` skip rows another process is claiming: empty on SQLite.
pub const fn skip_locked(conn: &Conn) -> &'static str {
    match conn {
        Conn::Pg(_) => " FOR UPDATE SKIP LOCKED",
        Conn::Sqlite(_) => "",
    }
}

/// The clause that locks the selected rows until the end of the transaction: empty on SQLite.
pub const fn for_update(conn: &Conn) -> &'static str {
    match conn {
        Conn::Pg(_) => " FOR UPDATE",
        Conn::Sqlite(_) => "",
    }
}
