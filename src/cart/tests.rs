//! What carts keep to on either database.

use super::model::*;
use super::service::{self, LineChange};
use super::*;
use crate::catalog::SkuId;
use crate::catalog::goods::{Ground, goods, run};
use crate::kernel::id::{DeviceId, UserId};
use crate::platform::db::scratch::together;
use crate::pricing::Offers;
use crate::stock::{self, Receipt, StockLine};

const ANN: CartOwner = CartOwner::User(UserId::new(5));
const PHONE: CartOwner = CartOwner::Device(DeviceId::new(7));

/// A shop with SKUs 1 to `skus`, a hundred pieces of each, one user and one device.
async fn shop(ground: &Ground, skus: i64) {
    let ids: Vec<i64> = (1..=skus).collect();
    goods(&ground.db, &ids).await;
    let people = "INSERT INTO users (id, state, nickname, avatar, created_at, updated_at) \
                  VALUES (5, 'active', '', NULL, 0, 0); \
                  INSERT INTO devices (id, first_user_id, created_at, claimed_at) VALUES (7, NULL, 0, NULL);";
    run(&ground.db, people.to_owned()).await;
    let lines = ids.iter().map(|id| StockLine { sku_id: SkuId::new(*id), quantity: 100 }).collect();
    let receipt = Receipt { lines, reason: "开业".to_owned(), staff_id: None };
    ground.db.write("receive", move |tx| stock::receive(tx, &receipt)).await.unwrap();
}

async fn put(ground: &Ground, owner: CartOwner, sku: i64, quantity: i64) -> Result<(), CartError> {
    ground.db.write("add", move |tx| add(tx, owner, SkuId::new(sku), quantity)).await
}

async fn look(ground: &Ground, owner: CartOwner) -> Cart {
    ground.db.read("cart", move |tx| cart(tx, &Offers::default(), owner)).await.unwrap()
}

async fn quantities(ground: &Ground, owner: CartOwner) -> Vec<(i64, i64)> {
    let lines = look(ground, owner).await.lines;
    let mut found: Vec<(i64, i64)> =
        lines.iter().map(|current| (current.line.sku_id.get(), current.line.quantity)).collect();
    found.sort_unstable();
    found
}

#[tokio::test]
async fn adds_of_one_sku_at_once_add_up() {
    let ground = Ground::open();
    shop(&ground, 1).await;
    let adds = (0..40).map(|_| put(&ground, ANN, 1, 2));
    assert!(together(adds).await.iter().all(Result::is_ok));
    assert_eq!(quantities(&ground, ANN).await, [(1, 80)]);
}

#[tokio::test]
async fn a_line_has_at_most_999_pieces_and_at_least_one() {
    let ground = Ground::open();
    shop(&ground, 1).await;
    put(&ground, ANN, 1, 998).await.unwrap();
    for quantity in [2, 0, -5, 1_000, 1 << 31, i64::MAX] {
        let refused = put(&ground, ANN, 1, quantity).await;
        assert!(matches!(refused, Err(CartError::QuantityOutOfRange(_))), "{quantity}");
    }
    put(&ground, ANN, 1, 1).await.unwrap();
    assert_eq!(quantities(&ground, ANN).await, [(1, 999)]);
}

#[tokio::test]
async fn a_cart_has_at_most_120_lines_also_when_many_are_added_at_once() {
    let ground = Ground::open();
    shop(&ground, 130).await;
    let adds = (1..=130).map(|sku| put(&ground, ANN, sku, 1));
    let outcomes = together(adds).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 120);
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(()) | Err(CartError::Full(_)))));
    assert_eq!(look(&ground, ANN).await.lines.len(), 120);
    // A full cart still takes more pieces of what it has.
    let there = quantities(&ground, ANN).await[0].0;
    put(&ground, ANN, there, 1).await.unwrap();
}

