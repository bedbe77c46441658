//! All SQL on who publishes.

use diesel::prelude::*;

use super::model::{Publishing, PublishingId};
use crate::kernel::time::Timestamp;
use crate::live::model::RoomId;
use crate::platform::db::schema::live_publishings;
use crate::platform::db::{DbResult, Tx, columns};

/// Writes that a connection publishes. No other may do so for the same room.
pub(super) fn insert(tx: &mut Tx<'_>, publishing: &Publishing) -> DbResult<()> {
    diesel::insert_into(live_publishings::table).values(publishing).execute(tx.conn()?)?;
    Ok(())
}

/// Who publishes the picture of a room now.
pub(super) fn open(tx: &mut Tx<'_>, room: RoomId) -> DbResult<Option<Publishing>> {
    let open = live_publishings::table
        .filter(live_publishings::room_id.eq(room).and(live_publishings::stopped_at.is_null()))
        .select(columns::<Publishing>());
    Ok(open.first(tx.conn()?).optional()?)
}

/// Who publishes, by row, while they do.
pub(super) fn still_open(tx: &mut Tx<'_>, id: PublishingId) -> DbResult<Option<Publishing>> {
    let open =
        live_publishings::table.find(id).filter(live_publishings::stopped_at.is_null()).select(columns::<Publishing>());
    Ok(open.first(tx.conn()?).optional()?)
}

/// The last connection that began to publish the picture of a room.
pub(super) fn last(tx: &mut Tx<'_>, room: RoomId) -> DbResult<Option<Publishing>> {
    let last = live_publishings::table
        .filter(live_publishings::room_id.eq(room))
        .order(live_publishings::id.desc())
        .select(columns::<Publishing>());
    Ok(last.first(tx.conn()?).optional()?)
}

/// Ends one; false when it had ended.
pub(super) fn stop(tx: &mut Tx<'_>, id: PublishingId) -> DbResult<bool> {
    let now = tx.now();
    let update = diesel::update(live_publishings::table.find(id))
        .filter(live_publishings::stopped_at.is_null())
        .set(live_publishings::stopped_at.eq(now));
    Ok(update.execute(tx.conn()?)? == 1)
}

/// The engine says that it goes on.
pub(super) fn heard(tx: &mut Tx<'_>, id: PublishingId) -> DbResult<()> {
    let now = tx.now();
    diesel::update(live_publishings::table.find(id)).set(live_publishings::heard_at.eq(now)).execute(tx.conn()?)?;
    Ok(())
}

/// Those of which a reporting engine last spoke before this moment.
pub(super) fn unheard(tx: &mut Tx<'_>, before: Timestamp, limit: i64) -> DbResult<Vec<PublishingId>> {
    Ok(live_publishings::table
        .filter(live_publishings::stopped_at.is_null().and(live_publishings::heard_at.le(before)))
        .order(live_publishings::heard_at)
        .limit(limit)
        .select(live_publishings::id)
        .load(tx.conn()?)?)
}
