//! Followers and what they say.

use actix_web::{get, web};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::entrance::EntranceId;
use crate::kernel::id::UserId;
use crate::kernel::page::Page;
use crate::kernel::time::Timestamp;
use crate::platform::db::Db;
use crate::platform::http::{ApiResult, Json, PageQuery, Path, Query, Staff};
use crate::service_account::model::{
    CodeId, Following, FollowingChange, FollowingChanged, FollowingId, FollowingState, Push, PushId, PushKind,
    ReachChannel,
};
use crate::service_account::service::{self, FollowerFile, Reach};
use crate::staff::permission::ServiceAccountRead;

/// A follower as staff see them.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FollowerView {
    /// Who, as the account knows them.
    pub following_id: FollowingId,
    /// Which service account.
    pub entrance_id: EntranceId,
    /// The user; null while it is not known who they are.
    pub user_id: Option<UserId>,
    /// Whether they follow.
    pub state: FollowingState,
    /// Since when, or when they last began to; null when the shop never heard of it.
    pub followed_at: Option<Timestamp>,
    /// When they ceased to; null while they follow.
    pub unfollowed_at: Option<Timestamp>,
    /// How WeChat says they came; null while it was not asked.
    #[schema(example = "ADD_SCENE_QR_CODE")]
    pub scene: Option<String>,
    /// Through which code they came.
    pub code_id: Option<CodeId>,
    /// When the shop first heard of them.
    pub created_at: Timestamp,
}

impl From<Following> for FollowerView {
    fn from(following: Following) -> Self {
        Self {
            following_id: following.id,
            entrance_id: following.entrance_id,
            user_id: following.user_id,
            state: following.state,
            followed_at: following.followed_at,
            unfollowed_at: following.unfollowed_at,
            scene: following.scene,
            code_id: following.code_id,
            created_at: following.created_at,
        }
    }
}

/// A time that somebody began or ceased to follow.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FollowingChangeView {
    /// What changed.
    pub change: FollowingChange,
    /// Through which code.
    pub code_id: Option<CodeId>,
    /// WeChat's moment of it.
    pub at: Timestamp,
}

impl From<FollowingChanged> for FollowingChangeView {
    fn from(changed: FollowingChanged) -> Self {
        Self { change: changed.change, code_id: changed.code_id, at: changed.at }
    }
}

/// A follower with how that changed.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FollowerFileView {
    /// Who.
    pub follower: FollowerView,
    /// The last hundred changes, latest first.
    pub changes: Vec<FollowingChangeView>,
}

impl From<FollowerFile> for FollowerFileView {
    fn from(file: FollowerFile) -> Self {
        let changes = file.changes.into_iter().map(FollowingChangeView::from).collect();
        Self { follower: file.following.into(), changes }
    }
}

/// Something a follower did or said.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FollowerMessageView {
    /// The message.
    pub message_id: PushId,
    /// Of which kind.
    pub kind: PushKind,
    /// What was written, the key of the menu or the scene; empty for none.
    #[schema(example = "什么时候发货")]
    pub words: String,
    /// Whether it was answered without a person.
    pub answered: bool,
    /// WeChat's moment of it.
    pub sent_at: Timestamp,
}

impl From<Push> for FollowerMessageView {
    fn from(push: Push) -> Self {
        let answered = push.reply.is_some();
        Self { message_id: push.id, kind: push.kind, words: push.words, answered, sent_at: push.sent_at }
    }
}

/// On what a user can be reached, or cannot.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReachView {
    /// By which channel.
    pub channel: ReachChannel,
    /// Through which service account.
    pub entrance_id: Option<EntranceId>,
    /// Whether they can be reached now.
    pub reachable: bool,
    /// Since when it is so, where that is known.
    pub since: Option<Timestamp>,
}

impl From<Reach> for ReachView {
    fn from(reach: Reach) -> Self {
        Self { channel: reach.channel, entrance_id: reach.entrance, reachable: reach.reachable, since: reach.since }
    }
}

