//! Claims about notices.

use serde_json::json;

use super::*;
use crate::kernel::money::Fen;
use crate::platform::wechat::WechatClient;
use crate::platform::wechat::pay::{RefundStatus, TradeState};
use crate::platform::wechat::test_server::{Headers, KEY_ID, START, clock, seal, settings, signature_headers, vectors};

fn verifier() -> NoticeVerifier {
    let client = WechatClient::new(settings("http://127.0.0.1:1"), clock()).unwrap();
    client.pay().unwrap().notices().clone()
}

fn notice(event_type: &str, nonce: &str, associated_data: &str, ciphertext: &str) -> String {
    json!({"id": "EV-2018022511223320873", "create_time": "2024-01-01T12:00:00+08:00",
        "resource_type": "encrypt-resource", "event_type": event_type, "summary": "支付成功", "resource": {
        "algorithm": "AEAD_AES_256_GCM", "original_type": "transaction", "ciphertext": ciphertext,
        "associated_data": associated_data, "nonce": nonce}})
    .to_string()
}

fn paid() -> String {
    let vector = &vectors()["pay_notify_resource"];
    let text = |name: &str| vector[name].as_str().unwrap();
    notice("TRANSACTION.SUCCESS", text("nonce"), text("associated_data"), text("ciphertext"))
}

fn verify_signed_at(offset: i64, body: &str) -> Result<Notice, NoticeRefusal> {
    let headers = signature_headers(KEY_ID, START.seconds() + offset, body);
    verifier().verify(headers_of(&headers), body.as_bytes(), START)
}

fn headers_of<'a>(headers: &'a [(&'static str, String)]) -> NoticeHeaders<'a> {
    NoticeHeaders {
        timestamp: &headers[0].1,
        nonce: &headers[1].1,
        signature: &headers[2].1,
        serial: &headers[3].1,
        signature_type: Some(&headers[4].1),
    }
}

#[test]
fn a_payment_notice_is_opened_and_read() {
    let notice = verify_signed_at(0, &paid()).unwrap();
    assert_eq!(notice.id, "EV-2018022511223320873");
    assert_eq!(notice.plaintext, vectors()["pay_notify_resource"]["plaintext"].as_str().unwrap());
    let NoticeResource::Transaction(trade) = notice.resource else { panic!("a payment") };
    assert_eq!(trade.trade_state, TradeState::Success);
    assert_eq!(trade.amount.as_ref().unwrap().total, Fen::new(100));
    assert_eq!(trade.payer_openid(), Some("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"));
    assert_eq!((trade.success_time, trade.app_id.as_str()), (Some(START), "wxd678efh567hg6787"));
}

#[test]
fn a_refund_notice_is_read_and_an_unused_kind_is_let_through() {
    let plain = json!({"mchid": "1900007291", "transaction_id": "42", "out_trade_no": "P00001", "refund_id": "50",
        "out_refund_no": "R1", "refund_status": "SUCCESS", "success_time": "2024-01-01T12:00:00+08:00",
        "user_received_account": "零钱", "amount": {"total": 100, "refund": 30, "payer_total": 100, "payer_refund": 30}})
    .to_string();
    let sealed = seal("fdasflkja484", "refund", &plain);
    let read = verify_signed_at(0, &notice("REFUND.SUCCESS", "fdasflkja484", "refund", &sealed)).unwrap();
    let NoticeResource::Refund(refund) = read.resource else { panic!("a refund") };
    assert_eq!((refund.refund_status, refund.amount.refund), (RefundStatus::Success, Fen::new(30)));
    let other = verify_signed_at(0, &notice("PROFITSHARING", "fdasflkja484", "refund", &sealed)).unwrap();
    assert_eq!(other.resource, NoticeResource::Other { event_type: "PROFITSHARING".to_owned() });
}

#[test]
fn a_notice_is_fresh_for_five_minutes_either_way() {
    for offset in [-300, 300] {
        assert!(verify_signed_at(offset, &paid()).is_ok());
    }
    for offset in [-301, 301, i64::MIN / 2] {
        assert_eq!(verify_signed_at(offset, &paid()).unwrap_err(), NoticeRefusal::Stale);
    }
}

#[test]
fn a_forged_notice_is_refused_for_a_stable_reason() {
    let body = paid();
    let good = signature_headers(KEY_ID, START.seconds(), &body);
    let refusal = |change: &dyn Fn(&mut Headers), body: &str| {
        let mut headers = good.clone();
        change(&mut headers);
        verifier().verify(headers_of(&headers), body.as_bytes(), START).unwrap_err().reason()
    };
    let other = signature_headers(KEY_ID, START.seconds(), "another body")[2].1.clone();
    assert_eq!(refusal(&|_| (), &body.replace("EV-", "EW-")), "wrong_signature");
    assert_eq!(refusal(&|headers| headers[2].1 = other.clone(), &body), "wrong_signature");
    assert_eq!(refusal(&|headers| headers[2].1.clear(), &body), "wrong_signature");
    assert_eq!(refusal(&|headers| headers[1].1.push('x'), &body), "wrong_signature");
    assert_eq!(refusal(&|headers| headers[2].1 = format!("WECHATPAY/SIGNTEST/{other}"), &body), "probe");
    assert_eq!(refusal(&|headers| headers[3].1 = "PUB_KEY_ID_2".to_owned(), &body), "unknown_key");
    assert_eq!(refusal(&|headers| headers[3].1.clear(), &body), "unknown_key");
    assert_eq!(refusal(&|headers| headers[0].1 = "now".to_owned(), &body), "bad_timestamp");
    assert_eq!(refusal(&|headers| headers[4].1 = "none".to_owned(), &body), "unknown_scheme");
}

#[test]
fn a_signed_notice_that_does_not_open_or_does_not_fit_is_refused() {
    let vector = &vectors()["pay_notify_resource"];
    let ciphertext = vector["ciphertext"].as_str().unwrap();
    let wrong_data = notice("TRANSACTION.SUCCESS", "fdasflkja484", "refund", ciphertext);
    assert_eq!(verify_signed_at(0, &wrong_data).unwrap_err(), NoticeRefusal::Undecryptable);
    let wrong_cipher = paid().replace("AEAD_AES_256_GCM", "AEAD_SM4_GCM");
    assert_eq!(verify_signed_at(0, &wrong_cipher).unwrap_err(), NoticeRefusal::Undecryptable);
    let wrong_kind = notice("REFUND.SUCCESS", "fdasflkja484", "transaction", ciphertext);
    assert_eq!(verify_signed_at(0, &wrong_kind).unwrap_err(), NoticeRefusal::Malformed);
    assert_eq!(verify_signed_at(0, "{}").unwrap_err(), NoticeRefusal::Malformed);
}
