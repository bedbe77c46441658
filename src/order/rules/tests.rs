//! Claims about the rules of orders.

use proptest::prelude::*;

use super::*;
use crate::catalog::{GoodsKind, ProductId, SkuId};
use crate::kernel::id::{OrderId, UserId};
use crate::pick_up::StoreId;

fn order(state: OrderState) -> Order {
    let at = Timestamp::from_millis(0);
    Order {
        id: OrderId::new(1),
        user_id: UserId::new(2),
        state,
        delivery: Delivery::Parcel,
        goods: Fen::new(1_000),
        discount: Fen::new(100),
        freight: Fen::new(50),
        total: Fen::new(950),
        refunded: Fen::ZERO,
        refunding: Fen::ZERO,
        refunding_difference: Fen::ZERO,
        receiver_name: "李".to_owned(),
        receiver_phone: "13800001234".to_owned(),
        province_code: "440000".to_owned(),
        receiver_address: "深圳".to_owned(),
        remark: String::new(),
        staff_note: String::new(),
        pay_deadline: at,
        close_due_at: at,
        created_at: at,
        paid_at: None,
        shipped_at: None,
        receive_due_at: None,
        received_at: None,
        complete_due_at: None,
        completed_at: None,
        closed_at: None,
        close_reason: None,
        hidden_at: None,
        version: 1,
    }
}

fn line(id: i64, goods: i64, discount: i64, freight: i64) -> OrderLine {
    OrderLine {
        id: OrderLineId::new(id),
        order_id: OrderId::new(1),
        product_id: ProductId::new(1),
        sku_id: SkuId::new(id),
        kind: GoodsKind::Physical,
        title: "茶".to_owned(),
        option_text: String::new(),
        picture: String::new(),
        unit_price: Fen::new(goods),
        quantity: 1,
        goods: Fen::new(goods),
        discount: Fen::new(discount),
        freight: Fen::new(freight),
        payable: Fen::new(goods - discount + freight),
        shipped_quantity: 0,
        refunded_quantity: 0,
        refunded: Fen::ZERO,
    }
}

fn gate(opened: bool) -> ShipGate {
    let at = Timestamp::from_millis(5);
    ShipGate {
        order_id: OrderId::new(1),
        source: "group_buy".to_owned(),
        source_ref: "7".to_owned(),
        created_at: at,
        opened_at: opened.then_some(at),
    }
}

#[test]
fn every_pair_of_state_and_step_is_decided_as_written() {
    use OrderState as S;
    let allowed = [
        (S::PendingPayment, Step::Pay, S::Paid),
        (S::PendingPayment, Step::Close, S::Closed),
        (S::Paid, Step::ShipAll, S::Shipped),
        (S::Shipped, Step::Receive, S::Received),
        (S::Received, Step::Complete, S::Completed),
        (S::Paid, Step::RefundAll, S::Refunded),
        (S::Shipped, Step::RefundAll, S::Refunded),
        (S::Received, Step::RefundAll, S::Refunded),
    ];
    for from in OrderState::ALL {
        for step in Step::ALL {
            let expected = allowed.iter().find(|(state, asked, _)| state == from && asked == step);
            let expected = expected.map_or(Err(IllegalMove { from: *from, step: *step }), |(_, _, to)| Ok(*to));
            assert_eq!(next(*from, *step), expected, "{from} {step:?}");
        }
    }
}

#[test]
fn no_step_leads_out_of_a_final_state_and_every_state_can_be_reached() {
    for state in OrderState::ALL {
        let leads_on = Step::ALL.iter().any(|step| next(*state, *step).is_ok());
        assert_eq!(leads_on, !state.is_final(), "{state}");
        let reached = OrderState::ALL.iter().any(|from| Step::ALL.iter().any(|step| next(*from, *step) == Ok(*state)));
        assert!(reached || *state == OrderState::PendingPayment, "{state}");
    }
}

#[test]
fn history_may_hold_a_first_row_facts_and_allowed_moves_only() {
    assert!(is_recordable(None, OrderState::PendingPayment));
    assert!(!is_recordable(None, OrderState::Paid));
    assert!(is_recordable(Some(OrderState::Paid), OrderState::Paid));
    assert!(is_recordable(Some(OrderState::Paid), OrderState::Shipped));
    assert!(!is_recordable(Some(OrderState::Closed), OrderState::Paid));
    assert!(!is_recordable(Some(OrderState::Shipped), OrderState::Paid));
}

