//! How users came.

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};

use crate::kernel::id::{CampaignId, UserId};
use crate::kernel::time::{HOUR_MS, Timestamp};
use crate::on_backend;
use crate::platform::db::dialect::Prepared;
use crate::platform::db::schema::{share_merged_users as merged, share_origins as origins, share_tokens as tokens};
use crate::platform::db::{DbResult, Tx, columns};
use crate::share::model::{Acquired, Acquisition, Channel, Origin, Share, ShareId};

/// How a user came, if that is settled.
pub(in crate::share) fn origin(tx: &mut Tx<'_>, user: UserId) -> DbResult<Option<Origin>> {
    Ok(origins::table.find(user).select(columns::<Origin>()).first(tx.conn()?).optional()?)
}

/// Settles how a user came; false when it was settled before, also by a transaction that ran beside this one.
pub(in crate::share) fn insert_origin(tx: &mut Tx<'_>, origin: &Origin) -> DbResult<bool> {
    let inserted = on_backend!(tx.conn()?, conn => {
        Prepared(diesel::insert_into(origins::table).values(origin).on_conflict_do_nothing()).execute(conn)
    })?;
    Ok(inserted == 1)
}

/// How a user was brought, if somebody brought them.
pub(in crate::share) fn acquisition(tx: &mut Tx<'_>, user: UserId) -> DbResult<Option<Acquisition>> {
    let found = origins::table.inner_join(tokens::table).filter(origins::user_id.eq(user)).select((
        columns::<Share>(),
        origins::depth,
        origins::at,
    ));
    let found: Option<(Share, i64, Timestamp)> = Prepared(found).get_result(tx.conn()?).optional()?;
    Ok(found.map(|(share, depth, at)| Acquisition {
        inviter: share.sharer_id,
        channel: share.channel,
        subject: share.subject(),
        campaign: share.campaign_id,
        token: share.token,
        depth,
        at,
    }))
}

#[derive(QueryableByName)]
struct Ancestor {
    #[diesel(sql_type = BigInt)]
    inviter_id: UserId,
}

/// Whether `maybe` stands above `of`, at most `most` steps away. One statement walks all the way up.
pub(in crate::share) fn is_above(tx: &mut Tx<'_>, of: UserId, maybe: UserId, most: i64) -> DbResult<bool> {
    let found: Vec<Ancestor> = Prepared(
        diesel::sql_query(
            "WITH RECURSIVE above (inviter_id, steps) AS (\
             SELECT inviter_id, 1 FROM share_origins WHERE user_id = $1 AND inviter_id IS NOT NULL \
             UNION ALL \
             SELECT o.inviter_id, above.steps + 1 FROM share_origins o JOIN above ON o.user_id = above.inviter_id \
             WHERE o.inviter_id IS NOT NULL AND above.steps < $2) \
             SELECT inviter_id FROM above WHERE inviter_id = $3 LIMIT 1",
        )
        .bind::<BigInt, _>(of)
        .bind::<BigInt, _>(most)
        .bind::<BigInt, _>(maybe),
    )
    .load(tx.conn()?)?;
    Ok(found.iter().any(|ancestor| ancestor.inviter_id == maybe))
}

#[derive(QueryableByName)]
struct AcquiredRow {
    #[diesel(sql_type = Text)]
    channel: Channel,
    #[diesel(sql_type = BigInt)]
    hour: i64,
    #[diesel(sql_type = BigInt)]
    users: i64,
}

/// Users whom a campaign's shares brought in `[from, until)`, by channel and hour.
pub(in crate::share) fn acquired_through(
    tx: &mut Tx<'_>,
    campaign: CampaignId,
    from: Timestamp,
    until: Timestamp,
) -> DbResult<Vec<Acquired>> {
    // Whole hours by division: moments are positive here, so both databases round alike.
    let rows: Vec<AcquiredRow> = diesel::sql_query(
        "SELECT channel, at / 3600000 AS hour, COUNT(*) AS users FROM share_origins \
         WHERE campaign_id = $1 AND at >= $2 AND at < $3 GROUP BY channel, at / 3600000 ORDER BY hour, channel",
    )
    .bind::<BigInt, _>(campaign)
    .bind::<BigInt, _>(from)
    .bind::<BigInt, _>(until)
    .load(tx.conn()?)?;
    let acquired = |row: AcquiredRow| Acquired {
        channel: row.channel,
        hour: Timestamp::from_millis(row.hour.saturating_mul(HOUR_MS)),
        users: row.users,
    };
    Ok(rows.into_iter().map(acquired).collect())
}

/// Counts the depth of everybody below a user anew: each stands one step deeper than who brought them.
pub(in crate::share) fn deepen(tx: &mut Tx<'_>, user: UserId) -> DbResult<()> {
    diesel::sql_query(
        "WITH RECURSIVE below (user_id, depth) AS (\
         SELECT o.user_id, COALESCE(i.depth + 1, 0) FROM share_origins o \
         LEFT JOIN share_origins i ON i.user_id = o.inviter_id WHERE o.user_id = $1 \
         UNION ALL \
         SELECT o.user_id, below.depth + 1 FROM share_origins o JOIN below ON o.inviter_id = below.user_id) \
         UPDATE share_origins SET depth = (SELECT below.depth FROM below WHERE below.user_id = share_origins.user_id) \
         WHERE user_id IN (SELECT user_id FROM below)",
    )
    .bind::<BigInt, _>(user)
    .execute(tx.conn()?)?;
    Ok(())
}

/// Says of whoever was brought by one of these users that the sharer of their token did it.
pub(in crate::share) fn follow_sharers(tx: &mut Tx<'_>, users: &[UserId]) -> DbResult<()> {
    for user in users {
        diesel::sql_query(
            "UPDATE share_origins SET inviter_id = (SELECT t.sharer_id FROM share_tokens t WHERE t.id = share_origins.token_id) \
             WHERE inviter_id = $1 AND token_id IS NOT NULL",
        )
        .bind::<BigInt, _>(*user)
        .execute(tx.conn()?)?;
    }
    Ok(())
}

/// Whether a sharer was two.
pub(in crate::share) fn is_merged(tx: &mut Tx<'_>, user: UserId) -> DbResult<bool> {
    let found = merged::table.find(user).select(merged::user_id).first::<UserId>(tx.conn()?).optional()?;
    Ok(found.is_some())
}

/// Whether a user shared anything.
pub(in crate::share) fn has_shared_anything(tx: &mut Tx<'_>, user: UserId) -> DbResult<bool> {
    let any = tokens::table.filter(tokens::sharer_id.eq(user)).select(tokens::sharer_id);
    Ok(any.first::<UserId>(tx.conn()?).optional()?.is_some())
}

/// Whether a share is this user's.
pub(in crate::share) fn is_shared_by(tx: &mut Tx<'_>, token: Option<i64>, user: UserId) -> DbResult<bool> {
    let Some(token) = token else { return Ok(false) };
    let own = tokens::table.find(ShareId::new(token)).filter(tokens::sharer_id.eq(user)).select(tokens::sharer_id);
    Ok(own.first::<UserId>(tx.conn()?).optional()?.is_some())
}
