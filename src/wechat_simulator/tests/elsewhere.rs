//! The other platforms and the text messages, asked by clients that know nothing of the simulator: requests as they are
//! documented, with good and bad keys.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey};
use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use super::merchant::Stage;

fn pem(text: &str, label: &str) -> Vec<u8> {
    let inside = text.split(&format!("-----BEGIN {label}-----")).nth(1).unwrap().split("-----END").next().unwrap();
    BASE64.decode(inside.replace('\n', "")).unwrap()
}

impl Stage {
    async fn opened_at(&self, platform: &str, openid: Option<&str>) -> Value {
        self.told("POST", "/elsewhere/code", json!({ "platform": platform, "openid": openid })).await
    }

    async fn post(&self, path: &str, body: String) -> (u16, String) {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let request =
            http.post(format!("{}{path}", self.base)).header("content-type", "application/x-www-form-urlencoded");
        let response = request.body(body).send().await.unwrap();
        (response.status().as_u16(), response.text().await.unwrap())
    }

    async fn posted(&self, path: &str, body: String) -> Value {
        serde_json::from_str(&self.post(path, body).await.1).unwrap()
    }

    /// Alipay's gateway, asked with these parameters and the application's signature.
    async fn alipay(&self, change: &[(&str, &str)], code: &str) -> String {
        let keys = &self.credentials.alipay;
        let mut parameters = vec![
            ("app_id", keys.app_id.as_str()),
            ("charset", "utf-8"),
            ("code", code),
            ("format", "JSON"),
            ("grant_type", "authorization_code"),
            ("method", "alipay.system.oauth.token"),
            ("sign_type", "RSA2"),
            ("timestamp", "2026-03-01 10:00:00"),
            ("version", "1.0"),
        ];
        for (name, value) in change {
            parameters.iter_mut().filter(|(known, _)| known == name).for_each(|parameter| parameter.1 = value);
        }
        let text = parameters.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
        let key = RsaKeyPair::from_pkcs8(&pem(&keys.app_secret, "PRIVATE KEY")).unwrap();
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).unwrap();
        let mut form = reqwest::Url::parse("http://form").unwrap();
        form.query_pairs_mut().extend_pairs(parameters).append_pair("sign", &BASE64.encode(signature));
        self.post("/alipay/gateway.do?charset=utf-8", form.query().unwrap().to_owned()).await.1
    }

    /// `SendSms` with this key and these changes to headers.
    async fn sms(&self, secret: &str, number: &str, change: &[(&str, &str)]) -> (u16, Value) {
        let account = &self.credentials.sms;
        let mut url = reqwest::Url::parse(&format!("{}/aliyun-sms", self.base)).unwrap();
        url.query_pairs_mut().append_pair("PhoneNumbers", number).append_pair("SignName", &account.sign_name);
        url.query_pairs_mut().append_pair("TemplateCode", &account.code_template);
        url.query_pairs_mut().append_pair("TemplateParam", r#"{"code":"123456"}"#);
        let hash = hex::encode(digest::digest(&digest::SHA256, b""));
        let host = self.base.trim_start_matches("http://").to_owned();
        let date = self.clock.now().rfc3339_at_offset(0).replace("+00:00", "Z");
        let nonce = hex::encode(rand::random::<[u8; 8]>());
        let mut headers = [
            ("host", host.as_str()),
            ("x-acs-action", "SendSms"),
            ("x-acs-content-sha256", &hash),
            ("x-acs-date", &date),
            ("x-acs-signature-nonce", &nonce),
            ("x-acs-version", "2017-05-25"),
        ];
        for (name, value) in change {
            headers.iter_mut().filter(|(known, _)| known == name).for_each(|header| header.1 = value);
        }
        let names = headers.map(|(name, _)| name).join(";");
        let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let canonical = format!("POST\n{}\n{}\n{lines}\n{names}\n{hash}", url.path(), url.query().unwrap());
        let text = format!("ACS3-HMAC-SHA256\n{}", hex::encode(digest::digest(&digest::SHA256, canonical.as_bytes())));
        let signature = hex::encode(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes()), text.as_bytes()));
        let id = &account.access_key_id;
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let authorization = format!("ACS3-HMAC-SHA256 Credential={id},SignedHeaders={names},Signature={signature}");
        let mut request = http.post(url).header("authorization", authorization);
        for (name, value) in headers.iter().skip(1) {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }
}

