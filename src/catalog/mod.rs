//! The catalogue: what the shop shows and sells.
//!
//! Owns `categories`, `products`, `skus`, `catalog_revisions`, `catalog_changes`, `search_words`, `search_history`.
//!
//! A product is a `draft`, `on_sale` or `off_sale`, moved by staff or by a plan that comes due. Its SKUs are never
//! deleted, since orders name them: one no longer wanted is switched off.
//!
//! A product's kind says what its buyers get: goods that are sent or collected, codes, or access. It never changes, since
//! orders and stock were built on it.
//!
//! Shoppers' pages come from a [`Catalog`] in memory: bodies already serialised, lists in every order, and a search
//! index. Each change bumps a revision in its own transaction; every process renews what changed within moments.
//! Prices at placement never come from there but from [`sku_facts`] in the order's transaction.
//!
//! Deliberately absent: stock (it changes by the second and has its own ledger), reviews, imports. What shoppers keep in
//! mind of it (favourites, footprints) is a capability of its own above stock.

mod account;
mod admin_api;
mod api;
mod error;
mod events;
#[cfg(test)]
pub(crate) mod goods;
mod jobs;
mod living;
mod model;
mod records;
mod rules;
pub mod search;
mod service;
mod snapshot;
mod store;
mod view;
mod words;

pub use account::SearchAsset;
pub use admin_api::{AdminApi, admin_routes};
pub use api::{ShopperApi, shopper_routes};
pub use error::CatalogError;
pub use jobs::{CarryOutPlans, CountSold};
pub use living::Catalog;
pub use model::{
    CategoryDraft, CategoryId, FreightTemplateId, GoodsKind, ProductDraft, ProductFacts, ProductId, ProductOption,
    ProductState, Schedule, SkuDraft, SkuFacts, SkuId, Unavailable,
};
pub use rules::ProductMove;
pub use service::{
    add_category, add_product, advance, categories, category_paths, count_sold_before, product_categories, sanitised,
};
pub use store::{product_facts, product_facts_of, sku_facts};
