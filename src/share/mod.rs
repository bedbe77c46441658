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
//! Deliberately absent: counters on tokens. Figures are counted from the rows when somebody looks, so that no open of a
//! page that everybody opens waits for another.

mod api;
mod error;
pub mod events;
mod hooks;
mod model;
mod rules;
mod service;
mod store;
mod subject;

pub use api::{ShopperApi, shopper_routes};
pub use error::ShareError;
pub use hooks::{Pages, Products, RecogniseVisitor};
pub use model::{Acquired, Acquisition, Channel, Edge, Share, ShareId, Subject, SubjectKind, Touch};
pub use service::{
    Arrived, Comer, Counted, NewShare, Opening, acquired_through, acquisition_of, differences, has_shared, is_ancestor,
    issue, last_touch, open,
};
pub use subject::{SubjectCard, SubjectSource, SubjectSources};
