//! Identity: one person, many entrances.
//!
//! Owns `users`, `identities`, `identity_conflicts`, `wechat_session_keys`, `devices`, `login_sessions`,
//! `refresh_tokens`, `addresses`, `sms_codes`, `oauth_states`.
//!
//! * An **identity** is one proof of a user: (provider, app id, subject). It belongs to exactly one user, which a unique
//!   index holds; two first log-ins with one openid at the same moment therefore make one user. A new provider is a new
//!   word in [`Provider`] and an adapter that turns its answer into proofs.
//! * **Linking** ([`rules`]) decides which user the proofs of a request mean. When they mean two users, the two are one
//!   person and become one **user** in the same transaction, unless they conflict: then nothing joins, the request goes
//!   on as the user with the stronger id, and staff find the pair among the conflicts and decide.
//! * **Entrances** are [`crate::entrance`]'s. A code that a platform handed to one becomes proofs ([`CodeExchange`]) before
//!   any transaction begins. A unionid holds within the Open Platform account of its entrance.
//! * A way **to WeChat and back** carries a state: random, kept as a hash, for one device or user, once, for ten minutes. It
//!   is used up before WeChat is asked. The visitor of a page's snapshot is nobody and never becomes a user.
//! * A **code sent by SMS** has six digits, lives five minutes and dies of five wrong tries; a number gets one a minute and
//!   ten a day. All of these are counted by the database under guards. The code is kept as a keyed hash together with what
//!   it is good for, and sealed only until it was sent. A phone alone logs in to whoever holds it.
//! * A **merge** brings everything along that capabilities declare to be a user's ([`assets`]), writes down each row as it
//!   was and as it became, and flags what one person may have only once. Staff can take it back for 30 days. What a
//!   request under way still writes for the merged user is brought along soon after.
//! * **Forgetting** a user drives off the same declarations: what tells who they are goes, what the books need stays.
//! * A **device** is one installation before anybody logs in. It proves nobody, since people share devices: it is not an
//!   identity, and only remembers its first user, to whom its anonymous past belongs.
//! * A **log-in** is a family of refresh tokens (30 days, each used once). Using one twice ends the family at once,
//!   without a period of grace: a client that raced itself logs in again, which a mini-program does silently. Access
//!   tokens (15 minutes) are refused as soon as their log-in has ended: in this process at the commit, in others when
//!   they next ask for [`recent_revocations`].
//! * **Secrets at rest**: a phone is a keyed hash to find it by and a sealed text to read it; WeChat's session key is
//!   sealed; refresh tokens are stored as hashes.
//! * **Addresses**: at most 20 a user, exactly one of them the default while there are any. The name of the province
//!   follows from its code. Orders keep their own copy.
//!
//! Invariants, each held by a rule and an index: one user per proof; one value per (user, provider, app); one default
//! address; a refresh token rotates once; a blocked user has no log-in that goes on, because a log-in begins under the
//! lock of its active user.
//!
//! Deliberately absent: what other platforms than WeChat tell of a person across several
//! applications; puzzles against those who ask for codes in masses, which the rate limits of log-ins slow down.

mod address_store;
mod admin_api;
mod api;
pub mod assets;
mod error;
pub mod events;
mod exchange;
mod handover;
mod hooks;
mod jobs;
mod merge_store;
mod model;
mod proof_store;
pub mod rules;
mod service;
mod store;

pub use admin_api::{AdminApi, admin_routes};
pub use api::{LogInDesk, OauthSettings, ShopperApi, shopper_routes};
pub use assets::{AccountAsset, Accounts, Clash, Edit, Erasure, UserRows};
pub use error::IdentityError;
pub use exchange::CodeExchange;
pub use handover::Handover;
pub use hooks::IdentityAsset;
pub use jobs::{FollowMerges, ForgetExpiredTokens, ForgetOauthStates, ForgetSmsCodes, SendSmsCode};
pub use model::{
    Address, AddressId, Conflict, ConflictReason, Identity, Merge, MergeId, Proof, Provider, User, UserState,
};
pub use service::{
    EntranceLogin, EntranceProof, Face, IdentityKeys, Login, LoginListener, LoginListeners, Moment, OAUTH_STATE_TTL_MS,
    PhoneBinding, Profile, ProfileEdit, REFRESH_TTL_MS, Refreshed, StaffAct, Unionid, UserCard, UserSearch,
    add_address, address, bind_phone, block_user, change_address, count_created, edit_profile, faces, first_seen,
    has_logged_in_on, has_phone, hold_device, holder_of, identities_of, known_users, link_known, list_addresses,
    list_conflicts, lock_user, log_in, log_out, log_out_everywhere, made_before, merged_users, nicknames,
    perhaps_the_same, profile, recent_revocations, refresh, register_device, remove_address, reveal_phone,
    search_users, show_user, unbind_phone, unblock_user, wechat_openid, wechat_session_key,
};
