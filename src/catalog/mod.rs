//! The catalogue: what the shop shows and sells.

mod model;
mod store;

pub use model::{CategoryId, FreightTemplateId, ProductId, SkuFacts, SkuId, Unavailable};
pub use store::sku_facts;
