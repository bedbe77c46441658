//! What stock keeps to on either database, also when many want the same.

use diesel::RunQueryDsl as _;
use diesel::sql_types::BigInt;
use rand::RngExt as _;
use rand::seq::SliceRandom as _;

use super::model::*;
use super::*;
use crate::catalog::SkuId;
use crate::catalog::goods::{Ground, goods};
use crate::kernel::id::OrderId;
use crate::platform::db::scratch::together;
use crate::platform::db::{Db, DbResult, Tx};

fn line(sku: i64, quantity: i64) -> StockLine {
    StockLine { sku_id: SkuId::new(sku), quantity }
}

async fn received(ground: &Ground, skus: &[(i64, i64)]) {
    let ids: Vec<i64> = skus.iter().map(|(sku, _)| *sku).collect();
    goods(&ground.db, &ids).await;
    let lines = skus.iter().filter(|(_, count)| *count > 0).map(|(sku, count)| line(*sku, *count)).collect();
    let receipt = Receipt { lines, reason: "开业".to_owned(), staff_id: None };
    ground.db.write("receive", move |tx| receive(tx, &receipt)).await.unwrap();
}

async fn counts(db: &Db, sku: i64) -> StockItem {
    db.read("item", move |tx| item(tx, SkuId::new(sku))).await.unwrap()
}

async fn books(db: &Db) -> Vec<String> {
    db.read("books", differences).await.unwrap()
}

async fn held(db: &Db, order: i64, lines: Vec<StockLine>) -> Result<(), StockError> {
    db.write("hold", move |tx| {
        let hold = write_hold(tx, OrderId::new(order), &lines)?;
        take(tx, hold)
    })
    .await
}

async fn done(db: &Db, order: i64, step: fn(&mut Tx<'_>, OrderId) -> DbResult<()>) {
    db.write("step", move |tx| step(tx, OrderId::new(order))).await.unwrap();
}

#[derive(diesel::QueryableByName)]
struct Count {
    #[diesel(sql_type = BigInt)]
    count: i64,
}

async fn count(db: &Db, sql: &'static str) -> i64 {
    db.read("count", move |tx| -> DbResult<i64> { Ok(diesel::sql_query(sql).get_result::<Count>(tx.conn()?)?.count) })
        .await
        .unwrap()
}

#[tokio::test]
async fn of_500_buyers_exactly_as_many_as_there_are_pieces_get_one() {
    let ground = Ground::open();
    received(&ground, &[(1, 50)]).await;
    let buyers = (0..500).map(|order| held(&ground.db, 1_000 + order, vec![line(1, 1)]));
    let outcomes = together(buyers).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 50);
    let clean = |outcome: &&Result<(), StockError>| matches!(outcome, Err(StockError::Insufficient(_)));
    assert_eq!(outcomes.iter().filter(clean).count(), 450);
    let item = counts(&ground.db, 1).await;
    assert_eq!((item.on_hand, item.held, item.available()), (50, 50, 0));
    assert_eq!(books(&ground.db).await, Vec::<String>::new());
}

#[tokio::test]
async fn baskets_of_several_skus_in_any_order_are_held_whole_or_not_at_all() {
    let ground = Ground::open();
    received(&ground, &[(1, 200), (2, 200), (3, 200)]).await;
    let baskets = (0..300).map(|order| {
        let mut random = rand::rng();
        let mut lines: Vec<StockLine> = (1..=3).map(|sku| line(sku, random.random_range(1..=5))).collect();
        lines.shuffle(&mut random);
        held(&ground.db, 1_000 + order, lines)
    });
    let outcomes = together(baskets).await;
    for outcome in &outcomes {
        assert!(matches!(outcome, Ok(()) | Err(StockError::Insufficient(_))), "{outcome:?}");
    }
    let won = i64::try_from(outcomes.iter().filter(|outcome| outcome.is_ok()).count()).unwrap();
    assert_eq!(count(&ground.db, "SELECT COUNT(*) AS count FROM stock_holds").await, won * 3);
    assert_eq!(books(&ground.db).await, Vec::<String>::new());
}

