//! Use cases of the service account. Those without a call to WeChat take the transaction they run in.

mod coding;
mod following;
mod looking;
mod receiving;
mod replying;

pub use coding::CodeDesk;
pub use looking::{Reach, follows, reach_of};

pub(super) use coding::{CodeFile, NewCode, code_file, code_page, own_code};
pub(super) use following::{FollowerQuestion, follower_to_ask, join_user, note_follower};
pub(super) use looking::{FollowerFile, follower_file, follower_page, messages_of};
pub(super) use receiving::{House, receive};
pub(super) use replying::{add_reply, change_reply, order_replies, remove_reply, replies, show_reply};

use crate::kernel::id::StaffId;
use crate::platform::http::Origin;

/// What answers need to know of the shop.
#[derive(Clone, Debug)]
pub struct ServiceAccountSettings {
    /// Where clients go that cannot open the mini-program.
    pub web_address: String,
}

/// A member of staff at work, and from where.
#[derive(Clone, Debug)]
pub(super) struct AtDesk {
    pub(super) staff_id: StaffId,
    pub(super) origin: Origin,
}
