//! Tokens.

use diesel::prelude::*;

use crate::kernel::id::UserId;
use crate::platform::db::dialect::Prepared;
use crate::platform::db::schema::share_tokens as tokens;
use crate::platform::db::{DbResult, Tx, columns};
use crate::share::model::{Share, ShareId, Subject};

/// Writes a new token.
pub(in crate::share) fn insert_token(tx: &mut Tx<'_>, share: &Share) -> DbResult<()> {
    Prepared(diesel::insert_into(tokens::table).values(share)).execute(tx.conn()?)?;
    Ok(())
}

/// The share of a token.
pub(in crate::share) fn by_token(tx: &mut Tx<'_>, token: &str) -> DbResult<Option<Share>> {
    Ok(tokens::table.filter(tokens::token.eq(token)).select(columns::<Share>()).first(tx.conn()?).optional()?)
}

/// Whether a user ever asked for a token of this.
pub(in crate::share) fn has_shared(tx: &mut Tx<'_>, sharer: UserId, subject: &Subject) -> DbResult<bool> {
    let found = tokens::table
        .filter(tokens::sharer_id.eq(sharer))
        .filter(tokens::subject_kind.eq(subject.kind))
        .filter(tokens::subject_ref.eq(&subject.reference))
        .select(tokens::id)
        .limit(1)
        .first::<ShareId>(tx.conn()?)
        .optional()?;
    Ok(found.is_some())
}
