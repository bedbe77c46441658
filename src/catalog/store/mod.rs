//! SQL on the catalogue's tables.

mod categories;
mod products;
mod revisions;
mod words;

pub(super) use categories::*;
pub(super) use products::*;
pub use products::{product_facts, product_facts_of, sku_facts};
pub(super) use revisions::*;
pub(super) use words::*;
