//! Rows on their way: as JSON arrays of texts, which both databases make and take apart alike.

use diesel::RunQueryDsl as _;
use diesel::sql_types::{BigInt, Text};

use super::super::connection::Conn;
use super::super::error::{DbError, DbResult};
use super::shape::{Column, Kind, Table};

/// Rows moved at once.
const BATCH: usize = 500;

/// One row: each column's text, or nothing.
type Row = Vec<Option<String>>;

/// Some rows in the order of their keys.
pub(super) struct Batch {
    rows: Vec<Row>,
    /// The key of the last one, as JSON.
    pub(super) last_key: String,
}

/// The number of rows and the sum of their digests, whatever their order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) rows: u64,
    low: u128,
    high: u128,
}

impl Sum {
    /// Adds every row of `batch`.
    pub(super) fn add(&mut self, batch: &Batch) -> DbResult<()> {
        for row in &batch.rows {
            let text = json(row)?;
            let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
            let (high, low) = digest.as_ref().split_at(16);
            let number = |half: &[u8]| half.try_into().map(u128::from_be_bytes).unwrap_or_default();
            self.rows = self.rows.saturating_add(1);
            self.high = self.high.wrapping_add(number(high));
            self.low = self.low.wrapping_add(number(low));
        }
        Ok(())
    }

    /// In hexadecimal.
    pub(super) fn text(&self) -> String {
        format!("{:032x}{:032x}", self.high, self.low)
    }
}

#[derive(diesel::QueryableByName)]
struct RowText {
    #[diesel(sql_type = Text)]
    row_text: String,
}

#[derive(diesel::QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// Whether the table holds anything.
pub(super) fn any(conn: &mut Conn, table: &Table) -> DbResult<bool> {
    let sql = format!(
        "SELECT CAST(COUNT(*) AS BIGINT) AS number FROM (SELECT 1 FROM {} LIMIT 1) AS found",
        quoted(&table.name)
    );
    let count: Count = diesel::sql_query(sql).get_result(conn)?;
    Ok(count.number > 0)
}

/// The next rows after the key `after`; nothing when there are no more.
pub(super) fn read(conn: &mut Conn, table: &Table, after: Option<&str>) -> DbResult<Option<Batch>> {
    let words = Words::of(conn);
    let key = table.key();
    let texts: Vec<String> = table.columns.iter().map(as_text).collect();
    let keys: Vec<String> = key.iter().map(|column| quoted(&column.name)).collect();
    let order = keys.join(", ");
    let beyond = match after {
        None => String::new(),
        Some(_) => {
            let from: Vec<String> =
                key.iter().enumerate().map(|(place, column)| words.element("$1", place, column.kind)).collect();
            format!("WHERE ({order}) > ({})", from.join(", "))
        }
    };
    let sql = format!(
        "SELECT {}({}){} AS row_text FROM {} {beyond} ORDER BY {order} LIMIT {BATCH}",
        words.make,
        texts.join(", "),
        words.made,
        quoted(&table.name)
    );
    let found: Vec<RowText> = match after {
        None => diesel::sql_query(sql).load(conn)?,
        Some(after) => diesel::sql_query(sql).bind::<Text, _>(after).load(conn)?,
    };
    let rows: Vec<Row> = found.iter().map(|row| parse(&row.row_text)).collect::<DbResult<_>>()?;
    let Some(last) = rows.last() else { return Ok(None) };
    let in_last = |wanted: &Column| {
        let pairs = table.columns.iter().zip(last);
        pairs.filter(|(column, _)| column.name == wanted.name).find_map(|(_, text)| text.clone())
    };
    let last_key = json(&key.iter().map(|column| in_last(column)).collect())?;
    Ok(Some(Batch { rows, last_key }))
}

