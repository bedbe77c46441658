//! What WeChat's live service refuses, in words.

use crate::platform::wechat::error::WechatError;

/// Why the live service refused a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LiveTrouble {
    /// An argument is not what it must be.
    Arguments,
    /// The name is too long or too short.
    NameLength,
    /// The name holds what must not be published.
    NameIllegal,
    /// There is no such room.
    NoSuchRoom,
    /// The room is in a state in which this is not done.
    StateForbids,
    /// A picture cannot be used, or its media id is over.
    Picture,
    /// The anchor has not proven who they are.
    AnchorUnverified,
    /// There are no such goods.
    NoSuchGoods,
    /// The goods are not approved.
    GoodsNotApproved,
    /// The goods were added, and the request to review them was refused.
    ReviewRefused,
    /// The goods are off sale.
    GoodsOffSale,
    /// The goods are not in that room.
    GoodsNotInRoom,
    /// Goods are being shown just now.
    ShowingGoods,
    /// Followers were told of a room today, or there is nobody to tell.
    FollowersTold,
}

impl LiveTrouble {
    /// A word for it, for those who are told.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Arguments => "arguments",
            Self::NameLength => "name_length",
            Self::NameIllegal => "name_illegal",
            Self::NoSuchRoom => "no_such_room",
            Self::StateForbids => "state_forbids",
            Self::Picture => "picture",
            Self::AnchorUnverified => "anchor_unverified",
            Self::NoSuchGoods => "no_such_goods",
            Self::GoodsNotApproved => "goods_not_approved",
            Self::ReviewRefused => "review_refused",
            Self::GoodsOffSale => "goods_off_sale",
            Self::GoodsNotInRoom => "goods_not_in_room",
            Self::ShowingGoods => "showing_goods",
            Self::FollowersTold => "followers_told",
        }
    }

    /// What a failed call says about the live service; `None` when it is about something else.
    pub fn of(error: &WechatError) -> Option<Self> {
        Some(match error.code()? {
            "200002" => Self::Arguments,
            "300002" => Self::NameLength,
            "300028" => Self::NameIllegal,
            "300022" => Self::NoSuchRoom,
            "300023" => Self::StateForbids,
            "300031" | "300032" => Self::Picture,
            "300036" => Self::AnchorUnverified,
            "300024" => Self::NoSuchGoods,
            "300025" => Self::GoodsNotApproved,
            "300021" => Self::ReviewRefused,
            "300052" => Self::GoodsOffSale,
            "300053" => Self::GoodsNotInRoom,
            "300047" => Self::ShowingGoods,
            "9410005" | "9410006" => Self::FollowersTold,
            _ => return None,
        })
    }
}
