//! Rooms.

use actix_web::web::{Bytes, Data};
use md5::{Digest as _, Md5};
use serde::Serialize;
use serde_json::{Value, json};

use super::goods::Price;
use super::{Live, check_name, number_of, state_forbids, text_of, width, wrong_arguments};
use crate::kernel::time::{DAY_MS, MINUTE_MS, SECOND_MS, Timestamp};
use crate::wechat_simulator::apps::AppKind;
use crate::wechat_simulator::open::{OpenAnswer, OpenRefusal, Parameters, admit, answer, done, given, read_body};
use crate::wechat_simulator::state::{World, locked};

/// The plugin that shows rooms.
const PLUGIN: &str = "plugin-private://wx2b03c6e691cd7370/pages/live-player-plugin";
/// How long an address to publish to is good for.
const PUSH_MS: i64 = DAY_MS;
/// How long after a lost anchor the room is over.
const LOST_MS: i64 = 15 * MINUTE_MS;
/// How long after its end a room's recording is there.
const REPLAY_MS: i64 = 10 * MINUTE_MS;
/// How long a recording is kept.
const REPLAY_KEPT_MS: i64 = 365 * DAY_MS;

/// The states of a room, by WeChat's numbers.
pub(super) const LIVE: i64 = 101;
pub(super) const NOT_STARTED: i64 = 102;
pub(super) const ENDED: i64 = 103;
const BANNED: i64 = 104;
const PAUSED: i64 = 105;
const ABNORMAL: i64 = 106;
const EXPIRED: i64 = 107;

/// Goods on a room's shelf.
#[derive(Clone, Debug, Serialize)]
pub(in crate::wechat_simulator) struct Shown {
    /// Their number.
    pub(in crate::wechat_simulator) goods_id: i64,
    /// Whether they can be bought.
    pub(in crate::wechat_simulator) on_sale: bool,
}

/// A room.
#[derive(Clone, Debug, Serialize)]
pub(in crate::wechat_simulator) struct Room {
    /// Its number.
    pub(in crate::wechat_simulator) number: i64,
    /// Whose it is.
    pub(in crate::wechat_simulator) app_id: String,
    /// Where it stands.
    pub(in crate::wechat_simulator) status: i64,
    /// Since when.
    pub(in crate::wechat_simulator) since: Timestamp,
    /// Its shelf, in order.
    pub(in crate::wechat_simulator) goods: Vec<Shown>,
    /// What is shown as being explained.
    pub(in crate::wechat_simulator) pushed: Option<i64>,
    /// The day on which followers were told of it.
    pub(in crate::wechat_simulator) told_at: Option<Timestamp>,
    /// What was asked for.
    pub(in crate::wechat_simulator) asked: Asked,
}

/// What a request says of a room.
#[derive(Clone, Debug, Serialize)]
pub(in crate::wechat_simulator) struct Asked {
    name: String,
    cover: String,
    share: String,
    feeds: String,
    starts_at: Timestamp,
    ends_at: Timestamp,
    anchor_name: String,
    anchor_wechat: String,
    kind: i64,
    switches: Value,
}

impl Room {
    /// Goes on by itself, as time passes.
    fn age(&mut self, now: Timestamp) {
        if self.status == NOT_STARTED && now >= self.asked.ends_at {
            self.status = EXPIRED;
            self.since = self.asked.ends_at;
        }
        if self.status == ABNORMAL && now.millis_since(self.since) >= LOST_MS {
            self.status = ENDED;
            self.since = self.since.plus_millis(LOST_MS);
        }
    }

    /// Whether its shelf may still change.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.status, LIVE | NOT_STARTED | PAUSED | ABNORMAL)
    }

    /// The tester moves it: the anchor opens, pauses, resumes, loses or ends it, or WeChat closes it. `false` when it
    /// cannot go there from where it stands.
    pub(in crate::wechat_simulator) fn go_to(&mut self, status: i64, now: Timestamp) -> bool {
        let may = match status {
            LIVE => matches!(self.status, NOT_STARTED | PAUSED | ABNORMAL),
            PAUSED | ABNORMAL => self.status == LIVE,
            ENDED => matches!(self.status, LIVE | PAUSED | ABNORMAL),
            BANNED => self.is_open(),
            EXPIRED => self.status == NOT_STARTED,
            _ => false,
        };
        if may {
            self.status = status;
            self.since = now;
        }
        may
    }

    fn shown(&self, live: &Live) -> Value {
        let goods = self.goods.iter().filter_map(|shown| {
            let goods = live.goods.iter().find(|goods| goods.number == shown.goods_id)?;
            let Price { kind, first, second } = goods.asked.price;
            Some(json!({
                "goods_id": goods.number, "name": goods.asked.name, "cover_img": picture(&goods.asked.cover),
                "url": goods.asked.url, "price": first, "price2": second.unwrap_or(0), "price_type": kind,
                "third_party_appid": "",
            }))
        });
        let mut body = json!({
            "name": self.asked.name, "roomid": self.number, "cover_img": picture(&self.asked.cover),
            "share_img": picture(&self.asked.share), "feeds_img": picture(&self.asked.feeds), "live_status": self.status,
            "start_time": self.asked.starts_at.seconds(), "end_time": self.asked.ends_at.seconds(),
            "anchor_name": self.asked.anchor_name, "goods": goods.collect::<Vec<_>>(), "live_type": self.asked.kind,
            "creater_openid": "",
        });
        if let (Some(fields), Some(switches)) = (body.as_object_mut(), self.asked.switches.as_object()) {
            fields.extend(switches.clone());
        }
        body
    }
}

