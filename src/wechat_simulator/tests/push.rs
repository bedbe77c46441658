//! Pushed messages: a small shop of the tests' own that opens what it is sent and answers, well or badly.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use actix_web::dev::ServerHandle;
use actix_web::web::{self, Bytes, Data, Query};
use actix_web::{App, HttpResponse, HttpServer};
use serde_json::{Value, json};

use super::merchant::Stage;
use crate::wechat_simulator::push::crypto::{MessageKey, signature};

/// One request that the listener got.
#[derive(Clone)]
struct Heard {
    query: HashMap<String, String>,
    body: String,
}

/// How the listener answers.
#[derive(Clone)]
enum Answer {
    Says(String),
    Fails(u16),
    /// Answers a sealed text to whoever wrote, by this key, token and app id.
    Greets {
        aes_key: String,
        token: String,
        app_id: String,
        from: String,
    },
}

struct Listener {
    url: String,
    heard: Arc<Mutex<Vec<Heard>>>,
    answer: Arc<Mutex<Answer>>,
    handle: ServerHandle,
}

#[derive(Clone)]
struct Ears(Arc<Mutex<Vec<Heard>>>, Arc<Mutex<Answer>>);

async fn listen(ears: Data<Ears>, query: Query<HashMap<String, String>>, body: Bytes) -> HttpResponse {
    let heard = Heard { query: query.0, body: String::from_utf8(body.to_vec()).unwrap() };
    ears.0.lock().unwrap().push(heard.clone());
    if let Some(echo) = heard.query.get("echostr") {
        return HttpResponse::Ok().body(echo.clone());
    }
    match ears.1.lock().unwrap().clone() {
        Answer::Says(text) => HttpResponse::Ok().body(text),
        Answer::Fails(status) => HttpResponse::build(status.try_into().unwrap()).finish(),
        Answer::Greets { aes_key, token, app_id, from } => {
            let to = &heard.query["openid"];
            let message = format!(
                "<xml><ToUserName>{to}</ToUserName><FromUserName>{from}</FromUserName><CreateTime>1</CreateTime>\
                 <MsgType>text</MsgType><Content>你好</Content></xml>"
            );
            let sealed = MessageKey::read(&aes_key).unwrap().seal([9; 16], &message, &app_id).unwrap();
            let signed = signature(&[&token, "1", "n", &sealed]);
            HttpResponse::Ok().body(format!(
                "<xml><Encrypt><![CDATA[{sealed}]]></Encrypt><MsgSignature>{signed}</MsgSignature>\
                 <TimeStamp>1</TimeStamp><Nonce>n</Nonce></xml>"
            ))
        }
    }
}

impl Listener {
    fn open() -> Self {
        let heard: Arc<Mutex<Vec<Heard>>> = Arc::default();
        let answer = Arc::new(Mutex::new(Answer::Says("success".to_owned())));
        let ears = Data::new(Ears(heard.clone(), answer.clone()));
        let server = HttpServer::new(move || App::new().app_data(ears.clone()).default_service(web::to(listen)))
            .workers(1)
            .disable_signals()
            .bind("127.0.0.1:0")
            .unwrap();
        let url = format!("http://{}/hooks?entrance=7", server.addrs()[0]);
        let server = server.run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { url, heard, answer, handle }
    }

    fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    fn answers(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    async fn close(self) {
        self.handle.stop(false).await;
    }
}

impl Stage {
    async fn aimed(&self, mode: &str) -> Listener {
        let listener = Listener::open();
        self.told("PUT", "/push-target", json!({ "url": listener.url, "mode": mode })).await;
        listener
    }

