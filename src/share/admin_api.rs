//! Sharing for staff: who brought whom, and what came of what was handed on.

use std::collections::HashMap;

use actix_web::{get, web};
use serde::{Deserialize, Serialize};

use super::api::{MyShareView, ShareFiguresView, SubjectBody};
use super::model::{Channel, SubjectKind};
use super::rules;
use super::service::{self, Figures, GroupFigures, RankRow, ShareFilter, ShareLine, Tree};
use super::subject::SubjectSources;
use crate::kernel::id::{CampaignId, UserId};
use crate::kernel::page::Page;
use crate::kernel::time::Timestamp;
use crate::platform::db::{Db, DbResult, Tx};
use crate::platform::http::{ApiResult, Json, PageQuery, Path, Query, Staff};
use crate::staff::permission::ShareRead;

/// The endpoints for staff.
#[derive(utoipa::OpenApi)]
#[openapi(paths(
    show_share_tree,
    list_shares,
    show_share_channels,
    show_share_subjects,
    show_share_chats,
    list_top_sharers
))]
pub struct AdminApi;

/// Registers the endpoints for staff.
pub fn admin_routes(config: &mut web::ServiceConfig) {
    config
        .service(show_share_tree)
        .service(list_shares)
        .service(show_share_channels)
        .service(show_share_subjects)
        .service(show_share_chats)
        .service(list_top_sharers);
}

/// Somebody, as staff know them.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct SharerView {
    /// Who.
    pub user_id: UserId,
    /// Their name.
    #[schema(example = "小明")]
    pub nickname: String,
}

impl SharerView {
    fn of(user_id: UserId, nicknames: &HashMap<UserId, String>) -> Self {
        Self { user_id, nickname: nicknames.get(&user_id).cloned().unwrap_or_default() }
    }
}

/// How many stand so many steps below somebody.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TreeLevelView {
    /// How many steps; 1 for those they brought themselves.
    #[schema(example = 1)]
    pub steps: i64,
    /// How many users.
    #[schema(example = 3)]
    pub users: i64,
}

/// Somebody who was brought, and what they went on to do.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TreeChildView {
    /// Who.
    pub user: SharerView,
    /// How many steps they are away from somebody who came by themselves.
    #[schema(example = 1)]
    pub depth: i64,
    /// How many they brought themselves.
    #[schema(example = 2)]
    pub brought: i64,
    /// The token they came through.
    #[schema(example = "3uGk0PqXw7Yb1RzD")]
    pub token: String,
    /// How it was handed on.
    pub channel: Channel,
    /// What was handed on.
    pub subject: SubjectBody,
    /// When they came.
    pub at: Timestamp,
}

/// Somebody in the tree of who brought whom.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ShareTreeView {
    /// Who.
    pub user: SharerView,
    /// Who brought them; null when they came by themselves.
    pub inviter: Option<SharerView>,
    /// How many steps they are away from somebody who came by themselves.
    #[schema(example = 0)]
    pub depth: i64,
    /// How many they brought themselves.
    #[schema(example = 3)]
    pub direct: i64,
    /// How many stand below them in all.
    #[schema(example = 5)]
    pub descendants: i64,
    /// The same by distance, the nearest first.
    pub levels: Vec<TreeLevelView>,
    /// Whether all were counted; counting stops at 100,000.
    #[schema(example = true)]
    pub counted_all: bool,
    /// Those they brought themselves, the latest first.
    pub children: Page<TreeChildView>,
}

impl ShareTreeView {
    fn of(user: UserId, tree: Tree) -> Self {
        let Tree { inviter, depth, levels, counted_all, children, grandchildren, nicknames } = tree;
        Self {
            user: SharerView::of(user, &nicknames),
            inviter: inviter.map(|inviter| SharerView::of(inviter, &nicknames)),
            depth,
            direct: levels.iter().filter(|level| level.steps == 1).map(|level| level.users).sum(),
            descendants: levels.iter().map(|level| level.users).sum(),
            counted_all,
            levels: levels.iter().map(|level| TreeLevelView { steps: level.steps, users: level.users }).collect(),
            children: children.map(|child| TreeChildView {
                user: SharerView::of(child.user, &nicknames),
                depth: depth.saturating_add(1),
                brought: grandchildren.get(&child.user).copied().unwrap_or_default(),
                token: child.token,
                channel: child.channel,
                subject: SubjectBody { kind: child.subject_kind, reference: child.subject_ref },
                at: child.at,
            }),
        }
    }
}

