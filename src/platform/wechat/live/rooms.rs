//! Rooms: making, changing, listing, and what is shown in them.

use serde::{Deserialize, Serialize};

use crate::kernel::money::Fen;
use crate::kernel::time::{DAY_MS, MINUTE_MS, SECOND_MS, Timestamp};
use crate::platform::wechat::client::{WechatClient, read_api_reply};
use crate::platform::wechat::error::WechatError;
use crate::platform::wechat::transport::Reply;

/// Rooms or recordings of one page at most.
const MAX_PAGE: i64 = 100;
/// Goods put into a room at once at most.
const MAX_GOODS: usize = 200;
/// The answer when there is not one room yet.
const NO_ROOM_YET: &str = "1";

/// What viewers may not do, and staff do without.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LiveSwitches {
    /// Nobody likes.
    pub likes_closed: bool,
    /// The shelf is not shown.
    pub goods_closed: bool,
    /// Nobody comments.
    pub comments_closed: bool,
    /// The show is not recorded.
    pub replay_closed: bool,
    /// The room is not handed on.
    pub share_closed: bool,
    /// Customer service is not shown.
    pub service_closed: bool,
}

/// A room as it is to be.
#[derive(Debug, Clone, Copy)]
pub struct LiveRoomDraft<'a> {
    /// 3 to 17 Chinese characters.
    pub name: &'a str,
    /// The background: a media id.
    pub cover_media: &'a str,
    /// The picture of shares: a media id.
    pub share_media: &'a str,
    /// The picture in WeChat's lists: a media id.
    pub feeds_media: &'a str,
    /// Ten minutes to six months ahead.
    pub starts_at: Timestamp,
    /// Half an hour to a day after the start.
    pub ends_at: Timestamp,
    /// 2 to 15 Chinese characters.
    pub anchor_name: &'a str,
    /// The anchor's WeChat number, who has proven who they are.
    pub anchor_wechat: &'a str,
    /// Whether the picture is published by RTMP; otherwise by the anchor's phone.
    pub published: bool,
    /// Whether WeChat's own lists may show it.
    pub feeds_public: bool,
    /// What is switched off.
    pub switches: LiveSwitches,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RoomBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<i64>,
    name: &'a str,
    cover_img: &'a str,
    share_img: &'a str,
    feeds_img: &'a str,
    start_time: i64,
    end_time: i64,
    anchor_name: &'a str,
    anchor_wechat: &'a str,
    #[serde(rename = "type")]
    kind: u8,
    is_feeds_public: u8,
    close_like: u8,
    close_goods: u8,
    close_comment: u8,
    close_replay: u8,
    close_share: u8,
    close_kf: u8,
}

impl<'a> LiveRoomDraft<'a> {
    /// Checks what WeChat would refuse for certain. Names are counted as WeChat does: two for each Chinese character.
    fn check(&self, call: &'static str, now: Timestamp) -> Result<(), WechatError> {
        let wide = |text: &str| -> usize { text.chars().map(|letter| if letter.is_ascii() { 1 } else { 2 }).sum() };
        let ahead = self.starts_at.millis_since(now);
        let length = self.ends_at.millis_since(self.starts_at);
        let wrong = if !(6..=34).contains(&wide(self.name)) {
            Some("name")
        } else if !(4..=30).contains(&wide(self.anchor_name)) {
            Some("anchor_name")
        } else if self.anchor_wechat.is_empty() {
            Some("anchor_wechat")
        } else if !(10 * MINUTE_MS..=183 * DAY_MS).contains(&ahead) {
            Some("starts_at")
        } else if !(30 * MINUTE_MS..=DAY_MS).contains(&length) {
            Some("ends_at")
        } else if [self.cover_media, self.share_media, self.feeds_media].contains(&"") {
            Some("media")
        } else {
            None
        };
        wrong.map_or(Ok(()), |field| Err(WechatError::invalid(call, field)))
    }

