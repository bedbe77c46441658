//! Claims about payment as a whole, against a bank in memory.

mod bank;
mod shop;

use futures_util::future::join_all;

use crate::kernel::money::Fen;
use crate::kernel::time::{HOUR_MS, MINUTE_MS, SECOND_MS};
use crate::payment::model::{AttemptState, PaymentState, RefundCause, RefundState, ReviewKind, TradeType};
use crate::payment::provider::RefundStanding;
use crate::payment::service::{NoticeAnswer, Retry, retry_refund};
use crate::payment::{MayClose, PaymentError, change_amount, settle_free};
use shop::{BUYER, PRICE, Shop};

#[tokio::test]
async fn a_notice_a_hundred_times_at_once_pays_once_and_is_always_accepted() {
    let shop = Shop::open().await;
    let order = shop.order().await;
    let number = shop.begins_to_pay(order).await;
    let report = shop.bank.pay(&number);
    let answers = join_all((0..100).map(|_| shop.notice("N1", &report))).await;
    assert!(answers.iter().all(|answer| *answer == NoticeAnswer::Accepted));
    let standing = shop.standing(order).await;
    assert_eq!(standing.payment.state, PaymentState::Paid);
    assert!(standing.attempts[0].kept);
    assert_eq!(shop.orders.paid.lock().unwrap()[&order], 1);
    shop.work().await;
    shop.check_books().await;
}

#[tokio::test]
async fn two_notices_and_an_answer_about_the_same_money_settle_it_once() {
    let shop = Shop::open().await;
    let order = shop.order().await;
    let number = shop.begins_to_pay(order).await;
    let report = shop.bank.pay(&number);
    shop.clock.advance(15 * SECOND_MS);
    let (one, two, ()) = tokio::join!(shop.notice("N1", &report), shop.notice("N2", &report), shop.work());
    assert_eq!((one, two), (NoticeAnswer::Accepted, NoticeAnswer::Accepted));
    assert_eq!(shop.orders.paid.lock().unwrap()[&order], 1);
    shop.check_books().await;
}

#[tokio::test]
async fn a_notice_that_never_comes_is_made_up_for_by_asking() {
    let shop = Shop::open().await;
    let order = shop.order().await;
    let number = shop.begins_to_pay(order).await;
    shop.bank.pay(&number);
    shop.later(15 * SECOND_MS).await;
    assert_eq!(shop.standing(order).await.payment.state, PaymentState::Paid);
    shop.check_books().await;
}

#[tokio::test]
async fn a_shopper_who_looks_makes_the_provider_be_asked_at_once() {
    let shop = Shop::open().await;
    let order = shop.order().await;
    let number = shop.begins_to_pay(order).await;
    shop.bank.pay(&number);
    shop.clock.advance(SECOND_MS);
    assert_eq!(shop.cashier.look(order, BUYER).await.unwrap().payment.state, PaymentState::Open);
    shop.work().await;
    let asked_early = shop.cashier.look(order, BUYER).await.unwrap().payment.state;
    assert_eq!(asked_early, PaymentState::Open, "a payment just begun is left to its notice");
    shop.clock.advance(4 * SECOND_MS);
    assert_eq!(shop.cashier.look(order, BUYER).await.unwrap().payment.state, PaymentState::Open);
    shop.work().await;
    assert_eq!(shop.cashier.look(order, BUYER).await.unwrap().payment.state, PaymentState::Paid);
}

#[tokio::test]
async fn a_forged_notice_changes_and_stores_nothing() {
    let shop = Shop::open().await;
    let order = shop.order().await;
    let number = shop.begins_to_pay(order).await;
    let report = shop.bank.pay(&number);
    let (_, body) = bank::money_notice("N1", &report);
    let answer = shop.cashier.receive_notice("bank", &Default::default(), &body).await;
    assert_eq!(answer, NoticeAnswer::NotBelieved);
    assert_eq!(shop.standing(order).await.payment.state, PaymentState::Open);
    let notices = shop.db.read("n", |tx| super::service::list_notices(tx, None, None, 10)).await.unwrap();
    assert!(notices.items.is_empty());
}

