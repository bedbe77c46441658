//! The users that staff name for a campaign.

use std::collections::BTreeSet;

use serde_json::json;

use super::super::error::CampaignError;
use super::super::model::CampaignState;
use super::super::store;
use super::desk::{AtDesk, reason_of};
use super::{Change, log_and_audit};
use crate::identity;
use crate::kernel::id::{CampaignId, UserId};
use crate::platform::db::Tx;

/// Most users named in one request.
pub(in crate::campaign) const MAX_NAMED: usize = 5_000;

/// Users to put on the list and to take off it.
#[derive(Clone, Debug)]
pub(in crate::campaign) struct AudienceChange {
    pub(in crate::campaign) add: Vec<UserId>,
    pub(in crate::campaign) remove: Vec<UserId>,
    pub(in crate::campaign) reason: String,
}

/// Changes the list of a campaign that is not over; answers how many are on it.
pub(in crate::campaign) fn change_audience(
    tx: &mut Tx<'_>,
    desk: &AtDesk,
    id: CampaignId,
    wanted: &AudienceChange,
) -> Result<i64, CampaignError> {
    let reason = reason_of(&wanted.reason)?;
    let size = wanted.add.len().saturating_add(wanted.remove.len());
    if size == 0 || size > MAX_NAMED {
        return Err(CampaignError::field("add", "1 to 5000 users in all"));
    }
    let seen = store::find(tx, id)?.ok_or(CampaignError::NotFound)?.row;
    if matches!(seen.state, CampaignState::Ended | CampaignState::Reviewed) {
        return Err(CampaignError::StateConflict(json!({ "state": seen.state })));
    }
    let known = identity::faces(tx, &wanted.add)?;
    let unknown: BTreeSet<UserId> = wanted.add.iter().copied().filter(|user| !known.contains_key(user)).collect();
    if !unknown.is_empty() {
        return Err(CampaignError::UsersNotFound(json!({ "user_ids": unknown })));
    }
    let added: Vec<UserId> = wanted.add.iter().copied().collect::<BTreeSet<_>>().into_iter().collect();
    let row = store::touch(tx, &seen)?.ok_or_else(CampaignError::lost_race)?;
    let removed = store::remove_listed(tx, id, &wanted.remove)?;
    let added = store::add_listed(tx, id, &added)?;
    let count = store::count_listed(tx, id)?;
    let change = Change {
        action: "audience",
        from: Some(seen.state),
        staff: Some(desk.staff_id),
        reason,
        before: None,
        after: Some(json!({ "added": added, "removed": removed, "listed": count })),
    };
    log_and_audit(tx, &row, change, &desk.origin)?;
    Ok(count)
}
