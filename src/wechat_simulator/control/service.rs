//! People and a service account: they follow, scan, tap and write, and what the shop answers is shown to the tester.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data, Path};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{ControlAnswer, ControlRefusal, read};
use crate::wechat_simulator::apps::{AppKind, OpenApp};
use crate::wechat_simulator::open::service::Ticket;
use crate::wechat_simulator::people::{Follow, Known, NewUser};
use crate::wechat_simulator::push::{self, Draft, PushFormat, PushMode, PushTarget, PushTwist};
use crate::wechat_simulator::state::{World, locked};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Aim {
    /// The service account when absent.
    app_id: Option<String>,
    url: String,
    #[serde(default)]
    mode: PushMode,
    #[serde(default)]
    format: PushFormat,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Check {
    app_id: Option<String>,
    /// The address that was set when absent.
    url: Option<String>,
    #[serde(default)]
    push: PushTwist,
}

/// What a person does; which fields count depends on the deed.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Deed {
    /// The service account when absent.
    app_id: Option<String>,
    /// Any openid of the person; somebody new when absent.
    openid: Option<String>,
    /// How they came to follow, `ADD_SCENE_…`.
    way: Option<String>,
    /// The code they scan.
    ticket: Option<String>,
    /// The key of the menu entry, or the address it opens.
    key: Option<String>,
    /// What they write.
    content: Option<String>,
    /// The name of any other event.
    event: Option<String>,
    /// The fields of that event.
    fields: Map<String, Value>,
    push: PushTwist,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Template {
    template_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refuse {
    openid: String,
    #[serde(default)]
    accept: bool,
}

fn app_of(world: &World, app_id: Option<&str>) -> Result<Arc<OpenApp>, ControlRefusal> {
    let app = match app_id {
        Some(app_id) => world.app(app_id),
        None => locked(&world.apps).first(AppKind::Service),
    };
    app.ok_or_else(|| ControlRefusal::unknown("application"))
}

/// `PUT /_sim/push-target`: where an application's messages go, and how.
pub(super) async fn aim_pushes(world: Data<World>, body: Bytes) -> ControlAnswer {
    let ask: Aim = read(&body)?;
    let app = app_of(&world, ask.app_id.as_deref())?;
    let target = PushTarget { url: ask.url, mode: ask.mode, format: ask.format };
    let shown = HttpResponse::Ok().json(&target);
    locked(&world.pushes).aim(&app.app_id, target);
    Ok(shown)
}

/// `POST /_sim/push-target/check`: what the console does when the address is entered.
pub(super) async fn check_push_target(world: Data<World>, body: Bytes) -> ControlAnswer {
    let ask: Check = read(&body)?;
    let app = app_of(&world, ask.app_id.as_deref())?;
    let known = locked(&world.pushes).target(&app.app_id).map(|target| target.url.clone());
    let url = ask.url.or(known).ok_or_else(|| ControlRefusal::bad("there is no address to check"))?;
    Ok(HttpResponse::Ok().json(push::check_url(&world, &app, &url, &ask.push).await))
}

/// `GET /_sim/pushes`: all messages, oldest first, with what the shop answered.
pub(super) async fn list_pushes(world: Data<World>) -> HttpResponse {
    let pushes = locked(&world.pushes);
    HttpResponse::Ok().json(json!({ "pushes": pushes.all() }))
}

/// `POST /_sim/pushes/flush`: delivers what waits, due or not.
pub(super) async fn flush_pushes(world: Data<World>) -> HttpResponse {
    let pushes = push::flush(&world).await;
    HttpResponse::Ok().json(json!({ "pushes": pushes }))
}

/// `POST /_sim/pushes/{id}/send`: sends one again, distorted as asked.
pub(super) async fn send_push(world: Data<World>, id: Path<String>, body: Bytes) -> ControlAnswer {
    let twist: PushTwist = read(&body)?;
    let attempts = push::send_again(&world, &id, &twist).await.ok_or_else(|| ControlRefusal::unknown("push"))?;
    Ok(HttpResponse::Ok().json(json!({ "attempts": attempts })))
}

/// `GET /_sim/service/codes`: parametric codes; `/messages`: template messages; `/links` beside them: links.
pub(super) async fn list_tickets(world: Data<World>) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "codes": locked(&world.services).tickets }))
}

/// `GET /_sim/service/messages`.
pub(super) async fn list_messages(world: Data<World>) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "messages": locked(&world.services).messages }))
}

/// `GET /_sim/links`: links that were made to the mini-program.
pub(super) async fn list_links(world: Data<World>) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "links": *locked(&world.links) }))
}

/// `POST /_sim/service/templates`: the account chooses a template.
pub(super) async fn add_template(world: Data<World>, body: Bytes) -> ControlAnswer {
    let ask: Template = read(&body)?;
    let id = ask.template_id.unwrap_or_else(|| world.dice.openid_letters(43));
    locked(&world.services).templates.push(id.clone());
    Ok(HttpResponse::Ok().json(json!({ "template_id": id })))
}

/// `POST /_sim/service/refuse`: a follower refuses template messages, or with `accept` takes them again.
pub(super) async fn refuse_messages(world: Data<World>, body: Bytes) -> ControlAnswer {
    let ask: Refuse = read(&body)?;
    let app = app_of(&world, None)?;
    let known = known_of(&world, &app, Some(&ask.openid))?;
    let mut services = locked(&world.services);
    services.refusing.retain(|openid| *openid != known.openid);
    if !ask.accept {
        services.refusing.push(known.openid.clone());
    }
    Ok(HttpResponse::Ok().json(json!({ "openid": known.openid })))
}

