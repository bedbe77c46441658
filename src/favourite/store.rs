//! SQL on favourites and footprints.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable};

use super::model::{Footprint, MAX_FOOTPRINTS, Walker};
use crate::catalog::ProductId;
use crate::kernel::id::{DeviceId, UserId};
use crate::kernel::page::Cursor;
use crate::kernel::time::Timestamp;
use crate::platform::db::schema::favourites;
use crate::platform::db::{DbResult, Tx};

/// Marks a product; false when it was marked already.
pub(super) fn insert(tx: &mut Tx<'_>, user: UserId, product: ProductId) -> DbResult<bool> {
    let now = tx.now();
    let row = (favourites::user_id.eq(user), favourites::product_id.eq(product), favourites::created_at.eq(now));
    let marked = crate::on_backend!(tx.conn()?, conn => {
        diesel::insert_into(favourites::table).values(row).on_conflict_do_nothing().execute(conn)
    })?;
    Ok(marked == 1)
}

/// Takes the mark off; false when there was none.
pub(super) fn delete(tx: &mut Tx<'_>, user: UserId, product: ProductId) -> DbResult<bool> {
    Ok(diesel::delete(favourites::table.find((user, product))).execute(tx.conn()?)? == 1)
}

/// When a product was marked.
pub(super) fn marked_at(tx: &mut Tx<'_>, user: UserId, product: ProductId) -> DbResult<Option<Timestamp>> {
    let found = favourites::table.find((user, product)).select(favourites::created_at);
    Ok(found.first(tx.conn()?).optional()?)
}

pub(super) fn count_of(tx: &mut Tx<'_>, user: UserId) -> DbResult<i64> {
    Ok(favourites::table.filter(favourites::user_id.eq(user)).count().get_result(tx.conn()?)?)
}

