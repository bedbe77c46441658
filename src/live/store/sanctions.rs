//! Whom staff muted or banned.

use diesel::prelude::*;

use crate::kernel::id::{StaffId, UserId};
use crate::kernel::page::Cursor;
use crate::live::model::{RoomId, Sanction, SanctionId};
use crate::platform::db::dialect::Prepared;
use crate::platform::db::schema::live_sanctions;
use crate::platform::db::{DbResult, Tx, columns};

/// Writes a sanction.
pub(in crate::live) fn insert(tx: &mut Tx<'_>, sanction: &Sanction) -> DbResult<()> {
    diesel::insert_into(live_sanctions::table).values(sanction).execute(tx.conn()?)?;
    Ok(())
}

/// What was decided about a user and not taken back, in this room or in all; some of it may be over.
pub(in crate::live) fn of_user(tx: &mut Tx<'_>, room: RoomId, user: UserId) -> DbResult<Vec<Sanction>> {
    let here = live_sanctions::room_id.eq(room).or(live_sanctions::room_id.is_null());
    let query = live_sanctions::table
        .filter(live_sanctions::user_id.eq(user).and(live_sanctions::lifted_at.is_null()))
        .filter(here.assume_not_null())
        .select(columns::<Sanction>());
    Ok(Prepared(query).load(tx.conn()?)?)
}

/// What holds or held in a room, or everywhere, the newest first, one more than `limit`.
pub(in crate::live) fn list(
    tx: &mut Tx<'_>,
    room: RoomId,
    before: Option<Cursor>,
    limit: i64,
) -> DbResult<Vec<Sanction>> {
    let before = SanctionId::new(before.map_or(i64::MAX, |cursor| cursor.id));
    let here = live_sanctions::room_id.eq(room).or(live_sanctions::room_id.is_null());
    Ok(live_sanctions::table
        .filter(here.assume_not_null())
        .filter(live_sanctions::id.lt(before))
        .order(live_sanctions::id.desc())
        .limit(limit.saturating_add(1))
        .select(columns::<Sanction>())
        .load(tx.conn()?)?)
}

/// Takes a sanction back; what it was, or `None` when there is none that was not taken back.
pub(in crate::live) fn lift(tx: &mut Tx<'_>, id: SanctionId, by: StaffId) -> DbResult<Option<Sanction>> {
    let now = tx.now();
    let update = diesel::update(live_sanctions::table.find(id))
        .filter(live_sanctions::lifted_at.is_null())
        .set((live_sanctions::lifted_at.eq(now), live_sanctions::lifted_by.eq(by)))
        .returning(columns::<Sanction>());
    Ok(update.get_result(tx.conn()?).optional()?)
}
