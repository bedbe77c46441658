//! Gifts and codes above the limits: a second member of staff decides.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::desk::AtDesk;
use super::{codes, runs};
use crate::coupon::error::CouponError;
use crate::coupon::model::{CodeBatchId, CouponTemplate, CouponTemplateId, GrantRunId};
use crate::coupon::rules;
use crate::kernel::money::Fen;
use crate::platform::db::{DbError, Tx};
use crate::platform::http::Permission as _;
use crate::staff::approval::{self, ActionError, ApprovalHandler, Decider, NewApproval};
use crate::staff::{Approval, permission};

/// Giving many users a coupon each.
pub(super) const GRANT: &str = "coupon.grant_many";
/// Making one-time codes.
pub(super) const CODES: &str = "coupon.make_codes";

/// What was asked for, so that the second person agrees to exactly this.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Wanted {
    /// Coupons of which template.
    template_id: CouponTemplateId,
    /// How many.
    coupons: i64,
    /// What they may come to together; absent when a share without a cap knows no bound.
    worth_fen: Option<Fen>,
}

impl Wanted {
    pub(super) fn of(template: &CouponTemplate, coupons: i64) -> Self {
        Self { template_id: template.id, coupons, worth_fen: rules::worth_together(template, coupons) }
    }
}

/// Writes down that a second person must agree.
pub(super) fn ask(
    tx: &mut Tx<'_>,
    desk: &AtDesk,
    (action, subject_id): (&str, i64),
    wanted: &Wanted,
    reason: &str,
) -> Result<(), CouponError> {
    let payload = json!(wanted);
    let (requested_by, origin) = (desk.staff_id, &desk.origin);
    approval::request(tx, &NewApproval { action, subject_id, payload, reason, requested_by, origin })?;
    Ok(())
}

/// What of it a second person agrees to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CouponApproval {
    /// A gift to many.
    Grant,
    /// A batch of codes.
    Codes,
}

impl ApprovalHandler for CouponApproval {
    fn action(&self) -> &'static str {
        match self {
            Self::Grant => GRANT,
            Self::Codes => CODES,
        }
    }

    fn permission(&self) -> &'static str {
        permission::CouponGrantApprove::NAME
    }

    fn execute(&self, tx: &mut Tx<'_>, approval: &Approval, by: &Decider) -> Result<(), ActionError> {
        let wanted: Wanted =
            serde_json::from_str(&approval.payload).map_err(|error| DbError::Defect(error.to_string()))?;
        let desk = AtDesk { staff_id: by.staff_id, origin: by.origin.clone() };
        let (id, asked) = (approval.subject_id, (&wanted, approval.reason.as_str()));
        let done = match self {
            Self::Grant => runs::agree_to_run(tx, &desk, GrantRunId::new(id), asked),
            Self::Codes => codes::agree_to_batch(tx, &desk, CodeBatchId::new(id), asked),
        };
        done.map_err(ActionError::of)
    }
}
