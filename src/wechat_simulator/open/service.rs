//! The calls of a service account: followers, parametric codes, template messages.
//!
//! The errcodes of wrong codes (40051–40053) and of the cap on permanent ones (45029) are known from developers' reports,
//! the others from the reference pages.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data};
use serde::Serialize;
use serde_json::{Value, json};

use super::{OpenAnswer, OpenRefusal, Parameters, admit, answer, given, read_body};
use crate::kernel::time::{SECOND_MS, Timestamp};
use crate::wechat_simulator::apps::{AppKind, OpenApp};
use crate::wechat_simulator::people::Known;
use crate::wechat_simulator::push::{self, Draft, PushTwist};
use crate::wechat_simulator::state::{World, locked};

/// How long a temporary code lives when nothing is said, and at most, in seconds.
const CODE_SECONDS: i64 = 60;
const CODE_SECONDS_MOST: i64 = 2_592_000;
/// Longest text of a code, and the greatest number of a permanent one.
const SCENE_MOST: usize = 64;
const LIMIT_SCENE_MOST: i64 = 100_000;
/// Permanent codes an account may have.
const PERMANENT_MOST: usize = 100_000;
/// Openids of one batch.
const BATCH_MOST: usize = 100;

/// A parametric code.
#[derive(Clone, Debug, Serialize)]
pub(in crate::wechat_simulator) struct Ticket {
    /// Names it.
    pub(in crate::wechat_simulator) ticket: String,
    /// The account it leads to.
    pub(in crate::wechat_simulator) app_id: String,
    /// What pushes tell about it, as a text.
    pub(in crate::wechat_simulator) scene: String,
    /// Whether that is a number.
    pub(in crate::wechat_simulator) numbered: bool,
    /// When it ends; permanent when absent.
    pub(in crate::wechat_simulator) ends_at: Option<Timestamp>,
    /// What the code says.
    pub(in crate::wechat_simulator) url: String,
}

/// A template message that was sent.
#[derive(Clone, Debug, Serialize)]
pub(in crate::wechat_simulator) struct TemplateMessage {
    /// WeChat's number.
    pub(in crate::wechat_simulator) msgid: i64,
    /// The account it came from.
    pub(in crate::wechat_simulator) app_id: String,
    /// The whole request.
    pub(in crate::wechat_simulator) request: Value,
}

/// What service accounts have.
#[derive(Default)]
pub(in crate::wechat_simulator) struct Services {
    /// Parametric codes.
    pub(in crate::wechat_simulator) tickets: Vec<Ticket>,
    /// Templates that the accounts chose.
    pub(in crate::wechat_simulator) templates: Vec<String>,
    /// Template messages that were sent.
    pub(in crate::wechat_simulator) messages: Vec<TemplateMessage>,
    /// Openids of people who refuse template messages.
    pub(in crate::wechat_simulator) refusing: Vec<String>,
}

fn described(known: &Known) -> Value {
    let Some(follow) = &known.follow else { return json!({ "subscribe": 0, "openid": known.openid }) };
    let mut body = json!({
        "subscribe": 1,
        "openid": known.openid,
        "nickname": "",
        "sex": 0,
        "language": "zh_CN",
        "city": "",
        "province": "",
        "country": "",
        "headimgurl": "",
        "subscribe_time": follow.since.seconds(),
        "remark": "",
        "groupid": 0,
        "tagid_list": [],
        "subscribe_scene": follow.way,
        "qr_scene": follow.qr_scene,
        "qr_scene_str": follow.qr_scene_str,
    });
    if let (Some(unionid), Some(fields)) = (&known.unionid, body.as_object_mut()) {
        fields.insert("unionid".to_owned(), unionid.as_str().into());
    }
    body
}

fn person(world: &World, app: &OpenApp, openid: Option<&str>) -> Result<Known, OpenRefusal> {
    let known = openid.and_then(|openid| locked(&world.people).known(app, openid));
    known.ok_or_else(|| OpenRefusal::new(40003, "invalid openid"))
}

/// `GET /cgi-bin/user/info`.
pub(super) async fn get_user(world: Data<World>, query: Parameters) -> OpenAnswer {
    let app = admit(&world, &query, AppKind::Service)?;
    let known = person(&world, &app, given(&query, "openid"))?;
    Ok(answer(&described(&known)))
}

/// `POST /cgi-bin/user/info/batchget`.
pub(super) async fn get_users(world: Data<World>, query: Parameters, body: Bytes) -> OpenAnswer {
    let app = admit(&world, &query, AppKind::Service)?;
    let body = read_body(&body)?;
    let asked = body.get("user_list").and_then(Value::as_array).filter(|list| (1..=BATCH_MOST).contains(&list.len()));
    let asked = asked.ok_or_else(|| OpenRefusal::new(40097, "invalid args"))?;
    let people = asked.iter().map(|entry| {
        let known = person(&world, &app, entry.get("openid").and_then(Value::as_str))?;
        Ok(described(&known))
    });
    let people = people.collect::<Result<Vec<_>, OpenRefusal>>()?;
    Ok(answer(&json!({ "user_info_list": people })))
}

/// What kind of code is asked for.
struct CodeKind {
    temporary: bool,
    numbered: bool,
}