#[tokio::test]
async fn a_lost_answer_is_followed_by_the_same_number_and_a_live_handle_is_used_again() {
    let shop = Shop::open().await;
    let order = shop.order().await;
    shop.bank.book.lock().unwrap().lose_next_answer = true;
    let lost = shop.hand_over(order, TradeType::Jsapi).await;
    assert!(matches!(lost, Err(PaymentError::ProviderUnavailable)));
    let again = shop.begins_to_pay(order).await;
    assert_eq!(shop.begins_to_pay(order).await, again);
    assert_eq!(shop.bank.numbers(), [again]);
}

#[tokio::test]
async fn fifty_taps_at_once_make_one_attempt() {
    let shop = Shop::open().await;
    let order = shop.order().await;
    let numbers = join_all((0..50).map(|_| shop.begins_to_pay(order))).await;
    assert!(numbers.iter().all(|number| *number == numbers[0]));
    assert_eq!(shop.standing(order).await.attempts.len(), 1);
}

#[tokio::test]
async fn of_two_attempts_both_paid_one_is_kept_and_the_other_given_back_once() {
    let shop = Shop::open().await;
    let order = shop.order().await;
    let one = shop.begins_to_pay(order).await;
    let two = shop.hand_over(order, TradeType::H5).await.unwrap();
    assert_ne!(one, two);
    let (first, second) = (shop.bank.pay(&one), shop.bank.pay(&two));
    let (a, b) = tokio::join!(shop.notice("N1", &first), shop.notice("N2", &second));
    assert_eq!((a, b), (NoticeAnswer::Accepted, NoticeAnswer::Accepted));
    shop.work().await;
    let standing = shop.standing(order).await;
    assert_eq!(standing.attempts.iter().filter(|attempt| attempt.kept).count(), 1);
    assert_eq!(standing.refunds.len(), 1);
    assert_eq!(standing.refunds[0].cause, RefundCause::Duplicate);
    assert_eq!(standing.refunds[0].state, RefundState::Succeeded);
    assert!(shop.orders.refunded.lock().unwrap().is_empty());
    shop.check_books().await;
}

#[tokio::test]
async fn the_other_attempt_is_closed_at_the_provider_once_the_order_is_paid() {
    let shop = Shop::open().await;
    let order = shop.order().await;
    let one = shop.begins_to_pay(order).await;
    let two = shop.hand_over(order, TradeType::H5).await.unwrap();
    let report = shop.bank.pay(&one);
    shop.notice("N1", &report).await;
    shop.work().await;
    assert!(shop.bank.book.lock().unwrap().trades[&two].closed);
    assert_eq!(shop.standing(order).await.attempts[1].state, AttemptState::Closed);
}

#[tokio::test]
async fn at_the_deadline_the_provider_is_asked_and_told_to_close_before_the_order_may_close() {
    let shop = Shop::open().await;
    let order = shop.order().await;
    let number = shop.begins_to_pay(order).await;
    shop.clock.advance(30 * MINUTE_MS);
    assert_eq!(shop.may_close(order).await, MayClose::AskingProvider);
    shop.work().await;
    assert!(shop.bank.book.lock().unwrap().trades[&number].closed);
    assert_eq!(shop.may_close(order).await, MayClose::Yes);
}

#[tokio::test]
async fn money_paid_while_the_attempt_is_being_closed_is_found() {
    let shop = Shop::open().await;
    let order = shop.order().await;
    shop.begins_to_pay(order).await;
    shop.bank.book.lock().unwrap().pay_while_closing = true;
    shop.later(30 * MINUTE_MS).await;
    assert_eq!(shop.standing(order).await.payment.state, PaymentState::Paid);
    shop.check_books().await;
}

