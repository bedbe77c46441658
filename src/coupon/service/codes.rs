//! Batches of one-time codes.

use serde_json::json;

use super::approval::{self, Wanted};
use super::desk::{AtDesk, Deed};
use crate::coupon::error::CouponError;
use crate::coupon::model::{
    CodeBatch, CodeBatchId, CouponSettings, CouponTemplateId, CouponTemplateState, CouponWay, MAX_BATCH, MAX_REASON,
};
use crate::coupon::rules;
use crate::coupon::store::{self, BatchFigures};
use crate::kernel::page::{Cursor, Page};
use crate::platform::db::{DbError, DbResult, Tx};

/// How often a batch is filled up when chance repeats a code; with 60 random bits once is already rare.
const FILLINGS: usize = 5;

/// Codes that staff want.
#[derive(Clone, Debug)]
pub(in crate::coupon) struct NewBatch {
    /// How many.
    pub(in crate::coupon) size: i64,
    /// What for, in words.
    pub(in crate::coupon) note: String,
}

/// Makes a batch of codes; answers it with the codes as they are printed. They are told this once: the database keeps
/// only their hashes.
///
/// # Errors
/// When the template is not had by such codes, is a draft or ended, or the size is out of range.
pub(in crate::coupon) fn make_batch(
    tx: &mut Tx<'_>,
    settings: &CouponSettings,
    desk: &AtDesk,
    (template_id, new): (CouponTemplateId, &NewBatch),
) -> Result<(CodeBatch, Vec<String>), CouponError> {
    let template = store::find_template(tx, template_id)?.ok_or(CouponError::TemplateNotFound)?;
    if template.way != CouponWay::OneTimeCode {
        return Err(CouponError::WrongWay);
    }
    // A draft's worth may still change, which nobody would agree to again; unless a campaign's budget pays for it.
    let changeable = template.state == CouponTemplateState::Draft && template.campaign_id.is_none();
    if changeable || template.state == CouponTemplateState::Ended {
        return Err(CouponError::IllegalMove(json!({ "state": template.state })));
    }
    let wanted = usize::try_from(new.size).ok().filter(|_| (1..=MAX_BATCH).contains(&new.size));
    let wanted = wanted.ok_or(CouponError::BatchOutOfRange)?;
    let note = new.note.trim();
    if note.chars().count() > MAX_REASON || note.chars().any(char::is_control) {
        return Err(CouponError::ReasonOutOfRange);
    }
    let waits = !approval::gives_alone(tx, settings, desk, (&template, new.size))?;
    let batch = CodeBatch {
        id: CodeBatchId::new(tx.next_id()),
        template_id,
        size: new.size,
        note: note.to_owned(),
        created_by: desk.staff_id,
        created_at: tx.now(),
        agreed_at: (!waits).then(|| tx.now()),
        voided_at: None,
    };
    store::insert_batch(tx, &batch)?;
    let codes = fresh_codes(tx, batch.id, wanted)?;
    if waits {
        let reason = if note.is_empty() { "codes" } else { note };
        approval::ask(tx, desk, (approval::CODES, batch.id.get()), &Wanted::of(&template, batch.size), reason)?;
    }
    desk.note(
        tx,
        Deed {
            action: "coupon.make_codes",
            subject: ("coupon_template", template_id.get()),
            reason: Some(note).filter(|note| !note.is_empty()),
            before: None,
            after: Some(json!({ "batch_id": batch.id, "size": batch.size, "waits_for_approval": waits })),
        },
    )?;
    Ok((batch, codes.iter().map(|code| rules::printed(code)).collect()))
}

