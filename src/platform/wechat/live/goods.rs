//! The library of goods: what rooms may show, once WeChat has looked at it.

use serde::{Deserialize, Serialize};

use super::money::Yuan;
use crate::kernel::money::Fen;
use crate::platform::wechat::client::WechatClient;
use crate::platform::wechat::error::WechatError;

/// Most goods asked about at once.
const MAX_ASKED: usize = 20;
/// Goods of one page at most.
const MAX_PAGE: i64 = 100;

/// How a price is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GoodsPrice {
    /// One price.
    Fixed(Fen),
    /// From one to another.
    Range(Fen, Fen),
    /// The price before, and the one now.
    Discount(Fen, Fen),
}

impl GoodsPrice {
    const fn parts(self) -> (i64, Fen, Option<Fen>) {
        match self {
            Self::Fixed(price) => (1, price, None),
            Self::Range(from, to) => (2, from, Some(to)),
            Self::Discount(before, now) => (3, before, Some(now)),
        }
    }

    /// What the library says, put together; `None` when it does not fit together.
    fn of(kind: i64, price: Fen, second: Option<Fen>) -> Option<Self> {
        match (kind, second) {
            (1, _) => Some(Self::Fixed(price)),
            (2, Some(to)) => Some(Self::Range(price, to)),
            (3, Some(now)) => Some(Self::Discount(price, now)),
            _ => None,
        }
    }
}

/// Goods as they are to be.
#[derive(Debug, Clone, Copy)]
pub struct GoodsDraft<'a> {
    /// The picture: a media id, at most 300 by 300.
    pub cover_media: &'a str,
    /// 3 to 14 Chinese characters.
    pub name: &'a str,
    /// What they cost.
    pub price: GoodsPrice,
    /// The page of the mini-program that shows them, with its query.
    pub url: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GoodsInfo<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    goods_id: Option<i64>,
    cover_img_url: &'a str,
    name: &'a str,
    price_type: i64,
    price: Yuan,
    #[serde(skip_serializing_if = "Option::is_none")]
    price2: Option<Yuan>,
    url: &'a str,
}

#[derive(Serialize)]
struct GoodsRequest<'a> {
    #[serde(rename = "goodsInfo")]
    goods_info: GoodsInfo<'a>,
}

impl<'a> GoodsDraft<'a> {
    fn request(&self, call: &'static str, goods_id: Option<i64>) -> Result<GoodsRequest<'a>, WechatError> {
        let wide: usize = self.name.chars().map(|letter| if letter.is_ascii() { 1 } else { 2 }).sum();
        let (price_type, price, price2) = self.price.parts();
        let counted = |price: Fen| price > Fen::ZERO;
        let wrong = if !(1..=28).contains(&wide) {
            Some("name")
        } else if self.cover_media.is_empty() {
            Some("cover_media")
        } else if self.url.is_empty() || self.url.starts_with('/') {
            Some("url")
        } else if !counted(price) || !price2.is_none_or(counted) {
            Some("price")
        } else {
            None
        };
        if let Some(field) = wrong {
            return Err(WechatError::invalid(call, field));
        }
        let (cover_img_url, name, url) = (self.cover_media, self.name, self.url);
        let (price, price2) = (Yuan(price), price2.map(Yuan));
        Ok(GoodsRequest { goods_info: GoodsInfo { goods_id, cover_img_url, name, price_type, price, price2, url } })
    }
}

/// Goods that were handed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SubmittedGoods {
    /// Their number in the library.
    pub goods_id: i64,
    /// The number of the review.
    pub audit_id: i64,
}

/// Where a review stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditStatus {
    /// 0.
    NotReviewed,
    /// 1.
    Reviewing,
    /// 2.
    Passed,
    /// 3.
    Refused,
}

impl AuditStatus {
    /// What WeChat's number means; `None` for one that is not documented.
    pub const fn of(number: i64) -> Option<Self> {
        match number {
            0 => Some(Self::NotReviewed),
            1 => Some(Self::Reviewing),
            2 => Some(Self::Passed),
            3 => Some(Self::Refused),
            _ => None,
        }
    }

    /// WeChat's number.
    pub const fn number(self) -> i64 {
        match self {
            Self::NotReviewed => 0,
            Self::Reviewing => 1,
            Self::Passed => 2,
            Self::Refused => 3,
        }
    }
}

/// Goods of the library as a list of one status shows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovedGoods {
    /// Their number.
    pub goods_id: i64,
    /// What they are called.
    pub name: String,
    /// What they cost.
    pub price: GoodsPrice,
    /// The page that shows them.
    pub url: String,
}

/// Goods of the library when asked for by number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GoodsInLibrary {
    /// Their number.
    pub goods_id: i64,
    /// Where their review stands.
    pub audit: AuditStatus,
}

