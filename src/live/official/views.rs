//! What staff see of mirrored rooms and goods.

use serde::Serialize;
use utoipa::ToSchema;

use super::desk::Mirrored;
use super::model::{OfficialGoods, ShownGoods};
use super::rules;
use crate::catalog::ProductId;
use crate::entrance::EntranceId;
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;
use crate::live::model::{RoomId, RoomState};
use crate::platform::wechat::live::{AuditStatus, GoodsPrice, LiveStatus};

/// Where WeChat's room stands.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OfficialStatus {
    /// On the air.
    Live,
    /// Not yet.
    NotStarted,
    /// Over.
    Ended,
    /// WeChat closed it.
    Banned,
    /// Interrupted.
    Paused,
    /// The anchor is lost; after fifteen minutes it is over.
    Abnormal,
    /// It never started.
    Expired,
    /// Something that WeChat does not document.
    Unknown,
}

impl From<LiveStatus> for OfficialStatus {
    fn from(status: LiveStatus) -> Self {
        match status {
            LiveStatus::Live => Self::Live,
            LiveStatus::NotStarted => Self::NotStarted,
            LiveStatus::Ended => Self::Ended,
            LiveStatus::Banned => Self::Banned,
            LiveStatus::Paused => Self::Paused,
            LiveStatus::Abnormal => Self::Abnormal,
            LiveStatus::Expired => Self::Expired,
            LiveStatus::Other(_) => Self::Unknown,
        }
    }
}

/// Where the review of goods stands.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GoodsReview {
    /// It was withdrawn, or never began.
    NotReviewed,
    /// It is under way.
    Reviewing,
    /// WeChat shows them.
    Passed,
    /// WeChat does not.
    Refused,
}

/// A product in WeChat's library of live goods.
#[derive(Debug, Serialize, ToSchema)]
pub struct OfficialGoodsView {
    /// In which mini-program.
    pub entrance_id: EntranceId,
    /// The product.
    pub product_id: ProductId,
    /// WeChat's number of it.
    #[schema(example = 1042)]
    pub goods_id: Option<i64>,
    /// Where its review stands.
    pub review: GoodsReview,
    /// What it is called there.
    #[schema(example = "法式碎花连衣裙")]
    pub name: String,
    /// Its price, or the lowest of its prices.
    #[schema(example = 19_900)]
    pub price_fen: Fen,
    /// The highest of its prices; null when there is one.
    #[schema(example = json!(null))]
    pub highest_price_fen: Option<Fen>,
    /// The page that shows it.
    #[schema(example = "pages/product/index?id=728193")]
    pub url: String,
    /// When it was handed in.
    pub submitted_at: Timestamp,
    /// When its review was last asked about.
    pub checked_at: Option<Timestamp>,
}

impl From<&OfficialGoods> for OfficialGoodsView {
    fn from(goods: &OfficialGoods) -> Self {
        let review = match AuditStatus::of(goods.audit_status) {
            Some(AuditStatus::Reviewing) => GoodsReview::Reviewing,
            Some(AuditStatus::Passed) => GoodsReview::Passed,
            Some(AuditStatus::Refused) => GoodsReview::Refused,
            Some(AuditStatus::NotReviewed) | None => GoodsReview::NotReviewed,
        };
        let highest_price_fen = match rules::price_of(goods) {
            GoodsPrice::Range(_, highest) => Some(highest),
            GoodsPrice::Fixed(_) | GoodsPrice::Discount(..) => None,
        };
        Self {
            entrance_id: goods.entrance_id,
            product_id: goods.product_id,
            goods_id: goods.goods_id,
            review,
            name: goods.name.clone(),
            price_fen: goods.price,
            highest_price_fen,
            url: goods.url.clone(),
            submitted_at: goods.submitted_at,
            checked_at: goods.checked_at,
        }
    }
}

/// A product that WeChat shows in a room.
#[derive(Debug, Serialize, ToSchema)]
pub struct OfficialShelfView {
    /// The product.
    pub product_id: ProductId,
    /// WeChat's number of it.
    #[schema(example = 1042)]
    pub goods_id: Option<i64>,
    /// Whether it can be bought there.
    pub on_sale: bool,
    /// When WeChat was seen to show it.
    pub mirrored_at: Timestamp,
}

impl From<&(ShownGoods, OfficialGoods)> for OfficialShelfView {
    fn from((shown, goods): &(ShownGoods, OfficialGoods)) -> Self {
        Self {
            product_id: goods.product_id,
            goods_id: goods.goods_id,
            on_sale: shown.on_sale,
            mirrored_at: shown.mirrored_at,
        }
    }
}

/// WeChat's room that a room mirrors.
#[derive(Debug, Serialize, ToSchema)]
pub struct OfficialRoomView {
    /// The room.
    pub room_id: RoomId,
    /// Where the shop's room stands.
    pub state: RoomState,
    /// In which mini-program.
    pub entrance_id: EntranceId,
    /// WeChat's number of it, once WeChat has it.
    #[schema(example = 33)]
    pub room_number: Option<i64>,
    /// Where WeChat's room stood at the last look.
    pub status: Option<OfficialStatus>,
    /// The anchor's WeChat number.
    #[schema(example = "tea-anchor")]
    pub anchor_wechat: String,
    /// The code at which the anchor proves who they are, when WeChat asks for it; then submit the room again.
    #[schema(example = json!(null))]
    pub qr_code_url: Option<String>,
    /// Where the picture is published to, when no phone shows it.
    pub push_address: Option<String>,
    /// The picture of the room's code.
    pub share_code_url: Option<String>,
    /// The page of the mini-program that shows it.
    pub page_path: Option<String>,
    /// Why WeChat did not do what was asked, the last time.
    #[schema(example = json!(null))]
    pub failure: Option<String>,
    /// When it was last looked at.
    pub mirrored_at: Option<Timestamp>,
    /// When it is looked at next.
    pub mirror_due_at: Option<Timestamp>,
    /// What WeChat shows in it, in order.
    pub shelf: Vec<OfficialShelfView>,
}

impl From<Mirrored> for OfficialRoomView {
    fn from(Mirrored { room, official, shelf }: Mirrored) -> Self {
        Self {
            room_id: room.id,
            state: room.state,
            entrance_id: official.entrance_id,
            room_number: official.room_number,
            status: official.status.map(|number| LiveStatus::of(number).into()),
            anchor_wechat: official.anchor_wechat,
            qr_code_url: official.qr_code_url,
            push_address: official.push_address,
            share_code_url: official.share_code_url,
            page_path: official.page_path,
            failure: official.failure,
            mirrored_at: official.mirrored_at,
            mirror_due_at: official.mirror_due_at,
            shelf: shelf.iter().map(Into::into).collect(),
        }
    }
}
