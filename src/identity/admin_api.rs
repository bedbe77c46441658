//! What the back office asks of identity.

mod merges;
mod persons;

use actix_web::{get, post, web};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::model::{Conflict, ConflictDecision, ConflictId, ConflictReason, Identity, Provider, User, UserState};
use super::rules::mask_subject;
use super::service::{self, IdentityKeys, StaffAct, UserCard, UserSearch};
use crate::kernel::id::{StaffId, UserId};
use crate::kernel::page::{Cursor, Page};
use crate::kernel::time::Timestamp;
use crate::platform::db::Db;
use crate::platform::http::{Access, ApiResult, Json, Origin, PageQuery, Path, Query, Staff};
use crate::staff::permission;

pub use persons::PersonDataView;

/// Puts the handlers under their prefix.
pub fn admin_routes(cfg: &mut web::ServiceConfig) {
    cfg.service(search_users)
        .service(show_user)
        .service(block_user)
        .service(unblock_user)
        .service(reveal_phone)
        .service(list_identity_conflicts)
        .service(merges::decide_identity_conflict)
        .service(merges::list_account_merges)
        .service(merges::show_account_merge)
        .service(merges::merge_users)
        .service(merges::undo_account_merge)
        .service(merges::settle_merge_flag)
        .service(persons::show_user_timeline)
        .service(persons::export_user)
        .service(persons::erase_user);
}

/// The document of these handlers.
#[derive(Debug, utoipa::OpenApi)]
#[openapi(paths(
    search_users,
    show_user,
    block_user,
    unblock_user,
    reveal_phone,
    list_identity_conflicts,
    merges::decide_identity_conflict,
    merges::list_account_merges,
    merges::show_account_merge,
    merges::merge_users,
    merges::undo_account_merge,
    merges::settle_merge_flag,
    persons::show_user_timeline,
    persons::export_user,
    persons::erase_user,
))]
pub struct AdminApi;

/// Which users to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UserQuery {
    /// A part of the nickname.
    #[param(max_length = 32)]
    nickname: Option<String>,
    /// A whole mobile number.
    #[param(max_length = 14, example = "13800001234")]
    phone: Option<String>,
    /// The state.
    state: Option<UserState>,
    /// The `next_cursor` of the page before; absent for the first page.
    cursor: Option<String>,
    /// Items wanted, 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
}

/// A user in a list.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserRowView {
    /// Who.
    pub user_id: UserId,
    /// Whether they may use the shop.
    pub state: UserState,
    /// The name other shoppers see.
    #[schema(example = "小红")]
    pub nickname: String,
    /// Their picture; null when they chose none.
    pub avatar: Option<String>,
    /// What of the phone number is shown; null when none is bound.
    #[schema(example = "138****1234")]
    pub phone: Option<String>,
    /// When they first came.
    pub created_at: Timestamp,
}

impl UserRowView {
    fn of(user: User, phone: Option<String>) -> Self {
        Self {
            user_id: user.id,
            state: user.state,
            nickname: user.nickname,
            avatar: user.avatar,
            phone,
            created_at: user.created_at,
        }
    }
}

/// One proof of a user, masked.
#[derive(Debug, Serialize, ToSchema)]
pub struct IdentityView {
    /// Who vouches for it.
    pub provider: Provider,
    /// The client application it holds in; null for what holds everywhere.
    #[schema(example = "wx0123456789abcdef")]
    pub app_id: Option<String>,
    /// Enough of it to compare, not enough to use.
    #[schema(example = "oABC****wxyz")]
    pub subject: String,
    /// When it was first proven.
    pub created_at: Timestamp,
}

impl From<Identity> for IdentityView {
    fn from(identity: Identity) -> Self {
        Self {
            provider: identity.provider,
            app_id: Some(identity.app_id).filter(|app_id| !app_id.is_empty()),
            subject: identity.masked.unwrap_or_else(|| mask_subject(&identity.subject)),
            created_at: identity.created_at,
        }
    }
}

/// A user as staff see them.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserCardView {
    /// Who.
    pub user_id: UserId,
    /// Whether they may use the shop.
    pub state: UserState,
    /// The name other shoppers see.
    #[schema(example = "小红")]
    pub nickname: String,
    /// Their picture; null when they chose none.
    pub avatar: Option<String>,
    /// Their proofs, masked.
    pub identities: Vec<IdentityView>,
    /// How many addresses they have.
    #[schema(example = 2)]
    pub addresses: i64,
    /// How many log-ins go on.
    #[schema(example = 1)]
    pub sessions: i64,
    /// The user they became part of; null when they are themselves.
    pub merged_into: Option<UserId>,
    /// Users who became part of them.
    pub merged: Vec<UserId>,
    /// When they first came.
    pub created_at: Timestamp,
    /// When something here was last changed.
    pub updated_at: Timestamp,
}

