//! Users who became one: seeing it, deciding it, taking it back.

use std::collections::BTreeMap;

use actix_web::{get, post, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{ConflictView, UserActBody, act};
use crate::identity::assets::Accounts;
use crate::identity::model::{ConflictDecision, ConflictId, Merge, MergeCause, MergeFlag, MergeId, Provider};
use crate::identity::service::{self, MergeCard, StaffAct};
use crate::kernel::id::{StaffId, UserId};
use crate::kernel::page::{Cursor, Page};
use crate::kernel::time::Timestamp;
use crate::platform::db::{Db, Tx};
use crate::platform::http::{ApiResult, Created, Json, PageQuery, Path, Query, Staff};
use crate::staff::permission;

/// Which merges to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct MergeQuery {
    /// Only those that involve this user.
    user_id: Option<UserId>,
    /// With `true` only those of which something waits for staff.
    flagged: Option<bool>,
    /// The `next_cursor` of the page before; absent for the first page.
    cursor: Option<String>,
    /// Items wanted, 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
}

/// Two users who became one.
#[derive(Debug, Serialize, ToSchema)]
pub struct MergeView {
    /// Its id.
    pub merge_id: MergeId,
    /// Who stays.
    pub kept_user_id: UserId,
    /// Who became part of them.
    pub merged_user_id: UserId,
    /// Why.
    pub cause: MergeCause,
    /// Who vouched for the proof that brought it to light; null when staff decided it.
    pub provider: Option<Provider>,
    /// Who decided it; null when a proof did.
    pub staff_id: Option<StaffId>,
    /// Why they did; null when a proof did.
    #[schema(example = "顾客来电确认为同一人")]
    pub reason: Option<String>,
    /// When.
    pub merged_at: Timestamp,
    /// Until when it can be taken back.
    pub undoable_until: Timestamp,
    /// When it was taken back; null while it stands.
    pub undone_at: Option<Timestamp>,
    /// Who took it back; null while it stands.
    pub undone_by: Option<StaffId>,
    /// Why; null while it stands.
    #[schema(example = "误合并，两人共用手机")]
    pub undo_reason: Option<String>,
    /// How many rows had changed again and stayed as they were when it was taken back; null while it stands.
    pub left_alone: Option<i64>,
}

impl From<Merge> for MergeView {
    fn from(merge: Merge) -> Self {
        Self {
            merge_id: merge.id,
            kept_user_id: merge.kept_user_id,
            merged_user_id: merge.merged_user_id,
            cause: merge.cause,
            provider: merge.provider,
            staff_id: merge.staff_id,
            reason: merge.reason,
            merged_at: merge.merged_at,
            undoable_until: merge.undoable_until,
            undone_at: merge.undone_at,
            undone_by: merge.undone_by,
            undo_reason: merge.undo_reason,
            left_alone: merge.left_alone,
        }
    }
}

/// Something a merge brought together that one person may have only once.
#[derive(Debug, Serialize, ToSchema)]
pub struct MergeFlagView {
    /// Its number within the merge.
    #[schema(example = 1)]
    pub number: i64,
    /// What it is.
    #[schema(example = "coupon.had_twice")]
    pub code: String,
    /// The kind of thing concerned: the name of its table.
    #[schema(example = "coupons")]
    pub subject_kind: String,
    /// What names it there, by column.
    pub subject: BTreeMap<String, Option<String>>,
    /// When it was found.
    pub found_at: Timestamp,
    /// When staff settled it; null while it waits.
    pub settled_at: Option<Timestamp>,
    /// Who settled it; null while it waits.
    pub settled_by: Option<StaffId>,
    /// What they did about it; null while it waits.
    #[schema(example = "已作废重复的新人券")]
    pub note: Option<String>,
}

