//! Use cases of campaigns.

mod budget;
mod looking;
mod moving;
mod planning;
mod taking_part;

pub use budget::{give_back, spend};
pub use looking::{facts, hindrance, open_for, running};
pub use planning::{RulesChange, change_rules, create};
pub use taking_part::{attribute, count_use, note, uncount_use, used};

pub(super) use moving::keep_time;
#[cfg(test)]
pub(super) use moving::schedule_unchecked;

use serde_json::Value;

use super::model::{CampaignChangeId, CampaignRow, CampaignState, ChangeRow};
use super::store;
use crate::kernel::id::StaffId;
use crate::platform::db::{DbResult, Tx};

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
