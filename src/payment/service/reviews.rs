//! Cases for a person to look at.

use serde_json::Value;

use crate::kernel::id::StaffId;
use crate::kernel::page::{Cursor, Page};
use crate::payment::error::PaymentError;
use crate::payment::model::{Review, ReviewId, ReviewKind, ReviewState};
use crate::payment::store;
use crate::platform::db::{DbResult, Tx};
use crate::platform::http::Origin;
use crate::staff::audit::{self, AuditEntry};

/// Opens a case unless there is one about the same thing.
pub(super) fn open(tx: &mut Tx<'_>, kind: ReviewKind, reference: &str, details: &Value) -> DbResult<()> {
    if store::reviews::open_once(tx, kind, reference, &details.to_string())? {
        tracing::error!(%kind, reference, "money that fits no rule waits for a person");
        metrics::counter!("hourglass_payment_reviews_total", "kind" => kind.as_str()).increment(1);
    }
    Ok(())
}

/// Cases, newest first.
pub fn list(tx: &mut Tx<'_>, state: Option<ReviewState>, after: Option<Cursor>, limit: i64) -> DbResult<Page<Review>> {
    let rows = store::reviews::list(tx, state, after, limit.saturating_add(1))?;
    Ok(Page::cut(rows, limit, |review| Cursor { key: 0, id: review.id.get() }))
}

/// Who closes a case, and how.
pub struct Resolution {
    /// The case.
    pub review_id: ReviewId,
    /// Who.
    pub staff_id: StaffId,
    /// What was done.
    pub resolution: String,
    /// From where.
    pub origin: Origin,
}

/// Closes a case.
///
/// # Errors
/// When there is none, somebody else has closed it, or the database fails.
pub fn resolve(tx: &mut Tx<'_>, resolution: &Resolution) -> Result<Review, PaymentError> {
    let before = store::reviews::by_id(tx, resolution.review_id)?.ok_or(PaymentError::ReviewNotFound)?;
    if !store::reviews::resolve(tx, before.id, resolution.staff_id, &resolution.resolution)? {
        return Err(PaymentError::ReviewResolved);
    }
    audit::record(
        tx,
        &AuditEntry {
            staff_id: resolution.staff_id,
            action: "payment_review.resolve",
            subject_kind: "payment_review",
            subject_id: Some(before.id.get()),
            reason: Some(resolution.resolution.as_str()),
            before: Some(serde_json::json!({ "state": before.state })),
            after: Some(serde_json::json!({ "state": ReviewState::Resolved })),
            origin: &resolution.origin,
        },
    )?;
    store::reviews::by_id(tx, before.id)?.ok_or(PaymentError::ReviewNotFound)
}
