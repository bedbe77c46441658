//! Users that staff named, for campaigns whose audience is a list.

use diesel::prelude::*;

use crate::kernel::id::{CampaignId, UserId};
use crate::kernel::time::Timestamp;
use crate::on_backend;
use crate::platform::db::schema::campaign_audience as audience;
use crate::platform::db::{DbResult, Tx};

/// Rows of one statement: PostgreSQL takes at most 65,535 parameters.
const CHUNK: usize = 5_000;

#[derive(Insertable)]
#[diesel(table_name = audience, treat_none_as_default_value = false)]
struct Listed {
    campaign_id: CampaignId,
    user_id: UserId,
    added_at: Timestamp,
}

/// Whether staff named this user for this campaign.
pub(in crate::campaign) fn is_listed(tx: &mut Tx<'_>, id: CampaignId, user: UserId) -> DbResult<bool> {
    let found = audience::table.find((id, user)).select(audience::user_id);
    Ok(found.first::<UserId>(tx.conn()?).optional()?.is_some())
}

/// Which of these campaigns name this user.
pub(in crate::campaign) fn listed_in(tx: &mut Tx<'_>, ids: &[CampaignId], user: UserId) -> DbResult<Vec<CampaignId>> {
    let query = audience::table.filter(audience::user_id.eq(user).and(audience::campaign_id.eq_any(ids.to_vec())));
    Ok(query.select(audience::campaign_id).load(tx.conn()?)?)
}

/// Names users; says how many were new.
pub(in crate::campaign) fn add_listed(tx: &mut Tx<'_>, id: CampaignId, users: &[UserId]) -> DbResult<usize> {
    let now = tx.now();
    let mut added = 0_usize;
    for chunk in users.chunks(CHUNK) {
        let rows: Vec<Listed> =
            chunk.iter().map(|user| Listed { campaign_id: id, user_id: *user, added_at: now }).collect();
        let written = on_backend!(tx.conn()?, conn => {
            diesel::insert_into(audience::table).values(&rows).on_conflict_do_nothing().execute(conn)
        })?;
        added = added.saturating_add(written);
    }
    Ok(added)
}

/// Takes users off the list; says how many were on it.
pub(in crate::campaign) fn remove_listed(tx: &mut Tx<'_>, id: CampaignId, users: &[UserId]) -> DbResult<usize> {
    let named = audience::campaign_id.eq(id).and(audience::user_id.eq_any(users.to_vec()));
    Ok(diesel::delete(audience::table.filter(named)).execute(tx.conn()?)?)
}

/// How many users are named.
pub(in crate::campaign) fn count_listed(tx: &mut Tx<'_>, id: CampaignId) -> DbResult<i64> {
    Ok(audience::table.filter(audience::campaign_id.eq(id)).count().get_result(tx.conn()?)?)
}

/// Users that are named, by id, those after `after` only.
pub(in crate::campaign) fn listed(tx: &mut Tx<'_>, id: CampaignId, after: UserId, limit: i64) -> DbResult<Vec<UserId>> {
    let query = audience::table.filter(audience::campaign_id.eq(id).and(audience::user_id.gt(after)));
    Ok(query.order(audience::user_id).limit(limit).select(audience::user_id).load(tx.conn()?)?)
}
