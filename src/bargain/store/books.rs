//! What does not add up.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::platform::db::{DbResult, Tx};

/// A place where two counts of one thing disagree.
#[derive(QueryableByName)]
pub(in crate::bargain) struct Difference {
    #[diesel(sql_type = Text)]
    pub(in crate::bargain) rule: String,
    #[diesel(sql_type = BigInt)]
    pub(in crate::bargain) id: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::bargain) recorded: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::bargain) counted: i64,
}

/// Every place where bargains, their pieces, their orders and the ranking disagree, at most `limit`.
pub(in crate::bargain) fn differences(tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<Difference>> {
    const SQL: &str = "
        WITH cut AS (
            SELECT bargain_id, COUNT(*) AS pieces, CAST(SUM(amount_fen) AS BIGINT) AS amount, COUNT(helper_id) AS taken,
                   CAST(SUM(CASE WHEN helper_id IS NOT NULL THEN amount_fen ELSE 0 END) AS BIGINT) AS cut_off,
                   COUNT(CASE WHEN helper_id IS NOT NULL AND NOT by_owner THEN 1 END) AS helpers
            FROM bargain_pieces GROUP BY bargain_id
        ), counted AS (
            SELECT b.campaign_id, b.user_id, COUNT(*) AS helpers
            FROM bargains b JOIN bargain_pieces p ON p.bargain_id = b.id
            WHERE p.counted AND NOT p.by_owner GROUP BY b.campaign_id, b.user_id
        )
        SELECT rule, id, recorded, counted FROM (
            SELECT 'sum of pieces = start - floor' AS rule, b.id, b.start_fen - b.floor_fen AS recorded, c.amount AS counted
            FROM bargains b JOIN cut c ON c.bargain_id = b.id
            UNION ALL
            SELECT 'sum of cuts = start - current', b.id, b.cut_fen, COALESCE(c.cut_off, -1)
            FROM bargains b LEFT JOIN cut c ON c.bargain_id = b.id
            UNION ALL
            SELECT 'number of pieces', b.id, b.pieces, c.pieces FROM bargains b JOIN cut c ON c.bargain_id = b.id
            UNION ALL
            SELECT 'number of cuts', b.id, b.taken, c.taken FROM bargains b JOIN cut c ON c.bargain_id = b.id
            UNION ALL
            SELECT 'number of helpers', b.id, b.helpers, c.helpers FROM bargains b JOIN cut c ON c.bargain_id = b.id
            UNION ALL
            SELECT 'floor reached when noted', b.id, CASE WHEN b.floor_at IS NULL THEN 0 ELSE 1 END,
                   CASE WHEN b.cut_fen = b.start_fen - b.floor_fen THEN 1 ELSE 0 END
            FROM bargains b
            UNION ALL
            SELECT 'held or bought by its order', b.id, CASE WHEN b.order_id IS NULL THEN 0 ELSE 1 END,
                   (SELECT COUNT(*) FROM bargain_orders o WHERE o.order_id = b.order_id AND o.bargain_id = b.id
                    AND ((b.state = 'running' AND o.state = 'held') OR (b.state = 'bought' AND o.state IN ('bought', 'refunded')))
                    AND o.price_fen = b.start_fen - b.cut_fen)
            FROM bargains b
            UNION ALL
            SELECT 'live orders', o.bargain_id, 1, (SELECT COUNT(*) FROM bargains b WHERE b.order_id = o.order_id)
            FROM bargain_orders o WHERE o.state <> 'put_back'
            UNION ALL
            SELECT 'quota sold', q.campaign_id, q.sold,
                   (SELECT COUNT(*) FROM bargain_orders o WHERE o.campaign_id = q.campaign_id AND o.state IN ('held', 'bought'))
            FROM bargain_quotas q
            UNION ALL
            SELECT 'helpers in the ranking', r.user_id, r.helpers, COALESCE(k.helpers, 0)
            FROM bargain_ranks r LEFT JOIN counted k ON k.campaign_id = r.campaign_id AND k.user_id = r.user_id
            UNION ALL
            SELECT 'owners in the ranking', k.user_id, COALESCE(r.helpers, 0), k.helpers
            FROM counted k LEFT JOIN bargain_ranks r ON r.campaign_id = k.campaign_id AND r.user_id = k.user_id
        ) AS checks WHERE recorded <> counted ORDER BY id, rule LIMIT $1";
    Ok(diesel::sql_query(SQL).bind::<BigInt, _>(limit).load(tx.conn()?)?)
}
