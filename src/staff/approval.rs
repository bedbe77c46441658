//! Two people: an action above a limit is written down by one member of staff and carried out when a second one agrees.
//!
//! The capability that owns the action asks with [`request`] and registers an [`ApprovalHandler`]. Agreeing and carrying
//! out are one transaction: when the action refuses by now, the approval keeps waiting.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use serde_json::{Value, json};

use super::audit::{self, AuditEntry};
use super::error::StaffError;
use super::model::{Approval, ApprovalId, ApprovalState};
use super::{rules, store};
use crate::kernel::id::StaffId;
use crate::kernel::page::Cursor;
use crate::platform::db::{DbError, DbResult, FromDb, Tx};
use crate::platform::http::{ApiError, Origin};

/// A deed that needs a second person.
#[derive(Debug)]
pub struct NewApproval<'a> {
    /// What is to be done; a handler of this name carries it out.
    pub action: &'a str,
    /// To which thing. One action on one thing waits only once.
    pub subject_id: i64,
    /// Everything the action needs.
    pub payload: Value,
    /// Why: 1 to 200 characters.
    pub reason: &'a str,
    /// Who asks.
    pub requested_by: StaffId,
    /// From where.
    pub origin: &'a Origin,
}

/// Who decides, from where.
#[derive(Debug, Clone)]
pub struct Decider {
    /// Who.
    pub staff_id: StaffId,
    /// From where.
    pub origin: Origin,
}

/// What the second person says.
#[derive(Debug, Clone)]
pub enum Verdict {
    /// Do it.
    Approve,
    /// Do not, and why: 1 to 200 characters.
    Reject(String),
}

/// Carries out approved actions of one kind.
pub trait ApprovalHandler: Send + Sync {
    /// Which actions, such as `order.refund`.
    fn action(&self) -> &'static str;

    /// The permission that the second person needs for it, beside that of deciding at all.
    fn permission(&self) -> &'static str;

    /// Carries one out. It is checked again as if it were asked for now: much may have happened since.
    ///
    /// # Errors
    /// What the action refuses; the approval then keeps waiting.
    fn execute(&self, tx: &mut Tx<'_>, approval: &Approval, by: &Decider) -> Result<(), ActionError>;
}

/// Every handler. Cloning shares them.
#[derive(Clone, Default)]
pub struct ApprovalHandlers(Arc<[Arc<dyn ApprovalHandler>]>);

impl ApprovalHandlers {
    /// These handlers.
    pub fn new(handlers: Vec<Arc<dyn ApprovalHandler>>) -> Self {
        Self(handlers.into())
    }

    fn of(&self, action: &str) -> Option<&dyn ApprovalHandler> {
        self.0.iter().find(|handler| handler.action() == action).map(Arc::as_ref)
    }
}

/// Why an approved action was not carried out: a refusal of the capability that owns it, as it is.
#[derive(Debug)]
pub enum ActionError {
    /// The database failed.
    Db(DbError),
    /// The capability refused.
    Refused(ApiError),
}

impl ActionError {
    /// Wraps a capability's error: `service::refund(…).map_err(ActionError::of)`.
    pub fn of<E: FromDb + Into<ApiError>>(error: E) -> Self {
        let failed = error.db_error().cloned();
        failed.map_or_else(|| Self::Refused(error.into()), Self::Db)
    }
}

impl fmt::Display for ActionError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Db(error) => error.fmt(out),
            Self::Refused(error) => error.fmt(out),
        }
    }
}

impl std::error::Error for ActionError {}

impl From<DbError> for ActionError {
    fn from(error: DbError) -> Self {
        Self::Db(error)
    }
}

impl FromDb for ActionError {
    fn db_error(&self) -> Option<&DbError> {
        match self {
            Self::Db(error) => Some(error),
            Self::Refused(_) => None,
        }
    }
}

impl From<ActionError> for ApiError {
    fn from(error: ActionError) -> Self {
        match error {
            ActionError::Db(error) => error.into(),
            ActionError::Refused(error) => error,
        }
    }
}