/// Shows whom a user brought, directly and through others
#[utoipa::path(
    tag = "share",
    security(("staff" = [])),
    extensions(("x-permission" = json!("share.read"))),
    params(("user_id" = UserId, Path, description = "The user."), PageQuery),
    responses((status = 200, description = "The user, with a page of those they brought.", body = ShareTreeView))
)]
#[get("/share-trees/{user_id}")]
pub async fn show_share_tree(
    db: web::Data<Db>,
    _staff: Staff<ShareRead>,
    user: Path<UserId>,
    page: Query<PageQuery>,
) -> ApiResult<Json<ShareTreeView>> {
    let (user, after, limit) = (user.0, page.0.cursor()?, page.0.limit()?);
    let tree = db.read("show_share_tree", move |tx| service::tree(tx, user, after, limit)).await?;
    Ok(Json(ShareTreeView::of(user, tree)))
}

/// Which shares to list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SharesQuery {
    /// Only those of this user.
    pub sharer_id: Option<UserId>,
    /// Only those of things of this kind.
    pub kind: Option<SubjectKind>,
    /// Only those of the thing with this reference.
    pub reference: Option<String>,
    /// Only those handed on in this way.
    pub channel: Option<Channel>,
    /// Only those of this campaign.
    pub campaign_id: Option<CampaignId>,
    /// The `next_cursor` of the page before; absent for the first page.
    pub cursor: Option<String>,
    /// Items wanted, 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<i64>,
}

/// A share with its sharer.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct StaffShareView {
    /// Who handed it on.
    pub sharer_id: UserId,
    /// How many hands the page had gone through before.
    #[schema(example = 0)]
    pub depth: i64,
    /// The share.
    pub share: MyShareView,
}

impl From<ShareLine> for StaffShareView {
    fn from(line: ShareLine) -> Self {
        Self { sharer_id: line.share.sharer_id, depth: line.share.depth, share: line.into() }
    }
}

/// Lists shares with what came of them, newest first
#[utoipa::path(
    tag = "share",
    security(("staff" = [])),
    extensions(("x-permission" = json!("share.read"))),
    params(SharesQuery),
    responses((status = 200, description = "One page of shares.", body = Page<StaffShareView>))
)]
#[get("/shares")]
pub async fn list_shares(
    db: web::Data<Db>,
    sources: web::Data<SubjectSources>,
    _staff: Staff<ShareRead>,
    query: Query<SharesQuery>,
) -> ApiResult<Json<Page<StaffShareView>>> {
    let SharesQuery { sharer_id, kind, reference, channel, campaign_id, cursor, limit } = query.0;
    let page = PageQuery { cursor, limit };
    let (after, limit) = (page.cursor()?, page.limit()?);
    let filter = ShareFilter { sharer: sharer_id, kind, reference, channel, campaign: campaign_id };
    let lines = db.read("list_shares", move |tx| service::share_lines(tx, &sources, &filter, after, limit)).await?;
    Ok(Json(lines.map(StaffShareView::from)))
}

/// The shares made in a period; what came of them counts whenever it came.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct SharePeriodQuery {
    /// Its first moment; 30 days before its end when nothing is said.
    pub from: Option<Timestamp>,
    /// The moment it ends, not part of it; now when nothing is said. At most 92 days after its beginning.
    pub until: Option<Timestamp>,
}

/// What came of the shares of one channel or subject, or in one group chat.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ShareGroupView {
    /// The channel, the kind of subject, or WeChat's id of the group chat.
    #[schema(example = "friend")]
    pub name: String,
    /// The reference of the subject; null for the others.
    #[schema(example = json!(null))]
    pub reference: Option<String>,
    /// Tokens.
    #[schema(example = 40)]
    pub shares: i64,
    /// Users who asked for them.
    #[schema(example = 12)]
    pub sharers: i64,
    /// What came of them.
    pub figures: ShareFiguresView,
}

impl From<GroupFigures> for ShareGroupView {
    fn from(group: GroupFigures) -> Self {
        let GroupFigures { name, reference, shares, sharers, opens, visitors, newcomers } = group;
        let figures = Figures { opens, visitors, newcomers };
        let reference = (!reference.is_empty()).then_some(reference);
        Self { name, reference, shares, sharers, figures: figures.into() }
    }
}

/// Figures by channel, by subject or by group chat.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ShareGroupsView {
    /// The first moment of the period.
    pub from: Timestamp,
    /// Its end, not part of it.
    pub until: Timestamp,
    /// Those that brought most first.
    pub items: Vec<ShareGroupView>,
}

