//! The one place that tells the two databases apart.
//!
//! Most statements run on [`Conn`] as they are. What diesel's multi-connection cannot do (several rows in one insert,
//! `ON CONFLICT`) is compiled once per database by [`on_backend!`](crate::on_backend); row locks exist on PostgreSQL
//! only, since SQLite has a single writer.

use diesel::query_builder::{AstPass, QueryFragment, QueryId};
use diesel::{Connection, QueryResult, RunQueryDsl};

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

/// Inserts rows with statements that stay prepared: all in one on PostgreSQL, where a statement costs a round trip; row
/// by row on SQLite, where it costs nothing and diesel would parse a text anew for each row.
#[macro_export]
macro_rules! insert_rows {
    ($conn:expr, $table:expr, $rows:expr) => {
        match $conn {
            $crate::platform::db::Conn::Pg(native) => {
                $crate::platform::db::dialect::Prepared(diesel::insert_into($table).values($rows)).execute(native)
            }
            $crate::platform::db::Conn::Sqlite(native) => $rows.iter().try_fold(0, |written, row| {
                let insert = $crate::platform::db::dialect::Prepared(diesel::insert_into($table).values(row));
                insert.execute(native).map(|one| written + one)
            }),
        }
    };
}

/// A statement worth keeping prepared: diesel parses updates, conflict clauses and `sql_query` anew each time
/// otherwise. Only for statements whose text takes few forms.
#[derive(Debug, Clone, Copy)]
pub struct Prepared<Q>(pub Q);

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

impl<Q> QueryId for Prepared<Q> {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: diesel::query_builder::Query> diesel::query_builder::Query for Prepared<Q> {
    type SqlType = Q::SqlType;
}

impl<Q, C: Connection> RunQueryDsl<C> for Prepared<Q> {}

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
