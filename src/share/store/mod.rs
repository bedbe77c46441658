//! SQL on `share_tokens`, `share_origins` and `share_opens`.

mod books;
mod opens;
mod origins;
mod tokens;

pub(super) use books::*;
pub(super) use opens::*;
pub(super) use origins::*;
pub(super) use tokens::*;
