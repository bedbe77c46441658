//! What does not add up.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use crate::coupon::model::{CouponId, CouponState, UseState};
use crate::kernel::id::OrderId;
use crate::platform::db::schema::{coupon_history as history, coupon_uses as uses};
use crate::platform::db::{DbResult, Tx};

#[derive(QueryableByName)]
struct Wrong {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

fn ids(rows: Vec<Wrong>) -> Vec<i64> {
    rows.into_iter().map(|row| row.id).collect()
}

/// Templates of which more or fewer coupons were counted than there are, for all or for some user.
pub(in crate::coupon) fn counts_wrong(tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<i64>> {
    let wrong = diesel::sql_query(
        "SELECT a.template_id AS id FROM coupon_allotments a \
         LEFT JOIN (SELECT template_id, COUNT(*) AS there FROM coupons GROUP BY template_id) c ON c.template_id = a.template_id \
         LEFT JOIN (SELECT template_id, SUM(issued) AS counted FROM coupon_user_counts GROUP BY template_id) u \
         ON u.template_id = a.template_id \
         WHERE a.issued <> COALESCE(c.there, 0) OR a.issued <> COALESCE(u.counted, 0) OR a.issued > COALESCE(a.total_limit, a.issued) \
         ORDER BY a.template_id LIMIT $1",
    );
    Ok(ids(wrong.bind::<BigInt, _>(limit).load(tx.conn()?)?))
}

/// Templates of which some user has more coupons than one may have.
pub(in crate::coupon) fn over_own_limit(tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<i64>> {
    let wrong = diesel::sql_query(
        "SELECT DISTINCT t.id FROM coupon_templates t JOIN (SELECT template_id, user_id, COUNT(*) AS there FROM coupons \
         GROUP BY template_id, user_id) c ON c.template_id = t.id \
         LEFT JOIN coupon_user_counts u ON u.template_id = c.template_id AND u.user_id = c.user_id \
         WHERE c.there - COALESCE(u.by_merge, 0) > t.per_user_limit ORDER BY t.id LIMIT $1",
    );
    Ok(ids(wrong.bind::<BigInt, _>(limit).load(tx.conn()?)?))
}

/// Coupons that stand in an order without a use that says so, or have a use they do not stand in.
pub(in crate::coupon) fn uses_wrong(tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<i64>> {
    let wrong = diesel::sql_query(
        "SELECT c.id FROM coupons c LEFT JOIN (SELECT coupon_id, COUNT(*) AS standing, MIN(order_id) AS order_id, \
         MIN(state) AS state FROM coupon_uses WHERE state <> 'returned' GROUP BY coupon_id) u ON u.coupon_id = c.id \
         WHERE (c.order_id IS NOT NULL OR u.standing IS NOT NULL) AND (COALESCE(u.standing, 0) <> 1 \
         OR COALESCE(c.order_id, 0) <> COALESCE(u.order_id, 0) OR c.state <> COALESCE(u.state, '')) ORDER BY c.id LIMIT $1",
    );
    Ok(ids(wrong.bind::<BigInt, _>(limit).load(tx.conn()?)?))
}

/// Uses that stand, in the order of their coupons, after the last one seen.
pub(in crate::coupon) fn live_uses(
    tx: &mut Tx<'_>,
    after: CouponId,
    limit: i64,
) -> DbResult<Vec<(CouponId, OrderId, UseState)>> {
    let standing = uses::table.filter(uses::state.ne(UseState::Returned)).filter(uses::coupon_id.gt(after));
    let rows = standing.order(uses::coupon_id).limit(limit).select((uses::coupon_id, uses::order_id, uses::state));
    Ok(rows.load(tx.conn()?)?)
}

/// Every kind of row that history holds: from which state to which.
pub(in crate::coupon) fn moves(tx: &mut Tx<'_>) -> DbResult<Vec<(String, String, i64)>> {
    Ok(history::table
        .group_by((history::from_state, history::to_state))
        .select((history::from_state, history::to_state, diesel::dsl::count_star()))
        .load(tx.conn()?)?)
}

/// A place where a coupon's history does not hang together.
#[derive(QueryableByName)]
pub(in crate::coupon) struct Break {
    #[diesel(sql_type = BigInt)]
    pub(in crate::coupon) id: i64,
    #[diesel(sql_type = Text)]
    pub(in crate::coupon) found: String,
    #[diesel(sql_type = Nullable<Text>)]
    pub(in crate::coupon) expected: Option<String>,
}

/// Rows of history that do not go on where the row before ended, beginning in the hands of a user, and coupons that do
/// not stand where their history ends.
pub(in crate::coupon) fn chain_breaks(tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<Break>> {
    let breaks = diesel::sql_query(
        "SELECT chained.id, chained.found, chained.expected FROM (\
         SELECT coupon_id AS id, version, from_state AS found, \
         LAG(to_state) OVER (PARTITION BY coupon_id ORDER BY version) AS expected FROM coupon_history \
         UNION ALL \
         SELECT c.id, c.version, c.state AS found, (SELECT h.to_state FROM coupon_history h WHERE h.coupon_id = c.id \
         ORDER BY h.version DESC LIMIT 1) AS expected FROM coupons c) AS chained \
         WHERE chained.found <> COALESCE(chained.expected, $1) ORDER BY chained.id, chained.version LIMIT $2",
    )
    .bind::<Text, _>(CouponState::Held)
    .bind::<BigInt, _>(limit);
    Ok(breaks.load(tx.conn()?)?)
}
