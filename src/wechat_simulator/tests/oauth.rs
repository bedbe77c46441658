//! Log-ins on pages and in apps: several applications of one owner, one person in all of them.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::merchant::Stage;
use crate::wechat_simulator::AppCredentials;

impl Stage {
    /// A code for an application, and the person's openid in it.
    async fn agreed(&self, app: &AppCredentials, openid: &str, scope: &str) -> (String, String) {
        let ask = json!({ "app_id": app.app_id, "openid": openid, "scope": scope });
        let told = self.told("POST", "/oauth-code", ask).await;
        (told["code"].as_str().unwrap().to_owned(), told["openid"].as_str().unwrap().to_owned())
    }

    async fn exchanged(&self, app: &AppCredentials, code: &str) -> Value {
        let (id, secret) = (&app.app_id, &app.app_secret);
        let query = format!("appid={id}&secret={secret}&code={code}&grant_type=authorization_code");
        self.account("GET", &format!("/sns/oauth2/access_token?{query}"), None).await
    }

    async fn as_user(&self, call: &str, session: &Value) -> Value {
        let (token, openid) = (session["access_token"].as_str().unwrap(), session["openid"].as_str().unwrap());
        self.account("GET", &format!("/sns/{call}?access_token={token}&openid={openid}&lang=zh_CN"), None).await
    }
}

fn query_of(address: &str) -> HashMap<String, String> {
    reqwest::Url::parse(address).unwrap().query_pairs().into_owned().collect()
}

#[actix_web::test]
async fn one_person_has_an_openid_in_each_application_and_one_unionid() {
    let stage = Stage::open().await;
    let home = stage.told("POST", "/users", json!({ "nickname": "小明" })).await;
    let openid = home["openid"].as_str().unwrap();
    let credentials = stage.credentials.clone();
    let mut openids = vec![openid.to_owned()];
    for (app, scope) in [
        (&credentials.service, "snsapi_userinfo"),
        (&credentials.mobile, "snsapi_userinfo"),
        (&credentials.website, "snsapi_login"),
    ] {
        let (code, known_as) = stage.agreed(app, openid, scope).await;
        let session = stage.exchanged(app, &code).await;
        assert_eq!((&session["openid"], &session["scope"]), (&json!(known_as), &json!(scope)));
        assert_eq!((&session["unionid"], &session["expires_in"]), (&home["unionid"], &json!(7200)));
        let profile = stage.as_user("userinfo", &session).await;
        assert_eq!((&profile["nickname"], &profile["unionid"]), (&json!("小明"), &home["unionid"]));
        assert_eq!(stage.as_user("auth", &session).await["errcode"], 0);
        openids.push(known_as);
    }
    openids.sort();
    openids.dedup();
    assert_eq!(openids.len(), 4);
    stage.close().await;
}

#[actix_web::test]
async fn a_base_scope_tells_the_openid_and_nothing_else() {
    let stage = Stage::open().await;
    let openid = stage.user().await;
    let service = stage.credentials.service.clone();
    let (code, known_as) = stage.agreed(&service, &openid, "snsapi_base").await;
    let session = stage.exchanged(&service, &code).await;
    assert_eq!((&session["openid"], session.get("unionid")), (&json!(known_as), None));
    assert_eq!(stage.as_user("userinfo", &session).await["errcode"], 48001);
    stage.close().await;
}

#[actix_web::test]
async fn codes_and_tokens_are_refused_with_their_codes() {
    let stage = Stage::open().await;
    let openid = stage.user().await;
    let (service, mobile) = (stage.credentials.service.clone(), stage.credentials.mobile.clone());
    let (code, _) = stage.agreed(&service, &openid, "snsapi_userinfo").await;
    assert_eq!(stage.exchanged(&mobile, &code).await["errcode"], 40029, "another application's");
    let wrong = AppCredentials { app_secret: "no".to_owned(), ..service.clone() };
    assert_eq!(stage.exchanged(&wrong, &code).await["errcode"], 40125);
    let unknown = AppCredentials { app_id: "wx0".to_owned(), ..service.clone() };
    assert_eq!(stage.exchanged(&unknown, &code).await["errcode"], 40013);
    assert_eq!(stage.exchanged(&stage.credentials.mini, &code).await["errcode"], 48001);
    let session = stage.exchanged(&service, &code).await;
    assert_eq!(stage.exchanged(&service, &code).await["errcode"], 40163);
    assert_eq!(stage.exchanged(&service, "").await["errcode"], 41008);
    let (late, _) = stage.agreed(&service, &openid, "snsapi_base").await;
    stage.clock.advance(300_000);
    assert_eq!(stage.exchanged(&service, &late).await["errcode"], 40029);

    let mut other = session.clone();
    other["openid"] = json!("oSomebodyElse");
    assert_eq!(stage.as_user("auth", &other).await["errcode"], 40003);
    let refresh = |token: &str| {
        format!("/sns/oauth2/refresh_token?appid={}&grant_type=refresh_token&refresh_token={token}", service.app_id)
    };
    stage.clock.advance(7_200_000);
    assert_eq!(stage.as_user("userinfo", &session).await["errcode"], 42001);
    let renewed = stage.account("GET", &refresh(session["refresh_token"].as_str().unwrap()), None).await;
    assert_eq!(stage.as_user("auth", &renewed).await["errcode"], 0);
    assert_eq!(stage.account("GET", &refresh("nonsense"), None).await["errcode"], 40030);
    stage.close().await;
}

