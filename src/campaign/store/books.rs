//! Where the tables of campaigns disagree with each other.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use crate::campaign::model::CampaignState;
use crate::kernel::id::CampaignId;
use crate::platform::db::{DbResult, Tx};

/// A sum that is not what it is made of.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub(in crate::campaign) struct WrongSum {
    #[diesel(sql_type = Text)]
    pub(in crate::campaign) rule: String,
    #[diesel(sql_type = BigInt)]
    pub(in crate::campaign) campaign_id: CampaignId,
    #[diesel(sql_type = BigInt)]
    pub(in crate::campaign) recorded: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::campaign) counted: i64,
}

/// Every sum that is not what it is made of, or passes what it must not.
pub(in crate::campaign) fn wrong_sums(tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<WrongSum>> {
    const SQL: &str = "
        WITH given AS (
            SELECT campaign_id, CAST(SUM(amount_fen - returned_fen) AS BIGINT) AS live FROM campaign_grants
            GROUP BY campaign_id
        ), given_by_day AS (
            SELECT campaign_id, day, CAST(SUM(amount_fen - returned_fen) AS BIGINT) AS live FROM campaign_grants
            GROUP BY campaign_id, day
        )
        SELECT rule, campaign_id, recorded, counted FROM (
            SELECT 'spent = live grants' AS rule, b.campaign_id, b.spent_fen AS recorded, COALESCE(g.live, 0) AS counted
            FROM campaign_budgets b LEFT JOIN given g ON g.campaign_id = b.campaign_id
            UNION ALL
            SELECT 'spent of a day = its live grants', d.campaign_id, d.spent_fen, COALESCE(g.live, 0)
            FROM campaign_days d LEFT JOIN given_by_day g ON g.campaign_id = d.campaign_id AND g.day = d.day
            UNION ALL
            SELECT 'a grant has its day', g.campaign_id, g.live, 0
            FROM given_by_day g LEFT JOIN campaign_days d ON d.campaign_id = g.campaign_id AND d.day = g.day
            WHERE d.day IS NULL
            UNION ALL
            SELECT 'spent within budget', campaign_id, spent_fen, budget_fen FROM campaign_budgets
            WHERE spent_fen < 0 OR spent_fen > budget_fen
            UNION ALL
            SELECT 'spent of a day within its cap', campaign_id, spent_fen, cap_fen FROM campaign_days
            WHERE spent_fen < 0 OR spent_fen > cap_fen
            UNION ALL
            SELECT 'uses within limit', campaign_id, used, most FROM campaign_uses WHERE used < 0 OR used > most
            UNION ALL
            SELECT 'gives while it runs', b.campaign_id, 1, 0
            FROM campaign_budgets b JOIN campaigns c ON c.id = b.campaign_id
            WHERE (c.state = 'running') <> (b.open_until IS NOT NULL)
        ) AS checks
        WHERE recorded <> counted ORDER BY campaign_id, rule LIMIT $1";
    Ok(diesel::sql_query(SQL).bind::<BigInt, _>(limit).load(tx.conn()?)?)
}

/// How often the change logs hold each move.
#[derive(Clone, Debug, QueryableByName)]
pub(in crate::campaign) struct Move {
    #[diesel(sql_type = Nullable<Text>)]
    pub(in crate::campaign) from_state: Option<CampaignState>,
    #[diesel(sql_type = Text)]
    pub(in crate::campaign) to_state: CampaignState,
    #[diesel(sql_type = BigInt)]
    pub(in crate::campaign) times: i64,
}

/// Every recorded move.
pub(in crate::campaign) fn moves(tx: &mut Tx<'_>) -> DbResult<Vec<Move>> {
    const SQL: &str =
        "SELECT from_state, to_state, COUNT(*) AS times FROM campaign_changes GROUP BY from_state, to_state";
    Ok(diesel::sql_query(SQL).load(tx.conn()?)?)
}

/// A place where a change log has a gap or does not end where the campaign stands.
#[derive(Clone, Debug, QueryableByName)]
pub(in crate::campaign) struct Break {
    #[diesel(sql_type = BigInt)]
    pub(in crate::campaign) campaign_id: CampaignId,
    #[diesel(sql_type = BigInt)]
    pub(in crate::campaign) version: i64,
    #[diesel(sql_type = Nullable<Text>)]
    pub(in crate::campaign) found: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pub(in crate::campaign) expected: Option<String>,
}

/// Every break of a change log.
pub(in crate::campaign) fn log_breaks(tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<Break>> {
    const SQL: &str = "
        SELECT c.campaign_id, c.version, c.from_state AS found, p.to_state AS expected
        FROM campaign_changes c
        LEFT JOIN campaign_changes p ON p.campaign_id = c.campaign_id AND p.version = c.version - 1
        WHERE COALESCE(c.from_state, '') <> COALESCE(p.to_state, '')
        UNION ALL
        SELECT g.id, g.version, g.state, c.to_state
        FROM campaigns g LEFT JOIN campaign_changes c ON c.campaign_id = g.id AND c.version = g.version
        WHERE COALESCE(c.to_state, '') <> g.state
        LIMIT $1";
    Ok(diesel::sql_query(SQL).bind::<BigInt, _>(limit).load(tx.conn()?)?)
}