    async fn does(&self, deed: &str, ask: Value) -> Value {
        self.told("POST", &format!("/service/{deed}"), ask).await
    }
}

fn signed_by(token: &str, heard: &Heard) -> bool {
    signature(&[token, &heard.query["timestamp"], &heard.query["nonce"]]) == heard.query["signature"]
}

#[actix_web::test]
async fn a_plain_push_is_signed_and_says_who_did_what() {
    let stage = Stage::open().await;
    let listener = stage.aimed("plain").await;
    let openid = stage.user().await;
    let service = stage.credentials.service.clone();
    let told = stage.does("text", json!({ "openid": openid, "content": "你好 ]]> <b>" })).await;
    let heard = &listener.heard()[0];
    assert!(signed_by(&service.message_token, heard));
    assert_eq!(
        (heard.query["entrance"].as_str(), heard.query["openid"].as_str()),
        ("7", told["openid"].as_str().unwrap())
    );
    assert!(heard.body.starts_with(&format!("<xml><ToUserName><![CDATA[{}]]></ToUserName>", service.original_id)));
    assert!(
        heard
            .body
            .contains(&format!("<CreateTime>{}</CreateTime><MsgType><![CDATA[text]]>", stage.clock.now().seconds()))
    );
    assert!(heard.body.contains("<Content><![CDATA[你好 ]]]]><![CDATA[> <b>]]></Content><MsgId>"), "{}", heard.body);
    assert_eq!((&told["push"]["state"], &told["push"]["attempts"][0]["problem"]), (&json!("delivered"), &Value::Null));
    assert_ne!(told["openid"], openid.as_str(), "the account knows them by its own openid");
    listener.close().await;
    stage.close().await;
}

#[actix_web::test]
async fn a_sealed_push_opens_with_the_key_and_its_sealed_answer_is_shown() {
    let stage = Stage::open().await;
    let listener = stage.aimed("secure").await;
    let service = stage.credentials.service.clone();
    listener.answers(Answer::Greets {
        aes_key: service.message_aes_key.clone(),
        token: service.message_token.clone(),
        app_id: service.app_id.clone(),
        from: service.original_id.clone(),
    });
    let told = stage.does("text", json!({ "content": "hello" })).await;
    assert_eq!(told["push"]["attempts"][0]["reply"]["Content"], "你好", "{told}");
    let heard = &listener.heard()[0];
    assert_eq!(heard.query["encrypt_type"], "aes");
    assert!(!heard.body.contains("hello"));
    let sealed = heard.body.split("<Encrypt><![CDATA[").nth(1).unwrap().split("]]>").next().unwrap();
    let parts = [service.message_token.as_str(), &heard.query["timestamp"], &heard.query["nonce"], sealed];
    assert_eq!(signature(&parts), heard.query["msg_signature"]);
    let (message, app_id) = MessageKey::read(&service.message_aes_key).unwrap().open(sealed).unwrap();
    assert_eq!(app_id, service.app_id);
    assert!(message.contains("<Content><![CDATA[hello]]></Content>"), "{message}");

    listener.answers(Answer::Says("<xml><ToUserName>o</ToUserName></xml>".to_owned()));
    let told = stage.does("text", json!({ "content": "hello" })).await;
    assert!(told["push"]["attempts"][0]["problem"].as_str().unwrap().contains("not sealed"), "{told}");
    listener.close().await;
    stage.close().await;
}

#[actix_web::test]
async fn a_shop_that_fails_is_tried_three_times_and_one_that_refuses_once() {
    let stage = Stage::open().await;
    let listener = stage.aimed("plain").await;
    listener.answers(Answer::Fails(503));
    let told = stage.does("click", json!({ "key": "coupons" })).await;
    assert_eq!(told["push"]["attempts"].as_array().unwrap().len(), 3);
    assert_eq!(told["push"]["attempts"][2]["problem"], "status 503");
    let bodies: Vec<String> = listener.heard().into_iter().map(|heard| heard.body).collect();
    assert!(bodies.len() == 3 && bodies.iter().all(|body| *body == bodies[0]), "the same message each time");
    listener.answers(Answer::Fails(403));
    let told = stage.does("click", json!({ "key": "coupons" })).await;
    assert_eq!(told["push"]["attempts"].as_array().unwrap().len(), 1);
    let (url, _) = (listener.url.clone(), listener.close().await);
    stage.told("PUT", "/push-target", json!({ "url": url })).await;
    let told = stage.does("view", json!({ "key": "https://h5.example" })).await;
    assert_eq!(
        (&told["push"]["state"], &told["push"]["attempts"][0]["problem"]),
        (&json!("failed"), &json!("no answer"))
    );
    stage.close().await;
}

#[actix_web::test]
async fn the_address_is_checked_by_an_echo() {
    let stage = Stage::open().await;
    let listener = stage.aimed("plain").await;
    let checked = stage.told("POST", "/push-target/check", json!({})).await;
    assert_eq!((&checked["passed"], &checked["status"]), (&json!(true), &json!(200)));
    assert!(signed_by(&stage.credentials.service.message_token, &listener.heard()[0]));
    let forged = json!({ "push": { "wrong_signature": true, "timestamp_offset_seconds": -301 } });
    stage.told("POST", "/push-target/check", forged).await;
    let heard = &listener.heard()[1];
    assert!(!signed_by(&stage.credentials.service.message_token, heard));
    assert_eq!(heard.query["timestamp"], (stage.clock.now().seconds() - 301).to_string());
    let nowhere = stage.told("POST", "/push-target/check", json!({ "url": "http://127.0.0.1:1/" })).await;
    assert_eq!((&nowhere["passed"], &nowhere["status"]), (&json!(false), &Value::Null));
    listener.close().await;
    stage.close().await;
}

#[actix_web::test]
async fn pushes_are_doubled_delayed_lost_forged_and_sent_again() {
    let stage = Stage::open().await;
    let listener = stage.aimed("secure").await;
    let openid = stage.user().await;
    let service = stage.credentials.service.clone();
    stage.does("text", json!({ "openid": openid, "content": "1", "push": { "duplicate": 2 } })).await;
    assert_eq!(listener.heard().len(), 3);

    let late = stage.does("text", json!({ "openid": openid, "content": "2", "push": { "delay_ms": 60_000 } })).await;
    assert_eq!((late["push"]["state"].as_str(), listener.heard().len()), (Some("pending"), 3));
    stage.clock.advance(60_000);
    stage.told("POST", "/pushes/flush", json!({})).await;
    assert_eq!(listener.heard().len(), 4);

    stage.told("PUT", "/knobs", json!({ "pushes": { "lose": true, "wrong_signature": true } })).await;
    let lost = stage.does("text", json!({ "openid": openid, "content": "3" })).await;
    assert_eq!((lost["push"]["state"].as_str(), listener.heard().len()), (Some("withheld"), 4));
    stage.told("PUT", "/knobs", json!({})).await;
    let send = format!("/pushes/{}/send", lost["push"]["id"].as_str().unwrap());
    let opens = |heard: &Heard| {
        let sealed = heard.body.split("<Encrypt><![CDATA[").nth(1).unwrap().split("]]>").next().unwrap().to_owned();
        let parts = [service.message_token.as_str(), &heard.query["timestamp"], &heard.query["nonce"], &sealed];
        let signed = signature(&parts) == heard.query["msg_signature"];
        (signed, MessageKey::read(&service.message_aes_key).unwrap().open(&sealed).map(|(_, app_id)| app_id))
    };
    for (twist, signed) in [
        (json!({}), true),
        (json!({ "wrong_signature": true }), false),
        (json!({ "corrupt_body": true }), false),
        (json!({ "other_app": true }), true),
    ] {
        stage.told("POST", &send, twist.clone()).await;
        let heard = listener.heard();
        let (good, app_id) = opens(heard.last().unwrap());
        assert_eq!(good, signed, "{twist}");
        let ours = app_id.is_some_and(|app_id| app_id == service.app_id);
        assert!(!signed || ours != twist["other_app"].as_bool().unwrap_or(false), "{twist}");
    }
    listener.close().await;
    stage.close().await;
}