#[actix_web::test]
async fn a_browser_is_sent_back_with_code_and_state_or_with_the_state_alone() {
    let stage = Stage::open().await;
    let openid = stage.user().await;
    let service = stage.credentials.service.clone();
    let url = format!(
        "https://open.weixin.qq.com/connect/oauth2/authorize?appid={}&redirect_uri=https%3A%2F%2Fh5.example%2Fin%3Fa%3D1\
         &response_type=code&scope=snsapi_base&state=s1#wechat_redirect",
        service.app_id
    );
    let visit = stage.told("POST", "/authorize", json!({ "url": url, "openid": openid })).await;
    let sent_to = visit["redirect"].as_str().unwrap();
    assert!(sent_to.starts_with("https://h5.example/in?a=1&"), "{sent_to}");
    let query = query_of(sent_to);
    assert_eq!((query["state"].as_str(), visit["state"].as_str()), ("s1", Some("s1")));
    let session = stage.exchanged(&service, &query["code"]).await;
    assert_eq!(session["openid"], visit["openid"]);

    let refused = stage.told("POST", "/authorize", json!({ "url": url, "refuse": true })).await;
    let query = query_of(refused["redirect"].as_str().unwrap());
    assert_eq!((query.get("code"), query["state"].as_str()), (None, "s1"));

    let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let page = url.replace("https://open.weixin.qq.com", &stage.base).replace("#", "&sim_refuse=1#");
    let answer = http.get(page).send().await.unwrap();
    assert_eq!(answer.status(), 302);
    assert_eq!(answer.headers()["location"], "https://h5.example/in?a=1&state=s1");

    for (wrong, code) in [
        (url.replace(&service.app_id, "wx0"), "10016"),
        (url.replace("snsapi_base", "snsapi_login"), "10005"),
        (url.replace("https%3A%2F%2Fh5.example", "nowhere"), "10003"),
        (url.replace("state=s1", &format!("state={}", "s".repeat(129))), "10013"),
    ] {
        let (status, answer) = stage.sim("POST", "/authorize", json!({ "url": wrong })).await;
        assert_eq!(status, 409);
        assert!(answer["message"].as_str().unwrap().starts_with(code), "{answer}");
    }
    stage.close().await;
}

#[actix_web::test]
async fn the_visitor_of_a_snapshot_page_is_nobody() {
    let stage = Stage::open().await;
    let openid = stage.user().await;
    let service = stage.credentials.service.clone();
    stage.told("PUT", "/knobs", json!({ "oauth": { "snapshot_user": true } })).await;
    let url = format!(
        "{}/connect/oauth2/authorize?appid={}&redirect_uri=https%3A%2F%2Fh5.example&response_type=code\
         &scope=snsapi_userinfo&state=s1",
        stage.base, service.app_id
    );
    let visit = stage.told("POST", "/authorize", json!({ "url": url, "openid": openid })).await;
    let session = stage.exchanged(&service, visit["code"].as_str().unwrap()).await;
    assert_eq!((&session["is_snapshotuser"], session.get("unionid")), (&json!(1), None));
    let users = stage.told("GET", "/users", json!({})).await;
    assert_eq!(users["users"][0]["elsewhere"], json!({}), "the person was not introduced");
    stage.close().await;
}

#[actix_web::test]
async fn tokens_belong_to_their_application_and_open_only_its_calls() {
    let stage = Stage::open().await;
    let mut tokens = Vec::new();
    for app in [&stage.credentials.mini, &stage.credentials.service] {
        let ask = json!({ "grant_type": "client_credential", "appid": app.app_id, "secret": app.app_secret });
        let grant = stage.account("POST", "/cgi-bin/stable_token", Some(ask)).await;
        tokens.push(grant["access_token"].as_str().unwrap().to_owned());
    }
    assert_ne!(tokens[0], tokens[1]);
    let carriers = |token: &str| format!("/cgi-bin/express/delivery/open_msg/get_delivery_list?access_token={token}");
    assert_eq!(stage.account("POST", &carriers(&tokens[0]), Some(json!({}))).await["errcode"], 0);
    assert_eq!(stage.account("POST", &carriers(&tokens[1]), Some(json!({}))).await["errcode"], 48001);
    let mobile = &stage.credentials.mobile;
    let query = format!("grant_type=client_credential&appid={}&secret={}", mobile.app_id, mobile.app_secret);
    assert_eq!(stage.account("GET", &format!("/cgi-bin/token?{query}"), None).await["errcode"], 48001);
    stage.close().await;
}

#[actix_web::test]
async fn a_second_mini_program_of_another_owner_has_people_of_its_own() {
    let stage = Stage::open().await;
    let home = stage.told("POST", "/users", json!({})).await;
    let second = stage.told("POST", "/apps", json!({ "kind": "mini", "open_platform": "second" })).await;
    let (app_id, secret) = (second["app_id"].as_str().unwrap(), second["secret"].as_str().unwrap());
    let login = stage.told("POST", "/login", json!({ "openid": home["openid"], "app_id": app_id })).await;
    let exchange = |app_id: &str, secret: &str| {
        let code = login["js_code"].as_str().unwrap();
        format!("/sns/jscode2session?appid={app_id}&secret={secret}&js_code={code}&grant_type=authorization_code")
    };
    let first = &stage.credentials;
    let foreign = stage.account("GET", &exchange(&first.app_id, &first.app_secret), None).await;
    assert_eq!(foreign["errcode"], 40029);
    let session = stage.account("GET", &exchange(app_id, secret), None).await;
    assert_eq!(session["openid"], login["openid"]);
    assert_ne!(session["openid"], home["openid"]);
    assert!(session["unionid"].is_string());
    assert_ne!(session["unionid"], home["unionid"]);
    stage.close().await;
}
