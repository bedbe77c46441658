//! Questions that every shop has, ready to be asked: how far people get on the way to a purchase, in group buys, bargains
//! and packets, and once round the hourglass. Each is a definition like any other, so staff can take it, change it and
//! ask it where such questions are asked.

mod api;
mod catalogue;

pub use self::api::{ReadyMadeApi, ready_made_routes};
