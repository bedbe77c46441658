//! Why orders refuse.

use serde_json::json;

use crate::order::rules::{Denial, IllegalMove, ParcelRefusal};
use crate::payment::PaymentError;
use crate::platform::db::DbError;
use crate::pricing::PricingError;
use crate::staff::StaffError;
use crate::stock::StockError;

crate::refusals! {
    /// Why orders refuse.
    pub enum OrderError: "order" {
        /// No such order, or somebody else's.
        NotFound => NOT_FOUND "not_found" "订单不存在" "There is no such order.",
        /// No such parcel.
        ShipmentNotFound => NOT_FOUND "shipment_not_found" "包裹不存在" "There is no such parcel.",
        /// The price is not the one the buyer saw; details hold the new quote, and which claim lapsed if one did.
        PriceChanged(details) => CONFLICT "price_changed" "价格有变动，请确认后重新提交" "The price has changed; look at the new quote and place the order again.",
        /// Some of it can no longer be bought; details name the SKUs with the reasons, and hold a quote of the rest.
        BasketChanged(details) => CONFLICT "basket_changed" "部分商品已失效，请确认后重新提交" "Some items can no longer be bought; look at the quote of the rest and place the order again.",
        /// The order changed meanwhile, or its state does not allow this; details name the state or the reason.
        StateConflict(details) => CONFLICT "state_conflict" "订单状态已变化，请刷新后再试" "The state of the order does not allow this, or it changed meanwhile.",
        /// A gate still holds it back.
        WaitingForCampaign => CONFLICT "waiting_for_campaign" "订单所属活动尚未完成，暂不能发货" "A campaign still holds this order back from shipping.",
        /// Its money is on its way back.
        RefundRunning => CONFLICT "refund_running" "订单正在退款" "A refund of this order is running.",
        /// Some of it was sent already.
        AlreadyShipped => CONFLICT "already_shipped" "订单已发货" "Some or all of this order has been shipped.",
        /// It is not paid.
        NotPaid => CONFLICT "not_paid" "订单未支付" "This order is not paid.",
        /// It is handed out at a store and not sent.
        CollectedAtStore => CONFLICT "collected_at_store" "该订单为到店自提，无需发货" "This order is collected at a store; no parcel is sent.",
        /// No order waits with this code.
        PickUpCodeNotFound => NOT_FOUND "pick_up_code_not_found" "自提码无效" "There is no order with this pick-up code.",
        /// The order waits at another store; details name it.
        WrongStore(details) => CONFLICT "wrong_store" "该订单须在其他门店提取" "This order is collected at another store.",
        /// It was handed out before; details say when.
        AlreadyPickedUp(details) => CONFLICT "already_picked_up" "该订单已提取" "This order has been collected already.",
        /// Whoever belongs to a store hands out at that store alone.
        NotYourStore => FORBIDDEN "not_your_store" "您不属于该门店" "You do not belong to this store.",
        /// There is no code to show: not paid, held back by a campaign, collected, or refunded.
        NoPickUpCode => NOT_FOUND "no_pick_up_code" "该订单暂无可用的自提码" "This order has no pick-up code to show now.",
        /// The body names an address and a store at once, or neither although something has to be carried.
        DestinationUnclear => UNPROCESSABLE_ENTITY "destination_unclear" "请选择收货地址或自提门店" "Name an address or a store to collect it at, one of the two; only virtual goods need neither.",
        /// No such store, or it takes no orders.
        StoreNotFound => UNPROCESSABLE_ENTITY "store_not_found" "自提门店不存在或已关闭" "There is no such store, or it takes no orders.",
        /// The body names lines and the cart at once, or neither.
        BasketUnclear => UNPROCESSABLE_ENTITY "basket_unclear" "请指定商品或从购物车结算" "Name lines or take them from the cart, one of the two.",
        /// Nothing in the cart is selected.
        NothingSelected => UNPROCESSABLE_ENTITY "nothing_selected" "购物车没有选中的商品" "Nothing in the cart is selected.",
        /// The buyer has no such address.
        AddressNotFound => UNPROCESSABLE_ENTITY "address_not_found" "收货地址不存在" "You have no such address.",
        /// A text is empty, too long, or has characters it must not have; details name the field.
        InvalidField(details) => UNPROCESSABLE_ENTITY "invalid_field" "填写内容不符合要求" "A field is empty, too long, or has characters it must not have.",
        /// The order has no such line; details name it.
        LineNotFound(details) => UNPROCESSABLE_ENTITY "line_not_found" "订单中没有该商品行" "The order has no such line.",
        /// More pieces than are left to send, fewer than one, or a line named twice; details name the line.
        ShipQuantity(details) => UNPROCESSABLE_ENTITY "ship_quantity" "发货数量有误" "A parcel holds between one piece and what is left to send of each line, each line once.",
        /// There is nothing to carry of it; details name the line.
        VirtualLine(details) => UNPROCESSABLE_ENTITY "virtual_line" "虚拟商品无需发货" "A virtual line is delivered by itself and goes into no parcel.",
        /// Nothing is left to send.
        NothingToShip => UNPROCESSABLE_ENTITY "nothing_to_ship" "没有待发货的商品" "Nothing is left to ship.",
        /// The order has this parcel already.
        ParcelExists => CONFLICT "parcel_exists" "该包裹已录入" "This order has a parcel with this carrier and number already.",
        /// More parcels than one payment may have.
        TooManyParcels => UNPROCESSABLE_ENTITY "too_many_parcels" "包裹数量超出限制" "An order has at most 15 parcels.",
        /// The new price lies outside its range; details name it.
        PriceOutOfRange(details) => UNPROCESSABLE_ENTITY "price_out_of_range" "改价超出范围" "The new price is out of range.",
        /// More orders than one export may hold.
        ExportTooLarge => UNPROCESSABLE_ENTITY "export_too_large" "导出数量超出限制，请缩小筛选范围" "More than 5000 orders match; narrow the filter.",
        /// A filter contradicts itself; details name it.
        InvalidFilter(details) => UNPROCESSABLE_ENTITY "invalid_filter" "筛选条件有误" "A filter is out of range.",
        /// A sum left the range of money.
        AmountTooLarge => UNPROCESSABLE_ENTITY "amount_too_large" "订单金额超出限制" "The amount is too large.",
    }
    passing { Pricing(PricingError), Stock(StockError), Payment(PaymentError), Staff(StaffError) }
}

