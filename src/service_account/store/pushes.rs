//! What WeChat told of.

use diesel::prelude::*;

use crate::entrance::EntranceId;
use crate::kernel::id::UserId;
use crate::kernel::page::Cursor;
use crate::kernel::time::Timestamp;
use crate::on_backend;
use crate::platform::db::dialect::Prepared;
use crate::platform::db::schema::{followings, service_pushes as pushes};
use crate::platform::db::{DbResult, Tx, columns};
use crate::service_account::model::{Push, PushId};

/// The message that came before under this key.
pub(in crate::service_account) fn push_by_key(
    tx: &mut Tx<'_>,
    entrance: EntranceId,
    dedup_key: &str,
) -> DbResult<Option<Push>> {
    let found = pushes::table.filter(pushes::entrance_id.eq(entrance)).filter(pushes::dedup_key.eq(dedup_key));
    Ok(found.select(columns::<Push>()).first(tx.conn()?).optional()?)
}

/// Notes a message; false when it came before, or another came under its signature.
pub(in crate::service_account) fn insert_push(tx: &mut Tx<'_>, push: &Push) -> DbResult<bool> {
    let written = on_backend!(tx.conn()?, conn => {
        Prepared(diesel::insert_into(pushes::table).values(push).on_conflict_do_nothing()).execute(conn)
    })?;
    Ok(written == 1)
}

/// What one person said to an account, latest first.
pub(in crate::service_account) fn pushes_of(
    tx: &mut Tx<'_>,
    (entrance, openid): (EntranceId, &str),
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<Vec<Push>> {
    let before = PushId::new(after.map_or(i64::MAX, |cursor| cursor.id));
    Ok(pushes::table
        .filter(pushes::entrance_id.eq(entrance))
        .filter(pushes::openid.eq(openid))
        .filter(pushes::id.lt(before))
        .order(pushes::id.desc())
        .limit(limit)
        .select(columns::<Push>())
        .load(tx.conn()?)?)
}

/// What a user said to service accounts and did in them, oldest first.
pub(in crate::service_account) fn pushes_by(tx: &mut Tx<'_>, user: UserId) -> DbResult<Vec<Push>> {
    let theirs = followings::entrance_id.eq(pushes::entrance_id).and(followings::openid.eq(pushes::openid));
    let sent = pushes::table.inner_join(followings::table.on(theirs)).filter(followings::user_id.eq(user));
    Ok(sent.order(pushes::id).select(columns::<Push>()).load(tx.conn()?)?)
}

/// Messages that came before that moment.
pub(in crate::service_account) fn pushes_before(
    tx: &mut Tx<'_>,
    moment: Timestamp,
    limit: i64,
) -> DbResult<Vec<PushId>> {
    let old = pushes::table.filter(pushes::received_at.lt(moment)).order(pushes::received_at).limit(limit);
    Ok(old.select(pushes::id).load(tx.conn()?)?)
}

/// Forgets a message that came before that moment.
pub(in crate::service_account) fn forget_push(tx: &mut Tx<'_>, id: PushId, moment: Timestamp) -> DbResult<()> {
    diesel::delete(pushes::table.find(id).filter(pushes::received_at.lt(moment))).execute(tx.conn()?)?;
    Ok(())
}
