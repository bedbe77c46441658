//! Coupons and their history.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::coupon::model::{
    Coupon, CouponHistoryRow, CouponId, CouponSource, CouponState, CouponTemplate, CouponTemplateId,
};
use crate::kernel::id::{OrderId, UserId};
use crate::kernel::page::Cursor;
use crate::kernel::time::Timestamp;
use crate::on_backend;
use crate::platform::db::dialect::Prepared;
use crate::platform::db::schema::{coupon_history as history, coupon_templates as templates, coupons};
use crate::platform::db::{DbResult, Tx, columns};

/// Writes a coupon; false when its user has it already.
pub(in crate::coupon) fn insert(tx: &mut Tx<'_>, coupon: &Coupon) -> DbResult<bool> {
    let written = on_backend!(tx.conn()?, conn => {
        Prepared(diesel::insert_into(coupons::table).values(coupon).on_conflict_do_nothing()).execute(conn)
    })?;
    Ok(written == 1)
}

/// Writes a coupon from a source that never gave one before.
pub(in crate::coupon) fn insert_first(tx: &mut Tx<'_>, coupon: Coupon) -> DbResult<()> {
    tx.write_row(diesel::insert_into(coupons::table).values(coupon))
}

/// The coupon that a user already had from this source.
pub(in crate::coupon) fn granted(
    tx: &mut Tx<'_>,
    template: CouponTemplateId,
    user: UserId,
    source: CouponSource,
    source_ref: &str,
) -> DbResult<Option<CouponId>> {
    let found = coupons::table
        .filter(coupons::template_id.eq(template))
        .filter(coupons::user_id.eq(user))
        .filter(coupons::source.eq(source))
        .filter(coupons::source_ref.eq(source_ref));
    Ok(Prepared(found.select(coupons::id).limit(1)).get_result(tx.conn()?).optional()?)
}

pub(in crate::coupon) fn find(tx: &mut Tx<'_>, id: CouponId) -> DbResult<Option<Coupon>> {
    Ok(coupons::table.find(id).select(columns::<Coupon>()).first(tx.conn()?).optional()?)
}

pub(in crate::coupon) fn find_with_template(
    tx: &mut Tx<'_>,
    id: CouponId,
) -> DbResult<Option<(Coupon, CouponTemplate)>> {
    let found = coupons::table
        .inner_join(templates::table)
        .filter(coupons::id.eq(id))
        .select((columns::<Coupon>(), columns::<CouponTemplate>()));
    Ok(found.first(tx.conn()?).optional()?)
}

/// Moves a coupon if nobody has touched it since the caller saw it; answers it as it is then.
pub(in crate::coupon) fn transition(
    tx: &mut Tx<'_>,
    seen: &Coupon,
    to: CouponState,
    order: Option<OrderId>,
) -> DbResult<Option<Coupon>> {
    let now = tx.now();
    let same =
        coupons::table.find(seen.id).filter(coupons::state.eq(seen.state)).filter(coupons::version.eq(seen.version));
    let moving = diesel::update(same)
        .set((
            coupons::state.eq(to),
            coupons::order_id.eq(order),
            coupons::state_since.eq(now),
            coupons::version.eq(coupons::version + 1),
        ))
        .returning(columns::<Coupon>());
    Ok(Prepared(moving).get_result(tx.conn()?).optional()?)
}

pub(in crate::coupon) fn insert_history(tx: &mut Tx<'_>, row: &CouponHistoryRow) -> DbResult<()> {
    Prepared(diesel::insert_into(history::table).values(row)).execute(tx.conn()?)?;
    Ok(())
}

pub(in crate::coupon) fn history_of(tx: &mut Tx<'_>, id: CouponId) -> DbResult<Vec<CouponHistoryRow>> {
    let rows = history::table.filter(history::coupon_id.eq(id)).order(history::version);
    Ok(rows.select(columns::<CouponHistoryRow>()).load(tx.conn()?)?)
}

/// The coupons in a user's hands that are not over, those that end first before the others.
pub(in crate::coupon) fn held_of(tx: &mut Tx<'_>, user: UserId, limit: i64) -> DbResult<Vec<(Coupon, CouponTemplate)>> {
    let now = tx.now();
    let held = coupons::table
        .inner_join(templates::table)
        .filter(coupons::user_id.eq(user))
        .filter(coupons::state.eq(CouponState::Held))
        .filter(coupons::valid_until.gt(now))
        .order((coupons::valid_until, coupons::id))
        .limit(limit)
        .select((columns::<Coupon>(), columns::<CouponTemplate>()));
    Ok(held.load(tx.conn()?)?)
}

/// A part of a shopper's wallet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::coupon) enum Shelf {
    /// What they can still use, or have in an unpaid order.
    Held,
    /// What they used.
    Used,
    /// What is over or was taken back.
    Over,
}

