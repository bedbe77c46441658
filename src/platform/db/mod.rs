//! The database: one code for an embedded SQLite file and for PostgreSQL, chosen at run time by URL.
//!
//! [`Db::write`] is the only way to change anything and the only place that opens a write transaction; [`Db::read`]
//! likewise for looking. On SQLite all writes go through one thread that commits in groups ([`writer`]), on PostgreSQL
//! each takes a pooled connection; the same closure runs on both. [`Tx::wake`] speaks a word that every process hears after
//! the commit ([`Wake`]).

mod connection;
pub mod copy;
pub mod dialect;
mod error;
pub mod faults;
mod migrate;
pub mod rows;
pub mod schema;
#[cfg(test)]
pub(crate) mod scratch;
mod stored_enum;
mod transaction;
mod wakes;
mod writer;

pub use connection::{AnyBackend, Backend, Conn, DbSettings, columns};
pub use error::{Constraint, DbError, DbResult, FromDb};
pub use migrate::{migrate_down, migrate_up, missing_migrations};
pub use transaction::{Db, Tx};
pub use wakes::Wake;
