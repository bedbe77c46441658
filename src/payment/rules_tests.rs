//! Claims about the rules of payment.

use super::*;
use crate::kernel::id::{OrderId, UserId};
use crate::payment::model::PaymentId;
use crate::payment::provider::RefundStanding;

const T0: Timestamp = Timestamp::from_millis(1_800_000_000_000);

fn payment() -> Payment {
    Payment {
        id: PaymentId::new(1),
        order_id: OrderId::new(2),
        user_id: UserId::new(3),
        description: "茶".to_owned(),
        amount: Fen::new(100),
        state: PaymentState::Open,
        expires_at: T0.plus_millis(30 * MINUTE_MS),
        paid_at: None,
        created_at: T0,
    }
}

fn attempt() -> Attempt {
    Attempt {
        id: AttemptId::new(4),
        payment_id: PaymentId::new(1),
        provider: "bank".to_owned(),
        trade_type: TradeType::Jsapi,
        out_trade_no: "P000004".to_owned(),
        app_id: "wx1".to_owned(),
        mch_id: "19".to_owned(),
        payer: Some("o1".to_owned()),
        client_address: None,
        amount: Fen::new(100),
        state: AttemptState::Prepaid,
        prepay: Some("handle".to_owned()),
        prepay_expires_at: Some(T0.plus_millis(HOUR_MS)),
        kept: false,
        transaction_id: None,
        paid: Fen::ZERO,
        refunded: Fen::ZERO,
        refunds: 0,
        created_at: T0,
        succeeded_at: None,
        asked_at: None,
        next_query_at: None,
        queries: 0,
    }
}

fn money() -> MoneyReport {
    MoneyReport {
        out_trade_no: "P000004".to_owned(),
        transaction_id: "T1".to_owned(),
        app_id: "wx1".to_owned(),
        mch_id: "19".to_owned(),
        payer: Some("o1".to_owned()),
        amount: Fen::new(100),
        currency: "CNY".to_owned(),
        paid_at: T0,
    }
}

fn wish() -> Wish<'static> {
    Wish {
        provider: "bank",
        trade_type: TradeType::Jsapi,
        amount: Fen::new(100),
        payer: Some("o1"),
        app_id: "wx1",
        mch_id: "19",
    }
}

#[test]
fn numbers_fit_what_providers_accept_and_a_new_round_is_a_new_number() {
    assert_eq!(out_trade_no(AttemptId::new(4)), "P000004");
    assert!(out_trade_no(AttemptId::new(i64::MAX)).len() <= 32);
    assert_eq!(out_refund_no(RefundId::new(7), 0), "R7");
    assert_eq!(out_refund_no(RefundId::new(7), 2), "R7-2");
}

#[test]
fn the_provider_is_always_asked_at_the_deadline_and_goes_on_being_asked_after_it() {
    let deadline = T0.plus_millis(20 * SECOND_MS);
    assert_eq!(next_query_at(T0, 0, deadline), T0.plus_millis(15 * SECOND_MS));
    assert_eq!(next_query_at(T0, 99, deadline), deadline);
    assert_eq!(next_query_at(deadline, 3, deadline), deadline.plus_millis(15 * SECOND_MS));
    let late = deadline.plus_millis(2 * MINUTE_MS);
    assert_eq!(next_query_at(late, 3, deadline), late.plus_millis(2 * MINUTE_MS));
    let very_late = deadline.plus_millis(100 * HOUR_MS);
    assert_eq!(next_query_at(very_late, 3, deadline), very_late.plus_millis(HOUR_MS));
}

#[test]
fn refunds_are_asked_about_ever_more_rarely_but_for_ever() {
    assert_eq!(next_refund_query_at(T0, 0), T0.plus_millis(15 * SECOND_MS));
    assert_eq!(next_refund_query_at(T0, 1_000), T0.plus_millis(HOUR_MS));
    assert_eq!(next_refund_query_at(T0, -1), T0.plus_millis(15 * SECOND_MS));
}

