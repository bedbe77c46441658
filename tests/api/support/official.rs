//! A service account as WeChat sees it: it pushes messages to the shop, plain or sealed, and answers what the shop asks.
//!
//! Written against the documentation and with none of the product's code, so that agreement between the two is agreement
//! about the wire.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use actix_web::web::Bytes;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use aws_lc_rs::cipher::{
    AES_256, DecryptingKey, DecryptionContext, EncryptingKey, EncryptionContext, UnboundCipherKey,
};
use aws_lc_rs::digest;
use aws_lc_rs::iv::FixedLength;
use base64::Engine as _;
use base64::alphabet::STANDARD as LETTERS;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use hourglass::kernel::time::Timestamp;
use serde_json::{Value, json};

use super::Shop;
use super::buyer::Buyer;
use super::shop::text;

/// The service account's app id.
pub const APP_ID: &str = "wxservice0000001";
/// Its original id.
pub const ORIGINAL_ID: &str = "gh_5f3c9a1b7d2e";
const SECRET: &str = "5f3c9a1b7d2e40685f3c9a1b7d2e4068";
const TOKEN: &str = "Mess4geToken";
const AES_KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";

/// Every stand-in for WeChat of this process, by its address.
static STANDING: LazyLock<Mutex<HashMap<String, Arc<Mutex<Known>>>>> = LazyLock::new(Mutex::default);

/// What a stand-in knows, and what it was asked.
#[derive(Default)]
pub struct Known {
    /// What it says of a follower.
    pub followers: HashMap<String, Value>,
    /// The codes it was asked to make.
    pub codes: Vec<Value>,
    /// The links it was asked to make.
    pub links: Vec<Value>,
    /// What it answers whatever is asked, while it is in trouble.
    pub trouble: Option<Value>,
}

/// Starts a stand-in for `api.weixin.qq.com`; answers its address. A login code is `openid.unionid`, and without a unionid
/// the openid alone.
pub fn stand_in() -> String {
    let known = Arc::new(Mutex::new(Known::default()));
    let shared = known.clone();
    let server = HttpServer::new(move || {
        let shared = shared.clone();
        App::new().default_service(web::to(move |request: HttpRequest, body: Bytes| {
            let answer = answer(&shared, &request, &body);
            async move { HttpResponse::Ok().json(answer) }
        }))
    })
    .workers(1)
    .disable_signals()
    .bind(("127.0.0.1", 0))
    .expect("a free port");
    let url = format!("http://{}", server.addrs()[0]);
    actix_web::rt::spawn(server.run());
    STANDING.lock().expect("nobody panicked").insert(url.clone(), known);
    url
}

fn answer(known: &Mutex<Known>, request: &HttpRequest, body: &[u8]) -> Value {
    let query = web::Query::<HashMap<String, String>>::from_query(request.query_string()).expect("a query");
    let said = |name: &str| query.get(name).cloned().unwrap_or_default();
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    let mut known = known.lock().expect("nobody panicked");
    let of_service_account = said("access_token") == format!("token-of-{APP_ID}");
    match (request.path(), &known.trouble) {
        ("/cgi-bin/stable_token", _) => {
            json!({"access_token": format!("token-of-{}", text(&body["appid"])), "expires_in": 7200})
        }
        ("/sns/jscode2session", _) => {
            let code = said("js_code");
            let (openid, unionid) = code.split_once('.').unwrap_or((code.as_str(), ""));
            json!({"openid": openid, "unionid": unionid, "session_key": STANDARD.encode([7; 16])})
        }
        (_, Some(trouble)) => trouble.clone(),
        ("/cgi-bin/user/info", _) if of_service_account => {
            let unknown = json!({"subscribe": 0, "openid": said("openid")});
            known.followers.get(&said("openid")).cloned().unwrap_or(unknown)
        }
        ("/cgi-bin/qrcode/create", _) if of_service_account => {
            known.codes.push(body.clone());
            let number = known.codes.len();
            json!({
                "ticket": format!("gQ/{number}=="), "url": format!("http://weixin.qq.com/q/{number}"),
                "expire_seconds": body["expire_seconds"]
            })
        }
        ("/wxa/generate_urllink", _) if !of_service_account => {
            known.links.push(body);
            json!({"errcode": 0, "errmsg": "ok", "url_link": format!("https://wxaurl.cn/{}", known.links.len())})
        }
        ("/wxa/generatescheme", _) if !of_service_account => {
            known.links.push(body);
            let link = format!("weixin://dl/business/?t={}", known.links.len());
            json!({"errcode": 0, "errmsg": "ok", "openlink": link})
        }
        _ => json!({"errcode": 40066, "errmsg": "invalid url"}),
    }
}

/// A service account of a shop.
pub struct Official<'a> {
    shop: &'a Shop,
    /// The entrance.
    pub entrance_id: String,
    sealed: bool,
    known: Arc<Mutex<Known>>,
}

