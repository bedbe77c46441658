//! Flash sales: low prices for a short time, of a quota of their own.
//!
//! Owns `flash_sales`, `flash_sale_slots`, `flash_sale_items`, `flash_sale_buyers`, `flash_sale_takings`,
//! `flash_sale_reminders`.
//!
//! A flash sale is a campaign with **slots**; a slot has **items**, each a SKU with a price, a quota and a limit per
//! buyer. What an order takes of an item is `held → sold` when it is paid, and `given_back` when it is closed
//! (`held → given_back`) or refunded as a whole (`sold → given_back`).
//!
//! What always holds, by guarded updates and again by constraints: `0 ≤ taken ≤ quota`; a buyer never has more than the
//! limit; the counts are the sums of what orders took ([`differences`] looks).
//!
//! Decisions. There is one way to place an order: the flash price is an offer that the buyer claims, so the quota is set
//! aside in the order's own transaction, beside the stock, which is counted as for any other order. Whoever does not pay
//! within the shorter time for campaign orders gives the pieces back. Pages are read from the database: the counts they
//! show are those of the moment. Coupons are refused beside a flash price unless the rules allow them.

mod account;
mod admin_api;
mod api;
mod error;
pub mod events;
mod hooks;
mod jobs;
mod model;
mod rules;
mod service;
mod staff_service;
mod store;

pub use account::FlashSaleAsset;
pub use admin_api::{AdminApi, admin_routes};
pub use api::{ShopperApi, shopper_routes};
pub use error::FlashSaleError;
pub use hooks::{FlashSaleKind, FlashSaleOffer};
pub use jobs::RemindOfSlots;
pub use model::{FlashSaleRules, Item, ItemId, ItemRules, Slot, SlotId, SlotRules, TakingState};
pub use service::differences;
