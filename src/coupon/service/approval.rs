//! Gifts and codes above the limits: a second member of staff decides. Small ones add up over a day, so that ten of them
//! are no way around.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::desk::AtDesk;
use super::{codes, runs};
use crate::coupon::error::CouponError;
use crate::coupon::model::{CodeBatchId, CouponSettings, CouponTemplate, CouponTemplateId, GrantRunId};
use crate::coupon::rules;
use crate::coupon::store::{self, Given};
use crate::kernel::money::Fen;
use crate::platform::db::{DbError, DbResult, Tx};
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
    /// What they may come to together; absent when nobody can say.
    worth_fen: Option<Fen>,
}

impl Wanted {
    pub(super) fn of(template: &CouponTemplate, coupons: i64) -> Self {
        Self { template_id: template.id, coupons, worth_fen: rules::worth_together(template, coupons) }
    }
}

/// Whether a member of staff gives so many coupons away without a second one: neither these nor all that they gave away
/// alone today come to more than the limits. If they do, it is counted.
pub(super) fn gives_alone(
    tx: &mut Tx<'_>,
    settings: &CouponSettings,
    desk: &AtDesk,
    (template, coupons): (&CouponTemplate, i64),
) -> DbResult<bool> {
    if rules::needs_second_person(settings, template, coupons) {
        return Ok(false);
    }
    // What a campaign's budget pays for was agreed to with the budget, and is not measured.
    let worth = rules::worth_together(template, coupons).filter(|_| template.campaign_id.is_none());
    let Some(worth) = worth else { return Ok(true) };
    let day = tx.today();
    store::give_alone(tx, &Given { staff: desk.staff_id, day, coupons, worth }, settings)
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
