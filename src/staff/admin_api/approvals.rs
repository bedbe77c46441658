//! Approvals on the wire.

use actix_web::{get, post, web};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::audit_log::SubjectId;
use crate::kernel::id::StaffId;
use crate::kernel::page::{Cursor, Page};
use crate::kernel::time::Timestamp;
use crate::platform::db::{Db, Tx};
use crate::platform::http::{ApiResult, Json, PageQuery, Path, Query, Staff, at_most};
use crate::staff::approval::{self, ApprovalHandlers, Decider, Verdict};
use crate::staff::model::{Approval, ApprovalId, ApprovalState};
use crate::staff::permission;

/// Longest name of an action that is looked for.
const MAX_ACTION_CHARS: usize = 64;

/// Which approvals to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ApprovalQuery {
    /// Where they stand.
    state: Option<ApprovalState>,
    /// What is to be done, such as `order.refund`.
    #[param(max_length = 64, example = "order.refund")]
    action: Option<String>,
    /// The `next_cursor` of the page before; absent for the first page.
    cursor: Option<String>,
    /// Items wanted, 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
}

/// An action that waits for, or got, a second person's word.
#[derive(Debug, Serialize, ToSchema)]
pub struct ApprovalView {
    /// Its id.
    pub approval_id: ApprovalId,
    /// What is to be done.
    #[schema(example = "order.refund")]
    pub action: String,
    /// To which thing.
    pub subject_id: SubjectId,
    /// Everything the action needs, in the shape its capability chose.
    #[schema(value_type = Object, example = json!({ "amount_fen": 128000 }))]
    pub payload: Value,
    /// Where it stands.
    pub state: ApprovalState,
    /// Who asked.
    pub requested_by: StaffId,
    /// Why.
    #[schema(example = "整单质量问题")]
    pub reason: String,
    /// Who decided; null while nobody has.
    pub decided_by: Option<StaffId>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it was decided; null while nobody has.
    pub decided_at: Option<Timestamp>,
}

impl From<Approval> for ApprovalView {
    fn from(approval: Approval) -> Self {
        // What is stored was written by this service as JSON; a text that is none is shown as it is.
        let payload = serde_json::from_str(&approval.payload).unwrap_or(Value::String(approval.payload));
        Self {
            approval_id: approval.id,
            action: approval.action,
            subject_id: SubjectId::new(approval.subject_id),
            payload,
            state: approval.state,
            requested_by: approval.requested_by,
            reason: approval.reason,
            decided_by: approval.decided_by,
            created_at: approval.created_at,
            decided_at: approval.decided_at,
        }
    }
}

/// Why an action is rejected.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RejectAction {
    /// 1 to 200 characters; kept in the audit log.
    #[schema(min_length = 1, max_length = 200, example = "凭证不足")]
    reason: String,
}

/// Lists approvals, newest first.
#[utoipa::path(tag = "staff", security(("staff" = [])), params(ApprovalQuery),
    extensions(("x-permission" = json!("approval.read"))),
    responses((status = 200, description = "Approvals.", body = Page<ApprovalView>)))]
#[get("/approvals")]
pub async fn list_approvals(
    db: web::Data<Db>,
    _staff: Staff<permission::ApprovalRead>,
    query: Query<ApprovalQuery>,
) -> ApiResult<Json<Page<ApprovalView>>> {
    let ApprovalQuery { state, action, cursor, limit } = query.0;
    let page = PageQuery { cursor, limit };
    let (after, limit) = (page.cursor()?, page.limit()?);
    at_most("action", action.as_deref(), MAX_ACTION_CHARS)?;
    let approvals =
        db.read("list_approvals", move |tx| approval::list(tx, state, action.as_deref(), after, limit)).await?;
    let page = Page::cut(approvals, limit, |approval| Cursor { key: approval.id.get(), id: approval.id.get() });
    Ok(Json(page.map(ApprovalView::from)))
}

/// Agrees to an action, which is carried out at once. Takes the action's own permission too, and another person than
/// the one who asked.
#[utoipa::path(tag = "staff", security(("staff" = [])), params(("approval_id" = ApprovalId, Path, description = "Which approval.")),
    extensions(("x-permission" = json!("approval.decide"))),
    responses((status = 200, description = "The approval afterwards.", body = ApprovalView)))]
#[post("/approvals/{approval_id}/approve")]
pub async fn approve_action(
    db: web::Data<Db>,
    handlers: web::Data<ApprovalHandlers>,
    staff: Staff<permission::ApprovalDecide>,
    path: Path<ApprovalId>,
) -> ApiResult<Json<ApprovalView>> {
    let (id, by) = (path.0, Decider { staff_id: staff.staff_id, origin: staff.origin });
    let work = move |tx: &mut Tx<'_>| approval::decide(tx, &handlers, id, &by, &Verdict::Approve);
    Ok(Json(db.write("approve_action", work).await?.into()))
}

/// Refuses an action.
#[utoipa::path(tag = "staff", security(("staff" = [])), params(("approval_id" = ApprovalId, Path, description = "Which approval.")),
    request_body = RejectAction, extensions(("x-permission" = json!("approval.decide"))),
    responses((status = 200, description = "The approval afterwards.", body = ApprovalView)))]
#[post("/approvals/{approval_id}/reject")]
pub async fn reject_action(
    db: web::Data<Db>,
    handlers: web::Data<ApprovalHandlers>,
    staff: Staff<permission::ApprovalDecide>,
    path: Path<ApprovalId>,
    body: Json<RejectAction>,
) -> ApiResult<Json<ApprovalView>> {
    let (id, by) = (path.0, Decider { staff_id: staff.staff_id, origin: staff.origin });
    let verdict = Verdict::Reject(body.0.reason);
    let work = move |tx: &mut Tx<'_>| approval::decide(tx, &handlers, id, &by, &verdict);
    Ok(Json(db.write("reject_action", work).await?.into()))
}
