//! Pricing: the one place where a price is computed.

mod error;
pub mod freight;
mod model;
mod offer;
mod service;

pub use error::{OfferRefusal, PricingError};
pub use model::{Adjustment, BasketLine, MAX_LINES, MAX_QUANTITY, OfferClaim, Quote, QuoteRequest, QuotedLine};
pub use offer::{Offer, OfferFacts, Offers, OrderEvent, PlacedOrder, PricedLine, Reach, Reduction, Reservation, Stage};
pub use service::quote;
