//! What leaves the shop as a table is written down.

use serde_json::json;

use crate::kernel::id::{CampaignId, StaffId};
use crate::platform::db::{DbResult, Tx};
use crate::platform::http::Origin;
use crate::staff::audit::{self, AuditEntry};

/// Most rows of one table of people.
pub const MAX_EXPORTED: i64 = 100_000;

/// Writes down who took a campaign's people out of the shop as a table, from where, which table, and how many rows it had.
///
/// # Errors
/// When the database fails.
pub fn note_export(
    tx: &mut Tx<'_>,
    campaign: CampaignId,
    (staff_id, origin): (StaffId, &Origin),
    (table, rows): (&str, usize),
) -> DbResult<()> {
    let entry = AuditEntry {
        staff_id,
        action: "campaign.export",
        subject_kind: "campaign",
        subject_id: Some(campaign.get()),
        reason: None,
        before: None,
        after: Some(json!({ "table": table, "rows": rows })),
        origin,
    };
    audit::record(tx, &entry)
}