#[tokio::test]
async fn a_silent_provider_holds_an_order_up_for_ten_minutes_and_a_last_question_and_late_money_goes_back() {
    let shop = Shop::open().await;
    let order = shop.order().await;
    let number = shop.begins_to_pay(order).await;
    shop.bank.book.lock().unwrap().silent = true;
    shop.bank.pay(&number);
    shop.later(30 * MINUTE_MS).await;
    assert_eq!(shop.may_close(order).await, MayClose::AskingProvider);
    shop.later(10 * MINUTE_MS).await;
    assert_eq!(shop.may_close(order).await, MayClose::AskingProvider, "asked just now");
    shop.later(MINUTE_MS).await;
    assert_eq!(shop.may_close(order).await, MayClose::Yes);
    shop.close(order).await;
    shop.bank.book.lock().unwrap().silent = false;
    shop.later(HOUR_MS).await;
    let standing = shop.standing(order).await;
    assert_eq!(standing.payment.state, PaymentState::Closed);
    assert_eq!(standing.refunds[0].cause, RefundCause::Late);
    assert_eq!(standing.refunds[0].state, RefundState::Succeeded);
    shop.check_books().await;
}

#[tokio::test]
async fn money_the_order_finds_too_late_goes_back() {
    let shop = Shop::open().await;
    *shop.orders.too_late.lock().unwrap() = true;
    let (order, _) = shop.paid_order().await;
    shop.work().await;
    let standing = shop.standing(order).await;
    assert_eq!((standing.payment.state, standing.refunds[0].cause), (PaymentState::Open, RefundCause::Late));
    shop.check_books().await;
}

#[tokio::test]
async fn cancelling_while_paying_keeps_or_returns_but_never_both_or_neither() {
    let shop = Shop::open().await;
    for round in 0..20 {
        let order = shop.order().await;
        let number = shop.begins_to_pay(order).await;
        let report = shop.bank.pay(&number);
        let id = format!("N{round}");
        let (answer, ()) = tokio::join!(shop.notice(&id, &report), shop.close(order));
        assert_eq!(answer, NoticeAnswer::Accepted);
        shop.work().await;
        let standing = shop.standing(order).await;
        match standing.payment.state {
            PaymentState::Paid => assert!(standing.attempts[0].kept && standing.refunds.is_empty()),
            _ => assert_eq!(standing.refunds[0].state, RefundState::Succeeded),
        }
    }
    shop.check_books().await;
}

#[tokio::test]
async fn a_notice_over_a_wrong_amount_is_checked_with_the_provider_before_anything_is_believed() {
    let shop = Shop::open().await;
    let order = shop.order().await;
    let number = shop.begins_to_pay(order).await;
    let mut lie = shop.bank.pay(&number);
    shop.bank.book.lock().unwrap().trades.get_mut(&number).unwrap().paid = None;
    lie.amount = Fen::new(1);
    assert_eq!(shop.notice("N1", &lie).await, NoticeAnswer::Accepted);
    shop.work().await;
    let standing = shop.standing(order).await;
    assert_eq!((standing.payment.state, standing.refunds.len()), (PaymentState::Open, 0));
    assert_eq!(shop.reviews().await[0].kind, ReviewKind::TradeMismatch);
    shop.check_books().await;
}

#[tokio::test]
async fn money_of_a_wrong_amount_that_really_came_goes_back_and_is_reviewed() {
    let shop = Shop::open().await;
    let order = shop.order().await;
    let number = shop.begins_to_pay(order).await;
    let report = shop.bank.pay_as(&number, |report| report.amount = Fen::new(1));
    for id in ["N1", "N2"] {
        assert_eq!(shop.notice(id, &report).await, NoticeAnswer::Accepted);
    }
    shop.work().await;
    let standing = shop.standing(order).await;
    assert_eq!(standing.payment.state, PaymentState::Open);
    assert_eq!((standing.refunds[0].cause, standing.refunds[0].amount), (RefundCause::Mismatch, Fen::new(1)));
    assert_eq!(shop.reviews().await.len(), 1);
    shop.check_books().await;
}

#[tokio::test]
async fn money_that_is_not_in_our_currency_or_not_ours_waits_for_a_person() {
    let shop = Shop::open().await;
    let order = shop.order().await;
    let number = shop.begins_to_pay(order).await;
    let report = shop.bank.pay_as(&number, |report| report.currency = "USD".to_owned());
    shop.notice("N1", &report).await;
    let mut unknown = report.clone();
    unknown.out_trade_no = "P999999".to_owned();
    unknown.transaction_id = "T999999".to_owned();
    shop.notice("N2", &unknown).await;
    shop.later(HOUR_MS).await;
    let standing = shop.standing(order).await;
    assert_eq!(standing.payment.state, PaymentState::Open);
    assert_eq!(standing.attempts[0].next_query_at, None);
    let kinds: Vec<_> = shop.reviews().await.iter().map(|review| review.kind).collect();
    assert_eq!(kinds, [ReviewKind::UnknownTrade, ReviewKind::TradeMismatch]);
}

