//! What of a user's is kept with service accounts.

use super::model::{Push, PushKind};
use super::store;
use crate::identity::{AccountAsset, Erasure, Moment, UserRows};
use crate::kernel::id::UserId;
use crate::kernel::time::Timestamp;
use crate::platform::db::rows::Fields;
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

    /// Messages to service accounts, which know their senders by another name than the shop does.
    fn deeds(&self, tx: &mut Tx<'_>, user: UserId, before: Timestamp, limit: i64) -> DbResult<Vec<Moment>> {
        let moment = |(id, kind, at): (i64, PushKind, Timestamp)| {
            let what = if kind == PushKind::Text { "service_account.wrote" } else { "service_account.tapped_menu" };
            Moment { at, what, subject_kind: "service_pushes", subject: id.to_string() }
        };
        Ok(store::told_by(tx, user, before, limit)?.into_iter().map(moment).collect())
    }

    /// The words and taps themselves.
    fn otherwise_named(&self, tx: &mut Tx<'_>, user: UserId) -> DbResult<Vec<(&'static str, Fields)>> {
        let row = |sent: Push| {
            let fields = Fields::from([
                ("id".to_owned(), Some(sent.id.to_string())),
                ("kind".to_owned(), Some(sent.kind.as_str().to_owned())),
                ("words".to_owned(), Some(sent.words)),
                ("reply".to_owned(), sent.reply),
                ("sent_at".to_owned(), Some(sent.sent_at.millis().to_string())),
            ]);
            ("service_pushes", fields)
        };
        Ok(store::pushes_by(tx, user)?.into_iter().map(row).collect())
    }

    /// What a person did and wrote goes before the row that says who they are.
    fn before_erasure(&self, tx: &mut Tx<'_>, user: UserId) -> DbResult<()> {
        store::forget_deeds(tx, user)
    }
}
