//! Refunds above the limit: a second member of staff decides.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::super::error::OrderError;
use super::super::model::Actor;
use super::super::store;
use super::desk::{AtDesk, audit_refund};
use super::{Orders, refund_unshipped};
use crate::kernel::id::OrderId;
use crate::kernel::money::Fen;
use crate::platform::db::{DbError, Tx};
use crate::platform::http::Permission as _;
use crate::staff::approval::{self, ActionError, ApprovalHandler, Decider, NewApproval};
use crate::staff::{Approval, permission};

/// The action that waits.
const ACTION: &str = "order.refund";

/// What was asked for, so that the second person agrees to exactly this.
#[derive(Debug, Serialize, Deserialize)]
struct WantedRefund {
    amount_fen: Fen,
}

/// Writes down that a second person must agree to giving `amount` back.
pub(super) fn ask(tx: &mut Tx<'_>, desk: &AtDesk, id: OrderId, amount: Fen, reason: &str) -> Result<(), OrderError> {
    let wanted = NewApproval {
        action: ACTION,
        subject_id: id.get(),
        payload: json!(WantedRefund { amount_fen: amount }),
        reason,
        requested_by: desk.staff_id,
        origin: &desk.origin,
    };
    approval::request(tx, &wanted)?;
    Ok(())
}

/// Carries out refunds that a second person agreed to.
#[derive(Clone, Debug)]
pub struct RefundApproval(pub Orders);

impl ApprovalHandler for RefundApproval {
    fn action(&self) -> &'static str {
        ACTION
    }

    fn permission(&self) -> &'static str {
        permission::OrderRefundApprove::NAME
    }

    fn execute(&self, tx: &mut Tx<'_>, approval: &Approval, by: &Decider) -> Result<(), ActionError> {
        let wanted: WantedRefund =
            serde_json::from_str(&approval.payload).map_err(|error| DbError::Defect(error.to_string()))?;
        let desk = AtDesk { staff_id: by.staff_id, origin: by.origin.clone() };
        let id = OrderId::new(approval.subject_id);
        refund_approved(tx, &self.0, &desk, id, &wanted, &approval.reason).map_err(ActionError::of)
    }
}

fn refund_approved(
    tx: &mut Tx<'_>,
    orders: &Orders,
    desk: &AtDesk,
    id: OrderId,
    wanted: &WantedRefund,
    reason: &str,
) -> Result<(), OrderError> {
    let order = store::find(tx, id)?.ok_or(OrderError::NotFound)?;
    if order.refundable() != wanted.amount_fen {
        return Err(OrderError::lost_race());
    }
    let refunding = refund_unshipped(tx, orders, id, Actor::Staff(desk.staff_id), reason)?;
    Ok(audit_refund(tx, desk, &order, &refunding, reason)?)
}
