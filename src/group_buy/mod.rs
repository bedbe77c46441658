//! Group buy (拼团): several people buy a product together and pay less for it.
//!
//! Owns `group_buy_rules`, `group_buy_skus`, `buy_groups`, `group_seats`.
//!
//! ```text
//! group  open ──► formed | expired
//! seat   held ──► paid ──► kept
//!          └─► released ◄── refund_due ◄── paid
//! ```
//!
//! Opening or joining a group is placing an order with a claim: `new:<campaign>`, `<group>`, or `<group>:<share token>`
//! for a group that takes invited people only. There is no other way in.
//!
//! * **No group is overfilled.** A seat is a row under a number no higher than the group's size; a number is taken once
//!   and a user sits once, by unique indexes over the seats that occupy a place. The counters of the group change under
//!   guards and its checks repeat them; whoever changes seats locks their group first.
//! * **A seat is held** from placement until the order's own deadline, which never passes the group's. When the order is
//!   closed the seat is free again. At its deadline a group waits for the orders that were placed in time: money that was
//!   paid in time counts although word of it comes later. It does not wait for ever.
//! * **The leader's group** is seen, and its life begins, once the leader has paid. A leader who leaves hands it on to
//!   the first who paid, with the same deadline. A group that everybody left is over.
//! * **The end** is facts only: the group and its seats, in one transaction. What follows for each order is settled by
//!   sweeps, one order for each transaction: gates open, differences go back, the money of a group that did not form is
//!   asked back. What cannot be done is tried again with growing pauses, shown to staff, and holds up nobody.
//! * **A ladder** (3 people ¥90, 5 people ¥80) takes the price of its smallest size from everybody. It stays open until
//!   its deadline or its largest size, forms at the size that was reached, and what was paid too much goes back. The
//!   budget sets the largest difference aside beforehand, so that no promise can pass it.
//! * **The shop may fill** a group that is complete enough when its time is over. Such a seat has no user, no order and
//!   no money, and staff see it.
//! * **Late payers** are those whose order still waited for its money when staff ended their group, or when the provider
//!   kept silent for longer than the group could wait. The campaign's rule gives them a group of their own or a seat in
//!   another one; when there is none, their money goes back. An order that was closed is never revived.
//! * **A campaign's end** ends its open groups.
//!
//! Locks are taken in one order: payment, order, group, seat, the user's turn, quota, budget.
//!
//! Deliberately absent: several SKUs in one order for a group, since the group holds the whole order back; leaving after
//! the group has formed, which is an ordinary refund of the order and leaves the group as it is.

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
mod store;
mod views;

pub use account::GroupBuyAsset;
pub use admin_api::{AdminApi, admin_routes};
pub use api::{ShopperApi, shopper_routes};
pub use error::GroupBuyError;
pub use hooks::{GroupBuyOffer, GroupBuyRules, Groups};
pub use jobs::{EndGroups, OpenGates, RefundSeats};
pub use model::{EndReason, GroupId, GroupState, SeatId, SeatState};
pub use service::{GROUP_BUY, GroupBuySettings, GroupBuys, differences};
