//! Counting what came of shares.

use std::collections::HashMap;

use diesel::dsl::{count_star, sql};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::kernel::id::{CampaignId, UserId};
use crate::kernel::page::Cursor;
use crate::kernel::time::Timestamp;
use crate::platform::db::schema::{share_opens as opens, share_origins as origins, share_tokens as tokens};
use crate::platform::db::{DbResult, Tx, columns};
use crate::share::model::{Channel, Share, ShareId, SubjectKind};

/// What came of one or several shares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Opens, each visitor's within half an hour counted once.
    pub opens: i64,
    /// Visitors; an installation on which nobody logged in yet is one.
    pub visitors: i64,
    /// Users who were brought.
    pub newcomers: i64,
}

/// Which shares to list. Absent conditions hold for all.
#[derive(Clone, Debug, Default)]
pub struct ShareFilter {
    /// Of this user.
    pub sharer: Option<UserId>,
    /// Of this kind.
    pub kind: Option<SubjectKind>,
    /// Of the thing with this reference.
    pub reference: Option<String>,
    /// Handed on in this way.
    pub channel: Option<Channel>,
    /// Of this campaign.
    pub campaign: Option<CampaignId>,
}

/// Somebody who was brought.
#[derive(Clone, Debug, PartialEq, Eq, Queryable)]
pub struct Newcomer {
    /// Who.
    pub user: UserId,
    /// Through which token.
    pub token: String,
    /// How it was handed on.
    pub channel: Channel,
    /// What kind of thing was handed on.
    pub subject_kind: SubjectKind,
    /// Which one.
    pub subject_ref: String,
    /// When they came.
    pub at: Timestamp,
}

/// How many users stand so many steps below somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, QueryableByName)]
pub struct TreeLevel {
    /// How many steps.
    #[diesel(sql_type = BigInt)]
    pub steps: i64,
    /// How many users.
    #[diesel(sql_type = BigInt)]
    pub users: i64,
}

/// What figures are sorted into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::share) enum Grouping {
    /// How pages were handed on.
    Channel,
    /// What was handed on.
    Subject,
    /// In which group chat it was opened.
    Chat,
}

/// What came of the shares of one channel or subject, or in one group chat.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct GroupFigures {
    /// The channel, the kind of subject, or WeChat's id of the group chat.
    #[diesel(sql_type = Text)]
    pub name: String,
    /// The reference of the subject; empty for the others.
    #[diesel(sql_type = Text)]
    pub reference: String,
    /// Tokens.
    #[diesel(sql_type = BigInt)]
    pub shares: i64,
    /// Users who asked for them.
    #[diesel(sql_type = BigInt)]
    pub sharers: i64,
    /// Opens.
    #[diesel(sql_type = BigInt)]
    pub opens: i64,
    /// Visitors, each once for every token.
    #[diesel(sql_type = BigInt)]
    pub visitors: i64,
    /// Users who were brought.
    #[diesel(sql_type = BigInt)]
    pub newcomers: i64,
}

/// What came of one user's shares.
#[derive(Clone, Debug, PartialEq, Eq, QueryableByName)]
pub struct RankRow {
    /// Who.
    #[diesel(sql_type = BigInt)]
    pub sharer: UserId,
    /// Tokens.
    #[diesel(sql_type = BigInt)]
    pub shares: i64,
    /// Opens.
    #[diesel(sql_type = BigInt)]
    pub opens: i64,
    /// Visitors, each once for every token.
    #[diesel(sql_type = BigInt)]
    pub visitors: i64,
    /// Users who were brought.
    #[diesel(sql_type = BigInt)]
    pub newcomers: i64,
}

/// Opens, in a sum that both databases answer as a whole number.
const OPENS: &str = "CAST(COALESCE(SUM(opens), 0) AS BIGINT)";
/// Users who were brought.
const NEWCOMERS: &str = "COUNT(CASE WHEN edge = 'acquisition' THEN 1 END)";

/// What came of each of these shares; those that nobody opened are absent.
pub(in crate::share) fn figures(tx: &mut Tx<'_>, shares: &[ShareId]) -> DbResult<HashMap<ShareId, Figures>> {
    let rows: Vec<(ShareId, i64, i64, i64)> = opens::table
        .filter(opens::token_id.eq_any(shares.to_vec()))
        .group_by(opens::token_id)
        .select((opens::token_id, sql::<BigInt>(OPENS), count_star(), sql::<BigInt>(NEWCOMERS)))
        .load(tx.conn()?)?;
    let figures = |(share, opens, visitors, newcomers)| (share, Figures { opens, visitors, newcomers });
    Ok(rows.into_iter().map(figures).collect())
}

/// How many tokens a user asked for, and what came of them.
pub(in crate::share) fn totals(tx: &mut Tx<'_>, sharer: UserId) -> DbResult<(i64, Figures)> {
    let shares: i64 = tokens::table.filter(tokens::sharer_id.eq(sharer)).count().get_result(tx.conn()?)?;
    let (opens, visitors): (i64, i64) = opens::table
        .inner_join(tokens::table)
        .filter(tokens::sharer_id.eq(sharer))
        .select((sql::<BigInt>(OPENS), count_star()))
        .get_result(tx.conn()?)?;
    let newcomers: i64 = origins::table.filter(origins::inviter_id.eq(sharer)).count().get_result(tx.conn()?)?;
    Ok((shares, Figures { opens, visitors, newcomers }))
}

