//! Databases for tests inside the crate: a fresh SQLite file, and a fresh PostgreSQL schema when the variable
//! `HOURGLASS_TEST_POSTGRES` holds the URL of a database to make schemas in.

use std::sync::atomic::{AtomicU64, Ordering};

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, PgConnection};

use super::faults::Faults;
use super::{Db, DbSettings, migrate_up};
use crate::kernel::time::{Clock, Timestamp};

/// A fresh database with all tables and a clock that stands still.
pub(crate) struct Ground {
    pub(crate) db: Db,
    pub(crate) clock: Clock,
    cleanup: Cleanup,
}

enum Cleanup {
    File(std::path::PathBuf),
    Schema { url: String, schema: String },
}

/// One of each database at hand.
pub(crate) fn each() -> Vec<Ground> {
    let postgres = std::env::var("HOURGLASS_TEST_POSTGRES").ok().map(|url| on_postgres(&url));
    std::iter::once(on_sqlite()).chain(postgres).collect()
}

fn unique() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    format!("hourglass_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::SeqCst))
}

fn on_sqlite() -> Ground {
    let path = std::env::temp_dir().join(format!("{}.db", unique()));
    open(&format!("sqlite://{}", path.display()), Cleanup::File(path))
}

fn on_postgres(url: &str) -> Ground {
    let schema = unique();
    PgConnection::establish(url).unwrap().batch_execute(&format!("CREATE SCHEMA {schema}")).unwrap();
    let joint = if url.contains('?') { '&' } else { '?' };
    let own = format!("{url}{joint}options=-csearch_path%3D{schema}");
    open(&own, Cleanup::Schema { url: url.to_owned(), schema })
}

fn open(url: &str, cleanup: Cleanup) -> Ground {
    let mut settings = DbSettings::for_url(url).unwrap();
    settings.wait = std::time::Duration::from_secs(60);
    migrate_up(&settings).unwrap();
    let clock = Clock::manual(Timestamp::from_millis(1_767_225_600_000));
    let db = Db::open(settings, clock.clone(), 1, Faults::none()).unwrap();
    Ground { db, clock, cleanup }
}

impl Drop for Ground {
    fn drop(&mut self) {
        match &self.cleanup {
            Cleanup::File(path) => {
                for ending in ["", "-wal", "-shm"] {
                    let _gone = std::fs::remove_file(format!("{}{ending}", path.display()));
                }
            }
            Cleanup::Schema { url, schema } => {
                if let Ok(mut conn) = PgConnection::establish(url) {
                    let _gone = conn.batch_execute(&format!("DROP SCHEMA {schema} CASCADE"));
                }
            }
        }
    }
}

/// Puts one category, one product on sale and these SKUs there (¥10 and 500 g each), sent by freight template 1.
pub(crate) async fn goods(db: &Db, skus: &[i64]) {
    let mut sql = "INSERT INTO categories (id, parent_id, name, icon, position, shown, created_at, updated_at) \
                   VALUES (1, NULL, '服装', NULL, 0, TRUE, 0, 0); \
                   INSERT INTO products (id, category_id, freight_template_id, title, subtitle, brand, tags, cover, \
                   gallery, video, description, options, state, on_sale_at, off_sale_at, sold, listed_at, version, \
                   created_at, updated_at) VALUES (1, 1, 1, '连衣裙', '', '', '[]', '/c.jpg', '[]', NULL, '', '[]', \
                   'on_sale', NULL, NULL, 0, 0, 1, 0, 0);"
        .to_owned();
    for sku in skus {
        sql.push_str(&format!(
            "INSERT INTO skus (id, product_id, code, option_values, price_fen, market_price_fen, cost_fen, \
             weight_grams, volume_cm3, barcode, picture, position, sellable, version, created_at, updated_at) VALUES \
             ({sku}, 1, 'S{sku}', '[\"{sku}\"]', 1000, NULL, NULL, 500, 100, NULL, NULL, 0, TRUE, 1, 0, 0);"
        ));
    }
    run(db, sql).await;
}

/// Runs statements as they are.
pub(crate) async fn run(db: &Db, sql: String) {
    db.write("run", move |tx| Ok::<_, super::DbError>(tx.conn()?.batch_execute(&sql)?)).await.unwrap();
}
