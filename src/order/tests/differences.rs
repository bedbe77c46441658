//! Differences of price that go back while the order goes on.

use super::shop::*;
use crate::kernel::id::OrderId;
use crate::kernel::money::Fen;
use crate::kernel::time::DAY_MS;
use crate::order::model::*;
use crate::order::service;

async fn difference(shop: &Shop, id: OrderId, fen: i64) -> Result<Order, &'static str> {
    shop.act(move |tx, _| service::refund_difference(tx, id, Fen::new(fen), "拼团退差价")).await.map_err(code)
}

async fn whole(shop: &Shop, id: OrderId) -> Result<Order, &'static str> {
    shop.act(move |tx, orders| service::refund_unshipped(tx, orders, id, Actor::System, "不成团")).await.map_err(code)
}

#[tokio::test]
async fn a_difference_goes_back_and_the_order_goes_on() {
    let shop = Shop::open(10).await;
    let id = shop.place(&[(DRESS, 1), (BUTTON, 1)]).await.order.id;
    assert_eq!(difference(&shop, id, 100).await.unwrap_err(), "order.not_paid");
    shop.pay(id).await;
    assert_eq!(difference(&shop, id, 0).await.unwrap_err(), "payment.refund_amount");
    assert_eq!(difference(&shop, id, 9_934).await.unwrap_err(), "payment.refund_exceeds_paid");
    let refunding = difference(&shop, id, 1_000).await.unwrap();
    assert_eq!(
        (refunding.state, refunding.refunding, refunding.is_refunding()),
        (OrderState::Paid, Fen::new(1_000), false)
    );
    shop.ship(id, "A1", None).await.unwrap();
    difference(&shop, id, 1).await.unwrap();
    shop.money_returns(id, Fen::new(1_000)).await;
    shop.sweep_after(10 * DAY_MS).await;
    shop.sweep_after(7 * DAY_MS).await;
    assert_eq!(shop.state(id).await, OrderState::Completed, "a difference on its way holds nothing up");
    assert_eq!(difference(&shop, id, 1).await.unwrap_err(), "order.not_paid");
    shop.money_returns(id, Fen::new(1)).await;
    let file = shop.file(id).await;
    assert_eq!((file.order.state, file.order.refunded), (OrderState::Completed, Fen::new(1_001)));
    assert_eq!(
        file.lines.iter().map(|line| line.refunded.get()).collect::<Vec<_>>(),
        [998, 3],
        "9900 to 33, to the fen"
    );
    assert_eq!(file.lines[0].refunded_quantity, 0);
    assert_eq!(file.refunds.iter().filter(|refund| refund.arrived_at.is_some()).count(), 2);
    assert!(file.history.iter().any(|row| row.reason == "difference_refund_requested: 1000 fen: 拼团退差价"));
    shop.check_books().await;
}

#[tokio::test]
async fn a_whole_refund_returns_only_the_rest_whichever_money_arrives_first() {
    let shop = Shop::open(10).await;
    for difference_first in [true, false] {
        let id = shop.place(&[(DRESS, 2)]).await.order.id;
        shop.pay(id).await;
        difference(&shop, id, 800).await.unwrap();
        let refunding = whole(&shop, id).await.unwrap();
        assert_eq!(refunding.refunding, Fen::new(19_800));
        assert_eq!(shop.file(id).await.refunds[1].amount, Fen::new(19_000));
        assert_eq!(difference(&shop, id, 1).await.unwrap_err(), "order.refund_running");
        let amounts = if difference_first { [800, 19_000] } else { [19_000, 800] };
        shop.money_returns(id, Fen::new(amounts[0])).await;
        assert_eq!(shop.state(id).await, OrderState::Paid);
        assert_eq!(code(shop.ship(id, "A1", None).await.unwrap_err()), "order.refund_running");
        shop.money_returns(id, Fen::new(amounts[1])).await;
        assert_eq!(shop.state(id).await, OrderState::Refunded);
    }
    assert_eq!(shop.available(DRESS).await, 10);
    shop.check_books().await;
}

#[tokio::test]
async fn differences_up_to_the_last_fen_do_not_close_an_order() {
    let shop = Shop::open(10).await;
    let id = shop.place(&[(DRESS, 1)]).await.order.id;
    shop.pay(id).await;
    difference(&shop, id, 9_900).await.unwrap();
    assert_eq!(whole(&shop, id).await.unwrap_err(), "order.refund_running", "nothing is left to ask back");
    shop.money_returns(id, Fen::new(9_900)).await;
    assert_eq!(shop.state(id).await, OrderState::Paid);
    assert_eq!(whole(&shop, id).await.unwrap().state, OrderState::Refunded, "giving it up needs no money any more");
    shop.check_books().await;
}

#[tokio::test]
async fn at_most_fifty_differences_go_back_and_never_more_than_was_paid() {
    let shop = Shop::open(10).await;
    let id = shop.place(&[(DRESS, 1)]).await.order.id;
    shop.pay(id).await;
    let asked = futures_util::future::join_all((0..60).map(|_| difference(&shop, id, 100))).await;
    assert_eq!(asked.iter().filter(|asked| asked.is_ok()).count(), 50);
    assert!(asked.iter().filter_map(|asked| asked.as_ref().err()).all(|code| *code == "payment.too_many_refunds"));
    shop.check_books().await;
}

#[tokio::test]
async fn a_newcomer_is_whoever_never_paid() {
    let shop = Shop::open(10).await;
    let order = shop.place(&[(DRESS, 1)]).await.order;
    let newcomer = || shop.act(move |tx, _| Ok(service::is_newcomer(tx, order.user_id)?));
    assert!(newcomer().await.unwrap());
    shop.pay(order.id).await;
    assert!(!newcomer().await.unwrap());
    whole(&shop, order.id).await.unwrap();
    shop.money_returns(order.id, order.total).await;
    assert!(!newcomer().await.unwrap(), "who bought and gave it back has been here before");
}
