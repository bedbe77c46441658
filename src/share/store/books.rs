//! What does not add up.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::platform::db::{DbResult, Tx};

/// Something wrong about one user or token.
#[derive(QueryableByName)]
pub(in crate::share) struct Wrong {
    /// What.
    #[diesel(sql_type = Text)]
    pub(in crate::share) what: String,
    /// The user or the token.
    #[diesel(sql_type = BigInt)]
    pub(in crate::share) id: i64,
}

/// Each check finds rows that must not be; every one of them names its user or token.
const CHECKS: [&str; 7] = [
    // A forest: one step deeper than whoever brought them, which no circle can be.
    "SELECT 'a user is not one step deeper than who brought them' AS what, o.user_id AS id FROM share_origins o \
     LEFT JOIN share_origins i ON i.user_id = o.inviter_id \
     WHERE (o.inviter_id IS NULL AND o.depth <> 0) OR (o.inviter_id IS NOT NULL AND (i.user_id IS NULL OR o.depth <> i.depth + 1))",
    "SELECT 'a user was brought by somebody else than the sharer of the token' AS what, o.user_id AS id \
     FROM share_origins o JOIN share_tokens t ON t.id = o.token_id \
     WHERE o.inviter_id IS NULL OR o.inviter_id <> t.sharer_id OR o.channel <> t.channel \
     OR COALESCE(o.campaign_id, 0) <> COALESCE(t.campaign_id, 0)",
    "SELECT 'a user was brought and has no acquisition edge' AS what, o.user_id AS id FROM share_origins o \
     LEFT JOIN share_opens e ON e.user_id = o.user_id AND e.token_id = o.token_id AND e.edge = 'acquisition' \
     WHERE o.token_id IS NOT NULL AND e.id IS NULL",
    "SELECT 'an acquisition edge is not how the user came' AS what, e.user_id AS id FROM share_opens e \
     LEFT JOIN share_origins o ON o.user_id = e.user_id AND o.token_id = e.token_id \
     WHERE e.edge = 'acquisition' AND o.user_id IS NULL",
    "SELECT 'a sharer came through their own token' AS what, t.id AS id FROM share_tokens t \
     JOIN share_opens e ON e.token_id = t.id AND e.user_id = t.sharer_id",
    "SELECT 'a sharer has no origin' AS what, t.id AS id FROM share_tokens t \
     LEFT JOIN share_origins o ON o.user_id = t.sharer_id WHERE o.user_id IS NULL",
    "SELECT 'a token is not one step deeper than its parent' AS what, t.id AS id FROM share_tokens t \
     LEFT JOIN share_tokens p ON p.id = t.parent_id \
     WHERE (t.parent_id IS NULL AND t.depth <> 0) \
     OR (t.parent_id IS NOT NULL AND (t.depth <> p.depth + 1 OR (p.sharer_id = t.sharer_id \
     AND NOT EXISTS (SELECT 1 FROM share_merged_users m WHERE m.user_id = t.sharer_id))))",
];

/// Everything that does not add up, at most `limit` of each kind.
pub(in crate::share) fn wrong(tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<Wrong>> {
    let mut found = Vec::new();
    for check in CHECKS {
        let sql = format!("{check} LIMIT $1");
        found.extend(diesel::sql_query(sql).bind::<BigInt, _>(limit).load::<Wrong>(tx.conn()?)?);
    }
    Ok(found)
}
