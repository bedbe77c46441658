//! Pricing: the one place where a price is computed.
//!
//! [`quote`] takes a basket, a buyer, a province and the offers chosen, and answers every line, every adjustment with its
//! source, freight, the total and a digest. Preview, cart, placement and the staff's simulator all call it.
//!
//! Order of application: base price → one price-setting offer per line, or else the member price → full-reduction
//! promotions → at most one shop coupon and at most one portion of a social coupon, if they allow each other and the
//! lines allow them → points → freight. Campaigns take part through the seam in [`Offer`]; pricing names none.
//!
//! [`remainder`] says what of a basket can no longer be bought, and what the rest costs.
//!
//! What always holds: the lines sum to the totals to the fen; no line falls below zero; reductions are capped at what is
//! left to pay and spread by largest remainder; the order of claims and of lines never changes a price; amounts that
//! leave the range of money are refused.
//!
//! Decisions. A quote without a province leaves the freight open: `freight_pending` is true, the freight is zero, and
//! placement must not accept it. A reduction of freight made at an earlier stage (a shipping coupon) waits until the
//! freight is known. Freight is charged per template over the lines of that template, so a line that ships free bears
//! none. A product whose template does not exist cannot be delivered. The digest covers numbers and sources, not titles.
//!
//! Owns no tables itself; [`freight`] owns two. Deliberately absent: taxes (prices in China include them) and currencies.

mod admin_api;
mod api;
mod error;
pub mod freight;
mod model;
mod offer;
mod remainder;
mod rules;
mod service;
#[cfg(test)]
mod tests;

pub use admin_api::{AdminApi, admin_routes};
pub use api::{QuoteView, ShopperApi, shopper_routes};
pub use error::{OfferRefusal, PricingError};
pub use model::{Adjustment, BasketLine, MAX_LINES, MAX_QUANTITY, OfferClaim, Quote, QuoteRequest, QuotedLine};
pub use offer::{Offer, OfferFacts, Offers, OrderEvent, PlacedOrder, PricedLine, Reach, Reduction, Stage, Terms};
pub use remainder::{Gone, GoneLine, Remainder, remainder};
pub use service::{Crossing, crossing, quote};
