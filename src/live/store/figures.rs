//! What rooms came to, and whether their counts agree with what they count.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::catalog::ProductId;
use crate::live::model::RoomId;
use crate::platform::db::{DbResult, Tx};

/// What a whole room came to.
#[derive(QueryableByName, Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::live) struct Totals {
    #[diesel(sql_type = BigInt)]
    pub(in crate::live) viewers: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::live) visits: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::live) watched_ms: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::live) comments: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::live) clicks: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::live) shares: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::live) placed_orders: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::live) orders: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::live) buyers: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::live) pieces: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::live) revenue_fen: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::live) refunded_fen: i64,
}

/// What a room came to. A line counts as paid when it ever was. Two accounts that became one person are one viewer.
pub(in crate::live) fn totals(tx: &mut Tx<'_>, room: RoomId) -> DbResult<Option<Totals>> {
    const SQL: &str = "
        SELECT
          (SELECT COUNT(DISTINCT CASE WHEN v.user_id IS NULL THEN v.visitor
                                      ELSE 'user:' || CAST(v.user_id AS TEXT) END)
             FROM live_visits v WHERE v.room_id = r.id) AS viewers,
          (SELECT COUNT(*) FROM live_visits v WHERE v.room_id = r.id) AS visits,
          CAST(COALESCE((SELECT SUM(watched_ms) FROM live_visits v WHERE v.room_id = r.id), 0) AS BIGINT) AS watched_ms,
          (SELECT COUNT(*) FROM live_comments c WHERE c.room_id = r.id) AS comments,
          CAST(COALESCE((SELECT SUM(clicks) FROM live_shelf s WHERE s.room_id = r.id), 0) AS BIGINT) AS clicks,
          CAST(COALESCE((SELECT SUM(shares) FROM live_minutes m WHERE m.room_id = r.id), 0) AS BIGINT) AS shares,
          (SELECT COUNT(DISTINCT order_id) FROM live_order_lines l WHERE l.room_id = r.id) AS placed_orders,
          (SELECT COUNT(DISTINCT order_id) FROM live_order_lines l
             WHERE l.room_id = r.id AND l.state IN ('paid', 'refunded')) AS orders,
          (SELECT COUNT(DISTINCT user_id) FROM live_order_lines l
             WHERE l.room_id = r.id AND l.state IN ('paid', 'refunded')) AS buyers,
          CAST(COALESCE((SELECT SUM(quantity) FROM live_order_lines l
             WHERE l.room_id = r.id AND l.state IN ('paid', 'refunded')), 0) AS BIGINT) AS pieces,
          CAST(COALESCE((SELECT SUM(revenue_fen) FROM live_order_lines l
             WHERE l.room_id = r.id AND l.state IN ('paid', 'refunded')), 0) AS BIGINT) AS revenue_fen,
          CAST(COALESCE((SELECT SUM(revenue_fen) FROM live_order_lines l
             WHERE l.room_id = r.id AND l.state = 'refunded'), 0) AS BIGINT) AS refunded_fen
        FROM live_rooms r WHERE r.id = $1";
    Ok(diesel::sql_query(SQL).bind::<BigInt, _>(room).load(tx.conn()?)?.pop())
}

/// What one product of a room came to.
#[derive(QueryableByName, Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::live) struct ProductRow {
    #[diesel(sql_type = BigInt)]
    pub(in crate::live) product_id: ProductId,
    #[diesel(sql_type = BigInt)]
    pub(in crate::live) clicks: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::live) explained: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::live) placed_orders: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::live) orders: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::live) buyers: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::live) pieces: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::live) revenue_fen: i64,
}

