//! Who watches, and what each minute saw.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::kernel::time::{MINUTE_MS, Timestamp};
use crate::live::model::{Minute, RoomId, Visit, VisitId};
use crate::on_backend;
use crate::platform::db::dialect::Prepared;
use crate::platform::db::schema::{live_minutes, live_visits};
use crate::platform::db::{DbResult, Tx, columns};

/// Writes a stay.
pub(in crate::live) fn insert(tx: &mut Tx<'_>, visit: &Visit) -> DbResult<()> {
    Prepared(diesel::insert_into(live_visits::table).values(visit)).execute(tx.conn()?)?;
    Ok(())
}

/// A stay.
pub(in crate::live) fn visit(tx: &mut Tx<'_>, id: VisitId) -> DbResult<Option<Visit>> {
    let query = live_visits::table.find(id).select(columns::<Visit>());
    Ok(Prepared(query).load(tx.conn()?)?.pop())
}

/// A stay goes on after a break, looked after by this process.
pub(in crate::live) fn go_on(tx: &mut Tx<'_>, id: VisitId, process: &str) -> DbResult<()> {
    let now = tx.now();
    let none: Option<Timestamp> = None;
    let update = diesel::update(live_visits::table.find(id)).set((
        live_visits::left_at.eq(none),
        live_visits::last_seen_at.eq(now),
        live_visits::process.eq(process.to_owned()),
    ));
    Prepared(update).execute(tx.conn()?)?;
    Ok(())
}

/// Ends a stay, counting the time since it was last heard of; false when it was over.
pub(in crate::live) fn end(tx: &mut Tx<'_>, id: VisitId, at: Timestamp) -> DbResult<bool> {
    const SQL: &str = "
        UPDATE live_visits
        SET watched_ms = watched_ms + CASE WHEN $1 > last_seen_at THEN $2 - last_seen_at ELSE 0 END,
            last_seen_at = CASE WHEN $3 > last_seen_at THEN $4 ELSE last_seen_at END, left_at = $5
        WHERE id = $6 AND left_at IS NULL";
    let ended = diesel::sql_query(SQL)
        .bind::<BigInt, _>(at)
        .bind::<BigInt, _>(at)
        .bind::<BigInt, _>(at)
        .bind::<BigInt, _>(at)
        .bind::<BigInt, _>(at)
        .bind::<BigInt, _>(id)
        .execute(tx.conn()?)?;
    Ok(ended == 1)
}

/// Everybody whom this process looks after is still there: one statement for all of them.
pub(in crate::live) fn heard_of_all(tx: &mut Tx<'_>, process: &str) -> DbResult<usize> {
    const SQL: &str = "
        UPDATE live_visits SET watched_ms = watched_ms + ($1 - last_seen_at), last_seen_at = $2
        WHERE process = $3 AND left_at IS NULL AND last_seen_at < $4";
    let now = tx.now();
    Ok(diesel::sql_query(SQL)
        .bind::<BigInt, _>(now)
        .bind::<BigInt, _>(now)
        .bind::<Text, _>(process)
        .bind::<BigInt, _>(now)
        .execute(tx.conn()?)?)
}

/// One viewer is still there; false when their stay is over.
pub(in crate::live) fn heard_of(tx: &mut Tx<'_>, id: VisitId) -> DbResult<bool> {
    const SQL: &str = "
        UPDATE live_visits SET watched_ms = watched_ms + ($1 - last_seen_at), last_seen_at = $2
        WHERE id = $3 AND left_at IS NULL AND last_seen_at <= $4";
    let now = tx.now();
    let heard = diesel::sql_query(SQL)
        .bind::<BigInt, _>(now)
        .bind::<BigInt, _>(now)
        .bind::<BigInt, _>(id)
        .bind::<BigInt, _>(now)
        .execute(tx.conn()?)?;
    Ok(heard == 1)
}

/// Stays that were not heard of since before this moment, the longest first.
pub(in crate::live) fn lost(tx: &mut Tx<'_>, before: Timestamp, limit: i64) -> DbResult<Vec<VisitId>> {
    Ok(live_visits::table
        .filter(live_visits::left_at.is_null().and(live_visits::last_seen_at.lt(before)))
        .order(live_visits::last_seen_at)
        .limit(limit)
        .select(live_visits::id)
        .load(tx.conn()?)?)
}