/// Shares, newest first, one more than `limit`.
pub(in crate::share) fn shares(
    tx: &mut Tx<'_>,
    filter: &ShareFilter,
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<Vec<Share>> {
    let mut query = tokens::table.select(columns::<Share>()).order(tokens::id.desc()).into_boxed();
    if let Some(sharer) = filter.sharer {
        query = query.filter(tokens::sharer_id.eq(sharer));
    }
    if let Some(kind) = filter.kind {
        query = query.filter(tokens::subject_kind.eq(kind));
    }
    if let Some(reference) = &filter.reference {
        query = query.filter(tokens::subject_ref.eq(reference.clone()));
    }
    if let Some(channel) = filter.channel {
        query = query.filter(tokens::channel.eq(channel));
    }
    if let Some(campaign) = filter.campaign {
        query = query.filter(tokens::campaign_id.eq(campaign));
    }
    if let Some(cursor) = after {
        query = query.filter(tokens::id.lt(ShareId::new(cursor.id)));
    }
    Ok(query.limit(limit.saturating_add(1)).load(tx.conn()?)?)
}

/// Whom a user brought, the latest to register first, one more than `limit`.
pub(in crate::share) fn newcomers(
    tx: &mut Tx<'_>,
    inviter: UserId,
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<Vec<Newcomer>> {
    let before = after.map_or(i64::MAX, |cursor| cursor.id);
    Ok(origins::table
        .inner_join(tokens::table)
        .filter(origins::inviter_id.eq(inviter))
        .filter(origins::user_id.lt(UserId::new(before)))
        .order(origins::user_id.desc())
        .limit(limit.saturating_add(1))
        .select((
            origins::user_id,
            tokens::token,
            tokens::channel,
            tokens::subject_kind,
            tokens::subject_ref,
            origins::at,
        ))
        .load(tx.conn()?)?)
}

/// How many users each of these brought; those who brought nobody are absent.
pub(in crate::share) fn brought_by(tx: &mut Tx<'_>, inviters: &[UserId]) -> DbResult<HashMap<UserId, i64>> {
    let rows: Vec<(Option<UserId>, i64)> = origins::table
        .filter(origins::inviter_id.eq_any(inviters.to_vec()))
        .group_by(origins::inviter_id)
        .select((origins::inviter_id, count_star()))
        .load(tx.conn()?)?;
    Ok(rows.into_iter().filter_map(|(inviter, users)| inviter.map(|inviter| (inviter, users))).collect())
}

/// How many users stand below somebody, by distance; counting stops after `most`.
pub(in crate::share) fn levels_below(tx: &mut Tx<'_>, user: UserId, most: i64) -> DbResult<Vec<TreeLevel>> {
    let levels = diesel::sql_query(
        "WITH RECURSIVE below (user_id, steps) AS (\
         SELECT user_id, 1 FROM share_origins WHERE inviter_id = $1 \
         UNION ALL \
         SELECT o.user_id, below.steps + 1 FROM share_origins o JOIN below ON o.inviter_id = below.user_id) \
         SELECT CAST(found.steps AS BIGINT) AS steps, COUNT(*) AS users \
         FROM (SELECT steps FROM below LIMIT $2) AS found GROUP BY found.steps ORDER BY found.steps",
    );
    Ok(levels.bind::<BigInt, _>(user).bind::<BigInt, _>(most).load(tx.conn()?)?)
}

/// What came of the shares made in `[from, until)`, those that brought most first.
pub(in crate::share) fn grouped(
    tx: &mut Tx<'_>,
    by: Grouping,
    from: Timestamp,
    until: Timestamp,
    limit: i64,
) -> DbResult<Vec<GroupFigures>> {
    let (what, group) = match by {
        Grouping::Channel => ("t.channel AS name, '' AS reference", "t.channel"),
        Grouping::Subject => ("t.subject_kind AS name, t.subject_ref AS reference", "t.subject_kind, t.subject_ref"),
        Grouping::Chat => ("e.group_id AS name, '' AS reference", "e.group_id"),
    };
    let only = if by == Grouping::Chat { "AND e.group_id IS NOT NULL" } else { "" };
    let sql = format!(
        "SELECT {what}, COUNT(DISTINCT t.id) AS shares, COUNT(DISTINCT t.sharer_id) AS sharers, {COUNTS} {FROM} {only} \
         GROUP BY {group} ORDER BY newcomers DESC, visitors DESC, {group} LIMIT $3"
    );
    let query = diesel::sql_query(sql).bind::<BigInt, _>(from).bind::<BigInt, _>(until).bind::<BigInt, _>(limit);
    Ok(query.load(tx.conn()?)?)
}

/// Sharers by what their shares of `[from, until)` brought.
pub(in crate::share) fn ranking(
    tx: &mut Tx<'_>,
    from: Timestamp,
    until: Timestamp,
    limit: i64,
) -> DbResult<Vec<RankRow>> {
    let sql = format!(
        "SELECT t.sharer_id AS sharer, COUNT(DISTINCT t.id) AS shares, {COUNTS} {FROM} \
         GROUP BY t.sharer_id ORDER BY newcomers DESC, visitors DESC, t.sharer_id LIMIT $3"
    );
    let query = diesel::sql_query(sql).bind::<BigInt, _>(from).bind::<BigInt, _>(until).bind::<BigInt, _>(limit);
    Ok(query.load(tx.conn()?)?)
}

const COUNTS: &str = "CAST(COALESCE(SUM(e.opens), 0) AS BIGINT) AS opens, COUNT(e.id) AS visitors, \
                      COUNT(CASE WHEN e.edge = 'acquisition' THEN 1 END) AS newcomers";
const FROM: &str = "FROM share_tokens t LEFT JOIN share_opens e ON e.token_id = t.id \
                    WHERE t.created_at >= $1 AND t.created_at < $2";
