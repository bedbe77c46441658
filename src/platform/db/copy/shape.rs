//! What tables a database has, read from the database itself.

use diesel::RunQueryDsl as _;
use diesel::sql_types::{BigInt, Text};

use super::super::connection::Conn;
use super::super::error::DbResult;

/// One table.
#[derive(Debug, Clone)]
pub(in crate::platform::db) struct Table {
    pub(in crate::platform::db) name: String,
    /// Sorted by name, so that both databases name them in the same order.
    pub(in crate::platform::db) columns: Vec<Column>,
    /// Tables its foreign keys lead to, other than itself.
    above: Vec<String>,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::platform::db) struct Column {
    pub(in crate::platform::db) name: String,
    pub(in crate::platform::db) kind: Kind,
    /// Its place in the primary key, from 1; 0 when it is not part of it.
    pub(in crate::platform::db) key: i64,
    /// Whether it refers to a row of its own table.
    pub(in crate::platform::db) own_reference: bool,
}

/// The only types there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::platform::db) enum Kind {
    Integer,
    Text,
    Flag,
}

impl Table {
    /// The columns of the primary key, in its order.
    pub(in crate::platform::db) fn key(&self) -> Vec<&Column> {
        let mut key: Vec<&Column> = self.columns.iter().filter(|column| column.key > 0).collect();
        key.sort_by_key(|column| column.key);
        key
    }

    pub(in crate::platform::db) fn references_itself(&self) -> bool {
        self.columns.iter().any(|column| column.own_reference)
    }

    /// Whether `other` is the same table in the other database.
    pub(in crate::platform::db) fn matches(&self, other: &Self) -> bool {
        self.name == other.name && self.columns == other.columns
    }
}

#[derive(diesel::QueryableByName)]
struct ColumnRow {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    column_name: String,
    #[diesel(sql_type = Text)]
    type_name: String,
    #[diesel(sql_type = BigInt)]
    key_place: i64,
}

#[derive(diesel::QueryableByName)]
struct ReferenceRow {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    column_name: String,
    #[diesel(sql_type = Text)]
    target: String,
}

const SQLITE_COLUMNS: &str = "SELECT m.name AS table_name, c.name AS column_name, c.type AS type_name, \
     CAST(c.pk AS BIGINT) AS key_place FROM sqlite_master m JOIN pragma_table_info(m.name) c \
     WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name <> '__diesel_schema_migrations' ORDER BY 1, 2";
const SQLITE_REFERENCES: &str = "SELECT m.name AS table_name, f.\"from\" AS column_name, f.\"table\" AS target \
     FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table' ORDER BY 1, 2";
const PG_COLUMNS: &str = "SELECT CAST(t.relname AS TEXT) AS table_name, CAST(a.attname AS TEXT) AS column_name, \
     format_type(a.atttypid, NULL) AS type_name, \
     CAST(COALESCE(array_position(CAST(k.conkey AS SMALLINT[]), a.attnum), 0) AS BIGINT) AS key_place \
     FROM pg_class t JOIN pg_namespace n ON n.oid = t.relnamespace AND n.nspname = current_schema() \
     JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped \
     LEFT JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype = 'p' \
     WHERE t.relkind = 'r' AND t.relname <> '__diesel_schema_migrations' \
     ORDER BY t.relname COLLATE \"C\", a.attname COLLATE \"C\"";
const PG_REFERENCES: &str = "SELECT CAST(t.relname AS TEXT) AS table_name, CAST(a.attname AS TEXT) AS column_name, \
     CAST(r.relname AS TEXT) AS target FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid \
     JOIN pg_namespace n ON n.oid = t.relnamespace AND n.nspname = current_schema() \
     JOIN pg_class r ON r.oid = k.confrelid JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.conkey[1] \
     WHERE k.contype = 'f' ORDER BY t.relname COLLATE \"C\", a.attname COLLATE \"C\"";

/// Every table, by name.
pub(in crate::platform::db) fn tables(conn: &mut Conn) -> DbResult<Vec<Table>> {
    let (columns, references) = match conn {
        Conn::Pg(_) => (PG_COLUMNS, PG_REFERENCES),
        Conn::Sqlite(_) => (SQLITE_COLUMNS, SQLITE_REFERENCES),
    };
    let columns: Vec<ColumnRow> = diesel::sql_query(columns).load(conn)?;
    let references: Vec<ReferenceRow> = diesel::sql_query(references).load(conn)?;
    let mut tables: Vec<Table> = Vec::new();
    for row in columns {
        let refers = |reference: &&ReferenceRow| reference.table_name == row.table_name;
        let own = references
            .iter()
            .filter(refers)
            .any(|reference| reference.column_name == row.column_name && reference.target == reference.table_name);
        let column =
            Column { name: row.column_name, kind: kind_of(&row.type_name), key: row.key_place, own_reference: own };
        match tables.last_mut() {
            Some(table) if table.name == row.table_name => table.columns.push(column),
            _ => {
                let above = references.iter().filter(refers).map(|reference| reference.target.clone());
                let above = above.filter(|target| *target != row.table_name).collect();
                tables.push(Table { name: row.table_name, columns: vec![column], above });
            }
        }
    }
    Ok(tables)
}

fn kind_of(type_name: &str) -> Kind {
    match type_name.to_ascii_lowercase().as_str() {
        "bigint" | "integer" => Kind::Integer,
        "boolean" => Kind::Flag,
        _ => Kind::Text,
    }
}

/// The tables in an order in which every foreign key finds its row: what is referred to comes first.
///
/// # Errors
/// The name of a table that refers to itself through others.
pub(in crate::platform::db) fn in_order(tables: Vec<Table>) -> Result<Vec<Table>, String> {
    let mut waiting = tables;
    let mut ordered: Vec<Table> = Vec::with_capacity(waiting.len());
    while let Some(first) = waiting.first().map(|table| table.name.clone()) {
        let settled = |table: &Table| table.above.iter().all(|above| ordered.iter().any(|done| done.name == *above));
        let (ready, rest): (Vec<Table>, Vec<Table>) = waiting.into_iter().partition(settled);
        if ready.is_empty() {
            return Err(first);
        }
        ordered.extend(ready);
        waiting = rest;
    }
    Ok(ordered)
}

/// Every column that refers to `target`, as (table, column), by name.
pub(in crate::platform::db) fn references_to(conn: &mut Conn, target: &str) -> DbResult<Vec<(String, String)>> {
    let references = match conn {
        Conn::Pg(_) => PG_REFERENCES,
        Conn::Sqlite(_) => SQLITE_REFERENCES,
    };
    let references: Vec<ReferenceRow> = diesel::sql_query(references).load(conn)?;
    let ours = references.into_iter().filter(|reference| reference.target == target);
    Ok(ours.map(|reference| (reference.table_name, reference.column_name)).collect())
}
