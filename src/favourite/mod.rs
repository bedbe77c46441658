//! What shoppers keep in mind: products they marked as favourites, and the last ones they looked at.
//!
//! Owns `favourites` (one row for each product a user likes) and `footprints` (the last hundred products a user, or a
//! device before its first log-in, has looked at).
//!
//! Both lists show a product as it is now, with its price and whether it can be bought. Footprints are told by the front
//! end in a request of their own: the product's page is answered from memory and writes nothing. Logging in brings the
//! device's footprints along. How many people like a product is counted when staff ask, from the rows themselves, so
//! there is no counter that could be wrong.
//!
//! Decisions. A favourite stays when its product goes off sale: it may come back. Only what is on sale can be marked or
//! looked at. A user has at most a thousand favourites: a bound against abuse, counted under the lock of the user.
//!
//! Deliberately absent: lists of favourites with names of their own, and sharing them.

mod account;
mod admin_api;
mod api;
mod error;
pub mod events;
mod hooks;
mod model;
mod service;
mod store;

pub use account::FavouriteAsset;
pub use admin_api::{AdminApi, admin_routes};
pub use api::{ShopperApi, shopper_routes};
pub use error::FavouriteError;
pub use hooks::BringDeviceFootprints;
