//! Rows by name: read, changed, removed and put back as texts, whatever their table.
//!
//! For what concerns many tables in the same way and must be able to go back, such as two accounts that become one: the
//! owners of the tables say what is to be done, and what was done is written down as it was and as it became. Names of
//! tables and columns come from the code or are looked up among those the database has; they are never a request's.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use diesel::RunQueryDsl as _;
use diesel::sql_types::Text;

use super::copy::rows::{Words, as_text, quoted};
use super::copy::shape::{self, Column, Table};
use super::error::{DbError, DbResult};
use super::transaction::Tx;

/// Columns by name, each with its value's text: digits, words, `1` and `0` for flags; nothing for NULL.
pub type Fields = BTreeMap<String, Option<String>>;

/// The tables as the database has them, which are the same for the life of the process.
static TABLES: OnceLock<Vec<Table>> = OnceLock::new();

#[derive(diesel::QueryableByName)]
struct RowText {
    #[diesel(sql_type = Text)]
    row_text: String,
}

/// Whole rows in which `column` holds `id`, in the order of their keys.
///
/// # Errors
/// When there is no such table or column, or the database fails.
pub fn owned(tx: &mut Tx<'_>, table: &str, column: &str, id: i64) -> DbResult<Vec<Fields>> {
    let at = Fields::from([(column.to_owned(), Some(id.to_string()))]);
    select(tx, table, &at, "")
}

/// Rows that agree with all of `at`, in the order of their keys.
///
/// # Errors
/// As [`owned`].
pub fn matching(tx: &mut Tx<'_>, table: &str, at: &Fields) -> DbResult<Vec<Fields>> {
    select(tx, table, at, "")
}

/// The latest rows in which `owner` holds `id` and the moment in `column` is before `before`, newest first.
///
/// # Errors
/// As [`owned`].
pub fn latest(
    tx: &mut Tx<'_>,
    (table, owner, column): (&str, &str, &str),
    id: i64,
    before: i64,
    limit: i64,
) -> DbResult<Vec<Fields>> {
    let at = Fields::from([(owner.to_owned(), Some(id.to_string()))]);
    find_column(find_table(tx, table)?, column)?;
    let name = quoted(column);
    select(tx, table, &at, &format!("AND {name} < {before} ORDER BY {name} DESC LIMIT {limit}"))
}

/// Sets columns of the rows that agree with all of `at`; says of how many.
///
/// # Errors
/// As [`owned`].
pub fn change(tx: &mut Tx<'_>, table: &str, at: &Fields, set: &Fields) -> DbResult<usize> {
    let table = find_table(tx, table)?;
    let mut bound = Bound::of(tx)?;
    let sets = bound.assignments(table, set)?;
    let place = bound.condition(table, at)?;
    bound.execute(tx, &format!("UPDATE {} SET {sets} WHERE {place}", quoted(&table.name)))
}

/// Removes the rows that agree with all of `at`; says how many.
///
/// # Errors
/// As [`owned`].
pub fn remove(tx: &mut Tx<'_>, table: &str, at: &Fields) -> DbResult<usize> {
    let table = find_table(tx, table)?;
    let mut bound = Bound::of(tx)?;
    let place = bound.condition(table, at)?;
    bound.execute(tx, &format!("DELETE FROM {} WHERE {place}", quoted(&table.name)))
}

/// Writes a row. Columns it does not name get their defaults.
///
/// # Errors
/// As [`owned`], and where the row breaks a constraint.
pub fn put(tx: &mut Tx<'_>, table: &str, row: &Fields) -> DbResult<()> {
    let table = find_table(tx, table)?;
    let mut bound = Bound::of(tx)?;
    let mut names = Vec::with_capacity(row.len());
    let mut values = Vec::with_capacity(row.len());
    for (name, value) in row {
        names.push(quoted(name));
        values.push(bound.element(find_column(table, name)?, value));
    }
    let sql = format!("INSERT INTO {} ({}) VALUES ({})", quoted(&table.name), names.join(", "), values.join(", "));
    bound.execute(tx, &sql)?;
    Ok(())
}

/// What names one row of `table`: its primary key.
///
/// # Errors
/// As [`owned`].
pub fn key_of(tx: &mut Tx<'_>, table: &str, row: &Fields) -> DbResult<Fields> {
    let keys = find_table(tx, table)?.key().into_iter();
    Ok(keys
        .filter_map(|column| row.get_key_value(&column.name))
        .map(|(name, text)| (name.clone(), text.clone()))
        .collect())
}