/// Writes rows. References to rows of the same table are written where those came before, by their keys; the others are
/// left out. So a rule that a row has one holds at once, as long as whatever it refers to is older.
pub(super) fn insert(conn: &mut Conn, table: &Table, batch: &Batch) -> DbResult<()> {
    let words = Words::of(conn);
    let own_key = table.columns.iter().enumerate().find(|(_, column)| column.key > 0);
    let value = |(place, column): (usize, &Column)| {
        let element = words.element("item.value", place, column.kind);
        match own_key {
            Some((key, of)) if column.own_reference => {
                format!("CASE WHEN {element} < {} THEN {element} END", words.element("item.value", key, of.kind))
            }
            _ => element,
        }
    };
    let names: Vec<String> = table.columns.iter().map(|column| quoted(&column.name)).collect();
    let values: Vec<String> = table.columns.iter().enumerate().map(value).collect();
    // `WHERE true` keeps SQLite from reading what follows the join as part of it.
    let sql = format!(
        "INSERT INTO {} ({}) SELECT {} FROM {} AS item WHERE true",
        quoted(&table.name),
        names.join(", "),
        values.join(", "),
        words.each
    );
    let inserted = diesel::sql_query(sql).bind::<Text, _>(json_rows(&batch.rows)?).execute(conn)?;
    if inserted == batch.rows.len() { Ok(()) } else { Err(defect(&format!("{inserted} rows were inserted"))) }
}

/// Fills in the references to rows of the same table.
pub(super) fn fill_references(conn: &mut Conn, table: &Table, batch: &Batch) -> DbResult<()> {
    let words = Words::of(conn);
    let name = quoted(&table.name);
    let places: Vec<(usize, &Column)> = table.columns.iter().enumerate().collect();
    let element = |(place, column): &(usize, &Column)| words.element("item.value", *place, column.kind);
    let equal = |part: &(usize, &Column), target: String| format!("{target} = {}", element(part));
    let sets = places.iter().filter(|(_, column)| column.own_reference).map(|part| equal(part, quoted(&part.1.name)));
    let keys = places.iter().filter(|(_, column)| column.key > 0);
    let keys = keys.map(|part| equal(part, format!("{name}.{}", quoted(&part.1.name))));
    let sql = format!(
        "UPDATE {name} SET {} FROM {} AS item WHERE {}",
        sets.collect::<Vec<_>>().join(", "),
        words.each,
        keys.collect::<Vec<_>>().join(" AND ")
    );
    diesel::sql_query(sql).bind::<Text, _>(json_rows(&batch.rows)?).execute(conn)?;
    Ok(())
}

/// The words in which the two databases differ about JSON.
pub(in crate::platform::db) struct Words {
    /// Makes an array of its arguments.
    pub(in crate::platform::db) make: &'static str,
    /// Follows what was made, to have it as text.
    pub(in crate::platform::db) made: &'static str,
    /// A table of the elements of the array in the first parameter.
    each: &'static str,
    postgres: bool,
}

impl Words {
    pub(in crate::platform::db) const fn of(conn: &Conn) -> Self {
        match conn {
            Conn::Pg(_) => Self {
                make: "CAST(json_build_array",
                made: " AS TEXT)",
                each: "json_array_elements(CAST($1 AS json))",
                postgres: true,
            },
            Conn::Sqlite(_) => Self { make: "json_array", made: "", each: "json_each($1)", postgres: false },
        }
    }

    /// The element at `place` of the JSON array `array`, as its column's type.
    pub(in crate::platform::db) fn element(&self, array: &str, place: usize, kind: Kind) -> String {
        let text = if self.postgres {
            format!("(CAST({array} AS json) ->> {place})")
        } else {
            format!("json_extract({array}, '$[{place}]')")
        };
        match kind {
            Kind::Text => text,
            Kind::Integer => format!("CAST({text} AS BIGINT)"),
            Kind::Flag => format!("({text} = '1')"),
        }
    }
}

/// A column as text, the same on both sides.
pub(in crate::platform::db) fn as_text(column: &Column) -> String {
    let name = quoted(&column.name);
    match column.kind {
        Kind::Text => name,
        Kind::Integer => format!("CAST({name} AS TEXT)"),
        Kind::Flag => format!("CASE WHEN {name} IS NULL THEN NULL WHEN {name} THEN '1' ELSE '0' END"),
    }
}

/// Names as both databases take them even when they are words of SQL.
pub(in crate::platform::db) fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

fn parse(text: &str) -> DbResult<Row> {
    serde_json::from_str(text).map_err(|error| defect(&error.to_string()))
}

fn json(row: &Row) -> DbResult<String> {
    serde_json::to_string(row).map_err(|error| defect(&error.to_string()))
}

fn json_rows(rows: &[Row]) -> DbResult<String> {
    serde_json::to_string(rows).map_err(|error| defect(&error.to_string()))
}

fn defect(text: &str) -> DbError {
    DbError::Defect(format!("copying: {text}"))
}
