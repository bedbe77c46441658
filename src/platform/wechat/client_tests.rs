//! Claims about the client of `api.weixin.qq.com`.

use std::sync::atomic::{AtomicUsize, Ordering};

use secrecy::ExposeSecret;
use serde_json::json;

use super::*;
use crate::platform::wechat::test_server::{APP_ID, Answer, Seen, TestServer, clock, settings};
use crate::platform::wechat::{DeliveryMode, Logistics, Parcel, ShippedPayment, ShippingInfo};

fn client(server: &TestServer) -> WechatClient {
    WechatClient::new(settings(&server.url), clock()).unwrap()
}

fn phone_reply(appid: &str) -> Answer {
    Answer::json(json!({"errcode": 0, "errmsg": "ok", "phone_info": {
        "phoneNumber": "13580006666", "purePhoneNumber": "13580006666", "countryCode": 86,
        "watermark": {"timestamp": 1_704_081_600, "appid": appid},
    }}))
}

fn failure(code: i64) -> Answer {
    Answer::json(json!({"errcode": code, "errmsg": "no rid: 00000000-00000000-00000000"}))
}

fn is_token_call(seen: &Seen) -> bool {
    seen.path_and_query == "/cgi-bin/stable_token"
}

/// Hands out `T1`, `T2`, … unless it is asked without force while the current one stands.
fn token_reply(calls: &AtomicUsize) -> Answer {
    let number = calls.fetch_add(1, Ordering::SeqCst) + 1;
    Answer::json(json!({"access_token": format!("T{number}"), "expires_in": 7200}))
}

fn shipping_info() -> ShippingInfo {
    ShippingInfo {
        payment: ShippedPayment::Transaction { transaction_id: "42".to_owned() },
        logistics: Logistics::Virtual,
        delivery_mode: DeliveryMode::Unified,
        parcels: vec![Parcel { item_desc: "voucher".to_owned(), ..Parcel::default() }],
        upload_time: crate::platform::wechat::test_server::START,
        payer_openid: "o1".to_owned(),
    }
}

#[actix_web::test]
async fn a_login_code_becomes_a_session() {
    let server = TestServer::start(|_| {
        Answer::json(json!({"openid": "o1", "session_key": "AAECAwQFBgcICQoLDA0ODw==", "unionid": ""}))
    });
    let session = client(&server).code_to_session("a&b").await.unwrap();
    assert_eq!((session.openid.as_str(), session.unionid), ("o1", None));
    assert_eq!(session.session_key.expose_secret(), "AAECAwQFBgcICQoLDA0ODw==");
    let asked = &server.seen()[0].path_and_query;
    assert_eq!(
        asked,
        &format!("/sns/jscode2session?appid={APP_ID}&secret=app-secret&js_code=a%26b&grant_type=authorization_code")
    );
}

#[actix_web::test]
async fn a_used_login_code_is_refused_with_wechats_code() {
    let server = TestServer::start(|_| failure(40163));
    let error = client(&server).code_to_session("used").await.unwrap_err();
    assert_eq!(error.code(), Some("40163"));
    assert!(!error.retryable() && !error.outcome_unknown());
}

#[actix_web::test]
async fn busy_throttled_and_broken_answers_are_told_apart() {
    let server = TestServer::start(|seen| match seen.path_and_query.rsplit("js_code=").next().unwrap() {
        code if code.starts_with("busy") => failure(-1),
        code if code.starts_with("limit") => failure(45011),
        code if code.starts_with("html") => {
            Answer::Reply { status: 200, headers: Vec::new(), body: "<html>".to_owned() }
        }
        code if code.starts_with("empty") => Answer::json(json!({"openid": "", "session_key": ""})),
        code if code.starts_with("cut") => Answer::Cut,
        _ => Answer::Reply { status: 502, headers: Vec::new(), body: String::new() },
    });
    let client = client(&server);
    let kind = async |code: &str| client.code_to_session(code).await.unwrap_err().kind().clone();
    assert_eq!(kind("busy").await, WechatErrorKind::Busy { code: "-1".to_owned() });
    assert_eq!(kind("limit").await, WechatErrorKind::Throttled { code: "45011".to_owned() });
    assert!(matches!(kind("html").await, WechatErrorKind::BadReply { .. }));
    assert!(matches!(kind("empty").await, WechatErrorKind::BadReply { .. }));
    assert_eq!(kind("cut").await, WechatErrorKind::Lost);
    assert_eq!(kind("gateway").await, WechatErrorKind::Busy { code: "502".to_owned() });
}