/// Keeps a stay as it is until this transaction ends; false when it is over, or another process looks after it.
pub(in crate::live) fn hold(tx: &mut Tx<'_>, id: VisitId, process: &str) -> DbResult<bool> {
    let update = diesel::update(live_visits::table.find(id))
        .filter(live_visits::process.eq(process.to_owned()).and(live_visits::left_at.is_null()))
        .set(live_visits::process.eq(process.to_owned()));
    Ok(Prepared(update).execute(tx.conn()?)? == 1)
}

/// Stays that this process looks after, at most `limit`.
pub(in crate::live) fn looked_after_by(tx: &mut Tx<'_>, process: &str, limit: i64) -> DbResult<Vec<VisitId>> {
    Ok(live_visits::table
        .filter(live_visits::process.eq(process.to_owned()).and(live_visits::left_at.is_null()))
        .limit(limit)
        .select(live_visits::id)
        .load(tx.conn()?)?)
}

/// How many different viewers are in a room.
pub(in crate::live) fn online(tx: &mut Tx<'_>, room: RoomId) -> DbResult<i64> {
    let query = live_visits::table
        .filter(live_visits::room_id.eq(room).and(live_visits::left_at.is_null()))
        .select(diesel::dsl::count(live_visits::visitor).aggregate_distinct());
    Ok(query.first(tx.conn()?)?)
}

/// What is counted of a minute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::live) struct Counted {
    /// Stays that began.
    pub(in crate::live) joined: i64,
    /// Viewers at one time; the most is kept.
    pub(in crate::live) viewers: i64,
    /// Comments.
    pub(in crate::live) comments: i64,
    /// Likes.
    pub(in crate::live) likes: i64,
    /// Shares.
    pub(in crate::live) shares: i64,
    /// Products looked at.
    pub(in crate::live) clicks: i64,
    /// Orders paid.
    pub(in crate::live) orders: i64,
    /// What was paid, in fen.
    pub(in crate::live) revenue_fen: i64,
}

/// The minute of a moment.
pub(in crate::live) fn minute_of(at: Timestamp) -> Timestamp {
    Timestamp::from_millis(at.millis().saturating_sub(at.millis().rem_euclid(MINUTE_MS)))
}

/// Counts something in the minute of a moment.
pub(in crate::live) fn count(tx: &mut Tx<'_>, room: RoomId, at: Timestamp, counted: Counted) -> DbResult<()> {
    let minute = minute_of(at);
    let (joined, peak, comments, likes, shares, clicks, orders, revenue_fen) = (0, 0, 0, 0, 0, 0, 0, 0);
    let row = Minute { room_id: room, minute, joined, peak, comments, likes, shares, clicks, orders, revenue_fen };
    on_backend!(tx.conn()?, conn => {
        diesel::insert_into(live_minutes::table).values(&row).on_conflict_do_nothing().execute(conn)
    })?;
    let update = diesel::update(live_minutes::table.find((room, minute))).set((
        live_minutes::joined.eq(live_minutes::joined + counted.joined),
        live_minutes::comments.eq(live_minutes::comments + counted.comments),
        live_minutes::likes.eq(live_minutes::likes + counted.likes),
        live_minutes::shares.eq(live_minutes::shares + counted.shares),
        live_minutes::clicks.eq(live_minutes::clicks + counted.clicks),
        live_minutes::orders.eq(live_minutes::orders + counted.orders),
        live_minutes::revenue_fen.eq(live_minutes::revenue_fen + counted.revenue_fen),
    ));
    Prepared(update).execute(tx.conn()?)?;
    if counted.viewers > 0 {
        let raise = diesel::update(live_minutes::table.find((room, minute)))
            .filter(live_minutes::peak.lt(counted.viewers))
            .set(live_minutes::peak.eq(counted.viewers));
        Prepared(raise).execute(tx.conn()?)?;
    }
    Ok(())
}

/// A room minute by minute; minutes in which nothing happened are absent.
pub(in crate::live) fn minutes(tx: &mut Tx<'_>, room: RoomId) -> DbResult<Vec<Minute>> {
    Ok(live_minutes::table
        .filter(live_minutes::room_id.eq(room))
        .order(live_minutes::minute)
        .select(columns::<Minute>())
        .load(tx.conn()?)?)
}