/// A user's favourites, latest first.
pub(super) fn page(
    tx: &mut Tx<'_>,
    user: UserId,
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<Vec<(ProductId, Timestamp)>> {
    let mut query = favourites::table
        .filter(favourites::user_id.eq(user))
        .order((favourites::created_at.desc(), favourites::product_id.desc()))
        .limit(limit)
        .select((favourites::product_id, favourites::created_at))
        .into_boxed();
    if let Some(Cursor { key, id }) = after {
        let (at, product) = (Timestamp::from_millis(key), ProductId::new(id));
        let same = favourites::created_at.eq(at).and(favourites::product_id.lt(product));
        query = query.filter(favourites::created_at.lt(at).or(same));
    }
    Ok(query.load(tx.conn()?)?)
}

/// How many like a product.
#[derive(Clone, Copy, Debug, QueryableByName)]
pub(super) struct Liked {
    #[diesel(sql_type = BigInt)]
    pub(super) product_id: ProductId,
    #[diesel(sql_type = BigInt)]
    pub(super) users: i64,
}

/// How many like each product, the most liked first; or one product alone.
pub(super) fn liked(
    tx: &mut Tx<'_>,
    only: Option<ProductId>,
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<Vec<Liked>> {
    let Cursor { key, id } = after.unwrap_or(Cursor { key: i64::MAX, id: 0 });
    let (least, most) = only.map_or((0, i64::MAX), |product| (product.get(), product.get()));
    Ok(diesel::sql_query(
        "SELECT product_id, CAST(COUNT(*) AS BIGINT) AS users FROM favourites WHERE product_id BETWEEN $1 AND $2 \
         GROUP BY product_id HAVING COUNT(*) < $3 OR (COUNT(*) = $4 AND product_id > $5) \
         ORDER BY COUNT(*) DESC, product_id LIMIT $6",
    )
    .bind::<BigInt, _>(least)
    .bind::<BigInt, _>(most)
    .bind::<BigInt, _>(key)
    .bind::<BigInt, _>(key)
    .bind::<BigInt, _>(id)
    .bind::<BigInt, _>(limit)
    .load(tx.conn()?)?)
}

impl Walker {
    const fn column(self) -> &'static str {
        match self {
            Self::User(_) => "user_id",
            Self::Device(_) => "device_id",
        }
    }

    const fn id(self) -> i64 {
        match self {
            Self::User(user) => user.get(),
            Self::Device(device) => device.get(),
        }
    }
}

/// Notes that a product was looked at; a later moment replaces an earlier one.
pub(super) fn step(tx: &mut Tx<'_>, walker: Walker, footprint: Footprint) -> DbResult<()> {
    let id = tx.next_id();
    let (user, device): (Option<UserId>, Option<DeviceId>) = match walker {
        Walker::User(user) => (Some(user), None),
        Walker::Device(device) => (None, Some(device)),
    };
    let sql = format!(
        "INSERT INTO footprints (id, user_id, device_id, product_id, seen_at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT ({}, product_id) DO UPDATE SET seen_at = CASE WHEN excluded.seen_at > footprints.seen_at \
         THEN excluded.seen_at ELSE footprints.seen_at END",
        walker.column()
    );
    diesel::sql_query(sql)
        .bind::<BigInt, _>(id)
        .bind::<Nullable<BigInt>, _>(user)
        .bind::<Nullable<BigInt>, _>(device)
        .bind::<BigInt, _>(footprint.product_id)
        .bind::<BigInt, _>(footprint.seen_at)
        .execute(tx.conn()?)?;
    Ok(())
}

/// Forgets all but the last footprints.
pub(super) fn forget_old(tx: &mut Tx<'_>, walker: Walker) -> DbResult<()> {
    let column = walker.column();
    let sql = format!(
        "DELETE FROM footprints WHERE {column} = $1 AND id NOT IN (SELECT id FROM footprints WHERE {column} = $2 \
         ORDER BY seen_at DESC, product_id DESC LIMIT $3)"
    );
    diesel::sql_query(sql)
        .bind::<BigInt, _>(walker.id())
        .bind::<BigInt, _>(walker.id())
        .bind::<BigInt, _>(MAX_FOOTPRINTS)
        .execute(tx.conn()?)?;
    Ok(())
}

#[derive(QueryableByName)]
struct StepRow {
    #[diesel(sql_type = BigInt)]
    product_id: ProductId,
    #[diesel(sql_type = BigInt)]
    seen_at: Timestamp,
}

fn footprints(rows: Vec<StepRow>) -> Vec<Footprint> {
    rows.into_iter().map(|StepRow { product_id, seen_at }| Footprint { product_id, seen_at }).collect()
}

/// Footprints, latest first.
pub(super) fn steps(tx: &mut Tx<'_>, walker: Walker, after: Option<Cursor>, limit: i64) -> DbResult<Vec<Footprint>> {
    let Cursor { key, id } = after.unwrap_or(Cursor { key: i64::MAX, id: 0 });
    let sql = format!(
        "SELECT product_id, seen_at FROM footprints WHERE {} = $1 AND (seen_at < $2 OR (seen_at = $3 AND product_id < $4)) \
         ORDER BY seen_at DESC, product_id DESC LIMIT $5",
        walker.column()
    );
    let rows: Vec<StepRow> = diesel::sql_query(sql)
        .bind::<BigInt, _>(walker.id())
        .bind::<BigInt, _>(key)
        .bind::<BigInt, _>(key)
        .bind::<BigInt, _>(id)
        .bind::<BigInt, _>(limit)
        .load(tx.conn()?)?;
    Ok(footprints(rows))
}

/// Takes all footprints away and answers them. Of two that do so at once, one gets each.
pub(super) fn take_all(tx: &mut Tx<'_>, walker: Walker) -> DbResult<Vec<Footprint>> {
    let sql = format!("DELETE FROM footprints WHERE {} = $1 RETURNING product_id, seen_at", walker.column());
    Ok(footprints(diesel::sql_query(sql).bind::<BigInt, _>(walker.id()).load(tx.conn()?)?))
}
