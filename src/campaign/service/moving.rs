//! Steps of campaigns, by staff, by the clock and by rules that watch: one function takes them all.

use serde_json::json;

use super::super::error::CampaignError;
use super::super::events::{CampaignMoved, ENDED, PAUSED, RESUMED, REVIEWED, SCHEDULED, STARTED, WITHDRAWN};
use super::super::kinds::CampaignKinds;
use super::super::model::{CampaignRow, CampaignState};
use super::super::rules::{self, Step};
use super::super::store::{self, Marks};
use super::{Change, log, log_and_audit};
use crate::kernel::id::{CampaignId, StaffId};
use crate::platform::db::{DbResult, Tx};
use crate::platform::events::{self, NewEvent};
use crate::platform::http::Origin;

/// Who takes a step, and why.
#[derive(Clone, Debug)]
pub(super) struct Cause<'a> {
    /// Who of the staff, from where; absent when the clock or a rule does.
    pub(super) staff: Option<(StaffId, &'a Origin)>,
    pub(super) reason: &'a str,
    /// What staff make of the campaign, when this is a review.
    pub(super) conclusions: Option<&'a str>,
}

/// Takes a step: guarded by the state that was seen, with what follows for the money, the kind, the log and whoever
/// listens.
pub(super) fn advance(
    tx: &mut Tx<'_>,
    kinds: &CampaignKinds,
    seen: &CampaignRow,
    step: Step,
    cause: &Cause<'_>,
) -> Result<CampaignRow, CampaignError> {
    let to = rules::next(seen.state, step)?;
    let now = Some(tx.now());
    let marks = match step {
        Step::Start => Marks { started_at: now, ..Marks::default() },
        Step::End => Marks { ended_at: now, ..Marks::default() },
        Step::Review => {
            Marks { reviewed_at: now, conclusions: cause.conclusions.map(str::to_owned), ..Marks::default() }
        }
        Step::Schedule | Step::Withdraw | Step::Pause | Step::Resume => Marks::default(),
    };
    let row = store::advance(tx, seen, to, &marks)?.ok_or_else(CampaignError::lost_race)?;
    store::set_open_until(tx, row.id, (to == CampaignState::Running).then_some(row.ends_at))?;
    if to == CampaignState::Running {
        store::watch_anew(tx, row.id)?;
    }
    kinds.on_state(tx, row.kind, row.id, to)?;
    let change = Change {
        action: step.as_str(),
        from: Some(seen.state),
        staff: cause.staff.map(|(staff, _)| staff),
        reason: cause.reason,
        before: cause.staff.map(|_| json!({ "state": seen.state })),
        after: cause.staff.map(|_| json!({ "state": to })),
    };
    match cause.staff {
        Some((_, origin)) => log_and_audit(tx, &row, change, origin)?,
        None => log(tx, &row, &change)?,
    }
    tell(tx, &row, seen.state, step, cause)?;
    Ok(row)
}

fn tell(tx: &mut Tx<'_>, row: &CampaignRow, from: CampaignState, step: Step, cause: &Cause<'_>) -> DbResult<()> {
    let name = match step {
        Step::Schedule => SCHEDULED,
        Step::Withdraw => WITHDRAWN,
        Step::Start => STARTED,
        Step::Pause => PAUSED,
        Step::Resume => RESUMED,
        Step::End => ENDED,
        Step::Review => REVIEWED,
    };
    let payload = CampaignMoved {
        campaign_id: row.id,
        kind: row.kind,
        name: row.name.clone(),
        from: Some(from),
        to: row.state,
        staff_id: cause.staff.map(|(staff, _)| staff),
        reason: cause.reason.to_owned(),
    };
    events::record(tx, &NewEvent { name, version: 1, user: None, payload: &payload }).map(|_| ())
}

/// Starts or ends a campaign whose time has come; does nothing when it has not.
pub(in crate::campaign) fn keep_time(tx: &mut Tx<'_>, kinds: &CampaignKinds, id: CampaignId) -> DbResult<()> {
    let now = tx.now();
    let Some(campaign) = store::find(tx, id)? else { return Ok(()) };
    let row = campaign.row;
    let (step, reason) = match row.state {
        CampaignState::Scheduled | CampaignState::Running | CampaignState::Paused if row.ends_at <= now => {
            (Step::End, "its time is over")
        }
        CampaignState::Scheduled if row.starts_at <= now => (Step::Start, "its time has come"),
        _ => return Ok(()),
    };
    let cause = Cause { staff: None, reason, conclusions: None };
    advance(tx, kinds, &row, step, &cause).map_err(CampaignError::into_db).map(|_| ())
}

/// Schedules a draft as it is, for tests.
#[cfg(test)]
pub(in crate::campaign) fn schedule_unchecked(
    tx: &mut Tx<'_>,
    kinds: &CampaignKinds,
    draft: &CampaignRow,
) -> Result<CampaignRow, CampaignError> {
    advance(tx, kinds, draft, Step::Schedule, &Cause { staff: None, reason: "test", conclusions: None })
}
