//! The words of flash sales.

use serde::{Deserialize, Serialize};

use crate::catalog::SkuId;
use crate::kernel::id::{CampaignId, OrderId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::time::{HOUR_MS, MINUTE_MS, Timestamp};
use crate::platform::db::schema::{
    flash_sale_items, flash_sale_reminders, flash_sale_slots, flash_sale_takings, flash_sales,
};

crate::typed_id! {
    /// A stretch of time in which flash prices hold.
    SlotId,
    /// A SKU in a slot.
    ItemId,
    /// A wish to be told before a slot starts.
    ReminderId,
}

/// The kind that claims, adjustments and ship gates carry.
pub const KIND: &str = "flash_sale";
/// Most slots of one flash sale.
pub const MAX_SLOTS: usize = 48;
/// Most items of one slot.
pub const MAX_ITEMS: usize = 100;
/// Most pieces of a quota.
pub const MAX_QUOTA: i64 = 1_000_000;
/// Shortest slot, in milliseconds.
pub const MIN_SLOT_MS: i64 = 5 * MINUTE_MS;
/// Longest slot, in milliseconds.
pub const MAX_SLOT_MS: i64 = 72 * HOUR_MS;
/// How long before a slot starts those who asked are told, in milliseconds.
pub const REMIND_BEFORE_MS: i64 = 5 * MINUTE_MS;

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

/// What a flash sale is besides a campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, diesel::Queryable, diesel::Selectable, diesel::Insertable)]
#[diesel(table_name = flash_sales, treat_none_as_default_value = false)]
pub struct FlashSale {
    /// The campaign.
    pub campaign_id: CampaignId,
    /// Whether coupons may be used with its prices.
    pub coupons_allowed: bool,
}

/// A stretch of time in which flash prices hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, diesel::Queryable, diesel::Selectable, diesel::Insertable)]
#[diesel(table_name = flash_sale_slots, treat_none_as_default_value = false)]
pub struct Slot {
    /// The slot.
    pub id: SlotId,
    /// Of which flash sale.
    pub campaign_id: CampaignId,
    /// From when on, inclusive.
    pub starts_at: Timestamp,
    /// Until when, exclusive.
    pub ends_at: Timestamp,
}

/// A SKU in a slot. `0 ≤ taken ≤ quota` always.
#[derive(Clone, Copy, Debug, PartialEq, Eq, diesel::Queryable, diesel::Selectable, diesel::Insertable)]
#[diesel(table_name = flash_sale_items, treat_none_as_default_value = false)]
pub struct Item {
    /// The item.
    pub id: ItemId,
    /// In which slot.
    pub slot_id: SlotId,
    /// What.
    pub sku_id: SkuId,
    /// Its place in the list, from 0.
    pub position: i64,
    /// What one piece costs.
    #[diesel(column_name = price_fen)]
    pub price: Fen,
    /// Pieces that may be sold at this price.
    pub quota: i64,
    /// Pieces that orders took, paid or not.
    pub taken: i64,
    /// Pieces one buyer may have.
    pub per_user_limit: i64,
}

impl Item {
    /// Pieces that can still be had at this price.
    pub const fn left(&self) -> i64 {
        self.quota.saturating_sub(self.taken)
    }
}

/// What an order took of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, diesel::Queryable, diesel::Selectable, diesel::Insertable)]
#[diesel(table_name = flash_sale_takings, treat_none_as_default_value = false)]
pub struct Taking {
    /// The order.
    pub order_id: OrderId,
    /// The item.
    pub item_id: ItemId,
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

/// A wish to be told before a slot starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, diesel::Queryable, diesel::Selectable, diesel::Insertable)]
#[diesel(table_name = flash_sale_reminders, treat_none_as_default_value = false)]
pub struct Reminder {
    /// The wish.
    pub id: ReminderId,
    /// Which slot.
    pub slot_id: SlotId,
    /// Whose.
    pub user_id: UserId,
    /// When to tell.
    pub remind_at: Timestamp,
    /// When it was told.
    pub told_at: Option<Timestamp>,
}

/// What staff say of a flash sale, besides the plan of its campaign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FlashSaleRules {
    /// Whether coupons may be used with its prices.
    #[serde(default)]
    #[schema(example = false)]
    pub coupons_allowed: bool,
    /// When which prices hold: 1 to 48 slots that do not overlap, inside the campaign's window.
    pub slots: Vec<SlotRules>,
}

/// One slot of a flash sale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SlotRules {
    /// From when on.
    pub starts_at: Timestamp,
    /// Until when: 5 minutes to 72 hours later.
    pub ends_at: Timestamp,
    /// What is sold: 1 to 100 SKUs, each once.
    pub items: Vec<ItemRules>,
}

/// One SKU of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ItemRules {
    /// What.
    pub sku_id: SkuId,
    /// What one piece costs, below its usual price.
    #[schema(example = 4900, minimum = 1)]
    pub price_fen: Fen,
    /// Pieces that may be sold at this price, at most 1,000,000.
    #[schema(example = 100, minimum = 1, maximum = 1_000_000)]
    pub quota: i64,
    /// Pieces one buyer may have.
    #[schema(example = 2, minimum = 1, maximum = 999)]
    pub per_user_limit: i64,
}