#[tokio::test]
async fn lines_are_changed_selected_and_taken_out() {
    let ground = Ground::open();
    shop(&ground, 3).await;
    for sku in 1..=3 {
        put(&ground, ANN, sku, 1).await.unwrap();
    }
    let change = |sku: i64, quantity, selected| {
        let change = LineChange { sku_id: SkuId::new(sku), quantity, selected };
        ground.db.write("change", move |tx| service::change(tx, ANN, change))
    };
    change(1, Some(5), None).await.unwrap();
    change(2, None, Some(false)).await.unwrap();
    assert!(matches!(change(9, Some(1), None).await, Err(CartError::LineNotFound)));
    assert!(matches!(change(1, None, None).await, Err(CartError::NothingToChange)));
    assert!(matches!(change(1, Some(0), None).await, Err(CartError::QuantityOutOfRange(_))));
    let quote = look(&ground, ANN).await.quote.unwrap();
    assert_eq!((quote.total.get(), quote.freight_pending), (6_000, true));

    ground.db.write("select", |tx| service::select(tx, ANN, None, false)).await.unwrap();
    assert!(look(&ground, ANN).await.quote.is_none());
    let third = [SkuId::new(3), SkuId::new(99)];
    ground.db.write("select", move |tx| service::select(tx, ANN, Some(&third), true)).await.unwrap();
    let selected = ground.db.read("selected", |tx| selected_lines(tx, UserId::new(5))).await.unwrap();
    assert_eq!(selected.iter().map(|line| line.sku_id.get()).collect::<Vec<_>>(), [3]);

    ground.db.write("bought", |tx| remove_bought(tx, UserId::new(5), &[SkuId::new(3)])).await.unwrap();
    ground.db.write("remove", |tx| service::remove(tx, ANN, SkuId::new(1))).await.unwrap();
    let twice = ground.db.write("remove", |tx| service::remove(tx, ANN, SkuId::new(1))).await;
    assert!(matches!(twice, Err(CartError::LineNotFound)));
    assert_eq!(quantities(&ground, ANN).await, [(2, 1)]);
    ground.db.write("clear", |tx| service::clear(tx, ANN)).await.unwrap();
    assert!(look(&ground, ANN).await.lines.is_empty());
}

#[tokio::test]
async fn lines_that_can_no_longer_be_bought_stay_and_say_why() {
    let ground = Ground::open();
    shop(&ground, 3).await;
    for sku in 1..=3 {
        put(&ground, ANN, sku, 1).await.unwrap();
    }
    run(&ground.db, "UPDATE skus SET sellable = FALSE WHERE id = 1".to_owned()).await;
    run(&ground.db, "UPDATE stock_items SET held = on_hand WHERE sku_id = 2".to_owned()).await;
    let cart = look(&ground, ANN).await;
    let why = |sku: i64| cart.lines.iter().find(|line| line.line.sku_id.get() == sku).unwrap().unbuyable;
    assert_eq!((why(1), why(2), why(3)), (Some(Unbuyable::SkuDisabled), Some(Unbuyable::SoldOut), None));
    assert_eq!(cart.quote.unwrap().lines.len(), 1);
    assert!(matches!(put(&ground, ANN, 1, 1).await, Err(CartError::NotSellable(_))));
    assert!(matches!(put(&ground, ANN, 99, 1).await, Err(CartError::SkuNotFound)));
    run(&ground.db, "UPDATE products SET state = 'off_sale'".to_owned()).await;
    let cart = look(&ground, ANN).await;
    assert!(cart.lines.iter().all(|line| line.unbuyable == Some(Unbuyable::OffSale)));
    assert!(cart.quote.is_none());
}

#[tokio::test]
async fn more_pieces_than_are_free_are_marked_and_still_priced() {
    let ground = Ground::open();
    shop(&ground, 1).await;
    put(&ground, ANN, 1, 101).await.unwrap();
    let cart = look(&ground, ANN).await;
    assert!(cart.lines[0].short_of_stock() && cart.lines[0].unbuyable.is_none());
    assert_eq!(cart.quote.unwrap().goods.get(), 101_000);
}

#[tokio::test]
async fn logging_in_moves_the_devices_cart_once_and_adds_up_to_the_limit() {
    let ground = Ground::open();
    shop(&ground, 3).await;
    put(&ground, ANN, 1, 10).await.unwrap();
    put(&ground, ANN, 2, 990).await.unwrap();
    for (sku, quantity) in [(1, 5), (2, 50), (3, 7)] {
        put(&ground, PHONE, sku, quantity).await.unwrap();
    }
    let logins = (0..8).map(|_| ground.db.write("login", |tx| merge_device_cart(tx, DeviceId::new(7), UserId::new(5))));
    assert!(together(logins).await.iter().all(Result::is_ok));
    assert_eq!(quantities(&ground, ANN).await, [(1, 15), (2, 999), (3, 7)]);
    assert!(look(&ground, PHONE).await.lines.is_empty());
}

#[tokio::test]
async fn a_merged_cart_keeps_its_own_lines_and_the_newest_of_the_device() {
    let ground = Ground::open();
    shop(&ground, 122).await;
    for sku in 1..=118 {
        put(&ground, ANN, sku, 1).await.unwrap();
    }
    for sku in [119, 120, 121, 122, 1] {
        ground.clock.advance(1_000);
        put(&ground, PHONE, sku, 2).await.unwrap();
    }
    ground.db.write("login", |tx| merge_device_cart(tx, DeviceId::new(7), UserId::new(5))).await.unwrap();
    let merged = quantities(&ground, ANN).await;
    assert_eq!(merged.len(), 120);
    assert_eq!(merged[0], (1, 3));
    assert_eq!(merged[118..], [(121, 2), (122, 2)]);
}
