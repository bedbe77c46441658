//! Looking campaigns up.

use diesel::prelude::*;

use crate::campaign::model::{Budget, CampaignFacts, CampaignKind, CampaignRow, CampaignState, ChangeRow};
use crate::kernel::id::CampaignId;
use crate::kernel::page::Cursor;
use crate::kernel::time::Timestamp;
use crate::platform::db::schema::{campaign_budgets as budgets, campaign_changes as changes, campaigns};
use crate::platform::db::{DbResult, Tx, columns};

/// Which campaigns to list; every condition given must hold.
#[derive(Clone, Debug, Default)]
pub(in crate::campaign) struct CampaignFilter {
    pub(in crate::campaign) kind: Option<CampaignKind>,
    pub(in crate::campaign) state: Option<CampaignState>,
    /// Some of their window lies at this moment or later.
    pub(in crate::campaign) from: Option<Timestamp>,
    /// Some of their window lies before this moment.
    pub(in crate::campaign) until: Option<Timestamp>,
}

/// Campaigns that fit with their money, the newest first, one more than `limit`.
pub(in crate::campaign) fn list(
    tx: &mut Tx<'_>,
    filter: &CampaignFilter,
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<Vec<(CampaignRow, Budget)>> {
    let before = after.map_or(i64::MAX, |cursor| cursor.id);
    let mut query = campaigns::table
        .inner_join(budgets::table.on(budgets::campaign_id.eq(campaigns::id)))
        .filter(campaigns::id.lt(CampaignId::new(before)))
        .into_boxed();
    if let Some(kind) = filter.kind {
        query = query.filter(campaigns::kind.eq(kind));
    }
    if let Some(state) = filter.state {
        query = query.filter(campaigns::state.eq(state));
    }
    if let Some(from) = filter.from {
        query = query.filter(campaigns::ends_at.gt(from));
    }
    if let Some(until) = filter.until {
        query = query.filter(campaigns::starts_at.lt(until));
    }
    Ok(query
        .order(campaigns::id.desc())
        .limit(limit.saturating_add(1))
        .select((columns::<CampaignRow>(), columns::<Budget>()))
        .load(tx.conn()?)?)
}

/// Campaigns that shoppers may know of: those that run, then those to come.
pub(in crate::campaign) fn shown(tx: &mut Tx<'_>, limit: i64) -> DbResult<Vec<CampaignFacts>> {
    let now = tx.now();
    let shown = campaigns::state.eq_any([CampaignState::Running, CampaignState::Scheduled]);
    Ok(campaigns::table
        .filter(shown.and(campaigns::ends_at.gt(now)))
        .order((campaigns::starts_at, campaigns::id))
        .limit(limit)
        .select(columns::<CampaignFacts>())
        .load(tx.conn()?)?)
}

/// A campaign's change log, the latest first, one more than `limit`.
pub(in crate::campaign) fn changes(
    tx: &mut Tx<'_>,
    id: CampaignId,
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<Vec<ChangeRow>> {
    let before = after.map_or(i64::MAX, |cursor| cursor.key);
    Ok(changes::table
        .filter(changes::campaign_id.eq(id).and(changes::version.lt(before)))
        .order(changes::version.desc())
        .limit(limit.saturating_add(1))
        .select(columns::<ChangeRow>())
        .load(tx.conn()?)?)
}
