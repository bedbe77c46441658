//! Virtual goods: codes and access instead of parcels.
//!
//! Owns `digital_loads`, `digital_codes`, `access_grants`, `access_deliveries`.
//!
//! A product's kind says what its buyers get. Of `virtual_code` every piece is a code of its own out of a **pool** that
//! staff fill; of `virtual_access` every line gets the same named text or link, the **grant**. Orders say when virtual
//! lines are ready to be delivered (paid, and no gate holds them); a subscriber delivers them in a transaction of its own,
//! and `order` moves the order: one without parcels is shipped and received at that moment.
//!
//! * **Stock** of a pool is its codes: loading them is their receipt, withdrawing one its correction, both through stock's
//!   front door, which refuses any other. So the ledger promises no code that is not there, and [`differences`] compares.
//! * **Each code once**: a unique index keeps a code from standing twice in its pool, another gives each piece of a line
//!   one code, and taking one is a guarded update of a free row.
//! * **Secrets**: codes are sealed at rest under their own row. A keyed hash finds duplicates. Staff see the last four
//!   characters; the buyer alone sees the whole. A grant is the same for all buyers and is no secret to staff.
//! * What a buyer was granted is written down as it was then; changing a grant changes what later buyers get.
//!
//! Decision: what was delivered is never taken back, whatever happens to the order, since it was seen.
//!
//! Deliberately absent: codes made on demand by somebody else's service.

mod admin_api;
mod api;
mod error;
pub mod events;
mod hooks;
mod model;
mod rules;
mod service;
mod store;

pub use admin_api::{AdminApi, admin_routes};
pub use api::{ShopperApi, shopper_routes};
pub use error::DigitalError;
pub use hooks::DeliverVirtualGoods;
pub use model::NewGrant;
pub use service::{DigitalKeys, NewCodes, differences, grant_access, load};