fn picture(media_id: &str) -> String {
    format!("http://mmbiz.qpic.cn/simulated/{media_id}")
}

impl Live {
    /// All rooms go on by themselves.
    pub(in crate::wechat_simulator) fn age(&mut self, now: Timestamp) {
        self.rooms.iter_mut().for_each(|room| room.age(now));
    }
}

fn read_room(world: &World, app_id: &str, body: &Value) -> Result<Asked, OpenRefusal> {
    let now = world.now();
    let (name, anchor_name) = (text_of(body, "name"), text_of(body, "anchorName"));
    check_name(name, 6, 34)?;
    let moment = |name| number_of(body, name).map(|seconds| Timestamp::from_millis(seconds.saturating_mul(SECOND_MS)));
    let (starts_at, ends_at) = moment("startTime").zip(moment("endTime")).ok_or_else(wrong_arguments)?;
    // The start is told in whole seconds.
    let ahead = starts_at.millis_since(now).saturating_add(SECOND_MS);
    let long = ends_at.millis_since(starts_at);
    let kind = number_of(body, "type").filter(|kind| matches!(kind, 0 | 1)).ok_or_else(wrong_arguments)?;
    let in_time = (10 * MINUTE_MS..=184 * DAY_MS).contains(&ahead) && (30 * MINUTE_MS..=DAY_MS).contains(&long);
    let anchored = (4..=30).contains(&width(anchor_name)) && !text_of(body, "anchorWechat").is_empty();
    if !in_time || !anchored {
        return Err(wrong_arguments());
    }
    let pictures = [text_of(body, "coverImg"), text_of(body, "shareImg"), text_of(body, "feedsImg")];
    let live = locked(&world.live);
    if !pictures.iter().all(|media| live.has_media(app_id, media, now)) {
        return Err(OpenRefusal::new(300_031, "invalid picture"));
    }
    let [cover, share, feeds] = pictures.map(str::to_owned);
    let switches = [
        ("isFeedsPublic", "is_feeds_public"),
        ("closeLike", "close_like"),
        ("closeGoods", "close_goods"),
        ("closeComment", "close_comment"),
        ("closeReplay", "close_replay"),
        ("closeShare", "close_share"),
        ("closeKf", "close_kf"),
    ];
    let switch = |(asked, told): (&str, &str)| Some((told.to_owned(), number_of(body, asked)?.into()));
    let switches: serde_json::Map<String, Value> = switches.into_iter().filter_map(switch).collect();
    Ok(Asked {
        name: name.to_owned(),
        cover,
        share,
        feeds,
        starts_at,
        ends_at,
        anchor_name: anchor_name.to_owned(),
        anchor_wechat: text_of(body, "anchorWechat").to_owned(),
        kind,
        switches: switches.into(),
    })
}

/// `POST /wxaapi/broadcast/room/create`.
pub(super) async fn create(world: Data<World>, query: Parameters, body: Bytes) -> OpenAnswer {
    let app = admit(&world, &query, AppKind::Mini)?;
    let asked = read_room(&world, &app.app_id, &read_body(&body)?)?;
    let unverified = locked(&world.knobs).settings().live.unverified_anchors.contains(&asked.anchor_wechat);
    if unverified {
        let url = format!("https://res.wx.qq.com/simulated/{}", world.dice.letters(12));
        return Ok(answer(&json!({ "errcode": 300_036, "errmsg": "anchor not realname", "qrcode_url": url })));
    }
    let now = world.now();
    let mut live = locked(&world.live);
    let number = live.number();
    let (app_id, goods) = (app.app_id.clone(), Vec::new());
    live.rooms.push(Room {
        number,
        app_id,
        status: NOT_STARTED,
        since: now,
        goods,
        pushed: None,
        told_at: None,
        asked,
    });
    Ok(answer(&json!({ "errcode": 0, "errmsg": "ok", "roomId": number })))
}

/// `POST /wxaapi/broadcast/room/editroom`.
pub(super) async fn edit(world: Data<World>, query: Parameters, body: Bytes) -> OpenAnswer {
    let app = admit(&world, &query, AppKind::Mini)?;
    let body = read_body(&body)?;
    let asked = read_room(&world, &app.app_id, &body)?;
    let mut live = locked(&world.live);
    live.age(world.now());
    let room = live.room(&app.app_id, number_of(&body, "id"))?;
    if room.status != NOT_STARTED {
        return Err(state_forbids());
    }
    room.asked = asked;
    Ok(done())
}