/// `POST /cgi-bin/qrcode/create`.
pub(super) async fn create_qrcode(world: Data<World>, query: Parameters, body: Bytes) -> OpenAnswer {
    let app = admit(&world, &query, AppKind::Service)?;
    let body = read_body(&body)?;
    let kind = match body.get("action_name").and_then(Value::as_str) {
        Some("QR_SCENE") => CodeKind { temporary: true, numbered: true },
        Some("QR_STR_SCENE") => CodeKind { temporary: true, numbered: false },
        Some("QR_LIMIT_SCENE") => CodeKind { temporary: false, numbered: true },
        Some("QR_LIMIT_STR_SCENE") => CodeKind { temporary: false, numbered: false },
        _ => return Err(OpenRefusal::new(40052, "invalid action name")),
    };
    let scene =
        read_scene(&kind, body.get("action_info").ok_or_else(|| OpenRefusal::new(40053, "invalid action info"))?)?;
    let seconds = match body.get("expire_seconds") {
        None | Some(Value::Null) => CODE_SECONDS,
        Some(asked) => {
            let seconds = asked.as_i64().filter(|seconds| (1..=CODE_SECONDS_MOST).contains(seconds));
            seconds.ok_or_else(|| OpenRefusal::new(40097, "invalid args"))?
        }
    };
    let ticket = Ticket {
        ticket: format!("gQ{}==", world.dice.letters(92)),
        app_id: app.app_id.clone(),
        scene,
        numbered: kind.numbered,
        ends_at: kind.temporary.then(|| world.now().plus_millis(seconds.saturating_mul(SECOND_MS))),
        url: format!("http://weixin.qq.com/q/{}", world.dice.letters(22)),
    };
    let mut services = locked(&world.services);
    let permanent = services.tickets.iter().filter(|ticket| ticket.ends_at.is_none() && ticket.app_id == app.app_id);
    if !kind.temporary && permanent.count() >= PERMANENT_MOST {
        return Err(OpenRefusal::new(45029, "qrcode count out of limit"));
    }
    let mut told = json!({ "ticket": ticket.ticket, "url": ticket.url });
    if let (true, Some(fields)) = (kind.temporary, told.as_object_mut()) {
        fields.insert("expire_seconds".to_owned(), seconds.into());
    }
    services.tickets.push(ticket);
    Ok(answer(&told))
}

/// The scene as pushes will tell it. One who forgets the inner object gets a code that says 0, as the real one does.
fn read_scene(kind: &CodeKind, info: &Value) -> Result<String, OpenRefusal> {
    let Some(scene) = info.get("scene") else { return Ok("0".to_owned()) };
    let wrong = || OpenRefusal::new(40053, "invalid action info");
    if kind.numbered {
        let most = if kind.temporary { i64::from(u32::MAX) } else { LIMIT_SCENE_MOST };
        let number = scene.get("scene_id").and_then(Value::as_i64).filter(|number| (1..=most).contains(number));
        return number.map(|number| number.to_string()).ok_or_else(wrong);
    }
    let text = scene.get("scene_str").and_then(Value::as_str);
    let text = text.filter(|text| (1..=SCENE_MOST).contains(&text.chars().count()));
    text.map(str::to_owned).ok_or_else(wrong)
}

/// `GET /cgi-bin/showqrcode`: the picture of a code.
pub(super) async fn show_qrcode(world: Data<World>, query: Parameters) -> OpenAnswer {
    let name = given(&query, "ticket").unwrap_or_default();
    let url =
        locked(&world.services).tickets.iter().find(|ticket| ticket.ticket == name).map(|known| known.url.clone());
    let picture = url.and_then(|url| super::codes::picture(&url, 430));
    let picture = picture.ok_or_else(|| OpenRefusal::new(40001, "invalid ticket").with_status(404))?;
    Ok(HttpResponse::Ok().content_type("image/jpg").body(picture))
}

/// `POST /cgi-bin/message/template/send`. The outcome is pushed soon after.
pub(super) async fn send_template(world: Data<World>, query: Parameters, body: Bytes) -> OpenAnswer {
    let app = admit(&world, &query, AppKind::Service)?;
    let body = read_body(&body)?;
    let known = person(&world, &app, body.get("touser").and_then(Value::as_str))?;
    let (msgid, fresh) = {
        let mut services = locked(&world.services);
        let template = body.get("template_id").and_then(Value::as_str).unwrap_or_default();
        if !services.templates.iter().any(|known| known == template) {
            return Err(OpenRefusal::new(40037, "invalid template_id"));
        }
        check_data(&body)?;
        if known.follow.is_none() {
            return Err(OpenRefusal::new(43004, "require subscribe"));
        }
        if services.refusing.contains(&known.openid) {
            return Err(OpenRefusal::new(43101, "user refuse to accept the msg"));
        }
        let named = body.get("client_msg_id").and_then(Value::as_str);
        let same = |sent: &&TemplateMessage| {
            named.is_some()
                && sent.app_id == app.app_id
                && sent.request.get("client_msg_id").and_then(Value::as_str) == named
        };
        match services.messages.iter().find(same) {
            Some(sent) => (sent.msgid, false),
            None => {
                let msgid = world.dice.below(i64::MAX / 4).saturating_add(1);
                services.messages.push(TemplateMessage { msgid, app_id: app.app_id.clone(), request: body });
                (msgid, true)
            }
        }
    };
    if fresh {
        let fields =
            vec![("Event", json!("TEMPLATESENDJOBFINISH")), ("MsgID", json!(msgid)), ("Status", json!("success"))];
        let draft = Draft { openid: known.openid, kind: "event", fields };
        // An account without an address for pushes is told nothing.
        let _told = push::file(&world, &app, draft, PushTwist::default());
    }
    Ok(answer(&json!({ "errcode": 0, "errmsg": "ok", "msgid": msgid })))
}

fn check_data(body: &Value) -> Result<(), OpenRefusal> {
    let filled = |field: &Value| field.get("value").and_then(Value::as_str).is_some_and(|value| !value.is_empty());
    let data = body.get("data").and_then(Value::as_object);
    if data.is_some_and(|data| !data.is_empty() && data.values().all(filled)) {
        Ok(())
    } else {
        Err(OpenRefusal::new(47003, "argument invalid!"))
    }
}
