//! The words of the cart.

use serde::Serialize;

use crate::catalog::SkuId;
use crate::kernel::id::{DeviceId, UserId};
use crate::kernel::time::Timestamp;

pub use crate::pricing::{MAX_LINES, MAX_QUANTITY};

crate::typed_id! {
    /// One line of a cart.
    CartLineId,
}

/// Whose cart: a shopper's or, before log-in, a device's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CartOwner {
    /// A shopper.
    User(UserId),
    /// An anonymous device.
    Device(DeviceId),
}

/// One line as stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, diesel::Queryable)]
pub struct CartLine {
    /// The SKU.
    pub sku_id: SkuId,
    /// How many pieces, 1–999.
    pub quantity: i64,
    /// Whether it is to be ordered next.
    pub selected: bool,
    /// When it was put in.
    pub added_at: Timestamp,
}

/// Why a line can no longer be bought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unbuyable {
    /// Its product is not on sale.
    OffSale,
    /// This combination of options is not sold at present.
    SkuDisabled,
    /// Nothing is left.
    SoldOut,
}
