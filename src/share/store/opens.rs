//! Arrivals through tokens.

use diesel::prelude::*;

use crate::kernel::id::{DeviceId, UserId};
use crate::kernel::time::Timestamp;
use crate::on_backend;
use crate::platform::db::dialect::Prepared;
use crate::platform::db::schema::{share_opens as opens, share_tokens as tokens};
use crate::platform::db::{Constraint, DbResult, Tx, columns};
use crate::share::model::{Edge, Open, OpenId, Share, ShareId, Touch, Visitor};

/// The rule that a user has one row for each token.
pub(in crate::share) const ONE_ROW: Constraint =
    Constraint { index: "share_opens_user_token", columns: "share_opens.user_id, share_opens.token_id" };

/// A visitor comes through a token they came through before; false when they never did, or only just did.
pub(in crate::share) fn count_again(
    tx: &mut Tx<'_>,
    token: ShareId,
    visitor: Visitor,
    before: Timestamp,
    group: Option<&str>,
) -> DbResult<bool> {
    let now = tx.now();
    let seen = opens::token_id.eq(token).and(opens::last_opened_at.le(before));
    // A visitor may come from several groups; the latest is kept.
    let set = (
        opens::opens.eq(opens::opens + 1),
        opens::last_opened_at.eq(now),
        group.map(|group| opens::group_id.eq(group)),
    );
    let changed = match visitor {
        Visitor::User(user) => {
            Prepared(diesel::update(opens::table.filter(opens::user_id.eq(user)).filter(seen)).set(set))
                .execute(tx.conn()?)
        }
        Visitor::Device(device) => {
            Prepared(diesel::update(opens::table.filter(opens::device_id.eq(device)).filter(seen)).set(set))
                .execute(tx.conn()?)
        }
    }?;
    Ok(changed == 1)
}

/// Notes in which group chat a visitor came through a token.
pub(in crate::share) fn note_group(tx: &mut Tx<'_>, token: ShareId, visitor: Visitor, group: &str) -> DbResult<()> {
    let set = opens::group_id.eq(group);
    match visitor {
        Visitor::User(user) => {
            let row = opens::table.filter(opens::user_id.eq(user)).filter(opens::token_id.eq(token));
            diesel::update(row).set(set).execute(tx.conn()?)
        }
        Visitor::Device(device) => {
            let row = opens::table.filter(opens::device_id.eq(device)).filter(opens::token_id.eq(token));
            diesel::update(row).set(set).execute(tx.conn()?)
        }
    }?;
    Ok(())
}

/// A visitor comes through a token for the first time; false when a row is there already.
pub(in crate::share) fn insert_open(tx: &mut Tx<'_>, open: &Open) -> DbResult<bool> {
    let inserted = on_backend!(tx.conn()?, conn => {
        Prepared(diesel::insert_into(opens::table).values(open).on_conflict_do_nothing()).execute(conn)
    })?;
    Ok(inserted == 1)
}

/// Whether a user came through this token.
pub(in crate::share) fn has_opened(tx: &mut Tx<'_>, user: UserId, token: ShareId) -> DbResult<bool> {
    let row = opens::table.filter(opens::user_id.eq(user)).filter(opens::token_id.eq(token)).select(opens::id);
    Ok(row.first::<OpenId>(tx.conn()?).optional()?.is_some())
}

/// The share through which a user came last, at `since` or later.
pub(in crate::share) fn last_touch(
    tx: &mut Tx<'_>,
    user: UserId,
    since: Timestamp,
) -> DbResult<Option<(Share, Touch)>> {
    let found = opens::table
        .inner_join(tokens::table)
        .filter(opens::user_id.eq(user))
        .filter(opens::last_opened_at.ge(since))
        .order((opens::last_opened_at.desc(), opens::id.desc()))
        .select((columns::<Share>(), opens::last_opened_at))
        .limit(1);
    let found: Option<(Share, Timestamp)> = Prepared(found).get_result(tx.conn()?).optional()?;
    Ok(found.map(|(share, at)| {
        let touch = Touch {
            token: share.token.clone(),
            sharer: share.sharer_id,
            channel: share.channel,
            subject: share.subject(),
            campaign: share.campaign_id,
            at,
        };
        (share, touch)
    }))
}

/// What came through a device while nobody was known on it, the earliest first, with the tokens.
pub(in crate::share) fn anonymous_opens(tx: &mut Tx<'_>, device: DeviceId, limit: i64) -> DbResult<Vec<(Open, Share)>> {
    Ok(opens::table
        .inner_join(tokens::table)
        .filter(opens::device_id.eq(device))
        .order((opens::first_opened_at, opens::id))
        .limit(limit)
        .select((columns::<Open>(), columns::<Share>()))
        .load(tx.conn()?)?)
}

/// Makes an anonymous row a user's.
pub(in crate::share) fn give_to(tx: &mut Tx<'_>, open: OpenId, user: UserId, edge: Edge) -> DbResult<()> {
    diesel::update(opens::table.find(open))
        .set((opens::user_id.eq(Some(user)), opens::device_id.eq(None::<DeviceId>), opens::edge.eq(edge)))
        .execute(tx.conn()?)?;
    Ok(())
}

/// Adds an anonymous row to the one that its user has for the same token, and removes it.
pub(in crate::share) fn fold_into(tx: &mut Tx<'_>, open: &Open, user: UserId) -> DbResult<()> {
    remove_open(tx, open.id)?;
    let same = opens::table.filter(opens::user_id.eq(user)).filter(opens::token_id.eq(open.token_id));
    diesel::update(same).set(opens::opens.eq(opens::opens + open.opens)).execute(tx.conn()?)?;
    let same = opens::table.filter(opens::user_id.eq(user)).filter(opens::token_id.eq(open.token_id));
    diesel::update(same.filter(opens::last_opened_at.lt(open.last_opened_at)))
        .set(opens::last_opened_at.eq(open.last_opened_at))
        .execute(tx.conn()?)?;
    let same = opens::table.filter(opens::user_id.eq(user)).filter(opens::token_id.eq(open.token_id));
    diesel::update(same.filter(opens::first_opened_at.gt(open.first_opened_at)))
        .set(opens::first_opened_at.eq(open.first_opened_at))
        .execute(tx.conn()?)?;
    Ok(())
}

/// Removes a row that turned out to be the sharer's own.
pub(in crate::share) fn remove_open(tx: &mut Tx<'_>, open: OpenId) -> DbResult<()> {
    diesel::delete(opens::table.find(open)).execute(tx.conn()?)?;
    Ok(())
}