impl OrderError {
    /// The order changed while it was being looked at.
    pub(super) fn lost_race() -> Self {
        Self::StateConflict(json!({ "reason": "changed_meanwhile" }))
    }

    /// A field that breaks its rule.
    pub(super) fn field(name: &str, rule: &str) -> Self {
        Self::InvalidField(json!({ "field": name, "rule": rule }))
    }

    /// For callers that cannot refuse: a database failure stays what it is; anything else means that the row changed
    /// meanwhile, so that the whole transaction is taken back and tried again.
    pub(super) fn into_db(self) -> DbError {
        match crate::platform::db::FromDb::db_error(&self) {
            Some(error) => error.clone(),
            None => DbError::Conflict(self.to_string()),
        }
    }
}

impl From<Denial> for OrderError {
    fn from(denial: Denial) -> Self {
        match denial {
            Denial::NotPaid => Self::NotPaid,
            Denial::AlreadyShipped => Self::AlreadyShipped,
            Denial::RefundRunning => Self::RefundRunning,
            Denial::WaitingForCampaign => Self::WaitingForCampaign,
            Denial::CollectedAtStore => Self::CollectedAtStore,
            Denial::NotPending
            | Denial::NotShipped
            | Denial::NotFinished
            | Denial::AlreadyHidden
            | Denial::DeadlinePassed => Self::StateConflict(json!({ "reason": denial.as_str() })),
        }
    }
}

impl From<IllegalMove> for OrderError {
    fn from(refused: IllegalMove) -> Self {
        Self::StateConflict(json!({ "state": refused.from }))
    }
}

impl From<ParcelRefusal> for OrderError {
    fn from(refusal: ParcelRefusal) -> Self {
        match refusal {
            ParcelRefusal::NoSuchLine(line) => Self::LineNotFound(json!({ "line_id": line })),
            ParcelRefusal::Quantity(line) => Self::ShipQuantity(json!({ "line_id": line })),
            ParcelRefusal::Virtual(line) => Self::VirtualLine(json!({ "line_id": line })),
            ParcelRefusal::Empty => Self::NothingToShip,
        }
    }
}