impl From<UserCard> for UserCardView {
    fn from(card: UserCard) -> Self {
        Self {
            user_id: card.user.id,
            state: card.user.state,
            nickname: card.user.nickname,
            avatar: card.user.avatar,
            identities: card.identities.into_iter().map(IdentityView::from).collect(),
            addresses: card.addresses,
            sessions: card.sessions,
            merged_into: card.merged_into,
            merged: card.merged,
            created_at: card.user.created_at,
            updated_at: card.user.updated_at,
        }
    }
}

/// Why something is done to a user.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserActBody {
    /// 1 to 200 characters; kept in the audit log.
    #[schema(min_length = 1, max_length = 200, example = "多次恶意退款")]
    reason: String,
}

/// A whole phone number.
#[derive(Debug, Serialize, ToSchema)]
pub struct RevealedPhoneView {
    /// With its country.
    #[schema(example = "+8613800001234")]
    pub phone: String,
}

/// Which conflicts to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ConflictQuery {
    /// Only those that involve this user.
    user_id: Option<UserId>,
    /// The `next_cursor` of the page before; absent for the first page.
    cursor: Option<String>,
    /// Items wanted, 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
}

/// Proofs that could not be brought together.
#[derive(Debug, Serialize, ToSchema)]
pub struct ConflictView {
    /// Its id.
    pub conflict_id: ConflictId,
    /// The user the request went on as.
    pub kept_user_id: UserId,
    /// The other user; null when the proof was nobody's.
    pub other_user_id: Option<UserId>,
    /// Who vouches for the proof that could not be attached.
    pub provider: Provider,
    /// Its client application; null for what holds everywhere.
    #[schema(example = "wx0123456789abcdef")]
    pub app_id: Option<String>,
    /// Enough of it to compare, not enough to use.
    #[schema(example = "oABC****wxyz")]
    pub subject: String,
    /// Why it could not be attached.
    pub reason: ConflictReason,
    /// When it was first found.
    pub created_at: Timestamp,
    /// What staff decided; null while it waits for them.
    pub decision: Option<ConflictDecision>,
    /// When; null while it waits.
    pub decided_at: Option<Timestamp>,
    /// Who; null while it waits.
    pub decided_by: Option<StaffId>,
}

impl From<Conflict> for ConflictView {
    fn from(conflict: Conflict) -> Self {
        Self {
            conflict_id: conflict.id,
            kept_user_id: conflict.kept_user_id,
            other_user_id: conflict.other_user_id,
            provider: conflict.provider,
            app_id: Some(conflict.app_id).filter(|app_id| !app_id.is_empty()),
            subject: mask_subject(&conflict.subject),
            reason: conflict.reason,
            created_at: conflict.created_at,
            decision: conflict.decision,
            decided_at: conflict.decided_at,
            decided_by: conflict.decided_by,
        }
    }
}

fn act(staff: StaffId, origin: Origin, body: Json<UserActBody>) -> StaffAct {
    StaffAct { staff, reason: body.0.reason, origin }
}

/// Lists users, newest first.
#[utoipa::path(tag = "identity", security(("staff" = [])), params(UserQuery), extensions(("x-permission" = json!("user.read"))),
    responses((status = 200, description = "Users.", body = Page<UserRowView>)))]
#[get("/users")]
pub async fn search_users(
    db: web::Data<Db>,
    keys: web::Data<IdentityKeys>,
    _staff: Staff<permission::UserRead>,
    query: Query<UserQuery>,
) -> ApiResult<Json<Page<UserRowView>>> {
    let UserQuery { nickname, phone, state, cursor, limit } = query.0;
    let page = PageQuery { cursor, limit };
    let (after, limit) = (page.cursor()?, page.limit()?);
    let search = UserSearch { nickname, phone, state };
    let users = db.read("search_users", move |tx| service::search_users(tx, &keys, &search, after, limit)).await?;
    let page = Page::cut(users, limit, |(user, _)| Cursor { key: user.id.get(), id: user.id.get() });
    Ok(Json(page.map(|(user, phone)| UserRowView::of(user, phone))))
}

