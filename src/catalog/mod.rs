//! The catalogue: what is shown and sold, and how it is found.

mod model;
pub mod search;
mod store;

pub use model::{CategoryId, FreightTemplateId, ProductId, SkuFacts, SkuId, Unavailable};
pub use store::sku_facts;
