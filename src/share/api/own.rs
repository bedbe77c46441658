//! What came of one's own shares.

use actix_web::{get, web};
use serde::Serialize;

use super::SubjectBody;
use crate::kernel::id::CampaignId;
use crate::kernel::page::Page;
use crate::kernel::time::Timestamp;
use crate::platform::db::Db;
use crate::platform::http::{ApiResult, Json, PageQuery, Path, Query, Shopper};
use crate::share::model::Channel;
use crate::share::rules;
use crate::share::service::{self, Figures, ShareFilter, ShareLine};
use crate::share::subject::SubjectSources;

/// What came of one or several shares.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ShareFiguresView {
    /// Opens; those of one visitor within half an hour count once, one's own never.
    #[schema(example = 12)]
    pub opens: i64,
    /// Visitors; an installation on which nobody logged in yet is one.
    #[schema(example = 9)]
    pub visitors: i64,
    /// People who came to the shop for the first time through it.
    #[schema(example = 2)]
    pub newcomers: i64,
}

impl From<Figures> for ShareFiguresView {
    fn from(figures: Figures) -> Self {
        Self { opens: figures.opens, visitors: figures.visitors, newcomers: figures.newcomers }
    }
}

/// One of one's own shares.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct MyShareView {
    /// The token.
    #[schema(example = "3uGk0PqXw7Yb1RzD")]
    pub token: String,
    /// What was handed on.
    pub subject: SubjectBody,
    /// How.
    pub channel: Channel,
    /// The campaign it belongs to.
    pub campaign_id: Option<CampaignId>,
    /// What its card says; null when it is not shown any more.
    #[schema(example = "法式碎花连衣裙")]
    pub title: Option<String>,
    /// Path of the picture on it.
    #[schema(example = "/files/ab/0123456789abcdef.png")]
    pub picture: Option<String>,
    /// Page and query, with the token.
    #[schema(example = "pages/product/index?id=1&share=3uGk0PqXw7Yb1RzD")]
    pub path: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// What came of it.
    pub figures: ShareFiguresView,
}

impl From<ShareLine> for MyShareView {
    fn from(line: ShareLine) -> Self {
        let ShareLine { share, card, figures } = line;
        Self {
            path: card.as_ref().map(|card| rules::path_with_token(&card.path, &share.token)),
            title: card.as_ref().map(|card| card.title.clone()),
            picture: card.map(|card| card.picture),
            token: share.token,
            subject: SubjectBody { kind: share.subject_kind, reference: share.subject_ref },
            channel: share.channel,
            campaign_id: share.campaign_id,
            created_at: share.created_at,
            figures: figures.into(),
        }
    }
}

/// What came of everything one ever shared.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct MySharingView {
    /// Tokens asked for.
    #[schema(example = 5)]
    pub shares: i64,
    /// What came of them.
    pub figures: ShareFiguresView,
}

/// Somebody whom one brought.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct NewcomerView {
    /// The first character of their name.
    #[schema(example = "小**")]
    pub masked_name: String,
    /// Their picture, when they chose one.
    #[schema(example = json!(null))]
    pub avatar: Option<String>,
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

/// Lists one's own shares with what came of them, newest first
#[utoipa::path(
    tag = "share",
    security(("shopper" = [])),
    params(PageQuery),
    responses((status = 200, description = "One page of shares.", body = Page<MyShareView>))
)]
#[get("/shares")]
pub async fn list_my_shares(
    db: web::Data<Db>,
    sources: web::Data<SubjectSources>,
    shopper: Shopper,
    page: Query<PageQuery>,
) -> ApiResult<Json<Page<MyShareView>>> {
    let (after, limit) = (page.0.cursor()?, page.0.limit()?);
    let filter = ShareFilter { sharer: Some(shopper.user_id), ..ShareFilter::default() };
    let lines = db.read("list_my_shares", move |tx| service::share_lines(tx, &sources, &filter, after, limit)).await?;
    Ok(Json(lines.map(MyShareView::from)))
}

/// Says what came of everything one ever shared
#[utoipa::path(
    tag = "share",
    security(("shopper" = [])),
    responses((status = 200, description = "The sums.", body = MySharingView))
)]
#[get("/share-summary")]
pub async fn show_my_sharing(db: web::Data<Db>, shopper: Shopper) -> ApiResult<Json<MySharingView>> {
    let totals = db.read("show_my_sharing", move |tx| service::own_totals(tx, shopper.user_id));
    let (shares, figures) = totals.await?;
    Ok(Json(MySharingView { shares, figures: figures.into() }))
}

/// Lists whom one brought, the latest first
#[utoipa::path(
    tag = "share",
    security(("shopper" = [])),
    params(PageQuery),
    responses((status = 200, description = "One page of people.", body = Page<NewcomerView>))
)]
#[get("/share-newcomers")]
pub async fn list_my_newcomers(
    db: web::Data<Db>,
    shopper: Shopper,
    page: Query<PageQuery>,
) -> ApiResult<Json<Page<NewcomerView>>> {
    let (after, limit) = (page.0.cursor()?, page.0.limit()?);
    let list = db.read("list_my_newcomers", move |tx| service::newcomers(tx, shopper.user_id, after, limit));
    let (newcomers, faces) = list.await?;
    Ok(Json(newcomers.map(|newcomer| {
        let face = faces.get(&newcomer.user);
        NewcomerView {
            masked_name: face.map(|face| face.masked_name.clone()).unwrap_or_default(),
            avatar: face.and_then(|face| face.avatar.clone()),
            token: newcomer.token,
            channel: newcomer.channel,
            subject: SubjectBody { kind: newcomer.subject_kind, reference: newcomer.subject_ref },
            at: newcomer.at,
        }
    })))
}

/// Shows one of one's own shares with what came of it
#[utoipa::path(
    tag = "share",
    security(("shopper" = [])),
    params(("token" = String, Path, description = "The token.")),
    responses((status = 200, description = "The share.", body = MyShareView))
)]
#[get("/shares/{token}")]
pub async fn show_my_share(
    db: web::Data<Db>,
    sources: web::Data<SubjectSources>,
    shopper: Shopper,
    token: Path<String>,
) -> ApiResult<Json<MyShareView>> {
    let look = move |tx: &mut crate::platform::db::Tx<'_>| service::own_line(tx, &sources, shopper.user_id, &token.0);
    Ok(Json(db.read("show_my_share", look).await?.into()))
}