#[actix_web::test]
async fn each_platform_knows_the_same_person_by_an_id_of_its_own() {
    let stage = Stage::open().await;
    let home = stage.told("POST", "/users", json!({})).await;
    let openid = home["openid"].as_str();
    let keys = stage.credentials.clone();

    let douyin = stage.opened_at("douyin", openid).await;
    let ask = json!({ "appid": keys.douyin.app_id, "secret": keys.douyin.app_secret, "code": douyin["code"], "anonymous_code": "" });
    let session = stage.posted("/douyin/api/apps/v2/jscode2session", ask.to_string()).await;
    assert_eq!((&session["err_no"], &session["data"]["openid"]), (&json!(0), &douyin["openid"]));
    assert_eq!(session["data"]["unionid"], douyin["unionid"]);
    let again = stage.posted("/douyin/api/apps/v2/jscode2session", ask.to_string()).await;
    assert_eq!(again["err_no"], 40018, "a code works once");

    let qq = stage.opened_at("qq", openid).await;
    let path = |secret: &str| {
        let (id, code) = (&keys.qq.app_id, qq["code"].as_str().unwrap());
        format!("/qq/sns/jscode2session?appid={id}&secret={secret}&js_code={code}&grant_type=authorization_code")
    };
    assert_eq!(stage.account("GET", &path("nonsense"), None).await["errcode"], 40125);
    let session = stage.account("GET", &path(&keys.qq.app_secret), None).await;
    assert_eq!((&session["openid"], &session["unionid"]), (&qq["openid"], &qq["unionid"]));
    assert_eq!(stage.account("GET", &path(&keys.qq.app_secret), None).await["errcode"], 40163);

    let baidu = stage.opened_at("baidu", openid).await;
    let form = |code: &str| format!("code={code}&client_id={}&sk={}", keys.baidu.app_id, keys.baidu.app_secret);
    let foreign = stage.posted("/baidu/oauth/jscode2sessionkey", form(qq["code"].as_str().unwrap())).await;
    assert_eq!(foreign["error"], "invalid_grant", "another platform's code");
    let session = stage.posted("/baidu/oauth/jscode2sessionkey", form(baidu["code"].as_str().unwrap())).await;
    assert_eq!(session["openid"], baidu["openid"]);
    assert_eq!(stage.posted("/baidu/oauth/jscode2sessionkey", "code=1".to_owned()).await["errno"], 10_010_100);

    let mut ids = vec![home["openid"].clone(), douyin["openid"].clone(), qq["openid"].clone(), baidu["openid"].clone()];
    ids.dedup();
    assert_eq!(ids.len(), 4);
    assert_ne!(douyin["unionid"], home["unionid"]);
    stage.close().await;
}

#[actix_web::test]
async fn alipay_checks_the_signature_and_signs_its_answer() {
    let stage = Stage::open().await;
    let opened = stage.opened_at("alipay", None).await;
    let code = opened["code"].as_str().unwrap();
    for (change, sub_code) in [
        (("app_id", "2021"), "isv.invalid-app-id"),
        (("method", "alipay.trade.pay"), "isv.invalid-method"),
        (("grant_type", "refresh_token"), "isv.grant-type-invalid"),
        (("code", "nonsense"), "isv.code-invalid"),
    ] {
        let answer: Value = serde_json::from_str(&stage.alipay(&[change], code).await).unwrap();
        assert_eq!(answer["error_response"]["sub_code"], sub_code);
    }
    let forged = format!("app_id={}&sign_type=RSA2&method=a&sign=bm9uZQ%3D%3D", stage.credentials.alipay.app_id);
    let answer = stage.posted("/alipay/gateway.do", forged).await;
    assert_eq!(answer["error_response"]["sub_code"], "isv.invalid-signature");

    let text = stage.alipay(&[], code).await;
    let answer: Value = serde_json::from_str(&text).unwrap();
    let token = &answer["alipay_system_oauth_token_response"];
    assert_eq!((&token["open_id"], &token["union_id"]), (&opened["openid"], &opened["unionid"]));
    let signed = text.split("_response\":").nth(1).unwrap().split(",\"sign\"").next().unwrap();
    let key =
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pem(&stage.credentials.alipay.app_secret, "PUBLIC KEY"));
    key.verify(signed.as_bytes(), &BASE64.decode(answer["sign"].as_str().unwrap()).unwrap()).unwrap();
    stage.clock.advance(300_000);
    stage.close().await;
}

#[actix_web::test]
async fn text_messages_are_sent_for_good_signatures_only() {
    let stage = Stage::open().await;
    let secret = stage.credentials.sms.access_key_secret.clone();
    let (status, answer) = stage.sms(&secret, "13800001234", &[]).await;
    assert_eq!((status, &answer["Code"]), (200, &json!("OK")), "{answer}");
    let code = |answer: (u16, Value)| answer.1["Code"].as_str().unwrap().to_owned();
    assert_eq!(code(stage.sms("nonsense", "13800001234", &[]).await), "SignatureDoesNotMatch");
    let late = [("x-acs-date", "2020-01-01T00:00:00Z")];
    assert_eq!(code(stage.sms(&secret, "13800001234", &late).await), "InvalidTimeStamp.Expired");
    let replayed = [("x-acs-signature-nonce", "n1")];
    assert_eq!(code(stage.sms(&secret, "13800001234", &replayed).await), "OK");
    assert_eq!(code(stage.sms(&secret, "13800001234", &replayed).await), "SignatureNonceUsed");
    assert_eq!(code(stage.sms(&secret, "12", &[]).await), "isv.MOBILE_NUMBER_ILLEGAL");
    stage.told("PUT", "/knobs", json!({ "sms": { "refuse": "isv.BUSINESS_LIMIT_CONTROL" } })).await;
    assert_eq!(code(stage.sms(&secret, "13800001234", &[]).await), "isv.BUSINESS_LIMIT_CONTROL");
    let book = stage.told("GET", "/sms", json!({})).await;
    assert_eq!(book["messages"].as_array().unwrap().len(), 2);
    assert_eq!(book["messages"][0]["params"]["code"], "123456");
    stage.close().await;
}
