//! Gifts of staff to many users at once: written down with everybody they are for, and carried out by a job.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::approval::{self, Wanted};
use super::desk::{AtDesk, Deed, require_users};
use super::granting::{NewCoupon, grant};
use super::lost_race;
use super::templates::distinct;
use crate::coupon::error::CouponError;
use crate::coupon::jobs::GRANT_RUN;
use crate::coupon::model::{
    CouponSettings, CouponSource, CouponTemplate, CouponTemplateId, CouponTemplateState, CouponWay, GrantRun,
    GrantRunId,
};
use crate::coupon::rules;
use crate::coupon::store::{self, RunProgress};
use crate::kernel::id::UserId;
use crate::kernel::page::{Cursor, Page};
use crate::platform::db::{DbResult, Tx};
use crate::platform::http::ApiError;
use crate::platform::jobs::{self, NewJob};

/// Users looked at in one transaction: few enough that nobody waits long for the rows they share.
const AT_ONCE: i64 = 50;

/// A gift that staff want to make.
#[derive(Clone, Debug)]
pub(in crate::coupon) struct NewRun {
    /// What.
    pub(in crate::coupon) template: CouponTemplateId,
    /// To whom.
    pub(in crate::coupon) users: Vec<UserId>,
    /// Why.
    pub(in crate::coupon) reason: String,
    /// Under which the request may be repeated.
    pub(in crate::coupon) key: String,
}

/// Which gift a job carries out.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(in crate::coupon) struct RunToCarryOut {
    /// The gift.
    pub(in crate::coupon) run_id: GrantRunId,
}

/// A gift and how far it got.
#[derive(Clone, Debug)]
pub(in crate::coupon) struct RunFile {
    /// The gift.
    pub(in crate::coupon) run: GrantRun,
    /// How far it got.
    pub(in crate::coupon) progress: RunProgress,
}

/// Writes a gift down and has it carried out. The same key answers the same gift.
///
/// # Errors
/// When the template cannot be given now, or somebody does not exist.
pub(in crate::coupon) fn ask_run(
    tx: &mut Tx<'_>,
    settings: &CouponSettings,
    desk: &AtDesk,
    new: &NewRun,
) -> Result<RunFile, CouponError> {
    let reason = rules::reason(&new.reason)?;
    let users = distinct(&new.users)?;
    let template = store::find_template(tx, new.template)?.ok_or(CouponError::TemplateNotFound)?;
    grantable(&template)?;
    require_users(tx, &users)?;
    if let Some(asked) = store::run_under(tx, desk.staff_id, &new.key)? {
        return file_of_run(tx, asked);
    }
    let targets = i64::try_from(users.len()).unwrap_or(i64::MAX);
    let waits = !approval::gives_alone(tx, settings, desk, (&template, targets))?;
    let run = GrantRun {
        id: GrantRunId::new(tx.next_id()),
        template_id: template.id,
        staff_id: desk.staff_id,
        request_key: new.key.clone(),
        reason: reason.to_owned(),
        targets,
        created_at: tx.now(),
        agreed_at: (!waits).then(|| tx.now()),
        finished_at: None,
    };
    if !store::insert_run(tx, &run)? {
        // A twin of this very request was faster; the transaction begins anew and finds what the twin wrote.
        return Err(lost_race().into());
    }
    store::insert_targets(tx, run.id, &users)?;
    if waits {
        let wanted = Wanted::of(&template, targets);
        approval::ask(tx, desk, (approval::GRANT, run.id.get()), &wanted, reason)?;
    } else {
        let_begin(tx, run.id)?;
    }
    desk.note(
        tx,
        Deed {
            action: "coupon.grant_many",
            subject: ("coupon_template", template.id.get()),
            reason: Some(reason),
            before: None,
            after: Some(json!({ "run_id": run.id, "users": run.targets, "waits_for_approval": waits })),
        },
    )?;
    file_of_run(tx, run.id)
}

/// Whether staff may give coupons of a template now.
fn grantable(template: &CouponTemplate) -> Result<(), CouponError> {
    if template.way == CouponWay::Packet {
        return Err(CouponError::WrongWay);
    }
    if template.state == CouponTemplateState::Active { Ok(()) } else { Err(CouponError::NotOnOffer) }
}

fn let_begin(tx: &mut Tx<'_>, id: GrantRunId) -> DbResult<()> {
    let (payload, run_at) = (RunToCarryOut { run_id: id }, tx.now());
    jobs::enqueue(tx, &NewJob { kind: GRANT_RUN, dedup_key: Some(id.to_string()), payload: &payload, run_at })
}

/// A second member of staff agreed to a gift: it begins, if it can still be given.
pub(super) fn agree_to_run(
    tx: &mut Tx<'_>,
    desk: &AtDesk,
    id: GrantRunId,
    (wanted, reason): (&Wanted, &str),
) -> Result<(), CouponError> {
    let run = store::find_run(tx, id)?.ok_or(CouponError::RunNotFound)?;
    let template = store::find_template(tx, run.template_id)?.ok_or(CouponError::TemplateNotFound)?;
    grantable(&template)?;
    if *wanted != Wanted::of(&template, run.targets) || !store::agree_to_run(tx, id)? {
        return Err(CouponError::Outdated);
    }
    let_begin(tx, id)?;
    let after = Some(json!({ "run_id": id, "users": run.targets }));
    let subject = ("coupon_template", template.id.get());
    let deed = Deed { action: "coupon.grant_many.agree", subject, reason: Some(reason), before: None, after };
    Ok(desk.note(tx, deed)?)
}

/// Gives the next few users theirs; false when nobody is left. Repeating it gives nobody two.
pub(in crate::coupon) fn carry_on(tx: &mut Tx<'_>, id: GrantRunId) -> DbResult<bool> {
    let Some(run) = store::find_run(tx, id)? else { return Ok(false) };
    let users = store::waiting_targets(tx, id, AT_ONCE)?;
    if users.is_empty() {
        store::finish_run(tx, id)?;
        return Ok(false);
    }
    for user in users {
        let new = NewCoupon {
            template: run.template_id,
            user,
            source: CouponSource::Staff,
            source_ref: format!("run:{id}"),
            amount: None,
            valid_until: None,
        };
        let refusal = match tx.attempt(|tx| grant(tx, &new)) {
            Ok(_) => None,
            Err(error) => Some(ApiError::from(error.refusal()?).refusal().code),
        };
        store::settle_target(tx, id, user, refusal)?;
    }
    Ok(true)
}

/// A gift and how far it got.
///
/// # Errors
/// When there is none.
pub(in crate::coupon) fn file_of_run(tx: &mut Tx<'_>, id: GrantRunId) -> Result<RunFile, CouponError> {
    let run = store::find_run(tx, id)?.ok_or(CouponError::RunNotFound)?;
    Ok(RunFile { run, progress: store::progress_of(tx, id)? })
}

/// Gifts, newest first.
pub(in crate::coupon) fn page_of_runs(
    tx: &mut Tx<'_>,
    template: Option<CouponTemplateId>,
    after: Option<Cursor>,
    limit: i64,
) -> DbResult<Page<RunFile>> {
    let runs = store::runs_of(tx, template, after, limit.saturating_add(1))?;
    let Page { items, next_cursor } = Page::cut(runs, limit, |run: &GrantRun| Cursor { key: 0, id: run.id.get() });
    let mut files = Vec::with_capacity(items.len());
    for run in items {
        files.push(RunFile { progress: store::progress_of(tx, run.id)?, run });
    }
    Ok(Page { items: files, next_cursor })
}
