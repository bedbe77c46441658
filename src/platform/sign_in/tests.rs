//! Each adapter's requests as they stand on the wire, and its answers.

use serde_json::json;

use super::*;
use crate::platform::outbound::OutboundTrouble;
use crate::platform::wechat::signing::{MerchantKey, PlatformKey};
use crate::platform::wechat::test_server::{
    Answer, TestServer, clock, platform_private_pem, platform_public_pem, public_pem_of_sample_key, sample_key_pem,
};

const ALL: [MiniPlatform; 4] = [MiniPlatform::Alipay, MiniPlatform::Douyin, MiniPlatform::Baidu, MiniPlatform::Qq];

fn client(url: &str) -> SignInClient {
    let at = |path: &str| format!("{url}{path}");
    let settings = SignInSettings {
        alipay_url: at("/gateway.do"),
        douyin_url: at("/api/apps/v2/jscode2session"),
        baidu_url: at("/oauth/jscode2sessionkey"),
        qq_url: at("/sns/jscode2session"),
        timeout_ms: 500,
    };
    SignInClient::new(settings, clock()).unwrap()
}

fn keys(platform: MiniPlatform) -> AppKeys {
    let secret = if platform == MiniPlatform::Alipay { sample_key_pem() } else { "s&cret" };
    AppKeys { app_id: "app-1".to_owned(), secret: secret.into() }
}

fn kind(outcome: Result<SignedIn, SignInError>) -> SignInErrorKind {
    outcome.unwrap_err().kind().clone()
}

#[actix_web::test]
async fn douyin_baidu_and_qq_are_asked_as_documented() {
    let server = TestServer::start(|seen| match seen.path_and_query.split('?').next().unwrap() {
        "/api/apps/v2/jscode2session" => Answer::json(json!({"err_no": 0, "err_tips": "success", "log_id": "x",
            "data": {"openid": "o1", "session_key": "k1", "unionid": "u1", "anonymous_openid": ""}})),
        "/oauth/jscode2sessionkey" => Answer::json(json!({"openid": "o2", "session_key": "k2"})),
        _ => Answer::json(json!({"openid": "o3", "session_key": "k3", "unionid": ""})),
    });
    let client = client(&server.url);
    let mut told = Vec::new();
    for platform in [MiniPlatform::Douyin, MiniPlatform::Baidu, MiniPlatform::Qq] {
        let user = client.exchange(platform, &keys(platform), "c+d").await.unwrap();
        assert!(user.session_key.is_some());
        told.push((user.subject, user.union));
    }
    let wanted = [("o1", Some("u1")), ("o2", None), ("o3", None)];
    assert_eq!(told, wanted.map(|(subject, union)| (subject.to_owned(), union.map(str::to_owned))));
    let seen = server.seen();
    assert_eq!(seen[0].json(), json!({"appid": "app-1", "secret": "s&cret", "code": "c+d", "anonymous_code": ""}));
    assert_eq!(seen[1].body, "code=c%2Bd&client_id=app-1&sk=s%26cret");
    assert_eq!(seen[1].header("content-type"), Some("application/x-www-form-urlencoded"));
    let query = "/sns/jscode2session?appid=app-1&secret=s%26cret&js_code=c%2Bd&grant_type=authorization_code";
    assert_eq!((seen[2].method.as_str(), seen[2].path_and_query.as_str()), ("GET", query));
}

#[actix_web::test]
async fn alipay_is_asked_with_a_signature_that_its_side_can_check() {
    let server = TestServer::start(|_| {
        Answer::json(json!({"alipay_system_oauth_token_response": {"open_id": "074a", "union_id": "u9",
            "access_token": "t", "expires_in": 300}, "sign": "bm9uZQ=="}))
    });
    let user = client(&server.url).exchange(MiniPlatform::Alipay, &keys(MiniPlatform::Alipay), "c1").await.unwrap();
    assert_eq!((user.subject.as_str(), user.union.as_deref()), ("074a", Some("u9")));
    let seen = &server.seen()[0];
    assert_eq!(seen.path_and_query, "/gateway.do?charset=utf-8");
    let url = reqwest::Url::parse(&format!("http://form/?{}", seen.body)).unwrap();
    let mut pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    pairs.sort();
    let sign = pairs.iter().find(|(name, _)| name == "sign").unwrap().1.clone();
    let rest: Vec<String> = pairs
        .iter()
        .filter(|(name, value)| name != "sign" && !value.is_empty())
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let key = PlatformKey::from_public_key_pem(&public_pem_of_sample_key()).unwrap();
    assert!(key.verifies(rest.join("&").as_bytes(), &sign));
    assert!(rest.contains(&"timestamp=2024-01-01 12:00:00".to_owned()), "{rest:?}");
}

