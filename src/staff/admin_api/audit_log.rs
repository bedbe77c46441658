//! The audit log on the wire.

use actix_web::{get, web};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::kernel::id::StaffId;
use crate::kernel::page::{Cursor, Page};
use crate::kernel::time::Timestamp;
use crate::platform::db::Db;
use crate::platform::http::{ApiResult, Json, PageQuery, Query, Staff, at_most};
use crate::staff::audit::{self, AuditFilter};
use crate::staff::model::{AuditId, AuditRow};
use crate::staff::permission;

/// Longest name of a deed or of a kind of thing that is looked for.
const MAX_FILTER_CHARS: usize = 64;

/// Which entries to list. Every filter given must fit.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditQuery {
    /// By whom.
    staff_id: Option<StaffId>,
    /// What was done, such as `order.refund`.
    #[param(max_length = 64, example = "order.refund")]
    action: Option<String>,
    /// To what kind of thing, such as `order`.
    #[param(max_length = 64, example = "order")]
    subject_kind: Option<String>,
    /// To which one.
    subject_id: Option<SubjectId>,
    /// At this moment or later.
    from: Option<Timestamp>,
    /// Before this moment.
    to: Option<Timestamp>,
    /// The `next_cursor` of the page before; absent for the first page.
    cursor: Option<String>,
    /// Items wanted, 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
}

crate::typed_id! {
    /// Any thing that something can be done to: an order, a user, a role.
    SubjectId,
}

/// One entry.
#[derive(Debug, Serialize, ToSchema)]
pub struct AuditEntryView {
    /// Its id.
    pub audit_id: AuditId,
    /// Who.
    pub staff_id: StaffId,
    /// Did what.
    #[schema(example = "user.block")]
    pub action: String,
    /// To what kind of thing.
    #[schema(example = "user")]
    pub subject_kind: String,
    /// To which one; null when the deed has none.
    pub subject_id: Option<SubjectId>,
    /// Why; null when the deed asks for no reason.
    #[schema(example = "多次恶意退款")]
    pub reason: Option<String>,
    /// What of the thing changed, as it was; null when there was nothing.
    #[schema(value_type = Option<Object>, example = json!({ "state": "active" }))]
    pub before: Option<Value>,
    /// What of the thing changed, as it is; null when there is nothing.
    #[schema(value_type = Option<Object>, example = json!({ "state": "blocked" }))]
    pub after: Option<Value>,
    /// The network address it was done from.
    #[schema(example = "203.0.113.7")]
    pub address: String,
    /// The request it was done by.
    pub request_id: String,
    /// When.
    pub at: Timestamp,
}

impl From<AuditRow> for AuditEntryView {
    fn from(row: AuditRow) -> Self {
        // What is stored was written by this service as JSON; a text that is none is shown as it is.
        let value = |text: String| serde_json::from_str(&text).unwrap_or(Value::String(text));
        Self {
            audit_id: row.id,
            staff_id: row.staff_id,
            action: row.action,
            subject_kind: row.subject_kind,
            subject_id: row.subject_id.map(SubjectId::new),
            reason: row.reason,
            before: row.before.map(value),
            after: row.after.map(value),
            address: row.address,
            request_id: row.request_id,
            at: row.at,
        }
    }
}

/// Lists what staff did, newest first.
#[utoipa::path(tag = "staff", security(("staff" = [])), params(AuditQuery), extensions(("x-permission" = json!("audit.read"))),
    responses((status = 200, description = "Entries.", body = Page<AuditEntryView>)))]
#[get("/audit")]
pub async fn list_audit_entries(
    db: web::Data<Db>,
    _staff: Staff<permission::AuditRead>,
    query: Query<AuditQuery>,
) -> ApiResult<Json<Page<AuditEntryView>>> {
    let AuditQuery { staff_id, action, subject_kind, subject_id, from, to, cursor, limit } = query.0;
    let page = PageQuery { cursor, limit };
    let (after, limit) = (page.cursor()?, page.limit()?);
    at_most("action", action.as_deref(), MAX_FILTER_CHARS)?;
    at_most("subject_kind", subject_kind.as_deref(), MAX_FILTER_CHARS)?;
    let filter = AuditFilter { staff_id, action, subject_kind, subject_id: subject_id.map(SubjectId::get), from, to };
    let entries = db.read("list_audit_entries", move |tx| audit::list(tx, &filter, after, limit)).await?;
    let page = Page::cut(entries, limit, |entry| Cursor { key: entry.id.get(), id: entry.id.get() });
    Ok(Json(page.map(AuditEntryView::from)))
}