#[tokio::test]
async fn a_new_price_makes_a_new_attempt_and_money_over_the_old_one_goes_back() {
    let shop = Shop::open().await;
    let order = shop.order().await;
    let old = shop.begins_to_pay(order).await;
    shop.db.write("reprice", move |tx| change_amount(tx, order, Fen::new(9_000))).await.unwrap();
    let report = shop.bank.pay(&old);
    shop.notice("N1", &report).await;
    shop.work().await;
    let new = shop.begins_to_pay(order).await;
    assert_ne!(old, new);
    let report = shop.bank.pay(&new);
    shop.notice("N2", &report).await;
    shop.work().await;
    let standing = shop.standing(order).await;
    assert_eq!(standing.payment.state, PaymentState::Paid);
    assert_eq!((standing.refunds[0].cause, standing.refunds[0].amount), (RefundCause::Mismatch, PRICE));
    shop.check_books().await;
}

#[tokio::test]
async fn what_costs_nothing_is_paid_without_a_provider_and_cannot_be_paid_again() {
    let shop = Shop::open().await;
    let order = shop.order().await;
    shop.db.write("free", move |tx| change_amount(tx, order, Fen::ZERO)).await.unwrap();
    let charged = shop.hand_over(order, TradeType::Jsapi).await;
    assert!(matches!(charged, Err(PaymentError::NotOpen(_))));
    for _ in 0..2 {
        shop.db.write("free", move |tx| settle_free(tx, order)).await.unwrap();
    }
    assert_eq!(shop.standing(order).await.payment.state, PaymentState::Paid);
    assert!(matches!(shop.refund(order, 1).await, Err(PaymentError::NotPaid)));
    shop.check_books().await;
}

#[tokio::test]
async fn parallel_partial_refunds_never_exceed_what_was_paid() {
    let shop = Shop::open().await;
    let (order, _) = shop.paid_order().await;
    let results = join_all((0..50).map(|_| shop.refund(order, 396))).await;
    let accepted = results.iter().filter(|result| result.is_ok()).count();
    assert_eq!(accepted, 25);
    let refused = results.iter().filter(|result| matches!(result, Err(PaymentError::RefundExceedsPaid(_)))).count();
    assert_eq!(refused, 25);
    shop.work().await;
    assert_eq!(shop.orders.refunded.lock().unwrap()[&order], PRICE);
    shop.check_books().await;
}

#[tokio::test]
async fn the_fifty_first_refund_is_refused() {
    let shop = Shop::open().await;
    let (order, _) = shop.paid_order().await;
    for _ in 0..50 {
        shop.refund(order, 1).await.unwrap();
    }
    assert!(matches!(shop.refund(order, 1).await, Err(PaymentError::TooManyRefunds)));
    assert!(matches!(shop.refund(order, 0).await, Err(PaymentError::RefundAmount)));
}

#[tokio::test]
async fn a_refund_whose_answer_is_lost_is_sent_again_under_its_number() {
    let shop = Shop::open().await;
    let (order, _) = shop.paid_order().await;
    shop.bank.book.lock().unwrap().lose_next_answer = true;
    shop.refund(order, 100).await.unwrap();
    shop.work().await;
    let refund = shop.standing(order).await.refunds.remove(0);
    assert_eq!((refund.state, refund.failure.as_deref()), (RefundState::Pending, Some("silence")));
    shop.later(15 * SECOND_MS).await;
    assert_eq!(shop.standing(order).await.refunds[0].state, RefundState::Succeeded);
    assert_eq!(shop.bank.book.lock().unwrap().refund_calls, 2);
    shop.check_books().await;
}