#[actix_web::test]
async fn a_phone_code_becomes_a_number_and_the_token_is_fetched_once() {
    let calls = AtomicUsize::new(0);
    let server =
        TestServer::start(move |seen| if is_token_call(seen) { token_reply(&calls) } else { phone_reply(APP_ID) });
    let client = client(&server);
    let (first, second) =
        futures_util::future::join(client.phone_number("c1", Some("o1")), client.phone_number("c2", None)).await;
    assert_eq!(first.unwrap().country_code, "86");
    assert_eq!(second.unwrap().pure_phone_number, "13580006666");
    let seen = server.seen();
    assert_eq!(seen.iter().filter(|seen| is_token_call(seen)).count(), 1);
    assert_eq!(seen[0].json()["force_refresh"], false);
    let bodies: Vec<_> = seen[1..].iter().map(Seen::json).collect();
    assert!(bodies.contains(&json!({"code": "c1", "openid": "o1"})) && bodies.contains(&json!({"code": "c2"})));
    assert!(seen[1..].iter().all(|seen| seen.path_and_query == "/wxa/business/getuserphonenumber?access_token=T1"));
}

#[actix_web::test]
async fn a_number_given_to_another_app_is_not_taken() {
    let calls = AtomicUsize::new(0);
    let server =
        TestServer::start(move |seen| if is_token_call(seen) { token_reply(&calls) } else { phone_reply("wx-other") });
    let error = client(&server).phone_number("c1", None).await.unwrap_err();
    assert!(matches!(error.kind(), WechatErrorKind::BadReply { .. }));
}

#[actix_web::test]
async fn a_refused_token_is_replaced_and_the_call_repeated_exactly_once() {
    for code in [40001, 40014, 42001] {
        let calls = AtomicUsize::new(0);
        let server = TestServer::start(move |seen| match seen.path_and_query.rsplit('=').next().unwrap() {
            _ if is_token_call(seen) => token_reply(&calls),
            "T1" => failure(code),
            _ => phone_reply(APP_ID),
        });
        assert!(client(&server).phone_number("c1", None).await.is_ok());
        assert_eq!(server.seen().len(), 4, "token, refused call, token, call");
    }
    let calls = AtomicUsize::new(0);
    let server = TestServer::start(move |seen| if is_token_call(seen) { token_reply(&calls) } else { failure(40001) });
    let error = client(&server).phone_number("c1", None).await.unwrap_err();
    assert_eq!(error.kind(), &WechatErrorKind::TokenExpired);
    assert!(error.retryable() && !error.outcome_unknown());
    assert_eq!(server.seen().len(), 4);
}

#[actix_web::test]
async fn a_refused_token_that_is_handed_out_again_is_replaced_by_force() {
    let server = TestServer::start(|seen| match seen.path_and_query.rsplit('=').next().unwrap() {
        _ if is_token_call(seen) => {
            let token = if seen.json()["force_refresh"] == true { "NEW" } else { "OLD" };
            Answer::json(json!({"access_token": token, "expires_in": 7200}))
        }
        "OLD" => failure(42001),
        _ => phone_reply(APP_ID),
    });
    assert!(client(&server).phone_number("c1", None).await.is_ok());
    let forced: Vec<bool> = server
        .seen()
        .iter()
        .filter(|seen| is_token_call(seen))
        .map(|seen| seen.json()["force_refresh"] == true)
        .collect();
    assert_eq!(forced, [false, false, true]);
}

#[actix_web::test]
async fn a_token_is_refreshed_before_its_end_and_used_on_when_that_fails() {
    let calls = AtomicUsize::new(0);
    let server = TestServer::start(move |seen| match calls.load(Ordering::SeqCst) {
        1 if is_token_call(seen) => {
            calls.fetch_add(1, Ordering::SeqCst);
            failure(-1)
        }
        _ if is_token_call(seen) => token_reply(&calls),
        _ => phone_reply(APP_ID),
    });
    let clock = clock();
    let client = WechatClient::new(settings(&server.url), clock.clone()).unwrap();
    let token_used = async || {
        client.phone_number("c", None).await.unwrap();
        server.seen().last().unwrap().path_and_query.rsplit('=').next().unwrap().to_owned()
    };
    assert_eq!(token_used().await, "T1");
    clock.advance(6_959_000);
    assert_eq!(token_used().await, "T1");
    clock.advance(1_000);
    assert_eq!(token_used().await, "T1", "the early refresh failed and the old token is still valid");
    clock.advance(9_000);
    assert_eq!(token_used().await, "T1", "the next attempt waits");
    clock.advance(1_000);
    assert_eq!(token_used().await, "T3");
    assert_eq!(server.seen().iter().filter(|seen| is_token_call(seen)).count(), 3);
}

