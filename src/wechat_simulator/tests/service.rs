//! The service account's calls: followers, parametric codes, template messages; and links to the mini-program.

use serde_json::{Value, json};

use super::merchant::Stage;
use crate::wechat_simulator::AppCredentials;

impl Stage {
    async fn token_of(&self, app: &AppCredentials) -> String {
        let ask = json!({ "grant_type": "client_credential", "appid": app.app_id, "secret": app.app_secret });
        let grant = self.account("POST", "/cgi-bin/stable_token", Some(ask)).await;
        grant["access_token"].as_str().unwrap().to_owned()
    }

    async fn service(&self, path: &str, body: Option<Value>) -> Value {
        let token = self.token_of(&self.credentials.service).await;
        let mark = if path.contains('?') { '&' } else { '?' };
        let method = if body.is_some() { "POST" } else { "GET" };
        self.account(method, &format!("{path}{mark}access_token={token}"), body).await
    }

    async fn follower(&self, openid: &Value) -> Value {
        self.service(&format!("/cgi-bin/user/info?openid={}&lang=zh_CN", openid.as_str().unwrap()), None).await
    }
}

#[actix_web::test]
async fn a_follower_is_described_and_one_who_left_is_not() {
    let stage = Stage::open().await;
    let home = stage.told("POST", "/users", json!({})).await;
    let followed = stage.told("POST", "/service/follow", json!({ "openid": home["openid"] })).await;
    let told = stage.follower(&followed["openid"]).await;
    assert_eq!((&told["subscribe"], &told["subscribe_scene"]), (&json!(1), &json!("ADD_SCENE_SEARCH")));
    assert_eq!((&told["unionid"], &told["subscribe_time"]), (&home["unionid"], &json!(stage.clock.now().seconds())));
    assert_eq!(stage.follower(&home["openid"]).await["errcode"], 40003, "the mini-program's openid");
    let batch = json!({ "user_list": [{ "openid": followed["openid"], "lang": "zh_CN" }] });
    let batch = stage.service("/cgi-bin/user/info/batchget", Some(batch)).await;
    assert_eq!(batch["user_info_list"][0]["unionid"], home["unionid"]);

    stage.told("POST", "/service/unfollow", json!({ "openid": home["openid"] })).await;
    let gone = stage.follower(&followed["openid"]).await;
    assert_eq!(gone, json!({ "subscribe": 0, "openid": followed["openid"] }));
    let foreign = format!("/cgi-bin/user/info?access_token={}&openid=o", stage.token_of(&stage.credentials.mini).await);
    assert_eq!(stage.account("GET", &foreign, None).await["errcode"], 48001);
    stage.close().await;
}

#[actix_web::test]
async fn a_parametric_code_follows_once_and_scans_afterwards_until_it_ends() {
    let stage = Stage::open().await;
    let openid = stage.user().await;
    stage.told("PUT", "/push-target", json!({ "url": "http://127.0.0.1:1/" })).await;
    let ask = json!({ "expire_seconds": 600, "action_name": "QR_STR_SCENE",
        "action_info": { "scene": { "scene_str": "share-7" } } });
    let code = stage.service("/cgi-bin/qrcode/create", Some(ask)).await;
    assert_eq!(code["expire_seconds"], 600);
    let scan = json!({ "openid": openid, "ticket": code["ticket"] });
    let first = stage.told("POST", "/service/scan", scan.clone()).await;
    let message = &first["push"]["message"];
    assert_eq!((&message["Event"], &message["EventKey"]), (&json!("subscribe"), &json!("qrscene_share-7")));
    assert_eq!(message["Ticket"], code["ticket"]);
    let follower = stage.follower(&first["openid"]).await;
    assert_eq!(
        (&follower["qr_scene_str"], &follower["subscribe_scene"]),
        (&json!("share-7"), &json!("ADD_SCENE_QR_CODE"))
    );
    let again = stage.told("POST", "/service/scan", scan.clone()).await;
    let message = &again["push"]["message"];
    assert_eq!((&message["Event"], &message["EventKey"]), (&json!("SCAN"), &json!("share-7")));
    stage.clock.advance(600_000);
    assert_eq!(stage.sim("POST", "/service/scan", scan).await.0, 404);
    stage.close().await;
}

