//! People who want to be told of shows.

use actix_web::web::{Bytes, Data};
use serde::Serialize;
use serde_json::{Value, json};

use super::{number_of, wrong_arguments};
use crate::kernel::time::{DAY_MS, Timestamp};
use crate::wechat_simulator::apps::AppKind;
use crate::wechat_simulator::open::{OpenAnswer, OpenRefusal, Parameters, admit, answer, read_body};
use crate::wechat_simulator::push::{self, Draft, PushTwist};
use crate::wechat_simulator::state::{World, locked};

/// Followers of one page, and people told at once, at most.
const MOST: i64 = 2_000;

/// One who wants to be told of every show.
#[derive(Clone, Debug, Serialize)]
pub(in crate::wechat_simulator) struct Following {
    /// Of which application.
    pub(in crate::wechat_simulator) app_id: String,
    /// Who.
    pub(in crate::wechat_simulator) openid: String,
    /// In which room they said so.
    pub(in crate::wechat_simulator) room: i64,
    /// When.
    pub(in crate::wechat_simulator) since: Timestamp,
}

/// `POST /wxa/business/get_wxa_followers`.
pub(super) async fn followers(world: Data<World>, query: Parameters, body: Bytes) -> OpenAnswer {
    let app = admit(&world, &query, AppKind::Mini)?;
    let body = read_body(&body)?;
    let limit = number_of(&body, "limit").filter(|limit| (1..=MOST).contains(limit)).ok_or_else(wrong_arguments)?;
    let from = number_of(&body, "page_break").unwrap_or(0);
    let place = usize::try_from(from).ok().zip(usize::try_from(limit).ok());
    let (from, limit) = place.ok_or_else(wrong_arguments)?;
    let live = locked(&world.live);
    let own: Vec<&Following> = live.followings.iter().filter(|following| following.app_id == app.app_id).collect();
    let page: Vec<Value> = own
        .iter()
        .skip(from)
        .take(limit)
        .map(|one| {
            let status = live.rooms.iter().find(|room| room.number == one.room).map(|room| room.status);
            json!({ "openid": one.openid, "room_id": one.room, "room_status": status,
                "subscribe_time": one.since.seconds() })
        })
        .collect();
    let next = from.saturating_add(page.len());
    let page_break = if next < own.len() { next } else { 0 };
    Ok(answer(&json!({ "errcode": 0, "followers": page, "page_break": page_break })))
}

/// `POST /wxa/business/push_message`: one room a day. The outcome is pushed soon after.
pub(super) async fn tell(world: Data<World>, query: Parameters, body: Bytes) -> OpenAnswer {
    let app = admit(&world, &query, AppKind::Mini)?;
    let body = read_body(&body)?;
    let asked = body.get("user_openid").and_then(Value::as_array).filter(|list| !list.is_empty());
    let asked = asked.filter(|list| list.len() <= 2_000).ok_or_else(wrong_arguments)?;
    let now = world.now();
    let (number, told) = {
        let mut live = locked(&world.live);
        let recently = |at: Timestamp| now.millis_since(at) < DAY_MS;
        let number = live.room(&app.app_id, number_of(&body, "room_id"))?.number;
        let other = live.rooms.iter().any(|room| room.app_id == app.app_id && room.told_at.is_some_and(recently));
        if other {
            return Err(OpenRefusal::new(9_410_006, "push limit"));
        }
        let wanted = |one: &&Following| one.app_id == app.app_id && asked.contains(&json!(one.openid));
        let told: Vec<String> = live.followings.iter().filter(wanted).map(|one| one.openid.clone()).collect();
        if told.is_empty() {
            return Err(OpenRefusal::new(9_410_005, "no follower"));
        }
        live.room(&app.app_id, Some(number))?.told_at = Some(now);
        (number, told)
    };
    let message_id = world.dice.digits(18);
    let fields = vec![
        ("Event", json!("wxalive_push_message_notify")),
        ("RoomId", json!(number)),
        ("MessageId", json!(message_id)),
        ("SuccessCount", json!(told.len())),
    ];
    let openid = told.into_iter().next().unwrap_or_default();
    // An application without an address for pushes is told nothing.
    let _told = push::file(&world, &app, Draft { openid, kind: "event", fields }, PushTwist::default());
    Ok(answer(&json!({ "errcode": 0, "message_id": message_id })))
}
