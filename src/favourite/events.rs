//! What favourites record, version 1 of each.

use serde::{Deserialize, Serialize};

use crate::catalog::ProductId;
use crate::kernel::id::{DeviceId, UserId};

/// `favourite.added`
pub const ADDED: &str = "favourite.added";
/// `favourite.removed`
pub const REMOVED: &str = "favourite.removed";

/// A user marked a product as a favourite, or took the mark off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FavouriteChanged {
    /// Which product.
    pub product_id: ProductId,
}

/// `product.viewed`: once for each request that tells of products somebody looked at.
pub const VIEWED: &str = "product.viewed";

/// Somebody looked at products.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductsViewed {
    /// Who, when they are known.
    pub user_id: Option<UserId>,
    /// The device, before anybody logged in on it.
    pub device_id: Option<DeviceId>,
    /// What, in the order in which it was told.
    pub products: Vec<ViewedProduct>,
}

/// One of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ViewedProduct {
    /// Which.
    pub product_id: ProductId,
}
