//! Guidance: by which other entrances a person could still come, what each would bring them, and the way there.
//!
//! Owns `guide_links` (links that open a mini-program from outside WeChat, while they live).
//!
//! A shop knows a person better, and reaches them more often, the more entrances they use: bound to an Open Platform
//! account they are one person everywhere, a phone finds them again, a service account that they follow may write to
//! them, the app keeps them. What of that is missing is read off their proofs and followings; nothing is stored about it.
//!
//! * Every way carries the **share token** that it is given, so that whoever goes it is still known to have come through
//!   that share.
//! * **Links** are made by WeChat, which allows half a million a day. One is kept for each page and query, and made anew
//!   a day before it ends; the mini-program tells its visitors apart by the token in it.
//!
//! Deliberately absent: when to show a step, which the front end decides; counting how many went on, which reports do
//! from events of log-ins and followings.

mod api;
mod error;
mod jobs;
mod model;
mod rules;
mod service;
mod store;

pub use api::{ShopperApi, shopper_routes};
pub use error::GuidanceError;
pub use jobs::ForgetEndedLinks;
pub use service::{Guide, GuideSettings};