/// An address as WeChat calls it, and a body.
#[derive(Clone)]
pub struct Letter {
    /// The query.
    pub query: Vec<(&'static str, String)>,
    /// The body.
    pub body: String,
}

impl Letter {
    /// The same with another value of a field of the query.
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut changed = self.clone();
        let old = changed.query.iter_mut().find(|(known, _)| *known == name);
        old.unwrap_or_else(|| panic!("no {name}")).1 = value.to_owned();
        changed
    }
}

impl<'a> Official<'a> {
    /// A service account of this shop, whose WeChat is a stand-in.
    pub async fn of(shop: &'a Shop, sealed: bool) -> Self {
        let known = STANDING.lock().expect("nobody panicked").get(&shop.app.config().wechat.api_url).cloned();
        let mut entrance = json!({
            "platform": "wechat_service", "app_id": APP_ID, "name": "服务号", "secret": SECRET,
            "original_id": ORIGINAL_ID, "message_token": TOKEN
        });
        if sealed {
            entrance["message_aes_key"] = json!(AES_KEY);
        }
        let entrance = shop.staff_post("/entrances", entrance).await;
        let entrance_id = text(&entrance["entrance_id"]);
        Self { shop, entrance_id, sealed, known: known.expect("the shop's WeChat is a stand-in") }
    }

    /// The service account that this shop has already, which takes sealed messages by now.
    pub fn known_as(shop: &'a Shop, entrance_id: String) -> Self {
        let known = STANDING.lock().expect("nobody panicked").get(&shop.app.config().wechat.api_url).cloned();
        Self { shop, entrance_id, sealed: true, known: known.expect("the shop's WeChat is a stand-in") }
    }

    /// What the stand-in knows.
    pub fn known(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().expect("nobody panicked")
    }

    /// Lets the stand-in say that somebody follows, with this unionid.
    pub fn tells(&self, openid: &str, unionid: &str) {
        let since = self.shop.clock.now().seconds();
        let answer = json!({
            "subscribe": 1, "openid": openid, "unionid": unionid, "subscribe_time": since,
            "subscribe_scene": "ADD_SCENE_QR_CODE", "qr_scene": 0, "qr_scene_str": ""
        });
        self.known().followers.insert(openid.to_owned(), answer);
    }

    /// The XML of a message about somebody, now.
    pub fn written(&self, openid: &str, fields: &str) -> String {
        self.written_at(openid, fields, self.shop.clock.now())
    }

    /// The XML of a message about somebody at a moment.
    pub fn written_at(&self, openid: &str, fields: &str, at: Timestamp) -> String {
        format!(
            "<xml><ToUserName><![CDATA[{ORIGINAL_ID}]]></ToUserName><FromUserName><![CDATA[{openid}]]></FromUserName>\
             <CreateTime>{}</CreateTime>{fields}</xml>",
            at.seconds()
        )
    }

    /// A message as WeChat sends it: signed now under a nonce of its own, and sealed when the account has a key.
    pub fn letter(&self, xml: &str) -> Letter {
        self.letter_for(xml, APP_ID, &self.shop.clock.now().seconds().to_string())
    }

    /// The same from somebody who seals for another account, or at another time.
    pub fn letter_for(&self, xml: &str, app_id: &str, timestamp: &str) -> Letter {
        let nonce = format!("{}", 1_000_000 + self.shop.number());
        let mut query = vec![
            ("signature", signature(&[TOKEN, timestamp, &nonce])),
            ("timestamp", timestamp.to_owned()),
            ("nonce", nonce.clone()),
            ("openid", "o-whoever".to_owned()),
        ];
        if !self.sealed {
            return Letter { query, body: xml.to_owned() };
        }
        let sealed = seal(xml, app_id);
        query.push(("encrypt_type", "aes".to_owned()));
        query.push(("msg_signature", signature(&[TOKEN, timestamp, &nonce, &sealed])));
        let body = format!(
            "<xml><ToUserName><![CDATA[{ORIGINAL_ID}]]></ToUserName><Encrypt><![CDATA[{sealed}]]></Encrypt></xml>"
        );
        Letter { query, body }
    }

    /// Sends a message; answers the status and the words of the answer as they came.
    pub async fn sends(&self, letter: &Letter) -> (u16, String) {
        let to = format!("{}/hooks/wechat/push/{}", self.shop.base, self.entrance_id);
        let request = self.shop.http.post(to).query(&letter.query).header("content-type", "text/xml");
        let answer = request.body(letter.body.clone()).send().await.expect("an answer");
        let status = answer.status().as_u16();
        (status, answer.text().await.expect("words"))
    }

    /// Lets WeChat tell something of somebody; answers what the shop says back, opened.
    pub async fn tells_of(&self, openid: &str, fields: &str) -> String {
        let letter = self.letter(&self.written(openid, fields));
        let (status, answer) = self.sends(&letter).await;
        assert_eq!(status, 200, "{answer}");
        self.opened(&answer)
    }

    /// An answer of the shop without its seal, which is checked.
    pub fn opened(&self, answer: &str) -> String {
        if !self.sealed || answer == "success" {
            return answer.to_owned();
        }
        let (sealed, nonce) = (field(answer, "Encrypt"), field(answer, "Nonce"));
        let expected = signature(&[TOKEN, &field(answer, "TimeStamp"), &nonce, &sealed]);
        assert_eq!(field(answer, "MsgSignature"), expected, "{answer}");
        open(&sealed)
    }