#[derive(Deserialize)]
struct ApprovedReply {
    #[serde(default)]
    goods: Vec<ApprovedEntry>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ApprovedEntry {
    goods_id: i64,
    #[serde(default)]
    name: String,
    price_type: i64,
    price: Yuan,
    #[serde(default)]
    price2: Option<Yuan>,
    #[serde(default)]
    url: String,
}

#[derive(Deserialize)]
struct WarehouseReply {
    #[serde(default)]
    goods: Vec<WarehouseEntry>,
}

#[derive(Deserialize)]
struct WarehouseEntry {
    goods_id: i64,
    audit_status: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AuditReply {
    audit_id: i64,
}

#[derive(Deserialize)]
struct Nothing {}

impl WechatClient {
    /// Hands goods in; their review begins by itself.
    ///
    /// Refusals worth a branch: [`LiveTrouble`](super::LiveTrouble).
    pub async fn add_live_goods(&self, draft: &GoodsDraft<'_>) -> Result<SubmittedGoods, WechatError> {
        const CALL: &str = "live_goods_add";
        self.post(CALL, "/wxaapi/broadcast/goods/add", &draft.request(CALL, None)?).await
    }

    /// Changes goods. While they are under review nothing may change, and after it only the price.
    pub async fn update_live_goods(&self, goods_id: i64, draft: &GoodsDraft<'_>) -> Result<(), WechatError> {
        const CALL: &str = "live_goods_update";
        let request = draft.request(CALL, Some(goods_id))?;
        self.post::<Nothing>(CALL, "/wxaapi/broadcast/goods/update", &request).await.map(|_| ())
    }

    /// Asks for a review again, of goods whose review was withdrawn or refused; answers its number.
    pub async fn audit_live_goods(&self, goods_id: i64) -> Result<i64, WechatError> {
        let body = serde_json::json!({ "goodsId": goods_id });
        let told: AuditReply = self.post("live_goods_audit", "/wxaapi/broadcast/goods/audit", &body).await?;
        Ok(told.audit_id)
    }

    /// Withdraws a review that is not over.
    pub async fn reset_live_goods_audit(&self, goods_id: i64, audit_id: i64) -> Result<(), WechatError> {
        let body = serde_json::json!({ "goodsId": goods_id, "auditId": audit_id });
        self.post::<Nothing>("live_goods_reset_audit", "/wxaapi/broadcast/goods/resetaudit", &body).await.map(|_| ())
    }

    /// Removes goods from the library, and from every room.
    pub async fn delete_live_goods(&self, goods_id: i64) -> Result<(), WechatError> {
        let body = serde_json::json!({ "goodsId": goods_id });
        self.post::<Nothing>("live_goods_delete", "/wxaapi/broadcast/goods/delete", &body).await.map(|_| ())
    }

    /// Goods of one status, from this place on, at most 100.
    pub async fn live_goods_by_status(
        &self,
        status: AuditStatus,
        offset: i64,
        limit: i64,
    ) -> Result<Vec<ApprovedGoods>, WechatError> {
        const CALL: &str = "live_goods_approved";
        let (offset, limit) = (offset.to_string(), limit.clamp(1, MAX_PAGE).to_string());
        let status = status.number().to_string();
        let fields = [("offset", offset.as_str()), ("limit", &limit), ("status", &status)];
        let told: ApprovedReply = self.get(CALL, "/wxaapi/broadcast/goods/getapproved", &fields).await?;
        let read = |entry: ApprovedEntry| {
            let price = GoodsPrice::of(entry.price_type, entry.price.0, entry.price2.map(|price| price.0));
            let price = price.ok_or_else(|| WechatError::bad_reply(CALL, "a price of an unknown kind"))?;
            Ok(ApprovedGoods { goods_id: entry.goods_id, name: entry.name, price, url: entry.url })
        };
        told.goods.into_iter().map(read).collect()
    }

    /// Where the reviews of these goods stand, at most 20 at once. Goods that WeChat does not know are left out.
    pub async fn live_goods_in_library(&self, goods: &[i64]) -> Result<Vec<GoodsInLibrary>, WechatError> {
        const CALL: &str = "live_goods_warehouse";
        if goods.is_empty() || goods.len() > MAX_ASKED {
            return Err(WechatError::invalid(CALL, "goods"));
        }
        let body = serde_json::json!({ "goods_ids": goods });
        let told: WarehouseReply = self.post(CALL, "/wxa/business/getgoodswarehouse", &body).await?;
        let read = |entry: WarehouseEntry| {
            let audit = AuditStatus::of(entry.audit_status);
            let audit = audit.ok_or_else(|| WechatError::bad_reply(CALL, "a review in an unknown state"))?;
            Ok(GoodsInLibrary { goods_id: entry.goods_id, audit })
        };
        told.goods.into_iter().map(read).collect()
    }
}
