//! The life of an order after it was placed.

use super::shop::*;
use crate::kernel::money::Fen;
use crate::kernel::time::{DAY_MS, MINUTE_MS};
use crate::order::model::*;
use crate::order::rules::Denial;
use crate::order::service::{self, PushedEvent, RefundDecision};
use crate::payment::PaidOutcome;

#[tokio::test]
async fn an_unpaid_order_closes_at_its_deadline_once_and_late_money_is_not_kept() {
    let shop = Shop::open(10).await;
    let order = shop.place(&[(DRESS, 4)]).await.order;
    shop.sweep_after(30 * MINUTE_MS - 1).await;
    assert_eq!(shop.state(order.id).await, OrderState::PendingPayment);
    assert_eq!(shop.available(DRESS).await, 6);
    shop.sweep_after(1).await;
    shop.sweep_after(MINUTE_MS).await;
    let closed = shop.file(order.id).await.order;
    assert_eq!((closed.state, closed.close_reason.as_deref()), (OrderState::Closed, Some("payment_timeout")));
    assert_eq!(shop.available(DRESS).await, 10);
    assert_eq!(shop.events("order.closed").await, 1);
    assert_eq!(shop.pay(order.id).await, PaidOutcome::TooLate);
    assert_eq!(shop.state(order.id).await, OrderState::Closed);
    shop.check_books().await;
}

#[tokio::test]
async fn an_order_is_not_closed_while_the_provider_may_hold_its_money() {
    let shop = Shop::open(10).await;
    let order = shop.place(&[(DRESS, 1)]).await.order;
    let id = order.id;
    shop.act(move |tx, _| {
        use diesel::connection::SimpleConnection as _;
        let open = format!(
            "INSERT INTO payment_attempts (id, payment_id, provider, trade_type, out_trade_no, app_id, mch_id, amount_fen, state, \
             kept, paid_fen, refunded_fen, refunds, created_at, queries) SELECT 1, id, 'wechat', 'jsapi', 'T1', 'wx1', '1900', \
             amount_fen, 'prepaid', FALSE, 0, 0, 0, 0, 0 FROM payments WHERE subject_id = {id}"
        );
        Ok(tx.conn()?.batch_execute(&open)?)
    }).await.unwrap();
    shop.sweep_after(30 * MINUTE_MS).await;
    let waiting = shop.file(id).await.order;
    assert_eq!(waiting.state, OrderState::PendingPayment);
    assert!(waiting.close_due_at > shop.clock.now() && waiting.pay_deadline == order.pay_deadline);
    shop.act(|tx, _| {
        use diesel::connection::SimpleConnection as _;
        Ok(tx.conn()?.batch_execute("UPDATE payment_attempts SET state = 'closed'")?)
    })
    .await
    .unwrap();
    shop.sweep_after(5_000).await;
    assert_eq!(shop.state(id).await, OrderState::Closed);
    shop.check_books().await;
}