/// One page of a part of a wallet: what is held by when it ends, the rest latest first.
pub(in crate::coupon) fn on_shelf(
    tx: &mut Tx<'_>,
    user: UserId,
    shelf: Shelf,
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<Vec<(Coupon, CouponTemplate)>> {
    let now = tx.now();
    let mut query = coupons::table
        .inner_join(templates::table)
        .filter(coupons::user_id.eq(user))
        .select((columns::<Coupon>(), columns::<CouponTemplate>()))
        .limit(limit)
        .into_boxed();
    let fresh = coupons::state.eq(CouponState::Held).and(coupons::valid_until.gt(now));
    let stale = coupons::state.eq(CouponState::Held).and(coupons::valid_until.le(now));
    query = match shelf {
        Shelf::Held => query
            .filter(coupons::state.eq(CouponState::Reserved).or(fresh))
            .order((coupons::valid_until.asc(), coupons::id.asc())),
        Shelf::Used => query.filter(coupons::state.eq(CouponState::Used)).order(coupons::id.desc()),
        Shelf::Over => query
            .filter(coupons::state.eq_any([CouponState::Expired, CouponState::Revoked]).or(stale))
            .order(coupons::id.desc()),
    };
    if let Some(Cursor { key, id }) = after {
        query = match shelf {
            Shelf::Held => {
                let at = Timestamp::from_millis(key);
                let later = coupons::valid_until.gt(at);
                query.filter(later.or(coupons::valid_until.eq(at).and(coupons::id.gt(id))))
            }
            Shelf::Used | Shelf::Over => query.filter(coupons::id.lt(id)),
        };
    }
    Ok(query.load(tx.conn()?)?)
}

/// How many coupons each part of a wallet has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, QueryableByName)]
pub(in crate::coupon) struct ShelfCounts {
    #[diesel(sql_type = BigInt)]
    pub(in crate::coupon) held: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::coupon) ending_soon: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::coupon) used: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::coupon) over: i64,
}

pub(in crate::coupon) fn shelf_counts(tx: &mut Tx<'_>, user: UserId, soon: Timestamp) -> DbResult<ShelfCounts> {
    let now = tx.now();
    let counting = diesel::sql_query(
        "SELECT CAST(COALESCE(SUM(CASE WHEN state = 'reserved' OR (state = 'held' AND valid_until > $1) THEN 1 ELSE 0 END), 0) \
         AS BIGINT) AS held, \
         CAST(COALESCE(SUM(CASE WHEN state = 'held' AND valid_until > $2 AND valid_until <= $3 THEN 1 ELSE 0 END), 0) \
         AS BIGINT) AS ending_soon, \
         CAST(COALESCE(SUM(CASE WHEN state = 'used' THEN 1 ELSE 0 END), 0) AS BIGINT) AS used, \
         CAST(COALESCE(SUM(CASE WHEN state IN ('expired', 'revoked') OR (state = 'held' AND valid_until <= $4) \
         THEN 1 ELSE 0 END), 0) AS BIGINT) AS over FROM coupons WHERE user_id = $5",
    )
    .bind::<BigInt, _>(now)
    .bind::<BigInt, _>(now)
    .bind::<BigInt, _>(soon)
    .bind::<BigInt, _>(now)
    .bind::<BigInt, _>(user);
    Ok(Prepared(counting).get_result(tx.conn()?)?)
}

/// Coupons whose time is over and that nobody noticed yet.
pub(in crate::coupon) fn due(tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<i64>> {
    let now = tx.now();
    let due = coupons::table
        .filter(coupons::state.eq(CouponState::Held.spelt_out()))
        .filter(coupons::valid_until.le(now))
        .order(coupons::valid_until)
        .limit(limit);
    Ok(due.select(coupons::id).load(tx.conn()?)?)
}

/// What staff look for among coupons.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::coupon) struct CouponFilter {
    pub(in crate::coupon) template: Option<CouponTemplateId>,
    pub(in crate::coupon) user: Option<UserId>,
    pub(in crate::coupon) order: Option<OrderId>,
    pub(in crate::coupon) state: Option<CouponState>,
    pub(in crate::coupon) source: Option<CouponSource>,
}

/// Coupons for staff, latest first.
pub(in crate::coupon) fn search(
    tx: &mut Tx<'_>,
    filter: CouponFilter,
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<Vec<(Coupon, CouponTemplate)>> {
    let mut query = coupons::table
        .inner_join(templates::table)
        .select((columns::<Coupon>(), columns::<CouponTemplate>()))
        .order(coupons::id.desc())
        .limit(limit)
        .into_boxed();
    if let Some(template) = filter.template {
        query = query.filter(coupons::template_id.eq(template));
    }
    if let Some(user) = filter.user {
        query = query.filter(coupons::user_id.eq(user));
    }
    if let Some(order) = filter.order {
        query = query.filter(coupons::order_id.eq(Some(order)));
    }
    if let Some(state) = filter.state {
        query = query.filter(coupons::state.eq(state));
    }
    if let Some(source) = filter.source {
        query = query.filter(coupons::source.eq(source));
    }
    if let Some(cursor) = after {
        query = query.filter(coupons::id.lt(cursor.id));
    }
    Ok(query.load(tx.conn()?)?)
}

/// A template's coupons, the earliest first.
pub(in crate::coupon) fn export(tx: &mut Tx<'_>, template: CouponTemplateId, limit: i64) -> DbResult<Vec<Coupon>> {
    let all = coupons::table.filter(coupons::template_id.eq(template)).order(coupons::id).limit(limit);
    Ok(all.select(columns::<Coupon>()).load(tx.conn()?)?)
}
