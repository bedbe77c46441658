//! What people search for.

use diesel::prelude::*;
use diesel::upsert::excluded;

use crate::kernel::id::UserId;
use crate::kernel::time::Timestamp;
use crate::on_backend;
use crate::platform::db::schema::{search_history as history, search_words as words};
use crate::platform::db::{DbResult, Tx};

/// Adds searches to a word's count.
pub(in crate::catalog) fn count_word(
    tx: &mut Tx<'_>,
    word: &str,
    searches: i64,
    empty: i64,
    at: Timestamp,
) -> DbResult<()> {
    let row =
        (words::word.eq(word), words::searches.eq(searches), words::empty_searches.eq(empty), words::last_at.eq(at));
    on_backend!(tx.conn()?, conn => {
        diesel::insert_into(words::table)
            .values(row)
            .on_conflict(words::word)
            .do_update()
            .set((
                words::searches.eq(words::searches + excluded(words::searches)),
                words::empty_searches.eq(words::empty_searches + excluded(words::empty_searches)),
                words::last_at.eq(excluded(words::last_at)),
            ))
            .execute(conn)
    })?;
    Ok(())
}

/// Words searched for since a moment that found something, most searched first.
pub(in crate::catalog) fn hot_words(tx: &mut Tx<'_>, since: Timestamp, limit: i64) -> DbResult<Vec<String>> {
    let query = words::table
        .filter(words::last_at.ge(since))
        .filter(words::empty_searches.lt(words::searches))
        .order((words::searches.desc(), words::word))
        .limit(limit);
    Ok(query.select(words::word).load(tx.conn()?)?)
}

pub(in crate::catalog) fn remember_search(tx: &mut Tx<'_>, user: UserId, word: &str, at: Timestamp) -> DbResult<()> {
    let row = (history::user_id.eq(user), history::word.eq(word), history::searched_at.eq(at));
    on_backend!(tx.conn()?, conn => {
        diesel::insert_into(history::table)
            .values(row)
            .on_conflict((history::user_id, history::word))
            .do_update()
            .set(history::searched_at.eq(excluded(history::searched_at)))
            .execute(conn)
    })?;
    Ok(())
}

pub(in crate::catalog) fn searches_of(tx: &mut Tx<'_>, user: UserId, limit: i64) -> DbResult<Vec<String>> {
    let query = history::table.filter(history::user_id.eq(user)).order(history::searched_at.desc()).limit(limit);
    Ok(query.select(history::word).load(tx.conn()?)?)
}

pub(in crate::catalog) fn forget_searches(tx: &mut Tx<'_>, user: UserId) -> DbResult<usize> {
    Ok(diesel::delete(history::table.filter(history::user_id.eq(user))).execute(tx.conn()?)?)
}