#[test]
fn an_order_is_shipped_only_when_paid_with_open_gates_and_no_refund() {
    for state in OrderState::ALL {
        assert_eq!(may_ship(&order(*state), &[]).is_ok(), *state == OrderState::Paid, "{state}");
    }
    assert_eq!(may_ship(&order(OrderState::PendingPayment), &[]), Err(Denial::NotPaid));
    assert_eq!(may_ship(&order(OrderState::Paid), &[gate(true), gate(false)]), Err(Denial::WaitingForCampaign));
    let refunding = Order { refunding: Fen::new(1), ..order(OrderState::Paid) };
    assert_eq!(may_ship(&refunding, &[gate(true)]), Err(Denial::RefundRunning));
}

#[test]
fn what_is_collected_is_not_sent_and_may_leave_like_everything_else() {
    for state in OrderState::ALL {
        let collected = Order { delivery: Delivery::PickUp, ..order(*state) };
        assert_eq!(may_ship(&collected, &[]), Err(Denial::CollectedAtStore), "{state}");
        assert_eq!(may_leave(&collected, &[]), may_leave(&order(*state), &[]), "{state}");
    }
}

#[test]
fn a_code_can_be_used_while_its_order_is_paid_and_not_refunded_or_collected() {
    let pick_up = |verified_at| PickUp {
        order_id: OrderId::new(1),
        store_id: StoreId::new(3),
        code: Some("7KQM3FHDW2XA".to_owned()),
        issued_at: Some(Timestamp::from_millis(0)),
        verified_at,
        verified_by: None,
    };
    for state in OrderState::ALL {
        let usable = usable_code(&order(*state), &pick_up(None)).is_some();
        assert_eq!(usable, *state == OrderState::Paid, "{state}");
    }
    let paid = order(OrderState::Paid);
    assert_eq!(usable_code(&paid, &pick_up(Some(Timestamp::from_millis(1)))), None);
    assert_eq!(usable_code(&Order { refunding: Fen::new(1), ..paid.clone() }, &pick_up(None)), None);
    let difference = Order { refunding: Fen::new(1), refunding_difference: Fen::new(1), ..paid };
    assert!(usable_code(&difference, &pick_up(None)).is_some());
}

#[test]
fn virtual_lines_go_into_no_parcel() {
    let lines = [line(1, 10, 0, 0), OrderLine { kind: GoodsKind::VirtualCode, ..line(2, 10, 0, 0) }];
    let part = |id| LineQuantity { line_id: OrderLineId::new(id), quantity: 1 };
    assert_eq!(fill_parcel(&lines, None), Ok(vec![part(1)]));
    assert_eq!(fill_parcel(&lines, Some(&[part(2)])), Err(ParcelRefusal::Virtual(OrderLineId::new(2))));
    assert_eq!(undelivered(&lines), [part(2)]);
    assert!(!completes(&lines, &[part(1)]) && completes(&lines, &[part(1), part(2)]));
    let [sent, left] = lines.clone();
    let sent = OrderLine { shipped_quantity: 1, ..sent };
    assert!(all_carried(&[sent.clone(), left]) && !all_carried(&lines));
    assert_eq!(fill_parcel(&[sent], None), Err(ParcelRefusal::Empty));
}

#[test]
fn the_whole_order_is_refunded_before_shipping_only() {
    let sent = OrderLine { shipped_quantity: 1, ..line(1, 10, 0, 0) };
    assert_eq!(may_refund_unshipped(&order(OrderState::Paid), &[line(1, 10, 0, 0)]), Ok(()));
    assert_eq!(may_refund_unshipped(&order(OrderState::Paid), &[sent]), Err(Denial::AlreadyShipped));
    assert_eq!(may_refund_unshipped(&order(OrderState::Shipped), &[]), Err(Denial::AlreadyShipped));
    assert_eq!(may_refund_unshipped(&order(OrderState::PendingPayment), &[]), Err(Denial::NotPaid));
    let refunding = Order { refunding: Fen::new(1), ..order(OrderState::Paid) };
    assert_eq!(may_refund_unshipped(&refunding, &[]), Err(Denial::RefundRunning));
}

#[test]
fn a_parcel_holds_what_is_left_and_never_more() {
    let lines = [OrderLine { quantity: 3, shipped_quantity: 1, ..line(1, 10, 0, 0) }, line(2, 10, 0, 0)];
    let part = |id, quantity| LineQuantity { line_id: OrderLineId::new(id), quantity };
    assert_eq!(fill_parcel(&lines, None), Ok(vec![part(1, 2), part(2, 1)]));
    assert_eq!(fill_parcel(&lines, Some(&[part(1, 2)])), Ok(vec![part(1, 2)]));
    for wrong in [0, -1, 3, i64::MAX] {
        assert_eq!(fill_parcel(&lines, Some(&[part(1, wrong)])), Err(ParcelRefusal::Quantity(OrderLineId::new(1))));
    }
    assert!(fill_parcel(&lines, Some(&[part(1, 1), part(1, 1)])).is_err(), "the same line twice");
    assert_eq!(fill_parcel(&lines, Some(&[part(9, 1)])), Err(ParcelRefusal::NoSuchLine(OrderLineId::new(9))));
    assert_eq!(fill_parcel(&lines, Some(&[])), Err(ParcelRefusal::Empty));
    assert!(!completes(&lines, &[part(1, 2)]));
    assert!(completes(&lines, &[part(1, 2), part(2, 1)]));
}

