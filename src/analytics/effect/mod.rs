//! Effect: where high-quality users come from, and what a campaign cost and brought.
//!
//! Both need more than an analysis has: the one asks for segments, the other for a campaign's books. Money that came is
//! counted from the shop's own events, so that an order counts once, either for the campaign that it carries or for
//! having been made by somebody whom the campaign brought; money that went and the hold-out are the campaign's.

mod api;
mod campaigns;

pub use api::{EffectApi, effect_routes};