/// Writes down an action that needs a second person.
///
/// # Errors
/// [`StaffError::ReasonInvalid`], [`StaffError::ApprovalWaiting`], or the database's.
pub fn request(tx: &mut Tx<'_>, new: &NewApproval<'_>) -> Result<ApprovalId, StaffError> {
    let reason = rules::check_reason(new.reason).ok_or(StaffError::ReasonInvalid)?;
    let approval = Approval {
        id: ApprovalId::new(tx.next_id()),
        action: new.action.to_owned(),
        subject_id: new.subject_id,
        payload: new.payload.to_string(),
        state: ApprovalState::Waiting,
        requested_by: new.requested_by,
        decided_by: None,
        reason: reason.clone(),
        created_at: tx.now(),
        decided_at: None,
    };
    match tx.attempt(|tx| store::approvals::insert(tx, &approval)) {
        Err(error) if error.violates(store::approvals::ONE_WAITING) => return Err(StaffError::ApprovalWaiting),
        outcome => outcome?,
    }
    audit::record(
        tx,
        &AuditEntry {
            staff_id: new.requested_by,
            action: "approval.request",
            subject_kind: "approval",
            subject_id: Some(approval.id.get()),
            reason: Some(&reason),
            before: None,
            after: Some(
                json!({ "action": new.action, "subject_id": new.subject_id.to_string(), "payload": new.payload }),
            ),
            origin: new.origin,
        },
    )?;
    Ok(approval.id)
}

/// Decides a waiting approval and, when approved, carries the action out.
///
/// # Errors
/// [`StaffError::ApprovalNotFound`], [`StaffError::ApprovalDecided`], [`StaffError::ApprovalOwn`],
/// [`StaffError::BeyondAuthority`], [`StaffError::ReasonInvalid`], what the action refuses, or the database's.
pub fn decide(
    tx: &mut Tx<'_>,
    handlers: &ApprovalHandlers,
    id: ApprovalId,
    by: &Decider,
    verdict: &Verdict,
) -> Result<Approval, StaffError> {
    let approval = store::approvals::find(tx, id)?.ok_or(StaffError::ApprovalNotFound)?;
    if approval.requested_by == by.staff_id {
        return Err(StaffError::ApprovalOwn);
    }
    if approval.state != ApprovalState::Waiting {
        return Err(StaffError::ApprovalDecided);
    }
    let missing = || DbError::Defect(format!("nothing carries out {}", approval.action));
    let handler = handlers.of(&approval.action).ok_or_else(missing)?;
    let own: BTreeSet<String> = store::roles::permissions_of(tx, by.staff_id)?.into_iter().collect();
    if !rules::covers(&own, [handler.permission()]) {
        return Err(StaffError::BeyondAuthority);
    }
    let (to, action, reason) = match verdict {
        Verdict::Approve => (ApprovalState::Approved, "approval.approve", None),
        Verdict::Reject(reason) => {
            let reason = rules::check_reason(reason).ok_or(StaffError::ReasonInvalid)?;
            (ApprovalState::Rejected, "approval.reject", Some(reason))
        }
    };
    if !store::approvals::decide(tx, id, to, by.staff_id)? {
        return Err(StaffError::ApprovalDecided);
    }
    audit::record(
        tx,
        &AuditEntry {
            staff_id: by.staff_id,
            action,
            subject_kind: "approval",
            subject_id: Some(id.get()),
            reason: reason.as_deref(),
            before: Some(json!({ "state": ApprovalState::Waiting })),
            after: Some(json!({ "state": to })),
            origin: &by.origin,
        },
    )?;
    let decided = store::approvals::find(tx, id)?.ok_or(StaffError::ApprovalNotFound)?;
    if to == ApprovalState::Approved {
        handler.execute(tx, &decided, by)?;
    }
    Ok(decided)
}

/// Approvals that fit, newest first; one more than `limit` when more follow.
///
/// # Errors
/// The database's.
pub fn list(
    tx: &mut Tx<'_>,
    state: Option<ApprovalState>,
    action: Option<&str>,
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<Vec<Approval>> {
    store::approvals::list(tx, state, action, after, limit)
}