    fn body(&self, id: Option<i64>) -> RoomBody<'a> {
        let switches = self.switches;
        RoomBody {
            id,
            name: self.name,
            cover_img: self.cover_media,
            share_img: self.share_media,
            feeds_img: self.feeds_media,
            start_time: self.starts_at.seconds(),
            end_time: self.ends_at.seconds(),
            anchor_name: self.anchor_name,
            anchor_wechat: self.anchor_wechat,
            kind: self.published.into(),
            is_feeds_public: self.feeds_public.into(),
            close_like: switches.likes_closed.into(),
            close_goods: switches.goods_closed.into(),
            close_comment: switches.comments_closed.into(),
            close_replay: switches.replay_closed.into(),
            close_share: switches.share_closed.into(),
            close_kf: switches.service_closed.into(),
        }
    }
}

/// What became of a room that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreatedRoom {
    /// It is there, under this number.
    Made(i64),
    /// The anchor must first prove who they are, by scanning this code.
    AnchorUnverified {
        /// The picture of the code.
        qr_code_url: String,
    },
}

#[derive(Deserialize)]
struct CreateReply {
    #[serde(default)]
    errcode: i64,
    #[serde(default, rename = "roomId")]
    room_id: i64,
    #[serde(default)]
    qrcode_url: String,
}

fn read_created(call: &'static str, reply: &Reply) -> Result<CreatedRoom, WechatError> {
    // The refusal because of the anchor is the one that brings more than its code.
    if let Ok(told) = serde_json::from_slice::<CreateReply>(&reply.body)
        && told.errcode == 300_036
        && !told.qrcode_url.is_empty()
    {
        return Ok(CreatedRoom::AnchorUnverified { qr_code_url: told.qrcode_url });
    }
    let told: CreateReply = read_api_reply(call, reply)?;
    if told.room_id > 0 { Ok(CreatedRoom::Made(told.room_id)) } else { Err(WechatError::bad_reply(call, "no room")) }
}

/// Where a room stands at WeChat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LiveStatus {
    /// 101.
    Live,
    /// 102.
    NotStarted,
    /// 103.
    Ended,
    /// 104: WeChat closed it.
    Banned,
    /// 105.
    Paused,
    /// 106: the anchor is lost; after fifteen minutes it is over.
    Abnormal,
    /// 107: it never started.
    Expired,
    /// A number that is not documented.
    Other(i64),
}

impl LiveStatus {
    /// What WeChat's number means.
    pub const fn of(number: i64) -> Self {
        match number {
            101 => Self::Live,
            102 => Self::NotStarted,
            103 => Self::Ended,
            104 => Self::Banned,
            105 => Self::Paused,
            106 => Self::Abnormal,
            107 => Self::Expired,
            other => Self::Other(other),
        }
    }

    /// WeChat's number.
    pub const fn number(self) -> i64 {
        match self {
            Self::Live => 101,
            Self::NotStarted => 102,
            Self::Ended => 103,
            Self::Banned => 104,
            Self::Paused => 105,
            Self::Abnormal => 106,
            Self::Expired => 107,
            Self::Other(number) => number,
        }
    }
}

/// Goods as a room shows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomGoods {
    /// Their number in the library.
    pub goods_id: i64,
    /// What they are called.
    pub name: String,
    /// The price, or the lower end of a range, or the price before.
    pub price: Fen,
}

/// A room as WeChat tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveRoomInfo {
    /// Its number.
    pub room_id: i64,
    /// What it is called.
    pub name: String,
    /// Who presents.
    pub anchor_name: String,
    /// Where it stands.
    pub status: LiveStatus,
    /// When it starts.
    pub starts_at: Timestamp,
    /// When it is over.
    pub ends_at: Timestamp,
    /// What is on its shelf, in order.
    pub goods: Vec<RoomGoods>,
}

/// A page of rooms, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LiveRoomPage {
    /// How many there are in all.
    pub total: i64,
    /// Those of the page.
    pub rooms: Vec<LiveRoomInfo>,
}

#[derive(Deserialize)]
struct ListReply {
    #[serde(default)]
    total: i64,
    #[serde(default)]
    room_info: Vec<RoomReply>,
}