    /// Somebody begins to follow, through the code of a scene or by themselves.
    pub async fn follows(&self, openid: &str, scene: Option<&str>) -> String {
        let key = scene.map(|scene| format!("<EventKey><![CDATA[qrscene_{scene}]]></EventKey><Ticket>t</Ticket>"));
        self.tells_of(openid, &event("subscribe", &key.unwrap_or_default())).await
    }

    /// Somebody ceases to follow.
    pub async fn leaves(&self, openid: &str) {
        assert_eq!(self.tells_of(openid, &event("unsubscribe", "")).await, "success");
    }

    /// A follower scans a code.
    pub async fn scans(&self, openid: &str, scene: &str) -> String {
        let key = format!("<EventKey><![CDATA[{scene}]]></EventKey><Ticket>t</Ticket>");
        self.tells_of(openid, &event("SCAN", &key)).await
    }

    /// A follower taps a menu.
    pub async fn taps(&self, openid: &str, key: &str) -> String {
        self.tells_of(openid, &event("CLICK", &format!("<EventKey><![CDATA[{key}]]></EventKey>"))).await
    }

    /// A follower writes.
    pub async fn writes(&self, openid: &str, words: &str) -> String {
        let number = self.shop.number();
        self.tells_of(openid, &words_of(words, number)).await
    }

    /// Somebody logs in through the mini-program.
    pub async fn comes_in(&self, code: &str) -> Buyer<'a> {
        let body = Some(json!({"js_code": code}));
        let (status, login) = self.shop.call("POST", "/api/v1/sessions/wechat-mini", None, body).await;
        assert_eq!(status, 201, "{login}");
        Buyer::logged_in(self.shop, code.split('.').next().unwrap_or_default().to_owned(), &login)
    }

    /// The followers as staff see them, latest first.
    pub async fn followers(&self) -> Vec<Value> {
        let found = self.shop.staff("GET", "/service-followers?limit=100", None).await;
        found["items"].as_array().cloned().unwrap_or_default()
    }
}

/// The fields of an event.
pub fn event(word: &str, rest: &str) -> String {
    format!("<MsgType><![CDATA[event]]></MsgType><Event><![CDATA[{word}]]></Event>{rest}")
}

/// The fields of words.
pub fn words_of(words: &str, number: u64) -> String {
    format!("<MsgType><![CDATA[text]]></MsgType><Content><![CDATA[{words}]]></Content><MsgId>{number}</MsgId>")
}

/// What stands in an element, with or without character data around it.
pub fn field(xml: &str, name: &str) -> String {
    let inside = xml.split(&format!("<{name}>")).nth(1).and_then(|rest| rest.split(&format!("</{name}>")).next());
    let inside = inside.unwrap_or_else(|| panic!("no {name} in {xml}"));
    inside.strip_prefix("<![CDATA[").and_then(|rest| rest.strip_suffix("]]>")).unwrap_or(inside).to_owned()
}

fn signature(parts: &[&str]) -> String {
    let mut parts = parts.to_vec();
    parts.sort_unstable();
    hex::encode(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, parts.concat().as_bytes()))
}

fn key() -> Vec<u8> {
    let lenient = GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true);
    GeneralPurpose::new(&LETTERS, lenient).decode(format!("{AES_KEY}=")).expect("a key")
}

fn iv(key: &[u8]) -> FixedLength<16> {
    FixedLength::from(<[u8; 16]>::try_from(&key[..16]).expect("sixteen bytes"))
}

fn seal(words: &str, app_id: &str) -> String {
    let key = key();
    let mut bytes = [b'r'; 16].to_vec();
    bytes.extend((words.len() as u32).to_be_bytes());
    bytes.extend(words.as_bytes());
    bytes.extend(app_id.as_bytes());
    let padding = 32 - bytes.len() % 32;
    bytes.extend(std::iter::repeat_n(padding as u8, padding));
    let cipher = EncryptingKey::cbc(UnboundCipherKey::new(&AES_256, &key).expect("a key")).expect("a cipher");
    cipher.less_safe_encrypt(&mut bytes, EncryptionContext::Iv128(iv(&key))).expect("sealed");
    STANDARD.encode(bytes)
}

fn open(sealed: &str) -> String {
    let key = key();
    let mut bytes = STANDARD.decode(sealed).expect("base64");
    let cipher = DecryptingKey::cbc(UnboundCipherKey::new(&AES_256, &key).expect("a key")).expect("a cipher");
    let plain = cipher.decrypt(&mut bytes, DecryptionContext::Iv128(iv(&key))).expect("opened").to_vec();
    let padding = usize::from(*plain.last().expect("not empty"));
    let plain = &plain[..plain.len() - padding];
    let length = u32::from_be_bytes(plain[16..20].try_into().expect("four bytes")) as usize;
    assert_eq!(&plain[20 + length..], APP_ID.as_bytes(), "it is sealed for this account");
    String::from_utf8(plain[20..20 + length].to_vec()).expect("words")
}
