//! The pieces of bargains' differences: drawn at once, taken one by one.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool};

use crate::bargain::model::{BargainId, HelpReward, Piece};
use crate::kernel::id::{CampaignId, UserId};
use crate::kernel::money::Fen;
use crate::kernel::page::Cursor;
use crate::kernel::time::Timestamp;
use crate::on_backend;
use crate::platform::db::dialect::{self, Prepared};
use crate::platform::db::schema::{bargain_pieces as pieces, bargains};
use crate::platform::db::{Constraint, DbError, DbResult, Tx, columns};

/// Rows of one insert; each binds nine values, and SQLite takes at most 32,766.
const ROWS_AT_ONCE: usize = 1_000;

/// Whether taking a piece failed because the helper has one of the same bargain.
pub(in crate::bargain) fn is_second_help(error: &DbError) -> bool {
    error.violates(Constraint {
        index: "bargain_pieces_helper",
        columns: "bargain_pieces.bargain_id, bargain_pieces.helper_id",
    })
}

/// Writes the partition of a bargain, nothing of it taken.
pub(in crate::bargain) fn insert(tx: &mut Tx<'_>, bargain_id: BargainId, amounts: &[Fen]) -> DbResult<()> {
    let row = |(number, amount): (i64, &Fen)| Piece {
        bargain_id,
        number,
        amount: *amount,
        helper_id: None,
        taken_at: None,
        by_owner: false,
        newcomer: false,
        counted: false,
        reward: None,
    };
    let rows: Vec<Piece> = (1_i64..).zip(amounts).map(row).collect();
    for rows in rows.chunks(ROWS_AT_ONCE) {
        on_backend!(tx.conn()?, conn => diesel::insert_into(pieces::table).values(rows).execute(conn))?;
    }
    Ok(())
}

/// Who takes a piece, and which.
#[derive(Clone, Copy, Debug)]
pub(in crate::bargain) struct Taker {
    pub(in crate::bargain) helper: UserId,
    pub(in crate::bargain) by_owner: bool,
    pub(in crate::bargain) newcomer: bool,
    /// Whether the largest piece left is theirs instead of the next.
    pub(in crate::bargain) largest: bool,
    pub(in crate::bargain) counted: bool,
    pub(in crate::bargain) reward: HelpReward,
}

/// A piece that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, QueryableByName)]
pub(in crate::bargain) struct Taken {
    #[diesel(sql_type = BigInt)]
    pub(in crate::bargain) number: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::bargain) amount_fen: Fen,
}

/// Takes a piece nobody has; `None` when there is none that is not being taken this moment. One statement, so that two
/// helpers never get the same piece; helpers at the same moment pass over each other's piece instead of waiting.
pub(in crate::bargain) fn take(tx: &mut Tx<'_>, bargain: BargainId, taker: Taker) -> DbResult<Option<Taken>> {
    let now = tx.now();
    let conn = tx.conn()?;
    let order = if taker.largest { "amount_fen DESC, number DESC" } else { "number" };
    let sql = format!(
        "UPDATE bargain_pieces SET helper_id = $1, taken_at = $2, by_owner = $3, newcomer = $4, counted = $5, reward = $6 \
         WHERE bargain_id = $7 AND helper_id IS NULL AND number = (SELECT number FROM bargain_pieces \
         WHERE bargain_id = $8 AND helper_id IS NULL ORDER BY {order} LIMIT 1{}) RETURNING number, amount_fen",
        dialect::skip_locked(conn)
    );
    let take = diesel::sql_query(sql)
        .bind::<BigInt, _>(taker.helper)
        .bind::<BigInt, _>(now)
        .bind::<Bool, _>(taker.by_owner)
        .bind::<Bool, _>(taker.newcomer)
        .bind::<Bool, _>(taker.counted)
        .bind::<diesel::sql_types::Text, _>(taker.reward)
        .bind::<BigInt, _>(bargain)
        .bind::<BigInt, _>(bargain);
    Ok(Prepared(take).get_result(conn).optional()?)
}

/// Writes down what became of a helper's reward.
pub(in crate::bargain) fn note_reward(
    tx: &mut Tx<'_>,
    bargain: BargainId,
    number: i64,
    reward: HelpReward,
) -> DbResult<()> {
    let taken = pieces::table.filter(pieces::bargain_id.eq(bargain)).filter(pieces::number.eq(number));
    Prepared(diesel::update(taken).set(pieces::reward.eq(Some(reward)))).execute(tx.conn()?)?;
    Ok(())
}

/// The piece that a user has of a bargain.
pub(in crate::bargain) fn of_helper(tx: &mut Tx<'_>, bargain: BargainId, helper: UserId) -> DbResult<Option<Piece>> {
    let own = pieces::table.filter(pieces::bargain_id.eq(bargain)).filter(pieces::helper_id.eq(helper));
    Ok(own.select(columns::<Piece>()).first(tx.conn()?).optional()?)
}

/// Every piece of a bargain, in the order of the partition.
pub(in crate::bargain) fn all(tx: &mut Tx<'_>, bargain: BargainId) -> DbResult<Vec<Piece>> {
    let all = pieces::table.filter(pieces::bargain_id.eq(bargain)).order(pieces::number);
    Ok(all.select(columns::<Piece>()).load(tx.conn()?)?)
}