/// Shows one user.
#[utoipa::path(tag = "identity", security(("staff" = [])), params(("user_id" = UserId, Path, description = "Which user.")),
    extensions(("x-permission" = json!("user.read"))),
    responses((status = 200, description = "The user.", body = UserCardView)))]
#[get("/users/{user_id}")]
pub async fn show_user(
    db: web::Data<Db>,
    _staff: Staff<permission::UserRead>,
    path: Path<UserId>,
) -> ApiResult<Json<UserCardView>> {
    let card = db.read("show_user", move |tx| service::show_user(tx, path.0)).await?;
    Ok(Json(card.into()))
}

/// Locks a user out and ends their log-ins.
#[utoipa::path(tag = "identity", security(("staff" = [])), params(("user_id" = UserId, Path, description = "Which user.")),
    request_body = UserActBody, extensions(("x-permission" = json!("user.block"))),
    responses((status = 200, description = "The user afterwards.", body = UserCardView)))]
#[post("/users/{user_id}/block")]
pub async fn block_user(
    db: web::Data<Db>,
    access: web::Data<Access>,
    staff: Staff<permission::UserBlock>,
    path: Path<UserId>,
    body: Json<UserActBody>,
) -> ApiResult<Json<UserCardView>> {
    let (act, revocations, user) = (act(staff.staff_id, staff.origin, body), access.revocations.clone(), path.0);
    let card = db.write("block_user", move |tx| service::block_user(tx, &revocations, user, &act)).await?;
    Ok(Json(card.into()))
}

/// Lets a blocked user in again.
#[utoipa::path(tag = "identity", security(("staff" = [])), params(("user_id" = UserId, Path, description = "Which user.")),
    request_body = UserActBody, extensions(("x-permission" = json!("user.block"))),
    responses((status = 200, description = "The user afterwards.", body = UserCardView)))]
#[post("/users/{user_id}/unblock")]
pub async fn unblock_user(
    db: web::Data<Db>,
    staff: Staff<permission::UserBlock>,
    path: Path<UserId>,
    body: Json<UserActBody>,
) -> ApiResult<Json<UserCardView>> {
    let (act, user) = (act(staff.staff_id, staff.origin, body), path.0);
    let card = db.write("unblock_user", move |tx| service::unblock_user(tx, user, &act)).await?;
    Ok(Json(card.into()))
}

/// Shows a user's whole phone number; the look is kept in the audit log.
#[utoipa::path(tag = "identity", security(("staff" = [])), params(("user_id" = UserId, Path, description = "Which user.")),
    request_body = UserActBody, extensions(("x-permission" = json!("user.reveal"))),
    responses((status = 200, description = "The number.", body = RevealedPhoneView)))]
#[post("/users/{user_id}/phone/reveal")]
pub async fn reveal_phone(
    db: web::Data<Db>,
    keys: web::Data<IdentityKeys>,
    staff: Staff<permission::UserReveal>,
    path: Path<UserId>,
    body: Json<UserActBody>,
) -> ApiResult<Json<RevealedPhoneView>> {
    let (act, user) = (act(staff.staff_id, staff.origin, body), path.0);
    let phone = db.write("reveal_phone", move |tx| service::reveal_phone(tx, &keys, user, &act)).await?;
    Ok(Json(RevealedPhoneView { phone: phone.expose_secret().to_owned() }))
}

/// Lists proofs that could not be brought together, newest first.
#[utoipa::path(tag = "identity", security(("staff" = [])), params(ConflictQuery),
    extensions(("x-permission" = json!("user.read"))),
    responses((status = 200, description = "Conflicts.", body = Page<ConflictView>)))]
#[get("/identity-conflicts")]
pub async fn list_identity_conflicts(
    db: web::Data<Db>,
    _staff: Staff<permission::UserRead>,
    query: Query<ConflictQuery>,
) -> ApiResult<Json<Page<ConflictView>>> {
    let ConflictQuery { user_id, cursor, limit } = query.0;
    let page = PageQuery { cursor, limit };
    let (after, limit) = (page.cursor()?, page.limit()?);
    let conflicts = db.read("list_conflicts", move |tx| service::list_conflicts(tx, user_id, after, limit)).await?;
    let page = Page::cut(conflicts, limit, |conflict| Cursor { key: conflict.id.get(), id: conflict.id.get() });
    Ok(Json(page.map(ConflictView::from)))
}
