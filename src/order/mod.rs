//! Orders: from the basket to the door, and back when it must be.
//!
//! Owns `orders`, `order_lines`, `order_adjustments`, `order_history`, `order_refunds`, `ship_gates`, `shipments`,
//! `shipment_lines`, `tracking_events`, `pick_ups`.
//!
//! ```text
//! pending_payment ──► paid ──► shipped ──► received ──► completed
//!        │              └──────────┴───────────┴──────► refunded
//!        └──► closed
//! ```
//!
//! Waiting for a group is not a state: a **ship gate** holds a paid order back until its campaign opens it. Split
//! shipment and partial refund are facts about lines. [`rules`] decides every pair of state and step; one function takes
//! every step, by a guarded update from the state that was seen, with a row of history, what follows for campaigns and
//! stock, and an event.
//!
//! * **Placement** is one transaction: quote, compare with what the buyer saw, write, reserve offers, open the payment,
//!   record, hold stock, remember the answer. What several buyers compete for is touched last.
//! * **Deadlines** are columns: unpaid orders close (after the provider was asked, when money may be under way), shipped
//!   ones are received, received ones completed, each by a sweep that looks again before it acts. An order that was
//!   closed is never revived; payment gives late money back.
//! * **Refunds** before shipping take the whole order. From the moment one is asked for, `refunding_fen` keeps parcels
//!   from leaving; the order is refunded when the money has arrived. Above a limit a second member of staff decides.
//!   A **difference** of price goes back beside that without holding anything up; a whole refund then returns only the
//!   rest.
//! * **Pick-up** at a store takes the place of an address. Once the order is paid and no gate holds it, its buyer gets a
//!   code of twelve letters. Staff of that store hand out against it, once: paid, shipped and received are one
//!   transaction then. A code is worth what its order is: it dies with a refund. Nobody closes an order that is never
//!   collected; it waits until somebody refunds it.
//! * **Virtual** lines need no address and go into no parcel. When the order is paid and no gate holds it, an event says
//!   that they are ready; whoever keeps the goods delivers them through [`deliver_virtual`]. An order of nothing else is
//!   shipped and received at that moment; beside parcels they count as the part that has left, so that the whole order
//!   can no longer be refunded as unshipped.
//! * **History** rows carry the version of the order they made, so that the chain of an order can be proven unbroken
//!   ([`differences`]).
//!
//! Locks are taken in one order: payment, order, campaigns, stock.
//!
//! Deliberately absent: after-sale by line, which is a capability of its own above this one.

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
#[cfg(test)]
mod tests;

pub use account::OrderAsset;
pub use admin_api::{AdminApi, admin_routes};
pub use api::{ShopperApi, shopper_routes};
pub use error::OrderError;
pub use hooks::OrderPayable;
pub use jobs::{CloseUnpaid, Complete, ReceiveByItself, SHIPPING_UPLOAD, UploadShipping};
pub use model::{
    Actor, ActorKind, Delivery, GatedOrder, Order, OrderLine, OrderLineId, OrderSettings, OrderState, RefundKind,
    Shipment, ShipmentId, ShipmentKind, VirtualLine,
};
pub use service::{
    Orders, RefundApproval, announce_undelivered, close_unpaid, deliver_virtual, differences, find, gated,
    is_first_paid, is_newcomer, move_gate, open_gate, refund_difference, refund_unshipped, states, virtual_lines,
};