impl From<MergeFlag> for MergeFlagView {
    fn from(flag: MergeFlag) -> Self {
        Self {
            number: flag.number,
            code: flag.code,
            subject_kind: flag.table_name,
            subject: serde_json::from_str(&flag.row_key).unwrap_or_default(),
            found_at: flag.found_at,
            settled_at: flag.settled_at,
            settled_by: flag.settled_by,
            note: flag.note,
        }
    }
}

/// How much of one kind changed hands.
#[derive(Debug, Serialize, ToSchema)]
pub struct MovedView {
    /// The kind: the name of its table.
    #[schema(example = "orders")]
    pub kind: String,
    /// How many changes.
    #[schema(example = 3)]
    pub changes: i64,
}

/// A merge with what it did.
#[derive(Debug, Serialize, ToSchema)]
pub struct MergeCardView {
    /// The merge.
    #[serde(flatten)]
    pub merge: MergeView,
    /// What changed hands.
    pub moved: Vec<MovedView>,
    /// What it brought to light.
    pub flags: Vec<MergeFlagView>,
}

impl From<MergeCard> for MergeCardView {
    fn from(card: MergeCard) -> Self {
        Self {
            merge: card.merge.into(),
            moved: card.rows.into_iter().map(|(kind, changes)| MovedView { kind, changes }).collect(),
            flags: card.flags.into_iter().map(MergeFlagView::from).collect(),
        }
    }
}

/// Who becomes part of the user, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MergeUsersBody {
    /// Who becomes part of them.
    merged_user_id: UserId,
    /// 1 to 200 characters; kept in the audit log.
    #[schema(min_length = 1, max_length = 200, example = "顾客来电确认为同一人")]
    reason: String,
}

/// What becomes of a conflict.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DecideConflictBody {
    /// `merged`: the two users become one. `kept_apart`: they are two persons. `handed_over`: the phone
    /// number of one of them is the other's by now and goes to them.
    decision: ConflictDecision,
    /// 1 to 200 characters; kept in the audit log.
    #[schema(min_length = 1, max_length = 200, example = "号码已换主，新机主出示证明")]
    reason: String,
}

/// Lists users who became one, newest first.
#[utoipa::path(tag = "identity", security(("staff" = [])), params(MergeQuery),
    extensions(("x-permission" = json!("user.read"))),
    responses((status = 200, description = "Merges.", body = Page<MergeView>)))]
#[get("/account-merges")]
pub async fn list_account_merges(
    db: web::Data<Db>,
    _staff: Staff<permission::UserRead>,
    query: Query<MergeQuery>,
) -> ApiResult<Json<Page<MergeView>>> {
    let MergeQuery { user_id, flagged, cursor, limit } = query.0;
    let page = PageQuery { cursor, limit };
    let (after, limit) = (page.cursor()?, page.limit()?);
    let flagged = flagged.unwrap_or_default();
    let merges = db.read("list_merges", move |tx| service::list_merges(tx, user_id, flagged, after, limit)).await?;
    let page = Page::cut(merges, limit, |merge| Cursor { key: merge.id.get(), id: merge.id.get() });
    Ok(Json(page.map(MergeView::from)))
}

/// Shows one merge with what it did.
#[utoipa::path(tag = "identity", security(("staff" = [])), params(("merge_id" = MergeId, Path, description = "Which merge.")),
    extensions(("x-permission" = json!("user.read"))),
    responses((status = 200, description = "The merge.", body = MergeCardView)))]
#[get("/account-merges/{merge_id}")]
pub async fn show_account_merge(
    db: web::Data<Db>,
    _staff: Staff<permission::UserRead>,
    path: Path<MergeId>,
) -> ApiResult<Json<MergeCardView>> {
    let card = db.read("show_merge", move |tx| service::show_merge(tx, path.0)).await?;
    Ok(Json(card.into()))
}

/// Makes two users one because staff know them to be one person.
#[utoipa::path(tag = "identity", security(("staff" = [])), params(("user_id" = UserId, Path, description = "Who stays.")),
    request_body = MergeUsersBody, extensions(("x-permission" = json!("user.merge"))),
    responses((status = 201, description = "The merge.", body = MergeCardView)))]
