//! What became of a template's coupons.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use crate::coupon::model::CouponTemplateId;
use crate::kernel::money::Fen;
use crate::platform::db::{DbResult, Tx};

/// A template's coupons in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, QueryableByName)]
pub(in crate::coupon) struct TemplateFigures {
    #[diesel(sql_type = BigInt)]
    pub(in crate::coupon) issued: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::coupon) held: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::coupon) reserved: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::coupon) used: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::coupon) expired: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::coupon) revoked: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::coupon) users: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::coupon) orders: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::coupon) cost: Fen,
    #[diesel(sql_type = BigInt)]
    pub(in crate::coupon) revenue: Fen,
}

pub(in crate::coupon) fn figures_of(tx: &mut Tx<'_>, template: CouponTemplateId) -> DbResult<TemplateFigures> {
    let figures = diesel::sql_query(
        "SELECT c.issued, c.held, c.reserved, c.used, c.expired, c.revoked, c.users, u.orders, u.cost, u.revenue FROM (\
         SELECT COUNT(*) AS issued, COUNT(DISTINCT user_id) AS users, \
         CAST(COALESCE(SUM(CASE WHEN state = 'held' THEN 1 ELSE 0 END), 0) AS BIGINT) AS held, \
         CAST(COALESCE(SUM(CASE WHEN state = 'reserved' THEN 1 ELSE 0 END), 0) AS BIGINT) AS reserved, \
         CAST(COALESCE(SUM(CASE WHEN state = 'used' THEN 1 ELSE 0 END), 0) AS BIGINT) AS used, \
         CAST(COALESCE(SUM(CASE WHEN state = 'expired' THEN 1 ELSE 0 END), 0) AS BIGINT) AS expired, \
         CAST(COALESCE(SUM(CASE WHEN state = 'revoked' THEN 1 ELSE 0 END), 0) AS BIGINT) AS revoked \
         FROM coupons WHERE template_id = $1) AS c CROSS JOIN (\
         SELECT COUNT(*) AS orders, CAST(COALESCE(SUM(amount_fen), 0) AS BIGINT) AS cost, \
         CAST(COALESCE(SUM(order_total_fen), 0) AS BIGINT) AS revenue \
         FROM coupon_uses WHERE template_id = $2 AND state = 'used') AS u",
    )
    .bind::<BigInt, _>(template)
    .bind::<BigInt, _>(template);
    Ok(figures.get_result(tx.conn()?)?)
}
