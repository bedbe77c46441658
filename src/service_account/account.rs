//! What of a user's is kept with service accounts.

use super::store;
use crate::identity::{AccountAsset, Erasure, UserRows};
use crate::kernel::id::UserId;
use crate::platform::db::{DbResult, Tx};

/// Which service accounts a user follows, and the codes of their shares.
#[derive(Clone, Copy, Debug, Default)]
pub struct FollowingAsset;

const ROWS: &[UserRows] = &[
    UserRows {
        table: "followings",
        moments: &[("followed_at", "service_account.followed"), ("unfollowed_at", "service_account.left")],
        parts: &[("following_changes", "following_id"), ("code_scans", "following_id")],
        withheld: &["openid", "unionid"],
        erasure: Erasure::Remove,
        ..UserRows::PLAIN
    },
    UserRows { table: "service_codes", moments: &[("created_at", "service_account.code_made")], ..UserRows::PLAIN },
];

impl AccountAsset for FollowingAsset {
    fn rows(&self) -> &'static [UserRows] {
        ROWS
    }

    /// What a person did and wrote goes before the row that says who they are.
    fn before_erasure(&self, tx: &mut Tx<'_>, user: UserId) -> DbResult<()> {
        store::forget_deeds(tx, user)
    }
}
