//! Why group buys refuse.

use serde_json::json;

use super::rules::Refusal;
use super::store::SeatTaken;
use crate::campaign::CampaignError;
use crate::pricing::PricingError;

crate::refusals! {
    /// Why group buys refuse.
    pub enum GroupBuyError: "group_buy" {
        /// No such group, its leader has not paid yet, or it takes invited people only.
        NotFound => NOT_FOUND "not_found" "拼团不存在" "There is no such group.",
        /// It formed or expired; details hold its state.
        NotOpen(details) => CONFLICT "not_open" "该团已结束" "The group is over.",
        /// Its time is over; what was paid in time is still being counted.
        TimeOver => CONFLICT "time_over" "该团已到截止时间" "The group's time is over.",
        /// Every seat is taken.
        Full => CONFLICT "full" "该团已满员" "The group is full.",
        /// The buyer has a seat in it already; details hold their order.
        AlreadyIn(details) => CONFLICT "already_in" "您已参与该团" "You have a seat in this group already.",
        /// It takes people who never bought here.
        NewcomersOnly => FORBIDDEN "newcomers_only" "该团仅限新用户参与" "This group is for new customers.",
        /// The buyer leads as many groups as they may; details hold how many.
        LeadsTooMany(details) => CONFLICT "leads_too_many" "您发起的团已达上限，请先完成进行中的团" "You lead as many groups as you may at once.",
        /// The campaign ends before a group could live.
        EndsTooSoon => CONFLICT "ends_too_soon" "活动即将结束，暂不能开团" "The campaign ends too soon to open a group.",
        /// Fewer pieces are left for the campaign than wanted; details hold how many.
        SoldOut(details) => CONFLICT "sold_out" "拼团商品已抢光" "The campaign has too few pieces left.",
        /// More pieces than an order may hold; details hold how many it may.
        TooManyPieces(details) => UNPROCESSABLE_ENTITY "too_many_pieces" "超出每单限购数量" "An order of this group buy holds fewer pieces.",
        /// The SKU is not part of the campaign.
        SkuNotIncluded => UNPROCESSABLE_ENTITY "sku_not_included" "该商品规格不参与拼团" "This SKU is not part of the group buy.",
        /// An order for a group holds one SKU and nothing else, and names one group.
        OneSkuOnly => UNPROCESSABLE_ENTITY "one_sku_only" "拼团商品需单独购买" "An order for a group holds one SKU and one group.",
        /// The reference of the claim is none of `new:<campaign>`, `<group>`, `<group>:<share token>`.
        BadReference => UNPROCESSABLE_ENTITY "bad_reference" "拼团信息有误" "The claim must name a group or new:<campaign>.",
        /// The rules break a rule; details list the flaws.
        InvalidRules(details) => UNPROCESSABLE_ENTITY "invalid_rules" "拼团规则不符合要求" "The rules of the group buy break a rule.",
        /// A reason is missing or too long.
        InvalidReason => UNPROCESSABLE_ENTITY "invalid_reason" "请填写1至200字的原因" "A reason of 1 to 200 characters is required.",
        /// More participants than one table may hold.
        ExportTooLarge => UNPROCESSABLE_ENTITY "export_too_large" "导出数量超出限制" "More participants than one export may hold.",
    }
    passing { Campaign(CampaignError) }
}

impl From<Refusal> for GroupBuyError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Hidden => Self::NotFound,
            Refusal::Over(state) => Self::NotOpen(json!({ "state": state })),
            Refusal::TimeOver => Self::TimeOver,
            Refusal::Full => Self::Full,
            Refusal::AlreadyIn(order) => Self::AlreadyIn(json!({ "order_id": order })),
            Refusal::NewcomersOnly => Self::NewcomersOnly,
            Refusal::EndsTooSoon => Self::EndsTooSoon,
            Refusal::SoldOut { left } => Self::SoldOut(json!({ "left": left })),
            Refusal::TooManyPieces { limit } => Self::TooManyPieces(json!({ "limit": limit })),
        }
    }
}

impl From<GroupBuyError> for PricingError {
    fn from(error: GroupBuyError) -> Self {
        Self::refused_by(error)
    }
}

impl From<SeatTaken> for GroupBuyError {
    fn from(taken: SeatTaken) -> Self {
        match taken {
            SeatTaken::ByThemselves => Self::AlreadyIn(json!({})),
            SeatTaken::Db(error) => Self::Db(error),
        }
    }
}
