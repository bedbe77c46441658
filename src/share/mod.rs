//! Shares: who handed what on to whom, and whom that brought.
//!
//! Owns `share_tokens` (a page handed on once), `share_opens` (who came through which token) and `share_origins` (how
//! each user came).
//!
//! * A **token** is 16 random letters and digits, so that it fits the scene of a mini-program code and nobody guesses
//!   one. Asking for it names the subject, which its owner ([`SubjectSource`]) must know and show now. It goes on from
//!   the token through which its sharer came, so that tokens form chains.
//! * An **open** is counted once for each visitor, token and half hour. Opens of an anonymous device are kept as such
//!   and become its first user's when that user logs in.
//! * The **origin** of a user is written once, at their first share or first open, and never changes: either nobody
//!   brought them, or the sharer of the token did through which their first-ever session came. First-ever session means
//!   within half an hour after they or their device were first seen. The primary key keeps origins to one for each user
//!   however many tokens they open at once; since an inviter's origin is there before anybody can be brought by them,
//!   no circle can arise and the depth, counted from it, stays right.
//! * The **sharer's own opens** count for nothing, also on a device on which they ever logged in, whoever holds it now.
//!
//! * **Group chats** are believed when WeChat proves them: what the page got opens with the visitor's own session key
//!   and bears our app's watermark. What is not proven is told to the page and not kept; the open counts all the same,
//!   since session keys go stale without anybody's fault.
//! * **Pictures** ([`Studio`]): mini-program codes drawn by WeChat, QR codes for outside it, and posters, all with the
//!   same token, made once and kept under the hash of what they show.
//!
//! Deliberately absent: counters on tokens. Figures are counted from the rows when somebody looks, so that no open of a
//! page that everybody opens waits for another. Revenue of descendants, which needs orders, is for reports above.

mod account;
mod admin_api;
mod api;
mod error;
pub mod events;
mod hooks;
mod model;
mod poster;
mod rules;
mod service;
mod store;
mod studio;
mod subject;

pub use account::ShareAsset;
pub use admin_api::{AdminApi, admin_routes};
pub use api::{ShopperApi, shopper_routes};
pub use error::ShareError;
pub use hooks::{Pages, Products, RecogniseVisitor};
pub use model::{Acquired, Acquisition, Channel, Edge, Share, ShareId, Subject, SubjectKind, Touch};
pub use service::{
    Arrived, Comer, Counted, NewShare, Opening, acquired_through, acquisition_of, differences, find, has_shared,
    is_ancestor, issue, last_touch, open, path_with_token, subject,
};
pub use studio::{Studio, StudioSettings};
pub use subject::{SubjectCard, SubjectSource, SubjectSources};
