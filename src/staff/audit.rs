//! The audit log: who did what, to what, before and after, why, and from where. Written in the transaction of the deed,
//! so that neither is there without the other; nothing ever changes an entry.

use serde_json::Value;

use super::model::{AuditId, AuditRow};
use super::store;
pub use super::store::audit::AuditFilter;
use crate::kernel::id::StaffId;
use crate::kernel::page::Cursor;
use crate::platform::db::{DbResult, Tx};
use crate::platform::http::Origin;

/// One deed.
#[derive(Debug)]
pub struct AuditEntry<'a> {
    /// Who.
    pub staff_id: StaffId,
    /// Did what, such as `order.refund`.
    pub action: &'a str,
    /// To what kind of thing, such as `order`.
    pub subject_kind: &'a str,
    /// To which one, when the deed has one.
    pub subject_id: Option<i64>,
    /// Why, in the words of the actor.
    pub reason: Option<&'a str>,
    /// What of the thing changed, as it was.
    pub before: Option<Value>,
    /// What of the thing changed, as it is. Never a secret.
    pub after: Option<Value>,
    /// From where.
    pub origin: &'a Origin,
}

/// Writes a deed down.
///
/// # Errors
/// The database's.
pub fn record(tx: &mut Tx<'_>, entry: &AuditEntry<'_>) -> DbResult<()> {
    let row = AuditRow {
        id: AuditId::new(tx.next_id()),
        staff_id: entry.staff_id,
        action: entry.action.to_owned(),
        subject_kind: entry.subject_kind.to_owned(),
        subject_id: entry.subject_id,
        reason: entry.reason.map(str::to_owned),
        before: entry.before.as_ref().map(Value::to_string),
        after: entry.after.as_ref().map(Value::to_string),
        address: entry.origin.address.clone(),
        request_id: entry.origin.request_id.clone(),
        at: tx.now(),
    };
    store::audit::append(tx, &row)
}

/// Entries that fit, newest first; one more than `limit` when more follow.
///
/// # Errors
/// The database's.
pub fn list(tx: &mut Tx<'_>, filter: &AuditFilter, after: Option<Cursor>, limit: i64) -> DbResult<Vec<AuditRow>> {
    store::audit::list(tx, filter, after, limit)
}
