//! SQL on the catalogue's tables.

mod categories;
mod products;
mod revisions;
mod words;

pub(super) use categories::*;
pub use products::sku_facts;
pub(super) use products::*;
pub(super) use revisions::*;
pub(super) use words::*;
