//! What happens at the live service without the shop: anchors open and end rooms, reviews are decided, people follow.

use actix_web::HttpResponse;
use actix_web::web::{Bytes, Data, Path};
use serde::Deserialize;
use serde_json::json;

use super::{ControlAnswer, ControlRefusal, read};
use crate::wechat_simulator::apps::AppKind;
use crate::wechat_simulator::open::live::audience::Following;
use crate::wechat_simulator::people::NewUser;
use crate::wechat_simulator::state::{World, locked};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Move {
    /// WeChat's number of the state.
    status: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Decision {
    /// 2 passed, 3 refused.
    audit: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Follow {
    room_id: i64,
    /// Any openid of the person; somebody new when absent.
    openid: Option<String>,
}

/// `GET /_sim/live`: pictures, rooms, goods and followers.
pub(super) async fn show(world: Data<World>) -> HttpResponse {
    let mut live = locked(&world.live);
    live.age(world.now());
    HttpResponse::Ok().json(json!({
        "media": live.media, "rooms": live.rooms, "goods": live.goods, "followers": live.followings,
    }))
}

/// `POST /_sim/live/rooms/{number}`: a room moves.
pub(super) async fn move_room(world: Data<World>, number: Path<i64>, body: Bytes) -> ControlAnswer {
    let ask: Move = read(&body)?;
    let now = world.now();
    let mut live = locked(&world.live);
    live.age(now);
    let room = live.rooms.iter_mut().find(|room| room.number == *number);
    let room = room.ok_or_else(|| ControlRefusal::unknown("room"))?;
    if room.go_to(ask.status, now) {
        Ok(HttpResponse::Ok().json(room))
    } else {
        Err(ControlRefusal::bad(format!("a room that is {} cannot become {}", room.status, ask.status)))
    }
}

/// `POST /_sim/live/goods/{number}`: a review is decided.
pub(super) async fn decide_review(world: Data<World>, number: Path<i64>, body: Bytes) -> ControlAnswer {
    let ask: Decision = read(&body)?;
    let mut live = locked(&world.live);
    let goods = live.goods.iter_mut().find(|goods| goods.number == *number);
    let goods = goods.ok_or_else(|| ControlRefusal::unknown("goods"))?;
    if goods.decide(ask.audit) {
        Ok(HttpResponse::Ok().json(goods))
    } else {
        Err(ControlRefusal::bad("no review is under way, or audit is neither 2 nor 3"))
    }
}

/// `POST /_sim/live/follow`: a person wants to be told of every show.
pub(super) async fn follow(world: Data<World>, body: Bytes) -> ControlAnswer {
    let ask: Follow = read(&body)?;
    let app = locked(&world.apps).first(AppKind::Mini).ok_or_else(|| ControlRefusal::unknown("mini-program"))?;
    let known = {
        let mut people = locked(&world.people);
        let home = match &ask.openid {
            Some(openid) => people.owner_of(openid).map(|(_, home)| home),
            None => Some(people.create(NewUser::default(), &world.dice).openid),
        };
        home.and_then(|home| people.meet(&home, &app, &world.dice)).ok_or_else(|| ControlRefusal::unknown("user"))?
    };
    let mut live = locked(&world.live);
    if !live.rooms.iter().any(|room| room.number == ask.room_id && room.app_id == app.app_id) {
        return Err(ControlRefusal::unknown("room"));
    }
    live.followings.retain(|one| one.openid != known.openid);
    let since = world.now();
    live.followings.push(Following {
        app_id: app.app_id.clone(),
        openid: known.openid.clone(),
        room: ask.room_id,
        since,
    });
    Ok(HttpResponse::Ok().json(json!({ "openid": known.openid })))
}
