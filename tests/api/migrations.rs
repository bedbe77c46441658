//! Two databases, one shop: the migrated databases look alike, go down and up again, and a shop moves between them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use diesel::sql_types::{BigInt, Bool, Nullable, Text};
use diesel::{Connection, PgConnection, QueryableByName, RunQueryDsl, SqliteConnection};
use hourglass::platform::db::copy::{CopiedTable, CopyError, copy_shop};
use hourglass::platform::db::{Backend, DbSettings, migrate_down, migrate_up};

use crate::support::Shop;
use crate::support::buyer::Buyer;
use crate::support::postgres::postgres;

/// What a database is like, in words that do not depend on which it is.
#[derive(Debug, Default, PartialEq, Eq)]
struct Shape(BTreeMap<String, Table>);

#[derive(Debug, Default, PartialEq, Eq)]
struct Table {
    columns: BTreeMap<String, Column>,
    /// Column, table and column referred to, what happens on deletion.
    references: BTreeSet<(String, String, String, String)>,
    indexes: BTreeMap<String, Index>,
    checks: BTreeSet<String>,
}

#[derive(Debug, PartialEq, Eq)]
struct Column {
    kind: &'static str,
    nullable: bool,
    /// Its place in the primary key, from 1; 0 outside.
    key: i64,
    default: Option<String>,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Index {
    unique: bool,
    columns: Vec<String>,
    only: Option<String>,
}

#[derive(QueryableByName)]
struct ColumnRow {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    column_name: String,
    #[diesel(sql_type = Text)]
    type_name: String,
    #[diesel(sql_type = Bool)]
    nullable: bool,
    #[diesel(sql_type = BigInt)]
    key_place: i64,
    #[diesel(sql_type = Nullable<Text>)]
    default_text: Option<String>,
}

#[derive(QueryableByName)]
struct ReferenceRow {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    column_name: String,
    #[diesel(sql_type = Text)]
    target_table: String,
    #[diesel(sql_type = Text)]
    target_column: String,
    #[diesel(sql_type = Text)]
    on_delete: String,
}

#[derive(QueryableByName)]
struct IndexRow {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    index_name: String,
    #[diesel(sql_type = Bool)]
    is_unique: bool,
    #[diesel(sql_type = Text)]
    column_name: String,
    #[diesel(sql_type = Nullable<Text>)]
    predicate: Option<String>,
}

#[derive(QueryableByName)]
struct CheckRow {
    #[diesel(sql_type = Text)]
    table_name: String,
    /// The name of a check, or, on SQLite, the definition of the whole table.
    #[diesel(sql_type = Text)]
    text: String,
}

const SQLITE_COLUMNS: &str = "SELECT m.name AS table_name, c.name AS column_name, c.type AS type_name, \
     c.\"notnull\" = 0 AS nullable, CAST(c.pk AS BIGINT) AS key_place, c.dflt_value AS default_text \
     FROM sqlite_master m JOIN pragma_table_info(m.name) c \
     WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name <> '__diesel_schema_migrations'";
const SQLITE_REFERENCES: &str = "SELECT m.name AS table_name, f.\"from\" AS column_name, f.\"table\" AS target_table, \
     f.\"to\" AS target_column, f.on_delete AS on_delete \
     FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table'";
const SQLITE_INDEXES: &str = "SELECT m.name AS table_name, l.name AS index_name, l.\"unique\" AS is_unique, \
     COALESCE(i.name, '(expression)') || CASE WHEN i.\"desc\" THEN ' DESC' ELSE '' END AS column_name, \
     substr(d.sql, NULLIF(instr(d.sql, ' WHERE '), 0) + 7) AS predicate \
     FROM sqlite_master m JOIN pragma_index_list(m.name) l JOIN pragma_index_xinfo(l.name) i \
     LEFT JOIN sqlite_master d ON d.type = 'index' AND d.name = l.name \
     WHERE m.type = 'table' AND l.origin <> 'pk' AND i.\"key\" = 1 ORDER BY l.name, i.seqno";
const SQLITE_CHECKS: &str = "SELECT name AS table_name, sql AS text FROM sqlite_master WHERE type = 'table' \
     AND name NOT LIKE 'sqlite_%' AND name <> '__diesel_schema_migrations'";

const PG_COLUMNS: &str = "SELECT CAST(t.relname AS TEXT) AS table_name, CAST(a.attname AS TEXT) AS column_name, \
     format_type(a.atttypid, a.atttypmod) AS type_name, NOT a.attnotnull AS nullable, \
     CAST(COALESCE(array_position(CAST(k.conkey AS SMALLINT[]), a.attnum), 0) AS BIGINT) AS key_place, \
     pg_get_expr(d.adbin, d.adrelid) AS default_text \
     FROM pg_class t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped \
     LEFT JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype = 'p' \
     LEFT JOIN pg_attrdef d ON d.adrelid = t.oid AND d.adnum = a.attnum \
     WHERE t.relkind = 'r' AND t.relnamespace = 'public'::regnamespace AND t.relname <> '__diesel_schema_migrations'";
const PG_REFERENCES: &str = "SELECT CAST(t.relname AS TEXT) AS table_name, CAST(a.attname AS TEXT) AS column_name, \
     CAST(r.relname AS TEXT) AS target_table, CAST(b.attname AS TEXT) AS target_column, \
     CASE k.confdeltype WHEN 'a' THEN 'NO ACTION' WHEN 'r' THEN 'RESTRICT' WHEN 'c' THEN 'CASCADE' \
     WHEN 'n' THEN 'SET NULL' ELSE 'SET DEFAULT' END AS on_delete \
     FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid JOIN pg_class r ON r.oid = k.confrelid \
     CROSS JOIN LATERAL unnest(k.conkey, k.confkey) AS pair (here, there) \
     JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = pair.here \
     JOIN pg_attribute b ON b.attrelid = r.oid AND b.attnum = pair.there \
     WHERE k.contype = 'f' AND t.relnamespace = 'public'::regnamespace";
const PG_INDEXES: &str = "SELECT CAST(t.relname AS TEXT) AS table_name, CAST(c.relname AS TEXT) AS index_name, \
     i.indisunique AS is_unique, pg_get_indexdef(c.oid, CAST(n AS INTEGER), true) || \
     CASE WHEN CAST(i.indoption[n - 1] AS INTEGER) & 1 = 1 THEN ' DESC' ELSE '' END AS column_name, \
     pg_get_expr(i.indpred, i.indrelid) AS predicate \
     FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid \
     CROSS JOIN LATERAL generate_series(1, i.indnkeyatts) AS n \
     WHERE NOT i.indisprimary AND t.relnamespace = 'public'::regnamespace AND t.relname <> '__diesel_schema_migrations' \
     ORDER BY c.relname, n";
const PG_CHECKS: &str = "SELECT CAST(t.relname AS TEXT) AS table_name, CAST(k.conname AS TEXT) AS text \
     FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid \
     WHERE k.contype = 'c' AND t.relnamespace = 'public'::regnamespace";

impl Shape {
    fn of(settings: &DbSettings) -> Self {
        match &settings.backend {
            Backend::Sqlite(file) => {
                let mut conn = SqliteConnection::establish(&file.to_string_lossy()).expect("the file opens");
                let load = "loads";
                let checks: Vec<CheckRow> = diesel::sql_query(SQLITE_CHECKS).load(&mut conn).expect(load);
                let named = |row: CheckRow| {
                    let names = check_names(&row.text);
                    names.into_iter().map(move |text| CheckRow { table_name: row.table_name.clone(), text })
                };
                Self::from_rows(
                    diesel::sql_query(SQLITE_COLUMNS).load(&mut conn).expect(load),
                    diesel::sql_query(SQLITE_REFERENCES).load(&mut conn).expect(load),
                    diesel::sql_query(SQLITE_INDEXES).load(&mut conn).expect(load),
                    checks.into_iter().flat_map(named).collect(),
                )
            }
            Backend::Postgres(url) => {
                let mut conn = PgConnection::establish(url).expect("the database answers");
                let load = "loads";
                Self::from_rows(
                    diesel::sql_query(PG_COLUMNS).load(&mut conn).expect(load),
                    diesel::sql_query(PG_REFERENCES).load(&mut conn).expect(load),
                    diesel::sql_query(PG_INDEXES).load(&mut conn).expect(load),
                    diesel::sql_query(PG_CHECKS).load(&mut conn).expect(load),
                )
            }
        }
    }

