//! The cart: what a shopper, or an anonymous device before log-in, means to buy.
//!
//! Owns `cart_lines`: one line per owner and SKU, 1–999 pieces each, at most 120 lines. The cart stores no prices: every
//! look at it shows the present facts, and its total is a quote of the selected lines. Lines that can no longer be
//! bought stay, marked with the reason, and do not count towards the total.
//!
//! Decisions. Adding is one insert that adds up under a guard, so two adds at once both count. The number of lines is
//! counted after the insert while the cart's rows are locked. Logging in takes the device's lines out and adds them to
//! the shopper's in one transaction, so they move once. A cart holds no stock: what is in it can sell out.

mod account;
mod api;
mod error;
pub mod events;
mod hooks;
mod model;
mod rules;
mod service;
mod store;
#[cfg(test)]
mod tests;

pub use account::CartAsset;
pub use api::{CartView, ShopperApi, shopper_routes};
pub use error::CartError;
pub use hooks::BringDeviceCart;
pub use model::{CartLine, CartOwner, Unbuyable};
pub use service::{Cart, CurrentLine, add, cart, merge_device_cart, remove_bought, selected_lines};
