//! Use cases of campaigns.

mod approval;
mod audience;
mod books;
mod budget;
mod desk;
mod exporting;
mod following;
mod looking;
mod moving;
mod outcome;
mod planning;
mod report;
mod showing;
mod table;
mod taking_part;
mod watching;

pub use approval::BudgetApproval;
pub use books::differences;
pub use budget::{give_back, spend, spend_anew};
pub use exporting::{MAX_EXPORTED, note_export};
pub use looking::{facts, hindrance, open_for, running};
pub use outcome::{Outcome, OutcomeSide, outcome};
pub use planning::{RulesChange, change_rules, create};
pub use taking_part::{attribute, carried_by, count_use, note, uncount_use, used};

pub(super) use audience::{AudienceChange, change_audience};
pub(super) use desk::{AtDesk, check, edit, review, schedule, step};
pub(super) use following::follow;
pub(super) use looking::{SpentToday, campaign, changes, page};
pub(super) use moving::keep_time;
#[cfg(test)]
pub(super) use moving::schedule_unchecked;
pub(super) use report::{DayFigures, HoldOutFigures, Report, Sums, report};
pub(super) use showing::{card, show, shown};
pub(super) use table::table;
pub(super) use watching::{RiskState, change_risk_rules, found_nothing, look, look_over, risk_state};

use serde_json::Value;

use super::kinds::CampaignKinds;
use super::model::{CampaignChangeId, CampaignRow, CampaignState, ChangeRow};
use super::store;
use crate::kernel::id::StaffId;
use crate::kernel::money::Fen;
use crate::platform::db::{DbResult, Tx};
use crate::platform::http::Origin;
use crate::staff::audit::{self, AuditEntry};

/// What campaigns need from outside: the rules of each kind, and limits. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Campaigns {
    /// The rules of each kind.
    pub kinds: CampaignKinds,
    /// Limits and addresses.
    pub settings: CampaignSettings,
}

/// Limits and addresses.
#[derive(Clone, Debug)]
pub struct CampaignSettings {
    /// Budgets above this need a second person.
    pub budget_approval_above: Fen,
    /// The page of the mini-program that shows a campaign, without a slash in front.
    pub page: String,
}

/// A change of a campaign, as the log keeps it.
#[derive(Debug)]
struct Change<'a> {
    action: &'a str,
    from: Option<CampaignState>,
    staff: Option<StaffId>,
    reason: &'a str,
    before: Option<Value>,
    after: Option<Value>,
}

/// Writes a change into the log; `row` is the campaign after it.
fn log(tx: &mut Tx<'_>, row: &CampaignRow, change: &Change<'_>) -> DbResult<()> {
    let change = ChangeRow {
        id: CampaignChangeId::new(tx.next_id()),
        campaign_id: row.id,
        version: row.version,
        action: change.action.to_owned(),
        from_state: change.from,
        to_state: row.state,
        staff_id: change.staff,
        reason: change.reason.to_owned(),
        before: change.before.as_ref().map(Value::to_string),
        after: change.after.as_ref().map(Value::to_string),
        at: tx.now(),
    };
    store::insert_change(tx, &change)
}

/// Writes a change of staff's into the log and into the audit log.
fn log_and_audit(tx: &mut Tx<'_>, row: &CampaignRow, change: Change<'_>, origin: &Origin) -> DbResult<()> {
    log(tx, row, &change)?;
    let Some(staff_id) = change.staff else { return Ok(()) };
    let entry = AuditEntry {
        staff_id,
        action: &format!("campaign.{}", change.action),
        subject_kind: "campaign",
        subject_id: Some(row.id.get()),
        reason: Some(change.reason).filter(|reason| !reason.is_empty()),
        before: change.before,
        after: change.after,
        origin,
    };
    audit::record(tx, &entry)
}
