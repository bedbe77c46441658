//! Goods for the tests of those who build on the catalogue.

use diesel::connection::SimpleConnection as _;

use crate::kernel::time::Clock;
use crate::platform::db::{Db, DbError, scratch};

/// A fresh database and the clock it reads.
pub(crate) struct Ground {
    pub(crate) db: Db,
    pub(crate) clock: Clock,
}

impl Ground {
    pub(crate) fn open() -> Self {
        let (db, clock) = scratch::open();
        Self { db, clock }
    }
}

/// Puts one category, one product on sale and these SKUs there (¥10 and 500 g each), sent by freight template 1.
pub(crate) async fn goods(db: &Db, skus: &[i64]) {
    let mut sql = "INSERT INTO categories (id, parent_id, name, icon, position, shown, created_at, updated_at) \
                   VALUES (1, NULL, '服装', NULL, 0, TRUE, 0, 0); \
                   INSERT INTO products (id, category_id, kind, freight_template_id, title, subtitle, brand, tags, cover, \
                   gallery, video, description, options, state, on_sale_at, off_sale_at, sold, listed_at, version, \
                   created_at, updated_at) VALUES (1, 1, 'physical', 1, '连衣裙', '', '', '[]', '/c.jpg', '[]', NULL, '', '[]', \
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
    db.write("run", move |tx| Ok::<_, DbError>(tx.conn()?.batch_execute(&sql)?)).await.unwrap();
}