#[post("/users/{user_id}/merges")]
pub async fn merge_users(
    db: web::Data<Db>,
    accounts: web::Data<Accounts>,
    staff: Staff<permission::UserMerge>,
    path: Path<UserId>,
    body: Json<MergeUsersBody>,
) -> ApiResult<Created<MergeCardView>> {
    let MergeUsersBody { merged_user_id, reason } = body.0;
    let act = StaffAct { staff: staff.staff_id, reason, origin: staff.origin };
    let work = move |tx: &mut Tx<'_>| {
        let id = service::merge_by_staff(tx, &accounts, (path.0, merged_user_id), &act)?;
        service::show_merge(tx, id)
    };
    let card = db.write("merge_users", work).await?;
    Ok(Created(card.into()))
}

/// Takes a merge back, within 30 days: everything becomes what it was, as far as nobody changed it since.
#[utoipa::path(tag = "identity", security(("staff" = [])), params(("merge_id" = MergeId, Path, description = "Which merge.")),
    request_body = UserActBody, extensions(("x-permission" = json!("user.merge"))),
    responses((status = 200, description = "The merge afterwards.", body = MergeCardView)))]
#[post("/account-merges/{merge_id}/undo")]
pub async fn undo_account_merge(
    db: web::Data<Db>,
    accounts: web::Data<Accounts>,
    staff: Staff<permission::UserMerge>,
    path: Path<MergeId>,
    body: Json<UserActBody>,
) -> ApiResult<Json<MergeCardView>> {
    let act = act(staff.staff_id, staff.origin, body);
    let work = move |tx: &mut Tx<'_>| {
        service::undo_merge(tx, &accounts, path.0, &act)?;
        service::show_merge(tx, path.0)
    };
    Ok(Json(db.write("undo_merge", work).await?.into()))
}

/// Says what was done about something a merge brought to light.
#[utoipa::path(tag = "identity", security(("staff" = [])),
    params(("merge_id" = MergeId, Path, description = "Which merge."), ("number" = i64, Path, description = "Which of its flags.")),
    request_body = UserActBody, extensions(("x-permission" = json!("user.merge"))),
    responses((status = 200, description = "The merge afterwards.", body = MergeCardView)))]
#[post("/account-merges/{merge_id}/flags/{number}/settle")]
pub async fn settle_merge_flag(
    db: web::Data<Db>,
    staff: Staff<permission::UserMerge>,
    path: Path<(MergeId, i64)>,
    body: Json<UserActBody>,
) -> ApiResult<Json<MergeCardView>> {
    let act = act(staff.staff_id, staff.origin, body);
    let work = move |tx: &mut Tx<'_>| {
        service::settle_flag(tx, path.0, &act)?;
        service::show_merge(tx, path.0.0)
    };
    Ok(Json(db.write("settle_merge_flag", work).await?.into()))
}

/// Decides what becomes of proofs that could not be brought together.
#[utoipa::path(tag = "identity", security(("staff" = [])),
    params(("conflict_id" = ConflictId, Path, description = "Which conflict.")),
    request_body = DecideConflictBody, extensions(("x-permission" = json!("user.merge"))),
    responses((status = 200, description = "The conflict afterwards.", body = ConflictView)))]
#[post("/identity-conflicts/{conflict_id}/decision")]
pub async fn decide_identity_conflict(
    db: web::Data<Db>,
    accounts: web::Data<Accounts>,
    staff: Staff<permission::UserMerge>,
    path: Path<ConflictId>,
    body: Json<DecideConflictBody>,
) -> ApiResult<Json<ConflictView>> {
    let DecideConflictBody { decision, reason } = body.0;
    let act = StaffAct { staff: staff.staff_id, reason, origin: staff.origin };
    let work = move |tx: &mut Tx<'_>| service::decide_conflict(tx, &accounts, path.0, decision, &act);
    Ok(Json(db.write("decide_conflict", work).await?.into()))
}
