//! Moving a whole shop from one database to the other, and proving that all of it arrived.
//!
//! The source is read in one consistent snapshot, the target is written in one transaction, and before that transaction
//! is committed every table is counted and summed on both sides in the same way. A difference takes everything back, so
//! the target holds the whole shop or nothing.
//!
//! Nothing here knows what the tables mean: their columns, keys and references are read from the databases themselves,
//! and rows travel as JSON arrays of texts, which both databases make and take apart. The shop must not be open
//! meanwhile: what is written to the source after the snapshot stays behind.

pub(in crate::platform::db) mod rows;
pub(in crate::platform::db) mod shape;
#[cfg(test)]
mod tests;

use diesel::connection::SimpleConnection as _;

use self::rows::Sum;
use self::shape::Table;
use super::connection::{Conn, DbSettings, Purpose, establish};
use super::error::DbError;

/// Tables in which a migration puts a row; what the source holds takes its place.
const SEEDED: [&str; 1] = ["catalog_revisions"];

/// What was moved of one table, the same on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopiedTable {
    /// Its name.
    pub name: String,
    /// Its rows.
    pub rows: u64,
    /// The sum of the SHA-256 digests of its rows, whatever their order, in hexadecimal.
    pub checksum: String,
}

/// Why nothing was moved. The target is as it was.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// One of the databases failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The two do not have the same tables and columns.
    #[error("{0} is not the same on both sides; run `hourglass migrate` on both first")]
    Shape(String),
    /// The target holds something already.
    #[error("the target is not empty: {0} has rows")]
    NotEmpty(String),
    /// What arrived is not what was sent.
    #[error("{table} differs after copying: {sent} rows sent, {arrived} arrived, or their contents differ")]
    Different {
        /// Which table.
        table: String,
        /// Rows in the source.
        sent: u64,
        /// Rows in the target.
        arrived: u64,
    },
}

impl From<diesel::result::Error> for CopyError {
    fn from(error: diesel::result::Error) -> Self {
        Self::Db(error.into())
    }
}

/// Moves everything from one database into the other, which must be migrated and empty. Blocks; call it where that is
/// no harm.
///
/// # Errors
/// When the two differ in shape, the target is not empty, or what arrived differs; the target is then unchanged.
pub fn copy_shop(from: &DbSettings, to: &DbSettings) -> Result<Vec<CopiedTable>, CopyError> {
    let mut source = establish(from, Purpose::Read)?;
    let mut target = establish(to, Purpose::Write)?;
    for conn in [&mut source, &mut target] {
        if matches!(conn, Conn::Pg(_)) {
            // A large table takes longer than any statement of a request may.
            conn.batch_execute(
                "SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0",
            )?;
        }
    }
    source.batch_execute(match &source {
        Conn::Pg(_) => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        Conn::Sqlite(_) => "BEGIN",
    })?;
    target.batch_execute(match &target {
        Conn::Pg(_) => "BEGIN",
        Conn::Sqlite(_) => "BEGIN IMMEDIATE",
    })?;
    let copied = copy_all(&mut source, &mut target);
    target.batch_execute(if copied.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
    source.batch_execute("ROLLBACK")?;
    copied
}

fn copy_all(source: &mut Conn, target: &mut Conn) -> Result<Vec<CopiedTable>, CopyError> {
    let tables = shape::tables(source)?;
    same_shape(&tables, &shape::tables(target)?)?;
    let tables = shape::in_order(tables).map_err(CopyError::Shape)?;
    for table in &tables {
        if SEEDED.contains(&table.name.as_str()) {
            target.batch_execute(&format!("DELETE FROM \"{}\"", table.name))?;
        } else if rows::any(target, table)? {
            return Err(CopyError::NotEmpty(table.name.clone()));
        }
    }
    let mut copied = Vec::with_capacity(tables.len());
    for table in &tables {
        let sent = copy_table(source, target, table)?;
        let arrived = sum_table(target, table)?;
        if sent != arrived {
            return Err(CopyError::Different { table: table.name.clone(), sent: sent.rows, arrived: arrived.rows });
        }
        copied.push(CopiedTable { name: table.name.clone(), rows: sent.rows, checksum: sent.text() });
    }
    Ok(copied)
}

fn same_shape(source: &[Table], target: &[Table]) -> Result<(), CopyError> {
    let missing = |here: &[Table], there: &[Table]| {
        let odd = here.iter().find(|table| !there.iter().any(|other| other.matches(table)));
        odd.map(|table| CopyError::Shape(table.name.clone()))
    };
    match missing(source, target).or_else(|| missing(target, source)) {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

/// Rows are first written without their references to later rows of the same table, and those are filled in once all are
/// there.
fn copy_table(source: &mut Conn, target: &mut Conn, table: &Table) -> Result<Sum, CopyError> {
    let mut sum = Sum::default();
    let mut after = None;
    while let Some(batch) = rows::read(source, table, after.as_deref())? {
        rows::insert(target, table, &batch)?;
        sum.add(&batch)?;
        after = Some(batch.last_key);
    }
    if !table.references_itself() {
        return Ok(sum);
    }
    let mut after = None;
    while let Some(batch) = rows::read(source, table, after.as_deref())? {
        rows::fill_references(target, table, &batch)?;
        after = Some(batch.last_key);
    }
    Ok(sum)
}

fn sum_table(conn: &mut Conn, table: &Table) -> Result<Sum, CopyError> {
    let mut sum = Sum::default();
    let mut after = None;
    while let Some(batch) = rows::read(conn, table, after.as_deref())? {
        sum.add(&batch)?;
        after = Some(batch.last_key);
    }
    Ok(sum)
}
