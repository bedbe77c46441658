//! Why bargains refuse.

use serde_json::json;

use super::rules::{Flaw, Hindrance};
use crate::campaign::CampaignError;
use crate::platform::db::{DbError, FromDb as _};

crate::refusals! {
    /// Why bargains refuse.
    pub enum BargainError: "bargain" {
        /// No such bargain, or somebody else's where only one's own will do.
        NotFound => NOT_FOUND "not_found" "砍价不存在" "There is no such bargain.",
        /// The user has one open in this campaign; details name it.
        AlreadyOpen(details) => CONFLICT "already_open" "您有一个砍价正在进行" "You have a bargain open in this campaign.",
        /// The product costs too little now to be bargained over.
        PriceTooLow => CONFLICT "price_too_low" "商品已降价，无需砍价" "The product costs too little now to be bargained over.",
        /// Everything set aside for the campaign, or the stock, is gone.
        SoldOut => CONFLICT "sold_out" "活动商品已抢完" "Everything set aside for this campaign is sold.",
        /// The owner has bought it.
        Bought => CONFLICT "bought" "该砍价已完成购买" "This bargain was redeemed already.",
        /// Its time is over.
        Expired => CONFLICT "expired" "该砍价已过期" "The time of this bargain is over.",
        /// An order that waits for its payment holds the price where it is; for the owner, details name the order.
        BeingBought(details) => CONFLICT "being_bought" "商品正在下单支付，暂不能砍价" "An order holds this bargain; its price stands still until that is paid or closed.",
        /// Nothing is left to cut.
        FloorReached => CONFLICT "floor_reached" "已砍到最低价" "The lowest price is reached; nothing is left to cut.",
        /// The lowest price is not reached, and only then can it be bought; details say how much is missing.
        FloorNotReached(details) => CONFLICT "floor_not_reached" "砍到最低价后才能购买" "It can be bought once the lowest price is reached.",
        /// It is the user's own.
        OwnBargain => CONFLICT "own_bargain" "不能给自己砍价" "You cannot help your own bargain.",
        /// The user has helped; details say with how much.
        AlreadyHelped(details) => CONFLICT "already_helped" "您已经帮忙砍过价了" "You have helped this bargain already.",
        /// A bargain is for one piece; the line has more.
        OnePieceOnly => UNPROCESSABLE_ENTITY "one_piece_only" "砍价商品每单限购一件" "A bargained price holds for one piece.",
        /// The basket has no line of the bargain's SKU, or the claim names another line.
        LineMissing => UNPROCESSABLE_ENTITY "line_missing" "请选择砍价商品" "The basket has no line of what was bargained over.",
        /// The rules of the campaign break a rule; details list them.
        InvalidRules(details) => UNPROCESSABLE_ENTITY "invalid_rules" "砍价规则不符合要求" "The rules of the campaign are out of range.",
        /// Two bargains in one order.
        OnePerOrder => UNPROCESSABLE_ENTITY "one_per_order" "每单只能使用一个砍价" "An order redeems one bargain.",
        /// No prize waits to be tried again.
        NothingToRetry => CONFLICT "nothing_to_retry" "没有发放失败的奖品" "No prize of this campaign has failed.",
        /// More rows than an export may have.
        ExportTooLarge => UNPROCESSABLE_ENTITY "export_too_large" "导出数量超出限制" "More than 20000 rows; the export is too large.",
    }
    passing { Campaign(CampaignError) }
}

impl BargainError {
    /// Rules with flaws.
    pub(super) fn flaws(flaws: &[Flaw]) -> Self {
        Self::InvalidRules(json!({ "flaws": flaws }))
    }

    /// For callers that cannot refuse: a database failure stays what it is; anything else means that the row changed
    /// meanwhile, so that the whole transaction is taken back and tried again.
    pub(super) fn into_db(self) -> DbError {
        match self.db_error() {
            Some(error) => error.clone(),
            None => DbError::Conflict(self.to_string()),
        }
    }
}

impl From<Hindrance> for BargainError {
    fn from(hindrance: Hindrance) -> Self {
        match hindrance {
            Hindrance::Bought => Self::Bought,
            Hindrance::Expired => Self::Expired,
            Hindrance::BeingBought(order) => Self::BeingBought(json!({ "order_id": order })),
            Hindrance::FloorReached => Self::FloorReached,
            Hindrance::FloorNotReached(left) => Self::FloorNotReached(json!({ "left_fen": left })),
            Hindrance::OwnBargain => Self::OwnBargain,
            Hindrance::NotTheOwner => Self::NotFound,
        }
    }
}
