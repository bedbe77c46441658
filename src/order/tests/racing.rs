//! Many people at once.

use futures_util::future::{join, join_all};

use super::shop::*;
use crate::kernel::id::{OrderId, UserId};
use crate::order::model::*;
use crate::order::service;

#[tokio::test]
async fn fifty_pieces_are_sold_to_exactly_fifty_of_a_hundred_and_fifty_buyers() {
    let shop = Shop::open(50).await;
    let mut wishes = Vec::new();
    for _ in 0..150 {
        wishes.push(shop.wish(shop.buyer().await, &[(DRESS, 1)], Vec::new()).await);
    }
    let results = join_all(wishes.into_iter().map(|wish| shop.try_place(wish))).await;
    let refusals: Vec<&str> = results.into_iter().filter_map(|result| result.err().map(code)).collect();
    assert_eq!(refusals, vec!["stock.insufficient"; 100]);
    assert_eq!(shop.available(DRESS).await, 0);
    assert_eq!(shop.count("SELECT COUNT(*) AS number FROM orders").await, 50);
    shop.check_books().await;
}

#[derive(Clone, Copy, Debug)]
enum Deed {
    Cancel,
    CloseByStaff,
    Pay,
    Ship,
    RefundByBuyer,
    RefundByStaff,
    Confirm,
    Reprice,
}

const DEEDS: [Deed; 8] = [
    Deed::Cancel,
    Deed::CloseByStaff,
    Deed::Pay,
    Deed::Ship,
    Deed::RefundByBuyer,
    Deed::RefundByStaff,
    Deed::Confirm,
    Deed::Reprice,
];

/// Refusals are part of the game; what counts is what stands in the books.
async fn attempt(shop: &Shop, deed: Deed, id: OrderId, user: UserId) {
    let _refusal = match deed {
        Deed::Cancel => shop.act(move |tx, orders| service::cancel(tx, orders, id, user, "不要了")).await,
        Deed::CloseByStaff => {
            shop.act(move |tx, orders| service::close_by_staff(tx, orders, &desk(), id, "关闭")).await
        }
        Deed::Pay => {
            shop.pay(id).await;
            Ok(())
        }
        Deed::Ship => shop.ship(id, "A1", None).await.map(|_| ()),
        Deed::RefundByBuyer => shop.act(move |tx, orders| service::refund_own(tx, orders, id, user, "不要了")).await,
        Deed::RefundByStaff => {
            shop.act(move |tx, orders| service::refund_by_staff(tx, orders, &desk(), id, "缺货").map(|_| ())).await
        }
        Deed::Confirm => shop.act(move |tx, orders| service::confirm_receipt(tx, orders, id, user)).await,
        Deed::Reprice => {
            shop.act(move |tx, _| {
                service::reprice(tx, &desk(), id, crate::kernel::money::Fen::new(5_000), None, "优惠")
            })
            .await
        }
    };
}

#[tokio::test]
async fn every_pair_of_deeds_at_once_leaves_the_books_whole() {
    let shop = Shop::open(1_000).await;
    for from in [OrderState::PendingPayment, OrderState::Paid, OrderState::Shipped] {
        for first in DEEDS {
            for second in DEEDS {
                let order = shop.place(&[(DRESS, 1)]).await.order;
                let (id, user) = (order.id, order.user_id);
                if from != OrderState::PendingPayment {
                    shop.pay(id).await;
                }
                if from == OrderState::Shipped {
                    shop.ship(id, "A0", None).await.unwrap();
                }
                join(attempt(&shop, first, id, user), attempt(&shop, second, id, user)).await;
                let file = shop.file(id).await;
                let sent = file.lines.iter().any(|line| line.shipped_quantity > 0);
                let unshipped_refund = file.order.is_refunding() && sent;
                assert!(!unshipped_refund, "{from} {first:?} {second:?}: sent although its money goes back");
                if file.order.is_refunding() {
                    shop.money_returns(id, file.order.refunding).await;
                    assert_eq!(shop.state(id).await, OrderState::Refunded);
                }
            }
        }
    }
    shop.check_books().await;
}
