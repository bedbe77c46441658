//! Why flash sales refuse.

use crate::campaign::CampaignError;
use crate::pricing::PricingError;

crate::refusals! {
    /// Why flash sales refuse.
    pub enum FlashSaleError: "flash_sale" {
        /// There is none, or none for this person.
        NotFound => NOT_FOUND "not_found" "秒杀活动不存在" "There is no such flash sale.",
        /// The claim names an item that is not in the basket.
        NotInBasket(details) => UNPROCESSABLE_ENTITY "not_in_basket" "所选商品不在本次购买中" "The item is not in the basket.",
        /// The slot starts later.
        NotStarted(details) => CONFLICT "not_started" "秒杀尚未开始" "This flash sale has not started.",
        /// There is nothing to be reminded of any more.
        AlreadyStarted => CONFLICT "already_started" "秒杀已经开始" "This flash sale has already started.",
        /// The slot is over.
        Over(details) => CONFLICT "over" "秒杀已结束" "This flash sale is over.",
        /// Too few pieces are left at this price.
        SoldOut(details) => CONFLICT "sold_out" "秒杀商品已抢完" "Too few pieces are left at this price.",
        /// This buyer has as many as one buyer may have.
        LimitReached(details) => CONFLICT "limit_reached" "已达到限购数量" "You have as many pieces as one buyer may have.",
        /// A rule that cannot be meant; details name the field.
        InvalidRules(details) => UNPROCESSABLE_ENTITY "invalid_rules" "秒杀规则有误" "A rule of this flash sale is invalid.",
        /// More rows than one table may have.
        ExportTooLarge => UNPROCESSABLE_ENTITY "export_too_large" "导出数据过多" "The table would have too many rows.",
    }
    passing { Campaign(CampaignError), Pricing(PricingError) }
}
