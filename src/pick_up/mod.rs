//! Stores where buyers collect what they bought.
//!
//! Owns `stores` and `store_staff`.
//!
//! A store is open or closed. A closed one is no longer offered and takes no new orders; what was bought for it before is
//! still handed out there, so closing needs nobody to clear its shelf first. Stores are never deleted, because orders
//! name them. Orders keep the name and address of their store as they were when they were placed.
//!
//! Whoever belongs to one or more stores hands out at these alone. Whoever belongs to none, such as the owner, may hand
//! out anywhere: a permission says what may be done, belonging to a store says where.
//!
//! Which order is collected where, the codes, and handing out are [`order`](crate::order)'s, since they move orders.
//!
//! Deliberately absent: stock by store, and searching stores by distance (the shop has few; the front end sorts them).

mod admin_api;
mod api;
mod error;
mod model;
mod rules;
mod service;
mod store;

pub use admin_api::{AdminApi, admin_routes};
pub use api::{ShopperApi, shopper_routes};
pub use error::PickUpError;
pub use model::{Store, StoreDraft, StoreId, StoreState};
pub use service::{add, find, may_hand_out_at};
