//! SQL on approvals.

use diesel::prelude::*;

use crate::kernel::id::StaffId;
use crate::kernel::page::Cursor;
use crate::platform::db::schema::staff_approvals as approvals;
use crate::platform::db::{Constraint, DbResult, Tx};
use crate::staff::model::{Approval, ApprovalId, ApprovalState};

/// The rule that one action on one thing waits only once.
pub(in crate::staff) const ONE_WAITING: Constraint =
    Constraint { index: "staff_approvals_one_waiting", columns: "staff_approvals.action, staff_approvals.subject_id" };

pub(in crate::staff) fn insert(tx: &mut Tx<'_>, approval: &Approval) -> DbResult<()> {
    diesel::insert_into(approvals::table).values(approval).execute(tx.conn()?)?;
    Ok(())
}

pub(in crate::staff) fn find(tx: &mut Tx<'_>, id: ApprovalId) -> DbResult<Option<Approval>> {
    Ok(approvals::table.find(id).select(Approval::as_select()).first(tx.conn()?).optional()?)
}

/// Decides a waiting approval of somebody else; false when it is not, or no longer, one.
pub(in crate::staff) fn decide(tx: &mut Tx<'_>, id: ApprovalId, to: ApprovalState, by: StaffId) -> DbResult<bool> {
    let now = tx.now();
    let waiting = approvals::table
        .find(id)
        .filter(approvals::state.eq(ApprovalState::Waiting))
        .filter(approvals::requested_by.ne(by));
    let rows = diesel::update(waiting)
        .set((approvals::state.eq(to), approvals::decided_by.eq(Some(by)), approvals::decided_at.eq(Some(now))))
        .execute(tx.conn()?)?;
    Ok(rows == 1)
}

/// Approvals, newest first.
pub(in crate::staff) fn list(
    tx: &mut Tx<'_>,
    state: Option<ApprovalState>,
    action: Option<&str>,
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<Vec<Approval>> {
    let mut query = approvals::table.select(Approval::as_select()).into_boxed();
    if let Some(state) = state {
        query = query.filter(approvals::state.eq(state));
    }
    if let Some(action) = action {
        query = query.filter(approvals::action.eq(action.to_owned()));
    }
    if let Some(cursor) = after {
        query = query.filter(approvals::id.lt(cursor.id));
    }
    Ok(query.order(approvals::id.desc()).limit(limit.saturating_add(1)).load(tx.conn()?)?)
}
