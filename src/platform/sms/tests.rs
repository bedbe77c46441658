//! Sending, to a provider that answers well and badly, and into the console's book.

use serde_json::json;

use super::*;
use crate::platform::outbound::OutboundTrouble;
use crate::platform::wechat::test_server::{Answer, START, TestServer, clock};

const NUMBER: &str = "+8613800001234";

fn sender(url: &str) -> SmsSender {
    let settings = AliyunSettings {
        url: format!("{url}/"),
        access_key_id: "LTAI".to_owned(),
        access_key_secret: "secret".into(),
        sign_name: "沙漏".to_owned(),
        code_template: "SMS_1".to_owned(),
        timeout_ms: 500,
    };
    SmsSender::new(SmsSettings::Aliyun(settings), clock()).unwrap()
}

async fn kind_of(server: &TestServer) -> SmsErrorKind {
    sender(&server.url).send(NUMBER, SmsTemplate::Code, &[("code", "123456")]).await.unwrap_err().kind().clone()
}

#[actix_web::test]
async fn a_message_is_asked_for_as_documented_and_signed() {
    let server = TestServer::start(|_| Answer::json(json!({"Code": "OK", "Message": "OK", "BizId": "1"})));
    sender(&server.url).send(NUMBER, SmsTemplate::Code, &[("code", "123456")]).await.unwrap();
    let seen = &server.seen()[0];
    assert_eq!(seen.method, "POST");
    assert_eq!(
        seen.path_and_query,
        "/?PhoneNumbers=13800001234&SignName=%E6%B2%99%E6%BC%8F&TemplateCode=SMS_1&TemplateParam=%7B%22code%22%3A%22123456%22%7D"
    );
    assert_eq!(seen.header("x-acs-action"), Some("SendSms"));
    assert_eq!(seen.header("x-acs-version"), Some("2017-05-25"));
    assert_eq!(seen.header("x-acs-date"), Some("2024-01-01T04:00:00Z"));
    let authorization = seen.header("authorization").unwrap();
    assert!(authorization.starts_with("ACS3-HMAC-SHA256 Credential=LTAI,SignedHeaders=host;x-acs-action;"));
    assert_eq!(server.url, format!("http://{}", seen.header("host").unwrap()), "the host that was signed");
}

#[actix_web::test]
async fn refusals_say_whose_fault_they_are_and_silence_leaves_the_outcome_open() {
    for (status, code, wanted) in [
        (200, "isv.MOBILE_NUMBER_ILLEGAL", SmsErrorKind::NumberRefused { code: "isv.MOBILE_NUMBER_ILLEGAL".into() }),
        (200, "isv.BUSINESS_LIMIT_CONTROL", SmsErrorKind::Throttled { code: "isv.BUSINESS_LIMIT_CONTROL".into() }),
        (200, "isv.SMS_SIGNATURE_ILLEGAL", SmsErrorKind::AccountRefused { code: "isv.SMS_SIGNATURE_ILLEGAL".into() }),
        (400, "SignatureDoesNotMatch", SmsErrorKind::AccountRefused { code: "SignatureDoesNotMatch".into() }),
        (503, "ServiceUnavailable", SmsErrorKind::Busy { code: "ServiceUnavailable".into() }),
    ] {
        let body = json!({"Code": code, "Message": "no"}).to_string();
        let server = TestServer::start(move |_| Answer::Reply { status, headers: Vec::new(), body: body.clone() });
        let error = sender(&server.url).send(NUMBER, SmsTemplate::Code, &[]).await.unwrap_err();
        assert_eq!(*error.kind(), wanted);
        let passes = matches!(wanted, SmsErrorKind::Throttled { .. } | SmsErrorKind::Busy { .. });
        assert_eq!((error.retryable(), error.outcome_unknown()), (passes, false), "{error}");
    }
    let nonsense = TestServer::start(|_| Answer::Reply { status: 200, headers: Vec::new(), body: "<html>".to_owned() });
    assert_eq!(kind_of(&nonsense).await, SmsErrorKind::BadReply);
    let hangs = TestServer::start(|_| Answer::Hang);
    let late = sender(&hangs.url).send(NUMBER, SmsTemplate::Code, &[]).await.unwrap_err();
    assert_eq!(*late.kind(), SmsErrorKind::Unanswered(OutboundTrouble::Timeout));
    assert!(late.outcome_unknown() && late.retryable());
    let gone = sender("http://127.0.0.1:1").send(NUMBER, SmsTemplate::Code, &[]).await.unwrap_err();
    assert_eq!(*gone.kind(), SmsErrorKind::Unanswered(OutboundTrouble::Unreachable));
    assert!(!gone.outcome_unknown());
}

#[actix_web::test]
async fn the_console_keeps_a_short_book_and_nothing_is_sent_when_it_is_off() {
    let console = SmsSender::new(SmsSettings::Console, clock()).unwrap();
    for nth in 0..=BOOK {
        console.send(NUMBER, SmsTemplate::Code, &[("code", &nth.to_string())]).await.unwrap();
    }
    let book = console.clone().book();
    assert_eq!((book.len(), book[0].params[0].1.as_str(), book[0].at), (BOOK, "1", START));
    for number in ["13800001234", "+", "+86138000012a4", "+1234567890123456", "+86 138"] {
        let refused = console.send(number, SmsTemplate::Code, &[]).await.unwrap_err();
        assert!(matches!(refused.kind(), SmsErrorKind::NumberRefused { .. }), "{number}");
    }
    let off = SmsSender::new(SmsSettings::Off, clock()).unwrap();
    assert!(!off.is_on() && off.book().is_empty());
    assert_eq!(*off.send(NUMBER, SmsTemplate::Code, &[]).await.unwrap_err().kind(), SmsErrorKind::Off);
}