/// The cuts of a bargain, latest first, one more than `limit`.
pub(in crate::bargain) fn ladder(
    tx: &mut Tx<'_>,
    bargain: BargainId,
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<Vec<Piece>> {
    let mut taken = pieces::table
        .filter(pieces::bargain_id.eq(bargain))
        .filter(pieces::taken_at.is_not_null())
        .select(columns::<Piece>())
        .order((pieces::taken_at.desc(), pieces::number.desc()))
        .limit(limit.saturating_add(1))
        .into_boxed();
    if let Some(cursor) = after {
        let at = Timestamp::from_millis(cursor.key);
        let earlier = pieces::taken_at.lt(at).or(pieces::taken_at.eq(at).and(pieces::number.lt(cursor.id)));
        taken = taken.filter(earlier.assume_not_null());
    }
    Ok(taken.load(tx.conn()?)?)
}

/// The owners whom these users helped in a campaign, at most `limit`.
pub(in crate::bargain) fn helped_by(
    tx: &mut Tx<'_>,
    campaign: CampaignId,
    helpers: &BTreeSet<UserId>,
    limit: i64,
) -> DbResult<BTreeSet<UserId>> {
    let helpers: Vec<UserId> = helpers.iter().copied().collect();
    let owners: Vec<UserId> = pieces::table
        .inner_join(bargains::table)
        .filter(pieces::helper_id.eq_any(helpers))
        .filter(pieces::by_owner.eq(false))
        .filter(bargains::campaign_id.eq(campaign))
        .select(bargains::user_id)
        .distinct()
        .limit(limit)
        .load(tx.conn()?)?;
    Ok(owners.into_iter().collect())
}

/// One cut with whose bargain it lowered, for the export.
#[derive(Clone, Debug, QueryableByName)]
pub(in crate::bargain) struct Help {
    #[diesel(sql_type = BigInt)]
    pub(in crate::bargain) bargain_id: BargainId,
    #[diesel(sql_type = BigInt)]
    pub(in crate::bargain) owner_id: UserId,
    #[diesel(sql_type = BigInt)]
    pub(in crate::bargain) helper_id: UserId,
    #[diesel(sql_type = BigInt)]
    pub(in crate::bargain) number: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::bargain) amount_fen: Fen,
    #[diesel(sql_type = Bool)]
    pub(in crate::bargain) by_owner: bool,
    #[diesel(sql_type = Bool)]
    pub(in crate::bargain) newcomer: bool,
    #[diesel(sql_type = Bool)]
    pub(in crate::bargain) counted: bool,
    #[diesel(sql_type = diesel::sql_types::Text)]
    pub(in crate::bargain) reward: HelpReward,
    #[diesel(sql_type = BigInt)]
    pub(in crate::bargain) taken_at: Timestamp,
}

/// Every cut of a campaign, at most `limit`.
pub(in crate::bargain) fn of_campaign(tx: &mut Tx<'_>, campaign: CampaignId, limit: i64) -> DbResult<Vec<Help>> {
    Ok(diesel::sql_query(
        "SELECT p.bargain_id, b.user_id AS owner_id, p.helper_id, p.number, p.amount_fen, p.by_owner, p.newcomer, \
         p.counted, p.reward, p.taken_at FROM bargains b JOIN bargain_pieces p ON p.bargain_id = b.id \
         WHERE b.campaign_id = $1 AND p.helper_id IS NOT NULL ORDER BY b.id, p.taken_at, p.number LIMIT $2",
    )
    .bind::<BigInt, _>(campaign)
    .bind::<BigInt, _>(limit)
    .load(tx.conn()?)?)
}

/// What helpers did in a campaign.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, QueryableByName)]
pub(in crate::bargain) struct Figures {
    #[diesel(sql_type = BigInt)]
    pub(in crate::bargain) helps: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::bargain) helpers: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::bargain) newcomers: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::bargain) in_circles: i64,
    #[diesel(sql_type = BigInt)]
    pub(in crate::bargain) rewards: i64,
}

/// Counts the helps of a campaign.
pub(in crate::bargain) fn figures(tx: &mut Tx<'_>, campaign: CampaignId) -> DbResult<Figures> {
    Ok(diesel::sql_query(
        "SELECT COUNT(*) AS helps, COUNT(DISTINCT p.helper_id) AS helpers, \
         COUNT(DISTINCT CASE WHEN p.newcomer THEN p.helper_id END) AS newcomers, \
         COUNT(CASE WHEN NOT p.counted THEN 1 END) AS in_circles, \
         COUNT(CASE WHEN p.reward = 'granted' THEN 1 END) AS rewards \
         FROM bargains b JOIN bargain_pieces p ON p.bargain_id = b.id \
         WHERE b.campaign_id = $1 AND p.helper_id IS NOT NULL AND NOT p.by_owner",
    )
    .bind::<BigInt, _>(campaign)
    .get_result(tx.conn()?)?)
}

#[derive(QueryableByName)]
struct OwnCut {
    #[diesel(sql_type = BigInt)]
    bargain_id: BargainId,
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// Cuts that a user made in bargains of their own as if they were a friend.
pub(in crate::bargain) fn own_cuts_as_helper(tx: &mut Tx<'_>, user: UserId) -> DbResult<Vec<(BargainId, i64)>> {
    let found: Vec<OwnCut> = diesel::sql_query(
        "SELECT p.bargain_id, p.number FROM bargain_pieces p JOIN bargains b ON b.id = p.bargain_id \
         WHERE p.helper_id = $1 AND b.user_id = p.helper_id AND NOT p.by_owner ORDER BY p.bargain_id, p.number",
    )
    .bind::<BigInt, _>(user)
    .load(tx.conn()?)?;
    Ok(found.into_iter().map(|cut| (cut.bargain_id, cut.number)).collect())
}