#[actix_web::test]
async fn codes_that_break_the_rules_are_refused() {
    let stage = Stage::open().await;
    let create = |ask: Value| stage.service("/cgi-bin/qrcode/create", Some(ask));
    let scene = |scene: Value| json!({ "scene": scene });
    for (ask, errcode) in [
        (json!({ "action_name": "QR", "action_info": scene(json!({ "scene_id": 1 })) }), 40052),
        (json!({ "action_name": "QR_SCENE" }), 40053),
        (json!({ "action_name": "QR_SCENE", "action_info": scene(json!({ "scene_id": 0 })) }), 40053),
        (json!({ "action_name": "QR_SCENE", "action_info": scene(json!({ "scene_str": "a" })) }), 40053),
        (json!({ "action_name": "QR_LIMIT_SCENE", "action_info": scene(json!({ "scene_id": 100_001 })) }), 40053),
        (json!({ "action_name": "QR_STR_SCENE", "action_info": scene(json!({ "scene_str": "a".repeat(65) })) }), 40053),
        (
            json!({ "action_name": "QR_SCENE", "action_info": scene(json!({ "scene_id": 1 })), "expire_seconds": 2_592_001 }),
            40097,
        ),
    ] {
        assert_eq!(create(ask.clone()).await["errcode"], errcode, "{ask}");
    }
    let permanent =
        create(json!({ "action_name": "QR_LIMIT_STR_SCENE", "action_info": scene(json!({ "scene_str": "a" })) })).await;
    assert!(permanent["ticket"].is_string() && permanent.get("expire_seconds").is_none());
    let forgotten = create(json!({ "action_name": "QR_SCENE", "action_info": { "scene_id": 7 } })).await;
    assert_eq!(forgotten["expire_seconds"], 60);
    let codes = stage.told("GET", "/service/codes", json!({})).await;
    assert_eq!(codes["codes"][1]["scene"], "0", "one who forgets the inner object gets a code that says 0");
    let picture = format!("{}/cgi-bin/showqrcode?ticket={}", stage.base, forgotten["ticket"].as_str().unwrap());
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let bytes = http.get(picture).send().await.unwrap().bytes().await.unwrap();
    assert!(bytes.starts_with(b"\xff\xd8\xff"));
    stage.close().await;
}

#[actix_web::test]
async fn a_template_message_reaches_followers_who_take_it_once() {
    let stage = Stage::open().await;
    let template = stage.told("POST", "/service/templates", json!({})).await["template_id"].clone();
    let follower = stage.told("POST", "/service/follow", json!({})).await["openid"].clone();
    let stranger = stage.told("POST", "/service/unfollow", json!({})).await["openid"].clone();
    stage.told("PUT", "/push-target", json!({ "url": "http://127.0.0.1:1/" })).await;
    let send = |to: &Value, template: &Value, data: Value| {
        let ask = json!({ "touser": to, "template_id": template, "data": data, "client_msg_id": "m1" });
        stage.service("/cgi-bin/message/template/send", Some(ask))
    };
    let data = json!({ "thing1": { "value": "茶" } });
    assert_eq!(send(&json!("oX"), &template, data.clone()).await["errcode"], 40003);
    assert_eq!(send(&follower, &json!("T"), data.clone()).await["errcode"], 40037);
    assert_eq!(send(&stranger, &template, data.clone()).await["errcode"], 43004);
    assert_eq!(send(&follower, &template, json!({ "thing1": {} })).await["errcode"], 47003);
    stage.told("POST", "/service/refuse", json!({ "openid": follower })).await;
    assert_eq!(send(&follower, &template, data.clone()).await["errcode"], 43101);
    stage.told("POST", "/service/refuse", json!({ "openid": follower, "accept": true })).await;
    let sent = send(&follower, &template, data.clone()).await;
    assert_eq!(sent["errcode"], 0);
    assert_eq!(send(&follower, &template, data).await["msgid"], sent["msgid"], "the same message again");
    let messages = stage.told("GET", "/service/messages", json!({})).await;
    assert_eq!(messages["messages"].as_array().unwrap().len(), 1);
    let pushes = stage.told("GET", "/pushes", json!({})).await;
    let told = &pushes["pushes"][0]["message"];
    assert_eq!((&told["Event"], &told["MsgID"]), (&json!("TEMPLATESENDJOBFINISH"), &sent["msgid"]));
    stage.close().await;
}

#[actix_web::test]
async fn links_open_the_mini_program_for_thirty_days_at_most() {
    let stage = Stage::open().await;
    let token = stage.token_of(&stage.credentials.mini).await;
    let call = async |path: &str, ask: Value| {
        stage.account("POST", &format!("/wxa/{path}?access_token={token}"), Some(ask)).await
    };
    let now = stage.clock.now().seconds();
    let link = call(
        "generate_urllink",
        json!({ "path": "pages/a", "query": "share=7", "expire_type": 1, "expire_interval": 3 }),
    )
    .await;
    assert!(link["url_link"].as_str().unwrap().starts_with("https://wxaurl.cn/"));
    let scheme =
        json!({ "jump_wxa": { "path": "pages/a", "query": "" }, "is_expire": true, "expire_time": now + 3_600 });
    let scheme = call("generatescheme", scheme).await;
    assert!(scheme["openlink"].as_str().unwrap().starts_with("weixin://dl/business/?t="));
    for (ask, errcode) in [
        (json!({ "expire_type": 1, "expire_interval": 31 }), 85401),
        (json!({ "expire_time": now - 1 }), 85401),
        (json!({ "path": "pages/a?b=1" }), 40165),
        (json!({ "query": "q".repeat(1_025) }), 40212),
        (json!({ "env_version": "beta" }), 85402),
    ] {
        assert_eq!(call("generate_urllink", ask.clone()).await["errcode"], errcode, "{ask}");
    }
    let links = stage.told("GET", "/links", json!({})).await;
    assert_eq!((&links["links"][0]["query"], &links["links"][1]["path"]), (&json!("share=7"), &json!("pages/a")));
    stage.close().await;
}