    fn from_rows(
        columns: Vec<ColumnRow>,
        references: Vec<ReferenceRow>,
        indexes: Vec<IndexRow>,
        checks: Vec<CheckRow>,
    ) -> Self {
        let mut tables: BTreeMap<String, Table> = BTreeMap::new();
        for row in columns {
            let kind = match row.type_name.to_ascii_lowercase().as_str() {
                "bigint" | "integer" => "integer",
                "text" => "text",
                "boolean" => "flag",
                other => panic!("{}.{} is {other}, which the two do not share", row.table_name, row.column_name),
            };
            let column =
                Column { kind, nullable: row.nullable, key: row.key_place, default: row.default_text.map(plain) };
            tables.entry(row.table_name).or_default().columns.insert(row.column_name, column);
        }
        for row in references {
            let reference = (row.column_name, row.target_table, row.target_column, row.on_delete);
            tables.entry(row.table_name).or_default().references.insert(reference);
        }
        for row in indexes {
            let index = tables.entry(row.table_name).or_default().indexes.entry(row.index_name).or_default();
            index.unique = row.is_unique;
            index.columns.push(row.column_name.replace('"', ""));
            index.only = row.predicate.map(plain);
        }
        for row in checks {
            tables.entry(row.table_name).or_default().checks.insert(row.text);
        }
        Self(tables)
    }
}

/// An expression without what a database adds to it when it prints it.
fn plain(expression: String) -> String {
    let bare = expression.replace("::text", "").replace("::bigint", "").replace(['(', ')'], " ");
    bare.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// The names of the checks in a table's definition; one without a name is called `unnamed`, which PostgreSQL never does.
fn check_names(definition: &str) -> Vec<String> {
    let words: Vec<&str> = definition
        .split(|letter: char| letter.is_whitespace() || letter == '(' || letter == ',')
        .filter(|word| !word.is_empty())
        .collect();
    let name = |(at, word): (usize, &&str)| {
        (*word == "CHECK").then(|| match at.checked_sub(2).and_then(|before| words.get(before)) {
            Some(&"CONSTRAINT") => words[at - 1].to_owned(),
            _ => "unnamed".to_owned(),
        })
    };
    words.iter().enumerate().filter_map(name).collect()
}

/// A file that goes with the test.
struct File(std::path::PathBuf);

impl File {
    fn migrated() -> (Self, DbSettings) {
        let file = std::env::temp_dir().join(format!("hourglass-migrated-{:032x}.db", rand::random::<u128>()));
        let settings = DbSettings::for_url(&format!("sqlite://{}", file.display())).expect("a URL");
        migrate_up(&settings).expect("migrations apply");
        (Self(file), settings)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        for ending in ["", "-wal", "-shm"] {
            let _gone = std::fs::remove_file(format!("{}{ending}", self.0.display()));
        }
    }
}

#[test]
fn both_databases_have_the_same_tables_columns_keys_indexes_and_checks() {
    let Some(server) = postgres() else { return };
    let (_file, sqlite) = File::migrated();
    let database = server.create_database();
    let pg = DbSettings::for_url(database.url()).expect("a URL");
    migrate_up(&pg).expect("migrations apply");
    let (sqlite, pg) = (Shape::of(&sqlite), Shape::of(&pg));
    assert!(sqlite.0.len() > 30, "too few tables were found: {}", sqlite.0.len());
    assert_eq!(sqlite.0.keys().collect::<Vec<_>>(), pg.0.keys().collect::<Vec<_>>());
    for (name, table) in &sqlite.0 {
        assert_eq!(table, &pg.0[name], "{name} on SQLite (left) and on PostgreSQL (right)");
    }
    assert!(sqlite.0.values().any(|table| table.indexes.values().any(|index| index.only.is_some())));
    assert!(sqlite.0.values().all(|table| !table.checks.contains("unnamed")), "every check has a name");
}

#[test]
fn the_code_names_the_columns_that_the_migrations_make() {
    let (_file, settings) = File::migrated();
    let migrated: BTreeMap<String, BTreeMap<String, (String, bool)>> = Shape::of(&settings)
        .0
        .into_iter()
        .map(|(name, table)| {
            let columns = table.columns.into_iter();
            (name, columns.map(|(name, column)| (name, (column.kind.to_owned(), column.nullable))).collect())
        })
        .collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/platform/db/schema.rs");
    let text = std::fs::read_to_string(path).expect("schema.rs");
    let mut written: BTreeMap<String, BTreeMap<String, (String, bool)>> = BTreeMap::new();
    let mut table = String::new();
    for line in text.lines().map(str::trim).filter(|line| !line.starts_with("diesel::")) {
        if let Some((name, _)) = line.split_once(" (").filter(|(_, rest)| rest.ends_with(") {")) {
            table = name.to_owned();
        } else if let Some((name, kind)) = line.trim_end_matches(',').split_once(" -> ") {
            let inner = kind.strip_prefix("Nullable<").and_then(|kind| kind.strip_suffix('>'));
            let known = match inner.unwrap_or(kind) {
                "BigInt" => "integer",
                "Text" => "text",
                "Bool" => "flag",
                other => panic!("{table}.{name} is {other}"),
            };
            written.entry(table.clone()).or_default().insert(name.to_owned(), (known.to_owned(), inner.is_some()));
        }
    }
    assert_eq!(written, migrated, "schema.rs (left) and the migrations (right)");
}

#[test]
fn every_reference_is_found_by_an_index() {
    let (_file, settings) = File::migrated();
    let mut slow = Vec::new();
    for (name, table) in Shape::of(&settings).0 {
        for (column, ..) in &table.references {
            let by_key = table.columns.get(column).is_some_and(|found| found.key == 1);
            let serves = |index: &Index| {
                let whole = index.only.is_none() || index.only == Some(format!("{column} is not null"));
                whole && index.columns.first() == Some(column)
            };
            if !by_key && !table.indexes.values().any(serves) {
                slow.push(format!("{name}.{column}"));
            }
        }
    }
    assert!(slow.is_empty(), "no index begins with these references: {slow:?}");
}

/// Orders in every state that matters, money taken and given back.
async fn trade(shop: &Shop) -> (Buyer<'_>, String) {
    let sku = shop.sku(5_000, 20).await;
    let buyer = shop.buyer().await;
    let paid = buyer.buys(&[(&sku, 2)]).await;
    buyer.orders(&[(&sku, 1)]).await;
    let returned = buyer.buys(&[(&sku, 1)]).await;
    buyer.does("POST", &format!("/orders/{returned}/refund"), Some(serde_json::json!({"reason": "不想要了"}))).await;
    shop.settle().await;
    assert_eq!(buyer.order(&returned).await["state"], "refunded");
    // Shares refer to shares, and users to those who brought them.
    let first = buyer.shares().await;
    let (friend, third) = (shop.buyer().await, shop.buyer().await);
    friend.opens(&first).await;
    let second = friend.shares().await;
    assert_eq!(third.opens(&second).await, "acquisition");
    shop.device().await.opens(&second).await;
    (buyer, paid)
}

async fn goes_down_and_up_again(shop: &Shop) {
    trade(shop).await;
    let settings = shop.app.config().database.clone();
    let before = Shape::of(&settings);
    assert_eq!(migrate_up(&settings).expect("nothing to do"), 0);
    let reverted = migrate_down(&settings).expect("migrations are taken back with data in the tables");
    assert_eq!(Shape::of(&settings), Shape::default(), "tables were left behind");
    assert_eq!(migrate_up(&settings).expect("migrations apply again"), reverted);
    assert_eq!(Shape::of(&settings), before);
}

#[actix_web::test]
async fn migrations_go_down_and_up_again_with_data_on_sqlite() {
    goes_down_and_up_again(&Shop::on_sqlite().await).await;
}

#[actix_web::test]
async fn migrations_go_down_and_up_again_with_data_on_postgres() {
    if let Some(shop) = Shop::on_postgres().await {
        goes_down_and_up_again(&shop).await;
    }
}

fn rows(copied: &[CopiedTable], name: &str) -> u64 {
    copied.iter().find(|table| table.name == name).map_or(0, |table| table.rows)
}

/// What was there is there, and more is sold.
async fn goes_on(shop: &Shop, old_token: &str, paid: &str) {
    let (status, order) = shop.call("GET", &format!("/api/v1/orders/{paid}"), Some(old_token), None).await;
    assert_eq!((status, order["state"].as_str()), (200, Some("paid")), "{order}");
    shop.staff_post(
        &format!("/orders/{paid}/shipments"),
        serde_json::json!({"carrier_code": "SF", "tracking_no": "SF1234567890123"}),
    )
    .await;
    let sku = order["lines"][0]["sku_id"].as_str().expect("a SKU").to_owned();
    let before = shop.stock(&sku).await["on_hand"].as_i64();
    let buyer = shop.buyer().await;
    let bought = buyer.buys(&[(&sku, 3)]).await;
    assert_eq!(buyer.order(&bought).await["state"], "paid");
    assert_eq!(shop.stock(&sku).await["on_hand"].as_i64(), before.map(|pieces| pieces - 3));
    let books = shop.staff("GET", "/books", None).await;
    assert_eq!(books["balanced"], true, "{books}");
}

#[actix_web::test]
async fn a_shop_moves_to_postgres_and_back_and_goes_on_selling() {
    let Some(server) = postgres() else { return };
    let shop = Shop::on_sqlite().await;
    let (buyer, paid) = trade(&shop).await;
    let home = shop.app.config().database.clone();
    let database = server.create_database();
    let away = DbSettings::for_url(database.url()).expect("a URL");
    migrate_up(&away).expect("migrations apply");

    let there = copy_shop(&home, &away).expect("the shop moves");
    assert!(rows(&there, "orders") == 3 && rows(&there, "payments") == 3 && rows(&there, "refunds") == 1, "{there:?}");
    assert!(there.iter().all(|table| table.checksum.len() == 64));
    assert!(matches!(copy_shop(&home, &away), Err(CopyError::NotEmpty(_))), "a second move is refused");

    let (_file, back) = File::migrated();
    let here = copy_shop(&away, &back).expect("the shop moves back");
    let by_name = |copied: &[CopiedTable]| {
        let entries = copied.iter().map(|table| (table.name.clone(), (table.rows, table.checksum.clone())));
        entries.collect::<BTreeMap<_, _>>()
    };
    assert_eq!(by_name(&there), by_name(&here));

    // Whoever moves takes longer than a millisecond, after which ids are new by themselves.
    shop.clock.advance(1_000);
    let moved = shop.reopened_on(database.url()).await;
    goes_on(&moved, &buyer.token, &paid).await;
    let Backend::Sqlite(file) = &back.backend else { unreachable!("a file") };
    let returned = shop.reopened_on(&format!("sqlite://{}", file.display())).await;
    goes_on(&returned, &buyer.token, &paid).await;
}