#[tokio::test]
async fn an_order_travels_in_parcels_through_its_gate_to_completion() {
    let shop = Shop::open(10).await;
    let placed = shop.place_gated(&[(DRESS, 2), (BUTTON, 1)]).await;
    let (id, user) = (placed.order.id, placed.order.user_id);
    assert_eq!(code(shop.ship(id, "A1", None).await.unwrap_err()), "order.not_paid");
    assert_eq!(shop.pay(id).await, PaidOutcome::Kept);
    assert_eq!(code(shop.ship(id, "A1", None).await.unwrap_err()), "order.waiting_for_campaign");
    shop.act(move |tx, _| Ok(service::move_gate(tx, id, "gating", "8")?)).await.unwrap();
    assert_eq!(shop.file(id).await.gates[0].source_ref, "8");
    assert!(shop.act(move |tx, _| Ok(service::open_gate(tx, id, "gating")?)).await.unwrap());
    assert!(!shop.act(move |tx, _| Ok(service::open_gate(tx, id, "gating")?)).await.unwrap(), "it opens once");

    let dress = placed.lines[0].id;
    assert_eq!(code(shop.ship(id, "A1", Some(vec![(dress, 3)])).await.unwrap_err()), "order.ship_quantity");
    let first = shop.ship(id, "A1", Some(vec![(dress, 1)])).await.unwrap();
    assert_eq!(shop.state(id).await, OrderState::Paid);
    assert_eq!(code(shop.ship(id, "A1", None).await.unwrap_err()), "order.parcel_exists");
    let refund = shop.act(move |tx, orders| service::refund_own(tx, orders, id, user, "不要了")).await;
    assert_eq!(code(refund.unwrap_err()), "order.already_shipped");
    shop.ship(id, "A2", None).await.unwrap();
    assert_eq!(shop.state(id).await, OrderState::Shipped);
    assert_eq!(code(shop.ship(id, "A3", None).await.unwrap_err()), "order.already_shipped");

    let now = shop.clock.now();
    let event = PushedEvent { happened_at: now, place: "深圳".to_owned(), description: "已发出".to_owned() };
    for added in [1, 0] {
        let pushed = vec![event.clone()];
        assert_eq!(shop.act(move |tx, _| service::push_tracking(tx, &desk(), first, &pushed)).await.unwrap(), added);
    }
    shop.act(move |tx, _| service::change_tracking(tx, &desk(), first, "ZTO", "Z9")).await.unwrap();
    let file = shop.file(id).await;
    assert_eq!(file.parcels[0].shipment.tracking_no, "Z9");
    assert_eq!(file.parcels[0].tracking.len(), 1);
    assert_eq!(shop.count("SELECT COUNT(*) AS number FROM jobs WHERE kind = 'order.shipping_upload'").await, 3);

    shop.sweep_after(10 * DAY_MS - 1).await;
    assert_eq!(shop.state(id).await, OrderState::Shipped);
    shop.sweep_after(1).await;
    assert_eq!(shop.state(id).await, OrderState::Received);
    shop.sweep_after(7 * DAY_MS).await;
    assert_eq!(shop.state(id).await, OrderState::Completed);
    shop.act(move |tx, _| service::hide(tx, id, user)).await.unwrap();
    let page = service::OrderPage { after: None, limit: 20 };
    assert!(shop.act(move |tx, _| service::page_of_user(tx, user, None, page)).await.unwrap().items.is_empty());
    shop.check_books().await;
}

#[tokio::test]
async fn a_refund_before_shipping_stops_parcels_and_gives_everything_back_once_the_money_arrived() {
    let shop = Shop::open(10).await;
    let order = shop.place(&[(DRESS, 2)]).await.order;
    let (id, user) = (order.id, order.user_id);
    let early = shop.act(move |tx, orders| service::refund_own(tx, orders, id, user, "不要了")).await;
    assert_eq!(code(early.unwrap_err()), "order.not_paid");
    shop.pay(id).await;
    shop.act(move |tx, orders| service::refund_own(tx, orders, id, user, "不要了")).await.unwrap();
    let refunding = shop.file(id).await.order;
    assert_eq!((refunding.state, refunding.refunding), (OrderState::Paid, order.total));
    assert_eq!(code(shop.ship(id, "A1", None).await.unwrap_err()), "order.refund_running");
    let again = shop.act(move |tx, orders| service::refund_own(tx, orders, id, user, "不要了")).await;
    assert_eq!(code(again.unwrap_err()), "order.refund_running");
    assert_eq!(shop.available(DRESS).await, 8);
    shop.money_returns(id, order.total).await;
    let refunded = shop.file(id).await;
    assert_eq!(
        (refunded.order.state, refunded.order.refunded, refunded.order.refunding),
        (OrderState::Refunded, order.total, Fen::ZERO)
    );
    assert_eq!(refunded.lines[0].refunded_quantity, 2);
    assert_eq!(shop.available(DRESS).await, 10);
    assert_eq!(shop.events("order.refunded").await, 1);
    shop.check_books().await;
}