/// Every column that refers to `target`, as (table, column), by name.
///
/// # Errors
/// When the database fails.
pub fn references_to(tx: &mut Tx<'_>, target: &str) -> DbResult<Vec<(String, String)>> {
    shape::references_to(tx.conn()?, target)
}

fn select(tx: &mut Tx<'_>, table: &str, at: &Fields, tail: &str) -> DbResult<Vec<Fields>> {
    let table = find_table(tx, table)?;
    let mut bound = Bound::of(tx)?;
    let place = bound.condition(table, at)?;
    let texts: Vec<String> = table.columns.iter().map(as_text).collect();
    let order = if tail.is_empty() {
        let keys: Vec<String> = table.key().iter().map(|column| quoted(&column.name)).collect();
        format!("ORDER BY {}", keys.join(", "))
    } else {
        tail.to_owned()
    };
    let sql = format!(
        "SELECT {}({}){} AS row_text FROM {} WHERE {place} {order}",
        bound.words.make,
        texts.join(", "),
        bound.words.made,
        quoted(&table.name)
    );
    let found: Vec<RowText> = diesel::sql_query(sql).bind::<Text, _>(bound.json()?).load(tx.conn()?)?;
    found.iter().map(|row| named(table, &row.row_text)).collect()
}

fn named(table: &Table, text: &str) -> DbResult<Fields> {
    let values: Vec<Option<String>> = serde_json::from_str(text).map_err(|error| defect(&error.to_string()))?;
    Ok(table.columns.iter().map(|column| column.name.clone()).zip(values).collect())
}

fn find_table(tx: &mut Tx<'_>, name: &str) -> DbResult<&'static Table> {
    let tables = match TABLES.get() {
        Some(tables) => tables,
        None => {
            let tables = shape::tables(tx.conn()?)?;
            TABLES.get_or_init(|| tables)
        }
    };
    tables.iter().find(|table| table.name == name).ok_or_else(|| defect(&format!("there is no table {name}")))
}

fn find_column<'t>(table: &'t Table, name: &str) -> DbResult<&'t Column> {
    let found = table.columns.iter().find(|column| column.name == name);
    found.ok_or_else(|| defect(&format!("{} has no column {name}", table.name)))
}

/// Values on their way into a statement: the elements of one JSON array, its only parameter.
struct Bound {
    words: Words,
    values: Vec<Option<String>>,
}

impl Bound {
    fn of(tx: &mut Tx<'_>) -> DbResult<Self> {
        Ok(Self { words: Words::of(tx.conn()?), values: Vec::new() })
    }

    fn element(&mut self, column: &Column, value: &Option<String>) -> String {
        let place = self.values.len();
        self.values.push(value.clone());
        self.words.element("$1", place, column.kind)
    }

    fn assignments(&mut self, table: &Table, set: &Fields) -> DbResult<String> {
        let mut parts = Vec::with_capacity(set.len());
        for (name, value) in set {
            parts.push(format!("{} = {}", quoted(name), self.element(find_column(table, name)?, value)));
        }
        Ok(parts.join(", "))
    }

    fn condition(&mut self, table: &Table, at: &Fields) -> DbResult<String> {
        let mut parts = Vec::with_capacity(at.len());
        for (name, value) in at {
            let column = find_column(table, name)?;
            parts.push(match value {
                None => format!("{} IS NULL", quoted(name)),
                Some(_) => format!("{} = {}", quoted(name), self.element(column, value)),
            });
        }
        if self.values.is_empty() {
            return Err(defect(&format!("a change of every row of {} was asked for", table.name)));
        }
        Ok(parts.join(" AND "))
    }

    fn json(&self) -> DbResult<String> {
        serde_json::to_string(&self.values).map_err(|error| defect(&error.to_string()))
    }

    fn execute(&self, tx: &mut Tx<'_>, sql: &str) -> DbResult<usize> {
        Ok(diesel::sql_query(sql).bind::<Text, _>(self.json()?).execute(tx.conn()?)?)
    }
}

fn defect(text: &str) -> DbError {
    DbError::Defect(format!("rows by name: {text}"))
}