/// Counts the shares of a period in groups, as `count` forms them.
async fn groups(
    db: &Db,
    period: SharePeriodQuery,
    name: &'static str,
    count: fn(&mut Tx<'_>, Timestamp, Timestamp) -> DbResult<Vec<GroupFigures>>,
) -> ApiResult<Json<ShareGroupsView>> {
    let (from, until) = rules::period(period.from, period.until, db.clock().now())?;
    let groups = db.read(name, move |tx| count(tx, from, until)).await?;
    Ok(Json(ShareGroupsView { from, until, items: groups.into_iter().map(ShareGroupView::from).collect() }))
}

/// Says what came of the shares of a period, by channel
#[utoipa::path(
    tag = "share",
    security(("staff" = [])),
    extensions(("x-permission" = json!("share.read"))),
    params(SharePeriodQuery),
    responses((status = 200, description = "A line for each channel in use.", body = ShareGroupsView))
)]
#[get("/share-channels")]
pub async fn show_share_channels(
    db: web::Data<Db>,
    _staff: Staff<ShareRead>,
    query: Query<SharePeriodQuery>,
) -> ApiResult<Json<ShareGroupsView>> {
    groups(&db, query.0, "show_share_channels", service::by_channel).await
}

/// Says what came of the shares of a period, by subject
#[utoipa::path(
    tag = "share",
    security(("staff" = [])),
    extensions(("x-permission" = json!("share.read"))),
    params(SharePeriodQuery),
    responses((status = 200, description = "The 200 subjects that brought most.", body = ShareGroupsView))
)]
#[get("/share-subjects")]
pub async fn show_share_subjects(
    db: web::Data<Db>,
    _staff: Staff<ShareRead>,
    query: Query<SharePeriodQuery>,
) -> ApiResult<Json<ShareGroupsView>> {
    groups(&db, query.0, "show_share_subjects", service::by_subject).await
}

/// Says what came of the shares of a period in each group chat that WeChat proved
#[utoipa::path(
    tag = "share",
    security(("staff" = [])),
    extensions(("x-permission" = json!("share.read"))),
    params(SharePeriodQuery),
    responses((status = 200, description = "The 200 group chats that brought most.", body = ShareGroupsView))
)]
#[get("/share-chats")]
pub async fn show_share_chats(
    db: web::Data<Db>,
    _staff: Staff<ShareRead>,
    query: Query<SharePeriodQuery>,
) -> ApiResult<Json<ShareGroupsView>> {
    groups(&db, query.0, "show_share_chats", service::by_chat).await
}

/// Whose shares brought most in a period.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct TopSharersQuery {
    /// The first moment of the period; 30 days before its end when nothing is said.
    pub from: Option<Timestamp>,
    /// The moment it ends, not part of it; now when nothing is said. At most 92 days after its beginning.
    pub until: Option<Timestamp>,
    /// Items wanted, 1 to 100.
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<i64>,
}

/// A sharer and what came of their shares.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TopSharerView {
    /// Who.
    pub user: SharerView,
    /// Tokens they asked for.
    #[schema(example = 7)]
    pub shares: i64,
    /// What came of them.
    pub figures: ShareFiguresView,
}

/// Sharers in the order of whom they brought.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TopSharersView {
    /// The first moment of the period.
    pub from: Timestamp,
    /// Its end, not part of it.
    pub until: Timestamp,
    /// Those who brought most first.
    pub items: Vec<TopSharerView>,
}

/// Lists whose shares of a period brought most
#[utoipa::path(
    tag = "share",
    security(("staff" = [])),
    extensions(("x-permission" = json!("share.read"))),
    params(TopSharersQuery),
    responses((status = 200, description = "The sharers.", body = TopSharersView))
)]
#[get("/share-ranking")]
pub async fn list_top_sharers(
    db: web::Data<Db>,
    _staff: Staff<ShareRead>,
    query: Query<TopSharersQuery>,
) -> ApiResult<Json<TopSharersView>> {
    let TopSharersQuery { from, until, limit } = query.0;
    let limit = PageQuery { cursor: None, limit }.limit()?;
    let (from, until) = rules::period(from, until, db.clock().now())?;
    let ranking = db.read("list_top_sharers", move |tx| service::top_sharers(tx, from, until, limit));
    let (rows, nicknames) = ranking.await?;
    let view = |row: RankRow| {
        let figures = Figures { opens: row.opens, visitors: row.visitors, newcomers: row.newcomers };
        TopSharerView { user: SharerView::of(row.sharer, &nicknames), shares: row.shares, figures: figures.into() }
    };
    Ok(Json(TopSharersView { from, until, items: rows.into_iter().map(view).collect() }))
}