#[tokio::test]
async fn pieces_are_held_then_sold_then_come_back_each_once() {
    let ground = Ground::open();
    received(&ground, &[(1, 10)]).await;
    let db = &ground.db;
    let state = |item: StockItem| (item.on_hand, item.held, item.sold);
    held(db, 7, vec![line(1, 2), line(1, 1)]).await.unwrap();
    assert_eq!(state(counts(db, 1).await), (10, 3, 0));
    for _ in 0..2 {
        done(db, 7, sell).await;
        assert_eq!(state(counts(db, 1).await), (7, 0, 3));
    }
    done(db, 7, release).await;
    assert_eq!(state(counts(db, 1).await), (7, 0, 3));
    for _ in 0..2 {
        done(db, 7, return_sold).await;
        assert_eq!(state(counts(db, 1).await), (10, 0, 0));
    }
    held(db, 8, vec![line(1, 4)]).await.unwrap();
    for _ in 0..2 {
        done(db, 8, release).await;
        assert_eq!(state(counts(db, 1).await), (10, 0, 0));
    }
    done(db, 8, sell).await;
    assert_eq!(state(counts(db, 1).await), (10, 0, 0));
    let page = db.read("moves", |tx| movements(tx, SkuId::new(1), None, 3)).await.unwrap();
    let kinds: Vec<MovementKind> = page.items.iter().map(|movement| movement.kind).collect();
    assert_eq!(kinds, [MovementKind::Release, MovementKind::Hold, MovementKind::Return]);
    assert!(page.next_cursor.is_some());
    assert_eq!(books(db).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_shortage_names_every_sku_that_falls_short_and_what_is_free() {
    let ground = Ground::open();
    received(&ground, &[(1, 5), (2, 1), (3, 0)]).await;
    let refused = held(&ground.db, 7, vec![line(3, 1), line(2, 2), line(1, 5)]).await;
    let Err(StockError::Insufficient(details)) = refused else { panic!("held what is not there") };
    let expected = serde_json::json!({ "skus": [
        { "sku_id": "2", "requested": 2, "available": 1 },
        { "sku_id": "3", "requested": 1, "available": 0 },
    ] });
    assert_eq!(details, expected);
    assert_eq!(counts(&ground.db, 1).await.held, 0);
    assert_eq!(books(&ground.db).await, Vec::<String>::new());
}

#[tokio::test]
async fn falling_below_the_threshold_is_told_once_each_time() {
    const LOW: &str = "SELECT COUNT(*) AS count FROM outbox_events WHERE name = 'stock.low'";
    let ground = Ground::open();
    received(&ground, &[(1, 12)]).await;
    let db = &ground.db;
    held(db, 1, vec![line(1, 2)]).await.unwrap();
    assert_eq!(count(db, LOW).await, 0);
    held(db, 2, vec![line(1, 1)]).await.unwrap();
    held(db, 3, vec![line(1, 1)]).await.unwrap();
    assert_eq!(count(db, LOW).await, 1);
    done(db, 2, release).await;
    done(db, 3, release).await;
    let correction = Correction { sku_id: SkuId::new(1), change: -3, reason: "破损".to_owned(), staff_id: None };
    db.write("correct", move |tx| correct(tx, &correction)).await.unwrap();
    assert_eq!(count(db, LOW).await, 2);
    let low = db.read("low", |tx| items(tx, true, None, 20)).await.unwrap();
    assert_eq!(low.items.len(), 1);
    db.write("threshold", |tx| set_low_at(tx, SkuId::new(1), 0)).await.unwrap();
    assert!(db.read("low", |tx| items(tx, true, None, 20)).await.unwrap().items.is_empty());
}

#[tokio::test]
async fn a_correction_never_takes_what_orders_were_promised() {
    let ground = Ground::open();
    received(&ground, &[(1, 10)]).await;
    let db = &ground.db;
    held(db, 7, vec![line(1, 4)]).await.unwrap();
    let change = |change| {
        let reason = "盘点".to_owned();
        let correction = Correction { sku_id: SkuId::new(1), change, reason, staff_id: None };
        db.write("correct", move |tx| correct(tx, &correction))
    };
    assert!(matches!(change(-7).await, Err(StockError::BelowHeld(_))));
    assert!(matches!(change(0).await, Err(StockError::QuantityOutOfRange(_))));
    let corrected = change(-6).await.unwrap();
    assert_eq!((corrected.on_hand_before, corrected.after.on_hand, corrected.after.removed), (10, 4, 6));
    assert_eq!(change(5).await.unwrap().after.received, 15);
    assert_eq!(books(db).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_receipt_is_taken_whole_or_not_at_all() {
    let ground = Ground::open();
    received(&ground, &[(1, 1)]).await;
    let db = &ground.db;
    let take = |lines: Vec<StockLine>, reason: &str| {
        let receipt = Receipt { lines, reason: reason.to_owned(), staff_id: None };
        db.write("receive", move |tx| receive(tx, &receipt))
    };
    assert!(matches!(take(vec![line(1, 1), line(99, 1)], "到货").await, Err(StockError::SkuNotFound(_))));
    assert!(matches!(take(vec![line(1, 1), line(1, 2)], "到货").await, Err(StockError::DuplicateSku(_))));
    assert!(matches!(take(vec![line(1, -1)], "到货").await, Err(StockError::QuantityOutOfRange(_))));
    assert!(matches!(take(vec![line(1, 1)], " ").await, Err(StockError::ReasonOutOfRange)));
    assert_eq!(counts(db, 1).await.received, 1);
    assert_eq!(take(vec![line(1, 4)], "到货").await.unwrap()[0].received, 5);
    let unknown = db.read("item", |tx| item(tx, SkuId::new(99))).await;
    assert!(matches!(unknown, Err(StockError::ItemNotFound)));
}

#[tokio::test]
async fn books_that_were_tampered_with_do_not_balance() {
    let ground = Ground::open();
    received(&ground, &[(1, 10)]).await;
    held(&ground.db, 7, vec![line(1, 4)]).await.unwrap();
    let tamper = |tx: &mut Tx<'_>| -> DbResult<usize> {
        Ok(diesel::sql_query("UPDATE stock_items SET held = held - 1").execute(tx.conn()?)?)
    };
    ground.db.write("tamper", tamper).await.unwrap();
    assert_eq!(books(&ground.db).await.len(), 2);
}
