//! The words of favourites and footprints.

use crate::catalog::ProductId;
use crate::kernel::id::{DeviceId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::time::Timestamp;

/// Most favourites of a user.
pub const MAX_FAVOURITES: i64 = 1_000;
/// Footprints that are kept.
pub const MAX_FOOTPRINTS: i64 = 100;

/// Whose footprints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Walker {
    /// A user's.
    User(UserId),
    /// A device's, before anybody logged in on it.
    Device(DeviceId),
}

/// Somebody looked at a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Footprint {
    /// Which product.
    pub product_id: ProductId,
    /// When last.
    pub seen_at: Timestamp,
}

/// Whether a product can be bought now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Availability {
    /// It can.
    Available,
    /// It is on sale and none is left.
    SoldOut,
    /// It is not on sale.
    OffSale,
}

/// A product as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glance {
    /// The product.
    pub product_id: ProductId,
    /// Its title.
    pub title: String,
    /// Path of its cover.
    pub picture: String,
    /// The lowest price among what can be bought of it.
    pub price: Option<Fen>,
    /// The price to strike through beside it.
    pub market_price: Option<Fen>,
    /// Whether it can be bought.
    pub availability: Availability,
}

/// A product with the moment it was marked or looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The product as it is now.
    pub product: Glance,
    /// The moment.
    pub at: Timestamp,
}
