//! Placing orders.

use super::shop::*;
use crate::kernel::money::Fen;
use crate::kernel::time::MINUTE_MS;
use crate::order::model::*;
use crate::order::service::{self, Basket};
use crate::pricing::OfferClaim;

#[tokio::test]
async fn placing_writes_the_order_holds_the_stock_and_opens_the_payment() {
    let shop = Shop::open(10).await;
    let placed = shop.place(&[(DRESS, 2), (BUTTON, 3)]).await;
    assert_eq!(placed.order.state, OrderState::PendingPayment);
    assert_eq!(placed.order.total, Fen::new(19_899));
    assert_eq!(placed.order.receiver_address, "广东省深圳市南山区科技园1号");
    let file = shop.file(placed.order.id).await;
    assert_eq!((file.order, file.lines), (placed.order.clone(), placed.lines));
    assert_eq!(file.history.len(), 1);
    assert_eq!(shop.available(DRESS).await, 8);
    let open = format!(
        "SELECT COUNT(*) AS number FROM payments WHERE subject_id = {} AND state = 'open' AND amount_fen = 19899",
        placed.order.id
    );
    assert_eq!(shop.count(&open).await, 1);
    assert_eq!(shop.events("order.placed").await, 1);
    shop.check_books().await;
}

#[tokio::test]
async fn a_price_that_is_not_the_one_seen_is_refused_and_nothing_is_left_behind() {
    let shop = Shop::open(10).await;
    let buyer = shop.buyer().await;
    let wish = shop.wish(buyer, &[(DRESS, 1)], Vec::new()).await;
    for wrong in [
        service::Expected { total: Fen::new(1), ..wish.expected.clone() },
        service::Expected { digest: "0".repeat(64), ..wish.expected.clone() },
    ] {
        let refused = shop.try_place(service::PlaceOrder { expected: wrong, ..wish.clone() }).await.unwrap_err();
        assert_eq!(code(refused), "order.price_changed");
    }
    shop.act(|tx, _| {
        use diesel::connection::SimpleConnection as _;
        Ok(tx.conn()?.batch_execute("UPDATE skus SET price_fen = 9901 WHERE id = 301")?)
    })
    .await
    .unwrap();
    assert_eq!(code(shop.try_place(wish).await.unwrap_err()), "order.price_changed");
    assert_eq!(shop.count("SELECT COUNT(*) AS number FROM orders").await, 0);
    assert_eq!(shop.available(DRESS).await, 10);
}

#[tokio::test]
async fn what_is_not_ones_own_or_out_of_range_is_refused() {
    let shop = Shop::open(10).await;
    let (mine, others) = (shop.buyer().await, shop.buyer().await);
    let wish = shop.wish(mine, &[(DRESS, 1)], Vec::new()).await;
    let elsewhere = service::PlaceOrder { destination: service::Destination::Address(others.1), ..wish.clone() };
    assert_eq!(code(shop.try_place(elsewhere).await.unwrap_err()), "order.address_not_found");
    let long = service::PlaceOrder { remark: "好".repeat(201), ..wish.clone() };
    assert_eq!(code(shop.try_place(long).await.unwrap_err()), "order.invalid_field");
    let from_empty_cart = service::PlaceOrder { basket: Basket::Cart, ..wish.clone() };
    assert_eq!(code(shop.try_place(from_empty_cart).await.unwrap_err()), "order.nothing_selected");
    for quantity in [0, -5, 1_000, 1 << 31, i64::MAX] {
        let line = crate::pricing::BasketLine { sku_id: DRESS, quantity };
        let odd = service::PlaceOrder { basket: Basket::Lines(vec![line]), ..wish.clone() };
        assert!(code(shop.try_place(odd).await.unwrap_err()).starts_with("pricing."), "{quantity}");
    }
    let order = shop.try_place(wish).await.unwrap().order;
    let stranger = others.0;
    let looking = shop.act(move |tx, _| service::file_of_user(tx, order.id, stranger)).await;
    assert_eq!(code(looking.unwrap_err()), "order.not_found");
    let cancelling = shop.act(move |tx, orders| service::cancel(tx, orders, order.id, stranger, "不要了")).await;
    assert_eq!(code(cancelling.unwrap_err()), "order.not_found");
}

#[tokio::test]
async fn a_campaign_shortens_the_time_to_pay_and_holds_the_order_back() {
    let shop = Shop::open(10).await;
    let placed = shop.place_gated(&[(DRESS, 1), (BUTTON, 1)]).await;
    assert_eq!(placed.order.total, Fen::new(8_933));
    assert_eq!(placed.order.pay_deadline, shop.clock.now().plus_millis(10 * MINUTE_MS));
    let file = shop.file(placed.order.id).await;
    assert_eq!(file.order, placed.order);
    assert_eq!(file.gates, placed.gates);
    assert_eq!(Fen::sum(file.lines.iter().map(|line| line.payable)), Some(placed.order.total));
    shop.check_books().await;
}

#[tokio::test]
async fn an_order_that_costs_nothing_is_paid_at_once_and_refunded_at_once() {
    let shop = Shop::open(10).await;
    let placed = shop.place(&[(LEAFLET, 2)]).await;
    assert_eq!(placed.order.state, OrderState::Paid);
    assert_eq!(shop.events("order.paid").await, 1);
    shop.check_books().await;
    let (id, user) = (placed.order.id, placed.order.user_id);
    shop.act(move |tx, orders| service::refund_own(tx, orders, id, user, "不要了")).await.unwrap();
    assert_eq!(shop.state(id).await, OrderState::Refunded);
    assert_eq!(shop.available(LEAFLET).await, 10);
    shop.check_books().await;
}

#[tokio::test]
async fn what_is_bought_from_the_cart_leaves_it() {
    let shop = Shop::open(10).await;
    let buyer = shop.buyer().await;
    let owner = crate::cart::CartOwner::User(buyer.0);
    shop.db
        .write("cart", move |tx| {
            crate::cart::add(tx, owner, DRESS, 2)?;
            crate::cart::add(tx, owner, BUTTON, 1)
        })
        .await
        .unwrap();
    let wish = shop.wish(buyer, &[(DRESS, 2), (BUTTON, 1)], Vec::new()).await;
    let placed = shop.try_place(service::PlaceOrder { basket: Basket::Cart, ..wish }).await.unwrap();
    assert_eq!(placed.lines.len(), 2);
    let left = shop.db.read("left", move |tx| crate::cart::selected_lines(tx, buyer.0)).await.unwrap();
    assert!(left.is_empty());
}

#[tokio::test]
async fn an_unknown_offer_is_refused() {
    let shop = Shop::open(10).await;
    let wish = shop.wish(shop.buyer().await, &[(DRESS, 1)], Vec::new()).await;
    let claim = OfferClaim { kind: "no_such".to_owned(), reference: "1".to_owned(), sku_id: None };
    let refused = shop.try_place(service::PlaceOrder { claims: vec![claim], ..wish }).await.unwrap_err();
    assert_eq!(code(refused), "pricing.unknown_offer");
}
