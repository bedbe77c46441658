//! Why coupons refuse.

use serde_json::json;

use crate::campaign::CampaignError;
use crate::platform::db::{DbError, FromDb};
use crate::pricing::PricingError;
use crate::staff::StaffError;

crate::refusals! {
    /// Why coupons refuse.
    pub enum CouponError: "coupon" {
        /// No such coupon, or somebody else's.
        NotFound => NOT_FOUND "not_found" "优惠券不存在" "There is no such coupon.",
        /// No such template, or not one that is offered.
        TemplateNotFound => NOT_FOUND "template_not_found" "优惠券活动不存在" "There is no such coupon on offer.",
        /// No such batch of codes.
        BatchNotFound => NOT_FOUND "batch_not_found" "兑换码批次不存在" "There is no such batch of codes.",
        /// No such gift to many.
        RunNotFound => NOT_FOUND "run_not_found" "发放记录不存在" "There is no such gift.",
        /// It is paused, ended or not begun.
        NotOnOffer => CONFLICT "not_on_offer" "该优惠券当前不可领取" "This coupon is not on offer now.",
        /// It can be had later; details say when.
        ClaimsNotBegun(details) => CONFLICT "claims_not_begun" "优惠券尚未开始领取" "This coupon cannot be had yet.",
        /// It could be had earlier.
        ClaimsOver => CONFLICT "claims_over" "优惠券领取已结束" "This coupon can no longer be had.",
        /// All of them are gone.
        SoldOut => CONFLICT "sold_out" "优惠券已领完" "All of these coupons are gone.",
        /// All of today's are gone.
        SoldOutToday => CONFLICT "sold_out_today" "今日优惠券已领完" "All of today's coupons are gone.",
        /// The user had as many as one may have; details name the limit.
        LimitReached(details) => CONFLICT "limit_reached" "您已达到领取上限" "You have had as many of these coupons as one may have.",
        /// The user had as many today as one may have in a day; details name the limit.
        DailyLimitReached(details) => CONFLICT "daily_limit_reached" "您今日已达到领取上限" "You have had as many of these coupons today as one may have in a day.",
        /// It is for others.
        NotForYou => FORBIDDEN "not_for_you" "您不符合领取条件" "This coupon is not for you.",
        /// It is had in another way.
        WrongWay => CONFLICT "wrong_way" "该优惠券不能以此方式领取" "This coupon is not had in this way.",
        /// It is worth less than nothing or more than a coupon may be.
        AmountOutOfRange => UNPROCESSABLE_ENTITY "amount_out_of_range" "优惠券面额超出范围" "The worth of this coupon is out of range.",
        /// No such code.
        CodeUnknown => UNPROCESSABLE_ENTITY "code_unknown" "兑换码无效" "There is no such code.",
        /// The code was used.
        CodeUsed => CONFLICT "code_used" "兑换码已被使用" "This code has been used.",
        /// Too many wrong codes; details say until when.
        TooManyTries(details) => TOO_MANY_REQUESTS "too_many_tries" "兑换码输入错误次数过多，请稍后再试" "Too many wrong codes; try again later.",
        /// The coupon named does not exist, is somebody else's, or is of another kind.
        Unknown => UNPROCESSABLE_ENTITY "unknown" "优惠券不存在" "You have no such coupon.",
        /// It is used, reserved, expired or taken back; details name its state.
        NotHeld(details) => CONFLICT "not_held" "优惠券不可用" "This coupon cannot be used; it is not in your hands.",
        /// Its time has not come; details say when it does.
        NotYetValid(details) => CONFLICT "not_yet_valid" "优惠券尚未生效" "This coupon cannot be used yet.",
        /// Its time is over.
        Expired => CONFLICT "expired" "优惠券已过期" "This coupon has expired.",
        /// Nothing in the basket is what it is for.
        OutOfScope => UNPROCESSABLE_ENTITY "out_of_scope" "所选商品不适用该优惠券" "This coupon is for other goods.",
        /// The campaign prices of what it is for allow no coupons.
        NotWithCampaign => UNPROCESSABLE_ENTITY "not_with_campaign" "活动商品不可使用优惠券" "This coupon cannot be used with these campaign prices.",
        /// The goods it is for cost too little; details name the threshold and what is missing.
        BelowThreshold(details) => UNPROCESSABLE_ENTITY "below_threshold" "未达到优惠券使用门槛" "The goods this coupon is for cost too little.",
        /// It would take nothing off.
        SavesNothing => UNPROCESSABLE_ENTITY "saves_nothing" "该优惠券没有可抵扣的金额" "This coupon would take nothing off.",
        /// A field does not fit; details name it and why.
        InvalidTemplate(details) => UNPROCESSABLE_ENTITY "invalid_template" "优惠券设置有误" "A field of the coupon does not fit.",
        /// Its state does not allow the move; details name it.
        IllegalMove(details) => CONFLICT "illegal_move" "当前状态不允许该操作" "The state does not allow this.",
        /// Only a draft can be rewritten.
        NotDraft => CONFLICT "not_draft" "仅草稿可修改全部内容" "Only a draft can be rewritten.",
        /// Somebody else changed it meanwhile.
        Outdated => CONFLICT "outdated" "优惠券已被他人修改，请刷新后重试" "Somebody else changed this coupon; load it again.",
        /// The code is taken.
        SharedCodeTaken => CONFLICT "shared_code_taken" "兑换口令已被使用" "Another coupon has this code.",
        /// A coupon drop has too few or too many kinds of coupons.
        TemplatesOutOfRange => UNPROCESSABLE_ENTITY "templates_out_of_range" "优惠券数量超出范围" "A coupon drop has 1 to 20 kinds of coupons.",
        /// Its campaign starts and stops it.
        OfCampaign => CONFLICT "of_campaign" "请通过所属活动操作" "This coupon belongs to a campaign, which starts and stops it.",
        /// The limit is below what was issued already.
        LimitBelowIssued => CONFLICT "limit_below_issued" "限额不能低于已发放数量" "The limit is below what has been issued.",
        /// Reserved for an order, used, or over.
        NotRevocable(details) => CONFLICT "not_revocable" "该优惠券不可作废" "Only a coupon in its user's hands can be taken back.",
        /// A reason is missing or too long.
        ReasonOutOfRange => UNPROCESSABLE_ENTITY "reason_out_of_range" "原因须为1至200字" "A reason of 1 to 200 characters is required.",
        /// No users, or too many.
        UsersOutOfRange(details) => UNPROCESSABLE_ENTITY "users_out_of_range" "用户数量超出范围" "Name 1 to 5000 users.",
        /// Some users do not exist; details name them.
        UnknownUsers(details) => UNPROCESSABLE_ENTITY "unknown_users" "部分用户不存在" "Some users do not exist.",
        /// A batch has too few or too many codes.
        BatchOutOfRange => UNPROCESSABLE_ENTITY "batch_out_of_range" "兑换码数量超出范围" "A batch has 1 to 10000 codes.",
        /// More than one member of staff may give away alone in a day.
        NeedsSecondPerson => CONFLICT "needs_second_person" "超出单人当日发放额度，请改用批量发放并由他人审批" "One member of staff may not give as much away in a day; make it a gift to many, which a second one agrees to.",
        /// The batch is void already.
        BatchVoid => CONFLICT "batch_void" "该批次已作废" "This batch is void already.",
        /// A filter is missing or contradicts itself.
        InvalidFilter(details) => UNPROCESSABLE_ENTITY "invalid_filter" "筛选条件有误" "A filter is out of range.",
        /// More coupons than one export may hold.
        ExportTooLarge => UNPROCESSABLE_ENTITY "export_too_large" "导出数量超出限制" "More than 20000 coupons match; narrow the filter.",
    }
    passing { Pricing(PricingError), Campaign(CampaignError), Staff(StaffError) }
}

impl CouponError {
    /// A field of a template that does not fit, and why.
    pub(super) fn field(name: &str, reason: &str) -> Self {
        Self::InvalidTemplate(json!({ "field": name, "reason": reason }))
    }

    /// For callers that cannot refuse: a database failure stays what it is; a refusal is answered as one.
    ///
    /// # Errors
    /// The database's.
    pub(super) fn refusal(self) -> Result<Self, DbError> {
        match self.db_error() {
            Some(error) => Err(error.clone()),
            None => Ok(self),
        }
    }
}