#[derive(Deserialize)]
struct RoomReply {
    roomid: i64,
    #[serde(default)]
    name: String,
    #[serde(default)]
    anchor_name: String,
    live_status: i64,
    start_time: i64,
    end_time: i64,
    #[serde(default)]
    goods: Vec<RoomGoodsReply>,
}

#[derive(Deserialize)]
struct RoomGoodsReply {
    goods_id: i64,
    #[serde(default)]
    name: String,
    #[serde(default)]
    price: i64,
}

impl From<RoomReply> for LiveRoomInfo {
    fn from(told: RoomReply) -> Self {
        let moment = |seconds: i64| Timestamp::from_millis(seconds.saturating_mul(SECOND_MS));
        let goods = told.goods.into_iter().map(|goods| RoomGoods {
            goods_id: goods.goods_id,
            name: goods.name,
            price: Fen::new(goods.price),
        });
        Self {
            room_id: told.roomid,
            name: told.name,
            anchor_name: told.anchor_name,
            status: LiveStatus::of(told.live_status),
            starts_at: moment(told.start_time),
            ends_at: moment(told.end_time),
            goods: goods.collect(),
        }
    }
}

/// A recording of a show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveReplay {
    /// Where it is.
    pub media_url: String,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it is gone.
    pub expires_at: Option<Timestamp>,
}

#[derive(Deserialize)]
struct ReplayReply {
    #[serde(default)]
    live_replay: Vec<ReplayEntry>,
}

#[derive(Deserialize)]
struct ReplayEntry {
    #[serde(default)]
    media_url: String,
    #[serde(default)]
    create_time: String,
    #[serde(default)]
    expire_time: String,
}

/// The code of a room, and what it opens.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SharedCode {
    /// The picture of the code.
    pub cdn_url: String,
    /// The page of the mini-program that it opens.
    pub page_path: String,
    /// The poster with the code.
    #[serde(default)]
    pub poster_url: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PushUrlReply {
    push_addr: String,
}

#[derive(Deserialize)]
struct Nothing {}

impl WechatClient {
    /// Asks for a room.
    ///
    /// Refusals worth a branch: [`LiveTrouble`](super::LiveTrouble).
    pub async fn create_live_room(
        &self,
        draft: &LiveRoomDraft<'_>,
        now: Timestamp,
    ) -> Result<CreatedRoom, WechatError> {
        const CALL: &str = "live_room_create";
        draft.check(CALL, now)?;
        self.post_for(CALL, "/wxaapi/broadcast/room/create", &draft.body(None), read_created).await
    }

    /// Changes a room that has not started.
    pub async fn edit_live_room(
        &self,
        room_id: i64,
        draft: &LiveRoomDraft<'_>,
        now: Timestamp,
    ) -> Result<(), WechatError> {
        const CALL: &str = "live_room_edit";
        draft.check(CALL, now)?;
        let body = draft.body(Some(room_id));
        self.post::<Nothing>(CALL, "/wxaapi/broadcast/room/editroom", &body).await.map(|_| ())
    }

    /// Removes a room.
    pub async fn delete_live_room(&self, room_id: i64) -> Result<(), WechatError> {
        let body = serde_json::json!({ "id": room_id });
        self.post::<Nothing>("live_room_delete", "/wxaapi/broadcast/room/deleteroom", &body).await.map(|_| ())
    }

    /// Rooms, newest first, from this place on, at most 100.
    pub async fn live_rooms(&self, start: i64, limit: i64) -> Result<LiveRoomPage, WechatError> {
        let body = serde_json::json!({ "start": start, "limit": limit.clamp(1, MAX_PAGE) });
        let told = self.post::<ListReply>("live_rooms", "/wxa/business/getliveinfo", &body).await;
        match told {
            Ok(told) => {
                Ok(LiveRoomPage { total: told.total, rooms: told.room_info.into_iter().map(Into::into).collect() })
            }
            Err(error) if error.code() == Some(NO_ROOM_YET) => Ok(LiveRoomPage::default()),
            Err(error) => Err(error),
        }
    }

