//! What staff write to be answered without a person.

use serde_json::{Value, json};

use super::AtDesk;
use crate::entrance::EntranceId;
use crate::platform::db::{DbError, DbResult, Tx};
use crate::service_account::error::ServiceAccountError;
use crate::service_account::model::{MAX_REPLIES, ReplyContent, ReplyDraft, ReplyId, ReplyRow};
use crate::service_account::rules;
use crate::service_account::store::{self, ONE_EACH, ONE_FOR_WORDS};
use crate::staff::audit::{self, AuditEntry};

/// What an answer says.
///
/// # Errors
/// When what is stored is none, which is a defect.
pub(in crate::service_account) fn content_of(row: &ReplyRow) -> DbResult<ReplyContent> {
    serde_json::from_str(&row.content).map_err(|error| DbError::Defect(error.to_string()))
}

fn written(content: &ReplyContent) -> DbResult<String> {
    serde_json::to_string(content).map_err(|error| DbError::Defect(error.to_string()))
}

/// All answers of an account in their order.
pub(in crate::service_account) fn replies(
    tx: &mut Tx<'_>,
    entrance: EntranceId,
) -> DbResult<Vec<(ReplyRow, ReplyContent)>> {
    store::replies_of(tx, entrance)?.into_iter().map(read).collect()
}

/// One answer.
pub(in crate::service_account) fn show_reply(
    tx: &mut Tx<'_>,
    id: ReplyId,
) -> Result<(ReplyRow, ReplyContent), ServiceAccountError> {
    let row = store::reply(tx, id)?.ok_or(ServiceAccountError::ReplyNotFound)?;
    Ok(read(row)?)
}

fn read(row: ReplyRow) -> DbResult<(ReplyRow, ReplyContent)> {
    let content = content_of(&row)?;
    Ok((row, content))
}

/// Adds an answer at the end of the order.
pub(in crate::service_account) fn add_reply(
    tx: &mut Tx<'_>,
    desk: &AtDesk,
    entrance: EntranceId,
    draft: &ReplyDraft,
) -> Result<(ReplyRow, ReplyContent), ServiceAccountError> {
    let draft = rules::reply(draft).map_err(ServiceAccountError::InvalidField)?;
    let others = store::replies_of(tx, entrance)?;
    let count = i64::try_from(others.len()).unwrap_or(i64::MAX);
    if count >= MAX_REPLIES {
        return Err(ServiceAccountError::TooManyReplies);
    }
    let row = ReplyRow {
        id: ReplyId::new(tx.next_id()),
        entrance_id: entrance,
        occasion: draft.occasion,
        matching: draft.matching,
        words: draft.words,
        content: written(&draft.content)?,
        position: others.last().map_or(1, |last| last.position.saturating_add(1)),
        enabled: draft.enabled,
        version: 1,
        created_at: tx.now(),
        updated_at: tx.now(),
    };
    tx.attempt(|tx| store::insert_reply(tx, &row)).map_err(taken)?;
    write_down(tx, desk, "service_reply.create", row.id, (None, Some(facts(&row))))?;
    Ok((row, draft.content))
}

/// Writes an answer anew that staff read at `version`.
pub(in crate::service_account) fn change_reply(
    tx: &mut Tx<'_>,
    desk: &AtDesk,
    id: ReplyId,
    version: i64,
    draft: &ReplyDraft,
) -> Result<(ReplyRow, ReplyContent), ServiceAccountError> {
    let draft = rules::reply(draft).map_err(ServiceAccountError::InvalidField)?;
    let before = store::reply(tx, id)?.ok_or(ServiceAccountError::ReplyNotFound)?;
    let to = ReplyRow {
        occasion: draft.occasion,
        matching: draft.matching,
        words: draft.words,
        content: written(&draft.content)?,
        enabled: draft.enabled,
        ..before.clone()
    };
    if !tx.attempt(|tx| store::change_reply(tx, version, &to)).map_err(taken)? {
        return Err(ServiceAccountError::ReplyChanged(json!({ "version": before.version })));
    }
    write_down(tx, desk, "service_reply.change", id, (Some(facts(&before)), Some(facts(&to))))?;
    show_reply(tx, id)
}

/// Removes an answer.
pub(in crate::service_account) fn remove_reply(
    tx: &mut Tx<'_>,
    desk: &AtDesk,
    id: ReplyId,
) -> Result<(), ServiceAccountError> {
    let before = store::reply(tx, id)?.ok_or(ServiceAccountError::ReplyNotFound)?;
    if !store::delete_reply(tx, id)? {
        return Err(ServiceAccountError::ReplyNotFound);
    }
    Ok(write_down(tx, desk, "service_reply.remove", id, (Some(facts(&before)), None))?)
}

/// Puts the answers of an account into this order; each must be named once.
pub(in crate::service_account) fn order_replies(
    tx: &mut Tx<'_>,
    desk: &AtDesk,
    entrance: EntranceId,
    order: &[ReplyId],
) -> Result<Vec<(ReplyRow, ReplyContent)>, ServiceAccountError> {
    let before: Vec<ReplyId> = store::replies_of(tx, entrance)?.iter().map(|reply| reply.id).collect();
    let (mut known, mut named) = (before.clone(), order.to_vec());
    known.sort_unstable();
    named.sort_unstable();
    if known != named {
        return Err(ServiceAccountError::OrderIncomplete);
    }
    for (position, id) in (1_i64..).zip(order) {
        store::place_reply(tx, *id, position)?;
    }
    if before != order {
        let (old, new) = (json!({ "order": before }), json!({ "order": order }));
        audit::record(
            tx,
            &AuditEntry {
                staff_id: desk.staff_id,
                action: "service_reply.order",
                subject_kind: "entrance",
                subject_id: Some(entrance.get()),
                reason: None,
                before: Some(old),
                after: Some(new),
                origin: &desk.origin,
            },
        )?;
    }
    Ok(replies(tx, entrance)?)
}

fn taken(error: DbError) -> ServiceAccountError {
    if error.violates(ONE_EACH) || error.violates(ONE_FOR_WORDS) {
        return ServiceAccountError::ReplyTaken;
    }
    error.into()
}

fn facts(row: &ReplyRow) -> Value {
    let content: Value = serde_json::from_str(&row.content).unwrap_or_default();
    json!({
        "occasion": row.occasion, "matching": row.matching, "words": row.words, "content": content,
        "enabled": row.enabled
    })
}

fn write_down(
    tx: &mut Tx<'_>,
    desk: &AtDesk,
    action: &str,
    id: ReplyId,
    (before, after): (Option<Value>, Option<Value>),
) -> DbResult<()> {
    let entry = AuditEntry {
        staff_id: desk.staff_id,
        action,
        subject_kind: "service_reply",
        subject_id: Some(id.get()),
        reason: None,
        before,
        after,
        origin: &desk.origin,
    };
    audit::record(tx, &entry)
}
