//! What staff do with single coupons. Every deed on coupons, with its reason, goes into the audit log.

use serde_json::{Value, json};

use super::approval;
use super::claiming::with_template;
use super::granting::{self, NewCoupon};
use super::{Cause, granting::grant};
use crate::coupon::error::CouponError;
use crate::coupon::model::{
    Coupon, CouponActor, CouponHistoryRow, CouponId, CouponSettings, CouponSource, CouponTemplateId, CouponUse,
    CouponWithTemplate,
};
use crate::coupon::rules;
use crate::coupon::store::{self, CouponFilter};
use crate::identity;
use crate::kernel::id::{StaffId, UserId};
use crate::kernel::page::{Cursor, Page};
use crate::kernel::time::Timestamp;
use crate::platform::db::{DbResult, Tx};
use crate::platform::http::Origin;
use crate::staff::audit::{self, AuditEntry};

/// A member of staff at work.
#[derive(Clone, Debug)]
pub(in crate::coupon) struct AtDesk {
    /// Who.
    pub(in crate::coupon) staff_id: StaffId,
    /// From where.
    pub(in crate::coupon) origin: Origin,
}

/// A deed on coupons, for the audit log.
pub(super) struct Deed<'a> {
    pub(super) action: &'a str,
    pub(super) subject: (&'a str, i64),
    pub(super) reason: Option<&'a str>,
    pub(super) before: Option<Value>,
    pub(super) after: Option<Value>,
}

impl AtDesk {
    /// Writes a deed down.
    pub(super) fn note(&self, tx: &mut Tx<'_>, deed: Deed<'_>) -> DbResult<()> {
        let entry = AuditEntry {
            staff_id: self.staff_id,
            action: deed.action,
            subject_kind: deed.subject.0,
            subject_id: Some(deed.subject.1),
            reason: deed.reason,
            before: deed.before,
            after: deed.after,
            origin: &self.origin,
        };
        audit::record(tx, &entry)
    }
}

/// Refuses unless all of these users exist.
pub(super) fn require_users(tx: &mut Tx<'_>, users: &[UserId]) -> Result<(), CouponError> {
    let known = identity::known_users(tx, users)?;
    let unknown: Vec<UserId> = users.iter().filter(|user| known.binary_search(user).is_err()).copied().collect();
    if unknown.is_empty() { Ok(()) } else { Err(CouponError::UnknownUsers(json!({ "user_ids": unknown }))) }
}

/// Gives one user a coupon. The same `key` gives it once.
///
/// # Errors
/// Why they cannot have it; also when the member of staff may not give as much away alone today.
pub(in crate::coupon) fn grant_by_staff(
    tx: &mut Tx<'_>,
    settings: &CouponSettings,
    desk: &AtDesk,
    (template, user): (CouponTemplateId, UserId),
    (reason, key): (&str, &str),
) -> Result<CouponWithTemplate, CouponError> {
    let reason = rules::reason(reason)?;
    require_users(tx, &[user])?;
    let source_ref = format!("{}:{key}", desk.staff_id);
    let new = NewCoupon { template, user, source: CouponSource::Staff, source_ref, amount: None, valid_until: None };
    if let Some(had) = store::granted(tx, template, user, new.source, &new.source_ref)? {
        return with_template(tx, had);
    }
    let given = store::find_template(tx, template)?.ok_or(CouponError::TemplateNotFound)?;
    if !approval::gives_alone(tx, settings, desk, (&given, 1))? {
        return Err(CouponError::NeedsSecondPerson);
    }
    let id = grant(tx, &new)?;
    desk.note(
        tx,
        Deed {
            action: "coupon.grant",
            subject: ("coupon", id.get()),
            reason: Some(reason),
            before: None,
            after: Some(json!({ "template_id": template, "user_id": user })),
        },
    )?;
    with_template(tx, id)
}

/// Takes a coupon back.
///
/// # Errors
/// When it is not in its user's hands, or there is no reason.
pub(in crate::coupon) fn revoke_by_staff(
    tx: &mut Tx<'_>,
    desk: &AtDesk,
    id: CouponId,
    reason: &str,
) -> Result<CouponFile, CouponError> {
    let reason = rules::reason(reason)?;
    let before = store::find(tx, id)?.ok_or(CouponError::NotFound)?;
    let cause = Cause { actor: CouponActor::Staff(desk.staff_id), reason };
    if !granting::revoke(tx, id, cause)? {
        return Err(CouponError::NotRevocable(json!({ "state": before.state })));
    }
    desk.note(
        tx,
        Deed {
            action: "coupon.revoke",
            subject: ("coupon", id.get()),
            reason: Some(reason),
            before: Some(json!({ "state": before.state })),
            after: Some(json!({ "state": "revoked" })),
        },
    )?;
    file_for_staff(tx, id)
}

/// Everything about one coupon.
#[derive(Clone, Debug)]
pub(in crate::coupon) struct CouponFile {
    /// The coupon.
    pub(in crate::coupon) held: CouponWithTemplate,
    /// The orders it was in, latest first.
    pub(in crate::coupon) uses: Vec<CouponUse>,
    /// What became of it.
    pub(in crate::coupon) history: Vec<CouponHistoryRow>,
    /// When it was looked at.
    pub(in crate::coupon) at: Timestamp,
}

/// Everything about one coupon.
///
/// # Errors
/// When there is none.
pub(in crate::coupon) fn file_for_staff(tx: &mut Tx<'_>, id: CouponId) -> Result<CouponFile, CouponError> {
    let held = with_template(tx, id)?;
    let (uses, history) = (store::uses_of_coupon(tx, id)?, store::history_of(tx, id)?);
    Ok(CouponFile { held, uses, history, at: tx.now() })
}

/// Coupons that staff asked for, latest first.
pub(in crate::coupon) fn page_for_staff(
    tx: &mut Tx<'_>,
    filter: CouponFilter,
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<(Page<CouponWithTemplate>, Timestamp)> {
    let rows = store::search(tx, filter, after, limit.saturating_add(1))?;
    let rows = rows.into_iter().map(|(coupon, template)| CouponWithTemplate { coupon, template }).collect();
    let page = Page::cut(rows, limit, |held: &CouponWithTemplate| Cursor { key: 0, id: held.coupon.id.get() });
    Ok((page, tx.now()))
}

/// A template's coupons for a table, the earliest first.
pub(super) fn exported(tx: &mut Tx<'_>, template: CouponTemplateId) -> Result<Vec<Coupon>, CouponError> {
    use crate::coupon::model::MAX_EXPORTED;
    store::find_template(tx, template)?.ok_or(CouponError::TemplateNotFound)?;
    let coupons = store::export(tx, template, MAX_EXPORTED.saturating_add(1))?;
    let fits = i64::try_from(coupons.len()).is_ok_and(|count| count <= MAX_EXPORTED);
    if fits { Ok(coupons) } else { Err(CouponError::ExportTooLarge) }
}