/// On what a user can be reached.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReachabilityView {
    /// Channel by channel.
    pub items: Vec<ReachView>,
}

/// Which followers to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FollowerQuery {
    /// Only those of this service account.
    entrance_id: Option<EntranceId>,
    /// Only those in this state.
    state: Option<FollowingState>,
    /// The `next_cursor` of the page before; absent for the first page.
    cursor: Option<String>,
    /// Items wanted, 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
}

/// Lists followers of service accounts
///
/// Latest first, also those who ceased to follow.
#[utoipa::path(
    tag = "service_account",
    security(("staff" = [])),
    extensions(("x-permission" = json!("service_account.read"))),
    params(FollowerQuery),
    responses((status = 200, description = "A page of followers.", body = Page<FollowerView>))
)]
#[get("/service-followers")]
pub async fn list_service_followers(
    db: web::Data<Db>,
    _staff: Staff<ServiceAccountRead>,
    query: Query<FollowerQuery>,
) -> ApiResult<Json<Page<FollowerView>>> {
    let Query(FollowerQuery { entrance_id, state, cursor, limit }) = query;
    let page = PageQuery { cursor, limit };
    let (after, limit) = (page.cursor()?, page.limit()?);
    let list =
        move |tx: &mut crate::platform::db::Tx<'_>| service::follower_page(tx, (entrance_id, state), after, limit);
    Ok(Json(db.read("list_service_followers", list).await?.map(Into::into)))
}

/// Shows a follower with how their following changed
#[utoipa::path(
    tag = "service_account",
    security(("staff" = [])),
    extensions(("x-permission" = json!("service_account.read"))),
    params(("following_id" = FollowingId, Path, description = "The follower.")),
    responses((status = 200, description = "The follower.", body = FollowerFileView))
)]
#[get("/service-followers/{following_id}")]
pub async fn show_service_follower(
    db: web::Data<Db>,
    _staff: Staff<ServiceAccountRead>,
    path: Path<FollowingId>,
) -> ApiResult<Json<FollowerFileView>> {
    let Path(id) = path;
    let file = db.read("show_service_follower", move |tx| service::follower_file(tx, id)).await?;
    Ok(Json(file.into()))
}

/// Lists what a follower did and said in the last thirty days
///
/// Latest first.
#[utoipa::path(
    tag = "service_account",
    security(("staff" = [])),
    extensions(("x-permission" = json!("service_account.read"))),
    params(("following_id" = FollowingId, Path, description = "The follower."), PageQuery),
    responses((status = 200, description = "A page of messages.", body = Page<FollowerMessageView>))
)]
#[get("/service-followers/{following_id}/messages")]
pub async fn list_follower_messages(
    db: web::Data<Db>,
    _staff: Staff<ServiceAccountRead>,
    path: Path<FollowingId>,
    query: Query<PageQuery>,
) -> ApiResult<Json<Page<FollowerMessageView>>> {
    let (Path(id), after, limit) = (path, query.0.cursor()?, query.0.limit()?);
    let found = db.read("list_follower_messages", move |tx| service::messages_of(tx, id, after, limit)).await?;
    Ok(Json(found.map(Into::into)))
}

/// Shows on what a user can be reached
///
/// Template messages of each service account they ever followed, and text messages.
#[utoipa::path(
    tag = "service_account",
    security(("staff" = [])),
    extensions(("x-permission" = json!("service_account.read"))),
    params(("user_id" = UserId, Path, description = "The user.")),
    responses((status = 200, description = "Channel by channel.", body = ReachabilityView))
)]
#[get("/users/{user_id}/reachability")]
pub async fn show_reachability(
    db: web::Data<Db>,
    _staff: Staff<ServiceAccountRead>,
    path: Path<UserId>,
) -> ApiResult<Json<ReachabilityView>> {
    let Path(user) = path;
    let found = db.read("show_reachability", move |tx| service::reach_of(tx, user)).await?;
    Ok(Json(ReachabilityView { items: found.into_iter().map(ReachView::from).collect() }))
}
