//! Why a basket cannot be priced.

use crate::platform::db::{DbError, FromDb};
use crate::platform::http::ApiError;
use crate::pricing::freight::FreightError;

crate::refusals! {
    /// Why pricing refuses.
    pub enum PricingError: "pricing" {
        /// Nothing to price.
        EmptyBasket => UNPROCESSABLE_ENTITY "empty_basket" "请选择要购买的商品" "There is nothing in the basket.",
        /// More lines than a basket may have.
        TooManyLines(details) => UNPROCESSABLE_ENTITY "too_many_lines" "商品种类超出限制" "The basket has too many lines.",
        /// Fewer than one piece or more than a line may have.
        QuantityOutOfRange(details) => UNPROCESSABLE_ENTITY "quantity_out_of_range" "购买数量须为1至999件" "A quantity must lie between 1 and 999.",
        /// More than one piece of what is granted as access, which a buyer has or has not.
        AccessOnce(details) => UNPROCESSABLE_ENTITY "access_once" "该商品每单限购一件" "An order has one piece of this at most.",
        /// Some SKUs cannot be bought now; details name them and why.
        NotSellable(details) => UNPROCESSABLE_ENTITY "not_sellable" "部分商品已失效" "Some items can no longer be bought.",
        /// No such province.
        UnknownProvince => UNPROCESSABLE_ENTITY "unknown_province" "省份编码无效" "There is no province with this code.",
        /// Some lines are not delivered to that province; details name them.
        Undeliverable(details) => UNPROCESSABLE_ENTITY "undeliverable" "部分商品不支持配送到该地区" "Some items are not delivered to this region.",
        /// No offer of that kind.
        UnknownOffer(details) => UNPROCESSABLE_ENTITY "unknown_offer" "优惠类型不存在" "There is no offer of this kind.",
        /// A claim that cannot be meant: too long, too many, or for a line that is not there.
        InvalidClaim(details) => UNPROCESSABLE_ENTITY "invalid_claim" "优惠信息有误" "A claimed offer is malformed or names a line that is not in the basket.",
        /// Two price-setting offers on one line.
        OffersConflict(details) => UNPROCESSABLE_ENTITY "offers_conflict" "同一商品只能使用一种活动价" "Only one campaign price may apply to a line.",
        /// Two coupons of one kind.
        TooManyCoupons(details) => UNPROCESSABLE_ENTITY "too_many_coupons" "同类优惠券只能使用一张" "Only one coupon of this kind may be used.",
        /// The campaign price forbids coupons on every line the coupon reaches.
        CouponsNotAllowed(details) => UNPROCESSABLE_ENTITY "coupons_not_allowed" "活动商品不可使用优惠券" "Coupons cannot be used with these campaign prices.",
        /// A coupon that must be used alone.
        CouponsNotStackable(details) => UNPROCESSABLE_ENTITY "coupons_not_stackable" "优惠券不可叠加使用" "These coupons cannot be used together.",
        /// The amount leaves the range of money.
        AmountTooLarge => UNPROCESSABLE_ENTITY "amount_too_large" "订单金额超出限制" "The amount is too large.",
    }
    passing { Freight(FreightError), Offer(OfferRefusal) }
}

impl PricingError {
    /// Lets the refusal of an offer's own capability through as it is, with its own code and words.
    pub fn refused_by(error: impl FromDb + Into<ApiError>) -> Self {
        match error.db_error() {
            Some(failure) => Self::Db(failure.clone()),
            None => Self::Offer(OfferRefusal { answer: error.into(), lapsed: None }),
        }
    }

    /// The same, for a claim of this kind that may well have held when its buyer saw the price. An order that is refused
    /// for it is answered with what it would cost without.
    pub fn lapsed(kind: &'static str, error: impl FromDb + Into<ApiError>) -> Self {
        match Self::refused_by(error) {
            Self::Offer(refusal) => Self::Offer(OfferRefusal { lapsed: Some(kind), ..refusal }),
            other => other,
        }
    }
}

/// A refusal of a capability that pricing does not know, on its way to the client.
#[derive(Debug)]
pub struct OfferRefusal {
    answer: ApiError,
    lapsed: Option<&'static str>,
}

impl OfferRefusal {
    /// The kind of claim that lapsed since its buyer saw the price, if that is why.
    pub const fn lapsed(&self) -> Option<&'static str> {
        self.lapsed
    }

    /// What the client is answered.
    pub const fn answer(&self) -> &ApiError {
        &self.answer
    }
}

impl std::fmt::Display for OfferRefusal {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(&self.answer, out)
    }
}

impl std::error::Error for OfferRefusal {}

impl From<DbError> for OfferRefusal {
    fn from(error: DbError) -> Self {
        Self { answer: error.into(), lapsed: None }
    }
}

impl FromDb for OfferRefusal {
    fn db_error(&self) -> Option<&DbError> {
        None
    }
}

impl From<OfferRefusal> for ApiError {
    fn from(refusal: OfferRefusal) -> Self {
        refusal.answer
    }
}
