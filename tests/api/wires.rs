//! Claims about the clients of other platforms and of text messages, against the simulator, which shares no code with them.

use hourglass::kernel::time::Clock;
use hourglass::platform::sign_in::{AppKeys, MiniPlatform, SignInClient, SignInErrorKind, SignInSettings, SignedIn};
use hourglass::platform::sms::{AliyunSettings, SmsErrorKind, SmsSender, SmsSettings, SmsTemplate};
use hourglass::wechat_simulator::{self, PlatformCredentials, Simulator, SimulatorSettings};
use serde_json::{Value, json};

use crate::support::shop::BEGIN;

/// A simulator with the clients that a shop would have, and nothing else.
struct Wires {
    clock: Clock,
    simulator: Simulator,
    sign_in: SignInClient,
    sms: SmsSender,
}

impl Wires {
    async fn open() -> Self {
        let clock = Clock::manual(BEGIN);
        let settings = SimulatorSettings { clock: clock.clone(), ..SimulatorSettings::default() };
        let simulator = wechat_simulator::start(settings).await.unwrap();
        let at = |path: &str| format!("{}{path}", simulator.base_url());
        let settings = SignInSettings {
            alipay_url: at("/alipay/gateway.do"),
            douyin_url: at("/douyin/api/apps/v2/jscode2session"),
            baidu_url: at("/baidu/oauth/jscode2sessionkey"),
            qq_url: at("/qq/sns/jscode2session"),
            timeout_ms: 20_000,
        };
        let sign_in = SignInClient::new(settings, clock.clone()).unwrap();
        let account = simulator.credentials.sms.clone();
        let settings = AliyunSettings {
            url: at("/aliyun-sms"),
            access_key_id: account.access_key_id,
            access_key_secret: account.access_key_secret.into(),
            sign_name: account.sign_name,
            code_template: account.code_template,
            timeout_ms: 20_000,
        };
        let sms = SmsSender::new(SmsSettings::Aliyun(settings), clock.clone()).unwrap();
        Self { clock, simulator, sign_in, sms }
    }

    async fn sim(&self, method: &str, path: &str, body: Value) -> Value {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let url = format!("{}/_sim{path}", self.simulator.base_url());
        let answer = http.request(method.parse().unwrap(), url).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.json().await.unwrap()
    }

    fn keys(&self, platform: MiniPlatform) -> AppKeys {
        let all = &self.simulator.credentials;
        let PlatformCredentials { app_id, app_secret } = match platform {
            MiniPlatform::Alipay => &all.alipay,
            MiniPlatform::Douyin => &all.douyin,
            MiniPlatform::Baidu => &all.baidu,
            MiniPlatform::Qq => &all.qq,
        };
        AppKeys { app_id: app_id.clone(), secret: app_secret.clone().into() }
    }

    async fn code(&self, platform: MiniPlatform, openid: &Value) -> Value {
        self.sim("POST", "/elsewhere/code", json!({"platform": platform.name(), "openid": openid})).await
    }

    async fn exchange(&self, platform: MiniPlatform, code: &Value) -> Result<SignedIn, SignInErrorKind> {
        let outcome = self.sign_in.exchange(platform, &self.keys(platform), code.as_str().unwrap()).await;
        outcome.map_err(|error| error.kind().clone())
    }
}

const ALL: [MiniPlatform; 4] = [MiniPlatform::Alipay, MiniPlatform::Douyin, MiniPlatform::Baidu, MiniPlatform::Qq];

#[actix_web::test]
async fn a_code_of_each_platform_becomes_its_user_once_and_in_time() {
    let wires = Wires::open().await;
    let person = wires.sim("POST", "/users", json!({})).await["openid"].clone();
    for platform in ALL {
        let opened = wires.code(platform, &person).await;
        let user = wires.exchange(platform, &opened["code"]).await.unwrap();
        assert_eq!(user.subject, opened["openid"]);
        // Baidu tells the id across applications by a call of its own.
        let wanted = if platform == MiniPlatform::Baidu { None } else { opened["unionid"].as_str() };
        assert_eq!(user.union.as_deref(), wanted, "{platform:?}");
        assert_eq!(user.session_key.is_some(), platform != MiniPlatform::Alipay);
        let again = wires.exchange(platform, &opened["code"]).await.unwrap_err();
        assert!(matches!(again, SignInErrorKind::CodeRefused { .. }), "{platform:?}: {again}");
        let late = wires.code(platform, &person).await;
        assert_eq!(late["openid"], opened["openid"], "the same person again");
        wires.clock.advance(300_000);
        let late = wires.exchange(platform, &late["code"]).await.unwrap_err();
        assert!(matches!(late, SignInErrorKind::CodeRefused { .. }), "{platform:?}: {late}");
    }
    wires.simulator.stop().await;
}

#[actix_web::test]
async fn wrong_keys_are_told_apart_from_wrong_codes() {
    let wires = Wires::open().await;
    let person = wires.sim("POST", "/users", json!({})).await["openid"].clone();
    for platform in ALL {
        let opened = wires.code(platform, &person).await;
        let code = opened["code"].as_str().unwrap();
        let right = wires.keys(platform);
        let stranger = AppKeys { app_id: "nobody".to_owned(), secret: right.secret.clone() };
        // A real key, but the merchant's and not the application's.
        let other = wires.simulator.credentials.merchant_private_key_pem.clone();
        let forged = AppKeys { app_id: right.app_id.clone(), secret: other.into() };
        for keys in [stranger, forged] {
            let refused = wires.sign_in.exchange(platform, &keys, code).await.unwrap_err();
            assert!(matches!(refused.kind(), SignInErrorKind::KeysRefused { .. }), "{refused}");
        }
        assert!(wires.exchange(platform, &opened["code"]).await.is_ok(), "no attempt used the code up");
    }
    wires.simulator.stop().await;
}

#[actix_web::test]
async fn a_text_message_arrives_as_it_was_meant() {
    let wires = Wires::open().await;
    for number in ["+8613800001234", "+85298765432"] {
        wires.sms.send(number, SmsTemplate::Code, &[("code", "012345")]).await.unwrap();
    }
    let book = wires.sim("GET", "/sms", json!({})).await;
    let numbers: Vec<&str> =
        book["messages"].as_array().unwrap().iter().map(|sent| sent["number"].as_str().unwrap()).collect();
    assert_eq!(numbers, ["13800001234", "85298765432"]);
    assert_eq!(book["messages"][0]["params"], json!({"code": "012345"}));
    wires.sim("PUT", "/knobs", json!({"sms": {"refuse": "isv.BUSINESS_LIMIT_CONTROL"}})).await;
    let refused = wires.sms.send("+8613800001234", SmsTemplate::Code, &[("code", "1")]).await.unwrap_err();
    assert!(matches!(refused.kind(), SmsErrorKind::Throttled { .. }) && refused.retryable());
    let lost = json!({"rules": [{"path_prefix": "/aliyun-sms", "action": "lose_answer", "times": 1}]});
    wires.sim("PUT", "/knobs", lost).await;
    let unknown = wires.sms.send("+8613800001234", SmsTemplate::Code, &[("code", "2")]).await.unwrap_err();
    assert!(unknown.outcome_unknown(), "{unknown}");
    let book = wires.sim("GET", "/sms", json!({})).await;
    assert_eq!(book["messages"].as_array().unwrap().len(), 3, "it was sent all the same");
    wires.simulator.stop().await;
}
