//! Claims about moving a shop.

use std::path::PathBuf;

use super::super::migrate_up;
use super::*;

struct Shop {
    settings: DbSettings,
    file: PathBuf,
}

impl Shop {
    fn new() -> Self {
        let file = std::env::temp_dir().join(format!("hourglass-copy-{:032x}.db", rand::random::<u128>()));
        let settings = DbSettings::for_url(&format!("sqlite://{}", file.display())).unwrap();
        migrate_up(&settings).unwrap();
        Self { settings, file }
    }

    fn run(&self, sql: &str) {
        establish(&self.settings, Purpose::Write).unwrap().batch_execute(sql).unwrap();
    }

    fn sums(&self) -> Vec<(String, Sum)> {
        let mut conn = establish(&self.settings, Purpose::Read).unwrap();
        let tables = shape::tables(&mut conn).unwrap();
        tables.iter().map(|table| (table.name.clone(), sum_table(&mut conn, table).unwrap())).collect()
    }
}

impl Drop for Shop {
    fn drop(&mut self) {
        for ending in ["", "-wal", "-shm"] {
            let _gone = std::fs::remove_file(format!("{}{ending}", self.file.display()));
        }
    }
}

const GOODS: &str = "
    INSERT INTO categories (id, parent_id, name, icon, position, shown, created_at, updated_at) VALUES
        (2, NULL, '女装', NULL, 1, true, 1, 1), (9, NULL, 'Top \"quoted\" \\ 😀', 'a.png', 1, false, 1, 9223372036854775807);
    UPDATE categories SET parent_id = 9 WHERE id = 2;
    UPDATE catalog_revisions SET revision = 41;
    INSERT INTO idempotency_keys (owner, key, operation, body_hash, status, answer, created_at) VALUES
        ('user:1', 'a', 'x', 'h', 201, '{\"a\":null}', 5), ('user:1', 'b', 'x', 'h', 201, '', 5);";

#[test]
fn everything_arrives_also_rows_that_refer_to_later_ones() {
    let (old, new) = (Shop::new(), Shop::new());
    old.run(GOODS);
    let keys: Vec<String> =
        (0..1_203).map(|n| format!("('bulk', 'key-{n:05}', 'x', 'h', 201, 'answer {n}', {n})")).collect();
    old.run(&format!(
        "INSERT INTO idempotency_keys (owner, key, operation, body_hash, status, answer, created_at) VALUES {}",
        keys.join(", ")
    ));
    let copied = copy_shop(&old.settings, &new.settings).unwrap();
    assert_eq!(old.sums(), new.sums());
    let rows = |name: &str| copied.iter().find(|table| table.name == name).unwrap().rows;
    assert_eq!((rows("categories"), rows("idempotency_keys"), rows("catalog_revisions")), (2, 1_205, 1));
    assert_eq!(rows("orders"), 0);
}

#[test]
fn a_target_that_holds_something_is_refused_and_left_alone() {
    let (old, new) = (Shop::new(), Shop::new());
    old.run(GOODS);
    new.run("INSERT INTO leases (name, holder, held_until) VALUES ('a', 'b', 1)");
    let before = new.sums();
    assert!(matches!(copy_shop(&old.settings, &new.settings), Err(CopyError::NotEmpty(name)) if name == "leases"));
    assert_eq!(new.sums(), before);
}

#[test]
fn a_difference_takes_everything_back() {
    let (old, new) = (Shop::new(), Shop::new());
    old.run(GOODS);
    // Stands for whatever might alter a row on its way.
    new.run("CREATE TRIGGER altered AFTER INSERT ON idempotency_keys BEGIN UPDATE idempotency_keys SET status = 500 WHERE key = 'b'; END");
    let before = new.sums();
    let refused = copy_shop(&old.settings, &new.settings);
    assert!(
        matches!(refused, Err(CopyError::Different { ref table, .. }) if table == "idempotency_keys"),
        "{refused:?}"
    );
    assert_eq!(new.sums(), before);
}

#[test]
fn databases_of_different_shape_are_refused() {
    let (old, new) = (Shop::new(), Shop::new());
    new.run("ALTER TABLE leases ADD COLUMN note TEXT");
    assert!(matches!(copy_shop(&old.settings, &new.settings), Err(CopyError::Shape(name)) if name == "leases"));
}
