//! The live service of mini-programs: rooms, a library of goods that are looked at first, and people who want to be told.
//!
//! Rooms end by themselves: one that nobody opened by its end expires, one whose anchor is lost is over after fifteen
//! minutes. Recordings appear ten minutes after the end. Anything else that would happen by itself at WeChat, such as an
//! anchor opening the room, the tester does under `/_sim/live`.
//!
//! Known only roughly, and simulated so: which errcode refuses what about goods under review.

pub(in crate::wechat_simulator) mod audience;
pub(in crate::wechat_simulator) mod goods;
pub(in crate::wechat_simulator) mod media;
pub(in crate::wechat_simulator) mod rooms;
pub(in crate::wechat_simulator) mod shelf;

use actix_web::web::{PayloadConfig, ServiceConfig};
use serde_json::Value;

use self::audience::Following;
use self::goods::Goods;
use self::media::Media;
use self::rooms::Room;
use super::{OpenRefusal, getting, posting};

/// Words that no name may contain.
const ILLEGAL: [&str; 2] = ["违禁", "赌博"];

/// What the live service remembers.
#[derive(Default)]
pub(in crate::wechat_simulator) struct Live {
    /// Pictures.
    pub(in crate::wechat_simulator) media: Vec<Media>,
    /// Rooms, oldest first.
    pub(in crate::wechat_simulator) rooms: Vec<Room>,
    /// The library.
    pub(in crate::wechat_simulator) goods: Vec<Goods>,
    /// Followers.
    pub(in crate::wechat_simulator) followings: Vec<Following>,
    /// Numbers given out so far.
    pub(in crate::wechat_simulator) last_number: i64,
}

impl Live {
    /// The next number of a room, goods or a review.
    fn number(&mut self) -> i64 {
        self.last_number = self.last_number.saturating_add(1);
        self.last_number
    }

    /// A room of this application.
    fn room(&mut self, app_id: &str, number: Option<i64>) -> Result<&mut Room, OpenRefusal> {
        let found = self.rooms.iter_mut().find(|room| room.app_id == app_id && Some(room.number) == number);
        found.ok_or_else(|| OpenRefusal::new(300_022, "room not exist"))
    }

    /// Goods of this application.
    fn goods(&mut self, app_id: &str, number: Option<i64>) -> Result<&mut Goods, OpenRefusal> {
        let found = self.goods.iter_mut().find(|goods| goods.app_id == app_id && Some(goods.number) == number);
        found.ok_or_else(|| OpenRefusal::new(300_024, "goods not exist"))
    }
}

fn wrong_arguments() -> OpenRefusal {
    OpenRefusal::new(200_002, "invalid parameter")
}

fn state_forbids() -> OpenRefusal {
    OpenRefusal::new(300_023, "room status not allow")
}

fn number_of(body: &Value, name: &str) -> Option<i64> {
    body.get(name).and_then(Value::as_i64)
}

fn text_of<'a>(body: &'a Value, name: &str) -> &'a str {
    body.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// How wide a name is: a Chinese character counts as two.
fn width(text: &str) -> usize {
    text.chars().map(|letter| if letter.is_ascii() { 1 } else { 2 }).sum()
}

fn check_name(name: &str, from: usize, to: usize) -> Result<(), OpenRefusal> {
    if !(from..=to).contains(&width(name)) {
        return Err(OpenRefusal::new(300_002, "name length invalid"));
    }
    if ILLEGAL.iter().any(|word| name.contains(word)) {
        return Err(OpenRefusal::new(300_028, "name has illegal content"));
    }
    Ok(())
}

/// The calls.
pub(super) fn routes(cfg: &mut ServiceConfig) {
    let pictures = PayloadConfig::new(media::MOST_BYTES);
    cfg.service(posting("/cgi-bin/media/upload", media::upload).app_data(pictures))
        .service(posting("/wxaapi/broadcast/room/create", rooms::create))
        .service(posting("/wxaapi/broadcast/room/editroom", rooms::edit))
        .service(posting("/wxaapi/broadcast/room/deleteroom", rooms::delete))
        .service(posting("/wxa/business/getliveinfo", rooms::list))
        .service(getting("/wxaapi/broadcast/room/getpushurl", rooms::push_url))
        .service(getting("/wxaapi/broadcast/room/getsharedcode", rooms::shared_code))
        .service(posting("/wxaapi/broadcast/room/addgoods", shelf::add))
        .service(posting("/wxaapi/broadcast/goods/deleteInRoom", shelf::remove))
        .service(posting("/wxaapi/broadcast/goods/push", shelf::push))
        .service(posting("/wxaapi/broadcast/goods/onsale", shelf::sell))
        .service(posting("/wxaapi/broadcast/goods/sort", shelf::sort))
        .service(posting("/wxaapi/broadcast/goods/add", goods::add))
        .service(posting("/wxaapi/broadcast/goods/update", goods::update))
        .service(posting("/wxaapi/broadcast/goods/audit", goods::audit))
        .service(posting("/wxaapi/broadcast/goods/resetaudit", goods::reset_audit))
        .service(posting("/wxaapi/broadcast/goods/delete", goods::delete))
        .service(getting("/wxaapi/broadcast/goods/getapproved", goods::by_status))
        .service(posting("/wxa/business/getgoodswarehouse", goods::in_library))
        .service(posting("/wxa/business/get_wxa_followers", audience::followers))
        .service(posting("/wxa/business/push_message", audience::tell));
}