#[test]
fn refunded_pieces_are_not_sent() {
    let lines = [OrderLine { quantity: 3, refunded_quantity: 2, ..line(1, 10, 0, 0) }];
    let one = LineQuantity { line_id: OrderLineId::new(1), quantity: 1 };
    assert_eq!(fill_parcel(&lines, None), Ok(vec![one]));
    assert!(completes(&lines, &[one]));
}

#[test]
fn a_price_outside_its_range_is_refused() {
    let order = order(OrderState::PendingPayment);
    let lines = [line(1, 600, 100, 50), line(2, 400, 0, 0)];
    for total in [-1, 0, 49, 1_051, i64::MAX] {
        assert_eq!(reprice(&order, &lines, Fen::new(total), None), None, "{total}");
    }
    assert!(reprice(&order, &lines, Fen::new(1_050), None).is_some());
    assert!(reprice(&order, &lines, Fen::new(50), None).is_some());
    assert_eq!(reprice(&order, &lines, Fen::new(500), Some(Fen::new(-1))), None);
}

#[test]
fn phones_are_masked() {
    assert_eq!(masked_phone("13800001234"), "138****1234");
    assert_eq!(masked_phone("1234"), "1234");
}

proptest! {
    #[test]
    fn a_changed_price_sums_to_the_fen_and_keeps_every_line_within_its_base_price(
        parts in proptest::collection::vec((1_i64..1_000_000, 0_i64..=100, 0_i64..500), 1..20),
        share in 0_i64..=1_000, freight in proptest::option::of(0_i64..5_000),
    ) {
        let lines: Vec<OrderLine> = parts.iter().enumerate().map(|(position, (goods, percent, freight))| {
            line(i64::try_from(position).unwrap(), *goods, goods * percent / 100, *freight)
        }).collect();
        let sum = |amount: fn(&OrderLine) -> Fen| Fen::sum(lines.iter().map(amount)).unwrap();
        let order = Order {
            goods: sum(|line| line.goods), discount: sum(|line| line.discount), freight: sum(|line| line.freight),
            total: sum(|line| line.payable), ..order(OrderState::PendingPayment)
        };
        let new_freight = freight.unwrap_or(order.freight.get());
        let total = Fen::new(new_freight + (order.goods.get() * share / 1_000).max(1));
        let price = reprice(&order, &lines, total, freight.map(Fen::new)).unwrap();
        prop_assert_eq!(Fen::sum(price.lines.iter().map(|line| line.payable)), Some(total));
        prop_assert_eq!(Fen::sum(price.lines.iter().map(|line| line.discount)), Some(price.discount));
        prop_assert_eq!(Fen::sum(price.lines.iter().map(|line| line.freight)), Some(Fen::new(new_freight)));
        prop_assert_eq!(order.total.plus(price.goods_change).unwrap().plus(price.freight_change), Some(total));
        for (new, old) in price.lines.iter().zip(&lines) {
            prop_assert!(new.discount >= Fen::ZERO && new.discount <= old.goods && new.payable >= Fen::ZERO);
        }
    }
}

proptest! {
    #[test]
    fn a_refund_spread_over_lines_sums_to_the_fen_and_never_passes_what_is_left(
        amounts in proptest::collection::vec((0_i64..100_000, 0_i64..100_000), 1..20), share in 0_i64..=1_000
    ) {
        let line = |(id, (payable, refunded)): (i64, (i64, i64))| {
            OrderLine { refunded: Fen::new(payable.min(refunded)), ..line(id, payable.max(refunded), 0, 0) }
        };
        let lines: Vec<OrderLine> = (1..).zip(amounts).map(line).collect();
        let left: i64 = lines.iter().map(|line| line.payable.get() - line.refunded.get()).sum();
        let amount = Fen::new(left * share / 1_000);
        let parts = spread_refund(&lines, amount).unwrap();
        prop_assert_eq!(Fen::sum(parts.iter().copied()), Some(amount));
        for (line, part) in lines.iter().zip(&parts) {
            prop_assert!(*part >= Fen::ZERO && part.get() <= line.payable.get() - line.refunded.get());
        }
        prop_assert_eq!(spread_refund(&lines, Fen::new(left + 1)), None);
    }
}
