//! SQL on notices.

use diesel::prelude::*;

use super::columns;
use crate::kernel::page::Cursor;
use crate::kernel::time::Timestamp;
use crate::payment::model::{NoticeId, NoticeRow};
use crate::platform::db::dialect::Prepared;
use crate::platform::db::schema::payment_notices as notices;
use crate::platform::db::{DbResult, Tx};

/// A notice about to be written.
pub(in crate::payment) struct NewNotice<'a> {
    pub provider: &'a str,
    pub notice_id: &'a str,
    pub event_type: &'a str,
    pub headers: &'a str,
    pub body: &'a str,
    pub plaintext: &'a str,
}

/// Writes a notice unless it is there already, waiting for a twin that is being written; answers it as it is then.
pub(in crate::payment) fn insert_once(tx: &mut Tx<'_>, notice: &NewNotice<'_>) -> DbResult<Option<NoticeRow>> {
    let (id, received_at) = (NoticeId::new(tx.next_id()), tx.now());
    let row = (
        notices::id.eq(id),
        notices::provider.eq(notice.provider),
        notices::notice_id.eq(notice.notice_id),
        notices::event_type.eq(notice.event_type),
        notices::headers.eq(notice.headers),
        notices::body.eq(notice.body),
        notices::plaintext.eq(notice.plaintext),
        notices::received_at.eq(received_at),
    );
    let written = crate::on_backend!(tx.conn()?, conn => {
        Prepared(diesel::insert_into(notices::table).values(row).on_conflict_do_nothing()).execute(conn)
    })?;
    if written == 0 {
        return find(tx, notice.provider, notice.notice_id);
    }
    Ok(Some(NoticeRow {
        id,
        provider: notice.provider.to_owned(),
        notice_id: notice.notice_id.to_owned(),
        event_type: notice.event_type.to_owned(),
        plaintext: notice.plaintext.to_owned(),
        outcome: None,
        received_at,
        applied_at: None,
    }))
}

fn find(tx: &mut Tx<'_>, provider: &str, notice_id: &str) -> DbResult<Option<NoticeRow>> {
    let found = notices::table.filter(notices::provider.eq(provider)).filter(notices::notice_id.eq(notice_id));
    Ok(found.select(columns::<NoticeRow>()).first(tx.conn()?).optional()?)
}

pub(in crate::payment) fn by_id(tx: &mut Tx<'_>, id: NoticeId) -> DbResult<Option<NoticeRow>> {
    Ok(notices::table.filter(notices::id.eq(id)).select(columns::<NoticeRow>()).first(tx.conn()?).optional()?)
}

/// Notes that it was applied; false when that was so already.
pub(in crate::payment) fn mark_applied(tx: &mut Tx<'_>, id: NoticeId, outcome: &str) -> DbResult<bool> {
    let now = tx.now();
    let waiting = notices::table.filter(notices::id.eq(id)).filter(notices::applied_at.is_null());
    let set = (notices::applied_at.eq(Some(now)), notices::outcome.eq(Some(outcome)));
    Ok(Prepared(diesel::update(waiting).set(set)).execute(tx.conn()?)? == 1)
}

pub(in crate::payment) fn unapplied(tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<i64>> {
    let waiting = notices::table.filter(notices::applied_at.is_null()).order(notices::id).limit(limit);
    Ok(waiting.select(notices::id).load(tx.conn()?)?)
}

/// Notices, newest first; only those received since `since` when given.
pub(in crate::payment) fn list(
    tx: &mut Tx<'_>,
    since: Option<Timestamp>,
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<Vec<NoticeRow>> {
    let mut query = notices::table.select(columns::<NoticeRow>()).order(notices::id.desc()).limit(limit).into_boxed();
    if let Some(since) = since {
        query = query.filter(notices::received_at.ge(since));
    }
    if let Some(cursor) = after {
        query = query.filter(notices::id.lt(cursor.id));
    }
    Ok(query.load(tx.conn()?)?)
}