/// A second member of staff agreed to a batch: its codes are good from now on.
pub(super) fn agree_to_batch(
    tx: &mut Tx<'_>,
    desk: &AtDesk,
    id: CodeBatchId,
    (wanted, reason): (&Wanted, &str),
) -> Result<(), CouponError> {
    let batch = store::find_batch(tx, id)?.ok_or(CouponError::BatchNotFound)?;
    let template = store::find_template(tx, batch.template_id)?.ok_or(CouponError::TemplateNotFound)?;
    if batch.voided_at.is_some() {
        return Err(CouponError::BatchVoid);
    }
    if *wanted != Wanted::of(&template, batch.size) || !store::agree_to_batch(tx, id)? {
        return Err(CouponError::Outdated);
    }
    let after = Some(json!({ "batch_id": id, "size": batch.size }));
    let subject = ("coupon_template", template.id.get());
    let deed = Deed { action: "coupon.make_codes.agree", subject, reason: Some(reason), before: None, after };
    Ok(desk.note(tx, deed)?)
}

/// Codes that nobody has yet, with their hashes written.
fn fresh_codes(tx: &mut Tx<'_>, batch: CodeBatchId, wanted: usize) -> DbResult<Vec<String>> {
    let mut codes: Vec<String> = Vec::with_capacity(wanted);
    for _ in 0..FILLINGS {
        let missing = wanted.saturating_sub(codes.len());
        if missing == 0 {
            return Ok(codes);
        }
        let drawn = (0..missing).map(|_| rules::random_code()).collect::<Result<Vec<String>, _>>();
        let mut drawn = drawn.map_err(|error| DbError::Defect(error.to_string()))?;
        drawn.sort_unstable();
        drawn.dedup();
        let hashes: Vec<String> = drawn.iter().map(|code| rules::hashed(code)).collect();
        let count = drawn.len();
        let written = tx.attempt(|tx| match store::insert_codes(tx, batch, &hashes)? {
            all if all == count => Ok(()),
            // Some are taken; none of these may be told, since it is not known which.
            _ => Err(DbError::Conflict("chance repeated a code".to_owned())),
        });
        match written {
            Err(DbError::Conflict(_)) => {}
            written => {
                written?;
                codes.append(&mut drawn);
            }
        }
    }
    Err(DbError::Defect("chance keeps repeating codes".to_owned()))
}

/// Makes the unused codes of a batch worthless.
///
/// # Errors
/// When there is none, they are already, or there is no reason.
pub(in crate::coupon) fn void_batch(
    tx: &mut Tx<'_>,
    desk: &AtDesk,
    id: CodeBatchId,
    reason: &str,
) -> Result<BatchFigures, CouponError> {
    let reason = rules::reason(reason)?;
    store::find_batch(tx, id)?.ok_or(CouponError::BatchNotFound)?;
    if !store::void_batch(tx, id)? {
        return Err(CouponError::BatchVoid);
    }
    desk.note(
        tx,
        Deed {
            action: "coupon.void_codes",
            subject: ("coupon_code_batch", id.get()),
            reason: Some(reason),
            before: Some(json!({ "void": false })),
            after: Some(json!({ "void": true })),
        },
    )?;
    let batch = store::find_batch(tx, id)?.ok_or(CouponError::BatchNotFound)?;
    let redeemed = store::redeemed_of(tx, &[id])?.first().map_or(0, |(_, count)| *count);
    Ok(BatchFigures { batch, redeemed })
}

/// A template's batches, newest first.
///
/// # Errors
/// When there is no such template.
pub(in crate::coupon) fn page_of_batches(
    tx: &mut Tx<'_>,
    template: CouponTemplateId,
    after: Option<Cursor>,
    limit: i64,
) -> Result<Page<BatchFigures>, CouponError> {
    store::find_template(tx, template)?.ok_or(CouponError::TemplateNotFound)?;
    let batches = store::batches_of(tx, template, after, limit.saturating_add(1))?;
    let page = Page::cut(batches, limit, |batch: &CodeBatch| Cursor { key: 0, id: batch.id.get() });
    let ids: Vec<CodeBatchId> = page.items.iter().map(|batch| batch.id).collect();
    let redeemed = store::redeemed_of(tx, &ids)?;
    let count = |id: CodeBatchId| redeemed.iter().find(|(batch, _)| *batch == id).map_or(0, |(_, count)| *count);
    Ok(page.map(|batch| BatchFigures { redeemed: count(batch.id), batch }))
}
