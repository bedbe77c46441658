//! What favourites record, version 1 of each.

use serde::{Deserialize, Serialize};

use crate::catalog::ProductId;

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
