//! The words of mirrored rooms.

use serde::{Deserialize, Serialize};

use crate::catalog::ProductId;
use crate::entrance::EntranceId;
use crate::kernel::money::Fen;
use crate::kernel::time::{HOUR_MS, MINUTE_MS, Timestamp};
use crate::live::model::RoomId;
use crate::platform::db::schema::{live_official_goods, live_official_rooms, live_official_shelf};

crate::typed_id! {
    /// A product in WeChat's library of live goods.
    GoodsRowId,
}

/// How often a room that is on the air is looked at, in milliseconds.
pub(super) const ON_AIR_MS: i64 = MINUTE_MS;
/// How often another room is, in milliseconds.
pub(super) const QUIET_MS: i64 = 10 * MINUTE_MS;
/// How long after its end a room's recording is waited for, in milliseconds.
pub(super) const REPLAY_WAIT_MS: i64 = 2 * HOUR_MS;
/// How often a review that is under way is asked about, in milliseconds.
pub(super) const REVIEW_MS: i64 = 5 * MINUTE_MS;

/// WeChat's room that a room mirrors.
#[derive(Clone, Debug, PartialEq, Eq, diesel::Queryable, diesel::Selectable, diesel::Insertable)]
#[diesel(table_name = live_official_rooms, treat_none_as_default_value = false)]
pub(super) struct OfficialRoom {
    /// The room.
    pub(super) room_id: RoomId,
    /// In which mini-program.
    pub(super) entrance_id: EntranceId,
    /// WeChat's number of it, once it is there.
    pub(super) room_number: Option<i64>,
    /// WeChat's number of where it stands.
    pub(super) status: Option<i64>,
    /// The anchor's WeChat number.
    pub(super) anchor_wechat: String,
    /// Media id of its background, good for three days.
    pub(super) cover_media: Option<String>,
    /// Media id of the picture of shares.
    pub(super) share_media: Option<String>,
    /// Media id of the picture in WeChat's lists.
    pub(super) feeds_media: Option<String>,
    /// Where the anchor proves who they are, when they have to.
    pub(super) qr_code_url: Option<String>,
    /// Where its picture is published to, when it is not the anchor's phone that shows it.
    pub(super) push_address: Option<String>,
    /// The picture of its code.
    pub(super) share_code_url: Option<String>,
    /// The page of the mini-program that shows it.
    pub(super) page_path: Option<String>,
    /// Why WeChat did not make or change it, the last time.
    pub(super) failure: Option<String>,
    /// When it was last looked at.
    pub(super) mirrored_at: Option<Timestamp>,
    /// When it is looked at next.
    pub(super) mirror_due_at: Option<Timestamp>,
}

/// A product in WeChat's library of live goods.
#[derive(Clone, Debug, PartialEq, Eq, diesel::Queryable, diesel::Selectable, diesel::Insertable)]
#[diesel(table_name = live_official_goods, treat_none_as_default_value = false)]
pub(super) struct OfficialGoods {
    /// The row.
    pub(super) id: GoodsRowId,
    /// In which mini-program.
    pub(super) entrance_id: EntranceId,
    /// The product.
    pub(super) product_id: ProductId,
    /// WeChat's number of it, once there is one.
    pub(super) goods_id: Option<i64>,
    /// WeChat's number of its review.
    pub(super) audit_id: Option<i64>,
    /// Where the review stands, by WeChat's numbers.
    pub(super) audit_status: i64,
    /// What it is called there.
    pub(super) name: String,
    /// Its price, or the lowest of its prices.
    #[diesel(column_name = price_fen)]
    pub(super) price: Fen,
    /// 1 one price, 2 from one to another.
    pub(super) price_kind: i64,
    /// The highest of its prices.
    #[diesel(column_name = second_price_fen)]
    pub(super) second_price: Option<Fen>,
    /// The page that shows it.
    pub(super) url: String,
    /// Why WeChat did not take it, the last time.
    pub(super) failure: Option<String>,
    /// When it was handed in.
    pub(super) submitted_at: Timestamp,
    /// When its review was last asked about.
    pub(super) checked_at: Option<Timestamp>,
}

/// A product that WeChat shows in one of its rooms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, diesel::Queryable, diesel::Selectable, diesel::Insertable)]
#[diesel(table_name = live_official_shelf, treat_none_as_default_value = false)]
pub(super) struct ShownGoods {
    /// In which room.
    pub(super) room_id: RoomId,
    /// What.
    pub(super) goods_row_id: GoodsRowId,
    /// Whether it can be bought there.
    pub(super) on_sale: bool,
    /// Its place, from 0.
    pub(super) position: i64,
    /// When WeChat was seen to show it.
    pub(super) mirrored_at: Timestamp,
}

/// Which room a job is to look at.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct RoomToMirror {
    /// The room.
    pub(super) room_id: RoomId,
}

/// Whose review a job is to ask about.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct GoodsToAsk {
    /// The row.
    pub(super) goods_row_id: GoodsRowId,
}
