//! Answers that are given without a person.

use diesel::prelude::*;

use crate::entrance::EntranceId;
use crate::platform::db::schema::service_replies as replies;
use crate::platform::db::{Constraint, DbResult, Tx, columns};
use crate::service_account::model::{ReplyId, ReplyRow};

/// The rule that an account has one welcome and one default.
pub(in crate::service_account) const ONE_EACH: Constraint =
    Constraint { index: "service_replies_one_each", columns: "service_replies.entrance_id, service_replies.occasion" };
/// The rule that an account has one answer for the same words.
pub(in crate::service_account) const ONE_FOR_WORDS: Constraint = Constraint {
    index: "service_replies_words",
    columns: "service_replies.entrance_id, service_replies.occasion, service_replies.words",
};

/// All answers of an account in the order of staff.
pub(in crate::service_account) fn replies_of(tx: &mut Tx<'_>, entrance: EntranceId) -> DbResult<Vec<ReplyRow>> {
    let found = replies::table.filter(replies::entrance_id.eq(entrance)).order((replies::position, replies::id));
    Ok(found.select(columns::<ReplyRow>()).load(tx.conn()?)?)
}

/// One answer.
pub(in crate::service_account) fn reply(tx: &mut Tx<'_>, id: ReplyId) -> DbResult<Option<ReplyRow>> {
    Ok(replies::table.find(id).select(columns::<ReplyRow>()).first(tx.conn()?).optional()?)
}

/// Writes an answer down.
pub(in crate::service_account) fn insert_reply(tx: &mut Tx<'_>, reply: &ReplyRow) -> DbResult<()> {
    diesel::insert_into(replies::table).values(reply).execute(tx.conn()?)?;
    Ok(())
}

/// Writes an answer anew, if it still has this version; false when it has another.
pub(in crate::service_account) fn change_reply(tx: &mut Tx<'_>, version: i64, to: &ReplyRow) -> DbResult<bool> {
    let now = tx.now();
    let seen = replies::table.find(to.id).filter(replies::version.eq(version));
    let changed = diesel::update(seen).set((
        replies::occasion.eq(to.occasion),
        replies::matching.eq(to.matching),
        replies::words.eq(&to.words),
        replies::content.eq(&to.content),
        replies::enabled.eq(to.enabled),
        replies::version.eq(replies::version + 1),
        replies::updated_at.eq(now),
    ));
    Ok(changed.execute(tx.conn()?)? == 1)
}

/// Puts an answer at its place.
pub(in crate::service_account) fn place_reply(tx: &mut Tx<'_>, id: ReplyId, position: i64) -> DbResult<()> {
    let moved = replies::table.find(id).filter(replies::position.ne(position));
    diesel::update(moved).set(replies::position.eq(position)).execute(tx.conn()?)?;
    Ok(())
}

/// Removes an answer; false when there is none.
pub(in crate::service_account) fn delete_reply(tx: &mut Tx<'_>, id: ReplyId) -> DbResult<bool> {
    Ok(diesel::delete(replies::table.find(id)).execute(tx.conn()?)? == 1)
}
