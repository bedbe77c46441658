//! Claims about what WeChat's words mean to payment.

use super::*;
use crate::kernel::money::Fen;

fn trade(state: &str) -> Trade {
    let json = serde_json::json!({
        "appid": "wx1", "mchid": "19", "out_trade_no": "P000004", "transaction_id": "420", "trade_type": "JSAPI",
        "trade_state": state, "success_time": "2026-01-31T16:00:00+08:00", "payer": {"openid": "o1"},
        "amount": {"total": 100, "payer_total": 90, "currency": "CNY", "payer_currency": "CNY"},
    });
    serde_json::from_value(json).unwrap()
}

#[test]
fn a_paid_transaction_is_reported_by_its_total_even_after_a_refund_began() {
    for state in ["SUCCESS", "REFUND"] {
        let Outcome::Done(TradeStanding::Paid(report)) = standing(trade(state)) else { panic!("{state}") };
        assert_eq!((report.amount, report.payer.as_deref()), (Fen::new(100), Some("o1")));
        assert_eq!(Some(report.paid_at), Timestamp::parse_rfc3339("2026-01-31T08:00:00Z"));
    }
}

#[test]
fn states_without_money_are_told_apart_and_a_new_word_is_not_guessed_at() {
    assert_eq!(standing(trade("NOTPAY")), Outcome::Done(TradeStanding::NotPaid));
    assert_eq!(standing(trade("CLOSED")), Outcome::Done(TradeStanding::Closed));
    assert!(matches!(standing(trade("SLEEPING")), Outcome::Unknown(_)));
}

#[test]
fn a_paid_transaction_without_amount_or_number_is_not_believed() {
    let (mut no_amount, mut no_number) = (trade("SUCCESS"), trade("SUCCESS"));
    no_amount.amount = None;
    no_number.transaction_id = None;
    for trade in [no_amount, no_number] {
        assert!(matches!(standing(trade), Outcome::Unknown(_)));
    }
}

#[test]
fn a_refund_notice_names_merchant_payment_and_amount() {
    let notice = |status: &str| -> RefundNotice {
        let json = serde_json::json!({
            "mchid": "19", "transaction_id": "420", "out_trade_no": "P000004", "refund_id": "503",
            "out_refund_no": "R7", "refund_status": status, "user_received_account": "支付用户零钱",
            "success_time": "2026-01-31T16:00:00+08:00",
            "amount": {"total": 100, "refund": 30, "payer_total": 100, "payer_refund": 30},
        });
        serde_json::from_value(json).unwrap()
    };
    let report = notice_report(notice("SUCCESS")).unwrap();
    assert_eq!((report.standing, report.amount), (RefundStanding::Succeeded, Fen::new(30)));
    assert_eq!((report.mch_id.as_deref(), report.out_trade_no.as_deref()), (Some("19"), Some("P000004")));
    assert_eq!(notice_report(notice("ABNORMAL")).unwrap().standing, RefundStanding::Abnormal);
    assert!(notice_report(notice("NEW_WORD")).is_none());
}