/// What every product that was ever on a room's shelf came to, in the shelf's order.
pub(in crate::live) fn products(tx: &mut Tx<'_>, room: RoomId) -> DbResult<Vec<ProductRow>> {
    const SQL: &str = "
        SELECT s.product_id, s.clicks,
               (SELECT COUNT(*) FROM live_marks m WHERE m.room_id = s.room_id AND m.product_id = s.product_id) AS explained,
               COUNT(DISTINCT l.order_id) AS placed_orders,
               COUNT(DISTINCT CASE WHEN l.state IN ('paid', 'refunded') THEN l.order_id END) AS orders,
               COUNT(DISTINCT CASE WHEN l.state IN ('paid', 'refunded') THEN l.user_id END) AS buyers,
               CAST(COALESCE(SUM(CASE WHEN l.state IN ('paid', 'refunded') THEN l.quantity ELSE 0 END), 0) AS BIGINT)
                   AS pieces,
               CAST(COALESCE(SUM(CASE WHEN l.state IN ('paid', 'refunded') THEN l.revenue_fen ELSE 0 END), 0) AS BIGINT)
                   AS revenue_fen
        FROM live_shelf s
        LEFT JOIN live_order_lines l ON l.room_id = s.room_id AND l.product_id = s.product_id
        WHERE s.room_id = $1
        GROUP BY s.room_id, s.product_id, s.clicks, s.position, s.removed_at
        ORDER BY CASE WHEN s.removed_at IS NULL THEN 0 ELSE 1 END, s.position, s.product_id";
    Ok(diesel::sql_query(SQL).bind::<BigInt, _>(room).load(tx.conn()?)?)
}

#[derive(QueryableByName)]
struct DifferenceRow {
    #[diesel(sql_type = Text)]
    rule: String,
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = BigInt)]
    recorded: i64,
    #[diesel(sql_type = BigInt)]
    counted: i64,
}

/// Every place where quotas, buyers' counts, drops and numbers disagree with what they count, at most a thousand.
pub(in crate::live) fn differences(tx: &mut Tx<'_>) -> DbResult<Vec<String>> {
    const SQL: &str = "
        WITH held AS (
            SELECT price_id, user_id, CAST(SUM(quantity) AS BIGINT) AS quantity
            FROM live_price_takings WHERE state <> 'given_back' GROUP BY price_id, user_id
        )
        SELECT rule, id, recorded, counted FROM (
            SELECT 'price: taken = pieces of live takings' AS rule, p.id AS id, p.taken AS recorded,
                   CAST(COALESCE((SELECT SUM(h.quantity) FROM held h WHERE h.price_id = p.id), 0) AS BIGINT) AS counted
            FROM live_prices p
            UNION ALL
            SELECT 'price: a buyer has what orders took', b.price_id, b.quantity, COALESCE(h.quantity, 0)
            FROM live_price_buyers b LEFT JOIN held h ON h.price_id = b.price_id AND h.user_id = b.user_id
            UNION ALL
            SELECT 'drop: claimed = claims', d.id, d.claimed,
                   (SELECT COUNT(*) FROM live_drop_claims c WHERE c.drop_id = d.id)
            FROM live_drops d
            UNION ALL
            SELECT 'packet: portions sum to its face', d.id, d.face_fen,
                   CAST(COALESCE((SELECT SUM(p.amount_fen) FROM live_drop_portions p WHERE p.drop_id = d.id), 0) AS BIGINT)
            FROM live_drops d WHERE d.face_fen IS NOT NULL
            UNION ALL
            SELECT 'room: comments are numbered without a gap', r.id, r.comment_sequence,
                   (SELECT COUNT(*) FROM live_comments c WHERE c.room_id = r.id)
            FROM live_rooms r
            UNION ALL
            SELECT 'room: likes = likes of its minutes', r.id, r.likes,
                   CAST(COALESCE((SELECT SUM(m.likes) FROM live_minutes m WHERE m.room_id = r.id), 0) AS BIGINT)
            FROM live_rooms r
        ) AS checks
        WHERE recorded <> counted ORDER BY id, rule LIMIT 1000";
    let rows: Vec<DifferenceRow> = diesel::sql_query(SQL).load(tx.conn()?)?;
    let tell = |row: DifferenceRow| format!("live {} {}: {} against {}", row.rule, row.id, row.recorded, row.counted);
    Ok(rows.into_iter().map(tell).collect())
}
