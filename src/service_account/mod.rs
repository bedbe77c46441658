//! The service account: who follows it, what they say to it, what it answers, and codes that bring them.
//!
//! Owns `followings` (who follows which service account), `following_changes` (every time somebody began or ceased to),
//! `service_codes` (codes that carry a scene), `code_scans`, `service_pushes` (what WeChat told of by itself) and
//! `service_replies` (what is answered without a person).
//!
//! * **Messages** come to `/hooks/wechat/push/{entrance_id}`, one address for each entrance, and are believed only when
//!   they are signed, fresh and, where the entrance has a key, sealed. Each becomes facts in one transaction together
//!   with the note that it came, so that a repeated one changes nothing and is answered as before. One signature is
//!   good for one message: its nonce is kept, so that nobody writes other words under it.
//! * **Following** is what WeChat said last: words that arrive late do not undo newer ones. Whoever writes, scans or taps
//!   follows, also when the shop never heard of their beginning. A follower is a user once their openid is somebody's
//!   identity, or their unionid is, which WeChat is asked for by a job; and whenever that user logs in.
//! * **Codes** carry a share token of a shopper, or a subject chosen by staff. A scan of the former is an open of that
//!   share by whoever scanned, as soon as it is known which user that is. A code is written down before WeChat is asked
//!   for it, so that a scan always finds it.
//! * **Answers**: a code's subject as a link into the mini-program, or else the welcome; for words the first reply that
//!   fits exactly, then the first that they contain, then the default; for menu keys the reply of that key.
//!
//! Invariants, each held by a rule and an index: one following per account and openid; one push per message and per
//! signature; one code per account and scene; one welcome and one default per account.
//!
//! Decisions. What people write is kept for 30 days: staff answer it, and nobody needs it longer. A code of a shopper's
//! share is temporary, for thirty days, and the same one is made anew when they ask after its end; staff may make some
//! that last, of which WeChat allows an account 100,000.
//!
//! Deliberately absent: sending template messages and customer messages, which belong to messaging; menus, which staff
//! make in WeChat's console; answers of mini-programs, which WeChat does not take.

mod account;
mod admin_api;
mod api;
mod error;
pub mod events;
mod hook_api;
mod hooks;
mod jobs;
mod model;
mod rules;
mod service;
mod store;

pub use account::FollowingAsset;
pub use admin_api::{AdminApi, admin_routes};
pub use api::{ShopperApi, shopper_routes};
pub use error::ServiceAccountError;
pub use hook_api::{HookApi, MAX_PUSH_BYTES, hook_routes};
pub use hooks::JoinFollowings;
pub use jobs::{AskAboutFollower, ForgetOldPushes};
pub use model::{CodeId, Following, FollowingId, ReachChannel};
pub use service::{CodeDesk, Reach, ServiceAccountSettings, follows, reach_of};