#[tokio::test]
async fn staff_change_a_price_with_its_source_and_only_before_payment() {
    let shop = Shop::open(10).await;
    let order = shop.place_gated(&[(DRESS, 2), (BUTTON, 7)]).await.order;
    let id = order.id;
    let reprice = |total: i64, freight: Option<i64>| {
        shop.act(move |tx, _| service::reprice(tx, &desk(), id, Fen::new(total), freight.map(Fen::new), "老顾客"))
    };
    for (total, freight) in [(0, None), (-1, None), (20_032, None), (500, Some(501)), (i64::MAX, None), (1, Some(-1))] {
        assert_eq!(code(reprice(total, freight).await.unwrap_err()), "order.price_out_of_range", "{total} {freight:?}");
    }
    reprice(12_345, Some(600)).await.unwrap();
    reprice(20_031, Some(0)).await.unwrap();
    reprice(10_001, None).await.unwrap();
    let file = shop.file(id).await;
    assert_eq!(file.order.total, Fen::new(10_001));
    assert_eq!(Fen::sum(file.lines.iter().map(|line| line.payable)), Some(Fen::new(10_001)));
    let changes = Fen::sum(file.adjustments.iter().map(|made| made.amount)).unwrap();
    assert_eq!(file.order.goods.plus(changes), Some(Fen::new(10_001)));
    assert_eq!(shop.count("SELECT amount_fen AS number FROM payments").await, 10_001);
    assert_eq!(shop.count("SELECT COUNT(*) AS number FROM audit_entries WHERE action = 'order.reprice'").await, 3);
    shop.pay(id).await;
    assert!(reprice(9_000, None).await.is_err());
    shop.check_books().await;
}

#[tokio::test]
async fn a_refund_above_the_limit_waits_for_a_second_person() {
    let shop = Shop::open(10).await;
    let (small, large) = (shop.place(&[(DRESS, 1)]).await.order, shop.place(&[(DRESS, 6)]).await.order);
    for (order, expected) in [(small, RefundDecision::Requested), (large, RefundDecision::WaitingForApproval)] {
        shop.pay(order.id).await;
        let decision =
            shop.act(move |tx, orders| service::refund_by_staff(tx, orders, &desk(), order.id, "缺货")).await;
        assert_eq!(decision.unwrap(), expected);
        let refunding = shop.file(order.id).await.order.is_refunding();
        assert_eq!(refunding, expected == RefundDecision::Requested);
    }
    assert_eq!(shop.count("SELECT COUNT(*) AS number FROM staff_approvals WHERE state = 'waiting'").await, 1);
    shop.check_books().await;
}

#[tokio::test]
async fn a_note_a_closing_and_an_export_are_audited_and_an_export_holds_no_formula() {
    let shop = Shop::open(10).await;
    let wish = shop.wish(shop.buyer().await, &[(DRESS, 1)], Vec::new()).await;
    let formula = service::PlaceOrder { remark: "=cmd|'/c calc'!A1".to_owned(), ..wish };
    let id = shop.try_place(formula).await.unwrap().order.id;
    shop.act(move |tx, _| service::write_note(tx, &desk(), id, "已电话确认")).await.unwrap();
    shop.act(move |tx, orders| service::close_by_staff(tx, orders, &desk(), id, "顾客来电")).await.unwrap();
    let table = shop
        .act(|tx, _| {
            let orders = service::exported(tx, &Default::default())?;
            service::note_export(tx, &desk(), "all", orders.len())?;
            Ok(service::table(&orders)?)
        })
        .await
        .unwrap();
    let table = table.text().to_owned();
    assert!(table.contains("'=cmd|") && !table.contains(",=cmd"), "{table}");
    assert!(table.contains("99.00") && table.contains("已电话确认"));
    assert_eq!(shop.count("SELECT COUNT(*) AS number FROM audit_entries").await, 3);
    shop.check_books().await;
}

#[tokio::test]
async fn the_view_says_what_the_buyer_may_do_and_why_not() {
    use crate::order::api::views::OrderDetailView;
    let shop = Shop::open(10).await;
    let id = shop.place(&[(DRESS, 1)]).await.order.id;
    let view = OrderDetailView::of(shop.file(id).await, shop.clock.now().plus_millis(1_001));
    assert_eq!(view.deadline.as_ref().unwrap().seconds_left, 1_798);
    assert!(view.may.pay.allowed && view.may.cancel.allowed);
    assert_eq!(view.may.refund.why_not, Some(Denial::NotPaid));
    let late = OrderDetailView::of(shop.file(id).await, shop.clock.now().plus_millis(DAY_MS));
    assert_eq!(late.deadline.unwrap().seconds_left, 0, "a countdown is never negative");
    assert_eq!(late.may.pay.why_not, Some(Denial::DeadlinePassed));
}