#[test]
fn an_attempt_is_used_again_only_for_exactly_the_same_wish() {
    assert!(reusable(&attempt(), &wish()));
    let others = [
        Wish { trade_type: TradeType::H5, ..wish() },
        Wish { amount: Fen::new(99), ..wish() },
        Wish { payer: Some("o2"), ..wish() },
        Wish { payer: None, ..wish() },
        Wish { app_id: "wx2", ..wish() },
        Wish { mch_id: "20", ..wish() },
        Wish { provider: "other", ..wish() },
    ];
    for other in others {
        assert!(!reusable(&attempt(), &other), "{other:?}");
    }
    for state in [AttemptState::Succeeded, AttemptState::Closed] {
        assert!(!reusable(&Attempt { state, ..attempt() }, &wish()));
    }
}

#[test]
fn a_handle_about_to_expire_is_not_handed_out() {
    assert_eq!(live_prepay(&attempt(), T0), Some("handle"));
    assert_eq!(live_prepay(&attempt(), T0.plus_millis(HOUR_MS - MINUTE_MS)), None);
    assert_eq!(live_prepay(&Attempt { state: AttemptState::Closed, ..attempt() }, T0), None);
}

#[test]
fn every_field_of_a_report_is_compared() {
    assert!(mismatches(&attempt(), &money()).is_empty());
    let wrong = [
        ("amount", MoneyReport { amount: Fen::new(1), ..money() }),
        ("currency", MoneyReport { currency: "USD".to_owned(), ..money() }),
        ("app_id", MoneyReport { app_id: "wx2".to_owned(), ..money() }),
        ("mch_id", MoneyReport { mch_id: "20".to_owned(), ..money() }),
        ("payer", MoneyReport { payer: Some("o2".to_owned()), ..money() }),
    ];
    for (field, report) in wrong {
        assert_eq!(mismatches(&attempt(), &report), [field]);
    }
    let unbound = Attempt { payer: None, ..attempt() };
    assert!(mismatches(&unbound, &money()).is_empty());
}

#[test]
fn money_in_another_currency_or_with_another_merchant_is_not_refunded_by_itself() {
    assert!(refundable_by_itself(&attempt(), &MoneyReport { amount: Fen::new(1), ..money() }));
    assert!(!refundable_by_itself(&attempt(), &MoneyReport { currency: "USD".to_owned(), ..money() }));
    assert!(!refundable_by_itself(&attempt(), &MoneyReport { mch_id: "20".to_owned(), ..money() }));
}

#[test]
fn money_is_kept_only_while_the_payment_is_open_over_the_same_amount() {
    let cause = |state, amount| not_kept(&Payment { state, amount: Fen::new(amount), ..payment() }, &attempt());
    assert_eq!(cause(PaymentState::Open, 100), None);
    assert_eq!(cause(PaymentState::Open, 90), Some(RefundCause::Mismatch));
    assert_eq!(cause(PaymentState::Paid, 100), Some(RefundCause::Duplicate));
    assert_eq!(cause(PaymentState::Closed, 100), Some(RefundCause::Late));
}

#[test]
fn an_attempt_that_can_no_longer_be_kept_is_to_be_closed() {
    assert!(!should_close(&payment(), &attempt(), T0));
    assert!(should_close(&payment(), &attempt(), payment().expires_at));
    assert!(should_close(&Payment { amount: Fen::new(90), ..payment() }, &attempt(), T0));
    assert!(should_close(&Payment { state: PaymentState::Closed, ..payment() }, &attempt(), T0));
}

#[test]
fn a_refund_report_about_another_amount_or_payment_does_not_fit() {
    let report = RefundReport {
        out_refund_no: "R7".to_owned(),
        provider_refund_id: "50".to_owned(),
        out_trade_no: Some("P000004".to_owned()),
        mch_id: None,
        standing: RefundStanding::Succeeded,
        amount: Fen::new(30),
        succeeded_at: None,
    };
    assert!(refund_fits(Fen::new(30), &attempt(), &report));
    assert!(!refund_fits(Fen::new(31), &attempt(), &report));
    let other = RefundReport { out_trade_no: Some("P9".to_owned()), ..report.clone() };
    assert!(!refund_fits(Fen::new(30), &attempt(), &other));
    assert!(!refund_fits(Fen::new(30), &attempt(), &RefundReport { mch_id: Some("20".to_owned()), ..report }));
}
