//! Coupons: what shoppers hold in their hands and give for a lower price.
//!
//! Owns `coupon_templates`, `coupon_allotments`, `coupon_user_counts`, `coupon_template_users`, `coupons`, `coupon_uses`,
//! `coupon_history`, `coupon_code_batches`, `coupon_codes`, `coupon_code_tries`, `coupon_grant_runs`,
//! `coupon_grant_targets`, `coupon_staff_days`.
//!
//! ```text
//! template:  draft ──► active ⇄ paused ──► ended
//! coupon:    held ──► reserved ──► used         held ──► expired | revoked
//!             ▲ └────────┴──────────┘
//! ```
//!
//! * A **template** says what a coupon is worth, where, for whom, how it is had, and how many there may be. What it is
//!   worth never changes once coupons are out. Its **family** is the shop's own or a portion of a social coupon's packet;
//!   an order may have one of each, if both allow it, and pricing sees to that.
//! * **Having** one ([`grant`]) counts under guards: the user's own count, then the coupon, then the template's count,
//!   which everybody competes for and which is therefore touched last. One user has one coupon of a template from one
//!   source and reference, however often it is asked for; a shopper's request is told apart by its `Idempotency-Key`.
//! * **Using** one is a claim with an order. The quote asks whether it can be used, placement sets it aside by a guarded
//!   update from the version it saw, and two unique indexes hold that a coupon has one use at a time and an order one
//!   coupon of a family. A coupon that takes nothing off stays in its user's hands. When the order is closed, or wholly
//!   refunded, the coupon comes back while it can still be used, and expires otherwise. A claim that lapsed since the
//!   buyer saw the price is answered with the price without it.
//! * **Comparing** ([`ShopperApi`], `POST /coupons/best`) prices the basket once up to the coupons and tries each of them
//!   out in memory, exactly as a quote would apply it.
//! * **Codes**: one that many share, under the template's limits; or batches of one-time codes of 60 random bits, told to
//!   staff once and kept as hashes. Wrong tries are counted before a code is looked up, per user and per address.
//! * **Giving**, to named users or as codes, needs a second member of staff above a number of coupons or a worth
//!   ([`CouponSettings`]), measured by each deed and by all that one gave away alone that day: the gift does not begin, and
//!   the codes are not good, before somebody else agrees. What nobody can say the worth of always needs one.
//! * **Coupon drops** are campaigns whose coupons can be had while they run. Each coupon takes its face out of the
//!   campaign's budget when it is issued, and puts it back, once, when it expires or is taken back unused.
//!
//! What always holds, by rules and again by constraints ([`differences`] looks): used ≤ issued ≤ total; a user's coupons
//! of a template within their limit; one use each; whatever is reserved belongs to an order that waits for payment.
//!
//! Decisions. Percentages are rounded half up to a whole fen. A threshold is measured by what is left to pay, after
//! campaign prices and promotions, for the goods the coupon is for; lines whose campaign price allows no coupons count
//! for nothing. Whatever was issued stays counted: a coupon that expires or is taken back gives nobody room. A daily limit
//! counts days of the shop, which begin at midnight in Shanghai.
//!
//! Deliberately absent: coupons for points, which belong to loyalty; coupons for segments and by journeys, which call
//! [`grant`] from above.

mod account;
mod admin_api;
mod api;
mod draft;
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

pub use account::CouponAsset;
pub use admin_api::{AdminApi, admin_routes};
pub use api::{ShopperApi, shopper_routes};
pub use draft::CouponTemplateDraft;
pub use error::CouponError;
pub use hooks::{CouponDrops, ShopCoupons, SocialCoupons, WelcomeCoupons, claim_kind};
pub use jobs::{CarryOutGrants, ExpireCoupons, ForgetWrongCodes, GRANT_RUN};
pub use model::{
    CouponAudience, CouponBenefit, CouponFamily, CouponId, CouponScope, CouponSettings, CouponSource, CouponState,
    CouponTemplateId, CouponTemplateState, CouponWay,
};
pub use service::{
    CouponApproval, NewCoupon, NewTemplate, RewardFacts, Uncounted, activate_template, create_template, differences,
    end_template, grant, grant_anew, pause_template, revoke_unused, reward_facts, state,
};