#[actix_web::test]
async fn an_answer_of_alipay_is_checked_when_its_key_is_known() {
    let value = r#"{"open_id":"074a","access_token":"t"}"#;
    let right = MerchantKey::from_pem(platform_private_pem()).unwrap().sign(value.as_bytes()).unwrap();
    for (sign, accepted) in [(right.as_str(), true), ("bm9uZQ==", false), ("", false)] {
        let body = format!(r#"{{"alipay_system_oauth_token_response":{value},"sign":"{sign}"}}"#);
        let server = TestServer::start(move |_| Answer::Reply { status: 200, headers: Vec::new(), body: body.clone() });
        for secret in [
            format!("{}\n{}", sample_key_pem(), platform_public_pem()),
            format!("{}\n{}", platform_public_pem(), sample_key_pem()),
        ] {
            let keys = AppKeys { app_id: "app-1".to_owned(), secret: secret.into() };
            let outcome = client(&server.url).exchange(MiniPlatform::Alipay, &keys, "c1").await;
            match outcome {
                Ok(user) => assert!(accepted && user.subject == "074a"),
                Err(error) => assert!(!accepted && *error.kind() == SignInErrorKind::BadSignature, "{error}"),
            }
        }
    }
}

#[actix_web::test]
async fn refusals_keep_their_code_and_say_whose_fault_they_are() {
    let code = |code: &str| SignInErrorKind::CodeRefused { code: code.to_owned() };
    let keys_ = |code: &str| SignInErrorKind::KeysRefused { code: code.to_owned() };
    let busy = |code: &str| SignInErrorKind::Busy { code: code.to_owned() };
    let cases = [
        (MiniPlatform::Qq, json!({"errcode": 40029, "errmsg": "invalid code"}), code("40029")),
        (MiniPlatform::Qq, json!({"errcode": 40125, "errmsg": "invalid secret"}), keys_("40125")),
        (MiniPlatform::Qq, json!({"errcode": -1, "errmsg": "busy"}), busy("-1")),
        (MiniPlatform::Douyin, json!({"err_no": 40018, "err_tips": "bad code"}), code("40018")),
        (MiniPlatform::Douyin, json!({"err_no": 40017, "err_tips": "bad secret"}), keys_("40017")),
        (MiniPlatform::Baidu, json!({"errno": 10_010_200, "error": "invalid_grant"}), code("10010200")),
        (MiniPlatform::Baidu, json!({"error": "invalid_client"}), keys_("invalid_client")),
        (
            MiniPlatform::Alipay,
            json!({"error_response": {"code": "40002", "msg": "Invalid Arguments", "sub_code": "isv.code-invalid"}}),
            code("isv.code-invalid"),
        ),
        (
            MiniPlatform::Alipay,
            json!({"alipay_system_oauth_token_response": {"code": "20000", "msg": "Service Currently Unavailable"}}),
            busy("20000"),
        ),
    ];
    for (platform, body, wanted) in cases {
        let answer = body.to_string();
        let server =
            TestServer::start(move |_| Answer::Reply { status: 200, headers: Vec::new(), body: answer.clone() });
        let error = client(&server.url).exchange(platform, &keys(platform), "c1").await.unwrap_err();
        assert_eq!(*error.kind(), wanted, "{body}");
        assert_eq!(error.retryable(), matches!(wanted, SignInErrorKind::Busy { .. }));
    }
}

#[actix_web::test]
async fn silence_and_nonsense_are_told_apart_from_refusals() {
    let hangs = TestServer::start(|_| Answer::Hang);
    let cuts = TestServer::start(|_| Answer::Cut);
    let broken = TestServer::start(|_| Answer::Reply { status: 502, headers: Vec::new(), body: "<html>".to_owned() });
    let nonsense = TestServer::start(|_| Answer::Reply { status: 200, headers: Vec::new(), body: "<html>".to_owned() });
    for platform in ALL {
        let keys = keys(platform);
        let at = |server: &TestServer| client(&server.url);
        let silent = at(&hangs).exchange(platform, &keys, "c1").await;
        assert_eq!(kind(silent), SignInErrorKind::Unanswered(OutboundTrouble::Timeout));
        let cut = at(&cuts).exchange(platform, &keys, "c1").await.unwrap_err();
        assert_eq!((cut.kind(), cut.retryable()), (&SignInErrorKind::Unanswered(OutboundTrouble::Lost), true));
        let busy = SignInErrorKind::Busy { code: "502".to_owned() };
        assert_eq!(kind(at(&broken).exchange(platform, &keys, "c1").await), busy);
        let unread = kind(at(&nonsense).exchange(platform, &keys, "c1").await);
        assert!(matches!(unread, SignInErrorKind::BadReply { .. }), "{unread}");
        let gone = client("http://127.0.0.1:1").exchange(platform, &keys, "c1").await;
        assert_eq!(kind(gone), SignInErrorKind::Unanswered(OutboundTrouble::Unreachable));
    }
}

#[actix_web::test]
async fn what_cannot_be_a_code_or_a_key_is_not_sent() {
    let server = TestServer::start(|_| Answer::json(json!({})));
    for code in ["", "a b", "码", &"c".repeat(513)] {
        let refused = client(&server.url).exchange(MiniPlatform::Qq, &keys(MiniPlatform::Qq), code).await;
        assert_eq!(kind(refused), SignInErrorKind::CodeRefused { code: "malformed".to_owned() });
    }
    let wrong = AppKeys { app_id: "app-1".to_owned(), secret: "no PEM".into() };
    let refused = client(&server.url).exchange(MiniPlatform::Alipay, &wrong, "c1").await;
    assert!(matches!(kind(refused), SignInErrorKind::KeysRefused { .. }));
    assert!(server.seen().is_empty());
}
