//! Claims about the client of `api.mch.weixin.qq.com`.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use super::*;
use crate::kernel::money::Fen;
use crate::platform::wechat::pay::{RefundStatus, RefundedPayment, TradeState, TradeType};
use crate::platform::wechat::signing::PlatformKey;
use crate::platform::wechat::test_server::{
    APP_ID, Answer, Headers, KEY_ID, MCH_ID, START, Seen, TestServer, clock, platform_certificate_pem,
    public_pem_of_sample_key, seal, settings, signature_headers,
};
use crate::platform::wechat::{PlatformKeySource, WechatClient};

fn signed(status: u16, body: &str) -> Answer {
    Answer::Reply { status, headers: signature_headers(KEY_ID, START.seconds(), body), body: body.to_owned() }
}

fn refused(status: u16, code: &str) -> Answer {
    signed(status, &json!({"code": code, "message": "no"}).to_string())
}

fn pay(url: &str) -> PayClient {
    WechatClient::new(settings(url), clock()).unwrap().pay().unwrap().clone()
}

fn prepay() -> PrepayRequest {
    PrepayRequest {
        trade_type: TradeType::Jsapi,
        out_trade_no: "P00001".to_owned(),
        description: "tea".to_owned(),
        amount_fen: Fen::new(100),
        openid: Some("o1".to_owned()),
        time_expire: START.plus_millis(900_000),
        notify_url: "https://shop.example/notices".to_owned(),
        payer_client_ip: None,
        attach: None,
    }
}

fn refund() -> RefundRequest {
    RefundRequest {
        payment: RefundedPayment::OutTradeNo("P00001".to_owned()),
        out_refund_no: "R@1".to_owned(),
        reason: None,
        refund_fen: Fen::new(30),
        total_fen: Fen::new(100),
        notify_url: None,
    }
}

fn refund_reply(out_refund_no: &str) -> String {
    json!({
        "refund_id": "50000000382019052709732678859", "out_refund_no": out_refund_no, "transaction_id": "42",
        "out_trade_no": "P00001", "channel": "ORIGINAL", "user_received_account": "零钱",
        "create_time": "2024-01-01T12:00:00+08:00", "status": "PROCESSING", "funds_account": "AVAILABLE",
        "amount": {"total": 100, "refund": 30, "payer_total": 100, "payer_refund": 30, "currency": "CNY", "from": []},
    })
    .to_string()
}

/// Verifies `Authorization` over what arrived, as WeChat Pay does.
fn assert_signed_by_merchant(seen: &Seen) {
    let header = seen.header("authorization").unwrap().strip_prefix("WECHATPAY2-SHA256-RSA2048 ").unwrap();
    let value = |name: &str| {
        let pair = header.split(',').find_map(|pair| pair.strip_prefix(&format!("{name}=\""))).unwrap();
        pair.strip_suffix('"').unwrap()
    };
    assert_eq!((value("mchid"), value("serial_no")), (MCH_ID, "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"));
    assert_eq!(value("timestamp"), START.seconds().to_string());
    assert_eq!(value("nonce_str").len(), 32);
    let message = request_message(
        &seen.method,
        &seen.path_and_query,
        value("timestamp").parse().unwrap(),
        value("nonce_str"),
        seen.body.as_bytes(),
    );
    let key = PlatformKey::from_public_key_pem(&public_pem_of_sample_key()).unwrap();
    assert!(key.verifies(&message, value("signature")));
}

