//! What identity itself keeps for a user, and what becomes of it when two users become one.

use super::assets::{AccountAsset, Clash, Edit, Erasure, UserRows};
use super::store;
use crate::kernel::id::UserId;
use crate::platform::db::rows::Fields;
use crate::platform::db::{DbResult, Tx};

/// Proofs, devices, log-ins, addresses and conflicts.
#[derive(Clone, Copy, Debug, Default)]
pub struct IdentityAsset;

const ROWS: &[UserRows] = &[
    UserRows {
        table: "identities",
        moments: &[("created_at", "identity.proven")],
        withheld: &["sealed", "subject"],
        erasure: Erasure::Remove,
        ..UserRows::PLAIN
    },
    UserRows { table: "devices", owner: "first_user_id", ..UserRows::PLAIN },
    UserRows {
        table: "login_sessions",
        moments: &[("created_at", "session.began"), ("revoked_at", "session.ended")],
        ..UserRows::PLAIN
    },
    UserRows {
        table: "addresses",
        clash: Clash::Edited(Edit { edit: no_default, flag: None }),
        moments: &[("created_at", "address.added")],
        erasure: Erasure::Remove,
        ..UserRows::PLAIN
    },
    UserRows {
        table: "identity_conflicts",
        owner: "kept_user_id",
        clash: Clash::Stays("identity.same_conflict"),
        withheld: &["subject"],
        ..UserRows::PLAIN
    },
    UserRows { table: "identity_conflicts", owner: "other_user_id", withheld: &["subject"], ..UserRows::PLAIN },
];

/// The kept user's default address stays the default.
fn no_default(address: &mut Fields, _of: UserId) {
    address.insert("is_default".to_owned(), Some("0".to_owned()));
}

impl AccountAsset for IdentityAsset {
    fn rows(&self) -> &'static [UserRows] {
        ROWS
    }

    fn before_erasure(&self, tx: &mut Tx<'_>, user: UserId) -> DbResult<()> {
        store::forget_session_keys(tx, user)
    }
}
