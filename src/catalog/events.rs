//! What the catalogue reports.

use serde::{Deserialize, Serialize};

use super::model::{ProductId, ProductState};

/// `catalog.product_changed`, version 1: staff edited a product.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ProductChanged {
    /// Which.
    pub product_id: ProductId,
}

/// `catalog.product_moved`, version 1: a product went on or off sale.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ProductMoved {
    /// Which.
    pub product_id: ProductId,
    /// From where.
    pub from: ProductState,
    /// To where.
    pub to: ProductState,
}

/// `word.searched`
pub const SEARCHED: &str = "word.searched";

/// `word.searched`, version 1: a user searched for a word, once or more often within a few moments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WordSearched {
    /// The word.
    pub word: String,
    /// Whether anything was found.
    pub found: bool,
}
