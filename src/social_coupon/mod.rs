//! Social coupons (立减金): whoever pays may share a packet, and friends arrive with a coupon already in hand.
//!
//! Owns `social_coupons` (rules), `packets`, `packet_portions`.
//!
//! ```text
//! packet: open ──► exhausted | expired | void
//! ```
//!
//! An order that qualifies makes one **packet**, worth a fixed face in a fixed number of **portions**, drawn from a
//! recorded seed. Portion 0 is the payer's own and unlocks by sharing; every friend claims one of the others at most. A
//! claimed portion is a coupon of the social family from then on. A friend who buys makes a packet of their own, whose
//! parent is the one they claimed from last: packets form a tree, and the report counts by generation.
//!
//! What always holds, by guarded updates and again by constraints: portions sum to the face; one portion a person and
//! packet; no more friends than portions; what nobody claimed goes back to the budget exactly once, when the packet
//! expires or its order is refunded ([`differences`] looks).
//!
//! Decisions. The face is spent from the budget when the packet is made, so that every promise is covered. Packets are
//! made by a subscriber to `order.paid` and not in the payment's own transaction: a campaign without budget must not
//! keep money from being taken. Whoever paid for an ancestor of a packet earns nothing from it. A packet outlives its
//! campaign until its own end, but nothing is claimed while the campaign is paused.

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

pub use account::PacketAsset;
pub use admin_api::{AdminApi, admin_routes};
pub use api::{ShopperApi, shopper_routes};
pub use error::SocialCouponError;
pub use hooks::{PacketSubjects, PacketsOfOrders, SocialCouponKind};
pub use jobs::ExpirePackets;
pub use model::{Packet, PacketId, PacketState, Portion, PortionShape, SocialCouponRules};
pub use service::differences;