/// `POST /_sim/service/{deed}`: a person follows, unfollows, scans a code, taps a menu entry, opens one, or writes.
/// Answers the message and what the shop said to it.
pub(super) async fn act(world: Data<World>, deed: Path<String>, body: Bytes) -> ControlAnswer {
    let ask: Deed = read(&body)?;
    let app = app_of(&world, ask.app_id.as_deref())?;
    if app.kind != AppKind::Service && deed.as_str() != "event" {
        return Err(ControlRefusal::bad("only a service account is followed and written to"));
    }
    let known = known_of(&world, &app, ask.openid.as_deref())?;
    let twist = ask.push.clone();
    let (kind, fields) = message(&world, &known, &deed, ask)?;
    let id = push::file(&world, &app, Draft { openid: known.openid.clone(), kind, fields }, twist);
    let sent = match &id {
        Some(id) => push::deliver_now(&world, id).await,
        None => None,
    };
    Ok(HttpResponse::Ok().json(json!({ "openid": known.openid, "unionid": known.unionid, "push": sent })))
}

fn known_of(world: &World, app: &OpenApp, openid: Option<&str>) -> Result<Known, ControlRefusal> {
    let mut people = locked(&world.people);
    let home = match openid {
        Some(openid) => people.owner_of(openid).map(|(_, home)| home),
        None => Some(people.create(NewUser::default(), &world.dice).openid),
    };
    home.and_then(|home| people.meet(&home, app, &world.dice)).ok_or_else(|| ControlRefusal::unknown("user"))
}

/// The kind of a message and its own fields.
type Message = (&'static str, Vec<(&'static str, Value)>);

fn message(world: &World, known: &Known, deed: &str, ask: Deed) -> Result<Message, ControlRefusal> {
    let needed =
        |text: Option<String>, what: &str| text.ok_or_else(|| ControlRefusal::bad(format!("{what} is missing")));
    match deed {
        "follow" => {
            let way = ask.way.unwrap_or_else(|| "ADD_SCENE_SEARCH".to_owned());
            let follow = Follow { since: world.now(), way, qr_scene: 0, qr_scene_str: String::new() };
            locked(&world.people).follow(known, Some(follow));
            Ok(("event", vec![("Event", json!("subscribe")), ("EventKey", json!(""))]))
        }
        "unfollow" => {
            locked(&world.people).follow(known, None);
            Ok(("event", vec![("Event", json!("unsubscribe")), ("EventKey", json!(""))]))
        }
        "scan" => scan(world, known, &needed(ask.ticket, "ticket")?),
        "click" => {
            let key = needed(ask.key, "key")?;
            Ok(("event", vec![("Event", json!("CLICK")), ("EventKey", json!(key))]))
        }
        "view" => {
            let key = needed(ask.key, "key")?;
            Ok(("event", vec![("Event", json!("VIEW")), ("EventKey", json!(key)), ("MenuId", json!("1"))]))
        }
        "text" => {
            let content = needed(ask.content, "content")?;
            let msg_id = world.dice.below(i64::MAX / 4).saturating_add(1);
            Ok(("text", vec![("Content", json!(content)), ("MsgId", json!(msg_id))]))
        }
        "event" => {
            let mut fields = vec![("Event", json!(needed(ask.event, "event")?))];
            fields.extend(KNOWN_FIELDS.iter().filter_map(|name| Some((*name, ask.fields.get(*name)?.clone()))));
            if fields.len() == ask.fields.len().saturating_add(1) {
                Ok(("event", fields))
            } else {
                Err(ControlRefusal::bad(format!("fields may be {}", KNOWN_FIELDS.join(", "))))
            }
        }
        _ => Err(ControlRefusal::unknown("deed")),
    }
}

/// Fields that other events carry.
const KNOWN_FIELDS: [&str; 14] = [
    "EventKey",
    "Ticket",
    "MsgID",
    "Status",
    "Latitude",
    "Longitude",
    "Precision",
    "MenuId",
    "List",
    "trace_id",
    "SubscribeMsgPopupEvent",
    "SubscribeMsgChangeEvent",
    "SubscribeMsgSentEvent",
    "result",
];

fn scan(world: &World, known: &Known, name: &str) -> Result<Message, ControlRefusal> {
    let now = world.now();
    let lives = |ticket: &&Ticket| {
        ticket.ticket == name && ticket.app_id == known.app_id && ticket.ends_at.is_none_or(|end| now < end)
    };
    let ticket = locked(&world.services).tickets.iter().find(lives).cloned();
    let ticket = ticket.ok_or_else(|| ControlRefusal::unknown("living code of this account"))?;
    if known.follow.is_some() {
        let fields = vec![("Event", json!("SCAN")), ("EventKey", json!(ticket.scene)), ("Ticket", json!(name))];
        return Ok(("event", fields));
    }
    let number = if ticket.numbered { ticket.scene.parse().unwrap_or(0) } else { 0 };
    let text = if ticket.numbered { String::new() } else { ticket.scene.clone() };
    let way = "ADD_SCENE_QR_CODE".to_owned();
    let follow = Follow { since: now, way, qr_scene: number, qr_scene_str: text };
    locked(&world.people).follow(known, Some(follow));
    let key = format!("qrscene_{}", ticket.scene);
    Ok(("event", vec![("Event", json!("subscribe")), ("EventKey", json!(key)), ("Ticket", json!(name))]))
}
