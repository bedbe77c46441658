//! What a room sells and gives away.

use crate::catalog::{ProductId, SkuId};
use crate::coupon::{CouponId, CouponTemplateId};
use crate::kernel::id::{OrderId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;
use crate::live::model::RoomId;
use crate::platform::db::schema::{
    live_drop_claims, live_drop_portions, live_drops, live_order_lines, live_price_takings, live_prices, live_shelf,
};

crate::typed_id! {
    /// A price that holds only in one room.
    PriceId,
    /// Something that rains during a show.
    DropId,
}

/// Most products on a shelf.
pub const MAX_SHELF: usize = 200;
/// Most pieces of a live price's quota.
pub const MAX_QUOTA: i64 = 1_000_000;
/// Most portions of a packet.
pub const MAX_PORTIONS: i64 = 1_000;
/// Most coupons of a drop.
pub const MAX_DROPPED: i64 = 100_000;

/// A product of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, diesel::Queryable, diesel::Selectable, diesel::Insertable)]
#[diesel(table_name = live_shelf, treat_none_as_default_value = false)]
pub struct ShelfItem {
    /// The room.
    pub room_id: RoomId,
    /// The product.
    pub product_id: ProductId,
    /// Its place, from 0.
    pub position: i64,
    /// How often viewers looked at it.
    pub clicks: i64,
    /// When it was last explained.
    pub explained_at: Option<Timestamp>,
    /// When it came onto the shelf.
    pub added_at: Timestamp,
    /// When it was taken off.
    pub removed_at: Option<Timestamp>,
}

/// A price that holds only in one room, while it is live. `0 ≤ taken ≤ quota` always.
#[derive(Clone, Copy, Debug, PartialEq, Eq, diesel::Queryable, diesel::Selectable, diesel::Insertable)]
#[diesel(table_name = live_prices, treat_none_as_default_value = false)]
pub struct Price {
    /// The price.
    pub id: PriceId,
    /// In which room.
    pub room_id: RoomId,
    /// Of what.
    pub sku_id: SkuId,
    /// What one piece costs.
    #[diesel(column_name = price_fen)]
    pub price: Fen,
    /// Pieces that may be sold at it.
    pub quota: i64,
    /// Pieces that orders took, paid or not.
    pub taken: i64,
    /// Pieces one buyer may have.
    pub per_user_limit: i64,
    /// Whether coupons may be used with it.
    pub coupons_allowed: bool,
    /// From when on, inclusive; absent for the beginning of the show.
    pub starts_at: Option<Timestamp>,
    /// Until when, exclusive; absent for the end of the show.
    pub ends_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When staff took it back.
    pub withdrawn_at: Option<Timestamp>,
}

impl Price {
    /// Pieces that can still be had at it.
    pub const fn left(&self) -> i64 {
        self.quota.saturating_sub(self.taken)
    }
}

crate::stored_enum! {
    /// What became of the pieces an order took.
    pub enum TakingState {
        /// Set aside for an unpaid order.
        Held = "held",
        /// Paid for.
        Sold = "sold",
        /// The order was closed or refunded; somebody else may have them.
        GivenBack = "given_back",
    }
}

/// What an order took at a live price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, diesel::Queryable, diesel::Selectable, diesel::Insertable)]
#[diesel(table_name = live_price_takings, treat_none_as_default_value = false)]
pub struct Taking {
    /// The order.
    pub order_id: OrderId,
    /// The price.
    pub price_id: PriceId,
    /// Who buys.
    pub user_id: UserId,
    /// Pieces.
    pub quantity: i64,
    /// What the shop gives away with them.
    #[diesel(column_name = discount_fen)]
    pub discount: Fen,
    /// What became of them.
    pub state: TakingState,
    /// When they were taken.
    pub at: Timestamp,
}

crate::stored_enum! {
    /// What rains.
    pub enum DropKind {
        /// Coupons, all of one kind.
        Coupon = "coupon",
        /// A sum in portions of random worth.
        Packet = "packet",
    }
}

crate::stored_enum! {
    /// Where a drop stands.
    pub enum DropState {
        /// It is prepared.
        Planned = "planned",
        /// It rains.
        Open = "open",
        /// It is over.
        Closed = "closed",
    }
}

/// Something that rains during a show. `0 ≤ claimed ≤ quantity` always.
#[derive(Clone, Debug, PartialEq, Eq, diesel::Queryable, diesel::Selectable, diesel::Insertable)]
#[diesel(table_name = live_drops, treat_none_as_default_value = false)]
pub struct RoomDrop {
    /// The drop.
    pub id: DropId,
    /// In which room.
    pub room_id: RoomId,
    /// What rains.
    pub kind: DropKind,
    /// What it is called.
    pub title: String,
    /// Of which template the coupons are.
    pub template_id: CouponTemplateId,
    /// How many can be caught.
    pub quantity: i64,
    /// How many were.
    pub claimed: i64,
    /// What all portions of a packet are worth together.
    #[diesel(column_name = face_fen)]
    pub face: Option<Fen>,
    /// What the portions were drawn from.
    pub seed: Option<i64>,
    /// Where it stands.
    pub state: DropState,
    /// How long it rains, in seconds.
    pub open_seconds: i64,
    /// When it was prepared.
    pub created_at: Timestamp,
    /// When it began.
    pub opened_at: Option<Timestamp>,
    /// When it will be over.
    pub closes_at: Option<Timestamp>,
    /// When it was over.
    pub closed_at: Option<Timestamp>,
}

/// One portion of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, diesel::Queryable, diesel::Selectable, diesel::Insertable)]
#[diesel(table_name = live_drop_portions, treat_none_as_default_value = false)]
pub struct DropPortion {
    /// Of which drop.
    pub drop_id: DropId,
    /// Its number, from 1; they are handed out in this order.
    pub no: i64,
    /// What it is worth.
    #[diesel(column_name = amount_fen)]
    pub amount: Fen,
}

/// What somebody caught.
#[derive(Clone, Copy, Debug, PartialEq, Eq, diesel::Queryable, diesel::Selectable, diesel::Insertable)]
#[diesel(table_name = live_drop_claims, treat_none_as_default_value = false)]
pub struct DropClaim {
    /// Of which drop.
    pub drop_id: DropId,
    /// Who.
    pub user_id: UserId,
    /// Which one, from 1.
    pub no: i64,
    /// What it is worth, for a portion of a packet.
    #[diesel(column_name = amount_fen)]
    pub amount: Option<Fen>,
    /// The coupon it became.
    pub coupon_id: CouponId,
    /// When.
    pub at: Timestamp,
}

crate::stored_enum! {
    /// What became of an order's line from a room.
    pub enum LineState {
        /// It waits for its payment.
        Placed = "placed",
        /// It was paid.
        Paid = "paid",
        /// The order was closed unpaid.
        Closed = "closed",
        /// The order was refunded as a whole.
        Refunded = "refunded",
    }
}

/// A line of an order that came from a room; an order has one line for each SKU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, diesel::Queryable, diesel::Selectable, diesel::Insertable)]
#[diesel(table_name = live_order_lines, treat_none_as_default_value = false)]
pub struct RoomLine {
    /// The order.
    pub order_id: OrderId,
    /// What was bought.
    pub sku_id: SkuId,
    /// Its product.
    pub product_id: ProductId,
    /// From which room.
    pub room_id: RoomId,
    /// Who bought.
    pub user_id: UserId,
    /// Pieces.
    pub quantity: i64,
    /// What is paid for it, freight apart.
    #[diesel(column_name = revenue_fen)]
    pub revenue: Fen,
    /// What became of it.
    pub state: LineState,
    /// When it was ordered.
    pub placed_at: Timestamp,
    /// When it was paid.
    pub paid_at: Option<Timestamp>,
}