#[tokio::test]
async fn a_refused_refund_is_shown_to_staff_who_send_it_again_under_its_number() {
    let shop = Shop::open().await;
    let (order, _) = shop.paid_order().await;
    shop.bank.book.lock().unwrap().refuse_refunds = Some("NOT_ENOUGH");
    let id = shop.refund(order, 100).await.unwrap();
    shop.work().await;
    let before = shop.standing(order).await.refunds.remove(0);
    assert_eq!(before.state, RefundState::Abnormal);
    assert!(before.failure.as_deref().unwrap().starts_with("NOT_ENOUGH"));
    shop.bank.book.lock().unwrap().refuse_refunds = None;
    shop.retry(id).await.unwrap();
    shop.work().await;
    let after = shop.standing(order).await.refunds.remove(0);
    assert_eq!((after.state, after.out_refund_no), (RefundState::Succeeded, before.out_refund_no));
    assert!(matches!(shop.retry(id).await, Err(PaymentError::RefundNotRetryable(_))));
    shop.check_books().await;
}

#[tokio::test]
async fn a_refund_the_provider_closed_begins_anew_under_another_number() {
    let shop = Shop::open().await;
    let (order, _) = shop.paid_order().await;
    shop.bank.book.lock().unwrap().refunds_stand = Some(RefundStanding::Processing);
    let id = shop.refund(order, 100).await.unwrap();
    shop.work().await;
    assert_eq!(shop.standing(order).await.refunds[0].state, RefundState::Processing);
    for refund in shop.bank.book.lock().unwrap().refunds.values_mut() {
        refund.standing = RefundStanding::Closed;
    }
    shop.later(MINUTE_MS).await;
    let before = shop.standing(order).await.refunds.remove(0);
    assert_eq!(before.state, RefundState::Closed);
    shop.bank.book.lock().unwrap().refunds_stand = None;
    shop.retry(id).await.unwrap();
    shop.work().await;
    let standing = shop.standing(order).await;
    assert_eq!(standing.refunds[0].state, RefundState::Succeeded);
    assert_ne!(standing.refunds[0].out_refund_no, before.out_refund_no);
    assert_eq!((standing.attempts[0].refunded, standing.attempts[0].refunds), (Fen::new(100), 2));
    shop.check_books().await;
}

#[tokio::test]
async fn a_notice_that_cannot_be_applied_is_kept_and_applied_later() {
    let shop = Shop::open().await;
    let order = shop.order().await;
    let number = shop.begins_to_pay(order).await;
    let report = shop.bank.pay(&number);
    shop.faults.fail_statement(8);
    assert_eq!(shop.notice("N1", &report).await, NoticeAnswer::TryAgain);
    assert_eq!(shop.standing(order).await.payment.state, PaymentState::Open);
    shop.work().await;
    assert_eq!(shop.standing(order).await.payment.state, PaymentState::Paid);
    assert_eq!(shop.notice("N1", &report).await, NoticeAnswer::Accepted);
    shop.check_books().await;
}

#[tokio::test]
async fn whatever_statement_or_commit_fails_during_payment_and_refund_the_books_hold_in_the_end() {
    let shop = Shop::open().await;
    for n in 1..60 {
        let order = shop.order().await;
        match n % 3 {
            0 => shop.faults.fail_commit(n / 6 + 1),
            1 => shop.faults.lose_commit_answer(n / 6 + 1),
            _ => shop.faults.fail_statement(n),
        }
        // Errors are what a client would see and answer by trying again.
        let number = match shop.hand_over(order, TradeType::Jsapi).await {
            Ok(number) => number,
            Err(_) => shop.begins_to_pay(order).await,
        };
        let report = shop.bank.pay(&number);
        shop.notice(&format!("N{n}"), &report).await;
        let _ = shop.refund(order, 100).await;
        shop.try_to_work().await;
        shop.faults.clear();
    }
    // Leases of jobs that were cut off run out first.
    shop.later(HOUR_MS).await;
    shop.later(HOUR_MS).await;
    shop.check_books().await;
}

impl Shop {
    async fn retry(&self, refund_id: super::model::RefundId) -> Result<(), PaymentError> {
        let staff_id = self.staff().await;
        let origin = crate::platform::http::Origin { address: "10.0.0.9".to_owned(), request_id: String::new() };
        let retry = Retry { refund_id, staff_id, reason: "余额已充值".to_owned(), origin };
        self.db.write("retry", move |tx| retry_refund(tx, &retry)).await.map(drop)
    }
}