#[actix_web::test]
async fn a_prepay_is_signed_over_the_bytes_sent_and_answered_with_its_handle() {
    let server = TestServer::start(|_| signed(200, r#"{"prepay_id":"wx2611"}"#));
    let handle = pay(&server.url).prepay(&prepay()).await.unwrap();
    assert_eq!(handle, Prepay::PrepayId("wx2611".to_owned()));
    let seen = &server.seen()[0];
    assert_signed_by_merchant(seen);
    assert_eq!((seen.method.as_str(), seen.path_and_query.as_str()), ("POST", "/v3/pay/transactions/jsapi"));
    assert_eq!(seen.header("wechatpay-serial"), Some(KEY_ID));
    assert_eq!(seen.header("accept"), Some("application/json"));
    assert!(seen.header("user-agent").is_some());
    assert_eq!((&seen.json()["appid"], &seen.json()["mchid"]), (&json!(APP_ID), &json!(MCH_ID)));
}

#[actix_web::test]
async fn a_query_finds_a_payment_and_knows_what_never_was() {
    let server = TestServer::start(|seen| {
        if seen.path_and_query.contains("P00002") {
            return refused(404, "ORDER_NOT_EXIST");
        }
        signed(
            200,
            &json!({"appid": APP_ID, "mchid": MCH_ID, "out_trade_no": "P0000|1", "transaction_id": "42",
            "trade_type": "JSAPI", "trade_state": "SUCCESS", "success_time": "2024-01-01T12:00:00+08:00",
            "payer": {"openid": "o1"}, "amount": {"total": 100, "payer_total": 90, "currency": "CNY"}})
            .to_string(),
        )
    });
    let client = pay(&server.url);
    let TradeQuery::Found(trade) = client.query_by_out_trade_no("P0000|1").await.unwrap() else {
        panic!("the payment exists");
    };
    assert_eq!(trade.trade_state, TradeState::Success);
    assert_eq!((trade.success_time, trade.payer_openid()), (Some(START), Some("o1")));
    assert_eq!(trade.amount.unwrap().payer_total, Some(Fen::new(90)));
    let seen = &server.seen()[0];
    assert_eq!(seen.path_and_query, format!("/v3/pay/transactions/out-trade-no/P0000%7C1?mchid={MCH_ID}"));
    assert_signed_by_merchant(seen);
    assert_eq!(client.query_by_out_trade_no("P00002").await.unwrap(), TradeQuery::NotFound);
    let other = client.query_by_out_trade_no("P00003").await.unwrap_err();
    assert!(matches!(other.kind(), WechatErrorKind::BadReply { .. }), "an answer about another payment is no answer");
}

#[actix_web::test]
async fn closing_says_whether_the_payment_was_paid_before() {
    let server = TestServer::start(|seen| match seen.path_and_query.split('/').nth(5).unwrap() {
        "P00001" => signed(204, ""),
        "P00002" => refused(400, "ORDER_PAID"),
        "P00003" => refused(400, "ORDER_CLOSED"),
        "P00004" => refused(404, "ORDER_NOT_EXIST"),
        _ => refused(429, "FREQUENCY_LIMITED"),
    });
    let client = pay(&server.url);
    assert_eq!(client.close("P00001").await, Ok(Closing::Closed));
    assert_eq!(client.close("P00002").await, Ok(Closing::AlreadyPaid));
    assert_eq!(client.close("P00003").await, Ok(Closing::Closed));
    assert_eq!(client.close("P00004").await, Ok(Closing::NotFound));
    let error = client.close("P00005").await.unwrap_err();
    assert!(error.retryable() && error.outcome_unknown());
    assert_eq!(server.seen()[0].json(), json!({"mchid": MCH_ID}));
    server.seen().iter().for_each(assert_signed_by_merchant);
}

#[actix_web::test]
async fn a_refund_is_accepted_and_can_be_asked_about() {
    let server = TestServer::start(|seen| match (seen.method.as_str(), seen.path_and_query.ends_with("R2")) {
        ("GET", true) => refused(404, "RESOURCE_NOT_EXISTS"),
        _ => signed(200, &refund_reply("R@1")),
    });
    let client = pay(&server.url);
    let state = client.refund(&refund()).await.unwrap();
    assert_eq!((state.status, state.amount.refund), (RefundStatus::Processing, Fen::new(30)));
    assert_eq!((state.create_time, state.success_time), (Some(START), None));
    assert!(matches!(client.query_refund("R@1").await.unwrap(), RefundQuery::Found(_)));
    assert_eq!(client.query_refund("R2").await.unwrap(), RefundQuery::NotFound);
    server.seen().iter().for_each(assert_signed_by_merchant);
    assert_eq!(server.seen()[1].path_and_query, "/v3/refund/domestic/refunds/R%401");
    let other = RefundRequest { out_refund_no: "R3".to_owned(), ..refund() };
    assert!(matches!(client.refund(&other).await.unwrap_err().kind(), WechatErrorKind::BadReply { .. }));
}

#[actix_web::test]
async fn a_refusal_is_final_and_a_fault_of_wechat_is_not() {
    let server = TestServer::start(|seen| match seen.json()["out_refund_no"].as_str().unwrap() {
        "enough" => refused(403, "NOT_ENOUGH"),
        "sign" => Answer::Reply { status: 401, headers: Vec::new(), body: r#"{"code":"SIGN_ERROR"}"#.to_owned() },
        "system" => refused(500, "SYSTEM_ERROR"),
        "html" => Answer::Reply { status: 404, headers: Vec::new(), body: "<html>".to_owned() },
        _ => refused(429, "FREQUENCY_LIMITED"),
    });
    let client = pay(&server.url);
    let outcome = async |number: &str| {
        let request = RefundRequest { out_refund_no: number.to_owned(), ..refund() };
        let error = client.refund(&request).await.unwrap_err();
        (error.code().map(str::to_owned), error.retryable(), error.outcome_unknown())
    };
    assert_eq!(outcome("enough").await, (Some("NOT_ENOUGH".to_owned()), false, false));
    assert_eq!(outcome("sign").await, (Some("SIGN_ERROR".to_owned()), false, false));
    assert_eq!(outcome("system").await, (Some("SYSTEM_ERROR".to_owned()), true, true));
    assert_eq!(outcome("html").await, (None, true, true));
    assert_eq!(outcome("limit").await, (Some("FREQUENCY_LIMITED".to_owned()), true, true));
}

#[actix_web::test]
async fn a_lost_answer_leaves_the_outcome_unknown_and_a_call_never_sent_does_not() {
    let server = TestServer::start(|seen| if seen.body.contains("cut") { Answer::Cut } else { Answer::Hang });
    let mut settings = settings(&server.url);
    settings.request_timeout_ms = 200;
    let client = WechatClient::new(settings.clone(), clock()).unwrap();
    let cut = RefundRequest { out_refund_no: "cut".to_owned(), ..refund() };
    let error = client.pay().unwrap().refund(&cut).await.unwrap_err();
    assert_eq!(error.kind(), &WechatErrorKind::Lost);
    assert!(error.outcome_unknown() && error.retryable());
    let error = client.pay().unwrap().refund(&refund()).await.unwrap_err();
    assert_eq!(error.kind(), &WechatErrorKind::Timeout);
    assert!(error.outcome_unknown() && error.retryable());

    let nobody = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    settings.pay_url = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    let error = WechatClient::new(settings, clock()).unwrap().pay().unwrap().refund(&refund()).await.unwrap_err();
    assert_eq!(error.kind(), &WechatErrorKind::Unreachable);
    assert!(!error.outcome_unknown() && error.retryable());
}

/// What becomes of a signed reply after `damage`.
async fn verdict(damage: impl Fn(&mut Headers, &mut String) + Send + Sync + 'static) -> String {
    let server = TestServer::start(move |_| {
        let mut body = r#"{"prepay_id":"wx2611"}"#.to_owned();
        let mut headers = signature_headers(KEY_ID, START.seconds(), &body);
        damage(&mut headers, &mut body);
        Answer::Reply { status: 200, headers, body }
    });
    match pay(&server.url).prepay(&prepay()).await {
        Ok(_) => "believed".to_owned(),
        Err(error) => match error.kind() {
            WechatErrorKind::BadSignature { reason } => {
                assert!(error.outcome_unknown());
                (*reason).to_owned()
            }
            kind => panic!("{kind}"),
        },
    }
}

#[actix_web::test]
async fn a_reply_is_believed_only_with_a_fresh_signature_over_its_bytes() {
    fn at(offset: i64) -> impl Fn(&mut Headers, &mut String) {
        move |headers, body| *headers = signature_headers(KEY_ID, START.seconds() + offset, body)
    }
    assert_eq!(verdict(|_, _| ()).await, "believed");
    assert_eq!(verdict(|_, body| body.push(' ')).await, "wrong_signature");
    assert_eq!(verdict(|_, body| *body = body.replace("2611", "2612")).await, "wrong_signature");
    assert_eq!(verdict(|headers, _| headers.clear()).await, "missing_header");
    assert_eq!(verdict(|headers, _| headers[3].1 = "PUB_KEY_ID_2".to_owned()).await, "unknown_key");
    assert_eq!(verdict(|headers, _| headers[2].1.insert_str(0, "WECHATPAY/SIGNTEST/")).await, "probe");
    assert_eq!(verdict(|headers, _| headers[4].1 = "WECHATPAY2-SM2-WITH-SM3".to_owned()).await, "unknown_scheme");
    assert_eq!(verdict(at(300)).await, "believed");
    assert_eq!(verdict(at(-300)).await, "believed");
    assert_eq!(verdict(at(301)).await, "stale");
    assert_eq!(verdict(at(-301)).await, "stale");
}

const SERIAL: &str = "0A57F09EFDC096DE15EBE81A47057A7232F1B8E1";

fn certificate_list() -> String {
    let pem = platform_certificate_pem(&hex::decode(SERIAL).unwrap());
    let ciphertext = seal("61f9c719728a", "certificate", &pem);
    json!({"data": [{"serial_no": SERIAL, "effective_time": "2024-01-01T00:00:00+08:00",
        "expire_time": "2029-01-01T00:00:00+08:00", "encrypt_certificate": {"algorithm": "AEAD_AES_256_GCM",
        "nonce": "61f9c719728a", "associated_data": "certificate", "ciphertext": ciphertext}}]})
    .to_string()
}

fn by_certificate(body: String) -> Answer {
    Answer::Reply { status: 200, headers: signature_headers(SERIAL, START.seconds(), &body), body }
}

/// A client that knows no key yet.
fn keyless(url: &str) -> PayClient {
    let mut settings = settings(url);
    let merchant = settings.pay.as_mut().unwrap();
    merchant.platform_keys.clear();
    merchant.reply_key_id = None;
    WechatClient::new(settings, clock()).unwrap().pay().unwrap().clone()
}

#[actix_web::test]
async fn certificates_are_downloaded_when_a_reply_names_an_unknown_one() {
    let server = TestServer::start(|seen| match seen.path_and_query.as_str() {
        "/v3/certificates" => by_certificate(certificate_list()),
        _ => by_certificate(r#"{"prepay_id":"wx2611"}"#.to_owned()),
    });
    let client = keyless(&server.url);
    assert!(client.prepay(&prepay()).await.is_ok());
    assert!(client.prepay(&prepay()).await.is_ok());
    let paths: Vec<String> = server.seen().into_iter().map(|seen| seen.path_and_query).collect();
    let prepay_path = "/v3/pay/transactions/jsapi";
    assert_eq!(paths, [prepay_path, "/v3/certificates", prepay_path]);
    assert!(server.seen()[0].header("wechatpay-serial").is_none());
}

#[actix_web::test]
async fn a_list_of_certificates_is_adopted_only_whole_and_authentic() {
    let honest = std::sync::Arc::new(AtomicBool::new(false));
    let switch = std::sync::Arc::clone(&honest);
    let server = TestServer::start(move |_| {
        if switch.load(Ordering::SeqCst) {
            return by_certificate(certificate_list());
        }
        let body = certificate_list();
        let headers = signature_headers(SERIAL, START.seconds(), "another body");
        Answer::Reply { status: 200, headers, body }
    });
    let client = keyless(&server.url);
    let error = client.download_certificates().await.unwrap_err();
    assert_eq!(error.kind(), &WechatErrorKind::BadSignature { reason: "wrong_signature" });
    assert_eq!(client.keys().count(), 0);
    honest.store(true, Ordering::SeqCst);
    assert_eq!(client.download_certificates().await, Ok(1));
    assert_eq!(pay(&server.url).download_certificates().await, Ok(2), "configured keys stay");
}

#[test]
fn a_configured_certificate_is_known_by_its_serial() {
    let mut settings = settings("http://127.0.0.1:1");
    let merchant = settings.pay.as_mut().unwrap();
    let pem = platform_certificate_pem(&hex::decode(SERIAL).unwrap());
    merchant.platform_keys = vec![PlatformKeySource::Certificate { pem }];
    merchant.reply_key_id = Some(SERIAL.to_owned());
    let client = WechatClient::new(settings, clock()).unwrap();
    let client = client.pay().unwrap();
    let headers = signature_headers(SERIAL, START.seconds(), "{}");
    let headers = NoticeHeaders {
        timestamp: &headers[0].1,
        nonce: &headers[1].1,
        signature: &headers[2].1,
        serial: "a57f09efdc096de15ebe81a47057a7232f1b8e1",
        signature_type: None,
    };
    assert_eq!(client.keys().verify(&headers, b"{}", START), Ok(()));
}

#[test]
fn client_parameters_are_signed_for_the_place_they_are_used_in() {
    let client = pay("http://127.0.0.1:1");
    let key = PlatformKey::from_public_key_pem(&public_pem_of_sample_key()).unwrap();
    let page = client.client_params_jsapi("wx2611").unwrap();
    let message = client_message(APP_ID, START.seconds(), &page.nonce_str, "prepay_id=wx2611");
    assert!(key.verifies(&message, &page.pay_sign));
    let json = serde_json::to_value(&page).unwrap();
    for (name, value) in [("package", "prepay_id=wx2611"), ("signType", "RSA"), ("timeStamp", "1704081600")] {
        assert_eq!(json[name], value);
    }
    let app = client.client_params_app("wx2611").unwrap();
    let message = client_message(APP_ID, START.seconds(), &app.nonce_str, "wx2611");
    assert!(key.verifies(&message, &app.sign));
    let json = serde_json::to_value(&app).unwrap();
    for (name, value) in [("partnerId", MCH_ID), ("prepayId", "wx2611"), ("packageValue", "Sign=WXPay")] {
        assert_eq!(json[name], value);
    }
}