    /// Recordings of a room; there are none until about ten minutes after its end.
    pub async fn live_replays(&self, room_id: i64) -> Result<Vec<LiveReplay>, WechatError> {
        let body = serde_json::json!({ "action": "get_replay", "room_id": room_id, "start": 0, "limit": MAX_PAGE });
        let told: ReplayReply = self.post("live_replays", "/wxa/business/getliveinfo", &body).await?;
        let filled = told.live_replay.into_iter().filter(|entry| !entry.media_url.is_empty());
        let replay = |entry: ReplayEntry| LiveReplay {
            created_at: Timestamp::parse_rfc3339(&entry.create_time),
            expires_at: Timestamp::parse_rfc3339(&entry.expire_time),
            media_url: entry.media_url,
        };
        Ok(filled.map(replay).collect())
    }

    /// Where to publish the picture of a room; WeChat signs it.
    pub async fn live_push_url(&self, room_id: i64) -> Result<String, WechatError> {
        let room = room_id.to_string();
        let path = "/wxaapi/broadcast/room/getpushurl";
        let told: PushUrlReply = self.get("live_push_url", path, &[("roomId", &room)]).await?;
        Ok(told.push_addr)
    }

    /// The code of a room. `params` come back to the mini-program as `custom_params`: a JSON object of at most 600
    /// characters.
    pub async fn live_shared_code(&self, room_id: i64, params: Option<&str>) -> Result<SharedCode, WechatError> {
        const CALL: &str = "live_shared_code";
        if params.is_some_and(|params| params.chars().count() > 600) {
            return Err(WechatError::invalid(CALL, "params"));
        }
        let room = room_id.to_string();
        let fields: Vec<(&str, &str)> =
            std::iter::once(("roomId", room.as_str())).chain(params.map(|params| ("params", params))).collect();
        self.get(CALL, "/wxaapi/broadcast/room/getsharedcode", &fields).await
    }

    /// Puts approved goods on the shelf of a room, at most 200 at once.
    pub async fn add_live_room_goods(&self, room_id: i64, goods: &[i64]) -> Result<(), WechatError> {
        const CALL: &str = "live_room_add_goods";
        if goods.is_empty() || goods.len() > MAX_GOODS {
            return Err(WechatError::invalid(CALL, "goods"));
        }
        let body = serde_json::json!({ "ids": goods, "roomId": room_id });
        self.post::<Nothing>(CALL, "/wxaapi/broadcast/room/addgoods", &body).await.map(|_| ())
    }

    /// Takes goods off the shelf of a room.
    pub async fn remove_live_room_goods(&self, room_id: i64, goods_id: i64) -> Result<(), WechatError> {
        let body = serde_json::json!({ "roomId": room_id, "goodsId": goods_id });
        self.post::<Nothing>("live_room_delete_goods", "/wxaapi/broadcast/goods/deleteInRoom", &body).await.map(|_| ())
    }

    /// Shows goods to those who watch, as the ones being explained.
    pub async fn push_live_room_goods(&self, room_id: i64, goods_id: i64) -> Result<(), WechatError> {
        let body = serde_json::json!({ "roomId": room_id, "goodsId": goods_id });
        self.post::<Nothing>("live_room_push_goods", "/wxaapi/broadcast/goods/push", &body).await.map(|_| ())
    }

    /// Puts goods of a room on sale or takes them off.
    pub async fn sell_live_room_goods(&self, room_id: i64, goods_id: i64, on_sale: bool) -> Result<(), WechatError> {
        let body = serde_json::json!({ "roomId": room_id, "goodsId": goods_id, "onSale": u8::from(on_sale) });
        self.post::<Nothing>("live_room_goods_on_sale", "/wxaapi/broadcast/goods/onsale", &body).await.map(|_| ())
    }

    /// Puts the goods of a room into this order; all of them must be named.
    pub async fn sort_live_room_goods(&self, room_id: i64, goods: &[i64]) -> Result<(), WechatError> {
        let order: Vec<_> = goods.iter().map(|id| serde_json::json!({ "goodsId": id })).collect();
        let body = serde_json::json!({ "roomId": room_id, "goods": order });
        self.post::<Nothing>("live_room_sort_goods", "/wxaapi/broadcast/goods/sort", &body).await.map(|_| ())
    }
}
