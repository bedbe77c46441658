//! Bargains: friends cut a price, piece by piece.
//!
//! Owns `bargain_rules` (what a campaign promises), `bargain_quotas` (how many orders it may have), `bargain_prizes`,
//! `bargains`, `bargain_pieces` (the difference of each in its pieces, and who took which), `bargain_orders` (orders that
//! redeemed one), `bargain_ranks` and `bargain_awards` (who had most helpers, and what that won).
//!
//! ```text
//! running ──► bought        an order takes hold of a running bargain and lets it go again when it is closed unpaid
//!    └──────► expired
//! ```
//!
//! * **Pieces.** Opening draws from a recorded seed into how many pieces the difference from start to floor falls and how
//!   large each is, early ones larger as a trend. They are stored; anybody can derive them again. A help takes the next
//!   piece, or the largest left when the rules favour newcomers, by one guarded statement; the bargain's own row then
//!   sinks by it under a guard of its own. So the sum of cuts is exact under any parallelism, and one user has at most one
//!   piece of a bargain by constraint. That the floor is reached is a fact, not a state.
//! * **Buying.** The price is read for the quote and frozen when the order takes hold of the bargain: the hold succeeds
//!   only at the price that was read, and from then on nobody cuts. Paid, it is bought; closed, it is as it was before, if
//!   its time is not over. What it gives away comes out of the campaign's budget when the order takes hold of it and goes
//!   back when the order is closed or refunded.
//! * **Circles.** A help by the owner's own device, by whoever brought the owner to the shop, or by somebody whom the
//!   owner helped (directly or around a circle of friends) still cuts the price, but earns no coupon and does not count in
//!   the ranking; the reason is kept with the piece.
//! * **Ranking.** Owners by number of helpers, of equals who got there first. A minute after the campaign ended it is
//!   settled once; each prize is then given by itself and tried again until it is.
//!
//! Locks are taken in one order: order, bargain (a help takes its piece just before), quota or ranking, campaign, coupon.
//!
//! Deliberately absent: points as a reward, which come with loyalty.

mod account;
mod admin_api;
mod api;
mod error;
pub mod events;
mod hooks;
mod jobs;
mod model;
mod rules;
mod service;
mod store;
#[cfg(test)]
mod tests;

pub use account::BargainAsset;
pub use admin_api::{AdminApi, admin_routes};
pub use api::{ShopperApi, shopper_routes};
pub use error::BargainError;
pub use hooks::{BargainKind, BargainOffer, Bargains};
pub use jobs::{ExpireBargains, PayPrizes, SettleCampaigns};
pub use model::{Bargain, BargainId, BargainState, BuyRule, HelpReward, HelperRule, Prize, Rules};
pub use service::differences;