/// `POST /wxaapi/broadcast/room/deleteroom`.
pub(super) async fn delete(world: Data<World>, query: Parameters, body: Bytes) -> OpenAnswer {
    let app = admit(&world, &query, AppKind::Mini)?;
    let number = number_of(&read_body(&body)?, "id");
    let mut live = locked(&world.live);
    live.age(world.now());
    if matches!(live.room(&app.app_id, number)?.status, LIVE | PAUSED | ABNORMAL) {
        return Err(state_forbids());
    }
    live.rooms.retain(|room| room.app_id != app.app_id || Some(room.number) != number);
    Ok(done())
}

/// `POST /wxa/business/getliveinfo`: the rooms, newest first, or the recordings of one.
pub(super) async fn list(world: Data<World>, query: Parameters, body: Bytes) -> OpenAnswer {
    let app = admit(&world, &query, AppKind::Mini)?;
    let body = read_body(&body)?;
    let (start, limit) = number_of(&body, "start").zip(number_of(&body, "limit")).ok_or_else(wrong_arguments)?;
    let place =
        usize::try_from(start).ok().zip(usize::try_from(limit).ok()).filter(|(_, limit)| (1..=100).contains(limit));
    let (start, limit) = place.ok_or_else(wrong_arguments)?;
    let now = world.now();
    let mut live = locked(&world.live);
    live.age(now);
    if body.get("action").is_some_and(|action| action == "get_replay") {
        let replays: Vec<Value> = live.room(&app.app_id, number_of(&body, "room_id"))?.replays(now);
        let page: Vec<&Value> = replays.iter().skip(start).take(limit).collect();
        return Ok(answer(&json!({ "errcode": 0, "errmsg": "ok", "live_replay": page, "total": replays.len() })));
    }
    let own: Vec<&Room> = live.rooms.iter().rev().filter(|room| room.app_id == app.app_id).collect();
    if own.is_empty() {
        return Err(OpenRefusal::new(1, "room list empty"));
    }
    let page: Vec<Value> = own.iter().skip(start).take(limit).map(|room| room.shown(&live)).collect();
    Ok(answer(&json!({ "errcode": 0, "errmsg": "ok", "total": own.len(), "room_info": page })))
}

impl Room {
    fn replays(&self, now: Timestamp) -> Vec<Value> {
        let recorded = self.asked.switches.get("close_replay").and_then(Value::as_i64) != Some(1);
        let made_at = self.since.plus_millis(REPLAY_MS);
        if self.status != ENDED || !recorded || now < made_at {
            return Vec::new();
        }
        let whole = |moment: Timestamp| moment.rfc3339_at_offset(0).replace("+00:00", "Z");
        vec![json!({
            "media_url": format!("http://simulated.vod2.myqcloud.com/{}/{}/replay.m3u8", self.app_id, self.number),
            "create_time": whole(made_at),
            "expire_time": whole(made_at.plus_millis(REPLAY_KEPT_MS)),
        })]
    }
}

fn room_in(query: &Parameters) -> Option<i64> {
    given(query, "roomId").and_then(|room| room.parse().ok())
}

/// `GET /wxaapi/broadcast/room/getpushurl`.
pub(super) async fn push_url(world: Data<World>, query: Parameters) -> OpenAnswer {
    let app = admit(&world, &query, AppKind::Mini)?;
    let mut live = locked(&world.live);
    live.age(world.now());
    let room = live.room(&app.app_id, room_in(&query))?;
    if room.asked.kind != 1 || !room.is_open() {
        return Err(state_forbids());
    }
    let stream = format!("{}_{}", app.app_id, room.number);
    let end = format!("{:X}", world.now().plus_millis(PUSH_MS).seconds());
    let secret = hex::encode(Md5::digest(format!("{}{stream}{end}", app.message_token)));
    let address = format!("rtmp://livepush.simulated/live/{stream}?txSecret={secret}&txTime={end}");
    Ok(answer(&json!({ "errcode": 0, "pushAddr": address })))
}

/// `GET /wxaapi/broadcast/room/getsharedcode`.
pub(super) async fn shared_code(world: Data<World>, query: Parameters) -> OpenAnswer {
    let app = admit(&world, &query, AppKind::Mini)?;
    let params = given(&query, "params");
    if params.is_some_and(|params| params.chars().count() > 600) {
        return Err(wrong_arguments());
    }
    let mut live = locked(&world.live);
    let number = live.room(&app.app_id, room_in(&query))?.number;
    let url = format!("https://mmbiz.qpic.cn/simulated/{}/{number}", app.app_id);
    let page = match params {
        Some(params) => {
            let fields = [("room_id", number.to_string()), ("custom_params", params.to_owned())];
            let address = reqwest::Url::parse_with_params("https://p/", fields).map_err(|_| wrong_arguments())?;
            format!("{PLUGIN}?{}", address.query().unwrap_or_default())
        }
        None => format!("{PLUGIN}?room_id={number}"),
    };
    let told = json!({
        "errcode": 0, "cdnUrl": format!("{url}/code.jpg"), "pagePath": page, "posterUrl": format!("{url}/poster.jpg"),
    });
    Ok(answer(&told))
}
