//! Freight: what it costs to send a basket to a province.
//!
//! Owns `freight_templates` and `freight_tariffs`. Every product names a template; a template measures its lines by
//! piece, weight or volume and holds tariffs: some for named provinces and exactly one for everywhere else. A tariff
//! says `first_fee` for the first units and `next_fee` for every further started step, is free from an amount of goods
//! on (after discounts), or says that nothing is delivered there.
//!
//! The lines of one template travel together: their units are added up before the tariff is applied. Templates are read
//! from the quote's transaction, so a price never rests on a tariff that has changed. Templates are never deleted,
//! because products name them; they are renamed and given other tariffs.

mod admin_api;
mod error;
mod model;
mod rules;
mod service;
mod store;

pub use admin_api::{AdminApi, admin_routes};
pub use error::FreightError;
pub use model::{Measure, NewTemplate, Tariff, Template};
pub use rules::{Load, NotDelivered, delivers, freight};
pub use service::{create, list, template, templates, update};