#[actix_web::test]
async fn those_who_waited_for_a_token_share_the_failure_to_get_one() {
    let server = TestServer::start(|_| failure(-1));
    let client = client(&server);
    let calls = (0..8).map(|_| client.phone_number("c", None));
    let outcomes = futures_util::future::join_all(calls).await;
    assert!(outcomes.iter().all(|outcome| outcome.as_ref().is_err_and(WechatError::retryable)));
    assert_eq!(server.seen().len(), 1);
}

#[actix_web::test]
async fn shipping_info_told_twice_is_success_and_an_unknown_payment_is_worth_repeating() {
    for (code, succeeds, retryable) in
        [(0, true, false), (10_060_023, true, false), (10_060_001, false, true), (10_060_003, false, false)]
    {
        let calls = AtomicUsize::new(0);
        let server =
            TestServer::start(move |seen| if is_token_call(seen) { token_reply(&calls) } else { failure(code) });
        let outcome = client(&server).upload_shipping_info(&shipping_info()).await;
        assert_eq!(outcome.is_ok(), succeeds, "{code}");
        assert_eq!(outcome.is_err_and(|error| error.retryable()), retryable, "{code}");
    }
}

#[actix_web::test]
async fn a_failure_never_shows_secrets() {
    let server = TestServer::start(|_| Answer::Hang);
    let settings = WechatSettings { request_timeout_ms: 100, ..settings(&server.url) };
    let client = WechatClient::new(settings, clock()).unwrap();
    let error = client.code_to_session("the-code").await.unwrap_err();
    assert_eq!(error.kind(), &WechatErrorKind::Timeout);
    let shown = format!("{error} {error:?} {client:?}");
    assert!(!shown.contains("app-secret") && !shown.contains("the-code") && !shown.contains("PRIVATE KEY"), "{shown}");
}

#[test]
fn a_setting_that_cannot_work_is_named() {
    fn complaint(change: impl FnOnce(&mut WechatSettings)) -> &'static str {
        let mut settings = settings("http://127.0.0.1:1");
        change(&mut settings);
        WechatClient::new(settings, clock()).unwrap_err().setting
    }
    assert_eq!(complaint(|settings| settings.api_url = "weixin".to_owned()), "wechat.api_url");
    assert_eq!(complaint(|settings| settings.pay_url.push('/')), "wechat.pay_url");
    assert_eq!(complaint(|settings| settings.app_id.clear()), "wechat.app_id");
    assert_eq!(complaint(|settings| settings.app_secret = "".into()), "wechat.app_secret");
    assert_eq!(complaint(|settings| settings.request_timeout_ms = 0), "wechat.request_timeout_ms");
    let pay = |change: fn(&mut crate::platform::wechat::PaySettings)| {
        complaint(|settings| change(settings.pay.as_mut().unwrap()))
    };
    assert_eq!(pay(|pay| pay.mch_id = "m".to_owned()), "wechat.pay.mch_id");
    assert_eq!(pay(|pay| pay.merchant_serial.clear()), "wechat.pay.merchant_serial");
    assert_eq!(pay(|pay| pay.merchant_private_key_pem = "x".into()), "wechat.pay.merchant_private_key_pem");
    assert_eq!(pay(|pay| pay.api_v3_key = "31 bytes are one too few, alas.".into()), "wechat.pay.api_v3_key");
    assert_eq!(pay(|pay| pay.platform_keys.clear()), "wechat.pay.reply_key_id");
    assert_eq!(pay(|pay| pay.notify_base_url.push_str("?a=b")), "wechat.pay.notify_base_url");
    let broken = |pay: &mut crate::platform::wechat::PaySettings| {
        pay.platform_keys = vec![crate::platform::wechat::PlatformKeySource::Certificate { pem: "x".to_owned() }];
    };
    assert_eq!(pay(broken), "wechat.pay.platform_keys");
}

#[actix_web::test]
async fn a_shop_without_a_merchant_says_so() {
    let settings = WechatSettings { pay: None, ..settings("http://127.0.0.1:1") };
    let client = WechatClient::new(settings, clock()).unwrap();
    assert_eq!(client.pay().unwrap_err().kind(), &WechatErrorKind::PayNotConfigured);
}
